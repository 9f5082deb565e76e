/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bgp/attribute_text.h"

#include "lib/bgp/as_path.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Appends a word after a space; what does not fit is left out and "..." says so. */
static bool __attribute__((format(printf, 4, 5))) word(char *out, size_t capacity, size_t *used, const char *format, ...)
{
    char text[64];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    bool fits = length >= 0 && *used + (size_t)length + 5 < capacity;
    const char *put = fits ? text : "...";
    int written = snprintf(out + *used, capacity - *used, "%s%s", *used > 0 ? " " : "", put);
    *used += written > 0 ? (size_t)written : 0;
    return fits;
}

static void number(uint32_t value, char *out, size_t capacity)
{
    snprintf(out, capacity, "%lu", (unsigned long)value);
}

static void quad(uint32_t value, char *out, size_t capacity)
{
    snprintf(out, capacity, "%u.%u.%u.%u", value >> 24, value >> 16 & 255, value >> 8 & 255, value & 255);
}

void s2si_bgp_text_origin(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    static const char *const origins[] = {"IGP", "EGP", "incomplete"};
    snprintf(out, capacity, "%s", view->origin < S2SI_COUNT(origins) ? origins[view->origin] : "?");
}

void s2si_bgp_text_as_path(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    s2si_bgp_path_format(view->as_path, out, capacity);
}

void s2si_bgp_text_next_hop(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    char text[S2S_ADDR_TEXT];
    struct s2s_addr addr = s2si_addr_bytes(view->next_hop_length == 4 ? 4 : 6, view->next_hop);
    snprintf(out, capacity, "%s", s2s_addr_format(&addr, text));
}

void s2si_bgp_text_med(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    number(view->med, out, capacity);
}

void s2si_bgp_text_local_pref(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    number(view->local_pref, out, capacity);
}

void s2si_bgp_text_atomic(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    (void)view;
    snprintf(out, capacity, "yes");
}

void s2si_bgp_text_aggregator(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    char id[20];
    quad(view->aggregator_id, id, sizeof id);
    snprintf(out, capacity, "%lu %s", (unsigned long)view->aggregator_asn, id);
}

static const char *well_known(uint32_t community)
{
    switch (community) {
    case S2SI_BGP_GRACEFUL_SHUTDOWN:
        return "graceful-shutdown";
    case S2SI_BGP_NO_EXPORT:
        return "no-export";
    case S2SI_BGP_NO_ADVERTISE:
        return "no-advertise";
    case S2SI_BGP_NO_EXPORT_SUBCONFED:
        return "no-export-subconfed";
    default:
        return NULL;
    }
}

void s2si_bgp_text_communities(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    struct s2si_reader reader = s2si_reader(view->communities.data, view->communities.length);
    size_t used = 0;
    bool fits = true;
    while (fits && s2si_reader_left(&reader) >= 4) {
        uint32_t value = s2si_read_u32(&reader);
        const char *name = well_known(value);
        fits = name != NULL ? word(out, capacity, &used, "%s", name)
                            : word(out, capacity, &used, "%u:%u", value >> 16, value & 0xffff);
    }
}

void s2si_bgp_text_originator(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    quad(view->originator_id, out, capacity);
}

void s2si_bgp_text_clusters(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    struct s2si_reader reader = s2si_reader(view->cluster_list.data, view->cluster_list.length);
    size_t used = 0;
    bool fits = true;
    while (fits && s2si_reader_left(&reader) >= 4) {
        char id[20];
        quad(s2si_read_u32(&reader), id, sizeof id);
        fits = word(out, capacity, &used, "%s", id);
    }
}

void s2si_bgp_text_extended(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    struct s2si_reader reader = s2si_reader(view->extended_communities.data, view->extended_communities.length);
    size_t used = 0;
    bool fits = true;
    while (fits && s2si_reader_left(&reader) >= 8) {
        fits = word(out, capacity, &used, "%016llx", (unsigned long long)s2si_read_u64(&reader));
    }
}

void s2si_bgp_text_large(const struct s2si_bgp_attr_view *view, char *out, size_t capacity)
{
    struct s2si_reader reader = s2si_reader(view->large_communities.data, view->large_communities.length);
    size_t used = 0;
    bool fits = true;
    while (fits && s2si_reader_left(&reader) >= 12) {
        unsigned long a = s2si_read_u32(&reader), b = s2si_read_u32(&reader), c = s2si_read_u32(&reader);
        fits = word(out, capacity, &used, "%lu:%lu:%lu", a, b, c);
    }
}
