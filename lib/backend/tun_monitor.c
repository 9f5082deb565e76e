/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and links that come and go. An address of interest is one that BIND named, also when it was refused for want of
 * the address. It counts as present while some link that is up and has carrier bears it. Of interest without a BIND are, after
 * the first SCAN, the address that this host uses toward the Internet (a gateway with a dynamic address learns its own so), and
 * while an any address is bound, every global address on a link that is neither loopback nor ours.
 */
#define _GNU_SOURCE
#include "lib/backend/tun.h"
#include "lib/base/address.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

struct link {
    struct s2si_list node;
    uint32_t index;
    bool running, eligible; /* eligible: for "any" */
};

struct address {
    struct s2si_list node;
    uint32_t device;
    struct s2s_addr addr;
    bool usable, global;
    bool stale; /* not seen since the dump began */
};

struct wanted {
    struct s2si_list node;
    struct s2s_addr addr;
    bool up;       /* as reported, or as BIND found it */
    bool any;      /* a dynamic binding */
    bool unbound;  /* for a dynamic address or binding: forgotten when it goes */
};

struct s2si_tun_monitor {
    s2s_tun_kernel *kernel;
    struct s2si_netlink netlink;
    void *watch;
    struct s2si_list links, addresses, wanted;
    bool uplink;       /* the address toward the Internet is of interest */
    bool hears_routes;
};

/* ---- what the host has ---- */

static struct link *find_link(struct s2si_tun_monitor *monitor, uint32_t index)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &monitor->links)
    {
        struct link *link = S2SI_CONTAINER(node, struct link, node);
        if (link->index == index) {
            return link;
        }
    }
    return NULL;
}

static void note_link(struct s2si_tun_monitor *monitor, const struct s2si_kernel_link *seen)
{
    struct s2si_mem *mem = &monitor->kernel->mem;
    struct link *link = find_link(monitor, seen->index);
    if (seen->gone) {
        if (link != NULL) {
            s2si_list_remove(&link->node);
            s2si_free(mem, link, sizeof *link);
        }
        return;
    }
    if (link == NULL) {
        link = s2si_alloc(mem, sizeof *link);
        if (link == NULL) {
            return;
        }
        link->index = seen->index;
        s2si_list_append(&monitor->links, &link->node);
    }
    link->running = seen->running;
    link->eligible = !seen->loopback && strncmp(seen->alias, S2SI_TUN_MARK, strlen(S2SI_TUN_MARK)) != 0;
}

static struct address *find_address(struct s2si_tun_monitor *monitor, uint32_t device, const struct s2s_addr *addr)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &monitor->addresses)
    {
        struct address *address = S2SI_CONTAINER(node, struct address, node);
        if (address->device == device && s2si_addr_equal(&address->addr, addr)) {
            return address;
        }
    }
    return NULL;
}

static void free_address(struct s2si_tun_monitor *monitor, struct address *address)
{
    s2si_list_remove(&address->node);
    s2si_free(&monitor->kernel->mem, address, sizeof *address);
}

static void note_address(struct s2si_tun_monitor *monitor, const struct s2si_kernel_address *seen)
{
    struct address *address = find_address(monitor, seen->device, &seen->prefix.addr);
    if (seen->gone) {
        if (address != NULL) {
            free_address(monitor, address);
        }
        return;
    }
    if (address == NULL) {
        address = s2si_alloc(&monitor->kernel->mem, sizeof *address);
        if (address == NULL) {
            return;
        }
        address->device = seen->device;
        address->addr = seen->prefix.addr;
        s2si_list_append(&monitor->addresses, &address->node);
    }
    address->usable = seen->usable;
    address->global = seen->global;
    address->stale = false;
}

static int on_message(const struct nlmsghdr *message, void *user)
{
    struct s2si_tun_monitor *monitor = user;
    struct s2si_kernel_link link;
    struct s2si_kernel_address address;
    if (s2si_link_read(message, &link)) {
        note_link(monitor, &link);
    } else if (s2si_address_read(message, &address)) {
        note_address(monitor, &address);
    }
    return MNL_CB_OK;
}

