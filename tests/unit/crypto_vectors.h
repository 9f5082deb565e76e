/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all crypto tests share: the list of providers that every vector runs through, hex, and the files of vectors
 * (our JSON and Wycheproof's from S2S_VECTORS; NIST's .rsp and the RFCs' .txt from Debian's
 * python3-cryptography-vectors). A new provider is tested by adding it to real_providers.
 */
#ifndef S2SI_TEST_CRYPTO_VECTORS_H
#define S2SI_TEST_CRYPTO_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <cjson/cJSON.h>
#include <s2svpn/crypto.h>
#include <s2svpn/error.h>

/* Providers that compute the real algorithms. */
typedef const struct s2s_crypto_provider *(*provider_getter)(void);
extern const provider_getter real_providers[]; /* NULL at the end */

/* A provider with an open context, for the length of one run. */
struct bench {
    const struct s2s_crypto_provider *p;
    void *context;
};

struct bench bench_open(const struct s2s_crypto_provider *provider);
void bench_close(struct bench *b);

/* Runs a body once for each real provider. */
void each_provider(void (*body)(struct bench *b));

/* ---- hex; every result is a block of exactly its size, so that a sanitizer sees a byte too far ---- */

struct bytes {
    uint8_t *data;
    size_t length;
};

/* Frees every block that was handed out. */
void pool_reset(void);
struct bytes bytes_new(size_t length);
struct bytes bytes_copy(const void *data, size_t length);
/* Blanks between digits are allowed (RFC tables). */
struct bytes hex(const char *text);
struct s2s_span span(struct bytes b);

/* ---- files; a file that is not there skips the test (named by __func__), loudly ---- */

/* A file below S2S_VECTORS (default: ../shared/vectors beside the source tree). */
cJSON *vectors_json(const char *test, const char *name);
const char *text_of(const cJSON *object, const char *member);
int number_of(const cJSON *object, const char *member); /* -1 if it is no number */
struct bytes hex_of(const cJSON *object, const char *member);

/* Calls visit for each test of each group of a Wycheproof file, through each real provider. @return how many visit took
   (returned true). */
size_t wycheproof(const char *test, const char *name,
                  bool (*visit)(struct bench *b, const cJSON *group, const cJSON *vector));

enum { RSP_FIELDS = 24 };

/* NIST's .rsp and the RFCs' .txt: "Name = value" lines; a record ends where its first name comes again. */
struct rsp {
    char *text, *at;
    struct {
        const char *name, *value;
    } fields[RSP_FIELDS];
    size_t count;
    const char *section; /* last "[...]" line */
    bool failed;         /* the record bore the word FAIL */
};

/* name is relative to the package's folder. */
void rsp_open(struct rsp *rsp, const char *test, const char *name);
void rsp_close(struct rsp *rsp);
/* Skips the test, before it holds anything, if the file is not there. */
void rsp_need(const char *test, const char *name);
/* The next record that starts with the field first ("COUNT", "Count", "Len"). @return false at the end. */
bool rsp_next(struct rsp *rsp, const char *first);
const char *rsp_text(const struct rsp *rsp, const char *name); /* NULL if the record has no such field */
struct bytes rsp_hex(const struct rsp *rsp, const char *name);

#endif
