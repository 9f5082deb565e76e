/* SPDX-License-Identifier: Apache-2.0 */
/* Files that somebody made to hurt: they are refused, by a reason, with nothing taken over. */
#include "device_rig.h"

#include <stdlib.h>
#include <string.h>

#include "failing_allocator.h"

static void refused(const char *text, size_t length, int kind, const char *rule)
{
    struct s2s_import_options options;
    struct s2s_import_file file = {text, length};
    s2s_import *import = NULL;
    int error;

    s2s_import_options_init(&options, sizeof options);
    options.kind = kind;
    options.remote_address = "203.0.113.9";
    error = s2s_device_file_import(&file, 1, &options, &import);
    if (error != S2S_ERR_CONFIG || !device_rig_lists(import, false, "", rule)) {
        print_error("got %d, expected a refusal with \"%s\" of: %.200s\n", error, rule, text);
        device_rig_print(import);
        fail();
    }
    assert_null(s2s_import_text(import));
    s2s_import_delete(import);
}

static void refused_text(const char *text, int kind, const char *rule)
{
    refused(text, strlen(text), kind, rule);
}

/* head, then count times middle, then tail. Free with free(). */
static char *many(const char *head, const char *middle, size_t count, const char *tail)
{
    size_t size = strlen(head) + count * strlen(middle) + strlen(tail) + 1;
    char *text = malloc(size), *at = text;

    assert_non_null(text);
    at = strcpy(at, head) + strlen(head);
    for (size_t i = 0; i < count; i++) {
        memcpy(at, middle, strlen(middle));
        at += strlen(middle);
    }
    strcpy(at, tail);
    return text;
}

static void refused_many(const char *head, const char *middle, size_t count, const char *tail, int kind,
                         const char *rule)
{
    char *text = many(head, middle, count, tail);
    refused_text(text, kind, rule);
    free(text);
}

#define TUNNEL_HEAD "<vpn_connection><ipsec_tunnel><ike><pre_shared_key>"
#define TUNNEL_TAIL "</pre_shared_key></ike></ipsec_tunnel></vpn_connection>"

static void xml(void **state)
{
    const int kind = S2S_DEVICE_FILE_AWS_XML;
    s2s_import *import = NULL;

    (void)state;
    if (device_rig_import("<x/>", kind, NULL, &import) == S2S_ERR_UNSUPPORTED) {
        assert_null(import);
        print_message("SKIPPED: this build has no expat\n");
        skip();
    }
    s2s_import_delete(import);
    refused_text(
        "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>"
        "<vpn_connection>&c;</vpn_connection>",
        kind, "document type");
    refused_text("<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><vpn_connection/>", kind, "document type");
    refused_text("<vpn_connection>&unknown;</vpn_connection>", kind, "is not XML");
    refused_text("<vpn_connection><ipsec_tunnel>", kind, "is not XML");
    refused_text("", kind, "is not XML");
    refused_text("<html/>", kind, "no vpn_connection");
    refused_many("", "<a>", 5000, "", kind, "too deep");
    refused_many("<", "a", 5000, "/>", kind, "too long");
    refused_many(TUNNEL_HEAD, "0123456789", 100000, TUNNEL_TAIL, kind, "too long");
    refused_many(TUNNEL_HEAD, "0123456789", 200000, TUNNEL_TAIL, kind, "too large");
    refused_many("<vpn_connection id=\"", "x", 3000, "\"/>", kind, "too long");
    refused_many("<vpn_connection>", "<ipsec_tunnel/>", 3, "</vpn_connection>", kind, "more than two tunnels");
    refused_text(TUNNEL_HEAD "a</pre_shared_key><pre_shared_key>b" TUNNEL_TAIL, kind, "stands twice");
    refused_text("<vpn_connection>text<ipsec_tunnel/>more</vpn_connection>", kind, "text between");
}

