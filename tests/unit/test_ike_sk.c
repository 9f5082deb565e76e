/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

static const struct {
    enum s2s_algorithm encryption, integrity;
} SUITES[] = {
    {S2S_AES128_GCM16, S2S_ALG_NONE},          {S2S_AES256_GCM16, S2S_ALG_NONE},
    {S2S_CHACHA20_POLY1305, S2S_ALG_NONE},     {S2S_AES128_CBC, S2S_HMAC_SHA1_96},
    {S2S_AES256_CBC, S2S_HMAC_SHA2_256_128},   {S2S_AES256_CBC, S2S_HMAC_SHA2_512_256},
};

static uint8_t chain[70000], packet[70000], scratch[70000];
static struct s2si_message message;
static struct s2si_message_error error;

/* RFC 7634 appendix B: an INFORMATIONAL request with N(SET_WINDOW_SIZE). */
static const uint8_t RFC7634_B[] = {
    0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xd0, 0xd1, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0x2e, 0x20,
    0x25, 0x00, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x45, 0x29, 0x00, 0x00, 0x29, 0x10, 0x11, 0x12, 0x13,
    0x14, 0x15, 0x16, 0x17, 0x61, 0x03, 0x94, 0x70, 0x1f, 0x8d, 0x01, 0x7f, 0x7c, 0x12, 0x92, 0x48, 0x89, 0x6b,
    0x71, 0xbf, 0xe2, 0x52, 0x36, 0xef, 0xd7, 0xcd, 0xc6, 0x70, 0x66, 0x90, 0x63, 0x15, 0xb2};

static void test_rfc7634_appendix_b(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_notify_payload notify;
    struct s2si_message_writer writer;
    size_t length = 0;
    ike_keys_open(&keys, S2S_CHACHA20_POLY1305, S2S_ALG_NONE);
    assert_int_equal(0, s2si_message_parse(RFC7634_B, sizeof(RFC7634_B), &message, &error));
    assert_int_equal(0, s2si_sk_open(&keys.open, &message, scratch, sizeof(scratch), &error));
    assert_true(s2si_notify_find(&message, S2SI_N_SET_WINDOW_SIZE, &notify));
    assert_int_equal(4, notify.data.length);
    assert_int_equal(10, s2si_get_u32(notify.data.data));
    assert_true(message.payloads[1].encrypted);
    s2si_chain_start(&writer, chain, sizeof(chain));
    s2si_notify_encode(&writer, S2SI_N_SET_WINDOW_SIZE, "\0\0\0\n", 4);
    keys.seal.counter = 0x1011121314151617u;
    assert_int_equal(0, s2si_sk_seal(&keys.seal, &message.header, writer.first, chain, writer.bytes.length, packet,
                                     sizeof(packet), &length));
    assert_int_equal(sizeof(RFC7634_B), length);
    assert_memory_equal(RFC7634_B, packet, length);
    ike_keys_close(&keys);
}

/* Every chain length up to two blocks: padding, and the lengths told beforehand. */
static void test_round_trip(void **state)
{
    (void)state;
    for (size_t suite = 0; suite < S2SI_COUNT(SUITES); suite++) {
        struct ike_keys keys;
        ike_keys_open(&keys, SUITES[suite].encryption, SUITES[suite].integrity);
        for (size_t body = 0; body < 40; body++) {
            struct s2si_message_writer writer;
            s2si_chain_start(&writer, chain, sizeof(chain));
            s2si_vendor_encode(&writer, chain + 1000, body);
            size_t length = ike_sealed(&keys, S2SI_INFORMATIONAL, &writer, packet, sizeof(packet));
            assert_int_equal(length, s2si_sk_sealed_length(&keys.seal, writer.bytes.length));
            assert_int_equal(0, s2si_message_parse(packet, length, &message, &error));
            assert_int_equal(0, s2si_sk_open(&keys.open, &message, scratch, length, &error));
            assert_int_equal(2, message.count);
            assert_int_equal(body, message.payloads[1].length);
        }
        ike_keys_close(&keys);
    }
}

