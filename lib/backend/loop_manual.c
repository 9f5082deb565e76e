/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manual loop: nothing here waits or reads a clock by itself. The caller asks when the next timer is due and which
 * descriptors matter, waits in whatever way is his, and tells the loop what happened.
 */
#include <s2svpn/loop.h>
#include "lib/backend/wake.h"
#include "lib/base/list.h"
#include "lib/base/timer.h"

/* Timers that are not armed stay in the heap with this deadline, so that arming never has to allocate. */
#define PARKED (S2S_TIME_NEVER - 1)

struct watch {
    struct s2si_list node;
    int fd;
    unsigned events;
    uint64_t round; /* of dispatching in which it was called last */
    s2s_loop_fd_function function;
    void *user;
};

struct timer {
    struct s2si_timer heap;
    s2s_loop_timer_function function;
    void *user;
};

struct s2s_manual_loop {
    struct s2si_mem mem;
    struct s2s_loop table;
    s2s_clock_function clock;
    void *clock_user;
    s2s_time now;
    struct s2si_list watches;
    uint64_t round;
    struct s2si_timers timers;
    struct s2si_wakes wakes;
    s2s_loop_timer_function waker;
    void *waker_user;
};

static s2s_time loop_now(void *context)
{
    s2s_manual_loop *loop = context;
    s2s_time now = loop->clock != NULL ? loop->clock(loop->clock_user) : loop->now;
    if (now > loop->now) {
        loop->now = now;
    }
    return loop->now;
}

