/* SPDX-License-Identifier: Apache-2.0 */
#include "phases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIVITY_PINGS = 20, CONNECTIVITY_MS = 200 };
/* Seconds: the window, the time in which a late reply still counts, and how long a thing may take. */
static const double lead_in = 1.5, window_before = 1, window_after = 5, late = 2.2, drain = 1.5;
static const double switch_limit = 60, resume_limit = 120, refusal_limit = 20, settle_limit = 150;

struct phase {
    const char *name, *title;
    unsigned cut;        /* silent phases: what the router drops */
    bool peer_probe;     /* the AWS end probes too */
    const char *trigger; /* that the switch must have; NULL = any */
    unsigned to;         /* the tunnel that Alibaba moves to */
};

static const struct phase phases[PHASES] = {
    [PLANNED_FAILOVER] = {"planned_failover", "planned: the PSK of tunnel 1 is changed", CUT_NONE, true, "psk_change",
                          2},
    [SWITCH_BACK] = {"switch_back", "switch-back: the old PSK is restored", CUT_NONE, true, "recovered", 1},
    [SILENT_BOTH] = {"silent_both", "silent death, both directions", CUT_BOTH, true, NULL, 2},
    [SILENT_BOTH_PEER_UNPROBED] = {"silent_both_peer_unprobed", "the same, AWS end without probe", CUT_BOTH, false,
                                   NULL, 2},
    [SILENT_OUTBOUND] = {"silent_outbound", "silent death, Alibaba to AWS only", CUT_OUTBOUND, true, NULL, 2},
    [SILENT_RETURN] = {"silent_return", "silent death, AWS to Alibaba only", CUT_RETURN, true, NULL, 2},
};

const char *phase_name(enum phase_id phase)
{
    return phases[phase].name;
}

const char *phase_title(enum phase_id phase)
{
    return phases[phase].title;
}

/* ---- pings ---- */

static int read_pings(struct net *net, unsigned interval_ms, struct pings *pings)
{
    char *text = net->ops->ping_text(net);
    bool read = text && pings_parse(text, interval_ms / 1000.0, pings);
    free(text);
    if (text && !read)
        (void)net_fail(net, "out of memory");
    return read ? 0 : -1;
}

int phase_connectivity(struct run *run)
{
    struct net *net = run->net;
    struct pings pings;
    if (net->ops->ping_start(net, "connectivity", CONNECTIVITY_PINGS, CONNECTIVITY_MS) != 0 ||
        net_pass(net, CONNECTIVITY_PINGS * CONNECTIVITY_MS / 1000.0 + late) != 0 || net->ops->ping_stop(net) != 0 ||
        read_pings(net, CONNECTIVITY_MS, &pings) != 0)
        return -1;
    run->report->sent = (unsigned)pings.count;
    run->report->received = (unsigned)pings.answered;
    pings_free(&pings);
    if (run->report->sent == CONNECTIVITY_PINGS && run->report->received == run->report->sent)
        return 0;
    return net_fail(net, "%u of %u pings were answered", run->report->received, run->report->sent);
}

/* ---- before a phase: both ends on tunnel 1, everything up ---- */

static bool all_up(void *user)
{
    struct view view;
    return view_read(user, &view) == 0 && view_all_up(&view);
}

static bool alibaba_on_first(void *user)
{
    struct view view;
    return view_read(user, &view) == 0 && view_all_up(&view) && view.tunnels[VIEW_ALIBABA].active;
}

static bool both_on_first(void *user)
{
    struct view view;
    return view_read(user, &view) == 0 && view_on_first(&view);
}

/*
 * AWS keeps the tunnel that it sends by until that one fails, so after a failover it may still send by the second. A
 * restart of tunnel 2 at Alibaba's end (a DELETE on the wire) makes it come back.
 */
