/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: GET /v1/events, server-sent (WHATWG HTML section 9.2). The last events are kept; a reader that asks with
 * ?since=N or the header Last-Event-ID gets those behind N first, after an event events_lost if some are not kept any
 * more; a number of an earlier life of the program means all. A comment keeps silent streams alive. What waits for a slow reader is bounded: beyond that
 * he is cut.
 */
#ifndef S2S_GATEWAY_EVENTS_H
#define S2S_GATEWAY_EVENTS_H

#include <s2svpn/event.h>

struct evhttp_request;
struct event_base;
struct events;

struct events *events_new(struct event_base *base);
/* Ends the readers' streams. NULL is allowed. */
void events_delete(struct events *events);
/* Tells all readers; json is copied. */
void events_put(struct events *events, uint64_t number, const char *type, const char *json);
/* Takes a request over. */
void events_serve(struct events *events, struct evhttp_request *request);

#endif
