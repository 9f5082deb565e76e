/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/actual.h"

#include <string.h>

#include "lib/gateway/actions.h"
#include "lib/gateway/bgp_glue.h"

_Static_assert(S2SI_PHASES == S2SI_SCOPE_PHASES, "a scope counts its items by phase");

void s2si_scope_init(struct s2si_scope *scope, enum s2si_scope_kind kind, void *owner)
{
    memset(scope, 0, sizeof(*scope));
    s2si_list_init(&scope->items);
    s2si_list_init(&scope->todo);
    s2si_list_init(&scope->dirty);
    scope->kind = (uint8_t)kind;
    scope->owner = owner;
}

void s2si_scope_free(s2s_engine *engine, struct s2si_scope *scope)
{
    if (!scope->owner) {
        return;
    }
    while (!s2si_list_empty(&scope->items)) {
        s2si_item_forget(engine, S2SI_CONTAINER(scope->items.next, struct s2si_item, node));
    }
    s2si_list_remove(&scope->dirty);
}

s2s_gateway *s2si_scope_gateway(const struct s2si_scope *scope)
{
    return scope->kind == S2SI_SCOPE_TUNNEL ? ((s2s_tunnel *)scope->owner)->gateway : scope->owner;
}

bool s2si_scope_empty(const struct s2si_scope *scope)
{
    return s2si_list_empty(&scope->items);
}

/* ---- finding ---- */

static bool prefixes_equal(const struct s2s_prefix *a, const struct s2s_prefix *b)
{
    return a->addr.family == b->addr.family && (a->addr.family == 0 || s2si_prefix_equal(a, b));
}

static bool same_route(const struct s2si_item_content *a, const struct s2si_item_content *b)
{
    return prefixes_equal(&a->prefix, &b->prefix) && prefixes_equal(&a->source, &b->source) && a->table == b->table;
}

static bool same_key(enum s2si_item_kind kind, const struct s2si_item_content *a, const struct s2si_item_content *b)
{
    switch (kind) {
    case S2SI_ITEM_BIND:
        return s2si_addr_equal(&a->addr, &b->addr);
    case S2SI_ITEM_DEVICE:
        return true;
    case S2SI_ITEM_ADDRESS:
        return s2si_prefix_equal(&a->prefix, &b->prefix) && s2si_addr_equal(&a->addr, &b->addr);
    case S2SI_ITEM_LISTEN:
    case S2SI_ITEM_STREAM_KEY:
        return s2si_addr_equal(&a->addr, &b->addr) && a->selector == b->selector;
    case S2SI_ITEM_SA_IN:
    case S2SI_ITEM_SA_OUT:
        return a->child == b->child;
    case S2SI_ITEM_POLICY_IN:
    case S2SI_ITEM_POLICY_OUT:
        return a->selector == b->selector && s2si_prefix_equal(&a->prefix, &b->prefix) &&
               s2si_prefix_equal(&a->source, &b->source);
    case S2SI_ITEM_PATH:
        return a->group == b->group;
    default:
        return same_route(a, b);
    }
}

/* Routes are many: a map finds them. Its key has the prefix in full and a hash of the rest; what differs all the same
 * moves on. */
#define ITEM_KEY 24

static uint32_t mix(uint32_t hash, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < length; i++) {
        hash = (hash ^ at[i]) * 16777619u;
    }
    return hash;
}

static void item_key(enum s2si_item_kind kind, const struct s2si_item_content *content, uint8_t probe,
                      uint8_t key[ITEM_KEY])
{
    bool by_address = kind == S2SI_ITEM_BIND || kind == S2SI_ITEM_ADDRESS || kind == S2SI_ITEM_LISTEN ||
                      kind == S2SI_ITEM_STREAM_KEY;
    const struct s2s_addr *addr = by_address ? &content->addr : &content->prefix.addr;
    uint32_t hash = mix(2166136261u, &content->table, sizeof(content->table));

    if (content->source.addr.family) {
        hash = mix(hash, content->source.addr.bytes, sizeof(content->source.addr.bytes));
        hash = mix(hash, &content->source.length, 1);
    }
    memset(key, 0, ITEM_KEY);
    memcpy(key, addr->bytes, 16);
    key[16] = addr->family;
    key[17] = content->prefix.length;
    key[18] = (uint8_t)kind;
    key[19] = probe;
    memcpy(key + 20, &hash, 4);
}

static bool mapped(const struct s2si_scope *scope)
{
    return scope->kind == S2SI_SCOPE_ROUTES || scope->kind == S2SI_SCOPE_BASE;
}

