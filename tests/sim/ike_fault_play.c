/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/ike_fault_play.h"

#include <stdlib.h>


static const uint8_t exchanges[FAULT_SCENARIOS] = {S2SI_IKE_SA_INIT,      S2SI_IKE_AUTH,      S2SI_CREATE_CHILD_SA,
                                                   S2SI_CREATE_CHILD_SA,  S2SI_CREATE_CHILD_SA, S2SI_INFORMATIONAL,
                                                   S2SI_INFORMATIONAL,    S2SI_INFORMATIONAL};

/* One play. */
struct play {
    const struct fault_case *row;
    bool response; /* the faulty message is one */
    int faulty, honest, starter;
    struct pair pair;
    struct fault fault;
    uint64_t old_sa;      /* honest: id before the exchange */
    uint32_t old_spi_out; /* honest: CHILD_SA before the exchange */
    size_t events;        /* honest: before the exchange */
};

/* ---- start ---- */

static void forget_child(struct play *play)
{
    struct s2si_ike_sa *sa = s2si_peer_established(play->pair.end[play->starter].peer);
    struct s2si_child_sa *child = S2SI_CONTAINER(sa->children.next, struct s2si_child_sa, node);
    for (int i = 0; i < 2; i++) /* nobody makes a new one by himself */
        s2si_ike_peer_keep_up(play->pair.end[i].peer, false);
    play->pair.end[0].peer->wanted = play->pair.end[1].peer->wanted = false;
    s2si_child_close(child);
    ike_pair_wait(&play->pair, 8 * PAIR_SECOND);
}

static void remember(struct play *play)
{
    struct pair_end *honest = &play->pair.end[play->honest];
    const struct s2si_ike_sa *sa = s2si_peer_established(honest->peer);
    const struct pair_sa *out = ike_pair_outbound(&play->pair, play->honest);
    play->old_sa = sa != NULL ? sa->id : 0;
    play->old_spi_out = out != NULL ? out->spi_out : 0;
    play->events = honest->event_count;
}

static void exchange_start(struct play *play)
{
    struct pair_end *end = &play->pair.end[play->starter];
    s2s_time now = play->pair.now;
    switch (play->row->scenario) {
    case FAULT_INIT:
    case FAULT_AUTH:
    case FAULT_CHILD_NEW:
        s2si_ike_peer_keep_up(end->peer, true);
        (void)s2si_ike_initiate(end->peer, now);
        break;
    case FAULT_CHILD_REKEY:
        (void)s2si_ike_rekey_child(end->peer, 0, now);
        break;
    case FAULT_IKE_REKEY:
        (void)s2si_ike_rekey_ike(end->peer, now);
        break;
    case FAULT_CHILD_DELETE: {
        struct s2si_ike_sa *sa = s2si_peer_established(end->peer);
        s2si_child_close(S2SI_CONTAINER(sa->children.next, struct s2si_child_sa, node));
        break;
    }
    case FAULT_IKE_DELETE:
        (void)s2si_ike_terminate(end->peer, true, now);
        break;
    default:
        (void)s2si_ike_liveness(end->peer, now);
    }
    ike_pair_pump(&play->pair, play->starter);
}

static void play_open(struct play *play)
{
    bool from_nothing = play->row->scenario <= FAULT_AUTH;
    play->starter = play->response ? play->honest : play->faulty;
    ike_pair_init(&play->pair);
    play->pair.verbose = getenv("FAULT_ROW") != NULL;
    fault_bind(&play->fault, &play->pair, play->faulty);
    play->fault.row = play->row;
    play->fault.exchange = exchanges[play->row->scenario];
    play->fault.response = play->response;
    play->fault.edit = play->row->edit;
    play->fault.delivery = play->row->delivery;
    if (ike_pair_start(&play->pair) != 0)
        abort();
    if (!from_nothing) {
        s2si_ike_peer_keep_up(play->pair.end[0].peer, true);
        (void)s2si_ike_initiate(play->pair.end[0].peer, play->pair.now);
        ike_pair_wait(&play->pair, PAIR_SECOND);
        if (ike_pair_fault(&play->pair) != NULL)
            abort();
    }
    if (play->row->scenario == FAULT_CHILD_NEW)
        forget_child(play);
    remember(play);
}

/* ---- what came of it ---- */

static const struct pair_event *event(const struct play *play, enum s2si_ike_event_type type)
{
    const struct pair_end *honest = &play->pair.end[play->honest];
    for (size_t i = play->events; i < honest->event_count; i++) {
        if (honest->events[i].type == type)
            return &honest->events[i];
    }
    return NULL;
}

static bool sends_on(const struct pair_end *end, uint32_t spi_out)
{
    for (size_t i = 0; i < end->sa_count; i++) {
        if (end->sas[i].out && end->sas[i].spi_out == spi_out)
            return true;
    }
    return false;
}

