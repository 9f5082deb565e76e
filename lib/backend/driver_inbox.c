/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/driver_inbox.h"
#include "lib/backend/params.h"

#include <string.h>

/* Texts of the reserved completion are cut to this. */
enum { RESERVED_TEXT = 512 };

void s2si_inbox_init(struct s2si_inbox *inbox, struct s2si_mem *mem)
{
    *inbox = (struct s2si_inbox){.mem = mem};
    s2si_list_init(&inbox->entries);
}

void s2si_inbox_free(struct s2si_inbox *inbox, struct s2si_inbox_entry *entry)
{
    if (entry != NULL) {
        s2si_free(inbox->mem, entry, entry->size);
    }
}

struct s2si_inbox_entry *s2si_inbox_take(struct s2si_inbox *inbox)
{
    if (s2si_list_empty(&inbox->entries)) {
        return NULL;
    }
    struct s2si_inbox_entry *entry = S2SI_CONTAINER(inbox->entries.next, struct s2si_inbox_entry, node);
    s2si_list_remove(&entry->node);
    return entry;
}

void s2si_inbox_clear(struct s2si_inbox *inbox)
{
    struct s2si_inbox_entry *entry;
    while ((entry = s2si_inbox_take(inbox)) != NULL) {
        s2si_inbox_free(inbox, entry);
    }
    s2si_inbox_free(inbox, inbox->reserve);
    inbox->reserve = NULL;
}

static struct s2si_inbox_entry *new_entry(struct s2si_inbox *inbox, size_t bytes)
{
    struct s2si_inbox_entry *entry = s2si_alloc(inbox->mem, sizeof *entry + bytes);
    if (entry != NULL) {
        entry->size = sizeof *entry + bytes;
    }
    return entry;
}

bool s2si_inbox_reserve(struct s2si_inbox *inbox)
{
    if (inbox->reserve == NULL) {
        inbox->reserve = new_entry(inbox, RESERVED_TEXT);
    }
    return inbox->reserve != NULL;
}

/* Copies a text behind the entry and moves *used; a text that does not fit is cut. NULL stays NULL. */
static const char *keep_text(struct s2si_inbox_entry *entry, size_t *used, const char *text)
{
    size_t room = entry->size - sizeof *entry - *used;
    if (text == NULL || room == 0) {
        return NULL;
    }
    size_t length = strlen(text) < room ? strlen(text) : room - 1;
    char *copy = (char *)entry->bytes + *used;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *used += length + 1;
    return copy;
}

static size_t text_size(const char *text)
{
    return text != NULL ? strlen(text) + 1 : 0;
}

void s2si_inbox_complete(struct s2si_inbox *inbox, uint64_t op, const struct s2s_result *result)
{
    struct s2s_result copy = {.struct_size = 0};
    s2si_params_take(&copy, sizeof copy, result);
    struct s2si_inbox_entry *entry = new_entry(inbox, text_size(copy.detail) + text_size(copy.device));
    if (entry == NULL) {
        entry = inbox->reserve;
        inbox->reserve = NULL;
    }
    if (entry == NULL) {
        inbox->lost++;
        return;
    }
    size_t used = 0;
    entry->kind = S2SI_INBOX_COMPLETE;
    entry->op = op;
    entry->u.result = copy;
    entry->u.result.device = keep_text(entry, &used, copy.device);
    entry->u.result.detail = keep_text(entry, &used, copy.detail);
    s2si_list_append(&inbox->entries, &entry->node);
}

void s2si_inbox_stream(struct s2si_inbox *inbox, const struct s2s_stream_input *input)
{
    struct s2s_stream_input copy = {.struct_size = 0};
    s2si_params_take(&copy, sizeof copy, input);
    struct s2si_inbox_entry *entry = new_entry(inbox, copy.length);
    if (entry == NULL) {
        inbox->lost++;
        return;
    }
    entry->kind = S2SI_INBOX_STREAM;
    entry->u.stream = copy;
    if (copy.length > 0) {
        memcpy(entry->bytes, copy.data, copy.length);
        entry->u.stream.data = entry->bytes;
    }
    s2si_list_append(&inbox->entries, &entry->node);
}

void s2si_inbox_notice(struct s2si_inbox *inbox, const struct s2s_kernel_notice *notice)
{
    struct s2s_kernel_notice copy = {.struct_size = 0};
    s2si_params_take(&copy, sizeof copy, notice);
    struct s2si_inbox_entry *entry = new_entry(inbox, text_size(copy.gateway) + text_size(copy.device));
    if (entry == NULL) {
        inbox->lost++;
        return;
    }
    size_t used = 0;
    entry->kind = S2SI_INBOX_NOTICE;
    entry->u.notice = copy;
    entry->u.notice.gateway = keep_text(entry, &used, copy.gateway);
    entry->u.notice.device = keep_text(entry, &used, copy.device);
    s2si_list_append(&inbox->entries, &entry->node);
}
