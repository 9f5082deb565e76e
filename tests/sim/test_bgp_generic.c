/* SPDX-License-Identifier: Apache-2.0 */
/* BGP between two generic gateways: RFC 8212, policies, narrowed selectors, and how long a full set of routes takes to
 * move. */
#include "tests/sim/bgp_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct bgp_pair_plan plan;

static void begin(struct pair *pair)
{
    bgp_pair_begin(pair, &plan);
}

static struct s2s_bgp_session_state session(const struct pair_end *end, unsigned tunnel)
{
    return bgp_pair_session(end, tunnel);
}

static bool until_routes(struct pair *pair, uint32_t routes, unsigned milliseconds)
{
    for (unsigned waited = 0; waited < milliseconds; waited += 10) {
        if (session(&pair->a, 1).routes_accepted == routes && session(&pair->a, 2).routes_accepted == routes) {
            return true;
        }
        pair_run(pair, 10);
    }
    return false;
}

/* ---- RFC 8212: between two ends of unknown kind nothing passes without a policy ---- */

static void test_nothing_without_policy(void **state)
{
    struct pair pair;
    (void)state;
    memset(&plan, 0, sizeof(plan));
    begin(&pair);
    pair_run(&pair, 5000);
    assert_int_equal(session(&pair.a, 1).state, S2S_BGP_ESTABLISHED);
    assert_int_equal(session(&pair.a, 1).routes_advertised, 0);
    assert_int_equal(session(&pair.a, 1).routes_accepted, 0);
    assert_int_equal(session(&pair.b, 2).routes_accepted, 0);
    pair_teardown(&pair);
}

/* The sender has a policy, the receiver has none: what comes is kept, and not used. */
static void test_receiver_without_policy(void **state)
{
    struct pair pair;
    (void)state;
    memset(&plan, 0, sizeof(plan));
    plan.export_[1] = "\"permit\"";
    begin(&pair);
    pair_run(&pair, 5000);
    assert_int_equal(session(&pair.b, 1).routes_advertised, 1);
    assert_int_equal(session(&pair.a, 1).routes_received, 1);
    assert_int_equal(session(&pair.a, 1).routes_accepted, 0);
    pair_teardown(&pair);
}

static void test_policies(void **state)
{
    struct pair pair;
    struct s2s_prefix vpc[3];
    struct s2s_bgp_route_state route = { .struct_size = sizeof(route) };
    uint64_t cursor = 0;
    (void)state;
    memset(&plan, 0, sizeof(plan));
    plan.vpc = vpc;
    plan.more = 2; /* 20.0.0.0/24, 20.0.1.0/24 */
    plan.export_[1] =
        "[{\"action\":\"deny\",\"prefix\":\"20.0.1.0/24\"},{\"set\":{\"communities\":\"65002:7\",\"prepend\":2}}]";
    plan.import[0] = "{\"prefix\":\"20.0.0.0/8\",\"le\":24,\"set\":{\"local_pref\":300}}";
    begin(&pair);
    assert_true(until_routes(&pair, 1, 5000));
    assert_int_equal(session(&pair.a, 1).routes_received, 2);
    while (s2s_bgp_route_next(s2s_tunnel_bgp_session(s2s_connection_tunnel(pair.a.connection, 1)), S2S_BGP_RECEIVED,
                              &cursor, &route) == 0 &&
           !route.accepted) {
        assert_int_equal(route.prefix.addr.bytes[0], 10); /* b's own network: no rule permits it */
    }
    assert_int_equal(route.prefix.addr.bytes[0], 20);
    assert_string_equal(route.as_path, "65002 65002 65002");
    assert_string_equal(route.communities, "65002:7");
    assert_int_equal(route.local_pref, 300);
    pair_teardown(&pair);
}

static void test_bad_policy_is_refused(void **state)
{
    struct pair pair;
    struct s2s_tunnel_params changes;
    struct s2s_config_error error = { .struct_size = sizeof(error) };
    (void)state;
    memset(&plan, 0, sizeof(plan));
    begin(&pair);
    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.bgp_import = "{\"prefix\":\"20.0.0.1/8\"}";
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(pair.a.connection, 2), &changes, s2s_sim_now(pair.sim)),
                     S2S_ERR_CONFIG);
    assert_int_equal(s2s_engine_config_error(pair.a.engine, 0, &error), 0);
    assert_string_equal(error.path, "connections[0].tunnels[1].bgp.import");
    assert_non_null(strstr(error.rule, "20.0.0.1/8"));
    pair_teardown(&pair);
}

/* A policy changes under a running session: no reset, the routes follow. */
static void test_policy_changes(void **state)
{
    struct pair pair;
    struct s2s_tunnel_params changes;
    (void)state;
    memset(&plan, 0, sizeof(plan));
    plan.export_[1] = plan.import[0] = "\"permit\"";
    begin(&pair);
    assert_true(until_routes(&pair, 1, 5000));
    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.bgp_import = "\"deny\"";
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(
            s2s_tunnel_modify(s2s_connection_tunnel(pair.a.connection, i), &changes, s2s_sim_now(pair.sim)), 0);
    }
    s2s_driver_kick(pair.a.driver);
    assert_true(until_routes(&pair, 0, 1000));
    changes.bgp_import = "\"permit\"";
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(
            s2s_tunnel_modify(s2s_connection_tunnel(pair.a.connection, i), &changes, s2s_sim_now(pair.sim)), 0);
    }
    s2s_driver_kick(pair.a.driver);
    assert_true(until_routes(&pair, 1, 1000));
    assert_int_equal(session(&pair.a, 1).flaps, 0);
    pair_teardown(&pair);
}

