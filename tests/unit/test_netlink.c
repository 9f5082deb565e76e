/* SPDX-License-Identifier: Apache-2.0 */
/* Reading rtnetlink messages: unknown attributes are skipped, foreign and broken messages are not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#if S2S_WITH_TUN
#include <s2svpn/kernel_tun.h>
#include "lib/backend/netlink_link.h"
#include "lib/backend/netlink_route.h"
#include "lib/base/address.h"

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <string.h>
#include <sys/socket.h>

struct message {
    union {
        struct nlmsghdr header;
        char bytes[1024];
    } u;
};

static void *begin(struct message *message, uint16_t type, size_t header)
{
    memset(message, 0, sizeof *message);
    mnl_nlmsg_put_header(message->u.bytes)->nlmsg_type = type;
    return mnl_nlmsg_put_extra_header(&message->u.header, header);
}

/* What a newer kernel may add: before, between and behind what we know. */
static void unknown(struct message *message)
{
    mnl_attr_put_u32(&message->u.header, 200, 1);
    mnl_attr_put_u32(&message->u.header, 63, 1);
    mnl_attr_put(&message->u.header, 0x3fff, 0, NULL);
}

static void make_route(struct message *message, unsigned char protocol, unsigned char type)
{
    const uint8_t network[] = {10, 2, 0, 0};
    struct rtmsg *header = begin(message, RTM_NEWROUTE, sizeof *header);
    header->rtm_family = AF_INET;
    header->rtm_dst_len = 16;
    header->rtm_protocol = protocol;
    header->rtm_type = type;
    header->rtm_table = RT_TABLE_COMPAT;
    unknown(message);
    mnl_attr_put(&message->u.header, RTA_DST, sizeof network, network);
    unknown(message);
    mnl_attr_put_u32(&message->u.header, RTA_TABLE, 21000);
    mnl_attr_put_u32(&message->u.header, RTA_PRIORITY, 7);
    mnl_attr_put_u32(&message->u.header, RTA_OIF, 5);
}

static void test_route(void **state)
{
    (void)state;
    struct message message;
    struct s2si_kernel_route route;
    struct s2s_prefix prefix;
    s2s_prefix_parse("10.2.0.0/16", &prefix);
    make_route(&message, S2S_TUN_ROUTE_PROTOCOL, RTN_UNICAST);
    assert_true(s2si_route_read(&message.u.header, &route));
    assert_true(s2si_prefix_equal(&route.prefix, &prefix));
    assert_int_equal(route.kind, S2S_ROUTE_TUNNEL);
    assert_int_equal(route.table, 21000);
    assert_int_equal(route.metric, 7);
    assert_int_equal(route.device, 5);
    assert_int_equal(route.preferred_source.family, 0);
    make_route(&message, S2S_TUN_ROUTE_PROTOCOL, RTN_UNREACHABLE);
    assert_true(s2si_route_read(&message.u.header, &route));
    assert_int_equal(route.kind, S2S_ROUTE_UNREACHABLE);
}

static void test_routes_of_others(void **state)
{
    (void)state;
    struct message message;
    struct s2si_kernel_route route;
    const unsigned char others[] = {RTPROT_KERNEL, RTPROT_STATIC, RTPROT_ZEBRA, 0};
    for (size_t i = 0; i < sizeof others; i++) {
        make_route(&message, others[i], RTN_UNICAST);
        assert_false(s2si_route_read(&message.u.header, &route));
    }
    make_route(&message, S2S_TUN_ROUTE_PROTOCOL, RTN_BLACKHOLE);
    assert_false(s2si_route_read(&message.u.header, &route));
    make_route(&message, S2S_TUN_ROUTE_PROTOCOL, RTN_UNICAST);
    message.u.header.nlmsg_type = RTM_DELROUTE;
    assert_false(s2si_route_read(&message.u.header, &route));
    make_route(&message, S2S_TUN_ROUTE_PROTOCOL, RTN_UNICAST);
    message.u.header.nlmsg_len = NLMSG_HDRLEN + 4;
    assert_false(s2si_route_read(&message.u.header, &route));
}

static void test_default_route_has_a_family(void **state)
{
    (void)state;
    struct message message;
    struct s2si_kernel_route route;
    struct rtmsg *header = begin(&message, RTM_NEWROUTE, sizeof *header);
    header->rtm_family = AF_INET6;
    header->rtm_protocol = S2S_TUN_ROUTE_PROTOCOL;
    header->rtm_type = RTN_UNICAST;
    header->rtm_table = 77;
    assert_true(s2si_route_read(&message.u.header, &route));
    assert_int_equal(route.prefix.addr.family, 6);
    assert_int_equal(route.prefix.length, 0);
    assert_int_equal(route.table, 77);
}

