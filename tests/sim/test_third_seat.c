/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The third seat: a router of its own that faces a cloud, told little more than a person would type in: addresses, key, inside
 * network. The rest are device-side defaults of the far end's profile. Both clouds, static and BGP; one customer gateway for
 * the two tunnels of an AWS connection; AWS replacing one tunnel endpoint at a time.
 *
 *     10.0.0.223 ── router 8.0.0.1 ══ two tunnels ══ 3.0.0.1, 3.0.0.2  cloud ── 192.168.10.113
 */
#include "tests/sim/seats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define ROUTER "10.0.0.223"
#define CLOUD "192.168.10.113"

/* ---- the texts: %s are enable_bgp, routes ---- */

static const char aws[] =
    "{'gateway': {'name': 'vgw', 'profile': 'aws', 'addresses': ['3.0.0.1', '3.0.0.2'],"
    "  'vpc': {'cidr': '192.168.0.0/16', 'route_tables': [{'name': 'rtb', 'propagate': true}]}},"
    " 'customer_gateways': [{'name': 'router', 'ip_address': '8.0.0.1', 'asn': 65000}],"
    " 'connections': [{'name': 'vpn', 'customer_gateway': 'router', 'enable_bgp': %s, 'tunnels': ["
    "  {'psk': 'first.key.1', 'bgp': {'tunnel_cidr': '169.254.10.0/30'}},"
    "  {'psk': 'second.key.2', 'bgp': {'tunnel_cidr': '169.254.11.0/30'}}]}],"
    " 'routes': [%s]}";

static const char alibaba[] =
    "{'gateway': {'name': 'vpn-gw', 'profile': 'alibaba', 'addresses': ['3.0.0.1', '3.0.0.2'], 'auto_propagate': true,"
    "  'vpc': {'cidr': '192.168.0.0/16'}},"
    " 'customer_gateways': [{'name': 'router', 'ip_address': '8.0.0.1', 'asn': 65000}],"
    " 'connections': [{'name': 'vpn', 'customer_gateway': 'router', 'enable_bgp': %s, 'local_asn': 65530, 'tunnels': ["
    "  {'psk': 'first.key.1', 'bgp': {'tunnel_cidr': '169.254.10.0/30'}},"
    "  {'psk': 'second.key.2', 'bgp': {'tunnel_cidr': '169.254.11.0/30'}}]}],"
    " 'routes': [%s]}";

/* %s: the far end's profile, its ASN, enable_bgp, routes. */
static const char router[] =
    "{'gateway': {'name': 'router', 'profile': 'generic', 'addresses': '8.0.0.1', 'asn': 65000, 'vpc': {'cidr': '10.0.0.0/16'}},"
    " 'customer_gateways': [{'name': 'cloud-1', 'profile': '%s', 'ip_address': '3.0.0.1', 'asn': %s},"
    "  {'name': 'cloud-2', 'profile': '%s', 'ip_address': '3.0.0.2', 'asn': %s}],"
    " 'connections': [{'name': 'cloud', 'enable_bgp': %s, 'tunnels': ["
    "  {'customer_gateway': 'cloud-1', 'psk': 'first.key.1', 'bgp': {'tunnel_cidr': '169.254.10.0/30'}},"
    "  {'customer_gateway': 'cloud-2', 'psk': 'second.key.2', 'bgp': {'tunnel_cidr': '169.254.11.0/30'}}]}],"
    " 'routes': [%s]}";
#define TO_CLOUD "{'type': 'static', 'destination': '192.168.0.0/16', 'connection': 'cloud'}"

struct third {
    struct seats world;
    struct seat *cloud, *router;
};

