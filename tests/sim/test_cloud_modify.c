/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modify operations (ModifyTunnelAttribute, ModifyVpnTunnelOptions, ModifyVpnConnectionAttribute): which change takes which
 * tunnel down. Of a tunnel's settings those that take part in a negotiation restart that tunnel, in the planned way and no
 * other; the rest hold at once or from the next rekey. No change of one tunnel costs a packet while the other one stands.
 *
 *     10.0.0.223 ── router 8.0.0.1 ══ two tunnels ══ 3.0.0.1, 3.0.0.2  cloud ── 192.168.10.113
 */
#include "lib/gateway/params.h"
#include "tests/sim/seats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

enum { ALIBABA = 1, AWS = 2, BOTH = 3 };

/* %s: profile; further keys of the connection, BGP among them. */
static const char cloud_text[] =
    "{'gateway': {'name': 'gw', 'profile': '%s', 'addresses': ['3.0.0.1', '3.0.0.2'],"
    "  'vpc': {'cidr': '192.168.0.0/16', 'route_tables': [{'name': 'rtb', 'propagate': true}]}},"
    " 'customer_gateways': [{'name': 'router', 'ip_address': '8.0.0.1', 'asn': 65000},"
    "  {'name': 'spare', 'ip_address': '8.0.0.9', 'asn': 65000}],"
    " 'connections': [{'name': 'vpn', 'customer_gateway': 'router', %s 'tunnels': ["
    "  {'psk': 'first.key.1', 'bgp': {'tunnel_cidr': '169.254.10.0/30'}},"
    "  {'psk': 'second.key.2', 'bgp': {'tunnel_cidr': '169.254.11.0/30'}}]}],"
    " 'routes': [{'type': '%s', 'destination': '10.0.0.0/16', 'connection': 'vpn', 'publish': true}]}";

static const char router_text[] =
    "{'gateway': {'name': 'router', 'profile': 'generic', 'addresses': '8.0.0.1', 'vpc': {'cidr': '10.0.0.0/16'}},"
    " 'customer_gateways': [{'name': 'cloud-1', 'profile': '%s', 'ip_address': '3.0.0.1'},"
    "  {'name': 'cloud-2', 'profile': '%s', 'ip_address': '3.0.0.2'}],"
    " 'connections': [{'name': 'cloud', 'tunnels': ["
    "  {'customer_gateway': 'cloud-1', 'psk': 'first.key.1', 'bgp': {'tunnel_cidr': '169.254.10.0/30'}},"
    "  {'customer_gateway': 'cloud-2', 'psk': 'second.key.2', 'bgp': {'tunnel_cidr': '169.254.11.0/30'}}]}],"
    " 'routes': [{'type': 'static', 'destination': '192.168.0.0/16', 'connection': 'cloud'}]}";

struct pair {
    struct seats world;
    struct seat *cloud, *router;
};

static void cloud_config(char *text, size_t size, int profile, const char *more)
{
    snprintf(text, size, cloud_text, profile == AWS ? "aws" : "alibaba", more, profile == AWS ? "static" : "destination");
}

static void pair_open(struct pair *pair, int profile, const char *more)
{
    const char *name = profile == AWS ? "aws" : "alibaba";
    char text[4096];

    seats_open(&pair->world);
    pair->cloud = seats_place(&pair->world, "cloud", "3.0.0.1 3.0.0.2", "192.168.0.1/16", "192.168.10.113/16");
    pair->router = seats_place(&pair->world, "router", "8.0.0.1", "10.0.0.1/16", "10.0.0.223/16");
    cloud_config(text, sizeof(text), profile, more);
    seat_start(&pair->world, pair->cloud, text);
    snprintf(text, sizeof(text), router_text, name, name);
    seat_start(&pair->world, pair->router, text);
    assert_true(seats_until(&pair->world, pair->router, 2, false, 20000));
    seats_run(&pair->world, 8000); /* the hold-down is over: tunnel 1 is in use */
}

