/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/params.h"

#include <stdio.h>
#include <string.h>

#include "lib/gateway/profile.h"

/* ---- reaching into a struct ---- */

void *s2si_field_at(const struct s2si_field *field, void *params)
{
    return (char *)params + field->offset;
}

const void *s2si_field_of(const struct s2si_field *field, const void *params)
{
    return (const char *)params + field->offset;
}

static size_t list_count(const struct s2si_field *field, const void *params)
{
    size_t count;
    memcpy(&count, (const char *)params + field->count_offset, sizeof(count));
    return count;
}

static void set_list(const struct s2si_field *field, void *params, const void *pointer, size_t count)
{
    memcpy(s2si_field_at(field, params), &pointer, sizeof(pointer));
    memcpy((char *)params + field->count_offset, &count, sizeof(count));
}

static const void *pointer_of(const struct s2si_field *field, const void *params)
{
    const void *pointer;
    memcpy(&pointer, s2si_field_of(field, params), sizeof(pointer));
    return pointer;
}

int64_t s2si_field_number(const struct s2si_field *field, const void *params)
{
    if (field->kind == S2SI_KIND_ASN) {
        uint32_t asn;
        memcpy(&asn, s2si_field_of(field, params), sizeof(asn));
        return asn;
    }
    int number;
    memcpy(&number, s2si_field_of(field, params), sizeof(number));
    return number;
}

void s2si_field_set_number(const struct s2si_field *field, void *params, int64_t number)
{
    if (field->kind == S2SI_KIND_ASN) {
        uint32_t asn = (uint32_t)number;
        memcpy(s2si_field_at(field, params), &asn, sizeof(asn));
    } else {
        int value = (int)number;
        memcpy(s2si_field_at(field, params), &value, sizeof(value));
    }
}

size_t s2si_field_count(const struct s2si_field *field, const void *params)
{
    switch (field->kind) {
    case S2SI_KIND_ADDRESSES:
    case S2SI_KIND_PREFIXES:
    case S2SI_KIND_OBJECTS:
        return list_count(field, params);
    case S2SI_KIND_ALGORITHMS:
        return ((const struct s2s_algorithm_list *)s2si_field_of(field, params))->count;
    default:
        return s2si_field_is_set(field, params) ? 1 : 0;
    }
}

bool s2si_field_is_set(const struct s2si_field *field, const void *params)
{
    const void *at = s2si_field_of(field, params);
    switch (field->kind) {
    case S2SI_KIND_INT:
    case S2SI_KIND_BOOL:
    case S2SI_KIND_ENUM:
        return s2si_field_number(field, params) != S2S_UNSET;
    case S2SI_KIND_ASN:
        return s2si_field_number(field, params) != 0;
    case S2SI_KIND_TEXT:
    case S2SI_KIND_SECRET_TEXT:
    case S2SI_KIND_SECRET:
    case S2SI_KIND_PROFILE:
        return pointer_of(field, params) != NULL;
    case S2SI_KIND_ADDRESS:
        return ((const struct s2s_addr *)at)->family != 0;
    case S2SI_KIND_PREFIX:
        return ((const struct s2s_prefix *)at)->addr.family != 0;
    default:
        return s2si_field_count(field, params) != 0;
    }
}

/* ---- whole structs ---- */

static void unset_field(const struct s2si_field *field, void *params)
{
    switch (field->kind) {
    case S2SI_KIND_INT:
    case S2SI_KIND_BOOL:
    case S2SI_KIND_ENUM:
        s2si_field_set_number(field, params, S2S_UNSET);
        break;
    default:
        break; /* all zero already means "not given" */
    }
}

void s2si_params_unset(enum s2si_object object, void *params, size_t size)
{
    size_t count, full = s2si_params_size(object);
    const struct s2si_field *fields = s2si_fields(object, &count);

    if (size < sizeof(size_t)) {
        return;
    }
    memset(params, 0, size);
    memcpy(params, &size, sizeof(size));
    for (size_t i = 0; i < count; i++) {
        size_t end = fields[i].offset + sizeof(int);
        if (end <= size && end <= full) {
            unset_field(&fields[i], params);
        }
    }
}

