/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receive: from a datagram to the handler of its IKE_SA (RFC 7296 sections 2.1, 2.2, 2.5, 2.21, 2.23; RFC 7383).
 *
 *   header ─ IKE_SA by our SPI ─ window ─ open SK / collect SKF ─ payload rules ─ transitions.c
 *
 * Up to "open" nothing is believed: wrong is counted and dropped. After it an error is answered.
 */
#include "lib/ike/v2/state.h"

struct arrival {
    struct s2si_ike *ike;
    struct s2si_ike_sa *sa;
    struct s2s_endpoint local, remote;
    struct s2si_message message;
    struct s2si_message_error error;
    bool response;
};

/* ---- without an IKE_SA ---- */

static void wrong_version(struct arrival *in)
{
    uint8_t version = S2SI_IKE_VERSION;
    in->ike->counters.malformed++;
    if (!in->response && s2si_admission_error(in->ike))
        s2si_send_clear_notify(in->ike, &in->message.header, &in->local, &in->remote, S2SI_N_INVALID_MAJOR_VERSION,
                               &version, 1);
}

static void unknown_spi(struct arrival *in)
{
    in->ike->counters.unknown_spi++;
    if (!in->response && in->message.header.exchange != S2SI_IKE_SA_INIT && s2si_admission_error(in->ike))
        s2si_send_clear_notify(in->ike, &in->message.header, &in->local, &in->remote, S2SI_N_INVALID_IKE_SPI, NULL, 0);
}

/* The one fault of an unreadable first request that must be named (section 2.5). */
static void unknown_critical(struct arrival *in)
{
    const struct s2si_ike_header *header = &in->message.header;
    if (header->exchange == S2SI_IKE_SA_INIT && !in->response && header->spi_r == 0 && s2si_admission_error(in->ike))
        s2si_send_clear_notify(in->ike, header, &in->local, &in->remote, in->error.notify, &in->error.payload, 1);
}

static void new_request(struct arrival *in)
{
    enum s2si_message_kind kind;
    if (s2si_message_check(&in->message, &kind, &in->error) != 0 || kind != S2SI_KIND_INIT_REQUEST) {
        in->ike->counters.malformed++;
        if (s2si_admission_error(in->ike))
            s2si_send_clear_notify(in->ike, &in->message.header, &in->local, &in->remote, S2SI_N_INVALID_SYNTAX, NULL,
                                   0);
        return;
    }
    s2si_init_request(in->ike, &in->message, &in->local, &in->remote);
}

/* ---- which IKE_SA ---- */

/* By our own SPI; the other one must be the peer's, but for the first answer, which tells it. */
static struct s2si_ike_sa *find_sa(struct s2si_ike *ike, const struct s2si_ike_header *header)
{
    bool from_initiator = s2si_ike_header_from_initiator(header);
    uint64_t own = from_initiator ? header->spi_r : header->spi_i;
    uint64_t other = from_initiator ? header->spi_i : header->spi_r;
    struct s2si_ike_sa *sa = s2si_map_get(&ike->by_spi, &own, sizeof own);
    if (sa == NULL || sa->initiator == from_initiator)
        return NULL;
    if (sa->state == ST_INIT_I)
        return header->exchange == S2SI_IKE_SA_INIT ? sa : NULL;
    return (sa->initiator ? sa->spi_r : sa->spi_i) == other ? sa : NULL;
}

/* ---- window (sections 2.2, 2.3) ---- */

enum window { WINDOW_NEW, WINDOW_AGAIN /* a request that was answered */, WINDOW_DROP };

static enum window window(const struct arrival *in)
{
    const struct s2si_ike_sa *sa = in->sa;
    uint32_t id = in->message.header.message_id;
    if (in->response)
        return sa->mine.wait == WAIT_ANSWER && sa->mine.id == id ? WINDOW_NEW : WINDOW_DROP;
    if (id == sa->next_in)
        return sa->theirs.task == TASK_NONE ? WINDOW_NEW : WINDOW_DROP;
    return id + 1 == sa->next_in && sa->theirs.task == TASK_NONE && sa->answer != NULL ? WINDOW_AGAIN : WINDOW_DROP;
}

/* ---- opening ---- */

