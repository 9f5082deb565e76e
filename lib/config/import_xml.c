/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS's CustomerGatewayConfiguration by expat: an element's path and text are a field. Hostile texts are stopped before
 * they cost anything: a document type (entities) is refused, depth and the text of an element are bounded, the encoding
 * is UTF-8 whatever the declaration says.
 */
#include <stdio.h>
#include <string.h>

#include "lib/config/import.h"

#if S2S_HAVE_EXPAT
#include <expat.h>

#define TUNNEL(member) offsetof(struct s2si_plan_tunnel, member)
#define CONNECTION(member) offsetof(struct s2si_plan_connection, member)
#define T "vpn_connection.ipsec_tunnel."
#define SAME_MTU "is computed here from the algorithms; it was left out"

static const struct s2si_import_row rows[] = {
    {.path = "vpn_connection@id", .set = s2si_set_text, .offset = CONNECTION(name)},
    {.path = "vpn_connection.customer_gateway_id", .set = s2si_set_text, .offset = CONNECTION(peer)},
    {.path = "vpn_connection.vpn_gateway_id", .set = s2si_set_text, .offset = CONNECTION(gateway)},
    {.path = "vpn_connection.transit_gateway_id", .set = s2si_set_text, .offset = CONNECTION(gateway)},
    {.path = "vpn_connection.vpn_connection_type", .set = s2si_set_fixed, .note = "ipsec.1"},
    {.path = "vpn_connection.vpn_connection_attributes", .note = "is not needed here; it was left out"},
    {.path = T "customer_gateway.tunnel_outside_address.ip_address",
     .set = s2si_set_address,
     .offset = TUNNEL(peer_outside)},
    {.path = T "customer_gateway.tunnel_inside_address.ip_address",
     .set = s2si_set_address,
     .offset = TUNNEL(peer_inside)},
    {.path = T "customer_gateway.tunnel_inside_address.network_mask", .set = s2si_set_fixed, .note = "255.255.255.252"},
    {.path = T "customer_gateway.tunnel_inside_address.network_cidr",
     .set = s2si_set_number,
     .offset = TUNNEL(inside_length)},
    {.path = T "customer_gateway.bgp.asn", .set = s2si_set_asn, .offset = TUNNEL(peer_asn), .which = 1},
    {.path = T "customer_gateway.bgp.hold_time", .set = s2si_set_number, .offset = TUNNEL(params.bgp_hold_time)},
    {.path = T "vpn_gateway.tunnel_outside_address.ip_address",
     .set = s2si_set_address,
     .offset = TUNNEL(cloud_outside)},
    {.path = T "vpn_gateway.tunnel_inside_address.ip_address", .set = s2si_set_address, .offset = TUNNEL(cloud_inside)},
    {.path = T "vpn_gateway.tunnel_inside_address.network_mask", .set = s2si_set_fixed, .note = "255.255.255.252"},
    {.path = T "vpn_gateway.tunnel_inside_address.network_cidr",
     .set = s2si_set_number,
     .offset = TUNNEL(inside_length)},
    {.path = T "vpn_gateway.bgp.asn", .set = s2si_set_asn, .offset = TUNNEL(cloud_asn), .which = 1},
    {.path = T "vpn_gateway.bgp.hold_time", .set = s2si_set_number, .offset = TUNNEL(params.bgp_hold_time)},
    {.path = T "ike.authentication_protocol",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_integrity),
     .which = S2S_TRANSFORM_INTEGRITY},
    {.path = T "ike.encryption_protocol",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_encryption),
     .which = S2S_TRANSFORM_ENCRYPTION},
    {.path = T "ike.lifetime", .set = s2si_set_number, .offset = TUNNEL(params.ike_lifetime)},
    {.path = T "ike.perfect_forward_secrecy",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_dh_group),
     .which = S2S_TRANSFORM_GROUP},
    {.path = T "ike.mode", .set = s2si_set_fixed, .note = "main"}, /* of IKEv1; IKEv2 has no modes */
    {.path = T "ike.pre_shared_key", .set = s2si_set_text, .offset = TUNNEL(psk), .secret = true},
    {.path = T "ipsec.protocol", .set = s2si_set_fixed, .note = "esp"},
    {.path = T "ipsec.authentication_protocol",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_integrity),
     .which = S2S_TRANSFORM_INTEGRITY},
    {.path = T "ipsec.encryption_protocol",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_encryption),
     .which = S2S_TRANSFORM_ENCRYPTION},
    {.path = T "ipsec.lifetime", .set = s2si_set_number, .offset = TUNNEL(params.ipsec_lifetime)},
    {.path = T "ipsec.perfect_forward_secrecy",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_pfs),
     .which = S2S_TRANSFORM_GROUP},
    {.path = T "ipsec.mode", .set = s2si_set_fixed, .note = "tunnel"},
    {.path = T "ipsec.clear_df_bit", .note = "is decided here by the kernel; it was left out"},
    {.path = T "ipsec.fragmentation_before_encryption", .note = "is what this library does; it was left out"},
    {.path = T "ipsec.tcp_mss_adjustment", .note = SAME_MTU},
    {.path = T "ipsec.dead_peer_detection.interval", .set = s2si_set_number, .offset = TUNNEL(params.dpd_delay)},
    {.path = T "ipsec.dead_peer_detection.retries", .set = s2si_set_number, .offset = TUNNEL(dpd_retries)},
};

