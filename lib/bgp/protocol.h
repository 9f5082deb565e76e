/* SPDX-License-Identifier: Apache-2.0 */
/* protocol: the numbers of BGP-4 as the RFCs and IANA give them, and the two small types that every file of this module uses. */
#ifndef S2SI_BGP_PROTOCOL_H
#define S2SI_BGP_PROTOCOL_H

#include "lib/base/base.h"

enum {
    S2SI_BGP_PORT = 179,
    S2SI_BGP_VERSION = 4,
    S2SI_BGP_HEADER = 19,              /* RFC 4271 section 4.1 */
    S2SI_BGP_MESSAGE_MAX = 4096,       /* what we send and accept */
    S2SI_BGP_MESSAGE_EXTENDED = 65535, /* RFC 8654; decoded, never offered */
    S2SI_BGP_AS_TRANS = 23456          /* RFC 6793 */
};

enum s2si_bgp_message_type {
    S2SI_BGP_OPEN = 1, S2SI_BGP_UPDATE, S2SI_BGP_NOTIFICATION, S2SI_BGP_KEEPALIVE,
    S2SI_BGP_ROUTE_REFRESH /* RFC 2918 */
};

/* RFC 4271 section 4.5, RFC 4486, RFC 6608, RFC 9003, RFC 8538, RFC 9687. */
enum s2si_bgp_error {
    S2SI_BGP_ERR_HEADER = 1, S2SI_BGP_ERR_OPEN, S2SI_BGP_ERR_UPDATE, S2SI_BGP_ERR_HOLD_TIMER, S2SI_BGP_ERR_FSM,
    S2SI_BGP_ERR_CEASE, S2SI_BGP_ERR_ROUTE_REFRESH, S2SI_BGP_ERR_SEND_HOLD_TIMER
};
enum { S2SI_BGP_HEADER_NOT_SYNCHRONIZED = 1, S2SI_BGP_HEADER_BAD_LENGTH, S2SI_BGP_HEADER_BAD_TYPE };
enum {
    S2SI_BGP_OPEN_UNSUPPORTED_VERSION = 1, S2SI_BGP_OPEN_BAD_PEER_AS, S2SI_BGP_OPEN_BAD_IDENTIFIER,
    S2SI_BGP_OPEN_UNSUPPORTED_PARAMETER, S2SI_BGP_OPEN_UNACCEPTABLE_HOLD_TIME = 6, S2SI_BGP_OPEN_UNSUPPORTED_CAPABILITY
};
enum {
    S2SI_BGP_UPDATE_MALFORMED_LIST = 1, S2SI_BGP_UPDATE_UNRECOGNIZED_WELL_KNOWN, S2SI_BGP_UPDATE_MISSING_WELL_KNOWN,
    S2SI_BGP_UPDATE_FLAGS, S2SI_BGP_UPDATE_LENGTH, S2SI_BGP_UPDATE_ORIGIN, S2SI_BGP_UPDATE_NEXT_HOP = 8,
    S2SI_BGP_UPDATE_OPTIONAL, S2SI_BGP_UPDATE_NETWORK, S2SI_BGP_UPDATE_AS_PATH
};
enum { S2SI_BGP_FSM_OPEN_SENT = 1, S2SI_BGP_FSM_OPEN_CONFIRM, S2SI_BGP_FSM_ESTABLISHED }; /* RFC 6608 */
enum {
    S2SI_BGP_CEASE_MAX_PREFIX = 1, S2SI_BGP_CEASE_SHUTDOWN, S2SI_BGP_CEASE_DECONFIGURED, S2SI_BGP_CEASE_RESET,
    S2SI_BGP_CEASE_REJECTED, S2SI_BGP_CEASE_CONFIG_CHANGE, S2SI_BGP_CEASE_COLLISION, S2SI_BGP_CEASE_RESOURCES,
    S2SI_BGP_CEASE_HARD_RESET, S2SI_BGP_CEASE_BFD_DOWN
};

/* Capabilities (RFC 5492). */
enum s2si_bgp_capability {
    S2SI_BGP_CAP_MULTIPROTOCOL = 1, S2SI_BGP_CAP_ROUTE_REFRESH = 2, S2SI_BGP_CAP_ORF = 3, S2SI_BGP_CAP_EXTENDED_NEXT_HOP = 5,
    S2SI_BGP_CAP_EXTENDED_MESSAGE = 6, S2SI_BGP_CAP_ROLE = 9, S2SI_BGP_CAP_GRACEFUL_RESTART = 64, S2SI_BGP_CAP_FOUR_OCTET_AS = 65,
    S2SI_BGP_CAP_ADD_PATH = 69, S2SI_BGP_CAP_ENHANCED_REFRESH = 70, S2SI_BGP_CAP_LLGR = 71, S2SI_BGP_CAP_FQDN = 73,
    S2SI_BGP_CAP_SOFTWARE_VERSION = 75
};

