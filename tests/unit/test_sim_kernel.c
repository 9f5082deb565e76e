/* SPDX-License-Identifier: Apache-2.0 */
/* Gateway nodes of the simulation: completions, batches, fail-closed routes, crash, SCAN, captures, determinism. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/base.h"
#include "tests/unit/failing_allocator.h"
#include "tests/unit/sim_world.h"

static s2s_sim_ping *ping(s2s_sim_node *node, const char *destination, uint32_t count, s2s_time interval)
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

static struct s2s_sim_installed installed_on(const s2s_sim_node *node)
{
    struct s2s_sim_installed installed = {.struct_size = sizeof installed};
    s2s_sim_installed(node, &installed);
    return installed;
}

static struct s2s_sim_kernel_stats kernel_stats(const s2s_sim_node *node)
{
    struct s2s_sim_kernel_stats stats = {.struct_size = sizeof stats};
    s2s_sim_kernel_stats(node, &stats);
    return stats;
}

struct pair {
    struct sim_world world;
    struct fake_engine *a, *b;
};

static void pair_make(struct pair *pair, uint64_t seed, bool udp)
{
    sim_world_make(&pair->world, seed, NULL);
    pair->a = malloc(sizeof *pair->a);
    pair->b = malloc(sizeof *pair->b);
    fake_start(pair->a, &pair->world, pair->world.gate_a, "198.51.100.1", "203.0.113.1");
    fake_start(pair->b, &pair->world, pair->world.gate_b, "203.0.113.1", "198.51.100.1");
    pair->a->udp = pair->b->udp = udp;
    fake_tunnel(pair->a, "10.2.0.0/16");
    fake_tunnel(pair->b, "10.1.0.0/16");
}

static void pair_free(struct pair *pair)
{
    sim_world_free(&pair->world);
    free(pair->a);
    free(pair->b);
}

static void tunnel_carries_and_hides(void **state)
{
    for (int udp = 0; udp < 2; udp++) {
        struct pair pair;
        struct s2s_sim_ping_record record;
        (void)state;
        pair_make(&pair, 1, udp);
        uint64_t before = s2s_sim_watched(pair.world.wan_a);
        s2s_sim_ping *made = ping(pair.world.left, "10.2.0.2", 20, S2S_SECOND / 10);
        s2s_sim_run_for(pair.world.sim, 5 * (s2s_time)S2S_SECOND);
        assert_int_equal(stats_of(made).answered, 20);
        assert_int_equal(s2s_sim_watched(pair.world.wan_a), before);
        assert_int_equal(s2s_sim_watched(pair.world.wan_b), 0);
        assert_int_equal(pair.a->inner, 20);
        assert_int_equal(pair.a->outer, 20);
        assert_int_equal(pair.a->last.local.port, udp ? 4500 : 0);
        assert_int_equal(s2s_sim_ping_record(made, 0, &record), 0);
        assert_int_equal(record.ttl, 62); /* core does not see it */
        assert_int_equal(udp ? kernel_stats(pair.world.gate_a).sent_udp : kernel_stats(pair.world.gate_a).sent_esp, 20);
        assert_int_equal(kernel_stats(pair.world.gate_a).delivered, 20);
        pair_free(&pair);
    }
}

/* A VPN prefix that covers the peer's outer address, and 0.0.0.0/0: outer packets stay outside. */
static void outer_packets_never_enter_the_device(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, true);
    fake_submit(pair.a, fake_route("0.0.0.0/0", S2S_ROUTE_TUNNEL, 100));
    fake_submit(pair.a, fake_route("203.0.113.0/24", S2S_ROUTE_TUNNEL, 100));
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_int_equal(s2s_sim_way(pair.world.gate_a, NULL, "203.0.113.1"), S2S_SIM_WAY_DEVICE);
    assert_int_equal(s2s_sim_way(pair.world.gate_a, NULL, "8.8.8.8"), S2S_SIM_WAY_DEVICE);
    assert_int_equal(s2s_sim_way(pair.world.gate_a, NULL, "10.1.0.2"), S2S_SIM_WAY_LINK); /* its own network */
    s2s_sim_ping *made = ping(pair.world.left, "10.2.0.2", 5, S2S_SECOND / 10);
    s2s_sim_run_for(pair.world.sim, 2 * (s2s_time)S2S_SECOND);
    assert_int_equal(stats_of(made).answered, 5);
    pair_free(&pair);
}

