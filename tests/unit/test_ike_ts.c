/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

static struct s2si_payload body(const uint8_t *data, size_t length)
{
    return (struct s2si_payload){.type = S2SI_PAYLOAD_TSI, .known = true, .data = data, .length = length};
}

static int decode(const uint8_t *data, size_t length, struct s2si_ts_list *out)
{
    struct s2si_payload payload = body(data, length);
    return s2si_ts_decode(&payload, out);
}

static struct s2si_ts_list list_of(const char *const *prefixes)
{
    struct s2si_ts_list list = {0};
    while (*prefixes != NULL) {
        list.items[list.count++] = ike_selector(*prefixes++);
    }
    return list;
}

#define TS(...) list_of((const char *const[]){__VA_ARGS__, NULL})

static void test_round_trip(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct s2si_message_writer writer;
    struct s2si_ts_list in = TS("10.0.0.0/8", "0.0.0.0/0", "::/0", "2001:db8::/32"), out;
    in.items[0].protocol = 6;
    in.items[0].start_port = in.items[0].end_port = 443;
    in.items[1].protocol = 17;
    in.items[1].start_port = 65535; /* OPAQUE */
    in.items[1].end_port = 0;
    s2si_chain_start(&writer, bytes, sizeof(bytes));
    s2si_ts_encode(&writer, S2SI_PAYLOAD_TSR, in.items, in.count);
    assert_int_equal(0, s2si_message_finish(&writer));
    assert_int_equal(S2SI_PAYLOAD_TSR, writer.first);
    assert_int_equal(0, decode(bytes + 4, writer.bytes.length - 4, &out));
    assert_int_equal(in.count, out.count);
    for (size_t i = 0; i < in.count; i++) {
        assert_true(s2si_selector_equal(&in.items[i], &out.items[i]));
    }
}

static const uint8_t ONE[] = {1, 0, 0, 0, 7, 0, 0, 16, 0, 0, 0xff, 0xff, 10, 0, 0, 0, 10, 0, 0, 255};

static void test_spoiled_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t at;
        uint8_t value;
        int result;
        uint8_t count, skipped;
    } rows[] = {
        {"as it is", 1, 255, 0, 1, 0},
        {"no selector", 0, 0, S2S_ERR_MALFORMED, 0, 0},
        {"two announced", 0, 2, S2S_ERR_MALFORMED, 0, 0},
        {"255 announced", 0, 255, S2S_ERR_MALFORMED, 0, 0},
        {"unknown type", 4, 9, 0, 0, 1},
        {"IPv6 type, IPv4 length", 4, 8, S2S_ERR_MALFORMED, 0, 0},
        {"selector length 0", 7, 0, S2S_ERR_MALFORMED, 0, 0},
        {"selector length 15", 7, 15, S2S_ERR_MALFORMED, 0, 0},
        {"selector length 17", 7, 17, S2S_ERR_MALFORMED, 0, 0},
        {"start port above end", 10, 0, 0, 1, 0},
        {"start above end", 12, 11, 0, 0, 1},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        uint8_t bytes[sizeof(ONE)];
        struct s2si_ts_list list;
        memcpy(bytes, ONE, sizeof(ONE));
        bytes[rows[i].at] = rows[i].value;
        int result = decode(bytes, sizeof(bytes), &list);
        if (result != rows[i].result || (result == 0 && (list.count != rows[i].count || list.skipped != rows[i].skipped))) {
            fail_msg("%s: %d %u %u", rows[i].what, result, list.count, list.skipped);
        }
    }
    struct s2si_ts_list list;
    for (size_t length = 0; length < sizeof(ONE); length++) {
        assert_int_equal(S2S_ERR_MALFORMED, decode(ONE, length, &list));
    }
}

static void test_ports_upside_down(void **state)
{
    (void)state;
    uint8_t bytes[sizeof(ONE)];
    struct s2si_ts_list list;
    memcpy(bytes, ONE, sizeof(ONE));
    memcpy(bytes + 8, (const uint8_t[]){0, 90, 0, 80}, 4);
    assert_int_equal(0, decode(bytes, sizeof(bytes), &list));
    assert_int_equal(0, list.count);
    assert_int_equal(1, list.skipped);
}

static void test_many_selectors(void **state)
{
    (void)state;
    static uint8_t bytes[4 + 255 * 16];
    struct s2si_ts_list list;
    bytes[0] = 255;
    for (size_t i = 0; i < 255; i++) {
        memcpy(bytes + 4 + 16 * i, ONE + 4, 16);
    }
    assert_int_equal(0, decode(bytes, sizeof(bytes), &list));
    assert_int_equal(S2SI_TS_MAX, list.count);
    assert_int_equal(255 - S2SI_TS_MAX, list.skipped);
}

