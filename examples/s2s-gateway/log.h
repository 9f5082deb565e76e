/* SPDX-License-Identifier: Apache-2.0 */
/* log: lines on standard error, as text or as JSON, one a line. */
#ifndef S2S_GATEWAY_LOG_H
#define S2S_GATEWAY_LOG_H

#include <s2svpn/event.h>

struct log {
    bool json;
    enum s2s_log_level level;
};

/* An s2s_log_function; user is a struct log. */
void log_line(void *user, const struct s2s_log_line *line);
/* A line of the program itself. */
void log_say(const struct log *log, enum s2s_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* An event with its members, where lines are JSON (json is its text); as text the engine's own line tells the same. */
void log_event(const struct log *log, const struct s2s_event *event, const char *json);

#endif
