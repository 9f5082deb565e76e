/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/esp_pair.h"
#include "tests/unit/failing_allocator.h"

static const struct suite_name gcm = {S2S_AES128_GCM16, S2S_ALG_NONE}, cbc = {S2S_AES256_CBC, S2S_HMAC_SHA2_256_128};

static s2s_esp *engine(uint32_t max_sas)
{
    struct s2s_esp_params params;
    s2s_esp *esp = NULL;
    s2s_esp_params_init(&params, sizeof params);
    params.provider = s2s_crypto_test();
    params.max_sas = max_sas;
    assert_int_equal(s2s_esp_new(&params, &esp), 0);
    return esp;
}

/* ---- engines ---- */

static void bad_engine_parameters(void **state)
{
    (void)state;
    struct s2s_esp_params good, bad;
    s2s_esp *esp = NULL;
    s2s_esp_params_init(&good, sizeof good);
    good.provider = s2s_crypto_test();
    assert_int_equal(good.max_sas, 1024);
    assert_int_equal(s2s_esp_new(NULL, &esp), S2S_ERR_INVALID);
    assert_int_equal(s2s_esp_new(&good, NULL), S2S_ERR_INVALID);
    bad = good;
    bad.provider = NULL;
    assert_int_equal(s2s_esp_new(&bad, &esp), S2S_ERR_INVALID);
    bad = good;
    bad.max_sas = 0;
    assert_int_equal(s2s_esp_new(&bad, &esp), S2S_ERR_INVALID);
    bad.max_sas = 65536;
    assert_int_equal(s2s_esp_new(&bad, &esp), S2S_ERR_INVALID);
    bad = good;
    bad.struct_size = 1;
    assert_int_equal(s2s_esp_new(&bad, &esp), S2S_ERR_INVALID);
    struct s2s_crypto_provider broken = *s2s_crypto_test();
    broken.seal = NULL;
    bad = good;
    bad.provider = &broken;
    assert_int_equal(s2s_esp_new(&bad, &esp), S2S_ERR_INVALID);
    assert_null(esp);
    s2s_esp_free(NULL);
}

static void borrowed_context(void **state)
{
    (void)state;
    const struct s2s_crypto_provider *provider = s2s_crypto_test();
    void *context = provider->open(NULL);
    struct s2s_esp_params params;
    s2s_esp *esp;
    uint8_t byte;
    s2s_esp_params_init(&params, sizeof params);
    params.provider = provider;
    params.crypto_context = context;
    assert_int_equal(s2s_esp_new(&params, &esp), 0);
    s2s_esp_free(esp);
    assert_int_equal(provider->random(context, &byte, 1), 0); /* still the caller's */
    provider->close(context);
}

/* ---- parameters of an SA ---- */

