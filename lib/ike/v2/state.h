/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state: the data of the IKEv2 machine. Private to lib/ike/v2.
 *
 *     s2si_ike ──┬─ peers ── s2si_ike_peer ──┬─ IKE_SAs ── s2si_ike_sa ──┬─ mine    our request, one at a time
 *                │                           │                           ├─ theirs  the peer's request in work
 *                │                           │                           └─ answer  reply cache
 *                ├─ half-open IKE_SAs        └─ CHILD_SAs ── s2si_child_sa
 *                └─ outputs: datagrams, jobs, SPIs wanted, dirty children, events
 *
 * Data flow: receive.c takes a datagram to its IKE_SA, opens it, and looks up the row of transitions.c; the row's
 * handler works on one of the two exchange slots. What has to be said next is never queued: each IKE_SA and CHILD_SA
 * carries wishes (rekey, delete, liveness), and exchange.c picks the next one when the window is free.
 * What an exchange must wait for (DH, an SPI, an installation) is named by its slot's `wait`; the completion resumes
 * it.
 */
#ifndef S2SI_IKEV2_STATE_H
#define S2SI_IKEV2_STATE_H

#include <string.h>

#include "lib/ike/v2/ikev2.h"
#include "lib/crypto/kdf.h"
#include "lib/ike/common/notify.h"
#include "lib/ike/common/numbers.h"
#include "lib/ike/v2/auth.h"
#include "lib/ike/v2/cookie.h"
#include "lib/ike/v2/fragment.h"
#include "lib/ike/v2/message.h"
#include "lib/ike/v2/message_rules.h"
#include "lib/ike/v2/natd.h"
#include "lib/ike/v2/payload.h"
#include "lib/ike/v2/sk.h"
#include "lib/ike/v2/ts.h"

#define S2SI_NONCE_LENGTH 32   /* ours: at least half of the largest PRF key (RFC 7296 section 2.10) */
#define S2SI_NONCE_COMPARED 32 /* bytes kept of a nonce for the collision rule */
#define S2SI_INIT_RETRIES 5    /* COOKIE and INVALID_KE_PAYLOAD answers followed in one attempt */
#define S2SI_MARKER 4          /* non-ESP marker (RFC 3948 section 2.2) */

/* ---- deadlines: several named times, one heap entry (timers.c) ---- */
#define S2SI_DEADLINES 8
struct s2si_deadlines {
    struct s2si_timer timer; /* always in the heap, so that moving it cannot fail */
    s2s_time at[S2SI_DEADLINES];
};
enum s2si_owner_kind { OWNER_SA = 1, OWNER_CHILD, OWNER_PEER };
enum { /* of an IKE_SA */
       AT_RETRANSMIT,
       AT_REKEY,
       AT_EXPIRE,
       AT_LIVENESS,
       AT_KEEPALIVE,
       AT_LIMIT,
       AT_REASSEMBLY,
       AT_WISH
};
enum { AT_CHILD_REKEY, AT_CHILD_EXPIRE, AT_CHILD_DRAIN, AT_CHILD_REDUNDANT }; /* of a CHILD_SA */
enum { AT_PEER_CONNECT, AT_PEER_CHILD };                                      /* of a peer */

/* ---- a datagram, or the fragments of one message, shared by the cache and the output queue ---- */
struct s2si_packet {
    uint32_t references;
    uint32_t count;
    size_t size; /* of this block */
    bool queued; /* a copy waits in the output queue already */
    struct s2si_packet_piece {
        uint32_t offset, length; /* into bytes; S2SI_MARKER zero bytes stand before offset */
    } pieces[];
};

/* The content of a long message, kept beside its packet so that it can be cut into smaller fragments (path.c). */
struct s2si_plain {
    uint8_t first, exchange;
    struct s2si_secret chain;
};

/* ---- exchanges ---- */
enum s2si_task {
    TASK_NONE,
    TASK_INIT,
    TASK_AUTH,
    TASK_CHILD_NEW,
    TASK_CHILD_REKEY,
    TASK_IKE_REKEY,
    TASK_CHILD_DELETE,
    TASK_IKE_DELETE,
    TASK_LIVENESS,
    TASK_AUTH_FAILED,
    TASK_INFORMATIONAL,
    TASKS
};
enum s2si_wait {
    WAIT_NOTHING,
    WAIT_SPI /* for the kernel to name one */,
    WAIT_PUBLIC,
    WAIT_SHARED /* for a DH step */,
    WAIT_INSTALL /* for an inbound SA */,
    WAIT_ANSWER /* for the peer */,
    WAITS
};

