/* SPDX-License-Identifier: Apache-2.0 */
/* bgp_session: a tunnel's BGP speaker as a person or a program sees it. A build without BGP answers "unsupported". */
#include <s2svpn/bgp_session.h>

#include "lib/gateway/objects.h"

const char *s2s_bgp_state_name(int state)
{
    static const char *const names[] = {
        [S2S_BGP_DISABLED] = "Disabled", [S2S_BGP_IDLE] = "Idle", [S2S_BGP_CONNECT] = "Connect", [S2S_BGP_ACTIVE] = "Active",
        [S2S_BGP_OPEN_SENT] = "OpenSent", [S2S_BGP_OPEN_CONFIRM] = "OpenConfirm", [S2S_BGP_ESTABLISHED] = "Established",
    };
    return state >= 0 && (size_t)state < S2SI_COUNT(names) ? names[state] : "unknown";
}

s2s_bgp_session *s2s_tunnel_bgp_session(const s2s_tunnel *tunnel)
{
    (void)tunnel;
    return NULL;
}

int s2s_bgp_session_get(const s2s_bgp_session *session, struct s2s_bgp_session_state *state)
{
    (void)state;
    return session ? S2S_ERR_UNSUPPORTED : S2S_ERR_INVALID;
}

int s2s_bgp_session_reset(s2s_bgp_session *session, s2s_time now)
{
    (void)now;
    return session ? S2S_ERR_UNSUPPORTED : S2S_ERR_INVALID;
}

int s2s_bgp_session_refresh(s2s_bgp_session *session, s2s_time now)
{
    (void)now;
    return session ? S2S_ERR_UNSUPPORTED : S2S_ERR_INVALID;
}

int s2s_bgp_route_next(const s2s_bgp_session *session, enum s2s_bgp_route_table table, uint64_t *cursor,
                       struct s2s_bgp_route_state *route)
{
    (void)table;
    (void)cursor;
    (void)route;
    return session ? S2S_ERR_UNSUPPORTED : S2S_ERR_INVALID;
}

int s2s_gateway_bgp_why(const s2s_gateway *gateway, const struct s2s_prefix *prefix, const char **text)
{
    (void)prefix;
    if (text) {
        *text = "";
    }
    return gateway ? S2S_ERR_UNSUPPORTED : S2S_ERR_INVALID;
}
