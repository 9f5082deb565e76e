/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bgp/message.h"

#include <s2svpn/error.h>
#include <string.h>

enum { MARKER = 16, OPEN_BODY = 10, REFRESH_BODY = 4 };

/* Shortest and longest whole message of each type (0 = the connection's limit); index is the type. */
static const struct {
    uint16_t min, max;
} lengths[] = {
    [S2SI_BGP_OPEN] = {29, S2SI_BGP_MESSAGE_MAX}, /* RFC 8654: an OPEN is never extended */
    [S2SI_BGP_UPDATE] = {23, 0},
    [S2SI_BGP_NOTIFICATION] = {21, 0},
    [S2SI_BGP_KEEPALIVE] = {19, 19},
    [S2SI_BGP_ROUTE_REFRESH] = {19, 0}, /* its own error code judges the rest, RFC 7313 section 5 */
};

static size_t header_error(struct s2si_bgp_notify *notify, uint8_t subcode, const uint8_t *data, size_t length,
                           const char *reason)
{
    s2si_bgp_notify_set(notify, S2SI_BGP_ERR_HEADER, subcode, data, length, reason);
    return 0;
}

size_t s2si_bgp_header_decode(const uint8_t *data, size_t limit, enum s2si_bgp_message_type *type,
                              struct s2si_bgp_notify *notify)
{
    for (size_t i = 0; i < MARKER; i++) {
        if (data[i] != 0xff) {
            return header_error(notify, S2SI_BGP_HEADER_NOT_SYNCHRONIZED, NULL, 0, "the marker is not all ones");
        }
    }
    size_t length = s2si_get_u16(data + MARKER);
    uint8_t number = data[MARKER + 2];
    if (length < S2SI_BGP_HEADER || length > limit) {
        return header_error(notify, S2SI_BGP_HEADER_BAD_LENGTH, data + MARKER, 2, "a message shorter or longer than allowed");
    }
    if (number < S2SI_BGP_OPEN || number > S2SI_BGP_ROUTE_REFRESH) {
        return header_error(notify, S2SI_BGP_HEADER_BAD_TYPE, data + MARKER + 2, 1, "an unknown message type");
    }
    if (length < lengths[number].min || (lengths[number].max != 0 && length > lengths[number].max)) {
        return header_error(notify, S2SI_BGP_HEADER_BAD_LENGTH, data + MARKER, 2, "a length that its message type cannot have");
    }
    *type = (enum s2si_bgp_message_type)number;
    return length;
}

size_t s2si_bgp_message_begin(struct s2si_writer *writer, enum s2si_bgp_message_type type)
{
    static const uint8_t marker[MARKER] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    size_t begin = writer->length;
    s2si_write_bytes(writer, marker, sizeof marker);
    s2si_write_u16(writer, 0);
    s2si_write_u8(writer, (uint8_t)type);
    return begin;
}

void s2si_bgp_message_finish(struct s2si_writer *writer, size_t begin)
{
    if (!writer->failed) {
        s2si_patch_u16(writer, begin + MARKER, (uint16_t)(writer->length - begin));
    }
}

static int open_error(struct s2si_bgp_notify *notify, uint8_t subcode, const char *reason)
{
    s2si_bgp_notify_set(notify, S2SI_BGP_ERR_OPEN, subcode, NULL, 0, reason);
    return S2S_ERR_MALFORMED;
}

