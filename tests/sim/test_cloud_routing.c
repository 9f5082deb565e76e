/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clouds' rules of routing, one after the other, over two connections to two branches: which connection a packet takes is
 * seen from the counters of its tunnels, not from what a table says.
 *
 *                            ╔══ one ── branch one 8.0.0.1
 *     192.168.10.113 ── hub ═╣
 *                            ╚══ two ── branch two 8.0.0.2
 */
#include "tests/sim/seats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* %s: routes. */
static const char alibaba[] =
    "{'gateway': {'name': 'hub', 'profile': 'alibaba', 'addresses': ['3.0.0.1', '3.0.0.2'], 'vpc': {'cidr': '192.168.0.0/16'}},"
    " 'customer_gateways': [{'name': 'one', 'ip_address': '8.0.0.1'}, {'name': 'two', 'ip_address': '8.0.0.2'}],"
    " 'connections': ["
    "  {'name': 'one', 'customer_gateway': 'one', 'local_subnets': '192.168.0.0/16', 'remote_subnets': '10.0.0.0/8',"
    "   'auto_config_route': false, 'tunnels': [{'psk': 'key.of.one', 'startup_action': 'add'},"
    "    {'psk': 'key.of.one', 'startup_action': 'add'}]},"
    "  {'name': 'two', 'customer_gateway': 'two', 'local_subnets': '192.168.0.0/16', 'remote_subnets': '10.0.0.0/8',"
    "   'auto_config_route': false, 'tunnels': [{'psk': 'key.of.two', 'startup_action': 'add'},"
    "    {'psk': 'key.of.two', 'startup_action': 'add'}]}],"
    " 'routes': [%s]}";

/* %s: BGP of one, of two; routes. */
static const char aws[] =
    "{'gateway': {'name': 'hub', 'profile': 'aws', 'addresses': ['3.0.0.1', '3.0.0.2', '3.0.0.3', '3.0.0.4'],"
    "  'vpc': {'cidr': '192.168.0.0/16', 'route_tables': [{'name': 'rtb-a', 'propagate': false}, {'name': 'rtb-b', 'propagate': true}]}},"
    " 'customer_gateways': [{'name': 'one', 'ip_address': '8.0.0.1', 'asn': %u}, {'name': 'two', 'ip_address': '8.0.0.2', 'asn': %u}],"
    " 'connections': ["
    "  {'name': 'one', 'customer_gateway': 'one', 'enable_bgp': %s, 'tunnels': ["
    "   {'psk': 'key.of.one', 'bgp': {'tunnel_cidr': '169.254.10.0/30'}},"
    "   {'psk': 'key.of.one', 'bgp': {'tunnel_cidr': '169.254.11.0/30'}}]},"
    "  {'name': 'two', 'customer_gateway': 'two', 'enable_bgp': %s, 'tunnels': ["
    "   {'psk': 'key.of.two', 'bgp': {'tunnel_cidr': '169.254.12.0/30'}},"
    "   {'psk': 'key.of.two', 'bgp': {'tunnel_cidr': '169.254.13.0/30'}}]}],"
    " 'routes': [%s]}";

/* A branch: number, ASN, what is behind it, the hub's profile, address and ASN, BGP, key, inside network, export policy. */
static const char branch[] =
    "{'gateway': {'name': 'branch', 'profile': 'generic', 'addresses': '8.0.0.%u', 'asn': %u, 'vpc': {'cidr': [%s]}},"
    " 'customer_gateways': [{'name': 'hub', 'profile': '%s', 'ip_address': '3.0.0.%u', 'asn': 64512}],"
    " 'connections': [{'name': 'hub', 'customer_gateway': 'hub', 'enable_bgp': %s, 'tunnels': ["
    "  {'psk': 'key.of.%s', 'bgp': {'tunnel_cidr': '169.254.1%u.0/30', 'export': %s}}]}],"
    " 'routes': [%s]}";

struct hub {
    struct seats world;
    struct seat *hub, *one, *two;
};

