/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/profile.h"

#include <stdio.h>
#include <string.h>

const char *s2s_profile_name(const struct s2s_profile *profile)
{
    return profile ? profile->name : "generic";
}

const struct s2si_profile_field *s2si_profile_field(const struct s2s_profile *profile, enum s2si_field_id id)
{
    size_t low = 0, high = profile ? profile->field_count : 0;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (profile->fields[middle].field == id) {
            return &profile->fields[middle];
        }
        if (profile->fields[middle].field < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static const struct s2si_value no_value = S2SI_NO_VALUE;

const struct s2si_value *s2si_profile_default(const struct s2s_profile *profile, const struct s2s_profile *far,
                                              int defaults, enum s2si_field_id id)
{
    const struct s2si_profile_field *row;

    if (profile->device_facing && far && far != profile) {
        row = s2si_profile_field(far, id);
        if (row && row->device.given) {
            return &row->device;
        }
    }
    row = s2si_profile_field(profile, id);
    if (!row) {
        return &no_value;
    }
    return defaults == S2S_DEFAULTS_API && row->api.given ? &row->api : &row->console;
}

const char *s2si_profile_algorithm_word(const struct s2s_profile *profile, enum s2s_transform_type type,
                                        enum s2s_algorithm algorithm)
{
    for (size_t i = 0; profile && i < profile->algorithm_word_count; i++) {
        const struct s2si_algorithm_word *word = &profile->algorithm_words[i];
        if (word->type == type && word->algorithm == algorithm) {
            return word->word;
        }
    }
    return algorithm == S2S_ALG_NONE ? "disabled" : s2s_algorithm_name(algorithm);
}

static int set_default(struct s2si_mem *mem, const struct s2si_field *field, void *params,
                       const struct s2si_value *value)
{
    void *at = s2si_field_at(field, params);
    char *text;

    switch (field->kind) {
    case S2SI_KIND_TEXT:
    case S2SI_KIND_SECRET_TEXT:
        text = s2si_text_copy(mem, value->text);
        if (value->text && !text) {
            return S2S_ERR_NO_MEMORY;
        }
        memcpy(at, &text, sizeof(text));
        return 0;
    case S2SI_KIND_ALGORITHMS:
        if (value->algorithms) {
            memcpy(at, value->algorithms, sizeof(*value->algorithms));
        }
        return 0;
    case S2SI_KIND_INT:
    case S2SI_KIND_BOOL:
    case S2SI_KIND_ENUM:
    case S2SI_KIND_ASN:
        s2si_field_set_number(field, params, value->number);
        return 0;
    default:
        return 0; /* addresses and lists have no fixed defaults */
    }
}

int s2si_profile_fill(struct s2si_mem *mem, const struct s2s_profile *profile, const struct s2s_profile *far,
                      int defaults, enum s2si_object object, void *params)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    for (size_t i = 0; i < count; i++) {
        const struct s2si_value *value = s2si_profile_default(profile, far, defaults, fields[i].id);
        if (value->given && !s2si_field_is_set(&fields[i], params)) {
            int error = set_default(mem, &fields[i], params, value);
            if (error) {
                return error;
            }
        }
    }
    return 0;
}

/* ---- one field against its row ---- */

struct check {
    const struct s2si_field *field;
    const struct s2si_profile_field *row;
    const void *params;
    struct s2si_errors *errors;
    char value[160];
};

static void refuse(struct check *check, const char *what)
{
    const char *rule = check->row && check->row->rule ? check->row->rule : "";
    s2si_errors_add(check->errors, check->field->key, check->value, "%s%s%s", what, what[0] && rule[0] ? "; " : "",
                    rule);
}

static bool number_allowed(const struct s2si_profile_field *row, int64_t number)
{
    for (size_t i = 0; i < row->allowed_count; i++) {
        if (row->allowed_numbers[i] == number) {
            return true;
        }
    }
    return row->allowed_count == 0;
}

static bool word_known(const struct s2si_field *field, int64_t number)
{
    if (field->kind == S2SI_KIND_BOOL) {
        return number == 0 || number == 1;
    }
    for (const struct s2si_word *word = field->words; word && word->word; word++) {
        if (word->value == number) {
            return true;
        }
    }
    return field->kind != S2SI_KIND_ENUM;
}

static void check_number(struct check *check)
{
    int64_t number = s2si_field_number(check->field, check->params);
    const struct s2si_profile_field *row = check->row;
    char text[96];

    if (!word_known(check->field, number)) {
        refuse(check, "not a value of this field");
    } else if (row && !number_allowed(row, number)) {
        refuse(check, "not allowed");
    } else if (row && (row->minimum || row->maximum) && (number < row->minimum || number > row->maximum)) {
        snprintf(text, sizeof(text), "must be %lld to %lld%s%s", (long long)row->minimum, (long long)row->maximum,
                 check->field->unit[0] ? " " : "", check->field->unit);
        refuse(check, text);
    }
}

static void check_text(struct check *check, const char *text, size_t length)
{
    const struct s2si_profile_field *row = check->row;
    char rule[96];

    if (!row) {
        return;
    }
    if (length < row->shortest || (row->longest && length > row->longest)) {
        snprintf(rule, sizeof(rule), "must be %u to %u characters long, is %zu", row->shortest, row->longest, length);
        refuse(check, rule);
        return;
    }
    for (size_t i = 0; row->alphabet && i < length; i++) {
        if (text[i] == '\0' || !strchr(row->alphabet, text[i])) {
            refuse(check, "holds a character that is not allowed");
            return;
        }
    }
    if (length && row->not_first && strchr(row->not_first, text[0])) {
        refuse(check, "starts with a character that is not allowed there");
    }
}

static bool list_has(const struct s2s_algorithm_list *list, uint16_t algorithm)
{
    for (size_t i = 0; list && i < list->count; i++) {
        if (list->items[i] == algorithm) {
            return true;
        }
    }
    return false;
}

static const char *algorithm_refusal(const struct check *check, uint16_t algorithm)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info((enum s2s_algorithm)algorithm);

    if (algorithm == S2S_ALG_NONE) {
        if (check->field->id != S2SI_TUN_IPSEC_PFS) {
            return "an algorithm is needed";
        }
    } else if (!info || info->type != check->field->transform) {
        return "not an algorithm of this kind";
    }
    if (check->row && check->row->allowed && !list_has(check->row->allowed, algorithm) &&
        !list_has(check->row->allowed_more, algorithm)) {
        return "not allowed";
    }
    return NULL;
}

