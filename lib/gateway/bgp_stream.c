/* SPDX-License-Identifier: Apache-2.0 */
/* bgp_stream: the TCP side of the sessions: ids, listeners and their keys, streams opened, accepted, written to and
 * closed. */
#include "lib/gateway/bgp_glue.h"

#include <string.h>

#include "lib/gateway/actions.h"
#include "lib/gateway/reconcile.h"
#include "lib/gateway/tunnel.h"

#define ROOM_SHIFT 40
#define OWN_STREAM (UINT64_C(1) << 62)
#define ACCEPTED (UINT64_C(1) << 63)

static struct s2si_bgp_room *room_of_stream(const s2s_engine *engine, uint64_t stream)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &engine->gateways) {
        struct s2si_bgp_room *room = S2SI_CONTAINER(node, s2s_gateway, node)->bgp;
        if (!room) {
            continue;
        }
        if (stream & ACCEPTED ? s2si_map_get(&room->accepted, &stream, sizeof(stream)) != NULL
                              : (stream & OWN_STREAM) && ((stream & ~OWN_STREAM) >> ROOM_SHIFT) == room->number) {
            return room;
        }
    }
    return NULL;
}

/* Between the ids of the engine and those of the speaker. */
static uint64_t outer_id(const struct s2si_bgp_room *room, uint64_t stream)
{
    return stream & ACCEPTED ? stream : stream | room->number << ROOM_SHIFT;
}

static uint64_t inner_id(uint64_t stream)
{
    return stream & ACCEPTED ? stream : OWN_STREAM | (stream & ((UINT64_C(1) << ROOM_SHIFT) - 1));
}

static bool queue(s2s_gateway *gateway, enum s2s_action_type type, uint64_t stream, bool reset)
{
    s2s_engine *engine = gateway->engine;
    struct s2si_stream_action *action = s2si_alloc(&engine->mem, sizeof(*action));

    if (!action) {
        return false;
    }
    action->type = type;
    action->gateway = gateway;
    action->stream = stream;
    action->reset = reset;
    s2si_list_append(&engine->actions->streams, &action->node);
    return true;
}

bool s2si_bgp_glue_next_action(s2s_engine *engine, struct s2s_action *action)
{
    struct s2si_list *node = engine->actions->streams.next;
    struct s2si_stream_action *waiting = S2SI_CONTAINER(node, struct s2si_stream_action, node);

    if (node == &engine->actions->streams) {
        return false;
    }
    s2si_list_remove(node);
    memset(action, 0, sizeof(*action));
    action->type = waiting->type;
    action->stream.id = waiting->stream;
    action->stream.reset = waiting->reset;
    action->gateway = waiting->gateway->params.name;
    action->device = waiting->gateway->device;
    s2si_free(&engine->mem, waiting, sizeof(*waiting));
    return true;
}

static s2s_tunnel *tunnel_between(const s2s_gateway *gateway, const struct s2s_addr *local,
                                  const struct s2s_addr *remote)
{
    s2s_tunnel *tunnel = NULL;

    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        if (tunnel->bgp && s2si_addr_equal(&tunnel->inside_local, local) &&
            (!remote || s2si_addr_equal(&tunnel->inside_remote, remote))) {
            return tunnel;
        }
    }
    return NULL;
}

static bool take_in(s2s_gateway *gateway, const struct s2s_stream_input *input, s2s_time now)
{
    struct s2si_bgp_room *room = gateway->bgp;
    uint64_t id = input->stream;

    if (!room || !tunnel_between(gateway, &input->local.addr, &input->remote.addr) ||
        s2si_map_put(&room->accepted, &id, sizeof(id), room)) {
        return false;
    }
    if (s2si_bgp_stream_accepted(room->speaker, id, &input->local, &input->remote, now) == 0) {
        return true;
    }
    s2si_map_remove(&room->accepted, &id, sizeof(id));
    return false;
}

