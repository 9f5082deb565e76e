/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of objects that are in use: what differs is disturbed, the rest is not. */
#include "lib/gateway/objects.h"
#include "tests/unit/gateway_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct rig rig;
static struct s2s_connection_params params;
static struct s2s_tunnel_params tunnels[2];
static struct s2s_prefix own, far;

static void fill(void)
{
    s2s_prefix_parse("10.1.0.0/24", &own);
    s2s_prefix_parse("10.2.0.0/24", &far);
    s2s_connection_params_init(&params, sizeof(params));
    params.name = "net";
    params.customer_gateway = "far";
    params.local_subnets = &own;
    params.remote_subnets = &far;
    params.local_subnet_count = params.remote_subnet_count = 1;
    params.tunnels = tunnels;
    params.tunnel_count = 1;
    for (size_t i = 0; i < 2; i++) {
        s2s_tunnel_params_init(&tunnels[i], sizeof(tunnels[i]));
        tunnels[i].psk = (const uint8_t *)"psk-123";
        tunnels[i].psk_length = 7;
        tunnels[i].startup_action = S2S_STARTUP_START;
    }
}

static void begin(void)
{
    memset(&rig, 0, sizeof(rig));
    rig.now = S2S_SECOND;
    assert_int_equal(rig_make(&rig.a, NULL, S2S_KERNEL_ROUTES, "192.0.2.1", "198.51.100.1"), 0);
    assert_int_equal(rig_make(&rig.b, NULL, S2S_KERNEL_ROUTES, "198.51.100.1", "192.0.2.1"), 0);
    assert_int_equal(rig_connect(&rig.b, "10.2.0.0/24", "10.1.0.0/24", false, rig.now), 0);
    fill();
    assert_int_equal(s2s_connection_new(rig.a.gateway, &params, rig.now, &rig.a.connection), 0);
    rig_pump(&rig);
    rig_advance(&rig, S2S_SECOND);
    rig.a.action_count = 0;
}

static void finish(void)
{
    rig_free(&rig.a);
    rig_free(&rig.b);
}

static enum s2s_tunnel_status status(unsigned tunnel)
{
    struct s2s_tunnel_state state = { .struct_size = sizeof(state) };
    assert_int_equal(s2s_tunnel_get(s2s_connection_tunnel(rig.a.connection, tunnel), &state), 0);
    return state.status;
}

static void settle(unsigned seconds)
{
    rig_pump(&rig);
    rig_advance(&rig, seconds * (s2s_time)S2S_SECOND);
}

static void test_same_is_no_change(void **state)
{
    size_t datagrams;
    (void)state;

    begin();
    assert_int_equal(status(1), S2S_TUNNEL_UP);
    datagrams = rig.a.datagrams;
    assert_int_equal(s2s_connection_update(rig.a.connection, &params, rig.now), 0);
    settle(1);
    assert_int_equal(rig.a.datagrams, datagrams);
    assert_int_equal(rig.a.action_count, 0);
    assert_int_equal(status(1), S2S_TUNNEL_UP);
    finish();
}

static void test_tunnel_comes_and_goes(void **state)
{
    s2s_tunnel *first;
    (void)state;

    begin();
    first = s2s_connection_tunnel(rig.a.connection, 1);
    params.tunnel_count = 2;
    tunnels[1].startup_action = S2S_STARTUP_ADD;
    assert_int_equal(s2s_connection_update(rig.a.connection, &params, rig.now), 0);
    settle(1);
    assert_int_equal(s2s_connection_tunnels(rig.a.connection), 2);
    assert_ptr_equal(s2s_connection_tunnel(rig.a.connection, 1), first);
    assert_int_equal(status(1), S2S_TUNNEL_UP); /* undisturbed */
    assert_int_equal(status(2), S2S_TUNNEL_DOWN);
    params.tunnel_count = 1;
    assert_int_equal(s2s_connection_update(rig.a.connection, &params, rig.now), 0);
    settle(10);
    assert_int_equal(s2s_connection_tunnels(rig.a.connection), 1);
    assert_int_equal(status(1), S2S_TUNNEL_UP);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_UNBIND), 0); /* the first still needs the address */
    assert_null(s2s_connection_next(rig.a.gateway, rig.a.connection));
    finish();
}

static void test_selectors_renegotiate(void **state)
{
    struct s2s_prefix wider;
    (void)state;

    begin();
    s2s_prefix_parse("10.2.0.0/16", &wider);
    params.remote_subnets = &wider;
    assert_int_equal(s2s_connection_update(rig.a.connection, &params, rig.now), 0);
    assert_int_equal(status(1), S2S_TUNNEL_DRAINING);
    settle(20);
    assert_int_equal(status(1), S2S_TUNNEL_UP); /* narrowed by the far end */
    finish();
}

