/* SPDX-License-Identifier: Apache-2.0 */
/* Graceful restart (RFC 4724) with notifications (RFC 8538): what stays, for how long, and what ends it. */
#include "tests/unit/bgp_world.h"

#include <stdlib.h>
#include <string.h>

#define GOOD "40010100 4002060201 0000fdea 4003040a000002 "

static struct bgp_raw *begin(void)
{
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    struct s2si_bgp_session_config config = bgp_world_config(1, 2, 65002);
    config.passive = config.graceful_restart = config.notification_restart = true;
    config.restart_time = 120;
    assert_non_null(raw);
    bgp_raw_config(raw, &config);
    bgp_raw_establish(raw, 65002, false, true);
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

static void wait_seconds(struct bgp_raw *raw, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        raw->world.now += S2S_SECOND;
        s2si_bgp_tick(raw->world.nodes[0].bgp, raw->world.now);
        bgp_raw_drain(raw);
    }
}

static void lose_stream(struct bgp_raw *raw)
{
    s2si_bgp_stream_closed(raw->world.nodes[0].bgp, RAW_STREAM, -1, raw->world.now);
    bgp_raw_drain(raw);
}

static bool has(struct bgp_raw *raw, bool *stale)
{
    struct s2s_bgp_route_state route;
    bool there = bgp_world_has(raw->session, S2S_BGP_BEST, "10.66.0.0/16", &route);
    *stale = there && route.stale;
    return there;
}

static void kept_until_end_of_rib(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin();
    bool stale;
    feed(raw, 2, "0000 0014" GOOD "100a42");
    feed(raw, 2, "0000 0014" GOOD "100a43");
    unsigned changes = raw->world.nodes[0].changes;
    lose_stream(raw);
    assert_true(has(raw, &stale) && stale);
    wait_seconds(raw, 5);
    bgp_raw_establish(raw, 65002, false, true);
    assert_true(has(raw, &stale) && stale);
    feed(raw, 2, "0000 0014" GOOD "100a42"); /* told again */
    assert_true(has(raw, &stale) && !stale);
    assert_int_equal(raw->world.nodes[0].changes, changes); /* and nobody above heard of anything */
    feed(raw, 2, "0000 0000");
    assert_true(has(raw, &stale));
    assert_false(bgp_world_has(raw->session, S2S_BGP_BEST, "10.67.0.0/16", NULL)); /* not told again */
    end(raw);
}

static void gone_when_the_peer_does_not_return(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin();
    bool stale;
    feed(raw, 2, "0000 0014" GOOD "100a42");
    lose_stream(raw);
    wait_seconds(raw, 119);
    assert_true(has(raw, &stale));
    wait_seconds(raw, 2);
    assert_false(has(raw, &stale));
    end(raw);
}

static void gone_without_end_of_rib(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin();
    bool stale;
    feed(raw, 2, "0000 0014" GOOD "100a42");
    lose_stream(raw);
    bgp_raw_establish(raw, 65002, false, true);
    for (int i = 0; i < 60; i++) {
        feed(raw, S2SI_BGP_KEEPALIVE, "");
        wait_seconds(raw, 10);
    }
    assert_int_equal(raw->session->state, S2S_BGP_ESTABLISHED);
    assert_false(has(raw, &stale));
    end(raw);
}

static void gone_when_the_peer_lost_it(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin();
    bool stale;
    feed(raw, 2, "0000 0014" GOOD "100a42");
    lose_stream(raw);
    assert_true(has(raw, &stale));
    bgp_raw_establish(raw, 65002, false, false); /* no capability any more */
    assert_false(has(raw, &stale));
    end(raw);
}

/* RFC 8538: a NOTIFICATION keeps the routes unless it is a hard reset; RFC 4724 alone: it ends them. */
static void notifications(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool n_bit, kept;
    } rows[] = {{"0604", true, true}, {"0400", true, true}, {"0301", true, true}, {"0609 0602", true, false}, {"0609", true, false},
                {"0604", false, false}, {"0400", false, false}};
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct bgp_raw *raw = begin();
        bool stale;
        raw->session->peer_capabilities.notification = rows[i].n_bit;
        feed(raw, 2, "0000 0014" GOOD "100a42");
        feed(raw, 3, rows[i].hex);
        assert_int_equal(has(raw, &stale), rows[i].kept);
        end(raw);
    }
}

