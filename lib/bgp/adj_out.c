/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adj_out: best paths to UPDATEs. A session marks the nets whose best path changed; when its stream has room, a batch of them is
 * taken, each gets its attributes (export.c), and what differs from what was announced before is packed: withdrawals first, then
 * all prefixes of one attribute set together, up to 4096 octets a message. A change that is not sent yet costs one bit, however
 * often it happens again: a peer that does not read cannot make us hold more.
 */
#include "lib/bgp/speaker.h"

#include <string.h>

enum { BATCH = 256, PREFIX_ROOM = 24 };

struct change {
    uint32_t net, attrs; /* attrs with a reference; 0 = withdraw */
};

void s2si_bgp_adj_out_init(struct s2si_bgp_session *session)
{
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        session->out[family] = (struct s2si_bgp_adj_out){0};
        s2si_bgp_marks_init(&session->out[family].marks, session->bgp->mem);
    }
}

/* Where the id of what was announced for a net stands; NULL when its chunk was never needed. */
static uint32_t *cell(const struct s2si_bgp_adj_out *out, uint32_t net)
{
    uint32_t chunk = net >> S2SI_BGP_CHUNK_BITS;
    return chunk < out->chunk_count && out->chunks[chunk] != NULL ? &out->chunks[chunk][net & (S2SI_BGP_CHUNK - 1)] : NULL;
}

uint32_t s2si_bgp_adj_out_get(const struct s2si_bgp_session *session, enum s2si_bgp_family family, uint32_t net)
{
    const uint32_t *sent = cell(&session->out[family], net);
    return sent == NULL ? 0 : *sent;
}

static uint32_t *make_cell(struct s2si_bgp_session *session, enum s2si_bgp_family family, uint32_t net)
{
    struct s2si_bgp_adj_out *out = &session->out[family];
    struct s2si_mem *mem = session->bgp->mem;
    uint32_t chunk = net >> S2SI_BGP_CHUNK_BITS;
    if (chunk >= out->chunk_count) {
        uint32_t count = chunk + 1 + out->chunk_count / 2;
        uint32_t **chunks = s2si_resize(mem, out->chunks, out->chunk_count * sizeof *chunks, count * sizeof *chunks);
        if (chunks == NULL) {
            return NULL;
        }
        out->chunks = chunks;
        out->chunk_count = count;
    }
    if (out->chunks[chunk] == NULL) {
        out->chunks[chunk] = s2si_alloc_array(mem, S2SI_BGP_CHUNK, sizeof **out->chunks);
    }
    return cell(out, net);
}

static void release_sent(struct s2si_bgp *bgp, uint32_t sent)
{
    if (sent != S2SI_BGP_SENT_UNKNOWN) {
        s2si_bgp_attrs_release(&bgp->attrs, sent);
    }
}

/* Calls for every announced net. */
static void each_sent(struct s2si_bgp_session *session, enum s2si_bgp_family family,
                      void (*visit)(struct s2si_bgp_session *session, uint32_t *sent))
{
    struct s2si_bgp_adj_out *out = &session->out[family];
    for (uint32_t chunk = 0; chunk < out->chunk_count; chunk++) {
        for (uint32_t i = 0; out->chunks[chunk] != NULL && i < S2SI_BGP_CHUNK; i++) {
            if (out->chunks[chunk][i] != 0) {
                visit(session, &out->chunks[chunk][i]);
            }
        }
    }
}

static void forget_attributes(struct s2si_bgp_session *session, uint32_t *sent)
{
    release_sent(session->bgp, *sent);
    *sent = S2SI_BGP_SENT_UNKNOWN;
}

static void forget_all(struct s2si_bgp_session *session, uint32_t *sent)
{
    release_sent(session->bgp, *sent);
    *sent = 0;
}

bool s2si_bgp_adj_out_all(struct s2si_bgp_session *session, enum s2si_bgp_family family, bool again)
{
    struct s2si_bgp_adj_out *out = &session->out[family];
    const struct s2si_bgp_rib *rib = &session->bgp->ribs[family];
    uint32_t limit = s2si_bgp_slab_limit(&rib->nets);
    if (!s2si_bgp_marks_reserve(&out->marks, limit)) {
        return false;
    }
    if (again) {
        each_sent(session, family, forget_attributes);
        out->end_of_rib = session->peer_capabilities.graceful_restart && out->refresh == S2SI_BGP_REFRESH_NONE;
    }
    for (uint32_t net = 1; net < limit; net++) {
        const struct s2si_bgp_net *entry = s2si_bgp_rib_net(rib, net);
        if ((entry->flags & S2SI_BGP_NET_BEST) != 0 || s2si_bgp_adj_out_get(session, family, net) != 0) {
            s2si_bgp_marks_set(&out->marks, net);
        }
    }
    return true;
}

