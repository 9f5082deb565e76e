/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/seats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

void seats_open(struct seats *seats)
{
    memset(seats, 0, sizeof(*seats));
    assert_int_equal(s2s_sim_new(NULL, 23, &seats->sim), 0);
    assert_int_equal(s2s_sim_router_new(seats->sim, "net", &seats->net), 0);
}

void seats_close(struct seats *seats)
{
    for (size_t i = 0; i < seats->count; i++) {
        s2s_driver_delete(seats->seats[i].driver);
        s2s_engine_delete(seats->seats[i].engine);
        s2s_config_delete(seats->seats[i].config);
    }
    s2s_sim_delete(seats->sim);
}

/* ---- the world ---- */

static void outside_addresses(struct seats *seats, struct seat *seat, const char *outside)
{
    char text[40];

    for (size_t length = strcspn(outside, " "); length; length = strcspn(outside, " ")) {
        snprintf(text, sizeof(text), "%.*s/32", (int)length, outside);
        assert_int_equal(s2s_sim_address(seat->node, seat->outer, text), 0);
        assert_int_equal(s2s_sim_route(seats->net, text, seat->outer), 0);
        outside += length + strspn(outside + length, " ");
    }
}

struct seat *seats_place(struct seats *seats, const char *name, const char *outside, const char *gateway, const char *host)
{
    static const char *const inner[] = {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"};
    struct seat *seat = &seats->seats[seats->count++];
    char text[40];

    assert_true(seats->count <= SEATS);
    seat->name = name;
    assert_int_equal(s2s_sim_gateway_new(seats->sim, name, NULL, &seat->node), 0);
    assert_int_equal(s2s_sim_link_new(seats->sim, name, seat->node, seats->net, NULL, &seat->outer), 0);
    outside_addresses(seats, seat, outside);
    assert_int_equal(s2s_sim_route(seat->node, "0.0.0.0/0", seat->outer), 0); /* a leak would show */
    for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++) {
        assert_int_equal(s2s_sim_watch(seat->outer, inner[i]), 0);
    }
    snprintf(text, sizeof(text), "behind %.20s", name);
    assert_int_equal(s2s_sim_host_new(seats->sim, text, &seat->host), 0);
    assert_int_equal(s2s_sim_link_new(seats->sim, text, seat->host, seat->node, NULL, &seat->inner), 0);
    assert_int_equal(s2s_sim_address(seat->node, seat->inner, gateway), 0);
    assert_int_equal(s2s_sim_address(seat->host, seat->inner, host), 0);
    assert_int_equal(s2s_sim_route(seat->host, "0.0.0.0/0", seat->inner), 0);
    return seat;
}

/* ---- gateways ---- */

static void heard(void *user, const struct s2s_event *event)
{
    struct seat *seat = user;

    seat->path_switches += event->type == S2S_EVENT_PATH_SWITCHED;
    if (getenv("S2S_TRACE")) {
        fprintf(stderr, "%9.4f %s %s\n", (double)event->at / 1e9, seat->name, event->text);
    }
}

static void make_engine(struct seats *seats, struct seat *seat)
{
    struct s2s_engine_params params;
    struct s2s_driver_params driver;

    s2s_engine_params_init(&params, sizeof(params));
    params.provider = s2s_crypto_test();
    assert_int_equal(s2s_engine_new(&params, &seat->engine), 0);
    s2s_driver_params_init(&driver, sizeof(driver));
    driver.engine = seat->engine;
    driver.loop = s2s_sim_loop(seats->sim);
    driver.kernel = s2s_sim_kernel(seat->node);
    driver.event = heard;
    driver.event_user = seat;
    assert_int_equal(s2s_driver_new(&driver, &seat->driver), 0);
}

static s2s_config *parsed(const char *text)
{
    s2s_config *config = NULL;
    size_t length = strlen(text);
    char *json = malloc(length + 1);

    assert_non_null(json);
    for (size_t i = 0; i <= length; i++) {
        json[i] = (char)(text[i] == '\'' ? '"' : text[i]);
    }
    (void)s2s_config_parse(json, length, NULL, &config);
    assert_non_null(config);
    free(json);
    return config;
}

static void print_errors(const s2s_config *config)
{
    struct s2s_config_error wrong = {.struct_size = sizeof(wrong)};

    for (size_t i = 0; s2s_config_error(config, i, &wrong) == 0; i++) {
        print_error("%s = %s: %s\n", wrong.path, wrong.value, wrong.rule);
    }
}

void seat_start(struct seats *seats, struct seat *seat, const char *text)
{
    int error;

    make_engine(seats, seat);
    seat->config = parsed(text);
    error = s2s_config_apply(seat->engine, seat->config, s2s_sim_now(seats->sim));
    if (error) {
        print_errors(seat->config);
    }
    assert_int_equal(error, 0);
    seat_kick(seat);
}

int seat_reload(struct seats *seats, struct seat *seat, const char *text)
{
    s2s_config *config = parsed(text);
    int error = s2s_config_reload(seat->engine, seat->config, config, s2s_sim_now(seats->sim));

    if (error) {
        print_errors(config);
        s2s_config_delete(config);
        return error;
    }
    s2s_config_delete(seat->config);
    seat->config = config;
    seat_kick(seat);
    return 0;
}

void seat_kick(struct seat *seat)
{
    s2s_driver_kick(seat->driver);
}

