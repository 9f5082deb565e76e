/* SPDX-License-Identifier: Apache-2.0 */
/* events: what both gateways reported, as the JSON objects of s2s_event_json, in the order of arrival. */
#ifndef ALI_AWS_EVENTS_H
#define ALI_AWS_EVENTS_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "topology.h"

struct event_entry {
    enum side side;
    double at; /* net's clock */
    cJSON *json;
};

struct events {
    struct event_entry *entries;
    size_t count, capacity;
};

/* What is looked for; NULL or 0 means any. */
struct event_query {
    enum side side;
    double since;
    const char *type; /* "path_switched" */
    const char *connection;
    unsigned tunnel; /* path_switched: the tunnel that it went to */
    const char *trigger;
};

/* Adds one line of JSON; lines that are not an object with a "type" are ignored. */
void events_add(struct events *events, enum side side, double at, const char *line);
/* The first that matches, or NULL; stays valid until the next events_add. */
const struct event_entry *events_find(const struct events *events, const struct event_query *query);
/* A text member; "" where there is none. */
const char *event_text(const struct event_entry *entry, const char *member);
void events_free(struct events *events);

#endif
