/* SPDX-License-Identifier: Apache-2.0 */
/* IKEv2 from IKE_SA_INIT to DELETE between two machines: the whole paths, in both roles. */
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

static void list_one(struct s2si_proposal_list *list, unsigned type, enum s2s_algorithm algorithm)
{
    list->items[0].count[type] = algorithm == S2S_ALG_NONE ? 0 : 1;
    list->items[0].algorithms[type][0] = (uint16_t)algorithm;
}

static void list_two(struct s2si_proposal_list *list, unsigned type, enum s2s_algorithm first,
                     enum s2s_algorithm second)
{
    list_one(list, type, first);
    list->items[0].algorithms[type][1] = (uint16_t)second;
    list->items[0].count[type] = 2;
}

static void selector(const char *text, struct s2s_selector *out)
{
    struct s2s_prefix prefix;
    assert_int_equal(s2s_prefix_parse(text, &prefix), 0);
    s2s_selector_from_prefix(&prefix, out);
}

/* ---- the happy path ---- */

static void init_to_child(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    ike_pair_up(&pair);
    assert_sound(&pair);
    assert_int_equal(pair.sent, 4);
    for (int i = 0; i < 2; i++) {
        struct s2si_ike_status status;
        assert_int_equal(ike_pair_events(&pair, i, S2SI_IKE_EV_IKE_UP), 1);
        assert_int_equal(ike_pair_events(&pair, i, S2SI_IKE_EV_CHILD_UP), 1);
        s2si_ike_peer_status(pair.end[i].peer, &status);
        assert_true(status.established && status.child_established);
        assert_int_equal(status.initiator, i == 0);
        assert_int_equal(status.ike.encryption, S2S_AES128_CBC);
        assert_int_equal(status.child.encryption, S2S_AES128_GCM16);
    }
    ike_pair_stop(&pair);
    assert_int_equal(pair.end[0].mem.blocks, 0);
    assert_int_equal(pair.end[1].mem.blocks, 0);
}

/* Nothing leaves before what it depends on is done, and a retransmission does not make it happen twice. */
static void late_completions(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    assert_int_equal(ike_pair_start(&pair), 0);
    for (int i = 0; i < 2; i++)
        pair.end[i].late_jobs = pair.end[i].late_spi = pair.end[i].late_kernel = true;
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_run(&pair);
    assert_int_equal(pair.sent, 0);
    assert_int_equal(ike_pair_complete_one(&pair, 0, PENDING_JOB), 1);
    struct pair_datagram *init = ike_pair_next(&pair, 0);
    assert_non_null(init);
    ike_pair_copy(&pair, init);
    ike_pair_copy(&pair, init); /* doubled while the DH step runs */
    ike_pair_deliver(&pair, init);
    assert_int_equal(ike_pair_complete_one(&pair, 1, PENDING_JOB), 1);
    assert_int_equal(ike_pair_complete_one(&pair, 1, PENDING_JOB), 0);
    ike_pair_run(&pair);
    assert_int_equal(ike_pair_complete_one(&pair, 0, PENDING_JOB), 1);
    assert_null(ike_pair_next(&pair, 0)); /* waits for its SPI */
    assert_int_equal(ike_pair_complete_one(&pair, 0, PENDING_SPI), 1);
    struct pair_datagram *auth = ike_pair_find(&pair, 0, S2SI_IKE_AUTH, false);
    assert_non_null(auth);
    ike_pair_copy(&pair, auth);
    assert_int_equal(ike_pair_complete_one(&pair, 1, PENDING_SPI), 1);
    ike_pair_copy(&pair, auth); /* retransmitted while the kernel works */
    assert_null(ike_pair_next(&pair, 1));
    assert_int_equal(ike_pair_complete_one(&pair, 1, PENDING_INSTALL), 1);
    assert_non_null(ike_pair_find(&pair, 1, S2SI_IKE_AUTH, true));
    ike_pair_deliver(&pair, auth); /* answered from the cache */
    ike_pair_run(&pair);
    (void)ike_pair_complete(&pair, 0);
    (void)ike_pair_complete(&pair, 1);
    ike_pair_run(&pair);
    assert_sound(&pair);
    ike_pair_stop(&pair);
}

