/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/swarm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/gateway/objects.h"

static uint64_t step(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t value = *state;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

uint32_t swarm_draw(struct swarm *swarm, uint32_t limit)
{
    return (uint32_t)(step(&swarm->chance) % limit);
}

void swarm_wrong(struct swarm *swarm, const char *format, ...)
{
    va_list arguments;
    if (swarm->wrong[0])
        return;
    va_start(arguments, format);
    (void)vsnprintf(swarm->wrong, sizeof swarm->wrong, format, arguments);
    va_end(arguments);
}

/* ---- memory that counts and refuses ---- */

static bool refuses(struct swarm_node *node)
{
    return node->refuse_ppm != 0 && step(&node->chance) % 1000000 < node->refuse_ppm;
}

static void *node_alloc(void *user, size_t size)
{
    struct swarm_node *node = user;
    void *memory = refuses(node) ? NULL : malloc(size);
    if (memory != NULL) {
        node->bytes += size;
        node->most_bytes = node->bytes > node->most_bytes ? node->bytes : node->most_bytes;
    }
    return memory;
}

static void *node_resize(void *user, void *pointer, size_t old_size, size_t new_size)
{
    struct swarm_node *node = user;
    void *memory = refuses(node) ? NULL : realloc(pointer, new_size);
    if (memory != NULL) {
        node->bytes += new_size - old_size;
        node->most_bytes = node->bytes > node->most_bytes ? node->bytes : node->most_bytes;
    }
    return memory;
}

static void node_release(void *user, void *pointer, size_t size)
{
    struct swarm_node *node = user;
    node->bytes -= pointer != NULL ? size : 0;
    free(pointer);
}

/* ---- the world ---- */

/* Sequence numbers of each SPI only grow, as the sender puts them on its link: no IV comes twice under one key. */
static void watch_sequence(void *user, const struct s2s_sim_frame *frame)
{
    struct swarm_node *node = user;
    struct swarm *swarm = node->swarm;
    struct s2si_ip ip;
    if (frame->direction != S2S_SIM_FORTH || s2si_ip_read(frame->data, frame->length, &ip) != 0)
        return;
    const uint8_t *data = frame->data + ip.header_length;
    if (ip.protocol == S2SI_PROTO_UDP && ip.has_ports && ip.source_port == 4500 && ip.total_length >= ip.header_length + 24u)
        data += 8;
    else if (ip.protocol != S2SI_PROTO_ESP)
        return;
    uint32_t spi = s2si_get_u32(data), sequence = s2si_get_u32(data + 4);
    uint64_t key = (uint64_t)(node - swarm->nodes + 1) << 32 | spi;
    if (spi == 0 || swarm->spi_count > SWARM_SPIS / 2)
        return;
    size_t at = (size_t)(key * 0x9e3779b97f4a7c15u >> 40) % SWARM_SPIS;
    while (swarm->spis[at].key != 0 && swarm->spis[at].key != key)
        at = (at + 1) % SWARM_SPIS;
    if (swarm->spis[at].key == key && sequence <= swarm->spis[at].sequence)
        swarm_wrong(swarm, "node %u: ESP %08x sends number %u after %u", (unsigned)(node - swarm->nodes), spi, sequence,
                    swarm->spis[at].sequence);
    swarm->spi_count += swarm->spis[at].key == 0 ? 1u : 0u;
    swarm->spis[at].key = key;
    swarm->spis[at].sequence = sequence;
}

static void address(s2s_sim_node *node, s2s_sim_link *link, const char *format, unsigned number)
{
    char text[32];
    (void)snprintf(text, sizeof text, format, number);
    assert_int_equal(s2s_sim_address(node, link, text), 0);
}

static void build_nat(struct swarm *swarm, struct swarm_node *node, unsigned i)
{
    char text[32];
    assert_int_equal(s2s_sim_router_new(swarm->sim, "nat", &node->nat), 0);
    (void)snprintf(text, sizeof text, "o%u", i);
    assert_int_equal(s2s_sim_link_new(swarm->sim, text, node->gateway, node->nat, NULL, &node->outer), 0);
    (void)snprintf(text, sizeof text, "p%u", i);
    assert_int_equal(s2s_sim_link_new(swarm->sim, text, node->nat, swarm->core, NULL, &node->public), 0);
    address(node->gateway, node->outer, "192.168.%u.1/24", i);
    address(node->nat, node->outer, "192.168.%u.254/24", i);
    address(node->nat, node->public, "100.64.%u.1/24", i);
    assert_int_equal(s2s_sim_route(node->nat, "0.0.0.0/0", node->public), 0);
    (void)snprintf(text, sizeof text, "100.64.%u.1", i);
    assert_int_equal(s2s_sim_nat(node->nat, node->public, text, 0), 0);
}

static void build_node(struct swarm *swarm, unsigned i, bool nat)
{
    struct swarm_node *node = &swarm->nodes[i];
    struct s2s_sim_gateway_params params;
    char text[16];
    node->swarm = swarm;
    node->chance = swarm->seed ^ i;
    node->mode = swarm_draw(swarm, 4) == 0 ? S2S_SIM_ESP : S2S_SIM_RAW;
    s2s_sim_gateway_params_init(&params, sizeof params);
    params.mode = node->mode;
    (void)snprintf(text, sizeof text, "g%u", i);
    assert_int_equal(s2s_sim_gateway_new(swarm->sim, text, &params, &node->gateway), 0);
    (void)snprintf(text, sizeof text, "o%u", i);
    if (nat) {
        build_nat(swarm, node, i);
    } else {
        assert_int_equal(s2s_sim_link_new(swarm->sim, text, node->gateway, swarm->core, NULL, &node->outer), 0);
        node->public = node->outer;
        address(node->gateway, node->outer, "100.64.%u.1/24", i);
    }
    address(swarm->core, node->public, "100.64.%u.254/24", i);
    assert_int_equal(s2s_sim_route_metric(node->gateway, "0.0.0.0/0", node->outer, 10000), 0);
    assert_int_equal(s2s_sim_watch(node->outer, "10.0.0.0/8"), 0);
    assert_int_equal(s2s_sim_tap(node->outer, watch_sequence, node), 0);
    ladder_watch(&swarm->ladder, node->outer);
    assert_int_equal(s2s_sim_host_new(swarm->sim, "host", &node->host), 0);
    assert_int_equal(s2s_sim_link_new(swarm->sim, "inner", node->host, node->gateway, NULL, &node->inner), 0);
    address(node->host, node->inner, "10.%u.0.2/24", i);
    address(node->gateway, node->inner, "10.%u.0.1/24", i);
    assert_int_equal(s2s_sim_route(node->host, "0.0.0.0/0", node->inner), 0);
}

/* ---- who talks with whom ---- */

static void draw_settings(struct swarm *swarm, struct swarm_settings *settings)
{
    static const int windows[] = {32, 64, 128, 1024};
    settings->dpd_action = (int)swarm_draw(swarm, 2) * S2S_DPD_RESTART;
    settings->ike_lifetime = 600 + (int)swarm_draw(swarm, 3600);
    settings->ipsec_lifetime = 300 + (int)swarm_draw(swarm, 900);
    settings->esn = (int)swarm_draw(swarm, 2);
    settings->replay_window = windows[swarm_draw(swarm, 4)];
    settings->startup = (int)swarm_draw(swarm, 3);
}

/* At least one end starts by itself or on traffic; behind a NAT nobody can be called. */
static void add_edge(struct swarm *swarm, unsigned a, unsigned b, const bool *nat)
{
    struct swarm_edge *edge = &swarm->edges[swarm->edge_count++];
    edge->node[0] = a;
    edge->node[1] = b;
    for (unsigned i = 0; i < 2; i++) {
        draw_settings(swarm, &edge->settings[i]);
        swarm->nodes[edge->node[i]].edges++;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (nat[edge->node[!i]])
            edge->settings[i].startup = S2S_STARTUP_ADD;
    }
    unsigned caller = nat[b] ? 1 : 0;
    if (edge->settings[0].startup == S2S_STARTUP_ADD && edge->settings[1].startup == S2S_STARTUP_ADD)
        edge->settings[caller].startup = S2S_STARTUP_TRAP + (int)swarm_draw(swarm, 2);
}

/* A ring, a hub with spokes, or pairs. */
static void draw_edges(struct swarm *swarm, unsigned shape, bool *nat)
{
    unsigned count = swarm->node_count;
    for (unsigned i = 0; i < count; i++)
        nat[i] = swarm_draw(swarm, 3) == 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned to = shape == 0 ? (i + 1) % count : shape == 1 ? 0 : i + 1;
        if (to == i || to >= count || (shape == 2 && i % 2 != 0) || (shape == 0 && count == 2 && i == 1))
            continue;
        nat[to] = nat[to] && !nat[i];
        if (shape == 1)
            nat[0] = false;
    }
    for (unsigned i = 0; i < count; i++) { /* the last change may have made two NATs neighbours in a ring */
        unsigned to = shape == 0 ? (i + 1) % count : shape == 1 ? 0 : i + 1;
        if (to == i || to >= count || (shape == 2 && i % 2 != 0) || (shape == 0 && count == 2 && i == 1))
            continue;
        nat[i] = nat[i] && !nat[to];
        add_edge(swarm, i, to, nat);
    }
}

