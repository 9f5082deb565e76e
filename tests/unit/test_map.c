/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/map.h"

#include "tests/unit/failing_allocator.h"

#include <s2svpn/error.h>

#include <stdlib.h>
#include <string.h>

enum { KEYS = 2000 };

static struct s2si_mem mem;
static int values[KEYS];

static void against_a_plain_array(void **state)
{
    (void)state;
    struct s2si_map map;
    bool present[KEYS] = {false};
    unsigned random = 12345;
    size_t count = 0;
    s2si_map_init(&map, &mem, 1, 2);
    for (int step = 0; step < 40000; step++) {
        random = random * 1103515245u + 12345u;
        unsigned key = (random >> 16) % KEYS;
        if ((random >> 8) % 3 != 0) {
            int expected = present[key] ? S2S_ERR_EXISTS : 0;
            assert_int_equal(s2si_map_put(&map, &key, sizeof key, &values[key]), expected);
            count += !present[key];
            present[key] = true;
        } else {
            assert_ptr_equal(s2si_map_remove(&map, &key, sizeof key), present[key] ? &values[key] : NULL);
            count -= present[key];
            present[key] = false;
        }
        assert_int_equal(map.count, count);
    }
    for (unsigned key = 0; key < KEYS; key++) {
        assert_ptr_equal(s2si_map_get(&map, &key, sizeof key), present[key] ? &values[key] : NULL);
    }
    s2si_map_clear(&map);
    assert_int_equal(mem.blocks, 0);
}

/* Storage must not grow for ever when entries only come and go. */
static void churn_stays_small(void **state)
{
    (void)state;
    struct s2si_map map;
    s2si_map_init(&map, &mem, 3, 4);
    for (unsigned key = 0; key < 100000; key++) {
        assert_int_equal(s2si_map_put(&map, &key, sizeof key, &values[0]), 0);
        assert_ptr_equal(s2si_map_remove(&map, &key, sizeof key), &values[0]);
    }
    assert_true(map.capacity <= 16);
    s2si_map_clear(&map);
}

static void keys(void **state)
{
    (void)state;
    struct s2si_map map;
    char longest[S2SI_MAP_KEY + 1] = {0};
    s2si_map_init(&map, &mem, 5, 6);
    assert_null(s2si_map_get(&map, "a", 1));
    assert_int_equal(s2si_map_put(&map, longest, S2SI_MAP_KEY, &values[0]), 0);
    assert_int_equal(s2si_map_put(&map, longest, S2SI_MAP_KEY - 1, &values[1]), 0); /* length is part of the key */
    assert_ptr_equal(s2si_map_get(&map, longest, S2SI_MAP_KEY), &values[0]);
    assert_int_equal(s2si_map_put(&map, longest, S2SI_MAP_KEY + 1, &values[0]), S2S_ERR_INVALID);
    assert_int_equal(s2si_map_put(&map, longest, 0, &values[0]), S2S_ERR_INVALID);
    assert_int_equal(s2si_map_put(&map, longest, 1, NULL), S2S_ERR_INVALID);
    assert_null(s2si_map_get(&map, longest, S2SI_MAP_KEY + 1));
    assert_null(s2si_map_remove(&map, "z", 1));
    s2si_map_clear(&map);
}

static void iteration_with_removal(void **state)
{
    (void)state;
    struct s2si_map map;
    size_t cursor = 0, seen = 0;
    s2si_map_init(&map, &mem, 7, 8);
    for (int key = 0; key < 100; key++) {
        values[key] = key;
        s2si_map_put(&map, &key, sizeof key, &values[key]);
    }
    for (int *value; (value = s2si_map_next(&map, &cursor)) != NULL; seen++) {
        if (*value % 2 == 0) {
            assert_ptr_equal(s2si_map_remove(&map, value, sizeof *value), value);
        }
    }
    assert_int_equal(seen, 100);
    assert_int_equal(map.count, 50);
    s2si_map_clear(&map);
    cursor = 0;
    assert_null(s2si_map_next(&map, &cursor));
}

static bool fill(struct s2si_mem *failing, void *user)
{
    (void)user;
    struct s2si_map map;
    bool well = true;
    s2si_map_init(&map, failing, 9, 10);
    for (int key = 0; key < 200; key++) {
        int error = s2si_map_put(&map, &key, sizeof key, &values[key]);
        assert_true(error == 0 || error == S2S_ERR_NO_MEMORY);
        assert_ptr_equal(s2si_map_get(&map, &key, sizeof key), error == 0 ? &values[key] : NULL);
        well = well && error == 0;
    }
    s2si_map_clear(&map);
    return well;
}

static void allocation_failures(void **state)
{
    (void)state;
    each_allocation_fails(fill, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(against_a_plain_array), cmocka_unit_test(churn_stays_small),
                                       cmocka_unit_test(keys), cmocka_unit_test(iteration_with_removal),
                                       cmocka_unit_test(allocation_failures)};
    s2si_mem_init(&mem, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
