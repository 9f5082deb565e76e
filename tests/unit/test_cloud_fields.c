/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the tables of every cloud: each allowed value is accepted, each neighbour of one is refused with the cloud's
 * rule in the message, and the tables themselves are in order.
 */
#include "lib/cloud/cloud.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct s2s_profile *profiles[3];

union params {
    size_t struct_size;
    struct s2s_gateway_params gateway;
    struct s2s_route_table_params route_table;
    struct s2s_customer_gateway_params customer_gateway;
    struct s2s_connection_params connection;
    struct s2s_tunnel_params tunnel;
    struct s2s_route_params route;
};

/* One row at a time, with a params struct in which only its field is set. */
struct walk {
    const struct s2s_profile *profile;
    const struct s2si_profile_field *row;
    const struct s2si_field *field;
    enum s2si_object object;
    union params params;
    struct s2si_mem mem;
    size_t accepted, refused;
};

static void where(const struct walk *walk, const char *what, const char *value)
{
    print_error("%s %s: %s %s\n", walk->profile->name, walk->field->key, what, value);
}

/* Whether the field is refused; then its entry must bear the rule. */
static bool refused(struct walk *walk, bool strict)
{
    struct s2si_errors errors;
    bool found = false;

    s2si_errors_init(&errors, &walk->mem);
    s2si_profile_check(walk->profile, strict, walk->object, &walk->params, &errors);
    assert_false(errors.out_of_memory);
    for (size_t i = 0; i < errors.count; i++) {
        if (strcmp(errors.entries[i].path, walk->field->key) != 0) {
            continue;
        }
        found = true;
        assert_non_null(errors.entries[i].rule);
        if (walk->row->rule && !strstr(errors.entries[i].rule, walk->row->rule)) {
            where(walk, "the rule is not in:", errors.entries[i].rule);
            fail();
        }
        bool secret = walk->field->kind == S2SI_KIND_SECRET || walk->field->kind == S2SI_KIND_SECRET_TEXT;
        assert_true(!secret || !errors.entries[i].value || errors.entries[i].value[0] == '\0');
    }
    s2si_errors_clear(&errors);
    return found;
}

static void expect(struct walk *walk, bool good, const char *value)
{
    if (refused(walk, true) == good) {
        where(walk, good ? "refuses" : "accepts", value);
        fail();
    }
    if (walk->row->strict && refused(walk, false)) {
        where(walk, "an account rule holds without strict:", value);
        fail();
    }
    walk->accepted += good;
    walk->refused += !good;
}

static void unset(struct walk *walk)
{
    s2si_params_unset(walk->object, &walk->params, s2si_params_size(walk->object));
}

/* ---- numbers ---- */

static void try_number(struct walk *walk, int64_t number, bool good)
{
    char text[24];
    int64_t most = walk->field->kind == S2SI_KIND_ASN ? UINT32_MAX : INT32_MAX;
    int64_t unset_value = walk->field->kind == S2SI_KIND_ASN ? 0 : S2S_UNSET;

    if (number < 0 || number > most || number == unset_value) {
        return; /* cannot be written down */
    }
    unset(walk);
    s2si_field_set_number(walk->field, &walk->params, number);
    snprintf(text, sizeof text, "%lld", (long long)number);
    expect(walk, good, text);
}

static bool listed(const struct s2si_profile_field *row, int64_t number)
{
    for (size_t i = 0; i < row->allowed_count; i++) {
        if (row->allowed_numbers[i] == number) {
            return true;
        }
    }
    return row->allowed_count == 0;
}

static void walk_number(struct walk *walk)
{
    const struct s2si_profile_field *row = walk->row;

    for (size_t i = 0; i < row->allowed_count; i++) {
        try_number(walk, row->allowed_numbers[i], true);
        try_number(walk, row->allowed_numbers[i] + 1, listed(row, row->allowed_numbers[i] + 1));
        try_number(walk, row->allowed_numbers[i] - 1, listed(row, row->allowed_numbers[i] - 1));
    }
    if (row->minimum || row->maximum) {
        try_number(walk, row->minimum, true);
        try_number(walk, row->maximum, true);
        try_number(walk, (row->minimum + row->maximum) / 2, true);
        try_number(walk, row->minimum - 1, false);
        try_number(walk, row->maximum + 1, false);
    }
}

static void walk_words(struct walk *walk)
{
    int highest = 1;

    if (walk->field->kind == S2SI_KIND_BOOL) {
        try_number(walk, 0, true);
        try_number(walk, 1, true);
    }
    for (const struct s2si_word *word = walk->field->words; word && word->word; word++) {
        try_number(walk, word->value, listed(walk->row, word->value));
        highest = word->value > highest ? word->value : highest;
    }
    try_number(walk, highest + 1, false);
}

