/* SPDX-License-Identifier: Apache-2.0 */
/* The entry points: time, re-entrancy, events, and each allocation refused in turn over a whole life. */
#include "lib/gateway/objects.h"
#include "lib/gateway/events.h"
#include "tests/unit/failing_allocator.h"
#include "tests/unit/gateway_rig.h"

#include <string.h>

static void test_time_goes_forward(void **state)
{
    struct rig_end end;
    (void)state;

    assert_int_equal(rig_make(&end, NULL, S2S_KERNEL_ROUTES, "192.0.2.1", "198.51.100.1"), 0);
    assert_int_equal(s2s_engine_tick(end.engine, 50), 0);
    assert_int_equal(s2s_engine_tick(end.engine, 50), 0);
    assert_int_equal(s2s_engine_tick(end.engine, 49), S2S_ERR_INVALID);
    assert_string_equal(s2s_engine_detail(end.engine), "time went backward");
    assert_int_equal(s2s_engine_tick(NULL, 1), S2S_ERR_INVALID);
    assert_int_equal(s2s_engine_set_capabilities(end.engine, 0), S2S_ERR_STATE); /* an object is there */
    assert_int_equal(s2s_engine_complete(end.engine, 12345, NULL, 50), S2S_ERR_NOT_FOUND);
    rig_free(&end);
    s2s_engine_delete(NULL);
    s2s_gateway_delete(NULL, 0);
    s2s_connection_delete(NULL, 0);
    assert_int_equal(s2s_route_delete(NULL, 0), 0);
    assert_int_equal(s2s_customer_gateway_delete(NULL), 0);
}

static void test_bad_engine_params(void **state)
{
    struct s2s_engine_params params;
    s2s_engine *engine = NULL;
    (void)state;

    s2s_engine_params_init(&params, sizeof(params));
    assert_int_equal(s2s_engine_new(&params, &engine), S2S_ERR_INVALID); /* no provider */
    params.provider = s2s_crypto_test();
    params.struct_size = 0;
    assert_int_equal(s2s_engine_new(&params, &engine), S2S_ERR_INVALID);
    assert_null(engine);
}

/* A log function is a leaf: what calls the engine again from there is told so, and nothing is changed. */
struct caller {
    s2s_engine *engine;
    int result;
    unsigned calls;
};

static void log_that_calls(void *user, const struct s2s_log_line *line)
{
    struct caller *caller = user;
    (void)line;
    if (caller->engine) {
        caller->calls++;
        caller->result = s2s_engine_tick(caller->engine, 1000);
    }
}

static void test_leaves_may_not_call_back(void **state)
{
    struct caller caller = { NULL, 0, 0 };
    struct s2s_engine_params params;
    struct s2s_gateway_params gateway;
    struct s2s_addr own = { .family = 4, .bytes = { 192, 0, 2, 1 } };
    s2s_gateway *made;
    (void)state;

    s2s_engine_params_init(&params, sizeof(params));
    params.provider = s2s_crypto_test();
    params.log = log_that_calls;
    params.log_user = &caller;
    params.log_level = S2S_LOG_DEBUG;
    assert_int_equal(s2s_engine_new(&params, &caller.engine), 0);
    s2s_gateway_params_init(&gateway, sizeof(gateway));
    gateway.name = "gw";
    gateway.profile = rig_profile();
    gateway.addresses = &own;
    gateway.address_count = 1;
    assert_int_equal(s2s_gateway_new(caller.engine, &gateway, 0, &made), 0);
    gateway.strict = 1;
    assert_int_equal(s2s_gateway_update(made, &gateway, 0), 0); /* an event, so a line */
    assert_true(caller.calls > 0);
    assert_int_equal(caller.result, S2S_ERR_REENTRANT);
    s2s_engine *engine = caller.engine;
    caller.engine = NULL;
    s2s_engine_delete(engine);
}

/* ---- events ---- */

