/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer of `aws ec2 describe-vpn-connections`. A connection's CustomerGatewayConfiguration (XML) gives the
 * addresses, ASNs and keys; its Options, which follow custom settings where the XML does not, are laid over it. Tunnels
 * are matched by their outside address, since the two list them in orders of their own. Local* is the customer's side:
 * turned round by the rows.
 */
#include <stdio.h>
#include <string.h>

#include "lib/config/import.h"

#define TUNNEL(member) offsetof(struct s2si_plan_tunnel, member)
#define CONNECTION(member) offsetof(struct s2si_plan_connection, member)
#define T "Options.TunnelOptions[]."
#define STATE "is state, not a setting; it was left out"
#define CLOUDS_OWN "is the far end's own setting; it was left out"

static const struct s2si_import_row rows[] = {
    {.path = "VpnConnectionId", .set = s2si_set_text, .offset = CONNECTION(name)},
    {.path = "VpnConnectionArn", .note = "is of the account; it was left out"},
    {.path = "CustomerGatewayId", .set = s2si_set_text, .offset = CONNECTION(peer)},
    {.path = "VpnGatewayId", .set = s2si_set_text, .offset = CONNECTION(gateway)},
    {.path = "TransitGatewayId", .set = s2si_set_text, .offset = CONNECTION(gateway)},
    {.path = "Type", .set = s2si_set_fixed, .note = "ipsec.1"},
    {.path = "Category", .set = s2si_set_fixed, .note = "VPN"},
    {.path = "State", .note = STATE},
    {.path = "GatewayAssociationState", .note = STATE},
    {.path = "CoreNetworkArn", .note = "is not a virtual private gateway; it was left out"},
    {.path = "CoreNetworkAttachmentArn", .note = "is not a virtual private gateway; it was left out"},
    {.path = "VpnConcentratorId", .note = "is not a virtual private gateway; it was left out"},
    {.path = "PreSharedKeyArn", .note = "names a key that is kept elsewhere; it was left out", .secret = true},
    {.path = "Options.StaticRoutesOnly", .set = s2si_set_not, .offset = CONNECTION(bgp)},
    {.path = "Options.LocalIpv4NetworkCidr", .set = s2si_set_networks, .offset = CONNECTION(peer_subnets)},
    {.path = "Options.RemoteIpv4NetworkCidr", .set = s2si_set_networks, .offset = CONNECTION(cloud_subnets)},
    {.path = "Options.LocalIpv6NetworkCidr", .note = "is for IPv6 inside a tunnel; it was left out"},
    {.path = "Options.RemoteIpv6NetworkCidr", .note = "is for IPv6 inside a tunnel; it was left out"},
    {.path = "Options.TunnelInsideIpVersion", .set = s2si_set_fixed, .note = "ipv4"},
    {.path = "Options.EnableAcceleration", .set = s2si_set_fixed, .note = "false"},
    {.path = "Options.OutsideIpAddressType", .set = s2si_set_fixed, .note = "PublicIpv4"},
    {.path = "Options.TransportTransitGatewayAttachmentId",
     .note = "is not a virtual private gateway; it was left out"},
    {.path = "Options.TunnelBandwidth", .set = s2si_set_fixed, .note = "standard"},
    {.path = T "OutsideIpAddress", .set = s2si_set_address, .offset = TUNNEL(cloud_outside)},
    {.path = T "TunnelInsideCidr", .set = s2si_set_prefix, .offset = TUNNEL(inside)},
    {.path = T "TunnelInsideIpv6Cidr", .note = "is for IPv6 inside a tunnel; it was left out"},
    {.path = T "PreSharedKey", .set = s2si_set_text, .offset = TUNNEL(psk), .secret = true},
    {.path = T "Phase1LifetimeSeconds", .set = s2si_set_number, .offset = TUNNEL(params.ike_lifetime)},
    {.path = T "Phase2LifetimeSeconds", .set = s2si_set_number, .offset = TUNNEL(params.ipsec_lifetime)},
    {.path = T "RekeyMarginTimeSeconds",
     .set = s2si_set_number,
     .offset = TUNNEL(params.rekey_margin),
     .note = CLOUDS_OWN},
    {.path = T "RekeyFuzzPercentage", .set = s2si_set_number, .offset = TUNNEL(params.rekey_fuzz), .note = CLOUDS_OWN},
    {.path = T "ReplayWindowSize", .set = s2si_set_number, .offset = TUNNEL(params.replay_window), .note = CLOUDS_OWN},
    {.path = T "DpdTimeoutSeconds", .set = s2si_set_number, .offset = TUNNEL(params.dpd_timeout), .note = CLOUDS_OWN},
    {.path = T "DpdTimeoutAction", .set = s2si_set_dpd_action, .note = CLOUDS_OWN},
    {.path = T "StartupAction", .set = s2si_set_startup, .note = "is the far end's own setting; this end starts too"},
    {.path = T "IkeVersions[].Value", .set = s2si_set_version, .many = true},
    {.path = T "Phase1EncryptionAlgorithms[].Value",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_encryption),
     .which = S2S_TRANSFORM_ENCRYPTION,
     .many = true},
    {.path = T "Phase2EncryptionAlgorithms[].Value",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_encryption),
     .which = S2S_TRANSFORM_ENCRYPTION,
     .many = true},
    {.path = T "Phase1IntegrityAlgorithms[].Value",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_integrity),
     .which = S2S_TRANSFORM_INTEGRITY,
     .many = true},
    {.path = T "Phase2IntegrityAlgorithms[].Value",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_integrity),
     .which = S2S_TRANSFORM_INTEGRITY,
     .many = true},
    {.path = T "Phase1DHGroupNumbers[].Value",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_dh_group),
     .which = S2S_TRANSFORM_GROUP,
     .many = true},
    {.path = T "Phase2DHGroupNumbers[].Value",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_pfs),
     .which = S2S_TRANSFORM_GROUP,
     .many = true},
    {.path = T "LogOptions.CloudWatchLogOptions.LogEnabled", .note = "is logging by CloudWatch; it was left out"},
    {.path = T "LogOptions.CloudWatchLogOptions.LogGroupArn", .note = "is logging by CloudWatch; it was left out"},
    {.path = T "LogOptions.CloudWatchLogOptions.LogOutputFormat", .note = "is logging by CloudWatch; it was left out"},
    {.path = T "LogOptions.CloudWatchLogOptions.BgpLogEnabled", .note = "is logging by CloudWatch; it was left out"},
    {.path = T "LogOptions.CloudWatchLogOptions.BgpLogGroupArn", .note = "is logging by CloudWatch; it was left out"},
    {.path = T "LogOptions.CloudWatchLogOptions.BgpLogOutputFormat",
     .note = "is logging by CloudWatch; it was left out"},
    {.path = T "EnableTunnelLifecycleControl", .note = "is when AWS replaces an endpoint; it was left out"},
    {.path = "Routes[].DestinationCidrBlock", .set = s2si_set_networks, .offset = CONNECTION(routes), .many = true},
    {.path = "Routes[].Source", .set = s2si_set_fixed, .note = "Static", .many = true},
    {.path = "Routes[].State", .note = STATE, .many = true},
    {.path = "VgwTelemetry[].OutsideIpAddress", .note = STATE, .many = true},
    {.path = "VgwTelemetry[].Status", .note = STATE, .many = true},
    {.path = "VgwTelemetry[].StatusMessage", .note = STATE, .many = true},
    {.path = "VgwTelemetry[].LastStatusChange", .note = STATE, .many = true},
    {.path = "VgwTelemetry[].AcceptedRouteCount", .note = STATE, .many = true},
    {.path = "VgwTelemetry[].CertificateArn",
     .note = "is a certificate; this library authenticates by key",
     .many = true},
    {.path = "Tags[].Key", .note = "is a tag; it was left out", .many = true},
    {.path = "Tags[].Value", .note = "is a tag; it was left out", .many = true},
};

