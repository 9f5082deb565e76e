/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/cloud/rules_common.h"

#include <stdio.h>

static char *text_of(const struct s2s_prefix *prefix, char *out)
{
    return s2s_prefix_format(prefix, out);
}

static bool inside_given(const struct s2s_tunnel_params *tunnel)
{
    return tunnel->bgp_tunnel_cidr.addr.family != 0;
}

void s2si_rule_inside_network(const struct s2si_rule_input *input, const struct s2si_inside_rule *rule)
{
    const struct s2s_prefix *cidr = &input->tunnel->bgp_tunnel_cidr;
    struct s2s_prefix network;
    char text[S2S_ADDR_TEXT];
    if (!inside_given(input->tunnel))
        return;
    bool good = cidr->length == rule->length;
    if (rule->network && s2s_prefix_parse(rule->network, &network) == 0)
        good = good && s2si_prefix_contains(&network, cidr);
    for (size_t i = 0; good && i < rule->reserved_count; i++) {
        struct s2s_prefix reserved;
        good = s2s_prefix_parse(rule->reserved[i], &reserved) != 0 || !s2si_prefix_overlap(&reserved, cidr);
    }
    if (!good)
        s2si_errors_add(input->errors, "bgp.tunnel_cidr", text_of(cidr, text), "%s", rule->rule);
}

static bool same_inside(const struct s2s_tunnel_params *a, const struct s2s_tunnel_params *b)
{
    return a != b && inside_given(b) && s2si_prefix_overlap(&a->bgp_tunnel_cidr, &b->bgp_tunnel_cidr);
}

void s2si_rule_inside_unique(const struct s2si_rule_input *input)
{
    char text[S2S_ADDR_TEXT];
    bool taken = false;
    if (!inside_given(input->tunnel))
        return;
    for (size_t i = 0; i + 1 < input->tunnel_index && i < input->tunnel_count; i++)
        taken = taken || same_inside(input->tunnel, input->tunnels[i]);
    for (size_t i = 0; i < input->other_count; i++)
        taken = taken || same_inside(input->tunnel, input->others[i]);
    if (taken)
        s2si_errors_add(input->errors, "bgp.tunnel_cidr", text_of(&input->tunnel->bgp_tunnel_cidr, text),
                        "each tunnel of a gateway has a tunnel CIDR of its own");
}

/* Neither the network's own address nor its broadcast address. */
static bool is_host(const struct s2s_prefix *network, const struct s2s_addr *addr)
{
    struct s2s_addr first = s2si_prefix_host(network, 0), last = s2si_prefix_last(network);
    bool ends = network->addr.family == 4 && network->length < 31 &&
                (s2si_addr_equal(addr, &first) || s2si_addr_equal(addr, &last));
    return s2si_prefix_has(network, addr) && !ends;
}

static void check_host(const struct s2si_rule_input *input, const char *field, const struct s2s_addr *addr)
{
    char text[S2S_ADDR_TEXT], network[S2S_ADDR_TEXT];
    const struct s2s_prefix *cidr = &input->tunnel->bgp_tunnel_cidr;
    if (addr->family && !is_host(cidr, addr))
        s2si_errors_add(input->errors, field, s2s_addr_format(addr, text), "is a host address of the tunnel CIDR %s",
                        text_of(cidr, network));
}

void s2si_rule_inside_hosts(const struct s2si_rule_input *input)
{
    const struct s2s_tunnel_params *tunnel = input->tunnel;
    char text[S2S_ADDR_TEXT];
    if (!inside_given(tunnel))
        return;
    check_host(input, "bgp.local_ip", &tunnel->bgp_local_ip);
    check_host(input, "bgp.peer_ip", &tunnel->bgp_peer_ip);
    if (tunnel->bgp_local_ip.family && s2si_addr_equal(&tunnel->bgp_local_ip, &tunnel->bgp_peer_ip))
        s2si_errors_add(input->errors, "bgp.peer_ip", s2s_addr_format(&tunnel->bgp_peer_ip, text),
                        "differs from bgp.local_ip");
}

