/* SPDX-License-Identifier: Apache-2.0 */
/* address_text: addresses, prefixes, endpoints and selectors as people write them (RFC 5952). */
#include "lib/base/address.h"

#include "lib/base/wire.h"

#include <s2svpn/error.h>

#include <stdio.h>
#include <string.h>

/* ---- reading ---- */

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 16;
}

/* A number below limit of at most width digits, no leading zeros if strict. @return the text behind it, or NULL. */
static const char *read_number(const char *text, int base, int width, bool strict, unsigned limit, unsigned *out)
{
    unsigned value = 0;
    int digits = 0;
    while (digits <= width && digit(text[digits]) < base) {
        value = value * (unsigned)base + (unsigned)digit(text[digits]);
        digits++;
    }
    if (digits == 0 || digits > width || value >= limit || (strict && digits > 1 && text[0] == '0')) {
        return NULL;
    }
    *out = value;
    return text + digits;
}

static bool parse4(const char *text, uint8_t *bytes)
{
    for (int i = 0; i < 4; i++) {
        unsigned value;
        text = read_number(text, 10, 3, true, 256, &value);
        if (text == NULL || *text != (i < 3 ? '.' : '\0')) {
            return false;
        }
        bytes[i] = (uint8_t)value;
        text++;
    }
    return true;
}

/* Groups up to the end or a "::". @return the text where it stopped, or NULL; *count is in bytes. */
static const char *parse6_groups(const char *text, uint8_t *bytes, size_t room, size_t *count)
{
    *count = 0;
    while (*count + 2 <= room) {
        unsigned value;
        const char *next = read_number(text, 16, 4, false, 0x10000, &value);
        if (*count + 4 <= room && parse4(text, bytes + *count)) {
            *count += 4;
            return text + strlen(text);
        }
        if (next == NULL) {
            return NULL;
        }
        s2si_put_u16(bytes + *count, (uint16_t)value);
        *count += 2;
        if (*next == '\0' || (next[0] == ':' && next[1] == ':')) {
            return next;
        }
        if (*next != ':') {
            return NULL;
        }
        text = next + 1;
    }
    return NULL;
}

static bool parse6(const char *text, uint8_t *bytes)
{
    uint8_t head[16], tail[16];
    size_t before = 0, after = 0;
    if (strncmp(text, "::", 2) != 0) {
        text = parse6_groups(text, head, 16, &before);
        if (text == NULL) {
            return false;
        }
    }
    if (*text == '\0') {
        memcpy(bytes, head, before);
        return before == 16;
    }
    text += 2; /* "::" stands for at least one group of zeros */
    if (*text != '\0') {
        size_t room = before >= 14 ? 0 : 14 - before;
        text = parse6_groups(text, tail, room, &after);
        if (text == NULL || *text != '\0') {
            return false;
        }
    }
    if (before + after > 14) {
        return false;
    }
    memcpy(bytes, head, before);
    memcpy(bytes + 16 - after, tail, after);
    return true;
}

int s2s_addr_parse(const char *text, struct s2s_addr *out)
{
    struct s2s_addr addr = {0};
    if (text == NULL || out == NULL) {
        return S2S_ERR_INVALID;
    }
    if (parse4(text, addr.bytes)) {
        addr.family = 4;
    } else {
        addr = (struct s2s_addr){.family = 6};
        if (!parse6(text, addr.bytes)) {
            return S2S_ERR_INVALID;
        }
    }
    *out = addr;
    return 0;
}

int s2s_prefix_parse(const char *text, struct s2s_prefix *out)
{
    char address[S2S_ADDR_TEXT];
    if (text == NULL || out == NULL) {
        return S2S_ERR_INVALID;
    }
    size_t length = strcspn(text, "/");
    if (length >= sizeof address) {
        return S2S_ERR_INVALID;
    }
    memcpy(address, text, length);
    address[length] = '\0';

    struct s2s_prefix prefix = {0};
    if (s2s_addr_parse(address, &prefix.addr) != 0) {
        return S2S_ERR_INVALID;
    }
    unsigned bits = (unsigned)s2si_addr_length(&prefix.addr) * 8, value = bits;
    if (text[length] == '/') {
        const char *end = read_number(text + length + 1, 10, 3, true, bits + 1, &value);
        if (end == NULL || *end != '\0') {
            return S2S_ERR_INVALID;
        }
    }
    prefix.length = (uint8_t)value;
    struct s2s_prefix masked = prefix;
    s2si_prefix_mask(&masked);
    if (!s2si_prefix_equal(&masked, &prefix)) {
        return S2S_ERR_INVALID;
    }
    *out = prefix;
    return 0;
}

