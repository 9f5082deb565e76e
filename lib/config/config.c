/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/config/config.h"

#include <s2svpn/files.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_SIZE = 1 << 20, DEFAULT_DEPTH = 16 };

/* ---- models and trees ---- */

void s2si_model_unset(struct s2si_model *model)
{
    memset(model, 0, sizeof(*model));
    s2si_params_unset(S2SI_GATEWAY, &model->gateway, sizeof(model->gateway));
}

static void free_array(struct s2si_mem *mem, enum s2si_object object, void *array, size_t count)
{
    size_t size = s2si_params_size(object);

    for (size_t i = 0; array && i < count; i++) {
        s2si_params_free(mem, object, (char *)array + i * size);
    }
    s2si_free(mem, array, count * size);
}

void s2si_model_free(struct s2si_mem *mem, struct s2si_model *model)
{
    s2si_params_free(mem, S2SI_GATEWAY, &model->gateway);
    free_array(mem, S2SI_CUSTOMER_GATEWAY, model->customer_gateways, model->customer_gateway_count);
    free_array(mem, S2SI_CONNECTION, model->connections, model->connection_count);
    free_array(mem, S2SI_ROUTE, model->routes, model->route_count);
    s2si_model_unset(model);
}

static void wipe_tree(cJSON *tree)
{
    for (; tree; tree = tree->next) {
        if (tree->valuestring) {
            s2si_wipe(tree->valuestring, strlen(tree->valuestring));
        }
        wipe_tree(tree->child);
    }
}

void s2si_json_free_tree(cJSON *tree)
{
    wipe_tree(tree);
    cJSON_Delete(tree);
}

/* ---- errors ---- */

