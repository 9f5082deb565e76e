/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bgp/rib.h"

#include <string.h>

/* ---- slabs */

void s2si_bgp_slab_init(struct s2si_bgp_slab *slab, struct s2si_mem *mem, size_t size)
{
    *slab = (struct s2si_bgp_slab){.mem = mem, .size = size, .next = 1};
}

void s2si_bgp_slab_clear(struct s2si_bgp_slab *slab)
{
    for (uint32_t i = 0; i < slab->chunk_count; i++) {
        s2si_free(slab->mem, slab->chunks[i], slab->size * S2SI_BGP_CHUNK);
    }
    s2si_free(slab->mem, slab->chunks, slab->chunk_room * sizeof *slab->chunks);
    s2si_bgp_slab_init(slab, slab->mem, slab->size);
}

void *s2si_bgp_slab_at(const struct s2si_bgp_slab *slab, uint32_t index)
{
    return slab->chunks[index >> S2SI_BGP_CHUNK_BITS] + (index & (S2SI_BGP_CHUNK - 1)) * slab->size;
}

uint32_t s2si_bgp_slab_limit(const struct s2si_bgp_slab *slab)
{
    return slab->next;
}

static bool add_chunk(struct s2si_bgp_slab *slab)
{
    if (slab->chunk_count == slab->chunk_room) {
        uint32_t room = slab->chunk_room == 0 ? 4 : slab->chunk_room * 2;
        uint8_t **chunks = s2si_resize(slab->mem, slab->chunks, slab->chunk_room * sizeof *chunks, room * sizeof *chunks);
        if (chunks == NULL) {
            return false;
        }
        slab->chunks = chunks;
        slab->chunk_room = room;
    }
    uint8_t *chunk = s2si_alloc_array(slab->mem, S2SI_BGP_CHUNK, slab->size);
    if (chunk == NULL) {
        return false;
    }
    slab->chunks[slab->chunk_count++] = chunk;
    return true;
}

uint32_t s2si_bgp_slab_take(struct s2si_bgp_slab *slab)
{
    uint32_t index = slab->free;
    if (index != 0) {
        void *entry = s2si_bgp_slab_at(slab, index);
        memcpy(&slab->free, entry, sizeof slab->free);
        memset(entry, 0, slab->size);
    } else {
        if (slab->next >> S2SI_BGP_CHUNK_BITS >= slab->chunk_count && !add_chunk(slab)) {
            return 0;
        }
        index = slab->next++;
    }
    slab->used++;
    return index;
}

/* An empty slab gives its memory back: a peer's full table that came and went leaves nothing behind. */
void s2si_bgp_slab_give(struct s2si_bgp_slab *slab, uint32_t index)
{
    void *entry = s2si_bgp_slab_at(slab, index);
    memset(entry, 0, slab->size);
    memcpy(entry, &slab->free, sizeof slab->free);
    slab->free = index;
    if (--slab->used == 0) {
        s2si_bgp_slab_clear(slab);
    }
}

/* ---- marks */

void s2si_bgp_marks_init(struct s2si_bgp_marks *marks, struct s2si_mem *mem)
{
    *marks = (struct s2si_bgp_marks){.mem = mem};
}

void s2si_bgp_marks_clear(struct s2si_bgp_marks *marks)
{
    s2si_free(marks->mem, marks->words, marks->word_count * sizeof *marks->words);
    s2si_bgp_marks_init(marks, marks->mem);
}

bool s2si_bgp_marks_reserve(struct s2si_bgp_marks *marks, uint32_t limit)
{
    uint32_t needed = (limit + 63) / 64;
    if (needed <= marks->word_count) {
        return true;
    }
    needed = (needed + S2SI_BGP_CHUNK / 64 - 1) / (S2SI_BGP_CHUNK / 64) * (S2SI_BGP_CHUNK / 64);
    uint64_t *words = s2si_resize(marks->mem, marks->words, marks->word_count * sizeof *words, needed * sizeof *words);
    if (words == NULL) {
        return false;
    }
    marks->words = words;
    marks->word_count = needed;
    return true;
}

