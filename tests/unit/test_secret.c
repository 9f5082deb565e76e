/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/secret.h"

#include "tests/unit/failing_allocator.h"

#include <s2svpn/error.h>

#include <string.h>

static void life_of_a_secret(void **state)
{
    (void)state;
    struct failing_allocator allocator;
    struct s2si_mem mem;
    struct s2si_secret a = {0}, b = {0};
    failing_allocator_init(&allocator);
    allocator.check_wiped = true; /* each earlier value must be wiped when it is let go */
    s2si_mem_init(&mem, &allocator.table);

    assert_int_equal(s2si_secret_set(&mem, &a, "sesame", 6), 0);
    assert_int_equal(s2si_secret_set(&mem, &b, "sesame", 6), 0);
    assert_true(s2si_secret_equal(&a, &b));
    assert_int_equal(s2si_secret_set(&mem, &b, a.data + 1, 5), 0);
    assert_false(s2si_secret_equal(&a, &b));
    assert_int_equal(s2si_secret_set(&mem, &a, a.data + 1, 5), 0); /* out of itself */
    assert_true(s2si_secret_equal(&a, &b));
    s2si_secret_move(&mem, &a, &b);
    assert_null(b.data);
    assert_int_equal(b.length, 0);
    assert_memory_equal(a.data, "esame", 5);
    s2si_secret_move(&mem, &a, &a);
    assert_memory_equal(a.data, "esame", 5);
    assert_int_equal(s2si_secret_reserve(&mem, &a, 8), 0);
    assert_memory_equal(a.data, "\0\0\0\0\0\0\0\0", 8);
    assert_int_equal(s2si_secret_set(&mem, &a, NULL, 0), 0);
    assert_null(a.data);
    s2si_secret_clear(&mem, &a);
    s2si_secret_clear(&mem, &b);
    assert_int_equal(allocator.blocks, 0);
}

/* An old value survives a failure. */
static bool replace(struct s2si_mem *mem, void *user)
{
    (void)user;
    struct s2si_secret secret = {0};
    int first = s2si_secret_set(mem, &secret, "old", 3);
    int second = first == 0 ? s2si_secret_set(mem, &secret, "newer", 5) : first;
    if (first == 0 && second != 0) {
        assert_int_equal(second, S2S_ERR_NO_MEMORY);
        assert_memory_equal(secret.data, "old", 3);
    }
    s2si_secret_clear(mem, &secret);
    return second == 0;
}

static void allocation_failures(void **state)
{
    (void)state;
    each_allocation_fails(replace, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(life_of_a_secret), cmocka_unit_test(allocation_failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
