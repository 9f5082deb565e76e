/* SPDX-License-Identifier: Apache-2.0 */
/* select: which tunnel of a group carries outbound traffic. A group is one connection's tunnels (aws: those of all
   connections of the gateway); its active pointer is the only thing that a switch changes. */
#ifndef S2SI_GATEWAY_SELECT_H
#define S2SI_GATEWAY_SELECT_H

#include <s2svpn/event.h>
#include <s2svpn/gateway.h>
#include "lib/base/base.h"

/* Embedded in s2s_connection and in s2s_gateway (egress_per_gateway) as .group. */
struct s2si_group {
    uint32_t id;              /* never reused in the engine; 0 = not in use */
    s2s_tunnel *active;       /* NULL = no live path */
    s2s_tunnel *intent;       /* what selection wants; active differs where the far end's MED decides (bgp_steer.c) */
    uint64_t switches;
    s2s_time last_switch, trigger_at;
    enum s2s_trigger last_trigger;
    enum s2s_trigger intent_trigger; /* why intent moved last */
    struct s2si_timer hold;   /* S2SI_TIMER_SELECT: end of the hold-down; owner is the gateway */
};

void s2si_group_init(s2s_gateway *gateway, struct s2si_group *group);
void s2si_group_free(s2s_gateway *gateway, struct s2si_group *group);
/* Looks at every group of the gateway; moves active pointers, emits PATH_SWITCHED / PATH_NONE, marks routes dirty. */
void s2si_select_run(s2s_gateway *gateway, enum s2s_trigger trigger, s2s_time now);
void s2si_select_timer(s2s_gateway *gateway, s2s_time now); /* S2SI_TIMER_SELECT */
/* Before a tunnel is freed: nothing may point to it any more. */
void s2si_select_forget(s2s_tunnel *tunnel, s2s_time now);
/* The group that carries a connection's traffic (the gateway's or its own). */
struct s2si_group *s2si_group_of(s2s_connection *connection);

#endif
