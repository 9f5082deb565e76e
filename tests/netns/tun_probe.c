/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives kernel tun without an engine: a command a line on standard input, an answer a line on standard output.
 *
 *   device NAME MTU | nodevice NAME | address NAME PREFIX | noaddress NAME PREFIX | bind ADDR [PORT NATT] | unbind ADDR
 *   route|noroute tunnel|unreachable|local PREFIX METRIC [SOURCE]     (device: the last one made)
 *   udp|esp LOCAL REMOTE TEXT [TOS] [df]      udp: endpoints, "[...]:port" for IPv6
 *   carry LOCAL REMOTE esp|udp                inner packets leave in clear to REMOTE; what comes from there is delivered
 *   burst COUNT LOCAL REMOTE                  COUNT UDP packets in batches
 *   listen ID ENDPOINT TTL MINTTL | connect ID LOCAL REMOTE TTL MINTTL [KEY] | key ID ADDR KEY | write ID TEXT | close ID [reset]
 *   scan | stats | stop | quit
 *
 * Each action is answered by "ok WORD" or "refused WORD: ERROR: DETAIL".
 */
#include <s2svpn/engine.h>
#include <s2svpn/event_loop.h>
#include <s2svpn/kernel_tun.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 12, OPS = 4096 };

struct probe {
    struct event_base *base;
    s2s_tun_kernel *kernel;
    const struct s2s_kernel *table;
    struct s2s_kernel_sink sink;
    const char *gateway;
    char device[32];
    char word[OPS][24];
    uint64_t ops;
    bool carry, carry_esp;
    struct s2s_endpoint carry_local, carry_remote;
    char pending[65536];
    char line[65536];
    size_t line_length;
};

static void print_data(const struct s2s_packet *packet)
{
    printf("%.*s", (int)(packet->length < 40 ? packet->length : 40), (const char *)packet->buffer + packet->offset);
}

static void carry(struct probe *probe, struct s2s_packet *packet)
{
    if (packet->kind == S2S_PACKET_INNER) {
        packet->local = probe->carry_local;
        packet->remote = probe->carry_remote;
        packet->verdict = probe->carry_esp ? S2S_VERDICT_SEND_ESP : S2S_VERDICT_SEND_UDP;
    } else {
        packet->device = 0;
        packet->verdict = S2S_VERDICT_DELIVER;
    }
}

static void on_packets(void *user, struct s2s_packet *batch, size_t count)
{
    static const char *const kinds[] = {"inner", "esp", "udp"};
    struct probe *probe = user;
    char local[S2S_ADDR_TEXT], remote[S2S_ADDR_TEXT];
    for (size_t i = 0; i < count; i++) {
        struct s2s_packet *packet = &batch[i];
        packet->verdict = S2S_VERDICT_CONSUMED;
        if (probe->carry) {
            carry(probe, packet);
        } else if (packet->kind == S2S_PACKET_INNER) {
            printf("inner device=%u length=%zu\n", packet->device, packet->length);
        } else {
            printf("%s %s %s tos=%u length=%zu room=%d ", kinds[packet->kind], s2s_endpoint_format(&packet->local, local),
                   s2s_endpoint_format(&packet->remote, remote), packet->tos, packet->length,
                   packet->offset >= S2S_PACKET_HEADROOM &&
                       packet->capacity - packet->offset - packet->length >= S2S_PACKET_TAILROOM);
            print_data(packet);
            printf("\n");
        }
    }
    if (!probe->carry && count > 1) {
        printf("batch %zu\n", count);
    }
    fflush(stdout);
}

static void on_stream(void *user, const struct s2s_stream_input *input)
{
    static const char *const types[] = {"", "connected", "accepted", "data", "writable", "closed"};
    (void)user;
    printf("stream %s %llx listener=%llx error=%d %.*s\n", types[input->type], (unsigned long long)input->stream,
           (unsigned long long)input->listener, input->error, (int)(input->length < 40 ? input->length : 40), (const char *)input->data);
    if (input->type == S2S_STREAM_DATA) {
        printf("bytes %zu\n", input->length);
    }
    fflush(stdout);
}

static void on_notice(void *user, const struct s2s_kernel_notice *notice)
{
    static const char *const kinds[] = {"tunnel", "unreachable", "local"};
    char one[S2S_ADDR_TEXT], two[S2S_ADDR_TEXT];
    (void)user;
    switch (notice->type) {
    case S2S_NOTICE_ADDRESS_UP:
    case S2S_NOTICE_ADDRESS_DOWN:
        printf("notice %s %s\n", notice->type == S2S_NOTICE_ADDRESS_UP ? "up" : "down", s2s_addr_format(&notice->addr, one));
        break;
    case S2S_NOTICE_FOUND_ROUTE:
        printf("found route %s %s metric=%u table=%u source=%s\n", kinds[notice->route.kind],
               s2s_prefix_format(&notice->route.prefix, one), notice->route.metric, notice->route.table,
               s2s_addr_format(&notice->route.preferred_source, two));
        break;
    case S2S_NOTICE_FOUND_ADDRESS:
        printf("found address %s/%u\n", s2s_addr_format(&notice->address.addr, one), notice->address.length);
        break;
    default:
        printf("found device %s\n", notice->device);
        break;
    }
    fflush(stdout);
}

