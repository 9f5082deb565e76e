/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/reconcile.h"

#include <stdio.h>
#include <string.h>

#include "lib/gateway/actions.h"
#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/esp_glue.h"
#include "lib/gateway/tunnel.h"

#define RETRY_FIRST (1 * (s2s_time)S2S_SECOND)
#define RETRY_DOUBLINGS 6
#define SCAN_INTERVAL (300 * (s2s_time)S2S_SECOND)
#define WAIT_FOR_ANOTHER (100 * (s2s_time)S2S_MILLISECOND)

void s2si_scope_dirty(s2s_engine *engine, struct s2si_scope *scope)
{
    scope->stale = true;
    if (s2si_list_empty(&scope->dirty)) {
        s2si_list_append(&engine->dirty, &scope->dirty);
    }
}

/* The next phase may start, nothing has to be computed again. */
static void touch(s2s_engine *engine, struct s2si_scope *scope)
{
    if (s2si_list_empty(&scope->dirty)) {
        s2si_list_append(&engine->dirty, &scope->dirty);
    }
}

void s2si_routes_dirty(s2s_gateway *gateway)
{
    s2si_scope_dirty(gateway->engine, &gateway->route_scope);
}

void s2si_paths_dirty(s2s_gateway *gateway)
{
    if (gateway->engine->capabilities & S2S_KERNEL_ESP) {
        s2si_scope_dirty(gateway->engine, &gateway->path_scope);
    }
}

/* ---- one item ---- */

static void leave_todo(struct s2si_item *item)
{
    if (item->state == S2SI_ITEM_TODO) {
        item->scope->waiting[item->phase]--;
        s2si_list_remove(&item->todo);
        s2si_list_init(&item->todo);
        item->state = S2SI_ITEM_IDLE;
    }
}

/* Puts an item where it belongs: nothing to do, to do in a phase, or no longer known. */
static void sort_item(s2s_engine *engine, struct s2si_item *item)
{
    enum s2si_phase phase;

    if (item->state == S2SI_ITEM_FLYING) {
        return;
    }
    if (item->state == S2SI_ITEM_PARKED && (item->wanted || item->present)) {
        return;
    }
    leave_todo(item);
    if (s2si_item_next(item, &phase) != S2S_ACTION_NONE) {
        item->state = S2SI_ITEM_TODO;
        item->phase = (uint8_t)phase;
        item->scope->waiting[phase]++;
        s2si_list_append(&item->scope->todo, &item->todo);
    } else if (!item->wanted && !item->present) {
        s2si_item_forget(engine, item);
    }
}

static bool same_value(const struct s2si_item_content *a, const struct s2si_item_content *b)
{
    return s2si_addr_equal(&a->preferred_source, &b->preferred_source) && a->tunnel == b->tunnel && a->spi == b->spi &&
           s2si_endpoint_equal(&a->remote, &b->remote) && a->mtu == b->mtu && a->metric == b->metric &&
           a->group == b->group && a->child == b->child;
}

void s2si_desired_want(s2s_engine *engine, struct s2si_scope *scope, enum s2si_item_kind kind,
                       const struct s2si_item_content *content)
{
    struct s2si_item *item = s2si_item_make(engine, scope, kind, content);

    if (!item) {
        /* Without memory now: look again soon, what stands stays meanwhile. */
        s2s_gateway *gateway = s2si_scope_gateway(scope);
        s2si_timer_arm(&engine->timers, &gateway->scan_timer, engine->now + RETRY_FIRST);
        return;
    }
    if (!same_value(&item->content, content)) {
        item->content = *content;
        item->generation++;
        if (item->state == S2SI_ITEM_PARKED) {
            item->state = S2SI_ITEM_IDLE; /* its inputs changed */
            s2si_timer_disarm(&engine->timers, &item->retry);
        }
    }
    item->wanted = item->marked = true;
}

