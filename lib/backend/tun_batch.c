/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "lib/backend/tun_batch.h"
#include "lib/base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

socklen_t s2si_sockaddr_put(union s2si_sockaddr *name, const struct s2s_addr *addr, uint16_t port)
{
    memset(name, 0, sizeof *name);
    if (addr->family == 6) {
        name->in6.sin6_family = AF_INET6;
        name->in6.sin6_port = htons(port);
        memcpy(&name->in6.sin6_addr, addr->bytes, 16);
        return sizeof name->in6;
    }
    name->in4.sin_family = AF_INET;
    name->in4.sin_port = htons(port);
    memcpy(&name->in4.sin_addr, addr->bytes, 4);
    return sizeof name->in4;
}

struct s2s_endpoint s2si_sockaddr_get(const union s2si_sockaddr *name)
{
    if (name->any.sa_family == AF_INET6) {
        return (struct s2s_endpoint){.addr = s2si_addr_bytes(6, name->in6.sin6_addr.s6_addr), .port = ntohs(name->in6.sin6_port)};
    }
    return (struct s2s_endpoint){.addr = s2si_addr_bytes(4, (const uint8_t *)&name->in4.sin_addr),
                                 .port = ntohs(name->in4.sin_port)};
}

int s2si_tun_batch_new(s2s_tun_kernel *kernel)
{
    struct s2si_tun_batch *batch = s2si_alloc(&kernel->mem, sizeof *batch);
    if (batch == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    batch->slots = s2si_alloc_array(&kernel->mem, S2S_PACKET_BATCH, S2SI_TUN_SLOT);
    if (batch->slots == NULL) {
        s2si_free(&kernel->mem, batch, sizeof *batch);
        return S2S_ERR_NO_MEMORY;
    }
    kernel->batch = batch;
    return 0;
}

void s2si_tun_batch_delete(s2s_tun_kernel *kernel)
{
    if (kernel->batch != NULL) {
        s2si_free(&kernel->mem, kernel->batch->slots, (size_t)S2S_PACKET_BATCH * S2SI_TUN_SLOT);
        s2si_free(&kernel->mem, kernel->batch, sizeof *kernel->batch);
        kernel->batch = NULL;
    }
}

struct s2s_packet *s2si_tun_batch_entry(struct s2si_tun_batch *batch, size_t i)
{
    struct s2s_packet *packet = &batch->packets[i];
    *packet = (struct s2s_packet){
        .buffer = batch->slots + i * S2SI_TUN_SLOT,
        .capacity = S2SI_TUN_SLOT,
        .offset = S2S_PACKET_HEADROOM,
    };
    return packet;
}

/* ---- receiving ---- */

/* What the ancillary data tell: TOS or traffic class, and the address that a packet was sent to. */
static void read_control(struct msghdr *header, struct s2s_packet *packet)
{
    for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item != NULL; item = CMSG_NXTHDR(header, item)) {
        const unsigned char *data = CMSG_DATA(item);
        if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_TOS) {
            packet->tos = data[0];
        } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_TCLASS) {
            int class;
            memcpy(&class, data, sizeof class);
            packet->tos = (uint8_t)class;
        } else if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, data, sizeof info);
            packet->local.addr = s2si_addr_bytes(4, (const uint8_t *)&info.ipi_addr);
        } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, data, sizeof info);
            packet->local.addr = s2si_addr_bytes(6, info.ipi6_addr.s6_addr);
        }
    }
}

static void prepare(struct s2si_tun_messages *messages, size_t i, struct s2s_packet *packet)
{
    messages->vectors[i] = (struct iovec){.iov_base = packet->buffer + packet->offset, .iov_len = S2SI_TUN_DATA};
    messages->headers[i].msg_hdr = (struct msghdr){
        .msg_name = &messages->names[i],
        .msg_namelen = sizeof messages->names[i],
        .msg_iov = &messages->vectors[i],
        .msg_iovlen = 1,
        .msg_control = messages->control[i].bytes,
        .msg_controllen = S2SI_TUN_CONTROL,
    };
}

size_t s2si_tun_receive(struct s2si_tun_socket *socket)
{
    struct s2si_tun_batch *batch = socket->binding->kernel->batch;
    for (size_t i = 0; i < S2S_PACKET_BATCH; i++) {
        prepare(&batch->in, i, s2si_tun_batch_entry(batch, i));
    }
    int got;
    do {
        got = recvmmsg(socket->fd, batch->in.headers, S2S_PACKET_BATCH, MSG_DONTWAIT, NULL);
    } while (got < 0 && errno == EINTR);
    size_t count = got > 0 ? (size_t)got : 0;
    for (size_t i = 0; i < count; i++) {
        struct s2s_packet *packet = &batch->packets[i];
        struct msghdr *header = &batch->in.headers[i].msg_hdr;
        packet->length = (header->msg_flags & MSG_TRUNC) != 0 ? 0 : batch->in.headers[i].msg_len;
        packet->remote = s2si_sockaddr_get(&batch->in.names[i]);
        packet->local = (struct s2s_endpoint){.addr = socket->binding->addr, .port = socket->port};
        read_control(header, packet);
    }
    return count;
}