struct s2si_lowest { /* the lower of an exchange's two nonces (RFC 7296 section 2.8.1) */
    uint8_t length;
    uint8_t data[S2SI_NONCE_COMPARED];
};

/* What is being agreed in IKE_SA_INIT, IKE_AUTH or CREATE_CHILD_SA. */
struct s2si_negotiation {
    struct s2si_secret ni, nr;      /* nonce data of the exchange's initiator and responder */
    struct s2si_secret ke, peer_ke; /* public values */
    struct s2si_secret shared;
    enum s2s_algorithm group;
    void *dh; /* exchange handle; NULL while a job has it */
    struct s2si_suite suite;
    struct s2si_proposal chosen;
    uint64_t child, old; /* ids: the CHILD_SA in the making and the one it replaces */
    uint64_t successor;  /* id of the IKE_SA in the making */
    uint32_t deleted[4]; /* unknown SPIs that the peer deleted meanwhile: its answer may name one */
    uint8_t deleted_count;
    uint64_t rival; /* id of what the peer made of the same SA meanwhile (a collision), 0 = none */
    struct s2si_lowest rival_lowest;
    uint64_t spi, peer_spi64; /* TASK_IKE_REKEY: the new SPIs */
    uint32_t peer_spi;        /* responder: the peer's SPI and what was agreed, until the CHILD_SA has its own */
    struct s2s_selector local_ts[S2SI_IKE_SELECTORS], remote_ts[S2SI_IKE_SELECTORS];
    uint8_t local_ts_count, remote_ts_count;
    uint16_t notify; /* responder: why there is no CHILD_SA */
    uint8_t retries;
    uint8_t refusals; /* clear-text error answers seen (RFC 7296 section 2.21) */
    uint8_t cookie_length;
    uint8_t cookie[S2SI_COOKIE_MAX];
};

struct s2si_slot {
    enum s2si_task task;
    enum s2si_wait wait;
    uint32_t id; /* Message ID */
    uint64_t op; /* of the JOB or SPI_NEEDED that it waits for */
    s2s_time sent_at;
    uint8_t tries;
    struct s2si_packet *packet; /* the request, for retransmission */
    struct s2si_plain *plain;   /* its content, or NULL */
    struct s2si_negotiation *talks;
    uint32_t spis[4]; /* TASK_CHILD_DELETE: our inbound SPIs named in it */
    uint8_t spi_count;
};

/* What AUTH needs of IKE_SA_INIT; dropped when the IKE_SA is established. */
struct s2si_auth_data {
    struct s2si_secret request, response; /* RealMessage1 and 2 (RFC 7296 section 2.15) */
    struct s2si_secret ni, nr;
};

/* ---- IKE_SA ---- */
enum s2si_sa_state {
    ST_INIT_I = 1 << 0, /* IKE_SA_INIT request under way */
    ST_AUTH_I = 1 << 1, /* IKE_AUTH request under way */
    ST_INIT_R = 1 << 2, /* IKE_SA_INIT received, IKE_AUTH not yet through */
    ST_UP = 1 << 3,
    ST_REKEYED = 1 << 4, /* its successor has taken over; DELETE is due from either side */
    ST_CLOSING = 1 << 5, /* our DELETE is wanted or under way */
    ST_LINGER = 1 << 6   /* failed or deleted by the peer; answers retransmissions only */
};

struct s2si_ike_sa {
    struct s2si_list node;      /* in s2si_ike.sas */
    struct s2si_list peer_node; /* in peer.sas, once it is the peer's own */
    struct s2si_ike *ike;
    struct s2si_ike_peer *peer;
    uint64_t id;
    enum s2si_sa_state state;
    bool initiator;     /* of IKE_SA_INIT or of the rekey that made it */
    bool authenticated; /* attached to the peer */
    bool half_open;     /* counted as such */
    uint64_t spi_i, spi_r;
    struct s2s_endpoint local, remote;
    bool nat_local, nat_remote, natt; /* natt: on port 4500, children encapsulated */
    bool fragmentation;
    uint8_t init_address[16]; /* key of s2si_ike.inits */
    struct s2si_suite suite;
    struct s2si_ike_keys keys;
    struct s2si_sk sk_in, sk_out;
    struct s2si_auth_data *auth;
    struct s2si_identity *peer_id;
    struct s2si_lowest lowest;
    struct s2si_reassembly reassembly;

