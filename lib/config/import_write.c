/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as a configuration. Here, and only here, "cloud" and "peer" become local and remote: local is what we
 * become. Tunnel params go out through the table that reads and prints every configuration (json_write).
 */
#include <stdio.h>
#include <string.h>

#include "lib/config/import.h"
#include "lib/config/json_out.h"

enum { FAR_ENDS = S2SI_PLAN_CONNECTIONS * S2SI_PLAN_TUNNELS };

struct far_end {
    struct s2s_addr address;
    uint32_t asn;
    char name[S2SI_PLAN_TEXT + 32];
};

struct writer {
    struct s2s_import *import;
    struct s2si_json_out out;
    const struct s2s_profile *profile;
    bool as_cloud, alibaba;
    struct s2si_networks local_networks, remote_networks; /* of the options */
    struct s2s_addr own[FAR_ENDS];
    size_t own_count;
    struct far_end far[FAR_ENDS];
    size_t far_count;
    cJSON *customer_gateways, *connections, *routes;
};

/* ---- who is who ---- */

static const struct s2s_addr *own_address(const struct writer *writer, const struct s2si_plan_tunnel *tunnel)
{
    return writer->as_cloud ? &tunnel->cloud_outside : &tunnel->peer_outside;
}

static const struct s2s_addr *far_address(const struct writer *writer, const struct s2si_plan_tunnel *tunnel)
{
    return writer->as_cloud ? &tunnel->peer_outside : &tunnel->cloud_outside;
}

static uint32_t own_asn(const struct writer *writer, const struct s2si_plan_tunnel *tunnel)
{
    return writer->as_cloud ? tunnel->cloud_asn : tunnel->peer_asn;
}

static uint32_t far_asn(const struct writer *writer, const struct s2si_plan_tunnel *tunnel)
{
    return writer->as_cloud ? tunnel->peer_asn : tunnel->cloud_asn;
}

/* Networks that say more than "everything". */
static bool specific(const struct s2si_networks *networks)
{
    return networks->count && networks->items[0].length > 0;
}

static const struct s2si_networks *local_of(const struct writer *writer, const struct s2si_plan_connection *connection)
{
    const struct s2si_networks *file = writer->as_cloud ? &connection->cloud_subnets : &connection->peer_subnets;
    return writer->local_networks.count && !specific(file) ? &writer->local_networks : file;
}

/* AWS's static routes say what lies behind the customer gateway. */
static const struct s2si_networks *remote_of(const struct writer *writer, const struct s2si_plan_connection *connection)
{
    const struct s2si_networks *file = writer->as_cloud ? &connection->peer_subnets : &connection->cloud_subnets;

    if (writer->as_cloud && connection->routes.count) {
        return &connection->routes;
    }
    return writer->remote_networks.count && !specific(file) ? &writer->remote_networks : file;
}

/* ---- addresses that the options give where the file names none ---- */

/* The number-th of a list with commas (from 0), else the last. */
static bool listed_address(const char *list, size_t number, struct s2s_addr *out)
{
    char text[S2S_ADDR_TEXT];
    size_t length;

    for (; number && strchr(list, ','); number--) {
        list = strchr(list, ',') + 1;
    }
    list += strspn(list, " ");
    length = strcspn(list, ", ");
    if (length >= sizeof(text)) {
        return false;
    }
    memcpy(text, list, length);
    text[length] = '\0';
    return s2s_addr_parse(text, out) == 0;
}

/* An identity is by default the outside address (Alibaba: LocalId, RemoteId), and often all that a file tells of it. */
static void complete(struct writer *writer, struct s2s_addr *address, const char *list, size_t number,
                     const char *identity, const char *option)
{
    if (address->family) {
        return;
    }
    if (list && !listed_address(list, number, address)) {
        s2si_import_refuse(writer->import, option, list, "is an IP address, or two with a comma between them");
    } else if (!list && identity[0] && s2s_addr_parse(identity, address) == 0) {
        s2si_import_warn(writer->import, option, identity,
                         "is the identity of this end, taken for its address, which no file names");
    }
}

