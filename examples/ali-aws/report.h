/* SPDX-License-Identifier: Apache-2.0 */
/* report: everything that a run finds out, and its JSON file. */
#ifndef ALI_AWS_REPORT_H
#define ALI_AWS_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "pings.h"
#include "topology.h"

enum { STEPS = 4, TUNNELS_MOST = 6 };

/* The phases with a failover in the order in which they run. */
enum phase_id {
    PLANNED_FAILOVER,
    SWITCH_BACK,
    SILENT_BOTH,
    SILENT_BOTH_PEER_UNPROBED,
    SILENT_OUTBOUND,
    SILENT_RETURN,
    PHASES
};

struct step_result {
    const char *name;
    bool done, ok;
    double ms;
};

struct phase_result {
    bool done, ok;
    struct figures figures;
    char trigger[24];
    double switch_ms; /* from the trigger to Alibaba's switch */
};

struct byte_counts {
    double in, out;
};

struct tunnel_result {
    enum side side;
    char connection[40], status[40];
    unsigned index;
    struct byte_counts before, during, after; /* inner bytes in each part of the planned failover */
};

struct report {
    const char *net, *routing;
    struct step_result steps[STEPS];
    unsigned sent, received; /* connectivity */
    struct phase_result phases[PHASES];
    struct tunnel_result tunnels[TUNNELS_MOST];
    unsigned tunnel_count;
    int64_t cleartext_packets; /* -1 = not counted */
};

void report_init(struct report *report, const char *net, const char *routing);
/* Whether everything held that the scenario promises; gaps are reported, not judged. */
bool report_held(const struct report *report);
/* Writes the JSON file. @return 0 or -1 with errno. */
int report_write(const struct report *report, const char *path);

#endif
