/* SPDX-License-Identifier: Apache-2.0 */
/* route_table: from a packet's addresses to a group; and from the routes to what the kernel must have (publish). */
#ifndef S2SI_GATEWAY_ROUTE_TABLE_H
#define S2SI_GATEWAY_ROUTE_TABLE_H

#include <s2svpn/action.h>
#include <s2svpn/route.h>
#include "lib/base/base.h"

/* Embedded in s2s_gateway as .routing. */
struct s2si_routing {
    struct s2si_trie by_destination; /* value: s2s_route, best of its prefix; no policy routes */
    struct s2si_trie destinations;   /* value: s2s_route, first of all routes to its destination, see entry.next */
    struct s2si_trie inside;         /* value: s2s_tunnel, by the far end's inside address: traffic to it is pinned */
    s2s_route **policy;              /* by priority, then creation order */
    size_t policy_count, policy_capacity;
};
/* Embedded in s2s_route as .entry: what lookup and publish keep per route. */
struct s2si_route_entry {
    s2s_route *same;    /* next route to exactly this destination, less preferred; no policy routes */
    s2s_route *next;    /* next route to this destination, of any type */
    s2s_tunnel *way;    /* BGP routes: the tunnel of the best path's session; NULL = none now */
    bool wanted;        /* the kernel should have its destination */
    bool installed;     /* and has it */
};

/* The way of a packet: policy routes first, then the longest destination.
   @return the tunnel, or NULL: *route is then the route that has no live path, or NULL if there is none. */
s2s_tunnel *s2si_route_lookup(const s2s_gateway *gateway, const struct s2s_addr *source, const struct s2s_addr *destination,
                              s2s_route **route);
/* Inside addresses of the gateway's tunnels changed. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_routing_inside(s2s_gateway *gateway);
/* The live tunnel of a route and those to the same destination, or NULL. */
s2s_tunnel *s2si_route_tunnel(const s2s_route *route);
/* Where what was learned by way (may be NULL) goes now: by way itself, or when that fails at once by its group's tunnel, whose
   session has it too or will say so. */
s2s_tunnel *s2si_route_way(s2s_tunnel *way);
/* Whether a route's destination is to be known on the VPC side (route.publish, propagation, auto_propagate). */
bool s2si_route_wanted(const s2s_route *route);

int s2si_routing_init(s2s_gateway *gateway);
void s2si_routing_free(s2s_gateway *gateway);
/* Routes, publish flags, connections or vpc tables changed: brings the lookup tables up to date, marks the kernel's routes dirty. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_routing_rebuild(s2s_gateway *gateway, s2s_time now);
/* One destination route more or less (BGP): the tables are edited. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_routing_add(s2s_route *route);
void s2si_routing_remove(s2s_route *route);
/* Every kernel route that the gateway should have now: tunnel routes and fail-closed ones. visit is called for each; false stops. */
void s2si_publish_each(s2s_gateway *gateway, bool (*visit)(void *user, const struct s2s_action_route *route, const char *device), void *user);
/* The same for one destination. */
void s2si_publish_one(s2s_gateway *gateway, const struct s2s_prefix *destination,
                      bool (*visit)(void *user, const struct s2s_action_route *route, const char *device), void *user);
/* The kernel has it / lost it (for route state and events). */
void s2si_publish_installed(s2s_gateway *gateway, const struct s2s_action_route *route, bool installed, s2s_time now);

#endif
