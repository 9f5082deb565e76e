/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_auth: the initiator's IKE_AUTH (RFC 7296 sections 1.2, 2.15, 2.16) by pre-shared key.
 *
 *   HDR, SK {IDi, [IDr,] AUTH, [N(INITIAL_CONTACT),] SAi2, TSi, TSr}  ──>
 *                                   <──  HDR, SK {IDr, AUTH, SAr2, TSi, TSr}
 *                                   <──  HDR, SK {IDr, AUTH, N(no CHILD_SA)}    the IKE_SA stands (section 1.2)
 *                                   <──  HDR, SK {N(AUTHENTICATION_FAILED)}
 *
 * When the responder's AUTH does not verify, it learns so by INFORMATIONAL N(AUTHENTICATION_FAILED) (section 2.21.2).
 */
#include "lib/ike/v2/state.h"

int s2si_auth_compute(struct s2si_ike_sa *sa, bool initiator_side, struct s2s_span id_body,
                      const struct s2si_secret *psk, uint8_t *out, size_t *length)
{
    struct s2si_ike *ike = sa->ike;
    const struct s2si_auth_data *auth = sa->auth;
    const struct s2si_secret *message = initiator_side ? &auth->request : &auth->response;
    const struct s2si_secret *nonce = initiator_side ? &auth->nr : &auth->ni;
    const struct s2si_secret *sk_p = initiator_side ? &sa->keys.pi : &sa->keys.pr;
    struct s2si_auth_octets octets;
    int result = s2si_auth_octets(ike->crypto, sa->suite.prf, (struct s2s_span){message->data, message->length},
                                  (struct s2s_span){nonce->data, nonce->length},
                                  (struct s2s_span){sk_p->data, sk_p->length}, id_body, &octets);
    if (result == 0)
        result = s2si_kdf_psk_auth(ike->crypto, sa->suite.prf, psk, octets.spans, S2SI_COUNT(octets.spans), out);
    *length = sk_p->length; /* SK_p and AUTH both have the PRF's length (section 2.14) */
    s2si_wipe(&octets, sizeof octets);
    return result;
}

void s2si_own_identity(const struct s2si_ike_sa *sa, struct s2si_identity *out)
{
    if (sa->peer->config.local_id->type != S2SI_ID_ANY)
        s2si_identity_get(sa->peer->config.local_id, out);
    else
        s2si_identity_from_addr(&sa->local.addr, out);
}

int s2si_write_auth(struct s2si_ike_sa *sa, struct s2si_message_writer *writer)
{
    struct s2si_identity own;
    uint8_t body[4 + S2SI_ID_LENGTH], auth[S2S_CRYPTO_MAX_HASH];
    size_t length = 0;
    s2si_own_identity(sa, &own);
    s2si_id_encode(writer, sa->initiator ? S2SI_PAYLOAD_IDI : S2SI_PAYLOAD_IDR, &own);
    if (sa->initiator && sa->peer->config.remote_id->type != S2SI_ID_ANY)
        s2si_id_encode(writer, S2SI_PAYLOAD_IDR, sa->peer->config.remote_id);
    struct s2s_span span = {body, s2si_id_body(&own, body)};
    int result = s2si_auth_compute(sa, sa->initiator, span, &sa->peer->psk, auth, &length);
    if (result == 0)
        s2si_auth_encode(writer, S2SI_AUTH_PSK, auth, length);
    s2si_wipe(auth, sizeof auth);
    return result;
}

bool s2si_verify_auth(struct s2si_ike_sa *sa, const struct s2si_message *message, struct s2s_span id_body,
                      const struct s2si_secret *psk)
{
    struct s2si_auth given;
    uint8_t wanted[S2S_CRYPTO_MAX_HASH];
    size_t length = 0;
    if (s2si_auth_decode(s2si_message_find(message, S2SI_PAYLOAD_AUTH, 0), &given) != 0 ||
        s2si_auth_compute(sa, !sa->initiator, id_body, psk, wanted, &length) != 0)
        return false;
    bool equal = given.method == S2SI_AUTH_PSK && given.data.length == length &&
                 s2si_equal_secret(given.data.data, wanted, length) && psk->length != 0; /* none is not an empty one */
    s2si_wipe(wanted, sizeof wanted);
    return equal;
}

