/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of the simulation: through a tunnel and over bad links, keys, TTL, frozen windows, ends of all kinds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/base.h"
#include "tests/unit/sim_world.h"

enum { BYTES = 300000, PORT = 179, LISTENER = 11, STREAM = 12 };

struct pair {
    struct sim_world world;
    struct fake_engine *a, *b;
};

static struct fake_engine *engine_new(size_t bytes)
{
    struct fake_engine *engine = malloc(sizeof *engine);
    (void)bytes;
    return engine;
}

static void give_bytes(struct fake_engine *engine, size_t length, uint8_t salt)
{
    free(engine->sent);
    engine->sent = malloc(length);
    engine->sent_length = length;
    engine->sent_at = 0;
    for (size_t i = 0; i < length; i++) {
        engine->sent[i] = (uint8_t)(i * 7 + i / 256 + salt);
    }
}

static void start(struct pair *pair, struct fake_engine *engine, s2s_sim_node *node, const char *local, const char *remote)
{
    fake_start(engine, &pair->world, node, local, remote);
    engine->got = malloc(BYTES * 2);
    engine->got_capacity = BYTES * 2;
}

/* The inside /30 169.254.0.0/30 on the devices: a is .1, b is .2. */
static void pair_make(struct pair *pair, uint64_t seed)
{
    sim_world_make(&pair->world, seed, NULL);
    pair->a = engine_new(0);
    pair->b = engine_new(0);
    start(pair, pair->a, pair->world.gate_a, "198.51.100.1", "203.0.113.1");
    start(pair, pair->b, pair->world.gate_b, "203.0.113.1", "198.51.100.1");
    fake_tunnel(pair->a, "10.2.0.0/16");
    fake_tunnel(pair->b, "10.1.0.0/16");
    fake_submit(pair->a, (struct s2s_action){.type = S2S_ACTION_ADDRESS_ADD, .address = {fake_addr("169.254.0.1"), 30}});
    fake_submit(pair->b, (struct s2s_action){.type = S2S_ACTION_ADDRESS_ADD, .address = {fake_addr("169.254.0.2"), 30}});
    s2s_sim_run_for(pair->world.sim, S2S_SECOND);
}

static void engine_free(struct fake_engine *engine)
{
    free(engine->sent);
    free(engine->got);
    free(engine);
}

static void pair_free(struct pair *pair)
{
    sim_world_free(&pair->world);
    engine_free(pair->a);
    engine_free(pair->b);
}

static uint64_t listen_on(struct fake_engine *engine, const char *local, uint8_t ttl, uint8_t min_ttl)
{
    return fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_STREAM_LISTEN,
                                                   .local = {fake_addr(local), PORT},
                                                   .stream = {.id = LISTENER, .ttl = ttl, .min_ttl = min_ttl}});
}

static uint64_t connect_to(struct fake_engine *engine, const char *local, const char *remote, const char *key, uint8_t ttl)
{
    return fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_STREAM_CONNECT,
                                                   .local = {fake_addr(local), 0},
                                                   .remote = {fake_addr(remote), PORT},
                                                   .stream = {.id = STREAM,
                                                              .ttl = ttl,
                                                              .md5_key = (const uint8_t *)key,
                                                              .md5_key_length = key == NULL ? 0 : strlen(key)}});
}

static void set_key(struct fake_engine *engine, const char *remote, const char *key)
{
    fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_STREAM_KEY,
                                            .remote = {fake_addr(remote), 0},
                                            .stream = {.id = LISTENER,
                                                       .md5_key = (const uint8_t *)key,
                                                       .md5_key_length = strlen(key)}});
}

static void write_on(struct fake_engine *engine, uint64_t stream)
{
    fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_STREAM_WRITE, .stream.id = stream});
}

static void close_stream(struct fake_engine *engine, uint64_t stream, bool reset)
{
    fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_STREAM_CLOSE, .stream = {.id = stream, .reset = reset}});
}

static const struct s2s_stream_input *input_of(const struct fake_engine *engine, enum s2s_stream_input_type type)
{
    for (size_t i = 0; i < engine->input_count; i++) {
        if (engine->inputs[i].type == type) {
            return &engine->inputs[i];
        }
    }
    return NULL;
}

static struct s2s_sim_kernel_stats kernel_stats(const s2s_sim_node *node)
{
    struct s2s_sim_kernel_stats stats = {.struct_size = sizeof stats};
    s2s_sim_kernel_stats(node, &stats);
    return stats;
}

