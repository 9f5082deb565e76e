/* SPDX-License-Identifier: Apache-2.0 */
#include "ike_messages.h"

/* A message as the rules see it: types in clear before '|', encrypted ones behind it. A cookie or an error notify is
   written N(c) or N(e). */
static const uint8_t N_COOKIE[] = {0, 0, 0x40, 6, 1}, N_ERROR[] = {0, 0, 0, 14}, N_STATUS[] = {0, 0, 0x40, 0};

static struct s2si_message message;
static struct s2si_message_error error;

struct word {
    const char *text;
    uint8_t type;
    const uint8_t *body;
    size_t length;
};

static const struct word WORDS[] = {
    {"SA", S2SI_PAYLOAD_SA, NULL, 0},        {"KE", S2SI_PAYLOAD_KE, NULL, 0},
    {"IDi", S2SI_PAYLOAD_IDI, NULL, 0},      {"IDr", S2SI_PAYLOAD_IDR, NULL, 0},
    {"CERT", S2SI_PAYLOAD_CERT, NULL, 0},    {"CERTREQ", S2SI_PAYLOAD_CERTREQ, NULL, 0},
    {"AUTH", S2SI_PAYLOAD_AUTH, NULL, 0},    {"Nonce", S2SI_PAYLOAD_NONCE, NULL, 0},
    {"D", S2SI_PAYLOAD_DELETE, NULL, 0},     {"V", S2SI_PAYLOAD_VENDOR, NULL, 0},
    {"TSi", S2SI_PAYLOAD_TSI, NULL, 0},      {"TSr", S2SI_PAYLOAD_TSR, NULL, 0},
    {"CP", S2SI_PAYLOAD_CP, NULL, 0},        {"EAP", S2SI_PAYLOAD_EAP, NULL, 0},
    {"SK", S2SI_PAYLOAD_SK, NULL, 0},        {"SKF", S2SI_PAYLOAD_SKF, NULL, 0},
    {"?", 200, NULL, 0},                     {"N", S2SI_PAYLOAD_NOTIFY, N_STATUS, 4},
    {"N(c)", S2SI_PAYLOAD_NOTIFY, N_COOKIE, 5}, {"N(e)", S2SI_PAYLOAD_NOTIFY, N_ERROR, 4},
    {"N(short)", S2SI_PAYLOAD_NOTIFY, N_ERROR, 3},
};

static void add(const char *text, size_t length, bool encrypted)
{
    for (size_t i = 0; i < S2SI_COUNT(WORDS); i++) {
        if (strlen(WORDS[i].text) == length && memcmp(WORDS[i].text, text, length) == 0) {
            message.payloads[message.count++] = (struct s2si_payload){.type = WORDS[i].type,
                                                                      .known = s2si_payload_known(WORDS[i].type),
                                                                      .encrypted = encrypted,
                                                                      .data = WORDS[i].body,
                                                                      .length = WORDS[i].length};
            return;
        }
    }
    fail_msg("no payload %.*s", (int)length, text);
}

static int check(uint8_t exchange, bool response, const char *text, enum s2si_message_kind *kind)
{
    bool encrypted = false;
    message = (struct s2si_message){.header = ike_header(exchange, response, 1)};
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (length == 1 && *text == '|') {
            encrypted = true;
        } else if (length != 0) {
            add(text, length, encrypted);
        }
        text += length + strspn(text + length, " ");
    }
    return s2si_message_check(&message, kind, &error);
}

enum { REQUEST = false, RESPONSE = true };

