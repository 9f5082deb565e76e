/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tunnel brings for somebody else: with selectors of 0.0.0.0/0 a far end may send anything. Behind a cloud's gateway
 * is a VPC, and a VPC has no transit: such packets are dropped and counted, unless gateway.transit says otherwise or (AWS,
 * CloudHub) the far end of another connection announced the prefix.
 *
 *     branch one 10.1.0.2 ── 8.0.0.1 ══╗
 *                                      aws 3.0.0.1-4 ── 192.168.10.113
 *     branch two 10.2.0.2 ── 8.0.0.2 ══╝
 */
#include "tests/sim/seats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* %s: "'transit': true," or nothing; enable_bgp of both; static routes. */
static const char aws[] =
    "{'gateway': {'name': 'vgw', 'profile': 'aws', %s 'addresses': ['3.0.0.1', '3.0.0.2', '3.0.0.3', '3.0.0.4'],"
    "  'vpc': {'cidr': '192.168.0.0/16', 'route_tables': [{'name': 'rtb', 'propagate': true}]}},"
    " 'customer_gateways': [{'name': 'one', 'ip_address': '8.0.0.1', 'asn': 65001},"
    "  {'name': 'two', 'ip_address': '8.0.0.2', 'asn': 65002}],"
    " 'connections': ["
    "  {'name': 'vpn1', 'customer_gateway': 'one', 'enable_bgp': %s, 'tunnels': ["
    "   {'psk': 'key.of.one', 'bgp': {'tunnel_cidr': '169.254.10.0/30'}},"
    "   {'psk': 'key.of.one', 'bgp': {'tunnel_cidr': '169.254.11.0/30'}}]},"
    "  {'name': 'vpn2', 'customer_gateway': 'two', 'enable_bgp': %s, 'tunnels': ["
    "   {'psk': 'key.of.two', 'bgp': {'tunnel_cidr': '169.254.12.0/30'}},"
    "   {'psk': 'key.of.two', 'bgp': {'tunnel_cidr': '169.254.13.0/30'}}]}],"
    " 'routes': [%s]}";
#define STATIC_ROUTES                                                                                                  \
    "{'type': 'static', 'destination': '10.1.0.0/16', 'connection': 'vpn1'},"                                         \
    "{'type': 'static', 'destination': '10.2.0.0/16', 'connection': 'vpn2'}"

/* %u: the branch, its AWS address, its inside network, ASN. */
static const char branch[] =
    "{'gateway': {'name': 'branch', 'profile': 'generic', 'addresses': '8.0.0.%u', 'asn': 6500%u,"
    "  'vpc': {'cidr': '10.%u.0.0/16'}},"
    " 'customer_gateways': [{'name': 'aws', 'profile': 'aws', 'ip_address': '3.0.0.%u', 'asn': 64512}],"
    " 'connections': [{'name': 'aws', 'customer_gateway': 'aws', 'enable_bgp': %s, 'tunnels': ["
    "  {'psk': 'key.of.%s', 'bgp': {'tunnel_cidr': '169.254.1%u.0/30'}}]}],"
    " 'routes': [%s]}";
#define WIDE_ROUTES                                                                                                    \
    "{'type': 'static', 'destination': '192.168.0.0/16', 'connection': 'aws'},"                                       \
    "{'type': 'static', 'destination': '10.2.0.0/16', 'connection': 'aws'},"                                          \
    "{'type': 'static', 'destination': '172.31.0.0/16', 'connection': 'aws'}"

struct hub {
    struct seats world;
    struct seat *aws, *one, *two;
};

static void hub_open(struct hub *hub, const char *transit, bool bgp)
{
    char text[4096];
    const char *on = bgp ? "true" : "false";

    seats_open(&hub->world);
    hub->aws = seats_place(&hub->world, "aws", "3.0.0.1 3.0.0.2 3.0.0.3 3.0.0.4", "192.168.0.1/16", "192.168.10.113/16");
    hub->one = seats_place(&hub->world, "one", "8.0.0.1", "10.1.0.1/16", "10.1.0.2/16");
    hub->two = seats_place(&hub->world, "two", "8.0.0.2", "10.2.0.1/16", "10.2.0.2/16");
    snprintf(text, sizeof(text), aws, transit, on, on, bgp ? "" : STATIC_ROUTES);
    seat_start(&hub->world, hub->aws, text);
    snprintf(text, sizeof(text), branch, 1u, 1u, 1u, 1u, on, "one", 0u, bgp ? "" : WIDE_ROUTES);
    seat_start(&hub->world, hub->one, text);
    snprintf(text, sizeof(text), branch, 2u, 2u, 2u, 3u, on, "two", 2u,
             bgp ? "" : "{'type': 'static', 'destination': '10.1.0.0/16', 'connection': 'aws'},"
                        "{'type': 'static', 'destination': '192.168.0.0/16', 'connection': 'aws'}");
    seat_start(&hub->world, hub->two, text);
    assert_true(seats_until(&hub->world, hub->aws, 2, bgp, 30000));
}