static void generic(void **state)
{
    const int kind = S2S_DEVICE_FILE_GENERIC;
    static const char nul[] = "IPSec Tunnel #1\n#1: x\n  - Lifetime : 2\0008\n";

    (void)state;
    refused_text("", kind, "no device file");
    refused_text("hello\nworld\n", kind, "no device file");
    refused(nul, sizeof nul - 1, kind, "NUL byte");
    refused_text("IPSec Tunnel #1\n#1: x\n  - Pre-Shared Key : a\x01"
                 "b\n",
                 kind, "UTF-8 text");
    refused_text("I\0P\0", kind, "no device file");
    refused_many("IPSec Tunnel #1\n#1: x\n  - Pre-Shared Key : ", "k", 900000, "\n", kind, "1023 bytes");
    refused_many("", "-", 2000000, "", kind, "too large");
    refused_text("IPSec Tunnel #2\n", kind, "#1, then #2");
    refused_text("IPSec Tunnel #1\nIPSec Tunnel #1\n", kind, "#1, then #2");
    refused_text("IPSec Tunnel #1\n#1: x\n  - Lifetime : 99999999999999999999 seconds\n", kind, "whole number");
    refused_text("IPSec Tunnel #1\n#1: x\n  - Encryption Algorithm : rot13\n", kind, "no algorithm");
    refused_text("IPSec Tunnel #1\n#1: x\n  - Pre-Shared Key : a\n  - Pre-Shared Key : b\n", kind, "stands twice");
    refused_text("IPSec Tunnel #1\n#3: x\nOutside IP Addresses:\n  - Virtual Private Gateway : 1.2.3.4.5\n", kind,
                 "IP address");
    refused_text("IPSec Tunnel #1\n#4: x\n  - Customer Gateway ASN : 4294967296\n", kind, "AS number");
}

/* Every kind of file, in the encodings that editors and shells make; and what is nearly UTF-8. */
static void encodings(void **state)
{
    static const int kinds[] = {S2S_DEVICE_FILE_ANY, S2S_DEVICE_FILE_GENERIC, S2S_DEVICE_FILE_AWS_CLI,
                                S2S_DEVICE_FILE_ALIBABA, S2S_DEVICE_FILE_ALIBABA_API};
    static const struct {
        const char *text;
        size_t length;
        const char *rule;
    } texts[] = {
        {"\xff\xfe{\0\"\0", 6, "UTF-16"},
        {"\xfe\xff\0{\0\"", 6, "UTF-16"},
        {"{\0\"\0a\0", 6, "NUL byte"}, /* UTF-16 without a mark */
        {"{\"a\":\"b\0c\"}", 11, "NUL byte"},
        {"{\"Name\": \"B\xfcro\"}", 16, "Latin-1"},
        {"\xc3(", 2, "not UTF-8"},
        {"\xed\xa0\x80", 3, "not UTF-8"},         /* a surrogate */
        {"\xc0\xaf", 2, "not UTF-8"},             /* an overlong slash */
        {"\xf4\x90\x80\x80", 4, "not UTF-8"},     /* beyond U+10FFFF */
        {"text that ends in \xe2\x82", 20, "not UTF-8"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            refused(texts[i].text, texts[i].length, kinds[k], texts[i].rule);
        }
    }
}

/* A byte order mark of UTF-8 (Notepad's) is no part of the text. */
static void a_mark_is_no_text(void **state)
{
    static const char text[] = "\xef\xbb\xbfIPSec Tunnel #1\n#3: x\nOutside IP Addresses:\n"
                               "  - Virtual Private Gateway : 203.0.113.9\n";
    static const char json_text[] = "\xef\xbb\xbf{\"VpnConnections\": [7]}";
    s2s_import *import = NULL;

    (void)state;
    assert_int_equal(device_rig_import(text, S2S_DEVICE_FILE_ANY, NULL, &import), 0);
    s2s_import_delete(import);
    refused_text(json_text, S2S_DEVICE_FILE_ANY, "list of at most 16"); /* known for AWS's */
}

