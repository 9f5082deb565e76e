/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/address.h"

#include <s2svpn/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct s2s_addr addr(const char *text)
{
    struct s2s_addr out;
    assert_int_equal(s2s_addr_parse(text, &out), 0);
    return out;
}

static struct s2s_prefix prefix(const char *text)
{
    struct s2s_prefix out;
    assert_int_equal(s2s_prefix_parse(text, &out), 0);
    return out;
}

static struct s2s_selector selector(const char *first, const char *last, uint8_t protocol, uint16_t from, uint16_t to)
{
    return (struct s2s_selector){addr(first), addr(last), protocol, from, to};
}

/* ---- basics ---- */

static void addresses(void **state)
{
    (void)state;
    struct s2s_addr a = s2si_addr4(0x0a000001), b = addr("10.0.0.1"), c = addr("10.0.0.2"), six = addr("::1"),
                    none = {0};
    assert_true(s2si_addr_equal(&a, &b));
    assert_int_equal(s2si_addr_compare(&a, &c), -1);
    assert_int_equal(s2si_addr_compare(&c, &a), 1);
    assert_int_equal(s2si_addr_compare(&c, &six), -1);
    assert_int_equal(s2si_addr_length(&none), 0);
    assert_int_equal(s2si_addr_length(&six), 16);
    struct s2s_addr any4 = addr("0.0.0.0"), any6 = addr("::");
    assert_true(s2si_addr_is_any(&none) && s2si_addr_is_any(&any4) && s2si_addr_is_any(&any6));
    assert_false(s2si_addr_is_any(&six));
    uint8_t bytes[16] = {[15] = 1};
    struct s2s_addr from_bytes = s2si_addr_bytes(6, bytes);
    assert_true(s2si_addr_equal(&from_bytes, &six));
    struct s2s_endpoint e = {a, 500}, f = {a, 4500}, g = {b, 500};
    assert_false(s2si_endpoint_equal(&e, &f));
    assert_true(s2si_endpoint_equal(&e, &g));
}

static void prefixes(void **state)
{
    (void)state;
    struct s2s_prefix wide = prefix("10.0.0.0/15"), narrow = prefix("10.1.128.0/17"), other = prefix("10.2.0.0/16");
    struct s2s_prefix all = prefix("0.0.0.0/0"), all6 = prefix("::/0"), host6 = prefix("fd00::1");
    assert_true(s2si_prefix_contains(&wide, &narrow));
    assert_false(s2si_prefix_contains(&narrow, &wide));
    assert_true(s2si_prefix_overlap(&narrow, &wide));
    assert_false(s2si_prefix_overlap(&other, &wide));
    assert_true(s2si_prefix_contains(&all, &wide));
    assert_false(s2si_prefix_contains(&all6, &wide));
    assert_false(s2si_prefix_contains(&all, &host6));
    assert_true(s2si_prefix_contains(&all6, &host6));
    struct s2s_addr in = addr("10.1.255.255"), out = addr("10.2.0.0");
    assert_true(s2si_prefix_has(&wide, &in));
    assert_false(s2si_prefix_has(&wide, &out));
    struct s2s_addr last = s2si_prefix_last(&wide);
    assert_true(s2si_addr_equal(&last, &in));
    struct s2s_prefix link = prefix("169.254.255.252/30");
    struct s2s_addr host = s2si_prefix_host(&link, 2), expected = addr("169.254.255.254");
    assert_true(s2si_addr_equal(&host, &expected));
    struct s2s_prefix carry = prefix("10.0.0.0/8");
    host = s2si_prefix_host(&carry, 0x010203);
    expected = addr("10.1.2.3");
    assert_true(s2si_addr_equal(&host, &expected));
    struct s2s_prefix dirty = {addr("10.1.2.3"), 12};
    s2si_prefix_mask(&dirty);
    expected = addr("10.0.0.0");
    assert_true(s2si_addr_equal(&dirty.addr, &expected));
}

/* ---- selectors ---- */

