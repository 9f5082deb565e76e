/* SPDX-License-Identifier: Apache-2.0 */
/* AWS: its words, its routing, and the profile that joins the tables. */
#include "lib/cloud/cloud.h"

static const struct s2si_algorithm_word words[] = {
    {S2S_TRANSFORM_ENCRYPTION, S2S_AES128_CBC, "AES128"},
    {S2S_TRANSFORM_ENCRYPTION, S2S_AES256_CBC, "AES256"},
    {S2S_TRANSFORM_ENCRYPTION, S2S_AES128_GCM16, "AES128-GCM-16"},
    {S2S_TRANSFORM_ENCRYPTION, S2S_AES256_GCM16, "AES256-GCM-16"},
    {S2S_TRANSFORM_INTEGRITY, S2S_HMAC_SHA1_96, "SHA1"},
    {S2S_TRANSFORM_INTEGRITY, S2S_HMAC_SHA2_256_128, "SHA2-256"},
    {S2S_TRANSFORM_INTEGRITY, S2S_HMAC_SHA2_384_192, "SHA2-384"},
    {S2S_TRANSFORM_INTEGRITY, S2S_HMAC_SHA2_512_256, "SHA2-512"},
    {S2S_TRANSFORM_GROUP, S2S_MODP1024, "2"},
    {S2S_TRANSFORM_GROUP, S2S_MODP1536, "5"},
    {S2S_TRANSFORM_GROUP, S2S_MODP2048, "14"},
    {S2S_TRANSFORM_GROUP, S2S_MODP3072, "15"},
    {S2S_TRANSFORM_GROUP, S2S_MODP4096, "16"},
    {S2S_TRANSFORM_GROUP, S2S_MODP6144, "17"},
    {S2S_TRANSFORM_GROUP, S2S_MODP8192, "18"},
    {S2S_TRANSFORM_GROUP, S2S_ECP256, "19"},
    {S2S_TRANSFORM_GROUP, S2S_ECP384, "20"},
    {S2S_TRANSFORM_GROUP, S2S_ECP521, "21"},
    {S2S_TRANSFORM_GROUP, S2S_MODP1024_S160, "22"},
    {S2S_TRANSFORM_GROUP, S2S_MODP2048_S224, "23"},
    {S2S_TRANSFORM_GROUP, S2S_MODP2048_S256, "24"},
};

static const struct s2s_profile aws = {
    .name = "aws",
    .title = "AWS Site-to-Site VPN",
    .fields = s2si_aws_fields,
    .field_count = S2SI_AWS_FIELDS,
    .rules = s2si_aws_rules,
    .rule_count = S2SI_AWS_RULES,
    .algorithm_words = words,
    .algorithm_word_count = S2SI_COUNT(words),
    /* A virtual private gateway sends by one tunnel over all its connections and stays on it while it is up. */
    .routing = {.egress_per_gateway = true,
                .sticky = true,
                .hold_down = 5,
                .publish_static = true,
                .publish_by_table = true,
                .has_static_routes = true,
                .static_over_bgp = true,
                .local_first = true,
                .bgp_between_connections = true,
                .bgp_by_med = true},
    .inside = {.own_host = 1, .prefix_length = 30},
    .psk = {32, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", "0"},
    .diagnosis = s2si_alibaba_diagnosis,
    .diagnosis_count = S2SI_ALIBABA_DIAGNOSIS,
    .words = {.tunnel_status = {"DOWN", "DOWN", "DOWN", "DOWN", "UP", "UP"},
              .tunnel_up_without_bgp = "DOWN",
              .tunnel_role = {"", ""},
              .connection_up = "available",
              .connection_down = "available",
              .connection_partial = "available",
              .gateway_ready = "available",
              .gateway_pending = "pending",
              .route_live = "active",
              .route_dead = "blackhole",
              .bgp_up = "UP",
              .bgp_down = "DOWN",
              .local_subnets = "RemoteIpv4NetworkCidr",
              .remote_subnets = "LocalIpv4NetworkCidr"},
    .addresses_rule = S2SI_ADDRESS_IN_FILE_ORDER,
    .tunnels_least = 2,
    .tunnels_most = 2,
    .default_asn = 64512,
    .gateway_asn = true,
};

const struct s2s_profile *s2s_profile_aws(void)
{
    return &aws;
}