static void batches_hold_what_came_together(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, false);
    for (int i = 0; i < 100; i++) {
        ping(pair.world.left, "10.2.0.2", 1, S2S_SECOND);
    }
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_int_equal(pair.a->inner, 100);
    assert_int_equal(pair.a->largest_batch, S2S_PACKET_BATCH);
    pair_free(&pair);
}

static void completions_come_late_and_mixed(void **state)
{
    (void)state;
    struct sim_world world;
    struct fake_engine *engine = malloc(sizeof *engine);
    sim_world_make(&world, 5, NULL);
    fake_start(engine, &world, world.gate_a, "198.51.100.1", "203.0.113.1");
    s2s_sim_kernel_delay(world.gate_a, S2S_MILLISECOND, 20 * S2S_MILLISECOND);
    for (uint32_t i = 0; i < 50; i++) {
        char text[32];
        snprintf(text, sizeof text, "10.50.%u.0/24", i);
        fake_submit(engine, fake_route(text, S2S_ROUTE_UNREACHABLE, 7));
    }
    assert_int_equal(engine->completion_count, 0);
    assert_int_equal(installed_on(world.gate_a).unreachable_routes, 0); /* what is not answered is not there */
    assert_int_equal(kernel_stats(world.gate_a).outstanding, 50);
    s2s_sim_run_for(world.sim, 21 * S2S_MILLISECOND);
    assert_int_equal(engine->completion_count, 50);
    assert_int_equal(installed_on(world.gate_a).unreachable_routes, 50);
    size_t backward = 0;
    for (size_t i = 1; i < 50; i++) {
        backward += engine->completions[i].op < engine->completions[i - 1].op;
        assert_in_range(engine->completions[i].at, S2S_MILLISECOND, 20 * S2S_MILLISECOND);
    }
    assert_in_range(backward, 10, 40);
    sim_world_free(&world);
    free(engine);
}

/* Add, delete, add of one route: the last word counts, whatever the delays. */
static void one_key_keeps_its_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 30; seed++) {
        struct sim_world world;
        struct fake_engine *engine = malloc(sizeof *engine);
        sim_world_make(&world, seed, NULL);
        fake_start(engine, &world, world.gate_a, "198.51.100.1", "203.0.113.1");
        struct s2s_action add = fake_route("10.9.0.0/16", S2S_ROUTE_UNREACHABLE, 7), take = add;
        take.type = S2S_ACTION_ROUTE_DELETE;
        uint64_t first = fake_submit(engine, add), second = fake_submit(engine, take), third = fake_submit(engine, add);
        s2s_sim_run_for(world.sim, S2S_SECOND);
        assert_int_equal(installed_on(world.gate_a).unreachable_routes, 1);
        assert_true(fake_completion(engine, first)->at <= fake_completion(engine, second)->at);
        assert_true(fake_completion(engine, second)->at <= fake_completion(engine, third)->at);
        assert_int_equal(fake_completion(engine, second)->error, 0);
        fake_submit(engine, take);
        uint64_t again = fake_submit(engine, take);
        s2s_sim_run_for(world.sim, S2S_SECOND);
        assert_int_equal(fake_completion(engine, again)->error, S2S_ERR_NOT_FOUND);
        sim_world_free(&world);
        free(engine);
    }
}

static void completion_inside_submit(void **state)
{
    (void)state;
    struct sim_world world;
    struct fake_engine *engine = malloc(sizeof *engine);
    sim_world_make(&world, 1, NULL);
    fake_start(engine, &world, world.gate_a, "198.51.100.1", "203.0.113.1");
    s2s_sim_kernel_delay(world.gate_a, 0, 0);
    uint64_t op = fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_DEVICE_ADD, .mtu = 1400});
    assert_non_null(fake_completion(engine, op));
    assert_string_equal(fake_completion(engine, op)->device, "vpn0");
    assert_int_equal(installed_on(world.gate_a).devices, 1);
    sim_world_free(&world);
    free(engine);
}

