/* SPDX-License-Identifier: Apache-2.0 */
/* connection: one instance of the state machine (fsm.c) and its stream. */
#include "lib/bgp/speaker.h"

#include <string.h>

void s2si_bgp_connection_init(struct s2si_bgp_connection *connection, struct s2si_bgp_session *session, bool outgoing)
{
    *connection = (struct s2si_bgp_connection){.session = session, .state = S2S_BGP_IDLE, .outgoing = outgoing};
    s2si_buffer_init(&connection->in, session->bgp->mem, S2SI_BGP_MESSAGE_MAX);
    s2si_buffer_init(&connection->out, session->bgp->mem, S2SI_BGP_OUT_LIMIT);
    s2si_timer_init(&connection->hold, S2SI_BGP_T_HOLD, connection);
    s2si_timer_init(&connection->keepalive, S2SI_BGP_T_KEEPALIVE, connection);
    s2si_timer_init(&connection->send_hold, S2SI_BGP_T_SEND_HOLD, connection);
}

void s2si_bgp_connection_clear(struct s2si_bgp_connection *connection)
{
    struct s2si_timers *timers = &connection->session->bgp->timers;
    s2si_timer_disarm(timers, &connection->hold);
    s2si_timer_disarm(timers, &connection->keepalive);
    s2si_timer_disarm(timers, &connection->send_hold);
    s2si_buffer_clear(&connection->in);
    s2si_buffer_clear(&connection->out);
    connection->has_stream = connection->wants_connect = connection->write_reported = connection->late = false;
}

void s2si_bgp_closing_free(struct s2si_bgp *bgp, struct s2si_bgp_closing *closing)
{
    for (struct s2si_bgp_closing **link = &bgp->closings; *link != NULL; link = &(*link)->next) {
        if (*link == closing) {
            *link = closing->next;
            break;
        }
    }
    s2si_timer_disarm(&bgp->timers, &closing->linger);
    s2si_buffer_clear(&closing->out);
    s2si_free(bgp->mem, closing, sizeof *closing);
}

/* A session's oldest lingering stream gives way when it has too many. */
static void bound_closings(struct s2si_bgp_session *session)
{
    unsigned count = 0;
    for (struct s2si_bgp_closing *closing = session->bgp->closings; closing != NULL; closing = closing->next) {
        count += closing->session == session && !closing->expired;
        if (count >= S2SI_BGP_CLOSING) {
            closing->expired = true;
            s2si_buffer_clear(&closing->out);
        }
    }
}

/* The stream leaves the connection and is closed when what waits in it was pulled. Without memory for that the room above sees
   a closed session and an id that pulls nothing; it closes such a stream when the peer does. */
static void release_stream(struct s2si_bgp_connection *connection, s2s_time now)
{
    struct s2si_bgp_session *session = connection->session;
    struct s2si_bgp *bgp = session->bgp;
    bool told = connection->has_stream && (!connection->wants_connect || connection->write_reported);
    struct s2si_bgp_closing *closing = told ? s2si_alloc(bgp->mem, sizeof *closing) : NULL;
    if (closing != NULL) {
        bound_closings(session);
        closing->session = session;
        closing->owner = session->config.owner;
        closing->stream = connection->stream;
        closing->out = connection->out;
        s2si_buffer_init(&connection->out, bgp->mem, S2SI_BGP_OUT_LIMIT);
        s2si_timer_init(&closing->linger, S2SI_BGP_T_LINGER, closing);
        closing->next = bgp->closings;
        bgp->closings = closing;
        closing->expired = s2si_timer_arm(&bgp->timers, &closing->linger, now + S2SI_BGP_LINGER * (s2s_time)S2S_SECOND) != 0;
    }
    s2si_bgp_connection_clear(connection);
}

static void arm_seconds(struct s2si_bgp_connection *connection, struct s2si_timer *timer, unsigned seconds, s2s_time now)
{
    s2si_bgp_arm(connection->session, timer, now + seconds * (s2s_time)S2S_SECOND);
}

