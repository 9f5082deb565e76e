/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two ends that prefer different groups: the first request of a rekey names the wrong one, INVALID_KE_PAYLOAD brings the right
 * one (RFC 7296 section 1.3). Alone, and crossing in many orders of delivery (cases regular_ke_invalid, collision_ke_invalid,
 * collision_ke_invalid_delayed_retry of reliability 1.2).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/sim/ike_pair.h"

static void start(struct pair *pair, uint64_t seed)
{
    ike_pair_init(pair);
    for (int i = 0; i < 2; i++) {
        struct s2si_proposal *esp = &pair->end[i].esp_list.items[0];
        esp->count[S2SI_TRANSFORM_KE] = 2;
        esp->algorithms[S2SI_TRANSFORM_KE][i] = S2S_CURVE25519;
        esp->algorithms[S2SI_TRANSFORM_KE][1 - i] = S2S_ECP256;
    }
    assert_int_equal(ike_pair_start(pair), 0);
    (void)s2s_crypto_test_reseed(pair->end[0].crypto.context, 2 * seed);
    (void)s2s_crypto_test_reseed(pair->end[1].crypto.context, 2 * seed + 1);
    assert_int_equal(s2si_ike_initiate(pair->end[0].peer, pair->now), 0);
    ike_pair_run(pair);
    assert_null(ike_pair_fault(pair));
}

static void stop(struct pair *pair)
{
    ike_pair_stop(pair);
    assert_int_equal(pair->end[0].mem.blocks + pair->end[1].mem.blocks, 0);
}

static void regular(void **state)
{
    (void)state;
    for (int end = 0; end < 2; end++) {
        struct pair pair;
        start(&pair, 1);
        uint32_t before = ike_pair_outbound(&pair, 0)->spi_out;
        unsigned sent = pair.sent;
        assert_int_equal(s2si_ike_rekey_child(pair.end[end].peer, 0, pair.now), 0);
        ike_pair_run(&pair);
        assert_int_equal(pair.sent - sent, 6); /* refused, answered, DELETE */
        ike_pair_wait(&pair, 6 * PAIR_SECOND); /* the old one drains */
        assert_null(ike_pair_fault(&pair));
        assert_int_not_equal(ike_pair_outbound(&pair, 0)->spi_out, before);
        stop(&pair);
    }
}

/* bits: which end's oldest message arrives next. */
static void crossing(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 1024; bits++) {
        struct pair pair;
        start(&pair, bits % 16 + 1);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(s2si_ike_rekey_child(pair.end[i].peer, 0, pair.now), 0);
            ike_pair_pump(&pair, i);
        }
        for (unsigned n = 0; n < 40; n++) {
            int end = (int)(bits >> n % 10 & 1);
            struct pair_datagram *datagram = ike_pair_next(&pair, end);
            if (datagram == NULL && (datagram = ike_pair_next(&pair, 1 - end)) == NULL)
                break;
            ike_pair_deliver(&pair, datagram);
            ike_pair_tick(&pair);
            if (!ike_pair_flows(&pair, 0) || !ike_pair_flows(&pair, 1))
                fail_msg("order %x: a packet would be lost", bits);
        }
        ike_pair_wait(&pair, 60 * PAIR_SECOND);
        if (ike_pair_fault(&pair) != NULL)
            fail_msg("order %x: %s", bits, ike_pair_fault(&pair));
        stop(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regular),
        cmocka_unit_test(crossing),
    };
    return cmocka_run_group_tests_name("INVALID_KE_PAYLOAD at rekeys", tests, NULL, NULL);
}
