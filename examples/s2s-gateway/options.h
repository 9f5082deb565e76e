/* SPDX-License-Identifier: Apache-2.0 */
/* options: the command line. */
#ifndef S2S_GATEWAY_OPTIONS_H
#define S2S_GATEWAY_OPTIONS_H

#include <s2svpn/types.h>

struct options {
    const char *config, *control, *key_log;
    bool check, json;
    enum s2s_log_level level;
};

/* @return 0 (go on), 1 (asked for help or version, answered), -1 (wrong, said on stderr). */
int options_read(int argc, char **argv, struct options *options);
/* Level by name, or -1. */
int options_level(const char *name);

#endif
