/* SPDX-License-Identifier: Apache-2.0 */
/* tun_batch: buffers for reading and sending S2S_PACKET_BATCH packets at a time, made once. */
#ifndef S2SI_TUN_BATCH_H
#define S2SI_TUN_BATCH_H

#include "lib/backend/tun.h"

#include <netinet/in.h>
#include <sys/socket.h>

/* Room for IP_TOS and IP_PKTINFO, or their IPv6 kin. */
#define S2SI_TUN_CONTROL 128

/* Super-packets that one read takes in. */
#define S2SI_TUN_SUPERS 8
#define S2SI_TUN_SUPER 65536

union s2si_sockaddr {
    struct sockaddr any;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
};

struct s2si_tun_messages {
    struct mmsghdr headers[S2S_PACKET_BATCH];
    struct iovec vectors[S2S_PACKET_BATCH];
    union s2si_sockaddr names[S2S_PACKET_BATCH];
    union {
        char bytes[S2SI_TUN_CONTROL];
        size_t align; /* as struct cmsghdr begins */
    } control[S2S_PACKET_BATCH];
};

struct s2si_tun_batch {
    struct s2s_packet packets[S2S_PACKET_BATCH];
    struct s2si_tun_messages in, out;
    uint8_t *slots; /* S2S_PACKET_BATCH * S2SI_TUN_SLOT */
    uint8_t *super; /* S2SI_TUN_SUPERS * S2SI_TUN_SUPER: what is to be cut */
};

int s2si_tun_batch_new(s2s_tun_kernel *kernel);
void s2si_tun_batch_delete(s2s_tun_kernel *kernel);
/* Entry i as it was made: empty, data at S2S_PACKET_HEADROOM. */
struct s2s_packet *s2si_tun_batch_entry(struct s2si_tun_batch *batch, size_t i);
/* What a message that was received tells: remote, tos and (any address) local. @return the size that the kernel joined
   pieces of, 0 = it is one packet. */
size_t s2si_tun_received(const struct s2si_tun_socket *socket, struct msghdr *header, struct s2s_packet *packet);
/* recvmmsg that waits for nothing. @return how many, 0 = no more. */
size_t s2si_tun_receive_messages(const struct s2si_tun_socket *socket, struct s2si_tun_messages *messages, size_t most);
/* Message i receives into memory. */
void s2si_tun_prepare(struct s2si_tun_messages *messages, size_t i, void *memory, size_t length);
/* Receives into the entries; for each its length, remote, tos and (any address) local are set. @return how many, 0 = no
 * more. */
size_t s2si_tun_receive(struct s2si_tun_socket *socket);
/* Hands count entries to the engine and carries out their verdicts. */
void s2si_tun_handle(s2s_tun_kernel *kernel, size_t count);
/* Carries out verdicts. */
void s2si_tun_carry_out(s2s_tun_kernel *kernel, const struct s2s_packet *packets, size_t count);

/* @return the length of the name. A family-0 address is IPv4's any. */
socklen_t s2si_sockaddr_put(union s2si_sockaddr *name, const struct s2s_addr *addr, uint16_t port);
struct s2s_endpoint s2si_sockaddr_get(const union s2si_sockaddr *name);

#endif
