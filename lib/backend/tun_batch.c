/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "lib/backend/tun_batch.h"
#include "lib/base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

enum { SEGMENTS = 64, SEGMENTS_LENGTH = 65000 }; /* of one message: what every kernel takes, what an IP packet holds */

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
        return (struct s2s_endpoint){.addr = s2si_addr_bytes(6, name->in6.sin6_addr.s6_addr),
                                     .port = ntohs(name->in6.sin6_port)};
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
    kernel->batch = batch;
    batch->slots = s2si_alloc_array(&kernel->mem, S2S_PACKET_BATCH, S2SI_TUN_SLOT);
    batch->super = s2si_alloc_array(&kernel->mem, S2SI_TUN_SUPERS, S2SI_TUN_SUPER);
    if (batch->slots == NULL || batch->super == NULL) {
        s2si_tun_batch_delete(kernel);
        return S2S_ERR_NO_MEMORY;
    }
    return 0;
}

void s2si_tun_batch_delete(s2s_tun_kernel *kernel)
{
    if (kernel->batch != NULL) {
        s2si_free(&kernel->mem, kernel->batch->slots, (size_t)S2S_PACKET_BATCH * S2SI_TUN_SLOT);
        s2si_free(&kernel->mem, kernel->batch->super, (size_t)S2SI_TUN_SUPERS * S2SI_TUN_SUPER);
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

/* What the ancillary data tell: TOS or traffic class, the address that a packet was sent to, the size of joined pieces.
 */
static size_t read_control(struct msghdr *header, struct s2s_packet *packet)
{
    int size = 0;
    for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item != NULL; item = CMSG_NXTHDR(header, item)) {
        const unsigned char *data = CMSG_DATA(item);
        if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_TOS) {
            packet->tos = data[0];
        } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_TCLASS) {
            int class;
            memcpy(&class, data, sizeof class);
            packet->tos = (uint8_t) class;
        } else if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, data, sizeof info);
            packet->local.addr = s2si_addr_bytes(4, (const uint8_t *)&info.ipi_addr);
        } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, data, sizeof info);
            packet->local.addr = s2si_addr_bytes(6, info.ipi6_addr.s6_addr);
        } else if (item->cmsg_level == IPPROTO_UDP && item->cmsg_type == UDP_GRO) {
            memcpy(&size, data, sizeof size);
        }
    }
    return size > 0 ? (size_t)size : 0;
}

void s2si_tun_prepare(struct s2si_tun_messages *messages, size_t i, void *memory, size_t length)
{
    messages->vectors[i] = (struct iovec){.iov_base = memory, .iov_len = length};
    messages->headers[i].msg_hdr = (struct msghdr){
        .msg_name = &messages->names[i],
        .msg_namelen = sizeof messages->names[i],
        .msg_iov = &messages->vectors[i],
        .msg_iovlen = 1,
        .msg_control = messages->control[i].bytes,
        .msg_controllen = S2SI_TUN_CONTROL,
    };
}