static void each_suite(void **state)
{
    static const struct row {
        enum s2s_algorithm encryption, prf, integrity, group, esp, esp_integrity;
    } rows[] = {
        {S2S_AES128_CBC, S2S_PRF_HMAC_SHA2_256, S2S_HMAC_SHA2_256_128, S2S_MODP2048, S2S_AES128_CBC,
         S2S_HMAC_SHA2_256_128},
        {S2S_AES256_CBC, S2S_PRF_HMAC_SHA2_512, S2S_HMAC_SHA2_512_256, S2S_ECP384, S2S_AES256_CBC,
         S2S_HMAC_SHA2_512_256},
        {S2S_AES256_GCM16, S2S_PRF_HMAC_SHA2_384, S2S_ALG_NONE, S2S_ECP256, S2S_AES256_GCM16, S2S_ALG_NONE},
        {S2S_CHACHA20_POLY1305, S2S_PRF_HMAC_SHA2_256, S2S_ALG_NONE, S2S_CURVE25519, S2S_CHACHA20_POLY1305,
         S2S_ALG_NONE},
        {S2S_AES128_CBC, S2S_PRF_HMAC_SHA1, S2S_HMAC_SHA1_96, S2S_MODP1024, S2S_AES128_CBC, S2S_HMAC_SHA1_96},
    };
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct pair pair;
        ike_pair_init(&pair);
        pair.provider = s2s_crypto_mbedtls();
        for (int n = 0; n < 2; n++) {
            list_one(&pair.end[n].ike_list, S2SI_TRANSFORM_ENCR, rows[i].encryption);
            list_one(&pair.end[n].ike_list, S2SI_TRANSFORM_PRF, rows[i].prf);
            list_one(&pair.end[n].ike_list, S2SI_TRANSFORM_INTEG, rows[i].integrity);
            list_one(&pair.end[n].ike_list, S2SI_TRANSFORM_KE, rows[i].group);
            list_one(&pair.end[n].esp_list, S2SI_TRANSFORM_ENCR, rows[i].esp);
            list_one(&pair.end[n].esp_list, S2SI_TRANSFORM_INTEG, rows[i].esp_integrity);
            list_one(&pair.end[n].esp_list, S2SI_TRANSFORM_KE, rows[i].group);
        }
        ike_pair_up(&pair);
        assert_sound(&pair);
        assert_int_equal(s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now), 0);
        ike_pair_run(&pair);
        assert_int_equal(s2si_ike_rekey_ike(pair.end[1].peer, pair.now), 0);
        ike_pair_wait(&pair, 10 * PAIR_SECOND);
        assert_sound(&pair);
        ike_pair_stop(&pair);
    }
}

/* ---- IKE_SA_INIT that takes more than one try ---- */

static void cookie_under_load(void **state)
{
    struct pair pair;
    struct s2si_ike_counters counters;
    (void)state;
    ike_pair_init(&pair);
    pair.limits.cookie_total = 0;
    ike_pair_up(&pair);
    assert_sound(&pair);
    s2si_ike_counters(pair.end[1].ike, &counters);
    assert_int_equal(counters.cookies_sent, 1);
    assert_int_equal(counters.cookies_checked, 1);
    ike_pair_stop(&pair);
}

/* No memory before a valid cookie: a thousand senders leave nothing behind. */
static void cookie_is_stateless(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    pair.limits.cookie_total = 0;
    assert_int_equal(ike_pair_start(&pair), 0);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_tick(&pair);
    ike_pair_pump(&pair, 0);
    struct pair_datagram *init = ike_pair_next(&pair, 0);
    assert_non_null(init);
    uint64_t before = pair.end[1].mem.blocks;
    for (uint8_t i = 0; i < 250; i++) {
        init->data[7] = i; /* SPIi */
        ike_pair_copy(&pair, init);
        struct pair_datagram *answer = ike_pair_next(&pair, 1);
        assert_non_null(answer);
        ike_pair_drop(&pair, answer);
    }
    assert_int_equal(pair.end[1].mem.blocks, before);
    ike_pair_stop(&pair);
}

static void invalid_ke(void **state)
{
    (void)state;
    for (uint32_t cookies = 0; cookies < 2; cookies++) {
        struct pair pair;
        ike_pair_init(&pair);
        pair.limits.cookie_total = cookies == 0 ? 100 : 0;
        list_two(&pair.end[0].ike_list, S2SI_TRANSFORM_KE, S2S_MODP2048, S2S_CURVE25519);
        ike_pair_up(&pair);
        assert_sound(&pair);
        assert_int_equal(pair.sent, cookies == 0 ? 6 : 8);
        ike_pair_stop(&pair);
    }
}

