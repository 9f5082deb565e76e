/* SPDX-License-Identifier: Apache-2.0 */
/* Each rule across fields of each cloud, by a configuration that breaks it alone, and by its neighbour that does not. */
#include "config_text.h"

#include "lib/base/mem.h"

#define GOOD .path = NULL

static void test_bases_are_good(void **state)
{
    (void)state;
    for (int base = CONFIG_ALIBABA; base <= CONFIG_DEVICE; base++) {
        const struct config_case good = {.base = (enum config_base)base};
        assert_true(config_case_run(&good));
    }
}

static void test_alibaba(void **state)
{
    static const struct config_case cases[] = {
        /* what CreateCustomerGateway refuses */
        {CONFIG_ALIBABA, {{"customer_gateways[0].ip_address", "\"100.64.3.1\""}}, "customer_gateways[0].ip_address", "100.64.3.1", "100.64.0.0/10"},
        {CONFIG_ALIBABA, {{"customer_gateways[0].ip_address", "\"127.0.0.1\""}}, "customer_gateways[0].ip_address", NULL, "127.0.0.0/8"},
        {CONFIG_ALIBABA, {{"customer_gateways[0].ip_address", "\"169.254.9.9\""}}, "customer_gateways[0].ip_address", NULL, "169.254.0.0/16"},
        {CONFIG_ALIBABA, {{"customer_gateways[0].ip_address", "\"224.0.0.1\""}}, "customer_gateways[0].ip_address", NULL, "224.0.0.0/4"},
        {CONFIG_ALIBABA, {{"customer_gateways[0].ip_address", "\"255.1.2.3\""}}, "customer_gateways[0].ip_address", NULL, "255.0.0.0/8"},
        {CONFIG_ALIBABA, {{"customer_gateways[0].ip_address", "\"2001:db8::1\""}}, "customer_gateways[0].ip_address", NULL, "IPv4"},
        {CONFIG_ALIBABA, {{"customer_gateways[0].ip_address", "\"any\""}}, "customer_gateways[0].ip_address", NULL, "static IPv4"},
        {CONFIG_ALIBABA, {{"customer_gateways[0].ip_address", "\"100.128.0.1\""}}, GOOD},
        {CONFIG_ALIBABA, {{"customer_gateways[0].asn", "45104"}}, "customer_gateways[0].asn", "45104", "45104"},
        {CONFIG_ALIBABA, {{"customer_gateways[0].asn", "45103"}}, GOOD},
        /* inside networks */
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].bgp", "{\"tunnel_cidr\": \"169.254.6.0/30\"}"}},
         "connections[0].tunnels[0].bgp.tunnel_cidr", "169.254.6.0/30", "is a /30 of 169.254.0.0/16 other than"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].bgp", "{\"tunnel_cidr\": \"169.254.169.252/30\"}"}},
         "connections[0].tunnels[0].bgp.tunnel_cidr", NULL, "169.254.169.252/30"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].bgp", "{\"tunnel_cidr\": \"10.9.9.0/30\"}"}},
         "connections[0].tunnels[0].bgp.tunnel_cidr", NULL, "169.254.0.0/16"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].bgp", "{\"tunnel_cidr\": \"169.254.9.0/29\"}"}},
         "connections[0].tunnels[0].bgp.tunnel_cidr", NULL, "/30"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].bgp", "{\"tunnel_cidr\": \"169.254.6.4/30\"}"}}, GOOD},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[1].bgp", "{\"tunnel_cidr\": \"169.254.116.208/30\"}"}},
         "connections[0].tunnels[1].bgp.tunnel_cidr", NULL, "of its own"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].bgp.local_ip", "\"169.254.116.208\""}}, "connections[0].tunnels[0].bgp.local_ip", NULL,
         "host address"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].bgp.local_ip", "\"169.254.116.211\""}}, "connections[0].tunnels[0].bgp.local_ip", NULL,
         "host address"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].bgp.local_ip", "\"169.254.116.209\""}}, GOOD},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].bgp.peer_ip", "\"169.254.116.210\""}}, "connections[0].tunnels[0].bgp.peer_ip", NULL,
         "differs from bgp.local_ip"},
        /* tunnels */
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].ike.prf", "\"sha256\""}}, "connections[0].tunnels[0].ike.prf", NULL, "same hash"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].ike.prf", "\"sha1\""}}, GOOD},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].ike.encryption", "\"aes256gcm16\""}}, "connections[0].tunnels[0].ike.encryption",
         "aes256gcm16", "is one of aes, aes192, aes256, des, 3des"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].ike.encryption", "[\"aes\", \"aes256\"]"}}, "connections[0].tunnels[0].ike.encryption",
         NULL, "at most 1 here"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].ike.mode", "\"quick\""}}, "connections[0].tunnels[0].ike.mode", "quick",
         "main or aggressive"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].rekey.margin", "1801"}}, "connections[0].tunnels[0].rekey.margin", NULL, "half"},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[0].rekey.margin", "1800"}}, GOOD},
        {CONFIG_ALIBABA, {{"connections[0].tunnels[1]", "{\"customer_gateway\": \"aws2\"}"}}, GOOD},
        /* connections */
        {CONFIG_ALIBABA, {{"connections[0].remote_subnets", "\"10.0.128.0/17\""}, {"gateway.vpc.cidr", "\"10.0.0.0/17\""}},
         "connections[0].remote_subnets[0]", "10.0.128.0/17", "does not overlap local_subnets 10.0.0.0/16"},
        {CONFIG_ALIBABA, {{"gateway.vpc.cidr", "\"192.168.7.0/24\""}}, "connections[0].remote_subnets[0]", NULL, "vpc.cidr"},
        {CONFIG_ALIBABA, {{"connections[0].route_mode", "\"destination\""}}, "connections[0].route_mode", "destination", "0.0.0.0/0"},
        {CONFIG_ALIBABA, {{"connections[0].route_mode", "\"policy\""}}, GOOD},
        {CONFIG_ALIBABA, {{"connections[0].local_subnets", NULL}, {"connections[0].remote_subnets", NULL}, {"connections[0].route_mode", "\"policy\""}},
         "connections[0].route_mode", "policy", "destination"},
        {CONFIG_ALIBABA, {{"connections[0].enable_bgp", "true"}}, "connections[0].tunnels[0].bgp.local_ip", NULL, "local_subnets"},
        {CONFIG_ALIBABA, {{"connections[0].enable_bgp", "true"}, {"connections[0].local_subnets", NULL}, {"connections[0].remote_subnets", NULL},
                          {"connections[0].tunnels[1].bgp", NULL}}, "connections[0].tunnels[1].bgp.tunnel_cidr", NULL, "required"},
        {CONFIG_ALIBABA, {{"connections[0].enable_bgp", "true"}, {"connections[0].local_subnets", NULL}, {"connections[0].remote_subnets", NULL},
                          {"customer_gateways[1].asn", NULL}}, "connections[0].tunnels[1].customer_gateway", "aws2", "asn"},
        {CONFIG_ALIBABA, {{"connections[0].enable_bgp", "true"}, {"connections[0].local_subnets", NULL}, {"connections[0].remote_subnets", NULL},
                          {"gateway.asn", "65530"}}, "connections[0].local_asn", "45104", "gateway.asn"},
        /* routes */
        {CONFIG_ALIBABA, {{"routes[0].type", "\"static\""}, {"routes[0].source", NULL}}, "routes[0].type", "static", "has no static routes"},
        {CONFIG_ALIBABA, {{"routes[0].source", NULL}}, "routes[0].source", NULL, "required in a policy route"},
        {CONFIG_ALIBABA, {{"routes[0].type", "\"destination\""}}, "routes[0].source", NULL, "policy routes alone"},
        {CONFIG_ALIBABA, {{"routes[0].destination", "\"10.0.3.0/24\""}}, "routes[0].destination", NULL, "vpc.cidr"},
    };
    (void)state;
    config_cases_run(cases, S2SI_COUNT(cases));
}

