/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bgp_probe: the BGP speaker alone on TCP sockets, no gateway: to see what a real peer makes of it.
 *
 *   bgp_probe LOCAL PEER LOCAL-AS PEER-AS [passive] [ipv6=NEXT-HOP] [gr] [md5=KEY] [max=N] [hold=N] [gtsm] [quiet] [also=PEER] [silent]
 *
 * also=PEER adds a second, passive session with a peer whose AS is one more than the first's. Reads commands, a line each: originate PREFIX, withdraw PREFIX, policy-out PREFIX MED COMMUNITY PREPEND, steer MED PREPEND,
 * drain N, routes, advertised, status, why PREFIX, refresh, reset, stop TEXT, start, drop (the stream without
 * a word), quit. Prints a line an event; an answer ends with "end".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/bgp/bgp.h"
#include "lib/bgp/bgp_policy.h"

enum { STREAMS = 8, PIECE = 64 * 1024 };

struct stream {
    int fd;
    uint64_t id;
    bool connecting, closing;
    uint8_t out[PIECE];
    size_t out_length;
};

struct probe {
    struct s2si_mem mem;
    struct s2si_log log;
    struct s2si_bgp *bgp;
    struct s2si_bgp_session *session, *second;
    struct s2si_bgp_session_config config;
    struct s2s_addr also;
    const char *md5;
    bool gtsm, quiet, quitting;
    int listener;
    struct stream streams[STREAMS];
    uint64_t next_id;
    char line[512];
    size_t line_length;
};

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

/* ---- sockets */

static socklen_t to_sockaddr(const struct s2s_addr *addr, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (addr->family == 4) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        memcpy(&in->sin_addr, addr->bytes, 4);
        return sizeof *in;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    memcpy(&in6->sin6_addr, addr->bytes, 16);
    return sizeof *in6;
}

static struct s2s_endpoint from_sockaddr(const struct sockaddr_storage *from)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)from;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
    bool v4 = from->ss_family == AF_INET;
    return (struct s2s_endpoint){.addr = s2si_addr_bytes(v4 ? 4 : 6, v4 ? (const uint8_t *)&in->sin_addr : in6->sin6_addr.s6_addr),
                                 .port = ntohs(v4 ? in->sin_port : in6->sin6_port)};
}

