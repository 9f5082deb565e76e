/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/ike_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- what an end can begin ---- */

const char *const ike_action_names[ACTIONS] = {"nothing",   "init",         "auth",       "child create", "child rekey",
                                               "IKE rekey", "delete child", "delete IKE", "liveness"};

static struct s2si_child_sa *child_of(struct pair *pair, int end, bool newest)
{
    struct s2si_child_sa *found = NULL;
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &pair->end[end].peer->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, peer_node);
        if (child->sa != NULL && child->state != CH_LARVAL && (newest || found == NULL))
            found = child;
    }
    return found;
}

static void initiate(struct pair *pair, int end)
{
    struct s2si_ike_sa *sa = s2si_peer_established(pair->end[end].peer);
    if (sa != NULL)
        s2si_sa_reauthenticate(sa);
    else
        (void)s2si_ike_initiate(pair->end[end].peer, pair->now);
}

static void create(struct pair *pair, int end)
{
    struct s2si_ike_sa *sa = s2si_peer_established(pair->end[end].peer);
    if (sa != NULL) {
        sa->want_child = true;
        s2si_exchange_next(sa);
    }
}

static void delete_child(struct pair *pair, int end)
{
    struct s2si_child_sa *child = child_of(pair, end, true);
    if (child != NULL)
        s2si_child_close(child);
}

void ike_act(struct pair *pair, int end, enum ike_action action)
{
    struct s2si_ike_peer *peer = pair->end[end].peer;
    switch (action) {
    case ACT_INIT:
    case ACT_AUTH:
        initiate(pair, end);
        break;
    case ACT_CREATE:
        create(pair, end);
        break;
    case ACT_REKEY_CHILD:
        (void)s2si_ike_rekey_child(peer, 0, pair->now);
        break;
    case ACT_REKEY_IKE:
        (void)s2si_ike_rekey_ike(peer, pair->now);
        break;
    case ACT_DELETE_CHILD:
        delete_child(pair, end);
        break;
    case ACT_DELETE_IKE:
        (void)s2si_ike_terminate(peer, false, pair->now);
        break;
    case ACT_LIVENESS:
        (void)s2si_ike_liveness(peer, pair->now);
        break;
    default:
        break;
    }
    ike_pair_pump(pair, end);
}

void ike_script_auth(struct pair *pair, int end)
{
    struct pair_datagram *datagram;
    for (int turn = end; (datagram = ike_pair_find(pair, turn, S2SI_IKE_SA_INIT, turn != end)) != NULL;
         turn = 1 - turn) {
        ike_pair_deliver(pair, datagram);
        ike_pair_tick(pair);
    }
}

/* ---- beginning ---- */

static void prefer_groups(struct s2si_proposal *proposal, int end)
{
    proposal->count[S2SI_TRANSFORM_KE] = 2;
    proposal->algorithms[S2SI_TRANSFORM_KE][end] = S2S_CURVE25519;
    proposal->algorithms[S2SI_TRANSFORM_KE][1 - end] = S2S_ECP256;
}

/* A peer at the same address that is known by another name comes first in the list. */
static void add_decoy(struct pair_end *end, s2s_time now)
{
    struct s2si_ike_peer_config decoy = end->config;
    struct s2si_ike_peer *peer;
    struct s2s_addr address;
    struct s2si_identity name;
    s2si_ike_peer_remove(end->peer, now);
    decoy.owner = 77;
    decoy.psk = (const uint8_t *)"another secret";
    decoy.psk_length = strlen("another secret");
    assert_int_equal(s2s_addr_parse("203.0.113.99", &address), 0);
    s2si_identity_from_addr(&address, &name);
    decoy.remote_id = &name;
    assert_int_equal(s2si_ike_peer_add(end->ike, &decoy, now, &peer), 0);
    assert_int_equal(s2si_ike_peer_add(end->ike, &end->config, now, &end->peer), 0);
}

