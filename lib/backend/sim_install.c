/* SPDX-License-Identifier: Apache-2.0 */
/* sim_install: ports, devices, addresses and routes of a gateway node's process, and SCAN, which tells what is there. */
#include "lib/backend/sim_kernel.h"

#include <string.h>

enum { DEFAULT_MTU = 1500 };

/* ---- ports ---- */

static struct s2si_sim_bind *find_bind(const struct s2si_sim_kernel *kernel, const struct s2s_addr *addr)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &kernel->binds) {
        struct s2si_sim_bind *bind = S2SI_CONTAINER(at, struct s2si_sim_bind, node);
        if (s2si_addr_equal(&bind->addr, addr)) {
            return bind;
        }
    }
    return NULL;
}

int s2si_sim_bind(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    const struct s2s_action *action = &operation->action;
    if (action->local.addr.family != 0 && !s2si_sim_is_local(kernel->node, &action->local.addr)) {
        result->detail = "Cannot assign requested address";
        return S2S_ERR_KERNEL;
    }
    struct s2si_sim_bind *bind = find_bind(kernel, &action->local.addr);
    if (bind == NULL) {
        bind = s2si_alloc(&kernel->node->sim->mem, sizeof *bind);
        if (bind == NULL) {
            return S2S_ERR_NO_MEMORY;
        }
        bind->addr = action->local.addr;
        s2si_list_append(&kernel->binds, &bind->node);
    }
    bind->port = action->port;
    bind->natt_port = action->natt_port;
    return 0;
}

static void bind_free(struct s2si_sim_kernel *kernel, struct s2si_sim_bind *bind)
{
    s2si_list_remove(&bind->node);
    s2si_free(&kernel->node->sim->mem, bind, sizeof *bind);
}

int s2si_sim_unbind(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    struct s2si_sim_bind *bind = find_bind(kernel, &operation->action.local.addr);
    (void)result;
    if (bind == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    bind_free(kernel, bind);
    return 0;
}

bool s2si_sim_is_bound(const struct s2si_sim_kernel *kernel, const struct s2s_addr *addr, uint16_t port, bool esp)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &kernel->binds) {
        const struct s2si_sim_bind *bind = S2SI_CONTAINER(at, struct s2si_sim_bind, node);
        bool here = bind->addr.family == 0 || s2si_addr_equal(&bind->addr, addr);
        if (here && (esp || bind->port == port || bind->natt_port == port)) {
            return true;
        }
    }
    return false;
}

bool s2si_sim_is_natt_port(const struct s2si_sim_kernel *kernel, const struct s2s_endpoint *local)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &kernel->binds) {
        const struct s2si_sim_bind *bind = S2SI_CONTAINER(at, struct s2si_sim_bind, node);
        if ((bind->addr.family == 0 || s2si_addr_equal(&bind->addr, &local->addr)) && bind->natt_port == local->port) {
            return true;
        }
    }
    return false;
}

/* ---- devices ---- */

static struct s2si_sim_device *find_device(struct s2si_sim_kernel *kernel, const char *name)
{
    for (size_t i = 0; i < S2SI_SIM_DEVICES; i++) {
        if (kernel->devices[i].present && strcmp(kernel->devices[i].name, name) == 0) {
            return &kernel->devices[i];
        }
    }
    return NULL;
}

static unsigned device_index(const struct s2si_sim_kernel *kernel, const struct s2si_sim_device *device)
{
    return (unsigned)(device - kernel->devices);
}

int s2si_sim_device_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    struct s2si_sim_device *device = find_device(kernel, operation->device);
    for (size_t i = 0; device == NULL && i < S2SI_SIM_DEVICES; i++) {
        if (!kernel->devices[i].present) {
            device = &kernel->devices[i];
            s2si_sim_name(device->name, operation->device[0] == 0 ? "tun0" : operation->device);
            s2si_sim_name(device->owner, operation->gateway);
            device->present = true;
        }
    }
    if (device == NULL) {
        return S2S_ERR_LIMIT;
    }
    if (strcmp(device->owner, operation->gateway) != 0) {
        result->detail = "Device or resource busy";
        return S2S_ERR_KERNEL;
    }
    device->mtu = operation->action.mtu == 0 ? DEFAULT_MTU : operation->action.mtu;
    result->device = device->name;
    result->device_number = (uint8_t)device_index(kernel, device);
    return 0;
}

static bool is_by_device(void *user, const struct s2si_sim_route *route)
{
    return route->target == S2SI_SIM_TO_DEVICE && route->device == *(const unsigned *)user;
}

/* A TUN device takes its addresses and routes with it. */
static void remove_device(struct s2si_sim_kernel *kernel, struct s2si_sim_device *device)
{
    unsigned index = device_index(kernel, device);
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &kernel->node->addresses) {
        struct s2si_sim_address *address = S2SI_CONTAINER(at, struct s2si_sim_address, node);
        if (address->on_device && address->device == index) {
            s2si_sim_address_drop(kernel->node, address);
        }
    }
    s2si_sim_route_remove(&kernel->node->routes, is_by_device, &index);
    memset(device, 0, sizeof *device);
}

