/* SPDX-License-Identifier: Apache-2.0 */
/* s2s: what a person asks of a running s2s-gateway. One table of commands makes dispatch, help and completion. */
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bgp.h"
#include "client.h"
#include "files.h"
#include "request.h"
#include "show.h"
#include "tunnels.h"
#include "watch.h"

#define DEFAULT_SOCKET "/run/s2s-gateway.sock"

enum { WAIT_SECONDS = 60, WORD = 32 };

/* ---- commands ---- */

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

static int metrics(const struct options *options, char **words)
{
    (void)words;
    return request(options, "GET", "/metrics", NULL, NULL);
}

static int explain(const struct options *options, char **words)
{
    char path[300], source[100], destination[100];

    if (!words[1] || !words[2] || words[3]) {
        return -1;
    }
    snprintf(path, sizeof path, "/v1/explain?source=%s&destination=%s", escaped(words[1], source, sizeof source),
             escaped(words[2], destination, sizeof destination));
    return request(options, "GET", path, NULL, NULL);
}

static int diagnose(const struct options *options, char **words)
{
    char path[1024], name[800];

    if (!words[1] || words[2]) {
        return -1;
    }
    snprintf(path, sizeof path, "/v1/connections/%s/diagnosis", escaped(words[1], name, sizeof name));
    return request(options, "GET", path, NULL, print_diagnosis);
}

static int device_config(const struct options *options, char **words)
{
    char path[1200], name[800], format[64], sample[64];

    if (!words[1]) {
        return -1;
    }
    snprintf(path, sizeof path, "/v1/connections/%s/device-config?format=%s&sample=%s",
             escaped(words[1], name, sizeof name), escaped(words[2] ? words[2] : "generic", format, sizeof format),
             escaped(words[2] && words[3] ? words[3] : "recommended", sample, sizeof sample));
    return request(options, "GET", path, NULL, NULL);
}

