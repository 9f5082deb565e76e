/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alibaba's JSON of one dual-tunnel connection: a CreateVpnConnection request, or a DescribeVpnConnection answer, which
 * has the same members (TunnelOptionsSpecification holds the list itself, or an object TunnelOptions around it) and
 * state beside them. LocalSubnet is Alibaba's own side.
 */
#include <string.h>

#include "lib/config/import.h"

#define TUNNEL(member) offsetof(struct s2si_plan_tunnel, member)
#define CONNECTION(member) offsetof(struct s2si_plan_connection, member)
#define T "TunnelOptionsSpecification[]."
#define STATE "is state, not a setting; it was left out"
#define PLACE "is of the account and the console; it was left out"
#define SINGLE "belongs to single-tunnel connections, which were superseded; it was left out"

static const struct s2si_import_row rows[] = {
    {.path = "Name", .set = s2si_set_text, .offset = CONNECTION(name)},
    {.path = "VpnConnectionId", .note = PLACE},
    {.path = "VpnGatewayId", .set = s2si_set_text, .offset = CONNECTION(gateway)},
    {.path = "LocalSubnet", .set = s2si_set_networks, .offset = CONNECTION(cloud_subnets)},
    {.path = "RemoteSubnet", .set = s2si_set_networks, .offset = CONNECTION(peer_subnets)},
    {.path = "EffectImmediately",
     .set = s2si_set_flag,
     .offset = CONNECTION(effect_immediately),
     .note = "is the far end's own setting; this end starts"},
    {.path = "AutoConfigRoute",
     .set = s2si_set_flag,
     .offset = CONNECTION(auto_config_route),
     .note = "is the far end's own setting; it was left out"},
    {.path = "EnableTunnelsBgp", .set = s2si_set_flag, .offset = CONNECTION(bgp)},
    {.path = "EnableDpd", .set = s2si_set_flag, .offset = CONNECTION(dpd_enable)},
    {.path = "EnableNatTraversal", .set = s2si_set_flag, .offset = CONNECTION(nat_traversal)},
    {.path = "RegionId", .note = PLACE},
    {.path = "ClientToken", .note = PLACE},
    {.path = "RequestId", .note = PLACE},
    {.path = "DryRun", .note = PLACE},
    {.path = "ResourceGroupId", .note = PLACE},
    {.path = "ResourceOwnerId", .note = PLACE},
    {.path = "CreateTime", .note = STATE},
    {.path = "EndTime", .note = STATE},
    {.path = "Status", .note = STATE},
    {.path = "State", .note = STATE},
    {.path = "Spec", .note = PLACE},
    {.path = "NetworkType", .note = PLACE},
    {.path = "AttachType", .note = PLACE},
    {.path = "AttachInstanceId", .note = PLACE},
    {.path = "TransitRouterId", .note = PLACE},
    {.path = "TransitRouterName", .note = PLACE},
    {.path = "CrossAccountAuthorized", .note = PLACE},
    {.path = "InternetIp", .note = SINGLE},
    {.path = "CustomerGatewayId", .note = SINGLE},
    {.path = "IkeConfig", .note = SINGLE, .secret = true},
    {.path = "IpsecConfig", .note = SINGLE},
    {.path = "BgpConfig", .note = SINGLE},
    {.path = "HealthCheckConfig", .note = SINGLE},
    {.path = "RemoteCaCertificate", .note = "is for SM gateways; it was left out"},
    {.path = "Tags[].Key", .note = "is a tag; it was left out", .many = true},
    {.path = "Tags[].Value", .note = "is a tag; it was left out", .many = true},
    {.path = T "Role", .note = "master and slave are the order of tunnels here"},
    {.path = T "TunnelIndex", .note = "is the order of tunnels here"},
    {.path = T "TunnelId", .note = PLACE},
    {.path = T "CustomerGatewayId", .set = s2si_set_text, .offset = TUNNEL(peer_name)},
    {.path = T "InternetIp", .set = s2si_set_address, .offset = TUNNEL(cloud_outside)},
    {.path = T "EnableDpd", .set = s2si_set_flag, .offset = TUNNEL(params.dpd_enable)},
    {.path = T "EnableNatTraversal", .set = s2si_set_flag, .offset = TUNNEL(params.nat_traversal)},
    {.path = T "RemoteCaCertificate", .note = "is for SM gateways; it was left out"},
    {.path = T "State", .note = STATE},
    {.path = T "Status", .note = STATE},
    {.path = T "ZoneNo", .note = STATE},
    {.path = T "TunnelIkeConfig.IkeVersion", .set = s2si_set_version},
    {.path = T "TunnelIkeConfig.IkeMode", .note = "is of IKEv1; it was left out"},
    {.path = T "TunnelIkeConfig.IkeEncAlg",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_encryption),
     .which = S2S_TRANSFORM_ENCRYPTION},
    {.path = T "TunnelIkeConfig.IkeAuthAlg",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_integrity),
     .which = S2S_TRANSFORM_INTEGRITY},
    {.path = T "TunnelIkeConfig.IkePfs",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_dh_group),
     .which = S2S_TRANSFORM_GROUP},
    {.path = T "TunnelIkeConfig.IkeLifetime", .set = s2si_set_number, .offset = TUNNEL(params.ike_lifetime)},
    {.path = T "TunnelIkeConfig.LocalId", .set = s2si_set_text, .offset = TUNNEL(cloud_id)},
    {.path = T "TunnelIkeConfig.RemoteId", .set = s2si_set_text, .offset = TUNNEL(peer_id)},
    {.path = T "TunnelIkeConfig.Psk", .set = s2si_set_text, .offset = TUNNEL(psk), .secret = true},
    {.path = T "TunnelIpsecConfig.IpsecEncAlg",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_encryption),
     .which = S2S_TRANSFORM_ENCRYPTION},
    {.path = T "TunnelIpsecConfig.IpsecAuthAlg",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_integrity),
     .which = S2S_TRANSFORM_INTEGRITY},
    {.path = T "TunnelIpsecConfig.IpsecPfs",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_pfs),
     .which = S2S_TRANSFORM_GROUP},
    {.path = T "TunnelIpsecConfig.IpsecLifetime", .set = s2si_set_number, .offset = TUNNEL(params.ipsec_lifetime)},
    {.path = T "TunnelBgpConfig.LocalAsn", .set = s2si_set_asn, .offset = TUNNEL(cloud_asn)},
    {.path = T "TunnelBgpConfig.TunnelCidr", .set = s2si_set_prefix, .offset = TUNNEL(inside)},
    {.path = T "TunnelBgpConfig.LocalBgpIp", .set = s2si_set_address, .offset = TUNNEL(cloud_inside)},
    {.path = T "TunnelBgpConfig.PeerAsn", .set = s2si_set_asn, .offset = TUNNEL(peer_asn)},
    {.path = T "TunnelBgpConfig.PeerBgpIp", .set = s2si_set_address, .offset = TUNNEL(peer_inside)},
    {.path = T "TunnelBgpConfig.BgpStatus", .note = STATE},
};