static int open_fragment(struct arrival *in)
{
    struct s2si_ike_sa *sa = in->sa;
    struct s2si_skf fragment;
    int result = s2si_skf_decode(&in->message, &fragment);
    if (result != 0)
        return result;
    if (!sa->fragmentation ||
        !s2si_reassembly_wants(&sa->reassembly, in->message.header.message_id, &fragment, in->ike->now)) {
        in->ike->counters.fragments_dropped++;
        return S2S_ERR_AGAIN;
    }
    result = s2si_skf_open(&sa->sk_in, &in->message, in->ike->scratch, in->ike->room, &fragment);
    if (result != 0)
        return result;
    in->ike->counters.fragments_in++;
    if (fragment.number < fragment.total) /* the last one is short in any case */
        s2si_path_heard(sa, in->message.length);
    result = s2si_reassembly_add(&sa->reassembly, &in->message.header, &fragment, in->ike->now);
    s2si_deadline_set(in->ike, &sa->deadlines, AT_REASSEMBLY, s2si_reassembly_deadline(&sa->reassembly));
    if (result != 0)
        return S2S_ERR_AGAIN;
    return s2si_reassembly_take(&sa->reassembly, &in->message, in->ike->scratch, in->ike->room, &in->error);
}

static bool is_fragment(const struct s2si_message *message)
{
    return s2si_message_find(message, S2SI_PAYLOAD_SKF, 0) != NULL;
}

/* The first fragment alone asks for the answer again (RFC 7383 section 2.6.1). */
static bool first_fragment(const struct s2si_message *message)
{
    struct s2si_skf fragment;
    return !is_fragment(message) || (s2si_skf_decode(message, &fragment) == 0 && fragment.number == 1);
}

static int open_again(struct arrival *in)
{
    struct s2si_skf fragment;
    if (is_fragment(&in->message))
        return s2si_skf_open(&in->sa->sk_in, &in->message, in->ike->scratch, in->ike->room, &fragment);
    return s2si_sk_open(&in->sa->sk_in, &in->message, in->ike->scratch, in->ike->room, &in->error);
}

/* ---- authentic ---- */

static void seen(struct arrival *in)
{
    struct s2si_ike_sa *sa = in->sa;
    sa->last_seen = in->ike->now;
    if (sa->state == ST_INIT_R) {
        sa->local = in->local;
        sa->remote = in->remote;
    } else if (sa->natt && sa->nat_remote && !sa->nat_local && sa->state == ST_UP) {
        s2si_sa_moved(sa, &in->local, &in->remote);
    } else if (sa->local.addr.family == 0) {
        sa->local.addr = in->local.addr;
    }
}

/* What the peer made of its answer is unknown, so the IKE_SA cannot go on (section 2.21.3); once it stands the peer hears
   of its end. */
static void useless_response(struct s2si_ike_sa *sa)
{
    struct s2si_ike_peer *peer = sa->peer;
    if (sa->state != ST_UP) {
        s2si_sa_down(sa, S2SI_IKE_REASON_INVALID_SYNTAX, 0, true);
        return;
    }
    s2si_exchange_abort(sa, &sa->mine);
    s2si_sa_close(sa, S2SI_IKE_REASON_INVALID_SYNTAX);
    s2si_peer_lost(peer, false);
}

/* A verified message that is malformed: a request is answered, a response ends the IKE_SA (section 2.21.2, 2.21.3). */
static void malformed(struct arrival *in)
{
    struct s2si_ike_sa *sa = in->sa;
    const uint8_t critical = in->error.payload;
    bool unsupported = in->error.notify == S2SI_N_UNSUPPORTED_CRITICAL_PAYLOAD;
    in->ike->counters.malformed++;
    s2si_say(in->ike, S2S_LOG_NOTICE, sa->peer, "malformed message: %s", in->error.what != NULL ? in->error.what : "");
    if (in->response) {
        sa->next_out = in->message.header.message_id + 1;
        useless_response(sa);
        return;
    }
    struct s2si_slot *slot = s2si_exchange_accept(sa, TASK_INFORMATIONAL, in->message.header.message_id);
    sa->next_in++;
    s2si_respond_notify(sa, slot, in->message.header.exchange, unsupported ? in->error.notify : S2SI_N_INVALID_SYNTAX,
                        unsupported ? &critical : NULL, unsupported ? 1 : 0);
    if (sa->state == ST_INIT_R)
        s2si_sa_linger(sa);
}

