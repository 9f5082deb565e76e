/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routes and rules. The picture of the rules, and what they are for, stands in s2svpn/kernel_tun.h. Why so:
 *
 *   - In the main table a VPN default route would have to be better than the host's own one, and the fail-closed route too; then
 *     nothing would be left for outer packets. So VPN routes have tables of their own and rules decide who may look there.
 *   - SO_MARK on the outer sockets exempts exactly our packets: not other programs that talk to the same peer, and it needs no
 *     host routes that follow the uplink around. "goto" instead of "lookup main", so that rules of the administrator (several
 *     uplinks, each with a table) still apply, and an outer packet without any route is refused instead of falling into the VPN.
 *   - A packet that arrives has no mark, and with rp_filter the kernel looks up its source as if it were a destination. Without
 *     the rules by local address and port a fail-closed route over the peer's address would shut the peer out for good. The kernel
 *     does that lookup with our address as source and our port as source port (__fib_validate_source).
 *   - Prefixes of length 0 are in a table behind "main without its default": a VPN default route must not cut the host off its
 *     own networks. All longer VPN prefixes come before main: a route that a DHCP server or a route daemon puts there cannot draw
 *     protected traffic out of the VPN. Networks behind the gateway are S2S_ROUTE_LOCAL ("throw") in the same table.
 *   - A policy route's source is not the kernel's business: the engine looks at source and destination of what enters the TUN.
 */
#include "lib/backend/tun.h"
#include "lib/base/address.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdio.h>

enum { RULE_OUTER = 0, RULE_TABLE = 1, RULE_MAIN = 2, RULE_DEFAULT = 3, RULE_END = 9 };

/* A pair of tables of a gateway: `table` for prefixes, `table` + 1 for default routes. */
struct route_table {
    struct s2si_list node;
    uint32_t table;
    uint32_t gateway; /* hash of the name */
    bool rules[2];    /* IPv4, IPv6 */
};

static uint32_t name_hash(const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (; name != NULL && *name != '\0'; name++) {
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    }
    return hash;
}

uint32_t s2s_tun_default_table(const char *gateway)
{
    return 21000u + 2u * (name_hash(gateway) % 4000u);
}

/* ---- rules ---- */

static int refuse_rule(s2s_tun_kernel *kernel, const struct s2si_kernel_rule *rule)
{
    return s2si_tun_refuse(kernel, "IPv%d routing rule %u: %s", rule->family, rule->priority, s2si_netlink_text(&kernel->netlink));
}

static int add_rule(s2s_tun_kernel *kernel, int family, uint32_t place, struct s2si_kernel_rule rule)
{
    rule.family = family;
    rule.priority = kernel->params.rule_priority + place;
    return s2si_rule_add(&kernel->netlink, &rule) == 0 ? 0 : refuse_rule(kernel, &rule);
}

/* The target first: a goto without it does nothing. */
static int base_rules(s2s_tun_kernel *kernel, int family)
{
    bool *there = &kernel->base_rules[family == 6];
    if (*there) {
        return 0;
    }
    uint32_t end = kernel->params.rule_priority + RULE_END;
    int error = add_rule(kernel, family, RULE_END, (struct s2si_kernel_rule){.table = 0});
    if (error == 0) {
        error = add_rule(kernel, family, RULE_OUTER, (struct s2si_kernel_rule){.mark = kernel->params.mark, .jump = end});
    }
    *there = error == 0;
    return error;
}

static int table_rules(s2s_tun_kernel *kernel, int family, struct route_table *table)
{
    bool *there = &table->rules[family == 6];
    if (*there) {
        return 0;
    }
    int error = base_rules(kernel, family);
    if (error == 0) {
        error = add_rule(kernel, family, RULE_DEFAULT, (struct s2si_kernel_rule){.table = table->table + 1});
    }
    if (error == 0) {
        error = add_rule(kernel, family, RULE_MAIN, (struct s2si_kernel_rule){.table = RT_TABLE_MAIN, .without_default = true});
    }
    if (error == 0) {
        error = add_rule(kernel, family, RULE_TABLE, (struct s2si_kernel_rule){.table = table->table});
    }
    *there = error == 0;
    return error;
}

