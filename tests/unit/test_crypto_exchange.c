/* SPDX-License-Identifier: Apache-2.0 */
/* Key exchange through the provider table: RFC 5903, RFC 7748, CAVP, Wycheproof; agreement and the checks of RFC 6989
   and RFC 8031 for every group. */
#include "crypto_vectors.h"

#include "lib/backend/crypto_mbedtls.h" /* the groups' primes, as numbers */

struct value {
    uint8_t data[S2S_CRYPTO_MAX_PUBLIC];
    size_t length;
};

static const enum s2s_algorithm groups[] = {
    S2S_MODP768,  S2S_MODP1024,   S2S_MODP1536,      S2S_MODP2048,      S2S_MODP3072,
    S2S_MODP4096, S2S_MODP6144,   S2S_MODP8192,      S2S_ECP256,        S2S_ECP384,
    S2S_ECP521,   S2S_CURVE25519, S2S_MODP1024_S160, S2S_MODP2048_S224, S2S_MODP2048_S256,
};
enum { GROUPS = sizeof groups / sizeof groups[0] };

static void *begin(struct bench *b, enum s2s_algorithm group)
{
    void *e = NULL;
    assert_int_equal(b->p->exchange_new(b->context, group, &e), 0);
    assert_non_null(e);
    return e;
}

static void *import(struct bench *b, enum s2s_algorithm group, struct bytes private_value)
{
    void *e = NULL;
    assert_non_null(b->p->exchange_import);
    assert_int_equal(b->p->exchange_import(b->context, group, private_value.data, private_value.length, &e), 0);
    assert_non_null(e);
    return e;
}

static struct value public_of(struct bench *b, void *e)
{
    struct value v = {.length = 0};
    assert_int_equal(b->p->exchange_public(b->context, e, v.data, &v.length), 0);
    return v;
}

static int shared_of(struct bench *b, void *e, const uint8_t *peer, size_t length, struct value *out)
{
    struct bytes copy = bytes_copy(peer, length); /* of exactly this size, so that a read too far shows */
    memset(out->data, 0, sizeof out->data);
    return b->p->exchange_shared(b->context, e, copy.data, copy.length, out->data, &out->length);
}

/* ---- known answers ---- */

/* Both sides of an exchange with given private values; an empty public value is not compared. */
static void check_known(struct bench *b, enum s2s_algorithm group, const char *i, const char *gi, const char *r,
                        const char *gr, const char *secret)
{
    void *initiator = import(b, group, hex(i)), *responder = import(b, group, hex(r));
    struct bytes public_i = hex(gi), public_r = hex(gr), expected = hex(secret);
    struct value own = public_of(b, initiator), shared;
    assert_int_equal(own.length, public_i.length);
    assert_memory_equal(own.data, public_i.data, public_i.length);
    own = public_of(b, responder);
    assert_int_equal(own.length, public_r.length);
    assert_memory_equal(own.data, public_r.data, public_r.length);
    assert_int_equal(shared_of(b, initiator, public_r.data, public_r.length, &shared), 0);
    assert_int_equal(shared.length, expected.length);
    assert_memory_equal(shared.data, expected.data, expected.length);
    assert_int_equal(shared_of(b, responder, public_i.data, public_i.length, &shared), 0);
    assert_int_equal(shared.length, expected.length);
    assert_memory_equal(shared.data, expected.data, expected.length);
    b->p->exchange_free(b->context, initiator);
    b->p->exchange_free(b->context, responder);
    pool_reset();
}