static void test_link(void **state)
{
    (void)state;
    struct message message;
    struct s2si_kernel_link link;
    struct ifinfomsg *header = begin(&message, RTM_NEWLINK, sizeof *header);
    header->ifi_index = 9;
    header->ifi_flags = IFF_UP | IFF_LOWER_UP;
    unknown(&message);
    mnl_attr_put_strz(&message.u.header, IFLA_IFNAME, "s2s0");
    mnl_attr_put_strz(&message.u.header, IFLA_IFALIAS, "s2svpn:gw");
    assert_true(s2si_link_read(&message.u.header, &link));
    assert_int_equal(link.index, 9);
    assert_true(link.running);
    assert_string_equal(link.name, "s2s0");
    assert_string_equal(link.alias, "s2svpn:gw");
    header->ifi_flags = IFF_UP;
    assert_true(s2si_link_read(&message.u.header, &link) && !link.running);
    header->ifi_family = AF_BRIDGE;
    assert_false(s2si_link_read(&message.u.header, &link));
}

static void test_address(void **state)
{
    (void)state;
    const uint8_t local[] = {10, 0, 0, 1}, peer[] = {10, 0, 0, 2};
    struct message message;
    struct s2si_kernel_address address;
    struct ifaddrmsg *header = begin(&message, RTM_NEWADDR, sizeof *header);
    header->ifa_family = AF_INET;
    header->ifa_prefixlen = 30;
    header->ifa_index = 3;
    mnl_attr_put(&message.u.header, IFA_ADDRESS, 4, peer);
    unknown(&message);
    mnl_attr_put(&message.u.header, IFA_LOCAL, 4, local);
    assert_true(s2si_address_read(&message.u.header, &address));
    assert_memory_equal(address.prefix.addr.bytes, local, 4);
    assert_int_equal(address.prefix.length, 30);
    assert_true(address.usable && address.global && !address.gone);
    mnl_attr_put_u32(&message.u.header, IFA_FLAGS, IFA_F_TENTATIVE);
    assert_true(s2si_address_read(&message.u.header, &address) && !address.usable);
    header->ifa_family = AF_INET6; /* with addresses of four bytes */
    assert_false(s2si_address_read(&message.u.header, &address));
}

static void test_rule(void **state)
{
    (void)state;
    struct message message;
    struct s2si_kernel_rule rule;
    struct fib_rule_port_range ports = {.start = 500, .end = 500};
    struct fib_rule_hdr *header = begin(&message, RTM_NEWRULE, sizeof *header);
    header->family = AF_INET;
    unknown(&message);
    mnl_attr_put_u32(&message.u.header, FRA_PRIORITY, 150);
    mnl_attr_put_u32(&message.u.header, FRA_GOTO, 159);
    mnl_attr_put_u8(&message.u.header, FRA_IP_PROTO, 17);
    mnl_attr_put(&message.u.header, FRA_SPORT_RANGE, sizeof ports, &ports);
    assert_false(s2si_rule_read(&message.u.header, &rule));
    mnl_attr_put_u8(&message.u.header, FRA_PROTOCOL, S2S_TUN_ROUTE_PROTOCOL);
    assert_true(s2si_rule_read(&message.u.header, &rule));
    assert_int_equal(rule.priority, 150);
    assert_int_equal(rule.jump, 159);
    assert_int_equal(rule.source_port, 500);
    assert_int_equal(rule.protocol, 17);
    assert_false(rule.without_default);
    mnl_attr_put_u32(&message.u.header, FRA_SUPPRESS_PREFIXLEN, 0);
    assert_true(s2si_rule_read(&message.u.header, &rule) && rule.without_default);
}

static void test_default_tables(void **state)
{
    (void)state;
    const char *const names[] = {"", "gw", "vgw", "ali", "vpn-gateway-1", "vpn-gateway-2"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint32_t table = s2s_tun_default_table(names[i]);
        assert_true(table >= 21000 && table <= 28998 && table % 2 == 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(table, s2s_tun_default_table(names[j]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_route), cmocka_unit_test(test_routes_of_others), cmocka_unit_test(test_default_route_has_a_family),
        cmocka_unit_test(test_link), cmocka_unit_test(test_address), cmocka_unit_test(test_rule),
        cmocka_unit_test(test_default_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
int main(void)
{
    return 77;
}
#endif
