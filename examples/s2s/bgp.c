/* SPDX-License-Identifier: Apache-2.0 */
#include "bgp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"
#include "show.h"

enum { PATH = 2000, PART = 900 };

struct context {
    struct options options;
    int result; /* exit status of the last request */
};

static cJSON *fetch(struct context *context, const char *method, const char *path)
{
    return request_json(&context->options, method, path, NULL, &context->result);
}

static int print(struct context *context, cJSON *tree, void (*show)(const cJSON *tree))
{
    if (tree && context->options.json) {
        char *text = cJSON_PrintUnformatted(tree);
        puts(text ? text : "");
        free(text);
    } else if (tree) {
        show(tree);
    }
    cJSON_Delete(tree);
    return tree ? DONE : context->result;
}

/* ---- members ---- */

static const char *text(const cJSON *object, const char *key)
{
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return value ? value : "";
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

static bool yes(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* A number that may be missing. */
static const char *number_or(const cJSON *object, const char *key, const char *missing, char out[24])
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);

    snprintf(out, 24, "%.0f", cJSON_IsNumber(value) ? value->valuedouble : 0);
    return cJSON_IsNumber(value) ? out : missing;
}

/* ---- neighbors ---- */

static void neighbor_line(const cJSON *one)
{
    char since[32];

    printf("  %-18s %-22s %-11.0f %-12s %-8s %8.0f %8.0f %8.0f\n", text(one, "name"), text(one, "peer_ip"),
           number(one, "peer_asn"), text(one, "state"), show_age(number(one, "since_s"), since, sizeof since),
           number(one, "routes_received"), number(one, "routes_accepted"), number(one, "routes_advertised"));
    if (text(one, "last_error")[0]) {
        printf("    %s\n", text(one, "last_error"));
    }
}

static void neighbor_details(const cJSON *one)
{
    const cJSON *last = cJSON_GetObjectItemCaseSensitive(one, "last_notification");
    char since[32];

    printf("%s: %s for %s (%s)\n", text(one, "name"), text(one, "state"),
           show_age(number(one, "since_s"), since, sizeof since), text(one, "status"));
    printf("  %s AS %.0f  ->  %s AS %.0f, router id %s\n", text(one, "local_ip"), number(one, "local_asn"),
           text(one, "peer_ip"), number(one, "peer_asn"),
           text(one, "peer_router_id")[0] ? text(one, "peer_router_id") : "not known");
    printf("  hold time %.0f s, keepalive %.0f s%s%s%s\n", number(one, "hold_time"), number(one, "keepalive"),
           yes(one, "graceful_restart") ? ", graceful restart" : "", yes(one, "route_refresh") ? ", route refresh" : "",
           yes(one, "four_octet_as") ? ", four-octet AS" : "");
    printf("  routes: %.0f received, %.0f accepted, %.0f advertised", number(one, "routes_received"),
           number(one, "routes_accepted"), number(one, "routes_advertised"));
    if (number(one, "max_prefix") > 0) {
        printf(", limit %.0f", number(one, "max_prefix"));
    }
    printf("%s\n  messages: %.0f in, %.0f out (UPDATEs %.0f, %.0f); flaps %.0f\n", yes(one, "stale") ? ", stale" : "",
           number(one, "messages_in"), number(one, "messages_out"), number(one, "updates_in"),
           number(one, "updates_out"), number(one, "flaps"));
    if (last) {
        printf("  last NOTIFICATION: %s, code %.0f subcode %.0f\n", yes(last, "by_peer") ? "received" : "sent",
               number(last, "code"), number(last, "subcode"));
    }
    if (text(one, "last_error")[0]) {
        printf("  %s\n", text(one, "last_error"));
    }
}

static void show_neighbors(const cJSON *tree)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(tree, "neighbors"), *one;

    if (cJSON_GetArraySize(list) == 0) {
        puts("no connection of this gateway uses BGP");
        return;
    }
    printf("  %-18s %-22s %-11s %-12s %-8s %8s %8s %8s\n", "neighbor", "peer", "AS", "state", "for", "received", "accepted",
           "sent");
    cJSON_ArrayForEach(one, list)
    {
        neighbor_line(one);
    }
}

static void show_details(const cJSON *tree)
{
    const cJSON *one;

    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(tree, "neighbors"))
    {
        neighbor_details(one);
    }
}

static int neighbors(struct context *context, char **words)
{
    char path[PATH], part[PART];

    snprintf(path, sizeof path, "/v1/bgp/neighbors%s%s", words[0] ? "?name=" : "",
             words[0] ? escaped(words[0], part, sizeof part) : "");
    return print(context, fetch(context, "GET", path), words[0] ? show_details : show_neighbors);
}

/* ---- routes ---- */

