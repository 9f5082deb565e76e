/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every provider promises beyond its vectors, the deterministic one included: seal and open are inverse, one
 * changed bit is noticed, a batch is its operations, nothing is allocated per packet, and each allocation may fail.
 */
#include "crypto_vectors.h"

#include "lib/crypto/algorithm.h"

/* ---- allocations: those of our table and, by a calloc of our own, those that a provider's library makes ---- */

static long allocations, fail_at; /* fail_at: number of the allocation that fails, 0 = none */
static bool one_failed;

static bool allocation_fails(void)
{
    bool fails = ++allocations == fail_at;
    one_failed = one_failed || fails;
    return fails;
}

static void *(*volatile take)(size_t size) = malloc; /* volatile: the compiler must not see a calloc in it */

void *calloc(size_t count, size_t size)
{
    if (allocation_fails() || (size != 0 && count > SIZE_MAX / size)) {
        return NULL;
    }
    void *block = take(count * size);
    if (block != NULL) {
        memset(block, 0, count * size);
    }
    return block;
}

static void *table_alloc(void *user, size_t size)
{
    (void)user;
    return allocation_fails() ? NULL : malloc(size);
}

static void *table_resize(void *user, void *pointer, size_t old_size, size_t new_size)
{
    (void)user, (void)old_size;
    return allocation_fails() ? NULL : realloc(pointer, new_size);
}

static void table_release(void *user, void *pointer, size_t size)
{
    (void)user, (void)size;
    free(pointer);
}

static const struct s2s_allocator counting = {sizeof counting, NULL, table_alloc, table_resize, table_release};

/* ---- running over all providers and all pairs ---- */

static const provider_getter all_providers[] = {s2s_crypto_mbedtls, s2s_crypto_test};

static void each(void (*body)(struct bench *b))
{
    for (size_t i = 0; i < sizeof all_providers / sizeof all_providers[0]; i++) {
        struct bench b = {all_providers[i](), NULL};
        b.context = b.p->open(&counting);
        assert_non_null(b.context);
        body(&b);
        b.p->close(b.context);
        pool_reset();
    }
}

static uint8_t key_material[S2S_CRYPTO_MAX_KEY + 1], salt[S2S_CRYPTO_MAX_SALT];

static void fill(void *to, size_t length, unsigned seed)
{
    for (size_t i = 0; i < length; i++) {
        ((uint8_t *)to)[i] = (uint8_t)((i + seed) * 167 + (i >> 3) + seed);
    }
}

static struct s2s_crypto_key key_of(enum s2s_algorithm encryption, enum s2s_algorithm integrity)
{
    fill(key_material, sizeof key_material, 1);
    fill(salt, sizeof salt, 2);
    return (struct s2s_crypto_key){.encryption = encryption,
                                   .integrity = integrity,
                                   .encryption_key = key_material,
                                   .salt = salt,
                                   .integrity_key = key_material};
}

/* Calls body for each pair of algorithms that the provider can do. */
static void each_pair(struct bench *b, void (*body)(struct bench *b, const struct s2s_crypto_key *key))
{
    const struct s2s_algorithm_info *cipher, *mac;
    size_t seen = 0;
    for (size_t i = 0; (cipher = s2s_algorithm_at(i)) != NULL; i++) {
        for (size_t k = 0; cipher->aead ? k < 1 : (mac = s2s_algorithm_at(k)) != NULL; k++) {
            enum s2s_algorithm integrity = cipher->aead ? S2S_ALG_NONE : mac->algorithm;
            if (cipher->type == S2S_TRANSFORM_ENCRYPTION && s2si_algorithm_pair(cipher->algorithm, integrity) &&
                b->p->supports(b->context, cipher->algorithm) &&
                (cipher->aead || b->p->supports(b->context, integrity))) {
                struct s2s_crypto_key key = key_of(cipher->algorithm, integrity);
                body(b, &key);
                pool_reset();
                seen++;
            }
        }
    }
    assert_true(seen >= 4 + 3 * 4);
}

static void *transform(struct bench *b, const struct s2s_crypto_key *key, bool encrypt)
{
    void *made = NULL;
    assert_int_equal(b->p->transform_new(b->context, key, encrypt, &made), 0);
    assert_non_null(made);
    return made;
}

