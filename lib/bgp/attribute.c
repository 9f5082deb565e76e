/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attribute: the table of path attributes.
 *
 *      0                   1
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5          flags: optional, transitive, partial, extended length (then two octets of length)
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *     |  Attr. Flags  |Attr. Type Code|          RFC 4271 section 4.3; errors by RFC 7606 sections 3, 4 and 7
 *     +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#include "lib/bgp/bgp_attr.h"

#include "lib/bgp/as_path.h"
#include "lib/bgp/attribute_text.h"

#include <stdio.h>
#include <string.h>

/* Reading under way. */
struct decoder {
    const struct s2si_bgp_codec *codec;
    struct s2si_bgp_scratch *scratch;
    struct s2si_bgp_attributes *out;
    uint64_t seen[4]; /* every code, known or not */
    struct s2si_writer others;
    struct s2si_bgp_span as4_path;
    uint32_t as4_aggregator_asn, as4_aggregator_id;
    bool has_as4_path, has_as4_aggregator;
};

typedef bool (*decode_function)(struct decoder *decoder, struct s2si_bgp_span value);
typedef void (*encode_function)(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec,
                                struct s2si_writer *writer);

struct attribute_rule {
    uint8_t code;
    const char *name;
    uint8_t flags;                  /* optional and transitive, as they must be */
    uint16_t min, multiple;         /* length: at least min, a multiple of multiple (0 = any); exact = min only */
    bool exact, internal_only;      /* internal_only: from an external peer it is discarded unread (RFC 7606 sections 7.5, 7.9, 7.10) */
    enum s2si_bgp_action malformed; /* wrong length or value */
    decode_function decode;         /* false: the value is wrong; NULL: the attribute is checked and passed on, or dropped */
    encode_function encode;
    void (*format)(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);
};

enum { WELL_KNOWN = S2SI_BGP_FLAG_TRANSITIVE, OPTIONAL_ONLY = S2SI_BGP_FLAG_OPTIONAL,
       OPTIONAL_TRANSITIVE = S2SI_BGP_FLAG_OPTIONAL | S2SI_BGP_FLAG_TRANSITIVE };

bool s2si_bgp_has(const struct s2si_bgp_attr_view *view, unsigned code)
{
    return (view->have >> code & 1) != 0;
}

void s2si_bgp_set_has(struct s2si_bgp_attr_view *view, unsigned code, bool present)
{
    view->have = present ? view->have | UINT64_C(1) << code : view->have & ~(UINT64_C(1) << code);
}

/* ---- reading */

static bool decode_origin(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->out->view.origin = value.data[0];
    return value.data[0] <= S2SI_BGP_ORIGIN_INCOMPLETE;
}

static bool decode_as_path(struct decoder *decoder, struct s2si_bgp_span value)
{
    struct s2si_bgp_attr_view *view = &decoder->out->view;
    bool four = decoder->codec->four_octet;
    if (!s2si_bgp_path_valid(value, four ? 4 : 2)) {
        return false;
    }
    view->as_path = value;
    if (!four && value.length > 0) {
        view->as_path.data = decoder->scratch->wide;
        view->as_path.length = s2si_bgp_path_widen(value, decoder->scratch->wide, sizeof decoder->scratch->wide);
        if (view->as_path.length == 0) {
            return false;
        }
    }
    uint32_t expected = decoder->codec->internal ? 0 : decoder->codec->peer_asn;
    return expected == 0 || s2si_bgp_path_first(view->as_path) == expected;
}

static bool decode_next_hop(struct decoder *decoder, struct s2si_bgp_span value)
{
    struct s2si_bgp_attr_view *view = &decoder->out->view;
    uint8_t first = value.data[0];
    memcpy(view->next_hop, value.data, 4);
    view->next_hop_length = 4;
    return first != 0 && first != 127 && first < 224;
}

static bool decode_med(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->out->view.med = s2si_get_u32(value.data);
    return true;
}

static bool decode_local_pref(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->out->view.local_pref = s2si_get_u32(value.data);
    return true;
}

