/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "lib/backend/tun.h"
#include "lib/backend/params.h"
#include "lib/backend/tun_batch.h"

#include <s2svpn/engine.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int s2si_tun_refuse(s2s_tun_kernel *kernel, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(kernel->detail, sizeof kernel->detail, format, arguments);
    va_end(arguments);
    s2si_log(&kernel->log, S2S_LOG_DEBUG, "tun", "", "refused: %s", kernel->detail);
    return S2S_ERR_KERNEL;
}

static void complete_with(s2s_tun_kernel *kernel, uint64_t op, int error, const struct s2si_tun_device *device)
{
    if (op == 0) {
        return;
    }
    struct s2s_result result = {
        .struct_size = sizeof result,
        .error = error,
        .detail = error == S2S_ERR_KERNEL ? kernel->detail : NULL,
        .device = device != NULL ? device->name : NULL,
        .device_number = device != NULL ? device->number : 0,
    };
    kernel->sink->complete(kernel->sink->user, op, &result);
}

void s2si_tun_complete(s2s_tun_kernel *kernel, uint64_t op, int error)
{
    complete_with(kernel, op, error, NULL);
}

/* ---- what is open from the first action on ---- */

static int open_all(s2s_tun_kernel *kernel)
{
    if (kernel->open) {
        return 0;
    }
    int error = s2si_netlink_open(&kernel->netlink, 0, false);
    if (error != 0) {
        return s2si_tun_refuse(kernel, "cannot open a routing socket: %s", strerror(error));
    }
    error = s2si_tun_batch_new(kernel);
    if (error == 0) {
        error = s2si_tun_monitor_open(kernel);
    }
    if (error != 0) {
        s2si_tun_monitor_close(kernel);
        s2si_tun_batch_delete(kernel);
        s2si_netlink_close(&kernel->netlink);
    }
    kernel->open = error == 0;
    return error;
}

/* ---- actions ---- */

static int send_packet(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    s2si_tun_carry_out(kernel, &action->packet, 1);
    return 0;
}

static int send_datagram(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    struct s2s_packet packet = {
        .buffer = (uint8_t *)(uintptr_t)action->data, /* only read */
        .capacity = action->length,
        .length = action->length,
        .local = action->local,
        .remote = action->remote,
        .verdict = S2S_VERDICT_SEND_UDP,
    };
    s2si_tun_carry_out(kernel, &packet, 1);
    return 0;
}

static int stream_write(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    s2si_tun_stream_write(kernel, action->stream.id);
    return 0;
}

static int stream_close(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    s2si_tun_stream_close(kernel, action->stream.id, action->stream.reset);
    return 0;
}

static const struct {
    enum s2s_action_type type;
    int (*carry_out)(s2s_tun_kernel *kernel, const struct s2s_action *action);
} actions[] = {
    {S2S_ACTION_DATAGRAM, send_datagram},
    {S2S_ACTION_PACKET, send_packet},
    {S2S_ACTION_BIND, s2si_tun_bind},
    {S2S_ACTION_UNBIND, s2si_tun_unbind},
    {S2S_ACTION_DEVICE_DELETE, s2si_tun_device_delete},
    {S2S_ACTION_ADDRESS_ADD, s2si_tun_address_add},
    {S2S_ACTION_ADDRESS_DELETE, s2si_tun_address_delete},
    {S2S_ACTION_ROUTE_ADD, s2si_tun_route_add},
    {S2S_ACTION_ROUTE_DELETE, s2si_tun_route_delete},
    {S2S_ACTION_STREAM_LISTEN, s2si_tun_stream_listen},
    {S2S_ACTION_STREAM_CONNECT, s2si_tun_stream_connect},
    {S2S_ACTION_STREAM_WRITE, stream_write},
    {S2S_ACTION_STREAM_CLOSE, stream_close},
    {S2S_ACTION_STREAM_KEY, s2si_tun_stream_key},
};

static int carry_out(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    for (size_t i = 0; i < S2SI_COUNT(actions); i++) {
        if (actions[i].type == action->type) {
            return actions[i].carry_out(kernel, action);
        }
    }
    return S2S_ERR_UNSUPPORTED;
}

