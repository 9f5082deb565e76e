/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A restart does not wait for a peer that says nothing: the DELETE goes on being said while the new IKE_SA is made, and the
 * status tells what carries traffic. In each state that the old IKE_SA may have at that moment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/gateway/objects.h"
#include "lib/ike/v2/state.h"
#include "tests/sim/gateway_pair.h"

static s2s_tunnel *tunnel_of(const struct pair_end *end)
{
    return s2s_connection_tunnel(end->connection, 1);
}

/* Only a starts, so that nothing but a's restart brings the tunnel back. */
static void start(struct pair *pair, struct pair_params *params)
{
    pair_params_init(params);
    params->b_starts = false;
    pair_setup(pair, params);
    assert_true(pair_until_up(pair, 1, 5000));
    assert_int_equal(pair_ping(pair, 1), 1);
}

static void restart(struct pair *pair)
{
    assert_int_equal(s2s_tunnel_restart(tunnel_of(&pair->a), s2s_sim_now(pair->sim)), 0);
    s2s_driver_kick(pair->a.driver);
}

static void kill_peer(struct pair *pair, const struct pair_params *params)
{
    s2s_sim_node_crash(pair->b.node);
    pair_run(pair, 200);
    pair_start_again(pair, &pair->b, params);
    pair_run(pair, 200);
}

static const char *word(const struct pair *pair)
{
    struct s2s_tunnel_state state = {.struct_size = sizeof state};
    assert_int_equal(s2s_tunnel_get(tunnel_of(&pair->a), &state), 0);
    return state.status_text;
}

/* One IKE_SA and one CHILD_SA are left, and traffic flows. */
static void whole(struct pair *pair)
{
    assert_int_equal(pair_ping(pair, 20), 20);
    pair_run(pair, 100000); /* the old DELETE's tries are over */
    for (unsigned i = 0; i < 2; i++) {
        const struct pair_end *end = i ? &pair->b : &pair->a;
        assert_int_equal(pair_status(end, 1), S2S_TUNNEL_UP);
        assert_int_equal(s2si_list_count(&end->engine->ike->sas), 1);
        assert_int_equal(s2si_list_count(&tunnel_of(end)->peer->children), 1);
    }
    assert_int_equal(pair_ping(pair, 20), 20);
    assert_int_equal(pair_cleartext(pair), 0);
    pair_teardown(pair);
}

static void test_killed_peer(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    start(&pair, &params);
    kill_peer(&pair, &params);
    restart(&pair);
    assert_true(pair_until_up(&pair, 1, 2000));
    assert_int_equal(pair_events(&pair.a, S2S_EVENT_IKE_DOWN), 1); /* told once, and before the new one is up */
    whole(&pair);
}

/* A request is under way already, so that the DELETE has to wait for its turn (a window of one). */
static void test_killed_peer_while_asked(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    start(&pair, &params);
    s2s_sim_node_crash(pair.b.node);
    assert_int_equal(s2si_tunnel_liveness(tunnel_of(&pair.a), s2s_sim_now(pair.sim)), 0);
    pair_run(&pair, 500);
    pair_start_again(&pair, &pair.b, &params);
    restart(&pair);
    assert_true(pair_until_up(&pair, 1, 2000));
    whole(&pair);
}

/* The peer is away for longer: the status says so, and the first try after its return succeeds. */
static void test_absent_peer(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    start(&pair, &params);
    s2s_sim_node_crash(pair.b.node);
    restart(&pair);
    pair_run(&pair, 1500);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_CONNECTING);
    assert_string_equal(word(&pair), "ike_sa_not_established");
    pair_run(&pair, 18500);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_CONNECTING);
    pair_start_again(&pair, &pair.b, &params);
    assert_true(pair_until_up(&pair, 1, 15000));
    whole(&pair);
}

/* Nobody ever answered: a restart begins anew at once, again and again. */
static void test_while_connecting(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    pair_params_init(&params);
    params.b_starts = false;
    pair_setup(&pair, &params);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, true);
    pair_run(&pair, 20000);
    restart(&pair);
    pair_run(&pair, 100);
    assert_int_equal(pair_status(&pair.a, 1), S2S_TUNNEL_CONNECTING);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, false);
    restart(&pair);
    assert_true(pair_until_up(&pair, 1, 1000));
    whole(&pair);
}

