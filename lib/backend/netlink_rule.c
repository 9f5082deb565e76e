/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "lib/backend/netlink_route.h"
#include "lib/base/address.h"

#include <s2svpn/kernel_tun.h>

#include <errno.h>
#include <linux/fib_rules.h>
#include <string.h>
#include <sys/socket.h>

static void rule_message(struct s2si_netlink *netlink, uint16_t command, unsigned flags, const struct s2si_kernel_rule *rule)
{
    struct nlmsghdr *message = s2si_netlink_message(netlink, command, flags);
    struct fib_rule_hdr *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->family = rule->family == 6 ? AF_INET6 : AF_INET;
    header->action = rule->table != 0 ? FR_ACT_TO_TBL : rule->jump != 0 ? FR_ACT_GOTO : FR_ACT_NOP;
    mnl_attr_put_u32(message, FRA_PRIORITY, rule->priority);
    mnl_attr_put_u8(message, FRA_PROTOCOL, S2S_TUN_ROUTE_PROTOCOL);
    if (rule->table != 0) {
        mnl_attr_put_u32(message, FRA_TABLE, rule->table);
    }
    if (rule->without_default) {
        mnl_attr_put_u32(message, FRA_SUPPRESS_PREFIXLEN, 0);
    }
    if (rule->jump != 0) {
        mnl_attr_put_u32(message, FRA_GOTO, rule->jump);
    }
    if (rule->mark != 0) {
        mnl_attr_put_u32(message, FRA_FWMARK, rule->mark);
        mnl_attr_put_u32(message, FRA_FWMASK, UINT32_MAX);
    }
    if (rule->source.family != 0) {
        header->src_len = (uint8_t)(8 * s2si_addr_length(&rule->source));
        s2si_netlink_put_addr(message, FRA_SRC, &rule->source);
    }
    if (rule->protocol != 0) {
        mnl_attr_put_u8(message, FRA_IP_PROTO, rule->protocol);
    }
    if (rule->source_port != 0) {
        struct fib_rule_port_range range = {.start = rule->source_port, .end = rule->source_port};
        mnl_attr_put(message, FRA_SPORT_RANGE, sizeof range, &range);
    }
}

int s2si_rule_add(struct s2si_netlink *netlink, const struct s2si_kernel_rule *rule)
{
    rule_message(netlink, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
    int error = s2si_netlink_carry_out(netlink);
    return error == EEXIST ? 0 : error;
}

int s2si_rule_delete(struct s2si_netlink *netlink, const struct s2si_kernel_rule *rule)
{
    rule_message(netlink, RTM_DELRULE, 0, rule);
    return s2si_netlink_carry_out(netlink);
}

void s2si_rule_dump_message(struct s2si_netlink *netlink, int family)
{
    struct nlmsghdr *message = s2si_netlink_message(netlink, RTM_GETRULE, NLM_F_DUMP);
    struct fib_rule_hdr *header = mnl_nlmsg_put_extra_header(message, sizeof *header);
    header->family = family == 6 ? AF_INET6 : AF_INET;
}

static uint8_t get_u8(const struct nlattr *attribute)
{
    return attribute != NULL && mnl_attr_get_payload_len(attribute) >= 1 ? mnl_attr_get_u8(attribute) : 0;
}

bool s2si_rule_read(const struct nlmsghdr *message, struct s2si_kernel_rule *rule)
{
    const struct nlattr *attributes[S2SI_NETLINK_ATTRIBUTES];
    const struct fib_rule_hdr *header = mnl_nlmsg_get_payload(message);
    if (message->nlmsg_type != RTM_NEWRULE || mnl_nlmsg_get_payload_len(message) < sizeof *header) {
        return false;
    }
    s2si_netlink_attributes(message, sizeof *header, attributes);
    if (get_u8(attributes[FRA_PROTOCOL]) != S2S_TUN_ROUTE_PROTOCOL) {
        return false;
    }
    *rule = (struct s2si_kernel_rule){
        .family = header->family == AF_INET6 ? 6 : 4,
        .priority = s2si_netlink_get_u32(attributes[FRA_PRIORITY], 0),
        .mark = s2si_netlink_get_u32(attributes[FRA_FWMARK], 0),
        .source = s2si_netlink_get_addr(attributes[FRA_SRC], header->family),
        .protocol = get_u8(attributes[FRA_IP_PROTO]),
        .table = s2si_netlink_get_u32(attributes[FRA_TABLE], 0),
        .jump = s2si_netlink_get_u32(attributes[FRA_GOTO], 0),
        .without_default = s2si_netlink_get_u32(attributes[FRA_SUPPRESS_PREFIXLEN], UINT32_MAX) == 0,
    };
    if (attributes[FRA_SPORT_RANGE] != NULL &&
        mnl_attr_get_payload_len(attributes[FRA_SPORT_RANGE]) == sizeof(struct fib_rule_port_range)) {
        struct fib_rule_port_range range;
        memcpy(&range, mnl_attr_get_payload(attributes[FRA_SPORT_RANGE]), sizeof range);
        rule->source_port = range.start;
    }
    return true;
}