static void test_aws(void **state)
{
    static const struct config_case cases[] = {
        {CONFIG_AWS, {{"gateway.asn", "64511"}}, "gateway.asn", "64511", "64512 to 65534"},
        {CONFIG_AWS, {{"gateway.asn", "65535"}}, "gateway.asn", "65535", "64512 to 65534"},
        {CONFIG_AWS, {{"gateway.asn", "65534"}}, GOOD},
        {CONFIG_AWS, {{"gateway.asn", "4199999999"}}, "gateway.asn", NULL, "4200000000"},
        {CONFIG_AWS, {{"gateway.asn", "4200000000"}}, GOOD},
        {CONFIG_AWS, {{"gateway.asn", "4294967295"}}, "gateway.asn", NULL, "4294967294"},
        {CONFIG_AWS, {{"customer_gateways[0].asn", "64512"}}, "connections[0].tunnels[0].customer_gateway", "64512", "other than"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].bgp.tunnel_cidr", "\"169.254.5.0/30\""}}, "connections[0].tunnels[0].bgp.tunnel_cidr", NULL,
         "169.254.5.0/30"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].bgp.tunnel_cidr", "\"169.254.6.0/30\""}}, GOOD}, /* reserved by Alibaba alone */
        {CONFIG_AWS, {{"connections[1].tunnels[0].bgp.tunnel_cidr", "\"169.254.116.208/30\""}}, "connections[1].tunnels[0].bgp.tunnel_cidr",
         NULL, "of its own"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].bgp.local_ip", "\"169.254.116.210\""}}, "connections[0].tunnels[0].bgp.local_ip", NULL,
         "first host"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].bgp.local_ip", "\"169.254.116.209\""}}, GOOD},
        {CONFIG_AWS, {{"connections[0].tunnels[0].ipsec.lifetime", "3600"}, {"connections[0].tunnels[0].ike.lifetime", "3600"}},
         "connections[0].tunnels[0].ipsec.lifetime", "3600", "less than ike.lifetime"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].ipsec.lifetime", "3599"}, {"connections[0].tunnels[0].ike.lifetime", "3600"}}, GOOD},
        {CONFIG_AWS, {{"connections[0].tunnels[0].rekey.margin", "451"}, {"connections[0].tunnels[0].ipsec.lifetime", "900"}},
         "connections[0].tunnels[0].rekey.margin", NULL, "half"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].rekey.margin", "450"}, {"connections[0].tunnels[0].ipsec.lifetime", "900"}}, GOOD},
        {CONFIG_AWS, {{"connections[0].tunnels[0].startup_action", "\"trap\""}}, "connections[0].tunnels[0].startup_action", "trap", "add or start"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].startup_action", "\"start\""}, {"connections[0].tunnels[0].ike.version", "\"ikev1\""}},
         "connections[0].tunnels[0].startup_action", "start", "IKEv2"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].ike.mode", "\"aggressive\""}}, "connections[0].tunnels[0].ike.mode", NULL, "main"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].ipsec.pfs", "\"disabled\""}}, "connections[0].tunnels[0].ipsec.pfs", "disabled",
         "are of 2, 5 and 14 to 24"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].ike.dh_group", "5"}}, "connections[0].tunnels[0].ike.dh_group", NULL, "are of 2 and 14 to 24"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].ipsec.pfs", "5"}}, GOOD},
        {CONFIG_AWS, {{"connections[0].tunnels[0].psk", "\"0eight.chars\""}}, "connections[0].tunnels[0].psk", "", "does not start with 0"},
        {CONFIG_AWS, {{"connections[0].tunnels[0].psk", "\"base64+/key=\""}}, "connections[0].tunnels[0].psk", "", "A-Z a-z 0-9 . _"},
        {CONFIG_AWS, {{"connections[0].remote_subnets", "[\"10.0.0.0/17\", \"10.0.128.0/17\"]"}}, "connections[0].remote_subnets", NULL,
         "LocalIpv4NetworkCidr"},
        {CONFIG_AWS, {{"connections[0].tunnels[2]", "{}"}}, "connections[0].tunnels", "3", "2 to 2 tunnels"},
        {CONFIG_AWS, {{"customer_gateways[0].ip_address", "\"any\""}}, "connections[0].tunnels[0].ike.remote_id", NULL, "required"},
        {CONFIG_AWS, {{"routes[0].type", "\"destination\""}}, "routes[0].type", "destination", "has no destination routes"},
        {CONFIG_AWS, {{"connections[0].enable_bgp", "true"}, {"connections[0].local_subnets", NULL}, {"connections[0].remote_subnets", NULL},
                      {"connections[0].tunnels[1].bgp.tunnel_cidr", "\"169.254.77.0/30\""}}, "routes[0].connection", "vpn1", "static routing"},
    };
    (void)state;
    config_cases_run(cases, S2SI_COUNT(cases));
}

