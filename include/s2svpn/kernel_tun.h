/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file kernel_tun.h
 * The Linux kernel backend `tun` (library s2svpn-event): packets by a TUN device per gateway, UDP and raw ESP sockets, TCP
 * streams, addresses, routes and rules by netlink. The engine does ESP. Needs CAP_NET_ADMIN and, for raw ESP and ports
 * under 1024, CAP_NET_RAW and CAP_NET_BIND_SERVICE.
 *
 * Routing. VPN routes live in tables of their own: prefixes in `table`, prefixes of length 0 in `table` + 1. Rules, the same
 * for IPv4 and IPv6, from rule_priority on:
 *
 *     +0  fwmark MARK                      goto +9      outer packets: every outer socket has SO_MARK
 *     +0  from LOCAL ipproto udp sport N   goto +9      the reverse-path check of packets that arrive at the outer sockets,
 *     +0  from LOCAL ipproto esp           goto +9      which bear no mark (rp_filter strict or loose)
 *     +1  lookup table                                  VPN prefixes come before every other route
 *     +2  lookup main suppress_prefixlength 0           this host's own networks and routes come before a VPN default route
 *     +3  lookup table + 1                              the VPN default route
 *     +9  nop                                           the administrator's rules, main, default
 *
 * So an outer packet is routed as if there were no VPN, whatever prefixes the VPN has, and in clear goes nothing that a VPN
 * prefix covers, whatever routes a DHCP server or another daemon adds to main. Rules do not depend on the device: after
 * kill -9 they and the unreachable routes stay. stop() removes the rules when the tables are empty.
 */
#ifndef S2SVPN_KERNEL_TUN_H
#define S2SVPN_KERNEL_TUN_H

#include <s2svpn/kernel.h>

S2S_EXTERN_C_BEGIN

/** rtm_protocol of our routes and FRA_PROTOCOL of our rules ('S'): free in iproute2's rt_protos. Our mark for SCAN. */
#define S2S_TUN_ROUTE_PROTOCOL 83
#define S2S_TUN_DEFAULT_MARK 0x5353u
#define S2S_TUN_DEFAULT_RULE_PRIORITY 150u

typedef struct s2s_tun_kernel s2s_tun_kernel;

struct s2s_tun_params {
    size_t struct_size;
    const struct s2s_allocator *allocator; /**< copied; NULL = malloc. */
    uint32_t mark;          /**< SO_MARK of outer sockets (kernel.mark); the same for all gateways of a network namespace. */
    uint32_t rule_priority; /**< of the first of our rules; ten numbers are taken. */
    const char *tun_path;   /**< "/dev/net/tun"; borrowed until s2s_tun_kernel_new returns. */
    int no_raw_esp;         /**< 1 = no raw ESP sockets (no CAP_NET_RAW): ESP is then always UDP-encapsulated. */
    s2s_log_function log;   /**< NULL = silent. A leaf. */
    void *log_user;
    enum s2s_log_level log_level;
};
/** Fills defaults for a struct of this size. */
S2S_API void s2s_tun_params_init(struct s2s_tun_params *params, size_t struct_size);
/** Makes the backend; opens nothing yet. @return 0, S2S_ERR_INVALID, S2S_ERR_NO_MEMORY. */
S2S_API int s2s_tun_kernel_new(const struct s2s_tun_params *params, s2s_tun_kernel **kernel);
/** Frees it, after its driver was deleted. NULL is allowed. */
S2S_API void s2s_tun_kernel_delete(s2s_tun_kernel *kernel);
/** The seam's table; lives as long as the backend. */
S2S_API const struct s2s_kernel *s2s_tun_kernel_table(s2s_tun_kernel *kernel);
/** The table for VPN routes of a gateway when an action says table 0: an even number from 21000 to 28998, by a hash of the
 *  gateway's name, so that gateways of a network namespace do not share one. */
S2S_API uint32_t s2s_tun_default_table(const char *gateway);

/** Figures of the backend, for status and tests. */
struct s2s_tun_stats {
    size_t struct_size;
    uint64_t udp_received, udp_sent, esp_received, esp_sent, inner_received, inner_sent;
    uint64_t send_dropped;   /**< the socket or the TUN did not take a packet. */
    uint64_t no_socket;      /**< a verdict named a local address that is not bound. */
    uint64_t notices_lost;   /**< times the kernel's notices overran and everything was read anew. */
};
/** Fills stats (struct_size set by the caller). */
S2S_API void s2s_tun_kernel_stats(const s2s_tun_kernel *kernel, struct s2s_tun_stats *stats);

S2S_EXTERN_C_END
#endif
