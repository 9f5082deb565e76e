/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes (FIPS 180-4) and HMAC PRFs (RFC 2202, RFC 4231, Wycheproof) through the provider table. */
#include "crypto_vectors.h"

/* The HMAC of key and message, whole and cut into spans, equals mac (or its first bytes). */
static void check_prf(struct bench *b, enum s2s_algorithm prf, struct bytes key, struct bytes message, struct bytes mac)
{
    uint8_t out[S2S_CRYPTO_MAX_HASH];
    const struct s2s_span whole = span(message);
    const size_t cut = message.length / 3;
    const struct s2s_span parts[] = {{message.data, cut}, {NULL, 0}, {message.data + cut, message.length - cut}};
    assert_int_equal(b->p->prf(b->context, prf, key.data, key.length, &whole, 1, out), 0);
    assert_memory_equal(out, mac.data, mac.length);
    memset(out, 0, sizeof out);
    assert_int_equal(b->p->prf(b->context, prf, key.data, key.length, parts, 3, out), 0);
    assert_memory_equal(out, mac.data, mac.length);
}

static void run_rfc_file(const char *test, const char *name, enum s2s_algorithm prf, size_t at_least)
{
    for (size_t i = 0; real_providers[i] != NULL; i++) {
        struct rsp rsp;
        size_t count = 0;
        rsp_open(&rsp, test, name);
        struct bench b = bench_open(real_providers[i]());
        while (b.p->supports(b.context, prf) && rsp_next(&rsp, "Len")) {
            struct bytes message = rsp_hex(&rsp, "Msg");
            check_prf(&b, prf, rsp_hex(&rsp, "Key"), message, rsp_hex(&rsp, "MD"));
            pool_reset();
            count++;
        }
        assert_true(count >= at_least || !b.p->supports(b.context, prf));
        bench_close(&b);
        rsp_close(&rsp);
    }
}

static void rfc2202_sha1(void **state)
{
    (void)state;
    run_rfc_file(__func__, "HMAC/rfc-2202-sha1.txt", S2S_PRF_HMAC_SHA1, 7);
}

static void rfc2202_md5(void **state)
{
    (void)state;
    run_rfc_file(__func__, "HMAC/rfc-2202-md5.txt", S2S_PRF_HMAC_MD5, 7);
}

static void rfc4231_sha256(void **state)
{
    (void)state;
    run_rfc_file(__func__, "HMAC/rfc-4231-sha256.txt", S2S_PRF_HMAC_SHA2_256, 6);
}

static void rfc4231_sha384(void **state)
{
    (void)state;
    run_rfc_file(__func__, "HMAC/rfc-4231-sha384.txt", S2S_PRF_HMAC_SHA2_384, 6);
}

static void rfc4231_sha512(void **state)
{
    (void)state;
    run_rfc_file(__func__, "HMAC/rfc-4231-sha512.txt", S2S_PRF_HMAC_SHA2_512, 6);
}

