/* SPDX-License-Identifier: Apache-2.0 */
/* Routes sent again: RFC 2918, and RFC 7313 with its marks, as the one who asks and as the one who is asked. */
#include "tests/unit/bgp_world.h"

#include <stdlib.h>
#include <string.h>

#define GOOD "40010100 4002060201 0000fdea 4003040a000002 "
#define BEGIN_IPV4 "0001 01 01"
#define END_IPV4 "0001 02 01"

static struct bgp_raw *begin(bool graceful, bool enhanced)
{
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    struct s2si_bgp_session_config config = bgp_world_config(1, 2, 65002);
    config.passive = true;
    config.graceful_restart = graceful;
    config.restart_time = 120;
    assert_non_null(raw);
    bgp_raw_config(raw, &config);
    bgp_raw_establish(raw, 65002, false, graceful);
    raw->session->peer_capabilities.enhanced_refresh = enhanced;
    return raw;
}

static void end(struct bgp_raw *raw)
{
    bgp_raw_clear(raw);
    free(raw);
}

static void feed(struct bgp_raw *raw, uint8_t type, const char *hex)
{
    uint8_t body[256];
    bgp_raw_message(raw, type, body, bgp_hex(hex, body, sizeof body));
}

static void announce(struct bgp_raw *raw, const char *prefix)
{
    char hex[128] = "0000 0014" GOOD;
    strcat(hex, prefix);
    feed(raw, S2SI_BGP_UPDATE, hex);
}

static bool has(const struct bgp_raw *raw, const char *prefix)
{
    return bgp_world_has(raw->session, S2S_BGP_BEST, prefix, NULL);
}

/* What was sent since the last look, a letter a message: U an UPDATE, E an End-of-RIB (IPv4), and of IPv4 R the question,
   < and > the marks. */
static const char *sent(struct bgp_raw *raw)
{
    static const char marks[] = "R<>";
    static char letters[64];
    size_t count = 0;
    for (size_t at = 0; at + S2SI_BGP_HEADER <= raw->sent_length && count + 1 < sizeof letters;) {
        const uint8_t *message = raw->sent + at, *body = message + S2SI_BGP_HEADER;
        size_t length = s2si_get_u16(message + 16);
        bool six = message[18] == S2SI_BGP_UPDATE ? length == S2SI_BGP_HEADER + 4 + 6 || length == S2SI_BGP_HEADER + 4 + 7 : body[1] == 2;
        if (message[18] == S2SI_BGP_UPDATE && !six) {
            letters[count++] = length == S2SI_BGP_HEADER + 4 ? 'E' : 'U';
        } else if (message[18] == S2SI_BGP_ROUTE_REFRESH && !six) {
            letters[count++] = marks[body[2]];
        }
        at += length;
    }
    letters[count] = '\0';
    raw->sent_length = 0;
    return letters;
}

static void originate(struct bgp_raw *raw, const char *text)
{
    struct s2s_prefix prefix = bgp_prefix(text);
    assert_int_equal(s2si_bgp_originate(raw->world.nodes[0].bgp, &prefix, raw->world.now), 0);
    bgp_raw_drain(raw);
}

/* ---- the peer asks */

static void answered_between_marks(void **state)
{
    (void)state;
    for (int enhanced = 0; enhanced <= 1; enhanced++) {
        struct bgp_raw *raw = begin(true, enhanced != 0);
        originate(raw, "192.0.2.0/24");
        sent(raw);
        feed(raw, S2SI_BGP_ROUTE_REFRESH, "0001 00 01");
        assert_string_equal(sent(raw), enhanced ? "<U>" : "UE");
        feed(raw, S2SI_BGP_ROUTE_REFRESH, "0001 00 01"); /* as often as it likes */
        assert_string_equal(sent(raw), enhanced ? "<U>" : "UE");
        end(raw);
    }
}

/* Two questions while nothing could be sent: one answer, one pair of marks around it. */
static void asked_twice_answered_once(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin(false, true);
    uint8_t question[46];
    originate(raw, "192.0.2.0/24");
    sent(raw);
    size_t length = bgp_hex("ffffffffffffffffffffffffffffffff 0017 05 00010001 ffffffffffffffffffffffffffffffff 0017 05 00010001", question,
                            sizeof question);
    bgp_raw_feed(raw, question, length);
    assert_string_equal(sent(raw), "<U>");
    end(raw);
}

