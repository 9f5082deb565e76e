/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/ip.h"

#include "lib/base/wire.h"

#include <s2svpn/error.h>

#include <string.h>

enum {
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    IPV4_DF = 0x4000,
    IPV4_MF = 0x2000,
    IPV4_OFFSET = 0x1fff,
    TCP_HEADER = 20,
    TCP_SYN = 0x02,
};

/* IPv6 extension headers that are walked through (RFC 8200 section 4). ESP and "no next header" end the chain. */
enum {
    HOP_BY_HOP = 0,
    ROUTING = 43,
    FRAGMENT = 44,
    AUTHENTICATION = 51,
    DESTINATION = 60,
    MOBILITY = 135,
    HIP = 139,
    SHIM6 = 140
};

/* ---- reading ---- */

/* ICMP type and code stand where others have ports: type above code (RFC 7296 section 3.13.1). */
static void read_ports(const uint8_t *at, size_t length, struct s2si_ip *out)
{
    switch (out->protocol) {
    case S2SI_PROTO_TCP:
    case S2SI_PROTO_UDP:
    case 33:  /* DCCP */
    case 132: /* SCTP */
    case 136: /* UDP-Lite */
        if (length >= 4) {
            out->has_ports = true;
            out->source_port = s2si_get_u16(at);
            out->destination_port = s2si_get_u16(at + 2);
        }
        break;
    case S2SI_PROTO_ICMP:
    case S2SI_PROTO_ICMPV6:
        if (length >= 2) {
            out->has_ports = true;
            out->source_port = s2si_get_u16(at);
            out->destination_port = out->source_port;
        }
        break;
    default:
        break;
    }
}

static int read4(const uint8_t *data, size_t length, struct s2si_ip *out)
{
    if (length < IPV4_HEADER) {
        return S2S_ERR_MALFORMED;
    }
    size_t header = (size_t)(data[0] & 0x0f) * 4, total = s2si_get_u16(data + 2);
    if (header < IPV4_HEADER || total < header || total > length) {
        return S2S_ERR_MALFORMED;
    }
    uint16_t fragment = s2si_get_u16(data + 6);
    out->tos = data[1];
    out->protocol = data[9];
    out->hop_limit = data[8];
    out->dont_fragment = (fragment & IPV4_DF) != 0;
    out->fragment = (fragment & (IPV4_MF | IPV4_OFFSET)) != 0;
    out->first_fragment = (fragment & IPV4_OFFSET) == 0;
    out->source = s2si_addr_bytes(4, data + 12);
    out->destination = s2si_addr_bytes(4, data + 16);
    out->total_length = total;
    out->header_length = header;
    return 0;
}

/* Bytes of an extension header that starts with next and length fields. */
static size_t extension_length(uint8_t type, const uint8_t *at)
{
    if (type == FRAGMENT) {
        return 8;
    }
    return type == AUTHENTICATION ? ((size_t)at[1] + 2) * 4 : ((size_t)at[1] + 1) * 8;
}

static bool is_extension(uint8_t type)
{
    switch (type) {
    case HOP_BY_HOP:
    case ROUTING:
    case FRAGMENT:
    case AUTHENTICATION:
    case DESTINATION:
    case MOBILITY:
    case HIP:
    case SHIM6:
        return true;
    default:
        return false;
    }
}

/* Walks to the upper-layer header; stops at a later fragment, whose bytes are not a header. */
static int walk6(const uint8_t *data, struct s2si_ip *out)
{
    while (is_extension(out->protocol) && out->first_fragment) {
        const uint8_t *at = data + out->header_length;
        size_t left = out->total_length - out->header_length;
        if (left < 8 || extension_length(out->protocol, at) > left) {
            return S2S_ERR_MALFORMED;
        }
        if (out->protocol == FRAGMENT) {
            uint16_t field = s2si_get_u16(at + 2);
            out->fragment = (field & 0xfff9) != 0; /* an atomic fragment (RFC 6946) is a whole packet */
            out->first_fragment = (field & 0xfff8) == 0;
        }
        out->header_length += extension_length(out->protocol, at);
        out->protocol = at[0];
    }
    return 0;
}

static int read6(const uint8_t *data, size_t length, struct s2si_ip *out)
{
    if (length < IPV6_HEADER || (size_t)s2si_get_u16(data + 4) + IPV6_HEADER > length) {
        return S2S_ERR_MALFORMED;
    }
    out->tos = (uint8_t)(data[0] << 4 | data[1] >> 4);
    out->protocol = data[6];
    out->hop_limit = data[7];
    out->dont_fragment = true;
    out->first_fragment = true;
    out->source = s2si_addr_bytes(6, data + 8);
    out->destination = s2si_addr_bytes(6, data + 24);
    out->total_length = (size_t)s2si_get_u16(data + 4) + IPV6_HEADER;
    out->header_length = IPV6_HEADER;
    return walk6(data, out);
}

int s2si_ip_read(const uint8_t *data, size_t length, struct s2si_ip *out)
{
    struct s2si_ip ip = {0};
    if (length < 1) {
        return S2S_ERR_MALFORMED;
    }
    ip.version = data[0] >> 4;
    int error = ip.version == 4   ? read4(data, length, &ip)
                : ip.version == 6 ? read6(data, length, &ip)
                                  : S2S_ERR_MALFORMED;
    if (error != 0) {
        return error;
    }
    if (ip.first_fragment) {
        read_ports(data + ip.header_length, ip.total_length - ip.header_length, &ip);
    }
    *out = ip;
    return 0;
}

