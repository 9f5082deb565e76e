/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs that have broken BGP speakers (numbers as in the project's list of CVEs and fixes, reliability section 5.6), and peers that misbehave
 * in time rather than in octets: each costs bounded memory and never another peer's session.
 *
 * Rows 7 to 9, 15, 16, 20 and 25b are about ORF, flowspec, RPKI, MRT and RTR, which we do not have: what is tested is that their
 * octets do no harm. Row 23 is longest_as_path below; peers beside others: test_bgp_hostile_peers.
 */
#include "tests/unit/bgp_world.h"

#include <stdlib.h>
#include <string.h>

struct row {
    const char *number, *what;
    uint8_t type;     /* 1 = the session's OPEN; else sent when established */
    const char *hex;  /* body */
    int code, subcode; /* of our NOTIFICATION; 0 = the session stays */
};

#define OPEN_FIXED "04 fdea 005a 02020202 "
#define GOOD "40010100 4002060201 0000fdea 4003040a000002 "

static const struct row rows[] = {
    {"1", "extended parameters with too few octets", 1, OPEN_FIXED "ff ff00", 2, 0},
    {"1", "extended parameters with two octets for three", 1, OPEN_FIXED "ff ff0003 0200", 2, 0},
    {"2", "OPEN ends after an optional length of 255", 1, OPEN_FIXED "ff", 2, 0},
    {"2", "OPEN ends after the extended type", 1, OPEN_FIXED "ff ff", 2, 0},
    {"3", "capability length past the buffer", 1, OPEN_FIXED "04 020201ff", 2, 0},
    {"4", "corrupt tunnel encapsulation", 2, "0000 0020" GOOD "c01709 0008 0040 0102030405", 0, 0},
    {"4", "tunnel encapsulation longer than the attributes", 2, "0000 001b" GOOD "c017ff 0008 0002 0102", 0, 0},
    {"5", "prefixes, but no attributes", 2, "0000 0000 100a42", 0, 0},
    {"6", "AIGP of one octet", 2, "0000 0018" GOOD "801a0101 100a42", 0, 0},
    {"7", "ROUTE-REFRESH whose ORF header is cut", 5, "00010001 01", 0, 0},
    {"8", "software version longer than its parameter", 1, OPEN_FIXED "05 02034b4061", 2, 0},
    {"9", "flowspec without attributes", 2, "0000 0009 800e06 000185 00 00 00", 0, 0},
    {"9", "flowspec withdraw of length 0", 2, "0000 0007 800f04 000185 00", 0, 0},
    {"10", "MP_REACH_NLRI cut after the family", 2, "0000 0006 800e03 000201", 3, 9},
    {"11", "only an unknown transitive attribute", 2, "0000 0005 c0fa020102 100a42", 0, 0},
    {"12", "MP_UNREACH_NLRI and prefixes, mandatory ones missing", 2, "0000 0006 800f03000201 100a42", 0, 0},
    {"13", "End-of-RIB with an octet too much", 2, "0000 0007 800f0400020180", 3, 9},
    {"13", "End-of-RIB of a family that is not ours", 2, "0000 0006 800f03001901", 0, 0},
    {"14", "tunnel TLV longer than what remains", 2, "0000 001b" GOOD "c01704 0008 0004", 0, 0},
    {"16", "flowspec operator at the very end", 2, "0000 000a 800e07 000185 00 00 0103", 0, 0},
    {"17", "an unknown capability of 255 octets that is not there", 1, OPEN_FIXED "04 0202eeff", 2, 0},
    {"17", "OPEN shorter than its fixed part", 1, "04 fdea 005a 0202", 1, 2},
    {"17", "next hop of 33 octets", 2, "0000 002b 800e28 000201 21"
     "2001000000000000000000000000000200000000000000000000000000000000aa 00 00 00", 3, 9},
    {"18", "software version of 0 octets", 1, OPEN_FIXED "04 02024b00", 0, 0},
    {"19", "four-octet AS of 0 octets", 1, OPEN_FIXED "04 02024100", 2, 0},
    {"19", "graceful restart of 1 octet", 1, OPEN_FIXED "05 0203400100", 2, 0},
    {"21", "AS4_PATH before AS_PATH, AS4_PATH invalid", 2, "0000 001d c011060901 00000001" GOOD "100a42", 0, 0},
    {"22", "IPv6 extended communities cut", 2, "0000 0018" GOOD "c0190120 100a42", 0, 0},
    {"22", "withdrawn length underflow", 2, "0001 00 0000", 0, 0},
    {"22", "attribute length one short", 2, "0000 0013" GOOD "100a42", 3, 10},
    {"22", "ORIGIN without the transitive flag", 2, "0000 0014 00010100 4002060201 0000fdea 4003040a000002 100a42", 0, 0},
    {"24", "a NOTIFICATION", 3, "0602", 0, 0},
    {"25", "shutdown communication longer than the message", 3, "0602 ff 41", 0, 0},
    {"25", "shutdown communication of 0 octets", 3, "0602 00", 0, 0},
    {"26", "prefixes without NEXT_HOP", 2, "0000 000d 40010100 4002060201 0000fdea 100a42", 0, 0},
    {"27", "only-to-customer of 5 octets", 2, "0000 001c" GOOD "c02305 0000fdea00 100a42", 0, 0},
};

static void bad_inputs(void **state)
{
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct bgp_raw *raw = calloc(1, sizeof *raw);
        uint8_t body[256], code = 0, subcode = 0;
        size_t length = bgp_hex(row->hex, body, sizeof body);
        bgp_raw_init(raw, 65002);
        if (row->type == S2SI_BGP_OPEN) {
            bgp_raw_connect(raw);
        } else {
            bgp_raw_establish(raw, 65002, false, true);
        }
        bgp_raw_message(raw, row->type, body, length);
        bgp_raw_notification(raw, &code, &subcode);
        if (code != row->code || subcode != row->subcode) {
            fail_msg("row %s, %s: expected %d/%d, got %u/%u", row->number, row->what, row->code, row->subcode, code, subcode);
        }
        assert_false(bgp_world_has(raw->session, S2S_BGP_RECEIVED, "10.66.0.0/16", NULL) && strstr(row->what, "without") != NULL);
        bgp_raw_clear(raw);
        free(raw);
    }
    print_message("%zu rows\n", S2SI_COUNT(rows));
}

