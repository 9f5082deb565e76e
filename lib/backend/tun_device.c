/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TUN devices. One bears our mark by its alias ("s2svpn:" and the gateway's name); one that does not is never touched.
 * A device goes with its descriptor, so a crash leaves none, unless somebody made it persistent ("ip tuntap add"): that
 * is adopted.
 */
#define _GNU_SOURCE
#include "lib/backend/tun_batch.h"
#include "lib/backend/tun_offload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void s2si_tun_alias(const char *gateway, char *out, size_t size)
{
    snprintf(out, size, S2SI_TUN_MARK "%.64s", gateway != NULL ? gateway : "");
}

struct s2si_tun_device *s2si_tun_device_find(s2s_tun_kernel *kernel, const char *name)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &kernel->devices)
    {
        struct s2si_tun_device *device = S2SI_CONTAINER(node, struct s2si_tun_device, node);
        if (name != NULL && strcmp(device->name, name) == 0) {
            return device;
        }
    }
    return NULL;
}

static struct s2si_tun_device *by_number(s2s_tun_kernel *kernel, unsigned number)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &kernel->devices)
    {
        struct s2si_tun_device *device = S2SI_CONTAINER(node, struct s2si_tun_device, node);
        if (device->number == number) {
            return device;
        }
    }
    return NULL;
}

/* ---- packets ---- */

/* Cuts what was read into the batch, from entry *count on; a full batch goes to the engine. */
static void cut(struct s2si_tun_device *device, struct s2si_super *super, size_t *count)
{
    s2s_tun_kernel *kernel = device->kernel;
    for (;;) {
        struct s2s_packet *packet = s2si_tun_batch_entry(kernel->batch, *count);
        packet->length = s2si_super_next(super, packet->buffer + packet->offset, S2SI_TUN_DATA);
        if (packet->length == 0) {
            return;
        }
        packet->kind = S2S_PACKET_INNER;
        packet->device = device->number;
        kernel->stats.inner_received++;
        if (++*count == S2S_PACKET_BATCH) {
            s2si_tun_handle(kernel, *count);
            *count = 0;
        }
    }
}

/* Reads one packet or super-packet. @return false = there is none. */
static bool read_one(struct s2si_tun_device *device, size_t *count)
{
    struct virtio_net_hdr header;
    uint8_t *data = device->kernel->batch->super;
    struct iovec vectors[2] = {{.iov_base = &header, .iov_len = sizeof header},
                               {.iov_base = data, .iov_len = S2SI_SUPER_MOST}};
    struct s2si_super super;
    ssize_t got;
    do {
        got = readv(device->fd, vectors, 2);
    } while (got < 0 && errno == EINTR);
    if (got <= (ssize_t)sizeof header) {
        return got > 0;
    }
    if (s2si_super_begin(&super, &header, data, (size_t)got - sizeof header) == 0) {
        cut(device, &super, count);
    }
    return true;
}

static void device_ready(void *user, int fd, unsigned events)
{
    (void)fd;
    (void)events;
    struct s2si_tun_device *device = user;
    size_t count = 0;
    for (int reads = 0; reads < S2SI_TUN_ROUNDS * S2S_PACKET_BATCH && read_one(device, &count); reads++) {
    }
    s2si_tun_handle(device->kernel, count);
}

static void write_join(s2s_tun_kernel *kernel, const struct s2si_tun_device *device, struct s2si_join *join)
{
    ssize_t done = -1;
    s2si_join_finish(join);
    if (device != NULL) {
        do {
            done = writev(device->fd, join->vectors, (int)(1 + join->count));
        } while (done < 0 && errno == EINTR);
    }
    if (done < 0) {
        kernel->stats.send_dropped += join->count;
    } else {
        kernel->stats.inner_sent += join->count;
    }
}

size_t s2si_tun_deliver(s2s_tun_kernel *kernel, const struct s2s_packet *packets, size_t count)
{
    struct s2si_join join;
    size_t taken = 1;
    s2si_join_begin(&join, packets[0].buffer + packets[0].offset, packets[0].length);
    while (taken < count && packets[taken].verdict == S2S_VERDICT_DELIVER &&
           packets[taken].device == packets[0].device &&
           s2si_join_add(&join, packets[taken].buffer + packets[taken].offset, packets[taken].length)) {
        taken++;
    }
    write_join(kernel, by_number(kernel, packets[0].device), &join);
    return taken;
}

/* ---- making and removing ---- */

static void close_device(struct s2si_tun_device *device)
{
    const struct s2s_loop *loop = device->kernel->loop;
    if (device->watch != NULL) {
        loop->watch_remove(loop->context, device->watch);
    }
    if (device->fd >= 0) {
        close(device->fd);
    }
    s2si_free(&device->kernel->mem, device, sizeof *device);
}

/* A device of that name that is there and is not ours is somebody else's. */
static int check_owner(s2s_tun_kernel *kernel, const char *name, const char *alias)
{
    struct s2si_kernel_link link;
    if (s2si_link_find(&kernel->netlink, name, &link) == 0 && strcmp(link.alias, alias) != 0) {
        return s2si_tun_refuse(kernel, "device %s is there already and does not belong to this gateway", name);
    }
    return 0;
}

