/* SPDX-License-Identifier: Apache-2.0 */
#include <s2svpn/api.h>
#include <s2svpn/error.h>
#include <s2svpn/packet.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void every_code_has_its_text(void **state)
{
    (void)state;
    for (int a = 0; a >= S2S_ERR_CANCELED; a--) {
        assert_string_not_equal(s2s_strerror(a), "unknown error");
        for (int b = 0; b > a; b--) {
            assert_string_not_equal(s2s_strerror(a), s2s_strerror(b));
        }
    }
    assert_string_equal(s2s_strerror(1), "unknown error");
    assert_string_equal(s2s_strerror(S2S_ERR_CANCELED - 1), "unknown error");
    assert_string_equal(s2s_strerror(INT32_MIN), "unknown error");
    assert_string_equal(s2s_strerror(INT32_MAX), "unknown error");
}

static void every_drop_reason_has_its_name(void **state)
{
    (void)state;
    for (int a = 0; a < S2S_DROP_REASONS; a++) {
        assert_string_not_equal(s2s_drop_reason_name(a), "unknown");
    }
    assert_string_equal(s2s_drop_reason_name(S2S_DROP_REPLAY), "replay");
    assert_string_equal(s2s_drop_reason_name(-1), "unknown");
    assert_string_equal(s2s_drop_reason_name(S2S_DROP_REASONS), "unknown");
}

static void version(void **state)
{
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", S2S_VERSION_MAJOR, S2S_VERSION_MINOR, S2S_VERSION_PATCH);
    assert_string_equal(s2s_version()->text, text);
    assert_int_equal(s2s_version()->minor, S2S_VERSION_MINOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_code_has_its_text),
                                       cmocka_unit_test(every_drop_reason_has_its_name), cmocka_unit_test(version)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
