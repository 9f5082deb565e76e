/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effective_list: every value that holds, and where it came from. The configuration is checked in its private engine;
 * then each object is walked by the one table of fields:
 *
 *   set in the model (what the text gave)                    -> given
 *   the row of a profile has it (console, API, device side)  -> default, with the profile's name
 *   the rest: gateway/effective and gateway/tunnel worked it out of other values  -> computed, with what it came from
 *
 * The list is a JSON tree first; the text form prints that tree, so that both say the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/json_out.h"
#include "lib/gateway/datapath.h"
#include "lib/gateway/effective.h"
#include "lib/gateway/objects.h"

enum { PREFIX = 96, MOST_TEXT = 64 << 20 };

struct list {
    struct s2si_json_out out;
    cJSON *items;
    const s2s_gateway *gateway;
    const struct s2si_model *model;
};

/* One object as it is walked. far is whom a device-facing gateway takes defaults from, or NULL. */
struct walk {
    enum s2si_object kind;
    const char *prefix;
    const void *given, *effective; /* given NULL = nobody wrote this object */
    const struct s2s_profile *far;
};

/* ---- where a value came from ---- */

/* What works a value out when neither the text nor a profile has it. "" = the library's own default. */
static const struct {
    enum s2si_field_id id;
    const char *from;
} computed[] = {
    {S2SI_GW_DEFAULTS, ""},
    {S2SI_GW_STRICT, ""},
    {S2SI_GW_WHEN_DOWN, ""},
    {S2SI_GW_INTERFACES, ""},
    {S2SI_GW_PORT, ""},
    {S2SI_GW_NATT_PORT, ""},
    {S2SI_CGW_PROFILE, ""},
    {S2SI_CONN_ROUTE_MODE, "local_subnets and remote_subnets"},
    {S2SI_TUN_ENABLED, ""},
    {S2SI_TUN_CUSTOMER_GATEWAY, "the connection's customer_gateway"},
    {S2SI_TUN_LOCAL_ADDRESS, "gateway.addresses, by the tunnel's place"},
    {S2SI_TUN_AUTH_METHOD, ""},
    {S2SI_TUN_PSK, "made by the profile's rule (see device-config)"},
    {S2SI_TUN_STARTUP_ACTION, "the connection's effect_immediately"},
    {S2SI_TUN_IKE_VERSION, ""},
    {S2SI_TUN_IKE_PRF, "ike.encryption and ike.integrity"},
    {S2SI_TUN_LOCAL_ID, "gateway.addresses, by the tunnel's place"},
    {S2SI_TUN_REMOTE_ID, "the customer gateway's ip_address"},
    {S2SI_TUN_REKEY_MARGIN, "a tenth of the shorter lifetime"},
    {S2SI_TUN_BGP_LOCAL_IP, "bgp.tunnel_cidr"},
    {S2SI_TUN_BGP_PEER_IP, "bgp.tunnel_cidr"},
    {S2SI_ROUTE_TYPE, "auto_config_route"},
    {S2SI_ROUTE_SOURCE, "local_subnets"},
    {S2SI_ROUTE_DESTINATION, "remote_subnets"},
    {S2SI_ROUTE_CONNECTION, "auto_config_route"},
};

static const char *computed_from(enum s2si_field_id id)
{
    for (size_t i = 0; i < S2SI_COUNT(computed); i++) {
        if (computed[i].id == id) {
            return computed[i].from;
        }
    }
    return NULL; /* what the profile's routing says */
}

/* A default that something else overrode is not where the value came from. */
static bool is_default(const struct s2si_field *field, const struct s2si_value *value, const void *effective)
{
    bool number = field->kind == S2SI_KIND_INT || field->kind == S2SI_KIND_BOOL || field->kind == S2SI_KIND_ENUM ||
                  field->kind == S2SI_KIND_ASN;
    return value->given && (!number || s2si_field_number(field, effective) == value->number);
}

