/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/ike_pair.h"

#include <stdio.h>
#include <stdlib.h>

static void proposal_add(struct s2si_proposal *proposal, unsigned type, enum s2s_algorithm algorithm)
{
    proposal->algorithms[type][proposal->count[type]++] = (uint16_t)algorithm;
}

static void default_proposals(struct pair_end *end)
{
    struct s2si_proposal *ike = &end->ike_list.items[0], *esp = &end->esp_list.items[0];
    end->config.ike = &end->ike_list;
    end->config.esp = &end->esp_list;
    end->ike_list.count = end->esp_list.count = 1;
    ike->number = esp->number = 1;
    ike->protocol = S2SI_PROTOCOL_IKE;
    esp->protocol = S2SI_PROTOCOL_ESP;
    proposal_add(ike, S2SI_TRANSFORM_ENCR, S2S_AES128_CBC);
    proposal_add(ike, S2SI_TRANSFORM_PRF, S2S_PRF_HMAC_SHA2_256);
    proposal_add(ike, S2SI_TRANSFORM_INTEG, S2S_HMAC_SHA2_256_128);
    proposal_add(ike, S2SI_TRANSFORM_KE, S2S_CURVE25519);
    proposal_add(esp, S2SI_TRANSFORM_ENCR, S2S_AES128_GCM16);
    proposal_add(esp, S2SI_TRANSFORM_KE, S2S_CURVE25519);
    proposal_add(esp, S2SI_TRANSFORM_ESN, S2S_NO_ESN);
}

static void selector(const char *text, struct s2s_selector *out)
{
    struct s2s_prefix prefix;
    (void)s2s_prefix_parse(text, &prefix);
    s2s_selector_from_prefix(&prefix, out);
}

static void default_config(struct pair_end *end, const struct pair_end *other)
{
    struct s2si_ike_peer_config *config = &end->config;
    s2si_ike_peer_config_init(config);
    config->owner = (uint64_t)end->index + 1;
    config->name = end->index == 0 ? "a" : "b";
    config->local = end->address;
    config->remote = other->address;
    s2si_identity_from_addr(&end->address, &end->local_id);
    s2si_identity_from_addr(&other->address, &end->remote_id);
    config->local_id = &end->local_id;
    config->remote_id = &end->remote_id;
    config->psk = (const uint8_t *)"a secret of both ends";
    config->psk_length = strlen("a secret of both ends");
    default_proposals(end);
    config->local_ts = end->local_ts;
    config->remote_ts = end->remote_ts;
    selector(end->index == 0 ? "10.0.0.0/16" : "10.1.0.0/16", &end->local_ts[0]);
    selector(end->index == 0 ? "10.1.0.0/16" : "10.0.0.0/16", &end->remote_ts[0]);
    config->local_ts_count = config->remote_ts_count = 1;
}

void ike_pair_init(struct pair *pair)
{
    memset(pair, 0, sizeof *pair);
    pair->now = 1000 * PAIR_SECOND;
    pair->nat_shift = 10000;
    pair->provider = s2s_crypto_test();
    pair->verbose = getenv("PAIR_VERBOSE") != NULL;
    s2si_ike_limits_init(&pair->limits);
    (void)s2s_addr_parse("192.0.2.1", &pair->end[0].address);
    (void)s2s_addr_parse("198.51.100.1", &pair->end[1].address);
    for (int i = 0; i < 2; i++) {
        pair->end[i].pair = pair;
        pair->end[i].index = i;
        pair->end[i].next_spi = i == 0 ? 0xa0000001 : 0xb0000001;
    }
    (void)s2s_addr_parse("203.0.113.7", &pair->end[0].seen_as);
    default_config(&pair->end[0], &pair->end[1]);
    default_config(&pair->end[1], &pair->end[0]);
}

static void log_line(void *user, const struct s2s_log_line *line)
{
    const struct pair_end *end = user;
    if (end->pair->verbose)
        printf("%8.3f %c %s\n", (double)(end->pair->now - 1000 * PAIR_SECOND) / 1e9, 'a' + end->index, line->text);
}

