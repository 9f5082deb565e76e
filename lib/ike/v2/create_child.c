/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create_child: CREATE_CHILD_SA for a new CHILD_SA and, with N(REKEY_SA), for the successor of one (RFC 7296 sections
 * 1.3.1, 1.3.3, 2.8, 2.17).
 *
 *   HDR, SK {[N(REKEY_SA),] SA, Ni, [KEi,] TSi, TSr}  ──>
 *                                   <──  HDR, SK {SA, Nr, [KEr,] TSi, TSr}
 *
 * What each end waits for:
 *   initiator  SPI ─ [DH] ─ answer ─ [DH] ─ install both ─ (rekey: DELETE of the old one, rekey_child.c)
 *   responder  SPI ─ [DH] ─ install inbound ─ answer leaves ─ outbound (rekey: after the DELETE of the old one)
 */
#include <stdio.h>

#include "lib/ike/v2/state.h"

#define SECONDS(n) ((s2s_time)(n)*S2S_SECOND)

/* ---- initiator ---- */

bool s2si_create_child_start(struct s2si_ike_sa *sa, struct s2si_child_sa *old)
{
    struct s2si_slot *slot = s2si_exchange_begin(sa, old != NULL ? TASK_CHILD_REKEY : TASK_CHILD_NEW);
    struct s2si_negotiation *talks = s2si_talks_new(sa, slot);
    int result = talks == NULL ? S2S_ERR_NO_MEMORY : s2si_nonce_draw(sa, &talks->ni);
    if (result == 0) {
        talks->old = old != NULL ? old->data.id : 0;
        talks->group = s2si_first_group(sa->peer->config.esp);
        result = s2si_talks_child(sa, slot, true);
    }
    if (result == 0)
        return true;
    s2si_exchange_abort(sa, slot);
    s2si_child_try_again(sa, old, SECONDS(5));
    return false;
}

/* The same wish again after a pause: a rekey, or a CHILD_SA that is missing. */
void s2si_child_try_again(struct s2si_ike_sa *sa, struct s2si_child_sa *old, s2s_time pause)
{
    if (old == NULL)
        s2si_peer_child_wanted(sa->peer, true);
    else if (old->state == CH_UP)
        s2si_deadline_set(sa->ike, &old->deadlines, AT_CHILD_REKEY,
                          sa->ike->now + s2si_jitter_down(sa->ike, pause, 50));
}

static int send_request(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_message_writer writer;
    struct s2si_negotiation *talks = slot->talks;
    struct s2si_child_sa *old = s2si_child_by_id(sa->ike, talks->old);
    s2si_chain_begin(sa, &writer);
    if (talks->old != 0)
        s2si_notify_encode_spi(&writer, S2SI_PROTOCOL_ESP, old->data.spi_in, S2SI_N_REKEY_SA, NULL, 0);
    s2si_child_offer(sa, talks, &writer, false);
    return s2si_send_request(sa, slot, S2SI_CREATE_CHILD_SA, &writer);
}

static bool deleted_already(const struct s2si_negotiation *talks, uint32_t spi)
{
    for (size_t i = 0; i < talks->deleted_count; i++) {
        if (talks->deleted[i] == spi)
            return true;
    }
    return false;
}

static int finish(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_negotiation *talks = slot->talks;
    struct s2si_child_sa *child = s2si_child_by_id(sa->ike, talks->child);
    if (child != NULL && deleted_already(talks, child->data.spi_out)) {
        struct s2si_child_sa *old = s2si_child_by_id(sa->ike, talks->old);
        s2si_exchange_abort(sa, slot);
        s2si_child_try_again(sa, old, SECONDS(4));
        return 0;
    }
    int result = child == NULL ? S2S_ERR_STATE : s2si_child_derive(child, talks);
    if (result != 0)
        return result;
    talks->child = 0;
    if (talks->old != 0)
        s2si_rekey_child_settle(sa, talks, child);
    else
        s2si_child_install(child, true, true);
    s2si_exchange_end(sa, slot);
    return 0;
}

