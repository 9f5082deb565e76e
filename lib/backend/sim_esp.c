/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_esp: a kernel that does ESP itself (RFC 4301 section 5), on top of the public ESP engine.
 *
 *     out   device ──> outbound policies by priority ──> the group's path says which tunnel ──> its newest outbound SA ──> seal
 *     in    ESP, raw or in UDP ──> open ──> an inbound policy of the SA's tunnel must allow it ──> deliver
 *
 * SAs, policies and paths belong to the kernel, not to the process: they outlive a crash.
 */
#include "lib/backend/sim_kernel.h"

#include <s2svpn/esp.h>

#include <string.h>

#define ACQUIRE_INTERVAL ((s2s_time)S2S_SECOND)
enum { SPI_TRIES = 16, LEAST_WINDOW = S2S_ESP_WINDOW_MIN };

struct sa {
    struct s2si_list node; /* newest first */
    struct s2si_sim_event expiry;
    struct s2si_sim_kernel *kernel;
    s2s_esp_sa handle;
    bool inbound;
    uint32_t spi, tunnel;
    struct s2s_addr remote;
};
struct policy {
    struct s2si_list node; /* by priority, then order of arrival */
    struct s2s_action_policy data;
};
struct path {
    struct s2si_list node;
    uint32_t group, tunnel;
};
struct s2si_sim_esp {
    const struct s2s_crypto_provider *provider;
    void *context;
    s2s_esp *engine;
    struct s2si_list sas, policies, paths;
    uint32_t acquired;
    s2s_time acquired_at;
};

int s2si_sim_esp_new(struct s2si_sim_kernel *kernel)
{
    s2s_sim *sim = kernel->node->sim;
    struct s2si_sim_esp *esp = s2si_alloc(&sim->mem, sizeof *esp);
    if (esp == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    kernel->esp = esp;
    s2si_list_init(&esp->sas);
    s2si_list_init(&esp->policies);
    s2si_list_init(&esp->paths);
    esp->provider = kernel->params.provider == NULL ? s2s_crypto_test() : kernel->params.provider;
    esp->context = esp->provider->open(&sim->mem.table);
    if (esp->context == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    if (esp->provider == s2s_crypto_test()) {
        (void)s2s_crypto_test_reseed(esp->context, s2s_sim_random(sim));
    }
    struct s2s_esp_params params;
    s2s_esp_params_init(&params, sizeof params);
    params.allocator = &sim->mem.table;
    params.provider = esp->provider;
    params.crypto_context = esp->context;
    return s2s_esp_new(&params, &esp->engine);
}

/* ---- SAs ---- */

static void sa_free(struct sa *sa)
{
    s2s_sim *sim = sa->kernel->node->sim;
    s2si_sim_cancel(sim, &sa->expiry);
    s2si_list_remove(&sa->node);
    (void)s2s_esp_sa_delete(sa->kernel->esp->engine, sa->handle);
    s2si_free(&sim->mem, sa, sizeof *sa);
}

static struct sa *find_sa(const struct s2si_sim_kernel *kernel, const struct s2s_action_sa *wanted)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &kernel->esp->sas) {
        struct sa *sa = S2SI_CONTAINER(at, struct sa, node);
        if (sa->inbound == wanted->inbound && sa->spi == wanted->spi &&
            (sa->inbound || s2si_addr_equal(&sa->remote, &wanted->remote.addr))) {
            return sa;
        }
    }
    return NULL;
}

static void expire(s2s_sim *sim, struct s2si_sim_event *event)
{
    struct sa *sa = S2SI_CONTAINER(event, struct sa, expiry);
    struct s2si_sim_kernel *kernel = sa->kernel;
    struct s2s_kernel_notice notice = {.struct_size = sizeof notice,
                                       .type = S2S_NOTICE_SA_EXPIRE,
                                       .addr = sa->remote,
                                       .spi = sa->spi,
                                       .tunnel = sa->tunnel};
    (void)sim;
    sa_free(sa);
    (void)s2si_sim_say(kernel, &notice);
}

int s2si_sim_spi_allocate(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)operation;
    return s2s_esp_spi_draw(kernel->esp->engine, &result->spi);
}

