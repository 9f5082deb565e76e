/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that misbehave in time, beside one that does not: their cost is bounded and the other's session goes on. */
#include "tests/unit/bgp_world.h"

#include <stdlib.h>
#include <string.h>

enum { MANY = 20000 };

/* Node 0 has two peers: node 1 will be bad, node 2 stays good. */
struct three {
    struct bgp_world world;
    struct s2si_bgp_session *bad, *good, *bad_end, *good_end;
};

static void begin(struct three *three, uint16_t hold_time)
{
    struct bgp_world *world = &three->world;
    bgp_world_init(world);
    for (uint32_t i = 1; i <= 3; i++) {
        bgp_world_node(world, 65000 + i, i, NULL);
    }
    struct s2si_bgp_session_config bad = bgp_world_config(1, 2, 65002), good = bgp_world_config(1, 3, 65003);
    struct s2si_bgp_session_config bad_end = bgp_world_config(2, 1, 65001), good_end = bgp_world_config(3, 1, 65001);
    bad.hold_time = bad_end.hold_time = hold_time;
    bad_end.passive = good_end.passive = true;
    three->bad = bgp_world_session(world, 0, &bad);
    three->bad_end = bgp_world_session(world, 1, &bad_end);
    three->good = bgp_world_session(world, 0, &good);
    three->good_end = bgp_world_session(world, 2, &good_end);
    bgp_world_run(world, 5 * (s2s_time)S2S_SECOND);
    assert_int_equal(three->bad->state, S2S_BGP_ESTABLISHED);
    assert_int_equal(three->good->state, S2S_BGP_ESTABLISHED);
}

static void originate_many(struct bgp_world *world, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct s2s_prefix prefix = {.addr = s2si_addr4(0x14000000u + (i << 8)), .length = 24};
        assert_int_equal(s2si_bgp_originate(world->nodes[0].bgp, &prefix, world->now), 0);
    }
}

/* The end that reads of the stream between node 0 and node 1. */
static void stall(struct bgp_world *world)
{
    for (size_t i = 0; i < WORLD_STREAMS; i++) {
        struct bgp_stream *stream = &world->streams[i];
        for (int side = 0; stream->used && side < 2; side++) {
            stream->blocked[side] = stream->blocked[side] || stream->node[side] == 1;
        }
    }
}

static void stalled_window_beside_another_peer(void **state)
{
    (void)state;
    struct three *three = calloc(1, sizeof *three);
    struct bgp_world *world = &three->world;
    begin(three, 0);
    stall(world);
    originate_many(world, MANY);
    bgp_world_run(world, S2S_SECOND);
    assert_int_equal(bgp_world_count(three->good_end, S2S_BGP_RECEIVED), MANY);
    uint64_t base = world->nodes[0].mem.bytes;
    for (unsigned round = 0; round < 20; round++) {
        s2si_bgp_session_steer(three->bad, round + 1, 0, world->now);
        s2si_bgp_session_steer(three->good, round + 1, 0, world->now);
        bgp_world_run(world, 10 * (s2s_time)S2S_SECOND);
        assert_true(three->bad->up != NULL && three->bad->up->out.length <= 64 * 1024);
        assert_true(world->nodes[0].mem.bytes < base + 100000);
        struct s2s_bgp_route_state route;
        assert_true(bgp_world_has(three->good_end, S2S_BGP_RECEIVED, "20.0.0.0/24", &route));
        assert_int_equal(route.med, round + 1); /* the good one hears every change */
    }
    assert_int_equal(three->good->flaps, 0);
    assert_int_equal(three->good->state, S2S_BGP_ESTABLISHED);
    bgp_world_clear(world);
    free(three);
}

/* One end of a stream that a test plays by hand. */
static void answer_streams(struct s2si_bgp *bgp, const uint64_t *streams, size_t count, const uint8_t *open, size_t length, s2s_time now)
{
    for (size_t i = 0; i < count; i++) {
        s2si_bgp_stream_data(bgp, streams[i], open, length, now);
    }
}