/* RFC 5903 section 8: a public value is x | y, the secret is the x of the product. */
static void rfc5903(struct bench *b)
{
    check_known(b, S2S_ECP256, "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
                "DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180"
                "5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3",
                "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53",
                "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
                "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
                "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE");
    check_known(b, S2S_ECP384,
                "099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655E35B538041E649EE3FAEF896783AB194",
                "667842D7D180AC2CDE6F74F37551F55755C7645C20EF73E31634FE72B4C55EE6DE3AC808ACB4BDB4C88732AEE95F41AA"
                "9482ED1FC0EEB9CAFC4984625CCFC23F65032149E0E144ADA024181535A0F38EEB9FCFF3C2C947DAE69B4C634573A81C",
                "41CB0779B4BDB85D47846725FBEC3C9430FAB46CC8DC5060855CC9BDA0AA2942E0308312916B8ED2960E4BD55A7448FC",
                "E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D0D1AC43A0336DEF96FDA41D0774A3571"
                "DCFBEC7AACF3196472169E838430367F66EEBE3C6E70C416DD5F0C68759DD1FFF83FA40142209DFF5EAAD96DB9E6386C",
                "11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4D603135569B9E9D09CF5D4A270F59746");
    check_known(b, S2S_ECP521,
                "0037ADE9319A89F4DABDB3EF411AACCCA5123C61ACAB57B5393DCE47608172A0"
                "95AA85A30FE1C2952C6771D937BA9777F5957B2639BAB072462F68C27A57382D4A52",
                "0015417E84DBF28C0AD3C278713349DC7DF153C897A1891BD98BAB4357C9ECBEE1E3BF42E00B8E380AEAE57C2D107564941885"
                "942AF5A7F4601723C4195D176CED3E"
                "017CAE20B6641D2EEB695786D8C946146239D099E18E1D5A514C739D7CB4A10AD8A788015AC405D7799DC75E7B7D5B6CF2261A"
                "6A7F1507438BF01BEB6CA3926F9582",
                "0145BA99A847AF43793FDD0E872E7CDFA16BE30FDC780F97BCCC3F078380201E"
                "9C677D600B343757A3BDBF2A3163E4C2F869CCA7458AA4A4EFFC311F5CB151685EB9",
                "00D0B3975AC4B799F5BEA16D5E13E9AF971D5E9B984C9F39728B5E5739735A219B97C356436ADC6E95BB0352F6BE64A6C2912D"
                "4EF2D0433CED2B6171640012D9460F"
                "015C68226383956E3BD066E797B623C27CE0EAC2F551A10C2C724D9852077B87220B6536C5C408A1D2AEBB8E86D678AE49CB57"
                "091F4732296579AB44FCD17F0FC56A",
                "01144C7D79AE6956BC8EDB8E7C787C4521CB086FA64407F97894E5E6B2D79B04"
                "D1427E73CA4BAA240A34786859810C06B3C715A3A8CC3151F2BEE417996D19F3DDEA");
}

static void ecp_rfc5903(void **state)
{
    (void)state;
    each_provider(rfc5903);
}

