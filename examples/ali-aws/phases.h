/* SPDX-License-Identifier: Apache-2.0 */
/*
 * phases: the fourth step's tests. Every one runs a ping, starts something, waits for Alibaba to move its traffic, and
 * takes figures from the ping's raw output over a window from 1 s before the trigger to 5 s after the switch.
 */
#ifndef ALI_AWS_PHASES_H
#define ALI_AWS_PHASES_H

#include "clouds.h"
#include "handout.h"
#include "net.h"
#include "report.h"
#include "view.h"

struct run {
    struct net *net;
    struct report *report;
    enum routing routing;
    struct alibaba_handout alibaba;
    struct aws_handout aws; /* AWS's own, and the files that leave it */
    struct handout files;   /* what Alibaba's side read in those */
    struct view_spans spans;
    bool peer_unprobed; /* the AWS end's probes are off now; changed between phases alone */
};

/* All return 0 when what they test held, else -1 with net->problem set. */
int phase_connectivity(struct run *run);
int phase_run(struct run *run, enum phase_id phase);

/* Names: of the ping's file, and for a person. */
const char *phase_name(enum phase_id phase);
const char *phase_title(enum phase_id phase);

#endif
