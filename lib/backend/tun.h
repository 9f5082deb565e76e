/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tun: the Linux kernel backend (s2svpn/kernel_tun.h). One object holds everything; each file has one concern:
 *
 *   tun_kernel   constructor, the seam's table, who carries out which action
 *   tun_device   TUN devices: open, adopt, read batches, write
 *   tun_offload  super-packets of the TUN: cutting and joining
 *   tun_binding  what BIND opens: two UDP sockets and raw ESP on a local address
 *   tun_udp      receiving and sending UDP in batches          tun_raw   the same for IP protocol 50
 *   tun_batch    buffers of a batch, and carrying out its verdicts
 *   tun_routing  routes, and the rules that keep outer packets out of the TUN
 *   tun_scan     what bears our mark, read in slices           tun_monitor  addresses and links that come and go
 *   tun_streams  TCP streams for BGP
 *   netlink*     messages to and from rtnetlink
 *
 * Packets: a socket or a TUN becomes readable -> up to S2S_PACKET_BATCH packets are read into buffers made at the start ->
 * sink->packets -> the verdicts are carried out with one sendmmsg for each run of entries with the same socket. Nothing is
 * allocated on the way, and a busy descriptor gives way to the others after a few batches. Streams of TCP pass the host's
 * stack as super-packets on both sides: cut and joined at the TUN (IFF_VNET_HDR), and in the kernel at the UDP sockets
 * (UDP_SEGMENT, UDP_GRO).
 */
#ifndef S2SI_TUN_H
#define S2SI_TUN_H

#include <s2svpn/kernel_tun.h>
#include "lib/backend/netlink_link.h"
#include "lib/backend/netlink_route.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/mem.h"

#define S2SI_TUN_DATA 9216 /* the largest packet or datagram: jumbo frames and long IKE messages */
#define S2SI_TUN_SLOT (S2S_PACKET_HEADROOM + S2SI_TUN_DATA + S2S_PACKET_TAILROOM)
#define S2SI_TUN_ROUNDS 4  /* batches that one readiness may take */
#define S2SI_TUN_MARK "s2svpn:" /* IFLA_IFALIAS of our devices, the gateway's name behind it */

struct s2si_tun_batch;
struct s2si_tun_monitor;

/* A TUN device of a gateway. */
struct s2si_tun_device {
    struct s2si_list node;
    s2s_tun_kernel *kernel;
    char name[16];
    char alias[80];
    int fd;
    uint32_t index; /* of the interface */
    uint32_t mtu;
    uint8_t number; /* s2s_packet.device */
    void *watch;
};

enum { S2SI_UDP_IKE = 0, S2SI_UDP_NATT = 1, S2SI_RAW_ESP = 2, S2SI_SOCKETS = 3 };

struct s2si_tun_binding;
/* One outer socket. */
struct s2si_tun_socket {
    struct s2si_tun_binding *binding;
    int fd; /* -1 = closed */
    uint16_t port;
    bool dont_fragment; /* what IP_MTU_DISCOVER is set to now */
    bool segments;      /* the kernel cuts what is sent (UDP_SEGMENT) */
    void *watch;
};

/* What BIND opened. */
struct s2si_tun_binding {
    struct s2si_list node;
    s2s_tun_kernel *kernel;
    struct s2s_addr addr; /* all zeros = any address of the family: packets tell theirs (IP_PKTINFO) */
    bool any;
    struct s2si_tun_socket sockets[S2SI_SOCKETS];
};

struct s2s_tun_kernel {
    struct s2si_mem mem;
    struct s2si_log log;
    struct s2s_kernel table;
    struct s2s_tun_params params; /* tun_path owned */
    const struct s2s_loop *loop;
    const struct s2s_kernel_sink *sink;
    bool open; /* what s2si_tun_open made is there */
    struct s2si_netlink netlink;
    struct s2si_tun_batch *batch;
    struct s2si_tun_monitor *monitor;
    struct s2si_list devices, bindings, streams, scans, route_tables;
    bool base_rules[2]; /* IPv4, IPv6 */
    uint64_t next_stream;
    struct s2s_tun_stats stats;
    char detail[256]; /* of the action in hand */
};

/* Notes why the action in hand is refused. @return S2S_ERR_KERNEL. */
int s2si_tun_refuse(s2s_tun_kernel *kernel, const char *format, ...) __attribute__((format(printf, 2, 3)));
void s2si_tun_complete(s2s_tun_kernel *kernel, uint64_t op, int error);

/* Actions: @return 0, S2S_ERR_KERNEL with kernel->detail, S2S_ERR_NO_MEMORY, S2S_ERR_NOT_FOUND, S2S_ERR_INVALID. */