static void compare(s2s_engine *engine, struct s2si_scope *scope)
{
    struct s2si_list *node, *after;

    S2SI_LIST_EACH(node, &scope->items) {
        S2SI_CONTAINER(node, struct s2si_item, node)->marked = false;
    }
    s2si_desired_mark(engine, scope);
    S2SI_LIST_EACH_SAFE(node, after, &scope->items) {
        struct s2si_item *item = S2SI_CONTAINER(node, struct s2si_item, node);
        item->wanted = item->marked;
        sort_item(engine, item);
    }
}

static struct s2si_item *route_item(s2s_gateway *gateway, enum s2si_item_kind kind,
                                    const struct s2s_prefix *destination)
{
    struct s2si_item_content key = { .prefix = *destination };

    key.table = gateway->effective.table > 0 ? (uint32_t)gateway->effective.table : 0;
    return s2si_item_find(&gateway->route_scope, kind, &key);
}

void s2si_route_dirty(s2s_gateway *gateway, const struct s2s_prefix *destination)
{
    static const enum s2si_item_kind kinds[] = { S2SI_ITEM_ROUTE, S2SI_ITEM_UNREACHABLE };
    s2s_engine *engine = gateway->engine;
    struct s2si_item *item;

    if (gateway->route_scope.stale || !(engine->capabilities & S2S_KERNEL_ROUTES)) {
        return;
    }
    for (size_t i = 0; i < S2SI_COUNT(kinds); i++) {
        if ((item = route_item(gateway, kinds[i], destination)) != NULL) {
            item->marked = item->inherited;
        }
    }
    if (!s2si_desired_route(gateway, destination)) {
        s2si_routes_dirty(gateway);
        return;
    }
    for (size_t i = 0; i < S2SI_COUNT(kinds); i++) {
        if ((item = route_item(gateway, kinds[i], destination)) != NULL) {
            item->wanted = item->marked;
            sort_item(engine, item);
        }
    }
    touch(engine, &gateway->route_scope);
}

/* ---- starting ---- */

static bool busy(const struct s2si_scope *scope, enum s2si_phase first, enum s2si_phase last)
{
    for (enum s2si_phase phase = first; phase <= last; phase++) {
        if (scope->waiting[phase] || scope->flying[phase]) {
            return true;
        }
    }
    return scope->stale;
}

/* What one scope needs of another before it may go on. */
static bool blocked(const struct s2si_scope *scope, enum s2si_phase phase)
{
    const s2s_gateway *gateway = s2si_scope_gateway(scope);

    if (scope->kind == S2SI_SCOPE_ROUTES ||
        (scope->kind == S2SI_SCOPE_BASE && phase != S2SI_PHASE_UNBIND)) {
        if (!gateway->adopted) {
            return true; /* first see what an earlier process left */
        }
    }
    if (phase == S2SI_PHASE_BIND) {
        return (gateway->engine->capabilities & S2S_KERNEL_ROUTES) && !gateway->device_up;
    }
    if (phase == S2SI_PHASE_ROUTE) {
        return !gateway->device_up || busy(&gateway->base_scope, S2SI_PHASE_DEVICE, S2SI_PHASE_ADDRESS);
    }
    if (phase == S2SI_PHASE_ADDRESS_DELETE || phase == S2SI_PHASE_DEVICE_DELETE) {
        return busy(&gateway->route_scope, S2SI_PHASE_ROUTE, S2SI_PHASE_ROUTE_DELETE);
    }
    return false;
}

static bool in_engine(const s2s_engine *engine, const struct s2si_item *item)
{
    return (item->kind == S2SI_ITEM_SA_IN || item->kind == S2SI_ITEM_SA_OUT) &&
           !(engine->capabilities & S2S_KERNEL_ESP);
}

/*
 * Kernels know a policy by its tunnel and selectors, not by its CHILD_SA: the one of a CHILD_SA that was rekeyed is now its
 * successor's and stays.
 */
