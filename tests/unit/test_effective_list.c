/* SPDX-License-Identifier: Apache-2.0 */
/* Where each effective value came from: given, default of which profile, computed from what; as JSON and as text. */
#include "config_text.h"

#include "lib/config/config.h"

#include <cjson/cJSON.h>
#include <s2svpn/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TUNNEL "connections[0].tunnels[0]."

static char *listed(const char *text, bool json)
{
    s2s_config *config = NULL;
    char *out = NULL;

    assert_int_equal(s2s_config_parse(text, strlen(text), NULL, &config), 0);
    assert_int_equal(s2s_config_effective(config, s2s_crypto_test(), json, &out), 0);
    s2s_config_delete(config);
    return out;
}

static const cJSON *at_path(const cJSON *root, const char *path)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, cJSON_GetObjectItem(root, "effective"))
    {
        if (strcmp(cJSON_GetStringValue(cJSON_GetObjectItem(item, "path")), path) == 0) {
            return item;
        }
    }
    return NULL;
}

static const struct origin_case {
    enum config_base base;
    struct config_edit edits[CONFIG_EDITS];
    const char *path, *value, *origin, *from; /* value: as JSON, NULL = not compared; from NULL = none */
} cases[] = {
    {CONFIG_ALIBABA, {{NULL, NULL}}, TUNNEL "ike.lifetime", "28800", "given", NULL},
    {CONFIG_ALIBABA, {{NULL, NULL}}, "gateway.addresses", "[\"8.0.0.146\",\"8.0.0.74\"]", "given", NULL},
    {CONFIG_ALIBABA, {{NULL, NULL}}, TUNNEL "psk", "\"(secret)\"", "given", NULL},
    {CONFIG_ALIBABA, {{NULL, NULL}}, TUNNEL "ike.encryption", NULL, "default", "alibaba"},
    {CONFIG_ALIBABA, {{NULL, NULL}}, TUNNEL "ike.version", NULL, "default", "alibaba, console"},
    {CONFIG_ALIBABA, {{NULL, NULL}}, "gateway.when_down", "\"unreachable\"", "default", "s2svpn"},
    {CONFIG_ALIBABA, {{NULL, NULL}}, TUNNEL "local_address", "\"8.0.0.146\"", "computed",
     "gateway.addresses, by the tunnel's place"},
    {CONFIG_ALIBABA, {{NULL, NULL}}, TUNNEL "ike.remote_id", "\"3.0.0.52\"", "computed",
     "the customer gateway's ip_address"},
    {CONFIG_ALIBABA, {{NULL, NULL}}, TUNNEL "bgp.peer_ip", "\"169.254.116.209\"", "computed", "bgp.tunnel_cidr"},
    {CONFIG_ALIBABA, {{NULL, NULL}}, TUNNEL "startup_action", "\"start\"", "computed",
     "the connection's effect_immediately"},
    {CONFIG_ALIBABA, {{TUNNEL "startup_action", "\"add\""}}, TUNNEL "startup_action", "\"add\"", "given", NULL},
    {CONFIG_ALIBABA, {{TUNNEL "ike.lifetime", "3600"}}, TUNNEL "rekey.margin", "360", "computed",
     "a tenth of the shorter lifetime"},
    {CONFIG_ALIBABA, {{TUNNEL "rekey.margin", "100"}}, TUNNEL "rekey.margin", "100", "given", NULL},
    {CONFIG_ALIBABA, {{NULL, NULL}}, "connections[0].route_mode", "\"policy\"", "computed",
     "local_subnets and remote_subnets"},
    {CONFIG_ALIBABA, {{NULL, NULL}}, "routes[0].priority", "10", "default", "alibaba"},
    {CONFIG_ALIBABA, {{"routes", NULL}}, "routes[0].destination", "\"192.168.0.0/16\"", "computed", "remote_subnets"},
    {CONFIG_AWS, {{NULL, NULL}}, TUNNEL "dpd.timeout", "40", "default", "aws"},
    {CONFIG_AWS, {{TUNNEL "psk", NULL}}, TUNNEL "psk", "\"(secret)\"", "computed",
     "made by the profile's rule (see device-config)"},
    {CONFIG_AWS, {{NULL, NULL}}, "gateway.vpc.route_tables[0].propagate", "true", "given", NULL},
    {CONFIG_AWS, {{NULL, NULL}}, "connections[1].tunnels[1].customer_gateway", "\"cgw2\"", "computed",
     "the connection's customer_gateway"},
    {CONFIG_GENERIC, {{NULL, NULL}}, TUNNEL "dpd.timeout", "30", "default", "generic"},
    {CONFIG_GENERIC, {{TUNNEL "ike.encryption", "\"aes128\""}, {TUNNEL "ike.integrity", "\"sha256\""}},
     TUNNEL "ike.prf", "[\"prfsha256\"]", "computed", "ike.encryption and ike.integrity"},
    {CONFIG_GENERIC, {{TUNNEL "ipsec.encryption", "\"aes256gcm16\""}}, TUNNEL "mtu", "1438", "computed", NULL},
    {CONFIG_DEVICE, {{NULL, NULL}}, TUNNEL "ike.lifetime", "28800", "default", "aws, for a device that faces it"},
    {CONFIG_DEVICE, {{NULL, NULL}}, TUNNEL "startup_action", "\"start\"", "default", "aws, for a device that faces it"},
    {CONFIG_DEVICE, {{NULL, NULL}}, TUNNEL "bgp.local_ip", "\"169.254.10.2\"", "computed", "bgp.tunnel_cidr"},
};