static void start_send_hold(struct s2si_bgp_connection *connection, s2s_time now)
{
    unsigned twice = 2u * connection->hold_time;
    arm_seconds(connection, &connection->send_hold, twice > S2SI_BGP_SEND_HOLD ? twice : S2SI_BGP_SEND_HOLD, now);
}

bool s2si_bgp_connection_send(struct s2si_bgp_connection *connection, const uint8_t *data, size_t length, s2s_time now)
{
    if (!s2si_buffer_append(&connection->out, data, length)) {
        connection->out.failed = false;
        return false;
    }
    if (!s2si_timer_armed(&connection->send_hold)) {
        start_send_hold(connection, now);
    }
    return true;
}

void s2si_bgp_connection_progress(struct s2si_bgp_connection *connection, s2s_time now)
{
    s2si_timer_disarm(&connection->session->bgp->timers, &connection->send_hold);
    if (connection->out.length > 0) {
        start_send_hold(connection, now);
    }
}

/* ---- what transitions do */

static bool send_message(struct s2si_bgp_connection *connection, const struct s2si_writer *writer, s2s_time now)
{
    connection->session->messages_out++;
    return !writer->failed && s2si_bgp_connection_send(connection, writer->data, writer->length, now);
}

static void our_capabilities(const struct s2si_bgp_session *session, struct s2si_bgp_capabilities *out, s2s_time now)
{
    const struct s2si_bgp_session_config *config = &session->config;
    uint8_t families = (uint8_t)((config->ipv4 ? 1u << S2SI_BGP_IPV4 : 0) | (config->ipv6 ? 1u << S2SI_BGP_IPV6 : 0));
    *out = (struct s2si_bgp_capabilities){
        .families = families,
        .route_refresh = true,
        /* It stands on End-of-RIB (RFC 7313 section 4), which some send only with graceful restart: FRR 8.4 then ignores
           every question */
        .enhanced_refresh = config->graceful_restart,
        .four_octet = true,
        .asn = session->local_asn,
        .graceful_restart = config->graceful_restart,
        .notification = config->graceful_restart && config->notification_restart,
        .restart_time = config->restart_time,
        .restart_families = families,
        /* F: a session that came back finds the routes that it left; a process that came back does not */
        .forwarding_families = session->flaps > 0 ? families : 0,
    };
    s2s_time restart = config->restart_time * (s2s_time)S2S_SECOND;
    out->restarting = config->graceful_restart && session->bgp->params.restarted && now - session->bgp->born < restart;
}

static bool do_open(struct s2si_bgp_connection *connection, s2s_time now)
{
    const struct s2si_bgp_session *session = connection->session;
    uint8_t bytes[256];
    struct s2si_writer writer = s2si_writer(bytes, sizeof bytes);
    struct s2si_bgp_open open = {.version = S2SI_BGP_VERSION, .asn = session->local_asn, .hold_time = session->config.hold_time,
                                 .identifier = session->bgp->params.router_id};
    our_capabilities(session, &open.capabilities, now);
    s2si_bgp_open_encode(&open, &writer);
    return send_message(connection, &writer, now);
}

/* RFC 4271 section 10: jitter takes up to a quarter off. */
static void start_keepalive(struct s2si_bgp_connection *connection, s2s_time now)
{
    if (connection->keepalive_time == 0) {
        return;
    }
    s2s_time whole = connection->keepalive_time * (s2s_time)S2S_SECOND;
    s2s_time off = whole / 1024 * (s2si_bgp_random(connection->session->bgp) % 256);
    s2si_bgp_arm(connection->session, &connection->keepalive, now + whole - off);
}

static bool do_keepalive(struct s2si_bgp_connection *connection, s2s_time now)
{
    uint8_t bytes[S2SI_BGP_HEADER];
    struct s2si_writer writer = s2si_writer(bytes, sizeof bytes);
    s2si_bgp_keepalive_encode(&writer);
    start_keepalive(connection, now);
    return send_message(connection, &writer, now);
}

