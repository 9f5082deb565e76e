/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/failing_allocator.h"

#include <s2svpn/error.h>

#include <string.h>

static void table_must_be_complete(void **state)
{
    (void)state;
    struct failing_allocator allocator;
    struct s2si_mem mem;
    failing_allocator_init(&allocator);
    assert_int_equal(s2si_mem_init(&mem, &allocator.table), 0);
    assert_int_equal(s2si_mem_init(&mem, NULL), 0);
    struct s2s_allocator broken = allocator.table;
    broken.alloc = NULL;
    assert_int_equal(s2si_mem_init(&mem, &broken), S2S_ERR_INVALID);
    broken = allocator.table;
    broken.resize = NULL;
    assert_int_equal(s2si_mem_init(&mem, &broken), S2S_ERR_INVALID);
    broken = allocator.table;
    broken.release = NULL;
    assert_int_equal(s2si_mem_init(&mem, &broken), S2S_ERR_INVALID);
    broken = allocator.table;
    broken.struct_size = 8;
    assert_int_equal(s2si_mem_init(&mem, &broken), S2S_ERR_INVALID);
}

static void counts_and_zeroes(void **state)
{
    (void)state;
    struct failing_allocator allocator;
    struct s2si_mem mem;
    failing_allocator_init(&allocator);
    s2si_mem_init(&mem, &allocator.table);
    uint8_t *a = s2si_alloc(&mem, 10), *b = s2si_alloc(&mem, 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(a[i], 0);
    }
    assert_int_equal(mem.blocks, 2);
    a[9] = 7;
    a = s2si_resize(&mem, a, 10, 100);
    assert_int_equal(a[9], 7);
    assert_int_equal(a[99], 0);
    assert_true(mem.bytes >= 100 && mem.bytes <= 101);
    a = s2si_resize(&mem, a, 100, 5);
    uint8_t *c = s2si_resize(&mem, NULL, 0, 3);
    assert_int_equal(mem.blocks, 3);
    s2si_free(&mem, a, 5);
    s2si_free(&mem, b, 0);
    s2si_free(&mem, c, 3);
    s2si_free(&mem, NULL, 12);
    s2si_free_secret(&mem, NULL, 12);
    assert_int_equal(mem.blocks, 0);
    assert_int_equal(mem.bytes, 0);
    assert_true(mem.peak_bytes >= 100);
    assert_int_equal(mem.allocations, 5);
}

static void array_overflow(void **state)
{
    (void)state;
    struct s2si_mem mem;
    s2si_mem_init(&mem, NULL);
    assert_null(s2si_alloc_array(&mem, SIZE_MAX / 2, 3));
    void *p = s2si_alloc_array(&mem, 3, 5);
    assert_non_null(p);
    assert_int_equal(mem.bytes, 15);
    s2si_free(&mem, p, 15);
}

static void failed_resize_keeps_block(void **state)
{
    (void)state;
    struct failing_allocator allocator;
    struct s2si_mem mem;
    failing_allocator_init(&allocator);
    allocator.fail_at = 2;
    s2si_mem_init(&mem, &allocator.table);
    uint8_t *a = s2si_alloc(&mem, 4);
    memcpy(a, "abc", 4);
    assert_null(s2si_resize(&mem, a, 4, 40));
    assert_string_equal((char *)a, "abc");
    assert_int_equal(mem.bytes, 4);
    s2si_free(&mem, a, 4);
}

static void secrets_are_wiped(void **state)
{
    (void)state;
    struct failing_allocator allocator;
    struct s2si_mem mem;
    failing_allocator_init(&allocator);
    allocator.check_wiped = true;
    s2si_mem_init(&mem, &allocator.table);
    uint8_t *a = s2si_alloc(&mem, 32);
    memset(a, 0x5c, 32);
    s2si_free_secret(&mem, a, 32);
    uint8_t local[3] = {1, 2, 3};
    s2si_wipe(local, 2);
    assert_int_equal(local[0] | local[1], 0);
    assert_int_equal(local[2], 3);
    s2si_wipe(NULL, 0);
}

static void compare(void **state)
{
    (void)state;
    assert_true(s2si_equal_secret("abcd", "abcd", 4));
    assert_false(s2si_equal_secret("abcd", "abce", 4));
    assert_false(s2si_equal_secret("xbcd", "abcd", 4));
    assert_true(s2si_equal_secret("a", "b", 0));
}

static bool copies(struct s2si_mem *mem, void *user)
{
    (void)user;
    char *text = s2si_text_copy(mem, "words");
    bool well = text != NULL && strcmp(text, "words") == 0;
    s2si_free_text(mem, text);
    s2si_free_text(mem, NULL);
    return well && s2si_text_copy(mem, NULL) == NULL;
}

static void text(void **state)
{
    (void)state;
    each_allocation_fails(copies, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_must_be_complete),
        cmocka_unit_test(counts_and_zeroes),
        cmocka_unit_test(array_overflow),
        cmocka_unit_test(failed_resize_keeps_block),
        cmocka_unit_test(secrets_are_wiped),
        cmocka_unit_test(compare),
        cmocka_unit_test(text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
