/* SPDX-License-Identifier: Apache-2.0 */
/* Super-packets: what is cut has right headers and checksums, what is joined can be cut into the very same packets. */
#include "lib/backend/tun_offload.h"
#include "lib/base/ip.h"
#include "lib/base/wire.h"

#include <s2svpn/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SYN = 0x02, FIN = 0x01, PSH = 0x08, ACK = 0x10, CWR = 0x80, MOST = 65535, PIECES = 64, TCP = 32 };

struct piece {
    uint8_t data[2048];
    size_t length;
};

static uint32_t pseudo(const uint8_t *packet, size_t tcp_length)
{
    uint32_t sum = (uint32_t)(6 + tcp_length);
    return packet[0] >> 4 == 4 ? s2si_checksum_add(sum, packet + 12, 8) : s2si_checksum_add(sum, packet + 8, 32);
}

static size_t ip_length(const uint8_t *packet)
{
    return packet[0] >> 4 == 4 ? 20 : 40;
}

static void seal_checksums(uint8_t *packet, size_t length)
{
    size_t ip = ip_length(packet);
    if (ip == 20) {
        s2si_put_u16(packet + 10, 0);
        s2si_put_u16(packet + 10, s2si_checksum_finish(s2si_checksum_add(0, packet, 20)));
    }
    s2si_put_u16(packet + ip + 16, 0);
    s2si_put_u16(packet + ip + 16,
                 s2si_checksum_finish(s2si_checksum_add(pseudo(packet, length - ip), packet + ip, length - ip)));
}

static void assert_checksums(const uint8_t *packet, size_t length)
{
    size_t ip = ip_length(packet);
    if (ip == 20) {
        assert_int_equal(s2si_checksum_finish(s2si_checksum_add(0, packet, 20)), 0);
        assert_int_equal(s2si_get_u16(packet + 2), length);
    } else {
        assert_int_equal(s2si_get_u16(packet + 4) + 40, length);
    }
    assert_int_equal(s2si_checksum_finish(s2si_checksum_add(pseudo(packet, length - ip), packet + ip, length - ip)), 0);
}

/* A TCP packet with twelve octets of options (a timestamp). @return its length. */
static size_t make(uint8_t *out, int family, uint32_t sequence, uint8_t flags, size_t payload)
{
    size_t ip = family == 4 ? 20 : 40, length = ip + TCP + payload;
    memset(out, 0, ip + TCP);
    if (family == 4) {
        out[0] = 0x45;
        s2si_put_u16(out + 2, (uint16_t)length);
        s2si_put_u16(out + 4, 0xfffe); /* wraps on the way */
        s2si_put_u16(out + 6, 0x4000);
        out[8] = 64;
        out[9] = 6;
        s2si_put_u32(out + 12, 0x0a010001);
        s2si_put_u32(out + 16, 0x0a020001);
    } else {
        out[0] = 0x60;
        s2si_put_u16(out + 4, (uint16_t)(length - 40));
        out[6] = 6;
        out[7] = 64;
        out[8] = out[24] = 0xfd;
        out[23] = 1;
        out[39] = 2;
    }
    uint8_t *tcp = out + ip;
    s2si_put_u16(tcp, 40000);
    s2si_put_u16(tcp + 2, 5201);
    s2si_put_u32(tcp + 4, sequence);
    s2si_put_u32(tcp + 8, 77);
    tcp[12] = TCP / 4 << 4;
    tcp[13] = flags;
    s2si_put_u16(tcp + 14, 512);
    memcpy(tcp + 20, "\1\1\10\12\0\0\0\1\0\0\0\2", 12);
    for (size_t i = 0; i < payload; i++) {
        tcp[TCP + i] = (uint8_t)((sequence + i) * 31 >> 3);
    }
    seal_checksums(out, length);
    return length;
}

static struct virtio_net_hdr tso(int family, uint16_t size)
{
    return (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                   .gso_type = family == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6,
                                   .gso_size = size};
}