/* Names the tunnel's IKE_SA; another one after a restart, 0 while there is none. */
static uint64_t sa_of(const struct pair *pair, size_t tunnel)
{
    struct s2s_tunnel_state state = {.struct_size = sizeof(state)};
    assert_int_equal(s2s_tunnel_get(seat_tunnel(pair->cloud, "vpn", tunnel), &state), 0);
    return state.status == S2S_TUNNEL_UP ? state.ike_spi_i : 0;
}

/* ---- one tunnel's settings ---- */

enum effect { NONE, RESTART };
static const struct row {
    const char *key, *patch;
    enum effect effect;
    int profiles;
} rows[] = {
    {"enabled", "{'enabled': false}", RESTART, BOTH},
    {"customer_gateway", "{'customer_gateway': 'spare'}", RESTART, BOTH},
    {"local_address", "{'local_address': '3.0.0.2'}", RESTART, BOTH},
    {"psk", "{'psk': 'another.key.3'}", RESTART, BOTH},
    {"startup_action", "{'startup_action': 'start'}", NONE, BOTH},
    {"nat_traversal", "{'nat_traversal': false}", RESTART, BOTH},
    {"encapsulation", "{'encapsulation': 'always'}", RESTART, BOTH},
    {"ike.mode", "{'ike': {'mode': 'aggressive'}}", RESTART, ALIBABA},
    {"ike.encryption", "{'ike': {'encryption': 'aes256'}}", RESTART, BOTH},
    {"ike.integrity", "{'ike': {'integrity': 'sha512'}}", RESTART, BOTH},
    {"ike.prf", "{'ike': {'integrity': 'sha1', 'prf': 'sha1'}}", RESTART, BOTH},
    {"ike.dh_group", "{'ike': {'dh_group': 'group14'}}", RESTART, BOTH},
    {"ike.lifetime", "{'ike': {'lifetime': 20000}}", NONE, BOTH},
    {"ike.local_id", "{'ike': {'local_id': 'cloud.example'}}", RESTART, BOTH},
    {"ike.remote_id", "{'ike': {'remote_id': 'router.example'}}", RESTART, BOTH},
    {"ipsec.encryption", "{'ipsec': {'encryption': 'aes256'}}", RESTART, BOTH},
    {"ipsec.integrity", "{'ipsec': {'integrity': 'sha512'}}", RESTART, BOTH},
    {"ipsec.pfs", "{'ipsec': {'pfs': 'group14'}}", RESTART, BOTH},
    {"ipsec.lifetime", "{'ipsec': {'lifetime': 1800}}", NONE, BOTH},
    {"ipsec.replay_window", "{'ipsec': {'replay_window': 128}}", NONE, BOTH},
    {"ipsec.esn", "{'ipsec': {'esn': true}}", RESTART, BOTH},
    {"rekey.margin", "{'rekey': {'margin': 100}}", NONE, BOTH},
    {"rekey.fuzz", "{'rekey': {'fuzz': 50}}", NONE, BOTH},
    {"dpd.enable", "{'dpd': {'enable': false}}", NONE, BOTH},
    {"dpd.delay", "{'dpd': {'delay': 15}}", NONE, BOTH},
    {"dpd.timeout", "{'dpd': {'timeout': 60}}", NONE, BOTH},
    {"dpd.action", "{'dpd': {'action': 'none'}}", NONE, BOTH},
    {"probe.enable", "{'probe': {'enable': true}}", NONE, BOTH},
    {"probe.source", "{'probe': {'source': '169.254.10.1'}}", NONE, BOTH},
    {"probe.target", "{'probe': {'target': '169.254.10.2'}}", NONE, BOTH},
    {"probe.interval_ms", "{'probe': {'interval_ms': 500}}", NONE, BOTH},
    {"probe.retry", "{'probe': {'retry': 5}}", NONE, BOTH},
    {"bgp.tunnel_cidr", "{'bgp': {'tunnel_cidr': '169.254.77.0/30'}}", NONE, BOTH},
    {"bgp.local_ip", "{'bgp': {'local_ip': '169.254.10.1'}}", NONE, BOTH},
    {"bgp.peer_ip", "{'bgp': {'peer_ip': '169.254.10.2'}}", NONE, BOTH},
    {"bgp.hold_time", "{'bgp': {'hold_time': 60}}", NONE, BOTH},
    {"bgp.keepalive", "{'bgp': {'keepalive': 5}}", NONE, BOTH},
    {"bgp.import", "{'bgp': {'import': 'permit'}}", NONE, BOTH},
    {"bgp.export", "{'bgp': {'export': 'permit'}}", NONE, BOTH},
    {"bgp.max_prefix", "{'bgp': {'max_prefix': 40}}", NONE, BOTH},
    {"bgp.passive", "{'bgp': {'passive': true}}", NONE, BOTH},
    {"bgp.ttl_security", "{'bgp': {'ttl_security': true}}", NONE, BOTH},
    {"bgp.graceful_restart", "{'bgp': {'graceful_restart': true}}", NONE, BOTH},
};
/* Of which there is one value only, so that nothing can change. */
static const char *const alone[] = {"auth.method", "ike.version"};