static void accepted(s2s_engine *engine, const struct s2s_stream_input *input, s2s_time now)
{
    s2s_gateway *any = NULL;
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &engine->gateways) {
        any = S2SI_CONTAINER(node, s2s_gateway, node);
        if (take_in(any, input, now)) {
            return;
        }
    }
    if (any) { /* a stranger, or a session that is not to run now */
        queue(any, S2S_ACTION_STREAM_CLOSE, input->stream, true);
    }
}

static void closed(struct s2si_bgp_room *room, uint64_t stream, int error, s2s_time now)
{
    s2si_bgp_stream_closed(room->speaker, inner_id(stream), error, now);
    if (stream & ACCEPTED) {
        s2si_map_remove(&room->accepted, &stream, sizeof(stream));
    }
}

static void connected(struct s2si_bgp_room *room, uint64_t stream, s2s_time now)
{
    s2s_tunnel *tunnel = NULL;

    while ((tunnel = s2si_tunnel_next(room->gateway, tunnel)) != NULL) {
        if (tunnel->bgp && tunnel->bgp->speaker) { /* only the one that asked knows the id */
            s2si_bgp_stream_connected(room->speaker, tunnel->bgp->speaker, inner_id(stream), now);
        }
    }
}

int s2si_bgp_glue_stream(s2s_engine *engine, const struct s2s_stream_input *input, s2s_time now)
{
    struct s2si_bgp_room *room;

    if (input->type == S2S_STREAM_ACCEPTED) {
        accepted(engine, input, now);
        return 0;
    }
    room = room_of_stream(engine, input->stream);
    if (!room) {
        return S2S_ERR_NOT_FOUND;
    }
    switch (input->type) {
    case S2S_STREAM_CONNECTED:
        connected(room, input->stream, now);
        break;
    case S2S_STREAM_DATA:
        s2si_bgp_stream_data(room->speaker, inner_id(input->stream), input->data, input->length, now);
        break;
    case S2S_STREAM_CLOSED:
        closed(room, input->stream, input->error, now);
        break;
    default:
        break; /* WRITABLE: the driver pulls after it */
    }
    return 0;
}

size_t s2si_bgp_glue_pull(s2s_engine *engine, uint64_t stream, uint8_t *out, size_t capacity, s2s_time now)
{
    struct s2si_bgp_room *room = room_of_stream(engine, stream);
    return room ? s2si_bgp_stream_pull(room->speaker, inner_id(stream), out, capacity, now) : 0;
}

void s2si_bgp_glue_drop_actions(const s2s_gateway *gateway)
{
    s2s_engine *engine = gateway->engine;
    struct s2si_list *node, *after;

    S2SI_LIST_EACH_SAFE(node, after, &engine->actions->streams) {
        struct s2si_stream_action *waiting = S2SI_CONTAINER(node, struct s2si_stream_action, node);
        if (waiting->gateway == gateway) {
            s2si_list_remove(node);
            s2si_free(&engine->mem, waiting, sizeof(*waiting));
        }
    }
}

/* ---- opening ---- */

static void connect_out(struct s2si_bgp_room *room, const struct s2si_bgp_output *out, s2s_time now)
{
    s2s_engine *engine = room->gateway->engine;
    struct s2si_operation *operation = s2si_operation_new(engine->operations, S2SI_OP_STREAM, room->gateway);

    if (!operation) {
        s2si_bgp_stream_closed(room->speaker, out->stream, S2S_ERR_NO_MEMORY, now);
        return;
    }
    operation->action = S2S_ACTION_STREAM_CONNECT;
    operation->stream = outer_id(room, out->stream);
    operation->tunnel = (uint32_t)out->owner;
    s2si_list_append(&engine->actions->operations, &operation->node);
}

static void protect(const s2s_bgp_session *session, struct s2s_action_stream *stream)
{
    if (session->config.ttl_security) {
        stream->ttl = 255;
        stream->min_ttl = (uint8_t)(256 - session->config.ttl_security); /* RFC 5082 section 3 */
    }
    stream->md5_key = (const uint8_t *)session->key;
    stream->md5_key_length = strlen(session->key);
}

