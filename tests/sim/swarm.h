/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swarm: 2 to 50 gateways around one router, a host behind each, some behind a NAT of their own, tunnels between them as a
 * seed says:
 *
 *     host 10.I.0.2 ── gateway I ── [NAT I] ── core ── [NAT J] ── gateway J ── host 10.J.0.2
 *
 * Outside addresses are 100.64.I.1; behind a NAT 192.168.I.1. Every gateway has a default route in clear, so that a leak would
 * show on its outer link.
 */
#ifndef TEST_SWARM_H
#define TEST_SWARM_H

#include <s2svpn/driver.h>
#include <s2svpn/route.h>
#include <s2svpn/sim.h>

#include "tests/sim/ladder.h"

#define SWARM_NODES 50
#define SWARM_EDGES 50
#define SWARM_SPIS 16384

/* What one end of a tunnel is given. */
struct swarm_settings {
    int startup, dpd_action, ike_lifetime, ipsec_lifetime, esn, replay_window;
};

struct swarm_edge {
    unsigned node[2];
    struct swarm_settings settings[2];
    s2s_sim_flow *flow[2];
};

struct swarm_node {
    struct swarm *swarm;
    s2s_sim_node *gateway, *host, *nat; /* nat NULL = none */
    s2s_sim_link *outer, *inner, *public; /* outer: of the gateway; public: of the core */
    s2s_engine *engine; /* NULL while it is down */
    s2s_driver *driver;
    s2s_gateway *object;
    enum s2s_sim_mode mode;
    s2s_time up_at; /* while down: when the next process starts */
    size_t bytes, most_bytes, edges;
    uint32_t refuse_ppm; /* allocations */
    uint64_t chance;
};

struct swarm {
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
    size_t spi_count;
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
s2s_connection *swarm_connection(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end);

#endif
