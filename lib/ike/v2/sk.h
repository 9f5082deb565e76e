/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sk: protection of IKEv2 messages: the SK payload (RFC 7296 section 3.14, RFC 5282 for AEAD, RFC 7634) and SKF
 * fragments (RFC 7383 section 2.5).
 *
 *   chain of payloads ─ seal / seal_fragment ──> IKE header | SK header [| fragment no | total] | IV | ciphertext | ICV
 *   message with SK   ─ open ──> inner payloads appended to the message, or one fragment's plaintext for fragment.h
 */
#ifndef S2SI_IKE_SK_H
#define S2SI_IKE_SK_H

#include "lib/crypto/crypto.h"
#include "lib/ike/v2/message.h"

/* One direction of an IKE_SA. */
struct s2si_sk {
    struct s2si_crypto *crypto;
    void *transform;
    bool aead;
    uint8_t iv_length, icv_length, block; /* block 1 with AEAD */
    uint64_t counter; /* AEAD: the next explicit IV; never repeats under one key (RFC 5282 section 3.1) */
};

/* key as s2si_kdf_key makes it; borrowed. @return 0 or what s2si_crypto_transform_new returns. */
int s2si_sk_init(struct s2si_sk *sk, struct s2si_crypto *crypto, const struct s2s_crypto_key *key, bool encrypt);
void s2si_sk_clear(struct s2si_sk *sk);

/* Bytes that a sealed message has for a chain of this length. */
size_t s2si_sk_sealed_length(const struct s2si_sk *sk, size_t chain_length);
/* A whole protected message. header->next_payload and length are set here; first is the chain's first type (0 for an
   empty chain). chain and out must not overlap. @return 0, S2S_ERR_BUFFER, S2S_ERR_CRYPTO (random, counter at its end). */
int s2si_sk_seal(struct s2si_sk *sk, const struct s2si_ike_header *header, uint8_t first, const uint8_t *chain,
                 size_t chain_length, uint8_t *out, size_t capacity, size_t *length);

/* Chain bytes that fit one SKF message of message_size bytes (IP and UDP headers already taken off); 0 = too small. */
size_t s2si_skf_room(const struct s2si_sk *sk, size_t message_size);
/* How many fragments a chain makes; 0 = does not fit 65535 fragments or the size is too small. */
size_t s2si_skf_count(const struct s2si_sk *sk, size_t chain_length, size_t message_size);
/* Fragment number (1..total) of a chain; the first carries the chain's first type, the others 0 (RFC 7383 2.5). */
int s2si_skf_seal(struct s2si_sk *sk, const struct s2si_ike_header *header, uint8_t first, const uint8_t *chain,
                  size_t chain_length, size_t message_size, uint16_t number, uint8_t *out, size_t capacity,
                  size_t *length);

/*
 * Opens the SK payload of a parsed message: verifies, decrypts into scratch (capacity at least message->length; the
 * packet itself is not changed) and appends the inner payloads, which are views into scratch. The message must end
 * with SK and hold no SKF.
 * @return 0; S2S_ERR_AUTH (does not verify: drop in silence); S2S_ERR_MALFORMED before verification with
 * error->notify 0 (drop in silence), after it with a notify (answer it); S2S_ERR_UNSUPPORTED (critical payload inside,
 * verified); S2S_ERR_BUFFER; S2S_ERR_CRYPTO.
 */
int s2si_sk_open(struct s2si_sk *sk, struct s2si_message *message, uint8_t *scratch, size_t capacity,
                 struct s2si_message_error *error);

/* The fragment header of an SKF payload, not verified yet. @return 0 or S2S_ERR_MALFORMED (number 0 or above total,
   first type on a fragment that is not the first or the reverse). */
struct s2si_skf {
    uint16_t number, total;
    uint8_t first; /* type of the first inner payload, in fragment 1 alone */
    struct s2s_span data; /* after s2si_skf_open: the plaintext */
};
int s2si_skf_decode(const struct s2si_message *message, struct s2si_skf *out);
/* Verifies and decrypts one fragment into scratch (at least message->length bytes). @return as s2si_sk_open. */
int s2si_skf_open(struct s2si_sk *sk, const struct s2si_message *message, uint8_t *scratch, size_t capacity,
                  struct s2si_skf *out);

#endif
