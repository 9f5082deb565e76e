/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/gateway/objects.h"

#define FIRST_CAPACITY 16

void s2si_events_init(struct s2si_events *events, struct s2si_mem *mem, size_t most)
{
    memset(events, 0, sizeof(*events));
    events->mem = mem;
    events->most = most ? most : 1;
    events->next_number = 1;
}

static void clear_slot(struct s2si_events *events, struct s2si_event_slot *slot)
{
    if (slot->block) {
        s2si_free(events->mem, slot->block, slot->block_size);
    }
    memset(slot, 0, sizeof(*slot));
}

void s2si_events_free(struct s2si_events *events)
{
    for (size_t i = 0; i < events->count; i++) {
        clear_slot(events, &events->slots[(events->first + i) % events->capacity]);
    }
    clear_slot(events, &events->held);
    if (events->slots) {
        s2si_free(events->mem, events->slots, events->capacity * sizeof(*events->slots));
    }
    events->slots = NULL;
    events->count = events->capacity = 0;
}

static bool grow(struct s2si_events *events)
{
    size_t wanted = events->capacity ? events->capacity * 2 : FIRST_CAPACITY;

    if (wanted > events->most) {
        wanted = events->most;
    }
    if (wanted <= events->capacity) {
        return false;
    }
    struct s2si_event_slot *slots = s2si_alloc_array(events->mem, wanted, sizeof(*slots));
    if (!slots) {
        return false;
    }
    for (size_t i = 0; i < events->count; i++) {
        slots[i] = events->slots[(events->first + i) % events->capacity];
    }
    if (events->slots) {
        s2si_free(events->mem, events->slots, events->capacity * sizeof(*slots));
    }
    events->slots = slots;
    events->capacity = wanted;
    events->first = 0;
    return true;
}

/* Every string member, so that one block can hold them all. */
static const size_t string_members[] = {
    offsetof(struct s2s_event, gateway),
    offsetof(struct s2s_event, connection),
    offsetof(struct s2s_event, from_connection),
    offsetof(struct s2s_event, to_connection),
    offsetof(struct s2s_event, text),
};

static const char *member_text(const struct s2s_event *event, size_t member)
{
    const char *text;
    memcpy(&text, (const char *)event + member, sizeof(text));
    return text ? text : "";
}

static bool copy_strings(struct s2si_events *events, struct s2si_event_slot *slot)
{
    size_t size = 0;

    for (size_t i = 0; i < S2SI_COUNT(string_members); i++) {
        size += strlen(member_text(&slot->event, string_members[i])) + 1;
    }
    slot->block = s2si_alloc(events->mem, size);
    if (!slot->block) {
        return false;
    }
    slot->block_size = size;
    char *at = slot->block;
    for (size_t i = 0; i < S2SI_COUNT(string_members); i++) {
        const char *text = member_text(&slot->event, string_members[i]);
        size_t length = strlen(text) + 1;
        memcpy(at, text, length);
        memcpy((char *)&slot->event + string_members[i], &at, sizeof(at));
        at += length;
    }
    return true;
}

static void drop_oldest(struct s2si_events *events)
{
    clear_slot(events, &events->slots[events->first]);
    events->first = (events->first + 1) % events->capacity;
    events->count--;
    events->dropped++;
}

void s2si_events_add(struct s2si_events *events, const struct s2s_event *event)
{
    struct s2si_event_slot slot = { *event, NULL, 0 };

    slot.event.struct_size = sizeof(slot.event);
    slot.event.number = events->next_number++;
    if (!copy_strings(events, &slot)) {
        events->dropped++;
        return;
    }
    if (events->count == events->capacity && !grow(events)) {
        if (events->capacity == 0) {
            clear_slot(events, &slot);
            events->dropped++;
            return;
        }
        drop_oldest(events);
    }
    events->slots[(events->first + events->count++) % events->capacity] = slot;
}

bool s2si_events_next(struct s2si_events *events, struct s2s_event *out)
{
    size_t size = out->struct_size;

    clear_slot(events, &events->held);
    if (events->count == 0) {
        return false;
    }
    events->held = events->slots[events->first];
    memset(&events->slots[events->first], 0, sizeof(events->held));
    events->first = (events->first + 1) % events->capacity;
    events->count--;
    memcpy(out, &events->held.event, size < sizeof(*out) ? size : sizeof(*out));
    out->struct_size = size;
    return true;
}

/* ---- events about objects ---- */

static void emit(s2s_engine *engine, struct s2s_event *event, enum s2s_event_type type, enum s2s_log_level severity,
                 const char *format, va_list arguments)
{
    char text[400];

    vsnprintf(text, sizeof(text), format, arguments);
    event->type = type;
    event->severity = severity;
    event->at = engine->now;
    event->text = text;
    s2si_log(&engine->log, severity, "gateway", event->connection ? event->connection : event->gateway, "%s", text);
    s2si_events_add(engine->events, event);
}

void s2si_event_gateway(s2s_gateway *gateway, enum s2s_event_type type, enum s2s_log_level severity,
                        const struct s2s_event *extra, const char *format, ...)
{
    struct s2s_event event = extra ? *extra : (struct s2s_event){ 0 };
    va_list arguments;

    event.gateway = gateway->params.name;
    va_start(arguments, format);
    emit(gateway->engine, &event, type, severity, format, arguments);
    va_end(arguments);
}

void s2si_event_tunnel(s2s_tunnel *tunnel, enum s2s_event_type type, enum s2s_log_level severity,
                       const struct s2s_event *extra, const char *format, ...)
{
    struct s2s_event event = extra ? *extra : (struct s2s_event){ 0 };
    va_list arguments;

    event.gateway = tunnel->gateway->params.name;
    event.connection = tunnel->connection->params.name;
    event.tunnel = tunnel->index;
    va_start(arguments, format);
    emit(tunnel->engine, &event, type, severity, format, arguments);
    va_end(arguments);
}

char *s2si_tunnel_label(const s2s_tunnel *tunnel, char *out, size_t size)
{
    snprintf(out, size, "%s/%u", tunnel->connection->params.name, tunnel->index);
    return out;
}