/* ---- algorithms ---- */

static bool has(const struct s2s_algorithm_list *list, uint16_t algorithm)
{
    for (size_t i = 0; list && i < list->count; i++) {
        if (list->items[i] == algorithm) {
            return true;
        }
    }
    return false;
}

static void try_algorithm(struct walk *walk, uint16_t algorithm, bool good)
{
    struct s2s_algorithm_list *list;

    unset(walk);
    list = s2si_field_at(walk->field, &walk->params);
    list->count = 1;
    list->items[0] = algorithm;
    expect(walk, good, s2s_algorithm_name((enum s2s_algorithm)algorithm));
}

static void walk_algorithms(struct walk *walk)
{
    const struct s2si_profile_field *row = walk->row;
    const struct s2s_algorithm_info *info;
    struct s2s_algorithm_list *list;

    for (size_t i = 0; (info = s2s_algorithm_at(i)) != NULL; i++) {
        bool kind = info->type == walk->field->transform;
        bool allowed = !row->allowed || has(row->allowed, (uint16_t)info->algorithm) ||
                       has(row->allowed_more, (uint16_t)info->algorithm);
        try_algorithm(walk, (uint16_t)info->algorithm, kind && allowed);
    }
    bool none = walk->field->id == S2SI_TUN_IPSEC_PFS && (!row->allowed || has(row->allowed, S2S_ALG_NONE));
    try_algorithm(walk, S2S_ALG_NONE, none);
    if (row->most) {
        unset(walk);
        list = s2si_field_at(walk->field, &walk->params);
        for (uint8_t i = 0; i <= row->most; i++) {
            list->items[list->count++] = row->allowed->items[i];
        }
        expect(walk, false, "one more than allowed");
    }
}

/* ---- texts ---- */

static void try_text(struct walk *walk, const char *text, size_t length, bool good, const char *what)
{
    unset(walk);
    memcpy(s2si_field_at(walk->field, &walk->params), &text, sizeof text);
    if (walk->field->kind == S2SI_KIND_SECRET) {
        memcpy((char *)&walk->params + walk->field->count_offset, &length, sizeof length);
    }
    expect(walk, good, what);
}

static void try_length(struct walk *walk, size_t length, bool good)
{
    char text[400], what[32];

    assert_true(length < sizeof text);
    memset(text, 'x', length);
    text[length] = '\0';
    snprintf(what, sizeof what, "%zu characters", length);
    try_text(walk, text, length, good, what);
}

static void walk_letters(struct walk *walk)
{
    const struct s2si_profile_field *row = walk->row;

    for (int letter = 1; letter < 256; letter++) {
        char text[64], what[32];
        size_t length = row->shortest > 2 ? row->shortest : 2;
        bool good = !row->alphabet || strchr(row->alphabet, letter);
        memset(text, 'x', length);
        text[length] = '\0';
        text[1] = (char)letter;
        snprintf(what, sizeof what, "the character %d", letter);
        try_text(walk, text, length, good, what);
        if (row->not_first && strchr(row->not_first, letter)) {
            text[0] = (char)letter;
            text[1] = 'x';
            snprintf(what, sizeof what, "the character %d first", letter);
            try_text(walk, text, length, false, what);
        }
    }
}

static void walk_text(struct walk *walk)
{
    const struct s2si_profile_field *row = walk->row;

    if (row->shortest) {
        try_length(walk, row->shortest, true);
        try_length(walk, row->shortest - 1u, false);
    }
    if (row->longest) {
        try_length(walk, row->longest, true);
        try_length(walk, row->longest + 1u, false);
    }
    if (row->alphabet) {
        walk_letters(walk);
    }
}

/* ---- lists ---- */

static void walk_list(struct walk *walk)
{
    static char zero[64 * sizeof(struct s2s_addr)];
    const struct s2si_profile_field *row = walk->row;

    for (size_t count = 1; count <= 9u && (row->least || row->most); count++) {
        const void *array = zero;
        char what[32];
        if (walk->field->kind == S2SI_KIND_OBJECTS) {
            return; /* the gateway counts tunnels itself */
        }
        unset(walk);
        memcpy(s2si_field_at(walk->field, &walk->params), &array, sizeof array);
        memcpy((char *)&walk->params + walk->field->count_offset, &count, sizeof count);
        snprintf(what, sizeof what, "%zu entries", count);
        expect(walk, count >= row->least && (!row->most || count <= row->most), what);
    }
}

