/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics: figures of an engine as Prometheus text. One table has a row for each metric: what it is called here and by
 * the clouds, which objects have it (scope), and where the figure lies: a member of the object's state struct, or a
 * function. A scrape goes row by row, as the format wants all samples of a metric together.
 *
 * TunnelState is AWS's: 1 while the tunnel is up, with BGP 1 only while its session is Established; over a connection
 * the mean of its tunnels.
 */
#include <s2svpn/bgp_session.h>
#include <s2svpn/esp.h>
#include <s2svpn/metrics.h>
#include <s2svpn/s2svpn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gateway/objects.h"

enum { MOST_TEXT = 256 << 20 };

/* Which objects a metric is told of. */
enum scope { ENGINE, ENGINE_DROP, GATEWAY, ADDRESS, CONNECTION, TUNNEL, TUNNEL_DROP, SA, SESSION, SCOPES };

/* One object at hand, and its state. */
struct subject {
    s2s_time now;
    const s2s_gateway *gateway;
    const s2s_connection *connection;
    const s2s_tunnel *tunnel;
    size_t tunnel_number;
    bool inbound;
    int reason;
    char address[S2S_ADDR_TEXT];
    bool present;
    struct s2s_engine_stats engine;
    struct s2s_gateway_state gateway_state;
    struct s2s_connection_state connection_state;
    struct s2s_tunnel_state tunnel_state;
    struct s2s_esp_sa_stats sa;
    struct s2s_bgp_session_state session;
};

enum stored { U64, U32, U16, SIZE, BOOL, CALL };

struct metric {
    const char *name, *type;
    enum scope scope;
    enum stored stored;
    size_t offset;                                             /* in struct subject */
    bool (*value)(const struct subject *subject, double *out); /* CALL: false = this object has no such figure */
    const char *help, *aws, *alibaba;
};

/* ---- figures that are worked out ---- */

static bool value_info(const struct subject *subject, double *out)
{
    (void)subject;
    *out = 1;
    return true;
}

static bool value_tunnel_up(const struct subject *subject, double *out)
{
    *out = subject->tunnel_state.status == S2S_TUNNEL_UP;
    return true;
}

static double usable(const s2s_tunnel *tunnel, enum s2s_tunnel_status status)
{
    struct s2s_bgp_session_state bgp = {.struct_size = sizeof(bgp)};
    const s2s_bgp_session *session = s2s_tunnel_bgp_session(tunnel);

    return status == S2S_TUNNEL_UP &&
           (!session || s2s_bgp_session_get(session, &bgp) != 0 || bgp.state == S2S_BGP_ESTABLISHED);
}

static bool value_tunnel_state(const struct subject *subject, double *out)
{
    *out = usable(subject->tunnel, subject->tunnel_state.status);
    return true;
}

static bool value_tunnel_status(const struct subject *subject, double *out)
{
    *out = (int)subject->tunnel_state.status;
    return true;
}

static bool value_connection_state(const struct subject *subject, double *out)
{
    size_t count = s2s_connection_tunnels(subject->connection);
    double sum = 0;

    for (size_t i = 1; i <= count; i++) {
        const s2s_tunnel *tunnel = s2s_connection_tunnel(subject->connection, i);
        sum += usable(tunnel, tunnel->status);
    }
    *out = count ? sum / (double)count : 0;
    return count > 0;
}

/* Seconds from one time of the engine's clock to another; none when either never was. */
static bool seconds(s2s_time from, s2s_time to, double *out)
{
    *out = to >= from ? (double)(to - from) / (double)S2S_SECOND : 0;
    return from && to && from != S2S_TIME_NEVER && to != S2S_TIME_NEVER;
}

static bool value_status_age(const struct subject *subject, double *out)
{
    return seconds(subject->tunnel_state.last_change, subject->now, out);
}

static bool value_seen_age(const struct subject *subject, double *out)
{
    return seconds(subject->tunnel_state.last_seen, subject->now, out);
}

static bool value_ike_age(const struct subject *subject, double *out)
{
    return seconds(subject->tunnel_state.established_at, subject->now, out);
}

static bool value_ike_rekey(const struct subject *subject, double *out)
{
    return seconds(subject->now, subject->tunnel_state.rekey_ike_at, out);
}