static const char *profile_set(const struct list *list, const struct walk *walk, enum s2si_field_id id, char *out,
                               size_t size)
{
    const struct s2s_profile *profile = list->gateway->profile;
    const struct s2si_profile_field *row;
    bool api = list->gateway->effective.defaults == S2S_DEFAULTS_API;

    row = profile->device_facing && walk->far && walk->far != profile ? s2si_profile_field(walk->far, id) : NULL;
    if (row && row->device.given) {
        snprintf(out, size, "%s, for a device that faces it", walk->far->name);
        return out;
    }
    row = s2si_profile_field(profile, id);
    snprintf(out, size, "%s%s", profile->name, row && row->api.given ? api ? ", API" : ", console" : "");
    return out;
}

static void put_origin(struct list *list, cJSON *item, const struct walk *walk, const struct s2si_field *field)
{
    const struct s2s_profile *profile = list->gateway->profile;
    const char *from = computed_from(field->id), *origin = "computed";
    const struct s2si_value *value =
        s2si_profile_default(profile, walk->far, list->gateway->effective.defaults, field->id);
    char set[96];

    if (walk->given && s2si_field_is_set(field, walk->given)) {
        origin = "given";
        from = NULL;
    } else if (is_default(field, value, walk->effective) || !from) {
        origin = "default";
        from = profile_set(list, walk, field->id, set, sizeof(set));
    } else if (!from[0]) {
        origin = "default";
        from = "s2svpn";
    }
    s2si_out_text(&list->out, item, "origin", origin);
    if (from) {
        s2si_out_text(&list->out, item, "from", from);
    }
}

/* ---- objects ---- */

static cJSON *put_value(struct list *list, const char *prefix, const char *key, cJSON *value, const char *unit)
{
    cJSON *item = s2si_out_object(&list->out, list->items, NULL);
    char path[PREFIX + 64];

    snprintf(path, sizeof(path), "%s.%s", prefix, key);
    s2si_out_text(&list->out, item, "path", path);
    s2si_out_item(&list->out, item, "value", value);
    if (unit[0]) {
        s2si_out_text(&list->out, item, "unit", unit);
    }
    return item;
}

static void put_object(struct list *list, const struct walk *walk)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(walk->kind, &count);

    for (size_t i = 0; i < count && !list->out.failed; i++) {
        const struct s2si_field *field = &fields[i];
        cJSON *value;
        if (!s2si_field_is_set(field, walk->effective) || field->kind == S2SI_KIND_OBJECTS) {
            continue;
        }
        value = s2si_field_is_secret(field) ? cJSON_CreateString("(secret)")
                                            : s2si_json_value_of(field, walk->effective, list->gateway->profile);
        put_origin(list, put_value(list, walk->prefix, field->key, value, field->unit), walk, field);
    }
}

static void put_computed(struct list *list, const char *prefix, const char *key, double value, const char *from)
{
    cJSON *item = put_value(list, prefix, key, cJSON_CreateNumber(value), "bytes");

    s2si_out_text(&list->out, item, "origin", "computed");
    s2si_out_text(&list->out, item, "from", from);
}

/* The identity that stands for one that is not given. */
static const char *identity(const char *given, const struct s2s_addr *address, char text[S2S_ADDR_TEXT])
{
    return given || address->family == 0 ? given : s2s_addr_format(address, text);
}

static void put_tunnel(struct list *list, const char *prefix, const s2s_tunnel *tunnel,
                       const struct s2s_tunnel_params *given)
{
    struct s2s_tunnel_params effective = {.struct_size = sizeof(effective)};
    char own[S2S_ADDR_TEXT], far[S2S_ADDR_TEXT];
    double mtu = s2si_datapath_least_mtu(tunnel);
    const struct walk walk = {
        S2SI_TUNNEL, prefix, given, &effective, tunnel->customer_gateway ? tunnel->customer_gateway->params.profile : NULL};

    if (s2s_tunnel_effective(tunnel, &effective)) {
        list->out.failed = true;
        return;
    }
    effective.psk = tunnel->effective.psk; /* only whether it is there */
    effective.psk_length = tunnel->effective.psk_length;
    effective.local_id = identity(effective.local_id, tunnel->own.family ? &tunnel->own : &tunnel->local, own);
    effective.remote_id = identity(effective.remote_id, &tunnel->remote, far);
    for (size_t i = 0; i < tunnel->effective.ike_encryption.count; i++) {
        const struct s2s_algorithm_info *info =
            s2s_algorithm_info((enum s2s_algorithm)tunnel->effective.ike_encryption.items[i]);
        s2si_effective_prf(&tunnel->effective, info && info->aead, &effective.ike_prf);
    }
    put_object(list, &walk);
    put_computed(list, prefix, "mtu", mtu, "the largest overhead that ipsec offers, in 1500 bytes");
    put_computed(list, prefix, "mss", mtu - 40, "mtu");
}

