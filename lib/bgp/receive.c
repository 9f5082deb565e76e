/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receive: octets of a stream to messages to events of the machine. Whole messages are read in place; what is left of the last
 * one, less than a message, is kept. Everything that the room above hands in is worked off before the call returns, so the size
 * of its reads is the size of the slice.
 */
#include "lib/bgp/speaker.h"

#include <string.h>

/* ---- OPEN */

static bool open_fault(struct s2si_bgp_notify *notify, uint8_t subcode, const char *reason)
{
    s2si_bgp_notify_set(notify, S2SI_BGP_ERR_OPEN, subcode, NULL, 0, reason);
    return false;
}

/* RFC 5492 section 5: the capabilities that were asked for, in the NOTIFICATION. */
static bool no_common_family(const struct s2si_bgp_session *session, struct s2si_bgp_notify *notify)
{
    uint8_t data[12];
    struct s2si_writer writer = s2si_writer(data, sizeof data);
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        if (family == S2SI_BGP_IPV4 ? session->config.ipv4 : session->config.ipv6) {
            s2si_write_u16(&writer, S2SI_BGP_CAP_MULTIPROTOCOL << 8 | 4);
            s2si_write_u16(&writer, s2si_bgp_afi((enum s2si_bgp_family)family));
            s2si_write_u16(&writer, S2SI_BGP_SAFI_UNICAST);
        }
    }
    s2si_bgp_notify_set(notify, S2SI_BGP_ERR_OPEN, S2SI_BGP_OPEN_UNSUPPORTED_CAPABILITY, data, writer.length,
                        "no address family in common");
    return false;
}

/* RFC 4271 section 6.2, RFC 6286 section 2.2: whether this peer may be who it says it is. */
static bool open_acceptable(const struct s2si_bgp_session *session, const struct s2si_bgp_open *open, struct s2si_bgp_notify *notify)
{
    const struct s2si_bgp_session_config *config = &session->config;
    bool internal = open->asn == session->local_asn;
    if (config->peer_asn != 0 ? open->asn != config->peer_asn : internal) {
        return open_fault(notify, S2SI_BGP_OPEN_BAD_PEER_AS, "the peer's AS is not the configured one");
    }
    if (internal && open->identifier == session->bgp->params.router_id) {
        return open_fault(notify, S2SI_BGP_OPEN_BAD_IDENTIFIER, "the peer has our BGP identifier");
    }
    const struct s2si_bgp_capabilities *theirs = &open->capabilities;
    bool ipv4 = (theirs->families >> S2SI_BGP_IPV4 & 1) != 0 || (theirs->families == 0 && !theirs->other_family);
    bool ipv6 = (theirs->families >> S2SI_BGP_IPV6 & 1) != 0;
    if (!(config->ipv4 && ipv4) && !(config->ipv6 && ipv6)) {
        return no_common_family(session, notify);
    }
    return true;
}

/* RFC 4271 section 6.8, RFC 6286 section 2.3: the connection of the higher identifier (then AS) stays. */
static bool we_are_higher(const struct s2si_bgp_session *session, const struct s2si_bgp_open *open)
{
    uint32_t ours = session->bgp->params.router_id;
    return ours != open->identifier ? ours > open->identifier : session->local_asn > open->asn;
}

enum { SETTLED = 5 };

/* @return false when this connection is the one that goes. */
static bool resolve_collision(struct s2si_bgp_connection *connection, const struct s2si_bgp_open *open, s2s_time now)
{
    struct s2si_bgp_session *session = connection->session;
    struct s2si_bgp_connection *other = &session->connections[connection->outgoing ? 1 : 0];
    if (other->state == S2S_BGP_ESTABLISHED) {
        /* RFC 4724 section 4.2: a peer that restarts opens anew before we noticed that the old connection is dead. One that
           only just came up collided. */
        bool restarted = session->config.graceful_restart && session->peer_capabilities.graceful_restart &&
                         now - session->since > SETTLED * (s2s_time)S2S_SECOND;
        s2si_bgp_connection_event(restarted ? other : connection,
                                  restarted ? S2SI_BGP_FSM_TCP_FAILS : S2SI_BGP_FSM_COLLISION_DUMP, NULL, now);
        return restarted;
    }
    if (other->state == S2S_BGP_OPEN_CONFIRM) {
        bool ours_stays = we_are_higher(session, open);
        bool this_stays = connection->outgoing == ours_stays;
        s2si_bgp_connection_event(this_stays ? other : connection, S2SI_BGP_FSM_COLLISION_DUMP, NULL, now);
        return this_stays;
    }
    return true;
}

