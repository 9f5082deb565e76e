/* SPDX-License-Identifier: Apache-2.0 */
/* auth: the octets that AUTH covers (RFC 7296 section 2.15): RealMessage | nonce of the other side | prf(SK_p, ID'). */
#ifndef S2SI_IKE_AUTH_H
#define S2SI_IKE_AUTH_H

#include "lib/base/base.h"
#include "lib/crypto/crypto.h"

/* The three spans in order, the last one over mac. Hand them to s2si_kdf_psk_auth with count 3. */
struct s2si_auth_octets {
    struct s2s_span spans[3];
    uint8_t mac[S2S_CRYPTO_MAX_HASH];
};

/* message: the signer's IKE_SA_INIT message as it was on the wire, from the first SPI byte (no non-ESP marker; the one
   with the cookie if there was one); nonce: the other side's nonce data; sk_p: the signer's; id_body: the signer's
   ID payload body (type, reserved, data). Spans are borrowed. Do not move *out afterwards (it points into itself).
   @return 0 or what the provider returned. */
int s2si_auth_octets(struct s2si_crypto *crypto, enum s2s_algorithm prf, struct s2s_span message, struct s2s_span nonce,
                     struct s2s_span sk_p, struct s2s_span id_body, struct s2si_auth_octets *out);

#endif
