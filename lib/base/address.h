/* SPDX-License-Identifier: Apache-2.0 */
/* address: comparing and combining addresses, prefixes, endpoints and traffic selectors. Reading and writing them as
   text are public functions (s2svpn/types.h) in address_text.c. */
#ifndef S2SI_ADDRESS_H
#define S2SI_ADDRESS_H

#include "lib/base/mem.h"

struct s2s_addr s2si_addr4(uint32_t host_order);
struct s2s_addr s2si_addr_bytes(int family, const uint8_t *bytes); /* family 4 or 6 */
size_t s2si_addr_length(const struct s2s_addr *addr);              /* 0, 4 or 16 */
int s2si_addr_compare(const struct s2s_addr *a, const struct s2s_addr *b);
bool s2si_addr_equal(const struct s2s_addr *a, const struct s2s_addr *b);
bool s2si_addr_is_any(const struct s2s_addr *addr); /* family 0, or all bits zero */
bool s2si_endpoint_equal(const struct s2s_endpoint *a, const struct s2s_endpoint *b);

bool s2si_prefix_equal(const struct s2s_prefix *a, const struct s2s_prefix *b);
bool s2si_prefix_contains(const struct s2s_prefix *outer, const struct s2s_prefix *inner);
bool s2si_prefix_has(const struct s2s_prefix *prefix, const struct s2s_addr *addr);
bool s2si_prefix_overlap(const struct s2s_prefix *a, const struct s2s_prefix *b);
void s2si_prefix_mask(struct s2s_prefix *prefix);                                  /* clears host bits */
struct s2s_addr s2si_prefix_host(const struct s2s_prefix *prefix, uint32_t index); /* network address + index */
struct s2s_addr s2si_prefix_last(const struct s2s_prefix *prefix);

bool s2si_selector_equal(const struct s2s_selector *a, const struct s2s_selector *b);
bool s2si_selector_contains(const struct s2s_selector *outer, const struct s2s_selector *inner);
/* The common part. @return false if there is none. */
bool s2si_selector_intersect(const struct s2s_selector *a, const struct s2s_selector *b, struct s2s_selector *out);
/* Whether a packet with this address, protocol and port falls into the selector; has_port false = no ports are
   readable (fragments, unknown protocols): only selectors for any port then match. */
bool s2si_selector_has(const struct s2s_selector *selector, const struct s2s_addr *addr, uint8_t protocol,
                       bool has_port, uint16_t port);
/* The prefix if the selector is exactly one with any protocol and port. */
bool s2si_selector_to_prefix(const struct s2s_selector *selector, struct s2s_prefix *out);

#endif