/* XML gives an address and a length. */
static void complete_inside(struct s2si_plan_tunnel *tunnel)
{
    const struct s2s_addr *address = tunnel->cloud_inside.family ? &tunnel->cloud_inside : &tunnel->peer_inside;

    if (tunnel->inside.addr.family == 0 && address->family && tunnel->inside_length > 0 &&
        tunnel->inside_length <= (address->family == 4 ? 32 : 128)) {
        tunnel->inside.addr = *address;
        tunnel->inside.length = (uint8_t)tunnel->inside_length;
        s2si_prefix_mask(&tunnel->inside);
    }
}

/* A /30 has two hosts: who has one of them leaves the other. */
static void complete_hosts(struct s2si_plan_tunnel *tunnel)
{
    struct s2s_addr *known = tunnel->cloud_inside.family ? &tunnel->cloud_inside : &tunnel->peer_inside;
    struct s2s_addr *missing = tunnel->cloud_inside.family ? &tunnel->peer_inside : &tunnel->cloud_inside;

    if (tunnel->inside.addr.family == 4 && tunnel->inside.length == 30 && known->family && !missing->family) {
        struct s2s_addr first = s2si_prefix_host(&tunnel->inside, 1);
        *missing = s2si_prefix_host(&tunnel->inside, s2si_addr_equal(known, &first) ? 2 : 1);
    }
}

static void complete_tunnel(struct writer *writer, struct s2si_plan_tunnel *tunnel, size_t number)
{
    const struct s2s_import_options *options = &writer->import->options;

    const char *cloud = writer->as_cloud ? "local_address" : "remote_address";
    const char *peer = writer->as_cloud ? "remote_address" : "local_address";

    complete(writer, &tunnel->cloud_outside, writer->as_cloud ? options->local_address : options->remote_address,
             number, tunnel->cloud_id, cloud);
    complete(writer, &tunnel->peer_outside, writer->as_cloud ? options->remote_address : options->local_address, number,
             tunnel->peer_id, peer);
    complete_inside(tunnel);
    complete_hosts(tunnel);
    tunnel->peer_asn = tunnel->peer_asn ? tunnel->peer_asn : options->customer_asn;
    if (far_address(writer, tunnel)->family == 0) {
        s2si_import_refuse(writer->import, "remote_address", NULL,
                           "is required: the file names no address of the far end");
    }
    if (tunnel->params.dpd_delay > 0 && tunnel->dpd_retries > 0 && tunnel->params.dpd_timeout == S2S_UNSET &&
        !writer->as_cloud && tunnel->dpd_retries < 1000 && tunnel->params.dpd_delay < 100000) {
        tunnel->params.dpd_timeout = tunnel->params.dpd_delay * tunnel->dpd_retries;
    }
}

/* ---- algorithms in the profile's limits ---- */

static bool holds(const struct s2s_algorithm_list *list, uint16_t algorithm)
{
    for (size_t i = 0; list && i < list->count; i++) {
        if (list->items[i] == algorithm) {
            return true;
        }
    }
    return false;
}

static bool allowed(const struct s2si_profile_field *row, uint16_t algorithm)
{
    return !row || (!row->allowed && !row->allowed_more) || holds(row->allowed, algorithm) ||
           holds(row->allowed_more, algorithm);
}

static void left_out(struct writer *writer, const struct s2si_field *field, uint16_t algorithm, const char *why)
{
    const char *name = algorithm ? s2s_algorithm_name((enum s2s_algorithm)algorithm) : "disabled";
    s2si_import_warn(writer->import, field->key, name, why);
}

/* The clouds list the weak first; we prefer the strong: the list is turned round. What the profile does not have is
 * named. */
static void fit(struct writer *writer, enum s2si_field_id id, struct s2s_algorithm_list *list)
{
    const struct s2si_field *field = s2si_field_by_id(id, NULL);
    const struct s2si_profile_field *row = s2si_profile_field(writer->profile, id);
    struct s2s_algorithm_list fitting = {0};

    for (size_t i = list->count; i > 0; i--) {
        uint16_t algorithm = list->items[i - 1];
        if (holds(&fitting, algorithm)) {
            continue;
        }
        if (!allowed(row, algorithm)) {
            left_out(writer, field, algorithm, "is not among what the new gateway's profile has; it was left out");
        } else if (row && row->most && fitting.count == row->most) {
            left_out(writer, field, algorithm, "is one more than the new gateway's profile takes; it was left out");
        } else {
            fitting.items[fitting.count++] = algorithm;
        }
    }
    if (list->count && !fitting.count) {
        s2si_import_refuse(writer->import, field->key, NULL, "names no algorithm that the new gateway's profile has");
    }
    *list = fitting;
}

