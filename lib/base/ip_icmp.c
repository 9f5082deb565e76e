/* SPDX-License-Identifier: Apache-2.0 */
/* ip_icmp: the ICMP messages that a tunnel end makes itself: "packet too big", echo (RFC 792, RFC 1191, RFC 4443). */
#include "lib/base/ip.h"

#include "lib/base/wire.h"

#include <string.h>

enum {
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    ICMP_HEADER = 8,
    LONGEST_V4 = 576,  /* RFC 1812 section 4.3.2.3 */
    LONGEST_V6 = 1280, /* RFC 4443 section 2.4 (c) */
    HOP_LIMIT = 64,
    ICMP_UNREACHABLE = 3,
    FRAGMENTATION_NEEDED = 4,
    ICMPV6_TOO_BIG = 2,
};

/* ---- IP headers of our own ---- */

static void write_header4(struct s2si_writer *writer, const struct s2s_addr *source, const struct s2s_addr *destination,
                          size_t total)
{
    size_t start = writer->length;
    s2si_write_u8(writer, 0x45);
    s2si_write_u8(writer, 0);
    s2si_write_u16(writer, (uint16_t)total);
    s2si_write_u32(writer, 0x00004000); /* id 0, DF: never fragmented (RFC 6864) */
    s2si_write_u8(writer, HOP_LIMIT);
    s2si_write_u8(writer, S2SI_PROTO_ICMP);
    size_t checksum = s2si_write_hole(writer, 2);
    s2si_write_bytes(writer, source->bytes, 4);
    s2si_write_bytes(writer, destination->bytes, 4);
    if (!writer->failed) {
        s2si_patch_u16(writer, checksum, s2si_checksum_finish(s2si_checksum_add(0, writer->data + start, IPV4_HEADER)));
    }
}

static void write_header6(struct s2si_writer *writer, const struct s2s_addr *source, const struct s2s_addr *destination,
                          size_t total)
{
    s2si_write_u32(writer, 0x60000000);
    s2si_write_u16(writer, (uint16_t)(total - IPV6_HEADER));
    s2si_write_u8(writer, S2SI_PROTO_ICMPV6);
    s2si_write_u8(writer, HOP_LIMIT);
    s2si_write_bytes(writer, source->bytes, 16);
    s2si_write_bytes(writer, destination->bytes, 16);
}

/* RFC 8200 section 8.1 */
static uint32_t pseudo_header6(const uint8_t *header, size_t upper_length)
{
    uint32_t sum = s2si_checksum_add(0, header + 8, 32);
    return sum + (uint32_t)upper_length + S2SI_PROTO_ICMPV6;
}

/* One whole ICMP or ICMPv6 message. @return its length or 0. */
static size_t write_icmp(const struct s2s_addr *source, const struct s2s_addr *destination, uint8_t type, uint8_t code,
                         uint32_t word, const uint8_t *body, size_t body_length, uint8_t *out, size_t capacity)
{
    bool v6 = destination->family == 6;
    size_t header = v6 ? IPV6_HEADER : IPV4_HEADER, total = header + ICMP_HEADER + body_length;
    struct s2si_writer writer = s2si_writer(out, capacity);
    if (source->family != destination->family || source->family == 0 || body_length > UINT16_MAX ||
        total > UINT16_MAX) {
        return 0;
    }
    (v6 ? write_header6 : write_header4)(&writer, source, destination, total);
    s2si_write_u8(&writer, type);
    s2si_write_u8(&writer, code);
    size_t checksum = s2si_write_hole(&writer, 2);
    s2si_write_u32(&writer, word);
    s2si_write_bytes(&writer, body, body_length);
    if (writer.failed) {
        return 0;
    }
    uint32_t sum = v6 ? pseudo_header6(out, total - header) : 0;
    s2si_patch_u16(&writer, checksum, s2si_checksum_finish(s2si_checksum_add(sum, out + header, total - header)));
    return total;
}

/* ---- packet too big ---- */

/* An address that an ICMP error may go to: one host's own (RFC 1122 section 3.2.2, RFC 4443 section 2.4 e.6). */
static bool single_host(const struct s2s_addr *addr)
{
    if (s2si_addr_is_any(addr)) {
        return false;
    }
    if (addr->family == 6) {
        return addr->bytes[0] != 0xff;
    }
    return addr->bytes[0] != 0 && addr->bytes[0] != 127 && addr->bytes[0] < 224;
}

static bool icmp_error4(uint8_t type)
{
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

static bool is_icmp_error(const struct s2si_ip *ip)
{
    if (ip->version == 4 && ip->protocol == S2SI_PROTO_ICMP) {
        return !ip->has_ports || icmp_error4((uint8_t)(ip->source_port >> 8));
    }
    if (ip->version == 6 && ip->protocol == S2SI_PROTO_ICMPV6) {
        uint8_t type = (uint8_t)(ip->source_port >> 8);
        return !ip->has_ports || type < 128 || type == 137; /* 137 is Redirect */
    }
    return false;
}

static bool may_answer(const struct s2si_ip *ip)
{
    if (!single_host(&ip->source) || !ip->first_fragment || is_icmp_error(ip)) {
        return false;
    }
    /* IPv6 answers multicast too, so that path MTU discovery works (RFC 4443 section 2.4 e.3). */
    return ip->version == 6 || (ip->dont_fragment && single_host(&ip->destination));
}

size_t s2si_ip_too_big(const uint8_t *packet, size_t length, const struct s2si_ip *ip, const struct s2s_addr *source,
                       uint32_t mtu, uint8_t *out, size_t capacity)
{
    if (!may_answer(ip) || source->family != ip->version) {
        return 0;
    }
    bool v6 = ip->version == 6;
    size_t quoted = ip->total_length < length ? ip->total_length : length;
    size_t most = v6 ? LONGEST_V6 - IPV6_HEADER - ICMP_HEADER : LONGEST_V4 - IPV4_HEADER - ICMP_HEADER;
    if (quoted > most) {
        quoted = most;
    }
    if (v6) {
        return write_icmp(source, &ip->source, ICMPV6_TOO_BIG, 0, mtu, packet, quoted, out, capacity);
    }
    uint32_t next_hop = mtu > UINT16_MAX ? UINT16_MAX : mtu; /* RFC 1191 section 4: low half of the second word */
    return write_icmp(source, &ip->source, ICMP_UNREACHABLE, FRAGMENTATION_NEEDED, next_hop, packet, quoted, out,
                      capacity);
}

/* ---- echo ---- */

size_t s2si_ip_echo(const struct s2s_addr *source, const struct s2s_addr *destination, bool reply, uint16_t id,
                    uint16_t sequence, const uint8_t *payload, size_t payload_length, uint8_t *out, size_t capacity)
{
    uint8_t type = destination->family == 6 ? (reply ? 129 : 128) : (reply ? 0 : 8);
    return write_icmp(source, destination, type, 0, (uint32_t)id << 16 | sequence, payload, payload_length, out,
                      capacity);
}