static void places(struct hub *hub)
{
    seats_open(&hub->world);
    hub->hub = seats_place(&hub->world, "hub", "3.0.0.1 3.0.0.2 3.0.0.3 3.0.0.4", "192.168.0.1/16", "192.168.10.113/16");
    hub->one = seats_place(&hub->world, "one", "8.0.0.1", "10.1.0.1/16", "10.1.0.2/16");
    hub->two = seats_place(&hub->world, "two", "8.0.0.2", "10.2.0.1/16", "10.2.0.2/16");
    assert_int_equal(s2s_sim_address(hub->hub->host, hub->hub->inner, "192.168.20.5/16"), 0);
    assert_int_equal(s2s_sim_address(hub->hub->host, hub->hub->inner, "192.168.30.5/16"), 0);
}

static uint64_t sent_by(const struct seat *seat, const char *connection)
{
    struct s2s_tunnel_state state = {.struct_size = sizeof(state)};
    assert_int_equal(s2s_tunnel_get(seat_tunnel(seat, connection, 1), &state), 0);
    return state.packets_out;
}

/* The branch that five packets from source to destination leave to: 1, 2, 0 = neither. */
static unsigned way(struct hub *hub, const char *source, const char *destination)
{
    uint64_t one = sent_by(hub->hub, "one"), two = sent_by(hub->hub, "two");
    struct s2s_sim_ping_params params;
    s2s_sim_ping *ping;

    s2s_sim_ping_params_init(&params, sizeof(params));
    params.source = source;
    params.destination = destination;
    params.interval = 10 * S2S_MILLISECOND;
    params.count = 50; /* more than what else may be under way, such as BGP */
    params.start = s2s_sim_now(hub->world.sim);
    assert_int_equal(s2s_sim_ping_start(hub->hub->host, &params, &ping), 0);
    seats_run(&hub->world, 1000);
    one = sent_by(hub->hub, "one") - one;
    two = sent_by(hub->hub, "two") - two;
    assert_false(one >= 50 && two >= 50);
    return one >= 50 ? 1 : two >= 50 ? 2 : 0;
}

/* ---- Alibaba: policy-based and destination-based ---- */

static void alibaba_open(struct hub *hub, const char *routes)
{
    char text[4096];

    places(hub);
    snprintf(text, sizeof(text), alibaba, routes);
    seat_start(&hub->world, hub->hub, text);
    snprintf(text, sizeof(text), branch, 1u, 65001u, "'10.1.0.0/16'", "alibaba", 1u, "false", "one", 0u, "'permit'", "");
    seat_start(&hub->world, hub->one, text);
    snprintf(text, sizeof(text), branch, 2u, 65002u, "'10.2.0.0/16'", "alibaba", 1u, "false", "two", 2u, "'permit'", "");
    seat_start(&hub->world, hub->two, text);
    assert_true(seats_until(&hub->world, hub->hub, 2, false, 10000));
}

#define POLICY(source, destination, connection, priority)                                                              \
    "{'type': 'policy', 'source': '" source "', 'destination': '" destination "', 'connection': '" connection          \
    "', 'priority': " #priority ", 'publish': true}"
#define DESTINATION(destination, connection)                                                                           \
    "{'type': 'destination', 'destination': '" destination "', 'connection': '" connection "', 'publish': true}"
#define ALL "192.168.0.0/16"

