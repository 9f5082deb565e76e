/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bgp/as_path.h"

#include <stdio.h>
#include <string.h>

enum { SEGMENT_MAX = 255, WIDE = 4, NARROW = 2 };

struct segment {
    uint8_t type;
    unsigned count;
    struct s2si_reader numbers;
};

/* The next segment of a path that is known to be well-formed, or whose failure the caller reads from the reader. */
static bool next_segment(struct s2si_reader *path, size_t width, struct segment *segment)
{
    if (path->failed || s2si_reader_left(path) == 0) {
        return false;
    }
    segment->type = s2si_read_u8(path);
    segment->count = s2si_read_u8(path);
    segment->numbers = s2si_read_part(path, segment->count * width);
    return !path->failed;
}

static uint32_t read_number(struct s2si_reader *numbers, size_t width)
{
    return width == WIDE ? s2si_read_u32(numbers) : s2si_read_u16(numbers);
}

bool s2si_bgp_path_valid(struct s2si_bgp_span path, size_t width)
{
    struct s2si_reader reader = s2si_reader(path.data, path.length);
    struct segment segment;
    while (next_segment(&reader, width, &segment)) {
        if ((segment.type != S2SI_BGP_AS_SET && segment.type != S2SI_BGP_AS_SEQUENCE) || segment.count == 0) {
            return false;
        }
        for (unsigned i = 0; i < segment.count; i++) {
            if (read_number(&segment.numbers, width) == 0) {
                return false;
            }
        }
    }
    return !reader.failed;
}

unsigned s2si_bgp_path_length(struct s2si_bgp_span path)
{
    struct s2si_reader reader = s2si_reader(path.data, path.length);
    struct segment segment;
    unsigned length = 0;
    while (next_segment(&reader, WIDE, &segment)) {
        length += segment.type == S2SI_BGP_AS_SET ? 1 : segment.count;
    }
    return length;
}

uint32_t s2si_bgp_path_first(struct s2si_bgp_span path)
{
    struct s2si_reader reader = s2si_reader(path.data, path.length);
    struct segment segment;
    if (!next_segment(&reader, WIDE, &segment) || segment.type != S2SI_BGP_AS_SEQUENCE) {
        return 0;
    }
    return s2si_read_u32(&segment.numbers);
}

uint32_t s2si_bgp_path_last(struct s2si_bgp_span path)
{
    return path.length < WIDE + 2 ? 0 : s2si_get_u32(path.data + path.length - WIDE);
}

bool s2si_bgp_path_contains(struct s2si_bgp_span path, uint32_t asn)
{
    struct s2si_reader reader = s2si_reader(path.data, path.length);
    struct segment segment;
    while (next_segment(&reader, WIDE, &segment)) {
        for (unsigned i = 0; i < segment.count; i++) {
            if (s2si_read_u32(&segment.numbers) == asn) {
                return true;
            }
        }
    }
    return false;
}

size_t s2si_bgp_path_widen(struct s2si_bgp_span path, uint8_t *out, size_t capacity)
{
    struct s2si_reader reader = s2si_reader(path.data, path.length);
    struct s2si_writer writer = s2si_writer(out, capacity);
    struct segment segment;
    while (next_segment(&reader, NARROW, &segment)) {
        s2si_write_u8(&writer, segment.type);
        s2si_write_u8(&writer, (uint8_t)segment.count);
        for (unsigned i = 0; i < segment.count; i++) {
            s2si_write_u32(&writer, s2si_read_u16(&segment.numbers));
        }
    }
    return writer.failed ? 0 : writer.length;
}

