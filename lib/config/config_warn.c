/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/config/config_warn.h"

#include <stdio.h>
#include <string.h>

#include <s2svpn/route.h>

static void warn(struct s2s_config *config, const char *prefix, const char *member, const char *value, const char *rule)
{
    char path[256];

    snprintf(path, sizeof(path), "%s%s%s", prefix, member[0] ? "." : "", member);
    s2si_config_add(&config->errors, true, path, value, rule);
}

/* ---- extensions ---- */

/* Keys of this library and its host, not of a cloud: nothing to mark. */
static bool is_ours(const struct s2si_field *field)
{
    return field->required || field->kind == S2SI_KIND_OBJECTS || field->kind == S2SI_KIND_PROFILE ||
           strncmp(field->key, "kernel.", 7) == 0 || field->id == S2SI_GW_DEFAULTS || field->id == S2SI_GW_STRICT ||
           field->id == S2SI_GW_ADDRESSES || field->id == S2SI_GW_VPC_CIDR || field->id == S2SI_GW_WHEN_DOWN ||
           field->id == S2SI_GW_ROUTER_ID || field->id == S2SI_RT_SYSTEM || field->id == S2SI_ROUTE_NAME ||
           field->id == S2SI_CONN_ROUTE_MODE;
}

static void mark_object(struct s2s_config *config, enum s2si_object object, const void *params, const char *prefix)
{
    const struct s2s_profile *profile = config->model.gateway.profile;
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    for (size_t i = 0; i < count; i++) {
        const struct s2si_profile_field *row = s2si_profile_field(profile, fields[i].id);
        char rule[128], value[96];
        if (is_ours(&fields[i]) || !s2si_field_is_set(&fields[i], params) || (row && row->presence != S2SI_EXTENSION)) {
            continue;
        }
        snprintf(rule, sizeof(rule), "extension: %s has no such setting", profile->title);
        s2si_field_format(&fields[i], params, value, sizeof(value));
        warn(config, prefix, fields[i].key, value[0] ? value : NULL, rule);
    }
}

static void mark_connection(struct s2s_config *config, size_t index)
{
    const struct s2s_connection_params *connection = &config->model.connections[index];
    char prefix[64];

    snprintf(prefix, sizeof(prefix), "connections[%zu]", index);
    mark_object(config, S2SI_CONNECTION, connection, prefix);
    for (size_t i = 0; i < connection->tunnel_count; i++) {
        snprintf(prefix, sizeof(prefix), "connections[%zu].tunnels[%zu]", index, i);
        mark_object(config, S2SI_TUNNEL, &connection->tunnels[i], prefix);
    }
}

static void mark_extensions(struct s2s_config *config)
{
    const struct s2si_model *model = &config->model;
    char prefix[64];

    if (model->gateway.profile->device_facing) {
        return; /* generic: every key is its own */
    }
    mark_object(config, S2SI_GATEWAY, &model->gateway, "gateway");
    for (size_t i = 0; i < model->customer_gateway_count; i++) {
        snprintf(prefix, sizeof(prefix), "customer_gateways[%zu]", i);
        mark_object(config, S2SI_CUSTOMER_GATEWAY, &model->customer_gateways[i], prefix);
    }
    for (size_t i = 0; i < model->connection_count; i++) {
        mark_connection(config, i);
    }
    for (size_t i = 0; i < model->route_count; i++) {
        snprintf(prefix, sizeof(prefix), "routes[%zu]", i);
        mark_object(config, S2SI_ROUTE, &model->routes[i], prefix);
    }
}

/* ---- weak algorithms: RFC 8221, RFC 8247 (MUST NOT, SHOULD NOT, MUST-) ---- */

static bool is_weak(uint16_t algorithm)
{
    static const uint16_t weak[] = { S2S_DES_CBC,      S2S_3DES_CBC,     S2S_NULL_ENCRYPTION, S2S_HMAC_MD5_96,
                                     S2S_PRF_HMAC_MD5, S2S_HMAC_SHA1_96, S2S_PRF_HMAC_SHA1,   S2S_MODP768,
                                     S2S_MODP1024,     S2S_MODP1536,     S2S_MODP1024_S160 };
    for (size_t i = 0; i < S2SI_COUNT(weak); i++) {
        if (weak[i] == algorithm) {
            return true;
        }
    }
    return false;
}

