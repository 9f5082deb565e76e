/* SPDX-License-Identifier: Apache-2.0 */
/* datapath: batches of packets between TUN and wire. No allocation, no lock, no copy per packet. */
#ifndef S2SI_GATEWAY_DATAPATH_H
#define S2SI_GATEWAY_DATAPATH_H

#include <s2svpn/engine.h>
#include <s2svpn/esp.h>
#include <s2svpn/gateway.h>
#include "lib/base/base.h"

/* Embedded in s2s_engine as .datapath. */
struct s2si_datapath {
    s2s_esp *esp; /* NULL when the kernel does ESP */
    uint64_t drops[S2S_DROP_REASONS];
};
/* Embedded in s2s_tunnel as .traffic: totals over rekeys. */
struct s2si_traffic {
    uint64_t bytes_in, bytes_out, packets_in, packets_out, drops_in, drops_out;
    uint64_t drops[S2S_DROP_REASONS];
    s2s_time last_in, last_out;
    s2s_time last_inner_in; /* inner data, no probes: the planned take-down waits for silence */
    uint16_t mtu, mss;
    struct s2s_endpoint remote; /* where the outbound SA sends to: what comes from elsewhere tells of a NAT mapping */
};

int s2si_datapath_init(s2s_engine *engine);
void s2si_datapath_free(s2s_engine *engine);
void s2si_datapath_packets(s2s_engine *engine, struct s2s_packet *batch, size_t count, s2s_time now);
/* Seals one inner packet on a tunnel's own SA, whatever the active path is, and sends it (probes, answers to them).
   @return false if it could not be sent. */
bool s2si_datapath_send_by(s2s_tunnel *tunnel, const uint8_t *inner, size_t length, s2s_time now);
/* The same for a packet from the device that waited for the SA (acquire.h): MTU, MSS and counters as for any other. */
bool s2si_datapath_send_waiting(s2s_tunnel *tunnel, const uint8_t *inner, size_t length, uint8_t device, s2s_time now);
/* Tunnels, addresses or devices of the gateway changed: whatever is precomputed for packets is made anew. */
void s2si_datapath_rebuild(s2s_gateway *gateway);
void s2si_datapath_tunnel_init(s2s_tunnel *tunnel);
void s2si_datapath_tunnel_free(s2s_tunnel *tunnel);
/* tunnel->sa_out changed: computes MTU and MSS, sends what waited. */
void s2si_datapath_sa_changed(s2s_tunnel *tunnel, s2s_time now);
/* The MTU if the two ends agree on what costs most of all that this tunnel offers (in UDP, unless it never is). */
uint16_t s2si_datapath_least_mtu(const s2s_tunnel *tunnel);

#endif
