/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client: HTTP/1.0 over a Unix socket with a bufferevent (libevent 2.1 has no evhttp client there). An answer ends with
 * the connection, so that the same code reads a status and an endless stream of events.
 */
#ifndef S2S_CLIENT_H
#define S2S_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

/* One line of a stream, without its end. @return false to stop. */
typedef bool (*client_line_function)(void *user, const char *line);

struct client_request {
    const char *socket, *method, *path, *body; /* body NULL = none */
    client_line_function line;                 /* NULL = the whole body is kept */
    void *user;
    unsigned seconds; /* 0 = as long as it takes */
};

struct client_answer {
    int code;          /* HTTP status, 0 = no answer */
    char *body;        /* NUL-terminated; NULL with line */
    char problem[200]; /* why there is no answer */
};

/* Runs until the answer is whole. @return 0 or -1 (problem is set). */
int client_run(const struct client_request *request, struct client_answer *answer);
void client_free(struct client_answer *answer);

#endif
