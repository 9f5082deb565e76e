/* SPDX-License-Identifier: Apache-2.0 */
/* Imports of the clouds' own JSON, as the cloud and as its peer, and of files as the clouds write them. */
#include "device_rig.h"

#include <string.h>

#if S2S_HAVE_EXPAT
#define XML                                                                                                            \
    "\"CustomerGatewayConfiguration\": \"<?xml version=\\\"1.0\\\" encoding=\\\"UTF-8\\\"?>\\n<vpn_connection "        \
    "id=\\\"vpn-1\\\">"                                                                                                \
    "<customer_gateway_id>cgw-1</customer_gateway_id><vpn_gateway_id>vgw-1</vpn_gateway_id>"                           \
    "<vpn_connection_type>ipsec.1</vpn_connection_type>"                                                               \
    "<ipsec_tunnel><customer_gateway><tunnel_outside_address><ip_address>203.0.113.5</ip_address></"                   \
    "tunnel_outside_address>"                                                                                          \
    "<bgp><asn>65000</asn><hold_time>30</hold_time></bgp></customer_gateway><vpn_gateway><tunnel_outside_address>"     \
    "<ip_address>3.0.0.53</ip_address></tunnel_outside_address><bgp><asn>64512</asn><hold_time>30</hold_time></bgp>"   \
    "</vpn_gateway><ike><encryption_protocol>aes-128-cbc</encryption_protocol><pre_shared_key>second.key.2</"          \
    "pre_shared_key>"                                                                                                  \
    "</ike></ipsec_tunnel>"                                                                                            \
    "<ipsec_tunnel><customer_gateway><tunnel_outside_address><ip_address>203.0.113.5</ip_address></"                   \
    "tunnel_outside_address>"                                                                                          \
    "<bgp><asn>65000</asn><hold_time>30</hold_time></bgp></customer_gateway><vpn_gateway><tunnel_outside_address>"     \
    "<ip_address>3.0.0.52</ip_address></tunnel_outside_address><bgp><asn>64512</asn><hold_time>30</hold_time></bgp>"   \
    "</vpn_gateway><ike><pre_shared_key>first.key.1</pre_shared_key></ike></ipsec_tunnel></vpn_connection>\","
#else
#define XML
#endif

/* The XML lists tunnel 2 first, as AWS does at times. */
static const char describe[] =
    "{\"VpnConnections\": [{\"VpnConnectionId\": \"vpn-1\", \"CustomerGatewayId\": \"cgw-1\", \"VpnGatewayId\": "
    "\"vgw-1\","
    " \"State\": \"available\", \"Type\": \"ipsec.1\", \"Category\": \"VPN\"," XML
    " \"Options\": {\"EnableAcceleration\": false, \"StaticRoutesOnly\": true, \"LocalIpv4NetworkCidr\": "
    "\"172.16.0.0/16\","
    "  \"RemoteIpv4NetworkCidr\": \"192.168.0.0/16\", \"TunnelInsideIpVersion\": \"ipv4\", \"TunnelOptions\": ["
    "  {\"OutsideIpAddress\": \"3.0.0.52\", \"TunnelInsideCidr\": \"169.254.10.0/30\", \"PreSharedKey\": "
    "\"first.key.1\","
    "   \"Phase1LifetimeSeconds\": 14400, \"RekeyMarginTimeSeconds\": 300, \"DpdTimeoutSeconds\": 60,"
    "   \"StartupAction\": \"start\", \"IkeVersions\": [{\"Value\": \"ikev2\"}],"
    "   \"Phase1EncryptionAlgorithms\": [{\"Value\": \"AES128\"}, {\"Value\": \"AES256-GCM-16\"}],"
    "   \"Phase2DHGroupNumbers\": [{\"Value\": 14}, {\"Value\": 19}]},"
    "  {\"OutsideIpAddress\": \"3.0.0.53\", \"TunnelInsideCidr\": \"169.254.11.0/30\", \"PreSharedKey\": "
    "\"second.key.2\"}]},"
    " \"Routes\": [{\"DestinationCidrBlock\": \"172.16.0.0/16\", \"Source\": \"Static\", \"State\": \"available\"}],"
    " \"VgwTelemetry\": [{\"OutsideIpAddress\": \"3.0.0.52\", \"Status\": \"UP\"}],"
    " \"Novelty\": {\"Setting\": 7}, \"Tags\": [{\"Key\": \"Name\", \"Value\": \"x\"}]}]}";