static const struct routing_row {
    const char *rule, *routes;
    struct {
        const char *source, *destination;
        unsigned way;
    } packets[4];
} rows[] = {
    {"the smaller priority first, whatever the order", POLICY(ALL, "10.0.0.0/8", "one", 20) "," POLICY(ALL, "10.0.0.0/8", "two", 10),
     {{"192.168.10.113", "10.9.0.1", 2}}},
    {"the smaller priority first, though the other prefix is longer",
     POLICY(ALL, "10.9.0.0/16", "one", 20) "," POLICY(ALL, "10.0.0.0/8", "two", 10),
     {{"192.168.10.113", "10.9.0.1", 2}}},
    {"equal priorities: order of creation, not the longest prefix",
     POLICY(ALL, "10.0.0.0/8", "one", 10) "," POLICY(ALL, "10.9.0.0/16", "two", 10),
     {{"192.168.10.113", "10.9.0.1", 1}, {"192.168.10.113", "10.8.0.1", 1}}},
    {"equal priorities: order of creation, the longer one being first",
     POLICY(ALL, "10.9.0.0/16", "two", 10) "," POLICY(ALL, "10.0.0.0/8", "one", 10),
     {{"192.168.10.113", "10.9.0.1", 2}, {"192.168.10.113", "10.8.0.1", 1}}},
    {"the source counts",
     POLICY("192.168.10.0/24", "10.0.0.0/8", "one", 10) "," POLICY("192.168.20.0/24", "10.0.0.0/8", "two", 10),
     {{"192.168.10.113", "10.9.0.1", 1}, {"192.168.20.5", "10.9.0.1", 2}, {"192.168.30.5", "10.9.0.1", 0}}},
    {"policy-based before destination-based, though that prefix is longer",
     POLICY(ALL, "10.0.0.0/8", "one", 100) "," DESTINATION("10.9.0.0/16", "two"),
     {{"192.168.10.113", "10.9.0.1", 1}}},
    {"what no policy matches goes by destination",
     POLICY("192.168.10.0/24", "10.0.0.0/8", "one", 10) "," DESTINATION("10.0.0.0/8", "two"),
     {{"192.168.10.113", "10.9.0.1", 1}, {"192.168.20.5", "10.9.0.1", 2}}},
    {"destination-based: the longest prefix", DESTINATION("10.0.0.0/8", "one") "," DESTINATION("10.9.0.0/16", "two"),
     {{"192.168.10.113", "10.9.0.1", 2}, {"192.168.10.113", "10.8.0.1", 1}}},
};

static void test_alibaba_order(void **state)
{
    unsigned wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hub hub;
        alibaba_open(&hub, rows[i].routes);
        for (size_t k = 0; k < 4 && rows[i].packets[k].source; k++) {
            unsigned taken = way(&hub, rows[i].packets[k].source, rows[i].packets[k].destination);
            if (taken != rows[i].packets[k].way) {
                print_error("%s: %s to %s went to %u\n", rows[i].rule, rows[i].packets[k].source, rows[i].packets[k].destination,
                            taken);
                wrong++;
            }
        }
        seats_close(&hub.world);
    }
    assert_int_equal(wrong, 0);
}

static s2s_route *route_of(const struct hub *hub, enum s2s_route_type type)
{
    struct s2s_route_state route = {.struct_size = sizeof(route)};
    s2s_route *found = NULL;

    while ((found = s2s_route_next(seat_gateway(hub->hub), found)) != NULL) {
        assert_int_equal(s2s_route_get(found, &route), 0);
        if (route.type == type) {
            return found;
        }
    }
    fail();
    return NULL;
}

static bool published(const s2s_route *route)
{
    struct s2s_route_state state = {.struct_size = sizeof(state)};
    assert_int_equal(s2s_route_get(route, &state), 0);
    return state.published;
}

/* The VPC's table has one entry a destination: withdrawn in one table, it is withdrawn in the other. */
static void test_publishing_is_coupled(void **state)
{
    struct hub hub;
    (void)state;
    alibaba_open(&hub, POLICY(ALL, "10.9.0.0/16", "one", 10) "," DESTINATION("10.9.0.0/16", "one") ","
                       DESTINATION("10.8.0.0/16", "two"));
    s2s_route *policy = route_of(&hub, S2S_ROUTE_POLICY), *destination = route_of(&hub, S2S_ROUTE_DESTINATION);
    assert_int_equal(s2s_sim_way(hub.hub->node, NULL, "10.9.0.1"), S2S_SIM_WAY_DEVICE);
    for (unsigned turn = 0; turn < 2; turn++) {
        assert_int_equal(s2s_route_publish(turn ? policy : destination, false, s2s_sim_now(hub.world.sim)), 0);
        seat_kick(hub.hub);
        seats_run(&hub.world, 500);
        assert_false(published(policy));
        assert_false(published(destination));
        assert_int_equal(s2s_sim_way(hub.hub->node, NULL, "10.9.0.1"), S2S_SIM_WAY_LINK);
        assert_int_equal(s2s_sim_way(hub.hub->node, NULL, "10.8.0.1"), S2S_SIM_WAY_DEVICE); /* another destination */
        assert_int_equal(s2s_route_publish(turn ? destination : policy, true, s2s_sim_now(hub.world.sim)), 0);
        seat_kick(hub.hub);
        seats_run(&hub.world, 500);
        assert_true(published(policy) && published(destination));
        assert_int_equal(s2s_sim_way(hub.hub->node, NULL, "10.9.0.1"), S2S_SIM_WAY_DEVICE);
    }
    seats_close(&hub.world);
}

