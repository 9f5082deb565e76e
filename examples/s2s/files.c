/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include <s2svpn/config.h>
#include <s2svpn/crypto.h>
#include <s2svpn/device_files.h>
#include <s2svpn/files.h>

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FAILED = 1, REFUSED = 2, MISUSE = 64, MOST_FILES = 16, MOST_SIZE = 1 << 20 };

static const char import_usage[] =
    "usage: s2s import [OPTIONS] FILE... > gateway.json\n"
    "\n"
    "Reads what a cloud hands out and writes the configuration of a gateway. FILE is one of: AWS's device file (vendor\n"
    "Generic), its XML, the answer of `aws ec2 describe-vpn-connections`; Alibaba's CreateVpnConnection request, the\n"
    "answers of DescribeVpnConnection(s) and DownloadVpnConnectionConfig. - is standard input. What is left out is told\n"
    "on standard error, with the reason.\n"
    "\n"
    "  --profile P                 what the gateway becomes: generic (a router, the default), alibaba or aws\n"
    "  --connection ID             only this one of several, by id or name\n"
    "  --name NAME                 of the gateway\n"
    "  --local-address A[,B]       ours, and the far end's, where the file does not tell\n"
    "  --remote-address A[,B]\n"
    "  --local-networks P[,P...]   what lies behind us, and behind the far end, where the file does not tell\n"
    "  --remote-networks P[,P...]\n"
    "  --asn N                     of the customer gateway, where the file does not tell\n"
    "  --kind KIND                 generic, aws-xml, aws-cli, alibaba, alibaba-api; seen from the text unless given\n"
    "  --out FILE                  instead of standard output\n"
    "  --quiet                     nothing about what was left out\n"
    "\n"
    "The configuration holds the keys: FILE, and a file that standard output was sent to, are made readable by their owner\n"
    "alone.\n";

static const char export_usage[] =
    "usage: s2s export --config FILE CONNECTION [KIND [SAMPLE]]\n"
    "\n"
    "Writes the file for a connection's far end, keys included, from a gateway's configuration; the gateway need not run\n"
    "(device-config asks a running one). KIND: generic (AWS's text, the default), aws-xml, alibaba, swanctl. SAMPLE:\n"
    "recommended (the default) or compatibility.\n";

static int misuse(const char *usage, const char *what)
{
    fprintf(stderr, "s2s: %s\n%s", what, usage);
    return MISUSE;
}

/* ---- texts ---- */

struct text {
    char *data;
    size_t length;
};

static void wipe(struct text *text)
{
    volatile char *at = text->data;

    for (size_t i = 0; at && i < text->length; i++) {
        at[i] = 0;
    }
    free(text->data);
    *text = (struct text){NULL, 0};
}

/* Standard input, a byte more than is taken, so that too much is refused by name. */
static int read_input(struct text *text)
{
    text->data = malloc(MOST_SIZE + 2);
    if (!text->data) {
        fprintf(stderr, "s2s: out of memory\n");
        return FAILED;
    }
    text->length = fread(text->data, 1, MOST_SIZE + 1, stdin);
    text->data[text->length] = '\0';
    if (ferror(stdin)) {
        fprintf(stderr, "s2s: standard input: %s\n", strerror(errno));
        return FAILED;
    }
    return 0;
}

static int read_text(const char *path, struct text *text)
{
    char detail[S2S_FILE_DETAIL] = "";
    uint8_t *data;
    int error;

    if (strcmp(path, "-") == 0) {
        return read_input(text);
    }
    error = s2s_file_read(path, 0, MOST_SIZE, NULL, &data, &text->length, NULL, detail);
    if (error) {
        fprintf(stderr, "s2s: %s\n", detail[0] ? detail : s2s_strerror(error));
        return FAILED;
    }
    text->data = (char *)data; /* malloc's, as s2s_file_free with no allocator frees it */
    return 0;
}

