/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_sa_init_r: the responder's side of IKE_SA_INIT (RFC 7296 sections 1.2, 2.6, 2.7). Nothing is remembered of a
 * sender before it was admitted (admission.c); refusals are answered from the request alone.
 */
#include <stdio.h>

#include "lib/ike/v2/state.h"

/* A request, read. */
struct init {
    const struct s2si_message *message;
    struct s2s_endpoint local, remote;
    struct s2si_ke ke;
    struct s2s_span nonce;
    struct s2si_ike_peer *peer;
    struct s2si_proposal chosen;
    struct s2si_suite suite;
};

static void init_key(uint64_t spi_i, const struct s2s_endpoint *remote, uint8_t key[24])
{
    s2si_put_u64(key, spi_i);
    memcpy(key + 8, remote->addr.bytes, 16);
}

/* @return true if this request was seen before: its answer is sent again, or it is still worked on. */
static bool duplicate(struct s2si_ike *ike, const struct init *init)
{
    uint8_t key[24];
    init_key(init->message->header.spi_i, &init->remote, key);
    struct s2si_ike_sa *sa = s2si_map_get(&ike->inits, key, sizeof key);
    if (sa == NULL)
        return false;
    if (sa->state == ST_INIT_R && sa->auth != NULL && sa->answer != NULL && sa->next_in == 1 &&
        sa->auth->request.length == init->message->length &&
        memcmp(sa->auth->request.data, init->message->data, init->message->length) == 0)
        s2si_output_packet(ike, sa->answer, sa->peer->config.owner, &init->local, &init->remote);
    return true;
}

static void refuse(struct s2si_ike *ike, const struct init *init, uint16_t notify, const void *data, size_t length)
{
    if (s2si_admission_error(ike))
        s2si_send_clear_notify(ike, &init->message->header, &init->local, &init->remote, notify, data, length);
}

static void ask_cookie(struct s2si_ike *ike, const struct init *init)
{
    uint8_t cookie[S2SI_COOKIE_LENGTH];
    if (s2si_cookie_make(&ike->cookies, ike->now, init->message->header.spi_i, &init->remote, init->nonce, cookie) != 0)
        return;
    ike->counters.cookies_sent++;
    s2si_send_clear_notify(ike, &init->message->header, &init->local, &init->remote, S2SI_N_COOKIE, cookie,
                           sizeof cookie);
}

static bool brings_cookie(struct s2si_ike *ike, const struct init *init)
{
    struct s2si_notify_payload cookie;
    if (!s2si_notify_find(init->message, S2SI_N_COOKIE, &cookie))
        return false;
    ike->counters.cookies_checked++;
    return s2si_cookie_check(&ike->cookies, ike->now, init->message->header.spi_i, &init->remote, init->nonce,
                             cookie.data);
}

/* The first peer of these addresses that has a proposal in common. */
static bool choose(struct s2si_ike *ike, struct init *init)
{
    struct s2si_proposal_list theirs;
    struct s2si_ike_peer *peer = NULL;
    if (s2si_sa_decode(s2si_message_find(init->message, S2SI_PAYLOAD_SA, 0), &theirs) != 0)
        return false;
    while ((peer = s2si_peer_by_address(ike, &init->local, &init->remote, peer)) != NULL) {
        init->peer = peer;
        if (s2si_proposal_select(peer->config.ike, &theirs, false, &init->chosen, &init->suite) == 0)
            return true;
    }
    return false;
}

static void no_proposal(struct s2si_ike *ike, struct init *init)
{
    struct s2si_ike_mismatch mismatch = {0};
    struct s2si_proposal_list theirs;
    refuse(ike, init, S2SI_N_NO_PROPOSAL_CHOSEN, NULL, 0);
    if (init->peer == NULL)
        return;
    if (s2si_sa_decode(s2si_message_find(init->message, S2SI_PAYLOAD_SA, 0), &theirs) == 0)
        s2si_mismatch_proposals(init->peer->config.ike, &theirs, false, &mismatch);
    mismatch.stage = S2SI_STAGE_INIT;
    s2si_peer_differs(init->peer, S2SI_IKE_EV_FAILED, S2SI_IKE_REASON_NO_PROPOSAL, S2SI_N_NO_PROPOSAL_CHOSEN,
                      "none of the peer's IKE proposals is ours", &mismatch);
}

