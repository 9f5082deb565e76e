/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest whole gateway over kernel tun: tun_gateway NAME LOCAL REMOTE LOCAL_SUBNET REMOTE_SUBNET TUNNEL_CIDR LOCAL_INSIDE
 * start|add. One connection, one tunnel, a static route. Events go to standard output; SIGTERM says goodbye.
 */
#include <s2svpn/event_loop.h>
#include <s2svpn/kernel_tun.h>
#include <s2svpn/s2svpn.h>

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

struct program {
    struct event_base *base;
    s2s_engine *engine;
    s2s_driver *driver;
};

static void on_event(void *user, const struct s2s_event *event)
{
    (void)user;
    printf("event %s %s\n", s2s_event_name((int)event->type), event->text);
    fflush(stdout);
}

static void on_log(void *user, const struct s2s_log_line *line)
{
    (void)user;
    fprintf(stderr, "%s %s: %s\n", line->module, line->object, line->text);
}

static void on_gone(void *user)
{
    struct program *program = user;
    printf("gone\n");
    event_base_loopbreak(program->base);
}

static void on_signal(evutil_socket_t number, short what, void *user)
{
    (void)number;
    (void)what;
    struct program *program = user;
    s2s_driver_shutdown(program->driver, 5 * (s2s_time)S2S_SECOND, on_gone, program);
}

static int make_connection(s2s_gateway *gateway, char **argument, s2s_time now)
{
    struct s2s_customer_gateway_params far_end;
    struct s2s_connection_params params;
    struct s2s_tunnel_params tunnel;
    struct s2s_route_params route;
    struct s2s_prefix local, remote;
    s2s_customer_gateway *customer_gateway;
    s2s_connection *connection;
    s2s_route *made;
    s2s_customer_gateway_params_init(&far_end, sizeof far_end);
    s2s_connection_params_init(&params, sizeof params);
    s2s_tunnel_params_init(&tunnel, sizeof tunnel);
    s2s_route_params_init(&route, sizeof route);
    s2s_prefix_parse(argument[4], &local);
    s2s_prefix_parse(argument[5], &remote);
    far_end.name = "peer";
    s2s_addr_parse(argument[3], &far_end.ip_address);
    tunnel.psk = (const uint8_t *)"open.sesame.1234";
    tunnel.psk_length = 16;
    tunnel.startup_action = strcmp(argument[8], "start") == 0 ? S2S_STARTUP_START : S2S_STARTUP_ADD;
    s2s_prefix_parse(argument[6], &tunnel.bgp_tunnel_cidr);
    s2s_addr_parse(argument[7], &tunnel.bgp_local_ip);
    params.name = "connection";
    params.customer_gateway = "peer";
    params.route_mode = S2S_ROUTE_MODE_DESTINATION;
    params.tunnels = &tunnel;
    params.tunnel_count = 1;
    route.type = S2S_ROUTE_DESTINATION;
    route.destination = remote;
    route.connection = "connection";
    route.publish = 1;
    int error = s2s_customer_gateway_new(gateway, &far_end, &customer_gateway);
    if (error == 0) {
        error = s2s_connection_new(gateway, &params, now, &connection);
    }
    return error != 0 ? error : s2s_route_new(gateway, &route, now, &made);
}

static int make_gateway(struct program *program, char **argument, s2s_time now)
{
    struct s2s_gateway_params params;
    struct s2s_addr addr;
    s2s_gateway *gateway;
    s2s_gateway_params_init(&params, sizeof params);
    s2s_addr_parse(argument[2], &addr);
    params.name = argument[1];
    params.profile = s2s_profile_generic();
    params.addresses = &addr;
    params.address_count = 1;
    int error = s2s_gateway_new(program->engine, &params, now, &gateway);
    if (error == 0) {
        error = make_connection(gateway, argument, now);
    }
    struct s2s_config_error wrong = {.struct_size = sizeof wrong};
    for (size_t i = 0; s2s_engine_config_error(program->engine, i, &wrong) == 0; i++) {
        fprintf(stderr, "%s = %s: %s\n", wrong.path, wrong.value, wrong.rule);
    }
    if (error != 0) {
        fprintf(stderr, "%s: %s\n", s2s_strerror(error), s2s_engine_detail(program->engine));
    }
    return error;
}

static int start(struct program *program, s2s_libevent_loop *loop, s2s_tun_kernel *kernel)
{
    struct s2s_engine_params engine;
    struct s2s_driver_params driver;
    s2s_engine_params_init(&engine, sizeof engine);
    engine.provider = s2s_crypto_mbedtls();
    engine.log = on_log;
    engine.log_level = S2S_LOG_INFO;
    int error = s2s_engine_new(&engine, &program->engine);
    s2s_driver_params_init(&driver, sizeof driver);
    driver.engine = program->engine;
    driver.loop = s2s_libevent_loop_table(loop);
    driver.kernel = s2s_tun_kernel_table(kernel);
    driver.event = on_event;
    driver.event_user = program;
    driver.job_thread = true;
    return error != 0 ? error : s2s_driver_new(&driver, &program->driver);
}

int main(int count, char **argument)
{
    struct program program = {.base = event_base_new()};
    struct s2s_tun_params params;
    s2s_libevent_loop *loop;
    s2s_tun_kernel *kernel;
    if (count != 9) {
        return 2;
    }
    s2s_tun_params_init(&params, sizeof params);
    params.log = on_log;
    if (s2s_libevent_loop_new(program.base, NULL, &loop) != 0 || s2s_tun_kernel_new(&params, &kernel) != 0 ||
        start(&program, loop, kernel) != 0) {
        return 2;
    }
    const struct s2s_loop *table = s2s_libevent_loop_table(loop);
    struct event *signal_event = evsignal_new(program.base, SIGTERM, on_signal, &program);
    event_add(signal_event, NULL);
    printf("ready\n");
    int error = make_gateway(&program, argument, table->now(table->context));
    s2s_driver_kick(program.driver);
    if (error == 0) {
        event_base_dispatch(program.base);
    }
    event_free(signal_event);
    s2s_driver_delete(program.driver);
    s2s_tun_kernel_delete(kernel);
    s2s_engine_delete(program.engine);
    s2s_libevent_loop_delete(loop);
    event_base_free(program.base);
    return error != 0;
}
