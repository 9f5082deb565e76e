/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reload. First the patches are carried over (three-way merge of each tunnel), then the whole is checked, then
 * objects are compared by name and only what differs is handed to the engine, which compares field by field once more:
 *
 *   gateway, customer gateways (new, changed), connections (gone, changed, new), routes (gone, new or changed),
 *   customer gateways (gone)
 */
#include "lib/config/config_diff.h"

#include <stdio.h>
#include <string.h>

#include <s2svpn/route.h>

#include "lib/gateway/objects.h"

struct diff {
    s2s_engine *engine;
    s2s_gateway *gateway;
    const struct s2s_config *previous;
    struct s2s_config *config;
    s2s_time now;
};

s2s_gateway *s2si_config_gateway(const s2s_engine *engine, const struct s2s_config *config)
{
    s2s_gateway *gateway = NULL;

    while ((gateway = s2s_gateway_next(engine, gateway)) != NULL) {
        if (strcmp(s2s_gateway_name(gateway), s2s_config_name(config)) == 0) {
            return gateway;
        }
    }
    return NULL;
}

/* ---- patches stay ---- */

static const cJSON *named(const cJSON *document, const char *name)
{
    const cJSON *entry;

    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(document, "connections"))
    {
        const cJSON *own = cJSON_GetObjectItemCaseSensitive(entry, "name");
        if (cJSON_IsString(own) && strcmp(own->valuestring, name) == 0) {
            return entry;
        }
    }
    return NULL;
}

static const cJSON *tunnel_of(const cJSON *document, const char *connection, int index)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(named(document, connection), "tunnels"), index);
}

static int carry_connection(const struct diff *diff, cJSON *connection)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(connection, "name");
    cJSON *tunnels = cJSON_GetObjectItemCaseSensitive(connection, "tunnels");

    for (int i = 0; cJSON_IsString(name) && i < cJSON_GetArraySize(tunnels); i++) {
        const cJSON *before = tunnel_of(diff->previous->file, name->valuestring, i);
        const cJSON *now = tunnel_of(diff->previous->document, name->valuestring, i);
        const cJSON *after = cJSON_GetArrayItem(tunnels, i);
        if (cJSON_IsObject(before) && cJSON_IsObject(now) && cJSON_IsObject(after)) {
            cJSON *merged = s2si_json_merge_three(before, now, after);
            if (!merged) {
                return S2S_ERR_NO_MEMORY;
            }
            cJSON_ReplaceItemInArray(tunnels, i, merged);
        }
    }
    return 0;
}

static int carry_patches(const struct diff *diff)
{
    struct s2s_config *config = diff->config;
    cJSON *document, *connection;
    int error = 0;

    if (!diff->previous->document || config->document) {
        return 0;
    }
    document = cJSON_Duplicate(config->file, 1);
    if (!document) {
        return S2S_ERR_NO_MEMORY;
    }
    cJSON_ArrayForEach(connection, cJSON_GetObjectItemCaseSensitive(document, "connections"))
    {
        error = error ? error : carry_connection(diff, connection);
    }
    if (error) {
        s2si_json_free_tree(document);
        return error;
    }
    config->document = document;
    s2si_model_free(&config->mem, &config->model);
    s2si_errors_clear(&config->read_errors);
    return s2si_json_read(config, document, &config->model, &config->read_errors);
}

/* ---- objects by name ---- */

static const struct s2s_customer_gateway_params *find_customer_gateway(const struct s2si_model *model, const char *name)
{
    for (size_t i = 0; i < model->customer_gateway_count; i++) {
        if (strcmp(model->customer_gateways[i].name, name) == 0) {
            return &model->customer_gateways[i];
        }
    }
    return NULL;
}

static const struct s2s_connection_params *find_connection(const struct s2si_model *model, const char *name)
{
    for (size_t i = 0; i < model->connection_count; i++) {
        if (strcmp(model->connections[i].name, name) == 0) {
            return &model->connections[i];
        }
    }
    return NULL;
}

static bool same_prefix(const struct s2s_prefix *a, const struct s2s_prefix *b)
{
    return (a->addr.family == 0 && b->addr.family == 0) || s2si_prefix_equal(a, b);
}

static const struct s2s_route_params *find_route(const struct s2si_model *model, const struct s2s_route_params *key)
{
    for (size_t i = 0; i < model->route_count; i++) {
        const struct s2s_route_params *route = &model->routes[i];
        if (route->type == key->type && same_prefix(&route->source, &key->source) &&
            same_prefix(&route->destination, &key->destination) && strcmp(route->connection, key->connection) == 0) {
            return route;
        }
    }
    return NULL;
}

static int taken(const struct diff *diff, const char *part, size_t index, int error)
{
    char prefix[64];

    snprintf(prefix, sizeof(prefix), part[0] == 'g' ? "%s" : "%s[%zu]", part, index);
    if (error == S2S_ERR_CONFIG) {
        s2si_config_collect(diff->config, diff->engine, prefix);
    }
    s2si_config_refused(diff->config, diff->engine, prefix, error);
    return error;
}

static int change_gateway(const struct diff *diff)
{
    const struct s2s_gateway_params *before = &diff->previous->model.gateway, *after = &diff->config->model.gateway;

    if (!s2si_params_differ(S2SI_GATEWAY, before, after, NULL)) {
        return 0;
    }
    return taken(diff, "gateway", 0, s2s_gateway_update(diff->gateway, after, diff->now));
}

