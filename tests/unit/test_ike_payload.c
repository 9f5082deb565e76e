/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

static struct s2si_payload body(uint8_t type, const void *data, size_t length)
{
    return (struct s2si_payload){.type = type, .known = true, .data = data, .length = length};
}

#define BODY(type, ...) body(S2SI_PAYLOAD_##type, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static uint8_t buffer[2048];
static struct s2si_message message;

/* What was written into buffer, read back: the only payload. */
static const struct s2si_payload *written(struct s2si_message_writer *writer)
{
    assert_int_equal(0, s2si_message_finish(writer));
    message.count = 0;
    assert_int_equal(0, s2si_message_parse_chain(&message, writer->first, buffer, writer->bytes.length, NULL));
    assert_int_equal(1, message.count);
    return &message.payloads[0];
}

static void test_ke(void **state)
{
    (void)state;
    struct s2si_message_writer writer;
    struct s2si_ke ke;
    s2si_chain_start(&writer, buffer, sizeof(buffer));
    s2si_ke_encode(&writer, S2S_ECP384, (const uint8_t *)"abc", 3);
    assert_int_equal(0, s2si_ke_decode(written(&writer), &ke));
    assert_int_equal(20, ke.group);
    assert_int_equal(S2S_ECP384, ke.algorithm);
    assert_int_equal(3, ke.data.length);
    assert_memory_equal("abc", ke.data.data, 3);
    struct s2si_payload empty = BODY(KE, 0, 14, 0, 0), cut = BODY(KE, 0, 14, 0);
    assert_int_equal(S2S_ERR_MALFORMED, s2si_ke_decode(&empty, &ke));
    assert_int_equal(S2S_ERR_MALFORMED, s2si_ke_decode(&cut, &ke));
}

static void test_group_numbers(void **state)
{
    (void)state;
    assert_int_equal(14, s2si_group_number(S2S_MODP2048));
    assert_int_equal(31, s2si_group_number(S2S_CURVE25519));
    assert_int_equal(0, s2si_group_number(S2S_AES128_CBC));
    assert_int_equal(0, s2si_group_number(S2S_ALG_NONE));
    assert_int_equal(S2S_ECP256, s2si_group_algorithm(19));
    assert_int_equal(S2S_ALG_NONE, s2si_group_algorithm(0));
    assert_int_equal(S2S_ALG_NONE, s2si_group_algorithm(1025));
}

static void test_id(void **state)
{
    (void)state;
    struct s2si_message_writer writer;
    struct s2si_identity id, again;
    struct s2s_span whole;
    uint8_t bytes[4 + S2SI_ID_LENGTH];
    s2si_identity_parse("gw.example.com", &id);
    s2si_chain_start(&writer, buffer, sizeof(buffer));
    s2si_id_encode(&writer, S2SI_PAYLOAD_IDR, &id);
    assert_int_equal(0, s2si_id_decode(written(&writer), &again, &whole));
    assert_true(s2si_identity_equal(&id, &again));
    assert_int_equal(whole.length, s2si_id_body(&id, bytes));
    assert_memory_equal(bytes, whole.data, whole.length);
    struct s2si_payload bad[] = {BODY(IDI, 1, 0, 0, 0, 1, 2, 3), BODY(IDI, 5, 0, 0, 0, 1, 2, 3, 4), BODY(IDI, 2, 0, 0, 0),
                                 BODY(IDI, 0, 0, 0, 0, 1), BODY(IDI, 2, 0, 0)};
    for (size_t i = 0; i < S2SI_COUNT(bad); i++) {
        assert_int_equal(S2S_ERR_MALFORMED, s2si_id_decode(&bad[i], &again, NULL));
    }
}

static void test_auth_and_nonce(void **state)
{
    (void)state;
    struct s2si_message_writer writer;
    struct s2si_auth auth;
    struct s2s_span nonce;
    s2si_chain_start(&writer, buffer, sizeof(buffer));
    s2si_auth_encode(&writer, S2SI_AUTH_PSK, (const uint8_t *)"0123456789", 10);
    assert_int_equal(0, s2si_auth_decode(written(&writer), &auth));
    assert_int_equal(2, auth.method);
    assert_int_equal(10, auth.data.length);
    struct s2si_payload empty = BODY(AUTH, 2, 0, 0, 0);
    assert_int_equal(S2S_ERR_MALFORMED, s2si_auth_decode(&empty, &auth));
    static const uint8_t bytes[257];
    for (size_t length = 0; length <= 257; length++) {
        struct s2si_payload payload = body(S2SI_PAYLOAD_NONCE, bytes, length);
        assert_int_equal(length < 16 || length > 256 ? S2S_ERR_MALFORMED : 0, s2si_nonce_decode(&payload, &nonce));
    }
}

