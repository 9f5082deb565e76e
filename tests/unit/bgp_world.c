/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/bgp_world.h"

#include <stdlib.h>
#include <string.h>

/* ---- the world */

void bgp_world_init(struct bgp_world *world)
{
    memset(world, 0, sizeof *world);
    world->now = 1000 * (s2s_time)S2S_SECOND;
    world->next_id = 1;
}

void bgp_world_clear(struct bgp_world *world)
{
    for (int i = 0; i < world->node_count; i++) {
        s2si_bgp_free(world->nodes[i].bgp);
        assert_int_equal(world->nodes[i].mem.blocks, 0);
    }
    for (size_t i = 0; i < WORLD_STREAMS; i++) {
        free(world->streams[i].data[0]);
        free(world->streams[i].data[1]);
    }
}

int bgp_world_node(struct bgp_world *world, uint32_t asn, uint32_t router_id, const struct s2s_allocator *allocator)
{
    struct bgp_node *node = &world->nodes[world->node_count];
    assert_int_equal(s2si_mem_init(&node->mem, allocator), 0);
    struct s2si_bgp_params params = {.mem = &node->mem, .seed0 = 1, .seed1 = router_id, .local_asn = asn, .router_id = router_id};
    if (s2si_bgp_new(&params, &node->bgp) != 0) {
        return -1;
    }
    return world->node_count++;
}

struct s2si_bgp_session_config bgp_world_config(uint8_t local, uint8_t peer, uint32_t peer_asn)
{
    return (struct s2si_bgp_session_config){
        .owner = (uint64_t)local << 8 | peer, .name = "test", .peer_asn = peer_asn, .local_ip = s2si_addr4(0x0a000000u + local),
        .peer_ip = s2si_addr4(0x0a000000u + peer), .hold_time = 30, .connect_retry = 5, .ipv4 = true, .ipv6 = true,
        .accept_default = true,
    };
}

struct s2si_bgp_session *bgp_world_session(struct bgp_world *world, int node, const struct s2si_bgp_session_config *config)
{
    struct s2si_bgp_session *session;
    if (s2si_bgp_session_add(world->nodes[node].bgp, config, world->now, &session) != 0) {
        return NULL;
    }
    s2si_bgp_path(session, true, world->now);
    return session;
}

void bgp_world_pair(struct bgp_world *world, struct s2si_bgp_session *sessions[2])
{
    bgp_world_init(world);
    bgp_world_node(world, 65001, 0x01010101, NULL);
    bgp_world_node(world, 65002, 0x02020202, NULL);
    struct s2si_bgp_session_config left = bgp_world_config(1, 2, 65002), right = bgp_world_config(2, 1, 65001);
    right.passive = true;
    sessions[0] = bgp_world_session(world, 0, &left);
    sessions[1] = bgp_world_session(world, 1, &right);
    bgp_world_run(world, S2S_SECOND);
    assert_int_equal(sessions[0]->state, S2S_BGP_ESTABLISHED);
    assert_int_equal(sessions[1]->state, S2S_BGP_ESTABLISHED);
}

static struct bgp_stream *find_stream(struct bgp_world *world, int node, uint64_t id, int *end)
{
    for (size_t i = 0; i < WORLD_STREAMS; i++) {
        for (*end = 0; world->streams[i].used && *end < 2; ++*end) {
            if (world->streams[i].node[*end] == node && world->streams[i].id[*end] == id) {
                return &world->streams[i];
            }
        }
    }
    return NULL;
}

static void forget_stream(struct bgp_stream *stream)
{
    free(stream->data[0]);
    free(stream->data[1]);
    memset(stream, 0, sizeof *stream);
}

static void close_stream(struct bgp_world *world, int node, uint64_t id)
{
    int end;
    struct bgp_stream *stream = find_stream(world, node, id, &end);
    if (stream != NULL) {
        stream->closed[end] = true;
    }
}

static void begin_connect(struct bgp_world *world, int node, const struct s2si_bgp_output *out)
{
    for (size_t i = 0; i < WORLD_STREAMS; i++) {
        struct bgp_stream *stream = &world->streams[i];
        if (!stream->used) {
            stream->used = stream->connecting = true;
            stream->node[0] = node;
            stream->node[1] = -1;
            stream->id[0] = out->stream;
            stream->session = out->session;
            return;
        }
    }
    fail_msg("too many streams");
}

