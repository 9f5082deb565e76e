/* SPDX-License-Identifier: Apache-2.0 */
/* The body of an UPDATE. The first octet chooses the session: bit 0 four-octet AS, bit 1 internal. What was read is interned,
   written again, read again: the set has to be the same one. */
#include "lib/bgp/update.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(bool kept)
{
    if (!kept) {
        abort();
    }
}

static void walk(struct s2si_bgp_nlri nlri)
{
    uint8_t address[16], length;
    while (nlri.family != S2SI_BGP_FAMILY_OTHER && s2si_bgp_nlri_next(&nlri, address, &length)) {
        promise(length <= (nlri.family == S2SI_BGP_IPV4 ? 32 : 128));
    }
}

static void show(const struct s2si_bgp_attr_view *view)
{
    char text[64];
    for (unsigned code = 0; code < 64; code++) {
        s2si_bgp_attribute_format(view, (uint8_t)code, text, sizeof text);
        promise(memchr(text, 0, sizeof text) != NULL);
    }
}

static void round_trip(const struct s2si_bgp_attr_view *view, const struct s2si_bgp_codec *codec)
{
    static const struct s2si_bgp_codec four = {.four_octet = true, .internal = true};
    struct s2si_mem mem;
    struct s2si_bgp_attr_table table;
    struct s2si_bgp_attributes again;
    struct s2si_bgp_scratch *scratch = malloc(sizeof *scratch);
    uint8_t bytes[8 * S2SI_BGP_MESSAGE_MAX];
    struct s2si_writer writer = s2si_writer(bytes, sizeof bytes);
    s2si_mem_init(&mem, NULL);
    s2si_bgp_attr_table_init(&table, &mem, 1, 2);
    uint32_t id = s2si_bgp_attrs_intern(&table, view);
    struct s2si_bgp_attr_view kept = *view;
    s2si_bgp_set_has(&kept, S2SI_BGP_ORIGINATOR_ID, false); /* never sent by us */
    s2si_bgp_set_has(&kept, S2SI_BGP_CLUSTER_LIST, false);
    kept.originator_id = 0;
    kept.cluster_list.length = 0;
    if (!codec->internal) {
        s2si_bgp_set_has(&kept, S2SI_BGP_LOCAL_PREF, false);
    }
    uint32_t sent = s2si_bgp_attrs_intern(&table, &kept);
    s2si_bgp_attributes_encode(&kept, &four, &writer);
    if (scratch != NULL && !writer.failed) {
        s2si_bgp_attributes_decode((struct s2si_bgp_span){bytes, writer.length}, &four, scratch, &again);
        promise(again.action == S2SI_BGP_ACCEPT);
        promise(s2si_bgp_attrs_intern(&table, &again.view) == sent);
        s2si_bgp_attrs_release(&table, sent);
    }
    s2si_bgp_attrs_release(&table, sent);
    s2si_bgp_attrs_release(&table, id);
    s2si_bgp_attr_table_clear(&table);
    promise(mem.blocks == 0);
    free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5) {
        return 0;
    }
    const struct s2si_bgp_codec codec = {.four_octet = (data[0] & 1) != 0, .internal = (data[0] & 2) != 0, .families = 3};
    struct s2si_bgp_scratch *scratch = malloc(sizeof *scratch);
    struct s2si_bgp_update update;
    if (scratch == NULL) {
        return 0;
    }
    s2si_bgp_update_decode(data + 1, size - 1, &codec, scratch, &update);
    if (update.attributes.action == S2SI_BGP_SESSION_RESET) {
        promise(update.attributes.notify.code == S2SI_BGP_ERR_UPDATE && update.attributes.notify.subcode != 0);
    } else {
        for (int i = 0; i < 2; i++) {
            walk(update.withdrawn[i]);
            walk(update.reached[i]);
        }
        show(&update.attributes.view);
        if (update.attributes.action <= S2SI_BGP_DISCARD) {
            round_trip(&update.attributes.view, &codec);
        }
    }
    free(scratch);
    return 0;
}
