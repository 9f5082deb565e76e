/* SPDX-License-Identifier: Apache-2.0 */
/* crypto_spy: a crypto provider over another one that counts what is asked of it, and refuses a call when told. One at a
   time in a process. */
#ifndef TEST_CRYPTO_SPY_H
#define TEST_CRYPTO_SPY_H

#include <s2svpn/crypto.h>

enum spy_call {
    SPY_RANDOM,
    SPY_HASH,
    SPY_PRF,
    SPY_TRANSFORM_NEW,
    SPY_SEAL,
    SPY_OPEN,
    SPY_EXCHANGE_NEW,
    SPY_EXCHANGE_PUBLIC,
    SPY_EXCHANGE_SHARED,
    SPY_CALLS
};

struct crypto_spy {
    const struct s2s_crypto_provider *under;
    unsigned calls[SPY_CALLS];
    uint64_t bytes[SPY_CALLS]; /* hashed, sealed, opened */
    enum spy_call fails;       /* this one ... */
    unsigned fails_at;         /* ... at its so-manieth call, 0 = never */
    enum s2s_algorithm lacks;  /* supports() says no to it; 0 = to none */
    /* Sees each private value and shared secret that passes; NULL = nobody. */
    void (*secret)(void *user, const uint8_t *data, size_t length);
    void *user;
};

/* The spy's table; counts go to *spy, which must outlive its use. */
const struct s2s_crypto_provider *crypto_spy_table(struct crypto_spy *spy, const struct s2s_crypto_provider *under);
void crypto_spy_reset(struct crypto_spy *spy);

#endif
