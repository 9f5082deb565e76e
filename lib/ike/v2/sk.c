/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/ike/v2/sk.h"

#include <string.h>

enum { SKF_HEADER_LENGTH = 4 /* fragment number, total fragments: RFC 7383 section 2.5 */ };

int s2si_sk_init(struct s2si_sk *sk, struct s2si_crypto *crypto, const struct s2s_crypto_key *key, bool encrypt)
{
    *sk = (struct s2si_sk){.crypto = crypto};
    const struct s2s_algorithm_info *encryption = s2s_algorithm_info(key->encryption);
    const struct s2s_algorithm_info *integrity = s2s_algorithm_info(key->integrity);
    if (encryption == NULL || (!encryption->aead && integrity == NULL)) {
        return S2S_ERR_INVALID;
    }
    sk->aead = encryption->aead;
    sk->iv_length = (uint8_t)encryption->iv_length;
    sk->icv_length = (uint8_t)(sk->aead ? encryption->icv_length : integrity->icv_length);
    sk->block = sk->aead || encryption->block_length == 0 ? 1 : (uint8_t)encryption->block_length;
    return s2si_crypto_transform_new(crypto, key, encrypt, &sk->transform);
}

void s2si_sk_clear(struct s2si_sk *sk)
{
    if (sk->transform != NULL) {
        s2si_crypto_transform_free(sk->crypto, sk->transform);
    }
    *sk = (struct s2si_sk){0};
}

/* Padding so that chain, padding and the Pad Length byte fill whole blocks; none with AEAD (RFC 5282 section 3). */
static size_t pad_length(const struct s2si_sk *sk, size_t chain_length)
{
    return (sk->block - (chain_length + 1) % sk->block) % sk->block;
}

static size_t sealed_length(const struct s2si_sk *sk, size_t chain_length, size_t extra)
{
    return S2SI_IKE_HEADER_LENGTH + S2SI_PAYLOAD_HEADER_LENGTH + extra + sk->iv_length + chain_length +
           pad_length(sk, chain_length) + 1 + sk->icv_length;
}

size_t s2si_sk_sealed_length(const struct s2si_sk *sk, size_t chain_length)
{
    return sealed_length(sk, chain_length, 0);
}

/* AEAD: a counter, so that a nonce never repeats (RFC 5282 section 3.1). CBC: not to be foreseen (RFC 7296 3.14). */
static int iv_next(struct s2si_sk *sk, uint8_t *iv)
{
    if (!sk->aead) {
        return sk->iv_length == 0 ? 0 : s2si_crypto_random(sk->crypto, iv, sk->iv_length);
    }
    if (sk->counter == UINT64_MAX || sk->iv_length != 8) {
        return S2S_ERR_CRYPTO;
    }
    s2si_put_u64(iv, sk->counter++);
    return 0;
}

/* What differs between SK and SKF. */
struct envelope {
    uint8_t type, first;
    uint16_t number, total; /* SKF */
};

static void envelope_write(struct s2si_writer *writer, const struct s2si_ike_header *header,
                           const struct envelope *envelope, size_t length)
{
    struct s2si_ike_header outer = *header;
    outer.next_payload = envelope->type;
    outer.length = (uint32_t)length;
    s2si_ike_header_write(writer, &outer);
    s2si_write_u8(writer, envelope->first);
    s2si_write_u8(writer, 0);
    s2si_write_u16(writer, (uint16_t)(length - S2SI_IKE_HEADER_LENGTH));
    if (envelope->type == S2SI_PAYLOAD_SKF) {
        s2si_write_u16(writer, envelope->number);
        s2si_write_u16(writer, envelope->total);
    }
}

