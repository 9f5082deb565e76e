/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest complete use: `embed FILE` makes this host the VPN gateway that a JSON file describes, until SIGINT.
 * Needs root. */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>

#include <s2svpn/config.h>
#include <s2svpn/event_loop.h>
#include <s2svpn/files.h>
#include <s2svpn/kernel_tun.h>
#include <s2svpn/s2svpn.h>

struct embed {
    struct event_base *base;
    s2s_driver *driver;
};

static void on_event(void *user, const struct s2s_event *event)
{
    (void)user;
    printf("%s\n", event->text); /* one finished sentence; the other members are for programs */
}

static void on_done(void *user)
{
    struct embed *embed = user;
    event_base_loopbreak(embed->base);
}

static void on_signal(evutil_socket_t number, short what, void *user)
{
    struct embed *embed = user;
    (void)number;
    (void)what;
    s2s_driver_shutdown(embed->driver, 5 * (s2s_time)S2S_SECOND, on_done,
                        embed); /* tells the peers, removes the routes */
}

int main(int argc, char **argv)
{
    struct embed embed = {event_base_new(), NULL};
    struct s2s_config_options options;
    struct s2s_engine_params engine;
    struct s2s_driver_params driver;
    struct s2s_tun_params tun;
    struct s2s_config_error wrong = {.struct_size = sizeof wrong};
    s2s_config *config = NULL;
    s2s_libevent_loop *loop = NULL;
    s2s_tun_kernel *kernel = NULL;
    s2s_config_options_init(&options, sizeof options);
    s2s_engine_params_init(&engine, sizeof engine);
    s2s_driver_params_init(&driver, sizeof driver);
    s2s_tun_params_init(&tun, sizeof tun);
    options.read_file = s2s_file_read;
    options.free_file = s2s_file_free;
    engine.provider = s2s_crypto_mbedtls();
    driver.event = on_event;
    int error = s2s_config_load(argc == 2 ? argv[1] : "gateway.json", &options, &config);
    if (!error && (error = s2s_engine_new(&engine, &driver.engine)) == 0 &&
        (error = s2s_libevent_loop_new(embed.base, NULL, &loop)) == 0)
        error = s2s_tun_kernel_new(&tun, &kernel);
    if (!error) {
        driver.loop = s2s_libevent_loop_table(loop);  /* or your own loop: loop.h */
        driver.kernel = s2s_tun_kernel_table(kernel); /* or your own way to the packets: kernel.h */
        if ((error = s2s_driver_new(&driver, &embed.driver)) == 0)
            error = s2s_config_apply(driver.engine, config, driver.loop->now(driver.loop->context));
    }
    for (size_t i = 0; s2s_config_error(config, i, &wrong) == 0; i++) /* all of them at once, warnings too */
        fprintf(stderr, "%s: %s\n", wrong.path, wrong.rule);
    if (!error) {
        struct event *stop = evsignal_new(embed.base, SIGINT, on_signal, &embed);
        evsignal_add(stop, NULL);
        s2s_driver_kick(embed.driver);
        event_base_dispatch(embed.base);
        event_free(stop);
    }
    s2s_driver_delete(embed.driver);
    s2s_tun_kernel_delete(kernel);
    s2s_libevent_loop_delete(loop);
    s2s_engine_delete(driver.engine);
    s2s_config_delete(config);
    event_base_free(embed.base);
    return error ? fprintf(stderr, "%s\n", s2s_strerror(error)), 1 : 0;
}
