/* SPDX-License-Identifier: Apache-2.0 */
/* view: what the status of both gateways says about their tunnels. */
#ifndef ALI_AWS_VIEW_H
#define ALI_AWS_VIEW_H

#include <stdbool.h>

#include "net.h"
#include "report.h"

/* Alibaba's two tunnels, then AWS's four in the order of their connections. */
enum { VIEW_TUNNELS = TUNNELS_MOST, VIEW_ALIBABA = 0, VIEW_AWS = 2 };

struct tunnel_view {
    enum side side;
    const char *connection;
    unsigned index;  /* from 1 */
    bool used;       /* tunnel 2 of an AWS connection is not */
    char status[40]; /* in the cloud's words */
    bool up, active; /* active: carries that end's traffic */
    char bgp[20];    /* "Established"; "" without a session */
    char local[64];  /* outside address */
    struct byte_counts bytes;
};

struct view {
    struct tunnel_view tunnels[VIEW_TUNNELS];
    bool routes_ready; /* every published route is installed and has a live path, at both ends */
};

/* @return 0, or -1 with net->problem set. */
int view_read(struct net *net, struct view *view);
/* Both used tunnels are up at both ends, and so is the BGP session of each that has one. */
bool view_all_up(const struct view *view);
/* Each used tunnel has its BGP session established, at both ends. */
bool view_all_established(const struct view *view);
/* Both ends send by tunnel 1 (AWS: of its first connection). */
bool view_on_first(const struct view *view);
/* Draws the tunnels for a person. */
void view_print(const struct view *view);
/* Fills the tunnels of the report: status now, and the inner bytes moved between each pair of views. */
struct view_spans {
    struct view before[2], during[2], after[2]; /* start and end of each part */
};
void view_report(const struct view *now, const struct view_spans *spans, struct report *report);

#endif
