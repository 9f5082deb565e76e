/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_esp: what the ESP engine adds to the bare cipher. Packets of 1400 bytes in batches of 64 go through
 * s2s_esp_seal and s2s_esp_open, and through the provider's seal and open_ops alone, in turns in one run; the figure is
 * the ratio of the best rounds (1.00 = no cost at all; the goal is 0.80). Allocations on the packet path are counted,
 * and there must be none: that alone decides the exit code.
 */
#include <s2svpn/esp.h>

#include "lib/base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZE = 1400, ROUNDS = 60, STRIDE = S2S_PACKET_HEADROOM + SIZE + S2S_PACKET_TAILROOM };

static uint8_t memory[S2S_PACKET_BATCH][STRIDE];
static uint8_t sealed_copy[S2S_PACKET_BATCH][STRIDE];
static size_t allocations;

static void *counting_alloc(void *user, size_t size)
{
    (void)user;
    allocations++;
    return malloc(size);
}

static void *counting_resize(void *user, void *pointer, size_t old_size, size_t new_size)
{
    (void)user;
    (void)old_size;
    allocations++;
    return realloc(pointer, new_size);
}

static void counting_release(void *user, void *pointer, size_t size)
{
    (void)user;
    (void)size;
    free(pointer);
}

static const struct s2s_allocator counting = {sizeof counting, NULL, counting_alloc, counting_resize, counting_release};

struct setup {
    const char *name;
    enum s2s_algorithm encryption, integrity;
};