static struct s2si_item *find_mapped(struct s2si_scope *scope, enum s2si_item_kind kind,
                                    const struct s2si_item_content *content, uint8_t *free_probe)
{
    uint8_t key[ITEM_KEY];
    struct s2si_item *item;
    s2s_gateway *gateway = scope->owner;

    for (unsigned probe = 0; probe < 256; probe++) {
        item_key(kind, content, (uint8_t)probe, key);
        item = s2si_map_get(&gateway->kernel_items, key, sizeof(key));
        if (!item || same_key(kind, &item->content, content)) {
            *free_probe = (uint8_t)probe;
            return item;
        }
    }
    return NULL;
}

struct s2si_item *s2si_item_find(struct s2si_scope *scope, enum s2si_item_kind kind,
                                 const struct s2si_item_content *key)
{
    struct s2si_list *node;
    uint8_t probe;

    if (mapped(scope)) {
        return find_mapped(scope, kind, key, &probe);
    }
    S2SI_LIST_EACH(node, &scope->items) {
        struct s2si_item *item = S2SI_CONTAINER(node, struct s2si_item, node);
        if (item->kind == kind && same_key(kind, &item->content, key)) {
            return item;
        }
    }
    return NULL;
}

struct s2si_item *s2si_item_make(s2s_engine *engine, struct s2si_scope *scope, enum s2si_item_kind kind,
                                 const struct s2si_item_content *content)
{
    struct s2si_item *item = s2si_item_find(scope, kind, content);
    uint8_t key[ITEM_KEY], probe = 0;

    if (item) {
        return item;
    }
    item = s2si_alloc(&engine->mem, sizeof(*item));
    if (!item) {
        return NULL;
    }
    if (mapped(scope)) {
        find_mapped(scope, kind, content, &probe);
        item_key(kind, content, probe, key);
        if (s2si_map_put(&((s2s_gateway *)scope->owner)->kernel_items, key, sizeof(key), item)) {
            s2si_free(&engine->mem, item, sizeof(*item));
            return NULL;
        }
    }
    item->scope = scope;
    item->kind = (uint8_t)kind;
    item->content = *content;
    item->generation = 1;
    s2si_list_init(&item->todo);
    s2si_timer_init(&item->retry, S2SI_TIMER_RETRY, item);
    s2si_list_append(&scope->items, &item->node);
    return item;
}

static void unmap(struct s2si_item *item)
{
    s2s_gateway *gateway = item->scope->owner;
    uint8_t key[ITEM_KEY];

    for (unsigned probe = 0; probe < 256; probe++) {
        item_key(item->kind, &item->content, (uint8_t)probe, key);
        if (s2si_map_get(&gateway->kernel_items, key, sizeof(key)) == item) {
            s2si_map_remove(&gateway->kernel_items, key, sizeof(key));
            return;
        }
    }
}

void s2si_item_forget(s2s_engine *engine, struct s2si_item *item)
{
    if (item->state == S2SI_ITEM_TODO) {
        item->scope->waiting[item->phase]--;
    } else if (item->state == S2SI_ITEM_FLYING) {
        item->scope->flying[item->phase]--;
    }
    if (mapped(item->scope)) {
        unmap(item);
    }
    s2si_timer_disarm(&engine->timers, &item->retry);
    s2si_list_remove(&item->todo);
    s2si_list_remove(&item->node);
    s2si_free(&engine->mem, item, sizeof(*item));
}

/* ---- what is to be done ---- */

struct kind_row {
    enum s2s_action_type add, update, remove;
    enum s2si_phase add_phase, remove_phase;
};

