/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/bgp_glue.h"

#include <stdio.h>
#include <string.h>

#include "lib/bgp/bgp_policy.h"
#include "lib/gateway/reconcile.h"
#include "lib/gateway/tunnel.h"

#define CONNECT_DELAY 500      /* ms, of the end with the lower address */
#define CONNECT_RETRY 5                              /* seconds */
#define RESTART_TIME 120                             /* seconds, RFC 4724 */
#define WARN_PERCENT 80                              /* of max_prefix */
#define DEFAULT_HOLD_TIME 90                         /* seconds, RFC 4271 section 10 */
#define LEAVE_TIME (100 * (s2s_time)S2S_MILLISECOND) /* for withdrawals and Cease to arrive before DELETE */
#define RETRY (1 * (s2s_time)S2S_SECOND)

void s2si_bgp_glue_changed(s2s_gateway *gateway)
{
    gateway->bgp_changed = true;
}

void s2si_bgp_glue_look(s2s_gateway *gateway)
{
    gateway->bgp_look = gateway->bgp != NULL;
}

bool s2si_bgp_glue_built(void)
{
    return true;
}

bool s2si_bgp_glue_established(const s2s_tunnel *tunnel)
{
    return tunnel->bgp && tunnel->bgp->state == S2S_BGP_ESTABLISHED;
}

/* ---- the room ---- */

static uint32_t as_number(const struct s2s_addr *addr)
{
    return addr->family == 4 ? s2si_get_u32(addr->bytes) : 0;
}

