/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch at a time, in place:
 *
 *   INNER ── read, route, MTU, MSS ─> names its outbound SA ─┐                      ┌─> SEND_ESP, SEND_UDP
 *   ESP ─────────────────────────────────────────────────────┼─> s2s_esp_open/seal ─┤
 *   UDP ── ESP inside? ──────────────────────────────────────┘                      └─> DELIVER, after a look for probes
 *      └── IKE: put aside, fed last, so that SAs do not change under the batch
 */
#include "lib/gateway/datapath.h"

#include <string.h>

#include "lib/gateway/forward.h"
#include "lib/gateway/objects.h"
#include "lib/gateway/tunnel.h"

/* Put aside: neither seal nor open looks at an entry of this kind. */
#define KIND_IKE 0xf0
#define KIND_DONE 0xf1

struct batch {
    s2s_engine *engine;
    struct s2s_packet *packets;
    size_t count;
    s2s_time now;
    bool inbound, outbound;                /* there is something to open, to seal */
    uint32_t inner_length[S2S_PACKET_BATCH]; /* of INNER entries: what the counters count */
    s2s_tunnel *tunnel;                    /* of the packet before: most batches are one flow */
};

int s2si_datapath_init(s2s_engine *engine)
{
    struct s2s_esp_params params;
    memset(engine->datapath.drops, 0, sizeof engine->datapath.drops);
    s2s_esp_params_init(&params, sizeof params);
    params.allocator = &engine->mem.table;
    params.provider = engine->crypto.provider;
    params.crypto_context = engine->crypto.context;
    params.max_sas = 65535;
    return s2s_esp_new(&params, &engine->datapath.esp);
}

void s2si_datapath_free(s2s_engine *engine)
{
    s2s_esp_free(engine->datapath.esp);
    engine->datapath.esp = NULL;
}

/* ---- finding the rooms ---- */

static s2s_tunnel *tunnel_of(struct batch *batch, uint32_t id)
{
    if (!batch->tunnel || batch->tunnel->id != id)
        batch->tunnel = s2si_tunnel_by_id(batch->engine, id);
    return batch->tunnel;
}

/* The gateway whose TUN a packet came from. */
static s2s_gateway *gateway_of_device(const s2s_engine *engine, unsigned device)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &engine->gateways)
    {
        s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        if (gateway->device_number == device && (gateway->device_up || !(engine->capabilities & S2S_KERNEL_ROUTES)))
            return gateway;
    }
    return NULL;
}

static bool is_ike_port(const s2s_engine *engine, const struct s2s_endpoint *local)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &engine->gateways)
    {
        const s2s_gateway *gateway = S2SI_CONTAINER(node, s2s_gateway, node);
        for (size_t i = 0; i < gateway->address_count; i++)
            if (s2si_addr_equal(&gateway->addresses[i].addr, &local->addr))
                return local->port == (gateway->effective.port > 0 ? gateway->effective.port : 500);
    }
    return local->port == 500;
}

static void drop(struct batch *batch, struct s2s_packet *packet, enum s2s_drop_reason reason)
{
    packet->verdict = S2S_VERDICT_DROP;
    packet->reason = (uint8_t)reason;
    packet->kind = KIND_DONE;
    batch->engine->datapath.drops[reason]++;
}

/* Of packets whose tunnel is known. */
static void count_drop(s2s_tunnel *tunnel, unsigned reason, bool out)
{
    tunnel->traffic.drops_out += out;
    tunnel->traffic.drops_in += !out;
    tunnel->traffic.drops[reason]++;
}

static void consume(struct s2s_packet *packet)
{
    packet->verdict = S2S_VERDICT_CONSUMED;
    packet->kind = KIND_DONE;
}

/* ---- outbound ---- */

