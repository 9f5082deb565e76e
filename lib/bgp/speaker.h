/* SPDX-License-Identifier: Apache-2.0 */
/*
 * speaker: the structures behind bgp.h, for the files of this module alone.
 *
 *   speaker.c     the speaker's life: making, timers, slices of work      receive.c   bytes to messages, OPEN's questions, collisions
 *   session.c     a session's life: start, stop, path, changes            import.c    UPDATE to adj-in, policy, max-prefix
 *   restart.c     what stays when a session is lost; deferred selection   refresh.c   routes sent again, both ways
 *   connection.c  an instance of the FSM and its stream                   best.c      the best path of a net, and who must know
 *   output.c      what the room above pulls                               adj_out.c   best paths to UPDATEs
 *   status.c      what a person sees                                      export.c    which attributes a peer gets
 */
#ifndef S2SI_BGP_SPEAKER_H
#define S2SI_BGP_SPEAKER_H

#include "lib/bgp/bgp.h"
#include "lib/bgp/bgp_attr.h"
#include "lib/bgp/bgp_policy.h"
#include "lib/bgp/decision.h"
#include "lib/bgp/fsm.h"
#include "lib/bgp/message.h"
#include "lib/bgp/rib.h"
#include "lib/bgp/update.h"

enum {
    S2SI_BGP_SESSIONS = 1024,           /* of a speaker */
    S2SI_BGP_SLICE = 4096,              /* routes */
    S2SI_BGP_OUT_FILL = 16 * 1024,      /* UPDATEs are made until so much waits to be sent */
    S2SI_BGP_OUT_LIMIT = 256 * 1024,    /* a stream that waits for more than this is dead */
    S2SI_BGP_HOLD_LARGE = 240,          /* seconds, RFC 4271 section 8.2.2 */
    S2SI_BGP_SEND_HOLD = 480,           /* seconds, or twice the hold time, RFC 9687 section 3 */
    S2SI_BGP_LINGER = 2,                /* seconds that a NOTIFICATION has to leave */
    S2SI_BGP_CLOSING = 4,               /* streams of a session that may linger at once */
    S2SI_BGP_EVENTS = 256,              /* that may wait to be read */
    S2SI_BGP_ROUTE_EVENTS = 64,
    S2SI_BGP_MEMO = 64,
    S2SI_BGP_REFUSED = 1000             /* refused routes that are kept to be shown, or max_prefix if that is more */
};
#define S2SI_BGP_SENT_UNKNOWN UINT32_MAX /* announced, to be announced again whatever the attributes are */

enum s2si_bgp_timer { S2SI_BGP_T_HOLD, S2SI_BGP_T_KEEPALIVE, S2SI_BGP_T_SEND_HOLD, S2SI_BGP_T_RETRY, S2SI_BGP_T_IDLE_HOLD,
                      S2SI_BGP_T_STALE, S2SI_BGP_T_LINGER, S2SI_BGP_T_DEFERRAL };

/* Why a received route is not used. */
enum s2si_bgp_refusal { S2SI_BGP_TAKEN = 0, S2SI_BGP_REFUSED_POLICY, S2SI_BGP_REFUSED_NO_POLICY, S2SI_BGP_REFUSED_AS_LOOP,
                        S2SI_BGP_REFUSED_DEFAULT, S2SI_BGP_REFUSED_OWN_NEXT_HOP, S2SI_BGP_REFUSED_OWN_ORIGINATOR,
                        S2SI_BGP_REFUSALS };
const char *s2si_bgp_refusal_name(enum s2si_bgp_refusal refusal);

struct s2si_bgp_connection {
    struct s2si_bgp_session *session;
    enum s2s_bgp_state state;
    bool outgoing, has_stream, wants_connect, write_reported, late;
    uint64_t stream;
    struct s2si_buffer in, out; /* less than one message; what was not pulled yet */
    struct s2si_timer hold, keepalive, send_hold;
    uint16_t hold_time, keepalive_time; /* seconds, negotiated */
    struct s2si_bgp_open peer;          /* from OpenConfirm on */
};

