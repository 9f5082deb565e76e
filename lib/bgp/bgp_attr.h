/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bgp_attr: the path attributes of a route.
 *
 *     UPDATE --attributes_decode--> attr_view --attrs_intern--> attrs (shared, counted, found by a 32-bit id)
 *                                     ^  |                        |
 *                              policy changes it                  +--attrs_view--> attr_view --attributes_encode--> UPDATE
 *
 * A view borrows its bytes: from the message, from a scratch area, or from the interned set. What an attribute is called, which
 * flags and lengths it may have, what RFC 7606 does about a bad one, and how it is read, written and shown, stands in one
 * table (attribute.c).
 */
#ifndef S2SI_BGP_ATTR_H
#define S2SI_BGP_ATTR_H

#include "lib/bgp/protocol.h"

struct s2si_bgp_attr_view {
    uint64_t have; /* bit of each attribute code below 64 that is there, see s2si_bgp_has */
    uint8_t origin;
    uint8_t next_hop_length; /* 0, 4, 16, or 32 (global and link-local) */
    uint8_t next_hop[32];
    uint32_t med, local_pref, originator_id;
    uint32_t aggregator_asn, aggregator_id;
    struct s2si_bgp_span as_path; /* four-octet form, see as_path.h */
    struct s2si_bgp_span communities, extended_communities, large_communities, cluster_list;
    struct s2si_bgp_span others; /* optional transitive ones that are only passed on: flags 1, code 1, length 2, value */
};

bool s2si_bgp_has(const struct s2si_bgp_attr_view *view, unsigned code);
void s2si_bgp_set_has(struct s2si_bgp_attr_view *view, unsigned code, bool present);

/* ---- decoding */

/* What RFC 7606 section 2 makes of an UPDATE, mildest first. */
enum s2si_bgp_action { S2SI_BGP_ACCEPT = 0, S2SI_BGP_DISCARD, S2SI_BGP_TREAT_AS_WITHDRAW, S2SI_BGP_SESSION_RESET };

/* What the two ends agreed on, as far as bytes depend on it. */
struct s2si_bgp_codec {
    bool four_octet, internal; /* internal: both ends have one AS */
    uint32_t peer_asn;         /* external: must be the first in AS_PATH (RFC 4271 section 6.3); 0 = not checked */
    uint8_t families;          /* negotiated */
};

enum { S2SI_BGP_SCRATCH_PATH = 3 * S2SI_BGP_MESSAGE_MAX, S2SI_BGP_SCRATCH_OTHERS = S2SI_BGP_MESSAGE_MAX };
/* Room for what cannot be borrowed from the message. */
struct s2si_bgp_scratch {
    uint8_t path[S2SI_BGP_SCRATCH_PATH], wide[S2SI_BGP_SCRATCH_PATH];
    uint8_t others[S2SI_BGP_SCRATCH_OTHERS];
};

/* The result of reading path attributes. */
struct s2si_bgp_attributes {
    struct s2si_bgp_attr_view view;
    struct s2si_bgp_span mp_reach, mp_unreach; /* whole values, read by update.c; valid when has() */
    enum s2si_bgp_action action;               /* the strongest that any attribute asked for */
    uint8_t code;                              /* the attribute that asked for it */
    const char *reason;
    struct s2si_bgp_notify notify;             /* with SESSION_RESET */
};
/* Reads the path attributes of an UPDATE. The view borrows from attributes and scratch. */
void s2si_bgp_attributes_decode(struct s2si_bgp_span attributes, const struct s2si_bgp_codec *codec,
                                struct s2si_bgp_scratch *scratch, struct s2si_bgp_attributes *out);
/* Notes something wrong; only a stronger action replaces one that was noted before. */
void s2si_bgp_attributes_fault(struct s2si_bgp_attributes *out, enum s2si_bgp_action action, uint8_t code, uint8_t subcode,
                               const void *data, size_t length, const char *reason);

/* Writes the attributes in ascending order of code. The next hop is written as NEXT_HOP when it has 4 octets; one for
   MP_REACH_NLRI is the caller's. */
void s2si_bgp_attributes_encode(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec,
                                struct s2si_writer *writer);

const char *s2si_bgp_attribute_name(uint8_t code); /* "ORIGIN", or "unknown" */
/* Shows one attribute ("65000:1 65000:2"); "" when it is not there. */
void s2si_bgp_attribute_format(const struct s2si_bgp_attr_view *view, uint8_t code, char *out, size_t capacity);

/* ---- interned sets */

struct s2si_bgp_attrs;
struct s2si_bgp_attr_table {
    struct s2si_mem *mem;
    uint64_t seed[2];
    struct s2si_bgp_attrs **by_id; /* [0] is never used: id 0 means none */
    uint32_t ids, capacity, free_id;
    uint32_t *buckets;
    uint32_t bucket_count, count;
    uint64_t bytes; /* of all sets together */
};
void s2si_bgp_attr_table_init(struct s2si_bgp_attr_table *table, struct s2si_mem *mem, uint64_t seed0, uint64_t seed1);
void s2si_bgp_attr_table_clear(struct s2si_bgp_attr_table *table);
/* The id of the set that equals view, with one reference more; made when it is new. @return 0 when there is no memory. */
uint32_t s2si_bgp_attrs_intern(struct s2si_bgp_attr_table *table, const struct s2si_bgp_attr_view *view);
void s2si_bgp_attrs_hold(struct s2si_bgp_attr_table *table, uint32_t id); /* one reference more; 0 is allowed */
void s2si_bgp_attrs_release(struct s2si_bgp_attr_table *table, uint32_t id);
void s2si_bgp_attrs_view(const struct s2si_bgp_attr_table *table, uint32_t id, struct s2si_bgp_attr_view *view);

/* What the decision process asks for all the time, without a view. Missing MED reads 0, missing LOCAL_PREF has_local_pref false. */
struct s2si_bgp_attr_rank {
    uint32_t med, local_pref, first_as, originator_id;
    uint16_t path_length, clusters;
    uint8_t origin;
    bool has_local_pref, graceful_shutdown, no_advertise, no_export;
};
void s2si_bgp_attrs_rank(const struct s2si_bgp_attr_table *table, uint32_t id, struct s2si_bgp_attr_rank *rank);
/* The next hop as an address (the global one of two). */
struct s2s_addr s2si_bgp_attrs_next_hop(const struct s2si_bgp_attr_table *table, uint32_t id);

#endif
