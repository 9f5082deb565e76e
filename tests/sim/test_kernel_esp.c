/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels that do ESP themselves (as xfrm will): SAs, policies and paths are theirs, and stay right over rekeys and failover. */
#include "tests/sim/gateway_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void short_lives(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                        struct s2s_tunnel_params *tunnels)
{
    (void)end;
    (void)gateway;
    (void)connection;
    tunnels[0].ipsec_lifetime = 300;
    tunnels[0].ike_lifetime = 900;
    tunnels[0].rekey_margin = 60;
}

static void assert_installed(const struct pair_end *end, size_t sas, size_t policies)
{
    struct s2s_sim_installed installed = {.struct_size = sizeof installed};
    s2s_sim_installed(end->node, &installed);
    assert_int_equal(installed.sas, sas);
    assert_int_equal(installed.policies, policies);
}

/* A rekeyed CHILD_SA has the policies of the one before it: its arrival and the other's end leave them standing. */
static void test_policies_outlive_rekeys(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    pair_params_init(&params);
    params.mode = S2S_SIM_ESP;
    params.tune = short_lives;
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    pair_run(&pair, 500);
    assert_installed(&pair.a, 2, 2);
    for (unsigned i = 0; i < 12; i++) {
        pair_run(&pair, 100000);
        assert_int_equal(pair_ping(&pair, 10), 10);
    }
    assert_true(pair_events(&pair.a, S2S_EVENT_IPSEC_REKEYED) >= 3);
    assert_true(pair_events(&pair.a, S2S_EVENT_IKE_REKEYED) >= 1);
    pair_run(&pair, 30000);
    assert_installed(&pair.a, 2, 2);
    assert_installed(&pair.b, 2, 2);
    assert_int_equal(pair_cleartext(&pair), 0);
    pair_teardown(&pair);
}

/* The path is an action of its own: after a restart of the primary the kernel sends by the standby. */
static void test_path_follows(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    pair_params_init(&params);
    params.mode = S2S_SIM_ESP;
    params.tunnels = 2;
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    assert_true(pair_until_up(&pair, 2, 5000));
    pair_run(&pair, 500);
    assert_int_equal(pair_ping(&pair, 10), 10);
    assert_int_equal(s2s_tunnel_restart(s2s_connection_tunnel(pair.a.connection, 1), s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 200);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, true);
    assert_int_equal(pair_ping(&pair, 10), 10);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, false);
    pair_run(&pair, 60000);
    assert_int_equal(pair_ping(&pair, 10), 10);
    assert_int_equal(pair_cleartext(&pair), 0);
    pair_teardown(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies_outlive_rekeys),
        cmocka_unit_test(test_path_follows),
    };
    return cmocka_run_group_tests_name("kernel with ESP", tests, NULL, NULL);
}
