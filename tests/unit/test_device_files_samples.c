/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files as the clouds really lay them out (tests/unit/device_samples), as the peer and as the cloud: the configuration
 * passes the check without an edit, and each field of the file is carried or named. How many there are is counted here
 * by other means than the readers'. The figures are printed.
 */
#include "device_rig.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GENERIC, XML, JSON };

static const struct sample {
    const char *name, *cloud;
    int form, kind;
    size_t unknown;
    const char *carried[12]; /* what the peer's configuration holds */
} samples[] = {
    {"aws-generic-static.txt",
     "aws",
     GENERIC,
     S2S_DEVICE_FILE_GENERIC,
     0,
     {"\"psk\":\t\"pK1.vQ8xYzLm_2aB7cD9\"", "\"psk\":\t\"rT5_wE3nHjUk.8sF6gP1\"", "\"ip_address\":\t\"198.51.100.77\"",
      "\"addresses\":\t[\"203.0.113.12\"]", "\"tunnel_cidr\":\t\"169.254.44.232/30\"",
      "\"local_ip\":\t\"169.254.44.234\"", "\"enable_bgp\":\tfalse", "\"dh_group\":\t[\"modp1024\"]"}},
    {"aws-generic-bgp.txt",
     "aws",
     GENERIC,
     S2S_DEVICE_FILE_GENERIC,
     0,
     {"\"psk\":\t\"rT5_wE3nHjUk.8sF6gP1\"", "\"enable_bgp\":\ttrue", "\"asn\":\t65000", "\"asn\":\t64512",
      "\"hold_time\":\t30", "\"peer_ip\":\t\"169.254.121.65\""}},
    {"aws.xml",
     "aws",
     XML,
     S2S_DEVICE_FILE_AWS_XML,
     0,
     {"\"psk\":\t\"rT5_wE3nHjUk.8sF6gP1\"", "\"asn\":\t64512", "\"tunnel_cidr\":\t\"169.254.121.64/30\"",
      "\"ip_address\":\t\"198.51.100.140\""}},
    {"aws-describe.json",
     "aws",
     JSON,
     S2S_DEVICE_FILE_AWS_CLI,
     0,
     {"\"name\":\t\"vpn-0f3a9c2b7d1e4a681\"", "\"name\":\t\"vpn-0c0ffee0c0ffee0c0\"", "\"lifetime\":\t14400",
      "[\"aes256gcm16\", \"aes256\"]", "[\"ecp256\", \"modp2048\"]", "\"addresses\":\t[\"203.0.113.12\", \"203.0.113.99\"]",
      "\"local_subnets\":\t[\"172.16.0.0/16\"]"}},
    {"alibaba-create.json",
     "alibaba",
     JSON,
     S2S_DEVICE_FILE_ALIBABA_API,
     0,
     {"\"psk\":\t\"first~key!1\"", "\"psk\":\t\"second~key!1\"", "\"remote_id\":\t\"192.0.2.174\"", "\"aes256\"",
      "\"peer_ip\":\t\"169.254.50.2\""}},
    {"alibaba-describe.json",
     "alibaba",
     JSON,
     S2S_DEVICE_FILE_ALIBABA_API,
     0,
     {"\"ip_address\":\t\"192.0.2.174\"", "\"asn\":\t65530", "\"asn\":\t65000", "\"lifetime\":\t3600"}},
    {"alibaba-describe-plural.json",
     "alibaba",
     JSON,
     S2S_DEVICE_FILE_ALIBABA_API,
     0,
     {"\"name\":\t\"to-office\"", "\"name\":\t\"to-plant\"", "\"psk\":\t\"second~key!5\""}},
    {"alibaba-download.json",
     "alibaba",
     JSON,
     S2S_DEVICE_FILE_ALIBABA,
     0,
     {"\"addresses\":\t[\"203.0.113.12\"]", "\"psk\":\t\"second~key!1\"", "\"local_ip\":\t\"169.254.50.1\"",
      "\"asn\":\t65530", "\"enable_bgp\":\ttrue"}},
};

static char *sample_text(const char *name)
{
    char path[512];
    FILE *file;
    char *text = calloc(1, 64 * 1024);

    snprintf(path, sizeof path, "%s/tests/unit/device_samples/%s", S2S_SOURCE_DIR, name);
    file = fopen(path, "rb");
    assert_non_null(text);
    assert_non_null(file);
    assert_true(fread(text, 1, 64 * 1024 - 1, file) > 0);
    fclose(file);
    return text;
}

