/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated kernel that does ESP itself: SAs, policies, paths, acquire and expiry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/base.h"
#include "tests/unit/sim_world.h"

enum { GROUP = 5 };

struct pair {
    struct sim_world world;
    struct fake_engine *a, *b;
};

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

static uint32_t answered(const s2s_sim_ping *made)
{
    struct s2s_sim_ping_stats stats = {.struct_size = sizeof stats};
    s2s_sim_ping_stats(made, &stats);
    return stats.answered;
}

static struct s2s_sim_kernel_stats kernel_stats(const s2s_sim_node *node)
{
    struct s2s_sim_kernel_stats stats = {.struct_size = sizeof stats};
    s2s_sim_kernel_stats(node, &stats);
    return stats;
}

static size_t notices_of(const struct fake_engine *engine, enum s2s_kernel_notice_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < engine->notice_count; i++) {
        count += engine->notices[i].type == type;
    }
    return count;
}

static struct s2s_selector selector(const char *prefix)
{
    struct s2s_prefix parsed = fake_prefix(prefix);
    struct s2s_selector out;
    s2s_selector_from_prefix(&parsed, &out);
    return out;
}

static struct s2s_action sa_action(const struct fake_engine *engine, bool inbound, uint32_t spi, uint32_t tunnel, bool udp)
{
    static const uint8_t key[32] = {1, 2, 3}, salt[4] = {9};
    return (struct s2s_action){.type = S2S_ACTION_SA_ADD,
                               .sa = {.inbound = inbound,
                                      .spi = spi,
                                      .encryption = S2S_AES256_GCM16,
                                      .encryption_key = key,
                                      .encryption_key_length = 32,
                                      .salt = salt,
                                      .salt_length = 4,
                                      .udp_encapsulation = udp,
                                      .replay_window = 64,
                                      .local = engine->local,
                                      .remote = engine->remote,
                                      .tunnel = tunnel}};
}

/* What is borrowed is gone after the call: the kernel must have copied it. */
static uint64_t submit_sa(struct fake_engine *engine, struct s2s_action action, const char *local, const char *remote)
{
    struct s2s_selector *selectors = malloc(2 * sizeof *selectors);
    uint8_t *key = malloc(32);
    memcpy(key, action.sa.encryption_key, 32);
    selectors[0] = selector(local);
    selectors[1] = selector(remote);
    action.sa.encryption_key = key;
    action.sa.local_ts = &selectors[0];
    action.sa.remote_ts = &selectors[1];
    action.sa.local_ts_count = action.sa.remote_ts_count = 1;
    uint64_t op = fake_submit(engine, action);
    free(selectors);
    free(key);
    return op;
}

static void policies(struct fake_engine *engine, uint32_t tunnel, const char *local, const char *remote)
{
    for (int inbound = 0; inbound < 2; inbound++) {
        fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_POLICY_ADD,
                                                .policy = {.inbound = inbound,
                                                           .local = selector(local),
                                                           .remote = selector(remote),
                                                           .priority = tunnel,
                                                           .group = GROUP,
                                                           .tunnel = tunnel}});
    }
}

static void path(struct fake_engine *engine, uint32_t tunnel)
{
    fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_PATH, .group = GROUP, .tunnel = tunnel});
}

/* SPIs: 0x1000 + tunnel toward a, 0x2000 + tunnel toward b. */
static void tunnel_up(struct pair *pair, uint32_t tunnel, bool udp)
{
    submit_sa(pair->a, sa_action(pair->a, true, 0x1000 + tunnel, tunnel, udp), "10.1.0.0/16", "10.2.0.0/16");
    submit_sa(pair->b, sa_action(pair->b, true, 0x2000 + tunnel, tunnel, udp), "10.2.0.0/16", "10.1.0.0/16");
    submit_sa(pair->a, sa_action(pair->a, false, 0x2000 + tunnel, tunnel, udp), "10.1.0.0/16", "10.2.0.0/16");
    submit_sa(pair->b, sa_action(pair->b, false, 0x1000 + tunnel, tunnel, udp), "10.2.0.0/16", "10.1.0.0/16");
    policies(pair->a, tunnel, "10.1.0.0/16", "10.2.0.0/16");
    policies(pair->b, tunnel, "10.2.0.0/16", "10.1.0.0/16");
    s2s_sim_run_for(pair->world.sim, S2S_SECOND);
    for (size_t i = 0; i < pair->a->completion_count; i++) {
        assert_int_equal(pair->a->completions[i].error, 0);
    }
}