static void count_path(struct s2si_bgp_attr_view *view, unsigned numbers, uint8_t *room)
{
    struct s2si_writer writer = s2si_writer(room, S2SI_BGP_SCRATCH_PATH);
    for (unsigned left = numbers; left > 0;) {
        unsigned take = left < 255 ? left : 255;
        s2si_write_u8(&writer, S2SI_BGP_AS_SEQUENCE);
        s2si_write_u8(&writer, (uint8_t)take);
        for (unsigned i = 0; i < take; i++) {
            s2si_write_u32(&writer, i == 0 && left == numbers ? 65002 : 4200000000u + i);
        }
        left -= take;
    }
    view->as_path = (struct s2si_bgp_span){room, writer.length};
}

/* Row 23: the longest AS_PATH that a message holds is taken in, and what no longer fits with our own AS is not announced. */
static void longest_as_path(void **state)
{
    (void)state;
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    uint8_t room[S2SI_BGP_SCRATCH_PATH], body[S2SI_BGP_MESSAGE_MAX];
    for (unsigned numbers = 990; numbers <= 1008; numbers += 2) {
        struct s2si_bgp_attr_view view = {.next_hop_length = 4, .next_hop = {10, 0, 0, 2}};
        struct s2si_bgp_codec codec = {.four_octet = true};
        struct s2si_writer writer = s2si_writer(body, sizeof body - S2SI_BGP_HEADER);
        bgp_raw_init(raw, 65002);
        bgp_raw_establish(raw, 65002, false, false);
        count_path(&view, numbers, room);
        view.have = 1u << S2SI_BGP_ORIGIN | 1u << S2SI_BGP_AS_PATH | 1u << S2SI_BGP_NEXT_HOP;
        s2si_write_u16(&writer, 0);
        size_t hole = s2si_write_hole(&writer, 2);
        s2si_bgp_attributes_encode(&view, &codec, &writer);
        s2si_patch_u16(&writer, hole, (uint16_t)(writer.length - hole - 2));
        s2si_write_u24(&writer, 0x100a42);
        assert_false(writer.failed);
        struct s2si_bgp_session_config config = bgp_world_config(1, 3, 65003);
        struct s2si_bgp_session *other = bgp_world_session(&raw->world, 0, &config);
        bgp_raw_message(raw, S2SI_BGP_UPDATE, body, writer.length);
        struct s2s_bgp_route_state route;
        assert_true(bgp_world_has(raw->session, S2S_BGP_RECEIVED, "10.66.0.0/16", &route));
        assert_true(strlen(route.as_path) > 1000); /* cut, but not empty */
        assert_non_null(other);
        bgp_raw_clear(raw);
    }
    free(raw);
}

