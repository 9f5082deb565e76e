/* SPDX-License-Identifier: Apache-2.0 */
/* Key derivation of RFC 7296 sections 2.13 to 2.18 against NIST's CAVP rows, through each provider. */
#include "crypto_vectors.h"

#include "lib/crypto/kdf.h"

struct kdf {
    struct s2si_mem mem;
    struct s2si_crypto crypto;
};

static void kdf_open(struct kdf *k, provider_getter provider)
{
    assert_int_equal(s2si_mem_init(&k->mem, NULL), 0);
    assert_int_equal(s2si_crypto_open(&k->crypto, provider(), NULL), 0);
}

/* Nothing that was derived is left behind. */
static void kdf_close(struct kdf *k)
{
    s2si_crypto_close(&k->crypto);
    assert_int_equal(k->mem.blocks, 0);
}

/* "sha256" and "HMAC-SHA1" are the words of the file. */
static enum s2s_algorithm prf_named(const char *word)
{
    enum s2s_algorithm prf = s2s_algorithm_find(S2S_TRANSFORM_PRF, word);
    assert_int_not_equal(prf, S2S_ALG_NONE);
    return prf;
}

static const cJSON *rows_of(const cJSON *json, const char *start)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, json)
    {
        if (strncmp(item->string, start, strlen(start)) == 0) {
            return item;
        }
    }
    fail_msg("the file has no %s", start);
    return NULL;
}

static void assert_secret(const struct s2si_secret *secret, struct bytes expected)
{
    assert_int_equal(secret->length, expected.length);
    assert_memory_equal(secret->data, expected.data, expected.length);
}

/* Runs a check over each row of one list of the file, for each provider. */
static void each_row(const char *test, const char *list, void (*check)(struct kdf *k, const cJSON *row))
{
    cJSON *json = vectors_json(test, "ikev2-kdf-cavp.json");
    size_t count = 0;
    for (size_t i = 0; real_providers[i] != NULL; i++) {
        struct kdf k;
        const cJSON *row;
        kdf_open(&k, real_providers[i]);
        cJSON_ArrayForEach(row, rows_of(json, list))
        {
            check(&k, row);
            pool_reset();
            count++;
        }
        kdf_close(&k);
    }
    cJSON_Delete(json);
    print_message("%s: %zu rows\n", list, count);
    assert_true(count > 0);
}

/* Any cut of Ni | Nr into two gives the same key. */
static void check_skeyseed(struct kdf *k, const cJSON *row)
{
    struct bytes nonces = hex_of(row, "ni_nr"), shared = hex_of(row, "gir");
    for (size_t cut = 0; cut <= nonces.length; cut += nonces.length / 2) {
        struct s2si_secret out = {NULL, 0};
        struct s2s_span ni = {nonces.data, cut}, nr = {nonces.data + cut, nonces.length - cut};
        assert_int_equal(
            s2si_kdf_skeyseed(&k->crypto, &k->mem, prf_named(text_of(row, "prf")), ni, nr, span(shared), &out), 0);
        assert_secret(&out, hex_of(row, "skeyseed"));
        s2si_secret_clear(&k->mem, &out);
    }
}

static void skeyseed(void **state)
{
    (void)state;
    each_row(__func__, "skeyseed", check_skeyseed);
}

static void check_prf_plus(struct kdf *k, const cJSON *row)
{
    struct bytes key = hex_of(row, "skeyseed"), seed = hex_of(row, "ni_nr_spii_spir"), expected = hex_of(row, "dkm");
    const struct s2s_span cut[] = {{seed.data, 3}, {seed.data + 3, seed.length - 3}};
    enum s2s_algorithm prf = prf_named(text_of(row, "prf"));
    for (size_t length = 1; length <= expected.length; length += 7) {
        struct bytes out = bytes_new(length);
        assert_int_equal(s2si_kdf_prf_plus(&k->crypto, prf, key.data, key.length, cut, 2, out.data, length), 0);
        assert_memory_equal(out.data, expected.data, length);
    }
}

static void prf_plus(void **state)
{
    (void)state;
    each_row(__func__, "dkm", check_prf_plus);
}

static struct s2si_secret secret_of(struct kdf *k, struct bytes value)
{
    struct s2si_secret secret = {NULL, 0};
    assert_int_equal(s2si_secret_set(&k->mem, &secret, value.data, value.length), 0);
    return secret;
}

/* SKEYSEED, all keys of the IKE SA, then the SKEYSEED of its rekey: the material is cut as RFC 7296 section 2.14
 * orders. */