/* ---- checksums (RFC 1071, RFC 1624) ---- */

static uint32_t fold(uint32_t sum)
{
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

static uint32_t fold_wide(uint64_t total)
{
    while (total > UINT32_MAX) {
        total = (total & UINT32_MAX) + (total >> 32);
    }
    return fold((uint32_t)total);
}

/* The sum over whole words of four octets, added in this machine's octet order and turned at the end: that comes to the
   same (RFC 1071 section 2 B), as does adding four octets at a time. */
static uint32_t sum_words(const uint8_t *data, size_t words)
{
    uint64_t total = 0;
    uint8_t turned[2];
    for (; words > 0; words--, data += 4) {
        uint32_t word;
        memcpy(&word, data, sizeof word);
        total += word;
    }
    uint16_t folded = (uint16_t)fold_wide(total);
    memcpy(turned, &folded, sizeof turned);
    return s2si_get_u16(turned);
}

uint32_t s2si_checksum_add(uint32_t sum, const uint8_t *data, size_t length)
{
    uint64_t total = (uint64_t)sum + sum_words(data, length / 4);
    data += length / 4 * 4;
    if ((length & 2) != 0) {
        total += s2si_get_u16(data);
        data += 2;
    }
    if ((length & 1) != 0) {
        total += (uint32_t)data[0] << 8;
    }
    return fold_wide(total);
}

uint16_t s2si_checksum_finish(uint32_t sum)
{
    return (uint16_t)~fold(sum);
}

/* Mends a stored checksum after a 16-bit word under it changed (RFC 1624 equation 3). */
static void mend(uint8_t *checksum, uint16_t before, uint16_t after)
{
    uint32_t sum = (uint32_t)(uint16_t)~s2si_get_u16(checksum) + (uint16_t)~before + after;
    s2si_put_u16(checksum, s2si_checksum_finish(sum));
}

/* ---- MSS (RFC 879; RFC 4459 section 3.2) ---- */

static uint16_t swapped(uint16_t value)
{
    return (uint16_t)(value << 8 | value >> 8);
}

/* The two MSS bytes among the TCP options, or NULL. */
static uint8_t *find_mss(uint8_t *options, size_t length)
{
    for (size_t i = 0; i < length;) {
        uint8_t kind = options[i];
        if (kind == 0) {
            break;
        }
        if (kind == 1) {
            i++;
            continue;
        }
        if (length - i < 2 || options[i + 1] < 2 || options[i + 1] > length - i) {
            break;
        }
        if (kind == 2) {
            return options[i + 1] == 4 ? options + i + 2 : NULL;
        }
        i += options[i + 1];
    }
    return NULL;
}

bool s2si_ip_clamp_mss(uint8_t *data, size_t length, const struct s2si_ip *ip, uint16_t mss)
{
    if (ip->protocol != S2SI_PROTO_TCP || !ip->first_fragment || ip->total_length > length ||
        ip->total_length < ip->header_length + TCP_HEADER) {
        return false;
    }
    uint8_t *tcp = data + ip->header_length;
    size_t header = (size_t)(tcp[12] >> 4) * 4;
    if ((tcp[13] & TCP_SYN) == 0 || header < TCP_HEADER || header > ip->total_length - ip->header_length) {
        return false;
    }
    uint8_t *option = find_mss(tcp + TCP_HEADER, header - TCP_HEADER);
    if (option == NULL || s2si_get_u16(option) <= mss) {
        return false;
    }
    uint16_t before = s2si_get_u16(option), after = mss;
    s2si_put_u16(option, mss);
    /* At an odd offset the option's bytes are the low half of one word and the high half of the next. */
    bool odd = (option - tcp) % 2 != 0;
    mend(tcp + 16, odd ? swapped(before) : before, odd ? swapped(after) : after);
    return true;
}

/* ---- ECN (RFC 6040) ---- */

enum ecn { NOT_ECT = 0, ECT_1 = 1, ECT_0 = 2, CE = 3, LOST = 4 };

/* RFC 6040 figure 4, [inner][outer]. */
static const uint8_t ecn_result[4][4] = {
    /* outer:    Not-ECT  ECT(1)   ECT(0)   CE */
    [NOT_ECT] = {NOT_ECT, NOT_ECT, NOT_ECT, LOST},
    [ECT_1] = {ECT_1, ECT_1, ECT_1, CE},
    [ECT_0] = {ECT_0, ECT_1, ECT_0, CE},
    [CE] = {CE, CE, CE, CE},
};

bool s2si_ip_ecn_decapsulate(uint8_t *data, size_t length, uint8_t outer_tos)
{
    bool v6 = length >= IPV6_HEADER && data[0] >> 4 == 6;
    if (!v6 && (length < IPV4_HEADER || data[0] >> 4 != 4)) {
        return false;
    }
    uint8_t inner = v6 ? (data[1] >> 4) & 3 : data[1] & 3;
    uint8_t result = ecn_result[inner][outer_tos & 3];
    if (result == LOST || result == inner) {
        return result != LOST;
    }
    if (v6) {
        data[1] = (uint8_t)((data[1] & 0xcf) | result << 4);
        return true;
    }
    uint16_t before = s2si_get_u16(data);
    data[1] = (uint8_t)((data[1] & 0xfc) | result);
    mend(data + 10, before, s2si_get_u16(data));
    return true;
}