/* RFC 7748 section 6.1, then section 5.2: X25519 applied to itself, 1 and 1,000 times. */
static void rfc7748(struct bench *b)
{
    check_known(b, S2S_CURVE25519, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
                "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
                "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
                "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
                "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

static void rfc7748_iterated(struct bench *b)
{
    uint8_t k[32] = {9}, u[32] = {9};
    for (int i = 1; i <= 1000; i++) {
        struct value shared;
        void *e = import(b, S2S_CURVE25519, bytes_copy(k, sizeof k));
        assert_int_equal(shared_of(b, e, u, sizeof u, &shared), 0);
        b->p->exchange_free(b->context, e);
        memcpy(u, k, sizeof u);
        memcpy(k, shared.data, sizeof k);
        pool_reset();
        if (i == 1) {
            assert_memory_equal(k, hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079").data, 32);
        }
    }
    assert_memory_equal(k, hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51").data, 32);
    pool_reset();
}

static void x25519_rfc7748(void **state)
{
    (void)state;
    each_provider(rfc7748);
    each_provider(rfc7748_iterated);
}

/* Public value and secret of two given exponents, as SHA-256, computed by a program of its own (Python's integers, the
   primes from the closed form of RFC 2409 and 3526 and from another library's copy of RFC 5114). */
static const struct {
    enum s2s_algorithm group;
    const char *public_hash, *secret_hash;
} modp_answers[] = {
    {S2S_MODP768, "a39773b782fd88b95ffee4b07e2aab0fa15edc5828abfb696ad448005426d78b",
     "56cc9425ce91a4c8edc03120a236182a1f29e4047c72996e4a7db4b6d96d9786"},
    {S2S_MODP1024, "2275381cbb079fb5f290b11de6ae7e73d8aa2ffa9aa35fa68919daa0fc05c388",
     "e176f524c6504834263ccb6731f269fe9a99e452cb923ac28864b837ef256cc5"},
    {S2S_MODP1536, "36572b8ade9eadcd1758651a36e88f024f6cb548e761be8648e35deda0049b8f",
     "9f731f9d16bdcd2277737f2722011a51f5b26fe041cda55f38de496f217df08b"},
    {S2S_MODP2048, "e01d615071385c6511344a444612f90dc16c1134535c5fc34d90fe469e53efc7",
     "e738eee0cab102ab3b796282d824f56a4b8862022d6391345308888084b6ad43"},
    {S2S_MODP3072, "bf9179daacc71f516b2b67e54e3beb890f0589f0450f0d2bbdaf2c7366438dc8",
     "e40d3812b52c22fbb864e5c60b8836d31f299c9cc5f64bd489eb554600f3b62c"},
    {S2S_MODP4096, "6315b707d152f2923f8d9d458039ce759c89f0fc2903f642a248e80a40cad68f",
     "c790a91b5055c500f686e9e723537e6299d784df1b662fd8ed08e6ab1d52dae4"},
    {S2S_MODP6144, "120cd38e52676fadef7d7263de2b99a93065afbf144fc97cd41d600c340044db",
     "61e3cf842140d797be80b5706705c934efa23cd040c486d727141f7ebbdacb34"},
    {S2S_MODP8192, "72827db57f0cab5f09f3d18abe6614f667b96706c187121de035683ff61cc748",
     "d7134513f152e072bbcf58b82cb222c4a6d8d7c2e6cd2e3491027a705d3c5c45"},
    {S2S_MODP1024_S160, "6b77599d224a3cf304164592adee348e245202581462704d77f68584d3a6f946",
     "9f48f73d7b396cddf197f4588832da04e67bf3c7bace71e356868a3ff5603c24"},
    {S2S_MODP2048_S224, "02b4e7c9df92172518d792e9a8bc681dc9e129df9a6e3c702073cfff5a437c4a",
     "4f06444ab7aeed04a55a0afd1a4f5128d7c25881838cb93cc62cdfc04605008c"},
    {S2S_MODP2048_S256, "0218dd780d79f1975325a85faf9bd7e883cd4e72e1e0af0caea1a4ee5fcf9fa1",
     "affcbb5ba76165c515075fb3dbb34c6179a55f0b821c3c7d3238b5d4eb224a41"},
};
static const char modp_x[] = "a658db8213f96ad82391fec8e32a95920290af194233f3104d74cf127e3400cf";
static const char modp_y[] = "c5acbd1ef6cd162199def2c09c7624e1e91d47a799b0819466d751bf15173b6a";

static void assert_hash(struct bench *b, const struct value *value, const char *expected)
{
    uint8_t out[S2S_CRYPTO_MAX_HASH];
    const struct s2s_span in = {value->data, value->length};
    assert_int_equal(b->p->hash(b->context, S2S_SHA2_256, &in, 1, out), 0);
    assert_memory_equal(out, hex(expected).data, 32);
}

static void modp_known(struct bench *b)
{
    for (size_t i = 0; i < sizeof modp_answers / sizeof modp_answers[0]; i++) {
        const enum s2s_algorithm group = modp_answers[i].group;
        if (!b->p->supports(b->context, group)) {
            continue;
        }
        void *x = import(b, group, hex(modp_x)), *y = import(b, group, hex(modp_y));
        struct value gx = public_of(b, x), gy = public_of(b, y), shared;
        assert_int_equal(gx.length, s2s_algorithm_info(group)->public_length);
        assert_hash(b, &gx, modp_answers[i].public_hash);
        assert_int_equal(shared_of(b, x, gy.data, gy.length, &shared), 0);
        assert_hash(b, &shared, modp_answers[i].secret_hash);
        assert_int_equal(shared_of(b, y, gx.data, gx.length, &shared), 0);
        assert_hash(b, &shared, modp_answers[i].secret_hash);
        b->p->exchange_free(b->context, x);
        b->p->exchange_free(b->context, y);
        pool_reset();
    }
}

static void modp_answers_hold(void **state)
{
    (void)state;
    each_provider(modp_known);
}

/* ---- files ---- */

/* Big-endian number in exactly length bytes. */
static struct bytes widened(struct bytes number, size_t length)
{
    struct bytes out = bytes_new(length);
    memset(out.data, 0, length);
    while (number.length > length) {
        assert_int_equal(*number.data, 0);
        number.data++, number.length--;
    }
    memcpy(out.data + length - number.length, number.data, number.length);
    return out;
}

static bool visit_ecpoint(struct bench *b, enum s2s_algorithm group, const cJSON *vector)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(group);
    struct bytes peer = hex_of(vector, "public"), expected = hex_of(vector, "shared");
    const char *result = text_of(vector, "result");
    void *e = import(b, group, widened(hex_of(vector, "private"), info->secret_length));
    struct value shared;
    /* The file's points carry the 04 that a KE payload leaves out; compressed ones have no form there at all. */
    const bool uncompressed = peer.length == 1u + info->public_length && peer.data[0] == 0x04;
    int got = uncompressed ? shared_of(b, e, peer.data + 1, peer.length - 1, &shared)
                           : shared_of(b, e, peer.data, peer.length, &shared);
    const bool valid = uncompressed && strcmp(result, "valid") == 0;
    if (got != (valid ? 0 : S2S_ERR_MALFORMED)) {
        fail_msg("tcId %d: %d", number_of(vector, "tcId"), got);
    }
    if (valid) {
        assert_int_equal(shared.length, expected.length);
        assert_memory_equal(shared.data, expected.data, expected.length);
    }
    b->p->exchange_free(b->context, e);
    return true;
}

#define WYCHEPROOF_ECP(bits, value)                                                                                    \
    static bool visit_##bits(struct bench *b, const cJSON *group, const cJSON *vector)                                 \
    {                                                                                                                  \
        (void)group;                                                                                                   \
        return visit_ecpoint(b, value, vector);                                                                        \
    }                                                                                                                  \
    static void wycheproof_secp##bits##r1(void **state)                                                                \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        assert_true(wycheproof(__func__, "ecdh_secp" #bits "r1_ecpoint_test.json", visit_##bits) > 200);               \
    }
WYCHEPROOF_ECP(256, S2S_ECP256)
WYCHEPROOF_ECP(384, S2S_ECP384)
WYCHEPROOF_ECP(521, S2S_ECP521)

/* "acceptable" are twist and non-canonical values, which RFC 7748 computes, and all-zero secrets, which RFC 8031
   section 5 makes us refuse. */
static bool visit_x25519(struct bench *b, const cJSON *group, const cJSON *vector)
{
    static const uint8_t zero[32];
    struct bytes peer = hex_of(vector, "public"), expected = hex_of(vector, "shared");
    void *e = import(b, S2S_CURVE25519, hex_of(vector, "private"));
    struct value shared;
    (void)group;
    int got = shared_of(b, e, peer.data, peer.length, &shared);
    assert_int_equal(expected.length, 32);
    if (got != (memcmp(expected.data, zero, 32) == 0 ? S2S_ERR_MALFORMED : 0)) {
        fail_msg("tcId %d: %d", number_of(vector, "tcId"), got);
    }
    if (got == 0) {
        assert_memory_equal(shared.data, expected.data, 32);
    }
    b->p->exchange_free(b->context, e);
    return true;
}

static void wycheproof_x25519(void **state)
{
    (void)state;
    assert_true(wycheproof(__func__, "x25519_test.json", visit_x25519) > 500);
}

static enum s2s_algorithm cavp_group(const char *section)
{
    static const struct {
        const char *start;
        enum s2s_algorithm group;
    } rows[] = {{"[EC", S2S_ECP256}, {"[ED", S2S_ECP384}, {"[EE", S2S_ECP521}};
    for (size_t i = 0; section != NULL && i < 3; i++) {
        if (strncmp(section, rows[i].start, 3) == 0) {
            return rows[i].group;
        }
    }
    return S2S_ALG_NONE;
}

/* One row of CAVP's validity test. A row that fails does so for a bad point, or for a Z that is not the product. */
static void cavp_row(struct bench *b, const struct rsp *rsp, enum s2s_algorithm group)
{
    const struct s2s_algorithm_info *info = s2s_algorithm_info(group);
    struct bytes peer = bytes_new(info->public_length), z = widened(rsp_hex(rsp, "Z"), info->secret_length);
    memcpy(peer.data, widened(rsp_hex(rsp, "QsCAVSx"), info->secret_length).data, info->secret_length);
    memcpy(peer.data + info->secret_length, widened(rsp_hex(rsp, "QsCAVSy"), info->secret_length).data,
           info->secret_length);
    struct bytes own = rsp_hex(rsp, "dsIUT");
    void *e = NULL;
    int imported = b->p->exchange_import(b->context, group, own.data, own.length, &e);
    if (strstr(rsp_text(rsp, "Result"), "private key d changed") != NULL && imported == S2S_ERR_INVALID) {
        return; /* changed into a number outside the curve's order */
    }
    assert_int_equal(imported, 0);
    struct value shared;
    int got = shared_of(b, e, peer.data, peer.length, &shared);
    const bool passes = rsp_text(rsp, "Result")[0] == 'P';
    const bool same = got == 0 && memcmp(shared.data, z.data, z.length) == 0;
    assert_true(got == 0 || got == S2S_ERR_MALFORMED);
    if (passes && !same) {
        fail_msg("%s COUNT %s: %d", rsp->section, rsp_text(rsp, "COUNT"), got);
    }
    if (strstr(rsp_text(rsp, "Result"), "Z changed") != NULL) {
        assert_false(same);
    }
    if (strstr(rsp_text(rsp, "Result"), "CAVS's Static public key") != NULL) {
        assert_int_equal(got, S2S_ERR_MALFORMED);
    }
    b->p->exchange_free(b->context, e);
}

static void cavp_ecdh(void **state)
{
    (void)state;
    static const char name[] = "asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_init.fax";
    for (size_t i = 0; real_providers[i] != NULL; i++) {
        struct rsp rsp;
        size_t taken = 0;
        rsp_open(&rsp, __func__, name);
        struct bench b = bench_open(real_providers[i]());
        while (rsp_next(&rsp, "COUNT")) {
            enum s2s_algorithm group = cavp_group(rsp.section);
            if (group != S2S_ALG_NONE) {
                cavp_row(&b, &rsp, group);
                taken++;
            }
            pool_reset();
        }
        print_message("CAVP ECDH: %zu vectors\n", taken);
        assert_true(taken >= 60);
        bench_close(&b);
        rsp_close(&rsp);
    }
}

/* ---- every group ---- */

/* Two fresh exchanges agree; two runs draw different values; lengths are the table's. */
static void agree(struct bench *b)
{
    for (size_t i = 0; i < GROUPS; i++) {
        const struct s2s_algorithm_info *info = s2s_algorithm_info(groups[i]);
        if (!b->p->supports(b->context, groups[i])) {
            void *e = b;
            assert_int_equal(b->p->exchange_new(b->context, groups[i], &e), S2S_ERR_UNSUPPORTED);
            assert_null(e);
            continue;
        }
        void *x = begin(b, groups[i]), *y = begin(b, groups[i]);
        struct value gx = public_of(b, x), gy = public_of(b, y), sx, sy;
        assert_int_equal(gx.length, info->public_length);
        assert_memory_not_equal(gx.data, gy.data, gx.length);
        assert_int_equal(shared_of(b, x, gy.data, gy.length, &sx), 0);
        assert_int_equal(shared_of(b, y, gx.data, gx.length, &sy), 0);
        assert_int_equal(sx.length, info->secret_length);
        assert_memory_equal(sx.data, sy.data, sx.length);
        b->p->exchange_free(b->context, x);
        b->p->exchange_free(b->context, y);
        pool_reset();
    }
}

static void all_groups_agree(void **state)
{
    (void)state;
    each_provider(agree);
}

static void refused(struct bench *b, void *e, const uint8_t *peer, size_t length)
{
    struct value shared = {.length = 77};
    assert_int_equal(shared_of(b, e, peer, length, &shared), S2S_ERR_MALFORMED);
    assert_int_equal(shared.length, 0);
}

/* A value that is right but for its length. */
static void wrong_lengths(struct bench *b)
{
    for (size_t i = 0; i < GROUPS; i++) {
        if (!b->p->supports(b->context, groups[i])) {
            continue;
        }
        void *e = begin(b, groups[i]);
        uint8_t peer[S2S_CRYPTO_MAX_PUBLIC + 1] = {0};
        struct value own = public_of(b, e);
        memcpy(peer + 1, own.data, own.length);
        refused(b, e, peer, own.length + 1);
        refused(b, e, own.data, own.length - 1);
        refused(b, e, own.data, 0);
        b->p->exchange_free(b->context, e);
        pool_reset();
    }
}

static void lengths_are_checked(void **state)
{
    (void)state;
    each_provider(wrong_lengths);
}

/* number + step, big-endian. */
static void add(uint8_t *number, size_t length, int step)
{
    for (size_t i = length; i-- > 0 && step != 0;) {
        int digit = number[i] + step;
        number[i] = (uint8_t)digit;
        step = digit < 0 ? -1 : digit > 255 ? 1 : 0;
    }
}

/* RFC 6989 section 2.1: 0, 1, p - 1, p, p + 1 and all ones are refused; 2 and p - 2 are not (p - 2 has even order,
   which safe primes allow). Section 2.2: in a group with a small q, 2 is outside the subgroup and refused. */
static void modp_ranges(struct bench *b)
{
    for (size_t i = 0; i < GROUPS; i++) {
        const struct s2si_mbedtls_modp *modp = s2si_mbedtls_modp(groups[i]);
        if (modp == NULL || !b->p->supports(b->context, groups[i])) {
            continue;
        }
        const size_t length = modp->length;
        const int inside = modp->order == NULL ? 0 : S2S_ERR_MALFORMED;
        uint8_t peer[S2S_CRYPTO_MAX_PUBLIC] = {0};
        struct value shared;
        void *e = begin(b, groups[i]);
        refused(b, e, peer, length);
        peer[length - 1] = 1;
        refused(b, e, peer, length);
        peer[length - 1] = 2;
        assert_int_equal(shared_of(b, e, peer, length, &shared), inside);
        for (int step = -1; step <= 1; step++) {
            memcpy(peer, modp->prime, length);
            add(peer, length, step);
            refused(b, e, peer, length);
        }
        memcpy(peer, modp->prime, length);
        add(peer, length, -2);
        assert_int_equal(shared_of(b, e, peer, length, &shared), inside);
        memset(peer, 0xff, length);
        refused(b, e, peer, length);
        b->p->exchange_free(b->context, e);
        pool_reset();
    }
}

static void modp_ranges_are_checked(void **state)
{
    (void)state;
    each_provider(modp_ranges);
}

/* RFC 6989 section 2.3: a point off the curve, coordinates of p or more, and (0, 0), which stands for infinity. */
static void off_curve(struct bench *b)
{
    static const enum s2s_algorithm curves[] = {S2S_ECP256, S2S_ECP384, S2S_ECP521};
    for (size_t i = 0; i < 3; i++) {
        void *e = begin(b, curves[i]);
        struct value point = public_of(b, e);
        point.data[point.length - 1] ^= 1;
        refused(b, e, point.data, point.length);
        memset(point.data, 0xff, point.length / 2);
        refused(b, e, point.data, point.length);
        memset(point.data, 0, point.length);
        refused(b, e, point.data, point.length);
        b->p->exchange_free(b->context, e);
        pool_reset();
    }
}

static void points_are_checked(void **state)
{
    (void)state;
    each_provider(off_curve);
}

/* A private value that is zero, too large, or of the wrong length is no exchange. */
static void bad_imports(struct bench *b)
{
    static const uint8_t zero[32];
    struct bytes ones = bytes_new(1100);
    void *e = b;
    memset(ones.data, 0xff, ones.length);
    assert_int_equal(b->p->exchange_import(b->context, S2S_ECP256, zero, 32, &e), S2S_ERR_INVALID);
    assert_null(e);
    assert_int_equal(b->p->exchange_import(b->context, S2S_ECP256, ones.data, 32, &e), S2S_ERR_INVALID);
    assert_int_equal(b->p->exchange_import(b->context, S2S_CURVE25519, ones.data, 31, &e), S2S_ERR_INVALID);
    assert_int_equal(b->p->exchange_import(b->context, S2S_MODP2048, zero, 32, &e), S2S_ERR_INVALID);
    assert_int_equal(b->p->exchange_import(b->context, S2S_MODP2048, ones.data, 256, &e), S2S_ERR_INVALID);
    assert_int_equal(b->p->exchange_import(b->context, S2S_MODP8192, ones.data, 1100, &e), S2S_ERR_INVALID);
    assert_int_equal(b->p->exchange_import(b->context, S2S_ESN, ones.data, 32, &e), S2S_ERR_UNSUPPORTED);
    assert_null(e);
    pool_reset();
}

static void imports_are_checked(void **state)
{
    (void)state;
    each_provider(bad_imports);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecp_rfc5903),
        cmocka_unit_test(x25519_rfc7748),
        cmocka_unit_test(modp_answers_hold),
        cmocka_unit_test(all_groups_agree),
        cmocka_unit_test(lengths_are_checked),
        cmocka_unit_test(modp_ranges_are_checked),
        cmocka_unit_test(points_are_checked),
        cmocka_unit_test(imports_are_checked),
        cmocka_unit_test(cavp_ecdh),
        cmocka_unit_test(wycheproof_secp256r1),
        cmocka_unit_test(wycheproof_secp384r1),
        cmocka_unit_test(wycheproof_secp521r1),
        cmocka_unit_test(wycheproof_x25519),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
