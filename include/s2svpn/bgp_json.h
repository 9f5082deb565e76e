/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file bgp_json.h
 * A gateway's BGP sessions and routes as JSON, as `s2s bgp` shows them. Texts are free'd with s2s_json_free() (config.h).
 */
#ifndef S2SVPN_BGP_JSON_H
#define S2SVPN_BGP_JSON_H

#include <s2svpn/bgp_session.h>

S2S_EXTERN_C_BEGIN

/** The index-th session (from 0) that name means: "connection/2" (a tunnel's), "connection" (those of all its tunnels), the
 *  peer's inside address; NULL or "" = all sessions. NULL behind the last. */
S2S_API s2s_bgp_session *s2s_bgp_session_named(const s2s_gateway *gateway, const char *name, size_t index);

/** {"gateway", "neighbors": [..]}: for each session that name means its state, counters, what was negotiated, the last
 *  error. @return 0, S2S_ERR_INVALID, S2S_ERR_NOT_FOUND (no such session), S2S_ERR_NO_MEMORY. */
S2S_API int s2s_bgp_neighbors_json(const s2s_gateway *gateway, const char *name, char **text);

/** Which routes are meant. */
struct s2s_bgp_route_query {
    size_t struct_size;
    const char *neighbor;               /**< as s2s_bgp_session_named takes it, its first; NULL = the gateway's best routes. */
    enum s2s_bgp_route_table table;     /**< with a neighbor. */
    const struct s2s_prefix *within;    /**< only this prefix and longer ones inside it; NULL = all. */
    uint64_t cursor;                    /**< "next" of the answer before; 0 = from the start. */
    size_t most;                        /**< routes in one answer, 1 to 1000; 0 = 1000. */
};
/** {"table", "neighbor", "routes": [..], "next"}: one page; without "next" it is the last. A page may be short, or empty,
 *  and yet have a "next": a call looks at a bounded number of routes.
 *  @return 0, S2S_ERR_INVALID, S2S_ERR_NOT_FOUND (no such session), S2S_ERR_NO_MEMORY. */
S2S_API int s2s_bgp_routes_json(const s2s_gateway *gateway, const struct s2s_bgp_route_query *query, char **text);

/** {"prefix", "text", "candidates": [..], "advertised": [..]}: why the best route of a prefix is the best. what is a prefix
 *  ("10.0.0.0/16"), or an address, which means the longest prefix that holds it.
 *  @return 0, S2S_ERR_INVALID (neither), S2S_ERR_NOT_FOUND (no route), S2S_ERR_NO_MEMORY. */
S2S_API int s2s_bgp_why_json(const s2s_gateway *gateway, const char *what, char **text);

S2S_EXTERN_C_END
#endif
