/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every pair of exchanges that two ends can have under way at once (RFC 7296 sections 2.8.1, 2.8.2, 2.25), in every
 * order in which their messages can arrive, with kernels that answer at once, late and very late; then with each single
 * message lost or doubled. An order is a path through a tree: at each step one of the datagrams in flight arrives; the
 * tree is walked by playing each path from its beginning.
 *
 *     test_ikev2_collision                 bounded; S2S_TEST_LEVEL=all walks everything
 *     test_ikev2_collision --table         the orders of each pair
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/sim/ike_script.h"

#define STEPS 24 /* with a choice; later messages arrive in the order of sending */

struct path {
    uint8_t choice[STEPS], width[STEPS];
    unsigned steps; /* that the last play took */
};

struct play {
    enum ike_action a, b;
    unsigned setup;
    int initiator;   /* of the IKE_SA */
    unsigned late;   /* deliveries until the kernels and DH steps answer */
    unsigned broken; /* the so-manieth delivery (from 1) is lost, 0 = none */
    bool doubled;    /* ... or doubled */
    unsigned nonces; /* order of the four */
    struct path path;
};

/* ---- one order ---- */

static struct pair_datagram *nth_in_flight(struct pair *pair, unsigned n)
{
    for (size_t i = 0; i < pair->flights; i++) {
        if (pair->flight[i].used && n-- == 0)
            return &pair->flight[i];
    }
    return NULL;
}

static unsigned in_flight(const struct pair *pair)
{
    unsigned count = 0;
    for (size_t i = 0; i < pair->flights; i++)
        count += pair->flight[i].used ? 1u : 0u;
    return count;
}

static struct pair_datagram *choose(struct pair *pair, struct path *path)
{
    unsigned width = in_flight(pair);
    if (path->steps >= STEPS)
        return nth_in_flight(pair, 0);
    path->width[path->steps] = (uint8_t)width;
    if (width != 0)
        path->choice[path->steps] = (uint8_t)(path->choice[path->steps] % width);
    return nth_in_flight(pair, path->choice[path->steps]);
}

static void answer_late(struct pair *pair, unsigned late)
{
    for (int i = 0; i < 2 && late != 0; i++)
        (void)ike_pair_complete_older(pair, i, late);
}

static void set_late(struct pair *pair, bool late)
{
    for (int i = 0; i < 2; i++)
        pair->end[i].late_jobs = pair->end[i].late_spi = pair->end[i].late_kernel = late;
}

static void deliver_all(struct pair *pair, struct play *play)
{
    for (play->path.steps = 0; play->path.steps < 60; play->path.steps++) {
        while (in_flight(pair) == 0 && ike_pair_complete(pair, 0) + ike_pair_complete(pair, 1) != 0)
            ;
        struct pair_datagram *datagram = choose(pair, &play->path);
        if (datagram == NULL)
            return;
        bool broken = play->broken == play->path.steps + 1;
        if (broken && play->doubled)
            ike_pair_copy(pair, datagram);
        if (broken && !play->doubled)
            ike_pair_drop(pair, datagram);
        else
            ike_pair_deliver(pair, datagram);
        answer_late(pair, play->late);
        ike_pair_tick(pair);
    }
}

static void begin(struct pair *pair, const struct play *play)
{
    enum ike_action actions[2] = {play->a, play->b};
    for (int i = 0; i < 2; i++) {
        ike_act(pair, i, actions[i]);
        if (actions[i] == ACT_AUTH)
            ike_script_auth(pair, i);
    }
}

static const char *play_one(struct play *play)
{
    struct pair pair;
    size_t most = 1 + (play->a == ACT_CREATE ? 1u : 0u) + (play->b == ACT_CREATE ? 1u : 0u);
    ike_script_start(&pair, play->setup, 1 + play->nonces, play->initiator);
    ike_nonces(&pair, play->nonces);
    set_late(&pair, play->late != 0 && play->a != ACT_AUTH && play->b != ACT_AUTH);
    begin(&pair, play);
    set_late(&pair, play->late != 0);
    deliver_all(&pair, play);
    set_late(&pair, false);
    for (int i = 0; i < 2; i++)
        (void)ike_pair_complete(&pair, i);
    const char *wrong = ike_script_judge(&pair, most);
    ike_pair_stop(&pair);
    if (wrong == NULL && pair.end[0].mem.blocks + pair.end[1].mem.blocks != 0)
        wrong = "memory leaked";
    return wrong;
}

/* ---- all orders ---- */

/* The next path in the order of the tree. @return false after the last. */
static bool next_path(struct path *path)
{
    for (unsigned n = path->steps < STEPS ? path->steps : STEPS; n > 0; n--) {
        if (path->choice[n - 1] + 1 < path->width[n - 1]) {
            path->choice[n - 1]++;
            memset(path->choice + n, 0, sizeof path->choice - n);
            return true;
        }
    }
    return false;
}

static unsigned wrong_plays;

static void tell(const struct play *play, const char *wrong)
{
    fprintf(stderr, "a: %s, b: %s%s, initiator %d, late %u, broken %u%s, nonces %u, order", ike_action_names[play->a],
            ike_action_names[play->b], play->setup != 0 ? ", from nothing" : "", play->initiator, play->late,
            play->broken, play->doubled ? " doubled" : "", play->nonces);
    for (unsigned n = 0; n < play->path.steps && n < STEPS; n++)
        fprintf(stderr, " %u", play->path.choice[n]);
    fprintf(stderr, ": %s\n", wrong);
    wrong_plays++;
}

