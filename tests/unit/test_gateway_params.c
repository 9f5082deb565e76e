/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/params.h"
#include "tests/unit/failing_allocator.h"
#include "tests/unit/gateway_rig.h"

#include <string.h>

/* Every row stands at its id, lies inside its struct and overlaps no other. */
static void test_rows(void **state)
{
    (void)state;
    for (int object = 0; object < S2SI_OBJECTS; object++) {
        size_t count;
        const struct s2si_field *fields = s2si_fields((enum s2si_object)object, &count);
        for (size_t i = 0; i < count; i++) {
            enum s2si_object found;
            assert_ptr_equal(s2si_field_by_id(fields[i].id, &found), &fields[i]);
            assert_int_equal(found, object);
            assert_ptr_equal(s2si_field_by_key((enum s2si_object)object, fields[i].key), &fields[i]);
            assert_true(fields[i].offset < s2si_params_size((enum s2si_object)object));
            assert_true(i == 0 || fields[i].id == fields[i - 1].id + 1);
            for (size_t j = 0; j < i; j++) {
                assert_int_not_equal(fields[i].offset, fields[j].offset);
                assert_string_not_equal(fields[i].key, fields[j].key);
            }
        }
    }
    assert_null(s2si_field_by_id(S2SI_FIELDS, NULL));
    assert_null(s2si_field_by_key(S2SI_TUNNEL, "no.such.key"));
}

static void test_init_sets_nothing(void **state)
{
    struct s2s_tunnel_params tunnel;
    struct s2s_route_params route;
    size_t count;
    const struct s2si_field *fields = s2si_fields(S2SI_TUNNEL, &count);
    (void)state;

    s2s_tunnel_params_init(&tunnel, sizeof(tunnel));
    assert_int_equal(tunnel.struct_size, sizeof(tunnel));
    for (size_t i = 0; i < count; i++) {
        assert_false(s2si_field_is_set(&fields[i], &tunnel));
    }
    s2s_route_params_init(&route, sizeof(route));
    assert_int_equal(route.publish, S2S_UNSET);
}

/* A caller that was built with fewer members, or with more that it leaves zero. */
static void test_other_sizes(void **state)
{
    struct {
        struct s2s_route_params params;
        uint64_t later;
    } larger = { .later = 0 };
    struct s2s_route_params full, small;
    (void)state;

    s2s_route_params_init(&small, offsetof(struct s2s_route_params, weight));
    small.priority = 7;
    small.weight = 55; /* beyond the size that the caller knows */
    assert_int_equal(s2si_params_read(S2SI_ROUTE, &full, &small), 0);
    assert_int_equal(full.priority, 7);
    assert_int_equal(full.weight, S2S_UNSET);
    s2s_route_params_init(&larger.params, sizeof(larger));
    larger.params.priority = 9;
    assert_int_equal(s2si_params_read(S2SI_ROUTE, &full, &larger), 0);
    assert_int_equal(full.priority, 9);
    larger.later = 1;
    assert_int_equal(s2si_params_read(S2SI_ROUTE, &full, &larger), S2S_ERR_INVALID);
    assert_int_equal(s2si_params_read(S2SI_ROUTE, &full, NULL), S2S_ERR_INVALID);
}

static void fill(struct s2s_connection_params *connection, struct s2s_tunnel_params *tunnel, struct s2s_prefix *prefix)
{
    s2s_connection_params_init(connection, sizeof(*connection));
    s2s_tunnel_params_init(tunnel, sizeof(*tunnel));
    s2s_prefix_parse("10.0.0.0/16", prefix);
    tunnel->psk = (const uint8_t *)"secret";
    tunnel->psk_length = 6;
    tunnel->local_id = "@here";
    tunnel->ike_encryption = (struct s2s_algorithm_list){ 2, { S2S_AES128_CBC, S2S_AES256_CBC } };
    connection->name = "one";
    connection->local_subnets = prefix;
    connection->local_subnet_count = 1;
    connection->local_asn = 65001;
    connection->tunnels = tunnel;
    connection->tunnel_count = 1;
}

