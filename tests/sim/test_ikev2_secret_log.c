/* SPDX-License-Identifier: Apache-2.0 */
/* No line of the log, at its lowest level, holds a key: raw, in hex, in base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "tests/sim/ike_pair.h"

enum { KEYS = 200, BYTES = 6 }; /* of each key: six are eight characters of base64 */

struct hunt {
    uint8_t keys[KEYS][BYTES];
    size_t count;
    char text[1 << 20];
    size_t used, lines;
};

static void seek(struct hunt *hunt, const struct s2si_secret *secret)
{
    if (secret->length >= BYTES && hunt->count < KEYS)
        memcpy(hunt->keys[hunt->count++], secret->data, BYTES);
}

static void seek_end(struct hunt *hunt, const struct pair_end *end)
{
    const struct s2si_list *at;
    const struct s2si_ike_child *child = NULL;
    seek(hunt, &end->peer->psk);
    S2SI_LIST_EACH(at, &end->ike->sas)
    {
        const struct s2si_ike_sa *sa = S2SI_CONTAINER(at, const struct s2si_ike_sa, node);
        const struct s2si_ike_keys *keys = &sa->keys;
        const struct s2si_secret *const all[] = {&keys->d,  &keys->ai, &keys->ar, &keys->ei, &keys->er,
                                                 &keys->pi, &keys->pr};
        for (size_t i = 0; i < S2SI_COUNT(all); i++)
            seek(hunt, all[i]);
    }
    while ((child = s2si_ike_child_next(end->peer, child)) != NULL) {
        seek(hunt, &child->key_in);
        seek(hunt, &child->key_out);
        seek(hunt, &child->integ_in);
        seek(hunt, &child->integ_out);
    }
}

static void keep(struct hunt *hunt, const char *text)
{
    size_t length = strlen(text);
    if (length > sizeof hunt->text - hunt->used)
        abort();
    memcpy(hunt->text + hunt->used, text, length);
    hunt->used += length;
    hunt->lines++;
}

static void listen(void *user, const struct s2s_log_line *line)
{
    keep(user, line->text);
}

static bool holds(const struct hunt *hunt, const void *needle, size_t length)
{
    for (size_t i = 0; i + length <= hunt->used; i++) {
        if (memcmp(hunt->text + i, needle, length) == 0)
            return true;
    }
    return false;
}

static void base64(const uint8_t bytes[BYTES], char out[9])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < 2; i++) {
        uint32_t word = (uint32_t)bytes[3 * i] << 16 | (uint32_t)bytes[3 * i + 1] << 8 | bytes[3 * i + 2];
        for (size_t n = 0; n < 4; n++)
            out[4 * i + n] = digits[word >> (18 - 6 * n) & 63];
    }
    out[8] = 0;
}

/* @return how many keys stand in the log in some form. */
static size_t search(const struct hunt *hunt)
{
    size_t found = 0;
    for (size_t i = 0; i < hunt->count; i++) {
        char lower[2 * BYTES + 1], upper[2 * BYTES + 1], base[9];
        for (size_t n = 0; n < BYTES; n++) {
            (void)snprintf(lower + 2 * n, 3, "%02x", hunt->keys[i][n]);
            (void)snprintf(upper + 2 * n, 3, "%02X", hunt->keys[i][n]);
        }
        base64(hunt->keys[i], base);
        found += holds(hunt, hunt->keys[i], BYTES) || holds(hunt, lower, 2 * BYTES) || holds(hunt, upper, 2 * BYTES) ||
                         holds(hunt, base, 8)
                     ? 1u
                     : 0u;
    }
    return found;
}

static struct hunt hunt;

/* wrong: the keys differ, which has lines of its own. */
static void story(bool wrong)
{
    struct pair pair;
    ike_pair_init(&pair);
    pair.provider = s2s_crypto_mbedtls();
    if (wrong)
        pair.end[1].config.psk = (const uint8_t *)"another secret, longer";
    assert_int_equal(ike_pair_start(&pair), 0);
    for (int i = 0; i < 2; i++)
        pair.end[i].log = (struct s2si_log){listen, &hunt, S2S_LOG_DEBUG};
    (void)s2si_ike_initiate(pair.end[0].peer, pair.now);
    for (int round = 0; round < 6; round++) {
        ike_pair_wait(&pair, 3 * PAIR_SECOND);
        seek_end(&hunt, &pair.end[0]);
        seek_end(&hunt, &pair.end[1]);
        if (round % 2 == 0)
            (void)s2si_ike_rekey_child(pair.end[round / 2 % 2].peer, 0, pair.now);
        else
            (void)s2si_ike_rekey_ike(pair.end[round / 2 % 2].peer, pair.now);
    }
    (void)s2si_ike_terminate(pair.end[0].peer, true, pair.now);
    ike_pair_wait(&pair, 30 * PAIR_SECOND);
    ike_pair_stop(&pair);
}

static void no_key_in_any_line(void **state)
{
    (void)state;
    memset(&hunt, 0, sizeof hunt);
    story(false);
    story(true);
    printf("%zu keys, %zu lines of log: %zu found\n", hunt.count, hunt.lines, search(&hunt));
    assert_true(hunt.count > 60 && hunt.lines > 20);
    assert_int_equal(search(&hunt), 0);
}

static void a_planted_key_is_found(void **state)
{
    static const char *const forms[] = {"key 0102030a0b0c.", "key 0102030A0B0C", "AQIDCgsM", "x\x01\x02\x03\x0a\x0b\x0cx"};
    static uint8_t bytes[] = {1, 2, 3, 10, 11, 12};
    const struct s2si_secret secret = {bytes, sizeof bytes};
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(forms); i++) {
        memset(&hunt, 0, sizeof hunt);
        seek(&hunt, &secret);
        assert_int_equal(search(&hunt), 0);
        keep(&hunt, forms[i]);
        assert_int_equal(search(&hunt), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_planted_key_is_found),
        cmocka_unit_test(no_key_in_any_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
