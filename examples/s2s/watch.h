/* SPDX-License-Identifier: Apache-2.0 */
/* watch: the status again and again, with rates, until interrupted. */
#ifndef S2S_WATCH_H
#define S2S_WATCH_H

/* rounds 0 = for ever. @return exit status. */
int watch(const char *socket, double seconds, unsigned rounds);

#endif
