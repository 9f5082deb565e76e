/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP streams for BGP, between inside addresses: ordinary sockets without our mark, so that they go through the TUN. GTSM
 * by IP_MINTTL (RFC 5082), keys by TCP_MD5SIG (RFC 2385). Bytes are pulled from the engine only when the socket takes them;
 * what one pull brought and the socket did not take waits here, never more.
 *
 * A stream that the engine closes without a reset lingers: our half is shut after the last bytes and what the peer still
 * sends is read and dropped, because Linux answers a close with unread input by a reset, which can take a NOTIFICATION with
 * it (RFC 1122 section 4.2.2.13). Time and number of those that linger are bounded.
 */
#define _GNU_SOURCE
#include "lib/backend/tun_batch.h"
#include "lib/base/address.h"
#include "lib/base/buffer.h"

#include <errno.h>
#include <linux/tcp.h>
#include <string.h>
#include <unistd.h>

enum {
    BLOCK = 16384,
    ROUNDS = 4,      /* blocks that one readiness may take */
    BACKLOG = 16,
    MOST_ACCEPTED = 1024,
    TOS_NETWORK_CONTROL = 0xc0, /* RFC 4594 section 3.1 */
    LAST_WORDS = 64 * 1024,     /* bytes pulled at a close, so that a NOTIFICATION leaves */
    LINGER_SECONDS = 2,
    MOST_LINGERING = 64
};

enum stream_state { LISTENING, CONNECTING, CONNECTED, LINGERING };

struct stream {
    struct s2si_list node;
    s2s_tun_kernel *kernel;
    uint64_t id, listener;
    enum stream_state state;
    int fd;
    void *watch;
    void *timer;     /* of a lingering stream */
    unsigned events; /* of the watch */
    struct s2s_endpoint local, remote;
    size_t pending_at, pending_length;
    uint8_t pending[BLOCK];
};

static struct stream *find_stream(s2s_tun_kernel *kernel, uint64_t id)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &kernel->streams)
    {
        struct stream *stream = S2SI_CONTAINER(node, struct stream, node);
        if (stream->id == id && stream->state != LINGERING) {
            return stream;
        }
    }
    return NULL;
}

static void free_stream(struct stream *stream)
{
    const struct s2s_loop *loop = stream->kernel->loop;
    s2si_list_remove(&stream->node);
    if (stream->watch != NULL) {
        loop->watch_remove(loop->context, stream->watch);
    }
    if (stream->timer != NULL) {
        loop->timer_remove(loop->context, stream->timer);
    }
    if (stream->fd >= 0) {
        close(stream->fd);
    }
    s2si_free_secret(&stream->kernel->mem, stream, sizeof *stream);
}

static struct stream *new_stream(s2s_tun_kernel *kernel, uint64_t id, int fd)
{
    struct stream *stream = s2si_alloc(&kernel->mem, sizeof *stream);
    if (stream == NULL) {
        close(fd);
        return NULL;
    }
    stream->kernel = kernel;
    stream->id = id;
    stream->fd = fd;
    s2si_list_append(&kernel->streams, &stream->node);
    return stream;
}

static void feed(struct stream *stream, enum s2s_stream_input_type type, const uint8_t *data, size_t length, int error)
{
    struct s2s_stream_input input = {
        .struct_size = sizeof input,
        .type = type,
        .stream = stream->id,
        .listener = stream->listener,
        .local = stream->local,
        .remote = stream->remote,
        .data = data,
        .length = length,
        .error = error,
    };
    stream->kernel->sink->stream(stream->kernel->sink->user, &input);
}

/* The stream ends by itself: the engine is told, then it is gone. */
static void end(struct stream *stream, int error)
{
    feed(stream, S2S_STREAM_CLOSED, NULL, 0, error);
    free_stream(stream);
}

static void want(struct stream *stream, unsigned events)
{
    const struct s2s_loop *loop = stream->kernel->loop;
    if (events != stream->events) {
        stream->events = events;
        (void)loop->watch_change(loop->context, stream->watch, events);
    }
}

/* ---- writing ---- */

enum written { WROTE_ALL, SOCKET_FULL, BROKEN };

