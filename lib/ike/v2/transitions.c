/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transitions: which message means what in which state. RFC 7296's flows, initiator on the left:
 *
 *   1.2  HDR, SAi1, KEi, Ni  ──>                                IKE_SA_INIT
 *                            <──  HDR, SAr1, KEr, Nr
 *        HDR, SK {IDi, [IDr,] AUTH, SAi2, TSi, TSr}  ──>        IKE_AUTH
 *                            <──  HDR, SK {IDr, AUTH, SAr2, TSi, TSr}
 *   1.3  HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr}  ──>  CREATE_CHILD_SA, 1.3.2 without TS: the IKE_SA
 *                            <──  HDR, SK {SA, Nr, [KEr,] TSi, TSr}
 *   1.4  HDR, SK {[N,] [D,] [CP,] ...}  ──>                     INFORMATIONAL
 *                            <──  HDR, SK {[N,] [D,] [CP,] ...}
 *
 * An IKE_SA_INIT request makes its IKE_SA and so has no row. What has no row is dropped.
 */
#include "lib/ike/v2/state.h"

typedef void handler(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind);

/* Answered in any state after authentication: the peer may not know yet what we are about to do. */
#define ST_STANDING (ST_UP | ST_REKEYED | ST_CLOSING)

static const struct transition {
    const char *story;
    unsigned states; /* before */
    unsigned next;   /* possible afterwards, beside no change and the end of the IKE_SA */
    uint8_t exchange;
    bool response;
    handler *handle;
} transitions[] = {
    {"initiator: IKE_SA_INIT answered", ST_INIT_I, ST_INIT_I | ST_AUTH_I, S2SI_IKE_SA_INIT, true, s2si_init_response},
    {"initiator: IKE_AUTH answered", ST_AUTH_I, ST_UP | ST_CLOSING, S2SI_IKE_AUTH, true, s2si_auth_response},
    {"responder: IKE_AUTH", ST_INIT_R, ST_UP | ST_LINGER, S2SI_IKE_AUTH, false, s2si_auth_request},
    {"CREATE_CHILD_SA", ST_STANDING, ST_REKEYED, S2SI_CREATE_CHILD_SA, false, s2si_create_child_request},
    {"CREATE_CHILD_SA answered", ST_STANDING, ST_REKEYED | ST_CLOSING, S2SI_CREATE_CHILD_SA, true,
     s2si_create_child_response},
    {"INFORMATIONAL", ST_STANDING, ST_LINGER, S2SI_INFORMATIONAL, false, s2si_informational_request},
    {"INFORMATIONAL answered", ST_STANDING, 0, S2SI_INFORMATIONAL, true, s2si_informational_response},
};

void s2si_transition(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind)
{
    bool response = s2si_ike_header_is_response(&message->header);
    for (size_t i = 0; i < S2SI_COUNT(transitions); i++) {
        const struct transition *row = &transitions[i];
        if ((row->states & (unsigned)sa->state) == 0 || row->exchange != message->header.exchange ||
            row->response != response)
            continue;
        s2si_say(sa->ike, S2S_LOG_DEBUG, sa->peer, "%s, message %u", row->story, message->header.message_id);
        row->handle(sa, message, kind);
        return;
    }
    s2si_say(sa->ike, S2S_LOG_DEBUG, sa->peer, "%s %s has no place in state %d",
             s2si_exchange_name(message->header.exchange), response ? "response" : "request", (int)sa->state);
}

const char *s2si_task_name(enum s2si_task task)
{
    static const char *const names[TASKS] = {[TASK_NONE] = "nothing",
                                             [TASK_INIT] = "IKE_SA_INIT",
                                             [TASK_AUTH] = "IKE_AUTH",
                                             [TASK_CHILD_NEW] = "new CHILD_SA",
                                             [TASK_CHILD_REKEY] = "CHILD_SA rekey",
                                             [TASK_IKE_REKEY] = "IKE_SA rekey",
                                             [TASK_CHILD_DELETE] = "CHILD_SA delete",
                                             [TASK_IKE_DELETE] = "IKE_SA delete",
                                             [TASK_LIVENESS] = "liveness",
                                             [TASK_AUTH_FAILED] = "AUTHENTICATION_FAILED",
                                             [TASK_INFORMATIONAL] = "INFORMATIONAL"};
    return task < TASKS ? names[task] : "";
}