static void finish_connect(struct bgp_world *world, struct bgp_stream *stream)
{
    struct s2s_endpoint from = {.addr = stream->session->config.local_ip, .port = 40000};
    struct s2s_endpoint to = {.addr = stream->session->config.peer_ip, .port = 179};
    stream->connecting = false;
    for (int i = 0; i < world->node_count && !world->refuse; i++) {
        uint64_t id = world->next_id;
        if (i != stream->node[0] && s2si_bgp_stream_accepted(world->nodes[i].bgp, id, &to, &from, world->now) == 0) {
            world->next_id++;
            stream->node[1] = i;
            stream->id[1] = id;
            s2si_bgp_stream_connected(world->nodes[stream->node[0]].bgp, stream->session, stream->id[0], world->now);
            return;
        }
    }
    int node = stream->node[0];
    uint64_t id = stream->id[0];
    forget_stream(stream);
    s2si_bgp_stream_closed(world->nodes[node].bgp, id, -111, world->now);
}

static void pull(struct bgp_world *world, int node, uint64_t id)
{
    enum { WINDOW = 4096 };
    int end;
    struct bgp_stream *stream = find_stream(world, node, id, &end);
    if (node < 0 || stream == NULL || stream->connecting) {
        return;
    }
    int other = 1 - end;
    if (stream->length[other] >= WINDOW) {
        return;
    }
    uint8_t bytes[WINDOW];
    size_t length = s2si_bgp_stream_pull(world->nodes[node].bgp, id, bytes, sizeof bytes, world->now);
    uint8_t *data = realloc(stream->data[other], stream->length[other] + length + 1);
    assert_non_null(data);
    memcpy(data + stream->length[other], bytes, length);
    stream->data[other] = data;
    stream->length[other] += length;
}

static void keep_event(struct bgp_node *node, const struct s2si_bgp_output *out)
{
    node->events[node->event_count++ % WORLD_EVENTS] = *out;
}

static bool drain(struct bgp_world *world, int index)
{
    struct bgp_node *node = &world->nodes[index];
    struct s2si_bgp_output out;
    bool any = false;
    while (s2si_bgp_next_output(node->bgp, &out)) {
        any = true;
        if (out.type == S2SI_BGP_CONNECT) {
            begin_connect(world, index, &out);
        } else if (out.type == S2SI_BGP_CLOSE) {
            close_stream(world, index, out.stream);
        } else if (out.type == S2SI_BGP_WRITE) {
            pull(world, index, out.stream);
        } else if (out.type == S2SI_BGP_ROUTE) {
            node->changes++;
            node->reachable += out.session != NULL;
            node->unreachable += out.session == NULL;
        } else {
            keep_event(node, &out);
        }
    }
    return any;
}

/* Delivers what is under way to one end. */
static bool deliver(struct bgp_world *world, struct bgp_stream *stream, int end)
{
    if (world->cut || stream->blocked[end] || stream->node[end] < 0) {
        return false;
    }
    int node = stream->node[end];
    uint64_t id = stream->id[end];
    if (stream->length[end] > 0) {
        size_t take = stream->trickle != 0 && stream->trickle < stream->length[end] ? stream->trickle : stream->length[end];
        uint8_t *bytes = malloc(take); /* of exactly the size, for the sanitizer */
        assert_non_null(bytes);
        memcpy(bytes, stream->data[end], take);
        memmove(stream->data[end], stream->data[end] + take, stream->length[end] - take);
        stream->length[end] -= take;
        s2si_bgp_stream_data(world->nodes[node].bgp, id, bytes, take, world->now);
        free(bytes);
        pull(world, stream->node[1 - end], stream->id[1 - end]);
        return stream->trickle == 0;
    }
    if (stream->closed[1 - end] && !stream->closed[end]) {
        stream->closed[end] = true;
        s2si_bgp_stream_closed(world->nodes[node].bgp, id, 0, world->now);
        return true;
    }
    return false;
}

