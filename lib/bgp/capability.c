/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bgp/capability.h"

#include <s2svpn/error.h>
#include <string.h>

enum { PARAMETER_CAPABILITIES = 2, PARAMETER_EXTENDED = 255, RESTART_R = 0x8, RESTART_N = 0x4, FAMILY_F = 0x80 };

/* One capability: which lengths its value may have, and what reading and writing it means. */
struct capability_rule {
    uint8_t code;
    const char *name;
    uint8_t min, max;      /* octets of the value */
    uint8_t multiple, base; /* (length - base) must be a multiple of it; 0 = any */
    void (*decode)(struct s2si_reader *value, struct s2si_bgp_capabilities *out);
    bool (*encode)(const struct s2si_bgp_capabilities *capabilities, enum s2si_bgp_family family, struct s2si_writer *value);
    bool per_family;       /* encode is asked once for each family */
};

static void decode_multiprotocol(struct s2si_reader *value, struct s2si_bgp_capabilities *out)
{
    uint16_t afi = s2si_read_u16(value);
    s2si_read_skip(value, 1);
    enum s2si_bgp_family family = s2si_bgp_family_of(afi, s2si_read_u8(value));
    if (family == S2SI_BGP_FAMILY_OTHER) {
        out->other_family = true;
    } else {
        out->families |= (uint8_t)(1u << family);
    }
}

static bool encode_multiprotocol(const struct s2si_bgp_capabilities *capabilities, enum s2si_bgp_family family,
                                 struct s2si_writer *value)
{
    s2si_write_u16(value, s2si_bgp_afi(family));
    s2si_write_u8(value, 0);
    s2si_write_u8(value, S2SI_BGP_SAFI_UNICAST);
    return (capabilities->families >> family & 1) != 0;
}

static void decode_route_refresh(struct s2si_reader *value, struct s2si_bgp_capabilities *out)
{
    (void)value;
    out->route_refresh = true;
}

static bool encode_route_refresh(const struct s2si_bgp_capabilities *capabilities, enum s2si_bgp_family family,
                                 struct s2si_writer *value)
{
    (void)family;
    (void)value;
    return capabilities->route_refresh;
}

static void decode_extended_message(struct s2si_reader *value, struct s2si_bgp_capabilities *out)
{
    (void)value;
    out->extended_message = true;
}

static void decode_enhanced_refresh(struct s2si_reader *value, struct s2si_bgp_capabilities *out)
{
    (void)value;
    out->enhanced_refresh = true;
}

static bool encode_enhanced_refresh(const struct s2si_bgp_capabilities *capabilities, enum s2si_bgp_family family,
                                    struct s2si_writer *value)
{
    (void)family;
    (void)value;
    return capabilities->enhanced_refresh;
}

/* RFC 4724 section 3: flags (4 bits) and time (12 bits), then AFI, SAFI, flags for each family. */
static void decode_graceful_restart(struct s2si_reader *value, struct s2si_bgp_capabilities *out)
{
    uint16_t head = s2si_read_u16(value);
    out->graceful_restart = true;
    out->restarting = (head >> 12 & RESTART_R) != 0;
    out->notification = (head >> 12 & RESTART_N) != 0;
    out->restart_time = head & 0x0fff;
    out->restart_families = out->forwarding_families = 0; /* of several, the last counts (RFC 4724 section 3) */
    while (s2si_reader_left(value) >= 4) {
        uint16_t afi = s2si_read_u16(value);
        enum s2si_bgp_family family = s2si_bgp_family_of(afi, s2si_read_u8(value));
        uint8_t flags = s2si_read_u8(value);
        if (family != S2SI_BGP_FAMILY_OTHER) {
            out->restart_families |= (uint8_t)(1u << family);
            out->forwarding_families |= (uint8_t)((flags & FAMILY_F) != 0 ? 1u << family : 0);
        }
    }
}

