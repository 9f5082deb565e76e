/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swarm_text: the configuration of a swarm's node. An AWS connection has one customer gateway and two addresses of its
 * own, so that Alibaba's two tunnels end at two AWS connections, as in Alibaba's guide; every other pair has one
 * connection a side.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/gateway/objects.h"
#include "tests/sim/swarm.h"

static const char *const profiles[] = {"generic", "alibaba", "aws"};

struct text {
    const struct swarm *swarm;
    char *out;
    size_t size, length;
};

static void say(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->out + text->length, text->size - text->length, format, arguments);
    va_end(arguments);
    text->length += length > 0 ? (size_t)length : 0;
    if (text->length >= text->size)
        text->length = text->size - 1;
}

/* ---- names, addresses, numbers ---- */

static enum swarm_kind kind_at(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end)
{
    return swarm->nodes[edge->node[end]].kind;
}

/* Whether each tunnel of this edge is a connection of its own at this end. */
static bool apart(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end)
{
    return kind_at(swarm, edge, end) == KIND_AWS && kind_at(swarm, edge, !end) == KIND_ALIBABA;
}

unsigned swarm_addresses(const struct swarm_node *node)
{
    return node->kind == KIND_AWS && node->slots > 1 ? 2 * node->slots : 2;
}

static unsigned address_number(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end, unsigned tunnel)
{
    const struct swarm_node *node = &swarm->nodes[edge->node[end]];
    if (node->kind == KIND_AWS)
        return 2 * edge->slot[end] + 1 + (apart(swarm, edge, end) ? 2 * tunnel : tunnel);
    if (node->nat != NULL || (node->kind == KIND_GENERIC && kind_at(swarm, edge, !end) == KIND_AWS))
        return 1;
    return tunnel + 1;
}

void swarm_outside(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end, unsigned tunnel, char *out,
                   size_t size)
{
    (void)snprintf(out, size, "20.%u.0.%u", edge->node[end], address_number(swarm, edge, end, tunnel));
}

static unsigned asn_of(const struct swarm *swarm, unsigned node)
{
    static const unsigned first[] = {65000, 65100, 64600};
    return first[swarm->nodes[node].kind] + node;
}

static void connection_name(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end, unsigned tunnel,
                            char *out, size_t size)
{
    if (apart(swarm, edge, end))
        (void)snprintf(out, size, "e%u-%u-%u", edge->node[0], edge->node[1], tunnel + 1);
    else
        (void)snprintf(out, size, "e%u-%u", edge->node[0], edge->node[1]);
}

s2s_tunnel *swarm_tunnel(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end, unsigned tunnel)
{
    const struct swarm_node *node = &swarm->nodes[edge->node[end]];
    char name[32];
    connection_name(swarm, edge, end, tunnel, name, sizeof name);
    s2s_connection *connection = node->engine != NULL ? s2s_connection_find(node->object, name) : NULL;
    return connection == NULL ? NULL : s2s_connection_tunnel(connection, apart(swarm, edge, end) ? 1 : tunnel + 1);
}

/* ---- the far side ---- */

/* Two tunnels to one address share its customer gateway. */
static unsigned far_number(const struct swarm *swarm, const struct swarm_edge *edge, unsigned end, unsigned tunnel)
{
    return address_number(swarm, edge, !end, tunnel) == address_number(swarm, edge, !end, 0) ? 1 : tunnel + 1;
}

static void customer_gateways(struct text *text, const struct swarm_edge *edge, unsigned end)
{
    char address[24];
    for (unsigned tunnel = 0; tunnel < edge->tunnels; tunnel++) {
        if (tunnel != 0 && far_number(text->swarm, edge, end, tunnel) == 1)
            return;
        swarm_outside(text->swarm, edge, !end, tunnel, address, sizeof address);
        say(text, "%s{'name': 'f%u-%u-%u', 'profile': '%s', 'ip_address': '%s', 'asn': %u}",
            text->out[text->length - 1] == '}' ? ", " : "", edge->node[0], edge->node[1], tunnel + 1,
            profiles[kind_at(text->swarm, edge, !end)], address, asn_of(text->swarm, edge->node[!end]));
    }
}