static void handle(struct arrival *in)
{
    struct s2si_ike_sa *sa = in->sa;
    uint64_t id = sa->id;
    enum s2si_message_kind kind;
    if (s2si_message_check(&in->message, &kind, &in->error) != 0) {
        malformed(in);
        return;
    }
    if (!in->response)
        sa->next_in++;
    else if (sa->state != ST_INIT_I)
        sa->next_out = in->message.header.message_id + 1;
    if (in->response) {
        s2si_deadline_stop(in->ike, &sa->deadlines, AT_RETRANSMIT);
        sa->mine.wait = WAIT_NOTHING;
    }
    s2si_transition(sa, &in->message, kind);
    sa = s2si_sa_by_id(in->ike, id);
    if (sa == NULL)
        return;
    if (in->response && sa->mine.task != TASK_NONE && sa->mine.wait == WAIT_NOTHING) /* an answer that fits nothing */
        useless_response(sa);
    else
        s2si_exchange_next(sa);
}

static void protected(struct arrival *in)
{
    struct s2si_ike_sa *sa = in->sa;
    enum window where = window(in);
    if (sa->sk_in.transform == NULL || where == WINDOW_DROP) {
        in->ike->counters.replayed++;
        return;
    }
    if (where == WINDOW_AGAIN) {
        if (first_fragment(&in->message) && open_again(in) == 0)
            s2si_answer_again(sa, &in->message, &in->local, &in->remote);
        return;
    }
    int result = is_fragment(&in->message)
                     ? open_fragment(in)
                     : s2si_sk_open(&sa->sk_in, &in->message, in->ike->scratch, in->ike->room, &in->error);
    if (result == S2S_ERR_AGAIN)
        return;
    if (result != 0 && in->error.notify == 0) {
        in->ike->counters.bad_integrity += result == S2S_ERR_AUTH ? 1u : 0u;
        in->ike->counters.malformed += result == S2S_ERR_AUTH ? 0u : 1u;
        return;
    }
    seen(in);
    if (result != 0)
        malformed(in);
    else
        handle(in);
}

/* IKE_SA_INIT answers, and clear-text answers of a peer that has forgotten us (section 2.21.4). */
static void unprotected(struct arrival *in)
{
    struct s2si_ike_sa *sa = in->sa;
    enum s2si_message_kind kind;
    if (sa->state == ST_INIT_I && in->response && in->message.header.exchange == S2SI_IKE_SA_INIT &&
        in->message.header.message_id == 0) {
        if (s2si_message_check(&in->message, &kind, &in->error) != 0) {
            in->ike->counters.malformed++;
            return;
        }
        if (sa->local.addr.family == 0)
            sa->local.addr = in->local.addr;
        s2si_init_response(sa, &in->message, kind);
        return;
    }
    if (sa->state == ST_UP && in->response && s2si_notify_find(&in->message, S2SI_N_INVALID_IKE_SPI, NULL) &&
        s2si_admission_error(in->ike)) {
        sa->want_liveness = true;
        s2si_exchange_next(sa);
    }
}

static bool is_protected(const struct s2si_message *message)
{
    return s2si_message_find(message, S2SI_PAYLOAD_SK, 0) != NULL || is_fragment(message);
}

/* @return 0 when the message can be looked at further. */
static int parse(struct arrival *in, const uint8_t *data, size_t length)
{
    int result = length > in->ike->limits.message_bytes ? S2S_ERR_MALFORMED
                                                        : s2si_message_parse(data, length, &in->message, &in->error);
    in->response = s2si_ike_header_is_response(&in->message.header);
    if (result == S2S_ERR_UNSUPPORTED && in->error.notify == S2SI_N_INVALID_MAJOR_VERSION) {
        wrong_version(in);
        return result;
    }
    if (result != 0)
        in->ike->counters.malformed++;
    if (result == S2S_ERR_UNSUPPORTED)
        unknown_critical(in);
    return result;
}

void s2si_ike_feed(struct s2si_ike *ike, const struct s2s_endpoint *local, const struct s2s_endpoint *remote,
                   const uint8_t *data, size_t length, s2s_time now)
{
    struct arrival in = {.ike = ike, .local = *local, .remote = *remote};
    if (now > ike->now)
        ike->now = now;
    ike->counters.received++;
    if (parse(&in, data, length) != 0)
        return;
    const struct s2si_ike_header *header = &in.message.header;
    if (header->exchange == S2SI_IKE_SA_INIT && !in.response && s2si_ike_header_from_initiator(header)) {
        if (header->spi_r == 0)
            new_request(&in);
        return;
    }
    in.sa = find_sa(ike, header);
    if (in.sa == NULL)
        unknown_spi(&in);
    else if (is_protected(&in.message))
    protected(&in);
    else unprotected(&in);
    s2si_wipe(ike->scratch, length < ike->room ? length : ike->room);
}
