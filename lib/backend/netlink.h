/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink: requests to Linux' rtnetlink (rtnetlink(7)) by libmnl. A request is answered by the kernel while it is being sent,
 * so waiting for the answer does not block. Functions give 0 or an errno; s2si_netlink_text says in words what was refused,
 * with the kernel's own sentence where it has one. Readers of messages skip attributes that they do not know.
 */
#ifndef S2SI_NETLINK_H
#define S2SI_NETLINK_H

#include <s2svpn/types.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#define S2SI_NETLINK_ATTRIBUTES 64 /* known attribute types are below this in every message we read */
#define S2SI_NETLINK_RECEIVE 32768

struct s2si_netlink {
    struct mnl_socket *socket; /* NULL = closed */
    uint32_t sequence;
    bool listening; /* to groups: messages bear the sequence of whoever caused them */
    char text[160]; /* of the last refusal */
    union {
        struct nlmsghdr header;
        char bytes[1024];
    } request;
    union {
        struct nlmsghdr header;
        char bytes[S2SI_NETLINK_RECEIVE];
    } receive;
};

/* groups: RTMGRP_* to listen to. nonblock: for sockets in a loop. */
int s2si_netlink_open(struct s2si_netlink *netlink, unsigned groups, bool nonblock);
void s2si_netlink_close(struct s2si_netlink *netlink);
const char *s2si_netlink_text(const struct s2si_netlink *netlink);

/* Starts a message in netlink->request; flags beside NLM_F_REQUEST. */
struct nlmsghdr *s2si_netlink_message(struct s2si_netlink *netlink, uint16_t type, unsigned flags);
void s2si_netlink_put_addr(struct nlmsghdr *message, uint16_t type, const struct s2s_addr *addr);
/* Sends and waits for the acknowledgement. */
int s2si_netlink_carry_out(struct s2si_netlink *netlink);
/* Sends a dump request and calls each for every message. */
int s2si_netlink_dump(struct s2si_netlink *netlink, mnl_cb_t each, void *user);
/* The two halves of a dump, for a loop: read gives 0 when more is to come, ENODATA at the end, EAGAIN, or what went wrong. */
int s2si_netlink_send(struct s2si_netlink *netlink);
int s2si_netlink_read(struct s2si_netlink *netlink, mnl_cb_t each, void *user);

/* Attributes by type, NULL where absent; unknown ones are skipped. header is the size of the message's own struct. */
void s2si_netlink_attributes(const struct nlmsghdr *message, size_t header,
                             const struct nlattr *attributes[S2SI_NETLINK_ATTRIBUTES]);
/* An address attribute (family AF_INET or AF_INET6); family 0 if it is absent or has another length. */
struct s2s_addr s2si_netlink_get_addr(const struct nlattr *attribute, int family);
uint32_t s2si_netlink_get_u32(const struct nlattr *attribute, uint32_t absent);
/* A text attribute, "" if it is absent or not ended. */
const char *s2si_netlink_get_text(const struct nlattr *attribute);
/* AF_INET or AF_INET6 of an address. */
unsigned char s2si_netlink_family(const struct s2s_addr *addr);

#endif
