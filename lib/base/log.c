/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE = 1024 };

/* A peer's words may end up in a line: control characters must not reach a terminal or forge a line of a file. */
static void disarm(char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x20 || byte == 0x7f) {
            *text = '?';
        }
    }
}

void s2si_log(const struct s2si_log *log, enum s2s_log_level level, const char *module, const char *object,
              const char *format, ...)
{
    if (log == NULL || log->function == NULL || level > log->level) {
        return;
    }
    char text[LINE];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return;
    }
    if ((size_t)length >= sizeof text) {
        memcpy(text + sizeof text - 4, "...", 4);
    }
    disarm(text);
    const struct s2s_log_line line = {
        .struct_size = sizeof line,
        .level = level,
        .module = module == NULL ? "" : module,
        .object = object == NULL ? "" : object,
        .text = text,
    };
    log->function(log->user, &line);
}
