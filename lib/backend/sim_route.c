/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_route: a node's routes. A trie of prefixes, each with a short list of routes; choosing walks from the longest prefix to
 * shorter ones until a route fits, first among what the engine installed. That is invisible to the outer packets of its
 * tunnels, as a mark and rules make it on Linux.
 */
#include "lib/backend/sim.h"

struct slot {
    struct s2si_list routes;
    struct s2s_prefix prefix;
};

void s2si_sim_routes_init(struct s2si_sim_routes *routes, s2s_sim *sim)
{
    routes->sim = sim;
    s2si_trie_init(&routes->trie, &sim->mem);
}

static bool collect_slot(void *user, const struct s2s_prefix *prefix, void *value)
{
    (void)prefix;
    *(struct slot **)user = value;
    return false;
}

static struct slot *any_slot(const struct s2si_sim_routes *routes)
{
    struct slot *slot = NULL;
    s2si_trie_walk(&routes->trie, collect_slot, &slot);
    return slot;
}

static void slot_free(struct s2si_sim_routes *routes, struct slot *slot)
{
    struct s2si_mem *mem = &routes->sim->mem;
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &slot->routes) {
        s2si_free(mem, S2SI_CONTAINER(at, struct s2si_sim_route, node), sizeof(struct s2si_sim_route));
    }
    s2si_trie_remove(&routes->trie, &slot->prefix);
    s2si_free(mem, slot, sizeof *slot);
}

void s2si_sim_routes_clear(struct s2si_sim_routes *routes)
{
    for (struct slot *slot = any_slot(routes); slot != NULL; slot = any_slot(routes)) {
        slot_free(routes, slot);
    }
    s2si_trie_clear(&routes->trie);
}

static bool same_route(const struct s2si_sim_route *a, const struct s2si_sim_route *b)
{
    if (a->installed != b->installed || a->table != b->table || a->target != b->target ||
        !s2si_prefix_equal(&a->source, &b->source)) {
        return false;
    }
    return a->installed || (a->metric == b->metric && a->link == b->link && a->device == b->device);
}

static struct slot *slot_for(struct s2si_sim_routes *routes, const struct s2s_prefix *prefix, int *error)
{
    struct slot *slot = s2si_trie_get(&routes->trie, prefix);
    if (slot != NULL) {
        return slot;
    }
    slot = s2si_alloc(&routes->sim->mem, sizeof *slot);
    if (slot == NULL) {
        *error = S2S_ERR_NO_MEMORY;
        return NULL;
    }
    s2si_list_init(&slot->routes);
    slot->prefix = *prefix;
    *error = s2si_trie_put(&routes->trie, prefix, slot);
    if (*error != 0) {
        s2si_free(&routes->sim->mem, slot, sizeof *slot);
        return NULL;
    }
    return slot;
}

int s2si_sim_route_put(struct s2si_sim_routes *routes, const struct s2si_sim_route *given)
{
    int error = 0;
    struct slot *slot = slot_for(routes, &given->prefix, &error);
    if (slot == NULL) {
        return error;
    }
    struct s2si_sim_route *route = NULL;
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &slot->routes) {
        struct s2si_sim_route *other = S2SI_CONTAINER(at, struct s2si_sim_route, node);
        route = same_route(other, given) ? other : route;
    }
    if (route == NULL) {
        route = s2si_alloc(&routes->sim->mem, sizeof *route);
        if (route == NULL) {
            if (s2si_list_empty(&slot->routes)) {
                slot_free(routes, slot);
            }
            return S2S_ERR_NO_MEMORY;
        }
        s2si_list_append(&slot->routes, &route->node);
    }
    struct s2si_list node = route->node;
    *route = *given;
    route->node = node;
    return 0;
}

/* ---- removing and visiting: the trie must not change during a walk ---- */

struct sweep {
    struct s2si_sim_routes *routes;
    bool (*match)(void *user, const struct s2si_sim_route *route);
    void *user;
    size_t removed;
    struct slot *empty;
};

static bool sweep_slot(void *user, const struct s2s_prefix *prefix, void *value)
{
    struct sweep *sweep = user;
    struct slot *slot = value;
    struct s2si_list *at, *after;
    (void)prefix;
    S2SI_LIST_EACH_SAFE(at, after, &slot->routes) {
        struct s2si_sim_route *route = S2SI_CONTAINER(at, struct s2si_sim_route, node);
        if (sweep->match(sweep->user, route)) {
            s2si_list_remove(&route->node);
            s2si_free(&sweep->routes->sim->mem, route, sizeof *route);
            sweep->removed++;
        }
    }
    if (s2si_list_empty(&slot->routes)) {
        sweep->empty = slot;
        return false;
    }
    return true;
}