static void test_empty_chain(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_message_writer writer;
    enum s2si_message_kind kind;
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    s2si_chain_start(&writer, chain, sizeof(chain));
    size_t length = ike_sealed(&keys, S2SI_INFORMATIONAL, &writer, packet, sizeof(packet));
    assert_int_equal(0, s2si_message_parse(packet, length, &message, &error));
    assert_int_equal(0, s2si_sk_open(&keys.open, &message, scratch, sizeof(scratch), &error));
    assert_int_equal(1, message.count);
    assert_int_equal(0, s2si_message_check(&message, &kind, &error));
    assert_int_equal(S2SI_KIND_INFORMATIONAL_REQUEST, kind);
    ike_keys_close(&keys);
}

/* Any bit changed anywhere, the IKE header included: nothing opens, and there is no notify to answer with (row 8). */
static void test_no_changed_byte_opens(void **state)
{
    (void)state;
    for (size_t suite = 0; suite < S2SI_COUNT(SUITES); suite++) {
        struct ike_keys keys;
        struct s2si_message_writer writer;
        ike_keys_open(&keys, SUITES[suite].encryption, SUITES[suite].integrity);
        ike_chain_delete(&writer, chain, sizeof(chain));
        size_t length = ike_sealed(&keys, S2SI_INFORMATIONAL, &writer, packet, sizeof(packet));
        for (size_t i = 0; i < length * 8; i++) {
            packet[i / 8] ^= (uint8_t)(1 << i % 8);
            error.notify = S2SI_N_NONE;
            if (s2si_message_parse(packet, length, &message, &error) == 0) {
                assert_int_not_equal(0, s2si_sk_open(&keys.open, &message, scratch, sizeof(scratch), &error));
                assert_int_equal(S2SI_N_NONE, error.notify);
            }
            packet[i / 8] ^= (uint8_t)(1 << i % 8);
        }
        assert_int_equal(0, s2si_message_parse(packet, length, &message, &error));
        assert_int_equal(0, s2si_sk_open(&keys.open, &message, scratch, sizeof(scratch), &error));
        ike_keys_close(&keys);
    }
}

static void test_iv_never_repeats(void **state)
{
    (void)state;
    for (size_t suite = 0; suite < S2SI_COUNT(SUITES); suite++) {
        struct ike_keys keys;
        struct s2si_message_writer writer;
        uint8_t previous[16] = {0};
        ike_keys_open(&keys, SUITES[suite].encryption, SUITES[suite].integrity);
        ike_chain_delete(&writer, chain, sizeof(chain));
        for (size_t i = 0; i < 20; i++) {
            ike_sealed(&keys, S2SI_INFORMATIONAL, &writer, packet, sizeof(packet));
            assert_true(i == 0 || memcmp(previous, packet + 32, keys.seal.iv_length) != 0);
            memcpy(previous, packet + 32, keys.seal.iv_length);
        }
        ike_keys_close(&keys);
    }
}

static void test_counter_ends(void **state)
{
    (void)state;
    struct ike_keys keys;
    size_t length = 0;
    struct s2si_ike_header header = ike_header(S2SI_INFORMATIONAL, false, 1);
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    keys.seal.counter = UINT64_MAX;
    assert_int_equal(S2S_ERR_CRYPTO, s2si_sk_seal(&keys.seal, &header, 0, chain, 0, packet, sizeof(packet), &length));
    ike_keys_close(&keys);
}

/* Content that verified and then is wrong: a notify to answer with, inside the IKE_SA. */
static void test_bad_content_after_verification(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t first;
        uint8_t chain[12];
        size_t length;
        int result;
        uint16_t notify;
    } rows[] = {
        {"critical unknown", 200, {0, 0x80, 0, 4}, 4, S2S_ERR_UNSUPPORTED, S2SI_N_UNSUPPORTED_CRITICAL_PAYLOAD},
        {"unknown, not critical", 200, {0, 0, 0, 4}, 4, 0, 0},
        {"SK in SK", S2SI_PAYLOAD_SK, {0, 0, 0, 4}, 4, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX},
        {"SKF in SK", S2SI_PAYLOAD_SKF, {0, 0, 0, 4}, 4, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX},
        {"IKEv1 payload (row 2)", 8, {0, 0, 0, 4}, 4, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX},
        {"length past the end", 43, {0, 0, 0, 9}, 8, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX},
        {"length 3", 43, {0, 0, 0, 3}, 4, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX},
        {"bytes behind", 43, {0, 0, 0, 4, 9}, 5, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX},
        {"bytes and no payload", 0, {0, 0, 0, 4}, 4, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX},
        {"chain without end", 43, {43, 0, 0, 4}, 4, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX},
    };
    struct ike_keys keys;
    ike_keys_open(&keys, S2S_AES256_CBC, S2S_HMAC_SHA2_256_128);
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct s2si_ike_header header = ike_header(S2SI_INFORMATIONAL, false, 1);
        size_t length = 0;
        assert_int_equal(0, s2si_sk_seal(&keys.seal, &header, rows[i].first, rows[i].chain, rows[i].length, packet,
                                         sizeof(packet), &length));
        assert_int_equal(0, s2si_message_parse(packet, length, &message, &error));
        error.notify = 0;
        int result = s2si_sk_open(&keys.open, &message, scratch, sizeof(scratch), &error);
        if (result != rows[i].result || error.notify != rows[i].notify) {
            fail_msg("%s: %d, notify %u", rows[i].what, result, error.notify);
        }
    }
    ike_keys_close(&keys);
}

