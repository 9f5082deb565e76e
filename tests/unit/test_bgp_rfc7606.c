/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 7606 as a table. Each row is octets of a path attribute (or of several) and what has to come of an UPDATE that holds them, from an
 * external and from an internal peer:
 *
 *     A  accepted       the route is there
 *     D  discarded      the route is there, the attribute is not
 *     W  withdrawn      the route, which was there before, is gone; the session stays
 *     R  reset          a NOTIFICATION of UPDATE message error with the row's subcode
 *
 * Method: a good route first, then the row's UPDATE for the same prefix, then a sentinel in an UPDATE of its own. Once the sentinel
 * is there the row was worked off.
 */
#include "tests/unit/bgp_world.h"

#include <stdlib.h>
#include <string.h>

struct row {
    const char *name;
    uint8_t code;     /* the base attribute that is left out, 0 = none */
    const char *hex;  /* put after the base attributes */
    char external, internal;
    uint8_t subcode;  /* with R */
};

static const struct row rows[] = {
    /* ORIGIN, section 7.1 */
    {"ORIGIN of 0 octets", 1, "400100", 'W', 'W', 0},
    {"ORIGIN of 2 octets", 1, "4001020000", 'W', 'W', 0},
    {"ORIGIN 3", 1, "40010103", 'W', 'W', 0},
    {"ORIGIN 4", 1, "40010104", 'W', 'W', 0},
    {"ORIGIN 255", 1, "400101ff", 'W', 'W', 0},
    {"ORIGIN optional", 1, "c0010100", 'W', 'W', 0},
    {"ORIGIN not transitive", 1, "00010100", 'W', 'W', 0},
    {"ORIGIN with flags 0x80", 1, "80010100", 'W', 'W', 0},
    {"ORIGIN EGP", 1, "40010101", 'A', 'A', 0},
    {"ORIGIN incomplete", 1, "40010102", 'A', 'A', 0},
    {"ORIGIN with extended length", 1, "5001000100", 'A', 'A', 0},
    {"ORIGIN missing", 1, "", 'W', 'W', 0},
    {"ORIGIN twice, the first counts", 0, "40010102", 'A', 'A', 0},
    /* AS_PATH, section 7.2, RFC 7607, RFC 5065 */
    {"AS_PATH segment type 0", 2, "4002060001 0000fdea", 'W', 'W', 0},
    {"AS_PATH segment type 5", 2, "4002060501 0000fdea", 'W', 'W', 0},
    {"AS_PATH confederation sequence", 2, "4002060301 0000fdea", 'W', 'W', 0},
    {"AS_PATH confederation set", 2, "4002060401 0000fdea", 'W', 'W', 0},
    {"AS_PATH empty segment", 2, "4002020200", 'W', 'W', 0},
    {"AS_PATH good, then empty segment", 2, "4002080201 0000fdea 0200", 'W', 'W', 0},
    {"AS_PATH segment overrun", 2, "4002060202 0000fdea", 'W', 'W', 0},
    {"AS_PATH segment underrun", 2, "4002070201 0000fdea 02", 'W', 'W', 0},
    {"AS_PATH of one octet", 2, "40020102", 'W', 'W', 0},
    {"AS_PATH with AS 0", 2, "40020a0202 0000fdea 00000000", 'W', 'W', 0},
    {"AS_PATH with AS 0 in a set", 2, "40020c0201 0000fdea 0101 00000000", 'W', 'W', 0},
    {"AS_PATH of two-octet numbers", 2, "4002040201 fdea", 'W', 'W', 0},
    {"AS_PATH optional", 2, "c002060201 0000fdea", 'W', 'W', 0},
    {"AS_PATH not transitive", 2, "0002060201 0000fdea", 'W', 'W', 0},
    {"AS_PATH does not begin with the peer", 2, "4002060201 0000fde9 ", 'W', 'A', 0},
    {"AS_PATH empty", 2, "400200", 'W', 'A', 0},
    {"AS_PATH missing", 2, "", 'W', 'W', 0},
    {"AS_PATH with a set", 2, "4002100201 0000fdea 0102 00000001 00000002", 'A', 'A', 0},
    /* NEXT_HOP, section 7.3 */
    {"NEXT_HOP of 0 octets", 3, "400300", 'W', 'W', 0},
    {"NEXT_HOP of 3 octets", 3, "4003030a0000", 'W', 'W', 0},
    {"NEXT_HOP of 5 octets", 3, "4003050a00000200", 'W', 'W', 0},
    {"NEXT_HOP 0.0.0.0", 3, "40030400000000", 'W', 'W', 0},
    {"NEXT_HOP 127.0.0.1", 3, "4003047f000001", 'W', 'W', 0},
    {"NEXT_HOP 224.0.0.1", 3, "400304e0000001", 'W', 'W', 0},
    {"NEXT_HOP 255.255.255.255", 3, "400304ffffffff", 'W', 'W', 0},
    {"NEXT_HOP optional", 3, "c003040a000002", 'W', 'W', 0},
    {"NEXT_HOP not transitive", 3, "0003040a000002", 'W', 'W', 0},
    {"NEXT_HOP missing", 3, "", 'W', 'W', 0},
    /* MULTI_EXIT_DISC, section 7.4 */
    {"MED of 0 octets", 0, "800400", 'W', 'W', 0},
    {"MED of 3 octets", 0, "800403000001", 'W', 'W', 0},
    {"MED of 5 octets", 0, "8004050000000100", 'W', 'W', 0},
    {"MED transitive", 0, "c0040400000001", 'W', 'W', 0},
    {"MED well-known", 0, "40040400000001", 'W', 'W', 0},
    {"MED", 0, "80040400000001", 'A', 'A', 0},
    /* LOCAL_PREF, section 7.5: from outside it is discarded whatever it holds */
    {"LOCAL_PREF of 0 octets", 5, "400500", 'D', 'W', 0},
    {"LOCAL_PREF of 3 octets", 5, "400503000001", 'D', 'W', 0},
    {"LOCAL_PREF of 5 octets", 5, "4005050000000100", 'D', 'W', 0},
    {"LOCAL_PREF optional", 5, "c0050400000064", 'W', 'W', 0},
    {"LOCAL_PREF well-formed", 5, "40050400000064", 'D', 'A', 0},
    {"LOCAL_PREF missing", 5, "", 'A', 'W', 0},
    /* ATOMIC_AGGREGATE, section 7.6 */
    {"ATOMIC_AGGREGATE of 1 octet", 0, "40060100", 'D', 'D', 0},
    {"ATOMIC_AGGREGATE of 4 octets", 0, "40060400000000", 'D', 'D', 0},
    {"ATOMIC_AGGREGATE optional", 0, "c00600", 'W', 'W', 0},
    {"ATOMIC_AGGREGATE", 0, "400600", 'A', 'A', 0},
    /* AGGREGATOR, section 7.7, RFC 7607 */
    {"AGGREGATOR of 0 octets", 0, "c00700", 'D', 'D', 0},
    {"AGGREGATOR of 5 octets", 0, "c007050000fdea0a", 'D', 'D', 0},
    {"AGGREGATOR of 6 octets between four-octet speakers", 0, "c00706fdea0a000002", 'D', 'D', 0},
    {"AGGREGATOR of 7 octets", 0, "c007070000fdea0a0000", 'D', 'D', 0},
    {"AGGREGATOR of 9 octets", 0, "c007090000fdea0a00000200", 'D', 'D', 0},
    {"AGGREGATOR with AS 0", 0, "c00708000000000a000002", 'D', 'D', 0},
    {"AGGREGATOR not transitive", 0, "8007080000fdea0a000002", 'W', 'W', 0},
    {"AGGREGATOR", 0, "c007080000fdea0a000002", 'A', 'A', 0},
    /* COMMUNITIES, section 7.8 */
    {"COMMUNITIES of 0 octets", 0, "c00800", 'W', 'W', 0},
    {"COMMUNITIES of 3 octets", 0, "c00803fdea00", 'W', 'W', 0},
    {"COMMUNITIES of 5 octets", 0, "c00805fdea000100", 'W', 'W', 0},
    {"COMMUNITIES not transitive", 0, "800804fdea0001", 'W', 'W', 0},
    {"COMMUNITIES partial", 0, "e00804fdea0001", 'A', 'A', 0},
    {"COMMUNITIES", 0, "c00808fdea0001fdea0002", 'A', 'A', 0},
    /* ORIGINATOR_ID and CLUSTER_LIST, sections 7.9 and 7.10 */
    {"ORIGINATOR_ID of 0 octets", 0, "800900", 'D', 'W', 0},
    {"ORIGINATOR_ID of 3 octets", 0, "8009030a0000", 'D', 'W', 0},
    {"ORIGINATOR_ID of 5 octets", 0, "8009050a00000200", 'D', 'W', 0},
    {"ORIGINATOR_ID transitive", 0, "c009040a000002", 'W', 'W', 0},
    {"ORIGINATOR_ID", 0, "8009040a000002", 'D', 'A', 0},
    {"CLUSTER_LIST of 0 octets", 0, "800a00", 'D', 'W', 0},
    {"CLUSTER_LIST of 3 octets", 0, "800a030a0000", 'D', 'W', 0},
    {"CLUSTER_LIST of 5 octets", 0, "800a050a00000200", 'D', 'W', 0},
    {"CLUSTER_LIST transitive", 0, "c00a040a000002", 'W', 'W', 0},
    {"CLUSTER_LIST", 0, "800a040a000002", 'D', 'A', 0},
    /* EXTENDED_COMMUNITIES, section 7.14 */
    {"EXTENDED_COMMUNITIES of 0 octets", 0, "c01000", 'W', 'W', 0},
    {"EXTENDED_COMMUNITIES of 7 octets", 0, "c010070002fdea000000", 'W', 'W', 0},
    {"EXTENDED_COMMUNITIES of 9 octets", 0, "c010090002fdea0000000100", 'W', 'W', 0},
    {"EXTENDED_COMMUNITIES not transitive", 0, "8010080002fdea00000001", 'W', 'W', 0},
    {"EXTENDED_COMMUNITIES", 0, "c010080002fdea00000001", 'A', 'A', 0},
    {"IPV6_EXTENDED_COMMUNITIES of 19 octets", 0, "c01913 00000000000000000000 000000000000000000", 'W', 'W', 0},
    /* AS4_PATH and AS4_AGGREGATOR, RFC 6793 section 6 */
    {"AS4_PATH from a four-octet speaker", 0, "c011060201 00000001", 'A', 'A', 0},
    {"AS4_PATH of 5 octets", 0, "c011050201000000", 'D', 'D', 0},
    {"AS4_PATH empty segment", 0, "c011020200", 'D', 'D', 0},
    {"AS4_PATH segment type 9", 0, "c011060901 00000001", 'D', 'D', 0},
    {"AS4_PATH not transitive", 0, "8011060201 00000001", 'W', 'W', 0},
    {"AS4_AGGREGATOR of 7 octets", 0, "c0120700000001 0a0000", 'D', 'D', 0},
    {"AS4_AGGREGATOR of 9 octets", 0, "c0120900000001 0a00000200", 'D', 'D', 0},
    {"AS4_AGGREGATOR with AS 0", 0, "c0120800000000 0a000002", 'D', 'D', 0},
    /* PMSI_TUNNEL, TUNNEL_ENCAPSULATION (RFC 9012 section 13): not used here, but looked at before they are passed on */
    {"PMSI_TUNNEL of 4 octets", 0, "c0160400000000", 'W', 'W', 0},
    {"TUNNEL_ENCAPSULATION of 3 octets", 0, "c01703000800", 'W', 'W', 0},
    {"TUNNEL_ENCAPSULATION outer length too long", 0, "c0170600080004 0102", 'W', 'W', 0},
    {"TUNNEL_ENCAPSULATION sub-TLV overrun", 0, "c0170700080003 010500", 'W', 'W', 0},
    {"TUNNEL_ENCAPSULATION long sub-TLV overrun", 0, "c0170700080003 810005", 'W', 'W', 0},
    {"TUNNEL_ENCAPSULATION octets left over", 0, "c0170500080000 00", 'W', 'W', 0},
    {"TUNNEL_ENCAPSULATION", 0, "c0170700080003 010100", 'A', 'A', 0},
    /* AIGP, PREFIX_SID: discarded outside their domain */
    {"AIGP of 1 octet", 0, "801a0101", 'D', 'D', 0},
    {"AIGP", 0, "801a0b01000b 0000000000000001", 'D', 'D', 0},
    {"PREFIX_SID of 2 octets", 0, "c028020100", 'D', 'D', 0},
    {"PREFIX_SID", 0, "c0280a010007 00000000000001", 'D', 'D', 0},
    /* LARGE_COMMUNITIES, RFC 8092 section 6 */
    {"LARGE_COMMUNITIES of 0 octets", 0, "c02000", 'W', 'W', 0},
    {"LARGE_COMMUNITIES of 11 octets", 0, "c0200b 0000fdea 00000001 000000", 'W', 'W', 0},
    {"LARGE_COMMUNITIES of 13 octets", 0, "c0200d 0000fdea 00000001 00000002 00", 'W', 'W', 0},
    {"LARGE_COMMUNITIES not transitive", 0, "80200c 0000fdea 00000001 00000002", 'W', 'W', 0},
    {"LARGE_COMMUNITIES", 0, "c0200c 0000fdea 00000001 00000002", 'A', 'A', 0},
    /* ONLY_TO_CUSTOMER, RFC 9234 section 5 */
    {"ONLY_TO_CUSTOMER of 0 octets", 0, "c02300", 'W', 'W', 0},
    {"ONLY_TO_CUSTOMER of 3 octets", 0, "c02303000001", 'W', 'W', 0},
    {"ONLY_TO_CUSTOMER of 5 octets", 0, "c023050000000100", 'W', 'W', 0},
    {"ONLY_TO_CUSTOMER", 0, "c023040000fdea", 'A', 'A', 0},
    /* unknown ones, RFC 4271 section 5 */
    {"unknown, optional, transitive", 0, "c0fa0201 02", 'A', 'A', 0},
    {"unknown, optional, not transitive", 0, "80fa020102", 'A', 'A', 0},
    {"unknown, well-known", 0, "40fa020102", 'R', 'R', 2},
    {"unknown, empty", 0, "c0fa00", 'A', 'A', 0},
    /* the list itself, section 4 */
    {"one octet left over", 0, "40", 'W', 'W', 0},
    {"two octets left over", 0, "c0fa", 'W', 'W', 0},
    {"three octets left over, extended length", 0, "d0fa01", 'W', 'W', 0},
    {"length past the end", 0, "c0fa0501", 'W', 'W', 0},
    {"extended length past the end", 0, "d0fa010001", 'W', 'W', 0},
    {"COMMUNITIES twice, the first counts", 0, "c00804fdea0001 c00803000000", 'D', 'D', 0},
    /* MP_REACH_NLRI and MP_UNREACH_NLRI, sections 3 g, 5.3, 7.11, 7.12 */
    {"MP_REACH_NLRI of 1 octet", 0, "800e0100", 'R', 'R', 9},
    {"MP_REACH_NLRI of 4 octets", 0, "800e0400020110", 'R', 'R', 9},
    {"MP_REACH_NLRI next hop of 0 octets", 0, "800e0500020100 00", 'R', 'R', 9},
    {"MP_REACH_NLRI next hop of 4 octets", 0, "800e0900020104 0a000002 00", 'R', 'R', 9},
    {"MP_REACH_NLRI next hop of 15 octets", 0, "800e14 0002010f 20010db80000000000000000000000 00", 'R', 'R', 9},
    {"MP_REACH_NLRI next hop overrun", 0, "800e0900020120 20010db8 00", 'R', 'R', 9},
    {"MP_REACH_NLRI no reserved octet", 0, "800e1400020110 20010db8000000000000000000000002", 'R', 'R', 9},
    {"MP_REACH_NLRI prefix of 129 bits", 0, "800e1600020110 20010db8000000000000000000000002 00 81", 'R', 'R', 9},
    {"MP_REACH_NLRI prefix overrun", 0, "800e1700020110 20010db8000000000000000000000002 00 2020", 'R', 'R', 9},
    {"MP_REACH_NLRI past the end", 0, "800e4000020110", 'R', 'R', 5},
    {"MP_REACH_NLRI twice", 0,
     "800e1500020110 20010db8000000000000000000000002 00 800e1500020110 20010db8000000000000000000000002 00", 'R', 'R', 1},
    {"MP_REACH_NLRI transitive", 0, "c00e1500020110 20010db8000000000000000000000002 00", 'W', 'W', 0},
    {"MP_REACH_NLRI next hop ::1", 0, "800e1a00020110 00000000000000000000000000000001 00 20 20010db8", 'W', 'W', 0},
    {"MP_REACH_NLRI of a family that is not ours", 0, "800e0900190104 01020304 00", 'A', 'A', 0},
    {"MP_UNREACH_NLRI of 2 octets", 0, "800f020002", 'R', 'R', 9},
    {"MP_UNREACH_NLRI prefix of 129 bits", 0, "800f0400020181", 'R', 'R', 9},
    {"MP_UNREACH_NLRI prefix overrun", 0, "800f0500020130 20", 'R', 'R', 9},
    {"MP_UNREACH_NLRI twice", 0, "800f03000201 800f03000201", 'R', 'R', 1},
    {"MP_UNREACH_NLRI transitive", 0, "c00f03000201", 'W', 'W', 0},
    {"MP_UNREACH_NLRI", 0, "800f03000201", 'A', 'A', 0},
};

