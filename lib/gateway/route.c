/* SPDX-License-Identifier: Apache-2.0 */
/* route: the routes as objects: made by hand or by their connection, found again by key, published or not. */
#include <string.h>

#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/effective.h"
#include "lib/gateway/engine.h"
#include "lib/gateway/validate.h"

static bool prefixes_equal(const struct s2s_prefix *a, const struct s2s_prefix *b)
{
    return a->addr.family == b->addr.family && (a->addr.family == 0 || s2si_prefix_equal(a, b));
}

static s2s_route *find(const s2s_gateway *gateway, const s2s_connection *connection,
                       const struct s2s_route_params *params)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &gateway->routes) {
        s2s_route *route = S2SI_CONTAINER(node, s2s_route, node);
        if (route->connection == connection && route->params.type == params->type &&
            prefixes_equal(&route->params.destination, &params->destination) &&
            (params->type != S2S_ROUTE_POLICY || prefixes_equal(&route->params.source, &params->source))) {
            return route;
        }
    }
    return NULL;
}

void s2si_route_free(s2s_route *route)
{
    s2s_engine *engine = route->gateway->engine;

    s2si_bgp_routes_freed(route);
    s2si_list_remove(&route->node);
    engine->route_count--;
    s2si_params_free(&engine->mem, S2SI_ROUTE, &route->params);
    s2si_free(&engine->mem, route, sizeof(*route));
}

/* Makes one; effective is taken over on success. */
static int add(s2s_gateway *gateway, s2s_connection *connection, struct s2s_route_params *effective, s2s_route **out)
{
    s2s_engine *engine = gateway->engine;
    s2s_route *route;

    if (engine->route_count >= engine->params.max_routes) {
        return S2S_ERR_LIMIT;
    }
    route = s2si_alloc(&engine->mem, sizeof(*route));
    if (!route) {
        return S2S_ERR_NO_MEMORY;
    }
    route->gateway = gateway;
    route->connection = connection;
    route->params = *effective;
    route->number = ++gateway->route_numbers;
    route->published = effective->publish == 1;
    s2si_list_append(&gateway->routes, &route->node);
    engine->route_count++;
    *out = route;
    return 0;
}

int s2si_route_make(s2s_gateway *gateway, s2s_connection *connection, const struct s2s_route_params *params,
                    s2s_route **route)
{
    struct s2s_route_params copy = *params;
    return add(gateway, connection, &copy, route);
}

/* ---- automatic routes ---- */

static int want_automatic(s2s_connection *connection, const struct s2s_route_params *given)
{
    s2s_gateway *gateway = connection->gateway;
    s2s_route *route = find(gateway, connection, given);
    struct s2s_route_params effective;
    int error;

    if (route) {
        route->automatic = route->keep = true;
        return 0;
    }
    error = s2si_effective_route(&gateway->engine->mem, gateway, given, &effective);
    if (error) {
        return error;
    }
    error = add(gateway, connection, &effective, &route);
    if (error) {
        s2si_params_free(&gateway->engine->mem, S2SI_ROUTE, &effective);
        return error;
    }
    route->automatic = route->keep = true;
    return 0;
}

static int want_policy_routes(s2s_connection *connection)
{
    const struct s2s_connection_params *params = &connection->effective;
    struct s2s_route_params route;
    int error = 0;

    s2s_route_params_init(&route, sizeof(route));
    route.type = S2S_ROUTE_POLICY;
    for (size_t i = 0; i < params->local_subnet_count; i++) {
        for (size_t j = 0; j < params->remote_subnet_count && error == 0; j++) {
            route.source = params->local_subnets[i];
            route.destination = params->remote_subnets[j];
            error = want_automatic(connection, &route);
        }
    }
    return error;
}

static int want_destination_routes(s2s_connection *connection)
{
    const struct s2s_connection_params *params = &connection->effective;
    struct s2s_route_params route;
    int error = 0;

    s2s_route_params_init(&route, sizeof(route));
    route.type = S2S_ROUTE_DESTINATION;
    for (size_t j = 0; j < params->remote_subnet_count && error == 0; j++) {
        route.destination = params->remote_subnets[j];
        if (route.destination.length != 0) {
            error = want_automatic(connection, &route);
        }
    }
    return error;
}

/* What is neither listed nor wanted any more goes. */
static void sweep(s2s_connection *connection)
{
    struct s2si_list *node, *after;

    S2SI_LIST_EACH_SAFE(node, after, &connection->gateway->routes) {
        s2s_route *route = S2SI_CONTAINER(node, s2s_route, node);
        if (route->connection != connection || !route->automatic || route->keep) {
            continue;
        }
        route->automatic = false;
        if (!route->listed) {
            s2si_route_free(route);
        }
    }
}

int s2si_routes_automatic(s2s_connection *connection, s2s_time now)
{
    const struct s2si_profile_routing *routing = &connection->gateway->profile->routing;
    bool automatic = connection->effective.auto_config_route != 0;
    struct s2si_list *node;
    int error = 0;
    (void)now;

    S2SI_LIST_EACH(node, &connection->gateway->routes) {
        S2SI_CONTAINER(node, s2s_route, node)->keep = false;
    }
    if (automatic && connection->effective.route_mode == S2S_ROUTE_MODE_POLICY && routing->auto_policy_routes) {
        error = want_policy_routes(connection);
    } else if (automatic && connection->effective.route_mode == S2S_ROUTE_MODE_DESTINATION &&
               routing->auto_destination_routes) {
        error = want_destination_routes(connection);
    }
    if (error == 0) {
        sweep(connection);
    }
    return error;
}

