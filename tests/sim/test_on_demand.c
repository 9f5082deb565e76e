/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tunnels that come up on demand, and what brings a tunnel back: the first packets wait for their SA; a dead or refusing peer
 * is tried again with growing pauses however much traffic there is; dead-peer detection's three actions; a peer that is new
 * at the old address and says nothing; a NAT that forgets; both ends at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/gateway/objects.h"
#include "lib/ike/v2/state.h"
#include "tests/sim/gateway_pair.h"

static s2s_tunnel *tunnel_of(const struct pair_end *end)
{
    return s2s_connection_tunnel(end->connection, 1);
}

/* ---- the pair, a on demand ---- */

static struct {
    int startup[2], dpd_action;
} tuned;

static void tune(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                 struct s2s_tunnel_params *tunnels)
{
    (void)gateway;
    (void)connection;
    tunnels[0].startup_action = tuned.startup[end];
    if (tuned.dpd_action >= 0)
        tunnels[0].dpd_action = tuned.dpd_action;
}

static void start(struct pair *pair, struct pair_params *params, int a, int b)
{
    pair_params_init(params);
    tuned.startup[0] = a;
    tuned.startup[1] = b;
    params->tune = tune;
    pair_setup(pair, params);
    pair_run(pair, 1000);
}

static void start_trap(struct pair *pair, struct pair_params *params)
{
    tuned.dpd_action = -1;
    start(pair, params, S2S_STARTUP_TRAP, S2S_STARTUP_ADD);
}

static void done(struct pair *pair)
{
    assert_int_equal(pair_cleartext(pair), 0);
    pair_teardown(pair);
}

static s2s_sim_flow *stream(struct pair *pair, bool back, unsigned interval_ms, unsigned count)
{
    struct s2s_sim_flow_params params;
    s2s_sim_flow *flow;
    s2s_sim_flow_params_init(&params, sizeof params);
    params.source = back ? "10.2.0.2" : "10.1.0.2";
    params.destination = back ? "10.1.0.2" : "10.2.0.2";
    params.start = s2s_sim_now(pair->sim);
    params.interval = interval_ms * (s2s_time)S2S_MILLISECOND;
    params.count = count;
    assert_int_equal(s2s_sim_flow_start(back ? pair->b.host : pair->a.host, back ? pair->a.host : pair->b.host, &params, &flow), 0);
    return flow;
}

static struct s2s_sim_flow_stats look(const s2s_sim_flow *flow)
{
    struct s2s_sim_flow_stats stats = {.struct_size = sizeof stats};
    s2s_sim_flow_stats(flow, &stats);
    return stats;
}

/* ---- the first packet ---- */

/* The kernel's route stands before there is any SA; traffic meets the device, not the default route in clear. */
static void test_first_ping(void **state)
{
    static const int modes[] = {S2S_ROUTE_MODE_POLICY, S2S_ROUTE_MODE_DESTINATION};
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(modes); i++) {
        struct pair_params params;
        struct pair pair;
        pair_params_init(&params);
        tuned.startup[0] = S2S_STARTUP_TRAP;
        tuned.startup[1] = S2S_STARTUP_ADD;
        tuned.dpd_action = -1;
        params.tune = tune;
        params.route_mode = modes[i];
        pair_setup(&pair, &params);
        pair_run(&pair, 60000);
        assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_DOWN);
        assert_int_equal(s2s_sim_way(pair.a.node, "10.1.0.2", "10.2.0.2"), S2S_SIM_WAY_DEVICE);
        assert_int_equal(s2s_sim_way(pair.b.node, "10.2.0.2", "10.1.0.2"), S2S_SIM_WAY_UNREACHABLE);
        assert_int_equal(pair_ping(&pair, 1), 1);
        assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_UP);
        assert_int_equal(tunnel_of(&pair.a)->acquire.sent, 1);
        done(&pair);
    }
}

