/* SPDX-License-Identifier: Apache-2.0 */
/* sim_rule: a node's rules of what is lost in silence, like drop rules of a packet filter. */
#include "lib/backend/sim.h"

#include <string.h>

struct rule {
    struct s2si_list node;
    uint32_t id;
    const s2s_sim_link *in, *out;
    struct s2s_prefix source, destination; /* family 0 = any */
    uint8_t protocol;
    uint16_t port;
    uint32_t skip, limit;
    uint64_t matched, hits;
};

static int read_prefix(const char *text, struct s2s_prefix *out)
{
    memset(out, 0, sizeof *out);
    return text == NULL ? 0 : s2s_prefix_parse(text, out);
}

int s2s_sim_rule_add(s2s_sim_node *node, const struct s2s_sim_rule *given, uint32_t *id)
{
    struct s2s_sim_rule wanted = {0};
    struct rule rule = {0};
    if (given == NULL || given->struct_size < sizeof given->struct_size) {
        return S2S_ERR_INVALID;
    }
    memcpy(&wanted, given, given->struct_size < sizeof wanted ? given->struct_size : sizeof wanted);
    if (read_prefix(wanted.source, &rule.source) != 0 || read_prefix(wanted.destination, &rule.destination) != 0) {
        return S2S_ERR_INVALID;
    }
    struct rule *made = s2si_alloc(&node->sim->mem, sizeof *made);
    if (made == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    rule.id = ++node->next_rule;
    rule.in = wanted.in;
    rule.out = wanted.out;
    rule.protocol = wanted.protocol;
    rule.port = wanted.port;
    rule.skip = wanted.skip;
    rule.limit = wanted.limit;
    *made = rule;
    s2si_list_append(&node->rules, &made->node);
    if (id != NULL) {
        *id = made->id;
    }
    return 0;
}

static struct rule *find(const s2s_sim_node *node, uint32_t id)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &node->rules) {
        struct rule *rule = S2SI_CONTAINER(at, struct rule, node);
        if (rule->id == id) {
            return rule;
        }
    }
    return NULL;
}

int s2s_sim_rule_remove(s2s_sim_node *node, uint32_t id)
{
    struct rule *rule = find(node, id);
    if (rule == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    s2si_list_remove(&rule->node);
    s2si_free(&node->sim->mem, rule, sizeof *rule);
    return 0;
}

uint64_t s2s_sim_rule_hits(const s2s_sim_node *node, uint32_t id)
{
    const struct rule *rule = find(node, id);
    return rule == NULL ? 0 : rule->hits;
}

static bool has_port(const struct s2si_ip *ip, uint16_t port)
{
    bool ports = ip->has_ports && (ip->protocol == S2SI_PROTO_UDP || ip->protocol == S2SI_PROTO_TCP);
    return ports && (ip->source_port == port || ip->destination_port == port);
}

static bool matches(const struct rule *rule, const struct s2si_ip *ip, const s2s_sim_link *in, const s2s_sim_link *out)
{
    return (rule->in == NULL || rule->in == in) && (rule->out == NULL || rule->out == out) &&
           (rule->source.addr.family == 0 || s2si_prefix_has(&rule->source, &ip->source)) &&
           (rule->destination.addr.family == 0 || s2si_prefix_has(&rule->destination, &ip->destination)) &&
           (rule->protocol == 0 || rule->protocol == ip->protocol) && (rule->port == 0 || has_port(ip, rule->port));
}

bool s2si_sim_ruled_out(s2s_sim_node *node, const struct s2si_ip *ip, const s2s_sim_link *in, const s2s_sim_link *out)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &node->rules) {
        struct rule *rule = S2SI_CONTAINER(at, struct rule, node);
        if (matches(rule, ip, in, out) && rule->matched++ >= rule->skip && (rule->limit == 0 || rule->hits < rule->limit)) {
            rule->hits++;
            node->stats.ruled_out++;
            return true;
        }
    }
    return false;
}

void s2si_sim_rules_free(s2s_sim_node *node)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &node->rules) {
        struct rule *rule = S2SI_CONTAINER(at, struct rule, node);
        s2si_list_remove(&rule->node);
        s2si_free(&node->sim->mem, rule, sizeof *rule);
    }
}
