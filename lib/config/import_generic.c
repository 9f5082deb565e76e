/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS's Generic text: a field is a line "- Key : value" in a section "#1" to "#4" of an "IPSec Tunnel #N", or one of
 * the three names of the header. Everything else is a sentence for people, "# comments" included. AWS's spacing varies
 * from file to file (tabs before the colon, two spaces inside a key, a doubled colon), and mail wraps lines: white space
 * is one space, and a key without a value takes the next line, if that is no field itself.
 */
#include <stdio.h>
#include <string.h>

#include "lib/config/import.h"

#define TUNNEL(member) offsetof(struct s2si_plan_tunnel, member)
#define CONNECTION(member) offsetof(struct s2si_plan_connection, member)

static const struct s2si_import_row rows[] = {
    {.path = "Your VPN Connection ID", .set = s2si_set_text, .offset = CONNECTION(name)},
    {.path = "Your Virtual Private Gateway ID", .set = s2si_set_text, .offset = CONNECTION(gateway)},
    {.path = "Your Transit Gateway ID", .set = s2si_set_text, .offset = CONNECTION(gateway)},
    {.path = "Your Customer Gateway ID", .set = s2si_set_text, .offset = CONNECTION(peer)},
    {.path = "#1.IKE version", .set = s2si_set_version},
    {.path = "#1.Authentication Method", .set = s2si_set_fixed, .note = "Pre-Shared Key"},
    {.path = "#1.Pre-Shared Key", .set = s2si_set_text, .offset = TUNNEL(psk), .secret = true},
    {.path = "#1.Authentication Algorithm",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_integrity),
     .which = S2S_TRANSFORM_INTEGRITY},
    {.path = "#1.Encryption Algorithm",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_encryption),
     .which = S2S_TRANSFORM_ENCRYPTION},
    {.path = "#1.Lifetime", .set = s2si_set_number, .offset = TUNNEL(params.ike_lifetime)},
    {.path = "#1.Phase 1 Negotiation Mode", .set = s2si_set_fixed, .note = "main"},
    {.path = "#1.Diffie-Hellman",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_dh_group),
     .which = S2S_TRANSFORM_GROUP},
    {.path = "#1.Perfect Forward Secrecy",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ike_dh_group),
     .which = S2S_TRANSFORM_GROUP}, /* what files of 2018 call the group of phase 1 */
    {.path = "#2.Protocol", .set = s2si_set_fixed, .note = "esp"},
    {.path = "#2.Authentication Algorithm",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_integrity),
     .which = S2S_TRANSFORM_INTEGRITY},
    {.path = "#2.Encryption Algorithm",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_encryption),
     .which = S2S_TRANSFORM_ENCRYPTION},
    {.path = "#2.Lifetime", .set = s2si_set_number, .offset = TUNNEL(params.ipsec_lifetime)},
    {.path = "#2.Mode", .set = s2si_set_fixed, .note = "tunnel"},
    {.path = "#2.Perfect Forward Secrecy",
     .set = s2si_set_algorithm,
     .offset = TUNNEL(params.ipsec_pfs),
     .which = S2S_TRANSFORM_GROUP},
    {.path = "#2.DPD Interval", .set = s2si_set_number, .offset = TUNNEL(params.dpd_delay)},
    {.path = "#2.DPD Retries", .set = s2si_set_number, .offset = TUNNEL(dpd_retries)},
    {.path = "#2.TCP MSS Adjustment", .note = "is computed here from the algorithms; it was left out"},
    {.path = "#2.Clear Don't Fragment Bit", .note = "is decided here by the kernel; it was left out"},
    {.path = "#2.Fragmentation", .note = "before encryption is what this library does; it was left out"},
    {.path = "#3.Outside.Customer Gateway", .set = s2si_set_address, .offset = TUNNEL(peer_outside)},
    {.path = "#3.Outside.Virtual Private Gateway", .set = s2si_set_address, .offset = TUNNEL(cloud_outside)},
    {.path = "#3.Inside.Customer Gateway", .set = s2si_set_address, .offset = TUNNEL(peer_inside)},
    {.path = "#3.Inside.Virtual Private Gateway", .set = s2si_set_address, .offset = TUNNEL(cloud_inside)},
    {.path = "#3.Tunnel interface MTU", .note = "is computed here from the algorithms; it was left out"},
    {.path = "#4.Customer Gateway ASN", .set = s2si_set_asn, .offset = TUNNEL(peer_asn), .which = 1},
    {.path = "#4.Virtual Private Gateway ASN", .set = s2si_set_asn, .offset = TUNNEL(cloud_asn), .which = 1},
    {.path = "#4.Neighbor IP Address", .set = s2si_set_address, .offset = TUNNEL(cloud_inside)},
    {.path = "#4.Neighbor Hold Time", .set = s2si_set_number, .offset = TUNNEL(params.bgp_hold_time)},
    {.path = "#4.Next hop", .set = s2si_set_address, .offset = TUNNEL(cloud_inside)},
};

