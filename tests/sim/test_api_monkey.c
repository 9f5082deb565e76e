/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public API in the hands of a monkey: two gateways over kernel sim, and calls as a seed says: tunnels,
 * connections, customer gateways, routes and gateways made, changed, deleted in any order and with any values; kernels
 * that refuse; addresses that go; crashes; engines deleted at any moment. At each step: what was closed stays closed
 * (no path in clear, nothing in clear on the outer links), SPIs are unique. At the end, after everything is set up
 * anew: traffic flows, every action was answered, and the engine says goodbye.
 *
 *     test_api_monkey              a few seeds, more of them by S2S_TEST_LEVEL=all
 *     test_api_monkey SEED         that one, and what it did
 *     test_api_monkey FROM TO      those
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/gateway_pair.h"

enum { STEPS = 60, ROUNDS = 8, SLICE_MS = 50, MOST_TUNNELS = 32 };

struct monkey {
    uint64_t seed, chance;
    struct pair pair;
    struct pair_params params;
    bool original[2]; /* the connection that closes the far network is as it was made */
    bool guarded[2];  /* and the far network was seen closed or in the tunnel: it must not come open again */
    bool told;        /* prints what it does */
    const char *doing;
    char wrong[200];
};

/* splitmix64 */
static uint32_t draw(struct monkey *monkey, uint32_t limit)
{
    uint64_t z = monkey->chance += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((z ^ (z >> 31)) >> 32) % limit;
}

static s2s_time now(const struct monkey *monkey)
{
    return s2s_sim_now(monkey->pair.sim);
}

static struct pair_end *end_of(struct monkey *monkey, unsigned which)
{
    return which ? &monkey->pair.b : &monkey->pair.a;
}

static struct s2s_prefix prefix(const char *text)
{
    struct s2s_prefix out;
    assert_int_equal(s2s_prefix_parse(text, &out), 0);
    return out;
}

static struct s2s_addr addr(const char *text)
{
    struct s2s_addr out;
    assert_int_equal(s2s_addr_parse(text, &out), 0);
    return out;
}

static s2s_gateway *gateway_of(const struct pair_end *end)
{
    return s2s_gateway_next(end->engine, NULL);
}

/* ---- promises at each step ---- */

static void wrong(struct monkey *monkey, const char *what)
{
    if (monkey->wrong[0] == '\0') {
        snprintf(monkey->wrong, sizeof monkey->wrong, "%s (at %llu ms, after %s)", what,
                 (unsigned long long)(now(monkey) / S2S_MILLISECOND), monkey->doing);
    }
}

/* From now on the far network of this end may be open. */
static void loosen(struct monkey *monkey, const struct pair_end *end)
{
    unsigned which = end == &monkey->pair.b;
    monkey->original[which] = monkey->guarded[which] = false;
}

static void check_closed(struct monkey *monkey, unsigned which)
{
    static const char *const hosts[2] = {"10.1.0.2", "10.2.0.2"};
    bool open = s2s_sim_way(end_of(monkey, which)->node, hosts[which], hosts[!which]) == S2S_SIM_WAY_LINK;

    if (open && monkey->guarded[which]) {
        wrong(monkey, which ? "b sends in clear" : "a sends in clear");
    }
    monkey->guarded[which] = monkey->original[which] && (monkey->guarded[which] || !open);
}

static void check_spis(struct monkey *monkey, const struct pair_end *end)
{
    uint32_t seen[MOST_TUNNELS];
    size_t count = 0;
    s2s_gateway *gateway = gateway_of(end);

    for (s2s_connection *at = gateway ? s2s_connection_next(gateway, NULL) : NULL; at;
         at = s2s_connection_next(gateway, at)) {
        for (size_t i = 1; i <= s2s_connection_tunnels(at) && count < MOST_TUNNELS; i++) {
            struct s2s_tunnel_state state = {.struct_size = sizeof state};
            assert_int_equal(s2s_tunnel_get(s2s_connection_tunnel(at, i), &state), 0);
            for (size_t k = 0; state.spi_in && k < count; k++) {
                if (seen[k] == state.spi_in) {
                    wrong(monkey, "two tunnels have one SPI");
                }
            }
            seen[count++] = state.spi_in;
        }
    }
}

