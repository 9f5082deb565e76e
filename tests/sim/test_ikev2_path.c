/* SPDX-License-Identifier: Apache-2.0 */
/* IKE over a path that swallows long datagrams without a word (RFC 7383 section 2.5.1): whoever notices cuts smaller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/sim/ike_pair.h"

struct path {
    size_t mtu[2]; /* from a, from b */
    unsigned swallowed[2];
    size_t longest[2];
};

static int judge_path(struct pair *pair, const struct pair_datagram *datagram)
{
    struct path *path = pair->judge_user;
    size_t headers = (datagram->destination.addr.family == 6 ? 40u : 20u) + 8u + (datagram->destination.port == 4500 ? 4u : 0u);
    size_t size = datagram->length + headers;
    if (size > path->mtu[datagram->from]) {
        path->swallowed[datagram->from]++;
        return 0;
    }
    path->longest[datagram->from] = size > path->longest[datagram->from] ? size : path->longest[datagram->from];
    return 1;
}

/* Long names and many selectors make every message long. */
static void long_messages(struct pair *pair)
{
    char name[2][S2SI_ID_LENGTH];
    for (int i = 0; i < 2; i++) {
        memset(name[i], 'x', sizeof name[i]);
        (void)snprintf(name[i], sizeof name[i], "@end-%c.", 'a' + i);
        name[i][7] = 'x';
        memcpy(name[i] + 220, ".example", 9);
    }
    for (int i = 0; i < 2; i++) {
        struct pair_end *end = &pair->end[i];
        assert_int_equal(s2si_identity_parse(name[i], &end->local_id), 0);
        assert_int_equal(s2si_identity_parse(name[1 - i], &end->remote_id), 0);
        for (unsigned n = 1; n < S2SI_IKE_SELECTORS; n++) {
            end->local_ts[n] = end->local_ts[0];
            end->remote_ts[n] = end->remote_ts[0];
            end->local_ts[n].start.bytes[1] = end->local_ts[n].end.bytes[1] = (uint8_t)(2 * n + (unsigned)i);
            end->remote_ts[n].start.bytes[1] = end->remote_ts[n].end.bytes[1] = (uint8_t)(2 * n + 1 - (unsigned)i);
        }
        end->config.local_ts_count = end->config.remote_ts_count = S2SI_IKE_SELECTORS;
    }
}

static void assert_sound(const struct pair *pair)
{
    const char *fault = ike_pair_fault(pair);
    if (fault != NULL)
        fail_msg("%s", fault);
    assert_true(ike_pair_flows(pair, 0) && ike_pair_flows(pair, 1));
}

/* @return milliseconds until the tunnel stood. */
static unsigned until_up(struct pair *pair)
{
    s2s_time start = pair->now;
    (void)s2si_ike_initiate(pair->end[0].peer, pair->now);
    for (int i = 0; i < 600 && ike_pair_fault(pair) != NULL; i++)
        ike_pair_wait(pair, PAIR_SECOND / 10);
    assert_sound(pair);
    return (unsigned)((pair->now - start) / S2S_MILLISECOND);
}

static void rekeys_at_once(struct pair *pair, struct path *path)
{
    for (int i = 0; i < 2; i++) {
        unsigned before = path->swallowed[0] + path->swallowed[1];
        assert_int_equal(s2si_ike_rekey_child(pair->end[i].peer, 0, pair->now), 0);
        ike_pair_wait(pair, 30 * PAIR_SECOND);
        assert_sound(pair);
        (void)s2si_ike_rekey_ike(pair->end[i].peer, pair->now);
        ike_pair_wait(pair, 15 * PAIR_SECOND);
        (void)s2si_ike_rekey_child(pair->end[i].peer, 0, pair->now);
        ike_pair_wait(pair, 15 * PAIR_SECOND);
        assert_sound(pair);
        printf("  rekeys by %c: %u datagrams swallowed\n", 'a' + i, path->swallowed[0] + path->swallowed[1] - before);
    }
}

struct row {
    const char *name;
    size_t mtu_a, mtu_b;
    uint16_t size_a, size_b; /* configured */
    bool nat;
};