static bool value_ipsec_rekey(const struct subject *subject, double *out)
{
    return seconds(subject->now, subject->tunnel_state.rekey_ipsec_at, out);
}

static bool value_probe(const struct subject *subject, double *out)
{
    *out = subject->tunnel_state.probe_ok;
    return subject->tunnel_state.probe_running;
}

static bool value_tunnel_drops(const struct subject *subject, double *out)
{
    *out = (double)s2s_tunnel_drops(subject->tunnel, subject->reason);
    return true;
}

static bool value_engine_drops(const struct subject *subject, double *out)
{
    *out = (double)subject->engine.drops[subject->reason];
    return true;
}

static bool value_established(const struct subject *subject, double *out)
{
    *out = subject->session.state == S2S_BGP_ESTABLISHED;
    return true;
}

static bool value_session_age(const struct subject *subject, double *out)
{
    return seconds(subject->session.since, subject->now, out);
}

/* ---- the table ---- */

#define OF(part, member, stored) stored, offsetof(struct subject, part.member), NULL
#define BY(function) CALL, 0, function

static const struct metric metrics[] = {
    {"s2s_build_info", "gauge", ENGINE, BY(value_info), "1; the label tells the library's version.", "", ""},
    /* tunnels */
    {"s2s_tunnel_up", "gauge", TUNNEL, BY(value_tunnel_up), "1 = IKE_SA and CHILD_SA stand.", "",
     "tunnel negotiation status"},
    {"s2s_tunnel_state", "gauge", TUNNEL, BY(value_tunnel_state),
     "1 = up, and with BGP its session is Established.", "TunnelState; VgwTelemetry.Status", ""},
    {"s2s_tunnel_status", "gauge", TUNNEL, BY(value_tunnel_status),
     "0 disabled, 1 down, 2 connecting, 3 IKE_SA without CHILD_SA, 4 up, 5 being taken down.", "", "Status"},
    {"s2s_tunnel_status_age_seconds", "gauge", TUNNEL, BY(value_status_age), "Time since the status changed.",
     "VgwTelemetry.LastStatusChange", ""},
    {"s2s_tunnel_active", "gauge", TUNNEL, OF(tunnel_state, active, BOOL), "1 = carries outbound traffic.", "", ""},
    {"s2s_tunnel_receive_bytes_total", "counter", TUNNEL, OF(tunnel_state, bytes_in, U64),
     "Inner bytes received, over rekeys.", "TunnelDataIn", "net_rx.rate (its rate, in bits)"},
    {"s2s_tunnel_transmit_bytes_total", "counter", TUNNEL, OF(tunnel_state, bytes_out, U64),
     "Inner bytes sent, over rekeys.", "TunnelDataOut", "net_tx.rate (its rate, in bits)"},
    {"s2s_tunnel_receive_packets_total", "counter", TUNNEL, OF(tunnel_state, packets_in, U64),
     "Inner packets received.", "", ""},
    {"s2s_tunnel_transmit_packets_total", "counter", TUNNEL, OF(tunnel_state, packets_out, U64),
     "Inner packets sent.", "", ""},
    {"s2s_tunnel_receive_drops_total", "counter", TUNNEL, OF(tunnel_state, drops_in, U64),
     "Received packets that were dropped.", "", ""},
    {"s2s_tunnel_transmit_drops_total", "counter", TUNNEL, OF(tunnel_state, drops_out, U64),
     "Packets to be sent that were dropped.", "", ""},
    {"s2s_tunnel_drops_total", "counter", TUNNEL_DROP, BY(value_tunnel_drops),
     "Dropped packets of a tunnel by reason; a reason is told once it happened.", "", ""},
    {"s2s_tunnel_mtu_bytes", "gauge", TUNNEL, OF(tunnel_state, mtu, U16), "Largest inner packet; 0 before the first SA.",
     "", ""},
    {"s2s_tunnel_probe_ok", "gauge", TUNNEL, BY(value_probe), "1 = the probe is answered; only while one runs.", "",
     "health check"},
    {"s2s_tunnel_seen_age_seconds", "gauge", TUNNEL, BY(value_seen_age),
     "Time since anything authentic came from the peer.", "", ""},
    /* IKE_SA and CHILD_SA */
    {"s2s_ike_sa_age_seconds", "gauge", TUNNEL, BY(value_ike_age), "Age of the IKE_SA.", "", ""},
    {"s2s_ike_sa_rekey_seconds", "gauge", TUNNEL, BY(value_ike_rekey), "Time until this end rekeys the IKE_SA.", "", ""},
    {"s2s_ike_sa_rekeys_total", "counter", TUNNEL, OF(tunnel_state, ike_rekeys, U64), "Rekeys of the IKE_SA.", "", ""},
    {"s2s_ike_attempts_total", "counter", TUNNEL, OF(tunnel_state, attempts, U64),
     "Negotiations begun by this end.", "", ""},
    {"s2s_ike_retransmits_total", "counter", TUNNEL, OF(tunnel_state, retransmits, U64),
     "IKE requests sent again for want of an answer.", "", ""},
    {"s2s_child_sa_rekey_seconds", "gauge", TUNNEL, BY(value_ipsec_rekey), "Time until this end rekeys the CHILD_SA.",
     "", ""},
    {"s2s_child_sa_rekeys_total", "counter", TUNNEL, OF(tunnel_state, ipsec_rekeys, U64), "Rekeys of the CHILD_SA.", "",
     ""},
    {"s2s_child_sa_bytes_total", "counter", SA, OF(sa, bytes, U64),
     "Inner bytes of the newest SA; starts anew with each rekey.", "", ""},
    {"s2s_child_sa_packets_total", "counter", SA, OF(sa, packets, U64),
     "Packets of the newest SA; starts anew with each rekey.", "", ""},
    {"s2s_child_sa_sequence", "gauge", SA, OF(sa, sequence, U64), "ESP sequence number last used or highest seen.", "",
     ""},
    /* BGP */
    {"s2s_bgp_established", "gauge", SESSION, BY(value_established), "1 = the session is Established.", "",
     "BGP status"},
    {"s2s_bgp_state_age_seconds", "gauge", SESSION, BY(value_session_age), "Time since the session's state changed.", "",
     ""},
    {"s2s_bgp_routes_received", "gauge", SESSION, OF(session, routes_received, U32), "Routes that the peer sent.", "",
     ""},
    {"s2s_bgp_routes_accepted", "gauge", SESSION, OF(session, routes_accepted, U32),
     "Routes that passed the import policy.", "VgwTelemetry.AcceptedRouteCount", ""},
    {"s2s_bgp_routes_advertised", "gauge", SESSION, OF(session, routes_advertised, U32), "Routes sent to the peer.", "",
     ""},
    {"s2s_bgp_max_prefixes", "gauge", SESSION, OF(session, max_prefix, U32), "Routes that the peer may send.", "", ""},
    {"s2s_bgp_receive_messages_total", "counter", SESSION, OF(session, messages_in, U64), "Messages received.", "", ""},
    {"s2s_bgp_transmit_messages_total", "counter", SESSION, OF(session, messages_out, U64), "Messages sent.", "", ""},
    {"s2s_bgp_receive_updates_total", "counter", SESSION, OF(session, updates_in, U64), "UPDATEs received.", "", ""},
    {"s2s_bgp_transmit_updates_total", "counter", SESSION, OF(session, updates_out, U64), "UPDATEs sent.", "", ""},
    {"s2s_bgp_flaps_total", "counter", SESSION, OF(session, flaps, U64), "Times that an established session went down.",
     "", ""},
    /* connections, gateways */
    {"s2s_connection_state", "gauge", CONNECTION, BY(value_connection_state),
     "Mean of s2s_tunnel_state over the connection's tunnels.", "TunnelState by VpnId", ""},
    {"s2s_connection_tunnels_up", "gauge", CONNECTION, OF(connection_state, tunnels_up, SIZE), "Tunnels that are up.", "",
     ""},
    {"s2s_connection_active_tunnel", "gauge", CONNECTION, OF(connection_state, active_tunnel, U32),
     "Number of the tunnel that carries outbound traffic; 0 = none of this connection.", "", ""},
    {"s2s_connection_switches_total", "counter", CONNECTION, OF(connection_state, switches, U64),
     "Changes of the active path.", "", ""},
    {"s2s_gateway_routes", "gauge", GATEWAY, OF(gateway_state, route_count, SIZE),
     "Routes of the gateway, learned ones included.", "", ""},
    {"s2s_gateway_address_present", "gauge", ADDRESS, BOOL, offsetof(struct subject, present), NULL,
     "1 = the public address is bound and there.", "", ""},
    /* engine */
    {"s2s_drops_total", "counter", ENGINE_DROP, BY(value_engine_drops),
     "Dropped packets by reason, those without a tunnel included.", "", ""},
    {"s2s_ike_receive_messages_total", "counter", ENGINE, OF(engine, ike_received, U64), "IKE messages received.", "", ""},
    {"s2s_ike_transmit_messages_total", "counter", ENGINE, OF(engine, ike_sent, U64), "IKE messages sent.", "", ""},
    {"s2s_ike_malformed_total", "counter", ENGINE, OF(engine, ike_malformed, U64),
     "IKE messages that break their format.", "", ""},
    {"s2s_ike_bad_integrity_total", "counter", ENGINE, OF(engine, ike_bad_integrity, U64),
     "IKE messages that did not verify.", "", ""},
    {"s2s_ike_cookies_sent_total", "counter", ENGINE, OF(engine, cookies_sent, U64), "Cookies asked for.", "", ""},
    {"s2s_ike_half_open", "gauge", ENGINE, OF(engine, half_open, U64), "IKE_SAs that are not authenticated yet.", "",
     ""},
    {"s2s_events_dropped_total", "counter", ENGINE, OF(engine, events_dropped, U64),
     "Events that nobody fetched in time.", "", ""},
    {"s2s_kernel_operations_total", "counter", ENGINE, OF(engine, operations, U64), "Operations asked of the kernel.",
     "", ""},
    {"s2s_kernel_operations_refused_total", "counter", ENGINE, OF(engine, operations_refused, U64),
     "Operations that the kernel refused.", "", ""},
    {"s2s_heap_bytes", "gauge", ENGINE, OF(engine, heap_bytes, U64), "Memory that the engine has in use.", "", ""},
    {"s2s_heap_peak_bytes", "gauge", ENGINE, OF(engine, heap_peak, U64), "The most it ever had.", "", ""},
    {"s2s_allocations_total", "counter", ENGINE, OF(engine, allocations, U64), "Allocations since start.", "", ""},
};