/* Our own hold timer keeps them too; our administrator's stop is a hard reset and does not. */
static void our_own_ends(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin();
    bool stale;
    uint8_t code = 0, subcode = 0;
    feed(raw, 2, "0000 0014" GOOD "100a42");
    wait_seconds(raw, 31);
    assert_true(bgp_raw_notification(raw, &code, &subcode));
    assert_int_equal(code, S2SI_BGP_ERR_HOLD_TIMER);
    assert_true(has(raw, &stale) && stale);
    bgp_raw_establish(raw, 65002, false, true);
    feed(raw, 2, "0000 0014" GOOD "100a42");
    s2si_bgp_session_stop(raw->session, "bye", raw->world.now);
    bgp_raw_drain(raw);
    assert_true(bgp_raw_notification(raw, &code, &subcode));
    assert_true(code == 6 && subcode == S2SI_BGP_CEASE_HARD_RESET);
    assert_false(has(raw, &stale));
    end(raw);
}

static void a_second_loss_drops_the_first_round(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin();
    bool stale;
    feed(raw, 2, "0000 0014" GOOD "100a42");
    lose_stream(raw);
    bgp_raw_establish(raw, 65002, false, true);
    feed(raw, 2, "0000 0014" GOOD "100a43"); /* another one; the first is still stale */
    lose_stream(raw);
    assert_false(has(raw, &stale));
    assert_true(bgp_world_has(raw->session, S2S_BGP_BEST, "10.67.0.0/16", NULL));
    end(raw);
}

static void tunnel_down_ends_it(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin();
    bool stale;
    feed(raw, 2, "0000 0014" GOOD "100a42");
    lose_stream(raw);
    assert_true(has(raw, &stale));
    s2si_bgp_path(raw->session, false, raw->world.now);
    bgp_raw_drain(raw);
    assert_false(has(raw, &stale));
    end(raw);
}

/* A peer that restarts opens anew before we noticed: the new connection replaces the old one. Its process did not keep its
   forwarding state (F is 0), so what it announced before goes and comes back. */
static void new_connection_replaces_the_old(void **state)
{
    (void)state;
    struct bgp_world world;
    bgp_world_init(&world);
    bgp_world_node(&world, 65001, 1, NULL);
    bgp_world_node(&world, 65002, 2, NULL);
    struct s2si_bgp_session_config left = bgp_world_config(1, 2, 65002), right = bgp_world_config(2, 1, 65001);
    left.graceful_restart = right.graceful_restart = true;
    left.restart_time = right.restart_time = 120;
    right.passive = true;
    struct s2si_bgp_session *a = bgp_world_session(&world, 0, &left), *b = bgp_world_session(&world, 1, &right);
    struct s2s_prefix prefix = bgp_prefix("198.51.100.0/24");
    s2si_bgp_originate(world.nodes[1].bgp, &prefix, world.now);
    bgp_world_run(&world, 10 * (s2s_time)S2S_SECOND);
    assert_true(a->up != NULL && a->up->outgoing);
    /* the peer forgets everything and dials */
    world.cut = true;
    s2si_bgp_session_remove(b, world.now);
    bgp_world_run(&world, 1);
    for (size_t i = 0; i < WORLD_STREAMS; i++) {
        world.streams[i].closed[1] = false;
        world.streams[i].node[1] = -1; /* what it sent, and its close, never arrive */
    }
    world.cut = false;
    right.passive = false;
    b = bgp_world_session(&world, 1, &right);
    bgp_world_run(&world, 10 * (s2s_time)S2S_SECOND);
    assert_true(a->up != NULL && !a->up->outgoing);
    assert_int_equal(a->flaps, 1);
    assert_true(bgp_world_has(a, S2S_BGP_BEST, "198.51.100.0/24", NULL));
    assert_int_equal(b->state, S2S_BGP_ESTABLISHED);
    bgp_world_clear(&world);
}

