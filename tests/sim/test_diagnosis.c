/* SPDX-License-Identifier: Apache-2.0 */
/* Each failure code that IKEv2 can produce, provoked by the real misconfiguration between two whole gateways, and named
   with the values of both ends. End 0 (a) starts, end 1 (b) answers. */
#include "tests/sim/gateway_pair.h"

#include <s2svpn/cloud_log.h>
#include <s2svpn/config.h>
#include <s2svpn/diagnosis.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>


static struct s2s_algorithm_list one(enum s2s_algorithm algorithm)
{
    struct s2s_algorithm_list list = { 1, { (uint16_t)algorithm } };
    return list;
}

/* Both ends the same, so that exactly one thing differs afterwards. */
static void plain(struct s2s_tunnel_params *tunnel)
{
    tunnel->ike_encryption = one(S2S_AES128_CBC);
    tunnel->ike_integrity = one(S2S_HMAC_SHA2_256_128);
    tunnel->ike_dh_group = one(S2S_MODP2048);
    tunnel->ipsec_encryption = one(S2S_AES128_CBC);
    tunnel->ipsec_integrity = one(S2S_HMAC_SHA2_256_128);
    tunnel->ipsec_pfs = one(S2S_MODP2048);
}

#define TUNE(name, body)                                                                                               \
    static void name(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,       \
                     struct s2s_tunnel_params *tunnel)                                                                 \
    {                                                                                                                  \
        (void)gateway;                                                                                                 \
        (void)connection;                                                                                              \
        plain(tunnel);                                                                                                 \
        if (end == 1) {                                                                                                \
            body                                                                                                       \
        }                                                                                                              \
    }
TUNE(same, (void)0;)
TUNE(group, tunnel->ike_dh_group = one(S2S_ECP256);)
TUNE(encryption, tunnel->ike_encryption = one(S2S_AES256_CBC);)
TUNE(integrity, tunnel->ike_integrity = one(S2S_HMAC_SHA2_512_256);)
TUNE(several, tunnel->ike_encryption = one(S2S_AES256_CBC); tunnel->ike_integrity = one(S2S_HMAC_SHA2_512_256);)
TUNE(ipsec_encryption, tunnel->ipsec_encryption = one(S2S_AES256_CBC);)
TUNE(ipsec_integrity, tunnel->ipsec_integrity = one(S2S_HMAC_SHA2_512_256);)
TUNE(psk, tunnel->psk = (const uint8_t *)"another-key"; tunnel->psk_length = 11;)
TUNE(identity, tunnel->remote_id = "somebody.example";)

static void selectors(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                      struct s2s_tunnel_params *tunnel)
{
    static struct s2s_prefix other;

    (void)gateway;
    plain(tunnel);
    if (end == 1) {
        assert_int_equal(s2s_prefix_parse("10.9.0.0/24", &other), 0);
        connection->local_subnets = &other;
        connection->local_subnet_count = 1;
    }
}

static void pfs(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                struct s2s_tunnel_params *tunnel)
{
    (void)gateway;
    (void)connection;
    plain(tunnel);
    tunnel->ipsec_lifetime = 900;
    if (end == 1) {
        tunnel->ipsec_pfs = one(S2S_ECP256);
        tunnel->ipsec_lifetime = 3600;
    }
}

/* Without dead-peer detection only the rekey notices that the peer is gone. */
static void no_dpd(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                   struct s2s_tunnel_params *tunnel)
{
    (void)gateway;
    (void)connection;
    (void)end;
    plain(tunnel);
    tunnel->dpd_enable = 0;
    tunnel->ipsec_lifetime = end ? 3600 : 900;
}

static void nat(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                struct s2s_tunnel_params *tunnel)
{
    (void)gateway;
    (void)connection;
    plain(tunnel);
    /* "always" announces a NAT to the other end. */
    tunnel->encapsulation = end ? S2S_ENCAPSULATION_ALWAYS : S2S_ENCAPSULATION_NEVER;
}

