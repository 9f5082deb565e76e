/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import: UPDATE to adj-in (RFC 4271 section 9). An UPDATE is judged once: its attributes are interned, loops looked for, then
 * each prefix passes the policy; prefixes under one rule share the resulting attributes. What is refused is kept too, up to a
 * bound, with the reason.
 */
#include "lib/bgp/speaker.h"

#include "lib/bgp/as_path.h"

#include <s2svpn/error.h>
#include <stdio.h>
#include <string.h>

const char *s2si_bgp_refusal_name(enum s2si_bgp_refusal refusal)
{
    static const char *const names[S2SI_BGP_REFUSALS] = {
        [S2SI_BGP_TAKEN] = "accepted",
        [S2SI_BGP_REFUSED_POLICY] = "refused by the import policy",
        [S2SI_BGP_REFUSED_NO_POLICY] = "no import policy (RFC 8212)",
        [S2SI_BGP_REFUSED_AS_LOOP] = "our own AS is in the path",
        [S2SI_BGP_REFUSED_DEFAULT] = "the default route is not accepted",
        [S2SI_BGP_REFUSED_OWN_NEXT_HOP] = "the next hop is our own address",
        [S2SI_BGP_REFUSED_OWN_ORIGINATOR] = "originated by ourselves",
    };
    return (unsigned)refusal < S2SI_BGP_REFUSALS ? names[refusal] : "unknown";
}

void s2si_bgp_refused_because(const struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_net *net,
                              const struct s2si_bgp_path *path, char *out, size_t size)
{
    const struct s2si_bgp_policy *policy = session->config.import;
    int rule = -1;
    if (path->reason != S2SI_BGP_REFUSED_POLICY || policy == NULL) {
        snprintf(out, size, "%s", s2si_bgp_refusal_name((enum s2si_bgp_refusal)path->reason));
        return;
    }
    struct s2si_bgp_attr_view view;
    struct s2s_prefix prefix = s2si_bgp_net_prefix(&session->bgp->ribs[family], net);
    bool permit;
    s2si_bgp_attrs_view(&session->bgp->attrs, path->received, &view);
    rule = s2si_bgp_policy_match(policy, &prefix, &view, &permit);
    if (rule < 0) {
        snprintf(out, size, "no rule of the import policy (bgp.import) permits it");
    } else {
        snprintf(out, size, "denied by rule %d of the import policy (bgp.import)", rule + 1);
    }
}

bool s2si_bgp_path_usable(const struct s2si_bgp *bgp, enum s2si_bgp_family family, const struct s2si_bgp_path *path)
{
    if (path->accepted == 0 || path->session == 0) {
        return path->accepted != 0;
    }
    const struct s2si_bgp_session *session = bgp->sessions[path->session];
    bool fresh = path->epoch == session->epoch[family] && session->up != NULL;
    return fresh || s2si_bgp_path_kept(session, family, path);
}

/* ---- one UPDATE */

struct import {
    struct s2si_bgp_session *session;
    enum s2si_bgp_family family;
    uint32_t received;               /* attributes as they came; held while the UPDATE is worked on */
    enum s2si_bgp_refusal refused;   /* for all prefixes alike */
    const struct s2si_bgp_attr_view *view;
    int rule;                        /* whose result is in accepted; -2 = none yet, -1 = no policy */
    uint32_t accepted;               /* held too */
};

/* The attributes that a rule of the import policy makes of the received ones. 0 = no memory. */
static uint32_t apply_rule(struct import *import, int rule)
{
    struct s2si_bgp *bgp = import->session->bgp;
    if (import->rule == rule) {
        return import->accepted;
    }
    s2si_bgp_attrs_release(&bgp->attrs, import->accepted);
    import->rule = rule;
    import->accepted = import->received;
    if (rule < 0) {
        s2si_bgp_attrs_hold(&bgp->attrs, import->received);
        return import->accepted;
    }
    struct s2si_bgp_attr_view view = *import->view;
    bool fits = s2si_bgp_policy_apply(import->session->config.import, rule, import->session->local_asn, &view, bgp->policy_room);
    import->accepted = fits ? s2si_bgp_attrs_intern(&bgp->attrs, &view) : 0;
    return import->accepted;
}

