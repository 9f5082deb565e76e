/* SPDX-License-Identifier: Apache-2.0 */
/* strerror: the words for numbers that users see: result codes, drop reasons, the version. */
#include <s2svpn/api.h>
#include <s2svpn/error.h>
#include <s2svpn/packet.h>

#include "lib/base/mem.h"

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

static const struct s2s_version_info version = {
    .major = S2S_VERSION_MAJOR,
    .minor = S2S_VERSION_MINOR,
    .patch = S2S_VERSION_PATCH,
    .text = TEXT(S2S_VERSION_MAJOR) "." TEXT(S2S_VERSION_MINOR) "." TEXT(S2S_VERSION_PATCH),
};

const struct s2s_version_info *s2s_version(void)
{
    return &version;
}

/* Indexed by -error. */
static const char *const error_texts[] = {
    [-S2S_OK] = "success",
    [-S2S_ERR_NO_MEMORY] = "out of memory",
    [-S2S_ERR_INVALID] = "invalid argument",
    [-S2S_ERR_CONFIG] = "configuration breaks a rule",
    [-S2S_ERR_NOT_FOUND] = "not found",
    [-S2S_ERR_EXISTS] = "exists already",
    [-S2S_ERR_LIMIT] = "limit reached",
    [-S2S_ERR_UNSUPPORTED] = "not supported by this build or provider",
    [-S2S_ERR_STATE] = "not allowed in the present state",
    [-S2S_ERR_BUFFER] = "buffer too small",
    [-S2S_ERR_MALFORMED] = "malformed input",
    [-S2S_ERR_UNEXPECTED] = "unexpected in the present state",
    [-S2S_ERR_AUTH] = "authentication failed",
    [-S2S_ERR_CRYPTO] = "crypto provider failed",
    [-S2S_ERR_KERNEL] = "kernel refused the operation",
    [-S2S_ERR_FILE] = "file not readable or its permissions are too wide",
    [-S2S_ERR_TIMEOUT] = "no answer in time",
    [-S2S_ERR_AGAIN] = "nothing to do now",
    [-S2S_ERR_REENTRANT] = "called again from inside an outward call",
    [-S2S_ERR_CANCELED] = "operation withdrawn",
};

const char *s2s_strerror(int error)
{
    if (error > 0 || error <= -(int)S2SI_COUNT(error_texts) || error_texts[-error] == NULL) {
        return "unknown error";
    }
    return error_texts[-error];
}

static const char *const drop_names[S2S_DROP_REASONS] = {
    [S2S_DROP_NONE] = "none",
    [S2S_DROP_MALFORMED] = "malformed",
    [S2S_DROP_UNKNOWN_SPI] = "unknown_spi",
    [S2S_DROP_REPLAY] = "replay",
    [S2S_DROP_INTEGRITY] = "integrity",
    [S2S_DROP_PADDING] = "padding",
    [S2S_DROP_SELECTOR_IN] = "selector_in",
    [S2S_DROP_SELECTOR_OUT] = "selector_out",
    [S2S_DROP_NO_ROUTE] = "no_route",
    [S2S_DROP_NO_SA] = "no_sa",
    [S2S_DROP_TOO_BIG] = "too_big",
    [S2S_DROP_SEQUENCE] = "sequence",
    [S2S_DROP_DUMMY] = "dummy",
    [S2S_DROP_NO_BUFFER] = "no_buffer",
    [S2S_DROP_LOOP] = "loop",
    [S2S_DROP_TTL] = "ttl",
    [S2S_DROP_ECN] = "ecn",
    [S2S_DROP_CRYPTO] = "crypto",
    [S2S_DROP_TRANSIT] = "transit",
};

const char *s2s_drop_reason_name(int reason)
{
    if (reason < 0 || reason >= S2S_DROP_REASONS || drop_names[reason] == NULL) {
        return "unknown";
    }
    return drop_names[reason];
}
