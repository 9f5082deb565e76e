/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A deployment moves by its files: an AWS gateway hands out its device files, they are imported as they are at the
 * other side, and the two gateways come up and carry pings.
 *
 *     192.168.10.113 ── aws 3.0.0.52, .53, .56, .57 ── net ── 8.0.0.146, 8.0.0.74  the importer ── 10.0.0.223
 */
#include <s2svpn/device_files.h>
#include <s2svpn/driver.h>
#include <s2svpn/sim.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static const char *const aws_outside[] = {"3.0.0.52", "3.0.0.53", "3.0.0.56", "3.0.0.57", NULL};
static const char *const our_outside[] = {"8.0.0.146", "8.0.0.74", NULL};

/* %s: "true" or "false" for BGP; the static routes or nothing. */
static const char aws[] =
    "{\"gateway\": {\"name\": \"vgw\", \"profile\": \"aws\", \"addresses\": [\"3.0.0.52\", \"3.0.0.53\", \"3.0.0.56\", "
    "\"3.0.0.57\"],"
    " \"asn\": 64512, \"vpc\": {\"cidr\": [\"192.168.0.0/16\"], \"route_tables\": [{\"name\": \"rtb\", \"propagate\": "
    "true}]}},"
    "\"customer_gateways\": [{\"name\": \"cgw1\", \"profile\": \"%s\", \"ip_address\": \"8.0.0.146\", \"asn\": 65530},"
    " {\"name\": \"cgw2\", \"profile\": \"%s\", \"ip_address\": \"8.0.0.74\", \"asn\": 65530}],"
    "\"connections\": [{\"name\": \"vpn1\", \"customer_gateway\": \"cgw1\", \"enable_bgp\": %s, \"tunnels\": ["
    " {\"bgp\": {\"tunnel_cidr\": \"169.254.116.208/30\"}}, {\"bgp\": {\"tunnel_cidr\": \"169.254.117.208/30\"}}]},"
    " {\"name\": \"vpn2\", \"customer_gateway\": \"cgw2\", \"enable_bgp\": %s, \"tunnels\": ["
    " {\"bgp\": {\"tunnel_cidr\": \"169.254.214.96/30\"}}, {\"bgp\": {\"tunnel_cidr\": \"169.254.215.96/30\"}}]}],"
    "\"routes\": [%s]}";
#define STATIC_ROUTES                                                                                                  \
    "{\"type\": \"static\", \"destination\": \"10.0.0.0/16\", \"connection\": \"vpn1\"},"                              \
    "{\"type\": \"static\", \"destination\": \"10.0.0.0/16\", \"connection\": \"vpn2\"}"

/* Alibaba in AWS's place, toward one data centre. */
static const char alibaba[] =
    "{\"gateway\": {\"name\": \"vpn\", \"profile\": \"alibaba\", \"addresses\": [\"3.0.0.52\", \"3.0.0.53\"],"
    " \"vpc\": {\"cidr\": [\"192.168.0.0/16\"]}, \"auto_propagate\": true},"
    "\"customer_gateways\": [{\"name\": \"dc\", \"ip_address\": \"8.0.0.146\", \"asn\": 65000}],"
    "\"connections\": [{\"name\": \"vpn1\", \"customer_gateway\": \"dc\", \"enable_bgp\": %s, \"local_asn\": 65530,"
    " \"tunnels\": ["
    " {\"bgp\": {\"tunnel_cidr\": \"169.254.116.208/30\", \"local_ip\": \"169.254.116.210\"}},"
    " {\"bgp\": {\"tunnel_cidr\": \"169.254.214.96/30\", \"local_ip\": \"169.254.214.98\"}}]}],"
    "\"routes\": [%s]}";
#define PUBLISHED                                                                                                      \
    "{\"type\": \"destination\", \"destination\": \"10.0.0.0/16\", \"connection\": \"vpn1\", \"publish\": true}"

struct end {
    s2s_engine *engine;
    s2s_driver *driver;
    s2s_sim_node *node, *host;
    s2s_sim_link *outer, *inner;
};

struct world {
    s2s_sim *sim;
    s2s_sim_node *net;
    struct end aws, ours;
};

