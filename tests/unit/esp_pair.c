/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/esp_pair.h"

const struct suite_name all_suites[] = {
    {S2S_AES128_GCM16, S2S_ALG_NONE},        {S2S_AES192_GCM16, S2S_ALG_NONE},
    {S2S_AES256_GCM16, S2S_ALG_NONE},        {S2S_CHACHA20_POLY1305, S2S_ALG_NONE},
    {S2S_AES128_CBC, S2S_HMAC_SHA1_96},      {S2S_AES128_CBC, S2S_HMAC_SHA2_256_128},
    {S2S_AES192_CBC, S2S_HMAC_SHA2_256_128}, {S2S_AES256_CBC, S2S_HMAC_SHA2_384_192},
    {S2S_AES256_CBC, S2S_HMAC_SHA2_512_256},
};
const size_t suite_count = S2SI_COUNT(all_suites);

struct s2s_addr test_addr(const char *text)
{
    struct s2s_addr addr;
    assert_int_equal(s2s_addr_parse(text, &addr), 0);
    return addr;
}

struct s2s_selector test_selector(const char *text)
{
    struct s2s_prefix prefix;
    struct s2s_selector selector;
    assert_int_equal(s2s_prefix_parse(text, &prefix), 0);
    s2s_selector_from_prefix(&prefix, &selector);
    return selector;
}

/* ---- pairs ---- */

static void fill_params(struct esp_pair *pair, struct s2s_esp_sa_params *params, struct suite_name suite)
{
    const struct s2s_algorithm_info *cipher = s2s_algorithm_info(suite.encryption);
    const struct s2s_algorithm_info *mac = s2s_algorithm_info(suite.integrity);
    s2s_esp_sa_params_init(params, sizeof *params);
    params->spi = TEST_SPI;
    params->encryption = suite.encryption;
    params->integrity = suite.integrity;
    params->encryption_key = pair->key;
    params->encryption_key_length = cipher->key_length;
    params->salt = cipher->salt_length == 0 ? NULL : pair->salt;
    params->salt_length = cipher->salt_length;
    params->integrity_key = mac == NULL ? NULL : pair->integrity_key;
    params->integrity_key_length = mac == NULL ? 0 : mac->key_length;
    params->local_selector_count = params->remote_selector_count = TEST_SELECTORS;
    params->owner = 0x1111111100000042u;
}

void pair_init(struct esp_pair *pair, const struct s2s_crypto_provider *provider, struct suite_name suite)
{
    *pair = (struct esp_pair){.provider = provider};
    for (uint8_t i = 0; i < sizeof pair->key; i++) {
        pair->key[i] = (uint8_t)(i + 1);
        pair->integrity_key[i] = (uint8_t)(0x80 + i);
    }
    memcpy(pair->salt, "salt", 4);
    pair->near[0] = test_selector("10.0.0.0/16");
    pair->near[1] = test_selector("fd00:a::/32");
    pair->far[0] = test_selector("10.1.0.0/16");
    pair->far[1] = test_selector("fd00:b::/32");

    fill_params(pair, &pair->out, suite);
    pair->out.direction = S2S_ESP_OUTBOUND;
    pair->out.local_selectors = pair->near;
    pair->out.remote_selectors = pair->far;
    pair->out.local = (struct s2s_endpoint){test_addr("198.51.100.1"), 4500};
    pair->out.remote = (struct s2s_endpoint){test_addr("203.0.113.1"), 4500};

    fill_params(pair, &pair->in, suite);
    pair->in.direction = S2S_ESP_INBOUND;
    pair->in.local_selectors = pair->far;
    pair->in.remote_selectors = pair->near;
    pair->in.local = pair->out.remote;
    pair->in.remote = pair->out.local;
}

void pair_open(struct esp_pair *pair)
{
    struct s2s_esp_params params;
    s2s_esp_params_init(&params, sizeof params);
    params.provider = pair->provider;
    params.allocator = pair->allocator;
    assert_int_equal(s2s_esp_new(&params, &pair->a), 0);
    assert_int_equal(s2s_esp_new(&params, &pair->b), 0);
    assert_int_equal(s2s_esp_sa_add(pair->a, &pair->out, &pair->sa_out), 0);
    assert_int_equal(s2s_esp_sa_add(pair->b, &pair->in, &pair->sa_in), 0);
}

void pair_close(struct esp_pair *pair)
{
    s2s_esp_free(pair->a);
    s2s_esp_free(pair->b);
    pair->a = pair->b = NULL;
}

uint64_t pair_drops(const struct esp_pair *pair, enum s2s_drop_reason reason)
{
    struct s2s_esp_sa_stats stats = {.struct_size = sizeof stats};
    assert_int_equal(s2s_esp_sa_get_stats(pair->b, pair->sa_in, &stats), 0);
    return stats.drops[reason];
}

void each_pair(void (*body)(struct esp_pair *pair))
{
    const struct s2s_crypto_provider *providers[] = {
#if S2S_WITH_MBEDTLS
        s2s_crypto_mbedtls(),
#endif
        s2s_crypto_test(),
    };
    for (size_t p = 0; p < S2SI_COUNT(providers); p++) {
        for (size_t s = 0; s < 2 * suite_count; s++) {
            struct esp_pair pair;
            pair_init(&pair, providers[p], all_suites[s / 2]);
            pair.out.esn = pair.in.esn = s % 2 == 1;
            pair_open(&pair);
            body(&pair);
            pair_close(&pair);
        }
    }
}

/* ---- packets ---- */