/* One packet with blocks of its own for each part. */
struct packet {
    struct s2s_crypto_op op;
    struct bytes plain, data, iv, aad, tail, icv;
};

static struct packet packet(const struct s2s_crypto_key *key, size_t length, unsigned seed)
{
    const struct s2s_algorithm_info *cipher = s2s_algorithm_info(key->encryption);
    struct packet p = {.plain = bytes_new(length),
                       .iv = bytes_new(cipher->iv_length),
                       .aad = bytes_new(cipher->aead ? 12 : 8),
                       .tail = bytes_new(cipher->aead ? 0 : 4),
                       .icv = bytes_new(s2si_algorithm_icv(key->encryption, key->integrity))};
    fill(p.plain.data, length, seed);
    fill(p.iv.data, p.iv.length, seed + 1);
    fill(p.aad.data, p.aad.length, seed + 2);
    fill(p.tail.data, p.tail.length, seed + 3);
    p.data = bytes_copy(p.plain.data, length);
    p.op = (struct s2s_crypto_op){p.data.data, length,        p.iv.data,  p.aad.data, p.aad.length,
                                  p.tail.data, p.tail.length, p.icv.data, 1};
    return p;
}

/* ---- transforms ---- */

/* A batch of packets of all sorts of lengths is sealed and opened again; none is left as it was. */
static void round_trip(struct bench *b, const struct s2s_crypto_key *key)
{
    static const size_t lengths[] = {0, 16, 48, 1408, 16 * 93};
    enum { COUNT = sizeof lengths / sizeof lengths[0] };
    void *seal = transform(b, key, true), *open = transform(b, key, false);
    struct packet packets[COUNT];
    struct s2s_crypto_op ops[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        packets[i] = packet(key, lengths[i], i);
        ops[i] = packets[i].op;
    }
    b->p->seal(b->context, seal, ops, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(ops[i].result, 0);
        if (lengths[i] > 0 && key->encryption != S2S_NULL_ENCRYPTION) {
            assert_memory_not_equal(packets[i].data.data, packets[i].plain.data, lengths[i]);
        }
    }
    packets[2].icv.data[0] ^= 0x80; /* one forged packet in the batch touches no other */
    b->p->open_ops(b->context, open, ops, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(ops[i].result, i == 2 ? S2S_ERR_AUTH : 0);
        if (i != 2) {
            assert_memory_equal(packets[i].data.data, packets[i].plain.data, lengths[i]);
        }
    }
    b->p->seal(b->context, seal, ops, 0);
    b->p->transform_free(b->context, seal);
    b->p->transform_free(b->context, open);
}

static void round_trips(struct bench *b)
{
    each_pair(b, round_trip);
}

static void seal_and_open_are_inverse(void **state)
{
    (void)state;
    each(round_trips);
}

