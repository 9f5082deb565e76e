/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exchanges that cross (RFC 7296 sections 2.8.1, 2.8.2, 2.25): named cases as scripts, played in both roles and with
 * many nonces; then every pair of exchanges in every order of delivery, with each message lost or doubled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/sim/ike_pair.h"

/* ---- what an end can start ---- */

static struct s2si_child_sa *newest_child(struct pair *pair, int end)
{
    struct s2si_child_sa *found = NULL;
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &pair->end[end].peer->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, peer_node);
        if (child->sa != NULL && child->state != CH_LARVAL)
            found = child;
    }
    return found;
}

static struct s2si_child_sa *oldest_child(struct pair *pair, int end)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &pair->end[end].peer->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, peer_node);
        if (child->sa != NULL && child->state != CH_LARVAL)
            return child;
    }
    return NULL;
}

enum action { NOTHING, CREATE, REKEY_CHILD, REKEY_IKE, DELETE_CHILD, DELETE_IKE, LIVENESS, ACTIONS };

static const char *const action_names[ACTIONS] = {"nothing",      "child create", "child rekey", "IKE rekey",
                                                  "child delete", "IKE delete",   "liveness"};

static void act(struct pair *pair, int end, enum action action)
{
    struct s2si_ike_peer *peer = pair->end[end].peer;
    struct s2si_ike_sa *sa = s2si_peer_established(peer);
    struct s2si_child_sa *child = newest_child(pair, end);
    switch (action) {
    case CREATE:
        if (sa != NULL) {
            sa->want_child = true;
            s2si_exchange_next(sa);
        }
        break;
    case REKEY_CHILD:
        (void)s2si_ike_rekey_child(peer, 0, pair->now);
        break;
    case REKEY_IKE:
        (void)s2si_ike_rekey_ike(peer, pair->now);
        break;
    case DELETE_CHILD:
        if (child != NULL)
            s2si_child_close(child);
        break;
    case DELETE_IKE:
        (void)s2si_ike_terminate(peer, false, pair->now);
        break;
    case LIVENESS:
        (void)s2si_ike_liveness(peer, pair->now);
        break;
    default:
        break;
    }
    ike_pair_pump(pair, end);
}

/* ---- judging ---- */

static bool arrives(const struct pair *pair, const struct pair_sa *out, int from)
{
    const struct pair_end *to = &pair->end[1 - from];
    for (size_t i = 0; i < to->sa_count; i++) {
        if (to->sas[i].in && to->sas[i].spi_in == out->spi_out)
            return memcmp(to->sas[i].key_in, out->key_out, sizeof out->key_out) == 0;
    }
    return false;
}

/* One IKE_SA; the same CHILD_SAs at both ends, no half one, no leftover. most: how many may stand. */
static const char *fault(const struct pair *pair, size_t most)
{
    for (int i = 0; i < 2; i++) {
        if (ike_pair_ike_sas(pair, i) != 1)
            return "not exactly one IKE_SA";
        if (ike_pair_children(pair, i) == 0)
            return "no CHILD_SA";
        if (ike_pair_children(pair, i) > most)
            return "too many CHILD_SAs";
        if (ike_pair_children(pair, i) != ike_pair_inbounds(pair, i))
            return "inbound and outbound SAs differ";
        for (size_t n = 0; n < pair->end[i].sa_count; n++) {
            if (pair->end[i].sas[n].out && !arrives(pair, &pair->end[i].sas[n], i))
                return "an outbound SA leads nowhere";
        }
        if (s2si_list_count(&pair->end[i].ike->sas) != 1)
            return "an IKE_SA is left over";
    }
    return ike_pair_children(pair, 0) == ike_pair_children(pair, 1) ? NULL : "the ends differ";
}

static void start_pair(struct pair *pair, uint64_t seed, int initiator)
{
    ike_pair_init(pair);
    pair->end[0].config.ike_lifetime = pair->end[1].config.ike_lifetime = 100000 * PAIR_SECOND;
    pair->end[0].config.child_lifetime = pair->end[1].config.child_lifetime = 50000 * PAIR_SECOND;
    assert_int_equal(ike_pair_start(pair), 0);
    (void)s2s_crypto_test_reseed(pair->end[0].crypto.context, 2 * seed);
    (void)s2s_crypto_test_reseed(pair->end[1].crypto.context, 2 * seed + 1);
    (void)s2si_ike_initiate(pair->end[initiator].peer, pair->now);
    ike_pair_run(pair);
    assert_null(ike_pair_fault(pair));
    for (int i = 0; i < 2; i++) /* whatever goes is wanted again by end 0 */
        pair->end[i].peer->config.start = i == 0;
    pair->now += PAIR_SECOND;
}

