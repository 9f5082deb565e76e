/* SPDX-License-Identifier: Apache-2.0 */
/* The text of bgp.import and bgp.export: what it means, and what is refused with which words. */
#include "lib/bgp/bgp_policy.h"
#include "lib/gateway/bgp_glue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static struct s2si_mem mem;

static const struct s2si_bgp_policy *read_text(const char *text, int expected, char why[160])
{
    const struct s2si_bgp_policy *policy = NULL;

    why[0] = '\0';
    assert_int_equal(s2si_mem_init(&mem, NULL), 0);
    assert_int_equal(s2si_bgp_policy_read(&mem, text, &policy, why, 160), expected);
    return policy;
}

struct meaning {
    const char *text, *prefix;
    int rule; /* -1 = none matches */
    bool permit;
};

static const struct meaning meanings[] = {
    { "\"permit\"", "192.168.0.0/16", 0, true },
    { "\"deny\"", "192.168.0.0/16", 0, false },
    { "[]", "192.168.0.0/16", -1, false },
    { "\"192.168.0.0/16\"", "192.168.0.0/16", 0, true },
    { "\"192.168.0.0/16\"", "192.168.1.0/24", -1, false },
    { "[\"10.0.0.0/8\", \"192.168.0.0/16\"]", "192.168.0.0/16", 1, true },
    { "{\"prefix\": \"192.168.0.0/16\", \"le\": 24}", "192.168.1.0/24", 0, true },
    { "{\"prefix\": \"192.168.0.0/16\", \"le\": 24}", "192.168.1.0/25", -1, false },
    { "{\"prefix\": \"192.168.0.0/16\", \"ge\": 24}", "192.168.0.0/16", -1, false },
    { "{\"prefix\": \"192.168.0.0/16\", \"ge\": 24}", "192.168.1.1/32", 0, true },
    { "[{\"action\":\"deny\",\"prefix\":[\"10.0.0.0/8\"],\"le\":32},{\"action\":\"permit\"}]", "10.1.0.0/16", 0,
      false },
    { "[{\"action\":\"deny\",\"prefix\":[\"10.0.0.0/8\"],\"le\":32},{\"action\":\"permit\"}]", "11.1.0.0/16", 1, true },
    { " [ { \"prefixes\" : [ \"2001:db8::/32\" ] , \"le\" : 64 } ] ", "2001:db8:1::/48", 0, true },
};

static void test_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(meanings); i++) {
        char why[160];
        const struct s2si_bgp_policy *policy = read_text(meanings[i].text, 0, why);
        struct s2si_bgp_attr_view view;
        struct s2s_prefix prefix;
        bool permit = false;
        memset(&view, 0, sizeof(view));
        assert_int_equal(s2s_prefix_parse(meanings[i].prefix, &prefix), 0);
        assert_int_equal(s2si_bgp_policy_match(policy, &prefix, &view, &permit), meanings[i].rule);
        if (meanings[i].rule >= 0) {
            assert_int_equal(permit, meanings[i].permit);
        }
        s2si_bgp_policy_release(policy);
        assert_int_equal(mem.blocks, 0);
    }
}

static const struct {
    const char *text, *why;
} refusals[] = {
    { "", "expected" },
    { "permit", "expected" },
    { "\"allow\"", "is no prefix" },
    { "\"10.0.0.1/8\"", "is no prefix" },
    { "{\"action\": \"allow\"}", "permit or deny" },
    { "{\"prefix\": \"10.0.0.0/8\", \"lt\": 24}", "is no key of a rule" },
    { "{\"prefix\": \"10.0.0.0/8\", \"le\": 4}", "ge and le" },
    { "{\"prefix\": \"10.0.0.0/8\", \"ge\": 24, \"le\": 16}", "ge and le" },
    { "{\"prefix\": \"10.0.0.0/8\", \"le\": 200}", "0 to 128" },
    { "{\"community\": \"70000:1\"}", "is no community" },
    { "{\"community\": \"65000\"}", "is no community" },
    { "{\"set\": {\"med\": 4294967296}}", "0 to 4294967295" },
    { "{\"set\": {\"med\": -1}}", "0 to 4294967295" },
    { "{\"set\": {\"prepend\": 11}}", "0 to 10" },
    { "{\"set\": {\"weight\": 1}}", "cannot be set" },
    { "{\"set\": {\"clear_communities\": 1}}", "true or false" },
    { "[\"10.0.0.0/8\"", "missing" },
    { "{\"prefix\": \"10.0.0.0/8\"", "missing" },
    { "{\"prefix\" \"10.0.0.0/8\"}", "missing" },
    { "\"permit\" x", "text behind" },
    { "[\"permit\",]", "expected" },
    { "\"10.0.0.0\\/8\"", "no word" },
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(refusals); i++) {
        char why[160];
        assert_null(read_text(refusals[i].text, S2S_ERR_CONFIG, why));
        if (!strstr(why, refusals[i].why)) {
            fail_msg("%s: \"%s\" does not say \"%s\"", refusals[i].text, why, refusals[i].why);
        }
        assert_int_equal(mem.blocks, 0);
    }
}

static void test_set(void **state)
{
    static const char text[] =
        "{\"set\":{\"med\":50,\"local_pref\":300,\"prepend\":2,\"communities\":[\"65000:7\",\"65000:8\"],"
        "\"large_communities\":\"65000:1:2\"}}";
    static uint8_t room[S2SI_BGP_POLICY_ROOM];
    struct s2si_bgp_attr_view view;
    char why[160], shown[64];
    (void)state;
    const struct s2si_bgp_policy *policy = read_text(text, 0, why);
    memset(&view, 0, sizeof(view));
    s2si_bgp_set_has(&view, S2SI_BGP_AS_PATH, true);
    assert_true(s2si_bgp_policy_apply(policy, 0, 65530, &view, room));
    assert_int_equal(view.med, 50);
    assert_int_equal(view.local_pref, 300);
    s2si_bgp_attribute_format(&view, S2SI_BGP_COMMUNITIES, shown, sizeof(shown));
    assert_string_equal(shown, "65000:7 65000:8");
    s2si_bgp_attribute_format(&view, S2SI_BGP_AS_PATH, shown, sizeof(shown));
    assert_string_equal(shown, "65530 65530");
    s2si_bgp_policy_release(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_set),
    };
    return cmocka_run_group_tests_name("gateway_bgp_policy", tests, NULL, NULL);
}
