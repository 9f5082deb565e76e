/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_nat: masquerading behind one IPv4 address (RFC 3022): endpoint-dependent in nothing, so a mapping serves any peer
 * (RFC 4787 "endpoint-independent"), as most peers' routers do. UDP, TCP and ICMP echo by number, the rest by address.
 */
#include "lib/backend/sim.h"

#include <string.h>

enum { FIRST_NUMBER = 20000, LAST_NUMBER = 60000, MOST_MAPPINGS = 4096, ECHO_REPLY = 0, ECHO = 8 };
#define DEFAULT_IDLE (60 * (s2s_time)S2S_SECOND)

struct mapping {
    struct s2si_list node;
    uint8_t protocol;
    struct s2s_addr inside;
    uint16_t inside_number, outside_number; /* 0 = this protocol has none */
    s2s_time used;
};

struct s2si_sim_nat {
    s2s_sim_link *link;
    struct s2s_addr address;
    s2s_time idle;
    uint16_t next;
    struct s2si_list mappings;
    size_t count;
};

int s2s_sim_nat(s2s_sim_node *node, s2s_sim_link *link, const char *text, s2s_time idle)
{
    struct s2s_addr address;
    if (node == NULL || link == NULL || text == NULL || s2s_addr_parse(text, &address) != 0 || address.family != 4 ||
        s2si_sim_address_find(node, &address) == NULL || node->nat != NULL) {
        return S2S_ERR_INVALID;
    }
    struct s2si_sim_nat *nat = s2si_alloc(&node->sim->mem, sizeof *nat);
    if (nat == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    nat->link = link;
    nat->address = address;
    nat->idle = idle == 0 ? DEFAULT_IDLE : idle;
    nat->next = FIRST_NUMBER;
    s2si_list_init(&nat->mappings);
    node->nat = nat;
    return 0;
}

static void forget(s2s_sim_node *node, struct mapping *mapping)
{
    s2si_list_remove(&mapping->node);
    node->nat->count--;
    s2si_free(&node->sim->mem, mapping, sizeof *mapping);
}

void s2s_sim_nat_rebind(s2s_sim_node *node)
{
    struct s2si_list *at, *after;
    if (node->nat != NULL) {
        S2SI_LIST_EACH_SAFE(at, after, &node->nat->mappings) {
            forget(node, S2SI_CONTAINER(at, struct mapping, node));
        }
    }
}

void s2si_sim_nat_free(s2s_sim_node *node)
{
    s2s_sim_nat_rebind(node);
    s2si_free(&node->sim->mem, node->nat, sizeof *node->nat);
    node->nat = NULL;
}

static bool is_old(const s2s_sim_node *node, const struct mapping *mapping)
{
    return node->sim->now - mapping->used > node->nat->idle;
}

size_t s2si_sim_nat_count(const s2s_sim_node *node)
{
    size_t count = 0;
    struct s2si_list *at;
    if (node->nat != NULL) {
        S2SI_LIST_EACH(at, &node->nat->mappings) {
            count += !is_old(node, S2SI_CONTAINER(at, struct mapping, node));
        }
    }
    return count;
}

/* The number that tells flows of one host apart: where it stands in an outgoing (source) or incoming packet. */
static uint8_t *number_at(uint8_t *data, const struct s2si_ip *ip, bool out)
{
    uint8_t *upper = data + ip->header_length;
    if (!ip->first_fragment || ip->total_length < ip->header_length + 8) {
        return NULL;
    }
    switch (ip->protocol) {
    case S2SI_PROTO_UDP:
    case S2SI_PROTO_TCP:
        return out ? upper : upper + 2;
    case S2SI_PROTO_ICMP:
        return upper[0] == (out ? ECHO : ECHO_REPLY) ? upper + 4 : NULL;
    default:
        return NULL;
    }
}

static struct mapping *find(s2s_sim_node *node, const struct mapping *wanted, bool out)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &node->nat->mappings) {
        struct mapping *mapping = S2SI_CONTAINER(at, struct mapping, node);
        if (is_old(node, mapping)) {
            forget(node, mapping);
        } else if (mapping->protocol == wanted->protocol &&
                   (out ? mapping->inside_number == wanted->inside_number && s2si_addr_equal(&mapping->inside, &wanted->inside)
                        : mapping->outside_number == wanted->outside_number)) {
            mapping->used = node->sim->now;
            return mapping;
        }
    }
    return NULL;
}

static struct mapping *make(s2s_sim_node *node, const struct mapping *wanted)
{
    struct s2si_sim_nat *nat = node->nat;
    struct mapping *mapping = nat->count >= MOST_MAPPINGS ? NULL : s2si_alloc(&node->sim->mem, sizeof *mapping);
    if (mapping == NULL) {
        return NULL;
    }
    *mapping = *wanted;
    if (wanted->inside_number != 0) {
        mapping->outside_number = nat->next;
        nat->next = nat->next == LAST_NUMBER ? FIRST_NUMBER : (uint16_t)(nat->next + 1);
    }
    mapping->used = node->sim->now;
    nat->count++;
    s2si_list_prepend(&nat->mappings, &mapping->node);
    return mapping;
}

static void rewrite(struct s2si_sim_packet *packet, struct s2si_ip *ip, size_t at, const struct s2s_addr *addr, uint8_t *number,
                    uint16_t value)
{
    uint8_t *data = s2si_sim_packet_data(packet);
    memcpy(data + at, addr->bytes, 4);
    if (number != NULL) {
        s2si_put_u16(number, value);
    }
    if (s2si_ip_read(data, packet->length, ip) == 0) {
        s2si_sim_mend(data, ip);
    }
}

bool s2si_sim_nat_out(s2s_sim_node *node, struct s2si_sim_packet *packet, struct s2si_ip *ip, const s2s_sim_link *link)
{
    if (node->nat == NULL || node->nat->link != link || ip->version != 4 || s2si_sim_address_find(node, &ip->source) != NULL) {
        return true;
    }
    uint8_t *number = number_at(s2si_sim_packet_data(packet), ip, true);
    struct mapping wanted = {.protocol = ip->protocol, .inside = ip->source};
    wanted.inside_number = number == NULL ? 0 : s2si_get_u16(number);
    struct mapping *mapping = find(node, &wanted, true);
    mapping = mapping == NULL ? make(node, &wanted) : mapping;
    if (mapping != NULL) {
        rewrite(packet, ip, 12, &node->nat->address, number, mapping->outside_number);
    }
    return mapping != NULL;
}

bool s2si_sim_nat_in(s2s_sim_node *node, struct s2si_sim_packet *packet, struct s2si_ip *ip, const s2s_sim_link *link)
{
    if (node->nat == NULL || node->nat->link != link || ip->version != 4 ||
        !s2si_addr_equal(&ip->destination, &node->nat->address)) {
        return true;
    }
    uint8_t *number = number_at(s2si_sim_packet_data(packet), ip, false);
    if (ip->protocol == S2SI_PROTO_ICMP && number == NULL) {
        return true; /* for the router itself */
    }
    struct mapping wanted = {.protocol = ip->protocol};
    wanted.outside_number = number == NULL ? 0 : s2si_get_u16(number);
    struct mapping *mapping = find(node, &wanted, false);
    if (mapping != NULL) {
        rewrite(packet, ip, 16, &mapping->inside, number, mapping->inside_number);
    }
    return mapping != NULL;
}
