/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/errors.h"

#include "tests/unit/failing_allocator.h"

#include <string.h>

static void paths(void **state)
{
    (void)state;
    struct s2si_mem mem;
    struct s2si_errors errors;
    s2si_mem_init(&mem, NULL);
    s2si_errors_init(&errors, &mem);
    s2si_errors_add(&errors, NULL, NULL, "the whole is wrong");
    size_t connection = s2si_errors_push(&errors, "connections", 0);
    size_t tunnel = s2si_errors_push(&errors, "tunnels", 1);
    s2si_errors_add(&errors, "psk", NULL, "is %d characters long, %d at most", 65, 64);
    s2si_errors_pop(&errors, tunnel);
    size_t ike = s2si_errors_push(&errors, "ike", -1);
    size_t element = s2si_errors_push(&errors, NULL, 3);
    s2si_errors_warn(&errors, NULL, "md5", "extension");
    s2si_errors_pop(&errors, element);
    s2si_errors_pop(&errors, ike);
    s2si_errors_pop(&errors, connection);
    s2si_errors_add(&errors, "gateway", "x", "unknown");
    assert_int_equal(errors.count, 4);
    assert_int_equal(errors.error_count, 3);
    assert_string_equal(errors.entries[0].path, "");
    assert_string_equal(errors.entries[1].path, "connections[0].tunnels[1].psk");
    assert_null(errors.entries[1].value);
    assert_string_equal(errors.entries[1].rule, "is 65 characters long, 64 at most");
    assert_string_equal(errors.entries[2].path, "connections[0].ike[3]");
    assert_true(errors.entries[2].warning);
    assert_string_equal(errors.entries[3].path, "gateway");
    assert_string_equal(errors.entries[3].value, "x");
    s2si_errors_clear(&errors);
    assert_int_equal(mem.blocks, 0);
    assert_int_equal(errors.count, 0);
}

static void endless_path_is_cut(void **state)
{
    (void)state;
    struct s2si_mem mem;
    struct s2si_errors errors;
    size_t marks[100];
    s2si_mem_init(&mem, NULL);
    s2si_errors_init(&errors, &mem);
    for (int i = 0; i < 100; i++) {
        marks[i] = s2si_errors_push(&errors, "member", i);
    }
    s2si_errors_add(&errors, "field", "v", "rule");
    assert_int_equal(strlen(errors.entries[0].path), sizeof errors.path - 1);
    for (int i = 100; i-- > 0;) {
        s2si_errors_pop(&errors, marks[i]);
    }
    assert_int_equal(errors.path_length, 0);
    s2si_errors_clear(&errors);
}

static bool many(struct s2si_mem *mem, void *user)
{
    (void)user;
    struct s2si_errors errors;
    s2si_errors_init(&errors, mem);
    for (int i = 0; i < 20; i++) {
        s2si_errors_add(&errors, "field", "value", "rule %d", i);
        s2si_errors_warn(&errors, "field", NULL, "rule %d", i);
    }
    assert_int_equal(errors.error_count, 20); /* a configuration never passes for want of memory */
    assert_int_equal(errors.out_of_memory, errors.count < 40);
    bool well = !errors.out_of_memory;
    s2si_errors_clear(&errors);
    return well;
}

static void allocation_failures(void **state)
{
    (void)state;
    each_allocation_fails(many, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths), cmocka_unit_test(endless_path_is_cut),
                                       cmocka_unit_test(allocation_failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
