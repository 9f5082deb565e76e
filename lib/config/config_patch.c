/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing one tunnel of a running engine: the patch is merged into the tunnel's object of the document, the result is
 * read and checked like a file, and the connection is updated as a whole; the engine touches only what differs.
 */
#include <stdio.h>
#include <string.h>

#include "lib/config/config.h"
#include "lib/config/config_diff.h"

enum { PATCH_LIMIT = 65536, PATCH_DEPTH = 8 };

static cJSON *entry_by_name(const cJSON *document, const char *part, const char *name)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(document, part), *entry;

    cJSON_ArrayForEach(entry, list)
    {
        const cJSON *own = cJSON_GetObjectItemCaseSensitive(entry, "name");
        if (cJSON_IsString(own) && strcmp(own->valuestring, name) == 0) {
            return (cJSON *)(uintptr_t)entry;
        }
    }
    return NULL;
}

static cJSON *tunnels_of(const cJSON *document, const char *connection)
{
    return cJSON_GetObjectItemCaseSensitive(entry_by_name(document, "connections", connection), "tunnels");
}

/* psk and psk_file name one thing: a patch of one takes the other away. */
static void drop_other_secret(cJSON *merged, const cJSON *patch)
{
    static const char *const pairs[][2] = { { "psk", "psk_file" }, { "psk_file", "psk" } };

    for (size_t i = 0; i < S2SI_COUNT(pairs); i++) {
        const cJSON *given = cJSON_GetObjectItemCaseSensitive(patch, pairs[i][0]);
        if (given && !cJSON_IsNull(given) && !cJSON_GetObjectItemCaseSensitive(patch, pairs[i][1])) {
            s2si_json_free_tree(cJSON_DetachItemFromObjectCaseSensitive(merged, pairs[i][1]));
        }
    }
}

/* ---- from a text to a merged object ---- */

/* @return 0 or S2S_ERR_NO_MEMORY; *tree is NULL when the text is refused. */
static int read_patch(struct s2s_config *config, const char *text, size_t length, cJSON **tree)
{
    size_t at = 0;
    char *copy;
    const char *rule = length > PATCH_LIMIT ? "the patch is too large" : s2si_json_scan(text, length, PATCH_DEPTH, &at);

    *tree = NULL;
    if (rule) {
        s2si_config_add(&config->errors, false, "", NULL, rule);
        return 0;
    }
    copy = s2si_alloc(&config->mem, length + 1);
    if (!copy) {
        return S2S_ERR_NO_MEMORY;
    }
    memcpy(copy, text, length);
    *tree = cJSON_ParseWithLengthOpts(copy, length + 1, NULL, 1);
    s2si_free_secret(&config->mem, copy, length + 1);
    if (!*tree || !cJSON_IsObject(*tree)) {
        s2si_config_add(&config->errors, false, "", NULL, *tree ? "a patch is an object" : "the patch is not JSON");
        s2si_json_free_tree(*tree);
        *tree = NULL;
        return 0;
    }
    s2si_json_check_keys(*tree, &config->errors);
    return 0;
}

