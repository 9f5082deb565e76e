/* SPDX-License-Identifier: Apache-2.0 */
#include "pings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATE_SECONDS = 2, SEQUENCE_MOST = 65535 };

static bool room_for(struct pings *pings, size_t *capacity, size_t number)
{
    if (number > *capacity) {
        size_t wanted = number * 2 < 1024 ? 1024 : number * 2;
        struct echo *echoes = realloc(pings->echoes, wanted * sizeof *echoes);
        if (!echoes)
            return false;
        memset(echoes + *capacity, 0, (wanted - *capacity) * sizeof *echoes);
        pings->echoes = echoes;
        *capacity = wanted;
    }
    if (number > pings->count)
        pings->count = number;
    return true;
}

/* "[1700000000.123456] 64 bytes from 192.168.10.113: icmp_seq=7 ttl=62 time=0.42 ms" */
static bool read_reply(const char *line, unsigned long *number, double *at, double *trip)
{
    const char *sequence = strstr(line, "icmp_seq="), *time = strstr(line, "time=");
    if (sscanf(line, "[%lf]", at) != 1 || !strstr(line, "bytes from") || !sequence || !time)
        return false;
    *number = strtoul(sequence + strlen("icmp_seq="), NULL, 10);
    *trip = strtod(time + strlen("time="), NULL) / 1000;
    return *number >= 1 && *number <= SEQUENCE_MOST;
}

/* Lines that tell that a request was sent and no more: "no answer yet for icmp_seq=7", "8 packets transmitted, ...". */
static unsigned long read_sent(const char *line)
{
    const char *sequence = strstr(line, "no answer yet for icmp_seq=");
    unsigned long number = 0;
    if (sequence)
        number = strtoul(strchr(sequence, '=') + 1, NULL, 10);
    else if (strstr(line, "packets transmitted"))
        number = strtoul(line, NULL, 10);
    return number <= SEQUENCE_MOST ? number : 0;
}

static bool read_line(const char *line, struct pings *pings, size_t *capacity)
{
    unsigned long number;
    double at, trip;
    if (!read_reply(line, &number, &at, &trip)) {
        number = read_sent(line);
        return number == 0 || room_for(pings, capacity, number);
    }
    if (!room_for(pings, capacity, number))
        return false;
    struct echo *echo = &pings->echoes[number - 1];
    if (echo->answered > 0) /* a duplicate */
        return true;
    *echo = (struct echo){at - trip, at};
    pings->answered++;
    return true;
}

/* Requests without an answer: evenly between the neighbours that have one, by the interval at the ends. */
static void interpolate(struct pings *pings)
{
    size_t before = 0; /* number of the last answered one */
    for (size_t number = 1; number <= pings->count; number++) {
        if (pings->echoes[number - 1].answered <= 0)
            continue;
        double end = pings->echoes[number - 1].sent;
        double step = before ? (end - pings->echoes[before - 1].sent) / (double)(number - before) : pings->interval;
        for (size_t i = before + 1; i < number; i++)
            pings->echoes[i - 1].sent = end - step * (double)(number - i);
        before = number;
    }
    for (size_t i = before + 1; before && i <= pings->count; i++)
        pings->echoes[i - 1].sent = pings->echoes[before - 1].sent + pings->interval * (double)(i - before);
}

bool pings_parse(const char *text, double interval, struct pings *pings)
{
    size_t capacity = 0;
    char line[256];
    *pings = (struct pings){.interval = interval};
    while (*text) {
        size_t length = strcspn(text, "\n"), kept = length < sizeof line - 1 ? length : sizeof line - 1;
        memcpy(line, text, kept);
        line[kept] = '\0';
        if (!read_line(line, pings, &capacity)) {
            pings_free(pings);
            return false;
        }
        text += length + (text[length] == '\n');
    }
    interpolate(pings);
    return true;
}

void pings_free(struct pings *pings)
{
    free(pings->echoes);
    *pings = (struct pings){.interval = pings->interval};
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void longest_gap(double *replies, size_t count, double interval, struct figures *figures)
{
    qsort(replies, count, sizeof *replies, compare);
    for (size_t i = 1; i < count; i++) {
        double gap = (replies[i] - replies[i - 1] - interval) * 1000;
        if (gap > figures->gap_ms) {
            figures->gap_ms = gap;
            figures->gap_end = replies[i];
        }
    }
}

void pings_window(const struct pings *pings, double from, double to, struct figures *figures)
{
    double last = from;
    size_t count = 0;
    double *replies = calloc(pings->count + 1, sizeof *replies);
    *figures = (struct figures){0, 0, 0, 0};
    for (size_t i = 0; i < pings->count; i++)
        if (pings->echoes[i].sent <= to && pings->echoes[i].sent > last)
            last = pings->echoes[i].sent;
    for (size_t i = 0; replies && i < pings->count; i++) {
        const struct echo *echo = &pings->echoes[i];
        if (echo->sent < from || echo->sent > to)
            continue;
        figures->sent++;
        if (echo->answered > 0 && echo->answered <= last + LATE_SECONDS)
            replies[count++] = echo->answered;
    }
    figures->lost = figures->sent - (unsigned)count;
    if (replies)
        longest_gap(replies, count, pings->interval, figures);
    if (count < 2) /* nothing came back: the gap is the window */
        figures->gap_ms = (to - from) * 1000;
    free(replies);
}

bool pings_steady(const struct pings *pings, double now)
{
    size_t sent = 0;
    if (pings->count == 0 || pings->echoes[pings->count - 1].sent < now - 0.2)
        return false;
    for (size_t i = 0; i < pings->count; i++) {
        const struct echo *echo = &pings->echoes[i];
        if (echo->sent < now - 0.6 || echo->sent > now - 0.1)
            continue;
        sent++;
        if (echo->answered <= 0)
            return false;
    }
    return sent >= 10;
}
