/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloud_pair: the source scenario with BGP. Alibaba's gateway (one connection, two tunnels) and AWS's (two connections,
 * tunnel 1 of each used), a router between them that can lose one tunnel's packets, a host in each VPC.
 *
 *     ECS 10.0.0.223 ── alibaba  8.0.0.146 ══ tunnel 1 ══ 3.0.0.52  aws ── EC2 192.168.10.113
 *                       AS 65530 8.0.0.74  ══ tunnel 2 ══ 3.0.0.56  AS 64512
 *
 * Inside: 169.254.116.208/30 and 169.254.214.96/30; AWS is the first host of each.
 */
#ifndef TEST_CLOUD_PAIR_H
#define TEST_CLOUD_PAIR_H

#include <s2svpn/bgp_session.h>
#include <s2svpn/driver.h>
#include <s2svpn/route.h>
#include <s2svpn/sim.h>

#define CLOUD_EVENTS 4096

struct cloud_end {
    s2s_engine *engine;
    s2s_driver *driver;
    s2s_gateway *gateway;
    s2s_connection *connection[2]; /* alibaba: [0] alone */
    s2s_sim_node *node, *host;
    s2s_sim_link *outer, *inner;
    struct cloud_event {
        enum s2s_event_type type;
        enum s2s_trigger trigger;
        uint32_t tunnel;
        struct s2s_prefix prefix;
        s2s_time at;
        int bgp_state;
        bool by_peer;
        char text[200];
    } *events;
    size_t event_count;
};

struct cloud_params {
    enum s2s_sim_mode mode;  /* of both kernels */
    int probe_ms;            /* 0 = no probe at either end */
    bool aws_probes;
    bool auto_propagate, propagate;
    bool graceful_restart;
    const char *auth_key;    /* at both ends; NULL = none */
    const char *aws_more[64]; /* further VPC prefixes that AWS announces */
    size_t aws_more_count;
    int max_prefix;          /* of Alibaba; 0 = the profile's */
    bool inside_late;        /* Alibaba learns of the inside addresses with BGP, as in the console; AWS speaks BGP at once */
    bool bgp_at_once;        /* BGP is part of the connections when they are made */
    const struct s2s_allocator *allocator; /* of Alibaba's engine; NULL = malloc */
};

struct cloud {
    s2s_sim *sim;
    s2s_sim_node *router;
    struct cloud_end ali, aws;
    struct cloud_params params;
    bool trace;
};

void cloud_params_init(struct cloud_params *params);
void cloud_setup(struct cloud *cloud, const struct cloud_params *params);
/* A new process for Alibaba after a crash (s2s_sim_node_crash). */
void cloud_start_again(struct cloud *cloud);
void cloud_teardown(struct cloud *cloud);
void cloud_run(struct cloud *cloud, unsigned milliseconds);
/* Turns BGP on or off on connections that exist, at both ends. */
void cloud_bgp(struct cloud *cloud, bool on);
void cloud_bgp_aws(struct cloud *cloud, bool on); /* at AWS alone */
/* The Alibaba gateway's auto_propagate, AWS's route table propagation. */
void cloud_auto_propagate(struct cloud *cloud, bool on);
void cloud_propagate(struct cloud *cloud, bool on);
/* Until both sessions are established and settled, or the time is over. */
bool cloud_until_established(struct cloud *cloud, unsigned milliseconds);
/* Tunnel 1 or 2 of the scenario as that end has it. */
s2s_tunnel *cloud_tunnel(const struct cloud *cloud, const struct cloud_end *end, unsigned which);
struct s2s_bgp_session_state cloud_session(const struct cloud *cloud, const struct cloud_end *end, unsigned which);
/* Which tunnel of the scenario carries an end's outbound traffic, 0 = none. */
unsigned cloud_active(const struct cloud *cloud, const struct cloud_end *end);
size_t cloud_events(const struct cloud_end *end, enum s2s_event_type type);
/* The router loses a tunnel's packets: from Alibaba, from AWS. */
struct cloud_silence {
    uint32_t forth, back;
};
struct cloud_silence cloud_silence(struct cloud *cloud, unsigned which, bool forth, bool back);
void cloud_heal(struct cloud *cloud, struct cloud_silence silence);
/* Pings from ECS to EC2, 10 ms apart, 2 s of grace. @return answers. */
unsigned cloud_ping(struct cloud *cloud, unsigned count);
struct cloud_stream {
    s2s_sim_ping *ping;
    struct s2s_sim_ping_stats stats;
};
void cloud_stream_start(struct cloud *cloud, struct cloud_stream *stream, unsigned seconds);
void cloud_stream_end(struct cloud *cloud, struct cloud_stream *stream);
unsigned cloud_lost(const struct cloud_stream *stream);
unsigned cloud_gap_ms(const struct cloud_stream *stream);
uint64_t cloud_cleartext(const struct cloud *cloud);
void cloud_kick(struct cloud *cloud);

#endif