static void spi(struct s2s_esp_sa_params *p)
{
    p->spi = 0;
}
static void direction(struct s2s_esp_sa_params *p)
{
    p->direction = (enum s2s_esp_direction)0;
}
static void direction_high(struct s2s_esp_sa_params *p)
{
    p->direction = (enum s2s_esp_direction)3;
}
static void size(struct s2s_esp_sa_params *p)
{
    p->struct_size = 8;
}
static void key_short(struct s2s_esp_sa_params *p)
{
    p->encryption_key_length--;
}
static void key_long(struct s2s_esp_sa_params *p)
{
    p->encryption_key_length++;
}
static void key_null(struct s2s_esp_sa_params *p)
{
    p->encryption_key = NULL;
}
static void salt_none(struct s2s_esp_sa_params *p)
{
    p->salt_length = 0;
}
static void salt_null(struct s2s_esp_sa_params *p)
{
    p->salt = NULL;
}
static void integrity_key(struct s2s_esp_sa_params *p)
{
    p->integrity_key_length = 20;
}
static void integrity(struct s2s_esp_sa_params *p)
{
    p->integrity = S2S_HMAC_SHA1_96;
}
static void encryption(struct s2s_esp_sa_params *p)
{
    p->encryption = S2S_ALG_NONE;
}
static void encryption_type(struct s2s_esp_sa_params *p)
{
    p->encryption = S2S_MODP2048;
}
static void window_small(struct s2s_esp_sa_params *p)
{
    p->replay_window = 31;
}
static void window_large(struct s2s_esp_sa_params *p)
{
    p->replay_window = 4097;
}
static void encapsulation(struct s2s_esp_sa_params *p)
{
    p->encapsulation = (enum s2s_esp_encapsulation)2;
}
static void df(struct s2s_esp_sa_params *p)
{
    p->df = (enum s2s_esp_df)3;
}
static void sequence(struct s2s_esp_sa_params *p)
{
    p->initial_sequence = (uint64_t)UINT32_MAX + 1;
}
static void no_local(struct s2s_esp_sa_params *p)
{
    p->local_selector_count = 0;
}
static void no_remote(struct s2s_esp_sa_params *p)
{
    p->remote_selectors = NULL;
}
static void many(struct s2s_esp_sa_params *p)
{
    p->remote_selector_count = S2S_ESP_MAX_SELECTORS + 1;
}

static void (*const spoil[])(struct s2s_esp_sa_params *p) = {
    spi,          direction,    direction_high, size,      key_short,  key_long,  key_null,
    salt_none,    salt_null,    integrity_key,  integrity, encryption, df,        encryption_type,
    window_small, window_large, encapsulation,  sequence,  no_local,   no_remote, many,
};

static void bad_sa_parameters(void **state)
{
    (void)state;
    struct esp_pair pair;
    s2s_esp_sa sa = 77;
    pair_init(&pair, s2s_crypto_test(), gcm);
    s2s_esp *esp = engine(10);
    for (size_t i = 0; i < S2SI_COUNT(spoil); i++) {
        struct s2s_esp_sa_params params = pair.in;
        spoil[i](&params);
        assert_int_equal(s2s_esp_sa_add(esp, &params, &sa), S2S_ERR_INVALID);
    }
    assert_int_equal(s2s_esp_sa_add(esp, NULL, &sa), S2S_ERR_INVALID);
    struct s2s_selector mixed = pair.near[0];
    mixed.end.family = 6;
    struct s2s_esp_sa_params params = pair.in;
    params.local_selectors = &mixed;
    params.local_selector_count = 1;
    assert_int_equal(s2s_esp_sa_add(esp, &params, &sa), S2S_ERR_INVALID);
    assert_int_equal(sa, 77);
    s2s_esp_free(esp);
}

static void what_the_provider_lacks(void **state)
{
    (void)state;
#if S2S_WITH_MBEDTLS
    struct esp_pair pair;
    struct s2s_esp_params params;
    s2s_esp *esp;
    s2s_esp_sa sa;
    pair_init(&pair, s2s_crypto_mbedtls(), cbc);
    pair.in.encryption = S2S_NULL_ENCRYPTION;
    pair.in.encryption_key_length = 0;
    s2s_esp_params_init(&params, sizeof params);
    params.provider = pair.provider;
    assert_int_equal(s2s_esp_new(&params, &esp), 0);
    assert_int_equal(s2s_esp_sa_add(esp, &pair.in, &sa), S2S_ERR_UNSUPPORTED);
    s2s_esp_free(esp);
#else
    skip();
#endif
}

/* ---- the table ---- */

