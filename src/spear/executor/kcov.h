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

/* In the worker: opens EX_FD_KCOV and on. */
void ex_kcov_open(const struct executor *ex);
/* On the thread that is to be traced: makes it so; nothing when it is so already. */
void ex_kcov_set(struct ex_cover *c, uint32_t thread, uint32_t mode);
/* Tries the device out. Returns 0 or an errno; *call names what failed. pc, when not NULL, is given
 * an address of the kernel's that was covered. */
int ex_kcov_try(uint32_t mode, const char **call, uint64_t *pc);
/* In the worker: coverage of kernel threads that work for its programs. */
int ex_kcov_remote_open(uint64_t **area, uint32_t slot, const char **call);

#endif /* SPEAR_EXECUTOR_KCOV_H */
