/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swarm_watch: what must hold at each moment of a swarm's life. On the wire: nothing in clear, sequence numbers of an
 * SPI only grow (with counter IVs: no IV twice under a key). In each process: no key of an SA is another's, inbound
 * SPIs are unique, at most one tunnel of a connection is active, few SAs and bounded memory a tunnel.
 */
#include <stdio.h>
#include <string.h>

#include <s2svpn/bgp_session.h>

#include "lib/gateway/objects.h"
#include "lib/ike/v2/state.h"
#include "tests/sim/swarm.h"

static size_t slot_of(uint64_t key, size_t count)
{
    return (size_t)(key * 0x9e3779b97f4a7c15u >> 40) % count;
}

static void sent(struct swarm_node *node, uint32_t spi, uint32_t sequence)
{
    struct swarm *swarm = node->swarm;
    uint64_t key = (uint64_t)(node - swarm->nodes + 1) << 32 | spi;
    size_t at = slot_of(key, SWARM_SPIS);
    if (spi == 0 || swarm->spi_count > SWARM_SPIS / 2)
        return;
    while (swarm->spis[at].key != 0 && swarm->spis[at].key != key)
        at = (at + 1) % SWARM_SPIS;
    if (swarm->spis[at].key == key && sequence <= swarm->spis[at].sequence)
        swarm_wrong(swarm, "node %u: ESP %08x sends number %u after %u", (unsigned)(node - swarm->nodes), spi, sequence,
                    swarm->spis[at].sequence);
    swarm->spi_count += swarm->spis[at].key == 0 ? 1u : 0u;
    swarm->spis[at].key = key;
    swarm->spis[at].sequence = sequence;
}

/* By which edge the networks of two nodes are joined; *end is the sender's. */
static struct swarm_edge *edge_between(struct swarm *swarm, unsigned from, unsigned to, unsigned *end)
{
    for (unsigned i = 0; i < swarm->edge_count; i++) {
        for (*end = 0; *end < 2; (*end)++) {
            if (swarm->edges[i].node[*end] == from && swarm->edges[i].node[!*end] == to)
                return &swarm->edges[i];
        }
    }
    return NULL;
}

static bool any_session(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end)
{
    for (unsigned tunnel = 0; tunnel < edge->tunnels; tunnel++) {
        const s2s_tunnel *object = swarm_tunnel(swarm, edge, end, tunnel);
        struct s2s_bgp_session_state state = {.struct_size = sizeof state};
        if (object != NULL && s2s_tunnel_bgp_session(object) != NULL &&
            s2s_bgp_session_get(s2s_tunnel_bgp_session(object), &state) == 0 && state.state == S2S_BGP_ESTABLISHED)
            return true;
    }
    return false;
}

/*
 * A prefix that only BGP brings is guarded from when it was learned until it leaves while a session stands: the peer does not
 * announce it there, so there is nothing to guard before it is learned again, not even when that session falls later.
 */
static void check_clear(struct swarm_node *node, const uint8_t *data)
{
    struct swarm *swarm = node->swarm;
    unsigned end;
    if (data[12] != 10 || data[16] != 10)
        return;
    struct swarm_edge *edge = edge_between(swarm, data[13], data[17], &end);
    if (edge != NULL && edge->routing == ROUTING_BGP && any_session(swarm, edge, end))
        edge->guarded[end] = 0;
    if (edge == NULL || edge->routing != ROUTING_BGP ||
        edge->guarded[end] == swarm->nodes[data[13]].process)
        swarm_wrong(swarm, "node %u at %.3f: a packet from 10.%u to 10.%u in clear", (unsigned)(node - swarm->nodes),
                    (double)s2s_sim_now(swarm->sim) / 1e9, data[13], data[17]);
}

static void see_frame(void *user, const struct s2s_sim_frame *frame)
{
    struct s2si_ip ip;
    if (frame->direction != S2S_SIM_FORTH || s2si_ip_read(frame->data, frame->length, &ip) != 0)
        return;
    const uint8_t *data = frame->data + ip.header_length;
    check_clear(user, frame->data);
    if (ip.protocol == S2SI_PROTO_UDP && ip.has_ports && ip.source_port == 4500 &&
        ip.total_length >= ip.header_length + 24u)
        data += 8;
    else if (ip.protocol != S2SI_PROTO_ESP)
        return;
    sent(user, s2si_get_u32(data), s2si_get_u32(data + 4));
}

void swarm_watch_link(struct swarm_node *node)
{
    if (s2s_sim_tap(node->outer, see_frame, node) != 0)
        swarm_wrong(node->swarm, "no tap");
}

/* ---- SAs ---- */

static uint64_t digest(const struct s2si_ike_child *child)
{
    uint64_t sum = 0xcbf29ce484222325u;
    for (size_t i = 0; i < child->key_out.length; i++)
        sum = (sum ^ child->key_out.data[i]) * 0x100000001b3u;
    for (size_t i = 0; i < sizeof child->salt_out; i++)
        sum = (sum ^ child->salt_out[i]) * 0x100000001b3u;
    return sum | 1;
}

