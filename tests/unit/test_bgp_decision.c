/* SPDX-License-Identifier: Apache-2.0 */
/* Each step of the decision process decides exactly when all steps before it see no difference. */
#include "tests/unit/bgp_world.h"

#include <string.h>

static struct s2si_bgp_candidate plain(uint32_t path)
{
    return (struct s2si_bgp_candidate){.path = path, .rank = {.med = 10, .first_as = 65002, .path_length = 2, .origin = 1, .clusters = 1},
                                       .preference = 100, .router_id = 50, .peer = s2si_addr4(0x0a000005), .external = true};
}

static void better(struct s2si_bgp_candidate *candidate, enum s2si_bgp_step step, bool yes)
{
    switch (step) {
    case S2SI_BGP_STEP_LOCAL:
        candidate->local = yes;
        break;
    case S2SI_BGP_STEP_LOCAL_PREF:
        candidate->preference = yes ? 200 : 50;
        break;
    case S2SI_BGP_STEP_PATH_LENGTH:
        candidate->rank.path_length = yes ? 1 : 3;
        break;
    case S2SI_BGP_STEP_ORIGIN:
        candidate->rank.origin = yes ? 0 : 2;
        break;
    case S2SI_BGP_STEP_MED:
        candidate->rank.med = yes ? 5 : 15;
        break;
    case S2SI_BGP_STEP_EXTERNAL:
        candidate->external = yes;
        break;
    case S2SI_BGP_STEP_FAVOURED:
        candidate->favoured = yes;
        break;
    case S2SI_BGP_STEP_ROUTER_ID:
        candidate->router_id = yes ? 1 : 99;
        break;
    case S2SI_BGP_STEP_CLUSTER_LIST:
        candidate->rank.clusters = yes ? 0 : 2;
        break;
    default:
        candidate->peer = s2si_addr4(yes ? 0x0a000001 : 0x0a000009);
        break;
    }
}

static void each_step_in_order(void **state)
{
    (void)state;
    for (int step = S2SI_BGP_STEP_LOCAL; step < S2SI_BGP_STEP_ONLY; step++) {
        for (int swap = 0; swap < 2; swap++) {
            struct s2si_bgp_candidate candidates[2] = {plain(1), plain(2)};
            enum s2si_bgp_step decided;
            better(&candidates[swap], (enum s2si_bgp_step)step, true);
            better(&candidates[1 - swap], (enum s2si_bgp_step)step, false);
            for (int later = step + 1; later < S2SI_BGP_STEP_ONLY; later++) { /* the loser is better in all that follows */
                better(&candidates[1 - swap], (enum s2si_bgp_step)later, true);
                better(&candidates[swap], (enum s2si_bgp_step)later, false);
            }
            assert_int_equal(s2si_bgp_decide(candidates, 2, &decided), swap);
            assert_int_equal(decided, step);
            assert_int_equal(candidates[1 - swap].lost_at, step);
        }
    }
}

/* MED counts between routes of one neighbouring AS only, and the order in which routes came does not matter: the well-known
   example in which pairwise comparison goes in circles. */
static void med_among_neighbours(void **state)
{
    (void)state;
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    for (int i = 0; i < 6; i++) {
        struct s2si_bgp_candidate all[3] = {plain(1), plain(2), plain(3)}, candidates[3];
        all[0].rank.med = 20; /* AS 65002, beaten by the third */
        all[0].router_id = 1;
        all[1].rank.first_as = 65003;
        all[1].rank.med = 99;
        all[1].router_id = 2;
        all[2].rank.med = 10;
        all[2].router_id = 3;
        enum s2si_bgp_step decided;
        for (int j = 0; j < 3; j++) {
            candidates[j] = all[orders[i][j]];
        }
        size_t best = s2si_bgp_decide(candidates, 3, &decided);
        assert_int_equal(candidates[best].path, 2);
        assert_int_equal(decided, S2SI_BGP_STEP_ROUTER_ID);
    }
}