/* Everything anew: at the start, and when notices overran. */
static int read_all(struct s2si_tun_monitor *monitor)
{
    struct s2si_netlink *netlink = &monitor->kernel->netlink;
    struct s2si_list *node, *after;
    S2SI_LIST_EACH(node, &monitor->addresses)
    {
        S2SI_CONTAINER(node, struct address, node)->stale = true;
    }
    s2si_link_dump_message(netlink);
    int error = s2si_netlink_dump(netlink, on_message, monitor);
    if (error == 0) {
        s2si_address_dump_message(netlink);
        error = s2si_netlink_dump(netlink, on_message, monitor);
    }
    S2SI_LIST_EACH_SAFE(node, after, &monitor->addresses)
    {
        struct address *address = S2SI_CONTAINER(node, struct address, node);
        if (error == 0 && address->stale) {
            free_address(monitor, address);
        }
    }
    return error;
}

/* ---- what is of interest ---- */

static bool is_up(struct s2si_tun_monitor *monitor, const struct s2s_addr *addr)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &monitor->addresses)
    {
        const struct address *address = S2SI_CONTAINER(node, struct address, node);
        const struct link *link = find_link(monitor, address->device);
        if (address->usable && s2si_addr_equal(&address->addr, addr) && link != NULL && link->running) {
            return true;
        }
    }
    return false;
}

static struct wanted *find_wanted(struct s2si_tun_monitor *monitor, const struct s2s_addr *addr)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &monitor->wanted)
    {
        struct wanted *wanted = S2SI_CONTAINER(node, struct wanted, node);
        if (s2si_addr_equal(&wanted->addr, addr)) {
            return wanted;
        }
    }
    return NULL;
}

static struct wanted *add_wanted(struct s2si_tun_monitor *monitor, const struct s2s_addr *addr)
{
    struct wanted *wanted = s2si_alloc(&monitor->kernel->mem, sizeof *wanted);
    if (wanted != NULL) {
        wanted->addr = *addr;
        s2si_list_append(&monitor->wanted, &wanted->node);
    }
    return wanted;
}

static void free_wanted(struct s2si_tun_monitor *monitor, struct wanted *wanted)
{
    s2si_list_remove(&wanted->node);
    s2si_free(&monitor->kernel->mem, wanted, sizeof *wanted);
}

static bool any_of_family(struct s2si_tun_monitor *monitor, int family)
{
    struct s2s_addr any = {.family = (uint8_t)family};
    return find_wanted(monitor, &any) != NULL;
}

/* Of interest without a BIND of its own, as down until reported. */
static void want_unbound(struct s2si_tun_monitor *monitor, const struct s2s_addr *addr)
{
    if (find_wanted(monitor, addr) == NULL) {
        struct wanted *wanted = add_wanted(monitor, addr);
        if (wanted != NULL) {
            wanted->unbound = true;
        }
    }
}

static void want_dynamic(struct s2si_tun_monitor *monitor)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &monitor->addresses)
    {
        const struct address *address = S2SI_CONTAINER(node, struct address, node);
        const struct link *link = find_link(monitor, address->device);
        if (address->global && link != NULL && link->eligible && any_of_family(monitor, address->addr.family)) {
            want_unbound(monitor, &address->addr);
        }
    }
}