static void check(struct monkey *monkey)
{
    for (unsigned which = 0; which < 2; which++) {
        check_closed(monkey, which);
        check_spis(monkey, end_of(monkey, which));
    }
    if (pair_cleartext(&monkey->pair) != 0) {
        wrong(monkey, "inner addresses on an outer link");
    }
}

static void run(struct monkey *monkey, unsigned milliseconds)
{
    for (unsigned done = 0; done < milliseconds; done += SLICE_MS) {
        check(monkey);
        pair_run(&monkey->pair, SLICE_MS);
    }
    check(monkey);
}

/* ---- values ---- */

static int any_number(struct monkey *monkey)
{
    static const int numbers[] = {0,   1,   2,    3,    5,     10, 30,    32,      60,         64,
                                  100, 300, 3600, 4096, 86400, -1, 65536, INT_MAX, INT_MIN + 1};
    return numbers[draw(monkey, sizeof numbers / sizeof *numbers)];
}

static const char *any_name(struct monkey *monkey)
{
    static const char *const names[] = {"pair", "pair",
                                        "x1",   "x2",
                                        "far1", "far1",
                                        "far2", "",
                                        "a",    "\xff\xfe",
                                        "a/b",  "none",
                                        "far3", "12345678901234567890123456789012345678901234567890123456789012345"};
    return names[draw(monkey, sizeof names / sizeof *names)];
}

static struct s2s_prefix any_prefix(struct monkey *monkey)
{
    static const char *const prefixes[] = {"10.1.0.0/24",   "10.2.0.0/24", "10.50.0.0/24", "10.51.0.0/16", "10.52.0.1",
                                           "172.16.0.0/12", "fd00::/64",   "10.53.0.0/30", "10.2.0.128/25"};
    uint32_t which = draw(monkey, sizeof prefixes / sizeof *prefixes + 2);
    struct s2s_prefix out = prefix(prefixes[which % (sizeof prefixes / sizeof *prefixes)]);

    if (which == sizeof prefixes / sizeof *prefixes) {
        out.length = (uint8_t)draw(monkey, 256);
        out.addr.family = (uint8_t)draw(monkey, 8);
    }
    return out;
}

static struct s2s_addr any_address(struct monkey *monkey)
{
    static const char *const addresses[] = {"198.51.100.1",    "198.51.101.1", "203.0.113.1", "203.0.114.1",
                                            "169.254.10.1",    "169.254.10.2", "192.0.2.78",  "::1",
                                            "255.255.255.255", "0.0.0.0",      "192.0.2.77"};
    uint32_t which = draw(monkey, sizeof addresses / sizeof *addresses + 1);
    struct s2s_addr none = {0};

    return which < sizeof addresses / sizeof *addresses ? addr(addresses[which]) : none;
}

