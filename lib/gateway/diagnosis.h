/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diagnosis: what IKE said last about a failure, kept per tunnel, and the row of the cloud's table of codes that it fits.
 *
 *     IKE event (reason, notify, stage, what differs) ──> first fitting row ──> finding of the tunnel ──> s2s_tunnel_diagnose
 *
 * The table stands in lib/cloud and is reached through the profile.
 */
#ifndef S2SI_GATEWAY_DIAGNOSIS_H
#define S2SI_GATEWAY_DIAGNOSIS_H

#include <s2svpn/diagnosis.h>
#include <s2svpn/event.h>
#include "lib/ike/v2/ikev2.h"

/* Members that are 0 fit anything. A row without reason and notify is never produced by IKEv2. */
struct s2si_diagnosis_row {
    const char *code;
    enum s2s_diagnosis_severity severity;
    uint8_t rank;    /* 2: names the cause, 1: only the effect */
    uint8_t reason;  /* enum s2s_reason */
    uint16_t notify; /* IKE notify type */
    uint8_t stage;   /* enum s2si_ike_stage */
    uint8_t what;    /* enum s2si_ike_differs */
    const char *meaning, *advice;
};

struct s2si_finding {
    const struct s2si_diagnosis_row *row;
    s2s_time at;
    struct s2si_ike_mismatch values;
    char line[400];
};

/* An event of IKE that may be a failure; line is its sentence. */
void s2si_diagnosis_note(s2s_tunnel *tunnel, const struct s2si_ike_output *event, const char *line);
/* The tunnel is up, or goes. */
void s2si_diagnosis_clear(s2s_tunnel *tunnel);

#endif
