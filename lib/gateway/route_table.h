/* SPDX-License-Identifier: Apache-2.0 */
/* route_table: from a packet's addresses to a group; and from the routes to what the kernel must have (publish). */
#ifndef S2SI_GATEWAY_ROUTE_TABLE_H
#define S2SI_GATEWAY_ROUTE_TABLE_H

#include <s2svpn/action.h>
#include <s2svpn/route.h>
#include "lib/base/base.h"

/* Embedded in s2s_gateway as .routing. */
struct s2si_routing {
    struct s2si_trie by_destination; /* value: s2s_route, best of its prefix */
    s2s_route **policy;              /* by priority, then creation order */
    size_t policy_count, policy_capacity;
};
/* Embedded in s2s_route as .entry: what lookup and publish keep per route. */
struct s2si_route_entry {
    bool live, installed, published_now;
};

int s2si_routing_init(s2s_gateway *gateway);
void s2si_routing_free(s2s_gateway *gateway);
/* Routes, publish flags, connections or vpc tables changed: brings the lookup tables up to date, marks the kernel's routes dirty. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_routing_rebuild(s2s_gateway *gateway, s2s_time now);
/* Every kernel route that the gateway should have now: tunnel routes and fail-closed ones. visit is called for each; false stops. */
void s2si_publish_each(s2s_gateway *gateway, bool (*visit)(void *user, const struct s2s_action_route *route, const char *device), void *user);
/* The kernel has it / lost it (for route state and events). */
void s2si_publish_installed(s2s_gateway *gateway, const struct s2s_action_route *route, bool installed, s2s_time now);

#endif
