/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics of a living engine: the format, the figures against the API's own, AWS's TunnelState, and the committed table. */
#include "config_text.h"

#include "lib/base/base.h"
#include "lib/gateway/objects.h"

#include <ctype.h>
#include <s2svpn/bgp_session.h>
#include <s2svpn/crypto.h>
#include <s2svpn/kernel.h>
#include <s2svpn/metrics.h>
#include <s2svpn/packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static s2s_engine *engine_of(enum config_base base, const struct config_edit *edits)
{
    static const struct config_edit none[CONFIG_EDITS] = {{NULL, NULL}};
    char *text = config_edited(base, edits ? edits : none);
    struct s2s_engine_params params;
    s2s_config *config = NULL;
    s2s_engine *engine = NULL;

    s2s_engine_params_init(&params, sizeof params);
    params.provider = s2s_crypto_test();
    assert_int_equal(s2s_engine_new(&params, &engine), 0);
    engine->capabilities |= S2S_KERNEL_STREAMS; /* BGP needs them */
    assert_int_equal(s2s_config_parse(text, strlen(text), NULL, &config), 0);
    assert_int_equal(s2s_config_apply(engine, config, S2S_SECOND), 0);
    s2s_engine_tick(engine, 2 * S2S_SECOND);
    s2s_config_delete(config);
    free(text);
    return engine;
}

static char *scraped(const s2s_engine *engine)
{
    char *text = NULL;

    assert_int_equal(s2s_metrics_text(engine, &text), 0);
    return text;
}

static bool has_line(const char *text, const char *line)
{
    const char *at = text;
    size_t length = strlen(line);

    while ((at = strstr(at, line)) != NULL) {
        if ((at == text || at[-1] == '\n') && at[length] == '\n') {
            return true;
        }
        at++;
    }
    print_error("no line %s\n", line);
    return false;
}

/* Each name has HELP and TYPE once, its samples follow them, counters end in _total, units are base units. */
static void test_format(void **state)
{
    s2s_engine *engine = engine_of(CONFIG_AWS, NULL);
    char *text = scraped(engine), name[80] = "", *line, *rest = text;

    (void)state;
    while ((line = strsep(&rest, "\n")) != NULL && line[0]) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            assert_int_equal(sscanf(line + 7, "%79s", name), 1);
            assert_int_equal(line[strlen(line) - 1], '.');
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            bool total = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;
            assert_int_equal(strncmp(line + 7, name, strlen(name)), 0);
            assert_int_equal(strstr(line, " counter") != NULL, total);
        } else {
            size_t length = strlen(name);
            assert_int_equal(strncmp(line, name, length), 0);
            assert_true(line[length] == '{' || line[length] == ' ');
            assert_true(isdigit((unsigned char)line[strlen(line) - 1]));
        }
    }
    s2s_json_free(text);
    s2s_engine_delete(engine);
}

static void test_names_are_unique(void **state)
{
    struct s2s_metric one = {.struct_size = sizeof one}, other = {.struct_size = sizeof other};

    (void)state;
    for (size_t i = 0; s2s_metric_info(i, &one) == 0; i++) {
        assert_null(strstr(one.name, "_ms"));
        for (size_t k = 0; k < i; k++) {
            assert_int_equal(s2s_metric_info(k, &other), 0);
            assert_string_not_equal(one.name, other.name);
        }
    }
    assert_int_equal(s2s_metric_info(100000, &one), S2S_ERR_NOT_FOUND);
    one.struct_size = 0;
    assert_int_equal(s2s_metric_info(0, &one), S2S_ERR_INVALID);
}

