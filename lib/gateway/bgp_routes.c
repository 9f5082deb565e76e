/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the speaker finds best becomes one route a prefix, of type S2S_ROUTE_BGP: its connection is the next hop's, its
 * way the tunnel of the session. Whether it enters the VPC is publish's business, whether it forwards now is
 * route_table's.
 *
 * Fail closed: when the last way to a prefix is lost, the route stays without a way, and the prefix is unreachable instead
 * of following the default route in clear. Such routes go when a session of their connection is up and settled (a peer
 * that is alive and settled took it back: 3 s later), or when the connection does without BGP. What a process that
 * crashed had made unreachable stays so until its successor's sessions have told what there is.
 */
#include <string.h>

#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/engine.h"
#include "lib/gateway/reconcile.h"
#include "lib/gateway/tunnel.h"

/* A session Established for so long: its peer has told all it has; */
#define SETTLED (30 * (s2s_time)S2S_SECOND)
/* and so long after a peer withdrew something: it is still there, so that it took that back. A planned take-down withdraws too,
   a second before its session ends. */
#define TAKEN_BACK (3 * (s2s_time)S2S_SECOND)
/* How long what an earlier process left is kept at most. */
#define INHERITANCE (120 * (s2s_time)S2S_SECOND)
/* Seconds that a restarted process waits for what its peers know before it selects (RFC 4724 section 4.1); short, since it
   forwards nothing meanwhile. */
#define SELECTION_DEFERRAL 10

static s2s_route *find(const s2s_gateway *gateway, const struct s2s_prefix *prefix)
{
    s2s_route *route = s2si_trie_get(&gateway->routing.destinations, prefix);

    while (route && route->params.type != S2S_ROUTE_BGP) {
        route = route->entry.next;
    }
    return route;
}

static bool settled(const s2s_tunnel *tunnel, s2s_time since, s2s_time now)
{
    return s2si_bgp_glue_established(tunnel) && now >= tunnel->bgp->since + since;
}

static void count(s2s_tunnel *tunnel, int step)
{
    if (tunnel && tunnel->bgp) {
        tunnel->bgp->best = (uint32_t)((int64_t)tunnel->bgp->best + step);
    }
}

static void set_way(struct s2si_bgp_room *room, s2s_route *route, s2s_tunnel *tunnel)
{
    s2s_tunnel *before = route->entry.way;
    bool moved = tunnel && route->connection != tunnel->connection;

    if (before == tunnel && !moved) {
        return;
    }
    count(before, -1);
    count(tunnel, 1);
    route->entry.way = tunnel;
    if (tunnel) {
        route->connection = tunnel->connection;
    }
    if (!before != !tunnel) {
        room->dead = tunnel ? room->dead - 1 : room->dead + 1;
    }
    if (moved || !before != !tunnel) {
        s2si_route_dirty(room->gateway, &route->params.destination); /* its group, or whether it is live */
    }
    if ((before && before->bgp && before->bgp->best == 0) || (tunnel && tunnel->bgp && tunnel->bgp->best == 1)) {
        room->select = true;
    }
}

static void remove_route(struct s2si_bgp_room *room, s2s_route *route)
{
    struct s2s_prefix destination = route->params.destination;

    s2si_routing_remove(route);
    s2si_route_free(route);
    s2si_route_dirty(room->gateway, &destination);
}

void s2si_bgp_routes_freed(s2s_route *route)
{
    struct s2si_bgp_room *room = route->gateway->bgp;

    if (room && route->params.type == S2S_ROUTE_BGP) {
        count(route->entry.way, -1);
        room->dead -= route->entry.way ? 0u : 1u;
        room->select = true;
    }
}

static s2s_route *make(struct s2si_bgp_room *room, const struct s2s_prefix *prefix, s2s_tunnel *tunnel)
{
    struct s2s_route_params params;
    s2s_route *route;

    s2s_route_params_init(&params, sizeof(params));
    params.type = S2S_ROUTE_BGP;
    params.destination = *prefix;
    params.priority = params.weight = 0;
    params.publish = 1;
    if (s2si_route_make(room->gateway, tunnel->connection, &params, &route)) {
        return NULL;
    }
    room->dead++; /* until it has a way */
    if (s2si_routing_add(route)) {
        s2si_route_free(route);
        return NULL;
    }
    return route;
}

