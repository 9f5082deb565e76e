/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A round: the status and the events since the round before are asked for, a page is written line by line, each cut at
 * the width of the terminal and all at its height. On a terminal pages replace one another on the alternate screen,
 * which Ctrl-C leaves; a change of its size interrupts the pause. Elsewhere pages follow one another.
 */
#include "watch.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "show.h"

enum { LINE = 400, EVENTS = 8, WIDTH = 80, HEIGHT = 200 };

static volatile sig_atomic_t stopped;

struct watch {
    const char *socket;
    double seconds;
    bool terminal, colours;
    unsigned width, left; /* columns; lines that still fit on the page */
    unsigned long number; /* of the last event seen */
    char events[EVENTS][LINE];
    size_t event_count;
    const cJSON *before;
};

static void on_stop(int number)
{
    (void)number;
    stopped = 1;
}

static void on_size(int number)
{
    (void)number; /* the pause ends, that is all */
}

/* ---- lines ---- */

/* Bytes of text that fill at most width columns (a character a column; UTF-8 is not cut inside one). */
static size_t fitting(const char *text, unsigned width)
{
    size_t used = 0;

    for (unsigned columns = 0; text[used]; used++) {
        if (((unsigned char)text[used] & 0xc0u) != 0x80u && columns++ == width) {
            break;
        }
    }
    return used;
}

