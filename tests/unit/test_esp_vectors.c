/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole ESP packets of RFCs and drafts through the public API, for each real provider. A packet whose next header is
 * not an IP version (the draft and RFC 3602 have some) must verify, decrypt to the printed bytes, and then be refused,
 * since we do tunnel mode alone.
 */
#include "tests/unit/crypto_vectors.h"

#include "lib/base/base.h"
#include "lib/esp/suite.h"

#include <s2svpn/esp.h>

static struct s2s_selector everything[2];

static void set_up_everything(void)
{
    static const char *const prefixes[2] = {"0.0.0.0/0", "::/0"};
    for (size_t i = 0; i < 2; i++) {
        struct s2s_prefix prefix;
        assert_int_equal(s2s_prefix_parse(prefixes[i], &prefix), 0);
        s2s_selector_from_prefix(&prefix, &everything[i]);
    }
}

static s2s_esp *engine(const struct s2s_crypto_provider *provider, void *context)
{
    struct s2s_esp_params params;
    s2s_esp *esp;
    s2s_esp_params_init(&params, sizeof params);
    params.provider = provider;
    params.crypto_context = context;
    assert_int_equal(s2s_esp_new(&params, &esp), 0);
    return esp;
}

static struct s2s_esp_sa_params sa_params(enum s2s_esp_direction direction, uint32_t spi, enum s2s_algorithm encryption,
                                          struct bytes key)
{
    struct s2s_esp_sa_params params;
    s2s_esp_sa_params_init(&params, sizeof params);
    params.direction = direction;
    params.spi = spi;
    params.encryption = encryption;
    params.encryption_key = key.data;
    params.encryption_key_length = key.length;
    params.local_selectors = params.remote_selectors = everything;
    params.local_selector_count = params.remote_selector_count = 2;
    return params;
}

static struct s2s_packet entry(uint8_t kind, struct bytes data)
{
    struct bytes buffer = bytes_new(S2S_PACKET_HEADROOM + data.length + S2S_PACKET_TAILROOM);
    memcpy(buffer.data + S2S_PACKET_HEADROOM, data.data, data.length);
    return (struct s2s_packet){.buffer = buffer.data,
                               .capacity = buffer.length,
                               .offset = S2S_PACKET_HEADROOM,
                               .length = data.length,
                               .kind = kind};
}

static struct bytes join(struct bytes a, struct bytes b)
{
    struct bytes both = bytes_new(a.length + b.length);
    memcpy(both.data, a.data, a.length);
    memcpy(both.data + a.length, b.data, b.length);
    return both;
}

/* ---- AEAD ---- */

/* As the draft prints them: AAD is SPI and sequence number, nonce is salt and IV. */
struct aead_case {
    enum s2s_algorithm algorithm;
    const char *key, *nonce, *aad, *plain, *cipher, *icv;
};

