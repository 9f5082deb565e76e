/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_negotiation: what IKE_AUTH and CREATE_CHILD_SA share: proposals, PFS, traffic selectors (RFC 7296 sections 2.7,
 * 2.9, 3.3). "first" is the CHILD_SA of IKE_AUTH: no nonces and no key exchange of its own (section 1.2).
 */
#include "lib/ike/v2/state.h"

/* Our ESP proposals as they go on the wire: our SPI in each, without groups where none are exchanged. */
static void list_for(const struct s2si_ike_sa *sa, const struct s2si_child_sa *child, bool first,
                     struct s2si_proposal_list *out)
{
    s2si_proposal_list_copy(out, sa->peer->config.esp);
    for (uint8_t i = 0; i < out->count; i++) {
        struct s2si_proposal *item = &out->items[i];
        item->protocol = S2SI_PROTOCOL_ESP;
        item->number = (uint8_t)(i + 1);
        item->spi_length = 4;
        s2si_put_u32(item->spi, child->data.spi_in);
        if (first)
            item->count[S2SI_TRANSFORM_KE] = 0;
    }
}

static void write_nonce_and_ke(const struct s2si_negotiation *talks, const struct s2si_secret *nonce,
                               struct s2si_message_writer *writer)
{
    s2si_nonce_encode(writer, nonce->data, nonce->length);
    if (talks->group != S2S_ALG_NONE)
        s2si_ke_encode(writer, talks->group, talks->ke.data, talks->ke.length);
}

void s2si_child_offer(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, struct s2si_message_writer *writer,
                      bool first)
{
    const struct s2si_ike_peer_config *config = &sa->peer->config;
    struct s2si_proposal_list list;
    list_for(sa, s2si_child_by_id(sa->ike, talks->child), first, &list);
    s2si_sa_encode(writer, &list);
    if (!first)
        write_nonce_and_ke(talks, &talks->ni, writer);
    s2si_ts_encode(writer, S2SI_PAYLOAD_TSI, config->local_ts, config->local_ts_count);
    s2si_ts_encode(writer, S2SI_PAYLOAD_TSR, config->remote_ts, config->remote_ts_count);
}

void s2si_child_answer(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, struct s2si_message_writer *writer,
                       bool first)
{
    const struct s2si_child_sa *child = s2si_child_by_id(sa->ike, talks->child);
    talks->chosen.spi_length = 4;
    s2si_put_u32(talks->chosen.spi, child->data.spi_in);
    s2si_sa_encode_one(writer, &talks->chosen);
    if (!first)
        write_nonce_and_ke(talks, &talks->nr, writer);
    s2si_ts_encode(writer, S2SI_PAYLOAD_TSI, child->data.remote_ts, child->data.remote_ts_count);
    s2si_ts_encode(writer, S2SI_PAYLOAD_TSR, child->data.local_ts, child->data.local_ts_count);
}

/* ---- responder ---- */

static uint32_t spi_of(const struct s2si_proposal_list *list, uint8_t number)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].number == number && list->items[i].spi_length == 4)
            return s2si_get_u32(list->items[i].spi);
    }
    return 0;
}

/* PFS: the group that was chosen must be the one of the KE payload (section 1.3). */
static uint16_t choose_group(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, const struct s2si_message *message)
{
    const struct s2si_payload *payload = s2si_message_find(message, S2SI_PAYLOAD_KE, 0);
    struct s2si_ke ke;
    talks->group = talks->suite.group;
    if (talks->group == S2S_ALG_NONE)
        return 0;
    if (payload == NULL)
        return S2SI_N_INVALID_KE_PAYLOAD;
    if (s2si_ke_decode(payload, &ke) != 0)
        return S2SI_N_INVALID_SYNTAX;
    if (ke.algorithm != talks->group)
        return S2SI_N_INVALID_KE_PAYLOAD;
    return s2si_secret_set(sa->ike->mem, &talks->peer_ke, ke.data.data, ke.data.length) == 0 ? 0
                                                                                             : S2SI_N_TEMPORARY_FAILURE;
}

static bool covers(const struct s2s_selector *now, size_t count, const struct s2s_selector *before, size_t before_count)
{
    struct s2si_ts_list list = {.count = (uint8_t)before_count};
    if (before_count > S2SI_TS_MAX)
        return false;
    memcpy(list.items, before, before_count * sizeof list.items[0]);
    return s2si_ts_within(now, count, &list);
}

/* A rekeyed CHILD_SA must not be narrower than the one in use: packets under way would meet no SA (section 2.9.2). */
static bool narrower_than_old(const struct s2si_ike_sa *sa, uint64_t old_id, const struct s2s_selector *local,
                              size_t local_count, const struct s2s_selector *remote, size_t remote_count)
{
    const struct s2si_child_sa *old = s2si_child_by_id(sa->ike, old_id);
    return old != NULL && (!covers(local, local_count, old->data.local_ts, old->data.local_ts_count) ||
                           !covers(remote, remote_count, old->data.remote_ts, old->data.remote_ts_count));
}

static uint16_t choose_selectors(struct s2si_ike_sa *sa, struct s2si_negotiation *talks,
                                 const struct s2si_message *message)
{
    const struct s2si_ike_peer_config *config = &sa->peer->config;
    struct s2si_ts_list tsi, tsr;
    if (s2si_ts_decode(s2si_message_find(message, S2SI_PAYLOAD_TSI, 0), &tsi) != 0 ||
        s2si_ts_decode(s2si_message_find(message, S2SI_PAYLOAD_TSR, 0), &tsr) != 0)
        return S2SI_N_INVALID_SYNTAX;
    talks->remote_ts_count =
        (uint8_t)s2si_ts_narrow(config->remote_ts, config->remote_ts_count, &tsi, talks->remote_ts, NULL);
    talks->local_ts_count =
        (uint8_t)s2si_ts_narrow(config->local_ts, config->local_ts_count, &tsr, talks->local_ts, NULL);
    if (talks->remote_ts_count == 0 || talks->local_ts_count == 0 ||
        narrower_than_old(sa, talks->old, talks->local_ts, talks->local_ts_count, talks->remote_ts, talks->remote_ts_count))
        return S2SI_N_TS_UNACCEPTABLE;
    return 0;
}

