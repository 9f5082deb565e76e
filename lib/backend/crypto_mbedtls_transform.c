/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transforms: one direction of an SA. Everything that costs an allocation or a key schedule happens in transform_new;
 * a batch then runs through one loop per kind of cipher.
 *
 *   AEAD        RFC 4106 (AES-GCM), RFC 7634 (ChaCha20-Poly1305): nonce = salt | iv
 *   CBC + HMAC  RFC 3602, 2451, 2405 with RFC 2404, 4868: encrypt, then authenticate aad | iv | data | tail
 */
#include "lib/backend/crypto_mbedtls.h"

#include <mbedtls/aes.h>
#include <string.h>

#if defined(MBEDTLS_GCM_C)
#include <mbedtls/gcm.h>
#endif
#if defined(MBEDTLS_CHACHAPOLY_C)
#include <mbedtls/chachapoly.h>
#endif
#if defined(MBEDTLS_DES_C) && defined(S2S_WITH_LEGACY) && S2S_WITH_LEGACY
#define WITH_DES 1
#include <mbedtls/des.h>
#else
#define WITH_DES 0
#endif

enum { SALT = S2S_CRYPTO_MAX_SALT, AEAD_IV = 8, NONCE = SALT + AEAD_IV, TAG = 16 };

struct transform;

/* One kind of cipher. */
struct kind {
    enum s2s_algorithm first, last; /* the values that it serves */
    size_t state;                   /* bytes of its member of transform.state */
    int (*set_key)(struct transform *transform, const uint8_t *key);
    void (*release)(struct transform *transform);
    void (*seal)(struct transform *transform, struct s2s_crypto_op *ops, size_t count);
    void (*open)(struct transform *transform, struct s2s_crypto_op *ops, size_t count);
    int (*cbc)(struct transform *transform, uint8_t *iv, uint8_t *data, size_t length); /* for seal_cbc and open_cbc */
};

struct transform {
    const struct kind *kind;
    const struct s2s_algorithm_info *cipher;
    bool encrypt;
    size_t icv_length;
    uint8_t nonce[NONCE]; /* AEAD: the salt, and the IV of the packet at hand */
    struct s2si_mbedtls_hmac *hmac; /* owned; NULL for AEAD */
    union { /* last: no more of it is allocated than its kind needs */
        mbedtls_aes_context aes;
#if defined(MBEDTLS_GCM_C)
        mbedtls_gcm_context gcm;
#endif
#if defined(MBEDTLS_CHACHAPOLY_C)
        mbedtls_chachapoly_context chachapoly;
#endif
#if WITH_DES
        mbedtls_des_context des;
        mbedtls_des3_context des3;
#endif
    } state;
};

static size_t transform_size(const struct kind *kind)
{
    return offsetof(struct transform, state) + kind->state;
}

/* The nonce of this operation, in place. */
static const uint8_t *nonce_of(struct transform *transform, const struct s2s_crypto_op *op)
{
    memcpy(transform->nonce + SALT, op->iv, AEAD_IV);
    return transform->nonce;
}

#if defined(MBEDTLS_GCM_C)
static int gcm_set_key(struct transform *transform, const uint8_t *key)
{
    mbedtls_gcm_init(&transform->state.gcm);
    return mbedtls_gcm_setkey(&transform->state.gcm, MBEDTLS_CIPHER_ID_AES, key, transform->cipher->key_bits);
}

static void gcm_release(struct transform *transform)
{
    mbedtls_gcm_free(&transform->state.gcm);
}

static void gcm_seal(struct transform *transform, struct s2s_crypto_op *ops, size_t count)
{
    for (struct s2s_crypto_op *op = ops; op < ops + count; op++) {
        int error =
            mbedtls_gcm_crypt_and_tag(&transform->state.gcm, MBEDTLS_GCM_ENCRYPT, op->length, nonce_of(transform, op),
                                      NONCE, op->aad, op->aad_length, op->data, op->data, TAG, op->icv);
        op->result = error == 0 ? 0 : S2S_ERR_INVALID;
    }
}

