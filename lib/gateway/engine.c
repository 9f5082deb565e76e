/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/engine.h"

#include <stdio.h>
#include <string.h>

#include "lib/gateway/actions.h"
#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/events.h"
#include "lib/gateway/reconcile.h"
#include "lib/gateway/tunnel.h"

#define SETTLE_ROUNDS                                                                                                  \
    64 /* IKE outputs and dirty scopes feed each other; more rounds than this wait for the next call */

/* ---- making and freeing ---- */

void s2s_engine_params_init(struct s2s_engine_params *params, size_t struct_size)
{
    struct s2s_engine_params full = { .struct_size = struct_size, .log_level = S2S_LOG_NOTICE };

    if (struct_size < sizeof(size_t)) {
        return;
    }
    full.max_gateways = 16;
    full.max_connections = 1024;
    full.max_routes = 1048576;
    full.max_events = 1024;
    memset(params, 0, struct_size);
    memcpy(params, &full, struct_size < sizeof(full) ? struct_size : sizeof(full));
}

static int read_params(const struct s2s_engine_params *given, struct s2s_engine_params *params)
{
    if (!given || given->struct_size < sizeof(size_t) || given->struct_size > 65536) {
        return S2S_ERR_INVALID;
    }
    s2s_engine_params_init(params, sizeof(*params));
    memcpy(params, given, given->struct_size < sizeof(*params) ? given->struct_size : sizeof(*params));
    params->struct_size = sizeof(*params);
    return params->provider ? 0 : S2S_ERR_INVALID;
}

static void prepare(s2s_engine *engine)
{
    s2si_list_init(&engine->gateways);
    s2si_list_init(&engine->dirty);
    s2si_timers_init(&engine->timers, &engine->mem);
    s2si_timer_init(&engine->shutdown_timer, S2SI_TIMER_SHUTDOWN, engine);
    s2si_errors_init(&engine->errors, &engine->mem);
    engine->log.function = engine->params.log;
    engine->log.user = engine->params.log_user;
    engine->log.level = engine->params.log_level;
    engine->capabilities = engine->params.capabilities;
}

static void limit(uint32_t *to, uint32_t value)
{
    if (value) {
        *to = value;
    }
}

static int make_ike(s2s_engine *engine)
{
    const struct s2s_engine_params *params = &engine->params;
    struct s2si_ike_params ike = {
        .mem = &engine->mem,
        .log = &engine->log,
        .crypto = &engine->crypto,
        .key_log = params->key_log,
        .key_log_user = params->key_log_user,
    };

    s2si_ike_limits_init(&ike.limits);
    limit(&ike.limits.half_open_total, params->half_open_total);
    limit(&ike.limits.half_open_per_address, params->half_open_per_address);
    limit(&ike.limits.cookie_total, params->cookie_total);
    limit(&ike.limits.cookie_per_address, params->cookie_per_address);
    limit(&ike.limits.dh_per_second, params->dh_per_second);
    engine->ike = s2si_ike_new(&ike);
    return engine->ike ? 0 : S2S_ERR_NO_MEMORY;
}

static int make_queues(s2s_engine *engine)
{
    engine->events = s2si_alloc(&engine->mem, sizeof(*engine->events));
    engine->actions = s2si_alloc(&engine->mem, sizeof(*engine->actions));
    engine->operations = s2si_alloc(&engine->mem, sizeof(*engine->operations));
    if (engine->events) {
        s2si_events_init(engine->events, &engine->mem, engine->params.max_events);
    }
    if (engine->actions) {
        s2si_actions_init(engine->actions, &engine->mem);
    }
    if (engine->operations) {
        s2si_operations_init(engine->operations, &engine->mem, engine->seed);
    }
    return engine->events && engine->actions && engine->operations ? 0 : S2S_ERR_NO_MEMORY;
}

static int furnish(s2s_engine *engine)
{
    int error = s2si_crypto_open(&engine->crypto, engine->params.provider, &engine->mem.table);

    if (error == 0) {
        error = s2si_crypto_random(&engine->crypto, (uint8_t *)engine->seed, sizeof(engine->seed));
    }
    s2si_map_init(&engine->tunnels, &engine->mem, engine->seed[0], engine->seed[1]);
    if (error == 0) {
        error = make_queues(engine);
    }
    if (error == 0) {
        error = make_ike(engine);
    }
    return error ? error : s2si_datapath_init(engine);
}

