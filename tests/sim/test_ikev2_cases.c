/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The named exchange cases (ike_cases.c), each in both roles, begun by either end, in all 24 orders of the four nonces
 * that decide a collision (RFC 7296 section 2.8.1).
 *
 *     test_ikev2_cases              fails with the first row that is wrong
 *     test_ikev2_cases --table      plays all and prints a line each
 *     test_ikev2_cases NAME WAY ORDER    one of them; PAIR_VERBOSE=1 shows its messages
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/sim/ike_cases.h"

#define WAYS 4 /* who made the IKE_SA, who plays a */

/* Who began the exchange that made what stands. */
static int maker(const struct pair *pair, bool child)
{
    const struct s2si_ike_peer *peer = pair->end[0].peer;
    if (!child)
        return s2si_peer_established(peer)->initiator ? 0 : 1;
    const struct s2si_child_sa *standing = s2si_child_by_id(peer->ike, ike_pair_outbound(pair, 0)->child);
    return standing != NULL && standing->initiator ? 0 : 1;
}

static const char *check_survivor(const struct pair *pair, const struct ike_case *row, bool swap, unsigned order)
{
    int wanted = row->survives == 'n' ? 1 - ike_nonces_loser(order) : (row->survives == 'a') != swap ? 0 : 1;
    if (row->survives == 0)
        return NULL;
    return maker(pair, strncmp(row->suite, "ike", 3) != 0) == wanted ? NULL : "the wrong one survived";
}

static const char *play_case(const struct ike_case *row, unsigned way, unsigned order)
{
    struct pair pair;
    bool swap = way >= 2;
    ike_script_start(&pair, row->setup, 1 + order, (int)(way & 1));
    ike_nonces(&pair, order);
    const char *wrong = ike_script_play(&pair, row->script, swap, row->lossless);
    if (wrong == NULL)
        wrong = ike_script_judge(&pair, row->most);
    if (wrong == NULL)
        wrong = check_survivor(&pair, row, swap, order);
    ike_pair_stop(&pair);
    if (wrong == NULL && pair.end[0].mem.blocks + pair.end[1].mem.blocks != 0)
        wrong = "memory leaked";
    return wrong;
}

/* @return NULL or what is wrong; plays counts. */
static const char *play_row(const struct ike_case *row, unsigned *plays, char where[64])
{
    const char *level = getenv("S2S_TEST_LEVEL");
    unsigned step = level != NULL && strcmp(level, "quick") == 0 ? 5 : 1;
    unsigned ways = (row->setup & SETUP_FRESH) != 0 ? 2 : WAYS;
    for (unsigned n = 0; n < ways; n++) {
        unsigned way = ways == 2 ? 2 * n : n;
        for (unsigned order = 0; order < NONCE_ORDERS; order += step) {
            const char *wrong = play_case(row, way, order);
            (*plays)++;
            (void)snprintf(where, 64, "way %u, nonce order %u", way, order);
            if (wrong != NULL)
                return wrong;
        }
    }
    return NULL;
}

static void named_cases(void **state)
{
    unsigned plays = 0, rows = 0, wrong_rows = 0, waiting = 0;
    char where[64];
    (void)state;
    for (size_t i = 0; i < ike_case_count; i++) {
        const struct ike_case *row = &ike_cases[i];
        const char *wrong = row->script != NULL ? play_row(row, &plays, where) : NULL;
        waiting += row->script == NULL ? 1u : 0u;
        rows += row->script != NULL ? 1u : 0u;
        wrong_rows += wrong != NULL ? 1u : 0u;
        if (wrong != NULL)
            fprintf(stderr, "%s %s (%s), %s: %s\n", row->suite, row->name, row->script, where, wrong);
    }
    printf("%u cases in %u plays, %u cases wait\n", rows, plays, waiting);
    assert_int_equal(wrong_rows, 0);
}

static int print_table(void)
{
    unsigned wrong_rows = 0;
    char where[64];
    printf("| suite | case | script | decided by | plays | result |\n| --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < ike_case_count; i++) {
        const struct ike_case *row = &ike_cases[i];
        unsigned plays = 0;
        const char *wrong = row->script != NULL ? play_row(row, &plays, where) : NULL;
        printf("| %s | %s | %s | %s%s | %u | %s%s%s |\n", row->suite, row->name,
               row->script != NULL ? row->script : "-", strncmp(row->rule, "RFC", 3) == 0 ? "" : "RFC 7296 ", row->rule,
               plays,
               row->script == NULL ? "waiting"
               : wrong != NULL     ? "differs: "
                                   : "passed",
               wrong != NULL       ? wrong
               : row->note != NULL ? ": "
                                   : "",
               wrong == NULL && row->note != NULL ? row->note : "");
        wrong_rows += wrong != NULL ? 1u : 0u;
    }
    return wrong_rows == 0 ? 0 : 1;
}

static int one(const char *name, unsigned way, unsigned order)
{
    for (size_t i = 0; i < ike_case_count; i++) {
        if (strcmp(ike_cases[i].name, name) == 0 && ike_cases[i].script != NULL) {
            const char *wrong = play_case(&ike_cases[i], way, order);
            printf("%s: %s\n", ike_cases[i].script, wrong != NULL ? wrong : "passed");
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(named_cases)};
    if (argc == 2 && strcmp(argv[1], "--table") == 0)
        return print_table();
    if (argc == 4)
        return one(argv[1], (unsigned)atoi(argv[2]), (unsigned)atoi(argv[3]));
    return cmocka_run_group_tests_name("named exchange cases", tests, NULL, NULL);
}