size_t s2si_sim_route_remove_at(struct s2si_sim_routes *routes, const struct s2s_prefix *prefix,
                                bool (*match)(void *user, const struct s2si_sim_route *route), void *user)
{
    struct sweep sweep = {.routes = routes, .match = match, .user = user};
    struct slot *slot = s2si_trie_get(&routes->trie, prefix);
    if (slot != NULL && !sweep_slot(&sweep, prefix, slot)) {
        slot_free(routes, slot);
    }
    return sweep.removed;
}

size_t s2si_sim_route_remove(struct s2si_sim_routes *routes, bool (*match)(void *user, const struct s2si_sim_route *route),
                             void *user)
{
    struct sweep sweep = {.routes = routes, .match = match, .user = user};
    do {
        sweep.empty = NULL;
        s2si_trie_walk(&routes->trie, sweep_slot, &sweep);
        if (sweep.empty != NULL) {
            slot_free(routes, sweep.empty);
        }
    } while (sweep.empty != NULL);
    return sweep.removed;
}

struct visit {
    void (*function)(void *user, const struct s2si_sim_route *route);
    void *user;
};

static bool visit_slot(void *user, const struct s2s_prefix *prefix, void *value)
{
    const struct visit *visit = user;
    const struct slot *slot = value;
    const struct s2si_list *at;
    (void)prefix;
    S2SI_LIST_EACH(at, &slot->routes) {
        visit->function(visit->user, S2SI_CONTAINER(at, struct s2si_sim_route, node));
    }
    return true;
}

void s2si_sim_route_each(const struct s2si_sim_routes *routes, void (*function)(void *user, const struct s2si_sim_route *route),
                         void *user)
{
    struct visit visit = {function, user};
    s2si_trie_walk(&routes->trie, visit_slot, &visit);
}

/* ---- choosing ---- */

/* The order in which routes are asked, that of kernel_tun.h: what the engine installed comes before the node's own networks and
   routes, but for its default route, which comes after them and before the node's own default route. */
enum pass { INSTALLED, OWN, INSTALLED_DEFAULT, OWN_DEFAULT, PASSES };

static bool is_of(const struct s2si_sim_route *route, enum pass pass)
{
    bool installed = pass == INSTALLED || pass == INSTALLED_DEFAULT;
    bool any_destination = pass == INSTALLED_DEFAULT || pass == OWN_DEFAULT;
    return route->installed == installed && (route->prefix.length == 0) == any_destination;
}

static bool is_better(const struct s2si_sim_route *a, const struct s2si_sim_route *b)
{
    unsigned source_a = a->source.addr.family == 0 ? 0 : a->source.length + 1u;
    unsigned source_b = b->source.addr.family == 0 ? 0 : b->source.length + 1u;
    return source_a != source_b ? source_a > source_b : a->metric < b->metric;
}

static const struct s2si_sim_route *choose(const struct slot *slot, const struct s2s_addr *source, enum pass pass)
{
    const struct s2si_sim_route *best = NULL;
    const struct s2si_list *at;
    S2SI_LIST_EACH(at, &slot->routes) {
        const struct s2si_sim_route *route = S2SI_CONTAINER(at, struct s2si_sim_route, node);
        bool fits = route->source.addr.family == 0 || (source != NULL && s2si_prefix_has(&route->source, source));
        if (fits && is_of(route, pass) && (best == NULL || is_better(route, best))) {
            best = route;
        }
    }
    return best;
}

static const struct s2si_sim_route *longest(const struct s2si_sim_routes *routes, const struct s2s_addr *source,
                                            const struct s2s_addr *destination, enum pass pass)
{
    const struct slot *slot = s2si_trie_match(&routes->trie, destination);
    const struct s2si_sim_route *route = slot == NULL ? NULL : choose(slot, source, pass);
    for (unsigned length = slot == NULL ? 0 : slot->prefix.length; route == NULL && length > 0;) {
        struct s2s_prefix prefix = {*destination, (uint8_t)--length};
        s2si_prefix_mask(&prefix);
        slot = s2si_trie_get(&routes->trie, &prefix);
        route = slot == NULL ? NULL : choose(slot, source, pass);
    }
    return route;
}

const struct s2si_sim_route *s2si_sim_route_find(const struct s2si_sim_routes *routes, const struct s2s_addr *source,
                                                 const struct s2s_addr *destination, bool outer)
{
    const struct s2si_sim_route *route = NULL;
    for (int pass = INSTALLED; route == NULL && pass < PASSES; pass++) {
        if (!outer || pass == OWN || pass == OWN_DEFAULT) {
            route = longest(routes, source, destination, (enum pass)pass);
        }
    }
    return route;
}