    struct s2si_slot mine, theirs;
    uint32_t next_out, next_in; /* Message IDs */
    struct s2si_packet *answer; /* to request next_in - 1 */
    struct s2si_plain *answer_plain;
    uint8_t answer_repeats; /* how often the peer asked for it again */
    uint16_t path_size;     /* the path takes no longer IP packets; 0 = not known, as configured */
    struct s2si_list children;
    uint64_t successor;    /* of ST_REKEYED */
    uint64_t instead_of;   /* reauthentication: this one goes when we stand */
    uint64_t redundant_of; /* collision: this one goes after a pause */

    bool want_rekey, want_delete, want_liveness, want_child, probe;
    bool doomed;       /* to be deleted as soon as it is established */
    bool reported;     /* EV_IKE_UP was given */
    bool told_failure; /* EV_FAILED was given early */
    enum s2si_ike_reason close_reason;
    uint16_t failure; /* notify to send with TASK_AUTH_FAILED */
    s2s_time created, established_at, last_seen;
    struct s2si_deadlines deadlines;
};

/* ---- CHILD_SA ---- */
enum s2si_child_state {
    CH_LARVAL,     /* no SPI or keys yet */
    CH_INSTALLING, /* wants are set, the kernel has not answered */
    CH_UP,
    CH_REPLACED, /* a newer one carries the traffic; DELETE is due */
    CH_DELETING, /* our DELETE is wanted or under way */
    CH_DRAINING, /* said goodbye; the inbound SA takes late packets */
    CH_GONE      /* waits for the kernel's answers and its last output */
};

struct s2si_child_sa {
    struct s2si_ike_child data; /* what the gateway sees */
    struct s2si_list node;      /* in s2si_ike_sa.children */
    struct s2si_list peer_node; /* in peer.children */
    struct s2si_list output;    /* in s2si_ike.dirty */
    bool dirty;
    struct s2si_ike *ike;
    struct s2si_ike_peer *peer;
    struct s2si_ike_sa *sa; /* NULL while it drains after its IKE_SA's end */
    enum s2si_child_state state;
    bool initiator; /* we started the exchange that made it */
    bool want_rekey;
    bool reported; /* EV_CHILD_UP was given */
    bool up_once;
    bool outbound_later; /* responder of a rekey: outbound after the old one's DELETE (RFC 7296 section 2.8) */
    uint64_t replaces;   /* id of the one it takes over from */
    uint64_t replaced_by;
    uint64_t redundant_of; /* a duplicate of this one: to be deleted after a pause */
    struct s2si_lowest lowest;
    struct s2si_deadlines deadlines;
};

/* ---- peer ---- */
/* What a peer is and may negotiate, in exact-size copies: most tunnels have a proposal or two and one selector a side. */
struct s2si_peer_lists {
    struct s2si_proposal_list *ike, *esp;
    struct s2s_selector *local_ts, *remote_ts;
    uint8_t local_ts_count, remote_ts_count;
    struct s2si_identity *local_id, *remote_id;
};

struct s2si_ike_peer {
    struct s2si_list node;
    struct s2si_ike *ike;
    uint64_t id;
    struct s2si_ike_peer_config config; /* name, psk and the lists point to the owned copies below */
    struct s2si_peer_lists lists;
    char *name;
    struct s2si_secret psk;
    struct s2si_list sas, children;
    bool held;         /* terminated for good, or waiting for initiate */
    bool wanted;       /* initiate was called */
    bool restarting;   /* DPD action restart: until it is up again */
    bool local_absent; /* our address is away */
    bool closed;       /* takes no new IKE_SA */
    uint32_t failures; /* attempts in a row */
    uint32_t child_failures;
    s2s_time retry_at; /* traffic does not start another attempt before */
    enum s2si_ike_reason last_reason;
    uint16_t last_notify;
    uint64_t ike_rekeys, child_rekeys, retransmits, attempts;
    struct s2si_deadlines deadlines;
};

/* ---- the object ---- */
struct s2si_ike {
    struct s2si_mem *mem;
    const struct s2si_log *log;
    struct s2si_crypto *crypto;
    struct s2si_ike_limits limits;
    void (*key_log)(void *user, bool esp, const char *line);
    void *key_log_user;

    s2s_time now;
    uint64_t next_id;
    struct s2si_list peers, sas;
    struct s2si_map by_spi;   /* our SPI -> IKE_SA */
    struct s2si_map by_id;    /* id -> IKE_SA */
    struct s2si_map children; /* id -> CHILD_SA */
    struct s2si_map inits;    /* SPIi and address -> half-open IKE_SA */
    struct s2si_timers timers;
    struct s2si_cookies cookies;
    s2s_time dh_refilled, error_refilled;
    uint32_t dh_tokens, error_tokens;
    struct s2si_list outputs, jobs, dirty;
    size_t queued;                   /* nodes with memory of their own in outputs */
    bool event_lost;                 /* for want of memory, since s2si_ike_event_lost */
    struct s2si_output_node *handed; /* its packet is borrowed by the caller */
    uint8_t *scratch, *chain, *wire; /* limits.message_bytes each, and a little: opened, written, sealed message */
    size_t room;
    struct s2si_ike_counters counters;
};

