/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/bgp_world.h"

#include "lib/bgp/as_path.h"

#include <string.h>

static struct s2si_bgp_attr_view view_of(const uint8_t *path, size_t length, uint32_t med)
{
    struct s2si_bgp_attr_view view = {.origin = 2, .med = med, .next_hop_length = 4, .next_hop = {192, 0, 2, 1},
                                      .as_path = {path, length}};
    s2si_bgp_set_has(&view, S2SI_BGP_ORIGIN, true);
    s2si_bgp_set_has(&view, S2SI_BGP_AS_PATH, true);
    s2si_bgp_set_has(&view, S2SI_BGP_MED, true);
    return view;
}

static bool many_sets(struct s2si_mem *mem, void *user)
{
    enum { SETS = 300 };
    static const uint8_t path[] = {2, 2, 0, 0, 0xfd, 0xea, 0, 0, 0, 7};
    struct s2si_bgp_attr_table table;
    uint32_t ids[SETS];
    bool well = true;
    (void)user;
    s2si_bgp_attr_table_init(&table, mem, 1, 2);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < SETS; i++) {
            struct s2si_bgp_attr_view view = view_of(path, sizeof path, i), back;
            ids[i] = s2si_bgp_attrs_intern(&table, &view);
            uint32_t again = ids[i] == 0 ? 0 : s2si_bgp_attrs_intern(&table, &view);
            well = well && ids[i] != 0 && again == ids[i];
            s2si_bgp_attrs_release(&table, again);
            if (ids[i] != 0) {
                s2si_bgp_attrs_view(&table, ids[i], &back);
                assert_true(back.med == i && back.as_path.length == sizeof path && back.have == view.have);
            }
        }
        for (uint32_t i = 0; i < SETS; i++) {
            uint32_t id = ids[(i * 7) % SETS];
            s2si_bgp_attrs_hold(&table, id);
            s2si_bgp_attrs_release(&table, id);
            s2si_bgp_attrs_release(&table, id);
        }
        assert_int_equal(table.count, 0);
        assert_int_equal(mem->bytes, 0); /* an empty table holds nothing */
    }
    s2si_bgp_attr_table_clear(&table);
    return well;
}

static void interned_and_released(void **state)
{
    (void)state;
    struct s2si_mem mem;
    s2si_mem_init(&mem, NULL);
    assert_true(many_sets(&mem, NULL));
}

static bool some_sets(struct s2si_mem *mem, void *user)
{
    bool well = many_sets(mem, user);
    const struct failing_allocator *allocator = mem->table.user;
    bool refused = allocator->requests >= allocator->fail_at;
    assert_true(well || refused); /* a refused bucket array is only slower */
    return !refused;
}

static void without_memory(void **state)
{
    (void)state;
    each_allocation_fails(some_sets, NULL);
}

static void rank_and_bits(void **state)
{
    (void)state;
    static const uint8_t path[] = {2, 1, 0, 0, 0xfd, 0xea, 1, 2, 0, 0, 0, 1, 0, 0, 0, 2};
    static const uint8_t communities[] = {0xff, 0xff, 0, 0, 0xff, 0xff, 0xff, 2};
    struct s2si_mem mem;
    struct s2si_bgp_attr_table table;
    struct s2si_bgp_attr_rank rank;
    s2si_mem_init(&mem, NULL);
    s2si_bgp_attr_table_init(&table, &mem, 1, 2);
    struct s2si_bgp_attr_view view = view_of(path, sizeof path, 9);
    view.communities = (struct s2si_bgp_span){communities, sizeof communities};
    uint32_t id = s2si_bgp_attrs_intern(&table, &view);
    s2si_bgp_attrs_rank(&table, id, &rank);
    assert_int_equal(rank.path_length, 2); /* a set counts one */
    assert_int_equal(rank.first_as, 65002);
    assert_int_equal(rank.med, 9);
    assert_true(rank.graceful_shutdown && rank.no_advertise && !rank.no_export && !rank.has_local_pref);
    struct s2s_addr next_hop = s2si_bgp_attrs_next_hop(&table, id);
    assert_true(next_hop.family == 4 && next_hop.bytes[0] == 192);
    s2si_bgp_attrs_release(&table, id);
    assert_int_equal(mem.blocks, 0);
}

static void paths(void **state)
{
    (void)state;
    static const uint8_t sequence[] = {2, 2, 0, 0, 0xfd, 0xea, 0, 0, 0, 7}, narrow[] = {2, 3, 0xfd, 0xea, 0x5b, 0xa0, 0, 7};
    static const uint8_t as4[] = {2, 2, 0xfa, 0x56, 0xea, 0, 0, 0, 0, 7};
    struct s2si_bgp_span path = {sequence, sizeof sequence};
    uint8_t out[1200], wide[64];
    char text[64];
    size_t length = s2si_bgp_path_prepend(path, 65001, 2, out, sizeof out);
    s2si_bgp_path_format((struct s2si_bgp_span){out, length}, text, sizeof text);
    assert_string_equal(text, "65001 65001 65002 7");
    assert_int_equal(length, 2 + 4 * 4); /* joined, not a segment of its own */
    length = s2si_bgp_path_prepend((struct s2si_bgp_span){NULL, 0}, 65001, 1, out, sizeof out);
    assert_int_equal(length, 6);
    length = s2si_bgp_path_prepend(path, 65001, 254, out, sizeof out);
    assert_int_equal(out[1], 254); /* 254 and 2 do not fit into one segment */
    assert_int_equal(s2si_bgp_path_length((struct s2si_bgp_span){out, length}), 256);
    assert_int_equal(s2si_bgp_path_prepend(path, 65001, 1, out, 8), 0);
    /* RFC 6793 section 4.2.3: what AS4_PATH lacks comes from the front */
    length = s2si_bgp_path_widen((struct s2si_bgp_span){narrow, sizeof narrow}, wide, sizeof wide);
    length = s2si_bgp_path_merge((struct s2si_bgp_span){wide, length}, (struct s2si_bgp_span){as4, sizeof as4}, out, sizeof out);
    s2si_bgp_path_format((struct s2si_bgp_span){out, length}, text, sizeof text);
    assert_string_equal(text, "65002 4200000000 7");
    length = s2si_bgp_path_merge((struct s2si_bgp_span){wide, 6}, (struct s2si_bgp_span){as4, sizeof as4}, out, sizeof out);
    assert_memory_equal(out, wide, 6); /* AS4_PATH longer than AS_PATH: ignored */
    struct s2si_writer writer = s2si_writer(out, sizeof out);
    assert_true(s2si_bgp_path_write_narrow((struct s2si_bgp_span){as4, sizeof as4}, &writer));
    assert_memory_equal(out, ((const uint8_t[]){2, 2, 0x5b, 0xa0, 0, 7}), 6);
    assert_true(s2si_bgp_path_contains(path, 7) && !s2si_bgp_path_contains(path, 8));
    assert_int_equal(s2si_bgp_path_last(path), 7);
    char small[10];
    s2si_bgp_path_format(path, small, sizeof small);
    assert_string_equal(small, "65002..."); /* cut, and says so */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(interned_and_released), cmocka_unit_test(without_memory),
                                       cmocka_unit_test(rank_and_bits), cmocka_unit_test(paths)};
    return cmocka_run_group_tests_name("bgp_attr_table", tests, NULL, NULL);
}
