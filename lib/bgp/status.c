/* SPDX-License-Identifier: Apache-2.0 */
/* status: sessions and routes as a person reads them. Texts stand in rooms of the speaker until the next call. */
#include "lib/bgp/speaker.h"

#include <s2svpn/error.h>
#include <stdio.h>
#include <string.h>

/* The speaker's text rooms are the one thing that reading changes. */
static struct s2si_bgp *rooms(const struct s2si_bgp *bgp)
{
    return (struct s2si_bgp *)(uintptr_t)bgp;
}

static struct s2s_addr router_id_addr(uint32_t id)
{
    return s2si_addr4(id);
}

int s2si_bgp_session_state(const struct s2si_bgp_session *session, struct s2s_bgp_session_state *out)
{
    struct s2s_bgp_session_state state = {.struct_size = sizeof state};
    if (out->struct_size < sizeof(size_t) + sizeof out->state) {
        return S2S_ERR_INVALID;
    }
    const struct s2si_bgp_connection *up = session->up;
    state.state = session->state;
    state.local_asn = session->local_asn;
    state.peer_asn = up != NULL ? session->peer_asn : session->config.peer_asn;
    state.local_ip = session->config.local_ip;
    state.peer_ip = session->config.peer_ip;
    state.peer_router_id = up != NULL ? router_id_addr(session->peer_router_id) : (struct s2s_addr){0};
    state.hold_time = up != NULL ? up->hold_time : session->config.hold_time;
    state.keepalive = up != NULL ? up->keepalive_time : session->config.keepalive;
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        state.routes_received += session->routes[family];
        state.routes_accepted += session->accepted[family];
        state.routes_advertised += session->out[family].announced;
    }
    state.max_prefix = session->config.max_prefix;
    state.messages_in = session->messages_in;
    state.messages_out = session->messages_out;
    state.updates_in = session->updates_in;
    state.updates_out = session->updates_out;
    state.flaps = session->flaps;
    state.graceful_restart = up != NULL && session->config.graceful_restart && session->peer_capabilities.graceful_restart;
    state.stale = session->holding != 0;
    state.four_octet = up != NULL && session->codec.four_octet;
    state.route_refresh = up != NULL && session->peer_capabilities.route_refresh;
    state.last_code = session->last_code;
    state.last_subcode = session->last_subcode;
    state.last_by_peer = session->last_by_peer;
    state.last_error = session->last_error;
    state.since = session->since;
    size_t size = out->struct_size < sizeof state ? out->struct_size : sizeof state;
    state.struct_size = out->struct_size;
    state.status_text = size >= sizeof state ? out->status_text : NULL;
    memcpy(out, &state, size);
    return 0;
}

/* ---- routes */

static void fill_attributes(struct s2si_bgp *bgp, uint32_t id, struct s2s_bgp_route_state *route)
{
    struct s2si_bgp_attr_view view;
    s2si_bgp_attrs_view(&bgp->attrs, id, &view);
    route->next_hop = s2si_bgp_attrs_next_hop(&bgp->attrs, id);
    route->origin = view.origin;
    route->has_med = s2si_bgp_has(&view, S2SI_BGP_MED);
    route->med = view.med;
    route->has_local_pref = s2si_bgp_has(&view, S2SI_BGP_LOCAL_PREF);
    route->local_pref = view.local_pref;
    const uint8_t shown[] = {S2SI_BGP_AS_PATH, S2SI_BGP_COMMUNITIES, S2SI_BGP_LARGE_COMMUNITIES};
    for (size_t i = 0; i < S2SI_COUNT(shown); i++) {
        s2si_bgp_attribute_format(&view, shown[i], bgp->text[i], sizeof bgp->text[i]);
    }
    route->as_path = bgp->text[0];
    route->communities = bgp->text[1];
    route->large_communities = bgp->text[2];
}

/* The usable candidates of a net, at most room of them, decided. @return how many; *best is the place of the best. */
static size_t decide_net(const struct s2si_bgp *bgp, enum s2si_bgp_family family, const struct s2si_bgp_net *net,
                         struct s2si_bgp_candidate *candidates, size_t room, size_t *best, enum s2si_bgp_step *decided)
{
    size_t count = 0;
    for (uint32_t index = net->paths; index != 0 && count < room;) {
        const struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
        if (s2si_bgp_path_usable(bgp, family, path)) {
            s2si_bgp_best_candidate(bgp, index, &candidates[count++]);
        }
        index = path->next;
    }
    *best = count == 0 ? 0 : s2si_bgp_decide(candidates, count, decided);
    return count;
}

enum { SHOWN = 32 };

