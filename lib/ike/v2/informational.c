/* SPDX-License-Identifier: Apache-2.0 */
/*
 * informational: DELETE, liveness and errors (RFC 7296 sections 1.4, 1.4.1, 2.4, 2.21).
 *
 *   HDR, SK {[N,] [D,] ...}  ──>
 *                            <──  HDR, SK {[D]}
 *
 * Each end names the SPIs it receives on. Who receives a DELETE stops sending at once and receives until the drain is
 * over; who sent it receives until the answer and the drain.
 */
#include "lib/ike/v2/state.h"

/* ---- ours ---- */

static void write_deletes(struct s2si_ike_sa *sa, struct s2si_slot *slot, struct s2si_message_writer *writer)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &sa->children)
    {
        const struct s2si_child_sa *child = S2SI_CONTAINER(at, struct s2si_child_sa, node);
        if (child->state == CH_DELETING && slot->spi_count < S2SI_COUNT(slot->spis))
            slot->spis[slot->spi_count++] = child->data.spi_in;
    }
    s2si_delete_encode_esp(writer, slot->spis, slot->spi_count);
}

bool s2si_informational_start(struct s2si_ike_sa *sa, enum s2si_task task)
{
    struct s2si_slot *slot = s2si_exchange_begin(sa, task);
    struct s2si_message_writer writer;
    s2si_chain_begin(sa, &writer);
    if (task == TASK_CHILD_DELETE)
        write_deletes(sa, slot, &writer);
    else if (task == TASK_IKE_DELETE)
        s2si_delete_encode_ike(&writer);
    else if (task == TASK_AUTH_FAILED)
        s2si_notify_encode(&writer, sa->failure, NULL, 0);
    if (s2si_send_request(sa, slot, S2SI_INFORMATIONAL, &writer) == 0)
        return true;
    s2si_exchange_end(sa, slot);
    s2si_deadline_set(sa->ike, &sa->deadlines, AT_WISH, sa->ike->now + S2S_SECOND);
    return false;
}

static void alive(struct s2si_ike_sa *sa, const struct s2si_slot *slot)
{
    struct s2si_ike_output event = {
        .owner = sa->peer->config.owner, .event = S2SI_IKE_EV_ALIVE, .round_trip = sa->ike->now - slot->sent_at};
    s2si_output_event(sa->ike, &event);
}

static void children_deleted(struct s2si_ike_sa *sa, const struct s2si_slot *slot)
{
    for (unsigned i = 0; i < slot->spi_count; i++) {
        struct s2si_child_sa *child = s2si_child_by_spi_in(sa, slot->spis[i]);
        if (child == NULL || child->state != CH_DELETING)
            continue;
        s2si_rekey_child_deleted(sa, child);
        s2si_child_rest(child, S2SI_IKE_REASON_ADMIN, true);
    }
}

void s2si_informational_response(struct s2si_ike_sa *sa, const struct s2si_message *message,
                                 enum s2si_message_kind kind)
{
    struct s2si_slot slot = sa->mine;
    uint16_t error = s2si_notify_first_error(message, NULL);
    (void)kind;
    s2si_exchange_end(sa, &sa->mine);
    switch (slot.task) {
    case TASK_LIVENESS:
        alive(sa, &slot);
        break;
    case TASK_CHILD_DELETE:
        children_deleted(sa, &slot);
        break;
    case TASK_IKE_DELETE:
    case TASK_AUTH_FAILED:
        s2si_sa_down(sa, sa->close_reason, 0, true);
        return;
    default:
        break;
    }
    if (error != 0 && s2si_verdict_of(error) == VERDICT_FATAL)
        s2si_sa_down(sa, s2si_reason_of(error), error, true);
}

/* ---- the peer's ---- */

struct request {
    bool delete_ike, unreadable;
    uint16_t fatal;
    uint32_t answer[S2SI_IKE_SELECTORS]; /* our SPIs of the CHILD_SAs that go */
    size_t answers;
};

