/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/tunnel.h"

#include <stdio.h>
#include <string.h>

#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/reconcile.h"

/* ---- making and freeing ---- */

static char *new_label(const s2s_connection *connection, uint32_t index)
{
    char label[112];

    (void)snprintf(label, sizeof(label), "%.100s/%u", connection->params.name, index);
    return s2si_text_copy(&connection->gateway->engine->mem, label);
}

int s2si_tunnel_make(s2s_connection *connection, uint32_t index, const struct s2s_tunnel_params *given,
                     s2s_tunnel **out)
{
    s2s_engine *engine = connection->gateway->engine;
    s2s_tunnel *tunnel = s2si_alloc(&engine->mem, sizeof(*tunnel));

    if (!tunnel) {
        return S2S_ERR_NO_MEMORY;
    }
    tunnel->engine = engine;
    tunnel->gateway = connection->gateway;
    tunnel->connection = connection;
    tunnel->index = index;
    tunnel->id = ++engine->next_tunnel_id;
    s2si_scope_init(&tunnel->scope, S2SI_SCOPE_TUNNEL, tunnel);
    s2si_timer_init(&tunnel->planned_timer, S2SI_TIMER_PLANNED, tunnel);
    s2si_params_unset(S2SI_TUNNEL, &tunnel->effective, sizeof(tunnel->effective));
    tunnel->label = new_label(connection, index);
    if (!tunnel->label || s2si_params_copy(&engine->mem, S2SI_TUNNEL, &tunnel->given, given) ||
        s2si_map_put(&engine->tunnels, &tunnel->id, sizeof(tunnel->id), tunnel)) {
        s2si_free_text(&engine->mem, tunnel->label);
        s2si_params_free(&engine->mem, S2SI_TUNNEL, &tunnel->given);
        s2si_free(&engine->mem, tunnel, sizeof(*tunnel));
        return S2S_ERR_NO_MEMORY;
    }
    tunnel->status = S2S_TUNNEL_DOWN;
    tunnel->last_change = engine->now;
    s2si_health_init(tunnel, engine->now);
    s2si_probe_init(tunnel);
    s2si_datapath_tunnel_init(tunnel);
    *out = tunnel;
    return 0;
}

void s2si_tunnel_use(s2s_tunnel *tunnel, s2s_customer_gateway *customer_gateway)
{
    if (tunnel->customer_gateway) {
        tunnel->customer_gateway->users--;
    }
    tunnel->customer_gateway = customer_gateway;
    if (customer_gateway) {
        customer_gateway->users++;
    }
}

void s2si_tunnel_free(s2s_tunnel *tunnel, s2s_time now)
{
    s2s_engine *engine = tunnel->engine;

    s2si_bgp_glue_forget(tunnel, now);
    s2si_select_forget(tunnel, now);
    s2si_probe_stop(tunnel);
    s2si_health_free(tunnel);
    s2si_datapath_tunnel_free(tunnel);
    if (tunnel->peer) {
        s2si_ike_peer_remove(tunnel->peer, now);
        tunnel->peer = NULL;
    }
    s2si_scope_free(engine, &tunnel->scope);
    s2si_timer_disarm(&engine->timers, &tunnel->planned_timer);
    s2si_diagnosis_clear(tunnel);
    s2si_free_text(&engine->mem, tunnel->last_error);
    s2si_free_text(&engine->mem, tunnel->label);
    s2si_map_remove(&engine->tunnels, &tunnel->id, sizeof(tunnel->id));
    s2si_tunnel_use(tunnel, NULL);
    s2si_params_free(&engine->mem, S2SI_TUNNEL, &tunnel->given);
    s2si_params_free(&engine->mem, S2SI_TUNNEL, &tunnel->effective);
    s2si_free(&engine->mem, tunnel, sizeof(*tunnel));
}

void s2si_tunnel_trouble(s2s_tunnel *tunnel, enum s2s_reason reason, const char *text)
{
    s2si_free_text(&tunnel->engine->mem, tunnel->last_error);
    tunnel->last_error = s2si_text_copy(&tunnel->engine->mem, text);
    tunnel->last_reason = reason;
}

s2s_tunnel *s2si_tunnel_by_id(const s2s_engine *engine, uint32_t id)
{
    return s2si_map_get(&engine->tunnels, &id, sizeof(id));
}

