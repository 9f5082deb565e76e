/* SPDX-License-Identifier: Apache-2.0 */
/* sim_stream: STREAM actions, listeners and their keys, and which socket a segment is for. */
#include "lib/backend/sim_tcp.h"

#include <string.h>

#define ACCEPTED_BIT (UINT64_C(1) << 63)
enum { FIRST_PORT = 49152, SOCKETS_MOST = 1024 };

struct listener_key {
    struct s2si_list node;
    struct s2s_addr remote;
    struct s2si_sim_md5 md5;
};

static void reap(s2s_sim *sim, struct s2si_sim_event *event)
{
    struct s2si_sim_streams *streams = S2SI_CONTAINER(event, struct s2si_sim_streams, reap);
    struct s2si_list *at, *after;
    (void)sim;
    S2SI_LIST_EACH_SAFE(at, after, &streams->graveyard) {
        s2si_sim_socket_free(S2SI_CONTAINER(at, struct s2si_sim_socket, node));
    }
}

int s2si_sim_streams_new(struct s2si_sim_kernel *kernel)
{
    struct s2si_sim_streams *streams = s2si_alloc(&kernel->node->sim->mem, sizeof *streams);
    if (streams == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    s2si_list_init(&streams->sockets);
    s2si_list_init(&streams->listeners);
    s2si_list_init(&streams->graveyard);
    streams->reap.fire = reap;
    streams->port = FIRST_PORT;
    streams->window = UINT32_MAX;
    kernel->streams = streams;
    return 0;
}

static void key_free(struct s2si_sim_kernel *kernel, struct listener_key *key)
{
    s2si_list_remove(&key->node);
    s2si_free_secret(&kernel->node->sim->mem, key, sizeof *key);
}

static void listener_free(struct s2si_sim_kernel *kernel, struct s2si_sim_listener *listener)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &listener->keys) {
        key_free(kernel, S2SI_CONTAINER(at, struct listener_key, node));
    }
    s2si_list_remove(&listener->node);
    s2si_free(&kernel->node->sim->mem, listener, sizeof *listener);
}

void s2si_sim_streams_close(struct s2si_sim_kernel *kernel)
{
    struct s2si_list *at, *after;
    if (kernel->streams == NULL) {
        return;
    }
    S2SI_LIST_EACH_SAFE(at, after, &kernel->streams->sockets) {
        s2si_sim_socket_bury(S2SI_CONTAINER(at, struct s2si_sim_socket, node));
    }
    S2SI_LIST_EACH_SAFE(at, after, &kernel->streams->listeners) {
        listener_free(kernel, S2SI_CONTAINER(at, struct s2si_sim_listener, node));
    }
}

void s2si_sim_streams_free(struct s2si_sim_kernel *kernel)
{
    if (kernel->streams != NULL) {
        s2s_sim *sim = kernel->node->sim;
        s2si_sim_streams_close(kernel);
        reap(sim, &kernel->streams->reap);
        s2si_sim_cancel(sim, &kernel->streams->reap);
        s2si_free(&sim->mem, kernel->streams, sizeof *kernel->streams);
        kernel->streams = NULL;
    }
}

/* ---- finding ---- */

static struct s2si_sim_listener *find_listener(const struct s2si_sim_kernel *kernel, uint64_t id)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &kernel->streams->listeners) {
        struct s2si_sim_listener *listener = S2SI_CONTAINER(at, struct s2si_sim_listener, node);
        if (listener->id == id) {
            return listener;
        }
    }
    return NULL;
}

/* The listener of an address; one for exactly this address before one for any. */
static struct s2si_sim_listener *listener_at(const struct s2si_sim_kernel *kernel, const struct s2s_endpoint *local)
{
    struct s2si_sim_listener *any = NULL;
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &kernel->streams->listeners) {
        struct s2si_sim_listener *listener = S2SI_CONTAINER(at, struct s2si_sim_listener, node);
        if (s2si_endpoint_equal(&listener->local, local)) {
            return listener;
        }
        any = listener->local.port == local->port && s2si_addr_is_any(&listener->local.addr) ? listener : any;
    }
    return any;
}

static struct s2si_sim_socket *find_socket(const struct s2si_sim_kernel *kernel, uint64_t id)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &kernel->streams->sockets) {
        struct s2si_sim_socket *socket = S2SI_CONTAINER(at, struct s2si_sim_socket, node);
        if (socket->id == id && !socket->orphan) {
            return socket;
        }
    }
    return NULL;
}