/* By outside address, else the first that is not taken by this list. */
static struct s2si_plan_tunnel *which_tunnel(const struct s2si_place *place, const cJSON *element, size_t index)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(element, "OutsideIpAddress"));
    struct s2si_plan_tunnel *tunnels = place->connection->tunnels;
    struct s2s_addr address;

    if (text && s2s_addr_parse(text, &address) == 0) {
        for (size_t i = 0; i < S2SI_PLAN_TUNNELS; i++) {
            if (tunnels[i].given && s2si_addr_equal(&tunnels[i].cloud_outside, &address)) {
                return &tunnels[i];
            }
        }
    }
    return index < S2SI_PLAN_TUNNELS && (!tunnels[index].given || tunnels[index].cloud_outside.family == 0)
               ? &tunnels[index]
               : NULL;
}

/* What Options say replaces what the XML says: lists start anew, "seen" belongs to the XML's rows. */
static void lay_over(struct s2si_plan_connection *connection, const cJSON *object)
{
    static const struct {
        const char *key;
        size_t offset;
    } lists[] = {
        {"Phase1EncryptionAlgorithms", TUNNEL(params.ike_encryption)},
        {"Phase2EncryptionAlgorithms", TUNNEL(params.ipsec_encryption)},
        {"Phase1IntegrityAlgorithms", TUNNEL(params.ike_integrity)},
        {"Phase2IntegrityAlgorithms", TUNNEL(params.ipsec_integrity)},
        {"Phase1DHGroupNumbers", TUNNEL(params.ike_dh_group)},
        {"Phase2DHGroupNumbers", TUNNEL(params.ipsec_pfs)},
    };
    const cJSON *options =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(object, "Options"), "TunnelOptions");
    struct s2si_place place = {NULL, connection, NULL};
    size_t index = 0;

    for (const cJSON *element = options ? options->child : NULL; element; element = element->next, index++) {
        struct s2si_plan_tunnel *tunnel = which_tunnel(&place, element, index);
        for (size_t i = 0; tunnel && i < S2SI_COUNT(lists); i++) {
            if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(element, lists[i].key)) > 0) {
                memset((char *)tunnel + lists[i].offset, 0, sizeof(struct s2s_algorithm_list));
            }
        }
    }
    memset(connection->seen, 0, sizeof(connection->seen));
    for (size_t i = 0; i < S2SI_PLAN_TUNNELS; i++) {
        memset(connection->tunnels[i].seen, 0, sizeof(connection->tunnels[i].seen));
    }
}