/* A far end that takes both versions gets the better one. AWS's endpoints take both unless told otherwise, and its
 * sample files say IKEv1 whatever the options are. */
static void fit_version(struct writer *writer, int *version)
{
    if (*version == (S2S_IKEV1 | S2S_IKEV2) && !writer->as_cloud) {
        *version = S2S_IKEV2;
    } else if (*version == S2S_IKEV1 && strcmp(writer->import->cloud, "aws") == 0) {
        *version = S2S_IKEV2;
        s2si_import_warn(writer->import, "ike.version", "ikev1",
                         "this library has IKEv2 alone, and AWS takes both unless the connection's options leave it "
                         "out: ikev2 was put in");
    } else if (*version == S2S_IKEV1) {
        s2si_import_refuse(writer->import, "ike.version", "ikev1",
                           "this library has IKEv2 alone: set the connection to ikev2 in the cloud's console, and take "
                           "the file again");
    }
}

static void fit_all(struct writer *writer, struct s2s_tunnel_params *params)
{
    fit(writer, S2SI_TUN_IKE_ENCRYPTION, &params->ike_encryption);
    fit(writer, S2SI_TUN_IKE_INTEGRITY, &params->ike_integrity);
    fit(writer, S2SI_TUN_IKE_DH_GROUP, &params->ike_dh_group);
    fit(writer, S2SI_TUN_IPSEC_ENCRYPTION, &params->ipsec_encryption);
    fit(writer, S2SI_TUN_IPSEC_INTEGRITY, &params->ipsec_integrity);
    fit(writer, S2SI_TUN_IPSEC_PFS, &params->ipsec_pfs);
    fit_version(writer, &params->ike_version);
}

/* ---- JSON ---- */

static void put_address(struct writer *writer, cJSON *parent, const char *key, const struct s2s_addr *address)
{
    char text[S2S_ADDR_TEXT];
    s2si_out_text(&writer->out, parent, key, s2s_addr_format(address, text));
}

static void put_networks(struct writer *writer, cJSON *parent, const char *key, const struct s2si_networks *networks)
{
    cJSON *list = s2si_out_list(&writer->out, parent, key);
    char text[S2S_ADDR_TEXT];

    for (size_t i = 0; i < networks->count; i++) {
        s2si_out_text(&writer->out, list, NULL, s2s_prefix_format(&networks->items[i], text));
    }
}

/* The customer gateway of a tunnel: one for each address and ASN. */
static const char *far_end(struct writer *writer, const struct s2si_plan_connection *connection,
                           const struct s2si_plan_tunnel *tunnel)
{
    const struct s2s_addr *address = far_address(writer, tunnel);
    const char *base =
        writer->as_cloud ? (tunnel->peer_name[0] ? tunnel->peer_name : connection->peer) : connection->gateway;
    struct far_end *far = &writer->far[writer->far_count];
    cJSON *object;

    for (size_t i = 0; i < writer->far_count; i++) {
        if (s2si_addr_equal(&writer->far[i].address, address) && writer->far[i].asn == far_asn(writer, tunnel)) {
            return writer->far[i].name;
        }
    }
    far->address = *address;
    far->asn = far_asn(writer, tunnel);
    snprintf(far->name, sizeof(far->name), "%s-%zu", base[0] ? base : "far-end", ++writer->far_count);
    object = s2si_out_object(&writer->out, writer->customer_gateways, NULL);
    s2si_out_text(&writer->out, object, "name", far->name);
    s2si_out_text(&writer->out, object, "profile", writer->as_cloud ? "generic" : writer->import->cloud);
    put_address(writer, object, "ip_address", address);
    if (far->asn) {
        s2si_out_number(&writer->out, object, "asn", far->asn);
    }
    return far->name;
}

/* Ours among the gateway's addresses. @return whether tunnels need to say which. */
static void note_own(struct writer *writer, const struct s2si_plan_tunnel *tunnel)
{
    const struct s2s_addr *address = own_address(writer, tunnel);

    for (size_t i = 0; i < writer->own_count; i++) {
        if (s2si_addr_equal(&writer->own[i], address)) {
            return;
        }
    }
    if (address->family) {
        writer->own[writer->own_count++] = *address;
    }
}

