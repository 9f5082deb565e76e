/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deterministic provider: everything that a provider does, at the price of a few multiplications and with **no
 * protection whatsoever**. It exists so that a simulator plays years of rekeys in seconds and replays them from a seed.
 *
 * What tests may rely on:
 *   - the same seed gives the same random bytes; the same inputs give the same outputs on every machine;
 *   - seal and open_ops are inverse, and open_ops notices any change of one 64-bit word (one bit included) of aad, iv,
 *     data, tail, key, salt: each step of the digest is a bijection of its state;
 *   - both sides of an exchange get the same secret; public values have PUBLIC_LENGTH bytes and name their group;
 *   - every algorithm of the table is supported, NULL_ENCRYPTION and the legacy ones too.
 */
#include <s2svpn/crypto.h>
#include <s2svpn/error.h>
#include "lib/base/mem.h"
#include "lib/base/wire.h"

#include <string.h>

enum { WORD = 8, PUBLIC_LENGTH = 2 + WORD /* group number | value */, SECRET_LENGTH = 32 };

struct context {
    struct s2si_mem mem;
    uint64_t random;
};

struct transform {
    const struct s2s_algorithm_info *cipher;
    bool encrypt;
    size_t icv_length;
    uint64_t cipher_key, mac_key;
};

struct exchange {
    const struct s2s_algorithm_info *group;
    uint64_t private_value; /* odd */
};

/* splitmix64's finalizer: a bijection in which every input bit reaches every output bit. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Word number index of the stream that a seed stands for. */
static uint64_t stream(uint64_t seed, uint64_t index)
{
    return mix(seed + (index + 1) * 0x9e3779b97f4a7c15u);
}

static void expand(uint64_t seed, uint8_t *out, size_t length)
{
    for (size_t done = 0; done < length; done += WORD) {
        uint8_t word[WORD];
        s2si_put_u64(word, stream(seed, done / WORD));
        memcpy(out + done, word, length - done < WORD ? length - done : WORD);
    }
}

/* ---- digest: independent of how the input is cut into spans ---- */

struct digest {
    uint64_t state, length;
    uint8_t word[WORD];
};

static struct digest digest_start(uint64_t seed)
{
    return (struct digest){.state = mix(seed ^ 0x53325356504e0001u)};
}

static void digest_word(struct digest *d, const uint8_t *word)
{
    d->state = (d->state ^ s2si_get_u64(word)) * 0x9e3779b97f4a7c15u;
    d->state ^= d->state >> 29;
}

static void digest_add(struct digest *d, const uint8_t *data, size_t length)
{
    while (length > 0) {
        size_t fill = (size_t)(d->length % WORD);
        if (fill == 0 && length >= WORD) {
            digest_word(d, data);
            d->length += WORD, data += WORD, length -= WORD;
            continue;
        }
        d->word[fill] = *data++;
        d->length++, length--;
        if (fill + 1 == WORD) {
            digest_word(d, d->word);
        }
    }
}

static uint64_t digest_finish(struct digest *d)
{
    size_t fill = (size_t)(d->length % WORD);
    memset(d->word + fill, 0, WORD - fill);
    digest_word(d, d->word);
    return mix(d->state ^ (d->length * 0xff51afd7ed558ccdu));
}

static uint64_t digest_of(uint64_t seed, const uint8_t *data, size_t length)
{
    struct digest d = digest_start(seed);
    digest_add(&d, data, length);
    return digest_finish(&d);
}

/* ---- context ---- */

static void *test_open(const struct s2s_allocator *allocator)
{
    struct s2si_mem mem;
    if (s2si_mem_init(&mem, allocator) != 0) {
        return NULL;
    }
    struct context *self = s2si_alloc(&mem, sizeof *self);
    if (self != NULL) {
        self->mem = mem;
        s2s_crypto_test_reseed(self, 1);
    }
    return self;
}

static void test_close(void *context)
{
    struct context *self = context;
    if (self != NULL) {
        struct s2si_mem mem = self->mem;
        s2si_free(&mem, self, sizeof *self);
    }
}

int s2s_crypto_test_reseed(void *context, uint64_t seed)
{
    struct context *self = context;
    if (self == NULL) {
        return S2S_ERR_INVALID;
    }
    self->random = mix(seed);
    return 0;
}

static bool test_supports(void *context, enum s2s_algorithm algorithm)
{
    (void)context;
    return s2s_algorithm_info(algorithm) != NULL;
}

