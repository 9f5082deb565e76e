/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/cloud_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const ali_outside[2] = { "8.0.0.146", "8.0.0.74" };
static const char *const aws_outside[4] = { "3.0.0.52", "3.0.0.99", "3.0.0.56", "3.0.0.98" };
static const char *const inside[4] = { "169.254.116.208/30", "169.254.116.212/30", "169.254.214.96/30",
                                       "169.254.214.100/30" };
static const char *const psk[2] = { "scenario_psk_one", "scenario_psk_two" };

static struct s2s_addr addr(const char *text)
{
    struct s2s_addr out;
    assert_int_equal(s2s_addr_parse(text, &out), 0);
    return out;
}

static struct s2s_prefix prefix(const char *text)
{
    struct s2s_prefix out;
    assert_int_equal(s2s_prefix_parse(text, &out), 0);
    return out;
}

void cloud_params_init(struct cloud_params *params)
{
    memset(params, 0, sizeof(*params));
    params->probe_ms = 100;
    params->aws_probes = true;
    params->auto_propagate = params->propagate = true;
}

/* ---- the world ---- */

static void place(struct cloud *cloud, struct cloud_end *end, const char *name, const char *const *outside,
                  size_t count, const char *gateway, const char *host)
{
    struct s2s_sim_gateway_params node;
    char text[64];

    s2s_sim_gateway_params_init(&node, sizeof(node));
    node.mode = cloud->params.mode;
    assert_int_equal(s2s_sim_gateway_new(cloud->sim, name, &node, &end->node), 0);
    assert_int_equal(s2s_sim_link_new(cloud->sim, name, end->node, cloud->router, NULL, &end->outer), 0);
    for (size_t i = 0; i < count; i++) {
        snprintf(text, sizeof(text), "%s/32", outside[i]);
        assert_int_equal(s2s_sim_address(end->node, end->outer, text), 0);
        assert_int_equal(s2s_sim_route(cloud->router, text, end->outer), 0);
    }
    assert_int_equal(s2s_sim_route(end->node, "0.0.0.0/0", end->outer), 0); /* a leak would show */
    assert_int_equal(s2s_sim_watch(end->outer, "10.0.0.0/16"), 0);
    assert_int_equal(s2s_sim_watch(end->outer, "192.168.0.0/16"), 0);
    assert_int_equal(s2s_sim_watch(end->outer, "169.254.0.0/16"), 0);
    snprintf(text, sizeof(text), "host of %s", name);
    assert_int_equal(s2s_sim_host_new(cloud->sim, text, &end->host), 0);
    assert_int_equal(s2s_sim_link_new(cloud->sim, text, end->host, end->node, NULL, &end->inner), 0);
    snprintf(text, sizeof(text), "%s/16", gateway);
    assert_int_equal(s2s_sim_address(end->node, end->inner, text), 0);
    snprintf(text, sizeof(text), "%s/16", host);
    assert_int_equal(s2s_sim_address(end->host, end->inner, text), 0);
    assert_int_equal(s2s_sim_route(end->host, "0.0.0.0/0", end->inner), 0);
}

static void log_line(void *user, const struct s2s_log_line *line)
{
    (void)user;
    fprintf(stderr, "          %s %s: %s\n", line->module, line->object, line->text);
}

static void heard(void *user, const struct s2s_event *event)
{
    struct cloud_end *end = user;
    struct cloud_event *kept;

    if (end->event_count == CLOUD_EVENTS) {
        return;
    }
    if (getenv("S2S_TRACE")) {
        fprintf(stderr, "%9.4f %s %s\n", (double)event->at / 1e9, event->gateway, event->text);
    }
    kept = &end->events[end->event_count++];
    kept->type = event->type;
    kept->trigger = event->trigger;
    kept->tunnel = event->tunnel;
    kept->prefix = event->prefix;
    kept->at = event->at;
    kept->bgp_state = event->bgp_state;
    kept->by_peer = event->by_peer;
    snprintf(kept->text, sizeof(kept->text), "%s", event->text);
}

