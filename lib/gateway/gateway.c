/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/effective.h"
#include "lib/gateway/engine.h"
#include "lib/gateway/reconcile.h"
#include "lib/gateway/tunnel.h"
#include "lib/gateway/validate.h"

/* ---- outside addresses ---- */

static const struct s2si_address *known(const struct s2si_address *list, size_t count, const struct s2s_addr *addr)
{
    for (size_t i = 0; i < count; i++) {
        if (s2si_addr_equal(&list[i].addr, addr)) {
            return &list[i];
        }
    }
    return NULL;
}

static size_t add_address(const s2s_gateway *gateway, struct s2si_address *list, size_t count,
                          const struct s2s_addr *addr)
{
    const struct s2si_address *before;

    if (addr->family == 0 || known(list, count, addr)) {
        return count;
    }
    before = known(gateway->addresses, gateway->address_count, addr);
    list[count] = before ? *before : (struct s2si_address){ .addr = *addr, .present = true };
    return count + 1;
}

int s2si_gateway_collect_addresses(s2s_gateway *gateway)
{
    struct s2si_mem *mem = &gateway->engine->mem;
    size_t most = gateway->effective.address_count + 1, count = 0;
    struct s2si_address *list;
    s2s_tunnel *tunnel = NULL;

    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        most++;
    }
    list = s2si_alloc_array(mem, most, sizeof(*list));
    if (!list) {
        return S2S_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < gateway->effective.address_count; i++) {
        count = add_address(gateway, list, count, &gateway->effective.addresses[i]);
    }
    if (gateway->dynamic_address && gateway->public_count && count == 0) {
        count = add_address(gateway, list, count, &gateway->addresses[0].addr); /* the one that the kernel told of */
    }
    gateway->public_count = count;
    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        count = add_address(gateway, list, count, &tunnel->effective.local_address);
    }
    if (gateway->addresses) {
        s2si_free(mem, gateway->addresses, gateway->address_capacity * sizeof(*list));
    }
    gateway->addresses = list;
    gateway->address_count = count;
    gateway->address_capacity = most;
    return 0;
}

void s2si_gateway_addresses_changed(s2s_gateway *gateway, s2s_time now)
{
    s2s_tunnel *tunnel = NULL;

    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        if (tunnel->peer && s2si_tunnel_may_initiate(tunnel) && tunnel->status == S2S_TUNNEL_DOWN) {
            s2si_ike_glue_peer(tunnel, now);
            s2si_tunnel_start(tunnel, now);
            s2si_tunnel_refresh(tunnel, now);
        }
    }
}

static void address_changed(s2s_gateway *gateway, struct s2si_address *address, bool present, s2s_time now)
{
    char text[S2S_ADDR_TEXT];
    s2s_tunnel *tunnel = NULL;

    if (address->present == present) {
        return;
    }
    address->present = present;
    s2s_addr_format(&address->addr, text);
    s2si_event_gateway(gateway, present ? S2S_EVENT_ADDRESS_BACK : S2S_EVENT_ADDRESS_LOST,
                       present ? S2S_LOG_NOTICE : S2S_LOG_WARNING, NULL, "outside address %s %s", text,
                       present ? "is back" : "is lost");
    s2si_ike_local_changed(gateway->engine->ike, &address->addr, present, now);
    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        if (s2si_addr_equal(&tunnel->local, &address->addr)) {
            s2si_tunnel_address(tunnel, present, now);
        }
    }
}

/* "dynamic": the first address that the kernel reports is ours. */
static void learn_address(s2s_gateway *gateway, const struct s2s_addr *addr, s2s_time now)
{
    s2s_tunnel *tunnel = NULL;
    struct s2si_address *address;

    if (gateway->public_count || gateway->address_capacity == 0) {
        return;
    }
    address = &gateway->addresses[gateway->address_count];
    *address = gateway->addresses[0];
    gateway->addresses[0] = (struct s2si_address){ .addr = *addr, .present = true };
    gateway->address_count++;
    gateway->public_count = 1;
    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        s2si_tunnel_place(tunnel);
        s2si_tunnel_apply(tunnel, now);
    }
}

