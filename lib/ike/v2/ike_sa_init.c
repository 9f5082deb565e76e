/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_sa_init: the initiator's first exchange (RFC 7296 section 1.2), with the two answers that ask for another try.
 *
 *   HDR, SAi1, KEi, Ni, N(NATD..)  ──>
 *                                  <──  HDR, SAr1, KEr, Nr, N(NATD..)
 *                                  <──  HDR, N(COOKIE)               the same again, cookie in front (section 2.6)
 *                                  <──  HDR, N(INVALID_KE_PAYLOAD)   another group, cookie kept (sections 1.3, 2.6.1)
 *                                  <──  HDR, N(other error)          anybody may have sent it (section 2.21): noted,
 * retried
 */
#include <stdio.h>

#include "lib/ike/v2/state.h"

#define REFUSALS 3 /* error answers to as many transmissions, then it is believed */

enum s2s_algorithm s2si_first_group(const struct s2si_proposal_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].count[S2SI_TRANSFORM_KE] > 0 &&
            list->items[i].algorithms[S2SI_TRANSFORM_KE][0] != S2S_ALG_NONE)
            return (enum s2s_algorithm)list->items[i].algorithms[S2SI_TRANSFORM_KE][0];
    }
    return S2S_ALG_NONE;
}

bool s2si_offers_group(const struct s2si_proposal_list *list, enum s2s_algorithm group)
{
    for (size_t i = 0; i < list->count; i++) {
        for (size_t n = 0; n < list->items[i].count[S2SI_TRANSFORM_KE]; n++) {
            if (list->items[i].algorithms[S2SI_TRANSFORM_KE][n] == (uint16_t)group && group != S2S_ALG_NONE)
                return true;
        }
    }
    return false;
}

static int prepare(struct s2si_ike_sa *sa)
{
    const struct s2si_ike_peer_config *config = &sa->peer->config;
    sa->state = ST_INIT_I;
    sa->local = (struct s2s_endpoint){config->local, config->port};
    sa->remote = (struct s2s_endpoint){config->remote, config->remote_port};
    sa->auth = s2si_alloc(sa->ike->mem, sizeof *sa->auth);
    int result = sa->auth == NULL ? S2S_ERR_NO_MEMORY : s2si_sa_set_own_spi(sa, 0);
    struct s2si_slot *slot = s2si_exchange_begin(sa, TASK_INIT);
    struct s2si_negotiation *talks = result == 0 ? s2si_talks_new(sa, slot) : NULL;
    if (talks == NULL)
        return result != 0 ? result : S2S_ERR_NO_MEMORY;
    talks->group = s2si_first_group(config->ike);
    result = s2si_nonce_draw(sa, &talks->ni);
    return result != 0 ? result : s2si_job_start(sa, slot, JOB_PUBLIC);
}

int s2si_init_start(struct s2si_ike_peer *peer, uint64_t instead_of)
{
    struct s2si_ike_sa *sa = s2si_sa_new(peer->ike, peer, true);
    if (sa == NULL)
        return S2S_ERR_NO_MEMORY;
    (void)s2si_sa_attach(sa, peer);
    sa->instead_of = instead_of;
    int result = prepare(sa);
    if (result != 0)
        s2si_sa_free(sa);
    return result;
}

static void write_request(struct s2si_ike_sa *sa, const struct s2si_negotiation *talks,
                          struct s2si_message_writer *writer)
{
    const struct s2si_ike_peer_config *config = &sa->peer->config;
    struct s2si_ike_header header = {.spi_i = sa->spi_i,
                                     .version = S2SI_IKE_VERSION,
                                     .exchange = S2SI_IKE_SA_INIT,
                                     .flags = S2SI_IKE_FLAG_INITIATOR};
    s2si_message_start(writer, sa->ike->wire, sa->ike->room, &header);
    if (talks->cookie_length > 0)
        s2si_notify_encode(writer, S2SI_N_COOKIE, talks->cookie, talks->cookie_length);
    s2si_sa_encode(writer, config->ike);
    s2si_ke_encode(writer, talks->group, talks->ke.data, talks->ke.length);
    s2si_nonce_encode(writer, talks->ni.data, talks->ni.length);
    s2si_natt_write(sa, writer, 0);
    if (config->fragmentation)
        s2si_notify_encode(writer, S2SI_N_IKEV2_FRAGMENTATION_SUPPORTED, NULL, 0);
}

