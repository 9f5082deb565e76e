/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_link: what happens to a packet between two nodes, in this order: taps and the cleartext watch see it; MTU, carrier,
 * blackhole and chance may lose it; the rate and the delay say when it arrives; chance may hold it back or double it.
 */
#include "lib/backend/sim.h"

#include <string.h>

enum { DEFAULT_MTU = 1500, DEFAULT_QUEUE = 256 * 1024, MOST_UNDER_WAY = 65536 };
#define DEFAULT_DELAY (5 * (s2s_time)S2S_MILLISECOND)
#define DEFAULT_REORDER_DELAY (10 * (s2s_time)S2S_MILLISECOND)

void s2s_sim_link_params_init(struct s2s_sim_link_params *params, size_t struct_size)
{
    struct s2s_sim_link_params defaults = {.struct_size = struct_size, .delay = DEFAULT_DELAY, .mtu = DEFAULT_MTU};
    memset(params, 0, struct_size);
    memcpy(params, &defaults, struct_size < sizeof defaults ? struct_size : sizeof defaults);
}

static int read_params(struct s2s_sim_link_params *out, const struct s2s_sim_link_params *given)
{
    s2s_sim_link_params_init(out, sizeof *out);
    if (given != NULL) {
        if (given->struct_size < sizeof given->struct_size) {
            return S2S_ERR_INVALID;
        }
        memcpy(out, given, given->struct_size < sizeof *out ? given->struct_size : sizeof *out);
    }
    out->mtu = out->mtu == 0 ? DEFAULT_MTU : out->mtu;
    out->queue_bytes = out->queue_bytes == 0 ? DEFAULT_QUEUE : out->queue_bytes;
    out->reorder_delay = out->reorder_delay == 0 ? DEFAULT_REORDER_DELAY : out->reorder_delay;
    bool good = out->loss_ppm <= 1000000 && out->duplicate_ppm <= 1000000 && out->reorder_ppm <= 1000000 &&
                out->mtu >= 68 && out->queue_bytes <= 1u << 30 &&
                out->delay < S2S_TIME_NEVER / 4 && out->jitter < S2S_TIME_NEVER / 4 && out->reorder_delay < S2S_TIME_NEVER / 4;
    return good ? 0 : S2S_ERR_INVALID;
}