static bool decode_atomic_aggregate(struct decoder *decoder, struct s2si_bgp_span value)
{
    (void)decoder;
    return value.length == 0;
}

/* RFC 6793: 8 octets between speakers of four-octet numbers, else 6; AS 0 is malformed (RFC 7607). */
static bool decode_aggregator(struct decoder *decoder, struct s2si_bgp_span value)
{
    struct s2si_bgp_attr_view *view = &decoder->out->view;
    bool four = decoder->codec->four_octet;
    if (value.length != (four ? 8u : 6u)) {
        return false;
    }
    view->aggregator_asn = four ? s2si_get_u32(value.data) : s2si_get_u16(value.data);
    view->aggregator_id = s2si_get_u32(value.data + value.length - 4);
    return view->aggregator_asn != 0;
}

static bool decode_originator_id(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->out->view.originator_id = s2si_get_u32(value.data);
    return true;
}

static bool decode_cluster_list(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->out->view.cluster_list = value;
    return true;
}

static bool decode_communities(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->out->view.communities = value;
    return true;
}

static bool decode_extended_communities(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->out->view.extended_communities = value;
    return true;
}

static bool decode_large_communities(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->out->view.large_communities = value;
    return true;
}

static bool decode_mp_reach(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->out->mp_reach = value;
    return true;
}

static bool decode_mp_unreach(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->out->mp_unreach = value;
    return true;
}

/* RFC 6793 section 6: from a speaker of four-octet numbers AS4_PATH and AS4_AGGREGATOR are ignored. */
static bool decode_as4_path(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->has_as4_path = s2si_bgp_path_valid(value, 4) && !decoder->codec->four_octet;
    decoder->as4_path = value;
    s2si_bgp_set_has(&decoder->out->view, S2SI_BGP_AS4_PATH, false);
    return s2si_bgp_path_valid(value, 4);
}

static bool decode_as4_aggregator(struct decoder *decoder, struct s2si_bgp_span value)
{
    decoder->as4_aggregator_asn = s2si_get_u32(value.data);
    decoder->as4_aggregator_id = s2si_get_u32(value.data + 4);
    decoder->has_as4_aggregator = decoder->as4_aggregator_asn != 0 && !decoder->codec->four_octet;
    s2si_bgp_set_has(&decoder->out->view, S2SI_BGP_AS4_AGGREGATOR, false);
    return decoder->as4_aggregator_asn != 0;
}

/* RFC 9012 section 13: TLVs of type 2, length 2 that fill the attribute, each holding sub-TLVs of type 1, length 1 or 2. */
static bool tunnels_well_formed(struct s2si_bgp_span value)
{
    struct s2si_reader reader = s2si_reader(value.data, value.length);
    while (!reader.failed && s2si_reader_left(&reader) > 0) {
        s2si_read_skip(&reader, 2);
        size_t length = s2si_read_u16(&reader);
        struct s2si_reader tunnel = s2si_read_part(&reader, length);
        while (!tunnel.failed && s2si_reader_left(&tunnel) > 0) {
            uint8_t type = s2si_read_u8(&tunnel);
            s2si_read_skip(&tunnel, type < 128 ? s2si_read_u8(&tunnel) : s2si_read_u16(&tunnel));
        }
        reader.failed = reader.failed || tunnel.failed;
    }
    return !reader.failed;
}

static bool decode_tunnel_encapsulation(struct decoder *decoder, struct s2si_bgp_span value)
{
    (void)decoder;
    return tunnels_well_formed(value);
}

static bool decode_pass_on(struct decoder *decoder, struct s2si_bgp_span value)
{
    (void)decoder;
    (void)value;
    return true;
}

/* ---- writing */

static void write_head(struct s2si_writer *writer, uint8_t flags, uint8_t code, size_t length)
{
    if (length > 255) {
        s2si_write_u8(writer, flags | S2SI_BGP_FLAG_EXTENDED);
        s2si_write_u8(writer, code);
        s2si_write_u16(writer, (uint16_t)length);
    } else {
        s2si_write_u8(writer, flags);
        s2si_write_u8(writer, code);
        s2si_write_u8(writer, (uint8_t)length);
    }
}