/* Before the request left: nothing has happened. After the answer: the peer has the SA and must hear DELETE. */
static void failed(struct s2si_ike_sa *sa, struct s2si_slot *slot, bool answered, enum s2si_ike_reason reason)
{
    struct s2si_child_sa *child = s2si_child_by_id(sa->ike, slot->talks->child);
    struct s2si_child_sa *old = s2si_child_by_id(sa->ike, slot->talks->old);
    if (answered && child != NULL) {
        slot->talks->child = 0;
        child->replaces = 0;
        s2si_child_close(child);
    }
    s2si_exchange_abort(sa, slot);
    s2si_peer_event(sa->peer, S2SI_IKE_EV_CHILD_FAILED, reason, 0,
                    s2si_task_name(old != NULL ? TASK_CHILD_REKEY : TASK_CHILD_NEW));
    s2si_child_try_again(sa, old, SECONDS(10));
}

/* Whether what was wished for still makes sense after a wait. */
static bool still_wanted(const struct s2si_ike_sa *sa, const struct s2si_negotiation *talks)
{
    const struct s2si_child_sa *old = s2si_child_by_id(sa->ike, talks->old);
    return sa->state == ST_UP && (talks->old == 0 || (old != NULL && old->state == CH_UP && old->sa == sa));
}

void s2si_create_child_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result)
{
    struct s2si_negotiation *talks = slot->talks;
    if (waited == WAIT_SHARED) {
        if (result == 0)
            result = finish(sa, slot);
        if (result != 0)
            failed(sa, slot, true, S2SI_IKE_REASON_INVALID_KE);
        return;
    }
    if (result == 0 && !still_wanted(sa, talks)) {
        s2si_exchange_abort(sa, slot);
        return;
    }
    if (result == 0 && waited == WAIT_SPI && talks->group != S2S_ALG_NONE)
        result = s2si_job_start(sa, slot, JOB_PUBLIC);
    else if (result == 0)
        result = send_request(sa, slot);
    if (result != 0)
        failed(sa, slot, false, result == S2S_ERR_KERNEL ? S2SI_IKE_REASON_KERNEL : S2SI_IKE_REASON_NO_MEMORY);
}

/* INVALID_KE_PAYLOAD: the same with the group that the peer named, if we propose it (section 1.3). */
static bool other_group(struct s2si_ike_sa *sa, const struct s2si_notify_payload *notify)
{
    struct s2si_slot *slot = &sa->mine;
    struct s2si_negotiation *talks = slot->talks;
    enum s2s_algorithm group = s2si_group_algorithm(notify->data.length == 2 ? s2si_get_u16(notify->data.data) : 0);
    if (talks->retries >= S2SI_INIT_RETRIES || group == talks->group ||
        !s2si_offers_group(sa->peer->config.esp, group))
        return false;
    talks->retries++;
    talks->group = group;
    slot->id = sa->next_out;
    s2si_packet_drop(sa->ike, slot->packet);
    slot->packet = NULL;
    s2si_crypto_exchange_free(sa->ike->crypto, talks->dh);
    talks->dh = NULL;
    return s2si_job_start(sa, slot, JOB_PUBLIC) == 0;
}

static void tell_refusal(struct s2si_ike_sa *sa, uint16_t type)
{
    struct s2si_ike_mismatch mismatch;
    s2si_mismatch_child(&sa->peer->config, NULL, type, false, &mismatch);
    s2si_child_differs(sa, type, s2si_notify_name(type), &mismatch);
}

static void refused(struct s2si_ike_sa *sa, const struct s2si_message *message)
{
    struct s2si_notify_payload notify = {0};
    uint16_t type = s2si_notify_first_error(message, &notify);
    struct s2si_child_sa *old = s2si_child_by_id(sa->ike, sa->mine.talks->old);
    enum s2si_verdict verdict = s2si_verdict_of(type);
    if (verdict == VERDICT_OTHER_GROUP && other_group(sa, &notify))
        return;
    bool rival = sa->mine.talks->rival != 0;
    s2si_exchange_abort(sa, &sa->mine);
    if (verdict == VERDICT_FATAL) {
        s2si_sa_close(sa, s2si_reason_of(type));
        s2si_peer_lost(sa->peer, false);
    } else if (verdict == VERDICT_LATER) {
        s2si_child_try_again(sa, old, SECONDS(4));
    } else if (verdict == VERDICT_UNKNOWN_CHILD && old != NULL && old->state == CH_UP && !rival) {
        s2si_child_rest(old, S2SI_IKE_REASON_PEER_DELETE, false);
        sa->want_child = !s2si_peer_has_child(sa->peer); /* a second one beside a good one would never go away */
        s2si_exchange_next(sa);
    } else if (verdict == VERDICT_REAUTHENTICATE) {
        tell_refusal(sa, type);
        if (old != NULL)
            s2si_sa_reauthenticate(sa);
    } else {
        tell_refusal(sa, type);
        if (old != NULL)
            s2si_child_try_again(sa, old, SECONDS(15));
    }
}

