/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

/* No SA_RESTART: a wait in poll() ends at once. */
void net_catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupt;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool net_interrupted(void)
{
    return interrupted != 0;
}

int net_fail(struct net *net, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(net->problem, sizeof net->problem, format, arguments);
    va_end(arguments);
    return -1;
}

int net_pass(struct net *net, double seconds)
{
    double end = net->ops->now(net) + seconds;
    for (double left = seconds; left > 0; left = end - net->ops->now(net)) {
        if (net_interrupted())
            return net_fail(net, "interrupted");
        if (net->ops->run(net, left) != 0)
            return -1;
    }
    return 0;
}

int net_wait(struct net *net, double seconds, unsigned every_ms, bool (*condition)(void *user), void *user,
             const char *what)
{
    double end = net->ops->now(net) + seconds;
    while (!condition(user)) {
        double left = end - net->ops->now(net);
        if (left <= 0)
            return net_fail(net, "waited %.0f s for: %s", seconds, what);
        double step = every_ms / 1000.0;
        if (net_pass(net, left < step ? left : step) != 0)
            return -1;
    }
    return 0;
}

void net_delete(struct net *net)
{
    if (net->ops)
        net->ops->close(net);
    events_free(&net->events);
    net->ops = NULL;
}
