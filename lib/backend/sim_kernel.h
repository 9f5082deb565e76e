/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_kernel: the kernel of a gateway node. An action becomes an operation: a copy with the time at which it takes effect and
 * is answered (both at once: what was not answered is not there). Operations on one key keep their order, all others mix by
 * the seed. Refusals are decided when the action comes in.
 */
#ifndef S2SI_BACKEND_SIM_KERNEL_H
#define S2SI_BACKEND_SIM_KERNEL_H

#include "lib/backend/sim.h"

enum { S2SI_SIM_DEVICES = 64, S2SI_SIM_MD5_KEY = 80 };

struct s2si_sim_operation {
    struct s2si_sim_event event;
    struct s2si_list node;
    struct s2si_sim_kernel *kernel;
    struct s2s_action action; /* pointers lead into what follows, or to blob */
    char gateway[S2SI_SIM_NAME], device[S2SI_SIM_NAME];
    uint64_t key;             /* 0 = in no order */
    int refusal;
    uint8_t *blob;            /* keys and selectors of an SA, key of a stream */
    size_t blob_size;
};

struct s2si_sim_device {
    bool present;
    char name[S2SI_SIM_NAME], owner[S2SI_SIM_NAME];
    uint32_t mtu;
};
struct s2si_sim_bind {
    struct s2si_list node;
    struct s2s_addr addr; /* family 0 = any */
    uint16_t port, natt_port;
};
struct s2si_sim_refusal {
    uint32_t skip, count;
    int error;
};

struct s2si_sim_streams;
struct s2si_sim_esp;
struct s2si_sim_kernel {
    s2s_sim_node *node;
    struct s2s_kernel table;
    struct s2s_sim_gateway_params params;
    bool running;
    struct s2s_kernel_sink sink;
    struct s2si_list operations, binds, notices;
    struct s2si_map latest; /* key -> the last operation on it */
    struct s2si_sim_refusal refusals[S2S_ACTION_CRYPTO_JOB + 1];
    struct s2si_sim_device devices[S2SI_SIM_DEVICES];
    struct s2si_list queue; /* packets on their way up */
    struct s2si_sim_event flush;
    struct s2s_sim_kernel_stats stats;
    struct s2si_sim_streams *streams;
    struct s2si_sim_esp *esp; /* mode ESP */
};

/* What carries out one operation. @return the error to answer with; result may be filled. */
typedef int (*s2si_sim_apply)(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);

/* sim_install.c */
int s2si_sim_bind(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_unbind(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_device_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_device_delete(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_address_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_address_delete(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_route_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_route_take(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_scan(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
/* The process is gone: devices with their addresses and routes, binds. all: the unreachable routes too. */
void s2si_sim_uninstall(struct s2si_sim_kernel *kernel, bool all);
bool s2si_sim_is_bound(const struct s2si_sim_kernel *kernel, const struct s2s_addr *addr, uint16_t port, bool esp);
bool s2si_sim_is_natt_port(const struct s2si_sim_kernel *kernel, const struct s2s_endpoint *local);

/* sim_data.c */
void s2si_sim_data_init(struct s2si_sim_kernel *kernel);
void s2si_sim_data_clear(struct s2si_sim_kernel *kernel);
void s2si_sim_data_action(struct s2si_sim_kernel *kernel, const struct s2s_action *action); /* DATAGRAM, PACKET */
/* Carries out an entry's verdict; takes the packet. */
void s2si_sim_verdict(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet, const struct s2s_packet *entry);
void s2si_sim_entry(struct s2s_packet *entry, struct s2si_sim_packet *packet);

/* sim_stream.c */
int s2si_sim_streams_new(struct s2si_sim_kernel *kernel);
void s2si_sim_streams_close(struct s2si_sim_kernel *kernel); /* all sockets, without a word */
void s2si_sim_streams_free(struct s2si_sim_kernel *kernel);
int s2si_sim_stream_listen(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_stream_connect(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_stream_close(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_stream_key(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
void s2si_sim_stream_write(struct s2si_sim_kernel *kernel, uint64_t id);
void s2si_sim_stream_input(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet, const struct s2si_ip *ip);
void s2si_sim_streams_count(const struct s2si_sim_kernel *kernel, size_t *listeners, size_t *streams);

/* sim_esp.c: mode ESP */
int s2si_sim_esp_new(struct s2si_sim_kernel *kernel);
void s2si_sim_esp_clear(struct s2si_sim_kernel *kernel); /* SAs, policies and paths outlive the process, but not a reboot */
void s2si_sim_esp_free(struct s2si_sim_kernel *kernel);
int s2si_sim_spi_allocate(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_sa_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_sa_update(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_sa_delete(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_policy_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_policy_delete(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
int s2si_sim_path(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result);
void s2si_sim_esp_out(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet);
/* Takes ESP, raw or in UDP. @return false if it is for the engine (IKE). */
bool s2si_sim_esp_in(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet);
void s2si_sim_esp_count(const struct s2si_sim_kernel *kernel, struct s2s_sim_installed *installed);

/* sim_kernel.c */
/* Tells the sink soon. */
int s2si_sim_say(struct s2si_sim_kernel *kernel, const struct s2s_kernel_notice *notice);

#endif
