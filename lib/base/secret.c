/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/secret.h"

#include <s2svpn/error.h>

#include <string.h>

int s2si_secret_reserve(struct s2si_mem *mem, struct s2si_secret *secret, size_t length)
{
    uint8_t *data = length == 0 ? NULL : s2si_alloc(mem, length);
    if (length != 0 && data == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    s2si_secret_clear(mem, secret);
    secret->data = data;
    secret->length = length;
    return 0;
}

int s2si_secret_set(struct s2si_mem *mem, struct s2si_secret *secret, const void *data, size_t length)
{
    /* data may lie inside the earlier value: copy first, wipe afterwards. */
    struct s2si_secret fresh = {0};
    int error = s2si_secret_reserve(mem, &fresh, length);
    if (error != 0) {
        return error;
    }
    if (length != 0) {
        memcpy(fresh.data, data, length);
    }
    s2si_secret_move(mem, secret, &fresh);
    return 0;
}

void s2si_secret_clear(struct s2si_mem *mem, struct s2si_secret *secret)
{
    s2si_free_secret(mem, secret->data, secret->length);
    *secret = (struct s2si_secret){0};
}

bool s2si_secret_equal(const struct s2si_secret *a, const struct s2si_secret *b)
{
    return a->length == b->length && s2si_equal_secret(a->data, b->data, a->length);
}

void s2si_secret_move(struct s2si_mem *mem, struct s2si_secret *to, struct s2si_secret *from)
{
    if (to == from) {
        return;
    }
    s2si_secret_clear(mem, to);
    *to = *from;
    *from = (struct s2si_secret){0};
}
