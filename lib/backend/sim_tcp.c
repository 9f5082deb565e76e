/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/sim_tcp.h"

#include <string.h>

/* RFC 6298: first timeout 1 s; ours may fall to 200 ms as Linux's does, and doubles up to a minute. */
#define RTO_FIRST ((s2s_time)S2S_SECOND)
#define RTO_LEAST (200 * (s2s_time)S2S_MILLISECOND)
#define RTO_MOST (60 * (s2s_time)S2S_SECOND)
#define PEER_FIN_WAIT (60 * (s2s_time)S2S_SECOND) /* FIN-WAIT-2 of a socket that nobody owns */
#define TIME_WAIT (10 * (s2s_time)S2S_SECOND)     /* to acknowledge the peer's FIN again */
enum { RETRIES_SYN = 6, RETRIES_DATA = 15, SAME_ACKS = 3, IN_FLIGHT_MOST = 32768, WINDOW_MOST = 65535, MSS_DEFAULT = 536 };

static bool after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

/* ---- sockets ---- */

static void timer_fired(s2s_sim *sim, struct s2si_sim_event *event);
static void work_fired(s2s_sim *sim, struct s2si_sim_event *event);

struct s2si_sim_socket *s2si_sim_socket_new(struct s2si_sim_kernel *kernel)
{
    struct s2si_mem *mem = &kernel->node->sim->mem;
    struct s2si_sim_socket *socket = s2si_alloc(mem, sizeof *socket);
    if (socket == NULL) {
        return NULL;
    }
    socket->buffer = s2si_alloc(mem, kernel->params.stream_buffer);
    if (socket->buffer == NULL) {
        s2si_free(mem, socket, sizeof *socket);
        return NULL;
    }
    socket->kernel = kernel;
    socket->timer.fire = timer_fired;
    socket->work.fire = work_fired;
    socket->rto = RTO_FIRST;
    socket->timed_at = S2S_TIME_NEVER;
    s2si_list_append(&kernel->streams->sockets, &socket->node);
    return socket;
}

void s2si_sim_socket_free(struct s2si_sim_socket *socket)
{
    struct s2si_sim_kernel *kernel = socket->kernel;
    s2s_sim *sim = kernel->node->sim;
    s2si_sim_cancel(sim, &socket->timer);
    s2si_sim_cancel(sim, &socket->work);
    s2si_list_remove(&socket->node);
    s2si_free(&sim->mem, socket->buffer, kernel->params.stream_buffer);
    s2si_free_secret(&sim->mem, socket, sizeof *socket);
}

/* Callers up the stack may still hold it: it is freed when the clock turns, or with the kernel. */
void s2si_sim_socket_bury(struct s2si_sim_socket *socket)
{
    struct s2si_sim_streams *streams = socket->kernel->streams;
    s2s_sim *sim = socket->kernel->node->sim;
    if (socket->dead) {
        return;
    }
    socket->dead = socket->orphan = true;
    s2si_sim_cancel(sim, &socket->timer);
    s2si_sim_cancel(sim, &socket->work);
    s2si_list_remove(&socket->node);
    s2si_list_append(&streams->graveyard, &socket->node);
    (void)s2si_sim_arrange(sim, &streams->reap, sim->now);
}

void s2si_sim_tcp_tell(struct s2si_sim_socket *socket, enum s2s_stream_input_type type, const uint8_t *data, size_t length,
                       int error)
{
    struct s2si_sim_kernel *kernel = socket->kernel;
    struct s2s_stream_input input = {.struct_size = sizeof input,
                                     .type = type,
                                     .stream = socket->id,
                                     .listener = socket->listener,
                                     .local = socket->local,
                                     .remote = socket->remote,
                                     .data = data,
                                     .length = length,
                                     .error = error};
    if (!socket->orphan && kernel->running) {
        socket->orphan = type == S2S_STREAM_CLOSED;
        kernel->sink.stream(kernel->sink.user, &input);
    }
}

