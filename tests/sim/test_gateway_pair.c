/* SPDX-License-Identifier: Apache-2.0 */
/* Two whole gateways over kernel sim: a tunnel comes up, a ping goes through, it is taken down in a planned way, it ends. */
#include "tests/sim/gateway_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void one_tunnel(enum s2s_sim_mode mode, int route_mode)
{
    struct pair_params params;
    struct pair pair;

    pair_params_init(&params);
    params.mode = mode;
    params.route_mode = route_mode;
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    pair_run(&pair, 200);
    assert_int_equal(pair_ping(&pair, 20), 20);
    assert_int_equal(pair_cleartext(&pair), 0);
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_IPSEC_ESTABLISHED), 1);
    assert_int_equal(pair_events(&pair.b, S2S_EVENT_KERNEL_REFUSED), 0);
    pair_teardown(&pair);
}

static void test_ping_policy_mode(void **state)
{
    (void)state;
    one_tunnel(S2S_SIM_RAW, S2S_ROUTE_MODE_POLICY);
}

static void test_ping_destination_mode(void **state)
{
    (void)state;
    one_tunnel(S2S_SIM_RAW, S2S_ROUTE_MODE_DESTINATION);
}

static void test_ping_kernel_with_esp(void **state)
{
    (void)state;
    one_tunnel(S2S_SIM_ESP, S2S_ROUTE_MODE_POLICY);
}

static void test_restart_comes_back(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    assert_int_equal(s2s_tunnel_restart(s2s_connection_tunnel(pair.a.connection, 1), s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_DRAINING);
    pair_run(&pair, 500);
    assert_int_equal(pair_events(&pair.b, S2S_EVENT_DELETE_RECEIVED), 1);
    assert_true(pair_until_up(&pair, 1, 10000));
    assert_int_equal(pair_ping(&pair, 20), 20);
    assert_int_equal(pair_cleartext(&pair), 0);
    pair_teardown(&pair);
}

static void test_wrong_psk_and_back(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    assert_int_equal(pair_set_psk(&pair, &pair.a, 1, "something-else"), 0);
    pair_run(&pair, 10000);
    assert_int_not_equal(pair_status(&pair.a, 1), S2S_TUNNEL_UP);
    assert_true(pair_events(&pair.a, S2S_EVENT_AUTHENTICATION_FAILED) > 0);
    assert_true(pair_events(&pair.b, S2S_EVENT_AUTHENTICATION_FAILED) > 0);
    assert_int_equal(pair_ping(&pair, 5), 0);
    assert_int_equal(pair_cleartext(&pair), 0);
    assert_int_equal(pair_set_psk(&pair, &pair.a, 1, "pair-psk-1"), 0);
    assert_true(pair_until_up(&pair, 1, 70000));
    assert_int_equal(pair_ping(&pair, 5), 5);
    pair_teardown(&pair);
}

static void test_disable_enable(void **state)
{
    struct pair_params params;
    struct s2s_tunnel_params changes;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.enabled = 0;
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(pair.a.connection, 1), &changes, s2s_sim_now(pair.sim)),
                     0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 5000);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_DISABLED);
    assert_int_equal(s2s_tunnel_restart(s2s_connection_tunnel(pair.a.connection, 1), s2s_sim_now(pair.sim)),
                     S2S_ERR_STATE);
    changes.enabled = 1;
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(pair.a.connection, 1), &changes, s2s_sim_now(pair.sim)),
                     0);
    s2s_driver_kick(pair.a.driver);
    assert_true(pair_until_up(&pair, 1, 20000));
    pair_teardown(&pair);
}

static void left(void *user)
{
    *(bool *)user = true;
}

