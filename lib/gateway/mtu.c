/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mtu: what fits through a tunnel, from the suite's overhead, and the least of what a flow may meet after a failover. The
 * MSS is that less the inner TCP/IP headers (RFC 879, RFC 6691).
 */
#include "lib/gateway/datapath.h"

#include <string.h>

#include "lib/gateway/objects.h"
#include "lib/gateway/tunnel.h"

#define OUTER_MTU 1500
#define TCP_IPV4_HEADERS 40

void s2si_datapath_tunnel_init(s2s_tunnel *tunnel)
{
    memset(&tunnel->traffic, 0, sizeof tunnel->traffic);
    s2si_acquire_init(tunnel);
}

void s2si_datapath_tunnel_free(s2s_tunnel *tunnel)
{
    s2si_acquire_free(tunnel);
    (void)s2si_trie_remove(&tunnel->gateway->routing.inside,
                           &(struct s2s_prefix){tunnel->inside_remote, (uint8_t)(s2si_addr_length(&tunnel->inside_remote) * 8)});
}

/* The least over the integrity algorithms that may stand beside an encryption; with AEAD there is none. */
static size_t least_with(const struct s2s_tunnel_params *params, enum s2s_algorithm encryption,
                         enum s2s_esp_encapsulation encapsulation, int family)
{
    size_t least = s2s_esp_mtu(encryption, S2S_ALG_NONE, encapsulation, family, OUTER_MTU), with = 0;

    for (size_t i = 0; least == 0 && i < params->ipsec_integrity.count; i++) {
        size_t mtu = s2s_esp_mtu(encryption, (enum s2s_algorithm)params->ipsec_integrity.items[i], encapsulation,
                                 family, OUTER_MTU);
        with = mtu && (with == 0 || mtu < with) ? mtu : with;
    }
    return least ? least : with;
}

uint16_t s2si_datapath_least_mtu(const s2s_tunnel *tunnel)
{
    const struct s2s_tunnel_params *params = &tunnel->effective;
    enum s2s_esp_encapsulation encapsulation =
        params->encapsulation == S2S_ENCAPSULATION_NEVER ? S2S_ESP_RAW : S2S_ESP_UDP;
    int family = tunnel->remote.family ? tunnel->remote.family : tunnel->local.family;
    size_t least = OUTER_MTU;

    for (size_t i = 0; i < params->ipsec_encryption.count; i++) {
        size_t mtu = least_with(params, (enum s2s_algorithm)params->ipsec_encryption.items[i], encapsulation, family);
        least = mtu && mtu < least ? mtu : least;
    }
    return (uint16_t)least;
}

void s2si_datapath_rebuild(s2s_gateway *gateway)
{
    uint16_t least = 0;
    if (s2si_routing_inside(gateway) != 0) { /* tried again with the scan */
        s2si_log(&gateway->engine->log, S2S_LOG_ERROR, "gateway", gateway->params.name,
                 "no memory for the table of inside addresses: probes and BGP follow the active path");
        (void)s2si_timer_arm(&gateway->engine->timers, &gateway->scan_timer, gateway->engine->now + S2S_SECOND);
    }
    for (const s2s_tunnel *tunnel = s2si_tunnel_next(gateway, NULL); tunnel; tunnel = s2si_tunnel_next(gateway, tunnel))
        if (tunnel->traffic.mtu && (!least || tunnel->traffic.mtu < least))
            least = tunnel->traffic.mtu;
    gateway->mtu = least;
    gateway->mss = least > TCP_IPV4_HEADERS ? (uint16_t)(least - TCP_IPV4_HEADERS) : 0;
}

void s2si_datapath_sa_changed(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_ike_status status;
    if (tunnel->sa_out && tunnel->peer) {
        s2si_ike_peer_status(tunnel->peer, &status);
        size_t mtu = s2s_esp_mtu(status.child.encryption, status.child.integrity,
                                 status.udp_encapsulation ? S2S_ESP_UDP : S2S_ESP_RAW, status.remote.addr.family, OUTER_MTU);
        tunnel->traffic.mtu = (uint16_t)mtu;
        tunnel->traffic.mss = mtu > TCP_IPV4_HEADERS ? (uint16_t)(mtu - TCP_IPV4_HEADERS) : 0;
        tunnel->traffic.remote = status.udp_encapsulation ? status.remote : (struct s2s_endpoint){{0, {0}}, 0};
    }
    s2si_datapath_rebuild(tunnel->gateway);
    s2si_acquire_flush(tunnel, now);
}
