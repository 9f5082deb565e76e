/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/bgp_world.h"

#include <s2svpn/error.h>
#include <string.h>

static void originate(struct bgp_world *world, int node, const char *text)
{
    struct s2s_prefix prefix = bgp_prefix(text);
    assert_int_equal(s2si_bgp_originate(world->nodes[node].bgp, &prefix, world->now), 0);
}

static void withdraw(struct bgp_world *world, int node, const char *text)
{
    struct s2s_prefix prefix = bgp_prefix(text);
    s2si_bgp_withdraw(world->nodes[node].bgp, &prefix, world->now);
}

static void routes_go_both_ways(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    struct s2s_bgp_route_state route;
    bgp_world_pair(&world, sessions);
    originate(&world, 0, "192.0.2.0/24");
    originate(&world, 1, "198.51.100.0/24");
    originate(&world, 1, "2001:db8::/32");
    bgp_world_run(&world, S2S_SECOND);
    assert_true(bgp_world_has(sessions[1], S2S_BGP_RECEIVED, "192.0.2.0/24", &route));
    assert_string_equal(route.as_path, "65001");
    assert_true(route.accepted && route.best);
    assert_string_equal(route.why, "the only path");
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "198.51.100.0/24", &route));
    assert_true(s2si_addr_equal(&route.next_hop, &sessions[1]->config.local_ip));
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "2001:db8::/32", &route));
    assert_true(bgp_world_has(sessions[1], S2S_BGP_ADVERTISED, "2001:db8::/32", NULL));
    assert_int_equal(world.nodes[0].reachable, 2);
    withdraw(&world, 1, "198.51.100.0/24");
    bgp_world_run(&world, S2S_SECOND);
    assert_false(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "198.51.100.0/24", NULL));
    assert_int_equal(world.nodes[0].unreachable, 1);
    assert_true(bgp_world_saw(&world.nodes[0], S2SI_BGP_EV_LOST, -1, -1));
    struct s2s_bgp_session_state status = {.struct_size = sizeof status};
    assert_int_equal(s2si_bgp_session_state(sessions[0], &status), 0);
    assert_int_equal(status.routes_accepted, 1);
    assert_int_equal(status.routes_advertised, 1);
    assert_int_equal(status.hold_time, 30);
    assert_int_equal(status.keepalive, 10);
    bgp_world_clear(&world);
}

static void keepalives_hold_it(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    bgp_world_pair(&world, sessions);
    bgp_world_run(&world, 3600 * (s2s_time)S2S_SECOND);
    assert_int_equal(sessions[0]->state, S2S_BGP_ESTABLISHED);
    assert_int_equal(sessions[0]->flaps, 0);
    assert_true(sessions[0]->messages_out > 300 && sessions[0]->messages_out < 600); /* each 7.5 to 10 s */
    bgp_world_clear(&world);
}

static void hold_timer_and_return(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    bgp_world_pair(&world, sessions);
    originate(&world, 1, "198.51.100.0/24");
    bgp_world_run(&world, S2S_SECOND);
    world.cut = true;
    bgp_world_run(&world, 40 * (s2s_time)S2S_SECOND);
    assert_true(bgp_world_saw(&world.nodes[0], S2SI_BGP_EV_NOTIFICATION_SENT, S2SI_BGP_ERR_HOLD_TIMER, 0));
    assert_int_equal(world.nodes[0].unreachable, 1);
    world.cut = false;
    bgp_world_run(&world, 60 * (s2s_time)S2S_SECOND);
    assert_int_equal(sessions[0]->state, S2S_BGP_ESTABLISHED);
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "198.51.100.0/24", NULL));
    bgp_world_clear(&world);
}