/* ---- timers.c ---- */
int s2si_deadlines_init(struct s2si_ike *ike, struct s2si_deadlines *deadlines, enum s2si_owner_kind kind, void *owner);
void s2si_deadlines_clear(struct s2si_ike *ike, struct s2si_deadlines *deadlines);
void s2si_deadline_set(struct s2si_ike *ike, struct s2si_deadlines *deadlines, unsigned which, s2s_time at);
void s2si_deadline_stop(struct s2si_ike *ike, struct s2si_deadlines *deadlines, unsigned which);
/* base scaled by 1 - spread .. 1 (spread in percent), so that two ends do not act at once. */
s2s_time s2si_jitter_down(struct s2si_ike *ike, s2s_time base, uint32_t spread_percent);
s2s_time s2si_rekey_time(struct s2si_ike_peer *peer, s2s_time lifetime,
                         bool first); /* first: the end that is to act first */

/* ---- output.c ---- */
struct s2si_packet *s2si_packet_new(struct s2si_ike *ike, size_t count, size_t bytes);
void s2si_packet_drop(struct s2si_ike *ike, struct s2si_packet *packet); /* one reference */
uint8_t *s2si_packet_piece_data(struct s2si_packet *packet, size_t n);
void s2si_output_packet(struct s2si_ike *ike, struct s2si_packet *packet, uint64_t owner,
                        const struct s2s_endpoint *local, const struct s2s_endpoint *remote);
/* A datagram that is kept nowhere. */
void s2si_output_once(struct s2si_ike *ike, uint64_t owner, const struct s2s_endpoint *local,
                      const struct s2s_endpoint *remote, const uint8_t *data, size_t length);
int s2si_output_spi(struct s2si_ike *ike, uint64_t owner, uint64_t op);
void s2si_output_job(struct s2si_ike *ike, struct s2si_ike_job *job);
void s2si_output_dirty(struct s2si_child_sa *child);
/* Takes an event filled by the caller; lost when memory is out (events tell, they do not steer). */
void s2si_output_event(struct s2si_ike *ike, const struct s2si_ike_output *event);
void s2si_output_clear(struct s2si_ike *ike);

