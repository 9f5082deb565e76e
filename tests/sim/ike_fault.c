/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/ike_fault.h"

#include <stdlib.h>

/* ---- keys ---- */

static void copy_secret(const struct s2si_secret *from, uint8_t *to, size_t *length)
{
    *length = from->length < 64 ? from->length : 64;
    if (*length > 0)
        memcpy(to, from->data, *length);
}

static void learn_sa(struct fault *fault, int end, const struct s2si_ike_sa *sa)
{
    if (sa->keys.ei.length == 0)
        return;
    for (size_t i = 0; i < FAULT_KEYS; i++) {
        if (fault->keys[end][i].used && fault->keys[end][i].spi_i == sa->spi_i && fault->keys[end][i].spi_r == sa->spi_r)
            return;
    }
    struct fault_keys *keys = &fault->keys[end][fault->learned[end]++ % FAULT_KEYS];
    *keys = (struct fault_keys){.used = true, .from_initiator = sa->initiator, .spi_i = sa->spi_i, .spi_r = sa->spi_r};
    keys->suite = (struct s2si_cipher_suite){sa->suite.encryption, sa->suite.integrity};
    keys->counter = (uint64_t)1 << 40;
    copy_secret(sa->initiator ? &sa->keys.ei : &sa->keys.er, keys->encryption, &keys->encryption_length);
    copy_secret(sa->initiator ? &sa->keys.ai : &sa->keys.ar, keys->integrity, &keys->integrity_length);
}

static void learn(struct fault *fault)
{
    for (int end = 0; end < 2; end++) {
        struct s2si_list *at;
        S2SI_LIST_EACH(at, &fault->pair->end[end].ike->sas)
        {
            learn_sa(fault, end, S2SI_CONTAINER(at, struct s2si_ike_sa, node));
        }
    }
}

static struct fault_keys *keys_of(struct fault *fault, int end, const struct s2si_ike_header *header)
{
    for (size_t i = 0; i < FAULT_KEYS; i++) {
        struct fault_keys *keys = &fault->keys[end][i];
        if (keys->used && keys->spi_i == header->spi_i && keys->spi_r == header->spi_r)
            return keys;
    }
    return NULL;
}

static bool sk_of(struct fault *fault, int end, const struct fault_keys *keys, bool encrypt, struct s2si_sk *sk)
{
    struct s2si_secret encryption = {(uint8_t *)(uintptr_t)keys->encryption, keys->encryption_length};
    struct s2si_secret integrity = {(uint8_t *)(uintptr_t)keys->integrity, keys->integrity_length};
    struct s2s_crypto_key key;
    return s2si_kdf_key(&keys->suite, &encryption, &integrity, &key) == 0 &&
           s2si_sk_init(sk, &fault->pair->end[end].crypto, &key, encrypt) == 0;
}

/* ---- from bytes to pieces ---- */

static uint8_t *room(struct fault_message *message, size_t length)
{
    if (length > FAULT_BYTES - message->used)
        abort();
    uint8_t *at = message->bytes + message->used;
    message->used += length;
    return at;
}

struct fault_payload *fault_insert(struct fault_message *message, size_t at, uint8_t type, const void *data,
                                   size_t length)
{
    if (message->count == FAULT_PAYLOADS)
        abort();
    at = at > message->count ? message->count : at;
    memmove(message->payloads + at + 1, message->payloads + at, (message->count - at) * sizeof message->payloads[0]);
    message->count++;
    struct fault_payload *payload = &message->payloads[at];
    *payload = (struct fault_payload){.type = type, .data = room(message, length), .length = length};
    if (length > 0)
        memcpy(payload->data, data, length);
    return payload;
}

void fault_remove(struct fault_message *message, struct fault_payload *payload)
{
    size_t at = (size_t)(payload - message->payloads);
    message->count--;
    memmove(payload, payload + 1, (message->count - at) * sizeof *payload);
}

uint8_t *fault_resize(struct fault_message *message, struct fault_payload *payload, size_t length)
{
    uint8_t *data = room(message, length);
    memset(data, 0, length);
    memcpy(data, payload->data, length < payload->length ? length : payload->length);
    payload->data = data;
    payload->length = length;
    return data;
}

struct fault_payload *fault_find(struct fault_message *message, uint8_t type)
{
    for (size_t i = 0; i < message->count; i++) {
        if (message->payloads[i].type == type)
            return &message->payloads[i];
    }
    return NULL;
}

struct fault_payload *fault_notify(struct fault_message *message, uint16_t type)
{
    for (size_t i = 0; i < message->count; i++) {
        struct fault_payload *payload = &message->payloads[i];
        if (payload->type == S2SI_PAYLOAD_NOTIFY && payload->length >= 4 && s2si_get_u16(payload->data + 2) == type)
            return payload;
    }
    return NULL;
}

