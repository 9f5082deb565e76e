/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/buffer.h"

#include "tests/unit/failing_allocator.h"

#include <string.h>

static struct s2si_mem mem;

static void grows_and_consumes(void **state)
{
    (void)state;
    struct s2si_buffer buffer;
    s2si_buffer_init(&buffer, &mem, 4096);
    for (int i = 0; i < 1000; i++) {
        uint8_t byte = (uint8_t)i;
        assert_true(s2si_buffer_append(&buffer, &byte, 1));
    }
    assert_int_equal(buffer.length, 1000);
    s2si_buffer_consume(&buffer, 999);
    assert_int_equal(buffer.length, 1);
    assert_int_equal(buffer.data[0], (uint8_t)999);
    s2si_buffer_consume(&buffer, 50); /* more than there is */
    assert_int_equal(buffer.length, 0);
    assert_true(s2si_buffer_append(&buffer, NULL, 0));
    s2si_buffer_clear(&buffer);
    assert_true(s2si_buffer_append(&buffer, "again", 5));
    s2si_buffer_wipe(&buffer);
    assert_int_equal(mem.blocks, 0);
}

static void limit_is_final(void **state)
{
    (void)state;
    struct s2si_buffer buffer;
    s2si_buffer_init(&buffer, &mem, 100);
    char zeros[101] = {0};
    assert_true(s2si_buffer_append(&buffer, zeros, 99));
    assert_true(s2si_buffer_append(&buffer, zeros, 1));
    assert_int_equal(buffer.length, 100);
    assert_true(buffer.capacity <= 100);
    assert_false(s2si_buffer_append(&buffer, zeros, 1));
    s2si_buffer_consume(&buffer, 50);
    assert_false(s2si_buffer_append(&buffer, zeros, 1)); /* a hole must not go unnoticed */
    assert_true(buffer.failed);
    assert_null(s2si_buffer_reserve(&buffer, 0));
    s2si_buffer_clear(&buffer);
    assert_false(buffer.failed);
    assert_null(s2si_buffer_reserve(&buffer, SIZE_MAX));
    s2si_buffer_clear(&buffer);
}

static void prints(void **state)
{
    (void)state;
    struct s2si_buffer buffer;
    s2si_buffer_init(&buffer, &mem, 4096);
    for (int i = 0; i < 100; i++) {
        assert_true(s2si_buffer_printf(&buffer, "%02d,", i));
    }
    assert_int_equal(buffer.length, 300);
    assert_memory_equal(buffer.data + 297, "99,", 3);
    assert_true(s2si_buffer_printf(&buffer, "%s", ""));
    assert_int_equal(buffer.length, 300);
    s2si_buffer_clear(&buffer);
}

static bool fill(struct s2si_mem *failing, void *user)
{
    (void)user;
    struct s2si_buffer buffer;
    bool well = true;
    s2si_buffer_init(&buffer, failing, 4096);
    for (int i = 0; i < 300; i++) {
        size_t before = buffer.length;
        well = s2si_buffer_append(&buffer, "abc", 3) && well;
        well = s2si_buffer_printf(&buffer, "%d", i % 10) && well;
        assert_int_equal(well, !buffer.failed);
        assert_true(well || buffer.length - before < 4);
    }
    s2si_buffer_clear(&buffer);
    return well;
}

static void allocation_failures(void **state)
{
    (void)state;
    each_allocation_fails(fill, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grows_and_consumes), cmocka_unit_test(limit_is_final),
                                       cmocka_unit_test(prints), cmocka_unit_test(allocation_failures)};
    s2si_mem_init(&mem, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