void s2si_gateway_notice(s2s_gateway *gateway, const struct s2s_kernel_notice *notice, s2s_time now)
{
    switch (notice->type) {
    case S2S_NOTICE_ADDRESS_UP:
    case S2S_NOTICE_ADDRESS_DOWN:
        if (gateway->dynamic_address && notice->type == S2S_NOTICE_ADDRESS_UP) {
            learn_address(gateway, &notice->addr, now);
        }
        for (size_t i = 0; i < gateway->address_count; i++) {
            if (s2si_addr_equal(&gateway->addresses[i].addr, &notice->addr)) {
                address_changed(gateway, &gateway->addresses[i], notice->type == S2S_NOTICE_ADDRESS_UP, now);
            }
        }
        break;
    case S2S_NOTICE_FOUND_ROUTE:
    case S2S_NOTICE_FOUND_ADDRESS:
    case S2S_NOTICE_FOUND_DEVICE:
        s2si_reconcile_found(gateway, notice);
        break;
    default:
        break;
    }
}

/* ---- life ---- */

static s2s_gateway *find(const s2s_engine *engine, const char *name)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &engine->gateways) {
        s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        if (!gateway->deleting && strcmp(gateway->params.name, name) == 0) {
            return gateway;
        }
    }
    return NULL;
}

static void prepare(s2s_gateway *gateway, s2s_engine *engine)
{
    gateway->engine = engine;
    gateway->profile = gateway->effective.profile;
    s2si_list_init(&gateway->node);
    s2si_list_init(&gateway->customer_gateways);
    s2si_list_init(&gateway->connections);
    s2si_list_init(&gateway->routes);
    s2si_scope_init(&gateway->base_scope, S2SI_SCOPE_BASE, gateway);
    s2si_scope_init(&gateway->route_scope, S2SI_SCOPE_ROUTES, gateway);
    s2si_scope_init(&gateway->path_scope, S2SI_SCOPE_PATHS, gateway);
    s2si_map_init(&gateway->kernel_items, &engine->mem, engine->seed[0], engine->seed[1]);
    s2si_timer_init(&gateway->scan_timer, S2SI_TIMER_SCAN, gateway);
}

static bool is_dynamic(const struct s2s_gateway_params *params)
{
    return params->address_count == 1 && params->addresses[0].family == 0;
}

void s2si_gateway_free(s2s_gateway *gateway, s2s_time now)
{
    s2s_engine *engine = gateway->engine;

    while (!s2si_list_empty(&gateway->connections)) {
        s2si_connection_free(S2SI_CONTAINER(gateway->connections.next, s2s_connection, node), now);
    }
    while (!s2si_list_empty(&gateway->routes)) {
        s2si_route_free(S2SI_CONTAINER(gateway->routes.next, s2s_route, node));
    }
    while (!s2si_list_empty(&gateway->customer_gateways)) {
        s2si_customer_gateway_free(S2SI_CONTAINER(gateway->customer_gateways.next, s2s_customer_gateway, node));
    }
    engine->leaving -= gateway->deleting ? 1u : 0u;
    s2si_bgp_glue_free(gateway);
    s2si_group_free(gateway, &gateway->group);
    s2si_routing_free(gateway);
    s2si_scope_free(engine, &gateway->base_scope);
    s2si_scope_free(engine, &gateway->route_scope);
    s2si_scope_free(engine, &gateway->path_scope);
    s2si_map_clear(&gateway->kernel_items);
    s2si_timer_disarm(&engine->timers, &gateway->scan_timer);
    s2si_list_remove(&gateway->node);
    if (gateway->addresses) {
        s2si_free(&engine->mem, gateway->addresses, gateway->address_capacity * sizeof(*gateway->addresses));
    }
    s2si_params_free(&engine->mem, S2SI_GATEWAY, &gateway->params);
    s2si_params_free(&engine->mem, S2SI_GATEWAY, &gateway->effective);
    s2si_free(&engine->mem, gateway, sizeof(*gateway));
}

