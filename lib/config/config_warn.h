/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_warn: what is allowed but should be known. One table holds each warning's name for programs and its words;
 * config_warn.c looks at the gateway, its routes and keys, config_warn_tunnel.c at one tunnel after the other.
 */
#ifndef S2SI_CONFIG_WARN_H
#define S2SI_CONFIG_WARN_H

#include "lib/config/config.h"

enum s2si_warning {
    S2SI_WARN_EXTENSION = 0,
    S2SI_WARN_WEAK_ALGORITHM,
    S2SI_WARN_NO_PFS,
    S2SI_WARN_NOBODY_STARTS,
    S2SI_WARN_BOTH_ON_DEMAND,
    S2SI_WARN_SHORT_LIFETIME,
    S2SI_WARN_DPD_OFF,
    S2SI_WARN_SHORT_PSK,
    S2SI_WARN_GUESSABLE_PSK,
    S2SI_WARN_SHARED_PSK,
    S2SI_WARN_SINGLE_TUNNEL,
    S2SI_WARN_MTU_DIFFERS,
    S2SI_WARN_NO_PROPAGATION,
    S2SI_WARN_BGP_NOT_PROPAGATED,
    S2SI_WARN_NOT_PUBLISHED,
    S2SI_WARN_BGP_WITHOUT_POLICY,
    S2SI_WARNINGS
};

struct s2si_warning_row {
    const char *code, *rule;
};
const struct s2si_warning_row *s2si_warning_row(enum s2si_warning warning);

/* Adds warnings to config->errors; gateway holds the objects of the model (those that were not refused). */
void s2si_config_warn(struct s2s_config *config, const s2s_gateway *gateway);
/* Those about the tunnels. */
void s2si_config_warn_tunnels(struct s2s_config *config, const s2s_gateway *gateway);
/* One warning at prefix.member ("" = prefix itself); value may be NULL and is never a secret. */
void s2si_warn(struct s2s_config *config, enum s2si_warning warning, const char *prefix, const char *member,
               const char *value);

#endif
