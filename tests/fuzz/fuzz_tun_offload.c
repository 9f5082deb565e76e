/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Super-packets: packets that a peer sent are joined as far as they go, and what was joined is cut again; it must come
 * out as it went in. The input is a row of packets, each behind its length in two octets; their checksums are made
 * right, so that the fuzzer gets behind them, unless the length's first bit is set.
 */
#include "lib/backend/tun_offload.h"
#include "lib/base/ip.h"
#include "lib/base/wire.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 8, ROOM = 2048, SUPER = 65536 };

struct packet {
    uint8_t data[ROOM], before[ROOM];
    size_t length;
};

static void seal_checksums(uint8_t *packet, size_t length)
{
    struct s2si_ip ip;
    if (s2si_ip_read(packet, length, &ip) != 0 || ip.protocol != S2SI_PROTO_TCP ||
        ip.total_length - ip.header_length < 20) {
        return;
    }
    size_t tcp = ip.total_length - ip.header_length;
    uint32_t sum = (uint32_t)(S2SI_PROTO_TCP + tcp);
    if (ip.version == 4) {
        s2si_put_u16(packet + 10, 0);
        s2si_put_u16(packet + 10, s2si_checksum_finish(s2si_checksum_add(0, packet, ip.header_length)));
        sum = s2si_checksum_add(sum, packet + 12, 8);
    } else {
        sum = s2si_checksum_add(sum, packet + 8, 32);
    }
    s2si_put_u16(packet + ip.header_length + 16, 0);
    s2si_put_u16(packet + ip.header_length + 16,
                 s2si_checksum_finish(s2si_checksum_add(sum, packet + ip.header_length, tcp)));
}

static size_t read_packets(struct packet *packets, const uint8_t *data, size_t size)
{
    size_t count = 0;
    while (count < MOST && size > 2) {
        size_t length = s2si_get_u16(data) & 0x7ffu;
        bool seal = (data[0] & 0x80) == 0;
        data += 2;
        size -= 2;
        length = length > size ? size : length;
        struct packet *packet = &packets[count];
        memcpy(packet->data, data, length);
        packet->length = length;
        data += length;
        size -= length;
        struct s2si_ip ip;
        /* What ESP delivers is a whole IP packet. */
        if (s2si_ip_read(packet->data, length, &ip) == 0) {
            packet->length = ip.total_length;
            if (seal) {
                seal_checksums(packet->data, packet->length);
            }
            memcpy(packet->before, packet->data, packet->length);
            count++;
        }
    }
    return count;
}

static bool same(const uint8_t *got, size_t length, const struct packet *packet)
{
    uint8_t want[ROOM];
    memcpy(want, packet->before, packet->length);
    if (length != packet->length) {
        return false;
    }
    if (want[0] >> 4 == 4 && (want[6] & 0x40) != 0) { /* with DF the identification is nobody's concern */
        memcpy(want + 4, got + 4, 2);
        memcpy(want + 10, got + 10, 2);
    }
    return memcmp(got, want, length) == 0;
}

static void check(struct s2si_join *join, const struct packet *packets)
{
    static uint8_t whole[SUPER];
    uint8_t out[ROOM];
    struct s2si_super super;
    size_t length = 0;
    for (size_t i = 1; i <= join->count; i++) {
        if (length + join->vectors[i].iov_len > S2SI_SUPER_MOST) {
            abort();
        }
        memcpy(whole + length, join->vectors[i].iov_base, join->vectors[i].iov_len);
        length += join->vectors[i].iov_len;
    }
    if (s2si_super_begin(&super, &join->header, whole, length) != 0) {
        abort();
    }
    for (size_t i = 0; i < join->count; i++) {
        size_t got = s2si_super_next(&super, out, sizeof out);
        if (!same(out, got, &packets[i])) {
            abort();
        }
    }
    if (s2si_super_next(&super, out, sizeof out) != 0) {
        abort();
    }
}

/* And whatever a TUN could say of a super-packet. */
static void cut_anything(const uint8_t *data, size_t size)
{
    uint8_t memory[ROOM], out[ROOM];
    struct virtio_net_hdr header;
    struct s2si_super super;
    if (size < sizeof header || size - sizeof header > sizeof memory) {
        return;
    }
    memcpy(&header, data, sizeof header);
    memcpy(memory, data + sizeof header, size - sizeof header);
    if (s2si_super_begin(&super, &header, memory, size - sizeof header) == 0) {
        while (s2si_super_next(&super, out, sizeof out) != 0) {
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct packet packets[MOST];
    struct s2si_join join;
    size_t count = read_packets(packets, data, size);
    for (size_t at = 0, taken; at < count; at += taken) {
        taken = 1;
        s2si_join_begin(&join, packets[at].data, packets[at].length);
        while (at + taken < count && s2si_join_add(&join, packets[at + taken].data, packets[at + taken].length)) {
            taken++;
        }
        s2si_join_finish(&join);
        check(&join, packets + at);
    }
    cut_anything(data, size);
    return 0;
}
