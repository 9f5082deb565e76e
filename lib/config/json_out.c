/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/config/json_out.h"

void s2si_out_item(struct s2si_json_out *out, cJSON *parent, const char *key, cJSON *value)
{
    cJSON_bool added = 0;

    if (parent && value) {
        added = key ? cJSON_AddItemToObject(parent, key, value) : cJSON_AddItemToArray(parent, value);
    }
    if (!added) {
        cJSON_Delete(value);
        out->failed = true;
    }
}

static cJSON *added(struct s2si_json_out *out, cJSON *parent, const char *key, cJSON *value)
{
    if (!value) {
        out->failed = true;
        return NULL;
    }
    if (key || cJSON_IsArray(parent)) {
        s2si_out_item(out, parent, key, value);
        return out->failed ? NULL : value;
    }
    return value;
}

cJSON *s2si_out_object(struct s2si_json_out *out, cJSON *parent, const char *key)
{
    return out->failed ? NULL : added(out, parent, key, cJSON_CreateObject());
}

cJSON *s2si_out_list(struct s2si_json_out *out, cJSON *parent, const char *key)
{
    return out->failed ? NULL : added(out, parent, key, cJSON_CreateArray());
}

void s2si_out_text(struct s2si_json_out *out, cJSON *parent, const char *key, const char *text)
{
    if (!out->failed) {
        s2si_out_item(out, parent, key, cJSON_CreateString(text ? text : ""));
    }
}

void s2si_out_number(struct s2si_json_out *out, cJSON *parent, const char *key, double number)
{
    if (!out->failed) {
        s2si_out_item(out, parent, key, cJSON_CreateNumber(number));
    }
}

void s2si_out_bool(struct s2si_json_out *out, cJSON *parent, const char *key, bool value)
{
    if (!out->failed) {
        s2si_out_item(out, parent, key, cJSON_CreateBool(value));
    }
}

int s2si_out_print(struct s2si_json_out *out, cJSON *tree, char **text)
{
    *text = out->failed ? NULL : cJSON_PrintUnformatted(tree);
    cJSON_Delete(tree);
    return *text ? 0 : S2S_ERR_NO_MEMORY;
}
