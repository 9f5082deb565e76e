/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alibaba Cloud VPN Gateway, dual-tunnel mode: the fields of CreateVpnGateway, CreateCustomerGateway, CreateVpnConnection
 * with TunnelOptionsSpecification, and the route calls. "console" is what the console fills in, "api" what the API does.
 * Rows stand in the order of enum s2si_field_id.
 */
#include "lib/cloud/cloud.h"

S2SI_ALG_LIST(encryption, S2S_AES128_CBC, S2S_AES192_CBC, S2S_AES256_CBC, S2S_DES_CBC, S2S_3DES_CBC);
S2SI_ALG_LIST(integrity, S2S_HMAC_MD5_96, S2S_HMAC_SHA1_96, S2S_HMAC_SHA2_256_128, S2S_HMAC_SHA2_384_192,
              S2S_HMAC_SHA2_512_256);
S2SI_ALG_LIST(groups, S2S_MODP768, S2S_MODP1024, S2S_MODP1536, S2S_MODP2048);
S2SI_ALG_LIST(pfs_groups, S2S_ALG_NONE, S2S_MODP768, S2S_MODP1024, S2S_MODP1536, S2S_MODP2048);
S2SI_ALG_LIST(aes128, S2S_AES128_CBC);
S2SI_ALG_LIST(sha1, S2S_HMAC_SHA1_96);
S2SI_ALG_LIST(md5, S2S_HMAC_MD5_96);
S2SI_ALG_LIST(group2, S2S_MODP1024);

static const int versions[] = {S2S_IKEV1, S2S_IKEV2};
static const int weights[] = {0, 100};

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
/* Both texts of the rule together: one lists the double, the other the single quotation mark. */
#define PSK_ALPHABET LETTERS DIGITS "~`!@#$%^&*()_-+={}[]\\|;:'\",.<>/?"
#define NO_SPACE LETTERS DIGITS "~`!@#$%^&*()_-+={}[]\\|;:'\",.<>/?"
#define KEY_ALPHABET LETTERS DIGITS "~`!@#$%^&*()_-+={}[]\\|;:'\",.<>/"

#define LIFETIME_RULE "is 0 to 86400 seconds"
#define ONE_ALGORITHM " (one value: a peer that offers several is a documented cause of flapping)"

