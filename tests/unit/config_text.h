/* SPDX-License-Identifier: Apache-2.0 */
/* config_text: good configurations of the three seats, and one-value edits of them, for tests of refusals. */
#ifndef S2SI_TEST_CONFIG_TEXT_H
#define S2SI_TEST_CONFIG_TEXT_H

#include <s2svpn/config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum config_base { CONFIG_ALIBABA, CONFIG_AWS, CONFIG_GENERIC, CONFIG_DEVICE /* generic toward AWS, third seat */ };

/* The text of a base. */
const char *config_text(enum config_base base);

/* "connections[0].tunnels[1].psk" = "\"x\""; value NULL removes the key. */
struct config_edit {
    const char *path, *value;
};
enum { CONFIG_EDITS = 6 };

/* The text of a base with edits (up to the first without path); free with free(). */
char *config_edited(enum config_base base, const struct config_edit *edits);

/* Parses and checks a text with the deterministic provider. @return 0 or S2S_ERR_CONFIG; the configuration in *config.
 */
int config_checked(const char *text, s2s_config **config);

/* A case: an edited base is refused at path, with value (NULL = not compared) and with rule inside the rule's text. */
struct config_case {
    enum config_base base;
    struct config_edit edits[CONFIG_EDITS];
    const char *path, *value, *rule;
};
/* Runs the case. @return whether it held; a message tells when it did not. */
bool config_case_run(const struct config_case *one);
/* Runs all of them, then fails the test if one did not hold. */
void config_cases_run(const struct config_case *cases, size_t count);
/* Whether an error (warning) with this path and with rule inside its text is listed. */
bool config_lists(const s2s_config *config, bool warning, const char *path, const char *value, const char *rule);
void config_print_errors(const s2s_config *config);

#endif
