/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bgp: a BGP-4 speaker without I/O (RFC 4271). One speaker has sessions, RIBs and policies; the room above (lib/gateway)
 * opens streams for it, feeds bytes and time, and pulls outputs. Free-standing: needs lib/base alone.
 *
 *     session_add, originate, withdraw, tunnel_down ...   stream_up/data/down   tick(now)
 *                        |                                      |                 |
 *                        +-------> adj-in -> policy -> decision -> best -> adj-out <----- bounded slices of work
 *                                                                                |
 *     next_output: CONNECT | CLOSE | WRITE (then pull) | ROUTE (best changed) | EVENT
 *
 * Octets that come in are worked off in the call that brings them; UPDATEs are made when the stream takes them (pull), so a peer
 * that does not read costs one bit a changed route. Walks over whole tables (a lost session, a new policy) go in slices by tick.
 *
 * RFC 4271 (FSM, collision, decision), 4760 (IPv4 and IPv6 unicast), 5492 and 9072 (capabilities), 6793 (four-octet AS), 7606
 * (errors), 2918 and 7313 (refresh), 4724 and 8538 (graceful restart), 4486, 6608, 9003 and 9687 (how sessions end), 6286 and
 * 7607 (identifiers, AS 0), 8212 (no policy, no routes), 8326 (graceful shutdown), 1997, 4360, 8092 (communities). TCP-MD5 (2385)
 * and GTSM (5082) are the streams' business; they stand in the configuration alone. 8654 is not offered: messages of 64 KB
 * would cost every gateway half a megabyte of scratch, and no cloud sends what would need them. Which test proves which of
 * these: lib/bgp/README.md.
 */
#ifndef S2SI_BGP_H
#define S2SI_BGP_H

#include "lib/base/base.h"

#include <s2svpn/bgp_session.h>

struct s2si_bgp;
struct s2si_bgp_session;

/* Attributes of a route: interned, shared, reference-counted; opaque outside lib/bgp but for the accessors in bgp_attr.h. */
struct s2si_bgp_attrs;

enum s2si_bgp_kind { S2SI_BGP_ALIBABA_LIKE, S2SI_BGP_AWS_LIKE, S2SI_BGP_PLAIN }; /* a hint for defaults only */

struct s2si_bgp_params {
    struct s2si_mem *mem;
    const struct s2si_log *log;
    uint64_t seed0, seed1; /* for hash tables and jitter; from the crypto provider's random source */
    uint32_t local_asn;
    uint32_t router_id; /* nonzero; AS-wide unique (RFC 6286) */
    uint32_t slice;     /* routes worked on in one call before keepalives get their turn; 0 = default (4096) */
    uint32_t route_events; /* events about single routes that may wait to be read, further ones are only counted; 0 = 64 */
    bool restarted;     /* this process came back after a failure: the R bit (RFC 4724), with F=0, for the first restart_time */
    uint16_t defer;     /* seconds from the first path on that selection then waits for the peers' End-of-RIB; 0 = not at all */
};

struct s2si_bgp_policy; /* prefix lists with actions, made by bgp_policy.h */

struct s2si_bgp_session_config {
    uint64_t owner;       /* the gateway's id of the tunnel */
    const char *name;
    uint32_t local_asn;   /* 0 = the speaker's */
    uint32_t peer_asn;    /* 0 = any external */
    struct s2s_addr local_ip, peer_ip;
    uint16_t hold_time, keepalive; /* seconds offered; keepalive 0 = a third of the negotiated hold time */
    uint32_t connect_retry;        /* seconds */
    uint16_t connect_delay;        /* ms that the peer has to connect first: spares both ends a collision */
    bool passive;
    uint8_t ttl_security;          /* RFC 5082: hops, 0 = off */
    bool md5;                      /* the stream has a key; BGP itself never sees it */
    uint32_t max_prefix;           /* accepted from the peer, 0 = no limit */
    uint8_t max_prefix_warn;       /* percent */
    bool graceful_restart, notification_restart; /* RFC 4724, RFC 8538 */
    uint16_t restart_time;
    bool ipv4, ipv6;
    bool require_policy;           /* RFC 8212: without policy nothing is accepted or sent */
    bool accept_default;           /* whether 0.0.0.0/0 may be accepted */
    const struct s2si_bgp_policy *import, *export_; /* copied by reference count; NULL = none */
    uint32_t preference;           /* local-pref given to accepted routes; 0 = 100 */
    struct s2s_addr next_hop4, next_hop6; /* announced; family 0 = local_ip, for IPv6 over an IPv4 session ::ffff:local_ip */
    uint32_t group;                /* sessions of one group never re-advertise to one another; 0 = none */
};