static int add_to_engine(struct s2si_sim_kernel *kernel, const struct s2s_action_sa *given, s2s_esp_sa *handle)
{
    struct s2s_esp_sa_params params;
    s2s_esp_sa_params_init(&params, sizeof params);
    params.direction = given->inbound ? S2S_ESP_INBOUND : S2S_ESP_OUTBOUND;
    params.spi = given->spi;
    params.encryption = given->encryption;
    params.integrity = given->integrity;
    params.encryption_key = given->encryption_key;
    params.encryption_key_length = given->encryption_key_length;
    params.salt = given->salt;
    params.salt_length = given->salt_length;
    params.integrity_key = given->integrity_key;
    params.integrity_key_length = given->integrity_key_length;
    params.esn = given->esn;
    params.replay_window = given->replay_window < LEAST_WINDOW ? LEAST_WINDOW : given->replay_window;
    params.encapsulation = given->udp_encapsulation ? S2S_ESP_UDP : S2S_ESP_RAW;
    params.local = given->local;
    params.remote = given->remote;
    params.local_selectors = given->local_ts;
    params.local_selector_count = given->local_ts_count;
    params.remote_selectors = given->remote_ts;
    params.remote_selector_count = given->remote_ts_count;
    params.owner = given->tunnel;
    return s2s_esp_sa_add(kernel->esp->engine, &params, handle);
}

int s2si_sim_sa_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    const struct s2s_action_sa *given = &operation->action.sa;
    s2s_sim *sim = kernel->node->sim;
    (void)result;
    if (find_sa(kernel, given) != NULL) {
        return S2S_ERR_EXISTS;
    }
    struct sa *sa = s2si_alloc(&sim->mem, sizeof *sa);
    if (sa == NULL) {
        return S2S_ERR_NO_MEMORY;
    }
    sa->kernel = kernel;
    sa->inbound = given->inbound;
    sa->spi = given->spi;
    sa->tunnel = given->tunnel;
    sa->remote = given->remote.addr;
    sa->expiry.fire = expire;
    int error = add_to_engine(kernel, given, &sa->handle);
    if (error != 0) {
        s2si_free(&sim->mem, sa, sizeof *sa);
        return error;
    }
    s2si_list_prepend(&kernel->esp->sas, &sa->node);
    if (given->lifetime_ns != 0 && !s2si_sim_arrange(sim, &sa->expiry, sim->now + given->lifetime_ns)) {
        sa_free(sa);
        return S2S_ERR_NO_MEMORY;
    }
    return 0;
}

int s2si_sim_sa_update(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    const struct s2s_action_sa *given = &operation->action.sa;
    struct s2si_list *at;
    (void)result;
    S2SI_LIST_EACH(at, &kernel->esp->sas) { /* the remote address is what changes: the SPI must do, with the tunnel */
        struct sa *sa = S2SI_CONTAINER(at, struct sa, node);
        if (sa->inbound == given->inbound && sa->spi == given->spi && (sa->inbound || sa->tunnel == given->tunnel)) {
            sa->remote = given->remote.addr;
            return s2s_esp_sa_set_remote(kernel->esp->engine, sa->handle, &given->remote);
        }
    }
    return S2S_ERR_NOT_FOUND;
}

int s2si_sim_sa_delete(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    struct sa *sa = find_sa(kernel, &operation->action.sa);
    (void)result;
    if (sa == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    sa_free(sa);
    return 0;
}

static struct sa *outbound_of(const struct s2si_sim_kernel *kernel, uint32_t tunnel)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &kernel->esp->sas) {
        struct sa *sa = S2SI_CONTAINER(at, struct sa, node);
        if (!sa->inbound && sa->tunnel == tunnel) {
            return sa;
        }
    }
    return NULL;
}

/* ---- policies and paths ---- */

static struct policy *find_policy(const struct s2si_sim_kernel *kernel, const struct s2s_action_policy *wanted)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &kernel->esp->policies) {
        struct policy *policy = S2SI_CONTAINER(at, struct policy, node);
        if (policy->data.inbound == wanted->inbound && policy->data.tunnel == wanted->tunnel &&
            s2si_selector_equal(&policy->data.local, &wanted->local) &&
            s2si_selector_equal(&policy->data.remote, &wanted->remote)) {
            return policy;
        }
    }
    return NULL;
}

/* Before the first one with a larger priority number. */
static void insert_policy(struct s2si_sim_esp *esp, struct policy *policy)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &esp->policies) {
        if (S2SI_CONTAINER(at, struct policy, node)->data.priority > policy->data.priority) {
            break;
        }
    }
    s2si_list_append(at, &policy->node); /* in front of at */
}

