/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exchange cases of other IKEv2 implementations' suites and trackers, by their names, as stories (ike_script.h)
 * with the paragraph of RFC 7296 that decides them.
 */
#ifndef S2SI_TEST_IKE_CASES_H
#define S2SI_TEST_IKE_CASES_H

#include "tests/sim/ike_script.h"

struct ike_case {
    const char *suite, *name;
    const char *script; /* NULL = waits for what is not built: then note says for what */
    bool lossless;      /* traffic flows both ways after each word */
    uint8_t most;       /* CHILD_SAs in the end */
    uint8_t setup;      /* enum ike_setup */
    char survives;      /* 'n': the exchange without the lowest nonce, 'a', 'b': that end's, 0: not looked at */
    const char *rule;   /* of RFC 7296 unless another one is named */
    const char *note;   /* what is played where the name alone does not tell, or where this library differs */
};

extern const struct ike_case ike_cases[];
extern const size_t ike_case_count;

#endif