/* A process that was held up past the hold time finds its timer before its socket: the input counts. */
static void late_input_counts(void **state)
{
    (void)state;
    struct bgp_raw raw;
    bgp_raw_init(&raw, 65002);
    bgp_raw_establish(&raw, 65002, false, false);
    raw.world.now += 100 * (s2s_time)S2S_SECOND;
    s2si_bgp_tick(raw.world.nodes[0].bgp, raw.world.now);
    bgp_raw_message(&raw, S2SI_BGP_KEEPALIVE, (const uint8_t *)"", 0);
    raw.world.now += 20 * (s2s_time)S2S_SECOND;
    s2si_bgp_tick(raw.world.nodes[0].bgp, raw.world.now);
    assert_int_equal(raw.session->state, S2S_BGP_ESTABLISHED);
    bgp_raw_clear(&raw);
}

static void both_dial_at_once(void **state)
{
    (void)state;
    for (int swap = 0; swap < 2; swap++) {
        struct bgp_world world;
        bgp_world_init(&world);
        bgp_world_node(&world, 65001, swap ? 9 : 1, NULL);
        bgp_world_node(&world, 65002, swap ? 1 : 9, NULL);
        struct s2si_bgp_session_config left = bgp_world_config(1, 2, 65002), right = bgp_world_config(2, 1, 65001);
        struct s2si_bgp_session *a = bgp_world_session(&world, 0, &left), *b = bgp_world_session(&world, 1, &right);
        bgp_world_run(&world, 20 * (s2s_time)S2S_SECOND);
        assert_int_equal(a->state, S2S_BGP_ESTABLISHED);
        assert_int_equal(b->state, S2S_BGP_ESTABLISHED);
        assert_int_equal(a->flaps + b->flaps, 0);
        assert_true(bgp_world_saw(&world.nodes[0], S2SI_BGP_EV_NOTIFICATION_SENT, 6, 7) ||
                    bgp_world_saw(&world.nodes[1], S2SI_BGP_EV_NOTIFICATION_SENT, 6, 7));
        /* the connection that the higher identifier opened stays */
        assert_true((swap ? a : b)->up->outgoing);
        bgp_world_clear(&world);
    }
}

static void shutdown_says_why(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    bgp_world_pair(&world, sessions);
    s2si_bgp_session_stop(sessions[0], "back at noon", world.now);
    bgp_world_run(&world, S2S_SECOND);
    assert_int_equal(sessions[0]->state, S2S_BGP_DISABLED);
    assert_int_equal(sessions[1]->last_code, 6);
    assert_int_equal(sessions[1]->last_subcode, 2);
    assert_string_equal(sessions[1]->last_error, "back at noon");
    bgp_world_run(&world, 100 * (s2s_time)S2S_SECOND);
    assert_int_not_equal(sessions[1]->state, S2S_BGP_ESTABLISHED);
    s2si_bgp_session_start(sessions[0], world.now);
    bgp_world_run(&world, 100 * (s2s_time)S2S_SECOND);
    assert_int_equal(sessions[1]->state, S2S_BGP_ESTABLISHED);
    bgp_world_clear(&world);
}

static void path_down_overrides_all(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    bgp_world_pair(&world, sessions);
    originate(&world, 1, "198.51.100.0/24");
    bgp_world_run(&world, S2S_SECOND);
    sessions[0]->config.graceful_restart = true;
    sessions[0]->peer_capabilities.graceful_restart = true;
    s2si_bgp_path(sessions[0], false, world.now);
    bgp_world_run(&world, 1);
    assert_int_equal(world.nodes[0].unreachable, 1);
    assert_int_equal(sessions[0]->state, S2S_BGP_IDLE);
    bgp_world_run(&world, 100 * (s2s_time)S2S_SECOND);
    assert_int_equal(sessions[0]->state, S2S_BGP_IDLE);
    bgp_world_clear(&world);
}

