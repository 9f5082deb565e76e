/* SPDX-License-Identifier: Apache-2.0 */
/* A rekey that would leave less than there was (RFC 7296 section 2.9.2): refused in both roles, and the old one stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/ike_pair.h"

static void set(const char *text, struct s2s_selector *out)
{
    struct s2s_prefix prefix;
    assert_int_equal(s2s_prefix_parse(text, &prefix), 0);
    s2s_selector_from_prefix(&prefix, out);
}

/* End 1 is configured to have less (or more) behind it than was agreed. */
static void start(struct pair *pair, const char *behind)
{
    ike_pair_init(pair);
    assert_int_equal(ike_pair_start(pair), 0);
    assert_int_equal(s2si_ike_initiate(pair->end[0].peer, pair->now), 0);
    ike_pair_run(pair);
    assert_null(ike_pair_fault(pair));
    set(behind, &pair->end[1].local_ts[0]);
    assert_int_equal(s2si_ike_peer_update(pair->end[1].peer, &pair->end[1].config, pair->now), 0);
}

static uint32_t spi(const struct pair *pair)
{
    return ike_pair_outbound(pair, 0)->spi_out;
}

static void rekey(struct pair *pair, int end)
{
    assert_int_equal(s2si_ike_rekey_child(pair->end[end].peer, 0, pair->now), 0);
    ike_pair_run(pair);
    ike_pair_wait(pair, 6 * PAIR_SECOND);
}

static void refused(struct pair *pair, uint32_t before)
{
    assert_null(ike_pair_fault(pair));
    assert_int_equal(spi(pair), before);
    ike_pair_stop(pair);
    assert_int_equal(pair->end[0].mem.blocks + pair->end[1].mem.blocks, 0);
}

static void responder_refuses(void **state)
{
    (void)state;
    for (int end = 0; end < 2; end++) { /* who has less answers, who has less asks */
        struct pair pair;
        start(&pair, "10.1.7.0/24");
        uint32_t before = spi(&pair);
        rekey(&pair, end);
        assert_true(ike_pair_events(&pair, end, S2SI_IKE_EV_CHILD_FAILED) > 0);
        assert_int_equal(ike_pair_event(&pair, end, S2SI_IKE_EV_CHILD_FAILED)->notify, S2SI_N_TS_UNACCEPTABLE);
        refused(&pair, before);
    }
}

/* The peer does not mind: it believes that it never had more. We say DELETE for what it made. */
static void initiator_refuses(void **state)
{
    struct pair pair;
    (void)state;
    start(&pair, "10.1.7.0/24");
    struct s2si_child_sa *child = S2SI_CONTAINER(pair.end[1].peer->children.next, struct s2si_child_sa, peer_node);
    set("10.1.7.0/24", &child->data.local_ts[0]);
    uint32_t before = spi(&pair);
    rekey(&pair, 0);
    assert_int_equal(ike_pair_event(&pair, 0, S2SI_IKE_EV_CHILD_FAILED)->reason, S2SI_IKE_REASON_TS_UNACCEPTABLE);
    refused(&pair, before);
}

/* More than was agreed is narrowed to what it was, as at the first time. */
static void more_is_narrowed(void **state)
{
    (void)state;
    for (int end = 0; end < 2; end++) {
        struct pair pair;
        start(&pair, "10.0.0.0/8");
        uint32_t before = spi(&pair);
        rekey(&pair, end);
        assert_null(ike_pair_fault(&pair));
        assert_int_not_equal(spi(&pair), before);
        ike_pair_stop(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(responder_refuses),
        cmocka_unit_test(initiator_refuses),
        cmocka_unit_test(more_is_narrowed),
    };
    return cmocka_run_group_tests_name("narrowed rekeys", tests, NULL, NULL);
}
