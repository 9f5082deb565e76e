/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key exchange: MODP (RFC 2409, 3526, 5114), ECP (RFC 5903), x25519 (RFC 7748, 8031). An exchange owns all that its two
 * slow steps need, a DRBG for mbedTLS's blinding of curve points too, so that they can run on another thread; only new
 * and free touch the context.
 *
 * A private value serves one exchange (ephemeral Diffie-Hellman): mbedTLS's own DHM code leaves out base blinding in
 * that case too. What a peer sends is checked as RFC 6989 sections 2.1 to 2.3 and RFC 8031 section 5 ask.
 */
#include "lib/backend/crypto_mbedtls.h"

#include <mbedtls/bignum.h>
#include <mbedtls/ecp.h>
#include <string.h>

enum { X25519 = 32, POINT_MAX = 1 + 2 * 66 /* 04 | x | y of the largest curve */ };

struct exchange {
    const struct s2s_algorithm_info *info;
    const struct s2si_mbedtls_modp *modp; /* NULL for curves */
    mbedtls_ctr_drbg_context drbg;
    mbedtls_mpi private_value;
    mbedtls_ecp_group curve; /* curves */
    mbedtls_mpi prime;       /* MODP */
};

static mbedtls_ecp_group_id curve_of(enum s2s_algorithm group)
{
    switch (group) {
    case S2S_ECP256:
        return MBEDTLS_ECP_DP_SECP256R1;
    case S2S_ECP384:
        return MBEDTLS_ECP_DP_SECP384R1;
    case S2S_ECP521:
        return MBEDTLS_ECP_DP_SECP521R1;
    case S2S_CURVE25519:
        return MBEDTLS_ECP_DP_CURVE25519;
    default:
        return MBEDTLS_ECP_DP_NONE;
    }
}

bool s2si_mbedtls_group_has(enum s2s_algorithm group)
{
    mbedtls_ecp_group_id curve = curve_of(group);
    return s2si_mbedtls_modp(group) != NULL ||
           (curve != MBEDTLS_ECP_DP_NONE && mbedtls_ecp_curve_info_from_grp_id(curve) != NULL);
}

/* ---- MODP ---- */

static int modp_draw(struct exchange *e)
{
    const struct s2si_mbedtls_modp *modp = e->modp;
    if (modp->order == NULL) {
        int error = mbedtls_mpi_fill_random(&e->private_value, modp->private_length, s2si_mbedtls_random, &e->drbg);
        return error != 0 ? error : mbedtls_mpi_set_bit(&e->private_value, modp->private_length * 8 - 1, 1);
    }
    mbedtls_mpi order;
    mbedtls_mpi_init(&order);
    int error = mbedtls_mpi_read_binary(&order, modp->order, modp->order_length);
    error = error != 0 ? error : mbedtls_mpi_random(&e->private_value, 1, &order, s2si_mbedtls_random, &e->drbg);
    mbedtls_mpi_free(&order);
    return error;
}

/*
 * out = base ^ private value mod p, padded to the group's length. The result gets its room beforehand: mbedTLS 2.28
 * does not notice when the last copy inside mbedtls_mpi_exp_mod finds no memory, and would leave us the secret zero. 0
 * and 1 cannot come out of a base that was checked.
 */
static int modp_power(struct exchange *e, const mbedtls_mpi *base, uint8_t *out)
{
    mbedtls_mpi result;
    mbedtls_mpi_init(&result);
    int error = mbedtls_mpi_grow(&result, e->modp->length / sizeof(mbedtls_mpi_uint) + 1);
    error = error != 0 ? error : mbedtls_mpi_exp_mod(&result, base, &e->private_value, &e->prime, NULL);
    error = error != 0 ? error : mbedtls_mpi_write_binary(&result, out, e->modp->length);
    bool usable = error == 0 && mbedtls_mpi_cmp_int(&result, 1) > 0;
    mbedtls_mpi_free(&result);
    return usable ? 0 : S2S_ERR_CRYPTO;
}

