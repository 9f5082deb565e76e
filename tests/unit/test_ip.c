/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/ip.h"

#include "lib/base/wire.h"

#include <s2svpn/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* IPv4 TCP SYN 10.0.0.1:1234 -> 10.0.0.2:80, DF, ECT(0), options NOP NOP MSS 1460 at an even offset. */
static const uint8_t syn[48] = {0x45, 0x02, 0x00, 0x30, 0x12, 0x34, 0x40, 0x00, 0x40, 0x06, 0x00, 0x00, 10, 0, 0, 1,
                                10,   0,    0,    2,    0x04, 0xd2, 0x00, 0x50, 0,    0,    0,    1,    0,  0, 0, 0,
                                0x70, 0x02, 0xff, 0xff, 0x00, 0x00, 0,    0,    2,    4,    0x05, 0xb4, 1,  1, 1, 0};

static uint32_t pseudo4(const uint8_t *packet, size_t upper)
{
    return s2si_checksum_add((uint32_t)(packet[9] + upper), packet + 12, 8);
}

static void fix_checksums4(uint8_t *packet, size_t length)
{
    s2si_put_u16(packet + 10, 0);
    s2si_put_u16(packet + 10, s2si_checksum_finish(s2si_checksum_add(0, packet, 20)));
    if (packet[9] == S2SI_PROTO_TCP) {
        s2si_put_u16(packet + 36, 0);
        s2si_put_u16(packet + 36,
                     s2si_checksum_finish(s2si_checksum_add(pseudo4(packet, length - 20), packet + 20, length - 20)));
    }
}

static void assert_checksums4(const uint8_t *packet, size_t length)
{
    assert_int_equal(s2si_checksum_finish(s2si_checksum_add(0, packet, 20)), 0);
    if (packet[9] == S2SI_PROTO_TCP) {
        assert_int_equal(
            s2si_checksum_finish(s2si_checksum_add(pseudo4(packet, length - 20), packet + 20, length - 20)), 0);
    }
}

/* ---- reading ---- */

static void reads_ipv4(void **state)
{
    (void)state;
    struct s2si_ip ip;
    assert_int_equal(s2si_ip_read(syn, sizeof syn, &ip), 0);
    assert_int_equal(ip.version, 4);
    assert_int_equal(ip.tos, 2);
    assert_int_equal(ip.protocol, 6);
    assert_int_equal(ip.hop_limit, 64);
    assert_true(ip.dont_fragment);
    assert_false(ip.fragment);
    assert_true(ip.first_fragment);
    assert_true(ip.has_ports);
    assert_int_equal(ip.source_port, 1234);
    assert_int_equal(ip.destination_port, 80);
    assert_int_equal(ip.total_length, 48);
    assert_int_equal(ip.header_length, 20);
    struct s2s_addr source = s2si_addr4(0x0a000001), destination = s2si_addr4(0x0a000002);
    assert_true(s2si_addr_equal(&ip.source, &source));
    assert_true(s2si_addr_equal(&ip.destination, &destination));
}

static void tail_beyond_total_length(void **state)
{
    (void)state;
    uint8_t packet[100] = {0};
    struct s2si_ip ip;
    memcpy(packet, syn, sizeof syn);
    assert_int_equal(s2si_ip_read(packet, sizeof packet, &ip), 0); /* TFC padding */
    assert_int_equal(ip.total_length, 48);
}

static void fragments4(void **state)
{
    (void)state;
    uint8_t packet[48];
    struct s2si_ip ip;
    memcpy(packet, syn, sizeof syn);
    s2si_put_u16(packet + 6, 0x2000); /* first of several */
    assert_int_equal(s2si_ip_read(packet, sizeof packet, &ip), 0);
    assert_true(ip.fragment && ip.first_fragment && ip.has_ports && !ip.dont_fragment);
    s2si_put_u16(packet + 6, 0x0003); /* last */
    assert_int_equal(s2si_ip_read(packet, sizeof packet, &ip), 0);
    assert_true(ip.fragment && !ip.first_fragment && !ip.has_ports);
}