static void submit(void *context, const struct s2s_action *given)
{
    s2s_tun_kernel *kernel = context;
    struct s2s_action action = {.struct_size = 0};
    const struct s2si_tun_device *device = NULL;
    s2si_params_take(&action, sizeof action, given);
    kernel->detail[0] = '\0';
    int error = open_all(kernel);
    if (error == 0 && action.type == S2S_ACTION_SCAN) {
        error = s2si_tun_scan(kernel, &action);
        if (error == 0) {
            return; /* answered when everything was read */
        }
    } else if (error == 0 && action.type == S2S_ACTION_DEVICE_ADD) {
        error = s2si_tun_device_add(kernel, &action, &device);
    } else if (error == 0) {
        error = carry_out(kernel, &action);
    }
    complete_with(kernel, action.op, error, error == 0 ? device : NULL);
    if (action.type == S2S_ACTION_BIND && kernel->open) {
        s2si_tun_monitor_report(kernel);
    }
}

static int start(void *context, const struct s2s_loop *loop, const struct s2s_kernel_sink *sink)
{
    s2s_tun_kernel *kernel = context;
    kernel->loop = loop;
    kernel->sink = sink;
    return 0;
}

static void stop(void *context)
{
    s2s_tun_kernel *kernel = context;
    if (!kernel->open) {
        return;
    }
    s2si_tun_scans_close(kernel);
    s2si_tun_streams_close(kernel);
    s2si_tun_devices_close(kernel);
    s2si_tun_bindings_close(kernel);
    s2si_tun_rules_stop(kernel);
    s2si_tun_monitor_close(kernel);
    s2si_tun_batch_delete(kernel);
    s2si_netlink_close(&kernel->netlink);
    kernel->open = false;
}

/* ---- the public functions ---- */

void s2s_tun_params_init(struct s2s_tun_params *params, size_t struct_size)
{
    const struct s2s_tun_params defaults = {
        .struct_size = sizeof defaults,
        .mark = S2S_TUN_DEFAULT_MARK,
        .rule_priority = S2S_TUN_DEFAULT_RULE_PRIORITY,
        .tun_path = "/dev/net/tun",
        .log_level = S2S_LOG_NOTICE,
    };
    s2si_params_fill(params, struct_size, &defaults, sizeof defaults);
}

static void make_table(s2s_tun_kernel *kernel)
{
    kernel->table = (struct s2s_kernel){
        .struct_size = sizeof kernel->table,
        .name = "tun",
        .capabilities = (kernel->params.no_raw_esp ? 0u : (unsigned)S2S_KERNEL_RAW_ESP) | S2S_KERNEL_STREAMS | S2S_KERNEL_TCP_MD5 |
                        S2S_KERNEL_ROUTES,
        .context = kernel,
        .start = start,
        .submit = submit,
        .stop = stop,
    };
}

int s2s_tun_kernel_new(const struct s2s_tun_params *given, s2s_tun_kernel **out)
{
    struct s2s_tun_params params;
    struct s2si_mem mem;
    s2s_tun_params_init(&params, sizeof params);
    if (given == NULL || out == NULL) {
        return S2S_ERR_INVALID;
    }
    s2si_params_take(&params, sizeof params, given);
    if (params.mark == 0 || params.tun_path == NULL || params.rule_priority == 0 || params.rule_priority > 32000) {
        return S2S_ERR_INVALID;
    }
    int error = s2si_mem_init(&mem, params.allocator);
    if (error != 0) {
        return error;
    }
    s2s_tun_kernel *kernel = s2si_alloc(&mem, sizeof *kernel);
    char *tun_path = s2si_text_copy(&mem, params.tun_path);
    if (kernel == NULL || tun_path == NULL) {
        s2si_free(&mem, kernel, sizeof *kernel);
        s2si_free_text(&mem, tun_path);
        return S2S_ERR_NO_MEMORY;
    }
    kernel->mem = mem;
    kernel->params = params;
    kernel->params.tun_path = tun_path;
    kernel->log = (struct s2si_log){.function = params.log, .user = params.log_user, .level = params.log_level};
    s2si_list_init(&kernel->devices);
    s2si_list_init(&kernel->bindings);
    s2si_list_init(&kernel->streams);
    s2si_list_init(&kernel->scans);
    s2si_list_init(&kernel->route_tables);
    make_table(kernel);
    *out = kernel;
    return 0;
}

void s2s_tun_kernel_delete(s2s_tun_kernel *kernel)
{
    if (kernel == NULL) {
        return;
    }
    stop(kernel);
    struct s2si_mem mem = kernel->mem;
    s2si_free_text(&mem, (char *)(uintptr_t)kernel->params.tun_path);
    s2si_free(&mem, kernel, sizeof *kernel);
}

const struct s2s_kernel *s2s_tun_kernel_table(s2s_tun_kernel *kernel)
{
    return &kernel->table;
}

void s2s_tun_kernel_stats(const s2s_tun_kernel *kernel, struct s2s_tun_stats *stats)
{
    s2si_params_fill(stats, stats->struct_size, &kernel->stats, sizeof kernel->stats);
}
