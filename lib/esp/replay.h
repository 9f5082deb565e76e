/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay: the anti-replay window of an inbound SA (RFC 4303 section 3.4.3) and the high half of extended sequence
 * numbers that the wire does not carry (appendix A2).
 *
 * The bitmap is a ring of words as in RFC 6479: moving the window clears whole words ahead of it and shifts nothing.
 * The ring has room for a word more than the window needs, so that the words in which the window starts and ends are
 * distinct; the window itself is exact.
 */
#ifndef S2SI_ESP_REPLAY_H
#define S2SI_ESP_REPLAY_H

#include "lib/base/mem.h"

struct s2si_replay {
    uint64_t *words; /* bit (n % 64) of word (n / 64) % count: sequence number n was seen */
    uint32_t count;  /* power of two */
    uint32_t window; /* packets */
    bool esn;
    uint64_t top; /* highest number seen */
};

/* Everything up to top counts as seen. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_replay_init(struct s2si_replay *replay, struct s2si_mem *mem, uint32_t window, bool esn, uint64_t top);
void s2si_replay_free(struct s2si_replay *replay, struct s2si_mem *mem);

/* The whole sequence number of the half that a packet carries. @return false if no such number can be valid: it would
   lie before the SA's first packet or behind its last. */
bool s2si_replay_infer(const struct s2si_replay *replay, uint32_t low, uint64_t *sequence);
/* Whether the number lies in or right of the window and was not seen. */
bool s2si_replay_fresh(const struct s2si_replay *replay, uint64_t sequence);
/* Notes a fresh number: only for packets that verified. */
void s2si_replay_mark(struct s2si_replay *replay, uint64_t sequence);

#endif
