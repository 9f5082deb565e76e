/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <stdio.h>
#include <time.h>

#include "client.h"
#include "show.h"

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

int watch(const char *socket, double seconds, unsigned rounds)
{
    struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    cJSON *before = NULL, *now = NULL;

    for (unsigned round = 0; rounds == 0 || round < rounds; round++) {
        if (round) {
            nanosleep(&pause, NULL);
        }
        now = ask(socket);
        if (!now) {
            cJSON_Delete(before);
            return 1;
        }
        if (show_colours()) {
            fputs("\033[H\033[2J", stdout); /* home, clear */
        }
        show_status(stdout, now, before, seconds);
        fflush(stdout);
        cJSON_Delete(before);
        before = now;
    }
    cJSON_Delete(before);
    return 0;
}
