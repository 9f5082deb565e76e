/* SPDX-License-Identifier: Apache-2.0 */
/* The manual loop: time, timers, descriptors and wakes as its caller plays them. */
#include <s2svpn/loop.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

struct seen {
    s2s_manual_loop *loop;
    const struct s2s_loop *table;
    void *timer, *watch, *other;
    int count;
    unsigned events;
    s2s_time again;
};

static void on_timer(void *user)
{
    struct seen *seen = user;
    seen->count++;
    if (seen->again != 0) {
        seen->table->timer_set(seen->table->context, seen->timer, seen->again);
    }
}

static void on_fd(void *user, int fd, unsigned events)
{
    struct seen *seen = user;
    assert_int_equal(fd, 7);
    seen->count++;
    seen->events = events;
    if (seen->other != NULL) {
        seen->table->watch_remove(seen->table->context, seen->other);
        seen->other = NULL;
    }
}

static struct seen open_loop(void)
{
    struct seen seen = {.count = 0};
    assert_int_equal(s2s_manual_loop_new(NULL, NULL, NULL, &seen.loop), 0);
    seen.table = s2s_manual_loop_table(seen.loop);
    return seen;
}

static void test_timer(void **state)
{
    (void)state;
    struct seen seen = open_loop();
    assert_int_equal(seen.table->timer_add(seen.table->context, on_timer, &seen, &seen.timer), 0);
    assert_true(s2s_manual_loop_next(seen.loop) == S2S_TIME_NEVER);
    seen.table->timer_set(seen.table->context, seen.timer, 50);
    assert_int_equal(s2s_manual_loop_next(seen.loop), 50);
    s2s_manual_loop_advance(seen.loop, 49);
    assert_int_equal(seen.count, 0);
    s2s_manual_loop_advance(seen.loop, 60);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.table->now(seen.table->context), 60);
    s2s_manual_loop_advance(seen.loop, 10);
    assert_int_equal(seen.table->now(seen.table->context), 60);
    s2s_manual_loop_advance(seen.loop, S2S_TIME_NEVER - 2);
    assert_int_equal(seen.count, 1);
    seen.table->timer_remove(seen.table->context, seen.timer);
    s2s_manual_loop_delete(seen.loop);
}

static void test_timer_that_rearms_waits_for_the_next_call(void **state)
{
    (void)state;
    struct seen seen = open_loop();
    seen.again = 1;
    assert_int_equal(seen.table->timer_add(seen.table->context, on_timer, &seen, &seen.timer), 0);
    seen.table->timer_set(seen.table->context, seen.timer, 1);
    s2s_manual_loop_advance(seen.loop, 5);
    assert_int_equal(seen.count, 1);
    assert_true(s2s_manual_loop_next(seen.loop) <= 5);
    seen.table->timer_set(seen.table->context, seen.timer, S2S_TIME_NEVER);
    s2s_manual_loop_advance(seen.loop, 6);
    assert_int_equal(seen.count, 1);
    s2s_manual_loop_delete(seen.loop); /* frees what was not removed */
}

static void test_watches(void **state)
{
    (void)state;
    struct seen seen = open_loop(), second = {.count = 0};
    struct s2s_manual_watch list[4];
    assert_int_equal(seen.table->watch_add(seen.table->context, -1, S2S_LOOP_READ, on_fd, &seen, &seen.watch), S2S_ERR_INVALID);
    assert_int_equal(seen.table->watch_add(seen.table->context, 7, S2S_LOOP_READ, on_fd, &seen, &seen.watch), 0);
    assert_int_equal(s2s_manual_loop_watches(seen.loop, list, 4), 1);
    assert_int_equal(list[0].fd, 7);
    s2s_manual_loop_ready(seen.loop, 7, S2S_LOOP_WRITE);
    assert_int_equal(seen.count, 0);
    seen.table->watch_change(seen.table->context, seen.watch, S2S_LOOP_READ | S2S_LOOP_WRITE);
    s2s_manual_loop_ready(seen.loop, 7, S2S_LOOP_WRITE);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.events, S2S_LOOP_WRITE);
    seen.table->watch_change(seen.table->context, seen.watch, 0);
    assert_int_equal(s2s_manual_loop_watches(seen.loop, list, 4), 0);
    seen.table->watch_change(seen.table->context, seen.watch, S2S_LOOP_READ);
    /* A callback removes another watch of the same descriptor. */
    assert_int_equal(seen.table->watch_add(seen.table->context, 7, S2S_LOOP_READ, on_fd, &second, &seen.other), 0);
    s2s_manual_loop_ready(seen.loop, 7, S2S_LOOP_READ);
    assert_int_equal(seen.count, 2);
    assert_int_equal(second.count, 0);
    seen.table->watch_remove(seen.table->context, seen.watch);
    assert_int_equal(s2s_manual_loop_watches(seen.loop, NULL, 0), 0);
    s2s_manual_loop_delete(seen.loop);
}

static void on_wake(void *user)
{
    ((struct seen *)user)->count++;
}

static void test_wakes(void **state)
{
    (void)state;
    struct seen seen = open_loop(), waker = {.count = 0};
    s2s_manual_loop_set_waker(seen.loop, on_wake, &waker);
    s2s_manual_loop_advance(seen.loop, 3);
    assert_int_equal(seen.table->wake(seen.table->context, on_wake, &seen), 0);
    assert_int_equal(waker.count, 1);
    assert_int_equal(seen.count, 0);
    assert_int_equal(s2s_manual_loop_next(seen.loop), 3);
    s2s_manual_loop_advance(seen.loop, 3);
    assert_int_equal(seen.count, 1);
    int error = 0, put = 0;
    while ((error = seen.table->wake(seen.table->context, on_wake, &seen)) == 0) {
        put++;
    }
    assert_int_equal(error, S2S_ERR_LIMIT);
    s2s_manual_loop_delete(seen.loop); /* delivers what is pending */
    assert_int_equal(seen.count, 1 + put);
}

static s2s_time clock_of(void *user)
{
    return *(s2s_time *)user;
}

static void test_clock(void **state)
{
    (void)state;
    s2s_time time = 100;
    s2s_manual_loop *loop;
    assert_int_equal(s2s_manual_loop_new(NULL, clock_of, &time, &loop), 0);
    const struct s2s_loop *table = s2s_manual_loop_table(loop);
    assert_int_equal(table->now(table->context), 100);
    time = 90;
    assert_int_equal(table->now(table->context), 100);
    s2s_manual_loop_delete(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer), cmocka_unit_test(test_timer_that_rearms_waits_for_the_next_call),
        cmocka_unit_test(test_watches), cmocka_unit_test(test_wakes), cmocka_unit_test(test_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
