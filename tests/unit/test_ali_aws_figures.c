/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of examples/ali-aws: what it makes of a ping's raw output and of a capture. A wrong rule here would hide
 * a loss or a leak. */
#include "examples/ali-aws/pcap.c"
#include "examples/ali-aws/pings.c"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define REPLY(at, seq) "[" at "] 64 bytes from 192.168.10.113: icmp_seq=" seq " ttl=62 time=1.00 ms\n"

static struct figures window(const char *text, double from, double to)
{
    struct pings pings;
    struct figures figures;
    assert_true(pings_parse(text, 0.1, &pings));
    pings_window(&pings, from, to, &figures);
    pings_free(&pings);
    return figures;
}

static void all_answered(void **state)
{
    struct figures figures = window("PING x\n" REPLY("10.001", "1") REPLY("10.101", "2") REPLY("10.201", "3"), 9, 11);
    (void)state;
    assert_int_equal(figures.sent, 3);
    assert_int_equal(figures.lost, 0);
    assert_true(figures.gap_ms < 0.001);
}

static void a_hole_is_lost_and_a_gap(void **state)
{
    struct figures figures =
        window(REPLY("10.001", "1") "[10.2] no answer yet for icmp_seq=2\n" REPLY("10.401", "5"), 9, 11);
    (void)state;
    assert_int_equal(figures.sent, 5);
    assert_int_equal(figures.lost, 3);
    assert_true(figures.gap_ms > 299.9 && figures.gap_ms < 300.1);
    assert_true(figures.gap_end > 10.4 && figures.gap_end < 10.402);
}

static void the_summary_tells_what_was_sent_last(void **state)
{
    struct figures figures =
        window(REPLY("10.001", "1") "\n--- x ping statistics ---\n4 packets transmitted, 1 received\n", 9, 11);
    (void)state;
    assert_int_equal(figures.sent, 4);
    assert_int_equal(figures.lost, 3);
}

static void a_window_takes_requests_by_when_they_were_sent(void **state)
{
    const char *text = REPLY("10.001", "1") REPLY("10.101", "2") REPLY("10.401", "5") REPLY("10.501", "6");
    (void)state;
    assert_int_equal(window(text, 10.15, 10.35).sent, 2); /* 3 and 4, sent at 10.2 and 10.3 by interpolation */
    assert_int_equal(window(text, 10.15, 10.35).lost, 2);
    assert_true(window(text, 10.15, 10.35).gap_ms > 199); /* nothing came back: as long as the window */
}

static void duplicates_count_once_and_late_replies_not_at_all(void **state)
{
    (void)state;
    assert_int_equal(window(REPLY("10.001", "1") REPLY("10.002", "1") REPLY("10.101", "2"), 9, 11).lost, 0);
    struct figures figures =
        window(REPLY("10.001", "1")
                   REPLY("10.201", "3") "[12.500] 64 bytes from 192.168.10.113: icmp_seq=2 ttl=62 time=2400 ms\n",
               9, 11);
    assert_int_equal(figures.sent, 3);
    assert_int_equal(figures.lost, 1);
}

static void errors_are_no_answers(void **state)
{
    struct figures figures = window(
        REPLY("10.001", "1") "[10.1] From 10.0.0.1 icmp_seq=2 Destination Host Unreachable\n" REPLY("10.201", "3"), 9,
        11);
    (void)state;
    assert_int_equal(figures.lost, 1);
}

static void steady(void **state)
{
    char text[4096] = "", line[128];
    struct pings pings;
    (void)state;
    for (int i = 1; i <= 40; i++) {
        (void)snprintf(line, sizeof line, "[%.3f] 64 bytes from x: icmp_seq=%d ttl=62 time=1.00 ms\n",
                       10 + i * 0.02 + 0.001, i);
        strcat(text, line);
    }
    assert_true(pings_parse(text, 0.02, &pings));
    assert_true(pings_steady(&pings, 10.82));
    assert_false(pings_steady(&pings, 12)); /* nothing was sent lately */
    pings.echoes[30].answered = 0;
    assert_false(pings_steady(&pings, 10.82));
    pings_free(&pings);
}

/* ---- captures ---- */

