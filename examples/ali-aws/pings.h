/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pings: figures from the raw output of `ping -D`. A request's time is its answer's time less the round trip; where no
 * answer came it is interpolated between its neighbours.
 */
#ifndef ALI_AWS_PINGS_H
#define ALI_AWS_PINGS_H

#include <stdbool.h>
#include <stddef.h>

struct echo {
    double sent, answered; /* seconds; answered 0 = never */
};

struct pings {
    struct echo *echoes; /* by sequence number, from 1 at index 0 */
    size_t count;        /* highest number known to be sent */
    size_t answered;
    double interval; /* seconds between requests, as asked for */
};

/* What the report says of a window. */
struct figures {
    unsigned sent, lost;
    double gap_ms;  /* the longest time between two replies less the interval */
    double gap_end; /* when the reply came that ended it; 0 = none */
};

/* @return false for lack of memory. */
bool pings_parse(const char *text, double interval, struct pings *pings);
void pings_free(struct pings *pings);
/* Requests sent from `from` to `to`. A reply counts as lost when it came more than 2 s after the last of them was sent.
 */
void pings_window(const struct pings *pings, double from, double to, struct figures *figures);
/* Whether all requests sent in [now - 0.6 s, now - 0.1 s] (at least ten) were answered. */
bool pings_steady(const struct pings *pings, double now);

#endif