static void answered(struct s2si_ike_sa *sa, const struct s2si_message *message)
{
    struct s2si_slot *slot = &sa->mine;
    struct s2si_negotiation *talks = slot->talks;
    struct s2s_span nonce;
    uint16_t notify = S2SI_N_INVALID_SYNTAX;
    if (s2si_child_by_id(sa->ike, talks->child) == NULL) { /* let go meanwhile: the DELETE of the IKE_SA comes next */
        s2si_exchange_abort(sa, slot);
        return;
    }
    if (s2si_nonce_decode(s2si_message_find(message, S2SI_PAYLOAD_NONCE, 0), &nonce) == 0 &&
        s2si_secret_set(sa->ike->mem, &talks->nr, nonce.data, nonce.length) == 0)
        notify = s2si_child_accept(sa, talks, message, false);
    if (notify == 0) /* an error beside all of it: the request failed (section 3.10.1) */
        notify = s2si_notify_first_error(message, NULL);
    int result = notify == 0 ? 0 : S2S_ERR_UNEXPECTED;
    if (result == 0)
        result = talks->group != S2S_ALG_NONE ? s2si_job_start(sa, slot, JOB_SHARED) : finish(sa, slot);
    if (result != 0)
        failed(sa, slot, true, s2si_reason_of(notify));
}

void s2si_create_child_response(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind)
{
    if (sa->mine.task == TASK_IKE_REKEY)
        s2si_rekey_ike_response(sa, message, kind);
    else if (sa->mine.task != TASK_CHILD_NEW && sa->mine.task != TASK_CHILD_REKEY)
        return;
    else if (kind == S2SI_KIND_CHILD_RESPONSE)
        answered(sa, message);
    else
        refused(sa, message);
}

/* ---- responder ---- */

static void refuse(struct s2si_ike_sa *sa, struct s2si_slot *slot, uint16_t notify)
{
    uint8_t group[2];
    bool other = notify == S2SI_N_INVALID_KE_PAYLOAD;
    if (other)
        s2si_put_u16(group, s2si_group_number(slot->talks->suite.group));
    s2si_exchange_abort_child(sa, slot);
    s2si_respond_notify(sa, slot, S2SI_CREATE_CHILD_SA, notify, other ? group : NULL, other ? sizeof group : 0);
}

static uint16_t begin(struct s2si_ike_sa *sa, struct s2si_slot *slot, const struct s2si_message *message)
{
    struct s2si_negotiation *talks = slot->talks;
    struct s2s_span nonce;
    if (s2si_nonce_decode(s2si_message_find(message, S2SI_PAYLOAD_NONCE, 0), &nonce) != 0)
        return S2SI_N_INVALID_SYNTAX;
    uint16_t notify = s2si_child_choose(sa, talks, message, false);
    if (notify == S2SI_N_NO_PROPOSAL_CHOSEN || notify == S2SI_N_TS_UNACCEPTABLE) {
        struct s2si_ike_mismatch mismatch;
        s2si_mismatch_child(&sa->peer->config, message, notify, false, &mismatch);
        s2si_peer_differs(sa->peer, S2SI_IKE_EV_CHILD_FAILED, s2si_reason_of(notify), notify,
                          "what the peer proposed for the CHILD_SA", &mismatch);
    }
    if (notify != 0)
        return notify;
    if (s2si_list_count(&sa->children) >= sa->ike->limits.children)
        return S2SI_N_NO_ADDITIONAL_SAS;
    if (s2si_secret_set(sa->ike->mem, &talks->ni, nonce.data, nonce.length) != 0 ||
        s2si_nonce_draw(sa, &talks->nr) != 0 || s2si_talks_child(sa, slot, false) != 0)
        return S2SI_N_TEMPORARY_FAILURE;
    return 0;
}

