/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file kernel.h
 * The kernel seam: one table of functions per backend. A backend carries out actions, moves packets and datagrams, and
 * reports through the sink that the driver hands it. Backends: tun (Linux), sim (an in-memory internet).
 */
#ifndef S2SVPN_KERNEL_H
#define S2SVPN_KERNEL_H

#include <s2svpn/action.h>
#include <s2svpn/loop.h>

S2S_EXTERN_C_BEGIN

/** Where a kernel reports; made by the driver. All functions may be called from the kernel's loop callbacks. From inside submit
 *  complete, stream and notice are kept until submit returned, stream_pull answers at once, and packets are dropped. submit is
 *  never called from inside one of these functions. None blocks. */
struct s2s_kernel_sink {
    size_t struct_size;
    void *user;
    /** Packets that arrived (UDP of both ports, raw ESP, inner); the kernel carries out the verdicts afterwards with
     *  its own send path: after the call each entry's verdict is set. */
    void (*packets)(void *user, struct s2s_packet *batch, size_t count);
    void (*stream)(void *user, const struct s2s_stream_input *input);
    void (*notice)(void *user, const struct s2s_kernel_notice *notice);
    void (*complete)(void *user, uint64_t op, const struct s2s_result *result);
    /** The stream can take bytes: pulls them. @return bytes put into out. */
    size_t (*stream_pull)(void *user, uint64_t stream, uint8_t *out, size_t capacity);
};

/** A kernel backend. context is the backend's own object, made by the backend's own constructor. */
struct s2s_kernel {
    size_t struct_size;
    const char *name;      /**< "tun", "sim". */
    uint32_t capabilities; /**< enum s2s_kernel_capability. */
    void *context;
    /** Joins loop and sink; opens nothing yet. @return 0 or an error. */
    int (*start)(void *context, const struct s2s_loop *loop, const struct s2s_kernel_sink *sink);
    /** Carries out one action (all types but CRYPTO_JOB). An action with an op is answered once, by sink->complete, from
     *  inside the call or later. What the action points to is valid during the call only. */
    void (*submit)(void *context, const struct s2s_action *action);
    /** Closes sockets and devices. What fails closed stays (an engine that shut down politely has removed it before). */
    void (*stop)(void *context);
};

S2S_EXTERN_C_END
#endif
