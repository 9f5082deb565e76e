/* SPDX-License-Identifier: Apache-2.0 */
/* AWS: rules across fields. */
#include "lib/cloud/rules_common.h"

#include <stdio.h>
#include <string.h>

static const char *const reserved[] = {"169.254.0.0/30", "169.254.1.0/30", "169.254.2.0/30",    "169.254.3.0/30",
                                       "169.254.4.0/30", "169.254.5.0/30", "169.254.169.252/30"};
static const struct s2si_inside_rule inside = {
    "169.254.0.0/16", 30, reserved, S2SI_COUNT(reserved),
    "is a /30 of 169.254.0.0/16 other than 169.254.0.0/30 to 169.254.5.0/30 and 169.254.169.252/30"};

static void inside_network(const struct s2si_rule_input *input)
{
    s2si_rule_inside_network(input, &inside);
}

/* The first host is AWS's own, the second the customer gateway's; seen from a device that faces AWS the other way
 * round. */
static void inside_hosts_by_position(const struct s2si_rule_input *input)
{
    const struct s2s_tunnel_params *tunnel = input->tunnel;
    char text[S2S_ADDR_TEXT];
    if (tunnel->bgp_tunnel_cidr.addr.family == 0 || tunnel->bgp_local_ip.family == 0)
        return;
    struct s2s_addr own = s2si_prefix_host(&tunnel->bgp_tunnel_cidr, input->facing ? 2 : 1);
    if (!s2si_addr_equal(&own, &tunnel->bgp_local_ip))
        s2si_errors_add(input->errors, "bgp.local_ip", s2s_addr_format(&tunnel->bgp_local_ip, text), "%s",
                        input->facing ? "is the second host of the tunnel CIDR (the first is AWS)"
                                      : "is the first host of the tunnel CIDR (the second is the customer gateway)");
}

static void asn_range(const struct s2si_rule_input *input)
{
    char text[16];
    uint32_t asn = input->gateway->asn;
    (void)snprintf(text, sizeof text, "%lu", (unsigned long)asn);
    if (asn && !(asn >= 64512 && asn <= 65534) && !(asn >= 4200000000 && asn <= 4294967294))
        s2si_errors_add(input->errors, "asn", text, "is 64512 to 65534 or 4200000000 to 4294967294");
}

static void asn_differs(const struct s2si_rule_input *input)
{
    char text[16];
    if (input->facing || !input->gateway || !input->customer_gateway || input->customer_gateway->asn == 0)
        return;
    (void)snprintf(text, sizeof text, "%lu", (unsigned long)input->gateway->asn);
    if (input->gateway->asn == input->customer_gateway->asn)
        s2si_errors_add(input->errors, "customer_gateway", text, "has an ASN other than the virtual private gateway's");
}

static void lifetimes(const struct s2si_rule_input *input)
{
    char text[16];
    const struct s2s_tunnel_params *tunnel = input->tunnel;
    (void)snprintf(text, sizeof text, "%d", tunnel->ipsec_lifetime);
    if (tunnel->ipsec_lifetime >= tunnel->ike_lifetime)
        s2si_errors_add(input->errors, "ipsec.lifetime", text,
                        "is less than ike.lifetime (Phase2LifetimeSeconds < Phase1LifetimeSeconds)");
}

static void starting(const struct s2si_rule_input *input)
{
    if (input->facing)
        return;
    if (input->tunnel->startup_action == S2S_STARTUP_TRAP)
        s2si_errors_add(input->errors, "startup_action", "trap", "is add or start");
    if (input->tunnel->startup_action == S2S_STARTUP_START && input->tunnel->ike_version == S2S_IKEV1)
        s2si_errors_add(input->errors, "startup_action", "start", "needs IKEv2: AWS starts a tunnel with IKEv2 only");
}

static void main_mode(const struct s2si_rule_input *input)
{
    if (input->tunnel->ike_mode && strcmp(input->tunnel->ike_mode, "main") != 0)
        s2si_errors_add(input->errors, "ike.mode", input->tunnel->ike_mode, "is main: AWS has no aggressive mode");
}