/* ---- request ---- */

static int copy_nonces(struct s2si_ike_sa *sa, struct s2si_negotiation *talks)
{
    struct s2si_mem *mem = sa->ike->mem;
    int result = s2si_secret_set(mem, &talks->ni, sa->auth->ni.data, sa->auth->ni.length);
    return result != 0 ? result : s2si_secret_set(mem, &talks->nr, sa->auth->nr.data, sa->auth->nr.length);
}

int s2si_talks_child(struct s2si_ike_sa *sa, struct s2si_slot *slot, bool initiator)
{
    struct s2si_child_sa *child = s2si_child_new(sa, initiator);
    if (child == NULL)
        return S2S_ERR_NO_MEMORY;
    slot->talks->child = slot->op = child->data.id;
    child->replaces = slot->talks->old;
    slot->wait = WAIT_SPI;
    int result = s2si_output_spi(sa->ike, child->data.owner, child->data.id);
    if (result != 0)
        slot->wait = WAIT_NOTHING;
    return result;
}

void s2si_auth_start(struct s2si_ike_sa *sa)
{
    struct s2si_slot *slot = s2si_exchange_begin(sa, TASK_AUTH);
    struct s2si_negotiation *talks = s2si_talks_new(sa, slot);
    int result = talks == NULL ? S2S_ERR_NO_MEMORY : copy_nonces(sa, talks);
    sa->state = ST_AUTH_I;
    if (result == 0)
        result = s2si_talks_child(sa, slot, true);
    if (result != 0)
        s2si_sa_down(sa, S2SI_IKE_REASON_NO_MEMORY, 0, false);
}

/* Only one IKE_SA between the two identities: no other of this peer, no other peer that shares the pair (section 2.4).
 */
static bool initial_contact(const struct s2si_ike_sa *sa)
{
    return s2si_peer_established(sa->peer) == NULL && s2si_peer_unique_identity(sa->peer);
}

static int send_request(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_message_writer writer;
    s2si_chain_begin(sa, &writer);
    int result = s2si_write_auth(sa, &writer);
    if (result != 0)
        return result;
    if (initial_contact(sa))
        s2si_notify_encode(&writer, S2SI_N_INITIAL_CONTACT, NULL, 0);
    s2si_child_offer(sa, slot->talks, &writer, true);
    return s2si_send_request(sa, slot, S2SI_IKE_AUTH, &writer);
}

void s2si_auth_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result)
{
    (void)waited;
    if (result == 0)
        result = send_request(sa, slot);
    if (result != 0)
        s2si_sa_down(sa, result == S2S_ERR_KERNEL ? S2SI_IKE_REASON_KERNEL : S2SI_IKE_REASON_NO_MEMORY, 0, false);
}

/* ---- response ---- */

/* The responder holds an IKE_SA that we do not believe in: tell it, then forget. */
static void refuse_responder(struct s2si_ike_sa *sa, enum s2si_ike_reason reason, const char *detail)
{
    struct s2si_ike_mismatch mismatch = {0};
    char ours[128];
    struct s2si_ike_peer *peer = sa->peer;
    s2si_exchange_abort(sa, &sa->mine);
    if (reason == S2SI_IKE_REASON_ID_MISMATCH)
        s2si_mismatch_values(S2SI_DIFFERS_IDENTITY, s2si_identity_format(peer->config.remote_id, ours, sizeof ours),
                             detail, &mismatch);
    else if (reason == S2SI_IKE_REASON_AUTH_FAILED)
        s2si_mismatch_values(S2SI_DIFFERS_PSK, "not shown", "another one", &mismatch);
    mismatch.stage = S2SI_STAGE_AUTH;
    s2si_peer_differs(peer, S2SI_IKE_EV_FAILED, reason, 0, detail, &mismatch);
    sa->state = ST_CLOSING;
    sa->want_delete = true;
    sa->failure = S2SI_N_AUTHENTICATION_FAILED;
    sa->close_reason = reason;
    s2si_list_remove(&sa->peer_node);
    s2si_list_init(&sa->peer_node);
    s2si_exchange_next(sa);
    s2si_peer_attempt_failed(peer, reason, 0);
}

