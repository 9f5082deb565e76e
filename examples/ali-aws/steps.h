/* SPDX-License-Identifier: Apache-2.0 */
/* steps: the document's four steps, told to a person as they happen. */
#ifndef ALI_AWS_STEPS_H
#define ALI_AWS_STEPS_H

#include "clouds.h"
#include "net.h"
#include "report.h"

/* Runs them all; what fails is in the report and was printed. @return 0 when everything held. */
int steps_run(struct net *net, struct report *report, enum routing routing);

#endif