static void warn_weak(struct s2s_config *config, const struct s2s_tunnel_params *effective, const char *prefix)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(S2SI_TUNNEL, &count);

    for (size_t i = 0; i < count; i++) {
        const struct s2s_algorithm_list *list = s2si_field_of(&fields[i], effective);
        if (fields[i].kind != S2SI_KIND_ALGORITHMS) {
            continue;
        }
        for (size_t k = 0; k < list->count; k++) {
            const char *word = s2si_profile_algorithm_word(config->model.gateway.profile, fields[i].transform,
                                                           (enum s2s_algorithm)list->items[k]);
            if (is_weak(list->items[k])) {
                warn(config, prefix, fields[i].key, word,
                     "is weak by today's measure (RFC 8247): prefer sha256 and group 14 or better");
            } else if (fields[i].id == S2SI_TUN_IPSEC_PFS && list->items[k] == S2S_ALG_NONE) {
                warn(config, prefix, fields[i].key, word,
                     "without perfect forward secrecy old traffic falls with the IKE keys");
            }
        }
    }
}

/* ---- who starts ---- */

static const struct s2s_profile *far_profile(const struct s2s_config *config, const char *name)
{
    for (size_t i = 0; name && i < config->model.customer_gateway_count; i++) {
        const struct s2s_customer_gateway_params *far = &config->model.customer_gateways[i];
        if (far->name && strcmp(far->name, name) == 0) {
            return far->profile;
        }
    }
    return NULL;
}

static void warn_start(struct s2s_config *config, const struct s2s_connection_params *connection, size_t index,
                       const struct s2s_tunnel_params *effective, const char *prefix)
{
    const char *name = connection->tunnels[index].customer_gateway;
    const struct s2s_profile *far = far_profile(config, name ? name : connection->customer_gateway);

    if (effective->startup_action != S2S_STARTUP_START && far && strcmp(s2s_profile_name(far), "aws") == 0) {
        warn(config, prefix, "startup_action", effective->startup_action == S2S_STARTUP_TRAP ? "trap" : "add",
             "AWS waits for the customer gateway by default (StartupAction add): nobody may start this tunnel");
    }
}

static void warn_tunnels(struct s2s_config *config, const s2s_gateway *gateway, size_t index)
{
    const struct s2s_connection_params *connection = &config->model.connections[index];
    const s2s_connection *made = connection->name ? s2s_connection_find(gateway, connection->name) : NULL;

    for (size_t i = 0; made && i < connection->tunnel_count; i++) {
        struct s2s_tunnel_params effective = { .struct_size = sizeof(effective) };
        const s2s_tunnel *tunnel = s2s_connection_tunnel(made, i + 1);
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "connections[%zu].tunnels[%zu]", index, i);
        if (tunnel && s2s_tunnel_effective(tunnel, &effective) == 0 && effective.enabled) {
            warn_weak(config, &effective, prefix);
            warn_start(config, connection, i, &effective, prefix);
        }
    }
}

/* ---- publishing ---- */

static bool route_published(const struct s2si_model *model, const char *connection)
{
    for (size_t i = 0; i < model->route_count; i++) {
        if (model->routes[i].publish == 1 && model->routes[i].connection && connection &&
            strcmp(model->routes[i].connection, connection) == 0) {
            return true;
        }
    }
    return false;
}

static void warn_unpublished(struct s2s_config *config)
{
    const struct s2si_model *model = &config->model;
    const struct s2si_profile_routing *routing = &model->gateway.profile->routing;
    bool propagates = false;

    for (size_t i = 0; i < model->gateway.route_table_count; i++) {
        propagates = propagates || model->gateway.route_tables[i].propagate == 1;
    }
    if (routing->publish_by_table && !propagates) {
        warn(config, "gateway", "vpc.route_tables", NULL,
             "no route table propagates: traffic of the VPC will not take the VPN");
    }
    for (size_t i = 0; i < model->connection_count && !routing->publish_by_table && !routing->publish_destination;
         i++) {
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "connections[%zu]", i);
        if (model->connections[i].enable_bgp != 1 && !route_published(model, model->connections[i].name)) {
            warn(config, prefix, "", model->connections[i].name,
                 "no route of this connection has \"publish\": true: traffic of the VPC will not take it");
        }
    }
}

void s2si_config_warn(struct s2s_config *config, const s2s_gateway *gateway)
{
    mark_extensions(config);
    for (size_t i = 0; i < config->model.connection_count; i++) {
        warn_tunnels(config, gateway, i);
    }
    warn_unpublished(config);
}
