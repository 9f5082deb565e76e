/* SPDX-License-Identifier: Apache-2.0 */
/* Slabs, marks and the prefix table against simple models of themselves. */
#include "tests/unit/bgp_world.h"

#include <string.h>

enum { PREFIXES = 5000, STEPS = 60000 };

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void prefix_of(enum s2si_bgp_family family, uint32_t n, uint8_t address[16], uint8_t *length)
{
    memset(address, 0, 16);
    s2si_put_u32(address, (n * 2654435761u) & 0xffffff00u);
    address[4] = family == S2SI_BGP_IPV6 ? (uint8_t)n : 0;
    *length = (uint8_t)(family == S2SI_BGP_IPV6 ? 48 : 24);
}

/* Random adding and removing: what the table says is what the model says, indices do not move, nothing is left at the end. */
static bool random_use(struct s2si_mem *mem, enum s2si_bgp_family family, uint32_t steps)
{
    static uint32_t model[PREFIXES];
    struct s2si_bgp_rib rib;
    uint32_t random = 7, live = 0;
    bool well = true;
    memset(model, 0, sizeof model);
    s2si_bgp_rib_init(&rib, mem, family, 1, 2);
    for (uint32_t step = 0; step < steps; step++) {
        uint32_t n = next_random(&random) % (step < steps / 2 ? PREFIXES : 50);
        uint8_t address[16], length;
        struct s2si_bgp_key key;
        prefix_of(family, n, address, &length);
        s2si_bgp_rib_key(&rib, address, length, &key);
        s2si_bgp_rib_prefetch(&rib, &key, 1);
        assert_int_equal(s2si_bgp_rib_find(&rib, &key), model[n]);
        if (model[n] == 0) {
            model[n] = s2si_bgp_rib_get(&rib, &key);
            well = well && model[n] != 0;
            live += model[n] != 0;
        } else if (next_random(&random) % 3 != 0) {
            s2si_bgp_rib_remove(&rib, model[n]);
            model[n] = 0;
            live--;
        } else {
            const struct s2si_bgp_net *net = s2si_bgp_rib_net(&rib, model[n]);
            assert_true(net->length == length && memcmp(net->address, address, s2si_bgp_rib_width(&rib)) == 0);
        }
        assert_int_equal(rib.nets.used, live);
        assert_true(rib.slots_used <= rib.slot_count);
    }
    for (uint32_t n = 0; n < PREFIXES; n++) {
        if (model[n] != 0) {
            s2si_bgp_rib_remove(&rib, model[n]);
        }
    }
    assert_int_equal(mem->bytes, 0); /* an empty table holds nothing */
    s2si_bgp_rib_clear(&rib);
    return well;
}

static void as_a_model(void **state)
{
    (void)state;
    struct s2si_mem mem;
    s2si_mem_init(&mem, NULL);
    assert_true(random_use(&mem, S2SI_BGP_IPV4, STEPS));
    assert_true(random_use(&mem, S2SI_BGP_IPV6, STEPS));
}

static bool few_steps(struct s2si_mem *mem, void *user)
{
    (void)user;
    return random_use(mem, S2SI_BGP_IPV4, 2000);
}

static void without_memory(void **state)
{
    (void)state;
    each_allocation_fails(few_steps, NULL);
}

/* One prefix after the other comes and goes, a million times over a small table: places of removed ones do not fill it. */
static void churn(void **state)
{
    (void)state;
    struct s2si_mem mem;
    struct s2si_bgp_rib rib;
    struct s2si_bgp_key keep, key;
    s2si_mem_init(&mem, NULL);
    s2si_bgp_rib_init(&rib, &mem, S2SI_BGP_IPV4, 3, 4);
    s2si_bgp_rib_key(&rib, (const uint8_t *)"\12\0\0\0", 8, &keep);
    uint32_t kept = s2si_bgp_rib_get(&rib, &keep);
    for (uint32_t n = 0; n < 200000; n++) {
        uint8_t address[16], length;
        prefix_of(S2SI_BGP_IPV4, n, address, &length);
        s2si_bgp_rib_key(&rib, address, length, &key);
        s2si_bgp_rib_remove(&rib, s2si_bgp_rib_get(&rib, &key));
    }
    assert_int_equal(rib.slot_count, 64);
    assert_int_equal(s2si_bgp_rib_find(&rib, &keep), kept);
    s2si_bgp_rib_clear(&rib);
    assert_int_equal(mem.blocks, 0);
}

static void marks_in_order(void **state)
{
    (void)state;
    struct s2si_mem mem;
    struct s2si_bgp_marks marks;
    s2si_mem_init(&mem, NULL);
    s2si_bgp_marks_init(&marks, &mem);
    assert_int_equal(s2si_bgp_marks_take(&marks), 0);
    s2si_bgp_marks_set(&marks, 5); /* no room: ignored */
    assert_int_equal(marks.marked, 0);
    assert_true(s2si_bgp_marks_reserve(&marks, 5000));
    static const uint32_t set[] = {4999, 64, 63, 1, 64};
    for (size_t i = 0; i < S2SI_COUNT(set); i++) {
        s2si_bgp_marks_set(&marks, set[i]);
    }
    assert_int_equal(marks.marked, 4);
    assert_true(s2si_bgp_marks_has(&marks, 63) && !s2si_bgp_marks_has(&marks, 62) && !s2si_bgp_marks_has(&marks, 1000000));
    assert_int_equal(s2si_bgp_marks_take(&marks), 1);
    assert_int_equal(s2si_bgp_marks_take(&marks), 63);
    s2si_bgp_marks_set(&marks, 2); /* behind the cursor's word: its turn comes in the same word or the next round */
    assert_int_equal(s2si_bgp_marks_take(&marks), 2);
    assert_int_equal(s2si_bgp_marks_take(&marks), 64);
    s2si_bgp_marks_set(&marks, 3);
    assert_int_equal(s2si_bgp_marks_take(&marks), 4999);
    assert_int_equal(s2si_bgp_marks_take(&marks), 3);
    assert_int_equal(s2si_bgp_marks_take(&marks), 0);
    s2si_bgp_marks_clear(&marks);
    assert_int_equal(mem.blocks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_a_model), cmocka_unit_test(without_memory), cmocka_unit_test(churn),
                                       cmocka_unit_test(marks_in_order)};
    return cmocka_run_group_tests_name("bgp_rib", tests, NULL, NULL);
}