/* The good ones: ORIGIN, AS_PATH of the peer (65002 = 0xfdea), NEXT_HOP, and inside LOCAL_PREF. */
static size_t base_attributes(uint8_t *out, size_t capacity, uint8_t without, bool internal)
{
    static const struct {
        uint8_t code;
        const char *external, *internal;
    } base[] = {{1, "40010100", "40010100"}, {2, "4002060201 0000fdea", "400200"}, {3, "4003040a000002", "4003040a000002"},
                {5, "", "40050400000064"}};
    size_t length = 0;
    for (size_t i = 0; i < S2SI_COUNT(base); i++) {
        if (base[i].code != without) {
            length += bgp_hex(internal ? base[i].internal : base[i].external, out + length, capacity - length);
        }
    }
    return length;
}

static void send_update(struct bgp_raw *raw, uint8_t without, const char *hex, const char *nlri, bool internal)
{
    uint8_t body[1024] = {0};
    size_t length = base_attributes(body + 4, sizeof body - 4, without, internal);
    length += bgp_hex(hex, body + 4 + length, sizeof body - 4 - length);
    s2si_put_u16(body + 2, (uint16_t)length);
    length += bgp_hex(nlri, body + 4 + length, sizeof body - 4 - length);
    bgp_raw_message(raw, S2SI_BGP_UPDATE, body, 4 + length);
}

