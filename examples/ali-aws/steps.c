/* SPDX-License-Identifier: Apache-2.0 */
#include "steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clouds.h"
#include "phases.h"
#include "view.h"

enum { UP_LIMIT = 30 };

/* ---- 1: the VPN gateway, and the two addresses that it was given ---- */

static int read_addresses(struct net *net, struct alibaba_handout *out)
{
    cJSON *status = net->ops->status(net, ALIBABA);
    const cJSON *list =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(status, "gateway"), "addresses");
    int result = 0;
    for (int i = 0; status && i < TUNNELS; i++) {
        const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(list, i));
        if (!text)
            result = net_fail(net, "the status names no address %d of the VPN gateway", i + 1);
        else
            (void)snprintf(out->addresses[i], sizeof out->addresses[i], "%s", text);
    }
    cJSON_Delete(status);
    return status ? result : -1;
}

static int apply(struct net *net, enum side side, char *json)
{
    int result = json ? net->ops->apply(net, side, json) : net_fail(net, "out of memory");
    free(json);
    return result;
}

static int apply_stage(struct run *run, enum alibaba_stage stage)
{
    return apply(run->net, ALIBABA, clouds_alibaba_json(run->routing, stage, &run->files));
}

static int step_alibaba_gateway(struct run *run)
{
    if (apply_stage(run, STAGE_GATEWAY) != 0 || read_addresses(run->net, &run->alibaba) != 0)
        return -1;
    printf("    addresses: %s (tunnel 1, master), %s (tunnel 2, slave)\n", run->alibaba.addresses[0],
           run->alibaba.addresses[1]);
    return 0;
}

/* ---- 2: AWS chooses keys and addresses ---- */

static int step_aws(struct run *run)
{
    struct net *net = run->net;
    if (clouds_aws_create(run->routing, &run->alibaba, &run->aws, net->problem, sizeof net->problem) != 0 ||
        apply(net, AWS, clouds_aws_json(run->routing, &run->alibaba, &run->aws)) != 0)
        return -1;
    for (int i = 0; i < CONNECTIONS; i++)
        for (int k = 0; k < TUNNELS; k++) {
            const struct aws_tunnel *tunnel = &run->aws.tunnels[i][k];
            printf("    %s tunnel %d: outside %-10s inside %-19s key of %zu characters%s\n", aws_connections[i], k + 1,
                   tunnel->outside, tunnel->inside, strlen(tunnel->psk), k ? ", not used" : "");
        }
    printf("    device files: vendor Generic, %zu and %zu bytes\n", strlen(run->aws.files[0]), strlen(run->aws.files[1]));
    printf("    customer gateways: %s, %s; propagation is on\n", run->alibaba.addresses[0], run->alibaba.addresses[1]);
    if (run->routing == ROUTING_BGP)
        printf("    ASN of this end %u, of both customer gateways %u\n", places[AWS].asn, places[ALIBABA].asn);
    return 0;
}

/* ---- 3: the connection with what AWS handed out, then its route is published or BGP switched on ---- */

static bool everything_up(void *user)
{
    struct view view;
    return view_read(user, &view) == 0 && view_all_up(&view) && view.routes_ready;
}

/* AWS does not call a tunnel UP before its session stands, so this end alone is asked. */
static bool alibaba_up(void *user)
{
    struct view view;
    return view_read(user, &view) == 0 && view.tunnels[VIEW_ALIBABA].up && view.tunnels[VIEW_ALIBABA + 1].up;
}

static bool everything_established(void *user)
{
    struct view view;
    return view_read(user, &view) == 0 && view_all_up(&view) && view_all_established(&view) && view.routes_ready;
}

/* BGP comes to tunnels that stand, and they stay as they are. */
static int tunnels_stayed(struct run *run, double since)
{
    struct event_query query = {.side = ALIBABA, .since = since, .type = "ipsec_down"};
    return events_find(&run->net->events, &query) ? net_fail(run->net, "a tunnel went down when BGP was switched on")
                                                  : 0;
}

static int switch_bgp_on(struct run *run)
{
    struct net *net = run->net;
    if (net_wait(net, UP_LIMIT, NET_EVENT_MS, alibaba_up, net, "both tunnels up, BGP not switched on yet") != 0)
        return -1;
    printf("    destination mode; both tunnels are up\n");
    double since = net->ops->now(net);
    if (apply_stage(run, STAGE_BGP) != 0)
        return -1;
    printf("    BGP is switched on, local ASN %u:\n", places[ALIBABA].asn);
    for (int i = 0; i < TUNNELS; i++)
        printf("    tunnel %d: %-18s local %s, peer %s\n", i + 1, run->files.tunnels[i].inside,
               run->files.tunnels[i].local, run->files.tunnels[i].peer);
    if (apply_stage(run, STAGE_PUBLISHED) != 0)
        return -1;
    printf("    auto-propagation is on\n");
    if (net_wait(net, UP_LIMIT, NET_EVENT_MS, everything_established, net,
                 "both sessions established, both VPCs' routes learned, published and live") != 0)
        return -1;
    return tunnels_stayed(run, since);
}