static enum s2s_sim_fate lose_all(void *user, enum s2s_sim_direction direction, uint8_t *data, size_t length)
{
    (void)user, (void)direction, (void)data, (void)length;
    return S2S_SIM_LOSE;
}

/* A firewall that knows UDP 500 only lets the first message through: IKE_AUTH is the second. */
static enum s2s_sim_fate lose_auth(void *user, enum s2s_sim_direction direction, uint8_t *data, size_t length)
{
    (void)user, (void)direction;
    size_t ike = length > 20 ? (size_t)(data[0] & 15) * 4 + 8 : 0;
    return length > ike + 18 && data[ike + 18] == 35 ? S2S_SIM_LOSE : S2S_SIM_PASS;
}

/* ---- what happens after the start ---- */

static void nothing_more(struct pair *pair)
{
    pair_run(pair, 3000);
}

static void cut_from_the_start(struct pair *pair)
{
    s2s_sim_filter(pair->outer_a[0], lose_all, NULL);
    pair_run(pair, 200000);
}

static void cut_auth(struct pair *pair)
{
    s2s_sim_filter(pair->outer_a[0], lose_auth, NULL);
    pair_run(pair, 120000);
}

static void peer_dies(struct pair *pair)
{
    assert_true(pair_until_up(pair, 1, 5000));
    s2s_sim_filter(pair->outer_a[0], lose_all, NULL);
    for (unsigned i = 0; i < 2000 && pair_events(&pair->a, S2S_EVENT_PEER_DEAD) == 0; i++) {
        pair_run(pair, 100);
    }
}

static void peer_dies_before_rekey(struct pair *pair)
{
    assert_true(pair_until_up(pair, 1, 5000));
    pair_run(pair, 1000);
    s2s_sim_filter(pair->outer_a[0], lose_all, NULL);
    for (unsigned i = 0; i < 10000 && pair_events(&pair->a, S2S_EVENT_IKE_DOWN) == 0; i++) {
        pair_run(pair, 100);
    }
}

static void rekey_fails(struct pair *pair)
{
    assert_true(pair_until_up(pair, 1, 5000));
    for (unsigned i = 0; i < 10000 && pair_events(&pair->b, S2S_EVENT_NEGOTIATION_FAILED) == 0; i++) {
        pair_run(pair, 100);
    }
    pair_run(pair, 500);
}

static void peer_deletes(struct pair *pair)
{
    struct s2s_tunnel_params changes;

    assert_true(pair_until_up(pair, 1, 5000));
    pair_run(pair, 500);
    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.enabled = 0;
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(pair->b.connection, 1), &changes, s2s_sim_now(pair->sim)),
                     0);
    s2s_driver_kick(pair->b.driver);
    for (unsigned i = 0; i < 100 && pair_status(&pair->a, 1) == S2S_TUNNEL_UP; i++) {
        pair_run(pair, 50);
    }
}

static void comes_up(struct pair *pair)
{
    assert_true(pair_until_up(pair, 1, 5000));
}