static int watching(const struct options *options, char **words)
{
    double seconds = words[1] ? atof(words[1]) : 1;

    if (options->json) {
        fputs("s2s: watch is for people; programs read events or metrics\n", stderr);
        return MISUSE;
    }
    return seconds >= 0.1 && seconds <= 86400 ? watch(options->control, seconds, 0) : -1;
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

static int follow(const struct options *options, const char *base)
{
    char path[80];
    struct client_request request = {.socket = options->control,
                                     .method = "GET",
                                     .path = path,
                                     .line = event_line,
                                     .user = (void *)(uintptr_t)options};
    struct client_answer answer;
    int result;

    snprintf(path, sizeof path, "%s", base);
    if (options->since) {
        snprintf(path, sizeof path, "%s?since=%lu", base, strtoul(options->since, NULL, 10));
    }
    result = client_run(&request, &answer);
    if (result != 0) {
        fprintf(stderr, "s2s: %s\n", answer.problem);
        result = UNREACHABLE;
    } else if (answer.code != 200) {
        fputs(answer.body, stderr);
        result = REFUSED;
    }
    client_free(&answer);
    return result;
}

static int events(const struct options *options, char **words)
{
    (void)words;
    return follow(options, "/v1/events");
}

static int bgp(const struct options *options, char **words)
{
    const char *problem;
    int result = bgp_command(options->control, options->json, words, &problem);

    if (result < 0) {
        fprintf(stderr, "s2s: %s\n", problem);
    }
    return result;
}

static int help(const struct options *options, char **words);
static int completion(const struct options *options, char **words);

/* ---- the table ---- */

static const struct command {
    const char *name, *words, *summary;
    int (*run)(const struct options *options, char **words); /* NULL = before the options are read; -1 = misuse */
    int most;                                                /* words, its own name included */
    const char *more;                                        /* for `s2s help COMMAND`, or NULL */
} commands[] = {
    {"status", "[TUNNEL|CONNECTION]", "tunnels, traffic, routes", tunnels_status, 3, NULL},
    {"watch", "[SECONDS]", "the same as a live view, with rates and the last events", watching, 2,
     "Ends with Ctrl-C. Without a terminal, or with NO_COLOR set, there are no colours.\n"},
    {"events", "[--since N]", "what happens, as it happens", events, 1,
     "--since 0 starts with all events that are still kept, --since N with those behind number N.\n"},
    {"sa", "[TUNNEL|CONNECTION]", "the SAs: algorithms, SPIs, ages, traffic", tunnels_sa, 3, NULL},
    {"routes", "", "routes of the gateway, with what carries them", tunnels_routes, 1, NULL},
    {"explain", "SOURCE DESTINATION", "which way a packet takes, or what is missing", explain, 3, NULL},
    {"diagnose", "CONNECTION", "what is wrong with it, and what to change on which side", diagnose, 2, NULL},
    {"up", "TUNNEL|CONNECTION [--wait[=SECONDS]]", "enables and starts", tunnels_change, 3,
     "--wait tells each state as it comes and ends when the tunnel is up, with 3 when it was not in time (60 s).\n"},
    {"down", "TUNNEL|CONNECTION [--wait]", "takes down politely; holds until up, or until the file's value changes",
     tunnels_change, 3, "Traffic moves to the other tunnel first.\n"},
    {"restart", "TUNNEL|CONNECTION [--wait]", "takes down politely and brings up again", tunnels_change, 3, NULL},
    {"rekey", "TUNNEL|CONNECTION [--ike]", "new keys now for the CHILD_SA, with --ike for the IKE_SA", tunnels_change, 3,
     NULL},
    {"set", "TUNNEL JSON", "changes settings (RFC 7396), until the file's value changes", tunnels_set, 4,
     "Example: s2s set to-aws/1 '{\"ike\": {\"lifetime\": 7200}}'; null takes a value back to its default.\n"},
    {"enable", "TUNNEL|CONNECTION", "as up, but a tunnel that waits for its peer goes on waiting", tunnels_change, 3, NULL},
    {"disable", "TUNNEL|CONNECTION", "the same as down", tunnels_change, 3, NULL},
    {"bgp", "neighbors|routes|why|refresh|reset ...", "BGP sessions and routes", bgp, 5,
     "  bgp neighbors [NAME]        sessions; NAME is CONNECTION/N, CONNECTION or the peer's inside address\n"
     "  bgp routes [NAME] [received|advertised|best] [PREFIX]\n"
     "                              routes (without NAME the best ones), those inside PREFIX\n"
     "  bgp why PREFIX|ADDRESS      why the best route is the best, and who is told of it\n"
     "  bgp refresh NAME [in|out]   exchanges routes again without a reset\n"
     "  bgp reset NAME              ends the session and starts it again\n"},
    {"metrics", "", "Prometheus text", metrics, 1, NULL},
    {"device-config", "CONNECTION [FORMAT [SAMPLE]]", "the file for its far end, keys included", device_config, 4,
     "FORMAT: generic (AWS's text), aws-xml, alibaba or swanctl. SAMPLE: recommended or compatibility.\n"},
    {"import", "[OPTIONS] FILE...", "a cloud's device file or API answer into a configuration", NULL, 0, NULL},
    {"export", "--config FILE CONNECTION [FORMAT [SAMPLE]]", "as device-config, of a configuration that need not run",
     NULL, 0, NULL},
    {"completion", "bash", "a script for the shell: eval \"$(s2s completion bash)\"", completion, 2, NULL},
    {"help", "[COMMAND]", "this text, or more about one command", help, 2, NULL},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const char options_text[] =
    "  TUNNEL is CONNECTION/N or CONNECTION N, N from 1.\n"
    "\n"
    "  --control SOCKET   default: the variable S2S_CONTROL, or " DEFAULT_SOCKET "\n"
    "  --json             what the gateway answered, for programs\n"
    "\n"
    "exit status: 0 done, 1 the gateway refused (why is on standard error), 2 it cannot be reached, 3 waited in vain,\n"
    "64 misuse\n";

static void usage(FILE *out)
{
    fputs("usage: s2s [--control SOCKET] [--json] COMMAND\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++) {
        int used = fprintf(out, "  %s%s%s", commands[i].name, commands[i].words[0] ? " " : "", commands[i].words);
        fprintf(out, "%s%*s%s\n", used > 36 ? "\n" : "", used > 36 ? 38 : 38 - used, "", commands[i].summary);
    }
    fprintf(out, "\n%s", options_text);
}

/* How many letters differ (Levenshtein), for words of this size. */
static unsigned distance(const char *a, const char *b)
{
    unsigned line[WORD + 1], columns = (unsigned)strlen(b);

    if (strlen(a) > WORD || columns > WORD) {
        return WORD;
    }
    for (unsigned c = 0; c <= columns; c++) {
        line[c] = c;
    }
    for (unsigned r = 1; a[r - 1]; r++) {
        unsigned corner = line[0];
        line[0] = r;
        for (unsigned c = 1; c <= columns; c++) {
            unsigned same = corner + (a[r - 1] != b[c - 1]), least = line[c] < line[c - 1] ? line[c] : line[c - 1];
            corner = line[c];
            line[c] = same < least + 1 ? same : least + 1;
        }
    }
    return line[columns];
}

static int not_known(const char *word)
{
    const char *near = NULL;
    unsigned least = 3;

    for (size_t i = 0; i < COMMANDS; i++) {
        unsigned far = distance(word, commands[i].name);
        if (far < least && far < strlen(commands[i].name)) {
            near = commands[i].name;
            least = far;
        }
    }
    fprintf(stderr, "s2s: %s is not known%s%s%s; see s2s help\n", word, near ? "; did you mean " : "", near ? near : "",
            near ? "?" : "");
    return MISUSE;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; name && i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static void command_usage(FILE *out, const struct command *command)
{
    fprintf(out, "usage: s2s %s %s\n  %s\n%s", command->name, command->words, command->summary,
            command->more ? command->more : "");
}

static int help(const struct options *options, char **words)
{
    const struct command *command = find_command(words[1]);

    (void)options;
    if (words[1] && !command) {
        return not_known(words[1]);
    }
    if (command) {
        command_usage(stdout, command);
    } else {
        usage(stdout);
    }
    return DONE;
}

/* Words come from this table, names of connections and tunnels from the gateway while the person types. */
static int completion(const struct options *options, char **words)
{
    (void)options;
    if (!words[1] || strcmp(words[1], "bash") != 0) {
        return -1;
    }
    fputs("_s2s() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} commands=\"",
          stdout);
    for (size_t i = 0; i < COMMANDS; i++) {
        printf("%s%s", i ? " " : "", commands[i].name);
    }
    fputs("\"\n"
          "    case ${COMP_WORDS[COMP_CWORD-1]} in\n"
          "    --control) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
          "    bgp) COMPREPLY=($(compgen -W 'neighbors routes why refresh reset' -- \"$word\")) ;;\n"
          "    completion) COMPREPLY=($(compgen -W bash -- \"$word\")) ;;\n"
          "    help) COMPREPLY=($(compgen -W \"$commands\" -- \"$word\")) ;;\n"
          "    status|sa|up|down|restart|rekey|set|enable|disable|neighbors)\n"
          "        COMPREPLY=($(compgen -W \"$(s2s --json sa 2>/dev/null |\n"
          "            sed -n 's/^{\"connection\":\"\\([^\"]*\\)\",\"tunnel\":\\([0-9]*\\),.*/\\1 \\1\\/\\2/p')\" -- \"$word\")) ;;\n"
          "    diagnose|device-config)\n"
          "        COMPREPLY=($(compgen -W \"$(s2s --json sa 2>/dev/null |\n"
          "            sed -n 's/^{\"connection\":\"\\([^\"]*\\)\",.*/\\1/p')\" -- \"$word\")) ;;\n"
          "    *) COMPREPLY=($(compgen -W \"$commands --control --json --wait --ike --since\" -- \"$word\")) ;;\n"
          "    esac\n"
          "}\n"
          "complete -F _s2s s2s\n",
          stdout);
    return DONE;
}

/* ---- options ---- */

/* Commands about files alone have options of their own. @return false when it is none of them. */
static bool files_command(int argc, char **argv, int *result)
{
    bool import = argc > 1 && strcmp(argv[1], "import") == 0, export = argc > 1 && strcmp(argv[1], "export") == 0;

    if (import || export) {
#if S2S_FILES
        *result = (import ? files_import : files_export)(argc - 1, argv + 1);
#else
        fputs("s2s: import and export are not in this build (CLOUD, MBEDTLS)\n", stderr);
        *result = MISUSE;
#endif
    }
    return import || export;
}

/* @return DONE, or the status to end with; *ended: without a command. */
static int read_options(int argc, char **argv, struct options *options, bool *ended)
{
    static const struct option names[] = {{"control", required_argument, NULL, 'c'}, {"json", no_argument, NULL, 'j'},
                                          {"since", required_argument, NULL, 's'},   {"ike", no_argument, NULL, 'i'},
                                          {"wait", optional_argument, NULL, 'w'},    {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    int found;

    while ((found = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (found) {
        case 'c': options->control = optarg; break;
        case 'j': options->json = true; break;
        case 's': options->since = optarg; break;
        case 'i': options->ike = true; break;
        case 'w':
            options->wait = true;
            options->seconds = optarg ? atof(optarg) : WAIT_SECONDS;
            break;
        case 'h':
            *ended = true;
            return help(options, (char *[]){"help", argv[optind], NULL});
        default:
            *ended = true;
            fputs("see s2s help\n", stderr);
            return MISUSE;
        }
    }
    return DONE;
}

int main(int argc, char **argv)
{
    const char *variable = getenv("S2S_CONTROL");
    struct options options = {.control = variable ? variable : DEFAULT_SOCKET};
    const struct command *command;
    bool ended = false;
    int result;

    if (files_command(argc, argv, &result)) {
        return result;
    }
    result = read_options(argc, argv, &options, &ended);
    if (ended) {
        return result;
    }
    command = find_command(argv[optind]);
    if (!argv[optind]) {
        usage(stderr);
        return MISUSE;
    }
    if (!command) {
        return not_known(argv[optind]);
    }
    if (!command->run) {
        fprintf(stderr, "s2s: %s comes first: s2s %s %s\n", command->name, command->name, command->words);
        return MISUSE;
    }
    if (argc - optind > command->most) {
        fputs("s2s: too many words\n", stderr);
    }
    result = argc - optind > command->most ? -1 : command->run(&options, argv + optind);
    if (result < 0) {
        command_usage(stderr, command);
    }
    return result < 0 ? MISUSE : result;
}
