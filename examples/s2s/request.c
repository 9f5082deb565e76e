/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "show.h"

static unsigned number_of(const char *text)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    return text[0] >= '1' && text[0] <= '9' && *end == '\0' && number <= 1000 ? (unsigned)number : 0;
}

int place_read(char **words, struct place *place)
{
    const char *slash = words[0] ? strrchr(words[0], '/') : NULL;
    size_t length = words[0] ? strlen(words[0]) : 0;

    *place = (struct place){"", 0};
    if (slash && number_of(slash + 1)) {
        length = (size_t)(slash - words[0]);
        place->number = number_of(slash + 1);
    }
    if (length == 0 || length >= sizeof place->connection) {
        return 0;
    }
    memcpy(place->connection, words[0], length);
    if (!place->number && words[1] && number_of(words[1])) {
        place->number = number_of(words[1]);
        return 2;
    }
    return 1;
}

const char *escaped(const char *name, char *out, size_t size)
{
    size_t used = 0;

    for (; *name && used + 4 < size; name++) {
        unsigned char letter = (unsigned char)*name;
        bool plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                     (letter >= 'A' && letter <= 'Z') || strchr("-._~", letter);
        used += (size_t)snprintf(out + used, size - used, plain ? "%c" : "%%%02X", letter);
    }
    out[used] = '\0';
    return out;
}

/* @return exit status; the answer is to be freed. */
static int ask(const struct options *options, const char *method, const char *path, const char *body,
               struct client_answer *answer)
{
    struct client_request asked = {
        .socket = options->control, .method = method, .path = path, .body = body, .seconds = 30};

    if (client_run(&asked, answer) != 0) {
        fprintf(stderr, "s2s: %s\n", answer->problem);
        return UNREACHABLE;
    }
    if (answer->code / 100 == 2) {
        return DONE;
    }
    if (options->json) {
        fputs(answer->body, stdout);
    } else {
        show_errors(stderr, answer->body);
    }
    return REFUSED;
}

cJSON *request_json(const struct options *options, const char *method, const char *path, const char *body, int *result)
{
    struct client_answer answer;
    cJSON *tree = NULL;

    *result = ask(options, method, path, body, &answer);
    if (*result == DONE && (tree = cJSON_Parse(answer.body)) == NULL) {
        fputs("s2s: the gateway's answer is no JSON\n", stderr);
        *result = REFUSED;
    }
    client_free(&answer);
    return tree;
}

int request(const struct options *options, const char *method, const char *path, const char *body,
            void (*print)(const char *body))
{
    struct client_answer answer;
    int result = ask(options, method, path, body, &answer);

    if (result == DONE && (options->json || !print)) {
        fputs(answer.body, stdout);
    } else if (result == DONE) {
        print(answer.body);
    }
    client_free(&answer);
    return result;
}

void print_json(const cJSON *tree)
{
    char *text = cJSON_PrintUnformatted(tree);

    puts(text ? text : "");
    free(text);
}