/* RFC 4231 test cases 1 and 6 again, written here: they hold also where no vector file is installed. */
static void rfc4231_written_out(struct bench *b)
{
    struct bytes long_key = bytes_new(131);
    memset(long_key.data, 0xaa, long_key.length);
    static const char long_text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
    struct bytes text = bytes_copy(long_text, sizeof long_text - 1);
    check_prf(b, S2S_PRF_HMAC_SHA2_256, hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), bytes_copy("Hi There", 8),
              hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
    check_prf(b, S2S_PRF_HMAC_SHA2_256, long_key, text,
              hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
    check_prf(
        b, S2S_PRF_HMAC_SHA2_512, long_key, text,
        hex("80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f"
            "63f0aec8b915a985d786598"));
    pool_reset();
}

static void rfc4231_all(void **state)
{
    (void)state;
    each_provider(rfc4231_written_out);
}

static void hash_values(struct bench *b)
{
    static const struct {
        enum s2s_algorithm hash;
        const char *text, *digest;
    } rows[] = {
        {S2S_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {S2S_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {S2S_SHA2_256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {S2S_SHA2_384, "abc",
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
        {S2S_SHA2_512, "abc",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
         "454d4423643ce80e2a9ac94fa54ca49f"},
        {S2S_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[S2S_CRYPTO_MAX_HASH];
        struct bytes digest = hex(rows[i].digest);
        const struct s2s_span in[] = {{(const uint8_t *)rows[i].text, strlen(rows[i].text) / 2},
                                      {(const uint8_t *)rows[i].text + strlen(rows[i].text) / 2,
                                       strlen(rows[i].text) - strlen(rows[i].text) / 2}};
        if (!b->p->supports(b->context, rows[i].hash)) {
            assert_int_equal(b->p->hash(b->context, rows[i].hash, in, 2, out), S2S_ERR_UNSUPPORTED);
            continue;
        }
        assert_int_equal(b->p->hash(b->context, rows[i].hash, in, 2, out), 0);
        assert_int_equal(digest.length, s2s_algorithm_info(rows[i].hash)->output_length);
        assert_memory_equal(out, digest.data, digest.length);
        pool_reset();
    }
}

static void hashes(void **state)
{
    (void)state;
    each_provider(hash_values);
}

/* An algorithm of another kind is refused, not taken for its neighbour. */
static void wrong_kind(struct bench *b)
{
    uint8_t out[S2S_CRYPTO_MAX_HASH];
    assert_int_equal(b->p->hash(b->context, S2S_PRF_HMAC_SHA1, NULL, 0, out), S2S_ERR_UNSUPPORTED);
    assert_int_equal(b->p->hash(b->context, S2S_ALG_NONE, NULL, 0, out), S2S_ERR_UNSUPPORTED);
    assert_int_equal(b->p->prf(b->context, S2S_HMAC_SHA1_96, out, 1, NULL, 0, out), S2S_ERR_UNSUPPORTED);
    assert_int_equal(b->p->prf(b->context, S2S_ALG_NONE, out, 1, NULL, 0, out), S2S_ERR_UNSUPPORTED);
}

static void kinds(void **state)
{
    (void)state;
    each_provider(wrong_kind);
}

/* A valid tag equals the MAC's first bytes; an invalid one does not. */
static bool visit_hmac(struct bench *b, enum s2s_algorithm prf, const cJSON *vector)
{
    uint8_t out[S2S_CRYPTO_MAX_HASH];
    struct bytes key = hex_of(vector, "key"), message = hex_of(vector, "msg"), tag = hex_of(vector, "tag");
    const struct s2s_span in = span(message);
    assert_int_equal(b->p->prf(b->context, prf, key.data, key.length, &in, 1, out), 0);
    bool valid = strcmp(text_of(vector, "result"), "valid") == 0;
    if ((memcmp(out, tag.data, tag.length) == 0) != valid) {
        fail_msg("tcId %d", number_of(vector, "tcId"));
    }
    return true;
}

#define WYCHEPROOF_HMAC(name, file, prf)                                                                               \
    static bool visit_##name(struct bench *b, const cJSON *group, const cJSON *vector)                                 \
    {                                                                                                                  \
        (void)group;                                                                                                   \
        return visit_hmac(b, prf, vector);                                                                             \
    }                                                                                                                  \
    static void wycheproof_##name(void **state)                                                                        \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        assert_true(wycheproof(__func__, file, visit_##name) > 100);                                                   \
    }
WYCHEPROOF_HMAC(sha1, "hmac_sha1_test.json", S2S_PRF_HMAC_SHA1)
WYCHEPROOF_HMAC(sha256, "hmac_sha256_test.json", S2S_PRF_HMAC_SHA2_256)
WYCHEPROOF_HMAC(sha384, "hmac_sha384_test.json", S2S_PRF_HMAC_SHA2_384)
WYCHEPROOF_HMAC(sha512, "hmac_sha512_test.json", S2S_PRF_HMAC_SHA2_512)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes),
        cmocka_unit_test(kinds),
        cmocka_unit_test(rfc2202_sha1),
        cmocka_unit_test(rfc2202_md5),
        cmocka_unit_test(rfc4231_sha256),
        cmocka_unit_test(rfc4231_sha384),
        cmocka_unit_test(rfc4231_sha512),
        cmocka_unit_test(rfc4231_all),
        cmocka_unit_test(wycheproof_sha1),
        cmocka_unit_test(wycheproof_sha256),
        cmocka_unit_test(wycheproof_sha384),
        cmocka_unit_test(wycheproof_sha512),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
