/* SPDX-License-Identifier: Apache-2.0 */
/* lib/crypto/crypto.c: what is refused before a provider is asked, and the trap for calls that come back. */
#include "crypto_vectors.h"

#include "lib/crypto/crypto.h"

#if defined(S2S_WITH_LEGACY) && S2S_WITH_LEGACY
enum { LEGACY = 1 };
#else
enum { LEGACY = 0 };
#endif

static struct s2si_crypto crypto_with(const struct s2s_crypto_provider *provider)
{
    struct s2si_crypto crypto;
    assert_int_equal(s2si_crypto_open(&crypto, provider, NULL), 0);
    return crypto;
}

/* The test provider has everything, so a refusal is the dispatch's own. */
static void legacy_is_refused_by_name(void **state)
{
    (void)state;
    static const enum s2s_algorithm legacy[] = {S2S_DES_CBC,     S2S_3DES_CBC, S2S_PRF_HMAC_MD5,
                                                S2S_HMAC_MD5_96, S2S_MODP768,  S2S_MD5};
    struct s2si_crypto crypto = crypto_with(s2s_crypto_test());
    for (size_t i = 0; i < sizeof legacy / sizeof legacy[0]; i++) {
        const char *why = s2si_crypto_refusal(&crypto, legacy[i]);
        assert_int_equal(s2si_crypto_supports(&crypto, legacy[i]), LEGACY);
        assert_true(LEGACY ? why == NULL : strstr(why, "S2S_WITH_LEGACY") != NULL);
    }
    assert_null(s2si_crypto_refusal(&crypto, S2S_AES128_CBC));
    assert_null(s2si_crypto_refusal(&crypto, S2S_ALG_NONE));
    assert_null(s2si_crypto_refusal(&crypto, S2S_ESN));
    assert_non_null(s2si_crypto_refusal(&crypto, (enum s2s_algorithm)999));
    s2si_crypto_close(&crypto);
}

/* Legacy algorithms are refused on each way in, not only when somebody asks first. */
static void legacy_has_no_back_door(void **state)
{
    (void)state;
    static const uint8_t bytes[64];
    const int expected = LEGACY ? 0 : S2S_ERR_UNSUPPORTED;
    const struct s2s_crypto_key des = {S2S_DES_CBC, S2S_HMAC_SHA1_96, bytes, NULL, bytes};
    const struct s2s_crypto_key md5 = {S2S_AES128_CBC, S2S_HMAC_MD5_96, bytes, NULL, bytes};
    struct s2si_crypto crypto = crypto_with(s2s_crypto_test());
    uint8_t out[S2S_CRYPTO_MAX_HASH];
    void *handle;
    assert_int_equal(s2si_crypto_hash(&crypto, S2S_MD5, NULL, 0, out), expected);
    assert_int_equal(s2si_crypto_prf(&crypto, S2S_PRF_HMAC_MD5, bytes, 1, NULL, 0, out), expected);
    assert_int_equal(s2si_crypto_transform_new(&crypto, &des, true, &handle), expected);
    s2si_crypto_transform_free(&crypto, handle);
    assert_int_equal(s2si_crypto_transform_new(&crypto, &md5, true, &handle), expected);
    s2si_crypto_transform_free(&crypto, handle);
    assert_int_equal(s2si_crypto_exchange_new(&crypto, S2S_MODP768, &handle), expected);
    s2si_crypto_exchange_free(&crypto, handle);
    s2si_crypto_close(&crypto);
}