static uint64_t draw(struct context *self)
{
    self->random += 0x9e3779b97f4a7c15u;
    return mix(self->random);
}

static int test_random(void *context, uint8_t *out, size_t length)
{
    expand(draw(context), out, length);
    return 0;
}

/* ---- hash and PRF ---- */

static const struct s2s_algorithm_info *info_of(enum s2s_algorithm algorithm, enum s2s_transform_type type)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(algorithm);
    return info != NULL && info->type == type ? info : NULL;
}

static void digest_spans(const struct s2s_algorithm_info *info, uint64_t seed, const struct s2s_span *in, size_t count,
                         uint8_t *out)
{
    struct digest d = digest_start(seed ^ (uint64_t)info->algorithm);
    for (size_t i = 0; i < count; i++) {
        digest_add(&d, in[i].data, in[i].length);
    }
    expand(digest_finish(&d), out, info->output_length);
}

static int test_hash(void *context, enum s2s_algorithm hash, const struct s2s_span *in, size_t count, uint8_t *out)
{
    const struct s2s_algorithm_info *info = info_of(hash, S2S_TRANSFORM_HASH);
    (void)context;
    if (info == NULL) {
        return S2S_ERR_UNSUPPORTED;
    }
    digest_spans(info, 0, in, count, out);
    return 0;
}

static int test_prf(void *context, enum s2s_algorithm prf, const uint8_t *key, size_t key_length,
                    const struct s2s_span *in, size_t count, uint8_t *out)
{
    const struct s2s_algorithm_info *info = info_of(prf, S2S_TRANSFORM_PRF);
    (void)context;
    if (info == NULL) {
        return S2S_ERR_UNSUPPORTED;
    }
    digest_spans(info, digest_of(2, key, key_length), in, count, out);
    return 0;
}

/* ---- transforms ---- */

