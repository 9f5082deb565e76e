/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_sim: the scenario in one process. Two engines, each with a driver on the virtual clock and the kernel of a
 * gateway node; hosts, a router between them, and pings, all in memory. The captures are pcap files as from a real
 * wire.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <s2svpn/config.h>
#include <s2svpn/s2svpn.h>
#include <s2svpn/sim.h>

#include "artifacts.h"
#include "net.h"
#include "pcap.h"

enum { SEED = 20240928, OUTER_DELAY_US = 2000, INNER_DELAY_US = 100, LINES_ROOM = 128 };
#define SECONDS(time) ((double)(time) / 1e9)

struct sim;

struct sim_end {
    struct sim *sim;
    enum side side;
    s2s_sim_node *node, *host;
    s2s_sim_link *outer, *inner;
    s2s_sim_capture *outer_capture, *inner_capture;
    s2s_engine *engine;
    s2s_driver *driver;
    s2s_config *config;
    FILE *log, *keys;
};

struct sim {
    struct net *net;
    s2s_sim *world;
    s2s_sim_node *router;
    struct sim_end ends[SIDES];
    uint32_t rules[2];
    unsigned cut;
    s2s_sim_ping *ping;
    char phase[40];
};

/* ---- nodes and links ---- */

static int put_address(s2s_sim_node *node, s2s_sim_link *link, const char *address)
{
    char text[S2S_ADDR_TEXT];
    (void)snprintf(text, sizeof text, "%s/24", address);
    return s2s_sim_address(node, link, text);
}

static int join(struct sim_end *end, const char *kind, s2s_sim_node *from, s2s_sim_node *to, unsigned delay_us,
                s2s_sim_link **link)
{
    struct s2s_sim_link_params params;
    char name[40];
    s2s_sim_link_params_init(&params, sizeof params);
    params.delay = (s2s_time)delay_us * 1000;
    (void)snprintf(name, sizeof name, "%s-%s", kind, places[end->side].key);
    return s2s_sim_link_new(end->sim->world, name, from, to, &params, link);
}

/* A host behind a gateway behind the router, each with a default route toward the router, and the way back. */
static int build_end(struct sim_end *end)
{
    struct sim *sim = end->sim;
    const struct place *place = &places[end->side];
    int error = s2s_sim_gateway_new(sim->world, place->key, NULL, &end->node);
    if (!error)
        error = s2s_sim_host_new(sim->world, place->host_title, &end->host);
    if (!error)
        error = join(end, "outer", end->node, sim->router, OUTER_DELAY_US, &end->outer);
    if (!error)
        error = join(end, "inner", end->host, end->node, INNER_DELAY_US, &end->inner);
    for (int i = 0; !error && place->outside[i]; i++)
        error = put_address(end->node, end->outer, place->outside[i]);
    if (!error)
        error = put_address(sim->router, end->outer, place->router);
    if (!error)
        error = put_address(end->node, end->inner, place->inner);
    if (!error)
        error = put_address(end->host, end->inner, place->host);
    if (!error)
        error = s2s_sim_route(end->host, "0.0.0.0/0", end->inner);
    if (!error)
        error = s2s_sim_route_metric(end->node, "0.0.0.0/0", end->outer, 1000);
    if (!error)
        error = s2s_sim_route(sim->router, place->vpc, end->outer);
    if (!error)
        error = s2s_sim_capture_start(end->outer, 0, &end->outer_capture);
    if (!error)
        error = s2s_sim_capture_start(end->inner, 0, &end->inner_capture);
    return error;
}

static int sim_open(struct net *net)
{
    struct sim *sim = net->self;
    int error = s2s_sim_new(NULL, SEED, &sim->world);
    if (!error)
        error = s2s_sim_router_new(sim->world, "router", &sim->router);
    for (int side = 0; !error && side < SIDES; side++)
        error = build_end(&sim->ends[side]);
    return error ? net_fail(net, "the simulated world: %s", s2s_strerror(error)) : 0;
}

/* ---- gateways ---- */

static void on_event(void *user, const struct s2s_event *event)
{
    struct sim_end *end = user;
    char *text = NULL;
    if (s2s_event_json(event, &text) == 0)
        events_add(&end->sim->net->events, end->side, SECONDS(s2s_sim_now(end->sim->world)), text);
    s2s_json_free(text);
}