static void make_engine(struct cloud *cloud, struct cloud_end *end)
{
    struct s2s_engine_params params;
    struct s2s_driver_params driver;

    s2s_engine_params_init(&params, sizeof(params));
    params.provider = s2s_crypto_test();
    params.allocator = end == &cloud->ali ? cloud->params.allocator : NULL;
    if (getenv("S2S_TRACE_LOG")) {
        params.log = log_line;
        params.log_level = S2S_LOG_DEBUG;
    }
    assert_int_equal(s2s_engine_new(&params, &end->engine), 0);
    s2s_driver_params_init(&driver, sizeof(driver));
    driver.engine = end->engine;
    driver.loop = s2s_sim_loop(cloud->sim);
    driver.kernel = s2s_sim_kernel(end->node);
    driver.event = heard;
    driver.event_user = end;
    assert_int_equal(s2s_driver_new(&driver, &end->driver), 0);
    end->events = calloc(CLOUD_EVENTS, sizeof(*end->events));
    assert_non_null(end->events);
}

/* ---- objects ---- */

static void check(const struct cloud_end *end, int error)
{
    struct s2s_config_error wrong = { .struct_size = sizeof(wrong) };

    for (size_t i = 0; error && s2s_engine_config_error(end->engine, i, &wrong) == 0; i++) {
        fprintf(stderr, "%s = %s: %s\n", wrong.path, wrong.value, wrong.rule);
    }
    assert_int_equal(error, 0);
}

struct gateway_parts {
    struct s2s_gateway_params params;
    struct s2s_addr addresses[4];
    struct s2s_prefix vpc[65];
    struct s2s_route_table_params table;
};

static void gateway_of(const struct cloud *cloud, bool ali, struct gateway_parts *parts)
{
    struct s2s_gateway_params *params = &parts->params;

    memset(parts, 0, sizeof(*parts));
    s2s_gateway_params_init(params, sizeof(*params));
    params->name = ali ? "alibaba" : "aws";
    params->profile = ali ? s2s_profile_alibaba() : s2s_profile_aws();
    params->address_count = ali ? 2 : 4;
    for (size_t i = 0; i < params->address_count; i++) {
        parts->addresses[i] = addr(ali ? ali_outside[i] : aws_outside[i]);
    }
    params->addresses = parts->addresses;
    parts->vpc[0] = prefix(ali ? "10.0.0.0/16" : "192.168.0.0/16");
    params->vpc_cidrs = parts->vpc;
    params->vpc_cidr_count = 1;
    for (size_t i = 0; !ali && i < cloud->params.aws_more_count; i++) {
        parts->vpc[params->vpc_cidr_count++] = prefix(cloud->params.aws_more[i]);
    }
    if (ali) {
        params->auto_propagate = cloud->params.auto_propagate ? 1 : 0;
    } else {
        params->asn = 64512;
        parts->table.struct_size = sizeof(parts->table);
        parts->table.name = "main";
        parts->table.system = S2S_UNSET;
        parts->table.propagate = cloud->params.propagate ? 1 : 0;
        params->route_tables = &parts->table;
        params->route_table_count = 1;
    }
}

static void make_gateway(struct cloud *cloud, struct cloud_end *end)
{
    struct gateway_parts parts;

    gateway_of(cloud, end == &cloud->ali, &parts);
    check(end, s2s_gateway_new(end->engine, &parts.params, s2s_sim_now(cloud->sim), &end->gateway));
}

static void update_gateway(struct cloud *cloud, struct cloud_end *end)
{
    struct gateway_parts parts;

    gateway_of(cloud, end == &cloud->ali, &parts);
    check(end, s2s_gateway_update(end->gateway, &parts.params, s2s_sim_now(cloud->sim)));
    cloud_kick(cloud);
}