static int publish(struct run *run)
{
    struct net *net = run->net;
    if (apply_stage(run, STAGE_PUBLISHED) != 0)
        return -1;
    printf("    policy route %s -> %s is published\n", places[ALIBABA].vpc, places[AWS].vpc);
    return net_wait(net, UP_LIMIT, NET_EVENT_MS, everything_up, net,
                    "both tunnels up at both ends, every route published and live");
}

static int step_alibaba_connection(struct run *run)
{
    struct net *net = run->net;
    if (handout_read(&run->aws, &run->files, net->problem, sizeof net->problem) != 0 ||
        apply_stage(run, STAGE_CONNECTION) != 0)
        return -1;
    printf("    from the two device files: %zu of %zu fields; the others (MSS, MTU, DF bit) are computed here\n",
           run->files.carried, run->files.fields);
    for (int i = 0; i < TUNNELS; i++)
        printf("    tunnel %d: customer gateway %s, inside %s, the key of %s tunnel 1\n", i + 1,
               run->files.tunnels[i].outside, run->files.tunnels[i].local, aws_connections[i]);
    return run->routing == ROUTING_BGP ? switch_bgp_on(run) : publish(run);
}

/* ---- 4: ping, and every way to lose tunnel 1 ---- */

static void print_phase(const struct phase_result *result, enum phase_id phase)
{
    const struct figures *figures = &result->figures;
    printf("    %-42s %5u %5u %9.1f  %-11s", phase_title(phase), figures->sent, figures->lost, figures->gap_ms,
           result->trigger);
    if (phase == SWITCH_BACK)
        printf(" after %.1f s\n", result->switch_ms / 1000);
    else
        printf(" after %.0f ms\n", result->switch_ms);
}

static int run_phases(struct run *run)
{
    struct net *net = run->net;
    int result = 0;
    printf("    high availability, 100 pings a second:\n");
    printf("    %-42s %5s %5s %9s  %s\n", "", "sent", "lost", "gap ms", "Alibaba switches by");
    for (int id = 0; id < PHASES; id++) {
        int outcome = phase_run(run, (enum phase_id)id);
        if (run->report->phases[id].done)
            print_phase(&run->report->phases[id], (enum phase_id)id);
        if (outcome != 0) {
            result = -1;
            printf("    FAILED  %s: %s\n", phase_title((enum phase_id)id), net->problem);
            if (net_interrupted())
                break;
        }
        (void)fflush(stdout);
    }
    return result;
}

static int step_test(struct run *run)
{
    struct net *net = run->net;
    struct view view;
    if (view_read(net, &view) != 0)
        return -1;
    view_print(&view);
    run->spans.before[0] = view;
    if (phase_connectivity(run) != 0)
        return -1;
    printf("    ping %s -> %s: %u sent, %u received\n", places[ALIBABA].host, places[AWS].host, run->report->sent,
           run->report->received);
    (void)fflush(stdout);
    int result = run_phases(run);
    if (view_read(net, &view) == 0)
        view_report(&view, &run->spans, run->report);
    return result ? net_fail(net, "see above") : 0;
}

/* ---- all of them ---- */

static int (*const steps[STEPS])(struct run *run) = {step_alibaba_gateway, step_aws, step_alibaba_connection,
                                                     step_test};

static int run_step(struct run *run, int number)
{
    struct net *net = run->net;
    struct step_result *step = &run->report->steps[number];
    double start = net->ops->now(net);
    printf("Step %d  %s\n", number + 1, step->name);
    (void)fflush(stdout);
    step->ok = steps[number](run) == 0;
    step->done = true;
    step->ms = (net->ops->now(net) - start) * 1000;
    if (step->ok)
        printf("        ok, %.0f ms\n\n", step->ms);
    else
        printf("        FAILED: %s\n\n", net->problem);
    (void)fflush(stdout);
    return step->ok ? 0 : -1;
}

int steps_run(struct net *net, struct report *report, enum routing routing)
{
    struct run run;
    int result = 0;
    memset(&run, 0, sizeof run);
    run.net = net;
    run.report = report;
    run.routing = routing;
    for (int number = 0; result == 0 && number < STEPS; number++)
        result = run_step(&run, number);
    clouds_aws_forget(&run.aws);
    handout_free(&run.files);
    report->cleartext_packets = net->ops->cleartext(net);
    if (report->cleartext_packets < 0)
        printf("Captures: %s\n", net->problem);
    return report_held(report) ? 0 : -1;
}