/* IKE_AUTH was sent and nothing came: that attempt may live at the peer, so it ends with a DELETE, but nobody waits for it. */
static void test_while_authenticating(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    pair_params_init(&params);
    params.b_starts = false;
    pair_setup(&pair, &params);
    const struct s2si_ike_sa *sa = NULL;
    for (unsigned i = 0; i < 5000 && (sa == NULL || sa->state != ST_AUTH_I); i++) {
        s2s_sim_run_for(pair.sim, S2S_MILLISECOND);
        struct s2si_ike_peer *peer = tunnel_of(&pair.a)->peer;
        sa = peer ? s2si_peer_connecting(peer) : NULL;
    }
    assert_non_null(sa);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, true);
    pair_run(&pair, 3000);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, false);
    restart(&pair);
    assert_true(pair_until_up(&pair, 1, 2500));
    whole(&pair);
}

/* The DELETE is lost, the peer lives: for a while it holds both, and the late DELETE takes the old one alone. */
static void test_delete_is_lost(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    start(&pair, &params);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, true);
    restart(&pair);
    pair_run(&pair, 500);
    s2s_sim_link_blackhole(pair.outer_a[0], S2S_SIM_BOTH, false);
    assert_true(pair_until_up(&pair, 1, 2000));
    whole(&pair);
}

/* DELETE was said, so the tunnel carries nothing of ours: no word says that it is up. */
static void test_the_word_while_nothing_is_carried(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;
    start(&pair, &params);
    s2s_sim_node_crash(pair.b.node);
    restart(&pair);
    for (unsigned i = 0; i < 3000; i += 10) {
        pair_run(&pair, 10);
        if (!tunnel_of(&pair.a)->up_out)
            assert_string_equal(word(&pair), "ike_sa_not_established");
    }
    assert_false(tunnel_of(&pair.a)->up_out);
    pair_teardown(&pair);
}

/* Disabled while the peer is gone: over after a few tries, and enabled again it does not wait for the rest. */
static void test_disable_and_enable(void **state)
{
    struct s2s_tunnel_params changes;
    struct pair_params params;
    struct pair pair;
    (void)state;
    start(&pair, &params);
    s2s_sim_node_crash(pair.b.node);
    s2s_tunnel_params_init(&changes, sizeof changes);
    changes.enabled = 0;
    assert_int_equal(s2s_tunnel_modify(tunnel_of(&pair.a), &changes, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 3000);
    changes.enabled = 1;
    assert_int_equal(s2s_tunnel_modify(tunnel_of(&pair.a), &changes, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_start_again(&pair, &pair.b, &params);
    assert_true(pair_until_up(&pair, 1, 10000));
    whole(&pair);
}

/* New keys when a person asks for them; without SAs there is nothing to renew. */
static void test_rekey_by_hand(void **state)
{
    struct s2s_tunnel_state before = {.struct_size = sizeof before}, after = {.struct_size = sizeof after};
    struct pair_params params;
    struct pair pair;
    (void)state;
    start(&pair, &params);
    assert_int_equal(s2s_tunnel_get(tunnel_of(&pair.a), &before), 0);
    assert_int_equal(s2s_tunnel_rekey(tunnel_of(&pair.a), S2S_REKEY_IPSEC, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 500);
    assert_int_equal(s2s_tunnel_rekey(tunnel_of(&pair.a), S2S_REKEY_IKE, s2s_sim_now(pair.sim)), 0);
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 500);
    assert_int_equal(s2s_tunnel_get(tunnel_of(&pair.a), &after), 0);
    assert_int_equal(after.ipsec_rekeys, 1);
    assert_int_equal(after.ike_rekeys, 1);
    assert_int_not_equal(after.spi_in, before.spi_in);
    assert_int_not_equal(after.ike_spi_i, before.ike_spi_i);
    assert_int_equal(s2s_tunnel_rekey(tunnel_of(&pair.a), 7, s2s_sim_now(pair.sim)), S2S_ERR_INVALID);
    assert_int_equal(s2s_tunnel_rekey(NULL, S2S_REKEY_IKE, 0), S2S_ERR_INVALID);
    s2s_sim_node_crash(pair.b.node);
    restart(&pair);
    pair_run(&pair, 2000);
    assert_int_equal(s2s_tunnel_rekey(tunnel_of(&pair.a), S2S_REKEY_IKE, s2s_sim_now(pair.sim)), S2S_ERR_STATE);
    assert_int_equal(s2s_tunnel_rekey(tunnel_of(&pair.a), S2S_REKEY_IPSEC, s2s_sim_now(pair.sim)), S2S_ERR_STATE);
    pair_teardown(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_peer),
        cmocka_unit_test(test_killed_peer_while_asked),
        cmocka_unit_test(test_absent_peer),
        cmocka_unit_test(test_while_connecting),
        cmocka_unit_test(test_while_authenticating),
        cmocka_unit_test(test_delete_is_lost),
        cmocka_unit_test(test_the_word_while_nothing_is_carried),
        cmocka_unit_test(test_disable_and_enable),
        cmocka_unit_test(test_rekey_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
