/* SPDX-License-Identifier: Apache-2.0 */
/* sim_segment: TCP headers on the wire (RFC 9293 section 3.1), with the options MSS and MD5 signature. */
#include "lib/backend/sim_tcp.h"

#include <string.h>

enum {
    HEADER = 20, OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, OPTION_MD5 = 19,
    MSS_LENGTH = 4, MD5_LENGTH = 18, DIGEST = 16, MD5_ROOM = 20, DEFAULT_TTL = 64, LONGEST_HEADER = HEADER + MSS_LENGTH + MD5_ROOM
};

/* Not MD5: two keyed hashes over key, ports, numbers and data. Both ends are us. */
static void digest(const struct s2si_sim_md5 *key, uint16_t from, uint16_t to, uint32_t seq, uint32_t ack,
                   const uint8_t *data, size_t length, uint8_t out[DIGEST])
{
    uint8_t numbers[12];
    s2si_put_u16(numbers, from);
    s2si_put_u16(numbers + 2, to);
    s2si_put_u32(numbers + 4, seq);
    s2si_put_u32(numbers + 8, ack);
    for (uint64_t half = 0; half < 2; half++) {
        static const uint64_t unkeyed[2] = {0x5332532d73696d21u, 0x6e6f74207265616cu};
        uint64_t hash[2] = {unkeyed[0] + half, s2si_siphash(unkeyed, key->key, key->length)};
        hash[0] ^= s2si_siphash(hash, numbers, sizeof numbers);
        s2si_put_u64(out + 8 * half, s2si_siphash(hash, data, length));
    }
}

static void read_options(const uint8_t *at, size_t length, struct s2si_sim_segment *out)
{
    struct s2si_reader reader = s2si_reader(at, length);
    while (s2si_reader_left(&reader) > 0) {
        uint8_t kind = s2si_read_u8(&reader);
        if (kind == OPTION_NOP) {
            continue;
        }
        uint8_t size = kind == OPTION_END ? 0 : s2si_read_u8(&reader);
        const uint8_t *value = size < 2 ? NULL : s2si_read_bytes(&reader, size - 2u);
        if (value == NULL) {
            return;
        }
        if (kind == OPTION_MSS && size == MSS_LENGTH) {
            out->mss = s2si_get_u16(value);
        } else if (kind == OPTION_MD5 && size == MD5_LENGTH) {
            out->md5 = value;
        }
    }
}

bool s2si_sim_segment_read(const struct s2si_ip *ip, const uint8_t *data, struct s2si_sim_segment *out)
{
    const uint8_t *tcp = data + ip->header_length;
    size_t length = ip->total_length - ip->header_length, header = length < HEADER ? 0 : (size_t)(tcp[12] >> 4) * 4;
    if (header < HEADER || header > length) {
        return false;
    }
    *out = (struct s2si_sim_segment){.ip = ip,
                                     .local = {ip->destination, ip->destination_port},
                                     .remote = {ip->source, ip->source_port},
                                     .seq = s2si_get_u32(tcp + 4),
                                     .ack = s2si_get_u32(tcp + 8),
                                     .flags = tcp[13],
                                     .window = s2si_get_u16(tcp + 14),
                                     .data = tcp + header,
                                     .length = length - header};
    read_options(tcp + HEADER, header - HEADER, out);
    return true;
}

bool s2si_sim_segment_md5_good(const struct s2si_sim_segment *segment, const struct s2si_sim_md5 *key)
{
    uint8_t expected[DIGEST];
    if (key->length == 0 || segment->md5 == NULL) {
        return key->length == 0 && segment->md5 == NULL;
    }
    digest(key, segment->remote.port, segment->local.port, segment->seq, segment->ack, segment->data, segment->length, expected);
    return s2si_equal_secret(expected, segment->md5, DIGEST);
}

struct outgoing {
    const struct s2s_endpoint *local, *remote;
    uint32_t seq, ack;
    uint8_t flags, ttl;
    uint16_t window, mss;
    const struct s2si_sim_md5 *md5;
    const uint8_t *data;
    size_t length;
};

