/* SPDX-License-Identifier: Apache-2.0 */
/*
 * health: whether a tunnel may carry traffic. Inputs edit data here, the outcome is one bool; select reads it.
 *
 *   IKE and CHILD state ─┐
 *   liveness, DPD        ├─> usable? ──> select (which tunnel a group uses)
 *   gateway address      │
 *   probe                │
 *   planned take-down ───┘                ^
 *   BGP session ──────────────────────────┘
 */
#ifndef S2SI_GATEWAY_HEALTH_H
#define S2SI_GATEWAY_HEALTH_H

#include <s2svpn/event.h>
#include <s2svpn/tunnel.h>
#include "lib/base/base.h"

/* A doubt rises when a request has to be repeated, or when traffic leaves and nothing comes in (which is normal while the
   far end answers by another tunnel, and so only makes us ask). Any sign of life clears it; silence makes it a verdict. */
enum s2si_doubt { S2SI_DOUBT_NONE = 0, S2SI_DOUBT_ASKING, S2SI_DOUBT_DEAD };

/* Embedded in s2s_tunnel as .health. */
struct s2si_health {
    bool child_up;        /* outbound and inbound SA installed */
    bool address_present; /* our outside address is there */
    bool draining;        /* a planned take-down moved our traffic away */
    uint8_t doubt;        /* enum s2si_doubt: is the far end still there? */
    uint8_t asked;        /* liveness requests sent in this doubt */
    s2s_time asked_at;    /* latest doubt began */
    bool probe_bad;
    bool bgp_bad;         /* its BGP session is missing: select's business, not part of usable */
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
/* ESP that verified came in by this tunnel. Cheap; called for each packet. */
void s2si_health_seen(s2s_tunnel *tunnel, s2s_time now);
/* A packet left by this tunnel: asks when nothing has come in for a while. Cheap; called for each packet. */
void s2si_health_sent(s2s_tunnel *tunnel, s2s_time now);
/* The probe's verdict; since is when the first of the unanswered ones was sent. */
void s2si_health_probe(s2s_tunnel *tunnel, bool bad, s2s_time since, s2s_time now);
void s2si_health_free(s2s_tunnel *tunnel);
/* Its BGP session was lost, or does not come up in time; or is there (again). */
void s2si_health_bgp(s2s_tunnel *tunnel, bool bad, s2s_time now);
/* A verdict: probe or liveness say that nothing comes back by it. */
bool s2si_health_dead(const s2s_tunnel *tunnel);
/* Could carry traffic if nothing better is there: SAs are installed, our address is present. */
bool s2si_health_possible(const s2s_tunnel *tunnel);

#endif
