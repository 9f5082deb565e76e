/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status in the shape of the configuration: each object is printed with the values that hold (by the table of fields),
 * then what is only known while it runs is added. Names of the added members are the same under every profile; their
 * values are the profile's words.
 */
#include <s2svpn/bgp_session.h>
#include <s2svpn/esp.h>
#include <stdio.h>

#include "lib/config/json_out.h"
#include "lib/gateway/objects.h"

struct status {
    struct s2si_json_out out;
    const struct s2s_profile *profile;
    s2s_time now;
};

static void put_all(struct status *status, cJSON *object, enum s2si_object kind, const void *params)
{
    if (!status->out.failed && s2si_json_put_all(object, kind, params, status->profile)) {
        status->out.failed = true;
    }
}

static void put_address(struct status *status, cJSON *object, const char *key, const struct s2s_addr *addr)
{
    char text[S2S_ADDR_TEXT];

    s2si_out_text(&status->out, object, key, s2s_addr_format(addr, text));
}

static void put_endpoint(struct status *status, cJSON *object, const char *key, const struct s2s_endpoint *endpoint)
{
    char text[S2S_ADDR_TEXT];

    if (endpoint->port) {
        s2si_out_text(&status->out, object, key, s2s_endpoint_format(endpoint, text));
    } else {
        put_address(status, object, key, &endpoint->addr);
    }
}

/* Seconds since a time of the engine's clock; left out when it never was. */
static void put_age(struct status *status, cJSON *object, const char *key, s2s_time at)
{
    if (at && at != S2S_TIME_NEVER && status->now >= at) {
        s2si_out_number(&status->out, object, key, (double)((status->now - at) / S2S_MILLISECOND) / 1000.0);
    }
}

/* Seconds until a time to come; left out when none is planned. */
static void put_until(struct status *status, cJSON *object, const char *key, s2s_time at)
{
    if (at && at != S2S_TIME_NEVER) {
        s2s_time left = at > status->now ? at - status->now : 0;
        s2si_out_number(&status->out, object, key, (double)(left / S2S_MILLISECOND) / 1000.0);
    }
}

static void put_spi(struct status *status, cJSON *object, const char *key, uint64_t spi, int digits)
{
    char text[24];

    snprintf(text, sizeof(text), "%0*llx", digits, (unsigned long long)spi);
    s2si_out_text(&status->out, object, key, text);
}

static void put_algorithm(struct status *status, cJSON *object, const char *key, enum s2s_transform_type type,
                          enum s2s_algorithm algorithm)
{
    if (algorithm != S2S_ALG_NONE) {
        s2si_out_text(&status->out, object, key, s2si_profile_algorithm_word(status->profile, type, algorithm));
    }
}

/* ---- tunnel ---- */

/* What the newest SA of a direction carried since it was made. */
static void put_sa(struct status *status, cJSON *object, const char *key, const s2s_tunnel *tunnel, bool inbound)
{
    struct s2s_esp_sa_stats stats = { .struct_size = sizeof(stats) };
    cJSON *part;

    if (s2s_tunnel_sa(tunnel, inbound, &stats)) {
        return;
    }
    part = s2si_out_object(&status->out, object, key);
    s2si_out_number(&status->out, part, "bytes", (double)stats.bytes);
    s2si_out_number(&status->out, part, "packets", (double)stats.packets);
    s2si_out_number(&status->out, part, "sequence", (double)stats.sequence);
}

static void put_negotiated(struct status *status, cJSON *object, const s2s_tunnel *tunnel,
                           const struct s2s_tunnel_state *state)
{
    cJSON *negotiated = s2si_out_object(&status->out, object, "negotiated"), *part;

    if (state->ike_encryption != S2S_ALG_NONE) {
        part = s2si_out_object(&status->out, negotiated, "ike");
        s2si_out_text(&status->out, part, "version", "ikev2");
        put_algorithm(status, part, "encryption", S2S_TRANSFORM_ENCRYPTION, state->ike_encryption);
        put_algorithm(status, part, "integrity", S2S_TRANSFORM_INTEGRITY, state->ike_integrity);
        put_algorithm(status, part, "prf", S2S_TRANSFORM_PRF, state->ike_prf);
        put_algorithm(status, part, "dh_group", S2S_TRANSFORM_GROUP, state->ike_group);
        put_spi(status, part, "spi_initiator", state->ike_spi_i, 16);
        put_spi(status, part, "spi_responder", state->ike_spi_r, 16);
        put_age(status, part, "age_s", state->established_at);
        put_until(status, part, "rekey_in_s", state->rekey_ike_at);
    }
    if (state->ipsec_encryption != S2S_ALG_NONE) {
        part = s2si_out_object(&status->out, negotiated, "ipsec");
        put_algorithm(status, part, "encryption", S2S_TRANSFORM_ENCRYPTION, state->ipsec_encryption);
        put_algorithm(status, part, "integrity", S2S_TRANSFORM_INTEGRITY, state->ipsec_integrity);
        put_algorithm(status, part, "pfs", S2S_TRANSFORM_GROUP, state->ipsec_group);
        s2si_out_bool(&status->out, part, "esn", state->esn);
        put_spi(status, part, "spi_in", state->spi_in, 8);
        put_spi(status, part, "spi_out", state->spi_out, 8);
        put_until(status, part, "rekey_in_s", state->rekey_ipsec_at);
        put_sa(status, part, "in", tunnel, true);
        put_sa(status, part, "out", tunnel, false);
    }
}

