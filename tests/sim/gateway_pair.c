/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/gateway_pair.h"

#include "lib/gateway/objects.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const outside[2][2] = { { "198.51.100.1", "198.51.101.1" }, { "203.0.113.1", "203.0.114.1" } };
static const char *const inside[2] = { "169.254.10.0/30", "169.254.11.0/30" };
static const char *const inside_own[2][2] = { { "169.254.10.1", "169.254.11.1" }, { "169.254.10.2", "169.254.11.2" } };
static const char *const subnet[2] = { "10.1.0.0/24", "10.2.0.0/24" };

void pair_params_init(struct pair_params *params)
{
    memset(params, 0, sizeof(*params));
    params->tunnels = 1;
    params->mode = S2S_SIM_RAW;
    params->route_mode = S2S_ROUTE_MODE_POLICY;
    params->a_starts = true;
    params->seed = 7;
}

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

/* ---- the internet between them ---- */

static void with_length(const char *address, unsigned last, char *out, size_t size)
{
    snprintf(out, size, "%.*s.%u/24", (int)(strrchr(address, '.') - address), address, last);
}

static void outer_path(struct pair *pair, unsigned i)
{
    char name[16], text[32];

    snprintf(name, sizeof(name), "r%u", i + 1);
    assert_int_equal(s2s_sim_router_new(pair->sim, name, &pair->routers[i]), 0);
    snprintf(name, sizeof(name), "a%u", i + 1);
    assert_int_equal(s2s_sim_link_new(pair->sim, name, pair->a.node, pair->routers[i], NULL, &pair->outer_a[i]), 0);
    snprintf(name, sizeof(name), "b%u", i + 1);
    assert_int_equal(s2s_sim_link_new(pair->sim, name, pair->b.node, pair->routers[i], NULL, &pair->outer_b[i]), 0);
    with_length(outside[0][i], 1, text, sizeof(text));
    assert_int_equal(s2s_sim_address(pair->a.node, pair->outer_a[i], text), 0);
    with_length(outside[1][i], 1, text, sizeof(text));
    assert_int_equal(s2s_sim_address(pair->b.node, pair->outer_b[i], text), 0);
    with_length(outside[0][i], 254, text, sizeof(text));
    assert_int_equal(s2s_sim_address(pair->routers[i], pair->outer_a[i], text), 0);
    with_length(outside[1][i], 254, text, sizeof(text));
    assert_int_equal(s2s_sim_address(pair->routers[i], pair->outer_b[i], text), 0);
    assert_int_equal(s2s_sim_watch(pair->outer_a[i], "10.0.0.0/8"), 0);
    assert_int_equal(s2s_sim_watch(pair->outer_b[i], "10.0.0.0/8"), 0);
    snprintf(text, sizeof(text), "%s/32", outside[1][i]);
    assert_int_equal(s2s_sim_route(pair->a.node, text, pair->outer_a[i]), 0);
    snprintf(text, sizeof(text), "%s/32", outside[0][i]);
    assert_int_equal(s2s_sim_route(pair->b.node, text, pair->outer_b[i]), 0);
}

static void inner_network(struct pair *pair, struct pair_end *end, unsigned which, s2s_sim_link **link)
{
    char text[32];

    assert_int_equal(s2s_sim_host_new(pair->sim, which ? "host b" : "host a", &end->host), 0);
    assert_int_equal(s2s_sim_link_new(pair->sim, which ? "inner b" : "inner a", end->host, end->node, NULL, link), 0);
    snprintf(text, sizeof(text), "10.%u.0.2/24", which + 1);
    assert_int_equal(s2s_sim_address(end->host, *link, text), 0);
    snprintf(text, sizeof(text), "10.%u.0.1/24", which + 1);
    assert_int_equal(s2s_sim_address(end->node, *link, text), 0);
    assert_int_equal(s2s_sim_route(end->host, "0.0.0.0/0", *link), 0);
}

static void world(struct pair *pair, const struct pair_params *params)
{
    struct s2s_sim_gateway_params node;

    s2s_sim_gateway_params_init(&node, sizeof(node));
    node.mode = params->mode;
    node.without = params->without;
    assert_int_equal(s2s_sim_new(NULL, params->seed, &pair->sim), 0);
    assert_int_equal(s2s_sim_gateway_new(pair->sim, "gw a", &node, &pair->a.node), 0);
    assert_int_equal(s2s_sim_gateway_new(pair->sim, "gw b", &node, &pair->b.node), 0);
    for (unsigned i = 0; i < params->tunnels; i++) {
        outer_path(pair, i);
    }
    inner_network(pair, &pair->a, 0, &pair->inner_a);
    inner_network(pair, &pair->b, 1, &pair->inner_b);
    /* A default route in clear, so that a leak would show. */
    assert_int_equal(s2s_sim_route_metric(pair->a.node, "0.0.0.0/0", pair->outer_a[0], 10000), 0);
    assert_int_equal(s2s_sim_route_metric(pair->b.node, "0.0.0.0/0", pair->outer_b[0], 10000), 0);
}

/* ---- the gateways ---- */