static void spi_belongs_to_one_inbound_sa(void **state)
{
    (void)state;
    struct esp_pair pair;
    s2s_esp_sa first, second, out;
    pair_init(&pair, s2s_crypto_test(), gcm);
    s2s_esp *esp = engine(10);
    assert_int_equal(s2s_esp_sa_find(esp, TEST_SPI), 0);
    assert_int_equal(s2s_esp_sa_add(esp, &pair.in, &first), 0);
    assert_int_equal(s2s_esp_sa_add(esp, &pair.in, &second), S2S_ERR_EXISTS);
    assert_int_equal(s2s_esp_sa_find(esp, TEST_SPI), first);
    /* Outbound SPIs are the peers' choice: several peers may choose the same, and ours too. */
    assert_int_equal(s2s_esp_sa_add(esp, &pair.out, &out), 0);
    assert_int_equal(s2s_esp_sa_add(esp, &pair.out, &second), 0);
    assert_int_equal(s2s_esp_sa_delete(esp, first), 0);
    assert_int_equal(s2s_esp_sa_find(esp, TEST_SPI), 0);
    assert_int_equal(s2s_esp_sa_add(esp, &pair.in, &first), 0);
    s2s_esp_free(esp);
}

static void stale_handles_are_refused(void **state)
{
    (void)state;
    struct esp_pair pair;
    s2s_esp_sa seen[200];
    struct s2s_esp_sa_stats stats = {.struct_size = sizeof stats};
    pair_init(&pair, s2s_crypto_test(), gcm);
    s2s_esp *esp = engine(3);
    for (size_t i = 0; i < S2SI_COUNT(seen); i++) {
        assert_int_equal(s2s_esp_sa_add(esp, &pair.in, &seen[i]), 0);
        assert_true(seen[i] != 0);
        for (size_t k = 0; k < i; k++) {
            assert_true(seen[k] != seen[i]);
            assert_int_equal(s2s_esp_sa_get_stats(esp, seen[k], &stats), S2S_ERR_NOT_FOUND);
            assert_int_equal(s2s_esp_sa_delete(esp, seen[k]), S2S_ERR_NOT_FOUND);
        }
        assert_int_equal(s2s_esp_sa_delete(esp, seen[i]), 0);
    }
    assert_int_equal(s2s_esp_sa_delete(esp, 0), S2S_ERR_NOT_FOUND);
    s2s_esp_free(esp);
}

static void limit_of_sas(void **state)
{
    (void)state;
    struct esp_pair pair;
    s2s_esp_sa sa[40], more;
    pair_init(&pair, s2s_crypto_test(), gcm);
    s2s_esp *esp = engine(40);
    for (uint32_t i = 0; i < 40; i++) {
        pair.in.spi = 1000 + i;
        assert_int_equal(s2s_esp_sa_add(esp, &pair.in, &sa[i]), 0);
    }
    pair.in.spi = 5000;
    assert_int_equal(s2s_esp_sa_add(esp, &pair.in, &more), S2S_ERR_LIMIT);
    assert_int_equal(s2s_esp_sa_find(esp, 5000), 0);
    assert_int_equal(s2s_esp_sa_delete(esp, sa[17]), 0);
    assert_int_equal(s2s_esp_sa_add(esp, &pair.in, &more), 0);
    struct s2s_esp_stats stats = {.struct_size = sizeof stats};
    assert_int_equal(s2s_esp_get_stats(esp, &stats), 0);
    assert_int_equal(stats.inbound_sas, 40);
    assert_int_equal(stats.outbound_sas, 0);
    s2s_esp_free(esp);
}

static void drawn_spis(void **state)
{
    (void)state;
    struct esp_pair pair;
    pair_init(&pair, s2s_crypto_test(), gcm);
    s2s_esp *esp = engine(200);
    for (int i = 0; i < 200; i++) {
        s2s_esp_sa sa;
        assert_int_equal(s2s_esp_spi_draw(esp, &pair.in.spi), 0);
        assert_true(pair.in.spi >= 256);
        assert_int_equal(s2s_esp_sa_add(esp, &pair.in, &sa), 0);
    }
    s2s_esp_free(esp);
}

