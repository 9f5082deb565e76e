/* SPDX-License-Identifier: Apache-2.0 */
/* What reading a configuration refuses: each with path, value and rule; texts that are hostile; secrets that must not
 * show. */
#include "config_text.h"

#include "lib/base/mem.h"

#include <s2svpn/crypto.h>
#include <s2svpn/files.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct config_case key_cases[] = {
    /* unknown keys, with the nearest */
    {CONFIG_GENERIC, {{"gatway", "{}"}}, "gatway", "", "did you mean gateway?"},
    {CONFIG_GENERIC, {{"gateway.adresses", "[]"}}, "gateway.adresses", "", "did you mean addresses?"},
    {CONFIG_GENERIC, {{"gateway.kernel.devise", "\"s2s1\""}}, "gateway.kernel.devise", "", "did you mean device?"},
    {CONFIG_GENERIC, {{"gateway.kernel.tpye", "\"tun\""}}, "gateway.kernel.tpye", "", "did you mean type?"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike.dhgroup", "14"}},
     "connections[0].tunnels[0].ike.dhgroup",
     "",
     "dh_group"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].lifetime", "3600"}},
     "connections[0].tunnels[0].lifetime",
     "",
     "did you mean ike.lifetime?"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].pks", "\"do-not-show\""}},
     "connections[0].tunnels[0].pks",
     "",
     "did you mean psk?"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].PSK", "\"do-not-show\""}},
     "connections[0].tunnels[0].PSK",
     "",
     "did you mean psk?"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].zzzzzz", "1"}},
     "connections[0].tunnels[0].zzzzzz",
     "",
     "is not a key here"},
    /* wrong types */
    {CONFIG_GENERIC, {{"gateway", "[]"}}, "gateway", "", "is an object"},
    {CONFIG_GENERIC, {{"connections", "{}"}}, "connections", "", "is a list of objects"},
    {CONFIG_GENERIC, {{"connections[0]", "\"net\""}}, "connections[0]", "", "is an object"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike", "\"ikev2\""}},
     "connections[0].tunnels[0].ike",
     "",
     "is an object"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike.lifetime", "\"3600\""}},
     "connections[0].tunnels[0].ike.lifetime",
     "3600",
     "whole number"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike.lifetime", "3600.5"}},
     "connections[0].tunnels[0].ike.lifetime",
     "3600.5",
     "whole number"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike.lifetime", "-1"}},
     "connections[0].tunnels[0].ike.lifetime",
     "-1",
     "whole number"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike.lifetime", "1e300"}},
     "connections[0].tunnels[0].ike.lifetime",
     NULL,
     "whole number"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike.lifetime", "null"}},
     "connections[0].tunnels[0].ike.lifetime",
     "null",
     "leave the key out"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].dpd.enable", "1"}},
     "connections[0].tunnels[0].dpd.enable",
     "1",
     "true or false"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].dpd.action", "\"restrat\""}},
     "connections[0].tunnels[0].dpd.action",
     "restrat",
     "did you mean restart?"},
    {CONFIG_GENERIC, {{"connections[0].name", "\"\""}}, "connections[0].name", "", "not empty"},
    {CONFIG_GENERIC, {{"connections[0].name", NULL}}, "connections[0].name", "", "is required"},
    {CONFIG_GENERIC, {{"gateway.profile", "\"alibabba\""}}, "gateway.profile", "alibabba", "did you mean alibaba?"},
    {CONFIG_GENERIC, {{"gateway.profile", NULL}}, "gateway.profile", "", "is required"},
    {CONFIG_GENERIC, {{"gateway", NULL}}, "gateway", "", "is required"},
    {CONFIG_GENERIC, {{"gateway.asn", "0"}}, "gateway.asn", "0", "1 to 4294967295"},
    {CONFIG_GENERIC, {{"gateway.asn", "4294967296"}}, "gateway.asn", "4294967296", "1 to 4294967295"},
    {CONFIG_GENERIC, {{"gateway.asn", "\"65536.1\""}}, "gateway.asn", "65536.1", "high.low"},
    {CONFIG_GENERIC, {{"gateway.asn", "\"123.456\""}}, .path = NULL},
    {CONFIG_GENERIC, {{"gateway.kernel.type", "\"xfrm\""}}, "gateway.kernel.type", "xfrm", "not built"},
    {CONFIG_GENERIC, {{"gateway.kernel.type", "\"tap\""}}, "gateway.kernel.type", "tap", "tun or xfrm"},
    /* addresses and prefixes */
    {CONFIG_GENERIC,
     {{"gateway.addresses", "\"203.0.113.300\""}},
     "gateway.addresses",
     "203.0.113.300",
     "IP address"},
    {CONFIG_GENERIC, {{"gateway.addresses", "[\"203.0.113.1\", 7]"}}, "gateway.addresses[1]", "7", "IP address"},
    {CONFIG_GENERIC, {{"gateway.addresses", "[]"}}, "gateway.addresses", "a list", "not empty"},
    {CONFIG_GENERIC, {{"gateway.addresses", "[\"dynamic\"]"}}, .path = NULL},
    {CONFIG_GENERIC,
     {{"gateway.addresses", "[\"203.0.113.1\", \"203.0.113.1\"]"}},
     "gateway.addresses[1]",
     NULL,
     "once"},
    {CONFIG_GENERIC,
     {{"customer_gateways[0].ip_address", NULL}},
     "customer_gateways[0].ip_address",
     "",
     "is required"},
    {CONFIG_GENERIC,
     {{"connections[0].local_subnets", "\"10.1.0.1/16\""}},
     "connections[0].local_subnets",
     "10.1.0.1/16",
     "did you mean 10.1.0.0/16?"},
    {CONFIG_GENERIC,
     {{"connections[0].local_subnets", "[\"10.1.0.0/33\"]"}},
     "connections[0].local_subnets[0]",
     "10.1.0.0/33",
     "is a prefix"},
    {CONFIG_GENERIC,
     {{"connections[0].remote_subnets", "\"10.1.128.0/17\""}},
     "connections[0].remote_subnets[0]",
     "10.1.128.0/17",
     "does not overlap"},
    /* algorithms */
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike.encryption", "[\"aes256\", \"aes265\"]"}},
     "connections[0].tunnels[0].ike.encryption[1]",
     "aes265",
     "did you mean aes256?"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike.encryption", "\"sha256\""}},
     "connections[0].tunnels[0].ike.encryption",
     "sha256",
     "encryption"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike.encryption", "[\"aes128\", \"AES128\"]"}},
     "connections[0].tunnels[0].ike.encryption[1]",
     "AES128",
     "twice"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike.encryption", "[]"}},
     "connections[0].tunnels[0].ike.encryption",
     NULL,
     "not empty"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike.encryption", "\"disabled\""}},
     "connections[0].tunnels[0].ike.encryption",
     NULL,
     "not known"},
    {CONFIG_GENERIC,
     {{"connections[0].tunnels[0].ike", "{\"encryption\": [\"AES256-GCM-16\", \"aes\"], \"integrity\": "
                                        "\"SHA2-256\", \"dh_group\": [14, \"group19\", \"x25519\"]}"}},
     .path = NULL},
