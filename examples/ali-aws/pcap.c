/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "pcap.h"

#include <stdbool.h>
#include <string.h>

#include <s2svpn/types.h>

enum { FILE_HEADER = 24, RECORD_HEADER = 16, LINK_ETHERNET = 1, LINK_RAW = 101, PROTOCOL_UDP = 17, PROTOCOL_ESP = 50 };

struct pair {
    uint8_t forth[8], back[8]; /* source and destination as they lie in an inner header */
};

/* A file's magic number tells its byte order. */
static uint32_t number(const uint8_t *data, bool big)
{
    return big ? (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3]
               : (uint32_t)data[3] << 24 | (uint32_t)data[2] << 16 | (uint32_t)data[1] << 8 | data[0];
}

static bool is_magic(uint32_t value)
{
    return value == 0xa1b2c3d4u || value == 0xa1b23c4du; /* microseconds, nanoseconds */
}

static int pair_of(const char *host_a, const char *host_b, struct pair *pair)
{
    struct s2s_addr a, b;
    if (s2s_addr_parse(host_a, &a) != 0 || s2s_addr_parse(host_b, &b) != 0)
        return -1;
    memcpy(pair->forth, a.bytes, 4);
    memcpy(pair->forth + 4, b.bytes, 4);
    memcpy(pair->back, b.bytes, 4);
    memcpy(pair->back + 4, a.bytes, 4);
    return 0;
}

static int in_network(const uint8_t *addr, const char *network)
{
    struct s2s_prefix prefix;
    if (s2s_prefix_parse(network, &prefix) != 0 || prefix.addr.family != 4)
        return 0;
    for (unsigned bit = 0; bit < prefix.length; bit++)
        if ((addr[bit / 8] ^ prefix.addr.bytes[bit / 8]) & (0x80u >> bit % 8))
            return 0;
    return 1;
}

static int in_any(const uint8_t *addr, const char *const *networks)
{
    for (; *networks; networks++)
        if (in_network(addr, *networks))
            return 1;
    return 0;
}

/* UDP of the IKE ports: behind port 4500 four zero octets mark IKE (RFC 3948 section 2.2), anything else is ESP. */
static void count_udp(const uint8_t *udp, size_t length, struct pcap_figures *figures)
{
    if (length < 12)
        return;
    unsigned source = (unsigned)udp[0] << 8 | udp[1], destination = (unsigned)udp[2] << 8 | udp[3];
    if (source == 4500 || destination == 4500) {
        if (memcmp(udp + 8, "\0\0\0\0", 4) == 0)
            figures->ike++;
        else
            figures->udp_esp++;
    } else if (source == 500 || destination == 500) {
        figures->ike++;
    }
}

static void count_ip(const uint8_t *ip, size_t length, const char *const *networks, const struct pair *pair,
                     struct pcap_figures *figures)
{
    size_t header = (size_t)(ip[0] & 15u) * 4;
    if (in_any(ip + 12, networks) || in_any(ip + 16, networks) || memmem(ip, length, pair->forth, sizeof pair->forth) ||
        memmem(ip, length, pair->back, sizeof pair->back))
        figures->cleartext++;
    if (ip[9] == PROTOCOL_ESP)
        figures->esp++;
    else if (ip[9] == PROTOCOL_UDP && header >= 20 && header < length)
        count_udp(ip + header, length - header, figures);
}

static void count_frame(const uint8_t *frame, size_t length, uint32_t link, const char *const *networks,
                        const struct pair *pair, struct pcap_figures *figures)
{
    size_t skip = link == LINK_ETHERNET ? 14 : 0;
    figures->packets++;
    if (length < skip + 20 || (skip && (frame[12] != 8 || frame[13] != 0)) || frame[skip] >> 4 != 4)
        return; /* ARP, IPv6 neighbour discovery: no inner address can be their source or destination */
    count_ip(frame + skip, length - skip, networks, pair, figures);
}

int pcap_count(const uint8_t *data, size_t length, const char *const *networks, const char *host_a, const char *host_b,
               struct pcap_figures *figures)
{
    struct pair pair;
    bool big = length >= FILE_HEADER && is_magic(number(data, true));
    if (length < FILE_HEADER || (!big && !is_magic(number(data, false))) || pair_of(host_a, host_b, &pair) != 0)
        return -1;
    uint32_t link = number(data + 20, big) & 0xffffu;
    if (link != LINK_ETHERNET && link != LINK_RAW)
        return -1;
    size_t at = FILE_HEADER;
    while (at < length) {
        if (length - at < RECORD_HEADER)
            return -1;
        size_t kept = number(data + at + 8, big);
        at += RECORD_HEADER;
        if (kept > length - at)
            return -1;
        count_frame(data + at, kept, link, networks, &pair, figures);
        at += kept;
    }
    return 0;
}
