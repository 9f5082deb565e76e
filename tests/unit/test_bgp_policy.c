/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/bgp_world.h"

#include <s2svpn/error.h>
#include <string.h>

static struct s2si_bgp_prefix_match match(const char *prefix, uint8_t min, uint8_t max)
{
    return (struct s2si_bgp_prefix_match){.prefix = bgp_prefix(prefix), .min_length = min, .max_length = max};
}

static const struct s2si_bgp_policy *policy_of(struct s2si_mem *mem, const struct s2si_bgp_policy_rule *rules, size_t count)
{
    struct s2si_bgp_policy *policy;
    assert_int_equal(s2si_bgp_policy_new(mem, &policy), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(s2si_bgp_policy_add(policy, &rules[i]), 0);
    }
    return policy;
}

static void first_match_decides(void **state)
{
    (void)state;
    struct s2si_mem mem;
    s2si_mem_init(&mem, NULL);
    struct s2si_bgp_prefix_match lists[4] = {match("10.1.0.0/16", 0, 0), match("10.0.0.0/8", 16, 24), match("2001:db8::/32", 48, 48),
                                             match("192.0.2.0/24", 0, 0)};
    const struct s2si_bgp_policy_rule rules[] = {
        {.permit = false, .prefixes = &lists[0], .prefix_count = 1},
        {.permit = true, .prefixes = &lists[1], .prefix_count = 2},
        {.permit = true, .prefixes = &lists[3], .prefix_count = 1, .match_community = 65000u << 16 | 1},
    };
    const struct s2si_bgp_policy *policy = policy_of(&mem, rules, S2SI_COUNT(rules));
    static const struct {
        const char *prefix;
        int rule;
    } cases[] = {{"10.1.0.0/16", 0}, {"10.1.1.0/24", 1}, {"10.2.0.0/16", 1}, {"10.0.0.0/8", -1}, {"10.1.1.0/25", -1}, {"11.0.0.0/16", -1},
                 {"2001:db8:1::/48", 1}, {"2001:db8::/32", -1}, {"2001:db8:1:1::/64", -1}, {"0.0.0.0/0", -1}, {"192.0.2.0/24", -1}};
    struct s2si_bgp_attr_view view = {0};
    bool permit;
    for (size_t i = 0; i < S2SI_COUNT(cases); i++) {
        struct s2s_prefix prefix = bgp_prefix(cases[i].prefix);
        assert_int_equal(s2si_bgp_policy_match(policy, &prefix, &view, &permit), cases[i].rule);
        assert_int_equal(permit, cases[i].rule > 0);
    }
    static const uint8_t communities[8] = {0, 1, 0, 1, 0xfd, 0xe8, 0, 1};
    view.communities = (struct s2si_bgp_span){communities, 8};
    struct s2s_prefix prefix = bgp_prefix("192.0.2.0/24");
    assert_int_equal(s2si_bgp_policy_match(policy, &prefix, &view, &permit), 2);
    s2si_bgp_policy_release(policy);
    assert_int_equal(mem.blocks, 0);
}

static void impossible_rules(void **state)
{
    (void)state;
    struct s2si_mem mem;
    s2si_mem_init(&mem, NULL);
    struct s2si_bgp_policy *policy;
    assert_int_equal(s2si_bgp_policy_new(&mem, &policy), 0);
    struct s2si_bgp_prefix_match bad[] = {match("10.0.0.0/8", 24, 16), match("10.0.0.0/8", 8, 33), match("10.0.0.0/16", 8, 12),
                                          match("10.0.0.0/8", 0, 0), match("10.0.0.0/8", 0, 0)};
    bad[3].prefix.addr.bytes[2] = 1; /* a host bit */
    bad[4].prefix.length = 40;
    for (size_t i = 0; i < S2SI_COUNT(bad); i++) {
        struct s2si_bgp_policy_rule rule = {.permit = true, .prefixes = &bad[i], .prefix_count = 1};
        assert_int_equal(s2si_bgp_policy_add(policy, &rule), S2S_ERR_INVALID);
    }
    s2si_bgp_policy_release(policy);
    s2si_bgp_policy_release(NULL);
    assert_int_equal(mem.blocks, 0);
}

static void originate(struct bgp_world *world, int node, const char *text)
{
    struct s2s_prefix prefix = bgp_prefix(text);
    assert_int_equal(s2si_bgp_originate(world->nodes[node].bgp, &prefix, world->now), 0);
}