/* By role or number, else by position; each once. */
static struct s2si_plan_tunnel *which_tunnel(const struct s2si_place *place, const cJSON *element, size_t index)
{
    const char *role = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(element, "Role"));
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(element, "TunnelIndex");

    if (role && (strcmp(role, "master") == 0 || strcmp(role, "slave") == 0)) {
        index = strcmp(role, "master") == 0 ? 0 : 1;
    } else if (cJSON_IsNumber(number) && (number->valueint == 1 || number->valueint == 2)) {
        index = (size_t)number->valueint - 1;
    }
    return index < S2SI_PLAN_TUNNELS && !place->connection->tunnels[index].given ? &place->connection->tunnels[index]
                                                                                 : NULL;
}

/* DescribeVpnConnection wraps the list of tunnels; both shapes become the request's. */
static bool unwrap(cJSON *object)
{
    cJSON *around = cJSON_GetObjectItemCaseSensitive(object, "TunnelOptionsSpecification"), *list;

    if (!cJSON_IsObject(around)) {
        return true;
    }
    list = cJSON_DetachItemFromObjectCaseSensitive(around, "TunnelOptions");
    if (!list) {
        return true;
    }
    if (!cJSON_ReplaceItemInObjectCaseSensitive(object, "TunnelOptionsSpecification", list)) {
        s2si_json_free_tree(list);
        return false;
    }
    return true;
}

/* What stands for the connection as a whole holds for each tunnel that says nothing. */
static void spread(struct s2si_plan_connection *connection)
{
    for (size_t i = 0; i < S2SI_PLAN_TUNNELS; i++) {
        struct s2s_tunnel_params *params = &connection->tunnels[i].params;
        params->dpd_enable = params->dpd_enable == S2S_UNSET ? connection->dpd_enable : params->dpd_enable;
        params->nat_traversal = params->nat_traversal == S2S_UNSET ? connection->nat_traversal : params->nat_traversal;
    }
}

/* A single-tunnel connection: refused by name, not misread. */
static bool single_tunnel(struct s2s_import *import, const cJSON *object)
{
    if (cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(object, "TunnelOptionsSpecification"))) {
        return false;
    }
    s2si_import_refuse(import, "TunnelOptionsSpecification", NULL,
                       "is a list of two tunnels; single-tunnel connections are not taken in");
    return true;
}

int s2si_import_alibaba(struct s2s_import *import, const char *text, size_t length)
{
    int error;
    cJSON *tree = s2si_import_tree(import, text, length, &error);
    struct s2si_plan_connection *connection = tree ? s2si_import_connection(import) : NULL;
    struct s2si_json_walk walk = {.place = {import, connection, NULL},
                                  .rows = rows,
                                  .row_count = S2SI_COUNT(rows),
                                  .tunnels = "TunnelOptionsSpecification",
                                  .prefix = "",
                                  .which = which_tunnel};

    if (connection && !unwrap(tree)) {
        error = S2S_ERR_NO_MEMORY;
    } else if (connection && !single_tunnel(import, tree)) {
        s2si_import_walk(&walk, tree);
        spread(connection);
        if (!connection->tunnels[0].given || !connection->tunnels[1].given) {
            s2si_import_refuse(import, "TunnelOptionsSpecification", NULL, "is a list of two tunnels");
        }
    }
    s2si_json_free_tree(tree);
    return error;
}
