/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/params.h"

#include <string.h>

void s2si_params_fill(void *params, size_t struct_size, const void *defaults, size_t size)
{
    if (params == NULL || struct_size < sizeof(size_t)) {
        return;
    }
    memset(params, 0, struct_size);
    memcpy(params, defaults, struct_size < size ? struct_size : size);
    memcpy(params, &struct_size, sizeof struct_size);
}

void s2si_params_take(void *out, size_t size, const void *params)
{
    size_t given;
    memcpy(&given, params, sizeof given);
    memcpy(out, params, given < size ? given : size);
    memcpy(out, &size, sizeof size);
}