/* The same through a speaker in the middle: either it arrives longer by one, or it does not arrive; nothing breaks. */
static void longest_as_path_passed_on(void **state)
{
    (void)state;
    struct bgp_world world;
    bgp_world_init(&world);
    for (uint32_t i = 1; i <= 3; i++) {
        bgp_world_node(&world, 65000 + i, i, NULL);
    }
    struct s2si_bgp_session_config configs[4] = {bgp_world_config(1, 2, 65002), bgp_world_config(2, 1, 65001),
                                                 bgp_world_config(2, 3, 65003), bgp_world_config(3, 2, 65002)};
    struct s2si_bgp_session *sessions[4];
    const int nodes[4] = {0, 1, 1, 2};
    for (int i = 0; i < 4; i++) {
        sessions[i] = bgp_world_session(&world, nodes[i], &configs[i]);
    }
    struct s2s_prefix prefix = bgp_prefix("10.66.0.0/16");
    assert_int_equal(s2si_bgp_originate(world.nodes[0].bgp, &prefix, world.now), 0);
    unsigned arrived = 0, kept = 0;
    for (unsigned prepend = 0; prepend <= 250; prepend += 50) {
        for (int i = 0; i < 4; i += 2) {
            s2si_bgp_session_steer(sessions[i], 0, (uint8_t)prepend, world.now);
        }
        bgp_world_run(&world, 30 * (s2s_time)S2S_SECOND);
        arrived += bgp_world_has(sessions[3], S2S_BGP_RECEIVED, "10.66.0.0/16", NULL);
        kept += sessions[3]->state == S2S_BGP_ESTABLISHED && sessions[3]->flaps == 0;
    }
    assert_int_equal(arrived, 6);
    assert_int_equal(kept, 6);
    bgp_world_clear(&world);
}

/* ---- in time */

enum { MANY = 20000 };

static void originate_many(struct bgp_world *world, int node, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct s2s_prefix prefix = {.addr = s2si_addr4(0x14000000u + (i << 8)), .length = 24};
        assert_int_equal(s2si_bgp_originate(world->nodes[node].bgp, &prefix, world->now), 0);
    }
}

static struct bgp_stream *stream_of(struct bgp_world *world)
{
    for (size_t i = 0; i < WORLD_STREAMS; i++) {
        if (world->streams[i].used && world->streams[i].node[1] >= 0) {
            return &world->streams[i];
        }
    }
    return NULL;
}