/* Flips each bit of part in turn; open must notice each. */
static void forge(struct bench *b, void *open, struct packet *p, struct bytes part)
{
    struct bytes sealed = bytes_copy(p->data.data, p->data.length);
    for (size_t bit = 0; bit < part.length * 8; bit++) {
        part.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        p->op.result = 1;
        b->p->open_ops(b->context, open, &p->op, 1);
        assert_int_equal(p->op.result, S2S_ERR_AUTH);
        /* A provider may have used the data as scratch: put it back before the bit. */
        if (part.data != p->data.data) {
            part.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        memcpy(p->data.data, sealed.data, sealed.length);
    }
}

static void tamper(struct bench *b, const struct s2s_crypto_key *key)
{
    void *seal = transform(b, key, true), *open = transform(b, key, false);
    struct packet p = packet(key, 32, 9);
    b->p->seal(b->context, seal, &p.op, 1);
    assert_int_equal(p.op.result, 0);
    forge(b, open, &p, p.data);
    forge(b, open, &p, p.icv);
    forge(b, open, &p, p.iv);
    forge(b, open, &p, p.aad);
    forge(b, open, &p, p.tail);
    b->p->open_ops(b->context, open, &p.op, 1);
    assert_int_equal(p.op.result, 0);
    assert_memory_equal(p.data.data, p.plain.data, p.plain.length);
    b->p->transform_free(b->context, seal);
    b->p->transform_free(b->context, open);
}

static void tampering(struct bench *b)
{
    each_pair(b, tamper);
}

static void every_changed_bit_is_noticed(void **state)
{
    (void)state;
    each(tampering);
}

/* Another key, another salt: nothing opens. The direction counts, and a length that the cipher cannot take is refused.
 */
static void misuse(struct bench *b, const struct s2s_crypto_key *key)
{
    const struct s2s_algorithm_info *cipher = s2s_algorithm_info(key->encryption);
    struct s2s_crypto_key other = *key;
    uint8_t other_bytes[S2S_CRYPTO_MAX_KEY];
    fill(other_bytes, sizeof other_bytes, 77);
    if (cipher->aead) {
        other.salt = other_bytes;
    } else {
        other.integrity_key = other_bytes;
    }
    void *seal = transform(b, key, true), *open = transform(b, &other, false);
    struct packet p = packet(key, 48, 3);
    b->p->open_ops(b->context, seal, &p.op, 1);
    assert_int_equal(p.op.result, S2S_ERR_INVALID);
    b->p->seal(b->context, open, &p.op, 1);
    assert_int_equal(p.op.result, S2S_ERR_INVALID);
    assert_memory_equal(p.data.data, p.plain.data, p.plain.length);
    b->p->seal(b->context, seal, &p.op, 1);
    b->p->open_ops(b->context, open, &p.op, 1);
    assert_int_equal(p.op.result, S2S_ERR_AUTH);
    if (cipher->block_length > 1) {
        p.op.length = 47;
        b->p->seal(b->context, seal, &p.op, 1);
        assert_int_equal(p.op.result, S2S_ERR_INVALID);
    }
    b->p->transform_free(b->context, seal);
    b->p->transform_free(b->context, open);
    b->p->transform_free(b->context, NULL);
}

static void misuses(struct bench *b)
{
    each_pair(b, misuse);
}

static void keys_directions_and_lengths_count(void **state)
{
    (void)state;
    each(misuses);
}

/* Sealing and opening a thousand packets takes no memory. */
static void no_allocation(struct bench *b, const struct s2s_crypto_key *key)
{
    void *seal = transform(b, key, true), *open = transform(b, key, false);
    struct packet p = packet(key, 1408, 5);
    const long before = allocations;
    for (int i = 0; i < 20; i++) {
        b->p->seal(b->context, seal, &p.op, 1);
        b->p->open_ops(b->context, open, &p.op, 1);
    }
    assert_int_equal(allocations, before);
    assert_int_equal(p.op.result, 0);
    b->p->transform_free(b->context, seal);
    b->p->transform_free(b->context, open);
}

static void no_allocations(struct bench *b)
{
    each_pair(b, no_allocation);
}

static void packets_take_no_memory(void **state)
{
    (void)state;
    each(no_allocations);
}

/* ---- PRF, random numbers ---- */

static void prf_properties(struct bench *b)
{
    static const uint8_t text[100] = {1, 2, 3};
    const struct s2s_algorithm_info *info;
    for (size_t i = 0; (info = s2s_algorithm_at(i)) != NULL; i++) {
        if (info->type != S2S_TRANSFORM_PRF || !b->p->supports(b->context, info->algorithm)) {
            continue;
        }
        uint8_t whole[S2S_CRYPTO_MAX_HASH], cut[S2S_CRYPTO_MAX_HASH], other[S2S_CRYPTO_MAX_HASH];
        const struct s2s_span one = {text, sizeof text}, shorter = {text, sizeof text - 1};
        assert_int_equal(b->p->prf(b->context, info->algorithm, text, 20, &one, 1, whole), 0);
        for (size_t at = 0; at <= sizeof text; at++) {
            const struct s2s_span two[] = {{text, at}, {text + at, sizeof text - at}};
            assert_int_equal(b->p->prf(b->context, info->algorithm, text, 20, two, 2, cut), 0);
            assert_memory_equal(whole, cut, info->output_length);
        }
        assert_int_equal(b->p->prf(b->context, info->algorithm, text, 20, &shorter, 1, other), 0);
        assert_memory_not_equal(whole, other, info->output_length);
        assert_int_equal(b->p->prf(b->context, info->algorithm, text + 1, 20, &one, 1, other), 0);
        assert_memory_not_equal(whole, other, info->output_length);
        assert_int_equal(b->p->prf(b->context, info->algorithm, NULL, 0, NULL, 0, other), 0);
    }
}

static void prf_is_a_function_of_the_joined_input(void **state)
{
    (void)state;
    each(prf_properties);
}

static void random_properties(struct bench *b)
{
    struct bytes a = bytes_new(5000), c = bytes_new(5000);
    assert_int_equal(b->p->random(b->context, a.data, a.length), 0);
    assert_int_equal(b->p->random(b->context, c.data, c.length), 0);
    assert_memory_not_equal(a.data, c.data, 16);
    assert_memory_not_equal(a.data + 4096, c.data + 4096, 16);
    assert_memory_not_equal(a.data, a.data + 1024, 16);
    assert_int_equal(b->p->random(b->context, a.data, 0), 0);
}

static void random_numbers_differ(void **state)
{
    (void)state;
    each(random_properties);
}

/* The test provider: equal seeds give equal runs, other seeds do not. */
static void test_provider_is_deterministic(void **state)
{
    (void)state;
    struct bench one = bench_open(s2s_crypto_test()), two = bench_open(s2s_crypto_test());
    uint8_t a[100], c[100];
    assert_int_equal(one.p->random(one.context, a, sizeof a), 0);
    assert_int_equal(two.p->random(two.context, c, sizeof c), 0);
    assert_memory_equal(a, c, sizeof a);
    assert_int_equal(s2s_crypto_test_reseed(two.context, 2), 0);
    assert_int_equal(two.p->random(two.context, c, sizeof c), 0);
    assert_memory_not_equal(a, c, sizeof a);
    assert_int_equal(s2s_crypto_test_reseed(two.context, 1), 0);
    assert_int_equal(two.p->random(two.context, c, sizeof c), 0);
    assert_memory_equal(a, c, sizeof a);
    assert_int_equal(s2s_crypto_test_reseed(NULL, 1), S2S_ERR_INVALID);
    /* Written out once, so that a seed means the same on every machine. */
    assert_memory_equal(a, hex("55c55969ed403149fb85af9c9a7e41f1").data, 16);
    bench_close(&one);
    bench_close(&two);
    pool_reset();
}

/* ---- exchange ---- */

static void exchange_properties(struct bench *b)
{
    const struct s2s_algorithm_info *info;
    for (size_t i = 0; (info = s2s_algorithm_at(i)) != NULL; i++) {
        uint8_t gx[S2S_CRYPTO_MAX_PUBLIC], gy[S2S_CRYPTO_MAX_PUBLIC], sx[S2S_CRYPTO_MAX_PUBLIC],
            sy[S2S_CRYPTO_MAX_PUBLIC];
        size_t gx_length, gy_length, sx_length, sy_length;
        void *x = b, *y;
        if (info->type != S2S_TRANSFORM_GROUP || !b->p->supports(b->context, info->algorithm)) {
            assert_int_equal(b->p->exchange_new(b->context, info->algorithm, &x), S2S_ERR_UNSUPPORTED);
            assert_null(x);
            continue;
        }
        assert_int_equal(b->p->exchange_new(b->context, info->algorithm, &x), 0);
        assert_int_equal(b->p->exchange_new(b->context, info->algorithm, &y), 0);
        assert_int_equal(b->p->exchange_public(b->context, x, gx, &gx_length), 0);
        assert_int_equal(b->p->exchange_public(b->context, y, gy, &gy_length), 0);
        assert_memory_not_equal(gx, gy, gx_length);
        assert_int_equal(b->p->exchange_shared(b->context, x, gy, gy_length, sx, &sx_length), 0);
        assert_int_equal(b->p->exchange_shared(b->context, y, gx, gx_length, sy, &sy_length), 0);
        assert_int_equal(sx_length, sy_length);
        assert_memory_equal(sx, sy, sx_length);
        assert_int_equal(b->p->exchange_shared(b->context, x, gy, gy_length - 1, sx, &sx_length), S2S_ERR_MALFORMED);
        b->p->exchange_free(b->context, x);
        b->p->exchange_free(b->context, y);
    }
    b->p->exchange_free(b->context, NULL);
}

static void exchanges_agree(void **state)
{
    (void)state;
    each(exchange_properties);
}

/* ---- allocation failures ---- */

/* What a step may answer when an allocation failed. step_exchange compares its results itself: mbedTLS 2.28 gets along
   without some of its temporary copies. */
enum tolerance { MUST_FAIL, MAY_GET_ALONG };

/* Runs step with the first, second, third ... allocation failing, until it passes without one. Leaks are the
   sanitizer's to find. */
static long fail_each(struct bench *b, int (*step)(struct bench *b), enum tolerance tolerance)
{
    /* A curve multiplication allocates thousands of times, much the same all along: later ones are sampled. */
    for (long n = 1; n < 100000; n += n < 150 ? 1 : 97) {
        allocations = 0;
        one_failed = false;
        fail_at = n;
        int result = step(b);
        fail_at = 0;
        if (!one_failed) {
            assert_int_equal(result, 0);
            return n - 1;
        }
        if (result != S2S_ERR_NO_MEMORY && result != S2S_ERR_CRYPTO && (result != 0 || tolerance == MUST_FAIL)) {
            fail_msg("allocation %ld: result %d", n, result);
        }
    }
    fail_msg("there is no end to the allocations");
    return 0;
}

static int step_open(struct bench *b)
{
    void *context = b->p->open(&counting);
    if (context == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    b->p->close(context);
    return 0;
}

static struct s2s_crypto_key step_key;

static int step_transform(struct bench *b)
{
    void *made = b;
    int result = b->p->transform_new(b->context, &step_key, true, &made);
    assert_true(result == 0 || made == NULL);
    b->p->transform_free(b->context, made);
    return result;
}

static enum s2s_algorithm step_group;

/* Another's value, made without failures. */
static uint8_t step_peer[S2S_CRYPTO_MAX_PUBLIC];
static size_t step_peer_length;

static int step_exchange(struct bench *b)
{
    uint8_t own[S2S_CRYPTO_MAX_PUBLIC], secret[S2S_CRYPTO_MAX_PUBLIC], again[S2S_CRYPTO_MAX_PUBLIC];
    size_t own_length, secret_length, length;
    void *e = b;
    int result = b->p->exchange_new(b->context, step_group, &e);
    if (result != 0) {
        assert_null(e);
        return result;
    }
    result = b->p->exchange_public(b->context, e, own, &own_length);
    if (result == 0) {
        result = b->p->exchange_shared(b->context, e, step_peer, step_peer_length, secret, &secret_length);
    }
    fail_at = 0;
    if (result == 0) { /* what is called good is good */
        assert_int_equal(b->p->exchange_public(b->context, e, again, &length), 0);
        assert_memory_equal(own, again, own_length);
        assert_int_equal(b->p->exchange_shared(b->context, e, step_peer, step_peer_length, again, &length), 0);
        assert_memory_equal(secret, again, secret_length);
    }
    b->p->exchange_free(b->context, e);
    return result;
}

static void fail_transforms(struct bench *b, const struct s2s_crypto_key *key)
{
    step_key = *key;
    assert_true(fail_each(b, step_transform, MUST_FAIL) > 0);
}

static void fail_exchanges(struct bench *b)
{
    static const enum s2s_algorithm groups[] = {S2S_MODP1024, S2S_MODP1024_S160, S2S_ECP256, S2S_CURVE25519};
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        void *peer;
        step_group = groups[i];
        assert_int_equal(b->p->exchange_new(b->context, step_group, &peer), 0);
        assert_int_equal(b->p->exchange_public(b->context, peer, step_peer, &step_peer_length), 0);
        b->p->exchange_free(b->context, peer);
        long count = fail_each(b, step_exchange, MAY_GET_ALONG);
        print_message("%s, %s: %ld allocations\n", b->p->name, s2s_algorithm_name(step_group), count);
        assert_true(count > 0);
    }
}

static void fail_all(struct bench *b)
{
    assert_true(fail_each(b, step_open, MUST_FAIL) > 0);
    each_pair(b, fail_transforms);
    fail_exchanges(b);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    each(fail_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seal_and_open_are_inverse),
        cmocka_unit_test(every_changed_bit_is_noticed),
        cmocka_unit_test(keys_directions_and_lengths_count),
        cmocka_unit_test(packets_take_no_memory),
        cmocka_unit_test(prf_is_a_function_of_the_joined_input),
        cmocka_unit_test(random_numbers_differ),
        cmocka_unit_test(test_provider_is_deterministic),
        cmocka_unit_test(exchanges_agree),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