static void sizes_of_stats(void **state)
{
    (void)state;
    struct esp_pair pair;
    pair_init(&pair, s2s_crypto_test(), gcm);
    pair_open(&pair);
    struct s2s_esp_sa_stats sa = {.struct_size = 4};
    struct s2s_esp_stats all = {.struct_size = 4};
    assert_int_equal(s2s_esp_sa_get_stats(pair.a, pair.sa_out, &sa), S2S_ERR_INVALID);
    assert_int_equal(s2s_esp_get_stats(pair.a, &all), S2S_ERR_INVALID);
    sa.struct_size = sizeof sa;
    assert_int_equal(s2s_esp_sa_get_stats(pair.a, pair.sa_out, &sa), 0);
    assert_true(sa.last == S2S_TIME_NEVER);
    assert_int_equal(sa.spi, TEST_SPI);
    assert_int_equal(sa.direction, S2S_ESP_OUTBOUND);
    pair_close(&pair);
}

/* ---- soft limit ---- */

static void soft_limit_is_named_once(void **state)
{
    (void)state;
    struct esp_pair pair;
    s2s_esp_sa second;
    pair_init(&pair, s2s_crypto_test(), gcm);
    pair.out.soft_limit = 5;
    pair_open(&pair);
    assert_int_equal(s2s_esp_sa_add(pair.a, &pair.out, &second), 0);
    for (int i = 1; i <= 8; i++) {
        struct s2s_packet batch[2] = {inner4(&pair, 60), inner4(&pair, 60)};
        batch[1].sa = second;
        assert_int_equal(s2s_esp_seal(pair.a, batch, 2, 1), 2);
        packet_free(&batch[0]);
        packet_free(&batch[1]);
        if (i == 5) {
            assert_int_equal(s2s_esp_next_soft_limit(pair.a), pair.sa_out);
            assert_int_equal(s2s_esp_next_soft_limit(pair.a), second);
        }
        assert_int_equal(s2s_esp_next_soft_limit(pair.a), 0);
    }
    struct s2s_esp_sa_stats stats = {.struct_size = sizeof stats};
    s2s_esp_sa_get_stats(pair.a, second, &stats);
    assert_true(stats.soft_limit_reached);
    pair_close(&pair);
}

/* An SA that is deleted before it was named is never named. */
static void soft_limit_of_a_deleted_sa(void **state)
{
    (void)state;
    struct esp_pair pair;
    pair_init(&pair, s2s_crypto_test(), gcm);
    pair.out.soft_limit = 1;
    pair_open(&pair);
    struct s2s_packet packet = sealed(&pair);
    packet_free(&packet);
    assert_int_equal(s2s_esp_sa_delete(pair.a, pair.sa_out), 0);
    assert_int_equal(s2s_esp_next_soft_limit(pair.a), 0);
    pair_close(&pair);
}

static void default_soft_limit(void **state)
{
    (void)state;
    struct esp_pair pair;
    pair_init(&pair, s2s_crypto_test(), gcm);
    pair.out.initial_sequence = (uint64_t)UINT32_MAX - UINT32_MAX / 16 - 2;
    pair_open(&pair);
    struct s2s_packet packet = sealed(&pair);
    packet_free(&packet);
    assert_int_equal(s2s_esp_next_soft_limit(pair.a), 0);
    packet = sealed(&pair);
    packet_free(&packet);
    assert_int_equal(s2s_esp_next_soft_limit(pair.a), pair.sa_out);
    pair_close(&pair);
}

/* ---- memory ---- */

static bool build_and_use(struct s2si_mem *mem, void *user)
{
    const struct suite_name *suite = user;
    struct esp_pair pair;
    struct s2s_esp_params params;
    s2s_esp *esp = NULL;
    bool well = true;
    pair_init(&pair, s2s_crypto_test(), *suite);
    s2s_esp_params_init(&params, sizeof params);
    params.provider = pair.provider;
    params.allocator = &mem->table;
    int error = s2s_esp_new(&params, &esp);
    if (error != 0) {
        assert_true(error == S2S_ERR_NO_MEMORY || error == S2S_ERR_CRYPTO);
        assert_null(esp);
        return false;
    }
    for (uint32_t i = 0; i < 40; i++) {
        s2s_esp_sa sa;
        pair.in.spi = 1000 + i;
        error = s2s_esp_sa_add(esp, i % 2 == 0 ? &pair.in : &pair.out, &sa);
        assert_true(error == 0 || error == S2S_ERR_NO_MEMORY);
        assert_int_equal(s2s_esp_sa_find(esp, 1000 + i), error == 0 && i % 2 == 0 ? sa : 0);
        well = well && error == 0;
    }
    s2s_esp_free(esp);
    return well;
}

