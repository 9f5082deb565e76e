/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effective: what holds after defaults. Given params plus the profile's defaults (a generic gateway toward a cloud:
 * that cloud's device side) plus what is computed: route mode, startup action, rekey margin, a PSK that the cloud would
 * make.
 */
#ifndef S2SI_GATEWAY_EFFECTIVE_H
#define S2SI_GATEWAY_EFFECTIVE_H

#include "lib/gateway/objects.h"

/* Each fills out (owned by the caller, to be freed with s2si_params_free) from params that were read. @return 0,
 * S2S_ERR_NO_MEMORY, S2S_ERR_CRYPTO. */
int s2si_effective_gateway(struct s2si_mem *mem, const struct s2s_gateway_params *given,
                           struct s2s_gateway_params *out);
int s2si_effective_connection(struct s2si_mem *mem, const struct s2s_gateway_params *gateway,
                              const struct s2s_profile *far, const struct s2s_connection_params *given,
                              struct s2s_connection_params *out);
struct s2si_effective_input {
    const struct s2s_gateway_params *gateway;       /* effective */
    const struct s2s_profile *far;                  /* NULL = generic */
    const struct s2s_connection_params *connection; /* as given: effect_immediately */
    const struct s2s_connection_params *connection_effective;
    const struct s2s_tunnel_params *before; /* earlier effective params, or NULL */
    bool made_psk;                          /* the PSK in before was made here: it stays */
};
int s2si_effective_tunnel(s2s_engine *engine, const struct s2si_effective_input *input,
                          const struct s2s_tunnel_params *given, struct s2s_tunnel_params *out, bool *made_psk);
/* Adds the PRFs that a proposal with or without AEAD offers: those given, else the hash of each integrity; AEAD has none
   to go by: sha256, sha384, sha512. What is in the list already is not added again. */
void s2si_effective_prf(const struct s2s_tunnel_params *params, bool aead, struct s2s_algorithm_list *out);
int s2si_effective_route(struct s2si_mem *mem, const s2s_gateway *gateway, const struct s2s_route_params *given,
                         struct s2s_route_params *out);

#endif
