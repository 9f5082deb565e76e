/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/failing_allocator.h"

#include <stdlib.h>
#include <string.h>

enum { MARK = 16 }; /* room for the size, and alignment */

static bool refused(struct failing_allocator *allocator)
{
    allocator->requests++;
    return allocator->requests == allocator->fail_at;
}

static void *allocate(void *user, size_t size)
{
    struct failing_allocator *allocator = user;
    if (refused(allocator)) {
        return NULL;
    }
    uint8_t *block = malloc(size + MARK);
    assert_non_null(block);
    memcpy(block, &size, sizeof size);
    memset(block + MARK, 0xa5, size);
    allocator->blocks++;
    return block + MARK;
}

static void release(void *user, void *pointer, size_t size)
{
    struct failing_allocator *allocator = user;
    uint8_t *block = (uint8_t *)pointer - MARK;
    size_t asked;
    memcpy(&asked, block, sizeof asked);
    assert_int_equal(asked, size);
    for (size_t i = 0; allocator->check_wiped && i < size; i++) {
        assert_int_equal(block[MARK + i], 0);
    }
    allocator->blocks--;
    free(block);
}

/* Always moves, so that a kept pointer to the old place shows. */
static void *resize(void *user, void *pointer, size_t old_size, size_t new_size)
{
    void *moved = allocate(user, new_size);
    if (moved != NULL) {
        memcpy(moved, pointer, old_size < new_size ? old_size : new_size);
        release(user, pointer, old_size);
    }
    return moved;
}

void failing_allocator_init(struct failing_allocator *allocator)
{
    *allocator = (struct failing_allocator){.table = {.struct_size = sizeof allocator->table,
                                                      .user = allocator,
                                                      .alloc = allocate,
                                                      .resize = resize,
                                                      .release = release}};
}

void each_allocation_fails(bool (*body)(struct s2si_mem *mem, void *user), void *user)
{
    for (size_t fail_at = 1; fail_at < 10000; fail_at++) {
        struct failing_allocator allocator;
        struct s2si_mem mem;
        failing_allocator_init(&allocator);
        allocator.fail_at = fail_at;
        assert_int_equal(s2si_mem_init(&mem, &allocator.table), 0);
        bool well = body(&mem, user);
        assert_int_equal(allocator.blocks, 0);
        assert_int_equal(mem.bytes, 0);
        assert_int_equal(mem.blocks, 0);
        if (allocator.requests < fail_at) {
            assert_true(well);
            assert_true(fail_at > 1);
            return;
        }
        assert_false(well);
    }
    fail_msg("no end of allocations");
}