static bool copies(struct s2si_mem *mem, void *user)
{
    struct s2s_connection_params connection, copy;
    struct s2s_tunnel_params tunnel, changes;
    struct s2s_prefix prefix;
    (void)user;

    fill(&connection, &tunnel, &prefix);
    if (s2si_params_copy(mem, S2SI_CONNECTION, &copy, &connection)) {
        return false;
    }
    bool good = !s2si_params_differ(S2SI_CONNECTION, &connection, &copy, NULL) && copy.name != connection.name &&
                copy.tunnels[0].psk != tunnel.psk && memcmp(copy.tunnels[0].psk, "secret", 6) == 0;
    s2s_tunnel_params_init(&changes, sizeof(changes));
    changes.psk = (const uint8_t *)"other";
    changes.psk_length = 5;
    changes.local_id = "@there";
    if (good && s2si_params_merge(mem, S2SI_TUNNEL, (void *)(uintptr_t)copy.tunnels, &changes)) {
        good = false;
    }
    s2si_params_free(mem, S2SI_CONNECTION, &copy);
    assert_false(s2si_field_is_set(s2si_field_by_id(S2SI_CONN_NAME, NULL), &copy));
    return good;
}

static void test_copy_and_merge(void **state)
{
    (void)state;
    each_allocation_fails(copies, NULL);
}

static void test_differ(void **state)
{
    struct s2s_tunnel_params a, b;
    struct s2si_field_set set;
    (void)state;

    s2s_tunnel_params_init(&a, sizeof(a));
    s2s_tunnel_params_init(&b, sizeof(b));
    assert_false(s2si_params_differ(S2SI_TUNNEL, &a, &b, &set));
    b.dpd_delay = 20;
    assert_true(s2si_params_differ(S2SI_TUNNEL, &a, &b, &set));
    assert_true(s2si_field_set_has(S2SI_TUNNEL, &set, S2SI_TUN_DPD_DELAY));
    assert_false(s2si_field_set_has(S2SI_TUNNEL, &set, S2SI_TUN_PSK));
    assert_true(s2si_field_set_effect(S2SI_TUNNEL, &set, S2SI_EFFECT_NEXT));
    assert_false(s2si_field_set_effect(S2SI_TUNNEL, &set, S2SI_EFFECT_RENEGOTIATE));
    b.psk = (const uint8_t *)"x";
    b.psk_length = 1;
    s2si_params_differ(S2SI_TUNNEL, &a, &b, &set);
    assert_true(s2si_field_set_effect(S2SI_TUNNEL, &set, S2SI_EFFECT_RENEGOTIATE));
}

static void test_format(void **state)
{
    struct s2s_tunnel_params tunnel;
    char text[64];
    (void)state;

    s2s_tunnel_params_init(&tunnel, sizeof(tunnel));
    tunnel.psk = (const uint8_t *)"secret";
    tunnel.psk_length = 6;
    tunnel.dpd_action = S2S_DPD_RESTART;
    tunnel.enabled = 1;
    tunnel.ipsec_lifetime = 3600;
    tunnel.ike_dh_group = (struct s2s_algorithm_list){ 2, { S2S_MODP2048, S2S_CURVE25519 } };
    assert_string_equal(s2si_field_format(s2si_field_by_id(S2SI_TUN_PSK, NULL), &tunnel, text, sizeof(text)), "");
    assert_string_equal(s2si_field_format(s2si_field_by_id(S2SI_TUN_DPD_ACTION, NULL), &tunnel, text, sizeof(text)),
                        "restart");
    assert_string_equal(s2si_field_format(s2si_field_by_id(S2SI_TUN_ENABLED, NULL), &tunnel, text, sizeof(text)),
                        "true");
    assert_string_equal(s2si_field_format(s2si_field_by_id(S2SI_TUN_IPSEC_LIFETIME, NULL), &tunnel, text, sizeof(text)),
                        "3600");
    assert_string_equal(s2si_field_format(s2si_field_by_id(S2SI_TUN_IKE_DH_GROUP, NULL), &tunnel, text, sizeof(text)),
                        "modp2048, x25519");
    assert_string_equal(s2si_field_format(s2si_field_by_id(S2SI_TUN_LOCAL_ID, NULL), &tunnel, text, sizeof(text)), "");
    s2si_field_format(s2si_field_by_id(S2SI_TUN_IKE_DH_GROUP, NULL), &tunnel, text, 6); /* cut, never overrun */
    assert_int_equal(strlen(text), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),        cmocka_unit_test(test_init_sets_nothing),
        cmocka_unit_test(test_other_sizes), cmocka_unit_test(test_copy_and_merge),
        cmocka_unit_test(test_differ),      cmocka_unit_test(test_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