static size_t connection_index(const struct s2si_model *model, const char *name)
{
    size_t i = 0;

    while (i < model->connection_count && strcmp(model->connections[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* ---- carrying it out ---- */

struct patching {
    s2s_engine *engine;
    struct s2s_config *config;
    s2s_connection *connection;
    size_t index, tunnel;            /* in the model, both from 0 */
    struct s2s_tunnel_params params; /* the tunnel as it shall be, owned */
};

static int update(struct patching *patching, s2s_time now)
{
    struct s2s_config *config = patching->config;
    struct s2s_connection_params changed = config->model.connections[patching->index];
    size_t size = changed.tunnel_count * sizeof(*changed.tunnels);
    struct s2s_tunnel_params *tunnels = s2si_alloc(&config->mem, size);
    char prefix[64];
    int error;

    if (!tunnels) {
        return S2S_ERR_NO_MEMORY;
    }
    memcpy(tunnels, changed.tunnels, size);
    tunnels[patching->tunnel] = patching->params;
    changed.tunnels = tunnels;
    error = s2s_connection_update(patching->connection, &changed, now);
    s2si_free(&config->mem, tunnels, size);
    snprintf(prefix, sizeof(prefix), "connections[%zu]", patching->index);
    if (error == S2S_ERR_CONFIG) {
        s2si_config_collect(config, patching->engine, prefix);
    }
    s2si_config_refused(config, patching->engine, prefix, error);
    return error;
}

/* What holds now is remembered in the document and the model. The memory was found before the engine changed. */
static void remember(struct patching *patching, cJSON *document, cJSON *merged)
{
    struct s2s_config *config = patching->config;
    struct s2s_tunnel_params *tunnels =
        (struct s2s_tunnel_params *)(uintptr_t)config->model.connections[patching->index].tunnels;
    cJSON *list = tunnels_of(document, config->model.connections[patching->index].name);

    cJSON_ReplaceItemInArray(list, (int)patching->tunnel, merged);
    if (document != config->document) {
        s2si_json_free_tree(config->document);
        config->document = document;
    }
    s2si_params_free(&config->mem, S2SI_TUNNEL, &tunnels[patching->tunnel]);
    tunnels[patching->tunnel] = patching->params;
}

/* Reads the merged object into params. @return 0, S2S_ERR_CONFIG, S2S_ERR_NO_MEMORY. */
static int read_merged(struct patching *patching, const cJSON *merged)
{
    struct s2s_config *config = patching->config;
    char path[64];
    size_t mark;
    int error;

    snprintf(path, sizeof(path), "connections[%zu].tunnels[%zu]", patching->index, patching->tunnel);
    mark = s2si_errors_push(&config->errors, path, -1);
    s2si_params_unset(S2SI_TUNNEL, &patching->params, sizeof(patching->params));
    error = s2si_json_read_tunnel(config, merged, &patching->params, &config->errors);
    s2si_errors_pop(&config->errors, mark);
    return error ? error : s2si_config_result(&config->errors);
}

static int apply_merged(struct patching *patching, cJSON *merged, s2s_time now)
{
    struct s2s_config *config = patching->config;
    cJSON *document = config->document ? config->document : cJSON_Duplicate(config->file, 1);
    int error = document ? read_merged(patching, merged) : S2S_ERR_NO_MEMORY;

    if (error == 0) {
        error = update(patching, now);
    }
    if (error == 0) {
        remember(patching, document, merged);
        return 0;
    }
    s2si_params_free(&config->mem, S2SI_TUNNEL, &patching->params);
    s2si_json_free_tree(merged);
    if (document != config->document) {
        s2si_json_free_tree(document);
    }
    return error;
}

static int patch_by(struct patching *patching, const cJSON *patch, s2s_time now)
{
    struct s2s_config *config = patching->config;
    const cJSON *document = config->document ? config->document : config->file;
    const cJSON *tunnels = tunnels_of(document, config->model.connections[patching->index].name);
    cJSON *merged = s2si_json_merge_patch(cJSON_GetArrayItem(tunnels, (int)patching->tunnel), patch);

    if (!merged) {
        return S2S_ERR_NO_MEMORY;
    }
    drop_other_secret(merged, patch);
    return apply_merged(patching, merged, now);
}

int s2s_config_patch_tunnel(s2s_engine *engine, s2s_config *config, const char *connection, size_t tunnel,
                            const char *patch, size_t length, s2s_time now)
{
    struct patching patching = { .engine = engine, .config = config, .tunnel = tunnel - 1 };
    s2s_gateway *gateway = engine && config ? s2si_config_gateway(engine, config) : NULL;
    cJSON *tree;
    int error;

    if (!engine || !config || !connection || !patch) {
        return S2S_ERR_INVALID;
    }
    s2si_config_begin(config);
    if (config->read_errors.error_count) {
        return s2si_config_result(&config->errors);
    }
    patching.index = connection_index(&config->model, connection);
    if (patching.index < config->model.connection_count && gateway) {
        patching.connection = s2s_connection_find(gateway, connection);
    }
    if (!patching.connection || tunnel < 1 || tunnel > config->model.connections[patching.index].tunnel_count) {
        return S2S_ERR_NOT_FOUND;
    }
    error = read_patch(config, patch, length, &tree);
    if (error == 0) {
        error = s2si_config_result(&config->errors);
    }
    if (error == 0) {
        error = patch_by(&patching, tree, now);
    }
    s2si_json_free_tree(tree);
    return error;
}