static bool encode_graceful_restart(const struct s2si_bgp_capabilities *capabilities, enum s2si_bgp_family unused,
                                    struct s2si_writer *value)
{
    (void)unused;
    unsigned flags = (capabilities->restarting ? RESTART_R : 0u) | (capabilities->notification ? RESTART_N : 0u);
    s2si_write_u16(value, (uint16_t)(flags << 12 | (capabilities->restart_time & 0x0fffu)));
    for (unsigned family = 0; family < S2SI_BGP_FAMILIES; family++) {
        if ((capabilities->restart_families >> family & 1) != 0) {
            s2si_write_u16(value, s2si_bgp_afi((enum s2si_bgp_family)family));
            s2si_write_u8(value, S2SI_BGP_SAFI_UNICAST);
            s2si_write_u8(value, (uint8_t)((capabilities->forwarding_families >> family & 1) != 0 ? FAMILY_F : 0));
        }
    }
    return capabilities->graceful_restart;
}

static void decode_four_octet(struct s2si_reader *value, struct s2si_bgp_capabilities *out)
{
    out->four_octet = true;
    out->asn = s2si_read_u32(value);
}

static bool encode_four_octet(const struct s2si_bgp_capabilities *capabilities, enum s2si_bgp_family family,
                              struct s2si_writer *value)
{
    (void)family;
    s2si_write_u32(value, capabilities->asn);
    return capabilities->four_octet;
}

/* Sorted by code, which is also the order in which they are sent. */
static const struct capability_rule rules[] = {
    {S2SI_BGP_CAP_MULTIPROTOCOL, "multiprotocol", 4, 4, 0, 0, decode_multiprotocol, encode_multiprotocol, true},
    {S2SI_BGP_CAP_ROUTE_REFRESH, "route refresh", 0, 0, 0, 0, decode_route_refresh, encode_route_refresh, false},
    {S2SI_BGP_CAP_ORF, "outbound route filtering", 0, 255, 0, 0, NULL, NULL, false},
    {S2SI_BGP_CAP_EXTENDED_NEXT_HOP, "extended next hop", 0, 255, 0, 0, NULL, NULL, false},
    {S2SI_BGP_CAP_EXTENDED_MESSAGE, "extended message", 0, 0, 0, 0, decode_extended_message, NULL, false},
    {S2SI_BGP_CAP_ROLE, "role", 0, 255, 0, 0, NULL, NULL, false},
    {S2SI_BGP_CAP_GRACEFUL_RESTART, "graceful restart", 2, 254, 4, 2, decode_graceful_restart, encode_graceful_restart, false},
    {S2SI_BGP_CAP_FOUR_OCTET_AS, "four-octet AS", 4, 4, 0, 0, decode_four_octet, encode_four_octet, false},
    {S2SI_BGP_CAP_ADD_PATH, "additional paths", 0, 255, 0, 0, NULL, NULL, false},
    {S2SI_BGP_CAP_ENHANCED_REFRESH, "enhanced route refresh", 0, 0, 0, 0, decode_enhanced_refresh, encode_enhanced_refresh, false},
    {S2SI_BGP_CAP_LLGR, "long-lived graceful restart", 0, 255, 0, 0, NULL, NULL, false},
    {S2SI_BGP_CAP_FQDN, "host and domain name", 0, 255, 0, 0, NULL, NULL, false},
    {S2SI_BGP_CAP_SOFTWARE_VERSION, "software version", 0, 255, 0, 0, NULL, NULL, false},
};

static const struct capability_rule *find_rule(uint8_t code)
{
    for (size_t i = 0; i < S2SI_COUNT(rules); i++) {
        if (rules[i].code == code) {
            return &rules[i];
        }
    }
    return NULL;
}

const char *s2si_bgp_capability_name(uint8_t code)
{
    const struct capability_rule *rule = find_rule(code);
    return rule == NULL ? "unknown" : rule->name;
}

static bool length_allowed(const struct capability_rule *rule, size_t length)
{
    return length >= rule->min && length <= rule->max && (rule->multiple == 0 || (length - rule->base) % rule->multiple == 0);
}

