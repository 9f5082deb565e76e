/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attr_table: attribute sets, each stored once. A set is found by the hash of its content and named by a 32-bit id, so that a
 * route holds four octets of it. Its content is a fixed head followed by all variable parts, packed.
 */
#include "lib/bgp/bgp_attr.h"

#include "lib/bgp/as_path.h"

#include <string.h>

struct s2si_bgp_attrs {
    uint32_t references, hash, next; /* next in the bucket, an id */
    uint32_t size;                   /* of the whole allocation */
    /* content from here on, compared and hashed as bytes: no padding, every octet set */
    uint64_t have;
    uint32_t med, local_pref, originator_id, aggregator_asn, aggregator_id, first_as;
    uint16_t as_path, communities, extended_communities, large_communities, cluster_list, others; /* lengths */
    uint16_t path_length;
    uint8_t origin, next_hop_length;
    uint8_t body[]; /* next hop, then the parts in the order of their lengths */
};
enum { CONTENT = offsetof(struct s2si_bgp_attrs, have), FIXED = offsetof(struct s2si_bgp_attrs, body), PARTS = 6 };

/* The rank flags are found by one pass over the communities at interning and live in bits of have that no code uses. */
enum { BIT_GRACEFUL_SHUTDOWN = 61, BIT_NO_ADVERTISE = 62, BIT_NO_EXPORT = 63 };
#define CODES (UINT64_MAX >> 3) /* the bits that are attribute codes */

void s2si_bgp_attr_table_init(struct s2si_bgp_attr_table *table, struct s2si_mem *mem, uint64_t seed0, uint64_t seed1)
{
    *table = (struct s2si_bgp_attr_table){.mem = mem, .seed = {seed0, seed1}};
}

void s2si_bgp_attr_table_clear(struct s2si_bgp_attr_table *table)
{
    for (uint32_t id = 1; id < table->ids; id++) {
        struct s2si_bgp_attrs *attrs = table->by_id[id];
        if (((uintptr_t)attrs & 1) == 0 && attrs != NULL) {
            s2si_free(table->mem, attrs, attrs->size);
        }
    }
    s2si_free(table->mem, table->by_id, table->capacity * sizeof *table->by_id);
    s2si_free(table->mem, table->buckets, table->bucket_count * sizeof *table->buckets);
    s2si_bgp_attr_table_init(table, table->mem, table->seed[0], table->seed[1]);
}

static uint64_t community_bits(struct s2si_bgp_span communities)
{
    uint64_t bits = 0;
    struct s2si_reader reader = s2si_reader(communities.data, communities.length);
    while (s2si_reader_left(&reader) >= 4) {
        uint32_t value = s2si_read_u32(&reader);
        bits |= value == S2SI_BGP_GRACEFUL_SHUTDOWN ? UINT64_C(1) << BIT_GRACEFUL_SHUTDOWN : 0;
        bits |= value == S2SI_BGP_NO_ADVERTISE ? UINT64_C(1) << BIT_NO_ADVERTISE : 0;
        bits |= value == S2SI_BGP_NO_EXPORT || value == S2SI_BGP_NO_EXPORT_SUBCONFED ? UINT64_C(1) << BIT_NO_EXPORT : 0;
    }
    return bits;
}

static void fill_head(const struct s2si_bgp_attr_view *view, struct s2si_bgp_attrs *head)
{
    head->have = (view->have & CODES) | community_bits(view->communities);
    head->med = s2si_bgp_has(view, S2SI_BGP_MED) ? view->med : 0;
    head->local_pref = s2si_bgp_has(view, S2SI_BGP_LOCAL_PREF) ? view->local_pref : 0;
    head->originator_id = s2si_bgp_has(view, S2SI_BGP_ORIGINATOR_ID) ? view->originator_id : 0;
    head->aggregator_asn = s2si_bgp_has(view, S2SI_BGP_AGGREGATOR) ? view->aggregator_asn : 0;
    head->aggregator_id = s2si_bgp_has(view, S2SI_BGP_AGGREGATOR) ? view->aggregator_id : 0;
    head->first_as = s2si_bgp_path_first(view->as_path);
    head->as_path = (uint16_t)view->as_path.length;
    head->communities = (uint16_t)view->communities.length;
    head->extended_communities = (uint16_t)view->extended_communities.length;
    head->large_communities = (uint16_t)view->large_communities.length;
    head->cluster_list = (uint16_t)view->cluster_list.length;
    head->others = (uint16_t)view->others.length;
    head->path_length = (uint16_t)s2si_bgp_path_length(view->as_path);
    head->origin = view->origin;
    head->next_hop_length = view->next_hop_length;
}

