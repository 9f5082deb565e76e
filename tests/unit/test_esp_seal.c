/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/esp_pair.h"

static const struct suite_name gcm = {S2S_AES256_GCM16, S2S_ALG_NONE}, cbc = {S2S_AES128_CBC, S2S_HMAC_SHA2_256_128};

static void start(struct esp_pair *pair)
{
    pair_init(pair, s2s_crypto_test(), gcm);
    pair_open(pair);
}

/* ---- there and back ---- */

static void one_round_trip(struct esp_pair *pair, size_t size, bool six)
{
    struct s2s_packet packet = six ? inner_packet(pair, size, "fd00:a::1", "fd00:b::1") : inner4(pair, size);
    uint8_t *original = malloc(size);
    memcpy(original, packet_data(&packet), size);
    assert_int_equal(s2s_esp_seal(pair->a, &packet, 1, 77), 1);
    assert_int_equal(packet.verdict, S2S_VERDICT_SEND_ESP);
    assert_int_equal(packet.tunnel, 0x42);
    assert_true(s2si_endpoint_equal(&packet.remote, &pair->out.remote));
    assert_true(s2si_endpoint_equal(&packet.local, &pair->out.local));
    assert_int_equal(s2si_get_u32(packet_data(&packet)), TEST_SPI);
    assert_int_equal(s2si_get_u32(packet_data(&packet) + 4), (uint32_t)packet.sequence);
    assert_int_equal(packet.length % 4, 0);

    packet.kind = S2S_PACKET_ESP;
    packet.tos = 0;
    assert_int_equal(s2s_esp_open(pair->b, &packet, 1, 88), 1);
    assert_int_equal(packet.verdict, S2S_VERDICT_DELIVER);
    assert_int_equal(packet.sa, pair->sa_in);
    assert_int_equal(packet.length, size);
    assert_memory_equal(packet_data(&packet), original, size);
    free(original);
    packet_free(&packet);
}

static void round_trips(struct esp_pair *pair)
{
    for (size_t size = 48; size < 90; size++) {
        one_round_trip(pair, size, size % 2 == 0);
    }
    one_round_trip(pair, 1400, false);
    one_round_trip(pair, 9000, true);
    struct s2s_esp_sa_stats stats = {.struct_size = sizeof stats};
    assert_int_equal(s2s_esp_sa_get_stats(pair->b, pair->sa_in, &stats), 0);
    assert_int_equal(stats.packets, 44);
    assert_int_equal(stats.sequence, 44);
    assert_true(stats.last == 88);
    uint64_t bytes = stats.bytes;
    assert_int_equal(s2s_esp_sa_get_stats(pair->a, pair->sa_out, &stats), 0);
    assert_int_equal(stats.packets, 44);
    assert_true(stats.bytes == bytes && stats.last == 77);
    assert_true(stats.owner == 0x1111111100000042u);
}

static void there_and_back(void **state)
{
    (void)state;
    each_pair(round_trips);
}

static void full_batches_of_two_sas(void **state)
{
    (void)state;
    enum { COUNT = 3 * S2S_PACKET_BATCH + 5 };
    static struct s2s_packet batch[COUNT];
    struct esp_pair pair;
    s2s_esp_sa second_out, second_in;
    start(&pair);
    pair.out.spi = pair.in.spi = 0x999;
    pair.out.owner = pair.in.owner = 7;
    assert_int_equal(s2s_esp_sa_add(pair.a, &pair.out, &second_out), 0);
    assert_int_equal(s2s_esp_sa_add(pair.b, &pair.in, &second_in), 0);
    for (size_t i = 0; i < COUNT; i++) {
        batch[i] = inner4(&pair, 100);
        batch[i].sa = i % 100 < 80 ? pair.sa_out : i % 2 == 0 ? second_out : pair.sa_out;
    }
    assert_int_equal(s2s_esp_seal(pair.a, batch, COUNT, 1), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        batch[i].kind = i % 3 == 0 ? S2S_PACKET_UDP : S2S_PACKET_ESP;
    }
    assert_int_equal(s2s_esp_open(pair.b, batch, COUNT, 1), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        bool second = i % 100 >= 80 && i % 2 == 0;
        assert_int_equal(batch[i].sa, second ? second_in : pair.sa_in);
        assert_int_equal(batch[i].tunnel, second ? 7 : 0x42);
        packet_free(&batch[i]);
    }
    struct s2s_esp_stats stats = {.struct_size = sizeof stats};
    assert_int_equal(s2s_esp_get_stats(pair.b, &stats), 0);
    assert_int_equal(stats.packets_in, COUNT);
    assert_int_equal(stats.bytes_in, COUNT * 100);
    assert_int_equal(stats.inbound_sas, 2);
    pair_close(&pair);
}

