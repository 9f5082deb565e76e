/* SPDX-License-Identifier: Apache-2.0 */
/* Headers, OPEN with its capabilities, NOTIFICATION, ROUTE-REFRESH: octets in, verdict out. */
#include "tests/unit/bgp_world.h"

#include <s2svpn/error.h>
#include <stdlib.h>
#include <string.h>

struct open_row {
    const char *name;
    const char *parameters; /* behind the fixed part, the length octet included */
    int code, subcode;      /* of the refusal; 0 = accepted */
};

/* Fixed part: version 4, AS 65002, hold 90, identifier 2.2.2.2. Families of the capability tests that BGP implementations keep. */
static const struct open_row capability_rows[] = {
    {"no parameters", "00", 0, 0},
    {"length octet missing", "", 1, 2},
    {"length without parameters", "04", 2, 0},
    {"parameters longer than the length", "00 02020200", 2, 0},
    {"parameters shorter than the length", "08 02020200", 2, 0},
    {"parameter header cut", "01 02", 2, 0},
    {"parameter past the end", "04 02050200", 2, 0},
    {"an empty capabilities parameter", "02 0200", 0, 0},
    {"authentication parameter (deprecated)", "04 01020000", 2, 4},
    {"unknown parameter", "04 63020000", 2, 4},
    {"capability header cut", "03 020102", 2, 0},
    {"capability past its parameter", "04 02020104", 2, 0},
    {"capability past its parameter, another parameter behind", "0a 02020104 02040104 0001", 2, 0},
    {"multiprotocol IPv4 unicast", "08 0206010400010001", 0, 0},
    {"multiprotocol IPv6 unicast", "08 0206010400020001", 0, 0},
    {"multiprotocol, reserved octet set", "08 02060104 0001ff01", 0, 0},
    {"multiprotocol of 3 octets", "07 02050103000100", 2, 0},
    {"multiprotocol of 5 octets", "09 020701050001000101", 2, 0},
    {"multiprotocol of 0 octets", "04 02020100", 2, 0},
    {"multiprotocol of a family that is not ours only", "08 0206010400190041", 2, 7},
    {"multiprotocol of ours and another", "0e 020c 010400190041 010400010001", 0, 0},
    {"one capability a parameter", "10 0206010400010001 0206010400020001", 0, 0},
    {"several in one parameter", "10 020e 010400010001 0200 41040000fdea", 0, 0},
    {"route refresh", "04 02020200", 0, 0},
    {"route refresh of 1 octet", "05 0203020100", 2, 0},
    {"route refresh twice", "06 020402000200", 0, 0},
    {"old route refresh (128)", "04 02028000", 0, 0},
    {"ORF without entries", "07 020503030001 00", 0, 0},
    {"ORF cut in the entry", "07 0205 0303000100", 0, 0},
    {"ORF empty", "04 02020300", 0, 0},
    {"four-octet AS", "08 020641040000fdea", 0, 0},
    {"four-octet AS of 3 octets", "07 0205410300fdea", 2, 0},
    {"four-octet AS of 5 octets", "09 020741050000fdea00", 2, 0},
    {"four-octet AS of 0 octets", "04 02024100", 2, 0},
    {"four-octet AS 0", "08 0206410400000000", 2, 2},
    {"four-octet AS of somebody else", "08 0206410400000001", 2, 2},
    {"graceful restart without families", "06 020440020078", 0, 0},
    {"graceful restart with a family", "0a 02084006c078 00010180", 0, 0},
    {"graceful restart of 1 octet", "05 0203400100", 2, 0},
    {"graceful restart of 0 octets", "04 02024000", 2, 0},
    {"graceful restart cut in the family", "08 020640040078 0001", 2, 0},
    {"graceful restart of 5 octets", "09 020740050078 000101", 2, 0},
    {"graceful restart, unknown family", "0a 020840060078 00190180", 0, 0},
    {"graceful restart twice", "0e 020c 40060078 00010180 40020000", 0, 0},
    {"extended message", "04 02020600", 0, 0},
    {"extended message of 1 octet", "05 0203060100", 2, 0},
    {"enhanced refresh", "04 02024600", 0, 0},
    {"enhanced refresh of 2 octets", "06 020446020000", 2, 0},
    {"extended next hop", "0a 02080506 0001 0001 0002", 0, 0},
    {"extended next hop cut", "07 0205 0503000100", 0, 0},
    {"additional paths", "08 02064504 00010103", 0, 0},
    {"additional paths empty", "04 02024500", 0, 0},
    {"role", "05 0203090100", 0, 0},
    {"role of 2 octets", "06 020409020000", 0, 0},
    {"dynamic capability", "04 02024300", 0, 0},
    {"long-lived graceful restart", "0b 02094707 00010180000010", 0, 0},
    {"host name", "07 02054903016100", 0, 0},
    {"software version of 0 octets", "04 02024b00", 0, 0},
    {"software version longer than its parameter", "05 02034bff61", 2, 0},
    {"unknown capability", "06 0204ee020000", 0, 0},
    {"unknown capability past the end", "06 0204ee200000", 2, 0},
    {"extended parameters", "ff ff000b 020008 010400010001 0200", 0, 0},
    {"extended parameters, short length octet", "01 ff0009 020006 010400010001", 0, 0},
    {"extended parameters, none", "ff ff0000", 0, 0},
    {"extended parameters, length octet 0", "00 ff0000", 2, 0},
    {"extended parameters, only the type", "ff ff", 2, 0},
    {"extended parameters, one octet of length", "ff ff00", 2, 0},
    {"extended parameters, length too long", "ff ff00ff 020006 010400010001", 2, 0},
    {"extended parameters, length too short", "ff ff0003 020006 010400010001", 2, 0},
    {"extended parameters, parameter past the end", "ff ff0009 020026 010400010001", 2, 0},
    {"extended parameters, parameter header cut", "ff ff0002 0200", 2, 0},
};

