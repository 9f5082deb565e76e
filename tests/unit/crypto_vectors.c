/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto_vectors.h"

#ifndef S2S_SOURCE_DIR
#define S2S_SOURCE_DIR "."
#endif

const provider_getter real_providers[] = {s2s_crypto_mbedtls, NULL};

enum { POOL = 64 };
static void *pool[POOL];
static size_t pool_used;

struct bench bench_open(const struct s2s_crypto_provider *provider)
{
    struct bench b = {provider, provider->open(NULL)};
    assert_non_null(b.context);
    return b;
}

void bench_close(struct bench *b)
{
    b->p->close(b->context);
}

void each_provider(void (*body)(struct bench *b))
{
    for (size_t i = 0; real_providers[i] != NULL; i++) {
        struct bench b = bench_open(real_providers[i]());
        body(&b);
        bench_close(&b);
    }
}

void pool_reset(void)
{
    while (pool_used > 0) {
        free(pool[--pool_used]);
    }
}

struct bytes bytes_new(size_t length)
{
    assert_true(pool_used < POOL);
    struct bytes b = {malloc(length > 0 ? length : 1), length};
    assert_non_null(b.data);
    pool[pool_used++] = b.data;
    return b;
}

struct bytes bytes_copy(const void *data, size_t length)
{
    struct bytes b = bytes_new(length);
    if (length > 0) {
        memcpy(b.data, data, length);
    }
    return b;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

struct bytes hex(const char *text)
{
    size_t digits = 0;
    for (const char *at = text; *at != '\0'; at++) {
        digits += hex_digit(*at) >= 0;
    }
    struct bytes b = bytes_new(digits / 2);
    size_t n = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (hex_digit(*at) >= 0 && n / 2 < b.length) {
            b.data[n / 2] = (uint8_t)(n % 2 == 0 ? hex_digit(*at) << 4 : b.data[n / 2] | hex_digit(*at));
            n++;
        }
    }
    return b;
}

struct s2s_span span(struct bytes b)
{
    return (struct s2s_span){b.data, b.length};
}

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    size_t length = 0, capacity = 1 << 16;
    char *text = malloc(capacity);
    while (text != NULL) {
        length += fread(text + length, 1, capacity - length - 1, file);
        if (length + 1 < capacity) {
            break;
        }
        capacity *= 2;
        text = realloc(text, capacity);
    }
    fclose(file);
    if (text != NULL) {
        text[length] = '\0';
    }
    return text;
}

static void loud_skip(const char *test, const char *what, const char *why)
{
    print_message("skip %s: %s: %s\n", test, what, why);
    skip();
}

cJSON *vectors_json(const char *test, const char *name)
{
    char path[1024];
    const char *folder = getenv("S2S_VECTORS");
    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : S2S_SOURCE_DIR "/../shared/vectors", name);
    char *text = file_text(path);
    if (text == NULL) {
        loud_skip(test, path, "no such file; set S2S_VECTORS");
        return NULL;
    }
    cJSON *json = cJSON_Parse(text);
    free(text);
    assert_non_null(json);
    return json;
}

const char *text_of(const cJSON *object, const char *member)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, member);
    return cJSON_IsString(item) ? item->valuestring : "";
}

int number_of(const cJSON *object, const char *member)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, member);
    return cJSON_IsNumber(item) ? item->valueint : -1;
}

struct bytes hex_of(const cJSON *object, const char *member)
{
    return hex(text_of(object, member));
}

size_t wycheproof(const char *test, const char *name,
                  bool (*visit)(struct bench *b, const cJSON *group, const cJSON *vector))
{
    char path[256];
    snprintf(path, sizeof path, "wycheproof/%s", name);
    cJSON *json = vectors_json(test, path);
    size_t taken = 0;
    for (size_t i = 0; real_providers[i] != NULL; i++) {
        struct bench b = bench_open(real_providers[i]());
        const cJSON *group, *vector;
        cJSON_ArrayForEach(group, cJSON_GetObjectItemCaseSensitive(json, "testGroups"))
        {
            cJSON_ArrayForEach(vector, cJSON_GetObjectItemCaseSensitive(group, "tests"))
            {
                taken += visit(&b, group, vector);
                pool_reset();
            }
        }
        bench_close(&b);
    }
    cJSON_Delete(json);
    print_message("%s: %zu vectors\n", name, taken);
    return taken;
}

void rsp_open(struct rsp *rsp, const char *test, const char *name)
{
    char path[1024] = "";
    FILE *list = popen("dpkg -L python3-cryptography-vectors 2>/dev/null | grep '/cryptography_vectors$'", "r");
    if (list != NULL) {
        if (fgets(path, 512, list) == NULL) {
            path[0] = '\0';
        }
        pclose(list);
    }
    path[strcspn(path, "\n")] = '\0';
    *rsp = (struct rsp){0};
    if (path[0] != '\0') {
        snprintf(path + strlen(path), sizeof path - strlen(path), "/%s", name);
        rsp->text = file_text(path);
    }
    if (rsp->text == NULL) {
        loud_skip(test, name, "Debian's python3-cryptography-vectors is not installed");
    }
    rsp->at = rsp->text;
}

void rsp_close(struct rsp *rsp)
{
    free(rsp->text);
}

void rsp_need(const char *test, const char *name)
{
    struct rsp rsp;
    rsp_open(&rsp, test, name);
    rsp_close(&rsp);
}

const char *rsp_text(const struct rsp *rsp, const char *name)
{
    for (size_t i = 0; i < rsp->count; i++) {
        if (strcmp(rsp->fields[i].name, name) == 0) {
            return rsp->fields[i].value;
        }
    }
    return NULL;
}

struct bytes rsp_hex(const struct rsp *rsp, const char *name)
{
    const char *text = rsp_text(rsp, name);
    return hex(text != NULL ? text : "");
}

static bool rsp_split(char *line, const char **name, const char **value)
{
    char *equal = strchr(line, '=');
    if (equal == NULL || line[0] == '#' || line[0] == '[') {
        return false;
    }
    char *end = equal;
    while (end > line && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    *end = '\0';
    equal += 1 + strspn(equal + 1, " \t");
    equal[strcspn(equal, "\r")] = '\0';
    *name = line;
    *value = equal;
    return true;
}

bool rsp_next(struct rsp *rsp, const char *first)
{
    rsp->count = 0;
    rsp->failed = false;
    while (*rsp->at != '\0') {
        char *line = rsp->at;
        const char *name, *value;
        size_t length = strcspn(line, "\n");
        bool starts = strncmp(line, first, strlen(first)) == 0 && strchr(" =", line[strlen(first)]) != NULL;
        if ((starts || line[0] == '[') && rsp->count > 0) {
            return true;
        }
        rsp->at += length + (line[length] == '\n');
        line[length] = '\0';
        if (line[0] == '[') {
            rsp->section = line;
        } else if (strncmp(line, "FAIL", 4) == 0) {
            rsp->failed = true;
        } else if ((starts || rsp->count > 0) && rsp_split(line, &name, &value) && rsp->count < RSP_FIELDS) {
            rsp->fields[rsp->count].name = name;
            rsp->fields[rsp->count++].value = value;
        }
    }
    return rsp->count > 0;
}