/* As many as there is room for, the first ones, in order; the rest is dropped. */
static void test_bounded_queue(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    start_trap(&pair, &params);
    s2s_sim_flow *flow = stream(&pair, false, 1, 12);
    pair_run(&pair, 3000);
    struct s2s_sim_flow_stats stats = look(flow);
    assert_int_equal(stats.received, S2SI_ACQUIRE_PACKETS);
    assert_int_equal(stats.duplicates + stats.reordered + stats.corrupted, 0);
    assert_int_equal(tunnel_of(&pair.a)->acquire.count, 0);
    flow = stream(&pair, false, 1, 100);
    pair_run(&pair, 3000);
    assert_int_equal(look(flow).received, 100);
    assert_int_equal(tunnel_of(&pair.a)->acquire.kept, S2SI_ACQUIRE_PACKETS);
    done(&pair);
}

/* A kernel that does ESP itself says that traffic wants the tunnel; holding packets is its own affair. */
static void test_kernel_acquires(void **state)
{
    struct s2s_sim_installed installed = {.struct_size = sizeof installed};
    struct pair_params params;
    struct pair pair;
    (void)state;
    pair_params_init(&params);
    tuned.startup[0] = S2S_STARTUP_TRAP;
    tuned.startup[1] = S2S_STARTUP_ADD;
    tuned.dpd_action = -1;
    params.tune = tune;
    params.mode = S2S_SIM_ESP;
    pair_setup(&pair, &params);
    pair_run(&pair, 10000);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_DOWN);
    assert_int_equal(s2s_sim_way(pair.a.node, "10.1.0.2", "10.2.0.2"), S2S_SIM_WAY_DEVICE);
    (void)pair_ping(&pair, 20);
    assert_true(pair_until_up(&pair, 1, 10000));
    assert_int_equal(pair_ping(&pair, 10), 10);
    assert_int_equal(s2s_tunnel_restart(tunnel_of(&pair.a), s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 20000);
    s2s_sim_installed(pair.a.node, &installed);
    assert_int_equal(installed.sas, 0);
    assert_int_equal(installed.policies, 1);
    (void)pair_ping(&pair, 20);
    assert_int_equal(pair_ping(&pair, 10), 10);
    done(&pair);
}

/* What waited too long is not sent: nobody wants a ping of a minute ago. */
static void test_old_packets_are_forgotten(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    start_trap(&pair, &params);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, true);
    s2s_sim_flow *flow = stream(&pair, false, 1, 3);
    pair_run(&pair, 40000);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, false);
    assert_true(pair_until_up(&pair, 1, 60000));
    pair_run(&pair, 1000);
    assert_int_equal(look(flow).received, 0);
    assert_int_equal(tunnel_of(&pair.a)->acquire.dropped, 3);
    done(&pair);
}

/* Traffic from both sides at the same instant: each first ping is answered, and one pair of SAs is left. */
static void test_both_ends(void **state)
{
    (void)state;
    for (unsigned gap = 0; gap < 40; gap += 3) {
        struct pair_params params;
        struct pair pair;
        tuned.dpd_action = -1;
        start(&pair, &params, S2S_STARTUP_TRAP, S2S_STARTUP_TRAP);
        s2s_sim_flow *forth = stream(&pair, false, 10, 1);
        pair_run(&pair, gap);
        s2s_sim_flow *back = stream(&pair, true, 10, 1);
        pair_run(&pair, 60000); /* an abandoned half-open IKE_SA lives 30 s */
        assert_int_equal(look(forth).received, 1);
        assert_int_equal(look(back).received, 1);
        for (unsigned i = 0; i < 2; i++) {
            const struct pair_end *end = i ? &pair.b : &pair.a;
            assert_int_equal(pair_status(end, 1), S2S_TUNNEL_UP);
            assert_int_equal(s2si_list_count(&end->engine->ike->sas), 1);
            assert_int_equal(s2si_list_count(&tunnel_of(end)->peer->children), 1);
        }
        assert_int_equal(pair_ping(&pair, 10), 10);
        done(&pair);
    }
}

/* ---- pauses ---- */

/* Counts attempts: IKE_SA_INIT requests with an SPI not seen before. */
struct attempts {
    uint64_t last;
    unsigned count;
    s2s_time at[64];
};