static void place(struct world *world, struct end *end, const char *name, const char *const *outside,
                  const char *gateway, const char *host)
{
    char text[64];

    assert_int_equal(s2s_sim_gateway_new(world->sim, name, NULL, &end->node), 0);
    assert_int_equal(s2s_sim_link_new(world->sim, name, end->node, world->net, NULL, &end->outer), 0);
    for (; *outside; outside++) {
        snprintf(text, sizeof text, "%s/32", *outside);
        assert_int_equal(s2s_sim_address(end->node, end->outer, text), 0);
        assert_int_equal(s2s_sim_route(world->net, text, end->outer), 0);
    }
    assert_int_equal(s2s_sim_route(end->node, "0.0.0.0/0", end->outer), 0); /* a leak would show */
    assert_int_equal(s2s_sim_watch(end->outer, "10.0.0.0/16"), 0);
    snprintf(text, sizeof text, "behind %s", name);
    assert_int_equal(s2s_sim_host_new(world->sim, text, &end->host), 0);
    assert_int_equal(s2s_sim_link_new(world->sim, text, end->host, end->node, NULL, &end->inner), 0);
    assert_int_equal(s2s_sim_address(end->node, end->inner, gateway), 0);
    assert_int_equal(s2s_sim_address(end->host, end->inner, host), 0);
    assert_int_equal(s2s_sim_route(end->host, "0.0.0.0/0", end->inner), 0);
}

static void start(struct world *world, struct end *end, const char *text)
{
    struct s2s_engine_params params;
    struct s2s_driver_params driver;
    struct s2s_config_error wrong = {.struct_size = sizeof wrong};
    s2s_config *config = NULL;
    int error;

    s2s_engine_params_init(&params, sizeof params);
    params.provider = s2s_crypto_test();
    assert_int_equal(s2s_engine_new(&params, &end->engine), 0);
    s2s_driver_params_init(&driver, sizeof driver);
    driver.engine = end->engine;
    driver.loop = s2s_sim_loop(world->sim);
    driver.kernel = s2s_sim_kernel(end->node);
    assert_int_equal(s2s_driver_new(&driver, &end->driver), 0);
    (void)s2s_config_parse(text, strlen(text), NULL, &config);
    error = s2s_config_apply(end->engine, config, s2s_sim_now(world->sim));
    for (size_t i = 0; error && s2s_config_error(config, i, &wrong) == 0; i++) {
        print_error("%s = %s: %s\n", wrong.path, wrong.value, wrong.rule);
    }
    assert_int_equal(error, 0);
    s2s_config_delete(config);
    s2s_driver_kick(end->driver);
}

static void world_with(struct world *world, const char *cloud)
{
    memset(world, 0, sizeof *world);
    assert_int_equal(s2s_sim_new(NULL, 5, &world->sim), 0);
    assert_int_equal(s2s_sim_router_new(world->sim, "net", &world->net), 0);
    place(world, &world->aws, "aws", aws_outside, "192.168.0.1/16", "192.168.10.113/16");
    place(world, &world->ours, "ours", our_outside, "10.0.0.1/16", "10.0.0.223/16");
    start(world, &world->aws, cloud);
}

static void world_new(struct world *world, const char *far, bool bgp)
{
    char text[4096];

    snprintf(text, sizeof text, aws, far, far, bgp ? "true" : "false", bgp ? "true" : "false",
             bgp ? "" : STATIC_ROUTES);
    world_with(world, text);
}

static void world_free(struct world *world)
{
    s2s_driver_delete(world->aws.driver);
    s2s_driver_delete(world->ours.driver);
    s2s_engine_delete(world->aws.engine);
    s2s_engine_delete(world->ours.engine);
    s2s_sim_delete(world->sim);
}

/* Exports the first count connections of AWS, imports them, starts what comes out. @return false where XML is not
 * built. */
static bool move(struct world *world, int kind, size_t count, const struct s2s_profile *profile)
{
    static const char *const names[] = {"vpn1", "vpn2"};
    struct s2s_import_file files[2] = {{0}};
    struct s2s_import_options options;
    struct s2s_config_error wrong = {.struct_size = sizeof wrong};
    char *texts[2] = {NULL, NULL};
    s2s_import *import = NULL;
    int error;

    for (size_t i = 0; i < count; i++) {
        const s2s_connection *connection = s2s_connection_find(s2s_gateway_next(world->aws.engine, NULL), names[i]);
        assert_int_equal(s2s_device_file_export(connection, kind, S2S_DEVICE_SAMPLE_RECOMMENDED, &texts[i]), 0);
        files[i] = (struct s2s_import_file){texts[i], strlen(texts[i])};
    }
    s2s_import_options_init(&options, sizeof options);
    options.profile = profile;
    options.local_networks = "10.0.0.0/16"; /* what no file of AWS names */
    options.remote_networks = "192.168.0.0/16";
    error = s2s_device_file_import(files, count, &options, &import);
    for (size_t i = 0; error && s2s_import_issue(import, i, &wrong) == 0; i++) {
        print_error("%s = %s: %s\n", wrong.path, wrong.value, wrong.rule);
    }
    s2s_device_file_free(texts[0]);
    s2s_device_file_free(texts[1]);
    if (error == S2S_ERR_UNSUPPORTED && kind == S2S_DEVICE_FILE_AWS_XML) {
        print_message("SKIPPED: this build has no expat\n");
        return false;
    }
    assert_int_equal(error, 0);
    start(world, &world->ours, s2s_import_text(import));
    s2s_import_delete(import);
    return true;
}

