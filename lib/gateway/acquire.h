/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acquire: the first packets of a tunnel that comes up on demand (startup_action trap). They start the negotiation and
 * wait here for its SA, so that the first ping is answered (RFC 4301 section 4.4.1: a policy without SA starts key
 * management). Bounded and made beforehand: S2SI_ACQUIRE_PACKETS each, for S2SI_ACQUIRE_AGE at most; what comes later finds
 * no room and is dropped, as a packet without SA always was.
 */
#ifndef S2SI_GATEWAY_ACQUIRE_H
#define S2SI_GATEWAY_ACQUIRE_H

#include <s2svpn/packet.h>
#include <s2svpn/tunnel.h>
#include "lib/base/base.h"

#define S2SI_ACQUIRE_PACKETS 8
#define S2SI_ACQUIRE_LENGTH 1500 /* longest inner packet that is kept */
#define S2SI_ACQUIRE_ANSWER (100 * (s2s_time)S2S_MILLISECOND) /* our answer is with the initiator by then, or lost */
#define S2SI_ACQUIRE_AGE (30 * (s2s_time)S2S_SECOND)

struct s2si_acquire_slot; /* acquire.c */

/* Embedded in s2s_tunnel as .acquire. */
struct s2si_acquire {
    struct s2si_acquire_slot *slots; /* NULL unless the tunnel is on demand */
    size_t count;
    struct s2si_timer timer;
    uint64_t kept, sent, dropped; /* totals */
};

void s2si_acquire_init(s2s_tunnel *tunnel);
/* The tunnel's settings stand: makes the queue of a tunnel on demand, frees that of another. Without memory there is none:
   the first packets are dropped then. */
void s2si_acquire_changed(s2s_tunnel *tunnel);
/* Wipes and frees what waits. */
void s2si_acquire_free(s2s_tunnel *tunnel);
/* Copies a packet without SA into the queue. @return whether it was kept. */
bool s2si_acquire_keep(s2s_tunnel *tunnel, const struct s2s_packet *packet, s2s_time now);
/* The tunnel got an outbound SA: sends by it what waits for any tunnel of its connection. Where the peer was the initiator
   that is a little later, so that no packet overtakes our answer (RFC 7296 section 2.8 for rekeys). */
void s2si_acquire_flush(s2s_tunnel *tunnel, s2s_time now);
/* The peer is ready by now. */
void s2si_acquire_timer(s2s_tunnel *tunnel, s2s_time now);

#endif
