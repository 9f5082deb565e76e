/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of a params struct as JSON, by the same table that reads them: what is printed can be read back. */
#include <stdio.h>
#include <string.h>

#include "lib/config/json_out.h"

static const void *pointer_of(const struct s2si_field *field, const void *params)
{
    const void *pointer;
    memcpy(&pointer, s2si_field_of(field, params), sizeof(pointer));
    return pointer;
}

/* A list that could not be filled is none. */
static cJSON *whole(const struct s2si_json_out *out, cJSON *list)
{
    if (!out->failed) {
        return list;
    }
    cJSON_Delete(list);
    return NULL;
}

static cJSON *address_value(const struct s2s_addr *addr, const char *none)
{
    char text[S2S_ADDR_TEXT];

    return cJSON_CreateString(addr->family ? s2s_addr_format(addr, text) : none);
}

static cJSON *list_value(const struct s2si_field *field, const void *params)
{
    struct s2si_json_out out = { false };
    cJSON *list = cJSON_CreateArray();
    const void *array = pointer_of(field, params);
    char text[S2S_ADDR_TEXT];

    for (size_t i = 0; list && i < s2si_field_count(field, params); i++) {
        if (field->kind == S2SI_KIND_ADDRESSES) {
            s2si_out_item(&out, list, NULL, address_value((const struct s2s_addr *)array + i, "dynamic"));
        } else {
            s2si_out_text(&out, list, NULL, s2s_prefix_format((const struct s2s_prefix *)array + i, text));
        }
    }
    return whole(&out, list);
}

static cJSON *algorithms_value(const struct s2si_field *field, const void *params, const struct s2s_profile *profile)
{
    struct s2si_json_out out = { false };
    const struct s2s_algorithm_list *list = s2si_field_of(field, params);
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; array && i < list->count && i < S2S_ALGORITHMS; i++) {
        s2si_out_text(&out, array, NULL,
                      s2si_profile_algorithm_word(profile, field->transform, (enum s2s_algorithm)list->items[i]));
    }
    return whole(&out, array);
}

/* AWS names both IKE versions in a list. */
static cJSON *word_value(const struct s2si_field *field, const void *params)
{
    static const char *const both[] = { "ikev1", "ikev2" };
    char text[64];

    if (field->id == S2SI_TUN_IKE_VERSION && s2si_field_number(field, params) == (S2S_IKEV1 | S2S_IKEV2)) {
        return cJSON_CreateStringArray(both, 2);
    }
    return cJSON_CreateString(s2si_field_format(field, params, text, sizeof(text)));
}

static cJSON *text_value(const struct s2si_field *field, const void *params)
{
    const char *text = pointer_of(field, params);

    if (field->id == S2SI_TUN_BGP_IMPORT || field->id == S2SI_TUN_BGP_EXPORT) {
        cJSON *policy = cJSON_Parse(text);
        return policy ? policy : cJSON_CreateString(text);
    }
    return cJSON_CreateString(text);
}

static cJSON *prefix_value(const struct s2s_prefix *prefix)
{
    char text[S2S_ADDR_TEXT];

    return cJSON_CreateString(s2s_prefix_format(prefix, text));
}

cJSON *s2si_json_value_of(const struct s2si_field *field, const void *params,
                          const struct s2s_profile *profile)
{
    switch (field->kind) {
    case S2SI_KIND_BOOL: return cJSON_CreateBool(s2si_field_number(field, params) == 1);
    case S2SI_KIND_ENUM: return word_value(field, params);
    case S2SI_KIND_TEXT: return text_value(field, params);
    case S2SI_KIND_ADDRESS: return address_value(s2si_field_of(field, params), "any");
    case S2SI_KIND_PREFIX: return prefix_value(s2si_field_of(field, params));
    case S2SI_KIND_ADDRESSES:
    case S2SI_KIND_PREFIXES: return list_value(field, params);
    case S2SI_KIND_ALGORITHMS: return algorithms_value(field, params, profile);
    case S2SI_KIND_PROFILE: return cJSON_CreateString(s2s_profile_name(pointer_of(field, params)));
    default: return cJSON_CreateNumber((double)s2si_field_number(field, params));
    }
}

/* The object that the last word of a key path belongs to: "ike" in "ike.lifetime", made when it is not there. */
static cJSON *section(struct s2si_json_out *out, cJSON *object, const char **key)
{
    const char *dot;
    char name[32];

    while (object && (dot = strchr(*key, '.')) != NULL) {
        cJSON *inner;
        snprintf(name, sizeof(name), "%.*s", (int)(dot - *key), *key);
        inner = cJSON_GetObjectItemCaseSensitive(object, name);
        object = inner ? inner : s2si_out_object(out, object, name);
        *key = dot + 1;
    }
    return object;
}

int s2si_json_put(cJSON *object, const struct s2si_field *field, const void *params, const struct s2s_profile *profile)
{
    struct s2si_json_out out = { false };
    const char *key = field->key;

    if (!s2si_field_is_set(field, params) || s2si_field_is_secret(field) || field->kind == S2SI_KIND_OBJECTS) {
        return 0;
    }
    object = section(&out, object, &key);
    s2si_out_item(&out, object, key, s2si_json_value_of(field, params, profile));
    return out.failed ? S2S_ERR_NO_MEMORY : 0;
}

int s2si_json_put_all(cJSON *object, enum s2si_object kind, const void *params, const struct s2s_profile *profile)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(kind, &count);
    int error = object ? 0 : S2S_ERR_NO_MEMORY;

    for (size_t i = 0; error == 0 && i < count; i++) {
        error = s2si_json_put(object, &fields[i], params, profile);
    }
    return error;
}