static size_t streams_on(const s2s_sim_node *node)
{
    struct s2s_sim_installed installed = {.struct_size = sizeof installed};
    s2s_sim_installed(node, &installed);
    return installed.streams;
}

/* Both connected through the tunnel. @return b's id of the stream. */
static uint64_t join(struct pair *pair)
{
    listen_on(pair->b, "169.254.0.2", 0, 0);
    s2s_sim_run_for(pair->world.sim, S2S_SECOND);
    connect_to(pair->a, "169.254.0.1", "169.254.0.2", NULL, 0);
    s2s_sim_run_for(pair->world.sim, S2S_SECOND);
    const struct s2s_stream_input *connected = input_of(pair->a, S2S_STREAM_CONNECTED);
    const struct s2s_stream_input *accepted = input_of(pair->b, S2S_STREAM_ACCEPTED);
    assert_non_null(connected);
    assert_non_null(accepted);
    assert_int_equal(connected->stream, STREAM);
    assert_int_equal(accepted->listener, LISTENER);
    assert_true(accepted->stream >> 63);
    assert_int_equal(accepted->local.port, PORT);
    assert_int_equal(accepted->remote.port, connected->local.port);
    return accepted->stream;
}

static void carried_by_the_tunnel(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1);
    uint64_t back = join(&pair);
    assert_true(pair.a->inner > 0); /* segments are inner packets */
    give_bytes(pair.a, BYTES, 1);
    give_bytes(pair.b, BYTES / 3, 2);
    write_on(pair.a, STREAM);
    write_on(pair.b, back);
    s2s_sim_run_for(pair.world.sim, 30 * (s2s_time)S2S_SECOND);
    assert_int_equal(pair.b->got_length, BYTES);
    assert_memory_equal(pair.b->got, pair.a->sent, BYTES);
    assert_int_equal(pair.a->got_length, BYTES / 3);
    assert_memory_equal(pair.a->got, pair.b->sent, BYTES / 3);
    assert_int_equal(kernel_stats(pair.world.gate_a).retransmissions, 0);
    assert_int_equal(s2s_sim_watched(pair.world.wan_a), 0);
    close_stream(pair.a, STREAM, false);
    s2s_sim_run_for(pair.world.sim, 15 * (s2s_time)S2S_SECOND);
    assert_non_null(input_of(pair.b, S2S_STREAM_CLOSED));
    assert_int_equal(input_of(pair.b, S2S_STREAM_CLOSED)->error, 0);
    assert_null(input_of(pair.a, S2S_STREAM_CLOSED)); /* who closes hears nothing more */
    assert_int_equal(streams_on(pair.world.gate_a), 0);
    assert_int_equal(streams_on(pair.world.gate_b), 0);
    pair_free(&pair);
}

static void survives_a_bad_link(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct pair pair;
        struct s2s_sim_link_params params;
        pair_make(&pair, seed);
        join(&pair);
        s2s_sim_link_params_init(&params, sizeof params);
        params.loss_ppm = 100000;
        params.duplicate_ppm = 50000;
        params.reorder_ppm = 50000;
        params.jitter = 10 * S2S_MILLISECOND;
        assert_int_equal(s2s_sim_link_set(pair.world.wan_b, S2S_SIM_BOTH, &params), 0);
        give_bytes(pair.a, BYTES, 1);
        write_on(pair.a, STREAM);
        s2s_sim_run_for(pair.world.sim, 600 * (s2s_time)S2S_SECOND);
        assert_int_equal(pair.b->got_length, BYTES);
        assert_memory_equal(pair.b->got, pair.a->sent, BYTES);
        assert_true(kernel_stats(pair.world.gate_a).retransmissions > 0);
        close_stream(pair.a, STREAM, false);
        s2s_sim_run_for(pair.world.sim, 600 * (s2s_time)S2S_SECOND);
        assert_int_equal(streams_on(pair.world.gate_a) + streams_on(pair.world.gate_b), 0);
        pair_free(&pair);
    }
}