static void gcm_open(struct transform *transform, struct s2s_crypto_op *ops, size_t count)
{
    for (struct s2s_crypto_op *op = ops; op < ops + count; op++) {
        int error = mbedtls_gcm_auth_decrypt(&transform->state.gcm, op->length, nonce_of(transform, op), NONCE, op->aad,
                                             op->aad_length, op->icv, TAG, op->data, op->data);
        op->result = error == 0 ? 0 : error == MBEDTLS_ERR_GCM_AUTH_FAILED ? S2S_ERR_AUTH : S2S_ERR_INVALID;
    }
}
#endif

#if defined(MBEDTLS_CHACHAPOLY_C)
static int chachapoly_set_key(struct transform *transform, const uint8_t *key)
{
    mbedtls_chachapoly_init(&transform->state.chachapoly);
    return mbedtls_chachapoly_setkey(&transform->state.chachapoly, key);
}

static void chachapoly_release(struct transform *transform)
{
    mbedtls_chachapoly_free(&transform->state.chachapoly);
}

static void chachapoly_seal(struct transform *transform, struct s2s_crypto_op *ops, size_t count)
{
    for (struct s2s_crypto_op *op = ops; op < ops + count; op++) {
        int error =
            mbedtls_chachapoly_encrypt_and_tag(&transform->state.chachapoly, op->length, nonce_of(transform, op),
                                               op->aad, op->aad_length, op->data, op->data, op->icv);
        op->result = error == 0 ? 0 : S2S_ERR_INVALID;
    }
}

static void chachapoly_open(struct transform *transform, struct s2s_crypto_op *ops, size_t count)
{
    for (struct s2s_crypto_op *op = ops; op < ops + count; op++) {
        int error = mbedtls_chachapoly_auth_decrypt(&transform->state.chachapoly, op->length, nonce_of(transform, op),
                                                    op->aad, op->aad_length, op->icv, op->data, op->data);
        op->result = error == 0 ? 0 : error == MBEDTLS_ERR_CHACHAPOLY_AUTH_FAILED ? S2S_ERR_AUTH : S2S_ERR_INVALID;
    }
}
#endif

static int aes_set_key(struct transform *transform, const uint8_t *key)
{
    mbedtls_aes_init(&transform->state.aes);
    unsigned bits = transform->cipher->key_bits;
    return transform->encrypt ? mbedtls_aes_setkey_enc(&transform->state.aes, key, bits)
                              : mbedtls_aes_setkey_dec(&transform->state.aes, key, bits);
}

static void aes_release(struct transform *transform)
{
    mbedtls_aes_free(&transform->state.aes);
}

static int aes_cbc(struct transform *transform, uint8_t *iv, uint8_t *data, size_t length)
{
    return mbedtls_aes_crypt_cbc(&transform->state.aes, transform->encrypt ? MBEDTLS_AES_ENCRYPT : MBEDTLS_AES_DECRYPT,
                                 length, iv, data, data);
}

#if WITH_DES
static int des_set_key(struct transform *transform, const uint8_t *key)
{
    mbedtls_des_init(&transform->state.des);
    return transform->encrypt ? mbedtls_des_setkey_enc(&transform->state.des, key)
                              : mbedtls_des_setkey_dec(&transform->state.des, key);
}

static void des_release(struct transform *transform)
{
    mbedtls_des_free(&transform->state.des);
}

static int des_cbc(struct transform *transform, uint8_t *iv, uint8_t *data, size_t length)
{
    return mbedtls_des_crypt_cbc(&transform->state.des, transform->encrypt ? MBEDTLS_DES_ENCRYPT : MBEDTLS_DES_DECRYPT,
                                 length, iv, data, data);
}