static const struct row {
    const char *name;
    void (*tune)(unsigned, struct s2s_gateway_params *, struct s2s_connection_params *, struct s2s_tunnel_params *);
    void (*then)(struct pair *pair);
    unsigned end; /* who is asked */
    const char *code;
    enum s2s_diagnosis_severity severity;
    const char *local, *remote; /* parts of the values; NULL = none */
} rows[] = {
    { "groups, responder", group, nothing_more, 1, "DhGroupMismatch", 2, "ecp256", "modp2048" },
    { "groups, initiator", group, nothing_more, 0, "ProposalMismatch", 2, "modp2048", "not told" },
    { "encryption", encryption, nothing_more, 1, "AlgorithmMismatch", 2, "aes256", "aes128" },
    { "integrity", integrity, nothing_more, 1, "AuthenticationAlgorithmMismatch", 2, "sha512", "sha256" },
    { "several", several, nothing_more, 1, "AlgorithmMismatch", 2, "aes256", "aes128" },
    { "phase 2 encryption", ipsec_encryption, nothing_more, 1, "EncryptionAlgorithmMismatch", 2, "aes256", "aes128" },
    { "phase 2 encryption, initiator", ipsec_encryption, nothing_more, 0, "ProposalMismatch", 2, "aes128", "not told" },
    { "phase 2 integrity", ipsec_integrity, nothing_more, 1, "AlgorithmMismatch", 2, "sha512", "sha256" },
    { "keys, responder", psk, nothing_more, 1, "PskMismatch", 2, "not shown", "another one" },
    { "keys, initiator", psk, nothing_more, 0, "PskMismatch", 2, NULL, NULL },
    { "identities", identity, nothing_more, 1, "PeerIdMismatch", 2, "somebody.example", "198.51.100.1" },
    { "selectors, responder", selectors, nothing_more, 1, "TrafficSelectorMismatch", 2, "10.9.0.0/24 <=> 10.1.0.0/24",
      "10.2.0.0/24 <=> 10.1.0.0/24" },
    { "selectors, initiator", selectors, nothing_more, 0, "TrafficSelectorMismatch", 2, "10.1.0.0/24 <=> 10.2.0.0/24",
      "not told" },
    { "PFS, responder", pfs, rekey_fails, 1, "PfsMismatch", 2, "ecp256", "modp2048" },
    { "NAT forbidden", nat, nothing_more, 0, "NatTMismatch", 2, "never", "NAT" },
    { "silence", same, cut_from_the_start, 0, "NoResponse", 2, NULL, NULL },
    { "silence in IKE_AUTH", same, cut_auth, 0, "Phase1NegotiationTimeout", 2, NULL, NULL },
    { "silence in a rekey", no_dpd, peer_dies_before_rekey, 0, "Phase2NegotiationTimeout", 2, NULL, NULL },
    { "peer dead", same, peer_dies, 0, "DpdTimeout", 2, NULL, NULL },
    { "peer deletes", same, peer_deletes, 0, "ReceiveDeleteNotify", 1, NULL, NULL },
    { "all is well", same, comes_up, 0, "NoExceptionFound", 0, NULL, NULL },
};

static bool has_part(const char *text, const char *part)
{
    return part ? strstr(text, part) != NULL : true;
}

static bool run_row(const struct row *row)
{
    struct s2s_diagnosis found = { .struct_size = sizeof(found) };
    struct pair_params params;
    struct pair pair;

    pair_params_init(&params);
    params.tune = row->tune;
    pair_setup(&pair, &params);
    row->then(&pair);
    assert_int_equal(s2s_tunnel_diagnose(s2s_connection_tunnel((row->end ? &pair.b : &pair.a)->connection, 1), &found),
                     0);
    bool fits = strcmp(found.code, row->code) == 0 && found.severity == row->severity &&
                has_part(found.local_value, row->local) && has_part(found.remote_value, row->remote) &&
                strlen(found.advice) > 40 && (row->severity == S2S_DIAGNOSIS_NORMAL || strstr(found.log_line, "pair/1"));
    if (!fits) {
        print_error("%s: %s, severity %d, here %s, peer %s\n  %s\n  %s\n", row->name, found.code, (int)found.severity,
                    found.local_value, found.remote_value, found.log_line, found.advice);
    }
    assert_null(strstr(found.advice, "pair-psk")); /* a key is never shown */
    pair_teardown(&pair);
    return fits;
}

static void test_codes(void **state)
{
    unsigned wrong = 0;
    (void)state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wrong += run_row(&rows[i]) ? 0u : 1u;
    }
    assert_int_equal(wrong, 0);
}

/* ---- what the network findings say while the tunnel is up ---- */

static void bgp_down(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                     struct s2s_tunnel_params *tunnel)
{
    (void)tunnel;
    gateway->asn = end ? 65002 : 65001;
    connection->enable_bgp = end ? 0 : 1; /* only one end speaks */
}

