/* SPDX-License-Identifier: Apache-2.0 */
/* Warnings: each code of the table is provoked by one edit of a good configuration, and is silent without it. */
#include "config_text.h"

#include "lib/config/config_warn.h"

#include <stdlib.h>
#include <string.h>

#define TUNNEL "connections[0].tunnels[0]."
#define LONG_KEY "\"kT4vYp0sQe8uZr1nBx7m\""

static const struct warn_case {
    enum config_base base;
    struct config_edit edits[CONFIG_EDITS];
    const char *code, *path, *value; /* value NULL = not compared */
} cases[] = {
    {CONFIG_ALIBABA, {{TUNNEL "probe.enable", "true"}}, "extension", TUNNEL "probe.enable", "true"},
    {CONFIG_GENERIC, {{TUNNEL "ike.integrity", "[\"sha256\", \"sha1\"]"}}, "weak_algorithm", TUNNEL "ike.integrity", NULL},
    {CONFIG_GENERIC, {{TUNNEL "ike.dh_group", "[14, 2]"}}, "weak_algorithm", TUNNEL "ike.dh_group", NULL},
    {CONFIG_GENERIC, {{TUNNEL "ipsec.pfs", "5"}}, "weak_algorithm", TUNNEL "ipsec.pfs", NULL},
    {CONFIG_GENERIC, {{TUNNEL "ipsec.pfs", "\"disabled\""}}, "no_pfs", TUNNEL "ipsec.pfs", "disabled"},
    {CONFIG_DEVICE, {{TUNNEL "startup_action", "\"trap\""}}, "nobody_starts", TUNNEL "startup_action", "trap"},
    {CONFIG_DEVICE, {{TUNNEL "startup_action", "\"add\""}}, "nobody_starts", TUNNEL "startup_action", "add"},
    {CONFIG_GENERIC,
     {{"customer_gateways[0].profile", "\"alibaba\""}, {TUNNEL "startup_action", "\"trap\""}},
     "both_on_demand",
     TUNNEL "startup_action",
     "trap"},
    {CONFIG_GENERIC, {{TUNNEL "ike.lifetime", "599"}}, "short_lifetime", TUNNEL "ike.lifetime", "599"},
    {CONFIG_GENERIC, {{TUNNEL "ipsec.lifetime", "120"}}, "short_lifetime", TUNNEL "ipsec.lifetime", "120"},
    {CONFIG_GENERIC, {{TUNNEL "dpd.enable", "false"}}, "dpd_off", TUNNEL "dpd.enable", "false"},
    {CONFIG_GENERIC, {{TUNNEL "dpd.action", "\"none\""}}, "dpd_off", TUNNEL "dpd.action", "none"},
    {CONFIG_GENERIC, {{TUNNEL "psk", "\"kT4vYp0sQe8uZr1\""}}, "short_psk", TUNNEL "psk", ""},
    {CONFIG_GENERIC, {{TUNNEL "psk", "\"my-Password-is-quite-long\""}}, "guessable_psk", TUNNEL "psk", ""},
    {CONFIG_GENERIC, {{TUNNEL "psk", "\"abababababababababab\""}}, "guessable_psk", TUNNEL "psk", ""},
    {CONFIG_GENERIC,
     {{"connections[0].name", LONG_KEY}, {TUNNEL "psk", LONG_KEY}},
     "guessable_psk",
     TUNNEL "psk",
     ""},
    {CONFIG_DEVICE, {{"connections[0].tunnels[1].psk", "\"first.key.1\""}}, "shared_psk", "connections[0].tunnels[1].psk", ""},
    {CONFIG_DEVICE, {{"connections[0].tunnels[1].enabled", "false"}}, "single_tunnel", "connections[0].tunnels", "1 of 2"},
    {CONFIG_DEVICE, {{TUNNEL "ipsec.encryption", "\"aes256gcm16\""}}, "mtu_differs", "connections[0].tunnels[1].ipsec", NULL},
    {CONFIG_AWS,
     {{"gateway.vpc.route_tables[0].propagate", "false"}},
     "no_propagation",
     "gateway.vpc.route_tables",
     ""},
    {CONFIG_ALIBABA,
     {{"connections[0].enable_bgp", "true"}, {"connections[0].local_asn", "65530"}, {"gateway.auto_propagate", "false"},
      {"connections[0].local_subnets", "\"0.0.0.0/0\""}, {"connections[0].remote_subnets", "\"0.0.0.0/0\""},
      {"routes", NULL}},
     "bgp_not_propagated",
     "gateway.auto_propagate",
     "false"},
    {CONFIG_ALIBABA, {{"routes", NULL}}, "not_published", "connections[0]", "vco"},
    {CONFIG_GENERIC,
     {{"gateway.asn", "65001"}, {"customer_gateways[0].asn", "65002"},
      {"connections[0]", "{\"name\": \"net\", \"customer_gateway\": \"right\", \"enable_bgp\": true, \"tunnels\": [{\"psk\": "
                         LONG_KEY ", \"bgp\": {\"tunnel_cidr\": \"169.254.10.0/30\", \"export\": \"10.0.0.0/16\"}}]}"}},
     "bgp_without_policy",
     TUNNEL "bgp.import",
     ""},
};

