/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/crypto_mbedtls.h"

#include <mbedtls/bignum.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ecp.h>

int s2si_mbedtls_error(int error)
{
    switch (error) {
    case 0:
        return 0;
    case MBEDTLS_ERR_MD_ALLOC_FAILED:
    case MBEDTLS_ERR_CIPHER_ALLOC_FAILED:
    case MBEDTLS_ERR_MPI_ALLOC_FAILED:
    case MBEDTLS_ERR_ECP_ALLOC_FAILED:
        return S2S_ERR_NO_MEMORY;
    default:
        return S2S_ERR_CRYPTO;
    }
}

/* One request of the DRBG is at most MBEDTLS_CTR_DRBG_MAX_REQUEST bytes. */
int s2si_mbedtls_random(void *drbg, unsigned char *out, size_t length)
{
    for (size_t done = 0; done < length;) {
        size_t part = length - done < MBEDTLS_CTR_DRBG_MAX_REQUEST ? length - done : MBEDTLS_CTR_DRBG_MAX_REQUEST;
        int error = mbedtls_ctr_drbg_random(drbg, out + done, part);
        if (error != 0) {
            return error;
        }
        done += part;
    }
    return 0;
}

static int provider_random(void *context, uint8_t *out, size_t length)
{
    struct s2si_mbedtls *self = context;
    return s2si_mbedtls_random(&self->drbg, out, length) == 0 ? 0 : S2S_ERR_CRYPTO;
}

static void provider_close(void *context)
{
    struct s2si_mbedtls *self = context;
    if (self == NULL) {
        return;
    }
    s2si_mbedtls_hashes_free(self);
    mbedtls_ctr_drbg_free(&self->drbg);
    mbedtls_entropy_free(&self->entropy);
    struct s2si_mem mem = self->mem;
    s2si_free_secret(&mem, self, sizeof *self);
}

static void *provider_open(const struct s2s_allocator *allocator)
{
    static const unsigned char purpose[] = "libs2svpn";
    struct s2si_mem mem;
    if (s2si_mem_init(&mem, allocator) != 0) {
        return NULL;
    }
    struct s2si_mbedtls *self = s2si_alloc(&mem, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->mem = mem;
    mbedtls_entropy_init(&self->entropy);
    mbedtls_ctr_drbg_init(&self->drbg);
    if (s2si_mbedtls_hashes_init(self) != 0 ||
        mbedtls_ctr_drbg_seed(&self->drbg, mbedtls_entropy_func, &self->entropy, purpose, sizeof purpose - 1) != 0) {
        provider_close(self);
        return NULL;
    }
    return self;
}

static bool provider_supports(void *context, enum s2s_algorithm algorithm)
{
    (void)context;
    const struct s2s_algorithm_info *info = s2s_algorithm_info(algorithm);
    if (info == NULL) {
        return false;
    }
    switch (info->type) {
    case S2S_TRANSFORM_HASH:
        return s2si_mbedtls_hash_has(algorithm);
    case S2S_TRANSFORM_PRF:
    case S2S_TRANSFORM_INTEGRITY:
        return s2si_mbedtls_hash_has(info->hash);
    case S2S_TRANSFORM_ENCRYPTION:
        return s2si_mbedtls_cipher_has(info);
    case S2S_TRANSFORM_GROUP:
        return s2si_mbedtls_group_has(algorithm);
    case S2S_TRANSFORM_ESN:
        return true;
    }
    return false;
}

const struct s2s_crypto_provider *s2s_crypto_mbedtls(void)
{
    static const struct s2s_crypto_provider provider = {
        .struct_size = sizeof provider,
        .name = "mbedtls",
        .open = provider_open,
        .close = provider_close,
        .supports = provider_supports,
        .random = provider_random,
        .hash = s2si_mbedtls_hash,
        .prf = s2si_mbedtls_prf,
        .transform_new = s2si_mbedtls_transform_new,
        .transform_free = s2si_mbedtls_transform_free,
        .seal = s2si_mbedtls_seal,
        .open_ops = s2si_mbedtls_open_ops,
        .exchange_new = s2si_mbedtls_exchange_new,
        .exchange_public = s2si_mbedtls_exchange_public,
        .exchange_shared = s2si_mbedtls_exchange_shared,
        .exchange_free = s2si_mbedtls_exchange_free,
        .exchange_import = s2si_mbedtls_exchange_import,
    };
    return &provider;
}