/* ---- named cases ---- */

/*
 * Scripts: "a.rc" end a rekeys its CHILD_SA; cc create, ri rekey IKE, dc delete the newest child, do delete the oldest
 * child, di delete IKE, ex the oldest child's hard lifetime ends, lo the oldest child is lost without a word.
 * "a>" the oldest message of a arrives, "a<" the newest one does, "a!" the oldest one is lost, "a^" it is held back,
 * "a_" what was held of a arrives, "*" everything arrives until nothing is left. Between two tokens of deliveries the
 * kernels answer at once.
 */
struct held {
    struct pair_datagram datagram[2];
};

static void start(struct pair *pair, int end, const char *what)
{
    static const struct {
        const char *word;
        enum action action;
    } words[] = {{"cc", CREATE},       {"rc", REKEY_CHILD}, {"ri", REKEY_IKE},
                 {"dc", DELETE_CHILD}, {"di", DELETE_IKE},  {"li", LIVENESS}};
    for (size_t i = 0; i < S2SI_COUNT(words); i++) {
        if (strcmp(words[i].word, what) == 0) {
            act(pair, end, words[i].action);
            return;
        }
    }
    struct s2si_child_sa *child = oldest_child(pair, end);
    assert_non_null(child);
    if (strcmp(what, "do") == 0)
        s2si_child_close(child);
    else if (strcmp(what, "ex") == 0)
        s2si_child_deadline(child, AT_CHILD_EXPIRE);
    else if (strcmp(what, "lo") == 0)
        s2si_child_rest(child, S2SI_IKE_REASON_KERNEL, false);
    else
        fail_msg("word %s", what);
    s2si_deadline_stop(pair->end[end].ike, &pair->end[end].peer->deadlines, AT_PEER_CHILD);
    ike_pair_pump(pair, end);
}

static struct pair_datagram *newest(struct pair *pair, int from)
{
    struct pair_datagram *found = NULL;
    for (size_t i = 0; i < pair->flights; i++) {
        if (pair->flight[i].used && pair->flight[i].from == from)
            found = &pair->flight[i];
    }
    return found;
}

static void step(struct pair *pair, struct held *held, const char *token, bool swap)
{
    int end = (token[0] == 'a') != swap ? 0 : 1;
    struct pair_datagram *datagram = token[1] == '<' ? newest(pair, end) : ike_pair_next(pair, end);
    switch (token[1]) {
    case '.':
        start(pair, end, token + 2);
        return;
    case '_':
        if (held->datagram[end].used)
            ike_pair_copy(pair, &held->datagram[end]);
        free(held->datagram[end].data);
        held->datagram[end] = (struct pair_datagram){0};
        break;
    default:
        if (datagram == NULL)
            return;
        if (token[1] == '!') {
            ike_pair_drop(pair, datagram);
        } else if (token[1] == '^') {
            held->datagram[end] = *datagram;
            datagram->data = NULL;
            ike_pair_drop(pair, datagram);
        } else {
            ike_pair_deliver(pair, datagram);
        }
    }
    ike_pair_tick(pair);
}

