/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/common/proposal.h"

#include <string.h>

#include <s2svpn/error.h>

enum { TRANSFORM_TYPES = 6 };

static bool has(const struct s2si_proposal *proposal, size_t type, uint16_t algorithm)
{
    for (size_t i = 0; i < proposal->count[type]; i++) {
        if (proposal->algorithms[type][i] == algorithm) {
            return true;
        }
    }
    return false;
}

/* A type that is not there, or that lists NONE, may be done without. */
static bool allows_none(const struct s2si_proposal *proposal, size_t type)
{
    return proposal->count[type] == 0 || has(proposal, type, S2S_ALG_NONE);
}

static bool is_aead(uint16_t encryption)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info((enum s2s_algorithm)encryption);
    return info != NULL && info->aead;
}

/* The first of ours that is among theirs. */
static bool pick(const struct s2si_proposal *ours, const struct s2si_proposal *theirs, size_t type,
                 enum s2s_algorithm *out)
{
    for (size_t i = 0; i < ours->count[type]; i++) {
        uint16_t algorithm = ours->algorithms[type][i];
        if (algorithm != S2S_ALG_NONE && has(theirs, type, algorithm)) {
            *out = (enum s2s_algorithm)algorithm;
            return true;
        }
    }
    return false;
}

/* A type that may end in "none": KE without PFS. */
static bool pick_or_none(const struct s2si_proposal *ours, const struct s2si_proposal *theirs, size_t type,
                         enum s2s_algorithm *out)
{
    *out = S2S_ALG_NONE;
    return pick(ours, theirs, type, out) || (allows_none(ours, type) && allows_none(theirs, type));
}

/*
 * Which types a protocol has, RFC 7296 section 3.3.3:
 *     IKE    ENCR, PRF, INTEG (none with AEAD), KE
 *     ESP    ENCR, ESN, INTEG (none with AEAD; without AEAD we insist on it), optional KE
 * An IKE proposal without a group is no proposal.
 */
static bool pick_rest(const struct s2si_proposal *ours, const struct s2si_proposal *theirs, bool skip_group,
                      struct s2si_suite *out)
{
    bool ike = ours->protocol == S2SI_PROTOCOL_IKE;
    if (ike ? !pick(ours, theirs, S2SI_TRANSFORM_PRF, &out->prf) : !pick(ours, theirs, S2SI_TRANSFORM_ESN, &out->esn)) {
        return false;
    }
    if (skip_group && !ike) {
        return true;
    }
    return ike ? pick(ours, theirs, S2SI_TRANSFORM_KE, &out->group)
               : pick_or_none(ours, theirs, S2SI_TRANSFORM_KE, &out->group);
}

/* A combination that uses this encryption algorithm of ours. */
static bool pick_with(const struct s2si_proposal *ours, const struct s2si_proposal *theirs, uint16_t encryption,
                      bool skip_group, struct s2si_suite *out)
{
    *out = (struct s2si_suite){.encryption = (enum s2s_algorithm)encryption};
    if (!has(theirs, S2SI_TRANSFORM_ENCR, encryption)) {
        return false;
    }
    /* AEAD only where they can do without an integrity algorithm (RFC 5282 section 8). Our own list may have some left
       for other ciphers. */
    bool integrity = is_aead(encryption) ? allows_none(theirs, S2SI_TRANSFORM_INTEG)
                                         : pick(ours, theirs, S2SI_TRANSFORM_INTEG, &out->integrity);
    return integrity && pick_rest(ours, theirs, skip_group, out);
}

static bool match(const struct s2si_proposal *ours, const struct s2si_proposal *theirs, bool skip_group,
                  struct s2si_suite *out)
{
    if (theirs->unusable || ours->protocol != theirs->protocol) {
        return false;
    }
    for (size_t i = 0; i < ours->count[S2SI_TRANSFORM_ENCR]; i++) {
        if (pick_with(ours, theirs, ours->algorithms[S2SI_TRANSFORM_ENCR][i], skip_group, out)) {
            return true;
        }
    }
    return false;
}

/* One algorithm of each type that they listed (section 2.7): NONE too, where it was said and not just left out. */
static void answer_with(const struct s2si_proposal *theirs, const struct s2si_suite *suite, struct s2si_proposal *out)
{
    const uint16_t values[TRANSFORM_TYPES] = {0,
                                              (uint16_t)suite->encryption,
                                              (uint16_t)suite->prf,
                                              (uint16_t)suite->integrity,
                                              (uint16_t)suite->group,
                                              (uint16_t)suite->esn};
    *out = (struct s2si_proposal){.number = theirs->number, .protocol = theirs->protocol};
    out->spi_length = theirs->spi_length;
    memcpy(out->spi, theirs->spi, sizeof(out->spi));
    for (size_t type = 1; type < TRANSFORM_TYPES; type++) {
        if (values[type] != S2S_ALG_NONE || has(theirs, type, S2S_ALG_NONE)) {
            out->algorithms[type][0] = values[type];
            out->count[type] = 1;
        }
    }
}

int s2si_proposal_select(const struct s2si_proposal_list *ours, const struct s2si_proposal_list *theirs, bool skip_group,
                         struct s2si_proposal *chosen, struct s2si_suite *suite)
{
    for (size_t i = 0; i < ours->count; i++) {
        for (size_t j = 0; j < theirs->count; j++) {
            if (match(&ours->items[i], &theirs->items[j], skip_group, suite)) {
                answer_with(&theirs->items[j], suite, chosen);
                return 0;
            }
        }
    }
    return S2S_ERR_NOT_FOUND;
}

