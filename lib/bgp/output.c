/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output: what the room above pulls. Connects, closes and writes are states of connections and streams, best routes are marked
 * nets: neither is a queue that could grow. Events wait in a ring of bounded size; those about single routes have a smaller
 * share of it, and what had no room is counted and told with the next event that has.
 */
#include "lib/bgp/speaker.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_EVENTS = 8 };

/* ---- events */

static bool grow_events(struct s2si_bgp *bgp)
{
    uint32_t capacity = bgp->event_capacity == 0 ? FIRST_EVENTS : bgp->event_capacity * 2;
    struct s2si_bgp_output *events = capacity > S2SI_BGP_EVENTS ? NULL : s2si_alloc_array(bgp->mem, capacity, sizeof *events);
    if (events == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < bgp->event_count; i++) {
        events[i] = bgp->events[(bgp->event_first + i) % bgp->event_capacity];
    }
    s2si_free(bgp->mem, bgp->events, bgp->event_capacity * sizeof *events);
    bgp->events = events;
    bgp->event_capacity = capacity;
    bgp->event_first = 0;
    return true;
}

struct s2si_bgp_output *s2si_bgp_event(struct s2si_bgp_session *session, enum s2si_bgp_event event)
{
    struct s2si_bgp *bgp = session->bgp;
    if (bgp->event_count == bgp->event_capacity && !grow_events(bgp)) {
        bgp->events_lost++;
        return NULL;
    }
    struct s2si_bgp_output *out = &bgp->events[(bgp->event_first + bgp->event_count++) % bgp->event_capacity];
    *out = (struct s2si_bgp_output){.type = S2SI_BGP_EVENT, .session = session, .owner = session->config.owner, .event = event};
    return out;
}

static bool about_a_route(enum s2si_bgp_event event)
{
    return event >= S2SI_BGP_EV_ADVERTISED && event <= S2SI_BGP_EV_REFUSED;
}

bool s2si_bgp_route_event_wanted(struct s2si_bgp *bgp)
{
    uint32_t room = bgp->params.route_events != 0 ? bgp->params.route_events : S2SI_BGP_ROUTE_EVENTS;
    bool fits = bgp->route_event_count < room;
    bgp->events_lost += fits ? 0 : 1;
    return fits;
}

void s2si_bgp_route_event(struct s2si_bgp_session *session, enum s2si_bgp_event event, enum s2si_bgp_family family,
                          const struct s2si_bgp_net *net, const char *detail)
{
    struct s2si_bgp *bgp = session->bgp;
    struct s2si_bgp_output *out = s2si_bgp_event(session, event);
    if (out == NULL) {
        return;
    }
    bgp->route_event_count++;
    out->prefix = s2si_bgp_net_prefix(&bgp->ribs[family], net);
    snprintf(out->detail, sizeof out->detail, "%s", detail);
}

void s2si_bgp_events_forget(struct s2si_bgp *bgp, const struct s2si_bgp_session *session)
{
    for (uint32_t i = 0; i < bgp->event_count; i++) {
        struct s2si_bgp_output *event = &bgp->events[(bgp->event_first + i) % bgp->event_capacity];
        event->session = event->session == session ? NULL : event->session;
    }
}

static bool next_event(struct s2si_bgp *bgp, struct s2si_bgp_output *out)
{
    if (bgp->event_count == 0) {
        return false;
    }
    *out = bgp->events[bgp->event_first];
    bgp->event_first = (bgp->event_first + 1) % bgp->event_capacity;
    bgp->event_count--;
    bgp->route_event_count -= about_a_route(out->event) ? 1 : 0;
    if (bgp->events_lost > 0 && out->detail[0] == '\0') {
        snprintf(out->detail, sizeof out->detail, "%llu events before this one had no room", (unsigned long long)bgp->events_lost);
        bgp->events_lost = 0;
    }
    if (bgp->event_count == 0) { /* give the ring back, it is only needed in bursts */
        s2si_free(bgp->mem, bgp->events, bgp->event_capacity * sizeof *bgp->events);
        bgp->events = NULL;
        bgp->event_capacity = bgp->event_first = 0;
    }
    return true;
}

