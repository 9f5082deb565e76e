/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/esp/replay.h"

#include <s2svpn/error.h>

#include <string.h>

enum { BITS = 64 };

static uint64_t *word_of(const struct s2si_replay *replay, uint64_t sequence)
{
    return &replay->words[(sequence / BITS) & (replay->count - 1)];
}

static uint64_t bit_of(uint64_t sequence)
{
    return (uint64_t)1 << (sequence % BITS);
}

int s2si_replay_init(struct s2si_replay *replay, struct s2si_mem *mem, uint32_t window, bool esn, uint64_t top)
{
    uint32_t count = 2;
    while (count < (window + BITS - 1) / BITS + 1) {
        count *= 2;
    }
    uint64_t *words = s2si_alloc_array(mem, count, sizeof *words);
    if (words == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    *replay = (struct s2si_replay){.words = words, .count = count, .window = window, .esn = esn, .top = top};
    memset(words, 0xff, count * sizeof *words);
    *word_of(replay, top) = bit_of(top) | (bit_of(top) - 1);
    return 0;
}

void s2si_replay_free(struct s2si_replay *replay, struct s2si_mem *mem)
{
    s2si_free(mem, replay->words, replay->count * sizeof *replay->words);
    *replay = (struct s2si_replay){0};
}

/*
 * RFC 4303 appendix A2.1. bottom is the low half of the window's left edge.
 *
 *   case A, the window lies in one subspace:       case B, it spans two:
 *     --------[bottom.....top]--------               ..top]--------------[bottom..
 *     below bottom: the next subspace                at or above bottom: the subspace before
 */
bool s2si_replay_infer(const struct s2si_replay *replay, uint32_t low, uint64_t *sequence)
{
    if (!replay->esn) {
        *sequence = low;
        return low != 0;
    }
    uint32_t top = (uint32_t)replay->top, high = (uint32_t)(replay->top >> 32);
    uint32_t bottom = top - (replay->window - 1);
    bool one_subspace = top >= replay->window - 1;
    if (one_subspace && low < bottom) {
        if (high == UINT32_MAX) {
            return false;
        }
        high++;
    } else if (!one_subspace && low >= bottom) {
        if (high == 0) {
            return false;
        }
        high--;
    }
    *sequence = (uint64_t)high << 32 | low;
    return *sequence != 0;
}

bool s2si_replay_fresh(const struct s2si_replay *replay, uint64_t sequence)
{
    if (sequence > replay->top) {
        return true;
    }
    return replay->top - sequence < replay->window && (*word_of(replay, sequence) & bit_of(sequence)) == 0;
}

void s2si_replay_mark(struct s2si_replay *replay, uint64_t sequence)
{
    if (sequence > replay->top) {
        uint64_t steps = sequence / BITS - replay->top / BITS;
        for (uint64_t i = 1; i <= (steps < replay->count ? steps : replay->count); i++) {
            *word_of(replay, (replay->top / BITS + i) * BITS) = 0;
        }
        replay->top = sequence;
    }
    *word_of(replay, sequence) |= bit_of(sequence);
}
