/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document into a model: each object's keys are walked and looked up in the table of fields ("ike" + "encryption"
 * is the row "ike.encryption"), so that what is not in the table is an unknown key by itself.
 */
#include <stdio.h>
#include <string.h>

#include <s2svpn/files.h>

#include "lib/config/config.h"

enum { KEY_PATH = 96, MOST_OBJECTS = 4096, MOST_ROUTES = 65536, MOST_TUNNELS = 64, PSK_FILE_LIMIT = 4096 };

struct reader {
    struct s2s_config *config;
    struct s2si_model *model; /* NULL while a lone tunnel is read */
    struct s2si_errors *errors;
    bool secret; /* one was inline */
};

static int read_psk_file(struct reader *reader, const cJSON *value, void *params);
static int read_kernel_type(struct reader *reader, const cJSON *value, void *params);

/* Keys of the file that are no field of a params struct. */
static const struct extra {
    enum s2si_object object;
    const char *key;
    int (*read)(struct reader *reader, const cJSON *value, void *params);
} extras[] = {
    { S2SI_TUNNEL, "psk_file", read_psk_file },
    { S2SI_GATEWAY, "kernel.type", read_kernel_type },
};

static void add(const struct reader *reader, const char *value, const char *rule)
{
    s2si_config_add(reader->errors, false, reader->errors->path, value, rule);
}

static void add_at(const struct reader *reader, const char *member, const char *rule)
{
    size_t mark = s2si_errors_push(reader->errors, member, -1);

    add(reader, NULL, rule);
    s2si_errors_pop(reader->errors, mark);
}

/* ---- which keys there are ---- */

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Whether keys go on below path ("ike" has "ike.version"). */
static bool is_section(enum s2si_object object, const char *path)
{
    char prefix[KEY_PATH + 2];
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    snprintf(prefix, sizeof(prefix), "%s.", path);
    for (size_t i = 0; i < count; i++) {
        if (starts_with(fields[i].key, prefix)) {
            return true;
        }
    }
    return false;
}

static const struct extra *find_extra(enum s2si_object object, const char *path)
{
    for (size_t i = 0; i < S2SI_COUNT(extras); i++) {
        if (extras[i].object == object && strcmp(extras[i].key, path) == 0) {
            return &extras[i];
        }
    }
    return NULL;
}

/* Texts of the words that may stand behind a prefix; rows share sections, so words repeat. */
struct words {
    char text[64][32];
    const char *list[64];
    size_t count;
};

static void add_word(struct words *words, const char *key, const char *prefix)
{
    const char *rest;
    size_t length;

    if (!starts_with(key, prefix)) {
        return;
    }
    rest = key + strlen(prefix);
    length = strcspn(rest, ".");
    if (words->count == S2SI_COUNT(words->list) || length >= sizeof(words->text[0])) {
        return;
    }
    memcpy(words->text[words->count], rest, length);
    words->text[words->count][length] = '\0';
    words->list[words->count] = words->text[words->count];
    words->count++;
}

/* The whole path of a row whose last word is key: "lifetime" -> "ike.lifetime". */
static const char *elsewhere(enum s2si_object object, const char *key)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    for (size_t i = 0; i < count; i++) {
        const char *last = strrchr(fields[i].key, '.');
        if (last && strcmp(last + 1, key) == 0) {
            return fields[i].key;
        }
    }
    return NULL;
}

static void unknown(const struct reader *reader, enum s2si_object object, const char *prefix, const char *key)
{
    struct words words = { .count = 0 };
    char rule[160] = "is not a key here";
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);
    const char *near;

    for (size_t i = 0; i < count; i++) {
        add_word(&words, fields[i].key, prefix);
    }
    for (size_t i = 0; i < S2SI_COUNT(extras); i++) {
        if (extras[i].object == object) {
            add_word(&words, extras[i].key, prefix);
        }
    }
    near = s2si_nearest(key, words.list, words.count);
    if (near || elsewhere(object, key)) {
        snprintf(rule, sizeof(rule), "is not a key here; did you mean %s?", near ? near : elsewhere(object, key));
    }
    add(reader, NULL, rule);
}