static int bring_back(struct net *net)
{
    if (net->ops->restart(net, ALIBABA, ALIBABA_CONNECTION, 2) != 0 ||
        net_wait(net, settle_limit, NET_STATUS_MS, both_on_first, net, "both ends on tunnel 1") != 0)
        return -1;
    return net_wait(net, settle_limit, NET_STATUS_MS, all_up, net, "tunnel 2 up again");
}

static int settle(struct run *run, bool peer_probe)
{
    struct net *net = run->net;
    struct view view;
    if (net_wait(net, settle_limit, NET_STATUS_MS, alibaba_on_first, net,
                 "Alibaba back on tunnel 1, every used tunnel up") != 0 ||
        view_read(net, &view) != 0)
        return -1;
    if (!view_on_first(&view) && bring_back(net) != 0)
        return -1;
    for (int i = 0; run->peer_unprobed == peer_probe && i < CONNECTIONS; i++)
        if (net->ops->patch(net, AWS, aws_connections[i], 1, clouds_probe_patch(peer_probe)) != 0)
            return -1;
    run->peer_unprobed = !peer_probe;
    return net_pass(net, 1);
}

/* ---- what is waited for ---- */

struct waiting {
    struct net *net;
    const struct phase *phase;
    double trigger;
    double switched;
};

static const struct event_entry *find_switch(const struct waiting *waiting)
{
    struct event_query query = {.side = ALIBABA,
                                .since = waiting->trigger,
                                .type = "path_switched",
                                .tunnel = waiting->phase->to,
                                .trigger = waiting->phase->trigger};
    return events_find(&waiting->net->events, &query);
}

static bool switched(void *user)
{
    return find_switch(user) != NULL;
}

/* The refusal is seen at both ends: AWS checks the key and refuses, Alibaba is told. */
static bool refused(void *user)
{
    struct waiting *waiting = user;
    struct event_query query = {
        .side = ALIBABA, .since = waiting->trigger, .type = "authentication_failed", .tunnel = 1};
    if (!events_find(&waiting->net->events, &query))
        return false;
    query.side = AWS;
    query.connection = aws_connections[0];
    return events_find(&waiting->net->events, &query) != NULL;
}

static bool resumed(void *user)
{
    struct waiting *waiting = user;
    struct pings pings;
    double now = waiting->net->ops->now(waiting->net);
    if (now < waiting->switched + 0.7 || read_pings(waiting->net, waiting->net->ops->fast_ms, &pings) != 0)
        return false;
    bool steady = pings_steady(&pings, now);
    pings_free(&pings);
    return steady;
}

static int wait_switch(struct waiting *waiting, struct phase_result *result)
{
    struct net *net = waiting->net;
    if (net_wait(net, switch_limit, NET_EVENT_MS, switched, waiting, "Alibaba's traffic moves to the other tunnel") !=
        0)
        return -1;
    const struct event_entry *entry = find_switch(waiting);
    waiting->switched = entry->at;
    result->switch_ms = (entry->at - waiting->trigger) * 1000;
    (void)snprintf(result->trigger, sizeof result->trigger, "%s", event_text(entry, "trigger"));
    return 0;
}

/* ---- the four kinds of happenings; each starts when the ping runs and ends when its traffic is steady again ---- */

static int pull_trigger(struct run *run, struct waiting *waiting, const char *psk)
{
    char *patch = clouds_psk_patch(psk);
    waiting->trigger = run->net->ops->now(run->net);
    int result = patch ? run->net->ops->patch(run->net, ALIBABA, ALIBABA_CONNECTION, 1, patch)
                       : net_fail(run->net, "out of memory");
    free(patch);
    return result;
}

static int planned(struct run *run, struct waiting *waiting, struct phase_result *result)
{
    struct net *net = run->net;
    char wrong[PSK_ROOM];
    clouds_wrong_psk(run->files.tunnels[0].psk, wrong);
    if (view_read(net, &run->spans.before[1]) != 0 || pull_trigger(run, waiting, wrong) != 0 ||
        wait_switch(waiting, result) != 0 ||
        net_wait(net, refusal_limit, NET_EVENT_MS, refused, waiting,
                 "AUTHENTICATION_FAILED in the events of both ends") != 0)
        return -1;
    double left = waiting->switched + drain - net->ops->now(net);
    return (left > 0 && net_pass(net, left) != 0) ? -1 : view_read(net, &run->spans.during[0]);
}

