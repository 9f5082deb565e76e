/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsm: the transition table of RFC 4271 section 8.2.2 as data. A connection is an instance of the machine; a session has up to
 * two of them, one that it opened and one that the peer opened, until collision detection (section 6.8) leaves one.
 *
 *     Idle --start--> Connect --TCP up--> OpenSent --OPEN--> OpenConfirm --KEEPALIVE--> Established
 *                      |   ^                 |                   |                          |
 *              TCP fails   retry timer       +---- TCP fails, wrong message, NOTIFICATION, hold timer ----> Idle
 *                      v   |
 *                     Active --TCP accepted--> OpenSent
 *
 * Two departures, both toward being reachable: a connection that fails in Connect or Active waits in Active (as the RFC has it
 * with a DelayOpenTimer) instead of going to Idle, where the peer's connections would be refused; and a NOTIFICATION is never
 * answered with a NOTIFICATION.
 */
#ifndef S2SI_BGP_FSM_H
#define S2SI_BGP_FSM_H

#include "lib/bgp/protocol.h"

#include <s2svpn/bgp_session.h>

/* By the RFC's numbers; 29 is RFC 9687's, 30 our name for a ROUTE-REFRESH (RFC 2918 gives it none). */
enum s2si_bgp_fsm_event {
    S2SI_BGP_FSM_MANUAL_START = 1, S2SI_BGP_FSM_MANUAL_STOP = 2, S2SI_BGP_FSM_AUTOMATIC_START = 3,
    S2SI_BGP_FSM_MANUAL_START_PASSIVE = 4, S2SI_BGP_FSM_AUTOMATIC_START_PASSIVE = 5, S2SI_BGP_FSM_AUTOMATIC_STOP = 8,
    S2SI_BGP_FSM_CONNECT_RETRY_EXPIRES = 9, S2SI_BGP_FSM_HOLD_EXPIRES = 10, S2SI_BGP_FSM_KEEPALIVE_EXPIRES = 11,
    S2SI_BGP_FSM_IDLE_HOLD_EXPIRES = 13, S2SI_BGP_FSM_TCP_ACKED = 16, S2SI_BGP_FSM_TCP_CONFIRMED = 17,
    S2SI_BGP_FSM_TCP_FAILS = 18, S2SI_BGP_FSM_OPEN = 19, S2SI_BGP_FSM_HEADER_ERROR = 21, S2SI_BGP_FSM_OPEN_ERROR = 22,
    S2SI_BGP_FSM_COLLISION_DUMP = 23, S2SI_BGP_FSM_NOTIFICATION_VERSION = 24, S2SI_BGP_FSM_NOTIFICATION = 25,
    S2SI_BGP_FSM_KEEPALIVE = 26, S2SI_BGP_FSM_UPDATE = 27, S2SI_BGP_FSM_UPDATE_ERROR = 28, S2SI_BGP_FSM_SEND_HOLD_EXPIRES = 29,
    S2SI_BGP_FSM_ROUTE_REFRESH = 30, S2SI_BGP_FSM_EVENTS
};

/* What a transition does, in this order. */
enum s2si_bgp_fsm_do {
    S2SI_BGP_DO_NOTIFY = 1 << 0,          /* send a NOTIFICATION: the row's, or with code 0 the one that the event brought */
    S2SI_BGP_DO_RELEASE = 1 << 1,         /* drop the TCP connection and what hangs on it */
    S2SI_BGP_DO_RETRY_STOP = 1 << 2,      /* ConnectRetryTimer */
    S2SI_BGP_DO_RETRY_START = 1 << 3,
    S2SI_BGP_DO_CONNECT = 1 << 4,
    S2SI_BGP_DO_OPEN = 1 << 5,            /* send an OPEN */
    S2SI_BGP_DO_HOLD_LARGE = 1 << 6,      /* HoldTimer of four minutes */
    S2SI_BGP_DO_HOLD = 1 << 7,            /* HoldTimer of the negotiated time, from now */
    S2SI_BGP_DO_KEEPALIVE = 1 << 8,       /* send a KEEPALIVE, restart the KeepaliveTimer */
    S2SI_BGP_DO_ESTABLISH = 1 << 9
};

struct s2si_bgp_transition {
    enum s2s_bgp_state state;
    enum s2si_bgp_fsm_event event;
    enum s2s_bgp_state next;
    uint16_t todo;
    uint8_t code, subcode;
};
/* The row for an event in a state; NULL: the event is ignored there (Idle ignores most). */
const struct s2si_bgp_transition *s2si_bgp_fsm_find(enum s2s_bgp_state state, enum s2si_bgp_fsm_event event);
const char *s2si_bgp_fsm_state_name(enum s2s_bgp_state state);

#endif
