/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handshakes a second and heap a tunnel end: one gateway with N connections to a second one, both in this process, over
 * kernel sim with mbedTLS (PSK, X25519 and ECP-256, AES-256-GCM). CPU time of both ends together; the simulated network is
 * in it. The heap figure is what the engine's allocator holds per established tunnel, all objects included.
 *
 *     bench_handshake [tunnels]      default 200
 *
 * For comparison: strongSwan's load-tester makes about 3,000 IKE_SAs/s on two cores with about 18 KB an IKE_SA end.
 */
#include <s2svpn/driver.h>
#include <s2svpn/gateway.h>
#include <s2svpn/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST 2000

struct end {
    s2s_engine *engine;
    s2s_driver *driver;
    s2s_gateway *gateway;
    s2s_sim_node *node;
    size_t up;
    uint64_t heap_before;
};

static void check(int error, const char *what)
{
    if (error) {
        fprintf(stderr, "%s: %s\n", what, s2s_strerror(error));
        exit(1);
    }
}

static void heard(void *user, const struct s2s_event *event)
{
    struct end *end = user;
    if (event->type == S2S_EVENT_IPSEC_ESTABLISHED)
        end->up++;
}

static struct s2s_addr far_address(unsigned i)
{
    struct s2s_addr addr = {4, {203, 0, (uint8_t)(i >> 8), (uint8_t)i}};
    return addr;
}

static void make_end(s2s_sim *sim, struct end *end, const char *name)
{
    struct s2s_engine_params engine;
    struct s2s_driver_params driver;
    s2s_engine_params_init(&engine, sizeof engine);
    engine.provider = s2s_crypto_mbedtls();
    engine.max_connections = MOST;
    engine.half_open_total = engine.half_open_per_address = engine.cookie_total = engine.cookie_per_address = MOST * 2;
    engine.dh_per_second = 1000000;
    check(s2s_sim_gateway_new(sim, name, NULL, &end->node), "node");
    check(s2s_engine_new(&engine, &end->engine), "engine");
    s2s_driver_params_init(&driver, sizeof driver);
    driver.engine = end->engine;
    driver.loop = s2s_sim_loop(sim);
    driver.kernel = s2s_sim_kernel(end->node);
    driver.event = heard;
    driver.event_user = end;
    check(s2s_driver_new(&driver, &end->driver), "driver");
}

static uint64_t heap(const struct end *end)
{
    struct s2s_engine_stats stats = {.struct_size = sizeof stats};
    s2s_engine_stats(end->engine, &stats);
    return stats.heap_bytes;
}

static void connect_tunnel(struct end *end, unsigned i, bool near)
{
    static const char psk[] = "bench-handshake-key";
    struct s2s_customer_gateway_params far;
    struct s2s_connection_params connection;
    struct s2s_tunnel_params tunnel;
    struct s2s_prefix local = {{4, {10, (uint8_t)(near ? 1 : 100 + (i >> 8)), (uint8_t)(near ? 0 : i), 0}}, 24}, remote = local;
    s2s_customer_gateway *customer_gateway;
    s2s_connection *out;
    char far_name[16], name[16];
    snprintf(far_name, sizeof far_name, "far%u", i);
    snprintf(name, sizeof name, "vpn%u", i);
    s2s_customer_gateway_params_init(&far, sizeof far);
    far.name = far_name;
    far.ip_address = near ? far_address(i) : (struct s2s_addr){4, {198, 51, 100, 1}};
    check(s2s_customer_gateway_new(end->gateway, &far, &customer_gateway), "customer gateway");
    s2s_connection_params_init(&connection, sizeof connection);
    s2s_tunnel_params_init(&tunnel, sizeof tunnel);
    tunnel.psk = (const uint8_t *)psk;
    tunnel.psk_length = sizeof psk - 1;
    tunnel.local_address = near ? (struct s2s_addr){4, {198, 51, 100, 1}} : far_address(i);
    tunnel.startup_action = near ? S2S_STARTUP_START : S2S_STARTUP_ADD;
    local = (struct s2s_prefix){{4, {10, 1, 0, 0}}, 24};
    remote = (struct s2s_prefix){{4, {10, (uint8_t)(100 + (i >> 8)), (uint8_t)i, 0}}, 24};
    connection.name = name;
    connection.customer_gateway = far_name;
    connection.route_mode = S2S_ROUTE_MODE_POLICY;
    connection.local_subnets = near ? &local : &remote;
    connection.remote_subnets = near ? &remote : &local;
    connection.local_subnet_count = connection.remote_subnet_count = 1;
    connection.tunnels = &tunnel;
    connection.tunnel_count = 1;
    check(s2s_connection_new(end->gateway, &connection, 0, &out), s2s_engine_detail(end->engine));
}

