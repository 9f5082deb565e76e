/* SPDX-License-Identifier: Apache-2.0 */
/* generic: rules across fields that hold for everybody. */
#include "lib/cloud/rules_common.h"

#include <stdio.h>

/* RFC 4271 section 4.2: a hold time is 0 or at least three seconds. */
static void hold_time(const struct s2si_rule_input *input)
{
    char text[16];
    int hold = input->tunnel->bgp_hold_time;
    (void)snprintf(text, sizeof text, "%d", hold);
    if (hold == 1 || hold == 2)
        s2si_errors_add(input->errors, "bgp.hold_time", text, "is 0 or 3 to 65535 seconds");
    if (hold > 0 && input->tunnel->bgp_keepalive > hold)
        s2si_errors_add(input->errors, "bgp.keepalive", "", "is less than bgp.hold_time (%d s)", hold);
}

const struct s2si_profile_rule s2si_generic_rules[] = {
    {S2SI_CONNECTION, false, "local_asn and gateway.asn do not differ", s2si_rule_one_asn},
    {S2SI_CONNECTION, false, "local and remote subnets do not overlap", s2si_rule_subnets_apart},
    {S2SI_CONNECTION, false, "remote subnets do not overlap the VPC", s2si_rule_vpc_apart},
    {S2SI_TUNNEL, false, "an inside network is unique in its gateway", s2si_rule_inside_unique},
    {S2SI_TUNNEL, false, "BGP addresses are two hosts of the inside network", s2si_rule_inside_hosts},
    {S2SI_TUNNEL, false, "several CIDRs need IKEv2", s2si_rule_one_cidr_in_ikev1},
    {S2SI_TUNNEL, false, "BGP needs inside addresses inside the selectors and an ASN", s2si_rule_bgp_needs},
    {S2SI_TUNNEL, false, "the rekey margin is at most half of the lifetime", s2si_rule_margin},
    {S2SI_TUNNEL, false, "a far end without address is known by its identity", s2si_rule_any_address},
    {S2SI_TUNNEL, false, "the hold time is 0 or at least 3 seconds", hold_time},
    {S2SI_ROUTE, false, "a policy route has a source, others have none", s2si_rule_route_source},
    {S2SI_ROUTE, false, "a route leads out of the network behind the gateway", s2si_rule_route_apart},
};
