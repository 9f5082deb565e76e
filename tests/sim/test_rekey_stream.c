/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rekeys under a stream of numbered packets, between whole gateways: nothing is lost, nothing comes twice, nothing comes out
 * of order, whoever rekeys, however often both do at once, whatever happens to the IKE messages (RFC 7296 sections 2.8,
 * 2.8.1, 2.8.2, 2.25). And when they happen: lifetimes, margins and fuzz as AWS has them, two ends that differ, sequence
 * numbers that run out (RFC 4303 section 3.3.3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/esp/engine.h"
#include "lib/gateway/objects.h"
#include "lib/ike/v2/state.h"
#include "tests/sim/gateway_pair.h"

static s2s_tunnel *tunnel_of(const struct pair_end *end)
{
    return s2s_connection_tunnel(end->connection, 1);
}

static void carry_out(struct pair *pair, struct pair_end *end)
{
    s2s_engine_tick(end->engine, s2s_sim_now(pair->sim));
    s2s_driver_kick(end->driver);
}

/* ---- streams ---- */

struct streams {
    s2s_sim_flow *flow[2];
    struct s2s_sim_flow_stats stats[2];
};

static void streams_start(struct pair *pair, struct streams *streams, unsigned interval_us)
{
    for (unsigned i = 0; i < 2; i++) {
        struct s2s_sim_flow_params params;
        s2s_sim_flow_params_init(&params, sizeof params);
        params.source = i ? "10.2.0.2" : "10.1.0.2";
        params.destination = i ? "10.1.0.2" : "10.2.0.2";
        params.start = s2s_sim_now(pair->sim);
        params.interval = interval_us * (s2s_time)(S2S_MILLISECOND / 1000);
        params.size = 64;
        assert_int_equal(s2s_sim_flow_start(i ? pair->b.host : pair->a.host, i ? pair->a.host : pair->b.host, &params,
                                            &streams->flow[i]), 0);
    }
}

static void streams_look(struct streams *streams)
{
    for (unsigned i = 0; i < 2; i++) {
        streams->stats[i].struct_size = sizeof streams->stats[i];
        s2s_sim_flow_stats(streams->flow[i], &streams->stats[i]);
    }
}

static void streams_perfect(struct pair *pair, struct streams *streams, uint32_t least)
{
    s2s_sim_flow_stop(streams->flow[0]);
    s2s_sim_flow_stop(streams->flow[1]);
    pair_run(pair, 2000);
    streams_look(streams);
    for (unsigned i = 0; i < 2; i++) {
        const struct s2s_sim_flow_stats *stats = &streams->stats[i];
        assert_true(stats->sent >= least);
        assert_int_equal(stats->sent - stats->received, 0);
        assert_int_equal(stats->duplicates, 0);
        assert_int_equal(stats->reordered, 0);
        assert_int_equal(stats->corrupted, 0);
    }
    assert_int_equal(pair_cleartext(pair), 0);
}

/* ---- rounds of rekeys ---- */

static void rekey(struct pair *pair, struct pair_end *end, bool ike)
{
    s2s_tunnel *tunnel = tunnel_of(end);
    s2s_time now = s2s_sim_now(pair->sim);
    assert_non_null(tunnel->peer);
    if (ike)
        (void)s2si_ike_rekey_ike(tunnel->peer, now);
    else
        (void)s2si_ike_rekey_child(tunnel->peer, 0, now);
    carry_out(pair, end);
}

struct rounds {
    unsigned count, ike_every; /* each so-manieth is a rekey of the IKE_SA */
    unsigned pause_ms;         /* after each */
    unsigned patience_ms;      /* until both ends agree */
    unsigned under_way;        /* packets of a stream that may be on links */
};

/* Of three rounds one collides: the other end starts before it can know. */
static void one_round(struct pair *pair, const struct rounds *rounds, unsigned n)
{
    struct pair_end *first = n % 2 ? &pair->a : &pair->b, *second = n % 2 ? &pair->b : &pair->a;
    bool ike = n % rounds->ike_every == rounds->ike_every - 1;
    unsigned gap = (unsigned)(s2s_sim_random(pair->sim) % 12); /* the request takes 10 ms */
    rekey(pair, first, ike);
    if (n % 3 == 0) {
        pair_run(pair, gap);
        rekey(pair, second, ike);
    }
    pair_run(pair, rounds->pause_ms + (unsigned)(s2s_sim_random(pair->sim) % 50));
}

static bool busy(const struct pair_end *end)
{
    const struct s2si_ike_sa *sa = s2si_peer_established(tunnel_of(end)->peer);
    return sa == NULL || sa->mine.task != TASK_NONE || sa->theirs.task != TASK_NONE || sa->want_rekey;
}

/* Both ends send by what the other receives by, and nothing is under way. */
static bool agreed(const struct pair *pair)
{
    const s2s_tunnel *a = tunnel_of(&pair->a), *b = tunnel_of(&pair->b);
    return a->spi_in == b->spi_out && a->spi_out == b->spi_in && !busy(&pair->a) && !busy(&pair->b);
}

static void play(struct pair *pair, const struct rounds *rounds, unsigned interval_us)
{
    struct streams streams;
    streams_start(pair, &streams, interval_us);
    for (unsigned n = 0; n < rounds->count; n++) {
        uint32_t before = tunnel_of(&pair->a)->spi_in;
        bool ike = n % rounds->ike_every == rounds->ike_every - 1;
        unsigned waited = 0;
        one_round(pair, rounds, n);
        for (; waited < rounds->patience_ms && !(agreed(pair) && (ike || tunnel_of(&pair->a)->spi_in != before)); waited += 50)
            pair_run(pair, 50);
        if (waited >= rounds->patience_ms)
            fail_msg("round %u: a %08x/%08x, b %08x/%08x", n, tunnel_of(&pair->a)->spi_in, tunnel_of(&pair->a)->spi_out,
                     tunnel_of(&pair->b)->spi_in, tunnel_of(&pair->b)->spi_out);
        streams_look(&streams);
        for (unsigned i = 0; i < 2; i++)
            if (streams.stats[i].sent - streams.stats[i].received > rounds->under_way)
                fail_msg("round %u: of %u packets %s %u arrived", n, streams.stats[i].sent, i ? "b to a" : "a to b",
                         streams.stats[i].received);
    }
    unsigned ike = rounds->count / rounds->ike_every;
    assert_true(tunnel_of(&pair->a)->ike_rekeys >= ike);
    assert_true(tunnel_of(&pair->b)->ike_rekeys >= ike);
    streams_perfect(pair, &streams, rounds->count);
}

/* A minute later one IKE_SA and one CHILD_SA are left, in the kernel too. */
static void settled(struct pair *pair, enum s2s_sim_mode mode)
{
    pair_run(pair, 60000);
    for (unsigned i = 0; i < 2; i++) {
        const struct pair_end *end = i ? &pair->b : &pair->a;
        struct s2s_esp_stats esp = {.struct_size = sizeof esp};
        struct s2s_sim_installed installed = {.struct_size = sizeof installed};
        assert_int_equal(s2si_list_count(&end->engine->ike->sas), 1);
        assert_int_equal(s2si_list_count(&tunnel_of(end)->peer->children), 1);
        assert_int_equal(s2s_esp_get_stats(end->engine->datapath.esp, &esp), 0);
        s2s_sim_installed(end->node, &installed);
        assert_int_equal(mode == S2S_SIM_ESP ? installed.sas : esp.inbound_sas + esp.outbound_sas, 2);
        assert_int_equal(installed.policies, mode == S2S_SIM_ESP ? 2 : 0);
        assert_int_equal(pair_events(end, S2S_EVENT_IKE_DOWN) + pair_events(end, S2S_EVENT_IPSEC_DOWN), 0);
    }
}

static void thousand(enum s2s_sim_mode mode)
{
    const struct rounds rounds = {1100, 11, 200, 6000, 20};
    struct pair_params params;
    struct pair pair;
    pair_params_init(&params);
    params.mode = mode;
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    pair_run(&pair, 1000);
    play(&pair, &rounds, 5000);
    settled(&pair, mode);
    pair_teardown(&pair);
}

static void test_thousand_rekeys(void **state)
{
    (void)state;
    thousand(S2S_SIM_RAW);
}

static void test_thousand_rekeys_kernel_esp(void **state)
{
    (void)state;
    thousand(S2S_SIM_ESP);
}

/* One of seven IKE messages is lost: what depends on them comes later, ESP knows nothing of it. */
static enum s2s_sim_fate lose_ike(void *user, enum s2s_sim_direction direction, uint8_t *data, size_t length)
{
    struct pair *pair = user;
    (void)direction;
    bool ike = length > 28 && data[9] == 17;
    return ike && s2s_sim_random(pair->sim) % 7 == 0 ? S2S_SIM_LOSE : S2S_SIM_PASS;
}

static void test_lost_messages(void **state)
{
    const struct rounds rounds = {90, 9, 200, 120000, 20};
    struct pair_params params;
    struct pair pair;
    (void)state;
    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    pair_run(&pair, 1000);
    s2s_sim_filter(pair.outer_a[0], lose_ike, &pair);
    play(&pair, &rounds, 20000);
    s2s_sim_filter(pair.outer_a[0], NULL, NULL);
    settled(&pair, S2S_SIM_RAW);
    pair_teardown(&pair);
}

/* A responder that deletes the old CHILD_SA itself, before the initiator has the answer in hand (seen in the wild). */
static struct s2si_child_sa *replaced_child(const struct pair_end *end)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &tunnel_of(end)->peer->children)
    {
        struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, peer_node);
        if (child->replaced_by != 0 && child->state == CH_UP)
            return child;
    }
    return NULL;
}

