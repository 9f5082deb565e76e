/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

#include "lib/ike/v2/natd.h"

static uint8_t packet[1024];
static struct s2si_message message;

static struct s2s_endpoint at(const char *text, uint16_t port)
{
    struct s2s_endpoint endpoint = {.port = port};
    assert_int_equal(0, s2s_addr_parse(text, &endpoint.addr));
    return endpoint;
}

/* SHA-1 over SPIi | SPIr | address | port, computed by hand with another implementation. */
static void test_hash(void **state)
{
    (void)state;
    static const uint8_t expected4[S2SI_NATD_LENGTH] = {0x85, 0xda, 0x37, 0xdc, 0xa2, 0x5d, 0xa7, 0x99, 0xc6, 0x4c, 0xb7, 0x89,
                                                          0xea, 0xff, 0x08, 0xe0, 0xfb, 0x72, 0xc5, 0xb9};
    static const uint8_t expected6[S2SI_NATD_LENGTH] = {0x3c, 0x82, 0xae, 0x14, 0x75, 0xdf, 0x73, 0x10, 0xd5, 0xea, 0x4b, 0xbd,
                                                          0x27, 0xf8, 0xe0, 0x2c, 0x97, 0xfe, 0xc6, 0x60};
    struct ike_keys keys;
    uint8_t hash[S2SI_NATD_LENGTH];
    struct s2s_endpoint v4 = at("192.0.2.1", 500), v6 = at("2001:db8::1", 4500);
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    assert_int_equal(0, s2si_natd_hash(&keys.crypto, IKE_SPI_I, 0, &v4, hash));
    assert_memory_equal(expected4, hash, sizeof(hash));
    assert_int_equal(0, s2si_natd_hash(&keys.crypto, IKE_SPI_I, IKE_SPI_R, &v6, hash));
    assert_memory_equal(expected6, hash, sizeof(hash));
    ike_keys_close(&keys);
}

/* The message of an initiator at sender that believes to talk to target, seen at local as coming from remote. */
static struct s2si_natd_result seen(struct ike_keys *keys, const struct s2s_endpoint *sender,
                                    const struct s2s_endpoint *target, const struct s2s_endpoint *local,
                                    const struct s2s_endpoint *remote, bool fake)
{
    struct s2si_message_writer writer;
    struct s2si_natd_result result;
    struct s2si_ike_header header = ike_header(S2SI_IKE_SA_INIT, false, 0);
    s2si_message_start(&writer, packet, sizeof(packet), &header);
    assert_int_equal(0, s2si_natd_encode(&writer, &keys->crypto, IKE_SPI_I, 0, sender, target, fake));
    assert_int_equal(0, s2si_message_finish(&writer));
    assert_int_equal(0, s2si_message_parse(packet, writer.bytes.length, &message, NULL));
    assert_int_equal(0, s2si_natd_check(&keys->crypto, &message, local, remote, &result));
    return result;
}

static void test_where_the_nat_is(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2s_endpoint inside = at("10.0.0.1", 500), outside = at("192.0.2.1", 6000), peer = at("198.51.100.1", 500),
                        behind = at("10.9.9.9", 500);
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    struct s2si_natd_result none = seen(&keys, &inside, &peer, &peer, &inside, false);
    assert_true(none.supported && !none.nat_local && !none.nat_remote);
    struct s2si_natd_result remote = seen(&keys, &inside, &peer, &peer, &outside, false);
    assert_true(remote.supported && !remote.nat_local && remote.nat_remote);
    struct s2si_natd_result local = seen(&keys, &inside, &peer, &behind, &inside, false);
    assert_true(local.supported && local.nat_local && !local.nat_remote);
    struct s2si_natd_result fake = seen(&keys, &inside, &peer, &peer, &inside, true);
    assert_true(fake.supported && !fake.nat_local && fake.nat_remote);
    ike_keys_close(&keys);
}

static void test_one_of_several_sources_is_enough(void **state)
{
    (void)state;
    struct ike_keys keys;
    struct s2si_message_writer writer;
    struct s2si_natd_result result;
    struct s2si_ike_header header = ike_header(S2SI_IKE_SA_INIT, false, 0);
    struct s2s_endpoint here = at("192.0.2.1", 500), other = at("192.0.2.2", 500), peer = at("198.51.100.1", 500);
    ike_keys_open(&keys, S2S_AES128_GCM16, S2S_ALG_NONE);
    s2si_message_start(&writer, packet, sizeof(packet), &header);
    s2si_natd_encode(&writer, &keys.crypto, IKE_SPI_I, 0, &other, &peer, false);
    s2si_natd_encode(&writer, &keys.crypto, IKE_SPI_I, 0, &here, &peer, false);
    s2si_notify_encode(&writer, S2SI_N_NAT_DETECTION_SOURCE_IP, "short", 5);
    assert_int_equal(0, s2si_message_finish(&writer));
    assert_int_equal(0, s2si_message_parse(packet, writer.bytes.length, &message, NULL));
    assert_int_equal(0, s2si_natd_check(&keys.crypto, &message, &peer, &here, &result));
    assert_true(result.supported && !result.nat_remote && !result.nat_local);
    message.count = 1; /* the source alone: no NAT detection */
    assert_int_equal(0, s2si_natd_check(&keys.crypto, &message, &peer, &here, &result));
    assert_true(!result.supported && !result.nat_remote && !result.nat_local);
    ike_keys_close(&keys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_where_the_nat_is),
        cmocka_unit_test(test_one_of_several_sources_is_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