/* ---- what is not sealed ---- */

static int seal_one(struct esp_pair *pair, struct s2s_packet packet)
{
    size_t sealed_now = s2s_esp_seal(pair->a, &packet, 1, 1);
    assert_int_equal(sealed_now, packet.reason == S2S_DROP_NONE);
    assert_int_equal(packet.verdict == S2S_VERDICT_DROP, sealed_now == 0);
    packet_free(&packet);
    return packet.reason;
}

static void others_are_left_alone(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    struct s2s_packet batch[3] = {inner4(&pair, 60), inner4(&pair, 60), inner4(&pair, 60)};
    batch[0].sa = 0;
    batch[1].kind = S2S_PACKET_ESP;
    batch[2].kind = S2S_PACKET_UDP;
    for (size_t i = 0; i < 3; i++) {
        batch[i].verdict = 99;
    }
    assert_int_equal(s2s_esp_seal(pair.a, batch, 3, 1), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(batch[i].verdict, 99);
        assert_int_equal(batch[i].length, 60);
        packet_free(&batch[i]);
    }
    pair_close(&pair);
}

static void selectors_outbound(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    assert_int_equal(seal_one(&pair, inner_packet(&pair, 60, "10.0.255.255", "10.1.0.0")), S2S_DROP_NONE);
    assert_int_equal(seal_one(&pair, inner_packet(&pair, 60, "10.2.0.1", "10.1.0.1")), S2S_DROP_SELECTOR_OUT);
    assert_int_equal(seal_one(&pair, inner_packet(&pair, 60, "10.0.0.1", "10.2.0.1")), S2S_DROP_SELECTOR_OUT);
    assert_int_equal(seal_one(&pair, inner_packet(&pair, 60, "10.1.0.1", "10.0.0.1")), S2S_DROP_SELECTOR_OUT);
    assert_int_equal(seal_one(&pair, inner_packet(&pair, 60, "fd00:a::1", "fd00:b::1")), S2S_DROP_NONE);
    assert_int_equal(seal_one(&pair, inner_packet(&pair, 60, "fd00:b::1", "fd00:a::1")), S2S_DROP_SELECTOR_OUT);
    struct s2s_esp_sa_stats stats = {.struct_size = sizeof stats};
    s2s_esp_sa_get_stats(pair.a, pair.sa_out, &stats);
    assert_int_equal(stats.drops[S2S_DROP_SELECTOR_OUT], 4);
    assert_int_equal(stats.sequence, 2); /* no number was spent on them */
    pair_close(&pair);
}

static void ports_and_protocol_outbound(void **state)
{
    (void)state;
    struct esp_pair pair;
    pair_init(&pair, s2s_crypto_test(), gcm);
    pair.near[0].protocol = pair.far[0].protocol = S2SI_PROTO_UDP;
    pair.near[0].start_port = pair.near[0].end_port = 1000;
    pair.far[0].start_port = pair.far[0].end_port = 2000;
    pair_open(&pair);
    struct s2s_packet packet = inner4(&pair, 60);
    assert_int_equal(seal_one(&pair, packet), S2S_DROP_NONE);
    packet = inner4(&pair, 60);
    s2si_put_u16(packet_data(&packet) + 22, 2001);
    assert_int_equal(seal_one(&pair, packet), S2S_DROP_SELECTOR_OUT);
    packet = inner4(&pair, 60);
    packet_data(&packet)[9] = S2SI_PROTO_TCP;
    assert_int_equal(seal_one(&pair, packet), S2S_DROP_SELECTOR_OUT);
    packet = inner4(&pair, 60);
    packet_data(&packet)[7] = 5; /* a later fragment has no ports to compare */
    assert_int_equal(seal_one(&pair, packet), S2S_DROP_SELECTOR_OUT);
    pair_close(&pair);
}

