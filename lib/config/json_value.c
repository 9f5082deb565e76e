/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON value into one field of a params struct, by the field's kind. A single string (for groups a number too)
 * serves wherever a list does. Values land in a scratch struct that borrows, and s2si_field_copy makes them the
 * target's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/config.h"

enum { SHOWN = 96, MOST_ENTRIES = 1024 };

/* Room for the field of any params struct. */
union scratch {
    size_t struct_size;
    struct s2s_gateway_params gateway;
    struct s2s_route_table_params route_table;
    struct s2s_customer_gateway_params customer_gateway;
    struct s2s_connection_params connection;
    struct s2s_tunnel_params tunnel;
    struct s2s_route_params route;
};

struct reading {
    struct s2si_mem *mem;
    const struct s2si_field *field;
    struct s2si_errors *errors;
    void *params;
    union scratch scratch;
};

bool s2si_field_is_secret(const struct s2si_field *field)
{
    return field->kind == S2SI_KIND_SECRET || field->kind == S2SI_KIND_SECRET_TEXT;
}

const struct s2s_profile *s2si_profile_by_name(const char *name)
{
#if S2S_WITH_CLOUD
    const struct s2s_profile *const profiles[] = { s2s_profile_alibaba(), s2s_profile_aws(), s2s_profile_generic() };
    for (size_t i = 0; i < S2SI_COUNT(profiles); i++) {
        if (strcmp(s2s_profile_name(profiles[i]), name) == 0) {
            return profiles[i];
        }
    }
#else
    (void)name;
#endif
    return NULL;
}

/* ---- refusing ---- */

static int refuse(const struct reading *reading, const cJSON *value, const char *rule)
{
    char shown[SHOWN];
    bool secret = s2si_field_is_secret(reading->field);

    s2si_config_add(reading->errors, false, reading->errors->path,
                    secret ? NULL : s2si_json_shown(value, shown, sizeof(shown)), rule);
    return 0;
}

/* "is one of a, b or c", with the nearest to a misspelt word. */
static int refuse_word(const struct reading *reading, const cJSON *value, const char *const *words, size_t count)
{
    char rule[256] = "is ";
    const char *near = cJSON_IsString(value) ? s2si_nearest(value->valuestring, words, count) : NULL;

    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(rule);
        snprintf(rule + used, sizeof(rule) - used, "%s%s", i == 0 ? "" : i + 1 == count ? " or " : ", ", words[i]);
    }
    if (near) {
        size_t used = strlen(rule);
        snprintf(rule + used, sizeof(rule) - used, "; did you mean %s?", near);
    }
    return refuse(reading, value, rule);
}

/* Makes what stands in the scratch struct the target's own. */
static int keep(struct reading *reading)
{
    return s2si_field_copy(reading->mem, reading->field, reading->params, &reading->scratch);
}

static void *at(struct reading *reading)
{
    return s2si_field_at(reading->field, &reading->scratch);
}

static void point(struct reading *reading, const void *pointer, size_t count)
{
    memcpy(at(reading), &pointer, sizeof(pointer));
    if (reading->field->count_offset) {
        memcpy((char *)&reading->scratch + reading->field->count_offset, &count, sizeof(count));
    }
}

/* ---- numbers and words ---- */

static bool whole(const cJSON *value, double most)
{
    return cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble <= most &&
           value->valuedouble == (double)(int64_t)value->valuedouble;
}

static int read_int(struct reading *reading, const cJSON *value)
{
    if (!whole(value, 2147483647.0)) {
        return refuse(reading, value, "is a whole number, 0 or more");
    }
    s2si_field_set_number(reading->field, &reading->scratch, (int64_t)value->valuedouble);
    return keep(reading);
}

static int read_bool(struct reading *reading, const cJSON *value)
{
    if (!cJSON_IsBool(value)) {
        return refuse(reading, value, "is true or false");
    }
    s2si_field_set_number(reading->field, &reading->scratch, cJSON_IsTrue(value) ? 1 : 0);
    return keep(reading);
}

/* Decimal digits up to most. @return false if text is not exactly that. */
static bool decimal(const char *text, const char *end, uint64_t most, uint64_t *out)
{
    *out = 0;
    if (text == end || end - text > 10) {
        return false;
    }
    for (; text < end; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        *out = *out * 10 + (uint64_t)(*text - '0');
    }
    return *out <= most;
}

