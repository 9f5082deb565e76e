/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnosis_routes: what is wrong although every tunnel is up: BGP, publication, propagation, routes that overlap,
 * networks that nothing covers. One walk over the gateway; the n-th finding is the one that was asked for.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/address.h"
#include "lib/gateway/objects.h"

struct walk {
    const s2s_gateway *gateway;
    const s2s_connection *connection; /* NULL = all */
    size_t left;                      /* findings to pass over */
    bool found;
    struct s2s_diagnosis *out;
};

static bool hit(struct walk *walk, const char *code, enum s2s_diagnosis_severity severity, const char *object,
                const char *meaning)
{
    if (walk->found || walk->left-- > 0) {
        return false;
    }
    walk->found = true;
    walk->out->code = code;
    walk->out->severity = severity;
    walk->out->meaning = meaning;
    walk->out->at = walk->gateway->engine->now;
    snprintf(walk->out->object, sizeof(walk->out->object), "%s", object);
    return true;
}

static void advise(struct walk *walk, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void advise(struct walk *walk, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(walk->out->advice, sizeof(walk->out->advice), format, arguments);
    va_end(arguments);
}

static bool concerns(const struct walk *walk, const s2s_connection *connection)
{
    return connection && !connection->deleting && (!walk->connection || walk->connection == connection);
}

/* ---- BGP down while phase 2 is up ---- */

static void look_at_bgp(struct walk *walk, s2s_tunnel *tunnel)
{
    struct s2s_bgp_session_state state = {.struct_size = sizeof(state)};
    const s2s_bgp_session *session = s2s_tunnel_bgp_session(tunnel);
    char own[S2S_ADDR_TEXT], far[S2S_ADDR_TEXT];

    if (tunnel->status != S2S_TUNNEL_UP || !session || s2s_bgp_session_get(session, &state) != 0 ||
        state.state == S2S_BGP_ESTABLISHED) {
        return;
    }
    if (!hit(walk, "BgpConsistency", S2S_DIAGNOSIS_CRITICAL, tunnel->label,
             "the IPsec SA is up and the BGP session is not")) {
        return;
    }
    s2s_addr_format(&state.local_ip, own);
    s2s_addr_format(&state.peer_ip, far);
    snprintf(walk->out->local_value, sizeof(walk->out->local_value), "AS %u, %s", state.local_asn, own);
    snprintf(walk->out->remote_value, sizeof(walk->out->remote_value), "AS %u, %s", state.peer_asn, far);
    snprintf(walk->out->log_line, sizeof(walk->out->log_line), "%s", state.last_error ? state.last_error : "");
    advise(
        walk,
        "Tunnel %s is up, its BGP session is %s%s%s. The peer must have AS %u and %s as its inside address, and expect "
        "AS %u at %s; check also that both ends have BGP enabled and the same authentication key.",
        tunnel->label, s2s_bgp_state_name((int)state.state), walk->out->log_line[0] ? ": " : "", walk->out->log_line,
        state.peer_asn, far, state.local_asn, own);
}

/* ---- routes ---- */

static void look_at_publication(struct walk *walk, const s2s_route *route)
{
    const struct s2si_profile_routing *rules = &walk->gateway->profile->routing;
    bool propagation = rules->publish_by_table || route->params.type == S2S_ROUTE_BGP;
    char prefix[S2S_ADDR_TEXT];

    if (s2si_route_wanted(route)) {
        return;
    }
    s2s_prefix_format(&route->params.destination, prefix);
    if (hit(walk, propagation ? "RouteNotPropagated" : "RouteNotPublished", S2S_DIAGNOSIS_CRITICAL, prefix,
            propagation ? "the route does not enter the VPC's route table" : "the route is not published")) {
        advise(walk,
               "Route %s by connection %s is known to the gateway only, so hosts behind it do not find the way: %s.",
               prefix, route->connection->params.name,
               rules->publish_by_table ? "set propagate to true in vpc.route_tables (AWS: enable route propagation)"
               : propagation           ? "set auto_propagate to true (Alibaba: AutoPropagate)"
                                       : "set publish to true in routes (Alibaba: publish the route)");
    }
}

static bool same_weight(const s2s_route *a, const s2s_route *b)
{
    if (a->params.type != b->params.type || a->connection == b->connection ||
        a->params.type == S2S_ROUTE_BGP) { /* what BGP learns twice is decided by BGP */
        return false;
    }
    return a->params.type != S2S_ROUTE_POLICY ||
           (a->params.priority == b->params.priority && s2si_prefix_overlap(&a->params.source, &b->params.source));
}

static void look_at_overlap(struct walk *walk, const s2s_route *route, const s2s_route *other)
{
    char prefix[S2S_ADDR_TEXT], second[S2S_ADDR_TEXT];
    bool equal = route->params.destination.length == other->params.destination.length;

    if (!same_weight(route, other) || !s2si_prefix_overlap(&route->params.destination, &other->params.destination) ||
        (route->params.type != S2S_ROUTE_POLICY && !equal)) { /* the longest prefix decides */
        return;
    }
    s2s_prefix_format(&route->params.destination, prefix);
    s2s_prefix_format(&other->params.destination, second);
    if (hit(walk, "RouteEntryConflict", S2S_DIAGNOSIS_WARN, prefix, "two routes overlap and nothing ranks them")) {
        snprintf(walk->out->local_value, sizeof(walk->out->local_value), "%s by %s", prefix,
                 route->connection->params.name);
        snprintf(walk->out->remote_value, sizeof(walk->out->remote_value), "%s by %s", second,
                 other->connection->params.name);
        advise(walk,
               "%s by %s and %s by %s match the same packets; the one that was made first takes them, and answers may "
               "come "
               "by the other. Give them different priorities, or destinations that do not overlap.",
               prefix, route->connection->params.name, second, other->connection->params.name);
    }
}

static void look_at_routes(struct walk *walk)
{
    const struct s2si_list *at, *next;

    S2SI_LIST_EACH(at, &walk->gateway->routes)
    {
        const s2s_route *route = S2SI_CONTAINER(at, const s2s_route, node);
        if (!concerns(walk, route->connection)) {
            continue;
        }
        look_at_publication(walk, route);
        for (next = at->next; next != &walk->gateway->routes; next = next->next) {
            const s2s_route *other = S2SI_CONTAINER(next, const s2s_route, node);
            if (other->connection && !other->connection->deleting) {
                look_at_overlap(walk, route, other);
            }
        }
    }
}

/* ---- networks of the VPC that no connection protects ---- */

static bool covered(const s2s_connection *connection, const struct s2s_prefix *network)
{
    for (size_t i = 0; i < connection->effective.local_subnet_count; i++) {
        if (s2si_prefix_contains(&connection->effective.local_subnets[i], network)) {
            return true;
        }
    }
    return connection->effective.route_mode == S2S_ROUTE_MODE_DESTINATION;
}

static void look_at_cover(struct walk *walk, const s2s_connection *connection)
{
    const struct s2s_gateway_params *params = &walk->gateway->effective;
    char network[S2S_ADDR_TEXT];

    for (size_t i = 0; i < params->vpc_cidr_count; i++) {
        s2s_prefix_format(&params->vpc_cidrs[i], network);
        if (!covered(connection, &params->vpc_cidrs[i]) && hit(walk, "VpcRouteNotCovered", S2S_DIAGNOSIS_WARN, network,
                                                               "a network of the VPC is in no local subnet")) {
            advise(
                walk,
                "Hosts in %s cannot use connection %s: add the network to local_subnets here and to the peer's remote "
                "networks, or use destination mode.",
                network, connection->params.name);
        }
    }
}

int s2s_gateway_diagnose(const s2s_gateway *gateway, const s2s_connection *connection, size_t index,
                         struct s2s_diagnosis *out)
{
    struct s2s_diagnosis full = {.struct_size = sizeof(full)};
    struct walk walk = {gateway, connection, index, false, &full};
    const struct s2si_list *at;

    if (!gateway || !out || out->struct_size < sizeof(size_t)) {
        return S2S_ERR_INVALID;
    }
    S2SI_LIST_EACH(at, &gateway->connections)
    {
        const s2s_connection *each = S2SI_CONTAINER(at, const s2s_connection, node);
        for (size_t i = 0; concerns(&walk, each) && i < each->tunnel_count; i++) {
            look_at_bgp(&walk, each->tunnels[i]);
        }
        if (concerns(&walk, each)) {
            look_at_cover(&walk, each);
        }
    }
    look_at_routes(&walk);
    if (!walk.found) {
        return S2S_ERR_NOT_FOUND;
    }
    size_t size = out->struct_size;
    full.struct_size = size;
    memcpy(out, &full, size < sizeof(full) ? size : sizeof(full));
    return S2S_OK;
}
