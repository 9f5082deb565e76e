/* SPDX-License-Identifier: Apache-2.0 */
/* mem: allocator calls, wiping and comparing. Every allocation of the core passes here. */
#ifndef S2SI_MEM_H
#define S2SI_MEM_H

#include <s2svpn/types.h>

/* An allocator that is always complete: made from the caller's table or from the C library's malloc. */
struct s2si_mem {
    struct s2s_allocator table;
    uint64_t bytes, blocks; /* in use now */
    uint64_t peak_bytes;
    uint64_t allocations; /* since start; benches and limits read it */
};

/* @return 0 or S2S_ERR_INVALID (a table without all three functions). */
int s2si_mem_init(struct s2si_mem *mem, const struct s2s_allocator *table);
/* Zeroed memory, or NULL. */
void *s2si_alloc(struct s2si_mem *mem, size_t size);
/* count * size with overflow check, zeroed, or NULL. */
void *s2si_alloc_array(struct s2si_mem *mem, size_t count, size_t size);
/* Like realloc; new bytes are zero; the old block stays valid when NULL is returned. */
void *s2si_resize(struct s2si_mem *mem, void *pointer, size_t old_size, size_t new_size);
void s2si_free(struct s2si_mem *mem, void *pointer, size_t size);
/* Wipes, then frees: for everything that held a key. */
void s2si_free_secret(struct s2si_mem *mem, void *pointer, size_t size);
/* A copy of text (NULL stays NULL), free with s2si_free_text. */
char *s2si_text_copy(struct s2si_mem *mem, const char *text);
void s2si_free_text(struct s2si_mem *mem, char *text);

/* Overwrites in a way that the compiler cannot drop. */
void s2si_wipe(void *pointer, size_t size);
/* True if equal; time depends on length alone. */
bool s2si_equal_secret(const void *a, const void *b, size_t length);

#define S2SI_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define S2SI_CONTAINER(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
