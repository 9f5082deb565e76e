/* SPDX-License-Identifier: Apache-2.0 */
/* The difference between desired and actual, over a kernel that answers late, in another order, or with a refusal. */
#include "lib/gateway/ops.h"
#include "lib/gateway/objects.h"
#include "tests/unit/failing_allocator.h"
#include "tests/unit/gateway_rig.h"

#include <string.h>

#define NATIVE (S2S_KERNEL_ROUTES | S2S_KERNEL_RAW_ESP)
#define KERNEL_ESP (NATIVE | S2S_KERNEL_ESP)

static struct rig rig;

static void begin(uint32_t capabilities)
{
    memset(&rig, 0, sizeof(rig));
    rig.now = S2S_SECOND;
    assert_int_equal(rig_make(&rig.a, NULL, capabilities, "192.0.2.1", "198.51.100.1"), 0);
    assert_int_equal(rig_make(&rig.b, NULL, capabilities, "198.51.100.1", "192.0.2.1"), 0);
}

static void both_connect(void)
{
    assert_int_equal(rig_connect(&rig.b, "10.2.0.0/24", "10.1.0.0/24", false, rig.now), 0);
    assert_int_equal(rig_connect(&rig.a, "10.1.0.0/24", "10.2.0.0/24", true, rig.now), 0);
}

static void finish(void)
{
    rig_free(&rig.a);
    rig_free(&rig.b);
}

static enum s2s_tunnel_status status(const struct rig_end *end)
{
    struct s2s_tunnel_state state = { .struct_size = sizeof(state) };
    s2s_tunnel_get(s2s_connection_tunnel(end->connection, 1), &state);
    return state.status;
}

static size_t find_route(enum s2s_action_type type, enum s2s_route_kind kind)
{
    for (size_t i = rig_find(&rig.a, type, 0); i < rig.a.action_count; i = rig_find(&rig.a, type, i + 1)) {
        if (rig.a.actions[i].kind == kind) {
            return i;
        }
    }
    return RIG_ACTIONS;
}

static size_t find_direction(enum s2s_action_type type, bool inbound)
{
    for (size_t i = rig_find(&rig.a, type, 0); i < rig.a.action_count; i = rig_find(&rig.a, type, i + 1)) {
        if (rig.a.actions[i].inbound == inbound) {
            return i;
        }
    }
    return RIG_ACTIONS;
}

/* ---- order ---- */

static void test_fail_closed_before_device_before_route(void **state)
{
    (void)state;
    begin(NATIVE);
    both_connect();
    rig_pump(&rig);
    rig_advance(&rig, S2S_SECOND);
    assert_int_equal(status(&rig.a), S2S_TUNNEL_UP);
    size_t scan = rig_find(&rig.a, S2S_ACTION_SCAN, 0),
           closed = find_route(S2S_ACTION_ROUTE_ADD, S2S_ROUTE_UNREACHABLE);
    size_t device = rig_find(&rig.a, S2S_ACTION_DEVICE_ADD, 0),
           route = find_route(S2S_ACTION_ROUTE_ADD, S2S_ROUTE_TUNNEL);
    assert_true(scan < closed && closed < route && device < route && route < RIG_ACTIONS);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_SA_ADD), 0); /* the engine does ESP */
    finish();
}

/* Who waits for GATEWAY_GUARDED sends nothing in clear: it comes after the kernel's answer, not after the request, and once. */
static void test_guarded_when_the_fail_closed_route_stands(void **state)
{
    (void)state;
    begin(NATIVE);
    rig.a.hold = true;
    both_connect();
    rig_pump(&rig);
    rig_answer(&rig, &rig.a, rig_find(&rig.a, S2S_ACTION_SCAN, 0), 0);
    rig_pump(&rig);
    size_t closed = find_route(S2S_ACTION_ROUTE_ADD, S2S_ROUTE_UNREACHABLE);
    assert_true(closed < RIG_ACTIONS);
    assert_int_equal(rig_events(&rig.a, S2S_EVENT_GATEWAY_GUARDED), 0);
    rig_answer(&rig, &rig.a, closed, 0);
    rig_pump(&rig);
    assert_int_equal(rig_events(&rig.a, S2S_EVENT_GATEWAY_GUARDED), 1);
    rig.a.hold = false;
    rig_advance(&rig, 400 * (s2s_time)S2S_SECOND); /* past a further SCAN */
    assert_int_equal(rig_events(&rig.a, S2S_EVENT_GATEWAY_GUARDED), 0);
    finish();
}