static bool has(const s2s_config *config, const char *code, const char *path, const char *value)
{
    struct s2s_config_error error = {.struct_size = sizeof error};

    for (size_t i = 0; s2s_config_error(config, i, &error) == 0; i++) {
        if (error.warning && strcmp(error.code, code) == 0 && strcmp(error.path, path) == 0 &&
            (!value || strcmp(error.value, value) == 0) && error.rule[0]) {
            return true;
        }
    }
    return false;
}

/* Whether a text is accepted, and whether it has this warning. */
static bool warns(const char *text, const struct warn_case *one, bool wanted)
{
    s2s_config *config = NULL;
    int error = config_checked(text, &config);
    bool good = error == 0 && has(config, one->code, one->path, wanted ? one->value : NULL) == wanted;

    if (!good) {
        print_error("%s at %s %s: got %d\n", one->code, one->path, wanted ? "expected" : "not expected", error);
        config_print_errors(config);
    }
    s2s_config_delete(config);
    return good;
}

static void test_each(void **state)
{
    size_t failed = 0;

    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(cases); i++) {
        char *text = config_edited(cases[i].base, cases[i].edits);
        failed += !warns(text, &cases[i], true);
        free(text);
        /* Without the edit the warning is gone (short keys stand in the bases themselves). */
        if (strcmp(cases[i].code, "short_psk") != 0) {
            failed += !warns(config_text(cases[i].base), &cases[i], false);
        }
    }
    assert_int_equal(failed, 0);
}

static void test_table_is_covered(void **state)
{
    (void)state;
    for (int row = 0; row < S2SI_WARNINGS; row++) {
        const char *code = s2si_warning_row((enum s2si_warning)row)->code;
        bool found = false;
        for (size_t i = 0; i < S2SI_COUNT(cases); i++) {
            found = found || strcmp(cases[i].code, code) == 0;
        }
        if (!found) {
            print_error("no case provokes %s\n", code);
        }
        assert_true(found);
    }
}

/* A sound configuration is silent. */
static void test_silence(void **state)
{
    static const struct config_edit edits[CONFIG_EDITS] = {{TUNNEL "psk", LONG_KEY}};
    char *text = config_edited(CONFIG_GENERIC, edits);
    s2s_config *config = NULL;

    (void)state;
    assert_int_equal(config_checked(text, &config), 0);
    config_print_errors(config);
    assert_int_equal(s2s_config_errors(config), 0);
    s2s_config_delete(config);
    free(text);
}

/* The code is in the JSON beside path, value and rule; no key of a peer is. */
static void test_json(void **state)
{
    static const struct config_edit edits[CONFIG_EDITS] = {{TUNNEL "psk", "\"not-my-password-surely\""}};
    char *text = config_edited(CONFIG_GENERIC, edits), *json = NULL;
    s2s_config *config = NULL;

    (void)state;
    assert_int_equal(config_checked(text, &config), 0);
    assert_int_equal(s2s_config_errors_json(config, &json), 0);
    assert_non_null(strstr(json, "\"code\":\"guessable_psk\",\"path\":\"connections[0].tunnels[0].psk\""));
    assert_null(strstr(json, "surely"));
    s2s_json_free(json);
    s2s_config_delete(config);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_table_is_covered),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
