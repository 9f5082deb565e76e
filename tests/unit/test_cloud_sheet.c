/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written down of the clouds agrees with the tables: the sheet of rows (tests/tools/cloud_sheet.py counts it) and the
 * guide's glossary, which is printed from the tables of fields:
 *
 *     S2S_WRITE_GLOSSARY=1 BUILD/tests/test_cloud_sheet     writes examples/guide/glossary.md anew
 */
#include "lib/cloud/cloud.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define GLOSSARY S2S_SOURCE_DIR "/examples/guide/glossary.md"

static void test_sheet(void **state)
{
    (void)state;
    if (system("python3 --version >/dev/null 2>&1") != 0) {
        print_message("skip cloud_sheet: no python3\n");
        skip();
    }
    assert_int_equal(system("python3 '" S2S_SOURCE_DIR "/tests/tools/cloud_sheet.py'"), 0);
}

/* The first picture of the guide is drawn from the guide's own configurations. */
static void test_picture(void **state)
{
    (void)state;
    if (system("python3 --version >/dev/null 2>&1") != 0) {
        print_message("skip cloud_sheet: no python3\n");
        skip();
    }
    assert_int_equal(system("cd '" S2S_SOURCE_DIR "/examples/guide' && python3 draw.py topology | cmp - topology.svg"), 0);
}

/* ---- the glossary ---- */

static const char *const headings[S2SI_OBJECTS] = {
    [S2SI_GATEWAY] = "VPN gateway", [S2SI_ROUTE_TABLE] = "Route table of the VPC", [S2SI_CUSTOMER_GATEWAY] = "Customer gateway",
    [S2SI_CONNECTION] = "IPsec connection", [S2SI_TUNNEL] = "Tunnel", [S2SI_ROUTE] = "Route",
};

static const char *or_dash(const char *text)
{
    return text && text[0] ? text : "-";
}

static void print_default(FILE *out, const struct s2si_field *field, const struct s2s_profile *profile, const struct s2si_value *value)
{
    if (!value->given)
        fprintf(out, "-");
    else if (value->algorithms)
        for (size_t i = 0; i < value->algorithms->count; i++)
            fprintf(out, "%s%s", i ? " " : "", s2si_profile_algorithm_word(profile, field->transform,
                                                       (enum s2s_algorithm)value->algorithms->items[i]));
    else if (value->text)
        fprintf(out, "%s", value->text);
    else if (field->kind == S2SI_KIND_BOOL)
        fprintf(out, "%s", value->number ? "true" : "false");
    else {
        const struct s2si_word *word = field->words;
        while (word && word->word && word->value != value->number)
            word++;
        if (word && word->word)
            fprintf(out, "%s", word->word);
        else
            fprintf(out, "%lld%s%s", (long long)value->number, field->unit[0] ? " " : "", field->unit);
    }
}

/* "a|b" would end a cell. */
static void print_cell(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void print_row(FILE *out, const struct s2si_field *field)
{
    static const struct s2si_profile_field none;
    const struct s2s_profile *ali = s2s_profile_alibaba(), *aws = s2s_profile_aws();
    const struct s2si_profile_field *a = s2si_profile_field(ali, field->id), *b = s2si_profile_field(aws, field->id);
    bool named = (a && a->label_en) || (b && b->label_en) || (a && a->api_name && a->api_name[0]) || (b && b->api_name);
    if (!named)
        return;
    a = a ? a : &none;
    b = b ? b : &none;
    fprintf(out, "| `%s` | %s | %s | `%s` | ", field->key, or_dash(a->label_zh), or_dash(a->label_en), or_dash(a->api_name));
    print_default(out, field, ali, &a->console);
    if (a->api.given) {
        fprintf(out, " (API: ");
        print_default(out, field, ali, &a->api);
        fprintf(out, ")");
    }
    fprintf(out, " | %s | `%s` | ", or_dash(b->label_en), or_dash(b->api_name));
    print_default(out, field, aws, &b->console);
    fprintf(out, " | ");
    print_cell(out, a->rule ? a->rule : "");
    if (b->rule && (!a->rule || strcmp(a->rule, b->rule) != 0)) {
        fprintf(out, "%sAWS: ", a->rule ? "; " : "");
        print_cell(out, b->rule);
    }
    fprintf(out, " |\n");
}

static void print_glossary(FILE *out)
{
    fprintf(out, "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
                 "# Glossary: our keys, Alibaba Cloud's words, AWS's words\n\n"
                 "Printed from the tables that check a configuration (`lib/cloud`); do not edit. Local is always the gateway's own side: AWS's\n"
                 "`LocalIpv4NetworkCidr` is the customer's side, and therefore our remote one when the gateway is AWS.\n");
    for (int object = 0; object < S2SI_OBJECTS; object++) {
        size_t count;
        const struct s2si_field *fields = s2si_fields((enum s2si_object)object, &count);
        fprintf(out, "\n## %s\n\n| our key | 控制台 | console (Alibaba) | API (Alibaba) | default | console (AWS) | API (AWS) | default | rule |\n"
                     "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n", headings[object]);
        for (size_t i = 0; i < count; i++)
            print_row(out, &fields[i]);
    }
}

static char *whole(FILE *file, size_t *length)
{
    char *text = malloc(1 << 20);
    assert_non_null(text);
    rewind(file);
    *length = fread(text, 1, 1 << 20, file);
    fclose(file);
    return text;
}

static void test_glossary(void **state)
{
    size_t printed_length, kept_length;
    FILE *printed = tmpfile(), *kept;
    (void)state;
    assert_non_null(printed);
    print_glossary(printed);
    if (getenv("S2S_WRITE_GLOSSARY")) {
        FILE *file = fopen(GLOSSARY, "w");
        assert_non_null(file);
        print_glossary(file);
        fclose(file);
    }
    kept = fopen(GLOSSARY, "r");
    assert_non_null(kept);
    char *a = whole(printed, &printed_length), *b = whole(kept, &kept_length);
    if (printed_length != kept_length || memcmp(a, b, kept_length) != 0)
        print_error("examples/guide/glossary.md is not what the tables say: S2S_WRITE_GLOSSARY=1 test_cloud_sheet\n");
    assert_int_equal(printed_length, kept_length);
    assert_memory_equal(a, b, kept_length);
    free(a);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sheet),
        cmocka_unit_test(test_glossary),
        cmocka_unit_test(test_picture),
    };
    return cmocka_run_group_tests_name("cloud_sheet", tests, NULL, NULL);
}