static void third_open(struct third *third, bool is_aws, bool bgp)
{
    char text[4096];
    const char *on = bgp ? "true" : "false", *profile = is_aws ? "aws" : "alibaba", *asn = is_aws ? "64512" : "65530";

    seats_open(&third->world);
    third->cloud = seats_place(&third->world, "cloud", "3.0.0.1 3.0.0.2", "192.168.0.1/16", "192.168.10.113/16");
    third->router = seats_place(&third->world, "router", "8.0.0.1", "10.0.0.1/16", "10.0.0.223/16");
    snprintf(text, sizeof(text), is_aws ? aws : alibaba, on,
             bgp      ? ""
             : is_aws ? "{'type': 'static', 'destination': '10.0.0.0/16', 'connection': 'vpn'}"
                      : "{'type': 'destination', 'destination': '10.0.0.0/16', 'connection': 'vpn', 'publish': true}");
    seat_start(&third->world, third->cloud, text);
    snprintf(text, sizeof(text), router, profile, asn, profile, asn, on, bgp ? "" : TO_CLOUD);
    seat_start(&third->world, third->router, text);
    assert_true(seats_until(&third->world, third->router, 2, bgp, 60000));
    seats_run(&third->world, bgp ? 30000 : 5000);
}

static void third_close(struct third *third)
{
    assert_int_equal(seats_cleartext(&third->world), 0);
    assert_int_equal(seat_drops(third->cloud, S2S_DROP_TRANSIT), 0);
    seats_close(&third->world);
}

/* Comes up by defaults, carries traffic both ways, and survives the silent death of the tunnel in use. */
static void carries(bool is_aws, bool bgp)
{
    struct third third;
    uint32_t used;

    third_open(&third, is_aws, bgp);
    assert_int_equal(seats_ping(&third.world, third.router, CLOUD, 20), 20);
    assert_int_equal(seats_ping(&third.world, third.cloud, ROUTER, 20), 20);
    used = seat_active(third.router, "cloud");
    assert_in_range(used, 1, 2);
    seats_silence(&third.world, "8.0.0.1", used == 1 ? "3.0.0.1" : "3.0.0.2");
    struct s2s_sim_ping_stats stats = seats_stream_end(&third.world, seats_stream(&third.world, third.router, CLOUD, 10));
    seats_run(&third.world, 10000);
    assert_int_equal(seat_active(third.router, "cloud"), 3 - used);
    assert_true(stats.longest_gap < 4 * (s2s_time)S2S_SECOND); /* without a probe; DPD's 30 s would be the last resort */
    assert_int_equal(seats_ping(&third.world, third.router, CLOUD, 20), 20);
    third_close(&third);
}

static void test_aws_static(void **state)
{
    (void)state;
    carries(true, false);
}

static void test_aws_bgp(void **state)
{
    (void)state;
    carries(true, true);
}

static void test_alibaba_static(void **state)
{
    (void)state;
    carries(false, false);
}

static void test_alibaba_bgp(void **state)
{
    (void)state;
    carries(false, true);
}

/* ---- what the defaults are ---- */

static const struct s2s_tunnel_params *effective(const struct seat *seat, const char *connection, struct s2s_tunnel_params *out)
{
    s2s_tunnel_params_init(out, sizeof(*out));
    assert_int_equal(s2s_tunnel_effective(seat_tunnel(seat, connection, 1), out), 0);
    return out;
}

static void test_defaults_come_from_the_far_end(void **state)
{
    struct s2s_tunnel_params out;
    struct third third;
    (void)state;

    third_open(&third, true, false);
    effective(third.router, "cloud", &out);
    assert_int_equal(out.ike_lifetime, 28800);
    assert_int_equal(out.ipsec_lifetime, 3600);
    assert_int_equal(out.startup_action, S2S_STARTUP_START); /* AWS waits by default */
    assert_int_equal(out.dpd_timeout, 30);
    assert_int_equal(out.dpd_action, S2S_DPD_RESTART);
    assert_int_equal(out.bgp_hold_time, 30);
    third_close(&third);
    third_open(&third, false, false);
    effective(third.router, "cloud", &out);
    assert_int_equal(out.ike_lifetime, 86400);
    assert_int_equal(out.ipsec_lifetime, 86400);
    assert_int_equal(out.ike_version, S2S_IKEV2);
    assert_int_equal(out.ike_encryption.count, 1);
    assert_int_equal(out.ike_encryption.items[0], S2S_AES128_CBC);
    assert_int_equal(out.ike_integrity.items[0], S2S_HMAC_SHA1_96);
    assert_int_equal(out.ike_dh_group.items[0], S2S_MODP1024);
    assert_int_equal(out.startup_action, S2S_STARTUP_START);
    third_close(&third);
}