static void pfs_needed(const struct s2si_rule_input *input)
{
    for (size_t i = 0; i < input->tunnel->ipsec_pfs.count; i++)
        if (input->tunnel->ipsec_pfs.items[i] == S2S_ALG_NONE)
            s2si_errors_add(input->errors, "ipsec.pfs", "disabled",
                            "names a group: AWS requires perfect forward secrecy");
}

static void static_routes_only(const struct s2si_rule_input *input)
{
    static const char *const words[] = {"policy", "destination", "static", "bgp"};
    const struct s2s_route_params *route = input->route;
    if (input->facing)
        return;
    if (route->type != S2S_ROUTE_STATIC && route->type >= 0 && route->type <= S2S_ROUTE_BGP)
        s2si_errors_add(input->errors, "type", words[route->type],
                        "is static: AWS has no policy-based or destination-based routes");
    if (route->type == S2S_ROUTE_STATIC && input->connection && input->connection->enable_bgp == 1)
        s2si_errors_add(input->errors, "connection", input->connection->name,
                        "uses static routing: a connection with BGP takes no static routes");
}

static void connection_quota(const struct s2si_rule_input *input)
{
    if (!input->facing && input->connection_count >= 10)
        s2si_errors_add(input->errors, NULL, "",
                        "a virtual private gateway has at most 10 VPN connections (a quota that can be raised)");
}

static void static_quota(const struct s2si_rule_input *input)
{
    s2si_rule_route_quota(input, S2S_ROUTE_STATIC, 100, "a virtual private gateway has at most 100 static routes");
}

const struct s2si_profile_rule s2si_aws_rules[] = {
    {S2SI_GATEWAY, false, "AmazonSideAsn is a private ASN", asn_range},
    {S2SI_CONNECTION, true, "10 VPN connections a virtual private gateway", connection_quota},
    {S2SI_CONNECTION, false, "local_asn and gateway.asn do not differ", s2si_rule_one_asn},
    {S2SI_CONNECTION, false, "local and remote subnets do not overlap", s2si_rule_subnets_apart},
    {S2SI_CONNECTION, false, "remote subnets do not overlap the VPC", s2si_rule_vpc_apart},
    {S2SI_TUNNEL, false, "the inside CIDR is an allowed /30", inside_network},
    {S2SI_TUNNEL, false, "an inside CIDR is unique over the connections of a gateway", s2si_rule_inside_unique},
    {S2SI_TUNNEL, false, "BGP addresses are the two hosts of the inside CIDR", s2si_rule_inside_hosts},
    {S2SI_TUNNEL, false, "the first host is AWS, the second the customer gateway", inside_hosts_by_position},
    {S2SI_TUNNEL, false, "phase 2 lives shorter than phase 1", lifetimes},
    {S2SI_TUNNEL, false, "startup action start needs IKEv2", starting},
    {S2SI_TUNNEL, false, "main mode only", main_mode},
    {S2SI_TUNNEL, false, "perfect forward secrecy is required", pfs_needed},
    {S2SI_TUNNEL, false, "the two ASNs differ", asn_differs},
    {S2SI_TUNNEL, false, "BGP needs inside addresses inside the selectors and an ASN", s2si_rule_bgp_needs},
    {S2SI_TUNNEL, false, "the rekey margin is at most half of the lifetime", s2si_rule_margin},
    {S2SI_TUNNEL, false, "a customer gateway without address is known by its identity", s2si_rule_any_address},
    {S2SI_ROUTE, true, "100 static routes a virtual private gateway", static_quota},
    {S2SI_ROUTE, false, "static routes only, and none with BGP", static_routes_only},
    {S2SI_ROUTE, false, "a policy route has a source, others have none", s2si_rule_route_source},
    {S2SI_ROUTE, false, "a route leads out of the VPC", s2si_rule_route_apart},
};