static int modp_public(struct exchange *e, uint8_t *out)
{
    static const uint8_t two[] = {2};
    const struct s2si_mbedtls_modp *modp = e->modp;
    mbedtls_mpi base;
    mbedtls_mpi_init(&base);
    int error = modp->generator == NULL ? mbedtls_mpi_read_binary(&base, two, sizeof two)
                                        : mbedtls_mpi_read_binary(&base, modp->generator, modp->length);
    int result = error == 0 ? modp_power(e, &base, out) : S2S_ERR_CRYPTO;
    mbedtls_mpi_free(&base);
    return result;
}

/* 1 < value < p - 1 (RFC 6989 section 2.1). scratch is overwritten. */
static int modp_in_range(const struct exchange *e, const mbedtls_mpi *value, mbedtls_mpi *scratch)
{
    if (mbedtls_mpi_sub_int(scratch, &e->prime, 1) != 0) {
        return S2S_ERR_CRYPTO;
    }
    bool inside = mbedtls_mpi_cmp_int(value, 1) > 0 && mbedtls_mpi_cmp_mpi(value, scratch) < 0;
    return inside ? 0 : S2S_ERR_MALFORMED;
}

/* value ^ q mod p = 1 for a group with a small q (RFC 6989 section 2.2). */
static int modp_in_subgroup(const struct exchange *e, const mbedtls_mpi *value, mbedtls_mpi *scratch)
{
    mbedtls_mpi order;
    if (e->modp->order == NULL) {
        return 0;
    }
    mbedtls_mpi_init(&order);
    int error = mbedtls_mpi_read_binary(&order, e->modp->order, e->modp->order_length);
    error = error != 0 ? error : mbedtls_mpi_exp_mod(scratch, value, &order, &e->prime, NULL);
    mbedtls_mpi_free(&order);
    if (error != 0) {
        return S2S_ERR_CRYPTO;
    }
    return mbedtls_mpi_cmp_int(scratch, 1) == 0 ? 0 : S2S_ERR_MALFORMED;
}

static int modp_shared(struct exchange *e, const uint8_t *peer, uint8_t *out)
{
    mbedtls_mpi value, scratch;
    mbedtls_mpi_init(&value);
    mbedtls_mpi_init(&scratch);
    int result = mbedtls_mpi_read_binary(&value, peer, e->modp->length) == 0 ? 0 : S2S_ERR_CRYPTO;
    result = result != 0 ? result : modp_in_range(e, &value, &scratch);
    result = result != 0 ? result : modp_in_subgroup(e, &value, &scratch);
    result = result != 0 ? result : modp_power(e, &value, out);
    mbedtls_mpi_free(&value);
    mbedtls_mpi_free(&scratch);
    return result;
}

/* ---- curves ---- */

/* Writes a point as mbedTLS does: x25519 as 32 bytes, others as 04 | x | y. bytes has POINT_MAX bytes. */
static int point_write(const struct exchange *e, const mbedtls_ecp_point *point, uint8_t *bytes, size_t *length)
{
    return mbedtls_ecp_point_write_binary(&e->curve, point, MBEDTLS_ECP_PF_UNCOMPRESSED, length, bytes, POINT_MAX);
}

static int curve_public(struct exchange *e, uint8_t *out)
{
    mbedtls_ecp_point point;
    uint8_t bytes[POINT_MAX];
    size_t length = 0;
    mbedtls_ecp_point_init(&point);
    int error = mbedtls_ecp_mul(&e->curve, &point, &e->private_value, &e->curve.G, s2si_mbedtls_random, &e->drbg);
    error = error != 0 ? error : point_write(e, &point, bytes, &length);
    mbedtls_ecp_point_free(&point);
    if (error != 0 || length < e->info->public_length) {
        return S2S_ERR_CRYPTO;
    }
    memcpy(out, bytes + length - e->info->public_length, e->info->public_length);
    return 0;
}

