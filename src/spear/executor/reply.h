/* reply: writes the answer in a slot: the call records first, then lists that grow towards its
 * end. Threads of one program may add at the same time.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_EXECUTOR_REPLY_H
#define SPEAR_EXECUTOR_REPLY_H

#include "spear/executor/executor.h"

/* Empties the reply: no calls, no text; every call record says "not run". */
void ex_reply_begin(struct ex_reply *reply, const struct ex_slot *slot, uint64_t id);
/* Room for so many bytes, 8-aligned; NULL when the reply is full. *offset as the records want it.
 */
void *ex_reply_room(struct ex_reply *reply, size_t bytes, uint32_t *offset);
/* Of room taken only so much was used; the rest is free again if nobody has taken more since. */
void ex_reply_give_back(struct ex_reply *reply, uint32_t offset, size_t taken, size_t used);
__attribute__((format(printf, 2, 3))) void ex_reply_text(struct ex_reply *reply, const char *format,
                                                         ...);
void ex_reply_end(struct ex_reply *reply, enum wire_status status);

#endif /* SPEAR_EXECUTOR_REPLY_H */
