/* SPDX-License-Identifier: Apache-2.0 */
/* request: what commands share: options, asking the gateway, names of tunnels, exit statuses. */
#ifndef S2S_REQUEST_H
#define S2S_REQUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Exit statuses, told by `s2s help`. */
enum { DONE = 0, REFUSED = 1, UNREACHABLE = 2, IN_VAIN = 3, MISUSE = 64 };

struct options {
    const char *control, *since;
    bool json, ike, wait;
    double seconds; /* of --wait */
};

/* One tunnel, or all of a connection: number 0. */
struct place {
    char connection[256];
    unsigned number;
};
/* "NAME/2", "NAME 2" or "NAME". words stand at the name. @return how many words it took, 0 = none. */
int place_read(char **words, struct place *place);

/* Everything but unreserved characters (RFC 3986 section 2.3) as %XX. Returns out. */
const char *escaped(const char *name, char *out, size_t size);
/* Asks and parses; NULL after a message, and *result is the exit status. */
cJSON *request_json(const struct options *options, const char *method, const char *path, const char *body,
                    int *result);
/* Asks; what was answered is printed by print (people) or as it is (--json, or print NULL). @return exit status. */
int request(const struct options *options, const char *method, const char *path, const char *body,
            void (*print)(const char *body));
/* A tree as one line of JSON. */
void print_json(const cJSON *tree);

#endif