static void check_key(struct swarm *swarm, const struct s2s_tunnel *tunnel, uint64_t process,
                      const struct s2si_ike_child *child)
{
    uint64_t key = digest(child), owner = process << 40 | child->id;
    size_t at = slot_of(key, SWARM_KEYS);
    if (swarm->key_count > SWARM_KEYS / 2)
        return;
    while (swarm->keys[at].key != 0 && swarm->keys[at].key != key)
        at = (at + 1) % SWARM_KEYS;
    if (swarm->keys[at].key == key && swarm->keys[at].owner != owner)
        swarm_wrong(swarm, "%s: a key that another CHILD_SA had", tunnel->label);
    swarm->key_count += swarm->keys[at].key == 0 ? 1u : 0u;
    swarm->keys[at].key = key;
    swarm->keys[at].owner = owner;
}

struct spis {
    uint32_t seen[1024];
    size_t count;
};

static void check_spi(struct swarm *swarm, const struct s2s_tunnel *tunnel, struct spis *spis, uint32_t spi)
{
    for (size_t i = 0; i < spis->count; i++) {
        if (spis->seen[i] == spi)
            swarm_wrong(swarm, "%s: SPI %08x twice", tunnel->label, spi);
    }
    if (spis->count < S2SI_COUNT(spis->seen))
        spis->seen[spis->count++] = spi;
}

static void check_tunnel(struct swarm *swarm, const struct s2s_tunnel *tunnel, uint64_t process, struct spis *spis)
{
    const struct s2si_ike_child *child = NULL;
    struct s2si_list *at;
    size_t up = 0;
    if (tunnel->peer == NULL)
        return;
    S2SI_LIST_EACH(at, &tunnel->peer->sas)
    up += S2SI_CONTAINER(at, struct s2si_ike_sa, peer_node)->state == ST_UP ? 1u : 0u;
    if (up > 3)
        swarm_wrong(swarm, "%s has %zu IKE_SAs", tunnel->label, up);
    if (s2si_list_count(&tunnel->peer->children) > 8)
        swarm_wrong(swarm, "%s has %zu CHILD_SAs", tunnel->label, s2si_list_count(&tunnel->peer->children));
    while ((child = s2si_ike_child_next(tunnel->peer, child)) != NULL) {
        if (child->want_in)
            check_spi(swarm, tunnel, spis, child->spi_in);
        if (child->want_out)
            check_key(swarm, tunnel, process, child);
    }
}

static void check_connection(struct swarm *swarm, s2s_connection *connection, uint64_t process, struct spis *spis)
{
    unsigned active = 0;
    for (size_t i = 1; i <= s2s_connection_tunnels(connection); i++) {
        struct s2s_tunnel_state look = {.struct_size = sizeof look};
        s2s_tunnel *tunnel = s2s_connection_tunnel(connection, i);
        check_tunnel(swarm, tunnel, process, spis);
        if (s2s_tunnel_get(tunnel, &look) == 0)
            active += look.active ? 1u : 0u;
    }
    if (active > 1)
        swarm_wrong(swarm, "%s has %u active tunnels", s2s_connection_tunnel(connection, 1)->label, active);
}

static void check_node(struct swarm *swarm, const struct swarm_node *node)
{
    unsigned number = (unsigned)(node - swarm->nodes);
    struct spis spis = {.count = 0};
    s2s_connection *connection = NULL;
    if (s2s_sim_watched(node->outer) != 0)
        swarm_wrong(swarm, "node %u: %u packets of the inside networks in clear", number,
                    (unsigned)s2s_sim_watched(node->outer));
    if (node->most_bytes > 700000 + node->tunnels * 60000)
        swarm_wrong(swarm, "node %u: %zu bytes for %u tunnels", number, node->most_bytes, node->tunnels);
    while (node->engine != NULL && (connection = s2s_connection_next(node->object, connection)) != NULL)
        check_connection(swarm, connection, node->process, &spis);
}

static void look_at_ways(struct swarm *swarm, struct swarm_edge *edge)
{
    char source[24], destination[24];
    for (unsigned end = 0; end < 2 && edge->routing == ROUTING_BGP; end++) {
        const struct swarm_node *node = &swarm->nodes[edge->node[end]];
        (void)snprintf(source, sizeof source, "10.%u.0.2", edge->node[end]);
        (void)snprintf(destination, sizeof destination, "10.%u.0.2", edge->node[!end]);
        if (node->engine == NULL || !any_session(swarm, edge, end))
            continue;
        enum s2s_sim_way way = s2s_sim_way(node->gateway, source, destination);
        if (way == S2S_SIM_WAY_DEVICE)
            edge->guarded[end] = node->process;
        else if (way == S2S_SIM_WAY_LINK)
            edge->guarded[end] = 0;
    }
}

void swarm_check(struct swarm *swarm)
{
    for (unsigned i = 0; i < swarm->edge_count; i++)
        look_at_ways(swarm, &swarm->edges[i]);
    for (unsigned i = 0; i < swarm->node_count; i++)
        check_node(swarm, &swarm->nodes[i]);
}
