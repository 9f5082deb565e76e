/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SCAN: devices that bear the gateway's alias, addresses on them, and routes with our protocol number that lead to such a device
 * or stand in the gateway's tables. Read on a socket of its own, one answer of the kernel at a time, so that a large table does
 * not hold up packets and is never in memory as a whole.
 */
#define _GNU_SOURCE
#include "lib/backend/tun.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST_DEVICES = 64 };

enum stage { STAGE_LINKS, STAGE_ADDRESSES, STAGE_ROUTES4, STAGE_ROUTES6, STAGE_END };

struct scan {
    struct s2si_list node;
    s2s_tun_kernel *kernel;
    uint64_t op;
    char gateway[128];
    char alias[80];
    uint32_t table; /* as the action named it */
    enum stage stage;
    struct s2si_netlink netlink;
    void *watch;
    struct {
        uint32_t index;
        char name[16];
    } devices[MOST_DEVICES];
    size_t device_count;
};

static const char *device_name(const struct scan *scan, uint32_t index)
{
    for (size_t i = 0; i < scan->device_count; i++) {
        if (scan->devices[i].index == index) {
            return scan->devices[i].name;
        }
    }
    return NULL;
}

static void tell(struct scan *scan, struct s2s_kernel_notice notice)
{
    notice.struct_size = sizeof notice;
    notice.gateway = scan->gateway;
    scan->kernel->sink->notice(scan->kernel->sink->user, &notice);
}

static int on_link(const struct nlmsghdr *message, void *user)
{
    struct scan *scan = user;
    struct s2si_kernel_link link;
    if (s2si_link_read(message, &link) && strcmp(link.alias, scan->alias) == 0 && scan->device_count < MOST_DEVICES) {
        scan->devices[scan->device_count].index = link.index;
        memcpy(scan->devices[scan->device_count++].name, link.name, sizeof link.name);
        tell(scan, (struct s2s_kernel_notice){.type = S2S_NOTICE_FOUND_DEVICE, .device = link.name});
    }
    return MNL_CB_OK;
}

static int on_address(const struct nlmsghdr *message, void *user)
{
    struct scan *scan = user;
    struct s2si_kernel_address address;
    const char *device;
    if (s2si_address_read(message, &address) && (device = device_name(scan, address.device)) != NULL) {
        tell(scan, (struct s2s_kernel_notice){.type = S2S_NOTICE_FOUND_ADDRESS,
                                              .device = device,
                                              .addr = address.prefix.addr,
                                              .address = address.prefix});
    }
    return MNL_CB_OK;
}

static int on_route(const struct nlmsghdr *message, void *user)
{
    struct scan *scan = user;
    struct s2si_kernel_route route;
    uint32_t table;
    bool second;
    if (!s2si_route_read(message, &route) ||
        !s2si_tun_table_of(scan->kernel, scan->gateway, scan->table, route.table, &table, &second)) {
        return MNL_CB_OK;
    }
    const char *device = device_name(scan, route.device);
    if (route.kind == S2S_ROUTE_LOCAL && route.prefix.length > 0 && second) {
        return MNL_CB_OK; /* the second copy, see tun_routing */
    }
    if (route.kind == S2S_ROUTE_TUNNEL && device == NULL) {
        return MNL_CB_OK;
    }
    tell(scan, (struct s2s_kernel_notice){
                   .type = S2S_NOTICE_FOUND_ROUTE,
                   .device = route.kind == S2S_ROUTE_TUNNEL ? device : NULL,
                   .route = {.prefix = route.prefix,
                             .preferred_source = route.preferred_source,
                             .kind = route.kind,
                             .table = table,
                             .metric = route.metric},
               });
    return MNL_CB_OK;
}

static int ask(struct scan *scan)
{
    switch (scan->stage) {
    case STAGE_LINKS:
        s2si_link_dump_message(&scan->netlink);
        break;
    case STAGE_ADDRESSES:
        s2si_address_dump_message(&scan->netlink);
        break;
    default:
        s2si_route_dump_message(&scan->netlink, scan->stage == STAGE_ROUTES6 ? 6 : 4);
        break;
    }
    return s2si_netlink_send(&scan->netlink);
}

static void free_scan(struct scan *scan)
{
    const struct s2s_loop *loop = scan->kernel->loop;
    s2si_list_remove(&scan->node);
    if (scan->watch != NULL) {
        loop->watch_remove(loop->context, scan->watch);
    }
    s2si_netlink_close(&scan->netlink);
    s2si_free(&scan->kernel->mem, scan, sizeof *scan);
}

static void finish(struct scan *scan, int error)
{
    s2s_tun_kernel *kernel = scan->kernel;
    uint64_t op = scan->op;
    int result = error == 0 ? 0 : s2si_tun_refuse(kernel, "reading what is installed: %s", s2si_netlink_text(&scan->netlink));
    free_scan(scan);
    s2si_tun_complete(kernel, op, result);
    s2si_tun_monitor_uplink(kernel);
}

static void scan_ready(void *user, int fd, unsigned events)
{
    (void)fd;
    (void)events;
    static const mnl_cb_t readers[] = {
        [STAGE_LINKS] = on_link, [STAGE_ADDRESSES] = on_address, [STAGE_ROUTES4] = on_route, [STAGE_ROUTES6] = on_route};
    struct scan *scan = user;
    int error = s2si_netlink_read(&scan->netlink, readers[scan->stage], scan);
    if (error == 0 || error == EAGAIN) {
        return;
    }
    if (error == ENODATA) {
        scan->stage++;
        error = scan->stage == STAGE_END ? 0 : ask(scan);
        if (error == 0 && scan->stage != STAGE_END) {
            return;
        }
    }
    finish(scan, error);
}

int s2si_tun_scan(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    struct scan *scan = s2si_alloc(&kernel->mem, sizeof *scan);
    if (scan == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    scan->kernel = kernel;
    scan->op = action->op;
    scan->table = action->route.table;
    strncpy(scan->gateway, action->gateway != NULL ? action->gateway : "", sizeof scan->gateway - 1);
    s2si_tun_alias(action->gateway, scan->alias, sizeof scan->alias);
    s2si_list_append(&kernel->scans, &scan->node);
    int error = s2si_netlink_open(&scan->netlink, 0, true);
    if (error == 0) {
        error = ask(scan);
    }
    if (error == 0 && kernel->loop->watch_add(kernel->loop->context, mnl_socket_get_fd(scan->netlink.socket), S2S_LOOP_READ,
                                              scan_ready, scan, &scan->watch) != 0) {
        error = ENOMEM;
    }
    if (error != 0) {
        free_scan(scan);
        return s2si_tun_refuse(kernel, "reading what is installed: %s", strerror(error));
    }
    return 0;
}

void s2si_tun_scans_close(s2s_tun_kernel *kernel)
{
    while (!s2si_list_empty(&kernel->scans)) {
        free_scan(S2SI_CONTAINER(kernel->scans.next, struct scan, node));
    }
}