static void invalid_ke_at_rekey(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    list_two(&pair.end[0].esp_list, S2SI_TRANSFORM_KE, S2S_MODP2048, S2S_CURVE25519);
    list_two(&pair.end[0].ike_list, S2SI_TRANSFORM_KE, S2S_CURVE25519, S2S_ECP256);
    list_two(&pair.end[1].ike_list, S2SI_TRANSFORM_KE, S2S_CURVE25519, S2S_ECP256);
    ike_pair_up(&pair);
    assert_int_equal(s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now), 0);
    ike_pair_wait(&pair, 10 * PAIR_SECOND);
    assert_sound(&pair);
    assert_int_equal(pair.end[0].peer->child_rekeys, 1);
    ike_pair_stop(&pair);
}

static void no_common_ike_proposal(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    list_one(&pair.end[1].ike_list, S2SI_TRANSFORM_ENCR, S2S_AES256_CBC);
    ike_pair_up(&pair);
    assert_int_equal(ike_pair_event(&pair, 0, S2SI_IKE_EV_FAILED)->reason, S2SI_IKE_REASON_NO_PROPOSAL);
    assert_int_equal(ike_pair_event(&pair, 1, S2SI_IKE_EV_FAILED)->reason, S2SI_IKE_REASON_NO_PROPOSAL);
    assert_non_null(s2si_peer_connecting(pair.end[0].peer)); /* one clear-text answer proves nothing */
    ike_pair_wait(&pair, 60 * PAIR_SECOND);
    assert_int_equal(ike_pair_ike_sas(&pair, 0) + ike_pair_ike_sas(&pair, 1), 0);
    ike_pair_stop(&pair);
}

/* ---- NAT ---- */

static void behind_nat(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    pair.nat = true;
    (void)s2s_addr_parse("10.9.9.9", &pair.end[0].address);
    pair.end[0].config.local = pair.end[0].address;
    pair.end[1].config.remote = pair.end[0].seen_as;
    ike_pair_up(&pair);
    assert_sound(&pair);
    const struct s2si_ike_child *child = s2si_ike_child_next(pair.end[1].peer, NULL);
    assert_true(child->udp_encapsulation);
    assert_int_equal(child->remote.port, 14500);
    assert_int_equal(child->local.port, 4500);
    assert_true(s2si_peer_established(pair.end[0].peer)->nat_local);
    assert_true(s2si_peer_established(pair.end[1].peer)->nat_remote);
    ike_pair_wait(&pair, 100 * PAIR_SECOND);
    assert_sound(&pair);
    ike_pair_stop(&pair);
}

static void encapsulation_always(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    pair.end[0].config.encapsulation = 1;
    ike_pair_up(&pair);
    assert_sound(&pair);
    assert_true(s2si_ike_child_next(pair.end[0].peer, NULL)->udp_encapsulation);
    assert_true(s2si_ike_child_next(pair.end[1].peer, NULL)->udp_encapsulation);
    ike_pair_stop(&pair);
}

static void encapsulation_never(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    pair.nat = true;
    (void)s2s_addr_parse("10.9.9.9", &pair.end[0].address);
    pair.end[0].config.local = pair.end[0].address;
    pair.end[1].config.remote = pair.end[0].seen_as;
    pair.end[0].config.encapsulation = 2;
    ike_pair_up(&pair);
    assert_int_equal(ike_pair_event(&pair, 0, S2SI_IKE_EV_FAILED)->reason, S2SI_IKE_REASON_NAT_FORBIDDEN);
    ike_pair_stop(&pair);
}

/* ---- IKE_AUTH ---- */

static void narrowing(void **state)
{
    struct pair pair;
    char text[S2S_SELECTOR_TEXT];
    (void)state;
    ike_pair_init(&pair);
    selector("0.0.0.0/0", &pair.end[0].remote_ts[0]);
    selector("0.0.0.0/0", &pair.end[0].local_ts[0]);
    ike_pair_up(&pair);
    assert_sound(&pair);
    const struct s2si_ike_child *child = s2si_ike_child_next(pair.end[0].peer, NULL);
    assert_string_equal(s2s_selector_format(&child->remote_ts[0], text), "10.1.0.0/16");
    assert_string_equal(s2s_selector_format(&child->local_ts[0], text), "10.0.0.0/16");
    ike_pair_stop(&pair);
}