/* The CHILD_SA named by REKEY_SA: the SPI is the one that the sender receives on, our outbound one (section 1.3.3). */
static uint16_t find_old(struct s2si_ike_sa *sa, const struct s2si_notify_payload *rekey, struct s2si_child_sa **old)
{
    if (rekey->spi.length != 4)
        return S2SI_N_INVALID_SYNTAX;
    *old = rekey->protocol == S2SI_PROTOCOL_ESP ? s2si_child_by_spi_out(sa, s2si_get_u32(rekey->spi.data)) : NULL;
    return *old == NULL ? S2SI_N_CHILD_SA_NOT_FOUND : 0;
}

static void not_found(struct s2si_ike_sa *sa, struct s2si_slot *slot, const struct s2si_notify_payload *rekey)
{
    struct s2si_message_writer writer;
    s2si_chain_begin(sa, &writer);
    s2si_notify_encode_spi(&writer, S2SI_PROTOCOL_ESP, s2si_get_u32(rekey->spi.data), S2SI_N_CHILD_SA_NOT_FOUND, NULL,
                           0);
    (void)s2si_send_response(sa, slot, S2SI_CREATE_CHILD_SA, &writer);
    s2si_exchange_end(sa, slot);
}

void s2si_create_child_request(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind)
{
    struct s2si_notify_payload rekey;
    struct s2si_child_sa *old = NULL;
    if (kind == S2SI_KIND_REKEY_IKE_REQUEST) {
        s2si_rekey_ike_request(sa, message);
        return;
    }
    bool rekeys = s2si_notify_find(message, S2SI_N_REKEY_SA, &rekey);
    struct s2si_slot *slot =
        s2si_exchange_accept(sa, rekeys ? TASK_CHILD_REKEY : TASK_CHILD_NEW, message->header.message_id);
    uint16_t notify = rekeys ? find_old(sa, &rekey, &old) : 0;
    if (notify == 0)
        notify = s2si_collision_refuses(sa, slot->task, old);
    if (notify == S2SI_N_CHILD_SA_NOT_FOUND) {
        not_found(sa, slot, &rekey);
        return;
    }
    if (notify == 0 && s2si_talks_new(sa, slot) == NULL)
        notify = S2SI_N_TEMPORARY_FAILURE;
    if (notify == 0) {
        slot->talks->old = old != NULL ? old->data.id : 0;
        notify = begin(sa, slot, message);
    }
    if (notify != 0) {
        s2si_say(sa->ike, S2S_LOG_INFO, sa->peer, "refused a CHILD_SA: %s", s2si_notify_name(notify));
        refuse(sa, slot, notify);
    }
}

static int respond(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_message_writer writer;
    struct s2si_negotiation *talks = slot->talks;
    struct s2si_child_sa *child = s2si_child_by_id(sa->ike, talks->child);
    s2si_chain_begin(sa, &writer);
    s2si_child_answer(sa, talks, &writer, false);
    int result = s2si_send_response(sa, slot, S2SI_CREATE_CHILD_SA, &writer);
    if (result != 0)
        return result;
    talks->child = 0;
    if (talks->old != 0)
        s2si_rekey_child_answered(sa, talks->old, child);
    else
        s2si_child_answered(child);
    s2si_exchange_end(sa, slot);
    return 0;
}

static int install(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_child_sa *child = s2si_child_by_id(sa->ike, slot->talks->child);
    int result = child == NULL ? S2S_ERR_STATE : s2si_child_take_choice(child, slot->talks);
    if (result != 0)
        return result;
    slot->wait = WAIT_INSTALL;
    s2si_child_install(child, true, false);
    return 0;
}

void s2si_create_child_r_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result)
{
    if (sa->state != ST_UP) { /* we began to close it meanwhile */
        refuse(sa, slot, S2SI_N_TEMPORARY_FAILURE);
        return;
    }
    if (result == 0 && waited == WAIT_SPI && slot->talks->group != S2S_ALG_NONE)
        result = s2si_job_start(sa, slot, JOB_BOTH);
    else if (result == 0 && waited != WAIT_INSTALL)
        result = install(sa, slot);
    else if (result == 0)
        result = respond(sa, slot);
    if (result == 0)
        return;
    s2si_say(sa->ike, S2S_LOG_WARNING, sa->peer, "CHILD_SA of the peer failed here: %s", s2s_strerror(result));
    refuse(sa, slot,
           result == S2S_ERR_MALFORMED ? S2SI_N_INVALID_SYNTAX
           : slot->talks->old != 0     ? S2SI_N_TEMPORARY_FAILURE
                                       : S2SI_N_NO_ADDITIONAL_SAS);
}