/* RFC 7296 section 2.9: one row per case. */
static void test_narrow(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        const char *ours[4], *theirs[4], *result[4];
        bool narrowed;
    } rows[] = {
        {"equal", {"10.0.0.0/16"}, {"10.0.0.0/16"}, {"10.0.0.0/16"}, false},
        {"theirs smaller", {"10.0.0.0/8"}, {"10.1.0.0/16"}, {"10.1.0.0/16"}, false},
        {"theirs larger", {"10.1.0.0/16"}, {"0.0.0.0/0"}, {"10.1.0.0/16"}, true},
        {"nothing in common", {"10.1.0.0/16"}, {"10.2.0.0/16"}, {NULL}, true},
        {"other family", {"fd00::/8"}, {"10.2.0.0/16"}, {NULL}, true},
        {"both families", {"10.1.0.0/16", "fd00::/8"}, {"0.0.0.0/0", "::/0"}, {"10.1.0.0/16", "fd00::/8"}, true},
        {"several, their order", {"10.1.0.0/16", "10.2.0.0/16"}, {"10.2.0.0/16", "10.1.0.0/16"},
         {"10.2.0.0/16", "10.1.0.0/16"}, false},
        {"contained once", {"10.0.0.0/8"}, {"10.1.0.0/16", "10.1.2.0/24"}, {"10.1.0.0/16"}, false},
        {"contained, small first", {"10.0.0.0/8"}, {"10.1.2.0/24", "10.1.0.0/16"}, {"10.1.0.0/16"}, false},
        {"packet first, and its range leads", {"10.1.0.0/16", "10.2.0.0/16"}, {"10.2.0.7/32", "10.0.0.0/8"},
         {"10.2.0.0/16", "10.1.0.0/16"}, true},
        {"packet that is not ours", {"10.1.0.0/16"}, {"10.2.0.7/32", "10.0.0.0/8"}, {"10.1.0.0/16"}, true},
        {"a host alone is no packet", {"10.0.0.0/8"}, {"10.2.0.7/32"}, {"10.2.0.7/32"}, false},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct s2si_ts_list ours = list_of(rows[i].ours), theirs = list_of(rows[i].theirs), want = list_of(rows[i].result);
        struct s2s_selector out[S2SI_TS_MAX];
        bool narrowed;
        size_t count = s2si_ts_narrow(ours.items, ours.count, &theirs, out, &narrowed);
        bool same = count == want.count && narrowed == rows[i].narrowed;
        for (size_t j = 0; same && j < count; j++) {
            same = s2si_selector_equal(&out[j], &want.items[j]);
        }
        if (!same) {
            fail_msg("%s: %zu results", rows[i].what, count);
        }
        struct s2si_ts_list answer = {.count = (uint8_t)count};
        memcpy(answer.items, out, count * sizeof(out[0]));
        assert_int_equal(count != 0, s2si_ts_within(ours.items, ours.count, &answer));
        assert_int_equal(count != 0, s2si_ts_within(theirs.items, theirs.count, &answer));
    }
}

/* The range that answers the packet is itself held by a wider one: the wider one leads, nothing is said twice. */
static void test_packet_range_inside_a_wider_one(void **state)
{
    (void)state;
    struct s2si_ts_list ours = TS("10.0.0.0/8", "0.0.0.0/0"), theirs = TS("10.2.0.7/32", "0.0.0.0/0");
    struct s2s_selector out[S2SI_TS_MAX];
    bool narrowed;
    assert_int_equal(1, s2si_ts_narrow(ours.items, ours.count, &theirs, out, &narrowed));
    assert_true(s2si_selector_equal(&ours.items[1], &out[0]));
    assert_false(narrowed);
}

static void test_narrow_is_bounded(void **state)
{
    (void)state;
    struct s2si_ts_list ours = {.count = 8}, theirs = {.count = 8};
    struct s2s_selector out[S2SI_TS_MAX];
    bool narrowed;
    /* Ranges against ports: all 64 combinations differ. */
    for (uint8_t i = 0; i < 8; i++) {
        ours.items[i] = ike_selector("10.0.0.0/8");
        ours.items[i].start.bytes[1] = ours.items[i].end.bytes[1] = i;
        theirs.items[i] = ike_selector("10.0.0.0/8");
        theirs.items[i].protocol = 6;
        theirs.items[i].start_port = theirs.items[i].end_port = i;
    }
    assert_int_equal(S2SI_TS_MAX, s2si_ts_narrow(ours.items, 8, &theirs, out, &narrowed));
    assert_true(narrowed);
}

static void test_within_and_equal(void **state)
{
    (void)state;
    struct s2si_ts_list ours = TS("10.0.0.0/8", "fd00::/8"), wider = TS("10.0.0.0/7"), empty = {0};
    struct s2si_ts_list turned = TS("fd00::/8", "10.0.0.0/8"), part = TS("10.0.0.0/8");
    struct s2si_ts_list odd = part;
    odd.skipped = 1;
    assert_false(s2si_ts_within(ours.items, ours.count, &wider));
    assert_false(s2si_ts_within(ours.items, ours.count, &empty));
    assert_false(s2si_ts_within(ours.items, ours.count, &odd));
    assert_true(s2si_ts_within(ours.items, ours.count, &part));
    assert_true(s2si_ts_equal(ours.items, ours.count, turned.items, turned.count));
    assert_false(s2si_ts_equal(ours.items, ours.count, part.items, part.count));
    assert_false(s2si_ts_equal(empty.items, 0, empty.items, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),        cmocka_unit_test(test_spoiled_bytes),
        cmocka_unit_test(test_ports_upside_down), cmocka_unit_test(test_many_selectors),
        cmocka_unit_test(test_narrow),            cmocka_unit_test(test_narrow_is_bounded),
        cmocka_unit_test(test_packet_range_inside_a_wider_one),
        cmocka_unit_test(test_within_and_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