static struct s2si_sim_socket *socket_between(const struct s2si_sim_kernel *kernel, const struct s2s_endpoint *local,
                                              const struct s2s_endpoint *remote)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &kernel->streams->sockets) {
        struct s2si_sim_socket *socket = S2SI_CONTAINER(at, struct s2si_sim_socket, node);
        if (s2si_endpoint_equal(&socket->local, local) && s2si_endpoint_equal(&socket->remote, remote)) {
            return socket;
        }
    }
    return NULL;
}

static struct listener_key *find_key(const struct s2si_sim_listener *listener, const struct s2s_addr *remote)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &listener->keys) {
        struct listener_key *key = S2SI_CONTAINER(at, struct listener_key, node);
        if (s2si_addr_equal(&key->remote, remote)) {
            return key;
        }
    }
    return NULL;
}

/* ---- actions ---- */

static int set_key(struct s2si_sim_md5 *md5, const struct s2s_action_stream *stream)
{
    if (stream->md5_key_length > sizeof md5->key) {
        return S2S_ERR_INVALID; /* TCP_MD5SIG_MAXKEYLEN of Linux */
    }
    md5->length = stream->md5_key_length;
    if (md5->length > 0) {
        memcpy(md5->key, stream->md5_key, md5->length);
    }
    return 0;
}