/* Where the answer to a ROUTE-REFRESH stands between its two marks (RFC 7313). */
enum s2si_bgp_refresh_state { S2SI_BGP_REFRESH_NONE, S2SI_BGP_REFRESH_BEGINS, S2SI_BGP_REFRESH_RUNS };

/* What a session has announced: attributes by net index, in chunks that are made as needed. */
struct s2si_bgp_adj_out {
    struct s2si_bgp_marks marks; /* nets to look at */
    uint32_t **chunks;
    uint32_t chunk_count, announced;
    bool end_of_rib; /* to be sent when marks run out */
    bool asked;      /* a refresh waits until then */
    enum s2si_bgp_refresh_state refresh;
};

/* The last export results: which attributes became which. */
struct s2si_bgp_memo {
    uint32_t from, to; /* ids, each with a reference */
    int rule;
    bool local;
};

/* A walk over all nets in slices. */
struct s2si_bgp_walk {
    bool active;
    uint32_t cursor;
};

struct s2si_bgp_session {
    struct s2si_bgp *bgp;
    uint16_t index; /* in bgp->sessions, from 1 */
    struct s2si_bgp_session_config config;
    char *name;
    uint32_t local_asn;
    struct s2si_bgp_connection connections[2]; /* [0] ours, [1] the peer's */
    struct s2si_timer retry, idle_hold, stale;
    enum s2s_bgp_state state; /* as last told */
    bool path_up, stopped;
    bool exhausted; /* memory ran out in the middle of something: the next tick ends it with Cease / out of resources */
    unsigned failures; /* in a row */
    s2s_time since;

    struct s2si_bgp_connection *up; /* the established one */
    struct s2si_bgp_codec codec;
    struct s2si_bgp_capabilities peer_capabilities;
    uint32_t peer_asn, peer_router_id;

    uint8_t epoch[S2SI_BGP_FAMILIES]; /* of routes; one more with each loss and each refresh */
    uint8_t holding;    /* families whose last epoch's routes are kept as stale (RFC 4724), */
    uint8_t refreshing; /* or are being announced again (RFC 7313) */
    uint8_t heard;      /* families whose End-of-RIB came in this session */
    uint32_t routes[S2SI_BGP_FAMILIES], fresh[S2SI_BGP_FAMILIES], accepted[S2SI_BGP_FAMILIES]; /* in adj-in */
    uint32_t refused_unseen; /* refused and not even kept */
    bool warned, over_limit;
    struct s2si_bgp_walk sweep[S2SI_BGP_FAMILIES], review[S2SI_BGP_FAMILIES];

    struct s2si_bgp_adj_out out[S2SI_BGP_FAMILIES];
    struct s2si_bgp_memo memo[S2SI_BGP_MEMO];
    enum s2si_bgp_drain drain;
    uint32_t steer_med, preference;
    uint8_t steer_prepend;
    bool favoured;

    uint64_t messages_in, messages_out, updates_in, updates_out, flaps;
    uint8_t last_code, last_subcode;
    bool last_by_peer;
    char last_error[160];
};

/* A stream that is to be closed once its last bytes were pulled. */
struct s2si_bgp_closing {
    struct s2si_bgp_session *session; /* NULL when removed meanwhile */
    uint64_t owner, stream;
    struct s2si_buffer out;
    struct s2si_timer linger;
    bool write_reported, expired;
    struct s2si_bgp_closing *next;
};

struct s2si_bgp {
    struct s2si_bgp_params params;
    struct s2si_mem *mem;
    struct s2si_timers timers;
    struct s2si_bgp_attr_table attrs;
    struct s2si_bgp_rib ribs[S2SI_BGP_FAMILIES];
    struct s2si_bgp_slab paths;
    struct s2si_bgp_marks fib[S2SI_BGP_FAMILIES]; /* nets whose best way the room above must hear */
    struct s2si_bgp_session **sessions;           /* [0] is NULL */
    uint32_t session_count;                       /* slots, the free ones too */
    struct s2si_bgp_closing *closings;
    struct s2si_bgp_output *events; /* a ring */
    uint32_t event_capacity, event_first, event_count, route_event_count;
    uint64_t events_lost, next_stream, random;
    s2s_time born;
    bool deferring; /* nothing is selected yet (RFC 4724 section 4.1) */
    struct s2si_timer deferral;
    struct s2si_bgp_walk select[S2SI_BGP_FAMILIES]; /* and then all of it */
    struct s2si_bgp_scratch scratch;
    uint8_t policy_room[S2SI_BGP_POLICY_ROOM];
    uint8_t path_room[S2SI_BGP_SCRATCH_PATH];
    uint8_t message[S2SI_BGP_MESSAGE_MAX];
    char text[5][2048]; /* status.c: path, communities, large communities, why, why of one route */
};