static void turn_params(struct writer *writer, const struct s2si_plan_tunnel *tunnel, struct s2s_tunnel_params *params)
{
    const char *local_id = writer->as_cloud ? tunnel->cloud_id : tunnel->peer_id;
    const char *remote_id = writer->as_cloud ? tunnel->peer_id : tunnel->cloud_id;

    params->local_id = local_id[0] ? local_id : NULL;
    params->remote_id = remote_id[0] ? remote_id : NULL;
    params->bgp_tunnel_cidr = tunnel->inside;
    params->bgp_local_ip = writer->as_cloud ? tunnel->cloud_inside : tunnel->peer_inside;
    params->bgp_peer_ip = writer->as_cloud ? tunnel->peer_inside : tunnel->cloud_inside;
    if (tunnel->inside.addr.family == 0) { /* an address alone ("next hop") is no inside network */
        memset(&params->bgp_local_ip, 0, sizeof(params->bgp_local_ip));
        memset(&params->bgp_peer_ip, 0, sizeof(params->bgp_peer_ip));
    }
}

static int put_tunnel(struct writer *writer, cJSON *list, const struct s2si_plan_connection *connection,
                      const struct s2si_plan_tunnel *tunnel)
{
    cJSON *object = s2si_out_object(&writer->out, list, NULL);
    struct s2s_tunnel_params params = tunnel->params;

    s2si_out_text(&writer->out, object, "customer_gateway", far_end(writer, connection, tunnel));
    if (writer->own_count > 1 && !writer->alibaba) {
        put_address(writer, object, "local_address", own_address(writer, tunnel));
    }
    if (tunnel->psk[0]) {
        s2si_out_text(&writer->out, object, "psk", tunnel->psk);
    } else {
        s2si_import_warn(writer->import, "psk", NULL,
                         "is in no file: the new gateway makes one; give it the far end's");
    }
    fit_all(writer, &params);
    turn_params(writer, tunnel, &params);
    return writer->out.failed ? S2S_ERR_NO_MEMORY : s2si_json_put_all(object, S2SI_TUNNEL, &params, writer->profile);
}

/* ---- routes ---- */

static void put_route(struct writer *writer, const char *connection, const char *type, const struct s2s_prefix *source,
                      const struct s2s_prefix *destination)
{
    cJSON *route = s2si_out_object(&writer->out, writer->routes, NULL);
    char text[S2S_ADDR_TEXT];

    s2si_out_text(&writer->out, route, "type", type);
    if (source) {
        s2si_out_text(&writer->out, route, "source", s2s_prefix_format(source, text));
    }
    s2si_out_text(&writer->out, route, "destination", s2s_prefix_format(destination, text));
    s2si_out_text(&writer->out, route, "connection", connection);
    s2si_out_bool(&writer->out, route, "publish", true);
}

/* Routes without BGP. Selectors of both sides make Alibaba's policy routes; a generic gateway makes those itself. */
static void put_routes(struct writer *writer, const char *name, const struct s2si_networks *local,
                       const struct s2si_networks *remote, bool policy)
{
    const char *type = writer->alibaba ? "destination" : "static";

    for (size_t i = 0; i < remote->count; i++) {
        if (remote->items[i].length == 0) {
            continue;
        }
        if (!policy || (!writer->alibaba && writer->as_cloud)) {
            put_route(writer, name, type, NULL, &remote->items[i]);
        }
        for (size_t k = 0; policy && writer->alibaba && k < local->count; k++) {
            put_route(writer, name, "policy", &local->items[k], &remote->items[i]);
        }
    }
    if (!specific(remote)) {
        s2si_import_warn(writer->import, "routes", NULL,
                         "no file names the networks behind the far end: add routes to them, or BGP");
    }
}

/* ---- objects ---- */

