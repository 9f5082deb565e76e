/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file connection.h
 * An IPsec connection: a gateway, a route mode, traffic selectors and its tunnels.
 */
#ifndef S2SVPN_CONNECTION_H
#define S2SVPN_CONNECTION_H

#include <s2svpn/tunnel.h>

S2S_EXTERN_C_BEGIN

typedef struct s2s_gateway s2s_gateway;
typedef struct s2s_connection s2s_connection;

enum s2s_route_mode { S2S_ROUTE_MODE_POLICY = 0, S2S_ROUTE_MODE_DESTINATION = 1 };

struct s2s_connection_params {
    size_t struct_size;
    const char *name;              /**< required, unique in the gateway. */
    const char *customer_gateway;  /**< name; may be NULL when each tunnel names its own. */
    int route_mode;                /**< enum s2s_route_mode; unset: destination if both sides are 0.0.0.0/0 or not given. */
    const struct s2s_prefix *local_subnets, *remote_subnets; /**< local is always this gateway's side. count 0 = 0.0.0.0/0. */
    size_t local_subnet_count, remote_subnet_count;
    int effect_immediately;        /**< 0 = trap, 1 = start; a tunnel's startup_action wins. */
    int enable_bgp;
    uint32_t local_asn;            /**< 0 = the gateway's. */
    int auto_config_route;         /**< policy mode makes its policy routes itself. */
    int failover_switch_back;      /**< 0 or 1; default 1. */
    int failover_hold_down;        /**< seconds that the primary must be healthy before switch-back. */
    const struct s2s_tunnel_params *tunnels; /**< array with a stride of tunnels[0].struct_size. */
    size_t tunnel_count;
};
S2S_API void s2s_connection_params_init(struct s2s_connection_params *params, size_t struct_size);

/** Makes a connection and its tunnels. @return 0, S2S_ERR_CONFIG (all errors in the engine's list, an unknown customer
 *  gateway too), S2S_ERR_EXISTS, S2S_ERR_LIMIT, S2S_ERR_NO_MEMORY, S2S_ERR_CRYPTO (no random numbers for a PSK). */
S2S_API int s2s_connection_new(s2s_gateway *gateway, const struct s2s_connection_params *params, s2s_time now,
                               s2s_connection **connection);
/** Changes it to params with the least disturbance: what does not differ is not touched. Errors as s2s_connection_new; nothing is half-applied. */
S2S_API int s2s_connection_update(s2s_connection *connection, const struct s2s_connection_params *params, s2s_time now);
/** Takes it down politely and forgets it; the handle is invalid at once. NULL is allowed. */
S2S_API void s2s_connection_delete(s2s_connection *connection, s2s_time now);
S2S_API const char *s2s_connection_name(const s2s_connection *connection);
S2S_API size_t s2s_connection_tunnels(const s2s_connection *connection);
/** index from 1; NULL when there is none. */
S2S_API s2s_tunnel *s2s_connection_tunnel(const s2s_connection *connection, size_t index);

struct s2s_connection_state {
    size_t struct_size;
    const char *name, *status_text; /**< status in the cloud's words. */
    enum s2s_route_mode route_mode;
    uint32_t active_tunnel;         /**< index, 0 = none. */
    size_t tunnel_count, tunnels_up;
    uint64_t switches;
    s2s_time last_switch;
    int last_trigger;               /**< enum s2s_trigger. */
};
S2S_API int s2s_connection_get(const s2s_connection *connection, struct s2s_connection_state *state);

S2S_EXTERN_C_END
#endif
