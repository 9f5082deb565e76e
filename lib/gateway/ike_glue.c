/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_glue: between a tunnel and its IKE peer. Downward: effective params become a peer's settings. Upward: what IKE
 * has to say becomes datagrams and jobs to be done, SPIs, dirty scopes, events and statuses.
 */
#include <stdio.h>
#include <string.h>

#include "lib/gateway/actions.h"
#include "lib/gateway/effective.h"
#include "lib/gateway/esp_glue.h"
#include "lib/gateway/reconcile.h"
#include "lib/gateway/tunnel.h"
#include "lib/ike/common/notify.h"

#define SECONDS(n) ((s2s_time)(n)*S2S_SECOND)
#define DRAIN SECONDS(1) /* longer than anything stays on the way */

_Static_assert((int)S2S_REASON_OTHER_NOTIFY == (int)S2SI_IKE_REASON_OTHER_NOTIFY,
               "the reasons of IKE are those of the events");

/* ---- proposals ---- */

static void put(struct s2si_proposal *proposal, enum s2si_ike_transform_type type, uint16_t algorithm)
{
    uint8_t *count = &proposal->count[type];

    for (uint8_t i = 0; i < *count; i++) {
        if (proposal->algorithms[type][i] == algorithm) {
            return;
        }
    }
    if (*count < S2SI_PROPOSAL_ALGORITHMS) {
        proposal->algorithms[type][(*count)++] = algorithm;
    }
}

static bool is_aead(uint16_t algorithm)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info((enum s2s_algorithm)algorithm);
    return info && info->aead;
}

static void put_prf(struct s2si_proposal *proposal, const struct s2s_tunnel_params *params, bool aead)
{
    struct s2s_algorithm_list list = { 0 };

    s2si_effective_prf(params, aead, &list);
    for (size_t i = 0; i < list.count; i++) {
        put(proposal, S2SI_TRANSFORM_PRF, list.items[i]);
    }
}

static void put_esn(struct s2si_proposal *proposal, const struct s2s_tunnel_params *params)
{
    if (params->esn == 1) {
        put(proposal, S2SI_TRANSFORM_ESN, S2S_ESN);
    }
    put(proposal, S2SI_TRANSFORM_ESN, S2S_NO_ESN);
}

static void add_proposal(struct s2si_proposal_list *list, enum s2si_ike_protocol protocol,
                         const struct s2s_tunnel_params *params, bool aead)
{
    bool ike = protocol == S2SI_PROTOCOL_IKE;
    const struct s2s_algorithm_list *encryption = ike ? &params->ike_encryption : &params->ipsec_encryption;
    const struct s2s_algorithm_list *integrity = ike ? &params->ike_integrity : &params->ipsec_integrity;
    const struct s2s_algorithm_list *groups = ike ? &params->ike_dh_group : &params->ipsec_pfs;
    struct s2si_proposal proposal = { .number = (uint8_t)(list->count + 1), .protocol = (uint8_t)protocol };

    for (size_t i = 0; i < encryption->count; i++) {
        if (is_aead(encryption->items[i]) == aead) {
            put(&proposal, S2SI_TRANSFORM_ENCR, encryption->items[i]);
        }
    }
    if (proposal.count[S2SI_TRANSFORM_ENCR] == 0 || (!aead && integrity->count == 0)) {
        return;
    }
    for (size_t i = 0; !aead && i < integrity->count; i++) {
        put(&proposal, S2SI_TRANSFORM_INTEG, integrity->items[i]);
    }
    for (size_t i = 0; i < groups->count; i++) {
        put(&proposal, S2SI_TRANSFORM_KE, groups->items[i]);
    }
    if (ike) {
        put_prf(&proposal, params, aead);
    } else {
        put_esn(&proposal, params);
    }
    list->items[list->count++] = proposal;
}

/* AEAD and others cannot stand in one proposal (RFC 7296 section 3.3): the kind that comes first in the list goes
 * first. */
static void proposals(struct s2si_proposal_list *list, enum s2si_ike_protocol protocol,
                      const struct s2s_tunnel_params *params)
{
    const struct s2s_algorithm_list *encryption =
        protocol == S2SI_PROTOCOL_IKE ? &params->ike_encryption : &params->ipsec_encryption;
    bool first = encryption->count && is_aead(encryption->items[0]);

    list->count = 0;
    add_proposal(list, protocol, params, first);
    add_proposal(list, protocol, params, !first);
}

/* ---- settings ---- */

