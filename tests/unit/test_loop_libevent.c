/* SPDX-License-Identifier: Apache-2.0 */
/* The libevent loop on a base of this test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#if S2S_WITH_LIBEVENT
#include <s2svpn/event_loop.h>

#include <event2/event.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct stage {
    struct event_base *base;
    s2s_libevent_loop *loop;
    const struct s2s_loop *table;
    void *timer, *watch;
    int count, fd;
    unsigned events;
    s2s_time at;
    pthread_t thread;
};

static struct stage open_loop(void)
{
    struct stage stage = {.base = event_base_new()};
    assert_int_equal(s2s_libevent_loop_new(NULL, NULL, &stage.loop), S2S_ERR_INVALID);
    assert_int_equal(s2s_libevent_loop_new(stage.base, NULL, &stage.loop), 0);
    stage.table = s2s_libevent_loop_table(stage.loop);
    return stage;
}

static void close_loop(struct stage *stage)
{
    s2s_libevent_loop_delete(stage->loop);
    event_base_free(stage->base);
}

static void on_timer(void *user)
{
    struct stage *stage = user;
    assert_true(stage->table->now(stage->table->context) >= stage->at);
    stage->count++;
    event_base_loopbreak(stage->base);
}

static void test_timer_never_early(void **state)
{
    (void)state;
    struct stage stage = open_loop();
    assert_int_equal(stage.table->timer_add(stage.table->context, on_timer, &stage, &stage.timer), 0);
    const s2s_time waits[] = {0, 1, 1500, 999999, 3 * S2S_MILLISECOND + 1};
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        stage.at = stage.table->now(stage.table->context) + waits[i];
        stage.table->timer_set(stage.table->context, stage.timer, stage.at);
        event_base_dispatch(stage.base);
        assert_int_equal(stage.count, i + 1);
    }
    stage.table->timer_set(stage.table->context, stage.timer, stage.at);
    stage.table->timer_set(stage.table->context, stage.timer, S2S_TIME_NEVER);
    event_base_loop(stage.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(stage.count, sizeof waits / sizeof waits[0]);
    stage.table->timer_remove(stage.table->context, stage.timer);
    close_loop(&stage);
}

static void on_fd(void *user, int fd, unsigned events)
{
    struct stage *stage = user;
    assert_int_equal(fd, stage->fd);
    stage->count++;
    stage->events = events;
    if (stage->count == 3) {
        stage->table->watch_remove(stage->table->context, stage->watch);
    }
}

static void test_watch(void **state)
{
    (void)state;
    struct stage stage = open_loop();
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    stage.fd = pair[0];
    assert_int_equal(stage.table->watch_add(stage.table->context, pair[0], S2S_LOOP_READ, on_fd, &stage, &stage.watch), 0);
    event_base_loop(stage.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(stage.count, 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    event_base_loop(stage.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(stage.count, 1);
    assert_int_equal(stage.events, S2S_LOOP_READ);
    assert_int_equal(stage.table->watch_change(stage.table->context, stage.watch, 0), 0);
    event_base_loop(stage.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(stage.count, 1);
    assert_int_equal(stage.table->watch_change(stage.table->context, stage.watch, S2S_LOOP_READ | S2S_LOOP_WRITE), 0);
    event_base_loop(stage.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(stage.events, S2S_LOOP_READ | S2S_LOOP_WRITE);
    event_base_loop(stage.base, EVLOOP_ONCE | EVLOOP_NONBLOCK); /* removes itself */
    event_base_loop(stage.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_int_equal(stage.count, 3);
    close(pair[0]);
    close(pair[1]);
    close_loop(&stage);
}

static void on_wake(void *user)
{
    struct stage *stage = user;
    assert_true(pthread_equal(pthread_self(), stage->thread));
    stage->count++;
    event_base_loopbreak(stage->base);
}

static void *waking_thread(void *user)
{
    struct stage *stage = user;
    stage->table->wake(stage->table->context, on_wake, stage);
    return NULL;
}

static void test_wake_from_a_thread(void **state)
{
    (void)state;
    struct stage stage = open_loop();
    stage.thread = pthread_self();
    pthread_t thread;
    for (int i = 1; i <= 50; i++) {
        assert_int_equal(pthread_create(&thread, NULL, waking_thread, &stage), 0);
        event_base_dispatch(stage.base);
        pthread_join(thread, NULL);
        assert_int_equal(stage.count, i);
    }
    stage.table->wake(stage.table->context, on_wake, &stage);
    close_loop(&stage);
    assert_int_equal(stage.count, 51);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timer_never_early),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_wake_from_a_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
    return 77;
}
#endif
