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
    uint32_t bit = 0;
    for (uint64_t value = marks->words[word]; (value & 1) == 0; value >>= 1) {
        bit++;
    }
    marks->words[word] &= marks->words[word] - 1;
    marks->marked--;
    marks->cursor = word;
    return word * 64 + bit;
}

/* ---- nets */

enum { INDEX_BITS = 24, NET_HEAD = offsetof(struct s2si_bgp_net, address), SMALLEST = 64 };
#define INDEX_MASK ((1u << INDEX_BITS) - 1)

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
    rib->slot_count = 0;
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
    uint8_t key[17];
    size_t width = s2si_bgp_rib_width(rib);
    memcpy(key, address, width);
    key[width] = length;
    return (uint32_t)s2si_siphash(rib->seed, key, width + 1);
}

/* The slot of a prefix, or the empty one where it would go. Linear probing over a table that is at most three quarters full. */
static uint32_t find_slot(const struct s2si_bgp_rib *rib, const uint8_t *address, uint8_t length, uint32_t hash)
{
    uint32_t mask = rib->slot_count - 1, tag = hash >> INDEX_BITS;
    uint32_t slot = hash & mask;
    for (; rib->slots[slot] != 0; slot = (slot + 1) & mask) {
        if (rib->slots[slot] >> INDEX_BITS != tag) {
            continue;
        }
        const struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, rib->slots[slot] & INDEX_MASK);
        if (net->length == length && memcmp(net->address, address, s2si_bgp_rib_width(rib)) == 0) {
            break;
        }
    }
    return slot;
}

uint32_t s2si_bgp_rib_find(const struct s2si_bgp_rib *rib, const uint8_t *address, uint8_t length)
{
    if (rib->slot_count == 0) {
        return 0;
    }
    return rib->slots[find_slot(rib, address, length, hash_prefix(rib, address, length))] & INDEX_MASK;
}

static bool grow_slots(struct s2si_bgp_rib *rib)
{
    uint32_t count = rib->slot_count == 0 ? SMALLEST : rib->slot_count * 2;
    uint32_t *slots = s2si_alloc_array(rib->mem, count, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (uint32_t old = 0; old < rib->slot_count; old++) {
        if (rib->slots[old] == 0) {
            continue;
        }
        const struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, rib->slots[old] & INDEX_MASK);
        uint32_t slot = hash_prefix(rib, net->address, net->length) & (count - 1);
        while (slots[slot] != 0) {
            slot = (slot + 1) & (count - 1);
        }
        slots[slot] = rib->slots[old];
    }
    s2si_free(rib->mem, rib->slots, rib->slot_count * sizeof *slots);
    rib->slots = slots;
    rib->slot_count = count;
    return true;
}

uint32_t s2si_bgp_rib_get(struct s2si_bgp_rib *rib, const uint8_t *address, uint8_t length)
{
    if (rib->slot_count == 0 && !grow_slots(rib)) {
        return 0;
    }
    uint32_t hash = hash_prefix(rib, address, length);
    uint32_t slot = find_slot(rib, address, length, hash);
    if (rib->slots[slot] != 0) {
        return rib->slots[slot] & INDEX_MASK;
    }
    if (rib->nets.used + 1 > rib->slot_count / 4 * 3) {
        if (!grow_slots(rib)) {
            return 0;
        }
        slot = find_slot(rib, address, length, hash);
    }
    uint32_t index = s2si_bgp_slab_limit(&rib->nets) > INDEX_MASK && rib->nets.free == 0 ? 0 : s2si_bgp_slab_take(&rib->nets);
    if (index == 0) {
        return 0;
    }
    struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, index);
    net->length = length;
    net->flags = S2SI_BGP_NET_USED;
    memcpy(net->address, address, s2si_bgp_rib_width(rib));
    rib->slots[slot] = (hash >> INDEX_BITS) << INDEX_BITS | index;
    return index;
}

/* Moves later entries of the run back, so that no gap cuts a probe short. */
static void close_gap(struct s2si_bgp_rib *rib, uint32_t gap)
{
    uint32_t mask = rib->slot_count - 1;
    rib->slots[gap] = 0;
    for (uint32_t slot = (gap + 1) & mask; rib->slots[slot] != 0; slot = (slot + 1) & mask) {
        const struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, rib->slots[slot] & INDEX_MASK);
        uint32_t home = hash_prefix(rib, net->address, net->length) & mask;
        if (((slot - home) & mask) >= ((slot - gap) & mask)) {
            rib->slots[gap] = rib->slots[slot];
            rib->slots[slot] = 0;
            gap = slot;
        }
    }
}

void s2si_bgp_rib_remove(struct s2si_bgp_rib *rib, uint32_t index)
{
    const struct s2si_bgp_net *net = s2si_bgp_rib_net(rib, index);
    uint32_t slot = find_slot(rib, net->address, net->length, hash_prefix(rib, net->address, net->length));
    close_gap(rib, slot);
    s2si_bgp_slab_give(&rib->nets, index);
    if (rib->nets.used == 0) {
        s2si_bgp_rib_clear(rib);
    }
}