/* ---- the stream ---- */

/* RFC 5082: both ends send TTL 255 and take nothing less; an end without it is not heard. The listener follows the setting. */
static void test_ttl_security(void **state)
{
    struct pair pair;
    struct s2s_tunnel_params changes;
    (void)state;
    memset(&plan, 0, sizeof(plan));
    plan.ttl_security[0] = plan.ttl_security[1] = 1;
    begin(&pair);
    pair_run(&pair, 5000);
    assert_int_equal(session(&pair.a, 1).state, S2S_BGP_ESTABLISHED);
    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.bgp_ttl_security = 0;
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(pair.a.connection, 1), &changes, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 60000);
    assert_int_equal(session(&pair.a, 1).state == S2S_BGP_ESTABLISHED, 0);
    assert_int_equal(session(&pair.a, 2).state, S2S_BGP_ESTABLISHED);
    changes.bgp_ttl_security = 1;
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(pair.a.connection, 1), &changes, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 60000);
    assert_int_equal(session(&pair.a, 1).state, S2S_BGP_ESTABLISHED);
    pair_teardown(&pair);
}

static void test_passive(void **state)
{
    struct pair pair;
    (void)state;
    for (unsigned end = 0; end < 2; end++) {
        memset(&plan, 0, sizeof(plan));
        plan.passive[end] = 1;
        begin(&pair);
        pair_run(&pair, 10000);
        assert_int_equal(session(&pair.a, 1).state, S2S_BGP_ESTABLISHED);
        assert_int_equal(session(&pair.a, 2).state, S2S_BGP_ESTABLISHED);
        pair_teardown(&pair);
    }
}

/* ---- selectors ---- */

static void test_narrowed_selectors_are_named(void **state)
{
    struct pair pair;
    struct s2s_tunnel_state tunnel = { .struct_size = sizeof(tunnel) };
    bool told = false;
    (void)state;
    memset(&plan, 0, sizeof(plan));
    plan.narrow = true;
    begin(&pair);
    pair_run(&pair, 3000);
    assert_int_equal(s2s_tunnel_get(s2s_connection_tunnel(pair.a.connection, 1), &tunnel), 0);
    assert_non_null(strstr(tunnel.last_error, "TrafficSelectorMismatch"));
    assert_non_null(strstr(session(&pair.a, 1).last_error, "TrafficSelectorMismatch"));
    for (size_t i = 0; i < pair.a.event_count; i++) {
        told = told || (pair.a.events[i].type == S2S_EVENT_NEGOTIATION_FAILED &&
                        pair.a.events[i].reason == S2S_REASON_TS_UNACCEPTABLE);
    }
    assert_true(told);
    assert_int_equal(session(&pair.a, 1).state, S2S_BGP_IDLE);
    pair_teardown(&pair);
}

/* ---- convergence ---- */

/* A tunnel with routes dies silently. The forwarding moves with one pointer; the last route's own way follows. */
static void converge(size_t routes)
{
    struct pair pair;

    memset(&plan, 0, sizeof(plan));
    plan.export_[1] = plan.import[0] = "\"permit\"";
    plan.more = routes - 1;
    plan.vpc = calloc(routes, sizeof(*plan.vpc));
    begin(&pair);
    assert_true(until_routes(&pair, (uint32_t)routes, 60000));
    pair_run(&pair, 8000);
    struct bgp_pair_loss loss = bgp_pair_lose(&pair, (uint32_t)routes);
    assert_true(loss.whole);
    assert_true(loss.last <= loss.switched + 1); /* one step of the test's: whatever the number of routes */
    assert_int_equal(s2s_sim_way(pair.a.node, NULL, routes > 1 ? "20.0.0.1" : "10.2.0.2"), S2S_SIM_WAY_DEVICE);
    assert_int_equal(pair_ping(&pair, 20), 20);
    free(plan.vpc);
    plan.vpc = NULL;
    pair_teardown(&pair);
}

/* How long more of them take: tests/bench/bench_bgp_convergence. */
static void test_convergence(void **state)
{
    (void)state;
    converge(100);
    converge(1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_without_policy),
        cmocka_unit_test(test_receiver_without_policy),
        cmocka_unit_test(test_policies),
        cmocka_unit_test(test_bad_policy_is_refused),
        cmocka_unit_test(test_ttl_security),
        cmocka_unit_test(test_passive),
        cmocka_unit_test(test_policy_changes),
        cmocka_unit_test(test_narrowed_selectors_are_named),
        cmocka_unit_test(test_convergence),
    };
    return cmocka_run_group_tests_name("bgp_generic", tests, NULL, NULL);
}
