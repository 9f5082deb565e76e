/* SPDX-License-Identifier: Apache-2.0 */
/* message_rules: which payloads each message may and must hold (RFC 7296 sections 1.2 to 1.5, appendix C). */
#ifndef S2SI_IKE_MESSAGE_RULES_H
#define S2SI_IKE_MESSAGE_RULES_H

#include "lib/ike/v2/message.h"

/* What a message turned out to be; one row of the table each. A message is matched against the rows of its exchange and
   direction in this order, the first whose mandatory payloads are all there decides. */
enum s2si_message_kind {
    S2SI_KIND_NONE = 0,
    S2SI_KIND_INIT_REQUEST,       /* IKE_SA_INIT request, with or without cookie */
    S2SI_KIND_INIT_RESPONSE,      /* SA, KE, Nonce */
    S2SI_KIND_INIT_COOKIE,        /* response: N(COOKIE) */
    S2SI_KIND_INIT_ERROR,         /* response: N(INVALID_KE_PAYLOAD, NO_PROPOSAL_CHOSEN, ...) */
    S2SI_KIND_AUTH_REQUEST,       /* with SA, TSi, TSr */
    S2SI_KIND_AUTH_REQUEST_CHILDLESS,  /* RFC 6023: none of them */
    S2SI_KIND_AUTH_RESPONSE,      /* IDr, AUTH, SA, TSi, TSr */
    S2SI_KIND_AUTH_RESPONSE_NO_CHILD, /* IDr, AUTH, and N(why no CHILD_SA) */
    S2SI_KIND_AUTH_ERROR,         /* an error notify alone */
    S2SI_KIND_CHILD_REQUEST,      /* CREATE_CHILD_SA: a new CHILD_SA, or with N(REKEY_SA) its rekey */
    S2SI_KIND_CHILD_RESPONSE,
    S2SI_KIND_REKEY_IKE_REQUEST,  /* CREATE_CHILD_SA without TS: SA, Ni, KEi */
    S2SI_KIND_REKEY_IKE_RESPONSE,
    S2SI_KIND_CHILD_ERROR,        /* an error notify */
    S2SI_KIND_INFORMATIONAL_REQUEST, S2SI_KIND_INFORMATIONAL_RESPONSE, /* N, D, CP, or empty */
    S2SI_KIND_UNPROTECTED_ERROR   /* INFORMATIONAL outside any IKE_SA (section 1.5): never acted upon */
};

/* @return 0 and *kind, or S2S_ERR_MALFORMED with INVALID_SYNTAX in *error (both may be NULL). */
int s2si_message_check(const struct s2si_message *message, enum s2si_message_kind *kind,
                       struct s2si_message_error *error);

#endif
