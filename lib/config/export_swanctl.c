/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swanctl.conf for a strongSwan at the far end: a connection and a secret per tunnel. strongSwan's local is the peer.
 * Tunnels with the same selectors are kept apart by XFRM interface ids. Keywords are IANA's, which strongSwan shares
 * with us.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/config/device_view.h"

/* A section's name: letters, digits, '-' and '_', and the tunnel's number. */
static const char *section(const struct s2si_view *view, size_t tunnel, char *out, size_t size)
{
    size_t used = 0;

    for (const char *at = view->name; *at && used + 16 < size; at++) {
        out[used++] = isalnum((unsigned char)*at) || *at == '-' ? *at : '_';
    }
    snprintf(out + used, size - used, "-%zu", tunnel + 1);
    return out;
}

static void text_value(s2si_text *out, const char *indent, const char *key, const char *value)
{
    s2si_buffer_printf(out, "%s%s = \"", indent, key);
    for (; *value; value++) {
        s2si_buffer_printf(out, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    }
    s2si_buffer_printf(out, "\"\n");
}

static void address(s2si_text *out, const char *key, const struct s2s_addr *value)
{
    char text[S2S_ADDR_TEXT];

    s2si_buffer_printf(out, "        %s = %s\n", key, value->family ? s2s_addr_format(value, text) : "%any");
}

static bool is_aead(uint16_t algorithm)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info((enum s2s_algorithm)algorithm);
    return info && info->aead;
}

static void names(s2si_text *out, const struct s2s_algorithm_list *list, const char **dash)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] != S2S_ALG_NONE) {
            s2si_buffer_printf(out, "%s%s", *dash, s2s_algorithm_name((enum s2s_algorithm)list->items[i]));
            *dash = "-";
        }
    }
}

static bool has_kind(const struct s2s_algorithm_list *list, bool aead)
{
    for (size_t i = 0; i < list->count; i++) {
        if (is_aead(list->items[i]) == aead) {
            return true;
        }
    }
    return false;
}

struct proposal {
    const struct s2s_algorithm_list *encryption, *integrity, *prf, *group;
    bool ike, esn;
};

/* AEAD and CBC stand in proposals of their own (RFC 7296 section 3.3); an AEAD in IKE names its PRF. */
static void one_proposal(s2si_text *out, const struct proposal *proposal, bool aead)
{
    struct s2s_algorithm_list ciphers = {0};
    const char *dash = "";

    for (size_t i = 0; i < proposal->encryption->count; i++) {
        if (is_aead(proposal->encryption->items[i]) == aead) {
            ciphers.items[ciphers.count++] = proposal->encryption->items[i];
        }
    }
    names(out, &ciphers, &dash);
    if (!aead) {
        names(out, proposal->integrity, &dash);
    }
    if (proposal->ike) {
        names(out, proposal->prf, &dash);
    }
    if (proposal->ike && aead && proposal->prf->count == 0) {
        s2si_buffer_printf(out, "-prfsha256-prfsha384-prfsha512");
    }
    names(out, proposal->group, &dash);
    if (proposal->esn) {
        s2si_buffer_printf(out, "-esn-noesn");
    }
}

static void proposals(s2si_text *out, const char *indent, const char *key, const struct proposal *proposal)
{
    bool aead = has_kind(proposal->encryption, true), other = has_kind(proposal->encryption, false);

    s2si_buffer_printf(out, "%s%s = ", indent, key);
    if (aead) {
        one_proposal(out, proposal, true);
    }
    if (other) {
        s2si_buffer_printf(out, aead ? "," : "");
        one_proposal(out, proposal, false);
    }
    s2si_buffer_printf(out, "\n");
}

static void subnets(s2si_text *out, const char *key, const struct s2s_prefix *list, size_t count)
{
    char text[S2S_ADDR_TEXT];

    s2si_buffer_printf(out, "                %s = ", key);
    for (size_t i = 0; i < count; i++) {
        s2si_buffer_printf(out, "%s%s", i ? "," : "", s2s_prefix_format(&list[i], text));
    }
    s2si_buffer_printf(out, count ? "\n" : "0.0.0.0/0\n");
}

static bool needs_interface(const struct s2si_view *view)
{
    return view->tunnel_count > 1 || view->bgp || view->cloud_subnet_count == 0 || view->cloud_subnets[0].length == 0;
}

static void child(s2si_text *out, const struct s2si_view *view, const struct s2si_view_tunnel *tunnel, const char *name)
{
    const struct s2s_tunnel_params *params = &tunnel->params;
    struct proposal esp = {&params->ipsec_encryption, &params->ipsec_integrity, NULL, &params->ipsec_pfs, false,
                           params->esn == 1};

    s2si_buffer_printf(out, "        children {\n            %s {\n", name);
    subnets(out, "local_ts", view->peer_subnets, view->peer_subnet_count);
    subnets(out, "remote_ts", view->cloud_subnets, view->cloud_subnet_count);
    proposals(out, "                ", "esp_proposals", &esp);
    s2si_buffer_printf(out, "                mode = tunnel\n");
    s2si_buffer_printf(out, "                life_time = %ds\n                rekey_time = %ds\n",
                       params->ipsec_lifetime, params->ipsec_lifetime - params->ipsec_lifetime / 10);
    s2si_buffer_printf(out, "                start_action = %s\n",
                       params->startup_action == S2S_STARTUP_START ? "none" : "start");
    s2si_buffer_printf(out, "                dpd_action = %s\n            }\n        }\n",
                       params->dpd_enable ? "restart" : "clear");
}