static size_t cut(struct virtio_net_hdr header, uint8_t *data, size_t length, struct piece *pieces)
{
    struct s2si_super super;
    size_t count = 0;
    assert_int_equal(s2si_super_begin(&super, &header, data, length), 0);
    while (count < PIECES &&
           (pieces[count].length = s2si_super_next(&super, pieces[count].data, sizeof pieces->data)) != 0) {
        count++;
    }
    return count;
}

/* Each piece is what the sender would have sent had it cut itself. */
static void test_cut(void **state)
{
    static uint8_t data[MOST];
    static struct piece pieces[PIECES];
    (void)state;
    for (int family = 4; family <= 6; family += 2) {
        uint32_t sequence = 0xfffffff0; /* wraps on the way */
        size_t length = make(data, family, sequence, ACK | PSH | FIN | CWR, 3500), ip = ip_length(data);
        size_t count = cut(tso(family, 1000), data, length, pieces);
        assert_int_equal(count, 4);
        for (size_t i = 0; i < count; i++) {
            const uint8_t *packet = pieces[i].data;
            assert_int_equal(pieces[i].length, ip + TCP + (i < 3 ? 1000 : 500));
            assert_checksums(packet, pieces[i].length);
            assert_int_equal(s2si_get_u32(packet + ip + 4), (uint32_t)(sequence + i * 1000));
            assert_int_equal(packet[ip + 13], ACK | (i == 3 ? PSH | FIN : 0) | (i == 0 ? CWR : 0));
            assert_memory_equal(packet + ip + TCP, data + ip + TCP + i * 1000, i < 3 ? 1000 : 500);
            if (family == 4) {
                assert_int_equal(s2si_get_u16(packet + 4), (uint16_t)(0xfffe + i));
            }
        }
    }
}

static void test_cut_whole_pieces(void **state)
{
    static uint8_t data[MOST];
    static struct piece pieces[PIECES];
    (void)state;
    assert_int_equal(cut(tso(4, 1000), data, make(data, 4, 1, ACK | PSH, 3000), pieces), 3);
    assert_int_equal(pieces[2].data[20 + 13], ACK | PSH);
    assert_int_equal(pieces[1].data[20 + 13], ACK);
    assert_int_equal(cut(tso(4, 1000), data, make(data, 4, 1, ACK | PSH, 10), pieces), 1); /* smaller than one */
    assert_checksums(pieces[0].data, pieces[0].length);
}

/* An ordinary packet goes through as it is, or with the checksum that the stack left to us. */
static void test_ordinary(void **state)
{
    static struct piece pieces[PIECES];
    uint8_t data[256], sealed[256];
    struct virtio_net_hdr header = {0};
    size_t length = make(sealed, 4, 1, SYN, 0);
    (void)state;
    memcpy(data, sealed, length);
    assert_int_equal(cut(header, data, length, pieces), 1);
    assert_int_equal(pieces[0].length, length);
    assert_memory_equal(pieces[0].data, sealed, length);
    header = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 20, .csum_offset = 16};
    s2si_put_u16(data + 36, (uint16_t)~s2si_checksum_finish(pseudo(data, length - 20)));
    assert_int_equal(cut(header, data, length, pieces), 1);
    assert_memory_equal(pieces[0].data, sealed, length);
}

static void test_cut_refusals(void **state)
{
    struct s2si_super super;
    uint8_t data[512];
    struct virtio_net_hdr header;
    size_t length = make(data, 4, 1, ACK, 200);
    (void)state;
    for (size_t shorter = 0; shorter < length; shorter++) {
        header = tso(4, 100);
        assert_int_equal(s2si_super_begin(&super, &header, data, shorter), S2S_ERR_MALFORMED);
    }
    header = tso(4, 0);
    assert_int_equal(s2si_super_begin(&super, &header, data, length), S2S_ERR_MALFORMED);
    header = tso(6, 100);
    assert_int_equal(s2si_super_begin(&super, &header, data, length), S2S_ERR_MALFORMED);
    header.gso_type = VIRTIO_NET_HDR_GSO_UDP;
    assert_int_equal(s2si_super_begin(&super, &header, data, length), S2S_ERR_UNSUPPORTED);
    header = (struct virtio_net_hdr){
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 20, .csum_offset = (uint16_t)(length - 21)};
    assert_int_equal(s2si_super_begin(&super, &header, data, length), S2S_ERR_MALFORMED);
    header.csum_start = 65535;
    assert_int_equal(s2si_super_begin(&super, &header, data, length), S2S_ERR_MALFORMED);
    data[20 + 12] = 0xf0; /* options beyond the packet's end */
    header = tso(4, 100);
    length = make(data, 4, 1, ACK, 8);
    data[20 + 12] = 0xf0;
    assert_int_equal(s2si_super_begin(&super, &header, data, length), S2S_ERR_MALFORMED);
}