#if !S2S_WITH_LEGACY
    {CONFIG_ALIBABA,
     {{"connections[0].tunnels[0].ike.integrity", "\"md5\""}},
     "connections[0].tunnels[0].ike.integrity",
     "md5",
     ""},
    {CONFIG_ALIBABA, {{"gateway.defaults", "\"api\""}}, "connections[0].tunnels[0].ike.integrity", "md5", ""},
#endif
    /* names */
    {CONFIG_AWS,
     {{"connections[1].name", "\"vpn1\""}, {"routes[1].connection", "\"vpn1\""}},
     "connections[1].name",
     "vpn1",
     "already"},
    {CONFIG_AWS,
     {{"customer_gateways[1].name", "\"cgw1\""}, {"connections[1].customer_gateway", "\"cgw1\""}},
     "customer_gateways[1].name",
     "cgw1",
     "already"},
    {CONFIG_AWS,
     {{"connections[1].customer_gateway", "\"cgw3\""}},
     "connections[1].customer_gateway",
     "cgw3",
     "did you mean cgw"},
    {CONFIG_AWS, {{"routes[1].connection", "\"vpn3\""}}, "routes[1].connection", "vpn3", "did you mean vpn"},
    {CONFIG_AWS, {{"routes[1].connection", "\"vpn1\""}}, "routes[1].destination", "10.0.0.0/16", "listed already"},
    /* the rest of issue's list: the cloud's alphabet, reserved inside networks */
    {CONFIG_AWS,
     {{"connections[0].tunnels[0].psk", "\"with space 1\""}},
     "connections[0].tunnels[0].psk",
     "",
     "character"},
    {CONFIG_AWS,
     {{"connections[0].tunnels[0].bgp.tunnel_cidr", "\"169.254.1.0/30\""}},
     "connections[0].tunnels[0].bgp.tunnel_cidr",
     "169.254.1.0/30",
     "other than"},
};

