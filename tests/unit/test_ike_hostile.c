/* SPDX-License-Identifier: Apache-2.0 */
/* Bad inputs that brought other implementations down, by the number of their row in the list of known cases; then each
   valid message cut off at each byte, and with each byte set to 0 and 255. */
#include "ike_messages.h"

#include <stdlib.h>

#include "tests/fuzz/ike_decode.h"

static uint8_t packet[4096], chain[4096], scratch[4096];
static struct s2si_message message;
static struct s2si_message_error error;

/* @return the parse result; what parses is checked and decoded. The bytes lie in a block of exactly their size, so that a
   sanitizer sees one read too far. */
static int digest(const uint8_t *data, size_t length)
{
    uint8_t *block = malloc(length == 0 ? 1 : length);
    assert_non_null(block);
    memcpy(block, data, length);
    int result = s2si_message_parse(block, length, &message, &error);
    if (result == 0) {
        decode_message(&message);
    } else {
        assert_int_not_equal(0, error.notify);
        assert_non_null(error.what);
    }
    free(block);
    return result;
}

static int digest_chain(uint8_t first, const uint8_t *data, size_t length)
{
    uint8_t *block = malloc(length == 0 ? 1 : length);
    assert_non_null(block);
    memcpy(block, data, length);
    message.header = ike_header(S2SI_IKE_AUTH, false, 1);
    message.count = 1;
    message.payloads[0] = (struct s2si_payload){.type = S2SI_PAYLOAD_SK, .known = true};
    int result = s2si_message_parse_chain(&message, first, block, length, &error);
    if (result == 0) {
        decode_message(&message);
    }
    free(block);
    return result;
}

static void row_1_private_group(void **state)
{
    (void)state;
    static const uint8_t body[] = {4, 1, 0, 0, 1, 2, 3};
    struct s2si_payload payload = {.type = S2SI_PAYLOAD_KE, .data = body, .length = sizeof(body)};
    struct s2si_ke ke;
    for (uint32_t group = 0; group < 65536; group++) {
        assert_true(group == 0 || s2si_group_algorithm((uint16_t)group) == S2S_ALG_NONE ||
                    s2si_group_number(s2si_group_algorithm((uint16_t)group)) == group);
    }
    assert_int_equal(0, s2si_ke_decode(&payload, &ke));
    assert_int_equal(1025, ke.group);
    assert_int_equal(S2S_ALG_NONE, ke.algorithm);
}

static void row_2_ikev1_payloads(void **state)
{
    (void)state;
    for (unsigned type = 1; type < 256; type++) {
        struct s2si_message_writer writer;
        struct s2si_ike_header header = ike_header(S2SI_IKE_SA_INIT, false, 0);
        s2si_message_start(&writer, packet, sizeof(packet), &header);
        s2si_payload_begin(&writer, (uint8_t)type);
        s2si_write_zeros(&writer.bytes, 20);
        s2si_payload_end(&writer);
        assert_int_equal(0, s2si_message_finish(&writer));
        int result = digest(packet, writer.bytes.length);
        assert_int_equal(type <= S2SI_IKEV1_PAYLOAD_LAST ? S2S_ERR_MALFORMED : 0, result);
    }
}

static void row_3_empty_and_missing_ke(void **state)
{
    (void)state;
    for (size_t length = 0; length <= 8; length++) {
        static const uint8_t zeros[8];
        struct s2si_payload payload = {.type = S2SI_PAYLOAD_KE, .data = zeros, .length = length};
        struct s2si_ke ke;
        assert_int_equal(length <= 4 ? S2S_ERR_MALFORMED : 0, s2si_ke_decode(&payload, &ke));
    }
}

/* A proposal without a group, and one of algorithms that we lack: decoded, never chosen. */
static void rows_5_and_6_unusable_proposals(void **state)
{
    (void)state;
    static const uint8_t no_group[] = {0, 0, 0, 36, 1, 1, 0, 3, 3, 0, 0, 12, 1, 0, 0, 12, 0x80, 14, 1, 0,
                                       3, 0, 0, 8, 2, 0, 0, 5, 0, 0, 0, 8, 3, 0, 0, 12};
    static const uint8_t foreign[] = {0, 0, 0, 40, 1, 1, 0, 4, 3, 0, 0, 8, 1, 0, 0, 23, 3, 0, 0, 8,
                                      2, 0, 0, 8, 3, 0, 0, 8, 3, 0, 0, 99, 0, 0, 0, 8, 4, 0, 0, 35};
    const struct {
        const uint8_t *data;
        size_t length;
    } rows[] = {{no_group, sizeof(no_group)}, {foreign, sizeof(foreign)}};
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct s2si_payload payload = {.type = S2SI_PAYLOAD_SA, .data = rows[i].data, .length = rows[i].length};
        struct s2si_proposal_list ours = ike_list_ike(), theirs;
        struct s2si_proposal chosen;
        struct s2si_suite suite;
        assert_int_equal(0, s2si_sa_decode(&payload, &theirs));
        assert_int_equal(S2S_ERR_NOT_FOUND, s2si_proposal_select(&ours, &theirs, false, &chosen, &suite));
    }
}

