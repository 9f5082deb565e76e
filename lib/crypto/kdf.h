/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kdf: key derivation of IKEv2. What goes in is borrowed, what comes out lies in s2si_secret; intermediate values are
 * wiped. On failure the outputs are cleared.
 *
 *   g^ir, Ni, Nr ─prf──> SKEYSEED ─prf+──> SK_d SK_ai SK_ar SK_ei SK_er SK_pi SK_pr       RFC 7296 section 2.14
 *   SK_d, new g^ir, Ni, Nr ─prf──> SKEYSEED of the rekeyed IKE SA                         section 2.18
 *   SK_d, [g^ir], Ni, Nr ─prf+──> keys of a CHILD_SA, both directions                     section 2.17
 *   PSK, signed octets ─prf─prf──> AUTH                                                   section 2.15
 *
 * All functions return 0, S2S_ERR_INVALID (an algorithm of the wrong kind, more than 255 blocks of prf+),
 * S2S_ERR_UNSUPPORTED, S2S_ERR_NO_MEMORY or S2S_ERR_CRYPTO.
 */
#ifndef S2SI_KDF_H
#define S2SI_KDF_H

#include "lib/base/secret.h"
#include "lib/crypto/crypto.h"

/* Encryption and integrity of an IKE SA or a CHILD_SA; integrity is S2S_ALG_NONE with AEAD. */
struct s2si_cipher_suite {
    enum s2s_algorithm encryption, integrity;
};

/* Keys of one IKE SA. SK_e hold the AEAD salt behind the key (RFC 5282 section 7.1); SK_a are empty with AEAD. */
struct s2si_ike_keys {
    struct s2si_secret d, ai, ar, ei, er, pi, pr;
};

/* Keys of a CHILD_SA pair; initiator and responder are those of the exchange that made it. Encryption keys hold the
   salt behind the key (RFC 4106 section 8.1, RFC 7634 section 2). */
struct s2si_child_keys {
    struct s2si_secret initiator_encryption, initiator_integrity, responder_encryption, responder_integrity;
};

/* prf+ (key, seed): fills out with length bytes (RFC 7296 section 2.13); at most 5 spans of seed. */
int s2si_kdf_prf_plus(struct s2si_crypto *crypto, enum s2s_algorithm prf, const uint8_t *key, size_t key_length,
                      const struct s2s_span *seed, size_t count, uint8_t *out, size_t length);

/* SKEYSEED = prf(Ni | Nr, g^ir). */
int s2si_kdf_skeyseed(struct s2si_crypto *crypto, struct s2si_mem *mem, enum s2s_algorithm prf, struct s2s_span ni,
                      struct s2s_span nr, struct s2s_span shared, struct s2si_secret *out);

/* SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr); prf is the one of the *old* IKE SA (RFC 7296 section 2.18). */
int s2si_kdf_skeyseed_rekey(struct s2si_crypto *crypto, struct s2si_mem *mem, enum s2s_algorithm old_prf,
                            const struct s2si_secret *old_d, struct s2s_span shared, struct s2s_span ni,
                            struct s2s_span nr, struct s2si_secret *out);

/* {SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr); SPIs of 8 bytes. */
int s2si_kdf_ike_keys(struct s2si_crypto *crypto, struct s2si_mem *mem, enum s2s_algorithm prf,
                      const struct s2si_cipher_suite *suite, const struct s2si_secret *skeyseed, struct s2s_span ni,
                      struct s2s_span nr, const uint8_t *spi_i, const uint8_t *spi_r, struct s2si_ike_keys *out);

/* KEYMAT = prf+(SK_d, [g^ir (new) |] Ni | Nr), cut up initiator first, encryption before integrity; shared with length
   0 = no PFS. */
int s2si_kdf_child_keys(struct s2si_crypto *crypto, struct s2si_mem *mem, enum s2s_algorithm prf,
                        const struct s2si_cipher_suite *suite, const struct s2si_secret *d, struct s2s_span shared,
                        struct s2s_span ni, struct s2s_span nr, struct s2si_child_keys *out);

/* prf(prf(Shared Secret, "Key Pad for IKEv2"), octets); out has the PRF's output length (S2S_CRYPTO_MAX_HASH will do).
   The octets are RealMessage | Nonce | prf(SK_p, ID'), handed in as spans. */
int s2si_kdf_psk_auth(struct s2si_crypto *crypto, enum s2s_algorithm prf, const struct s2si_secret *psk,
                      const struct s2s_span *octets, size_t count, uint8_t *out);

/* A provider key over derived secrets: encryption holds key and salt, integrity may be empty. Borrows both.
   @return 0 or S2S_ERR_INVALID if lengths do not fit the suite. */
int s2si_kdf_key(const struct s2si_cipher_suite *suite, const struct s2si_secret *encryption,
                 const struct s2si_secret *integrity, struct s2s_crypto_key *out);

void s2si_ike_keys_clear(struct s2si_mem *mem, struct s2si_ike_keys *keys);
void s2si_child_keys_clear(struct s2si_mem *mem, struct s2si_child_keys *keys);

#endif