static void max_prefix_warns_and_ceases(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    bgp_world_pair(&world, sessions);
    struct s2si_bgp_session_config config = bgp_world_config(1, 2, 65002);
    config.max_prefix = 4;
    config.max_prefix_warn = 75;
    assert_int_equal(s2si_bgp_session_update(sessions[0], &config, world.now), 0);
    const char *const prefixes[] = {"10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/16", "10.5.0.0/16"};
    for (int i = 0; i < 4; i++) {
        originate(&world, 1, prefixes[i]);
    }
    bgp_world_run(&world, S2S_SECOND);
    assert_int_equal(sessions[0]->state, S2S_BGP_ESTABLISHED);
    assert_true(bgp_world_saw(&world.nodes[0], S2SI_BGP_EV_PREFIX_WARNING, -1, -1));
    assert_false(bgp_world_saw(&world.nodes[0], S2SI_BGP_EV_PREFIX_LIMIT, -1, -1));
    originate(&world, 1, prefixes[4]);
    bgp_world_run(&world, S2S_SECOND);
    assert_true(bgp_world_saw(&world.nodes[0], S2SI_BGP_EV_PREFIX_LIMIT, -1, -1));
    assert_true(bgp_world_saw(&world.nodes[1], S2SI_BGP_EV_NOTIFICATION_RECEIVED, 6, 1));
    assert_int_equal(bgp_world_count(sessions[0], S2S_BGP_RECEIVED), 0);
    bgp_world_clear(&world);
}

static void refresh_and_reset(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    bgp_world_pair(&world, sessions);
    originate(&world, 1, "198.51.100.0/24");
    bgp_world_run(&world, S2S_SECOND);
    uint64_t before = sessions[0]->updates_in;
    assert_int_equal(s2si_bgp_session_refresh(sessions[0], world.now), 0);
    bgp_world_run(&world, S2S_SECOND);
    assert_int_equal(sessions[0]->updates_in, before + 1);
    assert_int_equal(s2si_bgp_session_reset(sessions[0], world.now), 0);
    bgp_world_run(&world, 1);
    assert_int_equal(s2si_bgp_session_refresh(sessions[0], world.now), S2S_ERR_STATE);
    bgp_world_run(&world, 60 * (s2s_time)S2S_SECOND);
    assert_int_equal(sessions[0]->state, S2S_BGP_ESTABLISHED);
    assert_int_equal(sessions[0]->flaps, 1);
    bgp_world_clear(&world);
}

static void wrong_peers_are_refused(void **state)
{
    (void)state;
    struct bgp_world world;
    bgp_world_init(&world);
    bgp_world_node(&world, 65001, 1, NULL);
    bgp_world_node(&world, 65002, 2, NULL);
    struct s2si_bgp_session_config left = bgp_world_config(1, 2, 65099), right = bgp_world_config(2, 1, 65001);
    right.passive = true;
    struct s2si_bgp_session *a = bgp_world_session(&world, 0, &left);
    bgp_world_session(&world, 1, &right);
    bgp_world_run(&world, 10 * (s2s_time)S2S_SECOND);
    assert_int_not_equal(a->state, S2S_BGP_ESTABLISHED);
    assert_true(bgp_world_saw(&world.nodes[0], S2SI_BGP_EV_NOTIFICATION_SENT, 2, 2));
    bgp_world_clear(&world);
}

/* Internal peers: LOCAL_PREF goes, the path is not lengthened, and what one internal peer told is not told to another. */
static void internal_peers(void **state)
{
    (void)state;
    struct bgp_world world;
    bgp_world_init(&world);
    for (uint32_t i = 1; i <= 3; i++) {
        bgp_world_node(&world, 65001, i, NULL);
    }
    struct s2si_bgp_session_config configs[4] = {bgp_world_config(1, 2, 65001), bgp_world_config(2, 1, 65001),
                                                 bgp_world_config(2, 3, 65001), bgp_world_config(3, 2, 65001)};
    struct s2si_bgp_session *sessions[4];
    const int nodes[4] = {0, 1, 1, 2};
    for (int i = 0; i < 4; i++) {
        sessions[i] = bgp_world_session(&world, nodes[i], &configs[i]);
    }
    originate(&world, 0, "192.0.2.0/24");
    bgp_world_run(&world, 30 * (s2s_time)S2S_SECOND);
    struct s2s_bgp_route_state route;
    assert_true(bgp_world_has(sessions[1], S2S_BGP_RECEIVED, "192.0.2.0/24", &route));
    assert_string_equal(route.as_path, "");
    assert_true(route.has_local_pref);
    assert_int_equal(route.local_pref, 100);
    assert_int_equal(sessions[3]->state, S2S_BGP_ESTABLISHED);
    assert_false(bgp_world_has(sessions[3], S2S_BGP_RECEIVED, "192.0.2.0/24", NULL));
    bgp_world_clear(&world);
}