/* draft-mcgrew-gcm-test-01 section 4; the case with SPI 0, which is no SA for us, is in refused_spi. */
static const struct aead_case draft_cases[] = {
    {S2S_AES128_GCM16, "4c80cdefbb5d10da906ac73c3613a634", "2e443b684956ed7e3b244cfe", "000043218765432100000000",
     "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f756470037369700963796265"
     "726369747902646b000021000101020201",
     "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff"
     "6247aeabb786b93bce61bc17d768fd9732",
     "459018148f6cbe722fd04796562dfdb4"},
    {S2S_AES128_GCM16, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "0000a5f80000000a",
     "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d001000001000000000000037369700963796265726369747902"
     "646b00000100010001",
     "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48"
     "a4ec3b9ba95d918bd1",
     "83b70d3aa8bc6ee4c309e9d85a41ad4a"},
    {S2S_AES256_GCM16, "abbccddef00112233445566778899aababbccddef00112233445566778899aab", "112233440102030405060708",
     "4a2cbfe300000002",
     "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040201020201",
     "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8e",
     "b335f4eecfdbf831824b4c4915956c96"},
    {S2S_AES128_GCM16, "3de09874b388e6491988d0c3607eae1f", "57690e434e280000a2fca1a3", "42f67e3f1010101010101010",
     "4500003c99c300008001cb7c40679318010101010800085c020043006162636465666768696a6b6c6d6e6f707172737475767761626364"
     "656667686901020201",
     "fba2caa4853cf9f0f22cb10d86dd83b0fec75691cf1a04b00d1138ec9c35791765acbd8701ad79845bf9fe3fba487bc91755e6662b4c8d"
     "0d1f5e22739530320a",
     "e0d731cc978ecafaeae88f00e80d6e48"},
    {S2S_AES128_GCM16, "3de09874b388e6491988d0c3607eae1f", "57690e434e280000a2fca1a3", "42f67e3f1010101010101010",
     "4500001c42a200008001441f406793b6e00000020a00f5ff01020201",
     "fba2ca845e5df9f0f22c3e6e86dd831e1fc65792cd1af9130e1379ed", "369f071f35e034be95f112e4e7d05d35"},
    {S2S_AES192_GCM16, "feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabefacedbaddecaf888",
     "0000a5f80000000a", "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
     "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77",
     "95457b9652037f5318027b5b4cd7a636"},
    {S2S_AES128_GCM16, "abbccddef00112233445566778899aab", "decaf888cafedebaceface74", "000001000000000000000001",
     "4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d500004e20001e8c18d75b81dc91baa0476b91b924b28038"
     "9d92c963bac046ec959b6266c04722b14923010101",
     "18a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb01984e65863965d7472b79da345e0e780"
     "191f0d2f0e0f496c226f2127b27db35724e7845d68",
     "651f57e65f354f75ff17015769623436"},
    {S2S_AES256_GCM16, "abbccddef00112233445566778899aababbccddef00112233445566778899aab", "73616c74616e640169766563",
     "17405e67156f3126dd0db99b", "45080028732c00004006e9f90a0106120a01038f06b88023dd6bafbecb71260250101f646d540001",
     "f2d69ecdbd5a0d5b8d5ef38bad4da58d1f278fde98ef67549d524a3018d9a57ff4d3a31ce673119e",
     "451626c2415771e3b7eebca614c89b35"},
    {S2S_AES128_GCM16, "3de09874b388e6491988d0c3607eae1f", "57690e434e280000a2fca1a3", "42f67e3f1010101010101010",
     "45000049333e00007f119182c3fb1d10c2b1d326c02831ce0035cb458003025b000001e0001e8c18d65759d52284a0352c71475c888039"
     "1c764d6e5ee0496b325ae270c03899493915010101",
     "fba2cad12fc1f9f00d3cebf305410db83d7784b607323d220f24b0a97d54182800cadb0f68d99ef0e0c0c89ae9bea8884e52d65bc1afd0"
     "740f742444747b5b39ab533163aad4550ee5160975",
     "cdb608c5769189609763b8e18caa81e2"},
    {S2S_AES256_GCM16, "abbccddef00112233445566778899aababbccddef00112233445566778899aab", "73616c74616e640169766563",
     "17405e67156f3126dd0db99b",
     "636973636f0172756c657301746865016e6574776501646566696e6501746865746563686e6f6c6f67696573017468617477696c6c0164"
     "6566696e65746f6d6f72726f7701020201",
     "d4b7ed86a1777f2ea13d6973d324c69e7b43f826fb56831226508bebd2dceb18d0a6df10e5487df074113e14c641024e3e6773d91a62ee"
     "429b043a10e3efe6b012a49363412364f8",
     "c0cac587f249e56b11e24f30e44ccc76"},
    {S2S_AES128_GCM16, "7d773d00c144c525ac619d18c84a3f47", "d966426743457e9182443bc6", "335467aeffffffff", "01020201",
     "437f866b", "cb3f699fe9b0822bac961c4504bef270"},
    {S2S_AES128_GCM16, "abbccddef00112233445566778899aab", "decaf888cafedebaceface74", "000001000000000000000001",
     "746f016265016f72016e6f7401746f0162650001", "29c9fc69a197d038ccdd14e2ddfcaa0543332164",
     "412503524303ed3c6c5f283843af8c3e"},
    {S2S_AES256_GCM16, "6c6567616c697a656d6172696a75616e61616e64646f69746265666f72656961", "7475726e333021696765746d",
     "796b6963ffffffffffffffff",
     "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f707172737401020201",
     "f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a32b42458fb57dbe821dcc63b9",
     "d0937ba2945f669368661a329fb4c053"},
};