/* ---- all ---- */

static void walk_row(struct walk *walk)
{
    switch (walk->field->kind) {
    case S2SI_KIND_INT:
    case S2SI_KIND_ASN: walk_number(walk); break;
    case S2SI_KIND_BOOL:
    case S2SI_KIND_ENUM: walk_words(walk); break;
    case S2SI_KIND_ALGORITHMS: walk_algorithms(walk); break;
    case S2SI_KIND_TEXT:
    case S2SI_KIND_SECRET:
    case S2SI_KIND_SECRET_TEXT: walk_text(walk); break;
    case S2SI_KIND_ADDRESSES:
    case S2SI_KIND_PREFIXES:
    case S2SI_KIND_OBJECTS: walk_list(walk); break;
    default: break;
    }
}

static struct walk walk_of(const struct s2s_profile *profile, size_t index)
{
    struct walk walk = {.profile = profile, .row = &profile->fields[index]};

    walk.field = s2si_field_by_id(walk.row->field, &walk.object);
    assert_non_null(walk.field);
    assert_int_equal(s2si_mem_init(&walk.mem, NULL), 0);
    return walk;
}

static void walk_profile(const struct s2s_profile *profile)
{
    size_t accepted = 0, no = 0;

    for (size_t i = 0; i < profile->field_count; i++) {
        struct walk walk = walk_of(profile, i);
        walk_row(&walk);
        assert_int_equal(walk.mem.blocks, 0);
        accepted += walk.accepted;
        no += walk.refused;
    }
    print_message("%s: %zu rows, %zu values accepted, %zu refused\n", profile->name, profile->field_count, accepted,
                  no);
    assert_true(accepted > 100 && no > 100);
}

static void test_alibaba(void **state)
{
    (void)state;
    walk_profile(s2s_profile_alibaba());
}

static void test_aws(void **state)
{
    (void)state;
    walk_profile(s2s_profile_aws());
}

static void test_generic(void **state)
{
    (void)state;
    walk_profile(s2s_profile_generic());
}

static void test_rows_are_in_order(void **state)
{
    (void)state;
    for (size_t p = 0; p < 3; p++) {
        for (size_t i = 0; i < profiles[p]->field_count; i++) {
            struct walk walk = walk_of(profiles[p], i);
            const struct s2si_profile_field *row = walk.row;
            bool limited = row->minimum || row->maximum || row->allowed || row->allowed_count || row->most ||
                           row->least || row->shortest || row->longest || row->alphabet;
            assert_true(i == 0 || row->field > profiles[p]->fields[i - 1].field);
            assert_ptr_equal(s2si_profile_field(profiles[p], row->field), row);
            if (limited && !row->rule) {
                where(&walk, "is limited without a rule", "");
                fail();
            }
            /* Console labels come in both languages. */
            assert_int_equal(row->label_en != NULL, row->label_zh != NULL);
        }
    }
}

static void put_default(struct walk *walk, const struct s2si_value *value)
{
    unset(walk);
    if (walk->field->kind == S2SI_KIND_ALGORITHMS) {
        memcpy(s2si_field_at(walk->field, &walk->params), value->algorithms, sizeof *value->algorithms);
    } else if (walk->field->kind == S2SI_KIND_TEXT) {
        memcpy(s2si_field_at(walk->field, &walk->params), &value->text, sizeof value->text);
    } else {
        s2si_field_set_number(walk->field, &walk->params, value->number);
    }
}

static void test_defaults_are_allowed(void **state)
{
    (void)state;
    for (size_t p = 0; p < 3; p++) {
        for (size_t i = 0; i < profiles[p]->field_count; i++) {
            struct walk walk = walk_of(profiles[p], i);
            const struct s2si_value *values[] = {&walk.row->console, &walk.row->api, &walk.row->device};
            for (size_t k = 0; k < S2SI_COUNT(values); k++) {
                if (values[k]->given) {
                    put_default(&walk, values[k]);
                    expect(&walk, true,
                           k == 0   ? "the console's default"
                           : k == 1 ? "the API's default"
                                    : "the device's default");
                }
            }
        }
    }
}

