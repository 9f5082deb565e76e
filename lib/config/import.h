/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device files, inward. Data flows
 *
 *   text ──import_{generic,xml,aws,alibaba}──> fields: a path and a value each
 *   field ──import_fields──> plan, by the table of rows that belongs to the kind of file; a field without a row is a
 * warning plan ──import_write──> configuration, in the words of the profile that the new gateway has
 *
 * The plan has two sides, "cloud" (who wrote the file) and "peer" (the customer gateway); only import_write knows which
 * of them we become. So AWS's turned words are turned in one place: in its rows.
 */
#ifndef S2SI_CONFIG_IMPORT_H
#define S2SI_CONFIG_IMPORT_H

#include <s2svpn/device_files.h>

#include "lib/base/base.h"
#include "lib/config/config.h"

/* Set by the build where expat is there (S2S_EXPAT). */
#ifndef S2S_HAVE_EXPAT
#define S2S_HAVE_EXPAT 0
#endif

enum {
    S2SI_PLAN_TUNNELS = 2,
    S2SI_PLAN_CONNECTIONS = 16,
    S2SI_PLAN_NETWORKS = 32,
    S2SI_PLAN_TEXT = 256,
    S2SI_IMPORT_ROWS = 96
};

/* What a file says of one tunnel. Family 0, "" and unset: it says nothing. */
struct s2si_plan_tunnel {
    bool given;
    struct s2s_addr cloud_outside, peer_outside, cloud_inside, peer_inside;
    struct s2s_prefix inside;
    uint32_t cloud_asn, peer_asn;
    char id[64]; /* the file's own, by which its lists refer to the tunnel */
    char psk[S2SI_PLAN_TEXT], cloud_id[S2SI_PLAN_TEXT], peer_id[S2SI_PLAN_TEXT], peer_name[S2SI_PLAN_TEXT];
    int dpd_retries, inside_length;
    struct s2s_tunnel_params params; /* numbers and algorithms alone */
    bool seen[S2SI_IMPORT_ROWS];
};

struct s2si_networks {
    size_t count;
    struct s2s_prefix items[S2SI_PLAN_NETWORKS];
};

struct s2si_plan_connection {
    char name[S2SI_PLAN_TEXT], gateway[S2SI_PLAN_TEXT], peer[S2SI_PLAN_TEXT];
    int bgp, effect_immediately, auto_config_route, dpd_enable, nat_traversal;
    struct s2si_networks cloud_subnets, peer_subnets, routes; /* routes: static ones of the cloud, toward the peer */
    struct s2si_plan_tunnel tunnels[S2SI_PLAN_TUNNELS];
    bool seen[S2SI_IMPORT_ROWS];
};

struct s2s_import {
    struct s2si_mem mem;
    struct s2si_errors errors;
    struct s2s_import_options options; /* borrowed texts, valid during the call */
    const struct s2s_profile *profile;
    const char *cloud;       /* "aws" or "alibaba" */
    bool as_cloud;           /* we become the file's cloud, else its peer */
    size_t file, file_count; /* file counts from 1 */
    struct s2s_import_counts counts;
    struct s2si_plan_connection *connections;
    size_t connection_count;
    char *text;
};

/* Where a field belongs. tunnel is NULL for fields of the connection. */
struct s2si_place {
    struct s2s_import *import;
    struct s2si_plan_connection *connection;
    struct s2si_plan_tunnel *tunnel;
};

/* How to take a field. offset is into the tunnel (tunnel rows) or the connection. set returns NULL or the rule that the
   value breaks, which refuses the file. A row without set is a note: the field is named in a warning with this reason.
 */
struct s2si_import_row {
    const char *path; /* with "[]" for elements of lists */
    const char *(*set)(const struct s2si_place *place, const struct s2si_import_row *row, const char *value);
    size_t offset;
    int which;         /* by set: transform type, or a flag */
    const char *note;  /* beside set: warned too, when we become the peer (the cloud's own settings) */
    bool secret, many; /* never shown; may stand several times */
};

/* ---- import_fields.c ---- */
/* Takes one field: path for the table, shown for people. */
void s2si_import_field(const struct s2si_place *place, const struct s2si_import_row *rows, size_t count,
                       const char *path, const char *shown, const char *value);
