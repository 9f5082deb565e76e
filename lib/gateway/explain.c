/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain: which way a packet would take, and if none, what is missing, in the order in which a person would look: a route,
 * its publication on the VPC side, a live path, the selectors of its tunnel.
 */
#include <stdio.h>

#include "lib/gateway/objects.h"

static const char *const type_words[] = {"policy", "destination", "static", "bgp"};

/* A person's copy lives in the engine's detail text until the next call. */
static int say(const s2s_gateway *gateway, int result, const char **text)
{
    *text = gateway->engine->detail;
    return result;
}

static const char *why_unpublished(const s2s_gateway *gateway, const s2s_route *route)
{
    if (gateway->profile->routing.publish_by_table)
        return "no route table of the VPC propagates: turn on vpc.route_tables[].propagate";
    if (route->params.type == S2S_ROUTE_BGP)
        return "auto_propagate is off: BGP routes do not enter the VPC";
    return "it is not published: publish it (routes[].publish)";
}

int s2s_gateway_explain(const s2s_gateway *gateway, const struct s2s_addr *source, const struct s2s_addr *destination,
                        const char **text)
{
    char from[S2S_ADDR_TEXT], to[S2S_ADDR_TEXT], prefix[S2S_ADDR_TEXT], label[96];
    if (!gateway || !source || !destination || !text)
        return S2S_ERR_INVALID;
    char *out = gateway->engine->detail;
    const size_t size = sizeof gateway->engine->detail;
    s2s_route *route = NULL;
    s2s_tunnel *tunnel = s2si_route_lookup(gateway, source, destination, &route);
    s2s_addr_format(source, from);
    s2s_addr_format(destination, to);
    if (!route) {
        (void)snprintf(out, size, "%s to %s: no route of gateway %s covers the destination", from, to, gateway->params.name);
        return say(gateway, S2S_ERR_NOT_FOUND, text);
    }
    s2s_prefix_format(&route->params.destination, prefix);
    const char *type = type_words[route->params.type];
    if (!s2si_route_wanted(route)) {
        (void)snprintf(out, size, "%s to %s: %s route %s by connection %s exists, but %s", from, to, type, prefix,
                       route->connection->params.name, why_unpublished(gateway, route));
        return say(gateway, S2S_ERR_NOT_FOUND, text);
    }
    if (!tunnel) {
        (void)snprintf(out, size, "%s to %s: %s route %s by connection %s has no live tunnel: the prefix is unreachable", from, to,
                       type, prefix, route->connection->params.name);
        return say(gateway, S2S_ERR_NOT_FOUND, text);
    }
    (void)snprintf(out, size, "%s to %s: %s route %s, tunnel %s", from, to, type, prefix,
                   s2si_tunnel_label(tunnel, label, sizeof label));
    return say(gateway, S2S_OK, text);
}
