/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output: what the machine wants from the world, in order. Jobs, SPI requests and dirty children are linked in place;
 * datagrams share the packet with the reply cache. What can be lost without harm (datagrams and events) is dropped when
 * memory is out or the caller does not fetch it; the number of nodes is bounded.
 */
#include "lib/ike/v2/state.h"
#include "lib/ike/v2/job.h"

/* Nodes with memory of their own: so many, and so many more for each IKE_SA. A caller that fetches never sees it. */
#define QUEUE_LIMIT 1024
#define QUEUE_PER_SA 16

enum node_kind { NODE_PACKET, NODE_SPI, NODE_EVENT };

struct s2si_output_node {
    struct s2si_list list;
    enum node_kind kind;
    struct s2si_packet *packet;
    uint32_t next; /* piece */
    uint64_t owner, op;
    struct s2s_endpoint local, remote;
    struct s2si_ike_output *event;
};

/* bytes: room over all pieces together, the same for each. */
struct s2si_packet *s2si_packet_new(struct s2si_ike *ike, size_t count, size_t bytes)
{
    size_t head = sizeof(struct s2si_packet) + count * sizeof(struct s2si_packet_piece);
    size_t size = head + count * S2SI_MARKER + bytes;
    struct s2si_packet *packet = s2si_alloc(ike->mem, size);
    if (packet == NULL)
        return NULL;
    packet->references = 1;
    packet->count = (uint32_t)count;
    packet->size = size;
    uint32_t each = (uint32_t)(count == 0 ? 0 : bytes / count);
    for (size_t i = 0; i < count; i++)
        packet->pieces[i].offset = (uint32_t)(head + i * (S2SI_MARKER + each) + S2SI_MARKER);
    return packet;
}

void s2si_packet_drop(struct s2si_ike *ike, struct s2si_packet *packet)
{
    if (packet != NULL && --packet->references == 0)
        s2si_free(ike->mem, packet, packet->size);
}

uint8_t *s2si_packet_piece_data(struct s2si_packet *packet, size_t n)
{
    return (uint8_t *)packet + packet->pieces[n].offset;
}

static struct s2si_output_node *node_new(struct s2si_ike *ike, enum node_kind kind)
{
    if (ike->queued >= QUEUE_LIMIT + QUEUE_PER_SA * ike->by_id.count && kind != NODE_SPI)
        return NULL;
    struct s2si_output_node *node = s2si_alloc(ike->mem, sizeof *node);
    if (node == NULL)
        return NULL;
    node->kind = kind;
    ike->queued++;
    return node;
}

static void node_free(struct s2si_ike *ike, struct s2si_output_node *node)
{
    s2si_packet_drop(ike, node->packet);
    if (node->event != NULL)
        s2si_free(ike->mem, node->event, sizeof *node->event);
    s2si_free(ike->mem, node, sizeof *node);
    ike->queued--;
}

void s2si_output_packet(struct s2si_ike *ike, struct s2si_packet *packet, uint64_t owner,
                        const struct s2s_endpoint *local, const struct s2s_endpoint *remote)
{
    struct s2si_output_node *node = packet->queued ? NULL : node_new(ike, NODE_PACKET);
    if (node == NULL)
        return;
    node->packet = packet;
    node->owner = owner;
    node->local = *local;
    node->remote = *remote;
    packet->references++;
    packet->queued = true;
    s2si_list_append(&ike->outputs, &node->list);
}

void s2si_output_once(struct s2si_ike *ike, uint64_t owner, const struct s2s_endpoint *local,
                      const struct s2s_endpoint *remote, const uint8_t *data, size_t length)
{
    struct s2si_packet *packet = s2si_packet_new(ike, 1, length);
    if (packet == NULL)
        return;
    packet->pieces[0].length = (uint32_t)length;
    memcpy(s2si_packet_piece_data(packet, 0), data, length);
    s2si_output_packet(ike, packet, owner, local, remote);
    s2si_packet_drop(ike, packet);
}

int s2si_output_spi(struct s2si_ike *ike, uint64_t owner, uint64_t op)
{
    struct s2si_output_node *node = node_new(ike, NODE_SPI);
    if (node == NULL)
        return S2S_ERR_NO_MEMORY;
    node->owner = owner;
    node->op = op;
    s2si_list_append(&ike->outputs, &node->list);
    return 0;
}

