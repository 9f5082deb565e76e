/* SPDX-License-Identifier: Apache-2.0 */
/* rules_common: checks that several clouds share; each takes what differs as an argument. */
#ifndef S2SI_CLOUD_RULES_COMMON_H
#define S2SI_CLOUD_RULES_COMMON_H

#include "lib/cloud/cloud.h"

/* Which inside networks a cloud accepts. */
struct s2si_inside_rule {
    const char *network;         /* must lie in it; NULL = anywhere */
    uint8_t length;              /* prefix length */
    const char *const *reserved; /* networks that may not be used */
    size_t reserved_count;
    const char *rule;            /* in words */
};

/* bgp.tunnel_cidr lies in the network, has the length and is not reserved. */
void s2si_rule_inside_network(const struct s2si_rule_input *input, const struct s2si_inside_rule *rule);
/* bgp.tunnel_cidr does not stand on another tunnel of the gateway. */
void s2si_rule_inside_unique(const struct s2si_rule_input *input);
/* bgp.local_ip and bgp.peer_ip are two different host addresses of bgp.tunnel_cidr. */
void s2si_rule_inside_hosts(const struct s2si_rule_input *input);
/* local_subnets and remote_subnets do not overlap; 0.0.0.0/0 and ::/0 are no overlap. */
void s2si_rule_subnets_apart(const struct s2si_rule_input *input);
/* vpc.cidr and remote_subnets do not overlap, likewise. */
void s2si_rule_vpc_apart(const struct s2si_rule_input *input);
/* ike.version ikev1 carries one CIDR a side. */
void s2si_rule_one_cidr_in_ikev1(const struct s2si_rule_input *input);
/* With enable_bgp the selectors hold both inside addresses, the tunnel has a tunnel_cidr, the far end an ASN. */
void s2si_rule_bgp_needs(const struct s2si_rule_input *input);
/* rekey.margin leaves something of both lifetimes. */
void s2si_rule_margin(const struct s2si_rule_input *input);
/* A far end without address must be known by ike.remote_id, and nobody can start toward it. */
void s2si_rule_any_address(const struct s2si_rule_input *input);
/* With enable_bgp there is one ASN: the connection's and the gateway's do not differ. */
void s2si_rule_one_asn(const struct s2si_rule_input *input);
/* A source belongs to a policy route, which has one. */
void s2si_rule_route_source(const struct s2si_rule_input *input);
/* The gateway has at most this many routes of this type (a quota: account rule). */
void s2si_rule_route_quota(const struct s2si_rule_input *input, enum s2s_route_type type, size_t most, const char *rule);
/* A route's destination does not lie in the VPC behind the gateway. */
void s2si_rule_route_apart(const struct s2si_rule_input *input);

#endif
