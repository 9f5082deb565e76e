/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: s2s-gateway --config FILE [--check [--json]] [--control SOCKET] [--log text|json] [--log-level LEVEL]\n"
    "                   [--key-log FILE]\n"
    "\n"
    "  --config FILE      the gateway as JSON\n"
    "  --check            read the file alone, print every value that would hold and where it came from, name all that\n"
    "                     is wrong with it and what should be known, and end: 0 = good, 2 = not\n"
    "  --control SOCKET   Unix socket (mode 0600) with status, events, metrics, changes of tunnels\n"
    "  --log text|json    how log lines look (on standard error)\n"
    "  --json             --check as JSON: errors, warnings, effective; also short for --log json\n"
    "  --log-level LEVEL  error, warning, notice, info or debug\n"
    "  --key-log FILE     write the keys of every SA, for decrypting captures: never outside of a laboratory\n"
    "\n"
    "SIGHUP reads the file again and changes what differs. SIGTERM says goodbye to the peers and removes what it\n"
    "installed.\n";

int options_level(const char *name)
{
    static const char *const names[] = {"error", "warning", "notice", "info", "debug"};

    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static int wrong(const char *what)
{
    fprintf(stderr, "s2s-gateway: %s\n%s", what, usage);
    return -1;
}

static int set_level(struct options *options, const char *name)
{
    int level = options_level(name);

    if (level < 0) {
        return wrong("--log-level is error, warning, notice, info or debug");
    }
    options->level = (enum s2s_log_level)level;
    return 0;
}

static int set_log(struct options *options, const char *form)
{
    if (strcmp(form, "text") != 0 && strcmp(form, "json") != 0) {
        return wrong("--log is text or json");
    }
    options->json = strcmp(form, "json") == 0;
    return 0;
}

static int version(void)
{
    printf("s2s-gateway %s\n", s2s_version()->text);
    return 1;
}

static int help(void)
{
    fputs(usage, stdout);
    return 1;
}

int options_read(int argc, char **argv, struct options *options)
{
    static const struct option names[] = {{"config", required_argument, NULL, 'c'},
                                          {"check", no_argument, NULL, 'n'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"control", required_argument, NULL, 's'},
                                          {"log", required_argument, NULL, 'l'},
                                          {"log-level", required_argument, NULL, 'v'},
                                          {"key-log", required_argument, NULL, 'k'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
    int found, result = 0;

    *options = (struct options){.level = S2S_LOG_NOTICE};
    while (result == 0 && (found = getopt_long(argc, argv, "", names, NULL)) != -1) {
        switch (found) {
        case 'c': options->config = optarg; break;
        case 'n': options->check = true; break;
        case 'j': options->json = true; break;
        case 's': options->control = optarg; break;
        case 'k': options->key_log = optarg; break;
        case 'l': result = set_log(options, optarg); break;
        case 'v': result = set_level(options, optarg); break;
        case 'h': result = help(); break;
        case 'V': result = version(); break;
        default: result = wrong("see the usage"); break;
        }
    }
    if (result == 0 && optind + 1 == argc && !options->config) {
        options->config = argv[optind++]; /* s2s-gateway --check gateway.json */
    }
    if (result == 0 && optind < argc) {
        return wrong("what stands behind the options is not understood");
    }
    return result == 0 && !options->config ? wrong("--config is needed") : result;
}
