/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failover of a connection with two tunnels, each over a router of its own: planned, silent (both ways, either way), with and
 * without probes, and what must not happen: loss in a planned switch, packets in clear, a switch for nothing.
 */
#include "tests/sim/gateway_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define PROBE_MS 100
#define HOLD_DOWN 2 /* seconds */

/* A stream of pings from host a to host b, 100 a second. */
struct stream {
    s2s_sim_ping *ping;
    struct s2s_sim_ping_stats stats;
};

static void stream_start(struct pair *pair, struct stream *stream, unsigned seconds)
{
    struct s2s_sim_ping_params params;
    s2s_sim_ping_params_init(&params, sizeof params);
    params.destination = "10.2.0.2";
    params.interval = 10 * S2S_MILLISECOND;
    params.count = seconds * 100;
    params.start = s2s_sim_now(pair->sim);
    assert_int_equal(s2s_sim_ping_start(pair->a.host, &params, &stream->ping), 0);
}

static void stream_end(struct pair *pair, struct stream *stream)
{
    pair_run(pair, 2000);
    stream->stats.struct_size = sizeof stream->stats;
    s2s_sim_ping_stats(stream->ping, &stream->stats);
}

static unsigned gap_ms(const struct stream *stream)
{
    return (unsigned)(stream->stats.longest_gap / S2S_MILLISECOND);
}

static unsigned lost(const struct stream *stream)
{
    return stream->stats.sent - stream->stats.answered;
}

static void short_hold_down(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                            struct s2s_tunnel_params *tunnels)
{
    (void)end;
    (void)gateway;
    (void)tunnels;
    connection->failover_hold_down = HOLD_DOWN;
}

static void only_a_probes(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                          struct s2s_tunnel_params *tunnels)
{
    short_hold_down(end, gateway, connection, tunnels);
    for (unsigned i = 0; end == 1 && i < 2; i++)
        tunnels[i].probe_enable = 0;
}

static void two_tunnels(struct pair *pair, int route_mode, int probe_ms,
                        void (*tune)(unsigned, struct s2s_gateway_params *, struct s2s_connection_params *, struct s2s_tunnel_params *))
{
    struct pair_params params;
    pair_params_init(&params);
    params.tunnels = 2;
    params.route_mode = route_mode;
    params.probe_interval_ms = probe_ms;
    params.tune = tune;
    pair_setup(pair, &params);
    assert_true(pair_until_up(pair, 1, 5000));
    assert_true(pair_until_up(pair, 2, 5000));
    pair_run(pair, (HOLD_DOWN + 1) * 1000);
}

static uint32_t active(const struct pair_end *end)
{
    struct s2s_connection_state state = {.struct_size = sizeof state};
    assert_int_equal(s2s_connection_get(end->connection, &state), 0);
    return state.active_tunnel;
}

static enum s2s_trigger last_trigger(const struct pair_end *end)
{
    struct s2s_connection_state state = {.struct_size = sizeof state};
    assert_int_equal(s2s_connection_get(end->connection, &state), 0);
    return (enum s2s_trigger)state.last_trigger;
}

static void done(struct pair *pair)
{
    assert_int_equal(pair_cleartext(pair), 0);
    pair_teardown(pair);
}

/* ---- planned ---- */

static void planned(int (*act)(struct pair *pair), enum s2s_trigger trigger)
{
    struct pair pair;
    struct stream stream;
    two_tunnels(&pair, S2S_ROUTE_MODE_POLICY, PROBE_MS, short_hold_down);
    assert_int_equal(active(&pair.a), 1);
    stream_start(&pair, &stream, 8);
    pair_run(&pair, 1000);
    assert_int_equal(act(&pair), 0);
    assert_int_equal(active(&pair.a), 2);
    assert_int_equal(last_trigger(&pair.a), trigger);
    pair_run(&pair, 7000);
    stream_end(&pair, &stream);
    assert_int_equal(lost(&stream), 0);
    assert_int_equal(stream.stats.duplicates, 0);
    done(&pair);
}

static int change_psk(struct pair *pair)
{
    return pair_set_psk(pair, &pair->a, 1, "another-key");
}

static int restart(struct pair *pair)
{
    int error = s2s_tunnel_restart(s2s_connection_tunnel(pair->a.connection, 1), s2s_sim_now(pair->sim));
    s2s_driver_kick(pair->a.driver);
    return error;
}

static int disable(struct pair *pair)
{
    struct s2s_tunnel_params changes;
    s2s_tunnel_params_init(&changes, sizeof changes);
    changes.enabled = 0;
    int error = s2s_tunnel_modify(s2s_connection_tunnel(pair->a.connection, 1), &changes, s2s_sim_now(pair->sim));
    s2s_driver_kick(pair->a.driver);
    return error;
}

static void test_psk_change_loses_nothing(void **state)
{
    (void)state;
    planned(change_psk, S2S_TRIGGER_PSK_CHANGE);
}

static void test_restart_loses_nothing(void **state)
{
    (void)state;
    planned(restart, S2S_TRIGGER_RESTART);
}