/* A peer that does not read: what waits for it stays small however much changes, and the send hold timer ends it (RFC 9687). */
static void stalled_window(void **state)
{
    (void)state;
    struct bgp_world world;
    struct s2si_bgp_session *sessions[2];
    bgp_world_init(&world);
    bgp_world_node(&world, 65001, 1, NULL);
    bgp_world_node(&world, 65002, 2, NULL);
    for (int i = 0; i < 2; i++) {
        struct s2si_bgp_session_config config = bgp_world_config((uint8_t)(1 + i), (uint8_t)(2 - i), 65002u - (uint32_t)i);
        config.hold_time = 0; /* else the peer would end it, who hears nothing */
        config.passive = i == 1;
        sessions[i] = bgp_world_session(&world, i, &config);
    }
    bgp_world_run(&world, S2S_SECOND);
    assert_int_equal(sessions[0]->state, S2S_BGP_ESTABLISHED);
    stream_of(&world)->blocked[1] = true; /* node 1 does not read any more */
    originate_many(&world, 0, MANY);
    bgp_world_run(&world, S2S_SECOND);
    uint64_t base = world.nodes[0].mem.bytes;
    for (unsigned round = 0; round < 20; round++) {
        s2si_bgp_session_steer(sessions[0], round + 1, 0, world.now); /* everything changes */
        bgp_world_run(&world, 10 * (s2s_time)S2S_SECOND);
        assert_true(sessions[0]->up != NULL && sessions[0]->up->out.length <= 64 * 1024);
        assert_true(world.nodes[0].mem.bytes < base + 100000);
    }
    bgp_world_run(&world, 400 * (s2s_time)S2S_SECOND);
    assert_true(bgp_world_saw(&world.nodes[0], S2SI_BGP_EV_NOTIFICATION_SENT, S2SI_BGP_ERR_SEND_HOLD_TIMER, 0));
    bgp_world_clear(&world);
}

static void one_octet_a_second(void **state)
{
    (void)state;
    struct bgp_world world;
    bgp_world_init(&world);
    bgp_world_node(&world, 65001, 1, NULL);
    bgp_world_node(&world, 65002, 2, NULL);
    bgp_world_node(&world, 65003, 3, NULL);
    struct s2si_bgp_session_config slow = bgp_world_config(1, 2, 65002), fine = bgp_world_config(1, 3, 65003);
    struct s2si_bgp_session_config slow_end = bgp_world_config(2, 1, 65001), fine_end = bgp_world_config(3, 1, 65001);
    slow.passive = fine_end.passive = true;
    struct s2si_bgp_session *a = bgp_world_session(&world, 0, &slow), *b = bgp_world_session(&world, 0, &fine);
    bgp_world_session(&world, 2, &fine_end);
    bgp_world_run(&world, S2S_SECOND);
    bgp_world_session(&world, 1, &slow_end);
    for (int i = 0; i < 600; i++) {
        for (size_t j = 0; j < WORLD_STREAMS; j++) {
            world.streams[j].trickle = world.streams[j].node[0] == 1 ? 1 : 0;
        }
        bgp_world_run(&world, S2S_SECOND);
        assert_true(a->connections[1].in.length <= S2SI_BGP_MESSAGE_MAX && world.nodes[0].mem.bytes < 400000);
    }
    assert_int_equal(b->state, S2S_BGP_ESTABLISHED);
    assert_int_equal(b->flaps, 0);
    bgp_world_clear(&world);
}

