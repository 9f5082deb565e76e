/* SPDX-License-Identifier: Apache-2.0 */
/* Bad inputs that brought ESP implementations down, by the number of their row in the list of known cases; the IKE ones are in
   test_ikev2_attack_rows.c. Each prints "row N: what: result". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <s2svpn/esp.h>
#include "lib/base/base.h"

static void result(unsigned row, const char *what, const char *how)
{
    printf("row %u: %s: %s\n", row, what, how);
}

enum { INNER = 60, SPACE = S2S_PACKET_HEADROOM + INNER + S2S_PACKET_TAILROOM };

struct esp_ends {
    s2s_esp *out, *in;
    s2s_esp_sa sa_out, sa_in;
};

static struct s2s_esp_sa_params esp_sa(bool inbound, bool esn, uint64_t sequence)
{
    static const uint8_t key[16] = {1, 2, 3}, salt[4] = {4};
    static struct s2s_selector any;
    struct s2s_esp_sa_params params;
    any.start.family = any.end.family = 4;
    memset(any.end.bytes, 0xff, 4);
    any.end_port = 65535;
    s2s_esp_sa_params_init(&params, sizeof params);
    params.direction = inbound ? S2S_ESP_INBOUND : S2S_ESP_OUTBOUND;
    params.spi = 0x1000;
    params.encryption = S2S_AES128_GCM16;
    params.encryption_key = key;
    params.encryption_key_length = sizeof key;
    params.salt = salt;
    params.salt_length = sizeof salt;
    params.esn = esn;
    params.initial_sequence = sequence;
    params.local_selectors = params.remote_selectors = &any;
    params.local_selector_count = params.remote_selector_count = 1;
    return params;
}

static void esp_open_ends(struct esp_ends *ends, bool esn, uint64_t sequence)
{
    struct s2s_esp_params params;
    s2s_esp_params_init(&params, sizeof params);
    params.provider = s2s_crypto_mbedtls();
    struct s2s_esp_sa_params out = esp_sa(false, esn, sequence), in = esp_sa(true, esn, sequence);
    assert_int_equal(s2s_esp_new(&params, &ends->out), 0);
    assert_int_equal(s2s_esp_new(&params, &ends->in), 0);
    assert_int_equal(s2s_esp_sa_add(ends->out, &out, &ends->sa_out), 0);
    assert_int_equal(s2s_esp_sa_add(ends->in, &in, &ends->sa_in), 0);
}

static void esp_close_ends(struct esp_ends *ends)
{
    s2s_esp_free(ends->out);
    s2s_esp_free(ends->in);
}

static struct s2s_packet esp_packet(struct esp_ends *ends, uint8_t buffer[SPACE])
{
    struct s2s_packet packet = {.buffer = buffer, .capacity = SPACE, .offset = S2S_PACKET_HEADROOM, .length = INNER,
                                .sa = ends->sa_out};
    memset(buffer, 0xee, SPACE);
    uint8_t *ip = buffer + packet.offset;
    memset(ip, 0, INNER);
    ip[0] = 0x45;
    ip[3] = INNER;
    ip[8] = 64;
    ip[9] = 17;
    ip[12] = ip[16] = 10;
    s2si_put_u16(ip + 10, s2si_checksum_finish(s2si_checksum_add(0, ip, 20)));
    assert_int_equal(s2s_esp_seal(ends->out, &packet, 1, 1), 1);
    packet.kind = S2S_PACKET_ESP;
    return packet;
}

static void row_43(void **state)
{
    struct esp_ends ends;
    uint8_t buffer[SPACE];
    (void)state;
    esp_open_ends(&ends, false, 0);
    struct s2s_esp_sa_params params = esp_sa(true, false, 0);
    s2s_esp_sa sa;
    params.spi = 0;
    assert_int_equal(s2s_esp_sa_add(ends.in, &params, &sa), S2S_ERR_INVALID);
    struct s2s_packet packet = esp_packet(&ends, buffer);
    memset(buffer + packet.offset, 0, 4);
    assert_int_equal(s2s_esp_open(ends.in, &packet, 1, 1), 0);
    assert_int_equal(packet.reason, S2S_DROP_UNKNOWN_SPI);
    esp_close_ends(&ends);
    result(43, "SPI 0", "never an SA: refused with keys and in packets");
}

/* What is worked on in place ends where its entry ends. */
static void row_44(void **state)
{
    struct esp_ends ends;
    uint8_t buffer[SPACE], copy[4096];
    (void)state;
    esp_open_ends(&ends, false, 0);
    struct s2s_packet packet = esp_packet(&ends, buffer);
    size_t start = packet.offset, end = start + packet.length;
    memcpy(copy, buffer, SPACE);
    assert_int_equal(s2s_esp_open(ends.in, &packet, 1, 1), 1);
    assert_memory_equal(copy, buffer, start);
    assert_memory_equal(copy + end, buffer + end, SPACE - end);
    esp_close_ends(&ends);
    result(44, "decryption in memory that is not ours", "nothing outside of the entry's bytes is touched");
}

static void row_45(void **state)
{
    struct esp_ends ends;
    unsigned delivered = 0;
    (void)state;
    esp_open_ends(&ends, true, 0xffffffc0);
    for (unsigned i = 0; i < 256; i++) { /* over the wrap of the low half, each one twice */
        uint8_t buffer[SPACE], again[SPACE];
        struct s2s_packet packet = esp_packet(&ends, buffer), twice = packet;
        memcpy(again, buffer, SPACE);
        twice.buffer = again;
        delivered += (unsigned)s2s_esp_open(ends.in, &packet, 1, 1);
        assert_int_equal(s2s_esp_open(ends.in, &twice, 1, 1), 0);
        assert_int_equal(twice.reason, S2S_DROP_REPLAY);
    }
    assert_int_equal(delivered, 256);
    esp_close_ends(&ends);
    result(45, "high half of ESN advanced twice", "256 of 256 delivered over the wrap, no copy");
}

static void row_46(void **state)
{
    struct esp_ends ends;
    (void)state;
    esp_open_ends(&ends, false, 0);
    struct s2s_esp_sa_params params = esp_sa(true, false, 0);
    s2s_esp_sa sa;
    params.spi++;
    params.replay_window = 0;
    assert_int_equal(s2s_esp_sa_add(ends.in, &params, &sa), S2S_ERR_INVALID);
    for (size_t length = 0; length <= 48; length++) {
        uint8_t *bytes = malloc(length + 1); /* of its exact size */
        assert_non_null(bytes);
        for (unsigned fill = 0; fill < 256; fill += 85) {
            struct s2s_packet packet = {.buffer = bytes, .capacity = length, .length = length, .kind = S2S_PACKET_ESP};
            memset(bytes, (int)fill, length);
            if (length >= 4)
                s2si_put_u32(bytes, 0x1000);
            assert_int_equal(s2s_esp_open(ends.in, &packet, 1, 1), 0);
        }
        free(bytes);
    }
    esp_close_ends(&ends);
    result(46, "replay window 0, very short ESP packets", "refused; dropped without a read too far");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_43),
        cmocka_unit_test(row_44),
        cmocka_unit_test(row_45),
        cmocka_unit_test(row_46),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