void s2si_bgp_adj_out_clear(struct s2si_bgp_session *session)
{
    struct s2si_bgp *bgp = session->bgp;
    s2si_bgp_memo_clear(session);
    for (int family = 0; family < S2SI_BGP_FAMILIES; family++) {
        struct s2si_bgp_adj_out *out = &session->out[family];
        each_sent(session, (enum s2si_bgp_family)family, forget_all);
        for (uint32_t chunk = 0; chunk < out->chunk_count; chunk++) {
            s2si_free(bgp->mem, out->chunks[chunk], S2SI_BGP_CHUNK * sizeof **out->chunks);
        }
        s2si_free(bgp->mem, out->chunks, out->chunk_count * sizeof *out->chunks);
        struct s2si_bgp_marks marks = out->marks;
        *out = (struct s2si_bgp_adj_out){0};
        s2si_bgp_marks_init(&out->marks, bgp->mem);
        /* nets that stayed only because this session had to hear of them */
        for (uint32_t net; (net = s2si_bgp_marks_take(&marks)) != 0;) {
            const struct s2si_bgp_net *entry = s2si_bgp_rib_net(&bgp->ribs[family], net);
            if ((entry->flags & S2SI_BGP_NET_USED) != 0) {
                s2si_bgp_best_release(bgp, (enum s2si_bgp_family)family, net);
            }
        }
        s2si_bgp_marks_clear(&marks);
    }
}

bool s2si_bgp_adj_out_pending(const struct s2si_bgp_session *session)
{
    for (int family = 0; session->up != NULL && family < S2SI_BGP_FAMILIES; family++) {
        const struct s2si_bgp_adj_out *out = &session->out[family];
        if (out->marks.marked > 0 || out->end_of_rib || out->refresh != S2SI_BGP_REFRESH_NONE) {
            return !s2si_bgp_deferred(session->bgp);
        }
    }
    return false;
}

/* ---- packing */

static int by_attrs(const void *a, const void *b)
{
    const struct change *x = a, *y = b;
    return x->attrs != y->attrs ? (x->attrs < y->attrs ? -1 : 1) : (x->net < y->net ? -1 : x->net > y->net);
}

/* Starts an UPDATE that withdraws or announces; prefixes follow. Returns the place of the length that covers them, 0 for none. */
static size_t begin_withdraw(struct s2si_writer *writer, enum s2si_bgp_family family)
{
    size_t hole = s2si_write_hole(writer, 2); /* withdrawn routes length, or total path attribute length */
    if (family == S2SI_BGP_IPV4) {
        return hole;
    }
    s2si_patch_u16(writer, hole, 0);
    hole = s2si_write_hole(writer, 2);
    s2si_write_u8(writer, S2SI_BGP_FLAG_OPTIONAL | S2SI_BGP_FLAG_EXTENDED);
    s2si_write_u8(writer, S2SI_BGP_MP_UNREACH);
    s2si_write_hole(writer, 2);
    s2si_write_u16(writer, s2si_bgp_afi(family));
    s2si_write_u8(writer, S2SI_BGP_SAFI_UNICAST);
    return hole;
}

static void finish_withdraw(struct s2si_writer *writer, enum s2si_bgp_family family, size_t hole)
{
    s2si_patch_u16(writer, hole, (uint16_t)(writer->length - hole - 2));
    if (family == S2SI_BGP_IPV4) {
        s2si_write_u16(writer, 0);
    } else {
        s2si_patch_u16(writer, hole + 4, (uint16_t)(writer->length - hole - 6));
    }
}

/* For IPv6 MP_REACH_NLRI goes first among the attributes (RFC 7606 section 5.1), so the others are written behind its prefixes;
   here they are written before, to know how much room is left. */
static void begin_reach(struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct s2si_bgp_attr_view *view,
                        struct s2si_writer *writer, size_t *hole, size_t *mp)
{
    s2si_write_u16(writer, 0);
    *hole = s2si_write_hole(writer, 2);
    *mp = 0;
    s2si_bgp_attributes_encode(view, &session->codec, writer);
    if (family == S2SI_BGP_IPV4) {
        if (!writer->failed) {
            s2si_patch_u16(writer, *hole, (uint16_t)(writer->length - *hole - 2));
        }
        return;
    }
    s2si_write_u8(writer, S2SI_BGP_FLAG_OPTIONAL | S2SI_BGP_FLAG_EXTENDED);
    s2si_write_u8(writer, S2SI_BGP_MP_REACH);
    *mp = s2si_write_hole(writer, 2);
    s2si_write_u16(writer, s2si_bgp_afi(family));
    s2si_write_u8(writer, S2SI_BGP_SAFI_UNICAST);
    s2si_write_u8(writer, view->next_hop_length);
    s2si_write_bytes(writer, view->next_hop, view->next_hop_length);
    s2si_write_u8(writer, 0);
}

