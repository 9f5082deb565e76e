/* SPDX-License-Identifier: Apache-2.0 */
#include "tunnels.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "show.h"

enum { PATH = 1200, STEP_MS = 200 };

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

static const char *path_of(const struct place *place, const char *tail, char path[PATH])
{
    char name[800];

    snprintf(path, PATH, "/v1/connections/%s/tunnels/%u%s", escaped(place->connection, name, sizeof name),
             place->number, tail);
    return path;
}

/* The connection of a status, or NULL after a message. */
static const cJSON *find_connection(const cJSON *status, const char *name)
{
    const cJSON *connection;

    cJSON_ArrayForEach(connection, member(status, "connections"))
    {
        if (strcmp(text(connection, "name"), name) == 0) {
            return connection;
        }
    }
    fprintf(stderr, "s2s: no such connection: %s\n", name);
    return NULL;
}

/* ---- what is ---- */

static int show_connection(const struct options *options, const struct place *place)
{
    int result;
    cJSON *status = request_json(options, "GET", "/v1/status", NULL, &result);
    const cJSON *connection = status ? find_connection(status, place->connection) : NULL;

    if (connection && options->json) {
        print_json(connection);
    } else if (connection) {
        show_connection_lines(stdout, connection);
    } else if (status) {
        result = REFUSED;
    }
    cJSON_Delete(status);
    return result;
}

static void print_status(const char *body)
{
    cJSON *status = cJSON_Parse(body);
    show_status(stdout, status, NULL, 0);
    cJSON_Delete(status);
}

static void print_tunnel(const char *body)
{
    cJSON *tunnel = cJSON_Parse(body);
    show_tunnel(stdout, tunnel);
    cJSON_Delete(tunnel);
}

int tunnels_status(const struct options *options, char **words)
{
    struct place place;
    char path[PATH];
    int used = words[1] ? place_read(words + 1, &place) : 0;

    if (!words[1]) {
        return request(options, "GET", "/v1/status", NULL, print_status);
    }
    if (!used || words[1 + used]) {
        return -1;
    }
    return place.number ? request(options, "GET", path_of(&place, "", path), NULL, print_tunnel)
                        : show_connection(options, &place);
}

/* Calls each for every tunnel that place means (NULL = all). */
static int each_tunnel(const cJSON *status, const struct place *place, void (*each)(const cJSON *, const cJSON *))
{
    const cJSON *connection, *tunnel;
    int count = 0;

    cJSON_ArrayForEach(connection, member(status, "connections"))
    {
        if (place && strcmp(text(connection, "name"), place->connection) != 0) {
            continue;
        }
        cJSON_ArrayForEach(tunnel, member(connection, "tunnels"))
        {
            if (!place || !place->number || (unsigned)number(tunnel, "index") == place->number) {
                each(connection, tunnel);
                count++;
            }
        }
    }
    return count;
}

static void sa_line(const cJSON *connection, const cJSON *tunnel)
{
    show_sas(stdout, text(connection, "name"), tunnel);
}

static void sa_json(const cJSON *connection, const cJSON *tunnel)
{
    cJSON *line = cJSON_CreateObject();

    cJSON_AddStringToObject(line, "connection", text(connection, "name"));
    cJSON_AddNumberToObject(line, "tunnel", number(tunnel, "index"));
    cJSON_AddItemToObject(line, "sas", cJSON_Duplicate(member(tunnel, "negotiated"), 1));
    print_json(line);
    cJSON_Delete(line);
}

int tunnels_sa(const struct options *options, char **words)
{
    struct place place;
    int used = words[1] ? place_read(words + 1, &place) : 0, result;
    cJSON *status;

    if (words[1] && (!used || words[1 + used])) {
        return -1;
    }
    status = request_json(options, "GET", "/v1/status", NULL, &result);
    if (status && each_tunnel(status, used ? &place : NULL, options->json ? sa_json : sa_line) == 0 && used) {
        fprintf(stderr, "s2s: no such connection or tunnel: %s\n", words[1]);
        result = REFUSED;
    }
    cJSON_Delete(status);
    return result;
}

