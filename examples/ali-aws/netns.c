/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* setns, unshare */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_MOST = 64, LINE_MOST = 512, CANNOT = 127 };

static void nap(long milliseconds)
{
    struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static int wait_for(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

/* The child that made it says by one octet that it stands, is asked for its descriptor through /proc, and goes. */
int netns_new(struct netns *ns, const char *name)
{
    int ready[2], done[2], error = 0;
    char path[64], octet = 0;
    *ns = (struct netns){name, -1};
    if (pipe(ready) != 0 || pipe(done) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        octet = unshare(CLONE_NEWNET) == 0 ? 0 : (char)errno;
        (void)close(done[1]);
        (void)(write(ready[1], &octet, 1) == 1 && read(done[0], &octet, 1));
        _exit(0);
    }
    (void)close(ready[1]);
    (void)close(done[0]);
    if (child < 0 || read(ready[0], &octet, 1) != 1)
        error = errno ? errno : EIO;
    else if (octet)
        error = octet;
    (void)snprintf(path, sizeof path, "/proc/%ld/ns/net", (long)child);
    if (!error && (ns->fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
        error = errno;
    (void)close(ready[0]);
    (void)close(done[1]);
    if (child > 0)
        (void)wait_for(child);
    errno = error;
    return error ? -1 : 0;
}

void netns_delete(struct netns *ns)
{
    if (ns->fd >= 0)
        (void)close(ns->fd);
    ns->fd = -1;
}

/* In the child, before exec: its own process group, so that ^C reaches only the program that started it. */
static void enter(const struct netns *ns, pid_t parent, int output)
{
    struct sigaction standard;
    memset(&standard, 0, sizeof standard);
    standard.sa_handler = SIG_DFL;
    (void)sigaction(SIGPIPE, &standard, NULL);
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || setns(ns->fd, CLONE_NEWNET) != 0)
        _exit(CANNOT);
    int nothing = open("/dev/null", O_RDONLY);
    (void)dup2(nothing, STDIN_FILENO);
    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(output, STDERR_FILENO);
}

static pid_t spawn(const struct netns *ns, int output, const char *const *argv)
{
    pid_t parent = getpid(), child = fork();
    if (child != 0)
        return child;
    enter(ns, parent, output);
    (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
    (void)fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
    _exit(CANNOT);
}

pid_t netns_start(const struct netns *ns, const char *output, const char *const *argv)
{
    int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    pid_t child = spawn(ns, fd, argv);
    (void)close(fd);
    return child;
}

static void split(char *line, const char **words)
{
    size_t count = 0;
    char *rest = NULL;
    for (char *word = strtok_r(line, " ", &rest); word && count < WORDS_MOST - 1; word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
    words[count] = NULL;
}

/* Reads what the child says to its end; the first room - 1 octets are kept. */
static void read_output(int fd, char *text, size_t room)
{
    size_t length = 0;
    for (ssize_t got; (got = read(fd, text + length, room - 1 - length)) > 0 || (got < 0 && errno == EINTR);) {
        length += got > 0 ? (size_t)got : 0;
        if (length == room - 1)
            break;
    }
    text[length] = '\0';
}

int netns_run(const struct netns *ns, char *problem, const char *format, ...)
{
    char line[LINE_MOST], copy[LINE_MOST], said[200];
    const char *words[WORDS_MOST];
    int ends[2];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    memcpy(copy, line, sizeof copy);
    split(copy, words);
    if (pipe(ends) != 0)
        return -1;
    (void)fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    pid_t child = spawn(ns, ends[1], words);
    (void)close(ends[1]);
    read_output(ends[0], said, sizeof said);
    (void)close(ends[0]);
    int status = child > 0 ? wait_for(child) : -1;
    if (status == 0)
        return 0;
    (void)snprintf(problem, NETNS_PROBLEM, "in namespace %s: %.200s: %s", ns->name, line, said);
    return -1;
}

int netns_write(const struct netns *ns, const char *path, const char *text)
{
    pid_t child = fork();
    if (child == 0) {
        int fd = setns(ns->fd, CLONE_NEWNET) == 0 ? open(path, O_WRONLY) : -1;
        _exit(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : (errno & 127));
    }
    int status = child > 0 ? wait_for(child) : -1;
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : EIO;
    return status == 0 ? 0 : -1;
}

int netns_alive(pid_t *pid)
{
    if (*pid > 0 && waitpid(*pid, NULL, WNOHANG) != 0)
        *pid = 0;
    return *pid > 0;
}

int netns_stop(pid_t *pid, int signal_number, double seconds)
{
    int status = -1;
    if (*pid <= 0)
        return -1;
    (void)kill(*pid, signal_number);
    for (double waited = 0; waited < seconds; waited += 0.01) {
        pid_t got = waitpid(*pid, &status, WNOHANG);
        if (got != 0) {
            *pid = 0;
            return got > 0 ? status : -1;
        }
        nap(10);
    }
    (void)kill(*pid, SIGKILL);
    status = wait_for(*pid);
    *pid = 0;
    return status;
}
