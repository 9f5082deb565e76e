/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/tun_offload.h"

#include "lib/base/ip.h"
#include "lib/base/wire.h"

#include <s2svpn/error.h>

#include <string.h>

enum {
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    TCP_HEADER = 20,
    TCP_SEQUENCE = 4,
    TCP_ACKNOWLEDGMENT = 8,
    TCP_OFFSET = 12,
    TCP_FLAGS = 13,
    TCP_CHECKSUM = 16,
    FIN = 0x01,
    PSH = 0x08,
    ACK = 0x10,
    CWR = 0x80,
};

static bool is_ipv4(const uint8_t *packet)
{
    return packet[0] >> 4 == 4;
}

/* RFC 9293 section 3.1: the sum over addresses, protocol and length that TCP's checksum includes. */
static uint32_t pseudo_header(const uint8_t *packet, size_t tcp_length)
{
    uint32_t sum = (uint32_t)S2SI_PROTO_TCP + (uint32_t)tcp_length;
    return is_ipv4(packet) ? s2si_checksum_add(sum, packet + 12, 8) : s2si_checksum_add(sum, packet + 8, 32);
}

/* Where TCP and its data begin. @return false if this is no whole TCP packet. */
static bool tcp_headers(const uint8_t *data, size_t length, size_t *ip_length, size_t *headers)
{
    struct s2si_ip ip;
    if (s2si_ip_read(data, length, &ip) != 0 || ip.protocol != S2SI_PROTO_TCP || ip.fragment ||
        ip.total_length != length || length - ip.header_length < TCP_HEADER) {
        return false;
    }
    size_t tcp = (size_t)(data[ip.header_length + TCP_OFFSET] >> 4) * 4;
    *ip_length = ip.header_length;
    *headers = ip.header_length + tcp;
    return tcp >= TCP_HEADER && *headers <= length;
}

/* The IP header of a packet of this length. */
static void set_length(uint8_t *packet, size_t ip, size_t length)
{
    if (!is_ipv4(packet)) {
        s2si_put_u16(packet + 4, (uint16_t)(length - IPV6_HEADER));
        return;
    }
    s2si_put_u16(packet + 2, (uint16_t)length);
    s2si_put_u16(packet + 10, 0);
    s2si_put_u16(packet + 10, s2si_checksum_finish(s2si_checksum_add(0, packet, ip)));
}

/* ---- cutting ---- */

/* The stack left in the field the sum over the pseudo-header (VIRTIO_NET_HDR_F_NEEDS_CSUM). */
static int complete_checksum(const struct virtio_net_hdr *header, uint8_t *data, size_t length)
{
    size_t start = header->csum_start, at = start + header->csum_offset;
    if (start > length || at + 2 > length) {
        return S2S_ERR_MALFORMED;
    }
    uint16_t sum = s2si_checksum_finish(s2si_checksum_add(0, data + start, length - start));
    s2si_put_u16(data + at, sum == 0 ? 0xffff : sum); /* UDP's 0 says "none" (RFC 768); to TCP both are the same */
    return 0;
}

