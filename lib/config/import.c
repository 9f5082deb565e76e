/* SPDX-License-Identifier: Apache-2.0 */
/* Import: which kind of file, the readers, and what a caller gets to see. */
#include "lib/config/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SIZE = 1024 * 1024 };

static const struct reader {
    enum s2s_device_file kind;
    const char *cloud;
    int (*read)(struct s2s_import *import, const char *text, size_t length);
} readers[] = {
    {S2S_DEVICE_FILE_GENERIC, "aws", s2si_import_generic},
    {S2S_DEVICE_FILE_AWS_XML, "aws", s2si_import_xml},
    {S2S_DEVICE_FILE_AWS_CLI, "aws", s2si_import_aws},
    {S2S_DEVICE_FILE_ALIBABA_API, "alibaba", s2si_import_alibaba},
    {S2S_DEVICE_FILE_ALIBABA, "alibaba", s2si_import_download},
};

void s2s_import_options_init(struct s2s_import_options *options, size_t struct_size)
{
    struct s2s_import_options full = {.struct_size = struct_size, .max_size = DEFAULT_SIZE};

    if (!options || struct_size < sizeof(size_t)) {
        return;
    }
    memset(options, 0, struct_size);
    memcpy(options, &full, struct_size < sizeof(full) ? struct_size : sizeof(full));
}

/* Where a word ends in a text, or length when it is not there. */
static size_t behind(const char *text, size_t length, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= length; i++) {
        if (memcmp(text + i, word, size) == 0) {
            return i + size;
        }
    }
    return length;
}

static size_t skip_space(const char *text, size_t length, size_t at)
{
    while (at < length && text[at] && strchr(" \t\r\n:", text[at])) {
        at++;
    }
    return at;
}

/* Both clouds have "VpnConnections": AWS a list, Alibaba an object around one. */
static enum s2s_device_file guess_json(const char *text, size_t length)
{
    size_t at = skip_space(text, length, behind(text, length, "\"VpnConnections\""));

    if (at < length && text[at] != '{') {
        return S2S_DEVICE_FILE_AWS_CLI;
    }
    return behind(text, length, "\"VpnConnectionConfig\"") < length ? S2S_DEVICE_FILE_ALIBABA
                                                                    : S2S_DEVICE_FILE_ALIBABA_API;
}

/* What a text starts with, white space and a byte order mark apart. */
static enum s2s_device_file guess(const char *text, size_t length)
{
    size_t at = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    at = skip_space(text, length, at);
    if (at < length && text[at] == '<') {
        return S2S_DEVICE_FILE_AWS_XML;
    }
    if (at < length && (text[at] == '{' || text[at] == '[')) {
        return guess_json(text, length);
    }
    return S2S_DEVICE_FILE_GENERIC;
}

static const struct reader *reader_of(int kind)
{
    for (size_t i = 0; i < S2SI_COUNT(readers); i++) {
        if ((int)readers[i].kind == kind) {
            return &readers[i];
        }
    }
    return NULL;
}

static bool starts_with(const char *text, size_t length, const char *bytes)
{
    return length >= 2 && memcmp(text, bytes, 2) == 0;
}

/* One encoding for every reader. UTF-16 is what a redirection in PowerShell makes; expat would take it by its mark. */
static bool is_utf8(struct s2s_import *import, const char *text, size_t length)
{
    const char *nul = memchr(text, '\0', length);
    unsigned long line = 1;
    char path[32];

    if (starts_with(text, length, "\xff\xfe") || starts_with(text, length, "\xfe\xff")) {
        s2si_import_refuse(import, "", NULL, "is UTF-16 (a redirection in PowerShell makes that): save it as UTF-8");
        return false;
    }
    for (size_t i = 0, step = 1; i < length; i += step) {
        step = (unsigned char)text[i] < 0x80 ? 1 : s2si_utf8_length((const unsigned char *)text + i, length - i);
        line += text[i] == '\n';
        if (step == 0 || text + i == nul) {
            snprintf(path, sizeof(path), "line %lu", line);
            s2si_import_refuse(import, path, NULL,
                               nul == text + i ? "holds a NUL byte: it is no UTF-8 text"
                                               : "is not UTF-8 (Latin-1?): save the file as UTF-8");
            return false;
        }
    }
    return true;
}

/* Bytes EF BB BF, which some editors leave, are no text. */
static void skip_mark(const char **text, size_t *length)
{
    if (*length >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0) {
        *text += 3;
        *length -= 3;
    }
}

static int read_files(struct s2s_import *import, const struct s2s_import_file *files, const struct reader *reader)
{
    size_t most = import->options.max_size ? import->options.max_size : DEFAULT_SIZE;
    int error = 0;

    for (size_t i = 0; error == 0 && i < import->file_count; i++) {
        const char *text = files[i].text;
        size_t length = files[i].length;
        import->file = i + 1;
        if (length > most || length > INT32_MAX) {
            s2si_import_refuse(import, "", NULL, "the text is too large");
        } else if (!is_utf8(import, text, length)) {
            continue;
        } else {
            skip_mark(&text, &length);
            error = reader->read(import, text, length);
        }
    }
    return error ? error : s2si_config_result(&import->errors);
}

