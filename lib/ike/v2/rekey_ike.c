/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rekey_ike: a new IKE_SA from the old one (RFC 7296 sections 1.3.2, 2.8, 2.8.2, 2.18, 2.25.2).
 *
 *   HDR, SK {SA, Ni, KEi}  ──>
 *                          <──  HDR, SK {SA, Nr, KEr}     the responder's CHILD_SAs move to the new IKE_SA
 *   CHILD_SAs move
 *   HDR(old), SK {D}       ──>
 *
 * When both ends rekey at once, the CHILD_SAs stay until the four nonces are known: the new IKE_SA with the lowest one
 * is deleted by who started it, the other end deletes the old one. A peer that deletes the old IKE_SA has decided
 * already.
 */
#include "lib/ike/v2/state.h"

#define SECONDS(n) ((s2s_time)(n)*S2S_SECOND)
#define TRY_AGAIN SECONDS(8)   /* after TEMPORARY_FAILURE */
#define TRY_LATER SECONDS(120) /* after any other refusal */
#define RIVAL_TIME SECONDS(20) /* the loser's DELETE is overdue */

static void list_for(const struct s2si_ike_sa *sa, uint64_t spi, struct s2si_proposal_list *out)
{
    s2si_proposal_list_copy(out, sa->peer->config.ike);
    for (uint8_t i = 0; i < out->count; i++) {
        out->items[i].protocol = S2SI_PROTOCOL_IKE;
        out->items[i].number = (uint8_t)(i + 1);
        out->items[i].spi_length = 8;
        s2si_put_u64(out->items[i].spi, spi);
    }
}

static int draw_spi(struct s2si_ike *ike, uint64_t *spi)
{
    uint8_t bytes[8] = {0};
    int result = s2si_crypto_random(ike->crypto, bytes, sizeof bytes);
    *spi = s2si_get_u64(bytes);
    if (result == 0 && (*spi == 0 || s2si_map_get(&ike->by_spi, spi, sizeof *spi) != NULL))
        result = S2S_ERR_CRYPTO;
    return result;
}

/* The IKE_SA that the exchange made; it inherits where and with whom. */
static struct s2si_ike_sa *make(struct s2si_ike_sa *old, struct s2si_negotiation *talks, bool initiator)
{
    struct s2si_ike_sa *sa = s2si_sa_new(old->ike, old->peer, initiator);
    if (sa == NULL)
        return NULL;
    sa->local = old->local;
    sa->remote = old->remote;
    sa->nat_local = old->nat_local;
    sa->nat_remote = old->nat_remote;
    sa->natt = old->natt;
    sa->fragmentation = old->fragmentation;
    sa->path_size = old->path_size;
    sa->spi_i = initiator ? 0 : talks->peer_spi64;
    sa->spi_r = initiator ? talks->peer_spi64 : 0;
    bool known = old->peer_id == NULL || s2si_sa_keep_identity(sa, old->peer_id);
    if (!known || s2si_sa_set_own_spi(sa, talks->spi) != 0 || s2si_sa_derive(sa, talks, old) != 0) {
        s2si_sa_free(sa);
        return NULL;
    }
    (void)s2si_sa_attach(sa, old->peer);
    return sa;
}

/* ---- initiator ---- */

static void try_again(struct s2si_ike_sa *sa, s2s_time pause)
{
    if (sa->state == ST_UP)
        s2si_deadline_set(sa->ike, &sa->deadlines, AT_REKEY, sa->ike->now + s2si_jitter_down(sa->ike, pause, 50));
}