static bool holds(const struct origin_case *one)
{
    char *text = config_edited(one->base, one->edits), *json = listed(text, true);
    cJSON *root = cJSON_Parse(json);
    const cJSON *item = at_path(root, one->path);
    char *value = cJSON_PrintUnformatted(cJSON_GetObjectItem(item, "value"));
    const char *origin = cJSON_GetStringValue(cJSON_GetObjectItem(item, "origin"));
    const char *from = cJSON_GetStringValue(cJSON_GetObjectItem(item, "from"));
    bool good = item && origin && strcmp(origin, one->origin) == 0 && (!one->value || strcmp(value, one->value) == 0) &&
                (!one->from || (from && strcmp(from, one->from) == 0)) && (strcmp(one->origin, "given") != 0 || !from);

    if (!good) {
        print_error("%s: got %s %s (%s)\n", one->path, value ? value : "nothing", origin ? origin : "",
                    from ? from : "");
    }
    free(value);
    cJSON_Delete(root);
    s2s_json_free(json);
    free(text);
    return good;
}

static void test_origins(void **state)
{
    size_t failed = 0;

    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(cases); i++) {
        failed += !holds(&cases[i]);
    }
    assert_int_equal(failed, 0);
}

/* The text says what the JSON says: as many lines as values; no secret in either. */
static void test_text(void **state)
{
    (void)state;
    for (int base = CONFIG_ALIBABA; base <= CONFIG_DEVICE; base++) {
        char *text = listed(config_text((enum config_base)base), false);
        char *json = listed(config_text((enum config_base)base), true);
        cJSON *root = cJSON_Parse(json);
        size_t lines = 0;
        for (const char *at = text; (at = strstr(at, "\n  ")) != NULL; at++) {
            lines++;
        }
        assert_int_equal(lines, cJSON_GetArraySize(cJSON_GetObjectItem(root, "effective")));
        assert_null(strstr(text, ".key."));
        assert_null(strstr(json, ".key."));
        assert_null(strstr(text, "Uneasy"));
        cJSON_Delete(root);
        s2s_json_free(json);
        s2s_json_free(text);
    }
}

static void test_refused(void **state)
{
    static const struct config_edit edits[CONFIG_EDITS] = {{TUNNEL "ike.lifetime", "90000"}};
    char *text = config_edited(CONFIG_ALIBABA, edits), *out = (char *)1;
    s2s_config *config = NULL;

    (void)state;
    assert_int_equal(s2s_config_parse(text, strlen(text), NULL, &config), 0);
    assert_int_equal(s2s_config_effective(config, s2s_crypto_test(), true, &out), S2S_ERR_CONFIG);
    assert_null(out);
    assert_true(config_lists(config, false, TUNNEL "ike.lifetime", "90000", "86400"));
    assert_int_equal(s2s_config_effective(config, NULL, true, &out), S2S_ERR_INVALID);
    s2s_config_delete(config);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