static void uncovered(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                      struct s2s_tunnel_params *tunnel)
{
    static struct s2s_prefix networks[2];

    (void)tunnel;
    (void)connection;
    if (end == 0) {
        networks[0] = gateway->vpc_cidrs[0];
        assert_int_equal(s2s_prefix_parse("10.77.0.0/16", &networks[1]), 0);
        gateway->vpc_cidrs = networks;
        gateway->vpc_cidr_count = 2;
    }
}

static bool says(const struct pair *pair, const char *code, const char *part)
{
    struct s2s_diagnosis found = { .struct_size = sizeof(found) };

    for (size_t i = 0; s2s_gateway_diagnose(pair->a.gateway, NULL, i, &found) == 0; i++) {
        assert_true(i < 100);
        if (strcmp(found.code, code) == 0 && strstr(found.advice, part)) {
            return true;
        }
    }
    return false;
}

static bool says_with(void (*tune)(unsigned, struct s2s_gateway_params *, struct s2s_connection_params *,
                                   struct s2s_tunnel_params *), const char *code, const char *part)
{
    struct pair_params params;
    struct pair pair;

    pair_params_init(&params);
    params.tune = tune;
    params.route_mode = tune == bgp_down ? S2S_ROUTE_MODE_DESTINATION : S2S_ROUTE_MODE_POLICY;
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    pair_run(&pair, 500);
    bool result = says(&pair, code, part);
    pair_teardown(&pair);
    return result;
}

static void test_network(void **state)
{
    (void)state;
    assert_true(says_with(bgp_down, "BgpConsistency", "65002"));
    assert_true(says_with(uncovered, "VpcRouteNotCovered", "10.77.0.0/16"));
    assert_false(says_with(NULL, "BgpConsistency", ""));
    assert_false(says_with(NULL, "VpcRouteNotCovered", ""));
    assert_false(says_with(NULL, "RouteNotPublished", ""));
}

static void test_routes(void **state)
{
    struct s2s_route_params route;
    struct pair_params params;
    struct pair pair;
    s2s_route *out;
    (void)state;

    pair_params_init(&params);
    params.route_mode = S2S_ROUTE_MODE_DESTINATION;
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    s2s_route_params_init(&route, sizeof(route));
    route.type = S2S_ROUTE_DESTINATION;
    assert_int_equal(s2s_prefix_parse("10.55.0.0/16", &route.destination), 0);
    route.connection = "pair";
    route.publish = 0;
    assert_false(says(&pair, "RouteNotPublished", "10.55.0.0/16"));
    assert_int_equal(s2s_route_new(pair.a.gateway, &route, s2s_sim_now(pair.sim), &out), 0);
    assert_true(says(&pair, "RouteNotPublished", "10.55.0.0/16"));
    pair_teardown(&pair);
}

/* The record of an event in AWS's activity log, from a real tunnel. */
static void test_activity_log(void **state)
{
    struct s2s_event event = { .struct_size = sizeof(event), .type = S2S_EVENT_PEER_DEAD, .connection = "pair" };
    struct pair_params params;
    struct pair pair;
    char *text = NULL;
    (void)state;

    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    const s2s_tunnel *tunnel = s2s_connection_tunnel(pair.a.connection, 1);
    assert_int_equal(s2s_aws_activity_log(&event, tunnel, 1673609961, true, &text), 0);
    assert_non_null(strstr(text, "\"VpnLogCreationTimestamp\":\"1673609961\""));
    assert_non_null(strstr(text, "\"TunnelOutsideIPAddress\":\"198.51.100.1\""));
    assert_non_null(strstr(text, "\"TunnelIKEPhase2State\":\"Established\""));
    assert_non_null(strstr(text, "\"VpnLogDetail\":\"AWS tunnel DPD timed out\""));
    s2s_json_free(text);
    assert_int_equal(s2s_aws_activity_log(&event, tunnel, 1673609961, false, &text), 0);
    assert_string_equal(text,
                        "1673609961 pair 198.51.100.1 true false Established Established AWS tunnel DPD timed out");
    s2s_json_free(text);
    pair_teardown(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_activity_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