static unsigned draw_size(struct swarm *swarm)
{
    switch (swarm_draw(swarm, 8)) {
    case 0:
        return 20 + swarm_draw(swarm, 31);
    case 1:
    case 2:
        return 6 + swarm_draw(swarm, 10);
    default:
        return 2 + swarm_draw(swarm, 4);
    }
}

void swarm_build(struct swarm *swarm, uint64_t seed)
{
    bool nat[SWARM_NODES];
    memset(swarm, 0, sizeof *swarm);
    swarm->seed = swarm->chance = seed;
    swarm->ladder.quiet_esp = true;
    assert_int_equal(s2s_sim_new(NULL, seed, &swarm->sim), 0);
    assert_int_equal(s2s_sim_router_new(swarm->sim, "core", &swarm->core), 0);
    swarm->node_count = draw_size(swarm);
    draw_edges(swarm, swarm_draw(swarm, 3), nat);
    for (unsigned i = 0; i < swarm->node_count; i++)
        build_node(swarm, i, nat[i]);
    for (unsigned i = 0; i < swarm->node_count; i++)
        swarm_start(swarm, &swarm->nodes[i]);
}

void swarm_free(struct swarm *swarm)
{
    for (unsigned i = 0; i < swarm->node_count; i++) {
        s2s_driver_delete(swarm->nodes[i].driver);
        s2s_engine_delete(swarm->nodes[i].engine);
    }
    s2s_sim_delete(swarm->sim);
}