static int send_request(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_message_writer writer;
    write_request(sa, slot->talks, &writer);
    int result = s2si_message_finish(&writer);
    if (result == 0)
        result = s2si_secret_set(sa->ike->mem, &sa->auth->request, sa->ike->wire, writer.bytes.length);
    if (result != 0)
        return result;
    s2si_packet_drop(sa->ike, slot->packet);
    slot->packet = s2si_packet_clear(sa->ike, writer.bytes.length);
    if (slot->packet == NULL)
        return S2S_ERR_NO_MEMORY;
    s2si_exchange_sent(sa, slot);
    return 0;
}

/* Both values are known: keys, then IKE_AUTH. */
static int finish(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_negotiation *talks = slot->talks;
    int result = s2si_sa_derive(sa, talks, NULL);
    if (result != 0)
        return result;
    s2si_secret_move(sa->ike->mem, &sa->auth->ni, &talks->ni);
    s2si_secret_move(sa->ike->mem, &sa->auth->nr, &talks->nr);
    s2si_exchange_end(sa, slot);
    sa->next_out = 1;
    s2si_natt_float(sa);
    s2si_auth_start(sa);
    return 0;
}

void s2si_init_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result)
{
    if (result == 0)
        result = waited == WAIT_PUBLIC ? send_request(sa, slot) : finish(sa, slot);
    if (result == S2S_ERR_MALFORMED)
        s2si_sa_down(sa, S2SI_IKE_REASON_INVALID_KE, 0, false);
    else if (result != 0)
        s2si_sa_down(sa, S2SI_IKE_REASON_NO_MEMORY, 0, false);
}

/* ---- answers ---- */

static void noted(struct s2si_ike_sa *sa, enum s2si_ike_reason reason, uint16_t notify, const char *detail,
                  const struct s2si_ike_mismatch *mismatch)
{
    struct s2si_negotiation *talks = sa->mine.talks;
    if (!sa->told_failure)
        s2si_peer_differs(sa->peer, S2SI_IKE_EV_FAILED, reason, notify, detail, mismatch);
    sa->told_failure = true;
    if (talks->refusals <= sa->mine.tries) /* one a transmission: a burst of forged ones counts once */
        talks->refusals++;
    if (talks->refusals >= REFUSALS)
        s2si_sa_down(sa, reason, notify, false);
}

static void again(struct s2si_ike_sa *sa)
{
    if (send_request(sa, &sa->mine) != 0)
        s2si_sa_down(sa, S2SI_IKE_REASON_NO_MEMORY, 0, false);
}

static void on_cookie(struct s2si_ike_sa *sa, const struct s2si_message *message)
{
    struct s2si_negotiation *talks = sa->mine.talks;
    struct s2si_notify_payload cookie;
    if (!s2si_notify_find(message, S2SI_N_COOKIE, &cookie) || cookie.data.length == 0 ||
        cookie.data.length > S2SI_COOKIE_MAX || talks->retries >= S2SI_INIT_RETRIES)
        return;
    talks->retries++;
    talks->cookie_length = (uint8_t)cookie.data.length;
    memcpy(talks->cookie, cookie.data.data, cookie.data.length);
    again(sa);
}

static void on_invalid_ke(struct s2si_ike_sa *sa, const struct s2si_notify_payload *notify)
{
    struct s2si_negotiation *talks = sa->mine.talks;
    char detail[96];
    uint16_t number = notify->data.length == 2 ? s2si_get_u16(notify->data.data) : 0;
    enum s2s_algorithm group = s2si_group_algorithm(number);
    if (!s2si_offers_group(sa->peer->config.ike, group) || group == talks->group ||
        talks->retries >= S2SI_INIT_RETRIES) {
        (void)snprintf(detail, sizeof detail, "the peer wants KE group %u, offered %u", number,
                       s2si_group_number(talks->group));
        struct s2si_ike_mismatch mismatch;
        s2si_mismatch_values(S2SI_DIFFERS_GROUP, s2s_algorithm_name(talks->group), s2s_algorithm_name(group),
                             &mismatch);
        mismatch.stage = S2SI_STAGE_INIT;
        noted(sa, S2SI_IKE_REASON_INVALID_KE, notify->type, detail, &mismatch);
        return;
    }
    talks->retries++;
    talks->group = group;
    s2si_crypto_exchange_free(sa->ike->crypto, talks->dh);
    talks->dh = NULL;
    s2si_deadline_stop(sa->ike, &sa->deadlines, AT_RETRANSMIT);
    if (s2si_job_start(sa, &sa->mine, JOB_PUBLIC) != 0)
        s2si_sa_down(sa, S2SI_IKE_REASON_NO_MEMORY, 0, false);
}

