/* SPDX-License-Identifier: Apache-2.0 */
/* BGP in the engine against a kernel of paper: listeners and keys as desired state, streams in and out, each allocation failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include <s2svpn/bgp_session.h>
#include "lib/base/base.h"
#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/tunnel.h"
#include "tests/unit/failing_allocator.h"
#include "tests/unit/gateway_rig.h"

#define CAPABILITIES (S2S_KERNEL_ROUTES | S2S_KERNEL_RAW_ESP | S2S_KERNEL_STREAMS | S2S_KERNEL_TCP_MD5)

static struct rig rig;

static int far_with_asn(struct rig_end *end, uint32_t asn, const char *key)
{
    struct s2s_customer_gateway_params params;
    s2s_customer_gateway *far = s2s_customer_gateway_find(end->gateway, "far");

    s2s_customer_gateway_params_init(&params, sizeof(params));
    params.struct_size = sizeof(params);
    s2s_customer_gateway_get(far, &params);
    params.asn = asn;
    params.auth_key = key;
    return s2s_customer_gateway_update(far, &params, rig.now);
}

static int connect_with_bgp(struct rig_end *end, uint32_t asn, const char *inside, bool bgp, bool start)
{
    struct s2s_connection_params connection;
    struct s2s_tunnel_params tunnel;

    s2s_connection_params_init(&connection, sizeof(connection));
    s2s_tunnel_params_init(&tunnel, sizeof(tunnel));
    tunnel.psk = (const uint8_t *)"psk-123";
    tunnel.psk_length = 7;
    tunnel.startup_action = start ? S2S_STARTUP_START : S2S_STARTUP_ADD;
    assert_int_equal(s2s_prefix_parse("169.254.10.0/30", &tunnel.bgp_tunnel_cidr), 0);
    assert_int_equal(s2s_addr_parse(inside, &tunnel.bgp_local_ip), 0);
    tunnel.bgp_import = tunnel.bgp_export = "\"permit\"";
    connection.name = "net";
    connection.customer_gateway = "far";
    connection.route_mode = S2S_ROUTE_MODE_DESTINATION;
    connection.enable_bgp = bgp ? 1 : 0;
    connection.local_asn = asn;
    connection.tunnels = &tunnel;
    connection.tunnel_count = 1;
    if (end->connection) {
        return s2s_connection_update(end->connection, &connection, rig.now);
    }
    return s2s_connection_new(end->gateway, &connection, rig.now, &end->connection);
}

/* Both ends with BGP and the tunnel up; or the first error. */
static int begin(const struct s2s_allocator *allocator, const char *key)
{
    int error;

    memset(&rig, 0, sizeof(rig));
    rig.now = S2S_SECOND;
    error = rig_make(&rig.a, allocator, CAPABILITIES, "192.0.2.1", "198.51.100.1");
    if (error == 0) {
        error = rig_make(&rig.b, NULL, CAPABILITIES, "198.51.100.1", "192.0.2.1");
    }
    if (error == 0) {
        error = far_with_asn(&rig.a, 65002, key);
    }
    if (error == 0) {
        error = far_with_asn(&rig.b, 65001, key);
    }
    if (error == 0) {
        error = connect_with_bgp(&rig.b, 65002, "169.254.10.2", true, false);
    }
    if (error == 0) {
        error = connect_with_bgp(&rig.a, 65001, "169.254.10.1", true, true);
    }
    for (unsigned i = 0; i < 20 && error == 0; i++) {
        rig_pump(&rig);
        rig_advance(&rig, S2S_SECOND / 10);
    }
    return error;
}

static void end(void)
{
    if (rig.a.engine) {
        rig_free(&rig.a);
    }
    if (rig.b.engine) {
        rig_free(&rig.b);
    }
}

/* ---- */

static void test_listens_and_connects(void **state)
{
    (void)state;
    assert_int_equal(begin(NULL, "a key"), 0);
    size_t address = rig_find(&rig.a, S2S_ACTION_ADDRESS_ADD, 0), listen = rig_find(&rig.a, S2S_ACTION_STREAM_LISTEN, 0);
    size_t key = rig_find(&rig.a, S2S_ACTION_STREAM_KEY, 0), connect = rig_find(&rig.a, S2S_ACTION_STREAM_CONNECT, 0);
    assert_true(address < listen && listen < key && key < connect && connect < RIG_ACTIONS);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_STREAM_LISTEN), 1);
    end();
}