/* An outer packet that came back into the TUN would be encrypted again and again. */
static bool is_outer(const s2s_gateway *gateway, const struct s2si_ip *ip)
{
    bool shape = ip->protocol == S2SI_PROTO_ESP ||
                 (ip->protocol == S2SI_PROTO_UDP && ip->has_ports && (ip->source_port == 500 || ip->source_port == 4500));
    if (!shape)
        return false;
    for (size_t i = 0; i < gateway->address_count; i++)
        if (s2si_addr_equal(&gateway->addresses[i].addr, &ip->source))
            return true;
    return false;
}

/* Tells the inner sender what fits (RFC 4301 section 8.2.1, RFC 1191, RFC 8201). */
static void tell_too_big(s2s_tunnel *tunnel, const struct s2s_packet *packet, const struct s2si_ip *ip, uint32_t mtu)
{
    uint8_t answer[1280];
    struct s2s_packet template;
    const struct s2s_addr *from = tunnel->inside_local.family == ip->source.family ? &tunnel->inside_local : &ip->destination;
    size_t length = s2si_ip_too_big(packet->buffer + packet->offset, packet->length, ip, from, mtu, answer, sizeof answer);
    if (length == 0)
        return;
    memset(&template, 0, sizeof template);
    template.verdict = S2S_VERDICT_DELIVER;
    template.device = packet->device;
    template.tunnel = tunnel->id;
    (void)s2si_packet_send(tunnel->engine, &template, answer, length);
}

/* No SA: traffic wants one. The packet waits for it with the first of the tunnels that come up on demand. */
static bool acquire(const s2s_connection *connection, const struct s2s_packet *packet, s2s_time now)
{
    bool kept = false;
    for (size_t i = 0; i < connection->tunnel_count; i++) {
        s2s_tunnel *tunnel = connection->tunnels[i];
        if (!tunnel)
            continue;
        s2si_tunnel_acquire(tunnel, now);
        kept = kept || (s2si_tunnel_comes_up(tunnel) && s2si_acquire_keep(tunnel, packet, now));
    }
    return kept;
}

static s2s_tunnel *choose_tunnel(struct batch *batch, struct s2s_packet *packet, const s2s_gateway *gateway, const struct s2si_ip *ip)
{
    s2s_route *route = NULL;
    s2s_tunnel *tunnel = s2si_trie_match(&gateway->routing.inside, &ip->destination);
    if (!tunnel)
        tunnel = s2si_route_lookup(gateway, &ip->source, &ip->destination, &route);
    if (tunnel && tunnel->sa_out)
        return tunnel;
    if (route && acquire(route->connection, packet, batch->now)) {
        consume(packet);
        return NULL;
    }
    if (tunnel)
        count_drop(tunnel, S2S_DROP_NO_SA, true);
    drop(batch, packet, tunnel || route ? S2S_DROP_NO_SA : S2S_DROP_NO_ROUTE);
    return NULL;
}

/* The packet is for this tunnel: does it fit, and what the TCP ends are told. */
static bool enter_tunnel(struct batch *batch, size_t index, s2s_tunnel *tunnel, const struct s2si_ip *ip)
{
    struct s2s_packet *packet = &batch->packets[index];
    const s2s_gateway *gateway = tunnel->gateway;
    uint8_t *data = packet->buffer + packet->offset;
    uint32_t mtu = gateway->mtu ? gateway->mtu : tunnel->traffic.mtu;
    if (mtu && packet->length > mtu && ip->dont_fragment) {
        count_drop(tunnel, S2S_DROP_TOO_BIG, true);
        tell_too_big(tunnel, packet, ip, mtu);
        drop(batch, packet, S2S_DROP_TOO_BIG);
        return false;
    }
    if (gateway->mss && ip->protocol == S2SI_PROTO_TCP)
        (void)s2si_ip_clamp_mss(data, packet->length, ip, (uint16_t)(gateway->mss - (ip->version == 6 ? 20 : 0)));
    packet->sa = tunnel->sa_out;
    packet->tunnel = tunnel->id;
    batch->inner_length[index] = (uint32_t)packet->length;
    batch->outbound = true;
    return true;
}

