/* SPDX-License-Identifier: Apache-2.0 */
/*
 * update: the UPDATE message (RFC 4271 section 4.3, RFC 4760, End-of-RIB of RFC 4724 section 2, errors by RFC 7606).
 *
 *     +-----------------------------------------------------+
 *     |   Withdrawn Routes Length (2 octets)                |
 *     +-----------------------------------------------------+
 *     |   Withdrawn Routes (variable)                       |
 *     +-----------------------------------------------------+
 *     |   Total Path Attribute Length (2 octets)            |
 *     +-----------------------------------------------------+
 *     |   Path Attributes (variable)                        |
 *     +-----------------------------------------------------+
 *     |   Network Layer Reachability Information (variable) |  prefix: length in bits (1 octet), then as many octets as needed
 *     +-----------------------------------------------------+
 */
#ifndef S2SI_BGP_UPDATE_H
#define S2SI_BGP_UPDATE_H

#include "lib/bgp/bgp_attr.h"

/* Prefixes in wire form that are known to be well-formed. */
struct s2si_bgp_nlri {
    enum s2si_bgp_family family; /* S2SI_BGP_FAMILY_OTHER = nothing */
    struct s2si_bgp_span prefixes;
};

struct s2si_bgp_update {
    struct s2si_bgp_nlri withdrawn[2]; /* from the old field and from MP_UNREACH_NLRI */
    struct s2si_bgp_nlri reached[2];   /* from the old field and from MP_REACH_NLRI; with TREAT_AS_WITHDRAW they are to be withdrawn */
    uint8_t mp_next_hop_length, mp_next_hop[32]; /* of reached[1]; the view's is that of reached[0] */
    struct s2si_bgp_attributes attributes;       /* action, reason, notify, and what was read */
    bool end_of_rib;
    enum s2si_bgp_family end_of_rib_family;
};

/* Reads an UPDATE's body. attributes.action says what to make of it. Borrows from body and scratch. */
void s2si_bgp_update_decode(const uint8_t *body, size_t length, const struct s2si_bgp_codec *codec,
                            struct s2si_bgp_scratch *scratch, struct s2si_bgp_update *out);

/* The next prefix of a well-formed list: its address octets (host bits cleared) into address (4 or 16 octets), its length.
   @return false at the end. */
bool s2si_bgp_nlri_next(struct s2si_bgp_nlri *nlri, uint8_t address[16], uint8_t *length);
/* Octets that a prefix of this length takes. */
size_t s2si_bgp_nlri_size(uint8_t length);
void s2si_bgp_nlri_write(struct s2si_writer *writer, const uint8_t *address, uint8_t length);

#endif
