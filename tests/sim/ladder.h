/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ladder: the last messages on some links of a sim, as a person draws them; what a failing seed leaves behind.
 *
 *     12.345678  a1 ->  IKE 4f01../9b22.. CREATE_CHILD_SA request 7, 220 bytes
 *     12.360102  b1 <-  ESP 9254aebd #12 x 31                        (a run of packets of one SPI is one line)
 */
#ifndef TEST_LADDER_H
#define TEST_LADDER_H

#include <stdio.h>

#include <s2svpn/sim.h>

#define LADDER_LINES 400

struct ladder_line {
    s2s_time at;
    s2s_sim_link *link;
    enum s2s_sim_direction direction;
    bool lost, esp, ike, response;
    uint64_t spi_i, spi_r;
    uint32_t spi, first, last, times, message_id;
    uint8_t exchange;
    size_t length;
};

struct ladder {
    struct ladder_line lines[LADDER_LINES];
    size_t count; /* ever */
    bool quiet_esp; /* IKE alone */
};

/* Watches a link; the ladder must live as long as the world. */
void ladder_watch(struct ladder *ladder, s2s_sim_link *link);
/* Prints what it remembers, oldest first. */
void ladder_print(const struct ladder *ladder, FILE *out);

#endif