static void allocation_failures(void **state)
{
    (void)state;
    each_allocation_fails(build_and_use, (void *)&gcm);
    each_allocation_fails(build_and_use, (void *)&cbc);
}

/* An allocator that looks for the keys in what is given back. */
struct watcher {
    struct failing_allocator inner;
    void (*release)(void *user, void *pointer, size_t size);
    const uint8_t *key, *integrity_key;
    bool leaked;
};

static void watch_release(void *user, void *pointer, size_t size)
{
    struct watcher *watcher = S2SI_CONTAINER(user, struct watcher, inner);
    for (size_t i = 0; i + 8 <= size; i++) {
        const uint8_t *at = (const uint8_t *)pointer + i;
        watcher->leaked =
            watcher->leaked || memcmp(at, watcher->key, 8) == 0 || memcmp(at, watcher->integrity_key, 8) == 0;
    }
    watcher->release(user, pointer, size);
}

static void keys_are_wiped(struct esp_pair *pair)
{
    static struct watcher watcher;
    failing_allocator_init(&watcher.inner);
    watcher.release = watcher.inner.table.release;
    watcher.inner.table.release = watch_release;
    watcher.key = pair->key;
    watcher.integrity_key = pair->integrity_key;
    watcher.leaked = false;
    pair_close(pair);
    pair->allocator = &watcher.inner.table;
    pair_open(pair);
    struct s2s_packet packet = sealed(pair);
    packet_free(&packet);
    assert_int_equal(s2s_esp_sa_delete(pair->a, pair->sa_out), 0);
    assert_false(watcher.leaked);
    pair_close(pair);
    assert_false(watcher.leaked);
    assert_int_equal(watcher.inner.blocks, 0);
}

static void keys(void **state)
{
    (void)state;
    each_pair(keys_are_wiped);
}

/* After SAs are there, packets cost no allocation. */
static void packets_allocate_nothing(struct esp_pair *pair)
{
    static struct failing_allocator counting;
    failing_allocator_init(&counting);
    pair_close(pair);
    pair->allocator = &counting.table;
    pair_open(pair);
    size_t before = counting.requests;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(open_one(pair, sealed(pair)), S2S_DROP_NONE);
        struct s2s_packet bad = sealed(pair);
        bad.length--;
        assert_int_not_equal(open_one(pair, bad), S2S_DROP_NONE);
    }
    assert_int_equal(counting.requests, before);
    pair_close(pair);
}

static void no_allocation_per_packet(void **state)
{
    (void)state;
    each_pair(packets_allocate_nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_engine_parameters),
        cmocka_unit_test(borrowed_context),
        cmocka_unit_test(bad_sa_parameters),
        cmocka_unit_test(what_the_provider_lacks),
        cmocka_unit_test(spi_belongs_to_one_inbound_sa),
        cmocka_unit_test(stale_handles_are_refused),
        cmocka_unit_test(limit_of_sas),
        cmocka_unit_test(drawn_spis),
        cmocka_unit_test(sizes_of_stats),
        cmocka_unit_test(soft_limit_is_named_once),
        cmocka_unit_test(soft_limit_of_a_deleted_sa),
        cmocka_unit_test(default_soft_limit),
        cmocka_unit_test(allocation_failures),
        cmocka_unit_test(keys),
        cmocka_unit_test(no_allocation_per_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
