/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t sample[18] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};

static void round_trip(void **state)
{
    (void)state;
    uint8_t out[18];
    struct s2si_reader reader = s2si_reader(sample, sizeof sample);
    struct s2si_writer writer = s2si_writer(out, sizeof out);
    s2si_write_u8(&writer, s2si_read_u8(&reader));
    uint16_t u16 = s2si_read_u16(&reader);
    assert_int_equal(u16, 0x0203);
    s2si_write_u16(&writer, u16);
    uint32_t u24 = s2si_read_u24(&reader), u32 = s2si_read_u32(&reader);
    assert_int_equal(u24, 0x040506);
    assert_int_equal(u32, 0x0708090a);
    s2si_write_u24(&writer, u24);
    s2si_write_u32(&writer, u32);
    uint64_t u64 = s2si_read_u64(&reader);
    assert_true(u64 == 0x0b0c0d0e0f101112u);
    s2si_write_u64(&writer, u64);
    assert_int_equal(s2si_reader_left(&reader), 0);
    assert_false(reader.failed);
    assert_false(writer.failed);
    assert_memory_equal(out, sample, sizeof sample);
}

/* Each read at each shortage, over a block of exactly that size, so that a sanitizer would see a byte too far. */
static void short_input(void **state)
{
    (void)state;
    for (size_t length = 0; length < 8; length++) {
        uint8_t *block = malloc(length + (length == 0));
        memcpy(block, sample, length);
        struct s2si_reader reader = s2si_reader(block, length), copy = reader;
        assert_true(s2si_read_u64(&reader) == 0);
        assert_true(reader.failed);
        assert_int_equal(s2si_reader_left(&reader), 0);
        assert_int_equal(s2si_read_u8(&reader), 0); /* failed for good, whatever would fit */
        assert_null(s2si_read_bytes(&reader, 0));
        uint8_t out[8] = {0};
        reader = copy;
        assert_false(s2si_read_copy(&reader, out, length + 1));
        reader = copy;
        assert_true(s2si_read_skip(&reader, length));
        assert_false(s2si_read_skip(&reader, 1));
        reader = copy;
        struct s2si_reader part = s2si_read_part(&reader, length + 1);
        assert_true(part.failed);
        assert_false(s2si_read_skip(&part, 0));
        reader = copy;
        assert_null(s2si_read_bytes(&reader, SIZE_MAX));
        free(block);
    }
}

static void no_memory_at_all(void **state)
{
    (void)state;
    struct s2si_reader reader = s2si_reader(NULL, 0);
    assert_int_equal(s2si_reader_left(&reader), 0);
    assert_true(s2si_read_skip(&reader, 0));
    struct s2si_reader part = s2si_read_part(&reader, 0);
    assert_false(part.failed);
    assert_int_equal(s2si_read_u16(&part), 0);
    assert_true(part.failed);
    struct s2si_writer writer = s2si_writer(NULL, 0);
    s2si_write_bytes(&writer, NULL, 0);
    assert_false(writer.failed);
    s2si_write_u8(&writer, 1);
    assert_true(writer.failed);
}

static void parts(void **state)
{
    (void)state;
    struct s2si_reader reader = s2si_reader(sample, sizeof sample);
    struct s2si_reader part = s2si_read_part(&reader, 3);
    assert_int_equal(s2si_reader_left(&part), 3);
    assert_int_equal(s2si_read_u24(&part), 0x010203);
    assert_int_equal(s2si_read_u8(&reader), 4);
    assert_int_equal(s2si_read_u8(&part), 0);
    assert_true(part.failed);
    assert_false(reader.failed); /* a child's trouble is its own */
}

static void writer_bounds(void **state)
{
    (void)state;
    uint8_t *out = malloc(7);
    struct s2si_writer writer = s2si_writer(out, 7);
    s2si_write_u32(&writer, 0x01020304);
    s2si_write_u32(&writer, 0x05060708);
    assert_true(writer.failed);
    assert_int_equal(writer.length, 4);
    s2si_write_u8(&writer, 9); /* would fit, but something is missing before it */
    assert_int_equal(writer.length, 4);
    free(out);
}

static void holes_and_patches(void **state)
{
    (void)state;
    uint8_t out[12];
    struct s2si_writer writer = s2si_writer(out, sizeof out);
    size_t hole = s2si_write_hole(&writer, 4);
    s2si_write_bytes(&writer, "ab", 2);
    s2si_write_zeros(&writer, 2);
    s2si_patch_u16(&writer, hole, 0x1122);
    s2si_patch_u8(&writer, hole + 2, 0x33);
    assert_memory_equal(out, "\x11\x22\x33\0ab\0\0", 8);
    s2si_patch_u32(&writer, 4, 0x61626364);
    assert_memory_equal(out + 4, "abcd", 4);
    assert_false(writer.failed);
    s2si_patch_u32(&writer, 5, 0); /* behind what is written, though inside the room */
    assert_true(writer.failed);
    writer.failed = false;
    s2si_patch_u16(&writer, SIZE_MAX, 0);
    assert_true(writer.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip),       cmocka_unit_test(short_input),
                                       cmocka_unit_test(no_memory_at_all), cmocka_unit_test(parts),
                                       cmocka_unit_test(writer_bounds),    cmocka_unit_test(holes_and_patches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
