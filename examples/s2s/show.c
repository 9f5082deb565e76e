/* SPDX-License-Identifier: Apache-2.0 */
#include "show.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- small things ---- */

bool show_colours(void)
{
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

static const char *green(void)
{
    return show_colours() ? "\033[32m" : "";
}

static const char *red(void)
{
    return show_colours() ? "\033[31m" : "";
}

static const char *plain(void)
{
    return show_colours() ? "\033[0m" : "";
}

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const char *text(const cJSON *object, const char *key)
{
    const cJSON *value = member(object, key);
    return cJSON_IsString(value) ? value->valuestring : "";
}

static double number(const cJSON *object, const char *key)
{
    const cJSON *value = member(object, key);
    return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

static bool yes(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(member(object, key));
}

/* "10.0.0.0/16, 10.1.0.0/16", or the single value. */
static char *joined(const cJSON *value, char *out, size_t size)
{
    const cJSON *entry;

    out[0] = '\0';
    if (cJSON_IsString(value)) {
        snprintf(out, size, "%s", value->valuestring);
    }
    cJSON_ArrayForEach(entry, value)
    {
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s", used ? ", " : "", cJSON_IsString(entry) ? entry->valuestring : "?");
    }
    return out;
}

/* 1234567 -> "1.2 MB". */
const char *show_amount(double value, const char *unit, char *out, size_t size)
{
    static const char *const prefixes[] = {"", "k", "M", "G", "T"};
    size_t step = 0;

    while (value >= 1000 && step + 1 < sizeof prefixes / sizeof *prefixes) {
        value /= 1000;
        step++;
    }
    snprintf(out, size, step ? "%.1f %s%s" : "%.0f %s%s", value, prefixes[step], unit);
    return out;
}

/* 93784 -> "1 d 2 h". */
const char *show_age(double seconds, char *out, size_t size)
{
    if (seconds < 120) {
        snprintf(out, size, "%.0f s", seconds);
    } else if (seconds < 7200) {
        snprintf(out, size, "%.0f min", seconds / 60);
    } else if (seconds < 172800) {
        snprintf(out, size, "%.0f h", seconds / 3600);
    } else {
        snprintf(out, size, "%.0f d", seconds / 86400);
    }
    return out;
}

/* "aes256gcm16 sha384 ecp384", what was negotiated of one phase. */
static char *suite(const cJSON *part, char *out, size_t size)
{
    static const char *const keys[] = {"encryption", "integrity", "prf", "dh_group", "pfs"};

    out[0] = '\0';
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t used = strlen(out);
        if (text(part, keys[i])[0]) {
            snprintf(out + used, size - used, "%s%s", used ? " " : "", text(part, keys[i]));
        }
    }
    return out;
}

/* ---- tunnels ---- */

static bool is_up(const cJSON *tunnel)
{
    return strcmp(text(tunnel, "state"), "up") == 0;
}

static double rate(const cJSON *now, const cJSON *before, const char *key, double seconds)
{
    double difference = number(member(now, "counters"), key) - number(member(before, "counters"), key);
    return before && seconds > 0 && difference > 0 ? difference / seconds : 0;
}

static void tunnel_traffic(FILE *out, const cJSON *tunnel, const cJSON *previous, double seconds)
{
    const cJSON *counters = member(tunnel, "counters");
    char in[32], sent[32], in_rate[32], out_rate[32];

    fprintf(out, "        in %s, out %s", show_amount(number(counters, "bytes_in"), "B", in, sizeof in),
            show_amount(number(counters, "bytes_out"), "B", sent, sizeof sent));
    if (previous) {
        fprintf(out, "   now in %s/s, out %s/s",
                show_amount(rate(tunnel, previous, "bytes_in", seconds) * 8, "bit", in_rate, sizeof in_rate),
                show_amount(rate(tunnel, previous, "bytes_out", seconds) * 8, "bit", out_rate, sizeof out_rate));
    }
    fputc('\n', out);
}

static void tunnel_line(FILE *out, const cJSON *tunnel)
{
    const cJSON *outside = member(tunnel, "outside");
    const char *role = text(tunnel, "role");
    char since[32];

    fprintf(out, "    %c %.0f%s%s%s  %s%s%s", yes(tunnel, "active") ? '*' : ' ', number(tunnel, "index"),
            role[0] ? " (" : "", role, role[0] ? ")" : "", is_up(tunnel) ? green() : red(), text(tunnel, "status"),
            plain());
    if (member(tunnel, "last_change_s")) {
        fprintf(out, " for %s", show_age(number(tunnel, "last_change_s"), since, sizeof since));
    }
    fprintf(out, "   %s -> %s%s\n", text(outside, "local"), text(outside, "remote"),
            yes(outside, "udp_encapsulation") ? " (UDP)" : "");
}

static void tunnel_lines(FILE *out, const cJSON *tunnel, const cJSON *previous, double seconds)
{
    const cJSON *negotiated = member(tunnel, "negotiated"), *probe = member(tunnel, "probe");
    const cJSON *bgp = member(tunnel, "bgp");
    char ike[160], ipsec[160];

    tunnel_line(out, tunnel);
    if (!yes(tunnel, "enabled")) {
        fprintf(out, "        disabled\n");
        return;
    }
    if (member(negotiated, "ike")) {
        fprintf(out, "        IKE %s%s%s\n", suite(member(negotiated, "ike"), ike, sizeof ike),
                member(negotiated, "ipsec") ? "   IPsec " : "",
                member(negotiated, "ipsec") ? suite(member(negotiated, "ipsec"), ipsec, sizeof ipsec) : "");
        tunnel_traffic(out, tunnel, previous, seconds);
    }
    if (text(bgp, "state")[0]) {
        fprintf(out, "        BGP AS %.0f -> AS %.0f %s, %.0f routes in, %.0f out\n", number(bgp, "local_asn"),
                number(bgp, "peer_asn"), text(bgp, "state"), number(bgp, "routes_accepted"),
                number(bgp, "routes_advertised"));
    }
    if (strcmp(text(probe, "status"), "failed") == 0) {
        fprintf(out, "        %sthe probe fails%s\n", red(), plain());
    }
    if (!is_up(tunnel) && text(tunnel, "last_error")[0]) {
        fprintf(out, "        %s\n", text(tunnel, "last_error"));
    }
}

void show_tunnel(FILE *out, const cJSON *tunnel)
{
    tunnel_lines(out, tunnel, NULL, 0);
}

/* ---- the whole ---- */

static const cJSON *same_name(const cJSON *list, const char *name)
{
    const cJSON *entry;

    cJSON_ArrayForEach(entry, list)
    {
        if (strcmp(text(entry, "name"), name) == 0) {
            return entry;
        }
    }
    return NULL;
}

static void connection_lines(FILE *out, const cJSON *connection, const cJSON *previous, double seconds)
{
    const cJSON *tunnel;
    char ours[200], theirs[200];
    int index = 0;

    fprintf(out, "\n  connection %s: %s\n", text(connection, "name"), text(connection, "status"));
    fprintf(out, "    %s  <->  %s",
            member(connection, "local_subnets") ? joined(member(connection, "local_subnets"), ours, sizeof ours)
                                                : "0.0.0.0/0",
            member(connection, "remote_subnets") ? joined(member(connection, "remote_subnets"), theirs, sizeof theirs)
                                                 : "0.0.0.0/0");
    if (number(connection, "switches") > 0) {
        fprintf(out, "   (%.0f switches, the last by %s)", number(connection, "switches"),
                text(connection, "last_trigger"));
    }
    fputc('\n', out);
    cJSON_ArrayForEach(tunnel, member(connection, "tunnels"))
    {
        tunnel_lines(out, tunnel, cJSON_GetArrayItem(member(previous, "tunnels"), index++), seconds);
    }
}

void show_connection_lines(FILE *out, const cJSON *connection)
{
    connection_lines(out, connection, NULL, 0);
}

static void sa_traffic(FILE *out, const char *name, const cJSON *ipsec, const char *key, const char *spi)
{
    const cJSON *sa = member(ipsec, key);
    char bytes[32], packets[32];

    fprintf(out, "    %-3s SPI %s", name, text(ipsec, spi));
    if (sa) {
        fprintf(out, "  %s in %s packets, sequence %.0f", show_amount(number(sa, "bytes"), "B", bytes, sizeof bytes),
                show_amount(number(sa, "packets"), "", packets, sizeof packets), number(sa, "sequence"));
    }
    fputc('\n', out);
}

/* "12 min old, rekey in 3 h", what is known of both. */
static void sa_times(FILE *out, const cJSON *part)
{
    char old[32], next[32];

    if (member(part, "age_s")) {
        fprintf(out, ", %s old", show_age(number(part, "age_s"), old, sizeof old));
    }
    if (member(part, "rekey_in_s")) {
        fprintf(out, ", rekey in %s", show_age(number(part, "rekey_in_s"), next, sizeof next));
    }
    fputc('\n', out);
}

void show_sas(FILE *out, const char *connection, const cJSON *tunnel)
{
    const cJSON *ike = member(member(tunnel, "negotiated"), "ike"), *ipsec = member(member(tunnel, "negotiated"), "ipsec");
    const cJSON *outside = member(tunnel, "outside");
    char words[160];

    fprintf(out, "%s/%.0f  %s  %s -> %s%s\n", connection, number(tunnel, "index"), text(tunnel, "state"),
            text(outside, "local"), text(outside, "remote"), yes(outside, "udp_encapsulation") ? " (UDP)" : "");
    if (ike) {
        fprintf(out, "  IKE_SA %s_i %s_r, %s\n    %s", text(ike, "spi_initiator"), text(ike, "spi_responder"),
                yes(tunnel, "initiator") ? "initiator" : "responder", suite(ike, words, sizeof words));
        sa_times(out, ike);
    }
    if (ipsec) {
        fprintf(out, "  CHILD_SA\n    %s%s", suite(ipsec, words, sizeof words), yes(ipsec, "esn") ? " esn" : "");
        sa_times(out, ipsec);
        sa_traffic(out, "in", ipsec, "in", "spi_in");
        sa_traffic(out, "out", ipsec, "out", "spi_out");
    }
}

static void route_lines(FILE *out, const cJSON *routes)
{
    const cJSON *route;

    if (cJSON_GetArraySize(routes) == 0) {
        return;
    }
    fprintf(out, "\n  routes\n");
    cJSON_ArrayForEach(route, routes)
    {
        const char *source = text(route, "source");
        fprintf(out, "    %-11s %s%s%s by %s: %s%s%s\n", text(route, "type"), source, source[0] ? " -> " : "",
                text(route, "destination"), text(route, "connection"), text(route, "status"),
                yes(route, "live") ? "" : ", no live path", yes(route, "published") ? "" : ", not published");
    }
}

void show_route_table(FILE *out, const cJSON *routes)
{
    const cJSON *route;

    fprintf(out, "%-11s %-18s %-18s %-20s %s\n", "TYPE", "SOURCE", "DESTINATION", "BY", "STATUS");
    cJSON_ArrayForEach(route, routes)
    {
        fprintf(out, "%-11s %-18s %-18s %-20s %s%s%s%s\n", text(route, "type"),
                text(route, "source")[0] ? text(route, "source") : "-", text(route, "destination"),
                text(route, "connection"), text(route, "status"), yes(route, "live") ? "" : ", no live path",
                yes(route, "published") ? "" : ", not published", yes(route, "installed") ? ", installed" : "");
    }
}

static void gateway_lines(FILE *out, const cJSON *status, const cJSON *previous, double seconds)
{
    const cJSON *gateway = member(status, "gateway"), *address, *connection;
    char cidr[200];

    fprintf(out, "gateway %s (%s): %s", text(gateway, "name"), text(gateway, "profile"), text(gateway, "status"));
    if (text(gateway, "device")[0]) {
        fprintf(out, ", device %s, MTU %.0f", text(gateway, "device"), number(gateway, "mtu"));
    }
    fprintf(out, "\n  behind it %s\n", joined(member(member(gateway, "vpc"), "cidr"), cidr, sizeof cidr));
    cJSON_ArrayForEach(address, member(gateway, "address_status"))
    {
        fprintf(out, "  address %s%s\n", text(address, "address"), yes(address, "present") ? "" : " is not there");
    }
    cJSON_ArrayForEach(connection, member(status, "connections"))
    {
        connection_lines(out, connection, same_name(member(previous, "connections"), text(connection, "name")),
                         seconds);
    }
    route_lines(out, member(status, "routes"));
    fprintf(out, "\n  * = carries what goes out\n");
}

void show_status(FILE *out, const cJSON *status, const cJSON *previous, double seconds)
{
    const cJSON *one;
    int index = 0;

    if (!cJSON_IsArray(status)) {
        gateway_lines(out, status, previous, seconds);
        return;
    }
    cJSON_ArrayForEach(one, status)
    {
        gateway_lines(out, one, cJSON_GetArrayItem(previous, index++), seconds);
    }
}

void show_event(FILE *out, const cJSON *event)
{
    const char *severity = text(event, "severity");
    bool bad = strcmp(severity, "error") == 0 || strcmp(severity, "warning") == 0;
    char clock[16];
    time_t now = time(NULL);
    struct tm parts;

    localtime_r(&now, &parts);
    strftime(clock, sizeof clock, "%H:%M:%S", &parts);
    fprintf(out, "%s  %s%-22s%s %s\n", clock, bad ? red() : "", text(event, "type"), bad ? plain() : "",
            text(event, "text"));
    fflush(out);
}

void show_errors(FILE *out, const char *body)
{
    cJSON *answer = cJSON_Parse(body);
    const cJSON *error;

    if (!member(answer, "errors")) {
        fprintf(out, "%s", body);
    }
    cJSON_ArrayForEach(error, member(answer, "errors"))
    {
        const char *value = text(error, "value");
        fprintf(out, "%s: %s%s%s\n", text(error, "path"), value, value[0] ? ": " : "", text(error, "rule"));
    }
    cJSON_Delete(answer);
}
