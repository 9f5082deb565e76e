/* SPDX-License-Identifier: Apache-2.0 */
/* The negative cases of routing: a route that is not published, a table that does not propagate: the tunnels are up, the ping
 * fails, and the explanation says what to do. An unpublished route still receives. */
#include "tests/sim/gateway_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char *explain(const struct pair_end *end, const char *from, const char *to, int *result)
{
    struct s2s_addr source, destination;
    const char *text = "";
    assert_int_equal(s2s_addr_parse(from, &source), 0);
    assert_int_equal(s2s_addr_parse(to, &destination), 0);
    *result = s2s_gateway_explain(end->gateway, &source, &destination, &text);
    return text;
}

static void expect(const struct pair_end *end, const char *to, int result, const char *words)
{
    int got;
    const char *text = explain(end, "10.1.0.2", to, &got);
    if (!strstr(text, words))
        print_error("%s\n", text);
    assert_int_equal(got, result);
    assert_non_null(strstr(text, words));
}

static void destination_pair(struct pair *pair)
{
    struct pair_params params;
    pair_params_init(&params);
    params.route_mode = S2S_ROUTE_MODE_DESTINATION;
    pair_setup(pair, &params);
    assert_true(pair_until_up(pair, 1, 5000));
    pair_run(pair, 500);
}

static void test_unpublished(void **state)
{
    struct pair pair;
    struct s2s_sim_node_stats before = {.struct_size = sizeof before}, after = {.struct_size = sizeof after};
    (void)state;
    destination_pair(&pair);
    assert_int_equal(pair_ping(&pair, 5), 5);
    expect(&pair.a, "10.2.0.2", S2S_OK, "tunnel pair/1");
    s2s_route *route = s2s_route_next(pair.a.gateway, NULL);
    assert_int_equal(s2s_route_publish(route, false, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 500);
    assert_int_equal(pair_ping(&pair, 5), 0);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_UP);
    expect(&pair.a, "10.2.0.2", S2S_ERR_NOT_FOUND, "not published");
    /* What comes in is still delivered: host b's pings reach host a, though the answers find no way back. */
    struct s2s_sim_ping_params params;
    s2s_sim_ping *ping;
    s2s_sim_ping_params_init(&params, sizeof params);
    params.destination = "10.1.0.2";
    params.interval = 10 * S2S_MILLISECOND;
    params.count = 5;
    s2s_sim_node_stats(pair.a.host, &before);
    assert_int_equal(s2s_sim_ping_start(pair.b.host, &params, &ping), 0);
    pair_run(&pair, 1000);
    s2s_sim_node_stats(pair.a.host, &after);
    assert_int_equal(after.echo_answered - before.echo_answered, 5);
    assert_int_equal(s2s_route_publish(route, true, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 500);
    assert_int_equal(pair_ping(&pair, 5), 5);
    pair_teardown(&pair);
}

static void test_no_route_and_no_path(void **state)
{
    struct pair pair;
    (void)state;
    destination_pair(&pair);
    expect(&pair.a, "10.9.0.1", S2S_ERR_NOT_FOUND, "no route of gateway a covers the destination");
    struct s2s_tunnel_params changes;
    s2s_tunnel_params_init(&changes, sizeof changes);
    changes.enabled = 0;
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(pair.a.connection, 1), &changes, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 5000);
    expect(&pair.a, "10.2.0.2", S2S_ERR_NOT_FOUND, "no live tunnel");
    assert_int_equal(s2s_sim_way(pair.a.node, NULL, "10.2.0.2"), S2S_SIM_WAY_UNREACHABLE);
    assert_int_equal(pair_cleartext(&pair), 0);
    pair_teardown(&pair);
}

/* ---- aws: the VPC's route tables decide ---- */

static void as_aws(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                   struct s2s_tunnel_params *tunnels)
{
    static struct s2s_route_table_params table;
    static struct s2s_tunnel_params two[2];
    static struct s2s_addr addresses[2];
    tunnels[0].psk = (const uint8_t *)"AwsLikesThisKey.1";
    tunnels[0].psk_length = strlen("AwsLikesThisKey.1");
    if (end != 1)
        return;
    memset(&table, 0, sizeof table);
    table.struct_size = sizeof table;
    table.name = "main";
    table.propagate = 0;
    gateway->profile = s2s_profile_aws();
    gateway->route_tables = &table;
    gateway->route_table_count = 1;
    addresses[0] = gateway->addresses[0];
    assert_int_equal(s2s_addr_parse("203.0.113.99", &addresses[1]), 0);
    gateway->addresses = addresses;
    gateway->address_count = 2;
    two[0] = tunnels[0];
    two[0].startup_action = S2S_STARTUP_ADD;
    memset(&two[0].bgp_tunnel_cidr, 0, sizeof two[0].bgp_tunnel_cidr);
    memset(&two[0].bgp_local_ip, 0, sizeof two[0].bgp_local_ip);
    memset(&two[0].bgp_peer_ip, 0, sizeof two[0].bgp_peer_ip);
    two[1] = two[0];
    connection->tunnels = two;
    connection->tunnel_count = 2;
}

static void test_propagation_off(void **state)
{
    struct pair_params params;
    struct pair pair;
    struct s2s_route_params route;
    s2s_route *out;
    int got;
    (void)state;
    pair_params_init(&params);
    params.tune = as_aws;
    pair_setup(&pair, &params);
    s2s_route_params_init(&route, sizeof route);
    route.type = S2S_ROUTE_STATIC;
    route.connection = "pair";
    assert_int_equal(s2s_prefix_parse("10.1.0.0/24", &route.destination), 0);
    assert_int_equal(s2s_route_new(pair.b.gateway, &route, 0, &out), 0);
    s2s_driver_kick(pair.b.driver);
    assert_true(pair_until_up(&pair, 1, 5000));
    pair_run(&pair, 500);
    assert_int_equal(pair_ping(&pair, 5), 0); /* the answers find no way back */
    const char *text = explain(&pair.b, "10.2.0.2", "10.1.0.2", &got);
    assert_int_equal(got, S2S_ERR_NOT_FOUND);
    assert_non_null(strstr(text, "propagate"));
    struct s2s_route_table_params table = {sizeof table, "main", 0, 1};
    struct s2s_gateway_params gateway;
    struct s2s_addr addresses[2];
    struct s2s_prefix own;
    s2s_gateway_params_init(&gateway, sizeof gateway);
    assert_int_equal(s2s_addr_parse("203.0.113.1", &addresses[0]), 0);
    assert_int_equal(s2s_addr_parse("203.0.113.99", &addresses[1]), 0);
    assert_int_equal(s2s_prefix_parse("10.2.0.0/24", &own), 0);
    gateway.name = "b";
    gateway.profile = s2s_profile_aws();
    gateway.addresses = addresses;
    gateway.address_count = 2;
    gateway.vpc_cidrs = &own;
    gateway.vpc_cidr_count = 1;
    gateway.route_tables = &table;
    gateway.route_table_count = 1;
    assert_int_equal(s2s_gateway_update(pair.b.gateway, &gateway, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.b.driver);
    pair_run(&pair, 500);
    assert_int_equal(pair_ping(&pair, 5), 5);
    pair_teardown(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unpublished),
        cmocka_unit_test(test_no_route_and_no_path),
        cmocka_unit_test(test_propagation_off),
    };
    return cmocka_run_group_tests_name("publish", tests, NULL, NULL);
}
