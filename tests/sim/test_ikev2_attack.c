/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers, forgers and a changing world do to IKEv2: floods, forged answers, moved endpoints, secrets left
 * behind. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>

#include "tests/sim/ike_pair.h"

static void assert_sound(const struct pair *pair)
{
    const char *fault = ike_pair_fault(pair);
    if (fault != NULL)
        fail_msg("%s", fault);
}

/* ---- forged clear-text answers (RFC 7296 section 2.21) ---- */

static void feed_notify(struct pair *pair, int to, const struct pair_datagram *request, uint16_t notify)
{
    struct s2si_message_writer writer;
    struct s2si_ike_header header;
    uint8_t bytes[128];
    assert_int_equal(s2si_ike_header_parse(request->data, request->length, &header, NULL), 0);
    header.flags = S2SI_IKE_FLAG_RESPONSE;
    s2si_message_start(&writer, bytes, sizeof bytes, &header);
    s2si_notify_encode(&writer, notify, NULL, 0);
    assert_int_equal(s2si_message_finish(&writer), 0);
    s2si_ike_feed(pair->end[to].ike, &request->source, &request->destination, bytes, writer.bytes.length, pair->now);
    ike_pair_pump(pair, to);
}

static void forged_refusals(void **state)
{
    static const uint16_t notifies[] = {S2SI_N_NO_PROPOSAL_CHOSEN,
                                        S2SI_N_AUTHENTICATION_FAILED,
                                        S2SI_N_INVALID_SYNTAX,
                                        S2SI_N_INVALID_MAJOR_VERSION,
                                        S2SI_N_INVALID_KE_PAYLOAD,
                                        S2SI_N_COOKIE,
                                        9999};
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(notifies); i++) {
        struct pair pair;
        ike_pair_init(&pair);
        assert_int_equal(ike_pair_start(&pair), 0);
        (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
        ike_pair_pump(&pair, 0);
        for (int n = 0; n < 10; n++)
            feed_notify(&pair, 0, ike_pair_next(&pair, 0), notifies[i]);
        ike_pair_run(&pair);
        assert_sound(&pair);
        ike_pair_stop(&pair);
    }
}

/* An established IKE_SA is not ended by anything unprotected; INVALID_IKE_SPI makes it ask whether the peer lives. */
static void forged_spi_error(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    ike_pair_up(&pair);
    (void)s2si_ike_liveness(pair.end[0].peer, pair.now);
    ike_pair_pump(&pair, 0);
    struct pair_datagram *request = ike_pair_next(&pair, 0);
    feed_notify(&pair, 0, request, S2SI_N_INVALID_IKE_SPI);
    feed_notify(&pair, 0, request, S2SI_N_AUTHENTICATION_FAILED);
    ike_pair_run(&pair);
    assert_sound(&pair);
    ike_pair_stop(&pair);
}

/* A peer that lost everything says so; the liveness check finds out, long before the next one is due. */
static void peer_forgot_us(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    pair.end[0].config.start = true;
    pair.end[0].config.dpd_action = 2;
    assert_int_equal(ike_pair_start(&pair), 0);
    ike_pair_run(&pair);
    s2si_ike_peer_remove(pair.end[1].peer, pair.now);
    memset(pair.end[1].sas, 0, sizeof pair.end[1].sas);
    pair.end[1].sa_count = 0;
    assert_int_equal(s2si_ike_peer_add(pair.end[1].ike, &pair.end[1].config, pair.now, &pair.end[1].peer), 0);
    ike_pair_wait(&pair, 120 * PAIR_SECOND);
    assert_sound(&pair);
    ike_pair_stop(&pair);
}

/* ---- flood ---- */

