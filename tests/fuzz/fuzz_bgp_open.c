/* SPDX-License-Identifier: Apache-2.0 */
/* The body of an OPEN; what was accepted is written again and has to say the same. */
#include "lib/bgp/message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(bool kept)
{
    if (!kept) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s2si_bgp_notify notify = {0};
    struct s2si_bgp_open open, again;
    uint8_t bytes[512];
    struct s2si_writer writer = s2si_writer(bytes, sizeof bytes);
    if (s2si_bgp_open_decode(data, size, &open, &notify) != 0) {
        promise(notify.code == S2SI_BGP_ERR_OPEN && notify.reason != NULL);
        return 0;
    }
    promise(open.asn != 0 && open.identifier != 0 && open.hold_time != 1 && open.hold_time != 2);
    s2si_bgp_open_encode(&open, &writer);
    promise(!writer.failed);
    promise(s2si_bgp_open_decode(bytes + S2SI_BGP_HEADER, writer.length - S2SI_BGP_HEADER, &again, &notify) == 0);
    promise(again.asn == open.asn && again.hold_time == open.hold_time && again.capabilities.families == open.capabilities.families);
    promise(again.capabilities.restart_time == open.capabilities.restart_time);
    return 0;
}
