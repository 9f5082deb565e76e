/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_esp_open: inbound ESP with known keys. The provider verifies nothing and decrypts to what is there (an ICV that
 * starts with 0xff stands for a wrong one), so that the fuzzer reaches what lies behind decryption: trailers, inner
 * headers, selectors, the window.
 *
 * Input: one byte (bit 0 ESN, bits 1..2 suite, bit 3 small window, bits 4..7 packets a batch less one), then packets: a
 * length of two bytes and that many bytes, the first of which is the outer TOS.
 */
#include <s2svpn/esp.h>

#include "lib/base/base.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SPI = 0x1000, MOST = 64, SEEN = 4096 };

static void transparent_open(void *context, void *transform, struct s2s_crypto_op *ops, size_t count)
{
    (void)context;
    (void)transform;
    for (size_t i = 0; i < count; i++) {
        ops[i].result = ops[i].icv[0] == 0xff ? S2S_ERR_AUTH : 0;
    }
}

static const struct s2s_selector here = {
    .start = {4, {10, 1, 0, 0}}, .end = {4, {10, 1, 255, 255}}, .end_port = UINT16_MAX};
static const struct s2s_selector there[2] = {
    {.start = {4, {10, 0, 0, 0}}, .end = {4, {10, 0, 255, 255}}, .protocol = 17, .start_port = 500, .end_port = 5000},
    {.start = {4, {10, 0, 0, 0}}, .end = {4, {10, 0, 255, 255}}, .protocol = 1, .end_port = UINT16_MAX},
};

static s2s_esp_sa add_sa(s2s_esp *esp, uint8_t flags)
{
    static const enum s2s_algorithm suites[4][2] = {{S2S_AES128_GCM16, S2S_ALG_NONE},
                                                    {S2S_CHACHA20_POLY1305, S2S_ALG_NONE},
                                                    {S2S_AES128_CBC, S2S_HMAC_SHA1_96},
                                                    {S2S_AES256_CBC, S2S_HMAC_SHA2_512_256}};
    static const uint8_t key[S2S_CRYPTO_MAX_KEY];
    const enum s2s_algorithm *suite = suites[(flags >> 1) & 3];
    const struct s2s_algorithm_info *cipher = s2s_algorithm_info(suite[0]), *mac = s2s_algorithm_info(suite[1]);
    struct s2s_esp_sa_params params;
    s2s_esp_sa sa = 0;
    s2s_esp_sa_params_init(&params, sizeof params);
    params.direction = S2S_ESP_INBOUND;
    params.spi = SPI;
    params.encryption = suite[0];
    params.integrity = suite[1];
    params.encryption_key = params.salt = params.integrity_key = key;
    params.encryption_key_length = cipher->key_length;
    params.salt_length = cipher->salt_length;
    params.integrity_key_length = mac == NULL ? 0 : mac->key_length;
    params.esn = (flags & 1) != 0;
    params.replay_window = (flags & 8) != 0 ? 32 : 1024;
    params.local_selectors = &here;
    params.local_selector_count = 1;
    params.remote_selectors = there;
    params.remote_selector_count = 2;
    return s2s_esp_sa_add(esp, &params, &sa) == 0 ? sa : 0;
}

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What is delivered is an IP packet of the selectors inside its buffer, and its number never came before. */
static void check_delivered(const struct s2s_packet *packet, uint64_t *seen, size_t *seen_count)
{
    struct s2si_ip ip;
    check(packet->offset <= packet->capacity && packet->length <= packet->capacity - packet->offset);
    check(s2si_ip_read(packet->buffer + packet->offset, packet->length, &ip) == 0 && ip.total_length == packet->length);
    check(s2si_selector_has(&here, &ip.destination, ip.protocol, ip.has_ports, ip.destination_port));
    check(s2si_selector_has(&there[0], &ip.source, ip.protocol, ip.has_ports, ip.source_port) ||
          s2si_selector_has(&there[1], &ip.source, ip.protocol, ip.has_ports, ip.source_port));
    for (size_t i = 0; i < *seen_count; i++) {
        check(seen[i] != packet->sequence);
    }
    if (*seen_count < SEEN) {
        seen[(*seen_count)++] = packet->sequence;
    }
}

/* Cuts the next packet off the input, into a block of exactly its size. */
static bool next_packet(struct s2si_reader *reader, struct s2s_packet *packet)
{
    size_t length = s2si_read_u16(reader) % 2048;
    uint8_t tos = s2si_read_u8(reader);
    if (length > s2si_reader_left(reader)) {
        length = s2si_reader_left(reader);
    }
    if (reader->failed) {
        return false;
    }
    *packet = (struct s2s_packet){.capacity = length, .length = length, .tos = tos};
    packet->kind = tos & 1 ? S2S_PACKET_UDP : S2S_PACKET_ESP;
    packet->buffer = malloc(length == 0 ? 1 : length);
    check(packet->buffer != NULL);
    return s2si_read_copy(reader, packet->buffer, length);
}

static void run_batches(s2s_esp *esp, struct s2si_reader *reader, size_t most)
{
    static uint64_t seen[SEEN];
    size_t seen_count = 0, count;
    do {
        struct s2s_packet batch[MOST];
        size_t delivered = 0;
        for (count = 0; count < most && next_packet(reader, &batch[count]); count++) {
        }
        size_t opened = s2s_esp_open(esp, batch, count, 1);
        for (size_t i = 0; i < count; i++) {
            if (batch[i].verdict == S2S_VERDICT_DELIVER) {
                delivered++;
                check_delivered(&batch[i], seen, &seen_count);
            } else {
                check(batch[i].verdict == S2S_VERDICT_DROP && batch[i].reason != S2S_DROP_NONE);
            }
            free(batch[i].buffer);
        }
        check(opened == delivered);
    } while (count > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s2s_crypto_provider provider = *s2s_crypto_test();
    struct s2si_reader reader = s2si_reader(data, size);
    struct s2s_esp_params params;
    s2s_esp *esp;
    uint8_t flags = s2si_read_u8(&reader);
    provider.open_ops = transparent_open;
    s2s_esp_params_init(&params, sizeof params);
    params.provider = &provider;
    check(s2s_esp_new(&params, &esp) == 0);
    check(add_sa(esp, flags) != 0);
    run_batches(esp, &reader, (size_t)(flags >> 4) + 1);
    s2s_esp_free(esp);
    return 0;
}
