/* SPDX-License-Identifier: Apache-2.0 */
/* Alibaba Cloud: rules across fields. */
#include "lib/cloud/rules_common.h"

#include <stdio.h>
#include <string.h>

static const char *const reserved[] = {"169.254.0.0/30", "169.254.1.0/30", "169.254.2.0/30", "169.254.3.0/30",
                                       "169.254.4.0/30", "169.254.5.0/30", "169.254.6.0/30", "169.254.169.252/30"};
static const struct s2si_inside_rule inside = {
    "169.254.0.0/16", 30, reserved, S2SI_COUNT(reserved),
    "is a /30 of 169.254.0.0/16 other than 169.254.0.0/30 to 169.254.6.0/30 and 169.254.169.252/30"};

static void inside_network(const struct s2si_rule_input *input)
{
    s2si_rule_inside_network(input, &inside);
}

/* What CreateCustomerGateway refuses. */
static void customer_address(const struct s2si_rule_input *input)
{
    static const char *const refused[] = {"100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4",
                                          "255.0.0.0/8"};
    const struct s2s_addr *addr = &input->customer_gateway->ip_address;
    char text[S2S_ADDR_TEXT];
    if (addr->family == 6)
        s2si_errors_add(input->errors, "ip_address", s2s_addr_format(addr, text), "is a static IPv4 address");
    for (size_t i = 0; i < S2SI_COUNT(refused); i++) {
        struct s2s_prefix prefix;
        if (s2s_prefix_parse(refused[i], &prefix) == 0 && s2si_prefix_has(&prefix, addr))
            s2si_errors_add(input->errors, "ip_address", s2s_addr_format(addr, text),
                            "lies outside 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/4 and 255.0.0.0/8");
    }
}

static void customer_asn(const struct s2si_rule_input *input)
{
    if (input->customer_gateway->asn == 45104)
        s2si_errors_add(input->errors, "asn", "45104", "is not 45104, which belongs to the VPN gateway itself");
}

/* RFC 7296 negotiates the PRF by itself; Alibaba takes the one of the same hash only. */
static void prf_follows_hash(const struct s2si_rule_input *input)
{
    const struct s2s_algorithm_list *prf = &input->tunnel->ike_prf, *integrity = &input->tunnel->ike_integrity;
    for (size_t i = 0; i < prf->count; i++) {
        const struct s2s_algorithm_info *a = s2s_algorithm_info((enum s2s_algorithm)prf->items[i]);
        bool found = false;
        for (size_t k = 0; k < integrity->count; k++) {
            const struct s2s_algorithm_info *b = s2s_algorithm_info((enum s2s_algorithm)integrity->items[k]);
            found = found || (a && b && a->hash == b->hash);
        }
        if (!found)
            s2si_errors_add(input->errors, "ike.prf", a ? a->name : "", "uses the same hash as ike.integrity");
    }
}

static void mode_word(const struct s2si_rule_input *input)
{
    const char *mode = input->tunnel->ike_mode;
    if (mode && strcmp(mode, "main") != 0 && strcmp(mode, "aggressive") != 0)
        s2si_errors_add(input->errors, "ike.mode", mode, "is main or aggressive");
}

static void no_static_routes(const struct s2si_rule_input *input)
{
    if (input->route->type == S2S_ROUTE_STATIC)
        s2si_errors_add(input->errors, "type", "static",
                        "is policy or destination: static routes belong to AWS connections");
}

static bool everything(const struct s2s_prefix *prefixes, size_t count)
{
    return count == 0 || (count == 1 && prefixes[0].length == 0);
}

/* The routing mode is no field of the API: the two subnets tell it. */
static void mode_follows_subnets(const struct s2si_rule_input *input)
{
    const struct s2s_connection_params *connection = input->connection;
    bool open = everything(connection->local_subnets, connection->local_subnet_count) &&
                everything(connection->remote_subnets, connection->remote_subnet_count);
    if (input->facing)
        return;
    if (connection->route_mode == S2S_ROUTE_MODE_DESTINATION && !open)
        s2si_errors_add(input->errors, "route_mode", "destination",
                        "has 0.0.0.0/0 as local_subnets and remote_subnets; with other CIDR blocks it is policy");
    if (connection->route_mode == S2S_ROUTE_MODE_POLICY && open)
        s2si_errors_add(
            input->errors, "route_mode", "policy",
            "names CIDR blocks in local_subnets or remote_subnets; with 0.0.0.0/0 on both sides it is destination");
}

