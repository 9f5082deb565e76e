/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

#define LIST(...) ((const uint16_t[]){__VA_ARGS__, 0})

static struct s2si_proposal_list one(struct s2si_proposal proposal)
{
    return (struct s2si_proposal_list){.count = 1, .items = {proposal}};
}

/* An algorithm list with "none" first or last: count and values by hand. */
static void add_none(struct s2si_proposal *proposal, size_t type)
{
    proposal->algorithms[type][proposal->count[type]++] = S2S_ALG_NONE;
}

static struct s2si_proposal esp(const uint16_t *encryption, const uint16_t *integrity, const uint16_t *group)
{
    return ike_proposal(S2SI_PROTOCOL_ESP, encryption, NULL, integrity, group, LIST(S2S_NO_ESN));
}

static void test_select_by_our_order(void **state)
{
    (void)state;
    struct s2si_proposal_list ours = ike_list_ike();
    struct s2si_proposal_list theirs =
        one(ike_proposal(S2SI_PROTOCOL_IKE, LIST(S2S_AES128_CBC, S2S_AES256_CBC),
                         LIST(S2S_PRF_HMAC_SHA2_384, S2S_PRF_HMAC_SHA2_256), LIST(S2S_HMAC_SHA2_384_192),
                         LIST(S2S_MODP2048, S2S_ECP256), NULL));
    struct s2si_proposal chosen;
    struct s2si_suite suite;
    theirs.items[0].number = 7;
    assert_int_equal(0, s2si_proposal_select(&ours, &theirs, false, &chosen, &suite));
    assert_int_equal(S2S_AES256_CBC, suite.encryption);
    assert_int_equal(S2S_PRF_HMAC_SHA2_256, suite.prf);
    assert_int_equal(S2S_HMAC_SHA2_384_192, suite.integrity);
    assert_int_equal(S2S_ECP256, suite.group);
    assert_int_equal(7, chosen.number);
    for (size_t type = 1; type <= 4; type++) {
        assert_int_equal(1, chosen.count[type]);
    }
    assert_int_equal(0, chosen.count[S2SI_TRANSFORM_ESN]);
}

/* RFC 5282 section 8: AEAD out of a proposal that insists on integrity is not chosen; the CBC beside it may be. */
static void test_select_aead_wants_no_integrity(void **state)
{
    (void)state;
    struct s2si_proposal_list ours = {0}, theirs;
    struct s2si_proposal chosen, mixed = esp(LIST(S2S_AES128_GCM16, S2S_AES128_CBC), LIST(S2S_HMAC_SHA2_256_128), NULL);
    struct s2si_suite suite;
    assert_int_equal(0, s2si_proposal_list_add(&ours, &mixed));
    assert_int_equal(2, ours.count);
    assert_int_equal(0, ours.items[0].count[S2SI_TRANSFORM_INTEG]);
    assert_int_equal(1, ours.items[1].count[S2SI_TRANSFORM_INTEG]);
    assert_int_equal(2, ours.items[1].number);
    theirs = one(mixed);
    assert_int_equal(0, s2si_proposal_select(&ours, &theirs, false, &chosen, &suite));
    assert_int_equal(S2S_AES128_CBC, suite.encryption);
    add_none(&theirs.items[0], S2SI_TRANSFORM_INTEG);
    assert_int_equal(0, s2si_proposal_select(&ours, &theirs, false, &chosen, &suite));
    assert_int_equal(S2S_AES128_GCM16, suite.encryption);
    assert_int_equal(S2S_ALG_NONE, suite.integrity);
    assert_int_equal(1, chosen.count[S2SI_TRANSFORM_INTEG]); /* they said NONE, so we answer NONE */
}