/* ---- ikev2.c ---- */
uint64_t s2si_new_id(struct s2si_ike *ike);
struct s2si_ike_sa *s2si_sa_by_id(const struct s2si_ike *ike, uint64_t id);
struct s2si_child_sa *s2si_child_by_id(const struct s2si_ike *ike, uint64_t id);
uint32_t s2si_random32(struct s2si_ike *ike);
void s2si_say(struct s2si_ike *ike, enum s2s_log_level level, const struct s2si_ike_peer *peer, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- peer.c ---- */
/* The best peer for these addresses; after (NULL = first) allows to walk all of them, the exact ones first. */
struct s2si_ike_peer *s2si_peer_by_address(struct s2si_ike *ike, const struct s2s_endpoint *local,
                                           const struct s2s_endpoint *remote, struct s2si_ike_peer *after);
struct s2si_ike_peer *s2si_peer_by_identity(struct s2si_ike *ike, const struct s2si_ike_sa *sa,
                                            const struct s2si_identity *remote, const struct s2si_identity *local);
bool s2si_peer_unique_identity(const struct s2si_ike_peer *peer);
struct s2si_ike_sa *s2si_peer_established(const struct s2si_ike_peer *peer); /* newest that is up, or NULL */
struct s2si_ike_sa *s2si_peer_connecting(const struct s2si_ike_peer *peer);
bool s2si_peer_has_child(const struct s2si_ike_peer *peer); /* one that carries or will carry traffic */
bool s2si_peer_auto(const struct s2si_ike_peer *peer);      /* it is to be up by itself */
void s2si_peer_attempt_failed(struct s2si_ike_peer *peer, enum s2si_ike_reason reason, uint16_t notify);
/* Something took it down: reconnect if it is to be up. restart: even if it is not a start peer (DPD action restart). */
void s2si_peer_lost(struct s2si_ike_peer *peer, bool restart);
void s2si_peer_child_wanted(struct s2si_ike_peer *peer, bool failed);
void s2si_peer_deadline(struct s2si_ike_peer *peer, unsigned which);
void s2si_peer_event(struct s2si_ike_peer *peer, enum s2si_ike_event_type type, enum s2si_ike_reason reason,
                     uint16_t notify, const char *detail);
/* The same with the values that differ. */
void s2si_peer_differs(struct s2si_ike_peer *peer, enum s2si_ike_event_type type, enum s2si_ike_reason reason,
                       uint16_t notify, const char *detail, const struct s2si_ike_mismatch *mismatch);

/* ---- mismatch.c: message NULL = the peer refused ours and did not tell its own ---- */
void s2si_mismatch_proposals(const struct s2si_proposal_list *ours, const struct s2si_proposal_list *theirs,
                             bool skip_group, struct s2si_ike_mismatch *out);
void s2si_mismatch_offered(const struct s2si_proposal_list *ours, bool skip_group, struct s2si_ike_mismatch *out);
void s2si_mismatch_selectors(const struct s2si_ike_peer_config *config, const struct s2si_message *message,
                             struct s2si_ike_mismatch *out);
void s2si_mismatch_child(const struct s2si_ike_peer_config *config, const struct s2si_message *message, uint16_t notify,
                         bool first, struct s2si_ike_mismatch *out);
void s2si_mismatch_values(uint8_t what, const char *local, const char *remote, struct s2si_ike_mismatch *out);

/* ---- ike_sa.c ---- */
const char *s2si_sa_nat_words(const struct s2si_ike_sa *sa); /* where the NAT is */
struct s2si_ike_sa *s2si_sa_new(struct s2si_ike *ike, struct s2si_ike_peer *peer, bool initiator);
/* Unlinks and wipes; children are put to rest first. Silent on the wire. */
void s2si_sa_free(struct s2si_ike_sa *sa);
/* Who the peer said it is, in a copy of its own. @return whether there was memory for it. */
bool s2si_sa_keep_identity(struct s2si_ike_sa *sa, const struct s2si_identity *id);
int s2si_sa_attach(struct s2si_ike_sa *sa, struct s2si_ike_peer *peer);
uint64_t s2si_sa_own_spi(const struct s2si_ike_sa *sa);
int s2si_sa_set_own_spi(struct s2si_ike_sa *sa, uint64_t spi); /* 0 = draw one */
/* SKEYSEED and the rest from talks; predecessor NULL for IKE_SA_INIT. */
int s2si_sa_derive(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, const struct s2si_ike_sa *predecessor);
void s2si_sa_established(struct s2si_ike_sa *sa, bool rekeyed);
/* The end of an IKE_SA without another word on the wire. */
void s2si_sa_down(struct s2si_ike_sa *sa, enum s2si_ike_reason reason, uint16_t notify, bool drain);
void s2si_sa_close(struct s2si_ike_sa *sa, enum s2si_ike_reason reason); /* DELETE when the window allows */
void s2si_sa_let_go(struct s2si_ike_sa *sa); /* see s2si_ike_let_go */
/* A new IKE_SA beside this one, which goes when that one stands. */
void s2si_sa_reauthenticate(struct s2si_ike_sa *sa);
void s2si_sa_linger(struct s2si_ike_sa *sa);
void s2si_sa_deleted_by_peer(struct s2si_ike_sa *sa, enum s2si_ike_reason reason, uint16_t notify);
/* A rival of a rekey collision: usable, but children come to it only if it wins (rekey_ike.c). */
void s2si_sa_in_waiting(struct s2si_ike_sa *sa);
void s2si_sa_not_half_open(struct s2si_ike_sa *sa);
void s2si_sa_deadline(struct s2si_ike_sa *sa, unsigned which);
void s2si_sa_moved(struct s2si_ike_sa *sa, const struct s2s_endpoint *local, const struct s2s_endpoint *remote);
void s2si_sa_move_children(struct s2si_ike_sa *from, struct s2si_ike_sa *to);
void s2si_sa_watch(struct s2si_ike_sa *sa); /* sets the liveness deadline anew */

/* ---- child_sa.c ---- */
struct s2si_child_sa *s2si_child_new(struct s2si_ike_sa *sa, bool initiator);
void s2si_child_free(struct s2si_child_sa *child); /* never installed */
/* Keys from talks; initiator and responder are those of the exchange. */
int s2si_child_derive(struct s2si_child_sa *child, struct s2si_negotiation *talks);
void s2si_child_install(struct s2si_child_sa *child, bool inbound, bool outbound);
void s2si_child_answered(struct s2si_child_sa *child);
void s2si_child_takes_over(struct s2si_child_sa *child); /* outbound too; the one that it replaces stops sending */
/* Stops sending now, receives until the drain is over. */
void s2si_child_rest(struct s2si_child_sa *child, enum s2si_ike_reason reason, bool drain);
void s2si_child_close(struct s2si_child_sa *child); /* DELETE when the window allows */
void s2si_child_deadline(struct s2si_child_sa *child, unsigned which);
struct s2si_child_sa *s2si_child_by_spi_in(struct s2si_ike_sa *sa, uint32_t spi);
struct s2si_child_sa *s2si_child_by_spi_out(struct s2si_ike_sa *sa, uint32_t spi);
void s2si_child_drain_start(struct s2si_child_sa *child);

/* ---- job.c ---- */
enum s2si_job_kind { JOB_PUBLIC, JOB_SHARED, JOB_BOTH };
/* The slot waits for it afterwards. */
void s2si_jobs_clear(struct s2si_ike *ike);
int s2si_job_start(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_job_kind kind);

/* ---- exchange.c ---- */
/* Starts our request: takes the window. talks is made for negotiations. */
struct s2si_slot *s2si_exchange_begin(struct s2si_ike_sa *sa, enum s2si_task task);
struct s2si_slot *s2si_exchange_accept(struct s2si_ike_sa *sa, enum s2si_task task, uint32_t id);
struct s2si_negotiation *s2si_talks_new(struct s2si_ike_sa *sa, struct s2si_slot *slot);
/* Ends a slot: wipes, frees; does not touch what it made. */
void s2si_exchange_end(struct s2si_ike_sa *sa, struct s2si_slot *slot);
/* Gives up the CHILD_SA that a slot was making; the slot goes on. */
void s2si_exchange_abort_child(struct s2si_ike_sa *sa, struct s2si_slot *slot);
/* Ends a slot and undoes what it was making. */
void s2si_exchange_abort(struct s2si_ike_sa *sa, struct s2si_slot *slot);
/* Picks the next wish of this IKE_SA if its window is free. */
void s2si_exchange_next(struct s2si_ike_sa *sa);
/* Sends an unanswered request of this task once more, outside the schedule. @return false if there is none. */
bool s2si_exchange_repeat(struct s2si_ike_sa *sa, enum s2si_task task);
void s2si_exchange_sent(struct s2si_ike_sa *sa, struct s2si_slot *slot); /* sends slot->packet, starts retransmission */
void s2si_exchange_retransmit(struct s2si_ike_sa *sa);
void s2si_exchange_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, int result);
int s2si_nonce_draw(struct s2si_ike_sa *sa, struct s2si_secret *nonce);
void s2si_lowest_of(const struct s2si_secret *a, const struct s2si_secret *b, struct s2si_lowest *out);
int s2si_lowest_compare(const struct s2si_lowest *a, const struct s2si_lowest *b);

