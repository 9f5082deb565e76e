/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/esp/suite.h"

#include "tests/unit/esp_pair.h"

/* The MTU and MSS that AWS prints for a customer gateway device, outer MTU 1500 ("Your customer gateway device" of the
   Site-to-Site VPN user guide); MSS is MTU less 40 for IPv4. */
static void table_of_aws(void **state)
{
    (void)state;
    static const struct {
        enum s2s_algorithm encryption, integrity;
        size_t raw, udp;
    } rows[] = {
        {S2S_AES128_GCM16, S2S_ALG_NONE, 1446, 1438},        {S2S_AES256_GCM16, S2S_ALG_NONE, 1446, 1438},
        {S2S_AES128_CBC, S2S_HMAC_SHA1_96, 1438, 1422},      {S2S_AES256_CBC, S2S_HMAC_SHA2_256_128, 1438, 1422},
        {S2S_AES256_CBC, S2S_HMAC_SHA2_384_192, 1422, 1422}, {S2S_AES256_CBC, S2S_HMAC_SHA2_512_256, 1422, 1406},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        assert_int_equal(s2s_esp_mtu(rows[i].encryption, rows[i].integrity, S2S_ESP_RAW, 4, 1500), rows[i].raw);
        assert_int_equal(s2s_esp_mtu(rows[i].encryption, rows[i].integrity, S2S_ESP_UDP, 4, 1500), rows[i].udp);
    }
}

/* The MTU is the largest inner size that fits, for every outer MTU. */
static void mtu_is_exact(void **state)
{
    (void)state;
    for (size_t s = 0; s < suite_count; s++) {
        enum s2s_algorithm e = all_suites[s].encryption, i = all_suites[s].integrity;
        for (size_t outer = 0; outer < 1600; outer++) {
            int family = outer % 2 == 0 ? 4 : 6;
            enum s2s_esp_encapsulation encapsulation = outer % 3 == 0 ? S2S_ESP_UDP : S2S_ESP_RAW;
            size_t mtu = s2s_esp_mtu(e, i, encapsulation, family, outer);
            if (mtu > 0) {
                assert_true(mtu + s2s_esp_overhead(e, i, encapsulation, family, mtu) <= outer);
            }
            assert_true(mtu + 1 + s2s_esp_overhead(e, i, encapsulation, family, mtu + 1) > outer);
        }
    }
}

static void impossible_pairs(void **state)
{
    (void)state;
    assert_int_equal(s2s_esp_mtu(S2S_AES128_GCM16, S2S_HMAC_SHA1_96, S2S_ESP_RAW, 4, 1500), 0);
    assert_int_equal(s2s_esp_overhead(S2S_AES128_CBC, S2S_ALG_NONE, S2S_ESP_RAW, 4, 100), 0);
    assert_int_equal(s2s_esp_overhead(S2S_ALG_NONE, S2S_ALG_NONE, S2S_ESP_RAW, 4, 100), 0);
}

/* What is promised is what comes out. */
static void sealed_sizes(struct esp_pair *pair)
{
    for (size_t size = 28; size < 120; size++) {
        struct s2s_packet packet = inner4(pair, size);
        assert_int_equal(s2s_esp_seal(pair->a, &packet, 1, 1), 1);
        assert_int_equal(packet.length + 20,
                         size + s2s_esp_overhead(pair->out.encryption, pair->out.integrity, S2S_ESP_RAW, 4, size));
        packet_free(&packet);
    }
}

static void overhead_is_what_seal_adds(void **state)
{
    (void)state;
    each_pair(sealed_sizes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table_of_aws), cmocka_unit_test(mtu_is_exact),
                                       cmocka_unit_test(impossible_pairs),
                                       cmocka_unit_test(overhead_is_what_seal_adds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
