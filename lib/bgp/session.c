/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session: the life of a session around its connections: when it may run, when it tries again, and what the room above changes
 * while it runs. What is left of its routes when it is lost stands in restart.c.
 */
#include "lib/bgp/speaker.h"

#include <s2svpn/error.h>
#include <string.h>

enum { IDLE_HOLD_MAX = 30, PATIENCE = 3, CONNECT_RETRY = 30, PREFIX_LIMIT_HOLD = 60 };

bool s2si_bgp_session_internal(const struct s2si_bgp_session *session)
{
    return session->codec.internal;
}

uint64_t s2si_bgp_session_owner(const struct s2si_bgp_session *session)
{
    return session->config.owner;
}

/* ---- adding and removing */

static void take_config(struct s2si_bgp_session *session, const struct s2si_bgp_session_config *config)
{
    s2si_bgp_policy_hold(config->import);
    s2si_bgp_policy_hold(config->export_);
    s2si_bgp_policy_release(session->config.import);
    s2si_bgp_policy_release(session->config.export_);
    session->config = *config;
    session->config.name = session->name;
    if (session->config.connect_retry == 0) {
        session->config.connect_retry = CONNECT_RETRY;
    }
    session->local_asn = config->local_asn != 0 ? config->local_asn : session->bgp->params.local_asn;
    session->preference = config->preference != 0 ? config->preference : 100;
}

static bool config_valid(const struct s2si_bgp *bgp, const struct s2si_bgp_session_config *config)
{
    uint32_t asn = config->local_asn != 0 ? config->local_asn : bgp->params.local_asn;
    return asn != 0 && config->local_ip.family != 0 && config->local_ip.family == config->peer_ip.family &&
           (config->ipv4 || config->ipv6) && config->hold_time != 1 && config->hold_time != 2 && config->restart_time <= 4095;
}

static unsigned free_slot(struct s2si_bgp *bgp)
{
    for (unsigned i = 1; i < bgp->session_count; i++) {
        if (bgp->sessions[i] == NULL) {
            return i;
        }
    }
    unsigned count = bgp->session_count == 0 ? 8 : bgp->session_count * 2;
    if (bgp->session_count > S2SI_BGP_SESSIONS) {
        return 0;
    }
    struct s2si_bgp_session **sessions = s2si_resize(bgp->mem, bgp->sessions, bgp->session_count * sizeof *sessions,
                                                     count * sizeof *sessions);
    if (sessions == NULL) {
        return 0;
    }
    unsigned slot = bgp->session_count == 0 ? 1 : bgp->session_count;
    bgp->sessions = sessions;
    bgp->session_count = count;
    return slot;
}

int s2si_bgp_session_add(struct s2si_bgp *bgp, const struct s2si_bgp_session_config *config, s2s_time now,
                         struct s2si_bgp_session **out)
{
    if (!config_valid(bgp, config)) {
        return S2S_ERR_INVALID;
    }
    unsigned slot = free_slot(bgp);
    struct s2si_bgp_session *session = slot == 0 ? NULL : s2si_alloc(bgp->mem, sizeof *session);
    char *name = session == NULL ? NULL : s2si_text_copy(bgp->mem, config->name != NULL ? config->name : "");
    if (name == NULL) {
        s2si_free(bgp->mem, session, sizeof *session);
        return slot == 0 && bgp->session_count > S2SI_BGP_SESSIONS ? S2S_ERR_LIMIT : S2S_ERR_NO_MEMORY;
    }
    session->bgp = bgp;
    session->index = (uint16_t)slot;
    session->name = name;
    take_config(session, config);
    s2si_bgp_connection_init(&session->connections[0], session, true);
    s2si_bgp_connection_init(&session->connections[1], session, false);
    s2si_timer_init(&session->retry, S2SI_BGP_T_RETRY, session);
    s2si_timer_init(&session->idle_hold, S2SI_BGP_T_IDLE_HOLD, session);
    s2si_timer_init(&session->stale, S2SI_BGP_T_STALE, session);
    s2si_bgp_adj_out_init(session);
    session->state = S2S_BGP_IDLE;
    session->since = now;
    bgp->sessions[slot] = session;
    bgp->born = bgp->born != 0 ? bgp->born : now;
    *out = session;
    return 0;
}