/* ---- objects ---- */

static int read_object(struct reader *reader, enum s2si_object object, const char *prefix, const cJSON *json,
                       void *params);
static int read_array(struct reader *reader, enum s2si_object object, const cJSON *json, size_t most, void **array,
                      size_t *count);

static int read_elements(struct reader *reader, const struct s2si_field *field, const cJSON *json, void *params)
{
    void *array;
    size_t count;
    int error = read_array(reader, field->element, json, MOST_TUNNELS, &array, &count);

    s2si_field_clear(&reader->config->mem, field, params);
    memcpy(s2si_field_at(field, params), &array, sizeof(array));
    memcpy((char *)params + field->count_offset, &count, sizeof(count));
    return error;
}

static int read_field(struct reader *reader, const struct s2si_field *field, const cJSON *json, void *params)
{
    if (field->kind == S2SI_KIND_OBJECTS) {
        return read_elements(reader, field, json, params);
    }
    reader->secret = reader->secret || s2si_field_is_secret(field);
    return s2si_json_value(&reader->config->mem, field, json, params, reader->errors);
}

static int read_member(struct reader *reader, enum s2si_object object, const char *prefix, const cJSON *json,
                       void *params)
{
    char path[KEY_PATH], deeper[KEY_PATH + 2];
    int length = snprintf(path, sizeof(path), "%s%s", prefix, json->string);
    const struct s2si_field *field = length < KEY_PATH ? s2si_field_by_key(object, path) : NULL;
    const struct extra *extra = length < KEY_PATH ? find_extra(object, path) : NULL;

    if (field) {
        return read_field(reader, field, json, params);
    }
    if (extra) {
        return extra->read(reader, json, params);
    }
    if (length >= KEY_PATH || !is_section(object, path)) {
        unknown(reader, object, prefix, json->string);
        return 0;
    }
    if (!cJSON_IsObject(json)) {
        add(reader, NULL, "is an object");
        return 0;
    }
    snprintf(deeper, sizeof(deeper), "%s.", path);
    return read_object(reader, object, deeper, json, params);
}

static int read_object(struct reader *reader, enum s2si_object object, const char *prefix, const cJSON *json,
                       void *params)
{
    for (const cJSON *child = json->child; child; child = child->next) {
        char shown[64];
        size_t mark = s2si_errors_push(reader->errors, s2si_printable(child->string, shown, sizeof(shown)), -1);
        int error = read_member(reader, object, prefix, child, params);
        s2si_errors_pop(reader->errors, mark);
        if (error) {
            return error;
        }
    }
    return 0;
}

static void check_required(const struct reader *reader, enum s2si_object object, const cJSON *json, const void *params)
{
    size_t count;
    const struct s2si_field *fields = s2si_fields(object, &count);

    for (size_t i = 0; i < count; i++) {
        if (fields[i].required && !s2si_field_is_set(&fields[i], params)) {
            add_at(reader, fields[i].key, "is required");
        }
    }
    if (object == S2SI_CUSTOMER_GATEWAY && !cJSON_GetObjectItemCaseSensitive(json, "ip_address")) {
        add_at(reader, "ip_address", "is required: an IP address, or \"any\"");
    }
    if (object == S2SI_TUNNEL && cJSON_GetObjectItemCaseSensitive(json, "psk") &&
        cJSON_GetObjectItemCaseSensitive(json, "psk_file")) {
        add_at(reader, "psk_file", "stands beside psk; one of the two gives the key");
    }
}

/* One object from its opening brace on. params is unset before. */
static int read_whole(struct reader *reader, enum s2si_object object, const cJSON *json, void *params)
{
    int error;

    if (!cJSON_IsObject(json)) {
        add(reader, NULL, "is an object");
        return 0;
    }
    error = read_object(reader, object, "", json, params);
    if (error == 0) {
        check_required(reader, object, json, params);
    }
    return error;
}