/* Whether the route still carries attribute code. */
static bool carries(const struct bgp_raw *raw, uint8_t code)
{
    const struct s2si_bgp *bgp = raw->world.nodes[0].bgp;
    static const uint8_t address[4] = {10, 66, 0, 0};
    struct s2si_bgp_key key;
    s2si_bgp_rib_key(&bgp->ribs[0], address, 16, &key);
    uint32_t net = s2si_bgp_rib_find(&bgp->ribs[0], &key);
    const struct s2si_bgp_path *path = s2si_bgp_slab_at(&bgp->paths, s2si_bgp_rib_net(&bgp->ribs[0], net)->paths);
    struct s2si_bgp_attr_view view;
    s2si_bgp_attrs_view(&bgp->attrs, path->received, &view);
    return code < 64 && s2si_bgp_has(&view, code);
}

static void check_row(const struct row *row, bool internal)
{
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    char expected = internal ? row->internal : row->external;
    uint8_t code = 0, subcode = 0, attribute[2];
    bgp_raw_init(raw, internal ? 65001 : 65002);
    bgp_raw_establish(raw, internal ? 65001 : 65002, false, false);
    send_update(raw, 0, "", "100a42", internal); /* 10.66.0.0/16 */
    assert_true(bgp_world_has(raw->session, S2S_BGP_RECEIVED, "10.66.0.0/16", NULL));
    send_update(raw, row->code, row->hex, "100a42", internal);
    send_update(raw, 0, "", "100a63", internal); /* the sentinel, 10.99.0.0/16 */
    bool reset = bgp_raw_notification(raw, &code, &subcode);
    bool sentinel = bgp_world_has(raw->session, S2S_BGP_RECEIVED, "10.99.0.0/16", NULL);
    bool route = bgp_world_has(raw->session, S2S_BGP_RECEIVED, "10.66.0.0/16", NULL);
    char got = reset ? 'R' : route ? 'A' : 'W';
    if (got == 'A' && expected == 'D') {
        bgp_hex((const char[]){row->hex[2], row->hex[3], 0}, attribute, 1);
        got = strstr(row->name, "twice") != NULL || !carries(raw, attribute[0]) ? 'D' : 'A';
    }
    if (got != expected || sentinel == reset || (reset && (code != 3 || subcode != row->subcode))) {
        fail_msg("%s (%s): expected %c, got %c (%u/%u)", row->name, internal ? "internal" : "external", expected, got, code, subcode);
    }
    bgp_raw_clear(raw);
    free(raw);
}

