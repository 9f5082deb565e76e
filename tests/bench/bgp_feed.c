/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/bgp_feed.h"

#include "lib/bgp/message.h"

#include <string.h>

size_t bgp_feed_open(uint8_t *out, size_t capacity, uint32_t asn, uint32_t identifier)
{
    struct s2si_writer writer = s2si_writer(out, capacity);
    struct s2si_bgp_open open = {
        .version = S2SI_BGP_VERSION, .asn = asn, .hold_time = 240, .identifier = identifier,
        .capabilities = {.families = 1u << S2SI_BGP_IPV4, .route_refresh = true, .four_octet = true, .asn = asn},
    };
    s2si_bgp_open_encode(&open, &writer);
    s2si_bgp_keepalive_encode(&writer);
    return writer.length;
}

/* Prefix n of the table: /24s from 1.0.0.0 on, in an order that is neither sorted nor random. */
static void write_prefix(struct s2si_writer *writer, uint32_t n)
{
    uint32_t scrambled = (uint32_t)((uint64_t)n * 7919u % 1048573u); /* a permutation of 0 .. 1048572, a prime number of them */
    s2si_write_u8(writer, 24);
    s2si_write_u24(writer, (1u << 16) + scrambled);
}

size_t bgp_feed_update(uint8_t *out, uint32_t i, uint32_t asn, uint32_t next_hop, uint32_t version)
{
    struct s2si_writer writer = s2si_writer(out, BGP_FEED_UPDATE);
    size_t begin = s2si_bgp_message_begin(&writer, S2SI_BGP_UPDATE);
    s2si_write_u16(&writer, 0);
    size_t hole = s2si_write_hole(&writer, 2);
    s2si_write_u32(&writer, 0x40010100);                   /* ORIGIN IGP */
    s2si_write_u24(&writer, 0x400200 + 2 + 4 * 4);          /* AS_PATH, four numbers */
    s2si_write_u16(&writer, 2 << 8 | 4);
    s2si_write_u32(&writer, asn);
    s2si_write_u32(&writer, 3000 + i % 997);
    s2si_write_u32(&writer, 100000 + i % 65521);
    s2si_write_u32(&writer, 200000 + i + version);
    s2si_write_u24(&writer, 0x400304);                     /* NEXT_HOP */
    s2si_write_u32(&writer, next_hop);
    s2si_patch_u16(&writer, hole, (uint16_t)(writer.length - hole - 2));
    for (uint32_t n = 0; n < BGP_FEED_PER_UPDATE; n++) {
        write_prefix(&writer, i * BGP_FEED_PER_UPDATE + n);
    }
    s2si_bgp_message_finish(&writer, begin);
    return writer.length;
}

size_t bgp_feed_withdraw(uint8_t *out, uint32_t i)
{
    struct s2si_writer writer = s2si_writer(out, BGP_FEED_UPDATE);
    size_t begin = s2si_bgp_message_begin(&writer, S2SI_BGP_UPDATE);
    s2si_write_u16(&writer, BGP_FEED_PER_UPDATE * 4);
    for (uint32_t n = 0; n < BGP_FEED_PER_UPDATE; n++) {
        write_prefix(&writer, i * BGP_FEED_PER_UPDATE + n);
    }
    s2si_write_u16(&writer, 0);
    s2si_bgp_message_finish(&writer, begin);
    return writer.length;
}