static void test_kernel_esp_order(void **state)
{
    (void)state;
    begin(KERNEL_ESP);
    both_connect();
    rig_pump(&rig);
    rig_advance(&rig, S2S_SECOND);
    assert_int_equal(status(&rig.a), S2S_TUNNEL_UP);
    assert_int_equal(status(&rig.b), S2S_TUNNEL_UP);
    size_t spi = rig_find(&rig.a, S2S_ACTION_SPI_ALLOCATE, 0);
    size_t sa_in = find_direction(S2S_ACTION_SA_ADD, true), sa_out = find_direction(S2S_ACTION_SA_ADD, false);
    size_t policy_in = find_direction(S2S_ACTION_POLICY_ADD, true),
           policy_out = find_direction(S2S_ACTION_POLICY_ADD, false);
    size_t path = rig_find(&rig.a, S2S_ACTION_PATH, 0);
    assert_true(spi < sa_in && sa_in < policy_in && policy_in < sa_out && sa_out < policy_out && policy_out < path);
    assert_true(path < RIG_ACTIONS);
    assert_int_equal(rig.a.actions[sa_in].spi, 0x1000);
    finish();
}

static void test_sa_deletes_come_last(void **state)
{
    (void)state;
    begin(KERNEL_ESP);
    both_connect();
    rig_pump(&rig);
    rig_advance(&rig, S2S_SECOND);
    rig.a.action_count = 0;
    s2s_connection_delete(rig.a.connection, rig.now);
    rig_pump(&rig);
    rig_advance(&rig, 10 * (s2s_time)S2S_SECOND);
    size_t policy = rig_find(&rig.a, S2S_ACTION_POLICY_DELETE, 0), out = find_direction(S2S_ACTION_SA_DELETE, false);
    size_t in = find_direction(S2S_ACTION_SA_DELETE, true);
    assert_true(policy < out && out < in && in < RIG_ACTIONS); /* inbound drains */
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_SA_DELETE), 2);
    finish();
}

/* ---- late, other order, refused ---- */

static void test_nothing_before_the_scan_is_answered(void **state)
{
    (void)state;
    begin(NATIVE);
    rig.a.hold = true;
    both_connect();
    rig_pump(&rig);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_SCAN), 1);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_ROUTE_ADD) + rig_count(&rig.a, S2S_ACTION_DEVICE_ADD), 0);
    assert_int_equal(rig.a.datagrams, 0); /* nor before the address is bound */
    rig_answer(&rig, &rig.a, rig_find(&rig.a, S2S_ACTION_SCAN, 0), 0);
    assert_true(rig_count(&rig.a, S2S_ACTION_DEVICE_ADD) + rig_count(&rig.a, S2S_ACTION_ROUTE_ADD) > 0);
    finish();
}

/* The kernel answers everything, the latest first, until all is quiet. */
static void answer_backward(void)
{
    for (bool any = true; any;) {
        any = false;
        for (size_t i = rig.a.action_count; i-- > 0;) {
            if (rig.a.actions[i].op && !rig.a.actions[i].answered) {
                rig_answer(&rig, &rig.a, i, 0);
                any = true;
                break;
            }
        }
    }
}

static void test_answers_in_any_order(void **state)
{
    (void)state;
    begin(KERNEL_ESP);
    rig.a.hold = true;
    both_connect();
    for (unsigned i = 0; i < 20; i++) {
        rig_pump(&rig);
        answer_backward();
        rig_advance(&rig, 100 * S2S_MILLISECOND);
    }
    assert_int_equal(status(&rig.a), S2S_TUNNEL_UP);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_SA_ADD), 2);
    finish();
}

