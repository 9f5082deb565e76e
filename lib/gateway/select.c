/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/select.h"

#include <string.h>

#include "lib/gateway/bgp_glue.h"

/*
 * How good a candidate is. The best tier that has a candidate wins; within it the active tunnel stays, but for the
 * switch-back to an earlier one.
 *   GOOD      usable
 *   SUSPECT   SAs up, but its probe or liveness failed: when all are suspect, the last path stays
 *   UNROUTED  without its BGP session: the far end hears of no route by it, nor do we
 *   DRAINING  being taken down: carries on only if there is nothing else
 */
enum tier { NOTHING = 0, DRAINING, UNROUTED, SUSPECT, GOOD };

static enum tier tier_of(const s2s_tunnel *tunnel)
{
    if (!s2si_health_possible(tunnel))
        return NOTHING;
    if (tunnel->health.draining)
        return DRAINING;
    if (tunnel->health.bgp_bad)
        return UNROUTED;
    return tunnel->health.usable ? GOOD : SUSPECT;
}

static bool by_gateway(const s2s_gateway *gateway)
{
    return gateway->profile->routing.egress_per_gateway;
}

void s2si_group_init(s2s_gateway *gateway, struct s2si_group *group)
{
    memset(group, 0, sizeof *group);
    group->id = ++gateway->engine->next_group_id;
    s2si_timer_init(&group->hold, S2SI_TIMER_SELECT, gateway);
}

void s2si_group_free(s2s_gateway *gateway, struct s2si_group *group)
{
    s2si_timer_disarm(&gateway->engine->timers, &group->hold);
    group->active = group->intent = NULL;
}

struct s2si_group *s2si_group_of(s2s_connection *connection)
{
    return by_gateway(connection->gateway) ? &connection->gateway->group : &connection->group;
}

/* ---- candidates: the tunnels of one connection, or of all of the gateway's, in order ---- */

struct choice {
    s2s_tunnel *best;      /* first of the best tier */
    enum tier tier;
};

static void consider(struct choice *choice, const s2s_connection *connection)
{
    for (size_t i = 0; i < connection->tunnel_count; i++) {
        s2s_tunnel *tunnel = connection->tunnels[i];
        enum tier tier = tunnel ? tier_of(tunnel) : NOTHING;
        if (tier > choice->tier) {
            choice->best = tunnel;
            choice->tier = tier;
        }
    }
}

static struct choice best_of(s2s_gateway *gateway, const s2s_connection *connection)
{
    struct choice choice = {NULL, NOTHING};
    struct s2si_list *node;
    if (connection) {
        consider(&choice, connection);
        return choice;
    }
    S2SI_LIST_EACH(node, &gateway->connections)
        consider(&choice, S2SI_CONTAINER(node, s2s_connection, node));
    return choice;
}

/* ---- the switch ---- */

static const s2s_connection *settings_of(const s2s_gateway *gateway, const s2s_connection *connection)
{
    const struct s2si_list *first = gateway->connections.next;
    if (connection || first == &gateway->connections)
        return connection;
    return S2SI_CONTAINER((struct s2si_list *)(uintptr_t)first, s2s_connection, node);
}

static bool may_switch_back(const s2s_gateway *gateway, const s2s_connection *connection)
{
    const s2s_connection *settings = settings_of(gateway, connection);
    if (gateway->profile->routing.sticky || !gateway->profile->routing.primary_first)
        return false;
    return !settings || settings->effective.failover_switch_back != 0;
}

static s2s_time hold_down(const s2s_gateway *gateway, const s2s_connection *connection)
{
    const s2s_connection *settings = settings_of(gateway, connection);
    int seconds = settings ? settings->effective.failover_hold_down : S2S_UNSET;
    return (s2s_time)(seconds >= 0 ? seconds : gateway->profile->routing.hold_down) * S2S_SECOND;
}

static void tell(s2s_gateway *gateway, const s2s_tunnel *from, s2s_tunnel *to, const struct s2si_group *group, s2s_time now)
{
    struct s2s_event extra;
    char from_label[96] = "none", to_label[96];
    memset(&extra, 0, sizeof extra);
    extra.trigger = group->last_trigger;
    extra.from_tunnel = from ? from->index : 0;
    extra.from_connection = from ? from->connection->params.name : "";
    extra.to_tunnel = to ? to->index : 0;
    extra.to_connection = to ? to->connection->params.name : "";
    extra.duration_ns = now > group->trigger_at ? now - group->trigger_at : 0;
    if (from)
        s2si_tunnel_label(from, from_label, sizeof from_label);
    if (to)
        s2si_event_tunnel(to, S2S_EVENT_PATH_SWITCHED, S2S_LOG_NOTICE, &extra, "path switched from %s to %s (%s)", from_label,
                          s2si_tunnel_label(to, to_label, sizeof to_label), s2s_trigger_name((int)group->last_trigger));
    else
        s2si_event_gateway(gateway, S2S_EVENT_PATH_NONE, S2S_LOG_ERROR, &extra, "no live path: last was %s (%s)", from_label,
                           s2s_trigger_name((int)group->last_trigger));
}

