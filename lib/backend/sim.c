/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/sim.h"

#include <stdatomic.h>
#include <string.h>

/* ---- events: a heap by time, then by order of arrangement ---- */

static bool before(const struct s2si_sim_event *a, const struct s2si_sim_event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void place(s2s_sim *sim, size_t index, struct s2si_sim_event *event)
{
    sim->heap[index] = event;
    event->slot = (uint32_t)index + 1;
}

static void settle_up(s2s_sim *sim, size_t index)
{
    struct s2si_sim_event *event = sim->heap[index];
    while (index > 0 && before(event, sim->heap[(index - 1) / 2])) {
        place(sim, index, sim->heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    place(sim, index, event);
}

static void settle_down(s2s_sim *sim, size_t index)
{
    struct s2si_sim_event *event = sim->heap[index];
    for (size_t child = 2 * index + 1; child < sim->heap_count; child = 2 * index + 1) {
        if (child + 1 < sim->heap_count && before(sim->heap[child + 1], sim->heap[child])) {
            child++;
        }
        if (!before(sim->heap[child], event)) {
            break;
        }
        place(sim, index, sim->heap[child]);
        index = child;
    }
    place(sim, index, event);
}

static bool heap_room(s2s_sim *sim)
{
    if (sim->heap_count < sim->heap_capacity) {
        return true;
    }
    size_t capacity = sim->heap_capacity == 0 ? 64 : sim->heap_capacity * 2;
    struct s2si_sim_event **heap = s2si_resize(&sim->mem, sim->heap, sim->heap_capacity * sizeof(*heap),
                                               capacity * sizeof(*heap));
    if (heap == NULL) {
        return false;
    }
    sim->heap = heap;
    sim->heap_capacity = capacity;
    return true;
}

bool s2si_sim_arrange(s2s_sim *sim, struct s2si_sim_event *event, s2s_time at)
{
    if (at == S2S_TIME_NEVER) {
        s2si_sim_cancel(sim, event);
        return true;
    }
    if (event->slot == 0) {
        if (!heap_room(sim)) {
            return false;
        }
        place(sim, sim->heap_count++, event);
    }
    event->at = at < sim->now ? sim->now : at;
    event->order = sim->order++;
    settle_up(sim, event->slot - 1);
    settle_down(sim, event->slot - 1);
    return true;
}

void s2si_sim_cancel(s2s_sim *sim, struct s2si_sim_event *event)
{
    if (event->slot == 0) {
        return;
    }
    size_t index = event->slot - 1;
    struct s2si_sim_event *last = sim->heap[--sim->heap_count];
    event->slot = 0;
    if (last != event) {
        place(sim, index, last);
        settle_up(sim, index);
        settle_down(sim, last->slot - 1);
    }
}

/* ---- chance: xoshiro256** (Blackman, Vigna), seeded by splitmix64 ---- */

static uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static void seed_random(s2s_sim *sim, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15u;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        sim->random[i] = z ^ (z >> 31);
    }
}

uint64_t s2s_sim_random(s2s_sim *sim)
{
    uint64_t *s = sim->random, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t s2si_sim_below(s2s_sim *sim, uint64_t bound)
{
    return bound < 2 ? 0 : s2s_sim_random(sim) % bound;
}

bool s2si_sim_chance(s2s_sim *sim, uint32_t ppm)
{
    return ppm != 0 && s2si_sim_below(sim, 1000000) < ppm;
}

/* ---- the loop seam ---- */

struct timer {
    struct s2si_sim_event event; /* first */
    struct s2si_list node;
    s2s_loop_timer_function function;
    void *user;
};

static s2s_time loop_now(void *context)
{
    return ((s2s_sim *)context)->now;
}

static int loop_watch_add(void *context, int fd, unsigned events, s2s_loop_fd_function function, void *user, void **watch)
{
    (void)context, (void)fd, (void)events, (void)function, (void)user;
    *watch = NULL;
    return S2S_ERR_UNSUPPORTED;
}

static int loop_watch_change(void *context, void *watch, unsigned events)
{
    (void)context, (void)watch, (void)events;
    return S2S_ERR_UNSUPPORTED;
}

static void loop_watch_remove(void *context, void *watch)
{
    (void)context, (void)watch;
}

static void timer_fire(s2s_sim *sim, struct s2si_sim_event *event)
{
    struct timer *timer = S2SI_CONTAINER(event, struct timer, event);
    (void)sim;
    timer->function(timer->user);
}

static int loop_timer_add(void *context, s2s_loop_timer_function function, void *user, void **handle)
{
    s2s_sim *sim = context;
    struct timer *timer = function == NULL ? NULL : s2si_alloc(&sim->mem, sizeof *timer);
    *handle = timer;
    if (timer == NULL) {
        return function == NULL ? S2S_ERR_INVALID : S2S_ERR_NO_MEMORY;
    }
    timer->event.fire = timer_fire;
    timer->function = function;
    timer->user = user;
    /* A place in the heap is kept for it, so that setting it cannot fail. */
    if (!s2si_sim_arrange(sim, &timer->event, sim->now)) {
        s2si_free(&sim->mem, timer, sizeof *timer);
        *handle = NULL;
        return S2S_ERR_NO_MEMORY;
    }
    s2si_sim_cancel(sim, &timer->event);
    s2si_list_append(&sim->timers, &timer->node);
    return 0;
}

/* When the heap cannot grow the timer is tried again at each turn of the clock (see retry_timers): it may be late, not lost. */
static void loop_timer_set(void *context, void *handle, s2s_time at)
{
    s2s_sim *sim = context;
    struct timer *timer = handle;
    if (!s2si_sim_arrange(sim, &timer->event, at)) {
        timer->event.at = at;
        timer->event.order = S2S_TIME_NEVER; /* mark: wants a place */
        sim->stats.no_memory++;
    }
}

static void retry_timers(s2s_sim *sim)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &sim->timers) {
        struct timer *timer = S2SI_CONTAINER(at, struct timer, node);
        if (timer->event.slot == 0 && timer->event.order == S2S_TIME_NEVER && !s2si_sim_arrange(sim, &timer->event, timer->event.at)) {
            timer->event.order = S2S_TIME_NEVER;
        }
    }
}

static void loop_timer_remove(void *context, void *handle)
{
    s2s_sim *sim = context;
    struct timer *timer = handle;
    if (timer != NULL) {
        s2si_sim_cancel(sim, &timer->event);
        s2si_list_remove(&timer->node);
        s2si_free(&sim->mem, timer, sizeof *timer);
    }
}

/* ---- wake: a ring that any thread may write to, under a lock that is held for a few instructions ---- */

enum { WAKES = 64 };

struct wake {
    s2s_loop_timer_function function;
    void *user;
};

struct s2si_sim_wakes {
    atomic_flag lock;
    struct wake ring[WAKES];
    unsigned head, count;
};

static void lock_wakes(struct s2si_sim_wakes *wakes)
{
    while (atomic_flag_test_and_set_explicit(&wakes->lock, memory_order_acquire)) {
    }
}

static void unlock_wakes(struct s2si_sim_wakes *wakes)
{
    atomic_flag_clear_explicit(&wakes->lock, memory_order_release);
}

static int loop_wake(void *context, s2s_loop_timer_function function, void *user)
{
    struct s2si_sim_wakes *wakes = ((s2s_sim *)context)->wakes;
    lock_wakes(wakes);
    bool room = wakes->count < WAKES;
    if (room) {
        wakes->ring[(wakes->head + wakes->count++) % WAKES] = (struct wake){function, user};
    }
    unlock_wakes(wakes);
    return room ? 0 : S2S_ERR_LIMIT;
}

static bool wake_waits(struct s2si_sim_wakes *wakes)
{
    lock_wakes(wakes);
    bool waits = wakes->count > 0;
    unlock_wakes(wakes);
    return waits;
}

/* Runs one function that was left here. @return whether there was one. */
static bool run_wake(struct s2si_sim_wakes *wakes)
{
    struct wake wake = {NULL, NULL};
    lock_wakes(wakes);
    if (wakes->count > 0) {
        wake = wakes->ring[wakes->head++ % WAKES];
        wakes->count--;
    }
    unlock_wakes(wakes);
    if (wake.function != NULL) {
        wake.function(wake.user);
    }
    return wake.function != NULL;
}

/* ---- the clock ---- */

s2s_time s2s_sim_now(const s2s_sim *sim)
{
    return sim->now;
}

s2s_time s2s_sim_next(const s2s_sim *sim)
{
    if (wake_waits(sim->wakes)) {
        return sim->now;
    }
    return sim->heap_count == 0 ? S2S_TIME_NEVER : sim->heap[0]->at;
}

bool s2s_sim_step(s2s_sim *sim)
{
    if (run_wake(sim->wakes)) {
        return true;
    }
    if (sim->heap_count == 0) {
        return false;
    }
    struct s2si_sim_event *event = sim->heap[0];
    s2si_sim_cancel(sim, event);
    sim->now = event->at;
    sim->stats.events++;
    event->fire(sim, event);
    if (sim->stats.no_memory != 0) {
        retry_timers(sim);
    }
    return true;
}

void s2s_sim_run_until(s2s_sim *sim, s2s_time until)
{
    while (s2s_sim_next(sim) <= until && s2s_sim_next(sim) != S2S_TIME_NEVER) {
        s2s_sim_step(sim);
    }
    if (until != S2S_TIME_NEVER && until > sim->now) {
        sim->now = until;
    }
}

void s2s_sim_run_for(s2s_sim *sim, s2s_time duration)
{
    s2s_sim_run_until(sim, duration > S2S_TIME_NEVER - sim->now ? S2S_TIME_NEVER : sim->now + duration);
}

struct script {
    struct s2si_sim_event event;
    struct s2si_list node;
    s2s_loop_timer_function function;
    void *user;
};

static void script_free(s2s_sim *sim, struct script *script)
{
    s2si_sim_cancel(sim, &script->event);
    s2si_list_remove(&script->node);
    s2si_free(&sim->mem, script, sizeof *script);
}

static void script_fire(s2s_sim *sim, struct s2si_sim_event *event)
{
    struct script copy = *S2SI_CONTAINER(event, struct script, event);
    script_free(sim, S2SI_CONTAINER(event, struct script, event));
    copy.function(copy.user);
}

int s2s_sim_at(s2s_sim *sim, s2s_time at, s2s_loop_timer_function function, void *user)
{
    if (function == NULL || at < sim->now || at == S2S_TIME_NEVER) {
        return S2S_ERR_INVALID;
    }
    struct script *script = s2si_alloc(&sim->mem, sizeof *script);
    if (script == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    script->event.fire = script_fire;
    script->function = function;
    script->user = user;
    s2si_list_append(&sim->scripts, &script->node);
    if (!s2si_sim_arrange(sim, &script->event, at)) {
        script_free(sim, script);
        return S2S_ERR_NO_MEMORY;
    }
    return 0;
}

/* ---- the world ---- */

static void make_loop(s2s_sim *sim)
{
    sim->loop = (struct s2s_loop){.struct_size = sizeof(struct s2s_loop),
                                  .name = "sim",
                                  .context = sim,
                                  .now = loop_now,
                                  .watch_add = loop_watch_add,
                                  .watch_change = loop_watch_change,
                                  .watch_remove = loop_watch_remove,
                                  .timer_add = loop_timer_add,
                                  .timer_set = loop_timer_set,
                                  .timer_remove = loop_timer_remove,
                                  .wake = loop_wake};
}

int s2s_sim_new(const struct s2s_allocator *allocator, uint64_t seed, s2s_sim **out)
{
    struct s2si_mem mem;
    if (out == NULL || s2si_mem_init(&mem, allocator) != 0) {
        return S2S_ERR_INVALID;
    }
    *out = NULL;
    s2s_sim *sim = s2si_alloc(&mem, sizeof *sim);
    if (sim == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    sim->mem = mem;
    sim->wakes = s2si_alloc(&sim->mem, sizeof *sim->wakes);
    if (sim->wakes == NULL) {
        s2si_free(&mem, sim, sizeof *sim);
        return S2S_ERR_NO_MEMORY;
    }
    atomic_flag_clear(&sim->wakes->lock);
    struct s2si_list *lists[] = {&sim->nodes, &sim->links, &sim->pings, &sim->flows, &sim->timers, &sim->scripts, &sim->looped};
    for (size_t i = 0; i < S2SI_COUNT(lists); i++) {
        s2si_list_init(lists[i]);
    }
    seed_random(sim, seed);
    make_loop(sim);
    *out = sim;
    return 0;
}

void s2s_sim_delete(s2s_sim *sim)
{
    if (sim == NULL) {
        return;
    }
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &sim->nodes) {
        s2si_sim_node_free(S2SI_CONTAINER(at, s2s_sim_node, node));
    }
    S2SI_LIST_EACH_SAFE(at, after, &sim->links) {
        s2si_sim_link_free(S2SI_CONTAINER(at, s2s_sim_link, node));
    }
    S2SI_LIST_EACH_SAFE(at, after, &sim->looped) {
        s2si_sim_packet_free(sim, S2SI_CONTAINER(at, struct s2si_sim_packet, node));
    }
    s2si_sim_pings_free(sim);
    s2si_sim_flows_free(sim);
    S2SI_LIST_EACH_SAFE(at, after, &sim->scripts) {
        script_free(sim, S2SI_CONTAINER(at, struct script, node));
    }
    S2SI_LIST_EACH_SAFE(at, after, &sim->timers) {
        loop_timer_remove(sim, S2SI_CONTAINER(at, struct timer, node));
    }
    s2si_free(&sim->mem, sim->heap, sim->heap_capacity * sizeof(*sim->heap));
    struct s2si_mem mem = sim->mem;
    s2si_free(&mem, sim->wakes, sizeof *sim->wakes);
    s2si_free(&mem, sim, sizeof *sim);
}

const struct s2s_loop *s2s_sim_loop(s2s_sim *sim)
{
    return &sim->loop;
}

void s2s_sim_stats(const s2s_sim *sim, struct s2s_sim_stats *stats)
{
    struct s2s_sim_stats now = sim->stats;
    size_t size = stats->struct_size < sizeof now ? stats->struct_size : sizeof now;
    now.struct_size = size;
    memcpy(stats, &now, size);
}