int s2si_bgp_open_decode(const uint8_t *body, size_t length, struct s2si_bgp_open *open, struct s2si_bgp_notify *notify)
{
    static const uint8_t our_version[2] = {0, S2SI_BGP_VERSION};
    *open = (struct s2si_bgp_open){0};
    struct s2si_reader reader = s2si_reader(body, length);
    open->version = s2si_read_u8(&reader);
    open->asn = s2si_read_u16(&reader);
    open->hold_time = s2si_read_u16(&reader);
    open->identifier = s2si_read_u32(&reader);
    uint8_t parameters = s2si_read_u8(&reader);
    if (reader.failed) {
        return open_error(notify, 0, "an OPEN that is too short");
    }
    if (open->version != S2SI_BGP_VERSION) {
        s2si_bgp_notify_set(notify, S2SI_BGP_ERR_OPEN, S2SI_BGP_OPEN_UNSUPPORTED_VERSION, our_version, sizeof our_version,
                            "a version other than 4");
        return S2S_ERR_MALFORMED;
    }
    int error = s2si_bgp_capabilities_decode(parameters, reader, &open->capabilities, notify);
    if (error != 0) {
        return error;
    }
    if (open->capabilities.four_octet) {
        open->asn = open->capabilities.asn;
    }
    if (open->asn == 0) {
        return open_error(notify, S2SI_BGP_OPEN_BAD_PEER_AS, "AS number 0 (RFC 7607)");
    }
    if (open->identifier == 0) {
        return open_error(notify, S2SI_BGP_OPEN_BAD_IDENTIFIER, "BGP identifier 0");
    }
    if (open->hold_time == 1 || open->hold_time == 2) {
        return open_error(notify, S2SI_BGP_OPEN_UNACCEPTABLE_HOLD_TIME, "a hold time of 1 or 2 seconds");
    }
    return 0;
}

void s2si_bgp_open_encode(const struct s2si_bgp_open *open, struct s2si_writer *writer)
{
    size_t begin = s2si_bgp_message_begin(writer, S2SI_BGP_OPEN);
    s2si_write_u8(writer, open->version);
    s2si_write_u16(writer, open->asn > UINT16_MAX ? S2SI_BGP_AS_TRANS : (uint16_t)open->asn);
    s2si_write_u16(writer, open->hold_time);
    s2si_write_u32(writer, open->identifier);
    s2si_bgp_capabilities_encode(&open->capabilities, writer);
    s2si_bgp_message_finish(writer, begin);
}

void s2si_bgp_keepalive_encode(struct s2si_writer *writer)
{
    s2si_bgp_message_finish(writer, s2si_bgp_message_begin(writer, S2SI_BGP_KEEPALIVE));
}

void s2si_bgp_notification_decode(const uint8_t *body, size_t length, struct s2si_bgp_notify *out)
{
    struct s2si_reader reader = s2si_reader(body, length);
    uint8_t code = s2si_read_u8(&reader);
    uint8_t subcode = s2si_read_u8(&reader);
    size_t left = s2si_reader_left(&reader);
    s2si_bgp_notify_set(out, code, subcode, left > 0 ? s2si_read_bytes(&reader, left) : NULL, left, NULL);
}

void s2si_bgp_notification_encode(const struct s2si_bgp_notify *notify, struct s2si_writer *writer)
{
    size_t begin = s2si_bgp_message_begin(writer, S2SI_BGP_NOTIFICATION);
    s2si_write_u8(writer, notify->code);
    s2si_write_u8(writer, notify->subcode);
    s2si_write_bytes(writer, notify->data, notify->data_length);
    s2si_bgp_message_finish(writer, begin);
}

int s2si_bgp_refresh_decode(const uint8_t *body, size_t length, struct s2si_bgp_refresh *out, struct s2si_bgp_notify *notify)
{
    struct s2si_reader reader = s2si_reader(body, length);
    uint16_t afi = s2si_read_u16(&reader);
    out->subtype = s2si_read_u8(&reader);
    out->family = s2si_bgp_family_of(afi, s2si_read_u8(&reader));
    bool marks = out->subtype == S2SI_BGP_REFRESH_BEGIN || out->subtype == S2SI_BGP_REFRESH_END;
    if (reader.failed || (marks && length != REFRESH_BODY)) {
        s2si_bgp_notify_set(notify, S2SI_BGP_ERR_ROUTE_REFRESH, 1, body, length, "a ROUTE-REFRESH of a wrong length");
        return S2S_ERR_MALFORMED;
    }
    return 0; /* octets behind (an ORF that was never offered) are left alone */
}

void s2si_bgp_refresh_encode(const struct s2si_bgp_refresh *refresh, struct s2si_writer *writer)
{
    size_t begin = s2si_bgp_message_begin(writer, S2SI_BGP_ROUTE_REFRESH);
    s2si_write_u16(writer, s2si_bgp_afi(refresh->family));
    s2si_write_u8(writer, refresh->subtype);
    s2si_write_u8(writer, S2SI_BGP_SAFI_UNICAST);
    s2si_bgp_message_finish(writer, begin);
}
