/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lookup of the data path. All routes of the gateway take part, published or not: publishing is about the VPC side
 * (publish.c), and a packet that reaches the gateway by one route's prefix may match another route first.
 */
#include "lib/gateway/route_table.h"

#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/tunnel.h"

int s2si_routing_init(s2s_gateway *gateway)
{
    s2si_trie_init(&gateway->routing.by_destination, &gateway->engine->mem);
    s2si_trie_init(&gateway->routing.destinations, &gateway->engine->mem);
    s2si_trie_init(&gateway->routing.inside, &gateway->engine->mem);
    gateway->routing.policy = NULL;
    gateway->routing.policy_count = gateway->routing.policy_capacity = 0;
    return S2S_OK;
}

void s2si_routing_free(s2s_gateway *gateway)
{
    struct s2si_routing *routing = &gateway->routing;
    s2si_trie_clear(&routing->by_destination);
    s2si_trie_clear(&routing->destinations);
    s2si_trie_clear(&routing->inside);
    s2si_free(&gateway->engine->mem, routing->policy, routing->policy_capacity * sizeof *routing->policy);
    routing->policy = NULL;
    routing->policy_count = routing->policy_capacity = 0;
}

/* ---- making the tables ---- */

/* Ascending priority, then order of creation: never the longest prefix (Alibaba's policy-based routing). */
static bool policy_before(const s2s_route *a, const s2s_route *b)
{
    return a->params.priority != b->params.priority ? a->params.priority < b->params.priority : a->number < b->number;
}

static int put_policy(struct s2si_mem *mem, struct s2si_routing *routing, s2s_route *route)
{
    if (routing->policy_count == routing->policy_capacity) {
        size_t capacity = routing->policy_capacity ? routing->policy_capacity * 2 : 8, size = sizeof *routing->policy;
        void *bigger = s2si_resize(mem, routing->policy, routing->policy_capacity * size, capacity * size);
        if (!bigger)
            return S2S_ERR_NO_MEMORY;
        routing->policy = bigger;
        routing->policy_capacity = capacity;
    }
    size_t at = routing->policy_count++;
    for (; at > 0 && policy_before(route, routing->policy[at - 1]); at--)
        routing->policy[at] = routing->policy[at - 1];
    routing->policy[at] = route;
    return S2S_OK;
}

/* Equal destinations: what the operator wrote before what a peer said, then order of creation. */
static bool destination_before(const s2s_route *a, const s2s_route *b)
{
    bool a_bgp = a->params.type == S2S_ROUTE_BGP, b_bgp = b->params.type == S2S_ROUTE_BGP;
    return a_bgp != b_bgp ? b_bgp : a->number < b->number;
}

static int put_destination(struct s2si_routing *routing, s2s_route *route)
{
    s2s_route *first = s2si_trie_get(&routing->by_destination, &route->params.destination);
    if (!first)
        return s2si_trie_put(&routing->by_destination, &route->params.destination, route);
    if (destination_before(route, first)) {
        route->entry.same = first;
        (void)s2si_trie_replace(&routing->by_destination, &route->params.destination, route);
        return S2S_OK;
    }
    while (first->entry.same && !destination_before(route, first->entry.same))
        first = first->entry.same;
    route->entry.same = first->entry.same;
    first->entry.same = route;
    return S2S_OK;
}

/* The kernel's table knows destinations only: routes of all types to one destination stand together. */
static int join_destination(struct s2si_routing *routing, s2s_route *route)
{
    s2s_route *first = s2si_trie_get(&routing->destinations, &route->params.destination);
    if (!first)
        return s2si_trie_put(&routing->destinations, &route->params.destination, route);
    route->entry.next = first->entry.next;
    first->entry.next = route;
    return S2S_OK;
}

int s2si_routing_rebuild(s2s_gateway *gateway, s2s_time now)
{
    struct s2si_routing *routing = &gateway->routing;
    struct s2si_list *node;
    int error = S2S_OK;
    (void)now;
    s2si_trie_clear(&routing->by_destination);
    s2si_trie_clear(&routing->destinations);
    routing->policy_count = 0;
    S2SI_LIST_EACH(node, &gateway->routes)
    {
        s2s_route *route = S2SI_CONTAINER(node, s2s_route, node);
        route->entry.same = route->entry.next = NULL;
        if (error || !route->connection || route->connection->deleting)
            continue;
        error = route->params.type == S2S_ROUTE_POLICY ? put_policy(&gateway->engine->mem, routing, route)
                                                       : put_destination(routing, route);
        if (!error)
            error = join_destination(routing, route);
    }
    s2si_routes_dirty(gateway);
    return error;
}

/* ---- one destination route more or less ---- */