static s2s_connection *connection_after(const s2s_gateway *gateway, const s2s_connection *after)
{
    const struct s2si_list *node = after ? after->node.next : gateway->connections.next;
    return node == &gateway->connections ? NULL : S2SI_CONTAINER(node, s2s_connection, node);
}

s2s_tunnel *s2si_tunnel_next(const s2s_gateway *gateway, const s2s_tunnel *after)
{
    const s2s_connection *connection = after ? after->connection : connection_after(gateway, NULL);
    size_t index = 0;

    if (after) {
        while (index < connection->tunnel_count && connection->tunnels[index] != after) {
            index++;
        }
        index++;
    }
    while (connection && index >= connection->tunnel_count) {
        connection = connection_after(gateway, connection);
        index = 0;
    }
    return connection ? connection->tunnels[index] : NULL;
}

/* ---- addresses ---- */

/* How many tunnels come before this one in file order. */
static size_t place(const s2s_tunnel *tunnel)
{
    size_t before = 0;
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &tunnel->gateway->connections) {
        const s2s_connection *connection = S2SI_CONTAINER(node, s2s_connection, node);
        if (connection == tunnel->connection) {
            break;
        }
        before += connection->deleting ? 0 : connection->tunnel_count;
    }
    return before + tunnel->index - 1;
}

static bool is_public(const s2s_gateway *gateway, const struct s2s_addr *addr)
{
    for (size_t i = 0; i < gateway->public_count; i++) {
        if (s2si_addr_equal(&gateway->addresses[i].addr, addr)) {
            return true;
        }
    }
    return false;
}

static void outside_addresses(s2s_tunnel *tunnel)
{
    const s2s_gateway *gateway = tunnel->gateway;
    size_t at = tunnel->index - 1;

    memset(&tunnel->own, 0, sizeof(tunnel->own));
    if (gateway->profile->addresses_rule == S2SI_ADDRESS_IN_FILE_ORDER) {
        at = place(tunnel);
    } else if (gateway->profile->addresses_rule == S2SI_ADDRESS_PER_TUNNEL_OR_FIRST && at >= gateway->public_count) {
        at = 0;
    }
    if (at < gateway->public_count) {
        tunnel->own = gateway->addresses[at].addr;
    }
    tunnel->local = tunnel->effective.local_address.family ? tunnel->effective.local_address : tunnel->own;
    if (is_public(gateway, &tunnel->local)) {
        tunnel->own = tunnel->local; /* chosen among several, no NAT between */
    }
    memset(&tunnel->remote, 0, sizeof(tunnel->remote));
    if (tunnel->customer_gateway) {
        tunnel->remote = tunnel->customer_gateway->params.ip_address;
    }
}

/* The host of the inside network that is ours: given, or by our cloud's rule, or what the far end's cloud leaves us. */
static uint32_t own_host(const s2s_tunnel *tunnel)
{
    const struct s2s_tunnel_params *params = &tunnel->effective;
    const struct s2s_profile *far = tunnel->customer_gateway ? tunnel->customer_gateway->params.profile : NULL;
    struct s2s_addr first = s2si_prefix_host(&params->bgp_tunnel_cidr, 1);

    if (tunnel->gateway->profile->inside.own_host) {
        return tunnel->gateway->profile->inside.own_host;
    }
    if (params->bgp_peer_ip.family) {
        return s2si_addr_equal(&params->bgp_peer_ip, &first) ? 2 : 1;
    }
    if (far && far->inside.own_host) {
        return 3u - far->inside.own_host;
    }
    /* A cloud that takes any host takes the first one unless told otherwise; a device that faces it the other. */
    return far && far != tunnel->gateway->profile && tunnel->gateway->profile->device_facing ? 2 : 1;
}

