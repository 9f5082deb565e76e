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
    address(node->nat, node->public, "20.%u.0.1/32", i);
    assert_int_equal(s2s_sim_route(node->nat, "0.0.0.0/0", node->public), 0);
    (void)snprintf(text, sizeof text, "20.%u.0.1", i);
    assert_int_equal(s2s_sim_nat(node->nat, node->public, text, 0), 0);
}

/* Where the kernel does ESP its policies decide, and those of two connections by routes would be the same. */
static bool esp_can(const struct swarm *swarm, unsigned node)
{
    bool by_routes = false;
    for (unsigned i = 0; i < swarm->edge_count; i++) {
        const struct swarm_edge *edge = &swarm->edges[i];
        by_routes = by_routes || ((edge->node[0] == node || edge->node[1] == node) && edge->routing != ROUTING_POLICY);
    }
    return swarm->nodes[node].edges == 1 || !by_routes;
}

static void build_node(struct swarm *swarm, unsigned i, bool nat)
{
    struct swarm_node *node = &swarm->nodes[i];
    struct s2s_sim_gateway_params params;
    char text[32];
    node->chance = swarm->seed ^ i;
    node->mode = swarm_draw(swarm, 4) == 0 && esp_can(swarm, i) ? S2S_SIM_ESP : S2S_SIM_RAW;
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
        for (unsigned k = 1; k <= swarm_addresses(node); k++) {
            (void)snprintf(text, sizeof text, "20.%u.0.%u/32", i, k);
            assert_int_equal(s2s_sim_address(node->gateway, node->outer, text), 0);
        }
    }
    (void)snprintf(text, sizeof text, "20.%u.0.0/24", i);
    assert_int_equal(s2s_sim_route(swarm->core, text, node->public), 0);
    assert_int_equal(s2s_sim_route_metric(node->gateway, "0.0.0.0/0", node->outer, 10000), 0);
    assert_int_equal(s2s_sim_watch(node->outer, "169.254.0.0/16"), 0);
    swarm_watch_link(node);
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
    static const unsigned windows[] = {32, 64, 128, 1024};
    settings->restart = swarm_draw(swarm, 2) != 0;
    settings->ipsec_lifetime = 900 + swarm_draw(swarm, 900);
    settings->ike_lifetime = settings->ipsec_lifetime + 1 + swarm_draw(swarm, 3600);
    settings->esn = swarm_draw(swarm, 2) != 0;
    settings->replay_window = windows[swarm_draw(swarm, 4)];
    settings->startup = swarm_draw(swarm, 3);
    settings->probe = swarm_draw(swarm, 2) != 0;
}

static bool has_cloud(const struct swarm *swarm, unsigned a, unsigned b)
{
    return swarm->nodes[a].kind != KIND_GENERIC || swarm->nodes[b].kind != KIND_GENERIC;
}

static bool has_aws(const struct swarm *swarm, unsigned a, unsigned b)
{
    return swarm->nodes[a].kind == KIND_AWS || swarm->nodes[b].kind == KIND_AWS;
}

/* At least one end starts by itself or on traffic; behind a NAT nobody can be called. */
static void draw_startup(struct swarm *swarm, struct swarm_edge *edge, const bool *nat)
{
    for (unsigned i = 0; i < 2; i++) {
        if (swarm->nodes[edge->node[i]].kind == KIND_AWS && edge->settings[i].startup == 1)
            edge->settings[i].startup = 2;
        if (nat[edge->node[!i]])
            edge->settings[i].startup = 0;
    }
    unsigned caller = nat[edge->node[1]] || swarm->nodes[edge->node[0]].kind == KIND_AWS ? 1 : 0;
    if (edge->settings[0].startup == 0 && edge->settings[1].startup == 0)
        edge->settings[caller].startup = 1 + swarm_draw(swarm, 2);
    for (unsigned i = 0; i < 2 && edge->routing == ROUTING_BGP; i++) { /* before it is up no route leads to it */
        if (edge->settings[i].startup == 1)
            edge->settings[i].startup = 2;
    }
}

static void add_edge(struct swarm *swarm, unsigned a, unsigned b, const bool *nat)
{
    struct swarm_edge *edge = &swarm->edges[swarm->edge_count++];
    bool cloud = has_cloud(swarm, a, b);
    edge->node[0] = a;
    edge->node[1] = b;
    edge->tunnels = cloud ? 2 : 1 + swarm_draw(swarm, 2);
    edge->routing = has_aws(swarm, a, b) ? ROUTING_STATIC + swarm_draw(swarm, 2) : swarm_draw(swarm, 3);
    for (unsigned i = 0; i < 2; i++) {
        struct swarm_node *node = &swarm->nodes[edge->node[i]];
        draw_settings(swarm, &edge->settings[i]);
        edge->slot[i] = node->slots;
        node->slots += swarm->nodes[edge->node[!i]].kind == KIND_ALIBABA ? 2 : 1;
        node->edges++;
        node->tunnels += edge->tunnels;
    }
    draw_startup(swarm, edge, nat);
}

struct plan {
    unsigned shape; /* a ring, a hub with spokes, or pairs */
    bool nat[SWARM_NODES];
};