static void one_asn_a_gateway(const struct s2si_rule_input *input)
{
    const struct s2s_connection_params *connection = input->connection;
    char text[16];
    (void)snprintf(text, sizeof text, "%lu", (unsigned long)connection->local_asn);
    for (size_t i = 0; connection->enable_bgp == 1 && !input->facing && i < input->connection_count; i++) {
        const struct s2s_connection_params *other = input->connections[i];
        if (other->enable_bgp == 1 && other->local_asn != connection->local_asn) {
            s2si_errors_add(input->errors, "local_asn", text,
                            "is the same for all BGP connections of a gateway (%s has %lu)", other->name,
                            (unsigned long)other->local_asn);
            return;
        }
    }
}

static void no_url(const struct s2si_rule_input *input, const char *name)
{
    if (name && (strncmp(name, "http://", 7) == 0 || strncmp(name, "https://", 8) == 0))
        s2si_errors_add(input->errors, "name", name, "does not start with http:// or https://");
}

static void customer_name(const struct s2si_rule_input *input)
{
    no_url(input, input->customer_gateway->name);
}

static void connection_name(const struct s2si_rule_input *input)
{
    no_url(input, input->connection->name);
}

static void connection_quota(const struct s2si_rule_input *input)
{
    if (!input->facing && input->connection_count >= 10)
        s2si_errors_add(input->errors, NULL, "",
                        "a VPN gateway has at most 10 IPsec connections (a quota that can be raised)");
}

static void policy_quota(const struct s2si_rule_input *input)
{
    s2si_rule_route_quota(input, S2S_ROUTE_POLICY, 20,
                          "a VPN gateway has at most 20 policy-based routes (a quota that can be raised)");
}

static void destination_quota(const struct s2si_rule_input *input)
{
    s2si_rule_route_quota(input, S2S_ROUTE_DESTINATION, 20,
                          "a VPN gateway has at most 20 destination-based routes (a quota that can be raised)");
}

/* The console keeps the switch locked while a connection speaks BGP. */
static void propagation_last(const struct s2si_rule_input *input)
{
    const struct s2s_gateway_params *before = input->gateway_before;
    if (before && before->auto_propagate == 1 && input->gateway->auto_propagate == 0 && input->bgp_in_use)
        s2si_errors_add(input->errors, "auto_propagate", "false",
                        "is turned off only after BGP is off on every connection of the gateway");
}

const struct s2si_profile_rule s2si_alibaba_rules[] = {
    {S2SI_GATEWAY, true, "route propagation ends after BGP", propagation_last},
    {S2SI_CUSTOMER_GATEWAY, false, "customer gateway addresses outside the refused ranges", customer_address},
    {S2SI_CUSTOMER_GATEWAY, false, "45104 is not a customer gateway's ASN", customer_asn},
    {S2SI_CUSTOMER_GATEWAY, true, "a name is no URL", customer_name},
    {S2SI_CONNECTION, true, "a name is no URL", connection_name},
    {S2SI_CONNECTION, true, "10 IPsec connections a gateway", connection_quota},
    {S2SI_CONNECTION, false, "the routing mode is what the subnets say", mode_follows_subnets},
    {S2SI_CONNECTION, false, "one local ASN for all BGP connections of a gateway", one_asn_a_gateway},
    {S2SI_CONNECTION, false, "local_asn and gateway.asn do not differ", s2si_rule_one_asn},
    {S2SI_CONNECTION, false, "local and remote subnets do not overlap", s2si_rule_subnets_apart},
    {S2SI_CONNECTION, false, "remote subnets do not overlap the VPC", s2si_rule_vpc_apart},
    {S2SI_TUNNEL, false, "the tunnel CIDR is an allowed /30", inside_network},
    {S2SI_TUNNEL, false, "a tunnel CIDR is unique in its gateway", s2si_rule_inside_unique},
    {S2SI_TUNNEL, false, "BGP addresses are the two hosts of the tunnel CIDR", s2si_rule_inside_hosts},
    {S2SI_TUNNEL, false, "several CIDRs need IKEv2", s2si_rule_one_cidr_in_ikev1},
    {S2SI_TUNNEL, false, "the PRF has the hash of the integrity algorithm", prf_follows_hash},
    {S2SI_TUNNEL, false, "ike.mode is main or aggressive", mode_word},
    {S2SI_TUNNEL, false, "BGP needs inside addresses inside the selectors and an ASN", s2si_rule_bgp_needs},
    {S2SI_TUNNEL, false, "the rekey margin is at most half of the lifetime", s2si_rule_margin},
    {S2SI_ROUTE, true, "20 policy-based routes a gateway", policy_quota},
    {S2SI_ROUTE, true, "20 destination-based routes a gateway", destination_quota},
    {S2SI_ROUTE, false, "no static routes", no_static_routes},
    {S2SI_ROUTE, false, "a policy route has a source, others have none", s2si_rule_route_source},
    {S2SI_ROUTE, false, "a route leads out of the VPC", s2si_rule_route_apart},
};