static const char create[] =
    "{\"RegionId\": \"eu-central-1\", \"Name\": \"vco\", \"VpnGatewayId\": \"vpn-f\", \"LocalSubnet\": "
    "\"10.0.0.0/16,10.1.0.0/16\","
    " \"RemoteSubnet\": \"172.16.0.0/16\", \"EffectImmediately\": true, \"AutoConfigRoute\": true, "
    "\"EnableTunnelsBgp\": false,"
    " \"TunnelOptionsSpecification\": ["
    " {\"Role\": \"slave\", \"CustomerGatewayId\": \"cgw-b\", \"TunnelIkeConfig\": {\"IkeVersion\": \"ikev2\", "
    "\"IkeEncAlg\": \"aes256\","
    "  \"IkeAuthAlg\": \"sha256\", \"IkePfs\": \"group14\", \"IkeLifetime\": 86400, \"Psk\": \"key~two\"},"
    "  \"TunnelIpsecConfig\": {\"IpsecEncAlg\": \"aes256\", \"IpsecAuthAlg\": \"sha256\", \"IpsecPfs\": \"disabled\","
    "  \"IpsecLifetime\": 3600}},"
    " {\"Role\": \"master\", \"CustomerGatewayId\": \"cgw-a\", \"EnableDpd\": true, \"TunnelIkeConfig\": "
    "{\"IkeVersion\": \"ikev2\","
    "  \"Psk\": \"key~one\", \"LocalId\": \"ali.example\"}, \"TunnelBgpConfig\": {\"TunnelCidr\": \"169.254.10.0/30\","
    "  \"LocalBgpIp\": \"169.254.10.2\", \"LocalAsn\": 65530}}]}";

static const char answer[] =
    "{\"RequestId\": \"r\", \"VpnConnectionId\": \"vco-1\", \"Name\": \"vco\", \"Status\": \"ipsec_sa_established\","
    " \"LocalSubnet\": \"0.0.0.0/0\", \"RemoteSubnet\": \"0.0.0.0/0\", \"EnableTunnelsBgp\": true,"
    " \"TunnelOptionsSpecification\": {\"TunnelOptions\": ["
    " {\"Role\": \"master\", \"InternetIp\": \"8.0.0.146\", \"CustomerGatewayId\": \"cgw-a\", \"TunnelIkeConfig\": {"
    "  \"IkeVersion\": \"ikev2\", \"Psk\": \"key~one\", \"LocalId\": \"8.0.0.146\", \"RemoteId\": \"203.0.113.5\"},"
    "  \"TunnelBgpConfig\": {\"TunnelCidr\": \"169.254.10.0/30\", \"LocalBgpIp\": \"169.254.10.2\", \"LocalAsn\": "
    "\"65530\","
    "  \"PeerAsn\": \"65000\", \"PeerBgpIp\": \"169.254.10.1\", \"BgpStatus\": \"success\"}},"
    " {\"Role\": \"slave\", \"InternetIp\": \"8.0.0.74\", \"CustomerGatewayId\": \"cgw-a\", \"TunnelIkeConfig\": {"
    "  \"IkeVersion\": \"ikev2\", \"Psk\": \"key~two\"}, \"TunnelBgpConfig\": {\"TunnelCidr\": \"169.254.11.0/30\","
    "  \"LocalBgpIp\": \"169.254.11.2\", \"LocalAsn\": \"65530\", \"PeerAsn\": \"65000\", \"PeerBgpIp\": "
    "\"169.254.11.1\"}}]}}";

static void has(const s2s_import *import, const char *word)
{
    if (!strstr(s2s_import_text(import), word)) {
        print_error("lacks %s\n", word);
        for (const char *at = s2s_import_text(import); *at; at += strnlen(at, 900)) {
            print_error("%.900s", at);
        }
        fail();
    }
}