static void any_tunnel(struct monkey *monkey, struct s2s_tunnel_params *tunnel, unsigned changes)
{
    static const char *const ids[] = {"@a.example", "keyid:zz", "keyid:00ff", "10.0.0.1", "", "%any", "x y"};

    for (unsigned i = 0; i < changes; i++) {
        int number = any_number(monkey);
        int *const members[] = {
            &tunnel->enabled,        &tunnel->startup_action,    &tunnel->nat_traversal,
            &tunnel->encapsulation,  &tunnel->ike_version,       &tunnel->ike_lifetime,
            &tunnel->ipsec_lifetime, &tunnel->replay_window,     &tunnel->esn,
            &tunnel->rekey_margin,   &tunnel->rekey_fuzz,        &tunnel->dpd_enable,
            &tunnel->dpd_delay,      &tunnel->dpd_timeout,       &tunnel->dpd_action,
            &tunnel->probe_enable,   &tunnel->probe_interval_ms, &tunnel->probe_retry,
            &tunnel->bgp_hold_time,  &tunnel->bgp_keepalive,     &tunnel->bgp_max_prefix,
            &tunnel->auth_method,
        };
        uint32_t which = draw(monkey, 12 + sizeof members / sizeof *members);
        switch (which) {
        case 0:
            tunnel->psk = (const uint8_t *)"other-psk";
            tunnel->psk_length = draw(monkey, 10);
            break;
        case 1:
            tunnel->local_id = ids[draw(monkey, 7)];
            break;
        case 2:
            tunnel->remote_id = ids[draw(monkey, 7)];
            break;
        case 3:
            tunnel->local_address = any_address(monkey);
            break;
        case 4:
            tunnel->customer_gateway = any_name(monkey);
            break;
        case 5:
            tunnel->bgp_tunnel_cidr = any_prefix(monkey);
            break;
        case 6:
            tunnel->probe_target = any_address(monkey);
            break;
        case 7:
            tunnel->ike_encryption.count = (uint8_t)(1 + draw(monkey, S2S_ALGORITHMS));
            for (unsigned k = 0; k < S2S_ALGORITHMS; k++)
                tunnel->ike_encryption.items[k] = (uint16_t)draw(monkey, 64);
            break;
        case 8:
            tunnel->ipsec_pfs.count = 1;
            tunnel->ipsec_pfs.items[0] = (uint16_t)draw(monkey, 64);
            break;
        case 9:
            tunnel->enabled = 1;
            break;
        case 10:
            tunnel->bgp_import = draw(monkey, 2) ? "{" : "[]";
            break;
        case 11:
            tunnel->bgp_local_ip = any_address(monkey);
            break;
        default:
            *members[which - 12] = number;
        }
    }
}

/* ---- what a monkey does ---- */

static s2s_connection *any_connection(struct monkey *monkey, const struct pair_end *end)
{
    s2s_gateway *gateway = gateway_of(end);
    s2s_connection *at = gateway ? s2s_connection_next(gateway, NULL) : NULL;

    for (uint32_t skip = draw(monkey, 4); at && skip > 0 && s2s_connection_next(gateway, at); skip--) {
        at = s2s_connection_next(gateway, at);
    }
    return at;
}

static s2s_tunnel *any_tunnel_of(struct monkey *monkey, const struct pair_end *end)
{
    s2s_connection *connection = any_connection(monkey, end);
    return connection ? s2s_connection_tunnel(connection, 1 + draw(monkey, 2)) : NULL;
}

static void modify_tunnel(struct monkey *monkey, struct pair_end *end)
{
    s2s_tunnel *tunnel = any_tunnel_of(monkey, end);
    struct s2s_tunnel_params changes;

    s2s_tunnel_params_init(&changes, sizeof changes);
    any_tunnel(monkey, &changes, 1 + draw(monkey, 3));
    if (tunnel) {
        (void)s2s_tunnel_modify(tunnel, &changes, now(monkey));
    }
}

static void restart_tunnel(struct monkey *monkey, struct pair_end *end)
{
    s2s_tunnel *tunnel = any_tunnel_of(monkey, end);
    for (uint32_t times = 1 + draw(monkey, 3); tunnel && times > 0; times--) {
        (void)s2s_tunnel_restart(tunnel, now(monkey));
    }
}

/* A new connection, or an old one changed; what the first one guards is another network then. */
static void connect_or_change(struct monkey *monkey, struct pair_end *end, s2s_connection *old)
{
    struct s2s_prefix subnets[6];
    struct s2s_tunnel_params tunnels[3];
    struct s2s_connection_params connection;
    s2s_gateway *gateway = gateway_of(end);

    s2s_connection_params_init(&connection, sizeof connection);
    for (unsigned i = 0; i < 6; i++) {
        subnets[i] = any_prefix(monkey);
    }
    for (unsigned i = 0; i < 3; i++) {
        s2s_tunnel_params_init(&tunnels[i], sizeof tunnels[i]);
        tunnels[i].customer_gateway = draw(monkey, 8) ? (i ? "far2" : "far1") : any_name(monkey);
        tunnels[i].psk = (const uint8_t *)(draw(monkey, 4) ? "pair-psk-1" : "other");
        tunnels[i].psk_length = strlen((const char *)tunnels[i].psk);
        any_tunnel(monkey, &tunnels[i], draw(monkey, 3));
    }
    connection.name = old && draw(monkey, 4) ? s2s_connection_name(old) : any_name(monkey);
    connection.route_mode = (int)draw(monkey, draw(monkey, 8) ? 2 : 4);
    connection.local_subnets = subnets;
    connection.local_subnet_count = draw(monkey, 4);
    connection.remote_subnets = subnets + 3;
    connection.remote_subnet_count = draw(monkey, 4);
    connection.effect_immediately = draw(monkey, 2) != 0;
    connection.enable_bgp = draw(monkey, 6) == 0;
    connection.tunnels = tunnels;
    connection.tunnel_count = draw(monkey, 4);
    if (old) {
        loosen(monkey, end);
        (void)s2s_connection_update(old, &connection, now(monkey));
    } else if (gateway) {
        (void)s2s_connection_new(gateway, &connection, now(monkey), &old);
    }
}