int s2si_sim_policy_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    struct policy *policy = find_policy(kernel, &operation->action.policy);
    (void)result;
    if (policy == NULL) {
        policy = s2si_alloc(&kernel->node->sim->mem, sizeof *policy);
        if (policy == NULL) {
            return S2S_ERR_NO_MEMORY;
        }
    } else {
        s2si_list_remove(&policy->node);
    }
    policy->data = operation->action.policy;
    insert_policy(kernel->esp, policy);
    return 0;
}

static void policy_free(struct s2si_sim_kernel *kernel, struct policy *policy)
{
    s2si_list_remove(&policy->node);
    s2si_free(&kernel->node->sim->mem, policy, sizeof *policy);
}

int s2si_sim_policy_delete(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    struct policy *policy = find_policy(kernel, &operation->action.policy);
    (void)result;
    if (policy == NULL) {
        return S2S_ERR_NOT_FOUND;
    }
    policy_free(kernel, policy);
    return 0;
}

static struct path *find_path(const struct s2si_sim_kernel *kernel, uint32_t group)
{
    struct s2si_list *at;
    S2SI_LIST_EACH(at, &kernel->esp->paths) {
        struct path *path = S2SI_CONTAINER(at, struct path, node);
        if (path->group == group) {
            return path;
        }
    }
    return NULL;
}

static void path_free(struct s2si_sim_kernel *kernel, struct path *path)
{
    s2si_list_remove(&path->node);
    s2si_free(&kernel->node->sim->mem, path, sizeof *path);
}

/* Tunnel 0: the group has no path any more. */
int s2si_sim_path(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    const struct s2s_action *action = &operation->action;
    struct path *path = find_path(kernel, action->group);
    (void)result;
    if (action->tunnel == 0) {
        if (path != NULL) {
            path_free(kernel, path);
        }
        return 0;
    }
    if (path == NULL) {
        path = s2si_alloc(&kernel->node->sim->mem, sizeof *path);
        if (path == NULL) {
            return S2S_ERR_NO_MEMORY;
        }
        path->group = action->group;
        s2si_list_append(&kernel->esp->paths, &path->node);
    }
    path->tunnel = action->tunnel;
    return 0;
}

static bool allows(const struct s2s_action_policy *policy, const struct s2si_ip *ip)
{
    const struct s2s_addr *local = policy->inbound ? &ip->destination : &ip->source;
    const struct s2s_addr *remote = policy->inbound ? &ip->source : &ip->destination;
    uint16_t local_port = policy->inbound ? ip->destination_port : ip->source_port;
    uint16_t remote_port = policy->inbound ? ip->source_port : ip->destination_port;
    return s2si_selector_has(&policy->local, local, ip->protocol, ip->has_ports, local_port) &&
           s2si_selector_has(&policy->remote, remote, ip->protocol, ip->has_ports, remote_port);
}

/* ---- packets ---- */

static void refuse(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet)
{
    kernel->stats.esp_refused++;
    s2si_sim_packet_free(kernel->node->sim, packet);
}

static void acquire(struct s2si_sim_kernel *kernel, uint32_t tunnel, const struct s2si_ip *ip)
{
    struct s2si_sim_esp *esp = kernel->esp;
    s2s_time now = kernel->node->sim->now;
    struct s2s_kernel_notice notice = {.struct_size = sizeof notice,
                                       .type = S2S_NOTICE_ACQUIRE,
                                       .addr = ip->destination,
                                       .tunnel = tunnel};
    bool again = esp->acquired == tunnel && now - esp->acquired_at < ACQUIRE_INTERVAL;
    if (!again && kernel->running) {
        esp->acquired = tunnel;
        esp->acquired_at = now;
        (void)s2si_sim_say(kernel, &notice);
    }
}

/* The outbound SA for a packet; *wanted is the tunnel that it would take, 0 = no policy knows it. */
static struct sa *select_sa(const struct s2si_sim_kernel *kernel, const struct s2si_ip *ip, uint32_t *wanted)
{
    struct s2si_list *at;
    *wanted = 0;
    S2SI_LIST_EACH(at, &kernel->esp->policies) {
        const struct s2s_action_policy *policy = &S2SI_CONTAINER(at, struct policy, node)->data;
        if (policy->inbound || !allows(policy, ip)) {
            continue;
        }
        const struct path *path = find_path(kernel, policy->group);
        *wanted = *wanted == 0 ? policy->tunnel : *wanted;
        if (path == NULL || path->tunnel != policy->tunnel) {
            continue;
        }
        *wanted = policy->tunnel;
        return outbound_of(kernel, policy->tunnel);
    }
    return NULL;
}