static void test_shutdown_removes_everything(void **state)
{
    struct s2s_sim_installed installed = { .struct_size = sizeof(installed) };
    struct pair_params params;
    struct pair pair;
    bool done = false;
    (void)state;

    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    pair_run(&pair, 1000); /* the kernel is slow: routes follow */
    s2s_sim_installed(pair.a.node, &installed);
    assert_int_equal(installed.devices, 1);
    assert_true(installed.tunnel_routes > 0 && installed.unreachable_routes > 0);
    s2s_driver_shutdown(pair.a.driver, 10 * (s2s_time)S2S_SECOND, left, &done);
    pair_run(&pair, 10000);
    assert_true(done);
    assert_true(pair.a.shutdown_done);
    s2s_sim_installed(pair.a.node, &installed);
    assert_int_equal(installed.devices + installed.addresses + installed.tunnel_routes + installed.unreachable_routes +
                         installed.binds,
                     0);
    assert_int_equal(pair_events(&pair.b, S2S_EVENT_DELETE_RECEIVED), 1);
    pair_teardown(&pair);
}

static void test_connection_delete(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    s2s_connection_delete(pair.a.connection, s2s_sim_now(pair.sim));
    s2s_driver_kick(pair.a.driver);
    assert_null(s2s_connection_find(pair.a.gateway, "pair"));
    pair_run(&pair, 10000);
    assert_int_equal(pair_events(&pair.b, S2S_EVENT_DELETE_RECEIVED), 1);
    assert_true(s2s_engine_idle(pair.a.engine));
    pair_teardown(&pair);
}

static void test_two_tunnels(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    params.tunnels = 2;
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    assert_true(pair_until_up(&pair, 2, 5000));
    assert_int_equal(pair_ping(&pair, 20), 20);
    assert_int_equal(pair_cleartext(&pair), 0);
    pair_teardown(&pair);
}

/* Late, refused and reordered answers of the kernel: it still comes up, and nothing leaks. */
static void test_kernel_refuses(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct pair_params params;
        struct pair pair;
        pair_params_init(&params);
        params.seed = seed;
        params.mode = seed % 2 ? S2S_SIM_RAW : S2S_SIM_ESP;
        pair_setup(&pair, &params);
        s2s_sim_kernel_refuse_ppm(pair.a.node, 200000);
        s2s_sim_kernel_refuse_ppm(pair.b.node, 200000);
        pair_run(&pair, 20000);
        s2s_sim_kernel_refuse_ppm(pair.a.node, 0);
        s2s_sim_kernel_refuse_ppm(pair.b.node, 0);
        assert_true(pair_until_up(&pair, 1, 120000));
        pair_run(&pair, 70000);
        assert_int_equal(pair_ping(&pair, 10), 10);
        assert_int_equal(pair_cleartext(&pair), 0);
        pair_teardown(&pair);
    }
}

/* kill -9 and a new start: the fail-closed routes hold meanwhile, the start adopts them, and the tunnel comes back. */
static void test_crash_and_new_start(void **state)
{
    struct s2s_sim_installed installed = { .struct_size = sizeof(installed) };
    struct pair_params params;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    s2s_sim_node_crash(pair.a.node);
    pair_run(&pair, 100);
    s2s_sim_installed(pair.a.node, &installed);
    assert_int_equal(installed.devices + installed.tunnel_routes, 0);
    assert_true(installed.unreachable_routes > 0);
    assert_int_equal(pair_ping(&pair, 10), 0);
    assert_int_equal(pair_cleartext(&pair), 0);
    pair_start_again(&pair, &pair.a, &params);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(s2s_sim_way(pair.a.node, "10.1.0.2", "10.2.0.2") == S2S_SIM_WAY_LINK, 0); /* never in clear */
        pair_run(&pair, 10);
    }
    assert_true(pair_until_up(&pair, 1, 60000));
    assert_int_equal(pair_ping(&pair, 10), 10);
    assert_int_equal(pair_cleartext(&pair), 0);
    pair_teardown(&pair);
}