/* The F bit: not on a first OPEN, nor from a restarted process; but when the session comes back within one. */
static void forwarding_bit(void **state)
{
    (void)state;
    struct bgp_raw *raw = begin();
    struct s2si_bgp_open open;
    struct s2si_bgp_notify notify;
    assert_int_equal(s2si_bgp_open_decode(raw->sent + 19, s2si_get_u16(raw->sent + 16) - 19u, &open, &notify), 0);
    assert_int_equal(open.capabilities.restart_families, 3);
    assert_int_equal(open.capabilities.forwarding_families, 0);
    assert_true(open.capabilities.notification && !open.capabilities.restarting);
    lose_stream(raw);
    bgp_raw_establish(raw, 65002, false, true);
    assert_int_equal(s2si_bgp_open_decode(raw->sent + 19, s2si_get_u16(raw->sent + 16) - 19u, &open, &notify), 0);
    assert_int_equal(open.capabilities.forwarding_families, 3);
    end(raw);
}

/* ---- we came back (RFC 4724 section 4.1): nothing is selected or announced before the peers have told what they know */

enum { DEFERRAL = 60 };

/* Node 0 restarted; nodes 1 and 2 are its peers, of which the second does not read or write until it is let. */
static void begin_deferral(struct bgp_world *world, struct s2si_bgp_session *of_zero[2], struct s2si_bgp_session *of_peer[2],
                           bool graceful)
{
    bgp_world_init(world);
    for (uint32_t i = 1; i <= 3; i++) {
        bgp_world_node(world, 65000 + i, i, NULL);
    }
    s2si_bgp_restarted(world->nodes[0].bgp, DEFERRAL, world->now);
    for (int i = 0; i < 2; i++) {
        uint8_t peer = (uint8_t)(2 + i);
        struct s2si_bgp_session_config ours = bgp_world_config(1, peer, 65000u + peer), theirs = bgp_world_config(peer, 1, 65001);
        ours.graceful_restart = true;
        theirs.graceful_restart = graceful || i == 0;
        ours.restart_time = theirs.restart_time = 120;
        ours.passive = true;
        of_zero[i] = bgp_world_session(world, 0, &ours);
        of_peer[i] = bgp_world_session(world, 1 + i, &theirs);
        struct s2s_prefix shared = bgp_prefix("198.51.100.0/24"), own = bgp_prefix(i == 0 ? "10.2.0.0/16" : "10.3.0.0/16");
        s2si_bgp_originate(world->nodes[1 + i].bgp, &shared, world->now);
        s2si_bgp_originate(world->nodes[1 + i].bgp, &own, world->now);
    }
    struct s2s_prefix local = bgp_prefix("192.0.2.0/24");
    s2si_bgp_originate(world->nodes[0].bgp, &local, world->now);
}

static bool selected(const struct bgp_world *world, struct s2si_bgp_session *const of_zero[2], struct s2si_bgp_session *const of_peer[2])
{
    bool any = world->nodes[0].changes > 0 || bgp_world_has(of_zero[0], S2S_BGP_BEST, "10.2.0.0/16", NULL);
    bool told = bgp_world_count(of_peer[0], S2S_BGP_RECEIVED) > 0 || of_zero[0]->updates_out > 0;
    assert_true(any || !told); /* nothing is announced before it is selected */
    return any && told;
}

static void selection_waits_for_all(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *of_zero[2], *of_peer[2];
    begin_deferral(&world, of_zero, of_peer, true);
    s2si_bgp_session_stop(of_peer[1], NULL, world.now);
    bgp_world_run(&world, 20 * (s2s_time)S2S_SECOND);
    assert_int_equal(of_zero[0]->state, S2S_BGP_ESTABLISHED);
    assert_int_equal(bgp_world_count(of_zero[0], S2S_BGP_RECEIVED), 2);
    assert_false(selected(&world, of_zero, of_peer));
    const char *why = "";
    struct s2s_prefix shared = bgp_prefix("198.51.100.0/24");
    assert_int_equal(s2si_bgp_why(world.nodes[0].bgp, &shared, &why), 0);
    assert_non_null(strstr(why, "End-of-RIB is waited for"));
    assert_true(of_peer[0]->peer_capabilities.restarting); /* the R bit, and no F bit */
    assert_int_equal(of_peer[0]->peer_capabilities.forwarding_families, 0);
    s2si_bgp_session_start(of_peer[1], world.now);
    bgp_world_run(&world, 10 * (s2s_time)S2S_SECOND);
    assert_true(selected(&world, of_zero, of_peer));
    assert_true(bgp_world_has(of_peer[1], S2S_BGP_RECEIVED, "10.2.0.0/16", NULL));
    assert_true(bgp_world_has(of_peer[1], S2S_BGP_RECEIVED, "192.0.2.0/24", NULL));
    assert_int_equal(of_peer[0]->heard & 1, 1); /* our End-of-RIB came behind it all */
    assert_int_equal(world.nodes[0].changes, 3);
    bgp_world_clear(&world);
}