static void lost(struct s2si_bgp_room *room, s2s_route *route, s2s_time now)
{
    bool alive = s2si_bgp_glue_established(route->entry.way);

    set_way(room, route, NULL);
    room->withdrawn = now;
    room->swept = alive ? room->swept : now;
    s2si_timer_arm(&room->gateway->engine->timers, &room->timer, now + (alive ? TAKEN_BACK : SETTLED));
}

void s2si_bgp_routes_best(struct s2si_bgp_room *room, const struct s2si_bgp_output *out, s2s_time now)
{
    s2s_gateway *gateway = room->gateway;
    s2s_tunnel *tunnel = out->session ? s2si_tunnel_by_id(gateway->engine, (uint32_t)out->owner) : NULL;
    s2s_route *route = find(gateway, &out->prefix);
    char text[S2S_ADDR_TEXT];

    if (tunnel && (!tunnel->bgp || tunnel->connection->deleting)) {
        tunnel = NULL;
    }
    if (!tunnel) {
        if (route && route->entry.way) {
            lost(room, route, now);
        }
        return;
    }
    if (!route) {
        route = make(room, &out->prefix, tunnel);
    }
    if (!route) {
        s2si_event_tunnel(tunnel, S2S_EVENT_BGP_ROUTE_REFUSED, S2S_LOG_ERROR,
                          &(struct s2s_event){ .prefix = out->prefix },
                          "%s: BGP route %s is not used: no room for it (max_routes, or memory)", tunnel->label,
                          s2s_prefix_format(&out->prefix, text));
        return;
    }
    set_way(room, route, tunnel);
}

void s2si_bgp_routes_forget(struct s2si_bgp_room *room, const s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_list *node, *after;

    if (!room) {
        return;
    }
    S2SI_LIST_EACH_SAFE(node, after, &room->gateway->routes) {
        s2s_route *route = S2SI_CONTAINER(node, s2s_route, node);
        if (route->params.type == S2S_ROUTE_BGP && route->entry.way == tunnel) {
            set_way(room, route, NULL);
        }
    }
    if (room->dead) {
        s2si_timer_arm(&room->gateway->engine->timers, &room->timer, now);
    }
}

/* A peer withdrew the last way, its session stands as before, and no session was lost meanwhile: it took that back. */
static bool took_back(const struct s2si_bgp_room *room, const s2s_connection *connection, s2s_time now)
{
    bool stands = false;

    for (size_t i = 0; i < connection->tunnel_count; i++) {
        stands = stands || settled(connection->tunnels[i], now - room->withdrawn, now);
    }
    return stands && now >= room->withdrawn + TAKEN_BACK && (room->swept == 0 || now >= room->swept + SETTLED);
}

/* Whether its connection's peers have told all they have, so that what is still without a way is really gone. */
static bool complete(const s2s_connection *connection, s2s_time now)
{
    bool any = false;

    for (size_t i = 0; i < connection->tunnel_count; i++) {
        any = any || connection->tunnels[i]->bgp;
    }
    for (size_t i = 0; i < connection->tunnel_count; i++) {
        if (settled(connection->tunnels[i], SETTLED, now)) {
            return true;
        }
    }
    return !any;
}

static bool all_complete(const s2s_gateway *gateway, s2s_time now)
{
    const s2s_connection *connection = NULL;

    while ((connection = s2s_connection_next(gateway, connection)) != NULL) {
        if (!complete(connection, now)) {
            return false;
        }
    }
    return true;
}

