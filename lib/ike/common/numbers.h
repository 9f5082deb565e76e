/* SPDX-License-Identifier: Apache-2.0 */
/* numbers: exchange types, payload types and header flags of both IKE versions, with their names (RFC 7296 sections 3.1
   and 3.2, RFC 2408 section 3.1, IANA "IKEv2 Parameters"). */
#ifndef S2SI_IKE_NUMBERS_H
#define S2SI_IKE_NUMBERS_H

#include "lib/base/base.h"

enum s2si_exchange_type {
    /* IKEv1, RFC 2408 and RFC 2409 */
    S2SI_IKEV1_MAIN = 2, S2SI_IKEV1_AGGRESSIVE = 4, S2SI_IKEV1_INFORMATIONAL = 5, S2SI_IKEV1_QUICK = 32,
    /* IKEv2 */
    S2SI_IKE_SA_INIT = 34, S2SI_IKE_AUTH = 35, S2SI_CREATE_CHILD_SA = 36, S2SI_INFORMATIONAL = 37,
    S2SI_IKE_SESSION_RESUME = 38, S2SI_IKE_INTERMEDIATE = 43, S2SI_IKE_FOLLOWUP_KE = 44
};

/* Payload types of IKEv2. IKEv1's are 1..21 (IKEV1_PAYLOAD_LAST) and never appear in a v2 message, and the reverse. */
enum s2si_payload_type {
    S2SI_PAYLOAD_NONE = 0,
    S2SI_IKEV1_PAYLOAD_LAST = 21,
    S2SI_PAYLOAD_SA = 33, S2SI_PAYLOAD_KE = 34, S2SI_PAYLOAD_IDI = 35, S2SI_PAYLOAD_IDR = 36, S2SI_PAYLOAD_CERT = 37,
    S2SI_PAYLOAD_CERTREQ = 38, S2SI_PAYLOAD_AUTH = 39, S2SI_PAYLOAD_NONCE = 40, S2SI_PAYLOAD_NOTIFY = 41,
    S2SI_PAYLOAD_DELETE = 42, S2SI_PAYLOAD_VENDOR = 43, S2SI_PAYLOAD_TSI = 44, S2SI_PAYLOAD_TSR = 45,
    S2SI_PAYLOAD_SK = 46, S2SI_PAYLOAD_CP = 47, S2SI_PAYLOAD_EAP = 48, S2SI_PAYLOAD_SKF = 53
};

enum { S2SI_IKE_FLAG_INITIATOR = 0x08, S2SI_IKE_FLAG_VERSION = 0x10, S2SI_IKE_FLAG_RESPONSE = 0x20 };

/* Authentication methods (RFC 7296 section 3.8, RFC 7427). */
enum s2si_auth_method { S2SI_AUTH_RSA = 1, S2SI_AUTH_PSK = 2, S2SI_AUTH_SIGNATURE = 14 };

/* "IKE_SA_INIT", "SA", ...; "unknown" for others. Static storage. */
const char *s2si_exchange_name(uint8_t exchange);
const char *s2si_payload_name(uint8_t payload);

#endif
