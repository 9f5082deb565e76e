/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bgp_pair: the two generic gateways of gateway_pair, with BGP over both tunnels (AS 65001 and 65002, hold time 30 s, probes
 * 100 ms apart). What a test wants different goes into a plan before the start.
 */
#ifndef TEST_BGP_PAIR_H
#define TEST_BGP_PAIR_H

#include "tests/sim/gateway_pair.h"

#include <s2svpn/bgp_session.h>

struct bgp_pair_plan {
    const char *import[2], *export_[2];
    size_t more;            /* prefixes that b announces besides its own: 20.0.0.0/24 and on */
    struct s2s_prefix *vpc; /* room for 1 + more of them */
    int ttl_security[2], passive[2];
    bool narrow;            /* b speaks for its subnets alone, without BGP */
    bool one_tunnel;        /* the second is disabled at first */
};

enum { BGP_PAIR_PROBE = 100 }; /* ms; three without an answer are a verdict */

/* Both tunnels are up afterwards (or the first alone). plan is borrowed. */
void bgp_pair_begin(struct pair *pair, const struct bgp_pair_plan *plan);
struct s2s_bgp_session_state bgp_pair_session(const struct pair_end *end, unsigned tunnel);
/* Until a session of end has so many accepted routes. step: ms between two looks. @return whether it has. */
bool bgp_pair_until(struct pair *pair, const struct pair_end *end, unsigned tunnel, uint32_t routes, unsigned milliseconds,
                    unsigned step);
/* Changes what both of b's tunnels announce; a policy as in bgp.export. */
void bgp_pair_export(struct pair *pair, const char *policy);
void bgp_pair_enable(struct pair *pair, struct pair_end *end, unsigned tunnel, bool enabled);

/* How a silent death of tunnel 1 was got over. Times are virtual, in ms from the cut. */
struct bgp_pair_loss {
    double switched; /* a's traffic takes the other tunnel: the verdict and the switch are one */
    double last;     /* the last route's own way is the other tunnel */
    double cpu;      /* seconds of CPU of both ends from the cut until then, less what they take when nothing happens */
    bool whole;      /* all routes are there by tunnel 2 */
};
struct bgp_pair_loss bgp_pair_lose(struct pair *pair, uint32_t routes);
double bgp_pair_cpu(void);

#endif
