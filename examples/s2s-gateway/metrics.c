/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include <event2/buffer.h>
#include <s2svpn/bgp_session.h>
#include <stddef.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Where a figure lies in struct s2s_tunnel_state, and how it is stored there. */
enum stored { AS_U64, AS_U16, AS_BOOL };
#define MEMBER(member, stored) offsetof(struct s2s_tunnel_state, member), stored

static const struct tunnel_metric {
    const char *name, *type, *help;
    size_t offset;
    enum stored stored;
} tunnel_metrics[] = {
    {"s2s_tunnel_active", "gauge", "1 = carries outbound traffic.", MEMBER(active, AS_BOOL)},
    {"s2s_tunnel_mtu_bytes", "gauge", "Largest inner packet.", MEMBER(mtu, AS_U16)},
    {"s2s_tunnel_bytes_in_total", "counter", "Inner bytes received, over rekeys (TunnelDataIn).",
     MEMBER(bytes_in, AS_U64)},
    {"s2s_tunnel_bytes_out_total", "counter", "Inner bytes sent, over rekeys (TunnelDataOut).",
     MEMBER(bytes_out, AS_U64)},
    {"s2s_tunnel_packets_in_total", "counter", "Inner packets received.", MEMBER(packets_in, AS_U64)},
    {"s2s_tunnel_packets_out_total", "counter", "Inner packets sent.", MEMBER(packets_out, AS_U64)},
    {"s2s_tunnel_drops_in_total", "counter", "Received packets that were dropped.", MEMBER(drops_in, AS_U64)},
    {"s2s_tunnel_drops_out_total", "counter", "Packets to be sent that were dropped.", MEMBER(drops_out, AS_U64)},
    {"s2s_tunnel_ike_rekeys_total", "counter", "Rekeys of the IKE_SA.", MEMBER(ike_rekeys, AS_U64)},
    {"s2s_tunnel_ipsec_rekeys_total", "counter", "Rekeys of the CHILD_SA.", MEMBER(ipsec_rekeys, AS_U64)},
};

static const struct engine_metric {
    const char *name, *type, *help;
    size_t offset;
} engine_metrics[] = {
    {"s2s_heap_bytes", "gauge", "Bytes that the engine has in use.", offsetof(struct s2s_engine_stats, heap_bytes)},
    {"s2s_heap_peak_bytes", "gauge", "The most it ever had.", offsetof(struct s2s_engine_stats, heap_peak)},
    {"s2s_allocations_total", "counter", "Allocations since start.", offsetof(struct s2s_engine_stats, allocations)},
    {"s2s_ike_received_total", "counter", "IKE messages received.", offsetof(struct s2s_engine_stats, ike_received)},
    {"s2s_ike_sent_total", "counter", "IKE messages sent.", offsetof(struct s2s_engine_stats, ike_sent)},
    {"s2s_ike_malformed_total", "counter", "IKE messages that break their format.",
     offsetof(struct s2s_engine_stats, ike_malformed)},
    {"s2s_ike_bad_integrity_total", "counter", "IKE messages that did not verify.",
     offsetof(struct s2s_engine_stats, ike_bad_integrity)},
    {"s2s_ike_cookies_sent_total", "counter", "Cookies asked for.", offsetof(struct s2s_engine_stats, cookies_sent)},
    {"s2s_ike_half_open", "gauge", "IKE_SAs that are not authenticated yet.",
     offsetof(struct s2s_engine_stats, half_open)},
    {"s2s_events_dropped_total", "counter", "Events that nobody fetched in time.",
     offsetof(struct s2s_engine_stats, events_dropped)},
    {"s2s_operations_total", "counter", "Operations asked of the kernel.",
     offsetof(struct s2s_engine_stats, operations)},
    {"s2s_operations_refused_total", "counter", "Operations that the kernel refused.",
     offsetof(struct s2s_engine_stats, operations_refused)},
};

static const char *const drop_names[S2S_DROP_REASONS] = {
    "none",  "malformed", "unknown_spi", "replay", "integrity", "padding", "selector_in", "selector_out", "no_route",
    "no_sa", "too_big",   "sequence",    "dummy",  "no_buffer", "loop",    "ttl",         "ecn",          "crypto"};

static void head(struct evbuffer *out, const char *name, const char *type, const char *help)
{
    evbuffer_add_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: backslash, quotation mark and line end are escaped. */
static void label(struct evbuffer *out, const char *name, const char *value)
{
    evbuffer_add_printf(out, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '\n') {
            evbuffer_add(out, "\\n", 2);
            continue;
        }
        if (*value == '"' || *value == '\\') {
            evbuffer_add(out, "\\", 1);
        }
        evbuffer_add(out, value, 1);
    }
    evbuffer_add(out, "\"", 1);
}