void ike_script_start(struct pair *pair, unsigned setup, uint64_t seed, int initiator)
{
    ike_pair_init(pair);
    for (int i = 0; i < 2; i++) {
        pair->end[i].config.ike_lifetime = 100000 * PAIR_SECOND;
        pair->end[i].config.child_lifetime = 50000 * PAIR_SECOND;
        if ((setup & SETUP_GROUPS) != 0) {
            prefer_groups(&pair->end[i].ike_list.items[0], i);
            prefer_groups(&pair->end[i].esp_list.items[0], i);
        }
    }
    assert_int_equal(ike_pair_start(pair), 0);
    for (int i = 0; i < 2; i++) {
        (void)s2s_crypto_test_reseed(pair->end[i].crypto.context, 2 * seed + (uint64_t)i);
        if ((setup & SETUP_SWITCH) != 0)
            add_decoy(&pair->end[i], pair->now);
    }
    if ((setup & SETUP_FRESH) == 0) {
        (void)s2si_ike_initiate(pair->end[initiator].peer, pair->now);
        ike_pair_run(pair);
        assert_null(ike_pair_fault(pair));
    }
    for (int i = 0; i < 2 && setup == SETUP_GROUPS; i++) /* a rekey begins with the end's own favourite again */
        s2si_peer_established(pair->end[i].peer)->suite.group = S2S_ALG_NONE;
    for (int i = 0; i < 2; i++)
        pair->end[i].peer->config.start = i == 0 || (setup & SETUP_FRESH) != 0;
    pair->now += PAIR_SECOND;
}

/* ---- nonces ---- */

/* The four octets by order of drawing: first and second nonce of end 0, first and second one of end 1. */
static void ranks_of(unsigned order, uint8_t ranks[4])
{
    uint8_t left[4] = {0, 1, 2, 3};
    for (unsigned n = 0, size = 4; n < 4; n++, size--) {
        unsigned pick = order % size;
        order /= size;
        ranks[n] = left[pick];
        memmove(left + pick, left + pick + 1, size - pick - 1);
    }
}

static struct forced {
    const void *context;
    uint8_t octets[2];
    unsigned drawn;
} forced[2];

static int random_with_nonces(void *context, uint8_t *out, size_t length)
{
    int result = s2s_crypto_test()->random(context, out, length);
    for (unsigned i = 0; i < 2 && length == S2SI_NONCE_LENGTH; i++) {
        if (forced[i].context == context && forced[i].drawn < 2)
            out[0] = forced[i].octets[forced[i].drawn++];
    }
    return result;
}

void ike_nonces(struct pair *pair, unsigned order)
{
    static struct s2s_crypto_provider provider;
    uint8_t ranks[4];
    ranks_of(order, ranks);
    provider = *s2s_crypto_test();
    provider.random = random_with_nonces;
    for (unsigned i = 0; i < 2; i++) {
        pair->end[i].crypto.provider = &provider;
        forced[i] = (struct forced){
            pair->end[i].crypto.context, {(uint8_t)(1 + 16 * ranks[2 * i]), (uint8_t)(1 + 16 * ranks[2 * i + 1])}, 0};
    }
}

unsigned ike_nonces_lowest(unsigned order)
{
    uint8_t ranks[4];
    ranks_of(order, ranks);
    unsigned lowest = 0;
    while (ranks[lowest] != 0)
        lowest++;
    return lowest;
}

/* An end's first nonce is of its own exchange, its second one of its answer to the other's. */
int ike_nonces_loser(unsigned order)
{
    unsigned lowest = ike_nonces_lowest(order);
    return lowest == 0 || lowest == 3 ? 0 : 1;
}

/* ---- words ---- */

struct play {
    struct pair *pair;
    bool swap;
    struct pair_datagram held[2];
    struct s2si_ike_peer_config right[2]; /* before "ts" */
};

/* A peer that forgets what it has just done, and rekeys the same CHILD_SA once more. */
static void rekey_again(struct pair *pair, int end)
{
    struct s2si_child_sa *old = child_of(pair, end, false), *heir = child_of(pair, end, true);
    assert_non_null(old);
    s2si_exchange_abort(old->sa, &old->sa->mine);
    heir->replaces = 0;
    old->state = CH_UP;
    old->data.rekeyed = false;
    (void)s2si_create_child_start(old->sa, old);
}

static void wrong_selectors(struct play *play, int end)
{
    struct pair_end *self = &play->pair->end[end];
    struct s2s_prefix prefix;
    struct s2s_selector other;
    struct s2si_ike_peer_config config = self->config;
    config.start = self->peer->config.start;
    assert_int_equal(s2s_prefix_parse("10.9.0.0/16", &prefix), 0);
    s2s_selector_from_prefix(&prefix, &other);
    play->right[end] = config;
    config.local_ts = config.remote_ts = &other;
    assert_int_equal(s2si_ike_peer_update(self->peer, &config, play->pair->now), 0);
}

static void right_selectors(struct play *play, int end)
{
    assert_int_equal(s2si_ike_peer_update(play->pair->end[end].peer, &play->right[end], play->pair->now), 0);
}

static void link_bounces(struct pair *pair, int end)
{
    struct pair_end *self = &pair->end[end];
    s2si_ike_local_changed(self->ike, &self->address, false, pair->now);
    ike_pair_pump(pair, end);
    s2si_ike_local_changed(self->ike, &self->address, true, pair->now);
}