static int import_new(const struct s2s_import_options *options, const struct s2s_profile *profile, s2s_import **out)
{
    struct s2si_mem mem;
    s2s_import *import;
    int error = s2si_mem_init(&mem, options->allocator);

    if (error) {
        return error;
    }
    import = s2si_alloc(&mem, sizeof(*import));
    if (!import) {
        return S2S_ERR_NO_MEMORY;
    }
    import->mem = mem;
    import->options = *options;
    import->profile = profile;
    s2si_errors_init(&import->errors, &import->mem);
    import->connections = s2si_alloc_array(&import->mem, S2SI_PLAN_CONNECTIONS, sizeof(*import->connections));
    *out = import;
    return import->connections ? 0 : S2S_ERR_NO_MEMORY;
}

static int read_options(const struct s2s_import_options *given, struct s2s_import_options *out)
{
    s2s_import_options_init(out, sizeof(*out));
    if (given) {
        if (given->struct_size < sizeof(size_t)) {
            return S2S_ERR_INVALID;
        }
        memcpy(out, given, given->struct_size < sizeof(*out) ? given->struct_size : sizeof(*out));
    }
    return 0;
}

static void drop_plan(struct s2s_import *import)
{
    size_t size = S2SI_PLAN_CONNECTIONS * sizeof(*import->connections);

    s2si_free_secret(&import->mem, import->connections, import->connections ? size : 0);
    import->connections = NULL;
}

static int run(struct s2s_import *import, const struct s2s_import_file *files, size_t count,
               const struct reader *reader)
{
    int error;

    import->file_count = count;
    import->cloud = reader->cloud;
    import->as_cloud = strcmp(s2s_profile_name(import->profile), reader->cloud) == 0;
    error = read_files(import, files, reader);
    if (error == 0) {
        error = s2si_import_write(import);
    }
    drop_plan(import);
    return error;
}

static bool whole(const struct s2s_import_file *files, size_t count)
{
    for (size_t i = 0; files && i < count; i++) {
        if (!files[i].text) {
            return false;
        }
    }
    return files && count > 0;
}

int s2s_device_file_import(const struct s2s_import_file *files, size_t count, const struct s2s_import_options *options,
                           s2s_import **import)
{
    struct s2s_import_options full;
    const struct s2s_profile *profile;
    const struct reader *reader;
    int error, kind;

    if (!import || !whole(files, count) || read_options(options, &full)) {
        return S2S_ERR_INVALID;
    }
    *import = NULL;
    kind = full.kind == S2S_DEVICE_FILE_ANY ? (int)guess(files[0].text, files[0].length) : full.kind;
    reader = reader_of(kind);
    profile = full.profile ? full.profile : s2si_profile_by_name("generic");
    if (!reader || !profile || (!S2S_HAVE_EXPAT && kind == S2S_DEVICE_FILE_AWS_XML)) {
        return S2S_ERR_UNSUPPORTED;
    }
    error = import_new(&full, profile, import);
    if (error == 0) {
        error = run(*import, files, count, reader);
    }
    if (error && error != S2S_ERR_CONFIG) {
        s2s_import_delete(*import);
        *import = NULL;
    }
    return error;
}

const char *s2s_import_text(const s2s_import *import)
{
    return import ? import->text : NULL;
}

int s2s_import_issue(const s2s_import *import, size_t index, struct s2s_config_error *error)
{
    struct s2s_config_error full = {.struct_size = sizeof(full)};
    const struct s2si_error_entry *entry;

    if (!import || !error || error->struct_size < sizeof(size_t) || index >= import->errors.count) {
        return S2S_ERR_NOT_FOUND;
    }
    entry = &import->errors.entries[index];
    full.warning = entry->warning;
    full.path = entry->path;
    full.value = entry->value ? entry->value : "";
    full.rule = entry->rule;
    full.code = entry->code ? entry->code : "";
    full.struct_size = error->struct_size;
    memcpy(error, &full, error->struct_size < sizeof(full) ? error->struct_size : sizeof(full));
    return 0;
}

int s2s_import_count(const s2s_import *import, struct s2s_import_counts *counts)
{
    struct s2s_import_counts full;
    size_t size;

    if (!import || !counts || counts->struct_size < sizeof(size_t)) {
        return S2S_ERR_INVALID;
    }
    size = counts->struct_size;
    full = import->counts;
    full.struct_size = size;
    memcpy(counts, &full, size < sizeof(full) ? size : sizeof(full));
    return 0;
}

void s2s_import_delete(s2s_import *import)
{
    struct s2si_mem mem;

    if (!import) {
        return;
    }
    if (import->text) {
        s2si_wipe(import->text, strlen(import->text));
        cJSON_free(import->text);
    }
    drop_plan(import);
    s2si_errors_clear(&import->errors);
    mem = import->mem;
    s2si_free(&mem, import, sizeof(*import));
}
