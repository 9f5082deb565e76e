/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bgp_feed_tcp: the table of tests/bench/bgp_feed.h over TCP into any BGP speaker.
 *
 *   bgp_feed_tcp LOCAL PEER AS ROUTES
 *
 * Opens a session, sends the table, and says "sent"; goes on sending keepalives and reading until its input ends. A line "again"
 * sends the table once more with other attributes, "withdraw" takes it back; each answers "sent".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/bgp/message.h"
#include "tests/bench/bgp_feed.h"

enum { PIECE = 64 * 1024 };

static void send_all(int fd, const uint8_t *data, size_t length)
{
    while (length > 0) {
        ssize_t written = send(fd, data, length, MSG_NOSIGNAL);
        if (written <= 0) {
            perror("send");
            exit(1);
        }
        data += written;
        length -= (size_t)written;
    }
}

/* Waits for the peer's OPEN and KEEPALIVE, so that what follows meets an established session. */
static void wait_established(int fd)
{
    uint8_t bytes[4096];
    size_t length = 0;
    for (;;) {
        ssize_t got = recv(fd, bytes + length, sizeof bytes - length, 0);
        if (got <= 0) {
            perror("recv");
            exit(1);
        }
        length += (size_t)got;
        size_t open = length >= S2SI_BGP_HEADER ? s2si_get_u16(bytes + 16) : length + 1;
        if (length >= open + S2SI_BGP_HEADER) {
            return;
        }
    }
}

static void send_table(int fd, uint32_t updates, uint32_t asn, uint32_t next_hop, uint32_t version, int withdraw)
{
    static uint8_t piece[PIECE];
    size_t length = 0;
    for (uint32_t i = 0; i < updates; i++) {
        length += withdraw ? bgp_feed_withdraw(piece + length, i) : bgp_feed_update(piece + length, i, asn, next_hop, version);
        if (length + BGP_FEED_UPDATE > sizeof piece || i + 1 == updates) {
            send_all(fd, piece, length);
            length = 0;
        }
    }
    printf("sent\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "bgp_feed_tcp LOCAL PEER AS ROUTES\n");
        return 2;
    }
    struct sockaddr_in local = {.sin_family = AF_INET}, peer = {.sin_family = AF_INET, .sin_port = htons(179)};
    uint32_t asn = (uint32_t)strtoul(argv[3], NULL, 10), updates = (uint32_t)strtoul(argv[4], NULL, 10) / BGP_FEED_PER_UPDATE;
    inet_pton(AF_INET, argv[1], &local.sin_addr);
    inet_pton(AF_INET, argv[2], &peer.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&local, sizeof local) != 0 || connect(fd, (struct sockaddr *)&peer, sizeof peer) != 0) {
        perror("connect");
        return 1;
    }
    uint8_t open[256], discard[PIECE], keepalive[S2SI_BGP_HEADER];
    struct s2si_writer writer = s2si_writer(keepalive, sizeof keepalive);
    s2si_bgp_keepalive_encode(&writer);
    send_all(fd, open, bgp_feed_open(open, sizeof open, asn, ntohl(local.sin_addr.s_addr)));
    wait_established(fd);
    uint32_t next_hop = ntohl(local.sin_addr.s_addr), version = 0;
    send_table(fd, updates, asn, next_hop, version, 0);
    for (;;) {
        struct pollfd fds[2] = {{.fd = 0, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
        int ready = poll(fds, 2, 10000);
        if (ready == 0) {
            send_all(fd, keepalive, sizeof keepalive);
        }
        if (fds[1].revents != 0 && recv(fd, discard, sizeof discard, 0) <= 0) {
            return 0;
        }
        char line[64];
        if (fds[0].revents != 0) {
            if (fgets(line, sizeof line, stdin) == NULL) {
                return 0;
            }
            send_table(fd, updates, asn, next_hop, ++version, strncmp(line, "withdraw", 8) == 0);
        }
    }
}