/* A success that nobody wants any more is taken in, and then deleted. */
static void test_unwanted_success_is_deleted(void **state)
{
    (void)state;
    begin(NATIVE);
    both_connect();
    rig_pump(&rig);
    rig_advance(&rig, S2S_SECOND);
    rig.a.action_count = 0;
    rig.a.hold = true;
    struct s2s_route_params params;
    s2s_route *route;
    s2s_route_params_init(&params, sizeof(params));
    params.type = S2S_ROUTE_DESTINATION;
    params.connection = "net";
    s2s_prefix_parse("10.99.0.0/16", &params.destination);
    assert_int_equal(s2s_route_new(rig.a.gateway, &params, rig.now, &route), 0);
    rig_pump(&rig);
    size_t add = rig_find(&rig.a, S2S_ACTION_ROUTE_ADD, 0);
    assert_true(add < RIG_ACTIONS && !rig.a.actions[add].answered);
    assert_int_equal(s2s_route_delete(route, rig.now), 0);
    rig_pump(&rig);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_ROUTE_DELETE), 0);
    rig_answer(&rig, &rig.a, add, 0);
    size_t remove = rig_find(&rig.a, S2S_ACTION_ROUTE_DELETE, 0);
    assert_true(remove < RIG_ACTIONS);
    assert_true(s2si_prefix_equal(&rig.a.actions[remove].prefix, &rig.a.actions[add].prefix));
    finish();
}

/* Withdrawn before it was handed out: the kernel never hears of it. */
static void test_withdrawn_before_handed_out(void **state)
{
    struct s2s_route_params params;
    s2s_route *route;
    (void)state;

    begin(NATIVE);
    both_connect();
    rig_pump(&rig);
    rig.a.action_count = 0;
    s2s_route_params_init(&params, sizeof(params));
    params.type = S2S_ROUTE_DESTINATION;
    params.connection = "net";
    s2s_prefix_parse("10.99.0.0/16", &params.destination);
    assert_int_equal(s2s_route_new(rig.a.gateway, &params, rig.now, &route), 0);
    assert_int_equal(s2s_route_delete(route, rig.now), 0);
    rig_pump(&rig);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_ROUTE_ADD) + rig_count(&rig.a, S2S_ACTION_ROUTE_DELETE), 0);
    assert_int_equal(rig.a.engine->operations->outstanding, 0);
    finish();
}

static void test_refusal_parks_and_tries_again(void **state)
{
    (void)state;
    begin(NATIVE);
    rig.a.refuse = S2S_ACTION_DEVICE_ADD;
    both_connect();
    rig_pump(&rig);
    rig_advance(&rig, 100 * S2S_MILLISECOND);
    assert_in_range(rig_count(&rig.a, S2S_ACTION_DEVICE_ADD), 1,
                    2); /* no storm: once, and again when its MTU is known */
    assert_int_equal(rig_events(&rig.a, S2S_EVENT_KERNEL_REFUSED), 1);
    assert_int_equal(find_route(S2S_ACTION_ROUTE_ADD, S2S_ROUTE_TUNNEL), RIG_ACTIONS); /* nothing half-installed */
    rig_advance(&rig, 8 * (s2s_time)S2S_SECOND);
    assert_in_range(rig_count(&rig.a, S2S_ACTION_DEVICE_ADD), 3, 5); /* after 1, 2, 4 s */
    rig.a.refuse = S2S_ACTION_NONE;
    rig_advance(&rig, 20 * (s2s_time)S2S_SECOND);
    assert_true(find_route(S2S_ACTION_ROUTE_ADD, S2S_ROUTE_TUNNEL) < RIG_ACTIONS);
    finish();
}

/* Without a device nobody comes up: no port is opened, and the status says why. */
static void test_without_a_device_nobody_comes_up(void **state)
{
    struct s2s_tunnel_state tunnel = {.struct_size = sizeof tunnel};
    struct s2s_gateway_state gateway = {.struct_size = sizeof gateway};
    (void)state;
    begin(NATIVE);
    rig.a.refuse = S2S_ACTION_DEVICE_ADD;
    both_connect();
    rig_pump(&rig);
    rig_advance(&rig, 5 * (s2s_time)S2S_SECOND);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_BIND), 0);
    assert_int_equal(status(&rig.a), S2S_TUNNEL_DOWN);
    assert_int_equal(s2s_gateway_get(rig.a.gateway, &gateway), 0);
    assert_non_null(strstr(gateway.last_error, "making the tunnel device was refused"));
    assert_int_equal(s2s_tunnel_get(s2s_connection_tunnel(rig.a.connection, 1), &tunnel), 0);
    assert_string_equal(tunnel.last_error, gateway.last_error);
    rig.a.refuse = S2S_ACTION_NONE;
    rig_advance(&rig, 20 * (s2s_time)S2S_SECOND);
    assert_int_equal(status(&rig.a), S2S_TUNNEL_UP);
    assert_int_equal(s2s_gateway_get(rig.a.gateway, &gateway), 0);
    assert_string_equal(gateway.last_error, "");
    finish();
}