static void flood(void **state)
{
    struct pair pair;
    const char *level = getenv("S2S_TEST_LEVEL");
    uint32_t count = level != NULL && strcmp(level, "all") == 0 ? 1000000 : 20000;
    (void)state;
    ike_pair_init(&pair);
    pair.end[1].config.remote.family = 0; /* else strangers are turned away by their address */
    ike_pair_up(&pair);
    (void)s2si_ike_terminate(pair.end[0].peer, true, pair.now);
    ike_pair_wait(&pair, 30 * PAIR_SECOND);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_pump(&pair, 0);
    struct pair_datagram *real = ike_pair_next(&pair, 0);
    struct pair_datagram forged = *real;
    forged.data = malloc(real->length);
    assert_non_null(forged.data);
    memcpy(forged.data, real->data, real->length);
    uint64_t after_first = 0;
    struct s2si_ike_counters counters;
    for (uint32_t i = 0; i < count; i++) {
        s2si_put_u32(forged.data + 4, i);
        s2si_put_u32(forged.source.addr.bytes, 0x0a000000 + i * 2654435761u % 0xffffff);
        ike_pair_copy(&pair, &forged);
        struct pair_datagram *answer = ike_pair_next(&pair, 1);
        if (answer != NULL)
            ike_pair_drop(&pair, answer);
        if (i == 2000)
            after_first = pair.end[1].mem.bytes;
        if (i % 1000 == 0)
            pair.now += PAIR_SECOND / 100;
    }
    assert_true(pair.end[1].mem.bytes <= after_first);
    s2si_ike_counters(pair.end[1].ike, &counters);
    printf("%u spoofed IKE_SA_INITs: %u half-open, %u cookies sent, heap %u bytes after 2,000 and %u at the end\n", count,
           (unsigned)counters.half_open, (unsigned)counters.cookies_sent, (unsigned)after_first,
           (unsigned)pair.end[1].mem.bytes);
    assert_int_equal(counters.half_open, pair.limits.cookie_total);
    ike_pair_run(&pair); /* the real one is asked for a cookie and comes through */
    assert_int_equal(ike_pair_ike_sas(&pair, 0), 1);
    assert_true(ike_pair_flows(&pair, 0) && ike_pair_flows(&pair, 1));
    free(forged.data);
    ike_pair_wait(&pair, 60 * PAIR_SECOND);
    assert_sound(&pair);
    ike_pair_stop(&pair);
}

/* A tunnel that stands carries its packets while strangers knock, and DH steps stay within their budget each second. */
static void flood_beside_a_tunnel(void **state)
{
    struct pair pair;
    unsigned steps = 0, most = 0;
    (void)state;
    ike_pair_init(&pair);
    ike_pair_up(&pair);
    assert_sound(&pair);
    struct s2si_ike_peer_config any = pair.end[1].config;
    struct s2si_ike_peer *door;
    any.remote.family = 0;
    any.owner = 99;
    assert_int_equal(s2si_ike_peer_add(pair.end[1].ike, &any, pair.now, &door), 0);
    pair.limits.cookie_total = pair.end[1].ike->limits.cookie_total = 1000000; /* no cookies: the budget alone protects */
    pair.end[1].ike->limits.half_open_total = 1000000;
    (void)s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now);
    ike_pair_wait(&pair, 10 * PAIR_SECOND);
    struct s2s_endpoint local = {pair.end[1].address, 500}, remote = {pair.end[0].address, 500};
    struct s2si_ike_counters counters;
    struct pair other;
    ike_pair_init(&other);
    assert_int_equal(ike_pair_start(&other), 0);
    (void)s2si_ike_initiate(other.end[0].peer, other.now);
    ike_pair_pump(&other, 0);
    struct pair_datagram *init = ike_pair_next(&other, 0);
    for (uint32_t second = 0; second < 10; second++) {
        s2si_ike_counters(pair.end[1].ike, &counters);
        uint64_t before = counters.half_open;
        for (uint32_t i = 0; i < 2000; i++) {
            s2si_put_u32(init->data + 4, second * 2000 + i);
            s2si_put_u32(remote.addr.bytes, 0x0c000000 + second * 2000 + i);
            s2si_ike_feed(pair.end[1].ike, &local, &remote, init->data, init->length, pair.now);
            ike_pair_pump(&pair, 1);
            while (ike_pair_next(&pair, 1) != NULL)
                ike_pair_drop(&pair, ike_pair_next(&pair, 1));
            if (i % 100 == 0)
                assert_true(ike_pair_flows(&pair, 0) && ike_pair_flows(&pair, 1));
        }
        s2si_ike_counters(pair.end[1].ike, &counters);
        steps = (unsigned)(counters.half_open - before);
        most = steps > most ? steps : most;
        pair.now += PAIR_SECOND;
        s2si_ike_tick(pair.end[1].ike, pair.now);
    }
    printf("2,000 IKE_SA_INITs a second beside a tunnel: at most %u DH steps a second (limit %u), its packets arrive\n", most,
           pair.limits.dh_per_second);
    assert_true(most <= pair.limits.dh_per_second);
    ike_pair_stop(&other);
    ike_pair_stop(&pair);
}

