/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/ip.h"

#include "lib/base/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct s2s_addr addr(const char *text)
{
    struct s2s_addr out;
    assert_int_equal(s2s_addr_parse(text, &out), 0);
    return out;
}

static struct s2si_ip describe(const char *source, const char *destination)
{
    struct s2si_ip ip = {.protocol = 17, .dont_fragment = true, .first_fragment = true, .total_length = 1400};
    ip.source = addr(source);
    ip.destination = addr(destination);
    ip.version = ip.source.family;
    return ip;
}

static void assert_icmp_sum(const uint8_t *packet, size_t length)
{
    if (packet[0] >> 4 == 4) {
        assert_int_equal(s2si_checksum_finish(s2si_checksum_add(0, packet, 20)), 0);
        assert_int_equal(s2si_checksum_finish(s2si_checksum_add(0, packet + 20, length - 20)), 0);
        assert_int_equal(s2si_get_u16(packet + 2), length);
    } else {
        uint32_t sum = s2si_checksum_add((uint32_t)(length - 40 + 58), packet + 8, 32);
        assert_int_equal(s2si_checksum_finish(s2si_checksum_add(sum, packet + 40, length - 40)), 0);
        assert_int_equal(s2si_get_u16(packet + 4), length - 40);
    }
}

static const uint8_t big[1400] = {0x45, 1, 2, 3};

static void too_big_v4(void **state)
{
    (void)state;
    uint8_t out[600];
    struct s2si_ip ip = describe("10.0.0.1", "10.1.0.1");
    struct s2s_addr us = addr("10.0.0.254");
    size_t length = s2si_ip_too_big(big, sizeof big, &ip, &us, 1446, out, sizeof out);
    assert_int_equal(length, 576);
    assert_icmp_sum(out, length);
    assert_int_equal(out[20], 3);
    assert_int_equal(out[21], 4);
    assert_int_equal(s2si_get_u32(out + 24), 1446);
    assert_memory_equal(out + 28, big, 548);
    assert_memory_equal(out + 12, us.bytes, 4);
    assert_memory_equal(out + 16, ip.source.bytes, 4);
    assert_int_equal(s2si_ip_too_big(big, sizeof big, &ip, &us, 1446, out, 575), 0);
}

static void too_big_v6(void **state)
{
    (void)state;
    uint8_t out[1300];
    struct s2si_ip ip = describe("fd00::1", "ff02::1"); /* multicast destinations are answered too */
    struct s2s_addr us = addr("fd00::fe"), us4 = addr("10.0.0.254");
    size_t length = s2si_ip_too_big(big, sizeof big, &ip, &us, 1400, out, sizeof out);
    assert_int_equal(length, 1280);
    assert_icmp_sum(out, length);
    assert_int_equal(out[40], 2);
    assert_int_equal(s2si_get_u32(out + 44), 1400);
    assert_int_equal(s2si_ip_too_big(big, sizeof big, &ip, &us4, 1400, out, sizeof out), 0);
    ip.total_length = 60;
    assert_int_equal(s2si_ip_too_big(big, sizeof big, &ip, &us, 1400, out, sizeof out), 108);
}

/* RFC 1122 section 3.2.2, RFC 4443 section 2.4 (e): what is never answered. */
static void never_answered(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"0.0.0.0", "10.1.0.1"},
        {"127.0.0.1", "10.1.0.1"},
        {"224.0.0.1", "10.1.0.1"},
        {"255.255.255.255", "10.1.0.1"},
        {"10.0.0.1", "255.255.255.255"},
        {"10.0.0.1", "224.0.0.251"},
        {"::", "fd00::1"},
        {"ff02::1", "fd00::1"},
    };
    uint8_t out[1300];
    struct s2s_addr us4 = addr("10.0.0.254"), us6 = addr("fd00::fe");
    for (size_t i = 0; i < S2SI_COUNT(pairs); i++) {
        struct s2si_ip ip = describe(pairs[i][0], pairs[i][1]);
        assert_int_equal(s2si_ip_too_big(big, sizeof big, &ip, ip.version == 4 ? &us4 : &us6, 1400, out, sizeof out),
                         0);
    }
    struct s2si_ip later = describe("10.0.0.1", "10.1.0.1"), may_fragment = later;
    later.first_fragment = false;
    may_fragment.dont_fragment = false;
    assert_int_equal(s2si_ip_too_big(big, sizeof big, &later, &us4, 1400, out, sizeof out), 0);
    assert_int_equal(s2si_ip_too_big(big, sizeof big, &may_fragment, &us4, 1400, out, sizeof out), 0);
}