static void several_selectors(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    for (int i = 0; i < 2; i++) {
        struct s2si_ike_peer_config *config = &pair.end[i].config;
        selector("172.16.0.0/24", i == 0 ? &pair.end[i].local_ts[1] : &pair.end[i].remote_ts[1]);
        selector("172.17.0.0/24", i == 0 ? &pair.end[i].remote_ts[1] : &pair.end[i].local_ts[1]);
        selector("fd00:1::/32", i == 0 ? &pair.end[i].remote_ts[2] : &pair.end[i].local_ts[2]);
        config->local_ts_count = i == 0 ? 2 : 3;
        config->remote_ts_count = i == 0 ? 3 : 2;
    }
    ike_pair_up(&pair);
    assert_sound(&pair);
    assert_int_equal(s2si_ike_child_next(pair.end[1].peer, NULL)->local_ts_count, 3);
    assert_int_equal(s2si_ike_child_next(pair.end[0].peer, NULL)->remote_ts_count, 3);
    assert_int_equal(s2si_ike_child_next(pair.end[0].peer, NULL)->local_ts_count, 2);
    ike_pair_stop(&pair);
}

static size_t auth_answer_length(struct pair *pair)
{
    struct pair_datagram *answer;
    assert_int_equal(ike_pair_start(pair), 0);
    (void)s2si_ike_initiate(pair->end[0].peer, pair->now);
    while ((answer = ike_pair_find(pair, 1, S2SI_IKE_AUTH, true)) == NULL) {
        ike_pair_tick(pair);
        struct pair_datagram *next = ike_pair_next(pair, 0) != NULL ? ike_pair_next(pair, 0) : ike_pair_next(pair, 1);
        assert_non_null(next);
        ike_pair_deliver(pair, next);
    }
    return answer->length;
}

/* Who is not known and who has another key cannot be told apart on the wire. */
static void wrong_key_or_identity(void **state)
{
    size_t length[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        ike_pair_init(&pair);
        if (i == 0) {
            pair.end[0].config.psk = (const uint8_t *)"another";
            pair.end[0].config.psk_length = 7;
        } else {
            assert_int_equal(s2si_identity_parse("@nobody.example", &pair.end[0].local_id), 0);
        }
        length[i] = auth_answer_length(&pair);
        ike_pair_run(&pair);
        assert_int_equal(ike_pair_event(&pair, 0, S2SI_IKE_EV_FAILED)->reason, S2SI_IKE_REASON_AUTH_FAILED_BY_PEER);
        assert_int_equal(ike_pair_event(&pair, 0, S2SI_IKE_EV_FAILED)->notify, S2SI_N_AUTHENTICATION_FAILED);
        assert_int_equal(ike_pair_event(&pair, 1, S2SI_IKE_EV_FAILED)->reason,
                         i == 0 ? S2SI_IKE_REASON_AUTH_FAILED : S2SI_IKE_REASON_ID_MISMATCH);
        assert_int_equal(ike_pair_ike_sas(&pair, 0) + ike_pair_ike_sas(&pair, 1), 0);
        assert_int_equal(ike_pair_inbounds(&pair, 0) + ike_pair_inbounds(&pair, 1), 0);
        ike_pair_wait(&pair, 60 * PAIR_SECOND);
        assert_int_equal(s2si_list_count(&pair.end[1].ike->sas), 0);
        ike_pair_stop(&pair);
    }
    assert_int_equal(length[0], length[1]);
}