enum { LINE = 1024, PATH = 200, KEY = 100 };

struct reader {
    struct s2si_place place;
    unsigned tunnel, number; /* from 1; of the line */
    char section;            /* '1' to '4', 0 before the first */
    const char *part;        /* "Outside." or "Inside." in #3 */
    char waiting[KEY];       /* a key whose value did not stand beside it; "" = none */
    unsigned waiting_since;  /* its line */
};

/* White space at both ends goes, each inside becomes one space. */
static char *tidy(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        bool space = *from == ' ' || *from == '\t' || *from == '\r';
        if (!space) {
            *to++ = *from;
        } else if (to > text && to[-1] != ' ') {
            *to++ = ' ';
        }
    }
    *to = '\0';
    if (to > text && to[-1] == ' ') {
        to[-1] = '\0';
    }
    return text;
}

/* The place of a key for the table, and for people. */
static void place_of(const struct reader *reader, const char *key, unsigned number, char path[PATH],
                     char shown[PATH + 32])
{
    if (reader->section) {
        snprintf(path, PATH, "#%c.%s%.100s", reader->section, reader->part, key);
        snprintf(shown, PATH + 32, "line %u: IPSec Tunnel #%u, %s", number, reader->tunnel, path);
    } else {
        snprintf(path, PATH, "%.100s", key);
        snprintf(shown, PATH + 32, "line %u: %s", number, path);
    }
}

static void field(struct reader *reader, const char *key, unsigned number, const char *value)
{
    char path[PATH], shown[PATH + 32];

    place_of(reader, key, number, path, shown);
    if (strcmp(value, "none") != 0) {
        s2si_import_field(&reader->place, rows, S2SI_COUNT(rows), path, shown, value);
    }
}

/* A key that waited in vain. */
static void give_up(struct reader *reader)
{
    char path[PATH], shown[PATH + 32];

    if (reader->waiting[0]) {
        place_of(reader, reader->waiting, reader->waiting_since, path, shown);
        s2si_import_warn(reader->place.import, shown, NULL, "has no value; it was left out");
        reader->waiting[0] = '\0';
    }
}

/* "Key : value" of a tidy line; a colon inside a value (an IPv6 address, a key) is the value's. */
static void split(struct reader *reader, char *line)
{
    char *colon = strchr(line, ':');
    const char *value = colon ? colon + 1 : "";

    if (colon) {
        colon[colon > line && colon[-1] == ' ' ? -1 : 0] = '\0';
    }
    while (*value == ' ' || (*value == ':' && value[1] == ' ')) { /* "Customer Gateway: : 203.0.113.1" */
        value++;
    }
    if (*value) {
        field(reader, line, reader->number, value);
    } else {
        snprintf(reader->waiting, KEY, "%.99s", line);
        reader->waiting_since = reader->number;
    }
}

static void next_tunnel(struct reader *reader, const char *number)
{
    char shown[32];

    reader->section = 0;
    reader->part = "";
    if ((number[0] != '1' && number[0] != '2') || number[1] || (unsigned)(number[0] - '0') != reader->tunnel + 1) {
        snprintf(shown, sizeof(shown), "line %u", reader->number);
        s2si_import_refuse(reader->place.import, shown, NULL, "is IPSec Tunnel #1, then #2");
        return;
    }
    reader->place.tunnel = &reader->place.connection->tunnels[reader->tunnel++];
    reader->place.tunnel->given = true;
}