static void on_complete(void *user, uint64_t op, const struct s2s_result *result)
{
    struct probe *probe = user;
    const char *word = probe->word[op % OPS];
    if (result->error == 0) {
        printf("ok %s%s%s\n", word, result->device != NULL ? " " : "", result->device != NULL ? result->device : "");
    } else {
        printf("refused %s: %s: %s\n", word, s2s_strerror(result->error), result->detail != NULL ? result->detail : "");
    }
    if (result->device != NULL) {
        snprintf(probe->device, sizeof probe->device, "%s", result->device);
    }
    fflush(stdout);
}

static size_t on_pull(void *user, uint64_t stream, uint8_t *out, size_t capacity)
{
    struct probe *probe = user;
    (void)stream;
    size_t length = strlen(probe->pending);
    length = length < capacity ? length : capacity;
    memcpy(out, probe->pending, length);
    memmove(probe->pending, probe->pending + length, strlen(probe->pending) - length + 1);
    return length;
}

/* ---- commands ---- */

static bool endpoint(const char *text, struct s2s_endpoint *out)
{
    char copy[80];
    const char *colon = strrchr(text, ':');
    snprintf(copy, sizeof copy, "%s", text[0] == '[' ? text + 1 : text);
    out->port = 0;
    if (text[0] == '[' || (colon != NULL && strchr(text, ':') == colon)) {
        out->port = (uint16_t)atoi(colon + 1);
        copy[(size_t)(colon - text) - (text[0] == '[' ? 2 : 0)] = '\0';
    }
    return s2s_addr_parse(copy, &out->addr) == 0;
}

/* An address with the length of its network: host bits stay. */
static bool address(const char *text, struct s2s_prefix *out)
{
    char copy[80];
    snprintf(copy, sizeof copy, "%s", text);
    char *slash = strchr(copy, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    out->length = (uint8_t)atoi(slash + 1);
    return s2s_addr_parse(copy, &out->addr) == 0;
}

static bool number_in(const char *text, const char *const *names, size_t count, int *out)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (int)i;
            return true;
        }
    }
    return false;
}

static void burst(struct probe *probe, char **word)
{
    static uint8_t data[S2S_PACKET_BATCH][64];
    struct s2s_packet packets[S2S_PACKET_BATCH];
    int count = atoi(word[1]);
    for (int sent = 0; sent < count; sent++) {
        struct s2s_action action = {.struct_size = sizeof action, .type = S2S_ACTION_PACKET};
        struct s2s_packet *packet = &packets[sent % S2S_PACKET_BATCH];
        *packet = (struct s2s_packet){.buffer = data[sent % S2S_PACKET_BATCH], .capacity = 64, .verdict = S2S_VERDICT_SEND_UDP};
        packet->length = (size_t)snprintf((char *)packet->buffer, 64, "packet %d", sent);
        endpoint(word[2], &packet->local);
        endpoint(word[3], &packet->remote);
        action.packet = *packet;
        probe->table->submit(probe->table->context, &action);
    }
}

static bool fill_route(struct probe *probe, char **word, int count, struct s2s_action *action)
{
    static const char *const kinds[] = {"tunnel", "unreachable", "local"};
    int kind;
    if (count < 4 || !number_in(word[1], kinds, 3, &kind) || s2s_prefix_parse(word[2], &action->route.prefix) != 0) {
        return false;
    }
    action->type = word[0][0] == 'n' ? S2S_ACTION_ROUTE_DELETE : S2S_ACTION_ROUTE_ADD;
    action->device = probe->device;
    action->route.kind = (enum s2s_route_kind)kind;
    action->route.metric = (uint32_t)atoi(word[3]);
    return count < 5 || s2s_addr_parse(word[4], &action->route.preferred_source) == 0;
}

static bool fill_packet(char **word, int count, struct s2s_action *action)
{
    struct s2s_packet *packet = &action->packet;
    if (count < 4 || !endpoint(word[1], &packet->local) || !endpoint(word[2], &packet->remote)) {
        return false;
    }
    action->type = S2S_ACTION_PACKET;
    packet->buffer = (uint8_t *)word[3];
    packet->length = packet->capacity = strlen(word[3]);
    packet->verdict = word[0][0] == 'e' ? S2S_VERDICT_SEND_ESP : S2S_VERDICT_SEND_UDP;
    packet->tos = (uint8_t)(count > 4 ? atoi(word[4]) : 0);
    packet->dont_fragment = count > 5;
    return true;
}