static void connection(s2si_text *out, const struct s2si_view *view, size_t index)
{
    const struct s2si_view_tunnel *tunnel = &view->tunnels[index];
    const struct s2s_tunnel_params *params = &tunnel->params;
    struct proposal ike = {
        &params->ike_encryption, &params->ike_integrity, &params->ike_prf, &params->ike_dh_group, true, false};
    char name[S2SI_VIEW_NAME + 24];

    s2si_buffer_printf(out, "    %s {\n", section(view, index, name, sizeof(name)));
    s2si_buffer_printf(out, "        version = %d\n", params->ike_version & S2S_IKEV2 ? 2 : 1);
    address(out, "local_addrs", &tunnel->peer_outside);
    address(out, "remote_addrs", &tunnel->cloud_outside);
    proposals(out, "        ", "proposals", &ike);
    s2si_buffer_printf(out, "        rekey_time = %ds\n        over_time = %ds\n",
                       params->ike_lifetime - params->ike_lifetime / 10, params->ike_lifetime / 10);
    if (params->dpd_enable) {
        s2si_buffer_printf(out, "        dpd_delay = %ds\n", params->dpd_delay > 0 ? params->dpd_delay : 10);
    }
    s2si_buffer_printf(out, "        mobike = no\n        encap = %s\n",
                       params->encapsulation == S2S_ENCAPSULATION_ALWAYS ? "yes" : "no");
    if (needs_interface(view)) {
        s2si_buffer_printf(out, "        if_id_in = %zu\n        if_id_out = %zu\n", index + 1, index + 1);
    }
    s2si_buffer_printf(out, "        local {\n            auth = psk\n");
    text_value(out, "            ", "id", tunnel->peer_id);
    s2si_buffer_printf(out, "        }\n        remote {\n            auth = psk\n");
    text_value(out, "            ", "id", tunnel->cloud_id);
    s2si_buffer_printf(out, "        }\n");
    child(out, view, tunnel, name);
    s2si_buffer_printf(out, "    }\n");
}

static void secret(s2si_text *out, const struct s2si_view *view, size_t index)
{
    const struct s2si_view_tunnel *tunnel = &view->tunnels[index];
    char name[S2SI_VIEW_NAME + 24];

    s2si_buffer_printf(out, "    ike-%s {\n", section(view, index, name, sizeof(name)));
    text_value(out, "        ", "id-1", tunnel->peer_id);
    text_value(out, "        ", "id-2", tunnel->cloud_id);
    s2si_buffer_printf(out, "        secret = 0x");
    for (size_t i = 0; i < tunnel->psk_length; i++) {
        s2si_buffer_printf(out, "%02x", (unsigned char)tunnel->psk[i]);
    }
    s2si_buffer_printf(out, "\n    }\n");
}

static void header(s2si_text *out, const struct s2si_view *view)
{
    char text[S2S_ADDR_TEXT], other[S2S_ADDR_TEXT];

    s2si_buffer_printf(out, "# swanctl.conf of the far end of %s (gateway %s)\n", view->name, view->gateway);
    for (size_t i = 0; i < view->tunnel_count && needs_interface(view); i++) {
        const struct s2si_view_tunnel *tunnel = &view->tunnels[i];
        s2si_buffer_printf(out, "# tunnel %zu: ip link add s2s%zu type xfrm if_id %zu; MTU %u", i + 1, i + 1, i + 1,
                           tunnel->mtu ? tunnel->mtu : 1399);
        if (tunnel->peer_inside.family) {
            s2si_buffer_printf(out, "; inside %s/%u, far end %s", s2s_addr_format(&tunnel->peer_inside, text),
                               tunnel->inside_length, s2s_addr_format(&tunnel->cloud_inside, other));
        }
        s2si_buffer_printf(out, "\n");
        if (view->bgp) {
            s2si_buffer_printf(out, "# BGP: own AS %lu, neighbour AS %lu, hold time %d\n",
                               (unsigned long)tunnel->peer_asn, (unsigned long)tunnel->cloud_asn,
                               tunnel->params.bgp_hold_time);
        }
    }
}

int s2si_export_swanctl(const struct s2si_view *view, s2si_text *out)
{
    header(out, view);
    s2si_buffer_printf(out, "connections {\n");
    for (size_t i = 0; i < view->tunnel_count; i++) {
        connection(out, view, i);
    }
    s2si_buffer_printf(out, "}\nsecrets {\n");
    for (size_t i = 0; i < view->tunnel_count; i++) {
        secret(out, view, i);
    }
    s2si_buffer_printf(out, "}\n");
    return 0;
}