static void check_chain(struct kdf *k, const cJSON *row)
{
    const enum s2s_algorithm prf = prf_named(text_of(row, "prf"));
    const struct s2si_cipher_suite suite = {S2S_AES256_CBC, S2S_HMAC_SHA1_96};
    struct bytes ni = hex_of(row, "ni"), nr = hex_of(row, "nr"), dkm = hex_of(row, "dkm");
    struct s2si_secret seed = {NULL, 0}, again = {NULL, 0};
    struct s2si_ike_keys keys = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    assert_int_equal(s2si_kdf_skeyseed(&k->crypto, &k->mem, prf, span(ni), span(nr), span(hex_of(row, "gir")), &seed),
                     0);
    assert_secret(&seed, hex_of(row, "skeyseed"));
    assert_int_equal(s2si_kdf_ike_keys(&k->crypto, &k->mem, prf, &suite, &seed, span(ni), span(nr),
                                       hex_of(row, "spii").data, hex_of(row, "spir").data, &keys),
                     0);
    const struct s2si_secret *const order[] = {&keys.d, &keys.ai, &keys.ar, &keys.ei, &keys.er, &keys.pi, &keys.pr};
    static const size_t lengths[] = {20, 20, 20, 32, 32, 20, 20};
    size_t at = 0;
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(order[i]->length, lengths[i]);
        if (at + lengths[i] <= dkm.length) {
            assert_memory_equal(order[i]->data, dkm.data + at, lengths[i]);
        }
        at += lengths[i];
    }
    assert_int_equal(s2si_kdf_skeyseed_rekey(&k->crypto, &k->mem, prf, &keys.d, span(hex_of(row, "gir_new")), span(ni),
                                             span(nr), &again),
                     0);
    assert_secret(&again, hex_of(row, "skeyseed_rekey"));
    s2si_ike_keys_clear(&k->mem, &keys);
    s2si_secret_clear(&k->mem, &seed);
    s2si_secret_clear(&k->mem, &again);
}

static void whole_chain(void **state)
{
    (void)state;
    each_row(__func__, "whole chain", check_chain);
}

/* ---- what the file does not have: cut and order, against prf+ itself ---- */

static void each_kdf(void (*body)(struct kdf *k))
{
    for (size_t i = 0; real_providers[i] != NULL; i++) {
        struct kdf k;
        kdf_open(&k, real_providers[i]);
        body(&k);
        kdf_close(&k);
        pool_reset();
    }
}

/* RFC 7296 section 2.17: initiator before responder, encryption before integrity, g^ir in front when there is PFS. */
static void child(struct kdf *k)
{
    struct bytes ni = hex("000102030405060708090a0b0c0d0e0f"), nr = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), material;
    struct bytes shared = hex("42434445");
    struct s2si_secret d = secret_of(k, hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"));
    const struct s2si_cipher_suite cbc = {S2S_AES256_CBC, S2S_HMAC_SHA2_256_128},
                                   gcm = {S2S_AES128_GCM16, S2S_ALG_NONE};
    struct s2si_child_keys keys = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct bytes joined = bytes_new(36);
    memcpy(joined.data, shared.data, 4);
    memcpy(joined.data + 4, ni.data, 16);
    memcpy(joined.data + 20, nr.data, 16);

    struct s2s_span seed = {joined.data, 36};
    material = bytes_new(128);
    assert_int_equal(
        s2si_kdf_prf_plus(&k->crypto, S2S_PRF_HMAC_SHA2_256, d.data, d.length, &seed, 1, material.data, 128), 0);
    assert_int_equal(s2si_kdf_child_keys(&k->crypto, &k->mem, S2S_PRF_HMAC_SHA2_256, &cbc, &d, span(shared), span(ni),
                                         span(nr), &keys),
                     0);
    assert_secret(&keys.initiator_encryption, (struct bytes){material.data, 32});
    assert_secret(&keys.initiator_integrity, (struct bytes){material.data + 32, 32});
    assert_secret(&keys.responder_encryption, (struct bytes){material.data + 64, 32});
    assert_secret(&keys.responder_integrity, (struct bytes){material.data + 96, 32});

    /* AEAD without PFS: key and 4 bytes of salt in each direction, no integrity keys (those of before are gone). */
    seed = (struct s2s_span){joined.data + 4, 32};
    assert_int_equal(
        s2si_kdf_prf_plus(&k->crypto, S2S_PRF_HMAC_SHA2_256, d.data, d.length, &seed, 1, material.data, 40), 0);
    assert_int_equal(s2si_kdf_child_keys(&k->crypto, &k->mem, S2S_PRF_HMAC_SHA2_256, &gcm, &d,
                                         (struct s2s_span){NULL, 0}, span(ni), span(nr), &keys),
                     0);
    assert_secret(&keys.initiator_encryption, (struct bytes){material.data, 20});
    assert_secret(&keys.responder_encryption, (struct bytes){material.data + 20, 20});
    assert_int_equal(keys.initiator_integrity.length, 0);
    assert_int_equal(keys.responder_integrity.length, 0);

    struct s2s_crypto_key key;
    assert_int_equal(s2si_kdf_key(&gcm, &keys.initiator_encryption, &keys.initiator_integrity, &key), 0);
    assert_ptr_equal(key.encryption_key, keys.initiator_encryption.data);
    assert_ptr_equal(key.salt, keys.initiator_encryption.data + 16);
    assert_int_equal(s2si_kdf_key(&cbc, &keys.initiator_encryption, &keys.initiator_integrity, &key), S2S_ERR_INVALID);
    s2si_child_keys_clear(&k->mem, &keys);
    s2si_secret_clear(&k->mem, &d);
}

