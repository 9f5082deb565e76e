/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bad inputs that brought other IKE and ESP implementations down, each played against two whole IKEv2 machines by the
 * number of its row in the list of known cases (45 and 46, which are ESP alone, in test_esp_attack_rows.c). What codecs alone show stands in tests/unit/test_ike_hostile.c.
 * Each prints "row N: what: result".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/sim/crypto_spy.h"
#include "tests/sim/ike_fault_play.h"

/* ---- help ---- */

static void result(unsigned row, const char *what, const char *how)
{
    printf("row %u: %s: %s\n", row, what, how);
}

static void assert_sound(const struct pair *pair)
{
    const char *fault = ike_pair_fault(pair);
    if (fault != NULL)
        fail_msg("%s", fault);
}

/* A fault of the faulty peer in one place, both ends in turn. */
static void expect(enum fault_scenario scenario, fault_edit *edit, int argument, bool response,
                   enum fault_outcome outcome, int value)
{
    for (int faulty = 0; faulty < 2; faulty++) {
        struct fault_case row = {.name = "row", .scenario = scenario, .edit = edit, .argument = argument};
        struct fault_result got = fault_play(&row, response, faulty);
        assert_true(got.played);
        if (got.seen.outcome != outcome || got.seen.value != value)
            fail_msg("argument %d: outcome %d (%d), expected %d (%d)", argument, (int)got.seen.outcome, got.seen.value,
                     (int)outcome, value);
        if (got.wrong != NULL)
            fail_msg("argument %d: afterwards: %s", argument, got.wrong);
        assert_int_equal(got.blocks, 0);
    }
}

static void refused(enum fault_scenario scenario, fault_edit *edit, int argument, uint16_t notify)
{
    expect(scenario, edit, argument, false, ANSWERS, notify);
}

static struct s2si_ike_sa *first_sa(struct pair_end *end)
{
    return s2si_list_empty(&end->ike->sas) ? NULL : S2SI_CONTAINER(end->ike->sas.next, struct s2si_ike_sa, node);
}

/* A chain sealed by one end's IKE_SA and fed to the other: authentic, but nothing that the first one means. */
static void inject(struct pair *pair, int from, uint8_t exchange, bool response, uint32_t id, uint8_t first,
                   const uint8_t *chain, size_t length)
{
    struct s2si_ike_sa *sa = first_sa(&pair->end[from]);
    uint8_t wire[8192];
    size_t sealed = 0;
    if (sa == NULL || sa->sk_out.transform == NULL)
        return;
    struct s2si_ike_header header = {
        .spi_i = sa->spi_i,
        .spi_r = sa->spi_r,
        .version = S2SI_IKE_VERSION,
        .exchange = exchange,
        .flags = (uint8_t)((sa->initiator ? S2SI_IKE_FLAG_INITIATOR : 0) | (response ? S2SI_IKE_FLAG_RESPONSE : 0)),
        .message_id = id};
    assert_int_equal(s2si_sk_seal(&sa->sk_out, &header, first, chain, length, wire, sizeof wire, &sealed), 0);
    s2si_ike_feed(pair->end[1 - from].ike, &sa->remote, &sa->local, wire, sealed, pair->now);
    ike_pair_pump(pair, 1 - from);
}

static void stop_clean(struct pair *pair)
{
    ike_pair_stop(pair);
    assert_int_equal(pair->end[0].mem.blocks + pair->end[1].mem.blocks, 0);
}

/* Up to the initiator's IKE_AUTH request, which is in flight and returned. */
static struct pair_datagram *until_auth(struct pair *pair)
{
    (void)s2si_ike_initiate(pair->end[0].peer, pair->now);
    ike_pair_tick(pair);
    for (int i = 0; i < 20 && ike_pair_find(pair, 0, S2SI_IKE_AUTH, false) == NULL; i++) {
        struct pair_datagram *next = ike_pair_next(pair, 0) != NULL ? ike_pair_next(pair, 0) : ike_pair_next(pair, 1);
        assert_non_null(next);
        ike_pair_deliver(pair, next);
        ike_pair_tick(pair);
    }
    return ike_pair_find(pair, 0, S2SI_IKE_AUTH, false);
}

/* ---- 1, 2, 3, 5, 6: first messages ---- */

static void row_1(void **state)
{
    (void)state;
    refused(FAULT_INIT, edit_ke_group, 1025, S2SI_N_INVALID_KE_PAYLOAD);
    refused(FAULT_CHILD_REKEY, edit_ke_group, 1025, S2SI_N_INVALID_KE_PAYLOAD);
    refused(FAULT_IKE_REKEY, edit_ke_group, 65535, S2SI_N_INVALID_KE_PAYLOAD);
    expect(FAULT_INIT, edit_ke_group, 1025, true, DOUBTED, S2SI_IKE_REASON_NO_PROPOSAL);
    result(1, "KE of a private group", "INVALID_KE_PAYLOAD; as an answer it is not believed");
}

