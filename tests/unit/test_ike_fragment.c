/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

static uint8_t chain[20000], packet[4000], scratch[4000], whole[20000];
static struct s2si_message message;
static struct s2si_message_error error;
static const struct s2si_fragment_limits LIMITS = {.fragments = 64, .bytes = 16384, .age = 30 * (s2s_time)S2S_SECOND};

static struct s2si_skf fragment(uint16_t number, uint16_t total, const char *text)
{
    return (struct s2si_skf){.number = number, .total = total, .first = number == 1 ? 43 : 0,
                             .data = {.data = (const uint8_t *)text, .length = strlen(text)}};
}

static int add(struct s2si_reassembly *r, uint32_t id, uint16_t number, uint16_t total, const char *text, s2s_time now)
{
    struct s2si_ike_header header = ike_header(S2SI_IKE_AUTH, false, id);
    struct s2si_skf skf = fragment(number, total, text);
    int result = s2si_reassembly_add(r, &header, &skf, now);
    assert_true(r->mem->bytes <= LIMITS.bytes + LIMITS.fragments * 64);
    return result;
}

struct fixture {
    struct s2si_mem mem;
    struct s2si_reassembly reassembly;
};

static int setup(void **state)
{
    static struct fixture fixture;
    assert_int_equal(0, s2si_mem_init(&fixture.mem, NULL));
    s2si_reassembly_init(&fixture.reassembly, &fixture.mem, &LIMITS);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    s2si_reassembly_clear(&fixture->reassembly);
    return fixture->mem.blocks == 0 ? 0 : -1;
}

/* A long chain cut up by skf_seal, opened and joined again, last fragment first and duplicates in between. */
static void test_split_and_join(void **state)
{
    struct fixture *fixture = *state;
    static const size_t sizes[] = {1252, 548, 200};
    struct ike_keys keys;
    ike_keys_open(&keys, S2S_AES256_CBC, S2S_HMAC_SHA2_256_128);
    for (size_t i = 0; i < S2SI_COUNT(sizes); i++) {
        struct s2si_message_writer writer;
        struct s2si_ike_header header = ike_header(S2SI_IKE_AUTH, false, 1);
        s2si_chain_start(&writer, chain, sizeof(chain));
        for (size_t j = 0; j < 3000; j++) {
            whole[j] = (uint8_t)(j * 7);
        }
        s2si_vendor_encode(&writer, whole, 3000);
        size_t length, total = s2si_skf_count(&keys.seal, writer.bytes.length, sizes[i]);
        assert_true(total > 1);
        int result = S2S_ERR_AGAIN;
        for (size_t n = total; n >= 1; n--) {
            struct s2si_skf skf;
            assert_int_equal(0, s2si_skf_seal(&keys.seal, &header, writer.first, chain, writer.bytes.length, sizes[i],
                                              (uint16_t)n, packet, sizeof(packet), &length));
            assert_true(length <= sizes[i]);
            assert_int_equal(0, s2si_message_parse(packet, length, &message, &error));
            assert_int_equal(0, s2si_skf_decode(&message, &skf));
            assert_int_equal(n == 1 ? 43 : 0, skf.first);
            assert_true(s2si_reassembly_wants(&fixture->reassembly, 1, &skf, 0));
            assert_int_equal(0, s2si_skf_open(&keys.open, &message, scratch, sizeof(scratch), &skf));
            assert_int_equal(S2S_ERR_AGAIN, result);
            result = s2si_reassembly_add(&fixture->reassembly, &message.header, &skf, 0);
            assert_false(s2si_reassembly_wants(&fixture->reassembly, 1, &skf, 0));
            assert_int_equal(S2S_ERR_EXISTS, s2si_reassembly_add(&fixture->reassembly, &message.header, &skf, 0));
        }
        assert_int_equal(0, result);
        assert_int_equal(0, s2si_reassembly_take(&fixture->reassembly, &message, whole, sizeof(whole), &error));
        assert_int_equal(2, message.count);
        assert_int_equal(3000, message.payloads[1].length);
        assert_true(message.payloads[1].encrypted);
        assert_memory_equal(chain + 4, message.payloads[1].data, 3000);
        assert_false(fixture->reassembly.active);
    }
    ike_keys_close(&keys);
}

