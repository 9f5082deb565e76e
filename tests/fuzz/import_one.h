/* SPDX-License-Identifier: Apache-2.0 */
/* import_one: imports an input. What it makes of it must be JSON that our own reader takes, and what it says must be
 * text. */
#ifndef S2SI_FUZZ_IMPORT_ONE_H
#define S2SI_FUZZ_IMPORT_ONE_H

#include <s2svpn/device_files.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void import_issues(const s2s_import *import)
{
    struct s2s_config_error error = {.struct_size = sizeof error};

    for (size_t i = 0; s2s_import_issue(import, i, &error) == 0; i++) {
        if (!error.path || !error.value || !error.rule || !error.rule[0]) {
            abort();
        }
    }
}

/* Whatever its values are (the check refuses some), the text is a document of known keys: its errors name a value. */
static void import_parses(const char *text)
{
    struct s2s_config_error error = {.struct_size = sizeof error};
    s2s_config *config = NULL;

    (void)s2s_config_parse(text, strlen(text), NULL, &config);
    for (size_t i = 0; s2s_config_error(config, i, &error) == 0; i++) {
        if (strstr(error.rule, "not a key") || strstr(error.rule, "is not JSON")) {
            abort();
        }
    }
    s2s_config_delete(config);
}

static int import_one(int kind, const uint8_t *data, size_t size)
{
    const struct s2s_profile *const profiles[] = {s2s_profile_generic(), s2s_profile_alibaba(), s2s_profile_aws()};
    struct s2s_import_options options;
    struct s2s_import_file file;
    s2s_import *import = NULL;
    char *text;

    if (size < 1) {
        return 0;
    }
    text = malloc(size); /* exactly as long as it is, so that reading on is seen */
    if (!text) {
        return 0;
    }
    memcpy(text, data + 1, size - 1);
    file.text = text;
    file.length = size - 1;
    s2s_import_options_init(&options, sizeof options);
    options.kind = kind;
    options.profile = profiles[data[0] % 3];
    options.remote_address = "203.0.113.9,203.0.113.10";
    options.local_networks = data[0] & 0x80 ? "10.0.0.0/8" : NULL;
    (void)s2s_device_file_import(&file, 1, &options, &import);
    import_issues(import);
    if (s2s_import_text(import)) {
        import_parses(s2s_import_text(import));
    }
    s2s_import_delete(import);
    free(text);
    return 0;
}

#endif
