/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated internet without gateways: clock, links, routing, rules, NAT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/base.h"
#include "tests/unit/sim_world.h"

static struct s2s_sim_ping *ping(s2s_sim_node *node, const char *destination, uint32_t count, s2s_time interval)
{
    struct s2s_sim_ping_params params;
    s2s_sim_ping *made;
    s2s_sim_ping_params_init(&params, sizeof params);
    params.destination = destination;
    params.count = count;
    params.interval = interval;
    assert_int_equal(s2s_sim_ping_start(node, &params, &made), 0);
    return made;
}

static struct s2s_sim_ping_stats stats_of(const s2s_sim_ping *made)
{
    struct s2s_sim_ping_stats stats = {.struct_size = sizeof stats};
    s2s_sim_ping_stats(made, &stats);
    return stats;
}

static struct s2s_sim_link_stats link_stats(const s2s_sim_link *link, enum s2s_sim_direction direction)
{
    struct s2s_sim_link_stats stats = {.struct_size = sizeof stats};
    s2s_sim_link_stats(link, direction, &stats);
    return stats;
}

static void clock_runs_in_order(void **state)
{
    (void)state;
    struct sim_world world;
    sim_world_make(&world, 1, NULL);
    assert_int_equal(s2s_sim_now(world.sim), 0);
    assert_int_equal(s2s_sim_next(world.sim), S2S_TIME_NEVER);
    assert_false(s2s_sim_step(world.sim));
    s2s_sim_run_until(world.sim, 5 * (s2s_time)S2S_SECOND);
    assert_int_equal(s2s_sim_now(world.sim), 5 * (s2s_time)S2S_SECOND);
    sim_world_free(&world);
}

struct order {
    int seen[4];
    size_t count;
};
static struct order order;
static void note_1(void *user) { (void)user; order.seen[order.count++] = 1; }
static void note_2(void *user) { (void)user; order.seen[order.count++] = 2; }

static void timers_and_wake(void **state)
{
    (void)state;
    struct sim_world world;
    sim_world_make(&world, 1, NULL);
    const struct s2s_loop *loop = s2s_sim_loop(world.sim);
    void *first, *second, *watch;
    order = (struct order){0};
    assert_int_equal(loop->watch_add(loop->context, 0, S2S_LOOP_READ, NULL, NULL, &watch), S2S_ERR_UNSUPPORTED);
    assert_int_equal(loop->timer_add(loop->context, note_1, NULL, &first), 0);
    assert_int_equal(loop->timer_add(loop->context, note_2, NULL, &second), 0);
    loop->timer_set(loop->context, first, 200);
    loop->timer_set(loop->context, second, 100);
    s2s_sim_run_until(world.sim, 99);
    assert_int_equal(order.count, 0);
    s2s_sim_run_until(world.sim, 300);
    assert_int_equal(order.count, 2);
    assert_int_equal(order.seen[0], 2);
    assert_int_equal(loop->now(loop->context), 300);
    loop->timer_set(loop->context, first, 400);
    loop->timer_set(loop->context, first, S2S_TIME_NEVER);
    s2s_sim_run_until(world.sim, 500);
    assert_int_equal(order.count, 2);
    assert_int_equal(loop->wake(loop->context, note_1, NULL), 0);
    assert_int_equal(s2s_sim_next(world.sim), 500);
    s2s_sim_run_until(world.sim, 500);
    assert_int_equal(order.count, 3);
    loop->timer_remove(loop->context, first);
    sim_world_free(&world); /* frees the second */
}

static void ping_through_routers(void **state)
{
    (void)state;
    struct sim_world world;
    sim_world_make(&world, 1, NULL);
    s2s_sim_ping *made = ping(world.left, "10.2.0.2", 10, S2S_SECOND);
    struct s2s_sim_ping_record record;
    s2s_sim_run_until(world.sim, 20 * (s2s_time)S2S_SECOND);
    struct s2s_sim_ping_stats stats = stats_of(made);
    assert_int_equal(stats.sent, 10);
    assert_int_equal(stats.answered, 10);
    assert_int_equal(stats.longest_gap, 0);
    assert_int_equal(s2s_sim_ping_record(made, 3, &record), 0);
    assert_int_equal(record.sent, 3 * (s2s_time)S2S_SECOND);
    assert_int_equal(record.answered - record.sent, 8 * 5 * S2S_MILLISECOND); /* four links there and back */
    assert_int_equal(record.ttl, 61);                                         /* three routers */
    assert_int_equal(s2s_sim_ping_record(made, 10, &record), S2S_ERR_NOT_FOUND);
    assert_int_equal(s2s_sim_watched(world.wan_a), 20); /* no VPN: all of it in clear */
    sim_world_free(&world);
}

