/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/trie.h"

#include "tests/unit/failing_allocator.h"

#include <s2svpn/error.h>

#include <string.h>

enum { MOST = 600 };

struct entry {
    struct s2s_prefix prefix;
    bool present;
};

static unsigned random_state = 4711;

static unsigned draw(unsigned below)
{
    random_state = random_state * 1103515245u + 12345u;
    return (random_state >> 12) % below;
}

/* Prefixes that often nest: few distinct bytes, all lengths. */
static struct s2s_prefix draw_prefix(void)
{
    static const uint8_t bytes[] = {0, 1, 10, 127, 128, 192, 255};
    struct s2s_prefix prefix = {.addr.family = draw(3) == 0 ? 6 : 4};
    size_t length = s2si_addr_length(&prefix.addr);
    for (size_t i = 0; i < length; i++) {
        prefix.addr.bytes[i] = bytes[draw(i == 0 ? 2 : 7)];
    }
    prefix.length = (uint8_t)draw((unsigned)length * 8 + 1);
    s2si_prefix_mask(&prefix);
    return prefix;
}

static struct entry *find(struct entry *entries, size_t count, const struct s2s_prefix *prefix)
{
    for (size_t i = 0; i < count; i++) {
        if (s2si_prefix_equal(&entries[i].prefix, prefix)) {
            return &entries[i];
        }
    }
    return NULL;
}

static struct entry *longest(struct entry *entries, size_t count, const struct s2s_addr *addr)
{
    struct entry *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].present && s2si_prefix_has(&entries[i].prefix, addr) &&
            (best == NULL || entries[i].prefix.length > best->prefix.length)) {
            best = &entries[i];
        }
    }
    return best;
}

struct order {
    struct s2s_prefix last;
    size_t seen, stop_at;
};

static bool in_order(void *user, const struct s2s_prefix *prefix, void *value)
{
    struct order *order = user;
    struct entry *entry = value;
    assert_true(s2si_prefix_equal(&entry->prefix, prefix));
    int compare = s2si_addr_compare(&order->last.addr, &prefix->addr);
    assert_true(order->seen == 0 || compare < 0 || (compare == 0 && order->last.length < prefix->length));
    order->last = *prefix;
    return ++order->seen != order->stop_at;
}

static void against_a_plain_list(void **state)
{
    (void)state;
    static struct entry entries[MOST];
    struct s2si_mem mem;
    struct s2si_trie trie;
    size_t count = 0, present = 0;
    s2si_mem_init(&mem, NULL);
    s2si_trie_init(&trie, &mem);
    while (count < MOST) {
        struct s2s_prefix prefix = draw_prefix();
        if (find(entries, count, &prefix) == NULL) {
            entries[count++].prefix = prefix;
        }
    }
    for (int step = 0; step < 12000; step++) {
        struct entry *entry = &entries[draw(MOST)];
        if (draw(2) == 0) {
            assert_int_equal(s2si_trie_put(&trie, &entry->prefix, entry), entry->present ? S2S_ERR_EXISTS : 0);
            present += !entry->present;
            entry->present = true;
        } else {
            assert_ptr_equal(s2si_trie_remove(&trie, &entry->prefix), entry->present ? entry : NULL);
            present -= entry->present;
            entry->present = false;
        }
        assert_int_equal(trie.count, present);
        struct s2s_prefix probe = draw_prefix();
        assert_ptr_equal(s2si_trie_match(&trie, &probe.addr), longest(entries, count, &probe.addr));
        entry = find(entries, count, &probe);
        assert_ptr_equal(s2si_trie_get(&trie, &probe), entry != NULL && entry->present ? entry : NULL);
    }
    assert_true(mem.blocks <= 2 * present); /* joints of removed prefixes are gone */
    struct order order = {.seen = 0};
    s2si_trie_walk(&trie, in_order, &order);
    assert_int_equal(order.seen, present);
    order = (struct order){.stop_at = 3};
    s2si_trie_walk(&trie, in_order, &order);
    assert_int_equal(order.seen, 3);
    for (size_t i = 0; i < count; i++) {
        s2si_trie_remove(&trie, &entries[i].prefix);
    }
    assert_int_equal(mem.blocks, 0);
    s2si_trie_clear(&trie);
}

static void bad_arguments(void **state)
{
    (void)state;
    struct s2si_mem mem;
    struct s2si_trie trie;
    int value;
    s2si_mem_init(&mem, NULL);
    s2si_trie_init(&trie, &mem);
    struct s2s_prefix good = {.addr = s2si_addr4(0x0a000000), .length = 8}, bad = good;
    assert_int_equal(s2si_trie_put(&trie, &good, NULL), S2S_ERR_INVALID);
    bad.addr.bytes[3] = 1;
    assert_int_equal(s2si_trie_put(&trie, &bad, &value), S2S_ERR_INVALID);
    bad = good;
    bad.length = 33;
    assert_int_equal(s2si_trie_put(&trie, &bad, &value), S2S_ERR_INVALID);
    bad = good;
    bad.addr.family = 0;
    assert_int_equal(s2si_trie_put(&trie, &bad, &value), S2S_ERR_INVALID);
    assert_null(s2si_trie_get(&trie, &bad));
    assert_null(s2si_trie_remove(&trie, &bad));
    assert_null(s2si_trie_match(&trie, &bad.addr));
    s2si_trie_clear(&trie);
}

static bool fill(struct s2si_mem *mem, void *user)
{
    struct s2si_trie trie;
    bool well = true;
    (void)user;
    random_state = 1;
    s2si_trie_init(&trie, mem);
    for (int i = 0; i < 60; i++) {
        struct s2s_prefix prefix = draw_prefix();
        size_t before = trie.count;
        int error = s2si_trie_put(&trie, &prefix, mem);
        assert_true(error == 0 || error == S2S_ERR_NO_MEMORY || error == S2S_ERR_EXISTS);
        assert_int_equal(trie.count, before + (error == 0));
        assert_ptr_equal(s2si_trie_get(&trie, &prefix), error == S2S_ERR_NO_MEMORY ? NULL : mem);
        well = well && error != S2S_ERR_NO_MEMORY;
    }
    s2si_trie_clear(&trie);
    return well;
}

static void allocation_failures(void **state)
{
    (void)state;
    each_allocation_fails(fill, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(against_a_plain_list), cmocka_unit_test(bad_arguments),
                                       cmocka_unit_test(allocation_failures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
