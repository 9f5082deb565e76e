/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_netns: the scenario on real packets. Five network namespaces, none joined to this machine's own network:
 *
 *     ECS eth0 --- inner [alibaba] outer --- to-alibaba [router] to-aws --- outer [aws] inner --- eth0 EC2
 *
 * Each gateway is a process s2s-gateway of its own with a configuration file and a control socket. The router drops
 * packets by nftables: no carrier loss, no ICMP, no socket error. tcpdump captures every link; ping is the system's.
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "artifacts.h"
#include "control.h"
#include "net.h"
#include "netns.h"
#include "pcap.h"

/* From 10 ms on, ping waits by the kernel's ticks: a kernel of 250 Hz makes 62 a second of 100. Below, it keeps its
 * pace. */
enum { FAST_MS = 9 };
#define FOLDER_PREFIX "ali-aws-"
enum { START_LIMIT = 15, PING_LIMIT_SECONDS = 400, STOP_SECONDS = 5, CAPTURES = 2 };

struct ground;

struct ground_end {
    struct ground *ground;
    enum side side;
    struct netns gateway, host;
    pid_t daemon, captures[CAPTURES];
    char capture_paths[CAPTURES][ARTIFACT_PATH]; /* outer, inner */
    char config[ARTIFACT_PATH], socket[ARTIFACT_PATH], log[ARTIFACT_PATH];
    struct control_stream events;
};

struct ground {
    struct net *net;
    char folder[64];     /* configuration files and sockets; removed at the end */
    const char *results; /* captures, ping output, logs: the artifacts, or the same folder */
    char program[ARTIFACT_PATH];
    struct netns router;
    struct ground_end ends[SIDES];
    unsigned cut;
    pid_t ping;
    char ping_path[ARTIFACT_PATH];
};

/* ---- what is needed ---- */

