/* SPDX-License-Identifier: Apache-2.0 */
#include "artifacts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const kinds[] = {"ping-", "outer-", "inner-", "gateway-", "keys-"};

static int is_ours(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(name, kinds[i], strlen(kinds[i])) == 0)
            return 1;
    return 0;
}

static int make_with_parents(const char *folder)
{
    char path[ARTIFACT_PATH];
    if (snprintf(path, sizeof path, "%s", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    for (char *slash = path + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return -1;
    }
    return mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : -1;
}

/* Looks whether everything in it is ours, or removes it. */
static int each_entry(DIR *dir, int remove_them)
{
    const struct dirent *entry;
    rewinddir(dir);
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!is_ours(entry->d_name))
            return -1;
        if (remove_them && unlinkat(dirfd(dir), entry->d_name, 0) != 0)
            return -1;
    }
    return 0;
}

int artifacts_make(const char *folder, char *problem, size_t room)
{
    DIR *dir = make_with_parents(folder) == 0 ? opendir(folder) : NULL;
    if (!dir) {
        (void)snprintf(problem, room, "%s: %s", folder, strerror(errno));
        return -1;
    }
    int result = each_entry(dir, 0) == 0 ? each_entry(dir, 1) : -1;
    if (result)
        (void)snprintf(problem, room, "%s: holds files that are not of an earlier run; choose a new folder", folder);
    (void)closedir(dir);
    return result;
}

char *artifacts_path(const char *folder, const char *kind, const char *name, const char *suffix, char *path)
{
    (void)snprintf(path, ARTIFACT_PATH, "%s/%s-%s.%s", folder, kind, name, suffix);
    return path;
}

FILE *artifacts_open(const char *folder, const char *kind, const char *name, const char *suffix)
{
    char path[ARTIFACT_PATH];
    int fd = open(artifacts_path(folder, kind, name, suffix, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    return fd < 0 ? NULL : fdopen(fd, "w");
}

int artifacts_write(const char *folder, const char *kind, const char *name, const char *suffix, const void *data,
                    size_t length)
{
    FILE *file = artifacts_open(folder, kind, name, suffix);
    if (!file)
        return -1;
    size_t written = fwrite(data, 1, length, file);
    return fclose(file) == 0 && written == length ? 0 : -1;
}

char *artifacts_read(const char *path, size_t *length)
{
    FILE *file = fopen(path, "r");
    char *data = NULL;
    size_t room = 0;
    *length = 0;
    while (file && !feof(file) && !ferror(file)) {
        if (room - *length < 2) {
            room = room ? room * 2 : 65536;
            char *larger = realloc(data, room);
            if (!larger)
                break;
            data = larger;
        }
        *length += fread(data + *length, 1, room - *length - 1, file);
        data[*length] = '\0';
    }
    if (!file || ferror(file) || !feof(file)) {
        free(data);
        data = NULL;
    }
    if (file)
        (void)fclose(file);
    return data;
}
