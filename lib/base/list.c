/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/list.h"

void s2si_list_init(struct s2si_list *list)
{
    list->next = list;
    list->prev = list;
}

bool s2si_list_empty(const struct s2si_list *list)
{
    return list->next == list;
}

static void insert_before(struct s2si_list *place, struct s2si_list *node)
{
    node->prev = place->prev;
    node->next = place;
    place->prev->next = node;
    place->prev = node;
}

void s2si_list_append(struct s2si_list *list, struct s2si_list *node)
{
    insert_before(list, node);
}

void s2si_list_prepend(struct s2si_list *list, struct s2si_list *node)
{
    insert_before(list->next, node);
}

void s2si_list_remove(struct s2si_list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    s2si_list_init(node);
}

size_t s2si_list_count(const struct s2si_list *list)
{
    size_t count = 0;
    const struct s2si_list *node;
    S2SI_LIST_EACH(node, list)
    {
        count++;
    }
    return count;
}
