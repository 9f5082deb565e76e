/* SPDX-License-Identifier: Apache-2.0 */
/* json_out: building a tree without asking after each step: out->failed is set when memory ran out. All may be given
 * NULL. */
#ifndef S2SI_CONFIG_JSON_OUT_H
#define S2SI_CONFIG_JSON_OUT_H

#include "lib/config/config.h"

struct s2si_json_out {
    bool failed;
};

/* A new object or list inside parent (an object under key, a list with key NULL); parent NULL = a root. */
cJSON *s2si_out_object(struct s2si_json_out *out, cJSON *parent, const char *key);
cJSON *s2si_out_list(struct s2si_json_out *out, cJSON *parent, const char *key);
void s2si_out_text(struct s2si_json_out *out, cJSON *parent, const char *key, const char *text);
void s2si_out_number(struct s2si_json_out *out, cJSON *parent, const char *key, double number);
void s2si_out_bool(struct s2si_json_out *out, cJSON *parent, const char *key, bool value);
/* Takes value, whatever it is. */
void s2si_out_item(struct s2si_json_out *out, cJSON *parent, const char *key, cJSON *value);
/* Prints and frees the tree. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_out_print(struct s2si_json_out *out, cJSON *tree, char **text);

#endif
