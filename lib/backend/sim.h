/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: an in-memory internet (include/s2svpn/sim.h).
 *
 * Everything that takes time is an event in one heap, ordered by time and then by the order in which it was arranged; with one
 * seeded random stream that makes a run repeatable to the byte. A packet is one block of memory that moves through
 *
 *     s2si_sim_send (made here) ─┐                        ┌─> local: echo, pings, flows, the kernel's sockets
 *     link ──> s2si_sim_input ───┴─> rules ─> NAT ─> route ├─> s2si_sim_link_put ─> tap, chance, delay ─> other end's input
 *     device (decrypted) ──┘                              └─> device: handed up to the engine in a batch (RAW) or sealed (ESP)
 *
 *   sim          world, events, clock, loop seam            sim_kernel   the kernel seam: operations, their delay and refusal
 *   sim_packet   headers of packets made here               sim_install  devices, addresses, routes, SCAN
 *   sim_link     delay, loss, order, taps, watch            sim_data     batches to the engine, verdicts
 *   sim_route    longest prefix, metrics, fail closed       sim_tcp      a small TCP (RFC 9293) for STREAM actions
 *   sim_node     nodes and their addresses                  sim_stream   STREAM actions on top of it
 *   sim_ip       input, forwarding, output, ICMP
 *   sim_rule, sim_nat, sim_ping, sim_flow, sim_pcap         sim_esp      mode ESP: SAs, policies, paths
 *
 * Who is handed a struct s2si_sim_packet * owns it: passes it on or frees it.
 */
#ifndef S2SI_BACKEND_SIM_H
#define S2SI_BACKEND_SIM_H

#include <s2svpn/sim.h>
#include "lib/base/base.h"

/* Room in front of a packet's data: what the library may need and the headers that we add to that. */
#define S2SI_SIM_FRONT (S2S_PACKET_HEADROOM + 64)
#define S2SI_SIM_BACK S2S_PACKET_TAILROOM
#define S2SI_SIM_NAME 32
#define S2SI_SIM_LONGEST 65535

/* ---- events (sim.c) ---- */

struct s2si_sim_event {
    s2s_time at;
    uint64_t order; /* of arrangement: decides among equal times */
    uint32_t slot;  /* place in the heap + 1; 0 = not arranged */
    void (*fire)(s2s_sim *sim, struct s2si_sim_event *event);
};
/* Arranges or moves. @return false without memory (only when it was not arranged before). */
bool s2si_sim_arrange(s2s_sim *sim, struct s2si_sim_event *event, s2s_time at);
void s2si_sim_cancel(s2s_sim *sim, struct s2si_sim_event *event);

/* Evenly from 0 to bound - 1; 0 for bound 0 and 1. */
uint64_t s2si_sim_below(s2s_sim *sim, uint64_t bound);
bool s2si_sim_chance(s2s_sim *sim, uint32_t ppm);

/* ---- packets (sim_packet.c) ---- */

struct s2si_sim_packet {
    struct s2si_sim_event event; /* of its arrival */
    struct s2si_list node;       /* in a queue, or under way on its link */
    s2s_sim_link *link;          /* it is under way on */
    s2s_sim_node *here;          /* node that sent it to itself */
    enum s2s_sim_direction direction;
    uint32_t epoch;              /* of the link's carrier */
    unsigned device;             /* in a kernel's queue: device it goes out by */
    uint8_t kind, tos;           /* in a kernel's queue: enum s2s_packet_kind, and where it arrived */
    struct s2s_endpoint local, remote;
    size_t capacity, offset, length;
    uint8_t buffer[];
};

/* With FRONT and BACK around length bytes of zeros; NULL (counted) without memory. */
struct s2si_sim_packet *s2si_sim_packet_new(s2s_sim *sim, size_t length);
struct s2si_sim_packet *s2si_sim_packet_copy(s2s_sim *sim, const uint8_t *data, size_t length);
void s2si_sim_packet_free(s2s_sim *sim, struct s2si_sim_packet *packet);
uint8_t *s2si_sim_packet_data(struct s2si_sim_packet *packet);

struct s2si_sim_header {
    struct s2s_addr source, destination;
    uint8_t protocol, ttl, tos;
    bool dont_fragment;
    uint16_t id;
};
/* Puts an IP header (UDP header) in front of the data. @return false if there is no room or the families differ. */
bool s2si_sim_put_ip(struct s2si_sim_packet *packet, const struct s2si_sim_header *header);
bool s2si_sim_put_udp(struct s2si_sim_packet *packet, const struct s2si_sim_header *header, uint16_t source_port,
                      uint16_t destination_port);
/* The upper-layer checksum with its pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1), over a segment whose
   checksum field is zero or, when verifying, is to give 0. */