static void ttl_and_no_route(void **state)
{
    (void)state;
    struct sim_world world;
    sim_world_make(&world, 1, NULL);
    struct s2s_sim_ping_params params;
    s2s_sim_ping *far, *nowhere = ping(world.left, "192.0.2.1", 3, S2S_SECOND);
    s2s_sim_ping_params_init(&params, sizeof params);
    params.destination = "10.2.0.2";
    params.count = 1;
    params.ttl = 2;
    assert_int_equal(s2s_sim_ping_start(world.left, &params, &far), 0);
    s2s_sim_run_until(world.sim, 5 * (s2s_time)S2S_SECOND);
    assert_int_equal(stats_of(far).unreachable, 1);
    assert_int_equal(stats_of(far).answered, 0);
    assert_int_equal(stats_of(nowhere).unreachable, 3);
    sim_world_free(&world);
}

static void ipv6(void **state)
{
    (void)state;
    s2s_sim *sim;
    s2s_sim_node *a, *r, *b;
    s2s_sim_link *one, *two;
    assert_int_equal(s2s_sim_new(NULL, 1, &sim), 0);
    assert_int_equal(s2s_sim_host_new(sim, "a", &a), 0);
    assert_int_equal(s2s_sim_router_new(sim, "r", &r), 0);
    assert_int_equal(s2s_sim_host_new(sim, "b", &b), 0);
    assert_int_equal(s2s_sim_link_new(sim, "one", a, r, NULL, &one), 0);
    assert_int_equal(s2s_sim_link_new(sim, "two", r, b, NULL, &two), 0);
    assert_int_equal(s2s_sim_address(a, one, "2001:db8:1::2/64"), 0);
    assert_int_equal(s2s_sim_address(r, one, "2001:db8:1::1/64"), 0);
    assert_int_equal(s2s_sim_address(r, two, "2001:db8:2::1/64"), 0);
    assert_int_equal(s2s_sim_address(b, two, "2001:db8:2::2/64"), 0);
    assert_int_equal(s2s_sim_route(a, "::/0", one), 0);
    assert_int_equal(s2s_sim_route(b, "::/0", two), 0);
    s2s_sim_ping *good = ping(a, "2001:db8:2::2", 2, S2S_SECOND), *bad = ping(a, "2001:db8:3::2", 2, S2S_SECOND);
    s2s_sim_run_for(sim, 3 * (s2s_time)S2S_SECOND);
    assert_int_equal(stats_of(good).answered, 2);
    assert_int_equal(stats_of(bad).unreachable, 2);
    s2s_sim_delete(sim);
}

static void chance_keeps_its_figures(void **state)
{
    (void)state;
    struct sim_world world;
    struct s2s_sim_link_params params;
    struct s2s_sim_flow_params flow_params;
    struct s2s_sim_flow_stats stats = {.struct_size = sizeof stats};
    s2s_sim_flow *flow;
    sim_world_make(&world, 7, NULL);
    s2s_sim_link_params_init(&params, sizeof params);
    params.loss_ppm = 100000;
    params.duplicate_ppm = 50000;
    params.reorder_ppm = 30000;
    params.jitter = 3 * S2S_MILLISECOND;
    params.reorder_delay = 50 * S2S_MILLISECOND;
    assert_int_equal(s2s_sim_link_set(world.wan_b, S2S_SIM_FORTH, &params), 0);
    s2s_sim_flow_params_init(&flow_params, sizeof flow_params);
    flow_params.destination = "10.2.0.2";
    flow_params.count = 10000;
    flow_params.interval = S2S_MILLISECOND;
    assert_int_equal(s2s_sim_flow_start(world.left, world.right, &flow_params, &flow), 0);
    s2s_sim_run_for(world.sim, 20 * (s2s_time)S2S_SECOND);
    s2s_sim_flow_stats(flow, &stats);
    struct s2s_sim_link_stats link = link_stats(world.wan_b, S2S_SIM_FORTH);
    assert_int_equal(stats.sent, 10000);
    assert_int_equal(stats.received + link.lost, 10000);
    assert_in_range(link.lost, 850, 1150); /* five sigma about a tenth */
    assert_int_equal(stats.duplicates, link.duplicated);
    assert_in_range(link.duplicated, 340, 560);
    assert_in_range(stats.reordered, 150, 420);
    assert_int_equal(stats.corrupted, 0);
    assert_int_equal(link.packets, 10000);
    assert_int_equal(link.delivered, 10000 - link.lost + link.duplicated);
    sim_world_free(&world);
}