int s2s_sim_link_new(s2s_sim *sim, const char *name, s2s_sim_node *a, s2s_sim_node *b,
                     const struct s2s_sim_link_params *given, s2s_sim_link **out)
{
    struct s2s_sim_link_params params;
    if (out == NULL || a == NULL || b == NULL || a == b || a->sim != sim || b->sim != sim || read_params(&params, given) != 0) {
        return S2S_ERR_INVALID;
    }
    *out = NULL;
    s2s_sim_link *link = s2si_alloc(&sim->mem, sizeof *link);
    if (link == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    link->sim = sim;
    s2si_sim_name(link->name, name);
    link->ends[0] = a;
    link->ends[1] = b;
    link->sides[0].params = link->sides[1].params = params;
    link->up = true;
    s2si_list_init(&link->under_way);
    s2si_list_init(&link->taps);
    s2si_list_init(&link->captures);
    s2si_list_append(&sim->links, &link->node);
    *out = link;
    return 0;
}

const char *s2s_sim_link_name(const s2s_sim_link *link)
{
    return link->name;
}

int s2s_sim_link_set(s2s_sim_link *link, enum s2s_sim_direction direction, const struct s2s_sim_link_params *given)
{
    struct s2s_sim_link_params params;
    if (read_params(&params, given) != 0) {
        return S2S_ERR_INVALID;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (((unsigned)direction & 1u << i) != 0) {
            link->sides[i].params = params;
        }
    }
    return 0;
}

void s2s_sim_link_blackhole(s2s_sim_link *link, enum s2s_sim_direction direction, bool on)
{
    for (unsigned i = 0; i < 2; i++) {
        if (((unsigned)direction & 1u << i) != 0) {
            link->sides[i].blackhole = on;
        }
    }
}

void s2s_sim_link_carrier(s2s_sim_link *link, bool up)
{
    if (link->up == up) {
        return;
    }
    link->up = up;
    link->epoch++;
    for (size_t i = 0; i < 2; i++) {
        struct s2si_list *at;
        S2SI_LIST_EACH(at, &link->ends[i]->addresses) {
            const struct s2si_sim_address *address = S2SI_CONTAINER(at, struct s2si_sim_address, node);
            if (address->link == link && address->up) {
                s2si_sim_kernel_address(link->ends[i], &address->addr, up);
            }
        }
    }
}

void s2s_sim_link_stats(const s2s_sim_link *link, enum s2s_sim_direction direction, struct s2s_sim_link_stats *stats)
{
    struct s2s_sim_link_stats now = link->sides[direction == S2S_SIM_BACK].stats;
    now.struct_size = stats->struct_size < sizeof now ? stats->struct_size : sizeof now;
    memcpy(stats, &now, now.struct_size);
}

/* ---- who looks on ---- */

int s2s_sim_tap(s2s_sim_link *link, s2s_sim_frame_function function, void *user)
{
    if (function == NULL) {
        return S2S_ERR_INVALID;
    }
    struct s2si_sim_tap *tap = s2si_alloc(&link->sim->mem, sizeof *tap);
    if (tap == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    tap->function = function;
    tap->user = user;
    s2si_list_append(&link->taps, &tap->node);
    return 0;
}

void s2s_sim_filter(s2s_sim_link *link, s2s_sim_filter_function function, void *user)
{
    link->filter = function;
    link->filter_user = user;
}

int s2s_sim_watch(s2s_sim_link *link, const char *text)
{
    struct s2s_prefix prefix;
    if (text == NULL || s2s_prefix_parse(text, &prefix) != 0) {
        return S2S_ERR_INVALID;
    }
    size_t size = link->watch_count * sizeof *link->watches;
    struct s2s_prefix *watches = s2si_resize(&link->sim->mem, link->watches, size, size + sizeof *watches);
    if (watches == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    watches[link->watch_count++] = prefix;
    link->watches = watches;
    return 0;
}

uint64_t s2s_sim_watched(const s2s_sim_link *link)
{
    return link->watched;
}

static bool is_watched(const s2s_sim_link *link, const struct s2si_sim_packet *packet)
{
    struct s2si_ip ip;
    if (link->watch_count == 0 || s2si_ip_read(packet->buffer + packet->offset, packet->length, &ip) != 0) {
        return false;
    }
    for (size_t i = 0; i < link->watch_count; i++) {
        if (s2si_prefix_has(&link->watches[i], &ip.source) || s2si_prefix_has(&link->watches[i], &ip.destination)) {
            return true;
        }
    }
    return false;
}

static void show(s2s_sim_link *link, struct s2si_sim_packet *packet, enum s2s_sim_direction direction, bool lost)
{
    struct s2s_sim_frame frame = {.struct_size = sizeof frame,
                                  .time = link->sim->now,
                                  .link = link,
                                  .direction = direction,
                                  .data = s2si_sim_packet_data(packet),
                                  .length = packet->length,
                                  .lost = lost};
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &link->taps) {
        const struct s2si_sim_tap *tap = S2SI_CONTAINER(at, struct s2si_sim_tap, node);
        tap->function(tap->user, &frame);
    }
    link->watched += is_watched(link, packet);
}

/* ---- the way of a packet ---- */

static void arrive(s2s_sim *sim, struct s2si_sim_event *event)
{
    struct s2si_sim_packet *packet = S2SI_CONTAINER(event, struct s2si_sim_packet, event);
    s2s_sim_link *link = packet->link;
    unsigned side = packet->direction == S2S_SIM_BACK;
    s2si_list_remove(&packet->node);
    if (packet->epoch != link->epoch) { /* the carrier was lost meanwhile */
        link->sides[side].stats.lost++;
        s2si_sim_packet_free(sim, packet);
        return;
    }
    link->sides[side].stats.delivered++;
    s2si_sim_input(link->ends[!side], packet, link);
}

/* When the last bit has left, by the rate. @return false if the queue is full. */
static bool serialize(s2s_sim *sim, struct s2si_sim_side *side, size_t length, s2s_time *left)
{
    uint64_t rate = side->params.bits_per_second;
    *left = sim->now;
    if (rate == 0) {
        return true;
    }
    s2s_time start = side->busy_until > sim->now ? side->busy_until : sim->now;
    s2s_time per_byte = 8 * (s2s_time)S2S_SECOND;
    if (start - sim->now > (s2s_time)side->params.queue_bytes * per_byte / rate) {
        return false;
    }
    *left = side->busy_until = start + (s2s_time)length * per_byte / rate;
    return true;
}

static s2s_time arrival_time(s2s_sim *sim, struct s2si_sim_side *side, s2s_time left)
{
    s2s_time at = left + side->params.delay;
    at += side->params.jitter == 0 ? 0 : s2si_sim_below(sim, side->params.jitter + 1);
    if (at < side->last_arrival) {
        at = side->last_arrival;
    }
    if (s2si_sim_chance(sim, side->params.reorder_ppm)) {
        side->stats.reordered++;
        return at + side->params.reorder_delay;
    }
    side->last_arrival = at;
    return at;
}

static void launch(s2s_sim_link *link, unsigned side, struct s2si_sim_packet *packet, s2s_time left)
{
    s2s_sim *sim = link->sim;
    packet->link = link;
    packet->direction = side == 0 ? S2S_SIM_FORTH : S2S_SIM_BACK;
    packet->epoch = link->epoch;
    packet->event.fire = arrive;
    if (!s2si_sim_arrange(sim, &packet->event, arrival_time(sim, &link->sides[side], left))) {
        sim->stats.no_memory++;
        s2si_sim_packet_free(sim, packet);
        return;
    }
    s2si_list_append(&link->under_way, &packet->node);
}

/* Whether this packet dies here, and by what. */
static bool is_lost(s2s_sim_link *link, struct s2si_sim_side *side, const struct s2si_sim_packet *packet, s2s_time *left)
{
    uint64_t *counter = NULL;
    if (packet->length > side->params.mtu) {
        counter = &side->stats.too_big;
    } else if (side->blackhole) {
        counter = &side->stats.blackholed;
    } else if (!link->up || s2si_sim_chance(link->sim, side->params.loss_ppm)) {
        counter = &side->stats.lost;
    } else if (!serialize(link->sim, side, packet->length, left) || link->sim->stats.packets_alive > MOST_UNDER_WAY) {
        counter = &side->stats.overflow;
    }
    if (counter != NULL) {
        ++*counter;
    }
    return counter != NULL;
}

static void put(s2s_sim_link *link, unsigned index, struct s2si_sim_packet *packet, bool filtered)
{
    struct s2si_sim_side *side = &link->sides[index];
    enum s2s_sim_direction direction = index == 0 ? S2S_SIM_FORTH : S2S_SIM_BACK;
    enum s2s_sim_fate fate = S2S_SIM_PASS;
    s2s_sim *sim = link->sim;
    s2s_time left = sim->now;
    side->stats.packets++;
    side->stats.bytes += packet->length;
    sim->stats.packets++;
    if (filtered && link->filter != NULL) {
        fate = link->filter(link->filter_user, direction, s2si_sim_packet_data(packet), packet->length);
    }
    side->stats.lost += fate == S2S_SIM_LOSE;
    bool lost = fate == S2S_SIM_LOSE || is_lost(link, side, packet, &left);
    show(link, packet, direction, lost);
    if (lost) {
        s2si_sim_packet_free(sim, packet);
        return;
    }
    if (fate == S2S_SIM_TWICE || s2si_sim_chance(sim, side->params.duplicate_ppm)) {
        struct s2si_sim_packet *copy = s2si_sim_packet_copy(sim, s2si_sim_packet_data(packet), packet->length);
        if (copy != NULL) {
            side->stats.duplicated++;
            launch(link, index, copy, left);
        }
    }
    launch(link, index, packet, left);
}

void s2si_sim_link_put(s2s_sim_link *link, const s2s_sim_node *from, struct s2si_sim_packet *packet)
{
    put(link, link->ends[1] == from, packet, true);
}

int s2s_sim_inject(s2s_sim_link *link, enum s2s_sim_direction direction, const uint8_t *data, size_t length)
{
    if (direction == S2S_SIM_BOTH || data == NULL || length == 0 || length > S2SI_SIM_LONGEST) {
        return S2S_ERR_INVALID;
    }
    struct s2si_sim_packet *packet = s2si_sim_packet_copy(link->sim, data, length);
    if (packet == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    put(link, direction == S2S_SIM_BACK, packet, false);
    return 0;
}

uint32_t s2si_sim_link_mtu(const s2s_sim_link *link, const s2s_sim_node *from)
{
    return link->sides[link->ends[1] == from].params.mtu;
}

void s2si_sim_link_free(s2s_sim_link *link)
{
    s2s_sim *sim = link->sim;
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &link->under_way) {
        s2si_sim_packet_free(sim, S2SI_CONTAINER(at, struct s2si_sim_packet, node));
    }
    S2SI_LIST_EACH_SAFE(at, after, &link->taps) {
        struct s2si_sim_tap *tap = S2SI_CONTAINER(at, struct s2si_sim_tap, node);
        s2si_free(&sim->mem, tap, sizeof *tap);
    }
    s2si_sim_captures_free(link);
    s2si_free(&sim->mem, link->watches, link->watch_count * sizeof *link->watches);
    s2si_list_remove(&link->node);
    s2si_free(&sim->mem, link, sizeof *link);
}
