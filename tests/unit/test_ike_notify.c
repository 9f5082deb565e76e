/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

static void test_notify_names(void **state)
{
    (void)state;
    assert_string_equal("NO_PROPOSAL_CHOSEN", s2si_notify_name(14));
    assert_string_equal("TEMPORARY_FAILURE", s2si_notify_name(43));
    assert_string_equal("SIGNATURE_HASH_ALGORITHMS", s2si_notify_name(16431));
    assert_string_equal("IKEV2_FRAGMENTATION_SUPPORTED", s2si_notify_name(16430));
    assert_string_equal("CHILDLESS_IKEV2_SUPPORTED", s2si_notify_name(16418));
    assert_string_equal("unknown error", s2si_notify_name(8192));
    assert_string_equal("unknown status", s2si_notify_name(65535));
    assert_true(s2si_notify_known(24));
    assert_false(s2si_notify_known(2));
}

static void test_notify_errors_end_at_16383(void **state)
{
    (void)state;
    assert_false(s2si_notify_is_error(0));
    assert_true(s2si_notify_is_error(1));
    assert_true(s2si_notify_is_error(16383));
    assert_false(s2si_notify_is_error(16384));
    assert_false(s2si_notify_is_error(65535));
}

static void test_numbers_names(void **state)
{
    (void)state;
    assert_string_equal("IKE_SA_INIT", s2si_exchange_name(34));
    assert_string_equal("INFORMATIONAL", s2si_exchange_name(37));
    assert_string_equal("unknown", s2si_exchange_name(240));
    assert_string_equal("SKF", s2si_payload_name(53));
    assert_string_equal("TSr", s2si_payload_name(45));
    assert_string_equal("unknown", s2si_payload_name(200));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notify_names),
        cmocka_unit_test(test_notify_errors_end_at_16383),
        cmocka_unit_test(test_numbers_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