/* Path attributes. */
enum s2si_bgp_attribute {
    S2SI_BGP_ORIGIN = 1, S2SI_BGP_AS_PATH, S2SI_BGP_NEXT_HOP, S2SI_BGP_MED, S2SI_BGP_LOCAL_PREF, S2SI_BGP_ATOMIC_AGGREGATE,
    S2SI_BGP_AGGREGATOR, S2SI_BGP_COMMUNITIES, S2SI_BGP_ORIGINATOR_ID, S2SI_BGP_CLUSTER_LIST, S2SI_BGP_MP_REACH = 14,
    S2SI_BGP_MP_UNREACH, S2SI_BGP_EXTENDED_COMMUNITIES, S2SI_BGP_AS4_PATH, S2SI_BGP_AS4_AGGREGATOR, S2SI_BGP_PMSI_TUNNEL = 22,
    S2SI_BGP_TUNNEL_ENCAPSULATION, S2SI_BGP_IPV6_EXTENDED_COMMUNITIES = 25, S2SI_BGP_AIGP, S2SI_BGP_LARGE_COMMUNITIES = 32,
    S2SI_BGP_ONLY_TO_CUSTOMER = 35, S2SI_BGP_PREFIX_SID = 40
};
enum { S2SI_BGP_FLAG_OPTIONAL = 0x80, S2SI_BGP_FLAG_TRANSITIVE = 0x40, S2SI_BGP_FLAG_PARTIAL = 0x20, S2SI_BGP_FLAG_EXTENDED = 0x10 };
enum { S2SI_BGP_ORIGIN_IGP, S2SI_BGP_ORIGIN_EGP, S2SI_BGP_ORIGIN_INCOMPLETE };
enum { S2SI_BGP_AS_SET = 1, S2SI_BGP_AS_SEQUENCE = 2, S2SI_BGP_CONFED_SEQUENCE = 3, S2SI_BGP_CONFED_SET = 4 };

/* Well-known communities (RFC 1997, RFC 8326, RFC 7999). */
#define S2SI_BGP_GRACEFUL_SHUTDOWN 0xffff0000u
#define S2SI_BGP_NO_EXPORT 0xffffff01u
#define S2SI_BGP_NO_ADVERTISE 0xffffff02u
#define S2SI_BGP_NO_EXPORT_SUBCONFED 0xffffff03u

/* The address families that this speaker carries; everything else is decoded and left alone. */
enum s2si_bgp_family { S2SI_BGP_IPV4 = 0, S2SI_BGP_IPV6 = 1, S2SI_BGP_FAMILIES = 2, S2SI_BGP_FAMILY_OTHER = 255 };
enum { S2SI_BGP_AFI_IPV4 = 1, S2SI_BGP_AFI_IPV6 = 2, S2SI_BGP_SAFI_UNICAST = 1 };

/* Bytes inside somebody else's memory. */
struct s2si_bgp_span {
    const uint8_t *data;
    size_t length;
};

/* A NOTIFICATION to send, or one that came: what went wrong, in numbers and in one sentence. */
struct s2si_bgp_notify {
    uint8_t code, subcode;
    uint8_t data[256]; /* the longest is a shutdown communication: a length octet and 255 octets of text */
    size_t data_length;
    const char *reason; /* static text, for people */
};

/* S2SI_BGP_FAMILY_OTHER when it is not one of ours. */
enum s2si_bgp_family s2si_bgp_family_of(uint16_t afi, uint8_t safi);
uint16_t s2si_bgp_afi(enum s2si_bgp_family family);
const char *s2si_bgp_family_name(enum s2si_bgp_family family);

/* "Cease / administrative shutdown": static text, never NULL. */
const char *s2si_bgp_error_name(uint8_t code);
const char *s2si_bgp_subcode_name(uint8_t code, uint8_t subcode);

/* Fills a notify; data may be NULL and is cut to what fits. */
void s2si_bgp_notify_set(struct s2si_bgp_notify *notify, uint8_t code, uint8_t subcode, const void *data, size_t length,
                         const char *reason);
/* The text of a shutdown communication (RFC 9003: one length octet, then UTF-8) in NOTIFICATION data, made printable, into
   out; "" if there is none or its length does not fit. */
void s2si_bgp_shutdown_text(const uint8_t *data, size_t length, char *out, size_t capacity);

#endif