static void on_log(void *user, const struct s2s_log_line *line)
{
    struct sim_end *end = user;
    FILE *file = end->log ? end->log : stderr;
    fprintf(file, "[%.6f] %s %s %s: %s\n", SECONDS(s2s_sim_now(end->sim->world)), places[end->side].key, line->module,
            line->object, line->text);
}

static void on_key(void *user, bool esp, const char *line)
{
    struct sim_end *end = user;
    fprintf(end->keys, "%s %s\n", esp ? "esp_sa" : "ikev2_decryption_table", line);
}

static void open_logs(struct sim_end *end)
{
    const struct net_options *options = &end->sim->net->options;
    if (options->artifacts)
        end->log = artifacts_open(options->artifacts, "gateway", places[end->side].key, "log");
    if (options->artifacts && options->key_log)
        end->keys = artifacts_open(options->artifacts, "keys", places[end->side].key, "txt");
}

static int start(struct sim_end *end)
{
    struct s2s_engine_params params;
    struct s2s_driver_params driver;
    open_logs(end);
    s2s_engine_params_init(&params, sizeof params);
    params.provider = s2s_crypto_mbedtls();
    params.log = end->log || end->sim->net->options.verbose ? on_log : NULL;
    params.log_user = end;
    params.log_level = S2S_LOG_DEBUG;
    params.key_log = end->keys ? on_key : NULL;
    params.key_log_user = end;
    int error = s2s_engine_new(&params, &end->engine);
    if (error)
        return error;
    s2s_driver_params_init(&driver, sizeof driver);
    driver.engine = end->engine;
    driver.loop = s2s_sim_loop(end->sim->world);
    driver.kernel = s2s_sim_kernel(end->node);
    driver.event = on_event;
    driver.event_user = end;
    return s2s_driver_new(&driver, &end->driver);
}

static int config_problem(struct net *net, enum side side, const s2s_config *config, int error)
{
    struct s2s_config_error detail = {.struct_size = sizeof detail};
    for (size_t i = 0; config && s2s_config_error(config, i, &detail) == 0; i++)
        if (!detail.warning)
            return net_fail(net, "%s: %s \"%s\": %s", places[side].title, detail.path, detail.value, detail.rule);
    return net_fail(net, "%s: %s", places[side].title, s2s_strerror(error));
}

static int sim_apply(struct net *net, enum side side, const char *json)
{
    struct sim *sim = net->self;
    struct sim_end *end = &sim->ends[side];
    s2s_time now = s2s_sim_now(sim->world);
    s2s_config *config = NULL;
    int error = end->driver ? 0 : start(end);
    if (!error)
        error = s2s_config_parse(json, strlen(json), NULL, &config);
    if (!error)
        error = end->config ? s2s_config_reload(end->engine, end->config, config, now)
                            : s2s_config_apply(end->engine, config, now);
    if (error) {
        (void)config_problem(net, side, config, error);
        s2s_config_delete(config);
        return -1;
    }
    s2s_config_delete(end->config);
    end->config = config;
    s2s_driver_kick(end->driver);
    return 0;
}

static int sim_patch(struct net *net, enum side side, const char *connection, unsigned tunnel, const char *json)
{
    struct sim *sim = net->self;
    struct sim_end *end = &sim->ends[side];
    int error = s2s_config_patch_tunnel(end->engine, end->config, connection, tunnel, json, strlen(json),
                                        s2s_sim_now(sim->world));
    s2s_driver_kick(end->driver);
    return error ? config_problem(net, side, end->config, error) : 0;
}

static int sim_restart(struct net *net, enum side side, const char *connection, unsigned tunnel)
{
    struct sim *sim = net->self;
    struct sim_end *end = &sim->ends[side];
    s2s_gateway *gateway = s2s_gateway_next(end->engine, NULL);
    s2s_connection *found = gateway ? s2s_connection_find(gateway, connection) : NULL;
    s2s_tunnel *object = found ? s2s_connection_tunnel(found, tunnel) : NULL;
    int error = object ? s2s_tunnel_restart(object, s2s_sim_now(sim->world)) : S2S_ERR_NOT_FOUND;
    s2s_driver_kick(end->driver);
    return error ? net_fail(net, "restart of %s tunnel %u: %s", connection, tunnel, s2s_strerror(error)) : 0;
}

