/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/timer.h"

#include <s2svpn/error.h>

enum { FIRST_CAPACITY = 16 };

void s2si_timers_init(struct s2si_timers *timers, struct s2si_mem *mem)
{
    *timers = (struct s2si_timers){.mem = mem};
}

void s2si_timers_clear(struct s2si_timers *timers)
{
    for (size_t i = 0; i < timers->count; i++) {
        timers->heap[i]->slot = 0;
        timers->heap[i]->at = S2S_TIME_NEVER;
    }
    s2si_free(timers->mem, timers->heap, timers->capacity * sizeof *timers->heap);
    s2si_timers_init(timers, timers->mem);
}

void s2si_timer_init(struct s2si_timer *timer, uint32_t kind, void *owner)
{
    *timer = (struct s2si_timer){.at = S2S_TIME_NEVER, .kind = kind, .owner = owner};
}

static void put(struct s2si_timers *timers, size_t index, struct s2si_timer *timer)
{
    timers->heap[index] = timer;
    timer->slot = (uint32_t)index + 1;
}

static void sift_up(struct s2si_timers *timers, size_t index)
{
    struct s2si_timer *timer = timers->heap[index];
    while (index > 0 && timers->heap[(index - 1) / 2]->at > timer->at) {
        put(timers, index, timers->heap[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    put(timers, index, timer);
}

static void sift_down(struct s2si_timers *timers, size_t index)
{
    struct s2si_timer *timer = timers->heap[index];
    for (;;) {
        size_t child = 2 * index + 1;
        if (child + 1 < timers->count && timers->heap[child + 1]->at < timers->heap[child]->at) {
            child++;
        }
        if (child >= timers->count || timers->heap[child]->at >= timer->at) {
            break;
        }
        put(timers, index, timers->heap[child]);
        index = child;
    }
    put(timers, index, timer);
}

static int make_room(struct s2si_timers *timers)
{
    if (timers->count < timers->capacity) {
        return 0;
    }
    size_t capacity = timers->capacity == 0 ? FIRST_CAPACITY : timers->capacity * 2;
    struct s2si_timer **heap =
        s2si_resize(timers->mem, timers->heap, timers->capacity * sizeof(*heap), capacity * sizeof(*heap));
    if (heap == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    timers->heap = heap;
    timers->capacity = capacity;
    return 0;
}

int s2si_timer_arm(struct s2si_timers *timers, struct s2si_timer *timer, s2s_time at)
{
    if (at == S2S_TIME_NEVER) {
        s2si_timer_disarm(timers, timer);
        return 0;
    }
    if (timer->slot == 0) {
        int error = make_room(timers);
        if (error != 0) {
            return error;
        }
        put(timers, timers->count++, timer);
    }
    timer->at = at;
    sift_up(timers, timer->slot - 1);
    sift_down(timers, timer->slot - 1);
    return 0;
}

void s2si_timer_disarm(struct s2si_timers *timers, struct s2si_timer *timer)
{
    timer->at = S2S_TIME_NEVER;
    if (timer->slot == 0) {
        return;
    }
    size_t index = timer->slot - 1;
    struct s2si_timer *last = timers->heap[--timers->count];
    timer->slot = 0;
    if (last != timer) {
        put(timers, index, last);
        sift_up(timers, index);
        sift_down(timers, last->slot - 1);
    }
}

bool s2si_timer_armed(const struct s2si_timer *timer)
{
    return timer->slot != 0;
}

s2s_time s2si_timers_next(const struct s2si_timers *timers)
{
    return timers->count == 0 ? S2S_TIME_NEVER : timers->heap[0]->at;
}

struct s2si_timer *s2si_timers_expired(struct s2si_timers *timers, s2s_time now)
{
    if (timers->count == 0 || timers->heap[0]->at > now) {
        return NULL;
    }
    struct s2si_timer *timer = timers->heap[0];
    s2si_timer_disarm(timers, timer);
    return timer;
}