static void fail(struct s2si_sim_socket *socket, int error)
{
    /* A stream that was never accepted is unknown to the owner. */
    socket->orphan = socket->orphan || socket->state == S2SI_SIM_SYN_RECEIVED;
    s2si_sim_tcp_tell(socket, S2S_STREAM_CLOSED, NULL, 0, error);
    s2si_sim_socket_bury(socket);
}

uint32_t s2si_sim_tcp_window(const struct s2si_sim_socket *socket)
{
    uint32_t window = socket->kernel->streams->window;
    window = window < socket->kernel->params.stream_buffer ? window : socket->kernel->params.stream_buffer;
    return window < WINDOW_MOST ? window : WINDOW_MOST;
}

/* ---- sending ---- */

static void set_timer(struct s2si_sim_socket *socket)
{
    s2s_sim *sim = socket->kernel->node->sim;
    s2s_time rto = socket->rto;
    for (unsigned i = 0; i < socket->retries && rto < RTO_MOST; i++) {
        rto *= 2;
    }
    rto = rto < RTO_MOST ? rto : RTO_MOST;
    bool waits = socket->nxt != socket->una || (socket->length > 0 && socket->peer_window == 0);
    if (!s2si_sim_arrange(sim, &socket->timer, waits ? sim->now + rto : S2S_TIME_NEVER)) {
        sim->stats.no_memory++;
    }
}