/* @return whether the responder is who it should be; otherwise it was dealt with. */
static bool believe(struct s2si_ike_sa *sa, const struct s2si_message *message)
{
    struct s2si_identity id;
    struct s2s_span body;
    char text[128];
    if (s2si_id_decode(s2si_message_find(message, S2SI_PAYLOAD_IDR, 0), &id, &body) != 0) {
        refuse_responder(sa, S2SI_IKE_REASON_INVALID_SYNTAX, "malformed IDr");
        return false;
    }
    if (!s2si_identity_matches(sa->peer->config.remote_id, &id)) {
        refuse_responder(sa, S2SI_IKE_REASON_ID_MISMATCH, s2si_identity_format(&id, text, sizeof text));
        return false;
    }
    if (!s2si_verify_auth(sa, message, body, &sa->peer->psk)) {
        refuse_responder(sa, S2SI_IKE_REASON_AUTH_FAILED, "the peer's AUTH does not verify: pre-shared keys differ");
        return false;
    }
    if (!s2si_sa_keep_identity(sa, &id)) {
        s2si_sa_down(sa, S2SI_IKE_REASON_NO_MEMORY, 0, false);
        return false;
    }
    return true;
}

static void child_of_auth(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, const struct s2si_message *message,
                          enum s2si_message_kind kind)
{
    struct s2si_child_sa *child = s2si_child_by_id(sa->ike, talks->child);
    uint16_t notify = kind == S2SI_KIND_AUTH_RESPONSE ? 0 : s2si_notify_first_error(message, NULL);
    if (kind != S2SI_KIND_AUTH_RESPONSE) {
        talks->child = 0;
        s2si_child_rest(child, S2SI_IKE_REASON_NONE, false);
        struct s2si_ike_mismatch mismatch;
        s2si_mismatch_child(&sa->peer->config, NULL, notify, true, &mismatch);
        s2si_child_differs(sa, notify, s2si_notify_name(notify), &mismatch);
        return;
    }
    notify = s2si_child_accept(sa, talks, message, true);
    if (notify == 0) /* an error beside all of it: there is no CHILD_SA (section 3.10.1) */
        notify = s2si_notify_first_error(message, NULL);
    talks->child = 0;
    if (notify == 0 && s2si_child_derive(child, talks) != 0)
        notify = S2SI_N_NO_ADDITIONAL_SAS;
    if (notify != 0) { /* the responder has it already */
        s2si_child_close(child);
        s2si_child_failed(sa, s2si_reason_of(notify), notify, "the answer does not fit what we proposed");
        return;
    }
    s2si_child_install(child, true, true);
}

void s2si_auth_response(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind)
{
    struct s2si_negotiation *talks = sa->mine.talks;
    if (kind == S2SI_KIND_AUTH_ERROR) {
        uint16_t notify = s2si_notify_first_error(message, NULL);
        enum s2si_ike_reason reason = s2si_reason_of(notify);
        s2si_say(sa->ike, S2S_LOG_NOTICE, sa->peer, "peer refused: %s", s2si_notify_name(notify));
        s2si_sa_down(sa, reason, notify, false);
        return;
    }
    sa->next_out = 2;
    if (!believe(sa, message))
        return;
    s2si_sa_established(sa, false);
    if (sa->state == ST_UP)
        child_of_auth(sa, talks, message, kind);
    s2si_exchange_abort(sa, &sa->mine);
}