static void unlink_same(struct s2si_routing *routing, s2s_route *route)
{
    s2s_route *one = s2si_trie_get(&routing->by_destination, &route->params.destination);
    if (one == route && route->entry.same)
        (void)s2si_trie_replace(&routing->by_destination, &route->params.destination, route->entry.same);
    else if (one == route)
        (void)s2si_trie_remove(&routing->by_destination, &route->params.destination);
    while (one && one->entry.same != route)
        one = one->entry.same;
    if (one)
        one->entry.same = route->entry.same;
    route->entry.same = NULL;
}

static void unlink_next(struct s2si_routing *routing, s2s_route *route)
{
    s2s_route *one = s2si_trie_get(&routing->destinations, &route->params.destination);
    if (one == route && route->entry.next)
        (void)s2si_trie_replace(&routing->destinations, &route->params.destination, route->entry.next);
    else if (one == route)
        (void)s2si_trie_remove(&routing->destinations, &route->params.destination);
    while (one && one->entry.next != route)
        one = one->entry.next;
    if (one)
        one->entry.next = route->entry.next;
    route->entry.next = NULL;
}

int s2si_routing_add(s2s_route *route)
{
    struct s2si_routing *routing = &route->gateway->routing;
    route->entry.same = route->entry.next = NULL;
    int error = put_destination(routing, route);
    if (!error)
        error = join_destination(routing, route);
    if (error)
        unlink_same(routing, route);
    return error;
}

void s2si_routing_remove(s2s_route *route)
{
    unlink_same(&route->gateway->routing, route);
    unlink_next(&route->gateway->routing, route);
}

int s2si_routing_inside(s2s_gateway *gateway)
{
    struct s2si_trie *inside = &gateway->routing.inside;
    int error = S2S_OK;
    s2si_trie_clear(inside);
    for (s2s_tunnel *tunnel = s2si_tunnel_next(gateway, NULL); tunnel && !error; tunnel = s2si_tunnel_next(gateway, tunnel)) {
        struct s2s_prefix host = {tunnel->inside_remote, (uint8_t)(s2si_addr_length(&tunnel->inside_remote) * 8)};
        if (host.length && !s2si_trie_get(inside, &host))
            error = s2si_trie_put(inside, &host, tunnel);
    }
    return error;
}

/* ---- the lookup ---- */

/* The first usable tunnel of a connection that does not hold the gateway's active pointer; when all are suspect, one with SAs
   (select.c has the same rule for the pointer). */
static s2s_tunnel *own_tunnel(const s2s_connection *connection)
{
    s2s_tunnel *suspect = NULL;
    for (size_t i = 0; i < connection->tunnel_count; i++) {
        s2s_tunnel *tunnel = connection->tunnels[i];
        if (tunnel && tunnel->health.usable)
            return tunnel;
        if (tunnel && !suspect && s2si_health_possible(tunnel))
            suspect = tunnel;
    }
    return suspect;
}

s2s_tunnel *s2si_route_way(s2s_tunnel *way)
{
    s2s_tunnel *active = way ? s2si_group_of(way->connection)->active : NULL;
    if (!way || way == active || (way->health.usable && !way->health.bgp_bad))
        return way;
    return active && active->connection == way->connection && s2si_bgp_glue_established(active) ? active : NULL;
}

s2s_tunnel *s2si_route_tunnel(const s2s_route *route)
{
    for (const s2s_route *one = route; one; one = one->entry.same) {
        s2s_tunnel *active = s2si_group_of(one->connection)->active;
        if (one->params.type == S2S_ROUTE_BGP)
            active = s2si_route_way(one->entry.way);
        else if (active && active->connection != one->connection)
            active = NULL;
        if (active)
            return active;
    }
    /* One egress for the gateway, but on a connection without this route: its own connections carry it. */
    for (const s2s_route *one = route; one; one = one->entry.same) {
        s2s_tunnel *tunnel = one->params.type == S2S_ROUTE_BGP ? NULL : own_tunnel(one->connection);
        if (tunnel)
            return tunnel;
    }
    return NULL;
}

/* A source that is not given matches all (family 0). */
static bool policy_matches(const s2s_route *route, const struct s2s_addr *source, const struct s2s_addr *destination)
{
    const struct s2s_route_params *params = &route->params;
    return s2si_prefix_has(&params->destination, destination) &&
           (params->source.addr.family == 0 || s2si_prefix_has(&params->source, source));
}

s2s_tunnel *s2si_route_lookup(const s2s_gateway *gateway, const struct s2s_addr *source, const struct s2s_addr *destination,
                              s2s_route **route)
{
    const struct s2si_routing *routing = &gateway->routing;
    for (size_t i = 0; i < routing->policy_count; i++) {
        if (!policy_matches(routing->policy[i], source, destination))
            continue;
        *route = routing->policy[i];
        return s2si_group_of((*route)->connection)->active;
    }
    *route = s2si_trie_match(&routing->by_destination, destination);
    return *route ? s2si_route_tunnel(*route) : NULL;
}
