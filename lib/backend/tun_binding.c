/* SPDX-License-Identifier: Apache-2.0 */
/* What BIND opens on a local address: all of it, or nothing. */
#define _GNU_SOURCE
#include "lib/backend/tun.h"
#include "lib/base/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKET_BUFFER = 4 << 20 };

struct option {
    int level, name, value;
    const char *text; /* NULL: a comfort that may be missing */
};

static bool set_option(int fd, const struct option *option)
{
    return setsockopt(fd, option->level, option->name, &option->value, sizeof option->value) == 0 || option->text == NULL;
}

int s2si_tun_outer_options(s2s_tun_kernel *kernel, int fd, const struct s2si_tun_binding *binding, const char *what)
{
    bool six = binding->addr.family == 6;
    int ip = six ? IPPROTO_IPV6 : IPPROTO_IP;
    /* PMTUDISC_DONT: the kernel may fragment until a packet wants DF, see s2si_tun_socket_fragment. */
    const struct option options[] = {
        {SOL_SOCKET, SO_MARK, (int)kernel->params.mark, "mark of outer packets"},
        {SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BUFFER, NULL},
        {SOL_SOCKET, SO_SNDBUFFORCE, SOCKET_BUFFER, NULL},
        {ip, six ? IPV6_RECVTCLASS : IP_RECVTOS, 1, NULL},
        {ip, six ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, six ? IPV6_PMTUDISC_DONT : IP_PMTUDISC_DONT, "path MTU discovery"},
        {ip, six ? IPV6_V6ONLY : IP_RECVTOS, 1, NULL},
        {ip, six ? IPV6_RECVPKTINFO : IP_PKTINFO, binding->any, "packet information"},
    };
    for (size_t i = 0; i < S2SI_COUNT(options); i++) {
        if (!set_option(fd, &options[i])) {
            return s2si_tun_refuse(kernel, "%s: %s: %s", what, options[i].text, strerror(errno));
        }
    }
    return 0;
}

/* PROBE sets DF and leaves the kernel's path MTU out of it, which anyone on the way can forge; the engine keeps its own. */
void s2si_tun_socket_fragment(struct s2si_tun_socket *socket, bool dont_fragment)
{
    if (socket->dont_fragment == dont_fragment) {
        return;
    }
    bool six = socket->binding->addr.family == 6;
    const struct option option = six ? (struct option){IPPROTO_IPV6, IPV6_MTU_DISCOVER,
                                                       dont_fragment ? IPV6_PMTUDISC_PROBE : IPV6_PMTUDISC_DONT, NULL}
                                     : (struct option){IPPROTO_IP, IP_MTU_DISCOVER,
                                                       dont_fragment ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT, NULL};
    (void)set_option(socket->fd, &option);
    socket->dont_fragment = dont_fragment;
}

static void close_socket(struct s2si_tun_socket *socket)
{
    const struct s2s_loop *loop = socket->binding->kernel->loop;
    if (socket->watch != NULL) {
        loop->watch_remove(loop->context, socket->watch);
        socket->watch = NULL;
    }
    if (socket->fd >= 0) {
        close(socket->fd);
        socket->fd = -1;
    }
}

static void free_binding(struct s2si_tun_binding *binding)
{
    for (size_t i = 0; i < S2SI_SOCKETS; i++) {
        close_socket(&binding->sockets[i]);
    }
    s2si_free(&binding->kernel->mem, binding, sizeof *binding);
}

static int open_sockets(struct s2si_tun_binding *binding, const struct s2s_action *action)
{
    s2s_tun_kernel *kernel = binding->kernel;
    const struct s2s_loop *loop = kernel->loop;
    int error = s2si_tun_udp_open(binding, &binding->sockets[S2SI_UDP_IKE], action->port);
    if (error == 0 && action->natt_port != 0 && action->natt_port != action->port) {
        error = s2si_tun_udp_open(binding, &binding->sockets[S2SI_UDP_NATT], action->natt_port);
    }
    if (error == 0 && !kernel->params.no_raw_esp) {
        error = s2si_tun_raw_open(binding, &binding->sockets[S2SI_RAW_ESP]);
    }
    for (size_t i = 0; i < S2SI_SOCKETS && error == 0; i++) {
        struct s2si_tun_socket *socket = &binding->sockets[i];
        if (socket->fd >= 0) {
            error = loop->watch_add(loop->context, socket->fd, S2S_LOOP_READ,
                                    i == S2SI_RAW_ESP ? s2si_tun_raw_ready : s2si_tun_udp_ready, socket, &socket->watch);
        }
    }
    return error;
}