/* ---- samples ---- */

static double stored_value(const struct subject *subject, const struct metric *metric)
{
    const char *at = (const char *)subject + metric->offset;
    uint64_t u64;
    uint32_t u32;
    uint16_t u16;
    size_t size;
    bool flag;

    switch (metric->stored) {
    case U64: memcpy(&u64, at, sizeof(u64)); return (double)u64;
    case U32: memcpy(&u32, at, sizeof(u32)); return u32;
    case U16: memcpy(&u16, at, sizeof(u16)); return u16;
    case SIZE: memcpy(&size, at, sizeof(size)); return (double)size;
    default: memcpy(&flag, at, sizeof(flag)); return flag;
    }
}

/* ,name="value" with backslash, quotation mark and line end escaped. */
static void label(struct s2si_buffer *out, const char *name, const char *value)
{
    s2si_buffer_printf(out, "%s%s=\"", out->length && out->data[out->length - 1] == '{' ? "" : ",", name);
    for (; *value; value++) {
        if (*value == '\n') {
            s2si_buffer_append(out, "\\n", 2);
            continue;
        }
        if (*value == '"' || *value == '\\') {
            s2si_buffer_append(out, "\\", 1);
        }
        s2si_buffer_append(out, value, 1);
    }
    s2si_buffer_append(out, "\"", 1);
}