static bool inherited(const struct s2si_item *item)
{
    struct s2si_list *node;

    if (item->kind != S2SI_ITEM_POLICY_IN && item->kind != S2SI_ITEM_POLICY_OUT) {
        return false;
    }
    S2SI_LIST_EACH(node, &item->scope->items) {
        const struct s2si_item *heir = S2SI_CONTAINER(node, struct s2si_item, node);
        if (heir != item && heir->kind == item->kind && heir->wanted &&
            s2si_prefix_equal(&heir->content.prefix, &item->content.prefix) &&
            s2si_prefix_equal(&heir->content.source, &item->content.source)) {
            return true;
        }
    }
    return false;
}

static void start_item(s2s_engine *engine, struct s2si_item *item, s2s_time now)
{
    struct s2si_operation here = { .kind = S2SI_OP_ITEM, .item = item };
    struct s2si_operation *operation = &here;
    enum s2si_phase phase;
    enum s2s_action_type type = s2si_item_next(item, &phase);

    leave_todo(item);
    if (type == S2S_ACTION_POLICY_DELETE && inherited(item)) {
        item->present = false;
        sort_item(engine, item);
        touch(engine, item->scope);
        return;
    }
    if (!in_engine(engine, item)) {
        operation = s2si_operation_new(engine->operations, S2SI_OP_ITEM, s2si_scope_gateway(item->scope));
        if (!operation) {
            item->state = S2SI_ITEM_PARKED;
            s2si_timer_arm(&engine->timers, &item->retry, now + RETRY_FIRST);
            return;
        }
    }
    item->state = S2SI_ITEM_FLYING;
    item->phase = (uint8_t)phase;
    item->scope->flying[phase]++;
    operation->item = item;
    operation->action = type;
    operation->generation = item->generation;
    if (operation == &here) {
        struct s2s_result result = { .struct_size = sizeof(result) };
        result.error = s2si_esp_apply(engine, item, type);
        s2si_reconcile_completed(engine, operation, &result, now);
    } else {
        s2si_list_append(&engine->actions->operations, &operation->node);
    }
}

/* Starts everything of the lowest phase that has something to do. */
static void advance(s2s_engine *engine, struct s2si_scope *scope, s2s_time now)
{
    unsigned phase = 0;
    struct s2si_list *node, *after;

    while (phase < S2SI_PHASES && !scope->waiting[phase] && !scope->flying[phase]) {
        phase++;
    }
    if (phase == S2SI_PHASES || !scope->waiting[phase] || blocked(scope, (enum s2si_phase)phase)) {
        return;
    }
    S2SI_LIST_EACH_SAFE(node, after, &scope->todo) {
        struct s2si_item *item = S2SI_CONTAINER(node, struct s2si_item, todo);
        if (item->phase == phase) {
            start_item(engine, item, now);
        }
    }
}

/* Base and routes wait for each other's comparison (blocked). */
static void wake_sibling(s2s_engine *engine, struct s2si_scope *scope)
{
    s2s_gateway *gateway = s2si_scope_gateway(scope);

    if (scope->kind == S2SI_SCOPE_BASE && !s2si_list_empty(&gateway->route_scope.todo)) {
        touch(engine, &gateway->route_scope);
    } else if (scope->kind == S2SI_SCOPE_ROUTES && !s2si_list_empty(&gateway->base_scope.todo)) {
        touch(engine, &gateway->base_scope);
    }
}

/* Tells once that the fail-closed routes are answered. */
static void tell_guarded(struct s2si_scope *scope)
{
    s2s_gateway *gateway = s2si_scope_gateway(scope);
    size_t wanted = 0, stand = 0;
    struct s2si_list *node;

    if (gateway->guarded || !gateway->adopted || gateway->deleting || scope->kind != S2SI_SCOPE_ROUTES ||
        busy(scope, S2SI_PHASE_LOCAL, S2SI_PHASE_UNREACHABLE)) {
        return;
    }
    S2SI_LIST_EACH(node, &scope->items) {
        const struct s2si_item *item = S2SI_CONTAINER(node, struct s2si_item, node);
        if (item->kind == S2SI_ITEM_UNREACHABLE && item->wanted) {
            wanted++;
            stand += item->present;
        }
    }
    gateway->guarded = true;
    s2si_event_gateway(gateway, S2S_EVENT_GATEWAY_GUARDED, stand < wanted ? S2S_LOG_WARNING : S2S_LOG_INFO, NULL,
                       "%zu of %zu fail-closed routes stand", stand, wanted);
}