static int identity(const char *text, const struct s2s_addr *fallback, struct s2si_identity *out)
{
    if (text) {
        return s2si_identity_parse(text, out);
    }
    memset(out, 0, sizeof(*out));
    if (fallback->family) {
        s2si_identity_from_addr(fallback, out);
    }
    return 0;
}

static uint8_t selectors(const struct s2s_connection_params *connection, bool local, struct s2s_selector *out)
{
    const struct s2s_prefix *prefixes = local ? connection->local_subnets : connection->remote_subnets;
    size_t count = local ? connection->local_subnet_count : connection->remote_subnet_count;
    struct s2s_prefix any = { .addr.family = 4 };

    if (connection->route_mode == S2S_ROUTE_MODE_DESTINATION || count == 0) {
        s2s_selector_from_prefix(&any, &out[0]);
        return 1;
    }
    if (count > S2SI_IKE_SELECTORS) {
        count = S2SI_IKE_SELECTORS; /* more were refused by validate */
    }
    for (size_t i = 0; i < count; i++) {
        s2s_selector_from_prefix(&prefixes[i], &out[i]);
    }
    return (uint8_t)count;
}

static s2s_time seconds(int value, s2s_time otherwise)
{
    return value > 0 ? SECONDS(value) : otherwise;
}

static bool may_start(const s2s_tunnel *tunnel)
{
    return tunnel->effective.startup_action == S2S_STARTUP_START && s2si_tunnel_may_initiate(tunnel);
}

static void timing(const struct s2s_tunnel_params *params, struct s2si_ike_peer_config *config)
{
    config->ike_lifetime = seconds(params->ike_lifetime, config->ike_lifetime);
    config->child_lifetime = seconds(params->ipsec_lifetime, config->child_lifetime);
    config->rekey_margin = seconds(params->rekey_margin, 0);
    config->rekey_fuzz = params->rekey_fuzz >= 0 ? (uint32_t)params->rekey_fuzz : config->rekey_fuzz;
    config->dpd = params->dpd_enable != 0;
    config->dpd_delay = seconds(params->dpd_delay, config->dpd_delay);
    config->dpd_timeout = seconds(params->dpd_timeout, config->dpd_timeout);
    config->dpd_action = params->dpd_action >= 0 ? (uint8_t)params->dpd_action : S2S_DPD_CLEAR;
    config->drain = DRAIN;
}

static uint8_t encapsulation(const s2s_tunnel *tunnel)
{
    if (tunnel->effective.encapsulation > 0) {
        return (uint8_t)tunnel->effective.encapsulation;
    }
    return tunnel->engine->capabilities & S2S_KERNEL_RAW_ESP ? S2S_ENCAPSULATION_AUTO : S2S_ENCAPSULATION_ALWAYS;
}

/* A peer's settings with what they point to. */
struct settings {
    struct s2si_ike_peer_config config;
    struct s2si_proposal_list ike, esp;
    struct s2s_selector local_ts[S2SI_IKE_SELECTORS], remote_ts[S2SI_IKE_SELECTORS];
    struct s2si_identity local_id, remote_id;
};

static int fill(const s2s_tunnel *tunnel, struct settings *settings)
{
    const struct s2s_tunnel_params *params = &tunnel->effective;
    const struct s2s_gateway_params *gateway = &tunnel->gateway->effective;
    struct s2si_ike_peer_config *config = &settings->config;
    int error;

    s2si_ike_peer_config_init(config);
    config->owner = tunnel->id;
    config->name = tunnel->label;
    config->local = tunnel->local;
    config->remote = tunnel->remote;
    config->port = gateway->port > 0 ? (uint16_t)gateway->port : config->port;
    config->natt_port = gateway->natt_port > 0 ? (uint16_t)gateway->natt_port : config->natt_port;
    config->psk = params->psk;
    config->psk_length = params->psk_length;
    error = identity(params->local_id, tunnel->own.family ? &tunnel->own : &tunnel->local, &settings->local_id);
    if (error == 0) {
        error = identity(params->remote_id, &tunnel->remote, &settings->remote_id);
    }
    proposals(&settings->ike, S2SI_PROTOCOL_IKE, params);
    proposals(&settings->esp, S2SI_PROTOCOL_ESP, params);
    config->local_id = &settings->local_id;
    config->remote_id = &settings->remote_id;
    config->ike = &settings->ike;
    config->esp = &settings->esp;
    config->local_ts = settings->local_ts;
    config->remote_ts = settings->remote_ts;
    config->local_ts_count = selectors(&tunnel->connection->effective, true, settings->local_ts);
    config->remote_ts_count = selectors(&tunnel->connection->effective, false, settings->remote_ts);
    config->start = may_start(tunnel);
    config->nat_traversal = params->nat_traversal != 0;
    config->encapsulation = encapsulation(tunnel);
    timing(params, config);
    return error;
}

