/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file error.h
 * The one set of result codes. Every function that can fail returns 0 or one of these negative values and lists
 * in its own comment which of them.
 */
#ifndef S2SVPN_ERROR_H
#define S2SVPN_ERROR_H

#include <s2svpn/api.h>

S2S_EXTERN_C_BEGIN

enum s2s_error {
    S2S_OK = 0,
    /** The allocator returned NULL. Nothing was changed by the call. */
    S2S_ERR_NO_MEMORY = -1,
    /** An argument is outside what the function's comment allows (NULL, bad enum value, time going backward). */
    S2S_ERR_INVALID = -2,
    /** A configuration value breaks an interoperability rule; the engine's error list names field, value and rule. */
    S2S_ERR_CONFIG = -3,
    /** No such object, SA, route or operation. */
    S2S_ERR_NOT_FOUND = -4,
    /** An object with this name or key is there already. */
    S2S_ERR_EXISTS = -5,
    /** A limit of the engine or of the cloud is reached (engine limits are engine parameters). */
    S2S_ERR_LIMIT = -6,
    /** This build or this provider does not have the algorithm, protocol or feature that was asked for. */
    S2S_ERR_UNSUPPORTED = -7,
    /** The call is not allowed in the object's present state. */
    S2S_ERR_STATE = -8,
    /** The caller's buffer is too small; the comment of the function says how large it must be. */
    S2S_ERR_BUFFER = -9,
    /** Received bytes break the format of their RFC. */
    S2S_ERR_MALFORMED = -10,
    /** Received bytes are well formed but the present state does not allow them. */
    S2S_ERR_UNEXPECTED = -11,
    /** An integrity check value, AUTH payload or signature did not verify. */
    S2S_ERR_AUTH = -12,
    /** The crypto provider failed (random source, hardware). */
    S2S_ERR_CRYPTO = -13,
    /** The kernel refused the operation (permission, unknown device, busy); the detail says what and where. */
    S2S_ERR_KERNEL = -14,
    /** A file could not be read, or its permissions are too wide. */
    S2S_ERR_FILE = -15,
    /** No answer within the time allowed. */
    S2S_ERR_TIMEOUT = -16,
    /** Nothing to do now; call again after more input or at the next timeout. */
    S2S_ERR_AGAIN = -17,
    /** The core was called again from inside one of its outward calls (allocator, log, random, crypto). Debug builds only. */
    S2S_ERR_REENTRANT = -18,
    /** The operation was withdrawn before it was carried out. */
    S2S_ERR_CANCELED = -19
};

/** English text of a result code, static storage; "unknown error" for values outside the enum. Never NULL. */
S2S_API const char *s2s_strerror(int error);

S2S_EXTERN_C_END
#endif