static const struct {
    uint8_t exchange;
    bool response;
    const char *payloads;
    enum s2si_message_kind kind; /* NONE: INVALID_SYNTAX */
} ROWS[] = {
    {S2SI_IKE_SA_INIT, REQUEST, "SA KE Nonce", S2SI_KIND_INIT_REQUEST},
    {S2SI_IKE_SA_INIT, REQUEST, "N(c) SA KE Nonce N N V V", S2SI_KIND_INIT_REQUEST},
    {S2SI_IKE_SA_INIT, REQUEST, "Nonce KE SA ? ?", S2SI_KIND_INIT_REQUEST}, /* any order, unknown skipped */
    {S2SI_IKE_SA_INIT, REQUEST, "SA Nonce", S2SI_KIND_NONE},                /* row 3: KE missing */
    {S2SI_IKE_SA_INIT, REQUEST, "SA KE KE Nonce", S2SI_KIND_NONE},          /* impaired: KE twice */
    {S2SI_IKE_SA_INIT, REQUEST, "SA SA KE Nonce", S2SI_KIND_NONE},
    {S2SI_IKE_SA_INIT, REQUEST, "SA KE Nonce Nonce", S2SI_KIND_NONE},
    {S2SI_IKE_SA_INIT, REQUEST, "SA KE Nonce AUTH", S2SI_KIND_NONE},
    {S2SI_IKE_SA_INIT, REQUEST, "SA KE Nonce SK", S2SI_KIND_NONE},
    {S2SI_IKE_SA_INIT, REQUEST, "SA KE Nonce TSi", S2SI_KIND_NONE},
    {S2SI_IKE_SA_INIT, REQUEST, "SA KE Nonce N(short)", S2SI_KIND_NONE},
    {S2SI_IKE_SA_INIT, REQUEST, "", S2SI_KIND_NONE},
    {S2SI_IKE_SA_INIT, REQUEST, "N(e)", S2SI_KIND_NONE},
    {S2SI_IKE_SA_INIT, RESPONSE, "SA KE Nonce N CERTREQ CERTREQ", S2SI_KIND_INIT_RESPONSE},
    {S2SI_IKE_SA_INIT, RESPONSE, "N(c)", S2SI_KIND_INIT_COOKIE},
    {S2SI_IKE_SA_INIT, RESPONSE, "N(e) V", S2SI_KIND_INIT_ERROR},
    {S2SI_IKE_SA_INIT, RESPONSE, "N", S2SI_KIND_NONE},
    {S2SI_IKE_SA_INIT, RESPONSE, "SA KE", S2SI_KIND_NONE},
    {S2SI_IKE_SA_INIT, RESPONSE, "SA N(e)", S2SI_KIND_NONE},

    {S2SI_IKE_AUTH, REQUEST, "SK | IDi AUTH SA TSi TSr", S2SI_KIND_AUTH_REQUEST},
    {S2SI_IKE_AUTH, REQUEST, "SKF | IDi CERT CERT N CERTREQ IDr AUTH CP SA TSi TSr V", S2SI_KIND_AUTH_REQUEST},
    {S2SI_IKE_AUTH, REQUEST, "? SK | IDi AUTH SA TSi TSr ?", S2SI_KIND_AUTH_REQUEST},
    {S2SI_IKE_AUTH, REQUEST, "SK | IDi IDr AUTH N", S2SI_KIND_AUTH_REQUEST_CHILDLESS},
    {S2SI_IKE_AUTH, REQUEST, "SK | IDi AUTH SA TSi", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, REQUEST, "SK | IDi AUTH TSi TSr", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, REQUEST, "SK | AUTH SA TSi TSr", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, REQUEST, "SK | IDi SA TSi TSr", S2SI_KIND_NONE}, /* EAP */
    {S2SI_IKE_AUTH, REQUEST, "SK | IDi IDi AUTH SA TSi TSr", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, REQUEST, "SK | IDi AUTH AUTH SA TSi TSr", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, REQUEST, "SK | IDi AUTH SA TSi TSi TSr", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, REQUEST, "SK | IDi AUTH SA TSi TSr KE", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, REQUEST, "SK | IDi AUTH SA TSi TSr D", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, REQUEST, "IDi AUTH SA TSi TSr", S2SI_KIND_NONE}, /* in clear */
    {S2SI_IKE_AUTH, REQUEST, "AUTH SK | IDi SA TSi TSr", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, REQUEST, "N SK | IDi AUTH SA TSi TSr", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, RESPONSE, "SK | IDr AUTH SA TSi TSr", S2SI_KIND_AUTH_RESPONSE},
    {S2SI_IKE_AUTH, RESPONSE, "SK | IDr CERT AUTH CP N SA TSi TSr", S2SI_KIND_AUTH_RESPONSE},
    {S2SI_IKE_AUTH, RESPONSE, "SK | IDr AUTH N(e)", S2SI_KIND_AUTH_RESPONSE_NO_CHILD},
    {S2SI_IKE_AUTH, RESPONSE, "SK | N(e)", S2SI_KIND_AUTH_ERROR},
    {S2SI_IKE_AUTH, RESPONSE, "SK | IDr N(e)", S2SI_KIND_AUTH_ERROR},
    {S2SI_IKE_AUTH, RESPONSE, "SK | IDr SA TSi TSr", S2SI_KIND_NONE}, /* nothing authenticates it */
    {S2SI_IKE_AUTH, RESPONSE, "SK | N", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, RESPONSE, "SK | ", S2SI_KIND_NONE},
    {S2SI_IKE_AUTH, RESPONSE, "N(e)", S2SI_KIND_UNPROTECTED_ERROR},

    {S2SI_CREATE_CHILD_SA, REQUEST, "SK | SA Nonce TSi TSr", S2SI_KIND_CHILD_REQUEST},
    {S2SI_CREATE_CHILD_SA, REQUEST, "SK | N SA Nonce KE TSi TSr", S2SI_KIND_CHILD_REQUEST},
    {S2SI_CREATE_CHILD_SA, REQUEST, "SK | SA Nonce KE", S2SI_KIND_REKEY_IKE_REQUEST},
    {S2SI_CREATE_CHILD_SA, REQUEST, "SK | SA Nonce", S2SI_KIND_NONE},
    {S2SI_CREATE_CHILD_SA, REQUEST, "SK | SA Nonce KE TSi", S2SI_KIND_NONE},
    {S2SI_CREATE_CHILD_SA, REQUEST, "SK | SA Nonce KE KE TSi TSr", S2SI_KIND_NONE},
    {S2SI_CREATE_CHILD_SA, REQUEST, "SK | N(e)", S2SI_KIND_NONE},
    {S2SI_CREATE_CHILD_SA, RESPONSE, "SK | SA Nonce KE TSi TSr N", S2SI_KIND_CHILD_RESPONSE},
    {S2SI_CREATE_CHILD_SA, RESPONSE, "SK | SA Nonce KE", S2SI_KIND_REKEY_IKE_RESPONSE},
    {S2SI_CREATE_CHILD_SA, RESPONSE, "SK | N(e)", S2SI_KIND_CHILD_ERROR},
    {S2SI_CREATE_CHILD_SA, RESPONSE, "SK | SA N(e)", S2SI_KIND_NONE},

    {S2SI_INFORMATIONAL, REQUEST, "SK | ", S2SI_KIND_INFORMATIONAL_REQUEST},
    {S2SI_INFORMATIONAL, REQUEST, "SK | D D N CP V", S2SI_KIND_INFORMATIONAL_REQUEST},
    {S2SI_INFORMATIONAL, RESPONSE, "SK | D", S2SI_KIND_INFORMATIONAL_RESPONSE},
    {S2SI_INFORMATIONAL, REQUEST, "SK | SA", S2SI_KIND_NONE},
    {S2SI_INFORMATIONAL, REQUEST, "", S2SI_KIND_NONE},
    {S2SI_INFORMATIONAL, REQUEST, "D", S2SI_KIND_NONE}, /* a DELETE in clear */
    {S2SI_INFORMATIONAL, REQUEST, "N(e) D", S2SI_KIND_NONE},
    {S2SI_INFORMATIONAL, REQUEST, "N(e)", S2SI_KIND_UNPROTECTED_ERROR},
    {S2SI_INFORMATIONAL, REQUEST, "N(e) SK | D", S2SI_KIND_NONE},

    {S2SI_IKE_INTERMEDIATE, REQUEST, "SK | KE", S2SI_KIND_NONE},
    {240, REQUEST, "SK | ", S2SI_KIND_NONE},
    {S2SI_IKEV1_MAIN, REQUEST, "SA KE Nonce", S2SI_KIND_NONE},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < S2SI_COUNT(ROWS); i++) {
        enum s2si_message_kind kind;
        int result = check(ROWS[i].exchange, ROWS[i].response, ROWS[i].payloads, &kind);
        bool refused = result == S2S_ERR_MALFORMED && error.notify == S2SI_N_INVALID_SYNTAX;
        if (kind != ROWS[i].kind || (kind == S2SI_KIND_NONE ? !refused : result != 0)) {
            fail_msg("%s %s \"%s\": %d, kind %d", s2si_exchange_name(ROWS[i].exchange),
                     ROWS[i].response ? "response" : "request", ROWS[i].payloads, result, (int)kind);
        }
    }
}

static void test_response_without_spi(void **state)
{
    (void)state;
    enum s2si_message_kind kind;
    assert_int_equal(0, check(S2SI_IKE_SA_INIT, RESPONSE, "SA KE Nonce", &kind));
    message.header.spi_r = 0;
    assert_int_equal(S2S_ERR_MALFORMED, s2si_message_check(&message, &kind, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_response_without_spi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