static int open_device(struct s2si_tun_device *device, const char *name)
{
    s2s_tun_kernel *kernel = device->kernel;
    struct ifreq request;
    memset(&request, 0, sizeof request);
    device->fd = open(kernel->params.tun_path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device->fd < 0) {
        return s2si_tun_refuse(kernel, "cannot open %s: %s", kernel->params.tun_path, strerror(errno));
    }
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    snprintf(request.ifr_name, sizeof request.ifr_name, "%.15s", name);
    if (ioctl(device->fd, TUNSETIFF, &request) != 0) {
        return s2si_tun_refuse(kernel, "device %s: %s", name,
                               errno == EBUSY ? "another process holds it" : strerror(errno));
    }
    snprintf(device->name, sizeof device->name, "%.15s", request.ifr_name);
    /* A comfort: a kernel that refuses cuts the packets itself. */
    (void)ioctl(device->fd, TUNSETOFFLOAD, (unsigned long)(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6));
    return 0;
}

static int set_up_device(struct s2si_tun_device *device, uint32_t mtu)
{
    s2s_tun_kernel *kernel = device->kernel;
    struct s2si_kernel_link link;
    int error = s2si_link_find(&kernel->netlink, device->name, &link);
    if (error == 0) {
        device->index = link.index;
        device->mtu = mtu;
        error = s2si_link_set(&kernel->netlink, device->index, mtu, device->alias);
    }
    return error == 0 ? 0
                      : s2si_tun_refuse(kernel, "device %s, MTU %u: %s", device->name, mtu,
                                        s2si_netlink_text(&kernel->netlink));
}

static int make_device(s2s_tun_kernel *kernel, const struct s2s_action *action, struct s2si_tun_device *device)
{
    const char *name = action->device != NULL && action->device[0] != '\0' ? action->device : "s2s%d";
    const struct s2s_loop *loop = kernel->loop;
    s2si_tun_alias(action->gateway, device->alias, sizeof device->alias);
    int error = check_owner(kernel, name, device->alias);
    if (error == 0) {
        error = open_device(device, name);
    }
    if (error == 0) {
        error = set_up_device(device, action->mtu);
    }
    if (error == 0) {
        error = loop->watch_add(loop->context, device->fd, S2S_LOOP_READ, device_ready, device, &device->watch);
    }
    return error;
}

static int free_number(s2s_tun_kernel *kernel)
{
    for (unsigned number = 0; number <= UINT8_MAX; number++) {
        if (by_number(kernel, number) == NULL) {
            return (int)number;
        }
    }
    return -1;
}

int s2si_tun_device_add(s2s_tun_kernel *kernel, const struct s2s_action *action, const struct s2si_tun_device **out)
{
    if (action->mtu > S2SI_TUN_DATA) {
        return s2si_tun_refuse(kernel, "MTU %u is larger than %d", action->mtu, S2SI_TUN_DATA);
    }
    struct s2si_tun_device *device = s2si_tun_device_find(kernel, action->device);
    if (device != NULL) {
        *out = device;
        return set_up_device(device, action->mtu);
    }
    int number = free_number(kernel);
    if (number < 0) {
        return S2S_ERR_LIMIT;
    }
    device = s2si_alloc(&kernel->mem, sizeof *device);
    if (device == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    device->kernel = kernel;
    device->fd = -1;
    device->number = (uint8_t)number;
    int error = make_device(kernel, action, device);
    if (error != 0) {
        close_device(device);
        return error;
    }
    s2si_list_append(&kernel->devices, &device->node);
    *out = device;
    return 0;
}

int s2si_tun_device_delete(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    struct s2si_tun_device *device = s2si_tun_device_find(kernel, action->device);
    if (device == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    (void)ioctl(device->fd, TUNSETPERSIST, 0); /* an adopted one goes too */
    s2si_list_remove(&device->node);
    close_device(device);
    return 0;
}

void s2si_tun_devices_close(s2s_tun_kernel *kernel)
{
    while (!s2si_list_empty(&kernel->devices)) {
        struct s2si_tun_device *device = S2SI_CONTAINER(kernel->devices.next, struct s2si_tun_device, node);
        s2si_list_remove(&device->node);
        close_device(device);
    }
}

/* ---- inside addresses ---- */

static int refuse_address(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    char text[S2S_ADDR_TEXT];
    return s2si_tun_refuse(kernel, "address %s/%u on %s: %s", s2s_addr_format(&action->address.addr, text),
                           action->address.length, action->device, s2si_netlink_text(&kernel->netlink));
}

int s2si_tun_address_add(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    struct s2si_tun_device *device = s2si_tun_device_find(kernel, action->device);
    if (device == NULL) {
        return s2si_tun_refuse(kernel, "device %s is not there", action->device != NULL ? action->device : "");
    }
    return s2si_address_add(&kernel->netlink, device->index, &action->address) == 0 ? 0
                                                                                    : refuse_address(kernel, action);
}

int s2si_tun_address_delete(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    struct s2si_tun_device *device = s2si_tun_device_find(kernel, action->device);
    if (device == NULL) {
        return S2S_ERR_NOT_FOUND; /* it went with its device */
    }
    int error = s2si_address_delete(&kernel->netlink, device->index, &action->address);
    if (error == EADDRNOTAVAIL) {
        return S2S_ERR_NOT_FOUND;
    }
    return error == 0 ? 0 : refuse_address(kernel, action);
}
