/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/base.h"

void sim_world_make(struct sim_world *world, uint64_t seed, const struct s2s_sim_gateway_params *params)
{
    assert_int_equal(s2s_sim_new(NULL, seed, &world->sim), 0);
    s2s_sim *sim = world->sim;
    assert_int_equal(s2s_sim_host_new(sim, "left", &world->left), 0);
    assert_int_equal(s2s_sim_gateway_new(sim, "gate_a", params, &world->gate_a), 0);
    assert_int_equal(s2s_sim_router_new(sim, "core", &world->core), 0);
    assert_int_equal(s2s_sim_gateway_new(sim, "gate_b", params, &world->gate_b), 0);
    assert_int_equal(s2s_sim_host_new(sim, "right", &world->right), 0);
    assert_int_equal(s2s_sim_link_new(sim, "lan_a", world->left, world->gate_a, NULL, &world->lan_a), 0);
    assert_int_equal(s2s_sim_link_new(sim, "wan_a", world->gate_a, world->core, NULL, &world->wan_a), 0);
    assert_int_equal(s2s_sim_link_new(sim, "wan_b", world->core, world->gate_b, NULL, &world->wan_b), 0);
    assert_int_equal(s2s_sim_link_new(sim, "lan_b", world->gate_b, world->right, NULL, &world->lan_b), 0);
    assert_int_equal(s2s_sim_address(world->left, world->lan_a, "10.1.0.2/24"), 0);
    assert_int_equal(s2s_sim_address(world->gate_a, world->lan_a, "10.1.0.1/24"), 0);
    assert_int_equal(s2s_sim_address(world->gate_a, world->wan_a, "198.51.100.1/24"), 0);
    assert_int_equal(s2s_sim_address(world->core, world->wan_a, "198.51.100.254/24"), 0);
    assert_int_equal(s2s_sim_address(world->core, world->wan_b, "203.0.113.254/24"), 0);
    assert_int_equal(s2s_sim_address(world->gate_b, world->wan_b, "203.0.113.1/24"), 0);
    assert_int_equal(s2s_sim_address(world->gate_b, world->lan_b, "10.2.0.1/24"), 0);
    assert_int_equal(s2s_sim_address(world->right, world->lan_b, "10.2.0.2/24"), 0);
    assert_int_equal(s2s_sim_route(world->left, "0.0.0.0/0", world->lan_a), 0);
    assert_int_equal(s2s_sim_route(world->right, "0.0.0.0/0", world->lan_b), 0);
    assert_int_equal(s2s_sim_route(world->gate_a, "0.0.0.0/0", world->wan_a), 0);
    assert_int_equal(s2s_sim_route(world->gate_b, "0.0.0.0/0", world->wan_b), 0);
    assert_int_equal(s2s_sim_route(world->core, "10.1.0.0/16", world->wan_a), 0);
    assert_int_equal(s2s_sim_route(world->core, "10.2.0.0/16", world->wan_b), 0);
    assert_int_equal(s2s_sim_watch(world->wan_a, "10.0.0.0/8"), 0);
    assert_int_equal(s2s_sim_watch(world->wan_b, "10.0.0.0/8"), 0);
}

void sim_world_free(struct sim_world *world)
{
    s2s_sim_delete(world->sim);
}

struct s2s_addr fake_addr(const char *text)
{
    struct s2s_addr addr;
    assert_int_equal(s2s_addr_parse(text, &addr), 0);
    return addr;
}

struct s2s_prefix fake_prefix(const char *text)
{
    struct s2s_prefix prefix;
    assert_int_equal(s2s_prefix_parse(text, &prefix), 0);
    return prefix;
}

/* ---- the sink ---- */

static void wrap(struct fake_engine *engine, struct s2s_packet *entry)
{
    entry->offset -= 8;
    entry->length += 8;
    s2si_put_u32(entry->buffer + entry->offset, 0x1234);
    s2si_put_u32(entry->buffer + entry->offset + 4, ++engine->sequence);
    entry->local = engine->local;
    entry->remote = engine->remote;
    entry->verdict = engine->udp ? S2S_VERDICT_SEND_UDP : S2S_VERDICT_SEND_ESP;
}

static void on_packets(void *user, struct s2s_packet *batch, size_t count)
{
    struct fake_engine *engine = user;
    engine->largest_batch = count > engine->largest_batch ? count : engine->largest_batch;
    for (size_t i = 0; i < count; i++) {
        engine->last = batch[i];
        assert_true(batch[i].offset >= S2S_PACKET_HEADROOM);
        assert_true(batch[i].capacity - batch[i].offset - batch[i].length >= S2S_PACKET_TAILROOM);
        if (batch[i].kind == S2S_PACKET_INNER) {
            engine->inner++;
            wrap(engine, &batch[i]);
        } else if (batch[i].length > 8) {
            engine->outer++;
            batch[i].offset += 8;
            batch[i].length -= 8;
            batch[i].verdict = S2S_VERDICT_DELIVER;
        } else {
            batch[i].verdict = S2S_VERDICT_CONSUMED;
        }
    }
}

