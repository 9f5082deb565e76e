/* SPDX-License-Identifier: Apache-2.0 */
/* events: a ring of finished facts. It grows up to engine params max_events; then the oldest is dropped and counted, and its
   number is missing from the row of numbers. */
#ifndef S2SI_GATEWAY_EVENTS_H
#define S2SI_GATEWAY_EVENTS_H

#include <s2svpn/event.h>
#include "lib/base/base.h"

struct s2si_event_slot {
    struct s2s_event event; /* its strings point into block */
    char *block;
    size_t block_size;
};

struct s2si_events {
    struct s2si_mem *mem;
    struct s2si_event_slot *slots;
    size_t capacity, first, count, most;
    struct s2si_event_slot held; /* handed out last: its strings live until the next call */
    uint64_t next_number, dropped;
};

void s2si_events_init(struct s2si_events *events, struct s2si_mem *mem, size_t most);
void s2si_events_free(struct s2si_events *events);
/* Copies the event and its strings, gives it the next number. Without memory it is counted as dropped. */
void s2si_events_add(struct s2si_events *events, const struct s2s_event *event);
bool s2si_events_next(struct s2si_events *events, struct s2s_event *out);

#endif