static int start_end(struct pair_end *end)
{
    int result = s2si_mem_init(&end->mem, end->allocator);
    if (result == 0)
        result = s2si_crypto_open(&end->crypto, end->pair->provider, &end->mem.table);
    if (result != 0)
        return result;
    if (end->pair->provider == s2s_crypto_test())
        (void)s2s_crypto_test_reseed(end->crypto.context, 100 + (uint64_t)end->index);
    end->log = (struct s2si_log){log_line, end, S2S_LOG_DEBUG};
    struct s2si_ike_params params = {
        .mem = &end->mem, .log = &end->log, .crypto = &end->crypto, .limits = end->pair->limits};
    end->ike = s2si_ike_new(&params);
    if (end->ike == NULL)
        return S2S_ERR_NO_MEMORY;
    return s2si_ike_peer_add(end->ike, &end->config, end->pair->now, &end->peer);
}

static void drop_pending(struct pair_end *end)
{
    for (size_t i = 0; i < PAIR_PENDING; i++) {
        if (end->pending[i].used && end->pending[i].kind == PENDING_JOB)
            s2si_ike_job_done(end->ike, end->pending[i].job, end->pair->now);
        end->pending[i].used = false;
    }
}

static void forget_end(struct pair_end *end)
{
    if (end->ike != NULL)
        drop_pending(end);
    s2si_ike_free(end->ike);
    end->ike = NULL;
    s2s_esp_free(end->esp);
    end->esp = NULL;
    s2si_crypto_close(&end->crypto);
}

void ike_pair_restart(struct pair *pair, int index)
{
    struct pair_end *end = &pair->end[index];
    forget_end(end);
    end->sa_count = 0;
    if (start_end(end) != 0)
        abort();
    (void)s2s_crypto_test_reseed(end->crypto.context, 1000 + pair->sent);
}

int ike_pair_start(struct pair *pair)
{
    int result = start_end(&pair->end[0]);
    return result != 0 ? result : start_end(&pair->end[1]);
}

void ike_pair_stop(struct pair *pair)
{
    for (size_t i = 0; i < PAIR_FLIGHT; i++) {
        if (pair->flight[i].used)
            ike_pair_drop(pair, &pair->flight[i]);
    }
    for (int i = 0; i < 2; i++)
        forget_end(&pair->end[i]);
}

/* ---- the kernel of an end ---- */

static struct pair_sa *sa_of(struct pair_end *end, uint64_t child)
{
    for (size_t i = 0; i < end->sa_count; i++) {
        if (end->sas[i].child == child)
            return &end->sas[i];
    }
    if (end->sa_count == PAIR_SAS)
        abort();
    end->sas[end->sa_count] = (struct pair_sa){.child = child};
    return &end->sas[end->sa_count++];
}

static const uint8_t *key_or_null(const struct s2si_secret *key)
{
    return key->length != 0 ? key->data : NULL;
}

/* The ESP engine is made with the first SA: most tests of messages alone never need one. */
static void make_esp(struct pair_end *end)
{
    struct s2s_esp_params params;
    s2s_esp_params_init(&params, sizeof params);
    params.provider = end->pair->esp_provider != NULL ? end->pair->esp_provider : end->pair->provider;
    params.max_sas = PAIR_SAS;
    if (s2s_esp_new(&params, &end->esp) != 0)
        abort();
}

static void esp_add(struct pair_end *end, const struct s2si_ike_child *child, bool inbound, s2s_esp_sa *out)
{
    const struct s2si_secret *key = inbound ? &child->key_in : &child->key_out;
    const struct s2si_secret *integrity = inbound ? &child->integ_in : &child->integ_out;
    struct s2s_esp_sa_params params;
    s2s_esp_sa_params_init(&params, sizeof params);
    params.direction = inbound ? S2S_ESP_INBOUND : S2S_ESP_OUTBOUND;
    params.spi = inbound ? child->spi_in : child->spi_out;
    params.encryption = child->suite.encryption;
    params.integrity = child->suite.integrity;
    params.encryption_key = key->data;
    params.encryption_key_length = key->length;
    params.salt = child->suite.integrity == S2S_ALG_NONE ? inbound ? child->salt_in : child->salt_out : NULL;
    params.salt_length = params.salt != NULL ? sizeof child->salt_in : 0;
    params.integrity_key = key_or_null(integrity);
    params.integrity_key_length = integrity->length;
    params.esn = child->suite.esn;
    params.encapsulation = child->udp_encapsulation ? S2S_ESP_UDP : S2S_ESP_RAW;
    params.local = child->local;
    params.remote = child->remote;
    params.local_selectors = child->local_ts;
    params.local_selector_count = child->local_ts_count;
    params.remote_selectors = child->remote_ts;
    params.remote_selector_count = child->remote_ts_count;
    if (end->esp == NULL)
        make_esp(end);
    if (s2s_esp_sa_add(end->esp, &params, out) != 0)
        abort();
}

