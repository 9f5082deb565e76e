/* SPDX-License-Identifier: Apache-2.0 */
/* config_warn: what is allowed but should be known: keys that the profile's cloud does not have, weak algorithms,
   tunnels that nobody starts, routes that nobody publishes. */
#ifndef S2SI_CONFIG_WARN_H
#define S2SI_CONFIG_WARN_H

#include "lib/config/config.h"

/* Adds warnings to config->errors; gateway holds the objects of the model (those that were not refused). */
void s2si_config_warn(struct s2s_config *config, const s2s_gateway *gateway);

#endif