static void finish_reach(struct s2si_writer *writer, size_t hole, size_t mp)
{
    if (mp != 0) {
        s2si_patch_u16(writer, mp, (uint16_t)(writer->length - mp - 2));
        s2si_patch_u16(writer, hole, (uint16_t)(writer->length - hole - 2));
    }
}

static bool send_update(struct s2si_bgp_session *session, struct s2si_writer *writer, s2s_time now)
{
    s2si_bgp_message_finish(writer, 0);
    session->messages_out++;
    session->updates_out++;
    return s2si_bgp_connection_send(session->up, writer->data, writer->length, now);
}

static void tell(struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct change *change, uint32_t before)
{
    const struct s2si_bgp_net *net = s2si_bgp_rib_net(&session->bgp->ribs[family], change->net);
    char reason[S2SI_BGP_REASON];
    if (!s2si_bgp_route_event_wanted(session->bgp)) {
        return;
    }
    if (change->attrs == 0) {
        s2si_bgp_not_announced(session, family, net, reason, sizeof reason);
        s2si_bgp_route_event(session, S2SI_BGP_EV_WITHDRAWN, family, net, reason);
    } else {
        s2si_bgp_route_event(session, S2SI_BGP_EV_ADVERTISED, family, net,
                             before == 0                          ? ""
                             : before == S2SI_BGP_SENT_UNKNOWN ? "again, because it was asked for"
                                                                  : "again, with other attributes");
    }
}

/* Notes that a change is on its way: adj-out, counters, event. */
static bool commit(struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct change *change)
{
    struct s2si_bgp *bgp = session->bgp;
    uint32_t *sent = make_cell(session, family, change->net);
    if (sent == NULL) {
        return false;
    }
    struct s2si_bgp_adj_out *out = &session->out[family];
    uint32_t before = *sent;
    out->announced += (change->attrs != 0 ? 1u : 0u) - (before != 0 ? 1u : 0u);
    release_sent(bgp, before);
    s2si_bgp_attrs_hold(&bgp->attrs, change->attrs);
    *sent = change->attrs;
    tell(session, family, change, before);
    if (change->attrs == 0) {
        s2si_bgp_best_release(bgp, family, change->net);
    }
    return true;
}

/* Sends changes from the front that have the same attributes, as many as one message takes. @return how many; 0 = no memory. */
static size_t send_group(struct s2si_bgp_session *session, enum s2si_bgp_family family, const struct change *changes, size_t count,
                         s2s_time now)
{
    struct s2si_bgp *bgp = session->bgp;
    uint32_t attrs = changes[0].attrs;
    struct s2si_writer writer = s2si_writer(bgp->message, sizeof bgp->message - 2); /* 2: finish_withdraw's */
    struct s2si_bgp_attr_view view;
    size_t hole, mp = 0, taken = 0;
    s2si_bgp_message_begin(&writer, S2SI_BGP_UPDATE);
    if (attrs == 0) {
        hole = begin_withdraw(&writer, family);
    } else {
        s2si_bgp_attrs_view(&bgp->attrs, attrs, &view);
        begin_reach(session, family, &view, &writer, &hole, &mp);
    }
    while (taken < count && changes[taken].attrs == attrs) {
        const struct s2si_bgp_net *net = s2si_bgp_rib_net(&bgp->ribs[family], changes[taken].net);
        if (writer.failed || writer.length + s2si_bgp_nlri_size(net->length) > writer.capacity) {
            break;
        }
        s2si_bgp_nlri_write(&writer, net->address, net->length);
        taken++;
    }
    if (taken == 0) {
        return 0;
    }
    writer.capacity += 2;
    if (attrs == 0) {
        finish_withdraw(&writer, family, hole);
    } else {
        finish_reach(&writer, hole, mp);
    }
    return send_update(session, &writer, now) ? taken : 0;
}

/* Attributes that fill a message by themselves cannot be sent: the route is withdrawn instead (RFC 4271 section 9.2).
   @return whether that was it. */
static bool give_up(struct s2si_bgp_session *session, enum s2si_bgp_family family, struct change *change)
{
    struct s2si_bgp *bgp = session->bgp;
    struct s2si_writer writer = s2si_writer(bgp->message, sizeof bgp->message - PREFIX_ROOM);
    struct s2si_bgp_attr_view view;
    size_t hole, mp;
    if (change->attrs == 0) {
        return false;
    }
    s2si_bgp_attrs_view(&bgp->attrs, change->attrs, &view);
    s2si_bgp_message_begin(&writer, S2SI_BGP_UPDATE);
    begin_reach(session, family, &view, &writer, &hole, &mp);
    if (writer.failed) {
        s2si_bgp_attrs_release(&bgp->attrs, change->attrs);
        change->attrs = 0;
    }
    return writer.failed;
}

