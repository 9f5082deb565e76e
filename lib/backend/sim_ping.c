/* SPDX-License-Identifier: Apache-2.0 */
/* sim_ping: echo requests at an interval, with a record of each. The payload names ping and number, so that 16 bits of ICMP
   sequence do not limit a run and NAT may change the identifier. */
#include "lib/backend/sim.h"

#include <string.h>

#define PING_MAGIC 0x73325069u
enum { PAYLOAD_LEAST = 16, PAYLOAD_MOST = 60000, RECORDS_MOST = 1000000, RECORDS_FIRST = 64, TTL = 64, DEFAULT_SIZE = 56 };

struct s2s_sim_ping {
    struct s2si_list node;
    s2s_sim_node *from;
    struct s2si_sim_event event;
    uint32_t number;
    uint16_t id, size;
    struct s2s_addr source, destination; /* source.family 0 = chosen at each request */
    uint8_t ttl;
    bool dont_fragment;
    s2s_time interval, last_answer;
    uint32_t count, highest; /* highest: number of the latest request answered + 1 */
    struct s2s_sim_ping_record *records;
    size_t capacity;
    struct s2s_sim_ping_stats stats;
};

void s2s_sim_ping_params_init(struct s2s_sim_ping_params *params, size_t struct_size)
{
    struct s2s_sim_ping_params defaults = {.struct_size = struct_size, .interval = S2S_SECOND, .size = DEFAULT_SIZE, .ttl = TTL};
    memset(params, 0, struct_size);
    memcpy(params, &defaults, struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static bool record_room(s2s_sim_ping *ping)
{
    if (ping->stats.sent < ping->capacity) {
        return true;
    }
    size_t capacity = ping->capacity == 0 ? RECORDS_FIRST : ping->capacity * 2, size = sizeof *ping->records;
    struct s2s_sim_ping_record *records =
        s2si_resize(&ping->from->sim->mem, ping->records, ping->capacity * size, capacity * size);
    if (records != NULL) {
        ping->records = records;
        ping->capacity = capacity;
    }
    return records != NULL;
}

/* ICMP header and payload; the IP header comes with the rest. */
static void write_request(s2s_sim_ping *ping, struct s2si_sim_packet *packet, uint32_t index)
{
    struct s2si_writer writer = s2si_writer(s2si_sim_packet_data(packet), packet->length);
    s2si_write_u8(&writer, ping->destination.family == 4 ? 8 : 128);
    s2si_write_u8(&writer, 0);
    s2si_write_u16(&writer, 0);
    s2si_write_u16(&writer, ping->id);
    s2si_write_u16(&writer, (uint16_t)(index + 1));
    s2si_write_u32(&writer, PING_MAGIC);
    s2si_write_u32(&writer, ping->number);
    s2si_write_u32(&writer, index);
    for (uint8_t byte = 0; s2si_write_hole(&writer, 0) < packet->length; byte++) {
        s2si_write_u8(&writer, byte);
    }
}

static void send_request(s2s_sim_ping *ping, uint32_t index)
{
    s2s_sim_node *node = ping->from;
    struct s2si_sim_header header = {.source = ping->source,
                                     .destination = ping->destination,
                                     .protocol = ping->destination.family == 4 ? S2SI_PROTO_ICMP : S2SI_PROTO_ICMPV6,
                                     .ttl = ping->ttl,
                                     .dont_fragment = ping->dont_fragment,
                                     .id = ++node->ip_id};
    if (header.source.family == 0) {
        header.source = s2si_sim_source(node, &ping->destination, false);
    }
    struct s2si_sim_packet *packet = s2si_sim_packet_new(node->sim, 8u + ping->size);
    struct s2si_ip ip;
    if (packet == NULL) {
        return;
    }
    write_request(ping, packet, index);
    if (!s2si_sim_put_ip(packet, &header) || s2si_ip_read(s2si_sim_packet_data(packet), packet->length, &ip) != 0) {
        s2si_sim_packet_free(node->sim, packet);
        return;
    }
    s2si_sim_mend(s2si_sim_packet_data(packet), &ip);
    s2si_sim_send(node, packet, false);
}

static void next_request(s2s_sim *sim, struct s2si_sim_event *event)
{
    s2s_sim_ping *ping = S2SI_CONTAINER(event, s2s_sim_ping, event);
    uint32_t most = ping->count == 0 ? RECORDS_MOST : ping->count;
    if (ping->stats.sent < most && record_room(ping)) {
        uint32_t index = ping->stats.sent++;
        ping->records[index] = (struct s2s_sim_ping_record){.sent = sim->now, .answered = S2S_TIME_NEVER};
        send_request(ping, index);
    }
    if (ping->stats.sent < most && !s2si_sim_arrange(sim, event, sim->now + ping->interval)) {
        sim->stats.no_memory++;
    }
}

static int read_params(s2s_sim_ping *ping, const struct s2s_sim_ping_params *given)
{
    struct s2s_sim_ping_params params;
    s2s_sim_ping_params_init(&params, sizeof params);
    if (given == NULL || given->struct_size < sizeof given->struct_size) {
        return S2S_ERR_INVALID;
    }
    memcpy(&params, given, given->struct_size < sizeof params ? given->struct_size : sizeof params);
    if (params.destination == NULL || s2s_addr_parse(params.destination, &ping->destination) != 0 ||
        (params.source != NULL && s2s_addr_parse(params.source, &ping->source) != 0) ||
        (params.source != NULL && ping->source.family != ping->destination.family) || params.size < PAYLOAD_LEAST ||
        params.size > PAYLOAD_MOST || params.interval == 0 || params.count > RECORDS_MOST) {
        return S2S_ERR_INVALID;
    }
    ping->size = params.size;
    ping->ttl = params.ttl;
    ping->dont_fragment = params.dont_fragment;
    ping->interval = params.interval;
    ping->count = params.count;
    ping->event.at = params.start;
    return 0;
}

int s2s_sim_ping_start(s2s_sim_node *node, const struct s2s_sim_ping_params *params, s2s_sim_ping **out)
{
    s2s_sim_ping wanted = {.last_answer = S2S_TIME_NEVER};
    if (node == NULL || out == NULL || read_params(&wanted, params) != 0) {
        return S2S_ERR_INVALID;
    }
    *out = NULL;
    s2s_sim_ping *ping = s2si_alloc(&node->sim->mem, sizeof *ping);
    if (ping == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    *ping = wanted;
    ping->from = node;
    ping->number = ++node->sim->next_ping;
    ping->id = ++node->icmp_id;
    ping->event.fire = next_request;
    if (!s2si_sim_arrange(node->sim, &ping->event, wanted.event.at)) {
        s2si_free(&node->sim->mem, ping, sizeof *ping);
        return S2S_ERR_NO_MEMORY;
    }
    s2si_list_append(&node->sim->pings, &ping->node);
    *out = ping;
    return 0;
}

void s2s_sim_ping_stop(s2s_sim_ping *ping)
{
    s2si_sim_cancel(ping->from->sim, &ping->event);
}

static s2s_sim_ping *find(s2s_sim_node *node, uint32_t number)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &node->sim->pings) {
        s2s_sim_ping *ping = S2SI_CONTAINER(at, s2s_sim_ping, node);
        if (ping->number == number && ping->from == node) {
            return ping;
        }
    }
    return NULL;
}

static void answered(s2s_sim_ping *ping, uint32_t index, uint8_t ttl)
{
    struct s2s_sim_ping_record *record = &ping->records[index];
    s2s_time now = ping->from->sim->now;
    if (record->answers++ > 0) {
        ping->stats.duplicates++;
        return;
    }
    record->answered = now;
    record->ttl = ttl;
    ping->stats.answered++;
    ping->stats.reordered += index + 1 < ping->highest;
    ping->highest = index + 1 > ping->highest ? index + 1 : ping->highest;
    if (ping->last_answer != S2S_TIME_NEVER && now - ping->last_answer > ping->interval + ping->stats.longest_gap) {
        ping->stats.longest_gap = now - ping->last_answer - ping->interval;
    }
    ping->last_answer = now;
}

void s2si_sim_ping_input(s2s_sim_node *node, const uint8_t *payload, size_t length, uint8_t ttl, bool error)
{
    struct s2si_reader reader = s2si_reader(payload, length);
    uint32_t magic = s2si_read_u32(&reader), number = s2si_read_u32(&reader), index = s2si_read_u32(&reader);
    s2s_sim_ping *ping = reader.failed || magic != PING_MAGIC ? NULL : find(node, number);
    if (ping == NULL || index >= ping->stats.sent) {
        return;
    }
    if (error) {
        ping->stats.unreachable++;
    } else {
        answered(ping, index, ttl);
    }
}

int s2s_sim_ping_record(const s2s_sim_ping *ping, uint32_t index, struct s2s_sim_ping_record *record)
{
    if (index >= ping->stats.sent) {
        return S2S_ERR_NOT_FOUND;
    }
    *record = ping->records[index];
    return 0;
}

void s2s_sim_ping_stats(const s2s_sim_ping *ping, struct s2s_sim_ping_stats *stats)
{
    struct s2s_sim_ping_stats now = ping->stats;
    now.struct_size = stats->struct_size < sizeof now ? stats->struct_size : sizeof now;
    memcpy(stats, &now, now.struct_size);
}

void s2si_sim_pings_free(s2s_sim *sim)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &sim->pings) {
        s2s_sim_ping *ping = S2SI_CONTAINER(at, s2s_sim_ping, node);
        s2si_sim_cancel(sim, &ping->event);
        s2si_free(&sim->mem, ping->records, ping->capacity * sizeof *ping->records);
        s2si_free(&sim->mem, ping, sizeof *ping);
    }
}
