/* SPDX-License-Identifier: Apache-2.0 */
#include <s2svpn/bgp_json.h>
#include <s2svpn/config.h>

#include <stdio.h>
#include <string.h>

#include "lib/config/json_out.h"
#include "lib/gateway/objects.h"

enum { MOST = 1000, LOOKED_AT = 20000 };

/* ---- sessions by name ---- */

static bool is_named(const s2s_tunnel *tunnel, const s2s_bgp_session *session, const char *name)
{
    struct s2s_bgp_session_state state = { .struct_size = sizeof(state) };
    char peer[S2S_ADDR_TEXT];

    if (!name || !name[0] || strcmp(name, s2s_connection_name(tunnel->connection)) == 0) {
        return true;
    }
    return strcmp(name, tunnel->label) == 0 ||
           (s2s_bgp_session_get(session, &state) == 0 && strcmp(name, s2s_addr_format(&state.peer_ip, peer)) == 0);
}

/* The index-th tunnel whose session is meant. */
static const s2s_tunnel *find(const s2s_gateway *gateway, const char *name, size_t index)
{
    const s2s_connection *connection = NULL;

    while ((connection = s2s_connection_next(gateway, connection)) != NULL) {
        for (size_t i = 1; i <= s2s_connection_tunnels(connection); i++) {
            const s2s_tunnel *tunnel = s2s_connection_tunnel(connection, i);
            const s2s_bgp_session *session = s2s_tunnel_bgp_session(tunnel);
            if (session && is_named(tunnel, session, name) && index-- == 0) {
                return tunnel;
            }
        }
    }
    return NULL;
}

s2s_bgp_session *s2s_bgp_session_named(const s2s_gateway *gateway, const char *name, size_t index)
{
    const s2s_tunnel *tunnel = gateway ? find(gateway, name, index) : NULL;
    return tunnel ? s2s_tunnel_bgp_session(tunnel) : NULL;
}

/* ---- neighbors ---- */

static void put_addr(struct s2si_json_out *out, cJSON *object, const char *key, const struct s2s_addr *addr)
{
    char text[S2S_ADDR_TEXT];

    if (addr->family) {
        s2si_out_text(out, object, key, s2s_addr_format(addr, text));
    }
}

static void put_numbers(struct s2si_json_out *out, cJSON *object, const struct s2s_bgp_session_state *state)
{
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {
        { "local_asn", state->local_asn },
        { "peer_asn", state->peer_asn },
        { "routes_received", state->routes_received },
        { "routes_accepted", state->routes_accepted },
        { "routes_advertised", state->routes_advertised },
        { "max_prefix", state->max_prefix },
        { "messages_in", state->messages_in },
        { "messages_out", state->messages_out },
        { "updates_in", state->updates_in },
        { "updates_out", state->updates_out },
        { "flaps", state->flaps },
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        s2si_out_number(out, object, rows[i].key, (double)rows[i].value);
    }
}

static void put_last(struct s2si_json_out *out, cJSON *object, const struct s2s_bgp_session_state *state)
{
    if (state->last_code) {
        cJSON *last = s2si_out_object(out, object, "last_notification");
        s2si_out_number(out, last, "code", state->last_code);
        s2si_out_number(out, last, "subcode", state->last_subcode);
        s2si_out_bool(out, last, "by_peer", state->last_by_peer);
    }
    s2si_out_text(out, object, "last_error", state->last_error);
}