int tunnels_routes(const struct options *options, char **words)
{
    int result;
    cJSON *status = request_json(options, "GET", "/v1/status", NULL, &result);

    (void)words;
    if (status && options->json) {
        print_json(member(status, "routes"));
    } else if (status) {
        show_route_table(stdout, member(status, "routes"));
    }
    cJSON_Delete(status);
    return result;
}

/* ---- changes ---- */

static const struct change {
    const char *name, *method, *tail, *body, *ike_tail;
    bool up, down; /* what --wait waits for */
} changes[] = {
    {"up", "PATCH", "", "{\"enabled\":true}", NULL, true, false},
    {"enable", "PATCH", "", "{\"enabled\":true}", NULL, true, false},
    {"down", "PATCH", "", "{\"enabled\":false}", NULL, false, true},
    {"disable", "PATCH", "", "{\"enabled\":false}", NULL, false, true},
    {"restart", "POST", "/restart", NULL, NULL, true, false},
    {"rekey", "POST", "/rekey", NULL, "/rekey-ike", true, false},
};

static void pause_ms(long milliseconds)
{
    const struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static double now_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Tells each new state as it comes, so that a long step is seen to move. @return exit status. */
static int wait_for(const struct options *options, const struct place *place, const struct change *change)
{
    char path[PATH], before[40] = "", state[40];
    double start = now_seconds();
    int result = DONE;

    while (now_seconds() - start < options->seconds) {
        cJSON *tunnel = request_json(options, "GET", path_of(place, "", path), NULL, &result);
        if (!tunnel) {
            return result;
        }
        snprintf(state, sizeof state, "%s", text(tunnel, "state"));
        if (strcmp(state, before) != 0 && !options->json) {
            fprintf(stderr, "%5.1f s  %s/%u is %s%s%s\n", now_seconds() - start, place->connection, place->number, state,
                    text(tunnel, "last_error")[0] ? ": " : "", text(tunnel, "last_error"));
        }
        memcpy(before, state, sizeof before);
        cJSON_Delete(tunnel);
        if (strcmp(state, change->up ? "up" : change->down ? "disabled" : state) == 0) {
            return DONE;
        }
        pause_ms(STEP_MS);
    }
    fprintf(stderr, "s2s: %s/%u is still %s after %.0f s; `s2s diagnose %s` may tell why\n", place->connection,
            place->number, before, options->seconds, place->connection);
    return IN_VAIN;
}

static int change_one(const struct options *options, const struct place *place, const struct change *change)
{
    char path[PATH];
    const char *tail = options->ike && change->ike_tail ? change->ike_tail : change->tail;
    int result = request(options, change->method, path_of(place, tail, path), change->body, print_tunnel);

    if (result == DONE && strcmp(change->name, "up") == 0) { /* also one that waits for its peer or for traffic */
        int started;
        cJSON_Delete(request_json(options, "POST", path_of(place, "/start", path), NULL, &started));
    }
    return result == DONE && options->wait ? wait_for(options, place, change) : result;
}

/* All tunnels of a connection, one after the other. */
static int change_all(const struct options *options, struct place *place, const struct change *change)
{
    int result, worst = DONE;
    cJSON *status = request_json(options, "GET", "/v1/status", NULL, &result);
    const cJSON *connection = status ? find_connection(status, place->connection) : NULL;
    int count = cJSON_GetArraySize(member(connection, "tunnels"));

    cJSON_Delete(status);
    if (count == 0) {
        return result == DONE ? REFUSED : result;
    }
    for (place->number = 1; place->number <= (unsigned)count; place->number++) {
        result = change_one(options, place, change);
        worst = result > worst ? result : worst;
    }
    return worst;
}

int tunnels_change(const struct options *options, char **words)
{
    struct place place;
    int used = place_read(words + 1, &place);

    if (!used || words[1 + used]) {
        return -1;
    }
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        if (strcmp(changes[i].name, words[0]) == 0) {
            return place.number ? change_one(options, &place, &changes[i]) : change_all(options, &place, &changes[i]);
        }
    }
    return -1;
}

int tunnels_set(const struct options *options, char **words)
{
    struct place place;
    char path[PATH];
    int used = place_read(words + 1, &place);

    if (!used || !place.number || !words[1 + used] || words[2 + used]) {
        return -1;
    }
    return request(options, "PATCH", path_of(&place, "", path), words[1 + used], print_tunnel);
}
