/* SPDX-License-Identifier: Apache-2.0 */
#include "control_bgp.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <s2svpn/bgp_json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"

/* One request, and the words behind its question mark. */
struct ask {
    struct daemon *daemon;
    struct evhttp_request *request;
    const s2s_gateway *gateway;
    struct evkeyvalq words;
};

static const char *word(struct ask *ask, const char *key)
{
    const char *value = evhttp_find_header(&ask->words, key);
    return value && value[0] ? value : NULL;
}

static void answer_error(struct ask *ask, int error, const char *not_found, const char *invalid)
{
    if (error == S2S_ERR_NOT_FOUND) {
        answer_text(ask->request, HTTP_NOTFOUND, "Not Found", not_found);
    } else if (error == S2S_ERR_INVALID) {
        answer_text(ask->request, HTTP_BADREQUEST, "Bad Request", invalid);
    } else {
        answer_text(ask->request, HTTP_INTERNAL, "Internal Server Error", s2s_strerror(error));
    }
}

static void answer_or_error(struct ask *ask, int error, char *text, const char *not_found, const char *invalid)
{
    if (error == 0) {
        answer_json(ask->request, HTTP_OK, "OK", text);
    } else {
        answer_error(ask, error, not_found, invalid);
    }
}

static void neighbors(struct ask *ask)
{
    char *text = NULL;
    int error = s2s_bgp_neighbors_json(ask->gateway, word(ask, "name"), &text);

    answer_or_error(ask, error, text, "no such BGP neighbor", "name is a neighbor");
}

static bool read_table(const char *text, enum s2s_bgp_route_table *table)
{
    static const char *const names[] = {"received", "advertised", "best"};

    for (int i = 0; i < 3; i++) {
        if (!text || strcmp(names[i], text) == 0) {
            *table = (enum s2s_bgp_route_table)i;
            return true;
        }
    }
    return false;
}

static void routes(struct ask *ask)
{
    struct s2s_bgp_route_query query = {.struct_size = sizeof query, .neighbor = word(ask, "name")};
    const char *within = word(ask, "within"), *cursor = word(ask, "cursor"), *most = word(ask, "most");
    struct s2s_prefix prefix;
    char *text = NULL;
    bool well = read_table(word(ask, "table"), &query.table);

    if (within) {
        well = s2s_prefix_parse(within, &prefix) == 0 && well;
        query.within = &prefix;
    }
    query.cursor = cursor ? strtoull(cursor, NULL, 10) : 0;
    query.most = most ? strtoul(most, NULL, 10) : 0;
    int error = well ? s2s_bgp_routes_json(ask->gateway, &query, &text) : S2S_ERR_INVALID;
    answer_or_error(ask, error, text, "no such BGP neighbor",
                    "table is received, advertised or best; within is a prefix such as 10.0.0.0/8");
}

static void why(struct ask *ask)
{
    const char *what = word(ask, "prefix");
    char *text = NULL;
    int error = what ? s2s_bgp_why_json(ask->gateway, what, &text) : S2S_ERR_INVALID;

    answer_or_error(ask, error, text, "BGP knows no route to it",
                    "prefix is a prefix such as 10.0.0.0/16, or an address");
}

/* Does something to every session that name means; what is, stands in the answer. */
static void change(struct ask *ask, int (*first)(s2s_bgp_session *session, s2s_time now),
                   int (*second)(s2s_bgp_session *session, s2s_time now), const char *what)
{
    struct daemon *daemon = ask->daemon;
    const char *name = word(ask, "name");
    s2s_bgp_session *session;
    int error = name ? S2S_ERR_NOT_FOUND : S2S_ERR_INVALID;

    for (size_t i = 0; name && (session = s2s_bgp_session_named(ask->gateway, name, i)) != NULL; i++) {
        int first_error = first ? first(session, daemon_now(daemon)) : 0;
        int second_error = second ? second(session, daemon_now(daemon)) : 0;
        int either = first_error ? first_error : second_error;
        error = either == 0 || error == S2S_ERR_NOT_FOUND ? either : error; /* of several, one that can is enough */
    }
    s2s_driver_kick(daemon->driver);
    if (error == 0) {
        log_say(&daemon->log, S2S_LOG_NOTICE, "BGP %s: %s over the control socket", name, what);
        neighbors(ask);
    } else if (error == S2S_ERR_STATE) {
        answer_text(ask->request, 409, "Conflict", "the session is not established");
    } else if (error == S2S_ERR_UNSUPPORTED) {
        answer_text(ask->request, 409, "Conflict", "the peer cannot send its routes again (no route refresh, RFC 2918)");
    } else {
        answer_error(ask, error, "no such BGP neighbor", "which neighbor? name=CONNECTION/N");
    }
}

static void refresh(struct ask *ask)
{
    const char *direction = word(ask, "direction");

    if (!direction) {
        change(ask, s2s_bgp_session_refresh, s2s_bgp_session_resend, "routes are exchanged again");
    } else if (strcmp(direction, "in") == 0) {
        change(ask, s2s_bgp_session_refresh, NULL, "the peer's routes are asked for again");
    } else if (strcmp(direction, "out") == 0) {
        change(ask, s2s_bgp_session_resend, NULL, "our routes are sent again");
    } else {
        answer_text(ask->request, HTTP_BADREQUEST, "Bad Request", "direction is in or out");
    }
}

static void reset(struct ask *ask)
{
    change(ask, s2s_bgp_session_reset, NULL, "the session is reset");
}

static const struct row {
    const char *path;
    enum evhttp_cmd_type method;
    void (*run)(struct ask *ask);
} rows[] = {
    {"neighbors", EVHTTP_REQ_GET, neighbors}, {"routes", EVHTTP_REQ_GET, routes}, {"why", EVHTTP_REQ_GET, why},
    {"refresh", EVHTTP_REQ_POST, refresh},    {"reset", EVHTTP_REQ_POST, reset},
};

static void run(struct ask *ask, const struct row *row)
{
    const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(ask->request));

    ask->gateway = s2s_gateway_next(ask->daemon->engine, NULL);
    if (!ask->gateway || (query && evhttp_parse_query_str(query, &ask->words) != 0)) {
        answer_text(ask->request, HTTP_BADREQUEST, "Bad Request", "no gateway, or a query that cannot be read");
        return;
    }
    row->run(ask);
    if (query) {
        evhttp_clear_headers(&ask->words);
    }
}

void control_bgp(struct daemon *daemon, struct evhttp_request *request, const char *path)
{
    struct ask ask = {.daemon = daemon, .request = request};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].path, path) != 0) {
            continue;
        }
        if (evhttp_request_get_command(request) == rows[i].method) {
            run(&ask, &rows[i]);
        } else {
            answer_text(request, HTTP_BADMETHOD, "Method Not Allowed", "this method is not for this path");
        }
        return;
    }
    answer_text(request, HTTP_NOTFOUND, "Not Found", "no such path");
}
