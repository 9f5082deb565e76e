/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway_rig: one or two engines over a fake kernel that keeps a record of what it was asked, and answers at once,
 * when told, in any order, or with a refusal. Datagrams between the two engines are carried by hand. Time stands still
 * unless the test moves it. The profile is a small one of the test's own.
 */
#ifndef TEST_GATEWAY_RIG_H
#define TEST_GATEWAY_RIG_H

#include <s2svpn/engine.h>
#include <s2svpn/gateway.h>
#include <s2svpn/route.h>

#define RIG_ACTIONS 512

struct rig_action {
    enum s2s_action_type type;
    uint64_t op;
    bool answered;
    bool inbound; /* SA, POLICY */
    uint32_t spi;
    enum s2s_route_kind kind; /* ROUTE */
    struct s2s_prefix prefix; /* ROUTE, ADDRESS */
    uint32_t group, tunnel;
    size_t selectors; /* SA: local */
};

struct rig_end {
    s2s_engine *engine;
    s2s_gateway *gateway;
    s2s_connection *connection;
    struct rig_action actions[RIG_ACTIONS];
    size_t action_count;
    bool hold;                   /* answers wait for rig_answer */
    enum s2s_action_type refuse; /* refused with S2S_ERR_KERNEL */
    bool cut;                    /* its datagrams are lost */
    uint32_t next_spi;
    size_t datagrams;
};

struct rig {
    struct rig_end a, b;
    s2s_time now;
};

/* The profile of the tests: no limits, one default each, policy routes made and published. */
const struct s2s_profile *rig_profile(void);
/* An engine with a gateway "gw" of address (text), and a customer gateway "far". allocator may be NULL. @return 0 or
 * the error of the first call that failed. */
int rig_make(struct rig_end *end, const struct s2s_allocator *allocator, uint32_t capabilities, const char *address,
             const char *far);
/* A connection "net" with one tunnel: local and remote subnet in text. */
int rig_connect(struct rig_end *end, const char *local, const char *remote, bool start, s2s_time now);
void rig_free(struct rig_end *end);
/* Takes actions until there are none, answers, carries datagrams across; until both are quiet. */
void rig_pump(struct rig *rig);
void rig_advance(struct rig *rig, s2s_time by);
/* Answers a held action. */
void rig_answer(struct rig *rig, struct rig_end *end, size_t index, int error);
/* The first action of this type at or after from; RIG_ACTIONS if there is none. */
size_t rig_find(const struct rig_end *end, enum s2s_action_type type, size_t from);
size_t rig_count(const struct rig_end *end, enum s2s_action_type type);
/* Takes all events; @return how many of this type. */
size_t rig_events(struct rig_end *end, enum s2s_event_type type);

#endif