static void test_generic(void **state)
{
    static const struct config_case cases[] = {
        {CONFIG_GENERIC, {{"connections[0].tunnels[0].bgp.hold_time", "2"}}, "connections[0].tunnels[0].bgp.hold_time", "2", "0 or 3 to 65535"},
        {CONFIG_GENERIC, {{"connections[0].tunnels[0].bgp", "{\"hold_time\": 3, \"keepalive\": 1}"}}, GOOD},
        {CONFIG_GENERIC, {{"connections[0].tunnels[0].bgp", "{\"hold_time\": 3, \"keepalive\": 4}"}}, "connections[0].tunnels[0].bgp.keepalive", NULL, "hold_time"},
        {CONFIG_GENERIC, {{"customer_gateways[0].ip_address", "\"any\""}}, "connections[0].tunnels[0].ike.remote_id", NULL, "required"},
        {CONFIG_GENERIC, {{"customer_gateways[0].ip_address", "\"any\""}, {"connections[0].tunnels[0].ike.remote_id", "\"right.example\""}},
         "connections[0].tunnels[0].startup_action", "start", "any"},
        {CONFIG_GENERIC, {{"customer_gateways[0].ip_address", "\"any\""}, {"connections[0].tunnels[0].ike.remote_id", "\"right.example\""},
                          {"connections[0].tunnels[0].startup_action", "\"add\""}}, GOOD},
        {CONFIG_GENERIC, {{"connections[0].remote_subnets", "\"10.1.3.0/24\""}}, "connections[0].remote_subnets[0]", "10.1.3.0/24", "does not overlap"},
        {CONFIG_GENERIC, {{"connections[0].remote_subnets", "\"0.0.0.0/0\""}}, GOOD},
        {CONFIG_GENERIC, {{"connections[0].tunnels", "[]"}}, "connections[0].tunnels", NULL, "1 to 8 tunnels"},
        {CONFIG_GENERIC, {{"gateway.asn", "65001"}, {"connections[0].local_asn", "65002"}, {"connections[0].enable_bgp", "true"}},
         "connections[0].local_asn", "65002", "same as gateway.asn"},
        {CONFIG_GENERIC, {{"connections[0].enable_bgp", "true"}}, "connections[0].local_asn", NULL, "required with enable_bgp"},
    };
    (void)state;
    config_cases_run(cases, S2SI_COUNT(cases));
}

