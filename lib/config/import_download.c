/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer of Alibaba's DownloadVpnConnectionConfig. It is written for the device at the far end, so Local is the peer
 * and Remote is the cloud: turned round by the rows. TunnelsConfig has an element a tunnel, BgpConfigs one a BGP
 * session; the two are joined by TunnelId, whatever their order. The values beside TunnelsConfig are the first tunnel's
 * again.
 */
#include <stdio.h>
#include <string.h>

#include "lib/config/import.h"

#define TUNNEL(member) offsetof(struct s2si_plan_tunnel, member)
#define CONNECTION(member) offsetof(struct s2si_plan_connection, member)
#define T "TunnelsConfig[]."
#define B "BgpConfigs[]."
#define AGAIN "is what the first of TunnelsConfig says too"

static const struct s2si_import_row rows[] = {
    {.path = "LocalSubnet", .set = s2si_set_networks, .offset = CONNECTION(peer_subnets)},
    {.path = "RemoteSubnet", .set = s2si_set_networks, .offset = CONNECTION(cloud_subnets)},
    {.path = "Local", .note = AGAIN},
    {.path = "Remote", .note = AGAIN},
    {.path = "IkeConfig", .note = AGAIN},
    {.path = "IpsecConfig", .note = AGAIN},
    {.path = T "TunnelId", .note = "is of the account and the console; it was left out"},
    {.path = T "Local", .set = s2si_set_address, .offset = TUNNEL(peer_outside)},
    {.path = T "Remote", .set = s2si_set_address, .offset = TUNNEL(cloud_outside)},
    {.path = T "IkeConfig.IkeVersion", .set = s2si_set_version},
    {.path = T "IkeConfig.IkeMode", .note = "is of IKEv1; it was left out"},
    {.path = T "IkeConfig.IkeEncAlg",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_encryption),
     .which = S2S_TRANSFORM_ENCRYPTION},
    {.path = T "IkeConfig.IkeAuthAlg",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_integrity),
     .which = S2S_TRANSFORM_INTEGRITY},
    {.path = T "IkeConfig.IkePfs",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_dh_group),
     .which = S2S_TRANSFORM_GROUP},
    {.path = T "IkeConfig.IkeLifetime", .set = s2si_set_number, .offset = TUNNEL(params.ike_lifetime)},
    {.path = T "IkeConfig.LocalId", .set = s2si_set_text, .offset = TUNNEL(peer_id)},
    {.path = T "IkeConfig.RemoteId", .set = s2si_set_text, .offset = TUNNEL(cloud_id)},
    {.path = T "IkeConfig.Psk", .set = s2si_set_text, .offset = TUNNEL(psk), .secret = true},
    {.path = T "IpsecConfig.IpsecEncAlg",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_encryption),
     .which = S2S_TRANSFORM_ENCRYPTION},
    {.path = T "IpsecConfig.IpsecAuthAlg",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_integrity),
     .which = S2S_TRANSFORM_INTEGRITY},
    {.path = T "IpsecConfig.IpsecPfs",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_pfs),
     .which = S2S_TRANSFORM_GROUP},
    {.path = T "IpsecConfig.IpsecLifetime", .set = s2si_set_number, .offset = TUNNEL(params.ipsec_lifetime)},
    {.path = B "TunnelId", .note = "joins the session to its tunnel"},
    {.path = B "TunnelCidr", .set = s2si_set_prefix, .offset = TUNNEL(inside)},
    {.path = B "LocalBgpIp", .set = s2si_set_address, .offset = TUNNEL(peer_inside)},
    {.path = B "PeerBgpIp", .set = s2si_set_address, .offset = TUNNEL(cloud_inside)},
    {.path = B "LocalAsn", .set = s2si_set_asn, .offset = TUNNEL(peer_asn), .which = 1},
    {.path = B "PeerAsn", .set = s2si_set_asn, .offset = TUNNEL(cloud_asn), .which = 1},
};