/* TunnelState of a static tunnel follows the tunnel, of a BGP tunnel the session; a connection's is the mean. */
static void test_tunnel_state(void **state)
{
    static const struct config_edit bgp[CONFIG_EDITS] = {{"connections[0].enable_bgp", "true"},
                                                         {"connections[0].local_subnets", NULL},
                                                         {"connections[0].remote_subnets", NULL},
                                                         {"connections[0].tunnels[1].bgp.tunnel_cidr", "\"169.254.9.0/30\""},
                                                         {"routes[0]", "{\"type\": \"static\", \"destination\": "
                                                                       "\"10.9.0.0/16\", \"connection\": \"vpn2\"}"}};
    s2s_engine *engine = engine_of(CONFIG_AWS, bgp);
    const s2s_gateway *gateway = s2s_gateway_next(engine, NULL);
    char *text;

    (void)state;
    /* Statuses are set by hand: what leads to them is tested elsewhere. */
    s2s_connection_tunnel(s2s_connection_find(gateway, "vpn1"), 1)->status = S2S_TUNNEL_UP;
    s2s_connection_tunnel(s2s_connection_find(gateway, "vpn2"), 1)->status = S2S_TUNNEL_UP;
    text = scraped(engine);
    assert_true(has_line(text, "s2s_tunnel_up{gateway=\"vgw\",connection=\"vpn1\",tunnel=\"1\"} 1"));
    assert_true(has_line(text, "s2s_tunnel_state{gateway=\"vgw\",connection=\"vpn1\",tunnel=\"1\"} 0"));
    assert_true(has_line(text, "s2s_connection_state{gateway=\"vgw\",connection=\"vpn1\"} 0"));
    assert_true(has_line(text, "s2s_tunnel_state{gateway=\"vgw\",connection=\"vpn2\",tunnel=\"1\"} 1"));
    assert_true(has_line(text, "s2s_connection_state{gateway=\"vgw\",connection=\"vpn2\"} 0.5"));
    assert_true(has_line(text, "s2s_bgp_established{gateway=\"vgw\",connection=\"vpn1\",tunnel=\"1\"} 0"));
    assert_null(strstr(text, "s2s_bgp_established{gateway=\"vgw\",connection=\"vpn2\""));
    s2s_connection_tunnel(s2s_connection_find(gateway, "vpn1"), 1)->status = S2S_TUNNEL_DOWN;
    s2s_connection_tunnel(s2s_connection_find(gateway, "vpn2"), 1)->status = S2S_TUNNEL_DOWN;
    s2s_json_free(text);
    s2s_engine_delete(engine);
}

/* Drops are told by reason, per tunnel once they happened, for the engine always; names are those of the API. */
static void test_drops(void **state)
{
    s2s_engine *engine = engine_of(CONFIG_GENERIC, NULL);
    s2s_tunnel *tunnel = s2s_connection_tunnel(s2s_connection_find(s2s_gateway_next(engine, NULL), "net"), 1);
    char *text = scraped(engine);

    (void)state;
    assert_null(strstr(text, "s2s_tunnel_drops_total{"));
    assert_true(has_line(text, "s2s_drops_total{reason=\"replay\"} 0"));
    s2s_json_free(text);
    tunnel->traffic.drops[S2S_DROP_REPLAY] = 7;
    assert_int_equal(s2s_tunnel_drops(tunnel, S2S_DROP_REPLAY), 7);
    assert_int_equal(s2s_tunnel_drops(tunnel, S2S_DROP_REASONS), 0);
    assert_int_equal(s2s_tunnel_drops(NULL, S2S_DROP_REPLAY), 0);
    text = scraped(engine);
    assert_true(has_line(text, "s2s_tunnel_drops_total{gateway=\"left\",connection=\"net\",tunnel=\"1\",reason=\"replay\"} 7"));
    assert_null(strstr(text, "reason=\"none\""));
    s2s_json_free(text);
    s2s_engine_delete(engine);
}

/* A name may hold what the format must escape. */
static void test_labels_are_escaped(void **state)
{
    static const struct config_edit edits[CONFIG_EDITS] = {{"connections[0].name", "\"a\\\\b\\\"c\""}};
    s2s_engine *engine = engine_of(CONFIG_GENERIC, edits);
    char *text = scraped(engine);

    (void)state;
    assert_true(has_line(text, "s2s_tunnel_up{gateway=\"left\",connection=\"a\\\\b\\\"c\",tunnel=\"1\"} 0"));
    s2s_json_free(text);
    s2s_engine_delete(engine);
}

/* examples/s2s-gateway/METRICS.md is what the table prints. */
static void test_document(void **state)
{
    FILE *file = fopen(S2S_SOURCE_DIR "/examples/s2s-gateway/METRICS.md", "r");
    char *text = NULL, *written = calloc(1, 1 << 16);

    (void)state;
    assert_non_null(file);
    assert_non_null(written);
    assert_true(fread(written, 1, (1 << 16) - 1, file) > 0);
    fclose(file);
    assert_int_equal(s2s_metrics_markdown(&text), 0);
    if (!strstr(written, text)) {
        print_error("examples/s2s-gateway/METRICS.md does not hold this table:\n");
        fputs(text, stderr);
        fail();
    }
    free(written);
    s2s_json_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),       cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_tunnel_state), cmocka_unit_test(test_drops),
        cmocka_unit_test(test_labels_are_escaped), cmocka_unit_test(test_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