struct bench {
    const struct s2s_crypto_provider *provider;
    void *context, *encrypt, *decrypt;
    s2s_esp *esp;
    s2s_esp_sa out, in;
    size_t iv, icv, text; /* text: what the cipher sees of one packet */
    size_t packet;        /* length of a sealed packet */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static const uint8_t key_bytes[S2S_CRYPTO_MAX_KEY] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static s2s_esp_sa add_sa(struct bench *b, const struct setup *setup, enum s2s_esp_direction direction)
{
    const struct s2s_algorithm_info *cipher = s2s_algorithm_info(setup->encryption);
    const struct s2s_algorithm_info *mac = s2s_algorithm_info(setup->integrity);
    struct s2s_selector all = {.end_port = UINT16_MAX};
    struct s2s_esp_sa_params params;
    s2s_esp_sa sa = 0;
    s2s_addr_parse("0.0.0.0", &all.start);
    s2s_addr_parse("255.255.255.255", &all.end);
    s2s_esp_sa_params_init(&params, sizeof params);
    params.direction = direction;
    params.spi = 0x1000;
    params.encryption = setup->encryption;
    params.integrity = setup->integrity;
    params.encryption_key = params.salt = params.integrity_key = key_bytes;
    params.encryption_key_length = cipher->key_length;
    params.salt_length = cipher->salt_length;
    params.integrity_key_length = mac == NULL ? 0 : mac->key_length;
    params.local_selectors = params.remote_selectors = &all;
    params.local_selector_count = params.remote_selector_count = 1;
    return s2s_esp_sa_add(b->esp, &params, &sa) == 0 ? sa : 0;
}

static bool set_up(struct bench *b, const struct setup *setup, const struct s2s_crypto_provider *provider)
{
    const struct s2s_crypto_key key = {setup->encryption, setup->integrity, key_bytes, key_bytes, key_bytes};
    struct s2s_esp_params params;
    *b = (struct bench){.provider = provider, .context = provider->open(&counting)};
    s2s_esp_params_init(&params, sizeof params);
    params.provider = provider;
    params.crypto_context = b->context;
    params.allocator = &counting;
    if (b->context == NULL || s2s_esp_new(&params, &b->esp) != 0 ||
        provider->transform_new(b->context, &key, true, &b->encrypt) != 0 ||
        provider->transform_new(b->context, &key, false, &b->decrypt) != 0) {
        return false;
    }
    b->out = add_sa(b, setup, S2S_ESP_OUTBOUND);
    b->iv = s2s_algorithm_info(setup->encryption)->iv_length;
    b->packet = SIZE + s2s_esp_overhead(setup->encryption, setup->integrity, S2S_ESP_RAW, 4, SIZE) - 20;
    b->icv = setup->integrity == S2S_ALG_NONE ? s2s_algorithm_info(setup->encryption)->icv_length
                                              : s2s_algorithm_info(setup->integrity)->icv_length;
    b->text = b->packet - 8 - b->iv - b->icv;
    return b->out != 0;
}

static void tear_down(struct bench *b)
{
    b->provider->transform_free(b->context, b->encrypt);
    b->provider->transform_free(b->context, b->decrypt);
    s2s_esp_free(b->esp);
    b->provider->close(b->context);
}

static void make_inner(uint8_t *data)
{
    memset(data, 0x5a, SIZE);
    memset(data, 0, 20);
    data[0] = 0x45;
    s2si_put_u16(data + 2, SIZE);
    data[9] = 17;
    data[15] = data[19] = 10;
}

/* ---- one round of each kind, in seconds for a batch ---- */

static double round_seal(struct bench *b)
{
    struct s2s_packet batch[S2S_PACKET_BATCH];
    for (size_t i = 0; i < S2S_PACKET_BATCH; i++) {
        batch[i] =
            (struct s2s_packet){.buffer = memory[i], .capacity = STRIDE, .offset = S2S_PACKET_HEADROOM, .length = SIZE};
        batch[i].sa = b->out;
        make_inner(memory[i] + S2S_PACKET_HEADROOM);
    }
    double start = now();
    size_t sealed = s2s_esp_seal(b->esp, batch, S2S_PACKET_BATCH, 1);
    double time = now() - start;
    for (size_t i = 0; i < S2S_PACKET_BATCH; i++) {
        memcpy(sealed_copy[i], batch[i].buffer + batch[i].offset, batch[i].length);
    }
    return sealed == S2S_PACKET_BATCH && batch[0].length == b->packet ? time : -1;
}

static double round_open(struct bench *b)
{
    struct s2s_packet batch[S2S_PACKET_BATCH];
    for (size_t i = 0; i < S2S_PACKET_BATCH; i++) {
        batch[i] =
            (struct s2s_packet){.buffer = memory[i], .capacity = STRIDE, .length = b->packet, .kind = S2S_PACKET_ESP};
        memcpy(memory[i], sealed_copy[i], b->packet);
    }
    double start = now();
    size_t opened = s2s_esp_open(b->esp, batch, S2S_PACKET_BATCH, 1);
    double time = now() - start;
    return opened == S2S_PACKET_BATCH ? time : -1;
}

static double round_bare(struct bench *b, bool seal)
{
    struct s2s_crypto_op ops[S2S_PACKET_BATCH];
    size_t front = seal ? S2S_PACKET_HEADROOM - 8 - b->iv : 0; /* data lies where the engine has it */
    for (size_t i = 0; i < S2S_PACKET_BATCH; i++) {
        uint8_t *packet = memory[i] + front;
        memcpy(packet, sealed_copy[i], b->packet);
        ops[i] = (struct s2s_crypto_op){.aad = packet, .aad_length = 8, .iv = packet + 8, .length = b->text};
        ops[i].data = packet + 8 + b->iv;
        ops[i].icv = ops[i].data + b->text;
    }
    double start = now();
    (seal ? b->provider->seal : b->provider->open_ops)(b->context, seal ? b->encrypt : b->decrypt, ops,
                                                       S2S_PACKET_BATCH);
    double time = now() - start;
    return ops[S2S_PACKET_BATCH - 1].result == 0 ? time : -1;
}

static bool keep_best(double *best, double time)
{
    if (*best == 0 || time < *best) {
        *best = time;
    }
    return time > 0;
}

static bool measure(const struct setup *setup, const struct s2s_crypto_provider *provider)
{
    struct bench b;
    double seal = 0, open = 0, bare_seal = 0, bare_open = 0;
    bool well = set_up(&b, setup, provider);
    b.in = well ? add_sa(&b, setup, S2S_ESP_INBOUND) : 0;
    size_t before = allocations;
    for (int i = 0; well && i < ROUNDS; i++) {
        well = keep_best(&seal, round_seal(&b)) && keep_best(&bare_open, round_bare(&b, false)) &&
               keep_best(&open, round_open(&b)) && keep_best(&bare_seal, round_bare(&b, true));
    }
    size_t used = allocations - before;
    double megabits = SIZE * 8.0 * S2S_PACKET_BATCH / 1e6;
    printf("%-8s %-22s seal %.2f of bare (%.0f of %.0f Mbit/s), open %.2f (%.0f of %.0f), allocations %zu%s\n",
           provider->name, setup->name, bare_seal / seal, megabits / seal, megabits / bare_seal, bare_open / open,
           megabits / open, megabits / bare_open, used, well ? "" : ", FAILED");
    tear_down(&b);
    return well && used == 0;
}

int main(void)
{
    static const struct setup setups[] = {
        {"aes128gcm16", S2S_AES128_GCM16, S2S_ALG_NONE},           {"aes256gcm16", S2S_AES256_GCM16, S2S_ALG_NONE},
        {"chacha20poly1305", S2S_CHACHA20_POLY1305, S2S_ALG_NONE}, {"aes128-sha1", S2S_AES128_CBC, S2S_HMAC_SHA1_96},
        {"aes256-sha256", S2S_AES256_CBC, S2S_HMAC_SHA2_256_128},
    };
    const struct s2s_crypto_provider *provider = s2s_crypto_test();
#if S2S_WITH_MBEDTLS
    provider = s2s_crypto_mbedtls();
#endif
    bool well = true;
    for (size_t i = 0; i < S2SI_COUNT(setups); i++) {
        well = measure(&setups[i], provider) && well;
    }
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
