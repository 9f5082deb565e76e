/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refresh: routes sent again (RFC 2918), between marks where both ends know them (RFC 7313): what the peer had announced and
 * does not announce again between "begin" and "end" is gone, so that a refresh heals what the two ends see differently.
 *
 *     ROUTE-REFRESH (0) ->
 *                       <- ROUTE-REFRESH (1, begin): all of the family is stale from here on, and used on
 *                       <- UPDATEs:                  a prefix that is announced again is fresh
 *                       <- ROUTE-REFRESH (2, end):   what is still stale is swept
 */
#include "lib/bgp/speaker.h"

#include <s2svpn/error.h>

enum { REFRESH_TIME = 600 }; /* seconds that stale routes wait for the end of a refresh (RFC 7313 section 4 leaves it to us) */

static bool send_mark(struct s2si_bgp_session *session, enum s2si_bgp_family family, uint8_t subtype, s2s_time now)
{
    uint8_t bytes[S2SI_BGP_HEADER + 4];
    struct s2si_writer writer = s2si_writer(bytes, sizeof bytes);
    s2si_bgp_refresh_encode(&(struct s2si_bgp_refresh){.family = family, .subtype = subtype}, &writer);
    session->messages_out++;
    return s2si_bgp_connection_send(session->up, bytes, writer.length, now);
}

int s2si_bgp_session_refresh(struct s2si_bgp_session *session, s2s_time now)
{
    if (session->up == NULL) {
        return S2S_ERR_STATE;
    }
    if (!session->peer_capabilities.route_refresh) {
        return S2S_ERR_UNSUPPORTED;
    }
    bool sent = true;
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        if ((session->codec.families >> family & 1) != 0) {
            sent = send_mark(session, (enum s2si_bgp_family)family, S2SI_BGP_REFRESH_NORMAL, now) && sent;
        }
    }
    return sent ? 0 : S2S_ERR_NO_MEMORY;
}

/* ---- the peer asks */

/* RFC 7313 section 4: no mark before our own End-of-RIB of the family. */
static void asked(struct s2si_bgp_session *session, enum s2si_bgp_family family)
{
    struct s2si_bgp_adj_out *out = &session->out[family];
    if (session->peer_capabilities.enhanced_refresh && out->end_of_rib) {
        out->asked = true;
        return;
    }
    if (session->peer_capabilities.enhanced_refresh) {
        out->refresh = out->refresh == S2SI_BGP_REFRESH_NONE ? S2SI_BGP_REFRESH_BEGINS : out->refresh;
    }
    session->exhausted = !s2si_bgp_adj_out_all(session, family, true) || session->exhausted;
}

int s2si_bgp_session_resend(struct s2si_bgp_session *session, s2s_time now)
{
    (void)now;
    if (session->up == NULL) {
        return S2S_ERR_STATE;
    }
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        if ((session->codec.families >> family & 1) != 0) {
            asked(session, (enum s2si_bgp_family)family);
        }
    }
    return 0;
}

bool s2si_bgp_refresh_begin(struct s2si_bgp_session *session, enum s2si_bgp_family family, s2s_time now)
{
    struct s2si_bgp_adj_out *out = &session->out[family];
    if (out->refresh != S2SI_BGP_REFRESH_BEGINS) {
        return true;
    }
    out->refresh = S2SI_BGP_REFRESH_RUNS;
    return send_mark(session, family, S2SI_BGP_REFRESH_BEGIN, now);
}

bool s2si_bgp_refresh_end(struct s2si_bgp_session *session, enum s2si_bgp_family family, s2s_time now)
{
    struct s2si_bgp_adj_out *out = &session->out[family];
    bool room = true;
    if (out->refresh == S2SI_BGP_REFRESH_RUNS) {
        out->refresh = S2SI_BGP_REFRESH_NONE;
        room = send_mark(session, family, S2SI_BGP_REFRESH_END, now);
    }
    if (out->asked) { /* while the first announcement was still under way */
        out->asked = false;
        asked(session, family);
    }
    return room;
}

/* ---- the peer sends again */

/* A mark before its End-of-RIB is ignored (RFC 7313 section 4); so is one inside a refresh: what came since the first one is
   fresh, and nothing that is announced gets lost on the way. */
static void begins(struct s2si_bgp_session *session, enum s2si_bgp_family family, s2s_time now)
{
    uint8_t bit = (uint8_t)(1u << family);
    const struct s2si_bgp_capabilities *peer = &session->peer_capabilities;
    bool early = session->config.graceful_restart && peer->graceful_restart && (peer->restart_families & ~session->heard & bit) != 0;
    if (!peer->enhanced_refresh || early || ((session->holding | session->refreshing) & bit) != 0) {
        s2si_log(session->bgp->params.log, S2S_LOG_INFO, "bgp", session->name, "the begin of a refresh (%s) is ignored",
                 s2si_bgp_family_name(family));
        return;
    }
    while (session->sweep[family].active) { /* of an earlier round: it knows two epochs, not three */
        s2si_bgp_sweep(session, family, UINT32_MAX);
    }
    session->refreshing |= bit;
    session->epoch[family]++;
    session->fresh[family] = 0;
    s2si_bgp_arm(session, &session->stale, now + REFRESH_TIME * (s2s_time)S2S_SECOND);
}

static void ends(struct s2si_bgp_session *session, enum s2si_bgp_family family)
{
    uint8_t bit = (uint8_t)(1u << family);
    if ((session->refreshing & bit) != 0) {
        session->refreshing &= (uint8_t)~bit;
        session->sweep[family] = (struct s2si_bgp_walk){.active = true};
        s2si_bgp_stale_settled(session);
    }
}

void s2si_bgp_refresh_received(struct s2si_bgp_session *session, const struct s2si_bgp_refresh *refresh, s2s_time now)
{
    if (refresh->family == S2SI_BGP_FAMILY_OTHER || (session->codec.families >> refresh->family & 1) == 0) {
        return;
    }
    if (refresh->subtype == S2SI_BGP_REFRESH_NORMAL) {
        asked(session, refresh->family);
    } else if (refresh->subtype == S2SI_BGP_REFRESH_BEGIN) {
        begins(session, refresh->family, now);
    } else if (refresh->subtype == S2SI_BGP_REFRESH_END) {
        ends(session, refresh->family);
    }
}