/* @return false when this message cannot be looked into (fragments, unknown keys, not valid to begin with). */
static bool take_apart(struct fault *fault, int end, const struct pair_datagram *datagram, struct fault_message *out)
{
    static uint8_t plain[32768];
    struct s2si_message parsed;
    struct s2si_sk sk;
    out->count = out->outside = out->used = 0;
    out->in_clear = false;
    out->length_claim = out->broken = 0;
    if (datagram->length > sizeof plain || s2si_message_parse(datagram->data, datagram->length, &parsed, NULL) != 0 ||
        s2si_message_find(&parsed, S2SI_PAYLOAD_SKF, 0) != NULL)
        return false;
    out->header = parsed.header;
    out->sealed = s2si_message_find(&parsed, S2SI_PAYLOAD_SK, 0) != NULL;
    if (out->sealed) {
        const struct fault_keys *keys = keys_of(fault, end, &parsed.header);
        if (keys == NULL || !sk_of(fault, end, keys, false, &sk))
            return false;
        int result = s2si_sk_open(&sk, &parsed, plain, sizeof plain, NULL);
        s2si_sk_clear(&sk);
        if (result != 0)
            return false;
    }
    for (size_t i = 0; i < parsed.count; i++) {
        if (parsed.payloads[i].type != S2SI_PAYLOAD_SK)
            (void)fault_insert(out, out->count, parsed.payloads[i].type, parsed.payloads[i].data,
                               parsed.payloads[i].length);
    }
    return true;
}

/* ---- and back ---- */

/* Payloads from..to of the message; last is what the Next Payload field of the last one says. */
static void write_chain(const struct fault_message *message, size_t from, size_t to, uint8_t last,
                        struct s2si_writer *writer)
{
    for (size_t i = from; i < to; i++) {
        const struct fault_payload *payload = &message->payloads[i];
        s2si_write_u8(writer, i + 1 < to ? message->payloads[i + 1].type : last);
        s2si_write_u8(writer, payload->flags);
        s2si_write_u16(writer, (uint16_t)((int)payload->length + 4 + payload->claims));
        s2si_write_bytes(writer, payload->data, payload->length);
    }
}

static size_t write_clear(const struct fault_message *message, uint8_t *out, size_t capacity)
{
    struct s2si_writer writer = s2si_writer(out, capacity);
    struct s2si_ike_header header = message->header;
    header.next_payload = message->count > 0 ? message->payloads[0].type : 0;
    s2si_ike_header_write(&writer, &header);
    write_chain(message, 0, message->count, S2SI_PAYLOAD_NONE, &writer);
    s2si_patch_u32(&writer, 24, (uint32_t)((int)writer.length + message->length_claim));
    return writer.length;
}

/* The seal of the library knows no payload before SK: such a message is sealed by hand, its ICV over all of it. */
static size_t seal_behind(struct s2si_sk *sk, const struct fault_message *message, const uint8_t *chain, size_t length,
                          uint8_t *out, size_t capacity)
{
    struct s2si_writer writer = s2si_writer(out, capacity);
    struct s2si_ike_header header = message->header;
    size_t pad = (sk->block - (length + 1) % sk->block) % sk->block;
    header.next_payload = message->payloads[0].type;
    s2si_ike_header_write(&writer, &header);
    write_chain(message, 0, message->outside, S2SI_PAYLOAD_SK, &writer);
    s2si_write_u8(&writer, message->outside < message->count ? message->payloads[message->outside].type : 0);
    s2si_write_u8(&writer, 0);
    s2si_write_u16(&writer, (uint16_t)(4 + sk->iv_length + length + pad + 1 + sk->icv_length));
    size_t iv_at = writer.length;
    s2si_write_zeros(&writer, sk->iv_length);
    size_t data_at = writer.length;
    s2si_write_bytes(&writer, chain, length);
    s2si_write_zeros(&writer, pad);
    s2si_write_u8(&writer, (uint8_t)pad);
    size_t icv_at = writer.length;
    s2si_write_zeros(&writer, sk->icv_length);
    s2si_patch_u32(&writer, 24, (uint32_t)writer.length);
    struct s2s_crypto_op op = {.data = out + data_at, .length = icv_at - data_at, .iv = out + iv_at, .aad = out,
                               .aad_length = iv_at, .icv = out + icv_at};
    s2si_crypto_seal(sk->crypto, sk->transform, &op, 1);
    return writer.length;
}

static size_t seal(struct fault *fault, const struct fault_message *message, const struct s2si_ike_header *before,
                   uint8_t *out, size_t capacity)
{
    static uint8_t chain[FAULT_BYTES];
    struct s2si_writer writer = s2si_writer(chain, sizeof chain);
    struct fault_keys *keys = keys_of(fault, fault->end, before);
    struct s2si_sk sk;
    size_t length = 0;
    if (keys == NULL || !sk_of(fault, fault->end, keys, true, &sk))
        abort();
    sk.counter = keys->counter++;
    write_chain(message, message->outside, message->count, S2SI_PAYLOAD_NONE, &writer);
    uint8_t first = message->outside < message->count ? message->payloads[message->outside].type : 0;
    if (message->outside > 0)
        length = seal_behind(&sk, message, chain, writer.length, out, capacity);
    else if (s2si_sk_seal(&sk, &message->header, first, chain, writer.length, out, capacity, &length) != 0)
        abort();
    s2si_sk_clear(&sk);
    if (message->length_claim != 0)
        s2si_put_u32(out + 24, (uint32_t)((int)length + message->length_claim));
    if (message->broken > 0 && (size_t)message->broken <= length)
        out[length - (size_t)message->broken] ^= 0x55;
    return length;
}

