/* SPDX-License-Identifier: Apache-2.0 */
/* AEAD and CBC + HMAC transforms through the provider table: RFC 3602, 4106 (McGrew), 7634, CAVP, Wycheproof. */
#include "crypto_vectors.h"

/* ---- AEAD ---- */

struct aead_vector {
    enum s2s_algorithm algorithm;
    struct bytes key, nonce, aad, plain, cipher, tag;
};

static struct s2s_crypto_key aead_key(const struct aead_vector *v)
{
    return (struct s2s_crypto_key){.encryption = v->algorithm, .encryption_key = v->key.data, .salt = v->nonce.data};
}

static struct s2s_crypto_op aead_op(const struct aead_vector *v, struct bytes data, struct bytes icv)
{
    return (struct s2s_crypto_op){.data = data.data,
                                  .length = data.length,
                                  .iv = v->nonce.data + 4,
                                  .aad = v->aad.data,
                                  .aad_length = v->aad.length,
                                  .icv = icv.data,
                                  .result = 1};
}

static void *transform(struct bench *b, const struct s2s_crypto_key *key, bool encrypt)
{
    void *made = NULL;
    assert_int_equal(b->p->transform_new(b->context, key, encrypt, &made), 0);
    assert_non_null(made);
    return made;
}

static void check_aead_open(struct bench *b, const struct aead_vector *v, bool valid, int id)
{
    struct s2s_crypto_key key = aead_key(v);
    void *t = transform(b, &key, false);
    struct bytes data = bytes_copy(v->cipher.data, v->cipher.length);
    struct s2s_crypto_op op = aead_op(v, data, v->tag);
    b->p->open_ops(b->context, t, &op, 1);
    if (op.result != (valid ? 0 : S2S_ERR_AUTH)) {
        fail_msg("vector %d: open gave %d", id, op.result);
    }
    if (valid) {
        assert_memory_equal(data.data, v->plain.data, v->plain.length);
    }
    b->p->transform_free(b->context, t);
}

static void check_aead_seal(struct bench *b, const struct aead_vector *v)
{
    struct s2s_crypto_key key = aead_key(v);
    void *t = transform(b, &key, true);
    struct bytes data = bytes_copy(v->plain.data, v->plain.length), icv = bytes_new(16);
    struct s2s_crypto_op op = aead_op(v, data, icv);
    b->p->seal(b->context, t, &op, 1);
    assert_int_equal(op.result, 0);
    assert_memory_equal(data.data, v->cipher.data, v->cipher.length);
    assert_memory_equal(icv.data, v->tag.data, v->tag.length);
    b->p->transform_free(b->context, t);
}

static enum s2s_algorithm gcm_of(size_t key_length)
{
    return s2s_algorithm_from_wire(S2S_TRANSFORM_ENCRYPTION, 20, (uint16_t)(key_length * 8));
}

/* McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 3, 4, 14 and 16 (those with 96-bit IVs). */
static void mcgrew(struct bench *b)
{
    static const char plain[] = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                                "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
    static const struct {
        const char *key, *nonce, *aad, *plain, *cipher, *tag;
    } rows[] = {
        {"feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
         plain,
         "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
         "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
         "5bc94fbc3221a5db94fae95ae7121a47"},
        {"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888",
         "feedfacedeadbeeffeedfacedeadbeefabaddad2", plain,
         "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
         "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
         "76fc6ece0f4e1768cddf8853bb2d551b"},
        {"00000000000000000000000000000000", "000000000000000000000000", "", "", "",
         "58e2fccefa7e3061367f1d57a4e7455a"},
        {"0000000000000000000000000000000000000000000000000000000000000000", "000000000000000000000000", "",
         "00000000000000000000000000000000", "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct aead_vector v = {.key = hex(rows[i].key),
                                .nonce = hex(rows[i].nonce),
                                .aad = hex(rows[i].aad),
                                .plain = hex(rows[i].plain),
                                .cipher = hex(rows[i].cipher),
                                .tag = hex(rows[i].tag)};
        v.algorithm = gcm_of(v.key.length);
        check_aead_seal(b, &v);
        check_aead_open(b, &v, true, (int)i);
        pool_reset();
    }
}

static void gcm_mcgrew(void **state)
{
    (void)state;
    each_provider(mcgrew);
}

