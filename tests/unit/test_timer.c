/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/timer.h"

#include "tests/unit/failing_allocator.h"

#include <s2svpn/error.h>

enum { TIMERS = 300 };

static struct s2si_timer timers[TIMERS];

static bool run(struct s2si_mem *mem, void *user)
{
    (void)user;
    struct s2si_timers heap;
    unsigned random = 99;
    s2si_timers_init(&heap, mem);
    assert_true(s2si_timers_next(&heap) == S2S_TIME_NEVER);
    bool well = true;
    for (uint32_t i = 0; i < TIMERS; i++) {
        s2si_timer_init(&timers[i], i, &timers[i]);
        assert_false(s2si_timer_armed(&timers[i]));
    }
    for (int step = 0; step < 2000; step++) {
        random = random * 1103515245u + 12345u;
        struct s2si_timer *timer = &timers[(random >> 16) % TIMERS];
        if (step % 4 == 3) {
            s2si_timer_disarm(&heap, timer);
            assert_false(s2si_timer_armed(timer));
            continue;
        }
        bool was_armed = s2si_timer_armed(timer);
        int error = s2si_timer_arm(&heap, timer, (random >> 8) % 1000);
        assert_true(error == 0 || (error == S2S_ERR_NO_MEMORY && !was_armed));
        well = well && error == 0;
    }
    size_t armed = heap.count, fired = 0;
    s2s_time last = 0;
    for (s2s_time now = 0; now < 1000; now += 10) {
        for (struct s2si_timer *timer; (timer = s2si_timers_expired(&heap, now)) != NULL; fired++) {
            assert_false(s2si_timer_armed(timer));
            assert_ptr_equal(timer->owner, timer);
        }
        assert_true(s2si_timers_next(&heap) > now && s2si_timers_next(&heap) >= last);
        last = s2si_timers_next(&heap);
    }
    while (s2si_timers_expired(&heap, 1000) != NULL) {
        fired++;
    }
    assert_int_equal(fired, armed);
    s2si_timers_clear(&heap);
    return well;
}

static void random_use_with_allocation_failures(void **state)
{
    (void)state;
    each_allocation_fails(run, NULL);
}

static void order_and_never(void **state)
{
    (void)state;
    struct s2si_mem mem;
    struct s2si_timers heap;
    struct s2si_timer a, b;
    s2si_mem_init(&mem, NULL);
    s2si_timers_init(&heap, &mem);
    s2si_timer_init(&a, 1, NULL);
    s2si_timer_init(&b, 2, NULL);
    s2si_timer_arm(&heap, &a, 10);
    s2si_timer_arm(&heap, &b, 5);
    assert_true(s2si_timers_next(&heap) == 5);
    s2si_timer_arm(&heap, &b, 15); /* later */
    assert_true(s2si_timers_next(&heap) == 10);
    s2si_timer_arm(&heap, &b, 1); /* earlier */
    assert_ptr_equal(s2si_timers_expired(&heap, 10), &b);
    assert_ptr_equal(s2si_timers_expired(&heap, 9), NULL);
    assert_ptr_equal(s2si_timers_expired(&heap, 10), &a);
    s2si_timer_arm(&heap, &a, 3);
    s2si_timer_arm(&heap, &a, S2S_TIME_NEVER); /* the same as disarming */
    assert_false(s2si_timer_armed(&a));
    s2si_timer_arm(&heap, &a, 3);
    s2si_timers_clear(&heap);
    assert_false(s2si_timer_armed(&a));
    assert_int_equal(mem.blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(order_and_never),
                                       cmocka_unit_test(random_use_with_allocation_failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
