/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/bgp_pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

static const struct bgp_pair_plan *plan; /* pair_setup's callback has no user pointer */

static struct s2s_prefix prefix(const char *text)
{
    struct s2s_prefix out;
    assert_int_equal(s2s_prefix_parse(text, &out), 0);
    return out;
}

static void add_networks(struct s2s_gateway_params *gateway)
{
    plan->vpc[0] = gateway->vpc_cidrs[0];
    for (size_t i = 0; i < plan->more; i++) {
        struct s2s_prefix *one = &plan->vpc[1 + i];
        *one = prefix("20.0.0.0/24");
        one->addr.bytes[0] = (uint8_t)(20 + (i >> 16));
        one->addr.bytes[1] = (uint8_t)(i >> 8);
        one->addr.bytes[2] = (uint8_t)i;
    }
    gateway->vpc_cidrs = plan->vpc;
    gateway->vpc_cidr_count = 1 + plan->more;
}

static void with_bgp(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                     struct s2s_tunnel_params *tunnels)
{
    static struct s2s_prefix own, far;

    connection->enable_bgp = 1;
    connection->local_asn = end ? 65002 : 65001;
    connection->failover_hold_down = 5;
    for (size_t i = 0; i < connection->tunnel_count; i++) {
        tunnels[i].bgp_import = plan->import[end];
        tunnels[i].bgp_export = plan->export_[end];
        tunnels[i].bgp_max_prefix = 1000000;
        tunnels[i].bgp_hold_time = 30;
        tunnels[i].bgp_keepalive = 10;
        tunnels[i].bgp_ttl_security = plan->ttl_security[end];
        tunnels[i].bgp_passive = plan->passive[end];
    }
    if (plan->one_tunnel) {
        tunnels[1].enabled = 0;
    }
    if (end == 1 && plan->more) {
        add_networks(gateway);
    }
    if (end == 1 && plan->narrow) {
        connection->enable_bgp = 0;
        connection->route_mode = S2S_ROUTE_MODE_POLICY;
        own = prefix("10.2.0.0/24");
        far = prefix("10.1.0.0/24");
        connection->local_subnets = &own;
        connection->remote_subnets = &far;
        connection->local_subnet_count = connection->remote_subnet_count = 1;
    }
}

void bgp_pair_begin(struct pair *pair, const struct bgp_pair_plan *wanted)
{
    struct pair_params params;

    plan = wanted;
    pair_params_init(&params);
    params.tunnels = 2;
    params.route_mode = S2S_ROUTE_MODE_DESTINATION;
    params.probe_interval_ms = BGP_PAIR_PROBE;
    params.tune = with_bgp;
    pair_setup(pair, &params);
    assert_true(pair_until_up(pair, 1, 5000));
    assert_true(wanted->one_tunnel || pair_until_up(pair, 2, 5000));
}

struct s2s_bgp_session_state bgp_pair_session(const struct pair_end *end, unsigned tunnel)
{
    struct s2s_bgp_session_state state = { .struct_size = sizeof(state) };
    const s2s_bgp_session *one = s2s_tunnel_bgp_session(s2s_connection_tunnel(end->connection, tunnel));

    assert_non_null(one);
    assert_int_equal(s2s_bgp_session_get(one, &state), 0);
    return state;
}

bool bgp_pair_until(struct pair *pair, const struct pair_end *end, unsigned tunnel, uint32_t routes, unsigned milliseconds,
                    unsigned step)
{
    for (unsigned waited = 0; waited < milliseconds; waited += step) {
        if (s2s_tunnel_bgp_session(s2s_connection_tunnel(end->connection, tunnel)) &&
            bgp_pair_session(end, tunnel).routes_accepted == routes) {
            return true;
        }
        pair_run(pair, step);
    }
    return false;
}

static void modify(struct pair *pair, struct pair_end *end, unsigned tunnel, const struct s2s_tunnel_params *changes)
{
    assert_int_equal(s2s_tunnel_modify(s2s_connection_tunnel(end->connection, tunnel), changes, s2s_sim_now(pair->sim)), 0);
    s2s_driver_kick(end->driver);
}

void bgp_pair_export(struct pair *pair, const char *policy)
{
    struct s2s_tunnel_params changes;

    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.bgp_export = policy;
    modify(pair, &pair->b, 1, &changes);
    modify(pair, &pair->b, 2, &changes);
}

void bgp_pair_enable(struct pair *pair, struct pair_end *end, unsigned tunnel, bool enabled)
{
    struct s2s_tunnel_params changes;

    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.enabled = enabled ? 1 : 0;
    modify(pair, end, tunnel, &changes);
}

double bgp_pair_cpu(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double since(const struct pair *pair, s2s_time begin, s2s_time at)
{
    (void)pair;
    return (double)(at - begin) / (double)S2S_MILLISECOND;
}

struct bgp_pair_loss bgp_pair_lose(struct pair *pair, uint32_t routes)
{
    struct bgp_pair_loss loss = { 0 };
    struct s2s_connection_state connection = { .struct_size = sizeof(connection) };
    double begin = bgp_pair_cpu();

    pair_run(pair, 400);
    double idle = bgp_pair_cpu() - begin;
    s2s_time cut = s2s_sim_now(pair->sim);
    s2s_sim_link_blackhole(pair->outer_a[0], S2S_SIM_BOTH, true);
    begin = bgp_pair_cpu();
    while (bgp_pair_session(&pair->a, 1).routes_accepted && s2s_sim_now(pair->sim) < cut + 20 * (s2s_time)S2S_SECOND) {
        pair_run(pair, 1);
    }
    loss.last = since(pair, cut, s2s_sim_now(pair->sim));
    loss.cpu = bgp_pair_cpu() - begin - idle * loss.last / 400;
    loss.whole = bgp_pair_session(&pair->a, 1).routes_accepted == 0 && bgp_pair_session(&pair->a, 2).routes_accepted == routes;
    assert_int_equal(s2s_connection_get(pair->a.connection, &connection), 0);
    assert_int_equal(connection.active_tunnel, 2);
    assert_true(connection.last_switch > cut);
    loss.switched = since(pair, cut, connection.last_switch);
    return loss;
}