static bool in_path(const char *program)
{
    static const char *const folders[] = {"/usr/sbin", "/sbin",          "/usr/bin",
                                          "/bin",      "/usr/local/bin", "/usr/local/sbin"};
    char path[ARTIFACT_PATH];
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folders[i], program);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static int check_needs(struct net *net, struct ground *ground)
{
    static const char *const programs[] = {"ip", "nft", "tcpdump", "ping"};
    char missing[80] = "";
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        if (!in_path(programs[i]))
            (void)snprintf(missing + strlen(missing), sizeof missing - strlen(missing), " %s", programs[i]);
    if (geteuid() != 0)
        return net_fail(net, "--net netns needs root (network namespaces, TUN devices); --net sim needs nothing");
    if (*missing)
        return net_fail(net, "missing programs:%s (Debian: iproute2 nftables tcpdump iputils-ping)", missing);
    (void)snprintf(ground->program, sizeof ground->program, "%s/../s2s-gateway/s2s-gateway", net->options.self);
    if (access(ground->program, X_OK) != 0)
        return net_fail(net, "%s: %s (it is built beside this program)", ground->program, strerror(errno));
    return setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static void remove_folder(const char *folder)
{
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* Folders are named by the process: one whose process was killed is all that it could leave behind, and holds keys. */
static void remove_stale(const char *base)
{
    char path[ARTIFACT_PATH];
    const struct dirent *entry;
    struct stat status;
    long pid;
    DIR *dir = opendir(base);
    while (dir && (entry = readdir(dir))) {
        (void)snprintf(path, sizeof path, "%s/%s", base, entry->d_name);
        if (sscanf(entry->d_name, FOLDER_PREFIX "%ld-", &pid) == 1 && kill((pid_t)pid, 0) != 0 && errno == ESRCH &&
            lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid())
            remove_folder(path);
    }
    if (dir)
        (void)closedir(dir);
}

static int make_folders(struct net *net, struct ground *ground)
{
    const char *base = getenv("TMPDIR");
    if (!base || strlen(base) > 30)
        base = "/tmp";
    remove_stale(base);
    (void)snprintf(ground->folder, sizeof ground->folder, "%s/" FOLDER_PREFIX "%ld-XXXXXX", base, (long)getpid());
    if (!mkdtemp(ground->folder)) {
        ground->folder[0] = '\0';
        return net_fail(net, "%s: %s", base, strerror(errno));
    }
    ground->results = net->options.artifacts ? net->options.artifacts : ground->folder;
    return 0;
}

/* ---- namespaces and links ---- */

static int make_namespace(struct net *net, struct netns *ns, const char *name)
{
    if (netns_new(ns, name) != 0)
        return net_fail(net, "a network namespace cannot be made here: %s", strerror(errno));
    if (netns_write(ns, "/proc/sys/net/ipv4/ip_forward", "1") != 0 ||
        netns_write(ns, "/proc/sys/net/ipv4/conf/all/rp_filter", "0") != 0 ||
        netns_write(ns, "/proc/sys/net/ipv4/conf/default/rp_filter", "0") != 0)
        return net_fail(net, "/proc/sys/net cannot be written in a namespace: %s", strerror(errno));
    return netns_run(ns, net->problem, "ip link set lo up");
}

/* A veth pair from one namespace to another, both ends up. */
static int join(struct net *net, const struct netns *a, const char *name_a, const struct netns *b, const char *name_b)
{
    if (netns_run(a, net->problem, "ip link add %s type veth peer name %s netns /proc/%ld/fd/%d", name_a, name_b,
                  (long)getpid(), b->fd) != 0 ||
        netns_run(a, net->problem, "ip link set %s up", name_a) != 0)
        return -1;
    return netns_run(b, net->problem, "ip link set %s up", name_b);
}

static int put_address(struct net *net, const struct netns *ns, const char *address, const char *device)
{
    return netns_run(ns, net->problem, "ip addr add %s/24 dev %s", address, device);
}

static const char *router_device(enum side side)
{
    return side == ALIBABA ? "to-alibaba" : "to-aws";
}

static int build_links(struct net *net, struct ground *ground, struct ground_end *end)
{
    const struct place *place = &places[end->side];
    const char *device = router_device(end->side);
    if (make_namespace(net, &end->gateway, place->key) != 0 ||
        make_namespace(net, &end->host, place->host_title) != 0 ||
        join(net, &end->gateway, "outer", &ground->router, device) != 0 ||
        join(net, &end->gateway, "inner", &end->host, "eth0") != 0 ||
        put_address(net, &ground->router, place->router, device) != 0 ||
        put_address(net, &end->gateway, place->inner, "inner") != 0 ||
        put_address(net, &end->host, place->host, "eth0") != 0)
        return -1;
    for (int i = 0; place->outside[i]; i++)
        if (put_address(net, &end->gateway, place->outside[i], "outer") != 0)
            return -1;
    return 0;
}

/* Default routes toward the router, and the router's way to the VPC: what no tunnel takes arrives in clear, and is
 * seen. */
static int build_routes(struct net *net, struct ground *ground, const struct ground_end *end)
{
    const struct place *place = &places[end->side];
    if (netns_run(&end->host, net->problem, "ip route add default via %s", place->inner) != 0 ||
        netns_run(&end->gateway, net->problem, "ip route add default via %s", place->router) != 0)
        return -1;
    return netns_run(&ground->router, net->problem, "ip route add %s via %s", place->vpc, place->outside[0]);
}

/* tcpdump says "listening on" when it captures. */
static int start_capture(struct net *net, struct ground *ground, struct ground_end *end, int which)
{
    static const char *const kinds[CAPTURES] = {"outer", "inner"};
    char log[ARTIFACT_PATH], name[40];
    const char *device = which == 0 ? router_device(end->side) : "inner";
    char *path =
        artifacts_path(ground->results, kinds[which], places[end->side].key, "pcap", end->capture_paths[which]);
    const char *argv[] = {"tcpdump", "-i", device, "-n", "-s", "0", "-U", "-Z", "root", "-w", path, NULL};
    (void)snprintf(name, sizeof name, "%s-%s", kinds[which], places[end->side].key);
    artifacts_path(ground->folder, "tcpdump", name, "log", log);
    end->captures[which] = netns_start(which == 0 ? &ground->router : &end->gateway, log, argv);
    for (int tries = 0; tries < 500 && netns_alive(&end->captures[which]); tries++) {
        size_t length;
        char *said = artifacts_read(log, &length);
        bool listening = said && strstr(said, "listening on");
        free(said);
        if (listening)
            return 0;
        (void)poll(NULL, 0, 10);
    }
    return net_fail(net, "tcpdump on %s did not start", name);
}

static int build_end(struct net *net, struct ground *ground, struct ground_end *end)
{
    const char *key = places[end->side].key;
    (void)snprintf(end->config, sizeof end->config, "%s/%s.json", ground->folder, key);
    (void)snprintf(end->socket, sizeof end->socket, "%s/%s.sock", ground->folder, key);
    artifacts_path(ground->results, "gateway", key, "log", end->log);
    if (build_links(net, ground, end) != 0 || build_routes(net, ground, end) != 0)
        return -1;
    for (int i = 0; i < CAPTURES; i++)
        if (start_capture(net, ground, end, i) != 0)
            return -1;
    return 0;
}

static int ground_open(struct net *net)
{
    struct ground *ground = net->self;
    if (check_needs(net, ground) != 0 || make_folders(net, ground) != 0 ||
        make_namespace(net, &ground->router, "router") != 0)
        return -1;
    for (int side = 0; side < SIDES; side++)
        if (build_end(net, ground, &ground->ends[side]) != 0)
            return -1;
    return 0;
}

/* ---- gateways ---- */

/* The file holds keys: only its owner may read it. */
static int write_config(struct net *net, const struct ground_end *end, const char *json)
{
    mode_t before = umask(077);
    FILE *file = fopen(end->config, "w");
    (void)umask(before);
    bool written = file && fputs(json, file) >= 0;
    if (file && fclose(file) != 0)
        written = false;
    return written ? 0 : net_fail(net, "%s: %s", end->config, strerror(errno));
}

/* The last words of a gateway that ended. */
static int daemon_ended(struct net *net, const struct ground_end *end)
{
    size_t length;
    char *log = artifacts_read(end->log, &length);
    (void)net_fail(net, "s2s-gateway of %s ended: %s", places[end->side].title,
                   log && length > 400 ? log + length - 400
                   : log               ? log
                                       : "");
    free(log);
    return -1;
}

static bool answers(void *user)
{
    struct ground_end *end = user;
    char *reply = NULL;
    int code = netns_alive(&end->daemon) ? control_request(end->socket, "GET", "/v1/status", NULL, &reply) : 0;
    free(reply);
    return code == 200 || !netns_alive(&end->daemon);
}

static int start_daemon(struct net *net, struct ground_end *end)
{
    struct ground *ground = end->ground;
    char keys[ARTIFACT_PATH];
    const char *argv[16] = {ground->program, "--config", end->config,   "--control", end->socket,
                            "--log",         "text",     "--log-level", "debug"};
    if (net->options.artifacts && net->options.key_log) {
        argv[9] = "--key-log";
        argv[10] = artifacts_path(ground->results, "keys", places[end->side].key, "txt", keys);
    }
    end->daemon = netns_start(&end->gateway, end->log, argv);
    if (end->daemon < 0)
        return net_fail(net, "%s: %s", ground->program, strerror(errno));
    if (net_wait(net, START_LIMIT, NET_EVENT_MS, answers, end, "the control socket of s2s-gateway") != 0)
        return -1;
    if (!netns_alive(&end->daemon))
        return daemon_ended(net, end);
    if (control_stream_open(&end->events, end->socket) != 0)
        return net_fail(net, "%s: GET /v1/events: %s", places[end->side].title, strerror(errno));
    return 0;
}

static cJSON *ground_status(struct net *net, enum side side)
{
    struct ground *ground = net->self;
    char *reply = NULL;
    int code = control_request(ground->ends[side].socket, "GET", "/v1/status", NULL, &reply);
    cJSON *json = code == 200 ? cJSON_Parse(reply) : NULL;
    if (!json)
        (void)net_fail(net, "%s: GET /v1/status: %d %.200s", places[side].title, code, reply ? reply : strerror(errno));
    free(reply);
    return json;
}

/* SIGHUP has been worked off when the status has what the file has: as many connections, as many with BGP, as many
 * published routes, and the same auto-propagation. */
struct reloading {
    struct net *net;
    enum side side;
    int connections, speakers, routes;
    bool propagates;
};

static int count_speakers(const cJSON *root)
{
    const cJSON *connection;
    int count = 0;
    cJSON_ArrayForEach(connection, cJSON_GetObjectItemCaseSensitive(root, "connections")) count +=
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(connection, "enable_bgp"));
    return count;
}

static bool auto_propagates(const cJSON *root)
{
    const cJSON *gateway = cJSON_GetObjectItemCaseSensitive(root, "gateway");
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(gateway, "auto_propagate"));
}