/* tun_device */
int s2si_tun_device_add(s2s_tun_kernel *kernel, const struct s2s_action *action, const struct s2si_tun_device **device);
int s2si_tun_device_delete(s2s_tun_kernel *kernel, const struct s2s_action *action);
int s2si_tun_address_add(s2s_tun_kernel *kernel, const struct s2s_action *action);
int s2si_tun_address_delete(s2s_tun_kernel *kernel, const struct s2s_action *action);
struct s2si_tun_device *s2si_tun_device_find(s2s_tun_kernel *kernel, const char *name);
/* Writes the first clear packet to the TUN with its number, and those behind it that can be joined to it. @return how many. */
size_t s2si_tun_deliver(s2s_tun_kernel *kernel, const struct s2s_packet *packets, size_t count);
void s2si_tun_devices_close(s2s_tun_kernel *kernel);
/* The alias that marks a gateway's devices. */
void s2si_tun_alias(const char *gateway, char *out, size_t size);

/* tun_binding */
int s2si_tun_bind(s2s_tun_kernel *kernel, const struct s2s_action *action);
int s2si_tun_unbind(s2s_tun_kernel *kernel, const struct s2s_action *action);
/* The socket to send from, or NULL. port is ignored for raw ESP. */
struct s2si_tun_socket *s2si_tun_socket_find(s2s_tun_kernel *kernel, const struct s2s_endpoint *local, bool esp);
/* Sets DF on or off for what is sent next. */
void s2si_tun_socket_fragment(struct s2si_tun_socket *socket, bool dont_fragment);
void s2si_tun_bindings_close(s2s_tun_kernel *kernel);

/* tun_udp, tun_raw: making sockets and reading them */
int s2si_tun_udp_open(struct s2si_tun_binding *binding, struct s2si_tun_socket *out, uint16_t port);
int s2si_tun_raw_open(struct s2si_tun_binding *binding, struct s2si_tun_socket *out);
/* What both have in common: mark, buffers, TOS of what comes in. */
int s2si_tun_outer_options(s2s_tun_kernel *kernel, int fd, const struct s2si_tun_binding *binding, const char *what);
/* Loop callbacks; user is the socket. */
void s2si_tun_udp_ready(void *user, int fd, unsigned events);
void s2si_tun_raw_ready(void *user, int fd, unsigned events);

/* tun_routing */
int s2si_tun_route_add(s2s_tun_kernel *kernel, const struct s2s_action *action);
int s2si_tun_route_delete(s2s_tun_kernel *kernel, const struct s2s_action *action);
/* Rules for the outer packets of a binding, see s2svpn/kernel_tun.h. */
int s2si_tun_rules_bind(s2s_tun_kernel *kernel, const struct s2si_tun_binding *binding);
void s2si_tun_rules_unbind(s2s_tun_kernel *kernel, const struct s2si_tun_binding *binding);
/* At the end: removes rules whose tables are empty. */
void s2si_tun_rules_stop(s2s_tun_kernel *kernel);
/* Whether a table found belongs to the gateway; *table is then the number that actions use, *second tells that it is `table` + 1. */
bool s2si_tun_table_of(s2s_tun_kernel *kernel, const char *gateway, uint32_t given, uint32_t found, uint32_t *table, bool *second);

/* tun_scan */
int s2si_tun_scan(s2s_tun_kernel *kernel, const struct s2s_action *action);
void s2si_tun_scans_close(s2s_tun_kernel *kernel);

/* tun_monitor */
int s2si_tun_monitor_open(s2s_tun_kernel *kernel);
void s2si_tun_monitor_close(s2s_tun_kernel *kernel);
/* An address is of interest: BIND named it. */
int s2si_tun_monitor_want(s2s_tun_kernel *kernel, const struct s2s_addr *addr);
/* How BIND ended: the engine now takes the address for present or not, and what differs from that is news. */
void s2si_tun_monitor_bound(s2s_tun_kernel *kernel, const struct s2s_addr *addr, bool bound);
void s2si_tun_monitor_forget(s2s_tun_kernel *kernel, const struct s2s_addr *addr);
/* From now on the address that this host uses toward the Internet is told too. */
void s2si_tun_monitor_uplink(s2s_tun_kernel *kernel);
/* Tells what differs from what was told. */
void s2si_tun_monitor_report(s2s_tun_kernel *kernel);

/* tun_streams */
int s2si_tun_stream_listen(s2s_tun_kernel *kernel, const struct s2s_action *action);
int s2si_tun_stream_connect(s2s_tun_kernel *kernel, const struct s2s_action *action);
int s2si_tun_stream_key(s2s_tun_kernel *kernel, const struct s2s_action *action);
void s2si_tun_stream_write(s2s_tun_kernel *kernel, uint64_t id);
void s2si_tun_stream_close(s2s_tun_kernel *kernel, uint64_t id, bool reset);
void s2si_tun_streams_close(s2s_tun_kernel *kernel);

#endif