static void write_u32(struct s2si_writer *writer, uint8_t flags, uint8_t code, uint32_t value)
{
    write_head(writer, flags, code, 4);
    s2si_write_u32(writer, value);
}

static void write_span(struct s2si_writer *writer, uint8_t flags, uint8_t code, struct s2si_bgp_span value)
{
    write_head(writer, flags, code, value.length);
    s2si_write_bytes(writer, value.data, value.length);
}

static void encode_origin(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec, struct s2si_writer *writer)
{
    (void)codec;
    write_head(writer, WELL_KNOWN, S2SI_BGP_ORIGIN, 1);
    s2si_write_u8(writer, view->origin);
}

/* The length is known only afterwards, so the two-octet form of length is used throughout. */
static void encode_as_path(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec, struct s2si_writer *writer)
{
    if (codec->four_octet) {
        write_span(writer, WELL_KNOWN, S2SI_BGP_AS_PATH, view->as_path);
        return;
    }
    s2si_write_u8(writer, WELL_KNOWN | S2SI_BGP_FLAG_EXTENDED);
    s2si_write_u8(writer, S2SI_BGP_AS_PATH);
    size_t hole = s2si_write_hole(writer, 2);
    s2si_bgp_path_write_narrow(view->as_path, writer);
    if (!writer->failed) {
        s2si_patch_u16(writer, hole, (uint16_t)(writer->length - hole - 2));
    }
}

static void encode_next_hop(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec, struct s2si_writer *writer)
{
    (void)codec;
    if (view->next_hop_length == 4) {
        write_span(writer, WELL_KNOWN, S2SI_BGP_NEXT_HOP, (struct s2si_bgp_span){view->next_hop, 4});
    }
}

static void encode_med(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec, struct s2si_writer *writer)
{
    (void)codec;
    write_u32(writer, OPTIONAL_ONLY, S2SI_BGP_MED, view->med);
}

static void encode_local_pref(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec, struct s2si_writer *writer)
{
    if (codec->internal) {
        write_u32(writer, WELL_KNOWN, S2SI_BGP_LOCAL_PREF, view->local_pref);
    }
}

static void encode_atomic_aggregate(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec,
                                    struct s2si_writer *writer)
{
    (void)view;
    (void)codec;
    write_head(writer, WELL_KNOWN, S2SI_BGP_ATOMIC_AGGREGATE, 0);
}

static void encode_aggregator(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec, struct s2si_writer *writer)
{
    write_head(writer, OPTIONAL_TRANSITIVE, S2SI_BGP_AGGREGATOR, codec->four_octet ? 8 : 6);
    if (codec->four_octet) {
        s2si_write_u32(writer, view->aggregator_asn);
    } else {
        bool wide = view->aggregator_asn > UINT16_MAX;
        s2si_write_u16(writer, wide ? S2SI_BGP_AS_TRANS : (uint16_t)view->aggregator_asn);
    }
    s2si_write_u32(writer, view->aggregator_id);
}

static void encode_communities(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec, struct s2si_writer *writer)
{
    (void)codec;
    write_span(writer, OPTIONAL_TRANSITIVE, S2SI_BGP_COMMUNITIES, view->communities);
}

static void encode_extended_communities(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec,
                                        struct s2si_writer *writer)
{
    (void)codec;
    write_span(writer, OPTIONAL_TRANSITIVE, S2SI_BGP_EXTENDED_COMMUNITIES, view->extended_communities);
}

/* To a two-octet speaker, when the narrow path lost something (RFC 6793 section 4.2.2). */
static void encode_as4_path(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec, struct s2si_writer *writer)
{
    struct s2si_writer probe = s2si_writer(NULL, 0);
    if (!codec->four_octet && s2si_bgp_path_write_narrow(view->as_path, &probe)) {
        write_span(writer, OPTIONAL_TRANSITIVE, S2SI_BGP_AS4_PATH, view->as_path);
    }
}