/* Why a path is the best or is not. */
static const char *explain(struct s2si_bgp *bgp, enum s2si_bgp_family family, const struct s2si_bgp_net *net, uint32_t index)
{
    const struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
    struct s2si_bgp_candidate candidates[SHOWN];
    enum s2si_bgp_step decided = S2SI_BGP_STEP_ONLY;
    size_t best;
    if (path->reason != S2SI_BGP_TAKEN) {
        s2si_bgp_refused_because(bgp->sessions[path->session], family, net, path, bgp->text[4], sizeof bgp->text[4]);
        return bgp->text[4];
    }
    if (bgp->deferring) {
        return "not selected yet: after a restart the peers' End-of-RIB is waited for";
    }
    size_t count = decide_net(bgp, family, net, candidates, SHOWN, &best, &decided);
    for (size_t i = 0; i < count; i++) {
        if (candidates[i].path == index) {
            return s2si_bgp_step_name(i == best ? decided : (enum s2si_bgp_step)candidates[i].lost_at);
        }
    }
    return "the session is down";
}

static bool is_stale(const struct s2si_bgp *bgp, enum s2si_bgp_family family, const struct s2si_bgp_path *path)
{
    return path->session != 0 && path->epoch != bgp->sessions[path->session]->epoch[family];
}

/* The session's path of a net, or with no session the best one; 0 = none. */
static uint32_t path_of(const struct s2si_bgp *bgp, const struct s2si_bgp_net *net, const struct s2si_bgp_session *session)
{
    if (session == NULL) {
        return (net->flags & S2SI_BGP_NET_BEST) != 0 ? net->paths : 0;
    }
    uint32_t index = net->paths;
    while (index != 0) {
        const struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
        if (path->session == session->index) {
            return index;
        }
        index = path->next;
    }
    return 0;
}

static bool fill_received(struct s2si_bgp *bgp, enum s2si_bgp_family family, const struct s2si_bgp_net *net, uint32_t index,
                          struct s2s_bgp_route_state *route)
{
    if (index == 0) {
        return false;
    }
    const struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
    fill_attributes(bgp, path->accepted != 0 ? path->accepted : path->received, route);
    route->accepted = path->reason == S2SI_BGP_TAKEN;
    route->best = (net->flags & S2SI_BGP_NET_BEST) != 0 && net->paths == index;
    route->stale = is_stale(bgp, family, path);
    route->why = explain(bgp, family, net, index);
    return true;
}

static bool fill_route(const struct s2si_bgp_session *session, enum s2s_bgp_route_table table, enum s2si_bgp_family family,
                       uint32_t index, struct s2s_bgp_route_state *route)
{
    struct s2si_bgp *bgp = session->bgp;
    const struct s2si_bgp_net *net = s2si_bgp_rib_net(&bgp->ribs[family], index);
    if ((net->flags & S2SI_BGP_NET_USED) == 0) {
        return false;
    }
    route->prefix = s2si_bgp_net_prefix(&bgp->ribs[family], net);
    if (table != S2S_BGP_ADVERTISED) {
        return fill_received(bgp, family, net, path_of(bgp, net, table == S2S_BGP_BEST ? NULL : session), route);
    }
    uint32_t sent = s2si_bgp_adj_out_get(session, family, index);
    if (sent == 0 || sent == S2SI_BGP_SENT_UNKNOWN) {
        return false;
    }
    fill_attributes(bgp, sent, route);
    route->accepted = route->best = true;
    route->why = "announced";
    return true;
}

/* The cursor is the family in bit 32 and the index of the last net seen. */
int s2si_bgp_route_next(const struct s2si_bgp_session *session, enum s2s_bgp_route_table table, uint64_t *cursor,
                        struct s2s_bgp_route_state *out)
{
    struct s2s_bgp_route_state route = {.struct_size = sizeof route};
    if (out->struct_size < sizeof route) {
        return S2S_ERR_INVALID;
    }
    for (uint32_t family = (uint32_t)(*cursor >> 32); family < S2SI_BGP_FAMILIES; family++, *cursor = (uint64_t)family << 32) {
        uint32_t limit = s2si_bgp_slab_limit(&session->bgp->ribs[family].nets);
        for (uint32_t index = (uint32_t)*cursor + 1; index < limit; index++) {
            if (fill_route(session, table, (enum s2si_bgp_family)family, index, &route)) {
                *cursor = (uint64_t)family << 32 | index;
                *out = route;
                return 0;
            }
        }
    }
    return S2S_ERR_NOT_FOUND;
}

static uint32_t find_net(const struct s2si_bgp *bgp, const struct s2s_prefix *prefix, enum s2si_bgp_family *family)
{
    struct s2s_prefix masked = *prefix;
    struct s2si_bgp_key key;
    *family = prefix->addr.family == 4 ? S2SI_BGP_IPV4 : S2SI_BGP_IPV6;
    s2si_prefix_mask(&masked);
    s2si_bgp_rib_key(&bgp->ribs[*family], masked.addr.bytes, masked.length, &key);
    return s2si_bgp_rib_find(&bgp->ribs[*family], &key);
}

