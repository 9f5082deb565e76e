/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node either holds a value, or joins two subtries (it then has both children and no value). Each child's prefix is
 * longer than its parent's and lies inside it; child[b] holds what continues with bit b. Depth is bounded by the
 * address length: at most 33 or 129 nodes on any path.
 */
#include "lib/base/trie.h"

#include <s2svpn/error.h>

struct s2si_trie_node {
    struct s2s_prefix prefix;
    void *value; /* NULL in a joint */
    struct s2si_trie_node *child[2];
};

void s2si_trie_init(struct s2si_trie *trie, struct s2si_mem *mem)
{
    *trie = (struct s2si_trie){.mem = mem};
}

static void free_all(struct s2si_trie *trie, struct s2si_trie_node *node)
{
    if (node != NULL) {
        free_all(trie, node->child[0]);
        free_all(trie, node->child[1]);
        s2si_free(trie->mem, node, sizeof *node);
    }
}

void s2si_trie_clear(struct s2si_trie *trie)
{
    free_all(trie, trie->root4);
    free_all(trie, trie->root6);
    s2si_trie_init(trie, trie->mem);
}

static struct s2si_trie_node **root_of(struct s2si_trie *trie, uint8_t family)
{
    return family == 4 ? &trie->root4 : family == 6 ? &trie->root6 : NULL;
}

static const struct s2si_trie_node *root_for_reading(const struct s2si_trie *trie, uint8_t family)
{
    return family == 4 ? trie->root4 : family == 6 ? trie->root6 : NULL;
}

static unsigned bit(const struct s2s_addr *addr, unsigned index)
{
    return index >= 128 ? 0 : (unsigned)(addr->bytes[index / 8] >> (7 - index % 8)) & 1u;
}

static unsigned common_bits(const struct s2s_prefix *a, const struct s2s_prefix *b)
{
    unsigned limit = a->length < b->length ? a->length : b->length, length = 0;
    while (length + 8 <= limit && a->addr.bytes[length / 8] == b->addr.bytes[length / 8]) {
        length += 8;
    }
    while (length < limit && bit(&a->addr, length) == bit(&b->addr, length)) {
        length++;
    }
    return length;
}

static bool valid(const struct s2s_prefix *prefix)
{
    struct s2s_prefix masked = *prefix;
    s2si_prefix_mask(&masked);
    return prefix->length <= 8 * s2si_addr_length(&prefix->addr) && s2si_addr_length(&prefix->addr) != 0 &&
           s2si_prefix_equal(&masked, prefix);
}

/* The link whose node is the one for prefix, or the first on the way that is not above it (or NULL). */
static struct s2si_trie_node **descend(struct s2si_trie_node **link, const struct s2s_prefix *prefix)
{
    while (*link != NULL && (*link)->prefix.length < prefix->length && s2si_prefix_contains(&(*link)->prefix, prefix)) {
        link = &(*link)->child[bit(&prefix->addr, (*link)->prefix.length)];
    }
    return link;
}

static struct s2si_trie_node *new_node(struct s2si_trie *trie, const struct s2s_prefix *prefix, void *value)
{
    struct s2si_trie_node *node = s2si_alloc(trie->mem, sizeof *node);
    if (node != NULL) {
        node->prefix = *prefix;
        node->value = value;
    }
    return node;
}

