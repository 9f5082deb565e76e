/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/v2/message_rules.h"

#include "lib/ike/v2/payload.h"

enum { MANY = S2SI_MESSAGE_PAYLOADS, PAYLOADS = 12, TYPES = S2SI_PAYLOAD_SKF + 1 };

/* How often a payload may stand in a message. Vendor IDs and notifies are allowed everywhere ("[V+][N+]", appendix C). */
struct count {
    uint8_t type, min, max;
};

/* What a message must say besides. */
enum need { NOTHING, COOKIE, AN_ERROR, A_RESPONDER_SPI };

struct row {
    enum s2si_message_kind kind;
    uint8_t exchange;
    bool response;
    enum need need;
    struct count payloads[PAYLOADS];
};

#define PAYLOAD(type, min, max) {S2SI_PAYLOAD_##type, min, max}

static const struct row ROWS[] = {
    /* Section 1.2, appendix C.1:
     *   request             --> [N(COOKIE)], SA, KE, Ni, [N(NAT_DETECTION_SOURCE_IP)+, N(NAT_DETECTION_DESTINATION_IP)]
     *   normal response     <-- SA, KE, Nr, [N(NAT_DETECTION_*)], [[N(HTTP_CERT_LOOKUP_SUPPORTED)], CERTREQ+]
     *   cookie response     <-- N(COOKIE)
     *   different DH group  <-- N(INVALID_KE_PAYLOAD)
     */
    {S2SI_KIND_INIT_REQUEST, S2SI_IKE_SA_INIT, false, NOTHING,
     {PAYLOAD(SA, 1, 1), PAYLOAD(KE, 1, 1), PAYLOAD(NONCE, 1, 1)}},
    {S2SI_KIND_INIT_RESPONSE, S2SI_IKE_SA_INIT, true, A_RESPONDER_SPI,
     {PAYLOAD(SA, 1, 1), PAYLOAD(KE, 1, 1), PAYLOAD(NONCE, 1, 1), PAYLOAD(CERTREQ, 0, MANY)}},
    {S2SI_KIND_INIT_COOKIE, S2SI_IKE_SA_INIT, true, COOKIE, {PAYLOAD(NOTIFY, 1, MANY)}},
    {S2SI_KIND_INIT_ERROR, S2SI_IKE_SA_INIT, true, AN_ERROR, {PAYLOAD(NOTIFY, 1, MANY)}},

    /* Section 1.2, appendix C.2; RFC 6023 section 4 without SA, TSi, TSr:
     *   request             --> IDi, [CERT+], [N(INITIAL_CONTACT)], [CERTREQ+], [IDr], AUTH, [CP(CFG_REQUEST)],
     *                           SA, TSi, TSr
     *   response            <-- IDr, [CERT+], AUTH, [CP(CFG_REPLY)], SA, TSi, TSr
     *   error in Child SA   <-- IDr, [CERT+], AUTH, N(error)
     *   error               <-- N(error)
     */
    {S2SI_KIND_AUTH_REQUEST, S2SI_IKE_AUTH, false, NOTHING,
     {PAYLOAD(IDI, 1, 1), PAYLOAD(AUTH, 1, 1), PAYLOAD(SA, 1, 1), PAYLOAD(TSI, 1, 1), PAYLOAD(TSR, 1, 1),
      PAYLOAD(IDR, 0, 1), PAYLOAD(CERT, 0, MANY), PAYLOAD(CERTREQ, 0, MANY), PAYLOAD(CP, 0, 1)}},
    {S2SI_KIND_AUTH_REQUEST_CHILDLESS, S2SI_IKE_AUTH, false, NOTHING,
     {PAYLOAD(IDI, 1, 1), PAYLOAD(AUTH, 1, 1), PAYLOAD(IDR, 0, 1), PAYLOAD(CERT, 0, MANY), PAYLOAD(CERTREQ, 0, MANY),
      PAYLOAD(CP, 0, 1)}},
    {S2SI_KIND_AUTH_RESPONSE, S2SI_IKE_AUTH, true, NOTHING,
     {PAYLOAD(IDR, 1, 1), PAYLOAD(AUTH, 1, 1), PAYLOAD(SA, 1, 1), PAYLOAD(TSI, 1, 1), PAYLOAD(TSR, 1, 1),
      PAYLOAD(CERT, 0, MANY), PAYLOAD(CP, 0, 1)}},
    {S2SI_KIND_AUTH_RESPONSE_NO_CHILD, S2SI_IKE_AUTH, true, NOTHING,
     {PAYLOAD(IDR, 1, 1), PAYLOAD(AUTH, 1, 1), PAYLOAD(CERT, 0, MANY), PAYLOAD(CP, 0, 1)}},
    {S2SI_KIND_AUTH_ERROR, S2SI_IKE_AUTH, true, AN_ERROR, {PAYLOAD(NOTIFY, 1, MANY), PAYLOAD(IDR, 0, 1)}},

    /* Section 1.3, appendix C.4 and C.5:
     *   create or rekey a Child SA, both directions   [N(REKEY_SA)], [CP], SA, Nonce, [KE], TSi, TSr
     *   rekey the IKE SA, both directions             SA, Nonce, KE
     *   error                                     <-- N(error)
     */
    {S2SI_KIND_CHILD_REQUEST, S2SI_CREATE_CHILD_SA, false, NOTHING,
     {PAYLOAD(SA, 1, 1), PAYLOAD(NONCE, 1, 1), PAYLOAD(TSI, 1, 1), PAYLOAD(TSR, 1, 1), PAYLOAD(KE, 0, 1),
      PAYLOAD(CP, 0, 1)}},
    {S2SI_KIND_CHILD_RESPONSE, S2SI_CREATE_CHILD_SA, true, NOTHING,
     {PAYLOAD(SA, 1, 1), PAYLOAD(NONCE, 1, 1), PAYLOAD(TSI, 1, 1), PAYLOAD(TSR, 1, 1), PAYLOAD(KE, 0, 1),
      PAYLOAD(CP, 0, 1)}},
    {S2SI_KIND_REKEY_IKE_REQUEST, S2SI_CREATE_CHILD_SA, false, NOTHING,
     {PAYLOAD(SA, 1, 1), PAYLOAD(NONCE, 1, 1), PAYLOAD(KE, 1, 1)}},
    {S2SI_KIND_REKEY_IKE_RESPONSE, S2SI_CREATE_CHILD_SA, true, NOTHING,
     {PAYLOAD(SA, 1, 1), PAYLOAD(NONCE, 1, 1), PAYLOAD(KE, 1, 1)}},
    {S2SI_KIND_CHILD_ERROR, S2SI_CREATE_CHILD_SA, true, AN_ERROR, {PAYLOAD(NOTIFY, 1, MANY)}},

    /* Section 1.4, appendix C.6: [N+], [D+], [CP], and nothing at all for a liveness check, both directions. */
    {S2SI_KIND_INFORMATIONAL_REQUEST, S2SI_INFORMATIONAL, false, NOTHING,
     {PAYLOAD(DELETE, 0, MANY), PAYLOAD(CP, 0, 1)}},
    {S2SI_KIND_INFORMATIONAL_RESPONSE, S2SI_INFORMATIONAL, true, NOTHING,
     {PAYLOAD(DELETE, 0, MANY), PAYLOAD(CP, 0, 1)}},
};