static void pair_make(struct pair *pair)
{
    struct s2s_sim_gateway_params params;
    s2s_sim_gateway_params_init(&params, sizeof params);
    params.mode = S2S_SIM_ESP;
    sim_world_make(&pair->world, 1, &params);
    pair->a = malloc(sizeof *pair->a);
    pair->b = malloc(sizeof *pair->b);
    fake_start(pair->a, &pair->world, pair->world.gate_a, "198.51.100.1", "203.0.113.1");
    fake_start(pair->b, &pair->world, pair->world.gate_b, "203.0.113.1", "198.51.100.1");
    assert_true(pair->a->kernel->capabilities & S2S_KERNEL_ESP);
    fake_tunnel(pair->a, "10.2.0.0/16");
    fake_tunnel(pair->b, "10.1.0.0/16");
}

static void pair_free(struct pair *pair)
{
    sim_world_free(&pair->world);
    free(pair->a);
    free(pair->b);
}

static void esp_by_the_kernel(void **state)
{
    (void)state;
    for (int udp = 0; udp < 2; udp++) {
        struct pair pair;
        pair_make(&pair);
        tunnel_up(&pair, 1, udp);
        path(pair.a, 1);
        path(pair.b, 1);
        s2s_sim_run_for(pair.world.sim, S2S_SECOND);
        s2s_sim_ping *made = ping(pair.world.left, "10.2.0.2", 20, S2S_SECOND / 10);
        s2s_sim_run_for(pair.world.sim, 5 * (s2s_time)S2S_SECOND);
        assert_int_equal(answered(made), 20);
        assert_int_equal(pair.a->inner, 0); /* the engine sees no packet */
        assert_int_equal(pair.a->outer, 0);
        assert_int_equal(s2s_sim_watched(pair.world.wan_a), 0);
        struct s2s_sim_kernel_stats stats = kernel_stats(pair.world.gate_a);
        assert_int_equal(udp ? stats.sent_udp : stats.sent_esp, 20);
        pair_free(&pair);
    }
}

static void the_path_decides(void **state)
{
    (void)state;
    struct pair pair;
    struct s2s_sim_installed installed = {.struct_size = sizeof installed};
    pair_make(&pair);
    tunnel_up(&pair, 1, true);
    tunnel_up(&pair, 2, true);
    s2s_sim_ping *made = ping(pair.world.left, "10.2.0.2", 5, S2S_SECOND / 10);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_int_equal(answered(made), 0); /* no path yet: nothing leaves, and the engine is asked */
    assert_int_equal(notices_of(pair.a, S2S_NOTICE_ACQUIRE), 1);
    path(pair.a, 2);
    path(pair.b, 1); /* asymmetric */
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    made = ping(pair.world.left, "10.2.0.2", 5, S2S_SECOND / 10);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_int_equal(answered(made), 5);
    s2s_sim_installed(pair.world.gate_a, &installed);
    assert_int_equal(installed.sas, 4);
    assert_int_equal(installed.policies, 4);
    assert_int_equal(installed.paths, 1);
    path(pair.a, 0);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    made = ping(pair.world.left, "10.2.0.2", 5, S2S_SECOND / 10);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_int_equal(answered(made), 0);
    assert_int_equal(s2s_sim_watched(pair.world.wan_a), 0);
    pair_free(&pair);
}

