/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ops: operations that wait for an answer. An operation knows what it was about (an item of the actual set with the
 * generation that it carries, an SPI that IKE waits for, a DH step, a scan), so that no completion is ever lost:
 *
 *   started ──> queued in actions ──> handed out ──> s2s_engine_complete ──> reconcile / IKE
 */
#ifndef S2SI_GATEWAY_OPS_H
#define S2SI_GATEWAY_OPS_H

#include <s2svpn/gateway.h>
#include "lib/base/base.h"

struct s2si_item;
struct s2si_ike_job;

/* The public face of a DH step. */
struct s2s_crypto_job {
    struct s2si_ike_job *job;
};

enum s2si_operation_kind { S2SI_OP_ITEM = 0, S2SI_OP_SPI, S2SI_OP_JOB, S2SI_OP_SCAN, S2SI_OP_STREAM };

struct s2si_operation {
    struct s2si_list node; /* actions->operations or ->jobs while it waits to be handed out */
    uint64_t op;
    enum s2si_operation_kind kind;
    s2s_gateway *gateway;
    /* ITEM */
    struct s2si_item *item;
    enum s2s_action_type action;
    uint64_t generation; /* of the item's content when it was handed out */
    /* SPI */
    uint64_t ike_op;
    struct s2s_endpoint local, remote;
    /* JOB */
    struct s2s_crypto_job job;
    /* STREAM: CONNECT */
    uint64_t stream;
    uint32_t tunnel;
};

struct s2si_operations {
    struct s2si_mem *mem;
    struct s2si_map by_op;
    uint64_t next_op;
    size_t outstanding;
    uint64_t started, refused;
};

int s2si_operations_init(struct s2si_operations *operations, struct s2si_mem *mem, const uint64_t seed[2]);
void s2si_operations_free(struct s2si_operations *operations);
/* A new operation with a number of its own, or NULL without memory. */
struct s2si_operation *s2si_operation_new(struct s2si_operations *operations, enum s2si_operation_kind kind,
                                          s2s_gateway *gateway);
/* Takes it out; the caller frees it with s2si_operation_free. NULL if there is none. */
struct s2si_operation *s2si_operation_take(struct s2si_operations *operations, uint64_t op);
void s2si_operation_free(struct s2si_operations *operations, struct s2si_operation *operation);

#endif