static void feed_open(struct bgp_raw *raw, const char *fixed, const char *parameters)
{
    uint8_t body[512];
    size_t length = bgp_hex(fixed, body, sizeof body);
    length += bgp_hex(parameters, body + length, sizeof body - length);
    bgp_raw_connect(raw);
    bgp_raw_message(raw, S2SI_BGP_OPEN, body, length);
}

static void check_open(const char *name, const char *fixed, const char *parameters, int code, int subcode)
{
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    uint8_t got_code = 0, got_subcode = 0;
    bgp_raw_init(raw, 65002);
    feed_open(raw, fixed, parameters);
    bgp_raw_notification(raw, &got_code, &got_subcode);
    bool confirmed = raw->session->state == S2S_BGP_OPEN_CONFIRM;
    if (got_code != code || got_subcode != subcode || confirmed != (code == 0)) {
        fail_msg("%s: expected %d/%d, got %u/%u", name, code, subcode, got_code, got_subcode);
    }
    bgp_raw_clear(raw);
    free(raw);
}

static void capabilities(void **state)
{
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(capability_rows); i++) {
        const struct open_row *row = &capability_rows[i];
        check_open(row->name, "04 fdea 005a 02020202", row->parameters, row->code, row->subcode);
    }
    print_message("%zu rows\n", S2SI_COUNT(capability_rows));
}

static void open_fields(void **state)
{
    (void)state;
    check_open("version 3", "03 fdea 005a 02020202", "00", 2, 1);
    check_open("version 5", "05 fdea 005a 02020202", "00", 2, 1);
    check_open("AS 0", "04 0000 005a 02020202", "00", 2, 2);
    check_open("another AS", "04 fdeb 005a 02020202", "00", 2, 2);
    check_open("AS_TRANS without the capability", "04 5ba0 005a 02020202", "00", 2, 2);
    check_open("AS_TRANS with it", "04 5ba0 005a 02020202", "08 020641040000fdea", 0, 0);
    check_open("hold time 1", "04 fdea 0001 02020202", "00", 2, 6);
    check_open("hold time 2", "04 fdea 0002 02020202", "00", 2, 6);
    check_open("hold time 0", "04 fdea 0000 02020202", "00", 0, 0);
    check_open("hold time 3", "04 fdea 0003 02020202", "00", 0, 0);
    check_open("identifier 0", "04 fdea 005a 00000000", "00", 2, 3);
    check_open("our identifier, external (RFC 6286)", "04 fdea 005a 01010101", "00", 0, 0);
    check_open("cut", "04 fdea 005a", "", 1, 2);
}