static void stop_connections(struct s2si_bgp_session *session, const struct s2si_bgp_notify *notify, s2s_time now)
{
    for (int i = 1; i >= 0; i--) {
        s2si_bgp_connection_event(&session->connections[i], S2SI_BGP_FSM_AUTOMATIC_STOP, notify, now);
    }
}

void s2si_bgp_session_cease(struct s2si_bgp_session *session, uint8_t subcode, const void *data, size_t length,
                            const char *reason, s2s_time now)
{
    struct s2si_bgp_notify notify = {0};
    s2si_bgp_notify_set(&notify, S2SI_BGP_ERR_CEASE, subcode, data, length, reason);
    stop_connections(session, &notify, now);
}

void s2si_bgp_session_remove(struct s2si_bgp_session *session, s2s_time now)
{
    struct s2si_bgp *bgp = session->bgp;
    session->stopped = true;
    s2si_bgp_session_cease(session, S2SI_BGP_CEASE_DECONFIGURED, NULL, 0, "the session was removed", now);
    s2si_bgp_drop_stale(session);
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        while (session->sweep[family].active) {
            s2si_bgp_sweep(session, (enum s2si_bgp_family)family, UINT32_MAX);
        }
    }
    s2si_bgp_events_forget(bgp, session);
    s2si_bgp_adj_out_clear(session);
    s2si_timer_disarm(&bgp->timers, &session->retry);
    s2si_timer_disarm(&bgp->timers, &session->idle_hold);
    for (struct s2si_bgp_closing *closing = bgp->closings; closing != NULL; closing = closing->next) {
        closing->session = closing->session == session ? NULL : closing->session;
    }
    s2si_bgp_connection_clear(&session->connections[0]);
    s2si_bgp_connection_clear(&session->connections[1]);
    s2si_bgp_policy_release(session->config.import);
    s2si_bgp_policy_release(session->config.export_);
    bgp->sessions[session->index] = NULL;
    s2si_free_text(bgp->mem, session->name);
    s2si_free(bgp->mem, session, sizeof *session);
    s2si_bgp_defer_look(bgp);
}

/* ---- starting and waiting */

static void start(struct s2si_bgp_session *session, s2s_time now)
{
    bool under_way = session->connections[0].state != S2S_BGP_IDLE || session->connections[1].state != S2S_BGP_IDLE;
    if (!session->path_up || session->stopped || under_way) {
        return;
    }
    s2si_timer_disarm(&session->bgp->timers, &session->idle_hold);
    bool waits = session->config.passive || session->config.connect_delay > 0;
    s2si_bgp_connection_event(&session->connections[0], waits ? S2SI_BGP_FSM_AUTOMATIC_START_PASSIVE
                                                              : S2SI_BGP_FSM_AUTOMATIC_START, NULL, now);
    if (!session->config.passive && waits) { /* meanwhile the peer may come */
        s2si_bgp_arm(session, &session->retry, now + session->config.connect_delay * (s2s_time)S2S_MILLISECOND);
    }
}

/* DampPeerOscillations (RFC 4271 section 8.1.1): one second, doubled by each failure in a row up to 30, jittered. */
static s2s_time idle_hold_time(struct s2si_bgp_session *session)
{
    unsigned seconds = session->failures < 5 ? 1u << session->failures : IDLE_HOLD_MAX;
    if (session->over_limit) {
        seconds = PREFIX_LIMIT_HOLD;
    }
    s2s_time whole = seconds * (s2s_time)S2S_SECOND;
    return whole - whole / 1024 * (s2si_bgp_random(session->bgp) % 256);
}

static enum s2s_bgp_state overall(const struct s2si_bgp_session *session)
{
    enum s2s_bgp_state first = session->connections[0].state, second = session->connections[1].state;
    enum s2s_bgp_state state = first > second ? first : second;
    return state == S2S_BGP_IDLE && session->stopped ? S2S_BGP_DISABLED : state;
}