static void test_keys_and_types(void **state)
{
    (void)state;
    config_cases_run(key_cases, S2SI_COUNT(key_cases));
}

/* ---- texts that are no JSON, or more than that ---- */

static void refuse_text(const char *text, size_t length, const char *rule)
{
    s2s_config *config = NULL;

    assert_int_equal(s2s_config_parse(text, length, NULL, &config), S2S_ERR_CONFIG);
    if (!config_lists(config, false, "", NULL, rule)) {
        print_error("%.60s: expected %s\n", text, rule);
        config_print_errors(config);
        fail();
    }
    s2s_config_delete(config);
}

static void test_hostile_texts(void **state)
{
    static const char *const rows[][2] = {
        {"", "is not JSON"},
        {" ", "is not JSON"},
        {"{", "is not JSON"},
        {"{\"gateway\":{}} x", "is not JSON"},
        {"{\"gateway\":{},}", "is not JSON"},
        {"[1 2]", "is not JSON"},
        {"{\"a\":tru}", "is not JSON"},
        {"{'a':1}", "is not JSON"},
        {"\"a string\"", "a configuration is an object"},
        {"[]", "a configuration is an object"},
        {"null", "a configuration is an object"},
        {"{\"a\":\"\\u0000\"}", "NUL"},
        {"{\"psk\\u0000x\":1}", "NUL"},
        {"{\"a\":\"\\q\"}", "escape"},
        {"{\"a\":\"\x01\"}", "control character"},
        {"{\"a\":\"line\nend\"}", "control character"},
        {"{\"a\":\"\xff\"}", "UTF-8"},
        {"{\"a\":\"\xc0\x80\"}", "UTF-8"},
        {"{\"a\":\"\xed\xa0\x80\"}", "UTF-8"},
        {"{\"a\":\"\xf4\x90\x80\x80\"}", "UTF-8"},
        {"{\"a\":\"\xe2\x82\"}", "UTF-8"},
        {"\xef\xbb\xbf{}", "ASCII"},
        {"{\"a\":\"open", "ends with a quotation mark"},
        {"{\f}", "control character"},
    };
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        refuse_text(rows[i][0], strlen(rows[i][0]), rows[i][1]);
    }
    refuse_text("{\0}", 3, "control character");
    refuse_text("{}\0", 3, "control character");
}

static void test_limits(void **state)
{
    enum { LONG = 2 << 20 };
    char deep[4096], *large = malloc(LONG);
    (void)state;
    memset(deep, '[', sizeof deep);
    refuse_text(deep, sizeof deep, "too many objects and lists");
    memset(large, ' ', LONG);
    large[0] = '{';
    large[LONG - 1] = '}';
    refuse_text(large, LONG, "too large");
    free(large);
}

