/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cloud: what Alibaba Cloud, AWS and "generic" mean, as data. Each cloud has three tables and one struct that joins
 * them:
 *
 *   <cloud>_fields.c   a row per field: allowed values, both sets of defaults, the default of a device that faces the
 *                      cloud, the console's labels, the API's name, and the rule in words that a refusal prints
 *   <cloud>_rules.c    rules across fields: small checks named in a table
 *   <cloud>_words.c    words for algorithms and states, and the s2s_profile that joins all of it
 *
 * lib/gateway walks these tables (profile.h); there is no behaviour here but the checks. Sources of the values: the
 * clouds' API references and user guides as of 2026; where they disagree the newest holds (README.md of this folder).
 */
#ifndef S2SI_CLOUD_H
#define S2SI_CLOUD_H

#include "lib/gateway/diagnosis.h"
#include "lib/gateway/profile.h"

/* ---- a row, written short: everything that is not named is "nothing" ---- */
#define S2SI_ALG_LIST(name, ...)                                                                                       \
    static const struct s2s_algorithm_list name = {sizeof((uint16_t[]){__VA_ARGS__}) / sizeof(uint16_t), {__VA_ARGS__}}

/* Sizes of the tables: a table of another size does not compile. */
enum {
    S2SI_ALIBABA_FIELDS = 73, S2SI_ALIBABA_RULES = 24, S2SI_ALIBABA_DIAGNOSIS = 25,
    S2SI_AWS_FIELDS = 69, S2SI_AWS_RULES = 21,
    S2SI_GENERIC_FIELDS = 48, S2SI_GENERIC_RULES = 12
};
extern const struct s2si_profile_field s2si_alibaba_fields[S2SI_ALIBABA_FIELDS], s2si_aws_fields[S2SI_AWS_FIELDS],
    s2si_generic_fields[S2SI_GENERIC_FIELDS];
extern const struct s2si_profile_rule s2si_alibaba_rules[S2SI_ALIBABA_RULES], s2si_aws_rules[S2SI_AWS_RULES],
    s2si_generic_rules[S2SI_GENERIC_RULES];
extern const struct s2si_diagnosis_row s2si_alibaba_diagnosis[S2SI_ALIBABA_DIAGNOSIS];

#endif