static void new_connection(struct monkey *monkey, struct pair_end *end)
{
    connect_or_change(monkey, end, NULL);
}

static void update_connection(struct monkey *monkey, struct pair_end *end)
{
    s2s_connection *old = any_connection(monkey, end);
    if (old) {
        connect_or_change(monkey, end, old);
    }
}

static void delete_connection(struct monkey *monkey, struct pair_end *end)
{
    loosen(monkey, end);
    s2s_connection_delete(any_connection(monkey, end), now(monkey));
}

static void customer_gateways(struct monkey *monkey, struct pair_end *end)
{
    s2s_gateway *gateway = gateway_of(end);
    struct s2s_customer_gateway_params params;
    s2s_customer_gateway *found;

    if (!gateway) {
        return;
    }
    s2s_customer_gateway_params_init(&params, sizeof params);
    params.name = any_name(monkey);
    params.ip_address = any_address(monkey);
    params.asn = draw(monkey, 3) ? 65000 + draw(monkey, 4) : 0;
    params.auth_key = draw(monkey, 3) ? NULL : "key";
    found = s2s_customer_gateway_find(gateway, any_name(monkey));
    switch (draw(monkey, 3)) {
    case 0:
        (void)s2s_customer_gateway_new(gateway, &params, &found);
        break;
    case 1:
        if (found) {
            (void)s2s_customer_gateway_update(found, &params, now(monkey));
        }
        break;
    default:
        (void)s2s_customer_gateway_delete(found);
    }
}

static void routes(struct monkey *monkey, struct pair_end *end)
{
    s2s_gateway *gateway = gateway_of(end);
    s2s_route *route = gateway ? s2s_route_next(gateway, NULL) : NULL;
    struct s2s_route_params params;

    if (!gateway) {
        return;
    }
    for (uint32_t skip = draw(monkey, 4); route && skip > 0 && s2s_route_next(gateway, route); skip--) {
        route = s2s_route_next(gateway, route);
    }
    s2s_route_params_init(&params, sizeof params);
    params.type = (int)draw(monkey, 5);
    params.source = any_prefix(monkey);
    params.destination = any_prefix(monkey);
    params.connection = any_name(monkey);
    params.priority = draw(monkey, 2) ? any_number(monkey) : 10;
    params.publish = (int)draw(monkey, 2);
    loosen(monkey, end); /* routes are what closes */
    switch (draw(monkey, 3)) {
    case 0:
        (void)s2s_route_new(gateway, &params, now(monkey), &route);
        break;
    case 1:
        if (route) {
            (void)s2s_route_publish(route, draw(monkey, 2) != 0, now(monkey));
        }
        break;
    default:
        (void)s2s_route_delete(route, now(monkey));
    }
}