static void encode_as4_aggregator(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec,
                                  struct s2si_writer *writer)
{
    if (!codec->four_octet && view->aggregator_asn > UINT16_MAX) {
        write_head(writer, OPTIONAL_TRANSITIVE, S2SI_BGP_AS4_AGGREGATOR, 8);
        s2si_write_u32(writer, view->aggregator_asn);
        s2si_write_u32(writer, view->aggregator_id);
    }
}

static void encode_large_communities(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec,
                                     struct s2si_writer *writer)
{
    (void)codec;
    write_span(writer, OPTIONAL_TRANSITIVE, S2SI_BGP_LARGE_COMMUNITIES, view->large_communities);
}

/* ---- the table */

#define WITHDRAW S2SI_BGP_TREAT_AS_WITHDRAW
#define DISCARD S2SI_BGP_DISCARD
#define RESET S2SI_BGP_SESSION_RESET

/* code; name; flags; length: min, multiple, exact; internal only; malformed (the section says so); decode, encode, format */
static const struct attribute_rule rules[] = {
    {1, "ORIGIN", WELL_KNOWN, 1, 0, true, false, WITHDRAW /* 7606 7.1 */, decode_origin, encode_origin, s2si_bgp_text_origin},
    {2, "AS_PATH", WELL_KNOWN, 0, 0, false, false, WITHDRAW /* 7.2 */, decode_as_path, encode_as_path, s2si_bgp_text_as_path},
    {3, "NEXT_HOP", WELL_KNOWN, 4, 0, true, false, WITHDRAW /* 7.3 */, decode_next_hop, encode_next_hop, s2si_bgp_text_next_hop},
    {4, "MULTI_EXIT_DISC", OPTIONAL_ONLY, 4, 0, true, false, WITHDRAW /* 7.4 */, decode_med, encode_med, s2si_bgp_text_med},
    {5, "LOCAL_PREF", WELL_KNOWN, 4, 0, true, true, WITHDRAW /* 7.5 */, decode_local_pref, encode_local_pref,
     s2si_bgp_text_local_pref},
    {6, "ATOMIC_AGGREGATE", WELL_KNOWN, 0, 0, true, false, DISCARD /* 7.6 */, decode_atomic_aggregate, encode_atomic_aggregate,
     s2si_bgp_text_atomic},
    {7, "AGGREGATOR", OPTIONAL_TRANSITIVE, 6, 0, false, false, DISCARD /* 7.7 */, decode_aggregator, encode_aggregator,
     s2si_bgp_text_aggregator},
    {8, "COMMUNITIES", OPTIONAL_TRANSITIVE, 4, 4, false, false, WITHDRAW /* 7.8 */, decode_communities, encode_communities,
     s2si_bgp_text_communities},
    {9, "ORIGINATOR_ID", OPTIONAL_ONLY, 4, 0, true, true, WITHDRAW /* 7.9 */, decode_originator_id, NULL, s2si_bgp_text_originator},
    {10, "CLUSTER_LIST", OPTIONAL_ONLY, 4, 4, false, true, WITHDRAW /* 7.10 */, decode_cluster_list, NULL, s2si_bgp_text_clusters},
    {14, "MP_REACH_NLRI", OPTIONAL_ONLY, 5, 0, false, false, RESET /* 7.11 */, decode_mp_reach, NULL, NULL},
    {15, "MP_UNREACH_NLRI", OPTIONAL_ONLY, 3, 0, false, false, RESET /* 7.12 */, decode_mp_unreach, NULL, NULL},
    {16, "EXTENDED_COMMUNITIES", OPTIONAL_TRANSITIVE, 8, 8, false, false, WITHDRAW /* 7.14 */, decode_extended_communities,
     encode_extended_communities, s2si_bgp_text_extended},
    {17, "AS4_PATH", OPTIONAL_TRANSITIVE, 6, 2, false, false, DISCARD /* 6793 6 */, decode_as4_path, encode_as4_path, NULL},
    {18, "AS4_AGGREGATOR", OPTIONAL_TRANSITIVE, 8, 0, true, false, DISCARD /* 6793 6 */, decode_as4_aggregator,
     encode_as4_aggregator, NULL},
    {22, "PMSI_TUNNEL", OPTIONAL_TRANSITIVE, 5, 0, false, false, WITHDRAW /* 6514 5 */, decode_pass_on, NULL, NULL},
    {23, "TUNNEL_ENCAPSULATION", OPTIONAL_TRANSITIVE, 4, 0, false, false, WITHDRAW /* 9012 13 */, decode_tunnel_encapsulation, NULL,
     NULL},
    {25, "IPV6_EXTENDED_COMMUNITIES", OPTIONAL_TRANSITIVE, 20, 20, false, false, WITHDRAW /* 7606 7.15 */, decode_pass_on, NULL,
     NULL},
    {26, "AIGP", OPTIONAL_ONLY, 0, 0, false, false, DISCARD /* 7311 3.2: not enabled on any session */, NULL, NULL, NULL},
    {32, "LARGE_COMMUNITIES", OPTIONAL_TRANSITIVE, 12, 12, false, false, WITHDRAW /* 8092 6 */, decode_large_communities,
     encode_large_communities, s2si_bgp_text_large},
    {35, "ONLY_TO_CUSTOMER", OPTIONAL_TRANSITIVE, 4, 0, true, false, WITHDRAW /* 9234 5 */, decode_pass_on, NULL, NULL},
    {40, "PREFIX_SID", OPTIONAL_TRANSITIVE, 0, 0, false, false, DISCARD /* 8669 6, 8: we are outside any SR domain */, NULL, NULL,
     NULL},
};