/* ---- subnets ---- */

static void check_apart(const struct s2si_rule_input *input, const struct s2s_prefix *ours, size_t our_count,
                        const char *our_word)
{
    const struct s2s_connection_params *connection = input->connection;
    for (size_t i = 0; i < our_count; i++) {
        for (size_t k = 0; k < connection->remote_subnet_count; k++) {
            const struct s2s_prefix *mine = &ours[i], *theirs = &connection->remote_subnets[k];
            char field[40], a[S2S_ADDR_TEXT], b[S2S_ADDR_TEXT];
            if (mine->length == 0 || theirs->length == 0 || !s2si_prefix_overlap(mine, theirs))
                continue;
            (void)snprintf(field, sizeof field, "remote_subnets[%zu]", k);
            s2si_errors_add(input->errors, field, text_of(theirs, a), "does not overlap %s %s", our_word,
                            text_of(mine, b));
        }
    }
}

void s2si_rule_subnets_apart(const struct s2si_rule_input *input)
{
    check_apart(input, input->connection->local_subnets, input->connection->local_subnet_count, "local_subnets");
}

void s2si_rule_vpc_apart(const struct s2si_rule_input *input)
{
    if (input->gateway)
        check_apart(input, input->gateway->vpc_cidrs, input->gateway->vpc_cidr_count, "the gateway's own vpc.cidr");
}

void s2si_rule_route_apart(const struct s2si_rule_input *input)
{
    const struct s2s_route_params *route = input->route;
    char a[S2S_ADDR_TEXT], b[S2S_ADDR_TEXT];
    for (size_t i = 0; input->gateway && i < input->gateway->vpc_cidr_count; i++) {
        const struct s2s_prefix *vpc = &input->gateway->vpc_cidrs[i];
        if (vpc->length && route->destination.length && s2si_prefix_contains(vpc, &route->destination))
            s2si_errors_add(input->errors, "destination", text_of(&route->destination, a),
                            "does not lie in the gateway's own vpc.cidr %s", text_of(vpc, b));
    }
}

void s2si_rule_one_cidr_in_ikev1(const struct s2si_rule_input *input)
{
    const struct s2s_connection_params *connection = input->connection;
    bool several = connection && (connection->local_subnet_count > 1 || connection->remote_subnet_count > 1);
    if (several && input->tunnel->ike_version == S2S_IKEV1)
        s2si_errors_add(input->errors, "ike.version", "ikev1",
                        "IKEv1 carries one CIDR a side; use ikev2 for several local_subnets or remote_subnets");
}

/* ---- BGP ---- */

/* Whether an address lies in one of the prefixes; no prefixes stand for 0.0.0.0/0. */
static bool covered(const struct s2s_prefix *prefixes, size_t count, const struct s2s_addr *addr)
{
    bool found = count == 0;
    for (size_t i = 0; i < count; i++)
        found = found || s2si_prefix_has(&prefixes[i], addr);
    return found;
}

/* One side's selectors hold its inside address; while the cloud's rule finds it, that is either host of the tunnel CIDR. */
static void check_holds(const struct s2si_rule_input *input, const char *field, const struct s2s_addr *addr,
                        const char *list, const struct s2s_prefix *subnets, size_t count)
{
    const struct s2s_prefix *cidr = &input->tunnel->bgp_tunnel_cidr;
    struct s2s_addr first = addr->family ? *addr : s2si_prefix_host(cidr, 1);
    struct s2s_addr second = addr->family ? *addr : s2si_prefix_host(cidr, 2);
    char text[S2S_ADDR_TEXT];
    if (covered(subnets, count, &first) && covered(subnets, count, &second))
        return;
    if (addr->family)
        s2s_addr_format(addr, text);
    else
        s2s_prefix_format(cidr, text);
    s2si_errors_add(input->errors, addr->family ? field : "bgp.tunnel_cidr", text,
                    "with enable_bgp the connection's %s hold the inside address: use 0.0.0.0/0 or add the tunnel CIDR",
                    list);
}

