/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/forward.h"

#include "lib/gateway/actual.h"
#include "lib/gateway/objects.h"

static bool is_link_local(const struct s2s_addr *addr)
{
    return addr->family == 6 ? addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80
                             : addr->bytes[0] == 169 && addr->bytes[1] == 254;
}

/* Whether the kernel has it already, or still: it may have refused it, or be late. */
static bool is_installed(const s2s_tunnel *tunnel)
{
    struct s2si_item_content key = { .addr = tunnel->inside_local };
    const struct s2si_item *item;

    if (!(tunnel->engine->capabilities & S2S_KERNEL_ROUTES))
        return true; /* somebody else's business */
    key.prefix.addr = tunnel->inside_local;
    key.prefix.length = tunnel->inside_length;
    s2si_prefix_mask(&key.prefix);
    item = s2si_item_find(&tunnel->gateway->base_scope, S2SI_ITEM_ADDRESS, &key);
    return item && item->present;
}

/* The kernel takes it in itself: an inside address that it has, or the host's own one that probes come from. */
static bool is_delivered_here(const s2s_gateway *gateway, const struct s2s_addr *addr)
{
    for (const s2s_tunnel *each = s2si_tunnel_next(gateway, NULL); each; each = s2si_tunnel_next(gateway, each))
        if (s2si_addr_equal(addr, &each->effective.probe_source) ||
            (s2si_addr_equal(addr, &each->inside_local) && is_installed(each)))
            return true;
    return false;
}

/* An address of the gateway itself on the inside of a tunnel. */
static bool is_own_address(const s2s_gateway *gateway, const struct s2s_addr *addr)
{
    for (const s2s_tunnel *each = s2si_tunnel_next(gateway, NULL); each; each = s2si_tunnel_next(gateway, each))
        if (s2si_addr_equal(addr, &each->inside_local) || s2si_addr_equal(addr, &each->effective.probe_source))
            return true;
    return false;
}

static bool lies_in(const struct s2s_prefix *prefixes, size_t count, const struct s2s_addr *addr)
{
    for (size_t i = 0; i < count; i++)
        if (prefixes[i].length && s2si_prefix_has(&prefixes[i], addr))
            return true;
    return false;
}

/* AWS hands packets from one connection to another where the other's far end announced the prefix (CloudHub). */
static bool is_between_connections(const s2s_tunnel *tunnel, const struct s2si_ip *ip)
{
    s2s_route *route = NULL;
    if (!tunnel->gateway->profile->routing.bgp_between_connections)
        return false;
    (void)s2si_route_lookup(tunnel->gateway, &ip->source, &ip->destination, &route);
    return route && route->params.type == S2S_ROUTE_BGP && route->connection != tunnel->connection;
}

/* Where neither the VPC nor the selectors name our networks, nothing is known to be transit. */
static bool is_transit(const s2s_tunnel *tunnel, const struct s2si_ip *ip)
{
    const struct s2s_gateway_params *gateway = &tunnel->gateway->effective;
    const struct s2s_connection_params *connection = &tunnel->connection->effective;
    if (gateway->transit != 0 || gateway->vpc_cidr_count == 0 ||
        lies_in(gateway->vpc_cidrs, gateway->vpc_cidr_count, &ip->destination) ||
        lies_in(connection->local_subnets, connection->local_subnet_count, &ip->destination))
        return false;
    return !is_own_address(tunnel->gateway, &ip->destination) && !is_between_connections(tunnel, ip);
}

/*
 * Link-local addresses are not forwarded (RFC 3927 section 2.7, RFC 4291 section 2.5.6), but kernels do forward 169.254/16:
 * a session or a probe toward an inside address that we do not have (yet) would leave by the default route, in clear.
 */
enum s2s_drop_reason s2si_forward_refusal(const s2s_tunnel *tunnel, const struct s2si_ip *ip)
{
    if (is_link_local(&ip->destination))
        return is_delivered_here(tunnel->gateway, &ip->destination) ? S2S_DROP_NONE : S2S_DROP_NO_ROUTE;
    return is_transit(tunnel, ip) ? S2S_DROP_TRANSIT : S2S_DROP_NONE;
}