static void one_candidate(void **state)
{
    (void)state;
    struct s2si_bgp_candidate only = plain(7);
    enum s2si_bgp_step decided;
    assert_int_equal(s2si_bgp_decide(&only, 1, &decided), 0);
    assert_int_equal(decided, S2SI_BGP_STEP_ONLY);
    for (int step = 0; step < S2SI_BGP_STEPS; step++) {
        assert_true(strlen(s2si_bgp_step_name((enum s2si_bgp_step)step)) > 3);
    }
}

/* Two sessions of a speaker: the better one is used, its loss moves to the other, "why" says it all. */
static void two_paths_and_why(void **state)
{
    (void)state;
    struct bgp_world world;
    bgp_world_init(&world);
    for (uint32_t i = 1; i <= 3; i++) {
        bgp_world_node(&world, i == 1 ? 65001 : 65002, i, NULL);
    }
    struct s2si_bgp_session_config configs[4] = {bgp_world_config(1, 2, 65002), bgp_world_config(1, 3, 65002),
                                                 bgp_world_config(2, 1, 65001), bgp_world_config(3, 1, 65001)};
    struct s2si_bgp_session *sessions[4];
    const int nodes[4] = {0, 0, 1, 2};
    for (int i = 0; i < 4; i++) {
        configs[i].name = i == 0 ? "tunnel-1" : "tunnel-2";
        sessions[i] = bgp_world_session(&world, nodes[i], &configs[i]);
    }
    struct s2s_prefix prefix = bgp_prefix("198.51.100.0/24");
    s2si_bgp_originate(world.nodes[1].bgp, &prefix, world.now);
    s2si_bgp_originate(world.nodes[2].bgp, &prefix, world.now);
    s2si_bgp_session_steer(sessions[2], 200, 0, world.now);
    s2si_bgp_session_steer(sessions[3], 100, 0, world.now);
    bgp_world_run(&world, 20 * (s2s_time)S2S_SECOND);
    struct s2s_bgp_route_state route;
    assert_true(bgp_world_has(sessions[1], S2S_BGP_RECEIVED, "198.51.100.0/24", &route));
    assert_true(route.best);
    assert_string_equal(route.why, "lower MED");
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "198.51.100.0/24", &route));
    assert_false(route.best);
    assert_string_equal(route.why, "lower MED");
    assert_true(bgp_world_has(sessions[0], S2S_BGP_BEST, "198.51.100.0/24", &route));
    assert_int_equal(route.med, 100);
    const char *why;
    assert_int_equal(s2si_bgp_why(world.nodes[0].bgp, &prefix, &why), 0);
    assert_memory_equal(why, "* tunnel-2 (10.0.0.3): best: lower MED; local-pref 100, path [65002], MED 100\n  tunnel-1", 86);
    s2si_bgp_session_preference(sessions[0], 150, world.now);
    bgp_world_run(&world, S2S_SECOND);
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "198.51.100.0/24", &route));
    assert_true(route.best);
    assert_string_equal(route.why, "higher local preference");
    unsigned before = world.nodes[0].reachable;
    s2si_bgp_path(sessions[0], false, world.now);
    bgp_world_run(&world, 1);
    assert_true(bgp_world_has(sessions[1], S2S_BGP_BEST, "198.51.100.0/24", &route));
    assert_true(s2si_addr_equal(&route.next_hop, &configs[1].peer_ip));
    assert_int_equal(world.nodes[0].reachable, before + 1);
    assert_int_equal(world.nodes[0].unreachable, 0);
    s2si_bgp_session_drain(sessions[3], S2SI_BGP_WORSE, world.now); /* RFC 8326: least preferred, but there */
    bgp_world_run(&world, S2S_SECOND);
    assert_int_equal(s2si_bgp_why(world.nodes[0].bgp, &prefix, &why), 0);
    assert_non_null(strstr(why, "the only path"));
    bgp_world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_step_in_order), cmocka_unit_test(med_among_neighbours),
                                       cmocka_unit_test(one_candidate), cmocka_unit_test(two_paths_and_why)};
    return cmocka_run_group_tests_name("bgp_decision", tests, NULL, NULL);
}