/* RFC 6286: nonzero, unique in the AS. The outside address is unique; without one the inside address has to do. */
static uint32_t router_id(const s2s_gateway *gateway)
{
    const s2s_tunnel *tunnel = NULL;
    uint32_t id = as_number(&gateway->effective.router_id);

    for (size_t i = 0; i < gateway->public_count && id == 0; i++) {
        id = as_number(&gateway->addresses[i].addr);
    }
    while (id == 0 && (tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        id = as_number(&tunnel->inside_local);
    }
    return id ? id : 1;
}

static uint32_t local_asn(const s2s_connection *connection)
{
    return connection->effective.local_asn ? connection->effective.local_asn : connection->gateway->effective.asn;
}

static struct s2si_bgp_room *make_room(s2s_gateway *gateway, uint32_t asn)
{
    s2s_engine *engine = gateway->engine;
    struct s2si_bgp_room *room = s2si_alloc(&engine->mem, sizeof(*room));
    struct s2si_bgp_params params = {
        .mem = &engine->mem,
        .log = &engine->log,
        .local_asn = asn,
        .router_id = router_id(gateway),
    };
    uint64_t seed[2];

    if (!room || s2si_crypto_random(&engine->crypto, (uint8_t *)seed, sizeof(seed))) {
        s2si_free(&engine->mem, room, sizeof(*room));
        return NULL;
    }
    params.seed0 = seed[0];
    params.seed1 = seed[1];
    if (s2si_bgp_new(&params, &room->speaker)) {
        s2si_free(&engine->mem, room, sizeof(*room));
        return NULL;
    }
    room->gateway = gateway;
    room->born = engine->now;
    room->number = ++engine->bgp_rooms & 0x1fffff;
    room->router_id = params.router_id;
    s2si_trie_init(&room->originated, &engine->mem);
    s2si_map_init(&room->accepted, &engine->mem, seed[0], seed[1]);
    s2si_timer_init(&room->timer, S2SI_TIMER_BGP, gateway);
    return room;
}

void s2si_bgp_glue_free(s2s_gateway *gateway)
{
    s2s_engine *engine = gateway->engine;
    struct s2si_bgp_room *room = gateway->bgp;

    if (!room) {
        return;
    }
    s2si_timer_disarm(&engine->timers, &room->timer);
    s2si_bgp_free(room->speaker);
    s2si_trie_clear(&room->originated);
    s2si_map_clear(&room->accepted);
    if (engine->actions) {
        s2si_bgp_glue_drop_actions(gateway);
    }
    s2si_free(&engine->mem, room, sizeof(*room));
    gateway->bgp = NULL;
}

/* ---- a session out of settings ---- */

/* Settings and kernel allow a session. */
static bool may(const s2s_tunnel *tunnel)
{
    const s2s_connection *connection = tunnel->connection;
    bool on = connection->effective.enable_bgp == 1 &&
              (tunnel->effective.enabled != 0 || tunnel->planned == S2SI_PLANNED_QUIET);
    bool gone = tunnel->gateway->removing || tunnel->engine->removing ||
                (connection->deleting && tunnel->planned != S2SI_PLANNED_QUIET);

    return on && !gone && tunnel->inside_local.family != 0 &&
           tunnel->inside_local.family == tunnel->inside_remote.family && tunnel->customer_gateway &&
           tunnel->customer_gateway->params.asn != 0 && local_asn(connection) != 0 &&
           (tunnel->engine->capabilities & S2S_KERNEL_STREAMS) != 0;
}

static const struct s2s_profile *far_profile(const s2s_tunnel *tunnel)
{
    return tunnel->customer_gateway ? tunnel->customer_gateway->params.profile : NULL;
}

/* RFC 8212 says: nothing without a policy. Where one end is a cloud, its rules are the policy; between two of unknown
   kind there is none until the operator writes it. */
static bool needs_policy(const s2s_tunnel *tunnel)
{
    const struct s2s_profile *far = far_profile(tunnel);
    return tunnel->gateway->profile->device_facing && (!far || far->device_facing);
}

static bool has_six(const s2s_gateway *gateway)
{
    for (size_t i = 0; i < gateway->effective.vpc_cidr_count; i++) {
        if (gateway->effective.vpc_cidrs[i].addr.family == 6) {
            return true;
        }
    }
    return false;
}

/* Sessions of one group hear nothing of one another's routes: Alibaba forbids it for the whole gateway, AWS
   ("CloudHub") hands routes on from one connection to the next. */
static uint32_t group_of(const s2s_tunnel *tunnel)
{
    return tunnel->gateway->profile->routing.bgp_between_connections ? tunnel->connection->group.id : 1;
}

static uint16_t seconds(int value, uint16_t otherwise)
{
    return value < 0 || value > UINT16_MAX ? otherwise : (uint16_t)value;
}

static void fill_config(const s2s_tunnel *tunnel, const s2s_bgp_session *session,
                        struct s2si_bgp_session_config *config)
{
    const struct s2s_tunnel_params *params = &tunnel->effective;

    memset(config, 0, sizeof(*config));
    config->owner = tunnel->id;
    config->name = tunnel->label;
    config->local_asn = local_asn(tunnel->connection);
    config->peer_asn = tunnel->customer_gateway->params.asn;
    config->local_ip = tunnel->inside_local;
    config->peer_ip = tunnel->inside_remote;
    config->hold_time = seconds(params->bgp_hold_time, DEFAULT_HOLD_TIME);
    config->keepalive = seconds(params->bgp_keepalive, 0);
    config->connect_retry = CONNECT_RETRY;
    config->passive = params->bgp_passive == 1;
    config->connect_delay = s2si_addr_compare(&config->local_ip, &config->peer_ip) < 0 ? CONNECT_DELAY : 0;
    config->ttl_security = params->bgp_ttl_security == 1 ? 1 : 0;
    config->md5 = session->key[0] != '\0';
    config->max_prefix = params->bgp_max_prefix > 0 ? (uint32_t)params->bgp_max_prefix : 0;
    config->max_prefix_warn = WARN_PERCENT;
    config->graceful_restart = params->bgp_graceful_restart == 1;
    config->notification_restart = config->graceful_restart;
    config->restart_time = RESTART_TIME;
    config->ipv4 = true;
    config->ipv6 = tunnel->inside_local.family == 6 || has_six(tunnel->gateway);
    config->require_policy = needs_policy(tunnel);
    config->accept_default = !tunnel->gateway->profile->routing.bgp_no_default;
    config->import = session->import;
    config->export_ = session->export_;
    config->group = group_of(tunnel);
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

/* A policy of a new text. A text that cannot be read was refused when it was configured; here it means: nothing passes.
 */
static void take_policy(s2s_tunnel *tunnel, const char *text, char **of, const struct s2si_bgp_policy **policy)
{
    struct s2si_mem *mem = &tunnel->engine->mem;
    const struct s2si_bgp_policy *made = NULL;
    char why[160];
    int error = 0;

    if (same_text(text, *of)) {
        return;
    }
    char *copy = text ? s2si_text_copy(mem, text) : NULL;
    if (text && copy) {
        error = s2si_bgp_policy_read(mem, text, &made, why, sizeof(why));
    }
    if ((text && !copy) || error == S2S_ERR_NO_MEMORY) {
        s2si_free_text(mem, copy);
        return; /* the one before stays; the next look tries again */
    }
    if (error) {
        s2si_log(&tunnel->engine->log, S2S_LOG_ERROR, "bgp", tunnel->label, "policy: %s", why);
    }
    s2si_bgp_policy_release(*policy);
    s2si_free_text(mem, *of);
    *policy = made;
    *of = copy;
}

static void take_key(s2s_bgp_session *session)
{
    const char *key = session->tunnel->customer_gateway->params.auth_key;
    size_t length = key ? strlen(key) : 0;

    if (length >= sizeof(session->key)) {
        length = sizeof(session->key) - 1; /* TCP_MD5SIG_MAXKEYLEN; longer ones are refused by the rules */
    }
    if (length == strlen(session->key) && memcmp(key ? key : "", session->key, length) == 0) {
        return;
    }
    s2si_wipe(session->key, sizeof(session->key));
    memcpy(session->key, key ? key : "", length);
    session->key_generation++;
}

static void remove_session(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_mem *mem = &tunnel->engine->mem;
    s2s_bgp_session *session = tunnel->bgp;
    s2s_gateway *gateway = tunnel->gateway;

    if (!session) {
        return;
    }
    tunnel->bgp = NULL;
    if (session->speaker) {
        s2si_bgp_session_remove(session->speaker, now);
    }
    s2si_bgp_routes_forget(gateway->bgp, tunnel, now);
    s2si_bgp_policy_release(session->import);
    s2si_bgp_policy_release(session->export_);
    s2si_free_text(mem, session->import_text);
    s2si_free_text(mem, session->export_text);
    s2si_free_secret(mem, session, sizeof(*session));
    s2si_health_bgp(tunnel, false, now);
    s2si_scope_dirty(tunnel->engine, &gateway->base_scope);
}

static int add_session(s2s_tunnel *tunnel, s2s_time now)
{
    s2s_engine *engine = tunnel->engine;
    s2s_bgp_session *session = s2si_alloc(&engine->mem, sizeof(*session));

    if (!session) {
        return S2S_ERR_NO_MEMORY;
    }
    session->tunnel = tunnel;
    session->state = S2S_BGP_IDLE;
    session->since = session->waiting_since = now;
    tunnel->bgp = session;
    s2si_scope_dirty(engine, &tunnel->gateway->base_scope); /* LISTEN */
    return 0;
}

/* Brings one session to what the settings say. */
static int update_session(struct s2si_bgp_room *room, s2s_tunnel *tunnel, s2s_time now)
{
    s2s_bgp_session *session = tunnel->bgp;
    struct s2si_bgp_session_config config;
    uint64_t generation = session->key_generation;
    int error = 0;

    take_key(session);
    take_policy(tunnel, tunnel->effective.bgp_import, &session->import_text, &session->import);
    take_policy(tunnel, tunnel->effective.bgp_export, &session->export_text, &session->export_);
    fill_config(tunnel, session, &config);
    if (generation != session->key_generation) {
        s2si_scope_dirty(tunnel->engine, &tunnel->gateway->base_scope);
    }
    if (!session->speaker) {
        error = s2si_bgp_session_add(room->speaker, &config, now, &session->speaker);
    } else if (memcmp(&config, &session->config, sizeof(config)) != 0) {
        s2si_scope_dirty(tunnel->engine, &tunnel->gateway->base_scope);
        error = s2si_bgp_session_update(session->speaker, &config, now);
    } else if (generation != session->key_generation) {
        s2si_bgp_session_reset(session->speaker, now); /* with the new key; S2S_ERR_STATE: none is up */
    }
    if (error == 0) {
        session->config = config;
    }
    return error;
}

/* A new router id is a new speaker. */
static void renew_room(s2s_gateway *gateway, s2s_time now)
{
    s2s_tunnel *tunnel = NULL;

    if (!gateway->bgp || gateway->bgp->router_id == router_id(gateway)) {
        return;
    }
    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        remove_session(tunnel, now);
    }
    s2si_bgp_glue_free(gateway);
}

/* Compares sessions with settings. */
static void compare(s2s_gateway *gateway, s2s_time now)
{
    s2s_tunnel *tunnel = NULL;
    bool short_of_memory = false;

    gateway->bgp_changed = false;
    renew_room(gateway, now);
    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        if (!may(tunnel)) {
            remove_session(tunnel, now);
            continue;
        }
        if (!gateway->bgp) {
            gateway->bgp = make_room(gateway, local_asn(tunnel->connection));
        }
        if (!gateway->bgp) { /* the scan marks the gateway as changed */
            s2si_timer_arm(&gateway->engine->timers, &gateway->scan_timer, now + RETRY);
            return;
        }
        if (!tunnel->bgp && add_session(tunnel, now)) {
            short_of_memory = true;
            continue;
        }
        short_of_memory = update_session(gateway->bgp, tunnel, now) != 0 || short_of_memory;
    }
    if (gateway->bgp) {
        s2si_bgp_routes_originate(gateway->bgp, now);
        gateway->bgp_look = true;
    }
    if (short_of_memory) {
        s2si_timer_arm(&gateway->engine->timers, &gateway->bgp->timer, now + RETRY);
    }
}

