/* SPDX-License-Identifier: Apache-2.0 */
/* sim_esp: not there yet. */
#include "lib/backend/sim_kernel.h"

int s2si_sim_esp_new(struct s2si_sim_kernel *kernel)
{
    (void)kernel;
    return 0;
}

void s2si_sim_esp_clear(struct s2si_sim_kernel *kernel)
{
    (void)kernel;
}

void s2si_sim_esp_free(struct s2si_sim_kernel *kernel)
{
    (void)kernel;
}

int s2si_sim_spi_allocate(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)kernel;
    (void)operation;
    (void)result;
    return S2S_ERR_UNSUPPORTED;
}

int s2si_sim_sa_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)kernel;
    (void)operation;
    (void)result;
    return S2S_ERR_UNSUPPORTED;
}

int s2si_sim_sa_update(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)kernel;
    (void)operation;
    (void)result;
    return S2S_ERR_UNSUPPORTED;
}

int s2si_sim_sa_delete(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)kernel;
    (void)operation;
    (void)result;
    return S2S_ERR_UNSUPPORTED;
}

int s2si_sim_policy_add(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)kernel;
    (void)operation;
    (void)result;
    return S2S_ERR_UNSUPPORTED;
}

int s2si_sim_policy_delete(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)kernel;
    (void)operation;
    (void)result;
    return S2S_ERR_UNSUPPORTED;
}

int s2si_sim_path(struct s2si_sim_kernel *kernel, struct s2si_sim_operation *operation, struct s2s_result *result)
{
    (void)kernel;
    (void)operation;
    (void)result;
    return S2S_ERR_UNSUPPORTED;
}

void s2si_sim_esp_out(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet)
{
    (void)kernel;
    (void)packet;
    s2si_sim_packet_free(kernel->node->sim, packet);
}

bool s2si_sim_esp_in(struct s2si_sim_kernel *kernel, struct s2si_sim_packet *packet)
{
    (void)kernel;
    (void)packet;
    return false;
}

void s2si_sim_esp_count(const struct s2si_sim_kernel *kernel, struct s2s_sim_installed *installed)
{
    (void)kernel;
    (void)installed;
}