/* The responder does not prove who it is: it hears AUTHENTICATION_FAILED and drops its IKE_SA. */
static void wrong_responder(void **state)
{
    struct pair pair;
    struct s2si_identity wanted;
    (void)state;
    ike_pair_init(&pair);
    assert_int_equal(s2si_identity_parse("@other.example", &pair.end[1].local_id), 0);
    pair.end[0].config.remote_id = NULL; /* no IDr asked for ... */
    assert_int_equal(ike_pair_start(&pair), 0);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    while (ike_pair_find(&pair, 0, S2SI_IKE_AUTH, false) == NULL) {
        ike_pair_tick(&pair);
        ike_pair_deliver(&pair, ike_pair_next(&pair, 0) != NULL ? ike_pair_next(&pair, 0) : ike_pair_next(&pair, 1));
    }
    assert_int_equal(s2si_identity_parse("@b.example", &wanted), 0);
    pair.end[0].peer->config.remote_id = &wanted; /* ... but one wanted */
    ike_pair_run(&pair);
    assert_int_equal(ike_pair_event(&pair, 0, S2SI_IKE_EV_FAILED)->reason, S2SI_IKE_REASON_ID_MISMATCH);
    assert_int_equal(ike_pair_event(&pair, 1, S2SI_IKE_EV_IKE_DOWN)->reason, S2SI_IKE_REASON_AUTH_FAILED_BY_PEER);
    assert_int_equal(ike_pair_ike_sas(&pair, 0) + ike_pair_ike_sas(&pair, 1), 0);
    ike_pair_wait(&pair, 30 * PAIR_SECOND);
    assert_int_equal(ike_pair_inbounds(&pair, 0) + ike_pair_inbounds(&pair, 1), 0);
    ike_pair_stop(&pair);
}

/* The CHILD_SA alone fails: the IKE_SA stays, and another try follows with CREATE_CHILD_SA. */
static void child_fails_alone(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        ike_pair_init(&pair);
        if (i == 0)
            list_one(&pair.end[1].esp_list, S2SI_TRANSFORM_ENCR, S2S_AES256_GCM16);
        else
            selector("10.77.0.0/16", &pair.end[1].local_ts[0]);
        ike_pair_up(&pair);
        assert_int_equal(ike_pair_ike_sas(&pair, 0), 1);
        assert_int_equal(ike_pair_ike_sas(&pair, 1), 1);
        assert_int_equal(ike_pair_inbounds(&pair, 0) + ike_pair_inbounds(&pair, 1), 0);
        assert_int_equal(ike_pair_event(&pair, 0, S2SI_IKE_EV_CHILD_FAILED)->notify,
                         i == 0 ? S2SI_N_NO_PROPOSAL_CHOSEN : S2SI_N_TS_UNACCEPTABLE);
        if (i == 0)
            list_one(pair.end[1].peer->lists.esp, S2SI_TRANSFORM_ENCR, S2S_AES128_GCM16);
        else
            selector("10.1.0.0/16", &pair.end[1].peer->lists.local_ts[0]);
        ike_pair_wait(&pair, 20 * PAIR_SECOND);
        assert_sound(&pair);
        ike_pair_stop(&pair);
    }
}

/* ---- rekey, delete, liveness ---- */

static void rekeys(void **state)
{
    (void)state;
    for (int pfs = 0; pfs < 2; pfs++) {
        struct pair pair;
        ike_pair_init(&pair);
        for (int i = 0; i < 2 && pfs == 0; i++)
            list_one(&pair.end[i].esp_list, S2SI_TRANSFORM_KE, S2S_ALG_NONE);
        ike_pair_up(&pair);
        for (int round = 0; round < 4; round++) {
            uint32_t spi = ike_pair_outbound(&pair, 0)->spi_out;
            assert_int_equal(s2si_ike_rekey_child(pair.end[round % 2].peer, 0, pair.now), 0);
            ike_pair_run(&pair);
            assert_true(ike_pair_flows(&pair, 0) && ike_pair_flows(&pair, 1));
            assert_int_equal(ike_pair_children(&pair, 0), 1);
            assert_int_equal(ike_pair_inbounds(&pair, 1), 2); /* the old one drains */
            assert_int_not_equal(ike_pair_outbound(&pair, 0)->spi_out, spi);
            ike_pair_wait(&pair, 8 * PAIR_SECOND);
            assert_sound(&pair);
            assert_int_equal(s2si_ike_rekey_ike(pair.end[round / 2].peer, pair.now), 0);
            ike_pair_wait(&pair, 2 * PAIR_SECOND);
            assert_sound(&pair);
        }
        assert_int_equal(pair.end[0].peer->child_rekeys, 4);
        assert_int_equal(pair.end[1].peer->ike_rekeys, 4);
        assert_int_equal(ike_pair_events(&pair, 0, S2SI_IKE_EV_CHILD_DOWN), 0);
        assert_int_equal(ike_pair_events(&pair, 0, S2SI_IKE_EV_IKE_DOWN), 0);
        ike_pair_stop(&pair);
    }
}