static void check(struct play *play, unsigned *plays)
{
    const char *wrong = play_one(play);
    (*plays)++;
    if (wrong != NULL && wrong_plays < 20)
        tell(play, wrong);
}

struct thoroughness {
    unsigned initiators, lates, broken_every; /* of the orders, so-manieth is also played with each message broken */
    unsigned most;                            /* orders of one pair and lateness, drawn; 0 = all of them */
};

static struct thoroughness thoroughness(void)
{
    const char *level = getenv("S2S_TEST_LEVEL");
    if (level != NULL && strcmp(level, "all") == 0)
        return (struct thoroughness){1, 3, 1, 0};
    if (level != NULL && strcmp(level, "quick") == 0)
        return (struct thoroughness){1, 1, 0, 8};
    return (struct thoroughness){1, 3, 24, 24};
}

static void break_each(struct play play, unsigned *plays)
{
    unsigned messages = play.path.steps;
    struct path whole = play.path;
    for (play.broken = 1; play.broken <= messages; play.broken++) {
        for (unsigned doubled = 0; doubled < 2; doubled++) {
            play.path = whole;
            play.doubled = doubled != 0;
            check(&play, plays);
        }
    }
}

static void break_some(struct play *play, const struct thoroughness *how, unsigned orders, unsigned *plays)
{
    if (how->broken_every != 0 && orders % how->broken_every == how->broken_every - 1)
        break_each(*play, plays);
}

/* An order of nonces in which this one of the four is the lowest. */
static unsigned order_with_lowest(unsigned lowest)
{
    unsigned order = 0;
    while (ike_nonces_lowest(order) != lowest)
        order++;
    return order;
}

static void walk_tree(struct play *play, const struct thoroughness *how, unsigned *plays)
{
    for (unsigned lowest = 0; lowest < 4; lowest++) {
        unsigned orders = 0;
        play->nonces = order_with_lowest(lowest);
        memset(&play->path, 0, sizeof play->path);
        do {
            check(play, plays);
            break_some(play, how, orders++, plays);
        } while (next_path(&play->path));
    }
}

/* Thinned out: paths at random. */
static void walk_some(struct play *play, const struct thoroughness *how, unsigned *plays)
{
    uint32_t chance = 7;
    for (unsigned orders = 0; orders < how->most; orders++) {
        for (unsigned n = 0; n < STEPS && orders != 0; n++) {
            chance = chance * 1664525u + 1013904223u;
            play->path.choice[n] = (uint8_t)(chance >> 24);
        }
        play->nonces = orders % NONCE_ORDERS;
        check(play, plays);
        break_some(play, how, orders, plays);
    }
}

static bool starts(enum ike_action action)
{
    return action == ACT_INIT || action == ACT_AUTH;
}

/* Two that start have the largest trees, of 20,000 to 130,000 orders: of those not each is broken, nor played late. */
static void walk_pair(enum ike_action a, enum ike_action b, unsigned setup, unsigned *plays)
{
    static const unsigned lates[] = {0, 1, 3};
    struct thoroughness how = thoroughness();
    bool large = how.most == 0 && starts(a) && starts(b);
    for (unsigned initiator = 0; initiator < how.initiators; initiator++) {
        for (unsigned n = 0; n < (large ? 1 : how.lates); n++) {
            struct play play = {.a = a, .b = b, .setup = setup, .initiator = (int)initiator, .late = lates[n]};
            struct thoroughness now = how;
            if (how.most == 0)
                now.broken_every = large ? 256 : n == 0 ? 1 : 0;
            (how.most == 0 ? walk_tree : walk_some)(&play, &now, plays);
        }
    }
}

static unsigned every_pair(bool table)
{
    unsigned all = 0;
    for (enum ike_action a = ACT_INIT; a < ACTIONS; a++) {
        for (enum ike_action b = ACT_NOTHING; b < ACTIONS; b++) {
            unsigned plays = 0;
            walk_pair(a, b, 0, &plays);
            if (table)
                printf("| %s | %s | %u |\n", ike_action_names[a], ike_action_names[b], plays);
            all += plays;
        }
    }
    return all;
}

/* No IKE_SA stands yet: both start, or one is at IKE_AUTH already. */
static unsigned from_nothing(bool table)
{
    unsigned all = 0;
    for (enum ike_action a = ACT_INIT; a <= ACT_AUTH; a++) {
        for (enum ike_action b = ACT_NOTHING; b <= ACT_AUTH; b++) {
            unsigned plays = 0;
            walk_pair(a, b, SETUP_FRESH, &plays);
            if (table)
                printf("| %s, from nothing | %s | %u |\n", ike_action_names[a], ike_action_names[b], plays);
            all += plays;
        }
    }
    return all;
}

static void test_every_pair(void **state)
{
    (void)state;
    unsigned plays = every_pair(false);
    printf("%u orders of delivery played\n", plays);
    assert_int_equal(wrong_plays, 0);
}

static void test_from_nothing(void **state)
{
    (void)state;
    unsigned plays = from_nothing(false);
    printf("%u orders of delivery played, from nothing\n", plays);
    assert_int_equal(wrong_plays, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_from_nothing),
    };
    if (argc == 2 && strcmp(argv[1], "--table") == 0) {
        printf("| a | b | orders |\n| --- | --- | --- |\n");
        unsigned all = every_pair(true) + from_nothing(true);
        printf("%u orders of delivery played, %u wrong\n", all, wrong_plays);
        return wrong_plays == 0 ? 0 : 1;
    }
    return cmocka_run_group_tests_name("pairs of exchanges", tests, NULL, NULL);
}
