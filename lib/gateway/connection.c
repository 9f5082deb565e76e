/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection: every change goes one way. The new params become a draft with everything effective (validate.h), the
 * draft is checked whole, and only then is it compared with what holds: each tunnel does what its difference costs and
 * no more.
 *
 *   new      ─┐
 *   update    ├─> draft ──> validate ──> apply difference ──> routes, lookup tables, selection
 *   modify    │   (tunnel_modify and a changed customer gateway are updates with the connection's own params)
 *   refresh  ─┘
 */
#include <stdio.h>
#include <string.h>

#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/effective.h"
#include "lib/gateway/engine.h"
#include "lib/gateway/reconcile.h"
#include "lib/gateway/tunnel.h"
#include "lib/gateway/validate.h"

/* ---- finding ---- */

s2s_connection *s2s_connection_next(const s2s_gateway *gateway, const s2s_connection *after)
{
    const struct s2si_list *node = after ? after->node.next : gateway->connections.next;

    while (node != &gateway->connections) {
        s2s_connection *connection = S2SI_CONTAINER(node, s2s_connection, node);
        if (!connection->deleting) {
            return connection;
        }
        node = node->next;
    }
    return NULL;
}

s2s_connection *s2s_connection_find(const s2s_gateway *gateway, const char *name)
{
    s2s_connection *connection = NULL;

    while (gateway && name && (connection = s2s_connection_next(gateway, connection)) != NULL) {
        if (strcmp(connection->params.name, name) == 0) {
            return connection;
        }
    }
    return NULL;
}

const char *s2s_connection_name(const s2s_connection *connection)
{
    return connection ? connection->params.name : "";
}

size_t s2s_connection_tunnels(const s2s_connection *connection)
{
    return connection ? connection->tunnel_count : 0;
}

s2s_tunnel *s2s_connection_tunnel(const s2s_connection *connection, size_t index)
{
    return connection && index >= 1 && index <= connection->tunnel_count ? connection->tunnels[index - 1] : NULL;
}

/* ---- making and freeing ---- */

static s2s_connection *make_empty(s2s_gateway *gateway, const struct s2s_connection_params *given, size_t tunnel_count)
{
    struct s2si_mem *mem = &gateway->engine->mem;
    struct s2s_connection_params bare = *given;
    s2s_connection *connection = s2si_alloc(mem, sizeof(*connection));

    bare.tunnels = NULL;
    bare.tunnel_count = 0;
    if (!connection) {
        return NULL;
    }
    connection->gateway = gateway;
    s2si_list_init(&connection->node);
    s2si_params_unset(S2SI_CONNECTION, &connection->effective, sizeof(connection->effective));
    connection->tunnels = s2si_alloc_array(mem, tunnel_count ? tunnel_count : 1, sizeof(*connection->tunnels));
    connection->tunnel_capacity = tunnel_count ? tunnel_count : 1;
    if (!connection->tunnels || s2si_params_copy(mem, S2SI_CONNECTION, &connection->params, &bare)) {
        if (connection->tunnels) {
            s2si_free(mem, connection->tunnels, connection->tunnel_capacity * sizeof(*connection->tunnels));
        }
        s2si_free(mem, connection, sizeof(*connection));
        return NULL;
    }
    s2si_group_init(gateway, &connection->group);
    return connection;
}

void s2si_connection_free(s2s_connection *connection, s2s_time now)
{
    struct s2si_mem *mem = &connection->gateway->engine->mem;

    s2si_routes_drop(connection);
    connection->gateway->engine->leaving -= connection->deleting ? 1u : 0u;
    while (connection->tunnel_count) {
        s2si_tunnel_free(connection->tunnels[--connection->tunnel_count], now); /* nobody finds it any more */
    }
    s2si_group_free(connection->gateway, &connection->group);
    s2si_list_remove(&connection->node);
    s2si_free(mem, connection->tunnels, connection->tunnel_capacity * sizeof(*connection->tunnels));
    s2si_params_free(mem, S2SI_CONNECTION, &connection->params);
    s2si_params_free(mem, S2SI_CONNECTION, &connection->effective);
    s2si_free(mem, connection, sizeof(*connection));
}

/* Takes the draft's effective params over into the tunnel; those of before are freed. */
static void take_over(s2s_tunnel *tunnel, struct s2si_draft_tunnel *draft)
{
    s2si_params_free(&tunnel->engine->mem, S2SI_TUNNEL, &tunnel->effective);
    tunnel->effective = draft->effective;
    tunnel->made_psk = draft->made_psk;
    draft->has_effective = false;
    s2si_tunnel_use(tunnel, draft->customer_gateway);
    s2si_tunnel_place(tunnel);
}

static int add_tunnel(s2s_connection *connection, struct s2si_draft_tunnel *draft)
{
    s2s_tunnel *tunnel;
    int error = s2si_tunnel_make(connection, (uint32_t)connection->tunnel_count + 1, &draft->given, &tunnel);

    if (error == 0) {
        connection->tunnels[connection->tunnel_count++] = tunnel;
        take_over(tunnel, draft);
    }
    return error;
}

/* ---- what follows from a change ---- */

static int look_again(s2s_connection *connection, s2s_time now)
{
    s2s_gateway *gateway = connection->gateway;
    int error = s2si_gateway_collect_addresses(gateway);

    for (size_t i = 0; i < connection->tunnel_count; i++) {
        s2si_tunnel_place(connection->tunnels[i]);
    }
    if (error == 0) {
        error = s2si_routes_automatic(connection, now);
    }
    if (error == 0) {
        error = s2si_routing_rebuild(gateway, now);
    }
    s2si_datapath_rebuild(gateway);
    s2si_bgp_glue_changed(gateway);
    s2si_scope_dirty(gateway->engine, &gateway->base_scope);
    return error;
}

static int start(s2s_connection *connection, s2s_time now)
{
    int error = look_again(connection, now);

    for (size_t i = 0; i < connection->tunnel_count && error == 0; i++) {
        error = s2si_tunnel_apply(connection->tunnels[i], now);
    }
    for (size_t i = 0; i < connection->tunnel_count && error == 0; i++) {
        s2si_tunnel_start(connection->tunnels[i], now);
    }
    s2si_select_run(connection->gateway, S2S_TRIGGER_CONFIG, now);
    return error;
}

static int make(struct s2si_draft *draft, s2s_time now, s2s_connection **out)
{
    s2s_gateway *gateway = draft->gateway;
    s2s_connection *connection = make_empty(gateway, &draft->given, draft->tunnel_count);
    int error = 0;

    if (!connection) {
        return S2S_ERR_NO_MEMORY;
    }
    connection->effective = draft->effective;
    draft->has_effective = false;
    connection->customer_gateway = draft->customer_gateway;
    s2si_list_append(&gateway->connections, &connection->node);
    for (size_t i = 0; i < draft->tunnel_count && error == 0; i++) {
        error = add_tunnel(connection, &draft->tunnels[i]);
    }
    if (error == 0) {
        error = start(connection, now);
    }
    if (error) {
        s2si_connection_free(connection, now);
        s2si_gateway_collect_addresses(gateway);
        s2si_routing_rebuild(gateway, now);
        s2si_datapath_rebuild(gateway);
        return error;
    }
    gateway->engine->connection_count++;
    *out = connection;
    return 0;
}

static int new_connection(s2s_gateway *gateway, const struct s2s_connection_params *params, s2s_time now,
                          s2s_connection **out)
{
    struct s2si_draft draft;
    int error = s2si_draft_make(gateway, NULL, params, &draft);

    if (error) {
        return error;
    }
    error = s2si_validate_connection(&draft);
    if (error == 0 && s2s_connection_find(gateway, draft.given.name)) {
        error = S2S_ERR_EXISTS;
    }
    if (error == 0 && gateway->engine->connection_count >= gateway->engine->params.max_connections) {
        error = S2S_ERR_LIMIT;
    }
    if (error == 0) {
        error = make(&draft, now, out);
    }
    s2si_draft_free(&draft);
    return error;
}

int s2s_connection_new(s2s_gateway *gateway, const struct s2s_connection_params *params, s2s_time now,
                       s2s_connection **connection)
{
    int error = gateway && connection ? s2si_engine_enter(gateway->engine, now) : S2S_ERR_INVALID;

    return error ? error : s2si_engine_leave(gateway->engine, now, new_connection(gateway, params, now, connection));
}

/* ---- update ---- */

/* What one tunnel's difference costs. */
static void apply_difference(s2s_tunnel *tunnel, const struct s2si_field_set *changed, bool differs, bool again,
                             enum s2s_trigger trigger, s2s_time now)
{
    bool was_on = tunnel->planned == S2SI_PLANNED_NONE ? !tunnel->held : !tunnel->planned_hold;
    bool enabled_changed = s2si_field_set_has(S2SI_TUNNEL, changed, S2SI_TUN_ENABLED);

    if (enabled_changed && tunnel->effective.enabled == 0) {
        s2si_planned_begin(tunnel, S2S_TRIGGER_DISABLE, true, now);
    } else if (enabled_changed && tunnel->planned != S2SI_PLANNED_NONE) {
        tunnel->planned_hold = false; /* comes up again when it is down */
    } else if (enabled_changed || !was_on) {
        tunnel->held = tunnel->effective.enabled == 0;
        s2si_tunnel_apply(tunnel, now);
        s2si_tunnel_start(tunnel, now);
    } else if (again || s2si_field_set_effect(S2SI_TUNNEL, changed, S2SI_EFFECT_RENEGOTIATE)) {
        bool psk = s2si_field_set_has(S2SI_TUNNEL, changed, S2SI_TUN_PSK);
        s2si_planned_begin(tunnel, psk ? S2S_TRIGGER_PSK_CHANGE : trigger, false, now);
    } else if (differs) {
        s2si_tunnel_apply(tunnel, now);
        s2si_tunnel_start(tunnel, now);
    }
}

static bool addresses_equal(const s2s_tunnel *tunnel, const struct s2s_addr before[3])
{
    return s2si_addr_equal(&tunnel->own, &before[0]) && s2si_addr_equal(&tunnel->local, &before[1]) &&
           s2si_addr_equal(&tunnel->remote, &before[2]);
}

static int update_tunnel(s2s_tunnel *tunnel, struct s2si_draft_tunnel *draft, bool again, enum s2s_trigger trigger,
                         s2s_time now)
{
    struct s2si_mem *mem = &tunnel->engine->mem;
    struct s2s_addr before[3] = { tunnel->own, tunnel->local, tunnel->remote };
    struct s2s_tunnel_params given;
    struct s2si_field_set changed;
    bool differs = s2si_params_differ(S2SI_TUNNEL, &tunnel->effective, &draft->effective, &changed);
    int error = s2si_params_copy(mem, S2SI_TUNNEL, &given, &draft->given);

    if (error) {
        return error;
    }
    s2si_params_free(mem, S2SI_TUNNEL, &tunnel->given);
    tunnel->given = given;
    take_over(tunnel, draft);
    again = again || !addresses_equal(tunnel, before);
    apply_difference(tunnel, &changed, differs, again, trigger, now);
    return 0;
}

/* Tunnels beyond the new count leave with a connection of their own that is being deleted. */
static int split_off(s2s_connection *connection, size_t keep, s2s_time now)
{
    s2s_connection *leaving = make_empty(connection->gateway, &connection->params, connection->tunnel_count - keep);

    if (!leaving) {
        return S2S_ERR_NO_MEMORY;
    }
    for (size_t i = keep; i < connection->tunnel_count; i++) {
        s2s_tunnel *tunnel = connection->tunnels[i];
        s2si_select_forget(tunnel, now);
        tunnel->connection = leaving;
        leaving->tunnels[leaving->tunnel_count++] = tunnel;
    }
    connection->tunnel_count = keep;
    leaving->deleting = true;
    connection->gateway->engine->leaving++;
    s2si_list_append(&connection->gateway->connections, &leaving->node);
    for (size_t i = 0; i < leaving->tunnel_count; i++) {
        s2si_planned_begin(leaving->tunnels[i], S2S_TRIGGER_CONFIG, true, now);
    }
    return 0;
}

static int reserve_tunnels(s2s_connection *connection, size_t count)
{
    struct s2si_mem *mem = &connection->gateway->engine->mem;
    s2s_tunnel **tunnels;

    if (count <= connection->tunnel_capacity) {
        return 0;
    }
    tunnels =
        s2si_resize(mem, connection->tunnels, connection->tunnel_capacity * sizeof(*tunnels), count * sizeof(*tunnels));
    if (!tunnels) {
        return S2S_ERR_NO_MEMORY;
    }
    connection->tunnels = tunnels;
    connection->tunnel_capacity = count;
    return 0;
}

static int update_tunnels(s2s_connection *connection, struct s2si_draft *draft, bool again, enum s2s_trigger trigger,
                          s2s_time now)
{
    size_t kept = connection->tunnel_count < draft->tunnel_count ? connection->tunnel_count : draft->tunnel_count;
    int error = reserve_tunnels(connection, draft->tunnel_count);

    if (error == 0 && connection->tunnel_count > kept) {
        error = split_off(connection, kept, now);
    }
    for (size_t i = 0; i < kept && error == 0; i++) {
        error = update_tunnel(connection->tunnels[i], &draft->tunnels[i], again, trigger, now);
    }
    for (size_t i = kept; i < draft->tunnel_count && error == 0; i++) {
        error = add_tunnel(connection, &draft->tunnels[i]);
        if (error == 0) {
            error = s2si_gateway_collect_addresses(connection->gateway);
        }
        if (error == 0) {
            error = s2si_tunnel_apply(connection->tunnels[i], now);
            s2si_tunnel_start(connection->tunnels[i], now);
        }
    }
    return error;
}

static int apply_update(s2s_connection *connection, struct s2si_draft *draft, enum s2s_trigger trigger, s2s_time now)
{
    struct s2si_mem *mem = &connection->gateway->engine->mem;
    struct s2s_connection_params bare = draft->given, copy;
    struct s2si_field_set changed;
    bool again;
    int error;

    bare.tunnels = NULL;
    bare.tunnel_count = 0;
    error = s2si_params_copy(mem, S2SI_CONNECTION, &copy, &bare);
    if (error) {
        return error;
    }
    s2si_params_differ(S2SI_CONNECTION, &connection->effective, &draft->effective, &changed);
    again = s2si_field_set_effect(S2SI_CONNECTION, &changed, S2SI_EFFECT_RENEGOTIATE);
    s2si_params_free(mem, S2SI_CONNECTION, &connection->params);
    s2si_params_free(mem, S2SI_CONNECTION, &connection->effective);
    connection->params = copy;
    connection->effective = draft->effective;
    draft->has_effective = false;
    connection->customer_gateway = draft->customer_gateway;
    error = update_tunnels(connection, draft, again, trigger, now);
    if (error == 0) {
        error = look_again(connection, now);
    }
    s2si_select_run(connection->gateway, S2S_TRIGGER_CONFIG, now);
    return error;
}

static int update(s2s_connection *connection, const struct s2s_connection_params *params, enum s2s_trigger trigger,
                  s2s_time now)
{
    struct s2si_draft draft;
    int error = s2si_draft_make(connection->gateway, connection, params, &draft);

    if (error) {
        return error;
    }
    error = s2si_validate_connection(&draft);
    if (error == 0 && strcmp(draft.given.name, connection->params.name) != 0) {
        s2s_connection *other = s2s_connection_find(connection->gateway, draft.given.name);
        error = other ? S2S_ERR_EXISTS : 0;
    }
    if (error == 0) {
        error = apply_update(connection, &draft, trigger, now);
    }
    s2si_draft_free(&draft);
    return error;
}

int s2s_connection_update(s2s_connection *connection, const struct s2s_connection_params *params, s2s_time now)
{
    int error = connection ? s2si_engine_enter(connection->gateway->engine, now) : S2S_ERR_INVALID;

    return error ? error
                 : s2si_engine_leave(connection->gateway->engine, now,
                                     update(connection, params, S2S_TRIGGER_CONFIG, now));
}

/* An update with the connection's own params, one tunnel's replaced if given. */
static int update_own(s2s_connection *connection, size_t index, const struct s2s_tunnel_params *replaced,
                      enum s2s_trigger trigger, s2s_time now)
{
    struct s2si_mem *mem = &connection->gateway->engine->mem;
    struct s2s_connection_params params = connection->params;
    size_t count = connection->tunnel_count;
    struct s2s_tunnel_params *tunnels = s2si_alloc_array(mem, count + 1, sizeof(*tunnels));
    int error;

    if (!tunnels) {
        return S2S_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        tunnels[i] = i == index && replaced ? *replaced : connection->tunnels[i]->given;
    }
    params.tunnels = tunnels;
    params.tunnel_count = count;
    error = update(connection, &params, trigger, now);
    s2si_free_secret(mem, tunnels, (count + 1) * sizeof(*tunnels));
    return error;
}

int s2si_connection_refresh(s2s_connection *connection, enum s2s_trigger trigger, s2s_time now)
{
    return update_own(connection, 0, NULL, trigger, now);
}

static int modify(s2s_tunnel *tunnel, const struct s2s_tunnel_params *changes, s2s_time now)
{
    struct s2si_mem *mem = &tunnel->engine->mem;
    struct s2s_tunnel_params full, merged;
    int error = s2si_params_read(S2SI_TUNNEL, &full, changes);

    if (error == 0) {
        error = s2si_params_copy(mem, S2SI_TUNNEL, &merged, &tunnel->given);
    }
    if (error) {
        return error;
    }
    error = s2si_params_merge(mem, S2SI_TUNNEL, &merged, &full);
    if (error == 0) {
        error = update_own(tunnel->connection, tunnel->index - 1, &merged, S2S_TRIGGER_CONFIG, now);
    }
    s2si_params_free(mem, S2SI_TUNNEL, &merged);
    return error;
}

int s2s_tunnel_modify(s2s_tunnel *tunnel, const struct s2s_tunnel_params *changes, s2s_time now)
{
    int error = tunnel ? s2si_engine_enter(tunnel->engine, now) : S2S_ERR_INVALID;

    return error ? error : s2si_engine_leave(tunnel->engine, now, modify(tunnel, changes, now));
}

int s2s_tunnel_start(s2s_tunnel *tunnel, s2s_time now)
{
    int error = tunnel ? s2si_engine_enter(tunnel->engine, now) : S2S_ERR_INVALID;

    if (error) {
        return error;
    }
    if (!tunnel->peer || !s2si_tunnel_may_initiate(tunnel)) {
        return s2si_engine_leave(tunnel->engine, now, S2S_ERR_STATE);
    }
    return s2si_engine_leave(tunnel->engine, now, s2si_ike_initiate(tunnel->peer, now));
}

int s2s_tunnel_restart(s2s_tunnel *tunnel, s2s_time now)
{
    int error = tunnel ? s2si_engine_enter(tunnel->engine, now) : S2S_ERR_INVALID;

    if (error) {
        return error;
    }
    if (tunnel->effective.enabled == 0) {
        return s2si_engine_leave(tunnel->engine, now, S2S_ERR_STATE);
    }
    s2si_planned_begin(tunnel, S2S_TRIGGER_RESTART, false, now);
    return s2si_engine_leave(tunnel->engine, now, 0);
}

static int rekey(s2s_tunnel *tunnel, int what, s2s_time now)
{
    if (!tunnel->peer) {
        return S2S_ERR_STATE;
    }
    return what == S2S_REKEY_IKE ? s2si_ike_rekey_ike(tunnel->peer, now) : s2si_ike_rekey_child(tunnel->peer, 0, now);
}

int s2s_tunnel_rekey(s2s_tunnel *tunnel, int what, s2s_time now)
{
    int error = tunnel && (what == S2S_REKEY_IPSEC || what == S2S_REKEY_IKE) ? s2si_engine_enter(tunnel->engine, now)
                                                                             : S2S_ERR_INVALID;

    return error ? error : s2si_engine_leave(tunnel->engine, now, rekey(tunnel, what, now));
}

/* ---- going ---- */

void s2si_connection_close(s2s_connection *connection, s2s_time now)
{
    s2s_gateway *gateway = connection->gateway;

    if (connection->deleting) {
        return;
    }
    connection->deleting = true;
    gateway->engine->leaving++;
    gateway->engine->connection_count--;
    s2si_routes_drop(connection);
    s2si_routing_rebuild(gateway, now);
    for (size_t i = 0; i < connection->tunnel_count; i++) {
        s2si_planned_begin(connection->tunnels[i], S2S_TRIGGER_CONFIG, true, now);
    }
    s2si_datapath_rebuild(gateway);
    s2si_select_run(gateway, S2S_TRIGGER_CONFIG, now);
}

void s2s_connection_delete(s2s_connection *connection, s2s_time now)
{
    if (connection && s2si_engine_enter(connection->gateway->engine, now) == 0) {
        s2s_engine *engine = connection->gateway->engine;
        s2si_connection_close(connection, now);
        s2si_engine_leave(engine, now, 0);
    }
}

static bool finished(const s2s_connection *connection)
{
    for (size_t i = 0; i < connection->tunnel_count; i++) {
        if (connection->tunnels[i]->planned != S2SI_PLANNED_NONE || !s2si_scope_empty(&connection->tunnels[i]->scope)) {
            return false;
        }
    }
    return true;
}

bool s2si_connections_reap(s2s_gateway *gateway, s2s_time now)
{
    struct s2si_list *node, *after;
    bool any = false;

    S2SI_LIST_EACH_SAFE(node, after, &gateway->connections) {
        s2s_connection *connection = S2SI_CONTAINER(node, s2s_connection, node);
        if (connection->deleting && finished(connection)) {
            s2si_connection_free(connection, now);
            any = true;
        }
    }
    if (any) {
        s2si_gateway_collect_addresses(gateway);
        s2si_datapath_rebuild(gateway);
        s2si_scope_dirty(gateway->engine, &gateway->base_scope);
    }
    return any;
}
