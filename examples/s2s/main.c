/* SPDX-License-Identifier: Apache-2.0 */
/* s2s: what a person asks of a running s2s-gateway. */
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp.h"
#include "client.h"
#include "files.h"
#include "show.h"
#include "watch.h"

#define DEFAULT_SOCKET "/run/s2s-gateway.sock"

static const char usage[] =
    "usage: s2s [--control SOCKET] [--json] COMMAND\n"
    "\n"
    "  status                      tunnels, traffic, routes\n"
    "  watch [SECONDS]             the same, again and again\n"
    "  events [--since N]          what happens, as it happens\n"
    "  restart CONNECTION N        takes tunnel N down politely and brings it up again\n"
    "  set CONNECTION N JSON       changes tunnel N (RFC 7396), until the file's value changes\n"
    "  enable|disable CONNECTION N\n"
    "  explain SOURCE DESTINATION  which way a packet takes, or what is missing\n"
    "  diagnose CONNECTION         what is wrong with it\n"
    "  bgp neighbors [NAME]        BGP sessions; NAME is CONNECTION/N, CONNECTION or the peer's inside address\n"
    "  bgp routes [NAME] [received|advertised|best] [PREFIX]\n"
    "                              routes (without NAME the best ones), those inside PREFIX\n"
    "  bgp why PREFIX|ADDRESS      why the best route is the best, and who is told of it\n"
    "  bgp refresh NAME [in|out]   exchanges routes again without a reset\n"
    "  bgp reset NAME              ends the session and starts it again\n"
    "  device-config CONNECTION [FORMAT [SAMPLE]]\n"
    "                              the file for its far end, keys included: generic (AWS's text), aws-xml, alibaba or\n"
    "                              swanctl; SAMPLE: recommended or compatibility\n"
    "  metrics                     Prometheus text\n"
    "  import [OPTIONS] FILE...    a cloud's device file or API answer into a configuration (import --help)\n"
    "  export --config FILE CONNECTION [FORMAT [SAMPLE]]\n"
    "                              as device-config, of a configuration that need not run\n"
    "\n"
    "  --control SOCKET            default: the variable S2S_CONTROL, or " DEFAULT_SOCKET "\n"
    "  --json                      what the gateway answered, for programs\n";

struct options {
    const char *control, *since;
    bool json;
};

static int misuse(const char *what)
{
    fprintf(stderr, "s2s: %s\n%s", what, usage);
    return 64;
}

/* ---- requests ---- */

/* Asks once; what was answered is printed by print (people) or as it is (--json). */
static int ask(const struct options *options, const char *method, const char *path, const char *body,
               void (*print)(const char *body))
{
    struct client_request request = {
        .socket = options->control, .method = method, .path = path, .body = body, .seconds = 30};
    struct client_answer answer;
    int result = 1;

    if (client_run(&request, &answer) != 0) {
        fprintf(stderr, "s2s: %s\n", answer.problem);
    } else if (answer.code / 100 != 2 && !options->json) {
        show_errors(stderr, answer.body);
    } else {
        if (options->json || !print) {
            fputs(answer.body, stdout);
        } else {
            print(answer.body);
        }
        result = answer.code / 100 == 2 ? 0 : 1;
    }
    client_free(&answer);
    return result;
}

static void print_status(const char *body)
{
    cJSON *status = cJSON_Parse(body);
    show_status(stdout, status, NULL, 0);
    cJSON_Delete(status);
}

/* One paragraph a finding. */
static void print_findings(const cJSON *list)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        const char *code = cJSON_GetStringValue(cJSON_GetObjectItem(item, "code"));
        const char *severity = cJSON_GetStringValue(cJSON_GetObjectItem(item, "severity"));
        const char *advice = cJSON_GetStringValue(cJSON_GetObjectItem(item, "advice"));
        const char *line = cJSON_GetStringValue(cJSON_GetObjectItem(item, "log_line"));
        printf("%s (%s): %s\n", code ? code : "?", severity ? severity : "?", advice ? advice : "");
        if (line) {
            printf("  log: %s\n", line);
        }
    }
}

static void print_diagnosis(const char *body)
{
    cJSON *answer = cJSON_Parse(body);

    print_findings(cJSON_GetObjectItem(answer, "tunnels"));
    print_findings(cJSON_GetObjectItem(answer, "network"));
    cJSON_Delete(answer);
}

static void print_tunnel(const char *body)
{
    cJSON *tunnel = cJSON_Parse(body);
    show_tunnel(stdout, tunnel);
    cJSON_Delete(tunnel);
}

/* Everything but unreserved characters (RFC 3986 section 2.3) as %XX. */
static char *escaped(const char *name, char *out, size_t size)
{
    size_t used = 0;

    for (; *name && used + 4 < size; name++) {
        unsigned char letter = (unsigned char)*name;
        bool free_letter = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                           (letter >= 'A' && letter <= 'Z') || strchr("-._~", letter);
        used += (size_t)snprintf(out + used, size - used, free_letter ? "%c" : "%%%02X", letter);
    }
    out[used] = '\0';
    return out;
}

static int tunnel_request(const struct options *options, char **words, const char *method, const char *tail,
                          const char *body)
{
    char path[1024], name[800];

    if (!words[1] || !words[2] || atoi(words[2]) < 1) {
        return misuse("which tunnel? CONNECTION N, N from 1");
    }
    snprintf(path, sizeof path, "/v1/connections/%s/tunnels/%d%s", escaped(words[1], name, sizeof name), atoi(words[2]),
             tail);
    return ask(options, method, path, body, print_tunnel);
}

/* ---- commands ---- */

static int status(const struct options *options, char **words)
{
    (void)words;
    return ask(options, "GET", "/v1/status", NULL, print_status);
}