static void errors_are_not_answered(void **state)
{
    (void)state;
    uint8_t out[1300];
    struct s2s_addr us4 = addr("10.0.0.254"), us6 = addr("fd00::fe");
    for (unsigned type = 0; type < 256; type++) {
        struct s2si_ip ip = describe("10.0.0.1", "10.1.0.1"), six = describe("fd00::1", "fd00::2");
        ip.protocol = S2SI_PROTO_ICMP;
        six.protocol = S2SI_PROTO_ICMPV6;
        ip.has_ports = six.has_ports = true;
        ip.source_port = six.source_port = (uint16_t)(type << 8);
        bool error4 = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
        bool error6 = type < 128 || type == 137;
        assert_int_equal(s2si_ip_too_big(big, sizeof big, &ip, &us4, 1400, out, sizeof out) == 0, error4);
        assert_int_equal(s2si_ip_too_big(big, sizeof big, &six, &us6, 1400, out, sizeof out) == 0, error6);
        ip.has_ports = six.has_ports = false;
        assert_int_equal(s2si_ip_too_big(big, sizeof big, &ip, &us4, 1400, out, sizeof out), 0);
        assert_int_equal(s2si_ip_too_big(big, sizeof big, &six, &us6, 1400, out, sizeof out), 0);
    }
}

static void echo(void **state)
{
    (void)state;
    static const char *const ends[][2] = {{"10.0.0.1", "10.0.0.2"}, {"fd00::1", "fd00::2"}};
    static const uint8_t types[2][2] = {{8, 0}, {128, 129}};
    for (int six = 0; six < 2; six++) {
        for (int reply = 0; reply < 2; reply++) {
            struct s2s_addr a = addr(ends[six][0]), b = addr(ends[six][1]);
            uint8_t out[80];
            struct s2si_ip ip;
            size_t length =
                s2si_ip_echo(&a, &b, reply != 0, 0x1234, 0x5678, (const uint8_t *)"odd", 3, out, sizeof out);
            assert_int_equal(length, (six ? 40 : 20) + 8 + 3);
            assert_icmp_sum(out, length);
            assert_int_equal(s2si_ip_read(out, length, &ip), 0);
            assert_int_equal(ip.source_port, types[six][reply] << 8);
            assert_int_equal(s2si_get_u32(out + ip.header_length + 4), 0x12345678);
            assert_int_equal(s2si_ip_echo(&a, &b, false, 1, 1, NULL, 0, out, length - 4), 0);
        }
    }
    struct s2s_addr a = addr("10.0.0.1"), b = addr("fd00::1"), none = {0};
    uint8_t out[80];
    assert_int_equal(s2si_ip_echo(&a, &b, false, 1, 1, NULL, 0, out, sizeof out), 0);
    assert_int_equal(s2si_ip_echo(&none, &none, false, 1, 1, NULL, 0, out, sizeof out), 0);
    assert_int_equal(s2si_ip_echo(&a, &a, false, 1, 1, big, 65530, out, sizeof out), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(too_big_v4), cmocka_unit_test(too_big_v6),
                                       cmocka_unit_test(never_answered), cmocka_unit_test(errors_are_not_answered),
                                       cmocka_unit_test(echo)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