static void negotiate_times(struct s2si_bgp_connection *connection, const struct s2si_bgp_open *open)
{
    const struct s2si_bgp_session_config *config = &connection->session->config;
    uint16_t hold = open->hold_time < config->hold_time ? open->hold_time : config->hold_time;
    uint16_t third = hold / 3;
    connection->hold_time = hold;
    connection->keepalive_time = hold == 0 ? 0 : config->keepalive != 0 && config->keepalive < third ? config->keepalive : third;
}

static void receive_open(struct s2si_bgp_connection *connection, const uint8_t *body, size_t length, s2s_time now)
{
    struct s2si_bgp_notify notify = {0};
    struct s2si_bgp_open open;
    if (connection->state != S2S_BGP_OPEN_SENT) {
        s2si_bgp_connection_event(connection, S2SI_BGP_FSM_OPEN, NULL, now);
        return;
    }
    if (s2si_bgp_open_decode(body, length, &open, &notify) != 0 || !open_acceptable(connection->session, &open, &notify)) {
        s2si_bgp_connection_event(connection, S2SI_BGP_FSM_OPEN_ERROR, &notify, now);
        return;
    }
    if (!resolve_collision(connection, &open, now)) {
        return;
    }
    connection->peer = open;
    negotiate_times(connection, &open);
    s2si_bgp_connection_event(connection, S2SI_BGP_FSM_OPEN, NULL, now);
}

/* ---- NOTIFICATION */

static void receive_notification(struct s2si_bgp_connection *connection, const uint8_t *body, size_t length, s2s_time now)
{
    struct s2si_bgp_session *session = connection->session;
    struct s2si_bgp_notify notify = {0};
    s2si_bgp_notification_decode(body, length, &notify);
    const uint8_t *data = notify.data;
    size_t data_length = notify.data_length;
    uint8_t code = notify.code, subcode = notify.subcode;
    if (code == S2SI_BGP_ERR_CEASE && subcode == S2SI_BGP_CEASE_HARD_RESET && data_length >= 2) { /* RFC 8538 section 3 */
        code = data[0];
        subcode = data[1];
        data += 2;
        data_length -= 2;
    }
    session->last_code = code;
    session->last_subcode = subcode;
    session->last_by_peer = true;
    session->last_error[0] = '\0';
    if (code == S2SI_BGP_ERR_CEASE && (subcode == S2SI_BGP_CEASE_SHUTDOWN || subcode == S2SI_BGP_CEASE_RESET)) {
        s2si_bgp_shutdown_text(data, data_length, session->last_error, sizeof session->last_error);
    }
    if (session->last_error[0] == '\0') {
        const char *name = s2si_bgp_subcode_name(code, subcode);
        memcpy(session->last_error, name, strlen(name) + 1);
    }
    struct s2si_bgp_output *event = s2si_bgp_event(session, S2SI_BGP_EV_NOTIFICATION_RECEIVED);
    if (event != NULL) {
        event->code = code;
        event->subcode = subcode;
        memcpy(event->detail, session->last_error, sizeof event->detail - 1);
    }
    s2si_log(session->bgp->params.log, S2S_LOG_WARNING, "bgp", session->name, "NOTIFICATION received: %s / %s (%s)",
             s2si_bgp_error_name(code), s2si_bgp_subcode_name(code, subcode), session->last_error);
    bool version = code == S2SI_BGP_ERR_OPEN && subcode == S2SI_BGP_OPEN_UNSUPPORTED_VERSION;
    s2si_bgp_connection_event(connection, version ? S2SI_BGP_FSM_NOTIFICATION_VERSION : S2SI_BGP_FSM_NOTIFICATION, &notify, now);
}

/* ---- the others */

static void receive_refresh(struct s2si_bgp_connection *connection, const uint8_t *body, size_t length, s2s_time now)
{
    struct s2si_bgp_session *session = connection->session;
    struct s2si_bgp_notify notify = {0};
    struct s2si_bgp_refresh refresh;
    int error = s2si_bgp_refresh_decode(body, length, &refresh, &notify);
    if (error != 0 && connection->state == S2S_BGP_ESTABLISHED) {
        s2si_bgp_connection_event(connection, S2SI_BGP_FSM_UPDATE_ERROR, &notify, now);
        return;
    }
    s2si_bgp_connection_event(connection, S2SI_BGP_FSM_ROUTE_REFRESH, NULL, now);
    if (session->up == connection) {
        s2si_bgp_refresh_received(session, &refresh, now);
    }
}