static enum written write_pending(struct stream *stream)
{
    while (stream->pending_length > 0) {
        ssize_t done = send(stream->fd, stream->pending + stream->pending_at, stream->pending_length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno == EAGAIN ? SOCKET_FULL : BROKEN;
        }
        stream->pending_at += (size_t)done;
        stream->pending_length -= (size_t)done;
    }
    return WROTE_ALL;
}

static bool pull(struct stream *stream)
{
    const struct s2s_kernel_sink *sink = stream->kernel->sink;
    stream->pending_at = 0;
    stream->pending_length = sink->stream_pull(sink->user, stream->id, stream->pending, sizeof stream->pending);
    return stream->pending_length > 0;
}

/* Writes until the engine has nothing or the socket is full; then waits for POLLOUT. A broken stream is left to the reader. */
static void write_out(struct stream *stream, size_t limit)
{
    size_t total = 0;
    enum written result = write_pending(stream);
    while (result == WROTE_ALL && total < limit && pull(stream)) {
        total += stream->pending_length;
        result = write_pending(stream);
    }
    bool more = result == SOCKET_FULL || (result == WROTE_ALL && total >= limit);
    want(stream, S2S_LOOP_READ | (more ? S2S_LOOP_WRITE : 0u));
}

void s2si_tun_stream_write(s2s_tun_kernel *kernel, uint64_t id)
{
    struct stream *stream = find_stream(kernel, id);
    if (stream != NULL && stream->state == CONNECTED) {
        write_out(stream, (size_t)ROUNDS * BLOCK);
    }
}

/* ---- reading ---- */

static void read_in(struct stream *stream)
{
    s2s_tun_kernel *kernel = stream->kernel;
    uint64_t id = stream->id;
    uint8_t block[BLOCK];
    for (int round = 0; round < ROUNDS; round++) {
        ssize_t got = recv(stream->fd, block, sizeof block, MSG_DONTWAIT);
        if (got > 0) {
            feed(stream, S2S_STREAM_DATA, block, (size_t)got, 0);
            if (find_stream(kernel, id) != stream) {
                return; /* the engine closed it meanwhile */
            }
        } else if (got == 0) {
            end(stream, 0);
            return;
        } else if (errno == EAGAIN) {
            return;
        } else if (errno != EINTR) {
            end(stream, S2S_ERR_KERNEL);
            return;
        }
    }
}

/* Reads and drops. @return whether more may come. */
static bool drop_input(struct stream *stream)
{
    uint8_t block[BLOCK];
    for (int round = 0; round < ROUNDS; round++) {
        ssize_t got = recv(stream->fd, block, sizeof block, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return got < 0 && errno == EAGAIN;
        }
    }
    return true;
}

/* A stream that the engine has closed: the rest goes out, then our half is shut, and the peer's end is awaited. */
static void linger(struct stream *stream)
{
    enum written result = write_pending(stream);
    if (result == WROTE_ALL) {
        (void)shutdown(stream->fd, SHUT_WR);
    }
    if (result == BROKEN || !drop_input(stream)) {
        free_stream(stream);
        return;
    }
    want(stream, S2S_LOOP_READ | (result == SOCKET_FULL ? S2S_LOOP_WRITE : 0u));
}

static void learn_endpoints(struct stream *stream)
{
    union s2si_sockaddr name;
    socklen_t length = sizeof name;
    if (getsockname(stream->fd, &name.any, &length) == 0) {
        stream->local = s2si_sockaddr_get(&name);
    }
    length = sizeof name;
    if (getpeername(stream->fd, &name.any, &length) == 0) {
        stream->remote = s2si_sockaddr_get(&name);
    }
}

static void connected(struct stream *stream)
{
    int error = 0;
    socklen_t length = sizeof error;
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
        end(stream, S2S_ERR_KERNEL);
        return;
    }
    stream->state = CONNECTED;
    learn_endpoints(stream);
    want(stream, S2S_LOOP_READ);
    feed(stream, S2S_STREAM_CONNECTED, NULL, 0, 0);
}