/* "drops": {"replay": 3}, the reasons that happened. */
static void put_drops(struct status *status, cJSON *counters, const s2s_tunnel *tunnel)
{
    cJSON *drops = NULL;

    for (int reason = S2S_DROP_NONE + 1; reason < S2S_DROP_REASONS; reason++) {
        uint64_t count = s2s_tunnel_drops(tunnel, reason);
        if (count) {
            drops = drops ? drops : s2si_out_object(&status->out, counters, "drops");
            s2si_out_number(&status->out, drops, s2s_drop_reason_name(reason), (double)count);
        }
    }
}

static void put_counters(struct status *status, cJSON *object, const s2s_tunnel *tunnel,
                         const struct s2s_tunnel_state *state)
{
    cJSON *counters = s2si_out_object(&status->out, object, "counters");
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {
        { "bytes_in", state->bytes_in },     { "bytes_out", state->bytes_out },
        { "packets_in", state->packets_in }, { "packets_out", state->packets_out },
        { "drops_in", state->drops_in },     { "drops_out", state->drops_out },
        { "ike_rekeys", state->ike_rekeys }, { "ipsec_rekeys", state->ipsec_rekeys },
        { "retransmits", state->retransmits }, { "attempts", state->attempts },
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        s2si_out_number(&status->out, counters, rows[i].key, (double)rows[i].value);
    }
    put_drops(status, counters, tunnel);
}

static void put_path(struct status *status, cJSON *object, const struct s2s_tunnel_state *state)
{
    cJSON *outside = s2si_out_object(&status->out, object, "outside");

    put_endpoint(status, outside, "local", &state->local);
    put_endpoint(status, outside, "remote", &state->remote);
    s2si_out_bool(&status->out, outside, "nat_local", state->nat_local);
    s2si_out_bool(&status->out, outside, "nat_remote", state->nat_remote);
    s2si_out_bool(&status->out, outside, "udp_encapsulation", state->udp_encapsulation);
    s2si_out_number(&status->out, object, "mtu", state->mtu);
    s2si_out_number(&status->out, object, "mss", state->mss);
}

static void put_health(struct status *status, cJSON *object, const struct s2s_tunnel_state *state)
{
    cJSON *probe = cJSON_GetObjectItemCaseSensitive(object, "probe");

    if (probe) {
        s2si_out_text(&status->out, probe, "status", !state->probe_running ? "off" : state->probe_ok ? "ok" : "failed");
    }
    s2si_out_text(&status->out, object, "last_reason", s2s_reason_name(state->last_reason));
    s2si_out_text(&status->out, object, "last_error", state->last_error);
    put_age(status, object, "last_change_s", state->last_change);
    put_age(status, object, "last_seen_s", state->last_seen);
}

static void put_bgp_counters(struct status *status, cJSON *bgp, const struct s2s_bgp_session_state *state)
{
    const struct {
        const char *key;
        double value;
    } rows[] = {
        { "local_asn", state->local_asn },
        { "peer_asn", state->peer_asn },
        { "routes_received", state->routes_received },
        { "routes_accepted", state->routes_accepted },
        { "routes_advertised", state->routes_advertised },
        { "messages_in", (double)state->messages_in },
        { "messages_out", (double)state->messages_out },
        { "flaps", (double)state->flaps },
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        s2si_out_number(&status->out, bgp, rows[i].key, rows[i].value);
    }
}

