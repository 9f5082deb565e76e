/* SPDX-License-Identifier: Apache-2.0 */
/* Two whole gateways over a bad link: the same seed gives the same bytes on the wire, another seed gives others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/gateway_pair.h"

static uint8_t *wire_of(uint64_t seed, enum s2s_sim_mode mode, size_t *length)
{
    struct pair *pair = calloc(1, sizeof *pair);
    struct pair_params params;
    struct s2s_sim_link_params link;
    s2s_sim_capture *capture;
    assert_non_null(pair);
    pair_params_init(&params);
    params.tunnels = 2;
    params.seed = seed;
    params.mode = mode;
    pair_setup(pair, &params);
    assert_int_equal(s2s_sim_capture_start(pair->outer_a[0], 0, &capture), 0);
    s2s_sim_link_params_init(&link, sizeof link);
    link.loss_ppm = 100000;
    link.duplicate_ppm = 50000;
    link.reorder_ppm = 50000;
    link.jitter = 10 * (s2s_time)S2S_MILLISECOND;
    assert_int_equal(s2s_sim_link_set(pair->outer_a[0], S2S_SIM_BOTH, &link), 0);
    assert_true(pair_until_up(pair, 1, 120000));
    pair_ping(pair, 100);
    pair_run(pair, 60000);
    assert_int_equal(s2s_sim_capture_missed(capture), 0);
    const uint8_t *data = s2s_sim_capture_data(capture, length);
    uint8_t *copy = malloc(*length);
    assert_non_null(copy);
    memcpy(copy, data, *length);
    pair_teardown(pair);
    free(pair);
    return copy;
}

static void same_seed_same_wire(void **state)
{
    (void)state;
    for (int mode = S2S_SIM_RAW; mode <= S2S_SIM_ESP; mode++) {
        size_t one_length, two_length, other_length;
        uint8_t *one = wire_of(3, (enum s2s_sim_mode)mode, &one_length);
        uint8_t *two = wire_of(3, (enum s2s_sim_mode)mode, &two_length);
        uint8_t *other = wire_of(4, (enum s2s_sim_mode)mode, &other_length);
        assert_int_equal(one_length, two_length);
        assert_memory_equal(one, two, one_length);
        assert_true(one_length != other_length || memcmp(one, other, one_length) != 0);
        free(one);
        free(two);
        free(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_seed_same_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
