/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/v2/cookie.h"

#include <string.h>

enum { MAC_LENGTH = S2SI_COOKIE_LENGTH - 1 };

static int fill(struct s2si_cookies *cookies, uint8_t generation)
{
    uint8_t fresh[sizeof(cookies->secret[0])];
    int result = s2si_crypto_random(cookies->crypto, fresh, sizeof(fresh));
    if (result == 0) {
        memcpy(cookies->secret[generation & 1], fresh, sizeof(fresh));
        cookies->filled[generation & 1] = true;
        cookies->generation = generation;
    }
    s2si_wipe(fresh, sizeof(fresh));
    return result;
}

int s2si_cookies_init(struct s2si_cookies *cookies, struct s2si_crypto *crypto, s2s_time now)
{
    *cookies = (struct s2si_cookies){.crypto = crypto, .changed = now};
    return fill(cookies, 0);
}

void s2si_cookies_clear(struct s2si_cookies *cookies)
{
    s2si_wipe(cookies, sizeof(*cookies));
}

int s2si_cookies_turn(struct s2si_cookies *cookies, s2s_time now)
{
    if (now < cookies->changed || now - cookies->changed < S2SI_COOKIE_PERIOD) {
        return 0;
    }
    /* After a long quiet time even the generation before the new one is too old. */
    bool stale = now - cookies->changed >= 2 * S2SI_COOKIE_PERIOD;
    uint8_t old = cookies->generation;
    int result = fill(cookies, (uint8_t)(old + 1));
    if (result != 0) {
        return result;
    }
    cookies->changed = now;
    if (stale) {
        s2si_wipe(cookies->secret[old & 1], sizeof(cookies->secret[0]));
        cookies->filled[old & 1] = false;
    }
    return 0;
}

static int mac(const struct s2si_cookies *cookies, uint8_t generation, uint64_t spi_i,
               const struct s2s_endpoint *remote, struct s2s_span nonce, uint8_t out[S2S_CRYPTO_MAX_HASH])
{
    uint8_t fixed[1 + 16 + 2 + 8];
    struct s2si_writer writer = s2si_writer(fixed, sizeof(fixed));
    s2si_write_u8(&writer, remote->addr.family);
    s2si_write_bytes(&writer, remote->addr.bytes, 16);
    s2si_write_u16(&writer, remote->port);
    s2si_write_u64(&writer, spi_i);
    struct s2s_span spans[2] = {{.data = fixed, .length = writer.length}, nonce};
    return s2si_crypto_prf(cookies->crypto, S2S_PRF_HMAC_SHA2_256, cookies->secret[generation & 1],
                           sizeof(cookies->secret[0]), spans, 2, out);
}

int s2si_cookie_make(struct s2si_cookies *cookies, s2s_time now, uint64_t spi_i, const struct s2s_endpoint *remote,
                     struct s2s_span nonce, uint8_t out[S2SI_COOKIE_LENGTH])
{
    uint8_t hash[S2S_CRYPTO_MAX_HASH];
    s2si_cookies_turn(cookies, now);
    int result = mac(cookies, cookies->generation, spi_i, remote, nonce, hash);
    out[0] = cookies->generation;
    memcpy(out + 1, hash, MAC_LENGTH);
    return result;
}

bool s2si_cookie_check(struct s2si_cookies *cookies, s2s_time now, uint64_t spi_i, const struct s2s_endpoint *remote,
                       struct s2s_span nonce, struct s2s_span cookie)
{
    uint8_t hash[S2S_CRYPTO_MAX_HASH];
    s2si_cookies_turn(cookies, now);
    if (cookie.length != S2SI_COOKIE_LENGTH) {
        return false;
    }
    uint8_t age = (uint8_t)(cookies->generation - cookie.data[0]);
    if (age > 1 || !cookies->filled[cookie.data[0] & 1]) {
        return false;
    }
    return mac(cookies, cookie.data[0], spi_i, remote, nonce, hash) == 0 &&
           s2si_equal_secret(hash, cookie.data + 1, MAC_LENGTH);
}
