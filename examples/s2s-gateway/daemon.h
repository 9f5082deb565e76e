/* SPDX-License-Identifier: Apache-2.0 */
/* daemon: what the parts of the program share. */
#ifndef S2S_GATEWAY_DAEMON_H
#define S2S_GATEWAY_DAEMON_H

#include <s2svpn/config.h>
#include <s2svpn/driver.h>
#include <s2svpn/event_loop.h>
#include <s2svpn/kernel_tun.h>
#include <s2svpn/s2svpn.h>
#include <stdio.h>

#include "log.h"
#include "options.h"

struct event_base;
struct event;
struct control;

struct daemon {
    struct options options;
    struct log log;
    struct event_base *base;
    s2s_libevent_loop *loop;
    s2s_tun_kernel *kernel;
    s2s_engine *engine;
    s2s_driver *driver;
    s2s_config *config;
    struct control *control;
    struct event *signals[3];
    FILE *keys;
    bool ending;
};

/* The loop's time. */
s2s_time daemon_now(const struct daemon *daemon);

#endif
