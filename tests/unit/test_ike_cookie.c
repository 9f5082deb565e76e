/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

#include "lib/ike/v2/cookie.h"

static const struct s2s_span NONCE = {(const uint8_t *)"0123456789abcdef", 16};
static const struct s2s_endpoint REMOTE = {{4, {192, 0, 2, 1}}, 500};

static bool check(struct s2si_cookies *cookies, s2s_time now, const uint8_t *cookie)
{
    return s2si_cookie_check(cookies, now, IKE_SPI_I, &REMOTE, NONCE,
                             (struct s2s_span){cookie, S2SI_COOKIE_LENGTH});
}

static void test_binds_everything(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_cookies cookies, others;
    uint8_t cookie[S2SI_COOKIE_LENGTH];
    struct s2s_endpoint address = REMOTE, port = REMOTE;
    struct s2s_span whole = {cookie, sizeof(cookie)}, nonce = {(const uint8_t *)"0123456789abcdeF", 16};
    address.addr.bytes[3] = 2;
    port.port = 501;
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    assert_int_equal(0, s2si_cookies_init(&cookies, &keys.crypto, 0));
    assert_int_equal(0, s2si_cookies_init(&others, &keys.crypto, 0));
    assert_int_equal(0, s2si_cookie_make(&cookies, 0, IKE_SPI_I, &REMOTE, NONCE, cookie));
    assert_true(check(&cookies, 0, cookie));
    assert_false(s2si_cookie_check(&cookies, 0, IKE_SPI_I + 1, &REMOTE, NONCE, whole));
    assert_false(s2si_cookie_check(&cookies, 0, IKE_SPI_I, &address, NONCE, whole));
    assert_false(s2si_cookie_check(&cookies, 0, IKE_SPI_I, &port, NONCE, whole));
    assert_false(s2si_cookie_check(&cookies, 0, IKE_SPI_I, &REMOTE, nonce, whole));
    assert_false(check(&others, 0, cookie));
    for (size_t i = 0; i < sizeof(cookie); i++) { /* ikev2-ddos-cookie-02-mangle */
        cookie[i] ^= 1;
        assert_false(check(&cookies, 0, cookie));
        cookie[i] ^= 1;
    }
    for (size_t length = 0; length < S2SI_COOKIE_LENGTH; length++) {
        whole.length = length;
        assert_false(s2si_cookie_check(&cookies, 0, IKE_SPI_I, &REMOTE, NONCE, whole));
    }
    s2si_cookies_clear(&cookies);
    s2si_cookies_clear(&others);
    ike_keys_close(&keys);
}

/* Good for one to two periods, at the change of the secret too; then never again. */
static void test_two_generations(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_cookies cookies;
    uint8_t cookie[S2SI_COOKIE_LENGTH];
    const s2s_time period = S2SI_COOKIE_PERIOD;
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    assert_int_equal(0, s2si_cookies_init(&cookies, &keys.crypto, 0));
    assert_int_equal(0, s2si_cookie_make(&cookies, 10, IKE_SPI_I, &REMOTE, NONCE, cookie));
    assert_true(check(&cookies, period - 1, cookie));
    assert_true(check(&cookies, period, cookie));
    assert_true(check(&cookies, 2 * period - 1, cookie));
    assert_false(check(&cookies, 2 * period, cookie));
    assert_false(check(&cookies, 3 * period, cookie));
    for (s2s_time now = 3 * period; now < 600 * period; now += period) {
        assert_false(check(&cookies, now, cookie)); /* also when the generation number comes round */
    }
    ike_keys_close(&keys);
}

static void test_long_silence_forgets_both(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_cookies cookies;
    uint8_t cookie[S2SI_COOKIE_LENGTH];
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    assert_int_equal(0, s2si_cookies_init(&cookies, &keys.crypto, 0));
    assert_int_equal(0, s2si_cookie_make(&cookies, 0, IKE_SPI_I, &REMOTE, NONCE, cookie));
    assert_false(check(&cookies, 2 * S2SI_COOKIE_PERIOD, cookie));
    ike_keys_close(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_binds_everything),
        cmocka_unit_test(test_two_generations),
        cmocka_unit_test(test_long_silence_forgets_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