static void send_data(struct s2si_sim_socket *socket, size_t chunk)
{
    if (socket->timed_at == S2S_TIME_NEVER && socket->nxt == socket->highest) { /* Karn: only what goes out the first time */
        socket->timed_at = socket->kernel->node->sim->now;
        socket->timed_seq = socket->nxt;
    }
    socket->kernel->stats.retransmissions += after(socket->highest, socket->nxt);
    s2si_sim_segment_send(socket, socket->nxt, S2SI_SIM_ACK | S2SI_SIM_PSH, socket->buffer + (socket->nxt - socket->una), chunk);
    socket->nxt += (uint32_t)chunk;
    socket->highest = after(socket->nxt, socket->highest) ? socket->nxt : socket->highest;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

static void output(struct s2si_sim_socket *socket)
{
    if (socket->state != S2SI_SIM_ESTABLISHED || socket->fin_acked) {
        return;
    }
    uint32_t window = socket->peer_window < IN_FLIGHT_MOST ? socket->peer_window : IN_FLIGHT_MOST;
    while (socket->nxt - socket->una < socket->length && socket->nxt - socket->una < window) {
        uint32_t sent = socket->nxt - socket->una;
        send_data(socket, smallest(socket->mss, socket->length - sent, window - sent));
    }
    if (socket->fin_wanted && socket->nxt - socket->una == socket->length) {
        s2si_sim_segment_send(socket, socket->nxt, S2SI_SIM_FIN | S2SI_SIM_ACK, NULL, 0);
        socket->nxt++;
        socket->highest = after(socket->nxt, socket->highest) ? socket->nxt : socket->highest;
    }
    if (socket->timer.slot == 0) {
        set_timer(socket);
    }
}

static void send_syn(struct s2si_sim_socket *socket)
{
    uint8_t flags = socket->state == S2SI_SIM_SYN_SENT ? S2SI_SIM_SYN : S2SI_SIM_SYN | S2SI_SIM_ACK;
    s2si_sim_segment_send(socket, socket->una, flags, NULL, 0);
    socket->nxt = socket->highest = socket->una + 1;
    set_timer(socket);
}

static void send_ack(struct s2si_sim_socket *socket)
{
    s2si_sim_segment_send(socket, socket->nxt, S2SI_SIM_ACK, NULL, 0);
}

/* The largest segment that fits the way to the peer. */
static uint16_t way_mss(const struct s2si_sim_socket *socket)
{
    const s2s_sim_node *node = socket->kernel->node;
    const struct s2si_sim_route *route =
        s2si_sim_route_find(&node->routes, &socket->local.addr, &socket->remote.addr, false);
    uint32_t mtu = route == NULL || route->target == S2SI_SIM_TO_NOBODY ? 0
                   : route->target == S2SI_SIM_TO_LINK                  ? s2si_sim_link_mtu(route->link, node)
                                                       : s2si_sim_kernel_mtu(node, route->device);
    uint32_t headers = (socket->local.addr.family == 4 ? 20u : 40u) + 20u + (socket->md5.length > 0 ? 20u : 0u);
    mtu = mtu > 9000 ? 9000 : mtu;
    return mtu < headers + MSS_DEFAULT ? MSS_DEFAULT : (uint16_t)(mtu - headers);
}

void s2si_sim_tcp_open(struct s2si_sim_socket *socket, enum s2si_sim_tcp_state state)
{
    socket->state = state;
    socket->una = (uint32_t)s2s_sim_random(socket->kernel->node->sim);
    socket->mss = way_mss(socket);
    send_syn(socket);
}

static void timer_fired(s2s_sim *sim, struct s2si_sim_event *event)
{
    struct s2si_sim_socket *socket = S2SI_CONTAINER(event, struct s2si_sim_socket, timer);
    (void)sim;
    if (socket->fin_acked) {
        s2si_sim_socket_bury(socket);
        return;
    }
    bool established = socket->state == S2SI_SIM_ESTABLISHED;
    if (++socket->retries > (established ? RETRIES_DATA : RETRIES_SYN)) {
        fail(socket, S2S_ERR_KERNEL);
        return;
    }
    socket->timed_at = S2S_TIME_NEVER;
    if (!established) {
        socket->kernel->stats.retransmissions++;
        send_syn(socket);
        return;
    }
    socket->nxt = socket->una;
    if (socket->peer_window == 0 && socket->length > 0) {
        send_data(socket, 1); /* the answer tells the window, RFC 9293 section 3.8.6.1 */
        set_timer(socket);
    } else {
        output(socket);
    }
}

/* ---- pulling what the owner has ---- */

static void pull(struct s2si_sim_socket *socket)
{
    struct s2si_sim_kernel *kernel = socket->kernel;
    size_t room = kernel->params.stream_buffer - socket->length;
    if (socket->orphan || socket->state != S2SI_SIM_ESTABLISHED || !socket->wants_pull || room == 0 || !kernel->running) {
        return;
    }
    if (socket->blocked) {
        if (room < kernel->params.stream_buffer / 2) {
            return;
        }
        socket->blocked = false;
        s2si_sim_tcp_tell(socket, S2S_STREAM_WRITABLE, NULL, 0, 0);
    }
    if (!socket->dead && !socket->orphan) {
        size_t got = kernel->sink.stream_pull(kernel->sink.user, socket->id, socket->buffer + socket->length, room);
        got = got < room ? got : room;
        socket->length += got;
        socket->blocked = got == room;
        socket->wants_pull = got == room;
    }
}

static void work_fired(s2s_sim *sim, struct s2si_sim_event *event)
{
    struct s2si_sim_socket *socket = S2SI_CONTAINER(event, struct s2si_sim_socket, work);
    (void)sim;
    pull(socket);
    if (!socket->dead) {
        output(socket);
    }
}

void s2si_sim_tcp_work(struct s2si_sim_socket *socket)
{
    s2s_sim *sim = socket->kernel->node->sim;
    if (socket->work.slot == 0 && !s2si_sim_arrange(sim, &socket->work, sim->now)) {
        sim->stats.no_memory++;
    }
}

void s2si_sim_tcp_close(struct s2si_sim_socket *socket, bool reset)
{
    socket->orphan = true;
    socket->wants_pull = false;
    if (reset || socket->state != S2SI_SIM_ESTABLISHED) {
        if (socket->state == S2SI_SIM_ESTABLISHED) {
            s2si_sim_segment_send(socket, socket->nxt, S2SI_SIM_RST | S2SI_SIM_ACK, NULL, 0);
            socket->kernel->stats.stream_resets++;
        }
        s2si_sim_socket_bury(socket);
        return;
    }
    socket->fin_wanted = true;
    output(socket);
}

/* ---- receiving ---- */

/* RFC 6298 in its simplest form: twice the smoothed round trip. */
static void measure(struct s2si_sim_socket *socket, uint32_t ack)
{
    s2s_time now = socket->kernel->node->sim->now;
    if (socket->timed_at == S2S_TIME_NEVER || !after(ack, socket->timed_seq)) {
        return;
    }
    s2s_time sample = 2 * (now - socket->timed_at);
    socket->rto = socket->rto == RTO_FIRST ? sample : (7 * socket->rto + sample) / 8;
    socket->rto = socket->rto < RTO_LEAST ? RTO_LEAST : socket->rto;
    socket->timed_at = S2S_TIME_NEVER;
}

static void linger(struct s2si_sim_socket *socket, s2s_time duration)
{
    s2s_sim *sim = socket->kernel->node->sim;
    if (!s2si_sim_arrange(sim, &socket->timer, sim->now + duration)) {
        s2si_sim_socket_bury(socket);
    }
}

static void our_fin_acked(struct s2si_sim_socket *socket)
{
    socket->fin_acked = true;
    if (socket->peer_fin) {
        s2si_sim_socket_bury(socket);
    } else {
        linger(socket, PEER_FIN_WAIT);
    }
}

static void take_ack(struct s2si_sim_socket *socket, const struct s2si_sim_segment *segment)
{
    uint32_t acked = segment->ack - socket->una;
    bool news = after(segment->ack, socket->una) && !after(segment->ack, socket->highest);
    bool same = segment->ack == socket->una && segment->length == 0 && segment->window == socket->peer_window;
    socket->retries = 0; /* the peer lives */
    socket->same_acks = same && socket->nxt != socket->una ? socket->same_acks + 1 : 0;
    bool opened = socket->peer_window == 0 && segment->window > 0;
    socket->peer_window = segment->window;
    if (news) {
        size_t data = acked < socket->length ? acked : socket->length;
        measure(socket, segment->ack);
        memmove(socket->buffer, socket->buffer + data, socket->length - data);
        socket->length -= data;
        socket->una = segment->ack;
        socket->nxt = after(socket->una, socket->nxt) ? socket->una : socket->nxt;
        set_timer(socket);
        if (acked > data) {
            our_fin_acked(socket);
            return;
        }
        if (socket->wants_pull) {
            s2si_sim_tcp_work(socket);
        }
    } else if (opened || (socket->same_acks == SAME_ACKS && socket->peer_window > 0)) { /* a probe's byte was not taken */
        socket->nxt = socket->una;
        socket->timed_at = S2S_TIME_NEVER;
    }
    output(socket);
}

static void established(struct s2si_sim_socket *socket, const struct s2si_sim_segment *segment)
{
    bool connecting = socket->state == S2SI_SIM_SYN_SENT;
    socket->state = S2SI_SIM_ESTABLISHED;
    socket->una = socket->nxt = socket->highest = segment->ack;
    socket->peer_window = segment->window;
    socket->retries = 0;
    if (segment->mss != 0 && segment->mss < socket->mss) {
        socket->mss = segment->mss;
    }
    set_timer(socket);
    if (connecting) {
        socket->rcv_nxt = segment->seq + 1;
        send_ack(socket);
    }
    s2si_sim_tcp_tell(socket, connecting ? S2S_STREAM_CONNECTED : S2S_STREAM_ACCEPTED, NULL, 0, 0);
    if (!socket->dead && socket->wants_pull) {
        s2si_sim_tcp_work(socket);
    }
}

/* RFC 9293 section 3.10.7.3. */
static void input_syn_sent(struct s2si_sim_socket *socket, const struct s2si_sim_segment *segment)
{
    bool acks = (segment->flags & S2SI_SIM_ACK) != 0;
    if (acks && segment->ack != socket->nxt) {
        s2si_sim_segment_refuse(socket->kernel, segment);
    } else if (acks && (segment->flags & S2SI_SIM_RST) != 0) {
        fail(socket, S2S_ERR_KERNEL);
    } else if (acks && (segment->flags & S2SI_SIM_SYN) != 0) {
        established(socket, segment);
    }
}

static void peer_finished(struct s2si_sim_socket *socket)
{
    socket->rcv_nxt++;
    socket->peer_fin = true;
    send_ack(socket);
    s2si_sim_tcp_tell(socket, S2S_STREAM_CLOSED, NULL, 0, 0);
    if (socket->fin_acked) {
        linger(socket, TIME_WAIT);
    } else if (!socket->dead) { /* we have nothing more to say either */
        socket->orphan = true;
        socket->wants_pull = false;
        socket->length = socket->nxt - socket->una < socket->length ? socket->nxt - socket->una : socket->length;
        socket->fin_wanted = true;
        output(socket);
    }
}

/* The part of the segment that is new and fits the window. @return false if it is out of order. */
static bool trim(const struct s2si_sim_socket *socket, const struct s2si_sim_segment *segment, size_t *skip, size_t *take)
{
    if (after(segment->seq, socket->rcv_nxt)) {
        return false;
    }
    *skip = socket->rcv_nxt - segment->seq;
    if (*skip > segment->length) {
        return false;
    }
    uint32_t window = s2si_sim_tcp_window(socket);
    *take = segment->length - *skip < window ? segment->length - *skip : window;
    return true;
}

static void take_data(struct s2si_sim_socket *socket, const struct s2si_sim_segment *segment)
{
    size_t skip = 0, take = 0;
    bool fin = (segment->flags & S2SI_SIM_FIN) != 0;
    if (segment->length == 0 && !fin) {
        return;
    }
    if (!trim(socket, segment, &skip, &take)) {
        send_ack(socket);
        return;
    }
    if (take > 0 && socket->orphan) { /* nobody will read it */
        s2si_sim_tcp_close(socket, true);
        return;
    }
    socket->rcv_nxt += (uint32_t)take;
    if (take > 0) {
        send_ack(socket);
        s2si_sim_tcp_tell(socket, S2S_STREAM_DATA, segment->data + skip, take, 0);
    }
    if (fin && !socket->dead && socket->rcv_nxt == segment->seq + segment->length) {
        peer_finished(socket);
    } else if (take == 0 && !socket->dead) {
        send_ack(socket);
    }
}

void s2si_sim_tcp_input(struct s2si_sim_socket *socket, const struct s2si_sim_segment *segment)
{
    if (socket->state == S2SI_SIM_SYN_SENT) {
        input_syn_sent(socket, segment);
        return;
    }
    if ((segment->flags & S2SI_SIM_RST) != 0) {
        if (segment->seq - socket->rcv_nxt <= s2si_sim_tcp_window(socket)) {
            fail(socket, S2S_ERR_KERNEL);
        }
        return;
    }
    if ((segment->flags & S2SI_SIM_SYN) != 0) {
        if (socket->state == S2SI_SIM_SYN_RECEIVED) {
            send_syn(socket);
        } else {
            send_ack(socket); /* RFC 5961 section 4 */
        }
        return;
    }
    if ((segment->flags & S2SI_SIM_ACK) == 0) {
        return;
    }
    if (socket->state == S2SI_SIM_SYN_RECEIVED && segment->ack == socket->nxt) {
        established(socket, segment);
    }
    if (socket->state == S2SI_SIM_ESTABLISHED && !socket->dead) {
        take_ack(socket, segment);
    }
    if (socket->state == S2SI_SIM_ESTABLISHED && !socket->dead) {
        take_data(socket, segment);
    }
}