static void labels(struct s2si_buffer *out, const struct subject *subject, enum scope scope)
{
    char number[24];

    if (scope >= GATEWAY) {
        label(out, "gateway", s2s_gateway_name(subject->gateway));
    }
    if (scope == ADDRESS) {
        label(out, "address", subject->address);
    }
    if (scope >= CONNECTION) {
        label(out, "connection", s2s_connection_name(subject->connection));
    }
    if (scope >= TUNNEL) {
        snprintf(number, sizeof(number), "%zu", subject->tunnel_number);
        label(out, "tunnel", number);
    }
    if (scope == SA) {
        label(out, "direction", subject->inbound ? "in" : "out");
    }
    if (scope == TUNNEL_DROP || scope == ENGINE_DROP) {
        label(out, "reason", s2s_drop_reason_name(subject->reason));
    }
}

static void sample(struct s2si_buffer *out, const struct metric *metric, const struct subject *subject)
{
    double value = 0;

    if (metric->stored != CALL) {
        value = stored_value(subject, metric);
    } else if (!metric->value(subject, &value)) {
        return;
    }
    s2si_buffer_printf(out, "%s", metric->name);
    if (metric->scope != ENGINE || metric->value == value_info) {
        s2si_buffer_append(out, "{", 1);
        if (metric->value == value_info) {
            label(out, "version", s2s_version()->text);
        }
        labels(out, subject, metric->scope);
        s2si_buffer_append(out, "}", 1);
    }
    s2si_buffer_printf(out, " %.17g\n", value);
}

