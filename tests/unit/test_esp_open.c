/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/esp_pair.h"

static const struct suite_name gcm = {S2S_AES128_GCM16, S2S_ALG_NONE};

static void start(struct esp_pair *pair)
{
    pair_init(pair, s2s_crypto_test(), gcm);
    pair_open(pair);
}

/* ---- damaged packets ---- */

static void short_packets_of_each_length(struct esp_pair *pair)
{
    struct s2s_packet whole = sealed(pair);
    size_t iv = s2s_algorithm_info(pair->out.encryption)->iv_length;
    for (size_t length = 0; length <= 80 && length < whole.length; length++) {
        struct s2s_packet packet = packet_new(S2S_PACKET_ESP, packet_data(&whole), length, 0, 0);
        int reason = open_one(pair, packet);
        if (length < 8 + iv + 2) {
            assert_int_equal(reason, S2S_DROP_MALFORMED);
        } else {
            assert_true(reason == S2S_DROP_MALFORMED || reason == S2S_DROP_INTEGRITY);
        }
    }
    whole.kind = S2S_PACKET_ESP;
    assert_int_equal(open_one(pair, whole), S2S_DROP_NONE); /* none of them cost it its number */
}

static void short_packets(void **state)
{
    (void)state;
    each_pair(short_packets_of_each_length);
}

static void every_byte_matters(struct esp_pair *pair)
{
    struct s2s_packet whole = sealed(pair);
    for (size_t i = 0; i < whole.length; i++) {
        struct s2s_packet packet = packet_new(S2S_PACKET_ESP, packet_data(&whole), whole.length, 0, 0);
        packet.buffer[i] ^= 0x10;
        assert_int_equal(open_one(pair, packet), i < 4 ? S2S_DROP_UNKNOWN_SPI : S2S_DROP_INTEGRITY);
    }
    assert_int_equal(pair_drops(pair, S2S_DROP_INTEGRITY), whole.length - 4);
    whole.kind = S2S_PACKET_ESP;
    assert_int_equal(open_one(pair, whole), S2S_DROP_NONE);
}

static void flipped_bits(void **state)
{
    (void)state;
    each_pair(every_byte_matters);
}

static void unknown_spis(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    uint8_t bytes[60] = {0};
    assert_int_equal(open_one(&pair, packet_new(S2S_PACKET_ESP, bytes, 60, 0, 0)), S2S_DROP_UNKNOWN_SPI); /* SPI 0 */
    assert_int_equal(open_one(&pair, packet_new(S2S_PACKET_UDP, bytes, 60, 0, 0)), S2S_DROP_UNKNOWN_SPI);
    bytes[0] = 1;
    assert_int_equal(open_one(&pair, packet_new(S2S_PACKET_ESP, bytes, 60, 0, 0)), S2S_DROP_UNKNOWN_SPI);
    assert_int_equal(open_one(&pair, packet_new(S2S_PACKET_ESP, bytes, 7, 0, 0)), S2S_DROP_MALFORMED);
    struct s2s_esp_stats stats = {.struct_size = sizeof stats};
    s2s_esp_get_stats(pair.b, &stats);
    assert_int_equal(stats.drops[S2S_DROP_UNKNOWN_SPI], 3);
    /* An outbound SA's SPI is the peer's, and opens nothing here. */
    struct s2s_packet own = sealed(&pair);
    assert_int_equal(s2s_esp_open(pair.a, &own, 1, 1), 0);
    assert_int_equal(own.reason, S2S_DROP_UNKNOWN_SPI);
    packet_free(&own);
    pair_close(&pair);
}

static void entries_outside_their_buffer(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    struct s2s_packet packet = craft_good(&pair, 1);
    packet.length++;
    assert_int_equal(open_one(&pair, packet), S2S_DROP_NO_BUFFER);
    packet = craft_good(&pair, 1);
    packet.offset = SIZE_MAX;
    assert_int_equal(open_one(&pair, packet), S2S_DROP_NO_BUFFER);
    pair_close(&pair);
}

static void others_are_left_alone(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    struct s2s_packet packet = craft_good(&pair, 1);
    packet.kind = S2S_PACKET_INNER;
    packet.verdict = 99;
    assert_int_equal(s2s_esp_open(pair.b, &packet, 1, 1), 0);
    assert_int_equal(packet.verdict, 99);
    packet_free(&packet);
    pair_close(&pair);
}

/* ---- trailers (RFC 4303 sections 2.4 to 2.7) ---- */

/* A good IPv4 packet of 40 bytes with this much TFC padding, then padding 1, 2, ... and the next header. */
static int with_trailer(struct esp_pair *pair, size_t tfc, size_t padding, int wrong_at, uint8_t next_header)
{
    static uint64_t sequence = 1;
    uint8_t plaintext[1024] = {0};
    size_t length = 40 + tfc;
    inner_make(plaintext, 40, "10.0.0.1", "10.1.0.1");
    for (size_t i = 0; i < padding; i++) {
        plaintext[length++] = (uint8_t)(i + 1 + ((int)i == wrong_at));
    }
    plaintext[length++] = (uint8_t)padding;
    plaintext[length++] = next_header;
    while (pair->out.integrity != S2S_ALG_NONE && length % 16 != 0) { /* CBC: fill with TFC bytes in front */
        return with_trailer(pair, tfc + 1, padding, wrong_at, next_header);
    }
    return open_one(pair, craft(pair, sequence++, plaintext, length));
}