/* Lines that say where what follows belongs. */
static const struct headline {
    char section; /* where it counts; 0 = anywhere */
    const char *start, *part;
} headlines[] = {
    {0, "IPSec Tunnel #", NULL}, /* AWS writes both */
    {0, "IPsec Tunnel #", NULL},
    {'3', "Outside IP Addresses", "Outside."},
    {'3', "Inside IP Addresses", "Inside."},
    {'3', "Configure your tunnel to", ""},
};

static bool is_section(const struct reader *reader, const char *line)
{
    return line[0] == '#' && line[1] >= '1' && line[1] <= '4' && line[2] == ':' && reader->tunnel;
}

static const struct headline *headline_of(const struct reader *reader, const char *line)
{
    for (size_t i = 0; i < S2SI_COUNT(headlines); i++) {
        if ((!headlines[i].section || headlines[i].section == reader->section) &&
            strncmp(line, headlines[i].start, strlen(headlines[i].start)) == 0) {
            return &headlines[i];
        }
    }
    return NULL;
}

/* The value that stands alone in the line below its key, perhaps with the colon. */
static bool continued(struct reader *reader, const char *line)
{
    char key[KEY];

    if (!reader->waiting[0] || !line[0] || line[0] == '#' || line[0] == '=' || strncmp(line, "- ", 2) == 0 ||
        headline_of(reader, line)) {
        return false;
    }
    line += line[0] == ':' ? 1 + strspn(line + 1, " ") : 0;
    snprintf(key, sizeof(key), "%s", reader->waiting);
    reader->waiting[0] = '\0';
    if (line[0]) {
        field(reader, key, reader->waiting_since, line);
    }
    return true;
}

static void take_line(struct reader *reader, char *line)
{
    tidy(line);
    if (continued(reader, line)) {
        return;
    }
    give_up(reader);
    const struct headline *head = headline_of(reader, line);
    if (head && head->part) {
        reader->part = head->part;
    } else if (head) {
        next_tunnel(reader, line + strlen(head->start));
    } else if (is_section(reader, line)) {
        reader->section = line[1];
        reader->part = "";
    } else if (line[0] == '-' && line[1] == ' ') {
        split(reader, line + 2);
    } else if (strncmp(line, "Your ", 5) == 0 && strchr(line, ':') && !reader->tunnel) {
        split(reader, line);
    }
}

/* Whether a line is text: UTF-8 without control characters but tabs. */
static bool is_text(const char *line, size_t length)
{
    const unsigned char *at = (const unsigned char *)line;

    while (length) {
        size_t step = *at < 0x80 ? 1 : s2si_utf8_length(at, length);
        if (step == 0 || *at == 0x7f || (*at < 0x20 && *at != '\t' && *at != '\r')) {
            return false;
        }
        at += step;
        length -= step;
    }
    return true;
}

static void read_lines(struct reader *reader, const char *text, size_t length)
{
    char line[LINE], shown[32];

    while (length) {
        const char *newline = memchr(text, '\n', length);
        size_t used = newline ? (size_t)(newline - text) : length;
        reader->number++;
        if (used >= LINE || !is_text(text, used)) {
            snprintf(shown, sizeof(shown), "line %u", reader->number);
            s2si_import_refuse(reader->place.import, shown, NULL, "a line is UTF-8 text of at most 1023 bytes");
            break;
        }
        memcpy(line, text, used);
        line[used] = '\0';
        take_line(reader, line);
        text += used + (newline != NULL);
        length -= used + (newline != NULL);
    }
    give_up(reader);
    s2si_wipe(line, sizeof(line));
}

int s2si_import_generic(struct s2s_import *import, const char *text, size_t length)
{
    struct s2si_plan_connection *connection = s2si_import_connection(import);
    struct reader reader = {.place = {import, connection, NULL}, .part = ""};

    if (!connection) {
        return 0;
    }
    read_lines(&reader, text, length);
    if (!connection->tunnels[0].given) {
        s2si_import_refuse(import, "", NULL, "is no device file: it holds no \"IPSec Tunnel #1\"");
    }
    return 0;
}