static bool all_zero(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Addresses and prefixes come from a caller who may not have made them by s2s_prefix_parse: their lengths are indices later. */
static bool address_is_sound(const struct s2s_addr *addr)
{
    return addr->family == 0 || addr->family == 4 || addr->family == 6;
}

static bool prefix_is_sound(const struct s2s_prefix *prefix)
{
    return address_is_sound(&prefix->addr) && prefix->length <= (prefix->addr.family == 6 ? 128 : 32);
}

static bool field_is_sound(const struct s2si_field *field, const void *params)
{
    const void *at = s2si_field_of(field, params);
    size_t count = field->kind == S2SI_KIND_ADDRESSES || field->kind == S2SI_KIND_PREFIXES ? list_count(field, params) : 0;

    if (field->kind == S2SI_KIND_ADDRESS) {
        return address_is_sound(at);
    }
    if (field->kind == S2SI_KIND_PREFIX) {
        return prefix_is_sound(at);
    }
    at = count > 0 ? pointer_of(field, params) : NULL;
    for (size_t i = 0; at != NULL && i < count; i++) {
        if (field->kind == S2SI_KIND_ADDRESSES ? !address_is_sound((const struct s2s_addr *)at + i)
                                               : !prefix_is_sound((const struct s2s_prefix *)at + i)) {
            return false;
        }
    }
    return true;
}

static bool is_sound(enum s2si_object object, const void *params)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    for (size_t i = 0; i < count; i++) {
        if (!field_is_sound(&fields[i], params)) {
            return false;
        }
    }
    return true;
}

int s2si_params_read(enum s2si_object object, void *full, const void *given)
{
    size_t size, own = s2si_params_size(object);

    if (!given) {
        return S2S_ERR_INVALID;
    }
    memcpy(&size, given, sizeof(size));
    if (size < sizeof(size) || size > 65536) {
        return S2S_ERR_INVALID;
    }
    if (size > own && !all_zero((const char *)given + own, size - own)) {
        return S2S_ERR_INVALID;
    }
    s2si_params_unset(object, full, own);
    memcpy(full, given, size < own ? size : own);
    memcpy(full, &own, sizeof(own));
    return is_sound(object, full) ? 0 : S2S_ERR_INVALID;
}

int s2si_params_element(const struct s2si_field *field, const void *params, size_t index, void *element)
{
    const char *array = pointer_of(field, params);
    size_t stride;

    if (!array || index >= list_count(field, params)) {
        return S2S_ERR_INVALID;
    }
    memcpy(&stride, array, sizeof(stride));
    return s2si_params_read(field->element, element, array + index * stride);
}

/* ---- comparing ---- */

static bool texts_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool lists_equal(const struct s2si_field *field, const void *a, const void *b)
{
    size_t count = list_count(field, a);
    const void *left = pointer_of(field, a), *right = pointer_of(field, b);

    if (count != list_count(field, b)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        bool same = field->kind == S2SI_KIND_ADDRESSES
                        ? s2si_addr_equal((const struct s2s_addr *)left + i, (const struct s2s_addr *)right + i)
                        : s2si_prefix_equal((const struct s2s_prefix *)left + i, (const struct s2s_prefix *)right + i);
        if (!same) {
            return false;
        }
    }
    return true;
}

/* The largest params struct that stands in a list. */
union element {
    struct s2s_route_table_params route_table;
    struct s2s_tunnel_params tunnel;
};

static bool elements_equal(const struct s2si_field *field, const void *a, const void *b)
{
    size_t count = list_count(field, a);
    union element left, right;

    if (count != list_count(field, b)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (s2si_params_element(field, a, i, &left) || s2si_params_element(field, b, i, &right) ||
            s2si_params_differ(field->element, &left, &right, NULL)) {
            return false;
        }
    }
    return true;
}

static bool algorithms_equal(const struct s2s_algorithm_list *a, const struct s2s_algorithm_list *b)
{
    return a->count == b->count && memcmp(a->items, b->items, a->count * sizeof(a->items[0])) == 0;
}

bool s2si_field_equal(const struct s2si_field *field, const void *a, const void *b)
{
    const void *left = s2si_field_of(field, a), *right = s2si_field_of(field, b);
    switch (field->kind) {
    case S2SI_KIND_TEXT:
    case S2SI_KIND_SECRET_TEXT:
        return texts_equal(pointer_of(field, a), pointer_of(field, b));
    case S2SI_KIND_SECRET:
        return list_count(field, a) == list_count(field, b) &&
               s2si_equal_secret(pointer_of(field, a), pointer_of(field, b), list_count(field, a));
    case S2SI_KIND_ADDRESS:
        return s2si_addr_equal(left, right);
    case S2SI_KIND_PREFIX:
        return s2si_prefix_equal(left, right);
    case S2SI_KIND_ADDRESSES:
    case S2SI_KIND_PREFIXES:
        return lists_equal(field, a, b);
    case S2SI_KIND_ALGORITHMS:
        return algorithms_equal(left, right);
    case S2SI_KIND_PROFILE:
        return pointer_of(field, a) == pointer_of(field, b);
    case S2SI_KIND_OBJECTS:
        return elements_equal(field, a, b);
    default:
        return s2si_field_number(field, a) == s2si_field_number(field, b);
    }
}