int s2s_engine_new(const struct s2s_engine_params *params, s2s_engine **out)
{
    struct s2s_engine_params full;
    struct s2si_mem mem;
    s2s_engine *engine;
    int error = out ? read_params(params, &full) : S2S_ERR_INVALID;

    if (error == 0) {
        error = s2si_mem_init(&mem, full.allocator);
    }
    if (error) {
        return error;
    }
    engine = s2si_alloc(&mem, sizeof(*engine));
    if (!engine) {
        return S2S_ERR_NO_MEMORY;
    }
    engine->mem = mem;
    engine->params = full;
    engine->params.allocator = NULL;
    prepare(engine);
    error = furnish(engine);
    if (error) {
        s2s_engine_delete(engine);
        return error;
    }
    *out = engine;
    return 0;
}

/* DH steps that nobody answered: their memory is IKE's. */
static void drop_jobs(s2s_engine *engine)
{
    struct s2si_operation *operation;
    size_t cursor = 0;

    while ((operation = s2si_map_next(&engine->operations->by_op, &cursor)) != NULL) {
        if (operation->kind == S2SI_OP_JOB) {
            s2si_ike_job_done(engine->ike, operation->job.job, engine->now);
        }
    }
}

static void free_queues(s2s_engine *engine)
{
    if (engine->operations) {
        s2si_operations_free(engine->operations);
        s2si_free(&engine->mem, engine->operations, sizeof(*engine->operations));
    }
    if (engine->actions) {
        s2si_actions_free(engine->actions);
        s2si_free(&engine->mem, engine->actions, sizeof(*engine->actions));
    }
    if (engine->events) {
        s2si_events_free(engine->events);
        s2si_free(&engine->mem, engine->events, sizeof(*engine->events));
    }
}

void s2s_engine_delete(s2s_engine *engine)
{
    struct s2si_mem mem;

    if (!engine) {
        return;
    }
    engine->log.function = NULL; /* nobody wants to hear how it is taken apart */
    while (!s2si_list_empty(&engine->gateways)) {
        s2si_gateway_free(S2SI_CONTAINER(engine->gateways.next, s2s_gateway, node), engine->now);
    }
    if (engine->operations && engine->ike) {
        drop_jobs(engine);
    }
    if (engine->ike) {
        s2si_ike_free(engine->ike);
    }
    s2si_datapath_free(engine);
    free_queues(engine);
    s2si_map_clear(&engine->tunnels);
    s2si_timers_clear(&engine->timers);
    s2si_errors_clear(&engine->errors);
    s2si_crypto_close(&engine->crypto);
    mem = engine->mem;
    s2si_wipe(engine, sizeof(*engine));
    s2si_free(&mem, engine, sizeof(*engine));
}

int s2s_engine_set_capabilities(s2s_engine *engine, uint32_t capabilities)
{
    if (!engine || !s2si_list_empty(&engine->gateways)) {
        return S2S_ERR_STATE;
    }
    engine->capabilities = capabilities;
    return 0;
}

void s2s_engine_set_log_level(s2s_engine *engine, enum s2s_log_level level)
{
    if (engine) {
        engine->log.level = level;
    }
}

/* ---- entering and leaving ---- */

int s2si_engine_enter(s2s_engine *engine, s2s_time now)
{
    if (!engine) {
        return S2S_ERR_INVALID;
    }
    if (engine->inside) {
        return S2S_ERR_REENTRANT;
    }
    if (now < engine->now) {
        snprintf(engine->detail, sizeof(engine->detail), "time went backward");
        return S2S_ERR_INVALID;
    }
    engine->inside = true;
    engine->now = now;
    engine->detail[0] = '\0';
    return 0;
}

static bool reap(s2s_engine *engine, s2s_time now)
{
    bool any = engine->leaving && s2si_gateways_reap(engine, now);

    s2si_shutdown_step(engine, now);
    return any;
}