/* ModifyVpnPbrRouteEntryPriority: of a dual-tunnel gateway's routes only the priority can be changed, in place. */
static void test_priority_is_modified(void **state)
{
    struct s2s_route_params params;
    struct hub hub;
    s2s_route *same;
    (void)state;
    alibaba_open(&hub, POLICY(ALL, "10.0.0.0/8", "one", 10) "," POLICY(ALL, "10.0.0.0/8", "two", 20));
    assert_int_equal(way(&hub, "192.168.10.113", "10.9.0.1"), 1);
    s2s_route_params_init(&params, sizeof(params));
    params.type = S2S_ROUTE_POLICY;
    assert_int_equal(s2s_prefix_parse(ALL, &params.source), 0);
    assert_int_equal(s2s_prefix_parse("10.0.0.0/8", &params.destination), 0);
    params.connection = "one";
    params.priority = 30;
    params.publish = 1;
    assert_int_equal(s2s_route_new(seat_gateway(hub.hub), &params, s2s_sim_now(hub.world.sim), &same), 0);
    assert_ptr_equal(same, route_of(&hub, S2S_ROUTE_POLICY));
    seat_kick(hub.hub);
    assert_int_equal(way(&hub, "192.168.10.113", "10.9.0.1"), 2);
    seats_close(&hub.world);
}

/* ---- AWS: a virtual private gateway ---- */

struct aws_case {
    unsigned asn_one, asn_two;
    bool bgp_one, bgp_two;
    const char *behind_one, *behind_two, *export_one, *export_two, *routes;
};

static void aws_open(struct hub *hub, const struct aws_case *one)
{
    static const char to_vpc[] = "{'type': 'static', 'destination': '192.168.0.0/16', 'connection': 'hub'}";
    char text[4096];

    places(hub);
    snprintf(text, sizeof(text), aws, one->asn_one, one->asn_two, one->bgp_one ? "true" : "false", one->bgp_two ? "true" : "false",
             one->routes);
    seat_start(&hub->world, hub->hub, text);
    snprintf(text, sizeof(text), branch, 1u, one->asn_one, one->behind_one, "aws", 1u, one->bgp_one ? "true" : "false", "one", 0u,
             one->export_one ? one->export_one : "'permit'", one->bgp_one ? "" : to_vpc);
    seat_start(&hub->world, hub->one, text);
    snprintf(text, sizeof(text), branch, 2u, one->asn_two, one->behind_two, "aws", 3u, one->bgp_two ? "true" : "false", "two", 2u,
             one->export_two ? one->export_two : "'permit'", one->bgp_two ? "" : to_vpc);
    seat_start(&hub->world, hub->two, text);
    assert_true(seats_until(&hub->world, hub->hub, 2, false, 10000));
    seats_run(&hub->world, 40000);
}

static void aws_expect(const struct aws_case *one, const char *destination, unsigned expected)
{
    struct hub hub;
    aws_open(&hub, one);
    assert_int_equal(way(&hub, "192.168.10.113", destination), expected);
    seats_close(&hub.world);
}

#define EXPORT(set) "[{'action': 'permit', 'prefix': '10.9.0.0/16', 'set': {" set "}}, {'action': 'permit', 'prefix': '10.0.0.0/8', 'le': 32}]"

static void test_aws_longest_prefix(void **state)
{
    const struct aws_case one = {65001, 65002, true, false, "'10.1.0.0/16', '10.9.9.0/24'", "'10.2.0.0/16', '10.9.0.0/16'", NULL, NULL,
                                 "{'type': 'static', 'destination': '10.9.0.0/16', 'connection': 'two'}"};
    (void)state;
    aws_expect(&one, "10.9.9.1", 1); /* though the other one is static */
    aws_expect(&one, "10.9.8.1", 2);
}

