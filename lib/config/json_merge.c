/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 7396 (merge patch), and a three-way merge of objects. cJSON's comparisons and look-ups are told to mind the case.
 * Trees given in stay as they are; what comes out is new.
 */
#include <string.h>

#include "lib/config/config.h"

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, key) : NULL;
}

/* Takes value into object under key. @return false when there is no memory (value is freed). */
static bool take(cJSON *object, const char *key, cJSON *value)
{
    if (value && cJSON_AddItemToObject(object, key, value)) {
        return true;
    }
    s2si_json_free_tree(value);
    return false;
}

static cJSON *given_up(cJSON *tree)
{
    s2si_json_free_tree(tree);
    return NULL;
}

/* RFC 7396 section 2: for an object each member is merged, and null removes; anything else replaces the whole. */
cJSON *s2si_json_merge_patch(const cJSON *target, const cJSON *patch)
{
    cJSON *result;

    if (!cJSON_IsObject(patch)) {
        return cJSON_Duplicate(patch, 1);
    }
    result = cJSON_CreateObject();
    for (const cJSON *old = cJSON_IsObject(target) ? target->child : NULL; result && old; old = old->next) {
        if (!member(patch, old->string) && !take(result, old->string, cJSON_Duplicate(old, 1))) {
            return given_up(result);
        }
    }
    for (const cJSON *change = patch->child; result && change; change = change->next) {
        if (!cJSON_IsNull(change) &&
            !take(result, change->string, s2si_json_merge_patch(member(target, change->string), change))) {
            return given_up(result);
        }
    }
    return result;
}

static bool same(const cJSON *a, const cJSON *b)
{
    return (!a && !b) || (a && b && cJSON_Compare(a, b, 1));
}

/* What one key holds: the new file's value where the file changed, else what holds now. NULL with *none = nothing. */
static cJSON *merge_member(const cJSON *before, const cJSON *now, const cJSON *after, bool *none)
{
    const cJSON *chosen = same(before, after) ? now : after;

    *none = !chosen;
    if (chosen == after && cJSON_IsObject(before) && cJSON_IsObject(now) && cJSON_IsObject(after)) {
        return s2si_json_merge_three(before, now, after);
    }
    return chosen ? cJSON_Duplicate(chosen, 1) : NULL;
}

static bool merge_into(cJSON *result, const char *key, const cJSON *before, const cJSON *now, const cJSON *after)
{
    bool none;
    cJSON *value = merge_member(member(before, key), member(now, key), member(after, key), &none);

    return none || take(result, key, value);
}

cJSON *s2si_json_merge_three(const cJSON *before, const cJSON *now, const cJSON *after)
{
    cJSON *result = cJSON_CreateObject();

    for (const cJSON *key = after->child; result && key; key = key->next) {
        if (!merge_into(result, key->string, before, now, after)) {
            return given_up(result);
        }
    }
    for (const cJSON *key = now->child; result && key; key = key->next) {
        if (!member(after, key->string) && !merge_into(result, key->string, before, now, after)) {
            return given_up(result);
        }
    }
    return result;
}
