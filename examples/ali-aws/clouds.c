/* SPDX-License-Identifier: Apache-2.0 */
#include "clouds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <s2svpn/config.h>
#include <s2svpn/device_files.h>

#include "handout.h"
#include "topology.h"

const char *const aws_connections[CONNECTIONS] = {"vpn-1", "vpn-2"};

/* Neither cloud offers BFD: the probe is what makes a silent death short. */
enum { PROBE_INTERVAL_MS = 100, PROBE_RETRY = 3 };
#define PROBE_ON "{\"probe\":{\"enable\":true,\"interval_ms\":100,\"retry\":3}}"
#define PROBE_OFF "{\"probe\":{\"enable\":false}}"

const char *clouds_probe_patch(bool on)
{
    return on ? PROBE_ON : PROBE_OFF;
}

static char *finish(cJSON *root)
{
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    return text;
}

char *clouds_psk_patch(const char *psk)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "psk", psk);
    return finish(root);
}

/* The last character becomes another letter. */
void clouds_wrong_psk(const char *psk, char out[PSK_ROOM])
{
    size_t length = strlen(psk);
    (void)snprintf(out, PSK_ROOM, "%s", psk);
    if (length)
        out[length - 1] = psk[length - 1] == 'x' ? 'y' : 'x';
}

static void add_strings(cJSON *parent, const char *name, const char *const *items)
{
    cJSON *list = cJSON_AddArrayToObject(parent, name);
    for (; *items; items++)
        cJSON_AddItemToArray(list, cJSON_CreateString(*items));
}

static void add_probe(cJSON *tunnel)
{
    cJSON *probe = cJSON_AddObjectToObject(tunnel, "probe");
    cJSON_AddBoolToObject(probe, "enable", 1);
    cJSON_AddNumberToObject(probe, "interval_ms", PROBE_INTERVAL_MS);
    cJSON_AddNumberToObject(probe, "retry", PROBE_RETRY);
}

/* The gateway's own object. @return the vpc object in it. */
static cJSON *add_gateway(cJSON *root, enum side side, const char *name)
{
    const struct place *place = &places[side];
    cJSON *gateway = cJSON_AddObjectToObject(root, "gateway"), *vpc, *kernel;
    cJSON_AddStringToObject(gateway, "name", name);
    cJSON_AddStringToObject(gateway, "profile", place->key);
    add_strings(gateway, "addresses", place->outside);
    vpc = cJSON_AddObjectToObject(gateway, "vpc");
    add_strings(vpc, "cidr", (const char *const[]){place->vpc, NULL});
    kernel = cJSON_AddObjectToObject(gateway, "kernel");
    cJSON_AddStringToObject(kernel, "type", "tun");
    return vpc;
}

static void add_route_table(cJSON *vpc, const char *name, const char *flag)
{
    cJSON *tables = cJSON_AddArrayToObject(vpc, "route_tables"), *table = cJSON_CreateObject();
    cJSON_AddStringToObject(table, "name", name);
    cJSON_AddBoolToObject(table, flag, 1);
    cJSON_AddItemToArray(tables, table);
}

/* asn 0: the document registers none. */
static void add_customer_gateway(cJSON *list, const char *name, const char *address, unsigned asn)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", name);
    cJSON_AddStringToObject(object, "ip_address", address);
    if (asn)
        cJSON_AddNumberToObject(object, "asn", asn);
    cJSON_AddItemToArray(list, object);
}

/* ---- AWS: two customer gateways, two connections, a static route each or BGP, propagation on ---- */

static cJSON *aws_tunnel(const char *inside, const struct aws_tunnel *keys, bool used)
{
    cJSON *tunnel = cJSON_CreateObject(), *bgp = cJSON_AddObjectToObject(tunnel, "bgp");
    cJSON_AddStringToObject(bgp, "tunnel_cidr", inside);
    if (keys)
        cJSON_AddStringToObject(tunnel, "psk", keys->psk);
    if (used)
        add_probe(tunnel);
    return tunnel;
}

/* With BGP the networks stay at AWS's default, 0.0.0.0/0 on both sides: selectors of the two VPCs alone would keep out
 * the session itself, which runs between inside addresses. */
static void add_aws_routing(cJSON *connection, enum routing routing)
{
    if (routing == ROUTING_BGP) {
        cJSON_AddBoolToObject(connection, "enable_bgp", 1);
        return;
    }
    cJSON_AddStringToObject(connection, "local_subnets", places[AWS].vpc);
    cJSON_AddStringToObject(connection, "remote_subnets", places[ALIBABA].vpc);
}