static void test_old_one_deleted_first(void **state)
{
    struct streams streams;
    struct pair_params params;
    struct pair pair;
    (void)state;
    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    pair_run(&pair, 1000);
    streams_start(&pair, &streams, 2000);
    for (unsigned n = 0; n < 60; n++) {
        struct pair_end *first = n % 2 ? &pair.a : &pair.b, *second = n % 2 ? &pair.b : &pair.a;
        rekey(&pair, first, false);
        struct s2si_child_sa *old = NULL;
        for (unsigned waited = 0; waited < 50 && (old = replaced_child(second)) == NULL; waited++)
            pair_run(&pair, 1);
        assert_non_null(old);
        pair_run(&pair, 1 + n % 11); /* ESP right behind the answer is the peer's fault (section 2.8) */
        if (old->state == CH_UP)
            s2si_child_close(old);
        carry_out(&pair, second);
        pair_run(&pair, 300);
        assert_true(agreed(&pair));
    }
    streams_perfect(&pair, &streams, 60);
    settled(&pair, S2S_SIM_RAW);
    pair_teardown(&pair);
}

/* ---- when ---- */

struct lifetimes {
    int ike, ipsec, margin, fuzz;
};

static const struct lifetimes aws = {28800, 3600, 270, 100}, alibaba = {86400, 86400, -1, -1},
                              shorter = {3600, 900, 60, 0}, without_margin = {7200, 1800, -1, -1};