int s2si_sim_device_delete(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    struct s2si_sim_device *device = find_device(kernel, operation->device);
    (void)result;
    if (device == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    remove_device(kernel, device);
    return 0;
}

uint32_t s2si_sim_kernel_mtu(const s2s_sim_node *node, unsigned device)
{
    return node->kernel == NULL || device >= S2SI_SIM_DEVICES ? 0 : node->kernel->devices[device].mtu;
}

/* ---- addresses ---- */

int s2si_sim_address_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    struct s2si_sim_device *device = find_device(kernel, operation->device);
    if (device == NULL) {
        result->detail = "Cannot find device";
        return S2S_ERR_KERNEL;
    }
    struct s2si_sim_address address = {.addr = operation->action.address.addr,
                                       .length = operation->action.address.length,
                                       .on_device = true,
                                       .device = device_index(kernel, device)};
    const struct s2si_sim_address *there = s2si_sim_address_find(kernel->node, &address.addr);
    s2si_sim_name(address.owner, operation->gateway);
    if (there != NULL && there->on_device && there->device == address.device && there->length == address.length) {
        return 0;
    }
    return s2si_sim_address_put(kernel->node, &address);
}

int s2si_sim_address_delete(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    struct s2si_sim_address *address = s2si_sim_address_find(kernel->node, &operation->action.address.addr);
    (void)result;
    if (address == NULL || !address->on_device) {
        return S2S_ERR_NOT_FOUND;
    }
    s2si_sim_address_drop(kernel->node, address);
    return 0;
}

/* ---- routes ---- */

int s2si_sim_route_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    const struct s2s_action_route *wanted = &operation->action.route;
    struct s2si_sim_device *device = find_device(kernel, operation->device);
    struct s2si_sim_route route = {.prefix = wanted->prefix,
                                   .source = wanted->source,
                                   .preferred_source = wanted->preferred_source,
                                   .table = wanted->table,
                                   .metric = wanted->metric,
                                   .group = wanted->group,
                                   .target = S2SI_SIM_TO_NOBODY,
                                   .installed = true};
    s2si_sim_name(route.owner, operation->gateway);
    if (wanted->kind == S2S_ROUTE_LOCAL) {
        return 0; /* one table here: the longer prefix of the node's own wins anyway */
    }
    if (wanted->kind == S2S_ROUTE_TUNNEL) {
        if (device == NULL) {
            result->detail = "Cannot find device";
            return S2S_ERR_KERNEL;
        }
        route.target = S2SI_SIM_TO_DEVICE;
        route.device = device_index(kernel, device);
        if (wanted->preferred_source.family != 0 && !s2si_sim_is_local(kernel->node, &wanted->preferred_source)) {
            result->detail = "Invalid prefsrc address";
            return S2S_ERR_KERNEL;
        }
    }
    return s2si_sim_route_put(&kernel->node->routes, &route);
}

static enum s2s_route_kind kind_of(const struct s2si_sim_route *route)
{
    return route->target == S2SI_SIM_TO_NOBODY ? S2S_ROUTE_UNREACHABLE : S2S_ROUTE_TUNNEL;
}

static bool is_that_route(void *user, const struct s2si_sim_route *route)
{
    const struct s2s_action_route *wanted = user;
    bool source = wanted->source.addr.family == 0 ? route->source.addr.family == 0
                                                  : s2si_prefix_equal(&route->source, &wanted->source);
    return route->installed && source && route->table == wanted->table && kind_of(route) == wanted->kind &&
           s2si_prefix_equal(&route->prefix, &wanted->prefix);
}

int s2si_sim_route_take(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    struct s2s_action_route *route = &operation->action.route;
    (void)result;
    size_t removed = s2si_sim_route_remove_at(&kernel->node->routes, &route->prefix, is_that_route, route);
    return removed == 0 ? S2S_ERR_NOT_FOUND : 0;
}

/* ---- SCAN ---- */

/* The routes are copied before the sink hears of them: what it does may change the table. */
struct found {
    struct s2s_action_route *routes;
    char (*devices)[S2SI_SIM_NAME];
    size_t count, capacity;
    const struct s2si_sim_kernel *kernel;
    const char *owner; /* NULL = all */
};

static void count_route(void *user, const struct s2si_sim_route *route)
{
    struct found *found = user;
    found->capacity += route->installed;
}

static void collect_route(void *user, const struct s2si_sim_route *route)
{
    struct found *found = user;
    if (!route->installed || (found->owner != NULL && strcmp(found->owner, route->owner) != 0)) {
        return;
    }
    if (found->count < found->capacity && found->routes != NULL) {
        found->routes[found->count] = (struct s2s_action_route){.prefix = route->prefix,
                                                                .source = route->source,
                                                                .preferred_source = route->preferred_source,
                                                                .kind = kind_of(route),
                                                                .table = route->table,
                                                                .metric = route->metric,
                                                                .group = route->group};
        if (found->devices != NULL && route->target == S2SI_SIM_TO_DEVICE) {
            s2si_sim_name(found->devices[found->count], found->kernel->devices[route->device].name);
        }
    }
    found->count++;
}