static cJSON *sim_status(struct net *net, enum side side)
{
    struct sim *sim = net->self;
    char *text = NULL;
    int error = s2s_status_json(sim->ends[side].engine, &text);
    cJSON *json = error ? NULL : cJSON_Parse(text);
    s2s_json_free(text);
    if (!json)
        (void)net_fail(net, "status of %s: %s", places[side].title, s2s_strerror(error));
    return json;
}

/* ---- the path ---- */

static int cut_one(struct sim *sim, unsigned which, enum side from)
{
    char source[S2S_ADDR_TEXT], destination[S2S_ADDR_TEXT];
    struct s2s_sim_rule rule = {.struct_size = sizeof rule, .source = source, .destination = destination};
    (void)snprintf(source, sizeof source, "%s/32", places[from].outside[0]);
    (void)snprintf(destination, sizeof destination, "%s/32", places[from == ALIBABA ? AWS : ALIBABA].outside[0]);
    return s2s_sim_rule_add(sim->router, &rule, &sim->rules[which]);
}

static int sim_cut(struct net *net, unsigned directions)
{
    struct sim *sim = net->self;
    int error = 0;
    for (unsigned i = 0; i < 2; i++)
        if (sim->cut & 1u << i)
            (void)s2s_sim_rule_remove(sim->router, sim->rules[i]);
    sim->cut = directions;
    if (directions & CUT_OUTBOUND)
        error = cut_one(sim, 0, ALIBABA);
    if (!error && (directions & CUT_RETURN))
        error = cut_one(sim, 1, AWS);
    return error ? net_fail(net, "rules of the router: %s", s2s_strerror(error)) : 0;
}

/* ---- ping ---- */

static int sim_ping_start(struct net *net, const char *phase, unsigned count, unsigned interval_ms)
{
    struct sim *sim = net->self;
    struct s2s_sim_ping_params params;
    s2s_sim_ping_params_init(&params, sizeof params);
    params.destination = places[AWS].host;
    params.start = s2s_sim_now(sim->world);
    params.interval = (s2s_time)interval_ms * S2S_MILLISECOND;
    params.count = count;
    (void)snprintf(sim->phase, sizeof sim->phase, "%s", phase);
    int error = s2s_sim_ping_start(sim->ends[ALIBABA].host, &params, &sim->ping);
    return error ? net_fail(net, "ping: %s", s2s_strerror(error)) : 0;
}

/* As `ping -D` writes it, answers in the order in which they came. */
static int by_answer(const void *left, const void *right)
{
    const struct s2s_sim_ping_record *a = left, *b = right;
    return (a->answered > b->answered) - (a->answered < b->answered);
}

struct numbered {
    struct s2s_sim_ping_record record;
    uint32_t number;
};

static size_t write_reply(char *out, const struct numbered *reply)
{
    const struct s2s_sim_ping_record *record = &reply->record;
    return (size_t)snprintf(out, LINES_ROOM, "[%.6f] 64 bytes from %s: icmp_seq=%lu ttl=%u time=%.3f ms\n",
                            SECONDS(record->answered), places[AWS].host, (unsigned long)reply->number, record->ttl,
                            SECONDS(record->answered - record->sent) * 1000);
}

static char *write_ping(const struct numbered *replies, size_t count, uint32_t sent)
{
    char *text = malloc((count + 4) * LINES_ROOM), *at = text;
    if (!text)
        return NULL;
    at += snprintf(at, LINES_ROOM, "PING %s (%s) 56(84) bytes of data.\n", places[AWS].host, places[AWS].host);
    for (size_t i = 0; i < count; i++)
        at += write_reply(at, &replies[i]);
    (void)snprintf(at, 3 * LINES_ROOM,
                   "\n--- %s ping statistics ---\n%lu packets transmitted, %lu received, %.4g%% packet loss\n",
                   places[AWS].host, (unsigned long)sent, (unsigned long)count,
                   sent ? 100.0 * (double)(sent - count) / (double)sent : 0);
    return text;
}

