/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* Key 00..0f, input 00..(n-1): first values of the authors' table; n = 15 is the example of the paper's appendix A. */
static void reference_values(void **state)
{
    (void)state;
    const uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
    uint8_t input[15];
    for (uint8_t i = 0; i < sizeof input; i++) {
        input[i] = i;
    }
    assert_true(s2si_siphash(key, input, 0) == 0x726fdb47dd0e0e31u);
    assert_true(s2si_siphash(key, input, 1) == 0x74f839c593dc67fdu);
    assert_true(s2si_siphash(key, input, 2) == 0x0d6c8009d9a94f5au);
    assert_true(s2si_siphash(key, input, 8) == 0x93f5f5799a932462u);
    assert_true(s2si_siphash(key, input, 15) == 0xa129ca6149be45e5u);
}

static void key_matters(void **state)
{
    (void)state;
    const uint64_t a[2] = {1, 2}, b[2] = {1, 3};
    assert_true(s2si_siphash(a, "x", 1) != s2si_siphash(b, "x", 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reference_values), cmocka_unit_test(key_matters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
