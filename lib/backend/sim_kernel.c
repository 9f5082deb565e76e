/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/sim_kernel.h"

#include <string.h>

#define COMPLETE_MIN (50 * (s2s_time)1000)
#define COMPLETE_MAX (5 * (s2s_time)S2S_MILLISECOND)
enum { STREAM_BUFFER = 65536, STREAM_BUFFER_LEAST = 2048, OPERATIONS_MOST = 1 << 20 };

void s2s_sim_gateway_params_init(struct s2s_sim_gateway_params *params, size_t struct_size)
{
    struct s2s_sim_gateway_params defaults = {.struct_size = struct_size,
                                              .complete_min = COMPLETE_MIN,
                                              .complete_max = COMPLETE_MAX,
                                              .stream_buffer = STREAM_BUFFER};
    memset(params, 0, struct_size);
    memcpy(params, &defaults, struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

/* ---- what carries out which action ---- */

static const struct {
    s2si_sim_apply apply;
    bool esp; /* of kernels with ESP */
} table[S2S_ACTION_CRYPTO_JOB + 1] = {
    [S2S_ACTION_BIND] = {s2si_sim_bind, false},
    [S2S_ACTION_UNBIND] = {s2si_sim_unbind, false},
    [S2S_ACTION_DEVICE_ADD] = {s2si_sim_device_add, false},
    [S2S_ACTION_DEVICE_DELETE] = {s2si_sim_device_delete, false},
    [S2S_ACTION_ADDRESS_ADD] = {s2si_sim_address_add, false},
    [S2S_ACTION_ADDRESS_DELETE] = {s2si_sim_address_delete, false},
    [S2S_ACTION_ROUTE_ADD] = {s2si_sim_route_add, false},
    [S2S_ACTION_ROUTE_DELETE] = {s2si_sim_route_take, false},
    [S2S_ACTION_SPI_ALLOCATE] = {s2si_sim_spi_allocate, true},
    [S2S_ACTION_SA_ADD] = {s2si_sim_sa_add, true},
    [S2S_ACTION_SA_UPDATE] = {s2si_sim_sa_update, true},
    [S2S_ACTION_SA_DELETE] = {s2si_sim_sa_delete, true},
    [S2S_ACTION_POLICY_ADD] = {s2si_sim_policy_add, true},
    [S2S_ACTION_POLICY_DELETE] = {s2si_sim_policy_delete, true},
    [S2S_ACTION_PATH] = {s2si_sim_path, true},
    [S2S_ACTION_STREAM_LISTEN] = {s2si_sim_stream_listen, false},
    [S2S_ACTION_STREAM_CONNECT] = {s2si_sim_stream_connect, false},
    [S2S_ACTION_STREAM_CLOSE] = {s2si_sim_stream_close, false},
    [S2S_ACTION_STREAM_KEY] = {s2si_sim_stream_key, false},
    [S2S_ACTION_SCAN] = {s2si_sim_scan, false},
};

/* ---- copies ---- */

/* What identifies the thing that an action works on. */
static void write_key(struct s2si_writer *out, const struct s2s_action *action, const char *device)
{
    const struct s2s_action_route *route = &action->route;
    switch (action->type) {
    case S2S_ACTION_BIND:
    case S2S_ACTION_UNBIND:
        s2si_write_u8(out, 1);
        s2si_write_bytes(out, action->local.addr.bytes, 16);
        break;
    case S2S_ACTION_DEVICE_ADD:
    case S2S_ACTION_DEVICE_DELETE:
        s2si_write_u8(out, 2);
        s2si_write_bytes(out, device, strlen(device));
        break;
    case S2S_ACTION_ADDRESS_ADD:
    case S2S_ACTION_ADDRESS_DELETE:
        s2si_write_u8(out, 3);
        s2si_write_bytes(out, action->address.addr.bytes, 16);
        break;
    case S2S_ACTION_ROUTE_ADD:
    case S2S_ACTION_ROUTE_DELETE:
        s2si_write_u8(out, 4);
        s2si_write_bytes(out, route->prefix.addr.bytes, 16);
        s2si_write_bytes(out, route->source.addr.bytes, 16);
        s2si_write_u24(out, (uint32_t)route->prefix.length << 16 | (uint32_t)route->source.length << 8 | (uint32_t)route->kind);
        s2si_write_u32(out, route->table);
        break;
    case S2S_ACTION_SA_ADD:
    case S2S_ACTION_SA_UPDATE:
    case S2S_ACTION_SA_DELETE:
        s2si_write_u8(out, action->sa.inbound ? 5 : 6);
        s2si_write_u32(out, action->sa.spi);
        break;
    case S2S_ACTION_POLICY_ADD:
    case S2S_ACTION_POLICY_DELETE:
        s2si_write_u8(out, action->policy.inbound ? 7 : 8);
        s2si_write_bytes(out, action->policy.local.start.bytes, 16);
        s2si_write_bytes(out, action->policy.remote.start.bytes, 16);
        s2si_write_u32(out, action->policy.tunnel);
        break;
    case S2S_ACTION_PATH:
        s2si_write_u8(out, 9);
        s2si_write_u32(out, action->group);
        break;
    case S2S_ACTION_STREAM_LISTEN:
    case S2S_ACTION_STREAM_CONNECT:
    case S2S_ACTION_STREAM_CLOSE:
    case S2S_ACTION_STREAM_KEY:
        s2si_write_u8(out, 10);
        s2si_write_u64(out, action->stream.id);
        break;
    default:
        break;
    }
}

static uint64_t key_of(const struct s2s_action *action, const char *device)
{
    static const uint64_t unkeyed[2] = {0, 0};
    uint8_t bytes[80];
    struct s2si_writer writer = s2si_writer(bytes, sizeof bytes);
    write_key(&writer, action, device);
    return writer.length == 0 ? 0 : s2si_siphash(unkeyed, bytes, writer.length) | 1;
}

/* Moves one borrowed piece into the blob. */
static const void *keep(struct s2si_sim_operation *operation, size_t *used, const void *data, size_t size)
{
    if (size == 0 || data == NULL) {
        return NULL;
    }
    uint8_t *at = operation->blob + *used;
    memcpy(at, data, size);
    *used += size;
    return at;
}

static bool copy_borrowed(struct s2si_sim_operation *operation)
{
    struct s2s_action_sa *sa = &operation->action.sa;
    struct s2s_action_stream *stream = &operation->action.stream;
    bool is_sa = operation->action.type == S2S_ACTION_SA_ADD;
    size_t used = 0, selector = sizeof(struct s2s_selector);
    if (!is_sa) {
        sa->local_ts_count = sa->remote_ts_count = sa->encryption_key_length = sa->salt_length = sa->integrity_key_length = 0;
    }
    if (operation->action.type != S2S_ACTION_STREAM_LISTEN && operation->action.type != S2S_ACTION_STREAM_CONNECT &&
        operation->action.type != S2S_ACTION_STREAM_KEY) {
        stream->md5_key_length = 0;
    }
    operation->blob_size = (sa->local_ts_count + sa->remote_ts_count) * selector + sa->encryption_key_length + sa->salt_length +
                           sa->integrity_key_length + stream->md5_key_length;
    if (operation->blob_size == 0) {
        return true;
    }
    operation->blob = s2si_alloc(&operation->kernel->node->sim->mem, operation->blob_size);
    if (operation->blob == NULL) {
        return false;
    }
    /* The selectors first: they want alignment. */
    sa->local_ts = keep(operation, &used, sa->local_ts, sa->local_ts_count * selector);
    sa->remote_ts = keep(operation, &used, sa->remote_ts, sa->remote_ts_count * selector);
    sa->encryption_key = keep(operation, &used, sa->encryption_key, sa->encryption_key_length);
    sa->salt = keep(operation, &used, sa->salt, sa->salt_length);
    sa->integrity_key = keep(operation, &used, sa->integrity_key, sa->integrity_key_length);
    stream->md5_key = keep(operation, &used, stream->md5_key, stream->md5_key_length);
    return true;
}

static void operation_free(struct s2si_sim_operation *operation)
{
    s2s_sim *sim = operation->kernel->node->sim;
    s2si_sim_cancel(sim, &operation->event);
    s2si_list_remove(&operation->node);
    operation->kernel->stats.outstanding--;
    if (operation->key != 0 && s2si_map_get(&operation->kernel->latest, &operation->key, sizeof operation->key) == operation) {
        s2si_map_remove(&operation->kernel->latest, &operation->key, sizeof operation->key);
    }
    s2si_free_secret(&sim->mem, operation->blob, operation->blob_size);
    s2si_free_secret(&sim->mem, operation, sizeof *operation);
}

/* ---- answers ---- */

static void answer(struct s2si_sim_kernel *kernel, uint64_t op, const struct s2s_result *result)
{
    kernel->stats.completed++;
    if (op != 0) {
        kernel->sink.complete(kernel->sink.user, op, result);
    }
}

static void answer_error(struct s2si_sim_kernel *kernel, uint64_t op, int error, const char *detail)
{
    struct s2s_result result = {.struct_size = sizeof result, .error = error, .detail = detail};
    answer(kernel, op, &result);
}

static void carry_out(s2s_sim *sim, struct s2si_sim_event *event)
{
    struct s2si_sim_operation *operation = S2SI_CONTAINER(event, struct s2si_sim_operation, event);
    struct s2si_sim_kernel *kernel = operation->kernel;
    struct s2s_result result = {.struct_size = sizeof result, .error = operation->refusal};
    uint64_t op = operation->action.op;
    char device[S2SI_SIM_NAME];
    (void)sim;
    if (result.error != 0) {
        result.detail = "refused by the simulation";
        kernel->stats.refused++;
    } else {
        result.error = table[operation->action.type].apply(kernel, operation, &result);
    }
    if (result.device != NULL) {
        s2si_sim_name(device, result.device);
        result.device = device;
    }
    operation_free(operation);
    answer(kernel, op, &result);
}

/* ---- submit ---- */

static int decide_refusal(struct s2si_sim_kernel *kernel, enum s2s_action_type type)
{
    struct s2si_sim_refusal *refusal = &kernel->refusals[type];
    bool chance = s2si_sim_chance(kernel->node->sim, kernel->params.refuse_ppm);
    if (refusal->count > 0 && refusal->skip > 0) {
        refusal->skip--;
    } else if (refusal->count > 0) {
        refusal->count--;
        return refusal->error;
    }
    return chance && type != S2S_ACTION_STREAM_CLOSE ? S2S_ERR_KERNEL : 0;
}

/* Takes its place behind the last operation on its key; *last is when that one is due, 0 = there is none. */
static bool line_up(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, s2s_time *last)
{
    *last = 0;
    if (operation->key == 0) {
        return true;
    }
    const struct s2si_sim_operation *other = s2si_map_remove(&kernel->latest, &operation->key, sizeof operation->key);
    if (other != NULL) {
        *last = other->event.at;
    }
    return s2si_map_put(&kernel->latest, &operation->key, sizeof operation->key, operation) == 0;
}

static struct s2si_sim_operation *operation_new(struct s2si_sim_kernel *kernel, const struct s2s_action *action)
{
    s2s_sim *sim = kernel->node->sim;
    struct s2si_sim_operation *operation =
        kernel->stats.outstanding >= OPERATIONS_MOST ? NULL : s2si_alloc(&sim->mem, sizeof *operation);
    if (operation == NULL) {
        return NULL;
    }
    operation->kernel = kernel;
    operation->event.fire = carry_out;
    memcpy(&operation->action, action,
           action->struct_size < sizeof operation->action ? action->struct_size : sizeof operation->action);
    s2si_sim_name(operation->gateway, action->gateway);
    s2si_sim_name(operation->device, action->device);
    operation->action.gateway = operation->gateway;
    operation->action.device = operation->device;
    kernel->stats.outstanding++;
    s2si_list_init(&operation->node);
    if (!copy_borrowed(operation)) {
        operation_free(operation);
        return NULL;
    }
    operation->key = key_of(&operation->action, operation->device);
    return operation;
}

static void answer_no_memory(struct s2si_sim_operation *operation)
{
    struct s2si_sim_kernel *kernel = operation->kernel;
    uint64_t op = operation->action.op;
    operation_free(operation);
    answer_error(kernel, op, S2S_ERR_NO_MEMORY, NULL);
}

static void schedule(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation)
{
    s2s_sim *sim = kernel->node->sim;
    s2s_time min = kernel->params.complete_min, max = kernel->params.complete_max, last;
    s2s_time due = sim->now + min + s2si_sim_below(sim, max - min + 1);
    bool at_once = max == 0 || operation->action.type == S2S_ACTION_STREAM_CLOSE;
    s2si_list_append(&kernel->operations, &operation->node);
    if (!line_up(kernel, operation, &last)) {
        answer_no_memory(operation);
        return;
    }
    if (at_once && last == 0) {
        carry_out(sim, &operation->event);
        return;
    }
    due = at_once ? sim->now : due;
    if (!s2si_sim_arrange(sim, &operation->event, due < last ? last : due)) {
        answer_no_memory(operation);
    }
}

static void submit(void *context, const struct s2s_action *action)
{
    struct s2si_sim_kernel *kernel = context;
    kernel->stats.submitted++;
    if (!kernel->running) {
        return;
    }
    if (action->type == S2S_ACTION_DATAGRAM || action->type == S2S_ACTION_PACKET) {
        s2si_sim_data_action(kernel, action);
        return;
    }
    if (action->type == S2S_ACTION_STREAM_WRITE) {
        s2si_sim_stream_write(kernel, action->stream.id);
        return;
    }
    bool known = action->type > S2S_ACTION_NONE && action->type <= S2S_ACTION_CRYPTO_JOB && table[action->type].apply != NULL;
    if (!known || (table[action->type].esp && kernel->esp == NULL)) {
        answer_error(kernel, action->op, S2S_ERR_UNSUPPORTED, "this kernel has no such operation");
        return;
    }
    struct s2si_sim_operation *operation = operation_new(kernel, action);
    if (operation == NULL) {
        answer_error(kernel, action->op, S2S_ERR_NO_MEMORY, NULL);
        return;
    }
    operation->refusal = decide_refusal(kernel, action->type);
    schedule(kernel, operation);
}

/* ---- notices ---- */

struct notice {
    struct s2si_sim_event event;
    struct s2si_list node;
    struct s2si_sim_kernel *kernel;
    struct s2s_kernel_notice notice;
    char gateway[S2SI_SIM_NAME], device[S2SI_SIM_NAME];
};

static void notice_free(struct notice *notice)
{
    s2s_sim *sim = notice->kernel->node->sim;
    s2si_sim_cancel(sim, &notice->event);
    s2si_list_remove(&notice->node);
    s2si_free(&sim->mem, notice, sizeof *notice);
}

static void notice_fire(s2s_sim *sim, struct s2si_sim_event *event)
{
    struct notice *notice = S2SI_CONTAINER(event, struct notice, event);
    struct s2si_sim_kernel *kernel = notice->kernel;
    (void)sim;
    if (kernel->running) {
        kernel->sink.notice(kernel->sink.user, &notice->notice);
    }
    notice_free(notice);
}

int s2si_sim_say(struct s2si_sim_kernel *kernel, const struct s2s_kernel_notice *given)
{
    s2s_sim *sim = kernel->node->sim;
    struct notice *notice = s2si_alloc(&sim->mem, sizeof *notice);
    if (notice == NULL) {
        sim->stats.no_memory++;
        return S2S_ERR_NO_MEMORY;
    }
    notice->kernel = kernel;
    notice->event.fire = notice_fire;
    memcpy(&notice->notice, given, given->struct_size < sizeof notice->notice ? given->struct_size : sizeof notice->notice);
    s2si_sim_name(notice->gateway, given->gateway);
    s2si_sim_name(notice->device, given->device);
    notice->notice.gateway = notice->gateway;
    notice->notice.device = notice->device;
    s2si_list_append(&kernel->notices, &notice->node);
    if (!s2si_sim_arrange(sim, &notice->event, sim->now)) {
        notice_free(notice);
        sim->stats.no_memory++;
        return S2S_ERR_NO_MEMORY;
    }
    return 0;
}

void s2si_sim_kernel_address(s2s_sim_node *node, const struct s2s_addr *addr, bool up)
{
    struct s2s_kernel_notice notice = {.struct_size = sizeof notice,
                                       .type = up ? S2S_NOTICE_ADDRESS_UP : S2S_NOTICE_ADDRESS_DOWN,
                                       .addr = *addr};
    if (node->kernel != NULL && node->kernel->running) {
        s2si_sim_say(node->kernel, &notice);
    }
}

int s2s_sim_notice(s2s_sim_node *node, const struct s2s_kernel_notice *notice)
{
    return node->kernel == NULL || !node->kernel->running ? S2S_ERR_STATE : s2si_sim_say(node->kernel, notice);
}

/* ---- life ---- */

/* Which addresses face the world, for gateways whose address is "dynamic". */
static void announce(struct s2si_sim_kernel *kernel)
{
    static const struct s2s_addr anywhere[2] = {{.family = 4}, {.family = 6}};
    s2s_sim_node *node = kernel->node;
    for (size_t i = 0; i < 2; i++) {
        const struct s2si_sim_route *route = s2si_sim_route_find(&node->routes, NULL, &anywhere[i], true);
        struct s2si_list *at;
        S2SI_LIST_EACH(at, &node->addresses) {
            const struct s2si_sim_address *address = S2SI_CONTAINER(at, struct s2si_sim_address, node);
            if (route != NULL && address->up && address->link == route->link && address->addr.family == anywhere[i].family) {
                s2si_sim_kernel_address(node, &address->addr, true);
            }
        }
    }
}

static int start(void *context, const struct s2s_loop *loop, const struct s2s_kernel_sink *sink)
{
    struct s2si_sim_kernel *kernel = context;
    if (sink == NULL || loop == NULL || loop->context != kernel->node->sim) {
        return S2S_ERR_INVALID; /* another loop has another clock */
    }
    if (kernel->running) {
        return S2S_ERR_STATE;
    }
    memset(&kernel->sink, 0, sizeof kernel->sink);
    memcpy(&kernel->sink, sink, sink->struct_size < sizeof *sink ? sink->struct_size : sizeof *sink);
    kernel->running = true;
    announce(kernel);
    return 0;
}

/* What ends with the process, however it ends. */
static void end_process(struct s2si_sim_kernel *kernel)
{
    struct s2si_list *at, *after;
    kernel->running = false;
    S2SI_LIST_EACH_SAFE(at, after, &kernel->operations) {
        operation_free(S2SI_CONTAINER(at, struct s2si_sim_operation, node));
    }
    S2SI_LIST_EACH_SAFE(at, after, &kernel->notices) {
        notice_free(S2SI_CONTAINER(at, struct notice, node));
    }
    s2si_sim_streams_close(kernel);
    s2si_sim_data_clear(kernel);
    s2si_sim_uninstall(kernel, false);
}

static void stop(void *context)
{
    struct s2si_sim_kernel *kernel = context;
    if (kernel->running) {
        end_process(kernel);
    }
}

void s2s_sim_node_crash(s2s_sim_node *node)
{
    if (node->kernel != NULL) {
        end_process(node->kernel);
    }
}

void s2s_sim_node_reboot(s2s_sim_node *node)
{
    s2s_sim_node_crash(node);
    if (node->kernel != NULL) {
        s2si_sim_uninstall(node->kernel, true);
        s2si_sim_esp_clear(node->kernel);
    }
    s2s_sim_nat_rebind(node);
}

int s2si_sim_kernel_new(s2s_sim_node *node, const struct s2s_sim_gateway_params *given)
{
    struct s2s_sim_gateway_params params;
    s2s_sim_gateway_params_init(&params, sizeof params);
    if (given != NULL) {
        memcpy(&params, given, given->struct_size < sizeof params ? given->struct_size : sizeof params);
    }
    if (params.mode > S2S_SIM_ESP || params.complete_min > params.complete_max || params.refuse_ppm > 1000000 ||
        params.stream_buffer < STREAM_BUFFER_LEAST || params.complete_max > S2S_TIME_NEVER / 4) {
        return S2S_ERR_INVALID;
    }
    struct s2si_sim_kernel *kernel = s2si_alloc(&node->sim->mem, sizeof *kernel);
    if (kernel == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    kernel->node = node;
    node->kernel = kernel;
    kernel->params = params;
    s2si_list_init(&kernel->operations);
    s2si_map_init(&kernel->latest, &node->sim->mem, 0, 0);
    s2si_list_init(&kernel->notices);
    s2si_list_init(&kernel->binds);
    s2si_sim_data_init(kernel);
    uint32_t able = S2S_KERNEL_RAW_ESP | S2S_KERNEL_STREAMS | S2S_KERNEL_TCP_MD5 | S2S_KERNEL_ROUTES;
    able |= params.mode == S2S_SIM_ESP ? S2S_KERNEL_ESP : 0u;
    kernel->table = (struct s2s_kernel){.struct_size = sizeof(struct s2s_kernel),
                                        .name = "sim",
                                        .capabilities = able & ~params.without,
                                        .context = kernel,
                                        .start = start,
                                        .submit = submit,
                                        .stop = stop};
    int error = s2si_sim_streams_new(kernel);
    return error != 0 || params.mode == S2S_SIM_RAW ? error : s2si_sim_esp_new(kernel);
}

void s2si_sim_kernel_free(s2s_sim_node *node)
{
    struct s2si_sim_kernel *kernel = node->kernel;
    if (kernel == NULL) {
        return;
    }
    end_process(kernel);
    s2si_sim_uninstall(kernel, true);
    s2si_sim_esp_free(kernel);
    s2si_sim_streams_free(kernel);
    s2si_map_clear(&kernel->latest);
    s2si_free(&node->sim->mem, kernel, sizeof *kernel);
    node->kernel = NULL;
}

/* ---- what a test sets and sees ---- */

const struct s2s_kernel *s2s_sim_kernel(s2s_sim_node *node)
{
    return node->kernel == NULL ? NULL : &node->kernel->table;
}

void s2s_sim_kernel_delay(s2s_sim_node *node, s2s_time min, s2s_time max)
{
    if (node->kernel != NULL && min <= max && max < S2S_TIME_NEVER / 4) {
        node->kernel->params.complete_min = min;
        node->kernel->params.complete_max = max;
    }
}

void s2s_sim_kernel_refuse_ppm(s2s_sim_node *node, uint32_t ppm)
{
    if (node->kernel != NULL) {
        node->kernel->params.refuse_ppm = ppm;
    }
}

int s2s_sim_kernel_refuse(s2s_sim_node *node, enum s2s_action_type type, uint32_t skip, uint32_t count, int error)
{
    if (node->kernel == NULL || type <= S2S_ACTION_NONE || type > S2S_ACTION_CRYPTO_JOB || table[type].apply == NULL ||
        (count > 0 && error >= 0)) {
        return S2S_ERR_INVALID;
    }
    node->kernel->refusals[type] = (struct s2si_sim_refusal){.skip = skip, .count = count, .error = error};
    return 0;
}

void s2s_sim_kernel_stats(const s2s_sim_node *node, struct s2s_sim_kernel_stats *stats)
{
    struct s2s_sim_kernel_stats now = {0};
    if (node->kernel != NULL) {
        now = node->kernel->stats;
    }
    now.struct_size = stats->struct_size < sizeof now ? stats->struct_size : sizeof now;
    memcpy(stats, &now, now.struct_size);
}