static void trailers_of_a_suite(struct esp_pair *pair)
{
    for (size_t padding = 0; padding <= 255; padding += padding < 20 ? 1 : 47) {
        assert_int_equal(with_trailer(pair, 0, padding, -1, 4), S2S_DROP_NONE);
        for (size_t wrong = 0; wrong < padding && wrong < 20; wrong++) {
            assert_int_equal(with_trailer(pair, 0, padding, (int)wrong, 4), S2S_DROP_PADDING);
        }
    }
    for (size_t tfc = 0; tfc < 600; tfc += 61) {
        assert_int_equal(with_trailer(pair, tfc, 2, -1, 4), S2S_DROP_NONE);
    }
}

static void padding_and_tfc(void **state)
{
    (void)state;
    each_pair(trailers_of_a_suite);
}

static void next_headers(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    for (int next_header = 0; next_header < 256; next_header++) {
        int expected = next_header == 4 ? S2S_DROP_NONE : next_header == 59 ? S2S_DROP_DUMMY : S2S_DROP_PADDING;
        assert_int_equal(with_trailer(&pair, 0, 2, -1, (uint8_t)next_header), expected);
    }
    assert_int_equal(pair_drops(&pair, S2S_DROP_DUMMY), 1);
    pair_close(&pair);
}

static void odd_plaintexts(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    uint8_t six[60] = {0};
    assert_int_equal(open_one(&pair, craft(&pair, 1, "\0\4", 2)), S2S_DROP_MALFORMED); /* nothing inside */
    assert_int_equal(open_one(&pair, craft(&pair, 2, "\1\4", 2)), S2S_DROP_PADDING);   /* longer than all */
    assert_int_equal(open_one(&pair, craft(&pair, 3, "\xff\x3b", 2)), S2S_DROP_DUMMY); /* a dummy's rest is free */
    assert_int_equal(open_one(&pair, craft(&pair, 4, "\x45\0\0\x14\0\4", 6)), S2S_DROP_MALFORMED);
    /* Longer than all, and the byte in front (of the IV, which is the number) looks like padding. */
    assert_int_equal(open_one(&pair, craft(&pair, 0x101, "\1\4", 2)), S2S_DROP_PADDING);
    inner_make(six, 56, "fd00:a::1", "fd00:b::1");
    six[57] = 4; /* IPv6 behind next header 4 */
    assert_int_equal(open_one(&pair, craft(&pair, 0x102, six, 58)), S2S_DROP_PADDING);
    six[57] = 41;
    assert_int_equal(open_one(&pair, craft(&pair, 0x103, six, 58)), S2S_DROP_NONE);
    pair_close(&pair);
}

/* ---- selectors (RFC 4301 section 5.2) ---- */

static int from_to(struct esp_pair *pair, const char *source, const char *destination)
{
    static uint64_t sequence = 1;
    uint8_t plaintext[62];
    inner_make(plaintext, 60, source, destination);
    plaintext[60] = 0;
    plaintext[61] = plaintext[0] >> 4 == 6 ? 41 : 4;
    return open_one(pair, craft(pair, sequence++, plaintext, sizeof plaintext));
}

static void selectors_inbound(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    assert_int_equal(from_to(&pair, "10.0.0.0", "10.1.255.255"), S2S_DROP_NONE);
    assert_int_equal(from_to(&pair, "10.2.0.1", "10.1.0.1"), S2S_DROP_SELECTOR_IN);
    assert_int_equal(from_to(&pair, "10.0.0.1", "10.2.0.1"), S2S_DROP_SELECTOR_IN);
    assert_int_equal(from_to(&pair, "10.1.0.1", "10.0.0.1"), S2S_DROP_SELECTOR_IN);
    assert_int_equal(from_to(&pair, "10.1.0.1", "10.1.0.2"), S2S_DROP_SELECTOR_IN); /* spoofed as one of ours */
    assert_int_equal(from_to(&pair, "fd00:a::1", "fd00:b::1"), S2S_DROP_NONE);
    assert_int_equal(from_to(&pair, "fd00:b::1", "fd00:a::1"), S2S_DROP_SELECTOR_IN);
    assert_int_equal(pair_drops(&pair, S2S_DROP_SELECTOR_IN), 5);
    pair_close(&pair);
}

