/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole speaker with two sessions, driven by a little language: each octet is a command, some with operands from the input. The
 * framed messages make deep states reachable; raw octets make broken frames. Promises: nothing leaks, counters agree with the
 * tables, the other session is never touched, memory stays bounded.
 */
#include "lib/bgp/speaker.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct machine {
    struct s2si_mem mem;
    struct s2si_bgp *bgp;
    struct s2si_bgp_session *sessions[2];
    uint64_t streams[2]; /* 0 = none */
    uint64_t next_stream;
    s2s_time now;
};

static void promise(bool kept)
{
    if (!kept) {
        abort();
    }
}

static void drain(struct machine *machine)
{
    static const unsigned most = 100000;
    struct s2si_bgp_output out;
    uint8_t bytes[4096];
    for (unsigned i = 0; s2si_bgp_next_output(machine->bgp, &out); i++) {
        promise(i < most);
        for (int s = 0; s < 2; s++) {
            if (out.type == S2SI_BGP_CLOSE && out.stream == machine->streams[s]) {
                machine->streams[s] = 0;
            }
        }
        if (out.type == S2SI_BGP_WRITE) {
            promise(s2si_bgp_stream_pull(machine->bgp, out.stream, bytes, sizeof bytes, machine->now) <= sizeof bytes);
        } else if (out.type == S2SI_BGP_CONNECT && out.session == machine->sessions[1]) {
            machine->streams[1] = out.stream;
            s2si_bgp_stream_connected(machine->bgp, out.session, out.stream, machine->now);
        }
    }
}

static void accept_stream(struct machine *machine, int which)
{
    const struct s2si_bgp_session_config *config = &machine->sessions[which]->config;
    struct s2s_endpoint local = {.addr = config->local_ip, .port = 179}, remote = {.addr = config->peer_ip, .port = 4000};
    uint64_t stream = ++machine->next_stream;
    if (s2si_bgp_stream_accepted(machine->bgp, stream, &local, &remote, machine->now) == 0) {
        machine->streams[which] = stream;
    }
}

static void message(struct machine *machine, int which, uint8_t type, const uint8_t *body, size_t length)
{
    uint8_t bytes[S2SI_BGP_HEADER + 256];
    memset(bytes, 0xff, 16);
    s2si_put_u16(bytes + 16, (uint16_t)(S2SI_BGP_HEADER + length));
    bytes[18] = type;
    if (length > 0) {
        memcpy(bytes + S2SI_BGP_HEADER, body, length);
    }
    s2si_bgp_stream_data(machine->bgp, machine->streams[which], bytes, S2SI_BGP_HEADER + length, machine->now);
}

/* OPEN and KEEPALIVE as session which expects them; variant adds capabilities. */
static void establish(struct machine *machine, int which, uint8_t variant)
{
    uint8_t bytes[256];
    struct s2si_writer writer = s2si_writer(bytes, sizeof bytes);
    struct s2si_bgp_open open = {
        .version = 4, .asn = machine->sessions[which]->config.peer_asn, .hold_time = 90, .identifier = 0x02020202u + (uint32_t)which,
        .capabilities = {.families = 3, .route_refresh = true, .enhanced_refresh = (variant & 8) != 0,
                         .four_octet = (variant & 1) != 0, .graceful_restart = (variant & 2) != 0,
                         .notification = (variant & 4) != 0, .restart_time = 60, .restart_families = 3, .forwarding_families = 3},
    };
    open.capabilities.asn = open.asn;
    s2si_bgp_open_encode(&open, &writer);
    s2si_bgp_keepalive_encode(&writer);
    s2si_bgp_stream_data(machine->bgp, machine->streams[which], bytes, writer.length, machine->now);
}

static void check(const struct machine *machine)
{
    for (int s = 0; s < 2; s++) {
        const struct s2si_bgp_session *session = machine->sessions[s];
        struct s2s_bgp_route_state route = {.struct_size = sizeof route};
        uint64_t cursor = 0;
        uint32_t received = 0, accepted = 0;
        for (; s2si_bgp_route_next(session, S2S_BGP_RECEIVED, &cursor, &route) == 0; received++) {
            accepted += route.accepted;
        }
        promise(received == session->routes[0] + session->routes[1]);
        promise(accepted == session->accepted[0] + session->accepted[1]);
        uint32_t sent = 0;
        for (cursor = 0; s2si_bgp_route_next(session, S2S_BGP_ADVERTISED, &cursor, &route) == 0;) {
            sent++;
        }
        promise(sent <= session->out[0].announced + session->out[1].announced);
    }
    promise(machine->mem.bytes < 8 * 1024 * 1024);
}

