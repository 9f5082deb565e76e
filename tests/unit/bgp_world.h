/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bgp_world: BGP speakers in one process, joined by streams in memory, under a clock that the test turns. A node may also be
 * spoken to with raw octets.
 */
#ifndef S2SI_TEST_BGP_WORLD_H
#define S2SI_TEST_BGP_WORLD_H

#include "lib/bgp/speaker.h"
#include "tests/unit/failing_allocator.h"

enum { WORLD_NODES = 4, WORLD_STREAMS = 64, WORLD_EVENTS = 64 };

struct bgp_node {
    struct s2si_mem mem;
    struct s2si_bgp *bgp;
    unsigned changes, reachable, unreachable;      /* ROUTE outputs */
    struct s2si_bgp_output events[WORLD_EVENTS]; /* the last ones */
    unsigned event_count;                          /* all */
};

struct bgp_stream {
    bool used, closed[2], connecting;
    bool blocked[2];       /* this end does not read */
    size_t trickle;        /* octets delivered at once, 0 = all */
    int node[2];           /* [0] connected */
    uint64_t id[2];
    uint8_t *data[2];      /* under way to that end */
    size_t length[2];
    struct s2si_bgp_session *session; /* the connector's */
};

struct bgp_world {
    struct bgp_node nodes[WORLD_NODES];
    int node_count;
    struct bgp_stream streams[WORLD_STREAMS];
    s2s_time now;
    uint64_t next_id;
    bool cut;              /* nothing gets through, nothing is closed */
    bool refuse;           /* connections are refused */
};

void bgp_world_init(struct bgp_world *world);
void bgp_world_clear(struct bgp_world *world);
/* allocator NULL = malloc. */
int bgp_world_node(struct bgp_world *world, uint32_t asn, uint32_t router_id, const struct s2s_allocator *allocator);
/* 10.0.0.local to 10.0.0.peer, IPv4 and IPv6, hold time 30. */
struct s2si_bgp_session_config bgp_world_config(uint8_t local, uint8_t peer, uint32_t peer_asn);
struct s2si_bgp_session *bgp_world_session(struct bgp_world *world, int node, const struct s2si_bgp_session_config *config);
/* Two nodes, external, established unless told otherwise. */
void bgp_world_pair(struct bgp_world *world, struct s2si_bgp_session *sessions[2]);
void bgp_world_run(struct bgp_world *world, s2s_time duration);
bool bgp_world_saw(const struct bgp_node *node, enum s2si_bgp_event event, int code, int subcode);
struct s2s_prefix bgp_prefix(const char *text);
bool bgp_world_has(const struct s2si_bgp_session *session, enum s2s_bgp_route_table table, const char *prefix,
                   struct s2s_bgp_route_state *route);
unsigned bgp_world_count(const struct s2si_bgp_session *session, enum s2s_bgp_route_table table);

/* ---- a peer of raw octets */

enum { RAW_STREAM = 77, RAW_SENT = 1 << 16 };
struct bgp_raw {
    struct bgp_world world;
    struct s2si_bgp_session *session;
    uint8_t sent[RAW_SENT]; /* what the speaker sent */
    size_t sent_length;
    bool closed;
};
/* A passive session of AS 65001 (10.0.0.1) whose peer (10.0.0.2) is external_asn, or internal with 65001. */
void bgp_raw_init(struct bgp_raw *raw, uint32_t peer_asn);
void bgp_raw_config(struct bgp_raw *raw, const struct s2si_bgp_session_config *config);
void bgp_raw_clear(struct bgp_raw *raw);
void bgp_raw_connect(struct bgp_raw *raw);
void bgp_raw_feed(struct bgp_raw *raw, const uint8_t *data, size_t length);
/* OPEN (four-octet AS unless two_octet) and KEEPALIVE; afterwards the session is established. */
void bgp_raw_establish(struct bgp_raw *raw, uint32_t asn, bool two_octet, bool graceful);
/* Frames a body and feeds it. */
void bgp_raw_message(struct bgp_raw *raw, uint8_t type, const uint8_t *body, size_t length);
/* Takes outputs and what waits to be sent. */
void bgp_raw_drain(struct bgp_raw *raw);
/* The last NOTIFICATION sent; false when there was none. */
bool bgp_raw_notification(const struct bgp_raw *raw, uint8_t *code, uint8_t *subcode);
/* "40 01 01 00" to octets. @return how many. */
size_t bgp_hex(const char *text, uint8_t *out, size_t capacity);

#endif
