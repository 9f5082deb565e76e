/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

static struct s2si_payload body(const uint8_t *data, size_t length)
{
    return (struct s2si_payload){.type = S2SI_PAYLOAD_SA, .known = true, .data = data, .length = length};
}

static void test_round_trip(void **state)
{
    (void)state;
    uint8_t bytes[1024];
    struct s2si_proposal_list lists[2] = {ike_list_ike(), ike_list_esp()}, again;
    for (size_t i = 0; i < 2; i++) {
        struct s2si_message_writer writer;
        s2si_chain_start(&writer, bytes, sizeof(bytes));
        s2si_sa_encode(&writer, &lists[i]);
        assert_int_equal(0, s2si_message_finish(&writer));
        struct s2si_payload payload = body(bytes + 4, writer.bytes.length - 4);
        assert_int_equal(0, s2si_sa_decode(&payload, &again));
        assert_memory_equal(&lists[i].items, &again.items, lists[i].count * sizeof(lists[i].items[0]));
        assert_int_equal(lists[i].count, again.count);
    }
}

/* The bytes of one ESP proposal as RFC 7296 section 3.3 draws them, to be spoiled below:
   header 8, SPI 4, ENCR AES-CBC 128 (12), INTEG SHA2-256-128 (8), ESN no (8). */
static const uint8_t ESP[] = {0,  0, 0, 40, 1, 3, 4,  3, 1, 2, 3, 4,    3,    0, 0,   12, 1, 0, 0, 12,
                              0x80, 14, 0, 128, 3, 0, 0, 8, 3, 0, 0, 12, 0,    0, 0,   8,  5, 0, 0, 0};

static int decode(const uint8_t *bytes, size_t length, struct s2si_proposal_list *out)
{
    struct s2si_payload payload = body(bytes, length);
    return s2si_sa_decode(&payload, out);
}

static void test_figure(void **state)
{
    (void)state;
    struct s2si_proposal_list list;
    assert_int_equal(0, decode(ESP, sizeof(ESP), &list));
    assert_int_equal(1, list.count);
    assert_false(list.items[0].unusable);
    assert_int_equal(S2S_AES128_CBC, list.items[0].algorithms[S2SI_TRANSFORM_ENCR][0]);
    assert_int_equal(S2S_HMAC_SHA2_256_128, list.items[0].algorithms[S2SI_TRANSFORM_INTEG][0]);
    assert_int_equal(S2S_NO_ESN, list.items[0].algorithms[S2SI_TRANSFORM_ESN][0]);
}

/* One byte changed: what becomes of the payload. */
static void test_spoiled_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t at;
        uint8_t value;
        int result;
        bool unusable;
    } rows[] = {
        {"more proposals announced", 0, 2, S2S_ERR_MALFORMED, false},
        {"bad substructure byte", 0, 1, S2S_ERR_MALFORMED, false},
        {"proposal longer than the payload", 3, 41, S2S_ERR_MALFORMED, false},
        {"proposal shorter", 3, 39, S2S_ERR_MALFORMED, false},
        {"proposal length 0", 3, 0, S2S_ERR_MALFORMED, false},
        {"proposal number 0", 4, 0, S2S_ERR_MALFORMED, false},
        {"unknown protocol", 5, 200, 0, true},
        {"AH", 5, 2, 0, false},
        {"SPI size 0", 6, 0, S2S_ERR_MALFORMED, false},
        {"SPI size 8", 6, 8, S2S_ERR_MALFORMED, false},
        {"SPI size 255", 6, 255, S2S_ERR_MALFORMED, false},
        {"one transform more announced", 7, 4, S2S_ERR_MALFORMED, false},
        {"one transform less", 7, 2, S2S_ERR_MALFORMED, false},
        {"no transforms", 7, 0, S2S_ERR_MALFORMED, false},
        {"last transform too early", 12, 0, S2S_ERR_MALFORMED, false},
        {"reserved byte", 13, 255, 0, false},
        {"transform length 4", 15, 4, S2S_ERR_MALFORMED, false},
        {"unknown transform type", 16, 77, 0, true},
        {"transform type 0", 16, 0, 0, true},
        {"the only cipher unknown", 19, 250, 0, true},
        {"attribute unknown", 21, 99, 0, true},
        {"attribute in long form with length 128", 20, 0, S2S_ERR_MALFORMED, false},
        {"key length 0", 23, 0, 0, true},
        {"key length 129", 23, 129, 0, true},
        {"last transform says more", 32, 3, S2S_ERR_MALFORMED, false},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        uint8_t bytes[sizeof(ESP)];
        struct s2si_proposal_list list;
        memcpy(bytes, ESP, sizeof(ESP));
        bytes[rows[i].at] = rows[i].value;
        int result = decode(bytes, sizeof(bytes), &list);
        if (result != rows[i].result || (result == 0 && list.items[0].unusable != rows[i].unusable)) {
            fail_msg("%s: %d", rows[i].what, result);
        }
    }
    struct s2si_proposal_list list;
    assert_int_equal(S2S_ERR_MALFORMED, decode(ESP, 0, &list));
    uint8_t zero_spi[sizeof(ESP)];
    memcpy(zero_spi, ESP, sizeof(ESP));
    memset(zero_spi + 8, 0, 4); /* row 43: SPI 0 names no SA */
    assert_int_equal(0, decode(zero_spi, sizeof(zero_spi), &list));
    assert_true(list.items[0].unusable);
}