void s2si_import_refuse(struct s2s_import *import, const char *path, const char *value, const char *rule);
void s2si_import_warn(struct s2s_import *import, const char *path, const char *value, const char *rule);
/* The next connection, unset; NULL when there are too many (refused). */
struct s2si_plan_connection *s2si_import_connection(struct s2s_import *import);
/* Reads "10.0.0.0/16,10.1.0.0/16"; host bits are refused. @return NULL or the rule. */
const char *s2si_networks_read(struct s2si_networks *networks, const char *text);

#define S2SI_SETTER(name)                                                                                              \
    const char *name(const struct s2si_place *place, const struct s2si_import_row *row, const char *value)
S2SI_SETTER(s2si_set_text); /* char[S2SI_PLAN_TEXT] */
S2SI_SETTER(
    s2si_set_address); /* struct s2s_addr; "10.0.0.1" or "10.0.0.1/30", whose network becomes the inside network */
S2SI_SETTER(s2si_set_prefix);    /* struct s2s_prefix */
S2SI_SETTER(s2si_set_networks);  /* struct s2si_networks, of the connection */
S2SI_SETTER(s2si_set_asn);       /* uint32_t; with which set: the connection does BGP */
S2SI_SETTER(s2si_set_number);    /* int; "28800" or "28800 seconds" */
S2SI_SETTER(s2si_set_flag);      /* int: true, false */
S2SI_SETTER(s2si_set_not);       /* int: the opposite */
S2SI_SETTER(s2si_set_algorithm); /* struct s2s_algorithm_list; which: enum s2s_transform_type */
S2SI_SETTER(s2si_set_version);   /* params.ike_version, adds: IKEv1, ikev2 */
S2SI_SETTER(s2si_set_startup);   /* params.startup_action */
S2SI_SETTER(s2si_set_dpd_action);
S2SI_SETTER(s2si_set_fixed); /* must be what note says (the only value that we have); nothing is stored */

/* ---- readers: one text each; what is wrong is in import->errors. @return 0, S2S_ERR_NO_MEMORY, S2S_ERR_UNSUPPORTED
 * ---- */
int s2si_import_generic(struct s2s_import *import, const char *text, size_t length);
int s2si_import_xml(struct s2s_import *import, const char *text, size_t length);
int s2si_import_aws(struct s2s_import *import, const char *text, size_t length);
int s2si_import_alibaba(struct s2s_import *import, const char *text, size_t length);
int s2si_import_download(struct s2s_import *import, const char *text, size_t length);
/* The XML of one connection into it (describe-vpn-connections carries it); prefix leads the shown paths. */
int s2si_import_xml_connection(struct s2s_import *import, struct s2si_plan_connection *connection, const char *prefix,
                               const char *text, size_t length);

/* ---- import_json.c ---- */
/* Parses strictly; NULL when the text is refused (or memory is gone: *error). */
cJSON *s2si_import_tree(struct s2s_import *import, const char *text, size_t length, int *error);
/* Which tunnel an element of a list is about; NULL refuses it. */
typedef struct s2si_plan_tunnel *(*s2si_which_tunnel)(const struct s2si_place *place, const cJSON *element,
                                                      size_t index);
/* Whether a connection of a list is the chosen one (options->connection), by its id or name; if not, a warning at path
 * says so. */
bool s2si_import_chosen(struct s2s_import *import, const char *path, const cJSON *object);
/* Leaves a whole object out: one warning, and its fields are counted. */
void s2si_import_skip(struct s2s_import *import, const char *path, const cJSON *object, const char *value,
                      const char *rule);
/* Alibaba's answers wrap some lists: {"TunnelOptionsSpecification": {"TunnelOptions": [..]}}. An object at key that holds
 * nothing but a list becomes that list, so that both shapes have one path. @return false without memory. */
bool s2si_import_unwrap(cJSON *object, const char *key);
/* Walks an object of one connection. Lists at the paths tunnels ("Options.TunnelOptions") hold tunnels. */
struct s2si_json_walk {
    struct s2si_place place;
    const struct s2si_import_row *rows;
    size_t row_count;
    const char *tunnels[2], *prefix; /* prefix leads the shown paths */
    s2si_which_tunnel which;
};
void s2si_import_walk(const struct s2si_json_walk *walk, const cJSON *object);

/* ---- import_write.c ---- */
/* Makes import->text. @return 0, S2S_ERR_CONFIG or S2S_ERR_NO_MEMORY. */
int s2si_import_write(struct s2s_import *import);

#endif