/* A piece that does not fit ends it: nothing is written behind the buffer. */
static void test_cut_without_room(void **state)
{
    struct s2si_super super;
    uint8_t data[512], out[100];
    struct virtio_net_hdr header = tso(4, 100);
    (void)state;
    assert_int_equal(s2si_super_begin(&super, &header, data, make(data, 4, 1, ACK, 200)), 0);
    assert_int_equal(s2si_super_next(&super, out, sizeof out), 0);
    assert_int_equal(s2si_super_next(&super, out, sizeof out), 0);
}

/* ---- joining ---- */

/* Joins as many as go together; cuts the whole again. @return how many were joined. */
static size_t join_and_cut(struct piece *pieces, size_t count, struct piece *again, size_t *again_count)
{
    static uint8_t whole[MOST + 64];
    struct s2si_join join;
    size_t taken = 1, length = 0;
    s2si_join_begin(&join, pieces[0].data, pieces[0].length);
    while (taken < count && s2si_join_add(&join, pieces[taken].data, pieces[taken].length)) {
        taken++;
    }
    s2si_join_finish(&join);
    assert_int_equal(join.count, taken);
    assert_int_equal(join.vectors[0].iov_len, 10);
    for (size_t i = 1; i <= taken; i++) {
        memcpy(whole + length, join.vectors[i].iov_base, join.vectors[i].iov_len);
        length += join.vectors[i].iov_len;
    }
    *again_count = cut(join.header, whole, length, again);
    return taken;
}

static void make_run(struct piece *pieces, size_t count, int family, size_t payload)
{
    for (size_t i = 0; i < count; i++) {
        pieces[i].length = make(pieces[i].data, family, (uint32_t)(0xfffff000 + i * payload), ACK, payload);
        if (family == 4) {
            s2si_put_u16(pieces[i].data + 4, (uint16_t)(0xfffe + i));
            seal_checksums(pieces[i].data, pieces[i].length);
        }
    }
}

static void test_join(void **state)
{
    static struct piece pieces[PIECES], before[PIECES], again[PIECES];
    size_t count;
    (void)state;
    for (int family = 4; family <= 6; family += 2) {
        make_run(pieces, 40, family, 1300);
        pieces[39].length = make(pieces[39].data, family, (uint32_t)(0xfffff000 + 39 * 1300), ACK | PSH, 7);
        if (family == 4) {
            s2si_put_u16(pieces[39].data + 4, (uint16_t)(0xfffe + 39));
            seal_checksums(pieces[39].data, pieces[39].length);
        }
        memcpy(before, pieces, sizeof before);
        assert_int_equal(join_and_cut(pieces, 40, again, &count), 40);
        assert_int_equal(count, 40);
        for (size_t i = 0; i < 40; i++) {
            assert_int_equal(again[i].length, before[i].length);
            assert_memory_equal(again[i].data, before[i].data, before[i].length);
        }
    }
}

/* Not more than an IP packet or a batch holds. */
static void test_join_limits(void **state)
{
    static struct piece pieces[PIECES + 1], again[PIECES];
    size_t count;
    (void)state;
    make_run(pieces, 60, 4, 1400);
    assert_int_equal(join_and_cut(pieces, 60, again, &count), (65535 - 20 - TCP) / 1400);
    make_run(pieces, 65, 4, 100);
    assert_int_equal(join_and_cut(pieces, 65, again, &count), 64);
}