static bool is_envelope(uint8_t type)
{
    return type == S2SI_PAYLOAD_SK || type == S2SI_PAYLOAD_SKF;
}

/* How often each known type stands in a message. */
struct census {
    uint8_t counts[TYPES];
    bool envelope; /* an SK or SKF payload */
    bool clear;    /* a known payload outside of it */
};

static void take_census(const struct s2si_message *message, struct census *out)
{
    *out = (struct census){0};
    for (size_t i = 0; i < message->count; i++) {
        const struct s2si_payload *payload = &message->payloads[i];
        if (!payload->known) {
            continue; /* skipped wherever it stands, section 2.5 */
        }
        if (is_envelope(payload->type)) {
            out->envelope = true;
            continue;
        }
        out->counts[payload->type]++;
        out->clear = out->clear || !payload->encrypted;
    }
}

static bool need_met(const struct s2si_message *message, enum need need)
{
    switch (need) {
    case COOKIE:
        return s2si_notify_find(message, S2SI_N_COOKIE, NULL);
    case AN_ERROR:
        return s2si_notify_first_error(message, NULL) != 0;
    case A_RESPONDER_SPI:
        return message->header.spi_r != 0;
    default:
        return true;
    }
}

static bool row_fits(const struct row *row, const struct s2si_message *message, const struct census *census)
{
    if (row->exchange != message->header.exchange ||
        row->response != s2si_ike_header_is_response(&message->header)) {
        return false;
    }
    for (size_t i = 0; i < PAYLOADS; i++) {
        if (census->counts[row->payloads[i].type] < row->payloads[i].min) {
            return false;
        }
    }
    return need_met(message, row->need);
}

