/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/common/numbers.h"

struct name {
    uint8_t number;
    const char *text;
};

/* IANA "IKEv2 Exchange Types"; below 34 those of RFC 2408 section 3.1 and RFC 2409. */
static const struct name EXCHANGES[] = {
    {S2SI_IKEV1_MAIN, "Identity Protection (IKEv1)"},
    {S2SI_IKEV1_AGGRESSIVE, "Aggressive (IKEv1)"},
    {S2SI_IKEV1_INFORMATIONAL, "Informational (IKEv1)"},
    {S2SI_IKEV1_QUICK, "Quick Mode (IKEv1)"},
    {S2SI_IKE_SA_INIT, "IKE_SA_INIT"},
    {S2SI_IKE_AUTH, "IKE_AUTH"},
    {S2SI_CREATE_CHILD_SA, "CREATE_CHILD_SA"},
    {S2SI_INFORMATIONAL, "INFORMATIONAL"},
    {S2SI_IKE_SESSION_RESUME, "IKE_SESSION_RESUME"},
    {S2SI_IKE_INTERMEDIATE, "IKE_INTERMEDIATE"},
    {S2SI_IKE_FOLLOWUP_KE, "IKE_FOLLOWUP_KE"},
};

/* RFC 7296 section 3.2, RFC 7383. */
static const struct name PAYLOADS[] = {
    {S2SI_PAYLOAD_NONE, "none"},         {S2SI_PAYLOAD_SA, "SA"},         {S2SI_PAYLOAD_KE, "KE"},
    {S2SI_PAYLOAD_IDI, "IDi"},           {S2SI_PAYLOAD_IDR, "IDr"},       {S2SI_PAYLOAD_CERT, "CERT"},
    {S2SI_PAYLOAD_CERTREQ, "CERTREQ"},   {S2SI_PAYLOAD_AUTH, "AUTH"},     {S2SI_PAYLOAD_NONCE, "Nonce"},
    {S2SI_PAYLOAD_NOTIFY, "N"},          {S2SI_PAYLOAD_DELETE, "D"},      {S2SI_PAYLOAD_VENDOR, "V"},
    {S2SI_PAYLOAD_TSI, "TSi"},           {S2SI_PAYLOAD_TSR, "TSr"},       {S2SI_PAYLOAD_SK, "SK"},
    {S2SI_PAYLOAD_CP, "CP"},             {S2SI_PAYLOAD_EAP, "EAP"},       {S2SI_PAYLOAD_SKF, "SKF"},
};

static const char *name_of(const struct name *names, size_t count, uint8_t number)
{
    for (size_t i = 0; i < count; i++) {
        if (names[i].number == number) {
            return names[i].text;
        }
    }
    return "unknown";
}

const char *s2si_exchange_name(uint8_t exchange)
{
    return name_of(EXCHANGES, S2SI_COUNT(EXCHANGES), exchange);
}

const char *s2si_payload_name(uint8_t payload)
{
    return name_of(PAYLOADS, S2SI_COUNT(PAYLOADS), payload);
}
