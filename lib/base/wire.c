/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/wire.h"

#include <string.h>

/* ---- bytes whose bounds are known ---- */

uint16_t s2si_get_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t s2si_get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint64_t s2si_get_u64(const uint8_t *at)
{
    return (uint64_t)s2si_get_u32(at) << 32 | s2si_get_u32(at + 4);
}

void s2si_put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

void s2si_put_u32(uint8_t *at, uint32_t value)
{
    s2si_put_u16(at, (uint16_t)(value >> 16));
    s2si_put_u16(at + 2, (uint16_t)value);
}

void s2si_put_u64(uint8_t *at, uint64_t value)
{
    s2si_put_u32(at, (uint32_t)(value >> 32));
    s2si_put_u32(at + 4, (uint32_t)value);
}

/* ---- reader ---- */

struct s2si_reader s2si_reader(const void *data, size_t length)
{
    const uint8_t *at = data;
    return (struct s2si_reader){.at = at, .end = length == 0 ? at : at + length};
}

size_t s2si_reader_left(const struct s2si_reader *reader)
{
    return reader->failed || reader->at == NULL ? 0 : (size_t)(reader->end - reader->at);
}

const uint8_t *s2si_read_bytes(struct s2si_reader *reader, size_t length)
{
    static const uint8_t nothing[1];
    if (reader->failed || length > s2si_reader_left(reader)) {
        reader->failed = true;
        return NULL;
    }
    if (reader->at == NULL) {
        return nothing; /* no bytes of no memory: not a failure */
    }
    const uint8_t *bytes = reader->at;
    reader->at += length;
    return bytes;
}

uint8_t s2si_read_u8(struct s2si_reader *reader)
{
    const uint8_t *at = s2si_read_bytes(reader, 1);
    return at == NULL ? 0 : at[0];
}

uint16_t s2si_read_u16(struct s2si_reader *reader)
{
    const uint8_t *at = s2si_read_bytes(reader, 2);
    return at == NULL ? 0 : s2si_get_u16(at);
}

uint32_t s2si_read_u24(struct s2si_reader *reader)
{
    const uint8_t *at = s2si_read_bytes(reader, 3);
    return at == NULL ? 0 : (uint32_t)at[0] << 16 | s2si_get_u16(at + 1);
}

uint32_t s2si_read_u32(struct s2si_reader *reader)
{
    const uint8_t *at = s2si_read_bytes(reader, 4);
    return at == NULL ? 0 : s2si_get_u32(at);
}

uint64_t s2si_read_u64(struct s2si_reader *reader)
{
    const uint8_t *at = s2si_read_bytes(reader, 8);
    return at == NULL ? 0 : s2si_get_u64(at);
}

bool s2si_read_copy(struct s2si_reader *reader, void *out, size_t length)
{
    const uint8_t *at = s2si_read_bytes(reader, length);
    if (at == NULL) {
        return false;
    }
    if (length > 0) {
        memcpy(out, at, length);
    }
    return true;
}

struct s2si_reader s2si_read_part(struct s2si_reader *reader, size_t length)
{
    const uint8_t *at = s2si_read_bytes(reader, length);
    if (at == NULL) {
        return (struct s2si_reader){.failed = true};
    }
    return s2si_reader(at, length);
}

bool s2si_read_skip(struct s2si_reader *reader, size_t length)
{
    return s2si_read_bytes(reader, length) != NULL;
}

/* ---- writer ---- */

struct s2si_writer s2si_writer(void *data, size_t capacity)
{
    return (struct s2si_writer){.data = data, .capacity = capacity};
}

/* Room for length bytes, counted as written, or NULL (and failed). */
static uint8_t *claim(struct s2si_writer *writer, size_t length)
{
    if (writer->failed || length > writer->capacity - writer->length) {
        writer->failed = true;
        return NULL;
    }
    if (length == 0) {
        return NULL;
    }
    uint8_t *at = writer->data + writer->length;
    writer->length += length;
    return at;
}

void s2si_write_u8(struct s2si_writer *writer, uint8_t value)
{
    uint8_t *at = claim(writer, 1);
    if (at != NULL) {
        at[0] = value;
    }
}

void s2si_write_u16(struct s2si_writer *writer, uint16_t value)
{
    uint8_t *at = claim(writer, 2);
    if (at != NULL) {
        s2si_put_u16(at, value);
    }
}

void s2si_write_u24(struct s2si_writer *writer, uint32_t value)
{
    uint8_t *at = claim(writer, 3);
    if (at != NULL) {
        at[0] = (uint8_t)(value >> 16);
        s2si_put_u16(at + 1, (uint16_t)value);
    }
}

void s2si_write_u32(struct s2si_writer *writer, uint32_t value)
{
    uint8_t *at = claim(writer, 4);
    if (at != NULL) {
        s2si_put_u32(at, value);
    }
}

void s2si_write_u64(struct s2si_writer *writer, uint64_t value)
{
    uint8_t *at = claim(writer, 8);
    if (at != NULL) {
        s2si_put_u64(at, value);
    }
}

void s2si_write_bytes(struct s2si_writer *writer, const void *data, size_t length)
{
    uint8_t *at = claim(writer, length);
    if (at != NULL) {
        memcpy(at, data, length);
    }
}

void s2si_write_zeros(struct s2si_writer *writer, size_t length)
{
    uint8_t *at = claim(writer, length);
    if (at != NULL) {
        memset(at, 0, length);
    }
}

size_t s2si_write_hole(struct s2si_writer *writer, size_t length)
{
    size_t offset = writer->length;
    s2si_write_zeros(writer, length);
    return offset;
}

/* Where bytes that are written already can be changed, or NULL (and failed). */
static uint8_t *written(struct s2si_writer *writer, size_t offset, size_t length)
{
    if (writer->failed || offset > writer->length || length > writer->length - offset) {
        writer->failed = true;
        return NULL;
    }
    return writer->data + offset;
}

void s2si_patch_u8(struct s2si_writer *writer, size_t offset, uint8_t value)
{
    uint8_t *at = written(writer, offset, 1);
    if (at != NULL) {
        at[0] = value;
    }
}

void s2si_patch_u16(struct s2si_writer *writer, size_t offset, uint16_t value)
{
    uint8_t *at = written(writer, offset, 2);
    if (at != NULL) {
        s2si_put_u16(at, value);
    }
}

void s2si_patch_u32(struct s2si_writer *writer, size_t offset, uint32_t value)
{
    uint8_t *at = written(writer, offset, 4);
    if (at != NULL) {
        s2si_put_u32(at, value);
    }
}