static void test_skf_header_rules(void **state)
{
    (void)state;
    static const struct {
        uint8_t next, body[4];
        int result;
    } rows[] = {
        {43, {0, 1, 0, 2}, 0}, {0, {0, 2, 0, 2}, 0},
        {43, {0, 0, 0, 2}, S2S_ERR_MALFORMED} /* number 0 */, {0, {0, 3, 0, 2}, S2S_ERR_MALFORMED} /* above total */,
        {0, {0, 1, 0, 2}, S2S_ERR_MALFORMED} /* first without a type */,
        {43, {0, 2, 0, 2}, S2S_ERR_MALFORMED} /* type on a later one */, {0, {0, 0, 0, 0}, S2S_ERR_MALFORMED},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct s2si_skf skf;
        message.count = 1;
        message.payloads[0] = (struct s2si_payload){
            .type = S2SI_PAYLOAD_SKF, .known = true, .next = rows[i].next, .data = rows[i].body, .length = 4};
        assert_int_equal(rows[i].result, s2si_skf_decode(&message, &skf));
    }
}

static void test_larger_total_replaces_smaller_is_dropped(void **state)
{
    struct s2si_reassembly *r = &((struct fixture *)*state)->reassembly;
    assert_int_equal(S2S_ERR_AGAIN, add(r, 1, 2, 3, "x", 0));
    assert_int_equal(S2S_ERR_MALFORMED, add(r, 1, 1, 2, "x", 0));
    assert_int_equal(S2S_ERR_AGAIN, add(r, 1, 1, 4, "abcd", 0));
    assert_int_equal(1, r->received);
    assert_int_equal(4, s2si_reassembly_length(r));
    assert_int_equal(S2S_ERR_AGAIN, add(r, 2, 1, 2, "other message", 0));
    assert_int_equal(1, r->received);
}

static void test_other_exchange_same_id(void **state)
{
    struct s2si_reassembly *r = &((struct fixture *)*state)->reassembly;
    struct s2si_ike_header header = ike_header(S2SI_INFORMATIONAL, false, 1);
    struct s2si_skf skf = fragment(2, 2, "y");
    assert_int_equal(S2S_ERR_AGAIN, add(r, 1, 1, 2, "x", 0));
    assert_int_equal(S2S_ERR_MALFORMED, s2si_reassembly_add(r, &header, &skf, 0));
}

static void test_limits(void **state)
{
    struct s2si_reassembly *r = &((struct fixture *)*state)->reassembly;
    static char big[9000];
    memset(big, 'b', sizeof(big) - 1);
    assert_int_equal(S2S_ERR_LIMIT, add(r, 1, 1, 65, "x", 0));
    assert_int_equal(S2S_ERR_LIMIT, add(r, 1, 65535, 65535, "x", 0));
    assert_false(r->active);
    assert_int_equal(S2S_ERR_AGAIN, add(r, 1, 1, 3, big, 0));
    assert_int_equal(S2S_ERR_LIMIT, add(r, 1, 2, 3, big, 0));
    assert_false(r->active); /* forgotten as a whole: it can never fit */
}

static void test_age(void **state)
{
    struct s2si_reassembly *r = &((struct fixture *)*state)->reassembly;
    assert_true(s2si_reassembly_deadline(r) == S2S_TIME_NEVER);
    assert_int_equal(S2S_ERR_AGAIN, add(r, 1, 1, 2, "x", 100));
    assert_true(s2si_reassembly_deadline(r) == 100 + LIMITS.age);
    s2si_reassembly_expire(r, 99 + LIMITS.age);
    assert_true(r->active);
    assert_int_equal(S2S_ERR_AGAIN, add(r, 1, 2, 2, "y", 100 + LIMITS.age)); /* the old half is gone */
    assert_int_equal(1, r->received);
    s2si_reassembly_expire(r, 100 + 2 * LIMITS.age);
    assert_false(r->active);
}