static void a_thousand_flaps(void **state)
{
    (void)state;
    struct bgp_world world;
    bgp_world_init(&world);
    for (uint32_t i = 1; i <= 3; i++) {
        bgp_world_node(&world, 65000 + i, i, NULL);
    }
    struct s2si_bgp_session_config bad = bgp_world_config(1, 2, 65002), fine = bgp_world_config(1, 3, 65003);
    struct s2si_bgp_session_config bad_end = bgp_world_config(2, 1, 65001), fine_end = bgp_world_config(3, 1, 65001);
    bad.passive = fine.passive = true;
    struct s2si_bgp_session *a = bgp_world_session(&world, 0, &bad), *b = bgp_world_session(&world, 0, &fine);
    struct s2si_bgp_session *peer = bgp_world_session(&world, 1, &bad_end);
    bgp_world_session(&world, 2, &fine_end);
    originate_many(&world, 1, 100);
    bgp_world_run(&world, 5 * (s2s_time)S2S_SECOND);
    uint64_t base = 0;
    unsigned most = 0;
    for (unsigned i = 0; i < 1000; i++) {
        s2si_bgp_session_reset(peer, world.now);
        s2si_bgp_path(peer, false, world.now);
        s2si_bgp_path(peer, true, world.now);
        bgp_world_run(&world, 61 * (s2s_time)S2S_SECOND);
        most = world.nodes[0].bgp->timers.capacity > most ? (unsigned)world.nodes[0].bgp->timers.capacity : most;
        base = i == 10 ? world.nodes[0].mem.bytes : base;
        if (i > 10) {
            assert_true(world.nodes[0].mem.bytes < base + 20000);
        }
    }
    assert_true(a->flaps >= 1000);
    assert_int_equal(a->state, S2S_BGP_ESTABLISHED);
    assert_int_equal(b->flaps, 0);
    assert_int_equal(bgp_world_count(a, S2S_BGP_RECEIVED), 100);
    bgp_world_clear(&world);
}

/* A peer that opens one stream after the other. */
static void many_streams(void **state)
{
    (void)state;
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    bgp_raw_init(raw, 65002);
    bgp_raw_establish(raw, 65002, false, false);
    struct s2s_endpoint from = {.addr = raw->session->config.peer_ip, .port = 40001};
    struct s2s_endpoint to = {.addr = raw->session->config.local_ip, .port = 179};
    uint64_t base = raw->world.nodes[0].mem.bytes;
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_not_equal(s2si_bgp_stream_accepted(raw->world.nodes[0].bgp, 1000 + i, &to, &from, raw->world.now), 0);
    }
    assert_int_equal(raw->world.nodes[0].mem.bytes, base);
    assert_int_equal(raw->session->state, S2S_BGP_ESTABLISHED);
    struct s2s_endpoint stranger = {.addr = s2si_addr4(0x0a0000fe), .port = 40001};
    assert_int_not_equal(s2si_bgp_stream_accepted(raw->world.nodes[0].bgp, 5000, &to, &stranger, raw->world.now), 0);
    bgp_raw_clear(raw);
    free(raw);
}

/* The same before a session is up, and nobody takes our outputs. */
static void many_streams_before(void **state)
{
    (void)state;
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    bgp_raw_init(raw, 65002);
    struct s2s_endpoint from = {.addr = raw->session->config.peer_ip, .port = 40001};
    struct s2s_endpoint to = {.addr = raw->session->config.local_ip, .port = 179};
    for (uint64_t i = 0; i < 1000; i++) {
        s2si_bgp_stream_accepted(raw->world.nodes[0].bgp, 1000 + i, &to, &from, raw->world.now);
        raw->world.now += 100 * (s2s_time)S2S_SECOND;
        s2si_bgp_tick(raw->world.nodes[0].bgp, raw->world.now);
    }
    assert_true(raw->world.nodes[0].mem.bytes < 1000000);
    bgp_raw_drain(raw);
    bgp_raw_clear(raw);
    free(raw);
}

/* A full table in, and a keepalive is due in the middle of it: it leaves on time. */
static void keepalive_under_load(void **state)
{
    (void)state;
    struct bgp_raw *raw = calloc(1, sizeof *raw);
    struct s2si_bgp_session_config config = bgp_world_config(1, 2, 65002);
    config.passive = true;
    bgp_raw_config(raw, &config);
    bgp_raw_establish(raw, 65002, false, false);
    size_t before = raw->sent_length;
    for (uint32_t i = 0; i < 20000; i++) {
        uint8_t body[64];
        size_t length = bgp_hex("0000 0014" GOOD "18 14000000", body, sizeof body);
        s2si_put_u32(body + length - 4, 0x14000000u + (i << 8));
        bgp_raw_message(raw, S2SI_BGP_UPDATE, body, length - 1);
        raw->world.now += S2S_MILLISECOND;
        if (raw->world.now >= s2si_bgp_next_timeout(raw->world.nodes[0].bgp)) {
            s2si_bgp_tick(raw->world.nodes[0].bgp, raw->world.now);
            bgp_raw_drain(raw);
        }
    }
    assert_true(raw->sent_length >= before + 2 * S2SI_BGP_HEADER); /* 20 s, at most 10 s apart */
    bgp_raw_clear(raw);
    free(raw);
}