static void wrong_group(struct s2si_ike *ike, const struct init *init)
{
    uint8_t wanted[2];
    s2si_put_u16(wanted, s2si_group_number(init->suite.group));
    refuse(ike, init, S2SI_N_INVALID_KE_PAYLOAD, wanted, sizeof wanted);
}

/* ---- admitted: the half-open IKE_SA ---- */

static int remember(struct s2si_ike_sa *sa, const struct init *init, struct s2si_negotiation *talks)
{
    struct s2si_mem *mem = sa->ike->mem;
    uint8_t key[24];
    talks->suite = init->suite;
    talks->chosen = init->chosen;
    talks->group = init->suite.group;
    init_key(sa->spi_i, &init->remote, key);
    memcpy(sa->init_address, key + 8, sizeof sa->init_address);
    int result = s2si_map_put(&sa->ike->inits, key, sizeof key, sa);
    if (result == 0)
        result = s2si_sa_set_own_spi(sa, 0);
    if (result == 0)
        result = s2si_secret_set(mem, &sa->auth->request, init->message->data, init->message->length);
    if (result == 0)
        result = s2si_secret_set(mem, &talks->ni, init->nonce.data, init->nonce.length);
    if (result == 0)
        result = s2si_secret_set(mem, &talks->peer_ke, init->ke.data.data, init->ke.data.length);
    return result == 0 ? s2si_nonce_draw(sa, &talks->nr) : result;
}

static int start(struct s2si_ike_sa *sa, const struct init *init)
{
    struct s2si_ike *ike = sa->ike;
    sa->state = ST_INIT_R;
    sa->half_open = true;
    ike->counters.half_open++;
    sa->local = init->local;
    sa->remote = init->remote;
    sa->spi_i = init->message->header.spi_i;
    sa->auth = s2si_alloc(ike->mem, sizeof *sa->auth);
    struct s2si_slot *slot = s2si_exchange_accept(sa, TASK_INIT, 0);
    struct s2si_negotiation *talks = s2si_talks_new(sa, slot);
    int result = sa->auth == NULL || talks == NULL ? S2S_ERR_NO_MEMORY : remember(sa, init, talks);
    if (result != 0)
        return result;
    s2si_deadline_set(ike, &sa->deadlines, AT_LIMIT, ike->now + ike->limits.half_open_seconds * (s2s_time)S2S_SECOND);
    if (!s2si_natt_judge(sa, init->message)) {
        struct s2si_ike_mismatch mismatch;
        s2si_mismatch_values(S2SI_DIFFERS_NAT, "encapsulation never", s2si_sa_nat_words(sa), &mismatch);
        s2si_peer_differs(sa->peer, S2SI_IKE_EV_FAILED, S2SI_IKE_REASON_NAT_FORBIDDEN, 0,
                          "NAT found, encapsulation is never", &mismatch);
        refuse(ike, init, S2SI_N_NO_PROPOSAL_CHOSEN, NULL, 0);
        return S2S_ERR_STATE;
    }
    sa->fragmentation =
        sa->peer->config.fragmentation && s2si_notify_find(init->message, S2SI_N_IKEV2_FRAGMENTATION_SUPPORTED, NULL);
    return s2si_job_start(sa, slot, JOB_BOTH);
}

static void admit(struct s2si_ike *ike, const struct init *init)
{
    struct s2si_ike_sa *sa = s2si_sa_new(ike, init->peer, false);
    s2si_admission_take(ike);
    if (sa != NULL && start(sa, init) != 0)
        s2si_sa_free(sa);
}

