/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/ops.h"

#include <string.h>

#include "lib/gateway/objects.h"

int s2si_operations_init(struct s2si_operations *operations, struct s2si_mem *mem, const uint64_t seed[2])
{
    memset(operations, 0, sizeof(*operations));
    operations->mem = mem;
    s2si_map_init(&operations->by_op, mem, seed[0], seed[1]);
    return 0;
}

void s2si_operations_free(struct s2si_operations *operations)
{
    struct s2si_operation *operation;
    size_t cursor = 0;

    while ((operation = s2si_map_next(&operations->by_op, &cursor)) != NULL) {
        s2si_free(operations->mem, operation, sizeof(*operation));
    }
    s2si_map_clear(&operations->by_op);
}

struct s2si_operation *s2si_operation_new(struct s2si_operations *operations, enum s2si_operation_kind kind,
                                          s2s_gateway *gateway)
{
    struct s2si_operation *operation = s2si_alloc(operations->mem, sizeof(*operation));

    if (!operation) {
        return NULL;
    }
    operation->op = ++operations->next_op;
    operation->kind = kind;
    operation->gateway = gateway;
    s2si_list_init(&operation->node);
    if (s2si_map_put(&operations->by_op, &operation->op, sizeof(operation->op), operation)) {
        s2si_free(operations->mem, operation, sizeof(*operation));
        return NULL;
    }
    operations->outstanding++;
    operations->started++;
    if (gateway) {
        gateway->operations++;
    }
    return operation;
}

struct s2si_operation *s2si_operation_take(struct s2si_operations *operations, uint64_t op)
{
    struct s2si_operation *operation = s2si_map_remove(&operations->by_op, &op, sizeof(op));

    if (operation) {
        operations->outstanding--;
        if (operation->gateway) {
            operation->gateway->operations--;
        }
        s2si_list_remove(&operation->node);
    }
    return operation;
}

void s2si_operation_free(struct s2si_operations *operations, struct s2si_operation *operation)
{
    s2si_free(operations->mem, operation, sizeof(*operation));
}

void s2s_crypto_job_run(struct s2s_crypto_job *job)
{
    s2si_ike_job_run(job->job);
}