static void jitter_keeps_order(void **state)
{
    (void)state;
    struct sim_world world;
    struct s2s_sim_link_params params;
    sim_world_make(&world, 3, NULL);
    s2s_sim_link_params_init(&params, sizeof params);
    params.jitter = 100 * S2S_MILLISECOND;
    assert_int_equal(s2s_sim_link_set(world.wan_a, S2S_SIM_BOTH, &params), 0);
    s2s_sim_ping *made = ping(world.left, "10.2.0.2", 1000, S2S_MILLISECOND);
    s2s_sim_run_for(world.sim, 3 * (s2s_time)S2S_SECOND);
    assert_int_equal(stats_of(made).answered, 1000);
    assert_int_equal(stats_of(made).reordered, 0);
    sim_world_free(&world);
}

static void blackhole_is_silent(void **state)
{
    (void)state;
    struct sim_world world;
    sim_world_make(&world, 1, NULL);
    s2s_sim_ping *made = ping(world.left, "10.2.0.2", 0, 10 * S2S_MILLISECOND);
    s2s_sim_run_until(world.sim, S2S_SECOND);
    s2s_sim_link_blackhole(world.wan_b, S2S_SIM_BACK, true);
    s2s_sim_run_until(world.sim, 2 * (s2s_time)S2S_SECOND);
    s2s_sim_link_blackhole(world.wan_b, S2S_SIM_BOTH, false);
    s2s_sim_run_until(world.sim, 3 * (s2s_time)S2S_SECOND);
    s2s_sim_ping_stop(made);
    s2s_sim_run_for(world.sim, S2S_SECOND);
    struct s2s_sim_ping_stats stats = stats_of(made);
    assert_int_equal(stats.sent - stats.answered, link_stats(world.wan_b, S2S_SIM_BACK).blackholed);
    assert_int_equal(stats.sent - stats.answered, 100);
    assert_int_equal(stats.longest_gap, S2S_SECOND);
    assert_int_equal(stats.unreachable, 0);
    sim_world_free(&world);
}

static void rules_pick_their_packets(void **state)
{
    (void)state;
    struct sim_world world;
    struct s2s_sim_rule rule = {.struct_size = sizeof rule, .protocol = 17, .source = "10.1.0.0/16", .port = 40001, .skip = 5, .limit = 7};
    struct s2s_sim_flow_params params;
    struct s2s_sim_flow_stats stats = {.struct_size = sizeof stats};
    s2s_sim_flow *flow;
    uint32_t id, all;
    sim_world_make(&world, 1, NULL);
    assert_int_equal(s2s_sim_rule_add(world.core, &rule, &id), 0);
    s2s_sim_flow_params_init(&params, sizeof params);
    params.destination = "10.2.0.2";
    params.count = 20;
    assert_int_equal(s2s_sim_flow_start(world.left, world.right, &params, &flow), 0);
    s2s_sim_ping *made = ping(world.left, "10.2.0.2", 5, S2S_SECOND);
    s2s_sim_run_for(world.sim, 10 * (s2s_time)S2S_SECOND);
    s2s_sim_flow_stats(flow, &stats);
    assert_int_equal(stats.received, 13);
    assert_int_equal(s2s_sim_rule_hits(world.core, id), 7);
    assert_int_equal(stats_of(made).answered, 5);
    rule = (struct s2s_sim_rule){.struct_size = sizeof rule, .out = world.wan_b, .in = world.wan_a};
    assert_int_equal(s2s_sim_rule_add(world.core, &rule, &all), 0);
    made = ping(world.left, "10.2.0.2", 5, S2S_SECOND);
    s2s_sim_ping *back = ping(world.right, "10.1.0.2", 5, S2S_SECOND);
    s2s_sim_run_for(world.sim, 10 * (s2s_time)S2S_SECOND);
    assert_int_equal(stats_of(made).answered, 0);
    assert_int_equal(stats_of(back).answered, 0); /* their answers go forth */
    assert_int_equal(s2s_sim_rule_hits(world.core, all), 10);
    assert_int_equal(s2s_sim_rule_remove(world.core, all), 0);
    assert_int_equal(s2s_sim_rule_remove(world.core, all), S2S_ERR_NOT_FOUND);
    rule.source = "10.1.0.0/99";
    assert_int_equal(s2s_sim_rule_add(world.core, &rule, &all), S2S_ERR_INVALID);
    sim_world_free(&world);
}