uint16_t s2si_child_choose(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, const struct s2si_message *message,
                           bool first)
{
    struct s2si_proposal_list theirs;
    if (s2si_sa_decode(s2si_message_find(message, S2SI_PAYLOAD_SA, 0), &theirs) != 0)
        return S2SI_N_INVALID_SYNTAX;
    if (s2si_proposal_select(sa->peer->config.esp, &theirs, first, &talks->chosen, &talks->suite) != 0)
        return S2SI_N_NO_PROPOSAL_CHOSEN;
    talks->peer_spi = spi_of(&theirs, talks->chosen.number);
    if (talks->peer_spi == 0)
        return S2SI_N_INVALID_SYNTAX;
    uint16_t notify = first ? 0 : choose_group(sa, talks, message);
    return notify != 0 ? notify : choose_selectors(sa, talks, message);
}

/* The SPI is there: the CHILD_SA gets what was chosen, and its keys. */
int s2si_child_take_choice(struct s2si_child_sa *child, struct s2si_negotiation *talks)
{
    child->data.spi_out = talks->peer_spi;
    int result = s2si_child_set_selectors(child, talks->local_ts, talks->local_ts_count, talks->remote_ts, talks->remote_ts_count);
    return result != 0 ? result : s2si_child_derive(child, talks);
}

/* ---- initiator ---- */

static uint16_t accept_selectors(struct s2si_child_sa *child, const struct s2si_negotiation *talks,
                                 const struct s2si_message *message)
{
    const struct s2si_ike_peer_config *config = &child->peer->config;
    struct s2si_ts_list tsi, tsr;
    if (s2si_ts_decode(s2si_message_find(message, S2SI_PAYLOAD_TSI, 0), &tsi) != 0 ||
        s2si_ts_decode(s2si_message_find(message, S2SI_PAYLOAD_TSR, 0), &tsr) != 0)
        return S2SI_N_INVALID_SYNTAX;
    if (tsi.count == 0 || tsr.count == 0 || !s2si_ts_within(config->local_ts, config->local_ts_count, &tsi) ||
        !s2si_ts_within(config->remote_ts, config->remote_ts_count, &tsr) ||
        narrower_than_old(child->sa, talks->old, tsi.items, tsi.count, tsr.items, tsr.count))
        return S2SI_N_TS_UNACCEPTABLE;
    return s2si_child_set_selectors(child, tsi.items, tsi.count, tsr.items, tsr.count) == 0 ? 0 : S2SI_N_NO_ADDITIONAL_SAS;
}

uint16_t s2si_child_accept(struct s2si_ike_sa *sa, struct s2si_negotiation *talks, const struct s2si_message *message,
                           bool first)
{
    struct s2si_child_sa *child = s2si_child_by_id(sa->ike, talks->child);
    struct s2si_proposal_list ours, answer;
    struct s2si_ke ke;
    list_for(sa, child, first, &ours);
    if (s2si_sa_decode(s2si_message_find(message, S2SI_PAYLOAD_SA, 0), &answer) != 0)
        return S2SI_N_INVALID_SYNTAX;
    if (s2si_proposal_accept(&ours, &answer, first, &talks->suite) != 0 || answer.items[0].spi_length != 4)
        return S2SI_N_NO_PROPOSAL_CHOSEN;
    child->data.spi_out = s2si_get_u32(answer.items[0].spi);
    if (child->data.spi_out == 0)
        return S2SI_N_INVALID_SYNTAX;
    if (!first && talks->suite.group != S2S_ALG_NONE) {
        const struct s2si_payload *payload = s2si_message_find(message, S2SI_PAYLOAD_KE, 0);
        if (payload == NULL || s2si_ke_decode(payload, &ke) != 0 || ke.algorithm != talks->suite.group ||
            talks->suite.group != talks->group)
            return S2SI_N_INVALID_KE_PAYLOAD;
        if (s2si_secret_set(sa->ike->mem, &talks->peer_ke, ke.data.data, ke.data.length) != 0)
            return S2SI_N_NO_ADDITIONAL_SAS;
    } else {
        talks->group = S2S_ALG_NONE;
    }
    return accept_selectors(child, talks, message);
}

/* No CHILD_SA came of it; the IKE_SA stays (section 2.21.2). */
void s2si_child_failed(struct s2si_ike_sa *sa, enum s2si_ike_reason reason, uint16_t notify, const char *detail)
{
    s2si_peer_event(sa->peer, S2SI_IKE_EV_CHILD_FAILED, reason, notify, detail);
    if (!s2si_peer_has_child(sa->peer))
        s2si_peer_child_wanted(sa->peer, true);
}

void s2si_child_differs(struct s2si_ike_sa *sa, uint16_t notify, const char *detail,
                        const struct s2si_ike_mismatch *mismatch)
{
    s2si_peer_differs(sa->peer, S2SI_IKE_EV_CHILD_FAILED, s2si_reason_of(notify), notify, detail, mismatch);
    if (!s2si_peer_has_child(sa->peer))
        s2si_peer_child_wanted(sa->peer, true);
}