static bool step_streams(struct bgp_world *world)
{
    bool any = false;
    for (size_t i = 0; i < WORLD_STREAMS; i++) {
        struct bgp_stream *stream = &world->streams[i];
        if (stream->used && stream->connecting && !world->cut) {
            finish_connect(world, stream);
            any = true;
        } else if (stream->used && !stream->connecting) {
            any = deliver(world, stream, 0) || any;
            any = (stream->used && deliver(world, stream, 1)) || any;
            if (stream->closed[0] && stream->closed[1]) {
                forget_stream(stream);
            }
        }
    }
    return any;
}

static bool settle_once(struct bgp_world *world)
{
    bool any = false;
    for (int i = 0; i < world->node_count; i++) {
        if (s2si_bgp_next_timeout(world->nodes[i].bgp) <= world->now) {
            s2si_bgp_tick(world->nodes[i].bgp, world->now);
            any = true;
        }
        any = drain(world, i) || any;
    }
    return step_streams(world) || any;
}

void bgp_world_run(struct bgp_world *world, s2s_time duration)
{
    s2s_time end = world->now + duration;
    for (;;) {
        while (settle_once(world)) {
        }
        s2s_time next = end;
        for (int i = 0; i < world->node_count; i++) {
            s2s_time timeout = s2si_bgp_next_timeout(world->nodes[i].bgp);
            next = timeout < next ? timeout : next;
        }
        for (size_t i = 0; i < WORLD_STREAMS; i++) { /* a trickle goes on each second */
            s2s_time second = world->now + (s2s_time)S2S_SECOND;
            next = world->streams[i].used && world->streams[i].trickle != 0 && second < next ? second : next;
        }
        if (world->now >= end) {
            return;
        }
        world->now = next;
    }
}

bool bgp_world_saw(const struct bgp_node *node, enum s2si_bgp_event event, int code, int subcode)
{
    unsigned count = node->event_count < WORLD_EVENTS ? node->event_count : WORLD_EVENTS;
    for (unsigned i = 0; i < count; i++) {
        const struct s2si_bgp_output *out = &node->events[i];
        if (out->event == event && (code < 0 || out->code == code) && (subcode < 0 || out->subcode == subcode)) {
            return true;
        }
    }
    return false;
}

struct s2s_prefix bgp_prefix(const char *text)
{
    struct s2s_prefix prefix;
    assert_int_equal(s2s_prefix_parse(text, &prefix), 0);
    return prefix;
}

bool bgp_world_has(const struct s2si_bgp_session *session, enum s2s_bgp_route_table table, const char *text,
                   struct s2s_bgp_route_state *route)
{
    struct s2s_bgp_route_state local;
    struct s2s_prefix prefix = bgp_prefix(text);
    uint64_t cursor = 0;
    route = route == NULL ? &local : route;
    for (route->struct_size = sizeof *route; s2si_bgp_route_next(session, table, &cursor, route) == 0;) {
        if (s2si_prefix_equal(&route->prefix, &prefix)) {
            return true;
        }
    }
    return false;
}

unsigned bgp_world_count(const struct s2si_bgp_session *session, enum s2s_bgp_route_table table)
{
    struct s2s_bgp_route_state route = {.struct_size = sizeof route};
    uint64_t cursor = 0;
    unsigned count = 0;
    while (s2si_bgp_route_next(session, table, &cursor, &route) == 0) {
        count++;
    }
    return count;
}

/* ---- raw */

void bgp_raw_config(struct bgp_raw *raw, const struct s2si_bgp_session_config *config)
{
    memset(raw, 0, sizeof *raw);
    bgp_world_init(&raw->world);
    bgp_world_node(&raw->world, 65001, 0x01010101, NULL);
    raw->session = bgp_world_session(&raw->world, 0, config);
    bgp_raw_drain(raw);
}

void bgp_raw_init(struct bgp_raw *raw, uint32_t peer_asn)
{
    struct s2si_bgp_session_config config = bgp_world_config(1, 2, peer_asn);
    config.passive = true;
    bgp_raw_config(raw, &config);
}

void bgp_raw_clear(struct bgp_raw *raw)
{
    bgp_world_clear(&raw->world);
}

void bgp_raw_connect(struct bgp_raw *raw)
{
    struct s2s_endpoint from = {.addr = raw->session->config.peer_ip, .port = 40000};
    struct s2s_endpoint to = {.addr = raw->session->config.local_ip, .port = 179};
    raw->sent_length = 0;
    raw->closed = false;
    assert_int_equal(s2si_bgp_stream_accepted(raw->world.nodes[0].bgp, RAW_STREAM, &to, &from, raw->world.now), 0);
    bgp_raw_drain(raw);
}

