/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes and HMAC (RFC 2104, 4868) over mbedtls_md contexts that are made once and cloned: mbedtls_md_clone copies a
 * state between two ready contexts without allocating. mbedTLS's own HMAC keeps the key's pads in the context and
 * hashes both of them for each message; here a transform keeps the two states behind the pads instead.
 */
#include "lib/backend/crypto_mbedtls.h"

#include <string.h>

enum { MAX_BLOCK = 128 };

/* Row i belongs to hashes[i] of the context. MD5 is there in legacy builds only. */
static const struct {
    enum s2s_algorithm hash;
    mbedtls_md_type_t md;
} rows[S2SI_MBEDTLS_HASHES] = {
    {S2S_SHA1, MBEDTLS_MD_SHA1},       {S2S_SHA2_256, MBEDTLS_MD_SHA256},
    {S2S_SHA2_384, MBEDTLS_MD_SHA384}, {S2S_SHA2_512, MBEDTLS_MD_SHA512},
#if defined(S2S_WITH_LEGACY) && S2S_WITH_LEGACY
    {S2S_MD5, MBEDTLS_MD_MD5},
#endif
};

mbedtls_md_type_t s2si_mbedtls_md(enum s2s_algorithm hash)
{
    for (size_t i = 0; i < S2SI_COUNT(rows) && hash != S2S_ALG_NONE; i++) {
        if (rows[i].hash == hash) {
            return rows[i].md;
        }
    }
    return MBEDTLS_MD_NONE;
}

bool s2si_mbedtls_hash_has(enum s2s_algorithm hash)
{
    mbedtls_md_type_t type = s2si_mbedtls_md(hash);
    return type != MBEDTLS_MD_NONE && mbedtls_md_info_from_type(type) != NULL;
}

int s2si_mbedtls_hashes_init(struct s2si_mbedtls *context)
{
    for (size_t i = 0; i < S2SI_MBEDTLS_HASHES; i++) {
        mbedtls_md_init(&context->hashes[i].blank);
        mbedtls_md_init(&context->hashes[i].work);
    }
    for (size_t i = 0; i < S2SI_MBEDTLS_HASHES; i++) {
        struct s2si_mbedtls_hash *hash = &context->hashes[i];
        if (!s2si_mbedtls_hash_has(rows[i].hash)) {
            continue;
        }
        const mbedtls_md_info_t *info = mbedtls_md_info_from_type(rows[i].md);
        int error = mbedtls_md_setup(&hash->blank, info, 0);
        error = error != 0 ? error : mbedtls_md_setup(&hash->work, info, 0);
        error = error != 0 ? error : mbedtls_md_starts(&hash->blank);
        if (error != 0) {
            return s2si_mbedtls_error(error);
        }
    }
    return 0;
}

void s2si_mbedtls_hashes_free(struct s2si_mbedtls *context)
{
    for (size_t i = 0; i < S2SI_MBEDTLS_HASHES; i++) {
        mbedtls_md_free(&context->hashes[i].blank);
        mbedtls_md_free(&context->hashes[i].work);
    }
}

static struct s2si_mbedtls_hash *find(struct s2si_mbedtls *context, enum s2s_algorithm hash)
{
    for (size_t i = 0; i < S2SI_MBEDTLS_HASHES; i++) {
        if (rows[i].hash == hash && s2si_mbedtls_hash_has(hash)) {
            return &context->hashes[i];
        }
    }
    return NULL;
}

static int update(mbedtls_md_context_t *md, const struct s2s_span *in, size_t count)
{
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        if (in[i].length > 0) {
            error = mbedtls_md_update(md, in[i].data, in[i].length);
        }
    }
    return error;
}

/* start | head | in[0] | in[1] ... -> out, through work. */
static int digest(mbedtls_md_context_t *work, const mbedtls_md_context_t *start, struct s2s_span head,
                  const struct s2s_span *in, size_t count, uint8_t *out)
{
    int error = mbedtls_md_clone(work, start);
    error = error != 0 ? error : update(work, &head, 1);
    error = error != 0 ? error : update(work, in, count);
    return error != 0 ? error : mbedtls_md_finish(work, out);
}

int s2si_mbedtls_hash(void *context, enum s2s_algorithm hash, const struct s2s_span *in, size_t count, uint8_t *out)
{
    struct s2si_mbedtls_hash *self = find(context, hash);
    if (self == NULL) {
        return S2S_ERR_UNSUPPORTED;
    }
    int error = digest(&self->work, &self->blank, (struct s2s_span){NULL, 0}, in, count, out);
    error |= mbedtls_md_clone(&self->work, &self->blank);
    return error == 0 ? 0 : S2S_ERR_CRYPTO;
}

