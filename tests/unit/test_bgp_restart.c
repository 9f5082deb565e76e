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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_until_end_of_rib), cmocka_unit_test(gone_when_the_peer_does_not_return),
        cmocka_unit_test(gone_without_end_of_rib), cmocka_unit_test(gone_when_the_peer_lost_it), cmocka_unit_test(notifications),
        cmocka_unit_test(our_own_ends), cmocka_unit_test(a_second_loss_drops_the_first_round), cmocka_unit_test(tunnel_down_ends_it),
        cmocka_unit_test(new_connection_replaces_the_old), cmocka_unit_test(forwarding_bit),
    };
    return cmocka_run_group_tests_name("bgp_restart", tests, NULL, NULL);
}
