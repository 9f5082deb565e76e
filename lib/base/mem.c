/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/mem.h"

#include <s2svpn/error.h>

#include <stdlib.h>
#include <string.h>

static void *libc_alloc(void *user, size_t size)
{
    (void)user;
    return malloc(size);
}

static void *libc_resize(void *user, void *pointer, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    return realloc(pointer, new_size);
}

static void libc_release(void *user, void *pointer, size_t size)
{
    (void)user;
    (void)size;
    free(pointer);
}

static const struct s2s_allocator libc_table = {
    .struct_size = sizeof(struct s2s_allocator),
    .alloc = libc_alloc,
    .resize = libc_resize,
    .release = libc_release,
};

int s2si_mem_init(struct s2si_mem *mem, const struct s2s_allocator *table)
{
    if (table == NULL) {
        table = &libc_table;
    }
    if (table->struct_size < sizeof *table || table->alloc == NULL || table->resize == NULL || table->release == NULL) {
        return S2S_ERR_INVALID;
    }
    *mem = (struct s2si_mem){.table = *table};
    return 0;
}

/* What is asked of the allocator: never zero bytes, whose meaning differs between C libraries. */
static size_t asked(size_t size)
{
    return size == 0 ? 1 : size;
}

static void count_in(struct s2si_mem *mem, size_t size)
{
    mem->bytes += size;
    mem->allocations++;
    if (mem->bytes > mem->peak_bytes) {
        mem->peak_bytes = mem->bytes;
    }
}

void *s2si_alloc(struct s2si_mem *mem, size_t size)
{
    void *pointer = mem->table.alloc(mem->table.user, asked(size));
    if (pointer == NULL) {
        return NULL;
    }
    memset(pointer, 0, asked(size));
    mem->blocks++;
    count_in(mem, asked(size));
    return pointer;
}

void *s2si_alloc_array(struct s2si_mem *mem, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return s2si_alloc(mem, count * size);
}

void *s2si_resize(struct s2si_mem *mem, void *pointer, size_t old_size, size_t new_size)
{
    if (pointer == NULL) {
        return s2si_alloc(mem, new_size);
    }
    uint8_t *moved = mem->table.resize(mem->table.user, pointer, asked(old_size), asked(new_size));
    if (moved == NULL) {
        return NULL;
    }
    if (new_size > old_size) {
        memset(moved + old_size, 0, new_size - old_size);
    }
    mem->bytes -= asked(old_size);
    count_in(mem, asked(new_size));
    return moved;
}

void s2si_free(struct s2si_mem *mem, void *pointer, size_t size)
{
    if (pointer == NULL) {
        return;
    }
    mem->bytes -= asked(size);
    mem->blocks--;
    mem->table.release(mem->table.user, pointer, asked(size));
}

void s2si_free_secret(struct s2si_mem *mem, void *pointer, size_t size)
{
    if (pointer != NULL) {
        s2si_wipe(pointer, size);
        s2si_free(mem, pointer, size);
    }
}

char *s2si_text_copy(struct s2si_mem *mem, const char *text)
{
    if (text == NULL) {
        return NULL;
    }
    size_t size = strlen(text) + 1;
    char *copy = s2si_alloc(mem, size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }
    return copy;
}

void s2si_free_text(struct s2si_mem *mem, char *text)
{
    if (text != NULL) {
        s2si_free(mem, text, strlen(text) + 1);
    }
}

void s2si_wipe(void *pointer, size_t size)
{
#if defined(__GNUC__) || defined(__clang__)
    if (size > 0) {
        memset(pointer, 0, size);
        /* The compiler must assume that this reads the memory, so the stores above stay. */
        __asm__ volatile("" : : "r"(pointer) : "memory");
    }
#else
    volatile uint8_t *at = pointer;
    while (size-- > 0) {
        *at++ = 0;
    }
#endif
}

bool s2si_equal_secret(const void *a, const void *b, size_t length)
{
    const volatile uint8_t *left = a, *right = b;
    uint8_t difference = 0;
    for (size_t i = 0; i < length; i++) {
        difference = (uint8_t)(difference | (left[i] ^ right[i]));
    }
    return difference == 0;
}
