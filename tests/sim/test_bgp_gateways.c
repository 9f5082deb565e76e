/* SPDX-License-Identifier: Apache-2.0 */
/* The dynamic half of the scenario: two whole gateways, BGP over both tunnels, traffic by learned routes, failover by
 * routing. */
#include "tests/sim/cloud_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void start(struct cloud *cloud, const struct cloud_params *params)
{
    cloud_setup(cloud, params);
    cloud_run(cloud, 5000);
    cloud_bgp(cloud, true);
    assert_true(cloud_until_established(cloud, 10000));
}

static void defaults(struct cloud *cloud)
{
    struct cloud_params params;
    cloud_params_init(&params);
    start(cloud, &params);
}

static void done(struct cloud *cloud)
{
    assert_int_equal(cloud_cleartext(cloud), 0);
    cloud_teardown(cloud);
}

/* ---- the scenario ---- */

/* BGP on connections that exist: sessions come, IKE does not notice; the learned routes carry the ping. */
static void test_scenario(void **state)
{
    struct cloud cloud;
    struct cloud_params params;
    struct s2s_bgp_session_state session;
    (void)state;
    cloud_params_init(&params);
    cloud_setup(&cloud, &params);
    cloud_run(&cloud, 5000);
    assert_null(s2s_tunnel_bgp_session(cloud_tunnel(&cloud, &cloud.ali, 1)));
    size_t negotiated = cloud_events(&cloud.ali, S2S_EVENT_IKE_ESTABLISHED);
    cloud_bgp(&cloud, true);
    assert_true(cloud_until_established(&cloud, 10000));
    assert_int_equal(cloud_events(&cloud.ali, S2S_EVENT_IKE_ESTABLISHED), negotiated);
    assert_int_equal(cloud_events(&cloud.ali, S2S_EVENT_IPSEC_DOWN), 0);
    session = cloud_session(&cloud, &cloud.ali, 1);
    assert_string_equal(session.status_text, "success");
    assert_int_equal(session.local_asn, 65530);
    assert_int_equal(session.peer_asn, 64512);
    assert_int_equal(session.hold_time, 30);
    assert_int_equal(session.routes_accepted, 1);
    assert_string_equal(cloud_session(&cloud, &cloud.aws, 2).status_text, "UP");
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 1);
    assert_int_equal(cloud_active(&cloud, &cloud.aws), 1);
    done(&cloud);
}

/* The far end speaks BGP and probes before this end has an inside address: what comes for it goes nowhere, above all not
 * by the default route, in clear. The tunnels stay as they are when the addresses come. */