/* ---- streams */

static void about_stream(struct s2si_bgp_output *out, enum s2si_bgp_output_type type, struct s2si_bgp_session *session, uint64_t owner,
                         uint64_t stream)
{
    *out = (struct s2si_bgp_output){.type = type, .session = session, .owner = owner, .stream = stream};
}

static bool next_closing(struct s2si_bgp *bgp, struct s2si_bgp_output *out)
{
    for (struct s2si_bgp_closing *closing = bgp->closings; closing != NULL; closing = closing->next) {
        if (closing->out.length > 0 && !closing->expired) {
            if (closing->write_reported) {
                continue;
            }
            closing->write_reported = true;
            about_stream(out, S2SI_BGP_WRITE, closing->session, closing->owner, closing->stream);
            return true;
        }
        about_stream(out, S2SI_BGP_CLOSE, closing->session, closing->owner, closing->stream);
        out->reset = closing->expired;
        s2si_bgp_closing_free(bgp, closing);
        return true;
    }
    return false;
}

static bool next_of_connection(struct s2si_bgp_connection *connection, struct s2si_bgp_output *out)
{
    struct s2si_bgp_session *session = connection->session;
    if (!connection->has_stream) {
        return false;
    }
    if (connection->wants_connect) {
        if (connection->write_reported) { /* told already, the answer is awaited */
            return false;
        }
        connection->write_reported = true;
        about_stream(out, S2SI_BGP_CONNECT, session, session->config.owner, connection->stream);
        out->md5 = session->config.md5;
        out->hops = session->config.ttl_security;
        return true;
    }
    bool pending = connection->out.length > 0 || (session->up == connection && s2si_bgp_adj_out_pending(session));
    if (!pending || connection->write_reported) {
        return false;
    }
    connection->write_reported = true;
    about_stream(out, S2SI_BGP_WRITE, session, session->config.owner, connection->stream);
    return true;
}

static bool next_stream(struct s2si_bgp *bgp, struct s2si_bgp_output *out)
{
    for (unsigned i = 1; i < bgp->session_count; i++) {
        struct s2si_bgp_session *session = bgp->sessions[i];
        if (session != NULL && (next_of_connection(&session->connections[0], out) || next_of_connection(&session->connections[1], out))) {
            return true;
        }
    }
    return next_closing(bgp, out);
}

/* ---- routes */

static bool next_route(struct s2si_bgp *bgp, enum s2si_bgp_family family, struct s2si_bgp_output *out)
{
    for (uint32_t index; (index = s2si_bgp_marks_take(&bgp->fib[family])) != 0;) {
        struct s2si_bgp_net *net = s2si_bgp_rib_net(&bgp->ribs[family], index);
        if ((net->flags & S2SI_BGP_NET_USED) == 0) {
            continue;
        }
        const struct s2si_bgp_path *best = (net->flags & S2SI_BGP_NET_BEST) != 0 ? s2si_bgp_slab_at(&bgp->paths, net->paths) : NULL;
        bool remote = best != NULL && best->session != 0, told = (net->flags & S2SI_BGP_NET_REPORTED) != 0;
        if (remote || told) {
            *out = (struct s2si_bgp_output){.type = S2SI_BGP_ROUTE, .prefix = s2si_bgp_net_prefix(&bgp->ribs[family], net)};
            net->flags = (uint8_t)(remote ? net->flags | S2SI_BGP_NET_REPORTED : net->flags & ~S2SI_BGP_NET_REPORTED);
        }
        if (remote) {
            out->session = bgp->sessions[best->session];
            out->owner = out->session->config.owner;
            out->next_hop = s2si_bgp_attrs_next_hop(&bgp->attrs, best->accepted);
        }
        s2si_bgp_best_release(bgp, family, index);
        if (remote || told) {
            return true;
        }
    }
    return false;
}