static void test_refused_sa_ends_the_negotiation(void **state)
{
    (void)state;
    begin(KERNEL_ESP);
    rig.b.refuse = S2S_ACTION_SA_ADD;
    both_connect();
    rig_pump(&rig);
    rig_advance(&rig, S2S_SECOND);
    assert_int_not_equal(status(&rig.a), S2S_TUNNEL_UP);
    assert_int_not_equal(status(&rig.b), S2S_TUNNEL_UP);
    assert_true(rig_events(&rig.b, S2S_EVENT_KERNEL_REFUSED) > 0);
    rig.b.refuse = S2S_ACTION_NONE;
    rig_advance(&rig, 200 * (s2s_time)S2S_SECOND);
    assert_int_equal(status(&rig.a), S2S_TUNNEL_UP);
    finish();
}

/* ---- the full comparison ---- */

static void found(struct rig_end *end, const char *prefix, enum s2s_route_kind kind)
{
    struct s2s_kernel_notice notice = { .struct_size = sizeof(notice),
                                        .type = S2S_NOTICE_FOUND_ROUTE,
                                        .gateway = "gw" };

    notice.route.kind = kind;
    s2s_prefix_parse(prefix, &notice.route.prefix);
    assert_int_equal(s2s_engine_feed_kernel(end->engine, &notice, rig.now), 0);
}

static void test_scan_adopts(void **state)
{
    struct s2s_prefix stale, kept;
    (void)state;

    begin(NATIVE);
    rig.a.hold = true;
    rig_pump(&rig);
    size_t scan = rig_find(&rig.a, S2S_ACTION_SCAN, 0);
    found(&rig.a, "10.77.0.0/16", S2S_ROUTE_UNREACHABLE);
    found(&rig.a, "10.2.0.0/24", S2S_ROUTE_UNREACHABLE);
    both_connect();
    rig.a.hold = false;
    rig_answer(&rig, &rig.a, scan, 0);
    rig_advance(&rig, S2S_SECOND);
    s2s_prefix_parse("10.77.0.0/16", &stale);
    s2s_prefix_parse("10.2.0.0/24", &kept);
    size_t remove = rig_find(&rig.a, S2S_ACTION_ROUTE_DELETE, 0);
    assert_true(remove < RIG_ACTIONS && s2si_prefix_equal(&rig.a.actions[remove].prefix, &stale));
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_ROUTE_DELETE),
                     1); /* the wanted one is adopted, never away for a moment */
    finish();
}

static void test_what_somebody_removed_comes_back(void **state)
{
    (void)state;
    begin(NATIVE);
    both_connect();
    rig_pump(&rig);
    rig_advance(&rig, S2S_SECOND);
    size_t before = rig_count(&rig.a, S2S_ACTION_ROUTE_ADD);
    rig_advance(&rig, 400 * (s2s_time)S2S_SECOND); /* a slow scan reports nothing */
    assert_true(rig_count(&rig.a, S2S_ACTION_SCAN) >= 2);
    assert_true(rig_count(&rig.a, S2S_ACTION_ROUTE_ADD) > before);
    finish();
}

/* A VPN default route must not take the networks behind the gateway. */
static void test_local_networks_stay_out(void **state)
{
    struct s2s_route_params params;
    struct s2s_prefix own;
    s2s_route *route;
    (void)state;

    begin(NATIVE);
    both_connect();
    rig_pump(&rig);
    rig.a.action_count = 0;
    s2s_route_params_init(&params, sizeof(params));
    params.type = S2S_ROUTE_DESTINATION;
    params.connection = "net";
    params.destination.addr.family = 4; /* 0.0.0.0/0 */
    assert_int_equal(s2s_route_new(rig.a.gateway, &params, rig.now, &route), 0);
    rig_pump(&rig);
    size_t local = find_route(S2S_ACTION_ROUTE_ADD, S2S_ROUTE_LOCAL),
           wide = find_route(S2S_ACTION_ROUTE_ADD, S2S_ROUTE_UNREACHABLE);
    s2s_prefix_parse("10.1.0.0/24", &own);
    assert_true(local < wide && wide < RIG_ACTIONS);
    assert_true(s2si_prefix_equal(&rig.a.actions[local].prefix, &own));
    assert_int_equal(s2s_route_delete(route, rig.now), 0);
    rig_pump(&rig);
    size_t gone_wide = find_route(S2S_ACTION_ROUTE_DELETE, S2S_ROUTE_UNREACHABLE);
    size_t gone_local = find_route(S2S_ACTION_ROUTE_DELETE, S2S_ROUTE_LOCAL);
    assert_true(gone_wide < gone_local && gone_local < RIG_ACTIONS);
    finish();
}