void s2si_bgp_marks_set(struct s2si_bgp_marks *marks, uint32_t index)
{
    uint32_t word = index / 64;
    if (word < marks->word_count && (marks->words[word] >> index % 64 & 1) == 0) {
        marks->words[word] |= UINT64_C(1) << index % 64;
        marks->marked++;
    }
}

bool s2si_bgp_marks_has(const struct s2si_bgp_marks *marks, uint32_t index)
{
    return index / 64 < marks->word_count && (marks->words[index / 64] >> index % 64 & 1) != 0;
}

uint32_t s2si_bgp_marks_take(struct s2si_bgp_marks *marks)
{
    if (marks->marked == 0) {
        return 0;
    }
    uint32_t word = marks->cursor < marks->word_count ? marks->cursor : 0;
    while (marks->words[word] == 0) {
        word = word + 1 < marks->word_count ? word + 1 : 0;
    }
    uint32_t bit = (uint32_t)__builtin_ctzll(marks->words[word]);
    marks->words[word] &= marks->words[word] - 1;
    marks->marked--;
    marks->cursor = word;
    return word * 64 + bit;
}

/* ---- nets */

enum { INDEX_BITS = 24, NET_HEAD = offsetof(struct s2si_bgp_net, address), SMALLEST = 64 };
#define INDEX_MASK ((1u << INDEX_BITS) - 1)
#define REMOVED UINT32_MAX /* a slot whose net is gone; probing goes on behind it */

void s2si_bgp_rib_init(struct s2si_bgp_rib *rib, struct s2si_mem *mem, enum s2si_bgp_family family, uint64_t seed0, uint64_t seed1)
{
    *rib = (struct s2si_bgp_rib){.mem = mem, .family = family, .seed = {seed0, seed1}};
    s2si_bgp_slab_init(&rib->nets, mem, NET_HEAD + s2si_bgp_rib_width(rib));
}

void s2si_bgp_rib_clear(struct s2si_bgp_rib *rib)
{
    s2si_bgp_slab_clear(&rib->nets);
    s2si_free(rib->mem, rib->slots, rib->slot_count * sizeof *rib->slots);
    rib->slots = NULL;
    rib->slot_count = rib->slots_used = 0;
}

size_t s2si_bgp_rib_width(const struct s2si_bgp_rib *rib)
{
    return rib->family == S2SI_BGP_IPV4 ? 4 : 16;
}

struct s2si_bgp_net *s2si_bgp_rib_net(const struct s2si_bgp_rib *rib, uint32_t index)
{
    return s2si_bgp_slab_at(&rib->nets, index);
}

struct s2s_prefix s2si_bgp_net_prefix(const struct s2si_bgp_rib *rib, const struct s2si_bgp_net *net)
{
    struct s2s_prefix prefix = {.addr = s2si_addr_bytes(rib->family == S2SI_BGP_IPV4 ? 4 : 6, net->address), .length = net->length};
    return prefix;
}

static uint32_t hash_prefix(const struct s2si_bgp_rib *rib, const uint8_t *address, uint8_t length)
{
    uint8_t bytes[17];
    size_t width = s2si_bgp_rib_width(rib);
    memcpy(bytes, address, width);
    bytes[width] = length;
    return (uint32_t)s2si_siphash(rib->seed, bytes, width + 1);
}

void s2si_bgp_rib_key(const struct s2si_bgp_rib *rib, const uint8_t *address, uint8_t length, struct s2si_bgp_key *key)
{
    memcpy(key->address, address, s2si_bgp_rib_width(rib));
    key->length = length;
    key->hash = hash_prefix(rib, address, length);
}

void s2si_bgp_rib_prefetch(const struct s2si_bgp_rib *rib, const struct s2si_bgp_key *keys, size_t count)
{
    uint32_t mask = rib->slot_count - 1;
    if (rib->slot_count <= S2SI_BGP_CHUNK) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        __builtin_prefetch(&rib->slots[keys[i].hash & mask]);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t index = rib->slots[keys[i].hash & mask] & INDEX_MASK;
        if (index != 0 && index < s2si_bgp_slab_limit(&rib->nets)) {
            __builtin_prefetch(s2si_bgp_rib_net(rib, index));
        }
    }
}

