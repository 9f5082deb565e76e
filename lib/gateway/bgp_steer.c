/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steering: both ends should use the same tunnel, and the one that died should be left at once.
 *
 *   path        A session runs while its tunnel can carry it: SAs stand, the inside address is there, the selectors let
 *               it through, and no verdict (probe, liveness) says that the tunnel is dead. A verdict takes all routes
 *               of the session away in one step, also those that graceful restart would keep. The last tunnel of a
 *               group keeps its session, as it keeps the traffic.
 *   MED         Announced low on the tunnel that carries our traffic, high on the others, so that the far end comes
 *               back by the same. What a dead tunnel announced stands at the far end until its hold timer ends (no
 *               withdrawal gets through): the surviving one then announces something lower still.
 *   preference  Between ends that are not AWS our choice is pinned by local preference: the group's intent. Toward AWS
 *               (and in AWS's seat) it stays equal, and the MED of the far end decides: AWS moves traffic by MED when
 *               it replaces an endpoint.
 *   take-down   Worse MED and a longer path first, then nothing announced, then DELETE (planned.c).
 *   health      A tunnel that had its session and lost it, or does not get one in time, is no tunnel to be active.
 */
#include "lib/gateway/bgp_glue.h"

#include <stdio.h>

#include "lib/gateway/reconcile.h"
#include "lib/gateway/tunnel.h"

#define YOUNG (1 * (s2s_time)S2S_SECOND)     /* a session whose routes may still be on their way */
#define PATIENCE (10 * (s2s_time)S2S_SECOND) /* for the session of a tunnel that has just come up */

enum { MED_ACTIVE = 100, MED_OTHER = 200 };
enum { PREFER = 200, USUAL = 100 };

/* ---- may the session run? ---- */

static bool address_there(const s2s_tunnel *tunnel)
{
    struct s2si_item_content key = { .addr = tunnel->inside_local };
    const struct s2si_item *item;

    if (!(tunnel->engine->capabilities & S2S_KERNEL_ROUTES)) {
        return true;
    }
    key.prefix.addr = tunnel->inside_local;
    key.prefix.length = tunnel->inside_length;
    s2si_prefix_mask(&key.prefix);
    item = s2si_item_find(&tunnel->gateway->base_scope, S2SI_ITEM_ADDRESS, &key);
    return item && item->present;
}

static bool lets_through(const struct s2s_selector *selectors, size_t many, const struct s2s_addr *addr)
{
    for (size_t i = 0; i < many; i++) {
        if (s2si_selector_has(&selectors[i], addr, S2SI_PROTO_TCP, true, S2SI_BGP_TCP_PORT)) {
            return true;
        }
    }
    return false;
}

/* A peer may narrow what we proposed (RFC 7296 section 2.9): then no BGP gets through, and that has to be said. */
static void check_selectors(s2s_tunnel *tunnel)
{
    s2s_bgp_session *session = tunnel->bgp;
    const struct s2si_ike_child *child = NULL;
    char local[S2S_ADDR_TEXT], remote[S2S_ADDR_TEXT];

    if (!tunnel->peer || !s2si_health_possible(tunnel) || tunnel->spi_in == session->checked_spi) {
        return;
    }
    while ((child = s2si_ike_child_next(tunnel->peer, child)) != NULL && child->spi_in != tunnel->spi_in) {
        continue;
    }
    if (!child) {
        return;
    }
    session->checked_spi = tunnel->spi_in;
    session->mismatch = !lets_through(child->local_ts, child->local_ts_count, &tunnel->inside_local) ||
                        !lets_through(child->remote_ts, child->remote_ts_count, &tunnel->inside_remote);
    if (!session->mismatch) {
        return;
    }
    s2s_addr_format(&tunnel->inside_local, local);
    s2s_addr_format(&tunnel->inside_remote, remote);
    s2si_event_tunnel(tunnel, S2S_EVENT_NEGOTIATION_FAILED, S2S_LOG_ERROR,
                      &(struct s2s_event){ .reason = S2S_REASON_TS_UNACCEPTABLE },
                      "%s: TrafficSelectorMismatch: the far end narrowed the traffic selectors so that BGP between %s "
                      "and %s does not get through",
                      tunnel->label, local, remote);
    s2si_tunnel_trouble(tunnel, S2S_REASON_TS_UNACCEPTABLE,
                        "TrafficSelectorMismatch: the negotiated selectors leave out the inside addresses of BGP");
}

static bool path_of(const s2s_tunnel *tunnel)
{
    const struct s2si_group *group = s2si_group_of(tunnel->connection);
    bool going = tunnel->planned == S2SI_PLANNED_DELETE || tunnel->planned == S2SI_PLANNED_DRAIN;

    return s2si_health_possible(tunnel) && !going && !tunnel->bgp->mismatch && address_there(tunnel) &&
           (!s2si_health_dead(tunnel) || group->active == tunnel);
}

static void tell_path(s2s_tunnel *tunnel, s2s_time now)
{
    s2s_bgp_session *session = tunnel->bgp;
    bool path = path_of(tunnel);

    if (session->path_known && session->path == path) {
        return;
    }
    if (session->path_known && !path && session->state == S2S_BGP_ESTABLISHED && session->drain == S2SI_BGP_NORMAL) {
        session->ghost = true;
        session->ghost_med = session->med;
    }
    session->path = path;
    session->path_known = true;
    s2si_bgp_path(session->speaker, path, now);
}

/* ---- what is announced, what is preferred ---- */

/* What our routing intends, where it is we who decide; else what is. */
static const s2s_tunnel *target_of(const s2s_tunnel *tunnel)
{
    const struct s2si_group *group = s2si_group_of(tunnel->connection);
    return tunnel->gateway->profile->routing.primary_first ? group->intent : group->active;
}

static bool pinned(const s2s_tunnel *tunnel)
{
    const struct s2s_profile *far = tunnel->customer_gateway ? tunnel->customer_gateway->params.profile : NULL;
    return !tunnel->gateway->profile->routing.bgp_by_med && !(far && far->routing.bgp_by_med);
}

/* Lower than all that dead siblings may still stand with at the far end. */
static uint32_t low_med(const s2s_tunnel *tunnel)
{
    const struct s2si_group *group = s2si_group_of(tunnel->connection);
    const s2s_tunnel *other = NULL;
    uint32_t med = MED_ACTIVE;

    while ((other = s2si_tunnel_next(tunnel->gateway, other)) != NULL) {
        bool sibling = other != tunnel && other->bgp && s2si_group_of(other->connection) == group;
        if (sibling && other->bgp->ghost && other->bgp->ghost_med <= med) {
            med = other->bgp->ghost_med / 2;
        }
    }
    return med;
}

static void steer(s2s_tunnel *tunnel, s2s_time now)
{
    s2s_bgp_session *session = tunnel->bgp;
    bool chosen = target_of(tunnel) == tunnel;
    uint32_t med = chosen ? low_med(tunnel) : MED_OTHER;
    uint32_t preference = chosen && pinned(tunnel) ? PREFER : USUAL;

    if (!session->steered || session->preference != preference) {
        s2si_bgp_session_preference(session->speaker, preference, now);
    }
    if (!session->steered || session->med != med) {
        s2si_bgp_session_steer(session->speaker, med, 0, now);
    }
    s2si_bgp_session_favour(session->speaker, chosen, now); /* where MEDs are equal, the far end leaves it to us */
    session->preference = preference;
    session->med = med;
    session->steered = true;
}

/* A take-down begins, goes on (s2si_bgp_glue_leave) or is over. */
static void follow_plan(s2s_tunnel *tunnel, s2s_time now)
{
    s2s_bgp_session *session = tunnel->bgp;
    enum s2si_bgp_drain drain = tunnel->planned == S2SI_PLANNED_NONE ? S2SI_BGP_NORMAL
                                : session->leaving                   ? S2SI_BGP_GONE
                                                                     : S2SI_BGP_WORSE;

    if (tunnel->planned == S2SI_PLANNED_NONE && session->leaving) {
        session->leaving = false;
        if (session->stopped) {
            session->stopped = false;
            s2si_bgp_session_start(session->speaker, now);
        }
    }
    if (session->drain != drain) {
        session->drain = drain;
        s2si_bgp_session_drain(session->speaker, drain, now);
    }
}

/* ---- is its BGP good enough to be active? ---- */

/* @return when to look again. */
static s2s_time judge(s2s_tunnel *tunnel, s2s_time now)
{
    s2s_bgp_session *session = tunnel->bgp;
    bool ready = s2si_health_possible(tunnel), bad = false;
    s2s_time again = S2S_TIME_NEVER;
    struct s2s_bgp_session_state state = { .struct_size = sizeof(state) };

    if (!ready || !session->ready_before) {
        session->waiting_since = now;
        session->was_up = false;
    }
    session->ready_before = ready;
    if (ready && session->state != S2S_BGP_ESTABLISHED) {
        bad = session->was_up || session->mismatch || now >= session->waiting_since + PATIENCE;
        again = bad ? S2S_TIME_NEVER : session->waiting_since + PATIENCE;
        if (session->was_up && s2si_bgp_session_state(session->speaker, &state) == 0 && state.stale) {
            bad = false; /* graceful restart: the session is gone, the peer forwards on */
            again = now + S2S_SECOND;
        }
    }
    if (session->state == S2S_BGP_ESTABLISHED && now < session->since + YOUNG) {
        again = session->since + YOUNG;
    }
    s2si_health_bgp(tunnel, bad, now);
    return again;
}

void s2si_bgp_steer_state(s2s_bgp_session *session, s2s_time now)
{
    (void)now;
    if (session->state == S2S_BGP_ESTABLISHED) {
        session->was_up = true;
        session->ghost = false; /* it announces anew */
        if (session->tunnel->gateway->bgp->dead) {
            s2si_bgp_glue_changed(session->tunnel->gateway); /* the sweep has something to wait for */
        }
    }
    s2si_bgp_glue_look(session->tunnel->gateway);
}

/* ---- all of it ---- */

/* Whether the routes learned by it are live is for the kernel's table to follow. */
static void look_at_routes(s2s_tunnel *tunnel)
{
    bool carried = s2si_route_way(tunnel) != NULL;

    if (tunnel->bgp->carried != carried) {
        tunnel->bgp->carried = carried;
        if (tunnel->bgp->best) {
            s2si_routes_dirty(tunnel->gateway);
        }
    }
}

void s2si_bgp_steer_run(s2s_gateway *gateway, s2s_time now)
{
    s2s_time again = s2si_bgp_routes_sweep(gateway->bgp, now);
    s2s_tunnel *tunnel = NULL;

    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        if (tunnel->bgp && tunnel->bgp->speaker) {
            check_selectors(tunnel);
            tell_path(tunnel, now);
            s2s_time at = judge(tunnel, now);
            again = at < again ? at : again;
        }
    }
    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        if (tunnel->bgp && tunnel->bgp->speaker) {
            follow_plan(tunnel, now);
            steer(tunnel, now);
            look_at_routes(tunnel);
        }
    }
    if (again != S2S_TIME_NEVER && (!s2si_timer_armed(&gateway->bgp->timer) || again < gateway->bgp->timer.at)) {
        s2si_timer_arm(&gateway->engine->timers, &gateway->bgp->timer, again);
    }
}

static bool has_best(const s2s_tunnel *tunnel)
{
    return tunnel->bgp && tunnel->bgp->best > 0 && tunnel->health.usable && !tunnel->health.bgp_bad;
}

s2s_tunnel *s2si_bgp_steer_follow(const struct s2si_group *group, s2s_tunnel *intent)
{
    s2s_tunnel *other = NULL;

    if (!intent || !intent->bgp || has_best(intent) || pinned(intent)) {
        return intent;
    }
    if (intent->gateway->profile->routing.primary_first && s2si_bgp_glue_established(intent) &&
        intent->engine->now < intent->bgp->since + YOUNG) {
        return intent; /* who follows anyway (AWS) need not wait */
    }
    if (group->active && has_best(group->active)) {
        return group->active;
    }
    while ((other = s2si_tunnel_next(intent->gateway, other)) != NULL) {
        if (has_best(other) && s2si_group_of(other->connection) == group) {
            return other;
        }
    }
    return intent;
}
