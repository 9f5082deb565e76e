/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/v2/ts.h"

enum { TS_IPV4_ADDR_RANGE = 7, TS_IPV6_ADDR_RANGE = 8 };

static void skip(struct s2si_ts_list *list)
{
    if (list->skipped != UINT8_MAX) {
        list->skipped++;
    }
}

/* 65535..0 is OPAQUE (RFC 7296 section 3.13.1); any other range that ends before it starts holds nothing. */
static bool range_empty(const struct s2s_selector *selector)
{
    bool opaque = selector->start_port == 65535 && selector->end_port == 0;
    return s2si_addr_compare(&selector->start, &selector->end) > 0 ||
           (selector->start_port > selector->end_port && !opaque);
}

/*
 *                       1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |   TS Type     |IP Protocol ID*|       Selector Length         |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |           Start Port*         |           End Port*           |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   ~                         Starting Address*                     ~
 *   ~                         Ending Address*                       ~
 *                     RFC 7296 section 3.13.1, figure 20
 */
static bool selector_read(struct s2si_reader *reader, struct s2si_ts_list *out)
{
    uint8_t type = s2si_read_u8(reader);
    uint8_t protocol = s2si_read_u8(reader);
    uint16_t length = s2si_read_u16(reader);
    if (reader->failed || length < 4) {
        return false;
    }
    struct s2si_reader part = s2si_read_part(reader, length - 4u);
    if (part.failed) {
        return false;
    }
    if (type != TS_IPV4_ADDR_RANGE && type != TS_IPV6_ADDR_RANGE) {
        skip(out);
        return true;
    }
    struct s2s_selector selector = {.protocol = protocol};
    int family = type == TS_IPV4_ADDR_RANGE ? 4 : 6;
    size_t size = family == 4 ? 4 : 16;
    selector.start_port = s2si_read_u16(&part);
    selector.end_port = s2si_read_u16(&part);
    const uint8_t *start = s2si_read_bytes(&part, size);
    const uint8_t *end = s2si_read_bytes(&part, size);
    if (part.failed || s2si_reader_left(&part) != 0) {
        return false;
    }
    selector.start = s2si_addr_bytes(family, start);
    selector.end = s2si_addr_bytes(family, end);
    if (range_empty(&selector) || out->count == S2SI_TS_MAX) {
        skip(out);
    } else {
        out->items[out->count++] = selector;
    }
    return true;
}

/* Number of TSs (1) | RESERVED (3) | selectors; section 3.13, figure 19. */
int s2si_ts_decode(const struct s2si_payload *payload, struct s2si_ts_list *out)
{
    struct s2si_reader reader = s2si_reader(payload->data, payload->length);
    uint8_t number = s2si_read_u8(&reader);
    s2si_read_skip(&reader, 3);
    out->count = out->skipped = 0;
    if (reader.failed || number == 0) {
        return S2S_ERR_MALFORMED;
    }
    for (unsigned i = 0; i < number; i++) {
        if (!selector_read(&reader, out)) {
            return S2S_ERR_MALFORMED;
        }
    }
    return s2si_reader_left(&reader) == 0 ? 0 : S2S_ERR_MALFORMED;
}

static void selector_write(struct s2si_writer *writer, const struct s2s_selector *selector)
{
    size_t size = s2si_addr_length(&selector->start);
    s2si_write_u8(writer, size == 4 ? TS_IPV4_ADDR_RANGE : TS_IPV6_ADDR_RANGE);
    s2si_write_u8(writer, selector->protocol);
    s2si_write_u16(writer, (uint16_t)(8 + 2 * size));
    s2si_write_u16(writer, selector->start_port);
    s2si_write_u16(writer, selector->end_port);
    s2si_write_bytes(writer, selector->start.bytes, size);
    s2si_write_bytes(writer, selector->end.bytes, size);
}

void s2si_ts_encode(struct s2si_message_writer *writer, uint8_t type, const struct s2s_selector *selectors, size_t count)
{
    s2si_payload_begin(writer, type);
    s2si_write_u8(&writer->bytes, (uint8_t)count);
    s2si_write_zeros(&writer->bytes, 3);
    for (size_t i = 0; i < count; i++) {
        selector_write(&writer->bytes, &selectors[i]);
    }
    s2si_payload_end(writer);
}

static bool covered(const struct s2s_selector *by, size_t count, const struct s2s_selector *selector)
{
    for (size_t i = 0; i < count; i++) {
        if (s2si_selector_contains(&by[i], selector)) {
            return true;
        }
    }
    return false;
}

/* Adds a result unless an earlier one holds it. It takes the place of the first earlier one that it holds, the others of
   these go, so that what stands first keeps its rank. */
static size_t add_part(struct s2s_selector *out, size_t count, const struct s2s_selector *part)
{
    size_t left = 0;
    bool placed = false;
    if (covered(out, count, part)) {
        return count;
    }
    for (size_t i = 0; i < count; i++) {
        if (!s2si_selector_contains(part, &out[i])) {
            out[left++] = out[i];
        } else if (!placed) {
            out[left++] = *part;
            placed = true;
        }
    }
    if (!placed && left < S2SI_TS_MAX) {
        out[left++] = *part;
    }
    return left;
}

/* Section 2.9: the first selector of several may be the packet that asked for the SA: a single address. */
static bool names_packet(const struct s2si_ts_list *theirs)
{
    return theirs->count > 1 && s2si_addr_equal(&theirs->items[0].start, &theirs->items[0].end);
}

/* The range that answers the packet: what of the peer's wider selectors holds it and lies within ours. */
static size_t packet_part(const struct s2s_selector *ours, size_t our_count, const struct s2si_ts_list *theirs,
                          struct s2s_selector *out)
{
    const struct s2s_selector *packet = &theirs->items[0];
    struct s2s_selector part;
    for (size_t i = 1; i < theirs->count; i++) {
        for (size_t j = 0; j < our_count; j++) {
            if (s2si_selector_intersect(&theirs->items[i], &ours[j], &part) && s2si_selector_contains(&part, packet)) {
                *out = part;
                return 1;
            }
        }
    }
    return 0;
}

size_t s2si_ts_narrow(const struct s2s_selector *ours, size_t our_count, const struct s2si_ts_list *theirs,
                      struct s2s_selector *out, bool *narrowed)
{
    size_t count = names_packet(theirs) ? packet_part(ours, our_count, theirs, out) : 0;
    for (size_t i = 0; i < theirs->count; i++) {
        for (size_t j = 0; j < our_count; j++) {
            struct s2s_selector part;
            if (s2si_selector_intersect(&theirs->items[i], &ours[j], &part)) {
                count = add_part(out, count, &part);
            }
        }
    }
    if (narrowed != NULL) {
        *narrowed = theirs->skipped != 0;
        for (size_t i = 0; i < theirs->count && !*narrowed; i++) {
            *narrowed = !covered(out, count, &theirs->items[i]);
        }
    }
    return count;
}

bool s2si_ts_within(const struct s2s_selector *ours, size_t our_count, const struct s2si_ts_list *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (!covered(ours, our_count, &answer->items[i])) {
            return false;
        }
    }
    return answer->count != 0 && answer->skipped == 0;
}

bool s2si_ts_equal(const struct s2s_selector *a, size_t a_count, const struct s2s_selector *b, size_t b_count)
{
    for (size_t i = 0; i < a_count; i++) {
        if (!covered(b, b_count, &a[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < b_count; i++) {
        if (!covered(a, a_count, &b[i])) {
            return false;
        }
    }
    return a_count != 0 && b_count != 0;
}