static void too_big(void **state)
{
    (void)state;
    struct sim_world world;
    struct s2s_sim_link_params link;
    struct s2s_sim_ping_params params;
    struct s2s_sim_node_stats node = {.struct_size = sizeof node};
    s2s_sim_ping *told, *untold;
    sim_world_make(&world, 1, NULL);
    s2s_sim_link_params_init(&link, sizeof link);
    link.mtu = 1300;
    assert_int_equal(s2s_sim_link_set(world.wan_b, S2S_SIM_BOTH, &link), 0);
    s2s_sim_ping_params_init(&params, sizeof params);
    params.destination = "10.2.0.2";
    params.count = 1;
    params.size = 1400;
    params.dont_fragment = true;
    assert_int_equal(s2s_sim_ping_start(world.left, &params, &told), 0);
    s2s_sim_run_for(world.sim, S2S_SECOND);
    assert_int_equal(stats_of(told).unreachable, 1);
    s2s_sim_node_too_big(world.core, false);
    params.start = s2s_sim_now(world.sim);
    assert_int_equal(s2s_sim_ping_start(world.left, &params, &untold), 0);
    s2s_sim_run_for(world.sim, S2S_SECOND);
    assert_int_equal(stats_of(untold).unreachable, 0);
    s2s_sim_node_stats(world.core, &node);
    assert_int_equal(node.too_big, 2);
    sim_world_free(&world);
}

static void rate_and_queue(void **state)
{
    (void)state;
    struct sim_world world;
    struct s2s_sim_link_params link;
    struct s2s_sim_flow_params params;
    struct s2s_sim_flow_stats stats = {.struct_size = sizeof stats};
    s2s_sim_flow *flow;
    sim_world_make(&world, 1, NULL);
    s2s_sim_link_params_init(&link, sizeof link);
    link.bits_per_second = 800000; /* 500 packets of 200 bytes a second */
    link.queue_bytes = 10000;
    assert_int_equal(s2s_sim_link_set(world.wan_a, S2S_SIM_FORTH, &link), 0);
    s2s_sim_flow_params_init(&params, sizeof params);
    params.destination = "10.2.0.2";
    params.count = 1000;
    params.interval = S2S_MILLISECOND;
    assert_int_equal(s2s_sim_flow_start(world.left, world.right, &params, &flow), 0);
    s2s_sim_run_for(world.sim, 10 * (s2s_time)S2S_SECOND);
    s2s_sim_flow_stats(flow, &stats);
    assert_in_range(stats.received, 545, 555);
    assert_int_equal(stats.received + link_stats(world.wan_a, S2S_SIM_FORTH).overflow, 1000);
    sim_world_free(&world);
}

static void carrier_loses_what_is_under_way(void **state)
{
    (void)state;
    struct sim_world world;
    sim_world_make(&world, 1, NULL);
    s2s_sim_ping *made = ping(world.left, "10.2.0.2", 2, S2S_SECOND);
    s2s_sim_run_until(world.sim, 7 * S2S_MILLISECOND); /* on wan_a now */
    s2s_sim_link_carrier(world.wan_a, false);
    s2s_sim_link_carrier(world.wan_a, true);
    s2s_sim_run_for(world.sim, 3 * (s2s_time)S2S_SECOND);
    assert_int_equal(stats_of(made).answered, 1);
    sim_world_free(&world);
}

