/* SPDX-License-Identifier: Apache-2.0 */
/* bgp_session: a tunnel's BGP speaker as a person or a program sees it. */
#include <s2svpn/bgp_session.h>

#include <string.h>

#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/engine.h"

s2s_bgp_session *s2s_tunnel_bgp_session(const s2s_tunnel *tunnel)
{
    return tunnel ? tunnel->bgp : NULL;
}

/* Why there is no session under way, where the speaker cannot know. */
static const char *hindrance(const s2s_bgp_session *session, const char *otherwise)
{
    if (!session->speaker) {
        return "no memory for the session";
    }
    if (session->mismatch) {
        return "TrafficSelectorMismatch: the negotiated selectors leave out the inside addresses";
    }
    if (otherwise && otherwise[0]) {
        return otherwise;
    }
    return session->path ? "" : "waits for its tunnel";
}

int s2s_bgp_session_get(const s2s_bgp_session *session, struct s2s_bgp_session_state *out)
{
    struct s2s_bgp_session_state state = { .struct_size = sizeof(state) };
    const struct s2si_profile_words *words;
    size_t size;

    if (!session || !out || out->struct_size < sizeof(size)) {
        return S2S_ERR_INVALID;
    }
    if (session->speaker) {
        s2si_bgp_session_state(session->speaker, &state);
    } else {
        state.state = S2S_BGP_IDLE;
        state.since = session->since;
        state.local_ip = session->tunnel->inside_local;
        state.peer_ip = session->tunnel->inside_remote;
    }
    words = &session->tunnel->gateway->profile->words;
    state.status_text = state.state == S2S_BGP_ESTABLISHED ? words->bgp_up : words->bgp_down;
    if (!state.status_text) {
        state.status_text = s2s_bgp_state_name((int)state.state);
    }
    if (state.state != S2S_BGP_ESTABLISHED) {
        state.last_error = hindrance(session, state.last_error);
    }
    size = out->struct_size;
    memcpy(out, &state, size < sizeof(state) ? size : sizeof(state));
    out->struct_size = size;
    return 0;
}

static int ask(s2s_bgp_session *session, int (*what)(struct s2si_bgp_session *speaker, s2s_time now), s2s_time now)
{
    s2s_engine *engine = session ? session->tunnel->engine : NULL;
    int error = session ? s2si_engine_enter(engine, now) : S2S_ERR_INVALID;

    if (error) {
        return error;
    }
    return s2si_engine_leave(engine, now, session->speaker ? what(session->speaker, now) : S2S_ERR_STATE);
}

int s2s_bgp_session_reset(s2s_bgp_session *session, s2s_time now)
{
    return ask(session, s2si_bgp_session_reset, now);
}

int s2s_bgp_session_refresh(s2s_bgp_session *session, s2s_time now)
{
    return ask(session, s2si_bgp_session_refresh, now);
}

int s2s_bgp_session_resend(s2s_bgp_session *session, s2s_time now)
{
    return ask(session, s2si_bgp_session_resend, now);
}

static int hand_out(int error, const struct s2s_bgp_route_state *route, struct s2s_bgp_route_state *out)
{
    size_t size = out->struct_size;

    if (error == 0) {
        memcpy(out, route, size < sizeof(*route) ? size : sizeof(*route));
        out->struct_size = size;
    }
    return error;
}

int s2s_bgp_route_find(const s2s_bgp_session *session, enum s2s_bgp_route_table table, const struct s2s_prefix *prefix,
                       struct s2s_bgp_route_state *out)
{
    struct s2s_bgp_route_state route = { .struct_size = sizeof(route) };

    if (!session || !prefix || !out || out->struct_size < sizeof(out->struct_size)) {
        return S2S_ERR_INVALID;
    }
    return hand_out(session->speaker ? s2si_bgp_route_find(session->speaker, table, prefix, &route) : S2S_ERR_NOT_FOUND,
                    &route, out);
}

int s2s_bgp_route_next(const s2s_bgp_session *session, enum s2s_bgp_route_table table, uint64_t *cursor,
                       struct s2s_bgp_route_state *out)
{
    struct s2s_bgp_route_state route = { .struct_size = sizeof(route) };

    if (!session || !cursor || !out || out->struct_size < sizeof(out->struct_size)) {
        return S2S_ERR_INVALID;
    }
    return hand_out(session->speaker ? s2si_bgp_route_next(session->speaker, table, cursor, &route) : S2S_ERR_NOT_FOUND,
                    &route, out);
}

int s2s_gateway_bgp_why(const s2s_gateway *gateway, const struct s2s_prefix *prefix, const char **text)
{
    if (!gateway || !prefix || !text) {
        return S2S_ERR_INVALID;
    }
    *text = "no connection of this gateway uses BGP";
    return gateway->bgp ? s2si_bgp_why(gateway->bgp->speaker, prefix, text) : S2S_ERR_NOT_FOUND;
}
