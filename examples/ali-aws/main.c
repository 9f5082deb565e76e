/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ali-aws: the scenario "connect an Alibaba Cloud VPC and an AWS VPC by IPsec-VPN" as a program. Both clouds, two
 * hosts, the document's four steps, the connectivity test and the high-availability test.
 *
 *     main -> steps -> phases -> net (sim | netns)    what is done, and on which ground
 *     clouds, handout, view                           the objects of both consoles, device files, status
 *     pings, pcap -> report                           figures from raw results
 */
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "artifacts.h"
#include "net.h"
#include "report.h"
#include "steps.h"

enum { EXIT_HELD = 0, EXIT_NOT_HELD = 1, EXIT_USAGE = 2 };

struct arguments {
    const char *net, *routing, *report, *artifacts;
    bool key_log, verbose;
};

static const char usage[] = "usage: ali-aws [--net sim|netns] [--routing static|bgp] [--report FILE] [--artifacts DIR] "
                            "[--key-log] [--verbose]\n"
                            "\n"
                            "  --net sim        an in-memory internet with a virtual clock (default; no privileges)\n"
                            "  --net netns      network namespaces, two s2s-gateway processes, real ping (root)\n"
                            "  --routing        static (default) or bgp\n"
                            "  --report FILE    the figures as JSON\n"
                            "  --artifacts DIR  raw ping output, a capture of every link, the gateways' logs\n"
                            "  --key-log        with --artifacts: the keys of every SA too, to decrypt the captures\n"
                            "  --verbose        the gateways' logs on stderr\n"
                            "\n"
                            "exit status: 0 all held, 1 something did not, 2 cannot be run like this\n";

static int read_arguments(int argc, char **argv, struct arguments *out)
{
    static const struct option options[] = {
        {"net", required_argument, NULL, 'n'},    {"routing", required_argument, NULL, 'r'},
        {"report", required_argument, NULL, 'o'}, {"artifacts", required_argument, NULL, 'a'},
        {"key-log", no_argument, NULL, 'k'},      {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    *out = (struct arguments){"sim", "static", NULL, NULL, false, false};
    for (int letter; (letter = getopt_long(argc, argv, "h", options, NULL)) != -1;)
        switch (letter) {
        case 'n':
            out->net = optarg;
            break;
        case 'r':
            out->routing = optarg;
            break;
        case 'o':
            out->report = optarg;
            break;
        case 'a':
            out->artifacts = optarg;
            break;
        case 'k':
            out->key_log = true;
            break;
        case 'v':
            out->verbose = true;
            break;
        case 'h':
            printf("%s", usage);
            exit(EXIT_HELD);
        default:
            return -1;
        }
    return optind == argc ? 0 : -1;
}

#ifdef WITHOUT_BGP
static const bool with_bgp = false;
#else
static const bool with_bgp = true;
#endif

/* What cannot be run is said before anything is made. */
static int refuse(const struct arguments *arguments)
{
    if (strcmp(arguments->net, "sim") != 0 && strcmp(arguments->net, "netns") != 0)
        return fprintf(stderr, "ali-aws: --net %s: there are sim and netns\n", arguments->net);
    if (strcmp(arguments->routing, "static") != 0 && strcmp(arguments->routing, "bgp") != 0)
        return fprintf(stderr, "ali-aws: --routing %s: there are static and bgp\n", arguments->routing);
    if (strcmp(arguments->routing, "bgp") == 0 && !with_bgp)
        return fprintf(stderr, "ali-aws: --routing bgp: this build has no BGP (S2S_WITH_BGP)\n");
    if (arguments->key_log && !arguments->artifacts)
        return fprintf(stderr, "ali-aws: --key-log needs --artifacts\n");
    return 0;
}

/* The folder of this program: its siblings are beside it. */
static const char *own_folder(char path[ARTIFACT_PATH])
{
    ssize_t length = readlink("/proc/self/exe", path, ARTIFACT_PATH - 1);
    if (length <= 0)
        return ".";
    path[length] = '\0';
    return dirname(path);
}

static void verdict(const struct report *report, const struct arguments *arguments)
{
    if (report->cleartext_packets >= 0)
        printf("Packets with inner addresses on the outer links: %lld\n", (long long)report->cleartext_packets);
    if (arguments->artifacts)
        printf("Raw results: %s\n", arguments->artifacts);
    printf("%s\n", report_held(report) ? "All held." : "NOT everything held.");
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct net net;
    struct report report;
    char self[ARTIFACT_PATH], problem[ARTIFACT_PATH + 80];
    if (read_arguments(argc, argv, &arguments) != 0) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (refuse(&arguments) != 0)
        return EXIT_USAGE;
    if (arguments.artifacts && artifacts_make(arguments.artifacts, problem, sizeof problem) != 0) {
        fprintf(stderr, "ali-aws: %s\n", problem);
        return EXIT_USAGE;
    }
    struct net_options options = {own_folder(self), arguments.artifacts, arguments.key_log, arguments.verbose};
    net_catch_signals();
    printf("Alibaba Cloud VPC <-> AWS VPC by IPsec-VPN: %s routing on %s\n\n", arguments.routing, arguments.net);
    topology_print();
    report_init(&report, arguments.net, arguments.routing);
    bool sim = strcmp(arguments.net, "sim") == 0, bgp = strcmp(arguments.routing, "bgp") == 0;
    if ((sim ? net_sim_new(&net, &options) : net_netns_new(&net, &options)) != 0) {
        fprintf(stderr, "ali-aws: %s\n", net.problem);
        net_delete(&net);
        return EXIT_USAGE;
    }
    int result = steps_run(&net, &report, bgp ? ROUTING_BGP : ROUTING_STATIC);
    net_delete(&net);
    if (arguments.report && report_write(&report, arguments.report) != 0) {
        perror(arguments.report);
        result = -1;
    }
    verdict(&report, &arguments);
    return result == 0 ? EXIT_HELD : EXIT_NOT_HELD;
}
