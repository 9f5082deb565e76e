/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_script: stories of two IKEv2 ends that cross (RFC 7296 sections 2.8, 2.25), as lines of words, and the judge of
 * how they end. The words, for end a; b likewise:
 *
 *     a.WORD   an end begins something:
 *              in  IKE_SA_INIT (beside a standing IKE_SA: reauthentication)    cc  new CHILD_SA     rc  rekey of the
 * CHILD_SA ri  rekey of the IKE_SA     dc  delete the newest CHILD_SA      do  delete the oldest one di  delete the
 * IKE_SA       li  liveness     rs  dies and starts anew ex  the oldest CHILD_SA's hard lifetime ends     lo  the
 * oldest CHILD_SA is lost without a word r2  a second rekey of the oldest CHILD_SA, against the rules     lb  its link
 * goes down and comes back ts  it asks for other selectors from now on      ok  for the right ones again a>       the
 * oldest message of a arrives      a<  the newest one     a!  the oldest one is lost a^       the oldest one is held
 * back          a_  what was held of a arrives     a#  all of a's are lost for 300 s e, w     in one word, such as
 * eweww: west is a. e: west handles the oldest request of east; w: west initiates, then handles the oldest answer of
 * east; what west says arrives at once ~        everything is lost for 40 s
 *     *        everything arrives, until nothing is left
 *
 * Between two words the kernels answer at once.
 */
#ifndef S2SI_TEST_IKE_SCRIPT_H
#define S2SI_TEST_IKE_SCRIPT_H

#include "tests/sim/ike_pair.h"

enum ike_action {
    ACT_NOTHING,
    ACT_INIT,
    ACT_AUTH,
    ACT_CREATE,
    ACT_REKEY_CHILD,
    ACT_REKEY_IKE,
    ACT_DELETE_CHILD,
    ACT_DELETE_IKE,
    ACT_LIVENESS,
    ACTIONS
};
extern const char *const ike_action_names[ACTIONS];

/* The end begins it. AUTH: as INIT; ike_script_auth() brings the IKE_SA_INIT exchange behind it. */
void ike_act(struct pair *pair, int end, enum ike_action action);
/* Delivers the IKE_SA_INIT exchanges that an end began, so that its IKE_AUTH request is in flight. */
void ike_script_auth(struct pair *pair, int end);

enum ike_setup {
    SETUP_FRESH = 1 << 0,  /* nothing stands yet */
    SETUP_GROUPS = 1 << 1, /* the ends prefer different DH groups */
    SETUP_SWITCH = 1 << 2  /* each end knows a second peer at the same address, by another name */
};
/* The pair after which a story begins. initiator: who made the IKE_SA. Whatever goes is wanted again by end 0 (FRESH:
   by both). */
void ike_script_start(struct pair *pair, unsigned setup, uint64_t seed, int initiator);

#define NONCE_ORDERS 24
/* From now on the first nonce and the second one that each end draws begin with octets in this order of the four. */
void ike_nonces(struct pair *pair, unsigned order);
/* Which of the four is the lowest: end 0's first or second one, end 1's first or second one. */
unsigned ike_nonces_lowest(unsigned order);
/* RFC 7296 section 2.8.1 for two exchanges that crossed: the end whose exchange has the lowest of the four nonces. */
int ike_nonces_loser(unsigned order);

/* Plays a script; swap exchanges a and b. lossless: traffic flows both ways after each word.
   @return NULL or what went wrong on the way. */
const char *ike_script_play(struct pair *pair, const char *script, bool swap, bool lossless);

/* Lets the clock run and judges: one IKE_SA, the same CHILD_SAs at both ends (at most most), packets through each of
   them open at the other end, nothing half or left over, no end told twice, the ends quiet, both windows open (a
   liveness check from each end is answered). @return NULL or what is wrong. */
const char *ike_script_judge(struct pair *pair, size_t most);
/* The same at this moment, without waiting and liveness. */
const char *ike_fault(const struct pair *pair, size_t most);

#endif
