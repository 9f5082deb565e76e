/* SPDX-License-Identifier: Apache-2.0 */
/* sim_packet: blocks of memory for packets, and the headers of those made here (RFC 791, 8200, 768). */
#include "lib/backend/sim.h"

#include <string.h>

enum { IPV4_HEADER = 20, IPV6_HEADER = 40, UDP_HEADER = 8, IPV4_DF = 0x4000 };

struct s2si_sim_packet *s2si_sim_packet_new(s2s_sim *sim, size_t length)
{
    size_t capacity = S2SI_SIM_FRONT + length + S2SI_SIM_BACK;
    struct s2si_sim_packet *packet = length > S2SI_SIM_LONGEST ? NULL : s2si_alloc(&sim->mem, sizeof *packet + capacity);
    if (packet == NULL) {
        sim->stats.no_memory++;
        return NULL;
    }
    s2si_list_init(&packet->node);
    packet->capacity = capacity;
    packet->offset = S2SI_SIM_FRONT;
    packet->length = length;
    sim->stats.packets_alive++;
    return packet;
}

struct s2si_sim_packet *s2si_sim_packet_copy(s2s_sim *sim, const uint8_t *data, size_t length)
{
    struct s2si_sim_packet *packet = s2si_sim_packet_new(sim, length);
    if (packet != NULL && length > 0) {
        memcpy(packet->buffer + packet->offset, data, length);
    }
    return packet;
}

void s2si_sim_packet_free(s2s_sim *sim, struct s2si_sim_packet *packet)
{
    if (packet != NULL) {
        s2si_sim_cancel(sim, &packet->event);
        s2si_list_remove(&packet->node);
        sim->stats.packets_alive--;
        s2si_free(&sim->mem, packet, sizeof *packet + packet->capacity);
    }
}

uint8_t *s2si_sim_packet_data(struct s2si_sim_packet *packet)
{
    return packet->buffer + packet->offset;
}

/* ---- checksums ---- */

uint16_t s2si_sim_upper_checksum(const struct s2s_addr *source, const struct s2s_addr *destination, uint8_t protocol,
                                 const uint8_t *data, size_t length)
{
    uint8_t tail[4];
    s2si_put_u16(tail, (uint16_t)length);
    s2si_put_u16(tail + 2, protocol);
    uint32_t sum = s2si_checksum_add(0, source->bytes, s2si_addr_length(source));
    sum = s2si_checksum_add(sum, destination->bytes, s2si_addr_length(destination));
    sum = s2si_checksum_add(sum, tail, sizeof tail);
    return s2si_checksum_finish(s2si_checksum_add(sum, data, length));
}

void s2si_sim_mend_ip(uint8_t *data)
{
    if (data[0] >> 4 == 4) {
        s2si_put_u16(data + 10, 0);
        s2si_put_u16(data + 10, s2si_checksum_finish(s2si_checksum_add(0, data, (size_t)(data[0] & 15) * 4)));
    }
}

/* Where each protocol keeps its checksum; ICMP has no pseudo header. */
static const struct {
    uint8_t protocol, at, shortest;
    bool pseudo;
} checksums[] = {
    {S2SI_PROTO_UDP, 6, 8, true},
    {S2SI_PROTO_TCP, 16, 20, true},
    {S2SI_PROTO_ICMP, 2, 8, false},
    {S2SI_PROTO_ICMPV6, 2, 8, true},
};

static void mend_upper(uint8_t *data, const struct s2si_ip *ip)
{
    uint8_t *upper = data + ip->header_length;
    size_t length = ip->total_length - ip->header_length;
    for (size_t i = 0; i < S2SI_COUNT(checksums); i++) {
        if (checksums[i].protocol != ip->protocol || length < checksums[i].shortest) {
            continue;
        }
        s2si_put_u16(upper + checksums[i].at, 0);
        uint16_t sum = checksums[i].pseudo
                           ? s2si_sim_upper_checksum(&ip->source, &ip->destination, ip->protocol, upper, length)
                           : s2si_checksum_finish(s2si_checksum_add(0, upper, length));
        /* RFC 768: a computed zero is sent as all ones. */
        s2si_put_u16(upper + checksums[i].at, sum == 0 && ip->protocol == S2SI_PROTO_UDP ? 0xffff : sum);
    }
}

void s2si_sim_mend(uint8_t *data, const struct s2si_ip *ip)
{
    s2si_sim_mend_ip(data);
    if (!ip->fragment) {
        mend_upper(data, ip);
    }
}

/* ---- headers ---- */

/* RFC 791 section 3.1. */
static void write4(uint8_t *at, const struct s2si_sim_header *header, size_t length)
{
    struct s2si_writer writer = s2si_writer(at, IPV4_HEADER);
    s2si_write_u8(&writer, 0x45);
    s2si_write_u8(&writer, header->tos);
    s2si_write_u16(&writer, (uint16_t)(IPV4_HEADER + length));
    s2si_write_u16(&writer, header->id);
    s2si_write_u16(&writer, header->dont_fragment ? IPV4_DF : 0);
    s2si_write_u8(&writer, header->ttl);
    s2si_write_u8(&writer, header->protocol);
    s2si_write_u16(&writer, 0);
    s2si_write_bytes(&writer, header->source.bytes, 4);
    s2si_write_bytes(&writer, header->destination.bytes, 4);
    s2si_sim_mend_ip(at);
}

/* RFC 8200 section 3. */
static void write6(uint8_t *at, const struct s2si_sim_header *header, size_t length)
{
    struct s2si_writer writer = s2si_writer(at, IPV6_HEADER);
    s2si_write_u32(&writer, 6u << 28 | (uint32_t)header->tos << 20);
    s2si_write_u16(&writer, (uint16_t)length);
    s2si_write_u8(&writer, header->protocol);
    s2si_write_u8(&writer, header->ttl);
    s2si_write_bytes(&writer, header->source.bytes, 16);
    s2si_write_bytes(&writer, header->destination.bytes, 16);
}

bool s2si_sim_put_ip(struct s2si_sim_packet *packet, const struct s2si_sim_header *header)
{
    bool v4 = header->source.family == 4;
    size_t room = v4 ? IPV4_HEADER : IPV6_HEADER;
    if (header->source.family != header->destination.family || s2si_addr_length(&header->source) == 0 ||
        packet->offset < room || packet->length > S2SI_SIM_LONGEST - room) {
        return false;
    }
    packet->offset -= room;
    (v4 ? write4 : write6)(packet->buffer + packet->offset, header, packet->length);
    packet->length += room;
    return true;
}

bool s2si_sim_put_udp(struct s2si_sim_packet *packet, const struct s2si_sim_header *header, uint16_t source_port,
                      uint16_t destination_port)
{
    if (packet->offset < UDP_HEADER || packet->length > S2SI_SIM_LONGEST - UDP_HEADER) {
        return false;
    }
    packet->offset -= UDP_HEADER;
    packet->length += UDP_HEADER;
    uint8_t *at = packet->buffer + packet->offset;
    s2si_put_u16(at, source_port);
    s2si_put_u16(at + 2, destination_port);
    s2si_put_u16(at + 4, (uint16_t)packet->length);
    s2si_put_u16(at + 6, 0);
    uint16_t sum = s2si_sim_upper_checksum(&header->source, &header->destination, S2SI_PROTO_UDP, at, packet->length);
    s2si_put_u16(at + 6, sum == 0 ? 0xffff : sum);
    return s2si_sim_put_ip(packet, header);
}