/* Thousands of unknown keys cost bounded memory and time, and say that there are more. */
static void test_many_errors(void **state)
{
    enum { KEYS = 200, OBJECTS = 20 };
    char *text = malloc(KEYS * OBJECTS * 32 + 1000);
    s2s_config *config = NULL;
    size_t used;
    (void)state;
    used = (size_t)sprintf(text, "{\"gateway\":{\"name\":\"n\",\"profile\":\"generic\"},\"connections\":[");
    for (int object = 0; object < OBJECTS; object++) {
        used += (size_t)sprintf(text + used, "%s{", object ? "," : "");
        for (int key = 0; key < KEYS; key++) {
            used += (size_t)sprintf(text + used, "%s\"nonsense%d\":1", key ? "," : "", key);
        }
        used += (size_t)sprintf(text + used, "}");
    }
    used += (size_t)sprintf(text + used, "]}");
    assert_int_equal(s2s_config_parse(text, used, NULL, &config), S2S_ERR_CONFIG);
    assert_true(s2s_config_errors(config) <= 502);
    assert_true(config_lists(config, false, "", NULL, "more errors"));
    s2s_config_delete(config);
    free(text);
}

static void test_doubled_keys(void **state)
{
    static const char *const rows[][2] = {
        {"{\"gateway\":{\"name\":\"a\",\"profile\":\"generic\",\"name\":\"b\"}}", "gateway.name"},
        {"{\"gateway\":{\"name\":\"a\",\"profile\":\"generic\"},\"gateway\":{}}", "gateway"},
        {"{\"gateway\":{\"name\":\"a\",\"profile\":\"generic\"},\"connections\":[{}],\"connections\":[{}]}",
         "connections"},
        {"{\"gateway\":{\"name\":\"a\",\"profile\":\"generic\"},\"connections\":[{\"tunnels\":[{\"psk\":\"one-key\","
         "\"psk\":\"two-keys\"}]}]}",
         "connections[0].tunnels[0].psk"},
        {"{\"gateway\":{\"name\":\"a\",\"profile\":\"generic\"},\"connections\":[{\"tunnels\":[{}],\"tunnels\":[{}]}]}",
         "connections[0].tunnels"},
        {"{\"gateway\":{\"name\":\"a\",\"profile\":\"generic\"},\"connections\":[{},{\"tunnels\":[{\"ike\":{"
         "\"lifetime\":1,\"lifetime\":2}}]}]}",
         "connections[1].tunnels[0].ike.lifetime"},
    };
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        s2s_config *config = NULL;
        assert_int_equal(config_checked(rows[i][0], &config), S2S_ERR_CONFIG);
        if (!config_lists(config, false, rows[i][1], "", "stands twice")) {
            print_error("%s\n", rows[i][0]);
            config_print_errors(config);
            fail();
        }
        s2s_config_delete(config);
    }
}

/* ---- secrets ---- */

/* Whatever is wrong around it, a key never shows in an error, its place does. */
static void test_secrets_do_not_show(void **state)
{
    static const char secret[] = "zanzibar-7";
    static const struct config_edit rows[][CONFIG_EDITS] = {
        {{"connections[0].tunnels[0].psk", "[\"zanzibar-7\"]"}},
        {{"connections[0].tunnels[0].psk", "{\"x\": \"zanzibar-7\"}"}},
        {{"connections[0].tunnels[0].psk", "\"zanzibar-7 with space\""}, {"customer_gateways[0].profile", "\"aws\""}},
        {{"connections[0].tunnels[0].pskk", "\"zanzibar-7\""}},
        {{"connections[0].tunnels[0].ike", "\"zanzibar-7\""}},
        {{"connections[0].tunnels[0]", "\"zanzibar-7\""}},
        {{"zanzibar", "\"zanzibar-7\""}},
        {{"customer_gateways[0].auth_key", "[\"zanzibar-7\"]"}},
    };
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        char *text = config_edited(CONFIG_GENERIC, rows[i]), *json = NULL;
        s2s_config *config = NULL;
        assert_int_equal(config_checked(text, &config), S2S_ERR_CONFIG);
        assert_int_equal(s2s_config_errors_json(config, &json), 0);
        assert_null(strstr(json, secret));
        s2s_json_free(json);
        s2s_config_delete(config);
        free(text);
    }
    refuse_text("{\"psk\": \"zanzibar-7\" \"x\"}", 24, "line 1, column 22: is not JSON");
}

