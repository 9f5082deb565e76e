/* SPDX-License-Identifier: Apache-2.0 */
/* IKEv2 from IKE_SA_INIT to DELETE between two machines: the whole paths, in both roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/sim/ike_pair.h"

static void assert_up(const struct pair *pair)
{
    const char *fault = pair_fault(pair);
    if (fault != NULL)
        fail_msg("%s", fault);
}

static void init_to_child(void **state)
{
    struct pair pair;
    (void)state;
    pair_init(&pair);
    pair_up(&pair);
    assert_up(&pair);
    assert_int_equal(pair.sent, 4);
    assert_int_equal(pair_events(&pair, 0, S2SI_IKE_EV_IKE_UP), 1);
    assert_int_equal(pair_events(&pair, 1, S2SI_IKE_EV_IKE_UP), 1);
    assert_int_equal(pair_events(&pair, 0, S2SI_IKE_EV_CHILD_UP), 1);
    assert_int_equal(pair_events(&pair, 1, S2SI_IKE_EV_CHILD_UP), 1);
    pair_stop(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_to_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
