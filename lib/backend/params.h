/* SPDX-License-Identifier: Apache-2.0 */
/* params: taking over a struct that starts with its size, from a caller who may know fewer or more members than we do. */
#ifndef S2SI_BACKEND_PARAMS_H
#define S2SI_BACKEND_PARAMS_H

#include <stddef.h>

/* Copies defaults into a caller's struct of struct_size bytes: cut when it is smaller, zeros behind when it is larger. */
void s2si_params_fill(void *params, size_t struct_size, const void *defaults, size_t size);
/* The same the other way: what the caller set over the defaults that out already holds; out keeps its own size. */
void s2si_params_take(void *out, size_t size, const void *params);

#endif