static void test_off_and_on(void **state)
{
    (void)state;
    assert_int_equal(begin(NULL, NULL), 0);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_STREAM_KEY), 0);
    size_t sas = rig_count(&rig.a, S2S_ACTION_SA_ADD), datagrams = rig.a.datagrams;
    assert_int_equal(connect_with_bgp(&rig.a, 65001, "169.254.10.1", false, true), 0);
    rig_pump(&rig);
    assert_null(s2s_tunnel_bgp_session(s2s_connection_tunnel(rig.a.connection, 1)));
    assert_true(rig_find(&rig.a, S2S_ACTION_STREAM_CLOSE, 0) < RIG_ACTIONS);
    assert_int_equal(connect_with_bgp(&rig.a, 65001, "169.254.10.1", true, true), 0);
    rig_pump(&rig);
    assert_non_null(s2s_tunnel_bgp_session(s2s_connection_tunnel(rig.a.connection, 1)));
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_STREAM_LISTEN), 2);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_SA_ADD), sas);
    assert_int_equal(rig.a.datagrams, datagrams); /* IKE heard nothing of it */
    end();
}

/* A listener that the kernel refuses is tried again; the session can still be opened by us. */
static void test_refused_listener(void **state)
{
    (void)state;
    assert_int_equal(begin(NULL, NULL), 0);
    assert_int_equal(connect_with_bgp(&rig.a, 65001, "169.254.10.1", false, true), 0);
    rig_pump(&rig);
    rig.a.refuse = S2S_ACTION_STREAM_LISTEN;
    assert_int_equal(connect_with_bgp(&rig.a, 65001, "169.254.10.1", true, true), 0);
    rig_pump(&rig);
    assert_true(rig_events(&rig.a, S2S_EVENT_KERNEL_REFUSED) > 0);
    size_t tried = rig_count(&rig.a, S2S_ACTION_STREAM_LISTEN);
    rig.a.refuse = S2S_ACTION_NONE;
    for (unsigned i = 0; i < 5; i++) {
        rig_advance(&rig, S2S_SECOND);
        rig_pump(&rig);
    }
    assert_true(rig_count(&rig.a, S2S_ACTION_STREAM_LISTEN) > tried);
    assert_true(rig_find(&rig.a, S2S_ACTION_STREAM_CONNECT, 0) < RIG_ACTIONS);
    end();
}

/* ---- streams of strangers ---- */

static struct s2s_stream_input input(enum s2s_stream_input_type type, uint64_t stream, const char *local, const char *remote)
{
    struct s2s_stream_input out = { .struct_size = sizeof(out), .type = type, .stream = stream };

    assert_int_equal(s2s_addr_parse(local, &out.local.addr), 0);
    assert_int_equal(s2s_addr_parse(remote, &out.remote.addr), 0);
    out.local.port = 179;
    out.remote.port = 40000;
    return out;
}

static void test_strangers(void **state)
{
    static const uint8_t noise[64] = { 1, 2, 3 };
    struct s2s_stream_input one;
    uint8_t out[64];
    (void)state;
    assert_int_equal(begin(NULL, NULL), 0);
    size_t closes = rig_count(&rig.a, S2S_ACTION_STREAM_CLOSE);
    one = input(S2S_STREAM_ACCEPTED, UINT64_C(1) << 63 | 77, "169.254.10.1", "169.254.99.9");
    assert_int_equal(s2s_engine_feed_stream(rig.a.engine, &one, rig.now), 0);
    rig_pump(&rig);
    assert_int_equal(rig_count(&rig.a, S2S_ACTION_STREAM_CLOSE), closes + 1);
    one.type = S2S_STREAM_DATA;
    one.data = noise;
    one.length = sizeof(noise);
    assert_int_equal(s2s_engine_feed_stream(rig.a.engine, &one, rig.now), S2S_ERR_NOT_FOUND);
    assert_int_equal(s2s_engine_stream_pull(rig.a.engine, one.stream, out, sizeof(out)), 0);
    one.stream = UINT64_C(1) << 62 | UINT64_C(99) << 40 | 1;
    assert_int_equal(s2s_engine_feed_stream(rig.a.engine, &one, rig.now), S2S_ERR_NOT_FOUND);
    one.stream = 12;
    assert_int_equal(s2s_engine_feed_stream(rig.a.engine, &one, rig.now), S2S_ERR_NOT_FOUND);
    end();
}

