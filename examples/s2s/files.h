/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files: what clouds hand out for the device at the far end, into a configuration and out of one. No gateway has to run.
 */
#ifndef S2S_CLI_FILES_H
#define S2S_CLI_FILES_H

/* words: the command itself and what follows. @return the exit status: 0, 1 (a file), 2 (what is in it), 64 (usage). */
int files_import(int count, char **words);
int files_export(int count, char **words);

#endif
