/* SPDX-License-Identifier: Apache-2.0 */
/* The table of algorithms: words, wire values, lengths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <s2svpn/crypto.h>
#include "lib/crypto/algorithm.h"

/* Every row is found by value, by word and by what stands on the wire, and by nothing else's. */
static void rows_are_found(void **state)
{
    (void)state;
    const struct s2s_algorithm_info *info;
    size_t count = 0;
    for (; (info = s2s_algorithm_at(count)) != NULL; count++) {
        assert_ptr_equal(s2s_algorithm_info(info->algorithm), info);
        assert_string_equal(s2s_algorithm_name(info->algorithm), info->name);
        assert_int_equal(s2s_algorithm_find(info->type, info->name), info->algorithm);
        assert_int_equal(s2s_algorithm_from_wire(info->type, info->transform_id, info->key_bits), info->algorithm);
    }
    assert_int_equal(count, 10 + 5 + 5 + 15 + 2 + 5);
    assert_null(s2s_algorithm_at(SIZE_MAX));
    assert_null(s2s_algorithm_info(S2S_ALG_NONE));
    assert_string_equal(s2s_algorithm_name(S2S_ALG_NONE), "none");
    assert_string_equal(s2s_algorithm_name((enum s2s_algorithm)999), "unknown");
}

/* Callers size their buffers by the maxima of s2svpn/crypto.h. */
static void maxima_hold(void **state)
{
    (void)state;
    const struct s2s_algorithm_info *info;
    for (size_t i = 0; (info = s2s_algorithm_at(i)) != NULL; i++) {
        assert_true(info->key_length <= S2S_CRYPTO_MAX_KEY);
        assert_true(info->salt_length <= S2S_CRYPTO_MAX_SALT);
        assert_true(info->iv_length <= S2S_CRYPTO_MAX_IV);
        assert_true(info->icv_length <= S2S_CRYPTO_MAX_ICV);
        assert_true(info->output_length <= S2S_CRYPTO_MAX_HASH);
        assert_true(info->public_length <= S2S_CRYPTO_MAX_PUBLIC);
        assert_true(info->secret_length <= S2S_CRYPTO_MAX_PUBLIC);
        assert_true(info->key_bits == 0 || info->key_bits == info->key_length * 8);
        assert_int_equal(info->aead, info->salt_length > 0);
        assert_true(info->type != S2S_TRANSFORM_ENCRYPTION || info->block_length > 0);
    }
}