static void test_inside_late(void **state)
{
    struct cloud cloud;
    struct cloud_params params;
    (void)state;
    cloud_params_init(&params);
    params.inside_late = true;
    cloud_setup(&cloud, &params);
    cloud_run(&cloud, 5000);
    assert_int_equal(cloud_cleartext(&cloud), 0);
    size_t negotiated = cloud_events(&cloud.ali, S2S_EVENT_IKE_ESTABLISHED);
    cloud_bgp(&cloud, true);
    assert_true(cloud_until_established(&cloud, 10000));
    assert_int_equal(cloud_events(&cloud.ali, S2S_EVENT_IKE_ESTABLISHED), negotiated);
    assert_int_equal(cloud_events(&cloud.ali, S2S_EVENT_IPSEC_DOWN), 0);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

static const char *explain(struct cloud_end *end, const char *from, const char *to, int expected)
{
    struct s2s_addr source, destination;
    const char *text = "";

    assert_int_equal(s2s_addr_parse(from, &source), 0);
    assert_int_equal(s2s_addr_parse(to, &destination), 0);
    assert_int_equal(s2s_gateway_explain(end->gateway, &source, &destination, &text), expected);
    return text;
}

/* A kernel that does ESP itself: sessions and traffic alike. */
static void test_kernel_with_esp(void **state)
{
    struct cloud cloud;
    struct cloud_params params;
    struct cloud_stream stream;
    (void)state;
    cloud_params_init(&params);
    params.mode = S2S_SIM_ESP;
    start(&cloud, &params);
    cloud_run(&cloud, 10000);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    cloud_stream_start(&cloud, &stream, 15);
    cloud_run(&cloud, 1000);
    cloud_silence(&cloud, 1, true, true);
    cloud_run(&cloud, 14000);
    cloud_stream_end(&cloud, &stream);
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 2);
    assert_int_equal(cloud_active(&cloud, &cloud.aws), 2);
    assert_in_range(cloud_gap_ms(&stream), 1, 10000); /* probes by INFORMATIONAL alone: long before the hold timer */
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

/* ---- propagation ---- */

static void test_auto_propagate(void **state)
{
    struct cloud cloud;
    (void)state;
    defaults(&cloud);
    assert_int_equal(cloud_ping(&cloud, 5), 5);
    assert_non_null(strstr(explain(&cloud.ali, "10.0.0.223", "192.168.10.113", 0), "bgp route 192.168.0.0/16"));
    cloud_auto_propagate(&cloud, false);
    cloud_run(&cloud, 1000); /* it may be the beginning of a take-down: */
    assert_int_equal(s2s_sim_way(cloud.aws.node, NULL, "10.0.0.223"), S2S_SIM_WAY_UNREACHABLE);
    cloud_run(&cloud, 3000);
    assert_int_equal(s2s_sim_way(cloud.ali.node, NULL, "192.168.10.113"), S2S_SIM_WAY_LINK);
    assert_non_null(
        strstr(explain(&cloud.ali, "10.0.0.223", "192.168.10.113", S2S_ERR_NOT_FOUND), "auto_propagate is off"));
    assert_non_null(strstr(explain(&cloud.aws, "192.168.10.113", "10.0.0.223", S2S_ERR_NOT_FOUND), "no route"));
    assert_int_equal(cloud_session(&cloud, &cloud.aws, 1).routes_accepted, 0);
    assert_int_equal(cloud_session(&cloud, &cloud.ali, 1).state, S2S_BGP_ESTABLISHED);
    cloud_auto_propagate(&cloud, true);
    cloud_run(&cloud, 1000);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

static void test_route_table_propagation(void **state)
{
    struct cloud cloud;
    (void)state;
    defaults(&cloud);
    cloud_propagate(&cloud, false);
    cloud_run(&cloud, 1000);
    assert_non_null(strstr(explain(&cloud.aws, "192.168.10.113", "10.0.0.223", S2S_ERR_NOT_FOUND), "no route table"));
    assert_int_equal(cloud_session(&cloud, &cloud.aws, 1).routes_accepted, 1);
    cloud_propagate(&cloud, true);
    cloud_run(&cloud, 1000);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

/* ---- planned ---- */

static void set_psk(struct cloud *cloud, unsigned which, const char *key)
{
    struct s2s_tunnel_params changes;

    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.psk = (const uint8_t *)key;
    changes.psk_length = strlen(key);
    assert_int_equal(s2s_tunnel_modify(cloud_tunnel(cloud, &cloud->ali, which), &changes, s2s_sim_now(cloud->sim)), 0);
    cloud_kick(cloud);
}

static s2s_time when(const struct cloud_end *end, enum s2s_event_type type, s2s_time after)
{
    for (size_t i = 0; i < end->event_count; i++) {
        if (end->events[i].type == type && end->events[i].at >= after) {
            return end->events[i].at;
        }
    }
    return S2S_TIME_NEVER;
}

static void test_planned(void **state)
{
    struct cloud cloud;
    struct cloud_stream stream;
    (void)state;
    defaults(&cloud);
    cloud_run(&cloud, 10000);
    cloud_stream_start(&cloud, &stream, 20);
    cloud_run(&cloud, 1000);
    s2s_time trigger = s2s_sim_now(cloud.sim);
    set_psk(&cloud, 1, "not_the_key_of_aws");
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 2);
    cloud_run(&cloud, 19000);
    cloud_stream_end(&cloud, &stream);
    assert_int_equal(cloud_active(&cloud, &cloud.aws), 2);
    assert_int_equal(cloud_lost(&stream), 0);
    /* The far end followed the routes, before the tunnel was taken from under it. */
    assert_true(when(&cloud.aws, S2S_EVENT_PATH_SWITCHED, trigger) <
                when(&cloud.aws, S2S_EVENT_DELETE_RECEIVED, trigger));
    assert_true(cloud_events(&cloud.ali, S2S_EVENT_AUTHENTICATION_FAILED) > 0);
    /* And back, as soon as the key is right and the hold-down is over. */
    cloud_stream_start(&cloud, &stream, 40);
    cloud_run(&cloud, 1000);
    set_psk(&cloud, 1, "scenario_psk_one");
    cloud_run(&cloud, 39000);
    cloud_stream_end(&cloud, &stream);
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 1);
    assert_int_equal(cloud_active(&cloud, &cloud.aws), 1);
    assert_int_equal(cloud_lost(&stream), 0);
    done(&cloud);
}

static void enable(struct cloud *cloud, bool on)
{
    struct s2s_tunnel_params changes;

    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.enabled = on ? 1 : 0;
    assert_int_equal(s2s_tunnel_modify(cloud_tunnel(cloud, &cloud->ali, 1), &changes, s2s_sim_now(cloud->sim)), 0);
    cloud_kick(cloud);
}

/* A tunnel that is switched off says Cease on its session before DELETE on its SA, and nothing is lost. */
static void test_disable(void **state)
{
    struct cloud cloud;
    struct cloud_stream stream;
    (void)state;
    defaults(&cloud);
    cloud_run(&cloud, 10000);
    cloud_stream_start(&cloud, &stream, 10);
    cloud_run(&cloud, 1000);
    s2s_time trigger = s2s_sim_now(cloud.sim);
    enable(&cloud, false);
    cloud_run(&cloud, 9000);
    cloud_stream_end(&cloud, &stream);
    assert_int_equal(cloud_lost(&stream), 0);
    assert_true(when(&cloud.aws, S2S_EVENT_BGP_NOTIFICATION, trigger) < when(&cloud.aws, S2S_EVENT_DELETE_RECEIVED, trigger));
    assert_null(s2s_tunnel_bgp_session(cloud_tunnel(&cloud, &cloud.ali, 1)));
    assert_int_equal(cloud_active(&cloud, &cloud.aws), 2);
    cloud_stream_start(&cloud, &stream, 30);
    enable(&cloud, true);
    cloud_run(&cloud, 30000);
    cloud_stream_end(&cloud, &stream);
    assert_int_equal(cloud_lost(&stream), 0);
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 1);
    assert_int_equal(cloud_active(&cloud, &cloud.aws), 1);
    done(&cloud);
}