bool s2si_params_differ(enum s2si_object object, const void *a, const void *b, struct s2si_field_set *which)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);
    bool differ = false;

    if (which) {
        memset(which, 0, sizeof(*which));
    }
    for (size_t i = 0; i < count; i++) {
        if (!s2si_field_equal(&fields[i], a, b)) {
            differ = true;
            if (which) {
                which->bits[i / 64] |= UINT64_C(1) << (i % 64);
            }
        }
    }
    return differ;
}

bool s2si_field_set_has(enum s2si_object object, const struct s2si_field_set *set, enum s2si_field_id id)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);
    size_t i = (size_t)id - (size_t)fields[0].id;
    return i < count && (set->bits[i / 64] >> (i % 64) & 1u) != 0;
}

bool s2si_field_set_effect(enum s2si_object object, const struct s2si_field_set *set, enum s2si_effect effect)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    for (size_t i = 0; i < count; i++) {
        if ((set->bits[i / 64] >> (i % 64) & 1u) != 0 && fields[i].effect == effect) {
            return true;
        }
    }
    return false;
}

/* ---- owning ---- */

static size_t element_size(const struct s2si_field *field)
{
    switch (field->kind) {
    case S2SI_KIND_ADDRESSES:
        return sizeof(struct s2s_addr);
    case S2SI_KIND_PREFIXES:
        return sizeof(struct s2s_prefix);
    case S2SI_KIND_OBJECTS:
        return s2si_params_size(field->element);
    default:
        return 1;
    }
}

static int copy_text(struct s2si_mem *mem, const struct s2si_field *field, void *to, const void *from)
{
    const char *text = pointer_of(field, from);
    char *copy = s2si_text_copy(mem, text);

    if (text && !copy) {
        return S2S_ERR_NO_MEMORY;
    }
    memcpy(s2si_field_at(field, to), &copy, sizeof(copy));
    return 0;
}

/* A secret of length 0 that is given stays given: it owns one byte. */
static size_t bytes_of(const struct s2si_field *field, size_t count)
{
    size_t bytes = count * element_size(field);
    return bytes ? bytes : 1;
}

static int copy_flat_list(struct s2si_mem *mem, const struct s2si_field *field, void *to, const void *from)
{
    const void *array = pointer_of(field, from);
    size_t count = list_count(field, from);

    set_list(field, to, NULL, 0);
    if (!array || (count == 0 && field->kind != S2SI_KIND_SECRET)) {
        return 0;
    }
    void *copy = s2si_alloc(mem, bytes_of(field, count));
    if (!copy) {
        return S2S_ERR_NO_MEMORY;
    }
    memcpy(copy, array, count * element_size(field));
    set_list(field, to, copy, count);
    return 0;
}

static int copy_elements(struct s2si_mem *mem, const struct s2si_field *field, void *to, const void *from)
{
    size_t count = list_count(field, from), size = element_size(field);
    union element element;

    set_list(field, to, NULL, 0);
    if (count == 0) {
        return 0;
    }
    char *copy = s2si_alloc_array(mem, count, size);
    if (!copy) {
        return S2S_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        int error = s2si_params_element(field, from, i, &element);
        if (!error) {
            error = s2si_params_copy(mem, field->element, copy + i * size, &element);
        }
        if (error) {
            while (i-- > 0) {
                s2si_params_free(mem, field->element, copy + i * size);
            }
            s2si_free(mem, copy, count * size);
            return error;
        }
    }
    set_list(field, to, copy, count);
    return 0;
}

