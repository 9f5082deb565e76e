/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <s2svpn/crypto.h>
#include <s2svpn/files.h>
#include <stdio.h>
#include <string.h>

int check_load(const char *path, s2s_config **config)
{
    struct s2s_config_options options;
    int error;

    s2s_config_options_init(&options, sizeof options);
    options.read_file = s2s_file_read;
    options.free_file = s2s_file_free;
    error = s2s_config_load(path, &options, config);
    if (*config && (error == 0 || error == S2S_ERR_CONFIG)) {
        error = s2s_config_check(*config, s2s_crypto_mbedtls());
    }
    return error;
}

/* "connections[0].tunnels[1].psk: value: rule [code]", whatever of the three there is. A value of the file moves no cursor and
 * makes no second line. */
static void describe(const struct s2s_config_error *error, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s%s%s%s%s%s", error->path, error->path[0] ? ": " : "", error->value,
             error->value[0] ? ": " : "", error->rule, error->code[0] ? " [" : "", error->code,
             error->code[0] ? "]" : "");
    for (; *out; out++) {
        if ((unsigned char)*out < 0x20 || *out == 0x7f) {
            *out = ' ';
        }
    }
}

/* {"errors": [..], "warnings": [..]} and {"effective": [..]} (NULL = none) as one object, to standard output. */
static void print_json(const s2s_config *config, const char *effective)
{
    char *found = NULL;

    if (s2s_config_errors_json(config, &found) == 0) {
        printf("%.*s%s%s\n", (int)strlen(found) - (effective ? 1 : 0), found, effective ? "," : "",
               effective ? effective + 1 : "");
    }
    s2s_json_free(found);
}

static void print_lines(const s2s_config *config)
{
    struct s2s_config_error error = {.struct_size = sizeof error};
    char line[1024];

    for (size_t i = 0; s2s_config_error(config, i, &error) == 0; i++) {
        describe(&error, line, sizeof line);
        printf("%s: %s\n", error.warning ? "warning" : "error", line);
    }
}

void check_log(const struct log *log, const char *path, const s2s_config *config, enum s2s_log_level warnings)
{
    struct s2s_config_error error = {.struct_size = sizeof error};
    char line[1024];

    for (size_t i = 0; s2s_config_error(config, i, &error) == 0; i++) {
        describe(&error, line, sizeof line);
        log_say(log, error.warning ? warnings : S2S_LOG_ERROR, "%s: %s", path, line);
    }
}

int check_run(const char *path, bool json)
{
    s2s_config *config = NULL;
    struct s2s_config_error entry = {.struct_size = sizeof entry};
    size_t errors = 0, warnings = 0;
    char *effective = NULL;
    int error = check_load(path, &config);

    if (error == 0) {
        error = s2s_config_effective(config, s2s_crypto_mbedtls(), json, &effective);
    }
    if (config && json) {
        print_json(config, effective);
    } else if (config) {
        printf("%s%s", effective ? effective : "", effective ? "\n" : "");
        print_lines(config);
    }
    for (size_t i = 0; config && s2s_config_error(config, i, &entry) == 0; i++) {
        errors += !entry.warning;
        warnings += entry.warning;
    }
    if (error && errors == 0) {
        fprintf(stderr, "s2s-gateway: %s: %s\n", path, s2s_strerror(error));
    }
    if (!json) {
        printf("%s: %zu error%s, %zu warning%s\n", path, errors, errors == 1 ? "" : "s", warnings,
               warnings == 1 ? "" : "s");
    }
    s2s_json_free(effective);
    s2s_config_delete(config);
    return error ? 2 : 0;
}