/* ---- AWS replaces its endpoints, one at a time ---- */

static void replace_endpoint(struct third *third, size_t tunnel, unsigned seconds)
{
    struct s2s_tunnel_params change;

    s2s_tunnel_params_init(&change, sizeof(change));
    change.enabled = 0;
    assert_int_equal(s2s_tunnel_modify(seat_tunnel(third->cloud, "vpn", tunnel), &change, s2s_sim_now(third->world.sim)), 0);
    seat_kick(third->cloud);
    seats_run(&third->world, seconds * 1000);
    change.enabled = 1; /* waits: the router has to call (startup_action add) */
    assert_int_equal(s2s_tunnel_modify(seat_tunnel(third->cloud, "vpn", tunnel), &change, s2s_sim_now(third->world.sim)), 0);
    seat_kick(third->cloud);
    seats_run(&third->world, 90000);
    assert_int_equal(seat_status(third->cloud, "vpn", tunnel), S2S_TUNNEL_UP);
    assert_int_equal(seat_status(third->router, "cloud", tunnel), S2S_TUNNEL_UP);
}

static void replacement(bool is_aws, bool bgp)
{
    struct third third;

    third_open(&third, is_aws, bgp);
    s2s_sim_ping *out = seats_stream(&third.world, third.router, CLOUD, 265);
    s2s_sim_ping *in = seats_stream(&third.world, third.cloud, ROUTER, 265);
    seats_run(&third.world, 1000);
    replace_endpoint(&third, 1, 40);
    replace_endpoint(&third, 2, 40);
    seats_run(&third.world, 4000);
    struct s2s_sim_ping_stats sent = seats_stream_end(&third.world, out);
    struct s2s_sim_ping_stats received = seats_stream_end(&third.world, in);
    print_message("%s, %s: %u + %u pings, %u + %u lost, gap %u ms\n", is_aws ? "aws" : "alibaba", bgp ? "BGP" : "static", sent.sent,
                  received.sent, sent.sent - sent.answered, received.sent - received.answered,
                  (unsigned)((sent.longest_gap > received.longest_gap ? sent.longest_gap : received.longest_gap) / S2S_MILLISECOND));
    assert_true(sent.sent == 26500 && received.sent == 26500);
    assert_int_equal(sent.sent, sent.answered);
    assert_int_equal(received.sent, received.answered);
    assert_int_equal(sent.duplicates + received.duplicates, 0);
    third_close(&third);
}

static void test_endpoint_replacement_static(void **state)
{
    (void)state;
    replacement(true, false);
}

static void test_endpoint_replacement_bgp(void **state)
{
    (void)state;
    replacement(true, true);
}

static void test_alibaba_tunnels_changed_in_turn(void **state)
{
    (void)state;
    replacement(false, false);
    replacement(false, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aws_static),
        cmocka_unit_test(test_aws_bgp),
        cmocka_unit_test(test_alibaba_static),
        cmocka_unit_test(test_alibaba_bgp),
        cmocka_unit_test(test_defaults_come_from_the_far_end),
        cmocka_unit_test(test_endpoint_replacement_static),
        cmocka_unit_test(test_endpoint_replacement_bgp),
        cmocka_unit_test(test_alibaba_tunnels_changed_in_turn),
    };
    return cmocka_run_group_tests_name("third_seat", tests, NULL, NULL);
}