static void selectors_contain_and_intersect(void **state)
{
    (void)state;
    struct s2s_selector any = selector("0.0.0.0", "255.255.255.255", 0, 0, 65535);
    struct s2s_selector web = selector("10.0.0.0", "10.0.0.255", 6, 80, 443);
    struct s2s_selector part = selector("10.0.0.9", "10.0.1.9", 0, 100, 1000);
    struct s2s_selector opaque = selector("10.0.0.0", "10.0.0.255", 6, 65535, 0);
    struct s2s_selector six = selector("::", "::ffff", 0, 0, 65535), common;
    assert_true(s2si_selector_contains(&any, &web));
    assert_true(s2si_selector_contains(&any, &opaque));
    assert_false(s2si_selector_contains(&web, &any));
    assert_false(s2si_selector_contains(&web, &opaque));
    assert_true(s2si_selector_contains(&opaque, &opaque));
    assert_false(s2si_selector_contains(&any, &six));
    assert_true(s2si_selector_intersect(&web, &part, &common));
    struct s2s_selector expected = selector("10.0.0.9", "10.0.0.255", 6, 100, 443);
    assert_true(s2si_selector_equal(&common, &expected));
    assert_true(s2si_selector_intersect(&any, &opaque, &common));
    assert_true(s2si_selector_equal(&common, &opaque));
    assert_false(s2si_selector_intersect(&web, &opaque, &common));
    assert_false(s2si_selector_intersect(&any, &six, &common));
    struct s2s_selector udp = selector("10.0.0.0", "10.0.0.255", 17, 0, 65535);
    assert_false(s2si_selector_intersect(&web, &udp, &common));
    struct s2s_selector far = selector("11.0.0.0", "11.0.0.255", 0, 0, 65535);
    assert_false(s2si_selector_intersect(&web, &far, &common));
}

static void selectors_match_packets(void **state)
{
    (void)state;
    struct s2s_selector web = selector("10.0.0.0", "10.0.0.255", 6, 80, 80),
                        any = selector("10.0.0.0", "10.0.0.255", 0, 0, 65535);
    struct s2s_selector opaque = selector("10.0.0.0", "10.0.0.255", 6, 65535, 0);
    struct s2s_addr in = addr("10.0.0.7"), out = addr("10.0.1.0"), six = addr("::1");
    assert_true(s2si_selector_has(&web, &in, 6, true, 80));
    assert_false(s2si_selector_has(&web, &in, 6, true, 81));
    assert_false(s2si_selector_has(&web, &in, 17, true, 80));
    assert_false(s2si_selector_has(&web, &in, 6, false, 0)); /* a later fragment has no ports */
    assert_true(s2si_selector_has(&any, &in, 6, false, 0));
    assert_true(s2si_selector_has(&opaque, &in, 6, false, 0));
    assert_false(s2si_selector_has(&opaque, &in, 6, true, 80));
    assert_false(s2si_selector_has(&any, &out, 6, true, 80));
    assert_false(s2si_selector_has(&any, &six, 6, true, 80));
}

static void selectors_and_prefixes(void **state)
{
    (void)state;
    static const char *const texts[] = {"0.0.0.0/0", "10.0.0.0/8", "10.1.2.3/32", "::/0", "fd00::/8", "fd00::1/128"};
    for (size_t i = 0; i < S2SI_COUNT(texts); i++) {
        struct s2s_prefix p = prefix(texts[i]), back;
        struct s2s_selector s;
        s2s_selector_from_prefix(&p, &s);
        assert_true(s2si_selector_to_prefix(&s, &back));
        assert_true(s2si_prefix_equal(&p, &back));
    }
    struct s2s_selector range = selector("10.0.0.1", "10.0.0.2", 0, 0, 65535),
                        web = selector("10.0.0.0", "10.0.0.255", 6, 0, 65535);
    struct s2s_prefix out;
    assert_false(s2si_selector_to_prefix(&range, &out));
    assert_false(s2si_selector_to_prefix(&web, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(selectors_contain_and_intersect),
        cmocka_unit_test(selectors_match_packets),
        cmocka_unit_test(selectors_and_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
