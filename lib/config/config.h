/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: a gateway as JSON. Data flows
 *
 *   text ──json_scan──> (size, depth, UTF-8, RFC 8259's strictness) ──cJSON──> tree
 *   tree ──json_read──> model of params structs, by the one table of fields (lib/gateway/params)
 *   model ──config_check──> a private engine that no one drives: the same validation as the real one, all errors collected
 *   model ──config_apply──> objects of the caller's engine
 *   model ──config_diff──> the smallest change from an older model
 *   patch ──json_merge──> the tunnel's object in the tree ──json_read──> params ──> s2s_connection_update
 *   objects ──status_json──> text in the shape of the configuration, by the same table
 *
 * Two trees are kept: what the file said, and what holds now (the file and the patches). A reload takes from the second
 * what the file did not change (a three-way merge), so that a patch holds until the file's value changes. Errors carry the
 * JSON path, the value (never a secret, nor the value of a key that is not known) and the rule.
 */
#ifndef S2SI_CONFIG_CONFIG_H
#define S2SI_CONFIG_CONFIG_H

#include <cjson/cJSON.h>
#include <s2svpn/config.h>

#include "lib/gateway/params.h"
#include "lib/gateway/profile.h"

/* More errors than this are counted, not listed. */
#define S2SI_CONFIG_ERRORS 500u

/* A configuration as params structs, all owned. */
struct s2si_model {
    struct s2s_gateway_params gateway;
    struct s2s_customer_gateway_params *customer_gateways;
    size_t customer_gateway_count;
    struct s2s_connection_params *connections;
    size_t connection_count;
    struct s2s_route_params *routes;
    size_t route_count;
    enum s2s_config_kernel kernel;
};

struct s2s_config {
    struct s2si_mem mem;
    struct s2si_errors read_errors; /* of reading: they hold as long as the text does */
    struct s2si_errors errors;      /* of the last call */
    s2s_config_read_function read_file;
    s2s_config_free_function free_file;
    char *folder;            /* NULL = the working folder */
    unsigned mode;           /* of the file, 0 = no file */
    cJSON *file, *document;  /* what the file said; what holds now */
    struct s2si_model model; /* of document */
};

/* ---- config.c ---- */
void s2si_model_unset(struct s2si_model *model);
void s2si_model_free(struct s2si_mem *mem, struct s2si_model *model);
/* Frees a tree, its texts wiped. NULL is allowed. */
void s2si_json_free_tree(cJSON *tree);
/* Adds an error unless one stands at the same path already, or there are too many. value NULL = none. */
void s2si_config_add(struct s2si_errors *errors, bool warning, const char *path, const char *value, const char *rule);
/* The same with the name of the rule for programs (static text or NULL). */
void s2si_config_add_coded(struct s2si_errors *errors, bool warning, const char *code, const char *path,
                           const char *value, const char *rule);
bool s2si_config_has(const struct s2si_errors *errors, const char *path);
/* Starts the list of the last call anew with the errors of reading. */
void s2si_config_begin(struct s2s_config *config);
/* 0, S2S_ERR_CONFIG or S2S_ERR_NO_MEMORY by a list. */
int s2si_config_result(const struct s2si_errors *errors);

/* ---- json_scan.c ---- */
/* Length of the UTF-8 sequence that text starts with, 0 if none does (RFC 3629 section 4). text[0] is 0x80 or more. */
size_t s2si_utf8_length(const unsigned char *text, size_t left);
/* Refuses what a JSON text of ours cannot be before it is parsed. @return NULL or the rule; *at is where. */
const char *s2si_json_scan(const char *text, size_t length, unsigned max_depth, size_t *at);

/* ---- json_keys.c ---- */
/* The nearest of count words, or NULL when none is near. */
const char *s2si_nearest(const char *word, const char *const *words, size_t count);
/* Walks the tree: a key that stands twice in an object, an object with too many keys. */
void s2si_json_check_keys(const cJSON *tree, struct s2si_errors *errors);
/* Text that may be printed anywhere: control characters are replaced, and it is cut. Returns out. */
char *s2si_printable(const char *text, char *out, size_t size);
/* A value for an error list: scalars as they stand, lists and objects by name. Returns out. */
char *s2si_json_shown(const cJSON *value, char *out, size_t size);

/* ---- json_value.c ---- */
/* Reads one value into a field (not OBJECTS); errors at the present path. @return 0 (a refused value too) or
 * S2S_ERR_NO_MEMORY. */
int s2si_json_value(struct s2si_mem *mem, const struct s2si_field *field, const cJSON *value, void *params,
                    struct s2si_errors *errors);
bool s2si_field_is_secret(const struct s2si_field *field);
/* By name, or NULL when it is not known or not built. */
const struct s2s_profile *s2si_profile_by_name(const char *name);

/* ---- json_read.c ---- */
/* Reads a whole document into an unset model. @return 0 or S2S_ERR_NO_MEMORY; what is wrong is in errors. */
int s2si_json_read(struct s2s_config *config, const cJSON *document, struct s2si_model *model,
                   struct s2si_errors *errors);
/* Reads one tunnel object. The path of errors stands at it. */
int s2si_json_read_tunnel(struct s2s_config *config, const cJSON *object, struct s2s_tunnel_params *tunnel,
                          struct s2si_errors *errors);

/* ---- config_check.c ---- */
/* What is wrong between the parts of a model: names that stand twice, names of nobody, routes that stand twice. Errors
   are added to config->errors. */
void s2si_config_check_names(struct s2s_config *config);
/* s2s_config_check, and a look at the objects in the private engine before it ends (seen may be NULL). */
typedef void (*s2si_config_seen_function)(struct s2s_config *config, const s2s_gateway *gateway, void *user);
int s2si_config_check_with(s2s_config *config, const struct s2s_crypto_provider *provider,
                           s2si_config_seen_function seen, void *user);

/* ---- config_apply.c ---- */
/* Takes the engine's errors over; their path up to the object is replaced by prefix ("connections[2]"). */
void s2si_config_collect(struct s2s_config *config, const s2s_engine *engine, const char *prefix);
/* Adds what an object refused without a list of errors; 0 and S2S_ERR_CONFIG are no case of that. */
void s2si_config_refused(struct s2s_config *config, const s2s_engine *engine, const char *prefix, int error);

/* ---- json_merge.c ---- */
/* RFC 7396: a new tree. NULL when there is no memory. */
cJSON *s2si_json_merge_patch(const cJSON *target, const cJSON *patch);
/* now, with what differs between before and after taken from after. A new tree, or NULL. */
cJSON *s2si_json_merge_three(const cJSON *before, const cJSON *now, const cJSON *after);

/* ---- json_write.c ---- */
/* One value as JSON, or NULL when memory ran out. The field is set and no secret. */
cJSON *s2si_json_value_of(const struct s2si_field *field, const void *params, const struct s2s_profile *profile);
/* Adds the value of a field to an object, in the profile's words, at its key path ("ike.lifetime" inside "ike"). What
   is not set and what is secret is left out. @return 0 or S2S_ERR_NO_MEMORY. */
int s2si_json_put(cJSON *object, const struct s2si_field *field, const void *params, const struct s2s_profile *profile);
/* All fields of a params struct (OBJECTS left out). */
int s2si_json_put_all(cJSON *object, enum s2si_object kind, const void *params, const struct s2s_profile *profile);

#endif
