/* SPDX-License-Identifier: Apache-2.0 */
/* timer: a binary heap of deadlines. A timer is embedded in its owner; memory is asked for only when the heap grows. */
#ifndef S2SI_TIMER_H
#define S2SI_TIMER_H

#include "lib/base/mem.h"

struct s2si_timer {
    s2s_time at;   /* S2S_TIME_NEVER when not armed */
    uint32_t slot; /* place in the heap + 1, 0 = not armed */
    uint32_t kind; /* the owner's word for what it is */
    void *owner;
};

struct s2si_timers {
    struct s2si_mem *mem;
    struct s2si_timer **heap;
    size_t count, capacity;
};

void s2si_timers_init(struct s2si_timers *timers, struct s2si_mem *mem);
void s2si_timers_clear(struct s2si_timers *timers); /* disarms all, frees the heap */
void s2si_timer_init(struct s2si_timer *timer, uint32_t kind, void *owner);
/* Arms or moves. @return 0 or S2S_ERR_NO_MEMORY (only when it was not armed before). */
int s2si_timer_arm(struct s2si_timers *timers, struct s2si_timer *timer, s2s_time at);
void s2si_timer_disarm(struct s2si_timers *timers, struct s2si_timer *timer);
bool s2si_timer_armed(const struct s2si_timer *timer);
s2s_time s2si_timers_next(const struct s2si_timers *timers); /* S2S_TIME_NEVER when empty */
/* Takes one timer that is due at now off the heap, or NULL. Equal deadlines come out in no fixed order. */
struct s2si_timer *s2si_timers_expired(struct s2si_timers *timers, s2s_time now);

#endif