static bool reloaded(void *user)
{
    struct reloading *reloading = user;
    cJSON *status = ground_status(reloading->net, reloading->side);
    const cJSON *route;
    int published = 0;
    cJSON_ArrayForEach(route, cJSON_GetObjectItemCaseSensitive(status, "routes")) published +=
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(route, "publish")) ||
        cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(route, "published"));
    bool done = status && published >= reloading->routes && count_speakers(status) == reloading->speakers &&
                auto_propagates(status) == reloading->propagates &&
                cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(status, "connections")) == reloading->connections;
    cJSON_Delete(status);
    return done;
}

static int reload_daemon(struct net *net, struct ground_end *end, const char *json)
{
    cJSON *config = cJSON_Parse(json);
    struct reloading reloading = {net,
                                  end->side,
                                  cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(config, "connections")),
                                  count_speakers(config),
                                  cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(config, "routes")),
                                  auto_propagates(config)};
    cJSON_Delete(config);
    (void)kill(end->daemon, SIGHUP);
    return net_wait(net, START_LIMIT, 50, reloaded, &reloading, "the gateway takes its new configuration");
}

static int ground_apply(struct net *net, enum side side, const char *json)
{
    struct ground *ground = net->self;
    struct ground_end *end = &ground->ends[side];
    if (write_config(net, end, json) != 0)
        return -1;
    return end->daemon > 0 ? reload_daemon(net, end, json) : start_daemon(net, end);
}