bool s2si_rekey_ike_start(struct s2si_ike_sa *sa)
{
    struct s2si_slot *slot;
    if (sa->theirs.task != TASK_NONE) { /* an exchange of the peer's is in work: it would be cut off */
        s2si_deadline_set(sa->ike, &sa->deadlines, AT_REKEY, sa->ike->now + S2S_SECOND);
        return false;
    }
    slot = s2si_exchange_begin(sa, TASK_IKE_REKEY);
    struct s2si_negotiation *talks = s2si_talks_new(sa, slot);
    int result = talks == NULL ? S2S_ERR_NO_MEMORY : s2si_nonce_draw(sa, &talks->ni);
    if (result == 0)
        result = draw_spi(sa->ike, &talks->spi);
    if (result == 0) {
        talks->group = s2si_offers_group(sa->peer->config.ike, sa->suite.group)
                           ? sa->suite.group
                           : s2si_first_group(sa->peer->config.ike);
        result = s2si_job_start(sa, slot, JOB_PUBLIC);
    }
    if (result == 0)
        return true;
    s2si_exchange_abort(sa, slot);
    try_again(sa, TRY_AGAIN);
    return false;
}

static int send_request(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_message_writer writer;
    struct s2si_proposal_list list;
    const struct s2si_negotiation *talks = slot->talks;
    list_for(sa, talks->spi, &list);
    s2si_chain_begin(sa, &writer);
    s2si_sa_encode(&writer, &list);
    s2si_nonce_encode(&writer, talks->ni.data, talks->ni.length);
    s2si_ke_encode(&writer, talks->group, talks->ke.data, talks->ke.length);
    return s2si_send_request(sa, slot, S2SI_CREATE_CHILD_SA, &writer);
}

/* The peer's new IKE_SA has lost: it deletes it itself, in time. */
static void rival_lost(struct s2si_ike *ike, uint64_t id, const struct s2si_ike_sa *winner)
{
    struct s2si_ike_sa *rival = s2si_sa_by_id(ike, id);
    if (rival == NULL || rival->state != ST_UP)
        return;
    rival->redundant_of = winner->id;
    s2si_deadline_set(ike, &rival->deadlines, AT_LIMIT, ike->now + RIVAL_TIME);
}

static int finish(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_negotiation *talks = slot->talks;
    struct s2si_ike_sa *made = make(sa, talks, true);
    if (made == NULL)
        return S2S_ERR_NO_MEMORY;
    uint64_t rival = talks->rival;
    bool lost = rival != 0 && s2si_lowest_compare(&made->lowest, &talks->rival_lowest) < 0;
    s2si_exchange_end(sa, slot);
    if (lost) {
        struct s2si_ike_sa *winner = s2si_sa_by_id(sa->ike, rival);
        s2si_sa_in_waiting(made);
        s2si_sa_close(made, S2SI_IKE_REASON_REPLACED);
        if (winner != NULL && winner->state == ST_UP) {
            s2si_sa_move_children(sa, winner);
            s2si_sa_established(winner, true);
        }
        return 0;
    }
    s2si_sa_move_children(sa, made);
    s2si_sa_established(made, true);
    rival_lost(sa->ike, rival, made);
    s2si_sa_close(sa, S2SI_IKE_REASON_NONE);
    return 0;
}

/* The exchange failed; if the peer's own rekey went through meanwhile, that one it is. */
static void failed(struct s2si_ike_sa *sa, s2s_time pause)
{
    struct s2si_ike_sa *rival = sa->mine.talks != NULL ? s2si_sa_by_id(sa->ike, sa->mine.talks->rival) : NULL;
    s2si_exchange_abort(sa, &sa->mine);
    if (rival != NULL && rival->state == ST_UP) {
        s2si_sa_move_children(sa, rival);
        s2si_sa_established(rival, true);
        return;
    }
    try_again(sa, pause);
}

void s2si_rekey_ike_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result)
{
    if (result == 0 && sa->state != ST_UP)
        result = S2S_ERR_STATE;
    if (result == 0)
        result = waited == WAIT_PUBLIC ? send_request(sa, slot) : finish(sa, slot);
    if (result != 0)
        failed(sa, TRY_AGAIN);
}

