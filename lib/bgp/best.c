/* SPDX-License-Identifier: Apache-2.0 */
/* best: keeps the best path of each net at the head of its list, and tells the room above and the sessions when it changed. */
#include "lib/bgp/speaker.h"

enum { AT_ONCE = 64 }; /* candidates compared together; the winner of them meets the rest */

void s2si_bgp_best_candidate(const struct s2si_bgp *bgp, uint32_t index, struct s2si_bgp_candidate *candidate)
{
    const struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
    *candidate = (struct s2si_bgp_candidate){.path = index, .local = path->session == 0};
    s2si_bgp_attrs_rank(&bgp->attrs, path->accepted, &candidate->rank);
    if (path->session == 0) {
        return;
    }
    const struct s2si_bgp_session *session = bgp->sessions[path->session];
    candidate->external = !session->codec.internal;
    candidate->favoured = session->favoured;
    candidate->peer = session->config.peer_ip;
    candidate->router_id = candidate->rank.originator_id != 0 ? candidate->rank.originator_id : session->peer_router_id;
    candidate->preference = candidate->rank.has_local_pref ? candidate->rank.local_pref : session->preference;
    if (candidate->rank.graceful_shutdown) { /* RFC 8326 section 4.2 */
        candidate->preference = 0;
    }
}

static uint32_t decide(const struct s2si_bgp *bgp, enum s2si_bgp_family family, const struct s2si_bgp_net *net)
{
    struct s2si_bgp_candidate candidates[AT_ONCE];
    enum s2si_bgp_step decided;
    uint32_t only = 0;
    size_t count = 0;
    for (uint32_t index = net->paths; index != 0;) {
        const struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
        if (s2si_bgp_path_usable(bgp, family, path)) {
            if (only != 0 && count == 0) { /* there is more than one after all */
                s2si_bgp_best_candidate(bgp, only, &candidates[count++]);
            }
            if (only != 0) {
                s2si_bgp_best_candidate(bgp, index, &candidates[count++]);
            }
            only = only == 0 ? index : only;
            if (count == AT_ONCE) {
                candidates[0] = candidates[s2si_bgp_decide(candidates, count, &decided)];
                count = 1;
            }
        }
        index = path->next;
    }
    return count == 0 ? only : candidates[s2si_bgp_decide(candidates, count, &decided)].path;
}

static void move_to_head(const struct s2si_bgp *bgp, struct s2si_bgp_net *net, uint32_t wanted)
{
    uint32_t *link = &net->paths;
    while (*link != wanted) {
        link = &((struct s2si_bgp_path *)s2si_bgp_slab_at(&bgp->paths, *link))->next;
    }
    struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, wanted);
    *link = path->next;
    path->next = net->paths;
    net->paths = wanted;
}

static void tell(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t net)
{
    s2si_bgp_marks_set(&bgp->fib[family], net);
    for (unsigned i = 1; i < bgp->session_count; i++) {
        struct s2si_bgp_session *session = bgp->sessions[i];
        if (session != NULL && session->up != NULL) { /* marks of a family that it does not carry have no room */
            s2si_bgp_marks_set(&session->out[family].marks, net);
        }
    }
}

void s2si_bgp_best_update(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t index, uint32_t touched, bool removed)
{
    struct s2si_bgp_net *net = s2si_bgp_rib_net(&bgp->ribs[family], index);
    if (bgp->deferring) { /* s2si_bgp_select comes by later */
        return;
    }
    uint32_t before = (net->flags & S2SI_BGP_NET_BEST) != 0 ? net->paths : 0;
    uint32_t best = decide(bgp, family, net);
    if (best == before && !removed && (best == 0 || best != touched)) {
        return;
    }
    if (best != 0) {
        move_to_head(bgp, net, best);
        net->flags |= S2SI_BGP_NET_BEST;
    } else {
        net->flags &= (uint8_t)~S2SI_BGP_NET_BEST;
    }
    tell(bgp, family, index);
}

void s2si_bgp_best_release(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t index)
{
    const struct s2si_bgp_net *net = s2si_bgp_rib_net(&bgp->ribs[family], index);
    if (net->paths != 0 || (net->flags & S2SI_BGP_NET_REPORTED) != 0 || s2si_bgp_marks_has(&bgp->fib[family], index)) {
        return;
    }
    for (unsigned i = 1; i < bgp->session_count; i++) {
        const struct s2si_bgp_session *session = bgp->sessions[i];
        if (session != NULL && (s2si_bgp_adj_out_get(session, family, index) != 0 ||
                                s2si_bgp_marks_has(&session->out[family].marks, index))) {
            return;
        }
    }
    s2si_bgp_rib_remove(&bgp->ribs[family], index);
}