void s2si_output_event(struct s2si_ike *ike, const struct s2si_ike_output *event)
{
    struct s2si_output_node *node = node_new(ike, NODE_EVENT);
    ike->event_lost = ike->event_lost || node == NULL;
    if (node == NULL)
        return;
    node->event = s2si_alloc(ike->mem, sizeof *node->event);
    if (node->event == NULL) {
        ike->event_lost = true;
        node_free(ike, node);
        return;
    }
    *node->event = *event;
    node->event->type = S2SI_IKE_EVENT;
    s2si_list_append(&ike->outputs, &node->list);
}

bool s2si_ike_event_lost(struct s2si_ike *ike)
{
    bool lost = ike->event_lost;
    ike->event_lost = false;
    return lost;
}

void s2si_output_job(struct s2si_ike *ike, struct s2si_ike_job *job)
{
    s2si_list_append(&ike->jobs, &job->node);
}

void s2si_output_dirty(struct s2si_child_sa *child)
{
    if (child->dirty)
        return;
    child->dirty = true;
    s2si_list_append(&child->ike->dirty, &child->output);
}

void s2si_output_clear(struct s2si_ike *ike)
{
    struct s2si_list *at, *after;
    if (ike->handed != NULL)
        node_free(ike, ike->handed);
    ike->handed = NULL;
    S2SI_LIST_EACH_SAFE(at, after, &ike->outputs)
    {
        struct s2si_output_node *node = S2SI_CONTAINER(at, struct s2si_output_node, list);
        s2si_list_remove(at);
        node_free(ike, node);
    }
}

/* One piece of a packet; the node stays at the head of the queue until its last one is out. */
static void hand_packet(struct s2si_ike *ike, struct s2si_output_node *node, struct s2si_ike_output *out)
{
    const struct s2si_packet_piece *piece = &node->packet->pieces[node->next];
    uint8_t *data = s2si_packet_piece_data(node->packet, node->next);
    size_t marker = s2si_natt_marker(ike, &node->local) && piece->length > 1 ? S2SI_MARKER : 0;
    out->type = S2SI_IKE_SEND;
    out->owner = node->owner;
    out->local = node->local;
    out->remote = node->remote;
    out->data = data - marker;
    out->length = piece->length + marker;
    ike->counters.sent++;
    if (++node->next < node->packet->count)
        return;
    node->packet->queued = false;
    s2si_list_remove(&node->list);
    ike->handed = node;
}

static void hand_node(struct s2si_ike *ike, struct s2si_ike_output *out)
{
    struct s2si_output_node *node = S2SI_CONTAINER(ike->outputs.next, struct s2si_output_node, list);
    if (node->kind == NODE_PACKET) {
        hand_packet(ike, node, out);
        return;
    }
    if (node->kind == NODE_EVENT) {
        *out = *node->event;
    } else {
        out->type = S2SI_IKE_SPI_NEEDED;
        out->owner = node->owner;
        out->op = node->op;
    }
    s2si_list_remove(&node->list);
    node_free(ike, node);
}

static void hand_dirty(struct s2si_ike *ike, struct s2si_ike_output *out)
{
    struct s2si_child_sa *child = S2SI_CONTAINER(ike->dirty.next, struct s2si_child_sa, output);
    s2si_list_remove(&child->output);
    s2si_list_init(&child->output);
    child->dirty = false;
    out->type = S2SI_IKE_CHILD_DIRTY;
    out->owner = child->data.owner;
    out->child = child->data.id;
    out->spi_in = child->data.spi_in;
    out->spi_out = child->data.spi_out;
    if (child->state == CH_GONE && !child->data.has_in && !child->data.has_out)
        s2si_child_free(child);
}

/* Dirty children first: an SA is known to the gateway before the event that speaks of it. */
bool s2si_ike_next_output(struct s2si_ike *ike, struct s2si_ike_output *out)
{
    memset(out, 0, sizeof *out);
    if (ike->handed != NULL)
        node_free(ike, ike->handed);
    ike->handed = NULL;
    if (!s2si_list_empty(&ike->dirty)) {
        hand_dirty(ike, out);
    } else if (!s2si_list_empty(&ike->outputs)) {
        hand_node(ike, out);
    } else if (!s2si_list_empty(&ike->jobs)) {
        struct s2si_ike_job *job = S2SI_CONTAINER(ike->jobs.next, struct s2si_ike_job, node);
        s2si_list_remove(&job->node);
        s2si_list_init(&job->node);
        out->type = S2SI_IKE_JOB;
        out->op = job->id;
        out->owner = job->owner;
        out->job = job;
    } else {
        return false;
    }
    return true;
}