static int change(struct net *net, enum side side, const char *method, const char *path, const char *body)
{
    struct ground *ground = net->self;
    char *reply = NULL;
    int code = control_request(ground->ends[side].socket, method, path, body, &reply);
    if (code < 200 || code > 299)
        (void)net_fail(net, "%s: %s %s: %d %.200s", places[side].title, method, path, code,
                       reply ? reply : strerror(errno));
    free(reply);
    return code >= 200 && code <= 299 ? 0 : -1;
}

static int ground_patch(struct net *net, enum side side, const char *connection, unsigned tunnel, const char *json)
{
    char path[120];
    (void)snprintf(path, sizeof path, "/v1/connections/%s/tunnels/%u", connection, tunnel);
    return change(net, side, "PATCH", path, json);
}

static int ground_restart(struct net *net, enum side side, const char *connection, unsigned tunnel)
{
    char path[120];
    (void)snprintf(path, sizeof path, "/v1/connections/%s/tunnels/%u/restart", connection, tunnel);
    return change(net, side, "POST", path, "");
}

/* ---- the path ---- */

static int drop(struct net *net, const struct ground *ground, enum side from)
{
    return netns_run(&ground->router, net->problem, "nft add rule ip cut f ip saddr %s ip daddr %s drop",
                     places[from].outside[0], places[from == ALIBABA ? AWS : ALIBABA].outside[0]);
}

static int ground_cut(struct net *net, unsigned directions)
{
    struct ground *ground = net->self;
    if (ground->cut && netns_run(&ground->router, net->problem, "nft delete table ip cut") != 0)
        return -1;
    ground->cut = directions;
    if (!directions)
        return 0;
    if (netns_run(&ground->router, net->problem, "nft add table ip cut") != 0 ||
        netns_run(&ground->router, net->problem, "nft add chain ip cut f { type filter hook forward priority 0 ; }") !=
            0 ||
        ((directions & CUT_OUTBOUND) && drop(net, ground, ALIBABA) != 0))
        return -1;
    return directions & CUT_RETURN ? drop(net, ground, AWS) : 0;
}

/* ---- ping ---- */

static int ground_ping_start(struct net *net, const char *phase, unsigned count, unsigned interval_ms)
{
    struct ground *ground = net->self;
    char interval[16], limit[16], number[16];
    const char *argv[16] = {"ping", "-D", "-n", "-O", "-i", interval, "-W", "2", "-w", limit};
    int at = 10;
    (void)snprintf(interval, sizeof interval, "%u.%03u", interval_ms / 1000, interval_ms % 1000);
    (void)snprintf(limit, sizeof limit, "%d", PING_LIMIT_SECONDS);
    (void)snprintf(number, sizeof number, "%u", count);
    if (count) {
        argv[at++] = "-c";
        argv[at++] = number;
    }
    argv[at] = places[AWS].host;
    artifacts_path(ground->results, "ping", phase, "txt", ground->ping_path);
    ground->ping = netns_start(&ground->ends[ALIBABA].host, ground->ping_path, argv);
    return ground->ping > 0 ? 0 : net_fail(net, "ping: %s", strerror(errno));
}