static void row_2(void **state)
{
    struct pair pair;
    (void)state;
    for (int type = 1; type <= S2SI_IKEV1_PAYLOAD_LAST; type++) {
        expect(FAULT_INIT, edit_ikev1, type, false, SILENT, 0);
        refused(FAULT_AUTH, edit_ikev1, type, S2SI_N_INVALID_SYNTAX);
    }
    ike_pair_init(&pair); /* and the reverse: version 1.0 with IKEv2 payloads, all exchange types */
    assert_int_equal(ike_pair_start(&pair), 0);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_pump(&pair, 0);
    struct pair_datagram *init = ike_pair_next(&pair, 0);
    uint64_t before = pair.end[1].mem.blocks;
    init->data[17] = 0x10;
    for (unsigned exchange = 0; exchange < 256; exchange++) {
        init->data[18] = (uint8_t)exchange;
        ike_pair_copy(&pair, init);
    }
    init->data[17] = 0x20;
    init->data[18] = S2SI_IKE_SA_INIT;
    while (ike_pair_next(&pair, 1) != NULL)
        ike_pair_drop(&pair, ike_pair_next(&pair, 1));
    assert_int_equal(pair.end[1].mem.blocks, before);
    ike_pair_run(&pair);
    assert_sound(&pair);
    stop_clean(&pair);
    result(2, "IKEv1 payloads in IKEv2 and the reverse", "dropped before, INVALID_SYNTAX behind the integrity check");
}

static void row_3(void **state)
{
    (void)state;
    expect(FAULT_INIT, edit_ke_zero, 0, false, SILENT, 0);
    expect(FAULT_INIT, edit_ke_zero, 0, true, ENDS, S2SI_IKE_REASON_INVALID_KE);
    refused(FAULT_INIT, edit_ke_length, 0, S2SI_N_INVALID_SYNTAX);
    refused(FAULT_INIT, edit_omit, S2SI_PAYLOAD_KE, S2SI_N_INVALID_SYNTAX);
    refused(FAULT_CHILD_REKEY, edit_ke_zero, 0, S2SI_N_INVALID_SYNTAX);
    refused(FAULT_IKE_REKEY, edit_ke_zero, 0, S2SI_N_INVALID_SYNTAX);
    result(3, "g^x zero, empty or missing", "refused, in IKE_SA_INIT and at rekeys");
}

static void row_5(void **state)
{
    (void)state;
    refused(FAULT_INIT, edit_sa, SA_NO_GROUP, S2SI_N_NO_PROPOSAL_CHOSEN);
    refused(FAULT_IKE_REKEY, edit_sa, SA_NO_GROUP, S2SI_N_NO_PROPOSAL_CHOSEN);
    expect(FAULT_INIT, edit_sa, SA_NO_GROUP, true, DOUBTED, S2SI_IKE_REASON_NO_PROPOSAL);
    result(5, "IKE proposal without a DH transform", "NO_PROPOSAL_CHOSEN");
}

static void row_6(void **state)
{
    struct crypto_spy spy;
    struct pair pair;
    (void)state;
    refused(FAULT_INIT, edit_sa, SA_ONLY_UNKNOWN_ID, S2SI_N_NO_PROPOSAL_CHOSEN);
    refused(FAULT_AUTH, edit_sa, SA_ONLY_UNKNOWN_ID, S2SI_N_NO_PROPOSAL_CHOSEN);
    ike_pair_init(&pair); /* what the linked library lacks is never offered nor accepted */
    pair.provider = crypto_spy_table(&spy, s2s_crypto_test());
    spy.lacks = S2S_AES128_CBC;
    assert_int_equal(ike_pair_start(&pair), S2S_ERR_UNSUPPORTED);
    stop_clean(&pair);
    result(6, "an algorithm that the library lacks", "refused at configuration, never chosen from a proposal");
}

/* ---- 7: crypto that fails at run time ---- */

/* Each call of each kind fails once, in a handshake and two rekeys. @return calls tried. */
static unsigned each_call_fails(enum spy_call call)
{
    unsigned at = 0;
    for (bool over = false; !over;) {
        struct crypto_spy spy;
        struct pair pair;
        ike_pair_init(&pair);
        pair.provider = crypto_spy_table(&spy, s2s_crypto_test());
        pair.esp_provider = s2s_crypto_test();
        spy.fails = call;
        spy.fails_at = ++at;
        pair.end[0].config.start = true;
        if (ike_pair_start(&pair) == 0) {
            ike_pair_wait(&pair, 5 * PAIR_SECOND);
            (void)s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now);
            ike_pair_wait(&pair, 5 * PAIR_SECOND);
            (void)s2si_ike_rekey_ike(pair.end[1].peer, pair.now);
            ike_pair_wait(&pair, 5 * PAIR_SECOND);
            over = spy.calls[call] < at;
            ike_pair_wait(&pair, 300 * PAIR_SECOND);
            if (ike_pair_fault(&pair) != NULL)
                fail_msg("crypto call %d, number %u: %s", (int)call, at, ike_pair_fault(&pair));
        }
        stop_clean(&pair);
    }
    return at - 1;
}