static void a_dead_tunnel_stalls_it(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1);
    join(&pair);
    s2s_sim_link_blackhole(pair.world.wan_a, S2S_SIM_BOTH, true);
    give_bytes(pair.a, 5000, 1);
    write_on(pair.a, STREAM);
    s2s_sim_run_for(pair.world.sim, 20 * (s2s_time)S2S_SECOND);
    assert_int_equal(pair.b->got_length, 0);
    assert_null(input_of(pair.a, S2S_STREAM_CLOSED));
    s2s_sim_link_blackhole(pair.world.wan_a, S2S_SIM_BOTH, false);
    s2s_sim_run_for(pair.world.sim, 60 * (s2s_time)S2S_SECOND);
    assert_int_equal(pair.b->got_length, 5000);
    /* For good: the connection fails in the end. */
    s2s_sim_link_blackhole(pair.world.wan_a, S2S_SIM_BOTH, true);
    give_bytes(pair.a, 5000, 1);
    write_on(pair.a, STREAM);
    s2s_sim_run_for(pair.world.sim, 3600 * (s2s_time)S2S_SECOND);
    assert_non_null(input_of(pair.a, S2S_STREAM_CLOSED));
    assert_int_equal(input_of(pair.a, S2S_STREAM_CLOSED)->error, S2S_ERR_KERNEL);
    pair_free(&pair);
}

static void nobody_listens(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1);
    uint64_t op = connect_to(pair.a, "169.254.0.1", "169.254.0.2", NULL, 0);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_int_equal(fake_completion(pair.a, op)->error, 0);
    assert_int_equal(input_of(pair.a, S2S_STREAM_CLOSED)->error, S2S_ERR_KERNEL); /* reset, not timed out */
    assert_null(input_of(pair.a, S2S_STREAM_CONNECTED));
    op = connect_to(pair.a, "169.254.9.9", "169.254.0.2", NULL, 0);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_int_equal(fake_completion(pair.a, op)->error, S2S_ERR_KERNEL); /* not our address */
    pair_free(&pair);
}

static bool connects(const char *listener_key, const char *key, uint8_t min_ttl, uint8_t ttl)
{
    struct pair pair;
    pair_make(&pair, 1);
    listen_on(pair.b, "169.254.0.2", ttl, min_ttl);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    if (listener_key != NULL) {
        set_key(pair.b, "169.254.0.1", listener_key);
    }
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    connect_to(pair.a, "169.254.0.1", "169.254.0.2", key, ttl);
    s2s_sim_run_for(pair.world.sim, 10 * (s2s_time)S2S_SECOND);
    bool connected = input_of(pair.a, S2S_STREAM_CONNECTED) != NULL;
    if (connected) {
        give_bytes(pair.a, 1000, 1);
        write_on(pair.a, STREAM);
        s2s_sim_run_for(pair.world.sim, S2S_SECOND);
        assert_int_equal(pair.b->got_length, 1000);
    } else if (min_ttl == 0) {
        assert_true(kernel_stats(pair.world.gate_b).bad_md5 > 1);
    }
    pair_free(&pair);
    return connected;
}

static void keys_must_be_equal(void **state)
{
    (void)state;
    assert_true(connects("secret", "secret", 0, 0));
    assert_false(connects("secret", "Secret", 0, 0));
    assert_false(connects("secret", NULL, 0, 0));
    assert_false(connects(NULL, "secret", 0, 0));
}

static void far_ttl_is_refused(void **state)
{
    (void)state;
    assert_true(connects(NULL, NULL, 255, 255));
    assert_false(connects(NULL, NULL, 255, 64));
}

static void frozen_window(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1);
    join(&pair);
    s2s_sim_stream_window(pair.world.gate_b, 0);
    give_bytes(pair.a, BYTES, 1);
    write_on(pair.a, STREAM);
    s2s_sim_run_for(pair.world.sim, 3600 * (s2s_time)S2S_SECOND);
    assert_in_range(pair.a->sent_at, 1, 65536); /* no more than the buffer was taken from the engine */
    assert_true(pair.b->got_length <= 65536);
    assert_null(input_of(pair.a, S2S_STREAM_CLOSED)); /* it lives: probes are answered */
    size_t frozen = pair.b->got_length;
    s2s_sim_stream_window(pair.world.gate_b, 100);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_true(pair.b->got_length > frozen);
    s2s_sim_stream_window(pair.world.gate_b, UINT32_MAX);
    s2s_sim_run_for(pair.world.sim, 60 * (s2s_time)S2S_SECOND);
    assert_int_equal(pair.b->got_length, BYTES);
    assert_memory_equal(pair.b->got, pair.a->sent, BYTES);
    assert_non_null(input_of(pair.a, S2S_STREAM_WRITABLE));
    pair_free(&pair);
}