/* ---- speaker.c */
uint64_t s2si_bgp_random(struct s2si_bgp *bgp); /* for jitter; not for secrets */
/* Arms a timer; without memory for that the session is exhausted, since a hold timer must not be missing. */
void s2si_bgp_arm(struct s2si_bgp_session *session, struct s2si_timer *timer, s2s_time at);
struct s2si_bgp_session *s2si_bgp_session_at(const struct s2si_bgp *bgp, unsigned index);

/* ---- session.c */
void s2si_bgp_session_timer(struct s2si_bgp_session *session, enum s2si_bgp_timer kind, s2s_time now);
/* The connection reached Established. */
void s2si_bgp_session_established(struct s2si_bgp_session *session, struct s2si_bgp_connection *connection, s2s_time now);
/* After any transition: tells the state when it changed, and waits in Idle when nothing is under way. */
void s2si_bgp_session_settle(struct s2si_bgp_session *session, s2s_time now);
/* Ends it with this NOTIFICATION (an AutomaticStop). */
void s2si_bgp_session_cease(struct s2si_bgp_session *session, uint8_t subcode, const void *data, size_t length,
                            const char *reason, s2s_time now);
bool s2si_bgp_session_internal(const struct s2si_bgp_session *session);

/* ---- restart.c */
/* The established connection is gone. code 0: the stream ended without a NOTIFICATION. */
void s2si_bgp_session_lost(struct s2si_bgp_session *session, const struct s2si_bgp_notify *notify, s2s_time now);
/* A new one is there: what of the stale routes stays, and for how long. */
void s2si_bgp_resume_stale(struct s2si_bgp_session *session, s2s_time now);
void s2si_bgp_drop_stale(struct s2si_bgp_session *session);
/* Disarms the timer of stale routes when there are none that it could end. */
void s2si_bgp_stale_settled(struct s2si_bgp_session *session);
void s2si_bgp_session_end_of_rib(struct s2si_bgp_session *session, enum s2si_bgp_family family);
/* Whether a path of the epoch before is still good. */
bool s2si_bgp_path_kept(const struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_path *path);
/* Deferred selection: a path came up; something changed; it is over. deferred: also while all is being selected. */
void s2si_bgp_defer_start(struct s2si_bgp *bgp, s2s_time now);
void s2si_bgp_defer_look(struct s2si_bgp *bgp);
void s2si_bgp_defer_end(struct s2si_bgp *bgp);
bool s2si_bgp_deferred(const struct s2si_bgp *bgp);
/* One slice of selecting what waited. @return nets looked at. */
uint32_t s2si_bgp_select(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t budget);

/* ---- refresh.c */
void s2si_bgp_refresh_received(struct s2si_bgp_session *session, const struct s2si_bgp_refresh *refresh, s2s_time now);
/* The marks around what is sent again, where they are due. @return false when memory ran out. */
bool s2si_bgp_refresh_begin(struct s2si_bgp_session *session, enum s2si_bgp_family family, s2s_time now);
bool s2si_bgp_refresh_end(struct s2si_bgp_session *session, enum s2si_bgp_family family, s2s_time now);

/* ---- connection.c */
void s2si_bgp_connection_init(struct s2si_bgp_connection *connection, struct s2si_bgp_session *session, bool outgoing);
void s2si_bgp_connection_clear(struct s2si_bgp_connection *connection);
/* Runs the machine. notify goes with the events that bring one, else NULL. */
void s2si_bgp_connection_event(struct s2si_bgp_connection *connection, enum s2si_bgp_fsm_event event,
                               const struct s2si_bgp_notify *notify, s2s_time now);