static void bad_checksum(uint8_t *packet)
{
    packet[60]++;
}
static void bad_header_checksum(uint8_t *packet)
{
    packet[10]++;
}
static void other_port(uint8_t *packet)
{
    packet[21]++;
    seal_checksums(packet, 152);
}
static void other_host(uint8_t *packet)
{
    packet[19]++;
    seal_checksums(packet, 152);
}
static void other_tos(uint8_t *packet)
{
    packet[1] = 3;
    seal_checksums(packet, 152);
}
static void other_ttl(uint8_t *packet)
{
    packet[8]--;
    seal_checksums(packet, 152);
}
static void gap(uint8_t *packet)
{
    packet[27]++;
    seal_checksums(packet, 152);
}
static void other_ack(uint8_t *packet)
{
    packet[31]++;
    seal_checksums(packet, 152);
}
static void other_window(uint8_t *packet)
{
    packet[35]++;
    seal_checksums(packet, 152);
}
static void other_option(uint8_t *packet)
{
    packet[51]++;
    seal_checksums(packet, 152);
}
static void fin(uint8_t *packet)
{
    packet[33] |= FIN;
    seal_checksums(packet, 152);
}
static void reserved(uint8_t *packet)
{
    packet[32] |= 1;
    seal_checksums(packet, 152);
}
static void no_df(uint8_t *packet)
{
    packet[6] = 0;
    seal_checksums(packet, 152);
}
static void fragment(uint8_t *packet)
{
    packet[6] |= 0x20;
    seal_checksums(packet, 152);
}
static void not_tcp(uint8_t *packet)
{
    packet[9] = 17;
    seal_checksums(packet, 152);
}

/* What is special, broken or of another flow stays by itself. */
static void test_not_joined(void **state)
{
    static void (*const change[])(uint8_t * packet) = {
        bad_checksum, bad_header_checksum, other_port, other_host, other_tos, other_ttl, gap,    other_ack,
        other_window, other_option,        fin,        reserved,   no_df,     fragment,  not_tcp};
    static struct piece pieces[PIECES], again[PIECES];
    size_t count;
    (void)state;
    make_run(pieces, 2, 4, 100);
    assert_int_equal(join_and_cut(pieces, 2, again, &count), 2);
    for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
        make_run(pieces, 2, 4, 100);
        change[i](pieces[1].data);
        assert_int_equal(join_and_cut(pieces, 2, again, &count), 1);
        make_run(pieces, 2, 4, 100);
        change[i](pieces[0].data);
        struct piece first = pieces[0];
        assert_int_equal(join_and_cut(pieces, 2, again, &count), 1);
        assert_memory_equal(pieces[0].data, first.data, first.length); /* and is not touched */
    }
}

/* Behind a push or a shorter packet nothing more is joined. */
static void test_join_ends(void **state)
{
    static struct piece pieces[PIECES], again[PIECES];
    size_t count;
    (void)state;
    make_run(pieces, 4, 4, 100);
    pieces[1].data[33] |= PSH;
    seal_checksums(pieces[1].data, pieces[1].length);
    assert_int_equal(join_and_cut(pieces, 4, again, &count), 2);
    assert_int_equal(again[1].data[33], ACK | PSH);
    make_run(pieces, 4, 4, 100);
    pieces[1].length = make(pieces[1].data, 4, 0xfffff000 + 100, ACK, 50);
    pieces[2].length = make(pieces[2].data, 4, 0xfffff000 + 150, ACK, 50);
    assert_int_equal(join_and_cut(pieces, 4, again, &count), 2);
    make_run(pieces, 4, 4, 100);
    pieces[1].length = make(pieces[1].data, 4, 0xfffff000 + 100, ACK, 101);
    assert_int_equal(join_and_cut(pieces, 4, again, &count), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),          cmocka_unit_test(test_cut_whole_pieces), cmocka_unit_test(test_ordinary),
        cmocka_unit_test(test_cut_refusals), cmocka_unit_test(test_cut_without_room), cmocka_unit_test(test_join),
        cmocka_unit_test(test_join_limits),  cmocka_unit_test(test_not_joined),       cmocka_unit_test(test_join_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