/* A connection of AWS is deleted: its session ends, the other one carries on. */
static void test_connection_deleted(void **state)
{
    struct cloud cloud;
    (void)state;
    defaults(&cloud);
    cloud_run(&cloud, 10000);
    s2s_connection_delete(cloud.aws.connection[0], s2s_sim_now(cloud.sim));
    cloud_kick(&cloud);
    cloud_run(&cloud, 10000);
    assert_true(cloud_events(&cloud.ali, S2S_EVENT_BGP_NOTIFICATION) > 0);
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 2);
    assert_int_equal(cloud_session(&cloud, &cloud.aws, 2).state, S2S_BGP_ESTABLISHED);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

/* ---- silent death: the routes move by health, long before the hold timer ---- */

static void silent(const struct cloud_params *params, bool forth, bool back, unsigned most_ms)
{
    struct cloud cloud;
    struct cloud_stream stream;

    start(&cloud, params);
    cloud_run(&cloud, 10000);
    assert_int_equal(cloud_active(&cloud, &cloud.aws), 1);
    cloud_stream_start(&cloud, &stream, 15);
    cloud_run(&cloud, 1000);
    struct cloud_silence silence = cloud_silence(&cloud, 1, forth, back);
    cloud_run(&cloud, 14000);
    cloud_stream_end(&cloud, &stream);
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 2);
    assert_int_equal(cloud_active(&cloud, &cloud.aws), 2);
    assert_in_range(cloud_gap_ms(&stream), 1, most_ms);
    assert_int_equal(cloud_events(&cloud.ali, S2S_EVENT_IPSEC_DOWN), 0);
    /* Healed: back to the primary, symmetric, and nothing is lost by that. */
    cloud_stream_start(&cloud, &stream, 30);
    cloud_heal(&cloud, silence);
    cloud_run(&cloud, 30000);
    cloud_stream_end(&cloud, &stream);
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 1);
    assert_int_equal(cloud_active(&cloud, &cloud.aws), 1);
    assert_int_equal(cloud_lost(&stream), 0);
    done(&cloud);
}

