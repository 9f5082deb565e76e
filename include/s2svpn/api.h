/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file api.h
 * What every public header starts from: symbol visibility and the library's version.
 */
#ifndef S2SVPN_API_H
#define S2SVPN_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define S2S_EXTERN_C_BEGIN extern "C" {
#define S2S_EXTERN_C_END }
#else
#define S2S_EXTERN_C_BEGIN
#define S2S_EXTERN_C_END
#endif

#if defined(__GNUC__) || defined(__clang__)
#define S2S_API __attribute__((visibility("default")))
#else
#define S2S_API
#endif

S2S_EXTERN_C_BEGIN

/** Version this header belongs to; compare with s2s_version() to detect a mismatched shared library. */
#define S2S_VERSION_MAJOR 0
#define S2S_VERSION_MINOR 1
#define S2S_VERSION_PATCH 0

/** What s2s_version() returns. */
struct s2s_version_info {
    int major, minor, patch;
    const char *text; /**< "0.1.0"; static storage. */
};

/** The version of the library that is linked. Never fails; the result has static storage. */
S2S_API const struct s2s_version_info *s2s_version(void);

S2S_EXTERN_C_END
#endif