static void test_select_refuses(void **state)
{
    (void)state;
    const uint16_t *cbc = LIST(S2S_AES128_CBC), *mac = LIST(S2S_HMAC_SHA2_256_128), *g14 = LIST(S2S_MODP2048);
    struct s2si_proposal_list ours_esp = one(esp(cbc, mac, g14));
    struct s2si_proposal_list ours_ike =
        one(ike_proposal(S2SI_PROTOCOL_IKE, cbc, LIST(S2S_PRF_HMAC_SHA2_256), mac, g14, NULL));
    struct {
        const char *what;
        const struct s2si_proposal_list *ours;
        struct s2si_proposal theirs;
    } rows[] = {
        {"no group though PFS is wanted", &ours_esp, esp(cbc, mac, NULL)},
        {"cipher without integrity", &ours_esp, esp(cbc, NULL, g14)},
        {"no ESN transform", &ours_esp, ike_proposal(S2SI_PROTOCOL_ESP, cbc, NULL, mac, g14, NULL)},
        {"other protocol", &ours_esp, ike_proposal(S2SI_PROTOCOL_AH, cbc, NULL, mac, g14, LIST(S2S_NO_ESN))},
        {"other key length", &ours_esp, esp(LIST(S2S_AES256_CBC), mac, g14)},
        {"row 5: IKE without a group", &ours_ike,
         ike_proposal(S2SI_PROTOCOL_IKE, cbc, LIST(S2S_PRF_HMAC_SHA2_256), mac, NULL, NULL)},
        {"IKE without a PRF", &ours_ike, ike_proposal(S2SI_PROTOCOL_IKE, cbc, NULL, mac, g14, NULL)},
        {"no cipher", &ours_ike, ike_proposal(S2SI_PROTOCOL_IKE, NULL, LIST(S2S_PRF_HMAC_SHA2_256), mac, g14, NULL)},
    };
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        struct s2si_proposal chosen;
        struct s2si_suite suite;
        struct s2si_proposal_list theirs = one(rows[i].theirs);
        if (s2si_proposal_select(rows[i].ours, &theirs, false, &chosen, &suite) != S2S_ERR_NOT_FOUND) {
            fail_msg("%s", rows[i].what);
        }
    }
    struct s2si_proposal_list unusable = ours_ike;
    struct s2si_proposal chosen;
    struct s2si_suite suite;
    unusable.items[0].unusable = true;
    assert_int_equal(S2S_ERR_NOT_FOUND, s2si_proposal_select(&ours_ike, &unusable, false, &chosen, &suite));
    assert_int_equal(0, s2si_proposal_select(&ours_ike, &ours_ike, false, &chosen, &suite));
}

static void test_select_groups(void **state)
{
    (void)state;
    const uint16_t *cbc = LIST(S2S_AES128_CBC), *mac = LIST(S2S_HMAC_SHA2_256_128);
    struct s2si_proposal_list pfs = one(esp(cbc, mac, LIST(S2S_MODP2048))), plain = one(esp(cbc, mac, NULL));
    struct s2si_proposal chosen;
    struct s2si_suite suite;
    /* The first CHILD_SA: the group does not count, whoever lists it. */
    assert_int_equal(0, s2si_proposal_select(&pfs, &plain, true, &chosen, &suite));
    assert_int_equal(0, s2si_proposal_select(&plain, &pfs, true, &chosen, &suite));
    assert_int_equal(0, chosen.count[S2SI_TRANSFORM_KE]);
    assert_int_equal(S2S_ALG_NONE, suite.group);
    /* Later: they insist on a group that we do not want, unless they list NONE. */
    assert_int_equal(S2S_ERR_NOT_FOUND, s2si_proposal_select(&plain, &pfs, false, &chosen, &suite));
    add_none(&pfs.items[0], S2SI_TRANSFORM_KE);
    assert_int_equal(0, s2si_proposal_select(&plain, &pfs, false, &chosen, &suite));
    assert_int_equal(S2S_ALG_NONE, suite.group);
    assert_int_equal(1, chosen.count[S2SI_TRANSFORM_KE]);
    struct s2si_proposal_list answer = one(chosen);
    assert_int_equal(0, s2si_proposal_accept(&pfs, &answer, false, &suite));
}

static void test_select_esn_both(void **state)
{
    (void)state;
    struct s2si_proposal_list ours = ike_list_esp(), theirs = ike_list_esp();
    struct s2si_proposal chosen;
    struct s2si_suite suite;
    for (size_t i = 0; i < ours.count; i++) {
        ours.items[i].algorithms[S2SI_TRANSFORM_ESN][0] = S2S_ESN;
        ours.items[i].algorithms[S2SI_TRANSFORM_ESN][1] = S2S_NO_ESN;
    }
    assert_int_equal(0, s2si_proposal_select(&ours, &theirs, false, &chosen, &suite));
    assert_int_equal(S2S_ESN, suite.esn);
    assert_int_equal(4, chosen.spi_length);
    assert_int_equal(0xc1, chosen.spi[0]);
    theirs.items[0].count[S2SI_TRANSFORM_ESN] = 1; /* NO_ESN alone */
    theirs.count = 1;
    assert_int_equal(0, s2si_proposal_select(&ours, &theirs, false, &chosen, &suite));
    assert_int_equal(S2S_NO_ESN, suite.esn);
}