static void point(s2s_gateway *gateway, struct s2si_group *group, s2s_tunnel *to, enum s2s_trigger trigger,
                  s2s_time trigger_at, s2s_time now)
{
    s2s_tunnel *from = group->active;
    bool live_changed = !from != !to;
    if (from == to)
        return;
    group->active = to; /* the whole failover */
    group->switches++;
    group->last_switch = now;
    group->last_trigger = trigger;
    group->trigger_at = trigger_at;
    tell(gateway, from, to, group, now);
    s2si_paths_dirty(gateway);
    if (live_changed)
        s2si_routes_dirty(gateway);
}

static void move(s2s_gateway *gateway, struct s2si_group *group, s2s_tunnel *to, enum s2s_trigger trigger,
                 s2s_time trigger_at, s2s_time now)
{
    group->intent = to;
    group->intent_trigger = trigger;
    point(gateway, group, s2si_bgp_steer_follow(group, to), trigger, trigger_at, now);
}

/* Where the far end's MED decides, the best routes say which tunnel is active: what was intended comes about when the far
   end agrees. */
static void follow(s2s_gateway *gateway, struct s2si_group *group, s2s_time now)
{
    s2s_tunnel *to = s2si_bgp_steer_follow(group, group->intent);
    point(gateway, group, to, to == group->intent ? group->intent_trigger : S2S_TRIGGER_BGP, now, now);
    if (!gateway->profile->routing.primary_first)
        group->intent = group->active;
}

/* An earlier tunnel is good again: moves back once it was good for the hold-down, else waits for the rest of it. */
static void switch_back(s2s_gateway *gateway, struct s2si_group *group, s2s_connection *connection, s2s_tunnel *better, s2s_time now)
{
    s2s_time ready = better->health.good_since + hold_down(gateway, connection);
    if (now >= ready)
        move(gateway, group, better, S2S_TRIGGER_RECOVERED, ready, now);
    else
        (void)s2si_timer_arm(&gateway->engine->timers, &group->hold, ready); /* without memory the next run tries again */
}

static bool earlier(const s2s_tunnel *a, const s2s_tunnel *b)
{
    return a->connection == b->connection ? a->index < b->index : false;
}

static void run_group(s2s_gateway *gateway, struct s2si_group *group, s2s_connection *connection, enum s2s_trigger trigger,
                      s2s_time now)
{
    struct choice choice = best_of(gateway, connection);
    s2s_tunnel *active = group->intent;
    enum tier present = active ? tier_of(active) : NOTHING;
    s2si_timer_disarm(&gateway->engine->timers, &group->hold);
    if (choice.tier == present && (present != NOTHING || !active)) {
        bool back = choice.tier == GOOD && choice.best != active && earlier(choice.best, active);
        if (back && may_switch_back(gateway, connection))
            switch_back(gateway, group, connection, choice.best, now);
        return;
    }
    if (!active) {
        move(gateway, group, choice.best, trigger == S2S_TRIGGER_NONE ? S2S_TRIGGER_STARTED : trigger, now, now);
        return;
    }
    bool failed = active->health.trigger != S2S_TRIGGER_RECOVERED && !active->health.usable;
    move(gateway, group, choice.tier == NOTHING ? NULL : choice.best, failed ? active->health.trigger : trigger,
         failed ? active->health.trigger_at : now, now);
}

void s2si_select_run(s2s_gateway *gateway, enum s2s_trigger trigger, s2s_time now)
{
    struct s2si_list *node;
    if (by_gateway(gateway)) {
        run_group(gateway, &gateway->group, NULL, trigger, now);
        follow(gateway, &gateway->group, now);
        s2si_bgp_glue_look(gateway);
        return;
    }
    S2SI_LIST_EACH(node, &gateway->connections)
    {
        s2s_connection *connection = S2SI_CONTAINER(node, s2s_connection, node);
        run_group(gateway, &connection->group, connection, trigger, now);
        follow(gateway, &connection->group, now);
    }
    s2si_bgp_glue_look(gateway);
}

void s2si_select_timer(s2s_gateway *gateway, s2s_time now)
{
    s2si_select_run(gateway, S2S_TRIGGER_RECOVERED, now);
}

void s2si_select_forget(s2s_tunnel *tunnel, s2s_time now)
{
    tunnel->health.child_up = tunnel->health.usable = false;
    tunnel->health.trigger = S2S_TRIGGER_CONFIG;
    tunnel->health.trigger_at = now;
    s2si_select_run(tunnel->gateway, S2S_TRIGGER_CONFIG, now);
}
