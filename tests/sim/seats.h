/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seats: any number of gateways, each made from a configuration text as a user writes it, around one router that can lose
 * the packets between two outside addresses; a host behind each.
 *
 *     host ── gateway (seat) ══ outside addresses ══ net ══ ... other seats
 *
 * Configuration texts are written with ' for ", so that they can be read.
 */
#ifndef TEST_SEATS_H
#define TEST_SEATS_H

#include <s2svpn/bgp_session.h>
#include <s2svpn/config.h>
#include <s2svpn/driver.h>
#include <s2svpn/route.h>
#include <s2svpn/sim.h>

enum { SEATS = 4 };

struct seat {
    s2s_engine *engine;
    s2s_driver *driver;
    s2s_config *config;
    s2s_sim_node *node, *host;
    s2s_sim_link *outer, *inner;
    const char *name;
    size_t path_switches; /* events */
};

struct seats {
    s2s_sim *sim;
    s2s_sim_node *net;
    struct seat seats[SEATS];
    size_t count;
};

void seats_open(struct seats *seats);
void seats_close(struct seats *seats);
/* A gateway node with these outside addresses ("8.0.0.146 8.0.0.74"), its own address in its network ("10.0.0.1/16") and a
   host there ("10.0.0.223/16"). Nothing runs on it yet. */
struct seat *seats_place(struct seats *seats, const char *name, const char *outside, const char *gateway, const char *host);
/* Starts a gateway from a text; fails the test with the errors if it is refused. */
void seat_start(struct seats *seats, struct seat *seat, const char *text);
/* Changes it to another text. @return what s2s_config_reload says. */
int seat_reload(struct seats *seats, struct seat *seat, const char *text);
void seats_run(struct seats *seats, unsigned milliseconds);
/* Lets the engine of a seat go on after a call of the API. */
void seat_kick(struct seat *seat);

s2s_gateway *seat_gateway(const struct seat *seat);
s2s_tunnel *seat_tunnel(const struct seat *seat, const char *connection, size_t index);
enum s2s_tunnel_status seat_status(const struct seat *seat, const char *connection, size_t index);
/* Which tunnel of a connection is active; 0 = none. */
uint32_t seat_active(const struct seat *seat, const char *connection);
/* Until count tunnels of a seat are up, sessions established with BGP. */
bool seats_until(struct seats *seats, const struct seat *seat, size_t count, bool bgp, unsigned milliseconds);
uint64_t seat_drops(const struct seat *seat, enum s2s_drop_reason reason);

/* count pings, 10 ms apart, and 2 s of grace. @return answers. */
unsigned seats_ping(struct seats *seats, const struct seat *from, const char *destination, unsigned count);
/* A stream of 100 pings a second. */
s2s_sim_ping *seats_stream(struct seats *seats, const struct seat *from, const char *destination, unsigned seconds);
struct s2s_sim_ping_stats seats_stream_end(struct seats *seats, s2s_sim_ping *stream);
/* The net loses what goes from one outside address to the other, both ways, from now on. */
void seats_silence(struct seats *seats, const char *a, const char *b);
/* Packets with an inner address seen on any outer link. */
uint64_t seats_cleartext(const struct seats *seats);

#endif