/* RFC 7634 appendix A: IPv4 in next header 4. */
static const struct aead_case chacha_case = {
    S2S_CHACHA20_POLY1305,
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
    "a0a1a2a31011121314151617",
    "0102030400000005",
    "45000054a6f200004001e778c6336405c000020508005b7a3a080000553bec100007362708090a0b0c0d0e0f101112131415161718191a1b1c"
    "1d1e1f202122232425262728292a2b2c2d2e2f303132333435363701020204",
    "24039428b97f417e3c13753a4f05087b67c352e6a7fab1b982d466ef407ae5c614ee8099d52844eb61aa95dfab4c02f72aa71e7c4c4f64c9be"
    "fe2facc638e8f3cbec163fac469b502773f6fb94e664da9165b82829f641e0",
    "76aaa8266b7fb0f7b11b369907e1ad43"};

struct aead_numbers {
    struct bytes key, nonce, aad, plain, cipher, icv, packet;
    uint32_t spi;
    bool esn;
    uint64_t sequence;
};

static struct aead_numbers read_case(const struct aead_case *c)
{
    struct aead_numbers n = {.key = hex(c->key), .nonce = hex(c->nonce), .aad = hex(c->aad)};
    n.plain = hex(c->plain);
    n.cipher = hex(c->cipher);
    n.icv = hex(c->icv);
    n.esn = n.aad.length == 12;
    n.spi = s2si_get_u32(n.aad.data);
    n.sequence = n.esn ? s2si_get_u64(n.aad.data + 4) : s2si_get_u32(n.aad.data + 4);
    uint8_t header[16];
    s2si_put_u32(header, n.spi);
    s2si_put_u32(header + 4, (uint32_t)n.sequence);
    memcpy(header + 8, n.nonce.data + 4, 8);
    n.packet = join(bytes_copy(header, sizeof header), join(n.cipher, n.icv));
    return n;
}

static struct s2s_esp_sa_params aead_params(const struct aead_numbers *n, enum s2s_esp_direction direction,
                                            enum s2s_algorithm algorithm)
{
    struct s2s_esp_sa_params params = sa_params(direction, n->spi, algorithm, n->key);
    params.salt = n->nonce.data;
    params.salt_length = 4;
    params.esn = n->esn;
    params.initial_sequence = n->sequence - 1;
    params.iv_mask = s2si_get_u64(n->nonce.data + 4) ^ n->sequence;
    return params;
}

/* Verifies, decrypts to the printed plaintext; delivered only if next header is an IP version. */
static void open_case(struct bench *b, const struct aead_case *c)
{
    struct aead_numbers n = read_case(c);
    s2s_esp *esp = engine(b->p, b->context);
    struct s2s_esp_sa_params params = aead_params(&n, S2S_ESP_INBOUND, c->algorithm);
    s2s_esp_sa sa;
    assert_int_equal(s2s_esp_sa_add(esp, &params, &sa), 0);
    struct s2s_packet packet = entry(S2S_PACKET_ESP, n.packet);
    bool tunnel = n.plain.data[n.plain.length - 1] == 4;
    assert_int_equal(s2s_esp_open(esp, &packet, 1, 1), tunnel);
    assert_int_equal(packet.reason, tunnel ? S2S_DROP_NONE : S2S_DROP_PADDING);
    assert_true(packet.sequence == n.sequence);
    assert_memory_equal(packet.buffer + S2S_PACKET_HEADROOM + 16, n.plain.data, n.plain.length);

    packet = entry(S2S_PACKET_ESP, n.packet);
    assert_int_equal(s2s_esp_open(esp, &packet, 1, 1), 0);
    assert_int_equal(packet.reason, S2S_DROP_REPLAY);
    s2s_esp_free(esp);
    pool_reset();
}

static size_t sealed_cases;

/* Seals the printed inner packet. Next header is 4 where the draft has 1, so (a stream cipher) the last byte of the
   ciphertext differs by just that, and the ICV; all of it is equal where the vector has 4. */
static void seal_case(struct bench *b, const struct aead_case *c)
{
    struct aead_numbers n = read_case(c);
    struct s2si_ip ip;
    size_t inner = n.plain.length - 2 - n.plain.data[n.plain.length - 2];
    /* Some of the draft's plaintexts are no IP packets, or claim bytes that are padding. */
    if (s2si_ip_read(n.plain.data, inner, &ip) != 0 || ip.total_length != inner) {
        pool_reset();
        return;
    }
    sealed_cases++;
    s2s_esp *esp = engine(b->p, b->context);
    struct s2s_esp_sa_params params = aead_params(&n, S2S_ESP_OUTBOUND, c->algorithm);
    struct s2s_packet packet = entry(S2S_PACKET_INNER, bytes_copy(n.plain.data, ip.total_length));
    assert_int_equal(s2s_esp_sa_add(esp, &params, &packet.sa), 0);
    assert_int_equal(s2s_esp_seal(esp, &packet, 1, 1), 1);
    assert_int_equal(packet.length, n.packet.length);
    const uint8_t *data = packet.buffer + packet.offset;
    size_t last = n.packet.length - 16 - 1;
    assert_memory_equal(data, n.packet.data, last);
    uint8_t next_header = n.plain.data[n.plain.length - 1];
    assert_int_equal(data[last] ^ n.packet.data[last], next_header ^ 4);
    if (next_header == 4) {
        assert_memory_equal(data, n.packet.data, n.packet.length);
    }
    s2s_esp_free(esp);
    pool_reset();
}

