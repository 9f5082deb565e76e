/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/bgp/protocol.h"

#include <string.h>

struct code_name {
    uint8_t code, subcode;
    const char *name;
};

/* IANA "BGP Error (Notification) Codes" and their subcodes; subcode 0 names the code itself. */
static const struct code_name names[] = {
    {1, 0, "message header error"},
    {1, 1, "connection not synchronized"},
    {1, 2, "bad message length"},
    {1, 3, "bad message type"},
    {2, 0, "OPEN message error"},
    {2, 1, "unsupported version number"},
    {2, 2, "bad peer AS"},
    {2, 3, "bad BGP identifier"},
    {2, 4, "unsupported optional parameter"},
    {2, 6, "unacceptable hold time"},
    {2, 7, "unsupported capability"},
    {2, 8, "role mismatch"},
    {3, 0, "UPDATE message error"},
    {3, 1, "malformed attribute list"},
    {3, 2, "unrecognized well-known attribute"},
    {3, 3, "missing well-known attribute"},
    {3, 4, "attribute flags error"},
    {3, 5, "attribute length error"},
    {3, 6, "invalid ORIGIN attribute"},
    {3, 8, "invalid NEXT_HOP attribute"},
    {3, 9, "optional attribute error"},
    {3, 10, "invalid network field"},
    {3, 11, "malformed AS_PATH"},
    {4, 0, "hold timer expired"},
    {5, 0, "finite state machine error"},
    {5, 1, "unexpected message in OpenSent"},
    {5, 2, "unexpected message in OpenConfirm"},
    {5, 3, "unexpected message in Established"},
    {6, 0, "Cease"},
    {6, 1, "maximum number of prefixes reached"},
    {6, 2, "administrative shutdown"},
    {6, 3, "peer de-configured"},
    {6, 4, "administrative reset"},
    {6, 5, "connection rejected"},
    {6, 6, "other configuration change"},
    {6, 7, "connection collision resolution"},
    {6, 8, "out of resources"},
    {6, 9, "hard reset"},
    {6, 10, "BFD down"},
    {7, 0, "ROUTE-REFRESH message error"},
    {7, 1, "invalid message length"},
    {8, 0, "send hold timer expired"},
};

static const char *find_name(uint8_t code, uint8_t subcode)
{
    for (size_t i = 0; i < S2SI_COUNT(names); i++) {
        if (names[i].code == code && names[i].subcode == subcode) {
            return names[i].name;
        }
    }
    return NULL;
}

const char *s2si_bgp_error_name(uint8_t code)
{
    const char *name = find_name(code, 0);
    return name == NULL ? "unknown error" : name;
}

const char *s2si_bgp_subcode_name(uint8_t code, uint8_t subcode)
{
    const char *name = subcode == 0 ? "unspecific" : find_name(code, subcode);
    return name == NULL ? "unknown subcode" : name;
}

enum s2si_bgp_family s2si_bgp_family_of(uint16_t afi, uint8_t safi)
{
    if (safi != S2SI_BGP_SAFI_UNICAST || afi < S2SI_BGP_AFI_IPV4 || afi > S2SI_BGP_AFI_IPV6) {
        return S2SI_BGP_FAMILY_OTHER;
    }
    return afi == S2SI_BGP_AFI_IPV4 ? S2SI_BGP_IPV4 : S2SI_BGP_IPV6;
}

uint16_t s2si_bgp_afi(enum s2si_bgp_family family)
{
    return family == S2SI_BGP_IPV6 ? S2SI_BGP_AFI_IPV6 : S2SI_BGP_AFI_IPV4;
}

const char *s2si_bgp_family_name(enum s2si_bgp_family family)
{
    return family == S2SI_BGP_IPV6 ? "IPv6 unicast" : "IPv4 unicast";
}

void s2si_bgp_notify_set(struct s2si_bgp_notify *notify, uint8_t code, uint8_t subcode, const void *data, size_t length,
                         const char *reason)
{
    notify->code = code;
    notify->subcode = subcode;
    notify->data_length = data == NULL ? 0 : length < sizeof notify->data ? length : sizeof notify->data;
    if (notify->data_length > 0) {
        memcpy(notify->data, data, notify->data_length);
    }
    notify->reason = reason;
}

void s2si_bgp_shutdown_text(const uint8_t *data, size_t length, char *out, size_t capacity)
{
    struct s2si_reader reader = s2si_reader(data, length);
    size_t text_length = s2si_read_u8(&reader);
    const uint8_t *text = s2si_read_bytes(&reader, text_length);
    size_t used = 0;
    for (size_t i = 0; text != NULL && i < text_length && used + 1 < capacity; i++) {
        out[used++] = (char)(text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i]);
    }
    if (capacity > 0) {
        out[used] = '\0';
    }
}