static void put_neighbor(struct s2si_json_out *out, cJSON *list, const s2s_tunnel *tunnel)
{
    struct s2s_bgp_session_state state = { .struct_size = sizeof(state) };
    cJSON *object = s2si_out_object(out, list, NULL);
    s2s_time now = tunnel->engine->now;

    if (s2s_bgp_session_get(s2s_tunnel_bgp_session(tunnel), &state)) {
        out->failed = true;
        return;
    }
    s2si_out_text(out, object, "name", tunnel->label);
    put_addr(out, object, "peer_ip", &state.peer_ip);
    put_addr(out, object, "local_ip", &state.local_ip);
    put_addr(out, object, "peer_router_id", &state.peer_router_id);
    s2si_out_text(out, object, "state", s2s_bgp_state_name((int)state.state));
    s2si_out_text(out, object, "status", state.status_text);
    if (state.since && now >= state.since) {
        s2si_out_number(out, object, "since_s", (double)((now - state.since) / S2S_MILLISECOND) / 1000.0);
    }
    put_numbers(out, object, &state);
    s2si_out_number(out, object, "hold_time", state.hold_time);
    s2si_out_number(out, object, "keepalive", state.keepalive);
    s2si_out_bool(out, object, "graceful_restart", state.graceful_restart);
    s2si_out_bool(out, object, "stale", state.stale);
    s2si_out_bool(out, object, "route_refresh", state.route_refresh);
    s2si_out_bool(out, object, "four_octet_as", state.four_octet);
    put_last(out, object, &state);
}

int s2s_bgp_neighbors_json(const s2s_gateway *gateway, const char *name, char **text)
{
    struct s2si_json_out out = { false };
    const s2s_tunnel *tunnel;

    if (!gateway || !text) {
        return S2S_ERR_INVALID;
    }
    *text = NULL;
    if (name && name[0] && !find(gateway, name, 0)) {
        return S2S_ERR_NOT_FOUND;
    }
    cJSON *root = s2si_out_object(&out, NULL, NULL);
    s2si_out_text(&out, root, "gateway", s2s_gateway_name(gateway));
    cJSON *list = s2si_out_list(&out, root, "neighbors");
    for (size_t i = 0; !out.failed && (tunnel = find(gateway, name, i)) != NULL; i++) {
        put_neighbor(&out, list, tunnel);
    }
    return s2si_out_print(&out, root, text);
}

/* ---- routes ---- */

static void put_route(struct s2si_json_out *out, cJSON *object, const struct s2s_bgp_route_state *route)
{
    static const char *const origins[] = { "IGP", "EGP", "incomplete" };
    char prefix[S2S_ADDR_TEXT];

    s2si_out_text(out, object, "prefix", s2s_prefix_format(&route->prefix, prefix));
    put_addr(out, object, "next_hop", &route->next_hop);
    s2si_out_text(out, object, "as_path", route->as_path);
    s2si_out_text(out, object, "origin", route->origin < S2SI_COUNT(origins) ? origins[route->origin] : "unknown");
    if (route->has_med) {
        s2si_out_number(out, object, "med", route->med);
    }
    if (route->has_local_pref) {
        s2si_out_number(out, object, "local_pref", route->local_pref);
    }
    if (route->communities && route->communities[0]) {
        s2si_out_text(out, object, "communities", route->communities);
    }
    if (route->large_communities && route->large_communities[0]) {
        s2si_out_text(out, object, "large_communities", route->large_communities);
    }
    s2si_out_bool(out, object, "accepted", route->accepted);
    s2si_out_bool(out, object, "best", route->best);
    if (route->stale) {
        s2si_out_bool(out, object, "stale", true);
    }
    s2si_out_text(out, object, "why", route->why);
}

static bool fits(const struct s2s_bgp_route_query *query, const struct s2s_prefix *prefix)
{
    return !query->within || s2si_prefix_contains(query->within, prefix);
}

/* One page. @return whether there is more. */
static bool put_routes(struct s2si_json_out *out, cJSON *list, const s2s_bgp_session *session,
                       const struct s2s_bgp_route_query *query, uint64_t *cursor)
{
    enum s2s_bgp_route_table table = query->neighbor ? query->table : S2S_BGP_BEST;
    struct s2s_bgp_route_state route = { .struct_size = sizeof(route) };
    size_t most = query->most == 0 || query->most > MOST ? MOST : query->most, count = 0, looked = 0;

    while (!out->failed && count < most && looked++ < LOOKED_AT) {
        if (s2s_bgp_route_next(session, table, cursor, &route)) {
            return false;
        }
        if (fits(query, &route.prefix)) {
            put_route(out, s2si_out_object(out, list, NULL), &route);
            count++;
        }
    }
    return true;
}