static bool act_by_name(struct play *play, int end, const char *word)
{
    static const struct {
        const char *word;
        enum ike_action action;
    } words[] = {{"in", ACT_INIT},         {"cc", ACT_CREATE},     {"rc", ACT_REKEY_CHILD}, {"ri", ACT_REKEY_IKE},
                 {"dc", ACT_DELETE_CHILD}, {"di", ACT_DELETE_IKE}, {"li", ACT_LIVENESS}};
    for (size_t i = 0; i < S2SI_COUNT(words); i++) {
        if (strcmp(words[i].word, word) == 0) {
            ike_act(play->pair, end, words[i].action);
            return true;
        }
    }
    return false;
}

static void begin(struct play *play, int end, const char *word)
{
    struct pair *pair = play->pair;
    if (act_by_name(play, end, word))
        return;
    struct s2si_child_sa *child = child_of(pair, end, false);
    if (strcmp(word, "do") == 0 && child != NULL)
        s2si_child_close(child);
    else if (strcmp(word, "ex") == 0 && child != NULL)
        s2si_child_deadline(child, AT_CHILD_EXPIRE);
    else if (strcmp(word, "lo") == 0 && child != NULL)
        s2si_child_rest(child, S2SI_IKE_REASON_KERNEL, false);
    else if (strcmp(word, "r2") == 0)
        rekey_again(pair, end);
    else if (strcmp(word, "lb") == 0)
        link_bounces(pair, end);
    else if (strcmp(word, "ts") == 0)
        wrong_selectors(play, end);
    else if (strcmp(word, "ok") == 0)
        right_selectors(play, end);
    else if (strcmp(word, "rs") == 0)
        ike_pair_restart(pair, end);
    else
        fail_msg("word %s", word);
    if (word[0] != 'r' && word[0] != 't' && word[0] != 'o' && word[0] != 'l') /* "do", "ex": the end itself waits */
        s2si_deadline_stop(pair->end[end].ike, &pair->end[end].peer->deadlines, AT_PEER_CHILD);
    ike_pair_pump(pair, end);
}

/* ---- deliveries ---- */

static struct pair_datagram *newest(struct pair *pair, int from)
{
    struct pair_datagram *found = NULL;
    for (size_t i = 0; i < pair->flights; i++) {
        if (pair->flight[i].used && pair->flight[i].from == from)
            found = &pair->flight[i];
    }
    return found;
}

static struct pair_datagram *oldest_of_kind(struct pair *pair, int from, bool response)
{
    for (size_t i = 0; i < pair->flights; i++) {
        if (pair->flight[i].used && pair->flight[i].from == from && pair->flight[i].response == response)
            return &pair->flight[i];
    }
    return NULL;
}

static int judge_deaf(struct pair *pair, const struct pair_datagram *datagram)
{
    (void)datagram;
    return pair->judge_user == NULL || datagram->from == *(const int *)pair->judge_user ? 0 : 1;
}

/* from NULL: of both ends. */
static void silence(struct pair *pair, int *from, s2s_time time)
{
    pair->judge = judge_deaf;
    pair->judge_user = from;
    ike_pair_wait(pair, time);
    pair->judge = NULL;
}

static void release(struct play *play, int end)
{
    if (play->held[end].used)
        ike_pair_copy(play->pair, &play->held[end]);
    free(play->held[end].data);
    play->held[end] = (struct pair_datagram){0};
}

static void hold(struct play *play, struct pair_datagram *datagram)
{
    struct pair_datagram *held = &play->held[datagram->from];
    free(held->data);
    *held = *datagram;
    datagram->data = NULL;
    ike_pair_drop(play->pair, datagram);
}

static void deliver(struct play *play, int end, char how)
{
    struct pair_datagram *datagram = how == '<' ? newest(play->pair, end) : ike_pair_next(play->pair, end);
    if (how == '_') {
        release(play, end);
    } else if (how == '#') {
        silence(play->pair, &end, 300 * PAIR_SECOND);
    } else if (datagram == NULL) {
        return;
    } else if (how == '!') {
        ike_pair_drop(play->pair, datagram);
    } else if (how == '^') {
        hold(play, datagram);
    } else {
        ike_pair_deliver(play->pair, datagram);
    }
    ike_pair_tick(play->pair);
}