static void hub_close(struct hub *hub)
{
    seats_close(&hub->world);
}

/* Neither the internet nor another branch is reached through a VPC; what is for the VPC goes on. */
static void test_a_vpc_has_no_transit(void **state)
{
    struct hub hub;
    (void)state;
    hub_open(&hub, "", false);
    assert_int_equal(seats_ping(&hub.world, hub.one, "192.168.10.113", 5), 5);
    assert_int_equal(seat_drops(hub.aws, S2S_DROP_TRANSIT), 0);
    assert_int_equal(seats_ping(&hub.world, hub.one, "172.31.0.1", 5), 0);
    assert_int_equal(seat_drops(hub.aws, S2S_DROP_TRANSIT), 5);
    assert_int_equal(seats_ping(&hub.world, hub.one, "10.2.0.2", 5), 0); /* CloudHub is for BGP */
    assert_int_equal(seat_drops(hub.aws, S2S_DROP_TRANSIT), 10);
    assert_int_equal(seats_cleartext(&hub.world), 0);
    struct s2s_tunnel_state tunnel = {.struct_size = sizeof(tunnel)};
    assert_int_equal(s2s_tunnel_get(seat_tunnel(hub.aws, "vpn1", 1), &tunnel), 0);
    assert_true(tunnel.drops_in >= 10);
    hub_close(&hub);
}

/* One egress tunnel for the gateway, but a prefix that only another connection has goes by that connection. */
static void test_each_branch_has_its_way(void **state)
{
    struct hub hub;
    (void)state;
    hub_open(&hub, "", false);
    assert_int_equal(seats_ping(&hub.world, hub.aws, "10.1.0.2", 5), 5);
    assert_int_equal(seats_ping(&hub.world, hub.aws, "10.2.0.2", 5), 5);
    assert_int_equal(seats_cleartext(&hub.world), 0);
    hub_close(&hub);
}

/* The kernel's own routes decide then: what they say of a stranger's address is the operator's affair. */
static void test_transit_by_configuration(void **state)
{
    struct hub hub;
    (void)state;
    hub_open(&hub, "'transit': true,", false);
    assert_int_equal(seats_ping(&hub.world, hub.one, "10.2.0.2", 5), 5);
    assert_int_equal(seats_cleartext(&hub.world), 0);
    assert_int_equal(seats_ping(&hub.world, hub.one, "172.31.0.1", 5), 0);
    assert_true(seats_cleartext(&hub.world) > 0); /* which is what the default is for */
    assert_int_equal(seat_drops(hub.aws, S2S_DROP_TRANSIT), 0);
    hub_close(&hub);
}

/* CloudHub: branches of one virtual private gateway, ASNs of their own, talk to one another by BGP. */
static void test_cloudhub(void **state)
{
    struct hub hub;
    (void)state;
    hub_open(&hub, "", true);
    seats_run(&hub.world, 30000);
    assert_int_equal(seats_ping(&hub.world, hub.one, "192.168.10.113", 5), 5);
    assert_int_equal(seats_ping(&hub.world, hub.one, "10.2.0.2", 5), 5);
    assert_int_equal(seats_ping(&hub.world, hub.two, "10.1.0.2", 5), 5);
    assert_int_equal(seat_drops(hub.aws, S2S_DROP_TRANSIT), 0);
    assert_int_equal(seats_cleartext(&hub.world), 0);
    hub_close(&hub);
}

/* A gateway that was told neither a VPC nor subnets cannot know what is not its own. */
static void test_unknown_networks(void **state)
{
    struct hub hub;
    char text[4096];
    (void)state;
    hub_open(&hub, "", false);
    snprintf(text, sizeof(text), aws, "", "false", "false", STATIC_ROUTES);
    char *vpc = strstr(text, "'cidr': '192.168.0.0/16', ");
    memmove(vpc, vpc + strlen("'cidr': '192.168.0.0/16', "), strlen(vpc + strlen("'cidr': '192.168.0.0/16', ")) + 1);
    assert_int_equal(seat_reload(&hub.world, hub.aws, text), 0);
    seats_run(&hub.world, 1000);
    assert_int_equal(seats_ping(&hub.world, hub.one, "192.168.10.113", 5), 5);
    assert_int_equal(seat_drops(hub.aws, S2S_DROP_TRANSIT), 0);
    hub_close(&hub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_vpc_has_no_transit),
        cmocka_unit_test(test_each_branch_has_its_way),
        cmocka_unit_test(test_transit_by_configuration),
        cmocka_unit_test(test_cloudhub),
        cmocka_unit_test(test_unknown_networks),
    };
    return cmocka_run_group_tests_name("cloud_transit", tests, NULL, NULL);
}
