/* SPDX-License-Identifier: Apache-2.0 */
/*
 * s2s-gateway: one gateway as a daemon. Everything that matters happens in the library; this program joins an engine,
 * the libevent loop and kernel tun, reads a file, listens to signals and opens the control socket.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "control.h"

enum { FAREWELL_SECONDS = 5 };

s2s_time daemon_now(const struct daemon *daemon)
{
    const struct s2s_loop *loop = s2s_libevent_loop_table(daemon->loop);
    return loop->now(loop->context);
}

/* ---- what the engine tells ---- */

static void on_event(void *user, const struct s2s_event *event)
{
    struct daemon *daemon = user;
    char *json = NULL;

    if (s2s_event_json(event, &json) != 0) {
        return;
    }
    log_event(&daemon->log, event, json);
    if (daemon->control) {
        control_event(daemon->control, event, json);
        if (event->type == S2S_EVENT_GATEWAY_GUARDED) {
            control_answer(daemon->control);
        }
    }
    s2s_json_free(json);
}

static void on_key(void *user, bool esp, const char *line)
{
    struct daemon *daemon = user;
    fprintf(daemon->keys, "%s %s\n", esp ? "esp_sa" : "ikev2_decryption_table", line);
    fflush(daemon->keys);
}

/* ---- signals ---- */

static void reload(struct daemon *daemon)
{
    s2s_config *config = NULL;
    int error = check_load(daemon->options.config, &config);

    if (error == 0) {
        error = s2s_config_reload(daemon->engine, daemon->config, config, daemon_now(daemon));
        s2s_driver_kick(daemon->driver);
    }
    if (config) {
        check_log(&daemon->log, daemon->options.config, config, S2S_LOG_INFO);
    }
    if (error) {
        log_say(&daemon->log, S2S_LOG_ERROR, "%s was not taken: %s; what was before goes on", daemon->options.config,
                s2s_strerror(error));
        s2s_config_delete(config);
        return;
    }
    s2s_config_delete(daemon->config);
    daemon->config = config;
    log_say(&daemon->log, S2S_LOG_NOTICE, "%s was read again", daemon->options.config);
}

static void on_ended(void *user)
{
    struct daemon *daemon = user;
    event_base_loopbreak(daemon->base);
}

static void on_signal(evutil_socket_t number, short what, void *user)
{
    struct daemon *daemon = user;

    (void)what;
    if (number == SIGHUP && !daemon->ending) {
        reload(daemon);
    } else if (number != SIGHUP && !daemon->ending) {
        daemon->ending = true;
        log_say(&daemon->log, S2S_LOG_NOTICE, "says goodbye to the peers and ends");
        s2s_driver_shutdown(daemon->driver, (s2s_time)FAREWELL_SECONDS * S2S_SECOND, on_ended, daemon);
    }
}

static bool watch_signals(struct daemon *daemon)
{
    static const int numbers[] = {SIGHUP, SIGTERM, SIGINT};
    bool good = true;

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        daemon->signals[i] = evsignal_new(daemon->base, numbers[i], on_signal, daemon);
        good = good && daemon->signals[i] && event_add(daemon->signals[i], NULL) == 0;
    }
    return good;
}

/* ---- start and end ---- */

