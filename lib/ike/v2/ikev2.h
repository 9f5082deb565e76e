/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ikev2: the whole of IKEv2 (RFC 7296) as one state machine without I/O. The room above (lib/gateway) configures peers,
 * feeds datagrams and time, and pulls outputs; IKE never calls up.
 *
 *     peer_add/update/initiate ...   feed(datagram)   tick(now)   complete(op, result)
 *                   |                     |               |              |
 *                   +----------> edits SAs, marks children dirty <-------+
 *                                         |
 *     next_output: SEND datagram | JOB (a DH step) | SPI_NEEDED | CHILD_DIRTY (look at child->want_*) | EVENT
 *
 * A CHILD_SA is data: which directions are wanted with which keys. The gateway compares that with what the kernel has,
 * and answers with s2si_ike_child_result. An exchange that waits for a JOB, an SPI or a child's installation is in a state
 * of its own: retransmitted requests are ignored in it, and its message leaves once, after the completion
 * (responder: inbound SA first). A refusal ends it with the RFC's notify or a DELETE.
 *
 * RFCs: 7296 (IKEv2), 4301, 4303 (ESN), 5282 (AEAD in SK), 6023 waits, 6311 waits, 6989 (checks), 7383 (fragmentation),
 * 7634, 8031, 8247.
 */
#ifndef S2SI_IKEV2_H
#define S2SI_IKEV2_H

#include <s2svpn/crypto.h>
#include "lib/crypto/crypto.h"
#include "lib/ike/common/identity.h"
#include "lib/ike/common/proposal.h"

struct s2si_ike;      /* all peers and SAs of one engine */
struct s2si_ike_peer; /* one tunnel's far end as configured */

#define S2SI_IKE_SELECTORS 16 /* per side */

struct s2si_ike_limits {
    uint32_t half_open_total, half_open_per_address; /* refuse above (RFC 7296 section 2.6, RFC 8019) */
    uint32_t cookie_total, cookie_per_address;       /* ask for cookies above */
    uint32_t half_open_seconds;
    uint32_t dh_per_second; /* responder DH steps before authentication; above it cookies, then silence */
    uint32_t message_bytes; /* largest IKE message, reassembled */
    uint32_t fragments, fragment_bytes, fragment_seconds; /* RFC 7383 reassembly, per IKE_SA */
    uint32_t children; /* per IKE_SA */
};
/* The defaults; their reasons stand in lib/README.md. */
void s2si_ike_limits_init(struct s2si_ike_limits *limits);

struct s2si_ike_params {
    struct s2si_mem *mem;
    const struct s2si_log *log;
    struct s2si_crypto *crypto;
    struct s2si_ike_limits limits;
    /* Called with the keys of each new IKE_SA and CHILD_SA in Wireshark's table formats; NULL unless asked for by name. A leaf. */
    void (*key_log)(void *user, bool esp, const char *line);
    void *key_log_user;
};

/* One tunnel's far end. Copied by add and update, lists in their exact size; what it points to is borrowed for the call. Times in
   nanoseconds. */
struct s2si_ike_peer_config {
    uint64_t owner;   /* the gateway's id of the tunnel; comes back in outputs */
    const char *name; /* for log lines */
    struct s2s_addr local;   /* our outside address; family 0 = any of the gateway's */
    struct s2s_addr remote;  /* family 0 = any: matched by identity, never initiates */
    uint16_t port, natt_port, remote_port, remote_natt_port; /* 500 and 4500 unless configured otherwise */
    const struct s2si_identity *local_id, *remote_id; /* NULL = ANY */
    const uint8_t *psk;
    size_t psk_length;
    const struct s2si_proposal_list *ike, *esp;
    const struct s2s_selector *local_ts, *remote_ts;
    uint8_t local_ts_count, remote_ts_count; /* at most S2SI_IKE_SELECTORS */
    bool start;   /* startup_action start: initiate now and whenever it is down */
    bool nat_traversal;
    uint8_t encapsulation; /* 0 auto, 1 always (fake NAT detection), 2 never (fail rather than encapsulate) */
    bool fragmentation;
    uint16_t fragment_size; /* bytes of IP packet, 1280 by default */
    s2s_time ike_lifetime, child_lifetime;
    s2s_time rekey_margin;  /* 0 = a tenth of the lifetime; rekey at lifetime - margin * (1 + rand * fuzz / 100) */
    uint32_t rekey_fuzz;    /* percent */
    bool dpd;
    s2s_time dpd_delay;     /* idle time before a liveness check */
    s2s_time dpd_timeout;   /* dead this long after the last sign of life */
    uint8_t dpd_action;     /* 0 clear, 1 none, 2 restart */
    s2s_time retransmit_base; /* first retransmission; doubles (x1.8) with jitter */
    uint8_t retransmit_tries;
    s2s_time retry_min, retry_max; /* back-off between attempts to establish, with jitter */
    s2s_time nat_keepalive;
    s2s_time drain; /* inbound SAs are kept this long after their DELETE is answered */
};
void s2si_ike_peer_config_init(struct s2si_ike_peer_config *config);

