/* SPDX-License-Identifier: Apache-2.0 */
/* sim_world: a small world that several tests of the simulation share, and a sink that plays an engine. */
#ifndef TEST_SIM_WORLD_H
#define TEST_SIM_WORLD_H

#include <s2svpn/sim.h>

/*
 *   left 10.1.0.2 ── gate_a 10.1.0.1/198.51.100.1 ── core ── gate_b 203.0.113.1/10.2.0.1 ── right 10.2.0.2
 *
 * core routes the inner networks too: whatever leaks arrives.
 */
struct sim_world {
    s2s_sim *sim;
    s2s_sim_node *left, *gate_a, *core, *gate_b, *right;
    s2s_sim_link *lan_a, *wan_a, *wan_b, *lan_b;
};
void sim_world_make(struct sim_world *world, uint64_t seed, const struct s2s_sim_gateway_params *params);
void sim_world_free(struct sim_world *world);

/* An engine's stand-in: keeps what it heard; wraps inner packets into a "tunnel" without any cipher: outer packets carry the
   inner packet behind eight bytes of SPI and sequence number. */
#define FAKE_EVENTS 512
struct fake_completion {
    uint64_t op;
    int error;
    s2s_time at;
    char device[32];
};
struct fake_engine {
    s2s_sim *sim;
    const struct s2s_kernel *kernel;
    struct s2s_kernel_sink sink;
    struct s2s_endpoint local, remote;
    bool udp;                                 /* wraps into UDP, else ESP */
    uint32_t sequence;
    struct fake_completion completions[FAKE_EVENTS];
    size_t completion_count;
    struct s2s_kernel_notice notices[FAKE_EVENTS];
    char notice_devices[FAKE_EVENTS][32];
    size_t notice_count;
    struct s2s_stream_input inputs[FAKE_EVENTS]; /* data is not kept here */
    size_t input_count;
    uint8_t *sent, *got;                      /* stream bytes: to be pulled, and fed */
    size_t sent_length, sent_at, got_length, got_capacity;
    size_t inner, outer, largest_batch;
    struct s2s_packet last;                   /* the latest packet handed up */
    uint64_t next_op;
};
void fake_start(struct fake_engine *engine, struct sim_world *world, s2s_sim_node *node, const char *local, const char *remote);
/* Submits with a fresh op, which it returns. */
uint64_t fake_submit(struct fake_engine *engine, struct s2s_action action);
const struct fake_completion *fake_completion(const struct fake_engine *engine, uint64_t op);
/* BIND, DEVICE_ADD, ROUTE_ADD and an UNREACHABLE route, as a gateway does; lets a second pass. */
void fake_tunnel(struct fake_engine *engine, const char *prefix);
struct s2s_action fake_route(const char *prefix, enum s2s_route_kind kind, uint32_t metric);
struct s2s_addr fake_addr(const char *text);
struct s2s_prefix fake_prefix(const char *text);

#endif
