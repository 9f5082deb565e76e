/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/ladder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/base.h"

static struct ladder_line *add(struct ladder *ladder, const struct s2s_sim_frame *frame)
{
    struct ladder_line *line = &ladder->lines[ladder->count++ % LADDER_LINES];
    memset(line, 0, sizeof *line);
    line->at = frame->time;
    line->link = frame->link;
    line->direction = frame->direction;
    line->lost = frame->lost;
    line->length = frame->length;
    line->times = 1;
    return line;
}

static void esp(struct ladder *ladder, const struct s2s_sim_frame *frame, const uint8_t *data)
{
    struct ladder_line *last = ladder->count ? &ladder->lines[(ladder->count - 1) % LADDER_LINES] : NULL;
    uint32_t spi = s2si_get_u32(data), sequence = s2si_get_u32(data + 4);
    if (ladder->quiet_esp)
        return;
    if (last == NULL || !last->esp || last->spi != spi || last->link != frame->link || last->lost != frame->lost) {
        last = add(ladder, frame);
        last->esp = true;
        last->spi = spi;
        last->first = sequence;
        last->times = 0;
    }
    last->last = sequence;
    last->times++;
}

static void ike(struct ladder *ladder, const struct s2s_sim_frame *frame, const uint8_t *data)
{
    struct ladder_line *line = add(ladder, frame);
    line->ike = true;
    line->spi_i = s2si_get_u64(data);
    line->spi_r = s2si_get_u64(data + 8);
    line->exchange = data[18];
    line->response = (data[19] & 0x20) != 0;
    line->message_id = s2si_get_u32(data + 20);
}

static void look(void *user, const struct s2s_sim_frame *frame)
{
    struct ladder *ladder = user;
    struct s2si_ip ip;
    if (s2si_ip_read(frame->data, frame->length, &ip) != 0)
        return;
    const uint8_t *data = frame->data + ip.header_length;
    size_t length = ip.total_length - ip.header_length;
    if (ip.protocol == S2SI_PROTO_ESP && length >= 8) {
        esp(ladder, frame, data);
    } else if (ip.protocol == S2SI_PROTO_UDP && length >= 8 + 28 && (ip.source_port == 500 || ip.destination_port == 500)) {
        ike(ladder, frame, data + 8);
    } else if (ip.protocol == S2SI_PROTO_UDP && length >= 8 + 32 && s2si_get_u32(data + 8) == 0) {
        ike(ladder, frame, data + 12);
    } else if (ip.protocol == S2SI_PROTO_UDP && length >= 8 + 8) {
        esp(ladder, frame, data + 8);
    }
}

void ladder_watch(struct ladder *ladder, s2s_sim_link *link)
{
    assert_int_equal(s2s_sim_tap(link, look, ladder), 0);
}

static const char *exchange_name(uint8_t exchange)
{
    switch (exchange) {
    case 34:
        return "IKE_SA_INIT";
    case 35:
        return "IKE_AUTH";
    case 36:
        return "CREATE_CHILD_SA";
    case 37:
        return "INFORMATIONAL";
    default:
        return "?";
    }
}

static void print(const struct ladder_line *line, FILE *out)
{
    fprintf(out, "%12.6f  %-8s %s %s", (double)line->at / 1e9, s2s_sim_link_name(line->link),
            line->direction == S2S_SIM_FORTH ? "->" : "<-", line->lost ? "LOST " : "");
    if (line->ike)
        fprintf(out, "IKE %08llx/%08llx %s %s %u, %zu bytes\n", (unsigned long long)(line->spi_i >> 32),
                (unsigned long long)(line->spi_r >> 32), exchange_name(line->exchange),
                line->response ? "response" : "request", line->message_id, line->length);
    else
        fprintf(out, "ESP %08x #%u..%u x %u\n", line->spi, line->first, line->last, line->times);
}

void ladder_print(const struct ladder *ladder, FILE *out)
{
    size_t first = ladder->count > LADDER_LINES ? ladder->count - LADDER_LINES : 0;
    fprintf(out, "the last %zu of %zu messages:\n", ladder->count - first, ladder->count);
    for (size_t i = first; i < ladder->count; i++)
        print(&ladder->lines[i % LADDER_LINES], out);
}