static void refusals(void **state)
{
    (void)state;
    struct sim_world world;
    struct fake_engine *engine = malloc(sizeof *engine);
    sim_world_make(&world, 1, NULL);
    fake_start(engine, &world, world.gate_a, "198.51.100.1", "203.0.113.1");
    assert_int_equal(s2s_sim_kernel_refuse(world.gate_a, S2S_ACTION_ROUTE_ADD, 1, 2, S2S_ERR_KERNEL), 0);
    assert_int_equal(s2s_sim_kernel_refuse(world.gate_a, S2S_ACTION_DATAGRAM, 0, 1, S2S_ERR_KERNEL), S2S_ERR_INVALID);
    const char *prefixes[] = {"10.31.0.0/16", "10.32.0.0/16", "10.33.0.0/16", "10.34.0.0/16"};
    const int errors[] = {0, S2S_ERR_KERNEL, S2S_ERR_KERNEL, 0};
    uint64_t ops[4];
    for (size_t i = 0; i < 4; i++) {
        ops[i] = fake_submit(engine, fake_route(prefixes[i], S2S_ROUTE_UNREACHABLE, 7));
    }
    s2s_sim_run_for(world.sim, S2S_SECOND);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(fake_completion(engine, ops[i])->error, errors[i]);
    }
    assert_int_equal(installed_on(world.gate_a).unreachable_routes, 2);
    s2s_sim_kernel_refuse_ppm(world.gate_a, 300000);
    for (size_t i = 0; i < 200; i++) {
        fake_submit(engine, fake_route("10.35.0.0/16", S2S_ROUTE_UNREACHABLE, 7));
    }
    s2s_sim_run_for(world.sim, S2S_SECOND);
    assert_in_range(kernel_stats(world.gate_a).refused - 2, 35, 90);
    assert_int_equal(kernel_stats(world.gate_a).outstanding, 0);
    uint64_t op = fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_SA_ADD}); /* not with this kernel */
    assert_int_equal(fake_completion(engine, op)->error, S2S_ERR_UNSUPPORTED);
    sim_world_free(&world);
    free(engine);
}

static void what_is_not_there_is_refused(void **state)
{
    (void)state;
    struct sim_world world;
    struct fake_engine *engine = malloc(sizeof *engine);
    sim_world_make(&world, 1, NULL);
    fake_start(engine, &world, world.gate_a, "198.51.100.1", "203.0.113.1");
    uint64_t route = fake_submit(engine, fake_route("10.2.0.0/16", S2S_ROUTE_TUNNEL, 1));
    uint64_t address = fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_ADDRESS_ADD,
                                                               .address = {fake_addr("169.254.1.1"), 30}});
    uint64_t bind = fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_BIND, .local.addr = fake_addr("192.0.2.99")});
    uint64_t device = fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_DEVICE_DELETE});
    s2s_sim_run_for(world.sim, S2S_SECOND);
    assert_int_equal(fake_completion(engine, route)->error, S2S_ERR_KERNEL);
    assert_int_equal(fake_completion(engine, address)->error, S2S_ERR_KERNEL);
    assert_int_equal(fake_completion(engine, bind)->error, S2S_ERR_KERNEL);
    assert_int_equal(fake_completion(engine, device)->error, S2S_ERR_NOT_FOUND);
    sim_world_free(&world);
    free(engine);
}