static int read_array(struct reader *reader, enum s2si_object object, const cJSON *json, size_t most, void **array,
                      size_t *count)
{
    size_t size = s2si_params_size(object), length = cJSON_IsArray(json) ? (size_t)cJSON_GetArraySize(json) : 0;
    char *elements = NULL;
    int index = 0;

    *array = NULL;
    *count = 0;
    if (!cJSON_IsArray(json) || length > most) {
        add(reader, NULL, length ? "has too many entries" : "is a list of objects");
        return 0;
    }
    if (length == 0) {
        return 0;
    }
    elements = s2si_alloc_array(&reader->config->mem, length, size);
    if (!elements) {
        return S2S_ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < length; i++) {
        s2si_params_unset(object, elements + i * size, size);
    }
    *array = elements;
    *count = length;
    for (const cJSON *entry = json->child; entry; entry = entry->next, index++) {
        size_t mark = s2si_errors_push(reader->errors, NULL, index);
        int error = read_whole(reader, object, entry, elements + (size_t)index * size);
        s2si_errors_pop(reader->errors, mark);
        if (error) {
            return error; /* what was read belongs to the model, which is freed as a whole */
        }
    }
    return 0;
}

/* ---- keys that are no field ---- */

static int use_psk(struct reader *reader, const uint8_t *data, size_t length, void *params)
{
    const struct s2si_field *field = s2si_field_by_id(S2SI_TUN_PSK, NULL);
    struct s2s_tunnel_params scratch = { .psk = data, .psk_length = length };

    if (length && data[length - 1] == '\n') {
        length--;
    }
    if (length && data[length - 1] == '\r') {
        length--;
    }
    scratch.psk_length = length;
    if (length == 0) {
        add(reader, NULL, "the file holds no key");
        return 0;
    }
    return s2si_field_copy(&reader->config->mem, field, params, &scratch);
}

static int read_psk_from(struct reader *reader, const char *path, void *params)
{
    struct s2s_config *config = reader->config;
    char detail[S2S_FILE_DETAIL] = "", shown[128];
    uint8_t *data = NULL;
    size_t length = 0;
    int error =
        config->read_file(path, S2S_FILE_SECRET, PSK_FILE_LIMIT, &config->mem.table, &data, &length, NULL, detail);

    if (error == S2S_ERR_NO_MEMORY) {
        return error;
    }
    if (error) {
        add(reader, s2si_printable(path, shown, sizeof(shown)), detail[0] ? detail : s2s_strerror(error));
        return 0;
    }
    error = use_psk(reader, data, length, params);
    config->free_file(&config->mem.table, data, length);
    return error;
}

static int read_psk_file(struct reader *reader, const cJSON *value, void *params)
{
    const char *folder = reader->config->folder;
    char path[1024];
    int length;

    if (!cJSON_IsString(value) || !value->valuestring[0]) {
        add(reader, NULL, "is the path of a file");
        return 0;
    }
    if (!reader->config->read_file) {
        add(reader, NULL, "files are not read here");
        return 0;
    }
    length = snprintf(path, sizeof(path), "%s%s%s", folder && value->valuestring[0] != '/' ? folder : "",
                      folder && value->valuestring[0] != '/' ? "/" : "", value->valuestring);
    if (length < 0 || (size_t)length >= sizeof(path)) {
        add(reader, NULL, "is too long for a path");
        return 0;
    }
    return read_psk_from(reader, path, params);
}

static int read_kernel_type(struct reader *reader, const cJSON *value, void *params)
{
    char shown[64];
    bool xfrm = cJSON_IsString(value) && strcmp(value->valuestring, "xfrm") == 0;

    (void)params;
    if (!xfrm && !(cJSON_IsString(value) && strcmp(value->valuestring, "tun") == 0)) {
        add(reader, s2si_json_shown(value, shown, sizeof(shown)), "is tun or xfrm");
        return 0;
    }
#if !S2S_WITH_XFRM
    if (xfrm) {
        add(reader, "xfrm", "not built: this build has kernel tun alone");
    }
#endif
    if (reader->model) {
        reader->model->kernel = xfrm ? S2S_CONFIG_KERNEL_XFRM : S2S_CONFIG_KERNEL_TUN;
    }
    return 0;
}