static bool fill_stream(struct probe *probe, char **word, int count, struct s2s_action *action)
{
    struct s2s_action_stream *stream = &action->stream;
    int at = 2;
    if (count < 2) {
        return false;
    }
    stream->id = strtoull(word[1], NULL, 16);
    if (strcmp(word[0], "listen") == 0 && count >= 5) {
        action->type = S2S_ACTION_STREAM_LISTEN;
        at += endpoint(word[2], &action->local);
    } else if (strcmp(word[0], "connect") == 0 && count >= 6) {
        action->type = S2S_ACTION_STREAM_CONNECT;
        at += endpoint(word[2], &action->local) + endpoint(word[3], &action->remote);
    } else if (strcmp(word[0], "key") == 0 && count >= 4) {
        action->type = S2S_ACTION_STREAM_KEY;
        endpoint(word[2], &action->remote);
        stream->md5_key = (const uint8_t *)word[3];
        stream->md5_key_length = strlen(word[3]);
        return true;
    } else if (strcmp(word[0], "write") == 0 && count >= 3) {
        action->type = S2S_ACTION_STREAM_WRITE;
        snprintf(probe->pending, sizeof probe->pending, "%s", word[2]);
        return true;
    } else if (strcmp(word[0], "close") == 0) {
        action->type = S2S_ACTION_STREAM_CLOSE;
        stream->reset = count > 2;
        return true;
    } else {
        return false;
    }
    stream->ttl = (uint8_t)atoi(word[at]);
    stream->min_ttl = (uint8_t)atoi(word[at + 1]);
    if (count > at + 2) {
        stream->md5_key = (const uint8_t *)word[at + 2];
        stream->md5_key_length = strlen(word[at + 2]);
    }
    return true;
}

static bool fill_plain(char **word, int count, struct s2s_action *action)
{
    static const char *const names[] = {"device", "nodevice", "address", "noaddress", "bind", "unbind", "scan"};
    static const enum s2s_action_type types[] = {S2S_ACTION_DEVICE_ADD, S2S_ACTION_DEVICE_DELETE, S2S_ACTION_ADDRESS_ADD,
                                                 S2S_ACTION_ADDRESS_DELETE, S2S_ACTION_BIND, S2S_ACTION_UNBIND, S2S_ACTION_SCAN};
    int kind;
    struct s2s_endpoint local;
    if (!number_in(word[0], names, 7, &kind) || (count < 2 && kind != 6)) {
        return false;
    }
    action->type = types[kind];
    switch (kind) {
    case 0:
        action->mtu = (uint32_t)(count > 2 ? atoi(word[2]) : 1400); /* fall through */
    case 1:
        action->device = word[1];
        return true;
    case 2:
    case 3:
        action->device = word[1];
        return count > 2 && address(word[2], &action->address);
    case 4:
    case 5:
        action->port = (uint16_t)(count > 3 ? atoi(word[2]) : 500);
        action->natt_port = (uint16_t)(count > 3 ? atoi(word[3]) : 4500);
        endpoint(word[1], &local);
        action->local.addr = local.addr;
        return true;
    default:
        return true;
    }
}

static void print_stats(struct probe *probe)
{
    struct s2s_tun_stats stats = {.struct_size = sizeof stats};
    s2s_tun_kernel_stats(probe->kernel, &stats);
    printf("stats udp=%llu/%llu esp=%llu/%llu inner=%llu/%llu dropped=%llu no_socket=%llu\n",
           (unsigned long long)stats.udp_received, (unsigned long long)stats.udp_sent, (unsigned long long)stats.esp_received,
           (unsigned long long)stats.esp_sent, (unsigned long long)stats.inner_received, (unsigned long long)stats.inner_sent,
           (unsigned long long)stats.send_dropped, (unsigned long long)stats.no_socket);
}

static bool fill(struct probe *probe, char **word, int count, struct s2s_action *action)
{
    if (strstr(word[0], "route") != NULL) {
        return fill_route(probe, word, count, action);
    }
    if (strcmp(word[0], "udp") == 0 || strcmp(word[0], "esp") == 0) {
        return fill_packet(word, count, action);
    }
    return fill_plain(word, count, action) || fill_stream(probe, word, count, action);
}