/* Writes a deep copy over to without looking at what was there. */
static int copy_over(struct s2si_mem *mem, const struct s2si_field *field, void *to, const void *from)
{
    switch (field->kind) {
    case S2SI_KIND_TEXT:
    case S2SI_KIND_SECRET_TEXT:
        return copy_text(mem, field, to, from);
    case S2SI_KIND_SECRET:
    case S2SI_KIND_ADDRESSES:
    case S2SI_KIND_PREFIXES:
        return copy_flat_list(mem, field, to, from);
    case S2SI_KIND_OBJECTS:
        return copy_elements(mem, field, to, from);
    case S2SI_KIND_ADDRESS:
        memcpy(s2si_field_at(field, to), s2si_field_of(field, from), sizeof(struct s2s_addr));
        return 0;
    case S2SI_KIND_PREFIX:
        memcpy(s2si_field_at(field, to), s2si_field_of(field, from), sizeof(struct s2s_prefix));
        return 0;
    case S2SI_KIND_ALGORITHMS:
        memcpy(s2si_field_at(field, to), s2si_field_of(field, from), sizeof(struct s2s_algorithm_list));
        return 0;
    case S2SI_KIND_PROFILE:
        memcpy(s2si_field_at(field, to), s2si_field_of(field, from), sizeof(void *));
        return 0;
    default:
        s2si_field_set_number(field, to, s2si_field_number(field, from));
        return 0;
    }
}

static void *owned_pointer(const struct s2si_field *field, void *params)
{
    void *pointer;
    memcpy(&pointer, s2si_field_at(field, params), sizeof(pointer));
    return pointer;
}

static void free_text(struct s2si_mem *mem, const struct s2si_field *field, void *params)
{
    char *text = owned_pointer(field, params), *none = NULL;

    if (text && field->kind == S2SI_KIND_SECRET_TEXT) {
        s2si_free_secret(mem, text, strlen(text) + 1);
    } else {
        s2si_free_text(mem, text);
    }
    memcpy(s2si_field_at(field, params), &none, sizeof(none));
}

static void free_list(struct s2si_mem *mem, const struct s2si_field *field, void *params)
{
    char *array = owned_pointer(field, params);
    size_t count = list_count(field, params);

    if (array && field->kind == S2SI_KIND_OBJECTS) {
        for (size_t i = 0; i < count; i++) {
            s2si_params_free(mem, field->element, array + i * element_size(field));
        }
    }
    if (array) {
        s2si_free_secret(mem, array, bytes_of(field, count));
    }
    set_list(field, params, NULL, 0);
}

void s2si_field_clear(struct s2si_mem *mem, const struct s2si_field *field, void *params)
{
    switch (field->kind) {
    case S2SI_KIND_TEXT:
    case S2SI_KIND_SECRET_TEXT:
        free_text(mem, field, params);
        break;
    case S2SI_KIND_SECRET:
    case S2SI_KIND_ADDRESSES:
    case S2SI_KIND_PREFIXES:
    case S2SI_KIND_OBJECTS:
        free_list(mem, field, params);
        break;
    case S2SI_KIND_ADDRESS:
        memset(s2si_field_at(field, params), 0, sizeof(struct s2s_addr));
        break;
    case S2SI_KIND_PREFIX:
        memset(s2si_field_at(field, params), 0, sizeof(struct s2s_prefix));
        break;
    case S2SI_KIND_ALGORITHMS:
        memset(s2si_field_at(field, params), 0, sizeof(struct s2s_algorithm_list));
        break;
    case S2SI_KIND_PROFILE:
        memset(s2si_field_at(field, params), 0, sizeof(void *));
        break;
    case S2SI_KIND_ASN:
        s2si_field_set_number(field, params, 0);
        break;
    default:
        s2si_field_set_number(field, params, S2S_UNSET);
    }
}

/* Room for any single field, count included: a field is copied here first, so that a failure leaves the target alone.
 */
union any_params {
    size_t struct_size;
    struct s2s_gateway_params gateway;
    struct s2s_route_table_params route_table;
    struct s2s_customer_gateway_params customer_gateway;
    struct s2s_connection_params connection;
    struct s2s_tunnel_params tunnel;
    struct s2s_route_params route;
};

int s2si_field_copy(struct s2si_mem *mem, const struct s2si_field *field, void *to, const void *from)
{
    union any_params copy;
    int error = copy_over(mem, field, &copy, from);

    if (error) {
        return error;
    }
    s2si_field_clear(mem, field, to);
    switch (field->kind) {
    case S2SI_KIND_SECRET:
    case S2SI_KIND_ADDRESSES:
    case S2SI_KIND_PREFIXES:
    case S2SI_KIND_OBJECTS:
        set_list(field, to, pointer_of(field, &copy), list_count(field, &copy));
        return 0;
    case S2SI_KIND_TEXT:
    case S2SI_KIND_SECRET_TEXT:
        memcpy(s2si_field_at(field, to), s2si_field_of(field, &copy), sizeof(void *));
        return 0;
    default:
        return copy_over(mem, field, to, &copy);
    }
}

