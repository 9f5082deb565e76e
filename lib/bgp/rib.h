/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rib: the memory of routes. A net is a prefix; a path is one way to it, learned from one session (or originated here). Both
 * live in slabs of equal entries that never move and are named by 32-bit indices; a hash table finds a net by its prefix.
 *
 *     prefix --hash--> net --paths--> path --next--> path ...        16 octets a path, 12 (IPv4) or 24 (IPv6) a net,
 *                       |              |                             4 to 8 of hash table a net
 *                       index          attrs id (attr_table.c)
 *
 * Index order is the order of iteration: a cursor is an index and stays valid while routes come and go.
 */
#ifndef S2SI_BGP_RIB_H
#define S2SI_BGP_RIB_H

#include "lib/bgp/protocol.h"

/* ---- slabs */

struct s2si_bgp_slab {
    struct s2si_mem *mem;
    uint8_t **chunks;
    size_t size;                     /* of an entry, a multiple of 4; its first four octets link free entries */
    uint32_t chunk_count, chunk_room; /* in use; room in chunks */
    uint32_t next, free, used;       /* first never used; head of the free list; entries in use */
};
enum { S2SI_BGP_CHUNK_BITS = 12, S2SI_BGP_CHUNK = 1 << S2SI_BGP_CHUNK_BITS };
void s2si_bgp_slab_init(struct s2si_bgp_slab *slab, struct s2si_mem *mem, size_t size);
void s2si_bgp_slab_clear(struct s2si_bgp_slab *slab);
uint32_t s2si_bgp_slab_take(struct s2si_bgp_slab *slab); /* a zeroed entry's index, from 1; 0 = no memory */
void s2si_bgp_slab_give(struct s2si_bgp_slab *slab, uint32_t index);
void *s2si_bgp_slab_at(const struct s2si_bgp_slab *slab, uint32_t index);
uint32_t s2si_bgp_slab_limit(const struct s2si_bgp_slab *slab); /* indices in use are below it */

/* ---- marks: a set of indices, taken in ascending order, round and round */

struct s2si_bgp_marks {
    struct s2si_mem *mem;
    uint64_t *words;
    uint32_t word_count, marked, cursor;
};
void s2si_bgp_marks_init(struct s2si_bgp_marks *marks, struct s2si_mem *mem);
void s2si_bgp_marks_clear(struct s2si_bgp_marks *marks);
bool s2si_bgp_marks_reserve(struct s2si_bgp_marks *marks, uint32_t limit); /* room for indices below limit */
void s2si_bgp_marks_set(struct s2si_bgp_marks *marks, uint32_t index);     /* beyond the room it is ignored */
bool s2si_bgp_marks_has(const struct s2si_bgp_marks *marks, uint32_t index);
uint32_t s2si_bgp_marks_take(struct s2si_bgp_marks *marks); /* one, removed from the set; 0 = empty */

/* ---- nets and paths */

struct s2si_bgp_path {
    uint32_t next;     /* of the same net; the first is the best one, when the net has one */
    uint32_t received; /* attributes as they came */
    uint32_t accepted; /* as the import policy left them; 0 = refused */
    uint16_t session;  /* 0 = originated here */
    uint8_t epoch;     /* the session's when it came: an older one is stale */
    uint8_t reason;    /* enum s2si_bgp_refusal */
};

enum { S2SI_BGP_NET_BEST = 1, S2SI_BGP_NET_REPORTED = 2, S2SI_BGP_NET_USED = 4 };
struct s2si_bgp_net {
    uint32_t paths;
    uint8_t length, flags;
    uint8_t unused[2];
    uint8_t address[]; /* 4 or 16 octets */
};

struct s2si_bgp_rib {
    struct s2si_mem *mem;
    enum s2si_bgp_family family;
    uint64_t seed[2];
    struct s2si_bgp_slab nets;
    uint32_t *slots; /* 8 bits of hash, 24 bits of index; 0 = empty */
    uint32_t slot_count, slots_used; /* used: the removed ones too, whose places stay taken until the table is made anew */
};
/* A prefix, ready to be looked for. */
struct s2si_bgp_key {
    uint8_t address[16], length;
    uint32_t hash;
};
void s2si_bgp_rib_init(struct s2si_bgp_rib *rib, struct s2si_mem *mem, enum s2si_bgp_family family, uint64_t seed0, uint64_t seed1);
void s2si_bgp_rib_clear(struct s2si_bgp_rib *rib);
size_t s2si_bgp_rib_width(const struct s2si_bgp_rib *rib); /* octets of an address */
/* Host bits of address must be clear. */
void s2si_bgp_rib_key(const struct s2si_bgp_rib *rib, const uint8_t *address, uint8_t length, struct s2si_bgp_key *key);
/* Asks the processor for the memory that the lookups of these keys will touch: a full table is far larger than any cache, and
   the misses of one UPDATE's prefixes are better waited for together. */
void s2si_bgp_rib_prefetch(const struct s2si_bgp_rib *rib, const struct s2si_bgp_key *keys, size_t count);
/* The net's index, 0 if absent. */
uint32_t s2si_bgp_rib_find(const struct s2si_bgp_rib *rib, const struct s2si_bgp_key *key);
/* The same, made when absent; 0 = no memory. */
uint32_t s2si_bgp_rib_get(struct s2si_bgp_rib *rib, const struct s2si_bgp_key *key);
/* Only a net without paths. */
void s2si_bgp_rib_remove(struct s2si_bgp_rib *rib, uint32_t index);
struct s2si_bgp_net *s2si_bgp_rib_net(const struct s2si_bgp_rib *rib, uint32_t index);
struct s2s_prefix s2si_bgp_net_prefix(const struct s2si_bgp_rib *rib, const struct s2si_bgp_net *net);

#endif
