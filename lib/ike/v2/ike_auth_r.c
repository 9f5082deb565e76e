/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_auth_r: the responder's IKE_AUTH (RFC 7296 sections 1.2, 2.15, 2.21.2). Who is not known and who has another key
 * get the same answer after the same work. The answer waits for the CHILD_SA's inbound SA.
 */
#include "lib/ike/v2/state.h"

static void refusal_values(const struct s2si_ike_sa *sa, enum s2si_ike_reason reason, const char *theirs,
                           struct s2si_ike_mismatch *out)
{
    char ours[128];
    if (reason == S2SI_IKE_REASON_ID_MISMATCH)
        s2si_mismatch_values(S2SI_DIFFERS_IDENTITY,
                             s2si_identity_format(sa->peer->config.remote_id, ours, sizeof ours), theirs, out);
    else if (reason == S2SI_IKE_REASON_AUTH_FAILED)
        s2si_mismatch_values(S2SI_DIFFERS_PSK, "not shown", "another one", out);
    else
        memset(out, 0, sizeof *out);
    out->stage = S2SI_STAGE_AUTH;
}

static void refuse(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_ike_reason reason, uint16_t notify,
                   const struct s2si_identity *id)
{
    char text[128] = "";
    if (id != NULL)
        (void)s2si_identity_format(id, text, sizeof text);
    struct s2si_ike_mismatch mismatch;
    refusal_values(sa, reason, text, &mismatch);
    s2si_peer_differs(sa->peer, S2SI_IKE_EV_FAILED, reason, notify, text, &mismatch);
    s2si_say(sa->ike, S2S_LOG_NOTICE, sa->peer, "refused %s: %s", text, s2si_notify_name(notify));
    s2si_respond_notify(sa, slot, S2SI_IKE_AUTH, notify, NULL, 0);
    s2si_sa_linger(sa);
}

/* Only what was there before the new IKE_SA began can be stale; one that crossed with it is settled by nonces. */
static void on_initial_contact(struct s2si_ike_sa *sa)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &sa->peer->sas)
    {
        struct s2si_ike_sa *other = S2SI_CONTAINER(at, struct s2si_ike_sa, peer_node);
        if (other != sa && (other->state & (ST_UP | ST_REKEYED | ST_CLOSING)) != 0 &&
            other->established_at < sa->created) {
            other->close_reason = S2SI_IKE_REASON_REPLACED;
            s2si_sa_down(other, S2SI_IKE_REASON_REPLACED, 0, true);
        }
    }
}

/* The identity decides the peer; without one, the same computation is done with the key of nobody. */
static struct s2si_ike_peer *authenticate(struct s2si_ike_sa *sa, const struct s2si_message *message,
                                          struct s2si_identity *id, enum s2si_ike_reason *reason)
{
    static const uint8_t nobody[32] = {0};
    const struct s2si_payload *idr = s2si_message_find(message, S2SI_PAYLOAD_IDR, 0);
    struct s2si_identity asked;
    struct s2s_span body;
    *reason = S2SI_IKE_REASON_INVALID_SYNTAX;
    if (s2si_id_decode(s2si_message_find(message, S2SI_PAYLOAD_IDI, 0), id, &body) != 0 ||
        (idr != NULL && s2si_id_decode(idr, &asked, NULL) != 0))
        return NULL;
    struct s2si_ike_peer *peer = s2si_peer_by_identity(sa->ike, sa, id, idr != NULL ? &asked : NULL);
    struct s2si_secret key = {(uint8_t *)(uintptr_t)nobody, sizeof nobody};
    bool verified = s2si_verify_auth(sa, message, body, peer != NULL ? &peer->psk : &key);
    *reason = peer == NULL ? S2SI_IKE_REASON_ID_MISMATCH : S2SI_IKE_REASON_AUTH_FAILED;
    if (peer != NULL && !verified)
        sa->peer = peer;
    return verified ? peer : NULL;
}

static int adopt(struct s2si_ike_sa *sa, struct s2si_ike_peer *peer, const struct s2si_identity *id)
{
    if (!s2si_sa_keep_identity(sa, id))
        return S2S_ERR_NO_MEMORY;
    sa->authenticated = true;
    return s2si_sa_attach(sa, peer);
}

