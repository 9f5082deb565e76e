/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of device files, and export. */
#include <stdlib.h>
#include <string.h>

#include "lib/config/device_view.h"

enum { ROOM = 64 * 1024, LIMIT = 256 * 1024 };

static const struct kind {
    enum s2s_device_file kind;
    const char *name, *type;
    int (*write)(const struct s2si_view *view, s2si_text *out);
} kinds[] = {
    {S2S_DEVICE_FILE_GENERIC, "generic", "text/plain; charset=utf-8", s2si_export_generic},
    {S2S_DEVICE_FILE_AWS_XML, "aws-xml", "application/xml", s2si_export_xml},
    {S2S_DEVICE_FILE_ALIBABA, "alibaba", "application/json", s2si_export_alibaba},
    {S2S_DEVICE_FILE_SWANCTL, "swanctl", "text/plain; charset=utf-8", s2si_export_swanctl},
    {S2S_DEVICE_FILE_AWS_CLI, "aws-cli", "application/json", NULL},
    {S2S_DEVICE_FILE_ALIBABA_API, "alibaba-api", "application/json", NULL},
};

static const struct kind *kind_of(int kind)
{
    for (size_t i = 0; i < S2SI_COUNT(kinds); i++) {
        if ((int)kinds[i].kind == kind) {
            return &kinds[i];
        }
    }
    return NULL;
}

const char *s2s_device_file_name(int kind)
{
    const struct kind *row = kind_of(kind);
    return row ? row->name : NULL;
}

enum s2s_device_file s2s_device_file_find(const char *name)
{
    for (size_t i = 0; name && i < S2SI_COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return kinds[i].kind;
        }
    }
    return S2S_DEVICE_FILE_ANY;
}

const char *s2s_device_file_type(int kind)
{
    const struct kind *row = kind_of(kind);
    return row && row->write ? row->type : "application/octet-stream";
}

/* The text as one block of malloc's. */
static int hand_out(const s2si_text *out, char **text)
{
    *text = out->failed ? NULL : malloc(out->length + 1);
    if (!*text) {
        return S2S_ERR_NO_MEMORY;
    }
    memcpy(*text, out->data, out->length);
    (*text)[out->length] = '\0';
    return 0;
}

int s2s_device_file_export(const s2s_connection *connection, int kind, int sample, char **text)
{
    const struct kind *row = kind_of(kind);
    struct s2si_view view = {.tunnels = NULL};
    struct s2si_mem mem;
    s2si_text out;
    int error;

    if (!connection || !text || !row ||
        (sample != S2S_DEVICE_SAMPLE_RECOMMENDED && sample != S2S_DEVICE_SAMPLE_COMPATIBILITY)) {
        return S2S_ERR_INVALID;
    }
    *text = NULL;
    if (!row->write) {
        return S2S_ERR_UNSUPPORTED;
    }
    error = s2si_mem_init(&mem, NULL);
    if (error) {
        return error;
    }
    s2si_buffer_init(&out, &mem, LIMIT);
    (void)s2si_buffer_reserve(&out, ROOM); /* in one piece: growing would leave copies of the keys behind */
    error = s2si_view_read(&mem, connection, sample, &view);
    if (error == 0) {
        error = row->write(&view, &out);
    }
    if (error == 0) {
        error = hand_out(&out, text);
    }
    s2si_view_free(&mem, &view);
    s2si_buffer_wipe(&out);
    return error;
}

void s2s_device_file_free(char *text)
{
    if (text) {
        s2si_wipe(text, strlen(text));
        free(text);
    }
}