/* ---- processes ---- */

static void number_to_address(const char *format, unsigned number, struct s2s_addr *out)
{
    char text[32];
    (void)snprintf(text, sizeof text, format, number);
    assert_int_equal(s2s_addr_parse(text, out), 0);
}

static void number_to_prefix(unsigned number, struct s2s_prefix *out)
{
    char text[32];
    (void)snprintf(text, sizeof text, "10.%u.0.0/24", number);
    assert_int_equal(s2s_prefix_parse(text, out), 0);
}

static void edge_name(const struct swarm_edge *edge, char *out, size_t size)
{
    (void)snprintf(out, size, "e%u-%u", edge->node[0], edge->node[1]);
}

static void make_connection(struct swarm_node *node, unsigned own, const struct swarm_edge *edge, unsigned end)
{
    const struct swarm_settings *settings = &edge->settings[end];
    struct s2s_customer_gateway_params far;
    struct s2s_connection_params connection;
    struct s2s_tunnel_params tunnel;
    struct s2s_prefix local, remote;
    s2s_customer_gateway *customer;
    s2s_connection *out;
    char name[24], psk[32];
    s2s_time now = s2s_sim_now(node->swarm->sim);
    edge_name(edge, name, sizeof name);
    (void)snprintf(psk, sizeof psk, "psk-of-%s", name);
    s2s_customer_gateway_params_init(&far, sizeof far);
    far.name = name;
    far.profile = s2s_profile_generic();
    number_to_address("100.64.%u.1", edge->node[!end], &far.ip_address);
    assert_int_equal(s2s_customer_gateway_new(node->object, &far, &customer), 0);
    s2s_tunnel_params_init(&tunnel, sizeof tunnel);
    tunnel.psk = (const uint8_t *)psk;
    tunnel.psk_length = strlen(psk);
    tunnel.startup_action = settings->startup;
    tunnel.dpd_action = settings->dpd_action;
    tunnel.ike_lifetime = settings->ike_lifetime;
    tunnel.ipsec_lifetime = settings->ipsec_lifetime;
    tunnel.esn = settings->esn;
    tunnel.replay_window = settings->replay_window;
    if (node->nat != NULL)
        number_to_address("192.168.%u.1", own, &tunnel.local_address);
    number_to_prefix(own, &local);
    number_to_prefix(edge->node[!end], &remote);
    s2s_connection_params_init(&connection, sizeof connection);
    connection.name = name;
    connection.customer_gateway = name;
    connection.route_mode = S2S_ROUTE_MODE_POLICY;
    connection.local_subnets = &local;
    connection.remote_subnets = &remote;
    connection.local_subnet_count = connection.remote_subnet_count = 1;
    connection.tunnels = &tunnel;
    connection.tunnel_count = 1;
    assert_int_equal(s2s_connection_new(node->object, &connection, now, &out), 0);
}

