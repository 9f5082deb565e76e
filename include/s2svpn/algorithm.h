/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file algorithm.h
 * Names of the algorithms. One value stands for an algorithm with its key size, as an operator thinks of it; the
 * table in lib/crypto maps it to the IANA transform type, transform id, key length attribute, key, IV and ICV sizes.
 */
#ifndef S2SVPN_ALGORITHM_H
#define S2SVPN_ALGORITHM_H

#include <s2svpn/api.h>

S2S_EXTERN_C_BEGIN

/** Values are stable: new ones are added at the end of their hundred. */
enum s2s_algorithm {
    S2S_ALG_NONE = 0,
    /* encryption, IKEv2 transform type 1 */
    S2S_AES128_CBC = 101, S2S_AES192_CBC, S2S_AES256_CBC,
    S2S_AES128_GCM16, S2S_AES192_GCM16, S2S_AES256_GCM16,
    S2S_CHACHA20_POLY1305,
    S2S_DES_CBC, S2S_3DES_CBC, /**< legacy builds only */
    S2S_NULL_ENCRYPTION,       /**< RFC 2410; only the deterministic test provider and captures use it */
    /* pseudo-random functions, type 2 */
    S2S_PRF_HMAC_SHA1 = 201, S2S_PRF_HMAC_SHA2_256, S2S_PRF_HMAC_SHA2_384, S2S_PRF_HMAC_SHA2_512,
    S2S_PRF_HMAC_MD5, /**< legacy */
    /* integrity, type 3 */
    S2S_HMAC_SHA1_96 = 301, S2S_HMAC_SHA2_256_128, S2S_HMAC_SHA2_384_192, S2S_HMAC_SHA2_512_256,
    S2S_HMAC_MD5_96, /**< legacy */
    /* key exchange groups, type 4 */
    S2S_MODP768 = 401 /**< group 1, legacy */, S2S_MODP1024 /**< 2 */, S2S_MODP1536 /**< 5 */, S2S_MODP2048 /**< 14 */,
    S2S_MODP3072 /**< 15 */, S2S_MODP4096 /**< 16 */, S2S_MODP6144 /**< 17 */, S2S_MODP8192 /**< 18 */,
    S2S_ECP256 /**< 19 */, S2S_ECP384 /**< 20 */, S2S_ECP521 /**< 21 */, S2S_CURVE25519 /**< 31 */,
    S2S_MODP1024_S160 /**< 22 */, S2S_MODP2048_S224 /**< 23 */, S2S_MODP2048_S256 /**< 24 */,
    /* extended sequence numbers, type 5 */
    S2S_NO_ESN = 501, S2S_ESN,
    /* plain hashes: NAT detection (RFC 7296 section 2.23), signatures later */
    S2S_SHA1 = 601, S2S_SHA2_256, S2S_SHA2_384, S2S_SHA2_512, S2S_MD5
};

/** Keyword of an algorithm as IANA and strongSwan write it ("aes256", "aes256gcm16", "prfsha256", "sha256",
 *  "modp2048", "x25519"), static storage; "unknown" for other values. Cloud words are printed by the profile. */
S2S_API const char *s2s_algorithm_name(enum s2s_algorithm algorithm);

/** What kind an algorithm is: the IKEv2 transform type (RFC 7296 section 3.3.2), or a plain hash, which has none. */
enum s2s_transform_type {
    S2S_TRANSFORM_HASH = 0,
    S2S_TRANSFORM_ENCRYPTION = 1,
    S2S_TRANSFORM_PRF = 2,
    S2S_TRANSFORM_INTEGRITY = 3,
    S2S_TRANSFORM_GROUP = 4,
    S2S_TRANSFORM_ESN = 5
};

/** What is fixed about an algorithm. Lengths are bytes unless the name says bits; 0 where a field has no meaning. */
struct s2s_algorithm_info {
    enum s2s_algorithm algorithm;
    const char *name;             /**< keyword, as s2s_algorithm_name() gives it. */
    enum s2s_transform_type type; /**< also the transform type on the wire. */
    uint16_t transform_id;        /**< IANA "IKEv2 Parameters"; plain hashes: RFC 7427 hash id, 0 for MD5. */
    uint16_t key_bits;            /**< Key Length attribute (RFC 7296 section 3.3.5); 0 = the attribute must be absent. */
    uint16_t key_length;          /**< encryption: key without salt; integrity: key; PRF: preferred key (section 2.13). */
    uint16_t salt_length;         /**< AEAD: taken from the keying material right behind the key. */
    uint16_t iv_length;           /**< what a packet carries. */
    uint16_t icv_length;          /**< AEAD tag, or truncated HMAC. */
    uint16_t block_length;        /**< ciphers: data is padded to a multiple of it; hashes, PRF, integrity: hash block. */
    uint16_t output_length;       /**< hash, PRF, integrity: untruncated output. */
    uint16_t public_length;       /**< groups: public value in a KE payload. */
    uint16_t secret_length;       /**< groups: shared secret (g^ir) as it enters the PRF, leading zeros kept. */
    enum s2s_algorithm hash;      /**< PRF, integrity: the hash below the HMAC. */
    bool aead;                    /**< needs no integrity transform. */
    bool legacy;                  /**< refused unless the library is built with S2S_WITH_LEGACY. */
};

/** The row of an algorithm, static storage; NULL for S2S_ALG_NONE and values outside the enum. */
S2S_API const struct s2s_algorithm_info *s2s_algorithm_info(enum s2s_algorithm algorithm);

/** Rows in the order of the table: index 0, 1, ...; NULL behind the last. */
S2S_API const struct s2s_algorithm_info *s2s_algorithm_at(size_t index);

/**
 * Finds an algorithm of this type by keyword, upper or lower case, with or without '-' and '_' inside: "aes256",
 * "aes256gcm16", "AES256-GCM-16", "sha256", "sha2_256", "SHA2-256", "prfsha256" ("sha256" serves for a PRF too),
 * "modp2048" = "group14" = "14", "x25519" = "curve25519" = "group31", "aes" = "aes128". @return S2S_ALG_NONE if there
 * is none.
 */
S2S_API enum s2s_algorithm s2s_algorithm_find(enum s2s_transform_type type, const char *keyword);

/** Finds what stands in a transform on the wire; key_bits 0 = no Key Length attribute. @return S2S_ALG_NONE if unknown. */
S2S_API enum s2s_algorithm s2s_algorithm_from_wire(enum s2s_transform_type type, uint16_t transform_id, uint16_t key_bits);

S2S_EXTERN_C_END
#endif