const struct s2si_profile_field s2si_alibaba_fields[] = {
    /* VPN gateway */
    {.field = S2SI_GW_NAME, .shortest = 2, .longest = 100, .strict = true, .alphabet = LETTERS DIGITS "_-.",
     .not_first = DIGITS "_-.", .rule = "is 2 to 100 letters, digits, '_', '-' or '.' and starts with a letter",
     .label_en = "Instance Name", .label_zh = "实例名称", .api_name = "Name"},
    {.field = S2SI_GW_ADDRESSES, .least = 2, .most = 2,
     .rule = "are exactly two: IPsec address 1 (primary tunnel) and IPsec address 2 (standby tunnel)",
     .label_en = "IPsec Address 1 / 2", .label_zh = "IPsec地址1/2", .api_name = "InternetIp, DisasterRecoveryInternetIp"},
    {.field = S2SI_GW_ASN, .presence = S2SI_EXTENSION, .api_name = ""},
    {.field = S2SI_GW_ROUTE_TABLES, .label_en = "VPC route tables", .label_zh = "VPC路由表",
     .rule = "one of them is the system table; it alone receives routes"},
    {.field = S2SI_GW_AUTO_PROPAGATE, .console = S2SI_NUMBER(0), .label_en = "Automatic Route Propagation",
     .label_zh = "路由自动传播", .api_name = "AutoPropagate", .rule = "is true or false"},
    /* customer gateway */
    {.field = S2SI_CGW_NAME, .shortest = 1, .longest = 100, .strict = true, .rule = "is 1 to 100 characters",
     .label_en = "Customer Gateway name", .label_zh = "用户网关名称", .api_name = "Name"},
    {.field = S2SI_CGW_IP_ADDRESS, .presence = S2SI_REQUIRED, .rule = "is a static IPv4 address", .label_en = "IP Address",
     .label_zh = "IP地址", .api_name = "IpAddress"},
    {.field = S2SI_CGW_ASN, .minimum = 1, .maximum = 4294967295, .rule = "is 1 to 4294967295 and not 45104",
     .label_en = "ASN", .label_zh = "自治系统号", .api_name = "Asn"},
    {.field = S2SI_CGW_AUTH_KEY, .shortest = 1, .longest = 64, .alphabet = KEY_ALPHABET,
     .rule = "is 1 to 64 ASCII characters without space and '?'", .label_en = "BGP authentication key",
     .label_zh = "BGP认证密钥", .api_name = "AuthKey"},
    /* IPsec connection */
    {.field = S2SI_CONN_NAME, .shortest = 1, .longest = 100, .strict = true, .rule = "is 1 to 100 characters",
     .label_en = "Name", .label_zh = "名称", .api_name = "Name"},
    {.field = S2SI_CONN_ROUTE_MODE, .label_en = "Routing Mode", .label_zh = "路由模式", .api_name = "(LocalSubnet, RemoteSubnet)",
     .rule = "is policy (Protected Data Flows) or destination (Destination Routing Mode)"},
    {.field = S2SI_CONN_LOCAL_SUBNETS, .facing = true, .most = 5, .strict = true, .rule = "are at most 5 CIDR blocks", .label_en = "Local Network",
     .label_zh = "本端网段", .api_name = "LocalSubnet", .cloud_value_word = "RemoteIpv4NetworkCidr"},
    {.field = S2SI_CONN_REMOTE_SUBNETS, .facing = true, .most = 5, .strict = true, .rule = "are at most 5 CIDR blocks",
     .label_en = "Remote Network", .label_zh = "对端网段", .api_name = "RemoteSubnet", .cloud_value_word = "LocalIpv4NetworkCidr"},
    {.field = S2SI_CONN_EFFECT_IMMEDIATELY, .console = S2SI_NUMBER(0), .label_en = "Effective Immediately", .label_zh = "立即生效",
     .api_name = "EffectImmediately"},
    {.field = S2SI_CONN_ENABLE_BGP, .console = S2SI_NUMBER(0), .label_en = "Enable BGP", .label_zh = "启用BGP",
     .api_name = "EnableTunnelsBgp"},
    {.field = S2SI_CONN_LOCAL_ASN, .console = S2SI_NUMBER(45104), .minimum = 1, .maximum = 4294967295,
     .rule = "is 1 to 4294967295, the same for both tunnels and all BGP connections of a gateway", .label_en = "Local ASN",
     .label_zh = "本端自治系统号", .api_name = "TunnelBgpConfig.LocalAsn"},
    {.field = S2SI_CONN_AUTO_CONFIG_ROUTE, .console = S2SI_NUMBER(1), .label_en = "Automatically Configure Routes",
     .label_zh = "自动配置路由", .api_name = "AutoConfigRoute"},
    {.field = S2SI_CONN_SWITCH_BACK, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(1)},
    {.field = S2SI_CONN_HOLD_DOWN, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(5), .minimum = 0, .maximum = 3600,
     .rule = "is 0 to 3600 seconds"},
    {.field = S2SI_CONN_TUNNELS, .least = 2, .most = 2, .rule = "are exactly two: tunnel 1 is the master, tunnel 2 the slave",
     .label_en = "Tunnel 1, Tunnel 2", .label_zh = "Tunnel 1、Tunnel 2", .api_name = "TunnelOptionsSpecification"},
    /* tunnel */
    {.field = S2SI_TUN_ENABLED, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(1)},
    {.field = S2SI_TUN_CUSTOMER_GATEWAY, .label_en = "Customer Gateway", .label_zh = "用户网关", .api_name = "CustomerGatewayId"},
    {.field = S2SI_TUN_LOCAL_ADDRESS, .presence = S2SI_EXTENSION},
    {.field = S2SI_TUN_AUTH_METHOD, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(S2S_AUTH_PSK)},
    {.field = S2SI_TUN_PSK, .facing = true, .shortest = 1, .longest = 100, .alphabet = PSK_ALPHABET,
     .rule = "is 1 to 100 characters without space: digits, letters and ~ ` ! @ # $ % ^ & * ( ) _ - + = { } [ ] \\ | ; : ' \" , . < > / ?",
     .label_en = "Pre-Shared Key", .label_zh = "预共享密钥", .api_name = "TunnelIkeConfig.Psk"},
    {.field = S2SI_TUN_STARTUP_ACTION, .presence = S2SI_EXTENSION},
    {.field = S2SI_TUN_NAT_TRAVERSAL, .console = S2SI_NUMBER(1), .label_en = "NAT Traversal", .label_zh = "NAT穿越",
     .api_name = "EnableNatTraversal"},
    {.field = S2SI_TUN_ENCAPSULATION, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(S2S_ENCAPSULATION_AUTO)},
    {.field = S2SI_TUN_IKE_VERSION, .facing = true, .console = S2SI_NUMBER(S2S_IKEV2), .api = S2SI_NUMBER(S2S_IKEV1),
     .device = S2SI_NUMBER(S2S_IKEV2), .allowed_numbers = versions, .allowed_count = S2SI_COUNT(versions),
     .rule = "is ikev1 or ikev2", .label_en = "Version", .label_zh = "版本", .api_name = "TunnelIkeConfig.IkeVersion"},
    {.field = S2SI_TUN_IKE_MODE, .console = S2SI_TEXT("main"), .rule = "is main or aggressive", .label_en = "Negotiation Mode",
     .label_zh = "协商模式", .api_name = "TunnelIkeConfig.IkeMode"},
    {.field = S2SI_TUN_IKE_ENCRYPTION, .facing = true, .console = S2SI_ALGORITHMS(&aes128), .device = S2SI_ALGORITHMS(&aes128),
     .allowed = &encryption, .most = 1, .rule = "is one of aes, aes192, aes256, des, 3des" ONE_ALGORITHM,
     .label_en = "Encryption Algorithm", .label_zh = "加密算法", .api_name = "TunnelIkeConfig.IkeEncAlg"},
    {.field = S2SI_TUN_IKE_INTEGRITY, .facing = true, .console = S2SI_ALGORITHMS(&sha1), .api = S2SI_ALGORITHMS(&md5),
     .device = S2SI_ALGORITHMS(&sha1), .allowed = &integrity, .most = 1,
     .rule = "is one of md5, sha1, sha256, sha384, sha512" ONE_ALGORITHM, .label_en = "Authentication Algorithm",
     .label_zh = "认证算法", .api_name = "TunnelIkeConfig.IkeAuthAlg"},
    {.field = S2SI_TUN_IKE_PRF, .presence = S2SI_EXTENSION},
    {.field = S2SI_TUN_IKE_DH_GROUP, .facing = true, .console = S2SI_ALGORITHMS(&group2), .device = S2SI_ALGORITHMS(&group2), .allowed = &groups,
     .most = 1, .rule = "is one of group1, group2, group5, group14" ONE_ALGORITHM, .label_en = "DH Group",
     .label_zh = "DH分组", .api_name = "TunnelIkeConfig.IkePfs"},
    {.field = S2SI_TUN_IKE_LIFETIME, .console = S2SI_NUMBER(86400), .device = S2SI_NUMBER(86400), .minimum = 0, .maximum = 86400,
     .rule = LIFETIME_RULE, .label_en = "SA Life Cycle (seconds)", .label_zh = "SA生存周期（秒）",
     .api_name = "TunnelIkeConfig.IkeLifetime"},
    {.field = S2SI_TUN_LOCAL_ID, .facing = true, .shortest = 1, .longest = 100, .alphabet = NO_SPACE, .rule = "is 1 to 100 characters without space",
     .label_en = "LocalId", .label_zh = "LocalId", .api_name = "TunnelIkeConfig.LocalId"},
    {.field = S2SI_TUN_REMOTE_ID, .facing = true, .shortest = 1, .longest = 100, .alphabet = NO_SPACE, .rule = "is 1 to 100 characters without space",
     .label_en = "RemoteId", .label_zh = "RemoteId", .api_name = "TunnelIkeConfig.RemoteId"},
    {.field = S2SI_TUN_IPSEC_ENCRYPTION, .facing = true, .console = S2SI_ALGORITHMS(&aes128), .device = S2SI_ALGORITHMS(&aes128),
     .allowed = &encryption, .most = 1, .rule = "is one of aes, aes192, aes256, des, 3des" ONE_ALGORITHM,
     .label_en = "Encryption Algorithm", .label_zh = "加密算法", .api_name = "TunnelIpsecConfig.IpsecEncAlg"},
    {.field = S2SI_TUN_IPSEC_INTEGRITY, .facing = true, .console = S2SI_ALGORITHMS(&sha1), .api = S2SI_ALGORITHMS(&md5),
     .device = S2SI_ALGORITHMS(&sha1), .allowed = &integrity, .most = 1,
     .rule = "is one of md5, sha1, sha256, sha384, sha512" ONE_ALGORITHM, .label_en = "Authentication Algorithm",
     .label_zh = "认证算法", .api_name = "TunnelIpsecConfig.IpsecAuthAlg"},
    {.field = S2SI_TUN_IPSEC_PFS, .facing = true, .console = S2SI_ALGORITHMS(&group2), .device = S2SI_ALGORITHMS(&group2), .allowed = &pfs_groups,
     .most = 1, .rule = "is one of disabled, group1, group2, group5, group14" ONE_ALGORITHM, .label_en = "DH Group",
     .label_zh = "DH分组", .api_name = "TunnelIpsecConfig.IpsecPfs"},
    {.field = S2SI_TUN_IPSEC_LIFETIME, .console = S2SI_NUMBER(86400), .device = S2SI_NUMBER(86400), .minimum = 0, .maximum = 86400,
     .rule = LIFETIME_RULE, .label_en = "SA Life Cycle (seconds)", .label_zh = "SA生存周期（秒）",
     .api_name = "TunnelIpsecConfig.IpsecLifetime"},
    {.field = S2SI_TUN_REPLAY_WINDOW, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(1024), .minimum = 32, .maximum = 4096,
     .rule = "is 32 to 4096 packets"},
    {.field = S2SI_TUN_ESN, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(0)},
    {.field = S2SI_TUN_REKEY_MARGIN, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(540), .minimum = 0, .maximum = 43200,
     .rule = "is 0 to 43200 seconds"},
    {.field = S2SI_TUN_REKEY_FUZZ, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(100), .minimum = 0, .maximum = 100,
     .rule = "is 0 to 100 percent"},
    {.field = S2SI_TUN_DPD_ENABLE, .console = S2SI_NUMBER(1), .label_en = "DPD", .label_zh = "DPD", .api_name = "EnableDpd"},
    {.field = S2SI_TUN_DPD_DELAY, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(10), .minimum = 1, .maximum = 3600,
     .rule = "is 1 to 3600 seconds"},
    {.field = S2SI_TUN_DPD_TIMEOUT, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(30), .device = S2SI_NUMBER(30), .minimum = 2,
     .maximum = 7200, .rule = "is 2 to 7200 seconds"},
    {.field = S2SI_TUN_DPD_ACTION, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(S2S_DPD_RESTART)},
    {.field = S2SI_TUN_PROBE_ENABLE, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(0)},
    {.field = S2SI_TUN_PROBE_SOURCE, .presence = S2SI_EXTENSION},
    {.field = S2SI_TUN_PROBE_TARGET, .presence = S2SI_EXTENSION},
    {.field = S2SI_TUN_PROBE_INTERVAL, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(1000), .minimum = 10, .maximum = 60000,
     .rule = "is 10 to 60000 milliseconds"},
    {.field = S2SI_TUN_PROBE_RETRY, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(3), .minimum = 1, .maximum = 100,
     .rule = "is 1 to 100"},
    {.field = S2SI_TUN_BGP_TUNNEL_CIDR, .label_en = "Tunnel CIDR Block", .label_zh = "隧道网段",
     .api_name = "TunnelBgpConfig.TunnelCidr", .rule = "is a /30 of 169.254.0.0/16"},
    {.field = S2SI_TUN_BGP_LOCAL_IP, .label_en = "Local BGP IP address", .label_zh = "本端BGP地址",
     .api_name = "TunnelBgpConfig.LocalBgpIp", .rule = "is a host address of the tunnel CIDR"},
    {.field = S2SI_TUN_BGP_PEER_IP, .api_name = "PeerBgpIp", .rule = "is the other host address of the tunnel CIDR"},
    {.field = S2SI_TUN_BGP_HOLD_TIME, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(30), .device = S2SI_NUMBER(30), .minimum = 0,
     .maximum = 65535, .rule = "is 0 or 3 to 65535 seconds"},
    {.field = S2SI_TUN_BGP_KEEPALIVE, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(10), .device = S2SI_NUMBER(10), .minimum = 0,
     .maximum = 21845, .rule = "is 0 to 21845 seconds"},
    {.field = S2SI_TUN_BGP_IMPORT, .presence = S2SI_EXTENSION},
    {.field = S2SI_TUN_BGP_EXPORT, .presence = S2SI_EXTENSION},
    {.field = S2SI_TUN_BGP_MAX_PREFIX, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(50), .minimum = 1, .maximum = 200,
     .rule = "is 1 to 200: the gateway takes 50 routes from a peer, 200 where the quota was raised"},
    {.field = S2SI_TUN_BGP_PASSIVE, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(0)},
    {.field = S2SI_TUN_BGP_TTL_SECURITY, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(0)},
    {.field = S2SI_TUN_BGP_GRACEFUL_RESTART, .presence = S2SI_EXTENSION, .console = S2SI_NUMBER(0)},
    /* routes: CreateVpnPbrRouteEntry, CreateVpnRouteEntry */
    {.field = S2SI_ROUTE_TYPE, .label_en = "Policy-based / Destination-based Routing", .label_zh = "策略路由/目的路由",
     .api_name = "RouteType", .rule = "is policy or destination"},
    {.field = S2SI_ROUTE_SOURCE, .label_en = "Source CIDR Block", .label_zh = "源网段", .api_name = "RouteSource"},
    {.field = S2SI_ROUTE_DESTINATION, .label_en = "Destination CIDR Block", .label_zh = "目标网段", .api_name = "RouteDest"},
    {.field = S2SI_ROUTE_CONNECTION, .label_en = "Next Hop", .label_zh = "下一跳", .api_name = "NextHop"},
    {.field = S2SI_ROUTE_PRIORITY, .console = S2SI_NUMBER(10), .minimum = 1, .maximum = 100,
     .rule = "is 1 to 100, smaller first", .label_en = "Policy Priority", .label_zh = "策略优先级", .api_name = "Priority"},
    {.field = S2SI_ROUTE_WEIGHT, .console = S2SI_NUMBER(100), .allowed_numbers = weights, .allowed_count = S2SI_COUNT(weights),
     .rule = "is 0 or 100 (ignored with two tunnels)", .label_en = "Weight", .label_zh = "权重", .api_name = "Weight"},
    {.field = S2SI_ROUTE_PUBLISH, .console = S2SI_NUMBER(0), .label_en = "Publish to VPC", .label_zh = "发布到VPC",
     .api_name = "PublishVpc"},
};
