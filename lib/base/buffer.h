/* SPDX-License-Identifier: Apache-2.0 */
/* buffer: a growing byte buffer with a limit; a failed append is remembered, so that one check at the end will do. */
#ifndef S2SI_BUFFER_H
#define S2SI_BUFFER_H

#include "lib/base/mem.h"

struct s2si_buffer {
    struct s2si_mem *mem;
    uint8_t *data;
    size_t length, capacity, limit;
    bool failed;
};

void s2si_buffer_init(struct s2si_buffer *buffer, struct s2si_mem *mem, size_t limit);
void s2si_buffer_clear(struct s2si_buffer *buffer); /* frees; the buffer can be used again */
void s2si_buffer_wipe(struct s2si_buffer *buffer);  /* wipes, then frees */
bool s2si_buffer_append(struct s2si_buffer *buffer, const void *data, size_t length);
/* Room for length more bytes at the end (not yet counted), or NULL. */
uint8_t *s2si_buffer_reserve(struct s2si_buffer *buffer, size_t length);
void s2si_buffer_consume(struct s2si_buffer *buffer, size_t length); /* drops from the front */
bool s2si_buffer_printf(struct s2si_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
