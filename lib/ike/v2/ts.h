/* SPDX-License-Identifier: Apache-2.0 */
/* ts: traffic selector payloads and narrowing (RFC 7296 sections 2.9 and 3.13). */
#ifndef S2SI_IKE_TS_H
#define S2SI_IKE_TS_H

#include "lib/ike/v2/message.h"

#define S2SI_TS_MAX 16 /* S2SI_IKE_SELECTORS: what a CHILD_SA may hold per side */

struct s2si_ts_list {
    uint8_t count;    /* selectors that we understand */
    uint8_t skipped;  /* of an unknown type, or beyond S2SI_TS_MAX; saturates */
    struct s2s_selector items[S2SI_TS_MAX];
};

/* TSi or TSr body. Selectors of unknown type are skipped (section 3.13.1); start above end is not an error but matches
   nothing and is skipped too, ports 65535..0 (OPAQUE) are kept. No selector at all is an error.
   @return 0 or S2S_ERR_MALFORMED. */
int s2si_ts_decode(const struct s2si_payload *payload, struct s2si_ts_list *out);
/* type is S2SI_PAYLOAD_TSI or _TSR. */
void s2si_ts_encode(struct s2si_message_writer *writer, uint8_t type, const struct s2s_selector *selectors, size_t count);

/*
 * Responder: what of the peer's proposal (theirs) falls within ours, in the peer's order. When the first of several
 * selectors of theirs names the packet that triggered the request (section 2.9: single address, more selectors behind it)
 * the intersection that holds it comes first. Duplicates and parts contained in an earlier result are left out.
 * At most S2SI_TS_MAX results; *narrowed (NULL allowed) tells whether the answer is less than the peer asked for.
 * @return number of results, 0 = TS_UNACCEPTABLE.
 */
size_t s2si_ts_narrow(const struct s2s_selector *ours, size_t our_count, const struct s2si_ts_list *theirs,
                      struct s2s_selector *out, bool *narrowed);
/* Initiator: whether each selector of the answer lies within one of ours (the responder may only narrow). */
bool s2si_ts_within(const struct s2s_selector *ours, size_t our_count, const struct s2si_ts_list *answer);
/* Whether two lists cover the same selectors in any order: what a rekey must keep (section 2.9.2). */
bool s2si_ts_equal(const struct s2s_selector *a, size_t a_count, const struct s2s_selector *b, size_t b_count);

#endif
