/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: the frame of a BGP message and every message but UPDATE (RFC 4271 sections 4.1, 4.2, 4.4, 4.5; RFC 2918; RFC 7313).
 *
 *      +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *      |                     Marker, 16 octets of 255                  |
 *      +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *      |          Length               |      Type     |   19 octets in all
 *      +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 *      type            length                     figure
 *      OPEN            29 or more                 version 1, my AS 2, hold time 2, identifier 4, opt. len 1, parameters
 *      UPDATE          23 or more                 see update.h
 *      NOTIFICATION    21 or more                 code 1, subcode 1, data
 *      KEEPALIVE       19                         nothing
 *      ROUTE-REFRESH   23 (or more, RFC 5291)     AFI 2, subtype 1 (RFC 7313), SAFI 1
 */
#ifndef S2SI_BGP_MESSAGE_H
#define S2SI_BGP_MESSAGE_H

#include "lib/bgp/capability.h"

/* Reads the header in the first 19 octets. @return the message's length and type, or 0 with notify filled. limit is 4096, or
   65535 with extended messages. */
size_t s2si_bgp_header_decode(const uint8_t *data, size_t limit, enum s2si_bgp_message_type *type,
                              struct s2si_bgp_notify *notify);
/* Starts a message: writes the header; finish patches the length in. */
size_t s2si_bgp_message_begin(struct s2si_writer *writer, enum s2si_bgp_message_type type);
void s2si_bgp_message_finish(struct s2si_writer *writer, size_t begin);

struct s2si_bgp_open {
    uint8_t version;
    uint32_t asn;        /* the four-octet one where there is one */
    uint16_t hold_time;  /* seconds; 0 = no keepalives, else 3 or more */
    uint32_t identifier; /* host order */
    struct s2si_bgp_capabilities capabilities;
};
/* Body without header. Checks what RFC 4271 section 6.2, RFC 6286 and RFC 7607 ask of an OPEN alone; whether the peer may have
   this AS and identifier is the session's question. @return 0, or S2S_ERR_MALFORMED with notify filled. */
int s2si_bgp_open_decode(const uint8_t *body, size_t length, struct s2si_bgp_open *open, struct s2si_bgp_notify *notify);
void s2si_bgp_open_encode(const struct s2si_bgp_open *open, struct s2si_writer *writer);

void s2si_bgp_keepalive_encode(struct s2si_writer *writer);

/* The reason of a notify that came is NULL. */
void s2si_bgp_notification_decode(const uint8_t *body, size_t length, struct s2si_bgp_notify *out);
void s2si_bgp_notification_encode(const struct s2si_bgp_notify *notify, struct s2si_writer *writer);

enum { S2SI_BGP_REFRESH_NORMAL = 0, S2SI_BGP_REFRESH_BEGIN = 1, S2SI_BGP_REFRESH_END = 2 };
struct s2si_bgp_refresh {
    enum s2si_bgp_family family; /* S2SI_BGP_FAMILY_OTHER is ignored by the session */
    uint8_t subtype;
};
/* @return 0, or S2S_ERR_MALFORMED with notify filled (RFC 7313 section 5). */
int s2si_bgp_refresh_decode(const uint8_t *body, size_t length, struct s2si_bgp_refresh *out, struct s2si_bgp_notify *notify);
void s2si_bgp_refresh_encode(const struct s2si_bgp_refresh *refresh, struct s2si_writer *writer);

#endif