static enum s2s_sim_fate flip(void *user, enum s2s_sim_direction direction, uint8_t *data, size_t length)
{
    int *count = user;
    data[length - 1] ^= direction == S2S_SIM_FORTH && *count == 0;
    return ++*count == 3 ? S2S_SIM_LOSE : *count == 5 ? S2S_SIM_TWICE : S2S_SIM_PASS;
}

static void man_in_the_middle(void **state)
{
    (void)state;
    struct sim_world world;
    struct s2s_sim_flow_params params;
    struct s2s_sim_flow_stats stats = {.struct_size = sizeof stats};
    s2s_sim_flow *flow;
    int count = 0;
    sim_world_make(&world, 1, NULL);
    s2s_sim_filter(world.wan_a, flip, &count);
    s2s_sim_flow_params_init(&params, sizeof params);
    params.destination = "10.2.0.2";
    params.count = 10;
    assert_int_equal(s2s_sim_flow_start(world.left, world.right, &params, &flow), 0);
    s2s_sim_run_for(world.sim, S2S_SECOND);
    s2s_sim_flow_stats(flow, &stats);
    assert_int_equal(stats.corrupted, 1);
    assert_int_equal(stats.received, 8);
    assert_int_equal(stats.duplicates, 1);
    sim_world_free(&world);
}

/* inside 192.168.0.2 ── nat 192.168.0.1/198.51.100.1 ── outside 198.51.100.2 */
struct nat_world {
    s2s_sim *sim;
    s2s_sim_node *inside, *nat, *outside;
    s2s_sim_link *near, *far;
    uint16_t port; /* source port of the latest UDP packet on the far link */
    bool leaked;
};

static void see_far(void *user, const struct s2s_sim_frame *frame)
{
    struct nat_world *world = user;
    struct s2si_ip ip;
    assert_int_equal(s2si_ip_read(frame->data, frame->length, &ip), 0);
    world->leaked = world->leaked || ip.source.bytes[0] == 192;
    if (frame->direction == S2S_SIM_FORTH && ip.protocol == S2SI_PROTO_UDP) {
        world->port = ip.source_port;
    }
}

static void nat_maps_and_rebinds(void **state)
{
    (void)state;
    struct nat_world world = {0};
    struct s2s_sim_flow_params params;
    struct s2s_sim_flow_stats stats = {.struct_size = sizeof stats};
    struct s2s_sim_node_stats node = {.struct_size = sizeof node};
    s2s_sim_flow *out, *in;
    assert_int_equal(s2s_sim_new(NULL, 1, &world.sim), 0);
    assert_int_equal(s2s_sim_host_new(world.sim, "inside", &world.inside), 0);
    assert_int_equal(s2s_sim_router_new(world.sim, "nat", &world.nat), 0);
    assert_int_equal(s2s_sim_host_new(world.sim, "outside", &world.outside), 0);
    assert_int_equal(s2s_sim_link_new(world.sim, "near", world.inside, world.nat, NULL, &world.near), 0);
    assert_int_equal(s2s_sim_link_new(world.sim, "far", world.nat, world.outside, NULL, &world.far), 0);
    assert_int_equal(s2s_sim_address(world.inside, world.near, "192.168.0.2/24"), 0);
    assert_int_equal(s2s_sim_address(world.nat, world.near, "192.168.0.1/24"), 0);
    assert_int_equal(s2s_sim_address(world.nat, world.far, "198.51.100.1/24"), 0);
    assert_int_equal(s2s_sim_address(world.outside, world.far, "198.51.100.2/24"), 0);
    assert_int_equal(s2s_sim_route(world.inside, "0.0.0.0/0", world.near), 0);
    assert_int_equal(s2s_sim_nat(world.nat, world.far, "198.51.100.1", 30 * (s2s_time)S2S_SECOND), 0);
    assert_int_equal(s2s_sim_tap(world.far, see_far, &world), 0);
    s2s_sim_ping *made = ping(world.inside, "198.51.100.2", 3, S2S_SECOND);
    s2s_sim_flow_params_init(&params, sizeof params);
    params.destination = "198.51.100.2";
    params.count = 2;
    assert_int_equal(s2s_sim_flow_start(world.inside, world.outside, &params, &out), 0);
    s2s_sim_run_for(world.sim, 5 * (s2s_time)S2S_SECOND);
    assert_int_equal(stats_of(made).answered, 3);
    uint16_t port = world.port;
    assert_true(port != 0 && port != 40000);
    /* Back through the mapping, and no more once it changed. */
    params = (struct s2s_sim_flow_params){0};
    s2s_sim_flow_params_init(&params, sizeof params);
    params.destination = "198.51.100.1";
    params.destination_port = port;
    params.start = s2s_sim_now(world.sim);
    params.interval = S2S_SECOND;
    params.count = 10;
    assert_int_equal(s2s_sim_flow_start(world.outside, world.inside, &params, &in), 0);
    s2s_sim_run_for(world.sim, 5 * (s2s_time)S2S_SECOND - S2S_MILLISECOND);
    s2s_sim_nat_rebind(world.nat);
    s2s_sim_run_for(world.sim, 10 * (s2s_time)S2S_SECOND);
    s2s_sim_flow_stats(in, &stats);
    assert_int_equal(stats.received, 5);
    s2s_sim_node_stats(world.nat, &node);
    assert_int_equal(node.nat_unmatched, 5);
    params.destination = "198.51.100.2";
    params.source_port = 40000;
    params.destination_port = 40001;
    params.start = s2s_sim_now(world.sim);
    params.count = 1;
    assert_int_equal(s2s_sim_flow_start(world.inside, world.outside, &params, &out), 0);
    s2s_sim_run_for(world.sim, S2S_SECOND);
    assert_int_not_equal(world.port, port);
    s2s_sim_node_stats(world.nat, &node);
    assert_int_equal(node.nat_mappings, 1);
    s2s_sim_run_for(world.sim, 31 * (s2s_time)S2S_SECOND);
    s2s_sim_node_stats(world.nat, &node);
    assert_int_equal(node.nat_mappings, 0);
    assert_false(world.leaked);
    s2s_sim_delete(world.sim);
}

