/* SPDX-License-Identifier: Apache-2.0 */
/* ike_decode: runs the decoder of each payload of a parsed message, as the state machine would; what they promise is
   checked, also in release builds. */
#ifndef TEST_IKE_DECODE_H
#define TEST_IKE_DECODE_H

#include <stdlib.h>

#include "lib/ike/v2/message_rules.h"
#include "lib/ike/v2/payload.h"
#include "lib/ike/v2/ts.h"

static inline void promise(bool kept)
{
    if (!kept) {
        abort();
    }
}

static inline void decode_sa(const struct s2si_payload *payload)
{
    struct s2si_proposal_list list;
    char text[256];
    if (s2si_sa_decode(payload, &list) != 0) {
        return;
    }
    promise(list.count > 0 && list.count <= S2SI_PROPOSALS);
    for (size_t i = 0; i < list.count; i++) {
        s2si_proposal_format(&list.items[i], text, sizeof(text));
    }
}

static inline void decode_id(const struct s2si_payload *payload)
{
    struct s2si_identity id;
    struct s2s_span whole;
    char text[64];
    if (s2si_id_decode(payload, &id, &whole) != 0) {
        return;
    }
    s2si_identity_format(&id, text, sizeof(text));
    for (const char *c = text; *c != '\0'; c++) {
        promise(*c >= 0x20 && *c < 0x7f);
    }
}

static inline void decode_delete(const struct s2si_payload *payload)
{
    struct s2si_delete delete;
    if (s2si_delete_decode(payload, &delete) != 0) {
        return;
    }
    promise(delete.protocol != S2SI_PROTOCOL_IKE || delete.count == 0);
    for (size_t i = 0; i < delete.count; i++) {
        s2si_delete_spi(&delete, i);
    }
}

static inline void decode_payload(const struct s2si_payload *payload)
{
    struct s2si_ke ke;
    struct s2si_auth auth;
    struct s2s_span nonce;
    struct s2si_notify_payload notify;
    struct s2si_ts_list ts;
    switch (payload->type) {
    case S2SI_PAYLOAD_SA:
        decode_sa(payload);
        break;
    case S2SI_PAYLOAD_KE:
        promise(s2si_ke_decode(payload, &ke) != 0 || ke.data.length != 0);
        break;
    case S2SI_PAYLOAD_IDI:
    case S2SI_PAYLOAD_IDR:
        decode_id(payload);
        break;
    case S2SI_PAYLOAD_AUTH:
        promise(s2si_auth_decode(payload, &auth) != 0 || auth.data.length != 0);
        break;
    case S2SI_PAYLOAD_NONCE:
        promise(s2si_nonce_decode(payload, &nonce) != 0 || (nonce.length >= 16 && nonce.length <= 256));
        break;
    case S2SI_PAYLOAD_NOTIFY:
        promise(s2si_notify_decode(payload, &notify) != 0 || notify.spi.length == 0 || notify.spi.length == 4);
        break;
    case S2SI_PAYLOAD_DELETE:
        decode_delete(payload);
        break;
    case S2SI_PAYLOAD_TSI:
    case S2SI_PAYLOAD_TSR:
        promise(s2si_ts_decode(payload, &ts) != 0 || ts.count + ts.skipped > 0);
        break;
    default:
        break;
    }
}

/* Rules and decoders over a message that parsed; inner payloads lie in [data, data + length). */
static inline void decode_message(const struct s2si_message *message)
{
    enum s2si_message_kind kind;
    struct s2si_message_error error = {0};
    int result = s2si_message_check(message, &kind, &error);
    promise(message->count <= S2SI_MESSAGE_PAYLOADS);
    promise((result == 0) == (kind != S2SI_KIND_NONE));
    promise(result == 0 || error.notify == S2SI_N_INVALID_SYNTAX);
    for (size_t i = 0; i < message->count; i++) {
        promise(message->payloads[i].known || !message->payloads[i].critical);
        decode_payload(&message->payloads[i]);
    }
}

#endif