/* 0 and a text that passes the check. */
static s2s_import *good(const char *text, const struct s2s_import_options *options)
{
    struct s2s_import_file file = {text, strlen(text)};
    s2s_import *import = NULL;
    int error = s2s_device_file_import(&file, 1, options, &import);

    if (error) {
        device_rig_print(import);
    }
    assert_int_equal(error, 0);
    device_rig_passes(import);
    return import;
}

static void describe_as_the_peer(void **state)
{
    struct s2s_import_options options;
    s2s_import *import;

    (void)state;
    s2s_import_options_init(&options, sizeof options);
    options.local_address = "203.0.113.5";
    import = good(describe, &options);
    has(import, "\"local_subnets\":\t[\"172.16.0.0/16\"]"); /* AWS's Local is the customer */
    has(import, "\"remote_subnets\":\t[\"192.168.0.0/16\"]");
    has(import, "\"lifetime\":\t14400");
    has(import, "[\"aes256gcm16\", \"aes128\"]"); /* the strong first */
    has(import, "[\"ecp256\", \"modp2048\"]");
    assert_true(strstr(s2s_import_text(import), "first.key.1") < strstr(s2s_import_text(import), "3.0.0.53") ||
                strstr(s2s_import_text(import), "first.key.1") != NULL);
    assert_true(device_rig_lists(import, true, "TunnelOptions[0].RekeyMarginTimeSeconds", "far end's own"));
    assert_true(device_rig_lists(import, true, "VpnConnections[0].Novelty.Setting", "not known"));
    assert_true(device_rig_lists(import, true, "VgwTelemetry[0].Status", "state"));
    assert_true(device_rig_lists(import, true, "Tags[0].Value", "tag"));
    s2s_import_delete(import);
}

static void describe_as_aws(void **state)
{
    struct s2s_import_options options;
    s2s_import *import;

    (void)state;
    s2s_import_options_init(&options, sizeof options);
    options.profile = s2s_profile_aws();
    options.remote_address = "203.0.113.5";
    import = good(describe, &options);
    has(import, "\"local_subnets\":\t[\"192.168.0.0/16\"]");
    has(import, "\"margin\":\t300");
    has(import, "\"timeout\":\t60");
    has(import, "\"startup_action\":\t\"start\"");
    has(import, "\"type\":\t\"static\"");
    has(import, "\"AES256-GCM-16\"");
    s2s_import_delete(import);
}

#if S2S_HAVE_EXPAT
/* Each tunnel's key stays with its address, though the two lists have another order. */
static void tunnels_are_matched_by_address(void **state)
{
    struct s2s_import_options options;
    s2s_import *import;
    const char *first, *second, *key1, *key2;

    (void)state;
    s2s_import_options_init(&options, sizeof options);
    import = good(describe, &options);
    has(import, "\"addresses\":\t[\"203.0.113.5\"]");
    second = strstr(s2s_import_text(import), "\"customer_gateway\":\t\"vgw-1-1\"");
    first = strstr(s2s_import_text(import), "\"customer_gateway\":\t\"vgw-1-2\"");
    key1 = strstr(s2s_import_text(import), "first.key.1");
    key2 = strstr(s2s_import_text(import), "second.key.2");
    assert_true(second && first && key1 && key2);
    assert_true(second < key2 && key2 < first && first < key1); /* the XML's order: 3.0.0.53 is the first */
    s2s_import_delete(import);
}
#endif

static void alibaba_request_as_alibaba(void **state)
{
    struct s2s_import_options options;
    s2s_import *import;

    (void)state;
    s2s_import_options_init(&options, sizeof options);
    options.profile = s2s_profile_alibaba();
    options.local_address = "8.0.0.146, 8.0.0.74";
    options.remote_address = "203.0.113.5";
    import = good(create, &options);
    has(import, "\"local_subnets\":\t[\"10.0.0.0/16\", \"10.1.0.0/16\"]");
    has(import, "\"addresses\":\t[\"8.0.0.146\", \"8.0.0.74\"]");
    has(import, "\"pfs\":\t[\"disabled\"]");
    has(import, "\"local_id\":\t\"ali.example\"");
    assert_true(strstr(s2s_import_text(import), "key~one") <
                strstr(s2s_import_text(import), "key~two")); /* master first */
    assert_true(device_rig_lists(import, true, "RegionId", "left out"));
    s2s_import_delete(import);
}