/* At no moment of a rekey is there a packet that the other end could not read. */
static void rekey_loses_nothing(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    ike_pair_up(&pair);
    for (int round = 0; round < 6; round++) {
        pair.end[0].late_kernel = pair.end[1].late_kernel = true;
        assert_int_equal(s2si_ike_rekey_child(pair.end[round % 2].peer, 0, pair.now), 0);
        for (int step = 0; step < 60; step++) {
            ike_pair_tick(&pair);
            struct pair_datagram *next = ike_pair_next(&pair, step % 2) != NULL ? ike_pair_next(&pair, step % 2)
                                                                                : ike_pair_next(&pair, 1 - step % 2);
            if (next != NULL)
                ike_pair_deliver(&pair, next);
            else if (ike_pair_complete_one(&pair, step % 2, PENDING_INSTALL) == 0)
                (void)ike_pair_complete_one(&pair, 1 - step % 2, PENDING_INSTALL);
            assert_true(ike_pair_flows(&pair, 0));
            assert_true(ike_pair_flows(&pair, 1));
        }
        pair.end[0].late_kernel = pair.end[1].late_kernel = false;
        (void)ike_pair_complete(&pair, 0);
        (void)ike_pair_complete(&pair, 1);
        ike_pair_wait(&pair, 10 * PAIR_SECOND);
        assert_sound(&pair);
    }
    ike_pair_stop(&pair);
}

/* Both ends live by their own timers for three days: rekeys by both, never a gap. */
static void lifetimes(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    pair.end[1].config.child_lifetime = 3000 * PAIR_SECOND;
    ike_pair_up(&pair);
    for (int i = 0; i < 3 * 24 * 6; i++) {
        ike_pair_wait(&pair, 600 * PAIR_SECOND);
        assert_true(ike_pair_flows(&pair, 0) && ike_pair_flows(&pair, 1));
    }
    ike_pair_wait(&pair, 30 * PAIR_SECOND);
    assert_true(pair.end[0].peer->child_rekeys > 60);
    assert_true(pair.end[0].peer->ike_rekeys > 6);
    assert_int_equal(ike_pair_events(&pair, 0, S2SI_IKE_EV_CHILD_DOWN), 0);
    assert_int_equal(ike_pair_events(&pair, 0, S2SI_IKE_EV_IKE_DOWN), 0);
    ike_pair_stop(&pair);
    assert_int_equal(pair.end[0].mem.blocks, 0);
}

static void terminate_either_end(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pair pair;
        ike_pair_init(&pair);
        ike_pair_up(&pair);
        assert_int_equal(s2si_ike_terminate(pair.end[i].peer, true, pair.now), 0);
        ike_pair_run(&pair);
        assert_int_equal(ike_pair_children(&pair, 0) + ike_pair_children(&pair, 1), 0);
        assert_int_equal(ike_pair_inbounds(&pair, 0), 1); /* late packets are still read */
        assert_int_equal(ike_pair_inbounds(&pair, 1), 1);
        assert_int_equal(ike_pair_event(&pair, 1 - i, S2SI_IKE_EV_IKE_DOWN)->reason, S2SI_IKE_REASON_PEER_DELETE);
        assert_int_equal(ike_pair_event(&pair, i, S2SI_IKE_EV_IKE_DOWN)->reason, S2SI_IKE_REASON_ADMIN);
        assert_int_equal(ike_pair_events(&pair, 1 - i, S2SI_IKE_EV_DELETE_RECEIVED), 1);
        ike_pair_wait(&pair, 30 * PAIR_SECOND);
        assert_int_equal(ike_pair_inbounds(&pair, 0) + ike_pair_inbounds(&pair, 1), 0);
        assert_int_equal(ike_pair_ike_sas(&pair, 0) + ike_pair_ike_sas(&pair, 1), 0);
        ike_pair_stop(&pair);
    }
}

/* A "start" peer comes back, unless it is held. */
static void start_reconnects(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    pair.end[0].config.start = true;
    assert_int_equal(ike_pair_start(&pair), 0);
    ike_pair_run(&pair);
    assert_sound(&pair);
    assert_int_equal(s2si_ike_terminate(pair.end[1].peer, true, pair.now), 0);
    ike_pair_wait(&pair, 20 * PAIR_SECOND);
    assert_sound(&pair);
    assert_int_equal(s2si_ike_terminate(pair.end[0].peer, true, pair.now), 0);
    ike_pair_wait(&pair, 300 * PAIR_SECOND);
    assert_int_equal(ike_pair_ike_sas(&pair, 0), 0);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_run(&pair);
    assert_sound(&pair);
    ike_pair_stop(&pair);
}

