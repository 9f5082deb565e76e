/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_rules: each error notify of RFC 7296 section 3.10.1: where we send it, what we understand by it.
 */
#include "lib/ike/v2/state.h"

static const struct rule {
    uint16_t notify;
    enum s2si_ike_reason reason;
    enum s2si_verdict verdict; /* in an answer to CREATE_CHILD_SA or in INFORMATIONAL */
} rules[] = {
    /* sent for a critical payload that we do not know, in an authentic message */
    {S2SI_N_UNSUPPORTED_CRITICAL_PAYLOAD, S2SI_IKE_REASON_OTHER_NOTIFY, VERDICT_FAIL},
    /* sent in clear for an unknown IKE_SA, at a limited rate; received in clear it only raises a liveness check */
    {S2SI_N_INVALID_IKE_SPI, S2SI_IKE_REASON_OTHER_NOTIFY, VERDICT_FAIL},
    /* sent in clear for major versions above 2 */
    {S2SI_N_INVALID_MAJOR_VERSION, S2SI_IKE_REASON_VERSION, VERDICT_FAIL},
    /* sent for a malformed message, after authentication or in IKE_SA_INIT */
    {S2SI_N_INVALID_SYNTAX, S2SI_IKE_REASON_INVALID_SYNTAX, VERDICT_FATAL},
    {S2SI_N_INVALID_MESSAGE_ID, S2SI_IKE_REASON_OTHER_NOTIFY, VERDICT_FAIL}, /* never sent: windows of one */
    {S2SI_N_INVALID_SPI, S2SI_IKE_REASON_OTHER_NOTIFY, VERDICT_FAIL},
    {S2SI_N_NO_PROPOSAL_CHOSEN, S2SI_IKE_REASON_NO_PROPOSAL, VERDICT_FAIL},
    {S2SI_N_INVALID_KE_PAYLOAD, S2SI_IKE_REASON_INVALID_KE, VERDICT_OTHER_GROUP},
    {S2SI_N_AUTHENTICATION_FAILED, S2SI_IKE_REASON_AUTH_FAILED_BY_PEER, VERDICT_FATAL},
    {S2SI_N_SINGLE_PAIR_REQUIRED, S2SI_IKE_REASON_TS_UNACCEPTABLE, VERDICT_FAIL},
    {S2SI_N_NO_ADDITIONAL_SAS, S2SI_IKE_REASON_OTHER_NOTIFY, VERDICT_REAUTHENTICATE},
    {S2SI_N_INTERNAL_ADDRESS_FAILURE, S2SI_IKE_REASON_OTHER_NOTIFY, VERDICT_FAIL},
    {S2SI_N_FAILED_CP_REQUIRED, S2SI_IKE_REASON_OTHER_NOTIFY, VERDICT_FAIL},
    {S2SI_N_TS_UNACCEPTABLE, S2SI_IKE_REASON_TS_UNACCEPTABLE, VERDICT_FAIL},
    {S2SI_N_INVALID_SELECTORS, S2SI_IKE_REASON_TS_UNACCEPTABLE, VERDICT_FAIL},
    {S2SI_N_TEMPORARY_FAILURE, S2SI_IKE_REASON_OTHER_NOTIFY, VERDICT_LATER},
    {S2SI_N_CHILD_SA_NOT_FOUND, S2SI_IKE_REASON_OTHER_NOTIFY, VERDICT_UNKNOWN_CHILD},
};

static const struct rule *find(uint16_t notify)
{
    for (size_t i = 0; i < S2SI_COUNT(rules); i++) {
        if (rules[i].notify == notify)
            return &rules[i];
    }
    return NULL;
}

enum s2si_ike_reason s2si_reason_of(uint16_t notify)
{
    const struct rule *rule = find(notify);
    return rule != NULL ? rule->reason : S2SI_IKE_REASON_OTHER_NOTIFY;
}

/* An unknown error means that the exchange failed (section 3.10.1). */
enum s2si_verdict s2si_verdict_of(uint16_t notify)
{
    const struct rule *rule = find(notify);
    return rule != NULL ? rule->verdict : VERDICT_FAIL;
}