static const struct kind_row kinds[S2SI_ITEM_KINDS] = {
    [S2SI_ITEM_BIND] = { S2S_ACTION_BIND, S2S_ACTION_BIND, S2S_ACTION_UNBIND, S2SI_PHASE_BIND, S2SI_PHASE_UNBIND },
    [S2SI_ITEM_DEVICE] = { S2S_ACTION_DEVICE_ADD, S2S_ACTION_DEVICE_ADD, S2S_ACTION_DEVICE_DELETE, S2SI_PHASE_DEVICE,
                           S2SI_PHASE_DEVICE_DELETE },
    [S2SI_ITEM_ADDRESS] = { S2S_ACTION_ADDRESS_ADD, S2S_ACTION_ADDRESS_ADD, S2S_ACTION_ADDRESS_DELETE,
                            S2SI_PHASE_ADDRESS, S2SI_PHASE_ADDRESS_DELETE },
    [S2SI_ITEM_LISTEN] = { S2S_ACTION_STREAM_LISTEN, S2S_ACTION_STREAM_LISTEN, S2S_ACTION_STREAM_CLOSE,
                           S2SI_PHASE_LISTEN, S2SI_PHASE_LISTEN_DELETE },
    [S2SI_ITEM_STREAM_KEY] = { S2S_ACTION_STREAM_KEY, S2S_ACTION_STREAM_KEY, S2S_ACTION_STREAM_KEY,
                               S2SI_PHASE_STREAM_KEY, S2SI_PHASE_STREAM_KEY_DELETE },
    [S2SI_ITEM_SA_IN] = { S2S_ACTION_SA_ADD, S2S_ACTION_SA_UPDATE, S2S_ACTION_SA_DELETE, S2SI_PHASE_SA_IN,
                          S2SI_PHASE_SA_DELETE },
    [S2SI_ITEM_POLICY_IN] = { S2S_ACTION_POLICY_ADD, S2S_ACTION_POLICY_ADD, S2S_ACTION_POLICY_DELETE,
                              S2SI_PHASE_POLICY_IN, S2SI_PHASE_POLICY_DELETE },
    [S2SI_ITEM_SA_OUT] = { S2S_ACTION_SA_ADD, S2S_ACTION_SA_UPDATE, S2S_ACTION_SA_DELETE, S2SI_PHASE_SA_OUT,
                           S2SI_PHASE_SA_DELETE },
    [S2SI_ITEM_POLICY_OUT] = { S2S_ACTION_POLICY_ADD, S2S_ACTION_POLICY_ADD, S2S_ACTION_POLICY_DELETE,
                               S2SI_PHASE_POLICY_OUT, S2SI_PHASE_POLICY_DELETE },
    [S2SI_ITEM_PATH] = { S2S_ACTION_PATH, S2S_ACTION_PATH, S2S_ACTION_PATH, S2SI_PHASE_PATH, S2SI_PHASE_PATH_DELETE },
    [S2SI_ITEM_LOCAL] = { S2S_ACTION_ROUTE_ADD, S2S_ACTION_ROUTE_ADD, S2S_ACTION_ROUTE_DELETE, S2SI_PHASE_LOCAL,
                          S2SI_PHASE_LOCAL_DELETE },
    [S2SI_ITEM_UNREACHABLE] = { S2S_ACTION_ROUTE_ADD, S2S_ACTION_ROUTE_ADD, S2S_ACTION_ROUTE_DELETE,
                                S2SI_PHASE_UNREACHABLE, S2SI_PHASE_UNREACHABLE_DELETE },
    [S2SI_ITEM_ROUTE] = { S2S_ACTION_ROUTE_ADD, S2S_ACTION_ROUTE_ADD, S2S_ACTION_ROUTE_DELETE, S2SI_PHASE_ROUTE,
                          S2SI_PHASE_ROUTE_DELETE },
};

enum s2s_action_type s2si_item_next(const struct s2si_item *item, enum s2si_phase *phase)
{
    const struct kind_row *row = &kinds[item->kind];

    *phase = item->wanted ? row->add_phase : row->remove_phase;
    if (item->wanted && !item->present) {
        return row->add;
    }
    if (item->wanted && item->present_generation != item->generation) {
        return row->update;
    }
    return !item->wanted && item->present ? row->remove : S2S_ACTION_NONE;
}

/* ---- actions ---- */

enum s2si_item_kind s2si_route_item_kind(enum s2s_route_kind kind)
{
    return kind == S2S_ROUTE_LOCAL         ? S2SI_ITEM_LOCAL
           : kind == S2S_ROUTE_UNREACHABLE ? S2SI_ITEM_UNREACHABLE
                                           : S2SI_ITEM_ROUTE;
}

void s2si_item_route(const struct s2si_item *item, struct s2s_action_route *route)
{
    memset(route, 0, sizeof(*route));
    route->prefix = item->content.prefix;
    route->source = item->content.source;
    route->preferred_source = item->content.preferred_source;
    route->kind = item->kind == S2SI_ITEM_LOCAL         ? S2S_ROUTE_LOCAL
                  : item->kind == S2SI_ITEM_UNREACHABLE ? S2S_ROUTE_UNREACHABLE
                                                        : S2S_ROUTE_TUNNEL;
    route->table = item->content.table;
    route->metric = item->content.metric;
    route->group = item->content.group;
}

void s2si_route_content(const struct s2s_action_route *route, struct s2si_item_content *content)
{
    memset(content, 0, sizeof(*content));
    content->prefix = route->prefix;
    content->source = route->source;
    content->preferred_source = route->preferred_source;
    content->table = route->table;
    content->metric = route->metric;
    content->group = route->group;
}

static void fill_sa(const struct s2si_item *item, const struct s2si_ike_child *child, const s2s_tunnel *tunnel,
                    struct s2s_action_sa *sa)
{
    bool in = item->kind == S2SI_ITEM_SA_IN;
    const struct s2si_secret *key = in ? &child->key_in : &child->key_out;
    const struct s2si_secret *integrity = in ? &child->integ_in : &child->integ_out;
    const struct s2s_algorithm_info *info = s2s_algorithm_info(child->suite.encryption);

