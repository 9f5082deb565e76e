/* SPDX-License-Identifier: Apache-2.0 */
/*
 * as_path: AS_PATH (RFC 4271 sections 4.3 and 5.1.2, RFC 6793). Inside this module a path is always the wire form with
 * four-octet AS numbers; the two-octet form is made and read at the edge.
 *
 *     +------------+-------------+-----------------------+
 *     | type 1 oct | count 1 oct | count AS numbers      |  ...one segment after the other
 *     +------------+-------------+-----------------------+
 */
#ifndef S2SI_BGP_AS_PATH_H
#define S2SI_BGP_AS_PATH_H

#include "lib/bgp/protocol.h"

/* Checks a path of AS numbers of width 2 or 4: segment types 1 and 2 only (no confederations here, RFC 5065 section 5), none
   empty, none running over, no AS 0 (RFC 7607). @return true if well-formed. The empty path is. */
bool s2si_bgp_path_valid(struct s2si_bgp_span path, size_t width);
/* RFC 4271 section 9.1.2.2 a: numbers in sequences, and one for each set. */
unsigned s2si_bgp_path_length(struct s2si_bgp_span path);
/* The AS next to us: the first of the first sequence; 0 if there is none. */
uint32_t s2si_bgp_path_first(struct s2si_bgp_span path);
/* The AS that originated the route: the last number; 0 for an empty path. */
uint32_t s2si_bgp_path_last(struct s2si_bgp_span path);
bool s2si_bgp_path_contains(struct s2si_bgp_span path, uint32_t asn);

/* Makes a four-octet path out of a two-octet one. @return its length, or 0 when it does not fit. */
size_t s2si_bgp_path_widen(struct s2si_bgp_span path, uint8_t *out, size_t capacity);
/* RFC 6793 section 4.2.3: the numbers that AS4_PATH lacks come from the front of AS_PATH; both in four-octet form. @return the
   length of the result in out; AS_PATH alone when AS4_PATH is the longer one; 0 when it does not fit. */
size_t s2si_bgp_path_merge(struct s2si_bgp_span path, struct s2si_bgp_span as4_path, uint8_t *out, size_t capacity);
/* Writes path with asn put count times before it. @return the length, or 0 when it does not fit. */
size_t s2si_bgp_path_prepend(struct s2si_bgp_span path, uint32_t asn, unsigned count, uint8_t *out, size_t capacity);
/* Writes a path in two-octet form, AS_TRANS for what does not fit. @return whether such a number was there. */
bool s2si_bgp_path_write_narrow(struct s2si_bgp_span path, struct s2si_writer *writer);
/* "64512 65000 {1 2}" into out; cut with "..." when it does not fit. */
void s2si_bgp_path_format(struct s2si_bgp_span path, char *out, size_t capacity);

#endif