void s2si_engine_settle(s2s_engine *engine, s2s_time now)
{
    for (unsigned round = 0; round < SETTLE_ROUNDS; round++) {
        bool any = s2si_ike_glue_outputs(engine, now);
        any = s2si_bgp_glue_outputs(engine, now) || any;
        any = s2si_reconcile(engine, now) || any;
        any = reap(engine, now) || any;
        if (!any) {
            return;
        }
    }
}

int s2si_engine_leave(s2s_engine *engine, s2s_time now, int error)
{
    s2si_engine_settle(engine, now);
    engine->inside = false;
    if (error && !engine->detail[0]) {
        snprintf(engine->detail, sizeof(engine->detail), "%s", s2s_strerror(error));
    }
    return error;
}

/* ---- feeds ---- */

#define NON_ESP_MARKER 4

/* Port 4500 carries IKE behind four zero bytes (RFC 3948 section 2.2), and keepalives of one byte. */
static void feed_ike(s2s_engine *engine, const struct s2s_endpoint *local, const struct s2s_endpoint *remote,
                     const uint8_t *data, size_t length, s2s_time now)
{
    static const uint8_t marker[NON_ESP_MARKER] = { 0 };

    if (length >= NON_ESP_MARKER && memcmp(data, marker, NON_ESP_MARKER) == 0 && local->port != 500) {
        data += NON_ESP_MARKER;
        length -= NON_ESP_MARKER;
    }
    s2si_engine_ike(engine, local, remote, data, length, now);
}

int s2s_engine_feed_datagram(s2s_engine *engine, const struct s2s_endpoint *local, const struct s2s_endpoint *remote,
                             const uint8_t *data, size_t length, s2s_time now)
{
    int error = s2si_engine_enter(engine, now);

    if (error) {
        return error;
    }
    if (!local || !remote || (!data && length)) {
        return s2si_engine_leave(engine, now, S2S_ERR_INVALID);
    }
    feed_ike(engine, local, remote, data, length, now);
    return s2si_engine_leave(engine, now, 0);
}

int s2s_engine_feed_packets(s2s_engine *engine, struct s2s_packet *batch, size_t count, s2s_time now)
{
    int error;

    if ((!batch && count) || count > S2S_PACKET_BATCH) {
        return S2S_ERR_INVALID;
    }
    error = s2si_engine_enter(engine, now);
    if (error) {
        return error;
    }
    s2si_datapath_packets(engine, batch, count, now);
    return s2si_engine_leave(engine, now, 0);
}

int s2s_engine_feed_stream(s2s_engine *engine, const struct s2s_stream_input *input, s2s_time now)
{
    int error = s2si_engine_enter(engine, now);

    if (error) {
        return error;
    }
    return s2si_engine_leave(engine, now, input ? s2si_bgp_glue_stream(engine, input, now) : S2S_ERR_INVALID);
}

size_t s2s_engine_stream_pull(s2s_engine *engine, uint64_t stream, uint8_t *out, size_t capacity)
{
    return engine && out && !engine->inside ? s2si_bgp_glue_pull(engine, stream, out, capacity, engine->now) : 0;
}

static bool names_gateway(const struct s2s_kernel_notice *notice, const s2s_gateway *gateway)
{
    return !notice->gateway || !notice->gateway[0] || strcmp(notice->gateway, gateway->params.name) == 0;
}

static void notice_tunnel(s2s_engine *engine, const struct s2s_kernel_notice *notice, s2s_time now)
{
    s2s_tunnel *tunnel = s2si_tunnel_by_id(engine, notice->tunnel);

    if (tunnel && notice->type == S2S_NOTICE_ACQUIRE) {
        s2si_tunnel_acquire(tunnel, now);
    } else if (tunnel && notice->type == S2S_NOTICE_SA_EXPIRE && tunnel->peer) {
        s2si_ike_rekey_child(tunnel->peer, notice->spi == tunnel->spi_in ? notice->spi : 0, now);
    }
}

