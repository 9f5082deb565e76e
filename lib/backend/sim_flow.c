/* SPDX-License-Identifier: Apache-2.0 */
/* sim_flow: numbered UDP packets one way; the receiver notes each number in a bitmap. */
#include "lib/backend/sim.h"

#include <string.h>

#define FLOW_MAGIC 0x7332466cu
enum {
    PAYLOAD_LEAST = 16, PAYLOAD_MOST = 60000, PAYLOAD_DEFAULT = 172, HEADER = 12, COUNT_MOST = 16000000, BITMAP_FIRST = 128,
    TTL = 64, SOURCE_PORT = 40000, DESTINATION_PORT = 40001
};

struct s2s_sim_flow {
    struct s2si_list node;
    s2s_sim_node *from, *to;
    struct s2si_sim_event event;
    uint32_t number, count, highest; /* highest: latest number that arrived + 1 */
    struct s2s_addr source, destination;
    uint16_t source_port, destination_port, size;
    uint8_t tos;
    bool dont_fragment;
    s2s_time interval;
    uint8_t *seen;
    size_t seen_size;
    struct s2s_sim_flow_stats stats;
};

void s2s_sim_flow_params_init(struct s2s_sim_flow_params *params, size_t struct_size)
{
    struct s2s_sim_flow_params defaults = {.struct_size = struct_size,
                                           .source_port = SOURCE_PORT,
                                           .destination_port = DESTINATION_PORT,
                                           .interval = 10 * (s2s_time)S2S_MILLISECOND,
                                           .size = PAYLOAD_DEFAULT};
    memset(params, 0, struct_size);
    memcpy(params, &defaults, struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static bool bitmap_room(s2s_sim_flow *flow)
{
    if (flow->stats.sent / 8 < flow->seen_size) {
        return true;
    }
    size_t size = flow->seen_size == 0 ? BITMAP_FIRST : flow->seen_size * 2;
    uint8_t *seen = s2si_resize(&flow->from->sim->mem, flow->seen, flow->seen_size, size);
    if (seen != NULL) {
        flow->seen = seen;
        flow->seen_size = size;
    }
    return seen != NULL;
}

static uint8_t pattern(uint32_t index, size_t at)
{
    return (uint8_t)(index * 31 + at);
}

static void send_number(s2s_sim_flow *flow, uint32_t index)
{
    s2s_sim_node *node = flow->from;
    struct s2si_sim_header header = {.source = flow->source,
                                     .destination = flow->destination,
                                     .protocol = S2SI_PROTO_UDP,
                                     .ttl = TTL,
                                     .tos = flow->tos,
                                     .dont_fragment = flow->dont_fragment,
                                     .id = ++node->ip_id};
    if (header.source.family == 0) {
        header.source = s2si_sim_source(node, &flow->destination, false);
    }
    struct s2si_sim_packet *packet = s2si_sim_packet_new(node->sim, flow->size);
    if (packet == NULL) {
        return;
    }
    uint8_t *at = s2si_sim_packet_data(packet);
    s2si_put_u32(at, FLOW_MAGIC);
    s2si_put_u32(at + 4, flow->number);
    s2si_put_u32(at + 8, index);
    for (size_t i = HEADER; i < flow->size; i++) {
        at[i] = pattern(index, i);
    }
    if (s2si_sim_put_udp(packet, &header, flow->source_port, flow->destination_port)) {
        s2si_sim_send(node, packet, false);
    } else {
        s2si_sim_packet_free(node->sim, packet);
    }
}

static void next_number(s2s_sim *sim, struct s2si_sim_event *event)
{
    s2s_sim_flow *flow = S2SI_CONTAINER(event, s2s_sim_flow, event);
    uint32_t most = flow->count == 0 ? COUNT_MOST : flow->count;
    if (flow->stats.sent < most && bitmap_room(flow)) {
        send_number(flow, flow->stats.sent++);
    }
    if (flow->stats.sent < most && !s2si_sim_arrange(sim, event, sim->now + flow->interval)) {
        sim->stats.no_memory++;
    }
}

static int read_params(s2s_sim_flow *flow, const struct s2s_sim_flow_params *given)
{
    struct s2s_sim_flow_params params;
    s2s_sim_flow_params_init(&params, sizeof params);
    if (given == NULL || given->struct_size < sizeof given->struct_size) {
        return S2S_ERR_INVALID;
    }
    memcpy(&params, given, given->struct_size < sizeof params ? given->struct_size : sizeof params);
    if (params.destination == NULL || s2s_addr_parse(params.destination, &flow->destination) != 0 ||
        (params.source != NULL && s2s_addr_parse(params.source, &flow->source) != 0) ||
        (params.source != NULL && flow->source.family != flow->destination.family) || params.size < PAYLOAD_LEAST ||
        params.size > PAYLOAD_MOST || params.interval == 0 || params.count > COUNT_MOST) {
        return S2S_ERR_INVALID;
    }
    flow->source_port = params.source_port;
    flow->destination_port = params.destination_port;
    flow->size = params.size;
    flow->tos = params.tos;
    flow->dont_fragment = params.dont_fragment;
    flow->interval = params.interval;
    flow->count = params.count;
    flow->event.at = params.start;
    return 0;
}

int s2s_sim_flow_start(s2s_sim_node *from, s2s_sim_node *to, const struct s2s_sim_flow_params *params, s2s_sim_flow **out)
{
    s2s_sim_flow wanted = {.stats = {.last_arrival = S2S_TIME_NEVER}};
    if (from == NULL || to == NULL || out == NULL || from->sim != to->sim || read_params(&wanted, params) != 0) {
        return S2S_ERR_INVALID;
    }
    *out = NULL;
    s2s_sim_flow *flow = s2si_alloc(&from->sim->mem, sizeof *flow);
    if (flow == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    *flow = wanted;
    flow->from = from;
    flow->to = to;
    flow->number = ++from->sim->next_flow;
    flow->event.fire = next_number;
    if (!s2si_sim_arrange(from->sim, &flow->event, wanted.event.at)) {
        s2si_free(&from->sim->mem, flow, sizeof *flow);
        return S2S_ERR_NO_MEMORY;
    }
    s2si_list_append(&from->sim->flows, &flow->node);
    *out = flow;
    return 0;
}

void s2s_sim_flow_stop(s2s_sim_flow *flow)
{
    s2si_sim_cancel(flow->from->sim, &flow->event);
}

static s2s_sim_flow *find(s2s_sim_node *node, uint32_t number)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &node->sim->flows) {
        s2s_sim_flow *flow = S2SI_CONTAINER(at, s2s_sim_flow, node);
        if (flow->number == number && flow->to == node) {
            return flow;
        }
    }
    return NULL;
}

static bool is_as_sent(const s2s_sim_flow *flow, const uint8_t *payload, size_t length, uint32_t index)
{
    bool good = length == flow->size;
    for (size_t i = HEADER; good && i < length; i++) {
        good = payload[i] == pattern(index, i);
    }
    return good;
}

static void arrived(s2s_sim_flow *flow, uint32_t index)
{
    struct s2s_sim_flow_stats *stats = &flow->stats;
    s2s_time now = flow->to->sim->now;
    uint8_t bit = (uint8_t)(1u << index % 8);
    if ((flow->seen[index / 8] & bit) != 0) {
        stats->duplicates++;
        return;
    }
    flow->seen[index / 8] |= bit;
    stats->received++;
    stats->reordered += index + 1 < flow->highest;
    flow->highest = index + 1 > flow->highest ? index + 1 : flow->highest;
    if (stats->last_arrival != S2S_TIME_NEVER && now - stats->last_arrival > flow->interval + stats->longest_gap) {
        stats->longest_gap = now - stats->last_arrival - flow->interval;
    }
    stats->last_arrival = now;
}

void s2si_sim_flow_input(s2s_sim_node *node, const uint8_t *payload, size_t length, bool damaged)
{
    struct s2si_reader reader = s2si_reader(payload, length);
    uint32_t magic = s2si_read_u32(&reader), number = s2si_read_u32(&reader), index = s2si_read_u32(&reader);
    s2s_sim_flow *flow = reader.failed || magic != FLOW_MAGIC ? NULL : find(node, number);
    if (flow == NULL) {
        return;
    }
    if (damaged || index >= flow->stats.sent || !is_as_sent(flow, payload, length, index)) {
        flow->stats.corrupted++;
    } else {
        arrived(flow, index);
    }
}

void s2s_sim_flow_stats(const s2s_sim_flow *flow, struct s2s_sim_flow_stats *stats)
{
    struct s2s_sim_flow_stats now = flow->stats;
    now.struct_size = stats->struct_size < sizeof now ? stats->struct_size : sizeof now;
    memcpy(stats, &now, now.struct_size);
}

void s2si_sim_flows_free(s2s_sim *sim)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &sim->flows) {
        s2s_sim_flow *flow = S2SI_CONTAINER(at, s2s_sim_flow, node);
        s2si_sim_cancel(sim, &flow->event);
        s2si_free(&sim->mem, flow->seen, flow->seen_size);
        s2si_free(&sim->mem, flow, sizeof *flow);
    }
}
