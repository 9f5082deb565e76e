/* SPDX-License-Identifier: Apache-2.0 */
/* config_diff: from one configuration to the next with the smallest change. */
#ifndef S2SI_CONFIG_DIFF_H
#define S2SI_CONFIG_DIFF_H

#include "lib/config/config.h"

/* The gateway that the configuration was applied to, or NULL. */
s2s_gateway *s2si_config_gateway(const s2s_engine *engine, const struct s2s_config *config);

#endif