static int put_connection(struct writer *writer, const struct s2si_plan_connection *connection, size_t number)
{
    cJSON *object = s2si_out_object(&writer->out, writer->connections, NULL), *tunnels;
    const struct s2si_networks *local = local_of(writer, connection), *remote = remote_of(writer, connection);
    const struct s2si_networks *file_local = writer->as_cloud ? &connection->cloud_subnets : &connection->peer_subnets;
    const struct s2si_networks *file_remote = writer->as_cloud ? &connection->peer_subnets : &connection->cloud_subnets;
    bool policy = connection->bgp != 1 && (specific(file_local) || specific(file_remote));
    char name[S2SI_PLAN_TEXT + 32];
    int error = 0;

    if (connection->name[0]) {
        snprintf(name, sizeof(name), "%s", connection->name);
    } else {
        snprintf(name, sizeof(name), "connection-%zu", number);
    }
    s2si_out_text(&writer->out, object, "name", name);
    if (file_local->count && file_remote->count && (specific(file_local) || specific(file_remote))) {
        put_networks(writer, object, "local_subnets", file_local);
        put_networks(writer, object, "remote_subnets", file_remote);
    }
    if (connection->effect_immediately != S2S_UNSET || !writer->as_cloud) {
        s2si_out_bool(&writer->out, object, "effect_immediately",
                      connection->effect_immediately != 0 || !writer->as_cloud);
    }
    if (connection->auto_config_route != S2S_UNSET) {
        s2si_out_bool(&writer->out, object, "auto_config_route", connection->auto_config_route == 1);
    }
    s2si_out_bool(&writer->out, object, "enable_bgp", connection->bgp == 1);
    if (writer->alibaba && connection->bgp == 1 && own_asn(writer, &connection->tunnels[0])) {
        s2si_out_number(&writer->out, object, "local_asn", own_asn(writer, &connection->tunnels[0]));
    }
    tunnels = s2si_out_list(&writer->out, object, "tunnels");
    for (size_t i = 0; error == 0 && i < S2SI_PLAN_TUNNELS; i++) {
        if (connection->tunnels[i].given) {
            error = put_tunnel(writer, tunnels, connection, &connection->tunnels[i]);
        }
    }
    if (connection->bgp == 1 && connection->tunnels[0].peer_asn == 0) {
        s2si_import_refuse(writer->import, "customer_asn", NULL,
                           "is required: the connection does BGP, and the file names no AS number of the customer gateway");
    }
    if (connection->bgp != 1) {
        put_routes(writer, name, local, remote, policy && specific(local) && specific(remote));
    }
    return error;
}

static void put_vpc(struct writer *writer, cJSON *gateway)
{
    const struct s2si_networks *networks = local_of(writer, &writer->import->connections[0]);
    cJSON *vpc;

    if (!specific(networks)) {
        s2si_import_warn(writer->import, "gateway.vpc.cidr", NULL,
                         "no file names the networks behind this gateway: give local_networks");
        return;
    }
    vpc = s2si_out_object(&writer->out, gateway, "vpc");
    put_networks(writer, vpc, "cidr", networks);
    if (writer->as_cloud && !writer->alibaba) { /* AWS puts routes into the tables that propagate */
        cJSON *tables = s2si_out_list(&writer->out, vpc, "route_tables"),
              *table = s2si_out_object(&writer->out, tables, NULL);
        s2si_out_text(&writer->out, table, "name", "main");
        s2si_out_bool(&writer->out, table, "propagate", true);
    }
}

static void put_gateway(struct writer *writer, cJSON *root)
{
    const struct s2s_import *import = writer->import;
    const struct s2si_plan_connection *first = &import->connections[0];
    cJSON *gateway = s2si_out_object(&writer->out, root, "gateway"), *addresses;
    uint32_t asn = own_asn(writer, &first->tunnels[0]);

    s2si_out_text(&writer->out, gateway, "name",
                  import->options.name                    ? import->options.name
                  : writer->as_cloud && first->gateway[0] ? first->gateway
                                                          : "gateway");
    s2si_out_text(&writer->out, gateway, "profile", s2s_profile_name(writer->profile));
    addresses = s2si_out_list(&writer->out, gateway, "addresses");
    for (size_t i = 0; i < writer->own_count; i++) {
        put_address(writer, addresses, NULL, &writer->own[i]);
    }
    if (writer->own_count == 0) {
        s2si_out_text(&writer->out, addresses, NULL, "dynamic");
        s2si_import_warn(writer->import, "gateway.addresses", NULL,
                         "no file names our address: \"dynamic\" was put in; or give local_address");
    }
    if (asn && !writer->alibaba) {
        s2si_out_number(&writer->out, gateway, "asn", asn);
    }
    put_vpc(writer, gateway);
    if (writer->alibaba && first->bgp == 1) {
        s2si_out_bool(&writer->out, gateway, "auto_propagate", true); /* else BGP routes would not reach the VPC */
    }
}