static void log_line(void *user, const struct s2s_log_line *line)
{
    fprintf(stderr, "%s %s %s: %s\n", (const char *)user, line->module, line->object, line->text);
}

static void heard(void *user, const struct s2s_event *event)
{
    struct pair_end *end = user;

    if (event->type == S2S_EVENT_SHUTDOWN_DONE) {
        end->shutdown_done = true;
    }
    if (end->event_count < PAIR_EVENTS) {
        end->events[end->event_count].type = event->type;
        end->events[end->event_count].reason = event->reason;
        end->events[end->event_count].trigger = event->trigger;
        end->events[end->event_count].tunnel = event->tunnel;
        end->events[end->event_count++].at = event->at;
    }
}

static void make_engine(struct pair *pair, struct pair_end *end, const char *name)
{
    struct s2s_engine_params params;
    struct s2s_driver_params driver;

    s2s_engine_params_init(&params, sizeof(params));
    params.provider = s2s_crypto_test();
    if (pair->trace) {
        params.log = log_line;
        params.log_user = (void *)(uintptr_t)name;
        params.log_level = S2S_LOG_INFO;
    }
    assert_int_equal(s2s_engine_new(&params, &end->engine), 0);
    /* Two ends never draw the same nonces. */
    (void)s2s_crypto_test_reseed(end->engine->crypto.context, 2 * ++pair->seeds + (end == &pair->b ? 1u : 0u));
    s2s_driver_params_init(&driver, sizeof(driver));
    driver.engine = end->engine;
    driver.loop = s2s_sim_loop(pair->sim);
    driver.kernel = s2s_sim_kernel(end->node);
    driver.event = heard;
    driver.event_user = end;
    assert_int_equal(s2s_driver_new(&driver, &end->driver), 0);
}

static void print_errors(const s2s_engine *engine)
{
    struct s2s_config_error error = { .struct_size = sizeof(error) };

    for (size_t i = 0; s2s_engine_config_error(engine, i, &error) == 0; i++) {
        fprintf(stderr, "%s = %s: %s\n", error.path, error.value, error.rule);
    }
}

static void fill_tunnel(struct s2s_tunnel_params *tunnel, const struct pair_params *params, unsigned which, unsigned i)
{
    static char psks[2][16];

    s2s_tunnel_params_init(tunnel, sizeof(*tunnel));
    snprintf(psks[i], sizeof(psks[i]), "pair-psk-%u", i + 1);
    tunnel->psk = (const uint8_t *)psks[i];
    tunnel->psk_length = strlen(psks[i]);
    tunnel->customer_gateway = i ? "far2" : "far1";
    tunnel->startup_action = (which ? params->b_starts : params->a_starts) ? S2S_STARTUP_START : S2S_STARTUP_ADD;
    tunnel->bgp_tunnel_cidr = prefix(inside[i]);
    tunnel->bgp_local_ip = addr(inside_own[which][i]);
    tunnel->bgp_peer_ip = addr(inside_own[!which][i]);
    tunnel->probe_enable = params->probe_interval_ms ? 1 : 0;
    if (params->probe_interval_ms) {
        tunnel->probe_interval_ms = params->probe_interval_ms;
        tunnel->probe_retry = 3;
    }
}

static void make_far(struct pair_end *end, unsigned which, const struct pair_params *params)
{
    for (unsigned i = 0; i < params->tunnels; i++) {
        struct s2s_customer_gateway_params far;
        s2s_customer_gateway *out;
        s2s_customer_gateway_params_init(&far, sizeof(far));
        far.name = i ? "far2" : "far1";
        far.ip_address = addr(i == 0 && params->far[which] ? params->far[which] : outside[!which][i]);
        far.profile = s2s_profile_generic();
        far.asn = which ? 65001 : 65002; /* the other end's */
        assert_int_equal(s2s_customer_gateway_new(end->gateway, &far, &out), 0);
    }
}

static void make_route(struct pair *pair, struct pair_end *end, unsigned which)
{
    struct s2s_route_params route;
    s2s_route *out;

    s2s_route_params_init(&route, sizeof(route));
    route.type = S2S_ROUTE_DESTINATION;
    route.destination = prefix(subnet[!which]);
    route.connection = "pair";
    assert_int_equal(s2s_route_new(end->gateway, &route, s2s_sim_now(pair->sim), &out), 0);
}

