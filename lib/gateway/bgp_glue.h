/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bgp_glue: the BGP speaker (lib/bgp) joined to the engine. A gateway has one speaker, in a room that is made when the
 * first of its connections turns BGP on; each tunnel of such a connection has a session.
 *
 *   settings, addresses -> s2si_bgp_glue_changed --+                          +--> CONNECT, WRITE, CLOSE actions
 *   health, selection,  -> s2si_bgp_glue_look -----+--> settle --> speaker ---+--> events
 *     take-down                                    |                          +--> best ways --> s2s_route
 *   streams, time ---------------------------------+   LISTEN and keys are items of the base scope (desired.c)
 *
 *   bgp_glue.c         sessions out of settings, events
 *   bgp_stream.c       their TCP streams and listeners
 *   bgp_routes.c       what was learned becomes routes of the gateway; what the gateway announces
 *   bgp_steer.c        path up and down, MED and local preference, take-down; whether a tunnel's BGP is good enough
 *   bgp_policy_text.c  import and export policies out of their text
 *   bgp_session.c      the public functions
 *   bgp_off.c          a build without BGP
 *
 * Stream ids: bit 61 and the inside address for a listener; the speaker's own (bit 62) with the room's number at bit 40
 * for a stream that we open; the driver's (bit 63) for one that was accepted.
 */
#ifndef S2SI_GATEWAY_BGP_GLUE_H
#define S2SI_GATEWAY_BGP_GLUE_H

#include <s2svpn/bgp_session.h>
#include "lib/bgp/bgp.h"
#include "lib/gateway/actual.h"
#include "lib/gateway/ops.h"

#define S2SI_BGP_TCP_PORT 179
#define S2SI_BGP_KEY 80 /* longest TCP-MD5 key (Linux: TCP_MD5SIG_MAXKEYLEN) */
#define S2SI_BGP_LISTENER (UINT64_C(1) << 61)

/* A tunnel's session; tunnel->bgp. */
struct s2s_bgp_session {
    s2s_tunnel *tunnel;
    struct s2si_bgp_session *speaker;       /* NULL: could not be made yet */
    struct s2si_bgp_session_config config;  /* as the speaker has it */
    const struct s2si_bgp_policy *import, *export_;
    char *import_text, *export_text;        /* what the policies were made of */
    uint64_t key_generation;                /* counts changes of the TCP-MD5 key */
    char key[S2SI_BGP_KEY + 1];             /* secret; "" = none */
    enum s2s_bgp_state state;               /* as last told */
    s2s_time since;                         /* of state */
    uint32_t best;                          /* prefixes that this session has the best way to */
    bool carried;                           /* those go somewhere now */
    /* bgp_steer.c */
    bool path, path_known;                  /* as the speaker was told */
    bool mismatch;                          /* the negotiated selectors leave the inside addresses out */
    uint32_t checked_spi;                   /* of the CHILD_SA that was looked at */
    bool ready_before;                      /* the tunnel was up when last looked at */
    bool was_up;                            /* Established since the tunnel is up */
    s2s_time waiting_since;                 /* for Established: tunnel up, or BGP turned on */
    enum s2si_bgp_drain drain;
    bool leaving, stopped;                  /* last part of a planned take-down */
    s2s_time left_at;
    uint32_t med, preference;
    bool steered;                            /* these were told */
    bool ghost;                             /* died without a word: what it announced may still stand */
    uint32_t ghost_med;
};

struct s2si_bgp_room {
    s2s_gateway *gateway;
    uint64_t number;
    struct s2si_bgp *speaker;
    uint32_t router_id;
    struct s2si_trie originated;            /* what the speaker announces as ours; value: the room */
    s2s_time born;
    bool inherited;                         /* some kernel routes of an earlier process are kept */
    size_t dead;                            /* BGP routes without a way: kept unreachable, see bgp_routes.c */
    s2s_time withdrawn, swept;              /* when one lost its way last, and last with its session; 0 = never */
    struct s2si_map accepted;               /* stream id -> room */
    struct s2si_timer timer;                /* S2SI_TIMER_BGP; owner is the gateway */
    bool select;                            /* best ways moved: the active tunnel may have to follow */
};

/* A WRITE or CLOSE that waits to be handed out. */
struct s2si_stream_action {
    struct s2si_list node;
    enum s2s_action_type type;
    s2s_gateway *gateway;
    uint64_t stream;
    bool reset;
};

/* ---- for the rest of the gateway ---- */