/* RFC 5396: asplain "65536" or asdot "1.0". */
static bool asn_text(const char *text, uint64_t *asn)
{
    const char *dot = strchr(text, '.'), *end = text + strlen(text);
    uint64_t high, low;

    if (!dot) {
        return decimal(text, end, UINT32_MAX, asn);
    }
    if (!decimal(text, dot, 65535, &high) || !decimal(dot + 1, end, 65535, &low)) {
        return false;
    }
    *asn = high << 16 | low;
    return true;
}

static int read_asn(struct reading *reading, const cJSON *value)
{
    uint64_t asn = 0;

    if (whole(value, 4294967295.0)) {
        asn = (uint64_t)value->valuedouble;
    } else if (!cJSON_IsString(value) || !asn_text(value->valuestring, &asn)) {
        asn = 0;
    }
    if (asn == 0) {
        return refuse(reading, value, "is an AS number: 1 to 4294967295, or \"high.low\"");
    }
    s2si_field_set_number(reading->field, &reading->scratch, (int64_t)asn);
    return keep(reading);
}

/* The value of a word, or S2S_UNSET. */
static int word_value(const struct s2si_field *field, const cJSON *value)
{
    for (const struct s2si_word *word = field->words; cJSON_IsString(value) && word->word; word++) {
        if (strcmp(word->word, value->valuestring) == 0) {
            return word->value;
        }
    }
    return S2S_UNSET;
}

static int refuse_enum(const struct reading *reading, const cJSON *value)
{
    const char *words[16];
    size_t count = 0;

    for (const struct s2si_word *word = reading->field->words; word->word && count < S2SI_COUNT(words); word++) {
        words[count++] = word->word;
    }
    return refuse_word(reading, value, words, count);
}

/* ike.version may be a list of both, as AWS writes it. */
static int read_enum(struct reading *reading, const cJSON *value)
{
    int number = S2S_UNSET;

    if (cJSON_IsArray(value) && reading->field->id == S2SI_TUN_IKE_VERSION && value->child) {
        number = 0;
        for (const cJSON *entry = value->child; entry; entry = entry->next) {
            int one = word_value(reading->field, entry);
            if (one == S2S_UNSET) {
                return refuse_enum(reading, entry);
            }
            number |= one;
        }
    } else {
        number = word_value(reading->field, value);
    }
    if (number == S2S_UNSET) {
        return refuse_enum(reading, value);
    }
    s2si_field_set_number(reading->field, &reading->scratch, number);
    return keep(reading);
}

static int read_profile(struct reading *reading, const cJSON *value)
{
    static const char *const words[] = { "alibaba", "aws", "generic" };
    const struct s2s_profile *profile = cJSON_IsString(value) ? s2si_profile_by_name(value->valuestring) : NULL;

    if (!profile) {
        return refuse_word(reading, value, words, S2SI_COUNT(words));
    }
    point(reading, profile, 0);
    return keep(reading);
}

/* ---- texts ---- */

/* A routing policy stays JSON text: the BGP speaker reads it. */
static int read_policy(struct reading *reading, const cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    int error;

    if (!text) {
        return S2S_ERR_NO_MEMORY;
    }
    point(reading, text, 0);
    error = keep(reading);
    cJSON_free(text);
    return error;
}

static int read_text(struct reading *reading, const cJSON *value)
{
    enum s2si_field_id id = reading->field->id;

    if (id == S2SI_TUN_BGP_IMPORT || id == S2SI_TUN_BGP_EXPORT) {
        return read_policy(reading, value);
    }
    if (!cJSON_IsString(value) || value->valuestring[0] == '\0') {
        return refuse(reading, value, cJSON_IsString(value) ? "is not empty" : "is a string");
    }
    point(reading, value->valuestring, reading->field->kind == S2SI_KIND_SECRET ? strlen(value->valuestring) : 0);
    return keep(reading);
}

/* ---- addresses and prefixes ---- */

static bool means_any(const struct s2si_field *field, const char *text)
{
    return (field->id == S2SI_CGW_IP_ADDRESS && strcmp(text, "any") == 0) ||
           (field->id == S2SI_GW_ADDRESSES && strcmp(text, "dynamic") == 0);
}