static void test_disable_loses_nothing(void **state)
{
    (void)state;
    planned(disable, S2S_TRIGGER_DISABLE);
}

/* Only the old PSK brings the primary back, and the way back loses nothing. */
static void test_switch_back_after_psk(void **state)
{
    struct pair pair;
    struct stream stream;
    (void)state;
    two_tunnels(&pair, S2S_ROUTE_MODE_POLICY, PROBE_MS, short_hold_down);
    assert_int_equal(change_psk(&pair), 0);
    pair_run(&pair, 20000);
    assert_int_equal(active(&pair.a), 2);
    assert_true(pair_events(&pair.a, S2S_EVENT_AUTHENTICATION_FAILED) > 0);
    assert_true(pair_events(&pair.b, S2S_EVENT_AUTHENTICATION_FAILED) > 0);
    stream_start(&pair, &stream, 30);
    pair_run(&pair, 1000);
    assert_int_equal(pair_set_psk(&pair, &pair.a, 1, "pair-psk-1"), 0);
    pair_run(&pair, 29000);
    stream_end(&pair, &stream);
    assert_int_equal(active(&pair.a), 1);
    assert_int_equal(active(&pair.b), 1);
    assert_int_equal(last_trigger(&pair.a), S2S_TRIGGER_RECOVERED);
    assert_int_equal(lost(&stream), 0);
    done(&pair);
}

/* ---- silent ---- */

/* directions as seen from end a: FORTH = a to b. */
static void silence(struct pair *pair, unsigned tunnel, enum s2s_sim_direction direction, bool on)
{
    s2s_sim_link_blackhole(pair->outer_a[tunnel - 1], direction, on);
}

static void silent(int route_mode, enum s2s_sim_direction direction)
{
    struct pair pair;
    struct stream stream;
    two_tunnels(&pair, route_mode, PROBE_MS, short_hold_down);
    stream_start(&pair, &stream, 10);
    pair_run(&pair, 1000);
    silence(&pair, 1, direction, true);
    pair_run(&pair, 9000);
    stream_end(&pair, &stream);
    assert_int_equal(active(&pair.a), 2);
    assert_int_equal(active(&pair.b), 2);
    assert_int_equal(last_trigger(&pair.a), S2S_TRIGGER_PROBE);
    assert_in_range(gap_ms(&stream), 1, 500);
    /* A failed probe deletes nothing: the SAs are there when the path heals, before dead-peer detection spoke. */
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_IPSEC_DOWN), 0);
    silence(&pair, 1, direction, false);
    pair_run(&pair, 10000);
    assert_int_equal(active(&pair.a), 1);
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_IPSEC_DOWN), 0);
    assert_int_equal(pair_ping(&pair, 20), 20);
    done(&pair);
}

/* Policy mode keeps inside addresses out of the selectors (probes by INFORMATIONAL); destination mode lets echoes through. */
static void test_silent_both(void **state)
{
    (void)state;
    silent(S2S_ROUTE_MODE_POLICY, S2S_SIM_BOTH);
    silent(S2S_ROUTE_MODE_DESTINATION, S2S_SIM_BOTH);
}

static void test_silent_outbound(void **state)
{
    (void)state;
    silent(S2S_ROUTE_MODE_POLICY, S2S_SIM_FORTH);
    silent(S2S_ROUTE_MODE_DESTINATION, S2S_SIM_FORTH);
}

static void test_silent_return(void **state)
{
    (void)state;
    silent(S2S_ROUTE_MODE_POLICY, S2S_SIM_BACK);
    silent(S2S_ROUTE_MODE_DESTINATION, S2S_SIM_BACK);
}

/* The far end has no probe: its own traffic that meets no answer makes it ask, long before dead-peer detection. */
static void test_silent_peer_unprobed(void **state)
{
    struct pair pair;
    struct stream stream;
    (void)state;
    two_tunnels(&pair, S2S_ROUTE_MODE_POLICY, PROBE_MS, only_a_probes);
    stream_start(&pair, &stream, 10);
    pair_run(&pair, 1000);
    silence(&pair, 1, S2S_SIM_BOTH, true);
    pair_run(&pair, 9000);
    stream_end(&pair, &stream);
    assert_int_equal(active(&pair.b), 2);
    assert_int_equal(last_trigger(&pair.b), S2S_TRIGGER_LIVENESS);
    assert_in_range(gap_ms(&stream), 1, 5000);
    done(&pair);
}

/* When every probe fails while SAs are up, the last path stays. */
static void test_last_path_stays(void **state)
{
    struct pair pair;
    (void)state;
    two_tunnels(&pair, S2S_ROUTE_MODE_POLICY, PROBE_MS, short_hold_down);
    silence(&pair, 1, S2S_SIM_BOTH, true);
    pair_run(&pair, 2000);
    assert_int_equal(active(&pair.a), 2);
    silence(&pair, 2, S2S_SIM_BOTH, true);
    pair_run(&pair, 2000);
    assert_int_equal(active(&pair.a), 2);
    assert_int_equal(s2s_sim_way(pair.a.node, NULL, "10.2.0.2"), S2S_SIM_WAY_DEVICE);
    silence(&pair, 2, S2S_SIM_BOTH, false);
    pair_run(&pair, 2000);
    assert_int_equal(pair_ping(&pair, 20), 20);
    done(&pair);
}