/* RFC 8538 section 3.1: between two ends with the N bit, a Cease that means the routes go is sent inside a Hard Reset. */
static void make_hard(const struct s2si_bgp_connection *connection, struct s2si_bgp_notify *notify)
{
    bool gone = notify->code == S2SI_BGP_ERR_CEASE &&
                (notify->subcode == S2SI_BGP_CEASE_MAX_PREFIX || notify->subcode == S2SI_BGP_CEASE_SHUTDOWN ||
                 notify->subcode == S2SI_BGP_CEASE_DECONFIGURED);
    const struct s2si_bgp_session *session = connection->session;
    bool both = session->config.graceful_restart && session->config.notification_restart && connection->peer.capabilities.notification;
    if (!gone || !both || connection->state != S2S_BGP_ESTABLISHED) {
        return;
    }
    size_t room = sizeof notify->data - 2;
    size_t length = notify->data_length < room ? notify->data_length : room;
    memmove(notify->data + 2, notify->data, length);
    notify->data[0] = notify->code;
    notify->data[1] = notify->subcode;
    notify->data_length = length + 2;
    notify->subcode = S2SI_BGP_CEASE_HARD_RESET;
}

static void do_notify(struct s2si_bgp_connection *connection, struct s2si_bgp_notify *notify, s2s_time now)
{
    struct s2si_bgp_session *session = connection->session;
    uint8_t bytes[S2SI_BGP_HEADER + 2 + sizeof notify->data];
    struct s2si_writer writer = s2si_writer(bytes, sizeof bytes);
    make_hard(connection, notify);
    s2si_bgp_notification_encode(notify, &writer);
    send_message(connection, &writer, now); /* without memory the stream just closes */
    session->last_code = notify->code;
    session->last_subcode = notify->subcode;
    session->last_by_peer = false;
    struct s2si_bgp_output *event = s2si_bgp_event(session, S2SI_BGP_EV_NOTIFICATION_SENT);
    size_t room = sizeof session->last_error - 1;
    const char *reason = notify->reason != NULL ? notify->reason : s2si_bgp_subcode_name(notify->code, notify->subcode);
    size_t length = strlen(reason) < room ? strlen(reason) : room;
    memcpy(session->last_error, reason, length);
    session->last_error[length] = '\0';
    if (event != NULL) {
        event->code = notify->code;
        event->subcode = notify->subcode;
        memcpy(event->detail, session->last_error, length + 1 < sizeof event->detail ? length + 1 : sizeof event->detail - 1);
    }
    s2si_log(session->bgp->params.log, S2S_LOG_WARNING, "bgp", session->name, "NOTIFICATION sent: %s / %s (%s)",
             s2si_bgp_error_name(notify->code), s2si_bgp_subcode_name(notify->code, notify->subcode), session->last_error);
}

static void do_connect(struct s2si_bgp_connection *connection)
{
    struct s2si_bgp *bgp = connection->session->bgp;
    connection->has_stream = connection->wants_connect = true;
    connection->stream = UINT64_C(1) << 62 | ++bgp->next_stream;
}

static void start_retry(struct s2si_bgp_session *session, s2s_time now)
{
    s2s_time whole = session->config.connect_retry * (s2s_time)S2S_SECOND;
    s2si_bgp_arm(session, &session->retry, now + whole - whole / 1024 * (s2si_bgp_random(session->bgp) % 256));
}

static void run_dial(struct s2si_bgp_connection *connection, unsigned todo, s2s_time now)
{
    struct s2si_bgp_session *session = connection->session;
    if (!connection->outgoing) {
        return; /* timers and dialling belong to our own connection */
    }
    if ((todo & S2SI_BGP_DO_RETRY_STOP) != 0) {
        s2si_timer_disarm(&session->bgp->timers, &session->retry);
    }
    if ((todo & S2SI_BGP_DO_RETRY_START) != 0 && !session->config.passive) {
        start_retry(session, now);
    }
    if ((todo & S2SI_BGP_DO_CONNECT) != 0) {
        do_connect(connection);
    }
}

