/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generic: a router of anybody. Modern defaults; limits are those of the protocols. Toward a cloud the far end's
 * "device" column replaces these defaults. Rows stand in the order of enum s2si_field_id.
 */
#include "lib/cloud/cloud.h"

/* RFC 8221 and RFC 8247: AES-GCM and AES-CBC, SHA-2, group 14 and up, Curve25519. */
S2SI_ALG_LIST(encryption, S2S_AES256_GCM16, S2S_AES128_GCM16, S2S_CHACHA20_POLY1305, S2S_AES256_CBC, S2S_AES128_CBC);
S2SI_ALG_LIST(integrity, S2S_HMAC_SHA2_256_128, S2S_HMAC_SHA2_384_192, S2S_HMAC_SHA2_512_256);
S2SI_ALG_LIST(groups, S2S_CURVE25519, S2S_ECP256, S2S_ECP384, S2S_MODP2048, S2S_MODP3072, S2S_MODP4096);

static const int weights[] = {0, 100};

#define DAY 86400

const struct s2si_profile_field s2si_generic_fields[] = {
    {.field = S2SI_GW_AUTO_PROPAGATE, .console = S2SI_NUMBER(1)},
    {.field = S2SI_GW_TRANSIT, .console = S2SI_NUMBER(1)},
    {.field = S2SI_RT_PROPAGATE, .console = S2SI_NUMBER(1)},
    {.field = S2SI_CGW_ASN, .minimum = 1, .maximum = 4294967295, .rule = "is 1 to 4294967295"},
    {.field = S2SI_CGW_AUTH_KEY, .longest = 80, .rule = "is at most 80 characters (RFC 2385 section 4.5)"},
    {.field = S2SI_CONN_EFFECT_IMMEDIATELY, .console = S2SI_NUMBER(1)},
    {.field = S2SI_CONN_ENABLE_BGP, .console = S2SI_NUMBER(0)},
    {.field = S2SI_CONN_LOCAL_ASN, .minimum = 1, .maximum = 4294967295, .rule = "is 1 to 4294967295"},
    {.field = S2SI_CONN_AUTO_CONFIG_ROUTE, .console = S2SI_NUMBER(1)},
    {.field = S2SI_CONN_SWITCH_BACK, .console = S2SI_NUMBER(1)},
    {.field = S2SI_CONN_HOLD_DOWN, .console = S2SI_NUMBER(5), .minimum = 0, .maximum = 3600,
     .rule = "is 0 to 3600 seconds"},
    {.field = S2SI_CONN_TUNNELS, .least = 1, .most = 8, .rule = "are 1 to 8"},
    {.field = S2SI_TUN_ENABLED, .console = S2SI_NUMBER(1)},
    {.field = S2SI_TUN_AUTH_METHOD, .console = S2SI_NUMBER(S2S_AUTH_PSK)},
    {.field = S2SI_TUN_PSK, .shortest = 1, .longest = 255, .rule = "is 1 to 255 bytes"},
    {.field = S2SI_TUN_NAT_TRAVERSAL, .console = S2SI_NUMBER(1)},
    {.field = S2SI_TUN_ENCAPSULATION, .console = S2SI_NUMBER(S2S_ENCAPSULATION_AUTO)},
    {.field = S2SI_TUN_IKE_VERSION, .console = S2SI_NUMBER(S2S_IKEV2)},
    {.field = S2SI_TUN_IKE_ENCRYPTION, .console = S2SI_ALGORITHMS(&encryption)},
    {.field = S2SI_TUN_IKE_INTEGRITY, .console = S2SI_ALGORITHMS(&integrity)},
    {.field = S2SI_TUN_IKE_DH_GROUP, .console = S2SI_ALGORITHMS(&groups)},
    {.field = S2SI_TUN_IKE_LIFETIME, .console = S2SI_NUMBER(14400), .minimum = 60, .maximum = 30 * DAY,
     .rule = "is 60 to 2592000 seconds"},
    {.field = S2SI_TUN_LOCAL_ID, .shortest = 1, .longest = 255, .rule = "is 1 to 255 characters"},
    {.field = S2SI_TUN_REMOTE_ID, .shortest = 1, .longest = 255, .rule = "is 1 to 255 characters"},
    {.field = S2SI_TUN_IPSEC_ENCRYPTION, .console = S2SI_ALGORITHMS(&encryption)},
    {.field = S2SI_TUN_IPSEC_INTEGRITY, .console = S2SI_ALGORITHMS(&integrity)},
    {.field = S2SI_TUN_IPSEC_PFS, .console = S2SI_ALGORITHMS(&groups)},
    {.field = S2SI_TUN_IPSEC_LIFETIME, .console = S2SI_NUMBER(3600), .minimum = 30, .maximum = 30 * DAY,
     .rule = "is 30 to 2592000 seconds"},
    {.field = S2SI_TUN_REPLAY_WINDOW, .console = S2SI_NUMBER(1024), .minimum = 32, .maximum = 4096,
     .rule = "is 32 to 4096 packets"},
    {.field = S2SI_TUN_ESN, .console = S2SI_NUMBER(1)},
    {.field = S2SI_TUN_REKEY_MARGIN, .console = S2SI_NUMBER(0), .minimum = 0, .maximum = 15 * DAY,
     .rule = "is 0 (a tenth of the lifetime) to half of the shorter lifetime"},
    {.field = S2SI_TUN_REKEY_FUZZ, .console = S2SI_NUMBER(100), .minimum = 0, .maximum = 100,
     .rule = "is 0 to 100 percent"},
    {.field = S2SI_TUN_DPD_ENABLE, .console = S2SI_NUMBER(1)},
    {.field = S2SI_TUN_DPD_DELAY, .console = S2SI_NUMBER(10), .minimum = 1, .maximum = 3600,
     .rule = "is 1 to 3600 seconds"},
    {.field = S2SI_TUN_DPD_TIMEOUT, .console = S2SI_NUMBER(30), .minimum = 2, .maximum = DAY,
     .rule = "is 2 to 86400 seconds"},
    {.field = S2SI_TUN_DPD_ACTION, .console = S2SI_NUMBER(S2S_DPD_RESTART)},
    {.field = S2SI_TUN_PROBE_ENABLE, .console = S2SI_NUMBER(0)},
    {.field = S2SI_TUN_PROBE_INTERVAL, .console = S2SI_NUMBER(1000), .minimum = 10, .maximum = 60000,
     .rule = "is 10 to 60000 milliseconds"},
    {.field = S2SI_TUN_PROBE_RETRY, .console = S2SI_NUMBER(3), .minimum = 1, .maximum = 100, .rule = "is 1 to 100"},
    {.field = S2SI_TUN_BGP_HOLD_TIME, .console = S2SI_NUMBER(90), .minimum = 0, .maximum = 65535,
     .rule = "is 0 or 3 to 65535 seconds"},
    {.field = S2SI_TUN_BGP_KEEPALIVE, .console = S2SI_NUMBER(30), .minimum = 0, .maximum = 21845,
     .rule = "is 0 to 21845 seconds"},
    {.field = S2SI_TUN_BGP_MAX_PREFIX, .console = S2SI_NUMBER(1000), .minimum = 1, .maximum = 10000000,
     .rule = "is 1 to 10000000"},
    {.field = S2SI_TUN_BGP_PASSIVE, .console = S2SI_NUMBER(0)},
    {.field = S2SI_TUN_BGP_TTL_SECURITY, .console = S2SI_NUMBER(0)},
    {.field = S2SI_TUN_BGP_GRACEFUL_RESTART, .console = S2SI_NUMBER(1)},
    {.field = S2SI_ROUTE_PRIORITY, .console = S2SI_NUMBER(10), .minimum = 1, .maximum = 100,
     .rule = "is 1 to 100, smaller first"},
    {.field = S2SI_ROUTE_WEIGHT, .console = S2SI_NUMBER(100), .allowed_numbers = weights,
     .allowed_count = S2SI_COUNT(weights), .rule = "is 0 or 100"},
    {.field = S2SI_ROUTE_PUBLISH, .console = S2SI_NUMBER(1)},
};
