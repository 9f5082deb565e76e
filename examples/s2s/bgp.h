/* SPDX-License-Identifier: Apache-2.0 */
/* bgp: `s2s bgp ...`. */
#ifndef S2S_BGP_COMMANDS_H
#define S2S_BGP_COMMANDS_H

#include <stdbool.h>

/* words[0] is "bgp". @return the exit status, or -1: the words are no command (problem says why). */
int bgp_command(const char *control, bool json, char **words, const char **problem);

#endif
