/* SPDX-License-Identifier: Apache-2.0 */
/*
 * objects: what the engine is made of. Plain data; who owns what:
 *
 *   engine ── gateways ── customer gateways
 *      │         ├────── connections ── tunnels ── IKE peer (lib/ike/v2), SAs (actual set)
 *      │         ├────── routes, routing tables
 *      │         └────── scopes: what is desired of the kernel, and what it has
 *      └── queues: actions, events, operations; timers; the IKE core; the ESP SAs
 *
 * Every change edits this data and marks scopes dirty; s2si_engine_settle() (end of every entry point) computes the
 * desired set
 * of the dirty scopes and queues the difference as actions (reconcile.h). Members are in sections: those of the engine
 * half
 * (engine, objects, reconcile, IKE glue) and those of the traffic half (health, select, route_table, probe, datapath).
 * Each half
 * writes its own members only and reads all.
 */
#ifndef S2SI_GATEWAY_OBJECTS_H
#define S2SI_GATEWAY_OBJECTS_H

#include <s2svpn/bgp_session.h>
#include <s2svpn/engine.h>
#include <s2svpn/route.h>
#include "lib/base/base.h"
#include "lib/crypto/crypto.h"
#include "lib/gateway/acquire.h"
#include "lib/gateway/datapath.h"
#include "lib/gateway/diagnosis.h"
#include "lib/gateway/health.h"
#include "lib/gateway/params.h"
#include "lib/gateway/probe.h"
#include "lib/gateway/profile.h"
#include "lib/gateway/route_table.h"
#include "lib/gateway/select.h"
#include "lib/ike/v2/ikev2.h"

struct s2si_events;
struct s2si_actions;
struct s2si_operations;
struct s2si_bgp_room;


/* Kinds of timers in engine->timers; owner in brackets. */
enum s2si_timer_kind {
    S2SI_TIMER_NONE = 0,
    S2SI_TIMER_PLANNED,  /* tunnel: planned take-down */
    S2SI_TIMER_RETRY,    /* item of the actual set: back-off after a refusal */
    S2SI_TIMER_SCAN,     /* gateway: slow full comparison */
    S2SI_TIMER_SHUTDOWN, /* engine */
    S2SI_TIMER_HEALTH,   /* tunnel: s2si_health_timer */
    S2SI_TIMER_SELECT,   /* gateway: s2si_select_timer */
    S2SI_TIMER_ACQUIRE,  /* tunnel: s2si_acquire_timer */
    S2SI_TIMER_PROBE,    /* tunnel: s2si_probe_timer */
    S2SI_TIMER_BGP       /* gateway: s2si_bgp_glue_timer */
};

#define S2SI_SCOPE_PHASES 24 /* enum s2si_phase (actual.h) */

/* A set of keys that is compared as one: what a gateway needs of the kernel, or a tunnel. */
struct s2si_scope {
    struct s2si_list items;  /* struct s2si_item (actual.h) */
    struct s2si_list todo;   /* those that differ and wait for their phase */
    struct s2si_list dirty;  /* in engine->dirty when it has to be looked at; else linked to itself */
    uint32_t waiting[S2SI_SCOPE_PHASES], flying[S2SI_SCOPE_PHASES]; /* items by phase */
    bool stale;              /* desired has to be computed again, else only the next phase is started */
    uint8_t kind;            /* enum s2si_scope_kind (actual.h) */
    void *owner;             /* the gateway or the tunnel */
};

struct s2si_address {
    struct s2s_addr addr;
    bool bound;    /* the kernel has opened our ports on it */
    bool present;  /* not reported lost */
};

/* A customer gateway. Owned by its gateway; tunnels hold pointers and count themselves in users. */
struct s2s_customer_gateway {
    struct s2si_list node; /* gateway->customer_gateways */
    s2s_gateway *gateway;
    struct s2s_customer_gateway_params params; /* owned */
    uint32_t users;
};

enum s2si_planned_state { S2SI_PLANNED_NONE = 0, S2SI_PLANNED_QUIET, S2SI_PLANNED_DELETE, S2SI_PLANNED_DRAIN };

