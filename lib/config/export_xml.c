/* SPDX-License-Identifier: Apache-2.0 */
/* AWS's CustomerGatewayConfiguration: the XML that describe-vpn-connections carries. Elements and their order are
 * AWS's. */
#include <string.h>

#include "lib/config/device_view.h"

static void element(s2si_text *out, const char *indent, const char *name, const char *value)
{
    static const struct {
        char byte;
        const char *entity;
    } escapes[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}};

    s2si_buffer_printf(out, "%s<%s>", indent, name);
    for (; *value; value++) {
        const char *entity = NULL;
        for (size_t i = 0; i < S2SI_COUNT(escapes); i++) {
            entity = escapes[i].byte == *value ? escapes[i].entity : entity;
        }
        s2si_buffer_append(out, entity ? entity : value, entity ? strlen(entity) : 1);
    }
    s2si_buffer_printf(out, "</%s>\n", name);
}

static void number(s2si_text *out, const char *indent, const char *name, unsigned long value)
{
    s2si_buffer_printf(out, "%s<%s>%lu</%s>\n", indent, name, value, name);
}

static void group(s2si_text *out, const char *indent, const char *name, enum s2s_algorithm algorithm)
{
    if (algorithm != S2S_ALG_NONE) {
        s2si_buffer_printf(out, "%s<%s>group%u</%s>\n", indent, name, s2si_file_group(algorithm), name);
    }
}

/* An IPv4 netmask by its length. */
static void mask(s2si_text *out, unsigned length)
{
    uint32_t bits = length == 0 || length > 32 ? 0 : 0xffffffffu << (32 - length);

    s2si_buffer_printf(out, "        <network_mask>%u.%u.%u.%u</network_mask>\n", (unsigned)(bits >> 24),
                       (unsigned)(bits >> 16 & 255u), (unsigned)(bits >> 8 & 255u), (unsigned)(bits & 255u));
}

struct side {
    const char *name;
    const struct s2s_addr *outside, *inside;
    uint32_t asn;
};

static void gateway(s2si_text *out, const struct s2si_view *view, const struct s2si_view_tunnel *tunnel,
                    const struct side *side)
{
    char text[S2S_ADDR_TEXT];

    s2si_buffer_printf(out, "    <%s>\n      <tunnel_outside_address>\n", side->name);
    if (side->outside->family) {
        element(out, "        ", "ip_address", s2s_addr_format(side->outside, text));
    }
    s2si_buffer_printf(out, "      </tunnel_outside_address>\n");
    if (side->inside->family) {
        s2si_buffer_printf(out, "      <tunnel_inside_address>\n");
        element(out, "        ", "ip_address", s2s_addr_format(side->inside, text));
        if (side->inside->family == 4) {
            mask(out, tunnel->inside_length);
        }
        number(out, "        ", "network_cidr", tunnel->inside_length);
        s2si_buffer_printf(out, "      </tunnel_inside_address>\n");
    }
    if (view->bgp) {
        s2si_buffer_printf(out, "      <bgp>\n");
        number(out, "        ", "asn", side->asn);
        number(out, "        ", "hold_time", (unsigned long)tunnel->params.bgp_hold_time);
        s2si_buffer_printf(out, "      </bgp>\n");
    }
    s2si_buffer_printf(out, "    </%s>\n", side->name);
}

static void ike(s2si_text *out, const struct s2si_view_tunnel *tunnel)
{
    s2si_buffer_printf(out, "    <ike>\n");
    if (tunnel->ike_integrity != S2S_ALG_NONE) {
        element(out, "      ", "authentication_protocol", s2si_file_integrity(tunnel->ike_integrity));
    }
    element(out, "      ", "encryption_protocol", s2si_file_encryption(tunnel->ike_encryption));
    number(out, "      ", "lifetime", (unsigned long)tunnel->params.ike_lifetime);
    group(out, "      ", "perfect_forward_secrecy", tunnel->ike_group);
    element(out, "      ", "mode", "main");
    element(out, "      ", "pre_shared_key", tunnel->psk);
    s2si_buffer_printf(out, "    </ike>\n");
}

static void ipsec(s2si_text *out, const struct s2si_view_tunnel *tunnel)
{
    int interval = tunnel->params.dpd_delay > 0 ? tunnel->params.dpd_delay : 10,
        retries = tunnel->params.dpd_timeout / interval;

    s2si_buffer_printf(out, "    <ipsec>\n");
    element(out, "      ", "protocol", "esp");
    if (tunnel->ipsec_integrity != S2S_ALG_NONE) {
        element(out, "      ", "authentication_protocol", s2si_file_hmac(tunnel->ipsec_integrity));
    }
    element(out, "      ", "encryption_protocol", s2si_file_encryption(tunnel->ipsec_encryption));
    number(out, "      ", "lifetime", (unsigned long)tunnel->params.ipsec_lifetime);
    group(out, "      ", "perfect_forward_secrecy", tunnel->ipsec_group);
    element(out, "      ", "mode", "tunnel");
    element(out, "      ", "clear_df_bit", "true");
    element(out, "      ", "fragmentation_before_encryption", "true");
    number(out, "      ", "tcp_mss_adjustment", tunnel->mss ? tunnel->mss : 1359);
    s2si_buffer_printf(out, "      <dead_peer_detection>\n");
    number(out, "        ", "interval", (unsigned long)interval);
    number(out, "        ", "retries", (unsigned long)(retries > 0 ? retries : 3));
    s2si_buffer_printf(out, "      </dead_peer_detection>\n    </ipsec>\n");
}

static void attribute(s2si_text *out, const char *value)
{
    for (; *value; value++) {
        if (strchr("&<>\"", *value)) {
            s2si_buffer_printf(out, "&#%d;", *value);
        } else {
            s2si_buffer_append(out, value, 1);
        }
    }
}

int s2si_export_xml(const struct s2si_view *view, s2si_text *out)
{
    s2si_buffer_printf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<vpn_connection id=\"");
    attribute(out, view->name);
    s2si_buffer_printf(out, "\">\n");
    element(out, "  ", "customer_gateway_id", view->tunnels[0].peer_name);
    element(out, "  ", "vpn_gateway_id", view->gateway);
    element(out, "  ", "vpn_connection_type", "ipsec.1");
    for (size_t i = 0; i < view->tunnel_count; i++) {
        const struct s2si_view_tunnel *tunnel = &view->tunnels[i];
        struct side peer = {"customer_gateway", &tunnel->peer_outside, &tunnel->peer_inside, tunnel->peer_asn};
        struct side cloud = {"vpn_gateway", &tunnel->cloud_outside, &tunnel->cloud_inside, tunnel->cloud_asn};
        if (!s2si_view_text_psk(tunnel)) {
            return S2S_ERR_UNSUPPORTED;
        }
        s2si_buffer_printf(out, "  <ipsec_tunnel>\n");
        gateway(out, view, tunnel, &peer);
        gateway(out, view, tunnel, &cloud);
        ike(out, tunnel);
        ipsec(out, tunnel);
        s2si_buffer_printf(out, "  </ipsec_tunnel>\n");
    }
    s2si_buffer_printf(out, "</vpn_connection>\n");
    return 0;
}