static void each_row(void **state)
{
    (void)state;
    assert_true(S2SI_COUNT(rows) >= 88);
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        check_row(&rows[i], false);
        check_row(&rows[i], true);
    }
    print_message("%zu rows, external and internal\n", S2SI_COUNT(rows));
}

/* What cannot be told from attributes alone: lengths of the message (RFC 4271 section 6.3, RFC 7606 section 5.3). */
static void message_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *name, *hex;
        uint8_t subcode;
    } bodies[] = {
        {"withdrawn routes past the end", "000500 0000", 1},
        {"attributes past the end", "0000 0005 40", 1},
        {"both past the end", "ffff ffff", 1},
        {"prefix of 33 bits", "0000 0000 21 0a000000 00", 10},
        {"prefix past the end", "0000 0000 18 0a00", 10},
        {"withdrawn prefix of 33 bits", "0002 2100 0000", 10},
        {"withdrawn prefix past the end", "0002 180a 0000", 10},
    };
    for (size_t i = 0; i < S2SI_COUNT(bodies); i++) {
        struct bgp_raw *raw = calloc(1, sizeof *raw);
        uint8_t body[64], code = 0, subcode = 0;
        bgp_raw_init(raw, 65002);
        bgp_raw_establish(raw, 65002, false, false);
        bgp_raw_message(raw, S2SI_BGP_UPDATE, body, bgp_hex(bodies[i].hex, body, sizeof body));
        if (!bgp_raw_notification(raw, &code, &subcode) || code != 3 || subcode != bodies[i].subcode) {
            fail_msg("%s: %u/%u", bodies[i].name, code, subcode);
        }
        bgp_raw_clear(raw);
        free(raw);
    }
}

