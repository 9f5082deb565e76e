/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/config/config_warn.h"

#include <stdio.h>
#include <string.h>

#include <s2svpn/route.h>

#include "lib/gateway/objects.h"

/* Codes never change; words may. The list of codes for users is in include/s2svpn/config.h. */
static const struct s2si_warning_row rows[S2SI_WARNINGS] = {
    [S2SI_WARN_EXTENSION] = {"extension", "extension: the cloud has no such setting"},
    [S2SI_WARN_WEAK_ALGORITHM] = {"weak_algorithm",
                                  "is weak by today's measure (RFC 8247): prefer sha256 and group 14 or better"},
    [S2SI_WARN_NO_PFS] = {"no_pfs", "without perfect forward secrecy old traffic falls with the IKE keys"},
    [S2SI_WARN_NOBODY_STARTS] =
        {"nobody_starts",
         "AWS waits for the customer gateway by default (StartupAction add): nobody may start this tunnel"},
    [S2SI_WARN_BOTH_ON_DEMAND] =
        {"both_on_demand", "Alibaba waits for traffic too unless EffectImmediately is true: the tunnel comes up with the "
                           "first packet and the standby tunnel not before it is needed"},
    [S2SI_WARN_SHORT_LIFETIME] = {"short_lifetime",
                                  "is short: keys are changed every few minutes, the clouds allow 900 s and more"},
    [S2SI_WARN_DPD_OFF] = {"dpd_off", "a peer that dies without a word is not noticed; traffic goes nowhere until the "
                                      "SA ends: enable dpd, or a probe"},
    [S2SI_WARN_SHORT_PSK] = {"short_psk", "is shorter than 16 characters: who records one handshake can try keys at "
                                          "leisure (RFC 7296 section 2.15)"},
    [S2SI_WARN_GUESSABLE_PSK] = {"guessable_psk", "holds a well-known word or few different characters: take 32 random "
                                                  "ones (RFC 7296 section 2.15)"},
    [S2SI_WARN_SHARED_PSK] = {"shared_psk",
                              "is the key of another tunnel too: who learns one can play the peer of both"},
    [S2SI_WARN_SINGLE_TUNNEL] = {"single_tunnel", "one enabled tunnel has no standby: the clouds take one endpoint at "
                                                  "a time down for maintenance"},
    [S2SI_WARN_MTU_DIFFERS] = {"mtu_differs", "what is offered here may leave less room than the gateway's other "
                                              "tunnels do; the device takes the least for all of them"},
    [S2SI_WARN_NO_PROPAGATION] = {"no_propagation",
                                  "no route table propagates: traffic of the VPC will not take the VPN"},
    [S2SI_WARN_BGP_NOT_PROPAGATED] =
        {"bgp_not_propagated",
         "routes learned by BGP stay out of the VPC, and the VPC is not announced, unless this is true"},
    [S2SI_WARN_NOT_PUBLISHED] =
        {"not_published",
         "no route of this connection has \"publish\": true: traffic of the VPC will not take it"},
    [S2SI_WARN_BGP_WITHOUT_POLICY] =
        {"bgp_without_policy", "between two ends that are no cloud nothing is taken or announced without a policy "
                               "(RFC 8212): give bgp.import and bgp.export"},
};

const struct s2si_warning_row *s2si_warning_row(enum s2si_warning warning)
{
    return &rows[warning];
}

static void add(struct s2s_config *config, enum s2si_warning warning, const char *prefix, const char *member,
                const char *value, const char *rule)
{
    char path[256];

    snprintf(path, sizeof(path), "%s%s%s", prefix, member[0] ? "." : "", member);
    s2si_config_add_coded(&config->errors, true, rows[warning].code, path, value, rule);
}

void s2si_warn(struct s2s_config *config, enum s2si_warning warning, const char *prefix, const char *member,
               const char *value)
{
    add(config, warning, prefix, member, value, rows[warning].rule);
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
        add(config, S2SI_WARN_EXTENSION, prefix, fields[i].key, value[0] ? value : NULL, rule);
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
        s2si_warn(config, S2SI_WARN_NO_PROPAGATION, "gateway", "vpc.route_tables", NULL);
    }
    for (size_t i = 0; i < model->connection_count && !routing->publish_by_table && !routing->publish_destination;
         i++) {
        char prefix[64];
        snprintf(prefix, sizeof(prefix), "connections[%zu]", i);
        if (model->connections[i].enable_bgp != 1 && !route_published(model, model->connections[i].name)) {
            s2si_warn(config, S2SI_WARN_NOT_PUBLISHED, prefix, "", model->connections[i].name);
        }
    }
}

/* ---- BGP ---- */

/* Whether a tunnel of this connection faces an end of unknown kind and says nothing about routes. */
static void warn_policies(struct s2s_config *config, const s2s_connection *connection, size_t index)
{
    for (size_t i = 0; i < connection->tunnel_count; i++) {
        const s2s_tunnel *tunnel = connection->tunnels[i];
        const struct s2s_profile *far = tunnel->customer_gateway ? tunnel->customer_gateway->params.profile : NULL;
        char prefix[64];
        if (far && !far->device_facing) {
            continue;
        }
        snprintf(prefix, sizeof(prefix), "connections[%zu].tunnels[%zu]", index, i);
        if (!tunnel->effective.bgp_import) {
            s2si_warn(config, S2SI_WARN_BGP_WITHOUT_POLICY, prefix, "bgp.import", NULL);
        }
        if (!tunnel->effective.bgp_export) {
            s2si_warn(config, S2SI_WARN_BGP_WITHOUT_POLICY, prefix, "bgp.export", NULL);
        }
    }
}

static void warn_bgp(struct s2s_config *config, const s2s_gateway *gateway)
{
    const struct s2si_profile_routing *routing = &gateway->profile->routing;
    bool used = false;

    for (size_t i = 0; i < config->model.connection_count; i++) {
        const char *name = config->model.connections[i].name;
        const s2s_connection *connection = name ? s2s_connection_find(gateway, name) : NULL;
        if (connection && connection->effective.enable_bgp == 1) {
            used = true;
            if (gateway->profile->device_facing) {
                warn_policies(config, connection, i);
            }
        }
    }
    if (used && routing->bgp_needs_auto_propagate && gateway->effective.auto_propagate != 1) {
        s2si_warn(config, S2SI_WARN_BGP_NOT_PROPAGATED, "gateway", "auto_propagate", "false");
    }
}

void s2si_config_warn(struct s2s_config *config, const s2s_gateway *gateway)
{
    mark_extensions(config);
    s2si_config_warn_tunnels(config, gateway);
    warn_unpublished(config);
    warn_bgp(config, gateway);
}