void s2si_init_request(struct s2si_ike *ike, const struct s2si_message *message, const struct s2s_endpoint *local,
                       const struct s2s_endpoint *remote)
{
    struct init init = {.message = message, .local = *local, .remote = *remote};
    if (message->header.message_id != 0 || duplicate(ike, &init))
        return;
    if (s2si_ke_decode(s2si_message_find(message, S2SI_PAYLOAD_KE, 0), &init.ke) != 0 ||
        s2si_nonce_decode(s2si_message_find(message, S2SI_PAYLOAD_NONCE, 0), &init.nonce) != 0) {
        refuse(ike, &init, S2SI_N_INVALID_SYNTAX, NULL, 0);
        return;
    }
    const struct s2si_ike_peer *nearest = s2si_peer_by_address(ike, local, remote, NULL);
    if (nearest == NULL) { /* nobody of ours, with or without a cookie */
        refuse(ike, &init, S2SI_N_NO_PROPOSAL_CHOSEN, NULL, 0);
        return;
    }
    enum s2si_admission admission = s2si_admission(ike, remote, brings_cookie(ike, &init), nearest->config.remote.family != 0);
    if (admission == ADMIT_COOKIE)
        ask_cookie(ike, &init);
    if (admission != ADMIT)
        return;
    if (!choose(ike, &init))
        no_proposal(ike, &init);
    else if (init.ke.algorithm != init.suite.group)
        wrong_group(ike, &init);
    else
        admit(ike, &init);
}

/* ---- the answer ---- */

static void write_response(struct s2si_ike_sa *sa, const struct s2si_negotiation *talks,
                           struct s2si_message_writer *writer)
{
    struct s2si_ike_header header = {.spi_i = sa->spi_i,
                                     .spi_r = sa->spi_r,
                                     .version = S2SI_IKE_VERSION,
                                     .exchange = S2SI_IKE_SA_INIT,
                                     .flags = S2SI_IKE_FLAG_RESPONSE};
    s2si_message_start(writer, sa->ike->wire, sa->ike->room, &header);
    s2si_sa_encode_one(writer, &talks->chosen);
    s2si_ke_encode(writer, talks->group, talks->ke.data, talks->ke.length);
    s2si_nonce_encode(writer, talks->nr.data, talks->nr.length);
    s2si_natt_write(sa, writer, sa->spi_r);
    if (sa->fragmentation)
        s2si_notify_encode(writer, S2SI_N_IKEV2_FRAGMENTATION_SUPPORTED, NULL, 0);
}

static int respond(struct s2si_ike_sa *sa, struct s2si_slot *slot)
{
    struct s2si_ike *ike = sa->ike;
    struct s2si_message_writer writer;
    int result = s2si_sa_derive(sa, slot->talks, NULL);
    if (result != 0)
        return result;
    write_response(sa, slot->talks, &writer);
    result = s2si_message_finish(&writer);
    if (result == 0)
        result = s2si_secret_set(ike->mem, &sa->auth->response, ike->wire, writer.bytes.length);
    sa->answer = result == 0 ? s2si_packet_clear(ike, writer.bytes.length) : NULL;
    if (sa->answer == NULL)
        return S2S_ERR_NO_MEMORY;
    s2si_secret_move(ike->mem, &sa->auth->ni, &slot->talks->ni);
    s2si_secret_move(ike->mem, &sa->auth->nr, &slot->talks->nr);
    s2si_output_packet(ike, sa->answer, sa->peer->config.owner, &sa->local, &sa->remote);
    s2si_exchange_end(sa, slot);
    sa->next_in = 1;
    return 0;
}

void s2si_init_r_resume(struct s2si_ike_sa *sa, struct s2si_slot *slot, enum s2si_wait waited, int result)
{
    (void)waited;
    if (result == 0)
        result = respond(sa, slot);
    if (result != 0)
        s2si_sa_free(sa);
}