static void check_algorithms(struct check *check)
{
    const struct s2s_algorithm_list *list = s2si_field_of(check->field, check->params);
    char text[64];

    if (list->count > S2S_ALGORITHMS) {
        refuse(check, "too many algorithms");
        return;
    }
    if (check->row && check->row->most && list->count > check->row->most) {
        snprintf(text, sizeof(text), "at most %u here", check->row->most);
        refuse(check, text);
    }
    for (size_t i = 0; i < list->count; i++) {
        const char *why = algorithm_refusal(check, list->items[i]);
        if (why) {
            snprintf(check->value, sizeof(check->value), "%s",
                     list->items[i] ? s2s_algorithm_name((enum s2s_algorithm)list->items[i]) : "disabled");
            refuse(check, why);
        }
    }
}

static void check_list(struct check *check)
{
    size_t count = s2si_field_count(check->field, check->params);
    char text[64];

    if (!check->row) {
        return;
    }
    if (count < check->row->least || (check->row->most && count > check->row->most)) {
        snprintf(text, sizeof(text), "must have %u to %u entries, has %zu", check->row->least, check->row->most, count);
        refuse(check, text);
    }
}

static void check_secret(struct check *check)
{
    const char *pointer;

    memcpy(&pointer, s2si_field_of(check->field, check->params), sizeof(pointer));
    if (check->field->kind == S2SI_KIND_SECRET) {
        size_t length;
        memcpy(&length, (const char *)check->params + check->field->count_offset, sizeof(length));
        check_text(check, pointer, length);
    } else {
        check_text(check, pointer, strlen(pointer));
    }
}

static void check_field(struct check *check)
{
    switch (check->field->kind) {
    case S2SI_KIND_INT:
    case S2SI_KIND_BOOL:
    case S2SI_KIND_ENUM:
    case S2SI_KIND_ASN:
        check_number(check);
        break;
    case S2SI_KIND_TEXT:
    case S2SI_KIND_SECRET_TEXT:
    case S2SI_KIND_SECRET:
        check_secret(check);
        break;
    case S2SI_KIND_ALGORITHMS:
        check_algorithms(check);
        break;
    case S2SI_KIND_ADDRESSES:
    case S2SI_KIND_PREFIXES:
    case S2SI_KIND_OBJECTS:
        check_list(check);
        break;
    default:
        break;
    }
}

void s2si_profile_check(const struct s2s_profile *profile, bool strict, enum s2si_object object, const void *params,
                        struct s2si_errors *errors)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    for (size_t i = 0; i < count; i++) {
        struct check check = { &fields[i], s2si_profile_field(profile, fields[i].id), params, errors, "" };
        if (check.row && check.row->strict && !strict) {
            check.row = NULL;
        }
        if (!s2si_field_is_set(&fields[i], params)) {
            if (fields[i].required || (check.row && check.row->presence == S2SI_REQUIRED)) {
                refuse(&check, "is required");
            }
            continue;
        }
        s2si_field_format(&fields[i], params, check.value, sizeof(check.value));
        check_field(&check);
    }
}

void s2si_profile_check_facing(const struct s2s_profile *profile, bool strict, enum s2si_object object,
                               const void *params, struct s2si_errors *errors)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    for (size_t i = 0; i < count; i++) {
        struct check check = { &fields[i], s2si_profile_field(profile, fields[i].id), params, errors, "" };
        if (check.row && check.row->facing && (strict || !check.row->strict) && s2si_field_is_set(&fields[i], params)) {
            s2si_field_format(&fields[i], params, check.value, sizeof(check.value));
            check_field(&check);
        }
    }
}

void s2si_profile_rules(const struct s2s_profile *profile, enum s2si_object object, const struct s2si_rule_input *input)
{
    for (size_t i = 0; i < profile->rule_count; i++) {
        const struct s2si_profile_rule *rule = &profile->rules[i];
        if (rule->object == object && (input->strict || !rule->strict)) {
            rule->check(input);
        }
    }
}