static void make_far(struct cloud *cloud, struct cloud_end *end)
{
    bool ali = end == &cloud->ali;

    for (unsigned i = 0; i < 2; i++) {
        struct s2s_customer_gateway_params params;
        s2s_customer_gateway *far;
        s2s_customer_gateway_params_init(&params, sizeof(params));
        params.name = i ? "far2" : "far1";
        params.ip_address = addr(ali ? aws_outside[2 * i] : ali_outside[i]);
        params.profile = ali ? s2s_profile_aws() : s2s_profile_alibaba();
        params.asn = ali ? 64512 : 65530;
        params.auth_key = cloud->params.auth_key;
        check(end, s2s_customer_gateway_new(end->gateway, &params, &far));
    }
}

static void tunnel_of(const struct cloud *cloud, bool ali, unsigned i, bool inside_known, struct s2s_tunnel_params *tunnel)
{
    s2s_tunnel_params_init(tunnel, sizeof(*tunnel));
    tunnel->psk = (const uint8_t *)psk[i];
    tunnel->psk_length = strlen(psk[i]);
    tunnel->bgp_tunnel_cidr = prefix(inside[2 * i]);
    tunnel->startup_action = ali ? S2S_STARTUP_START : S2S_STARTUP_ADD;
    tunnel->bgp_graceful_restart = cloud->params.graceful_restart ? 1 : 0;
    if (ali) {
        tunnel->customer_gateway = i ? "far2" : "far1";
        tunnel->bgp_local_ip = addr(i ? "169.254.214.98" : "169.254.116.210");
        tunnel->ike_lifetime = 28800;
        tunnel->ipsec_lifetime = 3600;
        if (cloud->params.max_prefix) {
            tunnel->bgp_max_prefix = cloud->params.max_prefix;
        }
    }
    if (!inside_known) {
        memset(&tunnel->bgp_tunnel_cidr, 0, sizeof(tunnel->bgp_tunnel_cidr));
        memset(&tunnel->bgp_local_ip, 0, sizeof(tunnel->bgp_local_ip));
        return;
    }
    tunnel->probe_enable = cloud->params.probe_ms && (ali || cloud->params.aws_probes) ? 1 : 0;
    if (tunnel->probe_enable) {
        tunnel->probe_interval_ms = cloud->params.probe_ms;
        tunnel->probe_retry = 3;
    }
}

static int put(struct cloud *cloud, struct cloud_end *end, unsigned i, bool bgp)
{
    bool ali = end == &cloud->ali;
    struct s2s_connection_params params;
    struct s2s_tunnel_params tunnels[2];

    s2s_connection_params_init(&params, sizeof(params));
    params.route_mode = ali ? S2S_ROUTE_MODE_DESTINATION : S2S_UNSET;
    params.enable_bgp = bgp ? 1 : 0;
    params.name = ali ? "to-aws" : i ? "vpn2" : "vpn1";
    if (ali) {
        params.local_asn = 65530;
        params.effect_immediately = 1;
        tunnel_of(cloud, true, 0, bgp || !cloud->params.inside_late, &tunnels[0]);
        tunnel_of(cloud, true, 1, bgp || !cloud->params.inside_late, &tunnels[1]);
    } else {
        params.customer_gateway = i ? "far2" : "far1";
        tunnel_of(cloud, false, i, true, &tunnels[0]);
        s2s_tunnel_params_init(&tunnels[1], sizeof(tunnels[1])); /* configured, not used */
        tunnels[1].bgp_tunnel_cidr = prefix(inside[2 * i + 1]);
        tunnels[1].startup_action = S2S_STARTUP_ADD;
    }
    params.tunnels = tunnels;
    params.tunnel_count = 2;
    if (end->connection[i]) {
        return s2s_connection_update(end->connection[i], &params, s2s_sim_now(cloud->sim));
    }
    return s2s_connection_new(end->gateway, &params, s2s_sim_now(cloud->sim), &end->connection[i]);
}

void cloud_bgp_aws(struct cloud *cloud, bool on)
{
    check(&cloud->aws, put(cloud, &cloud->aws, 0, on));
    check(&cloud->aws, put(cloud, &cloud->aws, 1, on));
    s2s_driver_kick(cloud->aws.driver);
}