static void bad_inner_packets(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    struct s2s_packet packet = inner4(&pair, 60);
    packet.length = 59; /* shorter than its header says */
    assert_int_equal(seal_one(&pair, packet), S2S_DROP_MALFORMED);
    packet = inner4(&pair, 60);
    packet.length = 0;
    assert_int_equal(seal_one(&pair, packet), S2S_DROP_MALFORMED);
    packet = inner4(&pair, 60);
    packet_data(&packet)[0] = 0x55;
    assert_int_equal(seal_one(&pair, packet), S2S_DROP_MALFORMED);
    packet = inner4(&pair, 60);
    packet.segment_size = 20;
    assert_int_equal(seal_one(&pair, packet), S2S_DROP_TOO_BIG);
    assert_int_equal(seal_one(&pair, inner4(&pair, 65535)), S2S_DROP_TOO_BIG);
    assert_int_equal(seal_one(&pair, inner4(&pair, 65400)), S2S_DROP_NONE);
    pair_close(&pair);
}

/* Bytes behind the IP packet (padding of a link below) do not travel. */
static void trailing_bytes_are_cut(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    struct s2s_packet packet = inner4(&pair, 60);
    packet.length = 80;
    packet.capacity -= 20;
    assert_int_equal(s2s_esp_seal(pair.a, &packet, 1, 1), 1);
    packet.kind = S2S_PACKET_ESP;
    assert_int_equal(s2s_esp_open(pair.b, &packet, 1, 1), 1);
    assert_int_equal(packet.length, 60);
    packet_free(&packet);
    pair_close(&pair);
}

/* Every headroom and tailroom: sealed, or refused untouched; never a byte outside. */
static void room_is_respected(struct esp_pair *pair)
{
    size_t need_front = 8 + s2s_algorithm_info(pair->out.encryption)->iv_length;
    size_t need_back =
        s2s_esp_overhead(pair->out.encryption, pair->out.integrity, S2S_ESP_RAW, 4, 61) - 20 - need_front;
    assert_true(need_front <= S2S_PACKET_HEADROOM && need_back <= S2S_PACKET_TAILROOM);
    for (size_t front = 0; front <= need_front; front++) {
        for (size_t back = 0; back <= need_back; back++) {
            uint8_t inner[61];
            inner_make(inner, sizeof inner, "10.0.0.1", "10.1.0.1");
            struct s2s_packet packet = packet_new(S2S_PACKET_INNER, inner, sizeof inner, front, back);
            packet.sa = pair->sa_out;
            bool fits = front == need_front && back == need_back;
            assert_int_equal(s2s_esp_seal(pair->a, &packet, 1, 1), fits);
            assert_int_equal(packet.reason, fits ? S2S_DROP_NONE : S2S_DROP_NO_BUFFER);
            packet_free(&packet);
        }
    }
}

static void room(void **state)
{
    (void)state;
    each_pair(room_is_respected);
    struct esp_pair pair;
    start(&pair);
    struct s2s_packet packet = inner4(&pair, 60); /* entries that point outside of their own buffer */
    packet.offset = packet.capacity + 1;
    assert_int_equal(seal_one(&pair, packet), S2S_DROP_NO_BUFFER);
    packet = inner4(&pair, 60);
    packet.length = SIZE_MAX;
    assert_int_equal(seal_one(&pair, packet), S2S_DROP_NO_BUFFER);
    pair_close(&pair);
}

static void wrong_sas(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    s2s_esp_sa inbound;
    assert_int_equal(s2s_esp_sa_add(pair.a, &pair.in, &inbound), 0);
    const s2s_esp_sa wrong[] = {inbound, pair.sa_out + 0x10000, pair.sa_out + 50, 0xffffffff, 0x10000};
    for (size_t i = 0; i < S2SI_COUNT(wrong); i++) {
        struct s2s_packet packet = inner4(&pair, 60);
        packet.sa = wrong[i];
        assert_int_equal(seal_one(&pair, packet), S2S_DROP_NO_SA);
    }
    assert_int_equal(s2s_esp_sa_delete(pair.a, pair.sa_out), 0);
    assert_int_equal(seal_one(&pair, inner4(&pair, 60)), S2S_DROP_NO_SA);
    pair_close(&pair);
}

/* ---- the outer header ---- */

