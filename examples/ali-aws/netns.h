/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns: network namespaces and the processes in them. A namespace has no name: it lives as long as this program holds
 * its descriptor or a process is in it, so that nothing is left behind, however the program ends. Children get SIGKILL
 * when it dies.
 */
#ifndef ALI_AWS_NETNS_H
#define ALI_AWS_NETNS_H

#include <stddef.h>
#include <sys/types.h>

enum { NETNS_PROBLEM = 500 };

struct netns {
    const char *name; /* for messages */
    int fd;           /* -1 = not there */
};

/* @return 0, or -1 with errno (EPERM: not allowed here). */
int netns_new(struct netns *ns, const char *name);
void netns_delete(struct netns *ns);

/* Runs a command line (words split at blanks) in a namespace and waits. @return 0, or -1 with what it said in problem.
 */
int netns_run(const struct netns *ns, char *problem, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Starts a program there; its output goes to a file. argv ends with NULL. @return its pid, or -1 with errno. */
pid_t netns_start(const struct netns *ns, const char *output, const char *const *argv);
/* Writes to a file as seen in the namespace ("/proc/sys/net/..."). @return 0 or -1 with errno. */
int netns_write(const struct netns *ns, const char *path, const char *text);
/* Ends a child: signal, then SIGKILL after seconds. @return its wait status, or -1 if it was not there. *pid becomes 0.
 */
int netns_stop(pid_t *pid, int signal_number, double seconds);
/* Whether a child still runs; an ended one is waited for and *pid becomes 0. */
int netns_alive(pid_t *pid);

#endif
