/* SPDX-License-Identifier: Apache-2.0 */
/* One field of a file into the plan, by its row. */
#include "lib/config/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 96 };

/* ---- what is said about a field ---- */

static void tell(struct s2s_import *import, bool warning, const char *path, const char *value, const char *rule)
{
    char whole[240], printable[200], shown[SHOWN];

    s2si_printable(path, printable, sizeof(printable));
    if (import->file_count > 1 && import->file) {
        snprintf(whole, sizeof(whole), "file %zu: %s", import->file, printable);
    } else {
        snprintf(whole, sizeof(whole), "%s", printable);
    }
    s2si_config_add(&import->errors, warning, whole, value ? s2si_printable(value, shown, sizeof(shown)) : NULL, rule);
}

void s2si_import_refuse(struct s2s_import *import, const char *path, const char *value, const char *rule)
{
    tell(import, false, path, value, rule);
}

void s2si_import_warn(struct s2s_import *import, const char *path, const char *value, const char *rule)
{
    tell(import, true, path, value, rule);
}

struct s2si_plan_connection *s2si_import_connection(struct s2s_import *import)
{
    struct s2si_plan_connection *connection;

    if (import->connection_count == S2SI_PLAN_CONNECTIONS) {
        s2si_import_refuse(import, "", NULL, "holds too many connections (more than 16)");
        return NULL;
    }
    connection = &import->connections[import->connection_count++];
    memset(connection, 0, sizeof(*connection));
    connection->bgp = connection->effect_immediately = connection->auto_config_route = S2S_UNSET;
    connection->dpd_enable = connection->nat_traversal = S2S_UNSET;
    for (size_t i = 0; i < S2SI_PLAN_TUNNELS; i++) {
        connection->tunnels[i].dpd_retries = connection->tunnels[i].inside_length = S2S_UNSET;
        s2s_tunnel_params_init(&connection->tunnels[i].params, sizeof(connection->tunnels[i].params));
    }
    return connection;
}

/* ---- the table ---- */

static const struct s2si_import_row *find(const struct s2si_import_row *rows, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].path, path) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* The row of a whole object or list around the path that is a note: all that is in it is left out for one reason. */
static const struct s2si_import_row *find_around(const struct s2si_import_row *rows, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(rows[i].path);
        if (!rows[i].set && strncmp(rows[i].path, path, length) == 0 && (path[length] == '.' || path[length] == '[')) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Whether this row was met before in this tunnel or connection. */
static bool again(const struct s2si_place *place, size_t row)
{
    bool *seen = place->tunnel ? place->tunnel->seen : place->connection->seen, before;

    if (row >= S2SI_IMPORT_ROWS) {
        return false;
    }
    before = seen[row];
    seen[row] = true;
    return before;
}

void s2si_import_field(const struct s2si_place *place, const struct s2si_import_row *rows, size_t count,
                       const char *path, const char *shown, const char *value)
{
    const struct s2si_import_row *row = find(rows, count, path);
    struct s2s_import_counts *counts = &place->import->counts;
    const char *rule;

    counts->fields++;
    if (!row && (row = find_around(rows, count, path)) != NULL) {
        counts->noted++;
        s2si_import_warn(place->import, shown, NULL, row->note);
        return;
    }
    if (!row) {
        counts->unknown++;
        s2si_import_warn(place->import, shown, NULL, "is not known here and was left out");
        return;
    }
    if (!row->many && again(place, (size_t)(row - rows))) {
        s2si_import_refuse(place->import, shown, NULL, "stands twice");
        return;
    }
    if (!row->set || (row->note && row->set != s2si_set_fixed && !place->import->as_cloud)) {
        counts->noted++;
        s2si_import_warn(place->import, shown, row->secret ? NULL : value, row->note);
        return;
    }
    counts->carried++;
    rule = row->set(place, row, value);
    if (rule) {
        s2si_import_refuse(place->import, shown, row->secret ? NULL : value, rule);
    }
}

/* ---- setters ---- */

static void *target(const struct s2si_place *place, const struct s2si_import_row *row)
{
    return (place->tunnel ? (char *)place->tunnel : (char *)place->connection) + row->offset;
}

S2SI_SETTER(s2si_set_text)
{
    size_t length = strlen(value);

    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f) {
            return "holds no control characters";
        }
    }
    if (length >= S2SI_PLAN_TEXT) {
        return "is at most 255 characters";
    }
    memcpy(target(place, row), value, length + 1);
    return NULL;
}

/* "169.254.10.2/30": the address, and the network around it. */
static bool with_length(const char *value, struct s2s_addr *address, struct s2s_prefix *network)
{
    char text[S2S_ADDR_TEXT];
    size_t head = strcspn(value, "/");
    char *end;
    unsigned long length;

    if (value[head] != '/' || head >= sizeof(text) || value[head + 1] < '0' || value[head + 1] > '9') {
        return false;
    }
    memcpy(text, value, head);
    text[head] = '\0';
    length = strtoul(value + head + 1, &end, 10);
    if (*end || s2s_addr_parse(text, address) || length > (address->family == 4 ? 32u : 128u)) {
        return false;
    }
    network->addr = *address;
    network->length = (uint8_t)length;
    s2si_prefix_mask(network);
    return true;
}

S2SI_SETTER(s2si_set_address)
{
    struct s2s_addr *out = target(place, row), address;
    struct s2s_prefix network;

    if (with_length(value, &address, &network)) {
        if (place->tunnel) {
            place->tunnel->inside = network;
        }
    } else if (s2s_addr_parse(value, &address)) {
        return "is an IP address";
    }
    if (out->family && !s2si_addr_equal(out, &address)) {
        return "differs from the same address elsewhere in the file";
    }
    *out = address;
    return NULL;
}