static void child_keys(void **state)
{
    (void)state;
    each_kdf(child);
}

/* RFC 7296 section 2.15, computed by hand from the PRF. */
static void psk(struct kdf *k)
{
    struct s2si_secret shared = secret_of(k, bytes_copy("F!rst-Key.1", 11));
    struct bytes octets = hex("0102030405060708090a");
    const struct s2s_span pad = {(const uint8_t *)"Key Pad for IKEv2", 17}, whole = span(octets);
    const struct s2s_span parts[] = {{octets.data, 4}, {octets.data + 4, 6}};
    uint8_t inner[S2S_CRYPTO_MAX_HASH], expected[S2S_CRYPTO_MAX_HASH], out[S2S_CRYPTO_MAX_HASH];
    for (int prf = S2S_PRF_HMAC_SHA1; prf <= S2S_PRF_HMAC_SHA2_512; prf++) {
        const enum s2s_algorithm value = (enum s2s_algorithm)prf;
        const size_t length = s2s_algorithm_info(value)->output_length;
        assert_int_equal(s2si_crypto_prf(&k->crypto, value, shared.data, shared.length, &pad, 1, inner), 0);
        assert_int_equal(s2si_crypto_prf(&k->crypto, value, inner, length, &whole, 1, expected), 0);
        assert_int_equal(s2si_kdf_psk_auth(&k->crypto, value, &shared, parts, 2, out), 0);
        assert_memory_equal(out, expected, length);
    }
    s2si_secret_clear(&k->mem, &shared);
}

static void psk_auth(void **state)
{
    (void)state;
    each_kdf(psk);
}

/* prf+ ends at 255 blocks; other kinds of algorithm are no PRF; a failure leaves no output behind. */
static void limits(struct kdf *k)
{
    struct s2s_span seed = {(const uint8_t *)"s", 1};
    struct bytes out = bytes_new(255 * 20 + 1);
    struct s2si_secret d = secret_of(k, hex("00")), to = secret_of(k, hex("aabb"));
    struct s2si_child_keys keys = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    const struct s2si_cipher_suite wrong = {S2S_AES128_GCM16, S2S_HMAC_SHA1_96};
    assert_int_equal(s2si_kdf_prf_plus(&k->crypto, S2S_PRF_HMAC_SHA1, d.data, 1, &seed, 1, out.data, 255 * 20), 0);
    assert_int_equal(s2si_kdf_prf_plus(&k->crypto, S2S_PRF_HMAC_SHA1, d.data, 1, &seed, 1, out.data, 255 * 20 + 1),
                     S2S_ERR_INVALID);
    assert_int_equal(s2si_kdf_prf_plus(&k->crypto, S2S_HMAC_SHA1_96, d.data, 1, &seed, 1, out.data, 20),
                     S2S_ERR_INVALID);
    assert_int_equal(s2si_kdf_skeyseed(&k->crypto, &k->mem, S2S_SHA1, seed, seed, seed, &to), S2S_ERR_INVALID);
    assert_int_equal(to.length, 0);
    assert_int_equal(s2si_kdf_child_keys(&k->crypto, &k->mem, S2S_PRF_HMAC_SHA1, &wrong, &d, seed, seed, seed, &keys),
                     S2S_ERR_INVALID);
    s2si_secret_clear(&k->mem, &d);
}

static void limits_hold(void **state)
{
    (void)state;
    each_kdf(limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(skeyseed),   cmocka_unit_test(prf_plus), cmocka_unit_test(whole_chain),
        cmocka_unit_test(child_keys), cmocka_unit_test(psk_auth), cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
