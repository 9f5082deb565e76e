/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "lib/backend/netlink_route.h"
#include "lib/base/address.h"
#include "lib/base/mem.h"

#include <s2svpn/kernel_tun.h>

#include <errno.h>
#include <sys/socket.h>

static const struct {
    enum s2s_route_kind kind;
    unsigned char type, scope;
} route_types[] = {
    {S2S_ROUTE_TUNNEL, RTN_UNICAST, RT_SCOPE_LINK},
    {S2S_ROUTE_UNREACHABLE, RTN_UNREACHABLE, RT_SCOPE_UNIVERSE},
    {S2S_ROUTE_LOCAL, RTN_THROW, RT_SCOPE_UNIVERSE},
};

static void route_message(struct s2si_netlink *netlink, uint16_t command, unsigned flags, const struct s2si_kernel_route *route)
{
    struct nlmsghdr *message = s2si_netlink_message(netlink, command, flags);
    struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->rtm_family = s2si_netlink_family(&route->prefix.addr);
    header->rtm_dst_len = route->prefix.length;
    header->rtm_protocol = S2S_TUN_ROUTE_PROTOCOL;
    header->rtm_table = RT_TABLE_UNSPEC; /* numbers above 255 only fit the attribute */
    for (size_t i = 0; i < S2SI_COUNT(route_types); i++) {
        if (route_types[i].kind == route->kind) {
            header->rtm_type = route_types[i].type;
            header->rtm_scope = route_types[i].scope;
        }
    }
    if (route->prefix.length > 0) {
        s2si_netlink_put_addr(message, RTA_DST, &route->prefix.addr);
    }
    mnl_attr_put_u32(message, RTA_TABLE, route->table);
    mnl_attr_put_u32(message, RTA_PRIORITY, route->metric);
    if (route->device != 0) {
        mnl_attr_put_u32(message, RTA_OIF, route->device);
    }
    if (route->preferred_source.family != 0 && command == RTM_NEWROUTE) {
        s2si_netlink_put_addr(message, RTA_PREFSRC, &route->preferred_source);
    }
}

int s2si_route_add(struct s2si_netlink *netlink, const struct s2si_kernel_route *route)
{
    route_message(netlink, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
    return s2si_netlink_carry_out(netlink);
}

int s2si_route_delete(struct s2si_netlink *netlink, const struct s2si_kernel_route *route)
{
    route_message(netlink, RTM_DELROUTE, 0, route);
    return s2si_netlink_carry_out(netlink);
}

void s2si_route_dump_message(struct s2si_netlink *netlink, int family)
{
    struct nlmsghdr *message = s2si_netlink_message(netlink, RTM_GETROUTE, NLM_F_DUMP);
    struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->rtm_family = family == 6 ? AF_INET6 : AF_INET;
    header->rtm_protocol = S2S_TUN_ROUTE_PROTOCOL;
}

bool s2si_route_read(const struct nlmsghdr *message, struct s2si_kernel_route *route)
{
    const struct nlattr *attributes[S2SI_NETLINK_ATTRIBUTES];
    const struct rtmsg *header = mnl_nlmsg_get_payload(message);
    if (message->nlmsg_type != RTM_NEWROUTE || mnl_nlmsg_get_payload_len(message) < sizeof *header ||
        header->rtm_protocol != S2S_TUN_ROUTE_PROTOCOL || (header->rtm_flags & RTM_F_CLONED) != 0) {
        return false;
    }
    s2si_netlink_attributes(message, sizeof *header, attributes);
    *route = (struct s2si_kernel_route){
        .prefix = {.addr = s2si_netlink_get_addr(attributes[RTA_DST], header->rtm_family), .length = header->rtm_dst_len},
        .preferred_source = s2si_netlink_get_addr(attributes[RTA_PREFSRC], header->rtm_family),
        .table = s2si_netlink_get_u32(attributes[RTA_TABLE], header->rtm_table),
        .metric = s2si_netlink_get_u32(attributes[RTA_PRIORITY], 0),
        .device = s2si_netlink_get_u32(attributes[RTA_OIF], 0),
    };
    route->prefix.addr.family = header->rtm_family == AF_INET6 ? 6 : 4; /* length 0 comes without RTA_DST */
    for (size_t i = 0; i < S2SI_COUNT(route_types); i++) {
        if (route_types[i].type == header->rtm_type) {
            route->kind = route_types[i].kind;
            return true;
        }
    }
    return false;
}

static int take_source(const struct nlmsghdr *message, void *user)
{
    const struct nlattr *attributes[S2SI_NETLINK_ATTRIBUTES];
    const struct rtmsg *header = mnl_nlmsg_get_payload(message);
    if (message->nlmsg_type == RTM_NEWROUTE && mnl_nlmsg_get_payload_len(message) >= sizeof *header) {
        s2si_netlink_attributes(message, sizeof *header, attributes);
        *(struct s2s_addr *)user = s2si_netlink_get_addr(attributes[RTA_PREFSRC], header->rtm_family);
    }
    return MNL_CB_OK;
}

int s2si_route_source(struct s2si_netlink *netlink, int family, uint32_t mark, struct s2s_addr *source)
{
    static const struct s2s_addr internet[] = {{.family = 4, .bytes = {128, 0, 0, 1}},
                                               {.family = 6, .bytes = {0x20, [15] = 1}}};
    const struct s2s_addr *target = &internet[family == 6];
    struct nlmsghdr *message = s2si_netlink_message(netlink, RTM_GETROUTE, NLM_F_ACK);
    struct rtmsg *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->rtm_family = s2si_netlink_family(target);
    header->rtm_dst_len = (uint8_t)(8 * s2si_addr_length(target));
    s2si_netlink_put_addr(message, RTA_DST, target);
    mnl_attr_put_u32(message, RTA_MARK, mark);
    *source = (struct s2s_addr){.family = 0};
    int error = s2si_netlink_dump(netlink, take_source, source);
    return error == 0 && source->family == 0 ? ENETUNREACH : error;
}