/* Connections, tunnels, customer gateways or the gateway changed: sessions follow in the next settle. */
void s2si_bgp_glue_changed(s2s_gateway *gateway);
/* Health, selection, SAs, addresses or a take-down changed: paths and steering are looked at in the next settle. */
void s2si_bgp_glue_look(s2s_gateway *gateway);
/* Part of settle. @return true if there was anything. */
bool s2si_bgp_glue_outputs(s2s_engine *engine, s2s_time now);
void s2si_bgp_glue_tick(s2s_engine *engine, s2s_time now);
void s2si_bgp_glue_timer(s2s_gateway *gateway, s2s_time now); /* S2SI_TIMER_BGP */
s2s_time s2si_bgp_glue_next_timeout(const s2s_engine *engine);
/* Before a tunnel is freed; before the gateway is. */
void s2si_bgp_glue_forget(s2s_tunnel *tunnel, s2s_time now);
void s2si_bgp_glue_free(s2s_gateway *gateway);
/* @return 0 or S2S_ERR_NOT_FOUND. */
int s2si_bgp_glue_stream(s2s_engine *engine, const struct s2s_stream_input *input, s2s_time now);
size_t s2si_bgp_glue_pull(s2s_engine *engine, uint64_t stream, uint8_t *out, size_t capacity, s2s_time now);
/* The next WRITE or CLOSE. */
bool s2si_bgp_glue_next_action(s2s_engine *engine, struct s2s_action *action);
/* CONNECT: fills the action in, and takes its answer. @return false: nobody wants it any more. */
bool s2si_bgp_glue_connect(const struct s2si_operation *operation, struct s2s_action *action);
void s2si_bgp_glue_connect_done(const struct s2si_operation *operation, const struct s2s_result *result, s2s_time now);
/* LISTEN and KEY items. */
void s2si_bgp_glue_want(s2s_gateway *gateway, const s2s_tunnel *tunnel);
void s2si_bgp_glue_item(const s2s_gateway *gateway, const struct s2si_item *item, struct s2s_action *action);
/* The last step of a planned take-down before DELETE: goodbye on the session. @return true: not yet, ask again soon. */
bool s2si_bgp_glue_leave(s2s_tunnel *tunnel, bool for_good, s2s_time now);
bool s2si_bgp_glue_established(const s2s_tunnel *tunnel);
bool s2si_bgp_glue_built(void);
/* bgp_policy_text.c: a policy out of the text of bgp.import or bgp.export. @return 0, S2S_ERR_NO_MEMORY, S2S_ERR_CONFIG
   with the reason in why. */
int s2si_bgp_policy_read(struct s2si_mem *mem, const char *text, const struct s2si_bgp_policy **policy, char *why,
                         size_t size);
void s2si_bgp_glue_policy_free(const struct s2si_bgp_policy *policy); /* NULL is allowed */

/* ---- between the files ---- */

/* bgp_stream.c: CONNECT, WRITE, CLOSE of the speaker become actions; what waits is forgotten. */
void s2si_bgp_glue_stream_output(struct s2si_bgp_room *room, const struct s2si_bgp_output *out, s2s_time now);
void s2si_bgp_glue_drop_actions(const s2s_gateway *gateway);

/* bgp_routes.c */
void s2si_bgp_routes_best(struct s2si_bgp_room *room, const struct s2si_bgp_output *out, s2s_time now);
void s2si_bgp_routes_originate(struct s2si_bgp_room *room, s2s_time now);
/* A session goes: no route may name its tunnel any more. */
void s2si_bgp_routes_forget(struct s2si_bgp_room *room, const s2s_tunnel *tunnel, s2s_time now);
/* Routes without a way go whose connections are complete again, or do without BGP. @return when to look again. */
s2s_time s2si_bgp_routes_sweep(struct s2si_bgp_room *room, s2s_time now);
/* Part of what is desired of the kernel's routes: what an earlier process left unreachable stays so until sessions are
   settled. */
void s2si_bgp_routes_inherit(s2s_gateway *gateway);
/* A BGP route is freed by somebody else (its connection goes). */
void s2si_bgp_routes_freed(s2s_route *route);

/* bgp_steer.c */
void s2si_bgp_steer_run(s2s_gateway *gateway, s2s_time now);
/* The state of its session changed. */
void s2si_bgp_steer_state(s2s_bgp_session *session, s2s_time now);
/* The tunnel that the group should really use when selection wants intent: where the peer's MED decides, the best
   routes do. */
s2s_tunnel *s2si_bgp_steer_follow(const struct s2si_group *group, s2s_tunnel *intent);


#endif