/* ---- fields, counted otherwise ---- */

static size_t lines_with_fields(const char *text)
{
    size_t count = 0;

    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        const char *end = strchr(line, '\n'), *start = line + strspn(line, " \t"), *colon = strchr(start, ':');
        count += (strncmp(start, "- ", 2) == 0 || strncmp(start, "Your ", 5) == 0) && colon && (!end || colon < end);
    }
    return count;
}

/* Texts between a start and an end tag, and attributes. */
static size_t xml_fields(const char *text)
{
    size_t count = 0;

    for (const char *at = strstr(text, "<vpn_connection"); at && *at; at++) {
        count += at[0] == '>' && at[1] != '\n' && at[1] && strncmp(at, "></", 3) != 0;
        count += at[0] == '=' && at[1] == '"';
    }
    return count;
}

static size_t json_fields(const cJSON *value)
{
    size_t count = cJSON_IsNumber(value) || cJSON_IsBool(value);

    if (cJSON_IsString(value) && value->valuestring[0]) {
        count = value->valuestring[0] == '<' ? xml_fields(value->valuestring) : 1;
    }
    for (const cJSON *child = value->child; child; child = child->next) {
        count += json_fields(child);
    }
    return count;
}

static size_t fields_in(const struct sample *sample, const char *text)
{
    if (sample->form == JSON) {
        cJSON *tree = cJSON_Parse(text);
        size_t count = json_fields(tree);
        cJSON_Delete(tree);
        return count;
    }
    return sample->form == XML ? xml_fields(text) : lines_with_fields(text);
}

/* ---- imports ---- */

static void options_for(const struct sample *sample, bool as_cloud, struct s2s_import_options *options)
{
    const bool alibaba = strcmp(sample->cloud, "alibaba") == 0;

    s2s_import_options_init(options, sizeof *options);
    options->profile = !as_cloud ? s2s_profile_generic() : alibaba ? s2s_profile_alibaba() : s2s_profile_aws();
    if (!alibaba) { /* Alibaba's identities are addresses */
        options->remote_address = as_cloud ? "203.0.113.12" : "192.0.2.146,192.0.2.174";
        options->local_address = as_cloud ? "192.0.2.146,192.0.2.174" : "203.0.113.12";
    }
    options->local_networks = "10.0.0.0/16";
    options->remote_networks = "10.99.0.0/16";
    options->customer_asn = 65000;
}

/* NULL where the build cannot. */
static s2s_import *import_as(const struct sample *sample, const char *text, const char *connection, bool as_cloud)
{
    struct s2s_import_file file = {text, strlen(text)};
    struct s2s_import_options options;
    s2s_import *import = NULL;
    int error;

    options_for(sample, as_cloud, &options);
    options.connection = connection;
    error = s2s_device_file_import(&file, 1, &options, &import);
    if (error == S2S_ERR_UNSUPPORTED) {
        print_message("SKIPPED: %s: this build has no expat\n", sample->name);
        return NULL;
    }
    if (error) {
        print_error("%s as the %s: %d\n", sample->name, as_cloud ? "cloud" : "peer", error);
        device_rig_print(import);
    }
    assert_int_equal(error, 0);
    return import;
}

static void check_counts(const struct sample *sample, const char *text, const s2s_import *import, const char *seat)
{
    struct s2s_import_counts counts = {.struct_size = sizeof counts};

    assert_int_equal(s2s_import_count(import, &counts), 0);
    print_message("  %-30s as the %-5s  carried %3zu of %3zu fields, left out for a reason %3zu, not known %zu\n",
                  sample->name, seat, counts.carried, counts.fields, counts.noted, counts.unknown);
    assert_int_equal(counts.carried + counts.noted + counts.unknown, counts.fields);
    assert_int_equal(counts.unknown, sample->unknown);
    assert_int_equal(counts.fields, fields_in(sample, text));
}

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const struct sample *sample = &samples[i];
        char *text = sample_text(sample->name);
        for (int as_cloud = 0; as_cloud < 2; as_cloud++) {
            s2s_import *import = import_as(sample, text, NULL, as_cloud);
            if (import) {
                check_counts(sample, text, import, as_cloud ? "cloud" : "peer");
                device_rig_passes(import);
            }
            for (size_t k = 0; import && !as_cloud && sample->carried[k]; k++) {
                if (!strstr(s2s_import_text(import), sample->carried[k])) {
                    print_error("%s\n%s lacks %s\n", s2s_import_text(import), sample->name, sample->carried[k]);
                    fail();
                }
            }
            s2s_import_delete(import);
        }
        free(text);
    }
}

