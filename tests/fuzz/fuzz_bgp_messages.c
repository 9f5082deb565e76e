/* SPDX-License-Identifier: Apache-2.0 */
/* Headers, NOTIFICATIONs and ROUTE-REFRESHes: the first octet chooses which. */
#include "lib/bgp/message.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(bool kept)
{
    if (!kept) {
        abort();
    }
}

static void header(const uint8_t *data, size_t size)
{
    uint8_t bytes[S2SI_BGP_HEADER];
    enum s2si_bgp_message_type type = S2SI_BGP_OPEN;
    struct s2si_bgp_notify notify = {0};
    memset(bytes, 0xff, sizeof bytes);
    memcpy(bytes + sizeof bytes - (size < 3 ? size : sizeof bytes), data, size < 3 ? size : sizeof bytes);
    size_t length = s2si_bgp_header_decode(bytes, S2SI_BGP_MESSAGE_MAX, &type, &notify);
    promise(length == 0 ? notify.code == S2SI_BGP_ERR_HEADER : length >= S2SI_BGP_HEADER && length <= S2SI_BGP_MESSAGE_MAX);
}

static void notification(const uint8_t *data, size_t size)
{
    struct s2si_bgp_notify notify = {0};
    char text[40];
    s2si_bgp_notification_decode(data, size, &notify);
    s2si_bgp_shutdown_text(notify.data, notify.data_length, text, sizeof text);
    for (size_t i = 0; text[i] != '\0'; i++) {
        promise((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
    }
    promise(s2si_bgp_error_name(notify.code) != NULL && s2si_bgp_subcode_name(notify.code, notify.subcode) != NULL);
}

static void refresh(const uint8_t *data, size_t size)
{
    struct s2si_bgp_refresh message;
    struct s2si_bgp_notify notify = {0};
    if (s2si_bgp_refresh_decode(data, size, &message, &notify) != 0) {
        promise(notify.code == S2SI_BGP_ERR_ROUTE_REFRESH && notify.subcode == 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    if (data[0] % 3 == 0 && (size - 1 < 3 || size - 1 >= S2SI_BGP_HEADER)) {
        header(data + 1, size - 1);
    } else if (data[0] % 3 == 1) {
        notification(data + 1, size - 1);
    } else {
        refresh(data + 1, size - 1);
    }
    return 0;
}
