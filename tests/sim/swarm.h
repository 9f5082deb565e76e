/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swarm: 2 to 50 gateways around one router, a host behind each, some behind a NAT of their own, tunnels between them as a
 * seed says:
 *
 *     host 10.I.0.2 ── gateway I ── [NAT I] ── core ── [NAT J] ── gateway J ── host 10.J.0.2
 *
 * A gateway is an Alibaba VPN gateway, an AWS virtual private gateway or a generic one, made from a configuration text as a user
 * writes it (swarm_text.c). Outside addresses are 20.I.0.K, one or two a tunnel end; behind a NAT 192.168.I.1. Every gateway has
 * a default route in clear, so that a leak would show on its outer link.
 *
 *     swarm.c        the world, its processes     swarm_text.c   the configuration of a node
 *     swarm_watch.c  the promises                 test_swarm.c   what happens to them
 */
#ifndef TEST_SWARM_H
#define TEST_SWARM_H

#include <s2svpn/config.h>
#include <s2svpn/driver.h>
#include <s2svpn/route.h>
#include <s2svpn/sim.h>

#include "tests/sim/ladder.h"

#define SWARM_NODES 50
#define SWARM_EDGES 50
#define SWARM_SPIS 16384
#define SWARM_KEYS 16384
#define SWARM_TEXT 60000 /* bytes of a configuration */

enum swarm_kind { KIND_GENERIC, KIND_ALIBABA, KIND_AWS };
enum swarm_routing { ROUTING_POLICY, ROUTING_STATIC, ROUTING_BGP };

/* What one end of a connection is given, where its profile leaves a choice. */
struct swarm_settings {
    unsigned startup; /* 0 add, 1 trap, 2 start */
    unsigned ike_lifetime, ipsec_lifetime, replay_window;
    bool restart, esn, probe;
};

struct swarm_edge {
    unsigned node[2];
    unsigned tunnels;
    enum swarm_routing routing;
    struct swarm_settings settings[2];
    unsigned slot[2]; /* AWS end: how many connections stand before it */
    uint32_t rules[2][2]; /* at the core: tunnel, direction; 0 = none */
    unsigned guarded[2]; /* BGP: the process of this end that has learned the other's prefix; 0 = none has */
    s2s_sim_flow *flow[2];
};

struct swarm_node {
    struct swarm *swarm;
    enum swarm_kind kind;
    s2s_sim_node *gateway, *host, *nat; /* nat NULL = none */
    s2s_sim_link *outer, *inner, *public; /* outer: of the gateway; public: of the core */
    s2s_engine *engine; /* NULL while it is down */
    s2s_driver *driver;
    s2s_gateway *object;
    enum s2s_sim_mode mode;
    s2s_time up_at; /* while down: when the next process starts */
    size_t bytes, most_bytes;
    unsigned edges, slots, tunnels, process;
    uint32_t refuse_ppm; /* allocations */
    uint64_t chance;
};

struct swarm {
    bool tell_events; /* S2S_TRACE */
    uint64_t seed, chance;
    s2s_sim *sim;
    s2s_sim_node *core;
    struct swarm_node nodes[SWARM_NODES];
    struct swarm_edge edges[SWARM_EDGES];
    unsigned node_count, edge_count, starts, faults;
    struct {
        uint64_t key;
        uint32_t sequence;
    } spis[SWARM_SPIS]; /* last number by sender and SPI */
    struct {
        uint64_t key, owner;
    } keys[SWARM_KEYS]; /* of outbound SAs: which CHILD_SA of which process */
    size_t spi_count, key_count;
    struct ladder ladder;
    char wrong[160]; /* the first broken promise; "" = none */
};

/* A number below limit, of the seed's stream. */
uint32_t swarm_draw(struct swarm *swarm, uint32_t limit);
void swarm_build(struct swarm *swarm, uint64_t seed);
void swarm_free(struct swarm *swarm);
/* A process on this node, with all its connections. */
void swarm_start(struct swarm *swarm, struct swarm_node *node);
/* kill -9. */
void swarm_stop(struct swarm *swarm, struct swarm_node *node);
/* Remembers the first broken promise. */
void swarm_wrong(struct swarm *swarm, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The configuration of a node, ' for ". */
void swarm_text(const struct swarm *swarm, unsigned node, char *out, size_t size);
/* Outside address of one end of a tunnel (from 0) as the other end sees it. */
void swarm_outside(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end, unsigned tunnel, char *out, size_t size);
/* Outside addresses of a node. */
unsigned swarm_addresses(const struct swarm_node *node);
/* The object of one end of a tunnel (from 0), NULL while its process is down. */
s2s_tunnel *swarm_tunnel(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end, unsigned tunnel);

/* A gateway's outer link: nothing in clear, sequence numbers of each SPI only grow, as the sender puts them there. */
void swarm_watch_link(struct swarm_node *node);
/* All other promises, at this moment. */
void swarm_check(struct swarm *swarm);

#endif