static bool one_address(const struct reading *reading, const cJSON *value, struct s2s_addr *out)
{
    const char *rule = reading->field->id == S2SI_CGW_IP_ADDRESS ? "is an IP address such as 203.0.113.1, or \"any\""
                       : reading->field->id == S2SI_GW_ADDRESSES
                           ? "is an IP address such as 203.0.113.1, or \"dynamic\""
                           : "is an IP address such as 203.0.113.1 or 2001:db8::1";
    memset(out, 0, sizeof(*out));
    if (cJSON_IsString(value) && means_any(reading->field, value->valuestring)) {
        return true;
    }
    if (!cJSON_IsString(value) || s2s_addr_parse(value->valuestring, out)) {
        refuse(reading, value, rule);
        return false;
    }
    return true;
}

/* "10.0.0.1/16": the prefix that was probably meant. */
static bool masked(const char *text, struct s2s_prefix *out)
{
    const char *slash = strchr(text, '/');
    char address[S2S_ADDR_TEXT];
    uint64_t length;

    if (!slash || (size_t)(slash - text) >= sizeof(address) || !decimal(slash + 1, text + strlen(text), 128, &length)) {
        return false;
    }
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    if (s2s_addr_parse(address, &out->addr) || length > (out->addr.family == 4 ? 32u : 128u)) {
        return false;
    }
    out->length = (uint8_t)length;
    s2si_prefix_mask(out);
    return true;
}

static bool one_prefix(const struct reading *reading, const cJSON *value, struct s2s_prefix *out)
{
    char rule[128] = "is a prefix such as 10.0.0.0/16", text[S2S_ADDR_TEXT];

    if (cJSON_IsString(value) && s2s_prefix_parse(value->valuestring, out) == 0) {
        return true;
    }
    if (cJSON_IsString(value) && masked(value->valuestring, out)) {
        snprintf(rule, sizeof(rule), "is a prefix without host bits; did you mean %s?", s2s_prefix_format(out, text));
    }
    refuse(reading, value, rule);
    return false;
}

static int read_address(struct reading *reading, const cJSON *value)
{
    return one_address(reading, value, at(reading)) ? keep(reading) : 0;
}

static int read_prefix(struct reading *reading, const cJSON *value)
{
    return one_prefix(reading, value, at(reading)) ? keep(reading) : 0;
}

static bool one_entry(const struct reading *reading, const cJSON *value, void *array, size_t index)
{
    return reading->field->kind == S2SI_KIND_ADDRESSES ? one_address(reading, value, (struct s2s_addr *)array + index)
                                                       : one_prefix(reading, value, (struct s2s_prefix *)array + index);
}

/* Entries of a list, or the single value that stands for it. */
static size_t entries(const cJSON *value)
{
    return cJSON_IsArray(value) ? (size_t)cJSON_GetArraySize(value) : 1;
}

static bool read_entries(struct reading *reading, const cJSON *value, void *array)
{
    bool good = true;
    int index = 0;

    if (!cJSON_IsArray(value)) {
        return one_entry(reading, value, array, 0);
    }
    for (const cJSON *entry = value->child; entry; entry = entry->next, index++) {
        size_t mark = s2si_errors_push(reading->errors, NULL, index);
        good = one_entry(reading, entry, array, (size_t)index) && good;
        s2si_errors_pop(reading->errors, mark);
    }
    return good;
}

static int read_list(struct reading *reading, const cJSON *value)
{
    size_t count = entries(value),
           size = reading->field->kind == S2SI_KIND_ADDRESSES ? sizeof(struct s2s_addr) : sizeof(struct s2s_prefix);
    int error = 0;
    void *array;

    if (count == 0 || count > MOST_ENTRIES) {
        return refuse(reading, value,
                      count ? "has at most 1024 entries" : "is not empty; leave the key out to take the default");
    }
    array = s2si_alloc_array(reading->mem, count, size);
    if (!array) {
        return S2S_ERR_NO_MEMORY;
    }
    if (read_entries(reading, value, array)) {
        point(reading, array, count);
        error = keep(reading);
    }
    s2si_free(reading->mem, array, count * size);
    return error;
}

/* ---- algorithms ---- */