static int open_keys(struct daemon *daemon)
{
    int fd;

    if (!daemon->options.key_log) {
        return 0;
    }
    fd = open(daemon->options.key_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    daemon->keys = fd < 0 ? NULL : fdopen(fd, "a");
    if (!daemon->keys) {
        log_say(&daemon->log, S2S_LOG_ERROR, "key log %s: %s", daemon->options.key_log, strerror(errno));
        return S2S_ERR_FILE;
    }
    log_say(&daemon->log, S2S_LOG_WARNING, "the keys of every SA are written to %s", daemon->options.key_log);
    return 0;
}

static int make_engine(struct daemon *daemon)
{
    struct s2s_engine_params params;

    s2s_engine_params_init(&params, sizeof params);
    params.provider = s2s_crypto_mbedtls();
    params.log = log_line;
    params.log_user = &daemon->log;
    params.log_level = daemon->log.level;
    if (daemon->keys) {
        params.key_log = on_key;
        params.key_log_user = daemon;
    }
    return s2s_engine_new(&params, &daemon->engine);
}

static int make_kernel(struct daemon *daemon)
{
    struct s2s_tun_params params;

    s2s_tun_params_init(&params, sizeof params);
    params.log = log_line;
    params.log_user = &daemon->log;
    params.log_level = daemon->log.level;
    if (s2s_config_mark(daemon->config)) {
        params.mark = s2s_config_mark(daemon->config);
    }
    return s2s_tun_kernel_new(&params, &daemon->kernel);
}

static int make_driver(struct daemon *daemon)
{
    struct s2s_driver_params params;

    s2s_driver_params_init(&params, sizeof params);
    params.engine = daemon->engine;
    params.loop = s2s_libevent_loop_table(daemon->loop);
    params.kernel = s2s_tun_kernel_table(daemon->kernel);
    params.event = on_event;
    params.event_user = daemon;
    params.job_thread = true;
    return s2s_driver_new(&params, &daemon->driver);
}

static int failed(const struct daemon *daemon, const char *what, int error)
{
    const char *detail = daemon->engine ? s2s_engine_detail(daemon->engine) : "";

    log_say(&daemon->log, S2S_LOG_ERROR, "%s: %s%s%s", what, s2s_strerror(error), detail[0] ? ": " : "", detail);
    return error;
}

static int start(struct daemon *daemon)
{
    int error = open_keys(daemon);

    if (error) {
        return error;
    }
    daemon->base = event_base_new();
    if (!daemon->base || s2s_libevent_loop_new(daemon->base, NULL, &daemon->loop) != 0 || !watch_signals(daemon)) {
        return failed(daemon, "event loop", S2S_ERR_NO_MEMORY);
    }
    if ((error = make_engine(daemon)) != 0) {
        return failed(daemon, "engine", error);
    }
    if ((error = make_kernel(daemon)) != 0 || (error = make_driver(daemon)) != 0) {
        return failed(daemon, "kernel tun", error);
    }
    if ((error = s2s_config_apply(daemon->engine, daemon->config, daemon_now(daemon))) != 0) {
        check_log(&daemon->log, daemon->options.config, daemon->config, S2S_LOG_WARNING);
        return failed(daemon, daemon->options.config, error);
    }
    if (daemon->options.control && !(daemon->control = control_new(daemon, daemon->options.control))) {
        return S2S_ERR_FILE;
    }
    s2s_driver_kick(daemon->driver);
    return 0;
}

static void stop(struct daemon *daemon)
{
    control_delete(daemon->control);
    s2s_driver_delete(daemon->driver);
    s2s_engine_delete(daemon->engine);
    s2s_tun_kernel_delete(daemon->kernel);
    for (size_t i = 0; i < sizeof daemon->signals / sizeof *daemon->signals; i++) {
        if (daemon->signals[i]) {
            event_free(daemon->signals[i]);
        }
    }
    s2s_libevent_loop_delete(daemon->loop);
    if (daemon->base) {
        event_base_free(daemon->base);
    }
    if (daemon->keys) {
        fclose(daemon->keys);
    }
    s2s_config_delete(daemon->config);
}

static int run(struct daemon *daemon)
{
    int error = check_load(daemon->options.config, &daemon->config);

    if (daemon->config) {
        check_log(&daemon->log, daemon->options.config, daemon->config, S2S_LOG_WARNING);
    }
    if (error) {
        log_say(&daemon->log, S2S_LOG_ERROR, "%s: %s", daemon->options.config, s2s_strerror(error));
        return 2;
    }
    error = start(daemon);
    if (error == 0) {
        log_say(&daemon->log, S2S_LOG_NOTICE, "%s runs", s2s_config_name(daemon->config));
        error = event_base_dispatch(daemon->base) < 0 ? S2S_ERR_STATE : 0;
    }
    return error ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct daemon daemon = {0};
    int result = options_read(argc, argv, &daemon.options);

    if (result) {
        return result < 0 ? 64 : 0;
    }
    if (daemon.options.check) {
        return check_run(daemon.options.config, daemon.options.json);
    }
    daemon.log = (struct log){daemon.options.json, daemon.options.level};
    result = run(&daemon);
    stop(&daemon);
    return result;
}