void s2si_bgp_routes_inherit(s2s_gateway *gateway)
{
    struct s2si_bgp_room *room = gateway->bgp;
    s2s_time now = gateway->engine->now;
    bool keep = room && now < room->born + INHERITANCE && !all_complete(gateway, now) &&
                gateway->effective.when_down != S2S_WHEN_DOWN_BYPASS;
    struct s2si_list *node;

    if (!room) {
        return;
    }
    room->inherited = false;
    S2SI_LIST_EACH(node, &gateway->route_scope.items) {
        struct s2si_item *item = S2SI_CONTAINER(node, struct s2si_item, node);
        bool found = item->inherited || (item->present && !item->wanted && item->state == S2SI_ITEM_IDLE);
        item->inherited = item->kind == S2SI_ITEM_UNREACHABLE && found && !item->marked && keep;
        item->marked = item->marked || item->inherited;
        room->inherited = room->inherited || item->inherited;
    }
    if (room->inherited) {
        s2si_bgp_restarted(room->speaker, SELECTION_DEFERRAL, now);
    }
}

s2s_time s2si_bgp_routes_sweep(struct s2si_bgp_room *room, s2s_time now)
{
    struct s2si_list *node, *after;

    if (room->inherited && (now >= room->born + INHERITANCE || all_complete(room->gateway, now))) {
        s2si_routes_dirty(room->gateway);
    }
    if (room->dead == 0) {
        return room->inherited ? now + SETTLED / 3 : S2S_TIME_NEVER;
    }
    S2SI_LIST_EACH_SAFE(node, after, &room->gateway->routes) {
        s2s_route *route = S2SI_CONTAINER(node, s2s_route, node);
        if (route->params.type == S2S_ROUTE_BGP && !route->entry.way && now >= room->withdrawn + TAKEN_BACK &&
            (complete(route->connection, now) || took_back(room, route->connection, now))) {
            remove_route(room, route);
        }
    }
    return room->dead || room->inherited ? now + SETTLED / 3 : S2S_TIME_NEVER;
}

/* ---- what the gateway announces: the VPC behind it; alibaba: while auto_propagate is on ---- */

struct leaving {
    struct s2si_bgp_room *room;
    const struct s2si_trie *wanted;
    s2s_time now;
};

static bool withdraw_unwanted(void *user, const struct s2s_prefix *prefix, void *value)
{
    const struct leaving *leaving = user;
    (void)value;
    if (!s2si_trie_get(leaving->wanted, prefix)) {
        s2si_bgp_withdraw(leaving->room->speaker, prefix, leaving->now);
    }
    return true;
}

/* What is announced already, or can be now, goes into wanted. @return false: memory was short. */
static bool announce(struct s2si_bgp_room *room, struct s2si_trie *wanted, s2s_time now)
{
    const struct s2s_gateway_params *params = &room->gateway->effective;
    bool all = true;

    for (size_t i = 0; i < params->vpc_cidr_count; i++) {
        const struct s2s_prefix *prefix = &params->vpc_cidrs[i];
        bool there = s2si_trie_get(&room->originated, prefix) || s2si_bgp_originate(room->speaker, prefix, now) == 0;
        int error = there ? s2si_trie_put(wanted, prefix, room) : S2S_ERR_NO_MEMORY;
        if (there && error == S2S_ERR_NO_MEMORY) {
            s2si_bgp_withdraw(room->speaker, prefix, now);
        }
        all = all && error != S2S_ERR_NO_MEMORY;
    }
    return all;
}

void s2si_bgp_routes_originate(struct s2si_bgp_room *room, s2s_time now)
{
    const s2s_gateway *gateway = room->gateway;
    struct s2si_trie wanted;
    struct leaving leaving = { room, &wanted, now };
    bool on = !gateway->profile->routing.bgp_needs_auto_propagate || gateway->effective.auto_propagate == 1;

    s2si_trie_init(&wanted, &gateway->engine->mem);
    if (on && !announce(room, &wanted, now)) {
        s2si_timer_arm(&gateway->engine->timers, &room->timer, now + S2S_SECOND);
    }
    s2si_trie_walk(&room->originated, withdraw_unwanted, &leaving);
    s2si_trie_clear(&room->originated);
    room->originated = wanted;
}