static void esp_delete(struct pair_end *end, s2s_esp_sa *sa)
{
    if (*sa != 0 && s2s_esp_sa_delete(end->esp, *sa) != 0)
        abort();
    *sa = 0;
}

static void carry_out(struct pair_end *end, uint64_t id, bool inbound, bool install)
{
    struct pair_sa *sa = sa_of(end, id);
    int *refusals = inbound ? &end->refuse_in : &end->refuse_out;
    if (install && *refusals > 0) {
        (*refusals)--;
        s2si_ike_child_result(end->ike, id, inbound, false, S2S_ERR_KERNEL, end->pair->now);
        return;
    }
    const struct s2si_ike_child *child = s2si_ike_child_get(end->ike, id);
    if (install && child != NULL) {
        sa->spi_in = child->spi_in;
        sa->spi_out = child->spi_out;
        if ((inbound ? sa->esp_in : sa->esp_out) == 0)
            esp_add(end, child, inbound, inbound ? &sa->esp_in : &sa->esp_out);
    } else if (!install) {
        esp_delete(end, inbound ? &sa->esp_in : &sa->esp_out);
    }
    if (inbound)
        sa->in = install;
    else
        sa->out = install;
    s2si_ike_child_result(end->ike, id, inbound, install, 0, end->pair->now);
}

static void pend(struct pair_end *end, struct pair_pending pending)
{
    for (size_t i = 0; i < PAIR_PENDING; i++) {
        if (!end->pending[i].used) {
            end->pending[i] = pending;
            end->pending[i].used = true;
            end->pending[i].since = end->pair->delivered;
            return;
        }
    }
    abort();
}

static void direction(struct pair_end *end, uint64_t id, bool inbound, bool want, bool have)
{
    if (want == have)
        return;
    if (end->late_kernel)
        pend(end, (struct pair_pending){.kind = PENDING_INSTALL, .child = id, .inbound = inbound, .install = want});
    else
        carry_out(end, id, inbound, want);
}

static void dirty(struct pair_end *end, uint64_t id)
{
    const struct s2si_ike_child *child = s2si_ike_child_get(end->ike, id);
    bool in = child != NULL && child->want_in, out = child != NULL && child->want_out;
    struct pair_sa *sa = sa_of(end, id);
    if (end->pair->verbose)
        printf("         %c child %llu in %d out %d\n", 'a' + end->index, (unsigned long long)id, in, out);
    direction(end, id, true, in, sa->in);
    direction(end, id, false, out, sa->out);
}

/* ---- completions ---- */

static void complete(struct pair_end *end, struct pair_pending pending)
{
    switch (pending.kind) {
    case PENDING_JOB:
        s2si_ike_job_run(pending.job);
        s2si_ike_job_done(end->ike, pending.job, end->pair->now);
        break;
    case PENDING_SPI:
        if (end->refuse_spi > 0) {
            end->refuse_spi--;
            s2si_ike_spi_done(end->ike, pending.op, 0, S2S_ERR_KERNEL, end->pair->now);
        } else {
            s2si_ike_spi_done(end->ike, pending.op, end->next_spi++, 0, end->pair->now);
        }
        break;
    default:
        carry_out(end, pending.child, pending.inbound, pending.install);
    }
}

size_t ike_pair_complete_one(struct pair *pair, int index, enum pair_pending_kind kind)
{
    struct pair_end *end = &pair->end[index];
    for (size_t i = 0; i < PAIR_PENDING; i++) {
        if (end->pending[i].used && end->pending[i].kind == kind) {
            end->pending[i].used = false;
            complete(end, end->pending[i]);
            ike_pair_pump(pair, index);
            return 1;
        }
    }
    return 0;
}

