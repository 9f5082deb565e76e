/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <s2svpn/device_files.h>
#include <s2svpn/metrics.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "control_bgp.h"
#include "events.h"
#include "unix_path.h"

enum { MOST_BODY = 65536, MOST_HEADERS = 8192, REQUEST_SECONDS = 30, BACKLOG = 16, NAME = 256 };

struct control {
    struct daemon *daemon;
    struct evhttp *http;
    struct events *events;
    char *path;
    int waiting; /* the listening socket until control_answer, then -1 */
};

/* ---- what is asked for ---- */

/* One tunnel: its connection's name and its number. */
struct place {
    struct control *control;
    struct evhttp_request *request;
    char name[NAME];
    unsigned number;
};

static s2s_tunnel *find_tunnel(const struct place *place)
{
    const s2s_gateway *gateway = s2s_gateway_next(place->control->daemon->engine, NULL);
    const s2s_connection *connection = gateway ? s2s_connection_find(gateway, place->name) : NULL;

    return connection ? s2s_connection_tunnel(connection, place->number) : NULL;
}

static void answer_tunnel(const struct place *place)
{
    s2s_tunnel *tunnel = find_tunnel(place);
    char *text = NULL;

    if (!tunnel || s2s_tunnel_status_json(tunnel, &text) != 0) {
        answer_text(place->request, HTTP_NOTFOUND, "Not Found", "no such connection or tunnel");
        return;
    }
    answer_json(place->request, HTTP_OK, "OK", text);
}

static void patch_tunnel(const struct place *place)
{
    struct daemon *daemon = place->control->daemon;
    struct evbuffer *body = evhttp_request_get_input_buffer(place->request);
    size_t length = evbuffer_get_length(body);
    const char *patch = length ? (const char *)evbuffer_pullup(body, -1) : "";
    char *text = NULL;
    int error = s2s_config_patch_tunnel(daemon->engine, daemon->config, place->name, place->number, patch, length,
                                        daemon_now(daemon));

    s2s_driver_kick(daemon->driver);
    if (error == 0) {
        log_say(&daemon->log, S2S_LOG_NOTICE, "%s/%u was changed over the control socket", place->name, place->number);
        answer_tunnel(place);
    } else if (error == S2S_ERR_CONFIG && s2s_config_errors_json(daemon->config, &text) == 0) {
        answer_json(place->request, HTTP_BADREQUEST, "Bad Request", text);
    } else if (error == S2S_ERR_NOT_FOUND) {
        answer_text(place->request, HTTP_NOTFOUND, "Not Found", "no such connection or tunnel");
    } else {
        answer_text(place->request, HTTP_INTERNAL, "Internal Server Error", s2s_strerror(error));
    }
}

static void restart_tunnel(const struct place *place)
{
    struct daemon *daemon = place->control->daemon;
    s2s_tunnel *tunnel = find_tunnel(place);
    int error = tunnel ? s2s_tunnel_restart(tunnel, daemon_now(daemon)) : S2S_ERR_NOT_FOUND;

    s2s_driver_kick(daemon->driver);
    if (error == 0) {
        log_say(&daemon->log, S2S_LOG_NOTICE, "%s/%u is restarted over the control socket", place->name, place->number);
        answer_tunnel(place);
    } else if (error == S2S_ERR_STATE) {
        answer_text(place->request, 409, "Conflict", "the tunnel is disabled");
    } else {
        answer_tunnel(place);
    }
}

static void rekey(const struct place *place, int what)
{
    struct daemon *daemon = place->control->daemon;
    s2s_tunnel *tunnel = find_tunnel(place);
    int error = tunnel ? s2s_tunnel_rekey(tunnel, what, daemon_now(daemon)) : S2S_ERR_NOT_FOUND;

    s2s_driver_kick(daemon->driver);
    if (error == S2S_ERR_STATE) {
        answer_text(place->request, 409, "Conflict", "there is no such SA");
    } else {
        answer_tunnel(place);
    }
}

static void rekey_ipsec(const struct place *place)
{
    rekey(place, S2S_REKEY_IPSEC);
}

static void rekey_ike(const struct place *place)
{
    rekey(place, S2S_REKEY_IKE);
}