static void count_attempts(void *user, const struct s2s_sim_frame *frame)
{
    struct attempts *attempts = user;
    const uint8_t *ike = frame->data + 28;
    if (frame->direction != S2S_SIM_FORTH || frame->length < 28 + 28 || frame->data[9] != 17 || ike[18] != 34)
        return;
    uint64_t spi = s2si_get_u64(ike);
    if (spi == attempts->last)
        return;
    attempts->last = spi;
    if (attempts->count < S2SI_COUNT(attempts->at))
        attempts->at[attempts->count] = frame->time;
    attempts->count++;
}

/* A hundred packets a second to a peer that refuses us: the pauses grow to a minute, and differ. */
static void refused(int startup, struct attempts *attempts, uint64_t seed)
{
    struct pair_params params;
    struct pair pair;
    memset(attempts, 0, sizeof *attempts);
    pair_params_init(&params);
    tuned.startup[0] = startup;
    tuned.startup[1] = S2S_STARTUP_ADD;
    tuned.dpd_action = -1;
    params.tune = tune;
    params.seed = seed;
    pair_setup(&pair, &params);
    pair_run(&pair, 1000);
    assert_int_equal(pair_set_psk(&pair, &pair.b, 1, "another"), 0);
    pair_run(&pair, 10000);
    assert_int_equal(s2s_sim_tap(pair.outer_a[0], count_attempts, attempts), 0);
    s2s_sim_flow *flow = stream(&pair, false, 10, 0);
    pair_run(&pair, 600000);
    assert_in_range(attempts->count, 8, 26);
    for (unsigned i = 8; i < attempts->count; i++)
        assert_in_range((attempts->at[i] - attempts->at[i - 1]) / S2S_SECOND, 30, 61);
    assert_int_equal(look(flow).received, 0);
    assert_int_equal(pair_set_psk(&pair, &pair.b, 1, "pair-psk-1"), 0);
    assert_true(pair_until_up(&pair, 1, 62000));
    done(&pair);
}

static void test_refusing_peer(void **state)
{
    struct attempts one, other;
    (void)state;
    refused(S2S_STARTUP_TRAP, &one, 1);
    refused(S2S_STARTUP_TRAP, &other, 2);
    assert_memory_not_equal(one.at, other.at, sizeof one.at);
    refused(S2S_STARTUP_START, &one, 1);
}

/* Nobody there: each attempt gives up after its retransmissions, traffic or not. */
static void test_dead_peer(void **state)
{
    struct attempts attempts = {0};
    struct pair_params params;
    struct pair pair;
    (void)state;
    start_trap(&pair, &params);
    assert_int_equal(s2s_sim_tap(pair.outer_a[0], count_attempts, &attempts), 0);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, true);
    s2s_sim_flow *flow = stream(&pair, false, 10, 0);
    pair_run(&pair, 3600000);
    assert_in_range(attempts.count, 10, 60);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, false);
    assert_true(pair_until_up(&pair, 1, 100000));
    uint32_t before = look(flow).received;
    pair_run(&pair, 1000);
    assert_in_range(look(flow).received - before, 95, 101 + S2SI_ACQUIRE_PACKETS);
    s2s_sim_flow_stop(flow);
    pair_run(&pair, 1000);
    done(&pair);
}

/* ---- dead-peer detection ---- */

static void dpd(int action, struct pair *pair, struct pair_params *params)
{
    tuned.dpd_action = action;
    start(pair, params, S2S_STARTUP_TRAP, S2S_STARTUP_ADD);
    assert_int_equal(pair_ping(pair, 1), 1);
    s2s_sim_link_blackhole(pair->outer_a[0], S2S_SIM_BOTH, true);
}

static void test_dpd_clear(void **state)
{
    struct attempts attempts = {0};
    struct pair_params params;
    struct pair pair;
    (void)state;
    dpd(S2S_DPD_CLEAR, &pair, &params);
    assert_int_equal(s2s_sim_tap(pair.outer_a[0], count_attempts, &attempts), 0);
    pair_run(&pair, 120000);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_DOWN);
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_PEER_DEAD), 1);
    assert_int_equal(attempts.count, 0); /* it waits for traffic */
    assert_int_equal(s2s_sim_way(pair.a.node, "10.1.0.2", "10.2.0.2"), S2S_SIM_WAY_DEVICE);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, false);
    pair_run(&pair, 120000);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_DOWN);
    assert_int_equal(pair_ping(&pair, 1), 1);
    done(&pair);
}

