/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/params.h"
#include <string.h>

/* The rows, in the order of enum s2si_field_id. Key names are those of the configuration file. */

static const struct s2si_word defaults_words[] = {
    { "console", S2S_DEFAULTS_CONSOLE }, { "api", S2S_DEFAULTS_API }, { NULL, 0 }
};
static const struct s2si_word when_down_words[] = {
    { "unreachable", S2S_WHEN_DOWN_UNREACHABLE }, { "bypass", S2S_WHEN_DOWN_BYPASS }, { NULL, 0 }
};
static const struct s2si_word interfaces_words[] = { { "gateway", 0 }, { "tunnel", 1 }, { NULL, 0 } };
static const struct s2si_word route_mode_words[] = {
    { "policy", S2S_ROUTE_MODE_POLICY }, { "destination", S2S_ROUTE_MODE_DESTINATION }, { NULL, 0 }
};
static const struct s2si_word auth_words[] = { { "psk", S2S_AUTH_PSK }, { NULL, 0 } };
static const struct s2si_word startup_words[] = {
    { "add", S2S_STARTUP_ADD }, { "trap", S2S_STARTUP_TRAP }, { "start", S2S_STARTUP_START }, { NULL, 0 }
};
static const struct s2si_word encapsulation_words[] = {
    { "auto", S2S_ENCAPSULATION_AUTO },
    { "always", S2S_ENCAPSULATION_ALWAYS }, { "never", S2S_ENCAPSULATION_NEVER }, { NULL, 0 }
};
/* AWS lists both versions: 3. */
static const struct s2si_word version_words[] = {
    { "ikev1", S2S_IKEV1 }, { "ikev2", S2S_IKEV2 }, { "ikev1+ikev2", 3 }, { NULL, 0 }
};
static const struct s2si_word dpd_words[] = {
    { "clear", S2S_DPD_CLEAR }, { "none", S2S_DPD_NONE }, { "restart", S2S_DPD_RESTART }, { NULL, 0 }
};
static const struct s2si_word route_type_words[] = {
    { "policy", S2S_ROUTE_POLICY }, { "destination", S2S_ROUTE_DESTINATION }, { "static", S2S_ROUTE_STATIC },
    { "bgp", S2S_ROUTE_BGP }, { NULL, 0 }
};