static void update_gateway(struct monkey *monkey, struct pair_end *end)
{
    static const char *const devices[] = {NULL, "s2s0", "s2s1", "a device with a long name", "../x"};
    unsigned which = end == &monkey->pair.b;
    struct s2s_addr addresses[3];
    struct s2s_prefix own = prefix(which ? "10.2.0.0/24" : "10.1.0.0/24");
    struct s2s_gateway_params params;

    if (!gateway_of(end)) {
        return;
    }
    s2s_gateway_params_init(&params, sizeof params);
    for (unsigned i = 0; i < 3; i++) {
        addresses[i] = any_address(monkey);
    }
    if (draw(monkey, 2)) {
        addresses[0] = addr(which ? "203.0.113.1" : "198.51.100.1");
    }
    params.name = draw(monkey, 4) ? s2s_gateway_name(gateway_of(end)) : any_name(monkey);
    params.profile = draw(monkey, 8) ? s2s_profile_generic() : s2s_profile_aws();
    params.addresses = addresses;
    params.address_count = draw(monkey, 4);
    params.asn = draw(monkey, 2) ? 65000 + which : 0;
    params.vpc_cidrs = &own;
    params.vpc_cidr_count = draw(monkey, 2);
    params.device = devices[draw(monkey, 5)];
    params.interface_per_tunnel = draw(monkey, 6) == 0;
    params.port = draw(monkey, 6) ? 500 : any_number(monkey);
    if (s2s_gateway_update(gateway_of(end), &params, now(monkey)) == 0) {
        loosen(monkey, end);
    }
}

static void remake_gateway(struct monkey *monkey, struct pair_end *end)
{
    s2s_gateway *gateway = gateway_of(end);

    loosen(monkey, end);
    if (gateway) {
        s2s_gateway_delete(gateway, now(monkey));
        s2s_driver_kick(end->driver);
        run(monkey, draw(monkey, 3) * 400);
    }
    if (!gateway_of(end)) {
        pair_make_objects(&monkey->pair, end, &monkey->params); /* guards nothing while the old one goes */
    }
}

static void refuse(struct monkey *monkey, struct pair_end *end)
{
    /* Not EXISTS and NOT_FOUND: those say that it is as we want it. */
    static const int errors[] = {S2S_ERR_KERNEL, S2S_ERR_NO_MEMORY};

    if (draw(monkey, 3) == 0) {
        s2s_sim_kernel_refuse_ppm(end->node, draw(monkey, 2) * draw(monkey, 500000));
        return;
    }
    (void)s2s_sim_kernel_refuse(
        end->node, (enum s2s_action_type)(S2S_ACTION_BIND + draw(monkey, S2S_ACTION_SCAN - S2S_ACTION_BIND + 1)),
        draw(monkey, 3), 1 + draw(monkey, 3), errors[draw(monkey, 2)]);
}

static void network(struct monkey *monkey, struct pair_end *end)
{
    const char *address = end == &monkey->pair.b ? "203.0.113.1" : "198.51.100.1";

    switch (draw(monkey, 5)) {
    case 0:
        (void)s2s_sim_address_down(end->node, address);
        break;
    case 1:
        (void)s2s_sim_address_up(end->node, address);
        break;
    case 2:
        s2s_sim_link_blackhole(monkey->pair.outer_a[0], (enum s2s_sim_direction)(1 + draw(monkey, 3)),
                               draw(monkey, 2) != 0);
        break;
    case 3:
        s2s_sim_link_carrier(monkey->pair.outer_b[0], draw(monkey, 2) != 0);
        break;
    default:
        s2s_sim_kernel_delay(end->node, 0, draw(monkey, 2000) * (s2s_time)S2S_MILLISECOND);
    }
}

/* kill -9, or an engine that is deleted in the middle of things, and a new one. */
static void start_again(struct monkey *monkey, struct pair_end *end)
{
    if (draw(monkey, 2)) {
        s2s_sim_node_crash(end->node);
        run(monkey, draw(monkey, 3) * 300);
    } else if (draw(monkey, 3) == 0) {
        s2s_engine_shutdown(end->engine, now(monkey));
        loosen(monkey, end); /* it takes its routes with it */
        s2s_driver_kick(end->driver);
        run(monkey, draw(monkey, 3) * 200);
    }
    pair_start_again(&monkey->pair, end, &monkey->params);
    monkey->original[end == &monkey->pair.b] = true;
}

static void garbage(struct monkey *monkey, struct pair_end *end)
{
    struct s2s_kernel_notice notice;
    uint8_t frame[128];

    memset(&notice, 0, sizeof notice);
    notice.struct_size = sizeof notice;
    for (size_t i = 0; i < sizeof frame; i++) {
        frame[i] = (uint8_t)draw(monkey, 256);
    }
    frame[0] = 0x45;
    (void)s2s_sim_inject(monkey->pair.outer_a[0], S2S_SIM_BOTH, frame, 20 + draw(monkey, 108));
    (void)s2s_engine_complete(end->engine, draw(monkey, 100000), NULL, now(monkey));
    (void)s2s_engine_stream_pull(end->engine, draw(monkey, 10), frame, sizeof frame);
    (void)s2s_engine_tick(end->engine, draw(monkey, 2) ? 0 : now(monkey));
}