static const struct row rows[] = {
    {"a wide path", 1500, 1500, 1280, 1280, false},
    {"1000 both ways", 1000, 1000, 1280, 1280, false},
    {"576 both ways", 576, 576, 1280, 1280, false},
    {"576 from a", 576, 1500, 1280, 1280, false},
    {"576 from b", 1500, 576, 1280, 1280, false},
    {"fragments of 1400 over 1100", 1100, 1100, 1400, 1400, false},
    {"1000 both ways, NAT", 1000, 1000, 1280, 1280, true},
    {"one end cuts small by itself", 576, 576, 1280, 576, false},
};

static void play(const struct row *row)
{
    struct path path = {.mtu = {row->mtu_a, row->mtu_b}};
    struct pair pair;
    ike_pair_init(&pair);
    pair.provider = s2s_crypto_mbedtls();
    long_messages(&pair);
    pair.end[0].config.fragment_size = row->size_a;
    pair.end[1].config.fragment_size = row->size_b;
    if (row->nat) {
        pair.nat = true;
        (void)s2s_addr_parse("10.9.9.9", &pair.end[0].address);
        pair.end[0].config.local = pair.end[0].address;
        pair.end[1].config.remote = pair.end[0].seen_as;
    }
    pair.judge = judge_path;
    pair.judge_user = &path;
    assert_int_equal(ike_pair_start(&pair), 0);
    unsigned ms = until_up(&pair);
    printf("%s: up after %u ms, swallowed %u and %u, longest %zu and %zu\n", row->name, ms, path.swallowed[0],
           path.swallowed[1], path.longest[0], path.longest[1]);
    assert_true(ms < 20000);
    rekeys_at_once(&pair, &path);
    ike_pair_stop(&pair);
    assert_int_equal(pair.end[0].mem.blocks + pair.end[1].mem.blocks, 0);
}

static void swallowing_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(rows); i++)
        play(&rows[i]);
}

/* What was learned goes with the IKE_SA to its successor, and is forgotten where an endpoint moved. */
static void learned(void **state)
{
    struct path path = {.mtu = {576, 576}};
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    long_messages(&pair);
    pair.judge = judge_path;
    pair.judge_user = &path;
    assert_int_equal(ike_pair_start(&pair), 0);
    (void)until_up(&pair);
    assert_int_equal(s2si_peer_established(pair.end[0].peer)->path_size, 576);
    (void)s2si_ike_rekey_ike(pair.end[0].peer, pair.now);
    ike_pair_wait(&pair, 30 * PAIR_SECOND);
    struct s2si_ike_sa *sa = s2si_peer_established(pair.end[0].peer);
    assert_int_equal(sa->path_size, 576);
    struct s2s_endpoint elsewhere = sa->remote;
    elsewhere.port++;
    s2si_sa_moved(sa, &sa->local, &elsewhere);
    assert_int_equal(sa->path_size, 0);
    ike_pair_stop(&pair);
}

/* Without RFC 7383 nothing can be cut: the attempt ends by its timer, it does not hang. */
static void without_fragmentation(void **state)
{
    struct path path = {.mtu = {576, 576}};
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    long_messages(&pair);
    pair.end[1].config.fragmentation = false;
    pair.judge = judge_path;
    pair.judge_user = &path;
    assert_int_equal(ike_pair_start(&pair), 0);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_wait(&pair, 120 * PAIR_SECOND);
    assert_int_equal(ike_pair_ike_sas(&pair, 0), 0);
    const struct pair_event *failed = ike_pair_event(&pair, 0, S2SI_IKE_EV_FAILED);
    assert_non_null(failed);
    assert_int_equal(failed->reason, S2SI_IKE_REASON_TIMEOUT);
    ike_pair_stop(&pair);
    assert_int_equal(pair.end[0].mem.blocks + pair.end[1].mem.blocks, 0);
}

/* A peer whose fragments are tiny does not make ours smaller than every path carries. */
static void tiny_fragments_of_the_peer(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    long_messages(&pair);
    pair.end[0].config.fragment_size = 160;
    ike_pair_up(&pair);
    assert_sound(&pair);
    assert_int_equal(s2si_peer_established(pair.end[1].peer)->path_size, 576);
    ike_pair_stop(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(swallowing_paths),
        cmocka_unit_test(learned),
        cmocka_unit_test(without_fragmentation),
        cmocka_unit_test(tiny_fragments_of_the_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
