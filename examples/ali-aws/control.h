/* SPDX-License-Identifier: Apache-2.0 */
/* control: requests to a gateway's control socket (HTTP on a Unix socket), and its stream of events. */
#ifndef ALI_AWS_CONTROL_H
#define ALI_AWS_CONTROL_H

#include <stddef.h>

/*
 * One request; body may be NULL. *reply is the answer's body, the caller's to free.
 * @return the HTTP status, or -1 with errno (nothing listens, no answer in time, no HTTP).
 */
int control_request(const char *socket_path, const char *method, const char *path, const char *body, char **reply);

/* GET /v1/events: one JSON object a line. */
struct control_stream {
    int fd; /* to poll for input; -1 = closed */
    char *text;
    size_t length, capacity;
};
/* @return 0 or -1 with errno. */
int control_stream_open(struct control_stream *stream, const char *socket_path);
/* Reads what is there without waiting and calls line for each event. @return 0, or -1 when the stream has ended. */
int control_stream_read(struct control_stream *stream, void (*line)(void *user, const char *json), void *user);
void control_stream_close(struct control_stream *stream);

#endif
