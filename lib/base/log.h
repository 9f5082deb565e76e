/* SPDX-License-Identifier: Apache-2.0 */
/* log: makes a finished line and hands it to the caller's function. No format specifier of our own; no secrets. */
#ifndef S2SI_LOG_H
#define S2SI_LOG_H

#include <s2svpn/types.h>

struct s2si_log {
    s2s_log_function function; /* NULL = silent */
    void *user;
    enum s2s_log_level level; /* lines above it are not even formatted */
};

void s2si_log(const struct s2si_log *log, enum s2s_log_level level, const char *module, const char *object,
              const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
