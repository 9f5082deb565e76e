/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bgp/decision.h"

/* Negative: a is better; positive: b is; 0: this step sees no difference. */
typedef int (*compare_function)(const struct s2si_bgp_candidate *a, const struct s2si_bgp_candidate *b);

static int smaller(uint32_t a, uint32_t b)
{
    return a < b ? -1 : a > b;
}

static int by_local(const struct s2si_bgp_candidate *a, const struct s2si_bgp_candidate *b)
{
    return (int)b->local - (int)a->local;
}

static int by_local_pref(const struct s2si_bgp_candidate *a, const struct s2si_bgp_candidate *b)
{
    return smaller(b->preference, a->preference);
}

static int by_path_length(const struct s2si_bgp_candidate *a, const struct s2si_bgp_candidate *b)
{
    return smaller(a->rank.path_length, b->rank.path_length);
}

static int by_origin(const struct s2si_bgp_candidate *a, const struct s2si_bgp_candidate *b)
{
    return smaller(a->rank.origin, b->rank.origin);
}

/* Comparable only between routes from the same neighbouring AS. */
static int by_med(const struct s2si_bgp_candidate *a, const struct s2si_bgp_candidate *b)
{
    return a->rank.first_as == b->rank.first_as ? smaller(a->rank.med, b->rank.med) : 0;
}

static int by_external(const struct s2si_bgp_candidate *a, const struct s2si_bgp_candidate *b)
{
    return (int)b->external - (int)a->external;
}

/* Not the RFC's: between equals the session that the room above uses already, before the arbitrary steps decide. */
static int by_favour(const struct s2si_bgp_candidate *a, const struct s2si_bgp_candidate *b)
{
    return (int)b->favoured - (int)a->favoured;
}

static int by_router_id(const struct s2si_bgp_candidate *a, const struct s2si_bgp_candidate *b)
{
    return smaller(a->router_id, b->router_id);
}

static int by_cluster_list(const struct s2si_bgp_candidate *a, const struct s2si_bgp_candidate *b)
{
    return smaller(a->rank.clusters, b->rank.clusters);
}

static int by_peer_address(const struct s2si_bgp_candidate *a, const struct s2si_bgp_candidate *b)
{
    return s2si_addr_compare(&a->peer, &b->peer);
}

/* RFC 4271 section 9.1.2.2 a to g. The interior cost of step e is left out: every next hop here is at the other end of a tunnel.
   RFC 4456 section 9 adds the cluster list. */
static const struct {
    compare_function compare;
    const char *name;
} steps[S2SI_BGP_STEPS] = {
    [S2SI_BGP_STEP_BEST] = {NULL, "best"},
    [S2SI_BGP_STEP_LOCAL] = {by_local, "originated here"},
    [S2SI_BGP_STEP_LOCAL_PREF] = {by_local_pref, "higher local preference"},
    [S2SI_BGP_STEP_PATH_LENGTH] = {by_path_length, "shorter AS path"},
    [S2SI_BGP_STEP_ORIGIN] = {by_origin, "lower origin"},
    [S2SI_BGP_STEP_MED] = {by_med, "lower MED"},
    [S2SI_BGP_STEP_EXTERNAL] = {by_external, "external over internal"},
    [S2SI_BGP_STEP_FAVOURED] = {by_favour, "the favoured session"},
    [S2SI_BGP_STEP_ROUTER_ID] = {by_router_id, "lower router id"},
    [S2SI_BGP_STEP_CLUSTER_LIST] = {by_cluster_list, "shorter cluster list"},
    [S2SI_BGP_STEP_PEER_ADDRESS] = {by_peer_address, "lower peer address"},
    [S2SI_BGP_STEP_ONLY] = {NULL, "the only path"},
};

const char *s2si_bgp_step_name(enum s2si_bgp_step step)
{
    return (unsigned)step < S2SI_BGP_STEPS ? steps[step].name : "unknown";
}

/* Takes out who is beaten at this step by one that stood at its beginning. @return how many. */
static size_t eliminate(struct s2si_bgp_candidate *candidates, size_t count, enum s2si_bgp_step step)
{
    size_t out = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; candidates[i].lost_at == 0 && j < count; j++) {
            bool stood = candidates[j].lost_at == 0 || candidates[j].lost_at == step;
            if (stood && steps[step].compare(&candidates[j], &candidates[i]) < 0) {
                candidates[i].lost_at = (uint8_t)step;
                out++;
            }
        }
    }
    return out;
}

size_t s2si_bgp_decide(struct s2si_bgp_candidate *candidates, size_t count, enum s2si_bgp_step *decided)
{
    size_t left = count;
    *decided = S2SI_BGP_STEP_ONLY;
    for (int step = S2SI_BGP_STEP_LOCAL; left > 1 && step < S2SI_BGP_STEP_ONLY; step++) {
        size_t out = eliminate(candidates, count, (enum s2si_bgp_step)step);
        if (out > 0) {
            *decided = (enum s2si_bgp_step)step;
            left -= out;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (candidates[i].lost_at == 0) {
            return i;
        }
    }
    return 0;
}