/* Everything is copied and allocated, nothing outside is touched yet. */
static int make(s2s_engine *engine, const struct s2s_gateway_params *params, struct s2s_gateway_params *effective,
                s2s_gateway **out)
{
    s2s_gateway *gateway = s2si_alloc(&engine->mem, sizeof(*gateway));
    int error;

    if (!gateway) {
        return S2S_ERR_NO_MEMORY;
    }
    gateway->effective = *effective; /* owned by the gateway from here on */
    s2si_params_unset(S2SI_GATEWAY, effective, sizeof(*effective));
    prepare(gateway, engine);
    s2si_params_unset(S2SI_GATEWAY, &gateway->params, sizeof(gateway->params));
    s2si_group_init(gateway, &gateway->group);
    error = s2si_routing_init(gateway);
    if (error == 0) {
        error = s2si_params_copy(&engine->mem, S2SI_GATEWAY, &gateway->params, params);
    }
    gateway->dynamic_address = is_dynamic(&gateway->effective);
    if (error == 0) {
        error = s2si_gateway_collect_addresses(gateway);
    }
    if (error) {
        s2si_gateway_free(gateway, engine->now);
        return error;
    }
    *out = gateway;
    return 0;
}

/* Reads, fills in defaults and checks. On success effective is the caller's. */
static int draft(s2s_engine *engine, const s2s_gateway *self, const struct s2s_gateway_params *params,
                 struct s2s_gateway_params *given, struct s2s_gateway_params *effective)
{
    int error = s2si_params_read(S2SI_GATEWAY, given, params);

    s2si_errors_clear(&engine->errors);
    if (error == 0 && (!given->profile || !given->name || !given->name[0])) {
        s2si_errors_add(&engine->errors, given->profile ? "gateway.name" : "gateway.profile", NULL, "is required");
        error = s2si_validate_result(engine);
    }
    if (error == 0) {
        error = s2si_effective_gateway(&engine->mem, given, effective);
    }
    if (error) {
        return error;
    }
    error = s2si_validate_gateway(engine, self, effective);
    if (error) {
        s2si_params_free(&engine->mem, S2SI_GATEWAY, effective);
    }
    return error;
}

static int new_gateway(s2s_engine *engine, const struct s2s_gateway_params *params, s2s_time now, s2s_gateway **out)
{
    struct s2s_gateway_params given, effective;
    s2s_gateway *gateway;
    int error = draft(engine, NULL, params, &given, &effective);

    if (error) {
        return error;
    }
    if (find(engine, given.name)) {
        error = S2S_ERR_EXISTS;
    } else if (engine->gateway_count >= engine->params.max_gateways) {
        error = S2S_ERR_LIMIT;
    } else {
        error = make(engine, &given, &effective, &gateway);
    }
    s2si_params_free(&engine->mem, S2SI_GATEWAY, &effective);
    if (error) {
        return error;
    }
    snprintf(gateway->default_device, sizeof(gateway->default_device), "s2s%u", engine->next_device++);
    s2si_list_append(&engine->gateways, &gateway->node);
    engine->gateway_count++;
    s2si_reconcile_scan(gateway, now);
    *out = gateway;
    return 0;
}

int s2s_gateway_new(s2s_engine *engine, const struct s2s_gateway_params *params, s2s_time now, s2s_gateway **gateway)
{
    int error = s2si_engine_enter(engine, now);

    if (error) {
        return error;
    }
    return s2si_engine_leave(engine, now, gateway ? new_gateway(engine, params, now, gateway) : S2S_ERR_INVALID);
}

static int refresh_connections(s2s_gateway *gateway, s2s_time now)
{
    struct s2si_list *node;
    int error = s2si_gateway_collect_addresses(gateway);

    S2SI_LIST_EACH(node, &gateway->connections) {
        s2s_connection *connection = S2SI_CONTAINER(node, s2s_connection, node);
        if (!connection->deleting && error == 0) {
            error = s2si_connection_refresh(connection, S2S_TRIGGER_CONFIG, now);
        }
    }
    return error;
}