/*
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   | Next Payload  |C|  RESERVED   |         Payload Length        |  \
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+   > associated data, from the IKE header on
 *   | SKF: Fragment Number          |        Total Fragments        |  /   (RFC 5282 section 5.1, RFC 7383 section 2.5)
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |                     Initialization Vector                     |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   ~                    Encrypted IKE Payloads                     ~
 *   +               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   |               |             Padding (0-255 octets)            |
 *   +-+-+-+-+-+-+-+-+                               +-+-+-+-+-+-+-+-+
 *   |                                               |  Pad Length   |
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *   ~                    Integrity Checksum Data                    ~
 *   +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *          RFC 7296 section 3.14, figure 21; without AEAD the ICV covers all that stands before it
 */
static int seal(struct s2si_sk *sk, const struct s2si_ike_header *header, const struct envelope *envelope,
                const uint8_t *chain, size_t chain_length, uint8_t *out, size_t capacity, size_t *length)
{
    size_t extra = envelope->type == S2SI_PAYLOAD_SKF ? SKF_HEADER_LENGTH : 0;
    *length = sealed_length(sk, chain_length, extra);
    if (*length > capacity || *length > UINT16_MAX) {
        return S2S_ERR_BUFFER;
    }
    struct s2si_writer writer = s2si_writer(out, capacity);
    envelope_write(&writer, header, envelope, *length);
    size_t iv_at = writer.length;
    int result = iv_next(sk, out + iv_at);
    if (result != 0) {
        return result;
    }
    writer.length += sk->iv_length;
    size_t data_at = writer.length;
    size_t pad = pad_length(sk, chain_length);
    s2si_write_bytes(&writer, chain, chain_length);
    s2si_write_zeros(&writer, pad);
    s2si_write_u8(&writer, (uint8_t)pad);
    struct s2s_crypto_op op = {.data = out + data_at,
                               .length = chain_length + pad + 1,
                               .iv = out + iv_at,
                               .aad = out,
                               .aad_length = iv_at,
                               .icv = out + *length - sk->icv_length};
    s2si_crypto_seal(sk->crypto, sk->transform, &op, 1);
    return op.result;
}

int s2si_sk_seal(struct s2si_sk *sk, const struct s2si_ike_header *header, uint8_t first, const uint8_t *chain,
                 size_t chain_length, uint8_t *out, size_t capacity, size_t *length)
{
    struct envelope envelope = {.type = S2SI_PAYLOAD_SK, .first = first};
    return seal(sk, header, &envelope, chain, chain_length, out, capacity, length);
}

size_t s2si_skf_room(const struct s2si_sk *sk, size_t message_size)
{
    size_t fixed = (size_t)S2SI_IKE_HEADER_LENGTH + S2SI_PAYLOAD_HEADER_LENGTH + SKF_HEADER_LENGTH + sk->iv_length +
                   sk->icv_length;
    if (message_size <= fixed) {
        return 0;
    }
    size_t blocks = (message_size - fixed) / sk->block * sk->block;
    return blocks == 0 ? 0 : blocks - 1;
}

size_t s2si_skf_count(const struct s2si_sk *sk, size_t chain_length, size_t message_size)
{
    size_t room = s2si_skf_room(sk, message_size);
    size_t count = room == 0 ? 0 : (chain_length + room - 1) / room;
    return count > UINT16_MAX ? 0 : count;
}

int s2si_skf_seal(struct s2si_sk *sk, const struct s2si_ike_header *header, uint8_t first, const uint8_t *chain,
                  size_t chain_length, size_t message_size, uint16_t number, uint8_t *out, size_t capacity,
                  size_t *length)
{
    size_t room = s2si_skf_room(sk, message_size);
    size_t total = s2si_skf_count(sk, chain_length, message_size);
    if (number == 0 || number > total) {
        return S2S_ERR_INVALID;
    }
    size_t start = (number - 1u) * room;
    size_t left = chain_length - start;
    struct envelope envelope = {.type = S2SI_PAYLOAD_SKF,
                                .first = number == 1 ? first : (uint8_t)S2SI_PAYLOAD_NONE,
                                .number = number,
                                .total = (uint16_t)total};
    return seal(sk, header, &envelope, chain + start, left < room ? left : room, out, capacity, length);
}

