/* SPDX-License-Identifier: Apache-2.0 */
/* Alibaba Cloud: its words, its routing, and the profile that joins the tables. */
#include "lib/cloud/cloud.h"

static const struct s2si_algorithm_word words[] = {
    {S2S_TRANSFORM_ENCRYPTION, S2S_AES128_CBC, "aes"},
    {S2S_TRANSFORM_ENCRYPTION, S2S_AES192_CBC, "aes192"},
    {S2S_TRANSFORM_ENCRYPTION, S2S_AES256_CBC, "aes256"},
    {S2S_TRANSFORM_ENCRYPTION, S2S_DES_CBC, "des"},
    {S2S_TRANSFORM_ENCRYPTION, S2S_3DES_CBC, "3des"},
    {S2S_TRANSFORM_INTEGRITY, S2S_HMAC_MD5_96, "md5"},
    {S2S_TRANSFORM_INTEGRITY, S2S_HMAC_SHA1_96, "sha1"},
    {S2S_TRANSFORM_INTEGRITY, S2S_HMAC_SHA2_256_128, "sha256"},
    {S2S_TRANSFORM_INTEGRITY, S2S_HMAC_SHA2_384_192, "sha384"},
    {S2S_TRANSFORM_INTEGRITY, S2S_HMAC_SHA2_512_256, "sha512"},
    {S2S_TRANSFORM_GROUP, S2S_ALG_NONE, "disabled"},
    {S2S_TRANSFORM_GROUP, S2S_MODP768, "group1"},
    {S2S_TRANSFORM_GROUP, S2S_MODP1024, "group2"},
    {S2S_TRANSFORM_GROUP, S2S_MODP1536, "group5"},
    {S2S_TRANSFORM_GROUP, S2S_MODP2048, "group14"},
};

static const struct s2s_profile alibaba = {
    .name = "alibaba",
    .title = "Alibaba Cloud VPN Gateway",
    .fields = s2si_alibaba_fields,
    .field_count = S2SI_ALIBABA_FIELDS,
    .rules = s2si_alibaba_rules,
    .rule_count = S2SI_ALIBABA_RULES,
    .algorithm_words = words,
    .algorithm_word_count = S2SI_COUNT(words),
    /* Dual tunnel: tunnel 1 carries everything while it is up, and again when it is back. */
    .routing = {.primary_first = true,
                .hold_down = 5,
                .switch_back = 1,
                .publish_together = true,
                .auto_policy_routes = true,
                .has_policy_routes = true,
                .has_destination_routes = true,
                .local_first = true,
                .bgp_needs_auto_propagate = true,
                .bgp_no_default = true},
    .inside = {.own_host = 0, .prefix_length = 30},
    .psk = {16, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", NULL},
    .diagnosis = s2si_alibaba_diagnosis,
    .diagnosis_count = S2SI_ALIBABA_DIAGNOSIS,
    .words = {.tunnel_status = {"ike_sa_not_established", "ike_sa_not_established", "ike_sa_not_established",
                                "ipsec_sa_not_established", "ipsec_sa_established", "ipsec_sa_established"},
              .tunnel_role = {"master", "slave"},
              .gateway_ready = "active",
              .gateway_pending = "init",
              .route_published = "published",
              .route_unpublished = "normal",
              .route_live = "Active",
              .bgp_up = "success",
              .bgp_down = "false",
              .local_subnets = "LocalSubnet",
              .remote_subnets = "RemoteSubnet"},
    .addresses_rule = S2SI_ADDRESS_PER_TUNNEL,
    .addresses_least = 2,
    .addresses_most = 2,
    .tunnels_least = 2,
    .tunnels_most = 2,
    .default_asn = 45104,
    .connection_asn = true,
};

const struct s2s_profile *s2s_profile_alibaba(void)
{
    return &alibaba;
}