static void diagnose(const struct place *place)
{
    const s2s_gateway *gateway = s2s_gateway_next(place->control->daemon->engine, NULL);
    const s2s_connection *connection = gateway ? s2s_connection_find(gateway, place->name) : NULL;
    char *text = NULL;

    if (!connection || s2s_connection_diagnosis_json(gateway, connection, &text) != 0) {
        answer_text(place->request, HTTP_NOTFOUND, "Not Found", "no such connection");
        return;
    }
    answer_json(place->request, HTTP_OK, "OK", text);
}

static void start_tunnel(const struct place *place)
{
    struct daemon *daemon = place->control->daemon;
    s2s_tunnel *tunnel = find_tunnel(place);
    int error = tunnel ? s2s_tunnel_start(tunnel, daemon_now(daemon)) : S2S_ERR_NOT_FOUND;

    s2s_driver_kick(daemon->driver);
    if (error == S2S_ERR_STATE) {
        answer_text(place->request, 409, "Conflict", "the tunnel cannot start: disabled, or its address is not there");
    } else {
        answer_tunnel(place);
    }
}

/* ?format=generic|aws-xml|alibaba|swanctl and, when AWS's least algorithms are wanted, &sample=compatibility. */
static void device_config(const struct place *place)
{
    const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(place->request));
    const s2s_gateway *gateway = s2s_gateway_next(place->control->daemon->engine, NULL);
    const s2s_connection *connection = gateway ? s2s_connection_find(gateway, place->name) : NULL;
    int kind = S2S_DEVICE_FILE_ANY, sample = S2S_DEVICE_SAMPLE_RECOMMENDED, error = S2S_ERR_INVALID;
    struct evbuffer *body = NULL;
    struct evkeyvalq words;
    char *text = NULL;

    memset(&words, 0, sizeof words);
    if (query && evhttp_parse_query_str(query, &words) == 0) {
        const char *wanted = evhttp_find_header(&words, "sample");
        kind = (int)s2s_device_file_find(evhttp_find_header(&words, "format"));
        sample = wanted && strcmp(wanted, "compatibility") == 0 ? S2S_DEVICE_SAMPLE_COMPATIBILITY : sample;
        evhttp_clear_headers(&words);
    }
    if (!connection) {
        answer_text(place->request, HTTP_NOTFOUND, "Not Found", "no such connection");
        return;
    }
    error = kind == S2S_DEVICE_FILE_ANY ? S2S_ERR_INVALID : s2s_device_file_export(connection, kind, sample, &text);
    body = error ? NULL : evbuffer_new();
    if (body && evbuffer_add(body, text, strlen(text)) == 0) {
        evhttp_add_header(evhttp_request_get_output_headers(place->request), "Cache-Control", "no-store");
        answer(place->request, HTTP_OK, "OK", s2s_device_file_type(kind), body);
    } else {
        answer_text(place->request, error == 0 || error == S2S_ERR_NO_MEMORY ? HTTP_INTERNAL : HTTP_BADREQUEST, "Bad Request",
                    error == S2S_ERR_INVALID ? "format is generic, aws-xml, alibaba or swanctl"
                    : error                  ? "this connection cannot be written in that format"
                                             : "no memory");
        if (body) {
            evbuffer_free(body);
        }
    }
    s2s_device_file_free(text);
}

/* What stands behind /v1/connections/NAME; %u is a tunnel's number. */
static const struct action {
    enum evhttp_cmd_type method;
    const char *tail;
    bool numbered;
    void (*run)(const struct place *place);
} actions[] = {
    {EVHTTP_REQ_GET, "", true, answer_tunnel},           {EVHTTP_REQ_PATCH, "", true, patch_tunnel},
    {EVHTTP_REQ_POST, "/restart", true, restart_tunnel}, {EVHTTP_REQ_GET, "/diagnosis", false, diagnose},
    {EVHTTP_REQ_GET, "/device-config", false, device_config}, {EVHTTP_REQ_POST, "/rekey", true, rekey_ipsec},
    {EVHTTP_REQ_POST, "/rekey-ike", true, rekey_ike},       {EVHTTP_REQ_POST, "/start", true, start_tunnel},
};

/* "/NAME/tunnels/3/restart" -> name, 3, "/restart"; "/NAME/diagnosis" -> name, 0, "/diagnosis". @return the tail or
 * NULL. */