static void no_inbound_policy_no_delivery(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair);
    tunnel_up(&pair, 1, true);
    path(pair.a, 1);
    path(pair.b, 1);
    fake_submit(pair.b, (struct s2s_action){.type = S2S_ACTION_POLICY_DELETE,
                                            .policy = {.inbound = true,
                                                       .local = selector("10.2.0.0/16"),
                                                       .remote = selector("10.1.0.0/16"),
                                                       .tunnel = 1}});
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    s2s_sim_ping *made = ping(pair.world.left, "10.2.0.2", 5, S2S_SECOND / 10);
    s2s_sim_run_for(pair.world.sim, 2 * (s2s_time)S2S_SECOND);
    assert_int_equal(answered(made), 0);
    assert_int_equal(kernel_stats(pair.world.gate_b).esp_refused, 5);
    pair_free(&pair);
}

/* A new pair beside the old one, then the old one goes: no packet is lost. */
static void rekey_without_loss(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair);
    tunnel_up(&pair, 1, true);
    path(pair.a, 1);
    path(pair.b, 1);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    s2s_sim_ping *made = ping(pair.world.left, "10.2.0.2", 1000, S2S_MILLISECOND * 5);
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    submit_sa(pair.a, sa_action(pair.a, true, 0x5001, 1, true), "10.1.0.0/16", "10.2.0.0/16");
    submit_sa(pair.b, sa_action(pair.b, true, 0x5002, 1, true), "10.2.0.0/16", "10.1.0.0/16");
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    submit_sa(pair.a, sa_action(pair.a, false, 0x5002, 1, true), "10.1.0.0/16", "10.2.0.0/16");
    submit_sa(pair.b, sa_action(pair.b, false, 0x5001, 1, true), "10.2.0.0/16", "10.1.0.0/16");
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    const uint32_t in_a = 0x1001, in_b = 0x2001;
    struct s2s_action old[] = {sa_action(pair.a, false, in_b, 1, true), sa_action(pair.a, true, in_a, 1, true),
                               sa_action(pair.b, false, in_a, 1, true), sa_action(pair.b, true, in_b, 1, true)};
    for (size_t i = 0; i < 4; i++) {
        old[i].type = S2S_ACTION_SA_DELETE;
        uint64_t op = fake_submit(i < 2 ? pair.a : pair.b, old[i]);
        s2s_sim_run_for(pair.world.sim, S2S_SECOND / 10);
        assert_int_equal(fake_completion(i < 2 ? pair.a : pair.b, op)->error, 0);
    }
    s2s_sim_run_for(pair.world.sim, 5 * (s2s_time)S2S_SECOND);
    assert_int_equal(answered(made), 1000);
    pair_free(&pair);
}

static void expiry_and_spi(void **state)
{
    (void)state;
    struct pair pair;
    struct s2s_sim_installed installed = {.struct_size = sizeof installed};
    pair_make(&pair);
    struct s2s_action action = sa_action(pair.a, true, 0x7001, 3, true);
    action.sa.lifetime_ns = 10 * (uint64_t)S2S_SECOND;
    uint64_t first = submit_sa(pair.a, action, "10.1.0.0/16", "10.2.0.0/16");
    uint64_t second = submit_sa(pair.a, action, "10.1.0.0/16", "10.2.0.0/16");
    uint64_t spi = fake_submit(pair.a, (struct s2s_action){.type = S2S_ACTION_SPI_ALLOCATE});
    s2s_sim_run_for(pair.world.sim, S2S_SECOND);
    assert_int_equal(fake_completion(pair.a, first)->error, 0);
    assert_int_equal(fake_completion(pair.a, second)->error, S2S_ERR_EXISTS);
    assert_int_equal(fake_completion(pair.a, spi)->error, 0);
    s2s_sim_run_for(pair.world.sim, 20 * (s2s_time)S2S_SECOND);
    assert_int_equal(notices_of(pair.a, S2S_NOTICE_SA_EXPIRE), 1);
    s2s_sim_installed(pair.world.gate_a, &installed);
    assert_int_equal(installed.sas, 0);
    pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(esp_by_the_kernel),
        cmocka_unit_test(the_path_decides),
        cmocka_unit_test(no_inbound_policy_no_delivery),
        cmocka_unit_test(rekey_without_loss),
        cmocka_unit_test(expiry_and_spi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