static void bad_arguments(void **state)
{
    (void)state;
    struct sim_world world;
    struct s2s_sim_link_params params;
    s2s_sim_link *link;
    sim_world_make(&world, 1, NULL);
    assert_int_equal(s2s_sim_address(world.left, world.wan_a, "10.9.0.1/24"), S2S_ERR_INVALID); /* not its link */
    assert_int_equal(s2s_sim_address(world.left, world.lan_a, "10.1.0.2/24"), S2S_ERR_EXISTS);
    const char *texts[] = {"", "10.1.0.1/", "10.1.0.1/33", "10.1.0.1/x", "10.1.0", "10.1.0.1/999999999999"};
    for (size_t i = 0; i < S2SI_COUNT(texts); i++) {
        assert_int_equal(s2s_sim_address(world.left, world.lan_a, texts[i]), S2S_ERR_INVALID);
    }
    assert_int_equal(s2s_sim_route(world.left, "10.1.0.1/8", world.lan_a), S2S_ERR_INVALID);
    assert_int_equal(s2s_sim_link_new(world.sim, "x", world.left, world.left, NULL, &link), S2S_ERR_INVALID);
    s2s_sim_link_params_init(&params, sizeof params);
    params.loss_ppm = 1000001;
    assert_int_equal(s2s_sim_link_set(world.lan_a, S2S_SIM_BOTH, &params), S2S_ERR_INVALID);
    assert_int_equal(s2s_sim_address_down(world.left, "10.9.9.9"), S2S_ERR_NOT_FOUND);
    assert_int_equal(s2s_sim_at(world.sim, 0, NULL, NULL), S2S_ERR_INVALID);
    sim_world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_runs_in_order),
        cmocka_unit_test(timers_and_wake),
        cmocka_unit_test(ping_through_routers),
        cmocka_unit_test(ttl_and_no_route),
        cmocka_unit_test(ipv6),
        cmocka_unit_test(chance_keeps_its_figures),
        cmocka_unit_test(jitter_keeps_order),
        cmocka_unit_test(blackhole_is_silent),
        cmocka_unit_test(rules_pick_their_packets),
        cmocka_unit_test(too_big),
        cmocka_unit_test(rate_and_queue),
        cmocka_unit_test(carrier_loses_what_is_under_way),
        cmocka_unit_test(man_in_the_middle),
        cmocka_unit_test(nat_maps_and_rebinds),
        cmocka_unit_test(bad_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
