/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_main: runs a fuzz target over its corpus where libFuzzer is not there. Each argument is a file or a folder; each
 * input is run as it is, cut short at every power of two, and with single bytes changed by a fixed sequence, so that a gcc
 * build with sanitizers walks the same paths on every run.
 *
 * Exit 77 (skipped) when no input was found.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHANGES 64 /* changed copies of each input */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly the right size, so that AddressSanitizer sees a read past the end. */
static void run_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    if (!copy)
        return;
    if (size)
        memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void run_changed(uint8_t *data, size_t size)
{
    uint32_t state = 1;

    for (int i = 0; size && i < CHANGES; i++) {
        state = state * 1664525u + 1013904223u;
        size_t at = (state >> 8) % size;
        uint8_t before = data[at];
        data[at] = (uint8_t)(state >> 24);
        run_copy(data, size);
        data[at] = before;
    }
}

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data;
    long length;
    size_t size;

    if (!file)
        return 0;
    if (fseek(file, 0, SEEK_END) || (length = ftell(file)) < 0 || fseek(file, 0, SEEK_SET) ||
        !(data = malloc((size_t)length + 1))) {
        fclose(file);
        return 0;
    }
    size = fread(data, 1, (size_t)length, file);
    fclose(file);
    run_copy(data, size);
    for (size_t cut = 1; cut < size; cut *= 2)
        run_copy(data, cut);
    run_changed(data, size);
    free(data);
    return 1;
}

static int run_path(const char *path)
{
    struct stat status;
    struct dirent *entry;
    DIR *folder;
    int count = 0;

    if (stat(path, &status))
        return 0;
    if (!S_ISDIR(status.st_mode))
        return run_file(path);
    folder = opendir(path);
    if (!folder)
        return 0;
    while ((entry = readdir(folder))) {
        char inner[4096];
        if (entry->d_name[0] == '.' || snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) >= (int)sizeof inner)
            continue;
        count += run_path(inner);
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++)
        count += run_path(argv[i]);
    run_copy((const uint8_t *)"", 0);
    printf("%d inputs replayed\n", count);
    return count ? 0 : 77;
}