static int tell_routes(struct s2si_sim_kernel *kernel, const char *owner)
{
    struct s2si_mem *mem = &kernel->node->sim->mem;
    struct found found = {.owner = owner, .kernel = kernel};
    s2si_sim_route_each(&kernel->node->routes, count_route, &found);
    if (found.capacity == 0) {
        return 0;
    }
    found.routes = s2si_alloc_array(mem, found.capacity, sizeof *found.routes);
    found.devices = s2si_alloc_array(mem, found.capacity, sizeof *found.devices);
    if (found.routes != NULL && found.devices != NULL) {
        s2si_sim_route_each(&kernel->node->routes, collect_route, &found);
        for (size_t i = 0; i < found.count && kernel->running; i++) {
            struct s2s_kernel_notice notice = {.struct_size = sizeof notice,
                                               .type = S2S_NOTICE_FOUND_ROUTE,
                                               .gateway = owner,
                                               .device = found.devices[i],
                                               .route = found.routes[i]};
            kernel->sink.notice(kernel->sink.user, &notice);
        }
    }
    bool good = found.routes != NULL && found.devices != NULL;
    s2si_free(mem, found.routes, found.capacity * sizeof *found.routes);
    s2si_free(mem, found.devices, found.capacity * sizeof *found.devices);
    return good ? 0 : S2S_ERR_NO_MEMORY;
}

static void tell_devices(struct s2si_sim_kernel *kernel, const char *owner)
{
    for (size_t i = 0; i < S2SI_SIM_DEVICES && kernel->running; i++) {
        const struct s2si_sim_device *device = &kernel->devices[i];
        if (device->present && (owner == NULL || strcmp(owner, device->owner) == 0)) {
            struct s2s_kernel_notice notice = {.struct_size = sizeof notice,
                                               .type = S2S_NOTICE_FOUND_DEVICE,
                                               .gateway = device->owner,
                                               .device = device->name};
            kernel->sink.notice(kernel->sink.user, &notice);
        }
    }
}

static void tell_addresses(struct s2si_sim_kernel *kernel, const char *owner)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &kernel->node->addresses) {
        const struct s2si_sim_address *address = S2SI_CONTAINER(at, struct s2si_sim_address, node);
        if (kernel->running && address->on_device && (owner == NULL || strcmp(owner, address->owner) == 0)) {
            struct s2s_kernel_notice notice = {.struct_size = sizeof notice,
                                               .type = S2S_NOTICE_FOUND_ADDRESS,
                                               .gateway = address->owner,
                                               .device = kernel->devices[address->device].name,
                                               .addr = address->addr,
                                               .address = {address->addr, address->length}};
            kernel->sink.notice(kernel->sink.user, &notice);
        }
    }
}

int s2si_sim_scan(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    const char *owner = operation->gateway[0] == 0 ? NULL : operation->gateway;
    (void)result;
    tell_devices(kernel, owner);
    tell_addresses(kernel, owner);
    return tell_routes(kernel, owner);
}

/* ---- the end ---- */

static bool is_installed(void *user, const struct s2si_sim_route *route)
{
    (void)user;
    return route->installed;
}

void s2si_sim_uninstall(struct s2si_sim_kernel *kernel, bool all)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &kernel->binds) {
        bind_free(kernel, S2SI_CONTAINER(at, struct s2si_sim_bind, node));
    }
    for (size_t i = 0; i < S2SI_SIM_DEVICES; i++) {
        if (kernel->devices[i].present) {
            remove_device(kernel, &kernel->devices[i]);
        }
    }
    if (all) {
        s2si_sim_route_remove(&kernel->node->routes, is_installed, NULL);
    }
}

/* ---- what a test sees ---- */

size_t s2s_sim_installed_routes(const s2s_sim_node *node, struct s2s_action_route *out, size_t capacity)
{
    struct found found = {.routes = out, .capacity = capacity, .kernel = node->kernel};
    s2si_sim_route_each(&node->routes, collect_route, &found);
    return found.count;
}

static void count_kind(void *user, const struct s2si_sim_route *route)
{
    struct s2s_sim_installed *installed = user;
    installed->tunnel_routes += route->installed && route->target == S2SI_SIM_TO_DEVICE;
    installed->unreachable_routes += route->installed && route->target == S2SI_SIM_TO_NOBODY;
}

void s2s_sim_installed(const s2s_sim_node *node, struct s2s_sim_installed *out)
{
    struct s2s_sim_installed now = {0};
    s2si_sim_route_each(&node->routes, count_kind, &now);
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &node->addresses) {
        now.addresses += S2SI_CONTAINER(at, struct s2si_sim_address, node)->on_device;
    }
    if (node->kernel != NULL) {
        for (size_t i = 0; i < S2SI_SIM_DEVICES; i++) {
            now.devices += node->kernel->devices[i].present;
        }
        now.binds = s2si_list_count(&node->kernel->binds);
        s2si_sim_streams_count(node->kernel, &now.listeners, &now.streams);
        s2si_sim_esp_count(node->kernel, &now);
    }
    now.struct_size = out->struct_size < sizeof now ? out->struct_size : sizeof now;
    memcpy(out, &now, now.struct_size);
}