static int metrics(const struct options *options, char **words)
{
    (void)words;
    return ask(options, "GET", "/metrics", NULL, NULL);
}

static int restart(const struct options *options, char **words)
{
    return tunnel_request(options, words, "POST", "/restart", NULL);
}

static int enable(const struct options *options, char **words)
{
    return tunnel_request(options, words, "PATCH", "",
                          strcmp(words[0], "enable") == 0 ? "{\"enabled\":true}" : "{\"enabled\":false}");
}

static int set(const struct options *options, char **words)
{
    return words[1] && words[2] && words[3] ? tunnel_request(options, words, "PATCH", "", words[3])
                                            : misuse("set CONNECTION N JSON");
}

static int explain(const struct options *options, char **words)
{
    char path[300], source[100], destination[100];

    if (!words[1] || !words[2]) {
        return misuse("explain SOURCE DESTINATION");
    }
    snprintf(path, sizeof path, "/v1/explain?source=%s&destination=%s", escaped(words[1], source, sizeof source),
             escaped(words[2], destination, sizeof destination));
    return ask(options, "GET", path, NULL, NULL);
}

static int diagnose(const struct options *options, char **words)
{
    char path[1024], name[800];

    if (!words[1]) {
        return misuse("diagnose CONNECTION");
    }
    snprintf(path, sizeof path, "/v1/connections/%s/diagnosis", escaped(words[1], name, sizeof name));
    return ask(options, "GET", path, NULL, print_diagnosis);
}

static int device_config(const struct options *options, char **words)
{
    char path[1200], name[800], format[64], sample[64];

    if (!words[1]) {
        return misuse("device-config CONNECTION [FORMAT [SAMPLE]]");
    }
    snprintf(path, sizeof path, "/v1/connections/%s/device-config?format=%s&sample=%s",
             escaped(words[1], name, sizeof name), escaped(words[2] ? words[2] : "generic", format, sizeof format),
             escaped(words[2] && words[3] ? words[3] : "recommended", sample, sizeof sample));
    return ask(options, "GET", path, NULL, NULL);
}

static int watching(const struct options *options, char **words)
{
    double seconds = words[1] ? atof(words[1]) : 1;

    if (options->json) {
        return misuse("watch is for people; programs read events or metrics");
    }
    return seconds >= 0.1 && seconds <= 86400 ? watch(options->control, seconds, 0)
                                              : misuse("watch SECONDS: 0.1 to 86400");
}

/* A line of the stream: "data: {...}" is an event. */
static bool event_line(void *user, const char *line)
{
    const struct options *options = user;

    if (strncmp(line, "data: ", 6) != 0) {
        return true;
    }
    if (options->json) {
        puts(line + 6);
        return fflush(stdout) == 0;
    }
    cJSON *event = cJSON_Parse(line + 6);
    show_event(stdout, event);
    cJSON_Delete(event);
    return !ferror(stdout);
}

static int events(const struct options *options, char **words)
{
    char path[80] = "/v1/events";
    struct client_request request = {.socket = options->control,
                                     .method = "GET",
                                     .path = path,
                                     .line = event_line,
                                     .user = (void *)(uintptr_t)options};
    struct client_answer answer;
    int result;

    (void)words;
    if (options->since) {
        snprintf(path, sizeof path, "/v1/events?since=%lu", strtoul(options->since, NULL, 10));
    }
    result = client_run(&request, &answer);
    if (result != 0) {
        fprintf(stderr, "s2s: %s\n", answer.problem);
    } else if (answer.code != 200) {
        fputs(answer.body, stderr);
        result = 1;
    }
    client_free(&answer);
    return result ? 1 : 0;
}

static int bgp(const struct options *options, char **words)
{
    const char *problem;
    int result = bgp_command(options->control, options->json, words, &problem);

    return result < 0 ? misuse(problem) : result;
}

static const struct command {
    const char *name;
    int (*run)(const struct options *options, char **words);
    int most; /* words, its own name included */
} commands[] = {
    {"status", status, 1},     {"watch", watching, 2},  {"events", events, 1},  {"restart", restart, 3},
    {"set", set, 4},           {"enable", enable, 3},   {"disable", enable, 3}, {"explain", explain, 3},
    {"diagnose", diagnose, 2}, {"metrics", metrics, 1},
    {"device-config", device_config, 4}, {"bgp", bgp, 5},
};

/* Commands about files alone have options of their own. @return false when it is none of them. */
static bool files_command(int argc, char **argv, int *result)
{
    bool import = argc > 1 && strcmp(argv[1], "import") == 0, export = argc > 1 && strcmp(argv[1], "export") == 0;

    if (import || export) {
#if S2S_FILES
        *result = (import ? files_import : files_export)(argc - 1, argv + 1);
#else
        *result = misuse("import and export are not in this build (CLOUD, MBEDTLS)");
#endif
    }
    return import || export;
}

int main(int argc, char **argv)
{
    static const struct option names[] = {{"control", required_argument, NULL, 'c'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"since", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    const char *variable = getenv("S2S_CONTROL");
    struct options options = {.control = variable ? variable : DEFAULT_SOCKET};
    int found, result;

    if (files_command(argc, argv, &result)) {
        return result;
    }
    while ((found = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (found) {
        case 'c': options.control = optarg; break;
        case 'j': options.json = true; break;
        case 's': options.since = optarg; break;
        case 'h': fputs(usage, stdout); return 0;
        default: return misuse("see the usage");
        }
    }
    for (size_t i = 0; optind < argc && i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, argv[optind]) == 0) {
            return argc - optind > commands[i].most ? misuse("too many words")
                                                    : commands[i].run(&options, argv + optind);
        }
    }
    return misuse(optind < argc ? "this command is not known" : "which command?");
}
