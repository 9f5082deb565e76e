/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

static const uint8_t KEY[64] = {0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d,
                                0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b,
                                0x9c, 0x9d, 0x9e, 0x9f};
static const uint8_t SALT[4] = {0xa0, 0xa1, 0xa2, 0xa3};

void ike_keys_open(struct ike_keys *keys, enum s2s_algorithm encryption, enum s2s_algorithm integrity)
{
    memset(keys, 0, sizeof(*keys));
    assert_int_equal(0, s2si_mem_init(&keys->mem, NULL));
    assert_int_equal(0, s2si_crypto_open(&keys->crypto, s2s_crypto_mbedtls(), &keys->mem.table));
    struct s2s_crypto_key key = {.encryption = encryption,
                                 .integrity = integrity,
                                 .encryption_key = KEY,
                                 .salt = integrity == S2S_ALG_NONE ? SALT : NULL,
                                 .integrity_key = integrity == S2S_ALG_NONE ? NULL : KEY};
    assert_int_equal(0, s2si_sk_init(&keys->seal, &keys->crypto, &key, true));
    assert_int_equal(0, s2si_sk_init(&keys->open, &keys->crypto, &key, false));
}

void ike_keys_close(struct ike_keys *keys)
{
    s2si_sk_clear(&keys->seal);
    s2si_sk_clear(&keys->open);
    s2si_crypto_close(&keys->crypto);
}

struct s2si_ike_header ike_header(uint8_t exchange, bool response, uint32_t message_id)
{
    return (struct s2si_ike_header){
        .spi_i = IKE_SPI_I,
        .spi_r = exchange == S2SI_IKE_SA_INIT && !response ? 0 : IKE_SPI_R,
        .version = S2SI_IKE_VERSION,
        .exchange = exchange,
        .flags = response ? S2SI_IKE_FLAG_RESPONSE : S2SI_IKE_FLAG_INITIATOR,
        .message_id = message_id,
    };
}

struct s2si_proposal ike_proposal(uint8_t protocol, const uint16_t *encryption, const uint16_t *prf,
                                  const uint16_t *integrity, const uint16_t *group, const uint16_t *esn)
{
    const uint16_t *lists[6] = {NULL, encryption, prf, integrity, group, esn};
    struct s2si_proposal proposal = {.number = 1, .protocol = protocol};
    for (size_t type = 1; type < 6; type++) {
        for (size_t i = 0; lists[type] != NULL && lists[type][i] != 0; i++) {
            proposal.algorithms[type][proposal.count[type]++] = lists[type][i];
        }
    }
    return proposal;
}

struct s2si_proposal_list ike_list_ike(void)
{
    static const uint16_t ciphers[] = {S2S_AES256_GCM16, S2S_CHACHA20_POLY1305, S2S_AES256_CBC, S2S_AES128_CBC, 0};
    static const uint16_t prfs[] = {S2S_PRF_HMAC_SHA2_256, S2S_PRF_HMAC_SHA2_384, 0};
    static const uint16_t integrity[] = {S2S_HMAC_SHA2_256_128, S2S_HMAC_SHA2_384_192, 0};
    static const uint16_t groups[] = {S2S_CURVE25519, S2S_ECP256, S2S_MODP2048, 0};
    struct s2si_proposal_list list = {0};
    struct s2si_proposal mixed = ike_proposal(S2SI_PROTOCOL_IKE, ciphers, prfs, integrity, groups, NULL);
    assert_int_equal(0, s2si_proposal_list_add(&list, &mixed));
    return list;
}

struct s2si_proposal_list ike_list_esp(void)
{
    static const uint16_t ciphers[] = {S2S_AES128_GCM16, S2S_AES128_CBC, 0};
    static const uint16_t integrity[] = {S2S_HMAC_SHA2_256_128, S2S_HMAC_SHA1_96, 0};
    static const uint16_t groups[] = {S2S_MODP2048, S2S_ECP256, 0};
    static const uint16_t esn[] = {S2S_NO_ESN, S2S_ESN, 0};
    static const uint8_t spi[4] = {0xc1, 2, 3, 4};
    struct s2si_proposal_list list = {0};
    struct s2si_proposal mixed = ike_proposal(S2SI_PROTOCOL_ESP, ciphers, NULL, integrity, groups, esn);
    assert_int_equal(0, s2si_proposal_list_add(&list, &mixed));
    s2si_proposal_list_set_spi(&list, spi, 4);
    return list;
}

struct s2s_selector ike_selector(const char *text)
{
    struct s2s_prefix prefix;
    struct s2s_selector selector;
    assert_int_equal(0, s2s_prefix_parse(text, &prefix));
    s2s_selector_from_prefix(&prefix, &selector);
    return selector;
}

