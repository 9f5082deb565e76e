/* SPDX-License-Identifier: Apache-2.0 */
/*
 * planned: taking a tunnel down so that nothing is lost: after a change of its keys or peer, a restart, a disable, a
 * deletion, at shutdown.
 *
 *   NONE ──begin: our traffic moves to another tunnel──> QUIET ──no inner data for a while, or one second──> DELETE
 *          (BGP: announced as worse)                          (BGP: then withdrawn, or Cease)
 *   DELETE ──IKE: answered; inbound SAs drain──> DRAIN ──last SA gone──> NONE: new settings, start again (unless hold)
 *      └──no answer for a second──> NONE: starts again beside the old IKE_SA, which goes on saying DELETE
 *
 * A tunnel without SAs skips what has no meaning for it. What the timer does stands in the table. A far end that was killed
 * answers no DELETE: to wait for IKE's last try (half a minute) would be an outage that the restart itself makes. A tunnel
 * that is not to come back has that time, but not more of it than three tries need.
 */
#include <string.h>

#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/reconcile.h"
#include "lib/gateway/tunnel.h"

#define QUIET_LONG (1 * (s2s_time)S2S_SECOND)
#define QUIET_SPAN (100 * (s2s_time)S2S_MILLISECOND) /* this long without inner data */
#define QUIET_STEP (20 * (s2s_time)S2S_MILLISECOND)
#define ANSWER_LONG (1 * (s2s_time)S2S_SECOND) /* longer than any way there and back */
#define DELETE_LONG (8 * (s2s_time)S2S_SECOND) /* three tries */
#define DRAIN_STEP (200 * (s2s_time)S2S_MILLISECOND)
#define DRAIN_LONG (5 * (s2s_time)S2S_SECOND)

static void enter(s2s_tunnel *tunnel, enum s2si_planned_state state, s2s_time step, s2s_time now)
{
    tunnel->planned = state;
    tunnel->planned_since = now;
    s2si_bgp_glue_changed(tunnel->gateway);
    s2si_timer_arm(&tunnel->engine->timers, &tunnel->planned_timer, now + step);
}

static struct s2si_ike_status ike_status(const s2s_tunnel *tunnel)
{
    struct s2si_ike_status status = { 0 };

    if (tunnel->peer) {
        s2si_ike_peer_status(tunnel->peer, &status);
    }
    return status;
}

static bool established(const s2s_tunnel *tunnel)
{
    struct s2si_ike_status status = ike_status(tunnel);
    return status.established || status.connecting;
}

static bool for_good(const s2s_tunnel *tunnel)
{
    return tunnel->planned_hold || tunnel->connection->deleting || tunnel->engine->shutting_down;
}

static void say_delete(s2s_tunnel *tunnel, s2s_time now)
{
    if (tunnel->peer) {
        s2si_ike_terminate(tunnel->peer, true, now);
    }
    /* A far end that wants its tunnel up calls at once; what it would get is taken away again without a word. */
    if (tunnel->peer && for_good(tunnel)) {
        s2si_ike_peer_close(tunnel->peer, true);
    }
    enter(tunnel, S2SI_PLANNED_DELETE, ANSWER_LONG, now);
    if (tunnel->effective.enabled != 0 && !tunnel->connection->deleting && !tunnel->engine->shutting_down) {
        s2si_ike_glue_peer(tunnel, now); /* who comes back at once meets the new settings */
    }
    if (!ike_status(tunnel).closing) {
        enter(tunnel, S2SI_PLANNED_DRAIN, 0, now);
    }
}

static void finish(s2s_tunnel *tunnel, s2s_time now)
{
    tunnel->planned = S2SI_PLANNED_NONE;
    s2si_bgp_glue_changed(tunnel->gateway);
    s2si_timer_disarm(&tunnel->engine->timers, &tunnel->planned_timer);
    tunnel->held = tunnel->planned_hold;
    s2si_health_drain(tunnel, false, tunnel->planned_trigger, now);
    s2si_scope_dirty(tunnel->engine, &tunnel->gateway->base_scope); /* an address that only the farewell needed */
    if (tunnel->connection->deleting || tunnel->engine->shutting_down) {
        if (tunnel->peer) {
            s2si_ike_peer_remove(tunnel->peer, now);
            tunnel->peer = NULL;
        }
        s2si_scope_dirty(tunnel->engine, &tunnel->scope);
        s2si_tunnel_refresh(tunnel, now);
        return;
    }
    if (tunnel->peer) {
        s2si_ike_peer_close(tunnel->peer, false);
    }
    s2si_tunnel_apply(tunnel, now);
    s2si_tunnel_start(tunnel, now);
    s2si_tunnel_refresh(tunnel, now);
}