static void row_7(void **state)
{
    char text[80];
    unsigned tried = 0;
    (void)state;
    for (enum spy_call call = SPY_RANDOM; call < SPY_CALLS; call++)
        tried += each_call_fails(call);
    (void)snprintf(text, sizeof text, "%u calls failed one by one; each time up again, nothing leaked", tried);
    result(7, "PRF or other crypto refused at run time", text);
}

/* ---- 8: encrypted messages before there is anyone to be ---- */

static void row_8(void **state)
{
    static const uint8_t deletes[] = {0, 0, 0, 8, S2SI_PROTOCOL_IKE, 0, 0, 0};
    struct pair pair;
    (void)state;
    ike_pair_init(&pair); /* sealed with the right keys, before IKE_AUTH */
    assert_int_equal(ike_pair_start(&pair), 0);
    struct pair_datagram *auth = until_auth(&pair);
    for (uint32_t id = 0; id < 4; id++) {
        inject(&pair, 0, S2SI_INFORMATIONAL, false, id, S2SI_PAYLOAD_DELETE, deletes, sizeof deletes);
        inject(&pair, 1, S2SI_INFORMATIONAL, false, id, S2SI_PAYLOAD_DELETE, deletes, sizeof deletes);
        inject(&pair, 1, S2SI_INFORMATIONAL, true, id, 0, deletes, 0);
        inject(&pair, 1, S2SI_CREATE_CHILD_SA, true, id, 0, deletes, 0);
    }
    assert_int_equal(ike_pair_ike_sas(&pair, 1), 0);
    ike_pair_drop(&pair, auth);
    s2si_ike_peer_keep_up(pair.end[0].peer, true);
    ike_pair_wait(&pair, 60 * PAIR_SECOND);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_wait(&pair, 140 * PAIR_SECOND);
    assert_sound(&pair);
    stop_clean(&pair);

    ike_pair_init(&pair); /* the responder works on its DH step: no keys at all */
    pair.end[1].late_jobs = true;
    assert_int_equal(ike_pair_start(&pair), 0);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_tick(&pair);
    ike_pair_deliver(&pair, ike_pair_next(&pair, 0));
    struct s2si_ike_sa *half = first_sa(&pair.end[1]);
    uint8_t garbage[100] = {0};
    struct s2si_writer writer = s2si_writer(garbage, sizeof garbage);
    struct s2si_ike_header header = {.spi_i = half->spi_i, .spi_r = half->spi_r, .next_payload = S2SI_PAYLOAD_SK,
                                     .version = S2SI_IKE_VERSION, .exchange = S2SI_INFORMATIONAL,
                                     .flags = S2SI_IKE_FLAG_INITIATOR, .message_id = 1, .length = sizeof garbage};
    s2si_ike_header_write(&writer, &header);
    s2si_write_u32(&writer, sizeof garbage - 28);
    s2si_ike_feed(pair.end[1].ike, &half->local, &half->remote, garbage, sizeof garbage, pair.now);
    (void)ike_pair_complete(&pair, 1);
    pair.end[1].late_jobs = false;
    ike_pair_run(&pair);
    assert_sound(&pair);
    stop_clean(&pair);
    result(8, "encrypted INFORMATIONAL before IKE_AUTH", "has no place: dropped, the handshake goes on");
}

/* ---- 12, 13: fragments ---- */

static void fragment(struct pair *pair, int from, uint16_t number, uint16_t total, uint8_t first, const uint8_t *chain,
                     size_t length)
{
    struct s2si_ike_sa *sa = first_sa(&pair->end[from]);
    struct s2si_ike_sa *target = first_sa(&pair->end[1 - from]);
    uint8_t wire[2048];
    struct s2si_writer writer = s2si_writer(wire, sizeof wire);
    struct s2si_sk *sk = &sa->sk_out;
    size_t pad = (sk->block - (length + 1) % sk->block) % sk->block;
    size_t size = 28 + 8 + sk->iv_length + length + pad + 1 + sk->icv_length;
    struct s2si_ike_header header = {.spi_i = sa->spi_i, .spi_r = sa->spi_r, .next_payload = S2SI_PAYLOAD_SKF,
                                     .version = S2SI_IKE_VERSION, .exchange = S2SI_INFORMATIONAL,
                                     .flags = sa->initiator ? S2SI_IKE_FLAG_INITIATOR : 0,
                                     .message_id = target->next_in, .length = (uint32_t)size};
    s2si_ike_header_write(&writer, &header);
    s2si_write_u8(&writer, first);
    s2si_write_u8(&writer, 0);
    s2si_write_u16(&writer, (uint16_t)(size - 28));
    s2si_write_u16(&writer, number);
    s2si_write_u16(&writer, total);
    size_t iv = s2si_write_hole(&writer, sk->iv_length), data = writer.length;
    s2si_write_bytes(&writer, chain, length);
    s2si_write_zeros(&writer, pad);
    s2si_write_u8(&writer, (uint8_t)pad);
    size_t icv = s2si_write_hole(&writer, sk->icv_length);
    assert_false(writer.failed);
    struct s2s_crypto_op op = {.data = wire + data, .length = icv - data, .iv = wire + iv, .aad = wire,
                               .aad_length = iv, .icv = wire + icv};
    s2si_crypto_seal(sk->crypto, sk->transform, &op, 1);
    s2si_ike_feed(pair->end[1 - from].ike, &sa->remote, &sa->local, wire, size, pair->now);
    ike_pair_pump(pair, 1 - from);
}

