/* SPDX-License-Identifier: Apache-2.0 */
/* artifacts: the folder of raw results: ping-PHASE.txt, outer-LINK.pcap, inner-LINK.pcap, gateway-SIDE.log,
 * keys-SIDE.txt. */
#ifndef ALI_AWS_ARTIFACTS_H
#define ALI_AWS_ARTIFACTS_H

#include <stddef.h>
#include <stdio.h>

enum { ARTIFACT_PATH = 512 };

/*
 * Makes the folder, with its parents. Files of an earlier run are removed from it; a folder that holds anything else is
 * refused.
 * @return 0, or -1 with a text in problem.
 */
int artifacts_make(const char *folder, char *problem, size_t room);
/* FOLDER/KIND-NAME.SUFFIX into path (ARTIFACT_PATH bytes). @return path. */
char *artifacts_path(const char *folder, const char *kind, const char *name, const char *suffix, char *path);
/* Opens it for writing, readable by its owner alone. NULL with errno. */
FILE *artifacts_open(const char *folder, const char *kind, const char *name, const char *suffix);
/* @return 0 or -1 with errno. */
int artifacts_write(const char *folder, const char *kind, const char *name, const char *suffix, const void *data,
                    size_t length);
/* The whole of a file with a NUL behind it; free() it. NULL with errno. */
char *artifacts_read(const char *path, size_t *length);

#endif
