/* SPDX-License-Identifier: Apache-2.0 */
/* unix_path: addresses of Unix sockets. sun_path has room for 107 octets; a longer path goes by its folder's
 * descriptor. */
#ifndef S2S_UNIX_PATH_H
#define S2S_UNIX_PATH_H

#include <sys/socket.h>
#include <sys/un.h>

/* Fills address; *folder is a descriptor to be closed after bind or connect, or -1. @return 0 or -1 with errno. */
int unix_path(const char *path, struct sockaddr_un *address, int *folder);

#endif
