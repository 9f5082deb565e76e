/* SPDX-License-Identifier: Apache-2.0 */
/* sim_ip: what a node does with a packet: deliver, forward, send, and the ICMP messages about it (RFC 791, 792, 1812, 4443). */
#include "lib/backend/sim.h"

#include <string.h>

enum {
    ICMP_HEADER = 8,
    UDP_HEADER = 8,
    TTL = 64,
    ECHO_REPLY = 0, UNREACHABLE = 3, ECHO = 8, TIME_EXCEEDED = 11,
    V6_UNREACHABLE = 1, V6_TIME_EXCEEDED = 3, V6_ECHO = 128, V6_ECHO_REPLY = 129, V6_FIRST_INFORMATIONAL = 128,
    NET = 0, HOST = 1, V6_NO_ROUTE = 0,
    LONGEST_ERROR_V4 = 576, LONGEST_ERROR_V6 = 1280, /* RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 (c) */
};

static void drop(s2s_sim_node *node, struct s2si_sim_packet *packet, uint64_t *counter)
{
    ++*counter;
    s2si_sim_packet_free(node->sim, packet);
}

/* ---- ICMP errors ---- */

static bool is_icmp_error(const uint8_t *data, const struct s2si_ip *ip)
{
    if (ip->total_length <= ip->header_length) {
        return false;
    }
    uint8_t type = data[ip->header_length];
    return (ip->protocol == S2SI_PROTO_ICMP && type != ECHO && type != ECHO_REPLY) ||
           (ip->protocol == S2SI_PROTO_ICMPV6 && type < V6_FIRST_INFORMATIONAL);
}

void s2si_sim_icmp_error(s2s_sim_node *node, const struct s2si_sim_packet *packet, const struct s2si_ip *ip, uint8_t type4,
                         uint8_t code4, uint8_t type6, uint8_t code6)
{
    bool v4 = ip->version == 4;
    struct s2si_sim_header header = {.destination = ip->source,
                                     .protocol = v4 ? S2SI_PROTO_ICMP : S2SI_PROTO_ICMPV6,
                                     .ttl = TTL};
    header.source = s2si_sim_source(node, &ip->source, false);
    if (is_icmp_error(packet->buffer + packet->offset, ip) || !ip->first_fragment || header.source.family == 0) {
        return; /* RFC 1812 section 4.3.2.7 */
    }
    size_t most = v4 ? LONGEST_ERROR_V4 - 20 - ICMP_HEADER : LONGEST_ERROR_V6 - 40 - ICMP_HEADER;
    size_t quoted = packet->length < most ? packet->length : most;
    struct s2si_sim_packet *error = s2si_sim_packet_new(node->sim, ICMP_HEADER + quoted);
    if (error == NULL) {
        return;
    }
    uint8_t *at = s2si_sim_packet_data(error);
    at[0] = v4 ? type4 : type6;
    at[1] = v4 ? code4 : code6;
    memcpy(at + ICMP_HEADER, packet->buffer + packet->offset, quoted);
    struct s2si_ip made;
    if (!s2si_sim_put_ip(error, &header) || s2si_ip_read(s2si_sim_packet_data(error), error->length, &made) != 0) {
        s2si_sim_packet_free(node->sim, error);
        return;
    }
    s2si_sim_mend(s2si_sim_packet_data(error), &made);
    s2si_sim_send(node, error, false);
}

static void answer_too_big(s2s_sim_node *node, struct s2si_sim_packet *packet, const struct s2si_ip *ip, uint32_t mtu)
{
    uint8_t answer[LONGEST_ERROR_V6];
    struct s2s_addr source = s2si_sim_source(node, &ip->source, false);
    if (node->answer_too_big && source.family != 0) {
        size_t length = s2si_ip_too_big(s2si_sim_packet_data(packet), packet->length, ip, &source, mtu, answer, sizeof answer);
        struct s2si_sim_packet *error = length == 0 ? NULL : s2si_sim_packet_copy(node->sim, answer, length);
        if (error != NULL) {
            s2si_sim_send(node, error, false);
        }
    }
    drop(node, packet, &node->stats.too_big);
}

/* ---- leaving ---- */

static void leave_by_link(s2s_sim_node *node, struct s2si_sim_packet *packet, struct s2si_ip *ip, const s2s_sim_link *in,
                          s2s_sim_link *out)
{
    uint32_t mtu = s2si_sim_link_mtu(out, node);
    if (s2si_sim_ruled_out(node, ip, in, out)) {
        s2si_sim_packet_free(node->sim, packet);
    } else if (packet->length > mtu) {
        answer_too_big(node, packet, ip, mtu);
    } else if (!s2si_sim_nat_out(node, packet, ip, out)) {
        drop(node, packet, &node->stats.no_route);
    } else {
        s2si_sim_link_put(out, node, packet);
    }
}

