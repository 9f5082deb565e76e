/* SPDX-License-Identifier: Apache-2.0 */
/* secret: bytes that must not outlive their use. Never printed; there is no format function on purpose. */
#ifndef S2SI_SECRET_H
#define S2SI_SECRET_H

#include "lib/base/mem.h"

struct s2si_secret {
    uint8_t *data;
    size_t length;
};

/* Copies; an earlier value is wiped. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_secret_set(struct s2si_mem *mem, struct s2si_secret *secret, const void *data, size_t length);
/* Room for length bytes, zeroed; an earlier value is wiped. */
int s2si_secret_reserve(struct s2si_mem *mem, struct s2si_secret *secret, size_t length);
void s2si_secret_clear(struct s2si_mem *mem, struct s2si_secret *secret);
bool s2si_secret_equal(const struct s2si_secret *a, const struct s2si_secret *b);
/* Moves without copying; from is empty afterwards, the earlier value of to is wiped. */
void s2si_secret_move(struct s2si_mem *mem, struct s2si_secret *to, struct s2si_secret *from);

#endif