bool s2si_reconcile(s2s_engine *engine, s2s_time now)
{
    bool any = false;

    while (!s2si_list_empty(&engine->dirty)) {
        struct s2si_scope *scope = S2SI_CONTAINER(engine->dirty.next, struct s2si_scope, dirty);
        bool stale = scope->stale;

        any = true;
        s2si_list_remove(&scope->dirty);
        s2si_list_init(&scope->dirty);
        scope->stale = false;
        if (stale) {
            compare(engine, scope);
            wake_sibling(engine, scope);
        }
        advance(engine, scope, now);
        tell_guarded(scope);
    }
    return any;
}

/* ---- answers ---- */

static bool adds(enum s2s_action_type type, const struct s2si_item *item)
{
    switch (type) {
    case S2S_ACTION_UNBIND:
    case S2S_ACTION_DEVICE_DELETE:
    case S2S_ACTION_ADDRESS_DELETE:
    case S2S_ACTION_ROUTE_DELETE:
    case S2S_ACTION_SA_DELETE:
    case S2S_ACTION_POLICY_DELETE:
        return false;
    case S2S_ACTION_STREAM_CLOSE:
        return false;
    case S2S_ACTION_PATH:
        return item->phase == S2SI_PHASE_PATH;
    case S2S_ACTION_STREAM_KEY:
        return item->phase == S2SI_PHASE_STREAM_KEY;
    default:
        return true;
    }
}

/* Idempotent operations: what is there already was added, what is not there was deleted. */
static int meaning(bool add, int error)
{
    return (add && error == S2S_ERR_EXISTS) || (!add && error == S2S_ERR_NOT_FOUND) ? 0 : error;
}

static void bound(s2s_gateway *gateway, const struct s2s_addr *addr, bool present, s2s_time now)
{
    for (size_t i = 0; i < gateway->address_count; i++) {
        if (s2si_addr_equal(&gateway->addresses[i].addr, addr)) {
            gateway->addresses[i].bound = present;
        }
    }
    s2si_gateway_addresses_changed(gateway, now);
}

/* What follows from an item that came or went. */
static void effect(s2s_engine *engine, struct s2si_item *item, const struct s2s_result *result, s2s_time now)
{
    s2s_gateway *gateway = s2si_scope_gateway(item->scope);
    struct s2s_action_route route;

    switch (item->kind) {
    case S2SI_ITEM_BIND:
        bound(gateway, &item->content.addr, item->present, now);
        break;
    case S2SI_ITEM_DEVICE:
        gateway->device_up = item->present;
        gateway->device_number = result->device_number;
        if (item->present && result->device && result->device[0]) {
            snprintf(gateway->device, sizeof(gateway->device), "%s", result->device);
        } else if (item->present && !gateway->device[0]) {
            snprintf(gateway->device, sizeof(gateway->device), "%s",
                     gateway->effective.device ? gateway->effective.device : gateway->default_device);
        }
        s2si_scope_dirty(engine, &gateway->route_scope); /* publish wants no route through a device that is not there */
        break;
    case S2SI_ITEM_ADDRESS:
        touch(engine, &gateway->route_scope);
        s2si_bgp_glue_look(gateway);
        break;
    case S2SI_ITEM_LOCAL:
    case S2SI_ITEM_UNREACHABLE:
    case S2SI_ITEM_ROUTE:
        s2si_item_route(item, &route);
        s2si_publish_installed(gateway, &route, item->present, now);
        touch(engine, &gateway->base_scope);
        break;
    case S2SI_ITEM_SA_IN:
    case S2SI_ITEM_SA_OUT:
        s2si_ike_child_result(engine->ike, item->content.child, item->kind == S2SI_ITEM_SA_IN, item->present, 0, now);
        s2si_tunnel_sas_changed(item->scope->owner, now);
        break;
    case S2SI_ITEM_POLICY_IN:
    case S2SI_ITEM_POLICY_OUT:
        s2si_tunnel_sas_changed(item->scope->owner, now);
        break;
    default:
        break;
    }
}