/* The rules by which arriving outer packets pass the reverse-path check. IPv6 has no such check in its routing. */
static size_t binding_rules(const s2s_tun_kernel *kernel, const struct s2si_tun_binding *binding, struct s2si_kernel_rule rules[3])
{
    size_t count = 0;
    if (binding->addr.family == 6) {
        return 0;
    }
    for (size_t i = 0; i < S2SI_SOCKETS; i++) {
        if (binding->sockets[i].fd < 0) {
            continue;
        }
        rules[count++] = (struct s2si_kernel_rule){
            .family = 4,
            .priority = kernel->params.rule_priority + RULE_OUTER,
            .source = binding->any ? (struct s2s_addr){.family = 0} : binding->addr,
            .protocol = i == S2SI_RAW_ESP ? IPPROTO_ESP : IPPROTO_UDP,
            .source_port = binding->sockets[i].port,
            .jump = kernel->params.rule_priority + RULE_END,
        };
    }
    return count;
}

int s2si_tun_rules_bind(s2s_tun_kernel *kernel, const struct s2si_tun_binding *binding)
{
    struct s2si_kernel_rule rules[S2SI_SOCKETS];
    size_t count = binding_rules(kernel, binding, rules);
    int error = base_rules(kernel, binding->addr.family == 6 ? 6 : 4);
    for (size_t i = 0; i < count && error == 0; i++) {
        if (s2si_rule_add(&kernel->netlink, &rules[i]) != 0) {
            /* Kernels before 4.17 cannot: with rp_filter off nothing is missing. */
            s2si_log(&kernel->log, S2S_LOG_WARNING, "tun", "", "rule for arriving outer packets: %s",
                     s2si_netlink_text(&kernel->netlink));
        }
    }
    return error;
}

void s2si_tun_rules_unbind(s2s_tun_kernel *kernel, const struct s2si_tun_binding *binding)
{
    struct s2si_kernel_rule rules[S2SI_SOCKETS];
    size_t count = binding_rules(kernel, binding, rules);
    for (size_t i = 0; i < count; i++) {
        (void)s2si_rule_delete(&kernel->netlink, &rules[i]);
    }
}

/* ---- tables ---- */

static struct route_table *find_table(s2s_tun_kernel *kernel, uint32_t gateway, uint32_t number)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &kernel->route_tables)
    {
        struct route_table *table = S2SI_CONTAINER(node, struct route_table, node);
        if (table->gateway == gateway && table->table == number) {
            return table;
        }
    }
    return NULL;
}

static uint32_t table_number(const char *gateway, uint32_t given)
{
    return given != 0 ? given : s2s_tun_default_table(gateway);
}

static struct route_table *make_table(s2s_tun_kernel *kernel, const char *gateway, uint32_t number)
{
    struct route_table *table = find_table(kernel, name_hash(gateway), number);
    if (table == NULL && (table = s2si_alloc(&kernel->mem, sizeof *table)) != NULL) {
        table->table = number;
        table->gateway = name_hash(gateway);
        s2si_list_append(&kernel->route_tables, &table->node);
    }
    return table;
}

static bool one_of_pair(uint32_t first, uint32_t found, bool *second)
{
    *second = found == first + 1;
    return first != 0 && (found == first || *second);
}

bool s2si_tun_table_of(s2s_tun_kernel *kernel, const char *gateway, uint32_t given, uint32_t found, uint32_t *number, bool *second)
{
    uint32_t standard = s2s_tun_default_table(gateway);
    *number = given;
    if (one_of_pair(given, found, second)) {
        return true;
    }
    *number = 0;
    if (one_of_pair(standard, found, second)) {
        return true;
    }
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &kernel->route_tables)
    {
        struct route_table *table = S2SI_CONTAINER(node, struct route_table, node);
        if (table->gateway == name_hash(gateway) && one_of_pair(table->table, found, second)) {
            *number = table->table;
            return true;
        }
    }
    return false;
}

