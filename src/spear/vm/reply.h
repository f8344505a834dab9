/* reply: takes an executor's answer out of memory that a hostile machine may change while we read
 * it. Every word is read once, into memory of ours, and checked there.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_VM_REPLY_H
#define SPEAR_VM_REPLY_H

#include "base/diag.h"
#include "spear/vm/vm.h"

/* Copies the reply at `shared` (room bytes, at most WIRE_REPLY_MAX, the machine's) to request id
 * into result, whose data has WIRE_REPLY_MAX bytes. On ST_OK: at most WIRE_CALLS_MAX calls; every
 * part lies within data, is aligned to its elements, and has been copied. Else ST_MALFORMED with
 * what is wrong; the result then holds nothing to be used. */
MUST_USE enum status vm_reply_copy(const void *shared, size_t room, uint64_t id,
                                   struct vm_result *result, struct diag *dg);

/* The same for the machine page: texts get an end. */
void vm_machine_copy(const void *shared, struct wire_machine *out);

#endif /* SPEAR_VM_REPLY_H */