/* ---- tunnels ---- */

static void lifetimes(struct text *text, const struct swarm_settings *settings, enum swarm_kind kind)
{
    static const char *const startups[] = {"add", "trap", "start"};
    say(text, "'startup_action': '%s', 'ike': {'lifetime': %u}, ", startups[settings->startup], settings->ike_lifetime);
    if (kind != KIND_GENERIC) {
        say(text, "'ipsec': {'lifetime': %u}", settings->ipsec_lifetime);
        return;
    }
    say(text, "'ipsec': {'lifetime': %u, 'esn': %s, 'replay_window': %u}, 'dpd': {'action': '%s'}",
        settings->ipsec_lifetime, settings->esn ? "true" : "false", settings->replay_window,
        settings->restart ? "restart" : "clear");
    if (settings->probe)
        say(text, ", 'probe': {'enable': true, 'interval_ms': 1000, 'retry': 3}");
}

/* Between two generic ends nobody gives the inside addresses and nobody's policy holds (RFC 8212). */
static void inside(struct text *text, const struct swarm_edge *edge, unsigned end, unsigned tunnel)
{
    unsigned number = (unsigned)(edge - text->swarm->edges) + 10;
    if (edge->routing == ROUTING_POLICY)
        return;
    say(text, ", 'bgp': {'tunnel_cidr': '169.254.%u.%u/30'", number, 4 * tunnel);
    if (kind_at(text->swarm, edge, 0) == KIND_GENERIC && kind_at(text->swarm, edge, 1) == KIND_GENERIC)
        say(text,
            ", 'local_ip': '169.254.%u.%u', 'peer_ip': '169.254.%u.%u', 'import': {'prefix': '10.%u.0.0/24'}, "
            "'export': {'prefix': '10.%u.0.0/24'}",
            number, 4 * tunnel + 1 + end, number, 4 * tunnel + 2 - end, edge->node[!end], edge->node[end]);
    say(text, "}");
}

static void one_tunnel(struct text *text, const struct swarm_edge *edge, unsigned end, unsigned tunnel)
{
    const struct swarm_node *node = &text->swarm->nodes[edge->node[end]];
    say(text, "{'psk': 'psk.of.%u.%u.%u', ", edge->node[0], edge->node[1], tunnel + 1);
    if (node->kind != KIND_AWS)
        say(text, "'customer_gateway': 'f%u-%u-%u', ", edge->node[0], edge->node[1],
            far_number(text->swarm, edge, end, tunnel));
    if (node->nat != NULL)
        say(text, "'local_address': '192.168.%u.1', ", edge->node[end]);
    else if (node->kind == KIND_GENERIC)
        say(text, "'local_address': '20.%u.0.%u', ", edge->node[end], address_number(text->swarm, edge, end, tunnel));
    lifetimes(text, &edge->settings[end], node->kind);
    inside(text, edge, end, tunnel);
    say(text, "}");
}

/* ---- connections ---- */

static void connection_head(struct text *text, const struct swarm_edge *edge, unsigned end, unsigned tunnel)
{
    char name[32];
    connection_name(text->swarm, edge, end, tunnel, name, sizeof name);
    say(text, "%s{'name': '%s', 'enable_bgp': %s, ", text->out[text->length - 1] == '}' ? ", " : "", name,
        edge->routing == ROUTING_BGP ? "true" : "false");
    if (kind_at(text->swarm, edge, end) == KIND_ALIBABA)
        say(text, "'local_asn': %u, ", asn_of(text->swarm, edge->node[end]));
    if (kind_at(text->swarm, edge, end) == KIND_AWS)
        say(text, "'customer_gateway': 'f%u-%u-%u', ", edge->node[0], edge->node[1],
            far_number(text->swarm, edge, end, tunnel));
    else
        say(text, "'route_mode': '%s', ", edge->routing == ROUTING_POLICY ? "policy" : "destination");
    if (edge->routing == ROUTING_POLICY)
        say(text, "'local_subnets': '10.%u.0.0/24', 'remote_subnets': '10.%u.0.0/24', ", edge->node[end],
            edge->node[!end]);
    say(text, "'tunnels': [");
}