void bgp_raw_feed(struct bgp_raw *raw, const uint8_t *data, size_t length)
{
    uint8_t *bytes = malloc(length + (length == 0));
    assert_non_null(bytes);
    memcpy(bytes, data, length);
    s2si_bgp_stream_data(raw->world.nodes[0].bgp, RAW_STREAM, bytes, length, raw->world.now);
    free(bytes);
    bgp_raw_drain(raw);
}

void bgp_raw_drain(struct bgp_raw *raw)
{
    struct s2si_bgp *bgp = raw->world.nodes[0].bgp;
    struct s2si_bgp_output out;
    for (bool again = true; again;) {
        again = s2si_bgp_next_timeout(bgp) == 0;
        if (again) {
            s2si_bgp_tick(bgp, raw->world.now);
        }
        while (s2si_bgp_next_output(bgp, &out)) {
            again = true;
            if (out.type == S2SI_BGP_WRITE && out.stream == RAW_STREAM) {
                raw->sent_length += s2si_bgp_stream_pull(bgp, out.stream, raw->sent + raw->sent_length,
                                                         sizeof raw->sent - raw->sent_length, raw->world.now);
            } else if (out.type == S2SI_BGP_CLOSE && out.stream == RAW_STREAM) {
                raw->closed = true;
            } else if (out.type == S2SI_BGP_EVENT) {
                keep_event(&raw->world.nodes[0], &out);
            } else if (out.type == S2SI_BGP_ROUTE) {
                raw->world.nodes[0].changes++;
            }
        }
    }
}

void bgp_raw_message(struct bgp_raw *raw, uint8_t type, const uint8_t *body, size_t length)
{
    uint8_t bytes[S2SI_BGP_MESSAGE_EXTENDED];
    assert_true(S2SI_BGP_HEADER + length <= sizeof bytes);
    memset(bytes, 0xff, 16);
    s2si_put_u16(bytes + 16, (uint16_t)(S2SI_BGP_HEADER + length));
    bytes[18] = type;
    memcpy(bytes + S2SI_BGP_HEADER, body, length);
    bgp_raw_feed(raw, bytes, S2SI_BGP_HEADER + length);
}

void bgp_raw_establish(struct bgp_raw *raw, uint32_t asn, bool two_octet, bool graceful)
{
    uint8_t bytes[256];
    struct s2si_writer writer = s2si_writer(bytes, sizeof bytes);
    struct s2si_bgp_open open = {
        .version = 4, .asn = asn, .hold_time = 90, .identifier = 0x02020202,
        .capabilities = {.families = 3, .route_refresh = true, .four_octet = !two_octet, .asn = asn, .graceful_restart = graceful,
                         .notification = graceful, .restart_time = 120, .restart_families = 3, .forwarding_families = 3},
    };
    s2si_bgp_open_encode(&open, &writer);
    bgp_raw_connect(raw);
    bgp_raw_feed(raw, bytes, writer.length);
    bgp_raw_message(raw, S2SI_BGP_KEEPALIVE, (const uint8_t *)"", 0);
    assert_int_equal(raw->session->state, S2S_BGP_ESTABLISHED);
}

bool bgp_raw_notification(const struct bgp_raw *raw, uint8_t *code, uint8_t *subcode)
{
    bool found = false;
    for (size_t at = 0; at + S2SI_BGP_HEADER <= raw->sent_length; at += s2si_get_u16(raw->sent + at + 16)) {
        if (raw->sent[at + 18] == S2SI_BGP_NOTIFICATION) {
            *code = raw->sent[at + 19];
            *subcode = raw->sent[at + 20];
            found = true;
        }
    }
    return found;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t bgp_hex(const char *text, uint8_t *out, size_t capacity)
{
    size_t length = 0;
    for (; *text != '\0'; text++) {
        if (*text == ' ') {
            continue;
        }
        assert_true(digit(text[0]) >= 0 && digit(text[1]) >= 0 && length < capacity);
        out[length++] = (uint8_t)(digit(text[0]) * 16 + digit(text[1]));
        text++;
    }
    return length;
}
