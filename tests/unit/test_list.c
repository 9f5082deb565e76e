/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

struct item {
    int number;
    struct s2si_list node;
};

static int at(struct s2si_list *list, size_t index)
{
    struct s2si_list *node = list->next;
    while (index-- > 0) {
        node = node->next;
    }
    return S2SI_CONTAINER(node, struct item, node)->number;
}

static void order_and_removal(void **state)
{
    (void)state;
    struct s2si_list list, *node, *after;
    struct item items[5];
    s2si_list_init(&list);
    assert_true(s2si_list_empty(&list));
    for (int i = 0; i < 5; i++) {
        items[i].number = i;
        s2si_list_init(&items[i].node);
        (i % 2 == 0 ? s2si_list_append : s2si_list_prepend)(&list, &items[i].node);
    }
    const int expected[] = {3, 1, 0, 2, 4};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(at(&list, i), expected[i]);
    }
    s2si_list_remove(&items[0].node);
    s2si_list_remove(&items[0].node); /* in no list: allowed */
    assert_int_equal(s2si_list_count(&list), 4);
    S2SI_LIST_EACH_SAFE(node, after, &list)
    {
        s2si_list_remove(node);
    }
    assert_true(s2si_list_empty(&list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(order_and_removal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
