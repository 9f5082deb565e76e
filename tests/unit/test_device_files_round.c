/* SPDX-License-Identifier: Apache-2.0 */
/* Round trips: what one side hands out makes a configuration of the other side that passes without an edit. */
#include "device_rig.h"

#include <string.h>

static const int kinds[] = {S2S_DEVICE_FILE_GENERIC, S2S_DEVICE_FILE_AWS_XML};

/* Export from AWS, import as a profile, check. @return the import. */
static s2s_import *round_trip(const char *connection, int kind, int sample, const struct s2s_profile *profile)
{
    s2s_engine *engine = device_rig_engine(device_rig_aws);
    char *text = device_rig_export(engine, connection, kind, sample);
    s2s_import *import = NULL;
    int error = device_rig_import(text, S2S_DEVICE_FILE_ANY, profile, &import);

    if (error) {
        print_error("%s\n", text);
        device_rig_print(import);
    }
    assert_int_equal(error, 0);
    s2s_device_file_free(text);
    s2s_engine_delete(engine);
    device_rig_passes(import);
    return import;
}

static void has(const s2s_import *import, const char *word)
{
    if (!strstr(s2s_import_text(import), word)) {
        print_error("%s\nlacks %s\n", s2s_import_text(import), word);
        fail();
    }
}

static bool built(int kind)
{
    s2s_import *import = NULL;
    bool good = device_rig_import("<x/>", kind, NULL, &import) != S2S_ERR_UNSUPPORTED;

    s2s_import_delete(import);
    if (!good) {
        print_message("SKIPPED: this build has no expat\n");
    }
    return good;
}

static void aws_static_to_a_router(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        if (kinds[i] == S2S_DEVICE_FILE_AWS_XML && !built(kinds[i])) {
            continue;
        }
        s2s_import *import = round_trip("vpn1", kinds[i], S2S_DEVICE_SAMPLE_RECOMMENDED, s2s_profile_generic());
        has(import, "\"8.0.0.146\"");
        has(import, "\"3.0.0.52\"");
        has(import, "\"3.0.0.53\"");
        has(import, "\"first.key.1\"");
        has(import, "\"first_key_2\"");
        has(import, "\"local_ip\":\t\"169.254.116.210\"");
        has(import, "\"peer_ip\":\t\"169.254.116.209\"");
        has(import, "\"tunnel_cidr\":\t\"169.254.117.208/30\"");
        has(import, "\"enable_bgp\":\tfalse");
        s2s_import_delete(import);
    }
}

static void aws_bgp_to_a_router(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        if (kinds[i] == S2S_DEVICE_FILE_AWS_XML && !built(kinds[i])) {
            continue;
        }
        s2s_import *import = round_trip("vpn2", kinds[i], S2S_DEVICE_SAMPLE_COMPATIBILITY, s2s_profile_generic());
        has(import, "\"enable_bgp\":\ttrue");
        has(import, "\"asn\":\t65530");
        has(import, "\"asn\":\t64512");
        has(import, "\"hold_time\":\t30");
        s2s_import_delete(import);
    }
}

/* Takes "#4" out of both tunnels of a Generic file. */
static void blank_section_4(char *text)
{
    char *from = text;

    while ((from = strstr(from, "#4:")) != NULL) {
        char *next = strstr(from, "IPSec Tunnel #"), *to = next ? next - 1 : from + strlen(from);
        memset(from, '\n', (size_t)(to - from));
        from = to;
    }
}