/* An encrypted message for which there are no keys yet parses as far as the envelope and gives nothing to act upon. */
static void row_8_encrypted_before_keys(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_message_writer writer;
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    ike_chain_delete(&writer, chain, sizeof(chain));
    size_t length = ike_sealed(&keys, S2SI_INFORMATIONAL, &writer, packet, sizeof(packet));
    assert_int_equal(0, digest(packet, length));
    assert_int_equal(1, message.count);
    assert_null(s2si_message_find(&message, S2SI_PAYLOAD_DELETE, 0));
    message.payloads[0].type = S2SI_PAYLOAD_VENDOR; /* nothing to open at all */
    assert_int_equal(S2S_ERR_MALFORMED, s2si_sk_open(&keys.open, &message, scratch, sizeof(scratch), &error));
    assert_int_equal(S2SI_N_NONE, error.notify);
    ike_keys_close(&keys);
}

/* pad_with_unknown_v2_payloads: in clear, encrypted, and both together. */
static void row_12_payload_limit(void **state)
{
    (void)state;
    for (size_t count = 1; count < 300; count++) {
        struct s2si_message_writer writer;
        struct s2si_ike_header header = ike_header(S2SI_IKE_SA_INIT, false, 0);
        s2si_message_start(&writer, packet, sizeof(packet), &header);
        for (size_t i = 0; i < count; i++) {
            s2si_payload_begin(&writer, 200);
            s2si_payload_end(&writer);
        }
        assert_int_equal(0, s2si_message_finish(&writer));
        assert_int_equal(count <= S2SI_MESSAGE_PAYLOADS ? 0 : S2S_ERR_MALFORMED, digest(packet, writer.bytes.length));
        assert_true(message.count <= S2SI_MESSAGE_PAYLOADS);
        int inner = digest_chain(200, packet + S2SI_IKE_HEADER_LENGTH, writer.bytes.length - S2SI_IKE_HEADER_LENGTH);
        assert_int_equal(count < S2SI_MESSAGE_PAYLOADS ? 0 : S2S_ERR_MALFORMED, inner);
        assert_true(message.count <= S2SI_MESSAGE_PAYLOADS);
    }
}

static void row_19_long_identity(void **state)
{
    (void)state;
    static uint8_t body[4 + 70000];
    body[0] = S2SI_ID_FQDN;
    static const size_t lengths[] = {255, 256, 520, 4096, 65531};
    for (size_t i = 0; i < S2SI_COUNT(lengths); i++) {
        struct s2si_payload payload = {.type = S2SI_PAYLOAD_IDI, .data = body, .length = 4 + lengths[i]};
        struct s2si_identity id;
        assert_int_equal(lengths[i] <= S2SI_ID_LENGTH ? 0 : S2S_ERR_MALFORMED, s2si_id_decode(&payload, &id, NULL));
    }
}

/* The text of a notify is bytes for us, never a format or a command: only its number has a name. */
static void row_20_notify_text(void **state)
{
    (void)state;
    static const uint8_t body[] = {0, 0, 0, 14, '%', 's', '%', 'n', '`', '$', '(', 0, 0xff};
    struct s2si_payload payload = {.type = S2SI_PAYLOAD_NOTIFY, .known = true, .data = body, .length = sizeof(body)};
    struct s2si_notify_payload notify;
    assert_int_equal(0, s2si_notify_decode(&payload, &notify));
    assert_string_equal("NO_PROPOSAL_CHOSEN", s2si_notify_name(notify.type));
    assert_int_equal(9, notify.data.length);
}

/* VPP's cases: a message or its SA payload of length 0xDEAD. */
static void length_dead(void **state)
{
    (void)state;
    size_t length = ike_init_request(packet, sizeof(packet));
    s2si_put_u32(packet + 24, 0xdead);
    assert_int_equal(S2S_ERR_MALFORMED, digest(packet, length));
    for (size_t at = 30; at + 2 <= length; at++) {
        ike_init_request(packet, sizeof(packet));
        s2si_put_u16(packet + at, 0xdead);
        digest(packet, length);
    }
    ike_init_request(packet, sizeof(packet));
    s2si_put_u16(packet + 30, 0xdead);
    assert_int_equal(S2S_ERR_MALFORMED, digest(packet, length));
}