struct s2si_ike *s2si_ike_new(const struct s2si_ike_params *params);
/* Silent: no farewell; wipes everything. Jobs that were handed out must be done before. */
void s2si_ike_free(struct s2si_ike *ike);

/* @return 0, S2S_ERR_NO_MEMORY, S2S_ERR_UNSUPPORTED (an algorithm that this build lacks). */
int s2si_ike_peer_add(struct s2si_ike *ike, const struct s2si_ike_peer_config *config, s2s_time now,
                      struct s2si_ike_peer **peer);
/* New settings hold from the next negotiation on; running SAs are left alone (the gateway decides when to terminate). */
int s2si_ike_peer_update(struct s2si_ike_peer *peer, const struct s2si_ike_peer_config *config, s2s_time now);
/* Forgets the peer and its SAs at once, without farewell. Use s2si_ike_terminate first for a polite end. */
void s2si_ike_peer_remove(struct s2si_ike_peer *peer, s2s_time now);

/* Starts IKE_SA_INIT unless an IKE_SA or an attempt is there (then it makes a missing CHILD_SA). */
int s2si_ike_initiate(struct s2si_ike_peer *peer, s2s_time now);
/* From now on it is to be up by itself (config.start), or not any more. What is under way is left alone. */
void s2si_ike_peer_keep_up(struct s2si_ike_peer *peer, bool start);
/* A closed peer answers no new IKE_SA, as if it were not there; what it has goes on. Open again with false. */
void s2si_ike_peer_close(struct s2si_ike_peer *peer, bool closed);
/* Traffic wants it: as initiate, but it does not shorten the back-off of a peer that did not answer or refused. Cheap
   enough for each packet without SA. @return 0, S2S_ERR_STATE. */
int s2si_ike_acquire(struct s2si_ike_peer *peer, s2s_time now);
/* Sends DELETE for the IKE_SA, keeps inbound CHILD_SAs until the answer plus drain. Does not initiate again by itself
   until s2si_ike_initiate is called, when hold is true. */
int s2si_ike_terminate(struct s2si_ike_peer *peer, bool hold, s2s_time now);
/* The answer to the DELETE does not come: what is closing counts as down from now on (EV_IKE_DOWN), its inbound CHILD_SAs
   drain, and its DELETE is said on beside whatever is started next. */
void s2si_ike_let_go(struct s2si_ike_peer *peer, s2s_time now);
int s2si_ike_rekey_ike(struct s2si_ike_peer *peer, s2s_time now);
int s2si_ike_rekey_child(struct s2si_ike_peer *peer, uint32_t spi_in, s2s_time now); /* 0 = the newest */
/* An empty INFORMATIONAL now (a probe or a doubt). One that is still unanswered is sent again, the same bytes, without
   counting as a retransmission: a probe that lost one packet is not a dead path. @return 0, S2S_ERR_AGAIN (another
   request is outstanding), S2S_ERR_STATE (no IKE_SA). The answer comes as EVENT_ALIVE with the round trip. */
int s2si_ike_liveness(struct s2si_ike_peer *peer, s2s_time now);
/* ESP or anything else authenticated came from the peer: resets dead-peer detection. Cheap. */
void s2si_ike_peer_alive(struct s2si_ike_peer *peer, s2s_time now);
/* The outbound SA nears its last sequence number: rekey it soon. */
void s2si_ike_sequence_low(struct s2si_ike_peer *peer, uint32_t spi_in, s2s_time now);
/* ESP that verified came from elsewhere (NAT mapping change, RFC 7296 section 2.23). */
void s2si_ike_peer_moved(struct s2si_ike_peer *peer, const struct s2s_endpoint *remote, s2s_time now);
/* Our own outside address went away or came back: SAs from it are dead without farewell / may start again. */
void s2si_ike_local_changed(struct s2si_ike *ike, const struct s2s_addr *local, bool present, s2s_time now);