static const char *const networks[] = {"10.0.0.0/16", "192.168.0.0/16", NULL};

/* A capture of one frame: an Ethernet header where wanted, an IPv4 header, what follows. */
static int count(bool big, bool ethernet, const uint8_t ip[20], const char *rest, size_t length,
                 struct pcap_figures *figures)
{
    uint8_t file[400] = {0}, *at = file;
    uint32_t link = ethernet ? 1 : 101;
    size_t whole = (ethernet ? 14u : 0u) + 20 + length;
    const uint8_t magic[4] = {0xa1, 0xb2, 0xc3, 0xd4};
    for (int i = 0; i < 4; i++)
        file[big ? i : 3 - i] = magic[i];
    file[big ? 23 : 20] = (uint8_t)link;
    at += 24;
    at[big ? 11 : 8] = at[big ? 15 : 12] = (uint8_t)whole;
    at += 16;
    if (ethernet) {
        at[12] = 8;
        at += 14;
    }
    memcpy(at, ip, 20);
    memcpy(at + 20, rest, length);
    *figures = (struct pcap_figures){0};
    return pcap_count(file, 40 + whole, networks, "10.0.0.223", "192.168.10.113", figures);
}

static void outer_packets_are_no_leak(void **state)
{
    const uint8_t ip[20] = {0x45, [9] = 50, [12] = 8, 0, 0, 146, 3, 0, 0, 52};
    struct pcap_figures figures;
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(count(i & 1, i & 2, ip, "\1\2\3\4payload", 11, &figures), 0);
        assert_int_equal(figures.packets, 1);
        assert_int_equal(figures.esp, 1);
        assert_int_equal(figures.cleartext, 0);
    }
}

static void an_inner_source_or_destination_is_a_leak(void **state)
{
    const uint8_t from[20] = {0x45, [9] = 1, [12] = 10, 0, 7, 7, 3, 0, 0, 52},
                  to[20] = {0x45, [9] = 17, [12] = 8, 0, 0, 146, 192, 168, 1, 1};
    struct pcap_figures figures;
    (void)state;
    assert_int_equal(count(false, true, from, "", 0, &figures), 0);
    assert_int_equal(figures.cleartext, 1);
    assert_int_equal(count(true, false, to, "", 0, &figures), 0);
    assert_int_equal(figures.cleartext, 1);
}

/* ESP without encryption: the inner header lies open inside. */
static void an_inner_header_inside_is_a_leak(void **state)
{
    const uint8_t ip[20] = {0x45, [9] = 50, [12] = 8, 0, 0, 146, 3, 0, 0, 52};
    struct pcap_figures figures;
    (void)state;
    assert_int_equal(
        count(false, true, ip, "spi.seq.E\0\0\0\0\0\0\0\x40\1\0\0\xc0\xa8\x0a\x71\x0a\0\0\xdf", 28, &figures), 0);
    assert_int_equal(figures.cleartext, 1);
}

static void what_is_no_capture_is_refused(void **state)
{
    const uint8_t ip[20] = {0x45};
    struct pcap_figures figures;
    uint8_t nothing[24] = {0};
    (void)state;
    assert_int_equal(pcap_count(nothing, sizeof nothing, networks, "10.0.0.223", "192.168.10.113", &figures), -1);
    assert_int_equal(pcap_count(nothing, 3, networks, "10.0.0.223", "192.168.10.113", &figures), -1);
    assert_int_equal(count(false, true, ip, "", 0, &figures), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_answered),
        cmocka_unit_test(a_hole_is_lost_and_a_gap),
        cmocka_unit_test(the_summary_tells_what_was_sent_last),
        cmocka_unit_test(a_window_takes_requests_by_when_they_were_sent),
        cmocka_unit_test(duplicates_count_once_and_late_replies_not_at_all),
        cmocka_unit_test(errors_are_no_answers),
        cmocka_unit_test(steady),
        cmocka_unit_test(outer_packets_are_no_leak),
        cmocka_unit_test(an_inner_source_or_destination_is_a_leak),
        cmocka_unit_test(an_inner_header_inside_is_a_leak),
        cmocka_unit_test(what_is_no_capture_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