/* ---- what the timer does in each state ---- */

static void quiet(s2s_tunnel *tunnel, s2s_time now)
{
    s2s_time since = tunnel->planned_since, heard = tunnel->traffic.last_inner_in;
    s2s_time silence = now - (heard > since ? heard : since);

    bool over = now - since >= QUIET_LONG || silence >= QUIET_SPAN || tunnel->engine->shutting_down ||
                !established(tunnel);

    if (over && !s2si_bgp_glue_leave(tunnel, for_good(tunnel), now)) {
        say_delete(tunnel, now);
    } else {
        s2si_timer_arm(&tunnel->engine->timers, &tunnel->planned_timer, now + QUIET_STEP);
    }
}

static void unanswered(s2s_tunnel *tunnel, s2s_time now)
{
    s2s_time until = tunnel->planned_since + (for_good(tunnel) ? DELETE_LONG : ANSWER_LONG);

    if (now < until) {
        s2si_timer_arm(&tunnel->engine->timers, &tunnel->planned_timer, until);
        return;
    }
    if (tunnel->peer) {
        s2si_ike_let_go(tunnel->peer, now);
    }
    if (for_good(tunnel)) {
        enter(tunnel, S2SI_PLANNED_DRAIN, 0, now);
    } else {
        finish(tunnel, now);
    }
}

static void drain(s2s_tunnel *tunnel, s2s_time now)
{
    bool empty = !tunnel->peer || s2si_ike_child_next(tunnel->peer, NULL) == NULL;

    if (empty || now - tunnel->planned_since >= DRAIN_LONG) {
        finish(tunnel, now);
    } else {
        s2si_timer_arm(&tunnel->engine->timers, &tunnel->planned_timer, now + DRAIN_STEP);
    }
}

static void (*const on_timer[])(s2s_tunnel *tunnel, s2s_time now) = {
    [S2SI_PLANNED_QUIET] = quiet,
    [S2SI_PLANNED_DELETE] = unanswered,
    [S2SI_PLANNED_DRAIN] = drain,
};

void s2si_planned_timer(s2s_tunnel *tunnel, s2s_time now)
{
    if (tunnel->planned != S2SI_PLANNED_NONE) {
        on_timer[tunnel->planned](tunnel, now);
    }
}

void s2si_planned_begin(s2s_tunnel *tunnel, enum s2s_trigger trigger, bool hold, s2s_time now)
{
    bool up = tunnel->up_out;

    if (tunnel->planned != S2SI_PLANNED_NONE) {
        tunnel->planned_hold = hold; /* under way: only what comes afterwards changes, and how long the answer may take */
        s2si_timer_arm(&tunnel->engine->timers, &tunnel->planned_timer, now);
        return;
    }
    tunnel->planned_hold = hold;
    tunnel->planned_trigger = trigger;
    tunnel->trigger = trigger;
    enter(tunnel, S2SI_PLANNED_QUIET, QUIET_STEP, now);
    if (up && !tunnel->engine->shutting_down) {
        s2si_health_drain(tunnel, true, trigger, now); /* select moves our traffic now */
    } else if (up && s2si_bgp_glue_established(tunnel)) {
        quiet(tunnel, now); /* Cease before DELETE */
    } else {
        say_delete(tunnel, now);
    }
    s2si_tunnel_refresh(tunnel, now);
    s2si_bgp_glue_changed(tunnel->gateway);
}

void s2si_planned_ike_down(s2s_tunnel *tunnel, s2s_time now)
{
    if (tunnel->planned == S2SI_PLANNED_DELETE || tunnel->planned == S2SI_PLANNED_QUIET) {
        enter(tunnel, S2SI_PLANNED_DRAIN, 0, now);
    }
}
