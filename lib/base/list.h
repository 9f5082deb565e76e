/* SPDX-License-Identifier: Apache-2.0 */
/* list: intrusive doubly linked list with a sentinel. */
#ifndef S2SI_LIST_H
#define S2SI_LIST_H

#include "lib/base/mem.h"

struct s2si_list {
    struct s2si_list *next, *prev;
};

void s2si_list_init(struct s2si_list *list);
bool s2si_list_empty(const struct s2si_list *list);
void s2si_list_append(struct s2si_list *list, struct s2si_list *node);
void s2si_list_prepend(struct s2si_list *list, struct s2si_list *node);
void s2si_list_remove(struct s2si_list *node); /* allowed on a node that is initialised and in no list */
size_t s2si_list_count(const struct s2si_list *list);

#define S2SI_LIST_EACH(node, list) for ((node) = (list)->next; (node) != (list); (node) = (node)->next)
/* The node at hand may be removed meanwhile. */
#define S2SI_LIST_EACH_SAFE(node, after, list)                                                                         \
    for ((node) = (list)->next, (after) = (node)->next; (node) != (list); (node) = (after), (after) = (node)->next)

#endif