int s2si_bgp_route_find(const struct s2si_bgp_session *session, enum s2s_bgp_route_table table, const struct s2s_prefix *prefix,
                        struct s2s_bgp_route_state *out)
{
    struct s2s_bgp_route_state route = {.struct_size = sizeof route};
    enum s2si_bgp_family family;
    uint32_t index = find_net(session->bgp, prefix, &family);
    if (index == 0 || !fill_route(session, table, family, index, &route)) {
        return S2S_ERR_NOT_FOUND;
    }
    *out = route;
    return 0;
}

/* ---- why */

static size_t add_text(struct s2si_bgp *bgp, size_t used, int length)
{
    size_t room = sizeof bgp->text[3] - used, written = length < 0 ? 0 : (size_t)length;
    return used + (written < room ? written : room - 1);
}

/* Whom the best path is told to. */
static size_t told_line(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t index, const struct s2si_bgp_session *session,
                        size_t used)
{
    char reason[S2SI_BGP_REASON] = "";
    bool announced = s2si_bgp_adj_out_get(session, family, index) != 0;
    bool marked = s2si_bgp_marks_has(&session->out[family].marks, index);
    if (session->up == NULL) {
        snprintf(reason, sizeof reason, "the session is down");
    } else if (!announced && !marked) {
        s2si_bgp_not_announced(session, family, s2si_bgp_rib_net(&bgp->ribs[family], index), reason, sizeof reason);
    }
    return add_text(bgp, used,
                    snprintf(bgp->text[3] + used, sizeof bgp->text[3] - used, "  to %s: %s%s\n", session->name,
                             announced ? "announced" : marked ? "about to be announced" : "not announced: ", reason));
}

static size_t why_line(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t index, bool best, const char *why, size_t used)
{
    const struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
    const struct s2si_bgp_session *session = bgp->sessions[path->session];
    struct s2si_bgp_attr_view view;
    char as_path[200], med[16], peer[S2S_ADDR_TEXT];
    s2si_bgp_attrs_view(&bgp->attrs, path->accepted != 0 ? path->accepted : path->received, &view);
    s2si_bgp_attribute_format(&view, S2SI_BGP_AS_PATH, as_path, sizeof as_path);
    s2si_bgp_attribute_format(&view, S2SI_BGP_MED, med, sizeof med);
    uint32_t preference = s2si_bgp_has(&view, S2SI_BGP_LOCAL_PREF) ? view.local_pref : session != NULL ? session->preference : 0;
    const char *verdict = best ? "best: " : path->reason == S2SI_BGP_TAKEN && !bgp->deferring ? "beaten by: " : "";
    size_t room = sizeof bgp->text[3] - used;
    int length = session == NULL
                     ? snprintf(bgp->text[3] + used, room, "%s originated here: %s%s\n", best ? "*" : " ", verdict, why)
                     : snprintf(bgp->text[3] + used, room, "%s %s (%s): %s%s; local-pref %lu, path [%s], MED %s%s\n", best ? "*" : " ",
                                session->name, s2s_addr_format(&session->config.peer_ip, peer), verdict, why,
                                (unsigned long)preference, as_path, med[0] != '\0' ? med : "none",
                                is_stale(bgp, family, path) ? ", stale" : "");
    return add_text(bgp, used, length);
}

int s2si_bgp_why(const struct s2si_bgp *shown, const struct s2s_prefix *prefix, const char **text)
{
    struct s2si_bgp *bgp = rooms(shown);
    enum s2si_bgp_family family;
    uint32_t index = find_net(bgp, prefix, &family);
    const struct s2si_bgp_net *net = index == 0 ? NULL : s2si_bgp_rib_net(&bgp->ribs[family], index);
    if (net == NULL || net->paths == 0) {
        return S2S_ERR_NOT_FOUND;
    }
    size_t used = 0;
    for (uint32_t path = net->paths; path != 0 && used + 1 < sizeof bgp->text[3];) {
        bool best = (net->flags & S2SI_BGP_NET_BEST) != 0 && net->paths == path;
        used = why_line(bgp, family, path, best, explain(bgp, family, net, path), used);
        path = ((const struct s2si_bgp_path *)s2si_bgp_slab_at(&bgp->paths, path))->next;
    }
    for (unsigned i = 1; i < bgp->session_count && used + 1 < sizeof bgp->text[3]; i++) {
        if (bgp->sessions[i] != NULL) {
            used = told_line(bgp, family, index, bgp->sessions[i], used);
        }
    }
    *text = bgp->text[3];
    return 0;
}