static int change_customer_gateway(const struct diff *diff, size_t index)
{
    const struct s2s_customer_gateway_params *after = &diff->config->model.customer_gateways[index];
    const struct s2s_customer_gateway_params *before = find_customer_gateway(&diff->previous->model, after->name);
    s2s_customer_gateway *object = s2s_customer_gateway_find(diff->gateway, after->name);
    int error = 0;

    if (!object) {
        error = s2s_customer_gateway_new(diff->gateway, after, &object);
    } else if (!before || s2si_params_differ(S2SI_CUSTOMER_GATEWAY, before, after, NULL)) {
        error = s2s_customer_gateway_update(object, after, diff->now);
    }
    return taken(diff, "customer_gateways", index, error);
}

static void delete_connections(const struct diff *diff)
{
    const struct s2si_model *before = &diff->previous->model;

    for (size_t i = 0; i < before->connection_count; i++) {
        if (!find_connection(&diff->config->model, before->connections[i].name)) {
            s2s_connection_delete(s2s_connection_find(diff->gateway, before->connections[i].name), diff->now);
        }
    }
}

static int change_connection(const struct diff *diff, size_t index)
{
    const struct s2s_connection_params *after = &diff->config->model.connections[index];
    const struct s2s_connection_params *before = find_connection(&diff->previous->model, after->name);
    s2s_connection *object = s2s_connection_find(diff->gateway, after->name);
    int error = 0;

    if (!object) {
        error = s2s_connection_new(diff->gateway, after, diff->now, &object);
    } else if (!before || s2si_params_differ(S2SI_CONNECTION, before, after, NULL)) {
        error = s2s_connection_update(object, after, diff->now);
    }
    return taken(diff, "connections", index, error);
}

static s2s_route *route_object(const struct diff *diff, const struct s2s_route_params *key)
{
    s2s_route *route = NULL;

    while ((route = s2s_route_next(diff->gateway, route)) != NULL) {
        struct s2s_route_state state = { .struct_size = sizeof(state) };
        if (s2s_route_get(route, &state) == 0 && (int)state.type == key->type &&
            same_prefix(&state.source, &key->source) && same_prefix(&state.destination, &key->destination) &&
            strcmp(state.connection, key->connection) == 0) {
            return route;
        }
    }
    return NULL;
}

/* A route that is listed no more goes; an automatic one goes back to what it was made with. */
static int delete_route(const struct diff *diff, const struct s2s_route_params *gone)
{
    s2s_route *route = route_object(diff, gone);
    struct s2s_route_params bare;

    if (!route || s2s_route_delete(route, diff->now) != S2S_ERR_STATE) {
        return 0;
    }
    s2s_route_params_init(&bare, sizeof(bare));
    bare.type = gone->type;
    bare.source = gone->source;
    bare.destination = gone->destination;
    bare.connection = gone->connection;
    return s2s_route_new(diff->gateway, &bare, diff->now, &route);
}

static int change_routes(const struct diff *diff)
{
    const struct s2si_model *before = &diff->previous->model, *after = &diff->config->model;
    int error = 0;

    for (size_t i = 0; error == 0 && i < before->route_count; i++) {
        if (!find_route(after, &before->routes[i]) && find_connection(after, before->routes[i].connection)) {
            error = delete_route(diff, &before->routes[i]);
        }
    }
    for (size_t i = 0; error == 0 && i < after->route_count; i++) {
        const struct s2s_route_params *route = &after->routes[i], *old = find_route(before, route);
        s2s_route *object;
        if (!old || s2si_params_differ(S2SI_ROUTE, old, route, NULL) || !route_object(diff, route)) {
            error = taken(diff, "routes", i, s2s_route_new(diff->gateway, route, diff->now, &object));
        }
    }
    return error;
}

/* A customer gateway whose last tunnel still says goodbye stays; nobody uses it any more. */
static void delete_customer_gateways(const struct diff *diff)
{
    const struct s2si_model *before = &diff->previous->model;

    for (size_t i = 0; i < before->customer_gateway_count; i++) {
        if (!find_customer_gateway(&diff->config->model, before->customer_gateways[i].name)) {
            (void)s2s_customer_gateway_delete(
                s2s_customer_gateway_find(diff->gateway, before->customer_gateways[i].name));
        }
    }
}

static int change_all(const struct diff *diff)
{
    const struct s2si_model *model = &diff->config->model;
    int error = change_gateway(diff);

    for (size_t i = 0; error == 0 && i < model->customer_gateway_count; i++) {
        error = change_customer_gateway(diff, i);
    }
    if (error == 0) {
        delete_connections(diff);
    }
    for (size_t i = 0; error == 0 && i < model->connection_count; i++) {
        error = change_connection(diff, i);
    }
    if (error == 0) {
        error = change_routes(diff);
    }
    if (error == 0) {
        delete_customer_gateways(diff);
    }
    return error;
}

int s2s_config_reload(s2s_engine *engine, const s2s_config *previous, s2s_config *config, s2s_time now)
{
    struct diff diff = { engine, NULL, previous, config, now };
    int error;

    if (!engine || !previous || !config) {
        return S2S_ERR_INVALID;
    }
    error = config->read_errors.error_count ? 0 : carry_patches(&diff);
    if (error == 0) {
        error = s2s_config_check(config, engine->params.provider);
    }
    if (error) {
        return error;
    }
    if (strcmp(s2s_config_name(previous), s2s_config_name(config)) != 0 ||
        previous->model.gateway.profile != config->model.gateway.profile ||
        previous->model.kernel != config->model.kernel) {
        s2si_config_add(&config->errors, false, "gateway", s2s_config_name(config),
                        "name, profile and kernel.type cannot change while the gateway runs; start it anew");
        return S2S_ERR_STATE;
    }
    diff.gateway = s2si_config_gateway(engine, previous);
    return diff.gateway ? change_all(&diff) : S2S_ERR_NOT_FOUND;
}
