/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bgp_feed: a full table as a peer would send it: 10 prefixes an UPDATE, each UPDATE with attributes of its own. The same
 * octets go into our speaker (bench_bgp.c) and over TCP into another one (bgp_feed_tcp.c).
 */
#ifndef S2SI_BENCH_BGP_FEED_H
#define S2SI_BENCH_BGP_FEED_H

#include <stddef.h>
#include <stdint.h>

enum { BGP_FEED_PER_UPDATE = 10, BGP_FEED_UPDATE = 128 }; /* the second is the room that one UPDATE needs */

/* OPEN of this AS and identifier (four-octet AS, IPv4 unicast), then a KEEPALIVE. */
size_t bgp_feed_open(uint8_t *out, size_t capacity, uint32_t asn, uint32_t identifier);
/* UPDATE number i (prefixes 10 i to 10 i + 9) with this next hop; version changes the attributes. @return its length. */
size_t bgp_feed_update(uint8_t *out, uint32_t i, uint32_t asn, uint32_t next_hop, uint32_t version);
/* The withdrawal of the same prefixes. */
size_t bgp_feed_withdraw(uint8_t *out, uint32_t i);

#endif