/* The two sets of defaults of Alibaba, and AWS's, by the clouds' own documents. */
static void test_known_defaults(void **state)
{
    const struct s2s_profile *alibaba = s2s_profile_alibaba(), *aws = s2s_profile_aws(),
                             *generic = s2s_profile_generic();
    const struct {
        const struct s2s_profile *profile, *far;
        int defaults;
        enum s2si_field_id field;
        int64_t number;
    } rows[] = {
        {alibaba, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_IKE_VERSION, S2S_IKEV2},
        {alibaba, NULL, S2S_DEFAULTS_API, S2SI_TUN_IKE_VERSION, S2S_IKEV1},
        {alibaba, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_IKE_LIFETIME, 86400},
        {alibaba, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_IPSEC_LIFETIME, 86400},
        {alibaba, NULL, S2S_DEFAULTS_CONSOLE, S2SI_CONN_LOCAL_ASN, 45104},
        {alibaba, NULL, S2S_DEFAULTS_CONSOLE, S2SI_CONN_EFFECT_IMMEDIATELY, 0},
        {alibaba, NULL, S2S_DEFAULTS_CONSOLE, S2SI_CONN_AUTO_CONFIG_ROUTE, 1},
        {alibaba, NULL, S2S_DEFAULTS_CONSOLE, S2SI_ROUTE_PRIORITY, 10},
        {alibaba, NULL, S2S_DEFAULTS_CONSOLE, S2SI_ROUTE_PUBLISH, 0},
        {aws, NULL, S2S_DEFAULTS_CONSOLE, S2SI_GW_ASN, 64512},
        {aws, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_IKE_LIFETIME, 28800},
        {aws, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_IPSEC_LIFETIME, 3600},
        {aws, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_REKEY_MARGIN, 270},
        {aws, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_REKEY_FUZZ, 100},
        {aws, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_REPLAY_WINDOW, 1024},
        {aws, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_DPD_TIMEOUT, 40},
        {aws, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_DPD_ACTION, S2S_DPD_CLEAR},
        {aws, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_STARTUP_ACTION, S2S_STARTUP_ADD},
        {aws, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_BGP_HOLD_TIME, 30},
        /* the third seat */
        {generic, aws, S2S_DEFAULTS_CONSOLE, S2SI_TUN_IKE_LIFETIME, 28800},
        {generic, aws, S2S_DEFAULTS_CONSOLE, S2SI_TUN_STARTUP_ACTION, S2S_STARTUP_START},
        {generic, alibaba, S2S_DEFAULTS_CONSOLE, S2SI_TUN_IKE_LIFETIME, 86400},
        {generic, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_IKE_LIFETIME, 14400},
    };
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        const struct s2si_value *value =
            s2si_profile_default(rows[i].profile, rows[i].far, rows[i].defaults, rows[i].field);
        assert_true(value->given);
        assert_int_equal(value->number, rows[i].number);
    }
    assert_int_equal(
        s2si_profile_default(alibaba, NULL, S2S_DEFAULTS_API, S2SI_TUN_IKE_INTEGRITY)->algorithms->items[0],
        S2S_HMAC_MD5_96);
    assert_int_equal(
        s2si_profile_default(alibaba, NULL, S2S_DEFAULTS_CONSOLE, S2SI_TUN_IKE_INTEGRITY)->algorithms->items[0],
        S2S_HMAC_SHA1_96);
}

/* Each cloud prints an algorithm in its own word, and its word is understood again. */
static void test_algorithm_words(void **state)
{
    (void)state;
    for (size_t p = 0; p < 3; p++) {
        for (size_t i = 0; i < profiles[p]->algorithm_word_count; i++) {
            const struct s2si_algorithm_word *word = &profiles[p]->algorithm_words[i];
            if (word->algorithm != S2S_ALG_NONE) {
                assert_int_equal(s2s_algorithm_find(word->type, word->word), word->algorithm);
            }
        }
    }
    assert_string_equal(s2si_profile_algorithm_word(profiles[0], S2S_TRANSFORM_ENCRYPTION, S2S_AES128_CBC), "aes");
    assert_string_equal(s2si_profile_algorithm_word(profiles[1], S2S_TRANSFORM_ENCRYPTION, S2S_AES256_GCM16),
                        "AES256-GCM-16");
    assert_string_equal(s2si_profile_algorithm_word(profiles[1], S2S_TRANSFORM_GROUP, S2S_MODP2048), "14");
    assert_string_equal(s2si_profile_algorithm_word(profiles[2], S2S_TRANSFORM_GROUP, S2S_MODP2048), "modp2048");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_in_order), cmocka_unit_test(test_defaults_are_allowed),
        cmocka_unit_test(test_known_defaults),    cmocka_unit_test(test_algorithm_words),
        cmocka_unit_test(test_alibaba),           cmocka_unit_test(test_aws),
        cmocka_unit_test(test_generic),
    };
    profiles[0] = s2s_profile_alibaba();
    profiles[1] = s2s_profile_aws();
    profiles[2] = s2s_profile_generic();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