/* The CHILD_SA: what was agreed, then its SPI. A refusal is answered beside AUTH and leaves the IKE_SA standing. */
static int begin_child(struct s2si_ike_sa *sa, struct s2si_slot *slot, const struct s2si_message *message)
{
    struct s2si_negotiation *talks = slot->talks;
    talks->notify = s2si_child_choose(sa, talks, message, true);
    if (talks->notify != 0) {
        struct s2si_ike_mismatch mismatch;
        s2si_mismatch_child(&sa->peer->config, message, talks->notify, true, &mismatch);
        s2si_child_differs(sa, talks->notify, "what the peer proposed for the CHILD_SA", &mismatch);
        return S2S_ERR_AGAIN;
    }
    return s2si_talks_child(sa, slot, false);
}

static int respond(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_message_writer writer;
    struct s2si_negotiation *talks = slot->talks;
    struct s2si_child_sa *child = s2si_child_by_id(sa->ike, talks->child);
    s2si_chain_begin(sa, &writer);
    int result = s2si_write_auth(sa, &writer);
    if (result != 0)
        return result;
    if (talks->notify != 0)
        s2si_notify_encode(&writer, talks->notify, NULL, 0);
    else if (child != NULL)
        s2si_child_answer(sa, talks, &writer, true);
    result = s2si_send_response(sa, slot, S2SI_IKE_AUTH, &writer);
    if (result != 0)
        return result;
    talks->child = 0;
    s2si_sa_established(sa, false);
    if (child != NULL)
        s2si_child_answered(child);
    s2si_exchange_end(sa, slot);
    return 0;
}

static void give_up_child(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, enum s2si_ike_reason reason)
{
    struct s2si_child_sa *child = s2si_child_by_id(sa->ike, talks->child);
    if (child != NULL)
        s2si_child_rest(child, reason, false);
    talks->child = 0;
    talks->notify = S2SI_N_NO_ADDITIONAL_SAS;
    s2si_child_failed(sa, reason, talks->notify, "the kernel or memory refused the SA");
}

static void finish(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    if (respond(sa, slot) != 0)
        s2si_sa_free(sa);
}

void s2si_auth_r_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result)
{
    struct s2si_negotiation *talks = slot->talks;
    struct s2si_child_sa *child = s2si_child_by_id(sa->ike, talks->child);
    if (result == 0 && child != NULL && waited == WAIT_SPI) {
        result = s2si_child_take_choice(child, talks);
        if (result == 0) {
            slot->wait = WAIT_INSTALL;
            s2si_child_install(child, true, false);
            return;
        }
    }
    if (result != 0 || child == NULL)
        give_up_child(sa, talks, result == S2S_ERR_NO_MEMORY ? S2SI_IKE_REASON_NO_MEMORY : S2SI_IKE_REASON_KERNEL);
    finish(sa, slot);
}

void s2si_auth_request(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind)
{
    struct s2si_slot *slot = s2si_exchange_accept(sa, TASK_AUTH, message->header.message_id);
    struct s2si_identity id = {0};
    enum s2si_ike_reason reason;
    struct s2si_negotiation *talks = s2si_talks_new(sa, slot);
    if (talks == NULL) {
        s2si_sa_free(sa);
        return;
    }
    if (s2si_message_find(message, S2SI_PAYLOAD_IDI, 0) == NULL ||
        s2si_message_find(message, S2SI_PAYLOAD_AUTH, 0) == NULL) {
        refuse(sa, slot, S2SI_IKE_REASON_AUTH_FAILED, S2SI_N_AUTHENTICATION_FAILED, NULL); /* EAP is not for us */
        return;
    }
    struct s2si_ike_peer *peer = authenticate(sa, message, &id, &reason);
    if (peer == NULL) {
        refuse(sa, slot, reason,
               reason == S2SI_IKE_REASON_INVALID_SYNTAX ? S2SI_N_INVALID_SYNTAX : S2SI_N_AUTHENTICATION_FAILED, &id);
        return;
    }
    int result = s2si_secret_set(sa->ike->mem, &talks->ni, sa->auth->ni.data, sa->auth->ni.length);
    if (result == 0)
        result = s2si_secret_set(sa->ike->mem, &talks->nr, sa->auth->nr.data, sa->auth->nr.length);
    if (result != 0 || adopt(sa, peer, &id) != 0) {
        s2si_sa_free(sa);
        return;
    }
    if (s2si_notify_find(message, S2SI_N_INITIAL_CONTACT, NULL))
        on_initial_contact(sa);
    result = kind == S2SI_KIND_AUTH_REQUEST ? begin_child(sa, slot, message) : S2S_ERR_AGAIN;
    if (result == S2S_ERR_NO_MEMORY)
        give_up_child(sa, talks, S2SI_IKE_REASON_NO_MEMORY);
    if (result != 0)
        finish(sa, slot);
}
