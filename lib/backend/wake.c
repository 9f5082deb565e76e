/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/wake.h"

enum { SLOT_FREE = 0, SLOT_WRITING = 1, SLOT_READY = 2 };

void s2si_wakes_init(struct s2si_wakes *wakes)
{
    for (size_t i = 0; i < S2SI_WAKE_SLOTS; i++) {
        atomic_init(&wakes->slots[i].state, SLOT_FREE);
    }
}

int s2si_wakes_put(struct s2si_wakes *wakes, s2s_loop_timer_function function, void *user)
{
    for (size_t i = 0; i < S2SI_WAKE_SLOTS; i++) {
        int expected = SLOT_FREE;
        if (atomic_compare_exchange_strong(&wakes->slots[i].state, &expected, SLOT_WRITING)) {
            wakes->slots[i].function = function;
            wakes->slots[i].user = user;
            atomic_store(&wakes->slots[i].state, SLOT_READY);
            return 0;
        }
    }
    return S2S_ERR_LIMIT;
}

bool s2si_wakes_pending(const struct s2si_wakes *wakes)
{
    for (size_t i = 0; i < S2SI_WAKE_SLOTS; i++) {
        if (atomic_load(&wakes->slots[i].state) == SLOT_READY) {
            return true;
        }
    }
    return false;
}

void s2si_wakes_run(struct s2si_wakes *wakes)
{
    for (size_t i = 0; i < S2SI_WAKE_SLOTS; i++) {
        if (atomic_load(&wakes->slots[i].state) == SLOT_READY) {
            s2s_loop_timer_function function = wakes->slots[i].function;
            void *user = wakes->slots[i].user;
            atomic_store(&wakes->slots[i].state, SLOT_FREE);
            function(user);
        }
    }
}