static void show_route(const cJSON *route)
{
    char med[24], preference[24];

    printf("%c %-20s %-18s %-10s %-6s [%s]%s%s  %s\n", yes(route, "best") ? '*' : yes(route, "accepted") ? ' ' : '-',
           text(route, "prefix"), text(route, "next_hop")[0] ? text(route, "next_hop") : "here", number_or(route, "med", "-", med),
           number_or(route, "local_pref", "-", preference), text(route, "as_path"), text(route, "communities")[0] ? " " : "",
           text(route, "communities"), text(route, "why"));
}

static void show_routes(const cJSON *tree)
{
    const cJSON *route, *list = cJSON_GetObjectItemCaseSensitive(tree, "routes");

    printf("%s routes%s%s\n", text(tree, "table"), text(tree, "neighbor")[0] ? " of " : "", text(tree, "neighbor"));
    printf("  %-20s %-18s %-10s %-6s %s\n", "prefix", "next hop", "MED", "pref", "[AS path] communities  why");
    cJSON_ArrayForEach(route, list)
    {
        show_route(route);
    }
    printf("%d routes; * is in use, - is refused\n", cJSON_GetArraySize(list));
}

/* Page after page, joined. */
static cJSON *fetch_all(struct context *context, const char *path)
{
    cJSON *whole = fetch(context, "GET", path), *list = cJSON_GetObjectItemCaseSensitive(whole, "routes");

    while (whole && text(whole, "next")[0]) {
        char next[PATH + 64];
        snprintf(next, sizeof next, "%s%ccursor=%.30s", path, strchr(path, '?') ? '&' : '?', text(whole, "next"));
        cJSON *page = fetch(context, "GET", next), *route;
        cJSON_DeleteItemFromObjectCaseSensitive(whole, "next");
        if (!page) {
            cJSON_Delete(whole);
            return NULL;
        }
        while ((route = cJSON_DetachItemFromArray(cJSON_GetObjectItemCaseSensitive(page, "routes"), 0)) != NULL) {
            cJSON_AddItemToArray(list, route);
        }
        if (text(page, "next")[0]) {
            cJSON_AddStringToObject(whole, "next", text(page, "next"));
        }
        cJSON_Delete(page);
    }
    return whole;
}

static bool is_table(const char *word)
{
    return strcmp(word, "received") == 0 || strcmp(word, "advertised") == 0 || strcmp(word, "best") == 0;
}

static int routes(struct context *context, char **words)
{
    char path[PATH] = "/v1/bgp/routes", part[PART];
    size_t used = strlen(path);

    for (int i = 0; words[i]; i++) {
        bool within = strchr(words[i], '/') && words[i][strspn(words[i], "0123456789abcdefABCDEF.:/")] == '\0';
        const char *key = within ? "within" : is_table(words[i]) ? "table" : "name";
        int more = snprintf(path + used, sizeof path - used, "%c%s=%s", i == 0 ? '?' : '&', key,
                            escaped(words[i], part, sizeof part));
        used += (size_t)more < sizeof path - used ? (size_t)more : sizeof path - used - 1;
    }
    return print(context, fetch_all(context, path), show_routes);
}

/* ---- why, refresh, reset ---- */

static void show_why(const cJSON *tree)
{
    printf("%s\n%s", text(tree, "prefix"), text(tree, "text"));
}

static int why(struct context *context, char **words)
{
    char path[PATH], part[PART];

    snprintf(path, sizeof path, "/v1/bgp/why?prefix=%s", escaped(words[0], part, sizeof part));
    return print(context, fetch(context, "GET", path), show_why);
}

static int refresh(struct context *context, char **words)
{
    char path[PATH], part[PART];

    snprintf(path, sizeof path, "/v1/bgp/refresh?name=%s%s%.8s", escaped(words[0], part, sizeof part),
             words[1] ? "&direction=" : "",
             words[1] ? words[1] : "");
    return print(context, fetch(context, "POST", path), show_neighbors);
}

static int reset(struct context *context, char **words)
{
    char path[PATH], part[PART];

    snprintf(path, sizeof path, "/v1/bgp/reset?name=%s", escaped(words[0], part, sizeof part));
    return print(context, fetch(context, "POST", path), show_neighbors);
}

static const struct {
    const char *name;
    int (*run)(struct context *context, char **words);
    int least, most; /* words behind the name */
} commands[] = {
    {"neighbors", neighbors, 0, 1}, {"routes", routes, 0, 3}, {"why", why, 1, 1}, {"refresh", refresh, 1, 2}, {"reset", reset, 1, 1},
};

int bgp_command(const char *control, bool json, char **words, const char **problem)
{
    struct context context = {.options = {.control = control, .json = json}};
    int count = 0;

    *problem = "bgp neighbors|routes|why|refresh|reset";
    while (words[1] && words[2 + count]) {
        count++;
    }
    for (size_t i = 0; words[1] && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, words[1]) == 0) {
            *problem = count < commands[i].least ? "bgp: which one?" : "bgp: too many words";
            return count < commands[i].least || count > commands[i].most ? -1 : commands[i].run(&context, words + 2);
        }
    }
    return -1;
}
