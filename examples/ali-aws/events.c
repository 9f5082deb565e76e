/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"

#include <stdlib.h>
#include <string.h>

void events_add(struct events *events, enum side side, double at, const char *line)
{
    cJSON *json = cJSON_Parse(line);
    if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(json, "type"))) {
        cJSON_Delete(json);
        return;
    }
    if (events->count == events->capacity) {
        size_t capacity = events->capacity ? events->capacity * 2 : 64;
        struct event_entry *entries = realloc(events->entries, capacity * sizeof *entries);
        if (!entries) {
            cJSON_Delete(json);
            return;
        }
        events->entries = entries;
        events->capacity = capacity;
    }
    events->entries[events->count++] = (struct event_entry){side, at, json};
}

const char *event_text(const struct event_entry *entry, const char *member)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry->json, member));
    return text ? text : "";
}

static bool text_matches(const cJSON *object, const char *member, const char *wanted)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, member));
    return !wanted || (text && strcmp(text, wanted) == 0);
}

static bool matches(const struct event_entry *entry, const struct event_query *query)
{
    const cJSON *to = cJSON_GetObjectItemCaseSensitive(entry->json, "to"), *where = to ? to : entry->json;
    const cJSON *tunnel = cJSON_GetObjectItemCaseSensitive(where, "tunnel");
    return entry->side == query->side && entry->at >= query->since && text_matches(entry->json, "type", query->type) &&
           text_matches(entry->json, "trigger", query->trigger) &&
           text_matches(where, "connection", query->connection) &&
           (!query->tunnel || (cJSON_IsNumber(tunnel) && (unsigned)tunnel->valuedouble == query->tunnel));
}

const struct event_entry *events_find(const struct events *events, const struct event_query *query)
{
    for (size_t i = 0; i < events->count; i++)
        if (matches(&events->entries[i], query))
            return &events->entries[i];
    return NULL;
}

void events_free(struct events *events)
{
    for (size_t i = 0; i < events->count; i++)
        cJSON_Delete(events->entries[i].json);
    free(events->entries);
    *events = (struct events){NULL, 0, 0};
}