static void line(struct watch *watch, const char *colour, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void line(struct watch *watch, const char *colour, const char *format, ...)
{
    char text[LINE];
    va_list arguments;

    if (watch->left == 0) {
        return;
    }
    watch->left--;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printf("%s%.*s%s%s\n", watch->colours ? colour : "", (int)fitting(text, watch->width), text,
           watch->colours && colour[0] ? "\033[0m" : "", watch->terminal ? "\033[K" : "");
}

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *text(const cJSON *object, const char *key)
{
    const char *value = cJSON_GetStringValue(member(object, key));
    return value ? value : "";
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *value = member(object, key);
    return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

/* ---- the page ---- */

static double rate(const struct watch *watch, const cJSON *now, const cJSON *before, const char *key)
{
    double more = number(member(now, "counters"), key) - number(member(before, "counters"), key);
    return before && more > 0 ? more * 8 / watch->seconds : 0;
}

static void tunnel_line(struct watch *watch, const char *connection, const cJSON *tunnel, const cJSON *before)
{
    const cJSON *bgp = member(tunnel, "bgp"), *outside = member(tunnel, "outside");
    bool up = strcmp(text(tunnel, "state"), "up") == 0, down = strcmp(text(tunnel, "state"), "down") == 0;
    char name[80], age[32] = "", in[32], out[32], session[48] = "";

    snprintf(name, sizeof name, "%.60s/%.0f", connection, number(tunnel, "index"));
    if (member(tunnel, "last_change_s")) {
        show_age(number(tunnel, "last_change_s"), age, sizeof age);
    }
    if (strcmp(text(bgp, "state"), "Established") == 0) {
        snprintf(session, sizeof session, "%.0f routes", number(bgp, "routes_accepted"));
    } else {
        snprintf(session, sizeof session, "%.40s", text(bgp, "state"));
    }
    line(watch, up ? "\033[32m" : down ? "\033[31m" : "\033[33m", "%c %-12.12s %-10.10s %-6s %9s %9s  %-10.10s %s",
         cJSON_IsTrue(member(tunnel, "active")) ? '*' : ' ', name, text(tunnel, "state"), age,
         show_amount(rate(watch, tunnel, before, "bytes_in"), "b/s", in, sizeof in),
         show_amount(rate(watch, tunnel, before, "bytes_out"), "b/s", out, sizeof out), session[0] ? session : "-",
         text(outside, "remote"));
    if (!up && text(tunnel, "last_error")[0]) {
        line(watch, "", "    %s", text(tunnel, "last_error"));
    }
}

static void connection_lines(struct watch *watch, const cJSON *connection, const cJSON *before)
{
    const cJSON *tunnel;
    char ago[32];
    int index = 0;

    cJSON_ArrayForEach(tunnel, member(connection, "tunnels"))
    {
        tunnel_line(watch, text(connection, "name"), tunnel, cJSON_GetArrayItem(member(before, "tunnels"), index++));
    }
    if (number(connection, "switches") > 0) {
        line(watch, "", "    %.0f failovers, the last %s ago by %s", number(connection, "switches"),
             show_age(number(connection, "last_switch_s"), ago, sizeof ago), text(connection, "last_trigger"));
    }
}

static void page(struct watch *watch, const cJSON *status)
{
    const cJSON *gateway = member(status, "gateway"), *connection;
    char clock[16];
    time_t now = time(NULL);
    struct tm parts;
    int index = 0;

    localtime_r(&now, &parts);
    strftime(clock, sizeof clock, "%H:%M:%S", &parts);
    line(watch, "\033[1m", "%s  gateway %s (%s) %s, MTU %.0f", clock, text(gateway, "name"), text(gateway, "profile"),
         text(gateway, "status"), number(gateway, "mtu"));
    line(watch, "\033[2m", "  %-12s %-10s %-6s %9s %9s  %-10s %s", "TUNNEL", "STATE", "FOR", "IN", "OUT", "BGP",
         "PEER");
    cJSON_ArrayForEach(connection, member(status, "connections"))
    {
        connection_lines(watch, connection, cJSON_GetArrayItem(member(watch->before, "connections"), index++));
    }
    line(watch, "", "%s", "");
    for (size_t i = 0; i < watch->event_count; i++) {
        line(watch, "", "%s", watch->events[i]);
    }
}

/* ---- asking ---- */

/* @return the status or NULL after a message. */
static cJSON *ask(const char *socket)
{
    struct client_request request = {.socket = socket, .method = "GET", .path = "/v1/status", .seconds = 10};
    struct client_answer answer;
    cJSON *status = NULL;

    if (client_run(&request, &answer) != 0) {
        fprintf(stderr, "s2s: %s\n", answer.problem);
    } else {
        status = cJSON_Parse(answer.body);
    }
    client_free(&answer);
    return status;
}

static bool take_event(void *user, const char *data)
{
    struct watch *watch = user;
    cJSON *event = strncmp(data, "data: ", 6) == 0 ? cJSON_Parse(data + 6) : NULL;

    if (event && strcmp(text(event, "severity"), "info") != 0 && strcmp(text(event, "severity"), "debug") != 0) {
        if (watch->event_count == EVENTS) {
            memmove(watch->events[0], watch->events[1], sizeof watch->events[0] * (EVENTS - 1));
            watch->event_count--;
        }
        snprintf(watch->events[watch->event_count++], LINE, "%s: %.340s", text(event, "type"), text(event, "text"));
    }
    if (event && member(event, "number")) {
        watch->number = (unsigned long)number(event, "number");
    }
    cJSON_Delete(event);
    return true;
}

static void ask_events(struct watch *watch)
{
    char path[80];
    struct client_request request = {.socket = watch->socket, .method = "GET", .path = path, .line = take_event,
                                     .user = watch, .seconds = 10};
    struct client_answer answer;

    snprintf(path, sizeof path, "/v1/events?since=%lu&follow=0", watch->number);
    (void)client_run(&request, &answer);
    client_free(&answer);
}

/* ---- rounds ---- */

static void measure(struct watch *watch)
{
    struct winsize size = {0};
    const char *columns = getenv("COLUMNS");

    watch->width = columns && atoi(columns) > 0 ? (unsigned)atoi(columns) : WIDTH;
    watch->left = HEIGHT;
    if (watch->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row) {
        watch->width = size.ws_col;
        watch->left = size.ws_row - 1u; /* the last line end would scroll */
    }
}

static bool one_round(struct watch *watch, cJSON **before)
{
    cJSON *now = ask(watch->socket);

    if (!now) {
        return false;
    }
    ask_events(watch);
    measure(watch);
    watch->before = *before;
    fputs(watch->terminal ? "\033[H" : "", stdout);
    page(watch, now);
    fputs(watch->terminal ? "\033[J" : "\n", stdout);
    fflush(stdout);
    cJSON_Delete(*before);
    *before = now;
    return !ferror(stdout);
}

static void listen_to_signals(void)
{
    struct sigaction action = {.sa_handler = on_stop};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    action.sa_handler = on_size;
    sigaction(SIGWINCH, &action, NULL);
}

int watch(const char *socket, double seconds, unsigned rounds)
{
    struct watch watch = {.socket = socket, .seconds = seconds, .terminal = isatty(STDOUT_FILENO)};
    struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    cJSON *before = NULL;
    bool good = true;

    watch.colours = show_colours();
    listen_to_signals();
    fputs(watch.terminal ? "\033[?1049h\033[?25l" : "", stdout);
    for (unsigned round = 0; good && !stopped && (rounds == 0 || round < rounds); round++) {
        if (round) {
            nanosleep(&pause, NULL);
        }
        good = stopped || one_round(&watch, &before);
    }
    fputs(watch.terminal ? "\033[?25h\033[?1049l" : "", stdout);
    fflush(stdout);
    cJSON_Delete(before);
    return good ? 0 : 2;
}