/* ---- send.c: writing messages ---- */
void s2si_chain_begin(struct s2si_ike_sa *sa, struct s2si_message_writer *writer);
/* Seals the chain as request or response and sends it; keeps it for retransmission or in the reply cache. */
int s2si_send_request(struct s2si_ike_sa *sa, struct s2si_slot *slot, uint8_t exchange,
                      struct s2si_message_writer *writer);
int s2si_send_response(struct s2si_ike_sa *sa, struct s2si_slot *slot, uint8_t exchange,
                       struct s2si_message_writer *writer);
/* A response with one notify and nothing else. Ends the slot. */
void s2si_respond_notify(struct s2si_ike_sa *sa, struct s2si_slot *slot, uint8_t exchange, uint16_t notify,
                         const void *data, size_t length);
/* The same request or answer in fragments that the path takes now; what was sealed before stays when memory is out. */
void s2si_reseal(struct s2si_ike_sa *sa, struct s2si_packet **packet, const struct s2si_plain *plain, bool response,
                 uint32_t id);
/* The answer once more: the request came again. */
void s2si_answer_again(struct s2si_ike_sa *sa, const struct s2si_message *request, const struct s2s_endpoint *local,
                       const struct s2s_endpoint *remote);
/* IKE_SA_INIT messages: what ike->wire holds. */
struct s2si_packet *s2si_packet_clear(struct s2si_ike *ike, size_t length);
void s2si_send_clear_notify(struct s2si_ike *ike, const struct s2si_ike_header *request,
                            const struct s2s_endpoint *local, const struct s2s_endpoint *remote, uint16_t notify,
                            const void *data, size_t length);