/* The exchange's usual result, as the honest end sees it. */
static bool succeeded(const struct play *play)
{
    const struct pair_end *honest = &play->pair.end[play->honest];
    const struct s2si_ike_sa *sa = s2si_peer_established(honest->peer);
    const struct pair_sa *out = ike_pair_outbound(&play->pair, play->honest);
    bool flows = out != NULL && ike_pair_flows(&play->pair, play->honest) &&
                 ike_pair_flows(&play->pair, play->faulty);
    switch (play->row->scenario) {
    case FAULT_INIT:
    case FAULT_AUTH:
    case FAULT_CHILD_NEW:
        return flows;
    case FAULT_CHILD_REKEY:
        return flows && out->spi_out != play->old_spi_out;
    case FAULT_IKE_REKEY:
        return flows && sa != NULL && sa->id != play->old_sa;
    case FAULT_CHILD_DELETE:
        return !sends_on(honest, play->old_spi_out) && sa != NULL && sa->id == play->old_sa;
    case FAULT_IKE_DELETE:
        return sa == NULL || sa->id != play->old_sa;
    default:
        return sa != NULL && sa->id == play->old_sa &&
               (play->response ? event(play, S2SI_IKE_EV_ALIVE) != NULL
                               : play->fault.answers > 0 && play->fault.notify == 0);
    }
}

static struct fault_verdict of_request(const struct play *play)
{
    if (play->fault.notify != 0)
        return (struct fault_verdict){ANSWERS, play->fault.notify};
    if (succeeded(play))
        return (struct fault_verdict){TAKEN, 0};
    return (struct fault_verdict){play->fault.answers > 0 ? ANSWERED : SILENT, 0};
}

static bool waits(const struct play *play)
{
    const struct pair_end *honest = &play->pair.end[play->honest];
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &honest->ike->sas)
    {
        const struct s2si_ike_sa *sa = S2SI_CONTAINER(at, const struct s2si_ike_sa, node);
        if (sa->mine.wait == WAIT_ANSWER)
            return true;
    }
    return false;
}

static struct fault_verdict of_response(const struct play *play)
{
    const struct pair_event *failed = event(play, S2SI_IKE_EV_FAILED), *down = event(play, S2SI_IKE_EV_IKE_DOWN),
                            *child = event(play, S2SI_IKE_EV_CHILD_FAILED);
    bool deletes = play->row->scenario == FAULT_CHILD_DELETE || play->row->scenario == FAULT_IKE_DELETE;
    if (deletes && succeeded(play)) /* with it the IKE_SA's end is no failure */
        return (struct fault_verdict){TAKEN, 0};
    if (failed != NULL && play->row->scenario == FAULT_INIT && waits(play))
        return (struct fault_verdict){DOUBTED, (int)failed->reason};
    if (failed != NULL || down != NULL)
        return (struct fault_verdict){ENDS, (int)(failed != NULL ? failed->reason : down->reason)};
    if (child != NULL)
        return (struct fault_verdict){FAILS, (int)child->reason};
    if (succeeded(play))
        return (struct fault_verdict){TAKEN, 0};
    return (struct fault_verdict){waits(play) ? IGNORED : FINISHED, 0};
}

static const char *well(const struct pair *pair)
{
    const char *fault = ike_pair_fault(pair);
    if (fault != NULL)
        return fault;
    if (!ike_pair_flows(pair, 0))
        return "a packet from a does not arrive";
    return ike_pair_flows(pair, 1) ? NULL : "a packet from b does not arrive";
}

static void go_on(struct pair *pair, unsigned seconds)
{
    for (unsigned i = 0; i < 2 * seconds; i++) { /* in steps, so that a slow end's work is done at some time */
        ike_pair_wait(pair, PAIR_SECOND / 2);
        (void)ike_pair_complete(pair, 0);
        (void)ike_pair_complete(pair, 1);
    }
}

/* @return NULL or what is wrong long after the fault is gone. */
static const char *recovered(struct play *play)
{
    struct pair *pair = &play->pair;
    int first = play->row->scenario <= FAULT_AUTH ? play->starter : 0;
    play->fault.active = false;
    for (int i = 0; i < 2; i++) {
        pair->end[i].late_jobs = pair->end[i].late_spi = pair->end[i].late_kernel = false;
        pair->end[i].refuse_in = pair->end[i].refuse_out = pair->end[i].refuse_spi = 0;
    }
    s2si_ike_peer_keep_up(pair->end[first].peer, true);
    if (play->row->scenario >= FAULT_CHILD_DELETE)
        (void)s2si_ike_initiate(pair->end[first].peer, pair->now);
    go_on(pair, 40);
    ike_pair_wait(pair, 140 * PAIR_SECOND);
    if (well(pair) == NULL || !play->row->lies)
        return well(pair);
    pair->verbose = pair->verbose && getenv("FAULT_LONG") != NULL;
    ike_pair_wait(pair, 3600 * PAIR_SECOND); /* it said of its SAs what is not true: their lifetime mends that */
    for (int i = 0; i < 60 && well(pair) != NULL; i++)
        ike_pair_wait(pair, 10 * PAIR_SECOND);
    return well(pair);
}

struct fault_result fault_play(const struct fault_case *row, bool response, int faulty)
{
    static struct play play;
    struct fault_result result = {.blocks = 0};
    memset(&play, 0, sizeof play);
    play.row = row;
    play.response = response;
    play.faulty = faulty;
    play.honest = 1 - faulty;
    play_open(&play);
    play.fault.active = true;
    if (row->setup != NULL)
        row->setup(&play.pair, faulty, row);
    exchange_start(&play);
    go_on(&play.pair, 5);
    result.seen = response ? of_response(&play) : of_request(&play);
    result.wrong = recovered(&play);
    result.played = play.fault.hits > 0 || row->setup != NULL;
    fault_forget(&play.fault);
    ike_pair_stop(&play.pair);
    for (int i = 0; i < 2; i++)
        result.blocks += play.pair.end[i].mem.blocks;
    return result;
}