    sa->inbound = in;
    sa->spi = in ? child->spi_in : child->spi_out;
    sa->encryption = child->suite.encryption;
    sa->integrity = child->suite.integrity;
    sa->encryption_key = key->data;
    sa->encryption_key_length = key->length;
    sa->salt = in ? child->salt_in : child->salt_out;
    sa->salt_length = info ? info->salt_length : 0;
    sa->integrity_key = integrity->data;
    sa->integrity_key_length = integrity->length;
    sa->esn = child->suite.esn == S2S_ESN;
    sa->udp_encapsulation = child->udp_encapsulation;
    sa->replay_window = tunnel->effective.replay_window > 0 ? (uint32_t)tunnel->effective.replay_window : 64;
    sa->local = child->local;
    sa->remote = child->remote;
    sa->local_ts = child->local_ts;
    sa->local_ts_count = child->local_ts_count;
    sa->remote_ts = child->remote_ts;
    sa->remote_ts_count = child->remote_ts_count;
    sa->tunnel = tunnel->id;
    sa->lifetime_ns = child->hard_expire > child->created ? child->hard_expire - child->created : 0;
}

static bool fill_sa_action(s2s_engine *engine, const struct s2si_item *item, struct s2s_action *action)
{
    const s2s_tunnel *tunnel = item->scope->owner;
    const struct s2si_ike_child *child = s2si_ike_child_get(engine->ike, item->content.child);

    if (child) {
        fill_sa(item, child, tunnel, &action->sa);
        action->local = child->local;
        action->remote = child->remote;
        return true;
    }
    action->sa.inbound = item->kind == S2SI_ITEM_SA_IN;
    action->sa.spi = item->content.spi;
    action->sa.tunnel = tunnel->id;
    action->sa.local.addr = tunnel->local;
    action->sa.remote = item->content.remote;
    return action->type == S2S_ACTION_SA_DELETE;
}

static bool fill_policy(s2s_engine *engine, const struct s2si_item *item, struct s2s_action *action)
{
    const s2s_tunnel *tunnel = item->scope->owner;
    const struct s2si_ike_child *child = s2si_ike_child_get(engine->ike, item->content.child);
    uint32_t at = item->content.selector;

    action->policy.inbound = item->kind == S2SI_ITEM_POLICY_IN;
    action->policy.tunnel = tunnel->id;
    action->policy.group = s2si_group_of(tunnel->connection)->id;
    action->policy.priority = tunnel->index;
    s2s_selector_from_prefix(&item->content.prefix, &action->policy.local);
    s2s_selector_from_prefix(&item->content.source, &action->policy.remote);
    if (child && child->remote_ts_count && child->local_ts_count) {
        action->policy.local = child->local_ts[at / child->remote_ts_count % child->local_ts_count];
        action->policy.remote = child->remote_ts[at % child->remote_ts_count];
        return true;
    }
    return item->content.child == 0 || action->type == S2S_ACTION_POLICY_DELETE; /* 0: a trap, without SA */
}

bool s2si_item_action(s2s_engine *engine, const struct s2si_item *item, enum s2s_action_type type,
                      struct s2s_action *action)
{
    const s2s_gateway *gateway = s2si_scope_gateway(item->scope);
    const struct s2si_item_content *content = &item->content;

    action->type = type;
    action->gateway = gateway->params.name;
    action->device = gateway->device;
    switch (item->kind) {
    case S2SI_ITEM_BIND:
        action->local.addr = content->addr;
        action->port = (uint16_t)gateway->effective.port;
        action->natt_port = (uint16_t)gateway->effective.natt_port;
        action->local.port = action->port;
        return true;
    case S2SI_ITEM_DEVICE:
        action->mtu = content->mtu;
        if (!gateway->device_up) {
            action->device = gateway->effective.device ? gateway->effective.device : gateway->default_device;
        }
        return true;
    case S2SI_ITEM_ADDRESS:
        action->address = content->prefix;
        action->address.addr = content->addr;
        return true;
    case S2SI_ITEM_LISTEN:
    case S2SI_ITEM_STREAM_KEY:
        s2si_bgp_glue_item(gateway, item, action);
        return true;
    case S2SI_ITEM_SA_IN:
    case S2SI_ITEM_SA_OUT:
        return fill_sa_action(engine, item, action);
    case S2SI_ITEM_POLICY_IN:
    case S2SI_ITEM_POLICY_OUT:
        return fill_policy(engine, item, action);
    case S2SI_ITEM_PATH:
        action->group = content->group;
        action->tunnel = item->wanted ? content->tunnel : 0;
        return true;
    default:
        s2si_item_route(item, &action->route);
        return true;
    }
}
