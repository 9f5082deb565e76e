/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/gateway/diagnosis.h"

#include <stdio.h>
#include <string.h>

#include "lib/gateway/objects.h"

#define STANDS (180 * (s2s_time)S2S_SECOND) /* as long as Alibaba's console shows a finding */

const char *s2s_diagnosis_severity_name(int severity)
{
    static const char *const names[] = { "Normal", "Warn", "Critical" };
    return severity >= 0 && (size_t)severity < S2SI_COUNT(names) ? names[severity] : "unknown";
}

static bool fits(const struct s2si_diagnosis_row *row, const struct s2si_ike_output *event)
{
    return (row->reason || row->notify) && (!row->reason || row->reason == (uint8_t)event->reason) &&
           (!row->notify || row->notify == event->notify) && (!row->stage || row->stage == event->mismatch.stage) &&
           (!row->what || row->what == event->mismatch.what);
}

static const struct s2si_diagnosis_row *row_of(const struct s2s_profile *profile, const struct s2si_ike_output *event)
{
    for (size_t i = 0; i < profile->diagnosis_count; i++) {
        if (fits(&profile->diagnosis[i], event)) {
            return &profile->diagnosis[i];
        }
    }
    return NULL;
}

void s2si_diagnosis_note(s2s_tunnel *tunnel, const struct s2si_ike_output *event, const char *line)
{
    struct s2si_finding *finding = tunnel->finding;
    const struct s2si_diagnosis_row *row = row_of(tunnel->gateway->profile, event);
    s2s_time now = tunnel->engine->now;

    if (!row || (finding && finding->row->rank > row->rank && now - finding->at < STANDS)) {
        return;
    }
    if (!finding) {
        finding = tunnel->finding = s2si_alloc(&tunnel->engine->mem, sizeof(*finding));
    }
    if (!finding) {
        return; /* the event was told all the same */
    }
    finding->row = row;
    finding->at = now;
    finding->values = event->mismatch;
    snprintf(finding->line, sizeof(finding->line), "%s", line);
}

void s2si_diagnosis_clear(s2s_tunnel *tunnel)
{
    s2si_free(&tunnel->engine->mem, tunnel->finding, sizeof(*tunnel->finding));
    tunnel->finding = NULL;
}

/* ---- told ---- */

static void copy_text(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from);
}

/* Where the peer told nothing, what we have still helps whoever reads it there. */
static void paragraph(const s2s_tunnel *tunnel, const struct s2si_finding *finding, char *out, size_t size)
{
    char far[S2S_ADDR_TEXT];
    size_t used = (size_t)snprintf(out, size, "Tunnel %s to %s: %s.", tunnel->label,
                                   s2s_addr_format(&tunnel->remote, far), finding->row->meaning);

    if (finding->values.local[0] && used < size) {
        used += (size_t)snprintf(out + used, size - used, " This end has %s; the peer has %s.", finding->values.local,
                                 finding->values.remote[0] ? finding->values.remote : "not said what");
    }
    if (used < size) {
        snprintf(out + used, size - used, " %s", finding->row->advice);
    }
}

static int nothing(const s2s_tunnel *tunnel, struct s2s_diagnosis *out)
{
    out->code = "NoExceptionFound";
    out->meaning = tunnel->status == S2S_TUNNEL_UP ? "the tunnel is up" : "nothing went wrong so far";
    snprintf(out->advice, sizeof(out->advice), "Tunnel %s: %s. %s", tunnel->label, out->meaning,
             tunnel->status == S2S_TUNNEL_UP         ? "Nothing has to be changed."
             : tunnel->status == S2S_TUNNEL_DISABLED ? "It is disabled here: set enabled to true."
             : tunnel->effective.startup_action == S2S_STARTUP_START
                 ? "It is being negotiated."
                 : "This end waits for the peer or for traffic: start the other end, send a packet, or set "
                   "startup_action to start here.");
    return 0;
}

static int give(struct s2s_diagnosis *to, struct s2s_diagnosis *from)
{
    size_t size = to->struct_size;

    from->struct_size = size;
    memcpy(to, from, size < sizeof(*from) ? size : sizeof(*from));
    return 0;
}

int s2s_tunnel_diagnose(const s2s_tunnel *tunnel, struct s2s_diagnosis *out)
{
    struct s2s_diagnosis full = { .struct_size = sizeof(full) };

    if (!tunnel || !out || out->struct_size < sizeof(size_t)) {
        return S2S_ERR_INVALID;
    }
    const struct s2si_finding *finding = tunnel->finding;
    copy_text(full.object, sizeof(full.object), tunnel->label);
    if (!finding || tunnel->status == S2S_TUNNEL_DISABLED) {
        nothing(tunnel, &full);
        return give(out, &full);
    }
    full.code = finding->row->code;
    full.meaning = finding->row->meaning;
    full.severity = finding->row->severity;
    full.at = finding->at;
    full.reason = finding->row->reason;
    copy_text(full.local_value, sizeof(full.local_value), finding->values.local);
    copy_text(full.remote_value, sizeof(full.remote_value), finding->values.remote);
    copy_text(full.log_line, sizeof(full.log_line), finding->line);
    paragraph(tunnel, finding, full.advice, sizeof(full.advice));
    return give(out, &full);
}
