/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ip: reading inner packets (RFC 791, RFC 8200) and the few things that a tunnel does to them: checksums, MSS clamping
 * (RFC 879, RFC 4459), "packet too big" answers (RFC 792, 1191, 4443). Only what arrived in bounds is read.
 */
#ifndef S2SI_IP_H
#define S2SI_IP_H

#include "lib/base/address.h"

enum {
    S2SI_PROTO_ICMP = 1,
    S2SI_PROTO_IPIP = 4,
    S2SI_PROTO_TCP = 6,
    S2SI_PROTO_UDP = 17,
    S2SI_PROTO_IPV6 = 41,
    S2SI_PROTO_ESP = 50,
    S2SI_PROTO_ICMPV6 = 58,
    S2SI_PROTO_NONE = 59
};

/* What a tunnel needs to know of an inner packet. */
struct s2si_ip {
    uint8_t version;  /* 4 or 6 */
    uint8_t tos;      /* DSCP and ECN */
    uint8_t protocol; /* upper-layer protocol behind extension headers */
    uint8_t hop_limit;
    bool dont_fragment;  /* always true for IPv6 */
    bool fragment;       /* part of a fragmented packet */
    bool first_fragment; /* offset 0 */
    bool has_ports;      /* TCP, UDP (ports) or ICMP (type and code as port, RFC 4301 section 4.4.1.1) readable */
    uint16_t source_port, destination_port;
    struct s2s_addr source, destination;
    size_t total_length;  /* by the header; may be less than what arrived (TFC padding) */
    size_t header_length; /* up to the upper-layer header */
};

/* @return 0 or S2S_ERR_MALFORMED. */
int s2si_ip_read(const uint8_t *data, size_t length, struct s2si_ip *out);
/* RFC 1071 sum over data, continuing from sum; fold and complement with s2si_checksum_finish. */
uint32_t s2si_checksum_add(uint32_t sum, const uint8_t *data, size_t length);
uint16_t s2si_checksum_finish(uint32_t sum);
/* Lowers the MSS option of a TCP SYN to at most mss, mends the checksum. @return true if it was changed. */
bool s2si_ip_clamp_mss(uint8_t *data, size_t length, const struct s2si_ip *ip, uint16_t mss);
/* Writes an ICMP "fragmentation needed" (type 3 code 4) or ICMPv6 "packet too big" to the sender of the packet, from
   source. @return its length, 0 if none may be sent (RFC 1122 section 3.2.2, RFC 4443 section 2.4 e; IPv4 without DF,
   which is to be fragmented instead) or out is too small. */
size_t s2si_ip_too_big(const uint8_t *packet, size_t length, const struct s2si_ip *ip, const struct s2s_addr *source,
                       uint32_t mtu, uint8_t *out, size_t capacity);
/* Sets the outer-ECN result on a decapsulated packet (RFC 6040 section 4.2). @return false if the packet must be
   dropped (outer CE on an inner packet that cannot carry ECN, or no IP packet at all). */
bool s2si_ip_ecn_decapsulate(uint8_t *data, size_t length, uint8_t outer_tos);
/* Builds an ICMP or ICMPv6 echo request or reply. @return its length, 0 if out is too small. */
size_t s2si_ip_echo(const struct s2s_addr *source, const struct s2s_addr *destination, bool reply, uint16_t id,
                    uint16_t sequence, const uint8_t *payload, size_t payload_length, uint8_t *out, size_t capacity);

#endif