static void gcm_of_the_draft(struct bench *b)
{
    for (size_t i = 0; i < S2SI_COUNT(draft_cases); i++) {
        open_case(b, &draft_cases[i]);
        seal_case(b, &draft_cases[i]);
    }
    assert_true(sealed_cases >= 6);
}

static void draft_mcgrew_gcm_test_01(void **state)
{
    (void)state;
    each_provider(gcm_of_the_draft);
}

static void chacha(struct bench *b)
{
    open_case(b, &chacha_case);
    seal_case(b, &chacha_case);
}

static void rfc7634_appendix_a(void **state)
{
    (void)state;
    each_provider(chacha);
}

static void spi_zero(struct bench *b)
{
    s2s_esp *esp = engine(b->p, b->context);
    struct s2s_esp_sa_params params =
        sa_params(S2S_ESP_INBOUND, 0, S2S_AES128_GCM16, hex("00000000000000000000000000000000"));
    s2s_esp_sa sa;
    params.salt = everything[0].start.bytes;
    params.salt_length = 4;
    assert_int_equal(s2s_esp_sa_add(esp, &params, &sa), S2S_ERR_INVALID);
    struct s2s_packet packet = entry(
        S2S_PACKET_ESP, hex("00000000000000010000000000000000 "
                            "4688daf2f973a392732909c331d56d60f694abaa414b5e7ff5fdcdfff5e9a284456476492719f"
                            "fb64de7d9dca1e1d894bc3bd57873ed4d181d19d4d5c8c18af3 f821d496eeb096e98ad2b69e4799c71d"));
    assert_int_equal(s2s_esp_open(esp, &packet, 1, 1), 0);
    assert_int_equal(packet.reason, S2S_DROP_UNKNOWN_SPI);
    s2s_esp_free(esp);
    pool_reset();
}

static void refused_spi(void **state)
{
    (void)state;
    each_provider(spi_zero);
}

/* ---- AES-CBC: RFC 3602 section 4, cases 5 to 8 (they have no ICV; HMAC-SHA-1-96 is put behind, RFC 2404) ---- */

struct cbc_case {
    const char *key, *packet, *payload;
    bool tunnel;
};

static const struct cbc_case cbc_cases[] = {
    {"90d382b410eeba7ad938c46cec1a82bf",
     "0000432100000001e96e8c08ab465763fd098d45dd3ff893f663c25d325c18c6a9453e194e120849a4870b66cc6b9965330013b4898dc856a"
     "4"
     "699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874aa269add047ad2d5913ac19b7cfbad4a6",
     "08000ebda70a00008e9c083db95b070008090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3"
     "0"
     "31323334353637",
     false},
    {"90d382b410eeba7ad938c46cec1a82bf",
     "000043210000000869d08df7d203329db093fc4924e5bd80f51995881ec4e0c4488987ce742e8109689bb379d2d750c0d915dca346a89f75",
     "0800b5e8a80a0500a69c083d0b660e00777777777777777777777777", false},
    {"0123456789abcdef0123456789abcdef",
     "0000876500000002f4e765244f6407adf13dc1380f673f37773b5241a4c449225e4f3ce5ed611b0c237ca96cf74a93013c1b0ea1a0cf70f8e"
     "4"
     "ecaec78ac53aad7a0f022b859243c647752e94a859352b8a4d4d2decd136e5c177f132ad3fbfb2201ac9904c74ee0a109e0ca1e4dfe9d5a10"
     "0"
     "b842f1c22f0d",
     "45000054090400004001f988c0a87b03c0a87bc808009f76a90a0100b49c083d02a2040008090a0b0c0d0e0f101112131415161718191a1b1"
     "c"
     "1d1e1f202122232425262728292a2b2c2d2e2f3031323334353637",
     true},
    {"0123456789abcdef0123456789abcdef",
     "000087650000000585d47224b5f3dd5d2101d4ea8dffab2215b92683819596a8047232cc00f7048fe45318e11f8a0f62ede3c3fc61203bb50"
     "f"
     "980a08c9843fd3a1b06d5c07ff9639b7eb7dfb3512e5de435e7207ed971ef3d2726d9b5ef6affc6d17a0decbb13892",
     "45000044090c00004001f990c0a87b03c0a87bc80800d63caa0a0200c69c083da3de0300fffffffffffffffffffffffffffffffffffffffff"
     "fff"
     "ffffffffffffffffffff",
     true},
};

