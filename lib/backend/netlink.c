/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "lib/backend/netlink.h"
#include "lib/base/address.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

int s2si_netlink_open(struct s2si_netlink *netlink, unsigned groups, bool nonblock)
{
    int on = 1;
    netlink->listening = groups != 0;
    netlink->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | (nonblock ? SOCK_NONBLOCK : 0));
    if (netlink->socket == NULL) {
        return errno;
    }
    if (mnl_socket_bind(netlink->socket, groups, MNL_SOCKET_AUTOPID) < 0) {
        int error = errno;
        s2si_netlink_close(netlink);
        return error;
    }
    /* Both are comforts of newer kernels: the reason in words, and dumps filtered by the kernel. */
    (void)mnl_socket_setsockopt(netlink->socket, NETLINK_EXT_ACK, &on, sizeof on);
    (void)mnl_socket_setsockopt(netlink->socket, NETLINK_GET_STRICT_CHK, &on, sizeof on);
    return 0;
}

void s2si_netlink_close(struct s2si_netlink *netlink)
{
    if (netlink->socket != NULL) {
        mnl_socket_close(netlink->socket);
        netlink->socket = NULL;
    }
}

const char *s2si_netlink_text(const struct s2si_netlink *netlink)
{
    return netlink->text;
}

struct nlmsghdr *s2si_netlink_message(struct s2si_netlink *netlink, uint16_t type, unsigned flags)
{
    struct nlmsghdr *message = mnl_nlmsg_put_header(netlink->request.bytes);
    message->nlmsg_type = type;
    message->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    message->nlmsg_seq = ++netlink->sequence;
    return message;
}

unsigned char s2si_netlink_family(const struct s2s_addr *addr)
{
    return addr->family == 6 ? AF_INET6 : AF_INET;
}

void s2si_netlink_put_addr(struct nlmsghdr *message, uint16_t type, const struct s2s_addr *addr)
{
    mnl_attr_put(message, type, s2si_addr_length(addr), addr->bytes);
}

/* Attributes of the error message itself. */
static int error_attribute(const struct nlattr *attribute, void *user)
{
    if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0) {
        *(const char **)user = mnl_attr_get_str(attribute);
    }
    return MNL_CB_OK;
}

/* @return the errno of an NLMSG_ERROR message, 0 for an acknowledgement; the reason goes into netlink->text. */
static int read_error(struct s2si_netlink *netlink, const struct nlmsghdr *message)
{
    const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
    if (mnl_nlmsg_get_payload_len(message) < sizeof *error) {
        return EBADMSG;
    }
    int number = error->error < 0 ? -error->error : error->error;
    if (number == 0) {
        return 0;
    }
    const char *reason = NULL;
    size_t skip = sizeof *error; /* the request itself comes back behind the error, whole or only its header */
    if ((message->nlmsg_flags & NLM_F_CAPPED) == 0 && error->msg.nlmsg_len > sizeof error->msg) {
        skip += (error->msg.nlmsg_len - sizeof error->msg + 3) & ~(size_t)3;
    }
    if ((message->nlmsg_flags & NLM_F_ACK_TLVS) != 0 && mnl_nlmsg_get_payload_len(message) > skip) {
        (void)mnl_attr_parse(message, (unsigned)skip, error_attribute, &reason);
    }
    snprintf(netlink->text, sizeof netlink->text, "%s%s%s%s", strerror(number), reason != NULL ? " (" : "",
             reason != NULL ? reason : "", reason != NULL ? ")" : "");
    return number;
}

static int note(struct s2si_netlink *netlink, int error)
{
    snprintf(netlink->text, sizeof netlink->text, "%s", strerror(error));
    return error;
}

int s2si_netlink_send(struct s2si_netlink *netlink)
{
    netlink->text[0] = '\0';
    const struct nlmsghdr *message = &netlink->request.header;
    return mnl_socket_sendto(netlink->socket, message, message->nlmsg_len) < 0 ? note(netlink, errno) : 0;
}

/* One message of an answer. @return 0 to go on, ENODATA at the end, or the refusal. */
static int take(struct s2si_netlink *netlink, const struct nlmsghdr *message, mnl_cb_t each, void *user)
{
    if (!netlink->listening && message->nlmsg_seq != netlink->sequence) {
        return 0; /* left over from a request that was given up */
    }
    switch (message->nlmsg_type) {
    case NLMSG_DONE:
        return ENODATA;
    case NLMSG_ERROR: {
        int error = read_error(netlink, message);
        return error != 0 ? error : ENODATA;
    }
    case NLMSG_NOOP:
    case NLMSG_OVERRUN:
        return 0;
    default:
        if (each != NULL) {
            (void)each(message, user);
        }
        return 0;
    }
}

int s2si_netlink_read(struct s2si_netlink *netlink, mnl_cb_t each, void *user)
{
    ssize_t got;
    do {
        got = mnl_socket_recvfrom(netlink->socket, netlink->receive.bytes, sizeof netlink->receive.bytes);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return errno == EAGAIN ? EAGAIN : note(netlink, errno);
    }
    int left = (int)got;
    for (const struct nlmsghdr *message = &netlink->receive.header; mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
        int error = take(netlink, message, each, user);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

int s2si_netlink_dump(struct s2si_netlink *netlink, mnl_cb_t each, void *user)
{
    int error = s2si_netlink_send(netlink);
    while (error == 0) {
        error = s2si_netlink_read(netlink, each, user);
    }
    return error == ENODATA ? 0 : error;
}

int s2si_netlink_carry_out(struct s2si_netlink *netlink)
{
    netlink->request.header.nlmsg_flags |= NLM_F_ACK;
    return s2si_netlink_dump(netlink, NULL, NULL);
}

static int keep_attribute(const struct nlattr *attribute, void *user)
{
    const struct nlattr **attributes = user;
    unsigned type = mnl_attr_get_type(attribute);
    if (type < S2SI_NETLINK_ATTRIBUTES) {
        attributes[type] = attribute;
    }
    return MNL_CB_OK;
}

void s2si_netlink_attributes(const struct nlmsghdr *message, size_t header,
                             const struct nlattr *attributes[S2SI_NETLINK_ATTRIBUTES])
{
    memset(attributes, 0, S2SI_NETLINK_ATTRIBUTES * sizeof *attributes);
    if (mnl_nlmsg_get_payload_len(message) >= header) {
        (void)mnl_attr_parse(message, (unsigned)header, keep_attribute, attributes);
    }
}

struct s2s_addr s2si_netlink_get_addr(const struct nlattr *attribute, int family)
{
    int ours = family == AF_INET6 ? 6 : 4;
    if (attribute == NULL || mnl_attr_get_payload_len(attribute) != (ours == 6 ? 16 : 4)) {
        return (struct s2s_addr){.family = 0};
    }
    return s2si_addr_bytes(ours, mnl_attr_get_payload(attribute));
}

uint32_t s2si_netlink_get_u32(const struct nlattr *attribute, uint32_t absent)
{
    uint32_t value = absent;
    if (attribute != NULL && mnl_attr_get_payload_len(attribute) == sizeof value) {
        memcpy(&value, mnl_attr_get_payload(attribute), sizeof value);
    }
    return value;
}

const char *s2si_netlink_get_text(const struct nlattr *attribute)
{
    return attribute != NULL && mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(attribute) : "";
}