int s2si_bgp_new(const struct s2si_bgp_params *params, struct s2si_bgp **bgp);
void s2si_bgp_free(struct s2si_bgp *bgp);
/* Found out later than s2si_bgp_new: this process came back after a failure (params.restarted, params.defer). Without effect
   once a session was established. */
void s2si_bgp_restarted(struct s2si_bgp *bgp, uint16_t defer, s2s_time now);
int s2si_bgp_session_add(struct s2si_bgp *bgp, const struct s2si_bgp_session_config *config, s2s_time now,
                         struct s2si_bgp_session **session);
/* What can change without a reset does; the rest restarts the session. */
int s2si_bgp_session_update(struct s2si_bgp_session *session, const struct s2si_bgp_session_config *config, s2s_time now);
void s2si_bgp_session_remove(struct s2si_bgp_session *session, s2s_time now); /* Cease, then forgotten */
/* Administrative: stop sends Cease with a shutdown communication (RFC 9003; NULL = none) and disables; start enables again. A
   new session is enabled but waits for s2si_bgp_path. */
void s2si_bgp_session_stop(struct s2si_bgp_session *session, const char *communication, s2s_time now);
void s2si_bgp_session_start(struct s2si_bgp_session *session, s2s_time now);
/* Cease / administrative reset, then again from the start. @return 0, S2S_ERR_STATE when it is not established. */
int s2si_bgp_session_reset(struct s2si_bgp_session *session, s2s_time now);
/* Asks the peer for its routes again (RFC 2918). @return 0, S2S_ERR_STATE, S2S_ERR_UNSUPPORTED, S2S_ERR_NO_MEMORY. */
int s2si_bgp_session_refresh(struct s2si_bgp_session *session, s2s_time now);
/* Announces everything again, as if the peer had asked. @return 0, S2S_ERR_STATE. */
int s2si_bgp_session_resend(struct s2si_bgp_session *session, s2s_time now);

/* The path below the session came up or went: down withdraws at once and overrides graceful restart. */
void s2si_bgp_path(struct s2si_bgp_session *session, bool up, s2s_time now);
/* A planned switch: worse MED and a prepended path now, withdrawn when called with S2SI_BGP_GONE. */
enum s2si_bgp_drain { S2SI_BGP_NORMAL = 0, S2SI_BGP_WORSE = 1, S2SI_BGP_GONE = 2 };
void s2si_bgp_session_drain(struct s2si_bgp_session *session, enum s2si_bgp_drain drain, s2s_time now);
/* MED and prepends added to what this session announces (steering); takes effect by re-announcement. */
void s2si_bgp_session_steer(struct s2si_bgp_session *session, uint32_t med, uint8_t prepend, s2s_time now);
void s2si_bgp_session_preference(struct s2si_bgp_session *session, uint32_t local_pref, s2s_time now);
/* Of routes that are equal up to MED those of this session are taken, before router ids decide. */
void s2si_bgp_session_favour(struct s2si_bgp_session *session, bool favoured, s2s_time now);

/* Our own prefixes. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_bgp_originate(struct s2si_bgp *bgp, const struct s2s_prefix *prefix, s2s_time now);
void s2si_bgp_withdraw(struct s2si_bgp *bgp, const struct s2s_prefix *prefix, s2s_time now);

/* Streams, by the ids that the room above uses. */
void s2si_bgp_stream_connected(struct s2si_bgp *bgp, struct s2si_bgp_session *session, uint64_t stream, s2s_time now);
/* An accepted stream: finds its session by addresses. @return 0, or S2S_ERR_NOT_FOUND: close it. */
int s2si_bgp_stream_accepted(struct s2si_bgp *bgp, uint64_t stream, const struct s2s_endpoint *local,
                             const struct s2s_endpoint *remote, s2s_time now);