void cloud_bgp(struct cloud *cloud, bool on)
{
    cloud_bgp_aws(cloud, on || cloud->params.inside_late);
    check(&cloud->ali, put(cloud, &cloud->ali, 0, on));
    cloud_kick(cloud);
}

void cloud_auto_propagate(struct cloud *cloud, bool on)
{
    cloud->params.auto_propagate = on;
    update_gateway(cloud, &cloud->ali);
}

void cloud_propagate(struct cloud *cloud, bool on)
{
    cloud->params.propagate = on;
    update_gateway(cloud, &cloud->aws);
}

void cloud_setup(struct cloud *cloud, const struct cloud_params *params)
{
    memset(cloud, 0, sizeof(*cloud));
    cloud->params = *params;
    assert_int_equal(s2s_sim_new(NULL, 11, &cloud->sim), 0);
    assert_int_equal(s2s_sim_router_new(cloud->sim, "net", &cloud->router), 0);
    place(cloud, &cloud->ali, "alibaba", ali_outside, 2, "10.0.0.1", "10.0.0.223");
    place(cloud, &cloud->aws, "aws", aws_outside, 4, "192.168.0.1", "192.168.10.113");
    make_engine(cloud, &cloud->ali);
    make_engine(cloud, &cloud->aws);
    make_gateway(cloud, &cloud->aws);
    make_gateway(cloud, &cloud->ali);
    make_far(cloud, &cloud->aws);
    make_far(cloud, &cloud->ali);
    cloud_bgp(cloud, params->bgp_at_once);
}

void cloud_start_again(struct cloud *cloud)
{
    struct cloud_end *ali = &cloud->ali;

    s2s_driver_delete(ali->driver);
    s2s_engine_delete(ali->engine);
    free(ali->events);
    ali->event_count = 0;
    ali->connection[0] = NULL;
    make_engine(cloud, ali);
    make_gateway(cloud, ali);
    make_far(cloud, ali);
    check(ali, put(cloud, ali, 0, true));
    cloud_kick(cloud);
}

void cloud_teardown(struct cloud *cloud)
{
    s2s_driver_delete(cloud->ali.driver);
    s2s_driver_delete(cloud->aws.driver);
    s2s_engine_delete(cloud->ali.engine);
    s2s_engine_delete(cloud->aws.engine);
    s2s_sim_delete(cloud->sim);
    free(cloud->ali.events);
    free(cloud->aws.events);
}

void cloud_kick(struct cloud *cloud)
{
    s2s_driver_kick(cloud->ali.driver);
    s2s_driver_kick(cloud->aws.driver);
}

/* ---- watching ---- */

void cloud_run(struct cloud *cloud, unsigned milliseconds)
{
    s2s_sim_run_for(cloud->sim, (s2s_time)milliseconds * S2S_MILLISECOND);
}

s2s_tunnel *cloud_tunnel(const struct cloud *cloud, const struct cloud_end *end, unsigned which)
{
    return end == &cloud->ali ? s2s_connection_tunnel(end->connection[0], which)
                              : s2s_connection_tunnel(end->connection[which - 1], 1);
}

struct s2s_bgp_session_state cloud_session(const struct cloud *cloud, const struct cloud_end *end, unsigned which)
{
    struct s2s_bgp_session_state state = { .struct_size = sizeof(state) };
    const s2s_bgp_session *session = s2s_tunnel_bgp_session(cloud_tunnel(cloud, end, which));

    if (session) {
        assert_int_equal(s2s_bgp_session_get(session, &state), 0);
    }
    return state;
}

bool cloud_until_established(struct cloud *cloud, unsigned milliseconds)
{
    for (unsigned waited = 0; waited < milliseconds; waited += 10) {
        bool all = true;
        for (unsigned i = 1; i <= 2; i++) {
            all = all && cloud_session(cloud, &cloud->ali, i).state == S2S_BGP_ESTABLISHED &&
                  cloud_session(cloud, &cloud->aws, i).state == S2S_BGP_ESTABLISHED;
        }
        cloud_run(cloud, 10);
        if (all) {
            cloud_run(cloud, 1000);
            return true;
        }
    }
    return false;
}

