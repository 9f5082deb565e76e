/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_CAPACITY = 8, RULE = 512 };

void s2si_errors_init(struct s2si_errors *errors, struct s2si_mem *mem)
{
    *errors = (struct s2si_errors){.mem = mem};
}

static void free_entry(struct s2si_mem *mem, struct s2si_error_entry *entry)
{
    s2si_free_text(mem, entry->path);
    s2si_free_text(mem, entry->value);
    s2si_free_text(mem, entry->rule);
}

void s2si_errors_clear(struct s2si_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        free_entry(errors->mem, &errors->entries[i]);
    }
    s2si_free(errors->mem, errors->entries, errors->capacity * sizeof *errors->entries);
    s2si_errors_init(errors, errors->mem);
}

/* Appends text to the path; a path that grows too long is cut, never written past its end. */
static void extend(struct s2si_errors *errors, const char *text)
{
    size_t room = sizeof errors->path - 1 - errors->path_length;
    size_t length = strlen(text);
    if (length > room) {
        length = room;
    }
    memcpy(errors->path + errors->path_length, text, length);
    errors->path_length += length;
    errors->path[errors->path_length] = '\0';
}

static void extend_member(struct s2si_errors *errors, const char *member)
{
    if (errors->path_length > 0) {
        extend(errors, ".");
    }
    extend(errors, member);
}

size_t s2si_errors_push(struct s2si_errors *errors, const char *member, int index)
{
    size_t mark = errors->path_length;
    if (member != NULL) {
        extend_member(errors, member);
    }
    if (index >= 0) {
        char subscript[16];
        snprintf(subscript, sizeof subscript, "[%d]", index);
        extend(errors, subscript);
    }
    return mark;
}

void s2si_errors_pop(struct s2si_errors *errors, size_t mark)
{
    if (mark <= errors->path_length) {
        errors->path_length = mark;
        errors->path[mark] = '\0';
    }
}

static bool make_room(struct s2si_errors *errors)
{
    if (errors->count < errors->capacity) {
        return true;
    }
    size_t capacity = errors->capacity == 0 ? FIRST_CAPACITY : errors->capacity * 2;
    struct s2si_error_entry *entries =
        s2si_resize(errors->mem, errors->entries, errors->capacity * sizeof *entries, capacity * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    errors->entries = entries;
    errors->capacity = capacity;
    return true;
}

static bool fill(struct s2si_errors *errors, struct s2si_error_entry *entry, const char *field, const char *value,
                 const char *rule)
{
    size_t mark = errors->path_length;
    if (field != NULL) {
        extend_member(errors, field);
    }
    entry->path = s2si_text_copy(errors->mem, errors->path);
    s2si_errors_pop(errors, mark);
    entry->value = s2si_text_copy(errors->mem, value);
    entry->rule = s2si_text_copy(errors->mem, rule);
    return entry->path != NULL && entry->rule != NULL && (value == NULL || entry->value != NULL);
}

/* An error that finds no memory still counts: the configuration must not pass as good. */
static void add(struct s2si_errors *errors, bool warning, const char *field, const char *value, const char *format,
                va_list arguments)
{
    char rule[RULE];
    struct s2si_error_entry entry = {.warning = warning};
    errors->error_count += warning ? 0 : 1;
    if (vsnprintf(rule, sizeof rule, format, arguments) < 0) {
        rule[0] = '\0';
    }
    if (!fill(errors, &entry, field, value, rule) || !make_room(errors)) {
        free_entry(errors->mem, &entry);
        errors->out_of_memory = true;
        return;
    }
    errors->entries[errors->count++] = entry;
}

void s2si_errors_add(struct s2si_errors *errors, const char *field, const char *value, const char *rule_format, ...)
{
    va_list arguments;
    va_start(arguments, rule_format);
    add(errors, false, field, value, rule_format, arguments);
    va_end(arguments);
}

void s2si_errors_warn(struct s2si_errors *errors, const char *field, const char *value, const char *rule_format, ...)
{
    va_list arguments;
    va_start(arguments, rule_format);
    add(errors, true, field, value, rule_format, arguments);
    va_end(arguments);
}

void s2si_errors_code(struct s2si_errors *errors, const char *code)
{
    if (errors->count > 0) {
        errors->entries[errors->count - 1].code = code;
    }
}