void s2si_routes_drop(s2s_connection *connection)
{
    struct s2si_list *node, *after;

    if (connection->routes_dropped) {
        return;
    }
    S2SI_LIST_EACH_SAFE(node, after, &connection->gateway->routes) {
        s2s_route *route = S2SI_CONTAINER(node, s2s_route, node);
        if (route->connection == connection) {
            s2si_route_free(route);
        }
    }
    connection->routes_dropped = true;
}

/* ---- publishing ---- */

static bool together(const s2s_route *route, const s2s_route *other)
{
    return other != route && other->params.type != S2S_ROUTE_BGP &&
           prefixes_equal(&other->params.destination, &route->params.destination);
}

/* The VPC's table has one entry a destination. With publish_together all routes to it share its fate: given says whether this
   one was told what to do; if not, it joins those that are there. */
static void publish_together(s2s_route *route, bool given)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &route->gateway->routes) {
        s2s_route *other = S2SI_CONTAINER(node, s2s_route, node);
        if (!route->gateway->profile->routing.publish_together || !together(route, other)) {
            continue;
        }
        s2s_route *from = given ? route : other, *to = given ? other : route;
        to->published = from->published;
        to->params.publish = from->published ? 1 : 0;
    }
}

/* ---- API ---- */

static int replace(s2s_route *route, struct s2s_route_params *effective)
{
    s2si_params_free(&route->gateway->engine->mem, S2SI_ROUTE, &route->params);
    route->params = *effective;
    route->published = effective->publish == 1;
    return 0;
}

static int changed(s2s_gateway *gateway, s2s_time now)
{
    int error = s2si_routing_rebuild(gateway, now);

    s2si_select_run(gateway, S2S_TRIGGER_CONFIG, now);
    return error;
}

static int new_route(s2s_gateway *gateway, const struct s2s_route_params *params, s2s_time now, s2s_route **out)
{
    struct s2si_mem *mem = &gateway->engine->mem;
    struct s2s_route_params given, effective;
    s2s_connection *connection;
    s2s_route *route;
    int error = s2si_params_read(S2SI_ROUTE, &given, params);

    s2si_errors_clear(&gateway->engine->errors);
    if (error == 0) {
        error = s2si_effective_route(mem, gateway, &given, &effective);
    }
    if (error) {
        return error;
    }
    error = s2si_validate_route(gateway, &effective);
    connection = s2s_connection_find(gateway, given.connection);
    if (error == 0 && !connection) {
        error = S2S_ERR_NOT_FOUND;
    }
    route = error ? NULL : find(gateway, connection, &effective);
    if (error == 0) {
        error = route ? replace(route, &effective) : add(gateway, connection, &effective, &route);
    }
    if (error) {
        s2si_params_free(mem, S2SI_ROUTE, &effective);
        return error;
    }
    route->listed = true;
    publish_together(route, given.publish >= 0);
    *out = route;
    return changed(gateway, now);
}

int s2s_route_new(s2s_gateway *gateway, const struct s2s_route_params *params, s2s_time now, s2s_route **route)
{
    int error = gateway && route ? s2si_engine_enter(gateway->engine, now) : S2S_ERR_INVALID;

    return error ? error : s2si_engine_leave(gateway->engine, now, new_route(gateway, params, now, route));
}

int s2s_route_publish(s2s_route *route, bool publish, s2s_time now)
{
    int error = route ? s2si_engine_enter(route->gateway->engine, now) : S2S_ERR_INVALID;

    if (error) {
        return error;
    }
    if (route->params.type == S2S_ROUTE_BGP) {
        return s2si_engine_leave(route->gateway->engine, now, S2S_ERR_STATE);
    }
    if (route->published != publish) {
        route->published = publish;
        route->params.publish = publish ? 1 : 0;
        publish_together(route, true);
        error = changed(route->gateway, now);
    }
    return s2si_engine_leave(route->gateway->engine, now, error);
}

int s2s_route_delete(s2s_route *route, s2s_time now)
{
    s2s_gateway *gateway = route ? route->gateway : NULL;
    int error = route ? s2si_engine_enter(gateway->engine, now) : 0;

    if (!route || error) {
        return error;
    }
    if (route->automatic && !route->listed) {
        return s2si_engine_leave(gateway->engine, now, S2S_ERR_STATE);
    }
    if (route->automatic) {
        route->listed = false; /* stays as its connection's own, with the profile's publishing */
        route->published = gateway->profile->routing.publish_policy;
        route->params.publish = route->published;
    } else {
        s2si_route_free(route);
    }
    return s2si_engine_leave(gateway->engine, now, changed(gateway, now));
}

s2s_route *s2s_route_next(const s2s_gateway *gateway, const s2s_route *after)
{
    const struct s2si_list *node = after ? after->node.next : gateway->routes.next;
    return node == &gateway->routes ? NULL : S2SI_CONTAINER(node, s2s_route, node);
}