/* A device toward AWS is refused what AWS negotiates otherwise, and nothing that is its own affair. */
static void test_third_seat(void **state)
{
    static const struct config_case cases[] = {
        {CONFIG_DEVICE, {{"connections[0].tunnels[0].psk", "\"0starts.with.0\""}}, "connections[0].tunnels[0].psk", "", "does not start with 0"},
        {CONFIG_DEVICE, {{"connections[0].tunnels[0].psk", "\"short\""}}, "connections[0].tunnels[0].psk", "", "8 to 64"},
        {CONFIG_DEVICE, {{"connections[0].tunnels[0].ike.encryption", "\"chacha20poly1305\""}}, "connections[0].tunnels[0].ike.encryption",
         "chacha20poly1305", "AES256-GCM-16"},
        {CONFIG_DEVICE, {{"connections[0].tunnels[0].ike.dh_group", "\"x25519\""}}, "connections[0].tunnels[0].ike.dh_group", NULL, "14 to 24"},
        {CONFIG_DEVICE, {{"connections[0].tunnels[0].ipsec.pfs", "\"disabled\""}}, "connections[0].tunnels[0].ipsec.pfs", NULL, "14 to 24"},
        {CONFIG_DEVICE, {{"connections[0].tunnels[0].bgp.tunnel_cidr", "\"169.254.2.0/30\""}}, "connections[0].tunnels[0].bgp.tunnel_cidr", NULL,
         "169.254.5.0/30"},
        {CONFIG_DEVICE, {{"connections[0].tunnels[0].bgp.local_ip", "\"169.254.10.1\""}}, "connections[0].tunnels[0].bgp.local_ip", NULL,
         "second host"},
        {CONFIG_DEVICE, {{"connections[0].tunnels[0].bgp.local_ip", "\"169.254.10.2\""}}, GOOD},
        {CONFIG_DEVICE, {{"connections[0].remote_subnets", "[\"10.0.0.0/8\", \"192.168.0.0/16\"]"}}, "connections[0].remote_subnets", NULL,
         "is one CIDR"},
        {CONFIG_DEVICE, {{"connections[0].tunnels[0].rekey.margin", "30"}, {"connections[0].tunnels[0].ipsec.replay_window", "4096"},
                         {"connections[0].tunnels[0].bgp.max_prefix", "1000"}, {"connections[0].tunnels[0].dpd.timeout", "5"}}, GOOD},
        {CONFIG_DEVICE, {{"connections[0].tunnels", "[{\"customer_gateway\": \"aws-a\", \"startup_action\": \"trap\"}]"}}, GOOD},
    };
    (void)state;
    config_cases_run(cases, S2SI_COUNT(cases));
}