static const struct attribute_rule *find_rule(uint8_t code)
{
    for (size_t i = 0; i < S2SI_COUNT(rules) && rules[i].code <= code; i++) {
        if (rules[i].code == code) {
            return &rules[i];
        }
    }
    return NULL;
}

const char *s2si_bgp_attribute_name(uint8_t code)
{
    const struct attribute_rule *rule = find_rule(code);
    return rule == NULL ? "unknown" : rule->name;
}

void s2si_bgp_attribute_format(const struct s2si_bgp_attr_view *view, uint8_t code, char *out, size_t capacity)
{
    const struct attribute_rule *rule = find_rule(code);
    out[0] = '\0';
    if (rule != NULL && rule->format != NULL && s2si_bgp_has(view, code)) {
        rule->format(view, out, capacity);
    }
}

/* ---- the walk */

void s2si_bgp_attributes_fault(struct s2si_bgp_attributes *out, enum s2si_bgp_action action, uint8_t code, uint8_t subcode,
                               const void *data, size_t length, const char *reason)
{
    if (action <= out->action) {
        return;
    }
    out->action = action;
    out->code = code;
    out->reason = reason;
    s2si_bgp_notify_set(&out->notify, S2SI_BGP_ERR_UPDATE, subcode, data, length, reason);
}

/* One attribute as it stands in the message. */
struct raw_attribute {
    uint8_t flags, code;
    struct s2si_bgp_span whole, value;
};

static bool next_attribute(struct s2si_reader *reader, struct decoder *decoder, struct raw_attribute *raw)
{
    if (s2si_reader_left(reader) == 0) {
        return false;
    }
    raw->whole.data = reader->at;
    raw->flags = s2si_read_u8(reader);
    raw->code = s2si_read_u8(reader);
    size_t length = (raw->flags & S2SI_BGP_FLAG_EXTENDED) != 0 ? s2si_read_u16(reader) : s2si_read_u8(reader);
    raw->value.data = s2si_read_bytes(reader, length);
    raw->value.length = length;
    if (reader->failed) { /* RFC 7606 section 4; but prefixes that cannot be read cannot be withdrawn */
        bool prefixes = raw->code == S2SI_BGP_MP_REACH || raw->code == S2SI_BGP_MP_UNREACH;
        s2si_bgp_attributes_fault(decoder->out, prefixes ? S2SI_BGP_SESSION_RESET : S2SI_BGP_TREAT_AS_WITHDRAW, raw->code,
                                  S2SI_BGP_UPDATE_LENGTH, NULL, 0, "an attribute runs past the end of the attributes");
        return false;
    }
    raw->whole.length = (size_t)(reader->at - raw->whole.data);
    return true;
}

