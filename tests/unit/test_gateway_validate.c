/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/validate.h"
#include "tests/unit/failing_allocator.h"
#include "tests/unit/gateway_rig.h"

#include <string.h>

/* The first error that has this path, or NULL. */
static const char *rule_at(const s2s_engine *engine, const char *path)
{
    static char rule[256];
    struct s2s_config_error error = { .struct_size = sizeof(error) };

    for (size_t i = 0; s2s_engine_config_error(engine, i, &error) == 0; i++) {
        if (strcmp(error.path, path) == 0 && !error.warning) {
            strncpy(rule, error.rule, sizeof(rule) - 1);
            return rule;
        }
    }
    return NULL;
}

static struct rig_end end;
static struct s2s_connection_params connection;
static struct s2s_tunnel_params tunnels[3];

static void begin(void)
{
    assert_int_equal(rig_make(&end, NULL, 0, "192.0.2.1", "198.51.100.1"), 0);
    s2s_connection_params_init(&connection, sizeof(connection));
    for (size_t i = 0; i < 3; i++) {
        s2s_tunnel_params_init(&tunnels[i], sizeof(tunnels[i]));
        tunnels[i].psk = (const uint8_t *)"psk-123";
        tunnels[i].psk_length = 7;
    }
    connection.name = "net";
    connection.customer_gateway = "far";
    connection.tunnels = tunnels;
    connection.tunnel_count = 1;
}

static int create(void)
{
    return s2s_connection_new(end.gateway, &connection, 0, &end.connection);
}

static void test_all_errors_at_once(void **state)
{
    (void)state;
    begin();
    connection.tunnel_count = 3;
    tunnels[0].psk = (const uint8_t *)"-123";
    tunnels[0].psk_length = 4;
    tunnels[1].ike_lifetime = 899;
    tunnels[1].customer_gateway = "nobody";
    tunnels[2].ike_dh_group = (struct s2s_algorithm_list){ 1, { S2S_MODP4096 } };
    assert_int_equal(create(), S2S_ERR_CONFIG);
    assert_non_null(rule_at(end.engine, "connections[0].tunnels"));
    assert_non_null(strstr(rule_at(end.engine, "connections[0].tunnels[0].psk"), "the test's rule"));
    assert_non_null(strstr(rule_at(end.engine, "connections[0].tunnels[1].ike.lifetime"), "900 to 86400"));
    assert_non_null(rule_at(end.engine, "connections[0].tunnels[1].customer_gateway"));
    assert_non_null(rule_at(end.engine, "connections[0].tunnels[2].ike.dh_group"));
    assert_null(s2s_connection_next(end.gateway, NULL));
    assert_true(s2s_engine_detail(end.engine)[0] != '\0');
    rig_free(&end);
}

/* A refused PSK never shows up in what a person gets to see. */
static void test_secrets_stay_out(void **state)
{
    struct s2s_config_error error = { .struct_size = sizeof(error) };
    (void)state;

    begin();
    tunnels[0].psk = (const uint8_t *)"ZZZZZZZZ";
    tunnels[0].psk_length = 8;
    assert_int_equal(create(), S2S_ERR_CONFIG);
    for (size_t i = 0; s2s_engine_config_error(end.engine, i, &error) == 0; i++) {
        assert_null(strstr(error.value, "ZZZ"));
        assert_null(strstr(error.rule, "ZZZ"));
    }
    rig_free(&end);
}

static void test_neighbours_of_the_range(void **state)
{
    static const struct {
        int value, result;
    } rows[] = { { 899, S2S_ERR_CONFIG }, { 900, 0 }, { 86400, 0 }, { 86401, S2S_ERR_CONFIG } };
    (void)state;

    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        begin();
        tunnels[0].ike_lifetime = rows[i].value;
        assert_int_equal(create(), rows[i].result);
        rig_free(&end);
    }
}

static void test_defaults(void **state)
{
    struct s2s_tunnel_params effective = { .struct_size = sizeof(effective) };
    struct s2s_connection_state look = { .struct_size = sizeof(look) };
    uint8_t psk[32];
    size_t length;
    (void)state;

    begin();
    tunnels[0].psk = NULL;
    tunnels[0].psk_length = 0;
    assert_int_equal(create(), 0);
    assert_int_equal(s2s_tunnel_effective(s2s_connection_tunnel(end.connection, 1), &effective), 0);
    assert_int_equal(effective.ike_lifetime, 28800);
    assert_int_equal(effective.rekey_margin, 360);                /* 540 is cut to a tenth of the shorter lifetime */
    assert_int_equal(effective.startup_action, S2S_STARTUP_TRAP); /* effect_immediately is false */
    assert_null(effective.psk);
    assert_int_equal(s2s_tunnel_psk(s2s_connection_tunnel(end.connection, 1), psk, sizeof(psk), &length), 0);
    assert_int_equal(length, 12); /* made by the profile's rule */
    for (size_t i = 0; i < length; i++) {
        assert_true(psk[i] >= 'a' && psk[i] <= 'h');
    }
    assert_int_not_equal(psk[0], 'a');
    assert_int_equal(s2s_tunnel_psk(s2s_connection_tunnel(end.connection, 1), psk, 3, &length), S2S_ERR_BUFFER);
    assert_int_equal(s2s_connection_get(end.connection, &look), 0);
    assert_int_equal(look.route_mode, S2S_ROUTE_MODE_DESTINATION); /* no subnets are given */
    rig_free(&end);
}

