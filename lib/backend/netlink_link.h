/* SPDX-License-Identifier: Apache-2.0 */
/* netlink_link: links and addresses of this host. Functions give 0 or an errno, see netlink.h. */
#ifndef S2SI_NETLINK_LINK_H
#define S2SI_NETLINK_LINK_H

#include "lib/backend/netlink.h"

struct s2si_kernel_link {
    uint32_t index;
    char name[16];
    char alias[80];  /* longer ones are cut: ours are shorter */
    bool gone;       /* RTM_DELLINK */
    bool running;    /* up and with carrier */
    bool loopback;
};

struct s2si_kernel_address {
    uint32_t device; /* interface index */
    struct s2s_prefix prefix; /* the address itself, not masked, and the length of its network */
    bool gone;       /* RTM_DELADDR */
    bool usable;     /* not tentative or found to be a duplicate (RFC 4862) */
    bool global;     /* scope: not link-local, not host */
};

/* By name. @return also ENODEV. */
int s2si_link_find(struct s2si_netlink *netlink, const char *name, struct s2si_kernel_link *link);
/* Sets MTU, alias and "up"; no IPv6 address is made by the kernel. */
int s2si_link_set(struct s2si_netlink *netlink, uint32_t index, uint32_t mtu, const char *alias);
void s2si_link_dump_message(struct s2si_netlink *netlink);
bool s2si_link_read(const struct nlmsghdr *message, struct s2si_kernel_link *link);

/* @return 0 also when it is there already. */
int s2si_address_add(struct s2si_netlink *netlink, uint32_t device, const struct s2s_prefix *address);
/* @return also EADDRNOTAVAIL. */
int s2si_address_delete(struct s2si_netlink *netlink, uint32_t device, const struct s2s_prefix *address);
void s2si_address_dump_message(struct s2si_netlink *netlink);
bool s2si_address_read(const struct nlmsghdr *message, struct s2si_kernel_address *address);

#endif
