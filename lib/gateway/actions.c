/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/actions.h"

#include <string.h>

#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/reconcile.h"

void s2si_actions_init(struct s2si_actions *actions, struct s2si_mem *mem)
{
    memset(actions, 0, sizeof(*actions));
    actions->mem = mem;
    s2si_list_init(&actions->operations);
    s2si_list_init(&actions->jobs);
    s2si_list_init(&actions->datagrams);
    s2si_list_init(&actions->packets);
    s2si_list_init(&actions->streams);
}

static void free_sending(struct s2si_actions *actions, struct s2si_sending *sending)
{
    if (sending) {
        s2si_free(actions->mem, sending, sizeof(*sending) + sending->length);
    }
}

static struct s2si_sending *take_first(struct s2si_list *list)
{
    struct s2si_list *node = list->next;

    if (node == list) {
        return NULL;
    }
    s2si_list_remove(node);
    return S2SI_CONTAINER(node, struct s2si_sending, node);
}

void s2si_actions_free(struct s2si_actions *actions)
{
    struct s2si_sending *sending;

    while ((sending = take_first(&actions->datagrams)) != NULL || (sending = take_first(&actions->packets)) != NULL) {
        free_sending(actions, sending);
    }
    free_sending(actions, actions->held);
    actions->held = NULL;
}

bool s2si_actions_empty(const struct s2si_actions *actions)
{
    return s2si_list_empty(&actions->operations) && s2si_list_empty(&actions->jobs) &&
           s2si_list_empty(&actions->datagrams) && s2si_list_empty(&actions->packets) &&
           s2si_list_empty(&actions->streams);
}

static struct s2si_sending *make_sending(struct s2si_actions *actions, size_t front, const uint8_t *data, size_t length,
                                         size_t behind)
{
    struct s2si_sending *sending = s2si_alloc(actions->mem, sizeof(*sending) + front + length + behind);

    if (sending) {
        sending->length = front + length + behind;
        memcpy(sending->data + front, data, length);
    }
    return sending;
}

void s2si_actions_datagram(struct s2si_actions *actions, const struct s2s_endpoint *local,
                           const struct s2s_endpoint *remote, const uint8_t *data, size_t length)
{
    struct s2si_sending *sending = make_sending(actions, 0, data, length, 0);

    if (!sending) {
        actions->datagrams_dropped++; /* IKE sends it again */
        return;
    }
    sending->local = *local;
    sending->remote = *remote;
    if (actions->datagram_count == S2SI_ACTION_DATAGRAMS) {
        free_sending(actions, take_first(&actions->datagrams));
        actions->datagrams_dropped++;
        actions->datagram_count--;
    }
    s2si_list_append(&actions->datagrams, &sending->node);
    actions->datagram_count++;
}

bool s2si_packet_send(s2s_engine *engine, const struct s2s_packet *template, const uint8_t *data, size_t length)
{
    struct s2si_actions *actions = engine->actions;
    struct s2si_sending *sending;

    if (actions->packet_count == S2SI_ACTION_PACKETS) {
        actions->packets_dropped++;
        return false;
    }
    sending = make_sending(actions, S2S_PACKET_HEADROOM, data, length, S2S_PACKET_TAILROOM);
    if (!sending) {
        actions->packets_dropped++;
        return false;
    }
    sending->packet = *template;
    sending->packet.buffer = sending->data;
    sending->packet.capacity = sending->length;
    sending->packet.offset = S2S_PACKET_HEADROOM;
    sending->packet.length = length;
    s2si_list_append(&actions->packets, &sending->node);
    actions->packet_count++;
    return true;
}

/* ---- handing out ---- */

/* An item may have changed since its operation was started: what is not to be done any more is withdrawn. */
static bool still_wanted(const struct s2si_operation *operation)
{
    enum s2si_phase phase;
    enum s2s_action_type next = s2si_item_next(operation->item, &phase);

    return next == operation->action && phase == operation->item->phase;
}

