/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mismatch: why a negotiation came to nothing, as two values beside each other. What the peer proposed is compared type
 * by type with what we would take (RFC 7296 section 2.7); of all pairs of proposals the closest one tells the most.
 */
#include <stdio.h>
#include <string.h>

#include "lib/ike/v2/state.h"

#define TYPES 6 /* enum s2si_ike_transform_type + 1 */
#define BIT(type) (1u << (type))

static bool holds(const struct s2si_proposal *proposal, size_t type, uint16_t algorithm)
{
    for (size_t i = 0; i < proposal->count[type]; i++) {
        if (proposal->algorithms[type][i] == algorithm)
            return true;
    }
    return false;
}

static bool without(const struct s2si_proposal *proposal, size_t type)
{
    return proposal->count[type] == 0 || holds(proposal, type, S2S_ALG_NONE);
}

static bool common(const struct s2si_proposal *ours, const struct s2si_proposal *theirs, size_t type)
{
    for (size_t i = 0; i < ours->count[type]; i++) {
        if (ours->algorithms[type][i] != S2S_ALG_NONE && holds(theirs, type, ours->algorithms[type][i]))
            return true;
    }
    return without(ours, type) && without(theirs, type);
}

/* The types in which the two have nothing in common, as bits. The first CHILD_SA has no KE (section 1.2). */
static unsigned differing(const struct s2si_proposal *ours, const struct s2si_proposal *theirs, bool skip_group)
{
    unsigned bits = 0;
    for (size_t type = S2SI_TRANSFORM_ENCR; type < TYPES; type++) {
        if (!(type == S2SI_TRANSFORM_KE && skip_group) && !common(ours, theirs, type))
            bits |= BIT(type);
    }
    return bits;
}

static unsigned weight(unsigned bits)
{
    unsigned count = 0;
    for (; bits != 0; bits &= bits - 1)
        count++;
    return count;
}

static unsigned closest(const struct s2si_proposal_list *ours, const struct s2si_proposal_list *theirs, bool skip_group)
{
    unsigned best = BIT(S2SI_TRANSFORM_ENCR) | BIT(S2SI_TRANSFORM_INTEG) | BIT(S2SI_TRANSFORM_KE);
    bool any = false;
    for (size_t i = 0; i < ours->count; i++) {
        for (size_t j = 0; j < theirs->count; j++) {
            unsigned bits = differing(&ours->items[i], &theirs->items[j], skip_group);
            if (bits != 0 && (!any || weight(bits) < weight(best)))
                best = bits;
            any = any || bits != 0;
        }
    }
    return best;
}

/* ---- in words ---- */

static void append(char out[S2SI_MISMATCH_TEXT], const char *separator, const char *text)
{
    size_t used = strlen(out);
    (void)snprintf(out + used, S2SI_MISMATCH_TEXT - used, "%s%s", used ? separator : "", text);
}

static void append_type(const struct s2si_proposal_list *list, size_t type, char out[S2SI_MISMATCH_TEXT])
{
    char words[S2SI_MISMATCH_TEXT] = "";
    struct s2si_proposal seen = {.count = {0}};
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; j < list->items[i].count[type]; j++) {
            uint16_t algorithm = list->items[i].algorithms[type][j];
            if (holds(&seen, type, algorithm) || seen.count[type] == S2SI_PROPOSAL_ALGORITHMS)
                continue;
            seen.algorithms[type][seen.count[type]++] = algorithm;
            append(words, ", ", algorithm == S2S_ALG_NONE ? "none" : s2s_algorithm_name((enum s2s_algorithm)algorithm));
        }
    }
    append(out, " / ", words[0] ? words : "none");
}

static uint8_t kind_of(unsigned bits)
{
    if ((bits & ~(BIT(S2SI_TRANSFORM_PRF) | BIT(S2SI_TRANSFORM_INTEG))) == 0)
        return S2SI_DIFFERS_INTEGRITY;
    return bits == BIT(S2SI_TRANSFORM_ENCR) ? S2SI_DIFFERS_ENCRYPTION
           : bits == BIT(S2SI_TRANSFORM_KE) ? S2SI_DIFFERS_GROUP
                                            : S2SI_DIFFERS_SEVERAL;
}