/* What the faulty end signs is what it sent. */
static void own_up(struct fault *fault, const struct fault_message *message, const uint8_t *data, size_t length)
{
    struct pair_end *end = &fault->pair->end[fault->end];
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &end->ike->sas)
    {
        struct s2si_ike_sa *sa = S2SI_CONTAINER(at, struct s2si_ike_sa, node);
        if (sa->auth == NULL || sa->spi_i != message->header.spi_i)
            continue;
        if (message->header.exchange == S2SI_IKE_SA_INIT)
            (void)s2si_secret_set(&end->mem, sa->initiator ? &sa->auth->request : &sa->auth->response, data, length);
    }
}

static void change(struct fault *fault, struct pair_datagram *datagram)
{
    static struct fault_message message;
    static uint8_t wire[FAULT_BYTES];
    if (!take_apart(fault, fault->end, datagram, &message))
        return;
    struct s2si_ike_header before = message.header;
    if (!fault->edit(&message, fault->row))
        return;
    fault->hits++;
    size_t length = message.sealed && !message.in_clear ? seal(fault, &message, &before, wire, sizeof wire)
                                                        : write_clear(&message, wire, sizeof wire);
    if (!message.sealed)
        own_up(fault, &message, wire, length);
    free(datagram->data);
    datagram->data = malloc(length);
    if (datagram->data == NULL)
        abort();
    memcpy(datagram->data, wire, length);
    datagram->length = length;
}

/* ---- what the honest end says ---- */

static uint16_t error_of(struct fault_message *message, uint8_t *data)
{
    for (size_t i = 0; i < message->count; i++) {
        const struct fault_payload *payload = &message->payloads[i];
        if (payload->type != S2SI_PAYLOAD_NOTIFY || payload->length < 4)
            continue;
        uint16_t type = s2si_get_u16(payload->data + 2);
        if (type < S2SI_N_FIRST_STATUS) {
            *data = payload->length > 4 ? payload->data[4] : 0;
            return type;
        }
    }
    return 0;
}

static void observe(struct fault *fault, const struct pair_datagram *datagram)
{
    static struct fault_message message;
    uint8_t data = 0;
    if (!take_apart(fault, datagram->from, datagram, &message))
        return;
    uint16_t error = error_of(&message, &data);
    if (!message.sealed && datagram->exchange != S2SI_IKE_SA_INIT)
        fault->cleartext++;
    if (datagram->response) {
        fault->answers += datagram->exchange == fault->exchange ? 1u : 0u;
        if (error != 0 && (datagram->exchange == fault->exchange || fault->notify == 0)) {
            fault->notify = error;
            fault->notify_data = data;
        }
    } else if (datagram->exchange == S2SI_INFORMATIONAL) {
        const struct fault_payload *payload = fault_find(&message, S2SI_PAYLOAD_DELETE);
        fault->says_delete = fault->says_delete || (payload != NULL && payload->data[0] == S2SI_PROTOCOL_IKE);
        fault->says_error = error != 0 ? error : fault->says_error;
    }
}

static void keep(struct fault *fault, const struct pair_datagram *datagram)
{
    if (fault->keeps == FAULT_KEPT)
        return;
    struct pair_datagram *copy = &fault->kept[fault->keeps++];
    *copy = *datagram;
    copy->data = malloc(datagram->length);
    if (copy->data == NULL)
        abort();
    memcpy(copy->data, datagram->data, datagram->length);
}

static int judge(struct pair *pair, const struct pair_datagram *datagram)
{
    struct fault *fault = pair->judge_user;
    struct pair_datagram *mutable = &pair->flight[datagram - pair->flight];
    learn(fault);
    if (datagram->from != fault->end) {
        if (fault->active)
            observe(fault, datagram);
        return 1;
    }
    bool meant = datagram->exchange == fault->exchange && datagram->response == fault->response;
    if (fault->active && fault->edit != NULL && meant)
        change(fault, mutable);
    int verdict = 1;
    if (fault->active && fault->delivery != NULL) {
        keep(fault, datagram);
        verdict = fault->delivery(fault, datagram);
    }
    return verdict;
}

void fault_bind(struct fault *fault, struct pair *pair, int end)
{
    memset(fault, 0, sizeof *fault);
    fault->pair = pair;
    fault->end = end;
    pair->judge = judge;
    pair->judge_user = fault;
}

void fault_forget(struct fault *fault)
{
    for (size_t i = 0; i < fault->keeps; i++)
        free(fault->kept[i].data);
    fault->keeps = 0;
}