static int restored(struct run *run, struct waiting *waiting, struct phase_result *result)
{
    struct net *net = run->net;
    if (view_read(net, &run->spans.during[1]) != 0 || pull_trigger(run, waiting, run->files.tunnels[0].psk) != 0 ||
        wait_switch(waiting, result) != 0 || net_pass(net, drain) != 0)
        return -1;
    return view_read(net, &run->spans.after[0]);
}

static int silent(struct run *run, struct waiting *waiting, struct phase_result *result)
{
    struct net *net = run->net;
    waiting->trigger = net->ops->now(net);
    if (net->ops->cut(net, waiting->phase->cut) != 0 || wait_switch(waiting, result) != 0)
        return -1;
    return net_wait(net, resume_limit, NET_STATUS_MS, resumed, waiting, "traffic after the silent death");
}

/* ---- a phase ---- */

static int measure(struct net *net, const struct waiting *waiting, struct phase_result *result)
{
    struct pings pings;
    double end = waiting->switched + window_after;
    if (read_pings(net, net->ops->fast_ms, &pings) != 0)
        return -1;
    pings_window(&pings, waiting->trigger - window_before, net->ops->now(net) - late, &result->figures);
    /* After a silent death both ends have to switch: the later one counts, which is when replies come again. */
    if (waiting->phase->cut && result->figures.gap_end > waiting->switched)
        end = result->figures.gap_end + window_after;
    pings_window(&pings, waiting->trigger - window_before, end, &result->figures);
    pings_free(&pings);
    result->done = true;
    return 0;
}

static int happen(struct run *run, enum phase_id id, struct waiting *waiting, struct phase_result *result)
{
    switch (id) {
    case PLANNED_FAILOVER:
        return planned(run, waiting, result);
    case SWITCH_BACK:
        return restored(run, waiting, result);
    default:
        return silent(run, waiting, result);
    }
}

/* Pings, lets it happen, goes on until the window is over and late replies had their time. */
static int observe(struct run *run, enum phase_id id, struct phase_result *result)
{
    struct net *net = run->net;
    struct waiting waiting = {net, &phases[id], 0, 0};
    if (net->ops->ping_start(net, phases[id].name, 0, net->ops->fast_ms) != 0)
        return -1;
    int outcome = net_pass(net, lead_in) == 0 ? happen(run, id, &waiting, result) : -1;
    if (outcome == 0)
        outcome = net_pass(net, window_after + late);
    if (net->ops->ping_stop(net) != 0 || outcome != 0)
        return -1;
    return measure(net, &waiting, result);
}

static bool must_lose_nothing(enum phase_id id)
{
    return id == PLANNED_FAILOVER || id == SWITCH_BACK;
}

int phase_run(struct run *run, enum phase_id id)
{
    struct net *net = run->net;
    struct phase_result *result = &run->report->phases[id];
    if ((id != SWITCH_BACK && settle(run, phases[id].peer_probe) != 0) || observe(run, id, result) != 0) {
        char problem[sizeof net->problem];
        memcpy(problem, net->problem, sizeof problem);
        (void)net->ops->cut(net, CUT_NONE);
        memcpy(net->problem, problem, sizeof problem);
        return -1;
    }
    if (net->ops->cut(net, CUT_NONE) != 0 || (id == SWITCH_BACK && view_read(net, &run->spans.after[1]) != 0))
        return -1;
    if (must_lose_nothing(id) && result->figures.lost)
        return net_fail(net, "%u of %u were lost, and nothing should be", result->figures.lost, result->figures.sent);
    result->ok = true;
    return 0;
}
