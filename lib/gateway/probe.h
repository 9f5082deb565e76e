/* SPDX-License-Identifier: Apache-2.0 */
/* probe: asks the far end of one tunnel for a sign of life, by that tunnel, and hears only answers that came by it. */
#ifndef S2SI_GATEWAY_PROBE_H
#define S2SI_GATEWAY_PROBE_H

#include <s2svpn/tunnel.h>
#include "lib/base/base.h"

/* Embedded in s2s_tunnel as .probe. */
struct s2si_probe {
    struct s2si_timer timer; /* S2SI_TIMER_PROBE; owner is the tunnel */
    bool running, ok, by_ike;
    uint16_t id, sequence;
    uint8_t missed;          /* in a row */
    bool waiting;            /* the latest one has no answer yet */
    s2s_time doubt_since;    /* when the first of the missed ones was sent */
    s2s_time sent, answered;
};

void s2si_probe_init(s2s_tunnel *tunnel);
void s2si_probe_stop(s2s_tunnel *tunnel);
/* Settings or SAs changed: starts, stops or goes on. */
void s2si_probe_changed(s2s_tunnel *tunnel, s2s_time now);
void s2si_probe_timer(s2s_tunnel *tunnel, s2s_time now); /* S2SI_TIMER_PROBE */
/* An inner packet came in by this tunnel for its inside address. @return true if it was an answer to our probe. */
bool s2si_probe_answer(s2s_tunnel *tunnel, const uint8_t *packet, const struct s2si_ip *ip, s2s_time now);
/* An IKE liveness request was answered. */
void s2si_probe_alive(s2s_tunnel *tunnel, s2s_time now);

#endif