static const char *read_place(const char *path, struct place *place)
{
    size_t length = strcspn(path, "/");
    char *name, *end;
    size_t used;

    if (length == 0 || length >= NAME) {
        return NULL;
    }
    char raw[NAME];
    memcpy(raw, path, length);
    raw[length] = '\0';
    name = evhttp_uridecode(raw, 0, &used);
    if (!name || used >= NAME || strlen(name) != used) {
        free(name);
        return NULL;
    }
    memcpy(place->name, name, used + 1);
    free(name);
    path += length;
    if (strncmp(path, "/tunnels/", 9) != 0) {
        return path;
    }
    unsigned long number = strtoul(path + 9, &end, 10);
    if (path[9] < '1' || path[9] > '9' || number > 1000) {
        return NULL;
    }
    place->number = (unsigned)number;
    return end;
}

static void serve_connection(struct control *control, struct evhttp_request *request, const char *path)
{
    struct place place = {.control = control, .request = request};
    const char *tail = read_place(path, &place);
    bool known = false;

    for (size_t i = 0; tail && i < sizeof actions / sizeof *actions; i++) {
        bool fits = strcmp(actions[i].tail, tail) == 0 && actions[i].numbered == (place.number > 0);
        if (fits && actions[i].method == evhttp_request_get_command(request)) {
            actions[i].run(&place);
            return;
        }
        known = known || fits;
    }
    if (known) {
        answer_text(request, HTTP_BADMETHOD, "Method Not Allowed", "this method is not for this path");
    } else {
        answer_text(request, HTTP_NOTFOUND, "Not Found", "no such path");
    }
}

/* ---- whole-gateway requests ---- */

static void serve_status(struct control *control, struct evhttp_request *request)
{
    char *text = NULL;
    int error = s2s_status_json(control->daemon->engine, &text);

    if (error) {
        answer_text(request, HTTP_INTERNAL, "Internal Server Error", s2s_strerror(error));
    } else {
        answer_json(request, HTTP_OK, "OK", text);
    }
}

static void serve_metrics(struct control *control, struct evhttp_request *request)
{
    struct evbuffer *body = evbuffer_new();
    char *text = NULL;
    int error = body ? s2s_metrics_text(control->daemon->engine, &text) : S2S_ERR_NO_MEMORY;

    if (error == 0) {
        evbuffer_add(body, text, strlen(text));
    }
    s2s_json_free(text);
    answer(request, error ? HTTP_INTERNAL : HTTP_OK, error ? "Internal Server Error" : "OK",
           "text/plain; version=0.0.4; charset=utf-8", body);
}

static void serve_events(struct control *control, struct evhttp_request *request)
{
    events_serve(control->events, request);
}

static void serve_explain(struct control *control, struct evhttp_request *request)
{
    const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request)), *text = "";
    const s2s_gateway *gateway = s2s_gateway_next(control->daemon->engine, NULL);
    struct s2s_addr source = {0}, destination = {0};
    struct evkeyvalq words;
    int error = S2S_ERR_INVALID;

    memset(&words, 0, sizeof words);
    if (query && evhttp_parse_query_str(query, &words) == 0) {
        const char *from = evhttp_find_header(&words, "source"), *to = evhttp_find_header(&words, "destination");
        error = !from || !to || s2s_addr_parse(from, &source) || s2s_addr_parse(to, &destination) ? S2S_ERR_INVALID : 0;
        evhttp_clear_headers(&words);
    }
    if (error || !gateway) {
        answer_text(request, HTTP_BADREQUEST, "Bad Request", "source and destination are IP addresses");
        return;
    }
    (void)s2s_gateway_explain(gateway, &source, &destination, &text);
    answer_text(request, HTTP_OK, "OK", text);
}

static const struct whole {
    const char *path;
    void (*run)(struct control *control, struct evhttp_request *request);
} wholes[] = {
    {"/v1/status", serve_status},
    {"/v1/events", serve_events},
    {"/v1/explain", serve_explain},
    {"/metrics", serve_metrics},
};