static void negotiation(void **state)
{
    (void)state;
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    bgp_raw_init(raw, 65002);
    feed_open(raw, "04 fdea 0009 02020202", "00");
    const struct s2si_bgp_connection *connection = &raw->session->connections[1];
    assert_int_equal(connection->hold_time, 9);
    assert_int_equal(connection->keepalive_time, 3);
    bgp_raw_message(raw, S2SI_BGP_KEEPALIVE, (const uint8_t *)"", 0);
    assert_int_equal(raw->session->state, S2S_BGP_ESTABLISHED);
    assert_int_equal(raw->session->codec.families, 1); /* no capability: IPv4 unicast alone (RFC 4760 section 8) */
    assert_false(raw->session->codec.four_octet);
    assert_int_equal(s2si_bgp_session_refresh(raw->session, raw->world.now), S2S_ERR_UNSUPPORTED);
    bgp_raw_clear(raw);
    free(raw);
}

static void headers(void **state)
{
    (void)state;
    static const struct {
        const char *name, *hex;
        int code, subcode;
    } rows[] = {
        {"marker", "ffffffffffffffffffffffffffffff00 0013 04", 1, 1},
        {"length 18", "ffffffffffffffffffffffffffffffff 0012 04", 1, 2},
        {"length 0", "ffffffffffffffffffffffffffffffff 0000 04", 1, 2},
        {"length 4097", "ffffffffffffffffffffffffffffffff 1001 02", 1, 2},
        {"length 65535", "ffffffffffffffffffffffffffffffff ffff 02", 1, 2},
        {"type 0", "ffffffffffffffffffffffffffffffff 0013 00", 1, 3},
        {"type 6", "ffffffffffffffffffffffffffffffff 0013 06", 1, 3},
        {"KEEPALIVE of 20", "ffffffffffffffffffffffffffffffff 0014 04 00", 1, 2},
        {"UPDATE of 22", "ffffffffffffffffffffffffffffffff 0016 02 000000", 1, 2},
        {"NOTIFICATION of 20", "ffffffffffffffffffffffffffffffff 0014 03 06", 1, 2},
        {"ROUTE-REFRESH of 22", "ffffffffffffffffffffffffffffffff 0016 05 000100", 7, 1},
        {"BoRR of 24", "ffffffffffffffffffffffffffffffff 0018 05 0001010100", 7, 1},
        {"ROUTE-REFRESH", "ffffffffffffffffffffffffffffffff 0017 05 00010001", 0, 0},
        {"ROUTE-REFRESH with an ORF", "ffffffffffffffffffffffffffffffff 001b 05 00010001 01400000", 0, 0},
        {"ROUTE-REFRESH of another family", "ffffffffffffffffffffffffffffffff 0017 05 00190041", 0, 0},
        {"ROUTE-REFRESH of an unknown subtype", "ffffffffffffffffffffffffffffffff 0017 05 0001ff01", 0, 0},
        {"OPEN once more", "ffffffffffffffffffffffffffffffff 001d 01 04fdea005a0202020200", 5, 3},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct bgp_raw *raw = calloc(1, sizeof *raw);
        uint8_t bytes[64], code = 0, subcode = 0;
        bgp_raw_init(raw, 65002);
        bgp_raw_establish(raw, 65002, false, false);
        bgp_raw_feed(raw, bytes, bgp_hex(rows[i].hex, bytes, sizeof bytes));
        bgp_raw_notification(raw, &code, &subcode);
        if (code != rows[i].code || subcode != rows[i].subcode) {
            fail_msg("%s: expected %d/%d, got %u/%u", rows[i].name, rows[i].code, rows[i].subcode, code, subcode);
        }
        bgp_raw_clear(raw);
        free(raw);
    }
}