static size_t collect(struct s2si_bgp_session *session, enum s2si_bgp_family family, struct change changes[BATCH])
{
    struct s2si_bgp *bgp = session->bgp;
    struct s2si_bgp_marks *marks = &session->out[family].marks;
    size_t count = 0;
    uint32_t net;
    while (count < BATCH && (net = s2si_bgp_marks_take(marks)) != 0) {
        const struct s2si_bgp_net *entry = s2si_bgp_rib_net(&bgp->ribs[family], net);
        if ((entry->flags & S2SI_BGP_NET_USED) == 0) {
            continue;
        }
        uint32_t attrs = s2si_bgp_export(session, family, entry);
        if (attrs == s2si_bgp_adj_out_get(session, family, net)) {
            s2si_bgp_attrs_release(&bgp->attrs, attrs);
            s2si_bgp_best_release(bgp, family, net);
            continue;
        }
        changes[count++] = (struct change){net, attrs};
    }
    return count;
}

/* Heap sort: bounded work and no memory, whatever the C library's qsort does. */
static void sort_changes(struct change *changes, size_t count)
{
    for (size_t end = count, start = count / 2; end > 1;) {
        struct change moved;
        if (start > 0) {
            moved = changes[--start];
        } else {
            moved = changes[--end];
            changes[end] = changes[0];
        }
        size_t at = start, child;
        while ((child = 2 * at + 1) < end) {
            child += child + 1 < end && by_attrs(&changes[child + 1], &changes[child]) > 0;
            if (by_attrs(&changes[child], &moved) <= 0) {
                break;
            }
            changes[at] = changes[child];
            at = child;
        }
        changes[at] = moved;
    }
}

/* One batch. What does not fit into the buffer any more is marked again. */
static bool fill_batch(struct s2si_bgp_session *session, enum s2si_bgp_family family, s2s_time now)
{
    struct s2si_bgp *bgp = session->bgp;
    struct change changes[BATCH];
    size_t count = collect(session, family, changes), at = 0;
    bool room = true;
    sort_changes(changes, count);
    while (room && at < count && session->up->out.length < S2SI_BGP_OUT_FILL) {
        bool needless = changes[at].attrs == 0 && s2si_bgp_adj_out_get(session, family, changes[at].net) == 0;
        size_t sent = needless ? 1 : send_group(session, family, changes + at, count - at, now);
        if (sent == 0 && give_up(session, family, &changes[at])) {
            continue;
        }
        room = sent > 0;
        for (size_t end = at + sent; at < end; at++) {
            room = commit(session, family, &changes[at]) && room;
            s2si_bgp_attrs_release(&bgp->attrs, changes[at].attrs);
        }
    }
    for (; at < count; at++) {
        s2si_bgp_marks_set(&session->out[family].marks, changes[at].net);
        s2si_bgp_attrs_release(&bgp->attrs, changes[at].attrs);
    }
    return room;
}

static bool send_end_of_rib(struct s2si_bgp_session *session, enum s2si_bgp_family family, s2s_time now)
{
    uint8_t bytes[64];
    struct s2si_writer writer = s2si_writer(bytes, sizeof bytes);
    s2si_bgp_message_begin(&writer, S2SI_BGP_UPDATE);
    size_t hole = begin_withdraw(&writer, family);
    finish_withdraw(&writer, family, hole);
    session->out[family].end_of_rib = false;
    return !session->peer_capabilities.graceful_restart || send_update(session, &writer, now);
}

bool s2si_bgp_adj_out_fill(struct s2si_bgp_session *session, s2s_time now)
{
    bool room = true;
    if (s2si_bgp_deferred(session->bgp)) {
        return true;
    }
    for (int i = 0; i < S2SI_BGP_FAMILIES; i++) {
        enum s2si_bgp_family family = (enum s2si_bgp_family)i;
        struct s2si_bgp_adj_out *out = &session->out[family];
        room = room && s2si_bgp_refresh_begin(session, family, now);
        while (room && out->marks.marked > 0 && session->up->out.length < S2SI_BGP_OUT_FILL) {
            room = fill_batch(session, family, now);
        }
        if (room && out->marks.marked == 0 && out->end_of_rib) {
            room = send_end_of_rib(session, family, now);
        }
        if (room && out->marks.marked == 0) {
            room = s2si_bgp_refresh_end(session, family, now);
        }
    }
    return room;
}