/* One letter of an order such as eweww. */
static void west_handles(struct play *play, char whose)
{
    struct pair *pair = play->pair;
    int west = play->swap ? 1 : 0;
    struct s2si_ike_peer *peer = pair->end[west].peer;
    if (whose == 'w' && s2si_peer_connecting(peer) == NULL && s2si_peer_established(peer) == NULL) {
        ike_act(pair, west, ACT_INIT);
    } else {
        struct pair_datagram *datagram = oldest_of_kind(pair, 1 - west, whose == 'w');
        if (datagram != NULL)
            ike_pair_deliver(pair, datagram);
    }
    ike_pair_tick(pair);
    for (struct pair_datagram *said; (said = ike_pair_next(pair, west)) != NULL; ike_pair_tick(pair))
        ike_pair_deliver(pair, said);
}

static void word(struct play *play, const char *token)
{
    int end = (token[0] == 'a') != play->swap ? 0 : 1;
    if (token[0] == '*')
        ike_pair_run(play->pair);
    else if (token[0] == '~')
        silence(play->pair, NULL, 40 * PAIR_SECOND);
    else if (token[0] == 'e' || token[0] == 'w')
        for (const char *letter = token; *letter != '\0'; letter++)
            west_handles(play, *letter);
    else if (token[1] == '.')
        begin(play, end, token + 2);
    else
        deliver(play, end, token[1]);
}

const char *ike_script_play(struct pair *pair, const char *script, bool swap, bool lossless)
{
    struct play play = {.pair = pair, .swap = swap};
    char words[160], *rest = NULL;
    const char *wrong = NULL;
    (void)snprintf(words, sizeof words, "%s", script);
    for (char *token = strtok_r(words, " ", &rest); token != NULL && wrong == NULL;
         token = strtok_r(NULL, " ", &rest)) {
        word(&play, token);
        if (lossless && !(ike_pair_flows(pair, 0) && ike_pair_flows(pair, 1)))
            wrong = "a packet would be lost";
    }
    for (int i = 0; i < 2; i++)
        free(play.held[i].data);
    return wrong;
}

/* ---- judging ---- */

static const char *fault_at(const struct pair *pair, int end, size_t most)
{
    if (ike_pair_ike_sas(pair, end) != 1)
        return "not exactly one IKE_SA";
    if (ike_pair_children(pair, end) == 0)
        return "no CHILD_SA";
    if (ike_pair_children(pair, end) > most)
        return "too many CHILD_SAs";
    if (ike_pair_children(pair, end) != ike_pair_inbounds(pair, end))
        return "inbound and outbound SAs differ";
    for (size_t n = 0; n < pair->end[end].sa_count; n++) {
        if (pair->end[end].sas[n].out && !ike_pair_packet(pair, end, &pair->end[end].sas[n]))
            return "an outbound SA leads nowhere";
    }
    return s2si_list_count(&pair->end[end].ike->sas) == 1 ? NULL : "an IKE_SA is left over";
}

const char *ike_fault(const struct pair *pair, size_t most)
{
    for (int i = 0; i < 2; i++) {
        const char *wrong = fault_at(pair, i, most);
        if (wrong != NULL)
            return wrong;
    }
    return ike_pair_children(pair, 0) == ike_pair_children(pair, 1) ? NULL : "the ends differ";
}

/* The end of a CHILD_SA is told once. */
static bool told_twice(const struct pair_end *end)
{
    for (size_t i = 0; i < end->event_count; i++) {
        for (size_t n = i + 1; end->events[i].type == S2SI_IKE_EV_CHILD_DOWN && n < end->event_count; n++) {
            if (end->events[n].type == S2SI_IKE_EV_CHILD_DOWN && end->events[n].spi_in == end->events[i].spi_in)
                return true;
        }
    }
    return false;
}

static bool windows_open(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        pair->end[i].event_count = 0;
        (void)s2si_ike_liveness(pair->end[i].peer, pair->now);
        ike_pair_pump(pair, i);
        ike_pair_run(pair);
        if (ike_pair_events(pair, i, S2SI_IKE_EV_ALIVE) == 0)
            return false;
    }
    return true;
}

#define SETTLED (100 * PAIR_SECOND)
#define QUIET_MESSAGES 40 /* liveness in that time, at most */

const char *ike_script_judge(struct pair *pair, size_t most)
{
    ike_pair_wait(pair, SETTLED);
    unsigned sent = pair->sent;
    ike_pair_wait(pair, SETTLED);
    const char *wrong = ike_fault(pair, most);
    if (wrong != NULL)
        return wrong;
    if (told_twice(&pair->end[0]) || told_twice(&pair->end[1]))
        return "an end was told twice of one CHILD_SA's end";
    if (pair->sent - sent > QUIET_MESSAGES)
        return "the ends do not come to rest";
    return windows_open(pair) ? NULL : "a liveness check gets no answer";
}