static const struct lifetimes *ends_have[2];

static void tune_lifetimes(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                           struct s2s_tunnel_params *tunnels)
{
    const struct lifetimes *have = ends_have[end];
    (void)gateway;
    (void)connection;
    tunnels[0].ike_lifetime = have->ike;
    tunnels[0].ipsec_lifetime = have->ipsec;
    if (have->margin >= 0) {
        tunnels[0].rekey_margin = have->margin;
        tunnels[0].rekey_fuzz = have->fuzz;
    }
}

/* A day of an end pair with these lifetimes, a packet each 5 seconds. */
static void a_day(struct pair *pair, const struct lifetimes *a, const struct lifetimes *b)
{
    struct streams streams;
    struct pair_params params;
    pair_params_init(&params);
    ends_have[0] = a;
    ends_have[1] = b;
    params.tune = tune_lifetimes;
    pair_setup(pair, &params);
    assert_true(pair_until_up(pair, 1, 5000));
    pair_run(pair, 1000);
    streams_start(pair, &streams, 5000000);
    pair_run(pair, 24 * 3600 * 1000 + 3600 * 1000);
    streams_perfect(pair, &streams, 24 * 3600 / 5);
    for (unsigned i = 0; i < 2; i++) {
        const struct pair_end *end = i ? &pair->b : &pair->a;
        assert_int_equal(pair_events(end, S2S_EVENT_IKE_DOWN) + pair_events(end, S2S_EVENT_IPSEC_DOWN), 0);
        assert_int_equal(pair_events(end, S2S_EVENT_IPSEC_ESTABLISHED), 1);
    }
}

