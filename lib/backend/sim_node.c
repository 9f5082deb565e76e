/* SPDX-License-Identifier: Apache-2.0 */
/* sim_node: making nodes, their addresses and their own routes. */
#include "lib/backend/sim.h"

#include <string.h>

void s2si_sim_name(char out[S2SI_SIM_NAME], const char *name)
{
    size_t length = name == NULL ? 0 : strlen(name);
    length = length < S2SI_SIM_NAME ? length : S2SI_SIM_NAME - 1;
    if (length > 0) {
        memcpy(out, name, length);
    }
    memset(out + length, 0, S2SI_SIM_NAME - length);
}

static int node_new(s2s_sim *sim, const char *name, bool forwards, s2s_sim_node **out)
{
    if (sim == NULL || name == NULL || out == NULL) {
        return S2S_ERR_INVALID;
    }
    *out = NULL;
    s2s_sim_node *node = s2si_alloc(&sim->mem, sizeof *node);
    if (node == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    node->sim = sim;
    s2si_sim_name(node->name, name);
    node->forwards = forwards;
    node->answer_too_big = true;
    s2si_list_init(&node->addresses);
    s2si_list_init(&node->rules);
    s2si_sim_routes_init(&node->routes, sim);
    s2si_list_append(&sim->nodes, &node->node);
    *out = node;
    return 0;
}

int s2s_sim_host_new(s2s_sim *sim, const char *name, s2s_sim_node **node)
{
    return node_new(sim, name, false, node);
}

int s2s_sim_router_new(s2s_sim *sim, const char *name, s2s_sim_node **node)
{
    return node_new(sim, name, true, node);
}

int s2s_sim_gateway_new(s2s_sim *sim, const char *name, const struct s2s_sim_gateway_params *params, s2s_sim_node **out)
{
    int error = node_new(sim, name, true, out);
    if (error != 0) {
        return error;
    }
    error = s2si_sim_kernel_new(*out, params);
    if (error != 0) {
        s2si_sim_node_free(*out);
        *out = NULL;
    }
    return error;
}

void s2si_sim_node_free(s2s_sim_node *node)
{
    struct s2si_list *at, *after;
    s2si_sim_kernel_free(node);
    s2si_sim_nat_free(node);
    s2si_sim_rules_free(node);
    S2SI_LIST_EACH_SAFE(at, after, &node->addresses) {
        s2si_sim_address_drop(node, S2SI_CONTAINER(at, struct s2si_sim_address, node));
    }
    s2si_sim_routes_clear(&node->routes);
    s2si_list_remove(&node->node);
    s2si_free(&node->sim->mem, node, sizeof *node);
}

const char *s2s_sim_node_name(const s2s_sim_node *node)
{
    return node->name;
}

void s2s_sim_node_too_big(s2s_sim_node *node, bool answer)
{
    node->answer_too_big = answer;
}

/* ---- addresses ---- */

int s2si_sim_parse(const char *text, struct s2s_addr *addr, uint8_t *length)
{
    char host[S2S_ADDR_TEXT];
    const char *slash = text == NULL ? NULL : strchr(text, '/');
    size_t end = text == NULL ? 0 : slash == NULL ? strlen(text) : (size_t)(slash - text);
    if (end == 0 || end >= sizeof host) {
        return S2S_ERR_INVALID;
    }
    memcpy(host, text, end);
    host[end] = 0;
    if (s2s_addr_parse(host, addr) != 0) {
        return S2S_ERR_INVALID;
    }
    unsigned most = addr->family == 4 ? 32 : 128, value = slash == NULL ? most : 0;
    for (const char *digit = slash == NULL ? "" : slash + 1; *digit != 0; digit++) {
        if (*digit < '0' || *digit > '9' || value > most) {
            return S2S_ERR_INVALID;
        }
        value = value * 10 + (unsigned)(*digit - '0');
    }
    if (value > most || (slash != NULL && slash[1] == 0)) {
        return S2S_ERR_INVALID;
    }
    *length = (uint8_t)value;
    return 0;
}

struct s2si_sim_address *s2si_sim_address_find(const s2s_sim_node *node, const struct s2s_addr *addr)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &node->addresses) {
        struct s2si_sim_address *address = S2SI_CONTAINER(at, struct s2si_sim_address, node);
        if (s2si_addr_equal(&address->addr, addr)) {
            return address;
        }
    }
    return NULL;
}