static int test_transform_new(void *context, const struct s2s_crypto_key *key, bool encrypt, void **transform)
{
    struct context *self = context;
    const struct s2s_algorithm_info *cipher = info_of(key->encryption, S2S_TRANSFORM_ENCRYPTION);
    const struct s2s_algorithm_info *mac = info_of(key->integrity, S2S_TRANSFORM_INTEGRITY);
    *transform = NULL;
    if (cipher == NULL || (cipher->aead ? key->integrity != S2S_ALG_NONE : mac == NULL)) {
        return S2S_ERR_UNSUPPORTED;
    }
    struct transform *t = s2si_alloc(&self->mem, sizeof *t);
    if (t == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    t->cipher = cipher;
    t->encrypt = encrypt;
    t->cipher_key = digest_of((uint64_t)key->encryption, key->encryption_key, cipher->key_length);
    if (cipher->aead) {
        t->icv_length = cipher->icv_length;
        t->mac_key = digest_of(t->cipher_key, key->salt, cipher->salt_length);
        t->cipher_key = mix(t->mac_key);
    } else {
        t->icv_length = mac->icv_length;
        t->mac_key = digest_of((uint64_t)key->integrity, key->integrity_key, mac->key_length);
    }
    *transform = t;
    return 0;
}

static void test_transform_free(void *context, void *transform)
{
    struct context *self = context;
    if (transform != NULL) {
        s2si_free_secret(&self->mem, transform, sizeof(struct transform));
    }
}

static void apply_stream(const struct transform *t, const struct s2s_crypto_op *op)
{
    if (t->cipher->algorithm == S2S_NULL_ENCRYPTION) {
        return;
    }
    uint64_t seed = digest_of(t->cipher_key, op->iv, t->cipher->iv_length);
    for (size_t done = 0; done < op->length; done += WORD) {
        uint64_t word = stream(seed, done / WORD);
        size_t left = op->length - done;
        if (left >= WORD) {
            s2si_put_u64(op->data + done, s2si_get_u64(op->data + done) ^ word);
            continue;
        }
        for (size_t i = 0; i < left; i++) {
            op->data[done + i] ^= (uint8_t)(word >> (56 - 8 * i));
        }
    }
}

/* The lengths go in first, so that bytes cannot move from one part into the next. */
static void authenticate(const struct transform *t, const struct s2s_crypto_op *op, uint8_t *icv)
{
    uint64_t lengths = ((uint64_t)op->aad_length << 48) ^ ((uint64_t)op->tail_length << 40) ^ (uint64_t)op->length;
    struct digest d = digest_start(t->mac_key ^ mix(lengths));
    digest_add(&d, op->aad, op->aad_length);
    digest_add(&d, op->iv, t->cipher->iv_length);
    digest_add(&d, op->data, op->length);
    digest_add(&d, op->tail, op->tail_length);
    expand(digest_finish(&d), icv, t->icv_length);
}

static void test_seal(void *context, void *transform, struct s2s_crypto_op *ops, size_t count)
{
    const struct transform *t = transform;
    (void)context;
    for (struct s2s_crypto_op *op = ops; op < ops + count; op++) {
        op->result = t->encrypt && op->length % t->cipher->block_length == 0 ? 0 : S2S_ERR_INVALID;
        if (op->result == 0) {
            apply_stream(t, op);
            authenticate(t, op, op->icv);
        }
    }
}

static void test_open_ops(void *context, void *transform, struct s2s_crypto_op *ops, size_t count)
{
    const struct transform *t = transform;
    (void)context;
    for (struct s2s_crypto_op *op = ops; op < ops + count; op++) {
        uint8_t icv[S2S_CRYPTO_MAX_ICV];
        op->result = !t->encrypt && op->length % t->cipher->block_length == 0 ? 0 : S2S_ERR_INVALID;
        if (op->result != 0) {
            continue;
        }
        authenticate(t, op, icv);
        if (s2si_equal_secret(icv, op->icv, t->icv_length)) {
            apply_stream(t, op);
        } else {
            op->result = S2S_ERR_AUTH;
        }
    }
}

/* ---- exchange: multiplication of odd numbers modulo 2^64; commutative, and that is all ---- */

static const uint64_t generator = 0xd1342543de82ef95u;

static int make_exchange(struct context *self, enum s2s_algorithm group, uint64_t private_value, void **exchange)
{
    const struct s2s_algorithm_info *info = info_of(group, S2S_TRANSFORM_GROUP);
    *exchange = NULL;
    if (info == NULL) {
        return S2S_ERR_UNSUPPORTED;
    }
    struct exchange *e = s2si_alloc(&self->mem, sizeof *e);
    if (e == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    e->group = info;
    e->private_value = private_value | 1;
    *exchange = e;
    return 0;
}

static int test_exchange_new(void *context, enum s2s_algorithm group, void **exchange)
{
    return make_exchange(context, group, draw(context), exchange);
}

static int test_exchange_import(void *context, enum s2s_algorithm group, const uint8_t *private_value, size_t length,
                                void **exchange)
{
    return make_exchange(context, group, digest_of(3, private_value, length), exchange);
}

static int test_exchange_public(void *context, void *exchange, uint8_t *out, size_t *length)
{
    const struct exchange *e = exchange;
    (void)context;
    s2si_put_u16(out, e->group->transform_id);
    s2si_put_u64(out + 2, e->private_value * generator);
    *length = PUBLIC_LENGTH;
    return 0;
}

static int test_exchange_shared(void *context, void *exchange, const uint8_t *peer, size_t peer_length, uint8_t *out,
                                size_t *length)
{
    const struct exchange *e = exchange;
    (void)context;
    *length = 0;
    if (peer_length != PUBLIC_LENGTH || s2si_get_u16(peer) != e->group->transform_id ||
        s2si_get_u64(peer + 2) % 2 == 0) {
        return S2S_ERR_MALFORMED;
    }
    expand(e->private_value * s2si_get_u64(peer + 2), out, SECRET_LENGTH);
    *length = SECRET_LENGTH;
    return 0;
}

static void test_exchange_free(void *context, void *exchange)
{
    struct context *self = context;
    if (exchange != NULL) {
        s2si_free_secret(&self->mem, exchange, sizeof(struct exchange));
    }
}

const struct s2s_crypto_provider *s2s_crypto_test(void)
{
    static const struct s2s_crypto_provider provider = {
        .struct_size = sizeof provider,
        .name = "test",
        .open = test_open,
        .close = test_close,
        .supports = test_supports,
        .random = test_random,
        .hash = test_hash,
        .prf = test_prf,
        .transform_new = test_transform_new,
        .transform_free = test_transform_free,
        .seal = test_seal,
        .open_ops = test_open_ops,
        .exchange_new = test_exchange_new,
        .exchange_public = test_exchange_public,
        .exchange_shared = test_exchange_shared,
        .exchange_free = test_exchange_free,
        .exchange_import = test_exchange_import,
    };
    return &provider;
}