static const char *const action_words[] = {
    [S2S_ACTION_BIND] = "opening the IKE ports",
    [S2S_ACTION_UNBIND] = "closing the IKE ports",
    [S2S_ACTION_DEVICE_ADD] = "making the tunnel device",
    [S2S_ACTION_DEVICE_DELETE] = "removing the tunnel device",
    [S2S_ACTION_ADDRESS_ADD] = "adding an inside address",
    [S2S_ACTION_ADDRESS_DELETE] = "removing an inside address",
    [S2S_ACTION_ROUTE_ADD] = "adding a route",
    [S2S_ACTION_ROUTE_DELETE] = "removing a route",
    [S2S_ACTION_SA_ADD] = "adding an SA",
    [S2S_ACTION_SA_UPDATE] = "updating an SA",
    [S2S_ACTION_SA_DELETE] = "deleting an SA",
    [S2S_ACTION_POLICY_ADD] = "adding a policy",
    [S2S_ACTION_POLICY_DELETE] = "deleting a policy",
    [S2S_ACTION_PATH] = "switching the path",
    [S2S_ACTION_STREAM_LISTEN] = "listening for BGP on", [S2S_ACTION_STREAM_CLOSE] = "closing the listener on",
    [S2S_ACTION_STREAM_KEY] = "setting the TCP-MD5 key on",
};

static void describe(const struct s2si_item *item, char *out, size_t size)
{
    char text[S2S_ADDR_TEXT];

    switch (item->kind) {
    case S2SI_ITEM_BIND:
    case S2SI_ITEM_LISTEN:
    case S2SI_ITEM_STREAM_KEY:
        snprintf(out, size, "%s", s2s_addr_format(&item->content.addr, text));
        break;
    case S2SI_ITEM_ADDRESS:
    case S2SI_ITEM_ROUTE:
    case S2SI_ITEM_LOCAL:
    case S2SI_ITEM_UNREACHABLE:
        snprintf(out, size, "%s", s2s_prefix_format(&item->content.prefix, text));
        break;
    case S2SI_ITEM_SA_IN:
    case S2SI_ITEM_SA_OUT:
        snprintf(out, size, "SPI %08x", item->content.spi);
        break;
    default:
        out[0] = '\0';
    }
}

static void refused(s2s_engine *engine, struct s2si_item *item, enum s2s_action_type type,
                    const struct s2s_result *result, s2s_time now)
{
    s2s_gateway *gateway = s2si_scope_gateway(item->scope);
    const char *why = result->detail && result->detail[0] ? result->detail : s2s_strerror(result->error);
    char what[S2S_ADDR_TEXT + 16];
    bool sa = item->kind == S2SI_ITEM_SA_IN || item->kind == S2SI_ITEM_SA_OUT;
    unsigned doublings = item->refusals < RETRY_DOUBLINGS ? item->refusals : RETRY_DOUBLINGS;

    engine->operations->refused++;
    describe(item, what, sizeof(what));
    if (item->scope->kind == S2SI_SCOPE_TUNNEL) {
        s2si_event_tunnel(item->scope->owner, S2S_EVENT_KERNEL_REFUSED, S2S_LOG_ERROR, NULL, "%s %s was refused: %s",
                          action_words[type], what, why);
    } else {
        snprintf(gateway->refusal, sizeof(gateway->refusal), "%s%s%s was refused: %s", action_words[type],
                 what[0] ? " " : "", what, why);
    }
    if (item->scope->kind != S2SI_SCOPE_TUNNEL && item->refusals == 0) {
        s2si_event_gateway(gateway, S2S_EVENT_KERNEL_REFUSED, S2S_LOG_ERROR, NULL, "%s", gateway->refusal);
    }
    item->state = S2SI_ITEM_PARKED;
    if (item->refusals < UINT8_MAX) {
        item->refusals++;
    }
    if (sa && !item->present) {
        /* IKE ends the exchange and wants it no more: no use in trying again by ourselves. */
        s2si_ike_child_result(engine->ike, item->content.child, item->kind == S2SI_ITEM_SA_IN, false, result->error,
                              now);
        s2si_scope_dirty(engine, item->scope);
        return;
    }
    if (s2si_timer_arm(&engine->timers, &item->retry, now + (RETRY_FIRST << doublings)) != 0) {
        item->state = S2SI_ITEM_IDLE;
    }
}