/* ---- walking the objects of a scope ---- */

static void walk_reasons(struct s2si_buffer *out, const struct metric *metric, struct subject *subject)
{
    for (subject->reason = S2S_DROP_NONE + 1; subject->reason < S2S_DROP_REASONS; subject->reason++) {
        if (metric->scope == ENGINE_DROP || s2s_tunnel_drops(subject->tunnel, subject->reason)) {
            sample(out, metric, subject);
        }
    }
}

static void walk_sas(struct s2si_buffer *out, const struct metric *metric, struct subject *subject)
{
    for (int inbound = 1; inbound >= 0; inbound--) {
        subject->inbound = inbound;
        subject->sa.struct_size = sizeof(subject->sa);
        if (s2s_tunnel_sa(subject->tunnel, subject->inbound, &subject->sa) == 0) {
            sample(out, metric, subject);
        }
    }
}

static void walk_tunnel(struct s2si_buffer *out, const struct metric *metric, struct subject *subject)
{
    const s2s_bgp_session *session;

    switch (metric->scope) {
    case TUNNEL:
        subject->tunnel_state.struct_size = sizeof(subject->tunnel_state);
        if (s2s_tunnel_get(subject->tunnel, &subject->tunnel_state) == 0) {
            sample(out, metric, subject);
        }
        break;
    case TUNNEL_DROP: walk_reasons(out, metric, subject); break;
    case SA: walk_sas(out, metric, subject); break;
    default:
        session = s2s_tunnel_bgp_session(subject->tunnel);
        subject->session.struct_size = sizeof(subject->session);
        if (session && s2s_bgp_session_get(session, &subject->session) == 0) {
            sample(out, metric, subject);
        }
        break;
    }
}

static void walk_connections(struct s2si_buffer *out, const struct metric *metric, struct subject *subject)
{
    subject->connection = NULL;
    while ((subject->connection = s2s_connection_next(subject->gateway, subject->connection)) != NULL) {
        size_t count = s2s_connection_tunnels(subject->connection);
        subject->connection_state.struct_size = sizeof(subject->connection_state);
        if (metric->scope == CONNECTION && s2s_connection_get(subject->connection, &subject->connection_state) == 0) {
            sample(out, metric, subject);
        }
        for (size_t i = 1; metric->scope > CONNECTION && i <= count; i++) {
            subject->tunnel_number = i;
            subject->tunnel = s2s_connection_tunnel(subject->connection, i);
            walk_tunnel(out, metric, subject);
        }
    }
}

static void walk_addresses(struct s2si_buffer *out, const struct metric *metric, struct subject *subject)
{
    struct s2s_addr address;

    for (size_t i = 0; s2s_gateway_address(subject->gateway, i, &address, &subject->present) == 0; i++) {
        s2s_addr_format(&address, subject->address);
        sample(out, metric, subject);
    }
}