static void send_inner(struct batch *batch, size_t index)
{
    struct s2s_packet *packet = &batch->packets[index];
    const s2s_gateway *gateway = gateway_of_device(batch->engine, packet->device);
    uint8_t *data = packet->buffer + packet->offset;
    struct s2si_ip ip;
    if (!gateway || s2si_ip_read(data, packet->length, &ip) != 0) {
        drop(batch, packet, S2S_DROP_MALFORMED);
        return;
    }
    if (is_outer(gateway, &ip)) {
        drop(batch, packet, S2S_DROP_LOOP);
        return;
    }
    s2s_tunnel *tunnel = choose_tunnel(batch, packet, gateway, &ip);
    if (tunnel)
        (void)enter_tunnel(batch, index, tunnel, &ip);
}

static void count_sent(struct batch *batch, size_t index)
{
    struct s2s_packet *packet = &batch->packets[index];
    s2s_tunnel *tunnel = tunnel_of(batch, packet->tunnel);
    if (packet->verdict == S2S_VERDICT_DROP) {
        batch->engine->datapath.drops[packet->reason]++;
        if (tunnel)
            count_drop(tunnel, packet->reason, true);
    } else if (tunnel) {
        tunnel->traffic.packets_out++;
        tunnel->traffic.bytes_out += batch->inner_length[index];
        tunnel->traffic.last_out = batch->now;
        s2si_health_sent(tunnel, batch->now);
    }
}

static void rekey_worn_sas(s2s_engine *engine, s2s_time now)
{
    struct s2s_esp_sa_stats stats = {.struct_size = sizeof stats};
    for (s2s_esp_sa sa = s2s_esp_next_soft_limit(engine->datapath.esp); sa; sa = s2s_esp_next_soft_limit(engine->datapath.esp)) {
        s2s_tunnel *tunnel = NULL;
        if (s2s_esp_sa_get_stats(engine->datapath.esp, sa, &stats) == 0)
            tunnel = s2si_tunnel_by_id(engine, (uint32_t)stats.owner);
        if (tunnel)
            s2si_tunnel_sequence_low(tunnel, now);
    }
}

/* ---- inbound ---- */

static bool is_echo_request(const uint8_t *data, const struct s2si_ip *ip)
{
    if (ip->fragment || ip->total_length < ip->header_length + 8)
        return false;
    return (ip->protocol == S2SI_PROTO_ICMP && data[ip->header_length] == 8) ||
           (ip->protocol == S2SI_PROTO_ICMPV6 && data[ip->header_length] == 128);
}

/* The far end probes us: the answer goes back by the tunnel that the question came by. */
static void answer_echo(s2s_tunnel *tunnel, const uint8_t *data, const struct s2si_ip *ip, s2s_time now)
{
    uint8_t reply[576];
    const uint8_t *icmp = data + ip->header_length;
    size_t payload = ip->total_length - ip->header_length - 8;
    size_t length = s2si_ip_echo(&ip->destination, &ip->source, true, s2si_get_u16(icmp + 4), s2si_get_u16(icmp + 6), icmp + 8,
                                 payload, reply, sizeof reply);
    if (length)
        (void)s2si_datapath_send_by(tunnel, reply, length, now);
}

/* @return true if the packet was between inside addresses and is dealt with. */
static bool is_probe_traffic(s2s_tunnel *tunnel, const uint8_t *data, const struct s2si_ip *ip, s2s_time now)
{
    const struct s2s_addr *own = &tunnel->inside_local, *source = &tunnel->effective.probe_source;
    bool for_us = (own->family && s2si_addr_equal(&ip->destination, own)) ||
                  (source->family && s2si_addr_equal(&ip->destination, source));
    if (!for_us)
        return false;
    if (s2si_probe_answer(tunnel, data, ip, now))
        return true;
    /* Ordinary pings of a person are small too; larger ones go to the kernel, which answers by its routes. */
    if (!s2si_addr_equal(&ip->destination, own) || !is_echo_request(data, ip) || ip->total_length > 512)
        return false;
    answer_echo(tunnel, data, ip, now);
    return true;
}