static void crash_fails_closed_and_restart_adopts(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 3, true);
    struct sim_world *world = &pair.world;
    s2s_sim_ping *made = ping(world->left, "10.2.0.2", 0, S2S_SECOND / 100);
    s2s_sim_run_for(world->sim, S2S_SECOND);
    fake_submit(pair.a, fake_route("10.77.0.0/16", S2S_ROUTE_TUNNEL, 100)); /* under way when it dies */
    s2s_sim_node_crash(world->gate_a);
    size_t completions = pair.a->completion_count, inner = pair.a->inner;
    struct s2s_sim_installed left = installed_on(world->gate_a);
    assert_int_equal(left.devices, 0);
    assert_int_equal(left.tunnel_routes, 0);
    assert_int_equal(left.binds, 0);
    assert_int_equal(left.unreachable_routes, 1);
    assert_int_equal(s2s_sim_way(world->gate_a, NULL, "10.2.0.2"), S2S_SIM_WAY_UNREACHABLE);
    s2s_sim_run_for(world->sim, S2S_SECOND);
    assert_int_equal(pair.a->completion_count, completions); /* the sink is never called again */
    assert_int_equal(pair.a->inner, inner);
    assert_int_equal(s2s_sim_watched(world->wan_a), 0);
    assert_in_range(stats_of(made).unreachable, 95, 105);
    /* The next process finds the unreachable route by SCAN and goes on. */
    fake_start(pair.a, world, world->gate_a, "198.51.100.1", "203.0.113.1");
    pair.a->udp = true;
    uint64_t scan = fake_submit(pair.a, (struct s2s_action){.type = S2S_ACTION_SCAN});
    s2s_sim_run_for(world->sim, S2S_SECOND / 2);
    assert_int_equal(fake_completion(pair.a, scan)->error, 0);
    size_t routes = 0;
    for (size_t i = 0; i < pair.a->notice_count; i++) {
        routes += pair.a->notices[i].type == S2S_NOTICE_FOUND_ROUTE && pair.a->notices[i].route.kind == S2S_ROUTE_UNREACHABLE;
        assert_int_not_equal(pair.a->notices[i].type, S2S_NOTICE_FOUND_DEVICE);
    }
    assert_int_equal(routes, 1);
    fake_tunnel(pair.a, "10.2.0.0/16");
    uint32_t answered = stats_of(made).answered;
    s2s_sim_run_for(world->sim, S2S_SECOND);
    assert_in_range(stats_of(made).answered - answered, 95, 105);
    assert_int_equal(s2s_sim_watched(world->wan_a), 0);
    s2s_sim_node_reboot(world->gate_a);
    assert_int_equal(installed_on(world->gate_a).unreachable_routes, 0);
    s2s_sim_run_for(world->sim, S2S_SECOND);
    assert_true(s2s_sim_watched(world->wan_a) > 0); /* nobody guards: the detector does its work */
    pair_free(&pair);
}

static void scan_tells_everything(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 3, true);
    fake_submit(pair.a, (struct s2s_action){.type = S2S_ACTION_ADDRESS_ADD, .address = {fake_addr("169.254.1.2"), 30}});
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    size_t first = pair.a->notice_count, seen[S2S_NOTICE_SA_EXPIRE + 1] = {0};
    fake_submit(pair.a, (struct s2s_action){.type = S2S_ACTION_SCAN});
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    for (size_t i = first; i < pair.a->notice_count; i++) {
        seen[pair.a->notices[i].type]++;
        if (pair.a->notices[i].type == S2S_NOTICE_FOUND_ROUTE && pair.a->notices[i].route.kind == S2S_ROUTE_TUNNEL) {
            assert_string_equal(pair.a->notice_devices[i], "vpn0");
        }
    }
    assert_int_equal(seen[S2S_NOTICE_FOUND_DEVICE], 1);
    assert_int_equal(seen[S2S_NOTICE_FOUND_ADDRESS], 1);
    assert_int_equal(seen[S2S_NOTICE_FOUND_ROUTE], 2);
    pair_free(&pair);
}

static void policy_routes_look_at_the_source(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 3, true);
    struct s2s_action action = fake_route("172.16.0.0/12", S2S_ROUTE_TUNNEL, 100);
    action.route.source = fake_prefix("10.1.0.0/24");
    fake_submit(pair.a, action);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_int_equal(s2s_sim_way(pair.world.gate_a, "10.1.0.2", "172.16.1.1"), S2S_SIM_WAY_DEVICE);
    assert_int_equal(s2s_sim_way(pair.world.gate_a, "10.1.9.2", "172.16.1.1"), S2S_SIM_WAY_LINK);
    pair_free(&pair);
}