static void standing(struct pair *pair)
{
    ike_pair_init(pair);
    ike_pair_up(pair);
    assert_sound(pair);
    pair->end[1].mem.peak_bytes = pair->end[1].mem.bytes;
}

static void drop_all(struct pair *pair)
{
    for (int end = 0; end < 2; end++) {
        while (ike_pair_next(pair, end) != NULL)
            ike_pair_drop(pair, ike_pair_next(pair, end));
    }
}

static void row_12(void **state)
{
    struct pair pair;
    (void)state;
    for (unsigned payloads = 25; payloads < 300; payloads += 5) { /* each of four bytes, 20 in a fragment */
        uint8_t chain[80];
        uint16_t total = (uint16_t)((payloads + 19) / 20);
        standing(&pair);
        for (size_t i = 0; i < 20; i++)
            memcpy(chain + 4 * i, "\xc8\0\0\4", 4);
        for (uint16_t n = 1; n <= total; n++) {
            unsigned here = n < total ? 20 : payloads - 20u * (total - 1u);
            if (n == total)
                chain[4 * (here - 1)] = 0;
            fragment(&pair, 0, n, total, n == 1 ? 200 : 0, chain, 4u * here);
        }
        drop_all(&pair);
        struct s2si_ike_sa *sa = first_sa(&pair.end[1]);
        assert_true(sa != NULL && !sa->reassembly.active);
        pair.end[0].config.start = true;
        s2si_ike_peer_keep_up(pair.end[0].peer, true);
        first_sa(&pair.end[0])->next_out++; /* that request was a's */
        (void)s2si_ike_liveness(pair.end[0].peer, pair.now);
        ike_pair_wait(&pair, 100 * PAIR_SECOND);
        assert_sound(&pair);
        stop_clean(&pair);
    }
    result(12, "SKF that joins to more payloads than fit", "INVALID_SYNTAX, the IKE_SA stands");
}

static void row_13(void **state)
{
    static const struct {
        uint16_t number, total;
        uint8_t first;
        size_t length;
    } wrong[] = {{0, 2, 41, 8},   {3, 2, 0, 8},  {1, 0, 41, 8},      {2, 2, 41, 8},  {1, 2, 0, 8},  {1, 65535, 41, 8},
                 {1, 65, 41, 8},  {65535, 65535, 0, 8}, {2, 3, 0, 0}, {1, 3, 41, 0}, {3, 3, 0, 0},  {2, 3, 0, 8},
                 {2, 4, 0, 1000}, {2, 3, 0, 1000},      {4, 4, 0, 1}, {1, 4, 41, 1}, {3, 4, 0, 200}};
    struct pair pair;
    uint8_t bytes[1000];
    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    standing(&pair);
    for (unsigned order = 0; order < 2; order++) {
        for (size_t i = 0; i < S2SI_COUNT(wrong); i++) {
            size_t at = order == 0 ? i : S2SI_COUNT(wrong) - 1 - i;
            fragment(&pair, 0, wrong[at].number, wrong[at].total, wrong[at].first, bytes, wrong[at].length);
        }
    }
    for (uint16_t n = 64; n > 0; n--) /* last first, all but the first: it can wait, but not for long */
        fragment(&pair, 0, (uint16_t)(n == 1 ? 2 : n), 64, 0, bytes, 1000);
    assert_true(pair.end[1].mem.peak_bytes - pair.end[1].mem.bytes < 65536);
    assert_true(pair.end[1].mem.bytes < 65536 + 16384);
    drop_all(&pair);
    first_sa(&pair.end[0])->next_out = first_sa(&pair.end[1])->next_in; /* what was whole counts as a's request */
    ike_pair_wait(&pair, 20 * PAIR_SECOND);
    assert_false(first_sa(&pair.end[1])->reassembly.active); /* forgotten by age */
    (void)s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now);
    ike_pair_wait(&pair, 100 * PAIR_SECOND);
    assert_sound(&pair);
    stop_clean(&pair);
    result(13, "fragments with wrong sums, index, order", "dropped; memory bounded, forgotten after 15 s");
}

/* ---- 19, 20: identities and texts ---- */