static int watch_add(void *context, int fd, unsigned events, s2s_loop_fd_function function, void *user, void **handle)
{
    s2s_manual_loop *loop = context;
    if (fd < 0 || function == NULL) {
        return S2S_ERR_INVALID;
    }
    struct watch *watch = s2si_alloc(&loop->mem, sizeof *watch);
    if (watch == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    *watch = (struct watch){.fd = fd, .events = events, .round = loop->round, .function = function, .user = user};
    s2si_list_append(&loop->watches, &watch->node);
    *handle = watch;
    return 0;
}

static int watch_change(void *context, void *handle, unsigned events)
{
    (void)context;
    ((struct watch *)handle)->events = events;
    return 0;
}

static void watch_remove(void *context, void *handle)
{
    s2s_manual_loop *loop = context;
    struct watch *watch = handle;
    if (watch != NULL) {
        s2si_list_remove(&watch->node);
        s2si_free(&loop->mem, watch, sizeof *watch);
    }
}

static int timer_add(void *context, s2s_loop_timer_function function, void *user, void **handle)
{
    s2s_manual_loop *loop = context;
    struct timer *timer = s2si_alloc(&loop->mem, sizeof *timer);
    if (timer == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    timer->function = function;
    timer->user = user;
    s2si_timer_init(&timer->heap, 0, timer);
    int error = s2si_timer_arm(&loop->timers, &timer->heap, PARKED);
    if (error != 0) {
        s2si_free(&loop->mem, timer, sizeof *timer);
        return error;
    }
    *handle = timer;
    return 0;
}

static void timer_set(void *context, void *handle, s2s_time at)
{
    s2s_manual_loop *loop = context;
    (void)s2si_timer_arm(&loop->timers, &((struct timer *)handle)->heap, at < PARKED ? at : PARKED);
}

static void timer_remove(void *context, void *handle)
{
    s2s_manual_loop *loop = context;
    struct timer *timer = handle;
    if (timer != NULL) {
        s2si_timer_disarm(&loop->timers, &timer->heap);
        s2si_free(&loop->mem, timer, sizeof *timer);
    }
}

static int loop_wake(void *context, s2s_loop_timer_function function, void *user)
{
    s2s_manual_loop *loop = context;
    int error = s2si_wakes_put(&loop->wakes, function, user);
    if (error == 0 && loop->waker != NULL) {
        loop->waker(loop->waker_user);
    }
    return error;
}

int s2s_manual_loop_new(const struct s2s_allocator *allocator, s2s_clock_function clock, void *user, s2s_manual_loop **out)
{
    struct s2si_mem mem;
    int error = s2si_mem_init(&mem, allocator);
    if (error != 0) {
        return error;
    }
    s2s_manual_loop *loop = s2si_alloc(&mem, sizeof *loop);
    if (loop == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    loop->mem = mem;
    loop->clock = clock;
    loop->clock_user = user;
    loop->table = (struct s2s_loop){
        .struct_size = sizeof loop->table,
        .name = "manual",
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
    s2si_list_init(&loop->watches);
    s2si_timers_init(&loop->timers, &loop->mem);
    s2si_wakes_init(&loop->wakes);
    *out = loop;
    return 0;
}

void s2s_manual_loop_delete(s2s_manual_loop *loop)
{
    if (loop == NULL) {
        return;
    }
    s2si_wakes_run(&loop->wakes);
    while (!s2si_list_empty(&loop->watches)) {
        watch_remove(loop, S2SI_CONTAINER(loop->watches.next, struct watch, node));
    }
    struct s2si_timer *timer;
    while ((timer = s2si_timers_expired(&loop->timers, S2S_TIME_NEVER)) != NULL) {
        s2si_free(&loop->mem, timer->owner, sizeof(struct timer));
    }
    s2si_timers_clear(&loop->timers);
    struct s2si_mem mem = loop->mem;
    s2si_free(&mem, loop, sizeof *loop);
}

const struct s2s_loop *s2s_manual_loop_table(s2s_manual_loop *loop)
{
    return &loop->table;
}

void s2s_manual_loop_set_waker(s2s_manual_loop *loop, s2s_loop_timer_function waker, void *user)
{
    loop->waker = waker;
    loop->waker_user = user;
}

s2s_time s2s_manual_loop_next(const s2s_manual_loop *loop)
{
    if (s2si_wakes_pending(&loop->wakes)) {
        return loop->now;
    }
    s2s_time next = s2si_timers_next(&loop->timers);
    return next >= PARKED ? S2S_TIME_NEVER : next;
}

/* Runs what is due. A timer that arms itself for now waits for the next call, as far as the count can tell them apart: a
 * caller with descriptors must get back to them. */
static void run_timers(s2s_manual_loop *loop)
{
    size_t left = loop->timers.count;
    s2s_time now = loop_now(loop);
    while (left-- > 0 && s2si_timers_next(&loop->timers) <= now) {
        struct timer *timer = s2si_timers_expired(&loop->timers, now)->owner;
        (void)s2si_timer_arm(&loop->timers, &timer->heap, PARKED);
        timer->function(timer->user);
    }
}

void s2s_manual_loop_advance(s2s_manual_loop *loop, s2s_time now)
{
    if (now > loop->now) {
        loop->now = now;
    }
    s2si_wakes_run(&loop->wakes);
    run_timers(loop);
}

size_t s2s_manual_loop_watches(const s2s_manual_loop *loop, struct s2s_manual_watch *out, size_t capacity)
{
    size_t count = 0;
    const struct s2si_list *node;
    S2SI_LIST_EACH(node, &loop->watches)
    {
        const struct watch *watch = S2SI_CONTAINER(node, struct watch, node);
        if (watch->events != 0) {
            if (count < capacity) {
                out[count] = (struct s2s_manual_watch){.fd = watch->fd, .events = watch->events};
            }
            count++;
        }
    }
    return count;
}

/* The next watch of fd that was not called in this round and waits for these events. */
static struct watch *next_ready(s2s_manual_loop *loop, int fd, unsigned events)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &loop->watches)
    {
        struct watch *watch = S2SI_CONTAINER(node, struct watch, node);
        if (watch->fd == fd && watch->round != loop->round && (watch->events & events) != 0) {
            return watch;
        }
    }
    return NULL;
}

void s2s_manual_loop_ready(s2s_manual_loop *loop, int fd, unsigned events)
{
    loop->round++;
    struct watch *watch;
    while ((watch = next_ready(loop, fd, events)) != NULL) {
        watch->round = loop->round;
        watch->function(watch->user, fd, watch->events & events);
    }
    run_timers(loop);
}
