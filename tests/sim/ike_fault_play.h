/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_fault_play: one row of faults, played: the fault is on for five seconds, in which the honest end shows what it makes of
 * it; then it is gone, and within the honest end's own timers everything must be well again: one IKE_SA, one CHILD_SA, real
 * packets both ways, nothing leaked.
 */
#ifndef TEST_IKE_FAULT_PLAY_H
#define TEST_IKE_FAULT_PLAY_H

#include "tests/sim/ike_fault.h"

struct fault_result {
    bool played; /* the switch found something to change */
    struct fault_verdict seen;
    const char *wrong; /* what is wrong long afterwards, or NULL */
    uint64_t blocks;   /* of memory left at the end */
};

/* response: the faulty message is one; faulty: which end errs (0 made the IKE_SA, but in IKE_SA_INIT and IKE_AUTH). */
struct fault_result fault_play(const struct fault_case *row, bool response, int faulty);

#endif
