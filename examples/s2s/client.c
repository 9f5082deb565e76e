/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unix_path.h"

enum { MOST_BODY = 64 << 20 };

struct run {
    const struct client_request *request;
    struct client_answer *answer;
    struct event_base *base;
    bool head_done, ended, stopped;
};

static int fail(struct run *run, const char *what)
{
    if (!run->answer->problem[0]) {
        snprintf(run->answer->problem, sizeof run->answer->problem, "%s: %s", run->request->socket, what);
    }
    event_base_loopbreak(run->base);
    return -1;
}

/* The status line and the headers, up to the empty line. */
static void read_head(struct run *run, struct evbuffer *input)
{
    char *line;
    size_t length;

    while (!run->head_done && (line = evbuffer_readln(input, &length, EVBUFFER_EOL_CRLF)) != NULL) {
        if (run->answer->code == 0 && sscanf(line, "HTTP/%*d.%*d %d", &run->answer->code) != 1) {
            fail(run, "the answer is not HTTP");
        }
        run->head_done = length == 0;
        free(line);
    }
}

static void read_lines(struct run *run, struct evbuffer *input)
{
    char *line;

    while (!run->stopped && (line = evbuffer_readln(input, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
        run->stopped = !run->request->line(run->request->user, line);
        free(line);
    }
    if (run->stopped) {
        event_base_loopbreak(run->base);
    }
}

static void on_read(struct bufferevent *stream, void *user)
{
    struct run *run = user;
    struct evbuffer *input = bufferevent_get_input(stream);

    read_head(run, input);
    if (run->head_done && run->request->line && run->answer->code == 200) {
        read_lines(run, input);
    } else if (evbuffer_get_length(input) > MOST_BODY) {
        fail(run, "the answer is too large");
    }
}

static void on_event(struct bufferevent *stream, short what, void *user)
{
    struct run *run = user;

    if (what & BEV_EVENT_CONNECTED) {
        return;
    }
    on_read(stream, user);
    if (what & BEV_EVENT_EOF) {
        run->ended = run->head_done;
        if (!run->ended) {
            fail(run, "the answer ended early");
        }
        event_base_loopbreak(run->base);
        return;
    }
    fail(run, what & BEV_EVENT_TIMEOUT ? "no answer in time" : strerror(errno));
}

/* @return a connected descriptor or -1 with errno. */
static int connect_to(const char *path)
{
    struct sockaddr_un address;
    int folder, error, fd = -1;

    if (unix_path(path, &address, &folder) == 0) {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
            error = errno;
            close(fd);
            errno = error;
            fd = -1;
        }
        error = errno;
        if (folder >= 0) {
            close(folder);
        }
        errno = error;
    }
    return fd;
}

static void send_request(const struct client_request *request, struct bufferevent *stream)
{
    struct evbuffer *out = bufferevent_get_output(stream);

    evbuffer_add_printf(out, "%s %s HTTP/1.0\r\nHost: localhost\r\n", request->method, request->path);
    if (request->body) {
        evbuffer_add_printf(out, "Content-Type: application/merge-patch+json\r\nContent-Length: %zu\r\n",
                            strlen(request->body));
    } else if (strcmp(request->method, "POST") == 0) {
        evbuffer_add_printf(out, "Content-Length: 0\r\n");
    }
    evbuffer_add_printf(out, "\r\n%s", request->body ? request->body : "");
}

/* What is left in the buffer is the body. */
static int keep_body(struct run *run, struct bufferevent *stream)
{
    struct evbuffer *input = bufferevent_get_input(stream);
    size_t length = evbuffer_get_length(input);

    run->answer->body = malloc(length + 1);
    if (!run->answer->body) {
        return fail(run, "no memory");
    }
    evbuffer_remove(input, run->answer->body, length);
    run->answer->body[length] = '\0';
    return 0;
}

static int exchange(struct run *run, struct bufferevent *stream)
{
    const struct timeval limit = {run->request->seconds, 0};

    bufferevent_setcb(stream, on_read, NULL, on_event, run);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
    if (run->request->seconds) {
        bufferevent_set_timeouts(stream, &limit, &limit);
    }
    send_request(run->request, stream);
    event_base_dispatch(run->base);
    if (run->answer->problem[0]) {
        return -1;
    }
    return keep_body(run, stream);
}

int client_run(const struct client_request *request, struct client_answer *answer)
{
    struct run run = {.request = request, .answer = answer};
    struct bufferevent *stream;
    int fd = connect_to(request->socket), result = -1;

    memset(answer, 0, sizeof *answer);
    if (fd < 0) {
        snprintf(answer->problem, sizeof answer->problem, "%s: %s", request->socket, strerror(errno));
        return -1;
    }
    run.base = event_base_new();
    evutil_make_socket_nonblocking(fd);
    stream = run.base ? bufferevent_socket_new(run.base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
    if (stream) {
        result = exchange(&run, stream);
        bufferevent_free(stream);
    } else {
        close(fd);
        snprintf(answer->problem, sizeof answer->problem, "no memory");
    }
    if (run.base) {
        event_base_free(run.base);
    }
    return result;
}

void client_free(struct client_answer *answer)
{
    free(answer->body);
    answer->body = NULL;
}
