/* SPDX-License-Identifier: Apache-2.0 */
/* A build without BGP: nobody ever has a room or a session. */
#include "lib/gateway/bgp_glue.h"

void s2si_bgp_glue_changed(s2s_gateway *gateway)
{
    (void)gateway;
}

void s2si_bgp_glue_look(s2s_gateway *gateway)
{
    (void)gateway;
}

bool s2si_bgp_glue_outputs(s2s_engine *engine, s2s_time now)
{
    (void)engine;
    (void)now;
    return false;
}

void s2si_bgp_glue_tick(s2s_engine *engine, s2s_time now)
{
    (void)engine;
    (void)now;
}

void s2si_bgp_glue_timer(s2s_gateway *gateway, s2s_time now)
{
    (void)gateway;
    (void)now;
}

s2s_time s2si_bgp_glue_next_timeout(const s2s_engine *engine)
{
    (void)engine;
    return S2S_TIME_NEVER;
}

void s2si_bgp_glue_forget(s2s_tunnel *tunnel, s2s_time now)
{
    (void)tunnel;
    (void)now;
}

void s2si_bgp_glue_free(s2s_gateway *gateway)
{
    (void)gateway;
}

int s2si_bgp_glue_stream(s2s_engine *engine, const struct s2s_stream_input *input, s2s_time now)
{
    (void)engine;
    (void)input;
    (void)now;
    return S2S_ERR_NOT_FOUND;
}

size_t s2si_bgp_glue_pull(s2s_engine *engine, uint64_t stream, uint8_t *out, size_t capacity, s2s_time now)
{
    (void)engine;
    (void)stream;
    (void)out;
    (void)capacity;
    (void)now;
    return 0;
}

bool s2si_bgp_glue_next_action(s2s_engine *engine, struct s2s_action *action)
{
    (void)engine;
    (void)action;
    return false;
}

bool s2si_bgp_glue_connect(const struct s2si_operation *operation, struct s2s_action *action)
{
    (void)operation;
    (void)action;
    return false;
}

void s2si_bgp_glue_connect_done(const struct s2si_operation *operation, const struct s2s_result *result, s2s_time now)
{
    (void)operation;
    (void)result;
    (void)now;
}

void s2si_bgp_glue_want(s2s_gateway *gateway, const s2s_tunnel *tunnel)
{
    (void)gateway;
    (void)tunnel;
}

void s2si_bgp_glue_item(const s2s_gateway *gateway, const struct s2si_item *item, struct s2s_action *action)
{
    (void)gateway;
    (void)item;
    (void)action;
}

bool s2si_bgp_glue_leave(s2s_tunnel *tunnel, bool for_good, s2s_time now)
{
    (void)tunnel;
    (void)for_good;
    (void)now;
    return false;
}

bool s2si_bgp_glue_built(void)
{
    return false;
}

int s2si_bgp_policy_read(struct s2si_mem *mem, const char *text, const struct s2si_bgp_policy **policy, char *why,
                         size_t size)
{
    (void)mem;
    (void)text;
    (void)policy;
    (void)why;
    (void)size;
    return S2S_ERR_UNSUPPORTED;
}

void s2si_bgp_glue_policy_free(const struct s2si_bgp_policy *policy)
{
    (void)policy;
}

bool s2si_bgp_glue_established(const s2s_tunnel *tunnel)
{
    (void)tunnel;
    return false;
}

void s2si_bgp_routes_inherit(s2s_gateway *gateway)
{
    (void)gateway;
}

void s2si_bgp_routes_freed(s2s_route *route)
{
    (void)route;
}

s2s_tunnel *s2si_bgp_steer_follow(const struct s2si_group *group, s2s_tunnel *intent)
{
    (void)group;
    return intent;
}

/* ---- the public functions ---- */

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

int s2s_bgp_session_resend(s2s_bgp_session *session, s2s_time now)
{
    (void)now;
    return session ? S2S_ERR_UNSUPPORTED : S2S_ERR_INVALID;
}

int s2s_bgp_route_find(const s2s_bgp_session *session, enum s2s_bgp_route_table table, const struct s2s_prefix *prefix,
                       struct s2s_bgp_route_state *route)
{
    (void)table;
    (void)prefix;
    (void)route;
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