static void words(void **state)
{
    (void)state;
    static const struct {
        enum s2s_transform_type type;
        const char *word;
        enum s2s_algorithm algorithm;
    } rows[] = {
        {S2S_TRANSFORM_ENCRYPTION, "aes", S2S_AES128_CBC},
        {S2S_TRANSFORM_ENCRYPTION, "AES256", S2S_AES256_CBC},
        {S2S_TRANSFORM_ENCRYPTION, "AES256-GCM-16", S2S_AES256_GCM16},
        {S2S_TRANSFORM_ENCRYPTION, "aes128gcm128", S2S_AES128_GCM16},
        {S2S_TRANSFORM_ENCRYPTION, "chacha20poly1305", S2S_CHACHA20_POLY1305},
        {S2S_TRANSFORM_ENCRYPTION, "3des", S2S_3DES_CBC},
        {S2S_TRANSFORM_ENCRYPTION, "sha256", S2S_ALG_NONE},
        {S2S_TRANSFORM_ENCRYPTION, "aes512", S2S_ALG_NONE},
        {S2S_TRANSFORM_ENCRYPTION, "aes256gcm8", S2S_ALG_NONE},
        {S2S_TRANSFORM_ENCRYPTION, "aes ", S2S_ALG_NONE},
        {S2S_TRANSFORM_ENCRYPTION, "ae", S2S_ALG_NONE},
        {S2S_TRANSFORM_ENCRYPTION, "", S2S_ALG_NONE},
        {S2S_TRANSFORM_ENCRYPTION, "-", S2S_ALG_NONE},
        {S2S_TRANSFORM_ENCRYPTION, NULL, S2S_ALG_NONE},
        {S2S_TRANSFORM_PRF, "prfsha256", S2S_PRF_HMAC_SHA2_256},
        {S2S_TRANSFORM_PRF, "sha2_384", S2S_PRF_HMAC_SHA2_384},
        {S2S_TRANSFORM_PRF, "sha1", S2S_PRF_HMAC_SHA1},
        {S2S_TRANSFORM_INTEGRITY, "sha256", S2S_HMAC_SHA2_256_128},
        {S2S_TRANSFORM_INTEGRITY, "SHA2-512", S2S_HMAC_SHA2_512_256},
        {S2S_TRANSFORM_INTEGRITY, "hmac-sha2-384-192", S2S_HMAC_SHA2_384_192},
        {S2S_TRANSFORM_INTEGRITY, "sha", S2S_HMAC_SHA1_96},
        {S2S_TRANSFORM_INTEGRITY, "prfsha256", S2S_ALG_NONE},
        {S2S_TRANSFORM_HASH, "sha256", S2S_SHA2_256},
        {S2S_TRANSFORM_GROUP, "14", S2S_MODP2048},
        {S2S_TRANSFORM_GROUP, "group14", S2S_MODP2048},
        {S2S_TRANSFORM_GROUP, "DH-Group-14", S2S_MODP2048},
        {S2S_TRANSFORM_GROUP, "modp2048", S2S_MODP2048},
        {S2S_TRANSFORM_GROUP, "2", S2S_MODP1024},
        {S2S_TRANSFORM_GROUP, "group2", S2S_MODP1024},
        {S2S_TRANSFORM_GROUP, "24", S2S_MODP2048_S256},
        {S2S_TRANSFORM_GROUP, "ecp384", S2S_ECP384},
        {S2S_TRANSFORM_GROUP, "x25519", S2S_CURVE25519},
        {S2S_TRANSFORM_GROUP, "curve25519", S2S_CURVE25519},
        {S2S_TRANSFORM_GROUP, "group31", S2S_CURVE25519},
        {S2S_TRANSFORM_GROUP, "3", S2S_ALG_NONE},
        {S2S_TRANSFORM_GROUP, "014", S2S_ALG_NONE},
        {S2S_TRANSFORM_GROUP, "14x", S2S_ALG_NONE},
        {S2S_TRANSFORM_GROUP, "group", S2S_ALG_NONE},
        {S2S_TRANSFORM_GROUP, "groupgroup14", S2S_ALG_NONE},
        {S2S_TRANSFORM_GROUP, "4294967310", S2S_ALG_NONE},
        {S2S_TRANSFORM_ESN, "esn", S2S_ESN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (s2s_algorithm_find(rows[i].type, rows[i].word) != rows[i].algorithm) {
            fail_msg("%s", rows[i].word != NULL ? rows[i].word : "NULL");
        }
    }
}

/* Transform ids as IANA has them; AES without a Key Length attribute, or others with one, stand for nothing. */
static void wire_values(void **state)
{
    (void)state;
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_ENCRYPTION, 12, 256), S2S_AES256_CBC);
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_ENCRYPTION, 20, 128), S2S_AES128_GCM16);
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_ENCRYPTION, 28, 0), S2S_CHACHA20_POLY1305);
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_ENCRYPTION, 12, 0), S2S_ALG_NONE);
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_ENCRYPTION, 12, 255), S2S_ALG_NONE);
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_ENCRYPTION, 28, 256), S2S_ALG_NONE);
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_PRF, 5, 0), S2S_PRF_HMAC_SHA2_256);
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_INTEGRITY, 12, 0), S2S_HMAC_SHA2_256_128);
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_INTEGRITY, 0, 0), S2S_ALG_NONE);
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_GROUP, 14, 0), S2S_MODP2048);
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_GROUP, 31, 0), S2S_CURVE25519);
    assert_int_equal(s2s_algorithm_from_wire(S2S_TRANSFORM_ESN, 0, 0), S2S_NO_ESN);
    assert_int_equal(s2s_algorithm_from_wire((enum s2s_transform_type)99, 12, 256), S2S_ALG_NONE);
}

static void pairs(void **state)
{
    (void)state;
    assert_int_equal(s2si_algorithm_prf_of(S2S_HMAC_SHA2_384_192), S2S_PRF_HMAC_SHA2_384);
    assert_int_equal(s2si_algorithm_integrity_of(S2S_PRF_HMAC_SHA1), S2S_HMAC_SHA1_96);
    assert_int_equal(s2si_algorithm_prf_of(S2S_AES128_CBC), S2S_ALG_NONE);
    assert_int_equal(s2si_algorithm_prf_of(S2S_ALG_NONE), S2S_ALG_NONE);
    assert_int_equal(s2si_algorithm_keymat(S2S_AES128_GCM16), 20);
    assert_int_equal(s2si_algorithm_keymat(S2S_CHACHA20_POLY1305), 36);
    assert_int_equal(s2si_algorithm_keymat(S2S_AES256_CBC), 32);
    assert_int_equal(s2si_algorithm_keymat(S2S_SHA1), 0);
    assert_int_equal(s2si_algorithm_icv(S2S_AES128_GCM16, S2S_ALG_NONE), 16);
    assert_int_equal(s2si_algorithm_icv(S2S_AES128_CBC, S2S_HMAC_SHA1_96), 12);
    assert_true(s2si_algorithm_pair(S2S_AES128_GCM16, S2S_ALG_NONE));
    assert_false(s2si_algorithm_pair(S2S_AES128_GCM16, S2S_HMAC_SHA1_96));
    assert_true(s2si_algorithm_pair(S2S_AES128_CBC, S2S_HMAC_SHA1_96));
    assert_false(s2si_algorithm_pair(S2S_AES128_CBC, S2S_ALG_NONE));
    assert_false(s2si_algorithm_pair(S2S_AES128_CBC, S2S_PRF_HMAC_SHA1));
    assert_false(s2si_algorithm_pair(S2S_ALG_NONE, S2S_HMAC_SHA1_96));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found), cmocka_unit_test(maxima_hold), cmocka_unit_test(words),
        cmocka_unit_test(wire_values),    cmocka_unit_test(pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