struct s2s_packet packet_new(uint8_t kind, const void *data, size_t length, size_t headroom, size_t tailroom)
{
    size_t capacity = headroom + length + tailroom;
    struct s2s_packet packet = {.kind = kind, .offset = headroom, .length = length, .capacity = capacity};
    packet.buffer = malloc(capacity == 0 ? 1 : capacity);
    assert_non_null(packet.buffer);
    memset(packet.buffer, 0xee, capacity);
    if (data != NULL && length > 0) {
        memcpy(packet.buffer + headroom, data, length);
    }
    return packet;
}

void packet_free(struct s2s_packet *packet)
{
    free(packet->buffer);
    packet->buffer = NULL;
}

void inner_make(uint8_t *out, size_t size, const char *source, const char *destination)
{
    struct s2s_addr from = test_addr(source), to = test_addr(destination);
    size_t header = from.family == 6 ? 40 : 20;
    assert_true(size >= header + 8);
    for (size_t i = 0; i < size; i++) {
        out[i] = (uint8_t)(i * 7);
    }
    memset(out, 0, header);
    if (from.family == 6) {
        out[0] = 0x60;
        s2si_put_u16(out + 4, (uint16_t)(size - 40));
        out[6] = S2SI_PROTO_UDP;
        out[7] = 64;
        memcpy(out + 8, from.bytes, 16);
        memcpy(out + 24, to.bytes, 16);
    } else {
        out[0] = 0x45;
        s2si_put_u16(out + 2, (uint16_t)size);
        out[8] = 64;
        out[9] = S2SI_PROTO_UDP;
        memcpy(out + 12, from.bytes, 4);
        memcpy(out + 16, to.bytes, 4);
        s2si_put_u16(out + 10, s2si_checksum_finish(s2si_checksum_add(0, out, 20)));
    }
    s2si_put_u16(out + header, 1000);
    s2si_put_u16(out + header + 2, 2000);
}

struct s2s_packet inner_packet(const struct esp_pair *pair, size_t size, const char *source, const char *destination)
{
    struct s2s_packet packet = packet_new(S2S_PACKET_INNER, NULL, size, S2S_PACKET_HEADROOM, S2S_PACKET_TAILROOM);
    inner_make(packet_data(&packet), size, source, destination);
    packet.sa = pair->sa_out;
    return packet;
}

struct s2s_packet inner4(const struct esp_pair *pair, size_t size)
{
    return inner_packet(pair, size, "10.0.0.1", "10.1.0.1");
}

struct s2s_packet craft(const struct esp_pair *pair, uint64_t sequence, const void *plaintext, size_t length)
{
    const struct s2s_algorithm_info *cipher = s2s_algorithm_info(pair->out.encryption);
    const struct s2s_algorithm_info *mac = s2s_algorithm_info(pair->out.integrity);
    size_t iv = cipher->iv_length, icv = cipher->aead ? cipher->icv_length : mac->icv_length;
    struct s2s_packet packet = packet_new(S2S_PACKET_ESP, NULL, 8 + iv + length + icv, 0, 0);
    uint8_t *at = packet.buffer, aad[12];
    s2si_put_u32(at, pair->out.spi);
    s2si_put_u32(at + 4, (uint32_t)sequence);
    s2si_put_u64(at + 8, sequence);
    memcpy(at + 8 + iv, plaintext, length);
    s2si_put_u32(aad, pair->out.spi);
    s2si_put_u64(aad + 4, sequence);

    struct s2s_crypto_op op = {.data = at + 8 + iv, .length = length, .iv = at + 8, .icv = at + 8 + iv + length};
    op.aad = pair->out.esn && cipher->aead ? aad : at;
    op.aad_length = pair->out.esn && cipher->aead ? 12 : 8;
    op.tail = aad + 4;
    op.tail_length = pair->out.esn && !cipher->aead ? 4 : 0;
    const struct s2s_crypto_key key = {pair->out.encryption, pair->out.integrity, pair->key, pair->out.salt,
                                       pair->out.integrity_key};
    void *context = pair->provider->open(NULL), *transform = NULL;
    assert_int_equal(pair->provider->transform_new(context, &key, true, &transform), 0);
    pair->provider->seal(context, transform, &op, 1);
    assert_int_equal(op.result, 0);
    pair->provider->transform_free(context, transform);
    pair->provider->close(context);
    return packet;
}

struct s2s_packet craft_good(const struct esp_pair *pair, uint64_t sequence)
{
    uint8_t plaintext[48];
    inner_make(plaintext, 40, "10.0.0.1", "10.1.0.1");
    memcpy(plaintext + 40, "\1\2\3\4\5\6\6\4", 8);
    return craft(pair, sequence, plaintext, sizeof plaintext);
}

int open_one(struct esp_pair *pair, struct s2s_packet packet)
{
    size_t opened = s2s_esp_open(pair->b, &packet, 1, 1);
    assert_int_equal(opened, packet.verdict == S2S_VERDICT_DELIVER);
    assert_int_equal(packet.verdict, opened == 1 ? S2S_VERDICT_DELIVER : S2S_VERDICT_DROP);
    assert_int_equal(packet.reason == S2S_DROP_NONE, opened == 1);
    int reason = packet.reason;
    packet_free(&packet);
    return reason;
}

struct s2s_packet sealed(struct esp_pair *pair)
{
    struct s2s_packet packet = inner4(pair, 40);
    assert_int_equal(s2s_esp_seal(pair->a, &packet, 1, 1), 1);
    packet.kind = packet.verdict == S2S_VERDICT_SEND_UDP ? S2S_PACKET_UDP : S2S_PACKET_ESP;
    return packet;
}