static void addresses_come_and_go(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 3, true);
    struct sim_world *world = &pair.world;
    size_t first = pair.a->notice_count;
    assert_int_equal(pair.a->notices[0].type, S2S_NOTICE_ADDRESS_UP); /* told at start: the one that faces the world */
    struct s2s_addr outside = fake_addr("198.51.100.1");
    assert_true(s2si_addr_equal(&pair.a->notices[0].addr, &outside));
    assert_int_equal(first, 1);
    s2s_sim_ping *made = ping(world->left, "10.2.0.2", 0, S2S_SECOND / 100);
    s2s_sim_run_for(world->sim, S2S_SECOND);
    assert_int_equal(s2s_sim_address_down(world->gate_a, "198.51.100.1"), 0);
    s2s_sim_run_for(world->sim, S2S_SECOND);
    assert_int_equal(pair.a->notice_count, first + 1);
    assert_int_equal(pair.a->notices[first].type, S2S_NOTICE_ADDRESS_DOWN);
    uint32_t answered = stats_of(made).answered;
    assert_in_range(answered, 90, 105);
    assert_int_equal(s2s_sim_address_up(world->gate_a, "198.51.100.1"), 0);
    s2s_sim_run_for(world->sim, S2S_SECOND);
    assert_int_equal(pair.a->notices[first + 1].type, S2S_NOTICE_ADDRESS_UP);
    assert_in_range(stats_of(made).answered - answered, 90, 105);
    s2s_sim_link_carrier(world->wan_a, false);
    s2s_sim_run_for(world->sim, S2S_SECOND);
    assert_int_equal(pair.a->notice_count, first + 3);
    assert_int_equal(pair.a->notices[first + 2].type, S2S_NOTICE_ADDRESS_DOWN);
    assert_int_equal(s2s_sim_watched(world->wan_a), 0);
    pair_free(&pair);
}

static void oversized_inner_packets_are_answered(void **state)
{
    (void)state;
    struct pair pair;
    struct s2s_sim_ping_params params;
    s2s_sim_ping *made;
    pair_make(&pair, 1, true);
    s2s_sim_ping_params_init(&params, sizeof params);
    params.destination = "10.2.0.2";
    params.size = 1400;
    params.count = 1;
    params.dont_fragment = true;
    assert_int_equal(s2s_sim_ping_start(pair.world.left, &params, &made), 0);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_int_equal(stats_of(made).unreachable, 1);
    assert_int_equal(pair.a->inner, 0);
    pair_free(&pair);
}

/* ---- captures and determinism ---- */

static uint8_t *run_capture(uint64_t seed, size_t *length)
{
    struct pair pair;
    struct s2s_sim_link_params params;
    s2s_sim_capture *capture;
    pair_make(&pair, seed, true);
    assert_int_equal(s2s_sim_capture_start(pair.world.wan_b, 0, &capture), 0);
    s2s_sim_link_params_init(&params, sizeof params);
    params.loss_ppm = 50000;
    params.duplicate_ppm = 50000;
    params.reorder_ppm = 50000;
    params.jitter = 20 * S2S_MILLISECOND;
    assert_int_equal(s2s_sim_link_set(pair.world.wan_a, S2S_SIM_BOTH, &params), 0);
    ping(pair.world.left, "10.2.0.2", 100, S2S_SECOND / 100);
    s2s_sim_run_for(pair.world.sim, 3 * (s2s_time)S2S_SECOND);
    const uint8_t *data = s2s_sim_capture_data(capture, length);
    uint8_t *copy = malloc(*length);
    memcpy(copy, data, *length);
    assert_int_equal(s2s_sim_capture_missed(capture), 0);
    pair_free(&pair);
    return copy;
}

static void same_seed_same_bytes(void **state)
{
    (void)state;
    size_t one_length, two_length, other_length;
    uint8_t *one = run_capture(42, &one_length), *two = run_capture(42, &two_length), *other = run_capture(43, &other_length);
    assert_int_equal(one_length, two_length);
    assert_memory_equal(one, two, one_length);
    assert_true(one_length != other_length || memcmp(one, other, one_length) != 0);
    assert_true(one_length > 100 * 100);
    free(one);
    free(two);
    free(other);
}

static void capture_is_bounded(void **state)
{
    (void)state;
    struct sim_world world;
    s2s_sim_capture *capture;
    size_t length;
    sim_world_make(&world, 1, NULL);
    assert_int_equal(s2s_sim_capture_start(world.lan_a, 500, &capture), 0);
    ping(world.left, "10.2.0.2", 10, S2S_SECOND / 100);
    s2s_sim_run_for(world.sim, S2S_SECOND);
    s2s_sim_capture_data(capture, &length);
    assert_int_equal(length, 24 + 4 * (16 + 84));
    assert_int_equal(s2s_sim_capture_missed(capture), 16);
    sim_world_free(&world);
}

