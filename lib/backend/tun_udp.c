/* SPDX-License-Identifier: Apache-2.0 */
/* UDP sockets for IKE (port 500) and for IKE and ESP behind NAT (port 4500, RFC 3948). */
#define _GNU_SOURCE
#include "lib/backend/tun_batch.h"

#include <errno.h>
#include <netinet/udp.h>
#include <string.h>
#include <unistd.h>

/* Joining and cutting in the kernel, where it can (Linux 4.18 and 5.0). */
static void offload(struct s2si_tun_socket *socket, int fd)
{
    int on = 1, size = 0;
    socklen_t length = sizeof size;
    (void)setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
    socket->segments = getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, &length) == 0;
}

int s2si_tun_udp_open(struct s2si_tun_binding *binding, struct s2si_tun_socket *out, uint16_t port)
{
    s2s_tun_kernel *kernel = binding->kernel;
    struct s2s_endpoint local = {.addr = binding->addr, .port = port};
    char what[S2S_ADDR_TEXT + 8] = "UDP ", text[S2S_ADDR_TEXT];
    union s2si_sockaddr name;
    strcat(what, s2s_endpoint_format(&local, text));
    int fd = socket(binding->addr.family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return s2si_tun_refuse(kernel, "%s: %s", what, strerror(errno));
    }
    int error = s2si_tun_outer_options(kernel, fd, binding, what);
    if (error == 0 && bind(fd, &name.any, s2si_sockaddr_put(&name, &binding->addr, port)) != 0) {
        error =
            s2si_tun_refuse(kernel, "%s: %s", what, errno == EADDRINUSE ? "address already in use" : strerror(errno));
    }
    if (error != 0) {
        close(fd);
        return error;
    }
    offload(out, fd);
    out->fd = fd;
    out->port = port;
    return 0;
}

/* Cuts a message apart that the kernel joined (UDP_GRO): entries point into it, from entry *count on. A full batch goes
   to the engine. */
static void cut(const struct s2si_tun_socket *socket, struct mmsghdr *message, size_t *count)
{
    s2s_tun_kernel *kernel = socket->binding->kernel;
    struct s2s_packet whole = {.kind = S2S_PACKET_UDP};
    uint8_t *data = message->msg_hdr.msg_iov->iov_base;
    size_t length = message->msg_len, size = s2si_tun_received(socket, &message->msg_hdr, &whole);
    if ((message->msg_hdr.msg_flags & MSG_TRUNC) != 0) {
        return;
    }
    for (size_t at = 0, part; at == 0 || at < length; at += part) {
        part = size != 0 && size < length - at ? size : length - at;
        struct s2s_packet *packet = &kernel->batch->packets[*count];
        *packet = whole;
        packet->buffer = data + at;
        packet->capacity = packet->length = part;
        kernel->stats.udp_received++;
        if (++*count == S2S_PACKET_BATCH) {
            s2si_tun_handle(kernel, *count);
            *count = 0;
        }
        if (part == 0) {
            return;
        }
    }
}

void s2si_tun_udp_ready(void *user, int fd, unsigned events)
{
    (void)fd;
    (void)events;
    struct s2si_tun_socket *socket = user;
    s2s_tun_kernel *kernel = socket->binding->kernel;
    size_t got = S2SI_TUN_SUPERS;
    for (int round = 0; round < S2SI_TUN_ROUNDS * S2S_PACKET_BATCH / S2SI_TUN_SUPERS && got == S2SI_TUN_SUPERS;
         round++) {
        size_t count = 0;
        for (size_t i = 0; i < S2SI_TUN_SUPERS; i++) {
            s2si_tun_prepare(&kernel->batch->in, i, kernel->batch->super + i * S2SI_TUN_SUPER, S2SI_TUN_SUPER);
        }
        got = s2si_tun_receive_messages(socket, &kernel->batch->in, S2SI_TUN_SUPERS);
        for (size_t i = 0; i < got; i++) {
            cut(socket, &kernel->batch->in.headers[i], &count);
        }
        s2si_tun_handle(kernel, count);
    }
}