/* Dead-peer detection takes the SAs away: the prefix is unreachable, never in clear; and it heals. */
static void test_no_path_is_unreachable(void **state)
{
    struct pair pair;
    (void)state;
    two_tunnels(&pair, S2S_ROUTE_MODE_POLICY, 0, short_hold_down);
    silence(&pair, 1, S2S_SIM_BOTH, true);
    silence(&pair, 2, S2S_SIM_BOTH, true);
    pair_run(&pair, 200000);
    assert_int_equal(active(&pair.a), 0);
    assert_true(pair_events(&pair.a, S2S_EVENT_PATH_NONE) > 0);
    assert_int_equal(s2s_sim_way(pair.a.node, NULL, "10.2.0.2"), S2S_SIM_WAY_UNREACHABLE);
    assert_int_equal(pair_ping(&pair, 20), 0);
    silence(&pair, 1, S2S_SIM_BOTH, false);
    silence(&pair, 2, S2S_SIM_BOTH, false);
    pair_run(&pair, 400000);
    assert_int_equal(active(&pair.a), 1);
    assert_int_equal(pair_ping(&pair, 20), 20);
    done(&pair);
}

/* A gateway address goes away: the other tunnel takes over at once, without waiting for any probe. */
static void test_address_lost(void **state)
{
    struct pair pair;
    struct stream stream;
    (void)state;
    two_tunnels(&pair, S2S_ROUTE_MODE_POLICY, 0, short_hold_down);
    stream_start(&pair, &stream, 10);
    pair_run(&pair, 1000);
    assert_int_equal(s2s_sim_address_down(pair.a.node, "198.51.100.1"), 0);
    pair_run(&pair, 10);
    assert_int_equal(active(&pair.a), 2);
    assert_int_equal(last_trigger(&pair.a), S2S_TRIGGER_ADDRESS_LOST);
    pair_run(&pair, 9000);
    stream_end(&pair, &stream);
    assert_in_range(gap_ms(&stream), 0, 5000); /* the far end's own traffic has to notice */
    assert_int_equal(s2s_sim_address_up(pair.a.node, "198.51.100.1"), 0);
    pair_run(&pair, 120000);
    assert_int_equal(active(&pair.a), 1);
    assert_int_equal(pair_ping(&pair, 20), 20);
    done(&pair);
}

/* A flapping primary does not drag traffic along: it must be good for the whole hold-down. */
static void test_hold_down(void **state)
{
    struct pair pair;
    struct stream stream;
    (void)state;
    two_tunnels(&pair, S2S_ROUTE_MODE_POLICY, PROBE_MS, short_hold_down);
    silence(&pair, 1, S2S_SIM_BOTH, true);
    pair_run(&pair, 1000);
    assert_int_equal(active(&pair.a), 2);
    stream_start(&pair, &stream, 18);
    for (unsigned i = 0; i < 6; i++) {
        silence(&pair, 1, S2S_SIM_BOTH, false);
        pair_run(&pair, 1500);
        assert_int_equal(active(&pair.a), 2);
        silence(&pair, 1, S2S_SIM_BOTH, true);
        pair_run(&pair, 1500);
    }
    stream_end(&pair, &stream);
    assert_int_equal(lost(&stream), 0);
    done(&pair);
}

/* ---- crash ---- */

/* kill -9: what was protected is unreachable, not in clear by the default route; the next start adopts what it finds. */
static void test_crash_fails_closed(void **state)
{
    struct pair pair;
    struct s2s_sim_installed installed = {.struct_size = sizeof installed};
    (void)state;
    two_tunnels(&pair, S2S_ROUTE_MODE_POLICY, 0, short_hold_down);
    s2s_sim_node_crash(pair.a.node);
    assert_int_equal(s2s_sim_way(pair.a.node, NULL, "10.2.0.2"), S2S_SIM_WAY_UNREACHABLE);
    assert_int_equal(pair_ping(&pair, 20), 0);
    s2s_sim_installed(pair.a.node, &installed);
    assert_int_equal(installed.devices, 0);
    assert_int_equal(installed.tunnel_routes, 0);
    assert_int_equal(installed.unreachable_routes, 1);
    done(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_psk_change_loses_nothing), cmocka_unit_test(test_restart_loses_nothing),
        cmocka_unit_test(test_disable_loses_nothing),    cmocka_unit_test(test_switch_back_after_psk),
        cmocka_unit_test(test_silent_both),              cmocka_unit_test(test_silent_outbound),
        cmocka_unit_test(test_silent_return),            cmocka_unit_test(test_silent_peer_unprobed),
        cmocka_unit_test(test_last_path_stays),          cmocka_unit_test(test_no_path_is_unreachable),
        cmocka_unit_test(test_address_lost),             cmocka_unit_test(test_hold_down),
        cmocka_unit_test(test_crash_fails_closed),
    };
    return cmocka_run_group_tests_name("failover", tests, NULL, NULL);
}
