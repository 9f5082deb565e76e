/* SPDX-License-Identifier: Apache-2.0 */
/* Events and error lists as JSON. Of an event only the members that belong to its type are printed. */
#include <s2svpn/bgp_session.h>

#include "lib/config/json_out.h"

static const char *severity_name(enum s2s_log_level level)
{
    static const char *const names[] = { "error", "warning", "notice", "info", "debug" };

    return (size_t)level < S2SI_COUNT(names) ? names[level] : "unknown";
}

static void put_switch(struct s2si_json_out *out, cJSON *root, const struct s2s_event *event)
{
    static const char *const keys[] = { "from", "to" };
    const char *connections[] = { event->from_connection, event->to_connection };
    uint32_t tunnels[] = { event->from_tunnel, event->to_tunnel };

    for (size_t i = 0; i < 2; i++) {
        cJSON *end = s2si_out_object(out, root, keys[i]);
        s2si_out_text(out, end, "connection", connections[i]);
        s2si_out_number(out, end, "tunnel", tunnels[i]);
    }
    s2si_out_number(out, root, "duration_ms", (double)event->duration_ns / 1e6);
}

static void put_rest(struct s2si_json_out *out, cJSON *root, const struct s2s_event *event)
{
    char text[S2S_ADDR_TEXT];

    if (event->type == S2S_EVENT_TUNNEL_STATUS) {
        s2si_out_text(out, root, "status_old", s2s_tunnel_status_name(event->status_old));
        s2si_out_text(out, root, "status", s2s_tunnel_status_name(event->status));
    }
    if (event->type == S2S_EVENT_PATH_SWITCHED) {
        put_switch(out, root, event);
    }
    if (event->type == S2S_EVENT_BGP_STATE) {
        s2si_out_text(out, root, "bgp_state_old", s2s_bgp_state_name(event->bgp_state_old));
        s2si_out_text(out, root, "bgp_state", s2s_bgp_state_name(event->bgp_state));
    }
    if (event->reason != S2S_REASON_NONE) {
        s2si_out_text(out, root, "reason", s2s_reason_name((int)event->reason));
    }
    if (event->trigger != S2S_TRIGGER_NONE) {
        s2si_out_text(out, root, "trigger", s2s_trigger_name((int)event->trigger));
    }
    if (event->notify) {
        s2si_out_number(out, root, "notify", event->notify);
    }
    if (event->by_peer) {
        s2si_out_bool(out, root, "by_peer", true);
    }
    if (event->prefix.addr.family) {
        s2si_out_text(out, root, "prefix", s2s_prefix_format(&event->prefix, text));
    }
    if (event->type == S2S_EVENT_BGP_NOTIFICATION) {
        s2si_out_number(out, root, "code", event->code);
        s2si_out_number(out, root, "subcode", event->subcode);
    }
}

int s2s_event_json(const struct s2s_event *event, char **text)
{
    struct s2si_json_out out = { false };
    struct s2s_event full = { 0 };
    cJSON *root;

    if (!event || !text || event->struct_size < sizeof(full)) {
        return S2S_ERR_INVALID;
    }
    full = *event;
    root = s2si_out_object(&out, NULL, NULL);
    s2si_out_text(&out, root, "type", s2s_event_name((int)full.type));
    s2si_out_text(&out, root, "severity", severity_name(full.severity));
    s2si_out_number(&out, root, "at", (double)(full.at / S2S_MILLISECOND) / 1000.0);
    s2si_out_number(&out, root, "number", (double)full.number);
    s2si_out_text(&out, root, "gateway", full.gateway);
    if (full.connection && full.connection[0]) {
        s2si_out_text(&out, root, "connection", full.connection);
    }
    if (full.tunnel) {
        s2si_out_number(&out, root, "tunnel", full.tunnel);
    }
    put_rest(&out, root, &full);
    s2si_out_text(&out, root, "text", full.text);
    return s2si_out_print(&out, root, text);
}

int s2s_config_errors_json(const s2s_config *config, char **text)
{
    struct s2si_json_out out = { false };
    cJSON *root, *lists[2];

    if (!config || !text) {
        return S2S_ERR_INVALID;
    }
    root = s2si_out_object(&out, NULL, NULL);
    lists[0] = s2si_out_list(&out, root, "errors");
    lists[1] = s2si_out_list(&out, root, "warnings");
    for (size_t i = 0; i < config->errors.count && !out.failed; i++) {
        const struct s2si_error_entry *error = &config->errors.entries[i];
        cJSON *entry = s2si_out_object(&out, lists[error->warning ? 1 : 0], NULL);
        if (error->code) {
            s2si_out_text(&out, entry, "code", error->code);
        }
        s2si_out_text(&out, entry, "path", error->path);
        if (error->value) {
            s2si_out_text(&out, entry, "value", error->value);
        }
        s2si_out_text(&out, entry, "rule", error->rule);
    }
    return s2si_out_print(&out, root, text);
}
