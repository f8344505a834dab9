/* kcov: the kernel's coverage device. The descriptors are opened by the worker, before it enters
 * its sandbox; a buffer is made and mapped when a thread first needs it, since mapping is slow.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_EXECUTOR_KCOV_H
#define SPEAR_EXECUTOR_KCOV_H

#include <stdbool.h>
#include <stdint.h>

struct ex_cover;
struct executor;

enum { EX_KCOV_OFF, EX_KCOV_ADDRESSES, EX_KCOV_COMPARISONS };

/* Before the sandbox: opens EX_FD_KCOV and on, and EX_FD_EXTRA_KCOV. */
void ex_kcov_open(const struct executor *ex);
/* In the worker: starts tracing kernel threads that work for it and for its children to come. */
void ex_kcov_remote_start(const struct executor *ex, uint32_t slot);
/* In the worker: maps the buffer of thread 0, which every program needs; programs inherit it, which
 * is cheaper than mapping it. NULL: there is none. */
void ex_kcov_map_first(const struct executor *ex);
uint64_t *ex_kcov_first(void);
/* The buffer that goes to; programs inherit it. NULL: there is none. */
uint64_t *ex_kcov_remote(void);
/* On the thread that is to be traced: makes it so; nothing when it is so already. */
void ex_kcov_set(struct ex_cover *c, uint32_t thread, uint32_t mode);
/* Tries the device out. Returns 0 or an errno; *call names what failed. pc, when not NULL, is given
 * an address of the kernel's that was covered. */
int ex_kcov_try(uint32_t mode, const char **call, uint64_t *pc);
int ex_kcov_try_remote(const char **call);

#endif /* SPEAR_EXECUTOR_KCOV_H */