static enum s2si_bgp_refusal judge(struct import *import, const struct s2s_prefix *prefix, uint32_t *accepted)
{
    const struct s2si_bgp_session_config *config = &import->session->config;
    bool permit = true;
    int rule = -1;
    *accepted = 0;
    if (import->refused != S2SI_BGP_TAKEN) {
        return import->refused;
    }
    if (prefix->length == 0 && !config->accept_default) {
        return S2SI_BGP_REFUSED_DEFAULT;
    }
    if (config->import != NULL) {
        rule = s2si_bgp_policy_match(config->import, prefix, import->view, &permit);
    } else if (config->require_policy && !s2si_bgp_session_internal(import->session)) {
        return S2SI_BGP_REFUSED_NO_POLICY;
    }
    if (!permit) {
        return S2SI_BGP_REFUSED_POLICY;
    }
    *accepted = apply_rule(import, rule);
    import->session->exhausted = import->session->exhausted || *accepted == 0;
    return S2SI_BGP_TAKEN;
}

/* The session's path in a net's list: its index, and the link that leads to it. 0 when there is none; link is then the end. */
static uint32_t find_path(const struct s2si_bgp *bgp, struct s2si_bgp_net *net, uint16_t session, uint32_t **link)
{
    *link = &net->paths;
    while (**link != 0) {
        struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, **link);
        if (path->session == session) {
            return **link;
        }
        *link = &path->next;
    }
    return 0;
}

static void count_path(struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_path *path, int by)
{
    uint32_t step = (uint32_t)by;
    session->routes[family] += step;
    session->accepted[family] += path->reason == S2SI_BGP_TAKEN ? step : 0;
    session->fresh[family] += path->epoch == session->epoch[family] ? step : 0;
}

/* Takes a path out of its net and decides again. The net may be gone afterwards. */
static void remove_path(struct s2si_bgp_session *session, enum s2si_bgp_family family, uint32_t net_index, uint32_t *link)
{
    struct s2si_bgp *bgp = session->bgp;
    struct s2si_bgp_net *net = s2si_bgp_rib_net(&bgp->ribs[family], net_index);
    uint32_t index = *link;
    struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
    bool was_best = (net->flags & S2SI_BGP_NET_BEST) != 0 && net->paths == index;
    *link = path->next;
    count_path(session, family, path, -1);
    s2si_bgp_attrs_release(&bgp->attrs, path->received);
    s2si_bgp_attrs_release(&bgp->attrs, path->accepted);
    s2si_bgp_slab_give(&bgp->paths, index);
    if (was_best) {
        net->flags &= (uint8_t)~S2SI_BGP_NET_BEST;
    }
    s2si_bgp_best_update(bgp, family, net_index, 0, was_best);
    s2si_bgp_best_release(bgp, family, net_index);
}

/* Room for a new net in every set of marks; they grow with the slab. */
static bool reserve_marks(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t limit)
{
    bool room = s2si_bgp_marks_reserve(&bgp->fib[family], limit);
    for (unsigned i = 1; room && i < bgp->session_count; i++) {
        struct s2si_bgp_session *session = bgp->sessions[i];
        if (session != NULL && session->up != NULL && (session->codec.families >> family & 1) != 0) {
            room = s2si_bgp_marks_reserve(&session->out[family].marks, limit);
        }
    }
    return room;
}

static bool worth_keeping(const struct s2si_bgp_session *session, enum s2si_bgp_refusal reason)
{
    uint32_t refused = session->routes[0] + session->routes[1] - session->accepted[0] - session->accepted[1];
    uint32_t bound = session->config.max_prefix > S2SI_BGP_REFUSED ? session->config.max_prefix : S2SI_BGP_REFUSED;
    return reason == S2SI_BGP_TAKEN || refused < bound;
}

static uint32_t add_path(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t net_index, uint32_t *link, uint16_t session)
{
    uint32_t index = reserve_marks(bgp, family, s2si_bgp_slab_limit(&bgp->ribs[family].nets)) ? s2si_bgp_slab_take(&bgp->paths) : 0;
    if (index == 0) {
        s2si_bgp_best_release(bgp, family, net_index);
        return 0;
    }
    struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
    path->session = session;
    *link = index;
    return index;
}