/* ---- routes ---- */

static int refuse_route(s2s_tun_kernel *kernel, const struct s2si_kernel_route *route, const char *device, const char *why)
{
    char prefix[S2S_ADDR_TEXT], source[S2S_ADDR_TEXT] = "";
    static const char *const kinds[] = {"", "unreachable ", "throw "};
    if (route->preferred_source.family != 0) {
        s2s_addr_format(&route->preferred_source, source);
    }
    return s2si_tun_refuse(kernel, "route %s%s%s%s%s%s, table %u: %s", kinds[route->kind], s2s_prefix_format(&route->prefix, prefix),
                           route->device != 0 ? " dev " : "", route->device != 0 ? device : "", source[0] != '\0' ? " src " : "",
                           source, route->table, why);
}

/* @return 0, or why the action cannot be carried out. */
static int translate(s2s_tun_kernel *kernel, const struct s2s_action *action, struct s2si_kernel_route *route)
{
    const struct s2s_action_route *wanted = &action->route;
    uint32_t number = table_number(action->gateway, wanted->table);
    *route = (struct s2si_kernel_route){
        .prefix = wanted->prefix,
        .preferred_source = wanted->preferred_source,
        .kind = wanted->kind,
        .table = wanted->prefix.length == 0 ? number + 1 : number,
        .metric = wanted->metric,
    };
    if ((number >= RT_TABLE_DEFAULT - 1 && number <= RT_TABLE_LOCAL) || (unsigned)wanted->kind > S2S_ROUTE_LOCAL) {
        return refuse_route(kernel, route, "", "VPN routes need a table of their own, or outer packets could enter the tunnel");
    }
    if (wanted->kind == S2S_ROUTE_TUNNEL) {
        const struct s2si_tun_device *device = s2si_tun_device_find(kernel, action->device);
        if (device == NULL) {
            return refuse_route(kernel, route, "", "its device is not there");
        }
        route->device = device->index;
    }
    return 0;
}

/* A network behind the gateway is kept out of the VPN default route's table too: it may itself be reached by the host's own
 * default route (a gateway with one leg). */
static int copies(const struct s2si_kernel_route *route)
{
    return route->kind == S2S_ROUTE_LOCAL && route->prefix.length > 0 ? 2 : 1;
}

