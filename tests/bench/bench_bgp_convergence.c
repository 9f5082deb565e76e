/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_bgp_convergence [ROUTES ...]: two whole gateways over kernel sim, both tunnels with BGP, 100, 1,000 and 100,000 routes
 * unless told otherwise. For each size: tunnel 1 brings all routes, a second session brings the same, tunnel 1 dies without a
 * word, all is withdrawn, all is announced again.
 *
 * What the loss costs has two parts. Detection: three probes, whatever the number of routes (virtual time; the limit is
 * 3 x interval). Then the switch, one pointer, and the routes' own ways behind it: CPU time, which a real clock would add.
 * CPU is that of both ends and of the sim between them; "growth" is CPU a route against the size before it: 1 is linear.
 */
#include "tests/sim/bgp_pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 8, PHASES = 5 };
static const char *const names[PHASES] = {"load", "second session", "tunnel lost", "withdraw all", "announce all"};

struct result {
    size_t routes;
    double cpu[PHASES], virtual_ms[PHASES], switched;
};

static void must(bool holds, const char *what)
{
    if (!holds) {
        printf("not ok bench_bgp_convergence: %s\n", what);
        exit(1);
    }
}

struct stopwatch {
    struct pair *pair;
    double cpu;
    s2s_time at;
};

static void start(struct stopwatch *watch, struct pair *pair)
{
    *watch = (struct stopwatch){pair, bgp_pair_cpu(), s2s_sim_now(pair->sim)};
}

static void stop(const struct stopwatch *watch, struct result *result, int phase)
{
    result->cpu[phase] = bgp_pair_cpu() - watch->cpu;
    result->virtual_ms[phase] = (double)(s2s_sim_now(watch->pair->sim) - watch->at) / (double)S2S_MILLISECOND;
}

static void lose(struct pair *pair, struct result *result)
{
    struct bgp_pair_loss loss = bgp_pair_lose(pair, (uint32_t)result->routes);
    must(loss.whole, "routes are missing after the loss");
    result->cpu[2] = loss.cpu;
    result->virtual_ms[2] = loss.last;
    result->switched = loss.switched;
}

static void measure(size_t routes, struct result *result)
{
    struct bgp_pair_plan plan = {.export_ = {NULL, "\"permit\""}, .import = {"\"permit\"", NULL}, .more = routes - 1, .one_tunnel = true};
    struct stopwatch watch;
    struct pair pair;

    *result = (struct result){.routes = routes};
    plan.vpc = calloc(routes, sizeof *plan.vpc);
    must(plan.vpc != NULL, "no memory");
    bgp_pair_begin(&pair, &plan);
    start(&watch, &pair);
    must(bgp_pair_until(&pair, &pair.a, 1, (uint32_t)routes, 120000, 10), "the routes do not come");
    stop(&watch, result, 0);
    bgp_pair_enable(&pair, &pair.a, 2, true);
    bgp_pair_enable(&pair, &pair.b, 2, true);
    must(pair_until_up(&pair, 2, 20000), "the second tunnel does not come up");
    start(&watch, &pair);
    must(bgp_pair_until(&pair, &pair.a, 2, (uint32_t)routes, 120000, 10), "the second session does not bring the routes");
    stop(&watch, result, 1);
    pair_run(&pair, 8000);
    lose(&pair, result);
    pair_run(&pair, 1000);
    start(&watch, &pair);
    bgp_pair_export(&pair, "\"deny\"");
    must(bgp_pair_until(&pair, &pair.a, 2, 0, 120000, 1), "the routes do not go");
    stop(&watch, result, 3);
    start(&watch, &pair);
    bgp_pair_export(&pair, "\"permit\"");
    must(bgp_pair_until(&pair, &pair.a, 2, (uint32_t)routes, 120000, 1), "the routes do not come back");
    stop(&watch, result, 4);
    pair_teardown(&pair);
    free(plan.vpc);
}

static void show(const struct result *result, const struct result *before)
{
    double limit = 3.0 * BGP_PAIR_PROBE;

    printf("%zu routes: the switch %.0f ms after the cut (%.2f of 3 probe intervals), the last route %.0f ms (%.2f)\n", result->routes,
           result->switched, result->switched / limit, result->virtual_ms[2], result->virtual_ms[2] / limit);
    for (int i = 0; i < PHASES; i++) {
        double each = result->cpu[i] / (double)result->routes;
        printf("  %-16s %8.3f s CPU %8.2f us a route", names[i], result->cpu[i], each * 1e6);
        if (before != NULL && before->cpu[i] > 0) {
            printf(", growth %.2f", each / (before->cpu[i] / (double)before->routes));
        }
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    static const size_t usual[] = {100, 1000, 100000};
    struct result results[ROOM];
    int count = argc > 1 ? argc - 1 : 3;

    for (int i = 0; i < count && i < ROOM; i++) {
        measure(argc > 1 ? (size_t)strtoul(argv[i + 1], NULL, 10) : usual[i], &results[i]);
        show(&results[i], i > 0 ? &results[i - 1] : NULL);
    }
    printf("ok bench_bgp_convergence\n");
    return 0;
}
