/* SPDX-License-Identifier: Apache-2.0 */
/* The configurations of examples/guide do what the guide says: as they stand, from two files to a ping. */
#include "tests/sim/seats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void start(struct seats *world, struct seat *seat, const char *name)
{
    static char text[16384];
    char path[512];
    FILE *file;
    size_t length;

    snprintf(path, sizeof(path), "%s/examples/guide/%s", S2S_SOURCE_DIR, name);
    file = fopen(path, "r");
    assert_non_null(file);
    length = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[length] = '\0';
    seat_start(world, seat, text);
}

static void play(const char *alibaba, const char *aws, bool bgp)
{
    struct seats world;
    seats_open(&world);
    struct seat *ali = seats_place(&world, "alibaba", "8.0.0.146 8.0.0.74", "10.0.0.1/16", "10.0.0.223/16");
    struct seat *far = seats_place(&world, "aws", "3.0.0.52 3.0.0.99 3.0.0.56 3.0.0.98", "192.168.0.1/16", "192.168.10.113/16");
    start(&world, far, aws);
    start(&world, ali, alibaba);
    assert_true(seats_until(&world, ali, 2, bgp, 60000));
    seats_run(&world, bgp ? 30000 : 6000);
    assert_int_equal(seat_active(ali, "to-aws"), 1);
    assert_int_equal(seats_ping(&world, ali, "192.168.10.113", 20), 20);
    assert_int_equal(seats_ping(&world, far, "10.0.0.223", 20), 20);
    seats_silence(&world, "8.0.0.146", "3.0.0.52");
    seats_run(&world, 60000);
    assert_int_equal(seat_active(ali, "to-aws"), 2);
    assert_int_equal(seats_ping(&world, ali, "192.168.10.113", 20), 20);
    assert_int_equal(seats_cleartext(&world), 0);
    seats_close(&world);
}

static void test_static(void **state)
{
    (void)state;
    play("alibaba-static.json", "aws-static.json", false);
}

static void test_bgp(void **state)
{
    (void)state;
    play("alibaba-bgp.json", "aws-bgp.json", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_static),
        cmocka_unit_test(test_bgp),
    };
    return cmocka_run_group_tests_name("guide", tests, NULL, NULL);
}