static void row_19(void **state)
{
    static const int lengths[] = {256, 257, 520, 1024, 4096, 12000};
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(lengths); i++) {
        refused(FAULT_AUTH, edit_id_length, lengths[i], S2SI_N_INVALID_SYNTAX);
        expect(FAULT_AUTH, edit_id_length, lengths[i], true, ENDS, S2SI_IKE_REASON_INVALID_SYNTAX);
    }
    refused(FAULT_AUTH, edit_id_length, 255, S2SI_N_AUTHENTICATION_FAILED);
    refused(FAULT_AUTH, edit_id_length, 0, S2SI_N_INVALID_SYNTAX);
    result(19, "identity longer than its buffer", "INVALID_SYNTAX; the longest that fits is compared and refused");
}

struct listener {
    unsigned lines, bad;
};

static void listen(void *user, const struct s2s_log_line *line)
{
    struct listener *listener = user;
    listener->lines++;
    for (const char *at = line->text; *at != 0; at++)
        listener->bad += (unsigned char)*at < 32 || (unsigned char)*at > 126 ? 1u : 0u;
}

static void row_20(void **state)
{
    static const char *const hostile = "%s%s%n%n`reboot`$(reboot);\r\n\x1b[2J\x01\xff";
    struct listener listener = {0, 0};
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    struct s2si_identity id = {.type = S2SI_ID_KEY_ID, .length = (uint8_t)strlen(hostile)};
    memcpy(id.data, hostile, id.length);
    pair.end[0].local_id = id; /* nobody that b knows */
    assert_int_equal(ike_pair_start(&pair), 0);
    for (int i = 0; i < 2; i++) {
        pair.end[i].log.function = listen;
        pair.end[i].log.user = &listener;
    }
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_run(&pair);
    assert_int_equal(pair.end[1].event_count > 0, 1);
    stop_clean(&pair);
    standing(&pair); /* and as the data of notifies, behind the integrity check and before */
    for (int i = 0; i < 2; i++) {
        pair.end[i].log.function = listen;
        pair.end[i].log.user = &listener;
    }
    for (uint32_t n = 0; n < 60; n++) {
        uint8_t chain[64] = {0, 0, 0, 0, 0, 0, 0, 0};
        size_t length = 8 + strlen(hostile);
        s2si_put_u16(chain + 2, (uint16_t)length);
        s2si_put_u16(chain + 6, (uint16_t)(n < 48 ? n : 16384 + n));
        memcpy(chain + 8, hostile, strlen(hostile));
        struct s2si_ike_sa *sa = first_sa(&pair.end[1]);
        if (sa != NULL)
            inject(&pair, 0, S2SI_INFORMATIONAL, false, sa->next_in, S2SI_PAYLOAD_NOTIFY, chain, length);
    }
    assert_true(listener.lines > 0);
    assert_int_equal(listener.bad, 0);
    stop_clean(&pair);
    result(20, "hostile text of notifies and identities", "never formatted, escaped in each log line");
}

/* ---- 21: the table of half-open IKE_SAs ---- */

/* Strangers who do answer cookies fill the table; the peer whose address is configured comes through all the same. */
static void row_21(void **state)
{
    struct pair pair;
    struct s2si_ike_counters counters;
    char text[120];
    (void)state;
    ike_pair_init(&pair);
    assert_int_equal(ike_pair_start(&pair), 0);
    struct s2si_ike_peer_config any = pair.end[1].config;
    struct s2si_ike_peer *open_door;
    any.remote.family = 0;
    any.owner = 77;
    assert_int_equal(s2si_ike_peer_add(pair.end[1].ike, &any, pair.now, &open_door), 0);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_pump(&pair, 0);
    struct pair_datagram *real = ike_pair_next(&pair, 0), forged = *real;
    uint8_t data[2048];
    size_t plain = real->length;
    for (uint32_t i = 0; i < 3000; i++) {
        memcpy(data, real->data, plain);
        forged.data = data;
        forged.length = plain;
        s2si_put_u32(data + 4, i);
        s2si_put_u32(forged.source.addr.bytes, 0x0b000000 + i);
        ike_pair_copy(&pair, &forged);
        struct pair_datagram *answer = ike_pair_next(&pair, 1);
        uint8_t cookie[8 + S2SI_COOKIE_LENGTH];
        if (answer != NULL && answer->length == 28 + sizeof cookie) { /* N(COOKIE): bring it */
            memcpy(cookie, answer->data + 28, sizeof cookie);
            cookie[0] = data[16];
            memmove(data + 28 + sizeof cookie, data + 28, plain - 28);
            memcpy(data + 28, cookie, sizeof cookie);
            data[16] = S2SI_PAYLOAD_NOTIFY;
            forged.length = plain + sizeof cookie;
            s2si_put_u32(data + 24, (uint32_t)forged.length);
            ike_pair_drop(&pair, answer);
            ike_pair_copy(&pair, &forged);
        }
        while (ike_pair_next(&pair, 1) != NULL)
            ike_pair_drop(&pair, ike_pair_next(&pair, 1));
        pair.now += PAIR_SECOND / 150; /* about as many as the DH budget allows */
    }
    s2si_ike_counters(pair.end[1].ike, &counters);
    assert_int_equal(counters.half_open, pair.limits.half_open_total);
    ike_pair_run(&pair);
    assert_int_equal(ike_pair_ike_sas(&pair, 0), 1);
    assert_true(ike_pair_flows(&pair, 0) && ike_pair_flows(&pair, 1));
    (void)snprintf(text, sizeof text, "%u half-open at most, the configured peer comes through a full table",
                   (unsigned)counters.half_open);
    result(21, "IKE_SA_INITs that fill the table", text);
    stop_clean(&pair);
}