/* What a half-open IKE_SA costs when someone wants 10,000 of them. */
static void memory_of_half_open(void **state)
{
    struct pair pair;
    enum { STRANGERS = 10000 };
    (void)state;
    ike_pair_init(&pair);
    pair.end[1].config.remote.family = 0;
    pair.limits.cookie_total = pair.limits.half_open_total = pair.limits.dh_per_second = 2 * STRANGERS;
    assert_int_equal(ike_pair_start(&pair), 0);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_pump(&pair, 0);
    struct pair_datagram forged = *ike_pair_next(&pair, 0);
    uint64_t before = pair.end[1].mem.bytes;
    struct s2si_ike_counters counters;
    for (uint32_t i = 0; i < STRANGERS; i++) {
        s2si_put_u32(forged.data + 4, i);
        s2si_put_u32(forged.source.addr.bytes, 0x0a000000 + i);
        ike_pair_copy(&pair, &forged);
        while (ike_pair_next(&pair, 1) != NULL)
            ike_pair_drop(&pair, ike_pair_next(&pair, 1));
    }
    s2si_ike_counters(pair.end[1].ike, &counters);
    assert_int_equal(counters.half_open, STRANGERS);
    uint64_t all = pair.end[1].mem.bytes - before;
    printf("%u bytes of heap a half-open IKE_SA; 10,000 would take %u KB, the limit of %u takes %u KB\n",
           (unsigned)(all / STRANGERS), (unsigned)(all >> 10), 1000u, (unsigned)(all / 10 >> 10));
    assert_true(all / STRANGERS < 4096);
    pair.now += 40 * PAIR_SECOND;
    s2si_ike_tick(pair.end[1].ike, pair.now);
    ike_pair_pump(&pair, 1);
    s2si_ike_counters(pair.end[1].ike, &counters);
    assert_int_equal(counters.half_open, 0);
    ike_pair_stop(&pair);
    assert_int_equal(pair.end[0].mem.blocks + pair.end[1].mem.blocks, 0);
}

/* Strangers' addresses cost nothing at all. */
static void strangers(void **state)
{
    struct pair pair;
    struct s2si_ike_counters counters;
    (void)state;
    ike_pair_init(&pair);
    assert_int_equal(ike_pair_start(&pair), 0);
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_pump(&pair, 0);
    struct pair_datagram *init = ike_pair_next(&pair, 0);
    for (uint8_t i = 0; i < 200; i++) {
        init->source.addr.bytes[3] = (uint8_t)(i + 2);
        ike_pair_copy(&pair, init);
    }
    init->source.addr = pair.end[0].address;
    s2si_ike_counters(pair.end[1].ike, &counters);
    assert_int_equal(counters.half_open, 0);
    assert_true(counters.sent <= 20); /* errors are answered at a limited rate */
    while (ike_pair_next(&pair, 1) != NULL)
        ike_pair_drop(&pair, ike_pair_next(&pair, 1));
    ike_pair_run(&pair);
    assert_sound(&pair);
    ike_pair_stop(&pair);
}

/* ---- endpoints that move ---- */

static void nat_pair(struct pair *pair)
{
    ike_pair_init(pair);
    pair->nat = true;
    (void)s2s_addr_parse("10.9.9.9", &pair->end[0].address);
    pair->end[0].config.local = pair->end[0].address;
    pair->end[1].config.remote = pair->end[0].seen_as;
    ike_pair_up(pair);
    assert_sound(pair);
}

static void nat_mapping_changes(void **state)
{
    struct pair pair;
    (void)state;
    nat_pair(&pair);
    pair.nat_shift = 11000;
    (void)s2si_ike_liveness(pair.end[0].peer, pair.now);
    ike_pair_run(&pair);
    assert_int_equal(s2si_ike_child_next(pair.end[1].peer, NULL)->remote.port, 15500);
    assert_int_equal(ike_pair_events(&pair, 1, S2SI_IKE_EV_MOVED), 1);
    struct s2s_endpoint elsewhere = {pair.end[0].seen_as, 16000};
    s2si_ike_peer_moved(pair.end[1].peer, &elsewhere, pair.now); /* by ESP */
    assert_int_equal(s2si_ike_child_next(pair.end[1].peer, NULL)->remote.port, 16000);
    assert_sound(&pair);
    ike_pair_stop(&pair);
}

/* Without a NAT nothing makes us send elsewhere, not even an authentic message from another address. */
static void does_not_follow_without_nat(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    ike_pair_up(&pair);
    (void)s2si_ike_liveness(pair.end[0].peer, pair.now);
    ike_pair_pump(&pair, 0);
    struct pair_datagram *request = ike_pair_next(&pair, 0);
    request->source.port = 777;
    ike_pair_run(&pair);
    assert_int_equal(s2si_peer_established(pair.end[1].peer)->remote.port, 500);
    ike_pair_stop(&pair);
}