static void ping(struct monkey *monkey, struct pair_end *end)
{
    (void)end;
    if (monkey->guarded[0] && monkey->guarded[1]) { /* else clear packets would be nobody's fault */
        (void)pair_ping(&monkey->pair, 5);
    }
}

static void wait_long(struct monkey *monkey, struct pair_end *end)
{
    (void)end;
    run(monkey, draw(monkey, 60) * 1000);
}

static const struct deed {
    const char *name;
    void (*run)(struct monkey *monkey, struct pair_end *end);
} deeds[] = {
    {"modify tunnel", modify_tunnel},
    {"modify tunnel", modify_tunnel},
    {"restart tunnel", restart_tunnel},
    {"new connection", new_connection},
    {"update connection", update_connection},
    {"delete connection", delete_connection},
    {"customer gateways", customer_gateways},
    {"routes", routes},
    {"update gateway", update_gateway},
    {"remake gateway", remake_gateway},
    {"refuse", refuse},
    {"network", network},
    {"start again", start_again},
    {"garbage", garbage},
    {"ping", ping},
    {"ping", ping},
    {"wait", wait_long},
};

/* ---- one seed ---- */

static void calm(struct monkey *monkey)
{
    static const char *const addresses[2] = {"198.51.100.1", "203.0.113.1"};

    monkey->doing = "calm";
    s2s_sim_link_blackhole(monkey->pair.outer_a[0], S2S_SIM_BOTH, false);
    s2s_sim_link_carrier(monkey->pair.outer_b[0], true);
    for (unsigned which = 0; which < 2; which++) {
        struct pair_end *end = end_of(monkey, which);
        (void)s2s_sim_address_up(end->node, addresses[which]);
        s2s_sim_node_reboot(end->node); /* a kernel with ESP keeps SAs and policies of a process that was killed */
        s2s_sim_kernel_refuse_ppm(end->node, 0);
        s2s_sim_kernel_delay(end->node, 0, 0);
        pair_start_again(&monkey->pair, end, &monkey->params);
        monkey->original[which] = true;
    }
    for (unsigned round = 0; round < ROUNDS; round++) { /* refusals that were ordered are used up meanwhile */
        if (pair_until_up(&monkey->pair, 1, 400000)) {
            run(monkey, 90000);
            if (pair_ping(&monkey->pair, 10) == 10) {
                return;
            }
        }
    }
    wrong(monkey, "no traffic when all is calm again");
}

static void farewell(struct monkey *monkey)
{
    for (unsigned which = 0; which < 2; which++) {
        struct s2s_sim_kernel_stats stats = {.struct_size = sizeof stats};
        struct s2s_sim_installed installed = {.struct_size = sizeof installed};
        struct pair_end *end = end_of(monkey, which);

        s2s_engine_shutdown(end->engine, now(monkey));
        s2s_driver_kick(end->driver);
        pair_run(&monkey->pair, 15000);
        s2s_sim_kernel_stats(end->node, &stats);
        s2s_sim_installed(end->node, &installed);
        if (stats.outstanding != 0 || !s2s_engine_idle(end->engine) || !end->shutdown_done) {
            wrong(monkey, "the farewell does not end");
        }
        if (installed.devices + installed.tunnel_routes + installed.unreachable_routes != 0) {
            wrong(monkey, installed.devices ? "a device is left behind" : "a route is left behind");
        }
    }
}

