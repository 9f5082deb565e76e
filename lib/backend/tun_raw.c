/* SPDX-License-Identifier: Apache-2.0 */
/* Raw sockets for IP protocol 50 (ESP, RFC 4303). IPv4 hands out the IP header too (raw(7)), IPv6 does not (RFC 3542). */
#define _GNU_SOURCE
#include "lib/backend/tun_batch.h"
#include "lib/base/address.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int s2si_tun_raw_open(struct s2si_tun_binding *binding, struct s2si_tun_socket *out)
{
    s2s_tun_kernel *kernel = binding->kernel;
    char what[S2S_ADDR_TEXT + 8] = "ESP ", text[S2S_ADDR_TEXT];
    union s2si_sockaddr name;
    strcat(what, s2s_addr_format(&binding->addr, text));
    int fd = socket(binding->addr.family == 6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ESP);
    if (fd < 0) {
        return s2si_tun_refuse(kernel, "%s: cannot open a raw socket: %s", what, strerror(errno));
    }
    int error = s2si_tun_outer_options(kernel, fd, binding, what);
    if (error == 0 && bind(fd, &name.any, s2si_sockaddr_put(&name, &binding->addr, 0)) != 0) {
        error = s2si_tun_refuse(kernel, "%s: %s", what, strerror(errno));
    }
    if (error != 0) {
        close(fd);
        return error;
    }
    out->fd = fd;
    out->port = 0;
    return 0;
}

/* Steps over the IPv4 header and reads from it what the sockets of other kinds tell aside. */
static void strip_header(struct s2s_packet *packet)
{
    const uint8_t *header = packet->buffer + packet->offset;
    size_t length = packet->length >= 20 ? (size_t)(header[0] & 0x0f) * 4 : 0;
    if (length < 20 || length > packet->length) {
        packet->length = 0;
        return;
    }
    packet->tos = header[1];
    packet->local.addr = s2si_addr_bytes(4, header + 16);
    packet->offset += length;
    packet->length -= length;
}

void s2si_tun_raw_ready(void *user, int fd, unsigned events)
{
    (void)fd;
    (void)events;
    struct s2si_tun_socket *socket = user;
    s2s_tun_kernel *kernel = socket->binding->kernel;
    bool ipv4 = socket->binding->addr.family != 6;
    for (int round = 0; round < S2SI_TUN_ROUNDS; round++) {
        size_t count = s2si_tun_receive(socket);
        for (size_t i = 0; i < count; i++) {
            struct s2s_packet *packet = &kernel->batch->packets[i];
            packet->kind = S2S_PACKET_ESP;
            packet->remote.port = 0;
            if (ipv4) {
                strip_header(packet);
            }
        }
        kernel->stats.esp_received += count;
        s2si_tun_handle(kernel, count);
        if (count < S2S_PACKET_BATCH) {
            return;
        }
    }
}