size_t s2si_tun_receive_messages(const struct s2si_tun_socket *socket, struct s2si_tun_messages *messages, size_t most)
{
    int got;
    do {
        got = recvmmsg(socket->fd, messages->headers, (unsigned)most, MSG_DONTWAIT, NULL);
    } while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

size_t s2si_tun_received(const struct s2si_tun_socket *socket, struct msghdr *header, struct s2s_packet *packet)
{
    packet->remote = s2si_sockaddr_get(header->msg_name);
    packet->local = (struct s2s_endpoint){.addr = socket->binding->addr, .port = socket->port};
    return read_control(header, packet);
}

size_t s2si_tun_receive(struct s2si_tun_socket *socket)
{
    struct s2si_tun_batch *batch = socket->binding->kernel->batch;
    for (size_t i = 0; i < S2S_PACKET_BATCH; i++) {
        struct s2s_packet *packet = s2si_tun_batch_entry(batch, i);
        s2si_tun_prepare(&batch->in, i, packet->buffer + packet->offset, S2SI_TUN_DATA);
    }
    size_t count = s2si_tun_receive_messages(socket, &batch->in, S2S_PACKET_BATCH);
    for (size_t i = 0; i < count; i++) {
        struct s2s_packet *packet = &batch->packets[i];
        struct mmsghdr *message = &batch->in.headers[i];
        packet->length = (message->msg_hdr.msg_flags & MSG_TRUNC) != 0 ? 0 : message->msg_len;
        (void)s2si_tun_received(socket, &message->msg_hdr, packet);
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

static void put_message(struct s2si_tun_messages *out, size_t i, struct iovec *vector,
                        const struct s2si_tun_socket *socket, const struct s2s_packet *packet, bool esp)
{
    struct msghdr *header = &out->headers[i].msg_hdr;
    *vector = (struct iovec){.iov_base = packet->buffer + packet->offset, .iov_len = packet->length};
    *header = (struct msghdr){
        .msg_name = &out->names[i],
        .msg_namelen = s2si_sockaddr_put(&out->names[i], &packet->remote.addr, esp ? 0 : packet->remote.port),
        .msg_iov = vector,
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

/* Message i also carries the packet behind those that it has: the kernel cuts them apart again, all but the last of
   equal length (UDP_SEGMENT). vectors of a message lie side by side. */
static bool extend_message(struct s2si_tun_messages *out, size_t i, const struct s2s_packet *first,
                           const struct s2s_packet *packet)
{
    struct msghdr *header = &out->headers[i].msg_hdr;
    struct iovec *last = header->msg_iov + header->msg_iovlen - 1;
    if (packet->length > first->length || last->iov_len != first->length || packet->tos != first->tos ||
        header->msg_iovlen == SEGMENTS || (header->msg_iovlen + 1) * first->length > SEGMENTS_LENGTH ||
        !s2si_endpoint_equal(&packet->remote, &first->remote)) {
        return false;
    }
    last[1] = (struct iovec){.iov_base = packet->buffer + packet->offset, .iov_len = packet->length};
    header->msg_iovlen++;
    return true;
}

static void put_segment_size(struct msghdr *header)
{
    uint16_t size = (uint16_t)header->msg_iov[0].iov_len;
    if (header->msg_iovlen > 1) {
        put_control(header, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size);
    }
}

/* Without the kernel's help, which it refuses for packets that it would have to fragment. A packet that the socket does
   not take is dropped, as a router drops it: the rest goes on. */
static void send_singly(s2s_tun_kernel *kernel, const struct s2si_tun_socket *socket, struct msghdr *header,
                        uint64_t *sent)
{
    struct iovec *vectors = header->msg_iov;
    size_t count = header->msg_iovlen;
    if (count > 1) {
        header->msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
    }
    header->msg_iovlen = 1;
    for (size_t i = 0; i < count; i++) {
        ssize_t done;
        header->msg_iov = &vectors[i];
        do {
            done = sendmsg(socket->fd, header, MSG_DONTWAIT);
        } while (done < 0 && errno == EINTR);
        *(done < 0 ? &kernel->stats.send_dropped : sent) += 1;
    }
}

static void flush(s2s_tun_kernel *kernel, struct s2si_tun_socket *socket, size_t count, uint64_t *sent)
{
    struct mmsghdr *headers = kernel->batch->out.headers;
    size_t at = 0;
    while (at < count) {
        int done = sendmmsg(socket->fd, headers + at, (unsigned)(count - at), MSG_DONTWAIT);
        for (; done > 0; done--) {
            *sent += headers[at++].msg_hdr.msg_iovlen;
        }
        if (done < 0 && errno != EINTR) {
            socket->segments = socket->segments && errno != EIO; /* a device without checksums */
            send_singly(kernel, socket, &headers[at++].msg_hdr, sent);
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

/* @return how many messages the packets make. */
static size_t put_messages(struct s2si_tun_messages *out, const struct s2si_tun_socket *socket,
                           const struct s2s_packet *packets, size_t length, bool esp)
{
    const struct s2s_packet *first = packets;
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        if (count > 0 && socket->segments && extend_message(out, count - 1, first, &packets[i])) {
            continue;
        }
        first = &packets[i];
        put_message(out, count++, &out->vectors[i], socket, first, esp);
    }
    for (size_t i = 0; i < count; i++) {
        put_segment_size(&out->headers[i].msg_hdr);
    }
    return count;
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
    s2si_tun_socket_fragment(socket, first->dont_fragment);
    flush(kernel, socket, put_messages(&kernel->batch->out, socket, packets, length, esp),
          esp ? &kernel->stats.esp_sent : &kernel->stats.udp_sent);
    return length;
}

void s2si_tun_carry_out(s2s_tun_kernel *kernel, const struct s2s_packet *packets, size_t count)
{
    size_t at = 0;
    while (at < count) {
        if (outer(&packets[at])) {
            at += send_run(kernel, packets + at, count - at);
        } else if (packets[at].verdict == S2S_VERDICT_DELIVER) {
            at += s2si_tun_deliver(kernel, packets + at, count - at);
        } else {
            at++;
        }
    }
}
