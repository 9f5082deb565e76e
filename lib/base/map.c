/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/map.h"

#include "lib/base/siphash.h"

#include <s2svpn/error.h>

#include <string.h>

enum state { EMPTY = 0, USED = 1, REMOVED = 2 };

struct s2si_map_slot {
    void *value;
    uint8_t state, key_length;
    uint8_t key[S2SI_MAP_KEY];
};

enum { FIRST_CAPACITY = 16 };

void s2si_map_init(struct s2si_map *map, struct s2si_mem *mem, uint64_t seed0, uint64_t seed1)
{
    *map = (struct s2si_map){.mem = mem, .seed = {seed0, seed1}};
}

void s2si_map_clear(struct s2si_map *map)
{
    s2si_free_secret(map->mem, map->slots, map->capacity * sizeof *map->slots);
    s2si_map_init(map, map->mem, map->seed[0], map->seed[1]);
}

static bool has_key(const struct s2si_map_slot *slot, const void *key, size_t key_length)
{
    return slot->state == USED && slot->key_length == key_length && memcmp(slot->key, key, key_length) == 0;
}

/* Linear probing over a power of two; put keeps at least a quarter of the slots EMPTY, so this ends. */
static struct s2si_map_slot *find(const struct s2si_map *map, const void *key, size_t key_length)
{
    if (map->capacity == 0 || key_length > S2SI_MAP_KEY) {
        return NULL;
    }
    size_t mask = map->capacity - 1;
    for (size_t i = (size_t)s2si_siphash(map->seed, key, key_length) & mask;; i = (i + 1) & mask) {
        struct s2si_map_slot *slot = &map->slots[i];
        if (slot->state == EMPTY) {
            return NULL;
        }
        if (has_key(slot, key, key_length)) {
            return slot;
        }
    }
}

/* The key is known to be absent and there is room. @return true if a slot that was never used got used. */
static bool place(struct s2si_map_slot *slots, size_t capacity, const uint64_t seed[2], const void *key,
                  size_t key_length, void *value)
{
    size_t mask = capacity - 1;
    size_t i = (size_t)s2si_siphash(seed, key, key_length) & mask;
    while (slots[i].state == USED) {
        i = (i + 1) & mask;
    }
    bool fresh = slots[i].state == EMPTY;
    slots[i].state = USED;
    slots[i].key_length = (uint8_t)key_length;
    slots[i].value = value;
    memcpy(slots[i].key, key, key_length);
    return fresh;
}

/* Twice the size if it is full of entries, the same size if it is full of removed ones. */
static int rebuild(struct s2si_map *map)
{
    size_t capacity = map->capacity;
    if (capacity == 0) {
        capacity = FIRST_CAPACITY;
    } else if (map->count >= capacity / 2) {
        capacity *= 2;
    }
    struct s2si_map_slot *slots = s2si_alloc_array(map->mem, capacity, sizeof *slots);
    if (slots == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < map->capacity; i++) {
        const struct s2si_map_slot *old = &map->slots[i];
        if (old->state == USED) {
            place(slots, capacity, map->seed, old->key, old->key_length, old->value);
        }
    }
    s2si_free_secret(map->mem, map->slots, map->capacity * sizeof *slots);
    map->slots = slots;
    map->capacity = capacity;
    map->used = map->count;
    return 0;
}

int s2si_map_put(struct s2si_map *map, const void *key, size_t key_length, void *value)
{
    if (key_length == 0 || key_length > S2SI_MAP_KEY || value == NULL) {
        return S2S_ERR_INVALID;
    }
    if (find(map, key, key_length) != NULL) {
        return S2S_ERR_EXISTS;
    }
    if (map->used + 1 > map->capacity / 4 * 3) {
        int error = rebuild(map);
        if (error != 0) {
            return error;
        }
    }
    map->used += place(map->slots, map->capacity, map->seed, key, key_length, value) ? 1 : 0;
    map->count++;
    return 0;
}

void *s2si_map_get(const struct s2si_map *map, const void *key, size_t key_length)
{
    const struct s2si_map_slot *slot = find(map, key, key_length);
    return slot == NULL ? NULL : slot->value;
}

void *s2si_map_remove(struct s2si_map *map, const void *key, size_t key_length)
{
    struct s2si_map_slot *slot = find(map, key, key_length);
    if (slot == NULL) {
        return NULL;
    }
    void *value = slot->value;
    slot->state = REMOVED;
    slot->value = NULL;
    map->count--;
    return value;
}

void *s2si_map_next(const struct s2si_map *map, size_t *cursor)
{
    while (*cursor < map->capacity) {
        const struct s2si_map_slot *slot = &map->slots[(*cursor)++];
        if (slot->state == USED) {
            return slot->value;
        }
    }
    return NULL;
}