unsigned cloud_active(const struct cloud *cloud, const struct cloud_end *end)
{
    for (unsigned i = 1; i <= 2; i++) {
        struct s2s_tunnel_state state = { .struct_size = sizeof(state) };
        assert_int_equal(s2s_tunnel_get(cloud_tunnel(cloud, end, i), &state), 0);
        if (state.active) {
            return i;
        }
    }
    return 0;
}

size_t cloud_events(const struct cloud_end *end, enum s2s_event_type type)
{
    size_t count = 0;

    for (size_t i = 0; i < end->event_count; i++) {
        count += end->events[i].type == type ? 1u : 0u;
    }
    return count;
}

static uint32_t lose(struct cloud *cloud, const char *from, const char *to)
{
    struct s2s_sim_rule rule = { .struct_size = sizeof(rule) };
    char source[32], destination[32];
    uint32_t id;

    snprintf(source, sizeof(source), "%s/32", from);
    snprintf(destination, sizeof(destination), "%s/32", to);
    rule.source = source;
    rule.destination = destination;
    assert_int_equal(s2s_sim_rule_add(cloud->router, &rule, &id), 0);
    return id;
}

struct cloud_silence cloud_silence(struct cloud *cloud, unsigned which, bool forth, bool back)
{
    const char *ali = ali_outside[which - 1], *aws = aws_outside[2 * (which - 1)];
    struct cloud_silence silence = { 0, 0 };

    if (forth) {
        silence.forth = lose(cloud, ali, aws);
    }
    if (back) {
        silence.back = lose(cloud, aws, ali);
    }
    return silence;
}

void cloud_heal(struct cloud *cloud, struct cloud_silence silence)
{
    if (silence.forth) {
        s2s_sim_rule_remove(cloud->router, silence.forth);
    }
    if (silence.back) {
        s2s_sim_rule_remove(cloud->router, silence.back);
    }
}

static s2s_sim_ping *start_ping(struct cloud *cloud, unsigned count)
{
    struct s2s_sim_ping_params params;
    s2s_sim_ping *ping;

    s2s_sim_ping_params_init(&params, sizeof(params));
    params.source = "10.0.0.223";
    params.destination = "192.168.10.113";
    params.start = s2s_sim_now(cloud->sim);
    params.interval = 10 * S2S_MILLISECOND;
    params.count = count;
    assert_int_equal(s2s_sim_ping_start(cloud->ali.host, &params, &ping), 0);
    return ping;
}

unsigned cloud_ping(struct cloud *cloud, unsigned count)
{
    struct s2s_sim_ping_stats stats = { .struct_size = sizeof(stats) };
    s2s_sim_ping *ping = start_ping(cloud, count);

    cloud_run(cloud, 10 * count + 2000);
    s2s_sim_ping_stats(ping, &stats);
    assert_int_equal(stats.sent, count);
    return stats.answered;
}

void cloud_stream_start(struct cloud *cloud, struct cloud_stream *stream, unsigned seconds)
{
    memset(stream, 0, sizeof(*stream));
    stream->ping = start_ping(cloud, seconds * 100);
}

void cloud_stream_end(struct cloud *cloud, struct cloud_stream *stream)
{
    cloud_run(cloud, 2000);
    stream->stats.struct_size = sizeof(stream->stats);
    s2s_sim_ping_stats(stream->ping, &stream->stats);
}

unsigned cloud_lost(const struct cloud_stream *stream)
{
    return stream->stats.sent - stream->stats.answered;
}

unsigned cloud_gap_ms(const struct cloud_stream *stream)
{
    return (unsigned)(stream->stats.longest_gap / S2S_MILLISECOND);
}

uint64_t cloud_cleartext(const struct cloud *cloud)
{
    return s2s_sim_watched(cloud->ali.outer) + s2s_sim_watched(cloud->aws.outer);
}
