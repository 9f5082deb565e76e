/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topology: who stands where in the scenario. The document hides the middle of its public addresses (8.XX.XX.146); here
 * they are literals with zeros in that place. Nothing of this is ever sent outside the simulation or the namespaces.
 *
 *     ECS ----- Alibaba gateway ===== router ===== AWS gateway ----- EC2
 *      inner-alibaba          outer-alibaba  outer-aws           inner-aws
 *
 * Every node has a working default route toward the router, and the router knows both VPCs: what no tunnel takes would
 * arrive all the same, in clear, and be seen on an outer link.
 */
#ifndef ALI_AWS_TOPOLOGY_H
#define ALI_AWS_TOPOLOGY_H

enum side { ALIBABA = 0, AWS = 1, SIDES = 2 };
enum { ADDRESSES_MOST = 4 };

/* One cloud. Prefix lengths: outer and inner links /24. */
struct place {
    const char *key;        /* "alibaba": profile, names of links and files */
    const char *title;      /* for people */
    const char *host_title; /* "ECS" */
    const char *vpc;        /* the VPC's network */
    const char *host;       /* the host in it */
    const char *inner;      /* the gateway's address on the host's network */
    const char *inner_network;
    const char *outside[ADDRESSES_MOST + 1];  /* public addresses of the gateway, NULL behind the last */
    const char *document[ADDRESSES_MOST + 1]; /* as the document writes them; "" where it names none */
    const char *router;                       /* the router's address on the outer link */
    unsigned asn;
};

extern const struct place places[SIDES];

/* The inside networks that the AWS connections are made with, tunnel by tunnel; tunnel 2 of each is not used. */
extern const char *const inside_networks[2][2];

/* Networks whose addresses must not appear on an outer link; NULL behind the last. */
extern const char *const inner_networks[];

/* What is told to a person before the first step. */
void topology_print(void);

#endif