/* SIGINT lets it print its summary. */
static int ground_ping_stop(struct net *net)
{
    struct ground *ground = net->self;
    (void)netns_stop(&ground->ping, SIGINT, STOP_SECONDS);
    return 0;
}

static char *ground_ping_text(struct net *net)
{
    struct ground *ground = net->self;
    size_t length;
    char *text = artifacts_read(ground->ping_path, &length);
    if (!text)
        (void)net_fail(net, "%s: %s", ground->ping_path, strerror(errno));
    return text;
}

/* ---- time and events ---- */

static double ground_now(struct net *net)
{
    struct timespec now;
    (void)net;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void on_event(void *user, const char *json)
{
    struct ground_end *end = user;
    events_add(&end->ground->net->events, end->side, ground_now(end->ground->net), json);
}

static int ground_run(struct net *net, double seconds)
{
    struct ground *ground = net->self;
    struct pollfd ready[SIDES];
    for (int side = 0; side < SIDES; side++)
        ready[side] = (struct pollfd){ground->ends[side].events.fd, POLLIN, 0};
    int count = poll(ready, SIDES, (int)(seconds * 1000) + 1);
    for (int side = 0; side < SIDES; side++) {
        struct ground_end *end = &ground->ends[side];
        bool open = end->events.fd >= 0;
        if (count > 0 && ready[side].revents && control_stream_read(&end->events, on_event, end) != 0 && open)
            return netns_alive(&end->daemon) ? net_fail(net, "%s cut off the stream of events", places[side].title)
                                             : daemon_ended(net, end);
    }
    return 0;
}

/* ---- the end ---- */

static void stop_captures(struct ground *ground)
{
    for (int side = 0; side < SIDES; side++)
        for (int i = 0; i < CAPTURES; i++)
            (void)netns_stop(&ground->ends[side].captures[i], SIGINT, STOP_SECONDS);
}

static int64_t ground_cleartext(struct net *net)
{
    struct ground *ground = net->self;
    struct pcap_figures figures = {0, 0, 0, 0, 0};
    stop_captures(ground);
    for (int side = 0; side < SIDES; side++) {
        size_t length;
        char *data = artifacts_read(ground->ends[side].capture_paths[0], &length);
        int result = data ? pcap_count((const uint8_t *)data, length, inner_networks, places[ALIBABA].host,
                                       places[AWS].host, &figures)
                          : -1;
        free(data);
        if (result != 0)
            return net_fail(net, "%s is not whole", ground->ends[side].capture_paths[0]);
    }
    return (int64_t)figures.cleartext;
}

static void close_end(struct ground_end *end)
{
    control_stream_close(&end->events);
    (void)netns_stop(&end->daemon, SIGTERM, STOP_SECONDS);
    netns_delete(&end->gateway);
    netns_delete(&end->host);
}

static void ground_close(struct net *net)
{
    struct ground *ground = net->self;
    (void)netns_stop(&ground->ping, SIGINT, STOP_SECONDS);
    stop_captures(ground);
    for (int side = 0; side < SIDES; side++)
        close_end(&ground->ends[side]);
    netns_delete(&ground->router);
    if (*ground->folder)
        remove_folder(ground->folder);
    free(ground);
}

static const struct net_ops ops = {
    .name = "netns",
    .fast_ms = FAST_MS,
    .open = ground_open,
    .close = ground_close,
    .apply = ground_apply,
    .patch = ground_patch,
    .restart = ground_restart,
    .status = ground_status,
    .cut = ground_cut,
    .ping_start = ground_ping_start,
    .ping_stop = ground_ping_stop,
    .ping_text = ground_ping_text,
    .now = ground_now,
    .run = ground_run,
    .cleartext = ground_cleartext,
};

int net_netns_new(struct net *net, const struct net_options *options)
{
    struct ground *ground = calloc(1, sizeof *ground);
    memset(net, 0, sizeof *net);
    if (!ground)
        return net_fail(net, "out of memory");
    ground->net = net;
    ground->router.fd = -1;
    for (int side = 0; side < SIDES; side++) {
        struct ground_end *end = &ground->ends[side];
        end->ground = ground;
        end->side = (enum side)side;
        end->gateway.fd = end->host.fd = end->events.fd = -1;
    }
    net->ops = &ops;
    net->options = *options;
    net->self = ground;
    return ground_open(net);
}