static void test_customer_gateway_moves(void **state)
{
    struct s2s_customer_gateway_params moved;
    s2s_customer_gateway *customer = s2s_customer_gateway_find(NULL, "far");
    (void)state;

    assert_null(customer);
    begin();
    customer = s2s_customer_gateway_find(rig.a.gateway, "far");
    s2s_customer_gateway_params_init(&moved, sizeof(moved));
    moved.name = "far";
    s2s_addr_parse("198.51.100.99", &moved.ip_address);
    assert_int_equal(s2s_customer_gateway_update(customer, &moved, rig.now), 0);
    assert_int_equal(status(1), S2S_TUNNEL_DRAINING);
    settle(5);
    assert_int_equal(status(1), S2S_TUNNEL_CONNECTING); /* calls the new address */
    finish();
}

static void test_gateway_address_changes(void **state)
{
    struct s2s_gateway_params gateway;
    struct s2s_addr address;
    (void)state;

    begin();
    s2s_gateway_params_init(&gateway, sizeof(gateway));
    gateway.name = "gw";
    gateway.profile = rig_profile();
    gateway.addresses = &address;
    gateway.address_count = 1;
    s2s_addr_parse("192.0.2.1", &address);
    assert_int_equal(s2s_gateway_update(rig.a.gateway, &gateway, rig.now), 0);
    assert_int_equal(status(1), S2S_TUNNEL_UP);
    s2s_addr_parse("192.0.2.77", &address);
    assert_int_equal(s2s_gateway_update(rig.a.gateway, &gateway, rig.now), 0);
    assert_int_equal(status(1), S2S_TUNNEL_DRAINING);
    rig_pump(&rig);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_UNBIND), 0); /* the DELETE still leaves by the old one */
    settle(10);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_BIND), 1);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_UNBIND), 1);
    assert_true(rig_events(&rig.b, S2S_EVENT_DELETE_RECEIVED) > 0);
    gateway.profile = s2s_profile_generic();
    assert_int_equal(s2s_gateway_update(rig.a.gateway, &gateway, rig.now), S2S_ERR_CONFIG);
    finish();
}

static void test_gateway_delete_cleans_up(void **state)
{
    (void)state;
    begin();
    s2s_gateway_delete(rig.a.gateway, rig.now);
    assert_null(s2s_gateway_next(rig.a.engine, NULL));
    settle(10);
    assert_true(s2s_engine_idle(rig.a.engine));
    assert_true(s2si_list_empty(&rig.a.engine->gateways));
    assert_true(rig_events(&rig.b, S2S_EVENT_DELETE_RECEIVED) > 0);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_DEVICE_DELETE), 1);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_UNBIND), 1);
    finish();
}

/* "dynamic": the kernel tells which address is ours. */
static void test_dynamic_address(void **state)
{
    struct s2s_customer_gateway_params customer;
    s2s_customer_gateway *made;
    struct s2s_kernel_notice notice = { .struct_size = sizeof(notice), .type = S2S_NOTICE_ADDRESS_UP };
    struct s2s_gateway_params gateway;
    struct s2s_addr address = { 0 };
    bool present = false;
    (void)state;

    begin();
    s2s_gateway_delete(rig.a.gateway, rig.now);
    settle(10);
    s2s_gateway_params_init(&gateway, sizeof(gateway));
    gateway.name = "gw";
    gateway.profile = rig_profile();
    gateway.addresses = &address;
    gateway.address_count = 1;
    assert_int_equal(s2s_gateway_new(rig.a.engine, &gateway, rig.now, &rig.a.gateway), 0);
    s2s_customer_gateway_params_init(&customer, sizeof(customer));
    customer.name = "far";
    s2s_addr_parse("198.51.100.1", &customer.ip_address);
    assert_int_equal(s2s_customer_gateway_new(rig.a.gateway, &customer, &made), 0);
    assert_int_equal(s2s_connection_new(rig.a.gateway, &params, rig.now, &rig.a.connection), 0);
    settle(10);
    assert_int_equal(status(1), S2S_TUNNEL_DOWN);
    s2s_addr_parse("192.0.2.1", &notice.addr);
    assert_int_equal(s2s_engine_feed_kernel(rig.a.engine, &notice, rig.now), 0);
    settle(60);
    assert_int_equal(status(1), S2S_TUNNEL_UP);
    assert_int_equal(s2s_gateway_address(rig.a.gateway, 0, &address, &present), 0);
    assert_true(present);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_is_no_change),
        cmocka_unit_test(test_tunnel_comes_and_goes),
        cmocka_unit_test(test_selectors_renegotiate),
        cmocka_unit_test(test_customer_gateway_moves),
        cmocka_unit_test(test_gateway_address_changes),
        cmocka_unit_test(test_gateway_delete_cleans_up),
        cmocka_unit_test(test_dynamic_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