/* Three in a row of different AS: the middle one passes on with its AS, and groups keep apart. */
static void transit_and_groups(void **state)
{
    (void)state;
    for (uint32_t group = 0; group < 2; group++) {
        struct bgp_world world;
        bgp_world_init(&world);
        for (uint32_t i = 1; i <= 3; i++) {
            bgp_world_node(&world, 65000 + i, i, NULL);
        }
        struct s2si_bgp_session_config configs[4] = {bgp_world_config(1, 2, 65002), bgp_world_config(2, 1, 65001),
                                                     bgp_world_config(2, 3, 65003), bgp_world_config(3, 2, 65002)};
        struct s2si_bgp_session *sessions[4];
        const int nodes[4] = {0, 1, 1, 2};
        for (int i = 0; i < 4; i++) {
            configs[i].group = group;
            sessions[i] = bgp_world_session(&world, nodes[i], &configs[i]);
        }
        originate(&world, 0, "192.0.2.0/24");
        bgp_world_run(&world, 30 * (s2s_time)S2S_SECOND);
        struct s2s_bgp_route_state route;
        bool passed = bgp_world_has(sessions[3], S2S_BGP_RECEIVED, "192.0.2.0/24", &route);
        assert_int_equal(passed, group == 0);
        if (passed) {
            assert_string_equal(route.as_path, "65002 65001");
        }
        bgp_world_clear(&world);
    }
}

static void drain_and_steer(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    struct s2s_bgp_route_state route;
    bgp_world_pair(&world, sessions);
    originate(&world, 1, "198.51.100.0/24");
    s2si_bgp_session_steer(sessions[1], 50, 2, world.now);
    bgp_world_run(&world, S2S_SECOND);
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "198.51.100.0/24", &route));
    assert_string_equal(route.as_path, "65002 65002 65002");
    assert_int_equal(route.med, 50);
    s2si_bgp_session_drain(sessions[1], S2SI_BGP_WORSE, world.now);
    bgp_world_run(&world, S2S_SECOND);
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "198.51.100.0/24", &route));
    assert_string_equal(route.as_path, "65002 65002 65002 65002 65002 65002");
    assert_true(route.med > 1000000);
    assert_string_equal(route.communities, "graceful-shutdown");
    s2si_bgp_session_drain(sessions[1], S2SI_BGP_GONE, world.now);
    bgp_world_run(&world, S2S_SECOND);
    assert_false(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "198.51.100.0/24", &route));
    s2si_bgp_session_drain(sessions[1], S2SI_BGP_NORMAL, world.now);
    bgp_world_run(&world, S2S_SECOND);
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "198.51.100.0/24", &route));
    assert_int_equal(route.med, 50);
    bgp_world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(routes_go_both_ways), cmocka_unit_test(keepalives_hold_it), cmocka_unit_test(hold_timer_and_return),
        cmocka_unit_test(late_input_counts), cmocka_unit_test(both_dial_at_once), cmocka_unit_test(shutdown_says_why),
        cmocka_unit_test(path_down_overrides_all), cmocka_unit_test(max_prefix_warns_and_ceases),
        cmocka_unit_test(refresh_and_reset), cmocka_unit_test(wrong_peers_are_refused), cmocka_unit_test(internal_peers),
        cmocka_unit_test(transit_and_groups), cmocka_unit_test(drain_and_steer),
    };
    return cmocka_run_group_tests_name("bgp_speaker", tests, NULL, NULL);
}