/* Gives a path its attributes (ids with a reference each, taken over) and decides. */
static void set_path(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t net, uint32_t index, uint32_t received,
                     uint32_t accepted, uint8_t reason)
{
    struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
    uint32_t old_received = path->received, old_accepted = path->accepted;
    bool changed = old_accepted != accepted;
    path->received = received;
    path->accepted = accepted;
    path->reason = reason;
    s2si_bgp_best_update(bgp, family, net, changed ? index : 0, false);
    s2si_bgp_attrs_release(&bgp->attrs, old_received);
    s2si_bgp_attrs_release(&bgp->attrs, old_accepted);
}

static void tell_learned(struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_net *net,
                         const struct s2si_bgp_path *path)
{
    char reason[S2SI_BGP_REASON];
    if (s2si_bgp_route_event_wanted(session->bgp)) {
        s2si_bgp_refused_because(session, family, net, path, reason, sizeof reason);
        s2si_bgp_route_event(session, path->reason == S2SI_BGP_TAKEN ? S2SI_BGP_EV_RECEIVED : S2SI_BGP_EV_REFUSED, family, net, reason);
    }
}

static bool learn(struct import *import, const struct s2si_bgp_key *key)
{
    struct s2si_bgp_session *session = import->session;
    struct s2si_bgp *bgp = session->bgp;
    struct s2si_bgp_rib *rib = &bgp->ribs[import->family];
    struct s2s_prefix prefix = {.length = key->length};
    bool needs_prefix = session->config.import != NULL;
    if (needs_prefix) {
        prefix.addr = s2si_addr_bytes(import->family == S2SI_BGP_IPV4 ? 4 : 6, key->address);
    }
    uint32_t accepted, *link;
    enum s2si_bgp_refusal reason = judge(import, &prefix, &accepted);
    uint32_t net_index = worth_keeping(session, reason) ? s2si_bgp_rib_get(rib, key) : s2si_bgp_rib_find(rib, key);
    if (net_index == 0) {
        session->refused_unseen++;
        return reason != S2SI_BGP_TAKEN;
    }
    struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, net_index);
    uint32_t index = find_path(bgp, net, session->index, &link);
    bool fresh = index == 0;
    if (fresh && !worth_keeping(session, reason)) {
        session->refused_unseen++;
        return true;
    }
    index = fresh ? add_path(bgp, import->family, net_index, link, session->index) : index;
    if (index == 0) {
        return false;
    }
    struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
    if (!fresh) {
        count_path(session, import->family, path, -1);
    }
    path->epoch = session->epoch[import->family];
    s2si_bgp_attrs_hold(&bgp->attrs, import->received);
    s2si_bgp_attrs_hold(&bgp->attrs, accepted);
    set_path(bgp, import->family, net_index, index, import->received, accepted, (uint8_t)reason);
    count_path(session, import->family, path, 1);
    tell_learned(session, import->family, net, path);
    return true;
}

static void tell_lost(struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_net *net, const char *why)
{
    if (s2si_bgp_route_event_wanted(session->bgp)) {
        s2si_bgp_route_event(session, S2SI_BGP_EV_LOST, family, net, why);
    }
}

static void forget(struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_key *key)
{
    struct s2si_bgp *bgp = session->bgp;
    uint32_t *link, net_index = s2si_bgp_rib_find(&bgp->ribs[family], key);
    if (net_index == 0) {
        return;
    }
    struct s2si_bgp_net *net = s2si_bgp_rib_net(&bgp->ribs[family], net_index);
    if (find_path(bgp, net, session->index, &link) != 0) {
        tell_lost(session, family, net, "withdrawn by the peer");
        remove_path(session, family, net_index, link);
    }
}

enum { KEYS = 32 };

/* The next prefixes as keys, their memory under way. */
static size_t take_keys(const struct s2si_bgp *bgp, struct s2si_bgp_nlri *nlri, struct s2si_bgp_key keys[KEYS])
{
    const struct s2si_bgp_rib *rib = &bgp->ribs[nlri->family];
    uint8_t address[16], length;
    size_t count = 0;
    while (count < KEYS && s2si_bgp_nlri_next(nlri, address, &length)) {
        s2si_bgp_rib_key(rib, address, length, &keys[count++]);
    }
    s2si_bgp_rib_prefetch(rib, keys, count);
    return count;
}