/* Kinds and pairs: an AEAD takes no integrity, another cipher needs one, a hash is no PRF. */
static void kinds_and_pairs(void **state)
{
    (void)state;
    static const uint8_t bytes[64];
    const struct s2s_crypto_key bad[] = {
        {S2S_AES128_GCM16, S2S_HMAC_SHA1_96, bytes, bytes, bytes}, {S2S_AES128_CBC, S2S_ALG_NONE, bytes, bytes, bytes},
        {S2S_AES128_CBC, S2S_SHA1, bytes, bytes, bytes},           {S2S_SHA1, S2S_ALG_NONE, bytes, bytes, bytes},
        {S2S_ALG_NONE, S2S_HMAC_SHA1_96, bytes, bytes, bytes},
    };
    struct s2si_crypto crypto = crypto_with(s2s_crypto_test());
    uint8_t out[S2S_CRYPTO_MAX_HASH];
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        void *handle = &crypto;
        assert_int_equal(s2si_crypto_transform_new(&crypto, &bad[i], true, &handle), S2S_ERR_INVALID);
        assert_null(handle);
    }
    void *handle = &crypto;
    assert_int_equal(s2si_crypto_exchange_new(&crypto, S2S_SHA1, &handle), S2S_ERR_INVALID);
    assert_null(handle);
    assert_int_equal(s2si_crypto_prf(&crypto, S2S_SHA1, bytes, 1, NULL, 0, out), S2S_ERR_INVALID);
    assert_int_equal(s2si_crypto_hash(&crypto, S2S_PRF_HMAC_SHA1, NULL, 0, out), S2S_ERR_INVALID);
    s2si_crypto_close(&crypto);
}

/* A table with a hole is refused; one without the optional import is not. */
static void tables_are_complete(void **state)
{
    (void)state;
    struct s2s_crypto_provider provider = *s2s_crypto_test();
    struct s2si_crypto crypto;
    assert_int_equal(s2si_crypto_open(&crypto, NULL, NULL), S2S_ERR_INVALID);
    provider.exchange_import = NULL;
    assert_int_equal(s2si_crypto_open(&crypto, &provider, NULL), 0);
    s2si_crypto_close(&crypto);
    provider.seal = NULL;
    assert_int_equal(s2si_crypto_open(&crypto, &provider, NULL), S2S_ERR_INVALID);
    s2si_crypto_close(&crypto);
    provider = *s2s_crypto_test();
    provider.struct_size = 8;
    assert_int_equal(s2si_crypto_open(&crypto, &provider, NULL), S2S_ERR_INVALID);
    s2si_crypto_close(&crypto);
}

/* ---- a provider that calls back ---- */

static struct s2si_crypto *entered;

static int random_that_calls_back(void *context, uint8_t *out, size_t length)
{
    (void)context;
    assert_true(s2si_crypto_inside(entered));
    return s2si_crypto_random(entered, out, length);
}

static void seal_that_calls_back(void *context, void *transform, struct s2s_crypto_op *ops, size_t count)
{
    (void)context;
    s2si_crypto_seal(entered, transform, ops, count);
}

static void calls_back_are_trapped(void **state)
{
    (void)state;
#ifdef NDEBUG
    print_message("skip %s: the trap exists in debug builds only\n", __func__);
    skip();
#endif
    struct s2s_crypto_provider provider = *s2s_crypto_test();
    provider.random = random_that_calls_back;
    provider.seal = seal_that_calls_back;
    struct s2si_crypto crypto = crypto_with(&provider);
    struct s2s_crypto_op ops[2] = {{.result = 0}, {.result = 0}};
    uint8_t out[4];
    entered = &crypto;
    assert_int_equal(s2si_crypto_random(&crypto, out, sizeof out), S2S_ERR_REENTRANT);
    assert_false(s2si_crypto_inside(&crypto));
    s2si_crypto_seal(&crypto, NULL, ops, 2);
    assert_int_equal(ops[0].result, S2S_ERR_REENTRANT);
    assert_int_equal(ops[1].result, S2S_ERR_REENTRANT);
    assert_int_equal(s2si_crypto_hash(&crypto, S2S_SHA1, NULL, 0, (uint8_t[20]){0}), 0);
    s2si_crypto_close(&crypto);
    s2si_crypto_close(&crypto); /* closing twice is allowed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(legacy_is_refused_by_name), cmocka_unit_test(legacy_has_no_back_door),
        cmocka_unit_test(kinds_and_pairs),           cmocka_unit_test(tables_are_complete),
        cmocka_unit_test(calls_back_are_trapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