struct s2s_tunnel {
    /* ---- engine half ---- */
    s2s_engine *engine;
    s2s_gateway *gateway;
    s2s_connection *connection;
    uint32_t index; /* from 1, in its connection */
    uint32_t id;    /* in the engine, never reused; owner of the IKE peer, user of ESP SAs */
    struct s2s_tunnel_params given;     /* owned: as configured and modified */
    struct s2s_tunnel_params effective; /* owned: with defaults, made PSK, computed addresses */
    s2s_customer_gateway *customer_gateway;
    struct s2s_addr own;     /* our public address: the default identity; differs from local behind a NAT */
    struct s2s_addr local;   /* outside address that we bind and send from */
    struct s2s_addr remote;  /* of the customer gateway; family 0 = any */
    struct s2s_addr inside_local, inside_remote; /* family 0 = none */
    uint8_t inside_length;   /* prefix length of the inside network */
    struct s2si_ike_peer *peer; /* NULL when disabled or the address is unknown */
    enum s2s_tunnel_status status;
    s2s_time last_change;
    enum s2s_reason last_reason;
    char *last_error;             /* owned; NULL = none */
    struct s2si_finding *finding; /* what a diagnosis says; NULL while nothing went wrong */
    char *label;                  /* owned: "connection/2", cut */
    enum s2s_trigger trigger; /* why it went down, until it is up again */
    bool made_psk;           /* effective.psk was made by the cloud's rule */
    bool held;               /* waits: not to be initiated (address lost, planned) */
    struct s2si_scope scope; /* its SAs and policies */
    uint32_t spi_in, spi_out; /* newest pair; 0 = none */
    /* ESP handles of the newest usable pair; 0 = none. What the data path seals with is sa_out. */
    uint32_t sa_in, sa_out;
    bool up_in, up_out;       /* both directions installed (in engine or in the kernel) */
    enum s2si_planned_state planned;
    enum s2s_trigger planned_trigger;
    bool planned_hold;        /* do not come up again afterwards (disable, delete) */
    bool delete_after;        /* its connection is being deleted */
    s2s_time planned_since;
    struct s2si_timer planned_timer;
    uint64_t ike_rekeys, ipsec_rekeys;
    s2s_bgp_session *bgp;     /* bgp_glue.h; NULL while its connection does without */
    /* ---- traffic half ---- */
    struct s2si_health health;
    struct s2si_probe probe;
    struct s2si_traffic traffic;
    struct s2si_acquire acquire;
};

struct s2s_connection {
    /* ---- engine half ---- */
    struct s2si_list node; /* gateway->connections, in order of creation */
    s2s_gateway *gateway;
    struct s2s_connection_params params;    /* owned: as given, tunnels member empty */
    struct s2s_connection_params effective; /* owned: with defaults, tunnels member empty */
    s2s_customer_gateway *customer_gateway; /* NULL when each tunnel names its own */
    s2s_tunnel **tunnels;
    size_t tunnel_count, tunnel_capacity;
    bool routes_dropped;
    bool deleting; /* handle is gone; its tunnels say goodbye */
    /* ---- traffic half ---- */
    struct s2si_group group;
};

struct s2s_route {
    /* ---- engine half ---- */
    struct s2si_list node; /* gateway->routes, in order of creation */
    s2s_gateway *gateway;
    s2s_connection *connection;
    struct s2s_route_params params; /* owned, defaults filled in; connection member is NULL (see connection) */
    uint64_t number;                /* order of creation */
    bool automatic;                 /* made by its connection */
    bool listed;                    /* named by the configuration */
    bool keep;                      /* while automatic routes are computed: still wanted */
    bool published;                 /* the flag */
    /* ---- traffic half ---- */
    struct s2si_route_entry entry;
};

struct s2s_gateway {
    /* ---- engine half ---- */
    struct s2si_list node; /* engine->gateways */
    s2s_engine *engine;
    struct s2s_gateway_params params;    /* owned: as given */
    struct s2s_gateway_params effective; /* owned: with defaults */
    const struct s2s_profile *profile;
    struct s2si_address *addresses;
    /* the first public_count are gateway.addresses, the rest what tunnels bind instead */
    size_t address_count, address_capacity, public_count;
    bool dynamic_address; /* "dynamic": the kernel tells */
    struct s2si_list customer_gateways, connections, routes;
    uint64_t route_numbers;
    char device[32];      /* the name that the kernel gave; "" before */
    char default_device[16]; /* "s2s0", counting the engine's gateways */
    bool device_up;
    char refusal[256];    /* what the kernel refused last of base and routes; see s2si_gateway_refusal */
    uint8_t device_number; /* s2s_packet.device of packets from and to it */
    struct s2si_scope base_scope;  /* binds, device, inside addresses */
    struct s2si_scope route_scope; /* kernel routes */
    struct s2si_scope path_scope;  /* PATH of groups, kernels with ESP */
    struct s2si_map kernel_items; /* key -> item of base_scope or route_scope (actual.c) */
    bool adopted;         /* the first SCAN was answered */
    bool scanning;
    bool guarded;         /* GATEWAY_GUARDED was told */
    size_t operations;    /* outstanding ones that name this gateway */
    bool deleting;        /* handle is gone; its tunnels say goodbye */
    bool removing;        /* they have: what is installed goes */
    struct s2si_timer scan_timer;
    struct s2si_bgp_room *bgp; /* bgp_glue.h; NULL before a connection turns BGP on */
    bool bgp_changed, bgp_look; /* the next settle compares sessions with settings, looks at paths and steering */
    /* ---- traffic half ---- */
    struct s2si_group group; /* egress_per_gateway */
    struct s2si_routing routing;
    uint16_t mtu, mss;       /* minimum over its tunnels */
};