static void own_address_goes(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    pair.end[0].config.start = true;
    assert_int_equal(ike_pair_start(&pair), 0);
    ike_pair_run(&pair);
    s2si_ike_local_changed(pair.end[0].ike, &pair.end[0].address, false, pair.now);
    ike_pair_run(&pair);
    assert_int_equal(ike_pair_event(&pair, 0, S2SI_IKE_EV_IKE_DOWN)->reason, S2SI_IKE_REASON_ADDRESS_LOST);
    unsigned sent = pair.sent;
    pair.end[1].peer->config.dpd = false;
    ike_pair_wait(&pair, 9 * PAIR_SECOND);
    assert_int_equal(pair.sent, sent); /* not a word from an address that is away */
    s2si_ike_local_changed(pair.end[0].ike, &pair.end[0].address, true, pair.now);
    ike_pair_wait(&pair, 20 * PAIR_SECOND);
    assert_sound(&pair);
    ike_pair_stop(&pair);
}

static void peer_of_any_address(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    pair.end[1].config.remote.family = 0;
    assert_int_equal(s2si_identity_parse("@a.example", &pair.end[0].local_id), 0);
    assert_int_equal(s2si_identity_parse("@a.example", &pair.end[1].remote_id), 0);
    ike_pair_up(&pair);
    assert_sound(&pair);
    assert_int_equal(s2si_ike_initiate(pair.end[1].peer, pair.now), S2S_ERR_STATE);
    ike_pair_stop(&pair);
}

/* ---- a peer that does not rekey ---- */

static void reauthentication(void **state)
{
    struct pair pair;
    (void)state;
    ike_pair_init(&pair);
    pair.limits.children = 1; /* b answers NO_ADDITIONAL_SAS */
    ike_pair_up(&pair);
    uint64_t first = s2si_peer_established(pair.end[0].peer)->spi_i;
    assert_int_equal(s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now), 0);
    ike_pair_run(&pair);
    assert_true(ike_pair_flows(&pair, 0) && ike_pair_flows(&pair, 1));
    ike_pair_wait(&pair, 30 * PAIR_SECOND);
    assert_sound(&pair);
    assert_int_not_equal(s2si_peer_established(pair.end[0].peer)->spi_i, first);
    assert_int_equal(ike_pair_events(&pair, 0, S2SI_IKE_EV_IKE_DOWN), 0);
    ike_pair_stop(&pair);
}

/* ---- secrets ---- */

/* An allocator that sees each block given back: none may hold a secret of the list. */
struct watch {
    struct s2s_allocator table;
    uint8_t secrets[64][8];
    size_t count;
    bool found;
};

static void *watch_alloc(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void watch_look(struct watch *watch, const void *pointer, size_t size)
{
    for (size_t i = 0; i < watch->count; i++)
        watch->found = watch->found || memmem(pointer, size, watch->secrets[i], 8) != NULL;
}

static void *watch_resize(void *user, void *pointer, size_t old_size, size_t new_size)
{
    void *moved = malloc(new_size);
    if (moved != NULL && pointer != NULL) {
        memcpy(moved, pointer, old_size < new_size ? old_size : new_size);
        watch_look(user, pointer, old_size);
        free(pointer);
    }
    return moved;
}

static void watch_release(void *user, void *pointer, size_t size)
{
    watch_look(user, pointer, size);
    free(pointer);
}

static void watch_secret(struct watch *watch, const struct s2si_secret *secret)
{
    if (secret->length >= 8 && watch->count < S2SI_COUNT(watch->secrets))
        memcpy(watch->secrets[watch->count++], secret->data, 8);
}

static void watch_all(struct watch *watch, struct pair *pair)
{
    const struct s2si_ike_sa *sa = s2si_peer_established(pair->end[0].peer);
    const struct s2si_ike_child *child = s2si_ike_child_next(pair->end[0].peer, NULL);
    const struct s2si_secret *secrets[] = {&sa->keys.d,     &sa->keys.ai,           &sa->keys.ar, &sa->keys.ei,
                                           &sa->keys.er,    &sa->keys.pi,           &sa->keys.pr, &child->key_in,
                                           &child->key_out, &pair->end[0].peer->psk};
    for (size_t i = 0; i < S2SI_COUNT(secrets); i++)
        watch_secret(watch, secrets[i]);
}

static void nothing_secret_is_left(void **state)
{
    struct pair pair;
    struct watch watch = {.table = {sizeof(struct s2s_allocator), &watch, watch_alloc, watch_resize, watch_release}};
    (void)state;
    ike_pair_init(&pair);
    pair.provider = s2s_crypto_mbedtls();
    pair.end[0].allocator = &watch.table;
    ike_pair_up(&pair);
    watch_all(&watch, &pair);
    (void)s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now);
    ike_pair_wait(&pair, 10 * PAIR_SECOND);
    watch_all(&watch, &pair);
    (void)s2si_ike_rekey_ike(pair.end[0].peer, pair.now);
    ike_pair_wait(&pair, 10 * PAIR_SECOND);
    watch_all(&watch, &pair);
    ike_pair_stop(&pair);
    assert_false(watch.found);
    assert_true(watch.count >= 20);
}

