/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire: bounds-checked reading and writing of network-order bytes. A reader or writer that once ran over its end is
 * "failed" for good: reads give zero, writes do nothing, so a parser may read a whole structure and check once.
 */
#ifndef S2SI_WIRE_H
#define S2SI_WIRE_H

#include "lib/base/mem.h"

struct s2si_reader {
    const uint8_t *at, *end;
    bool failed;
};

struct s2si_reader s2si_reader(const void *data, size_t length);
size_t s2si_reader_left(const struct s2si_reader *reader);
uint8_t s2si_read_u8(struct s2si_reader *reader);
uint16_t s2si_read_u16(struct s2si_reader *reader);
uint32_t s2si_read_u24(struct s2si_reader *reader);
uint32_t s2si_read_u32(struct s2si_reader *reader);
uint64_t s2si_read_u64(struct s2si_reader *reader);
/* length bytes in place, or NULL (and failed). */
const uint8_t *s2si_read_bytes(struct s2si_reader *reader, size_t length);
bool s2si_read_copy(struct s2si_reader *reader, void *out, size_t length);
/* A reader over the next length bytes; this one moves behind them. The child of a failed read is failed. */
struct s2si_reader s2si_read_part(struct s2si_reader *reader, size_t length);
bool s2si_read_skip(struct s2si_reader *reader, size_t length);

struct s2si_writer {
    uint8_t *data;
    size_t length, capacity;
    bool failed;
};

struct s2si_writer s2si_writer(void *data, size_t capacity);
void s2si_write_u8(struct s2si_writer *writer, uint8_t value);
void s2si_write_u16(struct s2si_writer *writer, uint16_t value);
void s2si_write_u24(struct s2si_writer *writer, uint32_t value);
void s2si_write_u32(struct s2si_writer *writer, uint32_t value);
void s2si_write_u64(struct s2si_writer *writer, uint64_t value);
void s2si_write_bytes(struct s2si_writer *writer, const void *data, size_t length);
void s2si_write_zeros(struct s2si_writer *writer, size_t length);
/* Room to fill in later (a length field): returns its offset. */
size_t s2si_write_hole(struct s2si_writer *writer, size_t length);
void s2si_patch_u8(struct s2si_writer *writer, size_t offset, uint8_t value);
void s2si_patch_u16(struct s2si_writer *writer, size_t offset, uint16_t value);
void s2si_patch_u32(struct s2si_writer *writer, size_t offset, uint32_t value);

/* Loads and stores on bytes whose bounds the caller has checked. */
uint16_t s2si_get_u16(const uint8_t *at);
uint32_t s2si_get_u32(const uint8_t *at);
uint64_t s2si_get_u64(const uint8_t *at);
void s2si_put_u16(uint8_t *at, uint16_t value);
void s2si_put_u32(uint8_t *at, uint32_t value);
void s2si_put_u64(uint8_t *at, uint64_t value);

#endif
