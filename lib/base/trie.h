/* SPDX-License-Identifier: Apache-2.0 */
/* trie: path-compressed binary trie for longest-prefix match, IPv4 and IPv6 in one table. */
#ifndef S2SI_TRIE_H
#define S2SI_TRIE_H

#include "lib/base/address.h"

struct s2si_trie_node;
struct s2si_trie {
    struct s2si_mem *mem;
    struct s2si_trie_node *root4, *root6;
    size_t count;
};

void s2si_trie_init(struct s2si_trie *trie, struct s2si_mem *mem);
void s2si_trie_clear(struct s2si_trie *trie);
/* @return 0, S2S_ERR_EXISTS, S2S_ERR_NO_MEMORY, S2S_ERR_INVALID (value NULL, host bits set, bad family or length). */
int s2si_trie_put(struct s2si_trie *trie, const struct s2s_prefix *prefix, void *value);
void *s2si_trie_get(const struct s2si_trie *trie, const struct s2s_prefix *prefix); /* exact */
/* Puts another value in the place of one that is there, without memory. @return false: none is there. */
bool s2si_trie_replace(struct s2si_trie *trie, const struct s2s_prefix *prefix, void *value);
void *s2si_trie_remove(struct s2si_trie *trie, const struct s2s_prefix *prefix);
void *s2si_trie_match(const struct s2si_trie *trie, const struct s2s_addr *addr); /* longest prefix, or NULL */
/* In order of address, then length; stop when the callback returns false. The trie must not change meanwhile. */
void s2si_trie_walk(const struct s2si_trie *trie,
                    bool (*visit)(void *user, const struct s2s_prefix *prefix, void *value), void *user);

#endif
