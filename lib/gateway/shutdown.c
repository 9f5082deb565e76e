/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shutdown: the farewell. Each tunnel says DELETE; when all have been answered (or after a while) what is installed is
 * removed, the fail-closed routes too; then SHUTDOWN_DONE.
 */
#include "lib/gateway/actions.h"
#include "lib/gateway/engine.h"
#include "lib/gateway/events.h"
#include "lib/gateway/ops.h"
#include "lib/gateway/reconcile.h"
#include "lib/gateway/tunnel.h"

#define GOODBYE_LONG (2 * (s2s_time)S2S_SECOND)
#define REMOVAL_LONG (3 * (s2s_time)S2S_SECOND)

void s2s_engine_shutdown(s2s_engine *engine, s2s_time now)
{
    struct s2si_list *node;

    if (!engine || engine->shutting_down || s2si_engine_enter(engine, now)) {
        return;
    }
    engine->shutting_down = true;
    S2SI_LIST_EACH(node, &engine->gateways) {
        s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        s2s_tunnel *tunnel = NULL;
        while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
            s2si_planned_begin(tunnel, S2S_TRIGGER_CONFIG, true, now);
        }
    }
    s2si_timer_arm(&engine->timers, &engine->shutdown_timer, now + GOODBYE_LONG);
    s2si_engine_leave(engine, now, 0);
}

static bool all_silent(const s2s_engine *engine)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &engine->gateways) {
        s2s_tunnel *tunnel = NULL;
        while ((tunnel = s2si_tunnel_next(S2SI_CONTAINER(node, s2s_gateway, node), tunnel)) != NULL) {
            if (tunnel->planned == S2SI_PLANNED_QUIET || tunnel->planned == S2SI_PLANNED_DELETE) {
                return false;
            }
        }
    }
    return true;
}

static bool all_removed(const s2s_engine *engine)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &engine->gateways) {
        const s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        const s2s_tunnel *tunnel = NULL;
        if (!s2si_scope_empty(&gateway->base_scope) || !s2si_scope_empty(&gateway->route_scope) ||
            !s2si_scope_empty(&gateway->path_scope)) {
            return false;
        }
        while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
            if (!s2si_scope_empty(&tunnel->scope)) {
                return false;
            }
        }
    }
    return true;
}

static void start_removal(s2s_engine *engine, s2s_time now)
{
    struct s2si_list *node;

    engine->removing = true;
    S2SI_LIST_EACH(node, &engine->gateways) {
        s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        s2s_tunnel *tunnel = NULL;
        while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
            if (tunnel->peer) {
                s2si_ike_peer_remove(tunnel->peer, now);
                tunnel->peer = NULL;
            }
            s2si_scope_dirty(engine, &tunnel->scope);
        }
        s2si_scope_dirty(engine, &gateway->base_scope);
        s2si_scope_dirty(engine, &gateway->route_scope);
        s2si_scope_dirty(engine, &gateway->path_scope);
    }
    s2si_timer_arm(&engine->timers, &engine->shutdown_timer, now + REMOVAL_LONG);
}

static void done(s2s_engine *engine, bool complete)
{
    struct s2s_event event = { .type = S2S_EVENT_SHUTDOWN_DONE,
                               .severity = complete ? S2S_LOG_NOTICE : S2S_LOG_WARNING };

    engine->shutdown_done = true;
    s2si_timer_disarm(&engine->timers, &engine->shutdown_timer);
    event.at = engine->now;
    event.text = complete ? "shutdown is done, what was installed is removed"
                          : "shutdown is done, but the kernel did not confirm every removal";
    s2si_log(&engine->log, event.severity, "gateway", "", "%s", event.text);
    s2si_events_add(engine->events, &event);
}

void s2si_shutdown_step(s2s_engine *engine, s2s_time now)
{
    if (!engine->shutting_down || engine->shutdown_done) {
        return;
    }
    if (!engine->removing && all_silent(engine)) {
        start_removal(engine, now);
    } else if (engine->removing && s2si_list_empty(&engine->dirty) && all_removed(engine)) {
        done(engine, true);
    }
}

void s2si_shutdown_timer(s2s_engine *engine, s2s_time now)
{
    if (engine->shutdown_done) {
        return;
    }
    if (!engine->removing) {
        start_removal(engine, now);
    } else {
        done(engine, false);
    }
}

bool s2s_engine_idle(const s2s_engine *engine)
{
    struct s2si_list *node;

    if (!engine) {
        return true;
    }
    if (!s2si_actions_empty(engine->actions) || engine->operations->outstanding ||
        (engine->shutting_down && !engine->shutdown_done)) {
        return false;
    }
    S2SI_LIST_EACH(node, &engine->gateways) {
        const s2s_tunnel *tunnel = NULL;
        while ((tunnel = s2si_tunnel_next(S2SI_CONTAINER(node, s2s_gateway, node), tunnel)) != NULL) {
            if (tunnel->status == S2S_TUNNEL_CONNECTING ||
                (tunnel->planned != S2SI_PLANNED_NONE && !engine->shutdown_done)) {
                return false;
            }
        }
    }
    return true;
}