/* The source scenario: tunnel 1 of each of two AWS connections are an Alibaba connection's two tunnels. */
static void two_aws_files_to_alibaba(void **state)
{
    s2s_engine *engine = device_rig_engine(device_rig_aws);
    char *one = device_rig_export(engine, "vpn1", S2S_DEVICE_FILE_GENERIC, 0);
    struct s2s_import_options options;
    s2s_import *import = NULL;

    (void)state;
    struct s2s_import_file files[] = {{one, strlen(one)}, {NULL, 0}};
    s2s_import_options_init(&options, sizeof options);
    options.profile = s2s_profile_alibaba();
    options.local_networks = "10.0.0.0/16";
    options.remote_networks = "192.168.0.0/16";
    assert_int_equal(s2s_device_file_import(files, 1, &options, &import), S2S_ERR_CONFIG);
    assert_true(device_rig_lists(import, false, "", "give two connections"));
    assert_null(s2s_import_text(import));
    s2s_import_delete(import);
    /* The second connection does BGP: the two do not fit until its file is that of a static one. */
    char *two = device_rig_export(engine, "vpn2", S2S_DEVICE_FILE_GENERIC, 0);
    files[1] = (struct s2s_import_file){two, strlen(two)};
    assert_int_equal(s2s_device_file_import(files, 2, &options, &import), S2S_ERR_CONFIG);
    assert_true(device_rig_lists(import, false, "", "does BGP"));
    s2s_import_delete(import);
    blank_section_4(two);
    files[1].length = strlen(two);
    int error = s2s_device_file_import(files, 2, &options, &import);
    if (error) {
        device_rig_print(import);
    }
    assert_int_equal(error, 0);
    device_rig_passes(import);
    has(import, "\"8.0.0.146\"");
    has(import, "\"8.0.0.74\"");
    has(import, "\"second.key.1\"");
    assert_null(strstr(s2s_import_text(import), "second.key.2"));
    assert_true(device_rig_lists(import, true, "file 2: tunnel 2", "is not used"));
    s2s_import_delete(import);
    s2s_device_file_free(one);
    s2s_device_file_free(two);
    s2s_engine_delete(engine);
}

/* What cannot be carried is named; keys never are. */
static void everything_left_out_is_named(void **state)
{
    struct s2s_config_error error = {.struct_size = sizeof error};
    s2s_import *import = round_trip("vpn1", S2S_DEVICE_FILE_GENERIC, 0, s2s_profile_generic());

    (void)state;
    assert_true(device_rig_lists(import, true, "#2.TCP MSS Adjustment", "computed here"));
    assert_true(device_rig_lists(import, true, "#3.Tunnel interface MTU", "computed here"));
    assert_true(device_rig_lists(import, true, "#2.Clear Don't Fragment Bit", "left out"));
    assert_true(device_rig_lists(import, true, "routes", "behind the far end"));
    for (size_t i = 0; s2s_import_issue(import, i, &error) == 0; i++) {
        assert_true(error.warning);
        assert_null(strstr(error.value, "first"));
        assert_null(strstr(error.rule, "first.key"));
    }
    s2s_import_delete(import);
}

static void files_name_what_the_gateway_takes(void **state)
{
    s2s_engine *engine = device_rig_engine(device_rig_aws);
    char *best = device_rig_export(engine, "vpn1", S2S_DEVICE_FILE_GENERIC, S2S_DEVICE_SAMPLE_RECOMMENDED);
    char *least = device_rig_export(engine, "vpn1", S2S_DEVICE_FILE_GENERIC, S2S_DEVICE_SAMPLE_COMPATIBILITY);

    (void)state;
    assert_non_null(strstr(best, "aes-256-cbc"));
    assert_non_null(strstr(best, ": sha2-256\n"));
    assert_non_null(strstr(best, ": Group 14\n"));
    assert_non_null(strstr(least, "aes-128-cbc"));
    assert_non_null(strstr(least, ": hmac-sha1-96\n"));
    assert_non_null(strstr(least, ": Diffie-Hellman Group 2\n"));
    s2s_device_file_free(best);
    s2s_device_file_free(least);
    s2s_engine_delete(engine);
}

/* Alibaba's download is the peer's view: Local is the data centre. */
static void alibaba_download_is_the_peers_view(void **state)
{
    s2s_engine *engine = device_rig_engine(device_rig_alibaba);
    char *text = device_rig_export(engine, "vco", S2S_DEVICE_FILE_ALIBABA, 0);

    (void)state;
    assert_non_null(strstr(text, "\"Local\":\t\"203.0.113.5\""));
    assert_non_null(strstr(text, "\"Remote\":\t\"8.0.0.146\""));
    assert_non_null(strstr(text, "\"LocalBgpIp\":\t\"169.254.116.209\""));
    assert_non_null(strstr(text, "\"PeerBgpIp\":\t\"169.254.116.210\""));
    assert_non_null(strstr(text, "\"LocalAsn\":\t65000"));
    assert_non_null(strstr(text, "\"PeerAsn\":\t65530"));
    assert_non_null(strstr(text, "\"IkePfs\":\t\"group14\""));
    s2s_device_file_free(text);
    s2s_engine_delete(engine);
}