uint16_t s2si_sim_upper_checksum(const struct s2s_addr *source, const struct s2s_addr *destination, uint8_t protocol,
                                 const uint8_t *data, size_t length);
/* Computes the IPv4 header checksum anew (no-op for IPv6). */
void s2si_sim_mend_ip(uint8_t *data);
/* Computes IP and upper-layer (UDP, TCP, ICMP, ICMPv6) checksums anew. */
void s2si_sim_mend(uint8_t *data, const struct s2si_ip *ip);

/* ---- links (sim_link.c) ---- */

struct s2si_sim_side { /* one direction */
    struct s2s_sim_link_params params;
    struct s2s_sim_link_stats stats;
    bool blackhole;
    s2s_time busy_until, last_arrival;
};
struct s2si_sim_tap {
    struct s2si_list node;
    s2s_sim_frame_function function;
    void *user;
};
struct s2s_sim_link {
    struct s2si_list node;
    s2s_sim *sim;
    char name[S2SI_SIM_NAME];
    s2s_sim_node *ends[2]; /* FORTH goes from ends[0] to ends[1] */
    struct s2si_sim_side sides[2];
    bool up;
    uint32_t epoch;
    struct s2si_list under_way, taps, captures;
    s2s_sim_filter_function filter;
    void *filter_user;
    struct s2s_prefix *watches;
    size_t watch_count;
    uint64_t watched;
};
/* Puts a packet on the link at this node's end. */
void s2si_sim_link_put(s2s_sim_link *link, const s2s_sim_node *from, struct s2si_sim_packet *packet);
uint32_t s2si_sim_link_mtu(const s2s_sim_link *link, const s2s_sim_node *from);
void s2si_sim_link_free(s2s_sim_link *link);
void s2si_sim_captures_free(s2s_sim_link *link);

/* ---- routes (sim_route.c) ---- */

enum s2si_sim_target { S2SI_SIM_TO_LINK = 1, S2SI_SIM_TO_DEVICE, S2SI_SIM_TO_NOBODY };
struct s2si_sim_route {
    struct s2si_list node; /* of its prefix */
    struct s2s_prefix prefix, source; /* source.addr.family 0 = any */
    struct s2s_addr preferred_source;
    uint32_t table, metric, group;
    enum s2si_sim_target target;
    s2s_sim_link *link;
    unsigned device;
    bool installed, connected;   /* by the kernel seam; by an address */
    char owner[S2SI_SIM_NAME];
};
struct s2si_sim_routes {
    s2s_sim *sim;
    struct s2si_trie trie; /* prefix -> list of routes */
};
void s2si_sim_routes_init(struct s2si_sim_routes *routes, s2s_sim *sim);
void s2si_sim_routes_clear(struct s2si_sim_routes *routes);
/* Adds a copy. A route with the same prefix, source, table, target kind and, if not installed, metric and link is replaced. */
int s2si_sim_route_put(struct s2si_sim_routes *routes, const struct s2si_sim_route *route);
/* Removes every route for which match says so. @return how many. */
size_t s2si_sim_route_remove(struct s2si_sim_routes *routes, bool (*match)(void *user, const struct s2si_sim_route *route),
                             void *user);
/* The same for the routes of one prefix: quick. */
size_t s2si_sim_route_remove_at(struct s2si_sim_routes *routes, const struct s2s_prefix *prefix,
                                bool (*match)(void *user, const struct s2si_sim_route *route), void *user);
void s2si_sim_route_each(const struct s2si_sim_routes *routes, void (*visit)(void *user, const struct s2si_sim_route *route),
                         void *user);
/* What the engine installed first, then the longest prefix whose source fits, the longest source, the lowest metric (see
   sim_route.c). outer: what the engine installed is not looked at (packets of the tunnels themselves). NULL = no route. */
const struct s2si_sim_route *s2si_sim_route_find(const struct s2si_sim_routes *routes, const struct s2s_addr *source,
                                                 const struct s2s_addr *destination, bool outer);

/* ---- nodes (sim_node.c, sim_ip.c) ---- */

struct s2si_sim_address {
    struct s2si_list node;
    struct s2s_addr addr;
    uint8_t length;
    s2s_sim_link *link; /* NULL = loopback or device */
    bool on_device, up;
    unsigned device;
    char owner[S2SI_SIM_NAME];
};
struct s2si_sim_nat;
struct s2si_sim_kernel;
struct s2s_sim_node {
    struct s2si_list node;
    s2s_sim *sim;
    char name[S2SI_SIM_NAME];
    bool forwards, answer_too_big;
    struct s2si_list addresses, rules;
    struct s2si_sim_routes routes;
    struct s2si_sim_nat *nat;
    struct s2si_sim_kernel *kernel; /* gateway nodes */
    struct s2s_sim_node_stats stats;
    uint32_t next_rule;
    uint16_t ip_id, icmp_id;
};

