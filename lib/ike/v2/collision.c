/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collision: what we answer to a request that meets something of our own (RFC 7296 section 2.25). Only refusals stand
 * here; where the RFC says "reply as usual", the exchange's own file does the rest (nonces: rekey_child.c,
 * rekey_ike.c).
 */
#include "lib/ike/v2/state.h"

/* What we are doing, as section 2.25 sees it. */
static bool closing_ike(const struct s2si_ike_sa *sa, const struct s2si_child_sa *child)
{
    (void)child;
    return sa->state != ST_UP;
}

static bool rekeying_ike(const struct s2si_ike_sa *sa, const struct s2si_child_sa *child)
{
    (void)child;
    return sa->mine.task == TASK_IKE_REKEY;
}

/* Creating, rekeying or closing any CHILD_SA of this IKE_SA. */
static bool busy_with_child(const struct s2si_ike_sa *sa, const struct s2si_child_sa *child)
{
    (void)child;
    return sa->mine.task == TASK_CHILD_NEW || sa->mine.task == TASK_CHILD_REKEY || sa->mine.task == TASK_CHILD_DELETE;
}

static bool closing_child(const struct s2si_ike_sa *sa, const struct s2si_child_sa *child)
{
    (void)sa;
    return child->state >= CH_DELETING;
}

/* We have an answered rekey of it: its DELETE is what comes next, from us or from the peer. */
static bool child_has_heir(const struct s2si_ike_sa *sa, const struct s2si_child_sa *child)
{
    bool asked = sa->mine.task == TASK_CHILD_REKEY && sa->mine.talks != NULL && sa->mine.talks->old == child->data.id;
    return !asked && s2si_rekey_child_has_heir(sa, child);
}

static const struct rule {
    unsigned requests; /* bits of enum s2si_task */
    bool (*doing)(const struct s2si_ike_sa *sa, const struct s2si_child_sa *child);
    uint16_t answer;
} rules[] = {
    /* 2.25.2: closing the IKE_SA */
    {1u << TASK_CHILD_NEW | 1u << TASK_CHILD_REKEY | 1u << TASK_IKE_REKEY, closing_ike, S2SI_N_TEMPORARY_FAILURE},
    /* 2.25.2: rekeying the IKE_SA, asked to create or rekey a CHILD_SA */
    {1u << TASK_CHILD_NEW | 1u << TASK_CHILD_REKEY, rekeying_ike, S2SI_N_TEMPORARY_FAILURE},
    /* 2.25.2: creating, rekeying or closing a CHILD_SA, asked to rekey the IKE_SA */
    {1u << TASK_IKE_REKEY, busy_with_child, S2SI_N_TEMPORARY_FAILURE},
    /* 2.25.1: closing the CHILD_SA that is to be rekeyed */
    {1u << TASK_CHILD_REKEY, closing_child, S2SI_N_TEMPORARY_FAILURE},
    {1u << TASK_CHILD_REKEY, child_has_heir, S2SI_N_TEMPORARY_FAILURE},
};

uint16_t s2si_collision_refuses(const struct s2si_ike_sa *sa, enum s2si_task request, const struct s2si_child_sa *child)
{
    for (size_t i = 0; i < S2SI_COUNT(rules); i++) {
        if ((rules[i].requests & 1u << request) != 0 && rules[i].doing(sa, child))
            return rules[i].answer;
    }
    return 0;
}
