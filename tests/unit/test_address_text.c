/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/address.h"

#include <s2svpn/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* What is read, and how RFC 5952 writes it (mostly its own examples, sections 2 to 5). */
static void read_and_written(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"10.0.0.1", "10.0.0.1"},
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:DB8:0:0:0:0:2:1", "2001:db8::2:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        {"2001:db8:aaaa:bbbb:cccc:dddd:eeee:1", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
        {"::ffff:c000:201", "::ffff:192.0.2.1"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct s2s_addr addr, again;
        char text[S2S_ADDR_TEXT];
        assert_int_equal(s2s_addr_parse(rows[i][0], &addr), 0);
        assert_string_equal(s2s_addr_format(&addr, text), rows[i][1]);
        assert_int_equal(s2s_addr_parse(text, &again), 0);
        assert_true(s2si_addr_equal(&addr, &again));
    }
}

static void refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        " ",
        "1",
        "1.2",
        "1.2.3",
        "1.2.3.",
        "1.2.3.4.",
        "1.2.3.4.5",
        ".1.2.3",
        "1..2.3",
        "256.1.1.1",
        "01.2.3.4",
        "1.2.3.04",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.-4",
        "0x1.2.3.4",
        "1.2.3.1000",
        "a.b.c.d",
        ":",
        ":::",
        "1:",
        ":1",
        "1:2",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:",
        "1:2:3:4:5:6:7:8:",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1::2::3",
        "12345::",
        "g::",
        "fe80::1%eth0",
        "1:2:3:4:5:6:7:1.2.3.4",
        "::1.2.3",
        "::1.2.3.4:5",
        "::1.2.3.400",
        "1.2.3.4::",
        "1:::2",
        "::/0",
        "10.0.0.1/8",
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct s2s_addr addr = {.family = 99};
        if (s2s_addr_parse(rows[i], &addr) != S2S_ERR_INVALID) {
            fail_msg("accepted: %s", rows[i]);
        }
        assert_int_equal(addr.family, 99); /* left alone */
    }
    assert_int_equal(s2s_addr_parse(NULL, NULL), S2S_ERR_INVALID);
}

static void prefixes(void **state)
{
    (void)state;
    static const char *const good[][2] = {{"10.0.0.0/16", "10.0.0.0/16"},
                                          {"0.0.0.0/0", "0.0.0.0/0"},
                                          {"10.1.2.3", "10.1.2.3/32"},
                                          {"::/0", "::/0"},
                                          {"fd00:0::/8", "fd00::/8"},
                                          {"::1", "::1/128"},
                                          {"169.254.0.128/25", "169.254.0.128/25"}};
    for (size_t i = 0; i < S2SI_COUNT(good); i++) {
        struct s2s_prefix prefix;
        char text[S2S_ADDR_TEXT];
        assert_int_equal(s2s_prefix_parse(good[i][0], &prefix), 0);
        assert_string_equal(s2s_prefix_format(&prefix, text), good[i][1]);
    }
    static const char *const bad[] = {"10.0.0.1/16",
                                      "10.0.0.0/33",
                                      "10.0.0.0/",
                                      "10.0.0.0/8x",
                                      "10.0.0.0/08",
                                      "10.0.0.0/-1",
                                      "::/129",
                                      "::1/127",
                                      "/8",
                                      "",
                                      "10.0.0.0//8",
                                      "10.0.0.0/8/8",
                                      "1111111111111111111111111111111111111111111111111111111111111111/8"};
    for (size_t i = 0; i < S2SI_COUNT(bad); i++) {
        struct s2s_prefix prefix;
        if (s2s_prefix_parse(bad[i], &prefix) != S2S_ERR_INVALID) {
            fail_msg("accepted: %s", bad[i]);
        }
    }
    assert_int_equal(s2s_prefix_parse(NULL, NULL), S2S_ERR_INVALID);
}

static void endpoints(void **state)
{
    (void)state;
    struct s2s_endpoint endpoint = {.port = 4500};
    char text[S2S_ADDR_TEXT];
    assert_string_equal(s2s_endpoint_format(&endpoint, text), "any:4500");
    s2s_addr_parse("198.51.100.1", &endpoint.addr);
    assert_string_equal(s2s_endpoint_format(&endpoint, text), "198.51.100.1:4500");
    s2s_addr_parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &endpoint.addr);
    endpoint.port = 65535;
    assert_string_equal(s2s_endpoint_format(&endpoint, text), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void selectors(void **state)
{
    (void)state;
    static const struct {
        const char *first, *last;
        uint8_t protocol;
        uint16_t from, to;
        const char *text;
    } rows[] = {
        {"10.0.0.0", "10.0.255.255", 0, 0, 65535, "10.0.0.0/16"},
        {"10.0.0.1", "10.0.0.9", 6, 80, 80, "10.0.0.1-10.0.0.9[tcp/80]"},
        {"10.0.0.0", "10.0.0.255", 17, 1, 1024, "10.0.0.0/24[udp/1-1024]"},
        {"10.0.0.1", "10.0.0.1", 1, 0, 65535, "10.0.0.1/32[icmp]"},
        {"::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 58, 65535, 0, "::/0[ipv6-icmp/opaque]"},
        {"10.0.0.0", "10.0.0.255", 0, 5, 5, "10.0.0.0/24[any/5]"},
        {"10.0.0.0", "10.0.0.255", 89, 0, 65535, "10.0.0.0/24[89]"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 58, 10000, 20000,
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe[ipv6-icmp/10000-20000]"},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct s2s_selector selector = {
            .protocol = rows[i].protocol, .start_port = rows[i].from, .end_port = rows[i].to};
        char text[S2S_SELECTOR_TEXT];
        assert_int_equal(s2s_addr_parse(rows[i].first, &selector.start), 0);
        assert_int_equal(s2s_addr_parse(rows[i].last, &selector.end), 0);
        assert_string_equal(s2s_selector_format(&selector, text), rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_and_written), cmocka_unit_test(refused),   cmocka_unit_test(prefixes),
        cmocka_unit_test(endpoints),        cmocka_unit_test(selectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
