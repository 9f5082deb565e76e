/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT = 256, MOST_READERS = 16, MOST_WAITING = 256 * 1024, ALIVE_SECONDS = 15, STUCK_SECONDS = 60 };

struct kept {
    uint64_t number;
    char *text; /* a finished "id: ...\nevent: ...\ndata: ...\n\n" */
};

struct reader {
    struct events *events; /* NULL = the place is free */
    struct evhttp_request *request;
    bool late; /* cut at the next occasion, not from inside a callback of his */
};

struct events {
    struct kept kept[KEPT]; /* a ring */
    size_t next, count;
    struct reader readers[MOST_READERS];
    struct event *alive;
};

/* ---- readers ---- */

static void forget(struct reader *reader)
{
    *reader = (struct reader){NULL, NULL, false};
}

/* The reader went. libevent has then taken the request from its connection, and it is ours to free: ending it does
 * that. */
static void on_close(struct evhttp_connection *connection, void *user)
{
    struct reader *reader = user;
    struct evhttp_request *request = reader->request;

    (void)connection;
    forget(reader);
    if (!evhttp_request_get_connection(request)) {
        evhttp_send_reply_end(request);
    }
}

static void end(struct reader *reader)
{
    struct evhttp_request *request = reader->request;
    struct evhttp_connection *connection = evhttp_request_get_connection(request);

    forget(reader);
    if (connection) {
        evhttp_connection_set_closecb(connection, NULL, NULL);
    }
    evhttp_send_reply_end(request);
}

/* A reader that does not read: his connection goes, with all that waits for him. */
static void cut(struct reader *reader)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(reader->request);

    forget(reader);
    if (connection) {
        evhttp_connection_set_closecb(connection, NULL, NULL);
        evhttp_connection_free(connection);
    }
}

static void send_to(struct reader *reader, const char *text)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(reader->request);
    struct bufferevent *stream = connection ? evhttp_connection_get_bufferevent(connection) : NULL;
    struct evbuffer *chunk;

    if (!stream || evbuffer_get_length(bufferevent_get_output(stream)) + strlen(text) > MOST_WAITING) {
        reader->late = true;
        return;
    }
    chunk = evbuffer_new();
    if (chunk && evbuffer_add(chunk, text, strlen(text)) == 0) {
        evhttp_send_reply_chunk(reader->request, chunk);
    }
    if (chunk) {
        evbuffer_free(chunk);
    }
}

static void send_to_all(struct events *events, const char *text)
{
    for (size_t i = 0; i < MOST_READERS; i++) {
        struct reader *reader = &events->readers[i];
        if (reader->events && !reader->late) {
            send_to(reader, text);
        }
    }
}

/* Comments keep proxies and readers awake, and show that a reader is gone. */
static void on_alive(evutil_socket_t fd, short what, void *user)
{
    struct events *events = user;

    (void)fd;
    (void)what;
    send_to_all(events, ":\n\n");
    for (size_t i = 0; i < MOST_READERS; i++) {
        if (events->readers[i].events && events->readers[i].late) {
            cut(&events->readers[i]);
        }
    }
}

/* ---- life ---- */

struct events *events_new(struct event_base *base)
{
    struct events *events = calloc(1, sizeof *events);
    const struct timeval often = {ALIVE_SECONDS, 0};

    if (events) {
        events->alive = event_new(base, -1, EV_PERSIST, on_alive, events);
        if (!events->alive || event_add(events->alive, &often) != 0) {
            events_delete(events);
            return NULL;
        }
    }
    return events;
}

void events_delete(struct events *events)
{
    if (!events) {
        return;
    }
    for (size_t i = 0; i < MOST_READERS; i++) {
        if (events->readers[i].events) {
            end(&events->readers[i]);
        }
    }
    for (size_t i = 0; i < KEPT; i++) {
        free(events->kept[i].text);
    }
    if (events->alive) {
        event_free(events->alive);
    }
    free(events);
}