static bool one_seed(uint64_t seed, bool told)
{
    struct monkey *monkey = calloc(1, sizeof *monkey);
    bool good;

    assert_non_null(monkey);
    monkey->seed = monkey->chance = seed;
    monkey->told = told;
    monkey->doing = "start";
    pair_params_init(&monkey->params);
    monkey->params.seed = seed;
    monkey->params.tunnels = 1 + draw(monkey, 2);
    monkey->params.mode = draw(monkey, 2) ? S2S_SIM_RAW : S2S_SIM_ESP;
    monkey->params.probe_interval_ms = draw(monkey, 2) ? 0 : 200;
    if (told) {
        print_message("%u tunnels, %s\n", monkey->params.tunnels,
                      monkey->params.mode == S2S_SIM_ESP ? "kernel with ESP" : "kernel without ESP");
    }
    pair_setup(&monkey->pair, &monkey->params);
    monkey->original[0] = monkey->original[1] = true;
    run(monkey, draw(monkey, 3000));
    for (unsigned step = 0; step < STEPS && monkey->wrong[0] == '\0'; step++) {
        const struct deed *deed = &deeds[draw(monkey, sizeof deeds / sizeof *deeds)];
        unsigned which = draw(monkey, 3) == 0;
        if (told) {
            print_message("%8llu ms %s: %s\n", (unsigned long long)(now(monkey) / S2S_MILLISECOND), which ? "b" : "a",
                          deed->name);
        }
        monkey->doing = deed->name;
        deed->run(monkey, end_of(monkey, which));
        s2s_driver_kick(end_of(monkey, which)->driver);
        run(monkey, draw(monkey, 3) ? draw(monkey, 400) : 0);
    }
    if (monkey->wrong[0] == '\0' && draw(monkey, 4) != 0) { /* else: deleted just so */
        calm(monkey);
        farewell(monkey);
    }
    good = monkey->wrong[0] == '\0';
    if (!good) {
        print_message("%s; replay: test_api_monkey %llu\n", monkey->wrong, (unsigned long long)seed);
    }
    pair_teardown(&monkey->pair);
    free(monkey);
    return good;
}

static uint64_t from_seed = 1, to_seed = 30;
static bool telling;

static void test_seeds(void **state)
{
    bool good = true;

    (void)state;
    for (uint64_t seed = from_seed; seed <= to_seed; seed++) {
        good = one_seed(seed, telling) && good;
    }
    assert_true(good);
}

/* ---- what the monkey found ---- */

/* The probe's timer runs on while a slow kernel takes away the SAs of a deleted connection, which has no peer any more.
 */
static void test_probe_of_a_deleted_connection(void **state)
{
    struct pair_params params;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    params.probe_interval_ms = 100;
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    s2s_sim_kernel_delay(pair.a.node, 3000 * (s2s_time)S2S_MILLISECOND, 3000 * (s2s_time)S2S_MILLISECOND);
    s2s_connection_delete(pair.a.connection, s2s_sim_now(pair.sim));
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 10000);
    assert_null(s2s_connection_find(pair.a.gateway, "pair"));
    pair_teardown(&pair);
}

/* A gateway deleted and made anew at once: the old one says goodbye and takes away what is its own, not what is the new
 * one's. */
static void test_gateway_made_again_at_once(void **state)
{
    static const enum s2s_sim_mode modes[] = {S2S_SIM_RAW, S2S_SIM_ESP};
    (void)state;

    for (unsigned i = 0; i < 2; i++) {
        struct pair_params params;
        struct pair pair;
        pair_params_init(&params);
        params.mode = modes[i];
        pair_setup(&pair, &params);
        assert_true(pair_until_up(&pair, 1, 5000));
        s2s_gateway_delete(pair.a.gateway, s2s_sim_now(pair.sim));
        s2s_driver_kick(pair.a.driver);
        pair_make_objects(&pair, &pair.a, &params);
        pair_run(&pair, 20000);
        assert_true(pair_until_up(&pair, 1, 60000));
        pair_run(&pair, 3000);
        assert_int_equal(s2s_sim_way(pair.a.node, "10.1.0.2", "10.2.0.2"), S2S_SIM_WAY_DEVICE);
        assert_int_equal(pair_ping(&pair, 10), 10);
        assert_int_equal(pair_cleartext(&pair), 0);
        pair_teardown(&pair);
    }
}