/* Row 12, CVE-2026-12413: fragments, each fine, that join to more payloads than fit. */
static void test_row_12_too_many_payloads(void **state)
{
    struct s2si_reassembly *r = &((struct fixture *)*state)->reassembly;
    struct s2si_ike_header header = ike_header(S2SI_IKE_AUTH, false, 1);
    for (size_t count = 28; count < 40; count++) {
        for (size_t i = 0; i < count; i++) {
            memcpy(chain + 4 * i, (const uint8_t[]){i + 1 == count ? 0 : 43, 0, 0, 4}, 4);
        }
        size_t half = 2 * count;
        struct s2si_skf one = {.number = 1, .total = 2, .first = 43, .data = {chain, half}};
        struct s2si_skf two = {.number = 2, .total = 2, .data = {chain + half, 4 * count - half}};
        assert_int_equal(S2S_ERR_AGAIN, s2si_reassembly_add(r, &header, &two, 0));
        assert_int_equal(0, s2si_reassembly_add(r, &header, &one, 0));
        message.header = header;
        message.count = 1;
        message.payloads[0] = (struct s2si_payload){.type = S2SI_PAYLOAD_SKF, .known = true};
        int result = s2si_reassembly_take(r, &message, whole, sizeof(whole), &error);
        assert_int_equal(count < S2SI_MESSAGE_PAYLOADS ? 0 : S2S_ERR_MALFORMED, result);
        assert_true(message.count <= S2SI_MESSAGE_PAYLOADS);
    }
}

/* Row 13: empty fragments, and pieces that do not make a chain. */
static void test_row_13_wrong_sums(void **state)
{
    struct s2si_reassembly *r = &((struct fixture *)*state)->reassembly;
    assert_int_equal(S2S_ERR_AGAIN, add(r, 1, 3, 3, "", 0));
    assert_int_equal(S2S_ERR_AGAIN, add(r, 1, 1, 3, "", 0));
    assert_int_equal(S2S_ERR_EXISTS, add(r, 1, 1, 3, "", 0));
    assert_int_equal(0, add(r, 1, 2, 3, "abc", 0));
    message.count = 0;
    assert_int_equal(S2S_ERR_BUFFER, s2si_reassembly_take(r, &message, whole, 2, &error));
    assert_int_equal(S2S_ERR_MALFORMED, s2si_reassembly_take(r, &message, whole, 3, &error));
    assert_int_equal(S2SI_N_INVALID_SYNTAX, error.notify);
    assert_false(r->active);
}

/* Row 14: no order of arrival costs more: allocations are one per fragment and one per message. */
static void test_row_14_worst_order(void **state)
{
    struct fixture *fixture = *state;
    uint64_t before = fixture->mem.allocations;
    for (uint16_t n = 64; n >= 1; n--) {
        assert_int_equal(n == 1 ? 0 : S2S_ERR_AGAIN, add(&fixture->reassembly, 1, n, 64, "z", 0));
    }
    assert_int_equal(65, fixture->mem.allocations - before);
}

static void test_size_too_small(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_ike_header header = ike_header(S2SI_IKE_AUTH, false, 1);
    size_t length;
    ike_keys_open(&keys, S2S_AES256_CBC, S2S_HMAC_SHA2_256_128);
    for (size_t size = 0; size < 84; size++) {
        assert_int_equal(0, s2si_skf_room(&keys.seal, size));
        assert_int_equal(0, s2si_skf_count(&keys.seal, 100, size));
        assert_int_equal(S2S_ERR_INVALID, s2si_skf_seal(&keys.seal, &header, 43, chain, 100, size, 1, packet,
                                                        sizeof(packet), &length));
    }
    assert_int_equal(15, s2si_skf_room(&keys.seal, 28 + 8 + 16 + 16 + 16));
    ike_keys_close(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_split_and_join, setup, teardown),
        cmocka_unit_test(test_skf_header_rules),
        cmocka_unit_test_setup_teardown(test_larger_total_replaces_smaller_is_dropped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_exchange_same_id, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_age, setup, teardown),
        cmocka_unit_test_setup_teardown(test_row_12_too_many_payloads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_row_13_wrong_sums, setup, teardown),
        cmocka_unit_test_setup_teardown(test_row_14_worst_order, setup, teardown),
        cmocka_unit_test(test_size_too_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