void s2si_bgp_glue_forget(s2s_tunnel *tunnel, s2s_time now)
{
    remove_session(tunnel, now);
}

/* ---- planned take-down ---- */

bool s2si_bgp_glue_leave(s2s_tunnel *tunnel, bool for_good, s2s_time now)
{
    s2s_bgp_session *session = tunnel->bgp;

    if (!session || !session->speaker || (!session->leaving && session->state != S2S_BGP_ESTABLISHED)) {
        return false;
    }
    if (!session->leaving) {
        session->leaving = true;
        session->left_at = now;
        if (for_good) {
            session->stopped = true;
            s2si_bgp_session_stop(session->speaker, "the tunnel is being taken down", now);
        } else {
            session->drain = S2SI_BGP_GONE;
            s2si_bgp_session_drain(session->speaker, S2SI_BGP_GONE, now);
        }
    }
    return now < session->left_at + LEAVE_TIME;
}

/* ---- what the speaker says ---- */

static const struct event_row {
    enum s2s_event_type type;
    enum s2s_log_level severity;
    bool by_peer;
    const char *text;
} event_rows[] = {
    [S2SI_BGP_EV_NOTIFICATION_SENT] = { S2S_EVENT_BGP_NOTIFICATION, S2S_LOG_WARNING, false, "sent a NOTIFICATION" },
    [S2SI_BGP_EV_NOTIFICATION_RECEIVED] = { S2S_EVENT_BGP_NOTIFICATION, S2S_LOG_WARNING, true,
                                            "received a NOTIFICATION" },
    [S2SI_BGP_EV_PREFIX_WARNING] = { S2S_EVENT_BGP_PREFIX_LIMIT, S2S_LOG_WARNING, true,
                                     "received routes near the limit" },
    [S2SI_BGP_EV_PREFIX_LIMIT] = { S2S_EVENT_BGP_PREFIX_LIMIT, S2S_LOG_ERROR, true,
                                   "received more routes than the limit" },
    [S2SI_BGP_EV_ADVERTISED] = { S2S_EVENT_BGP_ROUTE_ADVERTISED, S2S_LOG_INFO, false, "announced" },
    [S2SI_BGP_EV_WITHDRAWN] = { S2S_EVENT_BGP_ROUTE_WITHDRAWN, S2S_LOG_INFO, false, "withdrew" },
    [S2SI_BGP_EV_RECEIVED] = { S2S_EVENT_BGP_ROUTE_RECEIVED, S2S_LOG_INFO, true, "received" },
    [S2SI_BGP_EV_LOST] = { S2S_EVENT_BGP_ROUTE_WITHDRAWN, S2S_LOG_INFO, true, "lost" },
    [S2SI_BGP_EV_REFUSED] = { S2S_EVENT_BGP_ROUTE_REFUSED, S2S_LOG_INFO, true, "refused" },
};

