/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_pair: two IKEv2 machines, the datagrams between them in an array, a virtual clock, and a kernel per end that
 * answers at once or when told. A test delivers, drops, doubles or reorders each message by hand, or lets everything
 * run. Ends are 0 ("a", the initiator unless a test says otherwise) and 1 ("b").
 */
#ifndef S2SI_TEST_IKE_PAIR_H
#define S2SI_TEST_IKE_PAIR_H

#include <s2svpn/esp.h>

#include "lib/ike/v2/state.h"

#define PAIR_FLIGHT 256
#define PAIR_PENDING 128
#define PAIR_EVENTS 512
#define PAIR_SAS 512
#define PAIR_PACKET 64 /* bytes of an inner packet */

struct pair_datagram {
    bool used;
    int from;
    struct s2s_endpoint source, destination;
    uint8_t *data;
    size_t length;
    /* read from the IKE header */
    uint8_t exchange;
    bool response;
    uint32_t id;
};

enum pair_pending_kind { PENDING_JOB, PENDING_SPI, PENDING_INSTALL };
struct pair_pending {
    bool used;
    enum pair_pending_kind kind;
    struct s2si_ike_job *job;
    uint64_t op;    /* SPI */
    uint64_t child; /* INSTALL */
    bool inbound, install;
    unsigned since; /* ike_pair_deliver()s before it */
};

struct pair_sa { /* what an end's kernel holds */
    uint64_t child;
    bool in, out;
    uint32_t spi_in, spi_out;
    s2s_esp_sa esp_in, esp_out; /* in the end's ESP engine, 0 = not installed */
};

struct pair_event {
    enum s2si_ike_event_type type;
    enum s2si_ike_reason reason;
    uint16_t notify;
    bool rekeyed;
    uint32_t spi_in;
};

struct pair;
struct pair_end {
    struct pair *pair;
    int index;
    struct s2s_allocator *allocator; /* NULL = malloc */
    struct s2si_mem mem;
    struct s2si_crypto crypto;
    struct s2si_log log;
    struct s2si_ike *ike;
    struct s2si_ike_peer *peer;
    struct s2si_ike_peer_config config; /* its lists are the next four, its identities stand behind them */
    struct s2si_proposal_list ike_list, esp_list;
    struct s2s_selector local_ts[S2SI_IKE_SELECTORS], remote_ts[S2SI_IKE_SELECTORS];
    struct s2si_identity local_id, remote_id;
    struct s2s_addr address, seen_as; /* own, and behind the NAT as others see it */
    struct pair_pending pending[PAIR_PENDING];
    struct pair_sa sas[PAIR_SAS];
    size_t sa_count;
    s2s_esp *esp; /* what its kernel encrypts with */
    struct pair_event events[PAIR_EVENTS];
    size_t event_count;
    uint32_t next_spi;
    bool late_jobs, late_spi, late_kernel; /* kept in pending until pair_complete */
    int refuse_in, refuse_out, refuse_spi; /* so many refusals, then none */
};

struct pair {
    struct pair_end end[2];
    s2s_time now;
    struct pair_datagram flight[PAIR_FLIGHT];
    size_t flights;     /* array slots in use, in order of sending */
    unsigned sent;      /* datagrams since start */
    unsigned delivered;
    bool nat;           /* end 0 is behind one */
    uint16_t nat_shift; /* it adds this to ports */
    /* Judges each datagram in pair_run: 0 = drop, 1 = deliver, 2 = deliver twice. NULL = deliver. */
    int (*judge)(struct pair *pair, const struct pair_datagram *datagram);
    void *judge_user;
    const struct s2s_crypto_provider *provider, *esp_provider; /* esp_provider: of the kernels, NULL = the same */
    struct s2si_ike_limits limits;
    bool verbose;
};

/* Two ends that fit each other; the configurations may be changed before pair_start. */
void ike_pair_init(struct pair *pair);
/* 0, or what went wrong (memory). The objects and one peer each. */
int ike_pair_start(struct pair *pair);
void ike_pair_stop(struct pair *pair);
/* An end dies without a word and is there again, with nothing but its configuration. */
void ike_pair_restart(struct pair *pair, int end);
/* init, start, initiate from end 0, run: IKE_SA and CHILD_SA on both ends. */
void ike_pair_up(struct pair *pair);

void ike_pair_pump(struct pair *pair, int end);       /* takes outputs: datagrams go into flight, the kernel acts */
void ike_pair_tick(struct pair *pair);                /* both ends, at pair->now */
size_t ike_pair_complete(struct pair *pair, int end); /* everything pending of an end; @return how many */
/* Of an end, what is older than so many deliveries. */
size_t ike_pair_complete_older(struct pair *pair, int end, unsigned deliveries);
size_t ike_pair_complete_one(struct pair *pair, int end, enum pair_pending_kind kind);
struct pair_datagram *ike_pair_next(struct pair *pair, int from); /* the oldest in flight, or NULL */
struct pair_datagram *ike_pair_find(struct pair *pair, int from, uint8_t exchange, bool response);
void ike_pair_deliver(struct pair *pair, struct pair_datagram *datagram);    /* and removes */
void ike_pair_copy(struct pair *pair, const struct pair_datagram *datagram); /* delivers a copy */
void ike_pair_drop(struct pair *pair, struct pair_datagram *datagram);
/* Delivers until nothing is in flight and nothing due now. */
void ike_pair_run(struct pair *pair);
/* pair_run while the clock goes on by so much, in steps of the timers. */
void ike_pair_wait(struct pair *pair, s2s_time time);

/* ---- judging ---- */
size_t ike_pair_ike_sas(const struct pair *pair, int end);                 /* that are up */
size_t ike_pair_children(const struct pair *pair, int end);                /* with an outbound SA in the kernel */
size_t ike_pair_inbounds(const struct pair *pair, int end);                /* with an inbound SA in the kernel */
const struct pair_sa *ike_pair_outbound(const struct pair *pair, int end); /* the one that traffic takes, or NULL */
/* A packet that this end seals with an outbound SA is opened by the other end, to the last byte. */
bool ike_pair_packet(const struct pair *pair, int from, const struct pair_sa *out);
/* The same over the SA that traffic takes. */
bool ike_pair_flows(const struct pair *pair, int from);
size_t ike_pair_events(const struct pair *pair, int end, enum s2si_ike_event_type type);
const struct pair_event *ike_pair_event(const struct pair *pair, int end,
                                        enum s2si_ike_event_type type); /* the last one */
/* Both ends: exactly one IKE_SA, one CHILD_SA, traffic both ways. @return NULL or what is wrong. */
const char *ike_pair_fault(const struct pair *pair);

#define PAIR_SECOND ((s2s_time)S2S_SECOND)

#endif
