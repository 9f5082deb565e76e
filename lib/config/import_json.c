/* SPDX-License-Identifier: Apache-2.0 */
/* Clouds' JSON into fields: a strict parse, and a walk that makes a path and a value of each leaf. */
#include <stdio.h>
#include <string.h>

#include "lib/config/import.h"

enum { DEPTH = 16, PATH = 200 };

/* ---- parsing ---- */

static cJSON *checked(struct s2s_import *import, cJSON *tree)
{
    size_t before = import->errors.error_count;

    s2si_json_check_keys(tree, &import->errors);
    if (import->errors.error_count != before || !cJSON_IsObject(tree)) {
        if (!cJSON_IsObject(tree)) {
            s2si_import_refuse(import, "", NULL, "is an object");
        }
        s2si_json_free_tree(tree);
        return NULL;
    }
    return tree;
}

cJSON *s2si_import_tree(struct s2s_import *import, const char *text, size_t length, int *error)
{
    size_t at = 0;
    const char *rule = s2si_json_scan(text, length, DEPTH, &at);
    char *copy;
    cJSON *tree;

    *error = 0;
    if (rule) {
        s2si_import_refuse(import, "", NULL, rule);
        return NULL;
    }
    copy = s2si_alloc(&import->mem, length + 1);
    if (!copy) {
        *error = S2S_ERR_NO_MEMORY;
        return NULL;
    }
    memcpy(copy, text, length);
    tree = cJSON_ParseWithLengthOpts(copy, length + 1, NULL, 1);
    s2si_free_secret(&import->mem, copy, length + 1);
    if (!tree) {
        s2si_import_refuse(import, "", NULL, "is not JSON");
        return NULL;
    }
    return checked(import, tree);
}

/* ---- shapes ---- */

bool s2si_import_unwrap(cJSON *object, const char *key)
{
    cJSON *around = cJSON_GetObjectItemCaseSensitive(object, key), *list;

    if (!cJSON_IsObject(around) || !cJSON_IsArray(around->child) || around->child->next) {
        return true;
    }
    list = cJSON_DetachItemViaPointer(around, around->child);
    if (!cJSON_ReplaceItemInObjectCaseSensitive(object, key, list)) {
        s2si_json_free_tree(list);
        return false;
    }
    return true;
}

/* ---- one of several connections ---- */

/* Values that are no list, object, null or "". */
static size_t leaves(const cJSON *value)
{
    size_t count = cJSON_IsNumber(value) || cJSON_IsBool(value) || (cJSON_IsString(value) && value->valuestring[0]);

    for (const cJSON *child = value->child; child; child = child->next) {
        count += leaves(child);
    }
    return count;
}

void s2si_import_skip(struct s2s_import *import, const char *path, const cJSON *object, const char *value,
                      const char *rule)
{
    size_t count = leaves(object);

    import->counts.fields += count;
    import->counts.noted += count;
    s2si_import_warn(import, path, value, rule);
}

bool s2si_import_chosen(struct s2s_import *import, const char *path, const cJSON *object)
{
    static const char *const keys[] = {"VpnConnectionId", "Name"};
    const char *wanted = import->options.connection, *word = NULL;

    for (size_t i = 0; wanted && i < S2SI_COUNT(keys); i++) {
        const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, keys[i]));
        if (text && strcmp(text, wanted) == 0) {
            return true;
        }
        word = word ? word : text;
    }
    if (wanted) {
        s2si_import_skip(import, path, object, word, "is not the chosen connection; it was left out");
    }
    return !wanted;
}

/* ---- walking ---- */

struct step {
    const struct s2si_json_walk *walk;
    struct s2si_place place;
    char path[PATH], shown[PATH]; /* for the table; for people */
};

static void walk_value(const struct step *step, const cJSON *value);

/* One step down. @return false when it is too deep to be named. */
static bool descend(const struct step *step, struct step *inner, const char *key, long index)
{
    int a, b;

    inner->walk = step->walk;
    inner->place = step->place;
    if (key) {
        a = snprintf(inner->path, PATH, "%s%s%s", step->path, step->path[0] ? "." : "", key);
        b = snprintf(inner->shown, PATH, "%s%s%s", step->shown, step->shown[0] ? "." : "", key);
    } else {
        a = snprintf(inner->path, PATH, "%s[]", step->path);
        b = snprintf(inner->shown, PATH, "%s[%ld]", step->shown, index);
    }
    if (a < 0 || b < 0 || a >= PATH || b >= PATH) {
        s2si_import_refuse(step->place.import, step->shown, NULL, "holds names that are too long");
        return false;
    }
    return true;
}

static bool holds_tunnels(const struct step *step)
{
    for (size_t i = 0; i < S2SI_COUNT(step->walk->tunnels); i++) {
        if (step->walk->tunnels[i] && strcmp(step->path, step->walk->tunnels[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void walk_list(const struct step *step, const cJSON *list)
{
    bool tunnels = holds_tunnels(step);
    long index = 0;

    for (const cJSON *element = list->child; element; element = element->next, index++) {
        struct step inner;
        if (!descend(step, &inner, NULL, index)) {
            return;
        }
        if (tunnels) {
            inner.place.tunnel = step->walk->which(&step->place, element, (size_t)index);
            if (!inner.place.tunnel) {
                s2si_import_refuse(step->place.import, inner.shown, NULL, "is a third tunnel, or the same one again");
                return;
            }
            inner.place.tunnel->given = true;
        }
        walk_value(&inner, element);
    }
}

static void walk_value(const struct step *step, const cJSON *value)
{
    char text[64];

    if (cJSON_IsArray(value)) {
        walk_list(step, value);
    } else if (cJSON_IsObject(value)) {
        for (const cJSON *child = value->child; child; child = child->next) {
            struct step inner;
            if (!descend(step, &inner, child->string, 0)) {
                return;
            }
            walk_value(&inner, child);
        }
    } else if (cJSON_IsString(value) && value->valuestring[0]) {
        s2si_import_field(&step->place, step->walk->rows, step->walk->row_count, step->path, step->shown,
                          value->valuestring);
    } else if (cJSON_IsNumber(value) || cJSON_IsBool(value)) {
        s2si_json_shown(value, text, sizeof(text));
        s2si_import_field(&step->place, step->walk->rows, step->walk->row_count, step->path, step->shown, text);
    } /* null and "" give nothing */
}

void s2si_import_walk(const struct s2si_json_walk *walk, const cJSON *object)
{
    struct step step = {.walk = walk, .place = walk->place};

    snprintf(step.shown, PATH, "%s", walk->prefix);
    walk_value(&step, object);
}