/* The session of a tunnel goes into its "bgp" section, beside the settings. */
static void put_bgp(struct status *status, cJSON *object, const s2s_tunnel *tunnel)
{
    const s2s_bgp_session *session = s2s_tunnel_bgp_session(tunnel);
    struct s2s_bgp_session_state state = { .struct_size = sizeof(state) };
    cJSON *bgp = cJSON_GetObjectItemCaseSensitive(object, "bgp"), *negotiated;

    if (!session || s2s_bgp_session_get(session, &state)) {
        return;
    }
    bgp = bgp ? bgp : s2si_out_object(&status->out, object, "bgp");
    s2si_out_text(&status->out, bgp, "status", state.status_text);
    s2si_out_text(&status->out, bgp, "state", s2s_bgp_state_name((int)state.state));
    if (state.state == S2S_BGP_ESTABLISHED) {
        negotiated = s2si_out_object(&status->out, bgp, "negotiated");
        s2si_out_number(&status->out, negotiated, "hold_time", state.hold_time);
        s2si_out_number(&status->out, negotiated, "keepalive", state.keepalive);
        s2si_out_bool(&status->out, negotiated, "graceful_restart", state.graceful_restart);
    }
    put_bgp_counters(status, bgp, &state);
    s2si_out_text(&status->out, bgp, "last_error", state.last_error);
    put_age(status, bgp, "since_s", state.since);
}

static void put_tunnel(struct status *status, cJSON *object, const s2s_tunnel *tunnel)
{
    struct s2s_tunnel_state state = { .struct_size = sizeof(state) };
    struct s2s_tunnel_params effective = { .struct_size = sizeof(effective) };

    if (s2s_tunnel_get(tunnel, &state) || s2s_tunnel_effective(tunnel, &effective)) {
        status->out.failed = true;
        return;
    }
    s2si_out_number(&status->out, object, "index", state.index);
    s2si_out_text(&status->out, object, "status", state.status_text);
    s2si_out_text(&status->out, object, "state", s2s_tunnel_status_name((int)state.status));
    s2si_out_bool(&status->out, object, "active", state.active);
    if (state.role[0]) {
        s2si_out_text(&status->out, object, "role", state.role);
    }
    s2si_out_bool(&status->out, object, "initiator", state.initiator);
    put_all(status, object, S2SI_TUNNEL, &effective);
    put_negotiated(status, object, tunnel, &state);
    put_path(status, object, &state);
    put_counters(status, object, tunnel, &state);
    put_health(status, object, &state);
    put_bgp(status, object, tunnel);
}

/* ---- connection, customer gateway, route, gateway ---- */

static void put_connection(struct status *status, cJSON *object, const s2s_connection *connection)
{
    struct s2s_connection_state state = { .struct_size = sizeof(state) };
    cJSON *tunnels;

    if (s2s_connection_get(connection, &state)) {
        status->out.failed = true;
        return;
    }
    put_all(status, object, S2SI_CONNECTION, &connection->effective);
    s2si_out_text(&status->out, object, "status", state.status_text);
    s2si_out_number(&status->out, object, "active", state.active_tunnel);
    s2si_out_number(&status->out, object, "tunnels_up", (double)state.tunnels_up);
    s2si_out_number(&status->out, object, "switches", (double)state.switches);
    s2si_out_text(&status->out, object, "last_trigger", s2s_trigger_name(state.last_trigger));
    put_age(status, object, "last_switch_s", state.last_switch);
    tunnels = s2si_out_list(&status->out, object, "tunnels");
    for (size_t i = 1; i <= s2s_connection_tunnels(connection) && !status->out.failed; i++) {
        put_tunnel(status, s2si_out_object(&status->out, tunnels, NULL), s2s_connection_tunnel(connection, i));
    }
}

static void put_customer_gateway(struct status *status, cJSON *object, const s2s_customer_gateway *customer_gateway)
{
    put_all(status, object, S2SI_CUSTOMER_GATEWAY, &customer_gateway->params);
    if (!customer_gateway->params.profile) {
        s2si_out_text(&status->out, object, "profile", "generic");
    }
    if (customer_gateway->params.ip_address.family == 0) {
        s2si_out_text(&status->out, object, "ip_address", "any");
    }
}

static void put_route(struct status *status, cJSON *object, const s2s_route *route)
{
    struct s2s_route_state state = { .struct_size = sizeof(state) };

    if (s2s_route_get(route, &state)) {
        status->out.failed = true;
        return;
    }
    put_all(status, object, S2SI_ROUTE, &route->params);
    if (!cJSON_HasObjectItem(object, "connection")) {
        s2si_out_text(&status->out, object, "connection", state.connection);
    }
    s2si_out_text(&status->out, object, "status", state.state_text);
    s2si_out_bool(&status->out, object, "automatic", state.automatic);
    s2si_out_bool(&status->out, object, "published", state.published);
    s2si_out_bool(&status->out, object, "installed", state.installed);
    s2si_out_bool(&status->out, object, "live", state.live);
}