static void make_gateway(struct end *end, const struct s2s_addr *addresses, size_t count)
{
    struct s2s_gateway_params gateway;
    s2s_gateway_params_init(&gateway, sizeof gateway);
    gateway.name = "bench";
    gateway.profile = s2s_profile_generic();
    gateway.addresses = addresses;
    gateway.address_count = count;
    check(s2s_gateway_new(end->engine, &gateway, 0, &end->gateway), s2s_engine_detail(end->engine));
}

/* CPU seconds of the key exchanges alone that one handshake needs at both ends: two public values, two shared secrets. */
static double bare_exchange(void)
{
    const struct s2s_crypto_provider *provider = s2s_crypto_mbedtls();
    void *context = provider->open(NULL);
    uint8_t a[S2S_CRYPTO_MAX_PUBLIC], b[S2S_CRYPTO_MAX_PUBLIC], secret[S2S_CRYPTO_MAX_PUBLIC];
    size_t a_length, b_length, length;
    const unsigned times = 50;
    clock_t start = clock();
    for (unsigned i = 0; i < times; i++) {
        void *x, *y;
        check(provider->exchange_new(context, S2S_CURVE25519, &x), "exchange");
        check(provider->exchange_new(context, S2S_CURVE25519, &y), "exchange");
        check(provider->exchange_public(context, x, a, &a_length), "public");
        check(provider->exchange_public(context, y, b, &b_length), "public");
        check(provider->exchange_shared(context, x, b, b_length, secret, &length), "shared");
        check(provider->exchange_shared(context, y, a, a_length, secret, &length), "shared");
        provider->exchange_free(context, x);
        provider->exchange_free(context, y);
    }
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC / times;
    provider->close(context);
    return seconds;
}

int main(int argc, char **argv)
{
    unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 200;
    static struct s2s_addr addresses[MOST];
    struct end near = {0}, far = {0};
    s2s_sim *sim;
    s2s_sim_link *link;
    char text[S2S_ADDR_TEXT + 4];
    if (count == 0 || count > MOST)
        count = 200;
    check(s2s_sim_new(NULL, 1, &sim), "sim");
    make_end(sim, &near, "near");
    make_end(sim, &far, "far");
    check(s2s_sim_link_new(sim, "wire", near.node, far.node, NULL, &link), "link");
    check(s2s_sim_address(near.node, link, "198.51.100.1/32"), "address");
    check(s2s_sim_route(near.node, "203.0.0.0/16", link), "route");
    check(s2s_sim_route(far.node, "198.51.100.1/32", link), "route");
    for (unsigned i = 0; i < count; i++) {
        addresses[i] = far_address(i);
        s2s_addr_format(&addresses[i], text);
        strcat(text, "/32");
        check(s2s_sim_address(far.node, link, text), "address");
    }
    struct s2s_addr own = {4, {198, 51, 100, 1}};
    make_gateway(&near, &own, 1);
    make_gateway(&far, addresses, count);
    near.heap_before = heap(&near);
    far.heap_before = heap(&far);
    for (unsigned i = 0; i < count; i++) {
        connect_tunnel(&near, i, true);
        connect_tunnel(&far, i, false);
    }
    s2s_driver_kick(far.driver);
    s2s_driver_kick(near.driver);
    clock_t start = clock();
    for (unsigned step = 0; step < 600 && (near.up < count || far.up < count); step++)
        s2s_sim_run_for(sim, 100 * (s2s_time)S2S_MILLISECOND);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("handshakes: %zu of %u tunnels up, %.0f a CPU second (both ends, %.2f s)\n", near.up, count,
           (double)near.up / seconds, seconds);
    printf("of that the provider's key exchange alone: %.2f (X25519, both ends)\n", bare_exchange() * (double)near.up / seconds);
    printf("heap: %llu bytes a tunnel at the initiator, %llu at the responder (goal: under 8192)\n",
           (unsigned long long)((heap(&near) - near.heap_before) / count),
           (unsigned long long)((heap(&far) - far.heap_before) / count));
    bool all = near.up == count && far.up == count;
    s2s_driver_delete(near.driver);
    s2s_driver_delete(far.driver);
    s2s_engine_delete(near.engine);
    s2s_engine_delete(far.engine);
    s2s_sim_delete(sim);
    return all ? 0 : 1;
}
