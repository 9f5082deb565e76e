/* SPDX-License-Identifier: Apache-2.0 */
/*
 * desired: what a scope should have now, computed from the objects alone.
 *
 *   base     bind our outside addresses, one TUN device, an inside address per tunnel, with BGP a listener on it
 *   routes   what publish says: routes through the device, fail-closed routes
 *   tunnel   for each CHILD_SA the directions that IKE wants; policies for kernels with ESP
 *   paths    for kernels with ESP: which tunnel each group uses
 */
#include <string.h>

#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/reconcile.h"
#include "lib/gateway/tunnel.h"

#define DEFAULT_MTU 1400
#define MANY_NETWORKS 64 /* of ours: then each change of a route has all of them looked at */

/* The gateway goes: its tunnels have said goodbye. */
static bool gone(const s2s_gateway *gateway)
{
    return gateway->engine->removing || gateway->removing;
}

static void want_bound(s2s_gateway *gateway, const struct s2s_addr *addr)
{
    struct s2si_item_content content = { .addr = *addr };

    if (addr->family) {
        s2si_desired_want(gateway->engine, &gateway->base_scope, S2SI_ITEM_BIND, &content);
    }
}

/* The address of a tunnel, and as long as it says goodbye the one that its SAs still use. */
static void want_bind(s2s_gateway *gateway, const s2s_tunnel *tunnel)
{
    struct s2si_ike_status ike;

    if (tunnel->effective.enabled != 0) {
        want_bound(gateway, &tunnel->local);
    }
    if (tunnel->planned != S2SI_PLANNED_NONE && tunnel->peer) {
        s2si_ike_peer_status(tunnel->peer, &ike);
        want_bound(gateway, &ike.local.addr);
    }
}

static void want_address(s2s_engine *engine, s2s_gateway *gateway, const s2s_tunnel *tunnel)
{
    struct s2si_item_content content = { 0 };
    bool on = tunnel->effective.enabled != 0 || tunnel->planned != S2SI_PLANNED_NONE; /* the farewell of BGP needs it */

    if (!on || tunnel->inside_local.family == 0) {
        return;
    }
    content.addr = tunnel->inside_local;
    content.prefix.addr = tunnel->inside_local;
    content.prefix.length = tunnel->inside_length;
    s2si_prefix_mask(&content.prefix);
    s2si_desired_want(engine, &gateway->base_scope, S2SI_ITEM_ADDRESS, &content);
}

static void mark_base(s2s_engine *engine, s2s_gateway *gateway)
{
    struct s2si_item_content device = { 0 };
    s2s_tunnel *tunnel = NULL;

    if (gone(gateway)) {
        return;
    }
    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        want_bind(gateway, tunnel);
        if (engine->capabilities & S2S_KERNEL_ROUTES) {
            want_address(engine, gateway, tunnel);
        }
        s2si_bgp_glue_want(gateway, tunnel);
    }
    if ((engine->capabilities & S2S_KERNEL_ROUTES) && !s2si_list_empty(&gateway->connections)) {
        device.mtu = gateway->mtu ? gateway->mtu : DEFAULT_MTU;
        s2si_desired_want(engine, &gateway->base_scope, S2SI_ITEM_DEVICE, &device);
    }
}

/* While routes are marked: which prefix lengths there are, so that looking for wider ones is cheap. */
struct routes {
    s2s_gateway *gateway;
    bool length[2][129]; /* IPv4, IPv6 */
    uint32_t table;
};

static bool want_route(void *user, const struct s2s_action_route *route, const char *device)
{
    struct routes *routes = user;
    struct s2si_item_content content;
    (void)device;

    s2si_route_content(route, &content);
    routes->length[route->prefix.addr.family == 6][route->prefix.length] = true;
    routes->table = route->table;
    s2si_desired_want(routes->gateway->engine, &routes->gateway->route_scope, s2si_route_item_kind(route->kind), &content);
    return true;
}

static bool is_wanted(struct s2si_scope *scope, enum s2si_item_kind kind, const struct s2si_item_content *content)
{
    const struct s2si_item *item = s2si_item_find(scope, kind, content);
    return item && item->marked;
}

/* A network of ours inside a wider VPN prefix stays out of the VPN; but one that is itself behind another tunnel (traffic that
   passes through from tunnel to tunnel) does not. */