int s2si_ike_glue_peer(s2s_tunnel *tunnel, s2s_time now)
{
    struct settings *settings = s2si_alloc(&tunnel->engine->mem, sizeof(*settings)); /* too large for a small stack */
    int error;

    if (!settings) {
        return S2S_ERR_NO_MEMORY;
    }
    error = fill(tunnel, settings);
    if (error == 0 && tunnel->peer) {
        error = s2si_ike_peer_update(tunnel->peer, &settings->config, now);
    } else if (error == 0) {
        error = s2si_ike_peer_add(tunnel->engine->ike, &settings->config, now, &tunnel->peer);
    }
    s2si_free(&tunnel->engine->mem, settings, sizeof(*settings));
    return error;
}

/* ---- what IKE says ---- */

static void spi_needed(s2s_engine *engine, const struct s2si_ike_output *out, s2s_time now)
{
    s2s_tunnel *tunnel = s2si_tunnel_by_id(engine, (uint32_t)out->owner);
    struct s2si_operation *operation;
    uint32_t spi = 0;

    if (!(engine->capabilities & S2S_KERNEL_ESP)) {
        int error = s2si_esp_spi(engine, &spi);
        s2si_ike_spi_done(engine->ike, out->op, spi, error, now);
        return;
    }
    operation = tunnel ? s2si_operation_new(engine->operations, S2SI_OP_SPI, tunnel->gateway) : NULL;
    if (!operation) {
        s2si_ike_spi_done(engine->ike, out->op, 0, S2S_ERR_NO_MEMORY, now);
        return;
    }
    operation->action = S2S_ACTION_SPI_ALLOCATE;
    operation->ike_op = out->op;
    operation->local.addr = tunnel->local;
    operation->remote.addr = tunnel->remote;
    s2si_list_append(&engine->actions->operations, &operation->node);
}

static void job(s2s_engine *engine, const struct s2si_ike_output *out, s2s_time now)
{
    struct s2si_operation *operation = s2si_operation_new(engine->operations, S2SI_OP_JOB, NULL);

    if (!operation) { /* without memory for the detour it is done here */
        s2si_ike_job_run(out->job);
        s2si_ike_job_done(engine->ike, out->job, now);
        return;
    }
    operation->action = S2S_ACTION_CRYPTO_JOB;
    operation->job.job = out->job;
    s2si_list_append(&engine->actions->jobs, &operation->node);
}

static enum s2s_trigger trigger_of(enum s2si_ike_reason reason)
{
    switch (reason) {
    case S2SI_IKE_REASON_DPD:
        return S2S_TRIGGER_DPD;
    case S2SI_IKE_REASON_PEER_DELETE:
        return S2S_TRIGGER_DELETE;
    case S2SI_IKE_REASON_TIMEOUT:
        return S2S_TRIGGER_LIVENESS;
    case S2SI_IKE_REASON_ADDRESS_LOST:
        return S2S_TRIGGER_ADDRESS_LOST;
    default:
        return S2S_TRIGGER_NONE;
    }
}

