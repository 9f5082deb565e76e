/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of configurations: any text is read, checked, and when it is good applied, reloaded with itself and
 * patched. The first octet chooses: even = a configuration, odd = a patch of a good one.
 */
#include <s2svpn/config.h>
#include <s2svpn/crypto.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char base[] =
    "{\"gateway\":{\"name\":\"g\",\"profile\":\"generic\",\"addresses\":\"203.0.113.1\"},"
    "\"customer_gateways\":[{\"name\":\"c\",\"ip_address\":\"203.0.113.2\"}],"
    "\"connections\":[{\"name\":\"n\",\"customer_gateway\":\"c\",\"tunnels\":[{\"psk\":\"a-key\"}]}]}";

static s2s_engine *engine_new(void)
{
    struct s2s_engine_params params;
    s2s_engine *engine = NULL;

    s2s_engine_params_init(&params, sizeof params);
    params.provider = s2s_crypto_test();
    if (s2s_engine_new(&params, &engine) != 0) {
        abort();
    }
    return engine;
}

/* What passed the check must be applied: the check is the same validation. */
static void apply(s2s_config *config, const char *text, size_t size)
{
    s2s_engine *engine = engine_new();
    s2s_config *again = NULL;
    char *status = NULL;

    if (s2s_config_apply(engine, config, 1) != 0) {
        abort();
    }
    if (s2s_status_json(engine, &status) != 0 || s2s_config_parse(text, size, NULL, &again) != 0 ||
        s2s_config_reload(engine, config, again, 2) != 0) {
        abort();
    }
    s2s_json_free(status);
    s2s_config_delete(again);
    s2s_engine_delete(engine);
}

static void patch(const char *text, size_t size)
{
    s2s_engine *engine = engine_new();
    s2s_config *config = NULL;

    if (s2s_config_parse(base, strlen(base), NULL, &config) != 0 || s2s_config_apply(engine, config, 1) != 0) {
        abort();
    }
    (void)s2s_config_patch_tunnel(engine, config, "n", 1, text, size, 2);
    (void)s2s_config_patch_tunnel(engine, config, "n", 1, "{\"psk\":\"b-key\"}", 15, 3);
    s2s_config_delete(config);
    s2s_engine_delete(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s2s_config *config = NULL;
    const char *text = (const char *)data + 1;
    char *errors = NULL;

    if (size < 1) {
        return 0;
    }
    if (data[0] % 2) {
        patch(text, size - 1);
        return 0;
    }
    (void)s2s_config_parse(text, size - 1, NULL, &config);
    if (config && s2s_config_check(config, s2s_crypto_test()) == 0) {
        apply(config, text, size - 1);
    }
    if (config && s2s_config_errors_json(config, &errors) == 0) {
        s2s_json_free(errors);
    }
    s2s_config_delete(config);
    return 0;
}