static void stream_ready(void *user, int fd, unsigned events)
{
    (void)fd;
    struct stream *stream = user;
    if (stream->state == LINGERING) {
        linger(stream);
        return;
    }
    if (stream->state == CONNECTING) {
        connected(stream);
        return;
    }
    if ((events & S2S_LOOP_WRITE) != 0) {
        feed(stream, S2S_STREAM_WRITABLE, NULL, 0, 0);
        write_out(stream, (size_t)ROUNDS * BLOCK);
    }
    if ((events & S2S_LOOP_READ) != 0) {
        read_in(stream);
    }
}

/* ---- opening ---- */

static int refuse(s2s_tun_kernel *kernel, const char *what, const struct s2s_endpoint *endpoint, int error)
{
    char text[S2S_ADDR_TEXT];
    return s2si_tun_refuse(kernel, "TCP %s %s: %s", what, s2s_endpoint_format(endpoint, text),
                           error == EADDRINUSE ? "address already in use" : strerror(error));
}

static int set_int(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

static int set_ttl(int fd, int family, const struct s2s_action_stream *wanted)
{
    bool six = family == 6;
    int error = 0;
    (void)set_int(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_TCLASS : IP_TOS, TOS_NETWORK_CONTROL);
    if (wanted->ttl != 0) {
        error = set_int(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_UNICAST_HOPS : IP_TTL, wanted->ttl);
    }
    if (error == 0 && wanted->min_ttl != 0) {
        error = set_int(fd, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_MINHOPCOUNT : IP_MINTTL, wanted->min_ttl);
    }
    return error;
}

/* A key of length 0 removes. */
static int set_key(int fd, const struct s2s_addr *remote, const struct s2s_action_stream *wanted)
{
    struct tcp_md5sig key;
    union s2si_sockaddr name;
    if (wanted->md5_key_length > TCP_MD5SIG_MAXKEYLEN) {
        return EINVAL;
    }
    memset(&key, 0, sizeof key);
    socklen_t length = s2si_sockaddr_put(&name, remote, 0);
    memcpy(&key.tcpm_addr, &name, length);
    key.tcpm_keylen = (uint16_t)wanted->md5_key_length;
    if (wanted->md5_key_length > 0) {
        memcpy(key.tcpm_key, wanted->md5_key, wanted->md5_key_length);
    }
    int error = setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof key) == 0 ? 0 : errno;
    s2si_wipe(&key, sizeof key);
    return error == ENOENT && wanted->md5_key_length == 0 ? 0 : error;
}

/* A socket on the local address with TTL and key. @return the descriptor, or -errno. */
static int open_socket(const struct s2s_action *action)
{
    union s2si_sockaddr name;
    int family = action->local.addr.family != 0 ? action->local.addr.family : action->remote.addr.family;
    int fd = socket(family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -errno;
    }
    (void)set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    (void)set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (family == 6) {
        (void)set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    }
    int error = set_ttl(fd, family, &action->stream);
    if (error == 0 && action->stream.md5_key_length > 0 && action->remote.addr.family != 0) {
        error = set_key(fd, &action->remote.addr, &action->stream);
    }
    if (error == 0 && action->local.addr.family != 0 &&
        bind(fd, &name.any, s2si_sockaddr_put(&name, &action->local.addr, action->local.port)) != 0) {
        error = errno;
    }
    if (error != 0) {
        close(fd);
        return -error;
    }
    return fd;
}

static void accept_ready(void *user, int fd, unsigned events)
{
    (void)events;
    struct stream *listener = user;
    s2s_tun_kernel *kernel = listener->kernel;
    const struct s2s_loop *loop = kernel->loop;
    for (int round = 0; round < BACKLOG; round++) {
        int one = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (one < 0) {
            return;
        }
        if (s2si_list_count(&kernel->streams) >= MOST_ACCEPTED) {
            close(one);
            continue;
        }
        struct stream *stream = new_stream(kernel, UINT64_C(1) << 63 | ++kernel->next_stream, one);
        if (stream == NULL) {
            continue;
        }
        stream->listener = listener->id;
        stream->state = CONNECTED;
        stream->events = S2S_LOOP_READ;
        learn_endpoints(stream);
        if (loop->watch_add(loop->context, one, S2S_LOOP_READ, stream_ready, stream, &stream->watch) != 0) {
            free_stream(stream);
            continue;
        }
        feed(stream, S2S_STREAM_ACCEPTED, NULL, 0, 0);
    }
}