static void serve(struct evhttp_request *request, void *user)
{
    static const char below[] = "/v1/connections/", bgp[] = "/v1/bgp/";
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;

    for (size_t i = 0; path && i < sizeof wholes / sizeof *wholes; i++) {
        if (strcmp(wholes[i].path, path) != 0) {
            continue;
        }
        if (evhttp_request_get_command(request) == EVHTTP_REQ_GET) {
            wholes[i].run(user, request);
        } else {
            answer_text(request, HTTP_BADMETHOD, "Method Not Allowed", "this path is read with GET");
        }
        return;
    }
    if (path && strncmp(path, below, sizeof below - 1) == 0) {
        serve_connection(user, request, path + sizeof below - 1);
    } else if (path && strncmp(path, bgp, sizeof bgp - 1) == 0) {
        control_bgp(((struct control *)user)->daemon, request, path + sizeof bgp - 1);
    } else {
        answer_text(request, HTTP_NOTFOUND, "Not Found", "no such path");
    }
}

/* ---- the socket ---- */

static int bind_socket(int fd, const char *path)
{
    struct sockaddr_un address;
    int folder, result = unix_path(path, &address, &folder), error;
    mode_t before;

    if (result == 0) {
        before = umask(0177); /* from its first moment on nobody else can connect */
        result = bind(fd, (const struct sockaddr *)&address, sizeof address);
        error = errno;
        umask(before);
        if (folder >= 0) {
            close(folder);
        }
        errno = error;
    }
    return result;
}

/* A socket that a killed process left is in nobody's use: connecting to it is refused. */
static bool abandoned(const char *path)
{
    struct sockaddr_un address;
    struct stat status;
    int folder, fd;
    bool dead;

    if (lstat(path, &status) != 0 || !S_ISSOCK(status.st_mode) || unix_path(path, &address, &folder) != 0) {
        return false;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    dead = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 && errno == ECONNREFUSED;
    if (fd >= 0) {
        close(fd);
    }
    if (folder >= 0) {
        close(folder);
    }
    return dead;
}

static int open_socket(const struct daemon *daemon, const char *path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int result = fd < 0 ? -1 : bind_socket(fd, path);

    if (fd >= 0 && result != 0 && errno == EADDRINUSE && abandoned(path) && unlink(path) == 0) {
        result = bind_socket(fd, path);
    }
    if (result == 0 && listen(fd, BACKLOG) != 0) {
        result = -1;
    }
    if (result != 0) {
        log_say(&daemon->log, S2S_LOG_ERROR, "control socket %s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static bool make_http(struct control *control)
{
    control->events = events_new(control->daemon->base);
    control->http = evhttp_new(control->daemon->base);
    if (!control->events || !control->http) {
        return false;
    }
    evhttp_set_allowed_methods(control->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PATCH);
    evhttp_set_max_body_size(control->http, MOST_BODY);
    evhttp_set_max_headers_size(control->http, MOST_HEADERS);
    evhttp_set_timeout(control->http, REQUEST_SECONDS);
    evhttp_set_gencb(control->http, serve, control);
    return true;
}

struct control *control_new(struct daemon *daemon, const char *path)
{
    int fd = open_socket(daemon, path);
    struct control *control = fd >= 0 ? calloc(1, sizeof *control) : NULL;

    if (!control) {
        if (fd >= 0) {
            close(fd);
        }
        return NULL;
    }
    control->daemon = daemon;
    control->waiting = fd;
    control->path = strdup(path);
    if (!control->path || !make_http(control)) {
        log_say(&daemon->log, S2S_LOG_ERROR, "control socket %s: no memory", path);
        control_delete(control);
        return NULL;
    }
    return control;
}

void control_answer(struct control *control)
{
    if (control->waiting >= 0 && evhttp_accept_socket(control->http, control->waiting) == 0) {
        control->waiting = -1;
    }
}

void control_delete(struct control *control)
{
    if (!control) {
        return;
    }
    events_delete(control->events);
    if (control->http) {
        evhttp_free(control->http);
    }
    if (control->waiting >= 0) {
        close(control->waiting);
    }
    if (control->path) {
        unlink(control->path);
    }
    free(control->path);
    free(control);
}

void control_event(struct control *control, const struct s2s_event *event, const char *json)
{
    events_put(control->events, event->number, s2s_event_name((int)event->type), json);
}
