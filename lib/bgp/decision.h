/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decision: which path to a prefix is the best (RFC 4271 section 9.1.2). The steps are a table; each takes out every candidate
 * that another one beats, until one is left. What took a candidate out is its "why".
 */
#ifndef S2SI_BGP_DECISION_H
#define S2SI_BGP_DECISION_H

#include "lib/bgp/bgp_attr.h"

/* What a step may look at. */
struct s2si_bgp_candidate {
    uint32_t path; /* index */
    struct s2si_bgp_attr_rank rank;
    uint32_t preference; /* LOCAL_PREF as we use it */
    uint32_t router_id;  /* the peer's, or ORIGINATOR_ID */
    struct s2s_addr peer;
    bool local, external, favoured;
    uint8_t lost_at;     /* enum s2si_bgp_step; 0 = still in */
};

enum s2si_bgp_step {
    S2SI_BGP_STEP_BEST = 0, S2SI_BGP_STEP_LOCAL, S2SI_BGP_STEP_LOCAL_PREF, S2SI_BGP_STEP_PATH_LENGTH, S2SI_BGP_STEP_ORIGIN,
    S2SI_BGP_STEP_MED, S2SI_BGP_STEP_EXTERNAL, S2SI_BGP_STEP_FAVOURED, S2SI_BGP_STEP_ROUTER_ID, S2SI_BGP_STEP_CLUSTER_LIST, S2SI_BGP_STEP_PEER_ADDRESS,
    S2SI_BGP_STEP_ONLY, S2SI_BGP_STEPS
};

/* Marks all candidates but the best with the step that took them out. count at least 1. @return the best one's place;
   *decided is the last step that took one out, S2SI_BGP_STEP_ONLY when there was one candidate. */
size_t s2si_bgp_decide(struct s2si_bgp_candidate *candidates, size_t count, enum s2si_bgp_step *decided);
/* "higher local preference", ...: why the better one won. Static text. */
const char *s2si_bgp_step_name(enum s2si_bgp_step step);

#endif