static void leave(s2s_sim_node *node, struct s2si_sim_packet *packet, struct s2si_ip *ip, const s2s_sim_link *in, bool outer)
{
    const struct s2si_sim_route *route = s2si_sim_route_find(&node->routes, &ip->source, &ip->destination, outer);
    if (route == NULL) {
        s2si_sim_icmp_error(node, packet, ip, UNREACHABLE, NET, V6_UNREACHABLE, V6_NO_ROUTE);
        drop(node, packet, &node->stats.no_route);
    } else if (route->target == S2SI_SIM_TO_NOBODY) {
        s2si_sim_icmp_error(node, packet, ip, UNREACHABLE, HOST, V6_UNREACHABLE, V6_NO_ROUTE);
        drop(node, packet, &node->stats.unreachable);
    } else if (route->target == S2SI_SIM_TO_LINK) {
        leave_by_link(node, packet, ip, in, route->link);
    } else if (s2si_sim_ruled_out(node, ip, in, NULL)) {
        s2si_sim_packet_free(node->sim, packet);
    } else if (packet->length > s2si_sim_kernel_mtu(node, route->device)) {
        answer_too_big(node, packet, ip, s2si_sim_kernel_mtu(node, route->device));
    } else {
        s2si_sim_kernel_device(node, route->device, packet);
    }
}

static void forward(s2s_sim_node *node, struct s2si_sim_packet *packet, struct s2si_ip *ip, const s2s_sim_link *in)
{
    if (ip->hop_limit <= 1) {
        s2si_sim_icmp_error(node, packet, ip, TIME_EXCEEDED, 0, V6_TIME_EXCEEDED, 0);
        drop(node, packet, &node->stats.ttl_expired);
        return;
    }
    uint8_t *data = s2si_sim_packet_data(packet);
    data[ip->version == 4 ? 8 : 7] = --ip->hop_limit;
    s2si_sim_mend_ip(data);
    node->stats.forwarded++;
    leave(node, packet, ip, in, false);
}

static void come_back(s2s_sim *sim, struct s2si_sim_event *event)
{
    struct s2si_sim_packet *packet = S2SI_CONTAINER(event, struct s2si_sim_packet, event);
    (void)sim;
    s2si_list_remove(&packet->node);
    s2si_sim_input(packet->here, packet, NULL);
}

static void loop_back(s2s_sim_node *node, struct s2si_sim_packet *packet)
{
    packet->here = node;
    packet->event.fire = come_back;
    if (!s2si_sim_arrange(node->sim, &packet->event, node->sim->now)) {
        drop(node, packet, &node->sim->stats.no_memory);
        return;
    }
    s2si_list_append(&node->sim->looped, &packet->node);
}

void s2si_sim_send(s2s_sim_node *node, struct s2si_sim_packet *packet, bool outer)
{
    struct s2si_ip ip;
    if (s2si_ip_read(s2si_sim_packet_data(packet), packet->length, &ip) != 0) {
        drop(node, packet, &node->stats.malformed);
        return;
    }
    node->stats.sent++;
    if (!s2si_sim_is_local(node, &ip.source)) {
        drop(node, packet, &node->stats.no_route);
    } else if (s2si_sim_is_local(node, &ip.destination)) {
        loop_back(node, packet);
    } else {
        leave(node, packet, &ip, NULL, outer);
    }
}

/* ---- arriving ---- */

static bool upper_is_whole(const uint8_t *data, const struct s2si_ip *ip)
{
    const uint8_t *upper = data + ip->header_length;
    size_t length = ip->total_length - ip->header_length;
    switch (ip->protocol) {
    case S2SI_PROTO_ICMP:
        return length >= ICMP_HEADER && s2si_checksum_finish(s2si_checksum_add(0, upper, length)) == 0;
    case S2SI_PROTO_UDP:
        if (length < UDP_HEADER || s2si_get_u16(upper + 4) < UDP_HEADER || s2si_get_u16(upper + 4) > length) {
            return false;
        }
        length = s2si_get_u16(upper + 4);
        return (ip->version == 4 && s2si_get_u16(upper + 6) == 0) ||
               s2si_sim_upper_checksum(&ip->source, &ip->destination, ip->protocol, upper, length) == 0;
    case S2SI_PROTO_TCP:
    case S2SI_PROTO_ICMPV6:
        return length >= ICMP_HEADER &&
               s2si_sim_upper_checksum(&ip->source, &ip->destination, ip->protocol, upper, length) == 0;
    default:
        return true;
    }
}

