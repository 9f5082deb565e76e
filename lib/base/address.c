/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/address.h"

#include "lib/base/wire.h"

#include <s2svpn/error.h>

#include <string.h>

/* ---- addresses ---- */

struct s2s_addr s2si_addr4(uint32_t host_order)
{
    struct s2s_addr addr = {.family = 4};
    s2si_put_u32(addr.bytes, host_order);
    return addr;
}

struct s2s_addr s2si_addr_bytes(int family, const uint8_t *bytes)
{
    struct s2s_addr addr = {.family = (uint8_t)family};
    memcpy(addr.bytes, bytes, s2si_addr_length(&addr));
    return addr;
}

size_t s2si_addr_length(const struct s2s_addr *addr)
{
    return addr->family == 4 ? 4 : addr->family == 6 ? 16 : 0;
}

static unsigned bits_of(const struct s2s_addr *addr)
{
    return (unsigned)s2si_addr_length(addr) * 8;
}

int s2si_addr_compare(const struct s2s_addr *a, const struct s2s_addr *b)
{
    if (a->family != b->family) {
        return a->family < b->family ? -1 : 1;
    }
    int order = memcmp(a->bytes, b->bytes, s2si_addr_length(a));
    return order < 0 ? -1 : order > 0;
}

bool s2si_addr_equal(const struct s2s_addr *a, const struct s2s_addr *b)
{
    return s2si_addr_compare(a, b) == 0;
}

bool s2si_addr_is_any(const struct s2s_addr *addr)
{
    static const uint8_t zeros[16];
    return memcmp(addr->bytes, zeros, s2si_addr_length(addr)) == 0;
}

bool s2si_endpoint_equal(const struct s2s_endpoint *a, const struct s2s_endpoint *b)
{
    return a->port == b->port && s2si_addr_equal(&a->addr, &b->addr);
}

/* ---- prefixes ---- */

/* The bits of byte number i that belong to a prefix of this length. */
static uint8_t mask_byte(unsigned length, unsigned i)
{
    if (length >= 8 * (i + 1)) {
        return 0xff;
    }
    return (uint8_t)(length <= 8 * i ? 0 : 0xff << (8 * (i + 1) - length));
}

static bool same_bits(const struct s2s_addr *a, const struct s2s_addr *b, unsigned length)
{
    unsigned whole = length / 8;
    if (a->family != b->family || length > bits_of(a) || memcmp(a->bytes, b->bytes, whole) != 0) {
        return false;
    }
    return length % 8 == 0 || ((a->bytes[whole] ^ b->bytes[whole]) & mask_byte(length, whole)) == 0;
}

bool s2si_prefix_equal(const struct s2s_prefix *a, const struct s2s_prefix *b)
{
    return a->length == b->length && s2si_addr_equal(&a->addr, &b->addr);
}

bool s2si_prefix_contains(const struct s2s_prefix *outer, const struct s2s_prefix *inner)
{
    return outer->length <= inner->length && same_bits(&outer->addr, &inner->addr, outer->length);
}

bool s2si_prefix_has(const struct s2s_prefix *prefix, const struct s2s_addr *addr)
{
    return same_bits(&prefix->addr, addr, prefix->length);
}

bool s2si_prefix_overlap(const struct s2s_prefix *a, const struct s2s_prefix *b)
{
    return s2si_prefix_contains(a, b) || s2si_prefix_contains(b, a);
}

void s2si_prefix_mask(struct s2s_prefix *prefix)
{
    for (unsigned i = 0; i < sizeof prefix->addr.bytes; i++) {
        prefix->addr.bytes[i] &= mask_byte(prefix->length, i);
    }
}

struct s2s_addr s2si_prefix_host(const struct s2s_prefix *prefix, uint32_t index)
{
    struct s2s_prefix network = *prefix;
    s2si_prefix_mask(&network);
    uint64_t carry = index;
    for (size_t i = s2si_addr_length(&network.addr); i-- > 0 && carry > 0;) {
        carry += network.addr.bytes[i];
        network.addr.bytes[i] = (uint8_t)carry;
        carry >>= 8;
    }
    return network.addr;
}

struct s2s_addr s2si_prefix_last(const struct s2s_prefix *prefix)
{
    struct s2s_addr last = prefix->addr;
    for (unsigned i = 0; i < s2si_addr_length(&last); i++) {
        last.bytes[i] |= (uint8_t)~mask_byte(prefix->length, i);
    }
    return last;
}

/* ---- traffic selectors (RFC 7296 section 3.13.1) ---- */

