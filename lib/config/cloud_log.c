/* SPDX-License-Identifier: Apache-2.0 */
/* cloud_log: an engine's event, in the words of the cloud that a reader knows. Tables first, then the records. */
#include <s2svpn/cloud_log.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/json_out.h"

/* The first row that fits; 0 fits any reason. */
static const struct detail {
    enum s2s_event_type type;
    int reason;
    const char *text;
} details[] = {
    {S2S_EVENT_PEER_DEAD, 0, "AWS tunnel DPD timed out"},
    {S2S_EVENT_AUTHENTICATION_FAILED, S2S_REASON_AUTH_FAILED, "AWS tunnel detected a pre-shared key mismatch with cgw"},
    {S2S_EVENT_AUTHENTICATION_FAILED, S2S_REASON_ID_MISMATCH, "AWS tunnel is sending AUTHENTICATION_FAILED"},
    {S2S_EVENT_NEGOTIATION_FAILED, S2S_REASON_NO_PROPOSAL, "No Proposal Match Found by AWS"},
    {S2S_EVENT_NEGOTIATION_FAILED, S2S_REASON_TS_UNACCEPTABLE, "TS_UNACCEPTABLE: received from responder"},
    {S2S_EVENT_NEGOTIATION_FAILED, S2S_REASON_TIMEOUT, "AWS tunnel Timeout: deleting un-established Phase 1 IKE_SA"},
    {S2S_EVENT_DELETE_RECEIVED, 0, "AWS tunnel received DELETE for IKE_SA from CGW"},
};

const char *s2s_aws_log_detail(const struct s2s_event *event)
{
    if (!event) {
        return "";
    }
    if (event->type == S2S_EVENT_DELETE_RECEIVED && (event->spi_in || event->spi_out)) {
        return "AWS tunnel received DELETE for Phase 2 SA from CGW";
    }
    for (size_t i = 0; i < S2SI_COUNT(details); i++) {
        if (details[i].type == event->type && (!details[i].reason || details[i].reason == (int)event->reason)) {
            return details[i].text;
        }
    }
    return event->text ? event->text : "";
}

/* Days since 1970-01-01 to a date, proleptic Gregorian. */
static void date_of(int64_t seconds, char *out, size_t size)
{
    int64_t days = seconds / 86400, rest = seconds % 86400;
    int year = 1970, month = 0;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    for (;; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (days < (leap ? 366 : 365)) {
            break;
        }
        days -= leap ? 366 : 365;
    }
    for (; month < 11; month++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        int length = lengths[month] + (month == 1 && leap ? 1 : 0);
        if (days < length) {
            break;
        }
        days -= length;
    }
    snprintf(out, size, "%04d-%02d-%02d %02d:%02d:%02d", year, month + 1, (int)days + 1, (int)(rest / 3600),
             (int)(rest / 60 % 60), (int)(rest % 60));
}

static const char *phase1(int status)
{
    return status == S2S_TUNNEL_UP || status == S2S_TUNNEL_IKE_UP ? "Established"
           : status == S2S_TUNNEL_CONNECTING                      ? "Negotiating"
                                                                  : "Down";
}

static const char *phase2(const struct s2s_event *event, int status)
{
    return event->type == S2S_EVENT_IPSEC_REKEYED ? "Rekeying"
           : status == S2S_TUNNEL_UP              ? "Established"
           : status == S2S_TUNNEL_IKE_UP          ? "Negotiating"
                                                  : "Down";
}

#define FIELDS 8

static int as_text(const char *const fields[FIELDS][2], char **text)
{
    char line[1024] = "";
    size_t used = 0;

    for (size_t i = 0; i < FIELDS && used < sizeof(line); i++) {
        used += (size_t)snprintf(line + used, sizeof(line) - used, "%s%s", i ? " " : "", fields[i][1]);
    }
    *text = malloc(strlen(line) + 1);
    if (!*text) {
        return S2S_ERR_NO_MEMORY;
    }
    memcpy(*text, line, strlen(line) + 1);
    return 0;
}

int s2s_aws_activity_log(const struct s2s_event *event, const s2s_tunnel *tunnel, int64_t utc_seconds, bool json,
                         char **text)
{
    struct s2s_tunnel_state state = {.struct_size = sizeof(state)};
    struct s2s_tunnel_params params = {.struct_size = sizeof(params)};
    char outside[S2S_ADDR_TEXT], created[24];
    struct s2si_json_out out = {false};

    if (!event || !tunnel || !text || utc_seconds < 0 || s2s_tunnel_get(tunnel, &state) != 0 ||
        s2s_tunnel_effective(tunnel, &params) != 0) {
        return S2S_ERR_INVALID;
    }
    snprintf(created, sizeof(created), "%lld", (long long)utc_seconds);
    const char *const fields[FIELDS][2] = {
        {"VpnLogCreationTimestamp", created},
        {"VpnConnectionId", event->connection ? event->connection : ""},
        {"TunnelOutsideIPAddress", s2s_addr_format(&state.local.addr, outside)},
        {"TunnelDPDEnabled", params.dpd_enable ? "true" : "false"},
        {"TunnelCGWNATTDetectionStatus", state.nat_remote ? "true" : "false"},
        {"TunnelIKEPhase1State", phase1((int)state.status)},
        {"TunnelIKEPhase2State", phase2(event, (int)state.status)},
        {"VpnLogDetail", s2s_aws_log_detail(event)},
    };
    if (!json) {
        return as_text(fields, text);
    }
    cJSON *root = s2si_out_object(&out, NULL, NULL);
    for (size_t i = 0; i < FIELDS; i++) {
        s2si_out_text(&out, root, fields[i][0], fields[i][1]);
    }
    return s2si_out_print(&out, root, text);
}

/* ---- Alibaba ---- */

int s2s_alibaba_log_line(const struct s2s_event *event, int64_t utc_seconds, char *out, size_t size)
{
    char at[64];

    if (!event || !out || utc_seconds < 0) {
        return S2S_ERR_INVALID;
    }
    date_of(utc_seconds, at, sizeof(at));
    int used =
        snprintf(out, size, "%s %s - [%s]: %s", at, event->connection ? event->connection : "",
                 event->severity <= S2S_LOG_WARNING ? "PROTO_ERR" : "PROTO_NOTIFY", event->text ? event->text : "");
    return used < 0 || (size_t)used >= size ? S2S_ERR_BUFFER : 0;
}

const char *s2s_alibaba_event_name(const struct s2s_event *event)
{
    switch (event ? (int)event->type : 0) {
    case S2S_EVENT_IKE_ESTABLISHED:
        return "vpn:CloudMonitor:IpsecPhase1NegoSuccess";
    case S2S_EVENT_IPSEC_ESTABLISHED:
        return "vpn:CloudMonitor:IpsecPhase2NegoSuccess";
    case S2S_EVENT_AUTHENTICATION_FAILED:
        return "vpn:CloudMonitor:IpsecPhase1NegoFailed";
    case S2S_EVENT_NEGOTIATION_FAILED:
        return event->reason == S2S_REASON_TS_UNACCEPTABLE ? "vpn:CloudMonitor:IpsecPhase2NegoFailed"
                                                           : "vpn:CloudMonitor:IpsecPhase1NegoFailed";
    case S2S_EVENT_PROBE_UP:
        return "vpn:CloudMonitor:IpsecHealthCheckSuccess";
    case S2S_EVENT_PROBE_DOWN:
        return "vpn:CloudMonitor:IpsecHealthCheckFailed";
    default:
        return NULL;
    }
}