/* It is read back as what the data centre has, and as Alibaba's own. */
static void alibaba_download_comes_back(void **state)
{
    s2s_engine *engine = device_rig_engine(device_rig_alibaba);
    char *text = device_rig_export(engine, "vco", S2S_DEVICE_FILE_ALIBABA, 0);
    s2s_import *import = NULL;

    (void)state;
    assert_int_equal(device_rig_import(text, S2S_DEVICE_FILE_ANY, s2s_profile_generic(), &import), 0);
    device_rig_passes(import);
    has(import, "\"addresses\":\t[\"203.0.113.5\"]");
    has(import, "\"local_ip\":\t\"169.254.214.97\"");
    s2s_import_delete(import);
    assert_int_equal(device_rig_import(text, S2S_DEVICE_FILE_ANY, s2s_profile_alibaba(), &import), 0);
    device_rig_passes(import);
    has(import, "\"addresses\":\t[\"8.0.0.146\", \"8.0.0.74\"]");
    has(import, "\"local_ip\":\t\"169.254.214.98\"");
    has(import, "\"local_asn\":\t65530");
    s2s_import_delete(import);
    s2s_device_file_free(text);
    s2s_engine_delete(engine);
}

/* XML escapes come back as they were. */
static void keys_with_marks_survive_xml(void **state)
{
    s2s_engine *engine = device_rig_engine(device_rig_alibaba);
    char *text = device_rig_export(engine, "vco", S2S_DEVICE_FILE_AWS_XML, 0);
    s2s_import *import = NULL;

    (void)state;
    assert_non_null(strstr(text, "second&lt;key&gt;&amp;2"));
    if (built(S2S_DEVICE_FILE_AWS_XML)) {
        assert_int_equal(device_rig_import(text, S2S_DEVICE_FILE_AWS_XML, s2s_profile_generic(), &import), 0);
        has(import, "second<key>&2");
    }
    s2s_import_delete(import);
    s2s_device_file_free(text);
    s2s_engine_delete(engine);
}

static void swanctl_turns_sides(void **state)
{
    s2s_engine *engine = device_rig_engine(device_rig_aws);
    char *text = device_rig_export(engine, "vpn1", S2S_DEVICE_FILE_SWANCTL, 0);

    (void)state;
    assert_non_null(strstr(text, "local_addrs = 8.0.0.146"));
    assert_non_null(strstr(text, "remote_addrs = 3.0.0.53"));
    assert_non_null(strstr(text, "secret = 0x66697273742e6b65792e31\n"));
    s2s_device_file_free(text);
    s2s_engine_delete(engine);
}

static void kinds_have_names(void **state)
{
    (void)state;
    assert_string_equal(s2s_device_file_name(S2S_DEVICE_FILE_GENERIC), "generic");
    assert_int_equal(s2s_device_file_find("swanctl"), S2S_DEVICE_FILE_SWANCTL);
    assert_int_equal(s2s_device_file_find("cisco"), S2S_DEVICE_FILE_ANY);
    assert_null(s2s_device_file_name(99));
    assert_string_equal(s2s_device_file_type(S2S_DEVICE_FILE_AWS_XML), "application/xml");
    char *text = NULL;
    s2s_engine *engine = device_rig_engine(device_rig_aws);
    const s2s_connection *connection = s2s_connection_find(s2s_gateway_next(engine, NULL), "vpn1");
    assert_int_equal(s2s_device_file_export(connection, S2S_DEVICE_FILE_AWS_CLI, 0, &text), S2S_ERR_UNSUPPORTED);
    assert_int_equal(s2s_device_file_export(connection, 99, 0, &text), S2S_ERR_INVALID);
    assert_int_equal(s2s_device_file_export(NULL, S2S_DEVICE_FILE_GENERIC, 0, &text), S2S_ERR_INVALID);
    s2s_engine_delete(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aws_static_to_a_router),
        cmocka_unit_test(aws_bgp_to_a_router),
        cmocka_unit_test(two_aws_files_to_alibaba),
        cmocka_unit_test(everything_left_out_is_named),
        cmocka_unit_test(files_name_what_the_gateway_takes),
        cmocka_unit_test(alibaba_download_is_the_peers_view),
        cmocka_unit_test(alibaba_download_comes_back),
        cmocka_unit_test(keys_with_marks_survive_xml),
        cmocka_unit_test(swanctl_turns_sides),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