static void tell_state(struct s2si_bgp_session *session, enum s2s_bgp_state state, s2s_time now)
{
    struct s2si_bgp_output *event = s2si_bgp_event(session, S2SI_BGP_EV_STATE);
    if (event != NULL) {
        event->state_old = (int)session->state;
        event->state = (int)state;
        event->code = session->last_code;
        event->subcode = session->last_subcode;
    }
    bool important = state == S2S_BGP_ESTABLISHED || session->state == S2S_BGP_ESTABLISHED;
    s2si_log(session->bgp->params.log, important ? S2S_LOG_NOTICE : S2S_LOG_DEBUG, "bgp", session->name, "%s -> %s",
             s2si_bgp_fsm_state_name(session->state), s2si_bgp_fsm_state_name(state));
    session->state = state;
    session->since = now;
}

void s2si_bgp_session_settle(struct s2si_bgp_session *session, s2s_time now)
{
    bool idle = session->connections[0].state == S2S_BGP_IDLE && session->connections[1].state == S2S_BGP_IDLE;
    if (idle && session->path_up && !session->stopped && !s2si_timer_armed(&session->idle_hold)) {
        s2si_bgp_arm(session, &session->idle_hold, now + idle_hold_time(session));
        session->failures += session->failures < 16;
    }
    enum s2s_bgp_state state = overall(session);
    if (state != session->state) {
        tell_state(session, state, now);
    }
    s2si_bgp_defer_look(session->bgp);
}

void s2si_bgp_session_timer(struct s2si_bgp_session *session, enum s2si_bgp_timer kind, s2s_time now)
{
    if (kind == S2SI_BGP_T_RETRY) {
        s2si_bgp_connection_event(&session->connections[0], S2SI_BGP_FSM_CONNECT_RETRY_EXPIRES, NULL, now);
    } else if (kind == S2SI_BGP_T_IDLE_HOLD) {
        session->over_limit = false;
        start(session, now);
    } else {
        s2si_bgp_drop_stale(session); /* RFC 4724 section 4.2: the peer did not come back, or sent no End-of-RIB */
    }
}

void s2si_bgp_path(struct s2si_bgp_session *session, bool up, s2s_time now)
{
    if (session->path_up == up) {
        return;
    }
    session->path_up = up;
    if (up) {
        session->failures = 0;
        s2si_bgp_defer_start(session->bgp, now);
        s2si_timer_disarm(&session->bgp->timers, &session->idle_hold);
        start(session, now);
        return;
    }
    s2si_timer_disarm(&session->bgp->timers, &session->idle_hold);
    s2si_bgp_session_cease(session, S2SI_BGP_CEASE_RESET, NULL, 0, "the path below the session is gone", now);
    s2si_bgp_drop_stale(session); /* overrides graceful restart */
    s2si_bgp_defer_look(session->bgp);
}

void s2si_bgp_session_stop(struct s2si_bgp_session *session, const char *communication, s2s_time now)
{
    uint8_t data[256];
    size_t length = communication == NULL ? 0 : strlen(communication);
    length = length > 255 ? 255 : length;
    data[0] = (uint8_t)length;
    if (length > 0) {
        memcpy(data + 1, communication, length);
    }
    session->stopped = true;
    s2si_timer_disarm(&session->bgp->timers, &session->idle_hold);
    s2si_bgp_session_cease(session, S2SI_BGP_CEASE_SHUTDOWN, data, length > 0 ? length + 1 : 0, "shut down here", now);
    s2si_bgp_drop_stale(session);
    s2si_bgp_session_settle(session, now);
}

void s2si_bgp_session_start(struct s2si_bgp_session *session, s2s_time now)
{
    session->stopped = false;
    session->failures = 0;
    start(session, now);
    s2si_bgp_session_settle(session, now);
}