/* A Pad Length that is longer than what it pads, correctly authenticated. Written by the transform itself. */
static void test_pad_length_too_long(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_message_writer writer;
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    ike_chain_delete(&writer, chain, sizeof(chain));
    size_t length = ike_sealed(&keys, S2SI_INFORMATIONAL, &writer, packet, sizeof(packet));
    for (unsigned pad = 0; pad < 256; pad++) {
        struct s2s_crypto_op op = {.data = packet + 40, .length = writer.bytes.length + 1, .iv = packet + 32,
                                   .aad = packet, .aad_length = 32, .icv = packet + length - 16};
        memcpy(op.data, chain, writer.bytes.length);
        op.data[writer.bytes.length] = (uint8_t)pad;
        s2si_crypto_seal(&keys.crypto, keys.seal.transform, &op, 1);
        assert_int_equal(0, s2si_message_parse(packet, length, &message, &error));
        int result = s2si_sk_open(&keys.open, &message, scratch, sizeof(scratch), &error);
        assert_true(pad == 0 ? result == 0 : result == S2S_ERR_MALFORMED && error.notify == S2SI_N_INVALID_SYNTAX);
    }
    ike_keys_close(&keys);
}

static void test_short_bodies(void **state)
{
    (void)state;
    for (size_t suite = 0; suite < S2SI_COUNT(SUITES); suite++) {
        struct ike_keys keys;
        ike_keys_open(&keys, SUITES[suite].encryption, SUITES[suite].integrity);
        for (size_t body = 0; body < 80; body++) {
            struct s2si_message_writer writer;
            struct s2si_ike_header header = ike_header(S2SI_INFORMATIONAL, false, 1);
            s2si_message_start(&writer, packet, sizeof(packet), &header);
            s2si_payload_begin(&writer, S2SI_PAYLOAD_SK);
            s2si_write_zeros(&writer.bytes, body);
            s2si_payload_end(&writer);
            assert_int_equal(0, s2si_message_finish(&writer));
            assert_int_equal(0, s2si_message_parse(packet, writer.bytes.length, &message, &error));
            int result = s2si_sk_open(&keys.open, &message, scratch, sizeof(scratch), &error);
            assert_true(result == S2S_ERR_MALFORMED || result == S2S_ERR_AUTH);
            assert_int_equal(S2SI_N_NONE, error.notify);
        }
        ike_keys_close(&keys);
    }
}

static void test_buffers(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_ike_header header = ike_header(S2SI_INFORMATIONAL, false, 1);
    size_t length = 0;
    ike_keys_open(&keys, S2S_AES256_CBC, S2S_HMAC_SHA2_256_128);
    for (size_t capacity = 0; capacity < s2si_sk_sealed_length(&keys.seal, 10); capacity++) {
        assert_int_equal(S2S_ERR_BUFFER,
                         s2si_sk_seal(&keys.seal, &header, 43, chain, 10, packet, capacity, &length));
    }
    assert_int_equal(S2S_ERR_BUFFER,
                     s2si_sk_seal(&keys.seal, &header, 43, chain, 65536, packet, sizeof(packet), &length));
    ike_keys_close(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc7634_appendix_b),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_empty_chain),
        cmocka_unit_test(test_no_changed_byte_opens),
        cmocka_unit_test(test_iv_never_repeats),
        cmocka_unit_test(test_counter_ends),
        cmocka_unit_test(test_bad_content_after_verification),
        cmocka_unit_test(test_pad_length_too_long),
        cmocka_unit_test(test_short_bodies),
        cmocka_unit_test(test_buffers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
