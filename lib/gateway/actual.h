/* SPDX-License-Identifier: Apache-2.0 */
/*
 * actual: what the kernel (or the engine's own ESP) has, item by item, beside what is wanted.
 *
 *   desired.c    marks the items of a dirty scope as wanted, with their content
 *   reconcile.c  starts what differs, phase by phase; takes completions in
 *   actual.c     keeps the items and builds an action from one
 *
 * An item is never forgotten while the kernel may have it: a success that nobody wants any more makes it `present`, so
 * that
 * the next difference deletes it.
 */
#ifndef S2SI_GATEWAY_ACTUAL_H
#define S2SI_GATEWAY_ACTUAL_H

#include "lib/gateway/objects.h"

enum s2si_scope_kind { S2SI_SCOPE_BASE = 0, S2SI_SCOPE_ROUTES, S2SI_SCOPE_TUNNEL, S2SI_SCOPE_PATHS };

enum s2si_item_kind {
    S2SI_ITEM_BIND = 0, S2SI_ITEM_DEVICE, S2SI_ITEM_ADDRESS, S2SI_ITEM_LISTEN, S2SI_ITEM_STREAM_KEY,
    S2SI_ITEM_SA_IN, S2SI_ITEM_POLICY_IN, S2SI_ITEM_SA_OUT, S2SI_ITEM_POLICY_OUT, /* a policy right behind its SA */
    S2SI_ITEM_PATH,
    S2SI_ITEM_LOCAL, S2SI_ITEM_UNREACHABLE, S2SI_ITEM_ROUTE,
    S2SI_ITEM_KINDS
};

/*
 * The order inside a scope: nothing of a phase is started before all that was to be done in earlier ones is answered
 * (refused items are parked and do not hold up the rest).
 */
enum s2si_phase {
    S2SI_PHASE_DEVICE = 0, S2SI_PHASE_ADDRESS,
    S2SI_PHASE_BIND, /* behind the device: nobody comes up who cannot carry a packet */
    S2SI_PHASE_LISTEN, S2SI_PHASE_STREAM_KEY, /* on an inside address; the key is the listener's */
    S2SI_PHASE_LOCAL,         /* networks that a wider VPN prefix must not take */
    S2SI_PHASE_UNREACHABLE,   /* fail-closed routes stand before anything else does */
    S2SI_PHASE_SA_IN, S2SI_PHASE_POLICY_IN, S2SI_PHASE_SA_OUT, S2SI_PHASE_POLICY_OUT, S2SI_PHASE_PATH,
    S2SI_PHASE_ROUTE,
    S2SI_PHASE_ROUTE_DELETE, S2SI_PHASE_PATH_DELETE, S2SI_PHASE_POLICY_DELETE, S2SI_PHASE_SA_DELETE,
    S2SI_PHASE_UNREACHABLE_DELETE, S2SI_PHASE_LOCAL_DELETE, S2SI_PHASE_STREAM_KEY_DELETE, S2SI_PHASE_LISTEN_DELETE,
    S2SI_PHASE_ADDRESS_DELETE, S2SI_PHASE_DEVICE_DELETE, S2SI_PHASE_UNBIND,
    S2SI_PHASES
};

/* What an item is about; key members first (they say which item it is), the rest may change. */
struct s2si_item_content {
    /* key */
    struct s2s_addr addr;      /* BIND */
    struct s2s_prefix prefix;  /* ADDRESS, routes, POLICY (local) */
    struct s2s_prefix source;  /* routes */
    uint64_t child;            /* SA: key; POLICY: value, whose selectors it shows */
    uint32_t table, metric;    /* routes */
    uint32_t group;            /* routes, PATH */
    uint32_t selector;         /* POLICY: index of the pair */
    /* value */
    struct s2s_addr preferred_source;
    uint32_t tunnel;           /* PATH, POLICY */
    uint32_t spi;              /* SA */
    struct s2s_endpoint remote; /* SA outbound: where it goes (SA_UPDATE when that alone changes) */
    uint32_t mtu;              /* DEVICE */
};

enum s2si_item_state {
    S2SI_ITEM_IDLE = 0, /* as present says */
    S2SI_ITEM_TODO,     /* differs, waits for its phase */
    S2SI_ITEM_FLYING,   /* an operation is under way */
    S2SI_ITEM_PARKED    /* refused: waits for other inputs or the end of a back-off */
};

struct s2si_item {
    struct s2si_list node;  /* scope->items */
    struct s2si_list todo;  /* scope->todo while TODO */
    struct s2si_scope *scope;
    uint8_t kind;           /* enum s2si_item_kind */
    uint8_t state;          /* enum s2si_item_state */
    uint8_t phase;          /* of what is to be done or under way */
    bool wanted, present, marked;
    bool unconfirmed;       /* a scan is under way and has not reported it yet */
    bool inherited;         /* fail-closed route of an earlier process: kept until BGP has told (bgp_routes.c) */
    uint8_t refusals;
    uint32_t esp;           /* handle of an SA of the engine's own ESP, 0 = none */
    uint64_t generation;    /* counts changes of content */
    uint64_t present_generation; /* the one that the kernel has */
    struct s2si_item_content content;
    struct s2si_timer retry;
};

void s2si_scope_init(struct s2si_scope *scope, enum s2si_scope_kind kind, void *owner);
/* Forgets all items without telling the kernel. */
void s2si_scope_free(s2s_engine *engine, struct s2si_scope *scope);
s2s_gateway *s2si_scope_gateway(const struct s2si_scope *scope);
bool s2si_scope_empty(const struct s2si_scope *scope);

/* Finds or makes; NULL without memory. */
struct s2si_item *s2si_item_find(struct s2si_scope *scope, enum s2si_item_kind kind,
                                 const struct s2si_item_content *key);
struct s2si_item *s2si_item_make(s2s_engine *engine, struct s2si_scope *scope, enum s2si_item_kind kind,
                                 const struct s2si_item_content *content);
void s2si_item_forget(s2s_engine *engine, struct s2si_item *item);
/* The item kind of a kernel route. */
enum s2si_item_kind s2si_route_item_kind(enum s2s_route_kind kind);
/* The route action of an item, and the reverse. */
void s2si_item_route(const struct s2si_item *item, struct s2s_action_route *route);
void s2si_route_content(const struct s2s_action_route *route, struct s2si_item_content *content);
/* Fills in an action of this type for an item. Keys in it are borrowed from the IKE core. @return false if the item
   has lost its ground (an SA whose CHILD_SA is gone). */
bool s2si_item_action(s2s_engine *engine, const struct s2si_item *item, enum s2s_action_type type,
                      struct s2s_action *action);
/* What is to be done for an item now; NONE if nothing. */
enum s2s_action_type s2si_item_next(const struct s2si_item *item, enum s2si_phase *phase);

#endif