static bool fill_operation(s2s_engine *engine, struct s2si_operation *operation, struct s2s_action *action)
{
    action->type = operation->action;
    action->op = operation->op;
    if (operation->gateway) {
        action->gateway = operation->gateway->params.name;
        action->device = operation->gateway->device;
    }
    switch (operation->kind) {
    case S2SI_OP_ITEM:
        if (!still_wanted(operation)) {
            return false;
        }
        operation->generation = operation->item->generation;
        return s2si_item_action(engine, operation->item, operation->action, action);
    case S2SI_OP_SPI:
        action->local = operation->local;
        action->remote = operation->remote;
        return true;
    case S2SI_OP_JOB:
        action->job = &operation->job;
        return true;
    case S2SI_OP_STREAM:
        return s2si_bgp_glue_connect(operation, action);
    case S2SI_OP_SCAN: /* where to look for routes that a crash left */
        action->route.table =
            operation->gateway->effective.table > 0 ? (uint32_t)operation->gateway->effective.table : 0;
        return true;
    default: /* SCAN */
        action->route.table =
            operation->gateway->effective.table > 0 ? (uint32_t)operation->gateway->effective.table : 0;
        return true;
    }
}

static bool next_operation(s2s_engine *engine, struct s2si_list *list, struct s2s_action *action)
{
    while (!s2si_list_empty(list)) {
        struct s2si_operation *operation = S2SI_CONTAINER(list->next, struct s2si_operation, node);
        s2si_list_remove(&operation->node);
        memset(action, 0, sizeof(*action));
        if (fill_operation(engine, operation, action)) {
            return true;
        }
        struct s2s_result canceled = { .struct_size = sizeof(canceled), .error = S2S_ERR_CANCELED };
        s2si_operation_take(engine->operations, operation->op);
        if (operation->kind == S2SI_OP_STREAM) {
            s2si_bgp_glue_connect_done(operation, &canceled, engine->now);
        } else {
            s2si_reconcile_completed(engine, operation, &canceled, engine->now);
        }
        s2si_operation_free(engine->operations, operation);
        s2si_engine_settle(engine, engine->now);
    }
    return false;
}

static bool next_sending(s2s_engine *engine, struct s2s_action *action)
{
    struct s2si_actions *actions = engine->actions;
    struct s2si_sending *sending = take_first(&actions->datagrams);

    if (sending) {
        actions->datagram_count--;
        action->type = S2S_ACTION_DATAGRAM;
        action->local = sending->local;
        action->remote = sending->remote;
        action->data = sending->data;
        action->length = sending->length;
    } else if (next_operation(engine, &actions->jobs, action)) {
        return true;
    } else if ((sending = take_first(&actions->packets)) != NULL) {
        memset(action, 0, sizeof(*action));
        actions->packet_count--;
        action->type = S2S_ACTION_PACKET;
        action->packet = sending->packet;
        action->local = sending->packet.local;
        action->remote = sending->packet.remote;
        s2s_tunnel *tunnel = s2si_tunnel_by_id(engine, sending->packet.tunnel);
        action->gateway = tunnel ? tunnel->gateway->params.name : "";
        action->device = tunnel ? tunnel->gateway->device : "";
        action->packet.device = tunnel ? tunnel->gateway->device_number : 0;
    }
    actions->held = sending;
    return sending != NULL;
}

bool s2s_engine_next_action(s2s_engine *engine, struct s2s_action *out)
{
    struct s2s_action action = { 0 };
    size_t size;

    if (!engine || !out) {
        return false;
    }
    size = out->struct_size;
    free_sending(engine->actions, engine->actions->held);
    engine->actions->held = NULL;
    if (!next_operation(engine, &engine->actions->operations, &action) && !s2si_bgp_glue_next_action(engine, &action) &&
        !next_sending(engine, &action)) {
        return false;
    }
    action.struct_size = size;
    memcpy(out, &action, size < sizeof(action) ? size : sizeof(action));
    return true;
}