static void json(void **state)
{
    const int aws = S2S_DEVICE_FILE_AWS_CLI, alibaba = S2S_DEVICE_FILE_ALIBABA_API;

    (void)state;
    refused_text("", aws, "not JSON");
    refused_text("[]", aws, "object");
    refused_text("{\"VpnConnections\": []}", aws, "at least one");
    refused_text("{\"VpnConnections\": [7]}", aws, "list of at most 16");
    refused_text("{\"VpnConnections\": [{}]}", aws, "names no tunnel");
    refused_text("{\"VpnConnections\": [{\"Type\": \"a\", \"Type\": \"b\"}]}", aws, "twice");
    refused_many("", "[", 100000, "", aws, "stand in one another");
    refused_many("{\"VpnConnections\": [", "{},", 40, "{}]}", aws, "");
    refused_many("{\"VpnConnections\": [{\"VpnConnectionId\": \"", "x", 300, "\"}]}", aws, "255 characters");
    refused_many("{\"VpnConnections\": \"", "x", 2000000, "\"}", aws, "too large");
    refused_text("{\"VpnConnections\": [{\"a\": \"\xed\xa0\x80\"}]}", aws, "UTF-8");
    refused_text("{\"VpnConnections\": [{\"a\": \"\\u0000\"}]}", aws, "NUL");
    refused_text("{}", alibaba, "two tunnels");
    refused_text("{\"TunnelOptionsSpecification\": [{}]}", alibaba, "two tunnels");
    refused_text("{\"TunnelOptionsSpecification\": [{\"Role\": \"master\"}, {\"Role\": \"master\"}]}", alibaba,
                 "third tunnel");
    refused_text("{\"TunnelOptionsSpecification\": [{}, {}, {}]}", alibaba, "third tunnel");
    refused_text("{\"LocalSubnet\": \"10.0.0.0/99\", \"TunnelOptionsSpecification\": [{}, {}]}", alibaba, "prefixes");
    refused_text("{\"TunnelOptionsSpecification\": [{\"TunnelIkeConfig\": {\"Psk\": \"a\\u0007\"}}, {}]}", alibaba,
                 "control");
}

/* Downloads: two lists that refer to one another. */
static void download(void **state)
{
    const int kind = S2S_DEVICE_FILE_ALIBABA;

    (void)state;
#define DOWNLOAD(tunnels, sessions) "{\"VpnConnectionConfig\": {\"TunnelsConfig\": " tunnels ", \"BgpConfigs\": " sessions "}}"
    refused_text("{}", kind, "is an object");
    refused_text("{\"VpnConnectionConfig\": []}", kind, "is an object");
    refused_text(DOWNLOAD("[]", "[]"), kind, "two tunnels");
    refused_text(DOWNLOAD("{\"a\": [{}, {}], \"b\": 1}", "[]"), kind, "two tunnels");
    refused_text(DOWNLOAD("[{\"TunnelId\": \"a\"}, {\"TunnelId\": \"a\"}]", "[]"), kind, "first tunnel's too");
    refused_text(DOWNLOAD("[{\"TunnelId\": \"a\"}, {\"TunnelId\": \"b\"}]", "[{\"TunnelId\": \"c\"}]"), kind,
                 "third tunnel");
    refused_text(DOWNLOAD("[{\"TunnelId\": \"a\"}, {\"TunnelId\": \"b\"}]",
                          "[{\"TunnelId\": \"a\", \"LocalAsn\": 1}, {\"TunnelId\": \"a\", \"LocalAsn\": 2}]"),
                 kind, "stands twice");
    refused_text(DOWNLOAD("[{\"Local\": 7}, {}]", "[]"), kind, "IP address");
    refused_many("{\"VpnConnectionConfig\": {\"TunnelsConfig\": [{\"TunnelId\": \"", "x", 80, "\"}, {}]}}", kind,
                 "63 characters");
    refused_many("{\"VpnConnectionConfig\": ", "{\"a\":", 5000, "", kind, "stand in one another");
#undef DOWNLOAD
    refused_text("{\"VpnConnections\": {\"VpnConnection\": []}}", S2S_DEVICE_FILE_ALIBABA_API, "at least one");
    refused_text("{\"VpnConnections\": {\"VpnConnection\": [7]}}", S2S_DEVICE_FILE_ALIBABA_API, "is an object");
    refused_text("{\"VpnConnections\": {\"VpnConnection\": [{}]}}", S2S_DEVICE_FILE_ALIBABA_API, "two tunnels");
}