/* The neighbour that node i makes an edge to; i if it makes none. */
static unsigned neighbour(const struct swarm *swarm, const struct plan *plan, unsigned i)
{
    unsigned count = swarm->node_count;
    if (plan->shape == 0)
        return count == 2 && i == 1 ? i : (i + 1) % count;
    if (plan->shape == 1)
        return 0;
    return i % 2 != 0 || i + 1 >= count ? i : i + 1;
}

/* Clouds have public addresses and do not talk with their own kind; a large hub is nobody's cloud. */
static void draw_kinds(struct swarm *swarm, struct plan *plan)
{
    for (unsigned i = 0; i < swarm->node_count; i++) {
        uint32_t dice = swarm_draw(swarm, 4);
        swarm->nodes[i].kind = dice < 2 ? KIND_GENERIC : dice == 2 ? KIND_ALIBABA : KIND_AWS;
        plan->nat[i] = swarm_draw(swarm, 3) == 0 && dice < 2;
    }
    if (plan->shape == 1 && swarm->node_count > 8)
        swarm->nodes[0].kind = KIND_GENERIC;
    for (unsigned i = 0; i < swarm->node_count; i++) {
        unsigned to = neighbour(swarm, plan, i);
        if (to != i && swarm->nodes[i].kind == swarm->nodes[to].kind)
            swarm->nodes[i].kind = KIND_GENERIC;
    }
}

static void draw_edges(struct swarm *swarm, struct plan *plan)
{
    plan->shape = swarm_draw(swarm, 3);
    draw_kinds(swarm, plan);
    if (plan->shape == 1)
        plan->nat[0] = false;
    for (unsigned i = 0; i < swarm->node_count; i++) { /* no two NATs are neighbours */
        unsigned to = neighbour(swarm, plan, i);
        plan->nat[to] = plan->nat[to] && (to == i || !plan->nat[i]);
    }
    for (unsigned i = 0; i < swarm->node_count; i++) {
        unsigned to = neighbour(swarm, plan, i);
        plan->nat[i] = plan->nat[i] && (to == i || !plan->nat[to]);
        swarm->nodes[i].swarm = swarm;
    }
    for (unsigned i = 0; i < swarm->node_count; i++) {
        unsigned to = neighbour(swarm, plan, i);
        if (to != i)
            add_edge(swarm, i, to, plan->nat);
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
    struct plan plan = {0};
    memset(swarm, 0, sizeof *swarm);
    swarm->seed = swarm->chance = seed;
    swarm->ladder.quiet_esp = true;
    assert_int_equal(s2s_sim_new(NULL, seed, &swarm->sim), 0);
    assert_int_equal(s2s_sim_router_new(swarm->sim, "core", &swarm->core), 0);
    swarm->node_count = draw_size(swarm);
    draw_edges(swarm, &plan);
    for (unsigned i = 0; i < swarm->node_count; i++)
        build_node(swarm, i, plan.nat[i]);
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

/* Events are always taken, so that telling them changes nothing. */
static void heard(void *user, const struct s2s_event *event)
{
    const struct swarm_node *node = user;
    if (node->swarm->tell_events)
        fprintf(stderr, "%10.3f  node %u: %s\n", (double)event->at / 1e9, (unsigned)(node - node->swarm->nodes),
                event->text);
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
    (void)s2s_crypto_test_reseed(node->engine->crypto.context, swarm->seed << 20 | (node->process = ++swarm->starts));
    s2s_driver_params_init(&driver, sizeof driver);
    driver.engine = node->engine;
    driver.loop = s2s_sim_loop(swarm->sim);
    driver.kernel = s2s_sim_kernel(node->gateway);
    driver.event = heard;
    swarm->tell_events = getenv("S2S_TRACE") != NULL;
    driver.event_user = node;
    assert_int_equal(s2s_driver_new(&driver, &node->driver), 0);
}

static void configure(struct swarm *swarm, struct swarm_node *node)
{
    static char text[SWARM_TEXT];
    s2s_config *config = NULL;
    struct s2s_config_error wrong = {.struct_size = sizeof wrong};
    swarm_text(swarm, (unsigned)(node - swarm->nodes), text, sizeof text);
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    (void)s2s_config_parse(text, strlen(text), NULL, &config);
    assert_non_null(config);
    int error = s2s_config_apply(node->engine, config, s2s_sim_now(swarm->sim));
    for (size_t i = 0; error != 0 && s2s_config_error(config, i, &wrong) == 0; i++)
        print_error("seed %u, node %u: %s = %s: %s\n", (unsigned)swarm->seed, (unsigned)(node - swarm->nodes), wrong.path,
                    wrong.value, wrong.rule);
    assert_int_equal(error, 0);
    s2s_config_delete(config);
}

void swarm_start(struct swarm *swarm, struct swarm_node *node)
{
    uint32_t refuse = node->refuse_ppm;
    node->refuse_ppm = 0; /* configuring is not what is tried here */
    node->up_at = 0;
    make_engine(swarm, node);
    configure(swarm, node);
    node->object = s2s_gateway_next(node->engine, NULL);
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