void events_put(struct events *events, uint64_t number, const char *type, const char *json)
{
    size_t room = strlen(json) + strlen(type) + 64;
    struct kept *kept = &events->kept[events->next];
    char *text = malloc(room);

    if (!text) {
        return;
    }
    snprintf(text, room, "id: %llu\nevent: %s\ndata: %s\n\n", (unsigned long long)number, type, json);
    free(kept->text);
    *kept = (struct kept){number, text};
    events->next = (events->next + 1) % KEPT;
    events->count += events->count < KEPT;
    send_to_all(events, text);
}

/* ---- a request ---- */

/* What the reader has seen: false = he wants only what comes. ?since=N is for people, Last-Event-ID for programs. */
static bool seen(struct evhttp_request *request, uint64_t *number)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
    const char *since = evhttp_find_header(evhttp_request_get_input_headers(request), "Last-Event-ID");
    struct evkeyvalq words;
    char *end = NULL;

    memset(&words, 0, sizeof words);
    if (query && evhttp_parse_query_str(query, &words) == 0) {
        const char *asked = evhttp_find_header(&words, "since");
        since = asked ? asked : since;
    }
    *number = since ? strtoull(since, &end, 10) : 0;
    bool given = since && end != since && *end == '\0';
    if (query) {
        evhttp_clear_headers(&words);
    }
    return given;
}

/* ?follow=0: what is kept, and then the end. */
static bool once(struct evhttp_request *request)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *query = uri ? evhttp_uri_get_query(uri) : NULL;

    return query && strstr(query, "follow=0");
}

static const struct kept *kept_at(const struct events *events, size_t index)
{
    return &events->kept[(events->next + KEPT - events->count + index) % KEPT];
}

/* What came after number and is no longer kept cannot be told, but that it is missing can. */
static void send_gap(struct reader *reader, uint64_t number, uint64_t first)
{
    char text[160];

    snprintf(text, sizeof text, "event: events_lost\ndata: {\"type\":\"events_lost\",\"first\":%llu,\"last\":%llu}\n\n",
             (unsigned long long)number + 1, (unsigned long long)first - 1);
    send_to(reader, text);
}

static void send_kept(struct events *events, struct reader *reader, uint64_t number)
{
    if (events->count && number > kept_at(events, events->count - 1)->number) {
        number = 0; /* a number of an earlier life of this program: all of this life is new to him */
    }
    if (events->count && number && kept_at(events, 0)->number > number + 1) {
        send_gap(reader, number, kept_at(events, 0)->number);
    }
    for (size_t i = 0; i < events->count; i++) {
        const struct kept *kept = kept_at(events, i);
        if (kept->number > number || number == 0) {
            send_to(reader, kept->text);
        }
    }
}

static struct reader *free_place(struct events *events)
{
    for (size_t i = 0; i < MOST_READERS; i++) {
        if (!events->readers[i].events) {
            return &events->readers[i];
        }
    }
    return NULL;
}

void events_serve(struct events *events, struct evhttp_request *request)
{
    struct evhttp_connection *connection = evhttp_request_get_connection(request);
    struct reader *reader = free_place(events);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
    const struct timeval stuck = {STUCK_SECONDS, 0};
    uint64_t number = 0;

    if (!reader) {
        evhttp_send_reply(request, HTTP_SERVUNAVAIL, "too many readers of events", NULL);
        return;
    }
    *reader = (struct reader){events, request, false};
    evhttp_add_header(headers, "Content-Type", "text/event-stream");
    evhttp_add_header(headers, "Cache-Control", "no-store");
    evhttp_connection_set_closecb(connection, on_close, reader);
    evhttp_send_reply_start(request, HTTP_OK, "OK");
    /* No limit on silence from his side; a limit on not taking what is sent. Reading goes on, so that his end is seen.
     */
    bufferevent_set_timeouts(evhttp_connection_get_bufferevent(connection), NULL, &stuck);
    bufferevent_enable(evhttp_connection_get_bufferevent(connection), EV_READ);
    send_to(reader, ": events of s2s-gateway\nretry: 1000\n\n");
    if (seen(request, &number)) {
        send_kept(events, reader, number);
    }
    if (once(request)) {
        end(reader);
    }
}
