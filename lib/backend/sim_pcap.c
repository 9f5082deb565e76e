/* SPDX-License-Identifier: Apache-2.0 */
/* sim_pcap: frames as a pcap file of nanosecond resolution and link type RAW, native byte order written as big-endian. */
#include "lib/backend/sim.h"

#include <string.h>

#define PCAP_NANOSECONDS 0xa1b23c4du
enum { LINKTYPE_RAW = 101, SNAP_LENGTH = 262144, DEFAULT_LIMIT = 64 * 1024 * 1024, FIRST_CAPACITY = 4096 };

struct s2s_sim_capture {
    struct s2si_list node;
    struct s2si_buffer file;
    size_t limit;
    uint64_t missed;
};

void s2s_sim_pcap_header(uint8_t *out)
{
    struct s2si_writer writer = s2si_writer(out, S2S_SIM_PCAP_HEADER);
    s2si_write_u32(&writer, PCAP_NANOSECONDS);
    s2si_write_u16(&writer, 2);
    s2si_write_u16(&writer, 4);
    s2si_write_zeros(&writer, 8);
    s2si_write_u32(&writer, SNAP_LENGTH);
    s2si_write_u32(&writer, LINKTYPE_RAW);
}

void s2s_sim_pcap_record(const struct s2s_sim_frame *frame, uint8_t *out)
{
    struct s2si_writer writer = s2si_writer(out, S2S_SIM_PCAP_RECORD);
    s2si_write_u32(&writer, (uint32_t)(frame->time / S2S_SECOND));
    s2si_write_u32(&writer, (uint32_t)(frame->time % S2S_SECOND));
    s2si_write_u32(&writer, (uint32_t)frame->length);
    s2si_write_u32(&writer, (uint32_t)frame->length);
}

static void capture(void *user, const struct s2s_sim_frame *frame)
{
    struct s2s_sim_capture *self = user;
    size_t length = S2S_SIM_PCAP_RECORD + frame->length;
    uint8_t *at = self->file.length + length > self->limit ? NULL : s2si_buffer_reserve(&self->file, length);
    if (at == NULL) {
        self->file.failed = false; /* whole records stand; later ones may find memory */
        self->missed++;
        return;
    }
    s2s_sim_pcap_record(frame, at);
    memcpy(at + S2S_SIM_PCAP_RECORD, frame->data, frame->length);
    self->file.length += length;
}

int s2s_sim_capture_start(s2s_sim_link *link, size_t limit, s2s_sim_capture **out)
{
    uint8_t header[S2S_SIM_PCAP_HEADER];
    if (out == NULL) {
        return S2S_ERR_INVALID;
    }
    *out = NULL;
    struct s2s_sim_capture *self = s2si_alloc(&link->sim->mem, sizeof *self);
    if (self == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    self->limit = limit == 0 ? DEFAULT_LIMIT : limit;
    s2si_buffer_init(&self->file, &link->sim->mem, self->limit < sizeof header ? sizeof header : self->limit);
    s2s_sim_pcap_header(header);
    if (!s2si_buffer_append(&self->file, header, sizeof header) || s2s_sim_tap(link, capture, self) != 0) {
        s2si_buffer_clear(&self->file);
        s2si_free(&link->sim->mem, self, sizeof *self);
        return S2S_ERR_NO_MEMORY;
    }
    s2si_list_append(&link->captures, &self->node);
    *out = self;
    return 0;
}

const uint8_t *s2s_sim_capture_data(const s2s_sim_capture *self, size_t *length)
{
    *length = self->file.length;
    return self->file.data;
}

uint64_t s2s_sim_capture_missed(const s2s_sim_capture *self)
{
    return self->missed;
}

void s2si_sim_captures_free(s2s_sim_link *link)
{
    struct s2si_list *at, *after;
    S2SI_LIST_EACH_SAFE(at, after, &link->captures) {
        struct s2s_sim_capture *self = S2SI_CONTAINER(at, struct s2s_sim_capture, node);
        s2si_buffer_clear(&self->file);
        s2si_free(&link->sim->mem, self, sizeof *self);
    }
}
