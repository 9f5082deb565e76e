/* SPDX-License-Identifier: Apache-2.0 */
/* map: open-addressing hash map from a byte-string key to a pointer. Keys are short and copied into the map's own
   storage; the hash is SipHash-2-4, seeded from the random source, so that a peer cannot choose colliding keys. */
#ifndef S2SI_MAP_H
#define S2SI_MAP_H

#include "lib/base/mem.h"

#define S2SI_MAP_KEY 24

struct s2si_map_slot;
struct s2si_map {
    struct s2si_mem *mem;
    struct s2si_map_slot *slots;
    size_t count, used, capacity;
    uint64_t seed[2];
};

void s2si_map_init(struct s2si_map *map, struct s2si_mem *mem, uint64_t seed0, uint64_t seed1);
void s2si_map_clear(struct s2si_map *map);
/* Key of 1 to S2SI_MAP_KEY bytes, value not NULL. @return 0, S2S_ERR_EXISTS, S2S_ERR_NO_MEMORY, S2S_ERR_INVALID. */
int s2si_map_put(struct s2si_map *map, const void *key, size_t key_length, void *value);
void *s2si_map_get(const struct s2si_map *map, const void *key, size_t key_length); /* NULL if absent */
void *s2si_map_remove(struct s2si_map *map, const void *key, size_t key_length);    /* the value, or NULL */
/* Iteration: start with *cursor = 0; NULL at the end. Removing the entry just returned is allowed. */
void *s2si_map_next(const struct s2si_map *map, size_t *cursor);

#endif
