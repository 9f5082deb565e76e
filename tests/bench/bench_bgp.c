/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_bgp [ROUTES]: a full table into our speaker, 10 prefixes an UPDATE: CPU seconds and resident memory until everything is
 * in the RIB and the room above has heard of it. Then: the same table from a second peer, all of it announced again with other
 * attributes, all of it withdrawn. 100,000 routes unless told otherwise.
 *
 * The octets are made before the clock starts, in pieces of 64 KB as a socket would hand them over.
 */
#include "lib/bgp/bgp.h"
#include "tests/bench/bgp_feed.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, LONGEST = 128 };

struct bench {
    struct s2si_mem mem;
    struct s2si_bgp *bgp;
    struct s2si_bgp_session *sessions[3];
    uint32_t updates;
    uint64_t routes; /* told */
    double cpu;
};

static double cpu_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double resident_mb(void)
{
    unsigned long size, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%lu %lu", &size, &resident) != 2) {
        resident = 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void drain(struct bench *bench)
{
    static uint8_t bytes[PIECE];
    struct s2si_bgp_output out;
    for (;;) {
        while (s2si_bgp_next_timeout(bench->bgp) == 0) {
            s2si_bgp_tick(bench->bgp, 1);
        }
        if (!s2si_bgp_next_output(bench->bgp, &out)) {
            return;
        }
        bench->routes += out.type == S2SI_BGP_ROUTE;
        if (out.type == S2SI_BGP_WRITE) {
            s2si_bgp_stream_pull(bench->bgp, out.stream, bytes, sizeof bytes, 1);
        }
    }
}

static void feed(struct bench *bench, int peer, const uint8_t *data, size_t length)
{
    double begin = cpu_now();
    s2si_bgp_stream_data(bench->bgp, (uint64_t)peer, data, length, 1);
    drain(bench);
    bench->cpu += cpu_now() - begin;
}

static void add_peer(struct bench *bench, int peer, bool announce)
{
    struct s2si_bgp_session_config config = {
        .owner = (uint64_t)peer, .name = "peer", .peer_asn = 65000u + (uint32_t)peer, .local_ip = s2si_addr4(0x0a000001),
        .peer_ip = s2si_addr4(0x0a000001u + (uint32_t)peer), .hold_time = 240, .passive = true, .ipv4 = true, .accept_default = true,
        .require_policy = false, .group = announce ? 0 : 1,
    };
    struct s2s_endpoint local = {.addr = config.local_ip, .port = 179}, remote = {.addr = config.peer_ip, .port = 40000};
    uint8_t open[256];
    if (s2si_bgp_session_add(bench->bgp, &config, 1, &bench->sessions[peer]) != 0) {
        exit(1);
    }
    s2si_bgp_path(bench->sessions[peer], true, 1);
    if (s2si_bgp_stream_accepted(bench->bgp, (uint64_t)peer, &local, &remote, 1) != 0) {
        exit(1);
    }
    feed(bench, peer, open, bgp_feed_open(open, sizeof open, config.peer_asn, 0x02000000u + (uint32_t)peer));
}

/* Feeds all UPDATEs; kind 0, 1: announce with that version, 2: withdraw. */
static void feed_table(struct bench *bench, int peer, int kind)
{
    static uint8_t piece[PIECE];
    size_t length = 0;
    uint32_t next_hop = 0x0a000001u + (uint32_t)peer;
    for (uint32_t i = 0; i < bench->updates; i++) {
        uint8_t *at = piece + length;
        length += kind == 2 ? bgp_feed_withdraw(at, i) : bgp_feed_update(at, i, 65000u + (uint32_t)peer, next_hop, (uint32_t)kind);
        if (length + LONGEST > sizeof piece || i + 1 == bench->updates) {
            feed(bench, peer, piece, length);
            length = 0;
        }
    }
}

static void phase(struct bench *bench, const char *name, int peer, int kind)
{
    bench->cpu = 0;
    bench->routes = 0;
    feed_table(bench, peer, kind);
    struct s2s_bgp_session_state state = {.struct_size = sizeof state};
    s2si_bgp_session_state(bench->sessions[peer], &state);
    printf("%-34s %8.3f s CPU %8.1f MB resident %8.1f MB allocated %9lu routes held %9llu told\n", name, bench->cpu, resident_mb(),
           (double)bench->mem.bytes / 1e6, (unsigned long)state.routes_accepted, (unsigned long long)bench->routes);
}

int main(int argc, char **argv)
{
    unsigned long routes = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    struct bench bench = {.updates = (uint32_t)(routes / BGP_FEED_PER_UPDATE)};
    s2si_mem_init(&bench.mem, NULL);
    struct s2si_bgp_params params = {.mem = &bench.mem, .seed0 = 1, .seed1 = 2, .local_asn = 64999, .router_id = 1};
    if (s2si_bgp_new(&params, &bench.bgp) != 0) {
        return 1;
    }
    printf("%lu routes, 10 an UPDATE; before: %.1f MB resident\n", routes, resident_mb());
    add_peer(&bench, 1, false);
    phase(&bench, "one peer", 1, 0);
    phase(&bench, "announced again, other attributes", 1, 1);
    add_peer(&bench, 2, false);
    phase(&bench, "a second peer, the same prefixes", 2, 0);
    phase(&bench, "withdrawn by the first", 1, 2);
    phase(&bench, "withdrawn by the second", 2, 2);
    malloc_trim(0);
    printf("after: %.1f MB resident, %.1f MB allocated\n", resident_mb(), (double)bench.mem.bytes / 1e6);
    s2si_bgp_free(bench.bgp);
    printf("ok bench_bgp\n");
    return bench.mem.blocks == 0 ? 0 : 1;
}