static size_t tunnels_up(const struct end *end)
{
    const s2s_gateway *gateway = s2s_gateway_next(end->engine, NULL);
    const s2s_connection *connection = NULL;
    size_t up = 0;

    while ((connection = s2s_connection_next(gateway, connection)) != NULL) {
        for (size_t i = 1; i <= s2s_connection_tunnels(connection); i++) {
            struct s2s_tunnel_state state = {.struct_size = sizeof state};
            assert_int_equal(s2s_tunnel_get(s2s_connection_tunnel(connection, i), &state), 0);
            up += state.status == S2S_TUNNEL_UP;
        }
    }
    return up;
}

static void comes_up(struct world *world, unsigned seconds)
{
    struct s2s_sim_ping_params params;
    struct s2s_sim_ping_stats stats = {.struct_size = sizeof stats};
    s2s_sim_ping *ping;

    s2s_sim_run_for(world->sim, (s2s_time)seconds * S2S_SECOND);
    assert_int_equal(tunnels_up(&world->ours), 2);
    assert_int_equal(tunnels_up(&world->aws), 2);
    s2s_sim_ping_params_init(&params, sizeof params);
    params.destination = "192.168.10.113";
    params.interval = 10 * S2S_MILLISECOND;
    params.count = 20;
    params.start = s2s_sim_now(world->sim);
    assert_int_equal(s2s_sim_ping_start(world->ours.host, &params, &ping), 0);
    s2s_sim_run_for(world->sim, 2 * (s2s_time)S2S_SECOND);
    s2s_sim_ping_stats(ping, &stats);
    assert_int_equal(stats.answered, 20);
    assert_int_equal(s2s_sim_watched(world->ours.outer), 0);
}

static void a_router_by_the_generic_file(void **state)
{
    struct world world;

    (void)state;
    world_new(&world, "generic", false);
    (void)move(&world, S2S_DEVICE_FILE_GENERIC, 1, s2s_profile_generic());
    comes_up(&world, 5);
    world_free(&world);
}

static void a_router_by_the_xml(void **state)
{
    struct world world;

    (void)state;
    world_new(&world, "generic", false);
    if (!move(&world, S2S_DEVICE_FILE_AWS_XML, 1, s2s_profile_generic())) {
        world_free(&world);
        skip();
    }
    comes_up(&world, 5);
    world_free(&world);
}

/* The source scenario: tunnel 1 of each AWS connection. */
static void alibaba_by_two_generic_files(void **state)
{
    struct world world;

    (void)state;
    world_new(&world, "alibaba", false);
    (void)move(&world, S2S_DEVICE_FILE_GENERIC, 2, s2s_profile_alibaba());
    comes_up(&world, 5);
    world_free(&world);
}

static void a_router_with_bgp(void **state)
{
    struct world world;

    (void)state;
    world_new(&world, "generic", true);
    (void)move(&world, S2S_DEVICE_FILE_GENERIC, 1, s2s_profile_generic());
    comes_up(&world, 30);
    world_free(&world);
}

static void alibaba_with_bgp(void **state)
{
    struct world world;

    (void)state;
    world_new(&world, "alibaba", true);
    (void)move(&world, S2S_DEVICE_FILE_GENERIC, 2, s2s_profile_alibaba());
    comes_up(&world, 30);
    world_free(&world);
}

/* Alibaba's download holds what a data centre has to configure. */
static void router_by_the_download(bool bgp)
{
    struct world world;
    char text[4096];

    snprintf(text, sizeof text, alibaba, bgp ? "true" : "false", bgp ? "" : PUBLISHED);
    world_with(&world, text);
    (void)move(&world, S2S_DEVICE_FILE_ALIBABA, 1, s2s_profile_generic());
    comes_up(&world, 30);
    world_free(&world);
}

static void a_router_by_alibabas_download(void **state)
{
    (void)state;
    router_by_the_download(false);
}

static void a_router_by_alibabas_download_with_bgp(void **state)
{
    (void)state;
    router_by_the_download(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_router_by_the_generic_file),
        cmocka_unit_test(a_router_by_the_xml),
        cmocka_unit_test(alibaba_by_two_generic_files),
        cmocka_unit_test(a_router_with_bgp),
        cmocka_unit_test(alibaba_with_bgp),
        cmocka_unit_test(a_router_by_alibabas_download),
        cmocka_unit_test(a_router_by_alibabas_download_with_bgp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