static void reset_reaches_the_peer(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1);
    uint64_t back = join(&pair);
    close_stream(pair.b, back, true);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_int_equal(input_of(pair.a, S2S_STREAM_CLOSED)->error, S2S_ERR_KERNEL);
    assert_int_equal(streams_on(pair.world.gate_a) + streams_on(pair.world.gate_b), 0);
    pair_free(&pair);
}

static void a_crash_is_learnt_by_reset(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1);
    join(&pair);
    s2s_sim_node_crash(pair.world.gate_b);
    assert_int_equal(streams_on(pair.world.gate_b), 0);
    give_bytes(pair.a, 100, 1);
    write_on(pair.a, STREAM);
    s2s_sim_run_for(pair.world.sim, 5 * (s2s_time)S2S_SECOND);
    assert_null(input_of(pair.a, S2S_STREAM_CLOSED)); /* the tunnel is dead, nothing answers */
    free(pair.b->got);
    start(&pair, pair.b, pair.world.gate_b, "203.0.113.1", "198.51.100.1");
    fake_tunnel(pair.b, "10.1.0.0/16");
    fake_submit(pair.b, (struct s2s_action){.type = S2S_ACTION_ADDRESS_ADD, .address = {fake_addr("169.254.0.2"), 30}});
    s2s_sim_run_for(pair.world.sim, 60 * (s2s_time)S2S_SECOND);
    assert_int_equal(input_of(pair.a, S2S_STREAM_CLOSED)->error, S2S_ERR_KERNEL);
    pair_free(&pair);
}

/* Over a plain link, without a tunnel; and Wireshark's view of it. */
static void plain_link_and_tshark(void **state)
{
    (void)state;
    struct pair pair;
    s2s_sim_capture *capture;
    sim_world_make(&pair.world, 4, NULL);
    pair.a = engine_new(0);
    pair.b = engine_new(0);
    start(&pair, pair.a, pair.world.gate_a, "198.51.100.1", "203.0.113.1");
    start(&pair, pair.b, pair.world.gate_b, "203.0.113.1", "198.51.100.1");
    assert_int_equal(s2s_sim_capture_start(pair.world.wan_b, 0, &capture), 0);
    listen_on(pair.b, "203.0.113.1", 0, 0);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    set_key(pair.b, "198.51.100.1", "k");
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    connect_to(pair.a, "198.51.100.1", "203.0.113.1", "k", 0);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    give_bytes(pair.a, 20000, 1);
    write_on(pair.a, STREAM);
    s2s_sim_run_for(pair.world.sim, 5 * (s2s_time)S2S_SECOND);
    assert_int_equal(pair.b->got_length, 20000);
    close_stream(pair.a, STREAM, false);
    s2s_sim_run_for(pair.world.sim, 5 * (s2s_time)S2S_SECOND);
    if (system("command -v tshark >/dev/null 2>&1") != 0) {
        print_message("SKIPPED: tshark is not installed, so nobody but us has read the capture\n");
    } else {
        char path[] = "/tmp/test_sim_pcap_XXXXXX", command[400], line[200];
        size_t length, lines = 0;
        int fd = mkstemp(path);
        const uint8_t *file = s2s_sim_capture_data(capture, &length);
        assert_int_equal(write(fd, file, length), (ssize_t)length);
        close(fd);
        snprintf(command, sizeof command,
                 "tshark -r %s -o tcp.check_checksum:TRUE -T fields -e tcp.checksum.status -e tcp.analysis.flags "
                 "-e tcp.options.md5.digest 2>/dev/null | cut -c1-10", path);
        FILE *out = popen(command, "r");
        while (fgets(line, sizeof line, out) != NULL) {
            assert_memory_equal(line, "1\t\t", 3); /* good, and nothing to remark */
            lines++;
        }
        pclose(out);
        unlink(path);
        assert_true(lines > 30);
    }
    pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carried_by_the_tunnel),
        cmocka_unit_test(survives_a_bad_link),
        cmocka_unit_test(a_dead_tunnel_stalls_it),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(keys_must_be_equal),
        cmocka_unit_test(far_ttl_is_refused),
        cmocka_unit_test(frozen_window),
        cmocka_unit_test(reset_reaches_the_peer),
        cmocka_unit_test(a_crash_is_learnt_by_reset),
        cmocka_unit_test(plain_link_and_tshark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
