/* SPDX-License-Identifier: Apache-2.0 */
/* Alibaba Cloud: rules across fields. */
#include "lib/cloud/rules_common.h"

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
    static const char *const refused[] = {"100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.0.0.0/8"};
    const struct s2s_addr *addr = &input->customer_gateway->ip_address;
    char text[S2S_ADDR_TEXT];
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
        s2si_errors_add(input->errors, "type", "static", "is policy or destination: static routes belong to AWS connections");
}

const struct s2si_profile_rule s2si_alibaba_rules[] = {
    {S2SI_CUSTOMER_GATEWAY, false, "customer gateway addresses outside the refused ranges", customer_address},
    {S2SI_CUSTOMER_GATEWAY, false, "45104 is not a customer gateway's ASN", customer_asn},
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
    {S2SI_ROUTE, false, "no static routes", no_static_routes},
    {S2SI_ROUTE, false, "a route leads out of the VPC", s2si_rule_route_apart},
};