static int des3_set_key(struct transform *transform, const uint8_t *key)
{
    mbedtls_des3_init(&transform->state.des3);
    return transform->encrypt ? mbedtls_des3_set3key_enc(&transform->state.des3, key)
                              : mbedtls_des3_set3key_dec(&transform->state.des3, key);
}

static void des3_release(struct transform *transform)
{
    mbedtls_des3_free(&transform->state.des3);
}

static int des3_cbc(struct transform *transform, uint8_t *iv, uint8_t *data, size_t length)
{
    return mbedtls_des3_crypt_cbc(
        &transform->state.des3, transform->encrypt ? MBEDTLS_DES_ENCRYPT : MBEDTLS_DES_DECRYPT, length, iv, data, data);
}
#endif

static int cbc_run(struct transform *transform, const struct s2s_crypto_op *op)
{
    uint8_t iv[S2S_CRYPTO_MAX_IV];
    memcpy(iv, op->iv, transform->cipher->iv_length);
    return transform->kind->cbc(transform, iv, op->data, op->length) == 0 ? 0 : S2S_ERR_INVALID;
}

static int cbc_authenticate(struct transform *transform, const struct s2s_crypto_op *op, uint8_t *icv)
{
    const struct s2s_span in[] = {{op->aad, op->aad_length},
                                  {op->iv, transform->cipher->iv_length},
                                  {op->data, op->length},
                                  {op->tail, op->tail_length}};
    return s2si_mbedtls_hmac_run(transform->hmac, in, S2SI_COUNT(in), icv);
}

static bool whole_blocks(const struct transform *transform, const struct s2s_crypto_op *op)
{
    return op->length % transform->cipher->block_length == 0;
}

static void cbc_seal(struct transform *transform, struct s2s_crypto_op *ops, size_t count)
{
    for (struct s2s_crypto_op *op = ops; op < ops + count; op++) {
        uint8_t icv[S2S_CRYPTO_MAX_HASH];
        op->result = whole_blocks(transform, op) ? cbc_run(transform, op) : S2S_ERR_INVALID;
        if (op->result == 0) {
            op->result = cbc_authenticate(transform, op, icv);
        }
        if (op->result == 0) {
            memcpy(op->icv, icv, transform->icv_length);
        }
    }
}

static void cbc_open(struct transform *transform, struct s2s_crypto_op *ops, size_t count)
{
    for (struct s2s_crypto_op *op = ops; op < ops + count; op++) {
        uint8_t icv[S2S_CRYPTO_MAX_HASH];
        op->result = whole_blocks(transform, op) ? cbc_authenticate(transform, op, icv) : S2S_ERR_INVALID;
        if (op->result == 0 && !s2si_equal_secret(icv, op->icv, transform->icv_length)) {
            op->result = S2S_ERR_AUTH;
        }
        if (op->result == 0) {
            op->result = cbc_run(transform, op);
        }
    }
}

static const struct kind kinds[] = {
#if defined(MBEDTLS_GCM_C)
    {S2S_AES128_GCM16, S2S_AES256_GCM16, sizeof(mbedtls_gcm_context), gcm_set_key, gcm_release, gcm_seal, gcm_open, NULL},
#endif
#if defined(MBEDTLS_CHACHAPOLY_C)
    {S2S_CHACHA20_POLY1305, S2S_CHACHA20_POLY1305, sizeof(mbedtls_chachapoly_context), chachapoly_set_key,
     chachapoly_release, chachapoly_seal, chachapoly_open, NULL},
#endif
#if defined(MBEDTLS_CIPHER_MODE_CBC)
    {S2S_AES128_CBC, S2S_AES256_CBC, sizeof(mbedtls_aes_context), aes_set_key, aes_release, cbc_seal, cbc_open, aes_cbc},
#if WITH_DES
    {S2S_DES_CBC, S2S_DES_CBC, sizeof(mbedtls_des_context), des_set_key, des_release, cbc_seal, cbc_open, des_cbc},
    {S2S_3DES_CBC, S2S_3DES_CBC, sizeof(mbedtls_des3_context), des3_set_key, des3_release, cbc_seal, cbc_open, des3_cbc},
#endif
#endif
};

