/* SPDX-License-Identifier: Apache-2.0 */
/* sim_stream: not there yet. */
#include "lib/backend/sim_kernel.h"

int s2si_sim_streams_new(struct s2si_sim_kernel *kernel)
{
    (void)kernel;
    return 0;
}

void s2si_sim_streams_close(struct s2si_sim_kernel *kernel)
{
    (void)kernel;
}

void s2si_sim_streams_free(struct s2si_sim_kernel *kernel)
{
    (void)kernel;
}

int s2si_sim_stream_listen(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)kernel;
    (void)operation;
    (void)result;
    return S2S_ERR_UNSUPPORTED;
}

int s2si_sim_stream_connect(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)kernel;
    (void)operation;
    (void)result;
    return S2S_ERR_UNSUPPORTED;
}

int s2si_sim_stream_close(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)kernel;
    (void)operation;
    (void)result;
    return S2S_ERR_UNSUPPORTED;
}

int s2si_sim_stream_key(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)kernel;
    (void)operation;
    (void)result;
    return S2S_ERR_UNSUPPORTED;
}

void s2si_sim_stream_write(struct s2si_sim_kernel *kernel, uint64_t id)
{
    (void)kernel;
    (void)id;
}

void s2si_sim_stream_input(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet, const struct s2si_ip *ip)
{
    (void)kernel;
    (void)packet;
    (void)ip;
    s2si_sim_packet_free(kernel->node->sim, packet);
}

void s2si_sim_streams_count(const struct s2si_sim_kernel *kernel, size_t *listeners, size_t *streams)
{
    (void)kernel;
    (void)listeners;
    (void)streams;
}
