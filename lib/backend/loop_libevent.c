/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The libevent loop. Timers are re-armed when libevent fires them early (its time is cached and counted in microseconds), so
 * that a timer never runs before its time. wake() comes from other threads, which libevent only allows with a process-wide
 * setting that is not ours to make; so it goes through a pipe.
 */
#define _DEFAULT_SOURCE
#include <s2svpn/event_loop.h>
#include "lib/backend/wake.h"
#include "lib/base/mem.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

struct s2s_libevent_loop {
    struct s2si_mem mem;
    struct s2s_loop table;
    struct event_base *base;
    struct s2si_wakes wakes;
    struct event wake_event;
    int wake_pipe[2];
};

struct watch {
    struct event event;
    struct event_base *base;
    unsigned events;
    s2s_loop_fd_function function;
    void *user;
};

struct timer {
    struct event event;
    s2s_libevent_loop *loop;
    s2s_time at;
    s2s_loop_timer_function function;
    void *user;
};

static s2s_time loop_now(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (s2s_time)now.tv_sec * S2S_SECOND + (s2s_time)now.tv_nsec;
}

static void watch_fired(evutil_socket_t fd, short what, void *user)
{
    struct watch *watch = user;
    unsigned events = (what & EV_READ ? (unsigned)S2S_LOOP_READ : 0u) | (what & EV_WRITE ? (unsigned)S2S_LOOP_WRITE : 0u);
    watch->function(watch->user, fd, events);
}

static int watch_arm(struct watch *watch, int fd)
{
    short what = (short)((watch->events & S2S_LOOP_READ ? EV_READ : 0) | (watch->events & S2S_LOOP_WRITE ? EV_WRITE : 0) |
                         EV_PERSIST);
    if (event_assign(&watch->event, watch->base, fd, what, watch_fired, watch) != 0) {
        return S2S_ERR_INVALID;
    }
    if (watch->events == 0) {
        return 0;
    }
    return event_add(&watch->event, NULL) == 0 ? 0 : S2S_ERR_NO_MEMORY;
}