/* ---- path.c: how long a datagram may be (RFC 7383 section 2.5.1) ---- */
size_t s2si_path_room(const struct s2si_ike_sa *sa);       /* for an IKE message in one datagram */
size_t s2si_path_least_room(const struct s2si_ike_sa *sa); /* what every path takes */
/* Nobody answered: from now on the smallest size. @return whether it was larger before. */
bool s2si_path_shrink(struct s2si_ike_sa *sa);
/* The peer cut a message in pieces, the longest of this length: it may know more of the path. */
void s2si_path_heard(struct s2si_ike_sa *sa, size_t message_length);
/* Keeps what a smaller path would cut otherwise; NULL when there is no need or no memory. */
struct s2si_plain *s2si_plain_keep(const struct s2si_ike_sa *sa, uint8_t exchange,
                                   const struct s2si_message_writer *writer);
void s2si_plain_drop(struct s2si_ike *ike, struct s2si_plain *plain);

/* ---- ike_sa_init.c, ike_sa_init_r.c ---- */
/* instead_of: id of an IKE_SA to be deleted when this one stands (reauthentication), 0 = none. */
int s2si_init_start(struct s2si_ike_peer *peer, uint64_t instead_of);
void s2si_init_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result);
void s2si_init_response(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind);
void s2si_init_request(struct s2si_ike *ike, const struct s2si_message *message, const struct s2s_endpoint *local,
                       const struct s2s_endpoint *remote);
void s2si_init_r_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result);

/* ---- ike_auth.c, ike_auth_r.c ---- */
void s2si_auth_start(struct s2si_ike_sa *sa);
void s2si_auth_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result);
void s2si_auth_response(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind);
void s2si_auth_request(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind);
void s2si_auth_r_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result);
/* ID and AUTH payloads of our side. */
int s2si_write_auth(struct s2si_ike_sa *sa, struct s2si_message_writer *writer);
bool s2si_verify_auth(struct s2si_ike_sa *sa, const struct s2si_message *message, struct s2s_span id_body,
                      const struct s2si_secret *psk);
void s2si_own_identity(const struct s2si_ike_sa *sa, struct s2si_identity *out);
/* Makes the CHILD_SA of a negotiation and asks for its SPI; the slot waits for that. */
int s2si_talks_child(struct s2si_ike_sa *sa, struct s2si_slot *slot, bool initiator);
/* AUTH data of one side over a PSK; out has S2S_CRYPTO_MAX_HASH bytes. */
int s2si_auth_compute(struct s2si_ike_sa *sa, bool initiator_side, struct s2s_span id_body,
                      const struct s2si_secret *psk, uint8_t *out, size_t *length);

/* ---- child_negotiation.c: what IKE_AUTH and CREATE_CHILD_SA share ---- */
/* Writes SA, [Ni, KE,] TSi, TSr of our request or answer. */
void s2si_child_offer(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, struct s2si_message_writer *writer,
                      bool first);
void s2si_child_answer(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, struct s2si_message_writer *writer,
                       bool first);
/* Responder: chooses proposal and selectors. @return 0 or the notify that refuses. */
uint16_t s2si_child_choose(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, const struct s2si_message *message,
                           bool first);
/* Responder, once the SPI is there: moves the choice into the CHILD_SA and makes its keys. */
/* Exact-size copies. @return 0 or S2S_ERR_NO_MEMORY (then there are none). */
int s2si_child_set_selectors(struct s2si_child_sa *child, const struct s2s_selector *local, size_t local_count,
                             const struct s2s_selector *remote, size_t remote_count);
/* An array of exactly count selectors, or NULL. */
struct s2s_selector *s2si_selectors_copy(struct s2si_mem *mem, const struct s2s_selector *from, size_t count);
int s2si_child_take_choice(struct s2si_child_sa *child, struct s2si_negotiation *talks);
/* Initiator: checks the answer. @return 0 or the reason as a notify. */
uint16_t s2si_child_accept(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, const struct s2si_message *message,
                           bool first);
enum s2s_algorithm s2si_first_group(const struct s2si_proposal_list *list);
bool s2si_offers_group(const struct s2si_proposal_list *list, enum s2s_algorithm group);
void s2si_child_failed(struct s2si_ike_sa *sa, enum s2si_ike_reason reason, uint16_t notify, const char *detail);
void s2si_child_differs(struct s2si_ike_sa *sa, uint16_t notify, const char *detail,
                        const struct s2si_ike_mismatch *mismatch);

