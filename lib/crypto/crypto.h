/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto: what stands between the protocol cores and a provider.
 *
 *   ike, esp, gateway ──> s2si_crypto_* (may this build use it? is the call a leaf?) ──> struct s2s_crypto_provider
 *   ike               ──> kdf (RFC 7296 sections 2.13 to 2.18) ──> s2si_crypto_prf
 *   all               ──> algorithm (names, transform ids, lengths)
 *
 * Nothing here computes a cipher, and nothing here remembers a key: keys live in s2si_secret of the caller and inside
 * the provider's handles. Legacy algorithms (DES, 3DES, MD5, group 1) are refused here, before a provider is asked,
 * unless the library is built with S2S_WITH_LEGACY.
 *
 * Providers are leaves. A debug build marks the time spent inside one; a call that comes back meanwhile on the same
 * context gets S2S_ERR_REENTRANT (s2si_crypto_inside() lets the engine's entry points ask). Exchange steps are not
 * marked, since they may run on another thread.
 */
#ifndef S2SI_CRYPTO_H
#define S2SI_CRYPTO_H

#include <s2svpn/crypto.h>
#include "lib/crypto/algorithm.h"

struct s2si_crypto {
    const struct s2s_crypto_provider *provider;
    void *context;
    bool inside; /* debug builds: a provider call is under way */
};

/* Takes a provider (NULL is refused) and opens its context; the allocator must outlive it.
   @return 0, S2S_ERR_INVALID (incomplete table), S2S_ERR_CRYPTO (open failed). */
int s2si_crypto_open(struct s2si_crypto *crypto, const struct s2s_crypto_provider *provider,
                     const struct s2s_allocator *allocator);
/* Frees the context; a zeroed or closed one is allowed. All handles must be freed before. */
void s2si_crypto_close(struct s2si_crypto *crypto);
bool s2si_crypto_inside(const struct s2si_crypto *crypto);

/* NULL if the algorithm can be used, else why not, in words for an error list ("legacy algorithm: ..."). ESN and
   S2S_ALG_NONE need no provider and are always usable. */
const char *s2si_crypto_refusal(struct s2si_crypto *crypto, enum s2s_algorithm algorithm);
bool s2si_crypto_supports(struct s2si_crypto *crypto, enum s2s_algorithm algorithm);

/* The calls of the seam; results as there (s2svpn/crypto.h), and S2S_ERR_REENTRANT in debug builds. */
int s2si_crypto_random(struct s2si_crypto *crypto, uint8_t *out, size_t length);
int s2si_crypto_hash(struct s2si_crypto *crypto, enum s2s_algorithm hash, const struct s2s_span *in, size_t count,
                     uint8_t *out);
int s2si_crypto_prf(struct s2si_crypto *crypto, enum s2s_algorithm prf, const uint8_t *key, size_t key_length,
                    const struct s2s_span *in, size_t count, uint8_t *out);
/* Refuses a pair of encryption and integrity that may not stand together (S2S_ERR_INVALID). */
int s2si_crypto_transform_new(struct s2si_crypto *crypto, const struct s2s_crypto_key *key, bool encrypt,
                              void **transform);
void s2si_crypto_transform_free(struct s2si_crypto *crypto, void *transform);
void s2si_crypto_seal(struct s2si_crypto *crypto, void *transform, struct s2s_crypto_op *ops, size_t count);
void s2si_crypto_open_ops(struct s2si_crypto *crypto, void *transform, struct s2s_crypto_op *ops, size_t count);
int s2si_crypto_exchange_new(struct s2si_crypto *crypto, enum s2s_algorithm group, void **exchange);
void s2si_crypto_exchange_free(struct s2si_crypto *crypto, void *exchange);
/* The two steps that cost time. They touch nothing but the handle: a worker thread may run them. */
int s2si_crypto_exchange_public(const struct s2si_crypto *crypto, void *exchange, uint8_t *out, size_t *length);
int s2si_crypto_exchange_shared(const struct s2si_crypto *crypto, void *exchange, const uint8_t *peer,
                                size_t peer_length, uint8_t *out, size_t *length);

#endif