static int write_all(struct writer *writer, cJSON *root)
{
    struct s2s_import *import = writer->import;
    int error = 0;

    for (size_t i = 0; i < import->connection_count; i++) {
        for (size_t k = 0; k < S2SI_PLAN_TUNNELS; k++) {
            if (import->connections[i].tunnels[k].given) {
                complete_tunnel(writer, &import->connections[i].tunnels[k], k);
                note_own(writer, &import->connections[i].tunnels[k]);
            }
        }
    }
    put_gateway(writer, root);
    writer->customer_gateways = s2si_out_list(&writer->out, root, "customer_gateways");
    writer->connections = s2si_out_list(&writer->out, root, "connections");
    writer->routes = s2si_out_list(&writer->out, root, "routes");
    for (size_t i = 0; error == 0 && i < import->connection_count; i++) {
        error = put_connection(writer, &import->connections[i], i + 1);
    }
    return error ? error : writer->out.failed ? S2S_ERR_NO_MEMORY : s2si_config_result(&import->errors);
}

/* ---- Alibaba as the peer of AWS: tunnel 1 of two connections (design section 4: two addresses, one customer gateway
 * each) ---- */

static void join(struct s2s_import *import)
{
    struct s2si_plan_connection *one = &import->connections[0], *two = &import->connections[1];

    if (import->connection_count != 2) {
        s2si_import_refuse(import, "", NULL,
                           "an Alibaba gateway has two addresses and AWS knows one customer gateway a connection: give "
                           "two connections");
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        if (import->connections[i].tunnels[1].given) {
            import->file = import->file_count > 1 ? i + 1 : 0;
            s2si_import_warn(import, "tunnel 2", import->connections[i].name,
                             "is not used: the Alibaba gateway's two tunnels go to tunnel 1 of each connection");
        }
    }
    if (two->bgp != one->bgp) {
        s2si_import_refuse(import, "", NULL, "one connection does BGP and the other does not");
    }
    one->tunnels[1] = two->tunnels[0];
    import->connection_count = 1;
}

/* A configuration is one gateway: as the cloud its connections must be of the same one. */
static void check_one_gateway(struct s2s_import *import)
{
    const struct s2si_plan_connection *first = &import->connections[0];

    for (size_t i = 1; import->as_cloud && i < import->connection_count; i++) {
        const char *gateway = import->connections[i].gateway;
        if (gateway[0] && first->gateway[0] && strcmp(gateway, first->gateway) != 0) {
            s2si_import_refuse(import, "VpnGatewayId", gateway,
                               "is another gateway than that of the first connection; choose a connection by its id");
            return;
        }
    }
}

static void prepare(struct writer *writer)
{
    struct s2s_import *import = writer->import;
    const char *rule = NULL;

    check_one_gateway(import);

    if (!writer->as_cloud && strcmp(s2s_profile_name(writer->profile), "aws") == 0) {
        s2si_import_refuse(import, "profile", "aws",
                           "an AWS gateway is not configured by another cloud's file; take alibaba or generic");
    }
    if (!writer->as_cloud && writer->alibaba) {
        join(import);
    }
    if (import->options.local_networks) {
        rule = s2si_networks_read(&writer->local_networks, import->options.local_networks);
    }
    if (!rule && import->options.remote_networks) {
        rule = s2si_networks_read(&writer->remote_networks, import->options.remote_networks);
    }
    if (rule) {
        s2si_import_refuse(import, "options", NULL, rule);
    }
}

int s2si_import_write(struct s2s_import *import)
{
    struct writer *writer = s2si_alloc(&import->mem, sizeof(*writer));
    cJSON *root;
    int error;

    if (!writer) {
        return S2S_ERR_NO_MEMORY;
    }
    writer->import = import;
    writer->profile = import->profile;
    writer->as_cloud = import->as_cloud;
    writer->alibaba = strcmp(s2s_profile_name(import->profile), "alibaba") == 0;
    import->file = 0;
    prepare(writer);
    error = s2si_config_result(&import->errors);
    if (error == 0) {
        root = s2si_out_object(&writer->out, NULL, NULL);
        error = write_all(writer, root);
        import->text = error ? NULL : cJSON_Print(root);
        error = error || import->text ? error : S2S_ERR_NO_MEMORY;
        s2si_json_free_tree(root);
    }
    s2si_free_secret(&import->mem, writer, sizeof(*writer));
    return error;
}