static void test_accept_only_what_was_offered(void **state)
{
    (void)state;
    struct s2si_proposal_list ours = ike_list_ike(), answer;
    struct s2si_proposal chosen;
    struct s2si_suite suite;
    assert_int_equal(0, s2si_proposal_select(&ours, &ours, false, &chosen, &suite));
    answer = one(chosen);
    assert_int_equal(0, s2si_proposal_accept(&ours, &answer, false, &suite));
    assert_int_equal(S2S_AES256_GCM16, suite.encryption);
    answer = one(chosen); /* two ciphers in the answer */
    answer.items[0].algorithms[S2SI_TRANSFORM_ENCR][answer.items[0].count[S2SI_TRANSFORM_ENCR]++] = S2S_CHACHA20_POLY1305;
    assert_int_equal(S2S_ERR_INVALID, s2si_proposal_accept(&ours, &answer, false, &suite));
    answer = one(chosen); /* a group that we did not offer */
    answer.items[0].algorithms[S2SI_TRANSFORM_KE][0] = S2S_MODP1024;
    assert_int_equal(S2S_ERR_INVALID, s2si_proposal_accept(&ours, &answer, false, &suite));
    answer = one(chosen); /* integrity beside AEAD */
    answer.items[0].algorithms[S2SI_TRANSFORM_INTEG][0] = S2S_HMAC_SHA2_256_128;
    answer.items[0].count[S2SI_TRANSFORM_INTEG] = 1;
    assert_int_equal(S2S_ERR_INVALID, s2si_proposal_accept(&ours, &answer, false, &suite));
    answer = one(chosen); /* ESN in an IKE proposal */
    answer.items[0].algorithms[S2SI_TRANSFORM_ESN][0] = S2S_ESN;
    answer.items[0].count[S2SI_TRANSFORM_ESN] = 1;
    assert_int_equal(S2S_ERR_INVALID, s2si_proposal_accept(&ours, &answer, false, &suite));
    answer.count = 0;
    assert_int_equal(S2S_ERR_INVALID, s2si_proposal_accept(&ours, &answer, false, &suite));
    assert_int_equal(S2S_ERR_INVALID, s2si_proposal_accept(&ours, &ours, false, &suite));
}

static void test_list_is_bounded(void **state)
{
    (void)state;
    struct s2si_proposal_list list = {0};
    struct s2si_proposal mixed = esp(LIST(S2S_AES128_CBC, S2S_AES128_GCM16), LIST(S2S_HMAC_SHA2_256_128), NULL);
    for (size_t i = 0; i < S2SI_PROPOSALS / 2; i++) {
        assert_int_equal(0, s2si_proposal_list_add(&list, &mixed));
    }
    assert_int_equal(S2S_ERR_LIMIT, s2si_proposal_list_add(&list, &mixed));
    assert_int_equal(S2SI_PROPOSALS, list.count);
    assert_int_equal(S2S_AES128_CBC, list.items[0].algorithms[S2SI_TRANSFORM_ENCR][0]);
    assert_int_equal(0, list.items[1].count[S2SI_TRANSFORM_INTEG]);
}

static void test_format(void **state)
{
    (void)state;
    char text[128], tiny[6];
    struct s2si_proposal proposal = esp(LIST(S2S_AES128_CBC), LIST(S2S_HMAC_SHA2_256_128), LIST(S2S_MODP2048));
    assert_non_null(strstr(s2si_proposal_format(&proposal, text, sizeof(text)), "ESP:aes128"));
    assert_non_null(strstr(text, "modp2048"));
    assert_int_equal(5, strlen(s2si_proposal_format(&proposal, tiny, sizeof(tiny))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select_by_our_order),
        cmocka_unit_test(test_select_aead_wants_no_integrity),
        cmocka_unit_test(test_select_refuses),
        cmocka_unit_test(test_select_groups),
        cmocka_unit_test(test_select_esn_both),
        cmocka_unit_test(test_accept_only_what_was_offered),
        cmocka_unit_test(test_list_is_bounded),
        cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
