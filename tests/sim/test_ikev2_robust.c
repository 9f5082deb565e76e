/* SPDX-License-Identifier: Apache-2.0 */
/* IKEv2 on a bad network, over a kernel that refuses, without memory, with damaged messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/sim/ike_pair.h"

static void assert_sound(const struct pair *pair)
{
    const char *fault = ike_pair_fault(pair);
    if (fault != NULL)
        fail_msg("%s", fault);
}

/* ---- a bad network ---- */

struct nth {
    unsigned number, count;
    int verdict;
};

static int judge_nth(struct pair *pair, const struct pair_datagram *datagram)
{
    struct nth *nth = pair->judge_user;
    (void)datagram;
    return ++nth->count == nth->number ? nth->verdict : 1;
}

/* Init, rekeys by both ends, delete by b, again: a "start" peer at a. */
static void long_story(struct pair *pair)
{
    pair->end[0].config.start = true;
    assert_int_equal(ike_pair_start(pair), 0);
    ike_pair_wait(pair, 15 * PAIR_SECOND);
    (void)s2si_ike_rekey_child(pair->end[0].peer, 0, pair->now);
    ike_pair_wait(pair, 15 * PAIR_SECOND);
    (void)s2si_ike_rekey_child(pair->end[1].peer, 0, pair->now);
    ike_pair_wait(pair, 15 * PAIR_SECOND);
    (void)s2si_ike_rekey_ike(pair->end[0].peer, pair->now);
    ike_pair_wait(pair, 15 * PAIR_SECOND);
    (void)s2si_ike_rekey_ike(pair->end[1].peer, pair->now);
    ike_pair_wait(pair, 15 * PAIR_SECOND);
    assert_true(ike_pair_flows(pair, 0) && ike_pair_flows(pair, 1));
    (void)s2si_ike_terminate(pair->end[1].peer, true, pair->now);
    ike_pair_wait(pair, 120 * PAIR_SECOND);
}

static void each_message_lost_or_doubled(void **state)
{
    (void)state;
    for (int verdict = 0; verdict <= 2; verdict += 2) {
        for (unsigned number = 1; number <= 60; number++) {
            struct pair pair;
            struct nth nth = {number, 0, verdict};
            ike_pair_init(&pair);
            pair.judge = judge_nth;
            pair.judge_user = &nth;
            long_story(&pair);
            if (ike_pair_fault(&pair) != NULL)
                fail_msg("message %u, verdict %d: %s", number, verdict, ike_pair_fault(&pair));
            ike_pair_stop(&pair);
            assert_int_equal(pair.end[0].mem.blocks + pair.end[1].mem.blocks, 0);
        }
    }
}

static int judge_bad(struct pair *pair, const struct pair_datagram *datagram)
{
    uint32_t *seed = pair->judge_user;
    (void)datagram;
    *seed = *seed * 1664525u + 1013904223u;
    uint32_t dice = *seed >> 24;
    return dice < 64 ? 0 : dice < 96 ? 2 : 1;
}

/* A quarter of everything lost, an eighth doubled, for an hour; then ten quiet minutes mend it. */
static void bad_network(void **state)
{
    (void)state;
    for (uint32_t number = 1; number <= 10; number++) {
        struct pair pair;
        uint32_t seed = number;
        ike_pair_init(&pair);
        pair.judge = judge_bad;
        pair.judge_user = &seed;
        pair.end[0].config.start = pair.end[1].config.start = true;
        pair.end[0].config.child_lifetime = pair.end[1].config.child_lifetime = 300 * PAIR_SECOND;
        pair.end[0].config.ike_lifetime = pair.end[1].config.ike_lifetime = 700 * PAIR_SECOND;
        assert_int_equal(ike_pair_start(&pair), 0);
        ike_pair_wait(&pair, 3600 * PAIR_SECOND);
        pair.judge = NULL;
        ike_pair_wait(&pair, 600 * PAIR_SECOND);
        for (int i = 0; i < 60 && ike_pair_fault(&pair) != NULL; i++) /* a rekey may be under way just now */
            ike_pair_wait(&pair, PAIR_SECOND);
        if (ike_pair_fault(&pair) != NULL)
            fail_msg("seed %u: %s", number, ike_pair_fault(&pair));
        ike_pair_stop(&pair);
        assert_int_equal(pair.end[0].mem.blocks + pair.end[1].mem.blocks, 0);
    }
}

/* ---- a kernel that refuses ---- */

static void kernel_refuses(void **state)
{
    (void)state;
    for (int end = 0; end < 2; end++) {
        for (int what = 0; what < 3; what++) {
            struct pair pair;
            ike_pair_init(&pair);
            pair.end[0].config.start = true;
            *(what == 0   ? &pair.end[end].refuse_in
              : what == 1 ? &pair.end[end].refuse_out
                          : &pair.end[end].refuse_spi) = 1;
            ike_pair_up(&pair);
            if (!(end == 0 && what == 2)) /* without its own SPI the initiator has nothing to say */
                assert_int_equal(ike_pair_ike_sas(&pair, 0), 1);
            ike_pair_wait(&pair, 30 * PAIR_SECOND);
            if (ike_pair_fault(&pair) != NULL)
                fail_msg("end %d refusal %d: %s", end, what, ike_pair_fault(&pair));
            ike_pair_stop(&pair);
        }
    }
}