void s2si_bgp_connection_timer(struct s2si_bgp_connection *connection, enum s2si_bgp_timer kind, s2s_time now);
/* Queues finished messages. @return false: no memory or over the limit; the caller ends the session. */
bool s2si_bgp_connection_send(struct s2si_bgp_connection *connection, const uint8_t *data, size_t length, s2s_time now);
/* The stream took something: the send hold timer (RFC 9687) runs from now, while there is more to send. */
void s2si_bgp_connection_progress(struct s2si_bgp_connection *connection, s2s_time now);
void s2si_bgp_closing_free(struct s2si_bgp *bgp, struct s2si_bgp_closing *closing);

/* ---- receive.c */
void s2si_bgp_receive(struct s2si_bgp_connection *connection, const uint8_t *data, size_t length, s2s_time now);

/* ---- import.c */
void s2si_bgp_import_update(struct s2si_bgp_connection *connection, const uint8_t *body, size_t length, s2s_time now);
/* Why a path is refused, in a few words: the rule of the policy, or the name of the refusal. */
void s2si_bgp_refused_because(const struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_net *net,
                              const struct s2si_bgp_path *path, char *out, size_t size);
/* Whether a path may be used at all. */
bool s2si_bgp_path_usable(const struct s2si_bgp *bgp, enum s2si_bgp_family family, const struct s2si_bgp_path *path);
/* One slice of sweeping stale routes, or of looking at all of them again. @return routes looked at. */
uint32_t s2si_bgp_sweep(struct s2si_bgp_session *session, enum s2si_bgp_family family, uint32_t budget);
uint32_t s2si_bgp_review(struct s2si_bgp_session *session, enum s2si_bgp_family family, uint32_t budget);

/* ---- best.c */
/* Decides again; touched is a path whose attributes changed, or one just added; removed: the best path was taken out. */
void s2si_bgp_best_update(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t net, uint32_t touched, bool removed);
/* Fills a candidate for the decision process. */
void s2si_bgp_best_candidate(const struct s2si_bgp *bgp, uint32_t path, struct s2si_bgp_candidate *candidate);
/* Frees the net when nobody needs it any more. */
void s2si_bgp_best_release(struct s2si_bgp *bgp, enum s2si_bgp_family family, uint32_t net);

/* ---- export.c and adj_out.c */
/* The attributes under which a session announces a net, with one reference; 0 = not at all. */
uint32_t s2si_bgp_export(struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_net *net);
enum { S2SI_BGP_REASON = 128 };
/* Why a session does not announce a net, in a few words. */
void s2si_bgp_not_announced(const struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_net *net,
                            char *out, size_t size);
void s2si_bgp_memo_clear(struct s2si_bgp_session *session);
void s2si_bgp_adj_out_init(struct s2si_bgp_session *session);
/* Everything is to be looked at; again: and to be sent even if it did not change. */
bool s2si_bgp_adj_out_all(struct s2si_bgp_session *session, enum s2si_bgp_family family, bool again);
void s2si_bgp_adj_out_clear(struct s2si_bgp_session *session);
uint32_t s2si_bgp_adj_out_get(const struct s2si_bgp_session *session, enum s2si_bgp_family family, uint32_t net);
bool s2si_bgp_adj_out_pending(const struct s2si_bgp_session *session);
/* Makes UPDATEs until enough wait in the connection's buffer. @return false when memory ran out. */
bool s2si_bgp_adj_out_fill(struct s2si_bgp_session *session, s2s_time now);

/* ---- output.c */
/* A new event of this session, or NULL when it is not to be told; fields besides type and session are the caller's. */
struct s2si_bgp_output *s2si_bgp_event(struct s2si_bgp_session *session, enum s2si_bgp_event event);
/* Events about single routes: first whether there is room for one more (else it is counted as lost), then the event. */
bool s2si_bgp_route_event_wanted(struct s2si_bgp *bgp);
void s2si_bgp_route_event(struct s2si_bgp_session *session, enum s2si_bgp_event event, enum s2si_bgp_family family,
                          const struct s2si_bgp_net *net, const char *detail);
void s2si_bgp_events_forget(struct s2si_bgp *bgp, const struct s2si_bgp_session *session);

#endif