static void icmp_type_and_code_are_ports(void **state)
{
    (void)state;
    struct s2s_addr a = s2si_addr4(0x0a000001), b = s2si_addr4(0x0a000002);
    uint8_t packet[64];
    struct s2si_ip ip;
    size_t length = s2si_ip_echo(&a, &b, false, 7, 9, (const uint8_t *)"ping", 4, packet, sizeof packet);
    assert_int_equal(length, 32);
    assert_int_equal(s2si_ip_read(packet, length, &ip), 0);
    assert_true(ip.has_ports);
    assert_int_equal(ip.source_port, 0x0800);
    assert_int_equal(ip.destination_port, 0x0800);
}

struct header6 {
    uint8_t bytes[256];
    size_t length;
};

static struct header6 base6(uint8_t next)
{
    struct header6 packet = {.length = 40};
    s2si_put_u32(packet.bytes, 0x6b800000); /* traffic class b8 */
    packet.bytes[6] = next;
    packet.bytes[7] = 3;
    packet.bytes[8] = 0xfd;
    packet.bytes[23] = 1;
    packet.bytes[24] = 0xfd;
    packet.bytes[39] = 2;
    return packet;
}

static void add6(struct header6 *packet, const void *bytes, size_t length)
{
    memcpy(packet->bytes + packet->length, bytes, length);
    packet->length += length;
    s2si_put_u16(packet->bytes + 4, (uint16_t)(packet->length - 40));
}

static void extension_headers(void **state)
{
    (void)state;
    struct header6 packet = base6(0);
    struct s2si_ip ip;
    add6(&packet, "\x2b\0\1\4\0\0\0\0", 8);                  /* hop-by-hop, then routing */
    add6(&packet, "\x3c\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16); /* routing of 16 bytes, then destination options */
    add6(&packet, "\x33\0\1\4\0\0\0\0", 8);                  /* destination options, then AH */
    add6(&packet, "\x11\4\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0", 24); /* AH, then UDP */
    add6(&packet, "\x01\x02\x03\x04\0\x08\0\0", 8);
    assert_int_equal(s2si_ip_read(packet.bytes, packet.length, &ip), 0);
    assert_int_equal(ip.version, 6);
    assert_int_equal(ip.tos, 0xb8);
    assert_int_equal(ip.protocol, 17);
    assert_int_equal(ip.header_length, 40 + 8 + 16 + 8 + 24);
    assert_true(ip.has_ports && ip.dont_fragment && !ip.fragment && ip.first_fragment);
    assert_int_equal(ip.source_port, 0x0102);
    assert_int_equal(ip.destination_port, 0x0304);
}

static void fragments6(void **state)
{
    (void)state;
    struct s2si_ip ip;
    struct header6 first = base6(44), later = base6(44), atomic = base6(44);
    add6(&first, "\x11\0\0\1\0\0\0\1\x01\x02\x03\x04\0\x08\0\0", 16);
    assert_int_equal(s2si_ip_read(first.bytes, first.length, &ip), 0);
    assert_true(ip.fragment && ip.first_fragment && ip.has_ports);
    add6(&later, "\x3c\0\0\x08\0\0\0\1\xff\xff\xff\xff", 12); /* the bytes behind are no header */
    assert_int_equal(s2si_ip_read(later.bytes, later.length, &ip), 0);
    assert_true(ip.fragment && !ip.first_fragment && !ip.has_ports);
    assert_int_equal(ip.protocol, 60);
    add6(&atomic, "\x11\0\0\0\0\0\0\1\x01\x02\x03\x04\0\x08\0\0", 16);
    assert_int_equal(s2si_ip_read(atomic.bytes, atomic.length, &ip), 0);
    assert_true(!ip.fragment && ip.has_ports);
}

static void hostile_headers(void **state)
{
    (void)state;
    struct s2si_ip ip;
    uint8_t packet[48];
    const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{0, 0x44}, {0, 0x4d}, {0, 0x05}, {0, 0x55}, {0, 0xf5},
                   {2, 0xff}, {3, 19},   {3, 49},   {3, 0},    {0, 0x60}};
    for (size_t i = 0; i < S2SI_COUNT(changes); i++) {
        memcpy(packet, syn, sizeof syn);
        packet[changes[i].at] = changes[i].value;
        if (changes[i].value == 0x60) {
            s2si_put_u16(packet + 4, 9);
        }
        assert_int_equal(s2si_ip_read(packet, sizeof packet, &ip), S2S_ERR_MALFORMED);
    }
    struct header6 chain = base6(60);
    add6(&chain, "\x3c\xff\0\0\0\0\0\0", 8); /* runs past the end */
    assert_int_equal(s2si_ip_read(chain.bytes, chain.length, &ip), S2S_ERR_MALFORMED);
    chain = base6(60);
    add6(&chain, "\x3c\0\0\0\0\0\0", 7);
    assert_int_equal(s2si_ip_read(chain.bytes, chain.length, &ip), S2S_ERR_MALFORMED);
    chain = base6(0); /* a chain that goes on to the last byte and then wants one more */
    while (chain.length + 8 <= sizeof chain.bytes) {
        add6(&chain, "\0\0\1\4\0\0\0\0", 8);
    }
    assert_int_equal(s2si_ip_read(chain.bytes, chain.length, &ip), S2S_ERR_MALFORMED);
    chain = base6(59);
    assert_int_equal(s2si_ip_read(chain.bytes, chain.length, &ip), 0);
    assert_false(ip.has_ports);
}