static const struct named_case {
    const char *name, *script;
    bool lossless; /* traffic flows both ways at each step */
    size_t most;   /* CHILD_SAs in the end */
    const char *rule;
} cases[] = {
    {"child_rekey regular", "a.rc *", true, 1, "1.3.3, 2.8"},
    {"child_rekey regular_responder_ignore_soft_expire", "a.rc a> b.rc *", true, 1, "2.8"},
    {"child_rekey regular_responder_handle_hard_expire", "a.rc a> b> b.ex *", true, 1, "2.8"},
    {"child_rekey regular_responder_hard_expire_before_response", "a.rc a> b.ex *", false, 1, "2.8"},
    {"child_rekey regular_responder_delete", "a.rc a> b.dc *", false, 1, "2.25.1"},
    {"child_rekey regular_responder_delete_overtakes", "a.rc a> b.dc b< b> *", false, 1, "2.25.1"},
    {"child_rekey regular_responder_lost_sa", "b.lo a.rc *", false, 1, "2.25"},
    {"child_rekey regular_responder_incorrect_delete", "a.rc a> b> b.do *", true, 1, "2.25.1"},
    {"child_rekey regular_responder_incorrect_delete_overtakes", "a.rc a> b.do b< b> *", false, 1, "2.25.1"},
    {"child_rekey regular_delete_timeout", "a.rc a> b> a! *", true, 1, "2.1"},
    {"child_rekey collision", "a.rc b.rc a> b> a> b> *", true, 1, "2.8.1"},
    {"child_rekey collision, other order", "a.rc b.rc b> a> b> a> *", true, 1, "2.8.1"},
    {"child_rekey collision_delayed_response", "a.rc b.rc a> b> b^ a> b> a> b_ *", true, 1, "2.8.1, 2.25.1"},
    {"child_rekey collision_delayed_response_delete", "a.rc b.rc a> b> b^ a> b> a> b> a> b_ *", true, 1, "2.25.1"},
    {"child_rekey collision_delayed_request", "a.rc b.rc b^ a> b> b_ *", true, 1, "2.25.1 TEMPORARY_FAILURE"},
    {"child_rekey collision_delayed_request, before the DELETE arrives", "a.rc b.rc b^ a> b> b_ a> b> *", true, 1,
     "2.25.1"},
    {"child_rekey collision_delayed_request_more", "a.rc b.rc b^ a> b> a> b> b_ *", true, 1,
     "2.25.1 CHILD_SA_NOT_FOUND"},
    {"child_rekey collision_delayed_request_more_delete", "a.rc b.rc b^ a> b> a> b_ *", true, 1, "2.25.1"},
    {"child_rekey collision_responder_incorrect_delete", "a.rc b.rc a> b> b.do *", false, 1, "2.25.1"},
    {"child_rekey collision_delete", "a.rc b.dc a> b> *", false, 1, "2.25.1 TEMPORARY_FAILURE"},
    {"child_rekey collision_delete, delete first", "a.rc b.dc b> a> *", false, 1, "2.25.1"},
    {"child_rekey collision_delete_drop_delete", "a.rc b.dc b! a> *", false, 1, "2.25.1"},
    {"child_rekey collision_delete_drop_rekey", "a.rc b.dc a! b> *", false, 1, "2.25.1"},
    {"child_rekey collision_delete_delayed_response", "a.rc a> b^ b.dc b> a> b_ *", false, 1, "2.25.1"},
    {"child_rekey collision_ike_rekey", "a.rc b.ri a> b> *", true, 1, "2.25.2 both TEMPORARY_FAILURE"},
    {"child_rekey collision_ike_delete", "a.rc b.di a> b> *", false, 1, "2.25.2"},
    {"child_rekey twice before the delete", "a.rc a> b> a^ a.rc *", true, 1, "2.25.1"},
    {"ike_rekey regular", "a.ri *", true, 1, "1.3.2"},
    {"ike_rekey collision", "a.ri b.ri a> b> a> b> *", true, 1, "2.8.2, 2.25.2"},
    {"ike_rekey collision, other order", "a.ri b.ri b> a> a> b> *", true, 1, "2.8.2"},
    {"ike_rekey collision_delayed_response", "a.ri b.ri a> b> b^ a> b> a> b_ *", true, 1, "2.25.2"},
    {"ike_rekey collision_dropped_request", "a.ri b.ri b! a> b> a> b> *", true, 1, "2.25.2"},
    {"ike_rekey collision_delayed_request", "a.ri b.ri b^ a> b> b_ *", true, 1, "2.25.2 TEMPORARY_FAILURE"},
    {"ike_rekey collision_delayed_request_and_delete", "a.ri b.ri b^ a> b> a> b_ *", true, 1, "2.25.2"},
    {"ike_rekey collision_delete", "a.ri b.di a> b> *", false, 1, "2.25.2"},
    {"ike_rekey collision_delete, delete first", "a.ri b.di b> a> *", false, 1, "2.25.2"},
    {"ike_rekey collision_delete_drop_delete", "a.ri b.di b! a> *", false, 1, "2.25.2"},
    {"child_create duplicate", "a.cc b.cc a> b> a> b> *", true, 3, "2.8.1"},
    {"child_create collision_ike_rekey", "a.cc b.ri a> b> *", true, 2, "2.25.2 TEMPORARY_FAILURE"},
    {"child_delete regular", "a.dc *", false, 1, "1.4.1"},
    {"child_delete collision", "a.dc b.dc a> b> a> b> *", false, 1, "2.25.1"},
    {"child_delete collision_drop", "a.dc b.dc a! b> a> *", false, 1, "2.25.1"},
    {"child_delete collision_ike_rekey", "a.dc b.ri a> b> *", false, 1, "2.25.2"},
    {"child_delete collision_ike_delete", "a.dc b.di a> b> *", false, 1, "2.25.2"},
    {"ike_delete regular", "a.di *", false, 1, "1.4.1"},
    {"ike_delete collision", "a.di b.di a> b> a> b> *", false, 1, "2.25.2"},
};