/* A refused key is not repeated. */
static void keys_are_not_repeated(void **state)
{
    struct s2s_config_error error = {.struct_size = sizeof error};
    s2s_import *import = NULL;

    (void)state;
    assert_int_equal(
        device_rig_import("{\"TunnelOptionsSpecification\": [{\"TunnelIkeConfig\": {\"Psk\": \"hush\\u0007\"}}, {}]}",
                          S2S_DEVICE_FILE_ALIBABA_API, NULL, &import),
        S2S_ERR_CONFIG);
    for (size_t i = 0; s2s_import_issue(import, i, &error) == 0; i++) {
        assert_null(strstr(error.value, "hush"));
    }
    s2s_import_delete(import);
}

static void wrong_arguments(void **state)
{
    struct s2s_import_options options;
    struct s2s_import_file file = {"{}", 2}, none = {NULL, 0};
    s2s_import *import = NULL;

    (void)state;
    s2s_import_options_init(&options, sizeof options);
    assert_int_equal(s2s_device_file_import(&file, 0, &options, &import), S2S_ERR_INVALID);
    assert_int_equal(s2s_device_file_import(&none, 1, &options, &import), S2S_ERR_INVALID);
    assert_int_equal(s2s_device_file_import(&file, 1, &options, NULL), S2S_ERR_INVALID);
    options.kind = S2S_DEVICE_FILE_SWANCTL;
    assert_int_equal(s2s_device_file_import(&file, 1, &options, &import), S2S_ERR_UNSUPPORTED);
    assert_null(import);
    s2s_import_delete(NULL);
    s2s_device_file_free(NULL);
    assert_null(s2s_import_text(NULL));
}

/* Each allocation refused in turn: NO_MEMORY, nothing left behind. */
static void memory_runs_out(void **state)
{
    static const char text[] =
        "IPSec Tunnel #1\n#1: x\n  - Pre-Shared Key : secret.key\n  - Odd : 1\n#3: x\nOutside IP Addresses:\n"
        "  - Virtual Private Gateway : 203.0.113.9\n";
    struct s2s_import_file file = {text, sizeof text - 1};
    struct failing_allocator allocator;
    struct s2s_import_options options;
    s2s_import *import;
    int error = S2S_ERR_NO_MEMORY;

    (void)state;
    failing_allocator_init(&allocator);
    s2s_import_options_init(&options, sizeof options);
    options.allocator = &allocator.table;
    for (size_t at = 1; error && at < 1000; at++) {
        allocator.requests = 0;
        allocator.fail_at = at;
        import = NULL;
        error = s2s_device_file_import(&file, 1, &options, &import);
        assert_true(error == 0 || error == S2S_ERR_NO_MEMORY);
        assert_true((error == 0) == (import != NULL));
        s2s_import_delete(import);
        assert_int_equal(allocator.blocks, 0);
    }
    assert_int_equal(error, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xml),
        cmocka_unit_test(generic),
        cmocka_unit_test(encodings),
        cmocka_unit_test(a_mark_is_no_text),
        cmocka_unit_test(json),
        cmocka_unit_test(download),
        cmocka_unit_test(keys_are_not_repeated),
        cmocka_unit_test(wrong_arguments),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