/* Verifies and decrypts what stands behind the payload header (and, SKF, its own) into scratch. */
static int unseal(struct s2si_sk *sk, const struct s2si_message *message, const struct s2si_payload *payload,
                  size_t extra, uint8_t *scratch, size_t capacity, struct s2s_span *plain)
{
    size_t overhead = extra + sk->iv_length + sk->icv_length;
    if (payload->length <= overhead || (payload->length - overhead) % sk->block != 0) {
        return S2S_ERR_MALFORMED;
    }
    if (capacity < payload->length) {
        return S2S_ERR_BUFFER;
    }
    const uint8_t *iv = payload->data + extra;
    size_t length = payload->length - overhead;
    memcpy(scratch, iv + sk->iv_length, length + sk->icv_length);
    struct s2s_crypto_op op = {.data = scratch,
                               .length = length,
                               .iv = iv,
                               .aad = message->data,
                               .aad_length = (size_t)(iv - message->data),
                               .icv = scratch + length};
    s2si_crypto_open_ops(sk->crypto, sk->transform, &op, 1);
    if (op.result != 0) {
        return op.result;
    }
    /* The content of the padding is the sender's choice; only its length can be wrong. */
    size_t tail = (size_t)scratch[length - 1] + 1;
    *plain = (struct s2s_span){.data = scratch, .length = tail > length ? 0 : length - tail};
    return tail > length ? S2S_ERR_UNEXPECTED : 0;
}

static const struct s2si_payload *protected_payload(const struct s2si_message *message, uint8_t type)
{
    const struct s2si_payload *last = message->count == 0 ? NULL : &message->payloads[message->count - 1];
    return last != NULL && last->type == type ? last : NULL;
}

int s2si_sk_open(struct s2si_sk *sk, struct s2si_message *message, uint8_t *scratch, size_t capacity,
                 struct s2si_message_error *error)
{
    struct s2s_span plain;
    const struct s2si_payload *payload = protected_payload(message, S2SI_PAYLOAD_SK);
    if (payload == NULL) {
        return s2si_message_fail(error, S2S_ERR_MALFORMED, S2SI_N_NONE, 0, "no SK payload");
    }
    int result = unseal(sk, message, payload, 0, scratch, capacity, &plain);
    if (result == S2S_ERR_UNEXPECTED) {
        return s2si_message_fail(error, S2S_ERR_MALFORMED, S2SI_N_INVALID_SYNTAX, S2SI_PAYLOAD_SK,
                                 "Pad Length longer than the content");
    }
    if (result != 0) {
        return s2si_message_fail(error, result, S2SI_N_NONE, S2SI_PAYLOAD_SK, "SK payload does not verify");
    }
    return s2si_message_parse_chain(message, payload->next, plain.data, plain.length, error);
}

int s2si_skf_decode(const struct s2si_message *message, struct s2si_skf *out)
{
    const struct s2si_payload *payload = protected_payload(message, S2SI_PAYLOAD_SKF);
    if (payload == NULL) {
        return S2S_ERR_MALFORMED;
    }
    struct s2si_reader reader = s2si_reader(payload->data, payload->length);
    *out = (struct s2si_skf){.first = payload->next};
    out->number = s2si_read_u16(&reader);
    out->total = s2si_read_u16(&reader);
    if (reader.failed || out->number == 0 || out->number > out->total ||
        (out->number == 1) != (out->first != S2SI_PAYLOAD_NONE)) {
        return S2S_ERR_MALFORMED;
    }
    return 0;
}

int s2si_skf_open(struct s2si_sk *sk, const struct s2si_message *message, uint8_t *scratch, size_t capacity,
                  struct s2si_skf *out)
{
    int result = s2si_skf_decode(message, out);
    if (result != 0) {
        return result;
    }
    const struct s2si_payload *payload = protected_payload(message, S2SI_PAYLOAD_SKF);
    result = unseal(sk, message, payload, SKF_HEADER_LENGTH, scratch, capacity, &out->data);
    return result == S2S_ERR_UNEXPECTED ? S2S_ERR_MALFORMED : result;
}