static void withdraw_all(struct s2si_bgp_session *session, struct s2si_bgp_nlri nlri)
{
    struct s2si_bgp_key keys[KEYS];
    while (nlri.family != S2SI_BGP_FAMILY_OTHER && nlri.prefixes.length > 0) {
        size_t count = take_keys(session->bgp, &nlri, keys);
        for (size_t i = 0; i < count; i++) {
            forget(session, nlri.family, &keys[i]);
        }
    }
}

/* RFC 4271 section 6.7, RFC 4486: @return false when the limit is passed and the session was ended. */
static bool within_limit(struct s2si_bgp_session *session, enum s2si_bgp_family family, s2s_time now)
{
    uint32_t limit = session->config.max_prefix, count = session->accepted[0] + session->accepted[1];
    if (limit == 0) {
        return true;
    }
    if (count > limit) {
        uint8_t data[7];
        struct s2si_writer writer = s2si_writer(data, sizeof data);
        s2si_write_u16(&writer, s2si_bgp_afi(family));
        s2si_write_u8(&writer, S2SI_BGP_SAFI_UNICAST);
        s2si_write_u32(&writer, limit);
        struct s2si_bgp_output *event = s2si_bgp_event(session, S2SI_BGP_EV_PREFIX_LIMIT);
        if (event != NULL) {
            snprintf(event->detail, sizeof event->detail, "more than %lu prefixes", (unsigned long)limit);
        }
        session->over_limit = true;
        s2si_bgp_session_cease(session, S2SI_BGP_CEASE_MAX_PREFIX, data, sizeof data, "more prefixes than allowed", now);
        return false;
    }
    uint64_t warn_at = (uint64_t)limit * session->config.max_prefix_warn / 100;
    if (session->config.max_prefix_warn != 0 && count >= warn_at && !session->warned) {
        session->warned = true;
        struct s2si_bgp_output *event = s2si_bgp_event(session, S2SI_BGP_EV_PREFIX_WARNING);
        if (event != NULL) {
            snprintf(event->detail, sizeof event->detail, "%lu prefixes of %lu", (unsigned long)count, (unsigned long)limit);
        }
        s2si_log(session->bgp->params.log, S2S_LOG_WARNING, "bgp", session->name, "%lu prefixes of %lu", (unsigned long)count,
                 (unsigned long)limit);
    }
    return true;
}

static enum s2si_bgp_refusal judge_all(const struct s2si_bgp_session *session, const struct s2si_bgp_attr_view *view)
{
    const struct s2s_addr *own = &session->config.local_ip;
    size_t own_length = s2si_addr_length(own);
    if (s2si_bgp_path_contains(view->as_path, session->local_asn)) {
        return S2SI_BGP_REFUSED_AS_LOOP;
    }
    if (view->next_hop_length >= own_length && memcmp(view->next_hop, own->bytes, own_length) == 0 &&
        (view->next_hop_length == 4) == (own_length == 4)) {
        return S2SI_BGP_REFUSED_OWN_NEXT_HOP; /* RFC 4271 section 6.3 */
    }
    bool originator = s2si_bgp_has(view, S2SI_BGP_ORIGINATOR_ID) && view->originator_id == session->bgp->params.router_id;
    return originator ? S2SI_BGP_REFUSED_OWN_ORIGINATOR : S2SI_BGP_TAKEN;
}

/* @return false when the session is over. */
static bool reach_all(struct s2si_bgp_session *session, struct s2si_bgp_nlri nlri, const struct s2si_bgp_attr_view *view,
                      s2s_time now)
{
    struct s2si_bgp *bgp = session->bgp;
    struct s2si_bgp_key keys[KEYS];
    if (nlri.family == S2SI_BGP_FAMILY_OTHER || nlri.prefixes.length == 0) {
        return true;
    }
    struct import import = {.session = session, .family = nlri.family, .view = view, .rule = -2};
    import.received = s2si_bgp_attrs_intern(&bgp->attrs, view);
    import.refused = judge_all(session, view);
    bool room = import.received != 0;
    bool alive = true;
    while (room && alive && nlri.prefixes.length > 0) { /* once it is not alive, the message itself may be gone */
        size_t count = take_keys(bgp, &nlri, keys);
        for (size_t i = 0; room && alive && i < count; i++) {
            room = learn(&import, &keys[i]);
            alive = within_limit(session, import.family, now);
        }
    }
    s2si_bgp_attrs_release(&bgp->attrs, import.accepted);
    s2si_bgp_attrs_release(&bgp->attrs, import.received);
    session->exhausted = session->exhausted || (alive && !room);
    return alive;
}

