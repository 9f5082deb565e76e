/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file bgp_session.h
 * A tunnel's BGP speaker as a person or a program sees it: state, counters, and the routes it learned and sent.
 */
#ifndef S2SVPN_BGP_SESSION_H
#define S2SVPN_BGP_SESSION_H

#include <s2svpn/gateway.h>

S2S_EXTERN_C_BEGIN

typedef struct s2s_bgp_session s2s_bgp_session;

/** RFC 4271 section 8.2.2. */
enum s2s_bgp_state {
    S2S_BGP_DISABLED = 0, S2S_BGP_IDLE, S2S_BGP_CONNECT, S2S_BGP_ACTIVE, S2S_BGP_OPEN_SENT, S2S_BGP_OPEN_CONFIRM,
    S2S_BGP_ESTABLISHED
};
/** "Idle", "Established", ...; static storage. */
S2S_API const char *s2s_bgp_state_name(int state);

/** The session of a tunnel, or NULL when the tunnel has none. Belongs to the tunnel. */
S2S_API s2s_bgp_session *s2s_tunnel_bgp_session(const s2s_tunnel *tunnel);

struct s2s_bgp_session_state {
    size_t struct_size;
    enum s2s_bgp_state state;
    const char *status_text;      /**< in the cloud's words: alibaba "success" | "false". */
    uint32_t local_asn, peer_asn;
    struct s2s_addr local_ip, peer_ip, peer_router_id;
    uint16_t hold_time, keepalive; /**< negotiated, seconds. */
    uint32_t routes_received, routes_accepted, routes_advertised; /**< AcceptedRouteCount is routes_accepted. */
    uint32_t max_prefix;
    uint64_t messages_in, messages_out, updates_in, updates_out, flaps;
    bool graceful_restart, stale, four_octet, route_refresh;
    uint8_t last_code, last_subcode; /**< of the last NOTIFICATION. */
    bool last_by_peer;
    const char *last_error;          /**< one sentence, or "". */
    s2s_time since;
};
/** @return 0 or S2S_ERR_INVALID. */
S2S_API int s2s_bgp_session_get(const s2s_bgp_session *session, struct s2s_bgp_session_state *state);
/** Ends the session with Cease / administrative reset and starts it again. @return 0 or S2S_ERR_STATE. */
S2S_API int s2s_bgp_session_reset(s2s_bgp_session *session, s2s_time now);
/** Asks the peer for its routes again (RFC 2918). @return 0, S2S_ERR_STATE, S2S_ERR_UNSUPPORTED (peer cannot). */
S2S_API int s2s_bgp_session_refresh(s2s_bgp_session *session, s2s_time now);

/** Announces all routes to the peer again, as if it had asked for them. @return 0 or S2S_ERR_STATE. */
S2S_API int s2s_bgp_session_resend(s2s_bgp_session *session, s2s_time now);

enum s2s_bgp_route_table { S2S_BGP_RECEIVED = 0, S2S_BGP_ADVERTISED = 1, S2S_BGP_BEST = 2 };
/** A route with its attributes. Pointers are borrowed until the next call into the engine. */
struct s2s_bgp_route_state {
    size_t struct_size;
    struct s2s_prefix prefix;
    struct s2s_addr next_hop;
    uint8_t origin;               /**< 0 IGP, 1 EGP, 2 incomplete. */
    const char *as_path;          /**< "64512 65000 {1 2}". */
    bool has_med, has_local_pref;
    uint32_t med, local_pref;
    const char *communities, *large_communities;
    bool accepted, best, stale;
    const char *why;              /**< which step of the decision made it best or not, or which rule refused it. */
};
/** Iterates over a session's routes: start with *cursor = 0. @return 0, or S2S_ERR_NOT_FOUND at the end. The cursor stays
 *  valid while routes change; a route may then be seen twice or missed. */
S2S_API int s2s_bgp_route_next(const s2s_bgp_session *session, enum s2s_bgp_route_table table, uint64_t *cursor,
                               struct s2s_bgp_route_state *route);
/** One route by its prefix. With S2S_BGP_BEST the best route of the whole gateway, whose session it may not be.
 *  @return 0, S2S_ERR_NOT_FOUND, S2S_ERR_INVALID. */
S2S_API int s2s_bgp_route_find(const s2s_bgp_session *session, enum s2s_bgp_route_table table,
                               const struct s2s_prefix *prefix, struct s2s_bgp_route_state *route);
/** Why the best route of a prefix is the best, one line a candidate, the best first; then one line a session: whether
 *  the route is announced there, and if not, why. Borrowed until the next call into the engine. @return 0 or S2S_ERR_NOT_FOUND. */
S2S_API int s2s_gateway_bgp_why(const s2s_gateway *gateway, const struct s2s_prefix *prefix, const char **text);

S2S_EXTERN_C_END
#endif
