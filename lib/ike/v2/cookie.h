/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cookie: the stateless answer under load (RFC 7296 section 2.6).
 *
 *   cookie = generation (1 byte) | prf(secret of that generation, Ni | IPi | port | SPIi)
 *
 * Two generations of the secret live at a time, so that a cookie holds between one and two periods.
 */
#ifndef S2SI_IKE_COOKIE_H
#define S2SI_IKE_COOKIE_H

#include "lib/crypto/crypto.h"
#include "lib/base/base.h"

#define S2SI_COOKIE_LENGTH 33
#define S2SI_COOKIE_MAX 64 /* of a peer's cookie: RFC 7296 section 2.6 allows 1 to 64 bytes */
#define S2SI_COOKIE_PERIOD (60u * (s2s_time)S2S_SECOND)

struct s2si_cookies {
    struct s2si_crypto *crypto;
    s2s_time changed;
    uint8_t generation; /* of secret[generation & 1] */
    bool filled[2];
    uint8_t secret[2][32];
};

/* @return 0 or S2S_ERR_CRYPTO. */
int s2si_cookies_init(struct s2si_cookies *cookies, struct s2si_crypto *crypto, s2s_time now);
void s2si_cookies_clear(struct s2si_cookies *cookies); /* wipes */
/* Changes the secret when its period is over; make and check call it. @return 0 or S2S_ERR_CRYPTO (the old one stays). */
int s2si_cookies_turn(struct s2si_cookies *cookies, s2s_time now);
int s2si_cookie_make(struct s2si_cookies *cookies, s2s_time now, uint64_t spi_i, const struct s2s_endpoint *remote,
                     struct s2s_span nonce, uint8_t out[S2SI_COOKIE_LENGTH]);
/* Constant time in the cookie's bytes. */
bool s2si_cookie_check(struct s2si_cookies *cookies, s2s_time now, uint64_t spi_i, const struct s2s_endpoint *remote,
                       struct s2s_span nonce, struct s2s_span cookie);

#endif