/* The variable parts of a view, next hop first. */
static size_t list_parts(const struct s2si_bgp_attr_view *view, struct s2si_bgp_span parts[PARTS + 1])
{
    const struct s2si_bgp_span list[PARTS + 1] = {
        {view->next_hop, view->next_hop_length}, view->as_path, view->communities, view->extended_communities,
        view->large_communities, view->cluster_list, view->others,
    };
    size_t length = 0;
    memcpy(parts, list, sizeof list);
    for (size_t i = 0; i <= PARTS; i++) {
        length += list[i].length;
    }
    return length;
}

static bool grow_ids(struct s2si_bgp_attr_table *table)
{
    uint32_t capacity = table->capacity == 0 ? 64 : table->capacity + table->capacity / 2;
    struct s2si_bgp_attrs **by_id = s2si_resize(table->mem, table->by_id, table->capacity * sizeof *by_id, capacity * sizeof *by_id);
    if (by_id == NULL) {
        return false;
    }
    table->by_id = by_id;
    table->capacity = capacity;
    table->ids = table->ids == 0 ? 1 : table->ids;
    return true;
}

/* Chains may grow to two entries on average. Without memory for more buckets they grow further. */
static void grow_buckets(struct s2si_bgp_attr_table *table)
{
    uint32_t count = table->bucket_count == 0 ? 64 : table->bucket_count * 2;
    uint32_t *buckets = s2si_alloc_array(table->mem, count, sizeof *buckets);
    if (buckets == NULL) {
        return;
    }
    for (uint32_t old = 0; old < table->bucket_count; old++) {
        for (uint32_t id = table->buckets[old], next; id != 0; id = next) {
            struct s2si_bgp_attrs *attrs = table->by_id[id];
            next = attrs->next;
            attrs->next = buckets[attrs->hash & (count - 1)];
            buckets[attrs->hash & (count - 1)] = id;
        }
    }
    s2si_free(table->mem, table->buckets, table->bucket_count * sizeof *buckets);
    table->buckets = buckets;
    table->bucket_count = count;
}

/* Free ids are a list threaded through by_id, each entry an odd number: no pointer is odd. */
static uint32_t take_id(struct s2si_bgp_attr_table *table)
{
    uint32_t id = table->free_id;
    if (id != 0) {
        table->free_id = (uint32_t)((uintptr_t)table->by_id[id] >> 1);
        return id;
    }
    if (table->ids >= table->capacity && !grow_ids(table)) {
        return 0;
    }
    return table->ids++;
}

static void give_id(struct s2si_bgp_attr_table *table, uint32_t id)
{
    table->by_id[id] = (struct s2si_bgp_attrs *)((uintptr_t)table->free_id << 1 | 1);
    table->free_id = id;
}

static uint32_t find(const struct s2si_bgp_attr_table *table, const uint8_t *content, size_t length, uint32_t hash)
{
    for (uint32_t id = table->bucket_count == 0 ? 0 : table->buckets[hash & (table->bucket_count - 1)]; id != 0;
         id = table->by_id[id]->next) {
        const struct s2si_bgp_attrs *attrs = table->by_id[id];
        if (attrs->hash == hash && attrs->size == CONTENT + length && memcmp((const uint8_t *)attrs + CONTENT, content, length) == 0) {
            return id;
        }
    }
    return 0;
}

static uint32_t add(struct s2si_bgp_attr_table *table, const uint8_t *content, size_t length, uint32_t hash)
{
    if (table->bucket_count == 0 || table->count >= table->bucket_count * 2) {
        grow_buckets(table);
    }
    struct s2si_bgp_attrs *attrs = table->bucket_count == 0 ? NULL : s2si_alloc(table->mem, CONTENT + length);
    uint32_t id = attrs == NULL ? 0 : take_id(table);
    if (id == 0) {
        s2si_free(table->mem, attrs, CONTENT + length);
        return 0;
    }
    memcpy((uint8_t *)attrs + CONTENT, content, length);
    attrs->references = 1;
    attrs->hash = hash;
    attrs->size = (uint32_t)(CONTENT + length);
    attrs->next = table->buckets[hash & (table->bucket_count - 1)];
    table->buckets[hash & (table->bucket_count - 1)] = id;
    table->by_id[id] = attrs;
    table->count++;
    table->bytes += attrs->size;
    return id;
}