static void put_connection(struct list *list, const s2s_connection *connection, size_t index)
{
    const struct s2s_connection_params *given = &list->model->connections[index];
    char prefix[PREFIX];
    const struct walk walk = {
        S2SI_CONNECTION, prefix, given, &connection->effective,
        connection->customer_gateway ? connection->customer_gateway->params.profile : NULL};

    snprintf(prefix, sizeof(prefix), "connections[%zu]", index);
    put_object(list, &walk);
    for (size_t i = 0; i < connection->tunnel_count && !list->out.failed; i++) {
        snprintf(prefix, sizeof(prefix), "connections[%zu].tunnels[%zu]", index, i);
        put_tunnel(list, prefix, connection->tunnels[i], i < given->tunnel_count ? &given->tunnels[i] : NULL);
    }
}

static bool same_route(const s2s_route *route, const struct s2s_route_params *given)
{
    return (int)route->params.type == (int)given->type &&
           s2si_prefix_equal(&route->params.source, &given->source) &&
           s2si_prefix_equal(&route->params.destination, &given->destination) && given->connection &&
           strcmp(route->connection->params.name, given->connection) == 0;
}

/* Those of the text in its order, then those that connections made by themselves. */
static void put_route(struct list *list, const s2s_route *route, const struct s2s_route_params *given, size_t index)
{
    struct s2s_route_params effective = route->params;
    char prefix[PREFIX];
    const struct walk walk = {S2SI_ROUTE, prefix, given, &effective, NULL};

    effective.connection = route->connection->params.name;
    snprintf(prefix, sizeof(prefix), "routes[%zu]", index);
    put_object(list, &walk);
}

static void put_routes(struct list *list)
{
    size_t index = list->model->route_count;
    const s2s_route *route = NULL;

    for (size_t i = 0; i < list->model->route_count; i++) {
        while ((route = s2s_route_next(list->gateway, route)) != NULL) {
            if (same_route(route, &list->model->routes[i])) {
                put_route(list, route, &list->model->routes[i], i);
            }
        }
    }
    while ((route = s2s_route_next(list->gateway, route)) != NULL && !list->out.failed) {
        if (route->automatic && !route->listed) {
            put_route(list, route, NULL, index++);
        }
    }
}

static void put_children(struct list *list)
{
    char prefix[PREFIX];
    struct walk walk = {S2SI_ROUTE_TABLE, prefix, NULL, NULL, NULL};

    for (size_t i = 0; i < list->model->gateway.route_table_count; i++) {
        snprintf(prefix, sizeof(prefix), "gateway.vpc.route_tables[%zu]", i);
        walk.given = walk.effective = &list->model->gateway.route_tables[i];
        put_object(list, &walk);
    }
    walk.kind = S2SI_CUSTOMER_GATEWAY;
    for (size_t i = 0; i < list->model->customer_gateway_count; i++) {
        snprintf(prefix, sizeof(prefix), "customer_gateways[%zu]", i);
        walk.given = walk.effective = &list->model->customer_gateways[i];
        put_object(list, &walk);
    }
    for (size_t i = 0; i < list->model->connection_count && !list->out.failed; i++) {
        const s2s_connection *connection = s2s_connection_find(list->gateway, list->model->connections[i].name);
        if (connection) {
            put_connection(list, connection, i);
        }
    }
    put_routes(list);
}

/* ---- the two forms ---- */

