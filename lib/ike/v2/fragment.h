/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fragment: putting the pieces of a fragmented message together (RFC 7383 section 2.6). Only verified fragments come
 * here. One object per IKE_SA and direction serves one Message ID at a time; memory is bounded by its limits, each
 * fragment is handled in constant time (an array by number), so no order of arrival costs more than another.
 */
#ifndef S2SI_IKE_FRAGMENT_H
#define S2SI_IKE_FRAGMENT_H

#include "lib/ike/v2/sk.h"

struct s2si_fragment_limits {
    uint32_t fragments; /* of one message */
    uint32_t bytes;     /* of one message, plaintext */
    s2s_time age;       /* since the first fragment; then everything is forgotten */
};

struct s2si_reassembly {
    struct s2si_mem *mem;
    struct s2si_fragment_limits limits;
    bool active;
    uint32_t message_id;
    uint8_t exchange;
    uint8_t first;
    uint16_t total, received;
    size_t bytes;
    s2s_time started;
    struct s2si_fragment_piece *pieces; /* total of them */
};

void s2si_reassembly_init(struct s2si_reassembly *reassembly, struct s2si_mem *mem,
                          const struct s2si_fragment_limits *limits);
void s2si_reassembly_clear(struct s2si_reassembly *reassembly); /* wipes and frees; can be used again */

/* Whether a fragment with this header is worth verifying: not one that we have, total not shrunk, within limits.
   Cheap, before any crypto. */
bool s2si_reassembly_wants(const struct s2si_reassembly *reassembly, uint32_t message_id, const struct s2si_skf *fragment,
                           s2s_time now);
/* Takes a verified fragment (its data is copied). A larger total drops what is there and starts again; another Message
   ID too (the caller lets in only those of its window). @return 0 when the message is whole (then take),
   S2S_ERR_AGAIN (more are missing), S2S_ERR_EXISTS (duplicate), S2S_ERR_LIMIT, S2S_ERR_MALFORMED (total shrank),
   S2S_ERR_NO_MEMORY. */
int s2si_reassembly_add(struct s2si_reassembly *reassembly, const struct s2si_ike_header *header,
                        const struct s2si_skf *fragment, s2s_time now);
/* Bytes of the whole chain. */
size_t s2si_reassembly_length(const struct s2si_reassembly *reassembly);
/* Joins the chain into out (at least s2si_reassembly_length bytes) and appends its payloads to message (that of the
   last fragment), then clears. @return 0, S2S_ERR_BUFFER, S2S_ERR_MALFORMED, S2S_ERR_UNSUPPORTED (as parse). */
int s2si_reassembly_take(struct s2si_reassembly *reassembly, struct s2si_message *message, uint8_t *out, size_t capacity,
                         struct s2si_message_error *error);
/* When to call expire; S2S_TIME_NEVER when nothing waits. */
s2s_time s2si_reassembly_deadline(const struct s2si_reassembly *reassembly);
void s2si_reassembly_expire(struct s2si_reassembly *reassembly, s2s_time now);

#endif