static void labels(struct evbuffer *out, const s2s_gateway *gateway, const s2s_connection *connection, size_t tunnel)
{
    evbuffer_add(out, "{", 1);
    label(out, "gateway", s2s_gateway_name(gateway));
    evbuffer_add(out, ",", 1);
    label(out, "connection", s2s_connection_name(connection));
    evbuffer_add_printf(out, ",tunnel=\"%zu\"} ", tunnel);
}

static double stored_value(const struct s2s_tunnel_state *state, const struct tunnel_metric *metric)
{
    const char *at = (const char *)state + metric->offset;
    uint64_t large;
    uint16_t small;
    bool flag;

    switch (metric->stored) {
    case AS_U64: memcpy(&large, at, sizeof large); return (double)large;
    case AS_U16: memcpy(&small, at, sizeof small); return small;
    default: memcpy(&flag, at, sizeof flag); return flag;
    }
}

/* AWS's TunnelState: 1 while the tunnel is up; with BGP, 1 only while the session is Established. */
static double usable(const s2s_connection *connection, size_t number, const struct s2s_tunnel_state *state)
{
    struct s2s_bgp_session_state bgp = {.struct_size = sizeof bgp};
    const s2s_bgp_session *session = s2s_tunnel_bgp_session(s2s_connection_tunnel(connection, number));

    return state->status == S2S_TUNNEL_UP &&
           (!session || s2s_bgp_session_get(session, &bgp) != 0 || bgp.state == S2S_BGP_ESTABLISHED);
}

typedef void (*tunnel_function)(struct evbuffer *out, const s2s_gateway *gateway, const s2s_connection *connection,
                                size_t number, const struct s2s_tunnel_state *state,
                                const struct tunnel_metric *metric);

static void each_tunnel(const s2s_engine *engine, struct evbuffer *out, tunnel_function print,
                        const struct tunnel_metric *metric)
{
    const s2s_gateway *gateway = NULL;

    while ((gateway = s2s_gateway_next(engine, gateway)) != NULL) {
        const s2s_connection *connection = NULL;
        while ((connection = s2s_connection_next(gateway, connection)) != NULL) {
            for (size_t i = 1; i <= s2s_connection_tunnels(connection); i++) {
                struct s2s_tunnel_state state = {.struct_size = sizeof state};
                if (s2s_tunnel_get(s2s_connection_tunnel(connection, i), &state) == 0) {
                    print(out, gateway, connection, i, &state, metric);
                }
            }
        }
    }
}

static void print_metric(struct evbuffer *out, const s2s_gateway *gateway, const s2s_connection *connection,
                         size_t number, const struct s2s_tunnel_state *state, const struct tunnel_metric *metric)
{
    evbuffer_add_printf(out, "%s", metric->name);
    labels(out, gateway, connection, number);
    evbuffer_add_printf(out, "%.17g\n", stored_value(state, metric));
}

static void print_up(struct evbuffer *out, const s2s_gateway *gateway, const s2s_connection *connection, size_t number,
                     const struct s2s_tunnel_state *state, const struct tunnel_metric *metric)
{
    (void)metric;
    evbuffer_add_printf(out, "s2s_tunnel_up");
    labels(out, gateway, connection, number);
    evbuffer_add_printf(out, "%d\n", state->status == S2S_TUNNEL_UP);
}

static void print_state(struct evbuffer *out, const s2s_gateway *gateway, const s2s_connection *connection,
                        size_t number, const struct s2s_tunnel_state *state, const struct tunnel_metric *metric)
{
    (void)metric;
    evbuffer_add_printf(out, "s2s_tunnel_state");
    labels(out, gateway, connection, number);
    evbuffer_add_printf(out, "%g\n", usable(connection, number, state));
}

/* ---- BGP sessions ---- */

static const struct session_metric {
    const char *name, *type, *help;
    size_t offset;
    bool large;
} session_metrics[] = {
    {"s2s_bgp_routes_received", "gauge", "Routes that the peer sent.",
     offsetof(struct s2s_bgp_session_state, routes_received), false},
    {"s2s_bgp_routes_accepted", "gauge", "Routes that passed the import policy (AcceptedRouteCount).",
     offsetof(struct s2s_bgp_session_state, routes_accepted), false},
    {"s2s_bgp_routes_advertised", "gauge", "Routes sent to the peer.",
     offsetof(struct s2s_bgp_session_state, routes_advertised), false},
    {"s2s_bgp_messages_in_total", "counter", "Messages received.",
     offsetof(struct s2s_bgp_session_state, messages_in), true},
    {"s2s_bgp_messages_out_total", "counter", "Messages sent.",
     offsetof(struct s2s_bgp_session_state, messages_out), true},
    {"s2s_bgp_flaps_total", "counter", "Times that an established session went down.",
     offsetof(struct s2s_bgp_session_state, flaps), true},
};