static cJSON *aws_connection(enum routing routing, int number, const char *customer_gateway,
                             const struct aws_tunnel *keys)
{
    cJSON *connection = cJSON_CreateObject(), *tunnels;
    cJSON_AddStringToObject(connection, "name", aws_connections[number]);
    cJSON_AddStringToObject(connection, "customer_gateway", customer_gateway);
    add_aws_routing(connection, routing);
    tunnels = cJSON_AddArrayToObject(connection, "tunnels");
    for (int i = 0; i < TUNNELS; i++)
        cJSON_AddItemToArray(tunnels, aws_tunnel(inside_networks[number][i], keys ? &keys[i] : NULL, i == 0));
    return connection;
}

static cJSON *aws_route(int number)
{
    cJSON *route = cJSON_CreateObject();
    cJSON_AddStringToObject(route, "type", "static");
    cJSON_AddStringToObject(route, "destination", places[ALIBABA].vpc);
    cJSON_AddStringToObject(route, "connection", aws_connections[number]);
    return route;
}

char *clouds_aws_json(enum routing routing, const struct alibaba_handout *alibaba, const struct aws_handout *keys)
{
    cJSON *root = cJSON_CreateObject(), *customers, *connections, *routes;
    bool bgp = routing == ROUTING_BGP;
    add_route_table(add_gateway(root, AWS, "virtual-private-gateway"), "main", "propagate");
    cJSON_AddNumberToObject(cJSON_GetObjectItem(root, "gateway"), "asn", places[AWS].asn);
    customers = cJSON_AddArrayToObject(root, "customer_gateways");
    connections = cJSON_AddArrayToObject(root, "connections");
    routes = cJSON_AddArrayToObject(root, "routes");
    for (int i = 0; i < CONNECTIONS; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "customer-gateway-%d", i + 1);
        add_customer_gateway(customers, name, alibaba->addresses[i], bgp ? places[ALIBABA].asn : 0);
        cJSON_AddItemToArray(connections, aws_connection(routing, i, name, keys ? keys->tunnels[i] : NULL));
        if (!bgp)
            cJSON_AddItemToArray(routes, aws_route(i));
    }
    return finish(root);
}

/* ---- what AWS chose, and what it hands out ---- */

static int read_tunnel(const s2s_connection *connection, int index, struct aws_tunnel *out)
{
    const s2s_tunnel *tunnel = s2s_connection_tunnel(connection, (size_t)index + 1);
    struct s2s_tunnel_state state = {.struct_size = sizeof state};
    struct s2s_tunnel_params effective = {.struct_size = sizeof effective};
    size_t length = 0;
    if (!tunnel || s2s_tunnel_get(tunnel, &state) != 0 || s2s_tunnel_effective(tunnel, &effective) != 0 ||
        s2s_tunnel_psk(tunnel, (uint8_t *)out->psk, sizeof out->psk - 1, &length) != 0)
        return -1;
    out->psk[length] = '\0';
    s2s_addr_format(&state.local.addr, out->outside);
    s2s_prefix_format(&effective.bgp_tunnel_cidr, out->inside);
    return length >= 8 ? 0 : -1;
}

static int read_handout(const s2s_engine *engine, struct aws_handout *out)
{
    const s2s_gateway *gateway = s2s_gateway_next(engine, NULL);
    for (int i = 0; gateway && i < CONNECTIONS; i++) {
        const s2s_connection *connection = s2s_connection_find(gateway, aws_connections[i]);
        if (!connection || s2s_device_file_export(connection, S2S_DEVICE_FILE_GENERIC, S2S_DEVICE_SAMPLE_RECOMMENDED,
                                                  &out->files[i]) != 0)
            return -1;
        for (int k = 0; k < TUNNELS; k++)
            if (read_tunnel(connection, k, &out->tunnels[i][k]) != 0)
                return -1;
    }
    return gateway ? 0 : -1;
}

void clouds_aws_forget(struct aws_handout *aws)
{
    for (int i = 0; i < CONNECTIONS; i++)
        s2s_device_file_free(aws->files[i]);
    memset(aws, 0, sizeof *aws);
}

static void first_error(const s2s_config *config, int error, char *problem, size_t room)
{
    struct s2s_config_error detail = {.struct_size = sizeof detail};
    (void)snprintf(problem, room, "%s", s2s_strerror(error));
    for (size_t i = 0; config && s2s_config_error(config, i, &detail) == 0; i++)
        if (!detail.warning) {
            (void)snprintf(problem, room, "%s \"%s\": %s", detail.path, detail.value, detail.rule);
            return;
        }
}

/* The console: an engine that nobody drives. Objects are made in it and asked for what AWS chose; nothing is ever sent.
 */