/* Keeps an attribute that is only passed on; partial says that somebody on the way did not know it. */
static void keep_other(struct decoder *decoder, const struct raw_attribute *raw, bool partial)
{
    uint8_t flags = OPTIONAL_TRANSITIVE | (raw->flags & S2SI_BGP_FLAG_PARTIAL);
    s2si_write_u8(&decoder->others, partial ? flags | S2SI_BGP_FLAG_PARTIAL : flags);
    s2si_write_u8(&decoder->others, raw->code);
    s2si_write_u16(&decoder->others, (uint16_t)raw->value.length);
    s2si_write_bytes(&decoder->others, raw->value.data, raw->value.length);
}

/* RFC 4271 section 5: an unknown well-known attribute ends the session, an optional transitive one is passed on with the partial
   bit, another optional one is dropped. */
static void unknown_attribute(struct decoder *decoder, const struct raw_attribute *raw)
{
    if ((raw->flags & S2SI_BGP_FLAG_OPTIONAL) == 0) {
        s2si_bgp_attributes_fault(decoder->out, S2SI_BGP_SESSION_RESET, raw->code, S2SI_BGP_UPDATE_UNRECOGNIZED_WELL_KNOWN,
                                  raw->whole.data, raw->whole.length, "an unrecognized well-known attribute");
    } else if ((raw->flags & S2SI_BGP_FLAG_TRANSITIVE) != 0) {
        keep_other(decoder, raw, true);
    }
}

static bool length_allowed(const struct attribute_rule *rule, size_t length)
{
    return rule->exact ? length == rule->min
                       : length >= rule->min && (rule->multiple == 0 || length % rule->multiple == 0);
}

static void known_attribute(struct decoder *decoder, const struct attribute_rule *rule, const struct raw_attribute *raw)
{
    struct s2si_bgp_attributes *out = decoder->out;
    bool multiprotocol = rule->code == S2SI_BGP_MP_REACH || rule->code == S2SI_BGP_MP_UNREACH;
    if (((raw->flags ^ rule->flags) & OPTIONAL_TRANSITIVE) != 0) { /* RFC 7606 section 3 c */
        s2si_bgp_attributes_fault(out, S2SI_BGP_TREAT_AS_WITHDRAW, rule->code, S2SI_BGP_UPDATE_FLAGS, NULL, 0,
                                  "attribute flags differ from what the attribute asks for");
        if (!multiprotocol) { /* the prefixes that are to be withdrawn still have to be read */
            return;
        }
    }
    if ((rule->internal_only && !decoder->codec->internal) || rule->decode == NULL) {
        s2si_bgp_attributes_fault(out, S2SI_BGP_DISCARD, rule->code, 0, NULL, 0, "an attribute that has no place in this session");
        return;
    }
    s2si_bgp_set_has(&out->view, rule->code, true);
    if (!length_allowed(rule, raw->value.length) || !rule->decode(decoder, raw->value)) {
        s2si_bgp_set_has(&out->view, rule->code, false);
        uint8_t subcode = multiprotocol ? S2SI_BGP_UPDATE_OPTIONAL : S2SI_BGP_UPDATE_LENGTH;
        s2si_bgp_attributes_fault(out, rule->malformed, rule->code, subcode, raw->whole.data, raw->whole.length,
                                  "a malformed attribute");
        return;
    }
    if (rule->decode == decode_pass_on || rule->decode == decode_tunnel_encapsulation) {
        s2si_bgp_set_has(&out->view, rule->code, false);
        keep_other(decoder, raw, false);
    }
}

/* RFC 7606 section 3 g: a second MP_REACH_NLRI or MP_UNREACH_NLRI ends the session, of others the first counts. */
static bool seen_before(struct decoder *decoder, uint8_t code)
{
    uint64_t bit = UINT64_C(1) << (code & 63);
    if ((decoder->seen[code >> 6] & bit) == 0) {
        decoder->seen[code >> 6] |= bit;
        return false;
    }
    bool multiprotocol = code == S2SI_BGP_MP_REACH || code == S2SI_BGP_MP_UNREACH;
    s2si_bgp_attributes_fault(decoder->out, multiprotocol ? S2SI_BGP_SESSION_RESET : S2SI_BGP_DISCARD, code,
                              S2SI_BGP_UPDATE_MALFORMED_LIST, NULL, 0, "an attribute that stands there twice");
    return true;
}

