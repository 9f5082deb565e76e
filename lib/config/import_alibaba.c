/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alibaba's JSON of dual-tunnel connections: a CreateVpnConnection request, a DescribeVpnConnection answer, which has
 * the same members (TunnelOptionsSpecification holds the list itself, or an object TunnelOptions around it) and state
 * beside them, or a DescribeVpnConnections answer, a page of those. LocalSubnet is Alibaba's own side.
 */
#include <stdio.h>
#include <string.h>

#include "lib/config/import.h"

#define TUNNEL(member) offsetof(struct s2si_plan_tunnel, member)
#define CONNECTION(member) offsetof(struct s2si_plan_connection, member)
#define T "TunnelOptionsSpecification[]."
#define STATE "is state, not a setting; it was left out"
#define PLACE "is of the account and the console; it was left out"
#define SINGLE "belongs to single-tunnel connections, which were superseded; it was left out"

/* The tunnels of a connection all do BGP or none does; answers say it of each. */
static S2SI_SETTER(set_bgp)
{
    bool on = strcmp(value, "true") == 0;
    int *bgp = &place->connection->bgp;

    (void)row;
    if (!on && strcmp(value, "false") != 0) {
        return "is true or false";
    }
    if (*bgp != S2S_UNSET && (*bgp == 1) != on) {
        return "differs from what the connection or its other tunnel says";
    }
    *bgp = on;
    return NULL;
}

/* A single-tunnel connection's own objects stand empty, or with the first tunnel's values, in answers of a dual-tunnel
 * one: a row for a whole object notes all that is in it (find_whole). */
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
    {.path = "VpnBgpConfig", .note = SINGLE},
    {.path = "VcoHealthCheck", .note = SINGLE},
    {.path = "RemoteCaCertificate", .note = "is for SM gateways; it was left out"},
    {.path = "Tag[].Key", .note = "is a tag; it was left out", .many = true},
    {.path = "Tag[].Value", .note = "is a tag; it was left out", .many = true},
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
    {.path = T "TunnelBgpConfig.EnableBgp", .set = set_bgp},
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

static int read_connection(struct s2s_import *import, cJSON *object, const char *prefix)
{
    struct s2si_plan_connection *connection = s2si_import_connection(import);
    struct s2si_json_walk walk = {.place = {import, connection, NULL},
                                  .rows = rows,
                                  .row_count = S2SI_COUNT(rows),
                                  .tunnels = {"TunnelOptionsSpecification"},
                                  .prefix = prefix,
                                  .which = which_tunnel};

    if (!connection || single_tunnel(import, object)) {
        return 0;
    }
    s2si_import_walk(&walk, object);
    spread(connection);
    if (!connection->tunnels[0].given || !connection->tunnels[1].given) {
        s2si_import_refuse(import, "TunnelOptionsSpecification", NULL, "is a list of two tunnels");
    }
    return 0;
}

static int unwrap(struct s2s_import *import, cJSON *object, const char *prefix)
{
    static const char *const wrapped[] = {"TunnelOptionsSpecification", "Tags", "Tag"};

    for (size_t i = 0; i < S2SI_COUNT(wrapped); i++) {
        if (!s2si_import_unwrap(object, wrapped[i])) {
            return S2S_ERR_NO_MEMORY;
        }
    }
    return read_connection(import, object, prefix);
}

/* A page of connections: what stands beside the list is about the page. */
static int read_page(struct s2s_import *import, cJSON *tree, cJSON *list)
{
    static const struct s2si_import_row page[] = {
        {.path = "RequestId", .note = PLACE},
        {.path = "PageNumber", .note = "counts pages; it was left out"},
        {.path = "PageSize", .note = "counts pages; it was left out"},
        {.path = "TotalCount", .note = "counts connections; those of other pages are not here"},
    };
    size_t before = import->connection_count;
    struct s2si_plan_connection nobody = {.bgp = S2S_UNSET};
    struct s2si_json_walk walk = {
        .place = {import, &nobody, NULL}, .rows = page, .row_count = S2SI_COUNT(page), .prefix = ""};
    char prefix[48];
    int error = 0, index = 0;

    for (cJSON *object = list->child; error == 0 && object && import->errors.error_count == 0; object = object->next) {
        snprintf(prefix, sizeof(prefix), "VpnConnections.VpnConnection[%d]", index++);
        if (!cJSON_IsObject(object)) {
            s2si_import_refuse(import, prefix, NULL, "is an object");
        } else if (s2si_import_chosen(import, prefix, object)) {
            error = unwrap(import, object, prefix);
        }
    }
    if (error == 0 && import->connection_count == before && import->errors.error_count == 0) {
        s2si_import_refuse(import, "VpnConnections", import->options.connection,
                           import->options.connection ? "is not there" : "is a list of at least one connection");
    }
    s2si_json_free_tree(cJSON_DetachItemFromObjectCaseSensitive(tree, "VpnConnections"));
    s2si_import_walk(&walk, tree);
    return error;
}

int s2si_import_alibaba(struct s2s_import *import, const char *text, size_t length)
{
    int error;
    cJSON *tree = s2si_import_tree(import, text, length, &error), *list;

    if (!tree) {
        return error;
    }
    if (!s2si_import_unwrap(tree, "VpnConnections")) {
        error = S2S_ERR_NO_MEMORY;
    }
    list = cJSON_GetObjectItemCaseSensitive(tree, "VpnConnections");
    if (error == 0 && cJSON_IsArray(list)) {
        error = read_page(import, tree, list);
    } else if (error == 0 && !s2si_import_chosen(import, "", tree)) {
        s2si_import_refuse(import, "VpnConnectionId", import->options.connection, "is not there");
    } else if (error == 0) {
        error = unwrap(import, tree, "");
    }
    s2si_json_free_tree(tree);
    return error;
}
