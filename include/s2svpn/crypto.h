/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file crypto.h
 * The crypto seam: one table of functions per provider. The core sees algorithms by value and keys by opaque handle.
 * Every function is a leaf: it must not call back into the library. Handles made by one provider context may be used
 * by one thread at a time; different handles may be used at the same time (a key exchange runs on a worker thread
 * while packets are encrypted).
 */
#ifndef S2SVPN_CRYPTO_H
#define S2SVPN_CRYPTO_H

#include <s2svpn/algorithm.h>
#include <s2svpn/types.h>

S2S_EXTERN_C_BEGIN

/** Largest values over all algorithms, so that callers need no allocation. */
#define S2S_CRYPTO_MAX_KEY 64     /**< encryption or integrity key without salt */
#define S2S_CRYPTO_MAX_SALT 4     /**< RFC 4106, RFC 7634 */
#define S2S_CRYPTO_MAX_IV 16
#define S2S_CRYPTO_MAX_ICV 32
#define S2S_CRYPTO_MAX_HASH 64    /**< PRF or hash output */
#define S2S_CRYPTO_MAX_PUBLIC 1024 /**< MODP-8192 */

/** A piece of input; hashes and PRFs take a list of these, so nothing has to be joined first. */
struct s2s_span {
    const uint8_t *data;
    size_t length;
};

/**
 * One seal or open operation of a transform. data is worked on in place. What is authenticated, in this order:
 *   AEAD:            aad as associated data; nonce = salt | iv (RFC 4106 section 3.1, RFC 7634 section 2)
 *   CBC + HMAC:      aad | iv | data | tail   (RFC 4303 section 3.3.2.2: tail holds the high half of an ESN)
 * The transform pads nothing: data has a length that the cipher accepts.
 */
struct s2s_crypto_op {
    uint8_t *data;
    size_t length;
    const uint8_t *iv;   /**< iv_length bytes of the algorithm (8 for AEAD, 16 for AES-CBC). */
    const uint8_t *aad;  /**< may be NULL with aad_length 0. */
    size_t aad_length;
    const uint8_t *tail; /**< CBC + HMAC only; with AEAD the caller puts the ESN into aad. */
    size_t tail_length;
    uint8_t *icv;        /**< icv_length bytes: written by seal, compared in constant time by open. */
    int result;          /**< 0, or S2S_ERR_AUTH from open (data is then undefined and must not be used),
                              or S2S_ERR_INVALID for a length that the cipher cannot take. */
};

/** Keys of one direction of an SA. Borrowed for the call. */
struct s2s_crypto_key {
    enum s2s_algorithm encryption; /**< type 1 value. */
    enum s2s_algorithm integrity;  /**< type 3 value; S2S_ALG_NONE with AEAD. */
    const uint8_t *encryption_key; /**< key bytes, salt not included. */
    const uint8_t *salt;           /**< AEAD: S2S_CRYPTO_MAX_SALT bytes; else NULL. */
    const uint8_t *integrity_key;  /**< key of the hash's output length; NULL with AEAD. */
};

/**
 * A provider. "context" is what open returned. Functions that return int give 0 or a negative enum s2s_error.
 */
struct s2s_crypto_provider {
    size_t struct_size;
    const char *name; /**< "mbedtls", "test". */

    /** Makes a context: seeds its random source. @return context, or NULL when that is impossible. */
    void *(*open)(const struct s2s_allocator *allocator);
    /** Frees the context after all handles are freed. */
    void (*close)(void *context);
    /** Whether the linked library can do this algorithm at run time. */
    bool (*supports)(void *context, enum s2s_algorithm algorithm);
    /** Fills out with random bytes fit for keys. @return 0 or S2S_ERR_CRYPTO. */
    int (*random)(void *context, uint8_t *out, size_t length);

    /** Hash of the spans in order; out has the hash's output length. @return 0, S2S_ERR_UNSUPPORTED, S2S_ERR_CRYPTO. */
    int (*hash)(void *context, enum s2s_algorithm hash, const struct s2s_span *in, size_t count, uint8_t *out);
    /** HMAC PRF (RFC 7296 section 2.13) over the spans; keys of any length. @return as hash. */
    int (*prf)(void *context, enum s2s_algorithm prf, const uint8_t *key, size_t key_length, const struct s2s_span *in,
               size_t count, uint8_t *out);

    /** Makes a transform for one direction. @return 0, S2S_ERR_UNSUPPORTED, S2S_ERR_NO_MEMORY, S2S_ERR_CRYPTO. */
    int (*transform_new)(void *context, const struct s2s_crypto_key *key, bool encrypt, void **transform);
    /** Wipes and frees; NULL is allowed. */
    void (*transform_free)(void *context, void *transform);
    /** Encrypts and authenticates count operations; each op's result is set. Allocates nothing. */
    void (*seal)(void *context, void *transform, struct s2s_crypto_op *ops, size_t count);
    /** Verifies, then decrypts count operations; each op's result is set. Allocates nothing. */
    void (*open_ops)(void *context, void *transform, struct s2s_crypto_op *ops, size_t count);

    /** Starts a key exchange: draws the private value. @return 0, S2S_ERR_UNSUPPORTED, S2S_ERR_NO_MEMORY, S2S_ERR_CRYPTO. */
    int (*exchange_new)(void *context, enum s2s_algorithm group, void **exchange);
    /** Computes the public value in the wire form of the group's RFC (3526, 5903, 8031), out has S2S_CRYPTO_MAX_PUBLIC
     *  bytes, *length is set. May run on any one thread. @return 0 or S2S_ERR_CRYPTO. */
    int (*exchange_public)(void *context, void *exchange, uint8_t *out, size_t *length);
    /** Computes the shared secret (wire form of the RFC, leading zeros kept; out has S2S_CRYPTO_MAX_PUBLIC bytes).
     *  Refuses what RFC 6989 and RFC 8031 section 5 refuse: wrong length, values outside 2..p-2, points off the curve,
     *  all-zero secrets. May run on any one thread. @return 0, S2S_ERR_MALFORMED (peer's value refused), S2S_ERR_CRYPTO. */
    int (*exchange_shared)(void *context, void *exchange, const uint8_t *peer, size_t peer_length, uint8_t *out,
                           size_t *length);
    /** Wipes and frees; NULL is allowed. */
    void (*exchange_free)(void *context, void *exchange);

    /** Like exchange_new with a given private value instead of a drawn one, for known-answer tests alone; may be NULL.
     *  private_value is big-endian (MODP, ECP) or the 32 bytes of RFC 7748 section 5 (x25519).
     *  @return as exchange_new, and S2S_ERR_INVALID for a value outside the group's range. */
    int (*exchange_import)(void *context, enum s2s_algorithm group, const uint8_t *private_value, size_t length,
                           void **exchange);
};

/** The mbedTLS provider (2.28 to 3.x); complete for what the linked mbedTLS has. Static storage. */
S2S_API const struct s2s_crypto_provider *s2s_crypto_mbedtls(void);

/**
 * The deterministic provider for tests and simulation: same interface, random numbers from a seed, cheap and
 * **worthless as protection** (XOR streams, non-cryptographic MACs), so that simulated years cost seconds.
 * open() starts from seed 1, see s2s_crypto_test_reseed(). Static storage.
 */
S2S_API const struct s2s_crypto_provider *s2s_crypto_test(void);
/** Restarts the test provider's random stream of this context. @return 0 or S2S_ERR_INVALID. */
S2S_API int s2s_crypto_test_reseed(void *context, uint64_t seed);

S2S_EXTERN_C_END
#endif