/* The XML string of a connection. It is taken out of the tree, so that the walk does not meet it. */
static int read_xml(struct s2s_import *import, struct s2si_plan_connection *connection, const char *prefix,
                    cJSON *object)
{
    cJSON *xml = cJSON_DetachItemFromObjectCaseSensitive(object, "CustomerGatewayConfiguration");
    char shown[128];
    int error = 0;

    if (!cJSON_IsString(xml) || !xml->valuestring[0]) {
        s2si_json_free_tree(xml);
        return 0;
    }
    snprintf(shown, sizeof(shown), "%s.CustomerGatewayConfiguration: ", prefix);
#if S2S_HAVE_EXPAT
    error = s2si_import_xml_connection(import, connection, shown, xml->valuestring, strlen(xml->valuestring));
#else
    s2si_import_warn(import, shown, NULL,
                     "is XML, and this build has no expat (S2S_EXPAT): customer gateway address and ASNs are missing");
    (void)connection;
#endif
    s2si_json_free_tree(xml);
    return error;
}

static int read_connection(struct s2s_import *import, cJSON *object, int index)
{
    struct s2si_plan_connection *connection = s2si_import_connection(import);
    char prefix[48];
    struct s2si_json_walk walk = {.place = {import, connection, NULL},
                                  .rows = rows,
                                  .row_count = S2SI_COUNT(rows),
                                  .tunnels = {"Options.TunnelOptions"},
                                  .prefix = prefix,
                                  .which = which_tunnel};
    int error;

    if (!connection || !cJSON_IsObject(object)) {
        s2si_import_refuse(import, "VpnConnections", NULL, "is a list of at most 16 connections");
        return 0;
    }
    snprintf(prefix, sizeof(prefix), "VpnConnections[%d]", index);
    error = read_xml(import, connection, prefix, object);
    if (error == 0) {
        lay_over(connection, object);
        s2si_import_walk(&walk, object);
        if (!connection->tunnels[0].given) {
            s2si_import_refuse(import, prefix, NULL, "names no tunnel");
        }
    }
    return error;
}

/* What is gone stays in AWS's answer for an hour, without options. */
static bool is_gone(struct s2s_import *import, const char *path, const cJSON *object)
{
    const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, "State"));
    bool gone = state && (strcmp(state, "deleted") == 0 || strcmp(state, "deleting") == 0);

    if (gone) {
        s2si_import_skip(import, path, object, state, "is no connection any more; it was left out");
    }
    return gone;
}

static int read_list(struct s2s_import *import, cJSON *list)
{
    size_t before = import->connection_count;
    int error = 0, index = 0;
    char path[48];

    for (cJSON *object = list->child; error == 0 && object && import->errors.error_count == 0;
         object = object->next, index++) {
        snprintf(path, sizeof(path), "VpnConnections[%d]", index);
        if (!cJSON_IsObject(object) || (s2si_import_chosen(import, path, object) && !is_gone(import, path, object))) {
            error = read_connection(import, object, index);
        }
    }
    if (error == 0 && import->connection_count == before && import->errors.error_count == 0) {
        s2si_import_refuse(import, "VpnConnections", import->options.connection,
                           import->options.connection ? "is not there" : "is a list of at least one connection");
    }
    return error;
}

int s2si_import_aws(struct s2s_import *import, const char *text, size_t length)
{
    int error;
    cJSON *tree = s2si_import_tree(import, text, length, &error), *list;

    if (!tree) {
        return error;
    }
    list = cJSON_GetObjectItemCaseSensitive(tree, "VpnConnections");
    if (!cJSON_IsArray(list)) {
        s2si_import_refuse(import, "VpnConnections", NULL, "is a list of at least one connection");
    } else {
        error = read_list(import, list);
    }
    for (const cJSON *other = tree->child; other; other = other->next) {
        if (other != list) {
            import->counts.fields++;
            import->counts.unknown++;
            s2si_import_warn(import, other->string, NULL, "is not known here and was left out");
        }
    }
    s2si_json_free_tree(tree);
    return error;
}