static const char *play(struct pair *pair, const struct named_case *row, bool swap)
{
    struct held held = {0};
    char script[128], *rest = NULL;
    (void)snprintf(script, sizeof script, "%s", row->script);
    for (char *token = strtok_r(script, " ", &rest); token != NULL; token = strtok_r(NULL, " ", &rest)) {
        if (token[0] == '*')
            ike_pair_run(pair);
        else
            step(pair, &held, token, swap);
        if (row->lossless && !(ike_pair_flows(pair, 0) && ike_pair_flows(pair, 1)))
            return "a packet would be lost";
    }
    for (int i = 0; i < 2; i++)
        free(held.datagram[i].data);
    ike_pair_wait(pair, 200 * PAIR_SECOND);
    return fault(pair, row->most);
}

static void named_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(cases); i++) {
        for (unsigned way = 0; way < 4; way++) { /* who began the IKE_SA, who plays a */
            for (uint64_t seed = 1; seed <= 8; seed++) {
                struct pair pair;
                start_pair(&pair, seed, (int)(way & 1));
                const char *wrong = play(&pair, &cases[i], way >= 2);
                if (wrong != NULL)
                    fail_msg("%s (%s), way %u, seed %u: %s", cases[i].name, cases[i].script, way, (unsigned)seed,
                             wrong);
                ike_pair_stop(&pair);
                assert_int_equal(pair.end[0].mem.blocks + pair.end[1].mem.blocks, 0);
            }
        }
    }
}

/* ---- every pair, every order ---- */

struct order {
    unsigned bits;   /* which end's oldest message arrives next, lowest bit first */
    unsigned broken; /* the so-manieth delivery is lost (1..), 0 = none */
    bool doubled;    /* ... or doubled */
    bool late;       /* kernels and DH steps answer between deliveries, one at a time */
};

static void deliver_in_order(struct pair *pair, const struct order *order)
{
    for (unsigned n = 0; n < 40; n++) {
        int end = (int)(order->bits >> (n % 32) & 1);
        struct pair_datagram *datagram =
            ike_pair_next(pair, end) != NULL ? ike_pair_next(pair, end) : ike_pair_next(pair, 1 - end);
        if (order->late && ike_pair_complete_one(pair, end, (enum pair_pending_kind)(n % 3)) != 0)
            continue;
        if (datagram == NULL) {
            if (!order->late || ike_pair_complete(pair, 0) + ike_pair_complete(pair, 1) == 0)
                break;
            continue;
        }
        if (order->broken == n + 1 && !order->doubled) {
            ike_pair_drop(pair, datagram);
            continue;
        }
        if (order->broken == n + 1)
            ike_pair_copy(pair, datagram);
        ike_pair_deliver(pair, datagram);
        ike_pair_tick(pair);
    }
}

static const char *play_order(enum action a, enum action b, const struct order *order, uint64_t seed, int initiator)
{
    struct pair pair;
    size_t most = 1 + (a == CREATE ? 1u : 0u) + (b == CREATE ? 1u : 0u);
    start_pair(&pair, seed, initiator);
    for (int i = 0; i < 2 && order->late; i++)
        pair.end[i].late_jobs = pair.end[i].late_spi = pair.end[i].late_kernel = true;
    act(&pair, 0, a);
    act(&pair, 1, b);
    deliver_in_order(&pair, order);
    for (int i = 0; i < 2; i++) {
        pair.end[i].late_jobs = pair.end[i].late_spi = pair.end[i].late_kernel = false;
        (void)ike_pair_complete(&pair, i);
    }
    ike_pair_wait(&pair, 200 * PAIR_SECOND);
    const char *wrong = fault(&pair, most);
    ike_pair_stop(&pair);
    if (wrong == NULL && pair.end[0].mem.blocks + pair.end[1].mem.blocks != 0)
        wrong = "memory leaked";
    return wrong;
}

