/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

static void test_identity_parse_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint8_t type, length;
        const char *printed;
    } rows[] = {
        {NULL, S2SI_ID_ANY, 0, "%any"},
        {"%any", S2SI_ID_ANY, 0, "%any"},
        {"192.0.2.1", S2SI_ID_IPV4_ADDR, 4, "192.0.2.1"},
        {"2001:db8::1", S2SI_ID_IPV6_ADDR, 16, "2001:db8::1"},
        {"gw.example.com", S2SI_ID_FQDN, 14, "gw.example.com"},
        {"@gw", S2SI_ID_FQDN, 2, "gw"},
        {"@192.0.2.1", S2SI_ID_FQDN, 9, "192.0.2.1"},
        {"me@example.com", S2SI_ID_RFC822_ADDR, 14, "me@example.com"},
        {"keyid:site-a", S2SI_ID_KEY_ID, 6, "keyid:site-a"},
        {"keyid:0x00ff41", S2SI_ID_KEY_ID, 3, "keyid:\\x00\\xffA"},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct s2si_identity id;
        char text[64];
        assert_int_equal(0, s2si_identity_parse(rows[i].text, &id));
        assert_int_equal(rows[i].type, id.type);
        assert_int_equal(rows[i].length, id.length);
        assert_string_equal(rows[i].printed, s2si_identity_format(&id, text, sizeof(text)));
    }
}

static void test_identity_parse_refuses(void **state)
{
    (void)state;
    char longer[300];
    memset(longer, 'a', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    const char *const bad[] = {"", "@", "keyid:", "keyid:0x", "keyid:0x1", "keyid:0xzz", longer};
    for (size_t i = 0; i < S2SI_COUNT(bad); i++) {
        struct s2si_identity id;
        assert_int_equal(S2S_ERR_INVALID, s2si_identity_parse(bad[i], &id));
    }
}

static void test_identity_equal_and_match(void **state)
{
    (void)state;
    struct s2si_identity upper, lower, key_upper, key_lower, any, other;
    s2si_identity_parse("GW.Example.com", &upper);
    s2si_identity_parse("gw.example.COM", &lower);
    s2si_identity_parse("keyid:GW", &key_upper);
    s2si_identity_parse("keyid:gw", &key_lower);
    s2si_identity_parse(NULL, &any);
    s2si_identity_parse("gw.example.co", &other);
    assert_true(s2si_identity_equal(&upper, &lower));
    assert_false(s2si_identity_equal(&key_upper, &key_lower));
    assert_false(s2si_identity_equal(&upper, &other));
    assert_true(s2si_identity_matches(&any, &upper));
    assert_false(s2si_identity_matches(&upper, &any));
}

/* Row 20 of the bad inputs: text of a peer never reaches a formatter or a log raw. */
static void test_identity_format_escapes(void **state)
{
    (void)state;
    struct s2si_identity id = {.type = S2SI_ID_FQDN, .length = 9};
    char text[64], tiny[4];
    memcpy(id.data, "a\n%s\\\x1b[`", 9);
    assert_string_equal("a\\x0a%s\\x5c\\x1b[`\\x00", s2si_identity_format(&id, text, sizeof(text)));
    assert_string_equal("a\\x", s2si_identity_format(&id, tiny, sizeof(tiny)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity_parse_kinds),
        cmocka_unit_test(test_identity_parse_refuses),
        cmocka_unit_test(test_identity_equal_and_match),
        cmocka_unit_test(test_identity_format_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