static bool moved(const s2s_tunnel *tunnel, const struct s2s_packet *packet)
{
    return packet->kind == S2S_PACKET_UDP && tunnel->traffic.remote.addr.family &&
           !s2si_endpoint_equal(&packet->remote, &tunnel->traffic.remote);
}

/* The session between the inside addresses is no traffic that a planned take-down would wait for. */
static bool is_bgp(const s2s_tunnel *tunnel, const struct s2si_ip *ip)
{
    return tunnel->bgp && ip->protocol == S2SI_PROTO_TCP && s2si_addr_equal(&ip->destination, &tunnel->inside_local) &&
           s2si_addr_equal(&ip->source, &tunnel->inside_remote);
}

static void take_in(struct batch *batch, struct s2s_packet *packet)
{
    s2s_tunnel *tunnel = tunnel_of(batch, packet->tunnel);
    uint8_t *data = packet->buffer + packet->offset;
    struct s2si_ip ip;
    if (packet->verdict == S2S_VERDICT_DROP) {
        batch->engine->datapath.drops[packet->reason]++;
        if (tunnel)
            count_drop(tunnel, packet->reason, false);
        return;
    }
    if (!tunnel || s2si_ip_read(data, packet->length, &ip) != 0) {
        drop(batch, packet, S2S_DROP_NO_SA);
        return;
    }
    tunnel->traffic.last_in = batch->now;
    if (tunnel->acquire.count)
        s2si_acquire_timer(tunnel, batch->now); /* the peer sends by the new SA, so it has it */
    s2si_health_seen(tunnel, batch->now);
    s2si_tunnel_esp_in(tunnel, moved(tunnel, packet) ? &packet->remote : NULL, batch->now);
    if (is_probe_traffic(tunnel, data, &ip, batch->now)) {
        consume(packet);
        return;
    }
    enum s2s_drop_reason refusal = s2si_forward_refusal(tunnel, &ip);
    if (refusal != S2S_DROP_NONE) {
        count_drop(tunnel, (unsigned)refusal, false);
        drop(batch, packet, refusal);
        return;
    }
    tunnel->traffic.packets_in++;
    tunnel->traffic.bytes_in += packet->length;
    if (!is_bgp(tunnel, &ip))
        tunnel->traffic.last_inner_in = batch->now;
    if (tunnel->gateway->mss && ip.protocol == S2SI_PROTO_TCP)
        (void)s2si_ip_clamp_mss(data, packet->length, &ip, (uint16_t)(tunnel->gateway->mss - (ip.version == 6 ? 20 : 0)));
}

/* ---- the batch ---- */

static void sort_udp(struct batch *batch, struct s2s_packet *packet)
{
    const uint8_t *data = packet->buffer + packet->offset;
    if (is_ike_port(batch->engine, &packet->local)) {
        packet->kind = KIND_IKE;
        return;
    }
    switch (s2s_esp_udp_content(data, packet->length)) {
    case S2S_ESP_UDP_ESP:
        batch->inbound = true;
        break;
    case S2S_ESP_UDP_IKE:
        packet->offset += 4; /* the non-ESP marker, RFC 3948 section 2.2 */
        packet->length -= 4;
        packet->kind = KIND_IKE;
        break;
    default:
        consume(packet);
    }
}