static void want_local(struct routes *routes, const struct s2s_prefix *network)
{
    struct s2si_scope *scope = &routes->gateway->route_scope;
    struct s2si_item_content wider = { .table = routes->table }, local = { .prefix = *network, .table = routes->table };

    if (is_wanted(scope, S2SI_ITEM_ROUTE, &local) || is_wanted(scope, S2SI_ITEM_UNREACHABLE, &local)) {
        return;
    }
    for (uint8_t length = 0; length < network->length; length++) {
        if (!routes->length[network->addr.family == 6][length]) {
            continue;
        }
        wider.prefix = *network;
        wider.prefix.length = length;
        s2si_prefix_mask(&wider.prefix);
        if (is_wanted(scope, S2SI_ITEM_ROUTE, &wider) || is_wanted(scope, S2SI_ITEM_UNREACHABLE, &wider)) {
            s2si_desired_want(routes->gateway->engine, scope, S2SI_ITEM_LOCAL, &local);
            return;
        }
    }
}

static void mark_routes(s2s_gateway *gateway)
{
    struct routes routes = { .gateway = gateway };
    struct s2si_list *node;

    s2si_publish_each(gateway, want_route, &routes);
    for (size_t i = 0; i < gateway->effective.vpc_cidr_count; i++) {
        want_local(&routes, &gateway->effective.vpc_cidrs[i]);
    }
    S2SI_LIST_EACH(node, &gateway->connections) {
        const s2s_connection *connection = S2SI_CONTAINER(node, s2s_connection, node);
        for (size_t i = 0; i < connection->effective.local_subnet_count; i++) {
            want_local(&routes, &connection->effective.local_subnets[i]);
        }
    }
}

/* Networks of ours inside a prefix: whether the kernel has to be told to keep them out depends on it. */
static bool holds_network_of_ours(const s2s_gateway *gateway, const struct s2s_prefix *prefix)
{
    const struct s2si_list *node;

    for (size_t i = 0; i < gateway->effective.vpc_cidr_count; i++) {
        if (s2si_prefix_contains(prefix, &gateway->effective.vpc_cidrs[i])) {
            return true;
        }
    }
    S2SI_LIST_EACH(node, &gateway->connections) {
        const s2s_connection *connection = S2SI_CONTAINER(node, const s2s_connection, node);
        for (size_t i = 0; i < connection->effective.local_subnet_count; i++) {
            if (s2si_prefix_contains(prefix, &connection->effective.local_subnets[i])) {
                return true;
            }
        }
    }
    return false;
}

bool s2si_desired_route(s2s_gateway *gateway, const struct s2s_prefix *destination)
{
    struct routes routes = { .gateway = gateway };

    if (gone(gateway)) {
        return true;
    }
    if (gateway->effective.vpc_cidr_count > MANY_NETWORKS || holds_network_of_ours(gateway, destination)) {
        return false;
    }
    s2si_publish_one(gateway, destination, want_route, &routes);
    return true;
}

static void want_policies(s2s_engine *engine, s2s_tunnel *tunnel, const struct s2si_ike_child *child,
                          enum s2si_item_kind kind)
{
    struct s2si_item_content content = { 0 };
    uint32_t pairs = (uint32_t)child->local_ts_count * child->remote_ts_count;

    content.child = child->id;
    content.tunnel = tunnel->id;
    for (content.selector = 0; content.selector < pairs; content.selector++) {
        s2si_selector_to_prefix(&child->local_ts[content.selector / child->remote_ts_count], &content.prefix);
        s2si_selector_to_prefix(&child->remote_ts[content.selector % child->remote_ts_count], &content.source);
        s2si_desired_want(engine, &tunnel->scope, kind, &content);
    }
}

static void want_child(s2s_engine *engine, s2s_tunnel *tunnel, const struct s2si_ike_child *child)
{
    struct s2si_item_content content = { 0 };

    content.child = child->id;
    content.remote = child->remote;
    if (child->want_in) {
        content.spi = child->spi_in;
        s2si_desired_want(engine, &tunnel->scope, S2SI_ITEM_SA_IN, &content);
    }
    if (child->want_out) {
        content.spi = child->spi_out;
        s2si_desired_want(engine, &tunnel->scope, S2SI_ITEM_SA_OUT, &content);
    }
}