static void count_line(void *user, bool esp, const char *line)
{
    unsigned *count = user;
    (void)line;
    count[esp ? 1 : 0]++;
}

/* The key log speaks only when asked for; the log never does. */
static bool in_log;
static const uint8_t *log_secret;

static void look_at_line(void *user, const struct s2s_log_line *line)
{
    char hex[17];
    (void)user;
    for (int i = 0; log_secret != NULL && i < 8; i++)
        (void)sprintf(hex + 2 * i, "%02x", log_secret[i]);
    in_log =
        in_log || (log_secret != NULL && strstr(line->text, hex) != NULL) || strstr(line->text, "a secret of") != NULL;
}

static void key_log_when_asked(void **state)
{
    struct pair pair;
    unsigned count[2] = {0, 0};
    (void)state;
    ike_pair_init(&pair);
    assert_int_equal(ike_pair_start(&pair), 0);
    pair.end[0].ike->key_log = count_line;
    pair.end[0].ike->key_log_user = count;
    pair.end[0].log.function = look_at_line;
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    ike_pair_run(&pair);
    log_secret = s2si_peer_established(pair.end[0].peer)->keys.d.data;
    (void)s2si_ike_rekey_child(pair.end[0].peer, 0, pair.now);
    ike_pair_run(&pair);
    assert_int_equal(count[0], 1);
    assert_int_equal(count[1], 4);
    assert_false(in_log);
    log_secret = NULL;
    ike_pair_stop(&pair);
}

/* Heap of one tunnel's end, idle. */
static void memory_of_a_tunnel(void **state)
{
    struct pair pair;
    struct s2si_ike_peer *peers[50];
    (void)state;
    ike_pair_init(&pair);
    ike_pair_up(&pair);
    uint64_t before = pair.end[0].mem.bytes;
    for (unsigned i = 0; i < S2SI_COUNT(peers); i++) {
        struct s2si_ike_peer *other;
        for (int n = 0; n < 2; n++) {
            struct s2si_ike_peer_config config = pair.end[n].config;
            config.local.bytes[3] = config.remote.bytes[3] = (uint8_t)(10 + i);
            assert_int_equal(s2si_ike_peer_add(pair.end[n].ike, &config, pair.now, n == 0 ? &peers[i] : &other), 0);
        }
        (void)s2si_ike_initiate(peers[i], pair.now);
        ike_pair_run(&pair);
    }
    assert_int_equal(ike_pair_ike_sas(&pair, 0), 1 + S2SI_COUNT(peers));
    uint64_t each = (pair.end[0].mem.bytes - before) / S2SI_COUNT(peers);
    printf("%u bytes of heap a tunnel end (peer %zu, IKE_SA %zu, CHILD_SA %zu)\n", (unsigned)each,
           sizeof(struct s2si_ike_peer), sizeof(struct s2si_ike_sa), sizeof(struct s2si_child_sa));
    assert_true(each < 16384);
    ike_pair_stop(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forged_refusals),
        cmocka_unit_test(forged_spi_error),
        cmocka_unit_test(peer_forgot_us),
        cmocka_unit_test(flood),
        cmocka_unit_test(flood_beside_a_tunnel),
        cmocka_unit_test(memory_of_half_open),
        cmocka_unit_test(strangers),
        cmocka_unit_test(nat_mapping_changes),
        cmocka_unit_test(does_not_follow_without_nat),
        cmocka_unit_test(own_address_goes),
        cmocka_unit_test(peer_of_any_address),
        cmocka_unit_test(reauthentication),
        cmocka_unit_test(nothing_secret_is_left),
        cmocka_unit_test(key_log_when_asked),
        cmocka_unit_test(memory_of_a_tunnel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
