/* SPDX-License-Identifier: Apache-2.0 */
/* A model becomes objects of an engine: gateway, customer gateways, connections, routes, in this order; all or nothing.
 */
#include <stdio.h>
#include <string.h>

#include <s2svpn/route.h>

#include "lib/config/config.h"
#include "lib/gateway/objects.h"

/* The engine's paths start at the object: "gateway.asn", "connections[0].tunnels[1].psk". Its own count may differ from
 * ours. */
static const char *behind_object(const char *path)
{
    size_t head = strcspn(path, ".[");

    if (path[head] == '[') {
        head += strcspn(path + head, "]");
        head += path[head] == ']';
    }
    return path + head;
}

void s2si_config_collect(struct s2s_config *config, const s2s_engine *engine, const char *prefix)
{
    struct s2s_config_error error = { .struct_size = sizeof(error) };

    for (size_t i = 0; s2s_engine_config_error(engine, i, &error) == 0; i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s%s", prefix, behind_object(error.path));
        s2si_config_add(&config->errors, error.warning, path, error.value[0] ? error.value : NULL, error.rule);
    }
}

void s2si_config_refused(struct s2s_config *config, const s2s_engine *engine, const char *prefix, int error)
{
    const char *detail = s2s_engine_detail(engine);

    if (error == 0 || error == S2S_ERR_CONFIG) {
        return;
    }
    s2si_config_add(&config->errors, false, prefix, NULL, detail[0] ? detail : s2s_strerror(error));
}

/* Takes the answer of one creation: its errors into our list. @return error. */
static int taken(struct s2s_config *config, s2s_engine *engine, const char *part, size_t index, int error)
{
    char prefix[64];

    snprintf(prefix, sizeof(prefix), "%s[%zu]", part, index);
    if (error == S2S_ERR_CONFIG) {
        s2si_config_collect(config, engine, prefix);
    }
    s2si_config_refused(config, engine, prefix, error);
    return error;
}

static int make_children(s2s_engine *engine, struct s2s_config *config, s2s_gateway *gateway, s2s_time now)
{
    const struct s2si_model *model = &config->model;
    s2s_customer_gateway *customer_gateway;
    s2s_connection *connection;
    s2s_route *route;
    int error = 0;

    for (size_t i = 0; error == 0 && i < model->customer_gateway_count; i++) {
        error = taken(config, engine, "customer_gateways", i,
                      s2s_customer_gateway_new(gateway, &model->customer_gateways[i], &customer_gateway));
    }
    for (size_t i = 0; error == 0 && i < model->connection_count; i++) {
        error = taken(config, engine, "connections", i,
                      s2s_connection_new(gateway, &model->connections[i], now, &connection));
    }
    for (size_t i = 0; error == 0 && i < model->route_count; i++) {
        error = taken(config, engine, "routes", i, s2s_route_new(gateway, &model->routes[i], now, &route));
    }
    return error;
}

int s2s_config_apply(s2s_engine *engine, s2s_config *config, s2s_time now)
{
    s2s_gateway *gateway = NULL;
    int error;

    if (!engine || !config) {
        return S2S_ERR_INVALID;
    }
    error = s2s_config_check(config, engine->params.provider);
    if (error) {
        return error;
    }
    error = s2s_gateway_new(engine, &config->model.gateway, now, &gateway);
    if (error) {
        s2si_config_collect(config, engine, "gateway");
        s2si_config_refused(config, engine, "gateway", error);
        return error;
    }
    error = make_children(engine, config, gateway, now);
    if (error) {
        s2s_gateway_delete(gateway, now);
    }
    return error;
}