int s2si_params_copy(struct s2si_mem *mem, enum s2si_object object, void *to, const void *from)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    s2si_params_unset(object, to, s2si_params_size(object));
    for (size_t i = 0; i < count; i++) {
        int error = copy_over(mem, &fields[i], to, from);
        if (error) {
            s2si_params_free(mem, object, to);
            return error;
        }
    }
    return 0;
}

void s2si_params_free(struct s2si_mem *mem, enum s2si_object object, void *params)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    for (size_t i = 0; i < count; i++) {
        s2si_field_clear(mem, &fields[i], params);
    }
}

int s2si_params_merge(struct s2si_mem *mem, enum s2si_object object, void *params, const void *changes)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    for (size_t i = 0; i < count; i++) {
        if (s2si_field_is_set(&fields[i], changes)) {
            int error = s2si_field_copy(mem, &fields[i], params, changes);
            if (error) {
                return error;
            }
        }
    }
    return 0;
}

/* ---- printing ---- */

static const char *word_of(const struct s2si_word *words, int64_t value)
{
    for (; words && words->word; words++) {
        if (words->value == value) {
            return words->word;
        }
    }
    return NULL;
}

static void format_number(const struct s2si_field *field, const void *params, char *out, size_t size)
{
    int64_t number = s2si_field_number(field, params);
    const char *word = field->kind == S2SI_KIND_BOOL ? (number == 1   ? "true"
                                                        : number == 0 ? "false"
                                                                      : NULL)
                                                     : word_of(field->words, number);
    if (word) {
        snprintf(out, size, "%s", word);
    } else {
        snprintf(out, size, "%lld", (long long)number);
    }
}

/* Adds one item of a list; what does not fit any more is left out. */
static void append(char *out, size_t size, const char *text)
{
    size_t used = strlen(out);
    snprintf(out + used, size - used, "%s%s", used ? ", " : "", text);
}

static void format_list(const struct s2si_field *field, const void *params, char *out, size_t size)
{
    char text[S2S_ADDR_TEXT];
    const void *array = pointer_of(field, params);

    for (size_t i = 0; i < list_count(field, params); i++) {
        append(out, size,
               field->kind == S2SI_KIND_ADDRESSES ? s2s_addr_format((const struct s2s_addr *)array + i, text)
                                                  : s2s_prefix_format((const struct s2s_prefix *)array + i, text));
    }
}

static void format_algorithms(const struct s2s_algorithm_list *list, char *out, size_t size)
{
    for (size_t i = 0; i < list->count && i < S2S_ALGORITHMS; i++) {
        append(out, size,
               list->items[i] == S2S_ALG_NONE ? "disabled" : s2s_algorithm_name((enum s2s_algorithm)list->items[i]));
    }
}

char *s2si_field_format(const struct s2si_field *field, const void *params, char *out, size_t size)
{
    char text[S2S_ADDR_TEXT];

    out[0] = '\0';
    if (!s2si_field_is_set(field, params)) {
        return out;
    }
    switch (field->kind) {
    case S2SI_KIND_TEXT:
        snprintf(out, size, "%s", (const char *)pointer_of(field, params));
        break;
    case S2SI_KIND_SECRET_TEXT:
    case S2SI_KIND_SECRET:
    case S2SI_KIND_OBJECTS:
        break;
    case S2SI_KIND_ADDRESS:
        snprintf(out, size, "%s", s2s_addr_format(s2si_field_of(field, params), text));
        break;
    case S2SI_KIND_PREFIX:
        snprintf(out, size, "%s", s2s_prefix_format(s2si_field_of(field, params), text));
        break;
    case S2SI_KIND_ADDRESSES:
    case S2SI_KIND_PREFIXES:
        format_list(field, params, out, size);
        break;
    case S2SI_KIND_ALGORITHMS:
        format_algorithms(s2si_field_of(field, params), out, size);
        break;
    case S2SI_KIND_PROFILE:
        snprintf(out, size, "%s", s2s_profile_name(pointer_of(field, params)));
        break;
    default:
        format_number(field, params, out, size);
    }
    return out;
}
