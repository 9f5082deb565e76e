/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bgp/update.h"

#include <string.h>

static uint8_t longest(enum s2si_bgp_family family)
{
    return family == S2SI_BGP_IPV4 ? 32 : 128;
}

size_t s2si_bgp_nlri_size(uint8_t length)
{
    return 1u + (length + 7u) / 8u;
}

/* RFC 7606 section 5.3: a length over the family's, or a prefix that runs past the field. */
static bool nlri_valid(struct s2si_bgp_span prefixes, enum s2si_bgp_family family)
{
    const uint8_t *at = prefixes.data;
    size_t left = prefixes.length;
    while (left > 0) {
        size_t size = s2si_bgp_nlri_size(at[0]);
        if (at[0] > longest(family) || size > left) {
            return false;
        }
        at += size;
        left -= size;
    }
    return true;
}

bool s2si_bgp_nlri_next(struct s2si_bgp_nlri *nlri, uint8_t address[16], uint8_t *length)
{
    struct s2si_bgp_span *prefixes = &nlri->prefixes;
    if (prefixes->length == 0) {
        return false;
    }
    uint8_t bits = prefixes->data[0];
    size_t octets = s2si_bgp_nlri_size(bits) - 1, width = nlri->family == S2SI_BGP_IPV4 ? 4 : 16;
    memset(address, 0, width);
    memcpy(address, prefixes->data + 1, octets);
    if (bits % 8 != 0) {
        address[octets - 1] &= (uint8_t)(0xff00u >> bits % 8);
    }
    *length = bits;
    prefixes->data += octets + 1;
    prefixes->length -= octets + 1;
    return true;
}

void s2si_bgp_nlri_write(struct s2si_writer *writer, const uint8_t *address, uint8_t length)
{
    s2si_write_u8(writer, length);
    s2si_write_bytes(writer, address, s2si_bgp_nlri_size(length) - 1);
}

static void reset(struct s2si_bgp_update *out, uint8_t code, uint8_t subcode, const char *reason)
{
    s2si_bgp_attributes_fault(&out->attributes, S2SI_BGP_SESSION_RESET, code, subcode, NULL, 0, reason);
}

static bool carried(const struct s2si_bgp_codec *codec, enum s2si_bgp_family family)
{
    return family != S2SI_BGP_FAMILY_OTHER && (codec->families >> family & 1) != 0;
}

/* RFC 4760 section 3: AFI 2, SAFI 1, next hop length 1 and next hop, reserved 1, prefixes. A family that was not negotiated is
   left alone. */
static void read_mp_reach(struct s2si_bgp_update *out, const struct s2si_bgp_codec *codec)
{
    struct s2si_reader reader = s2si_reader(out->attributes.mp_reach.data, out->attributes.mp_reach.length);
    uint16_t afi = s2si_read_u16(&reader);
    enum s2si_bgp_family family = s2si_bgp_family_of(afi, s2si_read_u8(&reader));
    size_t next_hop_length = s2si_read_u8(&reader);
    const uint8_t *next_hop = s2si_read_bytes(&reader, next_hop_length);
    s2si_read_skip(&reader, 1);
    if (reader.failed) {
        reset(out, S2SI_BGP_MP_REACH, S2SI_BGP_UPDATE_OPTIONAL, "MP_REACH_NLRI: the next hop runs past the attribute");
        return;
    }
    if (!carried(codec, family)) {
        return;
    }
    bool fits = family == S2SI_BGP_IPV4 ? next_hop_length == 4 : next_hop_length == 16 || next_hop_length == 32;
    struct s2si_bgp_span prefixes = {reader.at, s2si_reader_left(&reader)};
    if (!fits || !nlri_valid(prefixes, family)) {
        reset(out, S2SI_BGP_MP_REACH, S2SI_BGP_UPDATE_OPTIONAL,
              fits ? "MP_REACH_NLRI: a prefix that cannot be" : "MP_REACH_NLRI: a next hop of a wrong length");
        return;
    }
    out->reached[1] = (struct s2si_bgp_nlri){family, prefixes};
    out->mp_next_hop_length = (uint8_t)next_hop_length;
    memcpy(out->mp_next_hop, next_hop, next_hop_length);
    bool bad = family == S2SI_BGP_IPV4 ? next_hop[0] == 0 || next_hop[0] == 127 || next_hop[0] >= 224
                                       : next_hop[0] == 0xff || memcmp(next_hop, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15) == 0;
    if (bad) {
        s2si_bgp_attributes_fault(&out->attributes, S2SI_BGP_TREAT_AS_WITHDRAW, S2SI_BGP_MP_REACH, 0, NULL, 0,
                                  "MP_REACH_NLRI: no host can have this next hop");
    }
}

static void read_mp_unreach(struct s2si_bgp_update *out, const struct s2si_bgp_codec *codec)
{
    struct s2si_reader reader = s2si_reader(out->attributes.mp_unreach.data, out->attributes.mp_unreach.length);
    uint16_t afi = s2si_read_u16(&reader);
    enum s2si_bgp_family family = s2si_bgp_family_of(afi, s2si_read_u8(&reader));
    struct s2si_bgp_span prefixes = {reader.at, s2si_reader_left(&reader)};
    if (!carried(codec, family)) {
        return;
    }
    if (!nlri_valid(prefixes, family)) {
        reset(out, S2SI_BGP_MP_UNREACH, S2SI_BGP_UPDATE_OPTIONAL, "MP_UNREACH_NLRI: a prefix that cannot be");
        return;
    }
    out->withdrawn[1] = (struct s2si_bgp_nlri){family, prefixes};
}