bool s2si_config_has(const struct s2si_errors *errors, const char *path)
{
    for (size_t i = 0; i < errors->count; i++) {
        if (!errors->entries[i].warning && strcmp(errors->entries[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

void s2si_config_add(struct s2si_errors *errors, bool warning, const char *path, const char *value, const char *rule)
{
    s2si_config_add_coded(errors, warning, NULL, path, value, rule);
}

/* s2si_errors_add appends to its present path; ours are whole, so they are added from the root. */
void s2si_config_add_coded(struct s2si_errors *errors, bool warning, const char *code, const char *path,
                           const char *value, const char *rule)
{
    char whole[sizeof(errors->path)], present[sizeof(errors->path)];
    size_t length = errors->path_length;

    if ((!warning && s2si_config_has(errors, path)) || errors->count > S2SI_CONFIG_ERRORS) {
        errors->error_count += warning ? 0 : 1;
        return;
    }
    if (errors->count == S2SI_CONFIG_ERRORS) {
        path = "";
        value = NULL;
        rule = "there are more errors than are listed here";
    }
    snprintf(whole, sizeof(whole), "%s", path);
    memcpy(present, errors->path, sizeof(present));
    errors->path[0] = '\0';
    errors->path_length = 0;
    if (warning) {
        s2si_errors_warn(errors, whole[0] ? whole : NULL, value, "%s", rule);
        s2si_errors_code(errors, code);
    } else {
        s2si_errors_add(errors, whole[0] ? whole : NULL, value, "%s", rule);
    }
    memcpy(errors->path, present, sizeof(present));
    errors->path_length = length;
}

void s2si_config_begin(struct s2s_config *config)
{
    s2si_errors_clear(&config->errors);
    for (size_t i = 0; i < config->read_errors.count; i++) {
        const struct s2si_error_entry *entry = &config->read_errors.entries[i];
        s2si_config_add_coded(&config->errors, entry->warning, entry->code, entry->path, entry->value, entry->rule);
    }
    config->errors.out_of_memory = config->errors.out_of_memory || config->read_errors.out_of_memory;
}

int s2si_config_result(const struct s2si_errors *errors)
{
    if (errors->out_of_memory) {
        return S2S_ERR_NO_MEMORY;
    }
    return errors->error_count ? S2S_ERR_CONFIG : 0;
}

size_t s2s_config_errors(const s2s_config *config)
{
    return config ? config->errors.count : 0;
}

int s2s_config_error(const s2s_config *config, size_t index, struct s2s_config_error *error)
{
    struct s2s_config_error full = { .struct_size = sizeof(full) };
    const struct s2si_error_entry *entry;

    if (!config || !error || error->struct_size < sizeof(size_t)) {
        return S2S_ERR_INVALID;
    }
    if (index >= config->errors.count) {
        return S2S_ERR_NOT_FOUND;
    }
    entry = &config->errors.entries[index];
    full.warning = entry->warning;
    full.path = entry->path;
    full.value = entry->value ? entry->value : "";
    full.rule = entry->rule;
    full.code = entry->code ? entry->code : "";
    full.struct_size = error->struct_size;
    memcpy(error, &full, error->struct_size < sizeof(full) ? error->struct_size : sizeof(full));
    return 0;
}

/* ---- life ---- */

void s2s_config_options_init(struct s2s_config_options *options, size_t struct_size)
{
    struct s2s_config_options full = { .struct_size = struct_size,
                                       .max_size = DEFAULT_SIZE,
                                       .max_depth = DEFAULT_DEPTH };

    if (!options || struct_size < sizeof(size_t)) {
        return;
    }
    memset(options, 0, struct_size);
    memcpy(options, &full, struct_size < sizeof(full) ? struct_size : sizeof(full));
}

static int read_options(const struct s2s_config_options *given, struct s2s_config_options *out)
{
    s2s_config_options_init(out, sizeof(*out));
    if (given) {
        if (given->struct_size < sizeof(size_t)) {
            return S2S_ERR_INVALID;
        }
        memcpy(out, given, given->struct_size < sizeof(*out) ? given->struct_size : sizeof(*out));
    }
    if (out->read_file && !out->free_file) {
        return S2S_ERR_INVALID;
    }
    out->max_size = out->max_size ? out->max_size : DEFAULT_SIZE;
    out->max_depth = out->max_depth ? out->max_depth : DEFAULT_DEPTH;
    return 0;
}

static int config_new(const struct s2s_config_options *options, s2s_config **out)
{
    struct s2si_mem mem;
    s2s_config *config;
    int error = s2si_mem_init(&mem, options->allocator);

    if (error) {
        return error;
    }
    config = s2si_alloc(&mem, sizeof(*config));
    if (!config) {
        return S2S_ERR_NO_MEMORY;
    }
    config->mem = mem;
    s2si_errors_init(&config->errors, &config->mem);
    s2si_errors_init(&config->read_errors, &config->mem);
    s2si_model_unset(&config->model);
    config->read_file = options->read_file;
    config->free_file = options->free_file;
    config->mode = options->mode;
    config->folder = s2si_text_copy(&config->mem, options->folder);
    *out = config;
    if (options->folder && !config->folder) {
        s2s_config_delete(config);
        return S2S_ERR_NO_MEMORY;
    }
    return 0;
}

void s2s_config_delete(s2s_config *config)
{
    struct s2si_mem mem;

    if (!config) {
        return;
    }
    s2si_model_free(&config->mem, &config->model);
    s2si_json_free_tree(config->file);
    s2si_json_free_tree(config->document);
    s2si_errors_clear(&config->errors);
    s2si_errors_clear(&config->read_errors);
    s2si_free_text(&config->mem, config->folder);
    mem = config->mem;
    s2si_free(&mem, config, sizeof(*config));
}

/* ---- reading ---- */

/* Where a text is not JSON, in a person's coordinates. Nothing of the text is repeated: it may be a secret. */
static void not_json(struct s2s_config *config, const char *text, size_t at, const char *rule)
{
    size_t line = 1, column = 1;
    char full[160];

    for (size_t i = 0; i < at; i++) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    snprintf(full, sizeof(full), "line %zu, column %zu: %s", line, column, rule);
    s2si_config_add(&config->read_errors, false, "", NULL, full);
}

/* @return 0 (config->file is NULL when the text is refused) or S2S_ERR_NO_MEMORY. */
static int read_tree(struct s2s_config *config, const char *text, size_t length,
                     const struct s2s_config_options *options)
{
    size_t at = 0;
    const char *end = NULL, *rule;
    char *copy;

    if (length > options->max_size) {
        s2si_config_add(&config->read_errors, false, "", NULL, "the text is too large");
        return 0;
    }
    rule = s2si_json_scan(text, length, options->max_depth, &at);
    if (rule) {
        not_json(config, text, at, rule);
        return 0;
    }
    copy = s2si_alloc(&config->mem, length + 1); /* cJSON wants the NUL to see that nothing stands behind */
    if (!copy) {
        return S2S_ERR_NO_MEMORY;
    }
    memcpy(copy, text, length);
    config->file = cJSON_ParseWithLengthOpts(copy, length + 1, &end, 1);
    if (!config->file) {
        not_json(config, text, end && end >= copy ? (size_t)(end - copy) : 0, "is not JSON");
    }
    s2si_free_secret(&config->mem, copy, length + 1);
    return 0;
}

static int read_all(struct s2s_config *config, const char *text, size_t length,
                    const struct s2s_config_options *options)
{
    int error = read_tree(config, text, length, options);

    if (error == 0 && config->file) {
        s2si_json_check_keys(config->file, &config->read_errors);
        error = s2si_json_read(config, config->file, &config->model, &config->read_errors);
    }
    if (error == 0) {
        s2si_config_begin(config);
        error = s2si_config_result(&config->errors);
    }
    return error;
}

int s2s_config_parse(const char *text, size_t length, const struct s2s_config_options *options, s2s_config **config)
{
    struct s2s_config_options full;
    int error;

    if (!text || !config) {
        return S2S_ERR_INVALID;
    }
    *config = NULL;
    error = read_options(options, &full);
    if (error == 0) {
        error = config_new(&full, config);
    }
    if (error) {
        return error;
    }
    error = read_all(*config, text, length, &full);
    if (error && error != S2S_ERR_CONFIG) {
        s2s_config_delete(*config);
        *config = NULL;
    }
    return error;
}

/* A configuration that is nothing but the reason why its file was not read. */
static int unreadable(const char *path, const struct s2s_config_options *options, const char *detail,
                      s2s_config **config)
{
    char shown[200];
    int error = config_new(options, config);

    if (error) {
        return error;
    }
    s2si_config_add(&(*config)->read_errors, false, s2si_printable(path, shown, sizeof(shown)), NULL, detail);
    s2si_config_begin(*config);
    return s2si_config_result(&(*config)->errors);
}

/* The folder of a path, into a buffer of at least strlen(path) + 2. */
static char *folder_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;

    memcpy(out, path, length);
    out[length] = '\0';
    if (slash == path) {
        strcpy(out, "/");
    } else if (!slash) {
        strcpy(out, ".");
    }
    return out;
}

int s2s_config_load(const char *path, const struct s2s_config_options *options, s2s_config **config)
{
    struct s2s_config_options full;
    char detail[S2S_FILE_DETAIL] = "", folder[1024];
    uint8_t *data = NULL;
    size_t length = 0;
    int error;

    if (!path || !config) {
        return S2S_ERR_INVALID;
    }
    *config = NULL;
    error = read_options(options, &full);
    if (error || !full.read_file || strlen(path) + 2 > sizeof(folder)) {
        return error ? error : S2S_ERR_INVALID;
    }
    full.mode = 0;
    error = full.read_file(path, 0, full.max_size, full.allocator, &data, &length, &full.mode, detail);
    if (error) {
        return error == S2S_ERR_NO_MEMORY ? error
                                          : unreadable(path, &full, detail[0] ? detail : s2s_strerror(error), config);
    }
    full.folder = full.folder ? full.folder : folder_of(path, folder);
    error = s2s_config_parse((const char *)data, length, &full, config);
    full.free_file(full.allocator, data, length);
    return error;
}

/* ---- what the program itself needs to know ---- */

enum s2s_config_kernel s2s_config_kernel(const s2s_config *config)
{
    return config ? config->model.kernel : S2S_CONFIG_KERNEL_TUN;
}

uint32_t s2s_config_mark(const s2s_config *config)
{
    return config && config->model.gateway.mark > 0 ? (uint32_t)config->model.gateway.mark : 0;
}

const char *s2s_config_name(const s2s_config *config)
{
    return config && config->model.gateway.name ? config->model.gateway.name : "";
}

void s2s_json_free(char *text)
{
    free(text);
}