static bool any_port(const struct s2s_selector *selector)
{
    return selector->start_port == 0 && selector->end_port == UINT16_MAX;
}

static bool opaque(const struct s2s_selector *selector)
{
    return selector->start_port == UINT16_MAX && selector->end_port == 0;
}

bool s2si_selector_equal(const struct s2s_selector *a, const struct s2s_selector *b)
{
    return s2si_addr_equal(&a->start, &b->start) && s2si_addr_equal(&a->end, &b->end) && a->protocol == b->protocol &&
           a->start_port == b->start_port && a->end_port == b->end_port;
}

static bool ports_contain(const struct s2s_selector *outer, const struct s2s_selector *inner)
{
    if (any_port(outer)) {
        return true; /* ANY includes OPAQUE (RFC 4301 section 4.4.1) */
    }
    if (opaque(outer) || opaque(inner)) {
        return opaque(outer) && opaque(inner);
    }
    return outer->start_port <= inner->start_port && inner->end_port <= outer->end_port;
}

bool s2si_selector_contains(const struct s2s_selector *outer, const struct s2s_selector *inner)
{
    return outer->start.family == inner->start.family && s2si_addr_compare(&outer->start, &inner->start) <= 0 &&
           s2si_addr_compare(&inner->end, &outer->end) <= 0 &&
           (outer->protocol == 0 || outer->protocol == inner->protocol) && ports_contain(outer, inner);
}

static bool intersect_ports(const struct s2s_selector *a, const struct s2s_selector *b, struct s2s_selector *out)
{
    if (opaque(a) || opaque(b)) {
        const struct s2s_selector *other = opaque(a) ? b : a;
        out->start_port = UINT16_MAX;
        out->end_port = 0;
        return opaque(other) || any_port(other);
    }
    out->start_port = a->start_port > b->start_port ? a->start_port : b->start_port;
    out->end_port = a->end_port < b->end_port ? a->end_port : b->end_port;
    return out->start_port <= out->end_port;
}

bool s2si_selector_intersect(const struct s2s_selector *a, const struct s2s_selector *b, struct s2s_selector *out)
{
    if (a->start.family != b->start.family || (a->protocol != 0 && b->protocol != 0 && a->protocol != b->protocol)) {
        return false;
    }
    struct s2s_selector common = {
        .start = s2si_addr_compare(&a->start, &b->start) > 0 ? a->start : b->start,
        .end = s2si_addr_compare(&a->end, &b->end) < 0 ? a->end : b->end,
        .protocol = a->protocol != 0 ? a->protocol : b->protocol,
    };
    if (s2si_addr_compare(&common.start, &common.end) > 0 || !intersect_ports(a, b, &common)) {
        return false;
    }
    *out = common;
    return true;
}

bool s2si_selector_has(const struct s2s_selector *selector, const struct s2s_addr *addr, uint8_t protocol,
                       bool has_port, uint16_t port)
{
    if (selector->start.family != addr->family || s2si_addr_compare(&selector->start, addr) > 0 ||
        s2si_addr_compare(addr, &selector->end) > 0 || (selector->protocol != 0 && selector->protocol != protocol)) {
        return false;
    }
    if (any_port(selector)) {
        return true;
    }
    /* OPAQUE means exactly that the port cannot be read (RFC 4301 section 4.4.1.1). */
    return has_port ? selector->start_port <= port && port <= selector->end_port : opaque(selector);
}

bool s2si_selector_to_prefix(const struct s2s_selector *selector, struct s2s_prefix *out)
{
    if (selector->protocol != 0 || !any_port(selector) || selector->start.family != selector->end.family) {
        return false;
    }
    struct s2s_prefix prefix = {.addr = selector->start};
    for (unsigned length = 0; length <= bits_of(&selector->start); length++) {
        prefix.length = (uint8_t)length;
        struct s2s_prefix network = prefix;
        s2si_prefix_mask(&network);
        struct s2s_addr last = s2si_prefix_last(&network);
        if (s2si_prefix_equal(&network, &prefix) && s2si_addr_equal(&last, &selector->end)) {
            *out = prefix;
            return s2si_addr_length(&prefix.addr) != 0;
        }
    }
    return false;
}

void s2s_selector_from_prefix(const struct s2s_prefix *prefix, struct s2s_selector *out)
{
    struct s2s_prefix network = *prefix;
    s2si_prefix_mask(&network);
    *out = (struct s2s_selector){
        .start = network.addr,
        .end = s2si_prefix_last(&network),
        .end_port = UINT16_MAX,
    };
}
