/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/crypto/crypto.h"

#include <s2svpn/error.h>

#if defined(S2S_WITH_LEGACY) && S2S_WITH_LEGACY
static const bool with_legacy = true;
#else
static const bool with_legacy = false;
#endif

/* The trap: enter says no when a provider call of this context is already under way, which only a call back from the
   provider (or two threads on one engine) can bring about. */
static bool enter(struct s2si_crypto *crypto)
{
#ifndef NDEBUG
    if (crypto->inside) {
        return false;
    }
    crypto->inside = true;
#else
    (void)crypto;
#endif
    return true;
}

static int leave(struct s2si_crypto *crypto, int result)
{
    crypto->inside = false;
    return result;
}

bool s2si_crypto_inside(const struct s2si_crypto *crypto)
{
    return crypto->inside;
}

static bool complete(const struct s2s_crypto_provider *p)
{
    return p != NULL && p->struct_size >= offsetof(struct s2s_crypto_provider, exchange_import) && p->open != NULL &&
           p->close != NULL && p->supports != NULL && p->random != NULL && p->hash != NULL && p->prf != NULL &&
           p->transform_new != NULL && p->transform_free != NULL && p->seal != NULL && p->open_ops != NULL &&
           p->exchange_new != NULL && p->exchange_public != NULL && p->exchange_shared != NULL &&
           p->exchange_free != NULL;
}

int s2si_crypto_open(struct s2si_crypto *crypto, const struct s2s_crypto_provider *provider,
                     const struct s2s_allocator *allocator)
{
    *crypto = (struct s2si_crypto){0};
    if (!complete(provider)) {
        return S2S_ERR_INVALID;
    }
    crypto->context = provider->open(allocator);
    if (crypto->context == NULL) {
        return S2S_ERR_CRYPTO;
    }
    crypto->provider = provider;
    return 0;
}

void s2si_crypto_close(struct s2si_crypto *crypto)
{
    if (crypto->provider != NULL) {
        crypto->provider->close(crypto->context);
    }
    *crypto = (struct s2si_crypto){0};
}

const char *s2si_crypto_refusal(struct s2si_crypto *crypto, enum s2s_algorithm algorithm)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(algorithm);
    if (algorithm == S2S_ALG_NONE || (info != NULL && info->type == S2S_TRANSFORM_ESN)) {
        return NULL;
    }
    if (info == NULL) {
        return "unknown algorithm";
    }
    if (info->legacy && !with_legacy) {
        return "legacy algorithm: refused unless the library is built with S2S_WITH_LEGACY";
    }
    if (!enter(crypto)) {
        return "called from inside the crypto provider";
    }
    bool supported = crypto->provider->supports(crypto->context, algorithm);
    leave(crypto, 0);
    return supported ? NULL : "the crypto provider does not have this algorithm";
}

bool s2si_crypto_supports(struct s2si_crypto *crypto, enum s2s_algorithm algorithm)
{
    return s2si_crypto_refusal(crypto, algorithm) == NULL;
}

/* What stands before every call that names an algorithm: known, of this kind, not a refused legacy one. */
static int admit(enum s2s_algorithm algorithm, enum s2s_transform_type type)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(algorithm);
    if (info == NULL || info->type != type) {
        return S2S_ERR_INVALID;
    }
    return info->legacy && !with_legacy ? S2S_ERR_UNSUPPORTED : 0;
}

int s2si_crypto_random(struct s2si_crypto *crypto, uint8_t *out, size_t length)
{
    if (!enter(crypto)) {
        return S2S_ERR_REENTRANT;
    }
    return leave(crypto, crypto->provider->random(crypto->context, out, length));
}