/* Times between events of a type lie between these, in seconds. */
static void spaced(const struct pair_end *end, enum s2s_event_type type, unsigned least, unsigned most, size_t count)
{
    s2s_time before = 0;
    size_t seen = 0;
    for (size_t i = 0; i < end->event_count; i++) {
        if (end->events[i].type != type)
            continue;
        s2s_time gap = (end->events[i].at - before) / S2S_SECOND;
        before = end->events[i].at;
        if (gap < least || gap > most)
            fail_msg("rekey after %u s, not %u to %u", (unsigned)gap, least, most);
        seen++;
    }
    assert_true(seen >= count);
}

/* lifetime - margin * (1 + fuzz), at the latest lifetime - margin, and an eighth of it for the end that comes second. */
static void test_aws_timing(void **state)
{
    struct pair pair;
    (void)state;
    a_day(&pair, &aws, &aws);
    for (unsigned i = 0; i < 2; i++) {
        spaced(i ? &pair.b : &pair.a, S2S_EVENT_IPSEC_REKEYED, 3600 - 2 * 270 - 5, 3600 - 270 + 270 / 8 + 5, 24);
        spaced(i ? &pair.b : &pair.a, S2S_EVENT_IKE_REKEYED, 28800 - 2 * 270 - 5, 28800 - 270 + 270 / 8 + 5, 3);
    }
    pair_teardown(&pair);
}

/* The end with the shorter lifetime rekeys for both (RFC 7296 section 2.8). */
static void test_lifetimes_differ(void **state)
{
    static const struct {
        const struct lifetimes *a, *b;
    } rows[] = {{&aws, &alibaba}, {&alibaba, &aws}, {&shorter, &aws}, {&aws, &without_margin}};
    struct pair pair;
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        const struct lifetimes *least = rows[i].a->ipsec < rows[i].b->ipsec ? rows[i].a : rows[i].b;
        a_day(&pair, rows[i].a, rows[i].b);
        spaced(&pair.a, S2S_EVENT_IPSEC_REKEYED, (unsigned)least->ipsec / 2, (unsigned)least->ipsec, 24);
        pair_teardown(&pair);
    }
}

static void tune_no_esn(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                        struct s2s_tunnel_params *tunnels)
{
    (void)end;
    (void)gateway;
    (void)connection;
    tunnels[0].esn = 0;
}

/* Without ESN the number space ends after 2^32 packets: the CHILD_SA is replaced before. */
static void test_sequence_runs_out(void **state)
{
    struct streams streams;
    struct pair_params params;
    struct pair pair;
    (void)state;
    pair_params_init(&params);
    params.tune = tune_no_esn;
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    pair_run(&pair, 1000);
    streams_start(&pair, &streams, 5000);
    for (unsigned n = 0; n < 12; n++) {
        struct pair_end *end = n % 2 ? &pair.a : &pair.b;
        struct s2si_esp_sa *sa = s2si_esp_sa_of(end->engine->datapath.esp, tunnel_of(end)->sa_out);
        uint32_t before = tunnel_of(end)->spi_out;
        assert_non_null(sa);
        assert_false(sa->esn);
        assert_in_range(sa->soft_limit, 1, UINT32_MAX - 1000);
        sa->sequence = sa->soft_limit - 20;
        pair_run(&pair, n % 3 ? 400 : 7000); /* with and without the one before still draining */
        assert_int_not_equal(tunnel_of(end)->spi_out, before);
        assert_true(agreed(&pair));
    }
    streams_perfect(&pair, &streams, 1000);
    settled(&pair, S2S_SIM_RAW);
    pair_teardown(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thousand_rekeys),
        cmocka_unit_test(test_thousand_rekeys_kernel_esp),
        cmocka_unit_test(test_lost_messages),
        cmocka_unit_test(test_old_one_deleted_first),
        cmocka_unit_test(test_aws_timing),
        cmocka_unit_test(test_lifetimes_differ),
        cmocka_unit_test(test_sequence_runs_out),
    };
    return cmocka_run_group_tests_name("rekey stream", tests, NULL, NULL);
}
