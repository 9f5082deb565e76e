/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/acquire.h"

#include <string.h>

#include "lib/gateway/objects.h"

struct s2si_acquire_slot {
    s2s_time at;
    uint16_t length;
    uint8_t device;
    uint8_t data[S2SI_ACQUIRE_LENGTH];
};

static bool on_demand(const s2s_tunnel *tunnel)
{
    return tunnel->effective.enabled != 0 && tunnel->effective.startup_action == S2S_STARTUP_TRAP &&
           !(tunnel->engine->capabilities & S2S_KERNEL_ESP); /* such a kernel holds its packets itself */
}

void s2si_acquire_init(s2s_tunnel *tunnel)
{
    s2si_timer_init(&tunnel->acquire.timer, S2SI_TIMER_ACQUIRE, tunnel);
}

void s2si_acquire_changed(s2s_tunnel *tunnel)
{
    struct s2si_acquire *acquire = &tunnel->acquire;
    if (!on_demand(tunnel))
        s2si_acquire_free(tunnel);
    else if (!acquire->slots)
        acquire->slots = s2si_alloc(&tunnel->engine->mem, S2SI_ACQUIRE_PACKETS * sizeof *acquire->slots);
}

void s2si_acquire_free(s2s_tunnel *tunnel)
{
    struct s2si_acquire *acquire = &tunnel->acquire;
    s2si_timer_disarm(&tunnel->engine->timers, &acquire->timer);
    if (acquire->slots)
        s2si_free_secret(&tunnel->engine->mem, acquire->slots, S2SI_ACQUIRE_PACKETS * sizeof *acquire->slots);
    acquire->slots = NULL;
    acquire->count = 0;
}

/* The oldest ones stand first. */
static void forget_old(struct s2si_acquire *acquire, s2s_time now)
{
    size_t old = 0;
    while (old < acquire->count && now - acquire->slots[old].at > S2SI_ACQUIRE_AGE)
        old++;
    if (old == 0)
        return;
    acquire->count -= old;
    acquire->dropped += old;
    memmove(&acquire->slots[0], &acquire->slots[old], acquire->count * sizeof acquire->slots[0]);
}

bool s2si_acquire_keep(s2s_tunnel *tunnel, const struct s2s_packet *packet, s2s_time now)
{
    struct s2si_acquire *acquire = &tunnel->acquire;
    if (!acquire->slots || packet->length > S2SI_ACQUIRE_LENGTH || packet->segment_size)
        return false;
    forget_old(acquire, now);
    if (acquire->count == S2SI_ACQUIRE_PACKETS)
        return false;
    struct s2si_acquire_slot *slot = &acquire->slots[acquire->count++];
    slot->at = now;
    slot->length = (uint16_t)packet->length;
    slot->device = packet->device;
    memcpy(slot->data, packet->buffer + packet->offset, packet->length);
    acquire->kept++;
    return true;
}

static void send_waiting(s2s_tunnel *from, s2s_tunnel *by, s2s_time now)
{
    struct s2si_acquire *acquire = &from->acquire;
    if (!acquire->slots || acquire->count == 0)
        return;
    forget_old(acquire, now);
    for (size_t i = 0; i < acquire->count; i++) {
        const struct s2si_acquire_slot *slot = &acquire->slots[i];
        bool sent = s2si_datapath_send_waiting(by, slot->data, slot->length, slot->device, now);
        acquire->sent += sent ? 1u : 0u;
        acquire->dropped += sent ? 0u : 1u;
    }
    s2si_wipe(acquire->slots, acquire->count * sizeof acquire->slots[0]);
    acquire->count = 0;
}

static bool anything_waits(const s2s_connection *connection)
{
    for (size_t i = 0; i < connection->tunnel_count; i++)
        if (connection->tunnels[i] && connection->tunnels[i]->acquire.count)
            return true;
    return false;
}

void s2si_acquire_flush(s2s_tunnel *tunnel, s2s_time now)
{
    struct s2si_ike_status status;
    if (!tunnel->sa_out || !tunnel->up_in || !tunnel->peer || !anything_waits(tunnel->connection))
        return;
    s2si_ike_peer_status(tunnel->peer, &status);
    if (status.initiator ||
        s2si_timer_arm(&tunnel->engine->timers, &tunnel->acquire.timer, now + S2SI_ACQUIRE_ANSWER) != 0)
        s2si_acquire_timer(tunnel, now);
}

void s2si_acquire_timer(s2s_tunnel *tunnel, s2s_time now)
{
    const s2s_connection *connection = tunnel->connection;
    s2si_timer_disarm(&tunnel->engine->timers, &tunnel->acquire.timer);
    for (size_t i = 0; tunnel->sa_out && i < connection->tunnel_count; i++)
        if (connection->tunnels[i])
            send_waiting(connection->tunnels[i], tunnel, now);
}