static void refused(struct s2si_ike_sa *sa, uint16_t type)
{
    struct s2si_ike_mismatch mismatch = {0};
    if (type == S2SI_N_NO_PROPOSAL_CHOSEN)
        s2si_mismatch_offered(sa->peer->config.ike, false, &mismatch);
    mismatch.stage = S2SI_STAGE_INIT;
    noted(sa, s2si_reason_of(type), type, s2si_notify_name(type), &mismatch);
}

static void on_error(struct s2si_ike_sa *sa, const struct s2si_message *message)
{
    struct s2si_notify_payload notify;
    uint16_t type = s2si_notify_first_error(message, &notify);
    if (type == S2SI_N_INVALID_KE_PAYLOAD)
        on_invalid_ke(sa, &notify);
    else if (type != 0)
        refused(sa, type);
}

/* @return NULL or what is wrong. */
static const char *read_response(struct s2si_ike_sa *sa, const struct s2si_message *message)
{
    struct s2si_negotiation *talks = sa->mine.talks;
    struct s2si_proposal_list answer;
    struct s2si_ke ke;
    struct s2s_span nonce;
    if (message->header.spi_r == 0)
        return "responder SPI 0";
    if (s2si_sa_decode(s2si_message_find(message, S2SI_PAYLOAD_SA, 0), &answer) != 0 ||
        s2si_ke_decode(s2si_message_find(message, S2SI_PAYLOAD_KE, 0), &ke) != 0 ||
        s2si_nonce_decode(s2si_message_find(message, S2SI_PAYLOAD_NONCE, 0), &nonce) != 0)
        return "malformed answer";
    if (s2si_proposal_accept(sa->peer->config.ike, &answer, false, &talks->suite) != 0)
        return "the answer is no proposal of ours";
    if (talks->suite.group != talks->group || ke.algorithm != talks->group)
        return "KE group differs from the one chosen";
    if (s2si_secret_set(sa->ike->mem, &talks->nr, nonce.data, nonce.length) != 0 ||
        s2si_secret_set(sa->ike->mem, &talks->peer_ke, ke.data.data, ke.data.length) != 0 ||
        s2si_secret_set(sa->ike->mem, &sa->auth->response, message->data, message->length) != 0)
        return "out of memory";
    return NULL;
}

static void on_answer(struct s2si_ike_sa *sa, const struct s2si_message *message)
{
    const char *wrong = read_response(sa, message);
    if (wrong != NULL) {
        noted(sa, S2SI_IKE_REASON_NO_PROPOSAL, 0, wrong, NULL);
        return;
    }
    sa->spi_r = message->header.spi_r;
    if (!s2si_natt_judge(sa, message)) {
        s2si_sa_down(sa, S2SI_IKE_REASON_NAT_FORBIDDEN, 0, false);
        return;
    }
    sa->fragmentation =
        sa->peer->config.fragmentation && s2si_notify_find(message, S2SI_N_IKEV2_FRAGMENTATION_SUPPORTED, NULL);
    s2si_deadline_stop(sa->ike, &sa->deadlines, AT_RETRANSMIT);
    if (s2si_job_start(sa, &sa->mine, JOB_SHARED) != 0)
        s2si_sa_down(sa, S2SI_IKE_REASON_NO_MEMORY, 0, false);
}

void s2si_init_response(struct s2si_ike_sa *sa, const struct s2si_message *message, enum s2si_message_kind kind)
{
    if (sa->mine.task != TASK_INIT || sa->mine.wait != WAIT_ANSWER)
        return;
    if (kind == S2SI_KIND_INIT_COOKIE)
        on_cookie(sa, message);
    else if (kind == S2SI_KIND_INIT_ERROR)
        on_error(sa, message);
    else if (kind == S2SI_KIND_INIT_RESPONSE)
        on_answer(sa, message);
}
