/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ike_probe: the IKEv2 machine alone on two UDP sockets, no ESP, no gateway: to see what a real peer makes of it.
 *
 *   ike_probe LOCAL REMOTE PSK IKE-SUITE ESP-SUITE [start] [LOCAL-ID REMOTE-ID]
 *
 * Suites are strongSwan's words ("aes128-sha256-prfsha256-modp2048", "aes128gcm16-x25519"); inside nets are 10.0.0.0/16
 * here and 10.1.0.0/16 there. Reads commands, one word a line: initiate rekey-ike rekey-child liveness terminate status
 * quit. Prints one line an event.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/ike/v2/state.h"

struct probe {
    struct s2si_mem mem;
    struct s2si_crypto crypto;
    struct s2si_log log;
    struct s2si_ike *ike;
    struct s2si_ike_peer *peer;
    struct s2s_addr local;
    int sockets[2];
    uint32_t next_spi;
};

static const uint16_t ports[2] = {500, 4500};

static s2s_time now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (s2s_time)time.tv_sec * S2S_SECOND + (s2s_time)time.tv_nsec;
}

static void log_line(void *user, const struct s2s_log_line *line)
{
    (void)user;
    printf("log %s\n", line->text);
}

static void key_line(void *user, bool esp, const char *line)
{
    (void)user;
    printf("%s %s\n", esp ? "key-esp" : "key-ike", line);
}

static void add_word(struct s2si_proposal *proposal, const char *word)
{
    static const enum s2s_transform_type types[] = {S2S_TRANSFORM_ENCRYPTION, S2S_TRANSFORM_PRF,
                                                    S2S_TRANSFORM_INTEGRITY, S2S_TRANSFORM_GROUP, S2S_TRANSFORM_ESN};
    for (unsigned i = 0; i < S2SI_COUNT(types); i++) {
        enum s2s_algorithm algorithm = s2s_algorithm_find(types[i], word);
        if (algorithm == S2S_ALG_NONE || (types[i] == S2S_TRANSFORM_PRF && strncmp(word, "prf", 3) != 0))
            continue;
        proposal->algorithms[i + 1][proposal->count[i + 1]++] = (uint16_t)algorithm;
        return;
    }
    fprintf(stderr, "unknown word %s\n", word);
    exit(2);
}

static void suite(const char *text, struct s2si_proposal_list *list, bool esp)
{
    char copy[128], *rest = NULL;
    snprintf(copy, sizeof copy, "%s", text);
    list->count = 1;
    for (char *word = strtok_r(copy, "-", &rest); word != NULL; word = strtok_r(NULL, "-", &rest))
        add_word(&list->items[0], word);
    if (esp) {
        list->items[0].algorithms[S2SI_TRANSFORM_ESN][0] = S2S_NO_ESN;
        list->items[0].count[S2SI_TRANSFORM_ESN] = 1;
    }
}

static void net(const char *text, struct s2s_selector *out)
{
    struct s2s_prefix prefix;
    if (s2s_prefix_parse(text, &prefix) == 0)
        s2s_selector_from_prefix(&prefix, out);
}

static int open_socket(const char *address, uint16_t port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    inet_pton(AF_INET, address, &name.sin_addr);
    if (bind(fd, (struct sockaddr *)&name, sizeof name) != 0) {
        perror("bind");
        exit(2);
    }
    return fd;
}

static void transmit(struct probe *probe, const struct s2si_ike_output *out)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(out->remote.port)};
    memcpy(&to.sin_addr, out->remote.addr.bytes, 4);
    (void)sendto(probe->sockets[out->local.port == ports[1]], out->data, out->length, 0, (struct sockaddr *)&to,
                 sizeof to);
}

static void install(struct probe *probe, uint64_t id)
{
    const struct s2si_ike_child *child = s2si_ike_child_get(probe->ike, id);
    bool in = child != NULL && child->want_in, out = child != NULL && child->want_out;
    bool has_in = child != NULL && child->has_in, has_out = child != NULL && child->has_out;
    printf("child %llu in %d out %d\n", (unsigned long long)id, in, out);
    if (child == NULL || in != has_in)
        s2si_ike_child_result(probe->ike, id, true, in, 0, now());
    if (child == NULL || out != has_out)
        s2si_ike_child_result(probe->ike, id, false, out, 0, now());
}

static void pump(struct probe *probe)
{
    struct s2si_ike_output out;
    while (s2si_ike_next_output(probe->ike, &out)) {
        if (out.type == S2SI_IKE_SEND) {
            transmit(probe, &out);
        } else if (out.type == S2SI_IKE_JOB) {
            s2si_ike_job_run(out.job);
            s2si_ike_job_done(probe->ike, out.job, now());
        } else if (out.type == S2SI_IKE_SPI_NEEDED) {
            s2si_ike_spi_done(probe->ike, out.op, probe->next_spi++, 0, now());
        } else if (out.type == S2SI_IKE_CHILD_DIRTY) {
            install(probe, out.child);
        } else {
            printf("event %d reason %d notify %u rekeyed %d %s\n", (int)out.event, (int)out.reason, out.notify,
                   out.rekeyed, out.detail);
        }
    }
    fflush(stdout);
}