static char *sim_ping_text(struct net *net)
{
    struct sim *sim = net->self;
    struct s2s_sim_ping_stats stats = {.struct_size = sizeof stats};
    s2s_sim_ping_stats(sim->ping, &stats);
    struct numbered *replies = calloc((size_t)stats.sent + 1, sizeof *replies);
    size_t count = 0;
    for (uint32_t i = 0; replies && i < stats.sent; i++)
        if (s2s_sim_ping_record(sim->ping, i, &replies[count].record) == 0 &&
            replies[count].record.answered != S2S_TIME_NEVER)
            replies[count++].number = i + 1;
    if (replies)
        qsort(replies, count, sizeof *replies, by_answer);
    char *text = replies ? write_ping(replies, count, stats.sent) : NULL;
    free(replies);
    if (!text)
        (void)net_fail(net, "out of memory");
    return text;
}

static int sim_ping_stop(struct net *net)
{
    struct sim *sim = net->self;
    s2s_sim_ping_stop(sim->ping);
    if (!net->options.artifacts)
        return 0;
    char *text = sim_ping_text(net);
    int result = text ? artifacts_write(net->options.artifacts, "ping", sim->phase, "txt", text, strlen(text)) : -1;
    free(text);
    return result ? net_fail(net, "%s: ping-%s.txt: %s", net->options.artifacts, sim->phase, strerror(errno)) : 0;
}

/* ---- time and captures ---- */

static double sim_now(struct net *net)
{
    struct sim *sim = net->self;
    return SECONDS(s2s_sim_now(sim->world));
}

static int sim_run(struct net *net, double seconds)
{
    struct sim *sim = net->self;
    s2s_time step = (s2s_time)(seconds * 1e9);
    s2s_sim_run_for(sim->world, step ? step : 1);
    return 0;
}

static int keep_capture(struct net *net, const s2s_sim_capture *capture, const char *kind, enum side side)
{
    size_t length;
    const uint8_t *data = s2s_sim_capture_data(capture, &length);
    if (!net->options.artifacts)
        return 0;
    if (artifacts_write(net->options.artifacts, kind, places[side].key, "pcap", data, length) != 0)
        return net_fail(net, "%s: %s-%s.pcap: %s", net->options.artifacts, kind, places[side].key, strerror(errno));
    return 0;
}

static int64_t sim_cleartext(struct net *net)
{
    struct sim *sim = net->self;
    struct pcap_figures figures = {0, 0, 0, 0, 0};
    for (int side = 0; side < SIDES; side++) {
        struct sim_end *end = &sim->ends[side];
        size_t length;
        const uint8_t *data = s2s_sim_capture_data(end->outer_capture, &length);
        if (keep_capture(net, end->outer_capture, "outer", end->side) != 0 ||
            keep_capture(net, end->inner_capture, "inner", end->side) != 0)
            return -1;
        if (s2s_sim_capture_missed(end->outer_capture) ||
            pcap_count(data, length, inner_networks, places[ALIBABA].host, places[AWS].host, &figures) != 0)
            return net_fail(net, "the capture of outer-%s is not whole", places[side].key);
    }
    return (int64_t)figures.cleartext;
}

static void sim_close(struct net *net)
{
    struct sim *sim = net->self;
    for (int side = 0; side < SIDES; side++) {
        struct sim_end *end = &sim->ends[side];
        s2s_driver_delete(end->driver);
        s2s_engine_delete(end->engine);
        s2s_config_delete(end->config);
        if (end->log)
            (void)fclose(end->log);
        if (end->keys)
            (void)fclose(end->keys);
    }
    s2s_sim_delete(sim->world);
    free(sim);
}

static const struct net_ops ops = {
    .name = "sim",
    .fast_ms = 10,
    .open = sim_open,
    .close = sim_close,
    .apply = sim_apply,
    .patch = sim_patch,
    .restart = sim_restart,
    .status = sim_status,
    .cut = sim_cut,
    .ping_start = sim_ping_start,
    .ping_stop = sim_ping_stop,
    .ping_text = sim_ping_text,
    .now = sim_now,
    .run = sim_run,
    .cleartext = sim_cleartext,
};

int net_sim_new(struct net *net, const struct net_options *options)
{
    struct sim *sim = calloc(1, sizeof *sim);
    memset(net, 0, sizeof *net);
    if (!sim)
        return net_fail(net, "out of memory");
    sim->net = net;
    for (int side = 0; side < SIDES; side++) {
        sim->ends[side].sim = sim;
        sim->ends[side].side = (enum side)side;
    }
    net->ops = &ops;
    net->options = *options;
    net->self = sim;
    return sim_open(net);
}