static void put_route_tables(struct status *status, cJSON *object, const struct s2s_gateway_params *params)
{
    cJSON *vpc = cJSON_GetObjectItemCaseSensitive(object, "vpc"), *list;

    if (params->route_table_count == 0) {
        return;
    }
    vpc = vpc ? vpc : s2si_out_object(&status->out, object, "vpc");
    list = s2si_out_list(&status->out, vpc, "route_tables");
    for (size_t i = 0; i < params->route_table_count && !status->out.failed; i++) {
        put_all(status, s2si_out_object(&status->out, list, NULL), S2SI_ROUTE_TABLE, &params->route_tables[i]);
    }
}

static void put_addresses(struct status *status, cJSON *object, const s2s_gateway *gateway)
{
    cJSON *list = s2si_out_list(&status->out, object, "address_status");
    struct s2s_addr addr;
    bool present;

    for (size_t i = 0; s2s_gateway_address(gateway, i, &addr, &present) == 0 && !status->out.failed; i++) {
        cJSON *entry = s2si_out_object(&status->out, list, NULL);
        put_address(status, entry, "address", &addr);
        s2si_out_bool(&status->out, entry, "present", present);
    }
}

static void put_gateway(struct status *status, cJSON *object, const s2s_gateway *gateway)
{
    struct s2s_gateway_state state = { .struct_size = sizeof(state) };
    cJSON *active;

    if (s2s_gateway_get(gateway, &state)) {
        status->out.failed = true;
        return;
    }
    put_all(status, object, S2SI_GATEWAY, &gateway->effective);
    put_route_tables(status, object, &gateway->effective);
    s2si_out_text(&status->out, object, "status", state.status_text);
    s2si_out_text(&status->out, object, "device", state.device);
    s2si_out_number(&status->out, object, "mtu", state.mtu);
    s2si_out_text(&status->out, object, "last_error", state.last_error);
    if (gateway->profile->routing.egress_per_gateway) {
        active = s2si_out_object(&status->out, object, "active");
        s2si_out_text(&status->out, active, "connection", state.active_connection);
        s2si_out_number(&status->out, active, "tunnel", state.active_tunnel);
    }
    put_addresses(status, object, gateway);
}

static void put_all_of(struct status *status, cJSON *object, const s2s_gateway *gateway)
{
    cJSON *list;
    const s2s_customer_gateway *customer_gateway = NULL;
    const s2s_connection *connection = NULL;
    const s2s_route *route = NULL;

    status->profile = gateway->profile;
    put_gateway(status, s2si_out_object(&status->out, object, "gateway"), gateway);
    list = s2si_out_list(&status->out, object, "customer_gateways");
    while (!status->out.failed && (customer_gateway = s2s_customer_gateway_next(gateway, customer_gateway)) != NULL) {
        put_customer_gateway(status, s2si_out_object(&status->out, list, NULL), customer_gateway);
    }
    list = s2si_out_list(&status->out, object, "connections");
    while (!status->out.failed && (connection = s2s_connection_next(gateway, connection)) != NULL) {
        put_connection(status, s2si_out_object(&status->out, list, NULL), connection);
    }
    list = s2si_out_list(&status->out, object, "routes");
    while (!status->out.failed && (route = s2s_route_next(gateway, route)) != NULL) {
        put_route(status, s2si_out_object(&status->out, list, NULL), route);
    }
}

int s2s_status_json(const s2s_engine *engine, char **text)
{
    struct status status = { { false }, NULL, 0 };
    const s2s_gateway *gateway = NULL, *first;
    cJSON *root;

    if (!engine || !text) {
        return S2S_ERR_INVALID;
    }
    status.now = engine->now;
    first = s2s_gateway_next(engine, NULL);
    if (first && s2s_gateway_next(engine, first)) {
        root = s2si_out_list(&status.out, NULL, NULL);
        while ((gateway = s2s_gateway_next(engine, gateway)) != NULL && !status.out.failed) {
            put_all_of(&status, s2si_out_object(&status.out, root, NULL), gateway);
        }
    } else {
        root = s2si_out_object(&status.out, NULL, NULL);
        if (first && root) {
            put_all_of(&status, root, first);
        }
    }
    return s2si_out_print(&status.out, root, text);
}

int s2s_tunnel_status_json(const s2s_tunnel *tunnel, char **text)
{
    struct status status = { { false }, NULL, 0 };
    cJSON *root;

    if (!tunnel || !text) {
        return S2S_ERR_INVALID;
    }
    status.now = tunnel->engine->now;
    status.profile = tunnel->gateway->profile;
    root = s2si_out_object(&status.out, NULL, NULL);
    if (root) {
        put_tunnel(&status, root, tunnel);
    }
    return s2si_out_print(&status.out, root, text);
}
