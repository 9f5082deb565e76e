/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net: the ground on which the scenario runs, and what the scenario may do on it. Two implementations: net_sim.c (an
 * in-memory internet with a virtual clock) and net_netns.c (Linux network namespaces, two s2s-gateway processes, real
 * ping). The scenario changes only the Alibaba end after a trigger; the AWS end learns from the wire.
 */
#ifndef ALI_AWS_NET_H
#define ALI_AWS_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "events.h"
#include "topology.h"

/* Directions of tunnel 1's path that the router drops, silently. */
enum cut { CUT_NONE = 0, CUT_OUTBOUND = 1 /* Alibaba to AWS */, CUT_RETURN = 2 /* AWS to Alibaba */, CUT_BOTH = 3 };

struct net;

/* All that return int: 0, or -1 with net->problem set. */
struct net_ops {
    const char *name; /* "sim", "netns" */
    unsigned fast_ms; /* the interval of the failover phases' pings: at least 100 a second */
    int (*open)(struct net *net);
    void (*close)(struct net *net);
    /* Starts the gateway of a side with this configuration; later calls make the smallest change. */
    int (*apply)(struct net *net, enum side side, const char *json);
    int (*patch)(struct net *net, enum side side, const char *connection, unsigned tunnel, const char *json);
    int (*restart)(struct net *net, enum side side, const char *connection, unsigned tunnel);
    /* The status of a side in the shape of its configuration; the caller's to delete. NULL with net->problem set. */
    cJSON *(*status)(struct net *net, enum side side);
    /* enum cut; replaces what was cut before. */
    int (*cut)(struct net *net, unsigned directions);
    /* One ping at a time from ECS to EC2; phase names its file. count 0 = until stopped. */
    int (*ping_start)(struct net *net, const char *phase, unsigned count, unsigned interval_ms);
    int (*ping_stop)(struct net *net);
    /* Its output so far, as ping -D writes it; free() it. NULL with net->problem set. */
    char *(*ping_text)(struct net *net);
    /* Seconds, on the clock of ping -D. */
    double (*now)(struct net *net);
    /* Lets that much time pass at most; events that come are added to net->events. */
    int (*run)(struct net *net, double seconds);
    /* Ends the captures. @return packets with inner addresses seen on any outer link, -1 with net->problem set. */
    int64_t (*cleartext)(struct net *net);
};

struct net_options {
    const char *self;      /* folder of this program */
    const char *artifacts; /* folder for captures, ping output and logs; NULL = nothing is kept */
    bool key_log;          /* write the keys of every SA beside the captures */
    bool verbose;
};

struct net {
    const struct net_ops *ops;
    struct net_options options;
    struct events events;
    char problem[600];
    void *self; /* the implementation's own */
};

/* Both fill net; net_open calls the implementation. */
int net_sim_new(struct net *net, const struct net_options *options);
int net_netns_new(struct net *net, const struct net_options *options);
/* Closes and frees; allowed after a failed _new too. */
void net_delete(struct net *net);

/* Sets net->problem and returns -1. */
int net_fail(struct net *net, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Waits until condition holds; looks at it every so many seconds. @return 0, or -1: net->problem says what was waited
 * for. */
enum { NET_EVENT_MS = 10, NET_STATUS_MS = 250 }; /* conditions on events, and those that cost more */
int net_wait(struct net *net, double seconds, unsigned every_ms, bool (*condition)(void *user), void *user,
             const char *what);
/* Lets exactly that much time pass. */
int net_pass(struct net *net, double seconds);
/* From now on SIGINT, SIGTERM and SIGHUP end every wait with -1, so that what was made is taken away. */
void net_catch_signals(void);
bool net_interrupted(void);

#endif