static const char *kind_name(enum s2s_transform_type type)
{
    switch (type) {
    case S2S_TRANSFORM_ENCRYPTION: return "encryption";
    case S2S_TRANSFORM_PRF: return "prf";
    case S2S_TRANSFORM_INTEGRITY: return "integrity";
    default: return "group";
    }
}

static int refuse_algorithm(const struct reading *reading, const cJSON *value)
{
    const char *words[64];
    char rule[128];
    size_t count = 0;
    const struct s2s_algorithm_info *info;

    for (size_t i = 0; (info = s2s_algorithm_at(i)) != NULL && count < S2SI_COUNT(words); i++) {
        if (info->type == reading->field->transform) {
            words[count++] = info->name;
        }
    }
    const char *near = cJSON_IsString(value) ? s2si_nearest(value->valuestring, words, count) : NULL;
    snprintf(rule, sizeof(rule), "is not known as an algorithm of kind %s%s%s%s", kind_name(reading->field->transform),
             near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return refuse(reading, value, rule);
}

static bool disables(const struct reading *reading, const char *word)
{
    return reading->field->id == S2SI_TUN_IPSEC_PFS && (strcmp(word, "disabled") == 0 || strcmp(word, "none") == 0);
}

static bool one_algorithm(const struct reading *reading, const cJSON *value, struct s2s_algorithm_list *list)
{
    char number[16] = "";
    const char *word = cJSON_IsString(value) ? value->valuestring : number;
    enum s2s_algorithm algorithm;

    if (reading->field->transform == S2S_TRANSFORM_GROUP && whole(value, 255)) {
        snprintf(number, sizeof(number), "%d", (int)value->valuedouble);
    }
    algorithm = s2s_algorithm_find(reading->field->transform, word);
    if (algorithm == S2S_ALG_NONE && !disables(reading, word)) {
        refuse_algorithm(reading, value);
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i] == algorithm) {
            refuse(reading, value, "is listed twice");
            return false;
        }
    }
    list->items[list->count++] = (uint16_t)algorithm;
    return true;
}

static int read_algorithms(struct reading *reading, const cJSON *value)
{
    struct s2s_algorithm_list *list = at(reading);
    size_t count = entries(value);
    bool good = true;
    int index = 0;

    if (count == 0 || count > S2S_ALGORITHMS) {
        return refuse(reading, value,
                      count ? "has at most 16 entries" : "is not empty; leave the key out to take the default");
    }
    if (!cJSON_IsArray(value)) {
        return one_algorithm(reading, value, list) ? keep(reading) : 0;
    }
    for (const cJSON *entry = value->child; entry; entry = entry->next, index++) {
        size_t mark = s2si_errors_push(reading->errors, NULL, index);
        good = one_algorithm(reading, entry, list) && good;
        s2si_errors_pop(reading->errors, mark);
    }
    return good ? keep(reading) : 0;
}

/* ---- by kind ---- */

int s2si_json_value(struct s2si_mem *mem, const struct s2si_field *field, const cJSON *value, void *params,
                    struct s2si_errors *errors)
{
    static int (*const readers[])(struct reading *, const cJSON *) = {
        [S2SI_KIND_INT] = read_int,         [S2SI_KIND_BOOL] = read_bool,
        [S2SI_KIND_ENUM] = read_enum,       [S2SI_KIND_ASN] = read_asn,
        [S2SI_KIND_TEXT] = read_text,       [S2SI_KIND_SECRET_TEXT] = read_text,
        [S2SI_KIND_SECRET] = read_text,     [S2SI_KIND_ADDRESS] = read_address,
        [S2SI_KIND_ADDRESSES] = read_list,  [S2SI_KIND_PREFIX] = read_prefix,
        [S2SI_KIND_PREFIXES] = read_list,   [S2SI_KIND_ALGORITHMS] = read_algorithms,
        [S2SI_KIND_PROFILE] = read_profile,
    };
    struct reading reading = { .mem = mem, .field = field, .errors = errors, .params = params };

    if (cJSON_IsNull(value)) {
        return refuse(&reading, value, "is not null; leave the key out to take the default");
    }
    if (field->kind >= S2SI_COUNT(readers) || !readers[field->kind]) {
        return 0;
    }
    return readers[field->kind](&reading, value);
}