/* RFC 7313 section 4: no mark before our own End-of-RIB. */
static void asked_before_the_first_is_through(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin(true, true);
    originate(raw, "192.0.2.0/24");
    sent(raw);
    raw->session->out[S2SI_BGP_IPV4].end_of_rib = true;
    feed(raw, S2SI_BGP_ROUTE_REFRESH, "0001 00 01");
    assert_string_equal(sent(raw), "E<U>");
    end(raw);
}

/* Marks stand on End-of-RIB, which some peers send with graceful restart only: FRR 8.4, asked without, then waits for its own. */
static void offered_with_end_of_rib_alone(void **state)
{
    (void)state;
    for (int graceful = 0; graceful <= 1; graceful++) {
        struct bgp_raw *raw = begin(graceful != 0, false);
        struct s2si_bgp_open open;
        struct s2si_bgp_notify notify;
        size_t length = s2si_get_u16(raw->sent + 16);
        assert_int_equal(raw->sent[18], S2SI_BGP_OPEN);
        assert_int_equal(s2si_bgp_open_decode(raw->sent + S2SI_BGP_HEADER, length - S2SI_BGP_HEADER, &open, &notify), 0);
        assert_true(open.capabilities.route_refresh);
        assert_int_equal(open.capabilities.enhanced_refresh, graceful);
        end(raw);
    }
}

/* ---- the peer sends again */

static void what_is_not_sent_again_goes(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin(false, true);
    struct s2s_bgp_route_state route;
    announce(raw, "100a42");
    announce(raw, "100a43");
    unsigned changes = raw->world.nodes[0].changes;
    feed(raw, S2SI_BGP_ROUTE_REFRESH, BEGIN_IPV4);
    assert_true(bgp_world_has(raw->session, S2S_BGP_BEST, "10.66.0.0/16", &route) && route.stale);
    announce(raw, "100a42");
    assert_true(bgp_world_has(raw->session, S2S_BGP_BEST, "10.66.0.0/16", &route) && !route.stale);
    assert_true(has(raw, "10.67.0.0/16")); /* used until the end */
    assert_int_equal(raw->world.nodes[0].changes, changes);
    feed(raw, S2SI_BGP_ROUTE_REFRESH, END_IPV4);
    assert_true(has(raw, "10.66.0.0/16") && !has(raw, "10.67.0.0/16"));
    assert_int_equal(raw->world.nodes[0].changes, changes + 1);
    struct s2s_bgp_session_state counts = {.struct_size = sizeof counts};
    assert_int_equal(s2si_bgp_session_state(raw->session, &counts), 0);
    assert_int_equal(counts.routes_accepted, 1);
    end(raw);
}

/* The other family has nothing to do with it. */
static void one_family_alone(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin(false, true);
    announce(raw, "100a42");
    feed(raw, S2SI_BGP_ROUTE_REFRESH, "0002 01 01");
    feed(raw, S2SI_BGP_ROUTE_REFRESH, "0002 02 01");
    assert_true(has(raw, "10.66.0.0/16"));
    feed(raw, S2SI_BGP_ROUTE_REFRESH, "0019 01 46"); /* nor a family that is not ours */
    feed(raw, S2SI_BGP_ROUTE_REFRESH, "0019 02 46");
    assert_true(has(raw, "10.66.0.0/16"));
    assert_int_equal(raw->session->state, S2S_BGP_ESTABLISHED);
    end(raw);
}

/* A second begin inside, an end without a begin, a begin before End-of-RIB, marks that nobody agreed on: nothing gets lost. */
static void marks_out_of_place(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin(false, true);
    announce(raw, "100a42");
    feed(raw, S2SI_BGP_ROUTE_REFRESH, END_IPV4);
    assert_true(has(raw, "10.66.0.0/16"));
    feed(raw, S2SI_BGP_ROUTE_REFRESH, BEGIN_IPV4);
    announce(raw, "100a42");
    feed(raw, S2SI_BGP_ROUTE_REFRESH, BEGIN_IPV4);
    feed(raw, S2SI_BGP_ROUTE_REFRESH, END_IPV4);
    assert_true(has(raw, "10.66.0.0/16"));
    end(raw);

    raw = begin(true, true);
    announce(raw, "100a42");
    feed(raw, S2SI_BGP_ROUTE_REFRESH, BEGIN_IPV4); /* before End-of-RIB */
    feed(raw, S2SI_BGP_ROUTE_REFRESH, END_IPV4);
    assert_true(has(raw, "10.66.0.0/16"));
    feed(raw, S2SI_BGP_UPDATE, "0000 0000");
    feed(raw, S2SI_BGP_ROUTE_REFRESH, BEGIN_IPV4);
    feed(raw, S2SI_BGP_ROUTE_REFRESH, END_IPV4);
    assert_false(has(raw, "10.66.0.0/16"));
    end(raw);

    raw = begin(false, false);
    announce(raw, "100a42");
    feed(raw, S2SI_BGP_ROUTE_REFRESH, BEGIN_IPV4);
    feed(raw, S2SI_BGP_ROUTE_REFRESH, END_IPV4);
    assert_true(has(raw, "10.66.0.0/16"));
    end(raw);
}

