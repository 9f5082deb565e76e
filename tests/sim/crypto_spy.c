/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/crypto_spy.h"

#include <string.h>

#include <s2svpn/error.h>

static struct crypto_spy *spy; /* the provider's functions have no place for it */

static bool refused(enum spy_call call)
{
    return ++spy->calls[call] == spy->fails_at && spy->fails == call;
}

static void *spy_open(const struct s2s_allocator *allocator)
{
    return spy->under->open(allocator);
}

static void spy_close(void *context)
{
    spy->under->close(context);
}

static bool spy_supports(void *context, enum s2s_algorithm algorithm)
{
    return (spy->lacks == 0 || algorithm != spy->lacks) && spy->under->supports(context, algorithm);
}

static int spy_random(void *context, uint8_t *out, size_t length)
{
    return refused(SPY_RANDOM) ? S2S_ERR_CRYPTO : spy->under->random(context, out, length);
}

static void count(enum spy_call call, const struct s2s_span *in, size_t spans)
{
    for (size_t i = 0; i < spans; i++)
        spy->bytes[call] += in[i].length;
}

static int spy_hash(void *context, enum s2s_algorithm hash, const struct s2s_span *in, size_t spans, uint8_t *out)
{
    count(SPY_HASH, in, spans);
    return refused(SPY_HASH) ? S2S_ERR_CRYPTO : spy->under->hash(context, hash, in, spans, out);
}

static int spy_prf(void *context, enum s2s_algorithm prf, const uint8_t *key, size_t key_length,
                   const struct s2s_span *in, size_t spans, uint8_t *out)
{
    count(SPY_PRF, in, spans);
    return refused(SPY_PRF) ? S2S_ERR_CRYPTO : spy->under->prf(context, prf, key, key_length, in, spans, out);
}

static int spy_transform_new(void *context, const struct s2s_crypto_key *key, bool encrypt, void **transform)
{
    return refused(SPY_TRANSFORM_NEW) ? S2S_ERR_CRYPTO : spy->under->transform_new(context, key, encrypt, transform);
}

static void spy_transform_free(void *context, void *transform)
{
    spy->under->transform_free(context, transform);
}

static void run(enum spy_call call, void *context, void *transform, struct s2s_crypto_op *ops, size_t ops_count)
{
    bool refuse = refused(call);
    for (size_t i = 0; i < ops_count; i++) {
        spy->bytes[call] += ops[i].length;
        ops[i].result = refuse ? S2S_ERR_CRYPTO : ops[i].result;
    }
    if (refuse)
        return;
    if (call == SPY_SEAL)
        spy->under->seal(context, transform, ops, ops_count);
    else
        spy->under->open_ops(context, transform, ops, ops_count);
}

static void spy_seal(void *context, void *transform, struct s2s_crypto_op *ops, size_t ops_count)
{
    run(SPY_SEAL, context, transform, ops, ops_count);
}

static void spy_open_ops(void *context, void *transform, struct s2s_crypto_op *ops, size_t ops_count)
{
    run(SPY_OPEN, context, transform, ops, ops_count);
}

static int spy_exchange_new(void *context, enum s2s_algorithm group, void **exchange)
{
    return refused(SPY_EXCHANGE_NEW) ? S2S_ERR_CRYPTO : spy->under->exchange_new(context, group, exchange);
}

static int spy_exchange_public(void *context, void *exchange, uint8_t *out, size_t *length)
{
    return refused(SPY_EXCHANGE_PUBLIC) ? S2S_ERR_CRYPTO
                                        : spy->under->exchange_public(context, exchange, out, length);
}

static int spy_exchange_shared(void *context, void *exchange, const uint8_t *peer, size_t peer_length, uint8_t *out,
                               size_t *length)
{
    if (refused(SPY_EXCHANGE_SHARED))
        return S2S_ERR_CRYPTO;
    int result = spy->under->exchange_shared(context, exchange, peer, peer_length, out, length);
    if (result == 0 && spy->secret != NULL)
        spy->secret(spy->user, out, *length);
    return result;
}

static void spy_exchange_free(void *context, void *exchange)
{
    spy->under->exchange_free(context, exchange);
}

static const struct s2s_crypto_provider table = {
    .struct_size = sizeof table,
    .name = "spy",
    .open = spy_open,
    .close = spy_close,
    .supports = spy_supports,
    .random = spy_random,
    .hash = spy_hash,
    .prf = spy_prf,
    .transform_new = spy_transform_new,
    .transform_free = spy_transform_free,
    .seal = spy_seal,
    .open_ops = spy_open_ops,
    .exchange_new = spy_exchange_new,
    .exchange_public = spy_exchange_public,
    .exchange_shared = spy_exchange_shared,
    .exchange_free = spy_exchange_free,
};

const struct s2s_crypto_provider *crypto_spy_table(struct crypto_spy *own, const struct s2s_crypto_provider *under)
{
    spy = own;
    memset(own, 0, sizeof *own);
    own->under = under;
    return &table;
}

void crypto_spy_reset(struct crypto_spy *own)
{
    memset(own->calls, 0, sizeof own->calls);
    memset(own->bytes, 0, sizeof own->bytes);
}