int s2si_bgp_session_reset(struct s2si_bgp_session *session, s2s_time now)
{
    if (session->up == NULL) {
        return S2S_ERR_STATE;
    }
    session->failures = 0;
    s2si_bgp_session_cease(session, S2SI_BGP_CEASE_RESET, NULL, 0, "reset here", now);
    return 0;
}

/* ---- established */

void s2si_bgp_session_established(struct s2si_bgp_session *session, struct s2si_bgp_connection *connection, s2s_time now)
{
    struct s2si_bgp_connection *other = &session->connections[connection->outgoing ? 1 : 0];
    if (other->state == S2S_BGP_CONNECT || other->state == S2S_BGP_ACTIVE) {
        s2si_bgp_connection_event(other, S2SI_BGP_FSM_COLLISION_DUMP, NULL, now);
    }
    s2si_timer_disarm(&session->bgp->timers, &session->idle_hold);
    session->up = connection;
    session->peer_capabilities = connection->peer.capabilities;
    session->peer_capabilities.enhanced_refresh = connection->peer.capabilities.enhanced_refresh && session->config.graceful_restart;
    session->peer_asn = connection->peer.asn;
    session->peer_router_id = connection->peer.identifier;
    uint8_t offered = (uint8_t)((session->config.ipv4 ? 1u << S2SI_BGP_IPV4 : 0) | (session->config.ipv6 ? 1u << S2SI_BGP_IPV6 : 0));
    uint8_t theirs = session->peer_capabilities.families;
    bool none = theirs == 0 && !session->peer_capabilities.other_family;
    session->codec = (struct s2si_bgp_codec){
        .four_octet = session->peer_capabilities.four_octet,
        .internal = session->peer_asn == session->local_asn,
        .peer_asn = session->peer_asn,
        .families = (uint8_t)(offered & (none ? 1u << S2SI_BGP_IPV4 : theirs)),
    };
    session->warned = false;
    session->heard = 0;
    session->refused_unseen = 0;
    session->last_error[0] = '\0';
    s2si_bgp_resume_stale(session, now);
    bool room = true;
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        if ((session->codec.families >> family & 1) != 0) {
            room = s2si_bgp_adj_out_all(session, (enum s2si_bgp_family)family, false) && room;
            session->out[family].end_of_rib = true;
        }
    }
    session->exhausted = session->exhausted || !room;
}

/* ---- streams */

void s2si_bgp_stream_connected(struct s2si_bgp *bgp, struct s2si_bgp_session *session, uint64_t stream, s2s_time now)
{
    struct s2si_bgp_connection *connection = &session->connections[0];
    (void)bgp;
    if (connection->has_stream && connection->stream == stream) {
        connection->wants_connect = connection->write_reported = false;
        s2si_bgp_connection_event(connection, S2SI_BGP_FSM_TCP_ACKED, NULL, now);
    }
}

/* The peer may come while we wait in Idle, unless it keeps failing. */
static bool welcome(struct s2si_bgp_session *session, s2s_time now)
{
    bool idle = session->connections[0].state == S2S_BGP_IDLE && session->up == NULL;
    if (!session->path_up || session->stopped || session->over_limit || (idle && session->failures > PATIENCE)) {
        return false;
    }
    struct s2si_bgp_connection *connection = &session->connections[1];
    if (connection->state == S2S_BGP_OPEN_SENT) { /* it has not said a word yet: the newer one counts */
        s2si_bgp_connection_event(connection, S2SI_BGP_FSM_COLLISION_DUMP, NULL, now);
    }
    return connection->state == S2S_BGP_IDLE;
}

int s2si_bgp_stream_accepted(struct s2si_bgp *bgp, uint64_t stream, const struct s2s_endpoint *local,
                             const struct s2s_endpoint *remote, s2s_time now)
{
    for (unsigned i = 1; i < bgp->session_count; i++) {
        struct s2si_bgp_session *session = bgp->sessions[i];
        if (session == NULL || !s2si_addr_equal(&session->config.peer_ip, &remote->addr) ||
            !s2si_addr_equal(&session->config.local_ip, &local->addr) || !welcome(session, now)) {
            continue;
        }
        struct s2si_bgp_connection *connection = &session->connections[1];
        s2si_timer_disarm(&bgp->timers, &session->idle_hold);
        connection->state = S2S_BGP_ACTIVE;
        connection->has_stream = true;
        connection->stream = stream;
        s2si_bgp_connection_event(connection, S2SI_BGP_FSM_TCP_CONFIRMED, NULL, now);
        return 0;
    }
    return S2S_ERR_NOT_FOUND;
}