static void patch(struct pair *pair, const char *text)
{
    struct s2s_config_error wrong = {.struct_size = sizeof(wrong)};
    char json[200];
    size_t length = strlen(text);

    assert_true(length < sizeof(json));
    for (size_t i = 0; i <= length; i++) {
        json[i] = (char)(text[i] == '\'' ? '"' : text[i]);
    }
    int error = s2s_config_patch_tunnel(pair->cloud->engine, pair->cloud->config, "vpn", 1, json, length,
                                        s2s_sim_now(pair->world.sim));
    for (size_t i = 0; error && s2s_config_error(pair->cloud->config, i, &wrong) == 0; i++) {
        print_error("%s = %s: %s\n", wrong.path, wrong.value, wrong.rule);
    }
    assert_int_equal(error, 0);
    seat_kick(pair->cloud);
}

static bool run_row(const struct row *row, int profile)
{
    struct pair pair;

    pair_open(&pair, profile, "");
    uint64_t first = sa_of(&pair, 1), second = sa_of(&pair, 2);
    assert_true(first && second);
    s2s_sim_ping *out = seats_stream(&pair.world, pair.router, "192.168.10.113", 6);
    s2s_sim_ping *in = seats_stream(&pair.world, pair.cloud, "10.0.0.223", 6);
    seats_run(&pair.world, 1000);
    patch(&pair, row->patch);
    seats_run(&pair.world, 5000);
    struct s2s_sim_ping_stats sent = seats_stream_end(&pair.world, out), received = seats_stream_end(&pair.world, in);
    unsigned lost = sent.sent - sent.answered + received.sent - received.answered;
    bool restarted = sa_of(&pair, 1) != first;
    bool good = restarted == (row->effect == RESTART) && sa_of(&pair, 2) == second && lost == 0 && seats_cleartext(&pair.world) == 0;
    if (!good) {
        print_error("%s %s: %s, tunnel 2 %s, %u pings lost\n", profile == AWS ? "aws" : "alibaba", row->patch,
                    restarted ? "restarted" : "stood", sa_of(&pair, 2) == second ? "stood" : "went down", lost);
    }
    seats_close(&pair.world);
    return good;
}

static void each_row(int profile)
{
    unsigned wrong = 0, restarts = 0, count = 0;

    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        if (rows[i].profiles & profile) {
            wrong += !run_row(&rows[i], profile);
            restarts += rows[i].effect == RESTART;
            count++;
        }
    }
    print_message("%s: %u fields modified, %u restart their tunnel, no packet lost\n", profile == AWS ? "aws" : "alibaba", count,
                  restarts);
    assert_int_equal(wrong, 0);
}

static void test_alibaba_tunnel(void **state)
{
    (void)state;
    each_row(ALIBABA);
}