static void ports_inbound(void **state)
{
    (void)state;
    struct esp_pair pair;
    pair_init(&pair, s2s_crypto_test(), gcm);
    pair.near[0].start_port = pair.near[0].end_port = 1000; /* source of what comes in */
    pair.far[0].start_port = pair.far[0].end_port = 2000;
    pair.near[0].protocol = pair.far[0].protocol = S2SI_PROTO_UDP;
    pair_open(&pair);
    assert_int_equal(from_to(&pair, "10.0.0.1", "10.1.0.1"), S2S_DROP_NONE);
    uint8_t plaintext[62];
    inner_make(plaintext, 60, "10.0.0.1", "10.1.0.1");
    memcpy(plaintext + 60, "\0\4", 2);
    s2si_put_u16(plaintext + 20, 2000);
    s2si_put_u16(plaintext + 22, 1000); /* the other way round */
    assert_int_equal(open_one(&pair, craft(&pair, 5000, plaintext, 62)), S2S_DROP_SELECTOR_IN);
    pair_close(&pair);
}

/* ---- ECN, endpoints ---- */

static void ecn(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    struct s2s_packet packet = inner4(&pair, 60);
    packet_data(&packet)[1] = 0xb8 | 2;
    s2s_esp_seal(pair.a, &packet, 1, 1);
    packet.kind = S2S_PACKET_ESP;
    packet.tos = 3; /* marked on the way, DSCP lost */
    assert_int_equal(s2s_esp_open(pair.b, &packet, 1, 1), 1);
    assert_int_equal(packet_data(&packet)[1], 0xb8 | 3);
    packet_free(&packet);

    packet = sealed(&pair);
    packet.tos = 3; /* congestion on a packet that cannot tell it */
    assert_int_equal(open_one(&pair, packet), S2S_DROP_ECN);
    pair_close(&pair);
}

static void arrival_is_kept(void **state)
{
    (void)state;
    struct esp_pair pair;
    start(&pair);
    struct s2s_packet packet = sealed(&pair);
    packet.kind = S2S_PACKET_UDP;
    packet.remote = (struct s2s_endpoint){test_addr("192.0.2.1"), 31337}; /* through a NAT */
    assert_int_equal(s2s_esp_open(pair.b, &packet, 1, 1), 1);
    assert_int_equal(packet.remote.port, 31337);
    packet_free(&packet);
    pair_close(&pair);
}

static void udp_contents(void **state)
{
    (void)state;
    const uint8_t keepalive[2] = {0xff, 0xff}, ike[5] = {0, 0, 0, 0, 1}, esp[5] = {0, 0, 1, 0, 1};
    assert_int_equal(s2s_esp_udp_content(keepalive, 1), S2S_ESP_UDP_KEEPALIVE);
    assert_int_equal(s2s_esp_udp_content(keepalive, 2), S2S_ESP_UDP_NOTHING);
    assert_int_equal(s2s_esp_udp_content(NULL, 0), S2S_ESP_UDP_NOTHING);
    assert_int_equal(s2s_esp_udp_content(ike, 1), S2S_ESP_UDP_NOTHING);
    assert_int_equal(s2s_esp_udp_content(ike, 3), S2S_ESP_UDP_NOTHING);
    assert_int_equal(s2s_esp_udp_content(ike, 4), S2S_ESP_UDP_IKE);
    assert_int_equal(s2s_esp_udp_content(ike, 5), S2S_ESP_UDP_IKE);
    assert_int_equal(s2s_esp_udp_content(esp, 5), S2S_ESP_UDP_ESP);
}

/* A bad entry anywhere in a batch does no harm to its neighbours. */
static void mixed_batch(struct esp_pair *pair)
{
    enum { COUNT = 40 };
    struct s2s_packet batch[COUNT];
    static const uint8_t expected[5] = {S2S_DROP_NONE, S2S_DROP_INTEGRITY, S2S_DROP_UNKNOWN_SPI, S2S_DROP_MALFORMED,
                                        S2S_DROP_REPLAY};
    for (size_t i = 0; i < COUNT; i++) {
        batch[i] = i % 5 == 4 ? packet_new(S2S_PACKET_ESP, packet_data(&batch[i - 4]), batch[i - 4].length, 0, 0)
                              : sealed(pair);
        batch[i].buffer[batch[i].offset + batch[i].length - 1] ^= i % 5 == 1;
        batch[i].buffer[batch[i].offset] ^= i % 5 == 2;
        batch[i].length = i % 5 == 3 ? 12 : batch[i].length;
    }
    assert_int_equal(s2s_esp_open(pair->b, batch, COUNT, 1), COUNT / 5);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(batch[i].reason, expected[i % 5]);
        packet_free(&batch[i]);
    }
}

static void mixed(void **state)
{
    (void)state;
    each_pair(mixed_batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_packets),
        cmocka_unit_test(flipped_bits),
        cmocka_unit_test(unknown_spis),
        cmocka_unit_test(entries_outside_their_buffer),
        cmocka_unit_test(others_are_left_alone),
        cmocka_unit_test(padding_and_tfc),
        cmocka_unit_test(next_headers),
        cmocka_unit_test(odd_plaintexts),
        cmocka_unit_test(selectors_inbound),
        cmocka_unit_test(ports_inbound),
        cmocka_unit_test(ecn),
        cmocka_unit_test(arrival_is_kept),
        cmocka_unit_test(udp_contents),
        cmocka_unit_test(mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