/* Every length of every packet, and random bytes, in blocks of exactly that size. */
static void any_bytes_stay_in_bounds(void **state)
{
    (void)state;
    unsigned random = 7;
    for (int round = 0; round < 20000; round++) {
        size_t length = (size_t)round % 121;
        uint8_t *block = malloc(length + (length == 0)), out[1400];
        for (size_t i = 0; i < length; i++) {
            random = random * 1103515245u + 12345u;
            block[i] = i < sizeof syn && random >> 28 != 0 ? syn[i] : (uint8_t)(random >> 16);
        }
        if (length >= 41 && round % 3 == 0) {
            block[0] = 0x60;
            s2si_put_u16(block + 4, (uint16_t)(length - 40));
            block[6] = (uint8_t[]){0, 6, 43, 44, 51, 58, 60, 135}[round % 8];
        } else if (length >= 4) {
            s2si_put_u16(block + 2, (uint16_t)length);
        }
        struct s2si_ip ip;
        struct s2s_addr us = s2si_addr4(0x0a0000fe);
        if (s2si_ip_read(block, length, &ip) == 0) {
            assert_true(ip.header_length <= ip.total_length && ip.total_length <= length);
            s2si_ip_clamp_mss(block, length, &ip, 500);
            s2si_ip_ecn_decapsulate(block, length, (uint8_t)round);
            us.family = ip.version;
            size_t answer = s2si_ip_too_big(block, length, &ip, &us, 1280, out, sizeof out);
            assert_true(answer <= sizeof out);
        }
        free(block);
    }
}

/* ---- checksums and MSS ---- */

static void checksum_example(void **state)
{
    (void)state;
    const uint8_t data[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}; /* RFC 1071 section 3 */
    assert_int_equal(s2si_checksum_finish(s2si_checksum_add(0, data, 8)), (uint16_t)~0xddf2);
    assert_int_equal(s2si_checksum_add(s2si_checksum_add(0, data, 4), data + 4, 4), s2si_checksum_add(0, data, 8));
    assert_int_equal(s2si_checksum_add(0, data, 3), 0x0001 + 0xf200);
    static uint8_t ones[65535];
    memset(ones, 0xff, sizeof ones);
    assert_int_equal(s2si_checksum_finish(s2si_checksum_add(0, ones, sizeof ones - 1)), 0);
}

static void clamps_even_and_odd(void **state)
{
    (void)state;
    for (int odd = 0; odd < 2; odd++) {
        uint8_t packet[48];
        struct s2si_ip ip;
        memcpy(packet, syn, sizeof syn);
        if (odd) {
            memcpy(packet + 40, "\1\2\4\x05\xb4\1\1\0", 8);
        }
        fix_checksums4(packet, sizeof packet);
        assert_int_equal(s2si_ip_read(packet, sizeof packet, &ip), 0);
        assert_false(s2si_ip_clamp_mss(packet, sizeof packet, &ip, 1460));
        assert_true(s2si_ip_clamp_mss(packet, sizeof packet, &ip, 1379));
        assert_int_equal(s2si_get_u16(packet + 42 + odd), 1379);
        assert_checksums4(packet, sizeof packet);
    }
}