/* Account rules hold with gateway.strict alone. */
static void test_account_rules(void **state)
{
    static const struct config_case cases[] = {
        {CONFIG_ALIBABA, {{"gateway.name", "\"9-begins-with-a-digit\""}}, GOOD},
        {CONFIG_ALIBABA, {{"gateway.name", "\"9-begins-with-a-digit\""}, {"gateway.strict", "true"}}, "gateway.name", NULL, "starts with a letter"},
        {CONFIG_ALIBABA, {{"customer_gateways[0].name", "\"http://aws1\""}, {"connections[0].tunnels[0].customer_gateway", "\"http://aws1\""}}, GOOD},
        {CONFIG_ALIBABA, {{"customer_gateways[0].name", "\"http://aws1\""}, {"connections[0].tunnels[0].customer_gateway", "\"http://aws1\""},
                          {"gateway.strict", "true"}}, "customer_gateways[0].name", NULL, "http://"},
        {CONFIG_ALIBABA, {{"connections[0].local_subnets", "[\"10.0.0.0/24\", \"10.0.1.0/24\", \"10.0.2.0/24\", \"10.0.3.0/24\", \"10.0.4.0/24\", \"10.0.5.0/24\"]"},
                          {"gateway.strict", "true"}}, "connections[0].local_subnets", NULL, "at most 5"},
    };
    (void)state;
    config_cases_run(cases, S2SI_COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bases_are_good), cmocka_unit_test(test_alibaba),    cmocka_unit_test(test_aws),
        cmocka_unit_test(test_generic),        cmocka_unit_test(test_third_seat), cmocka_unit_test(test_account_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
