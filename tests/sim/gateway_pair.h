/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway_pair: two whole gateways in a sim, a host behind each, and a router for each of up to two tunnels:
 *
 *                          10.1.0.1  gw a  198.51.100.1 ── r1 ── 203.0.113.1  gw b  10.2.0.1
 *     host a 10.1.0.2 ─────────────┤      198.51.101.1 ── r2 ── 203.0.114.1      ├───────────── host b 10.2.0.2
 *
 * Inside networks: 169.254.10.0/30 (tunnel 1), 169.254.11.0/30 (tunnel 2); a is .1, b is .2.
 */
#ifndef TEST_GATEWAY_PAIR_H
#define TEST_GATEWAY_PAIR_H

#include <s2svpn/driver.h>
#include <s2svpn/route.h>
#include <s2svpn/sim.h>

#define PAIR_EVENTS 512

struct pair_end {
    s2s_engine *engine;
    s2s_driver *driver;
    s2s_gateway *gateway;
    s2s_connection *connection;
    s2s_sim_node *node, *host;
    struct {
        enum s2s_event_type type;
        enum s2s_reason reason;
        enum s2s_trigger trigger;
        uint32_t tunnel;
        s2s_time at;
    } events[PAIR_EVENTS];
    size_t event_count;
    bool shutdown_done;
};

struct pair_params {
    unsigned tunnels; /* 1 or 2 */
    enum s2s_sim_mode mode;
    uint32_t without; /* capabilities that the kernels lack */
    int route_mode;   /* enum s2s_route_mode */
    bool a_starts, b_starts;
    int probe_interval_ms; /* 0 = no probe */
    uint64_t seed;
    const char *far[2]; /* what each end knows as the other's address (tunnel 1); NULL = that address */
    void (*tune)(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                 struct s2s_tunnel_params *tunnels); /* may be NULL */
};

struct pair {
    s2s_sim *sim;
    struct pair_end a, b;
    s2s_sim_node *routers[2];
    s2s_sim_link *outer_a[2], *outer_b[2], *inner_a, *inner_b;
    bool trace;
    uint64_t seeds; /* of the engines' random numbers */
};

void pair_params_init(struct pair_params *params);
void pair_setup(struct pair *pair, const struct pair_params *params);
void pair_teardown(struct pair *pair);
/* A new process after a crash (s2s_sim_node_crash). */
void pair_start_again(struct pair *pair, struct pair_end *end, const struct pair_params *params);
/* The objects of one end anew in its engine, which has none. */
void pair_make_objects(struct pair *pair, struct pair_end *end, const struct pair_params *params);
void pair_run(struct pair *pair, unsigned milliseconds);
enum s2s_tunnel_status pair_status(const struct pair_end *end, unsigned tunnel);
/* How many events of this type there were. */
size_t pair_events(const struct pair_end *end, enum s2s_event_type type);
/* Runs until the tunnel is up at both ends or the time is over. @return whether it is up. */
bool pair_until_up(struct pair *pair, unsigned tunnel, unsigned milliseconds);
/* count pings from host a to host b, 10 ms apart; runs until 1 s after the last. @return answers. */
unsigned pair_ping(struct pair *pair, unsigned count);
/* Inner addresses seen on any outer link. */
uint64_t pair_cleartext(const struct pair *pair);
/* New PSK for one tunnel at one end. */
int pair_set_psk(struct pair *pair, struct pair_end *end, unsigned tunnel, const char *psk);

#endif
