/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer of Alibaba's DownloadVpnConnectionConfig: what the peer has to configure, so Local is the peer. Top-level
 * values are those of the first tunnel; TunnelsConfig has a member per tunnel.
 */
#include <stdio.h>
#include <string.h>

#include "lib/config/device_view.h"
#include "lib/config/json_out.h"

static const char *word(enum s2s_transform_type type, enum s2s_algorithm algorithm)
{
    if (type == S2S_TRANSFORM_GROUP && algorithm == S2S_ALG_NONE) {
        return "disabled";
    }
    return algorithm == S2S_ALG_NONE ? ""
                                     : s2si_profile_algorithm_word(s2si_profile_by_name("alibaba"), type, algorithm);
}

/* "group19" for what Alibaba has no word of its own for. */
static const char *group_word(enum s2s_algorithm group, char *out, size_t size)
{
    snprintf(out, size, "group%u", s2si_file_group(group));
    return group == S2S_ALG_NONE ? "disabled" : out;
}

static void put_address(struct s2si_json_out *out, cJSON *object, const char *key, const struct s2s_addr *address)
{
    char text[S2S_ADDR_TEXT];

    s2si_out_text(out, object, key, address->family ? s2s_addr_format(address, text) : "");
}

static void put_subnets(struct s2si_json_out *out, cJSON *object, const char *key, const struct s2s_prefix *subnets,
                        size_t count)
{
    char text[1024] = "", one[S2S_ADDR_TEXT];
    size_t used = 0;

    for (size_t i = 0; i < count && used + S2S_ADDR_TEXT < sizeof(text); i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? "," : "",
                                 s2s_prefix_format(&subnets[i], one));
    }
    s2si_out_text(out, object, key, count ? text : "0.0.0.0/0");
}

/* Identities are turned round too: LocalId is the peer's own. */
static void put_ike(struct s2si_json_out *out, cJSON *parent, const struct s2si_view_tunnel *tunnel)
{
    cJSON *ike = s2si_out_object(out, parent, "IkeConfig");
    char group[16];

    s2si_out_text(out, ike, "IkeVersion", tunnel->params.ike_version & S2S_IKEV2 ? "ikev2" : "ikev1");
    s2si_out_text(out, ike, "IkeMode", tunnel->params.ike_mode ? tunnel->params.ike_mode : "main");
    s2si_out_text(out, ike, "IkeEncAlg", word(S2S_TRANSFORM_ENCRYPTION, tunnel->ike_encryption));
    s2si_out_text(out, ike, "IkeAuthAlg", word(S2S_TRANSFORM_INTEGRITY, tunnel->ike_integrity));
    s2si_out_text(out, ike, "IkePfs", group_word(tunnel->ike_group, group, sizeof(group)));
    s2si_out_number(out, ike, "IkeLifetime", tunnel->params.ike_lifetime);
    s2si_out_text(out, ike, "Psk", tunnel->psk);
    s2si_out_text(out, ike, "LocalId", tunnel->peer_id);
    s2si_out_text(out, ike, "RemoteId", tunnel->cloud_id);
}

static void put_ipsec(struct s2si_json_out *out, cJSON *parent, const struct s2si_view_tunnel *tunnel)
{
    cJSON *ipsec = s2si_out_object(out, parent, "IpsecConfig");
    char group[16];

    s2si_out_text(out, ipsec, "IpsecEncAlg", word(S2S_TRANSFORM_ENCRYPTION, tunnel->ipsec_encryption));
    s2si_out_text(out, ipsec, "IpsecAuthAlg", word(S2S_TRANSFORM_INTEGRITY, tunnel->ipsec_integrity));
    s2si_out_text(out, ipsec, "IpsecPfs", group_word(tunnel->ipsec_group, group, sizeof(group)));
    s2si_out_number(out, ipsec, "IpsecLifetime", tunnel->params.ipsec_lifetime);
}

static void put_tunnel(struct s2si_json_out *out, cJSON *object, const struct s2si_view_tunnel *tunnel)
{
    put_address(out, object, "Local", &tunnel->peer_outside);
    put_address(out, object, "Remote", &tunnel->cloud_outside);
    put_ike(out, object, tunnel);
    put_ipsec(out, object, tunnel);
}

static void put_bgp(struct s2si_json_out *out, cJSON *list, size_t number, const struct s2si_view_tunnel *tunnel)
{
    cJSON *bgp = s2si_out_object(out, list, NULL);
    char text[S2S_ADDR_TEXT], id[24];

    snprintf(id, sizeof(id), "%zu", number);
    s2si_out_text(out, bgp, "TunnelId", id);
    s2si_out_text(out, bgp, "TunnelCidr",
                  tunnel->params.bgp_tunnel_cidr.addr.family ? s2s_prefix_format(&tunnel->params.bgp_tunnel_cidr, text)
                                                             : "");
    put_address(out, bgp, "LocalBgpIp", &tunnel->peer_inside);
    put_address(out, bgp, "PeerBgpIp", &tunnel->cloud_inside);
    s2si_out_number(out, bgp, "LocalAsn", tunnel->peer_asn);
    s2si_out_number(out, bgp, "PeerAsn", tunnel->cloud_asn);
}

static int put_all(const struct s2si_view *view, struct s2si_json_out *out, cJSON *root)
{
    cJSON *config = s2si_out_object(out, root, "VpnConnectionConfig"), *tunnels, *bgp;
    char id[24];

    put_subnets(out, config, "LocalSubnet", view->peer_subnets, view->peer_subnet_count);
    put_subnets(out, config, "RemoteSubnet", view->cloud_subnets, view->cloud_subnet_count);
    put_tunnel(out, config, &view->tunnels[0]);
    tunnels = s2si_out_list(out, config, "TunnelsConfig");
    bgp = s2si_out_list(out, config, "BgpConfigs");
    for (size_t i = 0; i < view->tunnel_count; i++) {
        cJSON *tunnel = s2si_out_object(out, tunnels, NULL);
        if (!s2si_view_text_psk(&view->tunnels[i])) {
            return S2S_ERR_UNSUPPORTED;
        }
        snprintf(id, sizeof(id), "%zu", i + 1);
        s2si_out_text(out, tunnel, "TunnelId", id);
        put_tunnel(out, tunnel, &view->tunnels[i]);
        if (view->bgp) {
            put_bgp(out, bgp, i + 1, &view->tunnels[i]);
        }
    }
    return 0;
}

int s2si_export_alibaba(const struct s2si_view *view, s2si_text *text)
{
    struct s2si_json_out out = {false};
    cJSON *root = s2si_out_object(&out, NULL, NULL);
    int error = put_all(view, &out, root);
    char *printed = error || out.failed ? NULL : cJSON_Print(root);

    s2si_json_free_tree(root);
    if (printed) {
        s2si_buffer_printf(text, "%s\n", printed);
        s2si_wipe(printed, strlen(printed));
        cJSON_free(printed);
    }
    return error ? error : printed ? 0 : S2S_ERR_NO_MEMORY;
}