/* A redirection made a file with the shell's mode; it is going to hold keys. */
static void close_to_others(FILE *file, const char *name)
{
    struct stat state;

    if (fstat(fileno(file), &state) == 0 && S_ISREG(state.st_mode) && (state.st_mode & 077) != 0 &&
        fchmod(fileno(file), state.st_mode & 0700) == 0) {
        fprintf(stderr, "%s: is readable by its owner alone now, because it holds keys\n", name);
    }
}

static int write_text(const char *path, const char *text)
{
    FILE *file = stdout;
    bool good;

    if (path) {
        mode_t before = umask(077);
        file = fopen(path, "w");
        umask(before);
    }
    if (!file) {
        fprintf(stderr, "s2s: %s: %s\n", path, strerror(errno));
        return FAILED;
    }
    close_to_others(file, path ? path : "standard output");
    good = fputs(text, file) >= 0 && fputc('\n', file) != EOF && fflush(file) == 0;
    if (!good) {
        fprintf(stderr, "s2s: %s: %s\n", path ? path : "standard output", strerror(errno));
    }
    if (path) {
        fclose(file);
    }
    return good ? 0 : FAILED;
}

/* ---- import ---- */

struct import_words {
    struct s2s_import_options options;
    const char *out;
    bool quiet;
};

static int set_profile(struct s2s_import_options *options, const char *name)
{
    const struct s2s_profile *const profiles[] = {s2s_profile_generic(), s2s_profile_alibaba(), s2s_profile_aws()};

    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        if (strcmp(s2s_profile_name(profiles[i]), name) == 0) {
            options->profile = profiles[i];
            return 0;
        }
    }
    return misuse(import_usage, "--profile is generic, alibaba or aws");
}

static int set_kind(struct s2s_import_options *options, const char *name)
{
    options->kind = (int)s2s_device_file_find(name);
    return options->kind == S2S_DEVICE_FILE_ANY ? misuse(import_usage, "this --kind is not known") : 0;
}

static int set_asn(struct s2s_import_options *options, const char *text)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 10);

    options->customer_asn = (uint32_t)number;
    return *end || number == 0 || number > UINT32_MAX ? misuse(import_usage, "--asn is 1 to 4294967295") : 0;
}

static int take_option(int letter, struct import_words *words)
{
    struct s2s_import_options *options = &words->options;

    switch (letter) {
    case 'p': return set_profile(options, optarg);
    case 'k': return set_kind(options, optarg);
    case 'a': return set_asn(options, optarg);
    case 'c': options->connection = optarg; return 0;
    case 'n': options->name = optarg; return 0;
    case 'l': options->local_address = optarg; return 0;
    case 'r': options->remote_address = optarg; return 0;
    case 'L': options->local_networks = optarg; return 0;
    case 'R': options->remote_networks = optarg; return 0;
    case 'o': words->out = optarg; return 0;
    case 'q': words->quiet = true; return 0;
    case 'h': fputs(import_usage, stdout); return -1;
    default: return misuse(import_usage, "see the usage");
    }
}