static struct s2si_bgp_session *failing_session(struct s2si_mem *mem, struct s2si_bgp **bgp)
{
    struct s2si_bgp_params params = {.mem = mem, .seed0 = 1, .seed1 = 2, .local_asn = 65001, .router_id = 1};
    struct s2si_bgp_session_config config = bgp_world_config(1, 2, 65002);
    struct s2si_bgp_session *session = NULL;
    config.passive = true;
    if (s2si_bgp_new(&params, bgp) == 0 && s2si_bgp_session_add(*bgp, &config, 1, &session) != 0) {
        session = NULL;
    }
    return session;
}

/* Each allocation refused in turn: no crash, no leak, the session ends or goes on. */
static bool out_of_memory(struct s2si_mem *mem, void *user)
{
    (void)user;
    struct s2si_bgp *bgp = NULL;
    struct s2si_bgp_session *session = failing_session(mem, &bgp);
    bool well = session != NULL;
    struct s2s_endpoint from = {.addr = s2si_addr4(0x0a000002), .port = 4000}, to = {.addr = s2si_addr4(0x0a000001), .port = 179};
    static const char *const messages[] = {
        "ffffffffffffffffffffffffffffffff 0025 01 04fdea005a02020202 08 0206010400010001",
        "ffffffffffffffffffffffffffffffff 0013 04",
        "ffffffffffffffffffffffffffffffff 002e 02 0000 0014 40010100 4002060201 0000fdea 4003040a000002 100a42",
        "ffffffffffffffffffffffffffffffff 001a 02 0003 100a42 0000",
        "ffffffffffffffffffffffffffffffff 0015 03 0602",
    };
    if (session != NULL) {
        struct s2s_prefix prefix = bgp_prefix("192.0.2.0/24");
        well = s2si_bgp_originate(bgp, &prefix, 1) == 0;
        s2si_bgp_path(session, true, 1);
        well = s2si_bgp_stream_accepted(bgp, RAW_STREAM, &to, &from, 1) == 0 && well;
        for (size_t i = 0; i < S2SI_COUNT(messages); i++) {
            uint8_t bytes[128], out[512];
            struct s2si_bgp_output output;
            s2si_bgp_stream_data(bgp, RAW_STREAM, bytes, bgp_hex(messages[i], bytes, sizeof bytes), 1);
            s2si_bgp_tick(bgp, 1);
            while (s2si_bgp_next_output(bgp, &output)) {
                s2si_bgp_stream_pull(bgp, RAW_STREAM, out, sizeof out, 1);
            }
        }
        well = well && session->last_by_peer && session->last_code == 6;
    }
    s2si_bgp_free(bgp);
    /* some allocations may fail without harm (an event, a lingering stream): only a run without a refusal has to go well */
    const struct failing_allocator *allocator = mem->table.user;
    bool refused = allocator->requests >= allocator->fail_at;
    assert_true(well || refused);
    return !refused;
}

static void each_allocation(void **state)
{
    (void)state;
    each_allocation_fails(out_of_memory, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_inputs), cmocka_unit_test(longest_as_path), cmocka_unit_test(longest_as_path_passed_on),
        cmocka_unit_test(stalled_window), cmocka_unit_test(one_octet_a_second), cmocka_unit_test(a_thousand_flaps),
        cmocka_unit_test(many_streams), cmocka_unit_test(many_streams_before), cmocka_unit_test(keepalive_under_load),
        cmocka_unit_test(each_allocation),
    };
    return cmocka_run_group_tests_name("bgp_hostile", tests, NULL, NULL);
}
