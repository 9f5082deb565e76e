/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

#include "lib/crypto/kdf.h"
#include "lib/ike/v2/auth.h"

/* prf(prf("secret", "Key Pad for IKEv2"), "message" | "nonce" | prf("sk_p", 01000000 c0000201)), computed with another
   implementation of HMAC-SHA-256. */
static const uint8_t EXPECTED[32] = {0xb0, 0x44, 0xba, 0xbd, 0x1e, 0x4d, 0x88, 0xfe, 0xb9, 0x73, 0xd3, 0x0d,
                                    0xda, 0x79, 0x5a, 0x5d, 0x7a, 0x71, 0x00, 0x7d, 0xe0, 0x47, 0x87, 0x44,
                                    0x16, 0xe2, 0x2c, 0xeb, 0xdf, 0x14, 0x5f, 0x04};

static struct s2s_span text(const char *bytes)
{
    return (struct s2s_span){(const uint8_t *)bytes, strlen(bytes)};
}

static void test_psk_auth_over_octets(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_auth_octets octets;
    struct s2si_secret psk = {0};
    struct s2si_identity id;
    uint8_t body[4 + S2SI_ID_LENGTH], auth[S2S_CRYPTO_MAX_HASH];
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    assert_int_equal(0, s2si_identity_parse("192.0.2.1", &id));
    size_t length = s2si_id_body(&id, body);
    assert_int_equal(0, s2si_auth_octets(&keys.crypto, S2S_PRF_HMAC_SHA2_256, text("message"), text("nonce"),
                                         text("sk_p"), (struct s2s_span){body, length}, &octets));
    assert_int_equal(32, octets.spans[2].length);
    assert_int_equal(0, s2si_secret_set(&keys.mem, &psk, "secret", 6));
    assert_int_equal(0, s2si_kdf_psk_auth(&keys.crypto, S2S_PRF_HMAC_SHA2_256, &psk, octets.spans, 3, auth));
    assert_memory_equal(EXPECTED, auth, sizeof(EXPECTED));
    s2si_secret_clear(&keys.mem, &psk);
    ike_keys_close(&keys);
}

static void test_not_a_prf(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_auth_octets octets;
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    assert_int_equal(S2S_ERR_INVALID, s2si_auth_octets(&keys.crypto, S2S_HMAC_SHA1_96, text("m"), text("n"), text("k"),
                                                       text("i"), &octets));
    ike_keys_close(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_psk_auth_over_octets),
        cmocka_unit_test(test_not_a_prf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