/* RFC 6608: which message was out of place in which state. */
static void out_of_place(void **state)
{
    (void)state;
    for (uint8_t type = S2SI_BGP_UPDATE; type <= S2SI_BGP_ROUTE_REFRESH; type++) {
        for (int confirm = 0; type != S2SI_BGP_NOTIFICATION && confirm < 2; confirm++) {
            struct bgp_raw *raw = calloc(1, sizeof *raw);
            uint8_t code = 0, subcode = 0;
            bgp_raw_init(raw, 65002);
            if (confirm) {
                feed_open(raw, "04 fdea 005a 02020202", "00");
            } else {
                bgp_raw_connect(raw);
            }
            bgp_raw_message(raw, type, (const uint8_t *)"\0\0\0\1", type == S2SI_BGP_KEEPALIVE ? 0 : 4);
            bool notified = bgp_raw_notification(raw, &code, &subcode);
            if (confirm && type == S2SI_BGP_KEEPALIVE) {
                assert_int_equal(raw->session->state, S2S_BGP_ESTABLISHED);
            } else {
                assert_true(notified && code == 5 && subcode == 1 + confirm);
            }
            bgp_raw_clear(raw);
            free(raw);
        }
    }
}

/* A NOTIFICATION is not answered, whatever it holds; the text of a shutdown is shown without what could harm a terminal. */
static void notifications(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *text;
    } rows[] = {
        {"0602", "administrative shutdown"},
        {"0602 00", "administrative shutdown"},
        {"0602 03 616263", "abc"},
        {"0602 03 611b63", "a?c"},
        {"0602 7f 616263", "administrative shutdown"}, /* the length runs past the message */
        {"0604 02 6869", "hi"},
        {"0609 0602 03 616263", "abc"}, /* inside a hard reset */
        {"0609", "hard reset"},
        {"0609 06", "hard reset"},
        {"0101", "connection not synchronized"},
        {"ffff", "unknown subcode"},
        {"0200", "unspecific"},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct bgp_raw *raw = calloc(1, sizeof *raw);
        uint8_t body[64], code, subcode;
        bgp_raw_init(raw, 65002);
        bgp_raw_establish(raw, 65002, false, false);
        bgp_raw_message(raw, S2SI_BGP_NOTIFICATION, body, bgp_hex(rows[i].hex, body, sizeof body));
        assert_false(bgp_raw_notification(raw, &code, &subcode));
        assert_true(raw->closed);
        assert_string_equal(raw->session->last_error, rows[i].text);
        bgp_raw_clear(raw);
        free(raw);
    }
}

/* What we send ourselves is what the RFCs' figures show. */
static void our_own_octets(void **state)
{
    (void)state;
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    uint8_t expected[128];
    struct s2si_bgp_session_config config = bgp_world_config(1, 2, 65002);
    config.passive = config.graceful_restart = config.notification_restart = true;
    config.restart_time = 120;
    bgp_raw_config(raw, &config);
    bgp_raw_connect(raw);
    size_t length = bgp_hex("ffffffffffffffffffffffffffffffff 004b 01 04 fde9 001e 01010101 2e"
                            "0206010400010001 0206010400020001 02020200 020c400a 4078 00010100 00020100 020641040000fde9 02024600",
                            expected, sizeof expected);
    assert_int_equal(raw->sent_length, length);
    assert_memory_equal(raw->sent, expected, length);
    bgp_raw_clear(raw);
    free(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capabilities), cmocka_unit_test(open_fields), cmocka_unit_test(negotiation), cmocka_unit_test(headers),
        cmocka_unit_test(out_of_place), cmocka_unit_test(notifications), cmocka_unit_test(our_own_octets),
    };
    return cmocka_run_group_tests_name("bgp_message", tests, NULL, NULL);
}