/* AWS always has two tunnels; of those toward Alibaba the second is not used. */
static void connection_apart(struct text *text, const struct swarm_edge *edge, unsigned end, unsigned tunnel)
{
    connection_head(text, edge, end, tunnel);
    one_tunnel(text, edge, end, tunnel);
    say(text, ", {'psk': 'not.used', 'startup_action': 'add', 'bgp': {'tunnel_cidr': '169.254.%u.%u/30'}}]}",
        (unsigned)(edge - text->swarm->edges) + 10, 128 + 4 * tunnel);
}

static void connections(struct text *text, const struct swarm_edge *edge, unsigned end)
{
    if (apart(text->swarm, edge, end)) {
        connection_apart(text, edge, end, 0);
        connection_apart(text, edge, end, 1);
        return;
    }
    connection_head(text, edge, end, 0);
    for (unsigned tunnel = 0; tunnel < edge->tunnels; tunnel++) {
        say(text, tunnel != 0 ? ", " : "");
        one_tunnel(text, edge, end, tunnel);
    }
    say(text, "]}");
}

static void routes(struct text *text, const struct swarm_edge *edge, unsigned end)
{
    enum swarm_kind kind = kind_at(text->swarm, edge, end);
    char name[32];
    if (edge->routing == ROUTING_POLICY && kind == KIND_ALIBABA)
        say(text,
            "%s{'type': 'policy', 'source': '10.%u.0.0/24', 'destination': '10.%u.0.0/24', 'connection': 'e%u-%u', "
            "'publish': true}",
            text->out[text->length - 1] == '}' ? ", " : "", edge->node[end], edge->node[!end], edge->node[0],
            edge->node[1]);
    if (edge->routing != ROUTING_STATIC)
        return;
    for (unsigned tunnel = 0; tunnel < (apart(text->swarm, edge, end) ? 2u : 1u); tunnel++) {
        connection_name(text->swarm, edge, end, tunnel, name, sizeof name);
        say(text, "%s{'type': '%s', 'destination': '10.%u.0.0/24', 'connection': '%s'%s}",
            text->out[text->length - 1] == '}' ? ", " : "", kind == KIND_ALIBABA ? "destination" : "static",
            edge->node[!end], name, kind == KIND_ALIBABA ? ", 'publish': true" : "");
    }
}

/* ---- a node ---- */

static void gateway(struct text *text, unsigned number)
{
    const struct swarm_node *node = &text->swarm->nodes[number];
    say(text, "{'gateway': {'name': 'g%u', 'profile': '%s', 'addresses': [", number, profiles[node->kind]);
    for (unsigned k = 1; k <= (node->nat != NULL ? 1 : swarm_addresses(node)); k++)
        say(text, "%s'20.%u.0.%u'", k > 1 ? ", " : "", number, k);
    say(text, "], 'vpc': {'cidr': '10.%u.0.0/24'%s}", number,
        node->kind == KIND_AWS ? ", 'route_tables': [{'name': 'rtb', 'propagate': true}]" : "");
    if (node->kind == KIND_ALIBABA)
        say(text, ", 'auto_propagate': true");
    else
        say(text, ", 'asn': %u", asn_of(text->swarm, number));
    say(text, "}");
}

static void each_edge(struct text *text, unsigned number, const char *key,
                      void (*write)(struct text *text, const struct swarm_edge *edge, unsigned end))
{
    say(text, ", '%s': [", key);
    for (unsigned i = 0; i < text->swarm->edge_count; i++)
        for (unsigned end = 0; end < 2; end++)
            if (text->swarm->edges[i].node[end] == number)
                write(text, &text->swarm->edges[i], end);
    say(text, "]");
}

void swarm_text(const struct swarm *swarm, unsigned number, char *out, size_t size)
{
    struct text text = {swarm, out, size, 0};
    gateway(&text, number);
    each_edge(&text, number, "customer_gateways", customer_gateways);
    each_edge(&text, number, "connections", connections);
    each_edge(&text, number, "routes", routes);
    say(&text, "}");
}