static const uint8_t mac_key[20] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};

/* The ICV by the provider's HMAC as a PRF, that is, not by the code under test. */
static struct bytes with_icv(struct bench *b, struct bytes packet)
{
    uint8_t mac[S2S_CRYPTO_MAX_HASH];
    struct s2s_span in = span(packet);
    assert_int_equal(b->p->prf(b->context, S2S_PRF_HMAC_SHA1, mac_key, sizeof mac_key, &in, 1, mac), 0);
    return join(packet, bytes_copy(mac, 12));
}

static struct s2s_esp_sa_params cbc_params(const struct cbc_case *c, enum s2s_esp_direction direction)
{
    struct bytes packet = hex(c->packet);
    struct s2s_esp_sa_params params = sa_params(direction, s2si_get_u32(packet.data), S2S_AES128_CBC, hex(c->key));
    params.integrity = S2S_HMAC_SHA1_96;
    params.integrity_key = mac_key;
    params.integrity_key_length = sizeof mac_key;
    params.initial_sequence = s2si_get_u32(packet.data + 4) - 1;
    return params;
}

static void open_cbc(struct bench *b, const struct cbc_case *c)
{
    s2s_esp *esp = engine(b->p, b->context);
    struct s2s_esp_sa_params params = cbc_params(c, S2S_ESP_INBOUND);
    struct bytes payload = hex(c->payload);
    s2s_esp_sa sa;
    assert_int_equal(s2s_esp_sa_add(esp, &params, &sa), 0);
    struct s2s_packet packet = entry(S2S_PACKET_ESP, with_icv(b, hex(c->packet)));
    assert_int_equal(s2s_esp_open(esp, &packet, 1, 1), c->tunnel);
    assert_int_equal(packet.reason, c->tunnel ? S2S_DROP_NONE : S2S_DROP_PADDING);
    assert_memory_equal(packet.buffer + S2S_PACKET_HEADROOM + 24, payload.data, payload.length);
    assert_true(!c->tunnel || packet.length == payload.length);
    s2s_esp_free(esp);
    pool_reset();
}

/* A random source that returns the IV of the vector. */
static const uint8_t *next_random;
static int scripted_random(void *context, uint8_t *out, size_t length)
{
    (void)context;
    memcpy(out, next_random, length);
    return 0;
}

static void seal_cbc(struct bench *b, const struct cbc_case *c)
{
    struct s2s_crypto_provider scripted = *b->p;
    struct bytes expected = with_icv(b, hex(c->packet));
    struct s2s_esp_sa_params params = cbc_params(c, S2S_ESP_OUTBOUND);
    next_random = expected.data + 8;
    scripted.random = scripted_random;
    s2s_esp *esp = engine(&scripted, b->context);
    struct s2s_packet packet = entry(S2S_PACKET_INNER, hex(c->payload));
    assert_int_equal(s2s_esp_sa_add(esp, &params, &packet.sa), 0);
    assert_int_equal(s2s_esp_seal(esp, &packet, 1, 1), 1);
    assert_int_equal(packet.length, expected.length);
    assert_memory_equal(packet.buffer + packet.offset, expected.data, expected.length);
    s2s_esp_free(esp);
    pool_reset();
}

static void cbc(struct bench *b)
{
    for (size_t i = 0; i < S2SI_COUNT(cbc_cases); i++) {
        open_cbc(b, &cbc_cases[i]);
        if (cbc_cases[i].tunnel) {
            seal_cbc(b, &cbc_cases[i]);
        }
    }
}

static void rfc3602_cases_5_to_8(void **state)
{
    (void)state;
    each_provider(cbc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(draft_mcgrew_gcm_test_01), cmocka_unit_test(rfc7634_appendix_a),
                                       cmocka_unit_test(refused_spi), cmocka_unit_test(rfc3602_cases_5_to_8)};
    set_up_everything();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