int s2si_super_begin(struct s2si_super *super, const struct virtio_net_hdr *header, uint8_t *data, size_t length)
{
    unsigned kind = header->gso_type & ~(unsigned)VIRTIO_NET_HDR_GSO_ECN;
    *super = (struct s2si_super){.data = data, .length = length};
    if (kind == VIRTIO_NET_HDR_GSO_NONE) {
        return (header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0 ? complete_checksum(header, data, length) : 0;
    }
    if (kind != VIRTIO_NET_HDR_GSO_TCPV4 && kind != VIRTIO_NET_HDR_GSO_TCPV6) {
        return S2S_ERR_UNSUPPORTED; /* TUNSETOFFLOAD did not ask for others */
    }
    super->size = header->gso_size;
    if (super->size == 0 || !tcp_headers(data, length, &super->ip, &super->headers) || super->headers == length ||
        is_ipv4(data) != (kind == VIRTIO_NET_HDR_GSO_TCPV4)) {
        return S2S_ERR_MALFORMED;
    }
    return 0;
}

/* What differs from piece to piece (RFC 9293): length, identification, sequence number, flags, checksums. */
static void mend_piece(const struct s2si_super *super, uint8_t *out, size_t length)
{
    uint8_t *tcp = out + super->ip;
    if (is_ipv4(out)) {
        s2si_put_u16(out + 4, (uint16_t)(s2si_get_u16(out + 4) + super->number));
    }
    set_length(out, super->ip, length);
    s2si_put_u32(tcp + TCP_SEQUENCE, s2si_get_u32(tcp + TCP_SEQUENCE) + (uint32_t)super->at);
    if (super->headers + super->at + (length - super->headers) < super->length) {
        tcp[TCP_FLAGS] &= (uint8_t) ~(FIN | PSH); /* the last one's */
    }
    if (super->number > 0) {
        tcp[TCP_FLAGS] &= (uint8_t)~CWR; /* the first one's (RFC 3168 section 6.1.2) */
    }
    s2si_put_u16(tcp + TCP_CHECKSUM, 0);
    s2si_put_u16(tcp + TCP_CHECKSUM, s2si_checksum_finish(s2si_checksum_add(pseudo_header(out, length - super->ip), tcp,
                                                                            length - super->ip)));
}

size_t s2si_super_next(struct s2si_super *super, uint8_t *out, size_t capacity)
{
    size_t left = super->length - super->headers - super->at;
    size_t part = super->size == 0 || left < super->size ? left : super->size;
    size_t length = super->headers + part;
    if (super->done || length > capacity) {
        super->done = true;
        return 0;
    }
    memcpy(out, super->data, super->headers);
    memcpy(out + super->headers, super->data + super->headers + super->at, part);
    if (super->size != 0) {
        mend_piece(super, out, length);
    }
    super->at += part;
    super->number++;
    super->done = part == left;
    return length;
}

/* ---- joining ---- */

/* A data packet of an established connection with nothing special about it, and whole by its checksums: the kernel will
   make new ones, which must not cover up a fault. */
static bool joinable(const uint8_t *data, size_t length, size_t *ip, size_t *headers)
{
    if (!tcp_headers(data, length, ip, headers) || *headers == length ||
        *ip != (is_ipv4(data) ? IPV4_HEADER : IPV6_HEADER)) {
        return false;
    }
    const uint8_t *tcp = data + *ip;
    if ((tcp[TCP_FLAGS] & ~(unsigned)PSH) != ACK || (tcp[TCP_OFFSET] & 0x0f) != 0) {
        return false;
    }
    if (is_ipv4(data) &&
        ((s2si_get_u16(data + 6) & 0x4000) == 0 || s2si_checksum_finish(s2si_checksum_add(0, data, *ip)) != 0)) {
        return false; /* without DF the identification matters (RFC 6864 section 4) */
    }
    return s2si_checksum_finish(s2si_checksum_add(pseudo_header(data, length - *ip), tcp, length - *ip)) == 0;
}

void s2si_join_begin(struct s2si_join *join, uint8_t *data, size_t length)
{
    memset(&join->header, 0, sizeof join->header);
    join->vectors[0] = (struct iovec){.iov_base = &join->header, .iov_len = sizeof join->header};
    join->vectors[1] = (struct iovec){.iov_base = data, .iov_len = length};
    join->count = 1;
    join->first = data;
    join->joins = joinable(data, length, &join->ip, &join->headers) && (data[join->ip + TCP_FLAGS] & PSH) == 0;
    join->size = join->total = join->joins ? length - join->headers : 0;
}

/* Everything in the headers but lengths, identification, sequence number, PSH and checksums is the same. */
static bool same_flow(const struct s2si_join *join, const uint8_t *data)
{
    const uint8_t *a = join->first, *b = data, *tcp_a = a + join->ip, *tcp_b = b + join->ip;
    bool ip = is_ipv4(a) ? memcmp(a, b, 2) == 0 && memcmp(a + 6, b + 6, 4) == 0 && memcmp(a + 12, b + 12, 8) == 0
                         : memcmp(a, b, 4) == 0 && memcmp(a + 6, b + 6, 34) == 0;
    return ip && memcmp(tcp_a, tcp_b, TCP_SEQUENCE) == 0 &&
           memcmp(tcp_a + TCP_ACKNOWLEDGMENT, tcp_b + TCP_ACKNOWLEDGMENT, TCP_FLAGS - TCP_ACKNOWLEDGMENT) == 0 &&
           memcmp(tcp_a + TCP_FLAGS + 1, tcp_b + TCP_FLAGS + 1, 2) == 0 &&
           memcmp(tcp_a + 18, tcp_b + 18, join->headers - join->ip - 18) == 0;
}

bool s2si_join_add(struct s2si_join *join, uint8_t *data, size_t length)
{
    size_t ip, headers;
    if (!join->joins || join->count == S2S_PACKET_BATCH || !joinable(data, length, &ip, &headers) || ip != join->ip ||
        headers != join->headers) {
        return false;
    }
    size_t part = length - headers;
    uint32_t expected = s2si_get_u32(join->first + ip + TCP_SEQUENCE) + (uint32_t)join->total;
    if (is_ipv4(data) != is_ipv4(join->first) || part > join->size || headers + join->total + part > S2SI_SUPER_MOST ||
        s2si_get_u32(data + ip + TCP_SEQUENCE) != expected || !same_flow(join, data)) {
        return false;
    }
    join->vectors[1 + join->count++] = (struct iovec){.iov_base = data + headers, .iov_len = part};
    join->total += part;
    if (part < join->size || (data[ip + TCP_FLAGS] & PSH) != 0) {
        join->joins = false;
        join->first[ip + TCP_FLAGS] |= data[ip + TCP_FLAGS] & PSH;
    }
    return true;
}

void s2si_join_finish(struct s2si_join *join)
{
    uint8_t *tcp = join->first + join->ip;
    size_t length = join->headers + join->total;
    if (join->count < 2) {
        return;
    }
    set_length(join->first, join->ip, length);
    /* Not complemented: the kernel goes on from here. */
    s2si_put_u16(tcp + TCP_CHECKSUM, (uint16_t)~s2si_checksum_finish(pseudo_header(join->first, length - join->ip)));
    join->header = (struct virtio_net_hdr){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = is_ipv4(join->first) ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6,
        .hdr_len = (uint16_t)join->headers,
        .gso_size = (uint16_t)join->size,
        .csum_start = (uint16_t)join->ip,
        .csum_offset = TCP_CHECKSUM,
    };
}