/* ---- updates disturb no more than they must ---- */

static void test_same_params_do_nothing(void **state)
{
    struct s2s_tunnel_params changes;
    (void)state;

    begin(NATIVE);
    both_connect();
    rig_pump(&rig);
    rig_advance(&rig, S2S_SECOND);
    rig.a.action_count = 0;
    size_t datagrams = rig.a.datagrams;
    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.psk = (const uint8_t *)"psk-123";
    changes.psk_length = 7;
    changes.dpd_delay = 25;
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(rig.a.connection, 1), &changes, rig.now), 0);
    rig_pump(&rig);
    rig_advance(&rig, S2S_SECOND);
    assert_int_equal(rig.a.action_count, 0);
    assert_int_equal(rig.a.datagrams, datagrams);
    assert_int_equal(status(&rig.a), S2S_TUNNEL_UP);
    finish();
}

static void test_changed_psk_renegotiates(void **state)
{
    struct s2s_tunnel_params changes;
    (void)state;

    begin(NATIVE);
    both_connect();
    rig_pump(&rig);
    rig_advance(&rig, S2S_SECOND);
    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.psk = (const uint8_t *)"abcdef";
    changes.psk_length = 6;
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(rig.a.connection, 1), &changes, rig.now), 0);
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(rig.b.connection, 1), &changes, rig.now), 0);
    assert_int_equal(status(&rig.a), S2S_TUNNEL_DRAINING);
    rig_pump(&rig);
    rig_advance(&rig, 30 * (s2s_time)S2S_SECOND);
    assert_int_equal(status(&rig.a), S2S_TUNNEL_UP);
    assert_int_equal(status(&rig.b), S2S_TUNNEL_UP);
    finish();
}

/* A deleted connection says goodbye while one of the same name begins. */
static void test_same_name_again(void **state)
{
    (void)state;
    begin(NATIVE);
    both_connect();
    rig_pump(&rig);
    rig_advance(&rig, S2S_SECOND);
    s2s_connection_delete(rig.a.connection, rig.now);
    assert_int_equal(rig_connect(&rig.a, "10.1.0.0/24", "10.2.0.0/24", true, rig.now), 0);
    rig_pump(&rig);
    rig_advance(&rig, 60 * (s2s_time)S2S_SECOND);
    assert_int_equal(status(&rig.a), S2S_TUNNEL_UP);
    assert_int_equal(status(&rig.b), S2S_TUNNEL_UP);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fail_closed_before_device_before_route),
        cmocka_unit_test(test_guarded_when_the_fail_closed_route_stands),
        cmocka_unit_test(test_kernel_esp_order),
        cmocka_unit_test(test_sa_deletes_come_last),
        cmocka_unit_test(test_nothing_before_the_scan_is_answered),
        cmocka_unit_test(test_answers_in_any_order),
        cmocka_unit_test(test_unwanted_success_is_deleted),
        cmocka_unit_test(test_withdrawn_before_handed_out),
        cmocka_unit_test(test_refusal_parks_and_tries_again),
        cmocka_unit_test(test_without_a_device_nobody_comes_up),
        cmocka_unit_test(test_refused_sa_ends_the_negotiation),
        cmocka_unit_test(test_scan_adopts),
        cmocka_unit_test(test_what_somebody_removed_comes_back),
        cmocka_unit_test(test_local_networks_stay_out),
        cmocka_unit_test(test_same_params_do_nothing),
        cmocka_unit_test(test_changed_psk_renegotiates),
        cmocka_unit_test(test_same_name_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