static void never_ended(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin(false, true);
    announce(raw, "100a42");
    feed(raw, S2SI_BGP_ROUTE_REFRESH, BEGIN_IPV4);
    for (int i = 0; i < 59; i++) {
        raw->world.now += 10 * (s2s_time)S2S_SECOND;
        feed(raw, S2SI_BGP_KEEPALIVE, "");
    }
    assert_true(has(raw, "10.66.0.0/16"));
    for (int i = 0; i < 2; i++) {
        raw->world.now += 10 * (s2s_time)S2S_SECOND;
        s2si_bgp_tick(raw->world.nodes[0].bgp, raw->world.now);
        feed(raw, S2SI_BGP_KEEPALIVE, "");
    }
    assert_int_equal(raw->session->state, S2S_BGP_ESTABLISHED);
    assert_false(has(raw, "10.66.0.0/16"));
    end(raw);
}

static void lost_in_the_middle(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin(false, true);
    announce(raw, "100a42");
    announce(raw, "100a43");
    feed(raw, S2SI_BGP_ROUTE_REFRESH, BEGIN_IPV4);
    announce(raw, "100a42");
    s2si_bgp_stream_closed(raw->world.nodes[0].bgp, RAW_STREAM, -1, raw->world.now);
    bgp_raw_drain(raw);
    assert_int_equal(bgp_world_count(raw->session, S2S_BGP_RECEIVED), 0);
    assert_int_equal(raw->session->routes[S2SI_BGP_IPV4], 0);
    end(raw);
}

/* A mark of a wrong length is an error of its own (RFC 7313 section 5). */
static void wrong_length(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin(false, true);
    uint8_t code = 0, subcode = 0;
    feed(raw, S2SI_BGP_ROUTE_REFRESH, BEGIN_IPV4 "00");
    assert_true(bgp_raw_notification(raw, &code, &subcode));
    assert_true(code == S2SI_BGP_ERR_ROUTE_REFRESH && subcode == 1);
    end(raw);
}

/* ---- both ends ours */

/* What one end lost without telling is back after a refresh; the other end notices nothing else. */
static void heals(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    bgp_world_init(&world);
    bgp_world_pair(&world, sessions);
    for (unsigned i = 0; i < 500; i++) {
        struct s2s_prefix prefix = {.addr = s2si_addr4(0x14000000u + (i << 8)), .length = 24};
        assert_int_equal(s2si_bgp_originate(world.nodes[0].bgp, &prefix, world.now), 0);
    }
    bgp_world_run(&world, S2S_SECOND);
    assert_int_equal(bgp_world_count(sessions[1], S2S_BGP_RECEIVED), 500);
    unsigned changes = world.nodes[1].changes;
    assert_int_equal(s2si_bgp_session_refresh(sessions[1], world.now), 0);
    bgp_world_run(&world, S2S_SECOND);
    assert_int_equal(bgp_world_count(sessions[1], S2S_BGP_RECEIVED), 500);
    assert_int_equal(world.nodes[1].changes, changes);
    assert_int_equal(sessions[1]->refreshing, 0);
    assert_int_equal(sessions[1]->routes[S2SI_BGP_IPV4], sessions[1]->fresh[S2SI_BGP_IPV4]);
    bgp_world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answered_between_marks), cmocka_unit_test(asked_twice_answered_once),
        cmocka_unit_test(asked_before_the_first_is_through), cmocka_unit_test(offered_with_end_of_rib_alone),
        cmocka_unit_test(what_is_not_sent_again_goes),
        cmocka_unit_test(one_family_alone), cmocka_unit_test(marks_out_of_place), cmocka_unit_test(never_ended),
        cmocka_unit_test(lost_in_the_middle), cmocka_unit_test(wrong_length), cmocka_unit_test(heals),
    };
    return cmocka_run_group_tests_name("bgp_refresh", tests, NULL, NULL);
}
