/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const levels[] = {"error", "warning", "notice", "info", "debug"};

/* RFC 3339 with milliseconds, UTC. */
static char *now_text(char out[32])
{
    struct timespec now;
    struct tm parts;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t used = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(out + used, 32 - used, ".%03ldZ", now.tv_nsec / 1000000);
    return out;
}

/* A JSON string (RFC 8259 section 7). */
static void put_json(FILE *file, const char *text)
{
    putc('"', file);
    for (; *text; text++) {
        unsigned char letter = (unsigned char)*text;
        if (letter == '"' || letter == '\\') {
            putc('\\', file);
            putc(letter, file);
        } else if (letter < 0x20) {
            fprintf(file, "\\u%04x", letter);
        } else {
            putc(letter, file);
        }
    }
    putc('"', file);
}

static void put_member(FILE *file, const char *name, const char *text)
{
    fprintf(file, ",\"%s\":", name);
    put_json(file, text);
}

/* One line, whatever its text holds. */
static void put_text(FILE *file, const char *text)
{
    for (; *text; text++) {
        putc((unsigned char)*text < 0x20 ? ' ' : *text, file);
    }
}

static void put(const struct log *log, enum s2s_log_level level, const char *module, const char *object,
                const char *text)
{
    char time[32];

    if (level > log->level) {
        return;
    }
    flockfile(stderr);
    if (log->json) {
        fprintf(stderr, "{\"time\":\"%s\",\"level\":\"%s\"", now_text(time), levels[level]);
        put_member(stderr, "module", module);
        put_member(stderr, "object", object);
        put_member(stderr, "text", text);
        fputs("}\n", stderr);
    } else {
        fprintf(stderr, "%s %-7s %s%s%s: ", now_text(time), levels[level], module, object[0] ? " " : "", object);
        put_text(stderr, text);
        putc('\n', stderr);
    }
    funlockfile(stderr);
}

void log_line(void *user, const struct s2s_log_line *line)
{
    put(user, line->level, line->module, line->object, line->text);
}

void log_say(const struct log *log, enum s2s_log_level level, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(log, level, "daemon", "", text);
}

void log_event(const struct log *log, const struct s2s_event *event, const char *json)
{
    char time[32];

    if (event->severity <= log->level && log->json) {
        fprintf(stderr, "{\"time\":\"%s\",\"level\":\"%s\",\"module\":\"event\",\"event\":%s}\n", now_text(time),
                levels[event->severity], json);
    }
}
