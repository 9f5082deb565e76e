/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS's text file for vendor Generic, platform Generic: a header with three names, then sections #1 (IKE), #2 (IPsec),
 * #3 (tunnel interface) and #4 (BGP, or static routes) for each tunnel. Lines are "- Key : value"; the sentences
 * between them are for people, and import skips them.
 */
#include <stdio.h>

#include "lib/config/device_view.h"

#define RULE "================================================================================\n"

static void line(s2si_text *out, const char *key, const char *value)
{
    s2si_buffer_printf(out, "  - %-28s : %s\n", key, value);
}

static void number_line(s2si_text *out, const char *key, unsigned long number, const char *unit)
{
    s2si_buffer_printf(out, "  - %-28s : %lu%s\n", key, number, unit);
}

static void address_line(s2si_text *out, const char *key, const struct s2s_addr *address, unsigned length)
{
    char text[S2S_ADDR_TEXT], slash[16] = "";

    if (length) {
        snprintf(slash, sizeof(slash), "/%u", length);
    }
    s2si_buffer_printf(out, "  - %-28s : %s%s\n", key, address->family ? s2s_addr_format(address, text) : "none",
                       address->family ? slash : "");
}

static void group_line(s2si_text *out, const char *key, const char *before, enum s2s_algorithm group)
{
    char text[48];

    snprintf(text, sizeof(text), "%s%u", before, s2si_file_group(group));
    line(out, key, group == S2S_ALG_NONE ? "disabled" : text);
}

static void ike(const struct s2si_view_tunnel *tunnel, s2si_text *out)
{
    bool v2 = (tunnel->params.ike_version & S2S_IKEV2) != 0;

    s2si_buffer_printf(out, "#1: Internet Key Exchange Configuration\n\n"
                            "Configure the IKE SA as follows. UDP ports 500 and 4500 and protocol ESP have to pass.\n");
    line(out, "IKE version", v2 ? "IKEv2" : "IKEv1");
    line(out, "Authentication Method", "Pre-Shared Key");
    line(out, "Pre-Shared Key", tunnel->psk);
    if (tunnel->ike_integrity != S2S_ALG_NONE) {
        line(out, "Authentication Algorithm", s2si_file_integrity(tunnel->ike_integrity));
    }
    line(out, "Encryption Algorithm", s2si_file_encryption(tunnel->ike_encryption));
    number_line(out, "Lifetime", (unsigned long)tunnel->params.ike_lifetime, " seconds");
    if (!v2) {
        line(out, "Phase 1 Negotiation Mode", tunnel->params.ike_mode ? tunnel->params.ike_mode : "main");
    }
    group_line(out, "Diffie-Hellman", "Group ", tunnel->ike_group);
    s2si_buffer_printf(out, "\n");
}

static void ipsec(const struct s2si_view_tunnel *tunnel, s2si_text *out)
{
    int retries = tunnel->params.dpd_delay > 0 ? tunnel->params.dpd_timeout / tunnel->params.dpd_delay : 0;

    s2si_buffer_printf(out, "#2: IPSec Configuration\n\nConfigure the IPSec SA as follows:\n");
    line(out, "Protocol", "esp");
    if (tunnel->ipsec_integrity != S2S_ALG_NONE) {
        line(out, "Authentication Algorithm", s2si_file_hmac(tunnel->ipsec_integrity));
    }
    line(out, "Encryption Algorithm", s2si_file_encryption(tunnel->ipsec_encryption));
    number_line(out, "Lifetime", (unsigned long)tunnel->params.ipsec_lifetime, " seconds");
    line(out, "Mode", "tunnel");
    group_line(out, "Perfect Forward Secrecy", "Diffie-Hellman Group ", tunnel->ipsec_group);
    s2si_buffer_printf(out, "\nDead Peer Detection (DPD) is enabled here; enable it on your device too:\n");
    number_line(out, "DPD Interval", (unsigned long)(tunnel->params.dpd_delay > 0 ? tunnel->params.dpd_delay : 10), "");
    number_line(out, "DPD Retries", (unsigned long)(retries > 0 ? retries : 3), "");
    s2si_buffer_printf(out, "\nESP needs room in each packet:\n");
    number_line(out, "TCP MSS Adjustment", tunnel->mss ? tunnel->mss : 1359, " bytes");
    line(out, "Clear Don't Fragment Bit", "enabled");
    line(out, "Fragmentation", "Before encryption");
    s2si_buffer_printf(out, "\n");
}