/* A prefix that no parser made. */
static void test_prefix_out_of_range(void **state)
{
    struct s2s_prefix bad[3] = {prefix("10.50.0.0/24"), prefix("10.50.0.0/24"), prefix("fd00::/64")};
    struct s2s_connection_params connection;
    struct s2s_tunnel_params tunnel;
    struct s2s_route_params route;
    s2s_connection *made;
    s2s_route *out;
    struct pair_params params;
    struct pair pair;
    (void)state;

    bad[0].length = 33;
    bad[1].addr.family = 5;
    bad[2].length = 129;
    pair_params_init(&params);
    pair_setup(&pair, &params);
    for (unsigned i = 0; i < 3; i++) {
        s2s_tunnel_params_init(&tunnel, sizeof tunnel);
        tunnel.customer_gateway = "far1";
        s2s_connection_params_init(&connection, sizeof connection);
        connection.name = "bad";
        connection.local_subnets = &bad[i];
        connection.local_subnet_count = 1;
        connection.tunnels = &tunnel;
        connection.tunnel_count = 1;
        assert_int_equal(s2s_connection_new(pair.a.gateway, &connection, s2s_sim_now(pair.sim), &made),
                         S2S_ERR_INVALID);
        s2s_route_params_init(&route, sizeof route);
        route.type = S2S_ROUTE_DESTINATION;
        route.destination = bad[i];
        route.connection = "pair";
        assert_int_equal(s2s_route_new(pair.a.gateway, &route, s2s_sim_now(pair.sim), &out), S2S_ERR_INVALID);
    }
    pair_teardown(&pair);
}

/* A hub: what is behind one tunnel may go into another, by a wider route; that does not make it a network of the hub's
 * own. */
static void test_transit_network_stays_closed(void **state)
{
    struct s2s_prefix local[2] = {prefix("10.1.0.0/24"), prefix("10.2.0.0/24")}, remote = prefix("10.0.0.0/8");
    struct s2s_tunnel_params tunnel;
    struct s2s_connection_params connection;
    s2s_connection *wide;
    struct pair_params params;
    struct pair pair;
    (void)state;

    pair_params_init(&params);
    pair_setup(&pair, &params);
    assert_true(pair_until_up(&pair, 1, 5000));
    assert_int_equal(pair_ping(&pair, 5), 5);
    s2s_tunnel_params_init(&tunnel, sizeof tunnel);
    tunnel.psk = (const uint8_t *)"other";
    tunnel.psk_length = 5;
    tunnel.customer_gateway = "far1";
    tunnel.remote_id = "@elsewhere.example";
    s2s_connection_params_init(&connection, sizeof connection);
    connection.name = "wide";
    connection.route_mode = S2S_ROUTE_MODE_POLICY;
    connection.local_subnets = local;
    connection.local_subnet_count = 2;
    connection.remote_subnets = &remote;
    connection.remote_subnet_count = 1;
    connection.tunnels = &tunnel;
    connection.tunnel_count = 1;
    if (s2s_connection_new(pair.a.gateway, &connection, s2s_sim_now(pair.sim), &wide) != 0) {
        remote = prefix("0.0.0.0/0"); /* which overlaps nothing */
        assert_int_equal(s2s_connection_new(pair.a.gateway, &connection, s2s_sim_now(pair.sim), &wide), 0);
    }
    s2s_driver_kick(pair.a.driver);
    pair_run(&pair, 1000);
    assert_int_equal(s2s_sim_way(pair.a.node, "10.1.0.2", "10.2.0.2"), S2S_SIM_WAY_DEVICE);
    assert_int_equal(pair_ping(&pair, 5), 5);
    assert_int_equal(pair_cleartext(&pair), 0);
    pair_teardown(&pair);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_probe_of_a_deleted_connection),
        cmocka_unit_test(test_gateway_made_again_at_once),
        cmocka_unit_test(test_prefix_out_of_range),
        cmocka_unit_test(test_transit_network_stays_closed),
        cmocka_unit_test(test_seeds),
    };
    const char *level = getenv("S2S_TEST_LEVEL");

    if (level && strcmp(level, "all") == 0) {
        to_seed = 1000;
    }
    if (argc > 1) {
        from_seed = to_seed = strtoull(argv[1], NULL, 0);
        telling = argc == 2;
    }
    if (argc > 2) {
        to_seed = strtoull(argv[2], NULL, 0);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
