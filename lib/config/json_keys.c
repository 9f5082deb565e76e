/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: the nearest one to a misspelt one, doubled ones, and how values look in an error list. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/config/config.h"

enum { LONGEST_WORD = 40, MOST_KEYS = 256 };

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
    unsigned least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance, letters compared without case; words that are too long are far from everything. */
static unsigned distance(const char *a, const char *b)
{
    size_t rows = strlen(a), columns = strlen(b);
    unsigned line[LONGEST_WORD + 1];

    if (rows > LONGEST_WORD || columns > LONGEST_WORD) {
        return LONGEST_WORD;
    }
    for (unsigned c = 0; c <= columns; c++) {
        line[c] = c;
    }
    for (unsigned r = 1; r <= rows; r++) {
        unsigned corner = line[0];
        line[0] = r;
        for (unsigned c = 1; c <= columns; c++) {
            unsigned above = line[c];
            unsigned same = tolower((unsigned char)a[r - 1]) == tolower((unsigned char)b[c - 1]) ? 0 : 1;
            line[c] = smallest(above + 1, line[c - 1] + 1, corner + same);
            corner = above;
        }
    }
    return line[columns];
}

const char *s2si_nearest(const char *word, const char *const *words, size_t count)
{
    const char *best = NULL;
    unsigned nearest = (unsigned)(strlen(word) / 3 + 1);

    for (size_t i = 0; i < count; i++) {
        unsigned far = distance(word, words[i]);
        if (far <= nearest && far < strlen(words[i])) {
            best = words[i];
            nearest = far ? far - 1 : 0;
        }
        if (far == 0) {
            break;
        }
    }
    return best;
}

char *s2si_printable(const char *text, char *out, size_t size)
{
    size_t used = 0;

    for (; *text && used + 1 < size; text++) {
        unsigned char letter = (unsigned char)*text;
        out[used++] = letter < 0x20 || letter == 0x7f ? '?' : (char)letter;
    }
    while (*text && used > 0 && ((unsigned char)out[used - 1] & 0xc0u) == 0x80u) {
        used--; /* cut between characters, not inside one */
    }
    if (*text && used > 0 && (unsigned char)out[used - 1] >= 0xc0u) {
        used--;
    }
    out[used] = '\0';
    return out;
}

char *s2si_json_shown(const cJSON *value, char *out, size_t size)
{
    if (cJSON_IsString(value)) {
        return s2si_printable(value->valuestring, out, size);
    }
    if (cJSON_IsNumber(value)) {
        snprintf(out, size, "%.15g", value->valuedouble);
    } else if (cJSON_IsBool(value)) {
        snprintf(out, size, "%s", cJSON_IsTrue(value) ? "true" : "false");
    } else {
        snprintf(out, size, "%s", cJSON_IsNull(value) ? "null" : cJSON_IsArray(value) ? "a list" : "an object");
    }
    return out;
}

static void check_object(const cJSON *object, struct s2si_errors *errors)
{
    size_t count = 0;

    for (const cJSON *key = object->child; key; key = key->next) {
        char shown[64];
        if (++count > MOST_KEYS) {
            s2si_config_add(errors, false, errors->path, NULL, "has too many keys (more than 256)");
            return;
        }
        for (const cJSON *earlier = object->child; earlier != key; earlier = earlier->next) {
            if (strcmp(earlier->string, key->string) == 0) {
                size_t mark = s2si_errors_push(errors, s2si_printable(key->string, shown, sizeof(shown)), -1);
                s2si_config_add(errors, false, errors->path, NULL, "stands twice; each key stands once");
                s2si_errors_pop(errors, mark);
                break;
            }
        }
    }
}

void s2si_json_check_keys(const cJSON *tree, struct s2si_errors *errors)
{
    int index = 0;

    if (cJSON_IsObject(tree)) {
        check_object(tree, errors);
    }
    for (const cJSON *child = tree->child; child; child = child->next) {
        char shown[64];
        if (!child->child) {
            index++;
            continue;
        }
        size_t mark = child->string ? s2si_errors_push(errors, s2si_printable(child->string, shown, sizeof(shown)), -1)
                                    : s2si_errors_push(errors, NULL, index);
        s2si_json_check_keys(child, errors);
        s2si_errors_pop(errors, mark);
        index++;
    }
}