/* One datagram of port 500 or 4500, the non-ESP marker already taken off. Malformed input is counted, never fatal. */
void s2si_ike_feed(struct s2si_ike *ike, const struct s2s_endpoint *local, const struct s2s_endpoint *remote,
                   const uint8_t *data, size_t length, s2s_time now);
void s2si_ike_tick(struct s2si_ike *ike, s2s_time now);
s2s_time s2si_ike_next_timeout(const struct s2si_ike *ike);

/* ---- a CHILD_SA as data ---- */
struct s2si_ike_child {
    uint64_t id;      /* never reused in this engine */
    uint64_t owner;   /* the tunnel */
    uint32_t spi_in, spi_out; /* ours, theirs; host order */
    struct s2si_suite suite;  /* encryption, integrity, group used, esn */
    struct s2si_secret key_in, key_out, integ_in, integ_out; /* encryption keys carry no salt */
    uint8_t salt_in[4], salt_out[4];
    struct s2s_selector *local_ts, *remote_ts; /* owned by the child */
    uint8_t local_ts_count, remote_ts_count;
    struct s2s_endpoint local, remote; /* outer; ports only count with encapsulation */
    bool udp_encapsulation;
    bool want_in, want_out; /* what should be installed now: the gateway's desired set is the sum of these */
    bool has_in, has_out;   /* what the gateway reported */
    bool rekeyed;           /* a newer one has taken over (outbound goes to the newest with want_out) */
    s2s_time created, hard_expire;
};
/* By id, or NULL when it is gone (the gateway then deletes what it has of it). */
const struct s2si_ike_child *s2si_ike_child_get(const struct s2si_ike *ike, uint64_t id);
/* All children of a peer: start with NULL. */
const struct s2si_ike_child *s2si_ike_child_next(const struct s2si_ike_peer *peer, const struct s2si_ike_child *after);
/* The kernel's answer for one direction; result 0 or an error. Also told when an SA was removed (installed false). */
void s2si_ike_child_result(struct s2si_ike *ike, uint64_t id, bool inbound, bool installed, int result, s2s_time now);