/* The right address with noise: an answer, and the stream is closed; the far end's second stream costs nothing more. */
static void test_noise_from_the_peer(void **state)
{
    static const uint8_t noise[64] = { 1, 2, 3 };
    (void)state;
    assert_int_equal(begin(NULL, NULL), 0);
    for (uint64_t i = 1; i <= 100; i++) {
        struct s2s_stream_input one = input(S2S_STREAM_ACCEPTED, UINT64_C(1) << 63 | i, "169.254.10.1", "169.254.10.2");
        assert_int_equal(s2s_engine_feed_stream(rig.a.engine, &one, rig.now), 0);
        rig_pump(&rig);
        one.type = S2S_STREAM_DATA;
        one.data = noise;
        one.length = sizeof(noise);
        (void)s2s_engine_feed_stream(rig.a.engine, &one, rig.now);
        rig_pump(&rig);
        one.type = S2S_STREAM_CLOSED;
        (void)s2s_engine_feed_stream(rig.a.engine, &one, rig.now);
        rig_advance(&rig, S2S_SECOND / 100);
    }
    struct s2s_engine_stats stats = { .struct_size = sizeof(stats) };
    s2s_engine_stats(rig.a.engine, &stats);
    assert_true(stats.heap_bytes < 4 * 1024 * 1024);
    end();
}

/* Whatever fails must fail cleanly: no crash, everything is given back, and what was refused comes later. */
static size_t live(size_t fail_at)
{
    struct failing_allocator allocator;

    failing_allocator_init(&allocator);
    allocator.fail_at = fail_at;
    if (begin(&allocator.table, "a key") == 0) {
        rig_advance(&rig, 10 * (s2s_time)S2S_SECOND);
        rig_pump(&rig);
        assert_true(rig_find(&rig.a, S2S_ACTION_STREAM_LISTEN, 0) < RIG_ACTIONS);
        (void)connect_with_bgp(&rig.a, 65001, "169.254.10.1", false, true);
        rig_pump(&rig);
    }
    end();
    assert_int_equal(allocator.blocks, 0);
    return allocator.requests;
}

/* A table of many routes comes one route at a time: each is compared with the kernel alone, never all of them. */
static void test_one_route_is_compared_alone(void **state)
{
    struct s2si_bgp_output out = { .type = S2SI_BGP_ROUTE };
    (void)state;
    assert_int_equal(begin(NULL, NULL), 0);
    s2s_tunnel *tunnel = s2s_connection_tunnel(rig.a.connection, 1);
    s2s_gateway *gateway = tunnel->gateway;
    assert_int_equal(s2s_prefix_parse("20.0.0.0/24", &out.prefix), 0);
    out.session = tunnel->bgp->speaker;
    out.owner = tunnel->id;
    out.next_hop = tunnel->inside_remote;
    assert_false(gateway->route_scope.stale);
    s2si_bgp_routes_best(gateway->bgp, &out, rig.now);
    assert_false(gateway->route_scope.stale); /* that would be all of them */
    const struct s2si_list *node;
    size_t items = 0;
    S2SI_LIST_EACH(node, &gateway->route_scope.items) {
        const struct s2si_item *item = S2SI_CONTAINER(node, const struct s2si_item, node);
        items += item->wanted && s2si_prefix_equal(&item->content.prefix, &out.prefix);
    }
    assert_true(items > 0); /* and yet it is wanted in the kernel */
    end();
}

static void test_each_allocation_fails(void **state)
{
    (void)state;
    size_t total = live(0);
    for (size_t at = 1; at <= total; at++) {
        live(at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listens_and_connects), cmocka_unit_test(test_off_and_on),
        cmocka_unit_test(test_refused_listener),     cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_noise_from_the_peer),  cmocka_unit_test(test_one_route_is_compared_alone),
        cmocka_unit_test(test_each_allocation_fails),
    };
    return cmocka_run_group_tests_name("gateway_bgp", tests, NULL, NULL);
}
