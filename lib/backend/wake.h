/* SPDX-License-Identifier: Apache-2.0 */
/* wake: a few slots in which any thread may leave "call this soon", without lock and without allocation. */
#ifndef S2SI_WAKE_H
#define S2SI_WAKE_H

#include <s2svpn/loop.h>

#include <stdatomic.h>

#define S2SI_WAKE_SLOTS 32

struct s2si_wakes {
    struct {
        atomic_int state; /* 0 free, 1 being written, 2 ready */
        s2s_loop_timer_function function;
        void *user;
    } slots[S2SI_WAKE_SLOTS];
};

void s2si_wakes_init(struct s2si_wakes *wakes);
/* On any thread. @return 0 or S2S_ERR_LIMIT. */
int s2si_wakes_put(struct s2si_wakes *wakes, s2s_loop_timer_function function, void *user);
bool s2si_wakes_pending(const struct s2si_wakes *wakes);
/* On the loop's thread: calls what is ready. */
void s2si_wakes_run(struct s2si_wakes *wakes);

#endif