static void append_scalar(struct s2si_buffer *text, const cJSON *value)
{
    if (cJSON_IsString(value)) {
        s2si_buffer_printf(text, "%s", value->valuestring);
    } else if (cJSON_IsNumber(value)) {
        s2si_buffer_printf(text, "%.15g", value->valuedouble);
    } else if (cJSON_IsBool(value)) {
        s2si_buffer_printf(text, "%s", cJSON_IsTrue(value) ? "true" : "false");
    } else {
        char *json = cJSON_PrintUnformatted(value); /* a policy of BGP */
        s2si_buffer_printf(text, "%s", json ? json : "");
        text->failed = text->failed || !json;
        free(json);
    }
}

static void append_value(struct s2si_buffer *text, const cJSON *value)
{
    const cJSON *entry;

    if (!cJSON_IsArray(value) || cJSON_IsObject(value->child)) {
        append_scalar(text, value);
        return;
    }
    cJSON_ArrayForEach(entry, value)
    {
        s2si_buffer_printf(text, "%s", entry == value->child ? "" : ", ");
        append_scalar(text, entry);
    }
}

/* "connections[0].tunnels[1]" of "connections[0].tunnels[1].ike.lifetime": up to the last index, else the first word. */
static size_t object_length(const char *path)
{
    const char *end = strrchr(path, ']');
    return end ? (size_t)(end + 1 - path) : strcspn(path, ".");
}

static const char *member_text(const cJSON *item, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, key));
    return text ? text : "";
}

static void pad(struct s2si_buffer *text, size_t from, size_t width)
{
    size_t used = text->length - from;
    s2si_buffer_printf(text, "%*s", used < width ? (int)(width - used) : 1, "");
}

static void append_line(struct s2si_buffer *text, const cJSON *item, size_t object)
{
    const char *from = member_text(item, "from");
    size_t start = text->length;

    s2si_buffer_printf(text, "  %s", member_text(item, "path") + object + 1);
    pad(text, start, 24);
    append_value(text, cJSON_GetObjectItemCaseSensitive(item, "value"));
    s2si_buffer_printf(text, "%s%s", member_text(item, "unit")[0] ? " " : "", member_text(item, "unit"));
    pad(text, start, 60);
    s2si_buffer_printf(text, "%s%s%s\n", member_text(item, "origin"), from[0] ? ": " : "", from);
}

static int as_text(struct s2si_mem *mem, cJSON *root, char **out)
{
    struct s2si_buffer text;
    const char *before = "";
    size_t object = 0;
    const cJSON *item;

    s2si_buffer_init(&text, mem, MOST_TEXT);
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(root, "effective"))
    {
        const char *path = member_text(item, "path");
        if (object_length(path) != object || strncmp(path, before, object) != 0) {
            object = object_length(path);
            s2si_buffer_printf(&text, "%s%.*s\n", before[0] ? "\n" : "", (int)object, path);
            before = path;
        }
        append_line(&text, item, object);
    }
    s2si_buffer_append(&text, "", 1);
    *out = text.failed ? NULL : malloc(text.length);
    if (*out) {
        memcpy(*out, text.data, text.length);
    }
    s2si_buffer_clear(&text);
    cJSON_Delete(root);
    return *out ? 0 : S2S_ERR_NO_MEMORY;
}

/* ---- the call ---- */

static void walk_all(struct s2s_config *config, const s2s_gateway *gateway, void *user)
{
    struct list *list = user;
    const struct walk walk = {S2SI_GATEWAY, "gateway", &config->model.gateway, &gateway->effective, NULL};

    list->gateway = gateway;
    list->model = &config->model;
    if (config->errors.error_count == 0) {
        put_object(list, &walk);
        put_children(list);
    }
}

int s2s_config_effective(s2s_config *config, const struct s2s_crypto_provider *provider, bool json, char **text)
{
    struct list list = {.items = NULL};
    cJSON *root;
    int error;

    if (!config || !provider || !text) {
        return S2S_ERR_INVALID;
    }
    *text = NULL;
    root = s2si_out_object(&list.out, NULL, NULL);
    list.items = s2si_out_list(&list.out, root, "effective");
    error = s2si_config_check_with(config, provider, walk_all, &list);
    if (error || list.out.failed) {
        cJSON_Delete(root);
        return error ? error : S2S_ERR_NO_MEMORY;
    }
    return json ? s2si_out_print(&list.out, root, text) : as_text(&config->mem, root, text);
}