static void test_silent(void **state)
{
    struct cloud_params params;
    (void)state;
    cloud_params_init(&params);
    silent(&params, true, true, 600);
    silent(&params, true, false, 600);
    silent(&params, false, true, 600);
}

/* The far end has no probe: the surviving tunnel announces something better than what the dead one left behind. */
static void test_silent_peer_unprobed(void **state)
{
    struct cloud_params params;
    (void)state;
    cloud_params_init(&params);
    params.aws_probes = false;
    silent(&params, true, true, 1000);
}

/* ---- session and path ---- */

/* Both tunnels die: unreachable, nothing in clear, and it heals. */
static void test_all_dead(void **state)
{
    struct cloud cloud;
    (void)state;
    defaults(&cloud);
    struct cloud_silence one = cloud_silence(&cloud, 1, true, true), two = cloud_silence(&cloud, 2, true, true);
    cloud_run(&cloud, 120000);
    assert_int_equal(cloud_session(&cloud, &cloud.ali, 1).routes_accepted, 0);
    assert_int_equal(s2s_sim_way(cloud.ali.node, NULL, "192.168.10.113"), S2S_SIM_WAY_UNREACHABLE);
    assert_int_equal(s2s_sim_way(cloud.aws.node, NULL, "10.0.0.223"), S2S_SIM_WAY_UNREACHABLE);
    assert_int_equal(cloud_ping(&cloud, 20), 0);
    assert_non_null(strstr(explain(&cloud.ali, "10.0.0.223", "192.168.10.113", S2S_ERR_NOT_FOUND), "no live tunnel"));
    cloud_heal(&cloud, one);
    cloud_heal(&cloud, two);
    cloud_run(&cloud, 240000);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

/* The path going down overrides graceful restart: no stale route survives the tunnel. */
static void test_path_overrides_graceful_restart(void **state)
{
    struct cloud cloud;
    struct cloud_params params;
    (void)state;
    cloud_params_init(&params);
    params.graceful_restart = true;
    start(&cloud, &params);
    assert_true(cloud_session(&cloud, &cloud.ali, 1).graceful_restart);
    cloud_silence(&cloud, 1, true, true);
    cloud_run(&cloud, 1000);
    assert_int_equal(cloud_session(&cloud, &cloud.ali, 1).routes_accepted, 0);
    assert_false(cloud_session(&cloud, &cloud.ali, 1).stale);
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 2);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

/* The session alone is lost while its tunnel stands: traffic leaves the tunnel that has no routes any more. */
static void test_session_lost(void **state)
{
    struct cloud cloud;
    struct s2s_sim_rule rule = {
        .struct_size = sizeof(rule), .protocol = 6, .port = 179, .source = "169.254.116.208/30"
    };
    uint32_t id;
    (void)state;
    defaults(&cloud);
    cloud_run(&cloud, 10000);
    assert_int_equal(s2s_sim_rule_add(cloud.aws.node, &rule, &id), 0); /* a filter in AWS: BGP of tunnel 1 gets lost */
    cloud_run(&cloud, 40000);
    assert_int_equal(cloud_session(&cloud, &cloud.ali, 1).state == S2S_BGP_ESTABLISHED, 0);
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 2);
    assert_int_equal(cloud_active(&cloud, &cloud.aws), 2);
    struct s2s_tunnel_state tunnel = { .struct_size = sizeof(tunnel) };
    assert_int_equal(s2s_tunnel_get(cloud_tunnel(&cloud, &cloud.aws, 1), &tunnel), 0);
    assert_int_equal(tunnel.status, S2S_TUNNEL_UP);
    assert_string_equal(tunnel.status_text, "DOWN"); /* AWS's word: UP needs the session */
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    assert_int_equal(s2s_sim_rule_remove(cloud.aws.node, id), 0);
    cloud_run(&cloud, 60000);
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 1);
    assert_int_equal(cloud_active(&cloud, &cloud.aws), 1);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