/* ---- create_child.c, rekey_child.c, rekey_ike.c ---- */
bool s2si_create_child_start(struct s2si_ike_sa *sa, struct s2si_child_sa *old); /* old NULL: a new one */
void s2si_create_child_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result);
void s2si_create_child_request(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind);
void s2si_create_child_response(struct s2si_ike_sa *sa, const struct s2si_message *message,
                                enum s2si_message_kind kind);
void s2si_create_child_r_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result);
void s2si_child_try_again(struct s2si_ike_sa *sa, struct s2si_child_sa *old, s2s_time pause);
void s2si_rekey_child_answered(struct s2si_ike_sa *sa, uint64_t old_id, struct s2si_child_sa *child);
void s2si_rekey_child_settle(struct s2si_ike_sa *sa, const struct s2si_negotiation *talks, struct s2si_child_sa *child);
void s2si_rekey_child_installed(struct s2si_child_sa *child);
void s2si_rekey_child_deleted(struct s2si_ike_sa *sa, struct s2si_child_sa *gone);
bool s2si_rekey_child_has_heir(const struct s2si_ike_sa *sa, const struct s2si_child_sa *old);
bool s2si_rekey_ike_rival_wins(struct s2si_ike_sa *sa);
bool s2si_rekey_ike_start(struct s2si_ike_sa *sa);
void s2si_rekey_ike_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result);
void s2si_rekey_ike_request(struct s2si_ike_sa *sa, const struct s2si_message *message);
void s2si_rekey_ike_response(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind);
void s2si_rekey_ike_r_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result);

/* ---- informational.c ---- */
bool s2si_informational_start(struct s2si_ike_sa *sa, enum s2si_task task);
void s2si_informational_request(struct s2si_ike_sa *sa, const struct s2si_message *message,
                                enum s2si_message_kind kind);
void s2si_informational_response(struct s2si_ike_sa *sa, const struct s2si_message *message,
                                 enum s2si_message_kind kind);

/* ---- collision.c ---- */
/* The notify with which a request is refused because of what we are doing ourselves, 0 = go on. child is the CHILD_SA
   that the request is about, NULL for none (RFC 7296 section 2.25). */
uint16_t s2si_collision_refuses(const struct s2si_ike_sa *sa, enum s2si_task request,
                                const struct s2si_child_sa *child);

/* ---- transitions.c ---- */
void s2si_transition(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind);
const char *s2si_task_name(enum s2si_task task);

/* ---- natt.c ---- */
/* @return false when a NAT was found and encapsulation is forbidden. */
bool s2si_natt_judge(struct s2si_ike_sa *sa, const struct s2si_message *message);
/* Appends the NAT_DETECTION notifies of an IKE_SA_INIT message. */
void s2si_natt_write(struct s2si_ike_sa *sa, struct s2si_message_writer *writer, uint64_t spi_r);
void s2si_natt_float(struct s2si_ike_sa *sa);
void s2si_natt_keepalive(struct s2si_ike_sa *sa);
bool s2si_natt_marker(const struct s2si_ike *ike, const struct s2s_endpoint *local);

/* ---- admission.c ---- */
enum s2si_admission { ADMIT, ADMIT_COOKIE /* ask for a cookie */, ADMIT_NOT };
/* known: the address is that of a peer. */
enum s2si_admission s2si_admission(struct s2si_ike *ike, const struct s2s_endpoint *remote, bool has_cookie, bool known);
void s2si_admission_take(struct s2si_ike *ike);  /* a DH step is about to be made for it */
bool s2si_admission_error(struct s2si_ike *ike); /* one more clear-text error answer may be sent */

/* ---- notify_rules.c ---- */
enum s2si_ike_reason s2si_reason_of(uint16_t notify);
enum s2si_verdict {                         /* what an error notify in an answer to CREATE_CHILD_SA means */
                    VERDICT_FAIL,           /* this exchange failed, try again with back-off */
                    VERDICT_LATER,          /* TEMPORARY_FAILURE: the same again after a pause */
                    VERDICT_UNKNOWN_CHILD,  /* CHILD_SA_NOT_FOUND: forget it, make a new one */
                    VERDICT_REAUTHENTICATE, /* NO_ADDITIONAL_SAS: a new IKE_SA is the only way */
                    VERDICT_OTHER_GROUP,    /* INVALID_KE_PAYLOAD */
                    VERDICT_FATAL           /* INVALID_SYNTAX, AUTHENTICATION_FAILED: the IKE_SA is over */
};
enum s2si_verdict s2si_verdict_of(uint16_t notify);

/* ---- key_log.c ---- */
void s2si_key_log_sa(const struct s2si_ike_sa *sa);
void s2si_key_log_child(const struct s2si_child_sa *child);

#endif