/* Sentences for people; reason and detail follow where they are known. */
static const struct event_row {
    enum s2s_event_type type, rekeyed;
    enum s2s_log_level severity;
    const char *text;
} event_rows[] = {
    [S2SI_IKE_EV_IKE_UP] = { S2S_EVENT_IKE_ESTABLISHED, S2S_EVENT_IKE_REKEYED, S2S_LOG_NOTICE, "IKE SA is up" },
    [S2SI_IKE_EV_IKE_DOWN] = { S2S_EVENT_IKE_DOWN, S2S_EVENT_IKE_DOWN, S2S_LOG_NOTICE, "IKE SA is down" },
    [S2SI_IKE_EV_CHILD_UP] = { S2S_EVENT_IPSEC_ESTABLISHED, S2S_EVENT_IPSEC_ESTABLISHED, S2S_LOG_NOTICE,
                               "IPsec SA is up" },
    [S2SI_IKE_EV_CHILD_DOWN] = { S2S_EVENT_IPSEC_DOWN, S2S_EVENT_IPSEC_DOWN, S2S_LOG_NOTICE, "IPsec SA is down" },
    [S2SI_IKE_EV_CHILD_REKEYED] = { S2S_EVENT_IPSEC_REKEYED, S2S_EVENT_IPSEC_REKEYED, S2S_LOG_INFO,
                                    "IPsec SA was replaced" },
    [S2SI_IKE_EV_CHILD_FAILED] = { S2S_EVENT_NEGOTIATION_FAILED, S2S_EVENT_NEGOTIATION_FAILED, S2S_LOG_WARNING,
                                   "no IPsec SA was agreed" },
    [S2SI_IKE_EV_FAILED] = { S2S_EVENT_NEGOTIATION_FAILED, S2S_EVENT_NEGOTIATION_FAILED, S2S_LOG_WARNING,
                             "the negotiation failed" },
    [S2SI_IKE_EV_MOVED] = { S2S_EVENT_PEER_MOVED, S2S_EVENT_PEER_MOVED, S2S_LOG_NOTICE, "the peer's endpoint changed" },
    [S2SI_IKE_EV_DELETE_RECEIVED] = { S2S_EVENT_DELETE_RECEIVED, S2S_EVENT_DELETE_RECEIVED, S2S_LOG_NOTICE,
                                      "the peer said DELETE" },
};

static enum s2s_event_type event_type(const struct s2si_ike_output *out, const struct event_row *row)
{
    if (out->reason == S2SI_IKE_REASON_AUTH_FAILED || out->reason == S2SI_IKE_REASON_AUTH_FAILED_BY_PEER ||
        out->reason == S2SI_IKE_REASON_ID_MISMATCH) {
        return S2S_EVENT_AUTHENTICATION_FAILED;
    }
    if (out->event == S2SI_IKE_EV_IKE_DOWN && out->reason == S2SI_IKE_REASON_DPD) {
        return S2S_EVENT_PEER_DEAD;
    }
    return out->rekeyed ? row->rekeyed : row->type;
}

static void tell(s2s_tunnel *tunnel, const struct s2si_ike_output *out)
{
    const struct event_row *row = &event_rows[out->event];
    struct s2s_event event = { 0 };
    char why[260] = "";
    size_t used = 0;

    event.reason = (enum s2s_reason)out->reason;
    event.notify = out->notify;
    event.by_peer = out->reason == S2SI_IKE_REASON_AUTH_FAILED_BY_PEER || out->reason == S2SI_IKE_REASON_PEER_DELETE ||
                    out->event == S2SI_IKE_EV_DELETE_RECEIVED;
    event.spi_in = out->spi_in;
    event.spi_out = out->spi_out;
    if (out->reason != S2SI_IKE_REASON_NONE) {
        used = (size_t)snprintf(why, sizeof(why), ": %s", s2s_reason_name((int)out->reason));
    }
    if (out->notify) {
        used +=
            (size_t)snprintf(why + used, sizeof(why) - used, "%s%s", used ? ", " : ": ", s2si_notify_name(out->notify));
    }
    if (out->detail[0]) {
        snprintf(why + used, sizeof(why) - used, "%s%s", used ? ", " : ": ", out->detail);
    }
    if (row->severity <= S2S_LOG_WARNING) {
        char trouble[300];
        snprintf(trouble, sizeof(trouble), "%s%s", row->text, why);
        s2si_tunnel_trouble(tunnel, event.reason, trouble);
    }
    if (out->reason != S2SI_IKE_REASON_NONE || out->notify) {
        char line[640];
        snprintf(line, sizeof(line), "%s: %s%s", tunnel->label, row->text, why);
        s2si_diagnosis_note(tunnel, out, line);
    }
    s2si_event_tunnel(tunnel, event_type(out, row), row->severity, &event, "%s: %s%s%s", tunnel->label, row->text,
                      out->rekeyed && out->event == S2SI_IKE_EV_IKE_UP ? " (rekeyed)" : "", why);
}