static int drop_all(struct pair *pair, const struct pair_datagram *datagram)
{
    (void)pair;
    (void)datagram;
    return 0;
}

static void liveness(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    ike_pair_up(&pair);
    assert_int_equal(s2si_ike_liveness(pair.end[0].peer, pair.now), 0);
    ike_pair_pump(&pair, 0);
    assert_int_equal(s2si_ike_liveness(pair.end[0].peer, pair.now), 0); /* the same bytes again */
    ike_pair_pump(&pair, 0);
    ike_pair_drop(&pair, ike_pair_next(&pair, 0));
    ike_pair_run(&pair);
    assert_int_equal(ike_pair_events(&pair, 0, S2SI_IKE_EV_ALIVE), 1);
    ike_pair_wait(&pair, 100 * PAIR_SECOND);
    assert_true(ike_pair_events(&pair, 0, S2SI_IKE_EV_ALIVE) > 2);
    assert_sound(&pair);
    pair.judge = drop_all;
    s2s_time silent = pair.now;
    while (ike_pair_ike_sas(&pair, 0) != 0 && pair.now < silent + 100 * PAIR_SECOND)
        ike_pair_wait(&pair, PAIR_SECOND);
    assert_int_equal(ike_pair_event(&pair, 0, S2SI_IKE_EV_IKE_DOWN)->reason, S2SI_IKE_REASON_DPD);
    assert_true(pair.now - silent <= 32 * PAIR_SECOND);
    assert_int_equal(ike_pair_inbounds(&pair, 0) + ike_pair_children(&pair, 0), 0);
    ike_pair_stop(&pair);
}

/* ESP that verifies is a sign of life: no probe is sent. */
static void traffic_is_life(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    ike_pair_up(&pair);
    unsigned sent = pair.sent;
    for (int i = 0; i < 60; i++) {
        s2si_ike_peer_alive(pair.end[0].peer, pair.now);
        s2si_ike_peer_alive(pair.end[1].peer, pair.now);
        ike_pair_wait(&pair, PAIR_SECOND);
    }
    assert_int_equal(pair.sent, sent);
    ike_pair_stop(&pair);
}

static void dpd_actions(void **state)
{
    (void)state;
    for (uint8_t action = 0; action < 3; action++) {
        struct pair pair;
        ike_pair_init(&pair);
        pair.end[0].config.dpd_action = action;
        ike_pair_up(&pair);
        pair.judge = drop_all;
        ike_pair_wait(&pair, 200 * PAIR_SECOND);
        assert_int_equal(ike_pair_ike_sas(&pair, 0), action == 1 ? 1 : 0);
        assert_int_equal(ike_pair_children(&pair, 0), action == 1 ? 1 : 0);
        pair.judge = NULL;
        ike_pair_wait(&pair, 200 * PAIR_SECOND);
        assert_int_equal(ike_pair_children(&pair, 0), action == 2 ? 1 : ike_pair_children(&pair, 0));
        if (action == 2)
            assert_sound(&pair);
        ike_pair_stop(&pair);
    }
}

/* ---- INITIAL_CONTACT ---- */

static void peer_reboots(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    ike_pair_up(&pair);
    s2si_ike_free(pair.end[0].ike); /* without farewell */
    memset(pair.end[0].sas, 0, sizeof pair.end[0].sas);
    pair.end[0].sa_count = pair.end[0].event_count = 0;
    pair.end[0].next_spi += 1000;
    struct s2si_ike_params params = {
        .mem = &pair.end[0].mem, .log = &pair.end[0].log, .crypto = &pair.end[0].crypto, .limits = pair.limits};
    pair.end[0].ike = s2si_ike_new(&params);
    assert_int_equal(s2si_ike_peer_add(pair.end[0].ike, &pair.end[0].config, pair.now, &pair.end[0].peer), 0);
    pair.now += PAIR_SECOND;
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_wait(&pair, 10 * PAIR_SECOND);
    assert_sound(&pair);
    ike_pair_stop(&pair);
}

