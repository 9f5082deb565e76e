/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves: packing, two-octet peers, coalescing, End-of-RIB, events; read back from the octets that were sent. */
#include "tests/unit/bgp_world.h"

#include <stdlib.h>
#include <string.h>

struct sent {
    unsigned updates, announced, withdrawn, end_of_rib, longest, attribute_sets;
    struct s2si_bgp_update last;
};

/* Reads what the raw session sent since its beginning. */
static struct sent read_sent(struct bgp_raw *raw, bool four_octet)
{
    static struct s2si_bgp_scratch scratch;
    const struct s2si_bgp_codec codec = {.four_octet = four_octet, .peer_asn = 65001, .families = 3};
    struct sent sent = {0};
    for (size_t at = 0; at < raw->sent_length; at += s2si_get_u16(raw->sent + at + 16)) {
        unsigned length = s2si_get_u16(raw->sent + at + 16);
        uint8_t address[16], bits;
        if (raw->sent[at + 18] != S2SI_BGP_UPDATE) {
            continue;
        }
        s2si_bgp_update_decode(raw->sent + at + 19, length - 19, &codec, &scratch, &sent.last);
        assert_int_equal(sent.last.attributes.action, S2SI_BGP_ACCEPT);
        sent.updates++;
        sent.longest = length > sent.longest ? length : sent.longest;
        sent.end_of_rib += sent.last.end_of_rib;
        for (int i = 0; i < 2; i++) {
            struct s2si_bgp_nlri reached = sent.last.reached[i], withdrawn = sent.last.withdrawn[i];
            sent.attribute_sets += reached.family != S2SI_BGP_FAMILY_OTHER && reached.prefixes.length > 0;
            while (reached.family != S2SI_BGP_FAMILY_OTHER && s2si_bgp_nlri_next(&reached, address, &bits)) {
                sent.announced++;
            }
            while (withdrawn.family != S2SI_BGP_FAMILY_OTHER && s2si_bgp_nlri_next(&withdrawn, address, &bits)) {
                sent.withdrawn++;
            }
        }
    }
    return sent;
}

static void originate(struct bgp_raw *raw, uint32_t count, bool ipv6)
{
    for (uint32_t i = 0; i < count; i++) {
        struct s2s_prefix prefix = {.addr = s2si_addr4(0x14000000u + (i << 8)), .length = 24};
        if (ipv6) {
            prefix = bgp_prefix("2001:db8::/48");
            prefix.addr.bytes[4] = (uint8_t)(i >> 8);
            prefix.addr.bytes[5] = (uint8_t)i;
        }
        assert_int_equal(s2si_bgp_originate(raw->world.nodes[0].bgp, &prefix, raw->world.now), 0);
    }
}

static void packed(void **state)
{
    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        struct bgp_raw *raw = calloc(1, sizeof *raw);
        bgp_raw_init(raw, 65002);
        originate(raw, 5000, ipv6 != 0);
        bgp_raw_establish(raw, 65002, false, true);
        struct sent sent = read_sent(raw, true);
        assert_int_equal(sent.announced, 5000);
        assert_true(sent.longest <= S2SI_BGP_MESSAGE_MAX);
        assert_true(sent.updates <= 5000 / 200 + 4); /* batches of 256 nets of one attribute set */
        assert_int_equal(sent.end_of_rib, 2);
        assert_true(sent.last.end_of_rib);
        bgp_raw_clear(raw);
        free(raw);
    }
}

/* Withdraw everything: without attributes, many to a message, nothing that was not announced. */
static void withdrawn_together(void **state)
{
    (void)state;
    for (int ipv6 = 0; ipv6 < 2; ipv6++) {
        struct bgp_raw *raw = calloc(1, sizeof *raw);
        bgp_raw_init(raw, 65002);
        originate(raw, 1000, ipv6 != 0);
        bgp_raw_establish(raw, 65002, false, false);
        raw->sent_length = 0;
        s2si_bgp_session_drain(raw->session, S2SI_BGP_GONE, raw->world.now);
        bgp_raw_drain(raw);
        struct sent sent = read_sent(raw, true);
        assert_int_equal(sent.withdrawn, 1000);
        assert_true(sent.updates <= 6);
        assert_int_equal(bgp_world_count(raw->session, S2S_BGP_ADVERTISED), 0);
        raw->sent_length = 0;
        s2si_bgp_session_steer(raw->session, 5, 0, raw->world.now);
        bgp_raw_drain(raw);
        assert_int_equal(read_sent(raw, true).updates, 0); /* still gone, so nothing to say */
        bgp_raw_clear(raw);
        free(raw);
    }
}

