/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bgp/bgp_policy.h"

#include "lib/bgp/as_path.h"

#include <s2svpn/error.h>
#include <string.h>

struct rule {
    struct s2si_bgp_policy_rule set; /* its pointers lead into the arrays below */
    struct s2si_bgp_prefix_match *prefixes;
    uint8_t *communities, *large_communities; /* network order, as in the attribute */
};

struct s2si_bgp_policy {
    struct s2si_mem *mem;
    uint32_t references;
    struct rule *rules;
    size_t count, capacity;
};

int s2si_bgp_policy_new(struct s2si_mem *mem, struct s2si_bgp_policy **policy)
{
    *policy = s2si_alloc(mem, sizeof **policy);
    if (*policy == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    (*policy)->mem = mem;
    (*policy)->references = 1;
    return 0;
}

/* The reference count is the one thing in a policy that changes; sessions hold it as const. */
void s2si_bgp_policy_hold(const struct s2si_bgp_policy *policy)
{
    if (policy != NULL) {
        ((struct s2si_bgp_policy *)(uintptr_t)policy)->references++;
    }
}

static void clear_rule(struct s2si_mem *mem, struct rule *rule)
{
    s2si_free(mem, rule->prefixes, rule->set.prefix_count * sizeof *rule->prefixes);
    s2si_free(mem, rule->communities, rule->set.community_count * 4);
    s2si_free(mem, rule->large_communities, rule->set.large_community_count * 12);
}

void s2si_bgp_policy_release(const struct s2si_bgp_policy *held)
{
    struct s2si_bgp_policy *policy = (struct s2si_bgp_policy *)(uintptr_t)held;
    if (policy == NULL || --policy->references > 0) {
        return;
    }
    for (size_t i = 0; i < policy->count; i++) {
        clear_rule(policy->mem, &policy->rules[i]);
    }
    s2si_free(policy->mem, policy->rules, policy->capacity * sizeof *policy->rules);
    s2si_free(policy->mem, policy, sizeof *policy);
}

static bool match_valid(const struct s2si_bgp_prefix_match *match)
{
    struct s2s_prefix masked = match->prefix;
    uint8_t longest = match->prefix.addr.family == 4 ? 32 : 128;
    s2si_prefix_mask(&masked);
    if ((match->prefix.addr.family != 4 && match->prefix.addr.family != 6) || match->prefix.length > longest ||
        !s2si_prefix_equal(&masked, &match->prefix)) {
        return false;
    }
    bool exact = match->min_length == 0 && match->max_length == 0;
    return exact || (match->min_length <= match->max_length && match->max_length <= longest && match->max_length >= match->prefix.length);
}

static bool rule_valid(const struct s2si_bgp_policy_rule *rule)
{
    bool valid = rule->community_count <= S2SI_BGP_POLICY_COMMUNITIES && rule->large_community_count <= S2SI_BGP_POLICY_COMMUNITIES;
    for (size_t i = 0; valid && i < rule->prefix_count; i++) {
        valid = match_valid(&rule->prefixes[i]);
    }
    return valid;
}

static bool copy_rule(struct s2si_mem *mem, const struct s2si_bgp_policy_rule *from, struct rule *rule)
{
    *rule = (struct rule){.set = *from};
    rule->prefixes = from->prefix_count == 0 ? NULL : s2si_alloc_array(mem, from->prefix_count, sizeof *rule->prefixes);
    rule->communities = from->community_count == 0 ? NULL : s2si_alloc_array(mem, from->community_count, 4);
    rule->large_communities = from->large_community_count == 0 ? NULL : s2si_alloc_array(mem, from->large_community_count, 12);
    if ((from->prefix_count > 0 && rule->prefixes == NULL) || (from->community_count > 0 && rule->communities == NULL) ||
        (from->large_community_count > 0 && rule->large_communities == NULL)) {
        clear_rule(mem, rule);
        return false;
    }
    if (from->prefix_count > 0) {
        memcpy(rule->prefixes, from->prefixes, from->prefix_count * sizeof *rule->prefixes);
    }
    for (size_t i = 0; i < from->community_count; i++) {
        s2si_put_u32(rule->communities + 4 * i, from->communities[i]);
    }
    for (size_t i = 0; i < 3 * from->large_community_count; i++) {
        s2si_put_u32(rule->large_communities + 4 * i, from->large_communities[i / 3][i % 3]);
    }
    return true;
}

int s2si_bgp_policy_add(struct s2si_bgp_policy *policy, const struct s2si_bgp_policy_rule *rule)
{
    if (!rule_valid(rule)) {
        return S2S_ERR_INVALID;
    }
    if (policy->count >= S2SI_BGP_POLICY_RULES) {
        return S2S_ERR_LIMIT;
    }
    if (policy->count == policy->capacity) {
        size_t capacity = policy->capacity == 0 ? 4 : policy->capacity * 2;
        struct rule *rules = s2si_resize(policy->mem, policy->rules, policy->capacity * sizeof *rules, capacity * sizeof *rules);
        if (rules == NULL) {
            return S2S_ERR_NO_MEMORY;
        }
        policy->rules = rules;
        policy->capacity = capacity;
    }
    if (!copy_rule(policy->mem, rule, &policy->rules[policy->count])) {
        return S2S_ERR_NO_MEMORY;
    }
    policy->count++;
    return 0;
}

static bool prefix_matches(const struct s2si_bgp_prefix_match *match, const struct s2s_prefix *prefix)
{
    if (match->min_length == 0 && match->max_length == 0) {
        return s2si_prefix_equal(&match->prefix, prefix);
    }
    return prefix->length >= match->min_length && prefix->length <= match->max_length && s2si_prefix_contains(&match->prefix, prefix);
}

static bool has_community(struct s2si_bgp_span communities, uint32_t wanted)
{
    for (size_t at = 0; at + 4 <= communities.length; at += 4) {
        if (s2si_get_u32(communities.data + at) == wanted) {
            return true;
        }
    }
    return false;
}

static bool rule_matches(const struct rule *rule, const struct s2s_prefix *prefix, const struct s2si_bgp_attr_view *view)
{
    if (rule->set.match_community != 0 && !has_community(view->communities, rule->set.match_community)) {
        return false;
    }
    for (size_t i = 0; i < rule->set.prefix_count; i++) {
        if (prefix_matches(&rule->prefixes[i], prefix)) {
            return true;
        }
    }
    return rule->set.prefix_count == 0;
}

int s2si_bgp_policy_match(const struct s2si_bgp_policy *policy, const struct s2s_prefix *prefix,
                          const struct s2si_bgp_attr_view *view, bool *permit)
{
    for (size_t i = 0; i < policy->count; i++) {
        if (rule_matches(&policy->rules[i], prefix, view)) {
            *permit = policy->rules[i].set.permit;
            return (int)i;
        }
    }
    *permit = false;
    return -1;
}

bool s2si_bgp_communities_add(struct s2si_bgp_span *list, const uint8_t *add, size_t count, size_t size, uint8_t *room,
                              size_t capacity)
{
    if (list->length + count * size > capacity) {
        return false;
    }
    if (list->length > 0) {
        memcpy(room, list->data, list->length);
    }
    size_t length = list->length;
    for (size_t i = 0; i < count; i++) {
        bool there = false;
        for (size_t at = 0; at < length && !there; at += size) {
            there = memcmp(room + at, add + i * size, size) == 0;
        }
        if (!there) {
            memcpy(room + length, add + i * size, size);
            length += size;
        }
    }
    *list = (struct s2si_bgp_span){room, length};
    return true;
}

bool s2si_bgp_policy_apply(const struct s2si_bgp_policy *policy, int number, uint32_t own_asn, struct s2si_bgp_attr_view *view,
                           uint8_t *room)
{
    const struct rule *rule = &policy->rules[number];
    const struct s2si_bgp_policy_rule *set = &rule->set;
    enum { PART = S2SI_BGP_SCRATCH_PATH };
    bool fits = true;
    if (set->set_med) {
        view->med = set->med;
        s2si_bgp_set_has(view, S2SI_BGP_MED, true);
    }
    if (set->set_local_pref) {
        view->local_pref = set->local_pref;
        s2si_bgp_set_has(view, S2SI_BGP_LOCAL_PREF, true);
    }
    if (set->prepend > 0) {
        view->as_path.length = s2si_bgp_path_prepend(view->as_path, own_asn, set->prepend, room, PART);
        view->as_path.data = room;
        fits = view->as_path.length > 0;
    }
    if (set->clear_communities) {
        view->communities.length = 0;
    }
    if (set->community_count > 0) {
        fits = s2si_bgp_communities_add(&view->communities, rule->communities, set->community_count, 4, room + PART, PART) && fits;
    }
    if (set->large_community_count > 0) {
        fits = s2si_bgp_communities_add(&view->large_communities, rule->large_communities, set->large_community_count, 12,
                                        room + 2 * PART, PART) && fits;
    }
    s2si_bgp_set_has(view, S2SI_BGP_COMMUNITIES, view->communities.length > 0);
    s2si_bgp_set_has(view, S2SI_BGP_LARGE_COMMUNITIES, view->large_communities.length > 0);
    return fits;
}
