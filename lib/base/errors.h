/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errors: everything that is wrong with a configuration, at once. Each entry names the field (a JSON path such as
 * connections[0].tunnels[1].psk), the value as given (never a secret) and the rule that it breaks. Warnings ride along.
 */
#ifndef S2SI_ERRORS_H
#define S2SI_ERRORS_H

#include "lib/base/mem.h"

struct s2si_error_entry {
    bool warning;
    char *path, *value, *rule;
    const char *code; /* static text that names the rule for programs; NULL = none */
};

struct s2si_errors {
    struct s2si_mem *mem;
    struct s2si_error_entry *entries;
    size_t count, capacity, error_count; /* error_count leaves warnings out */
    bool out_of_memory;
    char path[256]; /* the path being walked, see push and pop */
    size_t path_length;
};

void s2si_errors_init(struct s2si_errors *errors, struct s2si_mem *mem);
void s2si_errors_clear(struct s2si_errors *errors);
/* Walks into a member ("tunnels", index -1) or element ("tunnels", 1 -> tunnels[1]); returns a mark for pop. */
size_t s2si_errors_push(struct s2si_errors *errors, const char *member, int index);
void s2si_errors_pop(struct s2si_errors *errors, size_t mark);
/* Adds an entry at the present path plus field (NULL = the path itself); value may be NULL. */
void s2si_errors_add(struct s2si_errors *errors, const char *field, const char *value, const char *rule_format, ...)
    __attribute__((format(printf, 4, 5)));
void s2si_errors_warn(struct s2si_errors *errors, const char *field, const char *value, const char *rule_format, ...)
    __attribute__((format(printf, 4, 5)));
/* Names the rule of the entry that was added last. code has static storage. */
void s2si_errors_code(struct s2si_errors *errors, const char *code);

#endif