/* The peer's value as a point that is on the curve. */
static int point_read(const struct exchange *e, const uint8_t *peer, mbedtls_ecp_point *point)
{
    const bool x25519 = e->info->algorithm == S2S_CURVE25519;
    uint8_t bytes[POINT_MAX] = {0x04};
    memcpy(bytes + (x25519 ? 0 : 1), peer, e->info->public_length);
    size_t length = (size_t)e->info->public_length + (x25519 ? 0 : 1);
    int error = mbedtls_ecp_point_read_binary(&e->curve, point, bytes, length);
    if (error == MBEDTLS_ERR_MPI_ALLOC_FAILED) {
        return S2S_ERR_CRYPTO;
    }
    error = error != 0 ? error : mbedtls_ecp_check_pubkey(&e->curve, point);
    return error == 0 ? 0 : error == MBEDTLS_ERR_MPI_ALLOC_FAILED ? S2S_ERR_CRYPTO : S2S_ERR_MALFORMED;
}

static bool all_zero(const uint8_t *bytes, size_t length)
{
    uint8_t any = 0;
    for (size_t i = 0; i < length; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

/* Points of small order that the curve check lets through end here (RFC 7748 section 6.1, RFC 8031 section 5). */
static int curve_multiply(struct exchange *e, const mbedtls_ecp_point *peer, uint8_t *out)
{
    mbedtls_ecp_point point;
    uint8_t bytes[POINT_MAX];
    size_t length = 0;
    mbedtls_ecp_point_init(&point);
    int error = mbedtls_ecp_mul(&e->curve, &point, &e->private_value, peer, s2si_mbedtls_random, &e->drbg);
    error = error != 0 ? error : point_write(e, &point, bytes, &length);
    mbedtls_ecp_point_free(&point);
    const uint8_t *x = length == X25519 ? bytes : bytes + 1;
    int result = error == 0 ? 0 : error == MBEDTLS_ERR_ECP_INVALID_KEY ? S2S_ERR_MALFORMED : S2S_ERR_CRYPTO;
    if (result == 0 && all_zero(x, length == X25519 ? X25519 : length - 1)) {
        result = S2S_ERR_MALFORMED;
    }
    if (result == 0) {
        memcpy(out, x, e->info->secret_length);
    }
    s2si_wipe(bytes, sizeof bytes);
    return result;
}

static int curve_shared(struct exchange *e, const uint8_t *peer, uint8_t *out)
{
    mbedtls_ecp_point point;
    mbedtls_ecp_point_init(&point);
    int result = point_read(e, peer, &point);
    result = result != 0 ? result : curve_multiply(e, &point, out);
    mbedtls_ecp_point_free(&point);
    return result;
}

/* ---- the handle ---- */

void s2si_mbedtls_exchange_free(void *context, void *exchange)
{
    struct s2si_mbedtls *self = context;
    struct exchange *e = exchange;
    if (e == NULL) {
        return;
    }
    mbedtls_mpi_free(&e->private_value);
    mbedtls_mpi_free(&e->prime);
    mbedtls_ecp_group_free(&e->curve);
    mbedtls_ctr_drbg_free(&e->drbg);
    s2si_free_secret(&self->mem, e, sizeof *e);
}

/* Group and DRBG, everything but the private value. @return an mbedTLS error. */
static int load(struct s2si_mbedtls *self, struct exchange *e)
{
    /* The DRBG of the context is the entropy source of this one. */
    int error = mbedtls_ctr_drbg_seed(&e->drbg, s2si_mbedtls_random, &self->drbg, NULL, 0);
    mbedtls_ctr_drbg_set_reseed_interval(&e->drbg, 1 << 30); /* never asks the context again, from another thread */
    if (error != 0) {
        return error;
    }
    return e->modp != NULL ? mbedtls_mpi_read_binary(&e->prime, e->modp->prime, e->modp->length)
                           : mbedtls_ecp_group_load(&e->curve, curve_of(e->info->algorithm));
}

static int make(struct s2si_mbedtls *self, enum s2s_algorithm group, struct exchange **exchange)
{
    *exchange = NULL;
    if (!s2si_mbedtls_group_has(group)) {
        return S2S_ERR_UNSUPPORTED;
    }
    struct exchange *e = s2si_alloc(&self->mem, sizeof *e);
    if (e == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    e->info = s2s_algorithm_info(group);
    e->modp = s2si_mbedtls_modp(group);
    mbedtls_ctr_drbg_init(&e->drbg);
    mbedtls_mpi_init(&e->private_value);
    mbedtls_mpi_init(&e->prime);
    mbedtls_ecp_group_init(&e->curve);
    int result = s2si_mbedtls_error(load(self, e));
    if (result != 0) {
        s2si_mbedtls_exchange_free(self, e);
        return result;
    }
    *exchange = e;
    return 0;
}

int s2si_mbedtls_exchange_new(void *context, enum s2s_algorithm group, void **exchange)
{
    struct exchange *e;
    *exchange = NULL;
    int result = make(context, group, &e);
    if (result != 0) {
        return result;
    }
    result = s2si_mbedtls_error(
        e->modp != NULL ? modp_draw(e)
                        : mbedtls_ecp_gen_privkey(&e->curve, &e->private_value, s2si_mbedtls_random, &e->drbg));
    if (result != 0) {
        s2si_mbedtls_exchange_free(context, e);
        return result;
    }
    *exchange = e;
    return 0;
}

/* RFC 7748 section 5: three low bits and the high bit cleared, the second highest set. */
static int import_x25519(struct exchange *e, const uint8_t *private_value)
{
    uint8_t scalar[X25519];
    memcpy(scalar, private_value, X25519);
    scalar[0] &= 0xf8;
    scalar[X25519 - 1] = (uint8_t)((scalar[X25519 - 1] & 0x7f) | 0x40);
    int error = mbedtls_mpi_read_binary_le(&e->private_value, scalar, X25519);
    s2si_wipe(scalar, sizeof scalar);
    return error == 0 ? 0 : S2S_ERR_NO_MEMORY;
}

static int import_value(struct exchange *e, const uint8_t *private_value, size_t length)
{
    if (e->info->algorithm == S2S_CURVE25519) {
        return length == X25519 ? import_x25519(e, private_value) : S2S_ERR_INVALID;
    }
    if (length > e->info->public_length || mbedtls_mpi_read_binary(&e->private_value, private_value, length) != 0) {
        return length > e->info->public_length ? S2S_ERR_INVALID : S2S_ERR_NO_MEMORY;
    }
    bool usable = e->modp != NULL ? mbedtls_mpi_cmp_int(&e->private_value, 0) > 0 &&
                                        mbedtls_mpi_cmp_mpi(&e->private_value, &e->prime) < 0
                                  : mbedtls_ecp_check_privkey(&e->curve, &e->private_value) == 0;
    return usable ? 0 : S2S_ERR_INVALID;
}

int s2si_mbedtls_exchange_import(void *context, enum s2s_algorithm group, const uint8_t *private_value, size_t length,
                                 void **exchange)
{
    struct exchange *e;
    *exchange = NULL;
    int result = make(context, group, &e);
    if (result != 0) {
        return result;
    }
    result = import_value(e, private_value, length);
    if (result != 0) {
        s2si_mbedtls_exchange_free(context, e);
        return result;
    }
    *exchange = e;
    return 0;
}

int s2si_mbedtls_exchange_public(void *context, void *exchange, uint8_t *out, size_t *length)
{
    struct exchange *e = exchange;
    (void)context;
    *length = e->info->public_length;
    return e->modp != NULL ? modp_public(e, out) : curve_public(e, out);
}

int s2si_mbedtls_exchange_shared(void *context, void *exchange, const uint8_t *peer, size_t peer_length, uint8_t *out,
                                 size_t *length)
{
    struct exchange *e = exchange;
    (void)context;
    *length = 0;
    if (peer_length != e->info->public_length) {
        return S2S_ERR_MALFORMED;
    }
    int result = e->modp != NULL ? modp_shared(e, peer, out) : curve_shared(e, peer, out);
    *length = result == 0 ? e->info->secret_length : 0;
    return result;
}
