/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export: which attributes a peer gets (RFC 4271 sections 5 and 9.1.3): policy, then what the session adds (steering, draining),
 * then what kind of peer it is. Many routes share attributes, so results are remembered: from id and rule to id.
 */
#include "lib/bgp/speaker.h"

#include "lib/bgp/as_path.h"

#include <stdio.h>
#include <string.h>

enum { DRAIN_PREPEND = 3 };
#define DRAIN_MED 0x40000000u /* added to what is there */
#define NO_RULE (-1)

void s2si_bgp_memo_clear(struct s2si_bgp_session *session)
{
    for (size_t i = 0; i < S2SI_BGP_MEMO; i++) {
        s2si_bgp_attrs_release(&session->bgp->attrs, session->memo[i].from);
        s2si_bgp_attrs_release(&session->bgp->attrs, session->memo[i].to);
    }
    memset(session->memo, 0, sizeof session->memo);
}

/* The next hop is always ourselves: what is behind us is reached through us. */
static bool set_next_hop(const struct s2si_bgp_session *session, enum s2si_bgp_family family, struct s2si_bgp_attr_view *view)
{
    const struct s2si_bgp_session_config *config = &session->config;
    const struct s2s_addr *own = family == S2SI_BGP_IPV4 ? &config->next_hop4 : &config->next_hop6;
    own = own->family == 0 ? &config->local_ip : own;
    memset(view->next_hop, 0, sizeof view->next_hop);
    s2si_bgp_set_has(view, S2SI_BGP_NEXT_HOP, family == S2SI_BGP_IPV4);
    if (family == S2SI_BGP_IPV4) {
        view->next_hop_length = 4;
        memcpy(view->next_hop, own->bytes, 4);
        return own->family == 4; /* an IPv6 next hop needs RFC 8950, which we do not speak */
    }
    view->next_hop_length = 16;
    if (own->family == 6) {
        memcpy(view->next_hop, own->bytes, 16);
    } else { /* ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2) */
        memset(view->next_hop + 10, 0xff, 2);
        memcpy(view->next_hop + 12, own->bytes, 4);
    }
    return true;
}

static void set_med(struct s2si_bgp_attr_view *view, uint32_t med)
{
    view->med = med;
    s2si_bgp_set_has(view, S2SI_BGP_MED, true);
}

static bool prepend(struct s2si_bgp_session *session, struct s2si_bgp_attr_view *view, unsigned count)
{
    struct s2si_bgp *bgp = session->bgp;
    if (count == 0) {
        return true;
    }
    view->as_path.length = s2si_bgp_path_prepend(view->as_path, session->local_asn, count, bgp->path_room, sizeof bgp->path_room);
    view->as_path.data = bgp->path_room;
    s2si_bgp_set_has(view, S2SI_BGP_AS_PATH, true);
    return view->as_path.length > 0;
}

static bool add_graceful_shutdown(struct s2si_bgp *bgp, struct s2si_bgp_attr_view *view)
{
    static const uint8_t community[4] = {0xff, 0xff, 0, 0};
    s2si_bgp_set_has(view, S2SI_BGP_COMMUNITIES, true);
    return s2si_bgp_communities_add(&view->communities, community, 1, 4, bgp->message, sizeof bgp->message);
}

/* What a peer of another AS does not see: local preference, the cluster's attributes, a MED that came from elsewhere. */
static bool for_external(struct s2si_bgp_session *session, bool own_med, struct s2si_bgp_attr_view *view)
{
    if (!own_med) {
        s2si_bgp_set_has(view, S2SI_BGP_MED, false);
    }
    s2si_bgp_set_has(view, S2SI_BGP_LOCAL_PREF, false);
    s2si_bgp_set_has(view, S2SI_BGP_ORIGINATOR_ID, false);
    s2si_bgp_set_has(view, S2SI_BGP_CLUSTER_LIST, false);
    view->cluster_list.length = 0;
    unsigned extra = session->steer_prepend + (session->drain == S2SI_BGP_WORSE ? DRAIN_PREPEND : 0u);
    return prepend(session, view, 1 + extra);
}

static void for_internal(const struct s2si_bgp_session *session, struct s2si_bgp_attr_view *view)
{
    if (!s2si_bgp_has(view, S2SI_BGP_LOCAL_PREF)) {
        view->local_pref = session->preference;
        s2si_bgp_set_has(view, S2SI_BGP_LOCAL_PREF, true);
    }
}