/* A field that nobody knows, put into each sample, is named at its place; nothing else changes. */
static void test_unknown_fields_are_named(void **state)
{
    static const char *const places[][2] = {
        {"  - Mode                     : tunnel", "  - Novelty                  : 7\n"},
        {"<mode>main</mode>", "<novelty>7</novelty>"},
        {"\"DpdTimeoutSeconds\"", "\"Novelty\": 7, "},
        {"\"TunnelCidr\": \"1", "\"Novelty\": 7, "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct s2s_import_counts counts = {.struct_size = sizeof counts};
        char *text = sample_text(samples[i].name), *changed = calloc(1, 65 * 1024);
        const char *at = NULL;
        for (size_t k = 0; !at && k < sizeof places / sizeof *places; k++) {
            at = strstr(text, places[k][0]);
            if (at) {
                snprintf(changed, 65 * 1024, "%.*s%s%s", (int)(at - text), text, places[k][1], at);
            }
        }
        assert_non_null(at);
        s2s_import *import = import_as(&samples[i], changed, NULL, false);
        if (import) {
            assert_int_equal(s2s_import_count(import, &counts), 0);
            assert_int_equal(counts.unknown, samples[i].unknown + 1);
            assert_true(device_rig_lists(import, true, "ovelty", "not known"));
            device_rig_passes(import);
        }
        s2s_import_delete(import);
        free(changed);
        free(text);
    }
}

/* ---- one of several ---- */

static void test_choice_by_id(void **state)
{
    static const struct choice {
        size_t sample;
        const char *wanted, *has, *lacks;
    } choices[] = {
        {3, "vpn-0c0ffee0c0ffee0c0", "pK3.vQ8xYzLm_2aB7cD9", "pK1.vQ8xYzLm_2aB7cD9"},
        {6, "vco-gw8zzzzzzzzzzz4p2", "first~key!5", "first~key!1"},
        {6, "to-office", "first~key!1", "first~key!5"},
        {5, "vco-gw8bsyd2o0fcz84p1", "first~key!1", "first~key!5"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        char *text = sample_text(samples[choices[i].sample].name);
        s2s_import *import = import_as(&samples[choices[i].sample], text, choices[i].wanted, false);
        assert_non_null(strstr(s2s_import_text(import), choices[i].has));
        assert_null(strstr(s2s_import_text(import), choices[i].lacks));
        device_rig_passes(import);
        s2s_import_delete(import);
        free(text);
    }
}

static void test_a_choice_that_is_not_there(void **state)
{
    static const size_t which[] = {3, 5, 6};

    (void)state;
    for (size_t i = 0; i < sizeof which / sizeof *which; i++) {
        char *text = sample_text(samples[which[i]].name);
        struct s2s_import_file file = {text, strlen(text)};
        struct s2s_import_options options;
        s2s_import *import = NULL;
        options_for(&samples[which[i]], false, &options);
        options.connection = "vpn-of-somebody-else";
        assert_int_equal(s2s_device_file_import(&file, 1, &options, &import), S2S_ERR_CONFIG);
        assert_true(device_rig_lists(import, false, "", "is not there"));
        s2s_import_delete(import);
        free(text);
    }
}

/* A connection that was deleted stays in AWS's answer for an hour. */
static void test_deleted_connections_are_named(void **state)
{
    char *text = sample_text("aws-describe.json");
    s2s_import *import = import_as(&samples[3], text, NULL, true);

    (void)state;
    assert_true(device_rig_lists(import, true, "VpnConnections[1]", "no connection any more"));
    assert_null(strstr(s2s_import_text(import), "vpn-0dead"));
    s2s_import_delete(import);
    free(text);
}

/* ---- AWS's Generic file in worse shape ---- */

/* Replaces every occurrence; the result is calloc'ed. */
static char *replaced(char *text, const char *from, const char *to)
{
    char *out = calloc(1, 128 * 1024), *end = out;

    assert_non_null(out);
    for (const char *at = text; *at;) {
        if (strncmp(at, from, strlen(from)) == 0) {
            end += snprintf(end, 1024, "%s", to);
            at += strlen(from);
        } else {
            *end++ = *at++;
        }
    }
    free(text);
    return out;
}

/* Mail wraps lines and indents, editors change white space: the meaning stays. */
static void test_spacing(void **state)
{
    static const char *const worse[][2] = {
        {"  - Pre-Shared Key           : ", "  - Pre-Shared Key           :\n      "}, /* the value below */
        {"  - Lifetime                 : ", "  - Lifetime\n                             : "},
        {"  - ", "\t-   "},
        {" : ", "\t:\t"},
        {"IPSec Tunnel", "  IPsec Tunnel"},
        {"#2:", "# a comment of somebody\n#2:"},
    };
    char *text = sample_text("aws-generic-static.txt");
    s2s_import *before = import_as(&samples[0], text, NULL, false);

    (void)state;
    for (size_t i = 0; i < sizeof worse / sizeof *worse; i++) {
        text = replaced(text, worse[i][0], worse[i][1]);
        s2s_import *import = import_as(&samples[0], text, NULL, false);
        if (strcmp(s2s_import_text(import), s2s_import_text(before)) != 0) {
            print_error("after change %zu:\n%s\n", i, s2s_import_text(import));
            fail();
        }
        s2s_import_delete(import);
    }
    s2s_import_delete(before);
    free(text);
}

/* A key that waits for its value does not swallow what is none. */
static void test_a_value_that_is_missing(void **state)
{
    static const char text[] = "IPSec Tunnel #1\n#1: IKE\n  - Pre-Shared Key : a.key.of.1\n  - Lifetime :\n\n"
                               "  - Phase 1 Negotiation Mode\n  - Encryption Algorithm : aes-128-cbc\n  - Odd :\n"
                               "#3: interface\nOutside IP Addresses:\n  - Virtual Private Gateway : 198.51.100.7\n";
    s2s_import *import = NULL;

    (void)state;
    assert_int_equal(device_rig_import(text, S2S_DEVICE_FILE_ANY, s2s_profile_generic(), &import), 0);
    assert_true(device_rig_lists(import, true, "#1.Lifetime", "no value"));
    assert_true(device_rig_lists(import, true, "#1.Phase 1 Negotiation Mode", "no value"));
    assert_true(device_rig_lists(import, true, "#1.Odd", "no value"));
    assert_non_null(strstr(s2s_import_text(import), "198.51.100.7"));
    s2s_import_delete(import);
}

/* IKEv1 in AWS's sample is not a wish; in Alibaba's connection it is. */
static void test_ikev1(void **state)
{
    char *text = sample_text("aws-generic-static.txt");
    s2s_import *import = import_as(&samples[0], text, NULL, false);
    struct s2s_import_options options;

    (void)state;
    assert_true(device_rig_lists(import, true, "ike.version", "ikev2 was put in"));
    assert_non_null(strstr(s2s_import_text(import), "\"version\":\t\"ikev2\""));
    s2s_import_delete(import);
    free(text);
    text = replaced(sample_text("alibaba-describe.json"), "\"ikev2\"", "\"ikev1\"");
    struct s2s_import_file file = {text, strlen(text)};
    options_for(&samples[5], false, &options);
    assert_int_equal(s2s_device_file_import(&file, 1, &options, &import), S2S_ERR_CONFIG);
    assert_true(device_rig_lists(import, false, "ike.version", "IKEv2 alone"));
    s2s_import_delete(import);
    free(text);
}

/* A gateway of ours is one of the cloud's. */
static void test_two_gateways_are_not_one(void **state)
{
    char *text = sample_text("alibaba-describe-plural.json"), *at = strstr(text, "vpn-gw8t1ka4dyz5bx9v2");
    struct s2s_import_options options;
    s2s_import *import = NULL;

    (void)state;
    at[4] = 'X';
    struct s2s_import_file file = {text, strlen(text)};
    options_for(&samples[6], true, &options);
    assert_int_equal(s2s_device_file_import(&file, 1, &options, &import), S2S_ERR_CONFIG);
    assert_true(device_rig_lists(import, false, "VpnGatewayId", "another gateway"));
    s2s_import_delete(import);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_unknown_fields_are_named),
        cmocka_unit_test(test_choice_by_id),
        cmocka_unit_test(test_a_choice_that_is_not_there),
        cmocka_unit_test(test_deleted_connections_are_named),
        cmocka_unit_test(test_spacing),
        cmocka_unit_test(test_a_value_that_is_missing),
        cmocka_unit_test(test_ikev1),
        cmocka_unit_test(test_two_gateways_are_not_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