static void test_dpd_restart(void **state)
{
    struct attempts attempts = {0};
    struct pair_params params;
    struct pair pair;
    (void)state;
    dpd(S2S_DPD_RESTART, &pair, &params);
    assert_int_equal(s2s_sim_tap(pair.outer_a[0], count_attempts, &attempts), 0);
    pair_run(&pair, 600000);
    assert_in_range(attempts.count, 2, 20);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, false);
    assert_true(pair_until_up(&pair, 1, 100000)); /* no traffic needed */
    assert_int_equal(pair_ping(&pair, 1), 1);
    done(&pair);
}

/* None: silence alone deletes nothing, a request that is never answered does (RFC 7296 section 2.4). */
static void test_dpd_none(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    dpd(S2S_DPD_NONE, &pair, &params);
    pair_run(&pair, 45000);
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_PEER_DEAD), 0);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_UP);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, false);
    pair_run(&pair, 60000);
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_IKE_DOWN), 0);
    assert_int_equal(pair_ping(&pair, 10), 10);
    done(&pair);
}

/* ---- a peer that is new ---- */

/* kill -9 and a new process, or another machine at the same address (AWS replaces endpoints so): no farewell, new SPIs. */
static void replace(struct pair *pair, const struct pair_params *params)
{
    s2s_sim_node_crash(pair->b.node);
    pair_run(pair, 2000);
    pair_start_again(pair, &pair->b, params);
}

static void replaced_peer(int a, int b, bool traffic, unsigned milliseconds)
{
    struct pair_params params;
    struct pair pair;
    tuned.dpd_action = a == S2S_STARTUP_ADD ? -1 : S2S_DPD_RESTART;
    start(&pair, &params, a, b);
    assert_int_equal(pair_ping(&pair, 1) == 1 || pair_until_up(&pair, 1, 10000), 1);
    pair_run(&pair, 1000);
    for (unsigned n = 0; n < 4; n++) {
        replace(&pair, &params);
        s2s_sim_flow *flow = traffic ? stream(&pair, false, 100, 0) : NULL;
        pair_run(&pair, milliseconds);
        assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_UP);
        assert_int_equal(pair_status(&pair.b, 1), S2S_TUNNEL_UP);
        if (flow)
            s2s_sim_flow_stop(flow);
        assert_int_equal(pair_ping(&pair, 10), 10);
        assert_int_equal(s2si_list_count(&tunnel_of(&pair.a)->peer->sas), 1);
    }
    done(&pair);
}

/* The old SAs' end comes with dead-peer detection, 40 s after the last sign of life; or at once by INITIAL_CONTACT. */
static void test_replaced_peer(void **state)
{
    (void)state;
    replaced_peer(S2S_STARTUP_TRAP, S2S_STARTUP_ADD, true, 60000);   /* by traffic */
    replaced_peer(S2S_STARTUP_START, S2S_STARTUP_ADD, false, 90000); /* by the timer */
    replaced_peer(S2S_STARTUP_ADD, S2S_STARTUP_START, false, 5000);  /* the new one starts itself: INITIAL_CONTACT */
    replaced_peer(S2S_STARTUP_ADD, S2S_STARTUP_START, true, 5000);
}

/* ---- addresses that change ---- */

static void tune_nat(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                     struct s2s_tunnel_params *tunnels)
{
    tune(end, gateway, connection, tunnels);
    if (end == 1)
        tunnels[0].remote_id = "198.51.100.1"; /* behind the NAT */
}