static const struct kind *kind_of(enum s2s_algorithm cipher)
{
    for (size_t i = 0; i < S2SI_COUNT(kinds); i++) {
        if (cipher >= kinds[i].first && cipher <= kinds[i].last) {
            return &kinds[i];
        }
    }
    return NULL;
}

bool s2si_mbedtls_cipher_has(const struct s2s_algorithm_info *cipher)
{
#if defined(MBEDTLS_AES_ONLY_128_BIT_KEY_LENGTH)
    if (cipher->key_bits > 128) {
        return false;
    }
#endif
    return kind_of(cipher->algorithm) != NULL;
}

void s2si_mbedtls_transform_free(void *context, void *transform)
{
    struct s2si_mbedtls *self = context;
    struct transform *t = transform;
    if (t == NULL) {
        return;
    }
    t->kind->release(t);
    if (t->hmac != NULL) {
        s2si_mbedtls_hmac_free(t->hmac);
        s2si_free_secret(&self->mem, t->hmac, sizeof *t->hmac);
    }
    s2si_free_secret(&self->mem, t, transform_size(t->kind));
}

/* Fills a fresh transform; release is allowed after any outcome. */
static int load(struct s2si_mem *mem, struct transform *t, const struct s2s_crypto_key *key)
{
    int error = t->kind->set_key(t, key->encryption_key);
    if (error != 0) {
        return s2si_mbedtls_error(error);
    }
    if (t->cipher->aead) {
        memcpy(t->nonce, key->salt, SALT);
        t->icv_length = t->cipher->icv_length;
        return 0;
    }
    const struct s2s_algorithm_info *mac = s2s_algorithm_info(key->integrity);
    t->hmac = s2si_alloc(mem, sizeof *t->hmac);
    if (t->hmac == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    t->icv_length = mac->icv_length;
    return s2si_mbedtls_hmac_init(t->hmac, mac, key->integrity_key, mac->key_length);
}

int s2si_mbedtls_transform_new(void *context, const struct s2s_crypto_key *key, bool encrypt, void **transform)
{
    struct s2si_mbedtls *self = context;
    const struct s2s_algorithm_info *cipher = s2s_algorithm_info(key->encryption);
    const struct s2s_algorithm_info *mac = s2s_algorithm_info(key->integrity);
    *transform = NULL;
    if (cipher == NULL || !s2si_mbedtls_cipher_has(cipher) || cipher->aead != (key->integrity == S2S_ALG_NONE) ||
        (!cipher->aead && (mac == NULL || mac->type != S2S_TRANSFORM_INTEGRITY))) {
        return S2S_ERR_UNSUPPORTED;
    }
    const struct kind *kind = kind_of(key->encryption);
    struct transform *t = s2si_alloc(&self->mem, transform_size(kind));
    if (t == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    t->kind = kind;
    t->cipher = cipher;
    t->encrypt = encrypt;
    int result = load(&self->mem, t, key);
    if (result != 0) {
        s2si_mbedtls_transform_free(context, t);
        return result;
    }
    *transform = t;
    return 0;
}

/* A transform of the other direction was handed in: its key schedule would produce garbage. */
static void refuse(struct s2s_crypto_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ops[i].result = S2S_ERR_INVALID;
    }
}

void s2si_mbedtls_seal(void *context, void *transform, struct s2s_crypto_op *ops, size_t count)
{
    struct transform *t = transform;
    (void)context;
    if (t->encrypt) {
        t->kind->seal(t, ops, count);
    } else {
        refuse(ops, count);
    }
}

void s2si_mbedtls_open_ops(void *context, void *transform, struct s2s_crypto_op *ops, size_t count)
{
    struct transform *t = transform;
    (void)context;
    if (t->encrypt) {
        refuse(ops, count);
    } else {
        t->kind->open(t, ops, count);
    }
}
