/* SPDX-License-Identifier: Apache-2.0 */
/* check: reading the configuration file, and saying what is wrong with it. */
#ifndef S2S_GATEWAY_CHECK_H
#define S2S_GATEWAY_CHECK_H

#include <s2svpn/config.h>

#include "log.h"

/* Reads and checks a file. *config is set when there is something to ask for errors. @return 0 or a negative s2s_error.
 */
int check_load(const char *path, s2s_config **config);
/* Errors and warnings to the log; warnings at a level of their own. */
void check_log(const struct log *log, const char *path, const s2s_config *config, enum s2s_log_level warnings);
/* The whole of --check. @return exit status 0 or 2. */
int check_run(const char *path, bool json);

#endif