static void leaves_other_packets_alone(void **state)
{
    (void)state;
    uint8_t packet[48];
    struct s2si_ip ip;
    const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        {33, 0x10}, /* no SYN */
        {32, 0x50}, /* header without options */
        {32, 0x40}, /* header too short */
        {32, 0xf0}, /* header past the end */
        {7, 1},     /* a later fragment */
        {9, 17},    /* UDP */
        {40, 0},    /* end of options first */
        {41, 3},    /* MSS of a wrong length */
        {41, 9},    /* option past the end */
        {41, 1},    /* option shorter than itself */
        {3, 30},    /* too short for TCP */
    };
    for (size_t i = 0; i < S2SI_COUNT(changes); i++) {
        memcpy(packet, syn, sizeof syn);
        packet[changes[i].at] = changes[i].value;
        uint8_t before[48];
        memcpy(before, packet, sizeof before);
        assert_int_equal(s2si_ip_read(packet, sizeof packet, &ip), 0);
        assert_false(s2si_ip_clamp_mss(packet, sizeof packet, &ip, 500));
        assert_memory_equal(before, packet, sizeof before);
    }
}

static void clamps_ipv6(void **state)
{
    (void)state;
    struct header6 packet = base6(6);
    struct s2si_ip ip;
    add6(&packet, syn + 20, 28);
    uint32_t sum = s2si_checksum_add(28 + 6, packet.bytes + 8, 32);
    s2si_put_u16(packet.bytes + 56, 0);
    s2si_put_u16(packet.bytes + 56, s2si_checksum_finish(s2si_checksum_add(sum, packet.bytes + 40, 28)));
    assert_int_equal(s2si_ip_read(packet.bytes, packet.length, &ip), 0);
    assert_true(s2si_ip_clamp_mss(packet.bytes, packet.length, &ip, 1220));
    assert_int_equal(s2si_checksum_finish(s2si_checksum_add(sum, packet.bytes + 40, 28)), 0);
}

/* ---- ECN: all sixteen cells of RFC 6040 figure 4 ---- */

static void ecn_table(void **state)
{
    (void)state;
    enum { N = 0, E1 = 1, E0 = 2, C = 3, D = 9 };
    const uint8_t expected[4][4] = {{N, N, N, D}, {E1, E1, E1, C}, {E0, E1, E0, C}, {C, C, C, C}};
    for (uint8_t inner = 0; inner < 4; inner++) {
        for (uint8_t outer = 0; outer < 4; outer++) {
            uint8_t packet[48];
            memcpy(packet, syn, sizeof syn);
            packet[1] = 0xb8 | inner;
            fix_checksums4(packet, sizeof packet);
            bool kept = s2si_ip_ecn_decapsulate(packet, sizeof packet, 0x48 | outer);
            assert_int_equal(kept, expected[inner][outer] != D);
            assert_checksums4(packet, sizeof packet);
            struct header6 six = base6(59);
            s2si_put_u32(six.bytes, 0x60000000u | (uint32_t)(0xb8 | inner) << 20 | 0x12345);
            assert_int_equal(s2si_ip_ecn_decapsulate(six.bytes, six.length, outer), kept);
            if (kept) {
                assert_int_equal(packet[1], 0xb8 | expected[inner][outer]); /* DSCP stays the inner one */
                assert_int_equal(s2si_get_u32(six.bytes), 0x60000000u | (uint32_t)packet[1] << 20 | 0x12345);
            }
        }
    }
    assert_false(s2si_ip_ecn_decapsulate((uint8_t[]){0x45}, 1, 0));
    assert_false(s2si_ip_ecn_decapsulate(NULL, 0, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_ipv4),
        cmocka_unit_test(tail_beyond_total_length),
        cmocka_unit_test(fragments4),
        cmocka_unit_test(icmp_type_and_code_are_ports),
        cmocka_unit_test(extension_headers),
        cmocka_unit_test(fragments6),
        cmocka_unit_test(hostile_headers),
        cmocka_unit_test(any_bytes_stay_in_bounds),
        cmocka_unit_test(checksum_example),
        cmocka_unit_test(clamps_even_and_odd),
        cmocka_unit_test(leaves_other_packets_alone),
        cmocka_unit_test(clamps_ipv6),
        cmocka_unit_test(ecn_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
