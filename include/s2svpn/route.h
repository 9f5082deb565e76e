/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file route.h
 * Routes of a gateway and the route tables of the VPC behind it. Policy routes match first (source and destination,
 * ascending priority, then creation order), then the longest prefix over destination, static and BGP routes.
 */
#ifndef S2SVPN_ROUTE_H
#define S2SVPN_ROUTE_H

#include <s2svpn/gateway.h>

S2S_EXTERN_C_BEGIN

typedef struct s2s_route s2s_route;

enum s2s_route_type { S2S_ROUTE_POLICY = 0, S2S_ROUTE_DESTINATION = 1, S2S_ROUTE_STATIC = 2, S2S_ROUTE_BGP = 3 };

struct s2s_route_params {
    size_t struct_size;
    const char *name;        /**< optional. */
    int type;                /**< enum s2s_route_type, BGP not allowed here. */
    struct s2s_prefix source; /**< policy only. */
    struct s2s_prefix destination;
    const char *connection;  /**< name of the next hop. */
    int priority;            /**< policy: 1..100, default 10, smaller first. */
    int weight;              /**< 0 or 100; ignored with two tunnels. */
    int publish;             /**< install on the VPC side; unset = the profile's default. */
};
S2S_API void s2s_route_params_init(struct s2s_route_params *params, size_t struct_size);
/** Makes a route, or changes the one that has the same type, source, destination and connection (an automatic one too:
 *  then *route is that one). @return 0, S2S_ERR_CONFIG, S2S_ERR_NOT_FOUND (connection), S2S_ERR_LIMIT, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_route_new(s2s_gateway *gateway, const struct s2s_route_params *params, s2s_time now, s2s_route **route);
/** Publishes or withdraws. @return 0 or S2S_ERR_STATE (BGP routes follow auto_propagate). */
S2S_API int s2s_route_publish(s2s_route *route, bool publish, s2s_time now);
/** @return 0 or S2S_ERR_STATE (automatic routes go with their connection). NULL is allowed. */
S2S_API int s2s_route_delete(s2s_route *route, s2s_time now);
S2S_API s2s_route *s2s_route_next(const s2s_gateway *gateway, const s2s_route *after);

struct s2s_route_state {
    size_t struct_size;
    const char *name, *connection, *state_text; /**< alibaba: "published" | "normal"; aws: "active" | "blackhole"; ... */
    enum s2s_route_type type;
    struct s2s_prefix source, destination;
    int priority, weight;
    bool automatic, published, installed, live; /**< live: its group has a path. */
    uint32_t group;
};
S2S_API int s2s_route_get(const s2s_route *route, struct s2s_route_state *state);

/** Which way a packet from source to destination would take, and why; text is borrowed until the next call.
 *  @return 0 or S2S_ERR_NOT_FOUND (text says what is missing: no route, not published, no propagation, no live path). */
S2S_API int s2s_gateway_explain(const s2s_gateway *gateway, const struct s2s_addr *source, const struct s2s_addr *destination,
                                const char **text);

S2S_EXTERN_C_END
#endif
