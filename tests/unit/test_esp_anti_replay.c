/* SPDX-License-Identifier: Apache-2.0 */
/* Replays and sequence numbers through whole packets, in the order that a hostile path would try. */
#include "tests/unit/esp_pair.h"

static const struct suite_name gcm = {S2S_AES128_GCM16, S2S_ALG_NONE};

static void start(struct esp_pair *pair, bool esn, uint32_t window, uint64_t out, uint64_t in)
{
    pair_init(pair, s2s_crypto_test(), gcm);
    pair->out.esn = pair->in.esn = esn;
    pair->in.replay_window = window;
    pair->out.initial_sequence = out;
    pair->in.initial_sequence = in;
    pair_open(pair);
}

static int try(struct esp_pair *pair, uint64_t sequence)
{
    return open_one(pair, craft_good(pair, sequence));
}

static uint64_t top(const struct esp_pair *pair)
{
    struct s2s_esp_sa_stats stats = {.struct_size = sizeof stats};
    assert_int_equal(s2s_esp_sa_get_stats(pair->b, pair->sa_in, &stats), 0);
    return stats.sequence;
}

static int try_corrupt(struct esp_pair *pair, uint64_t sequence)
{
    struct s2s_packet packet = craft_good(pair, sequence);
    packet.buffer[packet.length - 1] ^= 1;
    return open_one(pair, packet);
}

static void replays_jumps_and_forgeries(bool esn)
{
    struct esp_pair pair;
    uint32_t window = 64;
    start(&pair, esn, window, 0, 0);
    for (uint64_t n = 1; n < 35; n++) {
        assert_int_equal(try(&pair, n), S2S_DROP_NONE);
    }
    for (uint64_t n = 1; n < 35; n++) { /* all of them again */
        assert_int_equal(try(&pair, n), S2S_DROP_REPLAY);
    }
    for (int i = 0; i < 8; i++) { /* one number many times */
        assert_int_equal(try(&pair, 35), i == 0 ? S2S_DROP_NONE : S2S_DROP_REPLAY);
    }
    assert_int_equal(try(&pair, 0), S2S_DROP_REPLAY);
    uint64_t jump = window + 100; /* appendix A case A */
    assert_int_equal(try(&pair, jump), S2S_DROP_NONE);
    assert_true(top(&pair) == jump);
    assert_int_equal(try(&pair, jump - window + 1), S2S_DROP_NONE); /* the left edge, never seen */
    /* Left of the window: a replay, or with ESN a number of the next subspace that then does not verify. */
    assert_int_equal(try(&pair, jump - window), esn ? S2S_DROP_INTEGRITY : S2S_DROP_REPLAY);

    /* A packet that does not verify never moves the window. */
    assert_int_equal(try_corrupt(&pair, jump + 1000), S2S_DROP_INTEGRITY);
    assert_true(top(&pair) == jump);
    assert_int_equal(try_corrupt(&pair, jump + 1), S2S_DROP_INTEGRITY);
    assert_int_equal(try(&pair, jump + 1), S2S_DROP_NONE); /* nor does it use up its number */

    struct s2s_packet runt = craft_good(&pair, jump + 2000);
    runt.length = 8 + 8 + 2 + 15;
    assert_int_equal(open_one(&pair, runt), S2S_DROP_MALFORMED);
    assert_true(top(&pair) == jump + 1);
    pair_close(&pair);
}

static void replays(void **state)
{
    (void)state;
    replays_jumps_and_forgeries(false);
    replays_jumps_and_forgeries(true);
}

static void every_window_edge(void **state)
{
    (void)state;
    static const uint32_t windows[] = {32, 33, 63, 64, 65, 128, 1000, 1024, 2048, 4095, 4096};
    for (size_t i = 0; i < S2SI_COUNT(windows); i++) {
        struct esp_pair pair;
        uint32_t window = windows[i];
        start(&pair, false, window, 0, 0);
        assert_int_equal(try(&pair, 2 * window), S2S_DROP_NONE);
        assert_int_equal(try(&pair, window + 1), S2S_DROP_NONE);
        assert_int_equal(try(&pair, window + 1), S2S_DROP_REPLAY);
        assert_int_equal(try(&pair, window), S2S_DROP_REPLAY);
        assert_int_equal(try(&pair, 2 * window + 1), S2S_DROP_NONE);
        assert_int_equal(try(&pair, window + 2), S2S_DROP_NONE);
        pair_close(&pair);
    }
}

static void sender_stops_without_esn(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair, false, 64, UINT32_MAX - 2u, UINT32_MAX - 2u);
    for (int i = 0; i < 4; i++) {
        struct s2s_packet packet = inner4(&pair, 40);
        size_t sealed_now = s2s_esp_seal(pair.a, &packet, 1, 1);
        assert_int_equal(sealed_now, i < 2);
        assert_int_equal(packet.reason, i < 2 ? S2S_DROP_NONE : S2S_DROP_SEQUENCE);
        packet_free(&packet);
    }
    struct s2s_esp_sa_stats stats = {.struct_size = sizeof stats};
    assert_int_equal(s2s_esp_sa_get_stats(pair.a, pair.sa_out, &stats), 0);
    assert_true(stats.sequence == UINT32_MAX);
    assert_int_equal(stats.drops[S2S_DROP_SEQUENCE], 2);
    assert_true(stats.soft_limit_reached);
    pair_close(&pair);
}