static void test_aws_static_over_bgp(void **state)
{
    const struct aws_case one = {65001, 65002, true, false, "'10.1.0.0/16', '10.9.0.0/16'", "'10.2.0.0/16', '10.9.0.0/16'", NULL, NULL,
                                 "{'type': 'static', 'destination': '10.9.0.0/16', 'connection': 'two'}"};
    (void)state;
    aws_expect(&one, "10.9.0.1", 2);
}

static void test_aws_shortest_as_path(void **state)
{
    const struct aws_case longer = {65001, 65002, true, true, "'10.1.0.0/16', '10.9.0.0/16'", "'10.2.0.0/16', '10.9.0.0/16'",
                                    EXPORT("'prepend': 2"), NULL, ""};
    const struct aws_case other = {65001, 65002, true, true, "'10.1.0.0/16', '10.9.0.0/16'", "'10.2.0.0/16', '10.9.0.0/16'", NULL,
                                   EXPORT("'prepend': 2"), ""};
    (void)state;
    aws_expect(&longer, "10.9.0.1", 2);
    aws_expect(&other, "10.9.0.1", 1);
}

/* Equal lengths, the same first AS: the lowest MED. */
static void test_aws_lowest_med(void **state)
{
    const struct aws_case worse = {65001, 65001, true, true, "'10.1.0.0/16', '10.9.0.0/16'", "'10.2.0.0/16', '10.9.0.0/16'",
                                   EXPORT("'med': 900"), EXPORT("'med': 500"), ""};
    const struct aws_case other = {65001, 65001, true, true, "'10.1.0.0/16', '10.9.0.0/16'", "'10.2.0.0/16', '10.9.0.0/16'",
                                   EXPORT("'med': 500"), EXPORT("'med': 900"), ""};
    (void)state;
    aws_expect(&worse, "10.9.0.1", 2);
    aws_expect(&other, "10.9.0.1", 1);
}

/* The VPC's local route beats what is propagated, even if that is longer. */
static void test_vpc_local_route_wins(void **state)
{
    const struct aws_case one = {65001, 65002, true, true, "'10.1.0.0/16', '192.168.10.0/24'", "'10.2.0.0/16'", NULL, NULL, ""};
    struct hub hub;
    (void)state;
    aws_open(&hub, &one);
    assert_int_equal(s2s_sim_way(hub.hub->node, NULL, "10.1.0.2"), S2S_SIM_WAY_DEVICE);
    assert_int_equal(s2s_sim_way(hub.hub->node, NULL, "192.168.10.113"), S2S_SIM_WAY_LINK);
    assert_int_equal(seats_ping(&hub.world, hub.two, "192.168.10.113", 5), 5);
    seats_close(&hub.world);
}

/* Only what is announced or listed gets traffic: the gateway forwards nothing else. */
static void test_aws_nothing_else(void **state)
{
    const struct aws_case one = {65001, 65002, true, true, "'10.1.0.0/16'", "'10.2.0.0/16'", NULL, NULL, ""};
    struct hub hub;
    (void)state;
    aws_open(&hub, &one);
    assert_int_equal(way(&hub, "192.168.10.113", "10.1.0.2"), 1);
    assert_int_equal(way(&hub, "192.168.10.113", "10.2.0.2"), 2);
    assert_int_equal(way(&hub, "192.168.10.113", "10.3.0.2"), 0);
    seats_close(&hub.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alibaba_order),
        cmocka_unit_test(test_publishing_is_coupled),
        cmocka_unit_test(test_priority_is_modified),
        cmocka_unit_test(test_aws_longest_prefix),
        cmocka_unit_test(test_aws_static_over_bgp),
        cmocka_unit_test(test_aws_shortest_as_path),
        cmocka_unit_test(test_aws_lowest_med),
        cmocka_unit_test(test_vpc_local_route_wins),
        cmocka_unit_test(test_aws_nothing_else),
    };
    return cmocka_run_group_tests_name("cloud_routing", tests, NULL, NULL);
}