void s2si_reconcile_completed(s2s_engine *engine, struct s2si_operation *operation, const struct s2s_result *result,
                              s2s_time now)
{
    struct s2si_item *item = operation->item;
    struct s2si_scope *scope = item->scope;
    bool add = adds(operation->action, item);
    int error = meaning(add, result->error);

    scope->flying[item->phase]--;
    item->state = S2SI_ITEM_IDLE;
    if (error == 0) {
        item->present = add;
        item->present_generation = add ? operation->generation : 0;
        item->refusals = 0;
        effect(engine, item, result, now);
    } else if (error != S2S_ERR_CANCELED) {
        refused(engine, item, operation->action, result, now);
    }
    sort_item(engine, item);
    touch(engine, scope);
}

void s2si_reconcile_retry(s2s_engine *engine, struct s2si_item *item, s2s_time now)
{
    (void)now;
    if (item->state == S2SI_ITEM_PARKED) {
        struct s2si_scope *scope = item->scope;
        item->state = S2SI_ITEM_IDLE;
        sort_item(engine, item);
        touch(engine, scope);
    }
}

static bool any_refused(const struct s2si_scope *scope)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &scope->items) {
        const struct s2si_item *item = S2SI_CONTAINER(node, struct s2si_item, node);
        if (item->wanted && !item->present && item->refusals > 0) {
            return true;
        }
    }
    return false;
}

const char *s2si_gateway_refusal(const s2s_gateway *gateway)
{
    return any_refused(&gateway->base_scope) || any_refused(&gateway->route_scope) ? gateway->refusal : "";
}

/* ---- the full comparison ---- */

/* Everything that stands is to be reported, binds apart: those the kernel does not list. */
static void expect_reports(struct s2si_scope *scope)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &scope->items) {
        struct s2si_item *item = S2SI_CONTAINER(node, struct s2si_item, node);
        item->unconfirmed = item->present && item->state != S2SI_ITEM_FLYING && item->kind != S2SI_ITEM_BIND;
    }
}

/* What was not reported somebody took away. */
static void missed(struct s2si_scope *scope)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &scope->items) {
        struct s2si_item *item = S2SI_CONTAINER(node, struct s2si_item, node);
        if (item->unconfirmed && item->state != S2SI_ITEM_FLYING) {
            item->present = false;
            if (item->kind == S2SI_ITEM_DEVICE) {
                s2si_scope_gateway(scope)->device_up = false;
            }
        }
        item->unconfirmed = false;
    }
}

/* A gateway that is being deleted may hold the same ports, device, routes and mark: what it takes away must not be taken from its
   successor. */
static bool another_leaves(const s2s_gateway *gateway)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &gateway->engine->gateways) {
        const s2s_gateway *other = S2SI_CONTAINER(node, s2s_gateway, node);
        if (other != gateway && other->deleting) {
            return true;
        }
    }
    return false;
}