static bool other_group(struct s2si_ike_sa *sa, const struct s2si_notify_payload *notify)
{
    struct s2si_slot *slot = &sa->mine;
    struct s2si_negotiation *talks = slot->talks;
    enum s2s_algorithm group = s2si_group_algorithm(notify->data.length == 2 ? s2si_get_u16(notify->data.data) : 0);
    if (talks->retries >= S2SI_INIT_RETRIES || group == talks->group ||
        !s2si_offers_group(sa->peer->config.ike, group))
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

static int read_answer(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, const struct s2si_message *message)
{
    struct s2si_proposal_list ours, answer;
    struct s2s_span nonce;
    struct s2si_ke ke;
    list_for(sa, talks->spi, &ours);
    if (s2si_sa_decode(s2si_message_find(message, S2SI_PAYLOAD_SA, 0), &answer) != 0 ||
        s2si_ke_decode(s2si_message_find(message, S2SI_PAYLOAD_KE, 0), &ke) != 0 ||
        s2si_nonce_decode(s2si_message_find(message, S2SI_PAYLOAD_NONCE, 0), &nonce) != 0 ||
        s2si_proposal_accept(&ours, &answer, false, &talks->suite) != 0 || answer.items[0].spi_length != 8 ||
        s2si_notify_first_error(message, NULL) != 0 ||
        talks->suite.group != talks->group || ke.algorithm != talks->group)
        return S2S_ERR_MALFORMED;
    talks->peer_spi64 = s2si_get_u64(answer.items[0].spi);
    if (talks->peer_spi64 == 0)
        return S2S_ERR_MALFORMED;
    int result = s2si_secret_set(sa->ike->mem, &talks->nr, nonce.data, nonce.length);
    return result != 0 ? result : s2si_secret_set(sa->ike->mem, &talks->peer_ke, ke.data.data, ke.data.length);
}

void s2si_rekey_ike_response(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind)
{
    struct s2si_slot *slot = &sa->mine;
    if (kind == S2SI_KIND_REKEY_IKE_RESPONSE) {
        int result = read_answer(sa, slot->talks, message);
        if (result == 0)
            result = s2si_job_start(sa, slot, JOB_SHARED);
        if (result != 0)
            failed(sa, TRY_LATER);
        return;
    }
    struct s2si_notify_payload notify = {0};
    uint16_t type = s2si_notify_first_error(message, &notify);
    enum s2si_verdict verdict = s2si_verdict_of(type);
    if (verdict == VERDICT_OTHER_GROUP && other_group(sa, &notify))
        return;
    s2si_say(sa->ike, S2S_LOG_NOTICE, sa->peer, "rekey of the IKE_SA refused: %s", s2si_notify_name(type));
    failed(sa, verdict == VERDICT_LATER ? TRY_AGAIN : TRY_LATER);
    if (verdict == VERDICT_REAUTHENTICATE)
        s2si_sa_reauthenticate(sa);
    if (verdict == VERDICT_FATAL) {
        s2si_sa_close(sa, s2si_reason_of(type));
        s2si_peer_lost(sa->peer, false);
    }
}

/* ---- responder ---- */

static uint16_t begin(struct s2si_ike_sa *sa, struct s2si_slot *slot, const struct s2si_message *message)
{
    struct s2si_negotiation *talks = s2si_talks_new(sa, slot);
    struct s2si_proposal_list theirs;
    struct s2s_span nonce;
    struct s2si_ke ke;
    if (talks == NULL)
        return S2SI_N_TEMPORARY_FAILURE;
    if (s2si_sa_decode(s2si_message_find(message, S2SI_PAYLOAD_SA, 0), &theirs) != 0 ||
        s2si_ke_decode(s2si_message_find(message, S2SI_PAYLOAD_KE, 0), &ke) != 0 ||
        s2si_nonce_decode(s2si_message_find(message, S2SI_PAYLOAD_NONCE, 0), &nonce) != 0)
        return S2SI_N_INVALID_SYNTAX;
    if (s2si_proposal_select(sa->peer->config.ike, &theirs, false, &talks->chosen, &talks->suite) != 0)
        return S2SI_N_NO_PROPOSAL_CHOSEN;
    talks->group = talks->suite.group;
    for (size_t i = 0; i < theirs.count; i++) {
        if (theirs.items[i].number == talks->chosen.number && theirs.items[i].spi_length == 8)
            talks->peer_spi64 = s2si_get_u64(theirs.items[i].spi);
    }
    if (talks->peer_spi64 == 0)
        return S2SI_N_INVALID_SYNTAX;
    if (ke.algorithm != talks->group)
        return S2SI_N_INVALID_KE_PAYLOAD;
    if (s2si_secret_set(sa->ike->mem, &talks->ni, nonce.data, nonce.length) != 0 ||
        s2si_secret_set(sa->ike->mem, &talks->peer_ke, ke.data.data, ke.data.length) != 0 ||
        s2si_nonce_draw(sa, &talks->nr) != 0 || draw_spi(sa->ike, &talks->spi) != 0 ||
        s2si_job_start(sa, slot, JOB_BOTH) != 0)
        return S2SI_N_TEMPORARY_FAILURE;
    return 0;
}

static void refuse(struct s2si_ike_sa *sa, struct s2si_slot *slot, uint16_t notify)
{
    uint8_t group[2];
    bool other = notify == S2SI_N_INVALID_KE_PAYLOAD;
    if (other)
        s2si_put_u16(group, s2si_group_number(slot->talks->group));
    s2si_respond_notify(sa, slot, S2SI_CREATE_CHILD_SA, notify, other ? group : NULL, other ? sizeof group : 0);
}

void s2si_rekey_ike_request(struct s2si_ike_sa *sa, const struct s2si_message *message)
{
    struct s2si_slot *slot = s2si_exchange_accept(sa, TASK_IKE_REKEY, message->header.message_id);
    uint16_t notify = s2si_collision_refuses(sa, TASK_IKE_REKEY, NULL);
    if (notify == 0)
        notify = begin(sa, slot, message);
    if (notify != 0)
        refuse(sa, slot, notify);
}

static int respond(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_message_writer writer;
    struct s2si_negotiation *talks = slot->talks;
    struct s2si_ike_sa *made = make(sa, talks, false);
    if (made == NULL)
        return S2S_ERR_NO_MEMORY;
    talks->chosen.spi_length = 8;
    s2si_put_u64(talks->chosen.spi, talks->spi);
    s2si_chain_begin(sa, &writer);
    s2si_sa_encode_one(&writer, &talks->chosen);
    s2si_nonce_encode(&writer, talks->nr.data, talks->nr.length);
    s2si_ke_encode(&writer, talks->group, talks->ke.data, talks->ke.length);
    int result = s2si_send_response(sa, slot, S2SI_CREATE_CHILD_SA, &writer);
    if (result != 0) {
        s2si_sa_free(made);
        return result;
    }
    s2si_exchange_end(sa, slot);
    if (sa->mine.task == TASK_IKE_REKEY) { /* both at once: the answer to ours decides */
        sa->mine.talks->rival = made->id;
        sa->mine.talks->rival_lowest = made->lowest;
        s2si_sa_in_waiting(made);
        return 0;
    }
    s2si_sa_move_children(sa, made);
    s2si_sa_established(made, true);
    return 0;
}

void s2si_rekey_ike_r_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result)
{
    (void)waited;
    if (sa->state != ST_UP) {
        refuse(sa, slot, S2SI_N_TEMPORARY_FAILURE);
        return;
    }
    if (result == 0)
        result = respond(sa, slot);
    if (result != 0)
        refuse(sa, slot, result == S2S_ERR_MALFORMED ? S2SI_N_INVALID_SYNTAX : S2SI_N_TEMPORARY_FAILURE);
}

/* The peer deletes the old IKE_SA while our own rekey of it is unanswered: its new one stands (section 2.25.2). */
bool s2si_rekey_ike_rival_wins(struct s2si_ike_sa *sa)
{
    struct s2si_ike_sa *rival = sa->mine.task == TASK_IKE_REKEY && sa->mine.talks != NULL
                                    ? s2si_sa_by_id(sa->ike, sa->mine.talks->rival)
                                    : NULL;
    if (rival == NULL || rival->state != ST_UP)
        return false;
    s2si_sa_move_children(sa, rival);
    s2si_sa_established(rival, true);
    return true;
}