/* Policies belong to the tunnel, not to one CHILD_SA: a rekeyed one takes over those of the one before it. */
static void want_policies_of(s2s_engine *engine, s2s_tunnel *tunnel, const struct s2si_ike_child *in,
                             const struct s2si_ike_child *out)
{
    if (!(engine->capabilities & S2S_KERNEL_ESP)) {
        return;
    }
    if (in) {
        want_policies(engine, tunnel, in, S2SI_ITEM_POLICY_IN);
    }
    if (out) {
        want_policies(engine, tunnel, out, S2SI_ITEM_POLICY_OUT);
    }
}

/* A tunnel on demand: policies without SA, by which the kernel tells that traffic wants it (NOTICE_ACQUIRE). */
static void want_trap(s2s_engine *engine, s2s_tunnel *tunnel)
{
    static const struct s2s_prefix any = { .addr.family = 4 };
    const struct s2s_connection_params *given = &tunnel->connection->effective;
    bool all = given->route_mode == S2S_ROUTE_MODE_DESTINATION;
    size_t locals = all ? 0 : given->local_subnet_count, remotes = all ? 0 : given->remote_subnet_count;
    struct s2si_item_content content = { .tunnel = tunnel->id };
    uint32_t pairs = (uint32_t)((locals ? locals : 1) * (remotes ? remotes : 1));

    for (; content.selector < pairs; content.selector++) {
        content.prefix = locals ? given->local_subnets[content.selector / (remotes ? remotes : 1)] : any;
        content.source = remotes ? given->remote_subnets[content.selector % remotes] : any;
        s2si_desired_want(engine, &tunnel->scope, S2SI_ITEM_POLICY_OUT, &content);
    }
}

static bool traps(const s2s_engine *engine, const s2s_tunnel *tunnel)
{
    return (engine->capabilities & S2S_KERNEL_ESP) && tunnel->effective.enabled != 0 &&
           tunnel->effective.startup_action == S2S_STARTUP_TRAP && !tunnel->connection->deleting &&
           !engine->shutting_down;
}

static void mark_tunnel(s2s_engine *engine, s2s_tunnel *tunnel)
{
    const struct s2si_ike_child *child = NULL, *newest_in = NULL, *newest_out = NULL;

    if (!tunnel->peer) {
        return;
    }
    while ((child = s2si_ike_child_next(tunnel->peer, child)) != NULL) {
        want_child(engine, tunnel, child);
        newest_in = child->want_in && (!newest_in || child->id > newest_in->id) ? child : newest_in;
        newest_out = child->want_out && (!newest_out || child->id > newest_out->id) ? child : newest_out;
    }
    want_policies_of(engine, tunnel, newest_in, newest_out);
    if (!newest_out && traps(engine, tunnel)) {
        want_trap(engine, tunnel);
    }
}

static void want_path(s2s_engine *engine, s2s_gateway *gateway, const struct s2si_group *group)
{
    struct s2si_item_content content = { 0 };

    if (group->id == 0 || !group->active) {
        return;
    }
    content.group = group->id;
    content.tunnel = group->active->id;
    s2si_desired_want(engine, &gateway->path_scope, S2SI_ITEM_PATH, &content);
}

static void mark_paths(s2s_engine *engine, s2s_gateway *gateway)
{
    struct s2si_list *node;

    want_path(engine, gateway, &gateway->group);
    S2SI_LIST_EACH(node, &gateway->connections) {
        want_path(engine, gateway, &S2SI_CONTAINER(node, s2s_connection, node)->group);
    }
}

void s2si_desired_mark(s2s_engine *engine, struct s2si_scope *scope)
{
    switch (scope->kind) {
    case S2SI_SCOPE_BASE:
        mark_base(engine, scope->owner);
        break;
    case S2SI_SCOPE_ROUTES:
        if ((engine->capabilities & S2S_KERNEL_ROUTES) && !gone(scope->owner)) {
            mark_routes(scope->owner);
            s2si_bgp_routes_inherit(scope->owner);
        }
        break;
    case S2SI_SCOPE_TUNNEL:
        mark_tunnel(engine, scope->owner);
        break;
    default: /* a kernel without ESP has no paths: the data path follows the group's pointer */
        if (engine->capabilities & S2S_KERNEL_ESP) {
            mark_paths(engine, scope->owner);
        }
    }
}