void s2si_mismatch_proposals(const struct s2si_proposal_list *ours, const struct s2si_proposal_list *theirs,
                             bool skip_group, struct s2si_ike_mismatch *out)
{
    unsigned bits = closest(ours, theirs, skip_group);
    memset(out, 0, sizeof *out);
    out->what = kind_of(bits);
    for (size_t type = S2SI_TRANSFORM_ENCR; type < TYPES; type++) {
        if ((bits & BIT(type)) == 0)
            continue;
        append_type(ours, type, out->local);
        append_type(theirs, type, out->remote);
    }
}

void s2si_mismatch_offered(const struct s2si_proposal_list *ours, bool skip_group, struct s2si_ike_mismatch *out)
{
    char text[S2SI_MISMATCH_TEXT];
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < ours->count; i++) {
        struct s2si_proposal item = ours->items[i];
        if (skip_group)
            item.count[S2SI_TRANSFORM_KE] = 0;
        append(out->local, "; ", s2si_proposal_format(&item, text, sizeof text));
    }
    append(out->remote, "", "not told");
}

/* "10.1.0.0/24, 10.2.0.0/24 <=> 10.9.0.0/16": near is on our side. */
static void selector_pair(const struct s2s_selector *near, size_t near_count, const struct s2s_selector *far,
                          size_t far_count, char out[S2SI_MISMATCH_TEXT])
{
    char text[S2S_SELECTOR_TEXT];
    for (size_t i = 0; i < near_count; i++)
        append(out, ", ", s2s_selector_format(&near[i], text));
    for (size_t i = 0; i < far_count; i++)
        append(out, i == 0 ? " <=> " : ", ", s2s_selector_format(&far[i], text));
}

/* Both columns from our seat: our networks first, then the peer's. */
void s2si_mismatch_selectors(const struct s2si_ike_peer_config *config, const struct s2si_message *message,
                             struct s2si_ike_mismatch *out)
{
    struct s2si_ts_list tsi, tsr;
    memset(out, 0, sizeof *out);
    out->what = S2SI_DIFFERS_SELECTORS;
    selector_pair(config->local_ts, config->local_ts_count, config->remote_ts, config->remote_ts_count, out->local);
    if (message == NULL) {
        append(out->remote, "", "not told");
    } else if (s2si_ts_decode(s2si_message_find(message, S2SI_PAYLOAD_TSI, 0), &tsi) == 0 &&
               s2si_ts_decode(s2si_message_find(message, S2SI_PAYLOAD_TSR, 0), &tsr) == 0) {
        selector_pair(tsr.items, tsr.count, tsi.items, tsi.count, out->remote);
    }
}

void s2si_mismatch_values(uint8_t what, const char *local, const char *remote, struct s2si_ike_mismatch *out)
{
    memset(out, 0, sizeof *out);
    out->what = what;
    append(out->local, "", local);
    append(out->remote, "", remote);
}

/* What the two ends' CHILD_SA proposals or selectors differ in, from the request that was refused with this notify. */
void s2si_mismatch_child(const struct s2si_ike_peer_config *config, const struct s2si_message *message, uint16_t notify,
                         bool first, struct s2si_ike_mismatch *out)
{
    struct s2si_proposal_list theirs;
    memset(out, 0, sizeof *out);
    if (notify == S2SI_N_TS_UNACCEPTABLE)
        s2si_mismatch_selectors(config, message, out);
    else if (notify == S2SI_N_NO_PROPOSAL_CHOSEN && message == NULL)
        s2si_mismatch_offered(config->esp, first, out);
    else if (notify == S2SI_N_NO_PROPOSAL_CHOSEN &&
             s2si_sa_decode(s2si_message_find(message, S2SI_PAYLOAD_SA, 0), &theirs) == 0)
        s2si_mismatch_proposals(config->esp, &theirs, first, out);
    out->stage = S2SI_STAGE_CHILD;
}