/* Changes that meet before they are sent are one change; a route that comes and goes unsent is none. */
static void coalesced(void **state)
{
    (void)state;
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    bgp_raw_init(raw, 65002);
    bgp_raw_establish(raw, 65002, false, false);
    raw->sent_length = 0;
    struct s2s_prefix prefix = bgp_prefix("192.0.2.0/24");
    for (int i = 0; i < 100; i++) {
        s2si_bgp_originate(raw->world.nodes[0].bgp, &prefix, raw->world.now);
        s2si_bgp_withdraw(raw->world.nodes[0].bgp, &prefix, raw->world.now);
    }
    bgp_raw_drain(raw);
    assert_int_equal(read_sent(raw, true).updates, 0);
    for (int i = 0; i < 101; i++) {
        s2si_bgp_originate(raw->world.nodes[0].bgp, &prefix, raw->world.now);
        s2si_bgp_session_steer(raw->session, (uint32_t)i, 0, raw->world.now);
    }
    bgp_raw_drain(raw);
    struct sent sent = read_sent(raw, true);
    assert_int_equal(sent.updates, 1);
    assert_int_equal(sent.last.attributes.view.med, 100);
    bgp_raw_clear(raw);
    free(raw);
}

/* To a two-octet peer: AS_TRANS and AS4_PATH; it reads the same path back. */
static void two_octet_peer(void **state)
{
    (void)state;
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    struct s2si_bgp_session_config config = bgp_world_config(1, 2, 65002);
    char path[64];
    config.passive = true;
    config.local_asn = 4200000000u;
    bgp_raw_config(raw, &config);
    originate(raw, 1, false);
    bgp_raw_establish(raw, 65002, true, false);
    static struct s2si_bgp_scratch scratch;
    const struct s2si_bgp_codec codec = {.four_octet = false, .families = 1};
    struct s2si_bgp_update update;
    size_t at = raw->sent_length;
    for (size_t next = 0; next < raw->sent_length; next += s2si_get_u16(raw->sent + next + 16)) {
        at = raw->sent[next + 18] == S2SI_BGP_UPDATE && s2si_get_u16(raw->sent + next + 16) > 23 ? next : at;
    }
    assert_true(at < raw->sent_length);
    s2si_bgp_update_decode(raw->sent + at + 19, s2si_get_u16(raw->sent + at + 16) - 19u, &codec, &scratch, &update);
    assert_int_equal(update.attributes.action, S2SI_BGP_ACCEPT);
    s2si_bgp_attribute_format(&update.attributes.view, S2SI_BGP_AS_PATH, path, sizeof path);
    assert_string_equal(path, "4200000000");
    assert_int_equal(s2si_get_u16(raw->sent + 20), S2SI_BGP_AS_TRANS); /* and in the OPEN */
    bgp_raw_clear(raw);
    free(raw);
}

/* RFC 2918: everything once more, also when nothing changed. */
static void refreshed(void **state)
{
    (void)state;
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    bgp_raw_init(raw, 65002);
    originate(raw, 10, false);
    bgp_raw_establish(raw, 65002, false, false);
    raw->sent_length = 0;
    bgp_raw_message(raw, S2SI_BGP_ROUTE_REFRESH, (const uint8_t *)"\0\1\0\1", 4);
    assert_int_equal(read_sent(raw, true).announced, 10);
    raw->sent_length = 0;
    bgp_raw_message(raw, S2SI_BGP_ROUTE_REFRESH, (const uint8_t *)"\0\2\0\1", 4);
    assert_int_equal(read_sent(raw, true).announced, 0); /* the other family */
    bgp_raw_clear(raw);
    free(raw);
}

/* Events about routes are bounded, those about the session have their own room, and what was lost is told. */
static void bounded_events(void **state)
{
    (void)state;
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    bgp_raw_init(raw, 65002);
    bgp_raw_establish(raw, 65002, false, false);
    struct s2si_bgp *bgp = raw->world.nodes[0].bgp;
    uint8_t bytes[512];
    originate(raw, 5000, false);
    while (s2si_bgp_stream_pull(bgp, RAW_STREAM, bytes, sizeof bytes, raw->world.now) > 0) {
    }
    assert_int_equal(bgp->event_count, S2SI_BGP_ROUTE_EVENTS);
    assert_true(bgp->events_lost > 4000);
    s2si_bgp_session_reset(raw->session, raw->world.now);
    struct s2si_bgp_output out = {0};
    while (out.type != S2SI_BGP_EVENT && s2si_bgp_next_output(bgp, &out)) {
    }
    assert_non_null(strstr(out.detail, "had no room"));
    bgp_raw_drain(raw);
    assert_true(bgp_world_saw(&raw->world.nodes[0], S2SI_BGP_EV_NOTIFICATION_SENT, 6, 4));
    assert_null(bgp->events); /* given back */
    bgp_raw_clear(raw);
    free(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(packed), cmocka_unit_test(withdrawn_together), cmocka_unit_test(coalesced),
                                       cmocka_unit_test(two_octet_peer), cmocka_unit_test(refreshed), cmocka_unit_test(bounded_events)};
    return cmocka_run_group_tests_name("bgp_adj_out", tests, NULL, NULL);
}