size_t ike_pair_complete(struct pair *pair, int index)
{
    size_t done = 0;
    for (enum pair_pending_kind kind = PENDING_JOB; kind <= PENDING_INSTALL;) {
        if (ike_pair_complete_one(pair, index, kind) != 0) {
            done++;
            kind = PENDING_JOB;
        } else {
            kind++;
        }
    }
    return done;
}

size_t ike_pair_complete_older(struct pair *pair, int index, unsigned deliveries)
{
    struct pair_end *end = &pair->end[index];
    size_t done = 0;
    for (size_t i = 0; i < PAIR_PENDING; i++) {
        if (!end->pending[i].used || pair->delivered - end->pending[i].since < deliveries)
            continue;
        end->pending[i].used = false;
        complete(end, end->pending[i]);
        ike_pair_pump(pair, index);
        done++;
    }
    return done;
}

/* ---- datagrams ---- */

static void translate(struct pair *pair, struct pair_datagram *datagram)
{
    if (!pair->nat)
        return;
    if (datagram->from == 0) {
        datagram->source.addr = pair->end[0].seen_as;
        datagram->source.port = (uint16_t)(datagram->source.port + pair->nat_shift);
    } else {
        datagram->destination.addr = pair->end[0].address;
        datagram->destination.port = (uint16_t)(datagram->destination.port - pair->nat_shift);
    }
}

static void send(struct pair_end *end, const struct s2si_ike_output *out)
{
    struct pair *pair = end->pair;
    size_t marker = out->length > 4 && out->local.port == end->config.natt_port ? 4 : 0;
    if (out->length == 1)
        return;                         /* NAT keepalive */
    if (pair->flights == PAIR_FLIGHT) { /* close the gaps */
        size_t kept = 0;
        for (size_t i = 0; i < PAIR_FLIGHT; i++) {
            if (pair->flight[i].used)
                pair->flight[kept++] = pair->flight[i];
        }
        for (size_t i = kept; i < PAIR_FLIGHT; i++)
            pair->flight[i].used = false;
        pair->flights = kept;
    }
    if (pair->flights == PAIR_FLIGHT)
        return;
    struct pair_datagram *datagram = &pair->flight[pair->flights++];
    *datagram =
        (struct pair_datagram){.used = true, .from = end->index, .source = out->local, .destination = out->remote};
    datagram->length = out->length - marker;
    datagram->data = malloc(datagram->length);
    if (datagram->data == NULL)
        abort();
    memcpy(datagram->data, out->data + marker, datagram->length);
    datagram->exchange = datagram->data[18];
    datagram->response = (datagram->data[19] & S2SI_IKE_FLAG_RESPONSE) != 0;
    datagram->id = s2si_get_u32(datagram->data + 20);
    translate(pair, datagram);
    pair->sent++;
    if (pair->verbose)
        printf("%8.3f %s %s %s %u (%zu)\n", (double)(pair->now - 1000 * PAIR_SECOND) / 1e9,
               end->index == 0 ? "a -->" : "<-- b", s2si_exchange_name(datagram->exchange),
               datagram->response ? "response" : "request", datagram->id, datagram->length);
}

static void note(struct pair_end *end, const struct s2si_ike_output *out)
{
    if (end->pair->verbose)
        printf("         %c event %d reason %d notify %u %s\n", 'a' + end->index, (int)out->event, (int)out->reason,
               out->notify, out->detail);
    if (end->event_count < PAIR_EVENTS)
        end->events[end->event_count++] =
            (struct pair_event){out->event, out->reason, out->notify, out->rekeyed, out->spi_in};
}

void ike_pair_pump(struct pair *pair, int index)
{
    struct pair_end *end = &pair->end[index];
    struct s2si_ike_output out;
    while (s2si_ike_next_output(end->ike, &out)) {
        struct pair_pending pending = {.used = true, .job = out.job, .op = out.op};
        switch (out.type) {
        case S2SI_IKE_SEND:
            send(end, &out);
            break;
        case S2SI_IKE_JOB:
        case S2SI_IKE_SPI_NEEDED:
            pending.kind = out.type == S2SI_IKE_JOB ? PENDING_JOB : PENDING_SPI;
            if (pending.kind == PENDING_JOB ? end->late_jobs : end->late_spi)
                pend(end, pending);
            else
                complete(end, pending);
            break;
        case S2SI_IKE_CHILD_DIRTY:
            dirty(end, out.child);
            break;
        default:
            note(end, &out);
        }
    }
}