static void receive_update(struct s2si_bgp_connection *connection, const uint8_t *body, size_t length, s2s_time now)
{
    s2si_bgp_connection_event(connection, S2SI_BGP_FSM_UPDATE, NULL, now);
    if (connection->session->up == connection) {
        connection->session->updates_in++;
        s2si_bgp_import_update(connection, body, length, now);
    }
}

static void receive_keepalive(struct s2si_bgp_connection *connection, const uint8_t *body, size_t length, s2s_time now)
{
    (void)body;
    (void)length;
    s2si_bgp_connection_event(connection, S2SI_BGP_FSM_KEEPALIVE, NULL, now);
}

typedef void (*receive_function)(struct s2si_bgp_connection *connection, const uint8_t *body, size_t length, s2s_time now);
static const receive_function receivers[] = {
    [S2SI_BGP_OPEN] = receive_open,           [S2SI_BGP_UPDATE] = receive_update,
    [S2SI_BGP_NOTIFICATION] = receive_notification, [S2SI_BGP_KEEPALIVE] = receive_keepalive,
    [S2SI_BGP_ROUTE_REFRESH] = receive_refresh,
};

/* The message that begins at data: its length, 0 when it is not whole yet, SIZE_MAX when the stream is spoilt. */
static size_t frame(struct s2si_bgp_connection *connection, const uint8_t *data, size_t length, enum s2si_bgp_message_type *type,
                    s2s_time now)
{
    struct s2si_bgp_notify notify = {0};
    if (length < S2SI_BGP_HEADER) {
        return 0;
    }
    size_t size = s2si_bgp_header_decode(data, S2SI_BGP_MESSAGE_MAX, type, &notify);
    if (size == 0) {
        s2si_bgp_connection_event(connection, S2SI_BGP_FSM_HEADER_ERROR, &notify, now);
        return SIZE_MAX;
    }
    return size <= length ? size : 0;
}

/* Works off whole messages. @return the octets used; all of them once the connection is gone. */
static size_t receive_whole(struct s2si_bgp_connection *connection, const uint8_t *data, size_t length, s2s_time now)
{
    uint64_t stream = connection->stream;
    size_t used = 0;
    while (connection->has_stream && connection->stream == stream) {
        enum s2si_bgp_message_type type;
        size_t size = frame(connection, data + used, length - used, &type, now);
        if (size == 0) {
            return used;
        }
        if (size == SIZE_MAX) {
            break;
        }
        connection->session->messages_in++;
        receivers[type](connection, data + used + S2SI_BGP_HEADER, size - S2SI_BGP_HEADER, now);
        used += size;
    }
    return length;
}

/* How many octets the message that is begun in the buffer still lacks, as far as can be known; at least 1. */
static size_t lacking(const struct s2si_buffer *in)
{
    size_t whole = in->length < S2SI_BGP_HEADER ? S2SI_BGP_HEADER : s2si_get_u16(in->data + S2SI_BGP_HEADER - 3);
    return whole > in->length ? whole - in->length : 1;
}

void s2si_bgp_receive(struct s2si_bgp_connection *connection, const uint8_t *data, size_t length, s2s_time now)
{
    struct s2si_buffer *in = &connection->in;
    uint64_t stream = connection->stream;
    while (length > 0 && connection->has_stream && connection->stream == stream) {
        if (in->length == 0) {
            size_t used = receive_whole(connection, data, length, now);
            data += used;
            length -= used;
        }
        if (length == 0 || !connection->has_stream || connection->stream != stream) {
            return;
        }
        size_t take = lacking(in) < length ? lacking(in) : length;
        if (!s2si_buffer_append(in, data, take)) {
            connection->session->exhausted = true;
            return;
        }
        data += take;
        length -= take;
        if (in->length >= S2SI_BGP_HEADER) {
            size_t used = receive_whole(connection, in->data, in->length, now);
            if (connection->has_stream && connection->stream == stream) {
                s2si_buffer_consume(in, used);
            }
        }
    }
}