static void alibaba_request_as_a_router(void **state)
{
    struct s2s_import_options options;
    struct s2s_import_file file = {create, sizeof create - 1};
    s2s_import *import = NULL;

    (void)state;
    s2s_import_options_init(&options, sizeof options);
    assert_int_equal(s2s_device_file_import(&file, 1, &options, &import), S2S_ERR_CONFIG);
    assert_true(device_rig_lists(import, false, "remote_address", "is required"));
    s2s_import_delete(import);
    options.remote_address = "8.0.0.146,8.0.0.74";
    options.local_address = "203.0.113.5";
    import = good(create, &options);
    has(import, "\"local_subnets\":\t[\"172.16.0.0/16\"]");
    has(import, "\"remote_id\":\t\"ali.example\"");
    has(import, "\"local_ip\":\t\"169.254.10.1\"");
    s2s_import_delete(import);
}

static void alibaba_answer_as_a_router(void **state)
{
    struct s2s_import_options options;
    s2s_import *import;

    (void)state;
    s2s_import_options_init(&options, sizeof options);
    options.local_address = "203.0.113.5";
    options.local_networks = "172.16.0.0/16";
    import = good(answer, &options);
    has(import, "\"enable_bgp\":\ttrue");
    has(import, "\"asn\":\t65530");
    has(import, "\"asn\":\t65000");
    has(import, "\"ip_address\":\t\"8.0.0.74\"");
    assert_true(device_rig_lists(import, true, "Status", "state"));
    s2s_import_delete(import);
}

/* A file of 2018 as AWS wrote it: no IKE version, the group under another name, a doubled colon. */
static void an_old_generic_file(void **state)
{
    static const char text[] =
        "Amazon Web Services\r\nYour VPN Connection ID             : vpn-44a8938f\r\n\r\nIPSec Tunnel #1\r\n=====\r\n"
        "#1: Internet Key Exchange Configuration\r\n  - Pre-Shared Key           : plain.text.1 \r\n"
        "  - Authentication Algorithm : sha1\r\n  - Encryption Algorithm     : aes-128-cbc\r\n"
        "  - Lifetime                 : 28800 seconds\r\n  - Phase 1 Negotiation Mode : main\r\n"
        "  - Perfect Forward Secrecy  : Diffie-Hellman Group 2\r\n#2: IPSec Configuration\r\n"
        "  - Authentication Algorithm : hmac-sha1-96\r\n#3: Tunnel Interface Configuration\r\nOutside IP Addresses:\r\n"
        "  - Customer Gateway:        : 203.0.113.5\r\n  - Virtual Private Gateway  : 72.21.209.193\r\n"
        "Inside IP Addresses\r\n  - Customer Gateway         : 169.254.255.2/30\r\n"
        "  - Virtual Private Gateway  : 169.254.255.1/30\r\n  - Something else           : 5\r\n";
    struct s2s_import_options options;
    s2s_import *import;

    (void)state;
    s2s_import_options_init(&options, sizeof options);
    options.remote_networks = "192.168.0.0/16";
    import = good(text, &options);
    has(import, "\"psk\":\t\"plain.text.1\"");
    has(import, "\"dh_group\":\t[\"modp1024\"]");
    has(import, "\"destination\":\t\"192.168.0.0/16\"");
    assert_true(device_rig_lists(import, true, "#3.Inside.Something else", "not known"));
    s2s_import_delete(import);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describe_as_the_peer),
        cmocka_unit_test(describe_as_aws),
#if S2S_HAVE_EXPAT
        cmocka_unit_test(tunnels_are_matched_by_address),
#endif
        cmocka_unit_test(alibaba_request_as_alibaba),
        cmocka_unit_test(alibaba_request_as_a_router),
        cmocka_unit_test(alibaba_answer_as_a_router),
        cmocka_unit_test(an_old_generic_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