static int update_gateway(s2s_gateway *gateway, const struct s2s_gateway_params *params, s2s_time now)
{
    s2s_engine *engine = gateway->engine;
    struct s2s_gateway_params given, effective, copy;
    struct s2si_field_set changed;
    int error = draft(engine, gateway, params, &given, &effective);

    if (error) {
        return error;
    }
    if (!s2si_params_differ(S2SI_GATEWAY, &gateway->effective, &effective, &changed)) {
        s2si_params_free(&engine->mem, S2SI_GATEWAY, &effective);
        return 0;
    }
    error = s2si_params_copy(&engine->mem, S2SI_GATEWAY, &copy, &given);
    if (error) {
        s2si_params_free(&engine->mem, S2SI_GATEWAY, &effective);
        return error;
    }
    s2si_params_free(&engine->mem, S2SI_GATEWAY, &gateway->params);
    s2si_params_free(&engine->mem, S2SI_GATEWAY, &gateway->effective);
    gateway->params = copy;
    gateway->effective = effective;
    gateway->dynamic_address = is_dynamic(&gateway->effective);
    error = refresh_connections(gateway, now);
    s2si_scope_dirty(engine, &gateway->base_scope);
    s2si_routing_rebuild(gateway, now);
    s2si_datapath_rebuild(gateway);
    s2si_bgp_glue_changed(gateway);
    s2si_select_run(gateway, S2S_TRIGGER_CONFIG, now);
    s2si_event_gateway(gateway, S2S_EVENT_CONFIG_CHANGED, S2S_LOG_INFO, NULL, "gateway %s was changed",
                       gateway->params.name);
    return error;
}

int s2s_gateway_update(s2s_gateway *gateway, const struct s2s_gateway_params *params, s2s_time now)
{
    int error = gateway ? s2si_engine_enter(gateway->engine, now) : S2S_ERR_INVALID;

    return error ? error : s2si_engine_leave(gateway->engine, now, update_gateway(gateway, params, now));
}

void s2s_gateway_delete(s2s_gateway *gateway, s2s_time now)
{
    struct s2si_list *node, *after;
    s2s_engine *engine = gateway ? gateway->engine : NULL;

    if (!gateway || s2si_engine_enter(engine, now)) {
        return;
    }
    gateway->deleting = true;
    engine->leaving++;
    engine->gateway_count--;
    S2SI_LIST_EACH_SAFE(node, after, &gateway->connections) {
        s2si_connection_close(S2SI_CONTAINER(node, s2s_connection, node), now);
    }
    s2si_engine_leave(engine, now, 0);
}

bool s2si_gateways_reap(s2s_engine *engine, s2s_time now)
{
    struct s2si_list *node, *after;
    bool any = false;

    S2SI_LIST_EACH_SAFE(node, after, &engine->gateways) {
        s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        any = s2si_connections_reap(gateway, now) || any;
        if (!gateway->deleting || !s2si_list_empty(&gateway->connections)) {
            continue;
        }
        if (!gateway->removing) {
            gateway->removing = any = true;
            s2si_scope_dirty(engine, &gateway->base_scope);
            s2si_scope_dirty(engine, &gateway->route_scope);
        } else if (s2si_scope_empty(&gateway->base_scope) && s2si_scope_empty(&gateway->route_scope) &&
                   s2si_scope_empty(&gateway->path_scope) && !gateway->scanning && gateway->operations == 0) {
            s2si_gateway_free(gateway, now);
            any = true;
        }
    }
    return any;
}

const char *s2s_gateway_name(const s2s_gateway *gateway)
{
    return gateway ? gateway->params.name : "";
}

s2s_gateway *s2s_gateway_next(const s2s_engine *engine, const s2s_gateway *after)
{
    const struct s2si_list *node = after ? after->node.next : engine->gateways.next;

    while (node != &engine->gateways) {
        s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        if (!gateway->deleting) {
            return gateway;
        }
        node = node->next;
    }
    return NULL;
}
