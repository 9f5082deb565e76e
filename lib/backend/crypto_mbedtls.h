/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mbedTLS provider (2.28 and 3.x), by its classic contexts: PSA keeps one global key store, which a library that
 * lives in other people's programs must not touch.
 *
 *   crypto_mbedtls.c            the table, the context, random numbers, what is supported
 *   crypto_mbedtls_hash.c       hashes, HMAC, PRF
 *   crypto_mbedtls_transform.c  batches of AEAD, CBC + HMAC
 *   crypto_mbedtls_exchange.c   key exchange: MODP, ECP, x25519
 *   crypto_mbedtls_modp.c       the MODP groups' numbers
 *
 * Only functions and members are used that are public in both branches, so nothing here needs to know the version.
 * mbedTLS allocates with its own allocator (the C library's calloc unless the program said otherwise); our handles come
 * from the caller's.
 */
#ifndef S2SI_CRYPTO_MBEDTLS_H
#define S2SI_CRYPTO_MBEDTLS_H

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/md.h>
#include <mbedtls/version.h>
#include <s2svpn/crypto.h>
#include <s2svpn/error.h>
#include "lib/base/mem.h"

enum { S2SI_MBEDTLS_HASHES = 5 };

/* One hash, ready to start: blank is cloned over work before and after each use, so that no allocation happens and no
   state stays behind. */
struct s2si_mbedtls_hash {
    mbedtls_md_context_t blank, work;
};

struct s2si_mbedtls {
    struct s2si_mem mem;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context drbg;
    struct s2si_mbedtls_hash hashes[S2SI_MBEDTLS_HASHES];
};

/* HMAC with the key worked in: inner and outer hold the state after the first block (RFC 2104 section 4). */
struct s2si_mbedtls_hmac {
    mbedtls_md_context_t inner, outer, work;
    size_t output;
};

/* An f_rng and f_entropy of mbedTLS over the context's DRBG; requests of any length. */
int s2si_mbedtls_random(void *drbg, unsigned char *out, size_t length);
int s2si_mbedtls_error(int error); /* an enum s2s_error for what a set-up call returned */

mbedtls_md_type_t s2si_mbedtls_md(enum s2s_algorithm hash); /* MBEDTLS_MD_NONE if it is none */
bool s2si_mbedtls_hash_has(enum s2s_algorithm hash);
int s2si_mbedtls_hashes_init(struct s2si_mbedtls *context);
void s2si_mbedtls_hashes_free(struct s2si_mbedtls *context);
int s2si_mbedtls_hash(void *context, enum s2s_algorithm hash, const struct s2s_span *in, size_t count, uint8_t *out);
int s2si_mbedtls_prf(void *context, enum s2s_algorithm prf, const uint8_t *key, size_t key_length,
                     const struct s2s_span *in, size_t count, uint8_t *out);
/* The key is at most one block long. @return an enum s2s_error. */
int s2si_mbedtls_hmac_init(struct s2si_mbedtls_hmac *hmac, const struct s2s_algorithm_info *algorithm,
                           const uint8_t *key, size_t key_length);
void s2si_mbedtls_hmac_free(struct s2si_mbedtls_hmac *hmac);
/* out has S2S_CRYPTO_MAX_HASH bytes. Allocates nothing. @return 0 or S2S_ERR_CRYPTO. */
int s2si_mbedtls_hmac_run(struct s2si_mbedtls_hmac *hmac, const struct s2s_span *in, size_t count, uint8_t *out);

bool s2si_mbedtls_cipher_has(const struct s2s_algorithm_info *cipher);
int s2si_mbedtls_transform_new(void *context, const struct s2s_crypto_key *key, bool encrypt, void **transform);
void s2si_mbedtls_transform_free(void *context, void *transform);
void s2si_mbedtls_seal(void *context, void *transform, struct s2s_crypto_op *ops, size_t count);
void s2si_mbedtls_open_ops(void *context, void *transform, struct s2s_crypto_op *ops, size_t count);

bool s2si_mbedtls_group_has(enum s2s_algorithm group);
int s2si_mbedtls_exchange_new(void *context, enum s2s_algorithm group, void **exchange);
int s2si_mbedtls_exchange_import(void *context, enum s2s_algorithm group, const uint8_t *private_value, size_t length,
                                 void **exchange);
int s2si_mbedtls_exchange_public(void *context, void *exchange, uint8_t *out, size_t *length);
int s2si_mbedtls_exchange_shared(void *context, void *exchange, const uint8_t *peer, size_t peer_length, uint8_t *out,
                                 size_t *length);
void s2si_mbedtls_exchange_free(void *context, void *exchange);

/* Numbers of a MODP group, big-endian. */
struct s2si_mbedtls_modp {
    enum s2s_algorithm group;
    size_t length;         /* of the prime and the public value */
    size_t private_length; /* of a drawn exponent; not used where there is a q */
    const uint8_t *prime;
    const uint8_t *generator; /* NULL = 2 */
    const uint8_t *order;     /* q of RFC 5114; NULL = (p - 1) / 2, a safe prime */
    size_t order_length;
};
const struct s2si_mbedtls_modp *s2si_mbedtls_modp(enum s2s_algorithm group); /* NULL if it is none */

#endif
