/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generic: the four states that Alibaba names too, plain words otherwise, and the profile that joins the tables.
 * Algorithms have their common keywords.
 */
#include "lib/cloud/cloud.h"

static const struct s2si_algorithm_word words[] = {
    {S2S_TRANSFORM_GROUP, S2S_ALG_NONE, "disabled"},
    {S2S_TRANSFORM_GROUP, S2S_ALG_NONE, "none"},
};

static const struct s2s_profile generic = {
    .name = "generic",
    .title = "generic IPsec gateway",
    .fields = s2si_generic_fields,
    .field_count = S2SI_GENERIC_FIELDS,
    .rules = s2si_generic_rules,
    .rule_count = S2SI_GENERIC_RULES,
    .algorithm_words = words,
    .algorithm_word_count = S2SI_COUNT(words),
    .routing = {.primary_first = true,
                .hold_down = 5,
                .switch_back = 1,
                .publish_policy = true,
                .publish_destination = true,
                .publish_static = true,
                .auto_policy_routes = true,
                .auto_destination_routes = true,
                .has_policy_routes = true,
                .has_destination_routes = true,
                .has_static_routes = true},
    .inside = {.own_host = 0, .prefix_length = 30},
    .psk = {32, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", NULL},
    .diagnosis = s2si_alibaba_diagnosis,
    .diagnosis_count = S2SI_ALIBABA_DIAGNOSIS,
    .words = {.tunnel_status = {"disabled", "ike_sa_not_established", "ike_sa_not_established",
                                "ipsec_sa_not_established", "ipsec_sa_established", "ipsec_sa_established"},
              .tunnel_role = {"", ""},
              .connection_up = "up",
              .connection_down = "down",
              .connection_partial = "degraded",
              .gateway_ready = "ready",
              .gateway_pending = "starting",
              .route_published = "published",
              .route_unpublished = "unpublished",
              .bgp_up = "up",
              .bgp_down = "down",
              .local_subnets = "local_subnets",
              .remote_subnets = "remote_subnets"},
    .addresses_rule = S2SI_ADDRESS_PER_TUNNEL_OR_FIRST,
    .tunnels_least = 1,
    .tunnels_most = 8,
    .connection_asn = true,
    .gateway_asn = true,
    .device_facing = true,
};

const struct s2s_profile *s2s_profile_generic(void)
{
    return &generic;
}