static void inside_addresses(s2s_tunnel *tunnel)
{
    const struct s2s_tunnel_params *params = &tunnel->effective;
    struct s2s_addr first, second;

    tunnel->inside_local = params->bgp_local_ip;
    tunnel->inside_remote = params->bgp_peer_ip;
    tunnel->inside_length = params->bgp_tunnel_cidr.length;
    if (params->bgp_tunnel_cidr.addr.family == 0) {
        tunnel->inside_length = tunnel->inside_local.family == 6 ? 128 : 32;
        return;
    }
    first = s2si_prefix_host(&params->bgp_tunnel_cidr, 1);
    second = s2si_prefix_host(&params->bgp_tunnel_cidr, 2);
    if (tunnel->inside_local.family == 0) {
        tunnel->inside_local = own_host(tunnel) == 1 ? first : second;
    }
    if (tunnel->inside_remote.family == 0) {
        tunnel->inside_remote = s2si_addr_equal(&tunnel->inside_local, &first) ? second : first;
    }
}

void s2si_tunnel_place(s2s_tunnel *tunnel)
{
    outside_addresses(tunnel);
    inside_addresses(tunnel);
}

static const struct s2si_address *own_address(const s2s_tunnel *tunnel)
{
    for (size_t i = 0; i < tunnel->gateway->address_count; i++) {
        if (s2si_addr_equal(&tunnel->gateway->addresses[i].addr, &tunnel->local)) {
            return &tunnel->gateway->addresses[i];
        }
    }
    return NULL;
}

/* ---- starting ---- */

bool s2si_tunnel_may_initiate(const s2s_tunnel *tunnel)
{
    const struct s2si_address *address = own_address(tunnel);

    return tunnel->effective.enabled != 0 && !tunnel->held && tunnel->planned == S2SI_PLANNED_NONE &&
           tunnel->remote.family != 0 && address && address->bound && address->present &&
           !tunnel->engine->shutting_down && !tunnel->connection->deleting;
}

void s2si_tunnel_start(s2s_tunnel *tunnel, s2s_time now)
{
    if (tunnel->peer && tunnel->effective.startup_action == S2S_STARTUP_START && s2si_tunnel_may_initiate(tunnel)) {
        s2si_ike_peer_keep_up(tunnel->peer, true); /* its settings may have been made while it had to wait */
        s2si_ike_initiate(tunnel->peer, now);
    }
}

void s2si_tunnel_acquire(s2s_tunnel *tunnel, s2s_time now)
{
    if (tunnel->peer && tunnel->effective.startup_action != S2S_STARTUP_ADD && tunnel->status != S2S_TUNNEL_UP &&
        s2si_tunnel_may_initiate(tunnel)) {
        s2si_ike_acquire(tunnel->peer, now);
        s2si_tunnel_refresh(tunnel, now);
    }
}

bool s2si_tunnel_comes_up(const s2s_tunnel *tunnel)
{
    return tunnel->status == S2S_TUNNEL_CONNECTING || tunnel->status == S2S_TUNNEL_IKE_UP;
}

int s2si_tunnel_apply(s2s_tunnel *tunnel, s2s_time now)
{
    s2s_gateway *gateway = tunnel->gateway;
    int error = 0;

    if (tunnel->effective.enabled == 0) {
        if (tunnel->peer && tunnel->planned == S2SI_PLANNED_NONE) {
            s2si_ike_peer_remove(tunnel->peer, now);
            tunnel->peer = NULL;
        }
    } else {
        error = s2si_ike_glue_peer(tunnel, now);
    }
    s2si_acquire_changed(tunnel);
    s2si_scope_dirty(tunnel->engine, &tunnel->scope);
    s2si_scope_dirty(tunnel->engine, &gateway->base_scope);
    s2si_probe_changed(tunnel, now);
    s2si_tunnel_refresh(tunnel, now);
    return error;
}

/* ---- SAs and status ---- */

/* A kernel that does ESP uses an SA only through its policies. */
static bool policies_stand(const s2s_tunnel *tunnel, enum s2si_item_kind kind, uint64_t child)
{
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &tunnel->scope.items) {
        const struct s2si_item *item = S2SI_CONTAINER(node, struct s2si_item, node);
        if (item->kind == kind && item->content.child == child && item->wanted && !item->present) {
            return false;
        }
    }
    return true;
}

/* The newest CHILD_SA with this direction installed; outbound goes to the newest that IKE wants. */
static struct s2si_item *newest(s2s_tunnel *tunnel, enum s2si_item_kind kind)
{
    struct s2si_item *best = NULL;
    struct s2si_list *node;