static void test_made_psk_stays(void **state)
{
    struct s2s_tunnel_params changes;
    uint8_t before[32], after[32];
    size_t length;
    (void)state;

    begin();
    tunnels[0].psk = NULL;
    assert_int_equal(create(), 0);
    s2s_tunnel *tunnel = s2s_connection_tunnel(end.connection, 1);
    assert_int_equal(s2s_tunnel_psk(tunnel, before, sizeof(before), &length), 0);
    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.ike_lifetime = 1800;
    assert_int_equal(s2s_tunnel_modify(tunnel, &changes, 0), 0);
    assert_int_equal(s2s_tunnel_psk(tunnel, after, sizeof(after), &length), 0);
    assert_memory_equal(before, after, length);
    rig_free(&end);
}

static void test_refused_modify_changes_nothing(void **state)
{
    struct s2s_tunnel_params changes, effective = { .struct_size = sizeof(effective) };
    (void)state;

    begin();
    assert_int_equal(create(), 0);
    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.ike_lifetime = 1800;
    changes.ipsec_lifetime = 1800;
    changes.psk = (const uint8_t *)"";
    changes.psk_length = 0;
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(end.connection, 1), &changes, 0), S2S_ERR_CONFIG);
    s2s_tunnel_effective(s2s_connection_tunnel(end.connection, 1), &effective);
    assert_int_equal(effective.ike_lifetime, 28800);
    assert_int_equal(effective.ipsec_lifetime, 3600);
    rig_free(&end);
}

static void test_names(void **state)
{
    s2s_connection *second;
    (void)state;

    begin();
    assert_int_equal(create(), 0);
    assert_int_equal(s2s_connection_new(end.gateway, &connection, 0, &second), S2S_ERR_EXISTS);
    connection.name = NULL;
    assert_int_equal(s2s_connection_new(end.gateway, &connection, 0, &second), S2S_ERR_CONFIG);
    assert_non_null(rule_at(end.engine, "connections[1].name"));
    assert_int_equal(s2s_customer_gateway_delete(s2s_customer_gateway_find(end.gateway, "far")), S2S_ERR_STATE);
    rig_free(&end);
}

static void test_routes(void **state)
{
    struct s2s_route_params params;
    s2s_route *first, *same, *other;
    size_t count = 0;
    (void)state;

    begin();
    struct s2s_prefix local, remote;
    s2s_prefix_parse("10.1.0.0/24", &local);
    s2s_prefix_parse("10.2.0.0/24", &remote);
    connection.local_subnets = &local;
    connection.remote_subnets = &remote;
    connection.local_subnet_count = connection.remote_subnet_count = 1;
    assert_int_equal(create(), 0);
    first = s2s_route_next(end.gateway, NULL); /* made by the connection */
    assert_non_null(first);
    assert_int_equal(s2s_route_delete(first, 0), S2S_ERR_STATE);
    s2s_route_params_init(&params, sizeof(params));
    params.type = S2S_ROUTE_POLICY;
    params.source = local;
    params.destination = remote;
    params.connection = "net";
    params.publish = 0;
    assert_int_equal(s2s_route_new(end.gateway, &params, 0, &same), 0);
    assert_ptr_equal(first, same); /* a listed route with the same key is that route */
    params.type = S2S_ROUTE_STATIC;
    assert_int_equal(s2s_route_new(end.gateway, &params, 0, &other), S2S_ERR_CONFIG); /* this cloud has none */
    params.type = S2S_ROUTE_DESTINATION;
    params.connection = "nowhere";
    assert_int_equal(s2s_route_new(end.gateway, &params, 0, &other), S2S_ERR_NOT_FOUND);
    for (s2s_route *route = NULL; (route = s2s_route_next(end.gateway, route)) != NULL;) {
        count++;
    }
    assert_int_equal(count, 1);
    assert_int_equal(s2s_route_delete(same, 0), 0); /* goes back to being the connection's own */
    assert_ptr_equal(s2s_route_next(end.gateway, NULL), first);
    s2s_connection_delete(end.connection, 0);
    assert_null(s2s_route_next(end.gateway, NULL));
    rig_free(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_errors_at_once),
        cmocka_unit_test(test_secrets_stay_out),
        cmocka_unit_test(test_neighbours_of_the_range),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_made_psk_stays),
        cmocka_unit_test(test_refused_modify_changes_nothing),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_routes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