static const char *tunnel_id(const cJSON *element)
{
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(element, "TunnelId"));
    return id && id[0] ? id : NULL;
}

/* By id where there is one, else by position. */
static struct s2si_plan_tunnel *which_tunnel(const struct s2si_place *place, const cJSON *element, size_t index)
{
    struct s2si_plan_tunnel *tunnels = place->connection->tunnels;
    const char *id = tunnel_id(element);

    for (size_t i = 0; id && i < S2SI_PLAN_TUNNELS; i++) {
        if (strcmp(tunnels[i].id, id) == 0) {
            return &tunnels[i];
        }
    }
    return index < S2SI_PLAN_TUNNELS && !(id && tunnels[index].id[0]) ? &tunnels[index] : NULL;
}

/* The ids of TunnelsConfig, before anything refers to them. */
static void note_ids(struct s2s_import *import, struct s2si_plan_connection *connection, const cJSON *tunnels)
{
    size_t index = 0;

    for (const cJSON *element = tunnels->child; element && index < S2SI_PLAN_TUNNELS; element = element->next, index++) {
        const char *id = tunnel_id(element);
        if (id && strlen(id) >= sizeof(connection->tunnels[index].id)) {
            s2si_import_refuse(import, "TunnelsConfig[].TunnelId", NULL, "is at most 63 characters");
        } else if (id && index == 1 && strcmp(connection->tunnels[0].id, id) == 0) {
            s2si_import_refuse(import, "TunnelsConfig[1].TunnelId", id, "is the first tunnel's too");
        } else if (id) {
            snprintf(connection->tunnels[index].id, sizeof(connection->tunnels[index].id), "%s", id);
        }
    }
}

static void read_config(struct s2s_import *import, const cJSON *config)
{
    struct s2si_plan_connection *connection = s2si_import_connection(import);
    const cJSON *tunnels = cJSON_GetObjectItemCaseSensitive(config, "TunnelsConfig");
    struct s2si_json_walk walk = {.place = {import, connection, NULL},
                                  .rows = rows,
                                  .row_count = S2SI_COUNT(rows),
                                  .tunnels = {"TunnelsConfig", "BgpConfigs"},
                                  .prefix = "VpnConnectionConfig",
                                  .which = which_tunnel};

    if (!connection) {
        return;
    }
    if (!cJSON_IsArray(tunnels) || cJSON_GetArraySize(tunnels) != S2SI_PLAN_TUNNELS) {
        s2si_import_refuse(import, "VpnConnectionConfig.TunnelsConfig", NULL,
                           "is a list of two tunnels; single-tunnel connections are not taken in");
        return;
    }
    note_ids(import, connection, tunnels);
    s2si_import_walk(&walk, config);
}

int s2si_import_download(struct s2s_import *import, const char *text, size_t length)
{
    static const struct s2si_import_row beside[] = {
        {.path = "RequestId", .note = "is of the account and the console; it was left out"},
    };
    struct s2si_plan_connection nobody = {.bgp = S2S_UNSET};
    struct s2si_json_walk walk = {
        .place = {import, &nobody, NULL}, .rows = beside, .row_count = S2SI_COUNT(beside), .prefix = ""};
    int error;
    cJSON *tree = s2si_import_tree(import, text, length, &error), *config;

    if (!tree) {
        return error;
    }
    config = cJSON_DetachItemFromObjectCaseSensitive(tree, "VpnConnectionConfig");
    if (!cJSON_IsObject(config)) {
        s2si_import_refuse(import, "VpnConnectionConfig", NULL, "is an object");
    } else if (!s2si_import_unwrap(config, "TunnelsConfig") || !s2si_import_unwrap(config, "BgpConfigs")) {
        error = S2S_ERR_NO_MEMORY;
    } else {
        read_config(import, config);
        s2si_import_walk(&walk, tree);
    }
    s2si_json_free_tree(config);
    s2si_json_free_tree(tree);
    return error;
}