#define ROW(id, key, kind, type, member, ...) \
    { id, key, S2SI_KIND_##kind, offsetof(struct type, member), 0, S2S_TRANSFORM_HASH, __VA_ARGS__ }
#define LIST(id, key, kind, type, member, counter, ...) \
    { id, key, S2SI_KIND_##kind, offsetof(struct type, member), offsetof(struct type, counter), S2S_TRANSFORM_HASH, \
      __VA_ARGS__ }
#define ALGORITHMS(id, key, member, transform) \
    { id, key, S2SI_KIND_ALGORITHMS, offsetof(struct s2s_tunnel_params, member), 0, transform, NULL, "", \
      S2SI_EFFECT_RENEGOTIATE, 0, false }
/* What follows a row: words, unit, effect, element, required. */
#define NOTHING NULL, "", S2SI_EFFECT_NONE, 0, false
#define REQUIRED NULL, "", S2SI_EFFECT_NONE, 0, true
#define SELECT NULL, "", S2SI_EFFECT_SELECT, 0, false
#define NEXT NULL, "", S2SI_EFFECT_NEXT, 0, false
#define AGAIN NULL, "", S2SI_EFFECT_RENEGOTIATE, 0, false
#define BGP NULL, "", S2SI_EFFECT_BGP, 0, false
#define WORDS(words, effect) words, "", S2SI_EFFECT_##effect, 0, false
#define UNIT(unit, effect) NULL, unit, S2SI_EFFECT_##effect, 0, false

#define G(id, key, kind, member, ...) ROW(S2SI_GW_##id, key, kind, s2s_gateway_params, member, __VA_ARGS__)
static const struct s2si_field gateway_fields[] = {
    G(NAME, "name", TEXT, name, REQUIRED),
    G(PROFILE, "profile", PROFILE, profile, REQUIRED),
    G(DEFAULTS, "defaults", ENUM, defaults, WORDS(defaults_words, NONE)),
    G(STRICT, "strict", BOOL, strict, NOTHING),
    LIST(S2SI_GW_ADDRESSES, "addresses", ADDRESSES, s2s_gateway_params, addresses, address_count, AGAIN),
    G(ASN, "asn", ASN, asn, BGP),
    G(ROUTER_ID, "router_id", ADDRESS, router_id, BGP),
    LIST(S2SI_GW_VPC_CIDR, "vpc.cidr", PREFIXES, s2s_gateway_params, vpc_cidrs, vpc_cidr_count, SELECT),
    LIST(S2SI_GW_ROUTE_TABLES, "vpc.route_tables", OBJECTS, s2s_gateway_params, route_tables, route_table_count, NULL,
         "", S2SI_EFFECT_SELECT, S2SI_ROUTE_TABLE, false),
    G(AUTO_PROPAGATE, "auto_propagate", BOOL, auto_propagate, SELECT),
    G(WHEN_DOWN, "when_down", ENUM, when_down, WORDS(when_down_words, SELECT)),
    G(DEVICE, "kernel.device", TEXT, device, SELECT),
    G(INTERFACES, "kernel.interfaces", ENUM, interface_per_tunnel, WORDS(interfaces_words, SELECT)),
    G(TABLE, "kernel.table", INT, table, SELECT),
    G(METRIC, "kernel.metric", INT, metric, SELECT),
    G(MARK, "kernel.mark", INT, mark, SELECT),
    G(PORT, "kernel.port", INT, port, AGAIN),
    G(NATT_PORT, "kernel.natt_port", INT, natt_port, AGAIN),
    G(TRANSIT, "transit", BOOL, transit, NOTHING),
};

#define T(id, key, kind, member, ...) ROW(S2SI_RT_##id, key, kind, s2s_route_table_params, member, __VA_ARGS__)
static const struct s2si_field route_table_fields[] = {
    T(NAME, "name", TEXT, name, REQUIRED),
    T(SYSTEM, "system", BOOL, system, SELECT),
    T(PROPAGATE, "propagate", BOOL, propagate, SELECT),
};

#define C(id, key, kind, member, ...) ROW(S2SI_CGW_##id, key, kind, s2s_customer_gateway_params, member, __VA_ARGS__)
static const struct s2si_field customer_gateway_fields[] = {
    C(NAME, "name", TEXT, name, REQUIRED),
    C(PROFILE, "profile", PROFILE, profile, AGAIN),
    C(IP_ADDRESS, "ip_address", ADDRESS, ip_address, AGAIN),
    C(ASN, "asn", ASN, asn, BGP),
    C(AUTH_KEY, "auth_key", SECRET_TEXT, auth_key, BGP),
};

#define N(id, key, kind, member, ...) ROW(S2SI_CONN_##id, key, kind, s2s_connection_params, member, __VA_ARGS__)
static const struct s2si_field connection_fields[] = {
    N(NAME, "name", TEXT, name, REQUIRED),
    N(CUSTOMER_GATEWAY, "customer_gateway", TEXT, customer_gateway, AGAIN),
    N(ROUTE_MODE, "route_mode", ENUM, route_mode, WORDS(route_mode_words, RENEGOTIATE)),
    LIST(S2SI_CONN_LOCAL_SUBNETS, "local_subnets", PREFIXES, s2s_connection_params, local_subnets, local_subnet_count,
         AGAIN),
    LIST(S2SI_CONN_REMOTE_SUBNETS, "remote_subnets", PREFIXES, s2s_connection_params, remote_subnets,
         remote_subnet_count, AGAIN),
    N(EFFECT_IMMEDIATELY, "effect_immediately", BOOL, effect_immediately, NEXT),
    N(ENABLE_BGP, "enable_bgp", BOOL, enable_bgp, BGP),
    N(LOCAL_ASN, "local_asn", ASN, local_asn, BGP),
    N(AUTO_CONFIG_ROUTE, "auto_config_route", BOOL, auto_config_route, SELECT),
    N(SWITCH_BACK, "failover.switch_back", BOOL, failover_switch_back, SELECT),
    N(HOLD_DOWN, "failover.hold_down", INT, failover_hold_down, UNIT("s", SELECT)),
    LIST(S2SI_CONN_TUNNELS, "tunnels", OBJECTS, s2s_connection_params, tunnels, tunnel_count, NULL, "",
         S2SI_EFFECT_NONE, S2SI_TUNNEL, false),
};

#define U(id, key, kind, member, ...) ROW(S2SI_TUN_##id, key, kind, s2s_tunnel_params, member, __VA_ARGS__)
static const struct s2si_field tunnel_fields[] = {
    U(ENABLED, "enabled", BOOL, enabled, AGAIN),
    U(CUSTOMER_GATEWAY, "customer_gateway", TEXT, customer_gateway, AGAIN),
    U(LOCAL_ADDRESS, "local_address", ADDRESS, local_address, AGAIN),
    U(AUTH_METHOD, "auth.method", ENUM, auth_method, WORDS(auth_words, RENEGOTIATE)),
    LIST(S2SI_TUN_PSK, "psk", SECRET, s2s_tunnel_params, psk, psk_length, AGAIN),
    U(STARTUP_ACTION, "startup_action", ENUM, startup_action, WORDS(startup_words, NEXT)),
    U(NAT_TRAVERSAL, "nat_traversal", BOOL, nat_traversal, AGAIN),
    U(ENCAPSULATION, "encapsulation", ENUM, encapsulation, WORDS(encapsulation_words, RENEGOTIATE)),
    U(IKE_VERSION, "ike.version", ENUM, ike_version, WORDS(version_words, RENEGOTIATE)),
    U(IKE_MODE, "ike.mode", TEXT, ike_mode, AGAIN),
    ALGORITHMS(S2SI_TUN_IKE_ENCRYPTION, "ike.encryption", ike_encryption, S2S_TRANSFORM_ENCRYPTION),
    ALGORITHMS(S2SI_TUN_IKE_INTEGRITY, "ike.integrity", ike_integrity, S2S_TRANSFORM_INTEGRITY),
    ALGORITHMS(S2SI_TUN_IKE_PRF, "ike.prf", ike_prf, S2S_TRANSFORM_PRF),
    ALGORITHMS(S2SI_TUN_IKE_DH_GROUP, "ike.dh_group", ike_dh_group, S2S_TRANSFORM_GROUP),
    U(IKE_LIFETIME, "ike.lifetime", INT, ike_lifetime, UNIT("s", NEXT)),
    U(LOCAL_ID, "ike.local_id", TEXT, local_id, AGAIN),
    U(REMOTE_ID, "ike.remote_id", TEXT, remote_id, AGAIN),
    ALGORITHMS(S2SI_TUN_IPSEC_ENCRYPTION, "ipsec.encryption", ipsec_encryption, S2S_TRANSFORM_ENCRYPTION),
    ALGORITHMS(S2SI_TUN_IPSEC_INTEGRITY, "ipsec.integrity", ipsec_integrity, S2S_TRANSFORM_INTEGRITY),
    ALGORITHMS(S2SI_TUN_IPSEC_PFS, "ipsec.pfs", ipsec_pfs, S2S_TRANSFORM_GROUP),
    U(IPSEC_LIFETIME, "ipsec.lifetime", INT, ipsec_lifetime, UNIT("s", NEXT)),
    U(REPLAY_WINDOW, "ipsec.replay_window", INT, replay_window, UNIT("packets", NEXT)),
    U(ESN, "ipsec.esn", BOOL, esn, AGAIN),
    U(REKEY_MARGIN, "rekey.margin", INT, rekey_margin, UNIT("s", NEXT)),
    U(REKEY_FUZZ, "rekey.fuzz", INT, rekey_fuzz, UNIT("%", NEXT)),
    U(DPD_ENABLE, "dpd.enable", BOOL, dpd_enable, NEXT),
    U(DPD_DELAY, "dpd.delay", INT, dpd_delay, UNIT("s", NEXT)),
    U(DPD_TIMEOUT, "dpd.timeout", INT, dpd_timeout, UNIT("s", NEXT)),
    U(DPD_ACTION, "dpd.action", ENUM, dpd_action, WORDS(dpd_words, NEXT)),
    U(PROBE_ENABLE, "probe.enable", BOOL, probe_enable, SELECT),
    U(PROBE_SOURCE, "probe.source", ADDRESS, probe_source, SELECT),
    U(PROBE_TARGET, "probe.target", ADDRESS, probe_target, SELECT),
    U(PROBE_INTERVAL, "probe.interval_ms", INT, probe_interval_ms, UNIT("ms", SELECT)),
    U(PROBE_RETRY, "probe.retry", INT, probe_retry, SELECT),
    U(BGP_TUNNEL_CIDR, "bgp.tunnel_cidr", PREFIX, bgp_tunnel_cidr, BGP),
    U(BGP_LOCAL_IP, "bgp.local_ip", ADDRESS, bgp_local_ip, BGP),
    U(BGP_PEER_IP, "bgp.peer_ip", ADDRESS, bgp_peer_ip, BGP),
    U(BGP_HOLD_TIME, "bgp.hold_time", INT, bgp_hold_time, UNIT("s", BGP)),
    U(BGP_KEEPALIVE, "bgp.keepalive", INT, bgp_keepalive, UNIT("s", BGP)),
    U(BGP_IMPORT, "bgp.import", TEXT, bgp_import, BGP),
    U(BGP_EXPORT, "bgp.export", TEXT, bgp_export, BGP),
    U(BGP_MAX_PREFIX, "bgp.max_prefix", INT, bgp_max_prefix, BGP),
    U(BGP_PASSIVE, "bgp.passive", BOOL, bgp_passive, BGP),
    U(BGP_TTL_SECURITY, "bgp.ttl_security", BOOL, bgp_ttl_security, BGP),
    U(BGP_GRACEFUL_RESTART, "bgp.graceful_restart", BOOL, bgp_graceful_restart, BGP),
};

#define R(id, key, kind, member, ...) ROW(S2SI_ROUTE_##id, key, kind, s2s_route_params, member, __VA_ARGS__)
static const struct s2si_field route_fields[] = {
    R(NAME, "name", TEXT, name, NOTHING),
    R(TYPE, "type", ENUM, type, route_type_words, "", S2SI_EFFECT_SELECT, 0, true),
    R(SOURCE, "source", PREFIX, source, SELECT),
    R(DESTINATION, "destination", PREFIX, destination, NULL, "", S2SI_EFFECT_SELECT, 0, true),
    R(CONNECTION, "connection", TEXT, connection, NULL, "", S2SI_EFFECT_SELECT, 0, true),
    R(PRIORITY, "priority", INT, priority, SELECT),
    R(WEIGHT, "weight", INT, weight, SELECT),
    R(PUBLISH, "publish", BOOL, publish, SELECT),
};

struct object_row {
    const struct s2si_field *fields;
    size_t count, size;
};

static const struct object_row objects[S2SI_OBJECTS] = {
    [S2SI_GATEWAY] = { gateway_fields, S2SI_COUNT(gateway_fields), sizeof(struct s2s_gateway_params) },
    [S2SI_ROUTE_TABLE] = { route_table_fields, S2SI_COUNT(route_table_fields), sizeof(struct s2s_route_table_params) },
    [S2SI_CUSTOMER_GATEWAY] = { customer_gateway_fields, S2SI_COUNT(customer_gateway_fields),
                                sizeof(struct s2s_customer_gateway_params) },
    [S2SI_CONNECTION] = { connection_fields, S2SI_COUNT(connection_fields), sizeof(struct s2s_connection_params) },
    [S2SI_TUNNEL] = { tunnel_fields, S2SI_COUNT(tunnel_fields), sizeof(struct s2s_tunnel_params) },
    [S2SI_ROUTE] = { route_fields, S2SI_COUNT(route_fields), sizeof(struct s2s_route_params) },
};

const struct s2si_field *s2si_fields(enum s2si_object object, size_t *count)
{
    *count = objects[object].count;
    return objects[object].fields;
}

size_t s2si_params_size(enum s2si_object object)
{
    return objects[object].size;
}

const struct s2si_field *s2si_field_by_id(enum s2si_field_id id, enum s2si_object *object)
{
    for (size_t i = 0; i < S2SI_OBJECTS; i++) {
        const struct object_row *row = &objects[i];
        if (id < row->fields[0].id || id > row->fields[row->count - 1].id) {
            continue;
        }
        if (object) {
            *object = (enum s2si_object)i;
        }
        return &row->fields[id - row->fields[0].id];
    }
    return NULL;
}

const struct s2si_field *s2si_field_by_key(enum s2si_object object, const char *key)
{
    for (size_t i = 0; i < objects[object].count; i++) {
        if (strcmp(objects[object].fields[i].key, key) == 0) {
            return &objects[object].fields[i];
        }
    }
    return NULL;
}