bool s2si_bgp_next_output(struct s2si_bgp *bgp, struct s2si_bgp_output *out)
{
    return next_stream(bgp, out) || next_event(bgp, out) || next_route(bgp, S2SI_BGP_IPV4, out) || next_route(bgp, S2SI_BGP_IPV6, out);
}

/* ---- pulling */

static struct s2si_bgp_connection *find_connection(const struct s2si_bgp *bgp, uint64_t stream)
{
    for (unsigned i = 1; i < bgp->session_count; i++) {
        for (int j = 0; bgp->sessions[i] != NULL && j < 2; j++) {
            struct s2si_bgp_connection *connection = &bgp->sessions[i]->connections[j];
            if (connection->has_stream && connection->stream == stream) {
                return connection;
            }
        }
    }
    return NULL;
}

static struct s2si_bgp_closing *find_closing(const struct s2si_bgp *bgp, uint64_t stream)
{
    struct s2si_bgp_closing *closing = bgp->closings;
    while (closing != NULL && closing->stream != stream) {
        closing = closing->next;
    }
    return closing;
}

static size_t take_bytes(struct s2si_buffer *from, uint8_t *out, size_t capacity)
{
    size_t length = from->length < capacity ? from->length : capacity;
    if (length > 0) {
        memcpy(out, from->data, length);
        s2si_buffer_consume(from, length);
    }
    return length;
}

static size_t pull_connection(struct s2si_bgp_connection *connection, uint8_t *out, size_t capacity, s2s_time now)
{
    struct s2si_bgp_session *session = connection->session;
    size_t length = 0;
    connection->write_reported = false;
    while (length < capacity) {
        if (connection->out.length == 0 && session->up == connection && s2si_bgp_adj_out_pending(session)) {
            session->exhausted = !s2si_bgp_adj_out_fill(session, now) || session->exhausted;
        }
        size_t taken = take_bytes(&connection->out, out + length, capacity - length);
        if (taken == 0) {
            break;
        }
        length += taken;
    }
    if (length > 0) {
        s2si_bgp_connection_progress(connection, now);
    }
    return length;
}

size_t s2si_bgp_stream_pull(struct s2si_bgp *bgp, uint64_t stream, uint8_t *out, size_t capacity, s2s_time now)
{
    struct s2si_bgp_connection *connection = find_connection(bgp, stream);
    if (connection != NULL) {
        return connection->wants_connect ? 0 : pull_connection(connection, out, capacity, now);
    }
    struct s2si_bgp_closing *closing = find_closing(bgp, stream);
    if (closing == NULL) {
        return 0;
    }
    closing->write_reported = false;
    return take_bytes(&closing->out, out, capacity);
}

/* ---- what comes in by streams */

void s2si_bgp_stream_data(struct s2si_bgp *bgp, uint64_t stream, const uint8_t *data, size_t length, s2s_time now)
{
    struct s2si_bgp_connection *connection = find_connection(bgp, stream);
    if (connection != NULL && !connection->wants_connect) {
        s2si_bgp_receive(connection, data, length, now);
    }
}

void s2si_bgp_stream_closed(struct s2si_bgp *bgp, uint64_t stream, int error, s2s_time now)
{
    (void)error;
    struct s2si_bgp_connection *connection = find_connection(bgp, stream);
    struct s2si_bgp_closing *closing = find_closing(bgp, stream);
    if (closing != NULL) {
        s2si_bgp_closing_free(bgp, closing);
    }
    if (connection != NULL) {
        connection->has_stream = false; /* nothing left to close */
        s2si_bgp_connection_event(connection, S2SI_BGP_FSM_TCP_FAILS, NULL, now);
    }
}
