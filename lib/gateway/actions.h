/* SPDX-License-Identifier: Apache-2.0 */
/*
 * actions: what waits to be done outside, in lines by kind. s2s_engine_next_action() empties them in this order:
 *
 *   operations on the kernel (in the order in which reconcile started them)   built from the item when they are pulled
 *   streams            WRITE and CLOSE, behind the CONNECTs among the operations
 *   IKE datagrams      bounded: beyond it the oldest is dropped, IKE sends it again
 *   jobs               one per DH step under way
 *   packets            made by the engine (probes, ICMP errors, acquired packets); bounded: beyond it the newest is
 * refused
 */
#ifndef S2SI_GATEWAY_ACTIONS_H
#define S2SI_GATEWAY_ACTIONS_H

#include <s2svpn/gateway.h>
#include "lib/base/base.h"

#define S2SI_ACTION_DATAGRAMS 1024
#define S2SI_ACTION_PACKETS 256

/* A datagram or packet with its bytes behind it. */
struct s2si_sending {
    struct s2si_list node;
    struct s2s_endpoint local, remote;
    struct s2s_packet packet; /* packets only */
    size_t length;
    uint8_t data[];
};

struct s2si_actions {
    struct s2si_mem *mem;
    struct s2si_list operations; /* struct s2si_operation.node, not yet handed out */
    struct s2si_list jobs;       /* likewise */
    struct s2si_list datagrams, packets;
    struct s2si_list streams;    /* struct s2si_stream_action (bgp_glue.h): WRITE and CLOSE */
    size_t datagram_count, packet_count;
    uint64_t datagrams_dropped, packets_dropped;
    struct s2si_sending *held; /* handed out last */
};

void s2si_actions_init(struct s2si_actions *actions, struct s2si_mem *mem);
void s2si_actions_free(struct s2si_actions *actions);
void s2si_actions_datagram(struct s2si_actions *actions, const struct s2s_endpoint *local,
                           const struct s2s_endpoint *remote, const uint8_t *data, size_t length);
bool s2si_actions_empty(const struct s2si_actions *actions);

#endif