static void check_selector_holds(const struct s2si_rule_input *input)
{
    const struct s2s_connection_params *connection = input->connection;
    if (connection->route_mode == S2S_ROUTE_MODE_DESTINATION)
        return; /* its selectors are 0.0.0.0/0 */
    check_holds(input, "bgp.local_ip", &input->tunnel->bgp_local_ip, "local_subnets", connection->local_subnets,
                connection->local_subnet_count);
    check_holds(input, "bgp.peer_ip", &input->tunnel->bgp_peer_ip, "remote_subnets", connection->remote_subnets,
                connection->remote_subnet_count);
}

void s2si_rule_bgp_needs(const struct s2si_rule_input *input)
{
    if (!input->connection || input->connection->enable_bgp != 1)
        return;
    if (!inside_given(input->tunnel)) {
        s2si_errors_add(input->errors, "bgp.tunnel_cidr", "", "is required with enable_bgp");
        return;
    }
    if (input->customer_gateway && input->customer_gateway->asn == 0)
        s2si_errors_add(input->errors, "customer_gateway", input->customer_gateway->name,
                        "has an asn when the connection uses BGP");
    check_selector_holds(input);
}

void s2si_rule_one_asn(const struct s2si_rule_input *input)
{
    uint32_t ours = input->connection->local_asn, gateway = input->gateway ? input->gateway->asn : 0;
    char text[16];
    if (input->connection->enable_bgp != 1 || input->facing)
        return;
    (void)snprintf(text, sizeof text, "%lu", (unsigned long)ours);
    if (ours && gateway && ours != gateway)
        s2si_errors_add(input->errors, "local_asn", text,
                        "is the same as gateway.asn (%lu), or only one of them is given", (unsigned long)gateway);
    if (!ours && !gateway)
        s2si_errors_add(input->errors, "local_asn", "", "or gateway.asn is required with enable_bgp");
}

/* ---- others ---- */

void s2si_rule_route_source(const struct s2si_rule_input *input)
{
    const struct s2s_route_params *route = input->route;
    char text[S2S_ADDR_TEXT];
    if (route->type == S2S_ROUTE_POLICY && route->source.addr.family == 0)
        s2si_errors_add(input->errors, "source", "", "is required in a policy route");
    if (route->type != S2S_ROUTE_POLICY && route->source.addr.family)
        s2si_errors_add(input->errors, "source", text_of(&route->source, text), "belongs to policy routes alone");
}

void s2si_rule_route_quota(const struct s2si_rule_input *input, enum s2s_route_type type, size_t most, const char *rule)
{
    if (!input->facing && input->route->type == (int)type && input->same_type_count >= most)
        s2si_errors_add(input->errors, NULL, "", "%s", rule);
}

void s2si_rule_margin(const struct s2si_rule_input *input)
{
    const struct s2s_tunnel_params *tunnel = input->tunnel;
    char text[24];
    int shortest = tunnel->ipsec_lifetime < tunnel->ike_lifetime ? tunnel->ipsec_lifetime : tunnel->ike_lifetime;
    if (tunnel->rekey_margin <= 0 || shortest <= 0)
        return;
    (void)snprintf(text, sizeof text, "%d", tunnel->rekey_margin);
    if (tunnel->rekey_margin > shortest / 2)
        s2si_errors_add(input->errors, "rekey.margin", text, "is at most half of the shorter lifetime (%d s)",
                        shortest / 2);
}

void s2si_rule_any_address(const struct s2si_rule_input *input)
{
    const struct s2s_customer_gateway_params *far = input->customer_gateway;
    if (!far || far->ip_address.family)
        return;
    if (!input->tunnel->remote_id)
        s2si_errors_add(input->errors, "ike.remote_id", "",
                        "is required when the customer gateway's ip_address is \"any\"");
    if (input->tunnel->startup_action == S2S_STARTUP_START)
        s2si_errors_add(input->errors, "startup_action", "start",
                        "needs a customer gateway with an ip_address: nobody can start toward \"any\"");
}
