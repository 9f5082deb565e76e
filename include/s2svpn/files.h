/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file files.h
 * Reading whole small files (configuration, psk_file), with the check of their modes (library s2svpn-event).
 */
#ifndef S2SVPN_FILES_H
#define S2SVPN_FILES_H

#include <s2svpn/error.h>
#include <s2svpn/types.h>

S2S_EXTERN_C_BEGIN

enum s2s_file_flags {
    S2S_FILE_SECRET = 1u << 0 /**< refuse a file that its group or others can read, write or execute. */
};
/** Room for a detail text. */
#define S2S_FILE_DETAIL 256

/**
 * Reads a whole regular file. The mode is checked on the opened file, so that it cannot be swapped in between.
 * @param path     the file; symbolic links are followed.
 * @param flags    enum s2s_file_flags.
 * @param limit    most bytes that are accepted; 0 = 1 MiB.
 * @param allocator where *data comes from; NULL = malloc.
 * @param data     the bytes and a NUL behind them; free with s2s_file_free and the same allocator.
 * @param length   bytes without the NUL.
 * @param mode     permission bits of the file (0 to 07777), set also when it is refused for them; may be NULL.
 * @param detail   S2S_FILE_DETAIL bytes for what went wrong ("/etc/s2s/psk: mode 0644: others can read it; ..."); may be NULL.
 * @return 0, S2S_ERR_INVALID, S2S_ERR_FILE (cannot be opened or read, not a regular file, permissions too wide),
 *         S2S_ERR_LIMIT (larger than limit), S2S_ERR_NO_MEMORY.
 */
S2S_API int s2s_file_read(const char *path, unsigned flags, size_t limit, const struct s2s_allocator *allocator, uint8_t **data,
                          size_t *length, unsigned *mode, char *detail);
/** Wipes and frees what s2s_file_read gave. NULL is allowed. */
S2S_API void s2s_file_free(const struct s2s_allocator *allocator, uint8_t *data, size_t length);

S2S_EXTERN_C_END
#endif