/* Copies the first count numbers (a set counts as one) of path. */
static void copy_front(struct s2si_bgp_span path, unsigned count, struct s2si_writer *writer)
{
    struct s2si_reader reader = s2si_reader(path.data, path.length);
    struct segment segment;
    while (count > 0 && next_segment(&reader, WIDE, &segment)) {
        bool set = segment.type == S2SI_BGP_AS_SET;
        unsigned take = set || segment.count < count ? segment.count : count;
        s2si_write_u8(writer, segment.type);
        s2si_write_u8(writer, (uint8_t)take);
        s2si_write_bytes(writer, s2si_read_bytes(&segment.numbers, (size_t)take * WIDE), (size_t)take * WIDE);
        count -= set ? 1 : take;
    }
}

size_t s2si_bgp_path_merge(struct s2si_bgp_span path, struct s2si_bgp_span as4_path, uint8_t *out, size_t capacity)
{
    unsigned length = s2si_bgp_path_length(path), as4_length = s2si_bgp_path_length(as4_path);
    struct s2si_writer writer = s2si_writer(out, capacity);
    if (length < as4_length) { /* then AS4_PATH is to be ignored */
        s2si_write_bytes(&writer, path.data, path.length);
    } else {
        copy_front(path, length - as4_length, &writer);
        s2si_write_bytes(&writer, as4_path.data, as4_path.length);
    }
    return writer.failed ? 0 : writer.length;
}

size_t s2si_bgp_path_prepend(struct s2si_bgp_span path, uint32_t asn, unsigned count, uint8_t *out, size_t capacity)
{
    struct s2si_writer writer = s2si_writer(out, capacity);
    struct s2si_reader reader = s2si_reader(path.data, path.length);
    struct segment first = {0};
    bool join = next_segment(&reader, WIDE, &first) && first.type == S2SI_BGP_AS_SEQUENCE && first.count + count <= SEGMENT_MAX;
    s2si_write_u8(&writer, S2SI_BGP_AS_SEQUENCE);
    s2si_write_u8(&writer, (uint8_t)(count + (join ? first.count : 0)));
    for (unsigned i = 0; i < count; i++) {
        s2si_write_u32(&writer, asn);
    }
    size_t skip = join ? 2 : 0; /* the joined segment's own type and count */
    if (path.length > skip) {
        s2si_write_bytes(&writer, path.data + skip, path.length - skip);
    }
    return writer.failed ? 0 : writer.length;
}

bool s2si_bgp_path_write_narrow(struct s2si_bgp_span path, struct s2si_writer *writer)
{
    struct s2si_reader reader = s2si_reader(path.data, path.length);
    struct segment segment;
    bool lost = false;
    while (next_segment(&reader, WIDE, &segment)) {
        s2si_write_u8(writer, segment.type);
        s2si_write_u8(writer, (uint8_t)segment.count);
        for (unsigned i = 0; i < segment.count; i++) {
            uint32_t asn = s2si_read_u32(&segment.numbers);
            lost = lost || asn > UINT16_MAX;
            s2si_write_u16(writer, asn > UINT16_MAX ? S2SI_BGP_AS_TRANS : (uint16_t)asn);
        }
    }
    return lost;
}

void s2si_bgp_path_format(struct s2si_bgp_span path, char *out, size_t capacity)
{
    struct s2si_reader reader = s2si_reader(path.data, path.length);
    struct segment segment;
    size_t used = 0;
    out[0] = '\0';
    while (next_segment(&reader, WIDE, &segment)) {
        bool set = segment.type == S2SI_BGP_AS_SET;
        for (unsigned i = 0; i < segment.count; i++) {
            char word[24];
            int length = snprintf(word, sizeof word, "%s%s%lu%s", used > 0 ? " " : "", set && i == 0 ? "{" : "",
                                  (unsigned long)s2si_read_u32(&segment.numbers), set && i + 1 == segment.count ? "}" : "");
            if (length < 0 || used + (size_t)length + 4 >= capacity) {
                memcpy(out + used, "...", capacity - used < 4 ? 0 : 4);
                return;
            }
            memcpy(out + used, word, (size_t)length + 1);
            used += (size_t)length;
        }
    }
}
