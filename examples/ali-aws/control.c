/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_MS = 5000, PIECE = 16384 };

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static int write_all(int fd, const char *text, size_t length)
{
    while (length) {
        ssize_t put = send(fd, text, length, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return -1;
        text += put;
        length -= (size_t)put;
    }
    return 0;
}

/* HTTP/1.0: the answer comes unchunked and ends with the connection. */
static int ask(const char *socket_path, const char *method, const char *path, const char *body)
{
    char head[512];
    size_t length = body ? strlen(body) : 0;
    int fd = connect_to(socket_path);
    int count = snprintf(head, sizeof head, "%s %s HTTP/1.0\r\nHost: localhost\r\n", method, path);
    if (body)
        count += snprintf(head + count, sizeof head - (size_t)count,
                          "Content-Type: application/merge-patch+json\r\nContent-Length: %zu\r\n", length);
    count += snprintf(head + count, sizeof head - (size_t)count, "\r\n");
    if (fd >= 0 && (write_all(fd, head, (size_t)count) != 0 || write_all(fd, body ? body : "", length) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Appends what can be read. @return octets, 0 at the end, -1 with errno. */
static ssize_t append(int fd, char **text, size_t *length, size_t *capacity)
{
    if (*capacity - *length < PIECE + 1) {
        char *larger = realloc(*text, *capacity * 2 + PIECE + 1);
        if (!larger)
            return -1;
        *text = larger;
        *capacity = *capacity * 2 + PIECE + 1;
    }
    ssize_t got = read(fd, *text + *length, PIECE);
    if (got > 0)
        *length += (size_t)got;
    (*text)[*length] = '\0';
    return got;
}

static int read_answer(int fd, char **text)
{
    size_t length = 0, capacity = 0;
    for (;;) {
        struct pollfd ready = {fd, POLLIN, 0};
        int count = poll(&ready, 1, ANSWER_MS);
        if (count == 0)
            errno = ETIMEDOUT;
        if (count == 0 || (count < 0 && errno != EINTR))
            return -1;
        ssize_t got = count > 0 ? append(fd, text, &length, &capacity) : 1;
        if (got <= 0 && !(got < 0 && errno == EINTR))
            return (int)got;
    }
}

int control_request(const char *socket_path, const char *method, const char *path, const char *body, char **reply)
{
    char *text = NULL;
    int code = -1, fd = ask(socket_path, method, path, body);
    *reply = NULL;
    if (fd < 0)
        return -1;
    if (read_answer(fd, &text) == 0 && text) {
        const char *end = strstr(text, "\r\n\r\n");
        if (sscanf(text, "HTTP/%*d.%*d %d", &code) != 1 || !end || !(*reply = strdup(end + 4)))
            code = -1;
        if (code < 0)
            errno = EPROTO;
    }
    (void)close(fd);
    free(text);
    return code;
}

int control_stream_open(struct control_stream *stream, const char *socket_path)
{
    *stream = (struct control_stream){.fd = ask(socket_path, "GET", "/v1/events", NULL)};
    return stream->fd < 0 ? -1 : fcntl(stream->fd, F_SETFL, O_NONBLOCK);
}

/* "data: {...}": everything else of the stream (headers, comments, numbers) is passed over. */
static void take_lines(struct control_stream *stream, void (*line)(void *user, const char *json), void *user)
{
    char *start = stream->text, *end;
    while ((end = memchr(start, '\n', stream->length - (size_t)(start - stream->text)))) {
        *end = '\0';
        if (strncmp(start, "data:", 5) == 0)
            line(user, start + 5);
        start = end + 1;
    }
    stream->length -= (size_t)(start - stream->text);
    memmove(stream->text, start, stream->length);
}

int control_stream_read(struct control_stream *stream, void (*line)(void *user, const char *json), void *user)
{
    ssize_t got;
    while ((got = append(stream->fd, &stream->text, &stream->length, &stream->capacity)) > 0)
        take_lines(stream, line, user);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    control_stream_close(stream);
    return -1;
}

void control_stream_close(struct control_stream *stream)
{
    if (stream->fd >= 0)
        (void)close(stream->fd);
    free(stream->text);
    *stream = (struct control_stream){.fd = -1};
}
