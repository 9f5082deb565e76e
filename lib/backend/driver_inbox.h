/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver_inbox: what a kernel reports from inside submit. The action that is being submitted is borrowed from the engine, so
 * the engine must not be called before submit has returned; until then reports are copied and kept here, in order.
 *
 * One completion always has room (the action in hand may be answered even when memory is short); it is why a place is
 * reserved before an action is pulled.
 */
#ifndef S2SI_DRIVER_INBOX_H
#define S2SI_DRIVER_INBOX_H

#include <s2svpn/action.h>
#include "lib/base/list.h"

enum s2si_inbox_kind { S2SI_INBOX_COMPLETE, S2SI_INBOX_STREAM, S2SI_INBOX_NOTICE };

struct s2si_inbox_entry {
    struct s2si_list node;
    enum s2si_inbox_kind kind;
    size_t size; /* of the whole block */
    uint64_t op;
    union {
        struct s2s_result result;
        struct s2s_stream_input stream;
        struct s2s_kernel_notice notice;
    } u;
    uint8_t bytes[]; /* what the pointers above point to */
};

struct s2si_inbox {
    struct s2si_mem *mem;
    struct s2si_list entries;
    struct s2si_inbox_entry *reserve;
    uint64_t lost; /* reports for which there was no memory */
};

void s2si_inbox_init(struct s2si_inbox *inbox, struct s2si_mem *mem);
void s2si_inbox_clear(struct s2si_inbox *inbox);
/* Makes sure that one completion can be kept. @return false when there is no memory. */
bool s2si_inbox_reserve(struct s2si_inbox *inbox);
void s2si_inbox_complete(struct s2si_inbox *inbox, uint64_t op, const struct s2s_result *result);
void s2si_inbox_stream(struct s2si_inbox *inbox, const struct s2s_stream_input *input);
void s2si_inbox_notice(struct s2si_inbox *inbox, const struct s2s_kernel_notice *notice);
/* The oldest entry, which the caller frees with s2si_inbox_free, or NULL. */
struct s2si_inbox_entry *s2si_inbox_take(struct s2si_inbox *inbox);
void s2si_inbox_free(struct s2si_inbox *inbox, struct s2si_inbox_entry *entry);

#endif
