/* SPDX-License-Identifier: Apache-2.0 */
/* siphash: SipHash-2-4 (Aumasson, Bernstein 2012), a short-input hash keyed with 128 bits, so that a peer who chooses
   the input cannot choose collisions. Not a substitute for a MAC of RFC strength. */
#ifndef S2SI_SIPHASH_H
#define S2SI_SIPHASH_H

#include "lib/base/mem.h"

/* key: two little-endian words k0, k1 of the paper. */
uint64_t s2si_siphash(const uint64_t key[2], const void *data, size_t length);

#endif