/* ---- files ---- */

static char folder[] = "/tmp/s2s-config-XXXXXX";

static void put_file(const char *name, const char *text, mode_t mode)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
    assert_int_equal(chmod(path, mode), 0);
}

static int load(const char *name, s2s_config **config)
{
    struct s2s_config_options options;
    char path[256];
    int error;
    s2s_config_options_init(&options, sizeof options);
    options.read_file = s2s_file_read;
    options.free_file = s2s_file_free;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    error = s2s_config_load(path, &options, config);
    return error ? error : s2s_config_check(*config, s2s_crypto_test());
}

static void test_files(void **state)
{
    static const struct config_edit by_file[CONFIG_EDITS] = {{"connections[0].tunnels[0].psk", NULL},
                                                             {"connections[0].tunnels[0].psk_file", "\"key\""}};
    static const struct config_edit both[CONFIG_EDITS] = {{"connections[0].tunnels[0].psk_file", "\"key\""}};
    static const struct {
        const struct config_edit *edits;
        mode_t mode;
        const char *key;
        mode_t key_mode;
        const char *path, *rule; /* NULL = good */
    } rows[] = {
        {NULL, 0600, NULL, 0, NULL, NULL},
        {NULL, 0644, NULL, 0, "", "0600 or 0400"},
        {NULL, 0640, NULL, 0, "", "0600 or 0400"},
        {by_file, 0644, "a-key-in-a-file\n", 0600, NULL, NULL},
        {by_file, 0644, "a-key-in-a-file\n", 0644, "connections[0].tunnels[0].psk_file", "others"},
        {by_file, 0644, "a-key-in-a-file\n", 0640, "connections[0].tunnels[0].psk_file", "group"},
        {by_file, 0644, "\n", 0600, "connections[0].tunnels[0].psk_file", "holds no key"},
        {by_file, 0644, NULL, 0, "connections[0].tunnels[0].psk_file", "No such file"},
        {both, 0600, "a-key-in-a-file", 0600, "connections[0].tunnels[0].psk_file", "psk"},
    };
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        char *text = config_edited(
            CONFIG_GENERIC, rows[i].edits ? rows[i].edits : (const struct config_edit[CONFIG_EDITS]){{NULL, NULL}});
        s2s_config *config = NULL;
        char path[256];
        put_file("config.json", text, rows[i].mode);
        snprintf(path, sizeof path, "%s/key", folder);
        unlink(path);
        if (rows[i].key) {
            put_file("key", rows[i].key, rows[i].key_mode);
        }
        int error = load("config.json", &config);
        if (rows[i].path ? error != S2S_ERR_CONFIG || !config_lists(config, false, rows[i].path, NULL, rows[i].rule)
                         : error != 0) {
            print_error("row %zu: %d\n", i, error);
            config_print_errors(config);
            fail();
        }
        s2s_config_delete(config);
        free(text);
        unlink(path);
    }
    s2s_config *config = NULL;
    assert_int_equal(load("nothing.json", &config), S2S_ERR_CONFIG);
    assert_int_equal(s2s_config_errors(config), 1);
    s2s_config_delete(config);
    char path[256];
    snprintf(path, sizeof path, "%s/config.json", folder);
    unlink(path);
    rmdir(folder);
}

