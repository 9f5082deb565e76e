/* SPDX-License-Identifier: Apache-2.0 */
/* status: what a person or a program reads: states of the objects in the profile's words, figures, error lists. */
#include <string.h>

#include "lib/gateway/actions.h"
#include "lib/gateway/bgp_glue.h"
#include "lib/gateway/events.h"
#include "lib/gateway/ops.h"
#include "lib/gateway/reconcile.h"
#include "lib/gateway/engine.h"

#define OUT(to, from) copy_out(to, (to)->struct_size, &(from), sizeof(from))

static int copy_out(void *to, size_t size, const void *from, size_t full)
{
    memcpy(to, from, size < full ? size : full);
    memcpy(to, &size, sizeof(size));
    return 0;
}

static const char *word(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

static uint16_t usable_mtu(const s2s_tunnel *tunnel)
{
    return tunnel->traffic.mtu;
}

static void negotiated(const s2s_tunnel *tunnel, struct s2s_tunnel_state *state)
{
    struct s2si_ike_status ike;

    if (!tunnel->peer) {
        return;
    }
    s2si_ike_peer_status(tunnel->peer, &ike);
    state->local = ike.local;
    state->remote = ike.remote;
    state->nat_local = ike.nat_local;
    state->nat_remote = ike.nat_remote;
    state->udp_encapsulation = ike.udp_encapsulation;
    state->initiator = ike.initiator;
    state->last_seen = ike.last_seen;
    state->established_at = ike.established ? ike.established_at : 0;
    state->rekey_ike_at = ike.established ? ike.rekey_ike_at : 0;
    state->rekey_ipsec_at = ike.child_established ? ike.rekey_child_at : 0;
    state->retransmits = ike.retransmits;
    state->attempts = ike.attempts;
    state->ike_spi_i = ike.spi_i;
    state->ike_spi_r = ike.spi_r;
    if (ike.established) {
        state->ike_encryption = ike.ike.encryption;
        state->ike_integrity = ike.ike.integrity;
        state->ike_prf = ike.ike.prf;
        state->ike_group = ike.ike.group;
    }
    if (ike.child_established) {
        state->ipsec_encryption = ike.child.encryption;
        state->ipsec_integrity = ike.child.integrity;
        state->ipsec_group = ike.child.group;
        state->esn = ike.child.esn == S2S_ESN;
    }
}

static void counters(const s2s_tunnel *tunnel, struct s2s_tunnel_state *state)
{
    const struct s2si_traffic *traffic = &tunnel->traffic;

    state->bytes_in = traffic->bytes_in;
    state->bytes_out = traffic->bytes_out;
    state->packets_in = traffic->packets_in;
    state->packets_out = traffic->packets_out;
    state->drops_in = traffic->drops_in;
    state->drops_out = traffic->drops_out;
    state->ike_rekeys = tunnel->ike_rekeys;
    state->ipsec_rekeys = tunnel->ipsec_rekeys;
    state->mtu = usable_mtu(tunnel);
    state->mss = traffic->mss;
}

/* aws: a tunnel with BGP is UP when its session is. One that is taken down is up until its DELETE is said. */
static const char *tunnel_word(const s2s_tunnel *tunnel)
{
    const struct s2si_profile_words *words = &tunnel->gateway->profile->words;

    if (tunnel->status == S2S_TUNNEL_DRAINING && !tunnel->up_out) {
        return word(words->tunnel_status[S2S_TUNNEL_DOWN], s2s_tunnel_status_name(S2S_TUNNEL_DOWN));
    }
    if (tunnel->status == S2S_TUNNEL_UP && tunnel->bgp && words->tunnel_up_without_bgp &&
        !s2si_bgp_glue_established(tunnel)) {
        return words->tunnel_up_without_bgp;
    }
    return word(words->tunnel_status[tunnel->status], s2s_tunnel_status_name((int)tunnel->status));
}

int s2s_tunnel_get(const s2s_tunnel *tunnel, struct s2s_tunnel_state *out)
{
    const struct s2si_profile_words *words;
    struct s2s_tunnel_state state = { 0 };

    if (!tunnel || !out || out->struct_size < sizeof(size_t)) {
        return S2S_ERR_INVALID;
    }
    words = &tunnel->gateway->profile->words;
    negotiated(tunnel, &state);
    counters(tunnel, &state);
    if (state.local.addr.family == 0) {
        state.local.addr = tunnel->local;
        state.remote.addr = tunnel->remote;
    }
    state.index = tunnel->index;
    state.id = tunnel->id;
    state.status = tunnel->status;
    state.status_text = tunnel_word(tunnel);
    state.role = tunnel->index <= 2 ? word(words->tunnel_role[tunnel->index - 1], "") : "";
    state.active = s2si_group_of(tunnel->connection)->active == tunnel;
    state.probe_ok = tunnel->probe.ok;
    state.probe_running = tunnel->probe.running;
    state.last_change = tunnel->last_change;
    state.spi_in = tunnel->spi_in;
    state.spi_out = tunnel->spi_out;
    state.last_reason = (int)tunnel->last_reason;
    state.last_error = tunnel->last_error ? tunnel->last_error : "";
    if (!tunnel->last_error && tunnel->status != S2S_TUNNEL_UP) {
        state.last_error = s2si_gateway_refusal(tunnel->gateway);
    }
    return OUT(out, state);
}

uint64_t s2s_tunnel_drops(const s2s_tunnel *tunnel, int reason)
{
    return tunnel && reason > S2S_DROP_NONE && reason < S2S_DROP_REASONS ? tunnel->traffic.drops[reason] : 0;
}

int s2s_tunnel_sa(const s2s_tunnel *tunnel, bool inbound, struct s2s_esp_sa_stats *stats)
{
    s2s_esp_sa sa;

    if (!tunnel || !stats) {
        return S2S_ERR_INVALID;
    }
    sa = inbound ? tunnel->sa_in : tunnel->sa_out;
    if (!sa || (tunnel->engine->capabilities & S2S_KERNEL_ESP)) {
        return S2S_ERR_NOT_FOUND;
    }
    return s2s_esp_sa_get_stats(tunnel->engine->datapath.esp, sa, stats);
}

int s2s_tunnel_effective(const s2s_tunnel *tunnel, struct s2s_tunnel_params *out)
{
    struct s2s_tunnel_params params;

    if (!tunnel || !out || out->struct_size < sizeof(size_t)) {
        return S2S_ERR_INVALID;
    }
    params = tunnel->effective;
    params.psk = NULL;
    params.psk_length = 0;
    params.local_address = tunnel->local;
    params.bgp_local_ip = tunnel->inside_local;
    params.bgp_peer_ip = tunnel->inside_remote;
    if (!params.customer_gateway && tunnel->customer_gateway) {
        params.customer_gateway = tunnel->customer_gateway->params.name;
    }
    return OUT(out, params);
}

int s2s_tunnel_psk(const s2s_tunnel *tunnel, uint8_t *out, size_t capacity, size_t *length)
{
    if (!tunnel || !length) {
        return S2S_ERR_INVALID;
    }
    *length = tunnel->effective.psk_length;
    if (capacity < *length || (!out && *length)) {
        return S2S_ERR_BUFFER;
    }
    if (*length) {
        memcpy(out, tunnel->effective.psk, *length);
    }
    return 0;
}

/* ---- connection, gateway, route ---- */

static const s2s_tunnel *best_tunnel(const s2s_connection *connection)
{
    const s2s_tunnel *best = NULL;

    for (size_t i = 0; i < connection->tunnel_count; i++) {
        const s2s_tunnel *tunnel = connection->tunnels[i];
        if (!best || (tunnel->status <= S2S_TUNNEL_UP && tunnel->status > best->status)) {
            best = tunnel;
        }
    }
    return best;
}

static const char *connection_word(const s2s_connection *connection, size_t up)
{
    const struct s2si_profile_words *words = &connection->gateway->profile->words;
    const s2s_tunnel *best = best_tunnel(connection);
    const char *text = up == 0                         ? words->connection_down
                       : up < connection->tunnel_count ? words->connection_partial
                                                       : words->connection_up;

    if (!text && up) {
        text = words->connection_up;
    }
    if (text || !best) {
        return word(text, "");
    }
    return tunnel_word(best);
}

int s2s_connection_get(const s2s_connection *connection, struct s2s_connection_state *out)
{
    struct s2s_connection_state state = { 0 };
    const struct s2si_group *group;

    if (!connection || !out || out->struct_size < sizeof(size_t)) {
        return S2S_ERR_INVALID;
    }
    for (size_t i = 0; i < connection->tunnel_count; i++) {
        state.tunnels_up += connection->tunnels[i]->status == S2S_TUNNEL_UP ? 1u : 0u;
    }
    group = s2si_group_of((s2s_connection *)(uintptr_t)connection);
    state.name = connection->params.name;
    state.status_text = connection_word(connection, state.tunnels_up);
    state.route_mode = (enum s2s_route_mode)connection->effective.route_mode;
    state.active_tunnel = group->active && group->active->connection == connection ? group->active->index : 0;
    state.tunnel_count = connection->tunnel_count;
    state.switches = group->switches;
    state.last_switch = group->last_switch;
    state.last_trigger = (int)group->last_trigger;
    return OUT(out, state);
}

int s2s_gateway_get(const s2s_gateway *gateway, struct s2s_gateway_state *out)
{
    struct s2s_gateway_state state = { 0 };
    const s2s_connection *connection = NULL;
    const s2s_tunnel *active;

    if (!gateway || !out || out->struct_size < sizeof(size_t)) {
        return S2S_ERR_INVALID;
    }
    active = gateway->group.active;
    state.name = gateway->params.name;
    state.profile = gateway->profile->name;
    state.status_text = gateway->device_up || !(gateway->engine->capabilities & S2S_KERNEL_ROUTES)
                            ? word(gateway->profile->words.gateway_ready, "ready")
                            : word(gateway->profile->words.gateway_pending, "pending");
    state.device = gateway->device;
    state.address_count = gateway->public_count;
    while ((connection = s2s_connection_next(gateway, connection)) != NULL) {
        state.connection_count++;
    }
    state.route_count = s2si_list_count(&gateway->routes);
    state.active_tunnel = active ? active->index : 0;
    state.active_connection = active ? active->connection->params.name : "";
    state.mtu = gateway->mtu;
    state.last_error = s2si_gateway_refusal(gateway);
    return OUT(out, state);
}

int s2s_gateway_address(const s2s_gateway *gateway, size_t index, struct s2s_addr *address, bool *present)
{
    if (!gateway || index >= gateway->public_count) {
        return S2S_ERR_NOT_FOUND;
    }
    *address = gateway->addresses[index].addr;
    *present = gateway->addresses[index].bound && gateway->addresses[index].present;
    return 0;
}

int s2s_route_get(const s2s_route *route, struct s2s_route_state *out)
{
    struct s2s_route_state state = { 0 };
    const struct s2si_profile_words *words;

    if (!route || !out || out->struct_size < sizeof(size_t)) {
        return S2S_ERR_INVALID;
    }
    words = &route->gateway->profile->words;
    state.name = word(route->params.name, "");
    state.connection = route->connection->params.name;
    state.type = (enum s2s_route_type)route->params.type;
    state.source = route->params.source;
    state.destination = route->params.destination;
    state.priority = route->params.priority;
    state.weight = route->params.weight;
    state.automatic = route->automatic;
    state.published = route->params.type == S2S_ROUTE_BGP ? s2si_route_wanted(route) : route->published;
    state.installed = route->entry.installed;
    state.live = route->params.type == S2S_ROUTE_BGP ? s2si_route_tunnel(route) != NULL
                                                     : s2si_group_of(route->connection)->active != NULL;
    state.group = s2si_group_of(route->connection)->id;
    state.state_text = state.published ? word(words->route_published, state.live ? word(words->route_live, "active")
                                                                                 : word(words->route_dead, "down"))
                                       : word(words->route_unpublished, "unpublished");
    return OUT(out, state);
}

/* ---- engine ---- */

const char *s2s_engine_detail(const s2s_engine *engine)
{
    return engine ? engine->detail : "";
}

size_t s2s_engine_config_errors(const s2s_engine *engine)
{
    return engine ? engine->errors.count : 0;
}

int s2s_engine_config_error(const s2s_engine *engine, size_t index, struct s2s_config_error *out)
{
    struct s2s_config_error error = { 0 };

    if (!engine || !out || index >= engine->errors.count) {
        return S2S_ERR_NOT_FOUND;
    }
    error.warning = engine->errors.entries[index].warning;
    error.path = word(engine->errors.entries[index].path, "");
    error.value = word(engine->errors.entries[index].value, "");
    error.rule = word(engine->errors.entries[index].rule, "");
    error.code = word(engine->errors.entries[index].code, "");
    return OUT(out, error);
}

void s2s_engine_stats(const s2s_engine *engine, struct s2s_engine_stats *out)
{
    struct s2s_engine_stats stats = { 0 };
    struct s2si_ike_counters ike;

    if (!engine || !out || out->struct_size < sizeof(size_t)) {
        return;
    }
    s2si_ike_counters(engine->ike, &ike);
    stats.heap_bytes = engine->mem.bytes;
    stats.heap_blocks = engine->mem.blocks;
    stats.heap_peak = engine->mem.peak_bytes;
    stats.allocations = engine->mem.allocations;
    stats.ike_received = ike.received;
    stats.ike_sent = ike.sent;
    stats.ike_malformed = ike.malformed;
    stats.ike_bad_integrity = ike.bad_integrity;
    stats.cookies_sent = ike.cookies_sent;
    stats.half_open = ike.half_open;
    memcpy(stats.drops, engine->datapath.drops, sizeof(stats.drops));
    stats.events_dropped = engine->events->dropped;
    stats.operations = engine->operations->started;
    stats.operations_refused = engine->operations->refused;
    OUT(out, stats);
}

bool s2s_engine_next_event(s2s_engine *engine, struct s2s_event *event)
{
    return engine && event && event->struct_size >= sizeof(size_t) && s2si_events_next(engine->events, event);
}