/* The NAT forgets in mid-flow: what comes from inside shows the new mapping, by ESP alone (RFC 7296 section 2.23). */
static void test_nat_rebinds(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    pair_params_init(&params);
    tuned.startup[0] = S2S_STARTUP_TRAP;
    tuned.startup[1] = S2S_STARTUP_ADD;
    tuned.dpd_action = -1;
    params.tune = tune_nat;
    params.far[1] = "203.0.113.254";
    pair_setup(&pair, &params);
    assert_int_equal(s2s_sim_nat(pair.routers[0], pair.outer_b[0], "203.0.113.254", 0), 0);
    pair_run(&pair, 1000);
    assert_int_equal(pair_ping(&pair, 1), 1);
    s2s_sim_flow *forth = stream(&pair, false, 10, 0), *back = stream(&pair, true, 10, 0);
    for (unsigned n = 0; n < 10; n++) {
        pair_run(&pair, 3000);
        struct s2s_sim_flow_stats before = look(back);
        s2s_sim_nat_rebind(pair.routers[0]);
        pair_run(&pair, 1000);
        assert_in_range(look(back).received - before.received, 90, 101); /* what was under way to the old port is lost */
        assert_int_equal(look(forth).sent - look(forth).received < 5, 1);
        assert_int_equal(pair_status(&pair.b, 1), S2S_TUNNEL_UP);
    }
    s2s_sim_flow_stop(forth);
    s2s_sim_flow_stop(back);
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_IKE_DOWN) + pair_events(&pair.b, S2S_EVENT_IKE_DOWN), 0);
    assert_int_equal(pair_events(&pair.b, S2S_EVENT_PEER_MOVED), 11 - 1);
    /* A quiet tunnel keeps its mapping by keepalives, longer than the NAT's idle time. */
    pair_run(&pair, 600000);
    assert_int_equal(pair_events(&pair.b, S2S_EVENT_PEER_MOVED), 10);
    back = stream(&pair, true, 10, 1);
    pair_run(&pair, 1000);
    assert_int_equal(look(back).received, 1);
    done(&pair);
}

/* The gateway is given another address, and the far end is told: the same objects, a new tunnel. */
static void test_gateway_address_changes(void **state)
{
    struct s2s_addr address;
    struct s2s_prefix own;
    struct s2s_gateway_params gateway;
    struct s2s_customer_gateway_params far;
    struct pair_params params;
    struct pair pair;
    (void)state;
    start_trap(&pair, &params);
    assert_int_equal(pair_ping(&pair, 1), 1);
    assert_int_equal(s2s_sim_address(pair.a.node, pair.outer_a[0], "198.51.100.7/24"), 0);
    assert_int_equal(s2s_sim_route(pair.b.node, "198.51.100.7/32", pair.outer_b[0]), 0);
    assert_int_equal(s2s_addr_parse("198.51.100.7", &address), 0);
    assert_int_equal(s2s_prefix_parse("10.1.0.0/24", &own), 0);
    s2s_gateway_params_init(&gateway, sizeof gateway);
    gateway.name = "a";
    gateway.profile = s2s_profile_generic();
    gateway.addresses = &address;
    gateway.address_count = 1;
    gateway.vpc_cidrs = &own;
    gateway.vpc_cidr_count = 1;
    assert_int_equal(s2s_gateway_update(pair.a.gateway, &gateway, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    s2s_customer_gateway_params_init(&far, sizeof far);
    far.name = "far1";
    far.ip_address = address;
    far.profile = s2s_profile_generic();
    assert_int_equal(s2s_customer_gateway_update(s2s_customer_gateway_find(pair.b.gateway, "far1"), &far, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.b.driver);
    pair_run(&pair, 20000);
    assert_int_equal(s2s_sim_address_down(pair.a.node, "198.51.100.1"), 0);
    assert_int_equal(pair_ping(&pair, 10) >= 1, 1);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_UP);
    assert_int_equal(pair_ping(&pair, 10), 10);
    done(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_ping),    cmocka_unit_test(test_bounded_queue),
        cmocka_unit_test(test_kernel_acquires),
        cmocka_unit_test(test_old_packets_are_forgotten),
        cmocka_unit_test(test_both_ends),     cmocka_unit_test(test_refusing_peer),
        cmocka_unit_test(test_dead_peer),     cmocka_unit_test(test_dpd_clear),
        cmocka_unit_test(test_dpd_restart),   cmocka_unit_test(test_dpd_none),
        cmocka_unit_test(test_replaced_peer), cmocka_unit_test(test_nat_rebinds),
        cmocka_unit_test(test_gateway_address_changes),
    };
    return cmocka_run_group_tests_name("on demand", tests, NULL, NULL);
}