static int read_import_words(int count, char **words, struct import_words *out)
{
    static const struct option names[] = {{"profile", required_argument, NULL, 'p'},
                                          {"kind", required_argument, NULL, 'k'},
                                          {"asn", required_argument, NULL, 'a'},
                                          {"connection", required_argument, NULL, 'c'},
                                          {"name", required_argument, NULL, 'n'},
                                          {"local-address", required_argument, NULL, 'l'},
                                          {"remote-address", required_argument, NULL, 'r'},
                                          {"local-networks", required_argument, NULL, 'L'},
                                          {"remote-networks", required_argument, NULL, 'R'},
                                          {"out", required_argument, NULL, 'o'},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int letter, result = 0;

    s2s_import_options_init(&out->options, sizeof out->options);
    optind = 1;
    while (result == 0 && (letter = getopt_long(count, words, "", names, NULL)) != -1) {
        result = take_option(letter, out);
    }
    if (result == 0 && (optind >= count || count - optind > MOST_FILES)) {
        result = misuse(import_usage, optind >= count ? "which file?" : "too many files");
    }
    return result;
}

/* Values come from a file: nothing in them moves the cursor. */
static void print_issue(const struct s2s_config_error *issue)
{
    char line[1024];

    snprintf(line, sizeof line, "%s: %s%s%s%s%s", issue->warning ? "warning" : "error", issue->path,
             issue->path[0] ? ": " : "", issue->value, issue->value[0] ? ": " : "", issue->rule);
    for (char *at = line; *at; at++) {
        *at = (unsigned char)*at < 0x20 || *at == 0x7f ? ' ' : *at;
    }
    fprintf(stderr, "%s\n", line);
}

static void print_issues(const s2s_import *import, bool quiet)
{
    struct s2s_config_error issue = {.struct_size = sizeof issue};
    struct s2s_import_counts counts = {.struct_size = sizeof counts};

    for (size_t i = 0; s2s_import_issue(import, i, &issue) == 0; i++) {
        if (!issue.warning || !quiet) {
            print_issue(&issue);
        }
    }
    if (!quiet && s2s_import_text(import) && s2s_import_count(import, &counts) == 0) {
        fprintf(stderr, "%zu of %zu fields carried, %zu left out for the reasons above, %zu not known\n",
                counts.carried, counts.fields, counts.noted, counts.unknown);
    }
}

/* What the gateway's own check says of it; errors alone. @return 0 or REFUSED. */
static int check_text(const char *text)
{
    struct s2s_config_error issue = {.struct_size = sizeof issue};
    s2s_config *config = NULL;
    int error = s2s_config_parse(text, strlen(text), NULL, &config);

    if (error == 0) {
        error = s2s_config_check(config, s2s_crypto_mbedtls());
    }
    for (size_t i = 0; error && config && s2s_config_error(config, i, &issue) == 0; i++) {
        if (!issue.warning) {
            print_issue(&issue);
        }
    }
    s2s_config_delete(config);
    return error ? REFUSED : 0;
}

static int import_files(const struct import_words *words, const struct s2s_import_file *files, size_t count)
{
    s2s_import *import = NULL;
    int error = s2s_device_file_import(files, count, &words->options, &import), result;

    if (import) {
        print_issues(import, words->quiet);
    }
    if (error) {
        fprintf(stderr, "s2s: %s\n", error == S2S_ERR_CONFIG ? "the file is refused" : s2s_strerror(error));
        s2s_import_delete(import);
        return REFUSED;
    }
    result = write_text(words->out, s2s_import_text(import));
    if (result == 0) {
        result = check_text(s2s_import_text(import));
    }
    s2s_import_delete(import);
    return result;
}

int files_import(int count, char **arguments)
{
    struct import_words words = {.quiet = false};
    struct s2s_import_file files[MOST_FILES];
    struct text texts[MOST_FILES] = {{NULL, 0}};
    int result = read_import_words(count, arguments, &words);
    size_t read = 0;

    if (result) {
        return result < 0 ? 0 : result;
    }
    for (; result == 0 && optind + (int)read < count; read++) {
        result = read_text(arguments[optind + (int)read], &texts[read]);
        files[read] = (struct s2s_import_file){texts[read].data, texts[read].length};
    }
    if (result == 0) {
        result = import_files(&words, files, read);
    }
    for (size_t i = 0; i < read; i++) {
        wipe(&texts[i]);
    }
    return result;
}

/* ---- export ---- */

/* The file of a connection by an engine that nobody drives. */
static int export_from(const s2s_engine *engine, char **words, int kind, int sample, char **text)
{
    const s2s_gateway *gateway = s2s_gateway_next(engine, NULL);
    const s2s_connection *connection = s2s_connection_find(gateway, words[0]);
    int error;

    if (!connection) {
        fprintf(stderr, "s2s: the configuration has no connection %s; it has:", words[0]);
        while ((connection = s2s_connection_next(gateway, connection)) != NULL) {
            fprintf(stderr, " %s", s2s_connection_name(connection));
        }
        fputc('\n', stderr);
        return REFUSED;
    }
    error = s2s_device_file_export(connection, kind, sample, text);
    if (error) {
        fprintf(stderr, "s2s: %s: %s\n", words[0], s2s_strerror(error));
    }
    return error ? REFUSED : 0;
}

static int export_once(s2s_config *config, char **words, int kind, int sample, char **text)
{
    struct s2s_engine_params params;
    struct s2s_config_error issue = {.struct_size = sizeof issue};
    s2s_engine *engine = NULL;
    int error;

    s2s_engine_params_init(&params, sizeof params);
    params.provider = s2s_crypto_mbedtls();
    error = s2s_engine_new(&params, &engine);
    if (error == 0) {
        error = s2s_config_apply(engine, config, 0);
    }
    for (size_t i = 0; error && s2s_config_error(config, i, &issue) == 0; i++) {
        if (!issue.warning) {
            print_issue(&issue);
        }
    }
    if (error == 0) {
        error = export_from(engine, words, kind, sample, text);
    }
    s2s_engine_delete(engine);
    return error ? REFUSED : 0;
}

/* Made twice: what differs are keys that no file gives and each start makes anew, which no far end could use. */
static int export_config(s2s_config *config, char **words, int kind, int sample)
{
    char *text = NULL, *again = NULL;
    int result = export_once(config, words, kind, sample, &text);

    if (result == 0) {
        result = export_once(config, words, kind, sample, &again);
    }
    if (result == 0 && strcmp(text, again) != 0) {
        fprintf(stderr, "s2s: the configuration gives no psk for a tunnel of %s: each start makes another. Ask the running "
                        "gateway (device-config), or give the tunnel a psk\n", words[0]);
        result = REFUSED;
    }
    if (result == 0) {
        result = write_text(NULL, text);
    }
    s2s_device_file_free(text);
    s2s_device_file_free(again);
    return result;
}

static int load(const char *path, s2s_config **config)
{
    struct s2s_config_options options;
    struct s2s_config_error issue = {.struct_size = sizeof issue};
    int error;

    s2s_config_options_init(&options, sizeof options);
    options.read_file = s2s_file_read;
    options.free_file = s2s_file_free;
    error = s2s_config_load(path, &options, config);
    for (size_t i = 0; error && *config && s2s_config_error(*config, i, &issue) == 0; i++) {
        print_issue(&issue);
    }
    return error ? REFUSED : 0;
}

int files_export(int count, char **words)
{
    static const struct option names[] = {
        {"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    const char *path = NULL;
    s2s_config *config = NULL;
    int letter, kind, sample = S2S_DEVICE_SAMPLE_RECOMMENDED, result;

    optind = 1;
    while ((letter = getopt_long(count, words, "", names, NULL)) != -1) {
        if (letter == 'h') {
            fputs(export_usage, stdout);
            return 0;
        }
        if (letter != 'c') {
            return misuse(export_usage, "see the usage");
        }
        path = optarg;
    }
    words += optind;
    count -= optind;
    if (!path || count < 1 || count > 3) {
        return misuse(export_usage, path ? "which connection?" : "--config is needed; device-config asks a running gateway");
    }
    kind = (int)s2s_device_file_find(count > 1 ? words[1] : "generic");
    if (count > 2 && strcmp(words[2], "recommended") != 0) {
        sample = S2S_DEVICE_SAMPLE_COMPATIBILITY;
    }
    if (kind == S2S_DEVICE_FILE_ANY || (sample && strcmp(words[2], "compatibility") != 0)) {
        return misuse(export_usage, "this KIND or SAMPLE is not known");
    }
    result = load(path, &config);
    if (result == 0) {
        result = export_config(config, words, kind, sample);
    }
    s2s_config_delete(config);
    return result;
}