/* The slot of a prefix, or the empty one where it would go. Linear probing over a table that is at most three quarters full. */
static uint32_t find_slot(const struct s2si_bgp_rib *rib, const struct s2si_bgp_key *key)
{
    uint32_t mask = rib->slot_count - 1, tag = key->hash >> INDEX_BITS;
    uint32_t slot = key->hash & mask;
    for (; rib->slots[slot] != 0; slot = (slot + 1) & mask) {
        if (rib->slots[slot] >> INDEX_BITS != tag || rib->slots[slot] == REMOVED) {
            continue;
        }
        const struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, rib->slots[slot] & INDEX_MASK);
        if (net->length == key->length && memcmp(net->address, key->address, s2si_bgp_rib_width(rib)) == 0) {
            break;
        }
    }
    return slot;
}

uint32_t s2si_bgp_rib_find(const struct s2si_bgp_rib *rib, const struct s2si_bgp_key *key)
{
    return rib->slot_count == 0 ? 0 : rib->slots[find_slot(rib, key)] & INDEX_MASK;
}

/* A new table, twice the size, or as large as before when most places are those of removed nets. Walked in the order of the nets,
   which is the order of their memory. */
static bool renew_slots(struct s2si_bgp_rib *rib)
{
    bool full = rib->nets.used + 1 > rib->slot_count / 2;
    uint32_t count = rib->slot_count == 0 ? SMALLEST : full ? rib->slot_count * 2 : rib->slot_count;
    uint32_t *slots = s2si_alloc_array(rib->mem, count, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (uint32_t index = 1; index < s2si_bgp_slab_limit(&rib->nets); index++) {
        const struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, index);
        if ((net->flags & S2SI_BGP_NET_USED) == 0) {
            continue;
        }
        uint32_t hash = hash_prefix(rib, net->address, net->length), slot = hash & (count - 1);
        while (slots[slot] != 0) {
            slot = (slot + 1) & (count - 1);
        }
        slots[slot] = (hash >> INDEX_BITS) << INDEX_BITS | index;
    }
    s2si_free(rib->mem, rib->slots, rib->slot_count * sizeof *slots);
    rib->slots = slots;
    rib->slot_count = count;
    rib->slots_used = rib->nets.used;
    return true;
}

uint32_t s2si_bgp_rib_get(struct s2si_bgp_rib *rib, const struct s2si_bgp_key *key)
{
    uint32_t found = s2si_bgp_rib_find(rib, key);
    if (found != 0) {
        return found;
    }
    if (rib->slots_used + 1 > rib->slot_count / 4 * 3 && !renew_slots(rib)) {
        return 0;
    }
    /* the last index is left out: with a hash of all ones it would look like REMOVED */
    uint32_t index = s2si_bgp_slab_limit(&rib->nets) >= INDEX_MASK && rib->nets.free == 0 ? 0 : s2si_bgp_slab_take(&rib->nets);
    if (index == 0) {
        return 0;
    }
    struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, index);
    net->length = key->length;
    net->flags = S2SI_BGP_NET_USED;
    memcpy(net->address, key->address, s2si_bgp_rib_width(rib));
    rib->slots[find_slot(rib, key)] = (key->hash >> INDEX_BITS) << INDEX_BITS | index;
    rib->slots_used++;
    return index;
}

void s2si_bgp_rib_remove(struct s2si_bgp_rib *rib, uint32_t index)
{
    const struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, index);
    struct s2si_bgp_key key;
    s2si_bgp_rib_key(rib, net->address, net->length, &key);
    uint32_t slot = find_slot(rib, &key), after = (slot + 1) & (rib->slot_count - 1);
    bool last = rib->slots[after] == 0; /* nothing was ever pushed on beyond it */
    rib->slots[slot] = last ? 0 : REMOVED;
    rib->slots_used -= last ? 1 : 0;
    s2si_bgp_slab_give(&rib->nets, index);
    if (rib->nets.used == 0) {
        s2si_bgp_rib_clear(rib);
    }
}
