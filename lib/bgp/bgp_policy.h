/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bgp_policy: an ordered list of rules, each with prefixes it is for and what it sets. The first rule that matches decides; a
 * route that none matches is refused. A policy does not change once a session uses it: make a new one instead.
 */
#ifndef S2SI_BGP_POLICY_H
#define S2SI_BGP_POLICY_H

#include "lib/bgp/bgp_attr.h"

struct s2si_bgp_policy;

/* Matches a prefix inside prefix whose length lies in [min_length, max_length]; both 0 = exactly prefix's own length. */
struct s2si_bgp_prefix_match {
    struct s2s_prefix prefix;
    uint8_t min_length, max_length;
};

struct s2si_bgp_policy_rule {
    bool permit;
    const struct s2si_bgp_prefix_match *prefixes; /* any of them; none = every prefix */
    size_t prefix_count;
    uint32_t match_community; /* 0 = any */
    /* what a permitted route gets */
    bool set_med, set_local_pref, clear_communities;
    uint32_t med, local_pref;
    uint8_t prepend; /* own AS, times */
    const uint32_t *communities; /* added */
    size_t community_count;
    const uint32_t (*large_communities)[3]; /* added */
    size_t large_community_count;
};

enum { S2SI_BGP_POLICY_COMMUNITIES = 32, S2SI_BGP_POLICY_RULES = 4096 };

/* @return 0 or S2S_ERR_NO_MEMORY. The new policy has one reference. */
int s2si_bgp_policy_new(struct s2si_mem *mem, struct s2si_bgp_policy **policy);
/* Copies rule to the end. @return 0, S2S_ERR_NO_MEMORY, S2S_ERR_INVALID (lengths that cannot match, host bits), S2S_ERR_LIMIT. */
int s2si_bgp_policy_add(struct s2si_bgp_policy *policy, const struct s2si_bgp_policy_rule *rule);
void s2si_bgp_policy_hold(const struct s2si_bgp_policy *policy);    /* NULL is allowed */
void s2si_bgp_policy_release(const struct s2si_bgp_policy *policy); /* frees with the last reference; NULL is allowed */

/* The number of the first rule that matches (from 0) and whether it permits; -1 = none. */
int s2si_bgp_policy_match(const struct s2si_bgp_policy *policy, const struct s2s_prefix *prefix,
                          const struct s2si_bgp_attr_view *view, bool *permit);
/* Applies what rule number sets. room (at least S2SI_BGP_POLICY_ROOM octets) holds what the view then borrows.
   @return false if it does not fit. */
enum { S2SI_BGP_POLICY_ROOM = 3 * S2SI_BGP_SCRATCH_PATH };
bool s2si_bgp_policy_apply(const struct s2si_bgp_policy *policy, int number, uint32_t own_asn, struct s2si_bgp_attr_view *view,
                           uint8_t *room);
/* Adds communities (count of them, size octets each, network order) to a list that the view holds. */
bool s2si_bgp_communities_add(struct s2si_bgp_span *list, const uint8_t *add, size_t count, size_t size, uint8_t *room,
                              size_t capacity);

#endif
