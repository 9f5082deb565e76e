/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health: whether a tunnel may carry traffic. Inputs edit data here, the outcome is one bool; select reads it.
 *
 *   IKE and CHILD state ─┐
 *   liveness, DPD        ├─> usable? ──> select (which tunnel a group uses)
 *   gateway address      │
 *   probe                │
 *   planned take-down ───┘
 */
#ifndef S2SI_GATEWAY_HEALTH_H
#define S2SI_GATEWAY_HEALTH_H

#include <s2svpn/event.h>
#include <s2svpn/tunnel.h>
#include "lib/base/base.h"

/* Embedded in s2s_tunnel as .health. */
struct s2si_health {
    bool child_up;        /* outbound and inbound SA installed */
    bool address_present; /* our outside address is there */
    bool draining;        /* a planned take-down moved our traffic away */
    bool doubt;           /* a request was retransmitted and not answered yet */
    bool probe_bad;
    bool usable;          /* the outcome */
    s2s_time since;       /* of usable's last change */
    s2s_time good_since;
    enum s2s_trigger trigger; /* what made the last change */
    s2s_time trigger_at;      /* when its cause began: the first unanswered probe, the take-down, ... */
    struct s2si_timer timer;  /* S2SI_TIMER_HEALTH: a doubt becomes a verdict */
};

void s2si_health_init(s2s_tunnel *tunnel, s2s_time now);
/* Called by the other half whenever the tunnel's status or SAs (sa_in, sa_out) changed; trigger says why. */
void s2si_health_tunnel_changed(s2s_tunnel *tunnel, enum s2s_trigger trigger, s2s_time now);
void s2si_health_drain(s2s_tunnel *tunnel, bool draining, enum s2s_trigger trigger, s2s_time now);
void s2si_health_doubt(s2s_tunnel *tunnel, s2s_time now);  /* an IKE request is being retransmitted */
void s2si_health_alive(s2s_tunnel *tunnel, s2s_time round_trip, s2s_time now); /* a liveness request was answered */
void s2si_health_address(s2s_tunnel *tunnel, bool present, s2s_time now);
void s2si_health_timer(s2s_tunnel *tunnel, s2s_time now);  /* S2SI_TIMER_HEALTH */
/* The probe's verdict; since is when the first of the unanswered ones was sent. */
void s2si_health_probe(s2s_tunnel *tunnel, bool bad, s2s_time since, s2s_time now);
void s2si_health_free(s2s_tunnel *tunnel);
/* Could carry traffic if nothing better is there: SAs are installed, our address is present. */
bool s2si_health_possible(const s2s_tunnel *tunnel);

#endif
