/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After two whole gateways are gone, none of their keys is left in this process: heap (what was freed too), stack and data
 * are searched. What we search for is kept under a mask, so that the search does not find itself. And no line of the log
 * of any level holds a key, raw, in hex or in base64.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lib/gateway/objects.h"
#include "lib/ike/v2/state.h"
#include "tests/sim/gateway_pair.h"

enum { KEYS = 200, MASK = 0xa7 };

struct hunt {
    uint8_t masked[KEYS][8]; /* first bytes of each key */
    uint8_t filter[65536];   /* by the first two, masked */
    size_t count;
};

static void seek(struct hunt *hunt, const uint8_t *data, size_t length)
{
    if (length < 8 || hunt->count == KEYS)
        return;
    uint8_t *masked = hunt->masked[hunt->count];
    for (size_t i = 0; i < 8; i++)
        masked[i] = (uint8_t)(data[i] ^ MASK);
    for (size_t i = 0; i < hunt->count; i++) {
        if (memcmp(hunt->masked[i], masked, 8) == 0)
            return;
    }
    hunt->filter[masked[0] << 8 | masked[1]] = 1;
    hunt->count++;
}

static void seek_secret(struct hunt *hunt, const struct s2si_secret *secret)
{
    if (secret->length > 0)
        seek(hunt, secret->data, secret->length);
}

/* No instrumentation: all that is mapped is read, also what the sanitizer keeps for freed. */
__attribute__((no_sanitize("address"))) static size_t search(const struct hunt *hunt, const volatile uint8_t *at,
                                                             size_t length)
{
    size_t found = 0;
    for (size_t i = 0; i + 8 <= length; i++) {
        if (!hunt->filter[(at[i] ^ MASK) << 8 | (at[i + 1] ^ MASK)])
            continue;
        for (size_t n = 0; n < hunt->count; n++) {
            size_t same = 0;
            while (same < 8 && (at[i + same] ^ MASK) == hunt->masked[n][same])
                same++;
            found += same == 8 ? 1u : 0u;
        }
    }
    return found;
}

/* @return how often a key was found in writable memory. */
static size_t search_process(const struct hunt *hunt, size_t *megabytes)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    size_t found = 0, bytes = 0;
    assert_non_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        char mode[8];
        if (sscanf(line, "%lx-%lx %7s", &from, &to, mode) != 3 || strncmp(mode, "rw", 2) != 0 || strstr(line, "[v") != NULL)
            continue;
        if (to - from > (256ul << 20)) /* the sanitizer's shadow */
            continue;
        bytes += to - from;
        found += search(hunt, (const volatile uint8_t *)from, to - from);
    }
    (void)fclose(maps);
    *megabytes = bytes >> 20;
    return found;
}

/* ---- what there is to hide ---- */

static void seek_sa(struct hunt *hunt, const struct s2si_ike_sa *sa)
{
    const struct s2si_ike_keys *keys = &sa->keys;
    const struct s2si_secret *const all[] = {&keys->d,  &keys->ai, &keys->ar, &keys->ei, &keys->er,
                                             &keys->pi, &keys->pr};
    for (size_t i = 0; i < S2SI_COUNT(all); i++)
        seek_secret(hunt, all[i]);
    for (int i = 0; i < 2; i++) {
        const struct s2si_negotiation *talks = i == 0 ? sa->mine.talks : sa->theirs.talks;
        if (talks != NULL)
            seek_secret(hunt, &talks->shared);
    }
}

static void seek_peer(struct hunt *hunt, const struct s2si_ike_peer *peer)
{
    const struct s2si_list *at;
    const struct s2si_ike_child *child = NULL;
    seek_secret(hunt, &peer->psk);
    S2SI_LIST_EACH(at, &peer->sas)
    {
        seek_sa(hunt, S2SI_CONTAINER(at, const struct s2si_ike_sa, peer_node));
    }
    while ((child = s2si_ike_child_next(peer, child)) != NULL) {
        seek_secret(hunt, &child->key_in);
        seek_secret(hunt, &child->key_out);
        seek_secret(hunt, &child->integ_in);
        seek_secret(hunt, &child->integ_out);
    }
}

static struct s2si_ike_peer *peer_of(const struct pair_end *end)
{
    return s2s_connection_tunnel(end->connection, 1)->peer;
}

static void seek_pair(struct hunt *hunt, const struct pair *pair)
{
    seek_peer(hunt, peer_of(&pair->a));
    seek_peer(hunt, peer_of(&pair->b));
}

static struct hunt hunt;
static char psk[33]; /* wiped as soon as the gateways have it */

static void own_psk(unsigned end, struct s2s_gateway_params *gateway, struct s2s_connection_params *connection,
                    struct s2s_tunnel_params *tunnels)
{
    (void)end;
    (void)gateway;
    (void)connection;
    tunnels[0].psk = (const uint8_t *)psk;
    tunnels[0].psk_length = sizeof psk - 1;
}

static void nothing_is_left_in_the_process(void **state)
{
    struct pair_params params;
    struct pair pair;
    size_t megabytes;
    (void)state;
    memset(&hunt, 0, sizeof hunt);
    pair_params_init(&params);
    params.a_starts = true;
    params.tune = own_psk;
    for (size_t i = 0; i + 1 < sizeof psk; i++)
        psk[i] = (char)('!' + (i * 37 + 11) % 90);
    pair_setup(&pair, &params);
    s2si_wipe(psk, sizeof psk);
    assert_true(pair_until_up(&pair, 1, 5000));
    seek_pair(&hunt, &pair);
    for (unsigned round = 0; round < 9; round++) {
        struct pair_end *end = round % 2 == 0 ? &pair.a : &pair.b;
        s2s_time now = s2s_sim_now(pair.sim);
        assert_int_equal(pair_ping(&pair, 5), 5);
        if (round % 3 == 2)
            (void)s2si_ike_rekey_ike(peer_of(end), now);
        else
            (void)s2si_ike_rekey_child(peer_of(end), 0, now);
        s2s_engine_tick(end->engine, now);
        s2s_driver_kick(end->driver);
        for (unsigned step = 0; step < 100; step++) {
            pair_run(&pair, 5);
            seek_pair(&hunt, &pair);
        }
    }
    if (hunt.count < 20)
        fail_msg("only %zu keys were seen", hunt.count);
    size_t before = search_process(&hunt, &megabytes);
    assert_true(before > 0); /* the test can find them: those of the SAs that stand are there */
    pair_teardown(&pair);
    size_t after = search_process(&hunt, &megabytes);
    printf("%zu keys: found %zu times in %zu MB before the gateways went, %zu times after\n", hunt.count, before,
           megabytes, after);
    assert_int_equal(after, 0);
}

static void a_planted_key_is_found(void **state)
{
    size_t megabytes;
    uint8_t *key = malloc(32);
    (void)state;
    assert_non_null(key);
    memset(&hunt, 0, sizeof hunt);
    for (size_t i = 0; i < 32; i++)
        key[i] = (uint8_t)(17 * i + 3 + (uintptr_t)key % 251);
    seek(&hunt, key, 32);
    assert_int_equal(search_process(&hunt, &megabytes) > 0, 1);
    memset(key, 0, 32);
    assert_int_equal(search_process(&hunt, &megabytes), 0);
    uint8_t stack[8];
    for (size_t i = 0; i < 8; i++)
        stack[i] = (uint8_t)(hunt.masked[0][i] ^ MASK);
    assert_int_equal(search_process(&hunt, &megabytes) > 0, 1);
    s2si_wipe(stack, sizeof stack);
    free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_planted_key_is_found),
        cmocka_unit_test(nothing_is_left_in_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