/* tshark reads it, sees UDP and finds every checksum good. */
static void tshark_opens_it(void **state)
{
    (void)state;
    if (system("command -v tshark >/dev/null 2>&1") != 0) {
        print_message("SKIPPED: tshark is not installed, so nobody but us has read the capture\n");
        skip();
    }
    size_t length, lines = 0;
    uint8_t *file = run_capture(42, &length);
    char path[] = "/tmp/test_sim_pcap_XXXXXX", command[400], line[200];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, file, length), (ssize_t)length);
    close(fd);
    snprintf(command, sizeof command,
             "tshark -r %s -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE -T fields -e udp.port -e ip.checksum.status "
             "-e udp.checksum.status 2>/dev/null", path);
    FILE *out = popen(command, "r");
    assert_non_null(out);
    while (fgets(line, sizeof line, out) != NULL) {
        assert_string_equal(line, "4500,4500\t1\t1\n");
        lines++;
    }
    assert_int_equal(pclose(out), 0);
    unlink(path);
    free(file);
    assert_true(lines > 150);
}

/* ---- memory ---- */

static void short_run(s2s_sim *sim)
{
    s2s_sim_node *host = NULL, *gate = NULL;
    s2s_sim_link *link;
    s2s_sim_ping *made;
    s2s_sim_capture *capture;
    struct s2s_sim_ping_params params;
    struct s2s_sim_rule rule = {.struct_size = sizeof rule, .protocol = 99};
    struct sim_world world = {.sim = sim};
    if (s2s_sim_host_new(sim, "h", &host) != 0 || s2s_sim_gateway_new(sim, "g", NULL, &gate) != 0 ||
        s2s_sim_link_new(sim, "l", host, gate, NULL, &link) != 0) {
        s2s_sim_delete(sim);
        return;
    }
    s2s_sim_ping_params_init(&params, sizeof params);
    params.destination = "10.0.0.1";
    params.interval = S2S_MILLISECOND;
    (void)s2s_sim_address(host, link, "10.0.0.2/24");
    (void)s2s_sim_address(gate, link, "10.0.0.1/24");
    (void)s2s_sim_route(host, "0.0.0.0/0", link);
    (void)s2s_sim_rule_add(gate, &rule, NULL);
    (void)s2s_sim_nat(gate, link, "10.0.0.1", 0);
    (void)s2s_sim_capture_start(link, 0, &capture);
    (void)s2s_sim_ping_start(host, &params, &made);
    struct fake_engine *engine = malloc(sizeof *engine);
    fake_start(engine, &world, gate, "10.0.0.1", "10.0.0.2");
    fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_DEVICE_ADD, .mtu = 1400});
    fake_submit(engine, fake_route("10.9.0.0/16", S2S_ROUTE_UNREACHABLE, 1));
    fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_STREAM_LISTEN, .local = {.port = 179}, .stream = {.id = 1}});
    fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_SCAN});
    s2s_sim_run_for(sim, S2S_SECOND / 10);
    assert_int_equal(engine->completion_count, 4); /* each answered, by an error at least */
    s2s_sim_delete(sim);
    free(engine);
}

/* Each allocation of a whole run is refused once; nothing may crash or leak. */
static void memory_may_end_anywhere(void **state)
{
    (void)state;
    for (size_t fail_at = 1;; fail_at++) {
        struct failing_allocator allocator;
        s2s_sim *sim;
        failing_allocator_init(&allocator);
        allocator.fail_at = fail_at;
        if (s2s_sim_new(&allocator.table, 1, &sim) == 0) {
            short_run(sim);
        }
        assert_int_equal(allocator.blocks, 0);
        if (allocator.requests < fail_at) {
            assert_true(fail_at > 100);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tunnel_carries_and_hides),
        cmocka_unit_test(outer_packets_never_enter_the_device),
        cmocka_unit_test(batches_hold_what_came_together),
        cmocka_unit_test(completions_come_late_and_mixed),
        cmocka_unit_test(one_key_keeps_its_order),
        cmocka_unit_test(completion_inside_submit),
        cmocka_unit_test(refusals),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(crash_fails_closed_and_restart_adopts),
        cmocka_unit_test(scan_tells_everything),
        cmocka_unit_test(policy_routes_look_at_the_source),
        cmocka_unit_test(addresses_come_and_go),
        cmocka_unit_test(oversized_inner_packets_are_answered),
        cmocka_unit_test(same_seed_same_bytes),
        cmocka_unit_test(capture_is_bounded),
        cmocka_unit_test(tshark_opens_it),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