static void outer_fields(void **state)
{
    (void)state;
    for (int copy = 0; copy < 2; copy++) {
        for (int df = S2S_ESP_DF_COPY; df <= S2S_ESP_DF_CLEAR; df++) {
            struct esp_pair pair;
            pair_init(&pair, s2s_crypto_test(), gcm);
            pair.out.copy_dscp = copy != 0;
            pair.out.df = (enum s2s_esp_df)df;
            pair.out.encapsulation = S2S_ESP_UDP;
            pair_open(&pair);
            for (int inner_df = 0; inner_df < 2; inner_df++) {
                struct s2s_packet packet = inner4(&pair, 60);
                packet_data(&packet)[1] = 0xb9; /* EF, ECT(1) */
                packet_data(&packet)[6] = inner_df ? 0x40 : 0;
                assert_int_equal(s2s_esp_seal(pair.a, &packet, 1, 1), 1);
                assert_int_equal(packet.verdict, S2S_VERDICT_SEND_UDP);
                assert_int_equal(packet.tos, copy ? 0xb9 : 0x01);
                assert_int_equal(packet.dont_fragment, df == S2S_ESP_DF_SET || (df == S2S_ESP_DF_COPY && inner_df));
                packet_free(&packet);
            }
            pair_close(&pair);
        }
    }
}

static void endpoints_move(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    struct s2s_endpoint remote = {test_addr("192.0.2.9"), 40000}, local = {test_addr("198.51.100.2"), 4500};
    assert_int_equal(s2s_esp_sa_set_remote(pair.a, pair.sa_out, &remote), 0);
    assert_int_equal(s2s_esp_sa_set_local(pair.a, pair.sa_out, &local), 0);
    struct s2s_packet packet = sealed(&pair);
    assert_true(s2si_endpoint_equal(&packet.remote, &remote));
    assert_true(s2si_endpoint_equal(&packet.local, &local));
    packet_free(&packet);
    assert_int_equal(s2s_esp_sa_set_remote(pair.a, pair.sa_out + 1, &remote), S2S_ERR_NOT_FOUND);
    assert_int_equal(s2s_esp_sa_set_local(pair.a, 0, &local), S2S_ERR_NOT_FOUND);
    pair_close(&pair);
}

/* ---- IVs ---- */

static void ivs_never_repeat(struct esp_pair *pair)
{
    enum { COUNT = 200 };
    size_t length = s2s_algorithm_info(pair->out.encryption)->iv_length;
    uint8_t ivs[COUNT][16] = {{0}};
    for (size_t i = 0; i < COUNT; i++) {
        struct s2s_packet packet = sealed(pair);
        memcpy(ivs[i], packet_data(&packet) + 8, length);
        packet_free(&packet);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(ivs[i], ivs[k], length);
        }
    }
}

static void ivs(void **state)
{
    (void)state;
    each_pair(ivs_never_repeat);
}

static int broken_random(void *context, uint8_t *out, size_t length)
{
    (void)context;
    memset(out, 0, length);
    return S2S_ERR_CRYPTO;
}

/* Without fresh random bytes nothing is sent under CBC. */
static void no_random_no_packet(void **state)
{
    (void)state;
    struct s2s_crypto_provider provider = *s2s_crypto_test();
    struct esp_pair pair;
    pair_init(&pair, &provider, cbc);
    pair_open(&pair);
    provider.random = broken_random;
    assert_int_equal(seal_one(&pair, inner4(&pair, 60)), S2S_DROP_CRYPTO);
    uint32_t spi;
    assert_int_equal(s2s_esp_spi_draw(pair.a, &spi), S2S_ERR_CRYPTO);
    provider.random = s2s_crypto_test()->random;
    assert_int_equal(seal_one(&pair, inner4(&pair, 60)), S2S_DROP_NONE);
    pair_close(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(full_batches_of_two_sas),
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(selectors_outbound),
        cmocka_unit_test(ports_and_protocol_outbound),
        cmocka_unit_test(bad_inner_packets),
        cmocka_unit_test(trailing_bytes_are_cut),
        cmocka_unit_test(room),
        cmocka_unit_test(wrong_sas),
        cmocka_unit_test(outer_fields),
        cmocka_unit_test(endpoints_move),
        cmocka_unit_test(ivs),
        cmocka_unit_test(no_random_no_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