/* RFC 7634 appendix A: an ESP packet, its AAD being SPI and sequence number. */
static void rfc7634_esp(struct bench *b)
{
    struct aead_vector v = {
        .algorithm = S2S_CHACHA20_POLY1305,
        .key = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
        .nonce = hex("a0a1a2a3 1011121314151617"),
        .aad = hex("01020304 00000005"),
        .plain = hex("45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f10111213"
                     "1415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204"),
        .cipher =
            hex("24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e"
                "7c4c4f64c9befe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e0"),
        .tag = hex("76aaa8266b7fb0f7b11b369907e1ad43")};
    check_aead_seal(b, &v);
    check_aead_open(b, &v, true, 0);
    pool_reset();
}

static void chacha20_rfc7634(void **state)
{
    (void)state;
    each_provider(rfc7634_esp);
}

/* RFC 8439 section 2.8.2. */
static void rfc8439(struct bench *b)
{
    static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
                               "future, sunscreen would be it.";
    struct aead_vector v = {
        .algorithm = S2S_CHACHA20_POLY1305,
        .key = hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"),
        .nonce = hex("07000000 4041424344454647"),
        .aad = hex("50515253c0c1c2c3c4c5c6c7"),
        .plain = bytes_copy(text, sizeof text - 1),
        .cipher = hex("d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b"
                      "1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                      "3ff4def08e4b7a9de576d26586cec64b6116"),
        .tag = hex("1ae10b594f09e26a7e902ecbd0600691")};
    check_aead_seal(b, &v);
    check_aead_open(b, &v, true, 0);
    pool_reset();
}

static void chacha20_rfc8439(void **state)
{
    (void)state;
    each_provider(rfc8439);
}

static bool visit_aead(struct bench *b, bool gcm, const cJSON *group, const cJSON *vector)
{
    struct aead_vector v = {.key = hex_of(vector, "key"),
                            .nonce = hex_of(vector, "iv"),
                            .aad = hex_of(vector, "aad"),
                            .plain = hex_of(vector, "msg"),
                            .cipher = hex_of(vector, "ct"),
                            .tag = hex_of(vector, "tag")};
    if (v.nonce.length != 12 || number_of(group, "tagSize") != 128 || v.tag.length != 16) {
        return false; /* no ESP packet has them */
    }
    v.algorithm = gcm ? gcm_of(v.key.length) : S2S_CHACHA20_POLY1305;
    bool valid = strcmp(text_of(vector, "result"), "valid") == 0;
    if (valid) {
        check_aead_seal(b, &v);
    }
    check_aead_open(b, &v, valid, number_of(vector, "tcId"));
    return true;
}

static bool visit_gcm(struct bench *b, const cJSON *group, const cJSON *vector)
{
    return visit_aead(b, true, group, vector);
}

static bool visit_chacha20(struct bench *b, const cJSON *group, const cJSON *vector)
{
    return visit_aead(b, false, group, vector);
}

static void wycheproof_aes_gcm(void **state)
{
    (void)state;
    assert_true(wycheproof(__func__, "aes_gcm_test.json", visit_gcm) > 100);
}

static void wycheproof_chacha20_poly1305(void **state)
{
    (void)state;
    assert_true(wycheproof(__func__, "chacha20_poly1305_test.json", visit_chacha20) > 100);
}

/* CAVP GCM: of the sections only those with a 96-bit IV and a 128-bit tag. */
static size_t cavp_gcm_file(struct bench *b, const char *test, const char *name, bool decrypt)
{
    struct rsp rsp;
    size_t taken = 0;
    rsp_open(&rsp, test, name);
    while (rsp_next(&rsp, "Count")) {
        struct aead_vector v = {.key = rsp_hex(&rsp, "Key"),
                                .nonce = rsp_hex(&rsp, "IV"),
                                .aad = rsp_hex(&rsp, "AAD"),
                                .plain = rsp_hex(&rsp, "PT"),
                                .cipher = rsp_hex(&rsp, "CT"),
                                .tag = rsp_hex(&rsp, "Tag")};
        if (v.nonce.length == 12 && v.tag.length == 16) {
            v.algorithm = gcm_of(v.key.length);
            if (!decrypt) {
                check_aead_seal(b, &v);
            }
            check_aead_open(b, &v, !rsp.failed, (int)taken);
            taken++;
        }
        pool_reset();
    }
    rsp_close(&rsp);
    return taken;
}

static void cavp_gcm(void **state)
{
    (void)state;
    static const char *const names[] = {"gcmDecrypt128",      "gcmDecrypt192",      "gcmDecrypt256",
                                        "gcmEncryptExtIV128", "gcmEncryptExtIV192", "gcmEncryptExtIV256"};
    rsp_need(__func__, "ciphers/AES/GCM/gcmDecrypt128.rsp");
    for (size_t i = 0; real_providers[i] != NULL; i++) {
        struct bench b = bench_open(real_providers[i]());
        for (size_t k = 0; k < 6; k++) {
            char path[128];
            snprintf(path, sizeof path, "ciphers/AES/GCM/%s.rsp", names[k]);
            assert_true(cavp_gcm_file(&b, __func__, path, k < 3) > 200);
        }
        bench_close(&b);
    }
}

/* ---- CBC + HMAC ---- */

static const uint8_t mac_key[64] = {0x0b, 0x17, 0x2a};

struct cbc_vector {
    struct s2s_crypto_key key;
    struct bytes iv, plain, cipher;
};

static enum s2s_algorithm cbc_of(size_t key_length)
{
    return s2s_algorithm_from_wire(S2S_TRANSFORM_ENCRYPTION, 12, (uint16_t)(key_length * 8));
}

/* What the ICV of this operation must be, by the provider's own PRF (itself tested against RFC 4231). */
static void expected_icv(struct bench *b, const struct s2s_crypto_key *key, const struct s2s_crypto_op *op, size_t iv,
                         uint8_t *out)
{
    const struct s2s_algorithm_info *mac = s2s_algorithm_info(key->integrity);
    const struct s2s_span in[] = {
        {op->aad, op->aad_length}, {op->iv, iv}, {op->data, op->length}, {op->tail, op->tail_length}};
    enum s2s_algorithm prf = (enum s2s_algorithm)(S2S_PRF_HMAC_SHA1 + (key->integrity - S2S_HMAC_SHA1_96));
    assert_int_equal(b->p->prf(b->context, prf, key->integrity_key, mac->key_length, in, 4, out), 0);
}

/* Seals and opens one CBC vector with the given integrity and an ESN tail. */
static void check_cbc(struct bench *b, struct cbc_vector *v, enum s2s_algorithm integrity)
{
    static const uint8_t aad[8] = {0, 0, 0x12, 0x34, 0, 0, 0, 7}, tail[4] = {0, 0, 0, 9};
    v->key.integrity = integrity;
    v->key.integrity_key = mac_key;
    const size_t icv_length = s2s_algorithm_info(integrity)->icv_length;
    struct bytes data = bytes_copy(v->plain.data, v->plain.length), icv = bytes_new(icv_length);
    struct s2s_crypto_op op = {data.data, data.length, v->iv.data, aad, sizeof aad, tail, sizeof tail, icv.data, 1};
    void *seal = transform(b, &v->key, true), *open = transform(b, &v->key, false);
    uint8_t expected[S2S_CRYPTO_MAX_HASH];

    b->p->seal(b->context, seal, &op, 1);
    assert_int_equal(op.result, 0);
    if (v->cipher.length > 0) {
        assert_memory_equal(data.data, v->cipher.data, v->cipher.length);
    }
    expected_icv(b, &v->key, &op, v->iv.length, expected);
    assert_memory_equal(icv.data, expected, icv_length);

    b->p->open_ops(b->context, open, &op, 1);
    assert_int_equal(op.result, 0);
    assert_memory_equal(data.data, v->plain.data, v->plain.length);
    b->p->transform_free(b->context, seal);
    b->p->transform_free(b->context, open);
}

/* RFC 3602 section 4, cases 1 to 4. */
static void rfc3602(struct bench *b)
{
    static const struct {
        const char *key, *iv, *plain, *cipher;
    } rows[] = {
        {"06a9214036b8a15b512e03d534120006", "3dafba429d9eb430b422da802c9fac41", "53696e676c6520626c6f636b206d7367",
         "e353779c1079aeb82708942dbe77181a"},
        {"c286696d887c9aa0611bbb3e2025a45a", "562e17996d093d28ddb3ba695a2e6f58",
         "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
         "d296cd94c2cccf8a3a863028b5e1dc0a7586602d253cfff91b8266bea6d61ab1"},
        {"6c3ea0477630ce21a2ce334aa746c2cd", "c782dc4c098c66cbd9cd27d825682c81",
         "5468697320697320612034382d62797465206d657373616765202865786163746c7920332041455320626c6f636b7329",
         "d0a02b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c8579695d83ba2684"},
        {"56e47a38c5598974bc46903dba290349", "8ce82eefbea0da3c44699ed7db51b7d9",
         "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
         "c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf",
         "c30e32ffedc0774e6aff6af0869f71aa0f3af07a9a31a9c684db207eb0ef8e4e"
         "35907aa632c3ffdf868bb7b29d3d46ad83ce9f9a102ee99d49a53e87f4c3da55"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int mac = S2S_HMAC_SHA1_96; mac <= S2S_HMAC_SHA2_512_256; mac++) {
            struct bytes key = hex(rows[i].key);
            struct cbc_vector v = {.key = {.encryption = cbc_of(key.length), .encryption_key = key.data},
                                   .iv = hex(rows[i].iv),
                                   .plain = hex(rows[i].plain),
                                   .cipher = hex(rows[i].cipher)};
            check_cbc(b, &v, (enum s2s_algorithm)mac);
            pool_reset();
        }
    }
}

static void cbc_rfc3602(void **state)
{
    (void)state;
    each_provider(rfc3602);
}

static void cavp_cbc(void **state)
{
    (void)state;
    static const char *const names[] = {"CBCMMT", "CBCGFSbox", "CBCKeySbox", "CBCVarKey", "CBCVarTxt"};
    static const int sizes[] = {128, 192, 256};
    rsp_need(__func__, "ciphers/AES/CBC/CBCMMT128.rsp");
    for (size_t i = 0; real_providers[i] != NULL; i++) {
        struct bench b = bench_open(real_providers[i]());
        size_t taken = 0;
        for (size_t k = 0; k < 15; k++) {
            char path[128];
            struct rsp rsp;
            snprintf(path, sizeof path, "ciphers/AES/CBC/%s%d.rsp", names[k / 3], sizes[k % 3]);
            rsp_open(&rsp, __func__, path);
            while (rsp_next(&rsp, "COUNT")) {
                struct bytes key = rsp_hex(&rsp, "KEY");
                struct cbc_vector v = {.key = {.encryption = cbc_of(key.length), .encryption_key = key.data},
                                       .iv = rsp_hex(&rsp, "IV"),
                                       .plain = rsp_hex(&rsp, "PLAINTEXT"),
                                       .cipher = rsp_hex(&rsp, "CIPHERTEXT")};
                check_cbc(&b, &v, S2S_HMAC_SHA2_256_128);
                pool_reset();
                taken++;
            }
            rsp_close(&rsp);
        }
        print_message("CAVP CBC: %zu vectors\n", taken);
        assert_true(taken > 1500);
        bench_close(&b);
    }
}

/* DES (NIST SP 800-17 variable plaintext) and 3DES (SP 800-67 example), where the build has them. */
static void legacy_vectors(struct bench *b)
{
    static const struct {
        enum s2s_algorithm cipher;
        const char *key, *iv, *plain, *cipher_text;
    } rows[] = {
        {S2S_DES_CBC, "0101010101010101", "0000000000000000", "8000000000000000", "95f8a5e5dd31d900"},
        {S2S_3DES_CBC, "0123456789abcdef23456789abcdef01456789abcdef0123", "0000000000000000", "5468652071756663",
         "a826fd8ce53b855f"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes key = hex(rows[i].key);
        struct cbc_vector v = {.key = {.encryption = rows[i].cipher,
                                       .encryption_key = key.data,
                                       .integrity = S2S_HMAC_SHA1_96,
                                       .integrity_key = mac_key},
                               .iv = hex(rows[i].iv),
                               .plain = hex(rows[i].plain),
                               .cipher = hex(rows[i].cipher_text)};
        void *t = NULL;
        if (b->p->supports(b->context, rows[i].cipher)) {
            check_cbc(b, &v, S2S_HMAC_SHA1_96);
        } else {
            assert_int_equal(b->p->transform_new(b->context, &v.key, true, &t), S2S_ERR_UNSUPPORTED);
            assert_null(t);
        }
        pool_reset();
    }
}

static void cbc_legacy(void **state)
{
    (void)state;
    each_provider(legacy_vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gcm_mcgrew),       cmocka_unit_test(chacha20_rfc7634),
        cmocka_unit_test(chacha20_rfc8439), cmocka_unit_test(wycheproof_aes_gcm),
        cmocka_unit_test(cavp_gcm),         cmocka_unit_test(wycheproof_chacha20_poly1305),
        cmocka_unit_test(cbc_rfc3602),      cmocka_unit_test(cavp_cbc),
        cmocka_unit_test(cbc_legacy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