S2SI_SETTER(s2si_set_prefix)
{
    return s2s_prefix_parse(value, target(place, row)) ? "is a prefix such as 169.254.10.0/30" : NULL;
}

const char *s2si_networks_read(struct s2si_networks *networks, const char *text)
{
    char one[S2S_ADDR_TEXT];

    while (*text) {
        size_t length = strcspn(text, ",");
        if (networks->count == S2SI_PLAN_NETWORKS) {
            return "are at most 32 networks";
        }
        if (length == 0 || length >= sizeof(one)) {
            return "is a list of prefixes such as 10.0.0.0/16,10.1.0.0/16";
        }
        memcpy(one, text, length);
        one[length] = '\0';
        if (s2s_prefix_parse(one, &networks->items[networks->count++])) {
            return "is a list of prefixes such as 10.0.0.0/16,10.1.0.0/16";
        }
        text += length + (text[length] == ',');
        text += strspn(text, " ");
    }
    return NULL;
}

S2SI_SETTER(s2si_set_networks)
{
    return s2si_networks_read((struct s2si_networks *)(void *)((char *)place->connection + row->offset), value);
}

/* Decimal digits, up to most. */
static bool decimal(const char *text, uint64_t most, uint64_t *out, const char **end)
{
    *out = 0;
    if (*text < '0' || *text > '9') {
        return false;
    }
    for (; *text >= '0' && *text <= '9'; text++) {
        *out = *out * 10 + (uint64_t)(*text - '0');
        if (*out > most) {
            return false;
        }
    }
    *end = text;
    return true;
}

S2SI_SETTER(s2si_set_asn)
{
    uint32_t *out = target(place, row);
    uint64_t high, low = 0;
    const char *end;

    if (!decimal(value, UINT32_MAX, &high, &end)) {
        return "is an AS number";
    }
    if (*end == '.') { /* asdot, RFC 5396 */
        if (high > 65535 || !decimal(end + 1, 65535, &low, &end)) {
            return "is an AS number";
        }
        high = high << 16 | low;
    }
    if (*end || high == 0) {
        return "is an AS number";
    }
    *out = (uint32_t)high;
    if (row->which) {
        place->connection->bgp = 1;
    }
    return NULL;
}

S2SI_SETTER(s2si_set_number)
{
    int *out = target(place, row);
    uint64_t number;
    const char *end;

    if (!decimal(value, INT32_MAX, &number, &end) || (*end && strcmp(end, " seconds") != 0)) {
        return "is a whole number";
    }
    *out = (int)number;
    return NULL;
}

static int truth(const char *value)
{
    return strcmp(value, "true") == 0 ? 1 : strcmp(value, "false") == 0 ? 0 : S2S_UNSET;
}

S2SI_SETTER(s2si_set_flag)
{
    int *out = target(place, row);
    *out = truth(value);
    return *out == S2S_UNSET ? "is true or false" : NULL;
}

S2SI_SETTER(s2si_set_not)
{
    int *out = target(place, row), is = truth(value);
    *out = is == S2S_UNSET ? is : !is;
    return is == S2S_UNSET ? "is true or false" : NULL;
}

/* "Diffie-Hellman Group 2", "Group 2" and "group2" are "2". */
static const char *bare_group(const char *value)
{
    static const char *const heads[] = {"Diffie-Hellman ", "Group "};

    for (size_t i = 0; i < S2SI_COUNT(heads); i++) {
        size_t length = strlen(heads[i]);
        value += strncmp(value, heads[i], length) == 0 ? length : 0;
    }
    return value;
}

S2SI_SETTER(s2si_set_algorithm)
{
    struct s2s_algorithm_list *list = target(place, row);
    bool group = row->which == S2S_TRANSFORM_GROUP, none = group && strcmp(value, "disabled") == 0;
    enum s2s_algorithm algorithm =
        s2s_algorithm_find((enum s2s_transform_type)row->which, group ? bare_group(value) : value);

    if (algorithm == S2S_ALG_NONE && !none) {
        return "is no algorithm that is known here";
    }
    if (list->count == S2S_ALGORITHMS) {
        return "are at most 16";
    }
    list->items[list->count++] = (uint16_t)algorithm;
    return NULL;
}

S2SI_SETTER(s2si_set_version)
{
    bool v1 = strcmp(value, "ikev1") == 0 || strcmp(value, "IKEv1") == 0;
    int *version = &place->tunnel->params.ike_version;

    (void)row;
    if (!v1 && strcmp(value, "ikev2") != 0 && strcmp(value, "IKEv2") != 0) {
        return "is ikev1 or ikev2";
    }
    *version = (*version == S2S_UNSET ? 0 : *version) | (v1 ? S2S_IKEV1 : S2S_IKEV2);
    return NULL;
}

S2SI_SETTER(s2si_set_startup)
{
    (void)row;
    place->tunnel->params.startup_action = strcmp(value, "start") == 0 ? S2S_STARTUP_START : S2S_STARTUP_ADD;
    return strcmp(value, "start") == 0 || strcmp(value, "add") == 0 ? NULL : "is add or start";
}

S2SI_SETTER(s2si_set_dpd_action)
{
    static const char *const words[] = {"clear", "none", "restart"};

    (void)row;
    for (size_t i = 0; i < S2SI_COUNT(words); i++) {
        if (strcmp(words[i], value) == 0) {
            place->tunnel->params.dpd_action = (int)i;
            return NULL;
        }
    }
    return "is clear, none or restart";
}

S2SI_SETTER(s2si_set_fixed)
{
    if (strcmp(value, row->note) != 0) {
        place->import->counts.carried--;
        place->import->counts.noted++;
        s2si_import_warn(place->import, row->path, value,
                         "has another value here, which cannot be changed; it was left out");
    }
    return NULL;
}