static void receive(struct probe *probe, int which)
{
    uint8_t data[65536];
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    ssize_t length = recvfrom(probe->sockets[which], data, sizeof data, 0, (struct sockaddr *)&from, &size);
    size_t marker = which == 1 ? 4 : 0;
    if (length < (ssize_t)marker + 1 || (which == 1 && memcmp(data, "\0\0\0\0", 4) != 0))
        return;
    struct s2s_endpoint local = {probe->local, ports[which]}, remote = {.port = ntohs(from.sin_port)};
    remote.addr = s2si_addr_bytes(4, (const uint8_t *)&from.sin_addr);
    s2si_ike_feed(probe->ike, &local, &remote, data + marker, (size_t)length - marker, now());
}

static void status(const struct probe *probe)
{
    struct s2si_ike_status at;
    s2si_ike_peer_status(probe->peer, &at);
    printf("status established %d child %d ike-rekeys %llu child-rekeys %llu encap %d\n", at.established,
           at.child_established, (unsigned long long)at.ike_rekeys, (unsigned long long)at.child_rekeys,
           at.udp_encapsulation);
}

static bool command(struct probe *probe)
{
    char line[64];
    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    if (strncmp(line, "initiate", 8) == 0)
        (void)s2si_ike_initiate(probe->peer, now());
    else if (strncmp(line, "rekey-ike", 9) == 0)
        (void)s2si_ike_rekey_ike(probe->peer, now());
    else if (strncmp(line, "rekey-child", 11) == 0)
        (void)s2si_ike_rekey_child(probe->peer, 0, now());
    else if (strncmp(line, "liveness", 8) == 0)
        (void)s2si_ike_liveness(probe->peer, now());
    else if (strncmp(line, "terminate", 9) == 0)
        (void)s2si_ike_terminate(probe->peer, true, now());
    else if (strncmp(line, "status", 6) == 0)
        status(probe);
    return strncmp(line, "quit", 4) != 0;
}

static void setup(struct probe *probe, int count, char **argument)
{
    struct s2si_ike_peer_config config;
    struct s2si_proposal_list ike = {0}, esp = {0};
    struct s2s_selector local_ts, remote_ts;
    struct s2si_identity local_id, remote_id;
    struct s2si_ike_params params = {
        .mem = &probe->mem, .log = &probe->log, .crypto = &probe->crypto, .key_log = key_line};
    s2si_ike_peer_config_init(&config);
    (void)s2s_addr_parse(argument[1], &config.local);
    (void)s2s_addr_parse(argument[2], &config.remote);
    probe->local = config.local;
    config.owner = 1;
    config.name = "probe";
    config.psk = (const uint8_t *)argument[3];
    config.psk_length = strlen(argument[3]);
    suite(argument[4], &ike, false);
    suite(argument[5], &esp, true);
    net("10.0.0.0/16", &local_ts);
    net("10.1.0.0/16", &remote_ts);
    config.ike = &ike;
    config.esp = &esp;
    config.local_ts = &local_ts;
    config.remote_ts = &remote_ts;
    config.local_ts_count = config.remote_ts_count = 1;
    config.start = count > 6 && strcmp(argument[6], "start") == 0;
    (void)s2si_identity_parse(count > 7 ? argument[7] : argument[1], &local_id);
    (void)s2si_identity_parse(count > 8 ? argument[8] : argument[2], &remote_id);
    config.local_id = &local_id;
    config.remote_id = &remote_id;
    config.encapsulation = 1;
    (void)s2si_mem_init(&probe->mem, NULL);
    if (s2si_crypto_open(&probe->crypto, s2s_crypto_mbedtls(), &probe->mem.table) != 0)
        exit(2);
    s2si_ike_limits_init(&params.limits);
    probe->log = (struct s2si_log){log_line, NULL, S2S_LOG_DEBUG};
    probe->ike = s2si_ike_new(&params);
    if (probe->ike == NULL || s2si_ike_peer_add(probe->ike, &config, now(), &probe->peer) != 0)
        exit(2);
}

int main(int count, char **argument)
{
    static struct probe probe;
    if (count < 6) {
        fprintf(stderr, "usage: ike_probe LOCAL REMOTE PSK IKE-SUITE ESP-SUITE [start|wait] [LOCAL-ID REMOTE-ID]\n");
        return 2;
    }
    setvbuf(stdin, NULL, _IONBF, 0); /* so that poll sees every line */
    setup(&probe, count, argument);
    probe.next_spi = 0xc0000001;
    for (int i = 0; i < 2; i++)
        probe.sockets[i] = open_socket(argument[1], ports[i]);
    for (bool on = true; on;) {
        s2si_ike_tick(probe.ike, now());
        pump(&probe);
        s2s_time at = s2si_ike_next_timeout(probe.ike), time = now();
        int wait = at == S2S_TIME_NEVER ? 1000 : at <= time ? 0 : (int)((at - time) / S2S_MILLISECOND) + 1;
        struct pollfd fds[3] = {{probe.sockets[0], POLLIN, 0}, {probe.sockets[1], POLLIN, 0}, {0, POLLIN, 0}};
        (void)poll(fds, 3, wait < 1000 ? wait : 1000);
        for (int i = 0; i < 2; i++) {
            if (fds[i].revents != 0)
                receive(&probe, i);
        }
        pump(&probe);
        if (fds[2].revents != 0)
            on = command(&probe);
        pump(&probe);
    }
    s2si_ike_free(probe.ike);
    s2si_crypto_close(&probe.crypto);
    return probe.mem.blocks == 0 ? 0 : 1;
}