static struct s2si_tun_binding *find_binding(s2s_tun_kernel *kernel, const struct s2s_addr *addr)
{
    struct s2si_list *node;
    S2SI_LIST_EACH(node, &kernel->bindings)
    {
        struct s2si_tun_binding *binding = S2SI_CONTAINER(node, struct s2si_tun_binding, node);
        if (s2si_addr_equal(&binding->addr, addr)) {
            return binding;
        }
    }
    return NULL;
}

static struct s2si_tun_binding *new_binding(s2s_tun_kernel *kernel, const struct s2s_addr *addr)
{
    struct s2si_tun_binding *binding = s2si_alloc(&kernel->mem, sizeof *binding);
    if (binding == NULL) {
        return NULL;
    }
    binding->kernel = kernel;
    binding->addr = *addr;
    binding->any = s2si_addr_is_any(addr);
    for (size_t i = 0; i < S2SI_SOCKETS; i++) {
        binding->sockets[i] = (struct s2si_tun_socket){.binding = binding, .fd = -1};
    }
    return binding;
}

/* "any" without a family is IPv4's. */
static struct s2s_addr local_address(const struct s2s_action *action)
{
    struct s2s_addr addr = action->local.addr;
    if (addr.family == 0) {
        addr = (struct s2s_addr){.family = 4};
    }
    return addr;
}

int s2si_tun_bind(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    struct s2s_addr addr = local_address(action);
    if (find_binding(kernel, &addr) != NULL) {
        return 0; /* operations are idempotent */
    }
    /* Before the sockets: an address that is missing now may come, and then is told. */
    int error = s2si_tun_monitor_want(kernel, &addr);
    if (error != 0) {
        return error;
    }
    struct s2si_tun_binding *binding = new_binding(kernel, &addr);
    if (binding == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    error = open_sockets(binding, action);
    if (error == 0) {
        error = s2si_tun_rules_bind(kernel, binding);
    }
    s2si_tun_monitor_bound(kernel, &addr, error == 0);
    if (error != 0) {
        free_binding(binding);
        return error;
    }
    s2si_list_append(&kernel->bindings, &binding->node);
    return 0;
}

int s2si_tun_unbind(s2s_tun_kernel *kernel, const struct s2s_action *action)
{
    struct s2s_addr addr = local_address(action);
    struct s2si_tun_binding *binding = find_binding(kernel, &addr);
    s2si_tun_monitor_forget(kernel, &addr);
    if (binding == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    s2si_tun_rules_unbind(kernel, binding);
    s2si_list_remove(&binding->node);
    free_binding(binding);
    return 0;
}

void s2si_tun_bindings_close(s2s_tun_kernel *kernel)
{
    while (!s2si_list_empty(&kernel->bindings)) {
        struct s2si_tun_binding *binding = S2SI_CONTAINER(kernel->bindings.next, struct s2si_tun_binding, node);
        s2si_tun_rules_unbind(kernel, binding);
        s2si_list_remove(&binding->node);
        free_binding(binding);
    }
}

static struct s2si_tun_socket *pick(struct s2si_tun_binding *binding, uint16_t port, bool esp)
{
    for (size_t i = 0; i < S2SI_SOCKETS; i++) {
        struct s2si_tun_socket *socket = &binding->sockets[i];
        if (socket->fd >= 0 && (esp ? i == S2SI_RAW_ESP : i != S2SI_RAW_ESP && socket->port == port)) {
            return socket;
        }
    }
    return NULL;
}

struct s2si_tun_socket *s2si_tun_socket_find(s2s_tun_kernel *kernel, const struct s2s_endpoint *local, bool esp)
{
    struct s2si_list *node;
    struct s2si_tun_socket *by_any = NULL;
    S2SI_LIST_EACH(node, &kernel->bindings)
    {
        struct s2si_tun_binding *binding = S2SI_CONTAINER(node, struct s2si_tun_binding, node);
        if (s2si_addr_equal(&binding->addr, &local->addr)) {
            return pick(binding, local->port, esp);
        }
        if (binding->any && binding->addr.family == local->addr.family) {
            by_any = pick(binding, local->port, esp);
        }
    }
    return by_any;
}