static double session_value(const struct s2s_bgp_session_state *state, const struct session_metric *metric)
{
    const char *at = (const char *)state + metric->offset;
    uint64_t large;
    uint32_t small;

    if (metric->large) {
        memcpy(&large, at, sizeof large);
        return (double)large;
    }
    memcpy(&small, at, sizeof small);
    return small;
}

static void print_session(struct evbuffer *out, const s2s_gateway *gateway, const s2s_connection *connection,
                          size_t number, const struct session_metric *metric)
{
    struct s2s_bgp_session_state state = {.struct_size = sizeof state};
    const s2s_bgp_session *session = s2s_tunnel_bgp_session(s2s_connection_tunnel(connection, number));

    if (session && s2s_bgp_session_get(session, &state) == 0) {
        evbuffer_add_printf(out, "%s", metric ? metric->name : "s2s_bgp_established");
        labels(out, gateway, connection, number);
        evbuffer_add_printf(out, "%.17g\n",
                            metric ? session_value(&state, metric) : state.state == S2S_BGP_ESTABLISHED);
    }
}

/* metric NULL: whether it is established. */
static void each_session(const s2s_engine *engine, struct evbuffer *out, const struct session_metric *metric)
{
    const s2s_gateway *gateway = NULL;

    while ((gateway = s2s_gateway_next(engine, gateway)) != NULL) {
        const s2s_connection *connection = NULL;
        while ((connection = s2s_connection_next(gateway, connection)) != NULL) {
            for (size_t i = 1; i <= s2s_connection_tunnels(connection); i++) {
                print_session(out, gateway, connection, i, metric);
            }
        }
    }
}

static void print_sessions(const s2s_engine *engine, struct evbuffer *out)
{
    head(out, "s2s_bgp_established", "gauge", "1 = the session is Established.");
    each_session(engine, out, NULL);
    for (size_t i = 0; i < COUNT(session_metrics); i++) {
        head(out, session_metrics[i].name, session_metrics[i].type, session_metrics[i].help);
        each_session(engine, out, &session_metrics[i]);
    }
}

static void print_connections(const s2s_engine *engine, struct evbuffer *out)
{
    const s2s_gateway *gateway = NULL;

    head(out, "s2s_connection_switches_total", "counter", "Changes of the active path.");
    while ((gateway = s2s_gateway_next(engine, gateway)) != NULL) {
        const s2s_connection *connection = NULL;
        while ((connection = s2s_connection_next(gateway, connection)) != NULL) {
            struct s2s_connection_state state = {.struct_size = sizeof state};
            if (s2s_connection_get(connection, &state) == 0) {
                evbuffer_add_printf(out, "s2s_connection_switches_total{");
                label(out, "gateway", s2s_gateway_name(gateway));
                evbuffer_add(out, ",", 1);
                label(out, "connection", state.name);
                evbuffer_add_printf(out, "} %llu\n", (unsigned long long)state.switches);
            }
        }
    }
}

static void print_engine(const s2s_engine *engine, struct evbuffer *out)
{
    struct s2s_engine_stats stats = {.struct_size = sizeof stats};

    s2s_engine_stats(engine, &stats);
    for (size_t i = 0; i < COUNT(engine_metrics); i++) {
        uint64_t value;
        memcpy(&value, (const char *)&stats + engine_metrics[i].offset, sizeof value);
        head(out, engine_metrics[i].name, engine_metrics[i].type, engine_metrics[i].help);
        evbuffer_add_printf(out, "%s %llu\n", engine_metrics[i].name, (unsigned long long)value);
    }
    head(out, "s2s_drops_total", "counter", "Packets dropped, by reason.");
    for (size_t i = 1; i < COUNT(drop_names); i++) {
        evbuffer_add_printf(out, "s2s_drops_total{reason=\"%s\"} %llu\n", drop_names[i],
                            (unsigned long long)stats.drops[i]);
    }
}

void metrics_print(const s2s_engine *engine, struct evbuffer *out)
{
    head(out, "s2s_tunnel_up", "gauge", "1 = IKE_SA and CHILD_SA stand.");
    each_tunnel(engine, out, print_up, NULL);
    head(out, "s2s_tunnel_state", "gauge", "AWS TunnelState: as s2s_tunnel_up, with BGP 1 only while Established.");
    each_tunnel(engine, out, print_state, NULL);
    for (size_t i = 0; i < COUNT(tunnel_metrics); i++) {
        head(out, tunnel_metrics[i].name, tunnel_metrics[i].type, tunnel_metrics[i].help);
        each_tunnel(engine, out, print_metric, &tunnel_metrics[i]);
    }
    print_sessions(engine, out);
    print_connections(engine, out);
    print_engine(engine, out);
}