bool s2si_bgp_glue_connect(const struct s2si_operation *operation, struct s2s_action *action)
{
    const s2s_tunnel *tunnel = s2si_tunnel_by_id(operation->gateway->engine, operation->tunnel);

    if (!tunnel || !tunnel->bgp) {
        return false;
    }
    action->local.addr = tunnel->inside_local;
    action->remote.addr = tunnel->inside_remote;
    action->remote.port = S2SI_BGP_TCP_PORT;
    action->stream.id = operation->stream;
    protect(tunnel->bgp, &action->stream);
    return true;
}

void s2si_bgp_glue_connect_done(const struct s2si_operation *operation, const struct s2s_result *result, s2s_time now)
{
    if (result->error && operation->gateway->bgp) {
        closed(operation->gateway->bgp, operation->stream, result->error, now);
    }
}

void s2si_bgp_glue_stream_output(struct s2si_bgp_room *room, const struct s2si_bgp_output *out, s2s_time now)
{
    uint64_t stream = outer_id(room, out->stream);

    if (out->type == S2SI_BGP_CONNECT) {
        connect_out(room, out, now);
    } else if (out->type == S2SI_BGP_WRITE) {
        queue(room->gateway, S2S_ACTION_STREAM_WRITE, stream, false);
    } else {
        queue(room->gateway, S2S_ACTION_STREAM_CLOSE, stream, out->reset);
        if (stream & ACCEPTED) {
            s2si_map_remove(&room->accepted, &stream, sizeof(stream));
        }
    }
}

/* ---- listening: items of the base scope ---- */

void s2si_bgp_glue_want(s2s_gateway *gateway, const s2s_tunnel *tunnel)
{
    const s2s_bgp_session *session = tunnel->bgp;
    struct s2si_item_content content = { 0 };

    if (!session) {
        return;
    }
    content.addr = tunnel->inside_local;
    content.selector = session->config.ttl_security;
    s2si_desired_want(gateway->engine, &gateway->base_scope, S2SI_ITEM_LISTEN, &content);
    if (session->key[0]) {
        content.remote.addr = tunnel->inside_remote;
        content.child = session->key_generation;
        s2si_desired_want(gateway->engine, &gateway->base_scope, S2SI_ITEM_STREAM_KEY, &content);
    }
}

/* Addresses that are listened on at once differ; so do these, but for IPv6 by chance. */
static uint64_t listener_id(const struct s2si_item_content *content)
{
    const uint8_t *bytes = content->addr.bytes;
    uint32_t low = content->addr.family == 4 ? s2si_get_u32(bytes)
                                             : s2si_get_u32(bytes) * 31 ^ s2si_get_u32(bytes + 4) * 17 ^
                                                   s2si_get_u32(bytes + 8) * 7 ^ s2si_get_u32(bytes + 12);
    return S2SI_BGP_LISTENER | (uint64_t)content->selector << ROOM_SHIFT | (uint64_t)(content->addr.family == 6) << 32 |
           low;
}

void s2si_bgp_glue_item(const s2s_gateway *gateway, const struct s2si_item *item, struct s2s_action *action)
{
    const s2s_tunnel *tunnel = tunnel_between(gateway, &item->content.addr, NULL);

    action->local.addr = item->content.addr;
    action->local.port = S2SI_BGP_TCP_PORT;
    action->stream.id = listener_id(&item->content);
    if (action->type == S2S_ACTION_STREAM_LISTEN && item->content.selector) {
        action->stream.ttl = 255;
        action->stream.min_ttl = (uint8_t)(256 - item->content.selector);
    }
    if (action->type == S2S_ACTION_STREAM_KEY) {
        action->remote = item->content.remote;
        if (item->wanted && tunnel) {
            action->stream.md5_key = (const uint8_t *)tunnel->bgp->key;
            action->stream.md5_key_length = strlen(tunnel->bgp->key);
        }
    }
}