/* A socket of the session: key (RFC 2385), TTL 255 and the least TTL taken (RFC 5082), address of our end. */
static int session_socket(const struct probe *probe, uint16_t port)
{
    const struct s2si_bgp_session_config *config = &probe->config;
    bool v4 = config->local_ip.family == 4;
    int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, ttl = 255;
    struct sockaddr_storage own;
    if (probe->md5 != NULL) {
        struct tcp_md5sig key = {.tcpm_keylen = (uint16_t)strlen(probe->md5)};
        struct sockaddr_storage peer;
        to_sockaddr(&config->peer_ip, 0, &peer);
        memcpy(&key.tcpm_addr, &peer, sizeof key.tcpm_addr);
        memcpy(key.tcpm_key, probe->md5, key.tcpm_keylen);
        if (setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &key, sizeof key) != 0) {
            perror("TCP_MD5SIG");
        }
    }
    if (probe->gtsm && v4) {
        setsockopt(fd, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
        setsockopt(fd, IPPROTO_IP, IP_MINTTL, &ttl, sizeof ttl);
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    socklen_t length = to_sockaddr(&config->local_ip, port, &own);
    if (bind(fd, (struct sockaddr *)&own, length) != 0) {
        perror("bind");
    }
    return fd;
}

static struct stream *free_stream(struct probe *probe)
{
    for (int i = 0; i < STREAMS; i++) {
        if (probe->streams[i].fd < 0) {
            return &probe->streams[i];
        }
    }
    return NULL;
}

static struct stream *find_stream(struct probe *probe, uint64_t id)
{
    for (int i = 0; i < STREAMS; i++) {
        if (probe->streams[i].fd >= 0 && probe->streams[i].id == id) {
            return &probe->streams[i];
        }
    }
    return NULL;
}

static void end_stream(struct stream *stream)
{
    close(stream->fd);
    *stream = (struct stream){.fd = -1};
}

static void lost(struct probe *probe, struct stream *stream)
{
    uint64_t id = stream->id;
    end_stream(stream);
    s2si_bgp_stream_closed(probe->bgp, id, -errno, now());
}

static void begin_connect(struct probe *probe, uint64_t id)
{
    struct stream *stream = free_stream(probe);
    struct sockaddr_storage peer;
    socklen_t length = to_sockaddr(&probe->config.peer_ip, 179, &peer);
    if (stream == NULL) {
        s2si_bgp_stream_closed(probe->bgp, id, -EMFILE, now());
        return;
    }
    stream->fd = session_socket(probe, 0);
    stream->id = id;
    stream->connecting = true;
    if (connect(stream->fd, (struct sockaddr *)&peer, length) != 0 && errno != EINPROGRESS) {
        lost(probe, stream);
    }
}

static void accept_all(struct probe *probe)
{
    struct sockaddr_storage peer, own;
    socklen_t length = sizeof peer, own_length = sizeof own;
    int fd;
    while ((fd = accept4(probe->listener, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct stream *stream = free_stream(probe);
        getsockname(fd, (struct sockaddr *)&own, &own_length);
        struct s2s_endpoint remote = from_sockaddr(&peer), local = from_sockaddr(&own);
        uint64_t id = ++probe->next_id;
        if (stream == NULL || s2si_bgp_stream_accepted(probe->bgp, id, &local, &remote, now()) != 0) {
            close(fd);
        } else {
            *stream = (struct stream){.fd = fd, .id = id};
        }
        length = sizeof peer;
        own_length = sizeof own;
    }
}

/* Writes what the socket takes. */
static void pump(struct probe *probe, struct stream *stream)
{
    for (;;) {
        if (stream->out_length == 0) {
            stream->out_length = s2si_bgp_stream_pull(probe->bgp, stream->id, stream->out, sizeof stream->out, now());
        }
        if (stream->out_length == 0) {
            break;
        }
        ssize_t written = send(stream->fd, stream->out, stream->out_length, MSG_NOSIGNAL);
        if (written < 0) {
            if (errno != EAGAIN) {
                lost(probe, stream);
            }
            return;
        }
        memmove(stream->out, stream->out + written, stream->out_length - (size_t)written);
        stream->out_length -= (size_t)written;
    }
    if (stream->closing) { /* closing with unread input would reset the connection, and the NOTIFICATION with it */
        shutdown(stream->fd, SHUT_WR);
    }
}

static void serve(struct probe *probe, struct stream *stream, short events)
{
    static uint8_t bytes[PIECE];
    if (stream->connecting && (events & (POLLOUT | POLLERR | POLLHUP)) != 0) {
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &error, &length);
        stream->connecting = false;
        if (error != 0) {
            errno = error;
            lost(probe, stream);
            return;
        }
        s2si_bgp_stream_connected(probe->bgp, probe->session, stream->id, now());
    }
    if ((events & POLLIN) != 0) {
        ssize_t got = recv(stream->fd, bytes, sizeof bytes, 0);
        if (got <= 0 && !(got < 0 && errno == EAGAIN)) {
            lost(probe, stream);
            return;
        }
        if (stream->closing) {
            return;
        }
        s2si_bgp_stream_data(probe->bgp, stream->id, bytes, got > 0 ? (size_t)got : 0, now());
    }
    if ((events & POLLOUT) != 0 && stream->fd >= 0) {
        pump(probe, stream);
    }
}

/* ---- outputs */

static void show_event(const struct s2si_bgp_output *out)
{
    static const char *const names[] = {"", "state", "notification-sent", "notification-received", "prefix-warning", "prefix-limit",
                                        "advertised", "withdrawn", "received", "lost", "refused"};
    char prefix[S2S_ADDR_TEXT] = "";
    if (out->event >= S2SI_BGP_EV_ADVERTISED) {
        s2s_prefix_format(&out->prefix, prefix);
    }
    printf("event %s %s %d->%d %u/%u %s\n", names[out->event], prefix, out->state_old, out->state, out->code, out->subcode, out->detail);
}

static void drain(struct probe *probe)
{
    struct s2si_bgp_output out;
    char prefix[S2S_ADDR_TEXT], next_hop[S2S_ADDR_TEXT];
    while (s2si_bgp_next_output(probe->bgp, &out)) {
        struct stream *stream = find_stream(probe, out.stream);
        if (out.type == S2SI_BGP_CONNECT) {
            begin_connect(probe, out.stream);
        } else if (out.type == S2SI_BGP_CLOSE && stream != NULL) {
            stream->closing = true;
            pump(probe, stream);
        } else if (out.type == S2SI_BGP_WRITE && stream != NULL && stream->out_length == 0) {
            pump(probe, stream);
        } else if (probe->quiet) {
            continue;
        } else if (out.type == S2SI_BGP_ROUTE) {
            printf("route %s %s\n", s2s_prefix_format(&out.prefix, prefix),
                   out.session == NULL ? "none" : s2s_addr_format(&out.next_hop, next_hop));
        } else if (out.type == S2SI_BGP_EVENT) {
            show_event(&out);
        }
    }
}

/* ---- commands */

static void show_routes(struct probe *probe, enum s2s_bgp_route_table table)
{
    struct s2s_bgp_route_state route = {.struct_size = sizeof route};
    uint64_t cursor = 0;
    char prefix[S2S_ADDR_TEXT], next_hop[S2S_ADDR_TEXT];
    while (s2si_bgp_route_next(probe->session, table, &cursor, &route) == 0) {
        printf("%s via %s path [%s] origin %u med %s%lu communities [%s] large [%s] %s%s%s: %s\n",
               s2s_prefix_format(&route.prefix, prefix), s2s_addr_format(&route.next_hop, next_hop), route.as_path, route.origin,
               route.has_med ? "" : "none ", (unsigned long)route.med, route.communities, route.large_communities,
               route.accepted ? "accepted" : "refused", route.best ? " best" : "", route.stale ? " stale" : "", route.why);
    }
}

static void show_status(const struct s2si_bgp_session *session)
{
    struct s2s_bgp_session_state state = {.struct_size = sizeof state};
    s2si_bgp_session_state(session, &state);
    static const char *const names[] = {"Disabled", "Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"};
    printf("state %s received %lu accepted %lu advertised %lu hold %u keepalive %u flaps %llu gr %d four %d refresh %d last %u/%u %s %s\n",
           names[state.state], (unsigned long)state.routes_received, (unsigned long)state.routes_accepted,
           (unsigned long)state.routes_advertised, state.hold_time, state.keepalive, (unsigned long long)state.flaps,
           state.graceful_restart, state.four_octet, state.route_refresh, state.last_code, state.last_subcode,
           state.last_by_peer ? "theirs" : "ours", state.last_error);
}

static void set_policy(struct probe *probe, const struct s2s_prefix *prefix, const char *rest)
{
    unsigned long med = 0, community = 0, prepend = 0;
    struct s2si_bgp_policy *policy;
    struct s2si_bgp_prefix_match match = {.prefix = *prefix};
    sscanf(rest, "%lu %lu %lu", &med, &community, &prepend);
    uint32_t communities[1] = {(uint32_t)community};
    const uint32_t large[1][3] = {{65001, 7, 8}};
    struct s2si_bgp_policy_rule rule = {.permit = true, .prefixes = &match, .prefix_count = 1, .set_med = true, .med = (uint32_t)med,
                                        .prepend = (uint8_t)prepend, .communities = communities, .community_count = 1,
                                        .large_communities = large, .large_community_count = 1};
    struct s2si_bgp_policy_rule others = {.permit = true};
    if (s2si_bgp_policy_new(&probe->mem, &policy) == 0) {
        s2si_bgp_policy_add(policy, &rule);
        s2si_bgp_policy_add(policy, &others);
        probe->config.export_ = policy;
        s2si_bgp_session_update(probe->session, &probe->config, now());
        s2si_bgp_policy_release(policy);
    }
}

static void drop_streams(struct probe *probe)
{
    for (int i = 0; i < STREAMS; i++) {
        if (probe->streams[i].fd >= 0 && !probe->streams[i].connecting) {
            struct linger linger = {.l_onoff = 1, .l_linger = 0};
            setsockopt(probe->streams[i].fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
            lost(probe, &probe->streams[i]);
        }
    }
}

static void run_prefix(struct probe *probe, const char *word, const char *rest)
{
    struct s2s_prefix prefix;
    char text[S2S_ADDR_TEXT] = "";
    const char *why;
    sscanf(rest, "%55s", text);
    if (s2s_prefix_parse(text, &prefix) != 0) {
        printf("what prefix?\n");
    } else if (strcmp(word, "originate") == 0) {
        s2si_bgp_originate(probe->bgp, &prefix, now());
    } else if (strcmp(word, "withdraw") == 0) {
        s2si_bgp_withdraw(probe->bgp, &prefix, now());
    } else if (strcmp(word, "policy-out") == 0) {
        set_policy(probe, &prefix, rest + strlen(text));
    } else if (s2si_bgp_why(probe->bgp, &prefix, &why) == 0) {
        printf("%s", why);
    }
}

static void run_command(struct probe *probe, char *line)
{
    char *rest = strchr(line, ' ');
    unsigned long a = 0, b = 0;
    if (rest != NULL) {
        *rest++ = '\0';
        sscanf(rest, "%lu %lu", &a, &b);
    }
    rest = rest == NULL ? line + strlen(line) : rest;
    if (strcmp(line, "routes") == 0) {
        show_routes(probe, S2S_BGP_RECEIVED);
    } else if (strcmp(line, "advertised") == 0) {
        show_routes(probe, S2S_BGP_ADVERTISED);
    } else if (strcmp(line, "status") == 0) {
        show_status(probe->session);
        if (probe->second != NULL) {
            show_status(probe->second);
        }
    } else if (strcmp(line, "refresh") == 0) {
        printf("refresh %d\n", s2si_bgp_session_refresh(probe->session, now()));
    } else if (strcmp(line, "reset") == 0) {
        s2si_bgp_session_reset(probe->session, now());
    } else if (strcmp(line, "stop") == 0) {
        s2si_bgp_session_stop(probe->session, rest, now());
    } else if (strcmp(line, "start") == 0) {
        s2si_bgp_session_start(probe->session, now());
    } else if (strcmp(line, "steer") == 0) {
        s2si_bgp_session_steer(probe->session, (uint32_t)a, (uint8_t)b, now());
    } else if (strcmp(line, "drain") == 0) {
        s2si_bgp_session_drain(probe->session, (enum s2si_bgp_drain)a, now());
    } else if (strcmp(line, "drop") == 0) {
        drop_streams(probe);
    } else if (strcmp(line, "quit") == 0) {
        probe->quitting = true;
    } else {
        run_prefix(probe, line, rest);
    }
    printf("end\n");
}

static void read_commands(struct probe *probe)
{
    ssize_t got = read(0, probe->line + probe->line_length, sizeof probe->line - 1 - probe->line_length);
    if (got <= 0) {
        probe->quitting = true;
        return;
    }
    probe->line_length += (size_t)got;
    char *end;
    while ((end = memchr(probe->line, '\n', probe->line_length)) != NULL) {
        size_t used = (size_t)(end - probe->line) + 1;
        *end = '\0';
        run_command(probe, probe->line);
        memmove(probe->line, probe->line + used, probe->line_length - used);
        probe->line_length -= used;
    }
}

/* ---- the loop */

static int wait_time(const struct probe *probe)
{
    s2s_time at = s2si_bgp_next_timeout(probe->bgp), time = now();
    if (at <= time) {
        return 0;
    }
    s2s_time left = (at - time) / S2S_MILLISECOND + 1;
    return left > 1000 ? 1000 : (int)left;
}

static void turn(struct probe *probe)
{
    struct pollfd fds[2 + STREAMS] = {{.fd = 0, .events = POLLIN}, {.fd = probe->listener, .events = POLLIN}};
    for (int i = 0; i < STREAMS; i++) {
        const struct stream *stream = &probe->streams[i];
        bool out = stream->connecting || stream->out_length > 0;
        fds[2 + i] = (struct pollfd){.fd = stream->fd, .events = (short)(POLLIN | (out ? POLLOUT : 0))};
    }
    poll(fds, 2 + STREAMS, wait_time(probe));
    for (int i = 0; i < STREAMS; i++) {
        if (fds[2 + i].revents != 0 && probe->streams[i].fd == fds[2 + i].fd) {
            serve(probe, &probe->streams[i], fds[2 + i].revents);
        }
    }
    if (fds[1].revents != 0) {
        accept_all(probe);
    }
    if (fds[0].revents != 0) {
        read_commands(probe);
    }
    s2si_bgp_tick(probe->bgp, now());
    drain(probe);
    fflush(stdout);
}

static void option(struct probe *probe, const char *word)
{
    struct s2si_bgp_session_config *config = &probe->config;
    if (strcmp(word, "passive") == 0) {
        config->passive = true;
    } else if (strcmp(word, "silent") == 0) {
        config->group = 1; /* and announces nothing of one session to the other */
    } else if (strncmp(word, "ipv6=", 5) == 0) {
        config->ipv6 = s2s_addr_parse(word + 5, &config->next_hop6) == 0;
    } else if (strcmp(word, "gr") == 0) {
        config->graceful_restart = config->notification_restart = true;
        config->restart_time = 120;
    } else if (strcmp(word, "gtsm") == 0) {
        probe->gtsm = true;
    } else if (strcmp(word, "quiet") == 0) {
        probe->quiet = true;
    } else if (strncmp(word, "also=", 5) == 0) {
        s2s_addr_parse(word + 5, &probe->also);
    } else if (strncmp(word, "md5=", 4) == 0) {
        probe->md5 = word + 4;
    } else if (strncmp(word, "max=", 4) == 0) {
        config->max_prefix = (uint32_t)strtoul(word + 4, NULL, 10);
    } else if (strncmp(word, "hold=", 5) == 0) {
        config->hold_time = (uint16_t)strtoul(word + 5, NULL, 10);
    }
}

int main(int argc, char **argv)
{
    static struct probe probe;
    if (argc < 5) {
        fprintf(stderr, "bgp_probe LOCAL PEER LOCAL-AS PEER-AS [option...]\n");
        return 2;
    }
    probe.config = (struct s2si_bgp_session_config){.owner = 1, .name = "probe", .hold_time = 30, .connect_retry = 3, .ipv4 = true,
                                                    .peer_asn = (uint32_t)strtoul(argv[4], NULL, 10)};
    if (s2s_addr_parse(argv[1], &probe.config.local_ip) != 0 || s2s_addr_parse(argv[2], &probe.config.peer_ip) != 0) {
        return 2;
    }
    for (int i = 5; i < argc; i++) {
        option(&probe, argv[i]);
    }
    probe.log = (struct s2si_log){.function = log_line, .level = S2S_LOG_INFO};
    s2si_mem_init(&probe.mem, NULL);
    struct s2si_bgp_params params = {.mem = &probe.mem, .log = &probe.log, .seed0 = now(), .seed1 = (uint64_t)getpid(),
                                     .local_asn = (uint32_t)strtoul(argv[3], NULL, 10),
                                     .router_id = s2si_get_u32(probe.config.local_ip.bytes)};
    for (int i = 0; i < STREAMS; i++) {
        probe.streams[i].fd = -1;
    }
    probe.listener = session_socket(&probe, 179);
    if (listen(probe.listener, 8) != 0 || s2si_bgp_new(&params, &probe.bgp) != 0 ||
        s2si_bgp_session_add(probe.bgp, &probe.config, now(), &probe.session) != 0) {
        fprintf(stderr, "bgp_probe: cannot start\n");
        return 1;
    }
    s2si_bgp_path(probe.session, true, now());
    if (probe.also.family != 0) {
        struct s2si_bgp_session_config second = probe.config;
        second.peer_ip = probe.also;
        second.peer_asn++;
        second.passive = true;
        if (s2si_bgp_session_add(probe.bgp, &second, now(), &probe.second) == 0) {
            s2si_bgp_path(probe.second, true, now());
        }
    }
    while (!probe.quitting) {
        turn(&probe);
    }
    s2si_bgp_session_stop(probe.session, "bgp_probe ends", now());
    drain(&probe);
    s2si_bgp_free(probe.bgp);
    return probe.mem.blocks == 0 ? 0 : 1;
}