static void log_fault(struct s2si_bgp_session *session, const struct s2si_bgp_attributes *attributes)
{
    static const char *const actions[] = {"accepted", "attribute discarded", "treated as withdraw", "session reset"};
    s2si_log(session->bgp->params.log, attributes->action == S2SI_BGP_DISCARD ? S2S_LOG_INFO : S2S_LOG_WARNING, "bgp", session->name,
             "UPDATE with %s (%u): %s: %s", s2si_bgp_attribute_name(attributes->code), attributes->code,
             attributes->reason == NULL ? "" : attributes->reason, actions[attributes->action]);
}

void s2si_bgp_import_update(struct s2si_bgp_connection *connection, const uint8_t *body, size_t length, s2s_time now)
{
    struct s2si_bgp_session *session = connection->session;
    struct s2si_bgp_update update;
    s2si_bgp_update_decode(body, length, &session->codec, &session->bgp->scratch, &update);
    struct s2si_bgp_attributes *attributes = &update.attributes;
    if (attributes->action != S2SI_BGP_ACCEPT) {
        log_fault(session, attributes);
    }
    if (attributes->action == S2SI_BGP_SESSION_RESET) {
        s2si_bgp_connection_event(connection, S2SI_BGP_FSM_UPDATE_ERROR, &attributes->notify, now);
        return;
    }
    if (update.end_of_rib) {
        s2si_bgp_session_end_of_rib(session, update.end_of_rib_family);
        return;
    }
    withdraw_all(session, update.withdrawn[0]);
    withdraw_all(session, update.withdrawn[1]);
    if (attributes->action == S2SI_BGP_TREAT_AS_WITHDRAW) {
        withdraw_all(session, update.reached[0]);
        withdraw_all(session, update.reached[1]);
        return;
    }
    if (!reach_all(session, update.reached[0], &attributes->view, now)) {
        return;
    }
    attributes->view.next_hop_length = update.mp_next_hop_length;
    memcpy(attributes->view.next_hop, update.mp_next_hop, update.mp_next_hop_length);
    s2si_bgp_set_has(&attributes->view, S2SI_BGP_NEXT_HOP, update.mp_next_hop_length == 4);
    reach_all(session, update.reached[1], &attributes->view, now);
}

/* ---- walks in slices */

uint32_t s2si_bgp_sweep(struct s2si_bgp_session *session, enum s2si_bgp_family family, uint32_t budget)
{
    struct s2si_bgp *bgp = session->bgp;
    struct s2si_bgp_rib *rib = &bgp->ribs[family];
    struct s2si_bgp_walk *walk = &session->sweep[family];
    uint32_t done = 0;
    for (; done < budget; done++) {
        uint32_t *link, index = ++walk->cursor;
        bool clean = session->routes[family] == session->fresh[family];
        if (clean || index >= s2si_bgp_slab_limit(&rib->nets)) {
            *walk = (struct s2si_bgp_walk){0};
            break;
        }
        struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, index);
        if ((net->flags & S2SI_BGP_NET_USED) == 0 || find_path(bgp, net, session->index, &link) == 0) {
            continue;
        }
        const struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, *link);
        if (path->epoch != session->epoch[family] && !s2si_bgp_path_kept(session, family, path)) {
            tell_lost(session, family, net, session->up != NULL ? "the peer did not announce it again" : "the session was lost");
            remove_path(session, family, index, link);
        }
    }
    return done;
}