static void make_gateway(struct pair *pair, struct pair_end *end, unsigned which, const struct pair_params *params)
{
    struct s2s_addr addresses[2];
    struct s2s_prefix own = prefix(subnet[which]), far = prefix(subnet[!which]);
    struct s2s_gateway_params gateway;
    struct s2s_connection_params connection;
    struct s2s_tunnel_params tunnels[2];
    int error;

    s2s_gateway_params_init(&gateway, sizeof(gateway));
    s2s_connection_params_init(&connection, sizeof(connection));
    for (unsigned i = 0; i < params->tunnels; i++) {
        addresses[i] = addr(outside[which][i]);
        fill_tunnel(&tunnels[i], params, which, i);
    }
    gateway.name = which ? "b" : "a";
    gateway.profile = s2s_profile_generic();
    gateway.addresses = addresses;
    gateway.address_count = params->tunnels;
    gateway.vpc_cidrs = &own;
    gateway.vpc_cidr_count = 1;
    connection.name = "pair";
    connection.route_mode = params->route_mode;
    if (params->route_mode == S2S_ROUTE_MODE_POLICY) {
        connection.local_subnets = &own;
        connection.local_subnet_count = 1;
        connection.remote_subnets = &far;
        connection.remote_subnet_count = 1;
    }
    connection.tunnels = tunnels;
    connection.tunnel_count = params->tunnels;
    if (params->tune) {
        params->tune(which, &gateway, &connection, tunnels);
    }
    error = s2s_gateway_new(end->engine, &gateway, s2s_sim_now(pair->sim), &end->gateway);
    print_errors(end->engine);
    assert_int_equal(error, 0);
    make_far(end, which, params);
    error = s2s_connection_new(end->gateway, &connection, s2s_sim_now(pair->sim), &end->connection);
    print_errors(end->engine);
    assert_int_equal(error, 0);
    if (params->route_mode == S2S_ROUTE_MODE_DESTINATION) {
        make_route(pair, end, which);
    }
    s2s_driver_kick(end->driver);
}

void pair_setup(struct pair *pair, const struct pair_params *params)
{
    memset(pair, 0, sizeof(*pair));
    pair->trace = getenv("S2S_TRACE") != NULL;
    pair->seeds = params->seed << 8;
    world(pair, params);
    make_engine(pair, &pair->a, "a");
    make_engine(pair, &pair->b, "b");
    make_gateway(pair, &pair->a, 0, params);
    make_gateway(pair, &pair->b, 1, params);
}

void pair_start_again(struct pair *pair, struct pair_end *end, const struct pair_params *params)
{
    unsigned which = end == &pair->a ? 0 : 1;

    s2s_driver_delete(end->driver);
    s2s_engine_delete(end->engine);
    end->event_count = 0;
    make_engine(pair, end, which ? "b" : "a");
    make_gateway(pair, end, which, params);
}

void pair_make_objects(struct pair *pair, struct pair_end *end, const struct pair_params *params)
{
    make_gateway(pair, end, end == &pair->a ? 0 : 1, params);
}

void pair_teardown(struct pair *pair)
{
    s2s_driver_delete(pair->a.driver);
    s2s_driver_delete(pair->b.driver);
    s2s_engine_delete(pair->a.engine);
    s2s_engine_delete(pair->b.engine);
    s2s_sim_delete(pair->sim);
}

void pair_run(struct pair *pair, unsigned milliseconds)
{
    s2s_sim_run_for(pair->sim, (s2s_time)milliseconds * S2S_MILLISECOND);
}

enum s2s_tunnel_status pair_status(const struct pair_end *end, unsigned tunnel)
{
    struct s2s_tunnel_state state = { .struct_size = sizeof(state) };
    assert_int_equal(s2s_tunnel_get(s2s_connection_tunnel(end->connection, tunnel), &state), 0);
    return state.status;
}

size_t pair_events(const struct pair_end *end, enum s2s_event_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < end->event_count; i++) {
        count += end->events[i].type == type ? 1u : 0u;
    }
    return count;
}

bool pair_until_up(struct pair *pair, unsigned tunnel, unsigned milliseconds)
{
    for (unsigned waited = 0; waited < milliseconds; waited += 10) {
        if (pair_status(&pair->a, tunnel) == S2S_TUNNEL_UP && pair_status(&pair->b, tunnel) == S2S_TUNNEL_UP) {
            return true;
        }
        pair_run(pair, 10);
    }
    return false;
}

unsigned pair_ping(struct pair *pair, unsigned count)
{
    struct s2s_sim_ping_params params;
    struct s2s_sim_ping_stats stats = { .struct_size = sizeof(stats) };
    s2s_sim_ping *ping;

    s2s_sim_ping_params_init(&params, sizeof(params));
    params.destination = "10.2.0.2";
    params.interval = 10 * S2S_MILLISECOND;
    params.count = count;
    params.start = s2s_sim_now(pair->sim);
    assert_int_equal(s2s_sim_ping_start(pair->a.host, &params, &ping), 0);
    pair_run(pair, count * 10 + 1000);
    s2s_sim_ping_stats(ping, &stats);
    return stats.answered;
}

uint64_t pair_cleartext(const struct pair *pair)
{
    uint64_t seen = 0;
    for (unsigned i = 0; i < 2; i++) {
        seen += pair->outer_a[i] ? s2s_sim_watched(pair->outer_a[i]) + s2s_sim_watched(pair->outer_b[i]) : 0;
    }
    return seen;
}

int pair_set_psk(struct pair *pair, struct pair_end *end, unsigned tunnel, const char *psk)
{
    struct s2s_tunnel_params changes;
    int error;

    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.psk = (const uint8_t *)psk;
    changes.psk_length = strlen(psk);
    error = s2s_tunnel_modify(s2s_connection_tunnel(end->connection, tunnel), &changes, s2s_sim_now(pair->sim));
    s2s_driver_kick(end->driver);
    return error;
}
