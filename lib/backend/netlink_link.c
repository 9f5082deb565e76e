/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "lib/backend/netlink_link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

bool s2si_link_read(const struct nlmsghdr *message, struct s2si_kernel_link *link)
{
    const struct nlattr *attributes[S2SI_NETLINK_ATTRIBUTES];
    const struct ifinfomsg *header = mnl_nlmsg_get_payload(message);
    if ((message->nlmsg_type != RTM_NEWLINK && message->nlmsg_type != RTM_DELLINK) ||
        mnl_nlmsg_get_payload_len(message) < sizeof *header || header->ifi_index <= 0 || header->ifi_family != AF_UNSPEC) {
        return false;
    }
    s2si_netlink_attributes(message, sizeof *header, attributes);
    const unsigned running = IFF_UP | IFF_LOWER_UP;
    *link = (struct s2si_kernel_link){
        .index = (uint32_t)header->ifi_index,
        .gone = message->nlmsg_type == RTM_DELLINK,
        .running = (header->ifi_flags & running) == running,
        .loopback = (header->ifi_flags & IFF_LOOPBACK) != 0,
    };
    snprintf(link->name, sizeof link->name, "%.15s", s2si_netlink_get_text(attributes[IFLA_IFNAME]));
    snprintf(link->alias, sizeof link->alias, "%.79s", s2si_netlink_get_text(attributes[IFLA_IFALIAS]));
    return true;
}

static int found_link(const struct nlmsghdr *message, void *user)
{
    (void)s2si_link_read(message, user);
    return MNL_CB_OK;
}

int s2si_link_find(struct s2si_netlink *netlink, const char *name, struct s2si_kernel_link *link)
{
    struct nlmsghdr *message = s2si_netlink_message(netlink, RTM_GETLINK, NLM_F_ACK);
    mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
    mnl_attr_put_strz(message, IFLA_IFNAME, name);
    memset(link, 0, sizeof *link);
    int error = s2si_netlink_dump(netlink, found_link, link);
    return error == 0 && link->index == 0 ? ENODEV : error;
}

static void without_ipv6_address(struct s2si_netlink *netlink, uint32_t index)
{
    struct nlmsghdr *message = s2si_netlink_message(netlink, RTM_NEWLINK, 0);
    struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ifi_index = (int)index;
    struct nlattr *families = mnl_attr_nest_start(message, IFLA_AF_SPEC);
    struct nlattr *family = mnl_attr_nest_start(message, AF_INET6);
    mnl_attr_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    mnl_attr_nest_end(message, family);
    mnl_attr_nest_end(message, families);
    (void)s2si_netlink_carry_out(netlink); /* a kernel without IPv6 makes none anyway */
}

int s2si_link_set(struct s2si_netlink *netlink, uint32_t index, uint32_t mtu, const char *alias)
{
    without_ipv6_address(netlink, index);
    struct nlmsghdr *message = s2si_netlink_message(netlink, RTM_NEWLINK, 0);
    struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ifi_index = (int)index;
    header->ifi_flags = IFF_UP;
    header->ifi_change = IFF_UP;
    mnl_attr_put_str(message, IFLA_IFALIAS, alias);
    if (mtu != 0) {
        mnl_attr_put_u32(message, IFLA_MTU, mtu);
    }
    return s2si_netlink_carry_out(netlink);
}

void s2si_link_dump_message(struct s2si_netlink *netlink)
{
    struct nlmsghdr *message = s2si_netlink_message(netlink, RTM_GETLINK, NLM_F_DUMP);
    mnl_nlmsg_put_extra_header(message, sizeof(struct ifinfomsg));
}

static void address_message(struct s2si_netlink *netlink, uint16_t command, unsigned flags, uint32_t device,
                            const struct s2s_prefix *address)
{
    struct nlmsghdr *message = s2si_netlink_message(netlink, command, flags);
    struct ifaddrmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->ifa_family = s2si_netlink_family(&address->addr);
    header->ifa_prefixlen = address->length;
    header->ifa_index = device;
    header->ifa_flags = address->addr.family == 6 ? IFA_F_NODAD : 0;
    s2si_netlink_put_addr(message, IFA_LOCAL, &address->addr);
    s2si_netlink_put_addr(message, IFA_ADDRESS, &address->addr);
}

int s2si_address_add(struct s2si_netlink *netlink, uint32_t device, const struct s2s_prefix *address)
{
    address_message(netlink, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, device, address);
    int error = s2si_netlink_carry_out(netlink);
    return error == EEXIST ? 0 : error;
}

int s2si_address_delete(struct s2si_netlink *netlink, uint32_t device, const struct s2s_prefix *address)
{
    address_message(netlink, RTM_DELADDR, 0, device, address);
    return s2si_netlink_carry_out(netlink);
}

void s2si_address_dump_message(struct s2si_netlink *netlink)
{
    struct nlmsghdr *message = s2si_netlink_message(netlink, RTM_GETADDR, NLM_F_DUMP);
    mnl_nlmsg_put_extra_header(message, sizeof(struct ifaddrmsg));
}

bool s2si_address_read(const struct nlmsghdr *message, struct s2si_kernel_address *address)
{
    const struct nlattr *attributes[S2SI_NETLINK_ATTRIBUTES];
    const struct ifaddrmsg *header = mnl_nlmsg_get_payload(message);
    if ((message->nlmsg_type != RTM_NEWADDR && message->nlmsg_type != RTM_DELADDR) ||
        mnl_nlmsg_get_payload_len(message) < sizeof *header ||
        (header->ifa_family != AF_INET && header->ifa_family != AF_INET6)) {
        return false;
    }
    s2si_netlink_attributes(message, sizeof *header, attributes);
    uint32_t flags = s2si_netlink_get_u32(attributes[IFA_FLAGS], header->ifa_flags);
    const struct nlattr *local = attributes[IFA_LOCAL] != NULL ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
    *address = (struct s2si_kernel_address){
        .device = header->ifa_index,
        .prefix = {.addr = s2si_netlink_get_addr(local, header->ifa_family), .length = header->ifa_prefixlen},
        .gone = message->nlmsg_type == RTM_DELADDR,
        .usable = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) == 0,
        .global = header->ifa_scope == RT_SCOPE_UNIVERSE,
    };
    return address->prefix.addr.family != 0;
}