/* RFC 4271 section 6.3, RFC 7606 section 3 d: what has to be there when prefixes are announced. */
static void check_mandatory(struct s2si_bgp_update *out, const struct s2si_bgp_codec *codec)
{
    const struct s2si_bgp_attr_view *view = &out->attributes.view;
    bool old = out->reached[0].prefixes.length > 0, any = old || out->reached[1].prefixes.length > 0;
    const struct {
        uint8_t code;
        bool needed;
    } mandatory[] = {{S2SI_BGP_ORIGIN, any}, {S2SI_BGP_AS_PATH, any}, {S2SI_BGP_NEXT_HOP, old},
                     {S2SI_BGP_LOCAL_PREF, any && codec->internal}};
    for (size_t i = 0; i < S2SI_COUNT(mandatory); i++) {
        if (mandatory[i].needed && !s2si_bgp_has(view, mandatory[i].code)) {
            s2si_bgp_attributes_fault(&out->attributes, S2SI_BGP_TREAT_AS_WITHDRAW, mandatory[i].code,
                                      S2SI_BGP_UPDATE_MISSING_WELL_KNOWN, &mandatory[i].code, 1, "a mandatory attribute is missing");
        }
    }
}

/* RFC 4724 section 2: an empty UPDATE, or one with nothing but an empty MP_UNREACH_NLRI. */
static void find_end_of_rib(struct s2si_bgp_update *out, size_t body_length, size_t attributes_length)
{
    const struct s2si_bgp_attributes *attributes = &out->attributes;
    size_t unreach = attributes->mp_unreach.length;
    bool alone = attributes_length == unreach + 3 || attributes_length == unreach + 4;
    if (body_length == 4) {
        out->end_of_rib = true;
        out->end_of_rib_family = S2SI_BGP_IPV4;
    } else if (s2si_bgp_has(&attributes->view, S2SI_BGP_MP_UNREACH) && unreach == 3 && alone && body_length == 4 + attributes_length &&
               out->withdrawn[1].family != S2SI_BGP_FAMILY_OTHER) {
        out->end_of_rib = true;
        out->end_of_rib_family = out->withdrawn[1].family;
    }
}

void s2si_bgp_update_decode(const uint8_t *body, size_t length, const struct s2si_bgp_codec *codec,
                            struct s2si_bgp_scratch *scratch, struct s2si_bgp_update *out)
{
    const struct s2si_bgp_nlri none = {.family = S2SI_BGP_FAMILY_OTHER};
    struct s2si_reader reader = s2si_reader(body, length);
    out->withdrawn[0] = out->withdrawn[1] = out->reached[0] = out->reached[1] = none;
    out->end_of_rib = false;
    out->mp_next_hop_length = 0;
    size_t withdrawn_length = s2si_read_u16(&reader);
    struct s2si_bgp_span withdrawn = {s2si_read_bytes(&reader, withdrawn_length), withdrawn_length};
    size_t attributes_length = s2si_read_u16(&reader);
    struct s2si_bgp_span attributes = {s2si_read_bytes(&reader, attributes_length), attributes_length};
    bool broken = reader.failed;
    struct s2si_bgp_span nlri = {reader.at, s2si_reader_left(&reader)};
    s2si_bgp_attributes_decode(broken ? (struct s2si_bgp_span){0} : attributes, codec, scratch, &out->attributes);
    if (broken) { /* RFC 4271 section 6.3: the lengths add up to more than the message */
        reset(out, 0, S2SI_BGP_UPDATE_MALFORMED_LIST, "withdrawn routes or attributes run past the message");
        return;
    }
    if (!nlri_valid(withdrawn, S2SI_BGP_IPV4) || !nlri_valid(nlri, S2SI_BGP_IPV4)) {
        reset(out, 0, S2SI_BGP_UPDATE_NETWORK, "a prefix that cannot be");
        return;
    }
    if (carried(codec, S2SI_BGP_IPV4)) {
        out->withdrawn[0] = (struct s2si_bgp_nlri){S2SI_BGP_IPV4, withdrawn};
        out->reached[0] = (struct s2si_bgp_nlri){S2SI_BGP_IPV4, nlri};
    }
    if (s2si_bgp_has(&out->attributes.view, S2SI_BGP_MP_REACH)) {
        read_mp_reach(out, codec);
    }
    if (s2si_bgp_has(&out->attributes.view, S2SI_BGP_MP_UNREACH)) {
        read_mp_unreach(out, codec);
    }
    check_mandatory(out, codec);
    find_end_of_rib(out, length, attributes_length);
    s2si_bgp_set_has(&out->attributes.view, S2SI_BGP_MP_REACH, false);
    s2si_bgp_set_has(&out->attributes.view, S2SI_BGP_MP_UNREACH, false);
}