static void sender_stops_at_the_end_of_esn(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair, true, 64, UINT64_MAX - 1, UINT64_MAX - 1);
    assert_int_equal(open_one(&pair, sealed(&pair)), S2S_DROP_NONE);
    struct s2s_packet packet = inner4(&pair, 40);
    assert_int_equal(s2s_esp_seal(pair.a, &packet, 1, 1), 0);
    assert_int_equal(packet.reason, S2S_DROP_SEQUENCE);
    packet_free(&packet);
    pair_close(&pair);
}

/* Both sides walk over the wrap of the low half; the high half advances once. */
static void esn_wraps(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair, true, 64, 0xffffffff - 100u, 0xffffffff - 100u);
    for (int i = 0; i < 300; i++) {
        assert_int_equal(open_one(&pair, sealed(&pair)), S2S_DROP_NONE);
    }
    assert_true(top(&pair) == (uint64_t)0xffffffff - 100 + 300);
    pair_close(&pair);
}

static void esn_straddles_the_wrap(void **state)
{
    (void)state;
    struct esp_pair pair;
    uint64_t wrap = 0x100000000;
    start(&pair, true, 64, 0, wrap - 40);
    assert_int_equal(try(&pair, wrap - 20), S2S_DROP_NONE);
    assert_int_equal(try(&pair, wrap + 5), S2S_DROP_NONE); /* over the wrap */
    assert_int_equal(try(&pair, wrap - 3), S2S_DROP_NONE); /* late, from before it */
    assert_int_equal(try(&pair, wrap - 3), S2S_DROP_REPLAY);
    assert_int_equal(try(&pair, wrap - 20), S2S_DROP_REPLAY);
    assert_int_equal(try(&pair, wrap), S2S_DROP_NONE); /* low half 0 is a number like any other */
    assert_int_equal(try(&pair, wrap + 30), S2S_DROP_NONE);
    assert_true(top(&pair) == wrap + 30);
    /* No second wrap: what looks like the next subspace fails to verify, and nothing moves. */
    assert_int_equal(try(&pair, wrap - 40), S2S_DROP_INTEGRITY);
    assert_true(top(&pair) == wrap + 30);
    assert_int_equal(try(&pair, wrap + 31), S2S_DROP_NONE);
    pair_close(&pair);
}

/* A batch that goes over the wrap while all of it is inferred from the window before. */
static void esn_wrap_inside_a_batch(void **state)
{
    (void)state;
    struct esp_pair pair;
    struct s2s_packet batch[S2S_PACKET_BATCH];
    start(&pair, true, 64, 0xffffffff - 32u, 0xffffffff - 32u);
    for (size_t i = 0; i < S2S_PACKET_BATCH; i++) {
        batch[i] = sealed(&pair);
    }
    assert_int_equal(s2s_esp_open(pair.b, batch, S2S_PACKET_BATCH, 1), S2S_PACKET_BATCH);
    for (size_t i = 0; i < S2S_PACKET_BATCH; i++) {
        assert_true(batch[i].sequence == 0xffffffff - 31u + i);
        packet_free(&batch[i]);
    }
    pair_close(&pair);
}

/* A replayed copy in the same batch: both pass the first check, one is dropped by the second. */
static void copies_in_one_batch(void **state)
{
    (void)state;
    struct esp_pair pair;
    struct s2s_packet batch[9];
    start(&pair, false, 64, 0, 0);
    for (size_t i = 0; i < S2SI_COUNT(batch); i++) {
        batch[i] = craft_good(&pair, 1 + i / 3);
    }
    assert_int_equal(s2s_esp_open(pair.b, batch, S2SI_COUNT(batch), 1), 3);
    for (size_t i = 0; i < S2SI_COUNT(batch); i++) {
        assert_int_equal(batch[i].reason, i % 3 == 0 ? S2S_DROP_NONE : S2S_DROP_REPLAY);
        packet_free(&batch[i]);
    }
    assert_int_equal(pair_drops(&pair, S2S_DROP_REPLAY), 6);
    pair_close(&pair);
}

/* A forged copy in front of the true packet must not push it out. */
static void forged_twin_first(void **state)
{
    (void)state;
    struct esp_pair pair;
    struct s2s_packet batch[2];
    start(&pair, false, 64, 0, 0);
    batch[0] = craft_good(&pair, 7);
    batch[0].buffer[20] ^= 0x40;
    batch[1] = craft_good(&pair, 7);
    assert_int_equal(s2s_esp_open(pair.b, batch, 2, 1), 1);
    assert_int_equal(batch[0].reason, S2S_DROP_INTEGRITY);
    assert_int_equal(batch[1].verdict, S2S_VERDICT_DELIVER);
    packet_free(&batch[0]);
    packet_free(&batch[1]);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replays),
        cmocka_unit_test(every_window_edge),
        cmocka_unit_test(sender_stops_without_esn),
        cmocka_unit_test(sender_stops_at_the_end_of_esn),
        cmocka_unit_test(esn_wraps),
        cmocka_unit_test(esn_straddles_the_wrap),
        cmocka_unit_test(esn_wrap_inside_a_batch),
        cmocka_unit_test(copies_in_one_batch),
        cmocka_unit_test(forged_twin_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