uint32_t s2si_bgp_attrs_intern(struct s2si_bgp_attr_table *table, const struct s2si_bgp_attr_view *view)
{
    enum { SMALL = 512 };
    union {
        struct s2si_bgp_attrs head;
        uint8_t bytes[FIXED + SMALL];
    } local;
    struct s2si_bgp_span parts[PARTS + 1];
    size_t body = list_parts(view, parts);
    if (body > UINT16_MAX) {
        return 0;
    }
    uint8_t *bytes = body <= SMALL ? local.bytes : s2si_alloc(table->mem, FIXED + body);
    if (bytes == NULL) {
        return 0;
    }
    fill_head(view, &local.head);
    if (bytes != local.bytes) {
        memcpy(bytes, local.bytes, FIXED);
    }
    size_t at = FIXED;
    for (size_t i = 0; i <= PARTS; i++) {
        if (parts[i].length > 0) {
            memcpy(bytes + at, parts[i].data, parts[i].length);
            at += parts[i].length;
        }
    }
    size_t length = FIXED + body - CONTENT;
    uint32_t hash = (uint32_t)s2si_siphash(table->seed, bytes + CONTENT, length);
    uint32_t id = find(table, bytes + CONTENT, length, hash);
    if (id != 0) {
        table->by_id[id]->references++;
    } else {
        id = add(table, bytes + CONTENT, length, hash);
    }
    if (bytes != local.bytes) {
        s2si_free(table->mem, bytes, FIXED + body);
    }
    return id;
}

void s2si_bgp_attrs_hold(struct s2si_bgp_attr_table *table, uint32_t id)
{
    if (id != 0) {
        table->by_id[id]->references++;
    }
}

void s2si_bgp_attrs_release(struct s2si_bgp_attr_table *table, uint32_t id)
{
    if (id == 0 || --table->by_id[id]->references > 0) {
        return;
    }
    struct s2si_bgp_attrs *attrs = table->by_id[id];
    uint32_t *link = &table->buckets[attrs->hash & (table->bucket_count - 1)];
    while (*link != id) {
        link = &table->by_id[*link]->next;
    }
    *link = attrs->next;
    table->count--;
    table->bytes -= attrs->size;
    s2si_free(table->mem, attrs, attrs->size);
    give_id(table, id);
    if (table->count == 0) { /* nobody holds an id any more: what a full table needed goes back */
        s2si_bgp_attr_table_clear(table);
    }
}

void s2si_bgp_attrs_view(const struct s2si_bgp_attr_table *table, uint32_t id, struct s2si_bgp_attr_view *view)
{
    const struct s2si_bgp_attrs *attrs = table->by_id[id];
    const uint8_t *at = attrs->body + attrs->next_hop_length;
    memset(view, 0, sizeof *view);
    view->have = attrs->have & CODES;
    view->origin = attrs->origin;
    view->med = attrs->med;
    view->local_pref = attrs->local_pref;
    view->originator_id = attrs->originator_id;
    view->aggregator_asn = attrs->aggregator_asn;
    view->aggregator_id = attrs->aggregator_id;
    view->next_hop_length = attrs->next_hop_length;
    memcpy(view->next_hop, attrs->body, attrs->next_hop_length);
    view->as_path = (struct s2si_bgp_span){at, attrs->as_path};
    view->communities = (struct s2si_bgp_span){at += attrs->as_path, attrs->communities};
    view->extended_communities = (struct s2si_bgp_span){at += attrs->communities, attrs->extended_communities};
    view->large_communities = (struct s2si_bgp_span){at += attrs->extended_communities, attrs->large_communities};
    view->cluster_list = (struct s2si_bgp_span){at += attrs->large_communities, attrs->cluster_list};
    view->others = (struct s2si_bgp_span){at + attrs->cluster_list, attrs->others};
}

void s2si_bgp_attrs_rank(const struct s2si_bgp_attr_table *table, uint32_t id, struct s2si_bgp_attr_rank *rank)
{
    const struct s2si_bgp_attrs *attrs = table->by_id[id];
    *rank = (struct s2si_bgp_attr_rank){
        .med = attrs->med,
        .local_pref = attrs->local_pref,
        .first_as = attrs->first_as,
        .originator_id = attrs->originator_id,
        .path_length = attrs->path_length,
        .clusters = attrs->cluster_list / 4,
        .origin = attrs->origin,
        .has_local_pref = (attrs->have >> S2SI_BGP_LOCAL_PREF & 1) != 0,
        .graceful_shutdown = (attrs->have >> BIT_GRACEFUL_SHUTDOWN & 1) != 0,
        .no_advertise = (attrs->have >> BIT_NO_ADVERTISE & 1) != 0,
        .no_export = (attrs->have >> BIT_NO_EXPORT & 1) != 0,
    };
}

struct s2s_addr s2si_bgp_attrs_next_hop(const struct s2si_bgp_attr_table *table, uint32_t id)
{
    const struct s2si_bgp_attrs *attrs = table->by_id[id];
    return attrs->next_hop_length == 0 ? (struct s2s_addr){0} : s2si_addr_bytes(attrs->next_hop_length == 4 ? 4 : 6, attrs->body);
}