/* Puts node above or beside what is at the link now. */
static int graft(struct s2si_trie *trie, struct s2si_trie_node **link, struct s2si_trie_node *node)
{
    struct s2si_trie_node *old = *link;
    unsigned common = common_bits(&node->prefix, &old->prefix);
    if (common == node->prefix.length) {
        node->child[bit(&old->prefix.addr, common)] = old;
        *link = node;
        return 0;
    }
    struct s2s_prefix prefix = node->prefix;
    prefix.length = (uint8_t)common;
    s2si_prefix_mask(&prefix);
    struct s2si_trie_node *joint = new_node(trie, &prefix, NULL);
    if (joint == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    joint->child[bit(&old->prefix.addr, common)] = old;
    joint->child[bit(&node->prefix.addr, common)] = node;
    *link = joint;
    return 0;
}

int s2si_trie_put(struct s2si_trie *trie, const struct s2s_prefix *prefix, void *value)
{
    if (value == NULL || !valid(prefix)) {
        return S2S_ERR_INVALID;
    }
    struct s2si_trie_node **link = descend(root_of(trie, prefix->addr.family), prefix);
    if (*link != NULL && s2si_prefix_equal(&(*link)->prefix, prefix)) {
        if ((*link)->value != NULL) {
            return S2S_ERR_EXISTS;
        }
        (*link)->value = value;
        trie->count++;
        return 0;
    }
    struct s2si_trie_node *node = new_node(trie, prefix, value);
    if (node == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    if (*link == NULL) {
        *link = node;
    } else if (graft(trie, link, node) != 0) {
        s2si_free(trie->mem, node, sizeof *node);
        return S2S_ERR_NO_MEMORY;
    }
    trie->count++;
    return 0;
}

void *s2si_trie_get(const struct s2si_trie *trie, const struct s2s_prefix *prefix)
{
    const struct s2si_trie_node *node = root_for_reading(trie, prefix->addr.family);
    while (node != NULL && node->prefix.length <= prefix->length && s2si_prefix_contains(&node->prefix, prefix)) {
        if (node->prefix.length == prefix->length) {
            return node->value;
        }
        node = node->child[bit(&prefix->addr, node->prefix.length)];
    }
    return NULL;
}

bool s2si_trie_replace(struct s2si_trie *trie, const struct s2s_prefix *prefix, void *value)
{
    struct s2si_trie_node **root = root_of(trie, prefix->addr.family);
    struct s2si_trie_node *node = root == NULL ? NULL : *descend(root, prefix);
    if (value == NULL || node == NULL || node->value == NULL || !s2si_prefix_equal(&node->prefix, prefix)) {
        return false;
    }
    node->value = value;
    return true;
}

/* Takes a node without value and with at most one child out of the trie. */
static void splice(struct s2si_trie *trie, struct s2si_trie_node **link)
{
    struct s2si_trie_node *node = *link;
    if (node->value != NULL || (node->child[0] != NULL && node->child[1] != NULL)) {
        return;
    }
    *link = node->child[0] != NULL ? node->child[0] : node->child[1];
    s2si_free(trie->mem, node, sizeof *node);
}

void *s2si_trie_remove(struct s2si_trie *trie, const struct s2s_prefix *prefix)
{
    struct s2si_trie_node **link = root_of(trie, prefix->addr.family), **above = NULL;
    if (link == NULL) {
        return NULL;
    }
    while (*link != NULL && (*link)->prefix.length < prefix->length && s2si_prefix_contains(&(*link)->prefix, prefix)) {
        above = link;
        link = &(*link)->child[bit(&prefix->addr, (*link)->prefix.length)];
    }
    if (*link == NULL || !s2si_prefix_equal(&(*link)->prefix, prefix) || (*link)->value == NULL) {
        return NULL;
    }
    void *value = (*link)->value;
    (*link)->value = NULL;
    trie->count--;
    splice(trie, link);
    if (above != NULL) {
        splice(trie, above); /* a joint that lost one of its two */
    }
    return value;
}

void *s2si_trie_match(const struct s2si_trie *trie, const struct s2s_addr *addr)
{
    const struct s2si_trie_node *node = root_for_reading(trie, addr->family);
    void *best = NULL;
    while (node != NULL && s2si_prefix_has(&node->prefix, addr)) {
        if (node->value != NULL) {
            best = node->value;
        }
        node = node->child[bit(addr, node->prefix.length)];
    }
    return best;
}

static bool walk(const struct s2si_trie_node *node,
                 bool (*visit)(void *user, const struct s2s_prefix *prefix, void *value), void *user)
{
    if (node == NULL) {
        return true;
    }
    if (node->value != NULL && !visit(user, &node->prefix, node->value)) {
        return false;
    }
    return walk(node->child[0], visit, user) && walk(node->child[1], visit, user);
}

void s2si_trie_walk(const struct s2si_trie *trie,
                    bool (*visit)(void *user, const struct s2s_prefix *prefix, void *value), void *user)
{
    if (walk(trie->root4, visit, user)) {
        walk(trie->root6, visit, user);
    }
}