void s2si_sim_esp_out(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet)
{
    struct s2s_packet entry;
    struct s2si_ip ip;
    uint32_t tunnel;
    if (s2si_ip_read(s2si_sim_packet_data(packet), packet->length, &ip) != 0) {
        refuse(kernel, packet);
        return;
    }
    const struct sa *sa = select_sa(kernel, &ip, &tunnel);
    if (sa == NULL) {
        if (tunnel != 0) {
            acquire(kernel, tunnel, &ip);
        }
        refuse(kernel, packet);
        return;
    }
    s2si_sim_entry(&entry, packet);
    entry.sa = sa->handle;
    (void)s2s_esp_seal(kernel->esp->engine, &entry, 1, kernel->node->sim->now);
    s2si_sim_verdict(kernel, packet, &entry);
}

static bool allowed_in(const struct s2si_sim_kernel *kernel, const struct s2s_packet *entry)
{
    struct s2si_ip ip;
    struct s2si_list *at;
    if (s2si_ip_read(entry->buffer + entry->offset, entry->length, &ip) != 0) {
        return false;
    }
    S2SI_LIST_EACH(at, &kernel->esp->policies) {
        const struct s2s_action_policy *policy = &S2SI_CONTAINER(at, struct policy, node)->data;
        if (policy->inbound && policy->tunnel == entry->tunnel && allows(policy, &ip)) {
            return true;
        }
    }
    return false;
}

bool s2si_sim_esp_in(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet)
{
    struct s2s_packet entry;
    if (packet->kind == S2S_PACKET_UDP) {
        enum s2s_esp_udp_content content = s2s_esp_udp_content(s2si_sim_packet_data(packet), packet->length);
        if (!s2si_sim_is_natt_port(kernel, &packet->local) || content == S2S_ESP_UDP_IKE) {
            return false;
        }
        if (content != S2S_ESP_UDP_ESP) {
            s2si_sim_packet_free(kernel->node->sim, packet);
            return true;
        }
    }
    s2si_sim_entry(&entry, packet);
    (void)s2s_esp_open(kernel->esp->engine, &entry, 1, kernel->node->sim->now);
    if (entry.verdict == S2S_VERDICT_DELIVER && allowed_in(kernel, &entry)) {
        s2si_sim_verdict(kernel, packet, &entry);
    } else {
        refuse(kernel, packet);
    }
    return true;
}

/* ---- the end ---- */

void s2si_sim_esp_clear(struct s2si_sim_kernel *kernel)
{
    struct s2si_list *at, *after;
    if (kernel->esp == NULL) {
        return;
    }
    S2SI_LIST_EACH_SAFE(at, after, &kernel->esp->sas) {
        sa_free(S2SI_CONTAINER(at, struct sa, node));
    }
    S2SI_LIST_EACH_SAFE(at, after, &kernel->esp->policies) {
        policy_free(kernel, S2SI_CONTAINER(at, struct policy, node));
    }
    S2SI_LIST_EACH_SAFE(at, after, &kernel->esp->paths) {
        path_free(kernel, S2SI_CONTAINER(at, struct path, node));
    }
}

void s2si_sim_esp_free(struct s2si_sim_kernel *kernel)
{
    if (kernel->esp != NULL) {
        s2si_sim_esp_clear(kernel);
        s2s_esp_free(kernel->esp->engine);
        if (kernel->esp->context != NULL) {
            kernel->esp->provider->close(kernel->esp->context);
        }
        s2si_free(&kernel->node->sim->mem, kernel->esp, sizeof *kernel->esp);
        kernel->esp = NULL;
    }
}

void s2si_sim_esp_count(const struct s2si_sim_kernel *kernel, struct s2s_sim_installed *installed)
{
    if (kernel->esp != NULL) {
        installed->sas = s2si_list_count(&kernel->esp->sas);
        installed->policies = s2si_list_count(&kernel->esp->policies);
        installed->paths = s2si_list_count(&kernel->esp->paths);
    }
}