/* ---- the document ---- */

static int read_gateway(struct reader *reader, const cJSON *json)
{
    return read_whole(reader, S2SI_GATEWAY, json, &reader->model->gateway);
}

/* A part that stands twice (an error already) is read once: a second reading would lose the memory of the first. */
static int read_customer_gateways(struct reader *reader, const cJSON *json)
{
    void *array = NULL;
    int error = 0;

    if (!reader->model->customer_gateways) {
        error = read_array(reader, S2SI_CUSTOMER_GATEWAY, json, MOST_OBJECTS, &array,
                           &reader->model->customer_gateway_count);
        reader->model->customer_gateways = array;
    }
    return error;
}

static int read_connections(struct reader *reader, const cJSON *json)
{
    void *array = NULL;
    int error = 0;

    if (!reader->model->connections) {
        error = read_array(reader, S2SI_CONNECTION, json, MOST_OBJECTS, &array, &reader->model->connection_count);
        reader->model->connections = array;
    }
    return error;
}

static int read_routes(struct reader *reader, const cJSON *json)
{
    void *array = NULL;
    int error = 0;

    if (!reader->model->routes) {
        error = read_array(reader, S2SI_ROUTE, json, MOST_ROUTES, &array, &reader->model->route_count);
        reader->model->routes = array;
    }
    return error;
}

static const struct part {
    const char *key;
    int (*read)(struct reader *reader, const cJSON *json);
} parts[] = {
    { "gateway", read_gateway },
    { "customer_gateways", read_customer_gateways },
    { "connections", read_connections },
    { "routes", read_routes },
};

static int read_part(struct reader *reader, const cJSON *json)
{
    const char *words[S2SI_COUNT(parts)], *near;
    char rule[96];

    for (size_t i = 0; i < S2SI_COUNT(parts); i++) {
        if (strcmp(parts[i].key, json->string) == 0) {
            return parts[i].read(reader, json);
        }
        words[i] = parts[i].key;
    }
    near = s2si_nearest(json->string, words, S2SI_COUNT(words));
    snprintf(rule, sizeof(rule), "is not a key here%s%s%s", near ? "; did you mean " : "", near ? near : "",
             near ? "?" : "");
    add(reader, NULL, rule);
    return 0;
}

static void refuse_open_file(const struct reader *reader)
{
    char mode[16];

    if (reader->secret && (reader->config->mode & 077u) != 0) {
        snprintf(mode, sizeof(mode), "%04o", reader->config->mode & 07777u);
        s2si_config_add(
            reader->errors, false, "", mode,
            "the file holds a psk or auth_key and others can read it: its mode must be 0600 or 0400; or use psk_file");
    }
}

int s2si_json_read(struct s2s_config *config, const cJSON *document, struct s2si_model *model,
                   struct s2si_errors *errors)
{
    struct reader reader = { config, model, errors, false };

    if (!cJSON_IsObject(document)) {
        add(&reader, NULL, "a configuration is an object");
        return 0;
    }
    for (const cJSON *child = document->child; child; child = child->next) {
        char shown[64];
        size_t mark = s2si_errors_push(errors, s2si_printable(child->string, shown, sizeof(shown)), -1);
        int error = read_part(&reader, child);
        s2si_errors_pop(errors, mark);
        if (error) {
            return error;
        }
    }
    if (!cJSON_GetObjectItemCaseSensitive(document, "gateway")) {
        s2si_config_add(errors, false, "gateway", NULL, "is required");
    }
    refuse_open_file(&reader);
    return 0;
}

int s2si_json_read_tunnel(struct s2s_config *config, const cJSON *object, struct s2s_tunnel_params *tunnel,
                          struct s2si_errors *errors)
{
    struct reader reader = { config, NULL, errors, false };

    return read_whole(&reader, S2SI_TUNNEL, object, tunnel);
}