/* Two tunnels of one pair of FQDNs between other addresses: neither wipes out the other. */
static void two_tunnels_equal_names(void **state)
{
    struct pair pair;
    struct s2si_ike_peer *second[2];
    (void)state;
    ike_pair_init(&pair);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(s2si_identity_parse(i == 0 ? "@a.example" : "@b.example", &pair.end[i].local_id), 0);
        assert_int_equal(s2si_identity_parse(i == 0 ? "@b.example" : "@a.example", &pair.end[i].remote_id), 0);
    }
    assert_int_equal(ike_pair_start(&pair), 0);
    for (int i = 0; i < 2; i++) {
        struct s2si_ike_peer_config config = pair.end[i].config;
        config.owner += 10;
        config.local.bytes[3] = config.remote.bytes[3] = 2;
        assert_int_equal(s2si_ike_peer_add(pair.end[i].ike, &config, pair.now, &second[i]), 0);
    }
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_wait(&pair, 2 * PAIR_SECOND);
    (void)s2si_ike_initiate(second[0], pair.now);
    ike_pair_wait(&pair, 2 * PAIR_SECOND);
    assert_int_equal(ike_pair_ike_sas(&pair, 0), 2);
    assert_int_equal(ike_pair_ike_sas(&pair, 1), 2);
    assert_non_null(s2si_peer_established(pair.end[1].peer));
    assert_non_null(s2si_peer_established(second[1]));
    assert_int_equal(ike_pair_children(&pair, 1), 2);
    assert_int_equal(ike_pair_events(&pair, 1, S2SI_IKE_EV_IKE_DOWN), 0);
    ike_pair_stop(&pair);
}

/* ---- fragments, strangers ---- */

static void fragmented(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    for (int i = 0; i < 2; i++)
        pair.end[i].config.fragment_size = 160;
    ike_pair_up(&pair);
    assert_sound(&pair);
    assert_true(pair.sent > 6);
    struct s2si_ike_counters counters;
    s2si_ike_counters(pair.end[1].ike, &counters);
    assert_true(counters.fragments_in >= 2);
    (void)s2si_ike_rekey_child(pair.end[1].peer, 0, pair.now);
    ike_pair_wait(&pair, 10 * PAIR_SECOND);
    assert_sound(&pair);
    ike_pair_stop(&pair);
}

static void half_open_is_bounded(void **state)
{
    struct pair pair;
    struct s2si_ike_counters counters;
    (void)state;
    ike_pair_init(&pair);
    pair.limits.cookie_per_address = 1000;
    pair.limits.half_open_per_address = 5;
    assert_int_equal(ike_pair_start(&pair), 0);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_pump(&pair, 0);
    struct pair_datagram *init = ike_pair_next(&pair, 0);
    for (uint8_t i = 0; i < 100; i++) {
        init->data[7] = i;
        ike_pair_copy(&pair, init);
    }
    s2si_ike_counters(pair.end[1].ike, &counters);
    assert_int_equal(counters.half_open, 5);
    ike_pair_drop(&pair, init);
    ike_pair_wait(&pair, 60 * PAIR_SECOND);
    s2si_ike_counters(pair.end[1].ike, &counters);
    assert_int_equal(counters.half_open, 0);
    ike_pair_stop(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_to_child),
        cmocka_unit_test(late_completions),
        cmocka_unit_test(each_suite),
        cmocka_unit_test(cookie_under_load),
        cmocka_unit_test(cookie_is_stateless),
        cmocka_unit_test(invalid_ke),
        cmocka_unit_test(invalid_ke_at_rekey),
        cmocka_unit_test(no_common_ike_proposal),
        cmocka_unit_test(behind_nat),
        cmocka_unit_test(encapsulation_always),
        cmocka_unit_test(encapsulation_never),
        cmocka_unit_test(narrowing),
        cmocka_unit_test(several_selectors),
        cmocka_unit_test(wrong_key_or_identity),
        cmocka_unit_test(wrong_responder),
        cmocka_unit_test(child_fails_alone),
        cmocka_unit_test(rekeys),
        cmocka_unit_test(rekey_loses_nothing),
        cmocka_unit_test(lifetimes),
        cmocka_unit_test(terminate_either_end),
        cmocka_unit_test(start_reconnects),
        cmocka_unit_test(liveness),
        cmocka_unit_test(traffic_is_life),
        cmocka_unit_test(dpd_actions),
        cmocka_unit_test(peer_reboots),
        cmocka_unit_test(two_tunnels_equal_names),
        cmocka_unit_test(fragmented),
        cmocka_unit_test(half_open_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