/* The outside address goes away: no farewell is possible; it comes back and so does the tunnel. */
static void test_address_lost_and_back(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    assert_int_equal(s2s_sim_address_down(pair.a.node, "198.51.100.1"), 0);
    pair_run(&pair, 500);
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_ADDRESS_LOST), 1);
    assert_int_not_equal(pair_status(&pair.a, 1), S2S_TUNNEL_UP);
    assert_int_equal(pair_ping(&pair, 5), 0);
    assert_int_equal(s2s_sim_address_up(pair.a.node, "198.51.100.1"), 0);
    pair_run(&pair, 500);
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_ADDRESS_BACK), 1);
    assert_true(pair_until_up(&pair, 1, 60000));
    assert_int_equal(pair_ping(&pair, 5), 5);
    assert_int_equal(pair_cleartext(&pair), 0);
    pair_teardown(&pair);
}

/* A kernel that cannot send protocol 50: UDP all the way. */
static void test_without_raw_esp(void **state)
{
    struct s2s_tunnel_state look = { .struct_size = sizeof(look) };
    struct pair_params params;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    params.without = S2S_KERNEL_RAW_ESP;
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    assert_int_equal(s2s_tunnel_get(s2s_connection_tunnel(pair.a.connection, 1), &look), 0);
    assert_true(look.udp_encapsulation);
    assert_int_equal(pair_ping(&pair, 10), 10);
    pair_teardown(&pair);
}

static void tune_trap(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                      struct s2s_tunnel_params *tunnels)
{
    (void)gateway;
    (void)connection;
    if (end == 0) {
        tunnels[0].startup_action = S2S_STARTUP_TRAP;
    }
}

/* Nothing happens until traffic wants it. */
static void test_trap(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    params.tune = tune_trap;
    pair_setup(&pair, &params);
    pair_run(&pair, 10000);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_DOWN);
    pair_ping(&pair, 20);
    assert_true(pair_until_up(&pair, 1, 10000));
    assert_int_equal(pair_ping(&pair, 10), 10);
    assert_int_equal(pair_cleartext(&pair), 0);
    pair_teardown(&pair);
}

/* Hours pass, keys change, nothing is lost. */
static void test_rekeys(void **state)
{
    struct s2s_tunnel_state look = { .struct_size = sizeof(look) };
    struct s2s_tunnel_params changes;
    struct pair_params params;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.ipsec_lifetime = 900;
    changes.ike_lifetime = 3600;
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(pair.a.connection, 1), &changes, s2s_sim_now(pair.sim)),
                     0);
    assert_int_equal(s2s_tunnel_restart(s2s_connection_tunnel(pair.a.connection, 1), s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 10000);
    assert_true(pair_until_up(&pair, 1, 10000));
    for (unsigned i = 0; i < 20; i++) {
        pair_run(&pair, 600000);
        assert_int_equal(pair_ping(&pair, 5), 5);
    }
    s2s_tunnel_get(s2s_connection_tunnel(pair.a.connection, 1), &look);
    assert_true(look.ipsec_rekeys >= 10);
    assert_true(look.ike_rekeys >= 2);
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_IKE_DOWN), 1); /* the restart's */
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_KERNEL_REFUSED), 0);
    assert_int_equal(pair_cleartext(&pair), 0);
    pair_teardown(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ping_policy_mode),
        cmocka_unit_test(test_ping_destination_mode),
        cmocka_unit_test(test_ping_kernel_with_esp),
        cmocka_unit_test(test_restart_comes_back),
        cmocka_unit_test(test_wrong_psk_and_back),
        cmocka_unit_test(test_disable_enable),
        cmocka_unit_test(test_shutdown_removes_everything),
        cmocka_unit_test(test_connection_delete),
        cmocka_unit_test(test_two_tunnels),
        cmocka_unit_test(test_kernel_refuses),
        cmocka_unit_test(test_crash_and_new_start),
        cmocka_unit_test(test_address_lost_and_back),
        cmocka_unit_test(test_without_raw_esp),
        cmocka_unit_test(test_trap),
        cmocka_unit_test(test_rekeys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