/* BGP off again: Cease, no session, no learned route; IKE does not notice. */
static void test_off_again(void **state)
{
    struct cloud cloud;
    (void)state;
    defaults(&cloud);
    size_t negotiated = cloud_events(&cloud.ali, S2S_EVENT_IKE_ESTABLISHED);
    cloud_bgp(&cloud, false);
    cloud_run(&cloud, 3000);
    assert_null(s2s_tunnel_bgp_session(cloud_tunnel(&cloud, &cloud.ali, 1)));
    for (s2s_route *route = s2s_route_next(cloud.ali.gateway, NULL); route;
         route = s2s_route_next(cloud.ali.gateway, route)) {
        struct s2s_route_state one = { .struct_size = sizeof(one) };
        assert_int_equal(s2s_route_get(route, &one), 0);
        assert_int_not_equal(one.type, S2S_ROUTE_BGP);
    }
    assert_int_equal(s2s_sim_way(cloud.ali.node, NULL, "192.168.10.113"), S2S_SIM_WAY_LINK);
    assert_int_equal(cloud_events(&cloud.ali, S2S_EVENT_IKE_ESTABLISHED), negotiated);
    cloud_bgp(&cloud, true);
    assert_true(cloud_until_established(&cloud, 10000));
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

/* ---- what may come in ---- */

static void test_default_route_refused(void **state)
{
    struct cloud cloud;
    struct cloud_params params;
    struct s2s_bgp_session_state session;
    (void)state;
    cloud_params_init(&params);
    params.aws_more[params.aws_more_count++] = "0.0.0.0/0";
    start(&cloud, &params);
    session = cloud_session(&cloud, &cloud.ali, 1);
    assert_int_equal(session.routes_received, 2);
    assert_int_equal(session.routes_accepted, 1);
    assert_true(cloud_events(&cloud.ali, S2S_EVENT_BGP_ROUTE_REFUSED) > 0);
    assert_int_equal(s2s_sim_way(cloud.ali.node, NULL, "100.100.100.100"), S2S_SIM_WAY_LINK);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

static void test_limit(void **state)
{
    static char names[64][20];
    struct cloud cloud;
    struct cloud_params params;
    (void)state;
    cloud_params_init(&params);
    for (size_t i = 0; i < 55; i++) {
        snprintf(names[i], sizeof(names[i]), "172.16.%u.0/24", (unsigned)i);
        params.aws_more[params.aws_more_count++] = names[i];
    }
    cloud_setup(&cloud, &params);
    cloud_run(&cloud, 5000);
    cloud_bgp(&cloud, true);
    cloud_run(&cloud, 5000);
    assert_int_equal(cloud_session(&cloud, &cloud.ali, 1).state == S2S_BGP_ESTABLISHED, 0);
    assert_true(cloud_events(&cloud.ali, S2S_EVENT_BGP_PREFIX_LIMIT) > 0);
    assert_true(cloud_events(&cloud.aws, S2S_EVENT_BGP_NOTIFICATION) > 0);
    cloud_teardown(&cloud);
    params.max_prefix = 200;
    start(&cloud, &params);
    assert_int_equal(cloud_session(&cloud, &cloud.ali, 1).routes_accepted, 56);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

static void test_key(void **state)
{
    struct cloud cloud;
    struct cloud_params params;
    struct s2s_customer_gateway_params far;
    (void)state;
    cloud_params_init(&params);
    params.auth_key = "between_us";
    start(&cloud, &params);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    s2s_customer_gateway_params_init(&far, sizeof(far));
    far.name = "far1";
    assert_int_equal(s2s_addr_parse("3.0.0.52", &far.ip_address), 0);
    far.profile = s2s_profile_aws();
    far.asn = 64512;
    far.auth_key = "another";
    assert_int_equal(
        s2s_customer_gateway_update(s2s_customer_gateway_find(cloud.ali.gateway, "far1"), &far, s2s_sim_now(cloud.sim)),
        0);
    cloud_kick(&cloud);
    cloud_run(&cloud, 40000);
    assert_int_equal(cloud_session(&cloud, &cloud.ali, 1).state == S2S_BGP_ESTABLISHED, 0);
    assert_int_equal(cloud_session(&cloud, &cloud.ali, 2).state, S2S_BGP_ESTABLISHED);
    assert_int_equal(cloud_active(&cloud, &cloud.ali), 2);
    far.auth_key = "between_us";
    assert_int_equal(
        s2s_customer_gateway_update(s2s_customer_gateway_find(cloud.ali.gateway, "far1"), &far, s2s_sim_now(cloud.sim)),
        0);
    cloud_kick(&cloud);
    cloud_run(&cloud, 60000);
    assert_int_equal(cloud_session(&cloud, &cloud.ali, 1).state, S2S_BGP_ESTABLISHED);
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    done(&cloud);
}

/* ---- what a person sees ---- */

static void test_status(void **state)
{
    struct cloud cloud;
    struct s2s_bgp_route_state route = { .struct_size = sizeof(route) };
    struct s2s_prefix prefix;
    const char *text = "";
    uint64_t cursor = 0;
    (void)state;
    defaults(&cloud);
    s2s_bgp_session *session = s2s_tunnel_bgp_session(cloud_tunnel(&cloud, &cloud.ali, 1));
    assert_int_equal(s2s_bgp_route_next(session, S2S_BGP_RECEIVED, &cursor, &route), 0);
    assert_int_equal(s2s_prefix_parse("192.168.0.0/16", &prefix), 0);
    assert_memory_equal(&route.prefix, &prefix, sizeof(prefix));
    assert_string_equal(route.as_path, "64512");
    assert_true(route.accepted && route.best && route.has_med);
    assert_int_equal(route.med, 100);
    cursor = 0;
    assert_int_equal(s2s_bgp_route_next(session, S2S_BGP_ADVERTISED, &cursor, &route), 0);
    assert_int_equal(route.med, 100);
    cursor = 0;
    assert_int_equal(s2s_bgp_route_next(s2s_tunnel_bgp_session(cloud_tunnel(&cloud, &cloud.ali, 2)), S2S_BGP_ADVERTISED,
                                        &cursor, &route),
                     0);
    assert_int_equal(route.med, 200);
    assert_int_equal(s2s_gateway_bgp_why(cloud.ali.gateway, &prefix, &text), 0);
    assert_non_null(strstr(text, "MED"));
    assert_int_equal(s2s_bgp_session_refresh(session, s2s_sim_now(cloud.sim)), 0);
    cloud_kick(&cloud);
    cloud_run(&cloud, 1000);
    assert_int_equal(s2s_bgp_session_reset(session, s2s_sim_now(cloud.sim)), 0);
    cloud_kick(&cloud);
    cloud_run(&cloud, 20000);
    assert_int_equal(cloud_session(&cloud, &cloud.ali, 1).state, S2S_BGP_ESTABLISHED);
    assert_int_equal(cloud_session(&cloud, &cloud.ali, 1).flaps, 1);
    done(&cloud);
}

/* ---- short of memory ---- */

struct scarce {
    struct s2s_allocator table;
    size_t requests, fail_at; /* 0 = none */
};

static bool refused(struct scarce *scarce)
{
    return ++scarce->requests == scarce->fail_at;
}

static void *scarce_alloc(void *user, size_t size)
{
    return refused(user) ? NULL : malloc(size);
}

static void *scarce_resize(void *user, void *pointer, size_t old_size, size_t new_size)
{
    (void)old_size;
    return refused(user) ? NULL : realloc(pointer, new_size);
}

static void scarce_release(void *user, void *pointer, size_t size)
{
    (void)user;
    (void)size;
    free(pointer);
}

/* One request for memory is refused, at any time from the first packet to the first failover: BGP heals by itself. */
static bool survive(size_t step)
{
    struct scarce scarce = { .table = { .struct_size = sizeof(scarce.table), .alloc = scarce_alloc, .resize = scarce_resize,
                                        .release = scarce_release } };
    struct cloud_params params;
    struct cloud cloud;
    struct cloud_silence silence;

    scarce.table.user = &scarce;
    cloud_params_init(&params);
    params.bgp_at_once = true;
    params.allocator = &scarce.table;
    cloud_setup(&cloud, &params);
    scarce.fail_at = scarce.requests + step;
    cloud_run(&cloud, 8000);
    silence = cloud_silence(&cloud, 1, true, true);
    cloud_run(&cloud, 3000);
    cloud_heal(&cloud, silence);
    bool reached = scarce.requests >= scarce.fail_at;
    scarce.fail_at = 0;
    cloud_run(&cloud, 100000);
    for (unsigned i = 1; i <= 2; i++) {
        if (cloud_session(&cloud, &cloud.ali, i).state != S2S_BGP_ESTABLISHED) {
            fail_msg("request %zu refused: session %u is not up", step, i);
        }
    }
    if (cloud_ping(&cloud, 20) != 20) {
        fail_msg("request %zu refused: pings are lost", step);
    }
    cloud_teardown(&cloud);
    return reached;
}

static void test_heals_from_scarcity(void **state)
{
    const char *every = getenv("S2S_EVERY"), *first = getenv("S2S_FIRST");
    size_t stride = every ? strtoul(every, NULL, 10) : 37;
    (void)state;
    for (size_t step = first ? strtoul(first, NULL, 10) : 1; survive(step); step += stride) {
        continue;
    }
}

/* ---- kill -9 ---- */

/* What was learned stays unreachable, through the crash and until the new process has learned it again. */
static void test_crash_fails_closed(void **state)
{
    struct cloud cloud;
    (void)state;
    defaults(&cloud);
    s2s_sim_node_crash(cloud.ali.node);
    assert_int_equal(s2s_sim_way(cloud.ali.node, NULL, "192.168.10.113"), S2S_SIM_WAY_UNREACHABLE);
    assert_int_equal(cloud_ping(&cloud, 10), 0);
    cloud_start_again(&cloud);
    for (unsigned i = 0; i < 1000; i++) {
        enum s2s_sim_way way = s2s_sim_way(cloud.ali.node, NULL, "192.168.10.113");
        assert_true(way == S2S_SIM_WAY_UNREACHABLE || way == S2S_SIM_WAY_DEVICE);
        cloud_run(&cloud, 100);
    }
    assert_int_equal(cloud_ping(&cloud, 20), 20);
    /* And it is not kept for ever: what nobody announces any more goes. */
    s2s_sim_node_crash(cloud.ali.node);
    cloud_bgp_aws(&cloud, false);
    cloud_start_again(&cloud);
    cloud_run(&cloud, 60000);
    assert_int_equal(s2s_sim_way(cloud.ali.node, NULL, "192.168.10.113"), S2S_SIM_WAY_UNREACHABLE);
    cloud_run(&cloud, 100000);
    assert_int_equal(s2s_sim_way(cloud.ali.node, NULL, "192.168.10.113"), S2S_SIM_WAY_LINK);
    done(&cloud);
}

/* ---- goodbye ---- */

static void test_shutdown_says_cease(void **state)
{
    struct cloud cloud;
    (void)state;
    defaults(&cloud);
    s2s_engine_shutdown(cloud.ali.engine, s2s_sim_now(cloud.sim));
    cloud_kick(&cloud);
    cloud_run(&cloud, 5000);
    assert_true(cloud_events(&cloud.ali, S2S_EVENT_SHUTDOWN_DONE) > 0);
    assert_true(cloud_events(&cloud.aws, S2S_EVENT_BGP_NOTIFICATION) >= 2);
    cloud_run(&cloud, 80000); /* TCP's TIME-WAIT */
    struct s2s_sim_installed installed = { .struct_size = sizeof(installed) };
    s2s_sim_installed(cloud.ali.node, &installed);
    assert_int_equal(installed.listeners, 0);
    assert_int_equal(installed.streams, 0);
    assert_int_equal(installed.tunnel_routes + installed.unreachable_routes, 0);
    done(&cloud);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scenario),
        cmocka_unit_test(test_inside_late),
        cmocka_unit_test(test_kernel_with_esp),
        cmocka_unit_test(test_auto_propagate),
        cmocka_unit_test(test_route_table_propagation),
        cmocka_unit_test(test_planned),
        cmocka_unit_test(test_disable),
        cmocka_unit_test(test_connection_deleted),
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_silent_peer_unprobed),
        cmocka_unit_test(test_all_dead),
        cmocka_unit_test(test_path_overrides_graceful_restart),
        cmocka_unit_test(test_session_lost),
        cmocka_unit_test(test_off_again),
        cmocka_unit_test(test_default_route_refused),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_key),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_heals_from_scarcity),
        cmocka_unit_test(test_crash_fails_closed),
        cmocka_unit_test(test_shutdown_says_cease),
    };
    return cmocka_run_group_tests_name("bgp_gateways", tests, NULL, NULL);
}