static void test_aws_tunnel(void **state)
{
    (void)state;
    each_row(AWS);
}

static bool listed(const char *key)
{
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        if (strcmp(rows[i].key, key) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < S2SI_COUNT(alone); i++) {
        if (strcmp(alone[i], key) == 0) {
            return true;
        }
    }
    return false;
}

/* A new field of a tunnel cannot be forgotten here. */
static void test_no_field_is_missing(void **state)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(S2SI_TUNNEL, &count);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (!listed(fields[i].key)) {
            print_error("%s has no row\n", fields[i].key);
        }
        assert_true(listed(fields[i].key));
    }
}

/* ---- the connection's settings ---- */

static const struct {
    const char *more;
    enum effect effect; /* of both tunnels */
    int profiles;
} connection_rows[] = {
    {"'effect_immediately': true,", NONE, BOTH},
    {"'failover': {'hold_down': 9},", NONE, BOTH},
    {"'failover': {'switch_back': false},", NONE, BOTH},
    {"'auto_config_route': false,", NONE, BOTH},
    {"'enable_bgp': true, 'local_asn': 64512,", NONE, ALIBABA}, /* the document's order: BGP after the tunnels are up */
    {"'local_subnets': '192.168.0.0/16', 'remote_subnets': '10.0.0.0/16',", RESTART, BOTH},
};

static void connection_row(size_t row, int profile)
{
    char text[4096];
    struct pair pair;

    pair_open(&pair, profile, "");
    uint64_t first = sa_of(&pair, 1), second = sa_of(&pair, 2);
    cloud_config(text, sizeof(text), profile, connection_rows[row].more);
    assert_int_equal(seat_reload(&pair.world, pair.cloud, text), 0);
    seats_run(&pair.world, 10000);
    bool restart = connection_rows[row].effect == RESTART;
    if ((sa_of(&pair, 1) != first) != restart || (sa_of(&pair, 2) != second) != restart) {
        print_error("%d %s\n", profile, connection_rows[row].more);
        fail();
    }
    assert_int_equal(seats_cleartext(&pair.world), 0);
    seats_close(&pair.world);
}

static void test_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(connection_rows); i++) {
        for (int profile = ALIBABA; profile <= AWS; profile++) {
            if (connection_rows[i].profiles & profile) {
                connection_row(i, profile);
            }
        }
    }
}

/* A lifetime of 0 is in Alibaba's range: this library's own lifetimes hold, and nothing ends. */
static void test_lifetime_zero(void **state)
{
    struct s2s_tunnel_state tunnel = {.struct_size = sizeof(tunnel)};
    struct pair pair;
    (void)state;
    pair_open(&pair, ALIBABA, "'effect_immediately': true,");
    patch(&pair, "{'ike': {'lifetime': 0}, 'ipsec': {'lifetime': 0}}");
    assert_int_equal(s2s_tunnel_restart(seat_tunnel(pair.cloud, "vpn", 1), s2s_sim_now(pair.world.sim)), 0);
    seat_kick(pair.cloud);
    seats_run(&pair.world, 120000);
    assert_true(sa_of(&pair, 1) != 0);
    seats_run(&pair.world, 2 * 3600 * 1000);
    assert_int_equal(s2s_tunnel_get(seat_tunnel(pair.cloud, "vpn", 1), &tunnel), 0);
    assert_in_range(tunnel.ipsec_rekeys, 2, 6); /* about once in 3600 s; the far end's 86400 s would be none */
    assert_int_equal(tunnel.status, S2S_TUNNEL_UP);
    assert_int_equal(seats_ping(&pair.world, pair.router, "192.168.10.113", 5), 5);
    seats_close(&pair.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_field_is_missing), cmocka_unit_test(test_alibaba_tunnel), cmocka_unit_test(test_aws_tunnel),
        cmocka_unit_test(test_connection),          cmocka_unit_test(test_lifetime_zero),
    };
    return cmocka_run_group_tests_name("cloud_modify", tests, NULL, NULL);
}