void s2si_bgp_stream_data(struct s2si_bgp *bgp, uint64_t stream, const uint8_t *data, size_t length, s2s_time now);
void s2si_bgp_stream_closed(struct s2si_bgp *bgp, uint64_t stream, int error, s2s_time now);
size_t s2si_bgp_stream_pull(struct s2si_bgp *bgp, uint64_t stream, uint8_t *out, size_t capacity, s2s_time now);

void s2si_bgp_tick(struct s2si_bgp *bgp, s2s_time now);
s2s_time s2si_bgp_next_timeout(const struct s2si_bgp *bgp); /* 0 = work is left: call tick at once */

enum s2si_bgp_output_type {
    S2SI_BGP_CONNECT = 1, /* open a stream from local_ip to peer_ip port 179 for session; answer stream_connected or stream_closed(stream) */
    S2SI_BGP_CLOSE,       /* close stream */
    S2SI_BGP_WRITE,       /* stream has bytes to pull */
    S2SI_BGP_ROUTE,       /* the best way to prefix changed: session NULL = none left */
    S2SI_BGP_EVENT
};
enum s2si_bgp_event {
    S2SI_BGP_EV_STATE = 1, S2SI_BGP_EV_NOTIFICATION_SENT, S2SI_BGP_EV_NOTIFICATION_RECEIVED, S2SI_BGP_EV_PREFIX_WARNING,
    S2SI_BGP_EV_PREFIX_LIMIT, S2SI_BGP_EV_ADVERTISED, S2SI_BGP_EV_WITHDRAWN, S2SI_BGP_EV_RECEIVED, S2SI_BGP_EV_LOST,
    S2SI_BGP_EV_REFUSED
};
struct s2si_bgp_output {
    enum s2si_bgp_output_type type;
    struct s2si_bgp_session *session;
    uint64_t owner;  /* the session's, 0 = none */
    uint64_t stream; /* CONNECT: the id to use (bit 62 set, chosen by bgp) */
    bool reset;      /* CLOSE: with a reset, what was not sent is lost */
    bool md5;        /* CONNECT: as in the session's configuration */
    uint8_t hops;    /* CONNECT: ttl_security */
    struct s2s_prefix prefix;
    struct s2s_addr next_hop;
    enum s2si_bgp_event event;
    int state_old, state; /* enum s2s_bgp_state */
    uint8_t code, subcode;
    char detail[160];
};
bool s2si_bgp_next_output(struct s2si_bgp *bgp, struct s2si_bgp_output *out);

/* ---- what a person may want to see; texts stay valid until the next call of one of these */

/* Fills all but status_text. @return 0 or S2S_ERR_INVALID (struct_size). */
int s2si_bgp_session_state(const struct s2si_bgp_session *session, struct s2s_bgp_session_state *state);
/* See s2s_bgp_route_next. S2S_BGP_BEST walks the best routes of the whole speaker. */
int s2si_bgp_route_next(const struct s2si_bgp_session *session, enum s2s_bgp_route_table table, uint64_t *cursor,
                        struct s2s_bgp_route_state *route);
/* The same for one prefix. @return 0 or S2S_ERR_NOT_FOUND. */
int s2si_bgp_route_find(const struct s2si_bgp_session *session, enum s2s_bgp_route_table table, const struct s2s_prefix *prefix,
                        struct s2s_bgp_route_state *route);
/* One line a candidate, the best first, then one a session: whether it is announced there. @return 0 or S2S_ERR_NOT_FOUND. */
int s2si_bgp_why(const struct s2si_bgp *bgp, const struct s2s_prefix *prefix, const char **text);
/* The session of an owner, NULL if none. */
struct s2si_bgp_session *s2si_bgp_session_find(const struct s2si_bgp *bgp, uint64_t owner);
uint64_t s2si_bgp_session_owner(const struct s2si_bgp_session *session);

#endif