int s2si_tun_stream_listen(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    if (find_stream(kernel, action->stream.id) != NULL) {
        return 0;
    }
    int fd = open_socket(action);
    if (fd < 0) {
        return refuse(kernel, "listen on", &action->local, -fd);
    }
    if (listen(fd, BACKLOG) != 0) {
        int error = errno;
        close(fd);
        return refuse(kernel, "listen on", &action->local, error);
    }
    struct stream *stream = new_stream(kernel, action->stream.id, fd);
    if (stream == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    stream->state = LISTENING;
    stream->local = action->local;
    int error = kernel->loop->watch_add(kernel->loop->context, fd, S2S_LOOP_READ, accept_ready, stream, &stream->watch);
    if (error != 0) {
        free_stream(stream);
    }
    return error;
}

int s2si_tun_stream_connect(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    union s2si_sockaddr name;
    if (find_stream(kernel, action->stream.id) != NULL) {
        return S2S_ERR_EXISTS;
    }
    int fd = open_socket(action);
    if (fd < 0) {
        return refuse(kernel, "connect to", &action->remote, -fd);
    }
    socklen_t length = s2si_sockaddr_put(&name, &action->remote.addr, action->remote.port);
    if (connect(fd, &name.any, length) != 0 && errno != EINPROGRESS) {
        int error = errno;
        close(fd);
        return refuse(kernel, "connect to", &action->remote, error);
    }
    struct stream *stream = new_stream(kernel, action->stream.id, fd);
    if (stream == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    stream->state = CONNECTING;
    stream->local = action->local;
    stream->remote = action->remote;
    stream->events = S2S_LOOP_WRITE;
    int error = kernel->loop->watch_add(kernel->loop->context, fd, S2S_LOOP_WRITE, stream_ready, stream, &stream->watch);
    if (error != 0) {
        free_stream(stream);
    }
    return error;
}

int s2si_tun_stream_key(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    struct stream *stream = find_stream(kernel, action->stream.id);
    if (stream == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    int error = set_key(stream->fd, &action->remote.addr, &action->stream);
    return error == 0 ? 0 : refuse(kernel, "MD5 key for", &action->remote, error);
}

/* ---- closing ---- */

static void linger_over(void *user)
{
    free_stream(user);
}

static size_t count_lingering(s2s_tun_kernel *kernel)
{
    size_t count = 0;
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &kernel->streams)
    {
        count += S2SI_CONTAINER(node, struct stream, node)->state == LINGERING;
    }
    return count;
}

/* The engine has let go of the stream, and its id with it. Where it cannot linger it is closed at once. */
static void begin_to_linger(struct stream *stream)
{
    const struct s2s_loop *loop = stream->kernel->loop;
    if (count_lingering(stream->kernel) >= MOST_LINGERING ||
        loop->timer_add(loop->context, linger_over, stream, &stream->timer) != 0) {
        (void)drop_input(stream);
        free_stream(stream);
        return;
    }
    stream->state = LINGERING;
    loop->timer_set(loop->context, stream->timer, loop->now(loop->context) + LINGER_SECONDS * S2S_SECOND);
    linger(stream);
}

void s2si_tun_stream_close(s2s_tun_kernel *kernel, uint64_t id, bool reset)
{
    struct stream *stream = find_stream(kernel, id);
    if (stream == NULL) {
        return;
    }
    if (reset) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(stream->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    } else if (stream->state == CONNECTED) {
        write_out(stream, LAST_WORDS);
        begin_to_linger(stream);
        return;
    }
    free_stream(stream);
}

void s2si_tun_streams_close(s2s_tun_kernel *kernel)
{
    while (!s2si_list_empty(&kernel->streams)) {
        struct stream *stream = S2SI_CONTAINER(kernel->streams.next, struct stream, node);
        if (stream->state == LINGERING) {
            (void)drop_input(stream);
        }
        free_stream(stream);
    }
}