/* ---- 22: everything in every state ---- */

static size_t some_chain(unsigned what, uint8_t *out, uint8_t *first)
{
    static const uint8_t types[] = {S2SI_PAYLOAD_NONCE, S2SI_PAYLOAD_DELETE, S2SI_PAYLOAD_NOTIFY, S2SI_PAYLOAD_AUTH,
                                    S2SI_PAYLOAD_EAP, S2SI_PAYLOAD_CP, S2SI_PAYLOAD_CERTREQ, S2SI_PAYLOAD_IDI};
    static const uint8_t body[] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    struct s2si_message_writer writer;
    s2si_chain_start(&writer, out, 512);
    for (unsigned i = 0; i < S2SI_COUNT(types); i++) {
        if ((what >> i & 1u) == 0)
            continue;
        s2si_payload_begin(&writer, types[i]);
        s2si_write_bytes(&writer.bytes, body, what % 3 == 0 ? 4 : what % 3 == 1 ? 1 : sizeof body);
        s2si_payload_end(&writer);
    }
    *first = writer.first;
    return writer.bytes.length;
}

/* Brings the pair into one of eight states. */
static void bring(struct pair *pair, unsigned state)
{
    ike_pair_init(pair);
    pair->end[0].config.start = state >= 2;
    assert_int_equal(ike_pair_start(pair), 0);
    if (state < 2) {
        (void)until_auth(pair); /* a: ST_AUTH_I, b: ST_INIT_R */
        return;
    }
    ike_pair_wait(pair, PAIR_SECOND);
    if (state == 3)
        (void)s2si_ike_rekey_child(pair->end[0].peer, 0, pair->now);
    if (state == 4)
        (void)s2si_ike_rekey_ike(pair->end[0].peer, pair->now);
    if (state == 5)
        (void)s2si_ike_rekey_ike(pair->end[1].peer, pair->now);
    if (state == 6)
        (void)s2si_ike_terminate(pair->end[0].peer, false, pair->now);
    if (state == 7)
        (void)s2si_ike_terminate(pair->end[1].peer, false, pair->now);
    ike_pair_pump(pair, 0);
    ike_pair_pump(pair, 1);
}

static void row_22(void **state)
{
    unsigned played = 0;
    char text[100];
    (void)state;
    for (unsigned at = 0; at < 8; at++) {
        for (unsigned exchange = S2SI_IKE_SA_INIT; exchange <= S2SI_INFORMATIONAL + 1; exchange++) {
            for (unsigned how = 0; how < 4; how++) {
                struct pair pair;
                bring(&pair, at);
                for (unsigned what = 0; what < 256; what += 5) {
                    uint8_t chain[512], first;
                    size_t length = some_chain(what, chain, &first);
                    int to = (int)(how & 1);
                    struct s2si_ike_sa *sa = first_sa(&pair.end[to]);
                    uint32_t id = sa == NULL ? 0 : (how & 2) != 0 ? sa->mine.id : sa->next_in;
                    inject(&pair, 1 - to, (uint8_t)exchange, (how & 2) != 0, id, first, chain, length);
                    played++;
                }
                drop_all(&pair);
                s2si_ike_peer_keep_up(pair.end[0].peer, true);
                (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
                ike_pair_wait(&pair, 300 * PAIR_SECOND);
                if (ike_pair_fault(&pair) != NULL)
                    fail_msg("state %u exchange %u how %u: %s", at, exchange, how, ike_pair_fault(&pair));
                stop_clean(&pair);
            }
        }
    }
    (void)snprintf(text, sizeof text, "%u authentic messages in eight states: up again each time", played);
    result(22, "messages out of order, short EAP, CERTREQ", text);
}

/* ---- 35, 36, 37 ---- */

static void row_35(void **state)
{
    static const int lengths[] = {1, 2, 16, 31, 33, 64, 255, 256, 257, 1023, 1024, 1025, 8192};
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(lengths); i++) {
        expect(FAULT_INIT, edit_ke_length, lengths[i], false, SILENT, 0);
        expect(FAULT_INIT, edit_ke_length, lengths[i], true, ENDS, S2SI_IKE_REASON_INVALID_KE);
        refused(FAULT_CHILD_REKEY, edit_ke_length, lengths[i], S2SI_N_INVALID_SYNTAX);
        refused(FAULT_IKE_REKEY, edit_ke_length, lengths[i], S2SI_N_INVALID_SYNTAX);
    }
    static const enum s2s_algorithm groups[] = {S2S_MODP2048, S2S_MODP3072, S2S_ECP256, S2S_ECP384, S2S_ECP521,
                                                S2S_CURVE25519};
    const struct s2s_crypto_provider *provider = s2s_crypto_mbedtls();
    void *context = provider->open(NULL);
    assert_non_null(context);
    for (size_t g = 0; g < S2SI_COUNT(groups); g++) {
        uint8_t own[S2S_CRYPTO_MAX_PUBLIC], shared[S2S_CRYPTO_MAX_PUBLIC];
        size_t own_length, shared_length;
        void *exchange;
        assert_int_equal(provider->exchange_new(context, groups[g], &exchange), 0);
        assert_int_equal(provider->exchange_public(context, exchange, own, &own_length), 0);
        for (size_t length = 0; length < 1100; length += length < 40 ? 1 : 31) {
            uint8_t *value = malloc(length + 1); /* exact, so that a read beyond is seen */
            assert_non_null(value);
            memset(value, length == own_length ? 0xff : 0x41, length);
            if (length != own_length || groups[g] != S2S_CURVE25519)
                assert_int_not_equal(provider->exchange_shared(context, exchange, value, length, shared, &shared_length), 0);
            free(value);
        }
        provider->exchange_free(context, exchange);
    }
    provider->close(context);
    result(35, "DH public value of another size than the group's", "refused before it is used, all groups");
}

