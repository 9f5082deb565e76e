/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_data: packets between the world and the engine. What is for the engine waits in a queue until all that arrives at the
 * same time is there, goes up as a batch, and comes back with verdicts.
 */
#include "lib/backend/sim_kernel.h"

#include <string.h>

enum { TTL = 64, UDP_HEADER = 8, QUEUE_MOST = 4096 };

/* ---- out ---- */

static void send_outer(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet, const struct s2s_packet *entry, bool udp)
{
    s2s_sim_node *node = kernel->node;
    struct s2si_sim_header header = {.source = entry->local.addr,
                                     .destination = entry->remote.addr,
                                     .protocol = udp ? S2SI_PROTO_UDP : S2SI_PROTO_ESP,
                                     .ttl = TTL,
                                     .tos = entry->tos,
                                     .dont_fragment = entry->dont_fragment,
                                     .id = ++node->ip_id};
    if (header.source.family == 0) {
        header.source = s2si_sim_source(node, &header.destination, true);
    }
    bool good = udp ? s2si_sim_put_udp(packet, &header, entry->local.port, entry->remote.port) : s2si_sim_put_ip(packet, &header);
    if (good) {
        s2si_sim_send(node, packet, true);
    } else {
        node->stats.malformed++;
        s2si_sim_packet_free(node->sim, packet);
    }
}

void s2si_sim_verdict(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet, const struct s2s_packet *entry)
{
    bool inside = entry->offset <= packet->capacity && entry->length <= packet->capacity - entry->offset;
    packet->offset = inside ? entry->offset : 0;
    packet->length = inside ? entry->length : 0;
    switch (inside ? entry->verdict : S2S_VERDICT_DROP) {
    case S2S_VERDICT_SEND_ESP:
        kernel->stats.sent_esp++;
        send_outer(kernel, packet, entry, false);
        break;
    case S2S_VERDICT_SEND_UDP:
        kernel->stats.sent_udp++;
        send_outer(kernel, packet, entry, true);
        break;
    case S2S_VERDICT_DELIVER:
        kernel->stats.delivered++;
        s2si_sim_input(kernel->node, packet, NULL);
        break;
    case S2S_VERDICT_CONSUMED:
        s2si_sim_packet_free(kernel->node->sim, packet);
        break;
    default:
        kernel->stats.dropped++;
        s2si_sim_packet_free(kernel->node->sim, packet);
        break;
    }
}

void s2si_sim_data_action(struct s2si_sim_kernel *kernel, const struct s2s_action *action)
{
    bool datagram = action->type == S2S_ACTION_DATAGRAM;
    struct s2s_packet entry = action->packet;
    const uint8_t *data = datagram ? action->data : entry.buffer + entry.offset;
    size_t length = datagram ? action->length : entry.length;
    struct s2si_sim_packet *packet = s2si_sim_packet_copy(kernel->node->sim, data, length);
    if (packet == NULL) {
        return;
    }
    if (datagram) {
        entry = (struct s2s_packet){.local = action->local, .remote = action->remote, .verdict = S2S_VERDICT_SEND_UDP};
        kernel->stats.datagrams++;
    }
    entry.offset = packet->offset;
    entry.length = packet->length;
    s2si_sim_verdict(kernel, packet, &entry);
}

/* ---- up ---- */

void s2si_sim_entry(struct s2s_packet *entry, struct s2si_sim_packet *packet)
{
    *entry = (struct s2s_packet){.buffer = packet->buffer,
                                 .capacity = packet->capacity,
                                 .offset = packet->offset,
                                 .length = packet->length,
                                 .kind = packet->kind,
                                 .tos = packet->tos,
                                 .device = (uint8_t)packet->device,
                                 .local = packet->local,
                                 .remote = packet->remote};
}