struct input {
    const uint8_t *at, *end;
};

static uint8_t take(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static void run_message(struct machine *machine, int which, struct input *input)
{
    uint8_t type = take(input);
    size_t length = take(input), left = (size_t)(input->end - input->at);
    length = length < left ? length : left;
    message(machine, which, type, input->at, length);
    input->at += length;
}

static void run_raw(struct machine *machine, int which, struct input *input)
{
    size_t length = take(input), left = (size_t)(input->end - input->at);
    length = length < left ? length : left;
    s2si_bgp_stream_data(machine->bgp, machine->streams[which], input->at, length, machine->now);
    input->at += length;
}

static void originate(struct machine *machine, uint8_t octet)
{
    struct s2s_prefix prefix = {.addr = s2si_addr4((uint32_t)octet << 24), .length = 8};
    if ((octet & 1) != 0) {
        s2si_bgp_originate(machine->bgp, &prefix, machine->now);
    } else {
        s2si_bgp_withdraw(machine->bgp, &prefix, machine->now);
    }
}

static void run_admin(struct machine *machine, int which, struct input *input)
{
    struct s2si_bgp_session *session = machine->sessions[which];
    uint8_t operand = take(input);
    switch (operand % 9) {
    case 0:
        s2si_bgp_path(session, (operand & 16) != 0, machine->now);
        break;
    case 1:
        s2si_bgp_session_stop(session, "bye", machine->now);
        break;
    case 2:
        s2si_bgp_session_start(session, machine->now);
        break;
    case 3:
        s2si_bgp_session_reset(session, machine->now);
        break;
    case 4:
        s2si_bgp_session_refresh(session, machine->now);
        break;
    case 5:
        s2si_bgp_session_drain(session, (enum s2si_bgp_drain)(operand / 16 % 3), machine->now);
        break;
    case 6:
        s2si_bgp_session_steer(session, operand, operand % 4, machine->now);
        break;
    case 7:
        s2si_bgp_session_preference(session, operand, machine->now);
        break;
    default:
        originate(machine, take(input));
        break;
    }
}

static void run_command(struct machine *machine, struct input *input)
{
    uint8_t command = take(input);
    int which = command >> 7;
    switch (command % 8) {
    case 0:
        accept_stream(machine, which);
        break;
    case 1:
        establish(machine, which, take(input));
        break;
    case 2:
    case 3:
        run_message(machine, which, input);
        break;
    case 4:
        run_raw(machine, which, input);
        break;
    case 5:
        machine->now += take(input) * (s2s_time)S2S_SECOND;
        s2si_bgp_tick(machine->bgp, machine->now);
        break;
    case 6:
        s2si_bgp_stream_closed(machine->bgp, machine->streams[which], -1, machine->now);
        machine->streams[which] = 0;
        break;
    default:
        run_admin(machine, which, input);
        break;
    }
    if ((command & 64) == 0) {
        drain(machine);
    }
}

static bool begin(struct machine *machine)
{
    *machine = (struct machine){.now = 1000 * (s2s_time)S2S_SECOND};
    s2si_mem_init(&machine->mem, NULL);
    struct s2si_bgp_params params = {.mem = &machine->mem, .seed0 = 1, .seed1 = 2, .local_asn = 65001, .router_id = 1, .slice = 3};
    if (s2si_bgp_new(&params, &machine->bgp) != 0) {
        return false;
    }
    for (uint8_t i = 0; i < 2; i++) {
        struct s2si_bgp_session_config config = {
            .owner = i, .name = "fuzz", .peer_asn = i == 0 ? 65002 : 65001, .local_ip = s2si_addr4(0x0a000001),
            .peer_ip = s2si_addr4(0x0a000002u + i), .hold_time = 90, .connect_retry = 5, .passive = i == 0, .max_prefix = 5,
            .max_prefix_warn = 80, .graceful_restart = true, .notification_restart = true, .restart_time = 60, .ipv4 = true, .ipv6 = true,
        };
        if (s2si_bgp_session_add(machine->bgp, &config, machine->now, &machine->sessions[i]) != 0) {
            return false;
        }
        s2si_bgp_path(machine->sessions[i], true, machine->now);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine machine;
    struct input input = {data, data + size};
    bool begun = begin(&machine);
    for (int i = 0; begun && input.at < input.end && i < 400; i++) {
        run_command(&machine, &input);
    }
    if (begun) {
        check(&machine);
        drain(&machine);
    }
    s2si_bgp_free(machine.bgp);
    promise(machine.mem.blocks == 0);
    return 0;
}