/* Import: refused routes are kept and say why, accepted ones get what the rule sets; a new policy is applied without the peer. */
static void import_policy(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    struct s2s_bgp_route_state route;
    bgp_world_pair(&world, sessions);
    originate(&world, 1, "10.1.0.0/16");
    originate(&world, 1, "10.2.0.0/16");
    originate(&world, 1, "0.0.0.0/0");
    bgp_world_run(&world, S2S_SECOND);
    uint64_t updates = sessions[0]->updates_in;
    struct s2si_bgp_prefix_match list = match("10.1.0.0/16", 0, 0);
    const uint32_t communities[] = {65001u << 16 | 9, S2SI_BGP_NO_EXPORT};
    const uint32_t large[1][3] = {{65001, 1, 2}};
    const struct s2si_bgp_policy_rule rule = {.permit = true, .prefixes = &list, .prefix_count = 1, .set_local_pref = true,
                                              .local_pref = 333, .set_med = true, .med = 44, .prepend = 1, .communities = communities,
                                              .community_count = 2, .large_communities = large, .large_community_count = 1};
    struct s2si_bgp_session_config config = bgp_world_config(1, 2, 65002);
    config.import = policy_of(&world.nodes[0].mem, &rule, 1);
    config.accept_default = false;
    assert_int_equal(s2si_bgp_session_update(sessions[0], &config, world.now), 0);
    s2si_bgp_policy_release(config.import);
    bgp_world_run(&world, S2S_SECOND);
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "10.1.0.0/16", &route));
    assert_true(route.accepted && route.has_local_pref);
    assert_int_equal(route.local_pref, 333);
    assert_int_equal(route.med, 44);
    assert_string_equal(route.as_path, "65001 65002");
    assert_string_equal(route.communities, "65001:9 no-export");
    assert_string_equal(route.large_communities, "65001:1:2");
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "10.2.0.0/16", &route));
    assert_false(route.accepted);
    assert_string_equal(route.why, "no rule of the import policy (bgp.import) permits it");
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "0.0.0.0/0", &route));
    assert_string_equal(route.why, "the default route is not accepted");
    assert_int_equal(world.nodes[0].unreachable, 2);
    assert_int_equal(sessions[0]->updates_in, updates);
    config.import = NULL;
    config.accept_default = true;
    assert_int_equal(s2si_bgp_session_update(sessions[0], &config, world.now), 0);
    bgp_world_run(&world, S2S_SECOND);
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "10.1.0.0/16", &route));
    assert_string_equal(route.as_path, "65002");
    assert_true(bgp_world_has(sessions[0], S2S_BGP_BEST, "0.0.0.0/0", NULL));
    bgp_world_clear(&world);
}

/* RFC 8212: an external session that requires a policy takes and gives nothing without one. */
static void no_policy_no_routes(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    struct s2s_bgp_route_state route;
    bgp_world_pair(&world, sessions);
    originate(&world, 0, "192.0.2.0/24");
    originate(&world, 1, "10.1.0.0/16");
    bgp_world_run(&world, S2S_SECOND);
    struct s2si_bgp_session_config config = bgp_world_config(1, 2, 65002);
    config.require_policy = true;
    assert_int_equal(s2si_bgp_session_update(sessions[0], &config, world.now), 0);
    bgp_world_run(&world, S2S_SECOND);
    assert_true(bgp_world_has(sessions[0], S2S_BGP_RECEIVED, "10.1.0.0/16", &route));
    assert_false(route.accepted);
    assert_string_equal(route.why, "no import policy (RFC 8212)");
    assert_int_equal(bgp_world_count(sessions[1], S2S_BGP_RECEIVED), 0);
    assert_int_equal(sessions[0]->flaps, 0);
    bgp_world_clear(&world);
}

/* Refused routes are kept up to a bound; a later policy asks the peer for the others. */
static void refused_routes_are_bounded(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    bgp_world_pair(&world, sessions);
    struct s2si_bgp_session_config config = bgp_world_config(1, 2, 65002);
    config.require_policy = true;
    assert_int_equal(s2si_bgp_session_update(sessions[0], &config, world.now), 0);
    for (uint32_t i = 0; i < 1500; i++) {
        struct s2s_prefix prefix = {.addr = s2si_addr4(0x14000000u + (i << 8)), .length = 24};
        s2si_bgp_originate(world.nodes[1].bgp, &prefix, world.now);
    }
    bgp_world_run(&world, S2S_SECOND);
    assert_int_equal(bgp_world_count(sessions[0], S2S_BGP_RECEIVED), S2SI_BGP_REFUSED);
    config.require_policy = false;
    assert_int_equal(s2si_bgp_session_update(sessions[0], &config, world.now), 0);
    bgp_world_run(&world, S2S_SECOND);
    assert_int_equal(bgp_world_count(sessions[0], S2S_BGP_RECEIVED), 1500);
    bgp_world_clear(&world);
}

/* no-advertise and no-export as the peer set them. */
static void well_known_communities(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct bgp_world world;
        bgp_world_init(&world);
        for (uint32_t i = 1; i <= 3; i++) {
            bgp_world_node(&world, 65000 + i, i, NULL);
        }
        const uint32_t communities[] = {kind == 0 ? S2SI_BGP_NO_EXPORT : S2SI_BGP_NO_ADVERTISE};
        const struct s2si_bgp_policy_rule rule = {.permit = true, .communities = communities, .community_count = 1};
        struct s2si_bgp_session_config configs[4] = {bgp_world_config(1, 2, 65002), bgp_world_config(2, 1, 65001),
                                                     bgp_world_config(2, 3, 65003), bgp_world_config(3, 2, 65002)};
        const struct s2si_bgp_policy *policy = policy_of(&world.nodes[0].mem, &rule, 1);
        struct s2si_bgp_session *sessions[4];
        const int nodes[4] = {0, 1, 1, 2};
        configs[0].export_ = policy;
        for (int i = 0; i < 4; i++) {
            sessions[i] = bgp_world_session(&world, nodes[i], &configs[i]);
        }
        s2si_bgp_policy_release(policy);
        originate(&world, 0, "192.0.2.0/24");
        bgp_world_run(&world, 30 * (s2s_time)S2S_SECOND);
        assert_true(bgp_world_has(sessions[1], S2S_BGP_RECEIVED, "192.0.2.0/24", NULL));
        assert_int_equal(sessions[3]->state, S2S_BGP_ESTABLISHED);
        assert_false(bgp_world_has(sessions[3], S2S_BGP_RECEIVED, "192.0.2.0/24", NULL));
        bgp_world_clear(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_match_decides), cmocka_unit_test(impossible_rules), cmocka_unit_test(import_policy),
        cmocka_unit_test(no_policy_no_routes), cmocka_unit_test(refused_routes_are_bounded), cmocka_unit_test(well_known_communities),
    };
    return cmocka_run_group_tests_name("bgp_policy", tests, NULL, NULL);
}