/* RFC 6793 section 4.2.3. */
static void merge_four_octet(struct decoder *decoder)
{
    struct s2si_bgp_attr_view *view = &decoder->out->view;
    bool aggregator = s2si_bgp_has(view, S2SI_BGP_AGGREGATOR);
    if (decoder->has_as4_aggregator && aggregator && view->aggregator_asn != S2SI_BGP_AS_TRANS) {
        return; /* an old speaker aggregated since: both AS4 attributes are stale */
    }
    if (decoder->has_as4_aggregator && aggregator) {
        view->aggregator_asn = decoder->as4_aggregator_asn;
        view->aggregator_id = decoder->as4_aggregator_id;
    }
    if (decoder->has_as4_path && s2si_bgp_has(view, S2SI_BGP_AS_PATH)) {
        uint8_t *out = decoder->scratch->path;
        size_t length = s2si_bgp_path_merge(view->as_path, decoder->as4_path, out, sizeof decoder->scratch->path);
        if (length > 0) {
            view->as_path = (struct s2si_bgp_span){out, length};
        }
    }
}

void s2si_bgp_attributes_decode(struct s2si_bgp_span attributes, const struct s2si_bgp_codec *codec,
                                struct s2si_bgp_scratch *scratch, struct s2si_bgp_attributes *out)
{
    struct decoder decoder = {.codec = codec, .scratch = scratch, .out = out};
    struct s2si_reader reader = s2si_reader(attributes.data, attributes.length);
    struct raw_attribute raw;
    memset(&out->view, 0, sizeof out->view);
    out->action = S2SI_BGP_ACCEPT;
    out->code = 0;
    out->reason = NULL;
    out->mp_reach = out->mp_unreach = (struct s2si_bgp_span){0};
    decoder.others = s2si_writer(scratch->others, sizeof scratch->others);
    while (out->action != S2SI_BGP_SESSION_RESET && next_attribute(&reader, &decoder, &raw)) {
        if (seen_before(&decoder, raw.code)) {
            continue;
        }
        const struct attribute_rule *rule = find_rule(raw.code);
        if (rule == NULL) {
            unknown_attribute(&decoder, &raw);
        } else {
            known_attribute(&decoder, rule, &raw);
        }
    }
    merge_four_octet(&decoder);
    out->view.others = (struct s2si_bgp_span){scratch->others, decoder.others.length};
    if (decoder.others.failed) {
        out->view.others.length = 0;
        s2si_bgp_attributes_fault(out, S2SI_BGP_TREAT_AS_WITHDRAW, 0, 0, NULL, 0, "more unknown attributes than fit");
    }
}

/* Attributes that are only passed on, in the order in which they came. */
static void encode_others(struct s2si_bgp_span others, struct s2si_writer *writer)
{
    struct s2si_reader reader = s2si_reader(others.data, others.length);
    while (!reader.failed && s2si_reader_left(&reader) > 0) {
        uint8_t flags = s2si_read_u8(&reader);
        uint8_t code = s2si_read_u8(&reader);
        size_t length = s2si_read_u16(&reader);
        const uint8_t *value = s2si_read_bytes(&reader, length);
        if (value != NULL) {
            write_span(writer, flags, code, (struct s2si_bgp_span){value, length});
        }
    }
}

void s2si_bgp_attributes_encode(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec,
                                struct s2si_writer *writer)
{
    for (size_t i = 0; i < S2SI_COUNT(rules); i++) {
        uint8_t code = rules[i].code;
        unsigned source = code == S2SI_BGP_AS4_PATH ? S2SI_BGP_AS_PATH : code == S2SI_BGP_AS4_AGGREGATOR ? S2SI_BGP_AGGREGATOR : code;
        if (rules[i].encode != NULL && s2si_bgp_has(view, source)) {
            rules[i].encode(view, codec, writer);
        }
    }
    encode_others(view->others, writer);
}
