/* SPDX-License-Identifier: Apache-2.0 */
/* tunnels: commands about tunnels. words[0] is the command; -1 = the words do not fit it. */
#ifndef S2S_TUNNELS_H
#define S2S_TUNNELS_H

#include "request.h"

int tunnels_status(const struct options *options, char **words);
int tunnels_sa(const struct options *options, char **words);
int tunnels_routes(const struct options *options, char **words);
/* up, down, enable, disable, restart, rekey: by words[0]. */
int tunnels_change(const struct options *options, char **words);
int tunnels_set(const struct options *options, char **words);

#endif