static void flush(s2s_sim *sim, struct s2si_sim_event *event)
{
    struct s2si_sim_kernel *kernel = S2SI_CONTAINER(event, struct s2si_sim_kernel, flush);
    struct s2si_sim_packet *packets[S2S_PACKET_BATCH];
    struct s2s_packet batch[S2S_PACKET_BATCH];
    size_t count = 0;
    while (count < S2S_PACKET_BATCH && !s2si_list_empty(&kernel->queue)) {
        packets[count] = S2SI_CONTAINER(kernel->queue.next, struct s2si_sim_packet, node);
        s2si_list_remove(&packets[count]->node);
        s2si_sim_entry(&batch[count], packets[count]);
        kernel->stats.inner_up += packets[count]->kind == S2S_PACKET_INNER;
        kernel->stats.outer_up += packets[count]->kind != S2S_PACKET_INNER;
        count++;
    }
    if (!s2si_list_empty(&kernel->queue)) {
        s2si_sim_arrange(sim, &kernel->flush, sim->now); /* its place in the heap has just become free */
    }
    kernel->stats.batches++;
    kernel->sink.packets(kernel->sink.user, batch, count);
    for (size_t i = 0; i < count; i++) {
        if (!kernel->running) { /* the process died of it */
            batch[i].verdict = S2S_VERDICT_DROP;
        }
        s2si_sim_verdict(kernel, packets[i], &batch[i]);
    }
}

void s2si_sim_data_init(struct s2si_sim_kernel *kernel)
{
    s2si_list_init(&kernel->queue);
    kernel->flush.fire = flush;
}

void s2si_sim_data_clear(struct s2si_sim_kernel *kernel)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &kernel->queue) {
        s2si_sim_packet_free(kernel->node->sim, S2SI_CONTAINER(at, struct s2si_sim_packet, node));
    }
    s2si_sim_cancel(kernel->node->sim, &kernel->flush);
}

static void hand_up(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet)
{
    s2s_sim *sim = kernel->node->sim;
    bool room = kernel->running && sim->stats.packets_alive < 16 * QUEUE_MOST;
    if (!room || (kernel->flush.slot == 0 && !s2si_sim_arrange(sim, &kernel->flush, sim->now))) {
        kernel->stats.dropped++;
        s2si_sim_packet_free(sim, packet);
        return;
    }
    s2si_list_append(&kernel->queue, &packet->node);
}

void s2si_sim_kernel_device(s2s_sim_node *node, unsigned device, struct s2si_sim_packet *packet)
{
    packet->kind = S2S_PACKET_INNER;
    packet->device = device;
    packet->tos = 0;
    if (node->kernel->esp != NULL) {
        s2si_sim_esp_out(node->kernel, packet);
    } else {
        hand_up(node->kernel, packet);
    }
}

static bool take_outer(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet, const struct s2si_ip *ip)
{
    bool udp = ip->protocol == S2SI_PROTO_UDP;
    if (!s2si_sim_is_bound(kernel, &ip->destination, ip->destination_port, !udp) ||
        (!udp && (kernel->table.capabilities & S2S_KERNEL_RAW_ESP) == 0)) {
        return false;
    }
    size_t header = ip->header_length + (udp ? UDP_HEADER : 0);
    const uint8_t *upper = s2si_sim_packet_data(packet) + ip->header_length;
    packet->kind = udp ? S2S_PACKET_UDP : S2S_PACKET_ESP;
    packet->tos = ip->tos;
    packet->local = (struct s2s_endpoint){ip->destination, udp ? ip->destination_port : (uint16_t)0};
    packet->remote = (struct s2s_endpoint){ip->source, udp ? ip->source_port : (uint16_t)0};
    packet->length = (udp ? s2si_get_u16(upper + 4) + ip->header_length : ip->total_length) - header;
    packet->offset += header;
    packet->device = 0;
    if (kernel->esp == NULL || !s2si_sim_esp_in(kernel, packet)) {
        hand_up(kernel, packet);
    }
    return true;
}

bool s2si_sim_kernel_local(s2s_sim_node *node, struct s2si_sim_packet *packet, const struct s2si_ip *ip)
{
    if (node->kernel == NULL) {
        return false;
    }
    switch (ip->protocol) {
    case S2SI_PROTO_UDP:
    case S2SI_PROTO_ESP:
        return take_outer(node->kernel, packet, ip);
    case S2SI_PROTO_TCP:
        s2si_sim_stream_input(node->kernel, packet, ip);
        return true;
    default:
        return false;
    }
}