/* An unknown optional transitive attribute is passed on with the partial bit, one that is not transitive is not. */
static void unknown_is_passed_on(void **state)
{
    (void)state;
    struct bgp_world world;
    bgp_world_init(&world);
    bgp_world_node(&world, 65001, 1, NULL);
    struct s2si_bgp *bgp = world.nodes[0].bgp;
    struct s2si_bgp_attributes attributes;
    uint8_t bytes[64], out[64];
    size_t length = bgp_hex("c0fa020102 80fb020304 c0230400000001", bytes, sizeof bytes);
    const struct s2si_bgp_codec codec = {.four_octet = true};
    s2si_bgp_attributes_decode((struct s2si_bgp_span){bytes, length}, &codec, &bgp->scratch, &attributes);
    uint32_t id = s2si_bgp_attrs_intern(&bgp->attrs, &attributes.view);
    struct s2si_bgp_attr_view view;
    s2si_bgp_attrs_view(&bgp->attrs, id, &view);
    struct s2si_writer writer = s2si_writer(out, sizeof out);
    s2si_bgp_attributes_encode(&view, &codec, &writer);
    length = bgp_hex("e0fa020102 c0230400000001", bytes, sizeof bytes);
    assert_int_equal(writer.length, length);
    assert_memory_equal(out, bytes, length);
    s2si_bgp_attrs_release(&bgp->attrs, id);
    bgp_world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_row), cmocka_unit_test(message_lengths),
                                       cmocka_unit_test(unknown_is_passed_on)};
    return cmocka_run_group_tests_name("bgp_rfc7606", tests, NULL, NULL);
}