static void tell_delete(const struct s2si_ike_sa *sa, const struct s2si_child_sa *child)
{
    struct s2si_ike_output event = {.owner = sa->peer->config.owner, .event = S2SI_IKE_EV_DELETE_RECEIVED};
    if (child != NULL) {
        event.spi_in = child->data.spi_in;
        event.spi_out = child->data.spi_out;
    }
    s2si_output_event(sa->ike, &event);
}

/* The answer to our CREATE_CHILD_SA may still be on its way, overtaken by the DELETE of what it makes. */
static void not_known_yet(struct s2si_ike_sa *sa, uint32_t spi)
{
    struct s2si_negotiation *talks = sa->mine.talks;
    if (talks != NULL && talks->deleted_count < S2SI_COUNT(talks->deleted))
        talks->deleted[talks->deleted_count++] = spi;
}

static void delete_child(struct s2si_ike_sa *sa, uint32_t spi, struct request *request)
{
    struct s2si_child_sa *child = s2si_child_by_spi_out(sa, spi);
    if (child == NULL) { /* section 2.25.1: an answer without it */
        not_known_yet(sa, spi);
        return;
    }
    bool closing = child->state == CH_DELETING;
    if (!closing && request->answers < S2SI_COUNT(request->answer))
        request->answer[request->answers++] = child->data.spi_in;
    bool last = !child->data.rekeyed && child->replaced_by == 0 && !closing;
    if (last)
        tell_delete(sa, child);
    s2si_rekey_child_deleted(sa, child);
    s2si_child_rest(child, S2SI_IKE_REASON_PEER_DELETE, true);
    if (last && !s2si_peer_has_child(sa->peer))
        s2si_peer_child_wanted(sa->peer, false);
}

static void read_delete(struct s2si_ike_sa *sa, const struct s2si_payload *payload, struct request *request)
{
    struct s2si_delete deletes;
    if (s2si_delete_decode(payload, &deletes) != 0) {
        request->unreadable = true;
        return;
    }
    if (deletes.protocol == S2SI_PROTOCOL_IKE)
        request->delete_ike = true;
    for (size_t i = 0; deletes.protocol == S2SI_PROTOCOL_ESP && i < deletes.count; i++)
        delete_child(sa, s2si_delete_spi(&deletes, i), request);
}

static void read_payloads(struct s2si_ike_sa *sa, const struct s2si_message *message, struct request *request)
{
    const struct s2si_payload *payload;
    uint16_t error = s2si_notify_first_error(message, NULL);
    if (error != 0 && s2si_verdict_of(error) == VERDICT_FATAL)
        request->fatal = error;
    for (size_t n = 0; (payload = s2si_message_find(message, S2SI_PAYLOAD_DELETE, n)) != NULL; n++)
        read_delete(sa, payload, request);
}

void s2si_informational_request(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind)
{
    struct s2si_slot *slot = s2si_exchange_accept(sa, TASK_INFORMATIONAL, message->header.message_id);
    struct s2si_message_writer writer;
    struct request request = {0};
    (void)kind;
    read_payloads(sa, message, &request);
    s2si_chain_begin(sa, &writer);
    if (request.answers > 0)
        s2si_delete_encode_esp(&writer, request.answer, request.answers);
    if (request.unreadable) /* no word that something was deleted which was not (section 2.21.3) */
        s2si_notify_encode(&writer, S2SI_N_INVALID_SYNTAX, NULL, 0);
    (void)s2si_send_response(sa, slot, S2SI_INFORMATIONAL, &writer);
    s2si_exchange_end(sa, slot);
    if (request.fatal != 0) {
        s2si_sa_deleted_by_peer(sa, s2si_reason_of(request.fatal), request.fatal);
    } else if (request.delete_ike) {
        if (sa->state == ST_UP && !s2si_rekey_ike_rival_wins(sa))
            tell_delete(sa, NULL);
        s2si_sa_deleted_by_peer(sa, S2SI_IKE_REASON_PEER_DELETE, 0);
    }
}