/* ---- outputs ---- */
enum s2si_ike_output_type {
    S2SI_IKE_SEND = 1,    /* a datagram; the non-ESP marker is already there when the port needs it */
    S2SI_IKE_JOB,         /* run s2si_ike_job_run(job) on any thread, then s2si_ike_job_done */
    S2SI_IKE_SPI_NEEDED,  /* an inbound SPI, unique for the kernel: s2si_ike_spi_done(op, spi) */
    S2SI_IKE_CHILD_DIRTY, /* child's wants changed (or it is gone) */
    S2SI_IKE_EVENT
};
enum s2si_ike_event_type {
    S2SI_IKE_EV_IKE_UP = 1,      /* IKE_SA established (also after rekey: rekeyed true) */
    S2SI_IKE_EV_IKE_DOWN,        /* reason tells why */
    S2SI_IKE_EV_CHILD_UP,        /* both directions installed */
    S2SI_IKE_EV_CHILD_DOWN,
    S2SI_IKE_EV_CHILD_REKEYED,
    S2SI_IKE_EV_CHILD_FAILED,    /* no CHILD_SA came of an exchange: notify says why (NO_PROPOSAL_CHOSEN, TS_UNACCEPTABLE) */
    S2SI_IKE_EV_FAILED,          /* an attempt to establish failed: reason and notify */
    S2SI_IKE_EV_ALIVE,           /* answer to a liveness request: round_trip */
    S2SI_IKE_EV_RETRANSMIT,      /* first retransmission of a request: the peer is in doubt */
    S2SI_IKE_EV_MOVED,           /* the peer's endpoint changed: remote */
    S2SI_IKE_EV_DELETE_RECEIVED, /* the peer said DELETE: IKE_SA or CHILD_SA (spi) */
    S2SI_IKE_EV_NAT              /* NAT detection result: nat_local, nat_remote */
};
enum s2si_ike_reason {
    S2SI_IKE_REASON_NONE = 0, S2SI_IKE_REASON_NO_PROPOSAL, S2SI_IKE_REASON_AUTH_FAILED_BY_PEER, /* peer sent AUTHENTICATION_FAILED */
    S2SI_IKE_REASON_AUTH_FAILED,     /* we could not verify the peer's AUTH */
    S2SI_IKE_REASON_ID_MISMATCH, S2SI_IKE_REASON_TS_UNACCEPTABLE, S2SI_IKE_REASON_TIMEOUT /* no answer */,
    S2SI_IKE_REASON_DPD, S2SI_IKE_REASON_PEER_DELETE, S2SI_IKE_REASON_ADMIN, S2SI_IKE_REASON_KERNEL,
    S2SI_IKE_REASON_INVALID_SYNTAX, S2SI_IKE_REASON_INVALID_KE, S2SI_IKE_REASON_LIFETIME, S2SI_IKE_REASON_REPLACED /* INITIAL_CONTACT */,
    S2SI_IKE_REASON_ADDRESS_LOST, S2SI_IKE_REASON_NAT_FORBIDDEN /* encapsulation never, NAT found */, S2SI_IKE_REASON_NO_MEMORY,
    S2SI_IKE_REASON_VERSION, S2SI_IKE_REASON_OTHER_NOTIFY
};
/* What the two ends differ in, and where. Values stand side by side: ours, then what came from the peer. */
enum s2si_ike_differs {
    S2SI_DIFFERS_NOTHING = 0, S2SI_DIFFERS_ENCRYPTION, S2SI_DIFFERS_INTEGRITY /* or PRF */, S2SI_DIFFERS_GROUP,
    S2SI_DIFFERS_SEVERAL, S2SI_DIFFERS_SELECTORS, S2SI_DIFFERS_IDENTITY, S2SI_DIFFERS_PSK, S2SI_DIFFERS_NAT
};
enum s2si_ike_stage { S2SI_STAGE_NONE = 0, S2SI_STAGE_INIT, S2SI_STAGE_AUTH, S2SI_STAGE_CHILD };
#define S2SI_MISMATCH_TEXT 160
struct s2si_ike_mismatch {
    uint8_t what;  /* enum s2si_ike_differs */
    uint8_t stage; /* enum s2si_ike_stage: which exchange it was */
    char local[S2SI_MISMATCH_TEXT], remote[S2SI_MISMATCH_TEXT];
};
struct s2si_ike_output {
    enum s2si_ike_output_type type;
    uint64_t owner; /* the tunnel, 0 before it is known */
    /* SEND: data is borrowed until the next call of any s2si_ike function */
    struct s2s_endpoint local, remote;
    const uint8_t *data;
    size_t length;
    /* JOB, SPI_NEEDED */
    uint64_t op;
    struct s2si_ike_job *job;
    /* CHILD_DIRTY */
    uint64_t child;
    /* EVENT */
    enum s2si_ike_event_type event;
    enum s2si_ike_reason reason;
    uint16_t notify; /* RFC notify type, 0 = none */
    bool initiator, rekeyed, nat_local, nat_remote;
    uint32_t spi_in, spi_out;
    s2s_time round_trip;
    struct s2si_ike_mismatch mismatch;
    char detail[160]; /* local against remote value, in words ("received KE group 14, expected 19") */
};
/* @return true and fills out, or false when there is nothing. */
bool s2si_ike_next_output(struct s2si_ike *ike, struct s2si_ike_output *out);
/* Whether an event was lost for want of memory since the last call: the caller then looks at all its peers' states. */
bool s2si_ike_event_lost(struct s2si_ike *ike);
/* A DH step. Touches only the job's own memory and exchange handle. */
void s2si_ike_job_run(struct s2si_ike_job *job);
/* Must be called once for each JOB, also when the IKE_SA is gone; frees the job. */
void s2si_ike_job_done(struct s2si_ike *ike, struct s2si_ike_job *job, s2s_time now);
void s2si_ike_spi_done(struct s2si_ike *ike, uint64_t op, uint32_t spi, int result, s2s_time now);

/* ---- status ---- */
struct s2si_ike_status {
    bool connecting, established, child_established, initiator;
    bool closing; /* our DELETE waits for its answer, or an attempt that will end with one */
    bool nat_local, nat_remote, udp_encapsulation;
    uint64_t spi_i, spi_r;
    struct s2si_suite ike, child;     /* negotiated */
    struct s2si_identity peer_id;
    struct s2s_endpoint local, remote; /* where it runs now */
    uint32_t spi_in, spi_out;
    s2s_time established_at, rekey_ike_at, rekey_child_at, last_seen;
    enum s2si_ike_reason last_reason;
    uint16_t last_notify;
    uint64_t ike_rekeys, child_rekeys, retransmits, attempts;
};
void s2si_ike_peer_status(const struct s2si_ike_peer *peer, struct s2si_ike_status *out);

struct s2si_ike_counters {
    uint64_t received, sent, malformed, unknown_spi, bad_integrity, replayed, cookies_sent, cookies_checked, refused_half_open,
        fragments_in, fragments_dropped, half_open;
};
void s2si_ike_counters(const struct s2si_ike *ike, struct s2si_ike_counters *out);

#endif