/* @return false when memory ran out. */
static bool run_talk(struct s2si_bgp_connection *connection, unsigned todo, s2s_time now)
{
    bool fits = true;
    if ((todo & S2SI_BGP_DO_OPEN) != 0) {
        fits = do_open(connection, now);
    }
    if ((todo & S2SI_BGP_DO_HOLD_LARGE) != 0) {
        arm_seconds(connection, &connection->hold, S2SI_BGP_HOLD_LARGE, now);
    }
    if ((todo & S2SI_BGP_DO_HOLD) != 0) {
        connection->late = false;
        if (connection->hold_time == 0) {
            s2si_timer_disarm(&connection->session->bgp->timers, &connection->hold);
        } else {
            arm_seconds(connection, &connection->hold, connection->hold_time, now);
        }
    }
    if ((todo & S2SI_BGP_DO_KEEPALIVE) != 0) {
        fits = do_keepalive(connection, now) && fits;
    }
    return fits;
}

void s2si_bgp_connection_event(struct s2si_bgp_connection *connection, enum s2si_bgp_fsm_event event,
                               const struct s2si_bgp_notify *brought, s2s_time now)
{
    const struct s2si_bgp_transition *row = s2si_bgp_fsm_find(connection->state, event);
    if (row == NULL) {
        return;
    }
    struct s2si_bgp_session *session = connection->session;
    struct s2si_bgp_notify notify = {0};
    if ((row->todo & S2SI_BGP_DO_NOTIFY) != 0 || brought != NULL) {
        if (row->code != 0) {
            s2si_bgp_notify_set(&notify, row->code, row->subcode, NULL, 0, s2si_bgp_subcode_name(row->code, row->subcode));
        } else if (brought != NULL) {
            notify = *brought;
        }
    }
    if ((row->todo & S2SI_BGP_DO_NOTIFY) != 0) {
        do_notify(connection, &notify, now);
    }
    bool lost = connection->state == S2S_BGP_ESTABLISHED && row->next != S2S_BGP_ESTABLISHED;
    if ((row->todo & S2SI_BGP_DO_RELEASE) != 0) {
        release_stream(connection, now);
    }
    connection->state = !connection->outgoing && row->next < S2S_BGP_OPEN_SENT ? S2S_BGP_IDLE : row->next;
    if (lost) {
        s2si_bgp_session_lost(session, &notify, now);
    }
    run_dial(connection, row->todo, now);
    if (!run_talk(connection, row->todo, now)) {
        release_stream(connection, now);
        connection->state = S2S_BGP_IDLE;
    }
    if ((row->todo & S2SI_BGP_DO_ESTABLISH) != 0 && connection->state == S2S_BGP_ESTABLISHED) {
        s2si_bgp_session_established(session, connection, now);
    }
    if (row->next != row->state || (row->todo & S2SI_BGP_DO_RELEASE) != 0) {
        s2si_bgp_session_settle(session, now);
    }
}

/* Input that was received already is read before the peer is declared dead: the first expiry only grants the loop one more
   turn, since a process that was held up finds its timers before its sockets. */
static void hold_expired(struct s2si_bgp_connection *connection, s2s_time now)
{
    if (!connection->late && connection->state >= S2S_BGP_OPEN_CONFIRM) {
        connection->late = true;
        s2si_bgp_arm(connection->session, &connection->hold, now + 50 * (s2s_time)S2S_MILLISECOND);
        return;
    }
    s2si_bgp_connection_event(connection, S2SI_BGP_FSM_HOLD_EXPIRES, NULL, now);
}

void s2si_bgp_connection_timer(struct s2si_bgp_connection *connection, enum s2si_bgp_timer kind, s2s_time now)
{
    if (kind == S2SI_BGP_T_HOLD) {
        hold_expired(connection, now);
    } else if (kind == S2SI_BGP_T_KEEPALIVE) {
        s2si_bgp_connection_event(connection, S2SI_BGP_FSM_KEEPALIVE_EXPIRES, NULL, now);
    } else {
        s2si_bgp_connection_event(connection, S2SI_BGP_FSM_SEND_HOLD_EXPIRES, NULL, now);
    }
}
