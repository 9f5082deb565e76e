/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SMALLEST = 64 };

void s2si_buffer_init(struct s2si_buffer *buffer, struct s2si_mem *mem, size_t limit)
{
    *buffer = (struct s2si_buffer){.mem = mem, .limit = limit};
}

static void forget(struct s2si_buffer *buffer)
{
    s2si_buffer_init(buffer, buffer->mem, buffer->limit);
}

void s2si_buffer_clear(struct s2si_buffer *buffer)
{
    s2si_free(buffer->mem, buffer->data, buffer->capacity);
    forget(buffer);
}

void s2si_buffer_wipe(struct s2si_buffer *buffer)
{
    s2si_free_secret(buffer->mem, buffer->data, buffer->capacity);
    forget(buffer);
}

/* Doubles up to the limit. Moves by alloc, copy and wipe: realloc would leave a buffer's secrets behind. */
static bool grow(struct s2si_buffer *buffer, size_t needed)
{
    size_t capacity = buffer->capacity < SMALLEST ? SMALLEST : buffer->capacity;
    while (capacity < needed) {
        capacity = capacity > buffer->limit / 2 ? buffer->limit : capacity * 2;
    }
    if (capacity > buffer->limit) {
        capacity = buffer->limit;
    }
    uint8_t *data = s2si_alloc(buffer->mem, capacity);
    if (data == NULL) {
        return false;
    }
    if (buffer->length > 0) {
        memcpy(data, buffer->data, buffer->length);
    }
    s2si_free_secret(buffer->mem, buffer->data, buffer->capacity);
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

uint8_t *s2si_buffer_reserve(struct s2si_buffer *buffer, size_t length)
{
    if (buffer->failed || buffer->length > buffer->limit || length > buffer->limit - buffer->length) {
        buffer->failed = true;
        return NULL;
    }
    bool fits = buffer->data != NULL && length <= buffer->capacity - buffer->length;
    if (!fits && !grow(buffer, buffer->length + length)) {
        buffer->failed = true;
        return NULL;
    }
    return buffer->data + buffer->length;
}

bool s2si_buffer_append(struct s2si_buffer *buffer, const void *data, size_t length)
{
    uint8_t *room = s2si_buffer_reserve(buffer, length);
    if (room == NULL) {
        return false;
    }
    if (length > 0) {
        memcpy(room, data, length);
    }
    buffer->length += length;
    return true;
}

void s2si_buffer_consume(struct s2si_buffer *buffer, size_t length)
{
    if (length > buffer->length) {
        length = buffer->length;
    }
    buffer->length -= length;
    if (buffer->length > 0 && length > 0) {
        memmove(buffer->data, buffer->data + length, buffer->length);
    }
}

bool s2si_buffer_printf(struct s2si_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    /* One byte more than the text, for the NUL that vsnprintf writes and the buffer does not count. */
    uint8_t *room = length < 0 ? NULL : s2si_buffer_reserve(buffer, (size_t)length + 1);
    if (room == NULL) {
        buffer->failed = true;
        return false;
    }
    va_start(arguments, format);
    vsnprintf((char *)room, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
    return true;
}