struct s2s_engine {
    /* ---- engine half ---- */
    struct s2si_mem mem;
    struct s2si_log log;
    struct s2si_crypto crypto;
    struct s2si_ike *ike;
    struct s2s_engine_params params;
    uint32_t capabilities;
    s2s_time now;               /* of the last call */
    uint64_t seed[2];           /* of the maps */
    bool inside;                /* debug builds: an entry point is running, or a leaf was called from one */
    bool shutting_down, shutdown_done;
    bool removing;              /* shutdown: the peers were told, now what is installed goes */
    struct s2si_list gateways;
    size_t gateway_count, connection_count, route_count;
    size_t leaving; /* gateways and connections that were deleted and still say goodbye */
    uint32_t next_tunnel_id, next_group_id, next_device;
    uint64_t bgp_rooms;         /* made so far */
    struct s2si_map tunnels;    /* id -> s2s_tunnel */
    struct s2si_timers timers;
    struct s2si_list dirty;     /* scopes */
    struct s2si_events *events;
    struct s2si_actions *actions;
    struct s2si_operations *operations;
    struct s2si_errors errors;  /* of the last create, update or validate */
    char detail[512];
    struct s2si_timer shutdown_timer;
    /* ---- traffic half ---- */
    struct s2si_datapath datapath;
};

/* What the traffic half calls of the engine half. */

/* By id, or NULL. */
s2s_tunnel *s2si_tunnel_by_id(const s2s_engine *engine, uint32_t id);
/* "connection/2" for log lines, into a buffer of the caller. */
char *s2si_tunnel_label(const s2s_tunnel *tunnel, char *out, size_t size);
/* Queues an event about this tunnel (gateway, connection, tunnel, time are filled in); extra may be NULL or holds
   the other members. */
void s2si_event_tunnel(s2s_tunnel *tunnel, enum s2s_event_type type, enum s2s_log_level severity,
                       const struct s2s_event *extra,
                       const char *format, ...) __attribute__((format(printf, 5, 6)));
void s2si_event_gateway(s2s_gateway *gateway, enum s2s_event_type type, enum s2s_log_level severity,
                        const struct s2s_event *extra,
                        const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The kernel's routes / paths of this gateway have to be compared again. Cheap; carried out at the end of the entry
   point. */
void s2si_routes_dirty(s2s_gateway *gateway);
/* Those to one destination, at once: for tables of many routes that change one by one. */
void s2si_route_dirty(s2s_gateway *gateway, const struct s2s_prefix *destination);
void s2si_paths_dirty(s2s_gateway *gateway);
/* Sends or delivers a packet that the engine made: template holds verdict, local, remote, tos, tunnel, device; data
   is copied. Bounded: false = full. */
bool s2si_packet_send(s2s_engine *engine, const struct s2s_packet *template, const uint8_t *data, size_t length);
/* An empty INFORMATIONAL now. @return 0, S2S_ERR_AGAIN (a request is outstanding), S2S_ERR_STATE. */
int s2si_tunnel_liveness(s2s_tunnel *tunnel, s2s_time now);
/* Traffic wants the tunnel: startup_action trap starts negotiating (nothing for others). */
void s2si_tunnel_acquire(s2s_tunnel *tunnel, s2s_time now);
/* ESP that verified came in. moved: from another endpoint than the peer's (NAT mapping). Cheap. */
void s2si_tunnel_esp_in(s2s_tunnel *tunnel, const struct s2s_endpoint *moved, s2s_time now);
/* The outbound sequence nears its end. */
void s2si_tunnel_sequence_low(s2s_tunnel *tunnel, s2s_time now);
/* One IKE datagram, the non-ESP marker already taken off. */
void s2si_engine_ike(s2s_engine *engine, const struct s2s_endpoint *local, const struct s2s_endpoint *remote,
                     const uint8_t *data,
                     size_t length, s2s_time now);
/* End of an entry point: IKE outputs, dirty scopes, states. Entry points call it; nobody else needs to. */
void s2si_engine_settle(s2s_engine *engine, s2s_time now);

#endif
