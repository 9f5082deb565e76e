/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

static const char *const step_names[STEPS] = {
    "Alibaba Cloud: create a VPN gateway",
    "AWS: deploy the VPN",
    "Alibaba Cloud: deploy the VPN gateway",
    "Test connectivity and high availability",
};

void report_init(struct report *report, const char *net, const char *routing)
{
    memset(report, 0, sizeof *report);
    report->net = net;
    report->routing = routing;
    report->cleartext_packets = -1;
    for (int i = 0; i < STEPS; i++)
        report->steps[i].name = step_names[i];
}

bool report_held(const struct report *report)
{
    for (int i = 0; i < STEPS; i++)
        if (!report->steps[i].ok)
            return false;
    for (int i = 0; i < PHASES; i++)
        if (!report->phases[i].ok)
            return false;
    return report->sent > 0 && report->received == report->sent && report->phases[PLANNED_FAILOVER].figures.lost == 0 &&
           report->phases[SWITCH_BACK].figures.lost == 0 && report->cleartext_packets == 0;
}

/* Milliseconds to the microsecond, without a binary fraction's tail. */
static cJSON *milliseconds(double value)
{
    return cJSON_CreateNumber(round(value * 1000) / 1000);
}

static void add_phase(cJSON *parent, const char *name, const struct phase_result *phase)
{
    if (!phase->done) {
        cJSON_AddNullToObject(parent, name);
        return;
    }
    cJSON *object = cJSON_AddObjectToObject(parent, name);
    cJSON_AddNumberToObject(object, "sent", phase->figures.sent);
    cJSON_AddNumberToObject(object, "lost", phase->figures.lost);
    cJSON_AddItemToObject(object, "gap_ms", milliseconds(phase->figures.gap_ms));
    cJSON_AddStringToObject(object, "trigger", phase->trigger);
}

static void add_steps(cJSON *root, const struct report *report)
{
    cJSON *steps = cJSON_AddArrayToObject(root, "steps");
    for (int i = 0; i < STEPS; i++) {
        const struct step_result *step = &report->steps[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddNumberToObject(object, "n", i + 1);
        cJSON_AddStringToObject(object, "name", step->name);
        cJSON_AddBoolToObject(object, "ok", step->ok);
        cJSON_AddItemToObject(object, "ms", milliseconds(step->ms));
        cJSON_AddItemToArray(steps, object);
    }
}

static void add_bytes(cJSON *parent, const char *name, const struct byte_counts *counts)
{
    cJSON *object = cJSON_AddObjectToObject(parent, name);
    cJSON_AddNumberToObject(object, "bytes_in", counts->in);
    cJSON_AddNumberToObject(object, "bytes_out", counts->out);
}

static void add_tunnels(cJSON *root, const struct report *report)
{
    cJSON *tunnels = cJSON_AddArrayToObject(root, "tunnels");
    for (unsigned i = 0; i < report->tunnel_count; i++) {
        const struct tunnel_result *tunnel = &report->tunnels[i];
        cJSON *object = cJSON_CreateObject(), *phases;
        cJSON_AddStringToObject(object, "cloud", places[tunnel->side].key);
        cJSON_AddStringToObject(object, "connection", tunnel->connection);
        cJSON_AddNumberToObject(object, "index", tunnel->index);
        cJSON_AddStringToObject(object, "status", tunnel->status);
        phases = cJSON_AddObjectToObject(object, "phases");
        add_bytes(phases, "before", &tunnel->before);
        add_bytes(phases, "during", &tunnel->during);
        add_bytes(phases, "after", &tunnel->after);
        cJSON_AddItemToArray(tunnels, object);
    }
}

static cJSON *to_json(const struct report *report)
{
    const struct phase_result *phases = report->phases;
    cJSON *root = cJSON_CreateObject(), *object;
    cJSON_AddStringToObject(root, "net", report->net);
    cJSON_AddStringToObject(root, "routing", report->routing);
    add_steps(root, report);
    object = cJSON_AddObjectToObject(root, "connectivity");
    cJSON_AddNumberToObject(object, "sent", report->sent);
    cJSON_AddNumberToObject(object, "received", report->received);
    add_phase(root, "planned_failover", &phases[PLANNED_FAILOVER]);
    object = cJSON_AddObjectToObject(root, "silent_failover");
    add_phase(object, "both", &phases[SILENT_BOTH]);
    add_phase(object, "both_peer_unprobed", &phases[SILENT_BOTH_PEER_UNPROBED]);
    add_phase(object, "outbound", &phases[SILENT_OUTBOUND]);
    add_phase(object, "return", &phases[SILENT_RETURN]);
    add_phase(root, "switch_back", &phases[SWITCH_BACK]);
    add_tunnels(root, report);
    if (report->cleartext_packets >= 0)
        cJSON_AddNumberToObject(root, "cleartext_packets", (double)report->cleartext_packets);
    else
        cJSON_AddNullToObject(root, "cleartext_packets");
    return root;
}

int report_write(const struct report *report, const char *path)
{
    cJSON *root = to_json(report);
    char *text = cJSON_Print(root);
    FILE *file = text ? fopen(path, "w") : NULL;
    int result = -1;
    if (file) {
        int written = fprintf(file, "%s\n", text);
        result = fclose(file) == 0 && written > 0 ? 0 : -1;
    }
    cJSON_free(text);
    cJSON_Delete(root);
    return result;
}