static void walk(struct s2si_buffer *out, const struct metric *metric, const s2s_engine *engine,
                 struct subject *subject)
{
    if (metric->scope == ENGINE) {
        sample(out, metric, subject);
    } else if (metric->scope == ENGINE_DROP) {
        walk_reasons(out, metric, subject);
    }
    subject->gateway = NULL;
    while (metric->scope >= GATEWAY && (subject->gateway = s2s_gateway_next(engine, subject->gateway)) != NULL) {
        subject->gateway_state.struct_size = sizeof(subject->gateway_state);
        if (metric->scope == GATEWAY && s2s_gateway_get(subject->gateway, &subject->gateway_state) == 0) {
            sample(out, metric, subject);
        } else if (metric->scope == ADDRESS) {
            walk_addresses(out, metric, subject);
        } else if (metric->scope > ADDRESS) {
            walk_connections(out, metric, subject);
        }
    }
}

/* ---- the calls ---- */

/* The buffer's text for a caller who frees it with s2s_json_free. */
static int given_away(struct s2si_buffer *buffer, char **text)
{
    s2si_buffer_append(buffer, "", 1);
    *text = buffer->failed ? NULL : malloc(buffer->length);
    if (*text) {
        memcpy(*text, buffer->data, buffer->length);
    }
    s2si_buffer_clear(buffer);
    return *text ? 0 : S2S_ERR_NO_MEMORY;
}

int s2s_metrics_text(const s2s_engine *engine, char **text)
{
    struct subject subject = {.engine = {.struct_size = sizeof(subject.engine)}};
    struct s2si_buffer out;
    struct s2si_mem mem;

    if (!engine || !text) {
        return S2S_ERR_INVALID;
    }
    if (s2si_mem_init(&mem, NULL)) {
        return S2S_ERR_NO_MEMORY;
    }
    s2si_buffer_init(&out, &mem, MOST_TEXT);
    subject.now = engine->now;
    s2s_engine_stats(engine, &subject.engine);
    for (size_t i = 0; i < S2SI_COUNT(metrics) && !out.failed; i++) {
        s2si_buffer_printf(&out, "# HELP %s %s\n# TYPE %s %s\n", metrics[i].name, metrics[i].help, metrics[i].name,
                           metrics[i].type);
        if (!out.failed) {
            walk(&out, &metrics[i], engine, &subject);
        }
    }
    return given_away(&out, text);
}

int s2s_metric_info(size_t index, struct s2s_metric *out)
{
    static const char *const scopes[SCOPES] = {
        [ENGINE] = "",
        [ENGINE_DROP] = "reason",
        [GATEWAY] = "gateway",
        [ADDRESS] = "gateway, address",
        [CONNECTION] = "gateway, connection",
        [TUNNEL] = "gateway, connection, tunnel",
        [TUNNEL_DROP] = "gateway, connection, tunnel, reason",
        [SA] = "gateway, connection, tunnel, direction",
        [SESSION] = "gateway, connection, tunnel",
    };
    struct s2s_metric full;

    if (!out || out->struct_size < sizeof(size_t)) {
        return S2S_ERR_INVALID;
    }
    if (index >= S2SI_COUNT(metrics)) {
        return S2S_ERR_NOT_FOUND;
    }
    full = (struct s2s_metric){out->struct_size,
                               metrics[index].name,
                               metrics[index].type,
                               metrics[index].value == value_info ? "version" : scopes[metrics[index].scope],
                               metrics[index].help,
                               metrics[index].aws,
                               metrics[index].alibaba};
    memcpy(out, &full, out->struct_size < sizeof(full) ? out->struct_size : sizeof(full));
    return 0;
}

int s2s_metrics_markdown(char **text)
{
    struct s2s_metric metric = {.struct_size = sizeof(metric)};
    struct s2si_buffer out;
    struct s2si_mem mem;

    if (!text) {
        return S2S_ERR_INVALID;
    }
    if (s2si_mem_init(&mem, NULL)) {
        return S2S_ERR_NO_MEMORY;
    }
    s2si_buffer_init(&out, &mem, MOST_TEXT);
    s2si_buffer_printf(&out, "| metric | type | labels | meaning | AWS | Alibaba Cloud |\n"
                             "| --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; s2s_metric_info(i, &metric) == 0; i++) {
        s2si_buffer_printf(&out, "| `%s` | %s | %s | %s | %s | %s |\n", metric.name, metric.type, metric.labels,
                           metric.help, metric.aws, metric.alibaba);
    }
    return given_away(&out, text);
}
