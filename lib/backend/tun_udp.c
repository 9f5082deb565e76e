/* SPDX-License-Identifier: Apache-2.0 */
/* UDP sockets for IKE (port 500) and for IKE and ESP behind NAT (port 4500, RFC 3948). */
#define _GNU_SOURCE
#include "lib/backend/tun_batch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

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
        error = s2si_tun_refuse(kernel, "%s: %s", what, errno == EADDRINUSE ? "address already in use" : strerror(errno));
    }
    if (error != 0) {
        close(fd);
        return error;
    }
    out->fd = fd;
    out->port = port;
    return 0;
}

void s2si_tun_udp_ready(void *user, int fd, unsigned events)
{
    (void)fd;
    (void)events;
    struct s2si_tun_socket *socket = user;
    s2s_tun_kernel *kernel = socket->binding->kernel;
    for (int round = 0; round < S2SI_TUN_ROUNDS; round++) {
        size_t count = s2si_tun_receive(socket);
        for (size_t i = 0; i < count; i++) {
            kernel->batch->packets[i].kind = S2S_PACKET_UDP;
        }
        kernel->stats.udp_received += count;
        s2si_tun_handle(kernel, count);
        if (count < S2S_PACKET_BATCH) {
            return;
        }
    }
}
