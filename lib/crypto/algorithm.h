/* SPDX-License-Identifier: Apache-2.0 */
/*
 * algorithm: the one table of algorithms. It is public (s2svpn/algorithm.h), because providers, profiles and programs
 * need the same sizes and words; this header adds what only protocol cores ask.
 */
#ifndef S2SI_ALGORITHM_H
#define S2SI_ALGORITHM_H

#include <s2svpn/algorithm.h>

/* What a PRF transform looks like for an integrity algorithm, and the other way round: those of the same hash.
   S2S_ALG_NONE if there is none. */
enum s2s_algorithm s2si_algorithm_prf_of(enum s2s_algorithm integrity);
enum s2s_algorithm s2si_algorithm_integrity_of(enum s2s_algorithm prf);

/* Bytes of keying material that an encryption algorithm takes: key and salt (RFC 5282 section 7.1); 0 if unknown. */
size_t s2si_algorithm_keymat(enum s2s_algorithm encryption);
/* ICV bytes of the pair: the AEAD's tag, else the integrity algorithm's. */
size_t s2si_algorithm_icv(enum s2s_algorithm encryption, enum s2s_algorithm integrity);
/* Whether an encryption algorithm may stand beside this integrity (NONE exactly with AEAD, RFC 7296 section 3.3.2). */
bool s2si_algorithm_pair(enum s2s_algorithm encryption, enum s2s_algorithm integrity);

#endif
