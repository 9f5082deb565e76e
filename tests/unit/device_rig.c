/* SPDX-License-Identifier: Apache-2.0 */
#include "device_rig.h"

#include <s2svpn/crypto.h>
#include <string.h>

#include "config_text.h"

const char device_rig_aws[] =
    "{\"gateway\": {\"name\": \"vgw-1\", \"profile\": \"aws\", \"addresses\": [\"3.0.0.52\", \"3.0.0.53\", "
    "\"3.0.0.56\", \"3.0.0.57\"],"
    " \"asn\": 64512, \"vpc\": {\"cidr\": [\"192.168.0.0/16\"], \"route_tables\": [{\"name\": \"rtb\", \"propagate\": "
    "true}]}},"
    "\"customer_gateways\": [{\"name\": \"cgw-1\", \"profile\": \"alibaba\", \"ip_address\": \"8.0.0.146\", \"asn\": "
    "65530},"
    " {\"name\": \"cgw-2\", \"profile\": \"alibaba\", \"ip_address\": \"8.0.0.74\", \"asn\": 65530}],"
    "\"connections\": [{\"name\": \"vpn1\", \"customer_gateway\": \"cgw-1\", \"tunnels\": ["
    " {\"psk\": \"first.key.1\", \"bgp\": {\"tunnel_cidr\": \"169.254.116.208/30\"}},"
    " {\"psk\": \"first_key_2\", \"bgp\": {\"tunnel_cidr\": \"169.254.117.208/30\"}}]},"
    " {\"name\": \"vpn2\", \"customer_gateway\": \"cgw-2\", \"enable_bgp\": true, \"tunnels\": ["
    " {\"psk\": \"second.key.1\", \"bgp\": {\"tunnel_cidr\": \"169.254.214.96/30\"}},"
    " {\"psk\": \"second.key.2\", \"bgp\": {\"tunnel_cidr\": \"169.254.215.96/30\"}}]}],"
    "\"routes\": [{\"type\": \"static\", \"destination\": \"10.0.0.0/16\", \"connection\": \"vpn1\"}]}";

const char device_rig_alibaba[] =
    "{\"gateway\": {\"name\": \"vpn-frankfurt\", \"profile\": \"alibaba\", \"addresses\": [\"8.0.0.146\", "
    "\"8.0.0.74\"],"
    " \"vpc\": {\"cidr\": \"10.0.0.0/16\"}, \"auto_propagate\": true},"
    "\"customer_gateways\": [{\"name\": \"dc\", \"ip_address\": \"203.0.113.5\", \"asn\": 65000}],"
    "\"connections\": [{\"name\": \"vco\", \"customer_gateway\": \"dc\", \"enable_bgp\": true, \"local_asn\": 65530, "
    "\"tunnels\": ["
    " {\"psk\": \"first~key!1\", \"ike\": {\"encryption\": \"aes256\", \"integrity\": \"sha256\", \"dh_group\": "
    "\"group14\"},"
    "  \"bgp\": {\"tunnel_cidr\": \"169.254.116.208/30\", \"local_ip\": \"169.254.116.210\"}},"
    " {\"psk\": \"second<key>&2\", \"bgp\": {\"tunnel_cidr\": \"169.254.214.96/30\", \"local_ip\": "
    "\"169.254.214.98\"}}]}]}";

s2s_engine *device_rig_engine(const char *text)
{
    struct s2s_engine_params params;
    s2s_engine *engine = NULL;
    s2s_config *config = NULL;
    int error;

    s2s_engine_params_init(&params, sizeof params);
    params.provider = s2s_crypto_test();
    assert_int_equal(s2s_engine_new(&params, &engine), 0);
    assert_int_equal(s2s_config_parse(text, strlen(text), NULL, &config), 0);
    error = s2s_config_apply(engine, config, 1);
    if (error) {
        config_print_errors(config);
    }
    assert_int_equal(error, 0);
    s2s_config_delete(config);
    return engine;
}

char *device_rig_export(s2s_engine *engine, const char *connection, int kind, int sample)
{
    char *text = NULL;
    const s2s_connection *found = s2s_connection_find(s2s_gateway_next(engine, NULL), connection);

    assert_non_null(found);
    assert_int_equal(s2s_device_file_export(found, kind, sample, &text), 0);
    assert_non_null(text);
    return text;
}

int device_rig_import(const char *text, int kind, const struct s2s_profile *profile, s2s_import **import)
{
    struct s2s_import_options options;
    struct s2s_import_file file = {text, strlen(text)};

    s2s_import_options_init(&options, sizeof options);
    options.kind = kind;
    options.profile = profile;
    return s2s_device_file_import(&file, 1, &options, import);
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a >= b && strcmp(text + a - b, end) == 0;
}

bool device_rig_lists(const s2s_import *import, bool warning, const char *path, const char *rule)
{
    struct s2s_config_error error = {.struct_size = sizeof error};

    for (size_t i = 0; s2s_import_issue(import, i, &error) == 0; i++) {
        if (error.warning == warning && ends_with(error.path, path) && strstr(error.rule, rule)) {
            return true;
        }
    }
    return false;
}

void device_rig_print(const s2s_import *import)
{
    struct s2s_config_error error = {.struct_size = sizeof error};

    for (size_t i = 0; s2s_import_issue(import, i, &error) == 0; i++) {
        print_error("  %s %s = %s: %s\n", error.warning ? "warning" : "error", error.path, error.value, error.rule);
    }
}

void device_rig_passes(const s2s_import *import)
{
    s2s_config *config = NULL;
    int error;

    if (!s2s_import_text(import)) {
        device_rig_print(import);
    }
    assert_non_null(s2s_import_text(import));
    error = config_checked(s2s_import_text(import), &config);
    if (error) {
        print_error("%s\n", s2s_import_text(import));
        config_print_errors(config);
    }
    s2s_config_delete(config);
    assert_int_equal(error, 0);
}