static int create_in(s2s_engine *engine, const char *json, struct aws_handout *out, char *problem, size_t room)
{
    s2s_config *config = NULL;
    int error = s2s_config_parse(json, strlen(json), NULL, &config);
    if (error == 0)
        error = s2s_config_apply(engine, config, 0);
    if (error != 0)
        first_error(config, error, problem, room);
    else if (read_handout(engine, out) != 0)
        error = snprintf(problem, room, "the AWS connections do not hand out what the document needs");
    s2s_config_delete(config);
    return error == 0 ? 0 : -1;
}

int clouds_aws_create(enum routing routing, const struct alibaba_handout *alibaba, struct aws_handout *out,
                      char *problem, size_t room)
{
    struct s2s_engine_params params;
    s2s_engine *engine = NULL;
    char *json = clouds_aws_json(routing, alibaba, NULL);
    int result = -1;
    s2s_engine_params_init(&params, sizeof params);
    params.provider = s2s_crypto_mbedtls();
    (void)snprintf(problem, room, "out of memory");
    if (json && s2s_engine_new(&params, &engine) == 0)
        result = create_in(engine, json, out, problem, room);
    s2s_engine_delete(engine);
    free(json);
    return result;
}

/* ---- Alibaba: one connection, tunnel i to tunnel 1 of the i-th AWS connection ---- */

/* What the document chooses in the console; the files name no networks. */
static void choose_routing(cJSON *connection, enum routing routing, enum alibaba_stage stage)
{
    bool bgp = routing == ROUTING_BGP, enabled = bgp && stage >= STAGE_BGP;
    static const char *const chosen[] = {"name", "enable_bgp", "local_asn", "effect_immediately"};
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++)
        cJSON_DeleteItemFromObjectCaseSensitive(connection, chosen[i]);
    cJSON_AddStringToObject(connection, "name", ALIBABA_CONNECTION);
    cJSON_AddStringToObject(connection, "route_mode", bgp ? "destination" : "policy");
    if (!bgp) {
        cJSON_AddStringToObject(connection, "local_subnets", places[ALIBABA].vpc);
        cJSON_AddStringToObject(connection, "remote_subnets", places[AWS].vpc);
    }
    cJSON_AddBoolToObject(connection, "effect_immediately", 1);
    cJSON_AddBoolToObject(connection, "enable_bgp", enabled);
    if (enabled)
        cJSON_AddNumberToObject(connection, "local_asn", places[ALIBABA].asn);
}

/* Static: the inside addresses are for the probe alone. BGP: they are entered when it is switched on. */
static void choose_inside(cJSON *connection, bool inside)
{
    cJSON *tunnel;
    cJSON_ArrayForEach(tunnel, cJSON_GetObjectItemCaseSensitive(connection, "tunnels"))
    {
        if (inside)
            add_probe(tunnel);
        else
            cJSON_DeleteItemFromObjectCaseSensitive(tunnel, "bgp");
    }
}

/* The customer gateways and the connection as the import of the device files made them, and the document's choices. */
static void add_alibaba_connection(cJSON *root, enum routing routing, enum alibaba_stage stage,
                                   const struct handout *files)
{
    static const char *const parts[] = {"customer_gateways", "connections"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cJSON_AddItemToObject(root, parts[i],
                              cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(files->config, parts[i]), 1));
    cJSON *connection = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(root, "connections"), 0);
    choose_routing(connection, routing, stage);
    choose_inside(connection, routing == ROUTING_STATIC || stage >= STAGE_BGP);
}

/* The listed route has the key of the automatic one, so it is that one, published. */
static void add_published_route(cJSON *root)
{
    cJSON *routes = cJSON_AddArrayToObject(root, "routes"), *route = cJSON_CreateObject();
    cJSON_AddStringToObject(route, "type", "policy");
    cJSON_AddStringToObject(route, "source", places[ALIBABA].vpc);
    cJSON_AddStringToObject(route, "destination", places[AWS].vpc);
    cJSON_AddStringToObject(route, "connection", ALIBABA_CONNECTION);
    cJSON_AddBoolToObject(route, "publish", 1);
    cJSON_AddItemToArray(routes, route);
}

char *clouds_alibaba_json(enum routing routing, enum alibaba_stage stage, const struct handout *files)
{
    cJSON *root = cJSON_CreateObject();
    add_route_table(add_gateway(root, ALIBABA, "vpn-gateway"), "system", "system");
    if (stage >= STAGE_CONNECTION)
        add_alibaba_connection(root, routing, stage, files);
    if (stage >= STAGE_PUBLISHED && routing == ROUTING_STATIC)
        add_published_route(root);
    if (routing == ROUTING_BGP)
        cJSON_AddBoolToObject(cJSON_GetObjectItem(root, "gateway"), "auto_propagate", stage >= STAGE_PUBLISHED);
    return finish(root);
}