static void row_36(void **state)
{
    static const struct {
        int what;
        uint16_t notify;
    } kinds[] = {{TS_NONE, S2SI_N_INVALID_SYNTAX},     {TS_COUNT, S2SI_N_INVALID_SYNTAX},
                 {TS_TYPE, S2SI_N_TS_UNACCEPTABLE},    {TS_REVERSED, S2SI_N_TS_UNACCEPTABLE},
                 {TS_LENGTH, S2SI_N_INVALID_SYNTAX}};
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(kinds); i++) {
        for (int side = 0; side <= TS_R; side += TS_R) {
            refused(FAULT_AUTH, edit_ts, kinds[i].what | side, kinds[i].notify);
            refused(FAULT_CHILD_REKEY, edit_ts, kinds[i].what | side, kinds[i].notify);
        }
    }
    result(36, "malformed TS payload", "INVALID_SYNTAX or TS_UNACCEPTABLE, nothing freed twice");
}

static void row_37(void **state)
{
    (void)state;
    refused(FAULT_CHILD_REKEY, edit_rekey_protocol, 0, S2SI_N_INVALID_SYNTAX);
    refused(FAULT_CHILD_REKEY, edit_rekey_protocol, 1, S2SI_N_INVALID_SYNTAX);
    for (int protocol = 4; protocol < 256; protocol += 50)
        refused(FAULT_CHILD_REKEY, edit_rekey_protocol, protocol, S2SI_N_INVALID_SYNTAX);
    result(37, "REKEY_SA with a protocol that is none", "INVALID_SYNTAX; nothing of it is echoed");
}

/* ---- 40, 41, 42 ---- */

static void row_40(void **state)
{
    (void)state;
    for (int without = 0; without < 3; without++) { /* a, b, both */
        struct pair pair;
        ike_pair_init(&pair);
        for (int i = 0; i < 2; i++) {
            if (without == i || without == 2)
                pair.end[i].config.psk_length = 0;
        }
        assert_int_equal(ike_pair_start(&pair), 0);
        struct pair_datagram *auth = until_auth(&pair);
        if (auth != NULL) {
            ike_pair_copy(&pair, auth);
            ike_pair_copy(&pair, auth); /* and the retransmission */
            ike_pair_copy(&pair, auth);
        }
        ike_pair_wait(&pair, 60 * PAIR_SECOND);
        assert_int_equal(ike_pair_ike_sas(&pair, 0) + ike_pair_ike_sas(&pair, 1), 0); /* no key is not an empty key */
        assert_int_equal(ike_pair_inbounds(&pair, 0) + ike_pair_inbounds(&pair, 1), 0);
        stop_clean(&pair);
    }
    result(40, "no PSK here, then a retransmission", "refused each time, also when neither end has one");
}

static void row_41(void **state)
{
    (void)state;
    refused(FAULT_AUTH, edit_sa, SA_GMAC, S2SI_N_NO_PROPOSAL_CHOSEN);
    refused(FAULT_CHILD_REKEY, edit_sa, SA_GMAC, S2SI_N_NO_PROPOSAL_CHOSEN);
    expect(FAULT_CHILD_REKEY, edit_sa, SA_GMAC, true, FAILS, S2SI_IKE_REASON_NO_PROPOSAL);
    result(41, "AES-GMAC proposed as encryption", "NO_PROPOSAL_CHOSEN");
}

static void row_42(void **state)
{
    static const int methods[] = {0, 1, 3, 9, 12, 13, 14, 255};
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(methods); i++) {
        refused(FAULT_AUTH, edit_auth_method, methods[i], S2SI_N_AUTHENTICATION_FAILED);
        expect(FAULT_AUTH, edit_auth_method, methods[i], true, ENDS, S2SI_IKE_REASON_AUTH_FAILED);
    }
    result(42, "another AUTH method than PSK", "AUTHENTICATION_FAILED (short PSKs: warning short_psk of --check)");
}