static void selection_waits_no_longer_than_its_timer(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *of_zero[2], *of_peer[2];
    begin_deferral(&world, of_zero, of_peer, true);
    s2si_bgp_session_stop(of_peer[1], NULL, world.now);
    bgp_world_run(&world, (DEFERRAL - 1) * (s2s_time)S2S_SECOND);
    assert_false(selected(&world, of_zero, of_peer));
    bgp_world_run(&world, 2 * (s2s_time)S2S_SECOND);
    assert_true(selected(&world, of_zero, of_peer));
    bgp_world_clear(&world);
}

/* Not waited for: a peer that does not know graceful restart, one that restarts too, one whose path is down, one that goes. */
static void selection_waits_for_no_one_else(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct bgp_world world;
        struct s2si_bgp_session *of_zero[2], *of_peer[2];
        begin_deferral(&world, of_zero, of_peer, kind != 0);
        if (kind == 1) {
            s2si_bgp_restarted(world.nodes[2].bgp, DEFERRAL, world.now);
        } else if (kind == 2) {
            s2si_bgp_path(of_zero[1], false, world.now);
        } else if (kind == 3) {
            s2si_bgp_session_stop(of_peer[1], NULL, world.now);
        }
        bgp_world_run(&world, 10 * (s2s_time)S2S_SECOND);
        if (kind == 3) {
            assert_false(selected(&world, of_zero, of_peer));
            s2si_bgp_session_remove(of_zero[1], world.now);
            bgp_world_run(&world, S2S_SECOND);
        }
        assert_true(selected(&world, of_zero, of_peer));
        bgp_world_clear(&world);
    }
}

/* Both ends of a link restarted: neither waits for the other. */
static void two_that_restart_do_not_wait_for_each_other(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    bgp_world_init(&world);
    for (int i = 0; i < 2; i++) {
        bgp_world_node(&world, 65001 + (uint32_t)i, 1 + (uint32_t)i, NULL);
        s2si_bgp_restarted(world.nodes[i].bgp, DEFERRAL, world.now);
    }
    for (int i = 0; i < 2; i++) {
        struct s2si_bgp_session_config config = bgp_world_config((uint8_t)(1 + i), (uint8_t)(2 - i), 65002u - (uint32_t)i);
        struct s2s_prefix own = bgp_prefix(i == 0 ? "10.1.0.0/16" : "10.2.0.0/16");
        config.graceful_restart = true;
        config.restart_time = 120;
        config.passive = i == 1;
        sessions[i] = bgp_world_session(&world, i, &config);
        s2si_bgp_originate(world.nodes[i].bgp, &own, world.now);
    }
    bgp_world_run(&world, 5 * (s2s_time)S2S_SECOND);
    assert_true(bgp_world_has(sessions[0], S2S_BGP_BEST, "10.2.0.0/16", NULL));
    assert_true(bgp_world_has(sessions[1], S2S_BGP_BEST, "10.1.0.0/16", NULL));
    bgp_world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_until_end_of_rib), cmocka_unit_test(gone_when_the_peer_does_not_return),
        cmocka_unit_test(gone_without_end_of_rib), cmocka_unit_test(gone_when_the_peer_lost_it), cmocka_unit_test(notifications),
        cmocka_unit_test(our_own_ends), cmocka_unit_test(a_second_loss_drops_the_first_round), cmocka_unit_test(tunnel_down_ends_it),
        cmocka_unit_test(new_connection_replaces_the_old), cmocka_unit_test(forwarding_bit),
        cmocka_unit_test(selection_waits_for_all), cmocka_unit_test(selection_waits_no_longer_than_its_timer),
        cmocka_unit_test(selection_waits_for_no_one_else), cmocka_unit_test(two_that_restart_do_not_wait_for_each_other),
    };
    return cmocka_run_group_tests_name("bgp_restart", tests, NULL, NULL);
}