static void react(s2s_tunnel *tunnel, const struct s2si_ike_output *out, s2s_time now)
{
    switch (out->event) {
    case S2SI_IKE_EV_IKE_UP:
        tunnel->ike_rekeys += out->rekeyed ? 1u : 0u;
        tunnel->trigger = S2S_TRIGGER_NONE;
        break;
    case S2SI_IKE_EV_CHILD_UP:
        s2si_diagnosis_clear(tunnel);
        s2si_tunnel_trouble(tunnel, S2S_REASON_NONE, NULL);
        break;
    case S2SI_IKE_EV_CHILD_REKEYED:
        s2si_diagnosis_clear(tunnel);
        tunnel->ipsec_rekeys++;
        break;
    case S2SI_IKE_EV_IKE_DOWN:
        tunnel->last_reason = (enum s2s_reason)out->reason;
        if (tunnel->trigger == S2S_TRIGGER_NONE) {
            tunnel->trigger = trigger_of(out->reason);
        }
        s2si_planned_ike_down(tunnel, now);
        break;
    case S2SI_IKE_EV_DELETE_RECEIVED:
        tunnel->trigger = S2S_TRIGGER_DELETE;
        break;
    case S2SI_IKE_EV_FAILED:
        s2si_planned_ike_down(tunnel, now);
        break;
    case S2SI_IKE_EV_ALIVE:
        s2si_health_alive(tunnel, out->round_trip, now);
        s2si_probe_alive(tunnel, now);
        break;
    case S2SI_IKE_EV_RETRANSMIT:
        s2si_health_doubt(tunnel, now);
        break;
    default:
        break;
    }
}

static void event(s2s_engine *engine, const struct s2si_ike_output *out, s2s_time now)
{
    s2s_tunnel *tunnel = s2si_tunnel_by_id(engine, (uint32_t)out->owner);

    if (!tunnel) {
        return;
    }
    if ((size_t)out->event < S2SI_COUNT(event_rows) && event_rows[out->event].text) {
        tell(tunnel, out);
    }
    react(tunnel, out, now);
    s2si_tunnel_refresh(tunnel, now);
}

static void child_dirty(s2s_engine *engine, const struct s2si_ike_output *out)
{
    s2s_tunnel *tunnel = s2si_tunnel_by_id(engine, (uint32_t)out->owner);

    if (tunnel) {
        s2si_scope_dirty(engine, &tunnel->scope);
    }
}

/* Events were lost: states are looked at instead of being told. */
static void look_again(s2s_engine *engine, s2s_time now)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &engine->gateways) {
        const s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        for (s2s_tunnel *tunnel = s2si_tunnel_next(gateway, NULL); tunnel; tunnel = s2si_tunnel_next(gateway, tunnel)) {
            struct s2si_ike_status status = { 0 };
            if (tunnel->peer) {
                s2si_ike_peer_status(tunnel->peer, &status);
            }
            if (!status.established && !status.connecting) {
                s2si_planned_ike_down(tunnel, now);
            }
            s2si_tunnel_refresh(tunnel, now);
        }
    }
}

bool s2si_ike_glue_outputs(s2s_engine *engine, s2s_time now)
{
    struct s2si_ike_output out;
    bool any = false;

    while (s2si_ike_next_output(engine->ike, &out)) {
        any = true;
        switch (out.type) {
        case S2SI_IKE_SEND:
            s2si_actions_datagram(engine->actions, &out.local, &out.remote, out.data, out.length);
            break;
        case S2SI_IKE_JOB:
            job(engine, &out, now);
            break;
        case S2SI_IKE_SPI_NEEDED:
            spi_needed(engine, &out, now);
            break;
        case S2SI_IKE_CHILD_DIRTY:
            child_dirty(engine, &out);
            break;
        default:
            event(engine, &out, now);
        }
    }
    if (s2si_ike_event_lost(engine->ike)) {
        look_again(engine, now);
    }
    return any;
}

/* ---- for the traffic half ---- */

int s2si_tunnel_liveness(s2s_tunnel *tunnel, s2s_time now)
{
    return tunnel->peer ? s2si_ike_liveness(tunnel->peer, now) : S2S_ERR_STATE;
}

void s2si_tunnel_esp_in(s2s_tunnel *tunnel, const struct s2s_endpoint *moved, s2s_time now)
{
    if (!tunnel->peer) {
        return;
    }
    s2si_ike_peer_alive(tunnel->peer, now);
    if (moved) {
        s2si_ike_peer_moved(tunnel->peer, moved, now);
    }
}

void s2si_tunnel_sequence_low(s2s_tunnel *tunnel, s2s_time now)
{
    if (tunnel->peer) {
        s2si_ike_sequence_low(tunnel->peer, tunnel->spi_in, now);
    }
}

void s2si_engine_ike(s2s_engine *engine, const struct s2s_endpoint *local, const struct s2s_endpoint *remote,
                     const uint8_t *data, size_t length, s2s_time now)
{
    s2si_ike_feed(engine->ike, local, remote, data, length, now);
}