static size_t write_header(uint8_t *at, const struct outgoing *out)
{
    struct s2si_writer writer = s2si_writer(at, LONGEST_HEADER);
    bool md5 = out->md5 != NULL && out->md5->length > 0;
    size_t header = HEADER + (out->mss != 0 ? MSS_LENGTH : 0u) + (md5 ? MD5_ROOM : 0u);
    s2si_write_u16(&writer, out->local->port);
    s2si_write_u16(&writer, out->remote->port);
    s2si_write_u32(&writer, out->seq);
    s2si_write_u32(&writer, out->ack);
    s2si_write_u8(&writer, (uint8_t)(header / 4 << 4));
    s2si_write_u8(&writer, out->flags);
    s2si_write_u16(&writer, out->window);
    s2si_write_u32(&writer, 0); /* checksum, urgent pointer */
    if (out->mss != 0) {
        s2si_write_u16(&writer, OPTION_MSS << 8 | MSS_LENGTH);
        s2si_write_u16(&writer, out->mss);
    }
    if (md5) {
        uint8_t value[DIGEST];
        digest(out->md5, out->local->port, out->remote->port, out->seq, out->ack, out->data, out->length, value);
        s2si_write_u16(&writer, OPTION_MD5 << 8 | MD5_LENGTH);
        s2si_write_bytes(&writer, value, sizeof value);
        s2si_write_u16(&writer, OPTION_NOP << 8 | OPTION_NOP);
    }
    return header;
}

static void send_out(struct s2si_sim_kernel *kernel, const struct outgoing *out)
{
    s2s_sim_node *node = kernel->node;
    struct s2si_sim_header header = {.source = out->local->addr,
                                     .destination = out->remote->addr,
                                     .protocol = S2SI_PROTO_TCP,
                                     .ttl = out->ttl == 0 ? DEFAULT_TTL : out->ttl,
                                     .tos = 0xc0, /* internetwork control, RFC 4271 appendix E */
                                     .dont_fragment = true,
                                     .id = ++node->ip_id};
    uint8_t tcp[LONGEST_HEADER];
    size_t size = write_header(tcp, out);
    struct s2si_sim_packet *packet = s2si_sim_packet_new(node->sim, size + out->length);
    struct s2si_ip ip;
    if (packet == NULL) {
        return;
    }
    memcpy(s2si_sim_packet_data(packet), tcp, size);
    if (out->length > 0) {
        memcpy(s2si_sim_packet_data(packet) + size, out->data, out->length);
    }
    if (!s2si_sim_put_ip(packet, &header) || s2si_ip_read(s2si_sim_packet_data(packet), packet->length, &ip) != 0) {
        s2si_sim_packet_free(node->sim, packet);
        return;
    }
    s2si_sim_mend(s2si_sim_packet_data(packet), &ip);
    kernel->stats.segments++;
    s2si_sim_send(node, packet, false);
}

void s2si_sim_segment_send(struct s2si_sim_socket *socket, uint32_t seq, uint8_t flags, const uint8_t *data, size_t length)
{
    struct outgoing out = {.local = &socket->local,
                           .remote = &socket->remote,
                           .seq = seq,
                           .ack = (flags & S2SI_SIM_ACK) != 0 ? socket->rcv_nxt : 0,
                           .flags = flags,
                           .ttl = socket->ttl,
                           .window = (uint16_t)s2si_sim_tcp_window(socket),
                           .mss = (flags & S2SI_SIM_SYN) != 0 ? socket->mss : 0,
                           .md5 = &socket->md5,
                           .data = data,
                           .length = length};
    send_out(socket->kernel, &out);
}

void s2si_sim_segment_refuse(struct s2si_sim_kernel *kernel, const struct s2si_sim_segment *segment)
{
    bool has_ack = (segment->flags & S2SI_SIM_ACK) != 0;
    uint32_t taken = (uint32_t)segment->length + ((segment->flags & S2SI_SIM_SYN) != 0) + ((segment->flags & S2SI_SIM_FIN) != 0);
    struct outgoing out = {.local = &segment->local,
                           .remote = &segment->remote,
                           .seq = has_ack ? segment->ack : 0,
                           .ack = has_ack ? 0 : segment->seq + taken,
                           .flags = has_ack ? S2SI_SIM_RST : S2SI_SIM_RST | S2SI_SIM_ACK,
                           .ttl = 255};
    if ((segment->flags & S2SI_SIM_RST) == 0) {
        kernel->stats.stream_resets++;
        send_out(kernel, &out);
    }
}
