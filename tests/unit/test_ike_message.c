/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

static uint8_t packet[2048];
static struct s2si_message message;
static struct s2si_message_error error;

static int parse(size_t length)
{
    return s2si_message_parse(packet, length, &message, &error);
}

/* A message whose chain is given byte by byte; the header's length is right. */
static size_t raw(uint8_t exchange, uint8_t first, const uint8_t *chain, size_t length)
{
    struct s2si_ike_header header = ike_header(exchange, false, exchange == S2SI_IKE_SA_INIT ? 0 : 1);
    struct s2si_writer writer = s2si_writer(packet, sizeof(packet));
    header.next_payload = first;
    header.length = (uint32_t)(S2SI_IKE_HEADER_LENGTH + length);
    s2si_ike_header_write(&writer, &header);
    s2si_write_bytes(&writer, chain, length);
    return writer.length;
}

static void test_header_round_trip(void **state)
{
    (void)state;
    struct s2si_ike_header header = ike_header(S2SI_INFORMATIONAL, true, 0x01020304), again;
    struct s2si_writer writer = s2si_writer(packet, sizeof(packet));
    header.length = S2SI_IKE_HEADER_LENGTH;
    header.flags |= 0xc7; /* reserved bits, as libreswan's impaired peers set them: ignored */
    s2si_ike_header_write(&writer, &header);
    assert_int_equal(S2SI_IKE_HEADER_LENGTH, writer.length);
    assert_int_equal(0, s2si_ike_header_parse(packet, writer.length, &again, &error));
    assert_true(again.spi_i == IKE_SPI_I && again.spi_r == IKE_SPI_R);
    assert_int_equal(S2SI_INFORMATIONAL, again.exchange);
    assert_int_equal(0x01020304, again.message_id);
    assert_true(s2si_ike_header_is_response(&again));
}

static void test_version(void **state)
{
    (void)state;
    size_t length = ike_init_request(packet, sizeof(packet));
    packet[17] = 0x2f; /* a later minor version is read as ours */
    assert_int_equal(0, parse(length));
    for (unsigned major = 0; major < 16; major++) {
        packet[17] = (uint8_t)(major << 4);
        assert_int_equal(major == 2 ? 0 : S2S_ERR_UNSUPPORTED, parse(length));
        if (major != 2) {
            assert_int_equal(S2SI_N_INVALID_MAJOR_VERSION, error.notify);
            assert_true(message.header.spi_i == IKE_SPI_I);
        }
    }
}

static void test_header_rules(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t at;
        uint8_t value;
    } rows[] = {
        {"SPIr in the first request", 15, 1}, {"Message ID of IKE_SA_INIT", 23, 1},
        {"length one more", 27, 1},           {"Initiator flag missing", 19, 0},
        {"response with Initiator flag", 19, 0x28},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        size_t length = ike_init_request(packet, sizeof(packet));
        packet[rows[i].at] = rows[i].at == 27 ? (uint8_t)(packet[27] + 1) : rows[i].value;
        if (parse(length) != S2S_ERR_MALFORMED) {
            fail_msg("%s", rows[i].what);
        }
    }
    size_t length = ike_init_request(packet, sizeof(packet));
    assert_int_equal(S2S_ERR_MALFORMED, parse(length - 1));
    packet[length] = 0;
    assert_int_equal(S2S_ERR_MALFORMED, parse(length + 1)); /* trailing bytes */
    memset(packet, 0, 8);
    assert_int_equal(S2S_ERR_MALFORMED, parse(length)); /* SPIi 0 */
    static const uint8_t empty[1];
    length = raw(S2SI_INFORMATIONAL, 0, empty, 0);
    assert_int_equal(0, parse(length));
    memset(packet + 8, 0, 8);
    assert_int_equal(S2S_ERR_MALFORMED, parse(length)); /* SPIr 0 after IKE_SA_INIT */
}