static uint8_t most(const struct row *row, uint8_t type)
{
    for (size_t i = 0; i < PAYLOADS; i++) {
        if (row->payloads[i].type == type) {
            return row->payloads[i].max;
        }
    }
    return type == S2SI_PAYLOAD_NOTIFY || type == S2SI_PAYLOAD_VENDOR ? MANY : 0;
}

/* @return the first payload type that stands there too often, 0 = none. */
static uint8_t excess(const struct row *row, const struct census *census)
{
    for (uint8_t type = 1; type < TYPES; type++) {
        if (census->counts[type] > most(row, type)) {
            return type;
        }
    }
    return 0;
}

static bool notifies_well_formed(const struct s2si_message *message)
{
    struct s2si_notify_payload notify;
    for (size_t i = 0; i < message->count; i++) {
        if (message->payloads[i].type == S2SI_PAYLOAD_NOTIFY &&
            s2si_notify_decode(&message->payloads[i], &notify) != 0) {
            return false;
        }
    }
    return true;
}

/* Section 1.5: notifies without protection, about a message whose IKE_SA the sender does not know. */
static bool is_unprotected_error(const struct s2si_message *message, const struct census *census)
{
    static const struct row only_notifies = {.payloads = {PAYLOAD(NOTIFY, 1, MANY)}};
    return message->header.exchange >= S2SI_IKE_AUTH && message->header.exchange <= S2SI_INFORMATIONAL &&
           !census->envelope && census->counts[S2SI_PAYLOAD_NOTIFY] != 0 && excess(&only_notifies, census) == 0;
}

static int wrong(struct s2si_message_error *error, uint8_t payload, const char *what)
{
    return s2si_message_fail(error, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX, payload, what);
}

static int match(const struct s2si_message *message, const struct census *census, enum s2si_message_kind *kind,
                 struct s2si_message_error *error)
{
    for (size_t i = 0; i < S2SI_COUNT(ROWS); i++) {
        if (!row_fits(&ROWS[i], message, census)) {
            continue;
        }
        uint8_t type = excess(&ROWS[i], census);
        if (type != 0) {
            return wrong(error, type, "payload not allowed here, or too often");
        }
        *kind = ROWS[i].kind;
        return 0;
    }
    return wrong(error, 0, "a mandatory payload is missing");
}

int s2si_message_check(const struct s2si_message *message, enum s2si_message_kind *kind,
                       struct s2si_message_error *error)
{
    struct census census;
    enum s2si_message_kind found = S2SI_KIND_NONE;
    int result = 0;
    take_census(message, &census);
    if (!notifies_well_formed(message)) {
        result = wrong(error, S2SI_PAYLOAD_NOTIFY, "malformed notify");
    } else if (is_unprotected_error(message, &census)) {
        found = S2SI_KIND_UNPROTECTED_ERROR;
    } else if (census.envelope == (message->header.exchange == S2SI_IKE_SA_INIT)) {
        result = wrong(error, 0, census.envelope ? "IKE_SA_INIT is never encrypted" : "message must be encrypted");
    } else if (census.envelope && census.clear) {
        result = wrong(error, 0, "payload outside of the encrypted one");
    } else {
        result = match(message, &census, &found, error);
    }
    if (kind != NULL) {
        *kind = found;
    }
    return result;
}
