/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include <stdio.h>
#include <string.h>

#include "clouds.h"

static const char *const up_words[SIDES] = {[ALIBABA] = "ipsec_sa_established", [AWS] = "UP"};

static const cJSON *find_tunnel(const cJSON *status, const char *connection, unsigned index)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(status, "connections"))
    {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "name"));
        if (name && strcmp(name, connection) == 0)
            return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(item, "tunnels"), (int)index - 1);
    }
    return NULL;
}

static double number(const cJSON *tunnel, const char *name)
{
    const cJSON *counters = cJSON_GetObjectItemCaseSensitive(tunnel, "counters");
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(counters ? counters : tunnel, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static bool is_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static bool established(const struct tunnel_view *tunnel)
{
    return strcmp(tunnel->bgp, "Established") == 0;
}

static void copy_text(const cJSON *tunnel, const char *name, char *out, size_t room)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tunnel, name));
    (void)snprintf(out, room, "%s", text ? text : "");
}

static void read_tunnel(const cJSON *status, struct tunnel_view *view)
{
    const cJSON *tunnel = find_tunnel(status, view->connection, view->index);
    copy_text(tunnel, "status", view->status, sizeof view->status);
    copy_text(tunnel, "local_address", view->local, sizeof view->local);
    copy_text(cJSON_GetObjectItemCaseSensitive(tunnel, "bgp"), "state", view->bgp, sizeof view->bgp);
    view->up = strcmp(view->status, up_words[view->side]) == 0;
    view->active = is_true(tunnel, "active");
    view->bytes = (struct byte_counts){number(tunnel, "bytes_in"), number(tunnel, "bytes_out")};
}

static bool routes_ready(const cJSON *status)
{
    const cJSON *route;
    bool any = false;
    cJSON_ArrayForEach(route, cJSON_GetObjectItemCaseSensitive(status, "routes"))
    {
        if (!is_true(route, "published"))
            continue;
        if (!is_true(route, "installed") || !is_true(route, "live"))
            return false;
        any = true;
    }
    return any;
}

int view_read(struct net *net, struct view *view)
{
    memset(view, 0, sizeof *view);
    view->routes_ready = true;
    for (unsigned side = 0; side < SIDES; side++) {
        cJSON *status = net->ops->status(net, (enum side)side);
        if (!status)
            return -1;
        for (unsigned i = 0; i < (side == AWS ? CONNECTIONS * TUNNELS : TUNNELS); i++) {
            struct tunnel_view *tunnel = &view->tunnels[(side == AWS ? VIEW_AWS : VIEW_ALIBABA) + i];
            tunnel->side = (enum side)side;
            tunnel->connection = side == AWS ? aws_connections[i / TUNNELS] : ALIBABA_CONNECTION;
            tunnel->index = i % TUNNELS + 1;
            tunnel->used = side == ALIBABA || tunnel->index == 1;
            read_tunnel(status, tunnel);
        }
        view->routes_ready = view->routes_ready && routes_ready(status);
        cJSON_Delete(status);
    }
    return 0;
}

bool view_all_up(const struct view *view)
{
    for (int i = 0; i < VIEW_TUNNELS; i++)
        if (view->tunnels[i].used &&
            (!view->tunnels[i].up || (*view->tunnels[i].bgp && !established(&view->tunnels[i]))))
            return false;
    return true;
}

bool view_all_established(const struct view *view)
{
    for (int i = 0; i < VIEW_TUNNELS; i++)
        if (view->tunnels[i].used && !established(&view->tunnels[i]))
            return false;
    return true;
}

bool view_on_first(const struct view *view)
{
    return view->tunnels[VIEW_ALIBABA].active && view->tunnels[VIEW_AWS].active;
}

static const char *sends(const struct tunnel_view *tunnel)
{
    return tunnel->active ? " *" : "";
}

void view_print(const struct view *view)
{
    const struct tunnel_view *first = &view->tunnels[VIEW_ALIBABA], *aws = &view->tunnels[VIEW_AWS];
    printf("\n      %s %-15s                                        %s %s\n", places[ALIBABA].host_title,
           places[ALIBABA].host, places[AWS].host_title, places[AWS].host);
    printf("          |                                                            |\n");
    printf("   +------+-----------+                                     +----------+-------------+\n");
    printf("   | Alibaba          |   ipsec-connection                  |   AWS                  |\n");
    printf("   | VPN gateway      |                                     |   virtual private gw.  |\n");
    for (int i = 0; i < TUNNELS; i++) {
        const struct tunnel_view *here = &first[i], *there = &aws[i * TUNNELS], *idle = &aws[i * TUNNELS + 1];
        printf("   |        %9s |== tunnel %u %-20s =====| %-10s %s t1 %-4s%s\n", places[ALIBABA].outside[i],
               here->index, here->up ? here->status : "not established", places[AWS].outside[i * TUNNELS],
               there->connection, there->status, sends(there));
        printf("   |                  |   %-11s %-22s| %-10s %s t2 %-4s (not used)\n",
               established(here) ? "BGP session" : "", here->active ? "* carries the traffic" : "",
               places[AWS].outside[i * TUNNELS + 1], idle->connection, idle->status);
    }
    printf("   +------------------+                                     +------------------------+\n");
    printf("     * = by this tunnel that end sends\n\n");
}

static struct byte_counts moved(const struct view *span, int i)
{
    const struct byte_counts *from = &span[0].tunnels[i].bytes, *to = &span[1].tunnels[i].bytes;
    return (struct byte_counts){to->in - from->in, to->out - from->out};
}

void view_report(const struct view *now, const struct view_spans *spans, struct report *report)
{
    for (int i = 0; i < VIEW_TUNNELS; i++) {
        struct tunnel_result *out = &report->tunnels[i];
        const struct tunnel_view *tunnel = &now->tunnels[i];
        out->side = tunnel->side;
        out->index = tunnel->index;
        (void)snprintf(out->connection, sizeof out->connection, "%s", tunnel->connection);
        (void)snprintf(out->status, sizeof out->status, "%s", tunnel->status);
        out->before = moved(spans->before, i);
        out->during = moved(spans->during, i);
        out->after = moved(spans->after, i);
    }
    report->tunnel_count = VIEW_TUNNELS;
}
