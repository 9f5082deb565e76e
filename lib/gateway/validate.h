/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validate: everything that is wrong with an object, at once, before anything is changed: fields against the profile's
 * rows (and, in the third seat, the far end's), then the rules across fields, then what the library itself cannot do.
 * The engine's list then names field (JSON path), value and rule.
 */
#ifndef S2SI_GATEWAY_VALIDATE_H
#define S2SI_GATEWAY_VALIDATE_H

#include "lib/gateway/objects.h"

/* A connection as it would be: everything effective. */
struct s2si_draft_tunnel {
    struct s2s_tunnel_params given;     /* borrowed pointers */
    struct s2s_tunnel_params effective; /* owned */
    s2s_customer_gateway *customer_gateway;
    bool made_psk, has_effective;
};
struct s2si_draft {
    s2s_gateway *gateway;
    s2s_connection *self;                   /* being updated, or NULL */
    struct s2s_connection_params given;     /* borrowed pointers */
    struct s2s_connection_params effective; /* owned */
    bool has_effective;
    s2s_customer_gateway *customer_gateway;
    struct s2si_draft_tunnel *tunnels;
    size_t tunnel_count;
    size_t position; /* index for the JSON path */
};

/* Reads params and computes what would hold. @return 0, S2S_ERR_INVALID, S2S_ERR_CONFIG (customer gateway unknown; in
 * the error list), S2S_ERR_NO_MEMORY, S2S_ERR_CRYPTO. */
int s2si_draft_make(s2s_gateway *gateway, s2s_connection *self, const struct s2s_connection_params *params,
                    struct s2si_draft *draft);
void s2si_draft_free(struct s2si_draft *draft);
/* @return 0 or S2S_ERR_CONFIG. */
int s2si_validate_connection(const struct s2si_draft *draft);
int s2si_validate_gateway(s2s_engine *engine, const s2s_gateway *self, const struct s2s_gateway_params *effective);
int s2si_validate_customer_gateway(s2s_gateway *gateway, const s2s_customer_gateway *self,
                                   const struct s2s_customer_gateway_params *params);
int s2si_validate_route(s2s_gateway *gateway, const struct s2s_route_params *effective);
/* 0, S2S_ERR_CONFIG or S2S_ERR_NO_MEMORY by what the engine's list holds; sets the engine's detail. */
int s2si_validate_result(s2s_engine *engine);

#endif