struct pair_datagram *ike_pair_next(struct pair *pair, int from)
{
    for (size_t i = 0; i < pair->flights; i++) {
        if (pair->flight[i].used && pair->flight[i].from == from)
            return &pair->flight[i];
    }
    return NULL;
}

struct pair_datagram *ike_pair_find(struct pair *pair, int from, uint8_t exchange, bool response)
{
    for (size_t i = 0; i < pair->flights; i++) {
        struct pair_datagram *datagram = &pair->flight[i];
        if (datagram->used && datagram->from == from && datagram->exchange == exchange &&
            datagram->response == response)
            return datagram;
    }
    return NULL;
}

void ike_pair_drop(struct pair *pair, struct pair_datagram *datagram)
{
    free(datagram->data);
    datagram->used = false;
    while (pair->flights > 0 && !pair->flight[pair->flights - 1].used)
        pair->flights--;
}

void ike_pair_copy(struct pair *pair, const struct pair_datagram *datagram)
{
    struct pair_end *to = &pair->end[1 - datagram->from];
    uint8_t *data = malloc(datagram->length); /* of exactly its size, so that the sanitizer sees reads beyond it */
    if (data == NULL)
        abort();
    memcpy(data, datagram->data, datagram->length);
    s2si_ike_feed(to->ike, &datagram->destination, &datagram->source, data, datagram->length, pair->now);
    free(data);
    ike_pair_pump(pair, to->index);
}

void ike_pair_deliver(struct pair *pair, struct pair_datagram *datagram)
{
    struct pair_datagram taken = *datagram;
    datagram->data = NULL;
    ike_pair_drop(pair, datagram);
    taken.used = true;
    pair->delivered++;
    ike_pair_copy(pair, &taken);
    free(taken.data);
}

void ike_pair_tick(struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        s2si_ike_tick(pair->end[i].ike, pair->now);
        ike_pair_pump(pair, i);
    }
}

static struct pair_datagram *oldest(struct pair *pair)
{
    for (size_t i = 0; i < pair->flights; i++) {
        if (pair->flight[i].used)
            return &pair->flight[i];
    }
    return NULL;
}

void ike_pair_run(struct pair *pair)
{
    struct pair_datagram *datagram;
    ike_pair_tick(pair);
    for (int round = 0; round < 2000 && (datagram = oldest(pair)) != NULL; round++) {
        int times = pair->judge == NULL ? 1 : pair->judge(pair, datagram);
        if (times == 0) {
            ike_pair_drop(pair, datagram);
            continue;
        }
        for (int i = 1; i < times; i++)
            ike_pair_copy(pair, datagram);
        ike_pair_deliver(pair, datagram);
        ike_pair_tick(pair);
    }
}

void ike_pair_wait(struct pair *pair, s2s_time time)
{
    s2s_time end = pair->now + time;
    ike_pair_run(pair);
    for (int round = 0; round < 200000 && pair->now < end; round++) {
        s2s_time next = end;
        for (int i = 0; i < 2; i++) {
            s2s_time at = s2si_ike_next_timeout(pair->end[i].ike);
            if (at < next)
                next = at;
        }
        pair->now = next > pair->now ? next : pair->now;
        ike_pair_run(pair);
    }
}

void ike_pair_up(struct pair *pair)
{
    (void)ike_pair_start(pair);
    (void)s2si_ike_initiate(pair->end[0].peer, pair->now);
    ike_pair_run(pair);
}

/* ---- judging ---- */

size_t ike_pair_ike_sas(const struct pair *pair, int index)
{
    const struct s2si_list *at;
    size_t count = 0;
    S2SI_LIST_EACH(at, &pair->end[index].ike->sas)
    count += S2SI_CONTAINER(at, const struct s2si_ike_sa, node)->state == ST_UP ? 1u : 0u;
    return count;
}

size_t ike_pair_children(const struct pair *pair, int index)
{
    size_t count = 0;
    for (size_t i = 0; i < pair->end[index].sa_count; i++)
        count += pair->end[index].sas[i].out ? 1u : 0u;
    return count;
}