int s2si_tun_route_add(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    struct s2si_kernel_route route;
    int error = translate(kernel, action, &route);
    if (error != 0) {
        return error;
    }
    struct route_table *table = make_table(kernel, action->gateway, table_number(action->gateway, action->route.table));
    if (table == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    error = table_rules(kernel, route.prefix.addr.family == 6 ? 6 : 4, table);
    for (int copy = 0; copy < copies(&route) && error == 0; copy++, route.table++) {
        if (s2si_route_add(&kernel->netlink, &route) != 0) {
            error = refuse_route(kernel, &route, action->device, s2si_netlink_text(&kernel->netlink));
        }
    }
    return error;
}

int s2si_tun_route_delete(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    struct s2si_kernel_route route;
    if (action->route.kind == S2S_ROUTE_TUNNEL && s2si_tun_device_find(kernel, action->device) == NULL) {
        return S2S_ERR_NOT_FOUND; /* it went with its device */
    }
    int result = translate(kernel, action, &route);
    for (int copy = 0; copy < copies(&route) && result == 0; copy++, route.table++) {
        int error = s2si_route_delete(&kernel->netlink, &route);
        if (error == ESRCH || error == ENOENT) {
            result = S2S_ERR_NOT_FOUND;
        } else if (error != 0) {
            result = refuse_route(kernel, &route, action->device, s2si_netlink_text(&kernel->netlink));
        }
    }
    return result;
}

/* ---- the end ---- */

struct sweep {
    s2s_tun_kernel *kernel;
    const struct route_table *table;
    size_t routes; /* in the table's pair */
    size_t lookups; /* rules of ours that still lead to tables of ours */
};

static int count_route(const struct nlmsghdr *message, void *user)
{
    struct sweep *sweep = user;
    struct s2si_kernel_route route;
    sweep->routes += s2si_route_read(message, &route) && (route.table == sweep->table->table || route.table == sweep->table->table + 1);
    return MNL_CB_OK;
}

static bool in_our_range(const s2s_tun_kernel *kernel, const struct s2si_kernel_rule *rule)
{
    return rule->priority >= kernel->params.rule_priority && rule->priority <= kernel->params.rule_priority + RULE_END;
}

static int count_lookup(const struct nlmsghdr *message, void *user)
{
    struct sweep *sweep = user;
    struct s2si_kernel_rule rule;
    sweep->lookups += s2si_rule_read(message, &rule) && in_our_range(sweep->kernel, &rule) && rule.table != 0 &&
                      rule.table != RT_TABLE_MAIN;
    return MNL_CB_OK;
}

enum { MOST_RULES = 64 };
struct rule_list {
    s2s_tun_kernel *kernel;
    struct s2si_kernel_rule rules[MOST_RULES];
    size_t count;
};

static int collect_rule(const struct nlmsghdr *message, void *user)
{
    struct rule_list *list = user;
    struct s2si_kernel_rule rule;
    if (list->count < MOST_RULES && s2si_rule_read(message, &rule) && in_our_range(list->kernel, &rule)) {
        list->rules[list->count++] = rule;
    }
    return MNL_CB_OK;
}

/* Nothing of any gateway is left: whatever rule of ours is there leads nowhere. */
static void remove_all_rules(s2s_tun_kernel *kernel, int family)
{
    struct rule_list list = {.kernel = kernel};
    s2si_rule_dump_message(&kernel->netlink, family);
    (void)s2si_netlink_dump(&kernel->netlink, collect_rule, &list);
    for (size_t i = 0; i < list.count; i++) {
        (void)s2si_rule_delete(&kernel->netlink, &list.rules[i]);
    }
}

static void remove_lookups(s2s_tun_kernel *kernel, int family, const struct route_table *table)
{
    struct sweep sweep = {.kernel = kernel, .table = table};
    s2si_route_dump_message(&kernel->netlink, family);
    if (s2si_netlink_dump(&kernel->netlink, count_route, &sweep) != 0 || sweep.routes > 0) {
        return; /* what fails closed stays, with the rules that lead there */
    }
    for (uint32_t i = 0; i < 2; i++) {
        struct s2si_kernel_rule rule = {.family = family,
                                        .priority = kernel->params.rule_priority + (i == 0 ? RULE_TABLE : RULE_DEFAULT),
                                        .table = table->table + i};
        (void)s2si_rule_delete(&kernel->netlink, &rule);
    }
}

void s2si_tun_rules_stop(s2s_tun_kernel *kernel)
{
    struct s2si_list *node, *after;
    for (int family = 4; family <= 6; family += 2) {
        S2SI_LIST_EACH(node, &kernel->route_tables)
        {
            remove_lookups(kernel, family, S2SI_CONTAINER(node, struct route_table, node));
        }
        struct sweep sweep = {.kernel = kernel};
        s2si_rule_dump_message(&kernel->netlink, family);
        if (s2si_netlink_dump(&kernel->netlink, count_lookup, &sweep) == 0 && sweep.lookups == 0) {
            remove_all_rules(kernel, family);
        }
        kernel->base_rules[family == 6] = false;
    }
    S2SI_LIST_EACH_SAFE(node, after, &kernel->route_tables)
    {
        struct route_table *table = S2SI_CONTAINER(node, struct route_table, node);
        s2si_list_remove(node);
        s2si_free(&kernel->mem, table, sizeof *table);
    }
}