static void test_events_drop_the_oldest(void **state)
{
    struct failing_allocator allocator;
    struct s2si_mem mem;
    struct s2si_events events;
    struct s2s_event event = { .struct_size = sizeof(event) };
    (void)state;

    failing_allocator_init(&allocator);
    s2si_mem_init(&mem, &allocator.table);
    s2si_events_init(&events, &mem, 20);
    for (unsigned i = 0; i < 50; i++) {
        struct s2s_event made = { .type = S2S_EVENT_CONFIG_CHANGED, .at = i, .text = "text", .gateway = "gw" };
        s2si_events_add(&events, &made);
    }
    assert_int_equal(events.dropped, 30);
    for (unsigned i = 30; i < 50; i++) {
        assert_true(s2si_events_next(&events, &event));
        assert_int_equal(event.at, i);
        assert_int_equal(event.number, i + 1); /* the gap tells that some were dropped */
        assert_string_equal(event.text, "text");
        assert_string_equal(event.connection, "");
    }
    assert_false(s2si_events_next(&events, &event));
    s2si_events_free(&events);
    assert_int_equal(allocator.blocks, 0);
}

/* ---- memory ---- */

struct life {
    struct failing_allocator allocator;
    uint32_t capabilities;
    bool made, came_up;
};

/* Two gateways, a tunnel, a change, a farewell; the allocator of one of them refuses a request. Whatever fails must
   fail cleanly: no crash, and everything is given back. */
static void live(struct life *life)
{
    struct rig rig = { .now = S2S_SECOND };
    struct s2s_tunnel_params changes;
    struct s2s_tunnel_state look = { .struct_size = sizeof(look) };

    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.dpd_delay = 33;
    assert_int_equal(rig_make(&rig.b, NULL, S2S_KERNEL_ROUTES, "198.51.100.1", "192.0.2.1"), 0);
    assert_int_equal(rig_connect(&rig.b, "10.2.0.0/24", "10.1.0.0/24", false, rig.now), 0);
    if (rig_make(&rig.a, &life->allocator.table, life->capabilities, "192.0.2.1", "198.51.100.1") == 0 &&
        rig_connect(&rig.a, "10.1.0.0/24", "10.2.0.0/24", true, rig.now) == 0) {
        life->made = true;
        rig_pump(&rig);
        rig_advance(&rig, 90 * (s2s_time)S2S_SECOND);
        s2s_tunnel *tunnel = s2s_connection_tunnel(rig.a.connection, 1);
        s2s_tunnel_get(tunnel, &look);
        life->came_up = look.status == S2S_TUNNEL_UP;
        s2s_tunnel_modify(tunnel, &changes, rig.now);
        s2s_tunnel_restart(tunnel, rig.now);
        rig_advance(&rig, 20 * (s2s_time)S2S_SECOND);
        s2s_engine_shutdown(rig.a.engine, rig.now);
        rig_pump(&rig);
        rig_advance(&rig, 10 * (s2s_time)S2S_SECOND);
        assert_true(rig_events(&rig.a, S2S_EVENT_SHUTDOWN_DONE) <= 1);
    }
    if (rig.a.engine) {
        rig_free(&rig.a);
    }
    rig_free(&rig.b);
}

static struct life life_with(uint32_t capabilities, size_t fail_at)
{
    struct life life;

    memset(&life, 0, sizeof(life));
    failing_allocator_init(&life.allocator);
    life.capabilities = capabilities;
    life.allocator.fail_at = fail_at;
    live(&life);
    assert_int_equal(life.allocator.blocks, 0);
    return life;
}

static void each_allocation(uint32_t capabilities)
{
    struct life life = life_with(capabilities, 0);
    size_t total = life.allocator.requests;

    assert_true(life.came_up);
    for (size_t at = 1; at <= total; at++) {
        life = life_with(capabilities, at);
        if (life.made != life.came_up) {
            print_message("allocation %zu of %zu\n", at, total);
        }
        assert_int_equal(life.made, life.came_up); /* one refusal after the start is got over */
    }
}

static void test_each_allocation_fails(void **state)
{
    (void)state;
    each_allocation(S2S_KERNEL_ROUTES);
}

static void test_each_allocation_fails_kernel_esp(void **state)
{
    (void)state;
    each_allocation(S2S_KERNEL_ROUTES | S2S_KERNEL_ESP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_goes_forward),        cmocka_unit_test(test_bad_engine_params),
        cmocka_unit_test(test_leaves_may_not_call_back), cmocka_unit_test(test_events_drop_the_oldest),
        cmocka_unit_test(test_each_allocation_fails),    cmocka_unit_test(test_each_allocation_fails_kernel_esp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