static void test_init_round_trip(void **state)
{
    (void)state;
    static const uint8_t types[] = {S2SI_PAYLOAD_NOTIFY, S2SI_PAYLOAD_SA, S2SI_PAYLOAD_KE, S2SI_PAYLOAD_NONCE,
                                    S2SI_PAYLOAD_NOTIFY, S2SI_PAYLOAD_NOTIFY, S2SI_PAYLOAD_NOTIFY, S2SI_PAYLOAD_VENDOR};
    assert_int_equal(0, parse(ike_init_request(packet, sizeof(packet))));
    assert_int_equal(S2SI_COUNT(types), message.count);
    for (size_t i = 0; i < message.count; i++) {
        assert_int_equal(types[i], message.payloads[i].type);
        assert_true(message.payloads[i].known);
        assert_false(message.payloads[i].encrypted);
    }
    assert_int_equal(4, s2si_message_count(&message, S2SI_PAYLOAD_NOTIFY));
    assert_ptr_equal(&message.payloads[5], s2si_message_find(&message, S2SI_PAYLOAD_NOTIFY, 2));
    assert_null(s2si_message_find(&message, S2SI_PAYLOAD_NOTIFY, 4));
    assert_null(s2si_message_find(&message, S2SI_PAYLOAD_AUTH, 0));
}

static void test_unknown_payloads(void **state)
{
    (void)state;
    static const uint8_t skipped[] = {43, 0, 0, 5, 1, 0, 0x7f, 0, 4};
    static const uint8_t critical[] = {43, 0x80, 0, 5, 1, 0, 0, 0, 4};
    assert_int_equal(0, parse(raw(S2SI_IKE_SA_INIT, 200, skipped, sizeof(skipped))));
    assert_int_equal(2, message.count);
    assert_false(message.payloads[0].known);
    assert_int_equal(S2S_ERR_UNSUPPORTED, parse(raw(S2SI_IKE_SA_INIT, 200, critical, sizeof(critical))));
    assert_int_equal(S2SI_N_UNSUPPORTED_CRITICAL_PAYLOAD, error.notify);
    assert_int_equal(200, error.payload);
    /* The critical bit on a type that we understand means nothing. */
    assert_int_equal(0, parse(raw(S2SI_IKE_SA_INIT, S2SI_PAYLOAD_CERTREQ, critical, sizeof(critical))));
}

static void test_sk_ends_the_chain(void **state)
{
    (void)state;
    static const uint8_t sk[] = {43, 0, 0, 6, 1, 2};
    static const uint8_t behind[] = {43, 0, 0, 6, 1, 2, 0, 0, 0, 4};
    assert_int_equal(0, parse(raw(S2SI_INFORMATIONAL, S2SI_PAYLOAD_SK, sk, sizeof(sk))));
    assert_int_equal(1, message.count);
    assert_int_equal(43, message.payloads[0].next);
    assert_int_equal(S2S_ERR_MALFORMED, parse(raw(S2SI_INFORMATIONAL, S2SI_PAYLOAD_SK, behind, sizeof(behind))));
}

static void test_writer_tells_when_it_is_full(void **state)
{
    (void)state;
    uint8_t small[40];
    struct s2si_message_writer writer;
    struct s2si_ike_header header = ike_header(S2SI_IKE_SA_INIT, false, 0);
    for (size_t capacity = 0; capacity < sizeof(small); capacity++) {
        s2si_message_start(&writer, small, capacity, &header);
        s2si_vendor_encode(&writer, "12345678", 8);
        assert_int_equal(S2S_ERR_BUFFER, s2si_message_finish(&writer));
    }
    s2si_message_start(&writer, small, sizeof(small), &header);
    s2si_vendor_encode(&writer, "12345678", 8);
    assert_int_equal(0, s2si_message_finish(&writer));
    s2si_message_start(&writer, small, sizeof(small), &header);
    s2si_payload_begin(&writer, S2SI_PAYLOAD_VENDOR);
    assert_int_equal(S2S_ERR_BUFFER, s2si_message_finish(&writer)); /* never ended */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_round_trip),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_header_rules),
        cmocka_unit_test(test_init_round_trip),
        cmocka_unit_test(test_unknown_payloads),
        cmocka_unit_test(test_sk_ends_the_chain),
        cmocka_unit_test(test_writer_tells_when_it_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
