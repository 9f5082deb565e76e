/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of bgp.import and bgp.export, JSON with a grammar of its own: one rule or a list of them, the first that
 * matches decides, what none matches is refused.
 *
 *   policy  := "permit" | "deny" | rule | [ rule, ... ]
 *   rule    := "10.0.0.0/16"  (permits exactly this prefix)
 *            | { "action": "permit" | "deny", "prefix": p | [ p, ... ], "ge": n, "le": n, "community": "65000:1",
 *                "set": { "med": n, "local_pref": n, "prepend": n, "communities": [ "65000:1", ... ],
 *                         "large_communities": [ "65000:1:2", ... ], "clear_communities": true } }
 *
 * ge and le bound the length of what a prefix of the rule covers; without them it is that prefix alone. The reader
 * takes exactly this and no more: an unknown key is an error, so that a misspelt "le" does not let a table through.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/bgp/bgp_policy.h"
#include "lib/gateway/bgp_glue.h"

enum { PREFIXES = 64, COMMUNITIES = 16, WORD = 64 };

struct reader {
    const char *at;
    char *why;
    size_t size;
    bool failed;
};

struct rule {
    struct s2si_bgp_policy_rule rule;
    struct s2si_bgp_prefix_match prefixes[PREFIXES];
    uint32_t communities[COMMUNITIES], large[COMMUNITIES][3];
    uint64_t ge, le;
    bool has_ge, has_le;
};