static void xor_pad(uint8_t *pad, size_t length, uint8_t value)
{
    for (size_t i = 0; i < length; i++) {
        pad[i] ^= value;
    }
}

/* RFC 2104 section 2: keys longer than a block are hashed first. pad has MAX_BLOCK bytes, all zero. */
static int load_key(struct s2si_mbedtls_hash *hash, size_t block, const uint8_t *key, size_t key_length, uint8_t *pad)
{
    struct s2s_span span = {key, key_length};
    if (key_length > block) {
        return digest(&hash->work, &hash->blank, span, NULL, 0, pad);
    }
    if (key_length > 0) {
        memcpy(pad, key, key_length);
    }
    return 0;
}

int s2si_mbedtls_prf(void *context, enum s2s_algorithm prf, const uint8_t *key, size_t key_length,
                     const struct s2s_span *in, size_t count, uint8_t *out)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(prf);
    struct s2si_mbedtls_hash *hash = info != NULL && info->type == S2S_TRANSFORM_PRF ? find(context, info->hash) : NULL;
    if (hash == NULL) {
        return S2S_ERR_UNSUPPORTED;
    }
    uint8_t pad[MAX_BLOCK] = {0}, inner[S2S_CRYPTO_MAX_HASH];
    const struct s2s_span block = {pad, info->block_length}, middle = {inner, info->output_length};
    int error = load_key(hash, info->block_length, key, key_length, pad);
    if (error == 0) {
        xor_pad(pad, info->block_length, 0x36);
        error = digest(&hash->work, &hash->blank, block, in, count, inner);
    }
    if (error == 0) {
        xor_pad(pad, info->block_length, 0x36 ^ 0x5c);
        error = digest(&hash->work, &hash->blank, block, &middle, 1, out);
    }
    error |= mbedtls_md_clone(&hash->work, &hash->blank);
    s2si_wipe(pad, sizeof pad);
    s2si_wipe(inner, sizeof inner);
    return error == 0 ? 0 : S2S_ERR_CRYPTO;
}

static int setup(mbedtls_md_context_t *md, const mbedtls_md_info_t *info, const uint8_t *pad, size_t length)
{
    int error = mbedtls_md_setup(md, info, 0);
    error = error != 0 ? error : mbedtls_md_starts(md);
    return error != 0 || pad == NULL ? error : mbedtls_md_update(md, pad, length);
}

int s2si_mbedtls_hmac_init(struct s2si_mbedtls_hmac *hmac, const struct s2s_algorithm_info *algorithm,
                           const uint8_t *key, size_t key_length)
{
    mbedtls_md_init(&hmac->inner);
    mbedtls_md_init(&hmac->outer);
    mbedtls_md_init(&hmac->work);
    hmac->output = algorithm->output_length;
    if (!s2si_mbedtls_hash_has(algorithm->hash)) {
        return S2S_ERR_UNSUPPORTED;
    }
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(s2si_mbedtls_md(algorithm->hash));
    uint8_t pad[MAX_BLOCK] = {0};
    memcpy(pad, key, key_length);
    xor_pad(pad, algorithm->block_length, 0x36);
    int error = setup(&hmac->inner, info, pad, algorithm->block_length);
    xor_pad(pad, algorithm->block_length, 0x36 ^ 0x5c);
    error = error != 0 ? error : setup(&hmac->outer, info, pad, algorithm->block_length);
    error = error != 0 ? error : setup(&hmac->work, info, NULL, 0);
    s2si_wipe(pad, sizeof pad);
    return s2si_mbedtls_error(error);
}

void s2si_mbedtls_hmac_free(struct s2si_mbedtls_hmac *hmac)
{
    mbedtls_md_free(&hmac->inner);
    mbedtls_md_free(&hmac->outer);
    mbedtls_md_free(&hmac->work);
}

int s2si_mbedtls_hmac_run(struct s2si_mbedtls_hmac *hmac, const struct s2s_span *in, size_t count, uint8_t *out)
{
    uint8_t inner[S2S_CRYPTO_MAX_HASH];
    const struct s2s_span middle = {inner, hmac->output};
    int error = digest(&hmac->work, &hmac->inner, (struct s2s_span){NULL, 0}, in, count, inner);
    error = error != 0 ? error : digest(&hmac->work, &hmac->outer, middle, NULL, 0, out);
    return error == 0 ? 0 : S2S_ERR_CRYPTO;
}