static unsigned played;

static void check_order(enum action a, enum action b, const struct order *order, uint64_t seed, int initiator)
{
    const char *wrong = play_order(a, b, order, seed, initiator);
    played++;
    if (wrong != NULL)
        fail_msg("a: %s, b: %s, bits %x, broken %u%s%s, seed %u, initiator %d: %s", action_names[a], action_names[b],
                 order->bits, order->broken, order->doubled ? " doubled" : "", order->late ? " late" : "",
                 (unsigned)seed, initiator, wrong);
}

static unsigned depth(void)
{
    const char *level = getenv("S2S_TEST_LEVEL");
    return level != NULL && strcmp(level, "all") == 0 ? 10 : level != NULL && strcmp(level, "quick") == 0 ? 4 : 6;
}

static void every_order(void **state)
{
    (void)state;
    for (enum action a = CREATE; a < ACTIONS; a++) {
        for (enum action b = NOTHING; b < ACTIONS; b++) {
            for (unsigned bits = 0; bits < 1u << depth(); bits++) {
                struct order order = {bits, 0, false, (bits & 1) != 0};
                check_order(a, b, &order, bits % 7 + 1, (int)(bits >> 1 & 1));
                order.late = !order.late;
                check_order(a, b, &order, bits % 5 + 11, (int)(bits >> 2 & 1));
            }
        }
    }
    printf("%u orders played\n", played);
}

static void each_message_broken(void **state)
{
    (void)state;
    unsigned orders = depth() >= 10 ? 64 : depth() >= 6 ? 8 : 2;
    for (enum action a = CREATE; a < ACTIONS; a++) {
        for (enum action b = NOTHING; b < ACTIONS; b++) {
            for (unsigned broken = 1; broken <= 12; broken++) {
                for (unsigned bits = 0; bits < orders; bits++) {
                    struct order order = {bits * 2654435761u >> 7, broken, (bits & 1) != 0, (bits & 2) != 0};
                    check_order(a, b, &order, bits + 1, (int)(bits >> 2 & 1));
                    order.doubled = !order.doubled;
                    check_order(a, b, &order, bits + 100, (int)(bits >> 1 & 1));
                }
            }
        }
    }
    printf("%u orders played\n", played);
}

/* ---- both ends start at once ---- */

/* Crossing IKE_SA_INITs: in the end one IKE_SA and one CHILD_SA, whatever the order. */
static void crossing_initiations(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 1u << depth(); bits++) {
        for (uint64_t seed = 1; seed <= 4; seed++) {
            struct pair pair;
            struct order order = {bits, 0, false, seed > 2};
            ike_pair_init(&pair);
            pair.end[0].config.start = pair.end[1].config.start = true;
            assert_int_equal(ike_pair_start(&pair), 0);
            (void)s2s_crypto_test_reseed(pair.end[0].crypto.context, 2 * seed + bits);
            (void)s2s_crypto_test_reseed(pair.end[1].crypto.context, 2 * seed + 1 + bits);
            for (int i = 0; i < 2 && order.late; i++)
                pair.end[i].late_jobs = pair.end[i].late_spi = pair.end[i].late_kernel = true;
            ike_pair_tick(&pair);
            deliver_in_order(&pair, &order);
            for (int i = 0; i < 2; i++) {
                pair.end[i].late_jobs = pair.end[i].late_spi = pair.end[i].late_kernel = false;
                (void)ike_pair_complete(&pair, i);
            }
            ike_pair_wait(&pair, 60 * PAIR_SECOND);
            const char *wrong = fault(&pair, 1);
            if (wrong != NULL)
                fail_msg("bits %x seed %u: %s", bits, (unsigned)seed, wrong);
            ike_pair_stop(&pair);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_cases),
        cmocka_unit_test(every_order),
        cmocka_unit_test(each_message_broken),
        cmocka_unit_test(crossing_initiations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