/* ---- changes while it runs */

static bool announce_again(struct s2si_bgp_session *session)
{
    bool room = true;
    s2si_bgp_memo_clear(session);
    for (int family = 0; family < S2SI_BGP_FAMILIES && session->up != NULL; family++) {
        if ((session->codec.families >> family & 1) != 0) {
            room = s2si_bgp_adj_out_all(session, (enum s2si_bgp_family)family, false) && room;
        }
    }
    session->exhausted = session->exhausted || !room;
    return room;
}

static void review_again(struct s2si_bgp_session *session)
{
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        session->review[family] = (struct s2si_bgp_walk){.active = session->routes[family] > 0};
    }
}

void s2si_bgp_session_drain(struct s2si_bgp_session *session, enum s2si_bgp_drain drain, s2s_time now)
{
    (void)now;
    if (session->drain != drain) {
        session->drain = drain;
        announce_again(session);
    }
}

void s2si_bgp_session_steer(struct s2si_bgp_session *session, uint32_t med, uint8_t prepend, s2s_time now)
{
    (void)now;
    if (session->steer_med != med || session->steer_prepend != prepend) {
        session->steer_med = med;
        session->steer_prepend = prepend;
        announce_again(session);
    }
}

void s2si_bgp_session_preference(struct s2si_bgp_session *session, uint32_t local_pref, s2s_time now)
{
    (void)now;
    if (session->preference != local_pref) {
        session->preference = local_pref;
        review_again(session);
    }
}

void s2si_bgp_session_favour(struct s2si_bgp_session *session, bool favoured, s2s_time now)
{
    (void)now;
    if (session->favoured != favoured) {
        session->favoured = favoured;
        review_again(session);
    }
}

/* What the OPEN carried, or the stream stands on: it cannot change under a running session. */
static bool needs_restart(const struct s2si_bgp_session_config *a, const struct s2si_bgp_session_config *b)
{
    return a->local_asn != b->local_asn || a->peer_asn != b->peer_asn || !s2si_addr_equal(&a->local_ip, &b->local_ip) ||
           !s2si_addr_equal(&a->peer_ip, &b->peer_ip) || a->hold_time != b->hold_time || a->keepalive != b->keepalive ||
           a->ttl_security != b->ttl_security || a->md5 != b->md5 || a->graceful_restart != b->graceful_restart ||
           a->notification_restart != b->notification_restart || a->restart_time != b->restart_time || a->ipv4 != b->ipv4 ||
           a->ipv6 != b->ipv6 || a->passive != b->passive;
}

int s2si_bgp_session_update(struct s2si_bgp_session *session, const struct s2si_bgp_session_config *config, s2s_time now)
{
    if (!config_valid(session->bgp, config)) {
        return S2S_ERR_INVALID;
    }
    char *name = s2si_text_copy(session->bgp->mem, config->name != NULL ? config->name : "");
    if (name == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    s2si_free_text(session->bgp->mem, session->name);
    session->name = name;
    bool restart = needs_restart(&session->config, config);
    bool unseen = session->refused_unseen > 0;
    take_config(session, config);
    announce_again(session);
    review_again(session);
    if (restart) {
        s2si_bgp_session_cease(session, S2SI_BGP_CEASE_CONFIG_CHANGE, NULL, 0, "the configuration changed", now);
        session->failures = 0;
        s2si_bgp_session_settle(session, now);
    } else if (unseen) { /* routes were refused that were not kept: only the peer knows them */
        session->refused_unseen = 0;
        s2si_bgp_session_refresh(session, now);
    }
    return 0;
}