static size_t init(uint8_t *out, size_t capacity, bool response)
{
    struct s2si_message_writer writer;
    struct s2si_ike_header header = ike_header(S2SI_IKE_SA_INIT, response, 0);
    struct s2si_proposal_list list = ike_list_ike();
    s2si_message_start(&writer, out, capacity, &header);
    if (response) {
        struct s2si_proposal chosen;
        struct s2si_suite suite;
        assert_int_equal(0, s2si_proposal_select(&list, &list, false, &chosen, &suite));
        s2si_sa_encode_one(&writer, &chosen);
    } else {
        s2si_notify_encode(&writer, S2SI_N_COOKIE, KEY, 32);
        s2si_sa_encode(&writer, &list);
    }
    s2si_ke_encode(&writer, S2S_CURVE25519, KEY, 32);
    s2si_nonce_encode(&writer, KEY, 32);
    s2si_notify_encode(&writer, S2SI_N_NAT_DETECTION_SOURCE_IP, KEY, 20);
    s2si_notify_encode(&writer, S2SI_N_NAT_DETECTION_DESTINATION_IP, KEY + 1, 20);
    s2si_notify_encode(&writer, S2SI_N_IKEV2_FRAGMENTATION_SUPPORTED, NULL, 0);
    s2si_vendor_encode(&writer, "vendor", 6);
    assert_int_equal(0, s2si_message_finish(&writer));
    return writer.bytes.length;
}

size_t ike_init_request(uint8_t *out, size_t capacity)
{
    return init(out, capacity, false);
}

size_t ike_init_response(uint8_t *out, size_t capacity)
{
    return init(out, capacity, true);
}

static void write_selectors(struct s2si_message_writer *writer)
{
    struct s2s_selector initiator[] = {ike_selector("10.0.0.1/32"), ike_selector("10.0.0.0/16"), ike_selector("fd00::/64")};
    struct s2s_selector responder = ike_selector("172.16.0.0/16");
    s2si_ts_encode(writer, S2SI_PAYLOAD_TSI, initiator, 3);
    s2si_ts_encode(writer, S2SI_PAYLOAD_TSR, &responder, 1);
}

void ike_chain_auth_request(struct s2si_message_writer *writer, uint8_t *out, size_t capacity)
{
    struct s2si_identity id;
    struct s2si_proposal_list list = ike_list_esp();
    s2si_proposal_list_drop_groups(&list);
    s2si_chain_start(writer, out, capacity);
    assert_int_equal(0, s2si_identity_parse("gw.example.com", &id));
    s2si_id_encode(writer, S2SI_PAYLOAD_IDI, &id);
    s2si_notify_encode(writer, S2SI_N_INITIAL_CONTACT, NULL, 0);
    assert_int_equal(0, s2si_identity_parse("192.0.2.1", &id));
    s2si_id_encode(writer, S2SI_PAYLOAD_IDR, &id);
    s2si_auth_encode(writer, S2SI_AUTH_PSK, KEY, 32);
    s2si_sa_encode(writer, &list);
    write_selectors(writer);
    assert_int_equal(0, s2si_message_finish(writer));
}

void ike_chain_child_request(struct s2si_message_writer *writer, uint8_t *out, size_t capacity, bool ke, bool ts)
{
    struct s2si_proposal_list list = ts ? ike_list_esp() : ike_list_ike();
    s2si_chain_start(writer, out, capacity);
    if (ts) {
        s2si_notify_encode_spi(writer, S2SI_PROTOCOL_ESP, 0xc1020304, S2SI_N_REKEY_SA, NULL, 0);
    } else {
        s2si_proposal_list_set_spi(&list, KEY, 8);
    }
    s2si_sa_encode(writer, &list);
    s2si_nonce_encode(writer, KEY, 32);
    if (ke) {
        s2si_ke_encode(writer, S2S_CURVE25519, KEY, 32);
    }
    if (ts) {
        write_selectors(writer);
    }
    assert_int_equal(0, s2si_message_finish(writer));
}

void ike_chain_delete(struct s2si_message_writer *writer, uint8_t *out, size_t capacity)
{
    const uint32_t spis[] = {0xc1020304, 0xc5060708};
    s2si_chain_start(writer, out, capacity);
    s2si_delete_encode_esp(writer, spis, 2);
    assert_int_equal(0, s2si_message_finish(writer));
}

size_t ike_sealed(struct ike_keys *keys, uint8_t exchange, const struct s2si_message_writer *chain, uint8_t *out,
                  size_t capacity)
{
    size_t length = 0;
    struct s2si_ike_header header = ike_header(exchange, false, 1);
    assert_int_equal(0, s2si_sk_seal(&keys->seal, &header, chain->first, chain->bytes.data, chain->bytes.length, out,
                                     capacity, &length));
    return length;
}