enum { DEPTH = 12, PATH = 200, VALUE = 1024 };

struct reader {
    XML_Parser parser;
    struct s2si_place place;
    const char *prefix;
    char path[PATH], value[VALUE];
    size_t lengths[DEPTH], value_length; /* of the path at each depth */
    unsigned depth, tunnels;
    bool leaf, stopped;
};

static void stop(struct reader *reader, const char *rule)
{
    if (!reader->stopped) {
        s2si_import_refuse(reader->place.import, reader->prefix[0] ? reader->prefix : reader->path, NULL, rule);
    }
    reader->stopped = true;
    XML_StopParser(reader->parser, XML_FALSE);
}

/* expat takes malloc's word; a document type is where entities come from. */
static void on_doctype(void *user, const char *name, const char *system, const char *public_id, int internal)
{
    (void)name, (void)system, (void)public_id, (void)internal;
    stop(user, "holds a document type; entities are not read");
}

static void field(struct reader *reader, const char *path, const char *value)
{
    char shown[2 * PATH];
    const char *rest = strncmp(path, T, sizeof(T) - 1) == 0 ? path + sizeof(T) - 1 : NULL;

    if (rest) {
        snprintf(shown, sizeof(shown), "%svpn_connection.ipsec_tunnel[%u].%s", reader->prefix, reader->tunnels - 1,
                 rest);
    } else {
        snprintf(shown, sizeof(shown), "%s%s", reader->prefix, path);
    }
    s2si_import_field(&reader->place, rows, S2SI_COUNT(rows), path, shown, value);
}

static void attributes(struct reader *reader, const char **list)
{
    char path[PATH];

    for (; list[0]; list += 2) {
        int length = snprintf(path, sizeof(path), "%s@%s", reader->path, list[0]);
        if (length < 0 || length >= PATH || strlen(list[1]) >= VALUE) {
            stop(reader, "holds an attribute that is too long");
            return;
        }
        field(reader, path, list[1]);
    }
}

