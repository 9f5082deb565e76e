/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_tcp: a small TCP (RFC 9293), enough for a BGP session over bad links: SYN with MSS, sequence and acknowledgement
 * numbers, go-back-N with a timer (RFC 6298) and fast retransmit, zero-window probes, FIN, RST, the MD5 option (RFC 2385) with
 * a digest of our own that is worth nothing but differs when keys differ, and the TTL check of RFC 5082. No congestion window,
 * no reassembly: what comes out of order is dropped and sent again.
 *
 *     STREAM actions ──> sim_stream ──> socket ──> segments ──> s2si_sim_send: they are inner packets of the node
 *     s2si_sim_input ──> sim_stream (which socket) ──> s2si_sim_tcp_input ──> sink->stream
 */
#ifndef S2SI_BACKEND_SIM_TCP_H
#define S2SI_BACKEND_SIM_TCP_H

#include "lib/backend/sim_kernel.h"

struct s2si_sim_md5 {
    uint8_t key[S2SI_SIM_MD5_KEY];
    size_t length; /* 0 = none */
};

enum s2si_sim_tcp_state { S2SI_SIM_SYN_SENT, S2SI_SIM_SYN_RECEIVED, S2SI_SIM_ESTABLISHED };

struct s2si_sim_socket {
    struct s2si_list node;        /* of streams->sockets, or ->graveyard */
    struct s2si_sim_kernel *kernel;
    uint64_t id, listener;
    enum s2si_sim_tcp_state state;
    struct s2s_endpoint local, remote;
    uint8_t ttl, min_ttl;
    struct s2si_sim_md5 md5;
    bool orphan;                  /* its owner has closed it, or was told that it is closed */
    bool dead;                    /* in the graveyard */
    bool wants_pull, blocked;     /* its owner has bytes; it had more than there was room for */
    bool fin_wanted, fin_acked, peer_fin;
    struct s2si_sim_event timer, work;
    unsigned retries, same_acks;
    s2s_time rto, timed_at;       /* timed_at: when timed_seq was sent; S2S_TIME_NEVER = none is timed */
    uint32_t timed_seq;
    uint32_t una, nxt, highest;   /* first unacknowledged, next to send, one behind the last ever sent */
    uint32_t rcv_nxt, peer_window;
    uint16_t mss;
    uint8_t *buffer;              /* from una on */
    size_t length;
};

/* What is in a segment. */
struct s2si_sim_segment {
    const struct s2si_ip *ip;
    struct s2s_endpoint local, remote; /* as this node sees them */
    uint32_t seq, ack;
    uint8_t flags;
    uint16_t window, mss;              /* mss 0 = no option */
    const uint8_t *md5;                /* 16 bytes, NULL = no option */
    const uint8_t *data;
    size_t length;
};
enum { S2SI_SIM_FIN = 1, S2SI_SIM_SYN = 2, S2SI_SIM_RST = 4, S2SI_SIM_PSH = 8, S2SI_SIM_ACK = 16 };

struct s2si_sim_listener {
    struct s2si_list node, keys;
    uint64_t id;
    struct s2s_endpoint local;
    uint8_t ttl, min_ttl;
};
struct s2si_sim_streams {
    struct s2si_list sockets, listeners, graveyard;
    struct s2si_sim_event reap;
    uint64_t accepted;
    uint16_t port;   /* next ephemeral one */
    uint32_t window; /* s2s_sim_stream_window */
};

/* sim_segment.c */
bool s2si_sim_segment_read(const struct s2si_ip *ip, const uint8_t *data, struct s2si_sim_segment *out);
bool s2si_sim_segment_md5_good(const struct s2si_sim_segment *segment, const struct s2si_sim_md5 *key);
void s2si_sim_segment_send(struct s2si_sim_socket *socket, uint32_t seq, uint8_t flags, const uint8_t *data, size_t length);
/* Answers a segment that nobody wants (RFC 9293 section 3.10.7.1). */
void s2si_sim_segment_refuse(struct s2si_sim_kernel *kernel, const struct s2si_sim_segment *segment);

/* sim_tcp.c */
/* A socket with its buffer, in no state yet; NULL without memory. */
struct s2si_sim_socket *s2si_sim_socket_new(struct s2si_sim_kernel *kernel);
void s2si_sim_socket_bury(struct s2si_sim_socket *socket); /* freed by the next turn of the clock */
void s2si_sim_socket_free(struct s2si_sim_socket *socket);
void s2si_sim_tcp_open(struct s2si_sim_socket *socket, enum s2si_sim_tcp_state state);
void s2si_sim_tcp_input(struct s2si_sim_socket *socket, const struct s2si_sim_segment *segment);
void s2si_sim_tcp_close(struct s2si_sim_socket *socket, bool reset);
void s2si_sim_tcp_work(struct s2si_sim_socket *socket); /* soon: pulls and sends */
uint32_t s2si_sim_tcp_window(const struct s2si_sim_socket *socket);
void s2si_sim_tcp_tell(struct s2si_sim_socket *socket, enum s2s_stream_input_type type, const uint8_t *data, size_t length,
                       int error);

#endif