int s2si_sim_stream_listen(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    const struct s2s_action *action = &operation->action;
    struct s2si_sim_listener *other = listener_at(kernel, &action->local);
    if (!s2si_addr_is_any(&action->local.addr) && !s2si_sim_is_local(kernel->node, &action->local.addr)) {
        result->detail = "Cannot assign requested address";
        return S2S_ERR_KERNEL;
    }
    if (find_listener(kernel, action->stream.id) != NULL) {
        return S2S_ERR_EXISTS;
    }
    if (other != NULL && s2si_endpoint_equal(&other->local, &action->local)) {
        result->detail = "Address already in use";
        return S2S_ERR_KERNEL;
    }
    struct s2si_sim_listener *listener = s2si_alloc(&kernel->node->sim->mem, sizeof *listener);
    if (listener == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    s2si_list_init(&listener->keys);
    listener->id = action->stream.id;
    listener->local = action->local;
    listener->ttl = action->stream.ttl;
    listener->min_ttl = action->stream.min_ttl;
    s2si_list_append(&kernel->streams->listeners, &listener->node);
    return 0;
}

int s2si_sim_stream_key(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    const struct s2s_action *action = &operation->action;
    struct s2si_sim_listener *listener = find_listener(kernel, action->stream.id);
    struct listener_key *key = listener == NULL ? NULL : find_key(listener, &action->remote.addr);
    (void)result;
    if (listener == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    if (action->stream.md5_key_length == 0) {
        if (key != NULL) {
            key_free(kernel, key);
        }
        return 0;
    }
    if (key == NULL) {
        key = s2si_alloc(&kernel->node->sim->mem, sizeof *key);
        if (key == NULL) {
            return S2S_ERR_NO_MEMORY;
        }
        key->remote = action->remote.addr;
        s2si_list_append(&listener->keys, &key->node);
    }
    return set_key(&key->md5, &action->stream);
}

static uint16_t next_port(struct s2si_sim_streams *streams)
{
    uint16_t port = streams->port;
    streams->port = port == UINT16_MAX ? FIRST_PORT : (uint16_t)(port + 1);
    return port;
}

int s2si_sim_stream_connect(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    const struct s2s_action *action = &operation->action;
    struct s2s_endpoint local = action->local;
    if (s2si_addr_is_any(&local.addr)) {
        local.addr = s2si_sim_source(kernel->node, &action->remote.addr, false);
    }
    if (!s2si_sim_is_local(kernel->node, &local.addr)) {
        result->detail = "Cannot assign requested address";
        return S2S_ERR_KERNEL;
    }
    if (find_socket(kernel, action->stream.id) != NULL) {
        return S2S_ERR_EXISTS;
    }
    bool full = s2si_list_count(&kernel->streams->sockets) >= SOCKETS_MOST;
    struct s2si_sim_socket *socket = full ? NULL : s2si_sim_socket_new(kernel);
    if (socket == NULL) {
        return full ? S2S_ERR_LIMIT : S2S_ERR_NO_MEMORY;
    }
    local.port = local.port == 0 ? next_port(kernel->streams) : local.port;
    socket->id = action->stream.id;
    socket->local = local;
    socket->remote = action->remote;
    socket->ttl = action->stream.ttl;
    socket->min_ttl = action->stream.min_ttl;
    int error = set_key(&socket->md5, &action->stream);
    if (error == 0 && socket_between(kernel, &local, &action->remote) != socket) {
        result->detail = "Address already in use";
        error = S2S_ERR_KERNEL;
    }
    if (error != 0) {
        s2si_sim_socket_free(socket);
        return error;
    }
    s2si_sim_tcp_open(socket, S2SI_SIM_SYN_SENT);
    return 0;
}

int s2si_sim_stream_close(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    const struct s2s_action_stream *stream = &operation->action.stream;
    struct s2si_sim_listener *listener = find_listener(kernel, stream->id);
    struct s2si_sim_socket *socket = find_socket(kernel, stream->id);
    (void)result;
    if (listener != NULL) {
        listener_free(kernel, listener);
    } else if (socket != NULL) {
        s2si_sim_tcp_close(socket, stream->reset);
    }
    return 0;
}

void s2si_sim_stream_write(struct s2si_sim_kernel *kernel, uint64_t id)
{
    struct s2si_sim_socket *socket = find_socket(kernel, id);
    if (socket != NULL) {
        socket->wants_pull = true;
        s2si_sim_tcp_work(socket);
    }
}

/* ---- segments ---- */

static void accept_syn(struct s2si_sim_kernel *kernel, struct s2si_sim_listener *listener, const struct s2si_sim_segment *segment)
{
    const struct listener_key *key = find_key(listener, &segment->remote.addr);
    static const struct s2si_sim_md5 none = {.length = 0};
    if (!s2si_sim_segment_md5_good(segment, key == NULL ? &none : &key->md5)) {
        kernel->stats.bad_md5++;
        return;
    }
    bool full = s2si_list_count(&kernel->streams->sockets) >= SOCKETS_MOST;
    struct s2si_sim_socket *socket = full ? NULL : s2si_sim_socket_new(kernel);
    if (segment->ip->hop_limit < listener->min_ttl || socket == NULL) {
        if (socket != NULL) {
            s2si_sim_socket_free(socket);
        }
        return;
    }
    socket->id = ACCEPTED_BIT | ++kernel->streams->accepted;
    socket->listener = listener->id;
    socket->local = segment->local;
    socket->remote = segment->remote;
    socket->ttl = listener->ttl;
    socket->min_ttl = listener->min_ttl;
    socket->md5 = key == NULL ? none : key->md5;
    socket->rcv_nxt = segment->seq + 1;
    s2si_sim_tcp_open(socket, S2SI_SIM_SYN_RECEIVED);
    socket->mss = segment->mss != 0 && segment->mss < socket->mss ? segment->mss : socket->mss;
}

static void dispatch(struct s2si_sim_kernel *kernel, const struct s2si_sim_segment *segment)
{
    struct s2si_sim_socket *socket = socket_between(kernel, &segment->local, &segment->remote);
    if (socket != NULL) {
        if (!s2si_sim_segment_md5_good(segment, &socket->md5)) {
            kernel->stats.bad_md5++;
        } else if (segment->ip->hop_limit >= socket->min_ttl) {
            s2si_sim_tcp_input(socket, segment);
        }
        return;
    }
    uint8_t flags = segment->flags & (S2SI_SIM_SYN | S2SI_SIM_ACK | S2SI_SIM_RST);
    struct s2si_sim_listener *listener = flags == S2SI_SIM_SYN ? listener_at(kernel, &segment->local) : NULL;
    if (listener != NULL) {
        accept_syn(kernel, listener, segment);
    } else {
        s2si_sim_segment_refuse(kernel, segment);
    }
}

void s2si_sim_stream_input(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet, const struct s2si_ip *ip)
{
    struct s2si_sim_segment segment;
    bool able = (kernel->table.capabilities & S2S_KERNEL_STREAMS) != 0;
    if (able && s2si_sim_segment_read(ip, s2si_sim_packet_data(packet), &segment)) {
        dispatch(kernel, &segment);
    }
    s2si_sim_packet_free(kernel->node->sim, packet);
}

/* ---- what a test sets and sees ---- */

void s2si_sim_streams_count(const struct s2si_sim_kernel *kernel, size_t *listeners, size_t *streams)
{
    *listeners = s2si_list_count(&kernel->streams->listeners);
    *streams = s2si_list_count(&kernel->streams->sockets);
}

void s2s_sim_stream_window(s2s_sim_node *node, uint32_t bytes)
{
    struct s2si_list *at;
    if (node->kernel == NULL) {
        return;
    }
    bool opens = bytes > node->kernel->streams->window;
    node->kernel->streams->window = bytes;
    if (opens) { /* window updates, as a reader that reads again sends them */
        S2SI_LIST_EACH(at, &node->kernel->streams->sockets) {
            struct s2si_sim_socket *socket = S2SI_CONTAINER(at, struct s2si_sim_socket, node);
            if (socket->state == S2SI_SIM_ESTABLISHED) {
                s2si_sim_segment_send(socket, socket->nxt, S2SI_SIM_ACK, NULL, 0);
            }
        }
    }
}