static void tell_state(s2s_tunnel *tunnel, const struct s2si_bgp_output *out, s2s_time now)
{
    struct s2s_event event = {
        .bgp_state_old = out->state_old, .bgp_state = out->state, .code = out->code, .subcode = out->subcode
    };
    bool matters = out->state == S2S_BGP_ESTABLISHED || out->state_old == S2S_BGP_ESTABLISHED;

    tunnel->bgp->state = (enum s2s_bgp_state)out->state;
    tunnel->bgp->since = now;
    if (matters) {
        tunnel->last_change = now;
    }
    s2si_event_tunnel(tunnel, S2S_EVENT_BGP_STATE, matters ? S2S_LOG_NOTICE : S2S_LOG_DEBUG, &event,
                      "%s: BGP is %s, was %s%s%s", tunnel->label, s2s_bgp_state_name(out->state),
                      s2s_bgp_state_name(out->state_old), out->detail[0] ? ": " : "", out->detail);
    s2si_bgp_steer_state(tunnel->bgp, now);
}

static void tell(s2s_tunnel *tunnel, const struct s2si_bgp_output *out)
{
    const struct event_row *row = &event_rows[out->event];
    struct s2s_event event = {
        .prefix = out->prefix, .code = out->code, .subcode = out->subcode, .by_peer = row->by_peer
    };
    char prefix[S2S_ADDR_TEXT] = "";

    if (out->prefix.addr.family) {
        s2s_prefix_format(&out->prefix, prefix);
    }
    s2si_event_tunnel(tunnel, row->type, row->severity, &event, "%s: BGP %s%s%s%s%s", tunnel->label, row->text,
                      prefix[0] ? " " : "", prefix, out->detail[0] ? ": " : "", out->detail);
}

