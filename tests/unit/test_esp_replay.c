/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/esp/replay.h"

#include "tests/unit/failing_allocator.h"

#include <s2svpn/error.h>
#include <s2svpn/esp.h>

#include <stdlib.h>

static struct s2si_mem mem;

/* Every window size against a plain array of what was seen. */
static void every_window_against_a_plain_array(void **state)
{
    (void)state;
    enum { NUMBERS = 20000 };
    bool *seen = malloc(NUMBERS);
    unsigned random = 3;
    for (uint32_t window = S2S_ESP_WINDOW_MIN; window <= S2S_ESP_WINDOW_MAX; window += window < 300 ? 1 : 97) {
        struct s2si_replay replay;
        uint64_t top = 0;
        for (size_t i = 0; i < NUMBERS; i++) {
            seen[i] = false;
        }
        seen[0] = true;
        assert_int_equal(s2si_replay_init(&replay, &mem, window, false, 0), 0);
        for (int step = 0; step < 3000; step++) {
            random = random * 1103515245u + 12345u;
            uint64_t back = (random >> 8) % (2 * window), jump = (random >> 4) % 40 == 0 ? 3 * window / 2 : 4;
            uint64_t number = (random >> 28) < 8 || back > top ? top + 1 + (random >> 8) % jump : top - back;
            if (number >= NUMBERS) {
                break;
            }
            bool fresh = number > top || (top - number < window && !seen[number]);
            assert_int_equal(s2si_replay_fresh(&replay, number), fresh);
            if (fresh) {
                s2si_replay_mark(&replay, number);
                seen[number] = true;
                top = number > top ? number : top;
                assert_true(replay.top == top);
                assert_false(s2si_replay_fresh(&replay, number));
            }
        }
        s2si_replay_free(&replay, &mem);
    }
    free(seen);
    assert_int_equal(mem.blocks, 0);
}

/* What lies below the first number counts as seen, what lies above does not. */
static void starts_anywhere(void **state)
{
    (void)state;
    for (uint64_t top = 0; top < 300; top++) {
        struct s2si_replay replay;
        assert_int_equal(s2si_replay_init(&replay, &mem, 64, true, top), 0);
        for (uint64_t number = 0; number <= top; number++) {
            assert_false(s2si_replay_fresh(&replay, number));
        }
        s2si_replay_mark(&replay, top + 70);
        for (uint64_t number = top + 1; number < top + 70; number++) {
            assert_int_equal(s2si_replay_fresh(&replay, number), number > top + 6);
        }
        s2si_replay_free(&replay, &mem);
    }
}

/* RFC 4303 appendix A2.1, case by case: window 64, top of the window -> low half -> whole number (0 = none). */
static void high_half_is_inferred(void **state)
{
    (void)state;
    static const struct {
        uint64_t top;
        uint32_t low;
        uint64_t sequence;
    } rows[] = {
        {0, 1, 1},
        {0, 0, 0},
        {0, 0x80000000, 0x80000000},
        {0, 0xffffffc1, 0}, /* case B before the first packet: there is no subspace -1 */
        {0, 0xffffffc0, 0xffffffc0},
        {1000, 999, 999},         /* case A, inside the window */
        {1000, 937, 937},         /* its left edge */
        {1000, 936, 0x1000003a8}, /* left of it: the next subspace */
        {1000, 0xffffffff, 0xffffffff},
        {0xffffffff, 0, 0x100000000}, /* wrap */
        {0xffffffff, 0xffffffc0, 0xffffffc0},
        {0x100000005, 0xfffffff0, 0xfffffff0}, /* case B: straddles the wrap */
        {0x100000005, 0xffffffc6, 0xffffffc6},
        {0x100000005, 0xffffffc5, 0x1ffffffc5},
        {0x100000005, 6, 0x100000006},
        {0x10000003e, 0xffffffff, 0xffffffff},  /* last top of case B for this window */
        {0x10000003f, 0xffffffff, 0x1ffffffff}, /* first top of case A */
        {0x10000003f, 0, 0x100000000},
        {0xffffffffffffffff, 0xffffffff, 0xffffffffffffffff},
        {0xffffffffffffffff, 0, 0}, /* behind the last packet */
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct s2si_replay replay;
        uint64_t sequence = 0;
        assert_int_equal(s2si_replay_init(&replay, &mem, 64, true, rows[i].top), 0);
        bool possible = s2si_replay_infer(&replay, rows[i].low, &sequence);
        assert_int_equal(possible, rows[i].sequence != 0);
        assert_true(!possible || sequence == rows[i].sequence);
        s2si_replay_free(&replay, &mem);
    }
}

static void without_esn_low_is_all(void **state)
{
    (void)state;
    struct s2si_replay replay;
    uint64_t sequence;
    s2si_replay_init(&replay, &mem, 32, false, UINT32_MAX);
    assert_false(s2si_replay_infer(&replay, 0, &sequence));
    assert_true(s2si_replay_infer(&replay, 5, &sequence));
    assert_true(sequence == 5);
    assert_false(s2si_replay_fresh(&replay, 5));
    s2si_replay_free(&replay, &mem);
}

static bool allocate(struct s2si_mem *failing, void *user)
{
    struct s2si_replay replay;
    (void)user;
    if (s2si_replay_init(&replay, failing, 4096, true, 0) != 0) {
        return false;
    }
    s2si_replay_free(&replay, failing);
    return true;
}

static void allocation_failures(void **state)
{
    (void)state;
    each_allocation_fails(allocate, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_window_against_a_plain_array),
        cmocka_unit_test(starts_anywhere),
        cmocka_unit_test(high_half_is_inferred),
        cmocka_unit_test(without_esn_low_is_all),
        cmocka_unit_test(allocation_failures),
    };
    s2si_mem_init(&mem, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