/* An unknown critical payload in front of, between and behind the others; without the bit it is skipped. */
static void unknown_payload_in_each_place(void **state)
{
    (void)state;
    for (unsigned place = 0; place < 4; place++) {
        for (unsigned critical = 0; critical < 2; critical++) {
            struct s2si_message_writer writer;
            struct s2si_ike_header header = ike_header(S2SI_IKE_SA_INIT, false, 0);
            struct s2si_proposal_list list = ike_list_ike();
            s2si_message_start(&writer, packet, sizeof(packet), &header);
            for (unsigned i = 0; i < 4; i++) {
                if (i == place) {
                    s2si_payload_begin(&writer, 255);
                    size_t at = writer.payload_at;
                    s2si_payload_end(&writer);
                    s2si_patch_u8(&writer.bytes, at + 1, critical ? 0xff : 0x7f);
                }
                if (i == 0) {
                    s2si_sa_encode(&writer, &list);
                } else if (i == 1) {
                    s2si_ke_encode(&writer, S2S_CURVE25519, chain, 32);
                } else if (i == 2) {
                    s2si_nonce_encode(&writer, chain, 32);
                }
            }
            assert_int_equal(0, s2si_message_finish(&writer));
            assert_int_equal(critical ? S2S_ERR_UNSUPPORTED : 0, digest(packet, writer.bytes.length));
            if (critical) {
                assert_int_equal(S2SI_N_UNSUPPORTED_CRITICAL_PAYLOAD, error.notify);
                assert_int_equal(255, error.payload);
            }
        }
    }
}

static void reserved_bits_are_ignored(void **state)
{
    (void)state;
    struct s2si_message_writer writer;
    size_t length = ike_init_request(packet, sizeof(packet));
    assert_int_equal(0, s2si_message_parse(packet, length, &message, &error));
    for (size_t i = 0; i < message.count; i++) {
        packet[(size_t)(message.payloads[i].data - packet) - 3] |= 0x7f;
    }
    packet[19] |= 0xc7;
    assert_int_equal(0, digest(packet, length));
    /* Reserved bytes of ID and TS bodies. */
    ike_chain_auth_request(&writer, chain, sizeof(chain));
    assert_int_equal(0, digest_chain(writer.first, chain, writer.bytes.length));
    struct s2si_identity id;
    struct s2si_ts_list ts;
    chain[5] = chain[6] = chain[7] = 0xff;
    message.count = 0;
    assert_int_equal(0, s2si_message_parse_chain(&message, writer.first, chain, writer.bytes.length, &error));
    assert_int_equal(0, s2si_id_decode(s2si_message_find(&message, S2SI_PAYLOAD_IDI, 0), &id, NULL));
    const struct s2si_payload *tsi = s2si_message_find(&message, S2SI_PAYLOAD_TSI, 0);
    memset(chain + (tsi->data - chain) + 1, 0xff, 3);
    assert_int_equal(0, s2si_ts_decode(tsi, &ts));
    assert_int_equal(3, ts.count);
}

/* Cut anywhere, a message is refused; changed anywhere, it does no harm. */
static void each_byte_of_init(void **state)
{
    (void)state;
    static uint8_t original[2048];
    size_t (*const makers[])(uint8_t *, size_t) = {ike_init_request, ike_init_response};
    for (size_t m = 0; m < S2SI_COUNT(makers); m++) {
        size_t length = makers[m](original, sizeof(original));
        for (size_t i = 0; i < length; i++) {
            memcpy(packet, original, length);
            assert_int_equal(S2S_ERR_MALFORMED, digest(packet, i));
            if (i >= S2SI_IKE_HEADER_LENGTH) { /* with a length that says so */
                s2si_put_u32(packet + 24, (uint32_t)i);
                assert_int_equal(S2S_ERR_MALFORMED, digest(packet, i));
            }
            for (unsigned value = 0; value < 256; value += 255) {
                memcpy(packet, original, length);
                packet[i] = (uint8_t)value;
                digest(packet, length);
            }
        }
    }
}

static void each_byte_of_chains(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < 4; kind++) {
        struct s2si_message_writer writer;
        uint8_t changed[2048];
        if (kind == 0) {
            ike_chain_auth_request(&writer, chain, sizeof(chain));
        } else if (kind == 3) {
            ike_chain_delete(&writer, chain, sizeof(chain));
        } else {
            ike_chain_child_request(&writer, chain, sizeof(chain), true, kind == 1);
        }
        size_t length = writer.bytes.length;
        assert_int_equal(0, digest_chain(writer.first, chain, length));
        for (size_t i = 0; i < length; i++) {
            assert_int_equal(S2S_ERR_MALFORMED, digest_chain(writer.first, chain, i));
            for (unsigned value = 0; value < 256; value += 255) {
                memcpy(changed, chain, length);
                changed[i] = (uint8_t)value;
                digest_chain(writer.first, changed, length);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_1_private_group),
        cmocka_unit_test(row_2_ikev1_payloads),
        cmocka_unit_test(row_3_empty_and_missing_ke),
        cmocka_unit_test(rows_5_and_6_unusable_proposals),
        cmocka_unit_test(row_8_encrypted_before_keys),
        cmocka_unit_test(row_12_payload_limit),
        cmocka_unit_test(row_19_long_identity),
        cmocka_unit_test(row_20_notify_text),
        cmocka_unit_test(length_dead),
        cmocka_unit_test(unknown_payload_in_each_place),
        cmocka_unit_test(reserved_bits_are_ignored),
        cmocka_unit_test(each_byte_of_init),
        cmocka_unit_test(each_byte_of_chains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
