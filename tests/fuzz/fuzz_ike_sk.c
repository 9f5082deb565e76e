/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protected messages under known keys, so that the input reaches the inside. Byte 0 picks the suite, byte 1 what the rest
 * is: a datagram as it came; a chain that we seal; or plaintext with padding of the sender's own making.
 */
#include <string.h>

#include <s2svpn/error.h>
#include "ike_decode.h"
#include "lib/ike/v2/sk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE = 8192 };

static const struct {
    enum s2s_algorithm encryption, integrity;
} SUITES[] = {
    {S2S_AES128_GCM16, S2S_ALG_NONE},
    {S2S_CHACHA20_POLY1305, S2S_ALG_NONE},
    {S2S_AES256_CBC, S2S_HMAC_SHA2_256_128},
    {S2S_AES128_CBC, S2S_HMAC_SHA1_96},
};

struct keys {
    struct s2si_mem mem;
    struct s2si_crypto crypto;
    struct s2si_sk seal, open;
};

static void keys_open(struct keys *keys, size_t suite)
{
    static const uint8_t bytes[64] = {1, 2, 3};
    struct s2s_crypto_key key = {.encryption = SUITES[suite].encryption,
                                 .integrity = SUITES[suite].integrity,
                                 .encryption_key = bytes,
                                 .salt = SUITES[suite].integrity == S2S_ALG_NONE ? bytes : NULL,
                                 .integrity_key = SUITES[suite].integrity == S2S_ALG_NONE ? NULL : bytes};
    memset(keys, 0, sizeof(*keys));
    promise(s2si_mem_init(&keys->mem, NULL) == 0);
    promise(s2si_crypto_open(&keys->crypto, s2s_crypto_mbedtls(), &keys->mem.table) == 0);
    promise(s2si_sk_init(&keys->seal, &keys->crypto, &key, true) == 0);
    promise(s2si_sk_init(&keys->open, &keys->crypto, &key, false) == 0);
}

/* Opened once and kept: seeding a random source for each input would cost more than the input. */
static struct keys *keys_of(size_t suite)
{
    static struct keys all[S2SI_COUNT(SUITES)];
    if (all[suite].open.transform == NULL) {
        keys_open(&all[suite], suite);
    }
    return &all[suite];
}

static int open_message(struct keys *keys, const uint8_t *data, size_t size, struct s2si_message *message,
                        uint8_t *scratch)
{
    struct s2si_message_error error = {0};
    struct s2si_skf fragment;
    int result = s2si_message_parse(data, size, message, &error);
    if (result != 0) {
        return result;
    }
    if (s2si_message_find(message, S2SI_PAYLOAD_SKF, 0) != NULL) {
        return s2si_skf_open(&keys->open, message, scratch, SIZE, &fragment);
    }
    result = s2si_sk_open(&keys->open, message, scratch, SIZE, &error);
    if (result == 0) {
        decode_message(message);
    }
    return result;
}

static void sealed_chain(struct keys *keys, const uint8_t *data, size_t size)
{
    static uint8_t packet[SIZE + 256], scratch[SIZE];
    struct s2si_message direct = {0}, message;
    struct s2si_ike_header header = {
        .spi_i = 1, .spi_r = 2, .version = S2SI_IKE_VERSION, .exchange = S2SI_IKE_AUTH, .message_id = 1};
    size_t length = 0;
    promise(s2si_sk_seal(&keys->seal, &header, data[0], data + 1, size - 1, packet, sizeof(packet), &length) == 0);
    direct.count = 1; /* as if behind the envelope */
    int expected = s2si_message_parse_chain(&direct, data[0], data + 1, size - 1, NULL);
    promise(open_message(keys, packet, length, &message, scratch) == expected);
    promise(expected != 0 || message.count == direct.count);
}

/* The plaintext's last byte, whatever it is, becomes the Pad Length. */
static void sealed_plaintext(struct keys *keys, const uint8_t *data, size_t size)
{
    static uint8_t packet[SIZE + 256], scratch[SIZE];
    struct s2si_message message;
    struct s2si_message_writer writer;
    struct s2si_ike_header header = {
        .spi_i = 1, .spi_r = 2, .version = S2SI_IKE_VERSION, .exchange = S2SI_INFORMATIONAL, .message_id = 1};
    size_t length = (size - 1) / keys->seal.block * keys->seal.block;
    s2si_message_start(&writer, packet, sizeof(packet), &header);
    s2si_payload_begin(&writer, S2SI_PAYLOAD_SK);
    size_t at = writer.payload_at;
    s2si_write_zeros(&writer.bytes, keys->seal.iv_length);
    s2si_write_bytes(&writer.bytes, data + 1, length);
    s2si_write_zeros(&writer.bytes, keys->seal.icv_length);
    s2si_payload_end(&writer);
    promise(s2si_message_finish(&writer) == 0);
    packet[at] = data[0];
    uint8_t *body = packet + at + S2SI_PAYLOAD_HEADER_LENGTH + keys->seal.iv_length;
    struct s2s_crypto_op op = {.data = body, .length = length, .iv = packet + at + S2SI_PAYLOAD_HEADER_LENGTH,
                               .aad = packet, .aad_length = at + S2SI_PAYLOAD_HEADER_LENGTH, .icv = body + length};
    s2si_crypto_seal(&keys->crypto, keys->seal.transform, &op, 1);
    promise(length == 0 || op.result == 0);
    int result = open_message(keys, packet, writer.bytes.length, &message, scratch);
    promise(result != S2S_ERR_AUTH || length == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t scratch[SIZE];
    struct s2si_message message;
    if (size < 3 || size > 4096) {
        return 0;
    }
    struct keys *keys = keys_of(data[0] % S2SI_COUNT(SUITES));
    switch (data[1] % 3) {
    case 0:
        open_message(keys, data + 2, size - 2, &message, scratch);
        break;
    case 1:
        sealed_chain(keys, data + 2, size - 2);
        break;
    default:
        sealed_plaintext(keys, data + 2, size - 2);
        break;
    }
    return 0;
}