/* ---- 43, 44: their IKE part (the ESP part is in test_esp_attack_rows.c) ---- */

static void row_43(void **state)
{
    (void)state;
    refused(FAULT_AUTH, edit_sa, SA_SPI_0, S2SI_N_NO_PROPOSAL_CHOSEN);
    refused(FAULT_CHILD_REKEY, edit_sa, SA_SPI_0, S2SI_N_NO_PROPOSAL_CHOSEN);
    refused(FAULT_IKE_REKEY, edit_sa, SA_SPI_0, S2SI_N_NO_PROPOSAL_CHOSEN);
    result(43, "SPI 0 in a proposal", "NO_PROPOSAL_CHOSEN");
}

static void row_44(void **state)
{
    struct pair pair;
    uint8_t copy[4096];
    (void)state;
    standing(&pair);
    (void)s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now);
    ike_pair_pump(&pair, 0);
    struct pair_datagram *request = ike_pair_next(&pair, 0);
    memcpy(copy, request->data, request->length);
    s2si_ike_feed(pair.end[1].ike, &request->destination, &request->source, request->data, request->length, pair.now);
    assert_memory_equal(copy, request->data, request->length); /* opened, yet untouched */
    ike_pair_pump(&pair, 1);
    ike_pair_run(&pair);
    stop_clean(&pair);
    result(44, "an IKE message decrypted where it lies", "what is fed in stays as it is");
}

/* ---- the same answer and the same work for who is not known and who has another key ---- */

struct work {
    unsigned calls[SPY_CALLS];
    uint64_t bytes[SPY_CALLS];
    uint64_t allocations;
    size_t answer;
};

static void refuse_once(bool unknown, struct work *work)
{
    struct crypto_spy spy;
    struct pair pair;
    ike_pair_init(&pair);
    pair.provider = crypto_spy_table(&spy, s2s_crypto_mbedtls());
    pair.esp_provider = s2s_crypto_test();
    if (unknown)
        pair.end[0].local_id.data[3] ^= 1; /* of the same length and type */
    else
        pair.end[0].config.psk = (const uint8_t *)"a secret of nobody!!";
    assert_int_equal(ike_pair_start(&pair), 0);
    struct pair_datagram *auth = until_auth(&pair);
    assert_non_null(auth);
    crypto_spy_reset(&spy);
    uint64_t before = pair.end[1].mem.allocations;
    ike_pair_deliver(&pair, auth);
    memcpy(work->calls, spy.calls, sizeof work->calls);
    memcpy(work->bytes, spy.bytes, sizeof work->bytes);
    work->allocations = pair.end[1].mem.allocations - before;
    struct pair_datagram *answer = ike_pair_next(&pair, 1);
    assert_non_null(answer);
    work->answer = answer->length;
    ike_pair_run(&pair);
    assert_int_equal(ike_pair_event(&pair, 0, S2SI_IKE_EV_FAILED)->notify, S2SI_N_AUTHENTICATION_FAILED);
    stop_clean(&pair);
}

static void unknown_identity_and_wrong_key(void **state)
{
    struct work unknown, wrong;
    (void)state;
    refuse_once(true, &unknown);
    refuse_once(false, &wrong);
    assert_memory_equal(unknown.calls, wrong.calls, sizeof wrong.calls);
    assert_memory_equal(unknown.bytes, wrong.bytes, sizeof wrong.bytes);
    assert_int_equal(unknown.answer, wrong.answer);
    printf("unknown identity and wrong PSK: %u prf calls over %u bytes, %u opened, %u sealed, answer of %zu bytes, each; "
           "%u and %u allocations\n",
           wrong.calls[SPY_PRF], (unsigned)wrong.bytes[SPY_PRF], wrong.calls[SPY_OPEN], wrong.calls[SPY_SEAL],
           wrong.answer, (unsigned)unknown.allocations, (unsigned)wrong.allocations);
    assert_int_equal(unknown.allocations, wrong.allocations);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_1),  cmocka_unit_test(row_2),  cmocka_unit_test(row_3),  cmocka_unit_test(row_5),
        cmocka_unit_test(row_6),  cmocka_unit_test(row_7),  cmocka_unit_test(row_8),  cmocka_unit_test(row_12),
        cmocka_unit_test(row_13), cmocka_unit_test(row_19), cmocka_unit_test(row_20), cmocka_unit_test(row_21),
        cmocka_unit_test(row_22), cmocka_unit_test(row_35), cmocka_unit_test(row_36), cmocka_unit_test(row_37),
        cmocka_unit_test(row_40), cmocka_unit_test(row_41), cmocka_unit_test(row_42),
        cmocka_unit_test(row_43), cmocka_unit_test(row_44),
        cmocka_unit_test(unknown_identity_and_wrong_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