int s2s_engine_feed_kernel(s2s_engine *engine, const struct s2s_kernel_notice *notice, s2s_time now)
{
    struct s2si_list *node;
    int error = s2si_engine_enter(engine, now);

    if (error) {
        return error;
    }
    if (!notice) {
        return s2si_engine_leave(engine, now, S2S_ERR_INVALID);
    }
    S2SI_LIST_EACH(node, &engine->gateways) {
        s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        if (names_gateway(notice, gateway)) {
            s2si_gateway_notice(gateway, notice, now);
        }
    }
    notice_tunnel(engine, notice, now);
    return s2si_engine_leave(engine, now, 0);
}

/* ---- time ---- */

static void expired(s2s_engine *engine, struct s2si_timer *timer, s2s_time now)
{
    switch ((enum s2si_timer_kind)timer->kind) {
    case S2SI_TIMER_PLANNED:
        s2si_planned_timer(timer->owner, now);
        break;
    case S2SI_TIMER_RETRY:
        s2si_reconcile_retry(engine, timer->owner, now);
        break;
    case S2SI_TIMER_SCAN:
        s2si_reconcile_scan(timer->owner, now);
        break;
    case S2SI_TIMER_SHUTDOWN:
        s2si_shutdown_timer(engine, now);
        break;
    case S2SI_TIMER_HEALTH:
        s2si_health_timer(timer->owner, now);
        break;
    case S2SI_TIMER_SELECT:
        s2si_select_timer(timer->owner, now);
        break;
    case S2SI_TIMER_ACQUIRE:
        s2si_acquire_timer(timer->owner, now);
        break;
    case S2SI_TIMER_PROBE:
        s2si_probe_timer(timer->owner, now);
        break;
    case S2SI_TIMER_BGP:
        s2si_bgp_glue_timer(timer->owner, now);
        break;
    default:
        break;
    }
}

int s2s_engine_tick(s2s_engine *engine, s2s_time now)
{
    struct s2si_timer *timer;
    int error = s2si_engine_enter(engine, now);

    if (error) {
        return error;
    }
    s2si_ike_tick(engine->ike, now);
    s2si_bgp_glue_tick(engine, now);
    s2si_engine_settle(engine, now);
    while ((timer = s2si_timers_expired(&engine->timers, now)) != NULL) {
        expired(engine, timer, now);
    }
    return s2si_engine_leave(engine, now, 0);
}

s2s_time s2s_engine_next_timeout(const s2s_engine *engine)
{
    s2s_time ours, ike, bgp;

    if (!engine) {
        return S2S_TIME_NEVER;
    }
    ours = s2si_timers_next(&engine->timers);
    ike = s2si_ike_next_timeout(engine->ike);
    bgp = s2si_bgp_glue_next_timeout(engine);
    ours = ike < ours ? ike : ours;
    return bgp < ours ? bgp : ours;
}

/* ---- answers ---- */

static void answer(s2s_engine *engine, struct s2si_operation *operation, const struct s2s_result *result, s2s_time now)
{
    switch (operation->kind) {
    case S2SI_OP_ITEM:
        s2si_reconcile_completed(engine, operation, result, now);
        break;
    case S2SI_OP_SPI:
        s2si_ike_spi_done(engine->ike, operation->ike_op, result->spi, result->error, now);
        break;
    case S2SI_OP_JOB:
        s2si_ike_job_done(engine->ike, operation->job.job, now);
        break;
    case S2SI_OP_STREAM:
        s2si_bgp_glue_connect_done(operation, result, now);
        break;
    default:
        s2si_reconcile_scanned(operation->gateway, result, now);
    }
}

int s2s_engine_complete(s2s_engine *engine, uint64_t op, const struct s2s_result *result, s2s_time now)
{
    struct s2s_result full = { 0 };
    struct s2si_operation *operation;
    int error = s2si_engine_enter(engine, now);

    if (error) {
        return error;
    }
    if (result) {
        memcpy(&full, result, result->struct_size < sizeof(full) ? result->struct_size : sizeof(full));
    }
    operation = s2si_operation_take(engine->operations, op);
    if (!operation) {
        return s2si_engine_leave(engine, now, S2S_ERR_NOT_FOUND);
    }
    answer(engine, operation, &full, now);
    s2si_operation_free(engine->operations, operation);
    return s2si_engine_leave(engine, now, 0);
}