static void sort(struct batch *batch, size_t index)
{
    struct s2s_packet *packet = &batch->packets[index];
    packet->verdict = S2S_VERDICT_DROP;
    packet->reason = S2S_DROP_NONE;
    packet->sa = packet->tunnel = 0;
    if (packet->offset > packet->capacity || packet->length > packet->capacity - packet->offset)
        drop(batch, packet, S2S_DROP_NO_BUFFER);
    else if (packet->kind == S2S_PACKET_INNER)
        send_inner(batch, index);
    else if (packet->kind == S2S_PACKET_UDP)
        sort_udp(batch, packet);
    else
        batch->inbound = true;
}

static void feed_ike(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct s2s_packet *packet = &batch->packets[i];
        if (packet->kind != KIND_IKE)
            continue;
        s2si_engine_ike(batch->engine, &packet->local, &packet->remote, packet->buffer + packet->offset, packet->length, batch->now);
        consume(packet);
    }
}

void s2si_datapath_packets(s2s_engine *engine, struct s2s_packet *packets, size_t count, s2s_time now)
{
    struct batch batch = {.engine = engine, .packets = packets, .count = count, .now = now};
    for (size_t i = 0; i < count; i++)
        sort(&batch, i);
    if (batch.inbound)
        (void)s2s_esp_open(engine->datapath.esp, packets, count, now);
    if (batch.outbound)
        (void)s2s_esp_seal(engine->datapath.esp, packets, count, now);
    for (size_t i = 0; i < count; i++) {
        if (packets[i].kind == S2S_PACKET_INNER)
            count_sent(&batch, i);
        else if (packets[i].kind == S2S_PACKET_ESP || packets[i].kind == S2S_PACKET_UDP)
            take_in(&batch, &packets[i]);
    }
    if (batch.outbound)
        rekey_worn_sas(engine, now);
    feed_ike(&batch);
}

bool s2si_datapath_send_waiting(s2s_tunnel *tunnel, const uint8_t *inner, size_t length, uint8_t device, s2s_time now)
{
    uint8_t buffer[S2S_PACKET_HEADROOM + S2SI_ACQUIRE_LENGTH + S2S_PACKET_TAILROOM];
    struct s2s_packet packet = {.buffer = buffer, .capacity = sizeof buffer, .offset = S2S_PACKET_HEADROOM};
    struct batch batch = {.engine = tunnel->engine, .packets = &packet, .count = 1, .now = now};
    struct s2si_ip ip;
    packet.length = length;
    packet.device = device;
    packet.kind = S2S_PACKET_INNER;
    memcpy(buffer + S2S_PACKET_HEADROOM, inner, length);
    if (s2si_ip_read(inner, length, &ip) != 0 || !enter_tunnel(&batch, 0, tunnel, &ip))
        return false;
    (void)s2s_esp_seal(tunnel->engine->datapath.esp, &packet, 1, now);
    count_sent(&batch, 0);
    return packet.verdict != S2S_VERDICT_DROP &&
           s2si_packet_send(tunnel->engine, &packet, packet.buffer + packet.offset, packet.length);
}

bool s2si_datapath_send_by(s2s_tunnel *tunnel, const uint8_t *inner, size_t length, s2s_time now)
{
    uint8_t buffer[S2S_PACKET_HEADROOM + 640 + S2S_PACKET_TAILROOM];
    struct s2s_packet packet;
    if (!tunnel->sa_out || length > sizeof buffer - S2S_PACKET_HEADROOM - S2S_PACKET_TAILROOM)
        return false;
    memset(&packet, 0, sizeof packet);
    memcpy(buffer + S2S_PACKET_HEADROOM, inner, length);
    packet.buffer = buffer;
    packet.capacity = sizeof buffer;
    packet.offset = S2S_PACKET_HEADROOM;
    packet.length = length;
    packet.kind = S2S_PACKET_INNER;
    packet.sa = tunnel->sa_out;
    if (s2s_esp_seal(tunnel->engine->datapath.esp, &packet, 1, now) != 1)
        return false;
    packet.tunnel = tunnel->id;
    return s2si_packet_send(tunnel->engine, &packet, packet.buffer + packet.offset, packet.length);
}