static void heard(struct s2si_bgp_room *room, const struct s2si_bgp_output *out, s2s_time now)
{
    s2s_tunnel *tunnel = s2si_tunnel_by_id(room->gateway->engine, (uint32_t)out->owner);

    if (!tunnel || !tunnel->bgp) {
        return;
    }
    if (out->event == S2SI_BGP_EV_STATE) {
        tell_state(tunnel, out, now);
    } else if ((size_t)out->event < S2SI_COUNT(event_rows) && event_rows[out->event].text) {
        tell(tunnel, out);
    }
}

static void carry_out(struct s2si_bgp_room *room, const struct s2si_bgp_output *out, s2s_time now)
{
    if (out->type == S2SI_BGP_ROUTE) {
        s2si_bgp_routes_best(room, out, now);
    } else if (out->type == S2SI_BGP_EVENT) {
        heard(room, out, now);
    } else {
        s2si_bgp_glue_stream_output(room, out, now);
    }
}

static bool drain(s2s_gateway *gateway, s2s_time now)
{
    struct s2si_bgp_output out;
    bool any = false;

    while (gateway->bgp && s2si_bgp_next_output(gateway->bgp->speaker, &out)) {
        carry_out(gateway->bgp, &out, now);
        any = true;
    }
    if (gateway->bgp && gateway->bgp->select) {
        gateway->bgp->select = false;
        s2si_select_run(gateway, S2S_TRIGGER_BGP, now);
    }
    return any;
}

bool s2si_bgp_glue_outputs(s2s_engine *engine, s2s_time now)
{
    struct s2si_list *node;
    bool any = false;

    S2SI_LIST_EACH(node, &engine->gateways) {
        s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        if (gateway->bgp_changed) {
            compare(gateway, now);
            any = true;
        }
        if (gateway->bgp && gateway->bgp_look) {
            gateway->bgp_look = false;
            s2si_bgp_steer_run(gateway, now);
            any = true;
        }
        any = drain(gateway, now) || any;
    }
    return any;
}

/* ---- time ---- */

void s2si_bgp_glue_tick(s2s_engine *engine, s2s_time now)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &engine->gateways) {
        const s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        if (gateway->bgp && s2si_bgp_next_timeout(gateway->bgp->speaker) <= now) {
            s2si_bgp_tick(gateway->bgp->speaker, now);
        }
    }
}

s2s_time s2si_bgp_glue_next_timeout(const s2s_engine *engine)
{
    s2s_time first = S2S_TIME_NEVER;
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &engine->gateways) {
        const s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        s2s_time at = gateway->bgp ? s2si_bgp_next_timeout(gateway->bgp->speaker) : S2S_TIME_NEVER;
        first = at < first ? at : first;
    }
    return first < engine->now ? engine->now : first;
}

void s2si_bgp_glue_timer(s2s_gateway *gateway, s2s_time now)
{
    (void)now;
    if (gateway->bgp) {
        gateway->bgp->select = true;
    }
    gateway->bgp_changed =
        true; /* sessions that lacked memory; paths and routes that wait for time are looked at with them */
}