/* ---- writing ---- */

static void format4(const uint8_t *bytes, char *out, size_t size)
{
    snprintf(out, size, "%u.%u.%u.%u", bytes[0], bytes[1], bytes[2], bytes[3]);
}

/* The longest run of at least two zero groups, the first of equals (RFC 5952 section 4.2). */
static void zero_run(const uint8_t *bytes, int *start, int *length)
{
    *start = -1;
    *length = 1;
    for (int i = 0; i < 8; i++) {
        int run = 0;
        while (i + run < 8 && s2si_get_u16(bytes + 2 * (i + run)) == 0) {
            run++;
        }
        if (run > *length) {
            *start = i;
            *length = run;
        }
    }
}

static void format6(const uint8_t *bytes, char *out, size_t size)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    int start, length;
    if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        snprintf(out, size, "::ffff:%u.%u.%u.%u", bytes[12], bytes[13], bytes[14], bytes[15]);
        return;
    }
    zero_run(bytes, &start, &length);
    size_t at = 0;
    for (int i = 0; i < 8; i++) {
        if (i == start) {
            at += (size_t)snprintf(out + at, size - at, "::");
            i += length - 1;
            continue;
        }
        bool colon = i > 0 && i != start + length;
        at += (size_t)snprintf(out + at, size - at, "%s%x", colon ? ":" : "", (unsigned)s2si_get_u16(bytes + 2 * i));
    }
}

char *s2s_addr_format(const struct s2s_addr *addr, char *out)
{
    if (addr->family == 4) {
        format4(addr->bytes, out, S2S_ADDR_TEXT);
    } else if (addr->family == 6) {
        format6(addr->bytes, out, S2S_ADDR_TEXT);
    } else {
        snprintf(out, S2S_ADDR_TEXT, "any");
    }
    return out;
}

char *s2s_prefix_format(const struct s2s_prefix *prefix, char *out)
{
    s2s_addr_format(&prefix->addr, out);
    size_t at = strlen(out);
    snprintf(out + at, S2S_ADDR_TEXT - at, "/%u", prefix->length);
    return out;
}

char *s2s_endpoint_format(const struct s2s_endpoint *endpoint, char *out)
{
    char address[S2S_ADDR_TEXT];
    s2s_addr_format(&endpoint->addr, address);
    snprintf(out, S2S_ADDR_TEXT, endpoint->addr.family == 6 ? "[%s]:%u" : "%s:%u", address, endpoint->port);
    return out;
}

static const char *protocol_name(uint8_t protocol)
{
    switch (protocol) {
    case 0:
        return "any";
    case 1:
        return "icmp";
    case 6:
        return "tcp";
    case 17:
        return "udp";
    case 58:
        return "ipv6-icmp";
    default:
        return NULL;
    }
}

static void format_protocol_ports(const struct s2s_selector *selector, char *out, size_t size)
{
    char number[8], ports[24] = "";
    const char *protocol = protocol_name(selector->protocol);
    if (protocol == NULL) {
        snprintf(number, sizeof number, "%u", selector->protocol);
        protocol = number;
    }
    if (selector->start_port == UINT16_MAX && selector->end_port == 0) {
        snprintf(ports, sizeof ports, "/opaque");
    } else if (selector->start_port == selector->end_port) {
        snprintf(ports, sizeof ports, "/%u", selector->start_port);
    } else if (selector->start_port != 0 || selector->end_port != UINT16_MAX) {
        snprintf(ports, sizeof ports, "/%u-%u", selector->start_port, selector->end_port);
    }
    if (selector->protocol == 0 && ports[0] == '\0') {
        out[0] = '\0';
    } else {
        snprintf(out, size, "[%s%s]", protocol, ports);
    }
}

char *s2s_selector_format(const struct s2s_selector *selector, char *out)
{
    char first[S2S_ADDR_TEXT], last[S2S_ADDR_TEXT], rest[48];
    struct s2s_selector addresses = *selector;
    struct s2s_prefix prefix;
    addresses.protocol = 0;
    addresses.start_port = 0;
    addresses.end_port = UINT16_MAX;
    format_protocol_ports(selector, rest, sizeof rest);
    if (s2si_selector_to_prefix(&addresses, &prefix)) {
        snprintf(out, S2S_SELECTOR_TEXT, "%s%s", s2s_prefix_format(&prefix, first), rest);
    } else {
        snprintf(out, S2S_SELECTOR_TEXT, "%.39s-%.39s%s", s2s_addr_format(&selector->start, first),
                 s2s_addr_format(&selector->end, last), rest);
    }
    return out;
}