struct s2s_sim {
    struct s2si_mem mem;
    s2s_time now;
    uint64_t order, random[4];
    struct s2si_sim_event **heap;
    size_t heap_count, heap_capacity;
    struct s2s_sim_stats stats;
    struct s2si_list nodes, links, pings, flows, timers, scripts;
    struct s2si_list looped; /* packets that a node sent to itself */
    uint32_t next_ping, next_flow;
    struct s2s_loop loop;
    struct s2si_sim_wakes *wakes;
};

/* A packet that came in: by link, or (NULL) out of a device. */
void s2si_sim_input(s2s_sim_node *node, struct s2si_sim_packet *packet, s2s_sim_link *link);
/* A packet made here, whole with its IP header. outer: it must not enter the device. */
void s2si_sim_send(s2s_sim_node *node, struct s2si_sim_packet *packet, bool outer);
/* Adds an address and its connected route. */
int s2si_sim_address_put(s2s_sim_node *node, const struct s2si_sim_address *address);
struct s2si_sim_address *s2si_sim_address_find(const s2s_sim_node *node, const struct s2s_addr *addr);
bool s2si_sim_is_local(const s2s_sim_node *node, const struct s2s_addr *addr); /* and up */
void s2si_sim_address_drop(s2s_sim_node *node, struct s2si_sim_address *address);
/* The address to send from to destination: the route's preferred one, or one on the link. family 0 = none. */
struct s2s_addr s2si_sim_source(const s2s_sim_node *node, const struct s2s_addr *destination, bool outer);
/* Tells the sender of packet by ICMP; type and code by RFC 792, or RFC 4443 for IPv6. */
void s2si_sim_icmp_error(s2s_sim_node *node, const struct s2si_sim_packet *packet, const struct s2si_ip *ip, uint8_t type4,
                         uint8_t code4, uint8_t type6, uint8_t code6);
void s2si_sim_node_free(s2s_sim_node *node);
/* Reads "10.0.0.1/24" with its host bits. */
int s2si_sim_parse(const char *text, struct s2s_addr *addr, uint8_t *length);
void s2si_sim_name(char out[S2SI_SIM_NAME], const char *name); /* cuts; NULL = "" */

/* ---- rules and NAT (sim_rule.c, sim_nat.c) ---- */

bool s2si_sim_ruled_out(s2s_sim_node *node, const struct s2si_ip *ip, const s2s_sim_link *in, const s2s_sim_link *out);
void s2si_sim_rules_free(s2s_sim_node *node);
/* Before the route of what came in by link. @return false: no mapping, to be dropped. ip is updated. */
bool s2si_sim_nat_in(s2s_sim_node *node, struct s2si_sim_packet *packet, struct s2si_ip *ip, const s2s_sim_link *link);
/* Before leaving by link. @return false: cannot be mapped. */
bool s2si_sim_nat_out(s2s_sim_node *node, struct s2si_sim_packet *packet, struct s2si_ip *ip, const s2s_sim_link *link);
void s2si_sim_nat_free(s2s_sim_node *node);
size_t s2si_sim_nat_count(const s2s_sim_node *node); /* mappings alive */

/* ---- traffic (sim_ping.c, sim_flow.c) ---- */

/* An echo reply, or (error) an ICMP error about one of our requests. */
void s2si_sim_ping_input(s2s_sim_node *node, const uint8_t *payload, size_t length, uint8_t ttl, bool error);
void s2si_sim_flow_input(s2s_sim_node *node, const uint8_t *payload, size_t length, bool damaged);
void s2si_sim_pings_free(s2s_sim *sim);
void s2si_sim_flows_free(s2s_sim *sim);

/* ---- what a gateway node's kernel takes (sim_data.c, sim_kernel.c) ---- */

int s2si_sim_kernel_new(s2s_sim_node *node, const struct s2s_sim_gateway_params *params);
/* A packet that the route sends into a device. */
void s2si_sim_kernel_device(s2s_sim_node *node, unsigned device, struct s2si_sim_packet *packet);
/* A packet for this node. @return true if the kernel took it. */
bool s2si_sim_kernel_local(s2s_sim_node *node, struct s2si_sim_packet *packet, const struct s2si_ip *ip);
uint32_t s2si_sim_kernel_mtu(const s2s_sim_node *node, unsigned device);
void s2si_sim_kernel_address(s2s_sim_node *node, const struct s2s_addr *addr, bool up);
void s2si_sim_kernel_free(s2s_sim_node *node);

#endif
