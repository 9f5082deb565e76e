/* SPDX-License-Identifier: Apache-2.0 */
/* Whole small files. The mode is read from the open descriptor, so what was checked is what is read. */
#define _DEFAULT_SOURCE
#include <s2svpn/files.h>
#include "lib/base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_LIMIT = 1 << 20, FIRST_BLOCK = 4096 };

struct reading {
    struct s2si_mem mem;
    const char *path;
    char *detail; /* may be NULL */
    uint8_t *data;
    size_t length, capacity, limit;
};

static int refuse(struct reading *reading, int error, const char *what)
{
    if (reading->detail != NULL) {
        snprintf(reading->detail, S2S_FILE_DETAIL, "%s: %s", reading->path, what);
    }
    return error;
}

static int check_file(struct reading *reading, int fd, unsigned flags, unsigned *mode)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return refuse(reading, S2S_ERR_FILE, strerror(errno));
    }
    unsigned bits = (unsigned)status.st_mode & 07777u;
    if (mode != NULL) {
        *mode = bits;
    }
    if (!S_ISREG(status.st_mode)) {
        return refuse(reading, S2S_ERR_FILE, "not a regular file");
    }
    if ((flags & S2S_FILE_SECRET) != 0 && (bits & 077u) != 0) {
        char text[96];
        snprintf(text, sizeof text, "mode %04o: %s have access to a secret; it must be 0600 or 0400", bits,
                 (bits & 07u) != 0 ? "others" : "its group");
        return refuse(reading, S2S_ERR_FILE, text);
    }
    return 0;
}

/* Room for at least one more byte and the NUL. The old block is wiped, not just freed. */
static int make_room(struct reading *reading)
{
    if (reading->length + 1 < reading->capacity) {
        return 0;
    }
    size_t capacity = reading->capacity == 0 ? FIRST_BLOCK : reading->capacity * 2;
    uint8_t *data = s2si_alloc(&reading->mem, capacity);
    if (data == NULL) {
        return refuse(reading, S2S_ERR_NO_MEMORY, "out of memory");
    }
    if (reading->length > 0) {
        memcpy(data, reading->data, reading->length);
    }
    s2si_free_secret(&reading->mem, reading->data, reading->capacity);
    reading->data = data;
    reading->capacity = capacity;
    return 0;
}

static int read_all(struct reading *reading, int fd)
{
    for (;;) {
        int error = make_room(reading);
        if (error != 0) {
            return error;
        }
        ssize_t got = read(fd, reading->data + reading->length, reading->capacity - reading->length - 1);
        if (got < 0 && errno != EINTR) {
            return refuse(reading, S2S_ERR_FILE, strerror(errno));
        }
        if (got == 0) {
            return 0;
        }
        reading->length += got > 0 ? (size_t)got : 0;
        if (reading->length > reading->limit) {
            char text[64];
            snprintf(text, sizeof text, "larger than %zu bytes", reading->limit);
            return refuse(reading, S2S_ERR_LIMIT, text);
        }
    }
}

/* The block that is handed out has exactly length + 1 bytes, so that its size need not be handed out too. */
static int fit(struct reading *reading, uint8_t **data)
{
    *data = s2si_alloc(&reading->mem, reading->length + 1);
    if (*data == NULL) {
        return refuse(reading, S2S_ERR_NO_MEMORY, "out of memory");
    }
    memcpy(*data, reading->data, reading->length);
    return 0;
}

int s2s_file_read(const char *path, unsigned flags, size_t limit, const struct s2s_allocator *allocator, uint8_t **data,
                  size_t *length, unsigned *mode, char *detail)
{
    if (path == NULL || data == NULL || length == NULL) {
        return S2S_ERR_INVALID;
    }
    struct reading reading = {.path = path, .detail = detail, .limit = limit != 0 ? limit : DEFAULT_LIMIT};
    *data = NULL;
    *length = 0;
    if (detail != NULL) {
        detail[0] = '\0';
    }
    int error = s2si_mem_init(&reading.mem, allocator);
    if (error != 0) {
        return error;
    }
    /* Not to be held up by a FIFO that nobody writes to. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return refuse(&reading, S2S_ERR_FILE, strerror(errno));
    }
    error = check_file(&reading, fd, flags, mode);
    if (error == 0) {
        error = read_all(&reading, fd);
    }
    close(fd);
    if (error == 0) {
        error = fit(&reading, data);
    }
    *length = error == 0 ? reading.length : 0;
    s2si_free_secret(&reading.mem, reading.data, reading.capacity);
    return error;
}

void s2s_file_free(const struct s2s_allocator *allocator, uint8_t *data, size_t length)
{
    struct s2si_mem mem;
    if (data != NULL && s2si_mem_init(&mem, allocator) == 0) {
        s2si_free_secret(&mem, data, length + 1);
    }
}
