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

/** Keyword of an algorithm as IANA and strongSwan write it ("aes256", "aes256gcm16", "sha256", "modp2048",
 *  "x25519"), static storage; "unknown" for other values. Cloud words are printed by the profile. */
S2S_API const char *s2s_algorithm_name(enum s2s_algorithm algorithm);

S2S_EXTERN_C_END
#endif