static void command(struct probe *probe, char **word, int count)
{
    struct s2s_action action = {.struct_size = sizeof action, .gateway = probe->gateway, .op = ++probe->ops};
    snprintf(probe->word[action.op % OPS], sizeof probe->word[0], "%s", word[0]);
    if (strcmp(word[0], "quit") == 0) {
        event_base_loopbreak(probe->base);
    } else if (strcmp(word[0], "stop") == 0) {
        probe->table->stop(probe->table->context);
        printf("ok stop\n");
    } else if (strcmp(word[0], "stats") == 0) {
        print_stats(probe);
    } else if (strcmp(word[0], "burst") == 0 && count == 4) {
        burst(probe, word);
    } else if (strcmp(word[0], "carry") == 0 && count == 4) {
        probe->carry = endpoint(word[1], &probe->carry_local) && endpoint(word[2], &probe->carry_remote);
        probe->carry_esp = strcmp(word[3], "esp") == 0;
        printf("ok carry\n");
    } else if (fill(probe, word, count, &action)) {
        probe->table->submit(probe->table->context, &action);
    } else {
        printf("what? %s\n", word[0]);
    }
    fflush(stdout);
}

static void take_line(struct probe *probe, char *line)
{
    char *word[WORDS];
    int count = 0;
    for (char *at = strtok(line, " "); at != NULL && count < WORDS; at = strtok(NULL, " ")) {
        word[count++] = at;
    }
    if (count > 0) {
        command(probe, word, count);
    }
}

static void on_input(evutil_socket_t fd, short what, void *user)
{
    (void)what;
    struct probe *probe = user;
    ssize_t got = read(fd, probe->line + probe->line_length, sizeof probe->line - probe->line_length - 1);
    if (got <= 0) {
        event_base_loopbreak(probe->base);
        return;
    }
    probe->line_length += (size_t)got;
    probe->line[probe->line_length] = '\0';
    char *end;
    while ((end = strchr(probe->line, '\n')) != NULL) {
        *end = '\0';
        take_line(probe, probe->line);
        probe->line_length -= (size_t)(end + 1 - probe->line);
        memmove(probe->line, end + 1, probe->line_length + 1);
    }
}

static void on_log(void *user, const struct s2s_log_line *line)
{
    (void)user;
    fprintf(stderr, "log %s: %s\n", line->module, line->text);
}

static void make_sink(struct probe *probe)
{
    probe->sink = (struct s2s_kernel_sink){
        .struct_size = sizeof probe->sink,
        .user = probe,
        .packets = on_packets,
        .stream = on_stream,
        .notice = on_notice,
        .complete = on_complete,
        .stream_pull = on_pull,
    };
}

/* Memory runs out after so many allocations, for one allocation. */
static void *failing_alloc(void *user, size_t size)
{
    long *left = user;
    return (*left)-- == 0 ? NULL : malloc(size);
}

static void *failing_resize(void *user, void *pointer, size_t old_size, size_t new_size)
{
    (void)old_size;
    long *left = user;
    return (*left)-- == 0 ? NULL : realloc(pointer, new_size);
}

static void failing_release(void *user, void *pointer, size_t size)
{
    (void)user;
    (void)size;
    free(pointer);
}

/* tun_probe GATEWAY [TUN_PATH] [noesp | fail NUMBER] */
int main(int count, char **argument)
{
    struct probe *probe = calloc(1, sizeof *probe);
    struct s2s_tun_params params;
    s2s_libevent_loop *loop;
    if (probe == NULL || count < 2) {
        return 2;
    }
    s2s_tun_params_init(&params, sizeof params);
    params.log = on_log;
    params.log_level = S2S_LOG_WARNING;
    params.tun_path = count > 2 ? argument[2] : params.tun_path;
    params.no_raw_esp = count == 4;
    long left = count == 5 ? atol(argument[4]) : -1;
    const struct s2s_allocator allocator = {.struct_size = sizeof allocator, .user = &left, .alloc = failing_alloc,
                                            .resize = failing_resize, .release = failing_release};
    params.allocator = &allocator;
    probe->gateway = argument[1];
    probe->base = event_base_new();
    make_sink(probe);
    if (s2s_tun_kernel_new(&params, &probe->kernel) != 0) { /* may be the allocation that fails: once */
        printf("what? no memory\n");
        if (s2s_tun_kernel_new(&params, &probe->kernel) != 0) {
            return 2;
        }
    }
    if (s2s_libevent_loop_new(probe->base, &allocator, &loop) != 0 && s2s_libevent_loop_new(probe->base, &allocator, &loop) != 0) {
        return 2;
    }
    probe->table = s2s_tun_kernel_table(probe->kernel);
    if (probe->table->start(probe->table->context, s2s_libevent_loop_table(loop), &probe->sink) != 0) {
        return 2;
    }
    struct event *input = event_new(probe->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, probe);
    event_add(input, NULL);
    printf("ready %u\n", s2s_tun_default_table(probe->gateway));
    fflush(stdout);
    event_base_dispatch(probe->base);
    event_free(input);
    probe->table->stop(probe->table->context);
    s2s_tun_kernel_delete(probe->kernel);
    s2s_libevent_loop_delete(loop);
    event_base_free(probe->base);
    free(probe);
    return 0;
}