static void on_start(void *user, const char *name, const char **list)
{
    struct reader *reader = user;
    size_t length = strlen(reader->path);
    int added;

    if (reader->stopped) {
        return;
    }
    added =
        reader->depth < DEPTH ? snprintf(reader->path + length, PATH - length, "%s%s", length ? "." : "", name) : -1;
    if (added < 0 || (size_t)added >= PATH - length) {
        stop(reader, "holds elements that stand too deep or have names that are too long");
        return;
    }
    reader->lengths[reader->depth++] = length;
    reader->leaf = true;
    reader->value_length = 0;
    if (strcmp(reader->path, "vpn_connection.ipsec_tunnel") == 0) {
        if (reader->tunnels == S2SI_PLAN_TUNNELS) {
            stop(reader, "holds more than two tunnels");
            return;
        }
        reader->place.tunnel = &reader->place.connection->tunnels[reader->tunnels++];
        reader->place.tunnel->given = true;
    }
    attributes(reader, list);
}

static void on_text(void *user, const char *text, int length)
{
    struct reader *reader = user;

    if (reader->stopped || length < 0) {
        return;
    }
    if (reader->value_length + (size_t)length >= VALUE) {
        stop(reader, "holds a text that is too long");
        return;
    }
    memcpy(reader->value + reader->value_length, text, (size_t)length);
    reader->value_length += (size_t)length;
}

/* The text of an element without white space around it. */
static const char *value_of(struct reader *reader)
{
    static const char space[] = " \t\r\n";
    char *start = reader->value;

    reader->value[reader->value_length] = '\0';
    start += strspn(start, space);
    for (size_t end = strlen(start); end > 0 && strchr(space, start[end - 1]); end--) {
        start[end - 1] = '\0';
    }
    return start;
}

static void on_end(void *user, const char *name)
{
    struct reader *reader = user;
    const char *value;

    (void)name;
    if (reader->stopped || reader->depth == 0) {
        return;
    }
    value = value_of(reader);
    if (value[0] && reader->leaf) {
        field(reader, reader->path, value);
    } else if (value[0]) {
        stop(reader, "holds text between its elements");
        return;
    }
    reader->value_length = 0;
    reader->leaf = false;
    if (strcmp(reader->path, "vpn_connection.ipsec_tunnel") == 0) {
        reader->place.tunnel = NULL;
    }
    reader->path[reader->lengths[--reader->depth]] = '\0';
}

static void parse(struct reader *reader, const char *text, size_t length)
{
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
    if (XML_Parse(reader->parser, text, (int)length, 1) == XML_STATUS_ERROR && !reader->stopped) {
        char rule[160];
        snprintf(rule, sizeof(rule), "line %lu: is not XML: %s",
                 (unsigned long)XML_GetCurrentLineNumber(reader->parser),
                 XML_ErrorString(XML_GetErrorCode(reader->parser)));
        s2si_import_refuse(reader->place.import, reader->prefix, NULL, rule);
    }
}

int s2si_import_xml_connection(struct s2s_import *import, struct s2si_plan_connection *connection, const char *prefix,
                               const char *text, size_t length)
{
    struct reader reader = {.place = {import, connection, NULL}, .prefix = prefix};

    reader.parser = XML_ParserCreate("UTF-8");
    if (!reader.parser) {
        return S2S_ERR_NO_MEMORY;
    }
    parse(&reader, text, length);
    XML_ParserFree(reader.parser);
    s2si_wipe(&reader, sizeof(reader));
    if (!connection->tunnels[0].given) {
        s2si_import_refuse(import, prefix, NULL, "is no vpn_connection with an ipsec_tunnel");
    }
    return 0;
}

#else

int s2si_import_xml_connection(struct s2s_import *import, struct s2si_plan_connection *connection, const char *prefix,
                               const char *text, size_t length)
{
    (void)connection, (void)text, (void)length;
    s2si_import_refuse(import, prefix, NULL, "is XML, and this build has no expat (S2S_EXPAT)");
    return S2S_ERR_UNSUPPORTED;
}

#endif

int s2si_import_xml(struct s2s_import *import, const char *text, size_t length)
{
    struct s2si_plan_connection *connection = s2si_import_connection(import);

    return connection ? s2si_import_xml_connection(import, connection, "", text, length) : 0;
}
