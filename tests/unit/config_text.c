/* SPDX-License-Identifier: Apache-2.0 */
#include "config_text.h"

#include <cjson/cJSON.h>
#include <s2svpn/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char alibaba[] =
    "{\"gateway\": {\"name\": \"vpn-frankfurt\", \"profile\": \"alibaba\", \"addresses\": [\"8.0.0.146\", "
    "\"8.0.0.74\"],"
    " \"vpc\": {\"cidr\": \"10.0.0.0/16\"}},"
    "\"customer_gateways\": [{\"name\": \"aws1\", \"profile\": \"aws\", \"ip_address\": \"3.0.0.52\", \"asn\": 64512},"
    " {\"name\": \"aws2\", \"profile\": \"aws\", \"ip_address\": \"3.0.0.56\", \"asn\": 64512}],"
    "\"connections\": [{\"name\": \"vco\", \"local_subnets\": \"10.0.0.0/16\", \"remote_subnets\": "
    "[\"192.168.0.0/16\"],"
    " \"effect_immediately\": true, \"tunnels\": ["
    " {\"customer_gateway\": \"aws1\", \"psk\": \"first.key.1\", \"ike\": {\"lifetime\": 28800}, \"ipsec\": "
    "{\"lifetime\": 3600},"
    "  \"bgp\": {\"tunnel_cidr\": \"169.254.116.208/30\", \"local_ip\": \"169.254.116.210\"}},"
    " {\"customer_gateway\": \"aws2\", \"psk\": \"second.key.2\", \"ike\": {\"lifetime\": 28800}, \"ipsec\": "
    "{\"lifetime\": 3600},"
    "  \"bgp\": {\"tunnel_cidr\": \"169.254.214.96/30\", \"local_ip\": \"169.254.214.98\"}}]}],"
    "\"routes\": [{\"type\": \"policy\", \"source\": \"10.0.0.0/16\", \"destination\": \"192.168.0.0/16\", "
    "\"connection\": \"vco\","
    " \"publish\": true}]}";

static const char aws[] =
    "{\"gateway\": {\"name\": \"vgw\", \"profile\": \"aws\", \"addresses\": [\"3.0.0.52\", \"3.0.0.53\", \"3.0.0.56\", "
    "\"3.0.0.57\"],"
    " \"asn\": 64512, \"vpc\": {\"cidr\": [\"192.168.0.0/16\"], \"route_tables\": [{\"name\": \"rtb\", \"propagate\": "
    "true}]}},"
    "\"customer_gateways\": [{\"name\": \"cgw1\", \"profile\": \"alibaba\", \"ip_address\": \"8.0.0.146\", \"asn\": "
    "65530},"
    " {\"name\": \"cgw2\", \"profile\": \"alibaba\", \"ip_address\": \"8.0.0.74\", \"asn\": 65530}],"
    "\"connections\": [{\"name\": \"vpn1\", \"customer_gateway\": \"cgw1\", \"local_subnets\": \"192.168.0.0/16\","
    " \"remote_subnets\": \"10.0.0.0/16\", \"tunnels\": [{\"psk\": \"first.key.1\", \"bgp\": {\"tunnel_cidr\": "
    "\"169.254.116.208/30\"}},"
    " {\"psk\": \"unused.key.1\"}]},"
    " {\"name\": \"vpn2\", \"customer_gateway\": \"cgw2\", \"local_subnets\": \"192.168.0.0/16\", \"remote_subnets\": "
    "\"10.0.0.0/16\","
    " \"tunnels\": [{\"psk\": \"second.key.2\", \"bgp\": {\"tunnel_cidr\": \"169.254.214.96/30\"}}, {\"psk\": "
    "\"unused.key.2\"}]}],"
    "\"routes\": [{\"type\": \"static\", \"destination\": \"10.0.0.0/16\", \"connection\": \"vpn1\"},"
    " {\"type\": \"static\", \"destination\": \"10.0.0.0/16\", \"connection\": \"vpn2\"}]}";

static const char generic[] =
    "{\"gateway\": {\"name\": \"left\", \"profile\": \"generic\", \"addresses\": \"203.0.113.1\", \"vpc\": {\"cidr\": "
    "\"10.1.0.0/16\"}},"
    "\"customer_gateways\": [{\"name\": \"right\", \"ip_address\": \"203.0.113.2\"}],"
    "\"connections\": [{\"name\": \"net\", \"customer_gateway\": \"right\", \"local_subnets\": \"10.1.0.0/16\","
    " \"remote_subnets\": \"10.2.0.0/16\", \"tunnels\": [{\"psk\": \"Uneasy-lies-the-head\"}]}]}";