/* An unknown transform beside a known one is passed over (section 3.3.6), duplicates count once. */
static void test_unknown_transforms_are_tolerated(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0, 0, 0, 60, 1, 3, 4, 5, 1, 2, 3, 4,
                                    3, 0, 0, 8,  1, 0, 0x03, 0xff,                      /* ENCR 1023 */
                                    3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0,           /* AES-GCM-16 256 */
                                    3, 0, 0, 12, 1, 0, 0, 20, 0x80, 14, 1, 0,           /* the same again */
                                    3, 0, 0, 8,  5, 0, 0, 9,                            /* ESN 9 */
                                    0, 0, 0, 8,  5, 0, 0, 1};
    struct s2si_proposal_list list;
    assert_int_equal(0, decode(bytes, sizeof(bytes), &list));
    assert_false(list.items[0].unusable);
    assert_int_equal(1, list.items[0].count[S2SI_TRANSFORM_ENCR]);
    assert_int_equal(S2S_AES256_GCM16, list.items[0].algorithms[S2SI_TRANSFORM_ENCR][0]);
    assert_int_equal(S2S_ESN, list.items[0].algorithms[S2SI_TRANSFORM_ESN][0]);
}

/* Unknown groups only: must not pass for "no PFS". */
static void test_unknown_group_is_not_no_group(void **state)
{
    (void)state;
    uint8_t bytes[sizeof(ESP) + 8];
    struct s2si_proposal_list list;
    memcpy(bytes, ESP, sizeof(ESP));
    memcpy(bytes + sizeof(ESP), (const uint8_t[]){0, 0, 0, 8, 4, 0, 4, 1}, 8); /* group 1025 */
    bytes[3] = sizeof(bytes);
    bytes[7] = 4;
    bytes[32] = 3;
    assert_int_equal(0, decode(bytes, sizeof(bytes), &list));
    assert_true(list.items[0].unusable);
}

static void test_many_proposals(void **state)
{
    (void)state;
    enum { MANY = 40 };
    static uint8_t bytes[MANY * sizeof(ESP)];
    struct s2si_proposal_list list;
    for (size_t i = 0; i < MANY; i++) {
        memcpy(bytes + i * sizeof(ESP), ESP, sizeof(ESP));
        bytes[i * sizeof(ESP)] = i + 1 == MANY ? 0 : 2;
        bytes[i * sizeof(ESP) + 4] = (uint8_t)(i + 1);
    }
    assert_int_equal(0, decode(bytes, sizeof(bytes), &list));
    assert_int_equal(S2SI_PROPOSALS, list.count);
    bytes[(MANY - 1) * sizeof(ESP) + 4] = 3; /* numbers go back */
    assert_int_equal(S2S_ERR_MALFORMED, decode(bytes, sizeof(bytes), &list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_figure),
        cmocka_unit_test(test_spoiled_bytes),
        cmocka_unit_test(test_unknown_transforms_are_tolerated),
        cmocka_unit_test(test_unknown_group_is_not_no_group),
        cmocka_unit_test(test_many_proposals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
