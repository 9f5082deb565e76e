/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tun_offload: super-packets between us and the TUN (IFF_VNET_HDR, linux/virtio_net.h). A TCP stream of the host leaves
 * its stack as pieces of up to 64 KB that nobody has cut yet; here they are cut into packets, and what was decrypted is
 * joined again, so that the host's stack is walked through once for many packets. Pure functions on memory; nothing is
 * joined that the kernel could not cut again into the very same packets (RFC 9293; compare RFC 6864 for the
 * identification field).
 */
#ifndef S2SI_TUN_OFFLOAD_H
#define S2SI_TUN_OFFLOAD_H

#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <s2svpn/packet.h>

#define S2SI_SUPER_MOST 65535 /* octets of an IP packet */

/* A super-packet, or an ordinary packet, that is being cut. */
struct s2si_super {
    const uint8_t *data;
    size_t length;
    size_t ip, headers; /* where TCP begins, where its data begin */
    size_t size;        /* data octets of each piece; 0 = an ordinary packet */
    size_t at;          /* data octets that were given out */
    uint16_t number;    /* pieces that were given out */
    bool done;
};

/* Reads what came from the TUN; completes a checksum that the stack left to us. data is changed in place and stays
   borrowed.
   @return 0, S2S_ERR_MALFORMED, S2S_ERR_UNSUPPORTED. */
int s2si_super_begin(struct s2si_super *super, const struct virtio_net_hdr *header, uint8_t *data, size_t length);
/* Writes the next packet. @return its length; 0 = there is none left, or it does not fit, which ends the super-packet.
 */
size_t s2si_super_next(struct s2si_super *super, uint8_t *out, size_t capacity);

/* Packets that are being joined: vectors[0] is for the virtio header, then one for each packet's part. */
struct s2si_join {
    struct virtio_net_hdr header;
    struct iovec vectors[1 + S2S_PACKET_BATCH];
    size_t count;       /* packets */
    uint8_t *first;     /* the first packet, whose headers become those of all */
    size_t ip, headers; /* lengths of its headers: IP; IP and TCP */
    size_t size, total; /* data octets of each packet but the last; of all */
    bool joins;         /* a further packet may follow */
};

/* Begins with a packet, of any kind. */
void s2si_join_begin(struct s2si_join *join, uint8_t *data, size_t length);
/* @return false if the packet is not the continuation of the ones before. */
bool s2si_join_add(struct s2si_join *join, uint8_t *data, size_t length);
/* Writes the headers of the whole. Then vectors[0..count] go to the TUN. */
void s2si_join_finish(struct s2si_join *join);

#endif