static void interface(const struct s2si_view_tunnel *tunnel, s2si_text *out)
{
    s2si_buffer_printf(out, "#3: Tunnel Interface Configuration\n\nOutside IP Addresses:\n");
    address_line(out, "Customer Gateway", &tunnel->peer_outside, 0);
    address_line(out, "Virtual Private Gateway", &tunnel->cloud_outside, 0);
    s2si_buffer_printf(out, "\nInside IP Addresses\n");
    address_line(out, "Customer Gateway", &tunnel->peer_inside, tunnel->inside_length);
    address_line(out, "Virtual Private Gateway", &tunnel->cloud_inside, tunnel->inside_length);
    s2si_buffer_printf(out, "\nConfigure your tunnel to fragment at the optimal size:\n");
    number_line(out, "Tunnel interface MTU", tunnel->mtu ? tunnel->mtu : 1399, " bytes");
    s2si_buffer_printf(out, "\n");
}

static void bgp(const struct s2si_view_tunnel *tunnel, s2si_text *out)
{
    s2si_buffer_printf(out,
                       "#4: Border Gateway Protocol (BGP) Configuration:\n\n"
                       "BGP speaks inside the tunnel, between the inside addresses.\n\nBGP Configuration Options:\n");
    number_line(out, "Customer Gateway ASN", tunnel->peer_asn, "");
    number_line(out, "Virtual Private Gateway ASN", tunnel->cloud_asn, "");
    address_line(out, "Neighbor IP Address", &tunnel->cloud_inside, 0);
    number_line(out, "Neighbor Hold Time", (unsigned long)tunnel->params.bgp_hold_time, "");
    s2si_buffer_printf(out, "\n");
}

static void static_routes(const struct s2si_view_tunnel *tunnel, s2si_text *out)
{
    s2si_buffer_printf(out,
                       "#4: Static Route Configuration:\n\n"
                       "Route the networks behind this gateway through the tunnel, and have static routes to your own\n"
                       "networks added on the Virtual Private Gateway.\n\nStatic Route Configuration Options:\n");
    address_line(out, "Next hop", &tunnel->cloud_inside, 0);
    s2si_buffer_printf(out, "\n");
}

int s2si_export_generic(const struct s2si_view *view, s2si_text *out)
{
    s2si_buffer_printf(out, "VPN Connection Configuration\n" RULE "\n");
    s2si_buffer_printf(out, "%-40s : %s\n", "Your VPN Connection ID", view->name);
    s2si_buffer_printf(out, "%-40s : %s\n", "Your Virtual Private Gateway ID", view->gateway);
    s2si_buffer_printf(out, "%-40s : %s\n", "Your Customer Gateway ID", view->tunnels[0].peer_name);
    for (size_t i = 0; i < view->tunnel_count; i++) {
        const struct s2si_view_tunnel *tunnel = &view->tunnels[i];
        if (!s2si_view_text_psk(tunnel)) {
            return S2S_ERR_UNSUPPORTED;
        }
        s2si_buffer_printf(out, "\nIPSec Tunnel #%zu\n" RULE, i + 1);
        ike(tunnel, out);
        ipsec(tunnel, out);
        interface(tunnel, out);
        (view->bgp ? bgp : static_routes)(tunnel, out);
    }
    return 0;
}