static void kernel_refuses_rekey(void **state)
{
    (void)state;
    for (int end = 0; end < 2; end++) {
        for (int what = 0; what < 3; what++) {
            struct pair pair;
            ike_pair_init(&pair);
            ike_pair_up(&pair);
            *(what == 0   ? &pair.end[end].refuse_in
              : what == 1 ? &pair.end[end].refuse_out
                          : &pair.end[end].refuse_spi) = 1;
            (void)s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now);
            ike_pair_run(&pair);
            if (!(end == 1 && what == 1)) /* b's outbound comes after the old one is gone */
                assert_true(ike_pair_flows(&pair, 0) && ike_pair_flows(&pair, 1)); /* the old one carries on */
            ike_pair_wait(&pair, 60 * PAIR_SECOND);
            if (ike_pair_fault(&pair) != NULL)
                fail_msg("end %d refusal %d: %s", end, what, ike_pair_fault(&pair));
            ike_pair_stop(&pair);
        }
    }
}

/* ---- memory ---- */

struct countdown {
    struct s2s_allocator table;
    size_t requests, fail_at;
};

static void *count_alloc(void *user, size_t size)
{
    struct countdown *countdown = user;
    return ++countdown->requests == countdown->fail_at ? NULL : malloc(size);
}

static void *count_resize(void *user, void *pointer, size_t old_size, size_t new_size)
{
    struct countdown *countdown = user;
    (void)old_size;
    return ++countdown->requests == countdown->fail_at ? NULL : realloc(pointer, new_size);
}

static void count_release(void *user, void *pointer, size_t size)
{
    (void)user;
    (void)size;
    free(pointer);
}

/* Each allocation of either end fails once: whatever was under way ends cleanly and is made good later. */
static void each_allocation_fails_once(void **state)
{
    (void)state;
    for (int end = 0; end < 2; end++) {
        for (size_t fail_at = 1, over = 0; over == 0; fail_at++) {
            struct pair pair;
            struct countdown countdown = {
                .table = {sizeof(struct s2s_allocator), &countdown, count_alloc, count_resize, count_release},
                .fail_at = fail_at};
            ike_pair_init(&pair);
            pair.end[end].allocator = &countdown.table;
            pair.end[0].config.start = true;
            if (ike_pair_start(&pair) == 0) {
                ike_pair_wait(&pair, 5 * PAIR_SECOND);
                (void)s2si_ike_rekey_child(pair.end[end].peer, 0, pair.now);
                ike_pair_wait(&pair, 5 * PAIR_SECOND);
                (void)s2si_ike_rekey_ike(pair.end[end].peer, pair.now);
                ike_pair_wait(&pair, 5 * PAIR_SECOND);
                (void)s2si_ike_rekey_child(pair.end[1 - end].peer, 0, pair.now);
                ike_pair_wait(&pair, 5 * PAIR_SECOND);
                (void)s2si_ike_rekey_ike(pair.end[1 - end].peer, pair.now);
                ike_pair_wait(&pair, 5 * PAIR_SECOND);
                over = countdown.requests < fail_at ? 1 : 0;
                ike_pair_wait(&pair, 240 * PAIR_SECOND);
                if (ike_pair_fault(&pair) != NULL)
                    fail_msg("end %d allocation %zu: %s", end, fail_at, ike_pair_fault(&pair));
            }
            ike_pair_stop(&pair);
            assert_int_equal(pair.end[0].mem.blocks + pair.end[1].mem.blocks, 0);
        }
    }
}

/* Each byte of each message changed: nothing crashes, and what stands stays. */
static void corrupted(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    ike_pair_up(&pair);
    (void)s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now);
    ike_pair_tick(&pair);
    struct pair_datagram *request = ike_pair_next(&pair, 0);
    assert_non_null(request);
    for (size_t i = 0; i < request->length; i++) {
        request->data[i] ^= 0x41;
        ike_pair_copy(&pair, request);
        request->data[i] ^= 0x41;
        for (struct pair_datagram *answer; (answer = ike_pair_next(&pair, 1)) != NULL;)
            ike_pair_drop(&pair, answer);
    }
    for (size_t length = 0; length < request->length; length++) {
        size_t whole = request->length;
        request->length = length;
        ike_pair_copy(&pair, request);
        request->length = whole;
    }
    ike_pair_wait(&pair, 20 * PAIR_SECOND);
    assert_sound(&pair);
    assert_int_equal(pair.end[0].peer->child_rekeys, 1);
    ike_pair_stop(&pair);
}

/* The answer to a CREATE_CHILD_SA comes when its IKE_SA was let go, and the CHILD_SA with it. */
static void answered_after_let_go(void **state)
{
    struct pair pair;
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        ike_pair_init(&pair);
        ike_pair_up(&pair);
        if (kind == 0)
            (void)s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now);
        else
            (void)s2si_ike_rekey_ike(pair.end[0].peer, pair.now);
        while (ike_pair_find(&pair, 0, S2SI_CREATE_CHILD_SA, false) == NULL)
            ike_pair_tick(&pair);
        ike_pair_deliver(&pair, ike_pair_find(&pair, 0, S2SI_CREATE_CHILD_SA, false));
        (void)s2si_ike_terminate(pair.end[0].peer, false, pair.now);
        s2si_ike_let_go(pair.end[0].peer, pair.now);
        (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
        ike_pair_wait(&pair, 60 * PAIR_SECOND);
        assert_sound(&pair);
        ike_pair_stop(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_lost_or_doubled),
        cmocka_unit_test(bad_network),
        cmocka_unit_test(kernel_refuses),
        cmocka_unit_test(kernel_refuses_rekey),
        cmocka_unit_test(each_allocation_fails_once),
        cmocka_unit_test(corrupted),
        cmocka_unit_test(answered_after_let_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