/* The packet itself goes back: addresses exchanged, type changed, a fresh TTL. */
static void answer_echo(s2s_sim_node *node, struct s2si_sim_packet *packet, const struct s2si_ip *ip)
{
    const uint8_t *request = s2si_sim_packet_data(packet) + ip->header_length;
    size_t length = ip->total_length - ip->header_length;
    struct s2si_sim_packet *reply = s2si_sim_packet_new(node->sim, length + 40);
    if (reply != NULL) {
        reply->length = s2si_ip_echo(&ip->destination, &ip->source, true, s2si_get_u16(request + 4), s2si_get_u16(request + 6),
                                     request + ICMP_HEADER, length - ICMP_HEADER, s2si_sim_packet_data(reply), reply->length);
        node->stats.echo_answered++;
        s2si_sim_send(node, reply, false);
    }
    s2si_sim_packet_free(node->sim, packet);
}

/* The error quotes our request: IP header, ICMP header, payload. */
static void take_error(s2s_sim_node *node, const uint8_t *quote, size_t length)
{
    size_t header = length == 0 ? 0 : quote[0] >> 4 == 4 ? (size_t)(quote[0] & 15) * 4 : 40;
    uint8_t protocol = length < 40 ? 0 : quote[0] >> 4 == 4 ? quote[9] : quote[6];
    bool icmp = protocol == S2SI_PROTO_ICMP || protocol == S2SI_PROTO_ICMPV6;
    if (icmp && header >= 20 && length >= header + ICMP_HEADER) {
        s2si_sim_ping_input(node, quote + header + ICMP_HEADER, length - header - ICMP_HEADER, 0, true);
    }
}

static void take_icmp(s2s_sim_node *node, struct s2si_sim_packet *packet, const struct s2si_ip *ip)
{
    const uint8_t *at = s2si_sim_packet_data(packet) + ip->header_length;
    size_t length = ip->total_length - ip->header_length - ICMP_HEADER;
    bool v4 = ip->protocol == S2SI_PROTO_ICMP;
    if (at[0] == (v4 ? ECHO : V6_ECHO)) {
        answer_echo(node, packet, ip);
        return;
    }
    if (at[0] == (v4 ? ECHO_REPLY : V6_ECHO_REPLY)) {
        s2si_sim_ping_input(node, at + ICMP_HEADER, length, ip->hop_limit, false);
    } else if (is_icmp_error(s2si_sim_packet_data(packet), ip)) {
        take_error(node, at + ICMP_HEADER, length);
    }
    s2si_sim_packet_free(node->sim, packet);
}

static void deliver(s2s_sim_node *node, struct s2si_sim_packet *packet, const struct s2si_ip *ip)
{
    const uint8_t *data = s2si_sim_packet_data(packet);
    bool whole = ip->fragment || upper_is_whole(data, ip);
    if (!whole && ip->protocol == S2SI_PROTO_UDP && ip->total_length >= ip->header_length + UDP_HEADER) {
        s2si_sim_flow_input(node, data + ip->header_length + UDP_HEADER, ip->total_length - ip->header_length - UDP_HEADER, true);
    }
    if (!whole || ip->fragment) {
        drop(node, packet, &node->stats.malformed);
    } else if (ip->protocol == S2SI_PROTO_ICMP || ip->protocol == S2SI_PROTO_ICMPV6) {
        take_icmp(node, packet, ip);
    } else if (!s2si_sim_kernel_local(node, packet, ip)) {
        if (ip->protocol == S2SI_PROTO_UDP) {
            s2si_sim_flow_input(node, data + ip->header_length + UDP_HEADER,
                                s2si_get_u16(data + ip->header_length + 4) - (size_t)UDP_HEADER, false);
        }
        s2si_sim_packet_free(node->sim, packet);
    }
}

static bool header_is_whole(const uint8_t *data)
{
    return data[0] >> 4 != 4 || s2si_checksum_finish(s2si_checksum_add(0, data, (size_t)(data[0] & 15) * 4)) == 0;
}

void s2si_sim_input(s2s_sim_node *node, struct s2si_sim_packet *packet, s2s_sim_link *link)
{
    struct s2si_ip ip;
    node->stats.received++;
    if (s2si_ip_read(s2si_sim_packet_data(packet), packet->length, &ip) != 0 || !header_is_whole(s2si_sim_packet_data(packet))) {
        drop(node, packet, &node->stats.malformed);
        return;
    }
    packet->length = ip.total_length;
    const struct s2si_sim_address *own = s2si_sim_address_find(node, &ip.destination);
    if (own != NULL && !own->up) {
        drop(node, packet, &node->stats.no_route);
    } else if (!s2si_sim_nat_in(node, packet, &ip, link)) {
        drop(node, packet, &node->stats.nat_unmatched);
    } else if (!s2si_sim_is_local(node, &ip.destination)) {
        if (node->forwards) {
            forward(node, packet, &ip, link);
        } else {
            drop(node, packet, &node->stats.no_route);
        }
    } else if (s2si_sim_ruled_out(node, &ip, link, NULL)) {
        s2si_sim_packet_free(node->sim, packet);
    } else {
        deliver(node, packet, &ip);
    }
}