static const char device[] =
    "{\"gateway\": {\"name\": \"router\", \"profile\": \"generic\", \"addresses\": \"203.0.113.5\", \"asn\": 65000,"
    " \"vpc\": {\"cidr\": \"172.16.0.0/16\"}},"
    "\"customer_gateways\": [{\"name\": \"aws-a\", \"profile\": \"aws\", \"ip_address\": \"3.0.0.52\", \"asn\": 64512},"
    " {\"name\": \"aws-b\", \"profile\": \"aws\", \"ip_address\": \"3.0.0.53\", \"asn\": 64512}],"
    "\"connections\": [{\"name\": \"aws\", \"tunnels\": ["
    " {\"customer_gateway\": \"aws-a\", \"psk\": \"first.key.1\", \"bgp\": {\"tunnel_cidr\": \"169.254.10.0/30\"}},"
    " {\"customer_gateway\": \"aws-b\", \"psk\": \"second.key.2\", \"bgp\": {\"tunnel_cidr\": \"169.254.11.0/30\"}}]}],"
    "\"routes\": [{\"type\": \"static\", \"destination\": \"192.168.0.0/16\", \"connection\": \"aws\"}]}";

const char *config_text(enum config_base base)
{
    const char *const texts[] = {alibaba, aws, generic, device};
    return texts[base];
}

/* Takes one step of a path: "name", "name[3]" or "[3]"; makes objects that are missing. */
static cJSON *step(cJSON *object, const char **path, bool last, const char *value)
{
    char name[64];
    size_t length = strcspn(*path, ".[");

    assert_true(length < sizeof name);
    memcpy(name, *path, length);
    name[length] = '\0';
    *path += length;
    if (last && **path == '\0') {
        cJSON_DeleteItemFromObjectCaseSensitive(object, name);
        if (value) {
            cJSON *item = cJSON_Parse(value);
            assert_non_null(item);
            cJSON_AddItemToObject(object, name, item);
        }
        return NULL;
    }
    cJSON *inner = cJSON_GetObjectItemCaseSensitive(object, name);
    if (!inner) {
        inner = cJSON_AddObjectToObject(object, name);
    }
    while (**path == '[') {
        int index = atoi(*path + 1);
        *path += strcspn(*path, "]") + 1;
        if (**path == '\0' && last) {
            cJSON *item = cJSON_Parse(value);
            assert_non_null(item);
            if (index < cJSON_GetArraySize(inner)) {
                cJSON_ReplaceItemInArray(inner, index, item);
            } else {
                cJSON_AddItemToArray(inner, item);
            }
            return NULL;
        }
        inner = cJSON_GetArrayItem(inner, index);
        assert_non_null(inner);
    }
    *path += **path == '.';
    return inner;
}

static void edit(cJSON *document, const struct config_edit *edit)
{
    const char *path = edit->path;
    cJSON *at = document;

    while (at) {
        at = step(at, &path, strchr(path, '.') == NULL, edit->value);
    }
}

char *config_edited(enum config_base base, const struct config_edit *edits)
{
    cJSON *document = cJSON_Parse(config_text(base));
    char *text;

    assert_non_null(document);
    for (size_t i = 0; i < CONFIG_EDITS && edits[i].path; i++) {
        edit(document, &edits[i]);
    }
    text = cJSON_Print(document);
    assert_non_null(text);
    cJSON_Delete(document);
    return text;
}

int config_checked(const char *text, s2s_config **config)
{
    int error = s2s_config_parse(text, strlen(text), NULL, config);

    if (*config) {
        error = s2s_config_check(*config, s2s_crypto_test());
    }
    return error;
}

bool config_lists(const s2s_config *config, bool warning, const char *path, const char *value, const char *rule)
{
    struct s2s_config_error error = {.struct_size = sizeof error};

    for (size_t i = 0; s2s_config_error(config, i, &error) == 0; i++) {
        if (error.warning == warning && strcmp(error.path, path) == 0 && (!value || strcmp(error.value, value) == 0) &&
            strstr(error.rule, rule)) {
            return true;
        }
    }
    return false;
}

void config_print_errors(const s2s_config *config)
{
    struct s2s_config_error error = {.struct_size = sizeof error};

    for (size_t i = 0; s2s_config_error(config, i, &error) == 0; i++) {
        print_error("  %s %s: %s: %s\n", error.warning ? "warning" : "error", error.path, error.value, error.rule);
    }
}

bool config_case_run(const struct config_case *one)
{
    char *text = config_edited(one->base, one->edits);
    s2s_config *config = NULL;
    int error = config_checked(text, &config);
    bool good = true;

    if (one->path == NULL ? error != 0
                          : error != S2S_ERR_CONFIG || !config_lists(config, false, one->path, one->value, one->rule)) {
        print_error("%s %s: expected %s: %s: %s, got %d:\n", one->edits[0].path ? one->edits[0].path : "",
                    one->edits[0].value ? one->edits[0].value : "", one->path ? one->path : "no error",
                    one->value ? one->value : "", one->rule ? one->rule : "", error);
        config_print_errors(config);
        good = false;
    }
    s2s_config_delete(config);
    free(text);
    return good;
}

void config_cases_run(const struct config_case *cases, size_t count)
{
    size_t failed = 0;

    for (size_t i = 0; i < count; i++) {
        failed += !config_case_run(&cases[i]);
    }
    assert_int_equal(failed, 0);
}