/* Without a reader of files, psk_file is refused rather than ignored. */
static void test_no_reader(void **state)
{
    static const struct config_case one = {
        CONFIG_GENERIC,
        {{"connections[0].tunnels[0].psk", NULL}, {"connections[0].tunnels[0].psk_file", "\"key\""}},
        "connections[0].tunnels[0].psk_file",
        "",
        "not read"};
    (void)state;
    config_cases_run(&one, 1);
}

/* Ten mistakes in one file are ten errors in one call. */
static void test_all_at_once(void **state)
{
    static const char text[] =
        "{\"gateway\": {\"name\": \"g\", \"profile\": \"alibaba\", \"addresses\": [\"8.0.0.1\"], \"asnn\": 1},"
        "\"customer_gateways\": [{\"name\": \"c\", \"profile\": \"aws\", \"ip_address\": \"127.0.0.1\"}],"
        "\"connections\": [{\"name\": \"v\", \"local_subnets\": \"10.0.0.1/8\", \"remote_subnets\": "
        "\"192.168.0.0/16\", \"tunnels\": ["
        "{\"customer_gateway\": \"c\", \"psk\": \"with space\", \"ike\": {\"lifetime\": 90000}},"
        "{\"customer_gateway\": \"d\", \"ike\": {\"dh_group\": \"group15\"}, \"bgp\": {\"tunnel_cidr\": "
        "\"169.254.0.0/30\"}}]}],"
        "\"routes\": [{\"type\": \"policy\", \"destination\": \"192.168.0.0/16\", \"connection\": \"v\", \"priority\": "
        "101}]}";
    static const char *const paths[] = {
        "gateway.addresses",
        "gateway.asnn",
        "customer_gateways[0].ip_address",
        "connections[0].local_subnets",
        "connections[0].tunnels[0].psk",
        "connections[0].tunnels[0].ike.lifetime",
        "connections[0].tunnels[1].customer_gateway",
        "connections[0].tunnels[1].ike.dh_group",
        "connections[0].tunnels[1].bgp.tunnel_cidr",
        "routes[0].source",
        "routes[0].priority",
    };
    s2s_config *config = NULL;
    (void)state;
    assert_int_equal(config_checked(text, &config), S2S_ERR_CONFIG);
    for (size_t i = 0; i < S2SI_COUNT(paths); i++) {
        if (!config_lists(config, false, paths[i], NULL, "")) {
            print_error("nothing about %s\n", paths[i]);
            config_print_errors(config);
            fail();
        }
    }
    s2s_config_delete(config);
}

static void test_warnings(void **state)
{
    static const struct config_edit edits[CONFIG_EDITS] = {{"connections[0].tunnels[0].probe", "{\"enable\": true}"},
                                                           {"routes", NULL},
                                                           {"connections[0].effect_immediately", NULL}};
    char *text = config_edited(CONFIG_ALIBABA, edits);
    s2s_config *config = NULL;
    (void)state;
    assert_int_equal(config_checked(text, &config), 0);
    assert_true(config_lists(config, true, "connections[0].tunnels[0].probe.enable", "true",
                             "extension: Alibaba Cloud VPN Gateway"));
    assert_true(config_lists(config, true, "connections[0]", "vco", "publish"));
    assert_true(config_lists(config, true, "connections[0].tunnels[0].startup_action", "trap", "AWS waits"));
    assert_true(config_lists(config, true, "connections[0].tunnels[0].ike.dh_group", "group2", "weak"));
    assert_false(config_lists(config, true, "connections[0].tunnels[0].bgp.tunnel_cidr", NULL, "extension"));
    s2s_config_delete(config);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys_and_types), cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_many_errors),
        cmocka_unit_test(test_doubled_keys),   cmocka_unit_test(test_secrets_do_not_show),
        cmocka_unit_test(test_files),          cmocka_unit_test(test_no_reader),
        cmocka_unit_test(test_all_at_once),    cmocka_unit_test(test_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