    S2SI_LIST_EACH(node, &tunnel->scope.items) {
        struct s2si_item *item = S2SI_CONTAINER(node, struct s2si_item, node);
        if (item->kind == kind && item->present && item->wanted &&
            policies_stand(tunnel, (enum s2si_item_kind)(kind + 1), item->content.child) &&
            (!best || item->content.child > best->content.child)) {
            best = item;
        }
    }
    return best;
}

/* The inbound half of the CHILD_SA that we send by: after a rekey, newer ones that lost a collision still drain. */
static struct s2si_item *partner(s2s_tunnel *tunnel, const struct s2si_item *out)
{
    struct s2si_item_content key = { .child = out ? out->content.child : 0 };
    struct s2si_item *in = out ? s2si_item_find(&tunnel->scope, S2SI_ITEM_SA_IN, &key) : NULL;

    return in && in->present && in->wanted ? in : newest(tunnel, S2SI_ITEM_SA_IN);
}

void s2si_tunnel_sas_changed(s2s_tunnel *tunnel, s2s_time now)
{
    const struct s2si_item *out = newest(tunnel, S2SI_ITEM_SA_OUT), *in = partner(tunnel, out);
    bool kernel = (tunnel->engine->capabilities & S2S_KERNEL_ESP) != 0;
    uint16_t mtu = tunnel->gateway->mtu;

    tunnel->spi_in = in ? in->content.spi : 0;
    tunnel->spi_out = out ? out->content.spi : 0;
    tunnel->sa_in = in ? (kernel ? in->content.spi : in->esp) : 0;
    tunnel->sa_out = out ? (kernel ? out->content.spi : out->esp) : 0;
    tunnel->up_in = in != NULL;
    tunnel->up_out = out != NULL;
    s2si_datapath_sa_changed(tunnel, now);
    if (tunnel->gateway->mtu != mtu) {
        s2si_scope_dirty(tunnel->engine, &tunnel->gateway->base_scope);
    }
    s2si_probe_changed(tunnel, now);
    s2si_tunnel_refresh(tunnel, now);
}

static enum s2s_tunnel_status status_of(const s2s_tunnel *tunnel)
{
    struct s2si_ike_status ike;

    if (tunnel->planned != S2SI_PLANNED_NONE) {
        return S2S_TUNNEL_DRAINING;
    }
    if (tunnel->effective.enabled == 0) {
        return S2S_TUNNEL_DISABLED;
    }
    if (!tunnel->peer) {
        return S2S_TUNNEL_DOWN;
    }
    s2si_ike_peer_status(tunnel->peer, &ike);
    if (ike.established) {
        return tunnel->up_in && tunnel->up_out ? S2S_TUNNEL_UP : S2S_TUNNEL_IKE_UP;
    }
    return ike.connecting ? S2S_TUNNEL_CONNECTING : S2S_TUNNEL_DOWN;
}

void s2si_tunnel_refresh(s2s_tunnel *tunnel, s2s_time now)
{
    enum s2s_tunnel_status status = status_of(tunnel);
    struct s2s_event event = { .status_old = (int)tunnel->status, .status = (int)status, .trigger = tunnel->trigger };

    if (status != tunnel->status) {
        event.reason = status < tunnel->status ? tunnel->last_reason : S2S_REASON_NONE;
        tunnel->status = status;
        tunnel->last_change = now;
        s2si_event_tunnel(tunnel, S2S_EVENT_TUNNEL_STATUS, S2S_LOG_NOTICE, &event, "%s is %s, was %s", tunnel->label,
                          s2s_tunnel_status_name((int)status), s2s_tunnel_status_name(event.status_old));
    }
    s2si_health_tunnel_changed(tunnel, tunnel->trigger, now);
    s2si_bgp_glue_look(tunnel->gateway);
    if (status == S2S_TUNNEL_UP) {
        tunnel->trigger = S2S_TRIGGER_NONE;
    }
}

void s2si_tunnel_address(s2s_tunnel *tunnel, bool present, s2s_time now)
{
    if (!present) {
        tunnel->trigger = S2S_TRIGGER_ADDRESS_LOST;
    }
    s2si_health_address(tunnel, present, now);
    s2si_tunnel_refresh(tunnel, now);
    if (present) {
        s2si_tunnel_apply(tunnel, now);
        s2si_tunnel_start(tunnel, now);
    }
}