static uint32_t make(struct s2si_bgp_session *session, enum s2si_bgp_family family, uint32_t from, int rule, bool local)
{
    struct s2si_bgp *bgp = session->bgp;
    struct s2si_bgp_attr_view view;
    bool fits = true, own_med = local;
    s2si_bgp_attrs_view(&bgp->attrs, from, &view);
    if (rule != NO_RULE) {
        uint32_t med = view.med;
        bool had = s2si_bgp_has(&view, S2SI_BGP_MED);
        s2si_bgp_set_has(&view, S2SI_BGP_MED, false);
        fits = s2si_bgp_policy_apply(session->config.export_, rule, session->local_asn, &view, bgp->policy_room);
        own_med = own_med || s2si_bgp_has(&view, S2SI_BGP_MED);
        if (!s2si_bgp_has(&view, S2SI_BGP_MED) && had) {
            set_med(&view, med);
        }
    }
    if (s2si_bgp_session_internal(session)) {
        for_internal(session, &view);
    } else {
        fits = for_external(session, own_med, &view) && fits;
    }
    if (session->steer_med != 0 || session->drain == S2SI_BGP_WORSE) {
        uint32_t med = s2si_bgp_has(&view, S2SI_BGP_MED) ? view.med : 0;
        med = med > UINT32_MAX - session->steer_med ? UINT32_MAX : med + session->steer_med;
        bool worse = session->drain == S2SI_BGP_WORSE;
        set_med(&view, worse ? (med > UINT32_MAX - DRAIN_MED ? UINT32_MAX : med + DRAIN_MED) : med);
    }
    if (session->drain == S2SI_BGP_WORSE) {
        fits = add_graceful_shutdown(bgp, &view) && fits;
    }
    return set_next_hop(session, family, &view) && fits ? s2si_bgp_attrs_intern(&bgp->attrs, &view) : 0;
}

/* Why the source of a route may not be told to this session at all; NULL: it may. */
static const char *hindrance(const struct s2si_bgp_session *session, const struct s2si_bgp_path *path)
{
    const struct s2si_bgp *bgp = session->bgp;
    const struct s2si_bgp_session *source = bgp->sessions[path->session];
    bool internal = s2si_bgp_session_internal(session), from_session = path->session != 0;
    struct s2si_bgp_attr_rank rank;
    s2si_bgp_attrs_rank(&bgp->attrs, path->accepted, &rank);
    const struct {
        bool holds;
        const char *reason;
    } rows[] = {
        {session->drain == S2SI_BGP_GONE, "its tunnel is being taken down"},
        {path->session == session->index, "the best path is the peer's own"},
        {from_session && session->config.group != 0 && source->config.group == session->config.group,
         "learned from a session whose routes are not handed on to this one"},
        {from_session && internal && s2si_bgp_session_internal(source), "learned from an internal peer"},
        {session->config.export_ == NULL && session->config.require_policy && !internal, "no export policy (RFC 8212)"},
        {rank.no_advertise, "has the community no-advertise"},
        {rank.no_export && !internal, "has the community no-export"},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        if (rows[i].holds) {
            return rows[i].reason;
        }
    }
    return NULL;
}

/* The rule of the export policy that matches; NO_RULE when none does, or there is no policy. */
static int match(const struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_net *net,
                 const struct s2si_bgp_path *path, bool *permit)
{
    struct s2si_bgp_attr_view view;
    *permit = true;
    if (session->config.export_ == NULL) {
        return NO_RULE;
    }
    struct s2s_prefix prefix = s2si_bgp_net_prefix(&session->bgp->ribs[family], net);
    s2si_bgp_attrs_view(&session->bgp->attrs, path->accepted, &view);
    return s2si_bgp_policy_match(session->config.export_, &prefix, &view, permit);
}

static const struct s2si_bgp_path *best_of(const struct s2si_bgp *bgp, const struct s2si_bgp_net *net)
{
    return (net->flags & S2SI_BGP_NET_BEST) != 0 ? s2si_bgp_slab_at(&bgp->paths, net->paths) : NULL;
}

void s2si_bgp_not_announced(const struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_net *net,
                            char *out, size_t size)
{
    const struct s2si_bgp_path *path = best_of(session->bgp, net);
    const char *reason = path == NULL ? "no path to it is left" : hindrance(session, path);
    bool permit = true;
    int rule = reason == NULL ? match(session, family, net, path, &permit) : NO_RULE;
    if (reason != NULL) {
        snprintf(out, size, "%s", reason);
    } else if (permit) {
        snprintf(out, size, "its attributes do not fit into a message");
    } else if (rule == NO_RULE) {
        snprintf(out, size, "no rule of the export policy (bgp.export) permits it");
    } else {
        snprintf(out, size, "denied by rule %d of the export policy (bgp.export)", rule + 1);
    }
}

uint32_t s2si_bgp_export(struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_net *net)
{
    struct s2si_bgp *bgp = session->bgp;
    const struct s2si_bgp_path *path = best_of(bgp, net);
    bool permit;
    if (path == NULL || hindrance(session, path) != NULL) {
        return 0;
    }
    int rule = match(session, family, net, path, &permit);
    if (!permit) {
        return 0;
    }
    bool local = path->session == 0;
    uint32_t salt = (uint32_t)family + 2u * (uint32_t)(rule + 1);
    struct s2si_bgp_memo *memo = &session->memo[(path->accepted + salt * 7u) % S2SI_BGP_MEMO];
    if (memo->from != path->accepted || memo->rule != (int)salt || memo->local != local) {
        uint32_t to = make(session, family, path->accepted, rule, local);
        s2si_bgp_attrs_hold(&bgp->attrs, path->accepted);
        s2si_bgp_attrs_release(&bgp->attrs, memo->from);
        s2si_bgp_attrs_release(&bgp->attrs, memo->to);
        *memo = (struct s2si_bgp_memo){.from = path->accepted, .to = to, .rule = (int)salt, .local = local};
    }
    s2si_bgp_attrs_hold(&bgp->attrs, memo->to);
    return memo->to;
}