bool s2si_sim_is_local(const s2s_sim_node *node, const struct s2s_addr *addr)
{
    const struct s2si_sim_address *address = s2si_sim_address_find(node, addr);
    return address != NULL && address->up;
}

static struct s2si_sim_route connected_route(const struct s2si_sim_address *address)
{
    struct s2si_sim_route route = {.prefix = {address->addr, address->length},
                                   .preferred_source = address->addr,
                                   .target = address->on_device ? S2SI_SIM_TO_DEVICE : S2SI_SIM_TO_LINK,
                                   .link = address->link,
                                   .device = address->device,
                                   .connected = true};
    s2si_prefix_mask(&route.prefix);
    return route;
}

int s2si_sim_address_put(s2s_sim_node *node, const struct s2si_sim_address *given)
{
    if (s2si_sim_address_find(node, &given->addr) != NULL) {
        return S2S_ERR_EXISTS;
    }
    struct s2si_sim_address *address = s2si_alloc(&node->sim->mem, sizeof *address);
    if (address == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    *address = *given;
    address->up = true;
    if (address->link != NULL || address->on_device) {
        struct s2si_sim_route route = connected_route(address);
        int error = s2si_sim_route_put(&node->routes, &route);
        if (error != 0) {
            s2si_free(&node->sim->mem, address, sizeof *address);
            return error;
        }
    }
    s2si_list_append(&node->addresses, &address->node);
    return 0;
}

static bool is_connected_route(void *user, const struct s2si_sim_route *route)
{
    const struct s2si_sim_route *wanted = user;
    return route->connected && route->target == wanted->target && route->link == wanted->link &&
           route->device == wanted->device && s2si_prefix_equal(&route->prefix, &wanted->prefix);
}

void s2si_sim_address_drop(s2s_sim_node *node, struct s2si_sim_address *address)
{
    struct s2si_sim_route route = connected_route(address);
    s2si_sim_route_remove_at(&node->routes, &route.prefix, is_connected_route, &route);
    s2si_list_remove(&address->node);
    s2si_free(&node->sim->mem, address, sizeof *address);
}

static bool is_end(const s2s_sim_link *link, const s2s_sim_node *node)
{
    return link != NULL && (link->ends[0] == node || link->ends[1] == node);
}

int s2s_sim_address(s2s_sim_node *node, s2s_sim_link *link, const char *text)
{
    struct s2si_sim_address address = {.link = link};
    if (node == NULL || (link != NULL && !is_end(link, node)) || s2si_sim_parse(text, &address.addr, &address.length) != 0) {
        return S2S_ERR_INVALID;
    }
    return s2si_sim_address_put(node, &address);
}

static int change_address(s2s_sim_node *node, const char *text, bool up)
{
    struct s2s_addr addr;
    if (text == NULL || s2s_addr_parse(text, &addr) != 0) {
        return S2S_ERR_INVALID;
    }
    struct s2si_sim_address *address = s2si_sim_address_find(node, &addr);
    if (address == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    bool changed = address->up != up;
    address->up = up;
    if (changed) {
        s2si_sim_kernel_address(node, &addr, up);
    }
    return 0;
}

int s2s_sim_address_down(s2s_sim_node *node, const char *address)
{
    return change_address(node, address, false);
}

int s2s_sim_address_up(s2s_sim_node *node, const char *address)
{
    return change_address(node, address, true);
}

/* ---- its own routes ---- */

int s2s_sim_route_metric(s2s_sim_node *node, const char *prefix, s2s_sim_link *link, uint32_t metric)
{
    struct s2si_sim_route route = {.target = S2SI_SIM_TO_LINK, .link = link, .metric = metric};
    if (node == NULL || !is_end(link, node) || prefix == NULL || s2s_prefix_parse(prefix, &route.prefix) != 0) {
        return S2S_ERR_INVALID;
    }
    return s2si_sim_route_put(&node->routes, &route);
}

int s2s_sim_route(s2s_sim_node *node, const char *prefix, s2s_sim_link *link)
{
    return s2s_sim_route_metric(node, prefix, link, 0);
}

static bool is_own_route(void *user, const struct s2si_sim_route *route)
{
    const struct s2si_sim_route *wanted = user;
    return !route->installed && !route->connected && route->link == wanted->link &&
           s2si_prefix_equal(&route->prefix, &wanted->prefix);
}

int s2s_sim_route_delete(s2s_sim_node *node, const char *prefix, s2s_sim_link *link)
{
    struct s2si_sim_route route = {.link = link};
    if (node == NULL || link == NULL || prefix == NULL || s2s_prefix_parse(prefix, &route.prefix) != 0) {
        return S2S_ERR_INVALID;
    }
    return s2si_sim_route_remove_at(&node->routes, &route.prefix, is_own_route, &route) == 0 ? S2S_ERR_NOT_FOUND : 0;
}

enum s2s_sim_way s2s_sim_way(const s2s_sim_node *node, const char *source_text, const char *destination_text)
{
    struct s2s_addr source = {0}, destination;
    if (s2s_addr_parse(destination_text, &destination) != 0 ||
        (source_text != NULL && s2s_addr_parse(source_text, &source) != 0)) {
        return S2S_SIM_WAY_NONE;
    }
    if (s2si_sim_is_local(node, &destination)) {
        return S2S_SIM_WAY_LOCAL;
    }
    const struct s2si_sim_route *route =
        s2si_sim_route_find(&node->routes, source_text == NULL ? NULL : &source, &destination, false);
    static const enum s2s_sim_way ways[] = {[S2SI_SIM_TO_LINK] = S2S_SIM_WAY_LINK,
                                            [S2SI_SIM_TO_DEVICE] = S2S_SIM_WAY_DEVICE,
                                            [S2SI_SIM_TO_NOBODY] = S2S_SIM_WAY_UNREACHABLE};
    return route == NULL ? S2S_SIM_WAY_NONE : ways[route->target];
}

static bool serves(const struct s2si_sim_address *address, const struct s2si_sim_route *route, uint8_t family)
{
    if (!address->up || address->addr.family != family) {
        return false;
    }
    return route->target == S2SI_SIM_TO_DEVICE ? address->on_device && address->device == route->device
                                               : address->link == route->link;
}

struct s2s_addr s2si_sim_source(const s2s_sim_node *node, const struct s2s_addr *destination, bool outer)
{
    const struct s2s_addr none = {0};
    if (s2si_sim_is_local(node, destination)) {
        return *destination;
    }
    const struct s2si_sim_route *route = s2si_sim_route_find(&node->routes, NULL, destination, outer);
    if (route == NULL) {
        return none;
    }
    if (route->preferred_source.family != 0 && s2si_sim_is_local(node, &route->preferred_source)) {
        return route->preferred_source;
    }
    const struct s2si_list *at;
    const struct s2si_sim_address *any = NULL;
    S2SI_LIST_EACH(at, &node->addresses) {
        const struct s2si_sim_address *address = S2SI_CONTAINER(at, struct s2si_sim_address, node);
        if (serves(address, route, destination->family)) {
            return address->addr;
        }
        any = any == NULL && address->up && address->addr.family == destination->family ? address : any;
    }
    return any == NULL ? none : any->addr;
}

void s2s_sim_node_stats(const s2s_sim_node *node, struct s2s_sim_node_stats *stats)
{
    struct s2s_sim_node_stats now = node->stats;
    now.nat_mappings = s2si_sim_nat_count(node);
    now.struct_size = stats->struct_size < sizeof now ? stats->struct_size : sizeof now;
    memcpy(stats, &now, now.struct_size);
}