static int watch_add(void *context, int fd, unsigned events, s2s_loop_fd_function function, void *user, void **handle)
{
    s2s_libevent_loop *loop = context;
    if (fd < 0 || function == NULL) {
        return S2S_ERR_INVALID;
    }
    struct watch *watch = s2si_alloc(&loop->mem, sizeof *watch);
    if (watch == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    watch->base = loop->base;
    watch->events = events;
    watch->function = function;
    watch->user = user;
    int error = watch_arm(watch, fd);
    if (error != 0) {
        s2si_free(&loop->mem, watch, sizeof *watch);
        return error;
    }
    *handle = watch;
    return 0;
}

static int watch_change(void *context, void *handle, unsigned events)
{
    (void)context;
    struct watch *watch = handle;
    if (events == watch->events) {
        return 0;
    }
    int fd = event_get_fd(&watch->event);
    event_del(&watch->event);
    watch->events = events;
    return watch_arm(watch, fd);
}

static void watch_remove(void *context, void *handle)
{
    s2s_libevent_loop *loop = context;
    struct watch *watch = handle;
    if (watch != NULL) {
        event_del(&watch->event);
        s2si_free(&loop->mem, watch, sizeof *watch);
    }
}

static void timer_start(struct timer *timer, s2s_time now)
{
    s2s_time wait = timer->at > now ? timer->at - now : 0;
    struct timeval delay = {.tv_sec = (time_t)(wait / S2S_SECOND), .tv_usec = (suseconds_t)((wait % S2S_SECOND + 999) / 1000)};
    if (delay.tv_usec >= 1000000) {
        delay.tv_sec++;
        delay.tv_usec -= 1000000;
    }
    event_add(&timer->event, &delay);
}

static void timer_fired(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    struct timer *timer = user;
    s2s_time now = loop_now(timer->loop);
    if (now < timer->at) {
        timer_start(timer, now);
    } else {
        timer->function(timer->user);
    }
}

static int timer_add(void *context, s2s_loop_timer_function function, void *user, void **handle)
{
    s2s_libevent_loop *loop = context;
    struct timer *timer = s2si_alloc(&loop->mem, sizeof *timer);
    if (timer == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    timer->loop = loop;
    timer->at = S2S_TIME_NEVER;
    timer->function = function;
    timer->user = user;
    if (evtimer_assign(&timer->event, loop->base, timer_fired, timer) != 0) {
        s2si_free(&loop->mem, timer, sizeof *timer);
        return S2S_ERR_INVALID;
    }
    *handle = timer;
    return 0;
}

static void timer_set(void *context, void *handle, s2s_time at)
{
    struct timer *timer = handle;
    timer->at = at;
    if (at == S2S_TIME_NEVER) {
        event_del(&timer->event);
    } else {
        timer_start(timer, loop_now(context));
    }
}

static void timer_remove(void *context, void *handle)
{
    s2s_libevent_loop *loop = context;
    struct timer *timer = handle;
    if (timer != NULL) {
        event_del(&timer->event);
        s2si_free(&loop->mem, timer, sizeof *timer);
    }
}

static int loop_wake(void *context, s2s_loop_timer_function function, void *user)
{
    s2s_libevent_loop *loop = context;
    int error = s2si_wakes_put(&loop->wakes, function, user);
    if (error == 0) {
        ssize_t written = write(loop->wake_pipe[1], "", 1); /* a full pipe wakes as well */
        (void)written;
    }
    return error;
}

static void wake_fired(evutil_socket_t fd, short what, void *user)
{
    (void)what;
    s2s_libevent_loop *loop = user;
    char bytes[64];
    ssize_t got = read(fd, bytes, sizeof bytes);
    (void)got;
    s2si_wakes_run(&loop->wakes);
}

static bool make_pipe(int fds[2])
{
    if (pipe(fds) != 0) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        fcntl(fds[i], F_SETFL, O_NONBLOCK);
        fcntl(fds[i], F_SETFD, FD_CLOEXEC);
    }
    return true;
}

static int join_base(s2s_libevent_loop *loop)
{
    if (!make_pipe(loop->wake_pipe)) {
        return S2S_ERR_KERNEL;
    }
    if (event_assign(&loop->wake_event, loop->base, loop->wake_pipe[0], EV_READ | EV_PERSIST, wake_fired, loop) == 0 &&
        event_add(&loop->wake_event, NULL) == 0) {
        return 0;
    }
    close(loop->wake_pipe[0]);
    close(loop->wake_pipe[1]);
    return S2S_ERR_NO_MEMORY;
}

int s2s_libevent_loop_new(struct event_base *base, const struct s2s_allocator *allocator, s2s_libevent_loop **out)
{
    struct s2si_mem mem;
    int error = base == NULL || out == NULL ? S2S_ERR_INVALID : s2si_mem_init(&mem, allocator);
    if (error != 0) {
        return error;
    }
    s2s_libevent_loop *loop = s2si_alloc(&mem, sizeof *loop);
    if (loop == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    loop->mem = mem;
    loop->base = base;
    loop->table = (struct s2s_loop){
        .struct_size = sizeof loop->table,
        .name = "libevent",
        .context = loop,
        .now = loop_now,
        .watch_add = watch_add,
        .watch_change = watch_change,
        .watch_remove = watch_remove,
        .timer_add = timer_add,
        .timer_set = timer_set,
        .timer_remove = timer_remove,
        .wake = loop_wake,
    };
    s2si_wakes_init(&loop->wakes);
    error = join_base(loop);
    if (error != 0) {
        s2si_free(&mem, loop, sizeof *loop);
        return error;
    }
    *out = loop;
    return 0;
}

void s2s_libevent_loop_delete(s2s_libevent_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    s2si_wakes_run(&loop->wakes);
    event_del(&loop->wake_event);
    close(loop->wake_pipe[0]);
    close(loop->wake_pipe[1]);
    struct s2si_mem mem = loop->mem;
    s2si_free(&mem, loop, sizeof *loop);
}

const struct s2s_loop *s2s_libevent_loop_table(s2s_libevent_loop *loop)
{
    return &loop->table;
}