size_t ike_pair_inbounds(const struct pair *pair, int index)
{
    size_t count = 0;
    for (size_t i = 0; i < pair->end[index].sa_count; i++)
        count += pair->end[index].sas[i].in ? 1u : 0u;
    return count;
}

const struct pair_sa *ike_pair_outbound(const struct pair *pair, int index)
{
    const struct pair_sa *newest = NULL;
    for (size_t i = 0; i < pair->end[index].sa_count; i++) {
        const struct pair_sa *sa = &pair->end[index].sas[i];
        if (sa->out && (newest == NULL || sa->child > newest->child))
            newest = sa;
    }
    return newest;
}

/* An IPv4 packet from the first address of our selectors to the first one of theirs. */
static void inner_packet(const struct s2si_ike_child *child, uint8_t data[PAIR_PACKET])
{
    memset(data, 0x5a, PAIR_PACKET);
    memcpy(data, (const uint8_t[]){0x45, 0, 0, PAIR_PACKET, 0, 1, 0, 0, 64, 17, 0, 0}, 12);
    memcpy(data + 12, child->local_ts[0].start.bytes, 4);
    memcpy(data + 16, child->remote_ts[0].start.bytes, 4);
    s2si_put_u16(data + 10, s2si_checksum_finish(s2si_checksum_add(0, data, 20)));
}

bool ike_pair_packet(const struct pair *pair, int from, const struct pair_sa *out)
{
    const struct pair_end *sender = &pair->end[from], *receiver = &pair->end[1 - from];
    const struct s2si_ike_child *child = s2si_ike_child_get(sender->ike, out->child);
    uint8_t buffer[PAIR_PACKET + S2S_PACKET_HEADROOM + S2S_PACKET_TAILROOM], inner[PAIR_PACKET];
    struct s2s_packet packet = {.buffer = buffer,
                                .capacity = sizeof buffer,
                                .offset = S2S_PACKET_HEADROOM,
                                .length = PAIR_PACKET,
                                .kind = S2S_PACKET_INNER,
                                .sa = out->esp_out};
    if (child == NULL || receiver->esp == NULL || child->local_ts[0].start.family != 4)
        return false;
    inner_packet(child, inner);
    memcpy(buffer + packet.offset, inner, sizeof inner);
    if (s2s_esp_seal(sender->esp, &packet, 1, pair->now) != 1)
        return false;
    packet.kind = S2S_PACKET_ESP;
    return s2s_esp_open(receiver->esp, &packet, 1, pair->now) == 1 && packet.length == sizeof inner &&
           memcmp(packet.buffer + packet.offset, inner, sizeof inner) == 0;
}

bool ike_pair_flows(const struct pair *pair, int from)
{
    const struct pair_sa *out = ike_pair_outbound(pair, from);
    return out != NULL && ike_pair_packet(pair, from, out);
}

size_t ike_pair_events(const struct pair *pair, int index, enum s2si_ike_event_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < pair->end[index].event_count; i++)
        count += pair->end[index].events[i].type == type ? 1u : 0u;
    return count;
}

const struct pair_event *ike_pair_event(const struct pair *pair, int index, enum s2si_ike_event_type type)
{
    for (size_t i = pair->end[index].event_count; i > 0; i--) {
        if (pair->end[index].events[i - 1].type == type)
            return &pair->end[index].events[i - 1];
    }
    return NULL;
}

const char *ike_pair_fault(const struct pair *pair)
{
    for (int i = 0; i < 2; i++) {
        if (ike_pair_ike_sas(pair, i) != 1)
            return i == 0 ? "a: not exactly one IKE_SA" : "b: not exactly one IKE_SA";
        if (ike_pair_children(pair, i) != 1)
            return i == 0 ? "a: not exactly one outbound SA" : "b: not exactly one outbound SA";
        if (ike_pair_inbounds(pair, i) != 1)
            return i == 0 ? "a: not exactly one inbound SA" : "b: not exactly one inbound SA";
        if (!ike_pair_flows(pair, i))
            return i == 0 ? "nothing arrives from a" : "nothing arrives from b";
    }
    return NULL;
}