/* A peer that opens two streams at once, says OPEN on both, and does it again and again: one session at most, bounded memory. */
static void two_sessions_at_once(void **state)
{
    (void)state;
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    uint8_t open[256];
    struct s2si_writer writer = s2si_writer(open, sizeof open);
    struct s2si_bgp_open hello = {.version = 4, .asn = 65002, .hold_time = 90, .identifier = 0x02020202,
                                  .capabilities = {.families = 3, .four_octet = true, .asn = 65002}};
    s2si_bgp_open_encode(&hello, &writer);
    s2si_bgp_keepalive_encode(&writer);
    struct s2si_bgp_session_config other = bgp_world_config(1, 3, 65003);
    bgp_raw_init(raw, 65002);
    struct s2si_bgp *bgp = raw->world.nodes[0].bgp;
    other.passive = true;
    struct s2si_bgp_session *beside = bgp_world_session(&raw->world, 0, &other);
    struct s2s_endpoint from = {.addr = raw->session->config.peer_ip, .port = 40000}, to = {.addr = raw->session->config.local_ip, .port = 179};
    struct s2s_endpoint beside_from = {.addr = other.peer_ip, .port = 40000};
    struct s2si_bgp_open good = {.version = 4, .asn = 65003, .hold_time = 0, .identifier = 0x03030303,
                                 .capabilities = {.families = 3, .four_octet = true, .asn = 65003}};
    uint8_t good_open[256];
    struct s2si_writer good_writer = s2si_writer(good_open, sizeof good_open);
    s2si_bgp_open_encode(&good, &good_writer);
    s2si_bgp_keepalive_encode(&good_writer);
    assert_int_equal(s2si_bgp_stream_accepted(bgp, 500, &to, &beside_from, raw->world.now), 0);
    s2si_bgp_stream_data(bgp, 500, good_open, good_writer.length, raw->world.now);
    bgp_raw_drain(raw);
    assert_int_equal(beside->state, S2S_BGP_ESTABLISHED);
    uint64_t base = 0, established = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        const uint64_t streams[2] = {1000 + 2 * i, 1001 + 2 * i};
        for (int j = 0; j < 2; j++) {
            s2si_bgp_stream_accepted(bgp, streams[j], &to, &from, raw->world.now); /* a refusal is an answer too */
        }
        answer_streams(bgp, streams, 2, open, writer.length, raw->world.now);
        bgp_raw_drain(raw);
        established += raw->session->up != NULL;
        bool both = raw->session->connections[0].state == S2S_BGP_ESTABLISHED && raw->session->connections[1].state == S2S_BGP_ESTABLISHED;
        assert_false(both);
        for (int j = 0; j < 2; j++) {
            s2si_bgp_stream_closed(bgp, streams[j], -1, raw->world.now);
        }
        raw->world.now += 61 * (s2s_time)S2S_SECOND;
        bgp_raw_drain(raw);
        s2si_bgp_stream_pull(bgp, 500, open + writer.length, sizeof open - writer.length, raw->world.now); /* the good peer reads */
        s2si_bgp_tick(bgp, raw->world.now);
        bgp_raw_drain(raw);
        base = i == 10 ? raw->world.nodes[0].mem.bytes : base;
        assert_true(i <= 10 || raw->world.nodes[0].mem.bytes < base + 20000);
    }
    assert_true(established > 100);
    assert_int_equal(beside->state, S2S_BGP_ESTABLISHED);
    assert_int_equal(beside->flaps, 0);
    bgp_raw_clear(raw);
    free(raw);
}

/* Row 17 of the list: the threshold of a limit near 2^32 must not wrap around to nothing. */
static void prefix_threshold_does_not_wrap(void **state)
{
    (void)state;
    struct three *three = calloc(1, sizeof *three);
    struct s2si_bgp_session_config config = bgp_world_config(2, 1, 65001);
    begin(three, 30);
    config.passive = true;
    config.max_prefix = UINT32_MAX;
    config.max_prefix_warn = 80;
    assert_int_equal(s2si_bgp_session_update(three->bad_end, &config, three->world.now), 0);
    originate_many(&three->world, 100);
    bgp_world_run(&three->world, S2S_SECOND);
    assert_int_equal(bgp_world_count(three->bad_end, S2S_BGP_RECEIVED), 100);
    assert_false(three->bad_end->warned);
    assert_int_equal(three->bad_end->flaps, 0);
    bgp_world_clear(&three->world);
    free(three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stalled_window_beside_another_peer), cmocka_unit_test(two_sessions_at_once),
        cmocka_unit_test(prefix_threshold_does_not_wrap),
    };
    return cmocka_run_group_tests_name("bgp_hostile_peers", tests, NULL, NULL);
}