static void on_stream(void *user, const struct s2s_stream_input *input)
{
    struct fake_engine *engine = user;
    if (input->type == S2S_STREAM_DATA) {
        assert_true(engine->got_length + input->length <= engine->got_capacity);
        memcpy(engine->got + engine->got_length, input->data, input->length);
        engine->got_length += input->length;
    } else if (engine->input_count < FAKE_EVENTS) {
        engine->inputs[engine->input_count++] = *input;
    }
}

static void on_notice(void *user, const struct s2s_kernel_notice *notice)
{
    struct fake_engine *engine = user;
    assert_true(engine->notice_count < FAKE_EVENTS);
    if (notice->device != NULL) {
        strncpy(engine->notice_devices[engine->notice_count], notice->device, 31);
    }
    engine->notices[engine->notice_count++] = *notice;
}

static void on_complete(void *user, uint64_t op, const struct s2s_result *result)
{
    struct fake_engine *engine = user;
    assert_true(engine->completion_count < FAKE_EVENTS);
    struct fake_completion *completion = &engine->completions[engine->completion_count++];
    *completion = (struct fake_completion){.op = op, .error = result->error, .at = s2s_sim_now(engine->sim)};
    if (result->device != NULL) {
        strncpy(completion->device, result->device, 31);
    }
}

static size_t on_pull(void *user, uint64_t stream, uint8_t *out, size_t capacity)
{
    struct fake_engine *engine = user;
    size_t left = engine->sent_length - engine->sent_at, count = left < capacity ? left : capacity;
    (void)stream;
    if (count > 0) {
        memcpy(out, engine->sent + engine->sent_at, count);
    }
    engine->sent_at += count;
    return count;
}

void fake_start(struct fake_engine *engine, struct sim_world *world, s2s_sim_node *node, const char *local, const char *remote)
{
    memset(engine, 0, sizeof *engine);
    engine->sim = world->sim;
    engine->kernel = s2s_sim_kernel(node);
    engine->local.addr = fake_addr(local);
    engine->remote.addr = fake_addr(remote);
    engine->local.port = engine->remote.port = 4500;
    engine->sink = (struct s2s_kernel_sink){.struct_size = sizeof engine->sink,
                                            .user = engine,
                                            .packets = on_packets,
                                            .stream = on_stream,
                                            .notice = on_notice,
                                            .complete = on_complete,
                                            .stream_pull = on_pull};
    assert_int_equal(engine->kernel->start(engine->kernel->context, s2s_sim_loop(world->sim), &engine->sink), 0);
}

uint64_t fake_submit(struct fake_engine *engine, struct s2s_action action)
{
    action.struct_size = sizeof action;
    action.op = ++engine->next_op;
    action.gateway = "gw";
    action.device = action.device == NULL ? "vpn0" : action.device;
    engine->kernel->submit(engine->kernel->context, &action);
    return action.op;
}

const struct fake_completion *fake_completion(const struct fake_engine *engine, uint64_t op)
{
    const struct fake_completion *found = NULL;
    for (size_t i = 0; i < engine->completion_count; i++) {
        if (engine->completions[i].op == op) {
            assert_null(found); /* answered once */
            found = &engine->completions[i];
        }
    }
    return found;
}

struct s2s_action fake_route(const char *prefix, enum s2s_route_kind kind, uint32_t metric)
{
    return (struct s2s_action){.type = S2S_ACTION_ROUTE_ADD,
                               .route = {.prefix = fake_prefix(prefix), .kind = kind, .metric = metric}};
}

void fake_tunnel(struct fake_engine *engine, const char *prefix)
{
    fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_BIND, .local = engine->local, .port = 500, .natt_port = 4500});
    fake_submit(engine, (struct s2s_action){.type = S2S_ACTION_DEVICE_ADD, .mtu = 1400});
    s2s_sim_run_for(engine->sim, S2S_SECOND / 2);
    fake_submit(engine, fake_route(prefix, S2S_ROUTE_UNREACHABLE, 1000));
    fake_submit(engine, fake_route(prefix, S2S_ROUTE_TUNNEL, 100));
    s2s_sim_run_for(engine->sim, S2S_SECOND / 2);
    for (size_t i = 0; i < engine->completion_count; i++) {
        assert_int_equal(engine->completions[i].error, 0);
    }
}