static int malformed(struct s2si_bgp_notify *notify, const char *reason)
{
    s2si_bgp_notify_set(notify, S2SI_BGP_ERR_OPEN, 0, NULL, 0, reason);
    return S2S_ERR_MALFORMED;
}

/* The capabilities of one parameter. RFC 5492 leaves open what a bad one costs; a length that cannot be means that what
   follows cannot be trusted, so it ends the session. */
static int decode_capabilities(struct s2si_reader parameter, struct s2si_bgp_capabilities *out, struct s2si_bgp_notify *notify)
{
    while (s2si_reader_left(&parameter) > 0) {
        uint8_t code = s2si_read_u8(&parameter);
        size_t length = s2si_read_u8(&parameter);
        struct s2si_reader value = s2si_read_part(&parameter, length);
        if (parameter.failed) {
            return malformed(notify, "a capability runs past its parameter");
        }
        out->any = true;
        const struct capability_rule *rule = find_rule(code);
        if (rule == NULL) {
            continue;
        }
        if (!length_allowed(rule, length)) {
            return malformed(notify, "a capability has a length that it cannot have");
        }
        if (rule->decode != NULL) {
            rule->decode(&value, out);
        }
    }
    return 0;
}

int s2si_bgp_capabilities_decode(uint8_t length, struct s2si_reader parameters, struct s2si_bgp_capabilities *out,
                                 struct s2si_bgp_notify *notify)
{
    *out = (struct s2si_bgp_capabilities){0};
    size_t total = length;
    bool extended = length != 0 && s2si_reader_left(&parameters) > 0 && parameters.at[0] == PARAMETER_EXTENDED;
    if (extended) { /* RFC 9072 section 2; the old length octet should be 255 but may be any but 0 */
        s2si_read_skip(&parameters, 1);
        total = s2si_read_u16(&parameters);
    }
    if (parameters.failed || s2si_reader_left(&parameters) != total) {
        return malformed(notify, "optional parameters and their length differ");
    }
    while (s2si_reader_left(&parameters) > 0) {
        uint8_t type = s2si_read_u8(&parameters);
        size_t size = extended ? s2si_read_u16(&parameters) : s2si_read_u8(&parameters);
        struct s2si_reader value = s2si_read_part(&parameters, size);
        if (parameters.failed) {
            return malformed(notify, "an optional parameter runs past the message");
        }
        if (type != PARAMETER_CAPABILITIES) {
            s2si_bgp_notify_set(notify, S2SI_BGP_ERR_OPEN, S2SI_BGP_OPEN_UNSUPPORTED_PARAMETER, NULL, 0,
                                "an optional parameter other than capabilities");
            return S2S_ERR_MALFORMED;
        }
        int error = decode_capabilities(value, out, notify);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static void encode_one(const struct capability_rule *rule, const struct s2si_bgp_capabilities *capabilities,
                       enum s2si_bgp_family family, struct s2si_writer *writer)
{
    uint8_t bytes[64];
    struct s2si_writer value = s2si_writer(bytes, sizeof bytes);
    if (!rule->encode(capabilities, family, &value)) {
        return;
    }
    s2si_write_u8(writer, PARAMETER_CAPABILITIES);
    s2si_write_u8(writer, (uint8_t)(value.length + 2));
    s2si_write_u8(writer, rule->code);
    s2si_write_u8(writer, (uint8_t)value.length);
    s2si_write_bytes(writer, bytes, value.length);
}

void s2si_bgp_capabilities_encode(const struct s2si_bgp_capabilities *capabilities, struct s2si_writer *writer)
{
    size_t hole = s2si_write_hole(writer, 1);
    for (size_t i = 0; i < S2SI_COUNT(rules); i++) {
        for (unsigned family = 0; rules[i].encode != NULL && family < (rules[i].per_family ? S2SI_BGP_FAMILIES : 1u); family++) {
            encode_one(&rules[i], capabilities, (enum s2si_bgp_family)family, writer);
        }
    }
    if (!writer->failed) {
        s2si_patch_u8(writer, hole, (uint8_t)(writer->length - hole - 1));
    }
}
