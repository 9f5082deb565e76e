/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capability: the optional parameters of an OPEN (RFC 4271 section 4.2, RFC 5492, RFC 9072).
 *
 *      0                   1
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5            With RFC 9072 the first parameter type is 255, then come two octets of
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+           total length, and each parameter has two octets of length instead of one.
 *     |  Parm. Type   | Parm. Length  |
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+           Parameter 2 holds capabilities: code, one octet of length, value.
 *
 * Only the length of a capability that we use is judged; one that we do not use is skipped, whatever it holds.
 */
#ifndef S2SI_BGP_CAPABILITY_H
#define S2SI_BGP_CAPABILITY_H

#include "lib/bgp/protocol.h"

/* What one end can do: ours to be sent, or the peer's as it came. */
struct s2si_bgp_capabilities {
    bool any;                /* at least one capability was there */
    uint8_t families;        /* bit s2si_bgp_family; from multiprotocol (RFC 4760) */
    bool other_family;       /* and families that we don't carry */
    bool route_refresh, enhanced_refresh, extended_message, four_octet;
    uint32_t asn;            /* valid with four_octet */
    bool graceful_restart, restarting, notification; /* RFC 4724: R bit; RFC 8538: N bit */
    uint16_t restart_time;   /* seconds, 12 bits */
    uint8_t restart_families, forwarding_families; /* listed; listed with the F bit */
};

/* Reads the optional parameters (the octets after the one-octet length field, whose value is length).
   @return 0, or S2S_ERR_MALFORMED with notify filled. */
int s2si_bgp_capabilities_decode(uint8_t length, struct s2si_reader parameters, struct s2si_bgp_capabilities *out,
                                 struct s2si_bgp_notify *notify);
/* Writes optional parameters: one parameter a capability, so that peers that know only some still read the others. The
   length octet is written too. */
void s2si_bgp_capabilities_encode(const struct s2si_bgp_capabilities *capabilities, struct s2si_writer *writer);
/* "multiprotocol", ... or "unknown". */
const char *s2si_bgp_capability_name(uint8_t code);

#endif