void s2si_tun_handle(s2s_tun_kernel *kernel, size_t count)
{
    if (count > 0) {
        kernel->sink->packets(kernel->sink->user, kernel->batch->packets, count);
        s2si_tun_carry_out(kernel, kernel->batch->packets, count);
    }
}

/* ---- sending ---- */

static void put_control(struct msghdr *header, int level, int type, const void *data, size_t length)
{
    struct cmsghdr *item = (struct cmsghdr *)(void *)((char *)header->msg_control + header->msg_controllen);
    item->cmsg_level = level;
    item->cmsg_type = type;
    item->cmsg_len = CMSG_LEN(length);
    memcpy(CMSG_DATA(item), data, length);
    header->msg_controllen += CMSG_SPACE(length);
}

static void put_source(struct msghdr *header, const struct s2s_addr *source)
{
    if (source->family == 6) {
        struct in6_pktinfo info = {.ipi6_ifindex = 0};
        memcpy(&info.ipi6_addr, source->bytes, 16);
        put_control(header, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    } else {
        struct in_pktinfo info = {.ipi_ifindex = 0};
        memcpy(&info.ipi_spec_dst, source->bytes, 4);
        put_control(header, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    }
}

static void put_message(struct s2si_tun_messages *out, size_t i, const struct s2si_tun_socket *socket,
                        const struct s2s_packet *packet, bool esp)
{
    struct msghdr *header = &out->headers[i].msg_hdr;
    out->vectors[i] = (struct iovec){.iov_base = packet->buffer + packet->offset, .iov_len = packet->length};
    *header = (struct msghdr){
        .msg_name = &out->names[i],
        .msg_namelen = s2si_sockaddr_put(&out->names[i], &packet->remote.addr, esp ? 0 : packet->remote.port),
        .msg_iov = &out->vectors[i],
        .msg_iovlen = 1,
        .msg_control = out->control[i].bytes,
        .msg_controllen = 0,
    };
    memset(out->control[i].bytes, 0, S2SI_TUN_CONTROL);
    int tos = packet->tos;
    if (packet->remote.addr.family == 6) {
        put_control(header, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
    } else {
        put_control(header, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
    }
    if (socket->binding->any && !s2si_addr_is_any(&packet->local.addr)) {
        put_source(header, &packet->local.addr);
    }
}

/* A packet that the socket does not take is dropped, as a router drops it: the rest of the run goes on. */
static void flush(s2s_tun_kernel *kernel, struct s2si_tun_socket *socket, size_t count, uint64_t *sent)
{
    struct mmsghdr *headers = kernel->batch->out.headers;
    size_t at = 0;
    while (at < count) {
        int done = sendmmsg(socket->fd, headers + at, (unsigned)(count - at), MSG_DONTWAIT);
        if (done > 0) {
            *sent += (uint64_t)done;
            at += (size_t)done;
        } else if (errno != EINTR) {
            kernel->stats.send_dropped++;
            at++;
        }
    }
}

static bool outer(const struct s2s_packet *packet)
{
    return packet->verdict == S2S_VERDICT_SEND_ESP || packet->verdict == S2S_VERDICT_SEND_UDP;
}

static bool same_run(const struct s2s_packet *a, const struct s2s_packet *b)
{
    return a->verdict == b->verdict && a->dont_fragment == b->dont_fragment && a->local.port == b->local.port &&
           a->remote.addr.family == b->remote.addr.family && s2si_addr_equal(&a->local.addr, &b->local.addr);
}

/* Sends the entries from the first on that leave by the same socket. @return how many. */
static size_t send_run(s2s_tun_kernel *kernel, const struct s2s_packet *packets, size_t count)
{
    const struct s2s_packet *first = &packets[0];
    bool esp = first->verdict == S2S_VERDICT_SEND_ESP;
    size_t length = 1;
    while (length < count && length < S2S_PACKET_BATCH && same_run(first, &packets[length])) {
        length++;
    }
    struct s2si_tun_socket *socket = s2si_tun_socket_find(kernel, &first->local, esp);
    if (socket == NULL) {
        kernel->stats.no_socket += length;
        return length;
    }
    for (size_t i = 0; i < length; i++) {
        put_message(&kernel->batch->out, i, socket, &packets[i], esp);
    }
    s2si_tun_socket_fragment(socket, first->dont_fragment);
    flush(kernel, socket, length, esp ? &kernel->stats.esp_sent : &kernel->stats.udp_sent);
    return length;
}

void s2si_tun_carry_out(s2s_tun_kernel *kernel, const struct s2s_packet *packets, size_t count)
{
    size_t at = 0;
    while (at < count) {
        if (outer(&packets[at])) {
            at += send_run(kernel, packets + at, count - at);
        } else if (packets[at].verdict == S2S_VERDICT_DELIVER) {
            s2si_tun_deliver(kernel, &packets[at++]);
        } else {
            at++;
        }
    }
}