static void test_notify(void **state)
{
    (void)state;
    struct s2si_message_writer writer;
    struct s2si_notify_payload notify;
    s2si_chain_start(&writer, buffer, sizeof(buffer));
    s2si_notify_encode_spi(&writer, S2SI_PROTOCOL_ESP, 0x01020304, S2SI_N_REKEY_SA, "x", 1);
    assert_int_equal(0, s2si_notify_decode(written(&writer), &notify));
    assert_int_equal(S2SI_PROTOCOL_ESP, notify.protocol);
    assert_int_equal(S2SI_N_REKEY_SA, notify.type);
    assert_int_equal(4, notify.spi.length);
    assert_int_equal(0x01020304, s2si_get_u32(notify.spi.data));
    assert_int_equal(1, notify.data.length);
    /* Protocol without an SPI is ignored; many peers set it to IKE. */
    struct s2si_payload ike = BODY(NOTIFY, 1, 0, 0x40, 4, 9);
    assert_int_equal(0, s2si_notify_decode(&ike, &notify));
    assert_int_equal(0, notify.protocol);
    /* Row 37: an SPI of IKE or of no protocol; others: SPI outside the body. */
    struct s2si_payload bad[] = {BODY(NOTIFY, 1, 4, 0x40, 9, 1, 2, 3, 4), BODY(NOTIFY, 0, 4, 0x40, 9, 1, 2, 3, 4),
                                 BODY(NOTIFY, 3, 8, 0, 11, 1, 2, 3, 4, 5, 6, 7, 8), BODY(NOTIFY, 3, 4, 0, 11, 1, 2),
                                 BODY(NOTIFY, 3, 255, 0, 11), BODY(NOTIFY, 0, 0, 1)};
    for (size_t i = 0; i < S2SI_COUNT(bad); i++) {
        assert_int_equal(S2S_ERR_MALFORMED, s2si_notify_decode(&bad[i], &notify));
    }
}

static void test_notify_find(void **state)
{
    (void)state;
    struct s2si_message_writer writer;
    struct s2si_notify_payload notify;
    s2si_chain_start(&writer, buffer, sizeof(buffer));
    s2si_notify_encode(&writer, S2SI_N_INITIAL_CONTACT, NULL, 0);
    s2si_notify_encode(&writer, S2SI_N_TS_UNACCEPTABLE, NULL, 0);
    s2si_notify_encode(&writer, 8192, "z", 1);
    assert_int_equal(0, s2si_message_finish(&writer));
    message.count = 0;
    assert_int_equal(0, s2si_message_parse_chain(&message, writer.first, buffer, writer.bytes.length, NULL));
    assert_true(s2si_notify_find(&message, 8192, &notify));
    assert_int_equal(1, notify.data.length);
    assert_false(s2si_notify_find(&message, S2SI_N_COOKIE, NULL));
    assert_int_equal(S2SI_N_TS_UNACCEPTABLE, s2si_notify_first_error(&message, NULL));
}

static void test_delete(void **state)
{
    (void)state;
    struct s2si_message_writer writer;
    struct s2si_delete payload;
    const uint32_t spis[] = {0x01020304, 0xfffefdfc};
    s2si_chain_start(&writer, buffer, sizeof(buffer));
    s2si_delete_encode_esp(&writer, spis, 2);
    assert_int_equal(0, s2si_delete_decode(written(&writer), &payload));
    assert_int_equal(2, payload.count);
    assert_int_equal(spis[1], s2si_delete_spi(&payload, 1));
    s2si_chain_start(&writer, buffer, sizeof(buffer));
    s2si_delete_encode_ike(&writer);
    assert_int_equal(0, s2si_delete_decode(written(&writer), &payload));
    assert_int_equal(S2SI_PROTOCOL_IKE, payload.protocol);
    struct s2si_payload bad[] = {BODY(DELETE, 3, 4, 0, 2, 1, 2, 3, 4),  BODY(DELETE, 3, 4, 0, 1, 1, 2, 3, 4, 5),
                                 BODY(DELETE, 1, 4, 0, 1, 1, 2, 3, 4),  BODY(DELETE, 1, 0, 0, 1),
                                 BODY(DELETE, 3, 0, 0, 1),              BODY(DELETE, 9, 4, 0, 1, 1, 2, 3, 4),
                                 BODY(DELETE, 3, 4, 0xff, 0xff, 1, 2)};
    for (size_t i = 0; i < S2SI_COUNT(bad); i++) {
        assert_int_equal(S2S_ERR_MALFORMED, s2si_delete_decode(&bad[i], &payload));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ke),     cmocka_unit_test(test_group_numbers), cmocka_unit_test(test_id),
        cmocka_unit_test(test_auth_and_nonce), cmocka_unit_test(test_notify), cmocka_unit_test(test_notify_find),
        cmocka_unit_test(test_delete),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
