/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allocator that counts, refuses the n-th request, checks that sizes on release are those asked for, and sees that
 * freed secrets were wiped. With it a test runs a piece of code with each of its allocations failing in turn.
 */
#ifndef S2SI_TEST_FAILING_ALLOCATOR_H
#define S2SI_TEST_FAILING_ALLOCATOR_H

#include "lib/base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct failing_allocator {
    struct s2s_allocator table; /* to hand in */
    size_t requests;            /* since start */
    size_t fail_at;             /* this request (from 1) returns NULL; 0 = none */
    size_t blocks;              /* not yet released */
    bool check_wiped;           /* every released block must be all zero */
};

void failing_allocator_init(struct failing_allocator *allocator);

/* Calls body(mem, user) with request 1, 2, ... refused until a run makes no further request than those allowed. body
   returns true if everything went well; it must have given back all memory either way. */
void each_allocation_fails(bool (*body)(struct s2si_mem *mem, void *user), void *user);

#endif