void seats_run(struct seats *seats, unsigned milliseconds)
{
    s2s_sim_run_for(seats->sim, (s2s_time)milliseconds * S2S_MILLISECOND);
}

/* ---- watching ---- */

s2s_gateway *seat_gateway(const struct seat *seat)
{
    return s2s_gateway_next(seat->engine, NULL);
}

s2s_tunnel *seat_tunnel(const struct seat *seat, const char *connection, size_t index)
{
    s2s_tunnel *tunnel = s2s_connection_tunnel(s2s_connection_find(seat_gateway(seat), connection), index);
    assert_non_null(tunnel);
    return tunnel;
}

enum s2s_tunnel_status seat_status(const struct seat *seat, const char *connection, size_t index)
{
    struct s2s_tunnel_state state = {.struct_size = sizeof(state)};
    assert_int_equal(s2s_tunnel_get(seat_tunnel(seat, connection, index), &state), 0);
    return state.status;
}

uint32_t seat_active(const struct seat *seat, const char *connection)
{
    const s2s_connection *found = s2s_connection_find(seat_gateway(seat), connection);

    for (size_t i = 1; i <= s2s_connection_tunnels(found); i++) {
        struct s2s_tunnel_state state = {.struct_size = sizeof(state)};
        assert_int_equal(s2s_tunnel_get(s2s_connection_tunnel(found, i), &state), 0);
        if (state.active) {
            return (uint32_t)i;
        }
    }
    return 0;
}

static bool ready(const s2s_tunnel *tunnel, bool bgp)
{
    struct s2s_tunnel_state state = {.struct_size = sizeof(state)};
    struct s2s_bgp_session_state session = {.struct_size = sizeof(session)};
    const s2s_bgp_session *with = s2s_tunnel_bgp_session(tunnel);

    assert_int_equal(s2s_tunnel_get(tunnel, &state), 0);
    if (bgp && with) {
        assert_int_equal(s2s_bgp_session_get(with, &session), 0);
    }
    return state.status == S2S_TUNNEL_UP && (!bgp || session.state == S2S_BGP_ESTABLISHED);
}

static size_t count_ready(const struct seat *seat, bool bgp)
{
    const s2s_gateway *gateway = seat_gateway(seat);
    const s2s_connection *connection = NULL;
    size_t count = 0;

    while ((connection = s2s_connection_next(gateway, connection)) != NULL) {
        for (size_t i = 1; i <= s2s_connection_tunnels(connection); i++) {
            count += ready(s2s_connection_tunnel(connection, i), bgp);
        }
    }
    return count;
}

bool seats_until(struct seats *seats, const struct seat *seat, size_t count, bool bgp, unsigned milliseconds)
{
    for (unsigned waited = 0; waited < milliseconds && count_ready(seat, bgp) < count; waited += 10) {
        seats_run(seats, 10);
    }
    seats_run(seats, 1000);
    return count_ready(seat, bgp) == count;
}

uint64_t seat_drops(const struct seat *seat, enum s2s_drop_reason reason)
{
    struct s2s_engine_stats stats = {.struct_size = sizeof(stats)};
    s2s_engine_stats(seat->engine, &stats);
    return stats.drops[reason];
}

/* ---- traffic ---- */

static s2s_sim_ping *start_ping(struct seats *seats, const struct seat *from, const char *destination, unsigned count)
{
    struct s2s_sim_ping_params params;
    s2s_sim_ping *ping;

    s2s_sim_ping_params_init(&params, sizeof(params));
    params.destination = destination;
    params.interval = 10 * S2S_MILLISECOND;
    params.count = count;
    params.start = s2s_sim_now(seats->sim);
    assert_int_equal(s2s_sim_ping_start(from->host, &params, &ping), 0);
    return ping;
}

unsigned seats_ping(struct seats *seats, const struct seat *from, const char *destination, unsigned count)
{
    s2s_sim_ping *ping = start_ping(seats, from, destination, count);

    seats_run(seats, count * 10);
    return seats_stream_end(seats, ping).answered;
}

s2s_sim_ping *seats_stream(struct seats *seats, const struct seat *from, const char *destination, unsigned seconds)
{
    return start_ping(seats, from, destination, seconds * 100);
}

struct s2s_sim_ping_stats seats_stream_end(struct seats *seats, s2s_sim_ping *stream)
{
    struct s2s_sim_ping_stats stats = {.struct_size = sizeof(stats)};

    seats_run(seats, 2000);
    s2s_sim_ping_stats(stream, &stats);
    return stats;
}

static void lose(struct seats *seats, const char *from, const char *to)
{
    struct s2s_sim_rule rule = {.struct_size = sizeof(rule)};
    char source[40], destination[40];

    snprintf(source, sizeof(source), "%s/32", from);
    snprintf(destination, sizeof(destination), "%s/32", to);
    rule.source = source;
    rule.destination = destination;
    assert_int_equal(s2s_sim_rule_add(seats->net, &rule, NULL), 0);
}

void seats_silence(struct seats *seats, const char *a, const char *b)
{
    lose(seats, a, b);
    lose(seats, b, a);
}

uint64_t seats_cleartext(const struct seats *seats)
{
    uint64_t seen = 0;

    for (size_t i = 0; i < seats->count; i++) {
        seen += s2s_sim_watched(seats->seats[i].outer);
    }
    return seen;
}