static bool fail(struct reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool fail(struct reader *reader, const char *format, ...)
{
    va_list arguments;

    if (!reader->failed) {
        va_start(arguments, format);
        vsnprintf(reader->why, reader->size, format, arguments);
        va_end(arguments);
    }
    reader->failed = true;
    return false;
}

/* ---- JSON, as far as it is needed ---- */

static void skip(struct reader *reader)
{
    reader->at += strspn(reader->at, " \t\r\n");
}

static bool next_is(struct reader *reader, char wanted)
{
    skip(reader);
    return *reader->at == wanted;
}

static bool take(struct reader *reader, char wanted)
{
    if (!next_is(reader, wanted)) {
        return false;
    }
    reader->at++;
    return true;
}

static bool word(struct reader *reader, char out[WORD])
{
    size_t length;

    if (!take(reader, '"')) {
        return fail(reader, "a string is expected at \"%.20s\"", reader->at);
    }
    length = strcspn(reader->at, "\"\\");
    if (reader->at[length] != '"' || length >= WORD) {
        return fail(reader, "\"%.20s\" is no word of a policy", reader->at);
    }
    memcpy(out, reader->at, length);
    out[length] = '\0';
    reader->at += length + 1;
    return true;
}

static bool digits(const char **at, uint64_t most, uint64_t *out)
{
    const char *first = *at;

    for (*out = 0; **at >= '0' && **at <= '9'; (*at)++) {
        *out = *out * 10 + (uint64_t)(**at - '0');
        if (*out > most) {
            return false;
        }
    }
    return *at > first;
}

static bool number(struct reader *reader, const char *key, uint64_t most, uint64_t *out)
{
    skip(reader);
    return digits(&reader->at, most, out) || fail(reader, "\"%s\" is 0 to %llu", key, (unsigned long long)most);
}

static bool truth(struct reader *reader, const char *key, bool *out)
{
    skip(reader);
    *out = strncmp(reader->at, "true", 4) == 0;
    if (!*out && strncmp(reader->at, "false", 5) != 0) {
        return fail(reader, "\"%s\" is true or false", key);
    }
    reader->at += *out ? 4 : 5;
    return true;
}

/* One element, or a list of them. */
static bool each(struct reader *reader, bool (*element)(struct reader *reader, void *user), void *user)
{
    if (!take(reader, '[')) {
        return element(reader, user);
    }
    if (take(reader, ']')) {
        return true;
    }
    do {
        if (!element(reader, user)) {
            return false;
        }
    } while (take(reader, ','));
    return take(reader, ']') || fail(reader, "\"]\" is missing at \"%.20s\"", reader->at);
}

/* Each member of an object. */
static bool members(struct reader *reader, bool (*member)(struct reader *reader, const char *key, struct rule *rule),
                    struct rule *rule)
{
    char key[WORD];

    if (!take(reader, '{')) {
        return fail(reader, "an object is expected at \"%.20s\"", reader->at);
    }
    if (take(reader, '}')) {
        return true;
    }
    do {
        if (!word(reader, key) || !(take(reader, ':') || fail(reader, "\":\" is missing behind \"%s\"", key)) ||
            !member(reader, key, rule)) {
            return false;
        }
    } while (take(reader, ','));
    return take(reader, '}') || fail(reader, "\"}\" is missing at \"%.20s\"", reader->at);
}

/* ---- a rule ---- */

static bool add_prefix(struct reader *reader, struct rule *rule, const char *text)
{
    if (rule->rule.prefix_count == PREFIXES) {
        return fail(reader, "a rule has at most %d prefixes", PREFIXES);
    }
    if (s2s_prefix_parse(text, &rule->prefixes[rule->rule.prefix_count].prefix)) {
        return fail(reader, "\"%s\" is no prefix such as 10.0.0.0/16 without host bits", text);
    }
    rule->rule.prefix_count++;
    return true;
}

static bool prefix_element(struct reader *reader, void *user)
{
    char text[WORD];
    return word(reader, text) && add_prefix(reader, user, text);
}

/* "65000:1" or "65000:1:2": parts numbers of at most most each. */
static bool parts_of(struct reader *reader, unsigned parts, uint64_t most, uint32_t out[3])
{
    char text[WORD];
    const char *at = text;

    if (!word(reader, text)) {
        return false;
    }
    for (unsigned i = 0; i < parts; i++) {
        uint64_t value;
        bool good = digits(&at, most, &value) && *at == (i + 1 < parts ? ':' : '\0');
        if (!good) {
            return fail(reader, "\"%s\" is no community of %u numbers of 0 to %llu", text, parts,
                        (unsigned long long)most);
        }
        out[i] = (uint32_t)value;
        at++;
    }
    return true;
}

static bool community_element(struct reader *reader, void *user)
{
    struct rule *rule = user;
    uint32_t part[3];

    if (rule->rule.community_count == COMMUNITIES) {
        return fail(reader, "a rule sets at most %d communities", COMMUNITIES);
    }
    if (!parts_of(reader, 2, UINT16_MAX, part)) {
        return false;
    }
    rule->communities[rule->rule.community_count++] = part[0] << 16 | part[1];
    return true;
}

static bool large_element(struct reader *reader, void *user)
{
    struct rule *rule = user;

    if (rule->rule.large_community_count == COMMUNITIES) {
        return fail(reader, "a rule sets at most %d large communities", COMMUNITIES);
    }
    return parts_of(reader, 3, UINT32_MAX, rule->large[rule->rule.large_community_count++]);
}

static bool set_member(struct reader *reader, const char *key, struct rule *rule)
{
    uint64_t value = 0;
    bool good = true;

    if (strcmp(key, "med") == 0) {
        good = number(reader, key, UINT32_MAX, &value);
        rule->rule.set_med = true;
        rule->rule.med = (uint32_t)value;
    } else if (strcmp(key, "local_pref") == 0) {
        good = number(reader, key, UINT32_MAX, &value);
        rule->rule.set_local_pref = true;
        rule->rule.local_pref = (uint32_t)value;
    } else if (strcmp(key, "prepend") == 0) {
        good = number(reader, key, 10, &value);
        rule->rule.prepend = (uint8_t)value;
    } else if (strcmp(key, "communities") == 0) {
        good = each(reader, community_element, rule);
    } else if (strcmp(key, "large_communities") == 0) {
        good = each(reader, large_element, rule);
    } else if (strcmp(key, "clear_communities") == 0) {
        good = truth(reader, key, &rule->rule.clear_communities);
    } else {
        good = fail(reader,
                    "\"%s\" cannot be set: med, local_pref, prepend, communities, large_communities, clear_communities",
                    key);
    }
    return good;
}

static bool action_of(struct reader *reader, const char *text, bool *permit)
{
    *permit = strcmp(text, "permit") == 0;
    return *permit || strcmp(text, "deny") == 0 || fail(reader, "\"action\" is permit or deny, not \"%s\"", text);
}

static bool rule_member(struct reader *reader, const char *key, struct rule *rule)
{
    char text[WORD];
    uint32_t part[3];

    if (strcmp(key, "action") == 0) {
        return word(reader, text) && action_of(reader, text, &rule->rule.permit);
    }
    if (strcmp(key, "prefix") == 0 || strcmp(key, "prefixes") == 0) {
        return each(reader, prefix_element, rule);
    }
    if (strcmp(key, "ge") == 0) {
        rule->has_ge = true;
        return number(reader, key, 128, &rule->ge);
    }
    if (strcmp(key, "le") == 0) {
        rule->has_le = true;
        return number(reader, key, 128, &rule->le);
    }
    if (strcmp(key, "community") == 0) {
        bool good = parts_of(reader, 2, UINT16_MAX, part);
        rule->rule.match_community = good ? part[0] << 16 | part[1] : 0;
        return good;
    }
    if (strcmp(key, "set") == 0) {
        return members(reader, set_member, rule);
    }
    return fail(reader, "\"%s\" is no key of a rule: action, prefix, ge, le, community, set", key);
}

static void bound_lengths(struct rule *rule)
{
    for (size_t i = 0; i < rule->rule.prefix_count && (rule->has_ge || rule->has_le); i++) {
        struct s2si_bgp_prefix_match *match = &rule->prefixes[i];
        match->min_length = rule->has_ge ? (uint8_t)rule->ge : match->prefix.length;
        match->max_length = rule->has_le ? (uint8_t)rule->le : (uint8_t)(8 * s2si_addr_length(&match->prefix.addr));
    }
}

struct making {
    struct s2si_mem *mem;
    struct s2si_bgp_policy *policy;
    struct rule rule;
    unsigned number;
    int error;
};

static bool read_rule(struct reader *reader, struct rule *rule)
{
    char text[WORD];

    rule->rule.permit = true;
    if (!next_is(reader, '"')) {
        return members(reader, rule_member, rule);
    }
    if (!word(reader, text)) {
        return false;
    }
    if (strcmp(text, "permit") == 0 || strcmp(text, "deny") == 0) {
        return action_of(reader, text, &rule->rule.permit);
    }
    return add_prefix(reader, rule, text);
}

static bool rule_element(struct reader *reader, void *user)
{
    struct making *making = user;
    struct rule *rule = &making->rule;

    making->number++;
    memset(rule, 0, sizeof(*rule));
    if (!read_rule(reader, rule)) {
        return false;
    }
    bound_lengths(rule);
    rule->rule.prefixes = rule->prefixes;
    rule->rule.communities = rule->communities;
    rule->rule.large_communities = (const uint32_t(*)[3])rule->large;
    making->error = s2si_bgp_policy_add(making->policy, &rule->rule);
    if (making->error == S2S_ERR_INVALID) {
        return fail(reader, "rule %u: ge and le must lie between the prefix's length and the longest, ge not above le",
                    making->number);
    }
    return making->error == 0 || fail(reader, "rule %u: %s", making->number, s2s_strerror(making->error));
}

void s2si_bgp_glue_policy_free(const struct s2si_bgp_policy *policy)
{
    s2si_bgp_policy_release(policy);
}

int s2si_bgp_policy_read(struct s2si_mem *mem, const char *text, const struct s2si_bgp_policy **out, char *why,
                         size_t size)
{
    struct reader reader = { .at = text, .why = why, .size = size };
    struct making *making = s2si_alloc(mem, sizeof(*making));
    int error = making ? s2si_bgp_policy_new(mem, &making->policy) : S2S_ERR_NO_MEMORY;

    if (error == 0 && (!each(&reader, rule_element, making) ||
                       (!next_is(&reader, '\0') && !fail(&reader, "text behind the policy")))) {
        error = making->error == S2S_ERR_NO_MEMORY ? S2S_ERR_NO_MEMORY : S2S_ERR_CONFIG;
        s2si_bgp_policy_release(making->policy);
    } else if (error == 0) {
        *out = making->policy;
    }
    if (making) {
        s2si_free(mem, making, sizeof(*making));
    }
    return error;
}