/* Passes a path through the policy again. */
static void review_path(struct s2si_bgp_session *session, enum s2si_bgp_family family, uint32_t net_index, uint32_t index)
{
    struct s2si_bgp *bgp = session->bgp;
    struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, index);
    struct s2s_prefix prefix = s2si_bgp_net_prefix(&bgp->ribs[family], s2si_bgp_rib_net(&bgp->ribs[family], net_index));
    struct s2si_bgp_attr_view view;
    uint32_t accepted;
    s2si_bgp_attrs_view(&bgp->attrs, path->received, &view);
    struct import import = {.session = session, .family = family, .received = path->received, .view = &view, .rule = -2};
    import.refused = judge_all(session, &view);
    enum s2si_bgp_refusal reason = judge(&import, &prefix, &accepted);
    bool same = path->accepted == accepted;
    count_path(session, family, path, -1);
    s2si_bgp_attrs_hold(&bgp->attrs, path->received);
    s2si_bgp_attrs_hold(&bgp->attrs, accepted);
    set_path(bgp, family, net_index, index, path->received, accepted, (uint8_t)reason);
    count_path(session, family, path, 1);
    s2si_bgp_attrs_release(&bgp->attrs, import.accepted);
    if (same) { /* the preference may have changed, and with it the decision */
        s2si_bgp_best_update(bgp, family, net_index, index, false);
    }
}

uint32_t s2si_bgp_review(struct s2si_bgp_session *session, enum s2si_bgp_family family, uint32_t budget)
{
    struct s2si_bgp *bgp = session->bgp;
    struct s2si_bgp_rib *rib = &bgp->ribs[family];
    struct s2si_bgp_walk *walk = &session->review[family];
    uint32_t done = 0;
    for (; done < budget; done++) {
        uint32_t *link, index = ++walk->cursor;
        if (index >= s2si_bgp_slab_limit(&rib->nets)) {
            *walk = (struct s2si_bgp_walk){0};
            break;
        }
        struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, index);
        uint32_t path = (net->flags & S2SI_BGP_NET_USED) == 0 ? 0 : find_path(bgp, net, session->index, &link);
        if (path != 0) {
            review_path(session, family, index, path);
        }
    }
    return done;
}

/* ---- originated here */

int s2si_bgp_originate(struct s2si_bgp *bgp, const struct s2s_prefix *prefix, s2s_time now)
{
    (void)now;
    enum s2si_bgp_family family = prefix->addr.family == 4 ? S2SI_BGP_IPV4 : S2SI_BGP_IPV6;
    struct s2s_prefix masked = *prefix;
    struct s2si_bgp_attr_view view = {0};
    struct s2si_bgp_key key;
    uint32_t *link;
    s2si_prefix_mask(&masked);
    s2si_bgp_rib_key(&bgp->ribs[family], masked.addr.bytes, masked.length, &key);
    s2si_bgp_set_has(&view, S2SI_BGP_ORIGIN, true);
    s2si_bgp_set_has(&view, S2SI_BGP_AS_PATH, true);
    uint32_t attrs = s2si_bgp_attrs_intern(&bgp->attrs, &view);
    uint32_t net_index = attrs == 0 ? 0 : s2si_bgp_rib_get(&bgp->ribs[family], &key);
    uint32_t index = 0;
    if (net_index != 0) {
        index = find_path(bgp, s2si_bgp_rib_net(&bgp->ribs[family], net_index), 0, &link);
        index = index != 0 ? index : add_path(bgp, family, net_index, link, 0);
    }
    if (index == 0) {
        s2si_bgp_attrs_release(&bgp->attrs, attrs);
        return S2S_ERR_NO_MEMORY;
    }
    s2si_bgp_attrs_hold(&bgp->attrs, attrs);
    set_path(bgp, family, net_index, index, attrs, attrs, S2SI_BGP_TAKEN);
    return 0;
}

void s2si_bgp_withdraw(struct s2si_bgp *bgp, const struct s2s_prefix *prefix, s2s_time now)
{
    (void)now;
    enum s2si_bgp_family family = prefix->addr.family == 4 ? S2SI_BGP_IPV4 : S2SI_BGP_IPV6;
    struct s2s_prefix masked = *prefix;
    struct s2si_bgp_key key;
    s2si_prefix_mask(&masked);
    s2si_bgp_rib_key(&bgp->ribs[family], masked.addr.bytes, masked.length, &key);
    uint32_t *link, net_index = s2si_bgp_rib_find(&bgp->ribs[family], &key);
    struct s2si_bgp_net *net = net_index == 0 ? NULL : s2si_bgp_rib_net(&bgp->ribs[family], net_index);
    if (net != NULL && find_path(bgp, net, 0, &link) != 0) {
        struct s2si_bgp_session nobody = {.bgp = bgp}; /* the counters of what no session brought */
        remove_path(&nobody, family, net_index, link);
    }
}