int s2si_crypto_hash(struct s2si_crypto *crypto, enum s2s_algorithm hash, const struct s2s_span *in, size_t count,
                     uint8_t *out)
{
    /* SHA-1 serves NAT detection; MD5 alone is legacy. */
    int result = admit(hash, S2S_TRANSFORM_HASH);
    if (result != 0) {
        return result;
    }
    if (!enter(crypto)) {
        return S2S_ERR_REENTRANT;
    }
    return leave(crypto, crypto->provider->hash(crypto->context, hash, in, count, out));
}

int s2si_crypto_prf(struct s2si_crypto *crypto, enum s2s_algorithm prf, const uint8_t *key, size_t key_length,
                    const struct s2s_span *in, size_t count, uint8_t *out)
{
    int result = admit(prf, S2S_TRANSFORM_PRF);
    if (result != 0) {
        return result;
    }
    if (!enter(crypto)) {
        return S2S_ERR_REENTRANT;
    }
    return leave(crypto, crypto->provider->prf(crypto->context, prf, key, key_length, in, count, out));
}

int s2si_crypto_transform_new(struct s2si_crypto *crypto, const struct s2s_crypto_key *key, bool encrypt,
                              void **transform)
{
    *transform = NULL;
    int result = admit(key->encryption, S2S_TRANSFORM_ENCRYPTION);
    if (result == 0 && key->integrity != S2S_ALG_NONE) {
        result = admit(key->integrity, S2S_TRANSFORM_INTEGRITY);
    }
    if (result == 0 && !s2si_algorithm_pair(key->encryption, key->integrity)) {
        result = S2S_ERR_INVALID;
    }
    if (result != 0) {
        return result;
    }
    if (!enter(crypto)) {
        return S2S_ERR_REENTRANT;
    }
    return leave(crypto, crypto->provider->transform_new(crypto->context, key, encrypt, transform));
}

void s2si_crypto_transform_free(struct s2si_crypto *crypto, void *transform)
{
    if (transform != NULL) {
        crypto->provider->transform_free(crypto->context, transform);
    }
}

typedef void (*batch_function)(void *context, void *transform, struct s2s_crypto_op *ops, size_t count);

static void run_batch(struct s2si_crypto *crypto, batch_function run, void *transform, struct s2s_crypto_op *ops,
                      size_t count)
{
    if (enter(crypto)) {
        run(crypto->context, transform, ops, count);
        leave(crypto, 0);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ops[i].result = S2S_ERR_REENTRANT;
    }
}

void s2si_crypto_seal(struct s2si_crypto *crypto, void *transform, struct s2s_crypto_op *ops, size_t count)
{
    run_batch(crypto, crypto->provider->seal, transform, ops, count);
}

void s2si_crypto_open_ops(struct s2si_crypto *crypto, void *transform, struct s2s_crypto_op *ops, size_t count)
{
    run_batch(crypto, crypto->provider->open_ops, transform, ops, count);
}

int s2si_crypto_exchange_new(struct s2si_crypto *crypto, enum s2s_algorithm group, void **exchange)
{
    *exchange = NULL;
    int result = admit(group, S2S_TRANSFORM_GROUP);
    if (result != 0) {
        return result;
    }
    if (!enter(crypto)) {
        return S2S_ERR_REENTRANT;
    }
    return leave(crypto, crypto->provider->exchange_new(crypto->context, group, exchange));
}

void s2si_crypto_exchange_free(struct s2si_crypto *crypto, void *exchange)
{
    if (exchange != NULL) {
        crypto->provider->exchange_free(crypto->context, exchange);
    }
}

int s2si_crypto_exchange_public(const struct s2si_crypto *crypto, void *exchange, uint8_t *out, size_t *length)
{
    return crypto->provider->exchange_public(crypto->context, exchange, out, length);
}

int s2si_crypto_exchange_shared(const struct s2si_crypto *crypto, void *exchange, const uint8_t *peer,
                                size_t peer_length, uint8_t *out, size_t *length)
{
    return crypto->provider->exchange_shared(crypto->context, exchange, peer, peer_length, out, length);
}
