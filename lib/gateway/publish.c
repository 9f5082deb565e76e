/* SPDX-License-Identifier: Apache-2.0 */
/*
 * publish: what of the gateway's routes the VPC side knows, that is, which routes the kernel has. Two per destination:
 * through the device while there is a live path, and "unreachable" at a worse metric that stays (fail closed: a prefix
 * that is to be protected never follows the default route in clear, also after a crash, since a TUN takes its routes
 * along and the unreachable one does not depend on it).
 */
#include "lib/gateway/objects.h"

/* Added to the gateway's metric for the fail-closed routes. */
#define UNREACHABLE_METRIC 10000

static bool any_table_propagates(const s2s_gateway *gateway)
{
    const struct s2s_gateway_params *params = &gateway->effective;
    const uint8_t *at = (const uint8_t *)params->route_tables;
    for (size_t i = 0; i < params->route_table_count; i++) {
        const struct s2s_route_table_params *table = (const void *)(at + i * params->route_tables[0].struct_size);
        if (table->propagate == 1)
            return true;
    }
    return false;
}

/* A cloud's VPC reaches its own networks by its local (system) route; no propagated route beats that, however long. */
static bool is_local(const s2s_gateway *gateway, const struct s2s_prefix *destination)
{
    const struct s2s_gateway_params *params = &gateway->effective;
    if (!gateway->profile->routing.local_first)
        return false;
    for (size_t i = 0; i < params->vpc_cidr_count; i++)
        if (params->vpc_cidrs[i].length && s2si_prefix_contains(&params->vpc_cidrs[i], destination))
            return true;
    return false;
}

bool s2si_route_wanted(const s2s_route *route)
{
    const s2s_gateway *gateway = route->gateway;
    const struct s2si_profile_routing *rules = &gateway->profile->routing;
    if (!route->connection || route->connection->deleting || gateway->deleting)
        return false;
    if (is_local(gateway, &route->params.destination))
        return false;
    if (rules->publish_by_table)
        return any_table_propagates(gateway);
    if (route->params.type == S2S_ROUTE_BGP)
        return !rules->bgp_needs_auto_propagate || gateway->effective.auto_propagate == 1;
    return route->published;
}

/* A route without SA may still be wanted in the kernel: traffic is what brings a trap tunnel up. */
static bool waits_for_traffic(const s2s_connection *connection)
{
    for (size_t i = 0; i < connection->tunnel_count; i++)
        if (connection->tunnels[i] && connection->tunnels[i]->effective.enabled != 0 &&
            connection->tunnels[i]->effective.startup_action == S2S_STARTUP_TRAP)
            return true;
    return false;
}

static bool live(const s2s_route *route)
{
    if (route->params.type == S2S_ROUTE_POLICY)
        return s2si_group_of(route->connection)->active != NULL || waits_for_traffic(route->connection);
    return s2si_route_tunnel(route) != NULL || waits_for_traffic(route->connection);
}

/* The router's own packets need a source inside the selectors; the inside address is the one we know. */
static struct s2s_addr preferred_source(const s2s_route *route)
{
    static const struct s2s_addr none;
    const s2s_connection *connection = route->connection;
    const s2s_tunnel *tunnel = connection->tunnel_count ? connection->tunnels[0] : NULL;
    if (!tunnel || tunnel->inside_local.family != route->params.destination.addr.family)
        return none;
    for (size_t i = 0; i < connection->effective.local_subnet_count; i++)
        if (s2si_prefix_has(&connection->effective.local_subnets[i], &tunnel->inside_local))
            return tunnel->inside_local;
    return connection->effective.local_subnet_count == 0 ? tunnel->inside_local : none;
}

static void describe(const s2s_route *route, enum s2s_route_kind kind, struct s2s_action_route *out)
{
    const struct s2s_gateway_params *params = &route->gateway->effective;
    static const struct s2s_action_route empty;
    uint32_t metric = params->metric > 0 ? (uint32_t)params->metric : 0;
    *out = empty;
    out->prefix = route->params.destination;
    out->kind = kind;
    out->table = params->table > 0 ? (uint32_t)params->table : 0;
    out->group = s2si_group_of(route->connection)->id;
    if (kind == S2S_ROUTE_TUNNEL) {
        out->metric = metric;
        out->preferred_source = preferred_source(route);
    } else {
        out->metric = metric + UNREACHABLE_METRIC;
    }
}

/* Of the routes to one destination, the one that speaks for it toward the kernel: a live one, else any that is wanted. */
static s2s_route *speaker(s2s_route *first)
{
    s2s_route *wanted = NULL;
    for (s2s_route *route = first; route; route = route->entry.next) {
        route->entry.wanted = s2si_route_wanted(route);
        if (route->entry.wanted && (!wanted || (!live(wanted) && live(route))))
            wanted = route;
    }
    return wanted;
}

struct visitor {
    s2s_gateway *gateway;
    bool (*visit)(void *user, const struct s2s_action_route *route, const char *device);
    void *user;
};

static bool visit_destination(void *user, const struct s2s_prefix *prefix, void *value)
{
    const struct visitor *visitor = user;
    const s2s_gateway *gateway = visitor->gateway;
    const s2s_route *route = speaker(value);
    struct s2s_action_route action;
    bool more = true;
    (void)prefix;
    if (!route)
        return true;
    if (gateway->device_up && live(route)) {
        describe(route, S2S_ROUTE_TUNNEL, &action);
        more = visitor->visit(visitor->user, &action, gateway->device);
    }
    if (more && gateway->effective.when_down != S2S_WHEN_DOWN_BYPASS) {
        describe(route, S2S_ROUTE_UNREACHABLE, &action);
        more = visitor->visit(visitor->user, &action, gateway->device);
    }
    return more;
}

void s2si_publish_each(s2s_gateway *gateway, bool (*visit)(void *user, const struct s2s_action_route *route, const char *device),
                       void *user)
{
    struct visitor visitor = {gateway, visit, user};
    s2si_trie_walk(&gateway->routing.destinations, visit_destination, &visitor);
}

void s2si_publish_one(s2s_gateway *gateway, const struct s2s_prefix *destination,
                      bool (*visit)(void *user, const struct s2s_action_route *route, const char *device), void *user)
{
    struct visitor visitor = {gateway, visit, user};
    void *first = s2si_trie_get(&gateway->routing.destinations, destination);
    if (first)
        visit_destination(&visitor, destination, first);
}

void s2si_publish_installed(s2s_gateway *gateway, const struct s2s_action_route *action, bool installed, s2s_time now)
{
    s2s_route *route = s2si_trie_get(&gateway->routing.destinations, &action->prefix);
    (void)now;
    if (action->kind != S2S_ROUTE_TUNNEL || !route || route->entry.installed == installed)
        return;
    struct s2s_event extra = {.prefix = action->prefix};
    char text[S2S_ADDR_TEXT];
    for (s2s_route *one = route; one; one = one->entry.next)
        one->entry.installed = installed;
    s2si_event_gateway(gateway, installed ? S2S_EVENT_ROUTE_PUBLISHED : S2S_EVENT_ROUTE_WITHDRAWN, S2S_LOG_INFO, &extra,
                       "route to %s %s", s2s_prefix_format(&action->prefix, text),
                       installed ? "is known on the VPC side" : "is gone from the VPC side");
}
