/* SPDX-License-Identifier: Apache-2.0 */
/* netlink_route: routes and the rules that lead to them. Functions give 0 or an errno, see netlink.h. */
#ifndef S2SI_NETLINK_ROUTE_H
#define S2SI_NETLINK_ROUTE_H

#include <s2svpn/action.h>
#include "lib/backend/netlink.h"

/* A route of ours as the kernel has it. */
struct s2si_kernel_route {
    struct s2s_prefix prefix;
    struct s2s_addr preferred_source;
    enum s2s_route_kind kind;
    uint32_t table, metric;
    uint32_t device; /* interface index; 0 = none */
};

/* Adds or replaces the route with the same prefix, table and metric. */
int s2si_route_add(struct s2si_netlink *netlink, const struct s2si_kernel_route *route);
/* @return also ESRCH when it is not there. */
int s2si_route_delete(struct s2si_netlink *netlink, const struct s2si_kernel_route *route);
/* The request for a dump of our routes of a family in all tables; answers are read with s2si_route_read. */
void s2si_route_dump_message(struct s2si_netlink *netlink, int family);
/* @return false for a message that is no route, or no route with our mark. */
bool s2si_route_read(const struct nlmsghdr *message, struct s2si_kernel_route *route);

/* The source address that a packet with this mark would leave with toward the Internet (128.0.0.1, 2000::1; nothing is sent). @return also ENETUNREACH. */
int s2si_route_source(struct s2si_netlink *netlink, int family, uint32_t mark, struct s2s_addr *source);

/* A rule of ours; what is 0 does not select. */
struct s2si_kernel_rule {
    int family; /* 4 or 6 */
    uint32_t priority;
    uint32_t mark;
    struct s2s_addr source;
    uint8_t protocol;
    uint16_t source_port;
    uint32_t table;         /* look up there, or ... */
    uint32_t jump;          /* ... go on at this priority; both 0 = do nothing */
    bool without_default;   /* a result of prefix length 0 does not count (suppress_prefixlength 0) */
};

/* @return 0 also when it is there already. */
int s2si_rule_add(struct s2si_netlink *netlink, const struct s2si_kernel_rule *rule);
/* @return also ENOENT when it is not there. */
int s2si_rule_delete(struct s2si_netlink *netlink, const struct s2si_kernel_rule *rule);
void s2si_rule_dump_message(struct s2si_netlink *netlink, int family);
/* @return false for a message that is no rule, or no rule with our mark. */
bool s2si_rule_read(const struct nlmsghdr *message, struct s2si_kernel_rule *rule);

#endif