static void make_engine(struct swarm *swarm, struct swarm_node *node)
{
    struct s2s_engine_params params;
    struct s2s_driver_params driver;
    struct s2s_allocator allocator = {sizeof allocator, node, node_alloc, node_resize, node_release};
    s2s_engine_params_init(&params, sizeof params);
    params.allocator = &allocator;
    params.provider = s2s_crypto_test();
    assert_int_equal(s2s_engine_new(&params, &node->engine), 0);
    (void)s2s_crypto_test_reseed(node->engine->crypto.context, swarm->seed << 20 | ++swarm->starts);
    s2s_driver_params_init(&driver, sizeof driver);
    driver.engine = node->engine;
    driver.loop = s2s_sim_loop(swarm->sim);
    driver.kernel = s2s_sim_kernel(node->gateway);
    assert_int_equal(s2s_driver_new(&driver, &node->driver), 0);
}

void swarm_start(struct swarm *swarm, struct swarm_node *node)
{
    unsigned own = (unsigned)(node - swarm->nodes);
    uint32_t refuse = node->refuse_ppm;
    struct s2s_gateway_params gateway;
    struct s2s_prefix vpc;
    struct s2s_addr public;
    char name[16];
    node->refuse_ppm = 0; /* configuring is not what is tried here */
    node->up_at = 0;
    make_engine(swarm, node);
    s2s_gateway_params_init(&gateway, sizeof gateway);
    (void)snprintf(name, sizeof name, "g%u", own);
    number_to_address("100.64.%u.1", own, &public);
    number_to_prefix(own, &vpc);
    gateway.name = name;
    gateway.profile = s2s_profile_generic();
    gateway.addresses = &public;
    gateway.address_count = 1;
    gateway.vpc_cidrs = &vpc;
    gateway.vpc_cidr_count = 1;
    assert_int_equal(s2s_gateway_new(node->engine, &gateway, s2s_sim_now(swarm->sim), &node->object), 0);
    for (unsigned i = 0; i < swarm->edge_count; i++)
        for (unsigned end = 0; end < 2; end++)
            if (swarm->edges[i].node[end] == own)
                make_connection(node, own, &swarm->edges[i], end);
    node->refuse_ppm = refuse;
    s2s_driver_kick(node->driver);
}

void swarm_stop(struct swarm *swarm, struct swarm_node *node)
{
    s2s_sim_node_crash(node->gateway);
    s2s_driver_delete(node->driver);
    s2s_engine_delete(node->engine);
    node->driver = NULL;
    node->engine = NULL;
    node->object = NULL;
    if (node->bytes != 0)
        swarm_wrong(swarm, "node %u: %zu bytes not given back", (unsigned)(node - swarm->nodes), node->bytes);
}

s2s_connection *swarm_connection(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end)
{
    const struct swarm_node *node = &swarm->nodes[edge->node[end]];
    char name[24];
    edge_name(edge, name, sizeof name);
    return node->engine != NULL ? s2s_connection_find(node->object, name) : NULL;
}