void s2si_reconcile_scan(s2s_gateway *gateway, s2s_time now)
{
    s2s_engine *engine = gateway->engine;
    s2s_tunnel *tunnel = NULL;

    if (!gateway->adopted && !gateway->deleting && another_leaves(gateway)) {
        s2si_timer_arm(&engine->timers, &gateway->scan_timer, now + WAIT_FOR_ANOTHER);
        return;
    }
    s2si_scope_dirty(engine, &gateway->base_scope);
    s2si_scope_dirty(engine, &gateway->route_scope);
    s2si_paths_dirty(gateway);
    s2si_datapath_rebuild(gateway);
    s2si_bgp_glue_changed(gateway);
    while ((tunnel = s2si_tunnel_next(gateway, tunnel)) != NULL) {
        s2si_scope_dirty(engine, &tunnel->scope);
    }
    if (!s2si_timer_armed(&gateway->scan_timer)) {
        s2si_timer_arm(&engine->timers, &gateway->scan_timer, now + SCAN_INTERVAL);
    }
    if (!(engine->capabilities & S2S_KERNEL_ROUTES)) {
        gateway->adopted = true;
        return;
    }
    if (gateway->scanning) {
        return;
    }
    struct s2si_operation *operation = s2si_operation_new(engine->operations, S2SI_OP_SCAN, gateway);
    if (!operation) {
        s2si_timer_arm(&engine->timers, &gateway->scan_timer, now + RETRY_FIRST);
        return;
    }
    operation->action = S2S_ACTION_SCAN;
    gateway->scanning = true;
    expect_reports(&gateway->base_scope);
    expect_reports(&gateway->route_scope);
    s2si_list_append(&engine->actions->operations, &operation->node);
}

/* Something that bears our mark: known, or adopted and then deleted unless it is wanted. */
static void found_item(s2s_gateway *gateway, struct s2si_scope *scope, enum s2si_item_kind kind,
                       const struct s2si_item_content *content)
{
    struct s2si_item *item = s2si_item_make(gateway->engine, scope, kind, content);

    if (!item) {
        return;
    }
    item->unconfirmed = false;
    if (!item->present && item->state != S2SI_ITEM_FLYING) {
        item->present = true;
        item->present_generation =
            same_value(&item->content, content) && kind != S2SI_ITEM_DEVICE ? item->generation : 0;
        s2si_scope_dirty(gateway->engine, scope);
    }
}

/* Ours is still there. One that an earlier process left is adopted by DEVICE_ADD of its name. */
static void found_device(s2s_gateway *gateway, const char *name)
{
    struct s2si_item_content content = { 0 };
    struct s2si_item *item = s2si_item_find(&gateway->base_scope, S2SI_ITEM_DEVICE, &content);

    if (item && name && strcmp(name, gateway->device) == 0) {
        item->unconfirmed = false;
    }
}

void s2si_reconcile_found(s2s_gateway *gateway, const struct s2s_kernel_notice *notice)
{
    struct s2si_item_content content = { 0 };

    switch (notice->type) {
    case S2S_NOTICE_FOUND_ROUTE:
        s2si_route_content(&notice->route, &content);
        found_item(gateway, &gateway->route_scope, s2si_route_item_kind(notice->route.kind), &content);
        break;
    case S2S_NOTICE_FOUND_ADDRESS:
        content.addr = notice->addr.family ? notice->addr : notice->address.addr;
        content.prefix = notice->address;
        s2si_prefix_mask(&content.prefix);
        found_item(gateway, &gateway->base_scope, S2SI_ITEM_ADDRESS, &content);
        break;
    case S2S_NOTICE_FOUND_DEVICE:
        found_device(gateway, notice->device);
        break;
    default:
        break;
    }
}

void s2si_reconcile_scanned(s2s_gateway *gateway, const struct s2s_result *result, s2s_time now)
{
    (void)now;

    gateway->scanning = false;
    gateway->adopted = true;
    if (result->error == 0) {
        missed(&gateway->base_scope);
        missed(&gateway->route_scope);
    }
    s2si_scope_dirty(gateway->engine, &gateway->base_scope);
    s2si_scope_dirty(gateway->engine, &gateway->route_scope);
}