int s2s_bgp_routes_json(const s2s_gateway *gateway, const struct s2s_bgp_route_query *query, char **text)
{
    static const char *const tables[] = { "received", "advertised", "best" };
    struct s2si_json_out out = { false };
    char next[24];

    if (!gateway || !query || !text || query->struct_size < sizeof(*query) || (unsigned)query->table > S2S_BGP_BEST) {
        return S2S_ERR_INVALID;
    }
    *text = NULL;
    const s2s_tunnel *tunnel = find(gateway, query->neighbor, 0);
    if (!tunnel && query->neighbor) {
        return S2S_ERR_NOT_FOUND;
    }
    cJSON *root = s2si_out_object(&out, NULL, NULL);
    s2si_out_text(&out, root, "table", tables[query->neighbor ? query->table : S2S_BGP_BEST]);
    if (query->neighbor) {
        s2si_out_text(&out, root, "neighbor", tunnel->label);
    }
    cJSON *list = s2si_out_list(&out, root, "routes");
    uint64_t cursor = query->cursor;
    if (tunnel && put_routes(&out, list, s2s_tunnel_bgp_session(tunnel), query, &cursor)) {
        snprintf(next, sizeof(next), "%llu", (unsigned long long)cursor);
        s2si_out_text(&out, root, "next", next);
    }
    return s2si_out_print(&out, root, text);
}

/* ---- why ---- */

/* A prefix as it stands, or the longest that holds an address and has a route. @return 0 or an error. */
static int find_prefix(const s2s_gateway *gateway, const char *what, struct s2s_prefix *prefix, const char **text)
{
    struct s2s_addr addr;

    if (s2s_addr_parse(what, &addr) != 0) {
        return s2s_prefix_parse(what, prefix) != 0 ? S2S_ERR_INVALID : s2s_gateway_bgp_why(gateway, prefix, text);
    }
    for (int length = addr.family == 4 ? 32 : 128; length >= 0; length--) {
        *prefix = (struct s2s_prefix){ .addr = addr, .length = (uint8_t)length };
        s2si_prefix_mask(prefix);
        int error = s2s_gateway_bgp_why(gateway, prefix, text);
        if (error != S2S_ERR_NOT_FOUND) {
            return error;
        }
    }
    return S2S_ERR_NOT_FOUND;
}

/* The route as a session knows it, in a list of such. */
static void put_known(struct s2si_json_out *out, cJSON *list, const s2s_tunnel *tunnel, enum s2s_bgp_route_table table,
                      const struct s2s_prefix *prefix)
{
    struct s2s_bgp_route_state route = { .struct_size = sizeof(route) };

    if (s2s_bgp_route_find(s2s_tunnel_bgp_session(tunnel), table, prefix, &route) == 0) {
        cJSON *object = s2si_out_object(out, list, NULL);
        s2si_out_text(out, object, "neighbor", tunnel->label);
        put_route(out, object, &route);
    }
}

int s2s_bgp_why_json(const s2s_gateway *gateway, const char *what, char **text)
{
    struct s2si_json_out out = { false };
    struct s2s_prefix prefix;
    const s2s_tunnel *tunnel;
    const char *why = "";
    char shown[S2S_ADDR_TEXT];

    if (!gateway || !what || !text) {
        return S2S_ERR_INVALID;
    }
    *text = NULL;
    int error = find_prefix(gateway, what, &prefix, &why);
    if (error) {
        return error;
    }
    cJSON *root = s2si_out_object(&out, NULL, NULL);
    s2si_out_text(&out, root, "prefix", s2s_prefix_format(&prefix, shown));
    s2si_out_text(&out, root, "text", why);
    cJSON *candidates = s2si_out_list(&out, root, "candidates"), *advertised = s2si_out_list(&out, root, "advertised");
    for (size_t i = 0; !out.failed && (tunnel = find(gateway, NULL, i)) != NULL; i++) {
        put_known(&out, candidates, tunnel, S2S_BGP_RECEIVED, &prefix);
        put_known(&out, advertised, tunnel, S2S_BGP_ADVERTISED, &prefix);
    }
    return s2si_out_print(&out, root, text);
}