/* Exactly one algorithm a type, and none of a type that the outcome does not have. */
static bool is_single(const struct s2si_proposal *answer, const struct s2si_suite *suite)
{
    const enum s2s_algorithm values[TRANSFORM_TYPES] = {S2S_ALG_NONE, suite->encryption, suite->prf,
                                                        suite->integrity, suite->group, suite->esn};
    for (size_t type = 1; type < TRANSFORM_TYPES; type++) {
        if (answer->count[type] > 1 || (answer->count[type] == 1 && answer->algorithms[type][0] != values[type])) {
            return false;
        }
    }
    return true;
}

int s2si_proposal_accept(const struct s2si_proposal_list *ours, const struct s2si_proposal_list *answer, bool skip_group,
                         struct s2si_suite *suite)
{
    if (answer->count != 1) {
        return S2S_ERR_INVALID;
    }
    for (size_t i = 0; i < ours->count; i++) {
        if (match(&ours->items[i], &answer->items[0], skip_group, suite) && is_single(&answer->items[0], suite)) {
            return 0;
        }
    }
    return S2S_ERR_INVALID;
}

static void truncate_list(struct s2si_proposal *proposal, size_t type, uint8_t count)
{
    for (size_t i = count; i < S2SI_PROPOSAL_ALGORITHMS; i++) {
        proposal->algorithms[type][i] = S2S_ALG_NONE;
    }
    proposal->count[type] = count;
}

static void keep_ciphers(struct s2si_proposal *proposal, bool aead)
{
    uint8_t left = 0;
    uint16_t *list = proposal->algorithms[S2SI_TRANSFORM_ENCR];
    for (size_t i = 0; i < proposal->count[S2SI_TRANSFORM_ENCR]; i++) {
        if (is_aead(list[i]) == aead) {
            list[left++] = list[i];
        }
    }
    truncate_list(proposal, S2SI_TRANSFORM_ENCR, left);
    if (aead) {
        truncate_list(proposal, S2SI_TRANSFORM_INTEG, 0);
    }
}

static int append(struct s2si_proposal_list *list, const struct s2si_proposal *proposal, bool aead)
{
    if (list->count == S2SI_PROPOSALS) {
        return S2S_ERR_LIMIT;
    }
    struct s2si_proposal *item = &list->items[list->count];
    *item = *proposal;
    keep_ciphers(item, aead);
    if (item->count[S2SI_TRANSFORM_ENCR] != 0) {
        item->number = ++list->count;
    }
    return 0;
}

int s2si_proposal_list_add(struct s2si_proposal_list *list, const struct s2si_proposal *proposal)
{
    if (proposal->count[S2SI_TRANSFORM_ENCR] == 0) {
        return S2S_ERR_INVALID;
    }
    bool aead_first = is_aead(proposal->algorithms[S2SI_TRANSFORM_ENCR][0]);
    bool mixed = false;
    for (size_t i = 1; i < proposal->count[S2SI_TRANSFORM_ENCR]; i++) {
        mixed = mixed || is_aead(proposal->algorithms[S2SI_TRANSFORM_ENCR][i]) != aead_first;
    }
    if (list->count + (mixed ? 2 : 1) > S2SI_PROPOSALS) {
        return S2S_ERR_LIMIT;
    }
    int result = append(list, proposal, aead_first);
    return result == 0 && mixed ? append(list, proposal, !aead_first) : result;
}

void s2si_proposal_list_set_spi(struct s2si_proposal_list *list, const uint8_t *spi, uint8_t length)
{
    for (size_t i = 0; i < list->count; i++) {
        struct s2si_proposal *item = &list->items[i];
        if (length <= sizeof(item->spi)) {
            memset(item->spi, 0, sizeof(item->spi));
            item->spi_length = length;
            for (size_t j = 0; j < length; j++) {
                item->spi[j] = spi[j];
            }
        }
    }
}

void s2si_proposal_list_drop_groups(struct s2si_proposal_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        truncate_list(&list->items[i], S2SI_TRANSFORM_KE, 0);
    }
}

/* Text that is cut off rather than run over; NUL always there when size is not 0. */
static size_t put(char *out, size_t size, size_t at, const char *text)
{
    while (*text != '\0' && at + 1 < size) {
        out[at++] = *text++;
    }
    return at;
}

static const char *algorithm_text(size_t type, uint16_t algorithm)
{
    if (algorithm != S2S_ALG_NONE) {
        return s2s_algorithm_name((enum s2s_algorithm)algorithm);
    }
    return type == S2SI_TRANSFORM_KE ? "no-pfs" : "none";
}

char *s2si_proposal_format(const struct s2si_proposal *proposal, char *out, size_t size)
{
    static const char *const protocols[] = {"none", "IKE", "AH", "ESP"};
    if (size == 0) {
        return out;
    }
    size_t at = put(out, size, 0, proposal->protocol < S2SI_COUNT(protocols) ? protocols[proposal->protocol] : "unknown");
    at = put(out, size, at, ":");
    bool first_type = true;
    for (size_t type = 1; type < TRANSFORM_TYPES; type++) {
        for (size_t i = 0; i < proposal->count[type]; i++) {
            at = put(out, size, at, i > 0 ? "," : first_type ? "" : "/");
            at = put(out, size, at, algorithm_text(type, proposal->algorithms[type][i]));
            first_type = false;
        }
    }
    at = put(out, size, at, proposal->unusable ? " (unusable)" : "");
    out[at] = '\0';
    return out;
}

size_t s2si_proposal_list_size(const struct s2si_proposal_list *list)
{
    return offsetof(struct s2si_proposal_list, items) + list->count * sizeof list->items[0];
}

void s2si_proposal_list_copy(struct s2si_proposal_list *to, const struct s2si_proposal_list *from)
{
    memset(to, 0, sizeof *to);
    memcpy(to, from, s2si_proposal_list_size(from));
}