/* While there is no way out, any new route may be it. */
static void listen_to_routes(struct s2si_tun_monitor *monitor, bool on)
{
    static const int groups[] = {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
    if (monitor->hears_routes == on) {
        return;
    }
    monitor->hears_routes = on;
    for (size_t i = 0; i < S2SI_COUNT(groups); i++) {
        int group = groups[i];
        (void)mnl_socket_setsockopt(monitor->netlink.socket, on ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &group, sizeof group);
    }
}

/* The address that this host uses toward the Internet: what a gateway with a dynamic address takes for its own. */
static void want_uplink(struct s2si_tun_monitor *monitor)
{
    struct s2si_netlink *netlink = &monitor->kernel->netlink;
    struct s2s_addr source;
    bool found = false;
    for (int family = 4; family <= 6 && !found; family += 2) {
        found = s2si_route_source(netlink, family, monitor->kernel->params.mark, &source) == 0;
    }
    if (found) {
        want_unbound(monitor, &source);
    }
    listen_to_routes(monitor, !found);
}

void s2si_tun_monitor_report(s2s_tun_kernel *kernel)
{
    struct s2si_tun_monitor *monitor = kernel->monitor;
    struct s2si_list *node, *after;
    want_dynamic(monitor);
    if (monitor->uplink) {
        want_uplink(monitor);
    }
    S2SI_LIST_EACH_SAFE(node, after, &monitor->wanted)
    {
        struct wanted *wanted = S2SI_CONTAINER(node, struct wanted, node);
        bool up = wanted->any || is_up(monitor, &wanted->addr);
        if (up != wanted->up) {
            wanted->up = up;
            struct s2s_kernel_notice notice = {.struct_size = sizeof notice,
                                               .type = up ? S2S_NOTICE_ADDRESS_UP : S2S_NOTICE_ADDRESS_DOWN,
                                               .addr = wanted->addr};
            kernel->sink->notice(kernel->sink->user, &notice);
        }
        if (!up && wanted->unbound) {
            free_wanted(monitor, wanted);
        }
    }
}

static void monitor_ready(void *user, int fd, unsigned events)
{
    (void)fd;
    (void)events;
    struct s2si_tun_monitor *monitor = user;
    int error;
    do {
        error = s2si_netlink_read(&monitor->netlink, on_message, monitor);
    } while (error == 0);
    if (error != EAGAIN) { /* ENOBUFS: notices were lost */
        monitor->kernel->stats.notices_lost++;
        (void)read_all(monitor);
    }
    s2si_tun_monitor_report(monitor->kernel);
}

int s2si_tun_monitor_want(s2s_tun_kernel *kernel, const struct s2s_addr *addr)
{
    struct s2si_tun_monitor *monitor = kernel->monitor;
    struct wanted *wanted = find_wanted(monitor, addr);
    if (wanted == NULL && (wanted = add_wanted(monitor, addr)) == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    wanted->unbound = false;
    wanted->any = s2si_addr_is_any(addr);
    return 0;
}

void s2si_tun_monitor_bound(s2s_tun_kernel *kernel, const struct s2s_addr *addr, bool bound)
{
    struct wanted *wanted = find_wanted(kernel->monitor, addr);
    if (wanted != NULL) {
        wanted->up = bound || wanted->any;
    }
}

void s2si_tun_monitor_forget(s2s_tun_kernel *kernel, const struct s2s_addr *addr)
{
    struct wanted *wanted = find_wanted(kernel->monitor, addr);
    if (wanted != NULL) {
        free_wanted(kernel->monitor, wanted);
    }
}

void s2si_tun_monitor_uplink(s2s_tun_kernel *kernel)
{
    kernel->monitor->uplink = true;
    s2si_tun_monitor_report(kernel);
}

int s2si_tun_monitor_open(s2s_tun_kernel *kernel)
{
    struct s2si_tun_monitor *monitor = s2si_alloc(&kernel->mem, sizeof *monitor);
    if (monitor == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    kernel->monitor = monitor;
    monitor->kernel = kernel;
    s2si_list_init(&monitor->links);
    s2si_list_init(&monitor->addresses);
    s2si_list_init(&monitor->wanted);
    int error = s2si_netlink_open(&monitor->netlink, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, true);
    if (error == 0) {
        error = read_all(monitor);
    }
    if (error != 0) {
        return s2si_tun_refuse(kernel, "listening to routing messages: %s", strerror(error));
    }
    return kernel->loop->watch_add(kernel->loop->context, mnl_socket_get_fd(monitor->netlink.socket), S2S_LOOP_READ, monitor_ready,
                                   monitor, &monitor->watch);
}

void s2si_tun_monitor_close(s2s_tun_kernel *kernel)
{
    struct s2si_tun_monitor *monitor = kernel->monitor;
    if (monitor == NULL) {
        return;
    }
    if (monitor->watch != NULL) {
        kernel->loop->watch_remove(kernel->loop->context, monitor->watch);
    }
    s2si_netlink_close(&monitor->netlink);
    while (!s2si_list_empty(&monitor->wanted)) {
        free_wanted(monitor, S2SI_CONTAINER(monitor->wanted.next, struct wanted, node));
    }
    while (!s2si_list_empty(&monitor->addresses)) {
        free_address(monitor, S2SI_CONTAINER(monitor->addresses.next, struct address, node));
    }
    while (!s2si_list_empty(&monitor->links)) {
        struct link *link = S2SI_CONTAINER(monitor->links.next, struct link, node);
        s2si_list_remove(&link->node);
        s2si_free(&kernel->mem, link, sizeof *link);
    }
    s2si_free(&kernel->mem, monitor, sizeof *monitor);
    kernel->monitor = NULL;
}
